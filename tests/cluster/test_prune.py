from typing import Any

import pytest

from llmstack.cluster.prune import superfluous

UID = "u1"


def child(kind: str, name: str, uid: str = UID, **labels: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "ownerReferences": [{"uid": uid}], "labels": labels}}


REVISION = {"llmstack.dev/revision": "old"}


@pytest.mark.parametrize(
    ("live", "new_pool_ready", "gone"),
    [
        (child("Service", "wanted"), True, False),
        (child("Service", "left"), True, True),
        (child("Service", "left", uid="an earlier service of this name"), True, False),
        (child("PersistentVolumeClaim", "chat-model"), True, False),
        ({**child("Deployment", "old"), "metadata": {**child("Deployment", "old")["metadata"], "labels": REVISION}},
         False, False),
        ({**child("Deployment", "old"), "metadata": {**child("Deployment", "old")["metadata"], "labels": REVISION}},
         True, True),
        (child("Deployment", "left"), False, True),
    ],
)  # fmt: skip
def test_what_must_go(live: dict[str, Any], new_pool_ready: bool, gone: bool) -> None:
    found = superfluous([live], [("Service", "wanted")], UID, new_pool_ready)
    assert found == ([live] if gone else [])


def test_what_is_going_already_is_left_alone() -> None:
    live = child("Service", "left")
    live["metadata"]["deletionTimestamp"] = "now"
    assert superfluous([live], [], UID, True) == []
