"""Each claim on its observation: take the observation away and see the claim go."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.golden_cases import all_ready, read

from llmstack.plan.plan import Plan, make_plan
from llmstack.render.manifests import Rendered, render
from llmstack.status.observed import GatewaySeen, Observed, PodSeen, pod_seen
from llmstack.status.summary import Memory, remembered, summarize


@pytest.fixture(scope="module")
def planned() -> tuple[Plan, Rendered]:
    plan = make_plan(*read("hosted-rung-on-cpu"))
    assert isinstance(plan, Plan)
    return plan, render(plan)


def without(component: str, problem: tuple[str, str] | None = None) -> Callable[[Observed], Observed]:
    def change(observed: Observed) -> Observed:
        pods = tuple(
            replace(pod, ready=False, problem=problem) if pod.component == component else pod
            for pod in observed.pods
        )
        return replace(observed, pods=pods)

    return change


def gateways(**changes: Any) -> Callable[[Observed], Observed]:
    def change(observed: Observed) -> Observed:
        return replace(observed, gateways=tuple(replace(g, **changes) for g in observed.gateways))

    return change


STALE = {"listener_manager.lds.version_text": "old"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda seen: seen, {"Ready": ("True", "Ready"), "ServingReady": ("True", "PoolReady"),
                             "GatewayReady": ("True", "ConfigLive"), "Reconciling": ("False", "Reconciled"),
                             "FailoverReady": ("True", "RungHealthy"), "Stalled": ("False", "NotStalled")}),
        (without("gateway"), {"Ready": ("False", "PodsNotReady"), "GatewayReady": ("False", "PodsNotReady")}),
        (gateways(versions=STALE), {"Ready": ("False", "ConfigNotLive"), "GatewayReady": ("False", "ConfigNotLive")}),
        (lambda seen: replace(seen, gateways=()), {"GatewayReady": ("False", "ConfigNotLive"),
                                                   "FailoverReady": ("Unknown", "NotObserved")}),
        (without("collector"), {"ObservabilityReady": ("False", "PodsNotReady"), "Ready": ("True", "Ready"),
                                "Reconciling": ("True", "Progressing")}),
        (without("engine", ("Download", "no such repository")), {"ServingReady": ("False", "ModelDownloadFailed")}),
        (without("engine", ("Unschedulable", "0/3 nodes")), {"ServingReady": ("False", "Unschedulable")}),
        (without("engine", ("Image", "x: not found")), {"ServingReady": ("False", "ImageNotAvailable")}),
        (without("engine", ("Engine", "exit code 1")), {"ServingReady": ("False", "EngineFailing")}),
        (without("engine", ("Loading", "")), {"ServingReady": ("False", "ModelLoading")}),
        (without("engine"), {"ServingReady": ("False", "PoolNotReady")}),
        (gateways(healthy={"local": 1, "hosted-house": 0}), {"FailoverReady": ("False", "RungUnhealthy")}),
        (gateways(healthy={"local": 0, "hosted-house": 1}), {"Ready": ("True", "RungAnswering"),
                                                             "FailoverActive": ("True", "RungAnswering")}),
        (gateways(healthy={}), {"Ready": ("False", "NoRungHealthy")}),
    ],
)  # fmt: skip
def test_a_claim_follows_its_observation(
    planned: tuple[Plan, Rendered],
    change: Callable[[Observed], Observed],
    wanted: dict[str, tuple[str, str]],
) -> None:
    plan, rendered = planned
    observed = change(all_ready(plan, rendered))
    decision = summarize(plan, rendered, observed, Memory(ready_generation=1), 1, 0.0)
    found = {c.type.value: (c.status, c.reason.value) for c in decision.conditions}
    assert {name: found[name] for name in wanted} == wanted


def test_ready_waits_for_the_pool_once_in_a_generation(planned: tuple[Plan, Rendered]) -> None:
    plan, rendered = planned
    cold = without("engine", ("Loading", ""))(all_ready(plan, rendered))
    first = summarize(plan, rendered, cold, Memory(), 1, 0.0)
    assert (first.conditions[0].status, first.conditions[0].reason) == ("False", "ModelLoading")
    warm = summarize(plan, rendered, all_ready(plan, rendered), first.memory, 1, 0.0)
    assert warm.conditions[0].status == "True"
    again = summarize(plan, rendered, cold, warm.memory, 1, 0.0)
    assert again.conditions[0].status == "True", "it was ready once, and a rung is healthy"
    assert summarize(plan, rendered, cold, warm.memory, 2, 0.0).conditions[0].status == "False"


def test_ready_survives_a_restart_of_the_operator_in_the_middle_of_an_outage(
    planned: tuple[Plan, Rendered],
) -> None:
    plan, rendered = planned
    cold = without("engine", ("Loading", ""))(all_ready(plan, rendered))
    ready = {"type": "Ready", "status": "True", "observedGeneration": 4}
    memory = remembered({"conditions": [ready]})
    assert summarize(plan, rendered, cold, memory, 4, 0.0).conditions[0].status == "True"
    assert summarize(plan, rendered, cold, memory, 5, 0.0).conditions[0].status == "False"
    assert remembered({"conditions": [{**ready, "status": "False"}]}) == Memory() == remembered({})


def test_a_gateway_pod_that_is_not_ready_is_not_waited_for(planned: tuple[Plan, Rendered]) -> None:
    plan, rendered = planned
    seen = all_ready(plan, rendered)
    starting = PodSeen("new", "gateway", None, False, False, None, None, None)
    decision = summarize(plan, rendered, replace(seen, pods=(*seen.pods, starting)), Memory(), 1, 0.0)
    assert next(c.status for c in decision.conditions if c.type == "GatewayReady") == "True"
    assert GatewaySeen("new", {}, {}, {}) not in seen.gateways


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", "labels": {"app.kubernetes.io/component": "engine"}}, "status": status}


FAILED = {"exitCode": 1, "message": "trying\nacme/x: RepositoryNotFoundError: 404\n"}


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ({}, None),
        ({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]},
         ("Unschedulable", "0/3 nodes are available")),
        ({"initContainerStatuses": [{"name": "model-download", "image": "d", "state": {"running": {}}}]},
         ("Downloading", "")),
        ({"initContainerStatuses": [{"name": "model-download", "image": "d", "state": {"terminated": FAILED}}]},
         ("Download", "acme/x: RepositoryNotFoundError: 404")),
        ({"initContainerStatuses": [{"name": "model-download", "image": "d", "lastState": {"terminated": FAILED},
                                     "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
         ("Download", "acme/x: RepositoryNotFoundError: 404")),
        ({"containerStatuses": [{"name": "engine", "image": "e", "state": {"running": {}}}]}, ("Loading", "")),
        ({"containerStatuses": [{"name": "engine", "image": "e", "lastState": {"terminated": FAILED},
                                 "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
         ("Engine", "exit code 1: acme/x: RepositoryNotFoundError: 404")),
        ({"containerStatuses": [{"name": "engine", "image": "e:1",
                                 "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}]},
         ("Image", "e:1: not found")),
    ],
)  # fmt: skip
def test_what_keeps_a_pod_is_read_off_it(status: dict[str, Any], problem: tuple[str, str] | None) -> None:
    assert pod_seen(pod(**status)).problem == problem
