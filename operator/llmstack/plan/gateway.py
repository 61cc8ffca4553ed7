"""Who may call the service, which body fields pass, and the limits of each request."""

from collections.abc import Callable
from dataclasses import dataclass

from llmstack.api.llmservice import LLMService
from llmstack.catalog.engines.base import Rendering
from llmstack.plan.implemented import unimplemented_in_tenant
from llmstack.plan.inputs import ClusterFacts, TenantFact
from llmstack.plan.units import byte_count, seconds

DEFAULT_BODY_BYTES = "4Mi"
"""api.md's own example; a 128k-token prompt is about 0.5 MiB of text."""
DEFAULT_IDLE = "60s"
DEFAULT_FIRST_TOKEN = "30s"  # noqa: S105 — a duration
GATEWAY_REPLICAS = 2
OWN_TENANT_SECONDS = 24 * 3600.0
"""architecture.md, decision 11: clients have a day to move to their tenant's key."""


@dataclass(frozen=True)
class Client:
    """One API key and whom it belongs to."""

    namespace: str
    tenant: str
    entry: str
    key: str

    @property
    def id(self) -> str:
        """The identity that the gateway writes: namespace/tenant/entry."""
        return f"{self.namespace}/{self.tenant}/{self.entry}"


@dataclass(frozen=True)
class TenantVerdict:
    """Whether a tenant was accepted by this service."""

    namespace: str
    tenant: str
    accepted: bool
    reason: str


@dataclass(frozen=True)
class GatewayPlan:
    """The gateway of one service.

    Attributes:
        max_output_tokens: cap of each request; None: the model's context is the only bound.
        first_token_seconds: wait for the response's headers before the next rung is tried.
        idle_seconds: longest silence within a stream.

    """

    replicas: int
    model: str
    clients: tuple[Client, ...]
    verdicts: tuple[TenantVerdict, ...]
    own_tenant: bool
    engine_fields: frozenset[str]
    max_output_tokens: int | None
    max_body_bytes: int
    first_token_seconds: float
    idle_seconds: float
    engine_key: str
    engine_proof: str
    identity_path: str


def plan_gateway(
    service: LLMService,
    facts: ClusterFacts,
    model: str,
    rendering: Rendering,
    say: Callable[[str, object, object], str],
) -> GatewayPlan:
    """Decide the gateway's part; `say` records what was assumed."""
    spec = service.spec.gateway
    limits = spec.limits if spec else None
    timeouts = spec.timeouts if spec else None
    clients, verdicts = _clients(facts)
    own = own_tenant_needed(facts.tenants)
    if own:
        meta = service.metadata
        clients = (*clients, Client(meta.namespace, meta.name, "api-key", facts.generated.api_key))
    body = say("gateway.limits.maxBodyBytes", limits and limits.max_body_bytes, DEFAULT_BODY_BYTES)
    first = say("gateway.timeouts.firstToken", timeouts and timeouts.first_token, DEFAULT_FIRST_TOKEN)
    idle = say("gateway.timeouts.idle", timeouts and timeouts.idle, DEFAULT_IDLE)
    replicas = say("gateway.replicas.min", spec and spec.replicas and spec.replicas.min, GATEWAY_REPLICAS)
    return GatewayPlan(
        replicas=int(replicas),
        model=model,
        clients=clients,
        verdicts=verdicts,
        own_tenant=own,
        engine_fields=rendering.request_fields,
        max_output_tokens=limits.max_output_tokens if limits else None,
        max_body_bytes=byte_count(body),
        first_token_seconds=seconds(first),
        idle_seconds=seconds(idle),
        engine_key=facts.generated.engine_key,
        engine_proof=facts.generated.engine_proof,
        identity_path=rendering.identity.path,
    )


def own_tenant_needed(tenants: tuple[TenantFact, ...]) -> bool:
    """Tell whether the service's own key still opens it: until a day after the first tenant with a key."""
    return not any(usable_keys(fact)[0] and fact.age_seconds > OWN_TENANT_SECONDS for fact in tenants)


def _clients(facts: ClusterFacts) -> tuple[tuple[Client, ...], tuple[TenantVerdict, ...]]:
    clients: list[Client] = []
    verdicts = []
    owner_of: dict[str, str] = {}
    for fact in sorted(facts.tenants, key=lambda f: f.tenant.metadata.name):
        meta = fact.tenant.metadata
        keys, reason = usable_keys(fact)
        fresh = {entry: key for entry, key in keys.items() if key not in owner_of}
        if keys and not fresh:
            reason = f"its keys are already those of {owner_of[next(iter(keys.values()))]}"
        for entry, key in sorted(fresh.items()):
            owner_of[key] = f"{meta.namespace}/{meta.name}"
            clients.append(Client(meta.namespace, meta.name, entry, key))
        verdicts.append(TenantVerdict(meta.namespace, meta.name, bool(fresh), reason))
    return tuple(clients), tuple(verdicts)


def usable_keys(fact: TenantFact) -> tuple[dict[str, str], str]:
    """Return the usable keys of a tenant and, when there are none, why."""
    if unknown := unimplemented_in_tenant(fact.tenant.spec.dump()):
        return {}, f"{unknown[0]} is not implemented in this version; remove it"
    if fact.tenant.spec.api_keys_secret_ref is None:
        return {}, "spec.apiKeysSecretRef is not said: without a key nobody can call"
    if fact.keys is None:
        return {}, f"Secret {fact.tenant.spec.api_keys_secret_ref.name} is not there"
    keys = {entry: key.strip() for entry, key in fact.keys.items() if key.strip()}
    return keys, "" if keys else f"Secret {fact.tenant.spec.api_keys_secret_ref.name} has no entry"
