from llmstack.api.conditions import Condition, ConditionType, Reason, merge_conditions

READY = Condition(ConditionType.READY, "True", Reason.READY, "answers")


def test_the_transition_time_stays_while_the_status_stays() -> None:
    first = merge_conditions([READY], [], 1, "T1")
    again = Condition(ConditionType.READY, "True", Reason.RUNG_ANSWERING, "a rung answers")
    second = merge_conditions([again], first, 2, "T2")
    assert second[0]["lastTransitionTime"] == "T1"
    assert second[0]["reason"] == "RungAnswering"
    assert second[0]["observedGeneration"] == 2


def test_the_transition_time_moves_with_the_status() -> None:
    first = merge_conditions([READY], [], 1, "T1")
    down = Condition(ConditionType.READY, "False", Reason.NO_RUNG_HEALTHY, "nothing answers")
    assert merge_conditions([down], first, 1, "T2")[0]["lastTransitionTime"] == "T2"


def test_a_condition_that_nobody_decides_any_more_goes() -> None:
    live = [{"type": "Old", "status": "True", "lastTransitionTime": "T0"}]
    assert [c["type"] for c in merge_conditions([READY], live, 1, "T1")] == ["Ready"]
