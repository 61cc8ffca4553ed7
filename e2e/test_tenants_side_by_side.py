"""Two services and two tenants side by side do not see each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from e2e.cluster import kind, stack
from e2e.harness import Service, collector_metrics, get, wait_for

pytestmark = pytest.mark.e2e


def _tenant(namespace: str, name: str, service: str, keys: dict[str, str]) -> None:
    watch = {"llmstack.dev/watch": "true"}
    stack.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{name}-keys", "namespace": namespace, "labels": watch},
            "stringData": keys,
        },
        {
            "apiVersion": "llmstack.dev/v1alpha1",
            "kind": "LLMTenant",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"services": {"matchNames": [service]}, "apiKeysSecretRef": {"name": f"{name}-keys"}},
        },
    )


def _ready(namespace: str, tenant: str) -> dict[str, str]:
    conditions = get("-n", namespace, "llmtenant", tenant).get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == "Ready"), {})


def test_tenants_side_by_side(service: Callable[..., Service]) -> None:
    one, two = service("one"), service("two")
    where = one.namespace
    for each in (one, two):
        each.apply(gateway={"replicas": {"min": 1}})
    _tenant(where, "acme", "one", {"first": "sk-acme-1"})
    _tenant(where, "globex", "two", {"first": "sk-globex-1"})
    _tenant(where, "nowhere", "three", {"first": "sk-nowhere-1"})
    for each in (one, two):
        each.wait_ready()
    wait_for("acme is accepted", 30, lambda: _ready(where, "acme").get("status") == "True")
    wait_for("nowhere matches nothing", 30, lambda: _ready(where, "nowhere").get("reason") == "NoService")
    wait_for("acme's key is live", 15, lambda: one.ask_once("sk-acme-1")[0] == 200)
    wait_for("globex's key is live", 15, lambda: two.ask_once("sk-globex-1")[0] == 200)

    assert one.ask_once("sk-globex-1")[0] == 401
    assert two.ask_once("sk-acme-1")[0] == 401
    assert one.ask_once("sk-acme-1", model="two")[0] == 404
    # For a day the service's own key still opens it, so that clients can move.
    assert one.ask_once(one.key)[0] == 200
    assert two.ask_once(one.key)[0] == 401

    def tenants(each: Service) -> set[str]:
        return {
            name.partition('tenant_id="')[2].partition('"')[0]
            for name in collector_metrics(each)
            if name.startswith("gen_ai_client_token_usage")
        }

    wait_for("one counts acme and itself", 15, lambda: tenants(one) == {f"{where}/acme", f"{where}/one"})
    wait_for("two counts globex alone", 15, lambda: tenants(two) == {f"{where}/globex"})

    # Rotation: a new entry is live, then the old one goes.
    _tenant(where, "acme", "one", {"first": "sk-acme-1", "second": "sk-acme-2"})
    wait_for("the second key is live", 15, lambda: one.ask_once("sk-acme-2")[0] == 200)
    assert one.ask_once("sk-acme-1")[0] == 200
    kind.kubectl("-n", where, "patch", "secret", "acme-keys", "--type=json",
                 "-p", '[{"op": "remove", "path": "/data/first"}]')  # fmt: skip
    wait_for("the first key is revoked", 15, lambda: one.ask_once("sk-acme-1")[0] == 401)
    assert one.ask_once("sk-acme-2")[0] == 200
