"""All manifests of a plan, and what is known about them."""

from dataclasses import dataclass

from llmstack.plan.plan import Plan
from llmstack.render.gateway import gateway
from llmstack.render.gateway.config import GatewayConfig, gateway_config
from llmstack.render.manifest import Manifest
from llmstack.render.observability import observability
from llmstack.render.serving import serving


@dataclass(frozen=True)
class Rendered:
    """What must exist. Whatever else carries the service's label and UID must go.

    Attributes:
        manifests: sorted; the same plan gives the same bytes.

    """

    manifests: tuple[Manifest, ...]
    gateway: GatewayConfig


def render(plan: Plan) -> Rendered:
    """Render a plan; total: every plan has manifests."""
    config = gateway_config(plan)
    manifests = [*serving(plan), *gateway(plan, config), *observability(plan)]
    ordered = sorted(manifests, key=lambda m: (m["kind"], m["metadata"]["name"]))
    return Rendered(tuple(ordered), config)
