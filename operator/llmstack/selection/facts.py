"""What the tree looks at, gathered in one frozen value."""

from dataclasses import dataclass

from llmstack.api.llmservice import LLMService
from llmstack.api.serving import Edition, EngineName, is_gguf
from llmstack.catalog.accelerators import ACCELERATORS, CPU, AcceleratorClass, accelerator_of_product


@dataclass(frozen=True)
class NodeAccelerators:
    """What one node offers.

    Attributes:
        count: allocatable devices of the class.

    """

    node: str
    accelerator: AcceleratorClass
    count: int


@dataclass(frozen=True)
class Running:
    """What serves now, read from the serving workload's labels.

    Attributes:
        accelerator: its class; None where the label is not there or its class is no longer known.

    """

    engine: EngineName
    edition: Edition
    accelerator: AcceleratorClass | None = None


@dataclass(frozen=True)
class Facts:
    """Everything the tree may ask. `None` means unknown, and unknown is "no".

    Attributes:
        accelerator: None when neither the service nor any node says.
        sustained: requests per second.

    """

    accelerator: AcceleratorClass | None
    quantization: str | None
    gguf: bool
    pattern: str | None
    tool_calls: int | None
    structured_output: bool
    sustained: float | None
    model_churn: str | None
    hugging_face_native: bool
    adapters: int
    pinned: EngineName | None
    edition: Edition | None
    running: Running | None


class UnknownAcceleratorError(ValueError):
    """`accelerator.class` names a class that the catalogue lacks."""


def gather_facts(
    service: LLMService, nodes: tuple[NodeAccelerators, ...] | None, running: Running | None = None
) -> Facts:
    """Gather the facts of a service.

    Args:
        service: what the user said.
        nodes: accelerators of the cluster; an empty tuple: there are none; None: no cluster was looked at.
        running: the engine that serves now.

    Raises:
        UnknownAcceleratorError: the class is not in the catalogue; names those of the same vendor.

    """
    spec = service.spec
    workload = spec.workload
    rate = workload.requests_per_second if workload else None
    return Facts(
        accelerator=_accelerator(service, nodes, running),
        quantization=spec.model.quantization,
        gguf=is_gguf(spec.model),
        pattern=workload.pattern if workload else None,
        tool_calls=workload.tool_calls_per_request if workload else None,
        structured_output=bool(workload and workload.structured_output),
        sustained=rate.sustained if rate else None,
        model_churn=workload.model_churn if workload else None,
        hugging_face_native=bool(workload and workload.hugging_face_native),
        adapters=len(spec.model.adapters or {}),
        pinned=spec.engine.name if spec.engine else None,
        edition=spec.engine.rubric if spec.engine else None,
        running=running,
    )


def _accelerator(
    service: LLMService, nodes: tuple[NodeAccelerators, ...] | None, running: Running | None
) -> AcceleratorClass | None:
    said = service.spec.accelerator.class_ if service.spec.accelerator else None
    if said is not None:
        if said not in ACCELERATORS:
            vendor = said.partition("-")[0]
            near = sorted(name for name, entry in ACCELERATORS.items() if entry.vendor == vendor)
            raise UnknownAcceleratorError(
                f"spec.accelerator.class: {said} is not in the catalogue; of this vendor there are"
                f" {', '.join(near) or 'none'}"
            )
        return ACCELERATORS[said]
    if running is not None and running.accelerator is not None:
        # A node that comes or goes must not move a service that runs to other hardware, and to another bill.
        return running.accelerator
    if nodes is None:
        return None
    totals: dict[str, int] = {}
    for node in nodes:
        totals[node.accelerator.name] = totals.get(node.accelerator.name, 0) + node.count
    if not totals:
        return CPU
    # The class that the cluster has most of; names break a tie, so that nodes' order never matters.
    return ACCELERATORS[max(sorted(totals), key=lambda name: totals[name])]


def node_accelerators(nodes: list[dict[str, object]]) -> tuple[NodeAccelerators, ...]:
    """Read accelerators off Node objects: allocatable devices and the vendor's product label.

    A device whose product label is missing or unknown to the catalogue is left out.
    """
    found = []
    for node in nodes:
        metadata = node.get("metadata") or {}
        status = node.get("status") or {}
        assert isinstance(metadata, dict)  # noqa: S101 — Node objects come from the API server or kubectl
        assert isinstance(status, dict)  # noqa: S101
        labels = metadata.get("labels") or {}
        allocatable = status.get("allocatable") or {}
        for vendor in ("nvidia-h100-80gb", "amd-mi300x"):
            sample = ACCELERATORS[vendor]
            count = int(allocatable.get(sample.resource, 0))
            accelerator = accelerator_of_product(labels.get(sample.product_label, ""))
            if count and accelerator:
                found.append(NodeAccelerators(metadata.get("name", ""), accelerator, count))
    return tuple(sorted(found, key=lambda entry: entry.node))
