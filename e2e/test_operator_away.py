"""The operator is at zero replicas while an engine Pod moves and a gateway Pod restarts: no request notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from e2e.cluster import kind, stack
from e2e.harness import Service, wait_for
from e2e.load import Load, Outcome

pytestmark = pytest.mark.e2e


@pytest.fixture
def operator_comes_back() -> Iterator[None]:
    yield
    _operator(2)


def _operator(replicas: int) -> None:
    where = ("-n", stack.OPERATOR_NAMESPACE)
    kind.kubectl(*where, "scale", "deployment/llmstack-operator", f"--replicas={replicas}")
    if replicas == 0:
        kind.kubectl(*where, "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/component=operator",
                     "--timeout=60s")  # fmt: skip
    else:
        kind.kubectl(
            *where, "rollout", "status", "deployment/llmstack-operator", "--timeout=120s", timeout=150
        )


@pytest.mark.usefixtures("operator_comes_back")
def test_operator_away(service: Callable[..., Service]) -> None:
    chat = service()
    stack.hosted_secrets(chat.namespace)
    chat.apply(failover={"ladder": [stack.hosted_rung()]})
    chat.wait_ready()
    _operator(0)
    outcome, before, after = asyncio.run(_story(chat))

    assert outcome.failed == []
    assert outcome.looked_complete == 0
    assert before != after
    # The local pool is found at its new address, by DNS alone.
    assert [model for _, model in outcome.timeline[-20:]] == ["chat"] * 20


async def _story(chat: Service) -> tuple[Outcome, str, str]:
    load = Load(chat, rate=8, seconds=200)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(4)
    before, after = await asyncio.to_thread(_move_engine, chat)
    await asyncio.to_thread(_restart_gateway, chat)
    await asyncio.sleep(8)
    load.stop()
    return await running, before, after


def _move_engine(chat: Service) -> tuple[str, str]:
    """Make the engine's Pod come up on the other worker; return both nodes."""
    (pod,) = chat.pods("engine")
    node, name = pod["spec"]["nodeName"], pod["metadata"]["name"]
    kind.kubectl("cordon", node)
    try:
        kind.kubectl("-n", chat.namespace, "delete", "pod", name, "--wait=false")

        def moved() -> str | None:
            pods = [p for p in chat.pods("engine") if p["metadata"]["name"] != name]
            ready = [p for p in pods if _ready(p)]
            return str(ready[0]["spec"]["nodeName"]) if ready else None

        return node, str(wait_for("the engine is ready on the other node", 120, moved))
    finally:
        kind.kubectl("uncordon", node)


def _restart_gateway(chat: Service) -> None:
    names = {pod["metadata"]["name"] for pod in chat.pods("gateway")}
    kind.kubectl("-n", chat.namespace, "delete", "pod", min(names), "--wait=false")
    wait_for(
        "two gateway Pods are ready again", 120,
        lambda: sum(_ready(p) for p in chat.pods("gateway")) == 2
        and {p["metadata"]["name"] for p in chat.pods("gateway")} != names,
    )  # fmt: skip


def _ready(pod: dict[str, object]) -> bool:
    status = pod["status"]
    assert isinstance(status, dict)
    return any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
