"""A stand-in of a hosted API: the OpenAI protocol over TLS, with a key and a model of its own.

Behaviour and its source (OpenAI API reference): Bearer authentication with 401 `invalid_api_key`; 404
`model_not_found` for another model; chat completions as one object or as server-sent events that end with
`data: [DONE]`; `stream_options.include_usage` adds one last chunk with `usage` and no choices; GET /v1/models.
It refuses a field that the reference does not have, and so proves that the gateway drops an engine's own.
"""

import asyncio
import json
import os
import ssl

from aiohttp import web

KEY, MODEL = os.environ["API_KEY"], os.environ["MODEL"]
WORDS = ["the", "house", "answers", "from", "its", "hosted", "model"]
FIELDS = {
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p",
    "seed", "stop", "n", "user", "logit_bias", "tools", "tool_choice", "response_format", "metadata", "store",
}  # fmt: skip


def refuse(status: int, code: str, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def wrong(request: web.Request) -> web.Response | None:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return refuse(401, "invalid_api_key", "Incorrect API key provided.")
    return None


async def models(request: web.Request) -> web.Response:
    return wrong(request) or web.json_response(
        {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "house"}]}
    )


async def chat(request: web.Request) -> web.StreamResponse:
    if refused := wrong(request):
        return refused
    body = await request.json()
    if body.get("model") != MODEL:
        return refuse(404, "model_not_found", f"The model `{body.get('model')}` does not exist.")
    if unknown := set(body) - FIELDS:
        return refuse(400, "unknown_parameter", f"Unrecognized request argument supplied: {min(unknown)}")
    prompt = sum(len(str(m.get("content", "")).split()) for m in body["messages"])
    words = WORDS[: body.get("max_tokens") or len(WORDS)]
    usage = {"prompt_tokens": prompt, "completion_tokens": len(words), "total_tokens": prompt + len(words)}
    base = {"id": "chatcmpl-house", "created": 0, "model": MODEL}
    if not body.get("stream"):
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": " ".join(words)},
            "finish_reason": "stop",
        }
        return web.json_response({**base, "object": "chat.completion", "choices": [choice], "usage": usage})
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)

    async def send(choices: list[object], **more: object) -> None:
        chunk = {**base, "object": "chat.completion.chunk", "choices": choices, **more}
        await answer.write(f"data: {json.dumps(chunk)}\n\n".encode())

    for word in words:
        await send([{"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}])
        await asyncio.sleep(0.01)
    await send([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    if (body.get("stream_options") or {}).get("include_usage"):
        await send([], usage=usage)
    await answer.write(b"data: [DONE]\n\n")
    return answer


def main() -> None:
    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
    web.run_app(app, port=8443, ssl_context=context, access_log=None)


if __name__ == "__main__":
    main()
