"""A user applies seven lines and gets an answer through all four layers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from e2e.cluster import kind
from e2e.harness import Service, client, collector_metrics, get, spans, wait_for

pytestmark = pytest.mark.e2e


def test_install_and_answer(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply()
    chat.wait_ready()
    live = chat.live()
    assert live["status"]["selection"]["engine"] == "llama.cpp"
    assert live["status"]["url"] == f"http://chat.{chat.namespace}.svc:8080/v1"
    assert live["metadata"].get("finalizers") is None
    row = kind.kubectl("-n", chat.namespace, "get", "llmsvc", "chat")
    assert all(word in row for word in ("True", "llama.cpp", "1/1"))

    status, body = chat.ask_once()
    assert status == 200, body
    assert body["usage"]["completion_tokens"] == 8
    output, prompt = 8, body["usage"]["prompt_tokens"]
    streamed = asyncio.run(_stream(chat))
    assert streamed["completion_tokens"] == 5
    status, body = chat.ask_once(key="wrong")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")

    tenant = f"{chat.namespace}/chat"
    series = (
        f'gen_ai_request_model="chat",gen_ai_token_type="{{}}",llmstack_rung="local",tenant_id="{tenant}"'
    )
    wanted = {
        f"gen_ai_client_token_usage_total{{{series.format('input')}}}": 2.0 * prompt,
        f"gen_ai_client_token_usage_total{{{series.format('output')}}}": output + 5.0,
    }
    wait_for(
        f"the collector counts {wanted}", 15,
        lambda: (seen := collector_metrics(chat)) and all(seen.get(k) == v for k, v in wanted.items()),
    )  # fmt: skip

    def answers() -> list[tuple[int, str]]:
        attributes = [span["attributes"] for span in spans(chat) if span["name"] == "chat chat"]
        used = [each for each in attributes if "gen_ai.usage.output_tokens" in each]
        return sorted((int(each["gen_ai.usage.output_tokens"]), each["tenant.id"]) for each in used)

    # Envoy sends spans every five seconds.
    wait_for("the GenAI spans of both answers", 20, lambda: answers() == [(5, tenant), (8, tenant)])


async def _stream(chat: Service) -> dict[str, int]:
    async with client() as session, await chat.ask(session, stream=True, max_tokens=5) as answer:
        assert answer.content_type == "text/event-stream"
        lines = (await answer.text()).split("\n\n")
    assert lines[-2] == "data: [DONE]"
    usage: dict[str, int] = json.loads(lines[-3][6:])["usage"]
    return usage


def test_pods_are_restricted(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply()
    chat.wait_ready()
    # The namespace enforces the restricted profile: that the Pods run at all is the proof; the rest is ours.
    for pod in get("-n", chat.namespace, "pods")["items"]:
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False
        assert not [v for v in pod["spec"]["volumes"] if "token" in v["name"]]
