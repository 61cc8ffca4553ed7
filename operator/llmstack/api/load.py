"""Read YAML and JSON as kubectl does (YAML 1.1 booleans, no timestamps, no duplicate keys)."""

import json
import re
from typing import Any

import yaml


class ManifestError(ValueError):
    """A file that is not a manifest; the message names the line and the reason."""


class _KubectlLoader(yaml.SafeLoader):
    """kubectl's YAML is go-yaml v2 and then JSON: numbers as Go reads them, keys are strings."""


_KubectlLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.rpartition(":")[2] in ("null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_KubectlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    re.compile(r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"),
    list("yYnNtTfFoO"),
)
_KubectlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
_KubectlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _boolean(loader: _KubectlLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "true", "on")


def _mapping(loader: _KubectlLoader, node: yaml.MappingNode) -> dict[str, Any]:
    loader.flatten_mapping(node)
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        name = json.dumps(key) if isinstance(key, bool | int | float) else str(key)
        if name in result:
            line = key_node.start_mark.line + 1
            raise ManifestError(f"line {line}: the key {name!r} is there twice; remove one of them")
        result[name] = loader.construct_object(value_node, deep=True)
    return result


def _integer(loader: _KubectlLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    digits = text.lstrip("+-")
    value = int(f"0o{digits}", 0) if digits.startswith("0") and digits.isdigit() else int(digits, 0)
    return -value if text.startswith("-") else value


def _number(loader: _KubectlLoader, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).replace("_", "")
    return float(text)


_KubectlLoader.add_constructor("tag:yaml.org,2002:bool", _boolean)
_KubectlLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_KubectlLoader.add_constructor("tag:yaml.org,2002:int", _integer)
_KubectlLoader.add_constructor("tag:yaml.org,2002:float", _number)


def load_manifests(text: str, origin: str = "input") -> list[dict[str, Any]]:
    """Return every document of a YAML or JSON text; the items of a List are taken out of it.

    Raises:
        ManifestError: with the origin, the line and the reason.

    """
    try:
        documents = list(yaml.load_all(text, Loader=_KubectlLoader))
    except yaml.YAMLError as error:
        raise ManifestError(f"{origin}: not YAML: {error}") from error
    except ManifestError as error:
        raise ManifestError(f"{origin}: {error}") from error
    manifests: list[dict[str, Any]] = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ManifestError(f"{origin}: a document is a {type(document).__name__}, not an object")
        if str(document.get("kind", "")).endswith("List") and "items" in document:
            manifests += document["items"]
        else:
            manifests.append(document)
    return manifests
