"""The static part: where the files are, and the port that shows readiness, statistics and versions."""

from llmstack.plan.plan import Plan
from llmstack.render.gateway.envoy import (
    Json,
    assignment,
    endpoint,
    extension,
    path_source,
    router,
)

ADMIN_PORT = 9901
OPS_PORT = 9902
_ADMIN = "admin"
VERSIONS_QUERY = "/stats?format=json&type=TextReadouts&filter=version_text"


def bootstrap(plan: Plan) -> Json:
    """Return the bootstrap. It changes only with the release: a change restarts the gateway's Pods."""
    return {
        "node": {"id": "gateway", "cluster": f"{plan.namespace}/{plan.name}"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": ADMIN_PORT}}},
        "bootstrap_extensions": [
            extension(
                "envoy.bootstrap.internal_listener",
                "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            )
        ],
        "dynamic_resources": {"lds_config": path_source("lds.json"), "cds_config": path_source("cds.json")},
        "static_resources": {
            "listeners": [_ops_listener()],
            "clusters": [
                {
                    "name": _ADMIN,
                    "type": "STATIC",
                    "load_assignment": assignment(_ADMIN, endpoint("127.0.0.1", ADMIN_PORT)),
                }
            ],
        },
    }


def _ops_listener() -> Json:
    routes = [
        _read_only("/ready", "/ready"),
        _read_only("/stats/prometheus", "/stats/prometheus?usedonly"),
        _read_only("/versions", VERSIONS_QUERY),
        {"name": "nothing-else", "match": {"prefix": "/"}, "direct_response": {"status": 404}},
    ]
    manager = extension(
        "ops",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="ops",
        route_config={
            "name": "ops",
            "virtual_hosts": [{"name": "ops", "domains": ["*"], "routes": routes}],
        },
        http_filters=[router()],
    )
    return {
        "name": "ops",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": OPS_PORT}},  # noqa: S104
        "filter_chains": [{"filters": [manager]}],
        # It goes on to answer while the gateway drains.
        "ignore_global_conn_limit": True,
    }


def _read_only(path: str, target: str) -> Json:
    """Return a route for exactly this path, without a query of the caller's own (it would be appended)."""
    exact = [
        {"name": ":method", "string_match": {"exact": "GET"}},
        {"name": ":path", "string_match": {"exact": path}},
    ]
    return {
        "name": path.strip("/").replace("/", "-"),
        "match": {"path": path, "headers": exact},
        "route": {
            "cluster": _ADMIN,
            "timeout": "15s",
            "regex_rewrite": {"pattern": {"regex": "^.*$"}, "substitution": target},
        },
    }
