"""Is a PATCH needed? Pure: computed from the intent and the live object alone, so it survives a restart."""

import json
import re
from typing import Any

from llmstack.render.manifest import Manifest, digest
from llmstack.render.names import FIELD_MANAGER, INTENT

_SUFFIX = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
           "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip


def with_intent(manifest: Manifest) -> Manifest:
    """Return the manifest as it is applied: with the digest of what was meant."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), INTENT: digest(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def reason_to_apply(intent: Manifest, live: Manifest | None) -> str | None:
    """Return why the intent must be applied, or None when the live object is as meant and we own just that.

    Args:
        intent: with its digest, as `with_intent` returns it.
        live: as read; None when it is not there.

    """
    if live is None:
        return "missing"
    annotations = live["metadata"].get("annotations", {})
    if annotations.get(INTENT) != intent["metadata"]["annotations"][INTENT]:
        return "intent"
    if not covers(intent, live):
        return "drift"
    if not owns_exactly(intent, live):
        return "ownership"
    return None


def covers(intent: Any, live: Any) -> bool:
    """Tell whether every leaf of the intent has its value in the live object; quantities by value."""
    if isinstance(intent, dict):
        return isinstance(live, dict) and all(
            key in live and covers(value, live[key]) for key, value in intent.items()
        )
    if isinstance(intent, list):
        # Others may add items (a sidecar): ours must be there, in our order.
        if not isinstance(live, list):
            return False
        rest = iter(live)
        return all(any(covers(item, candidate) for candidate in rest) for item in intent)
    return bool(intent == live) or _quantity(intent) == _quantity(live) is not None


def _quantity(value: Any) -> float | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]*)", str(value))
    if match is None or match[2] not in _SUFFIX or isinstance(value, bool):
        return None
    return float(match[1]) * _SUFFIX[match[2]]


def owns_exactly(intent: Manifest, live: Manifest) -> bool:
    """Tell whether our entry of managedFields owns the fields of the intent, all of them and no other."""
    entries = [
        entry
        for entry in live["metadata"].get("managedFields", [])
        if entry.get("manager") == FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    ]
    if len(entries) != 1:
        return False
    metadata = {k: v for k, v in intent["metadata"].items() if k not in ("name", "namespace")}
    fields = {k: v for k, v in intent.items() if k not in ("apiVersion", "kind", "metadata")}
    return _owned({**fields, "metadata": metadata}, entries[0].get("fieldsV1", {}))


def _owned(intent: Any, fields: dict[str, Any]) -> bool:
    named = {key: value for key, value in fields.items() if key != "."}
    if not named:
        return True  # a leaf, or a list or map that is owned as a whole
    if isinstance(intent, dict):
        if {f"f:{key}" for key in intent} != set(named):
            return False
        return all(_owned(value, named[f"f:{key}"]) for key, value in intent.items())
    if isinstance(intent, list):
        return len(named) == len(intent) and all(_item_owned(intent, key, named[key]) for key in named)
    return False


def _item_owned(items: list[Any], key: str, fields: dict[str, Any]) -> bool:
    wanted = json.loads(key[2:])
    if key.startswith("v:"):
        return wanted in items
    for item in items:
        if all(item.get(name) == value for name, value in wanted.items()):
            return _owned(item, fields)
    return False
