"""Ready, Reconciling and Stalled: the summary of the layers, as kstatus reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmstack.api.conditions import Condition, ConditionType, Reason
from llmstack.catalog.engines import ENGINES
from llmstack.plan.plan import Plan, Refusal
from llmstack.render.manifests import Rendered
from llmstack.selection.select import Selection
from llmstack.status import layers
from llmstack.status.failover import FailoverMemory, failover_active
from llmstack.status.observed import Observed


@dataclass(frozen=True)
class Memory:
    """What is carried from pass to pass for one service.

    Attributes:
        ready_generation: the generation for which the local pool was ready once.

    """

    failover: FailoverMemory = field(default_factory=FailoverMemory)
    ready_generation: int | None = None


def remembered(status: Mapping[str, Any]) -> Memory:
    """Return what a status that was written before says: the pool was ready in that generation if Ready was True."""
    for condition in status.get("conditions", []):
        if condition["type"] == ConditionType.READY and condition["status"] == "True":
            return Memory(ready_generation=condition.get("observedGeneration"))
    return Memory()


@dataclass(frozen=True)
class StatusDecision:
    """What is written to `status`, and what is remembered.

    Attributes:
        fields: everything but conditions and observedGeneration.

    """

    conditions: tuple[Condition, ...]
    fields: dict[str, Any]
    memory: Memory


def refused(refusal: Refusal) -> StatusDecision:
    """Return the status of a service about which nothing can be decided."""
    conditions = (
        Condition(ConditionType.READY, "False", refusal.reason, refusal.message),
        Condition(ConditionType.RECONCILING, "False", refusal.reason, "waiting for a change of the spec"),
        Condition(ConditionType.STALLED, "True", refusal.reason, refusal.message),
    )
    fields = {"selection": selection_status(refusal.selection)} if refusal.selection else {}
    return StatusDecision(conditions, fields, Memory())


def summarize(
    plan: Plan,
    rendered: Rendered,
    observed: Observed,
    memory: Memory,
    generation: int,
    now: float,
    suspended: bool = False,
) -> StatusDecision:
    """Return the status of a service that is planned.

    Args:
        now: monotonic seconds, for the hold of FailoverActive only.

    """
    serving = layers.serving_ready(plan, observed)
    gateway = layers.gateway_ready(plan, rendered.gateway, observed)
    collector = layers.observability_ready(observed)
    rungs = layers.failover_ready(plan, observed)
    active, failover = failover_active(plan, observed, memory.failover, now)
    once = generation if serving.status == "True" else memory.ready_generation
    ready = _ready(plan, serving, gateway, observed, once == generation)
    settled = all(c.status == "True" for c in (ready, serving, gateway, collector)) and _complete(
        plan, observed
    )
    conditions = (
        ready,
        _reconciling(settled, suspended, next((c for c in (gateway, serving, collector) if c.status != "True"), ready)),
        Condition(ConditionType.STALLED, "False", Reason.NOT_STALLED, "nothing is in the way"),
        _selected(plan.selection),
        _capacity(plan),
        serving,
        gateway,
        collector,
        rungs,
        active,
    )  # fmt: skip
    return StatusDecision(conditions, _fields(plan, observed), Memory(failover, once))


def _complete(plan: Plan, observed: Observed) -> bool:
    """Tell whether every Pod that was planned is ready."""
    wanted = {"engine": plan.replicas, "gateway": plan.gateway.replicas}
    return all(sum(pod.ready for pod in observed.of(part)) >= count for part, count in wanted.items())


def _ready(plan: Plan, serving: Condition, gateway: Condition, observed: Observed, once: bool) -> Condition:
    """Decide Ready: the gateway answers, a rung is healthy, the pool was ready once for this generation."""
    kind = ConditionType.READY
    if gateway.status != "True":
        return Condition(kind, "False", gateway.reason, gateway.message)
    if not once:
        return Condition(kind, "False", serving.reason, serving.message)
    if layers.local_healthy(observed):
        return Condition(kind, "True", Reason.READY, f"{plan.engine.name} answers through the gateway")
    if layers.rung_healthy(plan, observed):
        return Condition(
            kind, "True", Reason.RUNG_ANSWERING, "a rung of the ladder answers for the local pool"
        )
    return Condition(
        kind, "False", Reason.NO_RUNG_HEALTHY, f"neither the pool nor a rung is healthy: {serving.message}"
    )


def _reconciling(settled: bool, suspended: bool, waiting_for: Condition) -> Condition:
    kind = ConditionType.RECONCILING
    if suspended:
        return Condition(kind, "False", Reason.SUSPENDED, "spec.suspend is set: nothing is written")
    if settled:
        return Condition(kind, "False", Reason.RECONCILED, "everything is as planned")
    return Condition(kind, "True", Reason.PROGRESSING, waiting_for.message)


def _selected(selection: Selection) -> Condition:
    reason = Reason.PINNED if selection.confidence == "Pinned" else Reason.SELECTED
    return Condition(ConditionType.ENGINE_SELECTED, "True", reason, selection.why)


def _capacity(plan: Plan) -> Condition:
    kind, capacity = ConditionType.CAPACITY_PLANNED, plan.capacity
    if capacity is None:
        return Condition(
            kind, "Unknown", Reason.MODEL_FACTS_UNKNOWN,
            "no capacity is claimed: this model's facts are unknown, or it runs on the CPU (spec.model.facts)",
        )  # fmt: skip
    return Condition(
        kind, "True", Reason.PLANNED,
        f"{capacity.replicas} x {capacity.tensor_parallel} {plan.accelerator.name}:"
        f" {capacity.weights_gib} GiB of weights, {capacity.kv_cache_tokens} tokens of KV cache in each replica",
    )  # fmt: skip


def selection_status(selection: Selection) -> dict[str, Any]:
    """Return `status.selection`; `explain --json` prints exactly this."""
    return {
        "engine": selection.engine,
        "edition": selection.edition,
        "leaf": selection.leaf,
        "why": selection.why,
        "evidence": "None",
        "confidence": selection.confidence,
        "verified": ENGINES[selection.engine].verified,
        "rejected": [{"engine": r.engine, "why": r.why, "hard": r.hard} for r in selection.rejected],
    }


def capacity_status(plan: Plan) -> dict[str, Any]:
    """Return `status.capacity`; `plan --json` prints exactly this."""
    status: dict[str, Any] = {
        "replicas": plan.replicas,
        "tensorParallel": plan.launch.tensor_parallel,
        "accelerator": plan.accelerator.name,
    }
    if plan.capacity is not None:
        status["weightsGiB"] = plan.capacity.weights_gib
        status["kvCacheTokens"] = plan.capacity.kv_cache_tokens
        status["maxConcurrency"] = plan.capacity.max_concurrency
    return status


def _fields(plan: Plan, observed: Observed) -> dict[str, Any]:
    ready = sum(pod.ready for pod in observed.of("engine"))
    fields: dict[str, Any] = {
        "url": f"http://{plan.name}.{plan.namespace}.svc:8080/v1",
        "replicas": f"{ready}/{plan.replicas}",
        "selection": selection_status(plan.selection),
        "capacity": capacity_status(plan),
        "effective": dict(plan.effective),
        "children": [{"kind": c.kind, "name": c.name, "ready": c.ready} for c in observed.children],
    }
    advice = plan.selection.recommendation
    if advice is not None:
        fields["recommendation"] = {"engine": advice.engine, "edition": advice.edition, "why": advice.why}
    return fields
