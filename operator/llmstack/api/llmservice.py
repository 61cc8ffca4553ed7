"""The LLMService: what a user asks for, and the status that answers."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from llmstack.api.base import Flag, Model, Rule, Short
from llmstack.api.failover import Failover
from llmstack.api.gateway import Gateway, PromptCache
from llmstack.api.observability import Observability
from llmstack.api.serving import Accelerator, Engine, ModelSpec, PodTemplate, Scaling, Workload


class Rollout(Model):
    """When a replacement without a spare accelerator may happen."""

    window: Short | None = Field(default=None, description="A cron expression in UTC: when a window opens.")


class LLMServiceSpec(Model):
    """One required field, `model.source`; each further block works alone."""

    model: ModelSpec
    workload: Workload | None = None
    accelerator: Accelerator | None = None
    engine: Engine | None = None
    scaling: Scaling | None = None
    gateway: Gateway | None = None
    prompt_cache: PromptCache | None = None
    failover: Failover | None = None
    observability: Observability | None = None
    rollout: Rollout | None = None
    pod_template: PodTemplate | None = None
    suspend: Flag | None = None


class Metadata(Model):
    """The part of the object's metadata that decisions may use."""

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0


class LLMService(Model):
    """A four-layer stack for one model."""

    kind_name: ClassVar[str] = "LLMService"
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 63",
            "metadata.name must be a DNS-1035 label (lower case, starts with a letter, at most 63 characters):"
            " it names a Service",
            lambda m: (
                len(m.metadata.name) <= 63
                and m.metadata.name[:1].isalpha()
                and all(c.isdigit() or ("a" <= c <= "z") or c == "-" for c in m.metadata.name)
                and not m.metadata.name.endswith("-")
            ),
        ),
    )
    api_version: Literal["llmstack.dev/v1alpha1"] = "llmstack.dev/v1alpha1"
    kind: Literal["LLMService"] = "LLMService"
    metadata: Metadata
    spec: LLMServiceSpec


def decision_input(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest without its status and without what the server adds to its metadata."""
    metadata = manifest.get("metadata") or {}
    known = {key: metadata[key] for key in Metadata.model_fields if key in metadata}
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": known}


def parse_llmservice(manifest: dict[str, Any]) -> LLMService:
    """Read a manifest.

    Raises:
        pydantic.ValidationError: it names each field that is wrong, and why.

    """
    return LLMService.model_validate(decision_input(manifest))
