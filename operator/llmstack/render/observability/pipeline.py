"""The collector's configuration: counters per tenant from the access log, spans and records to its output."""

from typing import Any

from llmstack.catalog import semconv as names

Json = dict[str, Any]

OTLP_GRPC_PORT = 4317
METRICS_PORT = 8889
HEALTH_PORT = 13133
_NUMBER = "^[0-9]{1,12}([.][0-9]{1,12})?(e[+]?0?[0-9])?$"
_TOKENS = (names.USAGE_INPUT_TOKENS, names.USAGE_OUTPUT_TOKENS, names.USAGE_CACHE_READ)
# An empty list would mean every resource attribute, and two gateways would write over each other's series.
_NO_RESOURCE = [{"key": "llmstack.none", "optional": True}]


def collector_config() -> Json:
    """Return the collector's configuration."""
    return {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{OTLP_GRPC_PORT}"}}}},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": 200, "spike_limit_mib": 50},
            # One shard, one batch after the other: deltatocumulative drops a sample that is not newer than the last
            # of its series. At most 16 records keep a line of output below 16 KiB, where runtimes split lines.
            "batch": {"timeout": "200ms", "send_batch_size": 16, "send_batch_max_size": 16},
            "transform/numbers": {
                "error_mode": "ignore",
                "log_statements": [{"context": "log", "statements": _numbers("log")}],
                "trace_statements": [{"context": "span", "statements": _numbers("span")}],
            },
            # Both defaults are five minutes: an idle tenant's counter would begin again at zero.
            "deltatocumulative": {"max_stale": "720h", "max_streams": 20000},
        },
        "connectors": {"signal_to_metrics": {"error_mode": "ignore", "logs": _counters()}},
        "exporters": {
            "file": {"path": "/dev/stdout", "append": True, "flush_interval": "200ms"},
            "prometheus": {
                "endpoint": f"0.0.0.0:{METRICS_PORT}",
                "metric_expiration": "720h",
                "without_scope_info": True,
                "translation_strategy": "UnderscoreEscapingWithSuffixes",
            },
        },
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"logs": {"level": "warn", "encoding": "json"}, "metrics": {"level": "none"}},
            "pipelines": {
                "traces": _pipeline("otlp", ["memory_limiter", "transform/numbers", "batch"], ["file"]),
                "logs": _pipeline(
                    "otlp", ["memory_limiter", "transform/numbers", "batch"], ["file", "signal_to_metrics"]
                ),
                "metrics": _pipeline("signal_to_metrics", ["deltatocumulative"], ["prometheus"]),
            },
        },
    }


def _pipeline(receiver: str, processors: list[str], exporters: list[str]) -> Json:
    return {"receivers": [receiver], "processors": processors, "exporters": exporters}


def _numbers(context: str) -> list[str]:
    """Return statements that make numbers of Envoy's strings: 1000000 tokens arrive as "1e+06"."""
    statements = []
    for key in (*_TOKENS, names.HTTP_STATUS):
        where = f'{context}.attributes["{key}"]'
        matches = f'IsMatch({where}, "{_NUMBER}")'
        statements += [
            f'delete_key({context}.attributes, "{key}") where IsString({where}) and not {matches}',
            f"set({where}, Int(Double({where}))) where IsString({where})",
        ]
    return statements


def _attribute(key: str, default: str | None = None) -> Json:
    return {"key": key} if default is None else {"key": key, "default_value": default}


def _counters() -> list[Json]:
    by_model = [
        _attribute(names.TENANT_ID, "unknown"),
        _attribute(names.REQUEST_MODEL, "unknown"),
        _attribute(names.RUNG, "none"),
    ]
    tokens = [
        _counter(
            names.CLIENT_TOKEN_USAGE,
            "Tokens that the gateway counted",
            [*by_model, _attribute(names.TOKEN_TYPE, direction)],
            f'log.attributes["{key}"]',
            f'log.attributes["{key}"] != nil',
        )
        for direction, key in (("input", names.USAGE_INPUT_TOKENS), ("output", names.USAGE_OUTPUT_TOKENS))
    ]
    cached = _counter(
        names.CACHED_TOKENS_METRIC,
        "Input tokens that a prefix cache had; a part of the input tokens, never to be added to them",
        by_model,
        f'log.attributes["{names.USAGE_CACHE_READ}"]',
        f'log.attributes["{names.USAGE_CACHE_READ}"] != nil',
    )
    requests = _counter(
        names.REQUESTS_METRIC,
        "Requests that the gateway answered",
        [by_model[0], _attribute(names.HTTP_STATUS), by_model[2]],
        "1",
    )
    status, flags = f'log.attributes["{names.HTTP_STATUS}"]', f'log.attributes["{names.RESPONSE_FLAGS}"]'
    cut = _counter(
        names.CUT_STREAMS_METRIC,
        "Answers that began with 200 and were cut, by whoever cut them",
        [*by_model, _attribute(names.RESPONSE_FLAGS, "none")],
        "1",
        f'{status} == 200 and {flags} != nil and {flags} != "-" and {flags} != ""',
    )
    return [*tokens, cached, requests, cut]


def _counter(
    name: str, description: str, attributes: list[Json], value: str, condition: str | None = None
) -> Json:
    counter: Json = {
        "name": name,
        "description": description,
        "include_resource_attributes": _NO_RESOURCE,
        "attributes": attributes,
        "sum": {"value": value, "monotonic": True},
    }
    return counter if condition is None else {**counter, "conditions": [condition]}
