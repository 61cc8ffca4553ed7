"""The API, the manifests and the door against a real API server."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from tests.contract.api_server import ApiServer
from tests.generate import REPOSITORY
from tests.golden_cases import cases, read

from llmstack.api.llmservice import parse_llmservice
from llmstack.api.load import load_manifests
from llmstack.cluster.access import missing_rights
from llmstack.cluster.client import ApiError, Client
from llmstack.cluster.door import Door, NotLeaderError
from llmstack.cluster.gate import reason_to_apply, with_intent
from llmstack.cluster.lease import Lease
from llmstack.cluster.resources import BY_KIND, LLMSERVICE
from llmstack.plan.plan import Plan, make_plan
from llmstack.render.manifests import render

pytestmark = pytest.mark.contract
CORPUS = yaml.safe_load(Path(__file__).with_name("corpus.yaml").read_text())


def service(spec: dict[str, Any], name: str = "chat") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team-a"}
    return {"apiVersion": "llmstack.dev/v1alpha1", "kind": "LLMService", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: str(row["name"]))
def test_the_server_and_the_offline_commands_agree(server: ApiServer, row: dict[str, Any]) -> None:
    manifest = service(row["spec"])
    answer = server.kubectl(
        "apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(manifest)
    )
    if "wrong" not in row:
        assert answer.returncode == 0, answer.stderr
        parse_llmservice(manifest)
        return
    assert answer.returncode == 1
    assert row["wrong"] in answer.stderr
    with pytest.raises(ValidationError, match=row["wrong"]):
        parse_llmservice(manifest)


@pytest.mark.parametrize("mode", ["strict", "warn", "ignore"])
def test_a_typo_is_refused_warned_about_or_dropped(server: ApiServer, mode: str) -> None:
    manifest = service({"model": {"source": "hf://a/b"}, "scalling": {}})
    answer = server.kubectl(
        "apply", "--dry-run=server", f"--validate={mode}", "-f", "-", stdin=json.dumps(manifest)
    )
    assert answer.returncode == (1 if mode == "strict" else 0)
    assert ('unknown field "spec.scalling"' in answer.stderr) is (mode != "ignore")


@pytest.mark.parametrize(
    "sample", sorted((REPOSITORY / "manifests/samples").glob("*.yaml")), ids=lambda p: p.name
)
def test_our_loader_reads_files_as_kubectl_does(server: ApiServer, sample: Path) -> None:
    answer = server.kubectl(
        "apply", "-n", "team-a", "--dry-run=server", "--validate=strict", "-o", "json", "-f", str(sample)
    )
    assert answer.returncode == 0, answer.stderr
    assert load_manifests(sample.read_text())[0]["spec"] == json.loads(answer.stdout)["spec"]


TRICKY = """
a: yes
b: off
c: 0o17
d: 010
e: 1e3
f: 500e6
g: 1_000
h: 2026-11-24
i: 1:30
j: ~
k: .5
l: "no"
m: 0x1F
n: y
o: +1
p: 1.0
on: 1
"""


def test_tricky_scalars_are_read_as_kubectl_reads_them(server: ApiServer) -> None:
    text = "apiVersion: v1\nkind: Tricky\nmetadata: {name: a}\n" + TRICKY
    # `create --dry-run=client` prints the object as kubectl read it; an unknown kind stops it before, so read a patch.
    answer = server.kubectl(
        "patch", "--local", "-f", "-", "--type=merge", "-p", "{}", "-o", "json", stdin=text
    )
    assert answer.returncode == 0, answer.stderr
    assert load_manifests(text)[0] == json.loads(answer.stdout)


def test_status_is_default_until_it_is_written(server: ApiServer) -> None:
    server.kubectl("apply", "-f", "-", stdin=json.dumps(service({"model": {"source": "hf://a/b"}}, "new")))
    live = json.loads(server.kubectl("-n", "team-a", "get", "llmsvc", "new", "-o", "json").stdout)
    assert live["status"] == {"observedGeneration": -1}
    assert "creationTimestamp" in live["metadata"]
    assert live["spec"] == {"model": {"source": "hf://a/b"}}


def planned() -> list[str]:
    return [case for case in cases() if isinstance(make_plan(*read(case)), Plan)]


@pytest.fixture
def door(client: Client) -> tuple[Door, Counter[str]]:
    counted: Counter[str] = Counter()
    return Door(client, lambda: True, lambda verb, _: counted.update([verb])), counted


def _rendered(case: str) -> tuple[dict[str, Any], ...]:
    plan = make_plan(*read(case))
    assert isinstance(plan, Plan)
    return render(plan).manifests


@pytest.mark.parametrize("case", planned())
async def test_golden_manifests_are_accepted_and_the_gate_then_stays_shut(
    client: Client, door: tuple[Door, Counter[str]], case: str
) -> None:
    through, counted = door
    manifests = _rendered(case)
    for manifest in manifests:
        assert await through.apply(manifest, await _live(client, manifest))
    for manifest in manifests:
        live = await _live(client, manifest)
        assert reason_to_apply(with_intent(manifest), live) is None, manifest["kind"]
        assert not await through.apply(manifest, live)
    assert counted["apply"] == len(manifests)
    for manifest in manifests:
        live = await _live(client, manifest)
        assert live is not None
        await through.delete(live)


async def _live(client: Client, manifest: dict[str, Any]) -> dict[str, Any] | None:
    metadata = manifest["metadata"]
    return await client.get(BY_KIND[manifest["kind"]], metadata["namespace"], metadata["name"])


@pytest.fixture
async def deployment(client: Client, door: tuple[Door, Counter[str]]) -> AsyncIterator[dict[str, Any]]:
    rendered = render(make_plan(*read("hosted-rung-on-cpu")))  # type: ignore[arg-type]
    manifest = next(
        m for m in rendered.manifests if m["metadata"]["name"] == "chat-gateway" and m["kind"] == "Deployment"
    )
    await door[0].apply(manifest, None)
    yield manifest
    live = await _live(client, manifest)
    assert live is not None
    await door[0].delete(live)


async def _patch(client: Client, manifest: dict[str, Any], patch: dict[str, Any], manager: str) -> None:
    metadata = manifest["metadata"]
    await client.request(
        "PATCH", BY_KIND[manifest["kind"]].path(metadata["namespace"], metadata["name"]),
        params={"fieldManager": manager}, body=patch, content_type="application/merge-patch+json",
    )  # fmt: skip


async def test_a_field_that_somebody_changed_opens_the_gate(
    client: Client, deployment: dict[str, Any]
) -> None:
    await _patch(
        client, deployment, {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}, "kubectl"
    )
    assert reason_to_apply(with_intent(deployment), await _live(client, deployment)) == "drift"


async def test_a_field_of_somebody_elses_keeps_it_shut(client: Client, deployment: dict[str, Any]) -> None:
    await _patch(
        client, deployment, {"metadata": {"labels": {"team": "a"}}, "spec": {"revisionHistoryLimit": 3}}, "x"
    )
    assert reason_to_apply(with_intent(deployment), await _live(client, deployment)) is None


async def test_a_field_that_was_ours_and_is_no_longer_meant_opens_it(
    client: Client, deployment: dict[str, Any]
) -> None:
    less = copy.deepcopy(deployment)
    del less["spec"]["template"]["spec"]["topologySpreadConstraints"]
    live = await _live(client, deployment)
    assert live is not None
    # Even if the digest said that it is as meant, what we own would not be what we mean.
    intent = with_intent(less)
    live["metadata"]["annotations"]["llmstack.dev/intent"] = intent["metadata"]["annotations"][
        "llmstack.dev/intent"
    ]
    assert reason_to_apply(intent, live) == "ownership"


async def test_a_door_without_the_lease_sends_nothing(client: Client, deployment: dict[str, Any]) -> None:
    shut = Door(client, lambda: False, lambda *_: None)
    with pytest.raises(NotLeaderError):
        await shut.apply({**deployment, "spec": {**deployment["spec"], "replicas": 9}}, None)
    live = await _live(client, deployment)
    assert live is not None
    assert live["spec"]["replicas"] == deployment["spec"]["replicas"]


async def test_a_delete_spares_a_newer_object_of_the_same_name(
    client: Client, door: tuple[Door, Counter[str]], deployment: dict[str, Any]
) -> None:
    seen = await _live(client, deployment)
    assert seen is not None
    await _patch(client, deployment, {"metadata": {"labels": {"newer": "yes"}}}, "kubectl")
    with pytest.raises(ApiError, match="Conflict"):
        await door[0].delete(seen)


async def test_only_one_of_two_processes_gets_the_lease(client: Client) -> None:
    one, two = (Lease(client, "team-a", "operator", name) for name in ("one", "two"))
    await one.acquire()
    assert one.may_write()
    assert not await two._try()
    assert not two.may_write()
    await one.release()
    assert not one.may_write()
    assert await two._try()


async def test_missing_rights_are_named(server: ApiServer) -> None:
    async with Client(server.configuration("nobody")) as nobody:
        missing = await missing_rights(nobody, None)
    assert "patch pods/status" in missing
    assert f"watch {LLMSERVICE.plural}" in missing
    async with Client(server.configuration()) as admin:
        assert await missing_rights(admin, None) == []
