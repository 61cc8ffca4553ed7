"""The gateway's configuration folded into one static bootstrap, for `envoy --mode validate`.

Dynamic configuration is checked only when it is live; a static one is checked before anything is written. Keys are
replaced by placeholders, so that equal shapes are validated once and no key reaches a file of ours.
"""

import json
import re
from typing import Any

from llmstack.render.gateway.config import GatewayConfig
from llmstack.render.gateway.envoy import Json


def static_bootstrap(config: GatewayConfig) -> Json:
    """Return a bootstrap with listeners, routes, clusters and secrets in it."""
    files = {name: json.loads(text) for name, text in {**config.public, **config.confidential}.items()}
    bootstrap: Json = files["bootstrap.json"]
    bootstrap.pop("dynamic_resources")
    resources = {name: _untyped(file["resources"]) for name, file in files.items() if "resources" in file}
    routes = {route["name"]: route for route in resources["rds.json"]}
    filters = {entry["name"]: entry["typed_config"] for entry in resources["ecds.json"]}
    for index, credential in enumerate(filters["api-key"]["credentials"]):
        credential.update(key=f"placeholder-{index}", client="namespace/tenant/entry")
    for listener in resources["lds.json"]:
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                _fold_manager(network_filter["typed_config"], routes, filters)
    static = bootstrap["static_resources"]
    static["listeners"] += resources["lds.json"]
    static["clusters"] += resources["cds.json"]
    static["secrets"] = [
        {"name": secret["name"], "generic_secret": {"secret": {"inline_string": "placeholder"}}}
        for name in sorted(resources)
        if name.startswith("sds-")
        for secret in resources[name]
    ]
    folded: Json = _without_keys(bootstrap)
    return folded


def shape(bootstrap: Json) -> str:
    """Return the text of which equal ones need not be validated again: names and numbers do not matter."""
    text = json.dumps(bootstrap, sort_keys=True)
    return re.sub(r"\d+", "0", text)


def _untyped(resources: list[Json]) -> list[Json]:
    return [{key: value for key, value in entry.items() if key != "@type"} for entry in resources]


def _fold_manager(manager: Json, routes: Json, filters: Json) -> None:
    if "rds" in manager:
        manager["route_config"] = routes[manager.pop("rds")["route_config_name"]]
    for http_filter in manager["http_filters"]:
        if "config_discovery" in http_filter:
            http_filter.pop("config_discovery")
            http_filter["typed_config"] = filters[http_filter["name"]]


def _without_keys(node: Any) -> Any:
    """Replace credentials: bearer tokens of health checks, the identity proof; SDS is read from the static part."""
    if isinstance(node, list):
        return [_without_keys(item) for item in node]
    if not isinstance(node, dict):
        return node
    result: Json = {}
    for key, value in node.items():
        if key == "sds_config":
            continue
        if key == "value" and isinstance(value, str) and value.startswith("Bearer "):
            result[key] = "Bearer placeholder"
        elif key == "receive":
            result[key] = [{"text": "00"}]
        else:
            result[key] = _without_keys(value)
    return result
