"""Which rights are missing: asked of the API server, so that a gap is a condition and not a silence."""

from llmstack.cluster.client import Client
from llmstack.cluster.resources import (
    ACCESS_REVIEW,
    CHILDREN,
    ENDPOINT_SLICE,
    LLMSERVICE,
    LLMTENANT,
    NODE,
    POD,
    Resource,
)

_WATCH = ("list", "watch")
_NEEDED: tuple[tuple[Resource, str | None, tuple[str, ...]], ...] = (
    (LLMSERVICE, None, ("get", *_WATCH)),
    (LLMSERVICE, "status", ("patch",)),
    (LLMTENANT, None, ("get", *_WATCH)),
    (LLMTENANT, "status", ("patch",)),
    (POD, None, _WATCH),
    (POD, "status", ("patch",)),
    (NODE, None, ("list",)),
    (ENDPOINT_SLICE, None, _WATCH),
    *((child, None, ("create", "patch", "delete", *_WATCH)) for child in CHILDREN),
)


def needed_rights() -> set[tuple[str, str, str]]:
    """Return (group, resource, verb) of every right that is asked for."""
    return {
        (resource.group, f"{resource.plural}/{subresource}" if subresource else resource.plural, verb)
        for resource, subresource, verbs in _NEEDED
        for verb in verbs
    }


async def missing_rights(client: Client, namespace: str | None) -> list[str]:
    """Return what may not be done, as `patch pods/status`; asks once for each verb."""
    missing = []
    for resource, subresource, verbs in _NEEDED:
        for verb in verbs:
            attributes = {"group": resource.group, "resource": resource.plural, "verb": verb}
            if subresource is not None:
                attributes["subresource"] = subresource
            if namespace is not None and resource.namespaced:
                attributes["namespace"] = namespace
            review = {
                "apiVersion": ACCESS_REVIEW.api_version,
                "kind": ACCESS_REVIEW.kind,
                "spec": {"resourceAttributes": attributes},
            }
            answer = await client.request("POST", ACCESS_REVIEW.path(None), body=review)
            if not answer.get("status", {}).get("allowed"):
                target = f"{resource.plural}/{subresource}" if subresource else resource.plural
                missing.append(f"{verb} {target}")
    return missing
