"""Fields that the API has and this version does not act on: refused by name, never ignored."""

from typing import Any

# Paths in the spec as users write them. `[]` steps into each item of a list, `{}` into each value of a map;
# `=A|B` refuses these values only.
IN_SERVICE = (
    "model.source=s3|oci",
    "model.adapters",
    "workload.objectives",
    "engine.onEvidence=Apply",
    "scaling.maxReplicas",
    "scaling.targetUtilization",
    "scaling.scaleToZeroAfter",
    "gateway.replicas.max",
    "gateway.tenants.from=Selector|All",
    "gateway.auth",
    "gateway.limits.concurrentRequests",
    "gateway.quotas",
    "gateway.expose.type=LoadBalancer|HTTPRoute",
    "gateway.expose.parentRefs",
    "gateway.expose.hostnames",
    "promptCache",
    "failover.when=Saturated|Maintenance|ColdStart",
    "failover.ladder[].region",
    "failover.ladder[].hosted.budget",
    "failover.ladder[].hosted.price",
    "failover.degrade",
    "failover.maintenance",
    "observability.export",
    "observability.semconv=genai-dev|both",
    "observability.content.capture=Redacted",
    "observability.redaction",
    "observability.prices",
    "observability.dashboards",
    "observability.alerts",
    "observability.drift",
    "rollout",
    "podTemplate",
)
IN_TENANT = (
    "services.namespace",
    "models",
    "jwt",
    "limits",
    "priority",
    "egress",
    "timeZone",
)


def unimplemented_in_service(spec: dict[str, Any]) -> tuple[str, ...]:
    """Return the paths (with `spec.`) that an LLMService says and this version does not act on."""
    return _found(spec, IN_SERVICE)


def unimplemented_in_tenant(spec: dict[str, Any]) -> tuple[str, ...]:
    """Return the paths (with `spec.`) that an LLMTenant says and this version does not act on."""
    return _found(spec, IN_TENANT)


def _found(spec: dict[str, Any], table: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for entry in table:
        path, _, refused = entry.partition("=")
        for where, value in _walk(spec, path.split("."), "spec"):
            values = value if isinstance(value, list) else [value]
            named = [str(item).partition("://")[0] for item in values]
            if not refused:
                if value is not False:
                    found.append(where)
            elif wrong := [item for item in named if item in refused.split("|")]:
                found.append(f"{where}: {wrong[0]}")
    return tuple(found)


def _walk(node: Any, path: list[str], where: str) -> list[tuple[str, Any]]:
    if not path:
        return [(where, node)]
    step, rest = path[0], path[1:]
    name = step.removesuffix("[]")
    if not isinstance(node, dict) or name not in node:
        return []
    child = node[name]
    if not step.endswith("[]"):
        return _walk(child, rest, f"{where}.{name}")
    items = []
    for index, item in enumerate(child):
        items += _walk(item, rest, f"{where}.{name}[{item.get('name', index)}]")
    return items
