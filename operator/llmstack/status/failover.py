"""`FailoverActive`: which rung answers, held long enough that people can see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmstack.api.conditions import Condition, ConditionType, Reason
from llmstack.plan.plan import Plan
from llmstack.status.layers import local_healthy
from llmstack.status.observed import Observed

HOLD_SECONDS = 30.0
"""architecture.md, decision 15: so that people can see it."""


@dataclass(frozen=True)
class FailoverMemory:
    """What is carried from pass to pass; it may be lost, and then only the hold is.

    Attributes:
        answered: (gateway Pod, rung) to requests answered, as last read.
        until: monotonic second until which the condition is held; None: not active.
        rung: the rung that answered last.
        looked: whether there was a look before; the first one of a process only takes the counters' stand.

    """

    answered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    until: float | None = None
    rung: str | None = None
    looked: bool = False


def failover_active(
    plan: Plan, observed: Observed, memory: FailoverMemory, now: float
) -> tuple[Condition, FailoverMemory]:
    """Decide the condition from the counters' movement since the last pass.

    Args:
        now: monotonic seconds.

    """
    kind = ConditionType.FAILOVER_ACTIVE
    counts = dict(memory.answered)
    rung, until = memory.rung, memory.until
    for gateway in observed.gateways:
        for entry in plan.ladder:
            key = (gateway.pod, entry.name)
            value = gateway.answered.get(entry.name, 0)
            # A Pod that came since the last look counts from zero.
            if memory.looked and value > counts.get(key, 0):
                rung, until = entry.name, now + HOLD_SECONDS
            counts[key] = value
    local = local_healthy(observed)
    if plan.ladder and observed.gateways and not local:
        rung, until = rung or plan.ladder[0].name, now + HOLD_SECONDS
    active = until is not None and now < until
    if not active:
        rung = until = None
    after = FailoverMemory(counts, until, rung, looked=True)
    if not active:
        message = "the local pool answers" if local else "no rung is in use"
        return Condition(kind, "False", Reason.LOCAL_ANSWERING, message), after
    return Condition(kind, "True", Reason.RUNG_ANSWERING, f"rung {rung} answers for the local pool"), after
