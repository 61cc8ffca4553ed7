"""The headless Service whose DNS name is the gateway's list of engines."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.manifest import Manifest, child


def pool_service(plan: Plan) -> Manifest:
    """Return the pool's headless Service; Pods that are not ready are not in its DNS name."""
    return child(
        plan, "v1", "Service", names.engine_pool(plan.name), "engine",
        spec={
            "clusterIP": "None",
            "selector": names.selector(plan.name, "engine"),
            "ports": [{"name": "http", "port": plan.launch.port, "protocol": "TCP", "targetPort": "http"}],
        },
    )  # fmt: skip


def pool_address(plan: Plan) -> str:
    """Return the DNS name; the last dot keeps resolvers from trying search domains."""
    return f"{names.engine_pool(plan.name)}.{plan.namespace}.svc.{plan.cluster_domain}."
