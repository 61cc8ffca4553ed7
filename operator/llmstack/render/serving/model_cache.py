"""The claim for downloaded weights."""

from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.manifest import Manifest, child


def model_cache(plan: Plan) -> Manifest | None:
    """Return the claim, or None where an existing claim or an emptyDir is used.

    A retained claim has no owner, so that garbage collection leaves it.
    """
    if plan.weights.cache_size is None:
        return None
    claim = child(
        plan, "v1", "PersistentVolumeClaim", names.model_cache(plan.name), "engine",
        spec={
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": plan.weights.cache_size}},
        },
    )  # fmt: skip
    if plan.weights.retain:
        del claim["metadata"]["ownerReferences"]
    return claim
