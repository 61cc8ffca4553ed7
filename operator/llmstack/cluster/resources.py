"""The kinds that the operator reads and writes."""

from dataclasses import dataclass

from llmstack.api import API_VERSION


@dataclass(frozen=True)
class Resource:
    """One kind, as the API server addresses it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version in the group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL's path; without a namespace: of all namespaces."""
        parts = ["apis" if self.group else "api", self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part is not None]
        return "/" + "/".join(parts)


LLMSERVICE = Resource(API_VERSION, "LLMService", "llmservices")
LLMTENANT = Resource(API_VERSION, "LLMTenant", "llmtenants")
POD = Resource("v1", "Pod", "pods")
NODE = Resource("v1", "Node", "nodes", namespaced=False)
SECRET = Resource("v1", "Secret", "secrets")
LEASE = Resource("coordination.k8s.io/v1", "Lease", "leases")
ENDPOINT_SLICE = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
ACCESS_REVIEW = Resource(
    "authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
)

CHILDREN: tuple[Resource, ...] = (
    Resource("v1", "ConfigMap", "configmaps"),
    Resource("apps/v1", "Deployment", "deployments"),
    Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    SECRET,
    Resource("v1", "Service", "services"),
    Resource("v1", "ServiceAccount", "serviceaccounts"),
)
"""Every kind of child, in the order of their names."""

OPTIONAL_CHILDREN: dict[str, Resource] = {
    "monitoring.coreos.com": Resource("monitoring.coreos.com/v1", "PodMonitor", "podmonitors"),
}
"""Kinds that are made where their API group is served. Later: KEDA, Gateway API, LeaderWorkerSet."""

BY_KIND: dict[str, Resource] = {
    resource.kind: resource for resource in (*CHILDREN, *OPTIONAL_CHILDREN.values())
}
