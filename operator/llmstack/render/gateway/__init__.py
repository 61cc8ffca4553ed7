"""Layer 1: one Envoy gateway for each service."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.gateway.config import GatewayConfig
from llmstack.render.gateway.workload import (
    COMPONENT,
    client_service,
    config_map,
    deployment,
    keys_secret,
    network_policy,
)
from llmstack.render.manifest import Manifest, disruption_budget, service_account


def gateway(plan: Plan, config: GatewayConfig) -> list[Manifest]:
    """Return every object of the gateway layer."""
    name = names.gateway(plan.name)
    return [
        service_account(plan, name, COMPONENT),
        config_map(plan, config),
        keys_secret(plan, config),
        client_service(plan),
        deployment(plan, config),
        disruption_budget(plan, name, COMPONENT),
        network_policy(plan),
    ]
