"""The LLMTenant: one file per tenant, written by a platform team."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from llmstack.api.base import (
    Label,
    Model,
    Positive,
    Rule,
    SecretRef,
    ServedName,
    Short,
    Tokens,
    exactly_one,
)
from llmstack.api.failover import Budget
from llmstack.api.gateway import Labels
from llmstack.api.llmservice import Metadata, decision_input


class ServiceSelector(Model):
    """Which services the tenant uses."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.matchNames) != has(self.matchLabels)",
            "say either matchNames or matchLabels",
            exactly_one("match_names", "match_labels"),
        ),
    )
    match_names: Annotated[tuple[Label, ...], Field(min_length=1, max_length=64)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    match_labels: Labels | None = None
    namespace: Label | None = Field(default=None, description="Default: the tenant's own namespace.")


class TenantJwt(Model):
    """Whose tokens are this tenant's."""

    subjects: Annotated[tuple[Short, ...], Field(min_length=1, max_length=64)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "set"}
    )


class TenantLimits(Model):
    """Limits and budget of the tenant on each of its services."""

    requests_per_minute: Positive | None = None
    tokens_per_minute: Tokens | None = None
    tokens_per_day: Tokens | None = None
    tokens_per_month: Tokens | None = None
    concurrent_requests: Positive | None = None
    budget: Budget | None = None


class LLMTenantSpec(Model):
    """Who may call which services, and how much."""

    services: ServiceSelector
    models: Annotated[tuple[ServedName, ...], Field(min_length=1, max_length=64)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    api_keys_secret_ref: SecretRef | None = None
    jwt: TenantJwt | None = None
    limits: TenantLimits | None = None
    priority: Literal["Interactive", "Standard", "Batch"] | None = None
    egress: Literal["Allowed", "Denied", "RedactedOnly"] | None = None
    cost_centre: Short | None = None
    time_zone: Short | None = Field(default=None, description="IANA name; default UTC.")


class LLMTenant(Model):
    """One tenant."""

    kind_name: ClassVar[str] = "LLMTenant"
    api_version: Literal["llmstack.dev/v1alpha1"] = "llmstack.dev/v1alpha1"
    kind: Literal["LLMTenant"] = "LLMTenant"
    metadata: Metadata
    spec: LLMTenantSpec


def parse_llmtenant(manifest: dict[str, Any]) -> LLMTenant:
    """Read a manifest; raises pydantic.ValidationError that names each wrong field."""
    return LLMTenant.model_validate(decision_input(manifest))
