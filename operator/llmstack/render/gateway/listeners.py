"""LDS: the clients' listener, and one internal listener for each rung. Nothing volatile is in here."""

from llmstack.plan.ladder import Rung
from llmstack.plan.plan import Plan
from llmstack.render.gateway import lua as scripts
from llmstack.render.gateway.clusters import LOCAL, hop, hosted
from llmstack.render.gateway.envoy import (
    CLIENT_HEADER,
    LUA_FILTER,
    PROVIDER_HEADER,
    RUNG_HEADER,
    Json,
    extension,
    header,
    lua,
    path_source,
    router,
    secret_source,
)
from llmstack.render.gateway.errors import local_replies
from llmstack.render.gateway.telemetry import access_log, tracing

CLIENT_PORT = 8080
API_KEY_FILTER = "api-key"
ENGINE_CREDENTIAL = "engine"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def listeners(plan: Plan) -> list[Json]:
    """Return every listener."""
    return [
        _clients(plan),
        _hop(plan, LOCAL, _local_route(), ENGINE_CREDENTIAL, _engine_provider(plan)),
        *(_hop(plan, rung.name, _hosted_route(plan, rung), rung.name, rung.provider) for rung in plan.ladder),
    ]


def _clients(plan: Plan) -> Json:
    manager = extension(
        "clients",
        _MANAGER,
        stat_prefix="gw",
        rds={"route_config_name": "gw", "config_source": path_source("rds.json")},
        # Whatever a client says about itself is removed before anything reads it.
        early_header_mutation_extensions=[_strip_own_headers()],
        access_log=[access_log(plan)],
        tracing=tracing(plan),
        generate_request_id=True,
        stream_idle_timeout=f"{plan.gateway.idle_seconds:g}s",
        request_headers_timeout="10s",
        normalize_path=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        server_name="llmstack",
        local_reply_config=local_replies(),
        http_filters=_client_filters(plan),
    )
    return {
        "name": "clients",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": CLIENT_PORT}},  # noqa: S104
        "per_connection_buffer_limit_bytes": plan.gateway.max_body_bytes + 4096,
        "filter_chains": [{"filters": [manager]}],
    }


def _strip_own_headers() -> Json:
    return extension(
        "strip",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[{"remove_on_match": {"key_matcher": {"prefix": "x-llm-"}}}],
    )


def _client_filters(plan: Plan) -> list[Json]:
    return [
        {
            "name": API_KEY_FILTER,
            "config_discovery": {
                "config_source": path_source("ecds.json"),
                "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth"],
            },
        },
        _require_client(),
        _identity(),
        extension(
            "body-size",
            "envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit",
            max_request_bytes=plan.gateway.max_body_bytes,
        ),
        lua(LUA_FILTER, scripts.REQUEST),
        lua("usage", scripts.USAGE),
        router(),
    ]


def _require_client() -> Json:
    """Return belt and braces: without the identity that only the key filter writes, nothing passes."""
    present = {"header": {"name": CLIENT_HEADER, "present_match": True}}
    return extension(
        "require-client",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        rules={
            "action": "ALLOW",
            "policies": {"client": {"permissions": [{"any": True}], "principals": [present]}},
        },
    )


def _identity() -> Json:
    """Return the filter that keeps who called, and which rung answered, for logs and spans."""

    def part(key: str, pattern: str) -> Json:
        rewrite = {"pattern": {"regex": pattern}, "substitution": "\\1"}
        return {
            "header": CLIENT_HEADER,
            "on_header_present": {
                "metadata_namespace": "llm",
                "key": key,
                "regex_value_rewrite": rewrite,
            },
        }

    def answered(name: str, key: str) -> Json:
        return {
            "header": name,
            "on_header_present": {"metadata_namespace": "llm", "key": key, "type": "STRING"},
            "remove": True,
        }

    return extension(
        "identity",
        "envoy.extensions.filters.http.header_to_metadata.v3.Config",
        request_rules=[part("tenant", "^([^/]*/[^/]*)/.*$"), part("key", "^[^/]*/[^/]*/(.*)$")],
        response_rules=[answered(RUNG_HEADER, "rung"), answered(PROVIDER_HEADER, "provider")],
    )


def _hop(plan: Plan, rung: str, route: Json, credential: str, provider: str) -> Json:
    injector = extension(
        "credential",
        "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
        overwrite=True,
        credential=extension(
            "generic",
            "envoy.extensions.http.injected_credentials.generic.v3.Generic",
            header="authorization",
            header_value_prefix="Bearer ",
            credential=secret_source(credential),
        ),
    )
    manager = extension(
        hop(rung),
        _MANAGER,
        stat_prefix=hop(rung),
        skip_xff_append=True,
        generate_request_id=False,
        stream_idle_timeout="0s",
        route_config={
            "name": hop(rung),
            "virtual_hosts": [
                {
                    "name": rung,
                    "domains": ["*"],
                    "routes": [route],
                    "request_headers_to_remove": ["x-forwarded-proto"],
                    "response_headers_to_add": [
                        header(RUNG_HEADER, rung),
                        header(PROVIDER_HEADER, provider),
                    ],
                }
            ],
        },
        local_reply_config=local_replies(),
        http_filters=[
            lua(LUA_FILTER, scripts.HOP),
            injector,
            router(suppress_envoy_headers=True),
        ],
    )
    return {
        "name": hop(rung),
        "internal_listener": {},
        # Without a limit of its own a large body fails over with a 413.
        "per_connection_buffer_limit_bytes": plan.gateway.max_body_bytes + 65536,
        "filter_chains": [{"filters": [manager]}],
    }


def _local_route() -> Json:
    """Return the way to the pool: another replica is tried before another rung."""
    other = extension("other-host", "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
    return {
        "match": {"prefix": "/"},
        "route": {
            "cluster": LOCAL,
            "timeout": "0s",
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream,reset",
                "num_retries": 1,
                "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.010s"},
                "retry_host_predicate": [other],
                "host_selection_retry_max_attempts": 3,
            },
        },
    }


def _hosted_route(plan: Plan, rung: Rung) -> Json:
    policy = {"model": rung.model, "drop": sorted(plan.gateway.engine_fields)}
    return {
        "match": {"prefix": "/v1/"},
        "metadata": {"filter_metadata": {LUA_FILTER: policy}},
        "route": {
            "cluster": hosted(rung.name),
            "timeout": "0s",
            "auto_host_rewrite": True,
            "prefix_rewrite": f"{rung.api_path}/",
        },
    }


def _engine_provider(plan: Plan) -> str:
    # gen_ai.provider.name has no well-known value for a self-hosted engine; a custom one is allowed.
    return {"vLLM": "vllm", "llama.cpp": "llama_cpp"}.get(plan.engine.name, plan.engine.name.lower())
