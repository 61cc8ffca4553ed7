"""`kubectl delete llmsvc`: everything goes, nothing is left behind, even while the operator is away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from e2e.cluster import kind, stack
from e2e.harness import Service, get, wait_for

pytestmark = pytest.mark.e2e
# Every namespaced kind that the cluster has and that can be listed, but what Kubernetes itself writes.
NOT_OURS = {"events", "events.events.k8s.io", "leases.coordination.k8s.io"}


def _everything(namespace: str) -> set[str]:
    kinds = kind.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    wanted = ",".join(sorted(set(kinds) - NOT_OURS))
    return set(kind.kubectl("-n", namespace, "get", wanted, "-o", "name", "--ignore-not-found").split())


def test_delete_leaves_nothing(service: Callable[..., Service]) -> None:
    chat = service()
    stack.hosted_secrets(chat.namespace)
    before = _everything(chat.namespace)
    chat.apply(failover={"ladder": [stack.hosted_rung()]})
    chat.wait_ready()
    assert len(_everything(chat.namespace)) > len(before) + 15
    kind.kubectl("-n", chat.namespace, "delete", "llmsvc", "chat", "--timeout=30s")
    wait_for("nothing is left", 120, lambda: not (_everything(chat.namespace) - before) or None)
    assert get("-n", chat.namespace, "secret", "house")["data"], "what is the user's stays"
