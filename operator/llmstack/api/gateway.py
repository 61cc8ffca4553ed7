"""Blocks of `LLMService.spec` about the gateway: tenants, auth, limits, quotas, exposure."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from llmstack.api.base import (
    ConfigMapKeyRef,
    Duration,
    Label,
    Model,
    Positive,
    Quantity,
    Rule,
    SecretKeyRef,
    Short,
    Subdomain,
    Url,
)

LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=316)]
LabelValue = Annotated[str, StringConstraints(max_length=63)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=32)]


class LabelSelector(Model):
    """Labels that must all match."""

    match_labels: Labels


class GatewayReplicas(Model):
    """How many gateway Pods."""

    min: Positive | None = None
    max: Positive | None = None
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.min) || !has(self.max) || self.max >= self.min",
            "max is below min",
            lambda m: m.min is None or m.max is None or m.max >= m.min,
        ),
    )


class AllowedTenants(Model):
    """Which namespaces' tenants may use the service, as Gateway API's allowedRoutes."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.namespaceSelector) == (has(self.from) && self.from == 'Selector')",
            "namespaceSelector goes with from: Selector",
            lambda m: (m.namespace_selector is not None) == (m.from_ == "Selector"),
        ),
    )
    from_: Literal["Same", "Selector", "All"] | None = Field(default=None, alias="from")
    namespace_selector: LabelSelector | None = None


class Jwt(Model):
    """Clients may send a JWT of this issuer in place of an API key."""

    issuer: Short
    jwks_uri: Url
    audiences: Annotated[tuple[Short, ...], Field(min_length=1, max_length=16)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    tenant_claim: Short


class Auth(Model):
    """Authentication beside the API keys of the tenants. Never anonymous by default."""

    jwt: Jwt | None = None


class Limits(Model):
    """Limits of each request, whoever sends it."""

    max_output_tokens: Positive | None = None
    max_body_bytes: Quantity | None = None
    concurrent_requests: Positive | None = None


class Timeouts(Model):
    """There is no total timeout: long good streams live."""

    first_token: Duration | None = None
    idle: Duration | None = None


class RedisStore(Model):
    """An existing Redis."""

    url_secret_ref: SecretKeyRef


class Quotas(Model):
    """Where token quotas are counted, and what happens when the count is lost."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!(has(self.store) && has(self.redis))",
            "say either store or redis",
            lambda m: m.store is None or m.redis is None,
        ),
    )
    store: Literal["Managed", "None"] | None = None
    redis: RedisStore | None = None
    on_store_loss: Literal["Deny", "Degrade"] | None = None


class ParentRef(Model):
    """A Gateway of the Gateway API."""

    name: Subdomain
    namespace: Label | None = None
    section_name: Subdomain | None = None


class Expose(Model):
    """How clients outside the cluster reach the gateway."""

    type: Literal["ClusterIP", "LoadBalancer", "HTTPRoute"] | None = None
    parent_refs: Annotated[tuple[ParentRef, ...], Field(max_length=8)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    hostnames: Annotated[tuple[Subdomain, ...], Field(max_length=16)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "set"}
    )


class Gateway(Model):
    """The layer in front: one Envoy gateway for each service."""

    replicas: GatewayReplicas | None = None
    tenants: AllowedTenants | None = None
    auth: Auth | None = None
    limits: Limits | None = None
    timeouts: Timeouts | None = None
    quotas: Quotas | None = None
    expose: Expose | None = None


class PinnedPrompt(Model):
    """A prompt prefix that is warmed on start and kept."""

    config_map_key_ref: ConfigMapKeyRef


class PromptCache(Model):
    """Whose prefixes may hit, and how requests find the replica that has them."""

    sharing: Literal["Tenant", "Service", "Disabled"] | None = None
    affinity: Literal["Prefix", "Session", "None"] | None = None
    pinned: Annotated[dict[Label, PinnedPrompt], Field(max_length=32)] | None = None
