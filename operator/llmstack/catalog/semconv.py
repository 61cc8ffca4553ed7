"""Every telemetry name, once: OpenTelemetry GenAI semantic conventions v1.41.1, and our own beside them.

The GenAI names are in development upstream and are being renamed (semantic-conventions-genai), so no other
module spells one.
"""

from typing import Final

# Registry v1.41.1, model/gen-ai/registry.yaml
OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
RESPONSE_MODEL: Final = "gen_ai.response.model"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105
CLIENT_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105
# General registry
HTTP_STATUS: Final = "http.response.status_code"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
# No convention for a tenant exists (semantic-conventions-genai#303): `tenant.id`, set by the gateway from the
# authenticated identity.
TENANT_ID: Final = "tenant.id"
# Ours
KEY_ID: Final = "llmstack.key.id"
RUNG: Final = "llmstack.rung"
RESPONSE_FLAGS: Final = "llmstack.response_flags"
STREAM_DONE: Final = "llmstack.stream.done"
REQUEST_ID: Final = "llmstack.request.id"
TIME_TO_FIRST_BYTE_MS: Final = "llmstack.time_to_first_byte_ms"
DURATION_MS: Final = "llmstack.duration_ms"
CACHED_TOKENS_METRIC: Final = "llmstack.client.cached_tokens"
REQUESTS_METRIC: Final = "llmstack.gateway.requests"
CUT_STREAMS_METRIC: Final = "llmstack.gateway.cut_streams"
