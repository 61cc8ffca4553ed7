"""How large: replicas, accelerators of each, memory, and the time that a start may take."""

from dataclasses import dataclass

from llmstack.api.conditions import Reason
from llmstack.api.llmservice import LLMService
from llmstack.catalog.accelerators import AcceleratorClass
from llmstack.catalog.models import resolve_model
from llmstack.plan.capacity import Capacity, DoesNotFit, plan_capacity
from llmstack.plan.units import GIB

LOAD_BYTES_PER_SECOND = 200 * 2**20
"""A slow network volume (200 MiB/s: the baseline of common cloud block storage); a faster one only means that the
budget is not used up."""
STARTUP_FLOOR_SECONDS = 600
"""Compilation and graph capture take 5-30 minutes on vLLM in the worst case (its own documentation)."""


@dataclass(frozen=True)
class Placement:
    """Where engine Pods run.

    Attributes:
        resource: extended resource and count of one Pod; None on the CPU.
        node_label: (label, values), one of which a node must carry; None: any node.
        memory_bytes: memory request of an engine Pod.

    """

    resource: tuple[str, int] | None
    node_label: tuple[str, tuple[str, ...]] | None
    memory_bytes: int
    cpu_millis: int


@dataclass(frozen=True)
class Size:
    """The size of the pool.

    Attributes:
        per_replica: devices of one replica; 1 on the CPU.
        context_length: tokens; None: the engine's own choice.

    """

    capacity: Capacity | None
    replicas: int
    per_replica: int
    context_length: int | None

    @property
    def weights_gib(self) -> float:
        """Weights of one replica in GiB; 0 where they are not known."""
        return (self.capacity and self.capacity.weights_gib) or 0.0

    @property
    def startup_seconds(self) -> int:
        """The time in which no probe may end a loading model."""
        return STARTUP_FLOOR_SECONDS + int(self.weights_gib * GIB / LOAD_BYTES_PER_SECOND)


@dataclass(frozen=True)
class Unsized:
    """The pool has no size, and why."""

    reason: Reason
    message: str


def plan_size(service: LLMService, accelerator: AcceleratorClass) -> Size | Unsized:
    """Return the size of the pool, or why there is none."""
    spec = service.spec
    replicas = spec.scaling.min_replicas if spec.scaling and spec.scaling.min_replicas is not None else 1
    per_replica = spec.accelerator.per_replica if spec.accelerator else None
    if accelerator.resource is None:
        return Size(None, replicas, 1, spec.model.context_length)
    model = resolve_model(spec.model)
    if model is None and per_replica is None:
        return Unsized(
            Reason.MODEL_FACTS_UNKNOWN,
            "the catalogue does not know this model: fill in spec.model.facts (parameters, layers, kvHeads,"
            " headDim, contextLength), or say spec.accelerator.perReplica",
        )
    if model is None:
        return Size(None, replicas, per_replica or 1, spec.model.context_length)
    context = spec.model.context_length or model.context_length
    workload = spec.workload
    lengths = (workload.input_tokens, workload.output_tokens) if workload else ()
    capacity = plan_capacity(
        model, accelerator, spec.model.quantization, replicas, context,
        request_tokens=sum(part.p50 for part in lengths if part) or None,
        per_replica=per_replica,
        max_count=spec.accelerator.max_count if spec.accelerator else None,
    )  # fmt: skip
    if isinstance(capacity, DoesNotFit):
        return Unsized(Reason.DOES_NOT_FIT, capacity.why)
    return Size(capacity, replicas, capacity.tensor_parallel, context)


def plan_placement(accelerator: AcceleratorClass, size: Size) -> Placement:
    """Return where the Pods of this size run."""
    resource = (accelerator.resource, size.per_replica) if accelerator.resource else None
    label = (accelerator.product_label, accelerator.products) if accelerator.product_label else None
    # Weights pass through host memory while they load; on the CPU they stay there.
    memory = int((size.weights_gib * 1.1 + 0.5) * GIB)
    return Placement(resource, label, memory, 250 if resource is None else 1000)
