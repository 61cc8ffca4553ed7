"""RDS: which paths there are, which models, and the policy of each."""

from llmstack.plan.plan import Plan
from llmstack.render.gateway import fields
from llmstack.render.gateway.clusters import CHAIN
from llmstack.render.gateway.envoy import LUA_FILTER, Json, extension, header
from llmstack.render.manifest import compact

_OPERATIONS = (
    ("chat", "/v1/chat/completions", fields.CHAT),
    ("text_completion", "/v1/completions", fields.COMPLETIONS),
)


def routes(plan: Plan) -> list[Json]:
    """Return the route configuration."""
    found = [_models(plan)]
    for operation, path, allowed in _OPERATIONS:
        found.append(_model(plan, operation, path, allowed))
        # Envoy chooses a route before the body is read: this one is left again once the model is known.
        found.append(_answer(f"{operation}-unknown-model", {"path": path, **_method("POST")}, 404))
        found.append(_answer(f"{operation}-method", {"path": path}, 405))
    found.append(_answer("models-method", {"path": "/v1/models"}, 405))
    found.append(_answer("unknown-path", {"prefix": "/"}, 404))
    host = {
        "name": "gw",
        "domains": ["*"],
        "routes": found,
        "response_headers_to_remove": ["x-envoy-upstream-service-time", "x-envoy-attempt-count"],
    }
    return [{"name": "gw", "max_direct_response_body_size_bytes": 1_048_576, "virtual_hosts": [host]}]


def _method(method: str) -> Json:
    return {"headers": [{"name": ":method", "string_match": {"exact": method}}]}


def _answer(name: str, match: Json, status: int) -> Json:
    return {"name": name, "match": match, "direct_response": {"status": status}}


def _models(plan: Plan) -> Json:
    listing = {
        "object": "list",
        "data": [{"id": plan.gateway.model, "object": "model", "created": 0, "owned_by": "llmstack"}],
    }
    return {
        "name": "models",
        "match": {"path": "/v1/models", **_method("GET")},
        "direct_response": {"status": 200, "body": {"inline_string": compact(listing)}},
        "response_headers_to_add": [header("content-type", "application/json")],
    }


def _model(plan: Plan, operation: str, path: str, allowed: frozenset[str]) -> Json:
    policy: Json = {operation: sorted(allowed | plan.gateway.engine_fields)}
    if plan.gateway.max_output_tokens is not None:
        policy["max_output_tokens"] = plan.gateway.max_output_tokens
    model = {
        "filter": "llm",
        "path": [{"key": "model"}],
        "value": {"string_match": {"exact": plan.gateway.model}},
    }
    return {
        "name": operation,
        "match": {"path": path, **_method("POST"), "dynamic_metadata": [model]},
        "metadata": {"filter_metadata": {LUA_FILTER: policy}},
        "route": {"cluster": CHAIN, "timeout": "0s", "retry_policy": _retry(plan)},
    }


def _retry(plan: Plan) -> Json:
    """Return the way down the ladder: each attempt goes to the next rung of the chain."""
    other = extension("other-rung", "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
    return {
        "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
        "retriable_status_codes": [429, 500, 502, 503, 504],
        "num_retries": max(1, len(plan.ladder)),
        "per_try_timeout": f"{plan.gateway.first_token_seconds:g}s",
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.010s"},
        "retry_host_predicate": [other],
        "host_selection_retry_max_attempts": 3,
    }
