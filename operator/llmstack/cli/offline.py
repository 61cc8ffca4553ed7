"""`explain`, `plan` and `render`: the core, without a cluster."""

import argparse
import json
import sys
from pathlib import Path

import yaml
from pydantic import ValidationError

from llmstack.api.llmservice import LLMService, parse_llmservice
from llmstack.api.load import ManifestError, load_manifests
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.plan import Plan, Refusal, make_plan
from llmstack.render.manifests import render
from llmstack.selection.facts import node_accelerators
from llmstack.selection.select import Selection
from llmstack.status.summary import capacity_status, selection_status


class InputError(Exception):
    """What the user gave cannot be used; the message says what and why."""


def run(arguments: argparse.Namespace) -> int:
    """Run one of the offline commands."""
    try:
        service = read_service(arguments.file)
        facts = read_facts(arguments.nodes)
        plan = make_plan(service, facts)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if arguments.command == "explain":
        return _explain(service, plan, as_json=arguments.json)
    if isinstance(plan, Refusal):
        print(f"refused ({plan.reason}): {plan.message}", file=sys.stderr)
        return 1
    if arguments.command == "plan":
        print(json.dumps(capacity_status(plan), indent=2) if arguments.json else _working(plan))
    else:
        print(yaml.safe_dump_all(render(plan).manifests, sort_keys=False), end="")
    return 0


def read_service(name: str) -> LLMService:
    """Read the one LLMService of a file.

    Raises:
        InputError: no file, no YAML, no LLMService in it, or a field is wrong.

    """
    manifests = [m for m in _manifests(name) if m.get("kind") == "LLMService"]
    if len(manifests) != 1:
        raise InputError(f"{name}: one LLMService is needed, {len(manifests)} are there")
    try:
        return parse_llmservice(manifests[0])
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'LLMService'}: {e['msg']}" for e in error.errors()]
        raise InputError(f"{name}: " + "; ".join(lines)) from error


def read_facts(nodes: str | None) -> ClusterFacts:
    """Read the facts that an offline command has: the nodes, if they were given."""
    if nodes is None:
        return ClusterFacts(offline=True)
    return ClusterFacts(nodes=node_accelerators(_manifests(nodes)), offline=True)


def _manifests(name: str) -> list[dict[str, object]]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return load_manifests(text, name)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from error
    except ManifestError as error:
        raise InputError(str(error)) from error


def _explain(service: LLMService, plan: Plan | Refusal, *, as_json: bool) -> int:
    selection = plan.selection
    if selection is None:
        assert isinstance(plan, Refusal)  # noqa: S101 — a plan always has a selection
        print(f"refused ({plan.reason}): {plan.message}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(selection_status(selection), indent=2))
    else:
        print(explanation(service.metadata.name, selection))
    if isinstance(plan, Refusal):
        print(f"note: it would not be run yet ({plan.reason}): {plan.message}", file=sys.stderr)
    return 0


def explanation(name: str, selection: Selection) -> str:
    """Return the text of `explain`."""
    status = selection_status(selection)
    verified = "" if status["verified"] == "Ran" else " (parser-only: it has not run in our tests)"
    lines = [
        f"{name}: {selection.engine}{verified}",
        f"  leaf        {selection.leaf} of rubric {selection.edition}",
        f"  why         {selection.why}",
        f"  confidence  {selection.confidence}, evidence: {status['evidence']}",
        "  rejected",
    ]
    width = max(len(rejection.engine) for rejection in selection.rejected)
    for rejection in selection.rejected:
        word = "cannot" if rejection.hard else "not chosen"
        lines.append(f"    {rejection.engine:<{width}}  {word:<10}  {rejection.why}")
    if selection.recommendation is not None:
        advice = selection.recommendation
        lines.append(f"  recommended {advice.engine} by rubric {advice.edition}: {advice.why}")
    return "\n".join(lines)


def _working(plan: Plan) -> str:
    lines = [f"{plan.name}: {plan.replicas} x {plan.launch.tensor_parallel} {plan.accelerator.name}"]
    if plan.capacity is None:
        lines.append("  no capacity is claimed: the model's facts are unknown, or it runs on the CPU")
    else:
        lines += [
            f"  weights      {plan.capacity.weights_gib} GiB in each replica",
            f"  KV cache     {plan.capacity.kv_cache_tokens} tokens in each replica",
            f"  concurrency  {plan.capacity.max_concurrency} requests in each replica",
        ]
    lines.append("  assumed")
    lines += [f"    {path}: {value}" for path, value in sorted(plan.effective.items())]
    return "\n".join(lines)
