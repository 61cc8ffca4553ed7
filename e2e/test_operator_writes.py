"""The operator writes when something changed, and only the process that holds the Lease writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from e2e.cluster import kind, stack
from e2e.cluster.cache import StepFailed
from e2e.harness import Service, get, wait_for

pytestmark = pytest.mark.e2e
KINDS = (
    "llmservices,deployments.apps,services,configmaps,secrets,serviceaccounts,networkpolicies.networking.k8s.io,"
    "poddisruptionbudgets.policy"
)
REST = 45.0


def _versions(namespace: str) -> dict[str, str]:
    items = get("-n", namespace, KINDS)["items"]
    return {f"{i['kind']}/{i['metadata']['name']}": i["metadata"]["resourceVersion"] for i in items}


def _counted_writes() -> dict[str, float]:
    """Return what each operator process says of its own writes."""
    counted = {}
    pods = get("-n", stack.OPERATOR_NAMESPACE, "pods", "-l", "app.kubernetes.io/component=operator")["items"]
    for pod in pods:
        name = pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{stack.OPERATOR_NAMESPACE}/pods/{name}:8081/proxy/metrics"
        for line in kind.kubectl("get", "--raw", path).splitlines():
            if line.startswith("llmstack_operator_writes_total"):
                series, _, value = line.rpartition(" ")
                counted[f"{name} {series}"] = float(value)
    return counted


def _all_namespaces_stay() -> bool:
    return all(item["status"]["phase"] == "Active" for item in get("namespaces")["items"])


def test_nothing_is_written_at_rest(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply()
    chat.wait_ready()
    # The operator counts for all services: those of earlier stories must have gone, or their draining is counted too.
    wait_for("no namespace is going away", 180, _all_namespaces_stay)
    time.sleep(5)
    before, writes = _versions(chat.namespace), _counted_writes()
    assert len(before) > 15
    assert sum(writes.values()) > 15, "it has written, and says so"
    time.sleep(REST)
    # Seen from outside, by the versions of the objects, and by the operator's own count.
    assert _versions(chat.namespace) == before
    assert _counted_writes() == writes


def test_what_somebody_changed_is_put_back_and_what_is_theirs_stays(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply(gateway={"replicas": {"min": 1}})
    chat.wait_ready()
    where = ("-n", chat.namespace)
    kind.kubectl(*where, "annotate", "service", "chat", "team=a")
    kind.kubectl(
        *where, "patch", "service", "chat", "-p", '{"spec": {"selector": {"llmstack.dev/service": "evil"}}}'
    )
    kind.kubectl(*where, "delete", "poddisruptionbudget", "chat-gateway")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        live = get(*where, "service", "chat")
        there = kind.kubectl(
            *where, "get", "poddisruptionbudget", "chat-gateway", "--ignore-not-found", "-o", "name"
        )
        if live["spec"]["selector"]["llmstack.dev/service"] == "chat" and there:
            break
        time.sleep(0.5)
    assert live["spec"]["selector"]["llmstack.dev/service"] == "chat"
    assert live["metadata"]["annotations"]["team"] == "a"
    assert there


@pytest.mark.usefixtures("cluster")
def test_the_api_server_refuses_a_process_without_the_lease() -> None:
    lease = get("-n", stack.OPERATOR_NAMESPACE, "lease", "llmstack-operator")
    holder = lease["spec"]["holderIdentity"]
    account = f"system:serviceaccount:{stack.OPERATOR_NAMESPACE}:llmstack-operator"
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fence", "namespace": "default"},
    }

    def create(pod: str) -> str:
        return kind.kubectl(
            "create", "--dry-run=server", "-f", "-", f"--as={account}",
            f"--as-user-extra=authentication.kubernetes.io/pod-name={pod}", stdin=json.dumps(manifest),
        )  # fmt: skip

    assert "created" in create(holder)
    with pytest.raises(StepFailed, match="does not hold the Lease"):
        create("llmstack-operator-stopped-long-ago")
