"""Access log and spans of the gateway, by OTLP to the collector, in names from one table."""

from llmstack.catalog import semconv
from llmstack.plan.plan import Plan
from llmstack.render.gateway.clusters import COLLECTOR
from llmstack.render.gateway.envoy import Json, extension, typed

# attribute, Envoy command operator, type of the span tag
_ATTRIBUTES: tuple[tuple[str, str, str], ...] = (
    (semconv.TENANT_ID, "%DYNAMIC_METADATA(llm:tenant)%", "STRING"),
    (semconv.KEY_ID, "%DYNAMIC_METADATA(llm:key)%", "STRING"),
    (semconv.OPERATION_NAME, "%DYNAMIC_METADATA(llm:operation)%", "STRING"),
    (semconv.PROVIDER_NAME, "%DYNAMIC_METADATA(llm:provider)%", "STRING"),
    (semconv.REQUEST_MODEL, "%DYNAMIC_METADATA(llm:model)%", "STRING"),
    (semconv.REQUEST_STREAM, "%DYNAMIC_METADATA(llm:stream)%", "BOOL"),
    (semconv.RESPONSE_MODEL, "%DYNAMIC_METADATA(llm.usage:model)%", "STRING"),
    (semconv.USAGE_INPUT_TOKENS, "%DYNAMIC_METADATA(llm.usage:input_tokens)%", "INT"),
    (semconv.USAGE_OUTPUT_TOKENS, "%DYNAMIC_METADATA(llm.usage:output_tokens)%", "INT"),
    (semconv.USAGE_CACHE_READ, "%DYNAMIC_METADATA(llm.usage:cached_tokens)%", "INT"),
    (semconv.RUNG, "%DYNAMIC_METADATA(llm:rung)%", "STRING"),
    (semconv.STREAM_DONE, "%DYNAMIC_METADATA(llm.usage:done)%", "BOOL"),
    (semconv.HTTP_STATUS, "%RESPONSE_CODE%", "INT"),
    (semconv.RESPONSE_FLAGS, "%RESPONSE_FLAGS%", "STRING"),
    (semconv.REQUEST_ID, "%REQ(X-REQUEST-ID)%", "STRING"),
    (semconv.TIME_TO_FIRST_BYTE_MS, "%COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG:ms)%", "INT"),
    (semconv.DURATION_MS, "%DURATION%", "INT"),
)


def access_log(plan: Plan) -> Json:
    """Return the OTLP access log: one record a request, never a body, never a query string."""
    return extension(
        "otlp",
        "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
        grpc_service={"envoy_grpc": {"cluster_name": COLLECTOR}, "timeout": "2s"},
        log_name="requests",
        buffer_flush_interval="1s",
        disable_builtin_labels=True,
        resource_attributes=_values(_resource(plan)),
        body={"string_value": "%REQ(:METHOD)% %PATH(NQ)% %RESPONSE_CODE%"},
        # Custom tags leave out what is missing; plain attributes would write "-".
        custom_tags=[{"tag": name, "value": value} for name, value, _ in _ATTRIBUTES],
    )


def tracing(plan: Plan) -> Json:
    """Return the tracer: the server's span is the GenAI span, and a caller's trace goes on through it."""
    detector = extension(
        "envoy.tracers.opentelemetry.resource_detectors.static_config",
        "envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig",
        attributes=_resource(plan),
    )
    return {
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": typed(
                "envoy.config.trace.v3.OpenTelemetryConfig",
                service_name=_resource(plan)["service.name"],
                grpc_service={"envoy_grpc": {"cluster_name": COLLECTOR}, "timeout": "2s"},
                resource_detectors=[detector],
            ),
        },
        "random_sampling": {"value": 100},
        "spawn_upstream_span": True,
        "max_path_tag_length": 128,
        "operation": "%DYNAMIC_METADATA(llm:operation)% %DYNAMIC_METADATA(llm:model)%",
        "custom_tags": [
            {"tag": name, "value": value, "value_type": kind} for name, value, kind in _ATTRIBUTES
        ],
    }


def _resource(plan: Plan) -> dict[str, str]:
    return {
        "service.name": f"{plan.name}-gateway",
        "service.namespace": plan.namespace,
        "llmstack.service": plan.name,
    }


def _values(attributes: dict[str, str]) -> Json:
    return {"values": [{"key": key, "value": {"string_value": value}} for key, value in attributes.items()]}
