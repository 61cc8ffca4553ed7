"""One service, decided: what runs where, who may call it, and where requests go when it cannot answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmstack.api.conditions import Reason
from llmstack.api.llmservice import LLMService
from llmstack.api.serving import is_gguf
from llmstack.catalog.accelerators import AcceleratorClass
from llmstack.catalog.engines import ENGINES
from llmstack.catalog.engines.base import Engine, Launch, Rendering
from llmstack.plan.capacity import Capacity
from llmstack.plan.gateway import GatewayPlan, plan_gateway
from llmstack.plan.implemented import unimplemented_in_service
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.ladder import MissingSecret, Rung, plan_ladder
from llmstack.plan.sizing import Placement, Size, Unsized, plan_placement, plan_size
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
        known = gather_facts(service, facts.nodes, facts.running)
    except UnknownAcceleratorError as error:
        return Refusal(Reason.INVALID, str(error))
    selection = select(known)
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
    if known.accelerator is None:
        return Refusal(
            Reason.INVALID,
            "spec.accelerator.class is not said and no cluster was looked at: say it, or pass --nodes",
            selection,
        )
    return _size_and_assemble(service, facts, selection, engine.rendering, known.accelerator)


def _size_and_assemble(
    service: LLMService,
    facts: ClusterFacts,
    selection: Selection,
    rendering: Rendering,
    accelerator: AcceleratorClass,
) -> Plan | Refusal:
    if wrong := _wrong_wish(service, selection, rendering):
        return Refusal(*wrong, selection)
    ladder = plan_ladder(service.spec.failover, facts)
    if isinstance(ladder, MissingSecret):
        return Refusal(Reason.SECRET_NOT_FOUND, ladder.message, selection)
    size = plan_size(service, accelerator)
    if isinstance(size, Unsized):
        return Refusal(size.reason, size.message, selection)
    return _assemble(service, facts, selection, rendering, accelerator, size, ladder)


def _wrong_wish(service: LLMService, selection: Selection, rendering: Rendering) -> tuple[Reason, str] | None:
    """Return what the user asks of the engine and cannot have, or None."""
    model, engine = service.spec.model, service.spec.engine
    names = [argument.partition("=")[0] for argument in (engine and engine.args) or ()]
    if owned := next((name for name in names if name in rendering.owned_arguments), None):
        return (
            Reason.ARGUMENT_OWNED,
            f"spec.engine.args: {owned} is set by the operator; say it in the spec or leave it out",
        )
    if is_gguf(model) and not model.source.endswith(".gguf"):
        return (
            Reason.INVALID,
            f"spec.model.source: {selection.engine} needs the file: {model.source}/NAME.gguf",
        )
    return None


def _assemble(
    service: LLMService,
    facts: ClusterFacts,
    selection: Selection,
    rendering: Rendering,
    accelerator: AcceleratorClass,
    size: Size,
    ladder: tuple[Rung, ...],
) -> Plan:
    spec, meta, effective = service.spec, service.metadata, Effective()
    weights = plan_weights(service)
    name = effective.say("model.servedName", spec.model.served_name, meta.name)
    effective.say("accelerator.class", spec.accelerator and spec.accelerator.class_, accelerator.name)
    effective.say("scaling.minReplicas", spec.scaling and spec.scaling.min_replicas, size.replicas)
    effective.say("engine.rubric", spec.engine and spec.engine.rubric, selection.edition)
    image = effective.say(
        "engine.image", spec.engine and spec.engine.image, facts.images[rendering.image(accelerator)]
    )
    launch = Launch(
        model=weights.path,
        served_names=(name, f"$({PROOF_VARIABLE})"),
        port=rendering.port,
        context_length=size.context_length,
        parallel=None,
        tensor_parallel=size.per_replica,
        threads=1 if accelerator.resource is None else None,
        key_file=KEY_FILE,
        drain_seconds=rendering.drain_seconds,
    )
    return Plan(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        selection=selection,
        engine=ENGINES[selection.engine],
        rendering=rendering,
        launch=launch,
        extra_args=(spec.engine and spec.engine.args) or (),
        extra_env=tuple((e.name, e.value) for e in (spec.engine and spec.engine.env) or ()),
        accelerator=accelerator,
        image=image,
        capacity=size.capacity,
        replicas=size.replicas,
        placement=plan_placement(accelerator, size),
        weights=weights,
        startup_seconds=size.startup_seconds,
        gateway=plan_gateway(service, facts, name, rendering, effective.say),
        ladder=ladder,
        images=facts.images,
        cluster_domain=facts.cluster_domain,
        optional_apis=facts.optional_apis,
        effective=effective.said,
    )


class Effective:
    """Collects every assumed value by its path; what the user said is not repeated."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def say(self, path: str, said: object, assumed: object) -> str:
        """Return what counts: what was said, else what is assumed, which is noted."""
        if said is None:
            self.said[path] = str(assumed)
            return str(assumed)
        return str(said)
