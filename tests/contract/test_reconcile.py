"""The loop against a real API server: what a pass writes, and what it leaves alone."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.contract.api_server import ApiServer

from llmstack.catalog.images import IMAGES
from llmstack.cluster.client import Client
from llmstack.cluster.discovery import optional_apis
from llmstack.cluster.door import Door
from llmstack.cluster.resources import BY_KIND, CHILDREN, LLMSERVICE, LLMTENANT, SECRET, Resource
from llmstack.controller.envoy_validation import EnvoyValidator
from llmstack.controller.reconcile import NEVER, Reconciler
from llmstack.controller.settings import Settings
from llmstack.controller.tenants import TenantReconciler

pytestmark = pytest.mark.contract
HOUSE = {
    "name": "house",
    "hosted": {"provider": "OpenAICompatible", "url": "https://h.test/v1", "model": "m",
               "credentialsSecretRef": {"name": "house", "key": "token"}},
}  # fmt: skip


@dataclass
class Loop:
    """A reconciler in a namespace of its own."""

    client: Client
    namespace: str
    reconciler: Reconciler
    tenants: TenantReconciler
    writes: Counter[str]

    async def make(self, resource: Resource, name: str, **body: Any) -> dict[str, Any]:
        manifest = {
            "apiVersion": resource.api_version, "kind": resource.kind,
            "metadata": {"name": name, "namespace": self.namespace}, **body,
        }  # fmt: skip
        return await self.client.request("POST", resource.path(self.namespace), body=manifest)

    async def change(self, resource: Resource, name: str, patch: dict[str, Any]) -> None:
        await self.client.request(
            "PATCH",
            resource.path(self.namespace, name),
            body=patch,
            content_type="application/merge-patch+json",
        )

    async def full_pass(self) -> dict[str, Any]:
        """Make a full pass; return the conditions by type."""
        self.reconciler.dirty.add((self.namespace, "chat"))
        await self.reconciler.reconcile(self.namespace, "chat")
        live = await self.client.get(LLMSERVICE, self.namespace, "chat")
        assert live is not None
        assert live["status"]["observedGeneration"] == live["metadata"]["generation"]
        return {c["type"]: c for c in live["status"]["conditions"]}

    async def children(self) -> dict[tuple[str, str], dict[str, Any]]:
        lists = [
            await self.client.list(kind, self.namespace, "llmstack.dev/service=chat") for kind in CHILDREN
        ]
        return {(c["kind"], c["metadata"]["name"]): c for found in lists for c in found}


@pytest.fixture
async def loop(client: Client, server: ApiServer, request: pytest.FixtureRequest) -> Loop:
    namespace = f"ns-{abs(hash(request.node.name)) % 10**9}"
    assert server.kubectl("create", "namespace", namespace).returncode == 0
    writes: Counter[str] = Counter()
    door = Door(client, lambda: True, lambda verb, kind: writes.update([f"{verb} {kind}"]))
    settings = Settings(
        images=IMAGES, cluster_domain="cluster.local", watched_namespace=None, leader_election=False, workers=1,
        pod_name="test", pod_namespace="default",
    )  # fmt: skip
    reconciler = Reconciler(client, door, settings, EnvoyValidator())
    return Loop(client, namespace, reconciler, TenantReconciler(client, door), writes)


MODEL: dict[str, Any] = {"model": {"source": "pvc://models/tiny.gguf"}}


async def test_a_pass_makes_everything_and_then_nothing_is_written(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    conditions = await loop.full_pass()
    assert len(await loop.children()) == 19
    assert (conditions["Ready"]["status"], conditions["Ready"]["reason"]) == ("False", "PodsNotReady")
    assert conditions["EngineSelected"]["status"] == "True"
    await loop.full_pass()  # it sees its own children now, and says so
    loop.writes.clear()
    await loop.full_pass()
    assert loop.writes == Counter()


async def test_generated_keys_are_made_once(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    before = {name: c["data"] for (kind, name), c in (await loop.children()).items() if kind == "Secret"}
    await loop.change(LLMSERVICE, "chat", {"spec": {"gateway": {"replicas": {"min": 3}}}})
    await loop.full_pass()
    after = {name: c["data"] for (kind, name), c in (await loop.children()).items() if kind == "Secret"}
    for name in ("chat-api-key", "chat-engine-key"):
        assert after[name] == before[name]


async def test_an_old_revision_serves_until_the_new_one_is_ready(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    (old,) = await _engines(loop)
    await loop.change(LLMSERVICE, "chat", {"spec": {"model": {"contextLength": 1024}}})
    await loop.full_pass()
    both = await _engines(loop)
    assert old in both
    (new,) = both - {old}
    live = (await loop.children())["Deployment", new]
    status = {"readyReplicas": 1, "replicas": 1, "observedGeneration": live["metadata"]["generation"]}
    await loop.client.request(
        "PATCH", BY_KIND["Deployment"].path(loop.namespace, new, "status"), body={"status": status},
        content_type="application/merge-patch+json",
    )  # fmt: skip
    await loop.full_pass()
    assert await _engines(loop) == {new}


async def _engines(loop: Loop) -> set[str]:
    return {name for kind, name in await loop.children() if kind == "Deployment" and "-engine-" in name}


async def test_what_left_the_plan_goes_and_what_only_looks_like_ours_stays(loop: Loop) -> None:
    made = await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    source = copy.deepcopy((await loop.children())["ConfigMap", "chat-gateway"])
    labels, owners = source["metadata"]["labels"], source["metadata"]["ownerReferences"]
    assert owners[0]["uid"] == made["metadata"]["uid"]
    config_maps = BY_KIND["ConfigMap"]
    for name, owner in (
        ("ours", owners),
        ("an-earlier-services", [{**owners[0], "uid": "0"}]),
        ("nobodys", []),
    ):
        metadata = {"name": name, "namespace": loop.namespace, "labels": labels, "ownerReferences": owner}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        await loop.client.request("POST", config_maps.path(loop.namespace), body=body)
    await loop.full_pass()
    left = {name for kind, name in await loop.children() if kind == "ConfigMap"}
    assert left == {"chat-collector", "chat-gateway", "an-earlier-services", "nobodys"}


async def test_a_ladder_waits_for_its_secret_and_then_goes_on(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec={**MODEL, "failover": {"ladder": [HOUSE]}})
    conditions = await loop.full_pass()
    assert (conditions["Stalled"]["status"], conditions["Stalled"]["reason"]) == ("True", "SecretNotFound")
    assert "Deployment" not in {kind for kind, _ in await loop.children()}
    await loop.make(SECRET, "house", stringData={"token": "sk"})
    conditions = await loop.full_pass()
    assert conditions["Stalled"]["status"] == "False"
    assert await _engines(loop)


async def test_a_suspended_service_is_looked_at_and_not_written(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    await loop.change(LLMSERVICE, "chat", {"spec": {"suspend": True, "gateway": {"replicas": {"min": 5}}}})
    loop.writes.clear()
    conditions = await loop.full_pass()
    assert conditions["Reconciling"]["reason"] == "Suspended"
    assert set(loop.writes) == {"status LLMService"}


async def test_a_right_that_is_missing_is_said_by_name(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    loop.reconciler.missing_rights = ("patch pods/status",)
    conditions = await loop.full_pass()
    assert conditions["Stalled"]["reason"] == "AccessDenied"
    assert "patch pods/status" in conditions["Stalled"]["message"]


async def test_the_running_engine_is_not_swapped_when_the_nodes_change(loop: Loop) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    before = await _engines(loop)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-node", "labels": {
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}}}  # fmt: skip
    await loop.client.request("POST", "/api/v1/nodes", body=node)
    try:
        status = {"allocatable": {"nvidia.com/gpu": "8"}, "capacity": {"nvidia.com/gpu": "8"}}
        await loop.client.request(
            "PATCH", "/api/v1/nodes/gpu-node/status", body={"status": status},
            content_type="application/merge-patch+json",
        )  # fmt: skip
        loop.reconciler._nodes = (float("-inf"), ())
        await loop.full_pass()
        live = await loop.client.get(LLMSERVICE, loop.namespace, "chat")
        assert live is not None
        assert live["status"]["selection"]["engine"] == "llama.cpp"
        assert await _engines(loop) == before, "nor is it moved to the new hardware"
    finally:
        await loop.client.request("DELETE", "/api/v1/nodes/gpu-node")


async def test_a_tenant_is_told_what_became_of_it(loop: Loop) -> None:
    spec = {"services": {"matchNames": ["chat"]}, "apiKeysSecretRef": {"name": "acme-keys"}}
    await loop.make(LLMTENANT, "acme", spec=spec)

    async def ready() -> tuple[str, str]:
        await loop.tenants.reconcile(loop.namespace, "acme")
        live = await loop.client.get(LLMTENANT, loop.namespace, "acme")
        assert live is not None
        (condition,) = (c for c in live["status"]["conditions"] if c["type"] == "Ready")
        return condition["status"], condition["reason"]

    assert await ready() == ("False", "NoKeys")
    await loop.make(SECRET, "acme-keys", stringData={"first": "k"})
    assert await ready() == ("False", "NoService")
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    assert await ready() == ("True", "Accepted")
    loop.writes.clear()
    await ready()
    assert loop.writes == Counter()
    await loop.change(LLMTENANT, "acme", {"spec": {"limits": {"requestsPerMinute": 5}}})
    assert await ready() == ("False", "NotImplemented")


POD_MONITORS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "podmonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "names": {"kind": "PodMonitor", "plural": "podmonitors"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True,
             "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
        ],
    },
}  # fmt: skip


async def test_an_optional_api_is_used_where_it_is_served(loop: Loop, server: ApiServer) -> None:
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    assert "PodMonitor" not in " ".join(loop.writes)
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await loop.client.request("POST", crds, body=POD_MONITORS)
    try:
        for _ in range(100):
            if server.kubectl("get", "podmonitors", "-A").returncode == 0:
                break
            await asyncio.sleep(0.1)
        loop.reconciler._apis = NEVER
        await loop.full_pass()
        await loop.full_pass()
        assert loop.writes["apply PodMonitor"] == 1
        (monitor,) = await loop.client.list(BY_KIND["PodMonitor"], loop.namespace)
        assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "metrics"}]
    finally:
        await loop.client.request("DELETE", f"{crds}/podmonitors.monitoring.coreos.com")
        for _ in range(200):
            if "monitoring.coreos.com" not in await optional_apis(loop.client):
                break
            await asyncio.sleep(0.1)


async def test_a_pass_and_each_apply_are_spans(loop: Loop) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    await loop.make(LLMSERVICE, "chat", spec=MODEL)
    await loop.full_pass()
    spans = exporter.get_finished_spans()
    (whole,) = (span for span in spans if span.name == "pass")
    applies = [span for span in spans if span.name == "apply"]
    assert len(applies) == 17
    assert {span.parent.span_id for span in applies if span.parent} == {whole.context.span_id}
    assert {str((span.attributes or {})["llmstack.reason"]) for span in applies} == {"missing"}
