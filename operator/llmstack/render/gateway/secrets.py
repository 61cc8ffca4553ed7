"""ECDS and SDS: clients' keys, and the credentials that the gateway itself presents."""

from llmstack.plan.plan import Plan
from llmstack.render.gateway.envoy import CLIENT_HEADER, Json, typed
from llmstack.render.gateway.listeners import API_KEY_FILTER, ENGINE_CREDENTIAL


def client_keys(plan: Plan) -> list[Json]:
    """Return the key filter's configuration: key to namespace/tenant/entry."""
    credentials = [{"key": client.key, "client": client.id} for client in plan.gateway.clients]
    filter_config = typed(
        "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
        credentials=credentials,
        key_sources=[{"header": "Authorization"}],
        forwarding={"header": CLIENT_HEADER, "hide_credentials": True},
    )
    return [{"name": API_KEY_FILTER, "typed_config": filter_config}]


def credentials(plan: Plan) -> list[Json]:
    """Return what is presented to the engine and to each hosted rung."""
    values = [(ENGINE_CREDENTIAL, plan.gateway.engine_key)]
    values += [(rung.name, rung.credential) for rung in plan.ladder]
    return [{"name": name, "generic_secret": {"secret": {"inline_string": value}}} for name, value in values]
