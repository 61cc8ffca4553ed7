"""Block `failover` of `LLMService.spec`: the rungs after the local pool, and declared degradation."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from llmstack.api.base import (
    Currency,
    Flag,
    Label,
    Model,
    Money,
    Positive,
    Rule,
    SecretKeyRef,
    ServedName,
    Url,
    exactly_one,
)

FailoverWhen = Literal["Unhealthy", "Saturated", "Maintenance", "ColdStart"]


class Budget(Model):
    """Money that may be spent in one period."""

    amount: Money
    currency: Currency
    period: Literal["Day", "Month"]


class TokenPrice(Model):
    """Price per million tokens."""

    input: Money
    cached_input: Money | None = None
    output: Money
    currency: Currency


class Region(Model):
    """The same service in another region; the key is one of an LLMTenant there."""

    url: Url
    ca_secret_ref: SecretKeyRef | None = None
    credentials_secret_ref: SecretKeyRef


class Hosted(Model):
    """A hosted API that speaks the OpenAI protocol."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.provider != 'OpenAICompatible' || has(self.url)",
            "provider OpenAICompatible needs url",
            lambda m: m.provider != "OpenAICompatible" or m.url is not None,
        ),
    )
    provider: Literal["OpenAI", "OpenAICompatible"]
    url: Url | None = Field(default=None, description="Base URL that ends in the API's version, as .../v1")
    ca_secret_ref: SecretKeyRef | None = Field(default=None, description="Omitted: the public authorities.")
    model: ServedName = Field(description="The model's name at the provider.")
    credentials_secret_ref: SecretKeyRef
    budget: Budget | None = None
    price: TokenPrice | None = None


class Rung(Model):
    """One step of the ladder."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.region) != has(self.hosted)",
            "a rung is either a region or a hosted API",
            exactly_one("region", "hosted"),
        ),
        Rule("self.name != 'local'", "the name local is the pool's own", lambda m: m.name != "local"),
    )
    name: Label
    region: Region | None = None
    hosted: Hosted | None = None


class Degradation(Model):
    """What is given up, in the declared order, when the pool is saturated and no rung is left."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.shed) != has(self.capOutputTokens)",
            "a degradation either sheds or caps",
            exactly_one("shed", "cap_output_tokens"),
        ),
    )
    name: Label
    shed: Literal["Batch", "Standard"] | None = None
    cap_output_tokens: Positive | None = None


class Failover(Model):
    """When and where requests go that the local pool cannot answer."""

    when: Annotated[tuple[FailoverWhen, ...], Field(max_length=4)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    ladder: Annotated[tuple[Rung, ...], Field(max_length=8)] | None = Field(
        default=None,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    degrade: Annotated[tuple[Degradation, ...], Field(max_length=8)] | None = Field(
        default=None,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    maintenance: Flag | None = None
