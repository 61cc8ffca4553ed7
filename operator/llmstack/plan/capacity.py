"""How many accelerators one replica needs, and what is left for the KV cache.

The memory identity is vLLM's own: KV = utilization x total - weights - activations - runtime.
A later edition calibrates it; here the reserve is stated and conservative.
"""

from dataclasses import dataclass

from llmstack.catalog.accelerators import AcceleratorClass
from llmstack.catalog.models import Model
from llmstack.plan.units import GIB

MEMORY_UTILIZATION = 0.92
"""vLLM's default of --gpu-memory-utilization (0.33)."""
RESERVE_GIB = 4.0
"""GiB for activations and runtime on each device: the median of the published vLLM 0.11 rows on one H100 in
llm-d-planner's table of measurements is 4.84 + 0.13-0.55 GiB at 16k context; rounded down, as the share shrinks
with tensor parallelism."""
TENSOR_PARALLEL_SIZES = (1, 2, 4, 8)
"""Powers of two up to one node, so that attention heads divide."""

_WEIGHT_BYTES = {"None": 2.0, "FP8": 1.0, "INT8": 1.0, "AWQ": 0.5, "GPTQ": 0.5, "INT4": 0.5}


@dataclass(frozen=True)
class Capacity:
    """What the plan expects.

    Attributes:
        weights_gib: of one replica, all its devices together.
        kv_cache_tokens: of one replica; None on the CPU, where the engine is told a context instead.
        max_concurrency: requests of the P50 (else the full) length that fit in the KV cache.

    """

    replicas: int
    tensor_parallel: int
    weights_gib: float | None
    kv_cache_tokens: int | None
    max_concurrency: int | None


@dataclass(frozen=True)
class DoesNotFit:
    """No number of devices in one node is enough; `need_gib` is per device at the largest size."""

    why: str


def weights_gib(model: Model, quantization: str | None) -> float:
    """Return the size of the weights in GiB."""
    per_weight = _WEIGHT_BYTES.get(quantization, model.weight_bytes) if quantization else model.weight_bytes
    return model.parameters * per_weight / GIB


def kv_bytes_per_token(model: Model) -> int:
    """Return the KV cache's bytes for one token at 16 bit, over all layers and heads (GQA)."""
    return 2 * model.layers * model.kv_heads * model.head_dim * 2


def plan_capacity(
    model: Model,
    accelerator: AcceleratorClass,
    quantization: str | None,
    replicas: int,
    context_length: int,
    request_tokens: int | None,
    per_replica: int | None,
    max_count: int | None,
) -> Capacity | DoesNotFit:
    """Return the smallest tensor parallel size that fits one full-length request.

    Args:
        request_tokens: prompt and answer of a median request; None: a full-length one.
        per_replica: devices that the user asked for; then only this size is tried.
        max_count: ceiling over all replicas.

    """
    weights = weights_gib(model, quantization)
    sizes = (per_replica,) if per_replica else TENSOR_PARALLEL_SIZES
    for size in sizes:
        free = size * (accelerator.memory_gib * MEMORY_UTILIZATION - RESERVE_GIB) - weights
        tokens = int(free * GIB / kv_bytes_per_token(model))
        if tokens < context_length:
            continue
        if max_count is not None and size * replicas > max_count:
            return DoesNotFit(
                f"{replicas} replicas x {size} {accelerator.name} are above spec.accelerator.maxCount"
                f" {max_count}"
            )
        concurrency = tokens // (request_tokens or context_length)
        return Capacity(replicas, size, round(weights, 2), tokens, concurrency)
    largest = sizes[-1]
    return DoesNotFit(
        f"{weights:.1f} GiB of weights and the KV cache of one request of {context_length} tokens do not fit"
        f" {largest} x {accelerator.name} ({accelerator.memory_gib} GiB each): choose a smaller"
        " spec.model.contextLength, a quantised checkpoint, or a larger accelerator"
    )
