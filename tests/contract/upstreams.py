"""Upstreams of the gateway's contract tests: an engine and a hosted API that record what reaches them.

They answer as llama-server 0.7.0 was seen to answer (the engine's key on every path, every alias in
GET /v1/models, usage in the last event of a stream) and as the OpenAI API reference says.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Upstream:
    """One upstream on a port of the loopback."""

    key: str
    model: str
    proof: str = ""
    chunks: int = 3
    seen: list[tuple[dict[str, str], dict[str, Any], str]] = field(default_factory=list)
    status: int = 200
    prefix: str = ""
    cut_after: int | None = None
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application()
        app.router.add_get(f"{self.prefix}/v1/models", self._models)
        app.router.add_post(f"{self.prefix}/v1/chat/completions", self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls).start()
        self.port = port

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _wrong(self, request: web.Request) -> web.Response | None:
        if request.headers.get("authorization") == f"Bearer {self.key}":
            return None
        return web.json_response({"error": {"message": "Invalid API Key", "code": 401}}, status=401)

    async def _models(self, request: web.Request) -> web.Response:
        data = [{"id": self.model, "aliases": [self.model, self.proof]}]
        return self._wrong(request) or web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text)
        self.seen.append(({k.lower(): v for k, v in request.headers.items()}, body, text))
        if refused := self._wrong(request):
            return refused
        if self.status != 200:
            return web.json_response({"error": {"message": "engine says no"}}, status=self.status)
        usage = {
            "prompt_tokens": 7, "completion_tokens": self.chunks, "total_tokens": 7 + self.chunks,
            "prompt_tokens_details": {"cached_tokens": 5},
        }  # fmt: skip
        if not body.get("stream"):
            message = {"role": "assistant", "content": 'says "usage": {"prompt_tokens": 999}'}
            return web.json_response({"model": self.model, "choices": [{"message": message}], "usage": usage})
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        for number in range(self.chunks):
            if number == self.cut_after:
                assert request.transport is not None
                request.transport.abort()
                return answer
            chunk = {"model": self.model, "choices": [{"delta": {"content": f"{number} "}}]}
            await answer.write(f"data: {json.dumps(chunk)}\n\n".encode())
            await asyncio.sleep(0.02)
        last = {"model": self.model, "choices": [], "usage": usage}
        await answer.write(f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n".encode())
        return answer
