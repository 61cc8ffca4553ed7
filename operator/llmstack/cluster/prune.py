"""What must go: objects that carry our label and the service's UID, and are no longer meant."""

from collections.abc import Iterable

from llmstack.render import names
from llmstack.render.manifest import Manifest

KEPT_KINDS = frozenset({"PersistentVolumeClaim"})
"""Weights are never deleted because a block left the spec; only with their owner."""


def superfluous(
    live: Iterable[Manifest], wanted: Iterable[tuple[str, str]], uid: str, new_pool_ready: bool
) -> list[Manifest]:
    """Return the live children that must go.

    Args:
        wanted: (kind, name) of what is meant, generated Secrets among them.
        uid: of the LLMService; an object of an earlier one of the same name is garbage collection's.
        new_pool_ready: while False, the engine revision that serves now stays.

    """
    meant = set(wanted)
    gone = []
    for child in live:
        metadata = child["metadata"]
        owners = {owner.get("uid") for owner in metadata.get("ownerReferences", [])}
        if (child["kind"], metadata["name"]) in meant or uid not in owners or child["kind"] in KEPT_KINDS:
            continue
        if "deletionTimestamp" in metadata:
            continue
        is_revision = child["kind"] == "Deployment" and names.REVISION in metadata.get("labels", {})
        if is_revision and not new_pool_ready:
            continue
        gone.append(child)
    return gone
