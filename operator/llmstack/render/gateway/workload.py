"""The gateway's Deployment and Service."""

from base64 import b64encode

from llmstack.api import GROUP
from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.gateway.bootstrap import ADMIN_PORT, OPS_PORT
from llmstack.render.gateway.config import GatewayConfig
from llmstack.render.gateway.envoy import XDS
from llmstack.render.gateway.listeners import CLIENT_PORT
from llmstack.render.manifest import RESTRICTED_CONTAINER, Manifest, child, http_probe, restricted_pod, spread

COMPONENT = "gateway"
USER = 10002
DRAIN_SECONDS = 120
"""Longest wait for requests in flight when a gateway Pod goes; it goes at once when there are none."""

# Envoy exits at once on SIGTERM, so preStop leaves the Service (readiness), tells clients to go elsewhere and waits
# until nothing is in flight. The image has bash and neither curl nor wget.
_DRAIN = f"""
ask() {{
  exec 3<>/dev/tcp/127.0.0.1/{ADMIN_PORT}
  printf "$1 $2 HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n" >&3
  cat <&3
  exec 3>&-
}}
ask POST /healthcheck/fail
ask POST '/drain_listeners?graceful&skip_exit'
sleep 3
for _ in $(seq {DRAIN_SECONDS}); do
  ask GET '/stats?filter=^http.gw.downstream_rq_active$' | grep -q 'downstream_rq_active: 0' && exit 0
  sleep 1
done
"""


def config_map(plan: Plan, config: GatewayConfig) -> Manifest:
    """Return the files that are not confidential."""
    return child(plan, "v1", "ConfigMap", names.gateway(plan.name), COMPONENT, data=config.public)


def keys_secret(plan: Plan, config: GatewayConfig) -> Manifest:
    """Return the files that hold keys; base64 as the API server stores it, so that a comparison is exact."""
    data = {name: b64encode(text.encode()).decode() for name, text in config.confidential.items()}
    return child(plan, "v1", "Secret", names.gateway_keys(plan.name), COMPONENT, type="Opaque", data=data)


def client_service(plan: Plan) -> Manifest:
    """Return the Service behind `status.url`."""
    return child(
        plan, "v1", "Service", names.gateway_service(plan.name), COMPONENT,
        spec={
            "type": "ClusterIP",
            "selector": names.selector(plan.name, COMPONENT),
            "ports": [{"name": "http", "port": CLIENT_PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    )  # fmt: skip


def network_policy(plan: Plan) -> Manifest:
    """Return the gateway's policy: clients come in on the API's port; DNS, engine, collector and 443 go out."""
    engine = {"podSelector": {"matchLabels": names.selector(plan.name, "engine")}}
    collector = {"podSelector": {"matchLabels": names.selector(plan.name, "collector")}}
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    egress: list[Manifest] = [
        {"ports": dns},
        {"to": [engine], "ports": [{"port": plan.launch.port, "protocol": "TCP"}]},
        {"to": [collector], "ports": [{"port": 4317, "protocol": "TCP"}]},
    ]
    # Core policies know no host names: the list of hosts is Envoy's own clusters.
    ports = sorted({rung.port for rung in plan.ladder})
    egress += [{"ports": [{"port": port, "protocol": "TCP"}]} for port in ports]
    spec: Manifest = {
        "podSelector": {"matchLabels": names.selector(plan.name, COMPONENT)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": "http", "protocol": "TCP"}, {"port": "ops", "protocol": "TCP"}]}],
        "egress": egress,
    }
    return child(
        plan, "networking.k8s.io/v1", "NetworkPolicy", names.gateway(plan.name), COMPONENT, spec=spec
    )


def deployment(plan: Plan, config: GatewayConfig) -> Manifest:
    """Return the gateway's Deployment. Only a change of the bootstrap or the image restarts its Pods."""
    labels = names.labels(plan.name, COMPONENT)
    pod: Manifest = {
        "serviceAccountName": names.gateway(plan.name),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": DRAIN_SECONDS + 10,
        "securityContext": restricted_pod(USER, USER),
        "containers": [_container(plan)],
        "volumes": [_volume(plan)],
        "topologySpreadConstraints": spread(plan, COMPONENT),
    }
    template = {
        "metadata": {
            "labels": labels,
            "annotations": {f"{GROUP}/bootstrap": config.bootstrap_digest},
        },
        "spec": pod,
    }
    spec: Manifest = {
        "replicas": plan.gateway.replicas,
        "selector": {"matchLabels": names.selector(plan.name, COMPONENT)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": template,
    }
    return child(plan, "apps/v1", "Deployment", names.gateway(plan.name), COMPONENT, spec=spec)


def _container(plan: Plan) -> Manifest:
    return {
        "name": "envoy",
        "image": plan.images["envoy"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["envoy"],
        "args": [
            "--config-path", f"{XDS}/bootstrap.json",
            "--concurrency", "2",
            # A change of the listeners must not cut a long stream.
            "--drain-time-s", "3600",
            "--parent-shutdown-time-s", "3660",
            # Dynamic configuration would otherwise accept a misspelt field with a warning.
            "--reject-unknown-dynamic-fields",
            "--disable-hot-restart",
            "--log-level", "warning",
        ],
        "ports": [
            {"name": "http", "containerPort": CLIENT_PORT, "protocol": "TCP"},
            {"name": "ops", "containerPort": OPS_PORT, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": RESTRICTED_CONTAINER,
        "startupProbe": http_probe("/ready", "ops", 1, 2, 60),
        "readinessProbe": http_probe("/ready", "ops", 1, 2, 2),
        "livenessProbe": {
            "tcpSocket": {"port": "ops"}, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["bash", "-c", _DRAIN]}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "xds", "mountPath": XDS, "readOnly": True}],
    }  # fmt: skip


def _volume(plan: Plan) -> Manifest:
    """Return the one projected volume: the kubelet swaps all of its files at once."""
    sources = [
        {"configMap": {"name": names.gateway(plan.name)}},
        {"secret": {"name": names.gateway_keys(plan.name)}},
    ]
    return {"name": "xds", "projected": {"sources": sources, "defaultMode": 0o440}}
