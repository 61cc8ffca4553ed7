"""Who may reach an engine, and what an engine may reach: the gateway, the collector; nothing."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.manifest import Manifest, child


def network_policy(plan: Plan) -> Manifest:
    """Return the engine's policy. Only the download step, which shares the Pod, needs a way out.

    A policy cannot tell an init container from its Pod: with a download, port 443 and DNS are open.
    """
    port = {"port": "http", "protocol": "TCP"}
    gateway = {"podSelector": {"matchLabels": names.selector(plan.name, "gateway")}}
    collector = {"podSelector": {"matchLabels": names.selector(plan.name, "collector")}}
    spec: Manifest = {
        "podSelector": {"matchLabels": names.selector(plan.name, "engine")},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [gateway, collector], "ports": [port]}],
    }
    if plan.weights.download is not None:
        dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
        spec["egress"] = [{"ports": dns}, {"ports": [{"port": 443, "protocol": "TCP"}]}]
    return child(
        plan, "networking.k8s.io/v1", "NetworkPolicy", names.engine_pool(plan.name), "engine", spec=spec
    )
