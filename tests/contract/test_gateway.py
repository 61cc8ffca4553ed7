"""The rendered gateway on the real Envoy: who may pass, what may pass, and where it goes."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest
from tests.contract.conftest import Stack, plan_of

from llmstack.plan.inputs import Generated
from llmstack.render.gateway.config import gateway_config

pytestmark = pytest.mark.contract
HELLO: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}


class TestAuthentication:
    @pytest.mark.parametrize("key", ["", "wrong", "generated-api-ke"])
    async def test_a_wrong_key_gets_401_in_the_openai_shape(self, stack: Stack, key: str) -> None:
        answer = await stack.post(HELLO, key=key)
        error = (await answer.json())["error"]
        assert (answer.status, error["code"], error["type"]) == (
            401,
            "invalid_api_key",
            "authentication_error",
        )
        assert not stack.engine.seen

    async def test_neither_the_clients_key_nor_its_headers_reach_the_engine(self, stack: Stack) -> None:
        spoofed = {
            "x-llm-client": "other/tenant/key",
            "x-data-parallel-rank": "3",
            "cookie": "a=b",
            "x-foo": "1",
        }
        answer = await stack.post(HELLO, headers=spoofed)
        assert answer.status == 200
        headers, _, _ = stack.engine.seen[-1]
        assert headers.pop("authorization") == f"Bearer {stack.plan.gateway.engine_key}"
        allowed = {
            "host", "content-type", "content-length", "transfer-encoding", "accept", "traceparent", "tracestate",
            "x-request-id",
        }  # fmt: skip
        assert set(headers) <= allowed

    async def test_a_rotated_key_is_live_without_a_restart(self, stack: Stack) -> None:
        changed = plan_of({}, generated=_other_key(stack))
        config = gateway_config(changed)
        stack.running.write(config)
        await _until_live(stack, config.versions)
        assert (await stack.post(HELLO)).status == 401
        assert (await stack.post(HELLO, key="another-key")).status == 200


def _other_key(stack: Stack) -> Any:
    return Generated("another-key", stack.plan.gateway.engine_key, stack.plan.gateway.engine_proof)


async def _until_live(stack: Stack, versions: dict[str, str]) -> None:
    for _ in range(100):
        seen = await asyncio.to_thread(stack.running.versions)
        if all(seen.get(stat) == version for stat, version in versions.items()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not live: {versions} against {seen}")


class TestRequest:
    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            ("{", 400, "a name was expected|does not end"),
            ("[]", 400, "not a JSON object"),
            ('{"model":"chat"', 400, "does not end|comma was expected"),
            ('{"model":"chat","model":"x","messages":[]}', 400, "model is there twice"),
            ('{"model":"chat","\\u006dodel":"x","messages":[]}', 400, "model is there twice"),
            ('{"model":"chat","messages":[}]}', 400, "not JSON"),
            ('{"model":"chat","messages":[]} x', 400, "after the object"),
            ('{"messages":[]}', 400, "must provide a model"),
            ('{"model":7,"messages":[]}', 400, "must provide a model"),
            ('{"model":"chat","messages":[],"cache_salt":"x"}', 400, "supplied: cache_salt"),
            ('{"model":"chat","messages":[],"c\\u0061che_salt":"x"}', 400, "supplied: cache_salt"),
            ('{"model":"chat","messages":[],"kv_transfer_params":{}}', 400, "supplied: kv_transfer_params"),
            ('{"model":"nope","messages":[]}', 404, "`nope` is not served"),
            ("", 400, "no body"),
        ],
    )
    async def test_what_cannot_pass_is_refused_with_the_reason(
        self, stack: Stack, body: str, status: int, words: str
    ) -> None:
        answer = await stack.post(body, headers={"content-type": "application/json"})
        message = (await answer.json())["error"]["message"]
        assert answer.status == status
        assert any(word in message for word in words.split("|")), message
        assert not stack.engine.seen

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/v1/chat/completions", 405), ("PUT", "/v1/chat/completions", 405), ("DELETE", "/v1/models", 405),
         ("GET", "/metrics", 404), ("POST", "/v1/load_lora_adapter", 404), ("GET", "/health", 404),
         ("POST", "/v1/chat/completions/", 404), ("POST", "//v1/chat/completions", 404)],
    )  # fmt: skip
    async def test_only_the_apis_methods_and_paths_exist(
        self, stack: Stack, method: str, path: str, status: int
    ) -> None:
        headers = {"authorization": f"Bearer {stack.plan.gateway.clients[0].key}"}
        async with stack.session.request(
            method, f"{stack.running.url}{path}", headers=headers, json=HELLO
        ) as answer:
            assert answer.status == status
            assert "error" in await answer.json()
        assert not stack.engine.seen

    async def test_every_byte_but_an_edit_stays(self, stack: Stack) -> None:
        said = '{"role":"user","content":"\\u00e9 {[\\""}'
        body = f'{{ "seed": 9007199254740993, "model":"chat",\n "messages": [ {said} ] }}'
        answer = await stack.post(body)
        assert answer.status == 200
        assert stack.engine.seen[-1][2] == body

    async def test_models_lists_what_is_served(self, stack: Stack) -> None:
        headers = {"authorization": f"Bearer {stack.plan.gateway.clients[0].key}"}
        async with stack.session.get(f"{stack.running.url}/v1/models", headers=headers) as answer:
            assert answer.content_type == "application/json"
            assert [entry["id"] for entry in (await answer.json())["data"]] == ["chat"]

    async def test_a_large_body_is_refused(self, stack: Stack) -> None:
        body = json.dumps({**HELLO, "user": "x" * (stack.plan.gateway.max_body_bytes + 1)})
        answer = await stack.post(io.BytesIO(body.encode()))
        assert answer.status == 413


class TestOutputTokens:
    @pytest.fixture
    def spec(self) -> dict[str, Any]:
        return {"gateway": {"limits": {"maxOutputTokens": 100}}}

    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            ({}, {"max_tokens": 100}),
            ({"max_tokens": 7}, {"max_tokens": 7}),
            ({"max_tokens": 101}, {"max_tokens": 100}),
            ({"max_tokens": None}, {"max_tokens": 100}),
            ({"max_completion_tokens": 5000}, {"max_completion_tokens": 100}),
            ({"max_tokens": 80, "n": 4}, {"max_tokens": 25, "n": 4}),
        ],
    )
    async def test_are_capped_and_choices_count(
        self, stack: Stack, asked: dict[str, Any], given: dict[str, Any]
    ) -> None:
        assert (await stack.post({**HELLO, **asked})).status == 200
        _, body, _ = stack.engine.seen[-1]
        assert {name: body.get(name) for name in given} == given


class TestFailover:
    async def test_the_rung_gets_its_own_credential_model_and_fields(self, stack: Stack) -> None:
        await stack.engine.stop()
        answer = await stack.post({**HELLO, "top_k": 4, "temperature": 0.5})
        assert answer.status == 200
        headers, body, _ = stack.hosted.seen[-1]
        assert headers["authorization"] == "Bearer sk-house"
        assert headers["host"] == "hosted.test"
        assert body == {**HELLO, "model": "house-large", "temperature": 0.5}
        assert not {name for name in headers if name.startswith("x-llm")}

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    async def test_a_failing_engine_is_answered_for(self, stack: Stack, status: int) -> None:
        stack.engine.status = status
        assert (await stack.post(HELLO)).status == 200
        assert len(stack.hosted.seen) == 1

    async def test_a_clients_mistake_is_not_sent_on(self, stack: Stack) -> None:
        stack.engine.status = 400
        answer = await stack.post(HELLO)
        assert answer.status == 400
        assert (await answer.json())["error"]["message"] == "engine says no"
        assert not stack.hosted.seen

    async def test_no_request_fails_while_the_engine_goes_and_comes(self, stack: Stack) -> None:
        port, statuses = stack.engine.port, []

        async def client() -> None:
            for _ in range(60):
                answer = await stack.post(HELLO)
                await answer.read()
                statuses.append(answer.status)
                await asyncio.sleep(0.02)

        async def fault() -> None:
            await asyncio.sleep(0.3)
            await stack.engine.stop()
            await asyncio.sleep(0.6)
            await stack.engine.start(port)

        await asyncio.gather(*(client() for _ in range(4)), fault())
        assert statuses == [200] * 240
        assert stack.hosted.seen
        await asyncio.sleep(2.5)
        before = len(stack.hosted.seen)
        assert (await stack.post(HELLO)).status == 200
        assert len(stack.hosted.seen) == before

    async def test_a_refused_credential_is_not_shown_as_the_clients(self, stack: Stack) -> None:
        await stack.engine.stop()
        stack.hosted.key = "rotated"
        answer = await stack.post(HELLO)
        assert answer.status == 502

    async def test_an_engine_of_somebody_else_is_never_sent_a_prompt(self, stack: Stack) -> None:
        stack.engine.proof = "~a-stranger"
        await asyncio.sleep(3.5)
        assert (await stack.post(HELLO)).status == 200
        assert not stack.engine.seen
        assert len(stack.hosted.seen) == 1

    async def test_a_cut_stream_never_looks_complete(self, stack: Stack) -> None:
        stack.engine.chunks, stack.engine.cut_after = 10, 4
        answer = await stack.post({**HELLO, "stream": True})
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


class TestTelemetry:
    async def test_tokens_are_counted_by_tenant_to_the_token(self, stack: Stack) -> None:
        for stream in (False, True, True):
            await (await stack.post({**HELLO, "stream": stream})).read()
        series = (
            'gen_ai_request_model="chat",gen_ai_token_type="{}",llmstack_rung="local",tenant_id="team-a/chat"'
        )
        wanted = {
            f"gen_ai_client_token_usage_total{{{series.format('input')}}}": 21.0,
            f"gen_ai_client_token_usage_total{{{series.format('output')}}}": 9.0,
        }
        counters = await _counted(stack, wanted)
        cached = [
            value for name, value in counters.items() if name.startswith("llmstack_client_cached_tokens")
        ]
        assert cached == [15.0]

    async def test_a_cut_stream_is_counted(self, stack: Stack) -> None:
        stack.engine.chunks, stack.engine.cut_after = 10, 4
        answer = await stack.post({**HELLO, "stream": True})
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
        for _ in range(60):
            cut = {k: v for k, v in (await asyncio.to_thread(stack.counters)).items() if "cut_streams" in k}
            if cut:
                break
            await asyncio.sleep(0.1)
        assert list(cut.values()) == [1.0]

    async def test_the_span_is_a_genai_span_of_the_callers_trace(self, stack: Stack) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        answer = await stack.post(HELLO, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        assert answer.status == 200
        span = await _span(stack, trace)
        attributes = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
        assert span["name"] == "chat chat"
        assert attributes["gen_ai.operation.name"] == "chat"
        assert attributes["gen_ai.provider.name"] == "llama_cpp"
        assert attributes["gen_ai.request.model"] == "chat"
        assert int(attributes["gen_ai.usage.input_tokens"]) == 7
        assert int(attributes["gen_ai.usage.output_tokens"]) == 3
        assert int(attributes["gen_ai.usage.cache_read.input_tokens"]) == 5
        assert attributes["tenant.id"] == "team-a/chat"
        assert attributes["llmstack.rung"] == "local"

    async def test_no_key_and_no_prompt_is_in_the_telemetry(self, stack: Stack) -> None:
        await stack.post({**HELLO, "messages": [{"role": "user", "content": "PROMPT-MARK"}]})
        await stack.post(HELLO, path="/v1/chat/completions?key=QUERY-MARK")
        await _counted(stack, {})
        for _ in range(40):
            text = stack.collector_output.read_text()
            if text.count('"name":"chat chat"') == 2:
                break
            await asyncio.sleep(0.1)
        assert "POST /v1/chat/completions 200" in text
        for secret in ("PROMPT-MARK", stack.plan.gateway.clients[0].key, stack.plan.gateway.engine_key):
            assert secret not in text


async def _counted(stack: Stack, wanted: dict[str, float]) -> dict[str, float]:
    counters: dict[str, float] = {}
    for _ in range(60):
        counters = await asyncio.to_thread(stack.counters)
        if counters and all(counters.get(name) == value for name, value in wanted.items()):
            return counters
        await asyncio.sleep(0.1)
    raise AssertionError(f"wanted {wanted}, counted {json.dumps(counters, indent=1)}")


async def _span(stack: Stack, trace: str) -> dict[str, Any]:
    for _ in range(60):
        for line in stack.collector_output.read_text().splitlines():
            for resource in json.loads(line).get("resourceSpans", []):
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        if span["traceId"] == trace and span["kind"] == 2:
                            found: dict[str, Any] = span
                            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no server span of trace {trace}")
