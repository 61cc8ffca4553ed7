"""`make demo`: the main job, shown with the real objects. It ends by itself and cleans up what it started."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
import textwrap
import time

from e2e.cluster import docker, kind, stack
from e2e.cluster.cache import BIN, KEEP, REPOSITORY, StepFailed, say
from e2e.harness import (
    Json,
    Service,
    collector_metrics,
    get,
    hold_engine_down,
    spans,
    wait_for,
)
from e2e.load import Load, Outcome

NAMESPACE, PORT, DOWN = "demo", 30080, 30.0
SAMPLE = REPOSITORY / "manifests" / "samples" / "llmservice.yaml"
WITH_RUNG = REPOSITORY / "manifests" / "samples" / "llmservice-with-hosted-rung.yaml"
_checks: list[tuple[str, bool]] = []


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def show(command: str, hide: str = "") -> str:
    """Run a command line and print it with its output, as a user would see it; `hide` is shown as $KEY."""
    shown = command.replace(hide, "$KEY") if hide else command
    print(f"$ {shown}", flush=True)
    result = subprocess.run(
        shlex.split(command), capture_output=True, text=True, env=kind.environment(), timeout=180, check=False
    )
    text = (result.stdout + result.stderr).strip()
    print(textwrap.indent("\n".join(line[:400] for line in text.splitlines()[:40]), "  "), flush=True)
    return text


def check(what: str, *, holds: bool) -> None:
    """Note whether a claim of the demo holds."""
    _checks.append((what, holds))
    print(f"  {'ok  ' if holds else 'FAIL'} {what}", flush=True)


def bring_up() -> Service:
    """Bring up cluster, operator, hosted stand-in and the sample service."""
    title("0. A cluster, the operator from its own chart, and a service of a few lines")
    kind.ensure()
    overrides = stack.install_operator()
    stack.install_hosted_api(overrides["operator"])
    stack.delete_namespace(NAMESPACE)
    stack.namespace(NAMESPACE)
    stack.hosted_secrets(NAMESPACE)
    show("kubectl get nodes")
    show(f"kubectl -n {stack.OPERATOR_NAMESPACE} get deployment llmstack-operator")
    print(textwrap.indent(WITH_RUNG.read_text(), "  | "))
    show(f"kubectl -n {NAMESPACE} apply -f {WITH_RUNG.relative_to(REPOSITORY)}")
    service = Service(NAMESPACE, "chat", stack.expose(NAMESPACE, "chat", PORT))
    started = time.monotonic()
    while (
        service.conditions().get("Reconciling", {}).get("status") != "False"
        and time.monotonic() - started < 120
    ):
        reconciling = service.conditions().get("Reconciling", {})
        say(f"waiting: {reconciling.get('message', 'the operator has not looked yet')}")
        time.sleep(1.5)
    service.wait_ready()
    service.wait_condition("FailoverReady", "True", 30)
    say(f"Ready {time.monotonic() - started:.0f} s after apply")
    return service


def what_was_chosen() -> None:
    """Step a."""
    title("a. What was chosen, and why")
    row = show(f"kubectl -n {NAMESPACE} get llmsvc")
    check("llmsvc is Ready, llama.cpp is chosen, the URL is there",
          holds=all(w in row for w in ("True", "llama.cpp", f"http://chat.{NAMESPACE}.svc:8080/v1")))  # fmt: skip
    nodes = BIN.parent / "work" / "nodes.json"
    nodes.parent.mkdir(parents=True, exist_ok=True)
    nodes.write_text(kind.kubectl("get", "nodes", "-o", "json"))
    text = show(f"kubectl llmstack explain {WITH_RUNG.relative_to(REPOSITORY)} --nodes {nodes}")
    check("explain names leaf, why and the rejected engines",
          holds=all(w in text for w in ("below-data-centre", "no data-centre GPU", "rejected")))  # fmt: skip
    offline = subprocess.run(
        [BIN / "kubectl-llmstack", "explain", WITH_RUNG, "--nodes", nodes, "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    same = json.loads(offline.stdout) == get("-n", NAMESPACE, "llmservice", "chat")["status"]["selection"]
    check("explain --json, offline, is exactly status.selection", holds=same)


def answers(service: Service) -> None:
    """Steps b and c."""
    title("b. A chat completion, a streamed one, and one without the key, through Envoy")
    url = f"{service.url}/v1/chat/completions"
    before = collector_metrics(service)
    body = {"model": "chat", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 6}
    key = f"-H 'Authorization: Bearer {service.key}'"
    kind_ = "-H 'Content-Type: application/json'"
    plain = show(f"curl -s {url} {key} {kind_} -d '{json.dumps(body)}'", service.key)
    streamed = show(f"curl -sN {url} {key} {kind_} -d '{json.dumps({**body, 'stream': True})}'", service.key)
    refused = show(f"curl -s {url} {kind_} -d '{json.dumps(body)}' -w '\\n%{{http_code}}'")
    usage = json.loads(plain)["usage"]
    check("the local engine computed 6 tokens", holds=usage["completion_tokens"] == 6)
    check("the stream ends with [DONE]", holds=streamed.rstrip().endswith("data: [DONE]"))
    check("without the key: 401 in the OpenAI error shape",
          holds='"code":"invalid_api_key"' in refused and refused.endswith("401"))  # fmt: skip

    title("c. The GenAI spans and the tenant's token counters of exactly these requests")
    tenant = f"{NAMESPACE}/chat"
    end = f'llmstack_rung="local",tenant_id="{tenant}"}}'
    series = {
        direction: f'gen_ai_client_token_usage_total{{gen_ai_request_model="chat",gen_ai_token_type="{direction}",{end}'
        for direction in ("input", "output")
    }
    wanted = {series["input"]: 2 * usage["prompt_tokens"], series["output"]: 12}

    def counted() -> bool:
        now = collector_metrics(service)
        return all(now.get(name, 0) - before.get(name, 0) == count for name, count in wanted.items())

    wait_for("the collector has counted", 20, counted)
    for name, count in wanted.items():
        print(f"  {name} +{count}")
    wait_for("the spans are there", 20, lambda: len(_genai_spans(service)) >= 2)
    for span in _genai_spans(service)[-2:]:
        shown = {
            k: v for k, v in span["attributes"].items() if k.startswith(("gen_ai", "tenant", "llmstack.rung"))
        }
        print(f"  span {span['name']!r} {json.dumps(shown)}")
    check("counters and spans say what the answers said", holds=counted())


def _genai_spans(service: Service) -> list[Json]:
    return [
        s
        for s in spans(service)
        if s["name"] == "chat chat" and "gen_ai.usage.output_tokens" in s["attributes"]
    ]


async def _failover(service: Service) -> Outcome:
    load = Load(service, rate=8, seconds=240)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(4)
    say(f"killing the engine, and holding it down for {DOWN:.0f} s")
    holding = asyncio.create_task(asyncio.to_thread(hold_engine_down, service, DOWN))
    await asyncio.to_thread(service.wait_condition, "FailoverActive", "True", 30)
    await asyncio.to_thread(show, f"kubectl -n {NAMESPACE} get llmsvc")
    killed = await holding
    say(f"the engine was killed {killed} times; waiting for it to come back")
    await asyncio.to_thread(service.wait_condition, "ServingReady", "True", 120)
    await asyncio.sleep(6)
    load.stop()
    return await running


def failover(service: Service) -> None:
    """Step d."""
    title(f"d. The engine killed and held down for {DOWN:.0f} s under a running client loop")
    outcome = asyncio.run(_failover(service))
    total = outcome.answered + outcome.streamed + outcome.cut + len(outcome.failed)
    print(
        f"  requests {total}: answered by {outcome.models}; cut streams {outcome.cut}; failed {len(outcome.failed)}"
    )
    check("zero failed requests", holds=not outcome.failed)
    check("answers went on from the hosted rung", holds=outcome.models.get(stack.HOSTED_MODEL, 0) > 0)
    check("no cut stream looked complete", holds=outcome.looked_complete == 0)
    check("the local engine answers again", holds=[m for _, m in outcome.timeline[-10:]] == ["chat"] * 10)
    service.wait_condition("FailoverActive", "False", 90)
    show(f"kubectl -n {NAMESPACE} get llmsvc")


def gone() -> None:
    """Step e."""
    title("e. kubectl delete llmsvc: everything gone")
    show(f"kubectl -n {NAMESPACE} delete llmsvc chat")
    kinds = (
        "deployments,pods,services,configmaps,secrets,networkpolicies,poddisruptionbudgets,serviceaccounts"
    )
    where = ("-n", NAMESPACE, "get", kinds, "-l", "app.kubernetes.io/managed-by=llmstack", "-o", "name")
    wait_for("nothing is left", 90, lambda: not kind.kubectl(*where).strip() or None)
    left = show(f"kubectl {' '.join(where)}")
    check("nothing of the service is left behind", holds=not left)


def main() -> int:
    """Run the demo; return 0 when every claim held."""
    started, made = time.monotonic(), not docker.answers()
    try:
        service = bring_up()
        what_was_chosen()
        answers(service)
        failover(service)
        gone()
    except (StepFailed, AssertionError) as error:
        print(f"error: {error}", file=sys.stderr)
        _checks.append((str(error).splitlines()[0][:100], False))
    finally:
        if not KEEP.exists():
            say("cleaning up")
            kind.delete()
            if made:
                docker.stop()
    held = sum(good for _, good in _checks)
    title(f"Summary: {held} of {len(_checks)} claims held, {time.monotonic() - started:.0f} s")
    for what, good in _checks:
        print(f"  {'ok  ' if good else 'FAIL'} {what}")
    return 0 if held == len(_checks) else 1


if __name__ == "__main__":
    sys.exit(main())
