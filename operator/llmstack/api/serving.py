"""Blocks of `LLMService.spec` about the model, its workload, its hardware and its engine."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from llmstack.api.base import (
    Count,
    Duration,
    Flag,
    Model,
    Positive,
    Quantity,
    Rate,
    Rule,
    SecretKeyRef,
    ServedName,
    Short,
    Subdomain,
    Text,
    Tokens,
    exactly_one,
)

EngineName = Literal["vLLM", "TensorRT-LLM", "TGI", "SGLang", "llama.cpp", "Triton"]
Quantization = Literal["None", "FP8", "AWQ", "GPTQ", "INT8", "INT4", "GGUF"]
Edition = Literal["2026-05", "2026-11"]
AcceleratorClass = Annotated[
    str, StringConstraints(pattern=r"^(nvidia|amd|apple|intel|cpu)(-[a-z0-9]+)*$", max_length=63)
]
_SOURCE = r"^(hf|pvc|s3|oci)://[A-Za-z0-9][A-Za-z0-9._:/@-]*$"
ModelSource = Annotated[str, StringConstraints(pattern=_SOURCE, max_length=512)]


class ModelCache(Model):
    """Where downloaded weights stay. Without it: an emptyDir, downloaded again for each new Pod."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.size) != has(self.claim)",
            "say either size (a claim is made) or claim (an existing one)",
            exactly_one("size", "claim"),
        ),
    )
    size: Quantity | None = None
    claim: Subdomain | None = None
    retain: Flag | None = Field(default=None, description="Keep the claim when the service is deleted.")


class Adapter(Model):
    """A LoRA adapter; its key is a servable model name."""

    source: ModelSource


class ModelFacts(Model):
    """Facts of the model when neither the catalogue nor the Hub knows it."""

    parameters: Tokens | None = Field(default=None, description="Number of weights.")
    active_parameters: Tokens | None = Field(default=None, description="Weights used for one token (MoE).")
    layers: Positive | None = None
    kv_heads: Positive | None = None
    head_dim: Positive | None = None
    context_length: Positive | None = Field(default=None, description="Tokens the model was trained for.")


class ModelSpec(Model):
    """The model: the only block with a required field."""

    source: ModelSource = Field(description="hf://org/name, pvc://claim/path, s3://bucket/path, oci://image")
    revision: Short | None = None
    served_name: ServedName | None = Field(default=None, description="The `model` that clients send.")
    quantization: Quantization | None = None
    context_length: Positive | None = Field(default=None, description="Tokens, prompt and answer together.")
    credentials_secret_ref: SecretKeyRef | None = None
    cache: ModelCache | None = None
    adapters: dict[ServedName, Adapter] | None = Field(default=None, max_length=64)
    facts: ModelFacts | None = None


class RequestRate(Model):
    """Requests per second."""

    sustained: Rate
    peak: Rate | None = None
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.peak) || self.peak >= self.sustained",
            "peak is below sustained",
            lambda m: m.peak is None or m.peak >= m.sustained,
        ),
    )


class TokenLengths(Model):
    """Percentiles of a length in tokens."""

    p50: Positive
    p99: Positive
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.p99 >= self.p50", "p99 is below p50", lambda m: m.p99 >= m.p50),
    )


class Objectives(Model):
    """Latency objectives at the 99th percentile."""

    ttft_p99: Duration | None = Field(default=None, alias="ttftP99", description="Time to first token.")
    itl_p99: Duration | None = Field(default=None, alias="itlP99", description="Inter-token latency.")


class Workload(Model):
    """The answers to the rubric's four questions. What is left out counts as "no"."""

    pattern: Literal["Chat", "Agentic", "Batch", "LongContext"] | None = None
    tool_calls_per_request: Count | None = None
    structured_output: Flag | None = None
    requests_per_second: RequestRate | None = None
    input_tokens: TokenLengths | None = None
    output_tokens: TokenLengths | None = None
    objectives: Objectives | None = None
    model_churn: Literal["Stable", "Experimental"] | None = None
    hugging_face_native: Flag | None = None


class Accelerator(Model):
    """The hardware. Left out, it is read off the nodes' labels."""

    class_: AcceleratorClass | None = Field(default=None, alias="class")
    max_count: Positive | None = Field(default=None, description="A ceiling over all replicas.")
    per_replica: Positive | None = None


class EnvVar(Model):
    """A plain environment variable of the engine."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
    value: Text = ""


class Engine(Model):
    """Pin or extend the engine. Without a name the rubric decides."""

    name: EngineName | None = None
    on_evidence: Literal["Propose", "Apply"] | None = None
    rubric: Edition | None = None
    image: Short | None = None
    args: Annotated[tuple[Text, ...], Field(max_length=128)] | None = Field(
        default=None, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    env: Annotated[tuple[EnvVar, ...], Field(max_length=64)] | None = Field(
        default=None,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class Scaling(Model):
    """How many replicas of the engine."""

    min_replicas: Count | None = None
    max_replicas: Positive | None = None
    target_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    scale_to_zero_after: Duration | None = None
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.minReplicas) || !has(self.maxReplicas) || self.maxReplicas >= self.minReplicas",
            "maxReplicas is below minReplicas",
            lambda m: m.min_replicas is None or m.max_replicas is None or m.max_replicas >= m.min_replicas,
        ),
    )


def source_scheme(source: str) -> str:
    """Return hf, pvc, s3 or oci."""
    return source.partition("://")[0]


def source_path(source: str) -> str:
    """Return what follows the scheme: `org/name`, `claim/path/to/file`."""
    return source.partition("://")[2]


def is_gguf(spec: ModelSpec) -> bool:
    """Tell whether the weights are a GGUF file, by what is said or by the file's name."""
    return spec.quantization == "GGUF" or re.search(r"\.gguf$|-GGUF\b", spec.source) is not None


PodTemplate = Annotated[
    dict[str, Any],
    Field(json_schema_extra={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]
