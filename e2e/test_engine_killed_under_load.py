"""The engine is killed and held down under load: answers go on from the hosted rung, and come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from e2e.cluster import stack
from e2e.harness import Service, collector_metrics, hold_engine_down, wait_for
from e2e.load import Load, Outcome

pytestmark = pytest.mark.e2e
DOWN = 30.0


def test_engine_killed_under_load(service: Callable[..., Service]) -> None:
    chat = service()
    stack.hosted_secrets(chat.namespace)
    chat.apply(failover={"ladder": [stack.hosted_rung()]})
    chat.wait_ready()
    chat.wait_condition("FailoverReady", "True", 30)
    chat.wait_condition("FailoverActive", "False", 60)
    outcome, turned_after, killed = asyncio.run(_story(chat))

    assert killed >= 1
    assert outcome.failed == []
    assert outcome.looked_complete == 0
    assert outcome.models.get(stack.HOSTED_MODEL, 0) > 0
    assert turned_after < 20
    assert [model for _, model in outcome.timeline[-20:]] == ["chat"] * 20
    chat.wait_condition("FailoverActive", "False", 90)
    assert outcome.cut >= 1
    # Envoy and the client count independently of each other.
    wait_for("every cut stream is counted", 15, lambda: _cut(chat) == outcome.cut)


def _cut(chat: Service) -> float:
    return sum(v for k, v in collector_metrics(chat).items() if k.startswith("llmstack_gateway_cut_streams"))


async def _story(chat: Service) -> tuple[Outcome, float, int]:
    load = Load(chat, rate=8, seconds=240, stream_tokens=100)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(5)
    while not load.streaming:  # noqa: ASYNC110 — a stream is on its way when the engine dies
        await asyncio.sleep(0.01)
    down_at = time.monotonic()
    holding = asyncio.create_task(asyncio.to_thread(hold_engine_down, chat, DOWN))
    await asyncio.to_thread(chat.wait_condition, "FailoverActive", "True", 30)
    turned_after = time.monotonic() - down_at
    killed = await holding
    await asyncio.to_thread(chat.wait_condition, "ServingReady", "True", 120)
    await asyncio.sleep(8)
    load.stop()
    return await running, turned_after, killed
