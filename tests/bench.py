"""`make bench`: the core's speed, in one process and on one core. Ratios within one run; never a timed test."""

from __future__ import annotations

import statistics
import time

from tests.golden_cases import read

from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.plan import Plan, make_plan
from llmstack.render.manifests import render
from llmstack.selection.facts import gather_facts
from llmstack.selection.select import select

SERVICES, RUNS = 1000, 5
CASE = "hosted-rung-on-cpu"


def main() -> None:
    """Print selection, plan and render of 1,000 services."""
    service, _ = read(CASE)
    facts = ClusterFacts(offline=True)

    def selection() -> None:
        select(gather_facts(service, ()))

    def plan() -> None:
        make_plan(service, facts)

    def all_of_it() -> None:
        planned = make_plan(service, facts)
        assert isinstance(planned, Plan)
        render(planned)

    for name, work in (
        ("selection", selection),
        ("selection + plan", plan),
        ("selection + plan + render", all_of_it),
    ):
        rates = []
        for _ in range(RUNS):
            started = time.process_time()
            for _ in range(SERVICES):
                work()
            rates.append(SERVICES / (time.process_time() - started))
        low, middle, high = min(rates), statistics.median(rates), max(rates)
        print(f"{name:<26} services/s per core: min {low:,.0f}  median {middle:,.0f}  max {high:,.0f}")


if __name__ == "__main__":
    main()
