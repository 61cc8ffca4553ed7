"""Layer 2: the engine's Pods and what surrounds them."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.manifest import Manifest, disruption_budget, service_account
from llmstack.render.serving.deployment import deployment
from llmstack.render.serving.model_cache import model_cache
from llmstack.render.serving.network_policy import network_policy
from llmstack.render.serving.service import pool_service

COMPONENT = "engine"


def serving(plan: Plan) -> list[Manifest]:
    """Return every object of the serving layer."""
    pool = names.engine_pool(plan.name)
    claim = model_cache(plan)
    return [
        service_account(plan, pool, COMPONENT),
        *([claim] if claim else []),
        deployment(plan),
        pool_service(plan),
        disruption_budget(plan, pool, COMPONENT),
        network_policy(plan),
    ]
