"""Models to CustomResourceDefinitions: a structural OpenAPI v3 schema, bounded, with CEL rules."""

from typing import Any

from llmstack.api import GROUP, VERSION
from llmstack.api.base import Model
from llmstack.api.llmservice import LLMService, LLMServiceSpec
from llmstack.api.llmtenant import LLMTenant, LLMTenantSpec
from llmstack.api.status import LLMServiceStatus, LLMTenantStatus

Json = dict[str, Any]

_DROPPED = ("title", "default", "additionalProperties")


class UnboundedSchemaError(ValueError):
    """A string, list or map without a bound: CEL's cost budget would refuse the CRD."""


def structural_schema(model: type[Model]) -> Json:
    """Return the model's schema as the API server wants it.

    Raises:
        UnboundedSchemaError: it names the path without a bound.

    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    schema = _structural(raw, raw.get("$defs", {}), model.__name__)
    _refuse_unbounded(schema, model.__name__)
    return schema


def _structural(node: Json, definitions: Json, path: str) -> Json:
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _structural({**target, **rest}, definitions, path)
    if "anyOf" in node:
        branches = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _structural({**branches[0], **rest}, definitions, path)
    result: Json = {}
    for key, value in node.items():
        if key == "properties":
            result[key] = {
                name: _structural(child, definitions, f"{path}.{name}") for name, child in value.items()
            }
        elif key == "items":
            result[key] = _structural(value, definitions, f"{path}[]")
        elif key == "const":
            result["enum"] = [value]
        elif key in ("exclusiveMinimum", "exclusiveMaximum"):
            result[key.replace("exclusiveM", "m")] = value
            result[key] = True
        elif key not in (*_DROPPED, "$defs", "propertyNames", "patternProperties"):
            result[key] = value
    if node.get("type") == "object" and "properties" not in node:
        _map_values(node, definitions, path, result)
    return result


def _map_values(node: Json, definitions: Json, path: str, result: Json) -> None:
    """Write a map's value schema; pydantic puts values with a key pattern under patternProperties."""
    if result.get("x-kubernetes-preserve-unknown-fields"):
        return
    values = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), None)
    if isinstance(values, dict):
        result["additionalProperties"] = _structural(values, definitions, f"{path}{{}}")


def _refuse_unbounded(node: Json, path: str) -> None:
    kind = node.get("type")
    free = node.get("x-kubernetes-preserve-unknown-fields")
    if kind == "string" and "enum" not in node and "maxLength" not in node:
        raise UnboundedSchemaError(f"{path}: a string without maxLength")
    if kind == "array" and "maxItems" not in node:
        raise UnboundedSchemaError(f"{path}: a list without maxItems")
    if "additionalProperties" in node and "maxProperties" not in node:
        raise UnboundedSchemaError(f"{path}: a map without maxProperties")
    if kind in ("integer", "number") and "maximum" not in node:
        raise UnboundedSchemaError(f"{path}: a number without maximum")
    if kind is None and not free:
        raise UnboundedSchemaError(f"{path}: no type")
    for name, child in node.get("properties", {}).items():
        _refuse_unbounded(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            _refuse_unbounded(node[key], f"{path}[]")


def _with_rules(schema: Json, model: type[Model], path: str = "") -> Json:
    """Add each model's CEL rules at the place where the model stands."""
    rules = [{"rule": rule.cel, "message": rule.message} for rule in model.rules]
    if rules:
        schema["x-kubernetes-validations"] = rules
    for name, field in model.model_fields.items():
        alias = field.alias or name
        for nested in _models_in(field.annotation):
            child = schema["properties"][alias]
            target = child.get("items") or child.get("additionalProperties") or child
            _with_rules(target, nested, f"{path}.{alias}")
    return schema


def _models_in(annotation: Any) -> list[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    found: list[type[Model]] = []
    for argument in getattr(annotation, "__args__", ()):
        found += _models_in(argument)
    return found


_SERVICE_COLUMNS = (
    ("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
    ("Engine", "string", ".status.selection.engine"),
    ("Model", "string", ".spec.model.source"),
    ("Replicas", "string", ".status.replicas"),
    ("Failover", "string", ".status.conditions[?(@.type=='FailoverActive')].status"),
    ("URL", "string", ".status.url"),
    ("Reason", "string", ".status.conditions[?(@.type=='Ready')].reason"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
_TENANT_COLUMNS = (
    ("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
    ("Reason", "string", ".status.conditions[?(@.type=='Ready')].reason"),
    ("Age", "date", ".metadata.creationTimestamp"),
)


def _crd(
    names: Json, spec: type[Model], status: type[Model], root: type[Model], columns: tuple[Any, ...]
) -> Json:
    status_schema = structural_schema(status)
    status_schema["default"] = {"observedGeneration": -1}
    schema: Json = {
        "description": (root.__doc__ or "").strip(),
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _with_rules(structural_schema(spec), spec),
            "status": status_schema,
        },
    }
    if root.rules:
        schema["x-kubernetes-validations"] = [{"rule": r.cel, "message": r.message} for r in root.rules]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names['plural']}.{GROUP}",
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": name, "type": kind, "jsonPath": path} for name, kind, path in columns
                    ],
                }
            ],
        },
    }


def custom_resource_definitions() -> dict[str, Json]:
    """Return the CRDs by plural name."""
    service = {
        "kind": "LLMService",
        "listKind": "LLMServiceList",
        "plural": "llmservices",
        "singular": "llmservice",
        "shortNames": ["llmsvc"],
        "categories": ["llmstack"],
    }
    tenant = {
        "kind": "LLMTenant",
        "listKind": "LLMTenantList",
        "plural": "llmtenants",
        "singular": "llmtenant",
        "categories": ["llmstack"],
    }
    return {
        "llmservices": _crd(service, LLMServiceSpec, LLMServiceStatus, LLMService, _SERVICE_COLUMNS),
        "llmtenants": _crd(tenant, LLMTenantSpec, LLMTenantStatus, LLMTenant, _TENANT_COLUMNS),
    }
