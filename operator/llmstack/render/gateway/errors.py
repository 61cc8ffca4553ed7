"""Every error that the gateway makes itself, in the OpenAI shape."""

from llmstack.render.gateway.envoy import Json

# status, type, code, message (None: what Envoy or a filter says)
_ERRORS: tuple[tuple[int, str, str | None, str | None], ...] = (
    (400, "invalid_request_error", None, None),
    (401, "authentication_error", "invalid_api_key",
     "You must provide a valid API key, as in `Authorization: Bearer KEY`."),
    (403, "permission_error", "permission_denied", None),
    (404, "invalid_request_error", "unknown_url", "There is no such path. The API is below /v1."),
    (405, "invalid_request_error", "method_not_allowed", "This path does not take this method."),
    (413, "invalid_request_error", "request_too_large", "The body is larger than this service takes."),
    (429, "rate_limit_error", "rate_limit_exceeded", None),
    (503, "service_unavailable_error", "no_healthy_engine",
     "No engine and no other rung can answer now. Try again in a moment."),
    (504, "timeout_error", "first_token_timeout", "The model did not begin to answer in time."),
)  # fmt: skip


def local_replies() -> Json:
    """Return the mappers; none of them touches a status below 400 or an answer of the engine's."""
    mappers = [_model_not_found()]
    mappers += [_mapper("EQ", status, kind, code, message) for status, kind, code, message in _ERRORS]
    mappers.append(_mapper("GE", 400, "api_error", None, None))
    return {"mappers": mappers}


def _mapper(op: str, status: int, kind: str, code: str | None, message: str | None) -> Json:
    text = "%LOCAL_REPLY_BODY%" if message is None else message
    return {"filter": _status(op, status), "body_format_override": _body(text, kind, code)}


def _status(op: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"llmstack.local_reply.{op.lower()}_{status}"}
    return {"status_code_filter": {"comparison": {"op": op, "value": value}}}


def _body(message: str, kind: str, code: str | None) -> Json:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return {"content_type": "application/json", "json_format": {"error": error}}


def _model_not_found() -> Json:
    has_model = {
        "metadata_filter": {
            "matcher": {"filter": "llm", "path": [{"key": "model"}], "value": {"present_match": True}},
            "match_if_key_not_found": False,
        }
    }
    return {
        "filter": {"and_filter": {"filters": [_status("EQ", 404), has_model]}},
        "body_format_override": _body(
            "The model `%DYNAMIC_METADATA(llm:model)%` is not served here; GET /v1/models lists those that are.",
            "invalid_request_error",
            "model_not_found",
        ),
    }
