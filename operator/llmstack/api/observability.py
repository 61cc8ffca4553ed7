"""Block `observability` of `LLMService.spec`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from llmstack.api.base import Currency, Flag, Label, Model, Money, Text

Entity = Literal["Email", "Phone", "CreditCard", "IBAN", "IPAddress", "NationalId", "Name", "Secret"]
Endpoint = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", max_length=512)]


class Export(Model):
    """Where telemetry goes on to. Omitted: it stays in the service's own collector."""

    otlp_endpoint: Endpoint


class Content(Model):
    """Whether prompts and answers are captured."""

    capture: Literal["Disabled", "Redacted"] | None = None


class Redaction(Model):
    """What is masked in captured content."""

    entities: Annotated[tuple[Entity, ...], Field(max_length=16)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    patterns: Annotated[dict[Label, Text], Field(max_length=32)] | None = None


class Prices(Model):
    """What the accelerators cost. Default: the platform's price list."""

    accelerator_hour: Money
    currency: Currency


class Drift(Model):
    """Drift detection; an empty block asks for the defaults."""


class Observability(Model):
    """Telemetry of the service."""

    export: Export | None = None
    semconv: Literal["v1.41", "genai-dev", "both"] | None = None
    content: Content | None = None
    redaction: Redaction | None = None
    prices: Prices | None = None
    dashboards: Flag | None = None
    alerts: Flag | None = None
    drift: Drift | None = None
