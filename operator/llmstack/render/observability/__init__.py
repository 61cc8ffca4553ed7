"""Layer 3: the service's own OpenTelemetry Collector."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.manifest import (
    RESTRICTED_CONTAINER,
    Manifest,
    child,
    compact,
    digest,
    http_probe,
    restricted_pod,
    service_account,
)
from llmstack.render.observability.pipeline import (
    HEALTH_PORT,
    METRICS_PORT,
    OTLP_GRPC_PORT,
    collector_config,
)

COMPONENT = "collector"
MONITORING = "monitoring.coreos.com"
USER = 10003
_FOLDER = "/etc/otelcol"
_PORTS = (("otlp-grpc", OTLP_GRPC_PORT), ("metrics", METRICS_PORT))


def observability(plan: Plan) -> list[Manifest]:
    """Return every object of the observability layer."""
    name = names.collector(plan.name)
    config = compact(collector_config())
    return [
        service_account(plan, name, COMPONENT),
        child(plan, "v1", "ConfigMap", name, COMPONENT, data={"config.json": config}),
        _service(plan, name),
        _deployment(plan, name, config),
        _network_policy(plan, name),
        *([_pod_monitor(plan, name)] if MONITORING in plan.optional_apis else []),
    ]


def _pod_monitor(plan: Plan, name: str) -> Manifest:
    """Return the Prometheus operator's scrape of the tenants' counters."""
    spec = {
        "selector": {"matchLabels": names.selector(plan.name, COMPONENT)},
        "podMetricsEndpoints": [{"port": "metrics"}],
    }
    return child(plan, f"{MONITORING}/v1", "PodMonitor", name, COMPONENT, spec=spec)


def _service(plan: Plan, name: str) -> Manifest:
    ports = [{"name": port, "port": number, "protocol": "TCP", "targetPort": port} for port, number in _PORTS]
    spec = {"selector": names.selector(plan.name, COMPONENT), "ports": ports}
    return child(plan, "v1", "Service", name, COMPONENT, spec=spec)


def _network_policy(plan: Plan, name: str) -> Manifest:
    gateway = {"podSelector": {"matchLabels": names.selector(plan.name, "gateway")}}
    spec: Manifest = {
        "podSelector": {"matchLabels": names.selector(plan.name, COMPONENT)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": [gateway], "ports": [{"port": "otlp-grpc", "protocol": "TCP"}]},
            {"ports": [{"port": "metrics", "protocol": "TCP"}]},
        ],
    }
    return child(plan, "networking.k8s.io/v1", "NetworkPolicy", name, COMPONENT, spec=spec)


def _deployment(plan: Plan, name: str, config: str) -> Manifest:
    labels = names.labels(plan.name, COMPONENT)
    container: Manifest = {
        "name": "collector",
        "image": plan.images["collector"],
        "imagePullPolicy": "IfNotPresent",
        "args": ["--config", f"{_FOLDER}/config.json"],
        "ports": [
            *({"name": port, "containerPort": number, "protocol": "TCP"} for port, number in _PORTS),
            {"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": RESTRICTED_CONTAINER,
        "readinessProbe": http_probe("/", "health", 1, 2, 3),
        "livenessProbe": http_probe("/", "health", 10, 5, 6),
        "volumeMounts": [{"name": "config", "mountPath": _FOLDER, "readOnly": True}],
    }
    template = {
        "metadata": {"labels": labels, "annotations": {names.CONFIG: digest(config)}},
        "spec": {
            "serviceAccountName": name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": restricted_pod(USER, USER),
            "containers": [container],
            "volumes": [{"name": "config", "configMap": {"name": name}}],
        },
    }
    spec: Manifest = {
        # One: the counters of a tenant stand in one process.
        "replicas": 1,
        "selector": {"matchLabels": names.selector(plan.name, COMPONENT)},
        "strategy": {"type": "Recreate"},
        "template": template,
    }
    return child(plan, "apps/v1", "Deployment", name, COMPONENT, spec=spec)
