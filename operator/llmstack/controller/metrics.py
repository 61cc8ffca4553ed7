"""The operator's own metrics, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

WRITES = Counter(
    "llmstack_operator_writes",
    "Writes that were sent to the API server.",
    ["verb", "kind"],
    registry=REGISTRY,
)
PASSES = Counter("llmstack_operator_passes", "Passes, by how they ended.", ["result"], registry=REGISTRY)
PASS_SECONDS = Histogram(
    "llmstack_operator_pass_seconds", "Duration of a pass.", ["extent"], registry=REGISTRY,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
QUEUED = Gauge(
    "llmstack_operator_queued_keys", "Keys that wait, those of the future among them.", registry=REGISTRY
)
LEADING = Gauge("llmstack_operator_leading", "1 while this process holds the lease.", registry=REGISTRY)
MISSING_RIGHTS = Gauge(
    "llmstack_operator_missing_rights",
    "Rights that the operator lacks; 0 is what you want.",
    registry=REGISTRY,
)


def count_write(verb: str, kind: str) -> None:
    """Count one write."""
    WRITES.labels(verb, kind).inc()
