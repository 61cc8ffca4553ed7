"""One service, decided: what runs where, who may call it, and where requests go when it cannot answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmstack.api.conditions import Reason
from llmstack.api.llmservice import LLMService
from llmstack.api.serving import is_gguf
from llmstack.catalog.accelerators import CPU, AcceleratorClass
from llmstack.catalog.engines import ENGINES
from llmstack.catalog.engines.base import Engine, Launch, Rendering
from llmstack.catalog.models import resolve_model
from llmstack.plan.capacity import Capacity, DoesNotFit, plan_capacity
from llmstack.plan.gateway import GatewayPlan, plan_gateway
from llmstack.plan.implemented import unimplemented_in_service
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.ladder import MissingSecret, Rung, plan_ladder
from llmstack.plan.weights import Weights, plan_weights
from llmstack.selection.facts import UnknownAcceleratorError, gather_facts
from llmstack.selection.select import Impossible, Selection, select

KEY_FILE = "/var/run/llmstack/engine/key"
PROOF_VARIABLE = "LLMSTACK_ENGINE_PROOF"


@dataclass(frozen=True)
class Refusal:
    """Nothing is changed in the cluster until a person changes something: the condition Stalled."""

    reason: Reason
    message: str
    selection: Selection | None = None


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
class Plan:
    """Everything that rendering needs; no decision is left to it."""

    name: str
    namespace: str
    uid: str
    selection: Selection
    engine: Engine
    rendering: Rendering
    launch: Launch
    extra_args: tuple[str, ...]
    extra_env: tuple[tuple[str, str], ...]
    accelerator: AcceleratorClass
    image: str
    capacity: Capacity | None
    replicas: int
    placement: Placement
    weights: Weights
    startup_seconds: int
    gateway: GatewayPlan
    ladder: tuple[Rung, ...]
    images: Mapping[str, str]
    cluster_domain: str
    optional_apis: frozenset[str]
    effective: Mapping[str, str]


def make_plan(service: LLMService, facts: ClusterFacts) -> Plan | Refusal:
    """Decide everything for one service, or say why nothing can be decided and what to do."""
    if unknown := unimplemented_in_service(service.spec.dump()):
        return Refusal(Reason.NOT_IMPLEMENTED, f"{unknown[0]} is not implemented in this version; remove it")
    try:
        selection = select(gather_facts(service, facts.nodes, facts.running))
    except UnknownAcceleratorError as error:
        return Refusal(Reason.INVALID, str(error))
    if isinstance(selection, Impossible):
        near = f"; the nearest that can is {selection.nearest}" if selection.nearest else ""
        return Refusal(Reason.ENGINE_IMPOSSIBLE, f"{selection.why}{near}")
    engine = ENGINES[selection.engine]
    if engine.rendering is None:
        return Refusal(
            Reason.NOT_IMPLEMENTED,
            f"engine {engine.name} is chosen ({selection.leaf}) and this version does not run it yet;"
            " spec.engine.name: vLLM is the nearest that works",
            selection,
        )
    return _decide(service, facts, selection, engine, engine.rendering)


def _decide(
    service: LLMService, facts: ClusterFacts, selection: Selection, engine: Engine, rendering: Rendering
) -> Plan | Refusal:
    spec = service.spec
    accelerator = gather_facts(service, facts.nodes).accelerator or _assumed_accelerator(facts)
    if accelerator is None:
        return Refusal(
            Reason.INVALID,
            "spec.accelerator.class is not said and no cluster was looked at: say it, or pass --nodes",
            selection,
        )
    if owned := _owned_argument(service, rendering):
        return Refusal(
            Reason.ARGUMENT_OWNED,
            f"spec.engine.args: {owned} is set by the operator; say it in the spec or leave it out",
            selection,
        )
    if is_gguf(spec.model) and not spec.model.source.endswith(".gguf"):
        return Refusal(
            Reason.INVALID,
            f"spec.model.source: {engine.name} needs the file: {spec.model.source}/NAME.gguf",
            selection,
        )
    ladder = plan_ladder(spec.failover, facts)
    if isinstance(ladder, MissingSecret):
        return Refusal(Reason.SECRET_NOT_FOUND, ladder.message, selection)
    sized = _size(service, accelerator)
    if isinstance(sized, Refusal):
        return Refusal(sized.reason, sized.message, selection)
    effective = _Effective()
    capacity, replicas, per_replica, context = sized
    weights = plan_weights(service)
    launch = Launch(
        model=weights.path,
        served_names=(effective.say("model.servedName", spec.model.served_name, service.metadata.name),
                      f"$({PROOF_VARIABLE})"),
        port=rendering.port,
        context_length=context,
        parallel=None,
        tensor_parallel=per_replica,
        threads=_cpu_threads(accelerator),
        key_file=KEY_FILE,
        drain_seconds=rendering.drain_seconds,
    )  # fmt: skip
    effective.say("accelerator.class", spec.accelerator and spec.accelerator.class_, accelerator.name)
    effective.say("scaling.minReplicas", spec.scaling and spec.scaling.min_replicas, replicas)
    effective.say("engine.rubric", spec.engine and spec.engine.rubric, selection.edition)
    image = (spec.engine and spec.engine.image) or facts.images[rendering.image(accelerator)]
    effective.say("engine.image", spec.engine and spec.engine.image, image)
    gateway = plan_gateway(service, facts, launch.served_names[0], rendering, effective.say)
    return Plan(
        name=service.metadata.name,
        namespace=service.metadata.namespace,
        uid=service.metadata.uid,
        selection=selection,
        engine=engine,
        rendering=rendering,
        launch=launch,
        extra_args=(spec.engine and spec.engine.args) or (),
        extra_env=tuple((e.name, e.value) for e in (spec.engine and spec.engine.env) or ()),
        accelerator=accelerator,
        image=image,
        capacity=capacity,
        replicas=replicas,
        placement=_placement(accelerator, per_replica, capacity),
        weights=weights,
        startup_seconds=_startup_seconds(capacity),
        gateway=gateway,
        ladder=ladder,
        images=facts.images,
        cluster_domain=facts.cluster_domain,
        optional_apis=facts.optional_apis,
        effective=effective.said,
    )


class _Effective:
    """Collects every assumed value by its path; what the user said is not repeated."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def say(self, path: str, said: object, assumed: object) -> str:
        if said is None or said is False:
            self.said[path] = str(assumed)
            return str(assumed)
        return str(said)


