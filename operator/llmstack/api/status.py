"""The status that a design review can be held from. Written by the operator only."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from llmstack.api.base import MAX_INTEGER, Count, Model, Tokens
from llmstack.api.serving import Edition, EngineName

Line = Annotated[str, StringConstraints(max_length=1024)]
Word = Annotated[str, StringConstraints(max_length=253)]


class StatusModel(Model):
    """Status may gain fields in a later version: what is not known is let through."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class ConditionStatus(StatusModel):
    """A condition as Kubernetes defines it."""

    type: Annotated[str, StringConstraints(max_length=316)]
    status: Literal["True", "False", "Unknown"]
    observed_generation: Tokens | None = None
    last_transition_time: Annotated[str, StringConstraints(max_length=32)]
    reason: Annotated[str, StringConstraints(max_length=128)]
    message: Annotated[str, StringConstraints(max_length=4096)]


class Rejected(StatusModel):
    """An engine that was not chosen, with the first reason."""

    engine: EngineName
    why: Line
    hard: bool = Field(description="True: it cannot run here. False: another one fits better.")


class SelectionStatus(StatusModel):
    """Which engine, by which leaf of the tree, and the sentence to defend it with."""

    engine: EngineName
    edition: Edition
    leaf: Word
    why: Line
    evidence: Word = "None"
    confidence: Literal["Rubric", "Replayed", "Pinned"]
    verified: Literal["Ran", "ParserOnly"] = Field(description="Ran: this engine has run in our tests.")
    rejected: Annotated[tuple[Rejected, ...], Field(max_length=8)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["engine"]}
    )


class Recommendation(StatusModel):
    """What a newer rubric or a replay would choose; never applied unasked."""

    engine: EngineName
    edition: Edition
    why: Line


class CapacityStatus(StatusModel):
    """What the plan expects of the hardware."""

    replicas: Count
    tensor_parallel: Count
    accelerator: Word | None = None
    weights_gi_b: Annotated[float, Field(ge=0, le=1_000_000)] | None = Field(default=None, alias="weightsGiB")
    kv_cache_tokens: Tokens | None = None
    max_concurrency: Count | None = None


class Child(StatusModel):
    """One object that the operator keeps for the service."""

    kind: Word
    name: Word
    ready: bool


Conditions = Annotated[tuple[ConditionStatus, ...], Field(max_length=16)]
_LIST_MAP_BY_TYPE: dict[str, Any] = {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
}


class LLMServiceStatus(StatusModel):
    """Follows kstatus: `observedGeneration` moves on every pass."""

    observed_generation: Annotated[int, Field(ge=-1, le=MAX_INTEGER)] | None = Field(
        default=None, json_schema_extra={"format": "int64"}
    )
    conditions: Conditions | None = Field(default=None, json_schema_extra=_LIST_MAP_BY_TYPE)
    url: Word | None = None
    replicas: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        default=None, description="Ready engine Pods of those that are planned, as 1/2."
    )
    selection: SelectionStatus | None = None
    recommendation: Recommendation | None = None
    capacity: CapacityStatus | None = None
    effective: Annotated[dict[Word, Line], Field(max_length=64)] | None = Field(
        default=None, description="Every assumed value, by its path in the spec."
    )
    children: Annotated[tuple[Child, ...], Field(max_length=64)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    failover_last_active: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        default=None, description="When a rung other than the local pool last answered."
    )


class TenantService(StatusModel):
    """One service that the tenant asked for."""

    namespace: Word
    name: Word
    accepted: bool
    reason: Word


class LLMTenantStatus(StatusModel):
    """Which services accepted the tenant."""

    observed_generation: Annotated[int, Field(ge=-1, le=MAX_INTEGER)] | None = Field(
        default=None, json_schema_extra={"format": "int64"}
    )
    conditions: Conditions | None = Field(default=None, json_schema_extra=_LIST_MAP_BY_TYPE)
    services: Annotated[tuple[TenantService, ...], Field(max_length=64)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
