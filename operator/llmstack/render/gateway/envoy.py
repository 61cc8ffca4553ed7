"""Small pieces of Envoy v3 configuration that several files share."""

from typing import Any

Json = dict[str, Any]

_TYPE = "type.googleapis.com/"
XDS = "/etc/envoy/xds"
CLIENT_HEADER = "x-llm-client"
RUNG_HEADER = "x-llm-rung"
PROVIDER_HEADER = "x-llm-provider"
LUA_FILTER = "envoy.filters.http.lua"
UNLIMITED = 1_000_000
"""Circuit breakers that are not a limit: Envoy's defaults (1024 requests, 3 retries) silently end failover."""


def typed(name: str, **fields: Any) -> Json:
    """Return a typed_config of the message `name`."""
    return {"@type": f"{_TYPE}{name}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """Return a named extension with its configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def lua(name: str, source: str) -> Json:
    """Return a Lua filter with constant code."""
    return extension(
        name, "envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": source}
    )


def router(**fields: Any) -> Json:
    """Return the router filter, which ends every chain."""
    return extension("router", "envoy.extensions.filters.http.router.v3.Router", **fields)


def header(key: str, value: str) -> Json:
    """Return a header that replaces what was there."""
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def breakers() -> Json:
    """Return thresholds that never open."""
    names = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    limits = dict.fromkeys(names, UNLIMITED)
    return {"thresholds": [{"priority": "DEFAULT", **limits}, {"priority": "HIGH", **limits}]}


def endpoint(address: str, port: int, **more: Any) -> Json:
    """Return one TCP endpoint."""
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}, **more}}


def assignment(cluster: str, *endpoints: Json) -> Json:
    """Return the endpoints of a cluster."""
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": list(endpoints)}]}


def dns_cluster_type() -> Json:
    """Return the cluster type that resolves every second: the Pods of a headless Service come and go."""
    return extension(
        "envoy.clusters.dns",
        "envoy.extensions.clusters.dns.v3.DnsCluster",
        dns_lookup_family="V4_PREFERRED",
        dns_refresh_rate="1s",
        dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "1s"},
        respect_dns_ttl=False,
    )


def secret_source(name: str) -> Json:
    """Return where a secret's file is."""
    return {"name": name, "sds_config": path_source(secret_file(name))}


def secret_file(name: str) -> str:
    """Return the file of one secret: Envoy takes exactly one from an SDS file."""
    return f"sds-{name}.json"


def path_source(file: str) -> Json:
    """Return a file in the one projected volume, whose folder is watched for the kubelet's atomic swap."""
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": f"{XDS}/{file}", "watched_directory": {"path": XDS}},
    }
