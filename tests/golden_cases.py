"""Golden cases: `llmservice.yaml` in; `selection.yaml`, `manifests.yaml` and `status.yaml` out.

`make golden` writes them again; look at the diff before you commit it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from llmstack.api.conditions import merge_conditions
from llmstack.api.llmservice import LLMService, parse_llmservice
from llmstack.api.load import load_manifests
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.plan import Plan, Refusal, make_plan
from llmstack.render.gateway.clusters import LOCAL, hosted
from llmstack.render.manifests import Rendered, render
from llmstack.selection.facts import node_accelerators
from llmstack.status.observed import ChildSeen, GatewaySeen, Observed, PodSeen
from llmstack.status.summary import Memory, StatusDecision, refused, selection_status, summarize

GOLDEN = Path(__file__).with_name("golden")
NOW = "2026-11-24T00:00:00Z"


def cases() -> list[str]:
    """Return the names of all cases."""
    return sorted(path.name for path in GOLDEN.iterdir() if (path / "llmservice.yaml").exists())


def read(case: str) -> tuple[LLMService, ClusterFacts]:
    """Return a case's input: the service and, from `nodes.yaml` if it is there, the cluster."""
    folder = GOLDEN / case
    service = parse_llmservice(load_manifests((folder / "llmservice.yaml").read_text())[0])
    nodes = folder / "nodes.yaml"
    found = node_accelerators(load_manifests(nodes.read_text())) if nodes.exists() else None
    return service, ClusterFacts(nodes=found, offline=True)


def all_ready(plan: Plan, rendered: Rendered) -> Observed:
    """Return what is seen when everything is as planned."""
    wanted = {"engine": plan.replicas, "gateway": plan.gateway.replicas, "collector": 1}
    pods = tuple(
        PodSeen(f"{component}-{n}", component, f"10.0.0.{n}", True, False, "node", None, None)
        for component, count in wanted.items()
        for n in range(count)
    )
    healthy = {LOCAL: plan.replicas, **{hosted(rung.name): 1 for rung in plan.ladder}}
    gateways = tuple(
        GatewaySeen(pod.name, rendered.gateway.versions, healthy, {})
        for pod in pods
        if pod.component == "gateway"
    )
    children = tuple(ChildSeen(m["kind"], m["metadata"]["name"], True) for m in rendered.manifests)
    return Observed(pods, gateways, children)


def outputs(case: str) -> dict[str, str]:
    """Return the three golden files of a case as they should be."""
    service, facts = read(case)
    plan = make_plan(service, facts)
    if isinstance(plan, Refusal):
        selection = selection_status(plan.selection) if plan.selection else {}
        return {"selection.yaml": dump(selection), "status.yaml": dump(_status(refused(plan)))}
    rendered = render(plan)
    decision = summarize(plan, rendered, all_ready(plan, rendered), Memory(), 1, 0.0)
    return {
        "selection.yaml": dump(selection_status(plan.selection)),
        "manifests.yaml": yaml.safe_dump_all(rendered.manifests, width=110),
        "status.yaml": dump(_status(decision)),
    }


def _status(decision: StatusDecision) -> dict[str, Any]:
    conditions = merge_conditions(decision.conditions, [], 1, NOW)
    return {"observedGeneration": 1, "conditions": conditions, **decision.fields}


def dump(value: Any) -> str:
    """Return YAML as the golden files have it."""
    return yaml.safe_dump(value, sort_keys=False, width=110)


def main() -> None:
    """Write every golden file."""
    for case in cases():
        folder = GOLDEN / case
        wanted = outputs(case)
        for name in ("selection.yaml", "manifests.yaml", "status.yaml"):
            (folder / name).unlink(missing_ok=True)
        for name, text in wanted.items():
            (folder / name).write_text(text)
    print(f"{len(cases())} cases written")


if __name__ == "__main__":
    main()
