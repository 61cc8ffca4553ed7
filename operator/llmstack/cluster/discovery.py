"""Optional APIs: present, they are used; absent, the service works all the same."""

from llmstack.cluster.client import Client
from llmstack.cluster.resources import CHILDREN, OPTIONAL_CHILDREN, Resource


async def optional_apis(client: Client) -> frozenset[str]:
    """Return the optional API groups that this cluster serves."""
    answer = await client.request("GET", "/apis")
    return frozenset(OPTIONAL_CHILDREN) & {group["name"] for group in answer.get("groups", [])}


def child_kinds(apis: frozenset[str]) -> tuple[Resource, ...]:
    """Return every kind of child on a cluster with these optional APIs."""
    return (*CHILDREN, *(resource for group, resource in OPTIONAL_CHILDREN.items() if group in apis))
