"""What every model of the API shares: bounded types, and rules that hold in CEL and in Python alike."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator
from pydantic.alias_generators import to_camel


class Rule(NamedTuple):
    """One validation rule, said twice: `cel` for the API server, `holds` for the offline commands.

    A contract test holds both against the same corpus, so they cannot drift apart.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]


class Model(BaseModel):
    """Frozen, camelCase, closed: a field that the schema does not know is an error that names it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise ValueError(rule.message)
        return self

    def dump(self) -> dict[str, Any]:
        """Return the resource as users write it: camelCase, without what was not said."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


def exactly_one(*names: str) -> Callable[[Any], bool]:
    """Return a check that exactly one of the named fields is set."""
    return lambda model: sum(getattr(model, name) is not None for name in names) == 1


MAX_INTEGER = 2**53 - 1
"""The largest integer that JSON numbers carry exactly; the API server reads a larger bound as a negative one."""

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=2_147_483_647, json_schema_extra={"format": "int32"})]
Positive = Annotated[int, Strict(), Field(ge=1, le=2_147_483_647, json_schema_extra={"format": "int32"})]
Tokens = Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER, json_schema_extra={"format": "int64"})]
Rate = Annotated[float, Field(gt=0, le=1_000_000)]
"""Requests per second."""

# A Go duration as kubectl users write it: 800ms, 30s, 1h30m.
Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,9}(ms|s|m|h)){1,4}$", max_length=32)]
# A Kubernetes quantity of bytes.
Quantity = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$", max_length=24)
]
Money = Annotated[str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,6})?$", max_length=19)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$", max_length=3)]

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""A DNS-1123 label."""
Subdomain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
"""A DNS-1123 subdomain: the name of a Secret, a ConfigMap, a claim."""
SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
ServedName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=128)]
"""A model name as clients send it."""
Url = Annotated[str, StringConstraints(pattern=r"^https://[^\s/?#]+(/[^\s?#]*)?$", max_length=512)]
Text = Annotated[str, StringConstraints(max_length=1024)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=253)]


class SecretKeyRef(Model):
    """One entry of a Secret in the same namespace."""

    name: Subdomain
    key: SecretKey


class SecretRef(Model):
    """A whole Secret in the same namespace."""

    name: Subdomain


class ConfigMapKeyRef(Model):
    """One entry of a ConfigMap in the same namespace."""

    name: Subdomain
    key: SecretKey
