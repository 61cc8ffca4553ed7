"""Optional APIs: present, they are used; absent, the service works all the same."""

from llmstack.cluster.client import Client

OPTIONAL = frozenset(
    {
        "monitoring.coreos.com",
        "keda.sh",
        "gateway.networking.k8s.io",
        "inference.networking.k8s.io",
        "leaderworkerset.x-k8s.io",
    }
)


async def optional_apis(client: Client) -> frozenset[str]:
    """Return the optional API groups that this cluster serves."""
    answer = await client.request("GET", "/apis")
    return OPTIONAL & {group["name"] for group in answer.get("groups", [])}
