from dataclasses import replace

import pytest
from tests.golden_cases import all_ready, read

from llmstack.plan.plan import Plan, make_plan
from llmstack.render.manifests import render
from llmstack.status.failover import HOLD_SECONDS, FailoverMemory, failover_active
from llmstack.status.observed import GatewaySeen, Observed


@pytest.fixture(scope="module")
def plan() -> Plan:
    made = make_plan(*read("hosted-rung-on-cpu"))
    assert isinstance(made, Plan)
    return made


def observed(local: int, answered: int, pod: str = "g-0") -> Observed:
    return Observed((), (GatewaySeen(pod, {}, {"local": local, "hosted-house": 1}, {"house": answered}),), ())


def test_is_false_while_the_pool_answers(plan: Plan) -> None:
    condition, _ = failover_active(plan, observed(1, 0), FailoverMemory(), 0)
    assert (condition.status, condition.reason) == ("False", "LocalAnswering")


def test_turns_when_a_rung_has_answered_although_the_pool_is_healthy_again(plan: Plan) -> None:
    _, memory = failover_active(plan, observed(1, 0), FailoverMemory(), 0)
    condition, memory = failover_active(plan, observed(1, 3), memory, 10)
    assert condition.status == "True"
    assert condition.message == "rung house answers for the local pool"
    condition, memory = failover_active(plan, observed(1, 3), memory, 10 + HOLD_SECONDS - 1)
    assert condition.status == "True"
    condition, _ = failover_active(plan, observed(1, 3), memory, 10 + HOLD_SECONDS)
    assert condition.status == "False"


def test_turns_when_the_pool_is_gone_before_any_request_came(plan: Plan) -> None:
    condition, _ = failover_active(plan, observed(0, 0), FailoverMemory(), 0)
    assert condition.status == "True"


def test_what_a_rung_answered_before_the_operator_started_is_no_news(plan: Plan) -> None:
    condition, memory = failover_active(plan, observed(1, 50), FailoverMemory(), 0)
    assert condition.status == "False"
    condition, _ = failover_active(plan, observed(1, 51), memory, 15)
    assert condition.status == "True"


def test_a_gateway_pod_that_came_since_counts_from_zero(plan: Plan) -> None:
    _, memory = failover_active(plan, observed(1, 0), FailoverMemory(), 0)
    condition, _ = failover_active(plan, observed(1, 2, pod="g-new"), memory, 15)
    assert condition.status == "True"


def test_a_counter_that_began_again_is_no_answer(plan: Plan) -> None:
    _, memory = failover_active(plan, observed(1, 50), FailoverMemory(), 0)
    condition, _ = failover_active(plan, observed(1, 0), memory, HOLD_SECONDS + 1)
    assert condition.status == "False"


def test_without_a_report_nothing_is_claimed(plan: Plan) -> None:
    condition, _ = failover_active(
        plan, replace(all_ready(plan, render(plan)), gateways=()), FailoverMemory(), 0
    )
    assert condition.status == "False"