def _assumed_accelerator(facts: ClusterFacts) -> AcceleratorClass | None:
    return None if facts.nodes is None else CPU


def _owned_argument(service: LLMService, rendering: Rendering) -> str | None:
    args = (service.spec.engine and service.spec.engine.args) or ()
    names = [arg.partition("=")[0] for arg in args]
    return next((name for name in names if name in rendering.owned_arguments), None)


def _size(
    service: LLMService, accelerator: AcceleratorClass
) -> tuple[Capacity | None, int, int, int | None] | Refusal:
    """Return (capacity, replicas, devices of one replica, context length), or why it does not fit."""
    spec = service.spec
    replicas = spec.scaling.min_replicas if spec.scaling and spec.scaling.min_replicas is not None else 1
    per_replica = spec.accelerator.per_replica if spec.accelerator else None
    model = resolve_model(spec.model)
    if accelerator.resource is None:
        return None, replicas, 1, spec.model.context_length
    if model is None:
        if per_replica is None:
            return Refusal(
                Reason.MODEL_FACTS_UNKNOWN,
                "the catalogue does not know this model: fill in spec.model.facts (parameters, layers, kvHeads,"
                " headDim, contextLength), or say spec.accelerator.perReplica",
            )
        return None, replicas, per_replica, spec.model.context_length
    context = spec.model.context_length or model.context_length
    workload = spec.workload
    lengths = (workload.input_tokens, workload.output_tokens) if workload else (None, None)
    median = sum(part.p50 for part in lengths if part) or None
    capacity = plan_capacity(
        model, accelerator, spec.model.quantization, replicas, context, median, per_replica,
        spec.accelerator.max_count if spec.accelerator else None,
    )  # fmt: skip
    if isinstance(capacity, DoesNotFit):
        return Refusal(Reason.DOES_NOT_FIT, capacity.why)
    return capacity, replicas, capacity.tensor_parallel, context


def _cpu_threads(accelerator: AcceleratorClass) -> int | None:
    return 1 if accelerator.resource is None else None


def _placement(accelerator: AcceleratorClass, per_replica: int, capacity: Capacity | None) -> Placement:
    resource = (accelerator.resource, per_replica) if accelerator.resource else None
    label = (accelerator.product_label, accelerator.products) if accelerator.product_label else None
    # Weights pass through host memory while they load; on the CPU they stay there.
    weights = capacity.weights_gib if capacity and capacity.weights_gib else 0.0
    memory = int((weights * 1.1 + 0.5) * 2**30)
    return Placement(resource, label, memory, 250 if resource is None else 1000)


LOAD_BYTES_PER_SECOND = 200 * 2**20
"""A slow network volume (200 MiB/s: the baseline of common cloud block storage); a faster one only means that the
budget is not used up."""
STARTUP_FLOOR_SECONDS = 600
"""Compilation and graph capture take 5-30 minutes on vLLM in the worst case (its own documentation)."""


def _startup_seconds(capacity: Capacity | None) -> int:
    weights = capacity.weights_gib if capacity and capacity.weights_gib else 0.0
    return STARTUP_FLOOR_SECONDS + int(weights * 2**30 / LOAD_BYTES_PER_SECOND)
