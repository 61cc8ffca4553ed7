"""What the plan is told beside the resource: facts of the cluster and generated secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmstack.api.llmtenant import LLMTenant
from llmstack.catalog.images import IMAGES
from llmstack.selection.facts import NodeAccelerators, Running


@dataclass(frozen=True)
class TenantFact:
    """A tenant that wants this service, with the entries of its Secret.

    Attributes:
        keys: entry name to API key; None: the Secret is not there.
        age_seconds: since the tenant was made.

    """

    tenant: LLMTenant
    keys: Mapping[str, str] | None
    age_seconds: float = 0.0


@dataclass(frozen=True)
class Generated:
    """Secrets made once in the shell and kept in the cluster.

    Attributes:
        api_key: of the service's own tenant; empty once that tenant is no longer needed.
        engine_key: opens the engine; only the gateway holds it.
        engine_proof: a served name that only this service's engines answer with; it sorts after any other.

    """

    api_key: str
    engine_key: str
    engine_proof: str


OFFLINE_GENERATED = Generated(
    api_key="generated-api-key", engine_key="generated-engine-key", engine_proof="~generated-engine-proof"
)


@dataclass(frozen=True)
class ClusterFacts:
    """What was read from the cluster for one pass.

    Attributes:
        nodes: accelerators; None: no cluster was looked at.
        secrets: (name, key) to value of the Secrets that the spec references; a missing one is absent.
        cluster_domain: of the cluster's DNS.
        optional_apis: groups of optional APIs that the cluster serves.

    """

    nodes: tuple[NodeAccelerators, ...] | None = None
    running: Running | None = None
    tenants: tuple[TenantFact, ...] = ()
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    generated: Generated = OFFLINE_GENERATED
    images: Mapping[str, str] = field(default_factory=lambda: dict(IMAGES))
    cluster_domain: str = "cluster.local"
    optional_apis: frozenset[str] = frozenset()
    offline: bool = False
