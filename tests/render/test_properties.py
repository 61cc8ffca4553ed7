"""What holds for every plan that has manifests."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.golden_cases import cases, read

from llmstack.plan.plan import Plan, make_plan
from llmstack.render import names
from llmstack.render.manifests import render

PLANNED = [case for case in cases() if isinstance(make_plan(*read(case)), Plan)]


def manifests(case: str) -> tuple[dict[str, Any], ...]:
    plan = make_plan(*read(case))
    assert isinstance(plan, Plan)
    return render(plan).manifests


@pytest.mark.parametrize("case", PLANNED)
class TestEveryChild:
    def test_has_owner_labels_and_a_short_name(self, case: str) -> None:
        for manifest in manifests(case):
            metadata = manifest["metadata"]
            assert len(metadata["name"]) <= 63
            assert metadata["namespace"] == "team-a"
            assert metadata["labels"][names.SERVICE] == "chat"
            assert metadata["labels"][names.MANAGED_BY] == names.MANAGER
            retained = manifest["kind"] == "PersistentVolumeClaim"
            assert [o["uid"] for o in metadata.get("ownerReferences", [])] == (
                [] if retained else ["00000000-0000-0000-0000-000000000001"]
            )

    def test_is_the_same_bytes_each_time(self, case: str) -> None:
        assert json.dumps(manifests(case)) == json.dumps(manifests(case))

    def test_runs_under_the_restricted_profile(self, case: str) -> None:
        for pod in pods(case):
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["runAsUser"] > 0
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert pod["automountServiceAccountToken"] is False
            assert pod["enableServiceLinks"] is False
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False
                assert context["readOnlyRootFilesystem"] is True
                assert context["capabilities"] == {"drop": ["ALL"]}

    def test_keys_are_only_in_secrets(self, case: str) -> None:
        for manifest in manifests(case):
            if manifest["kind"] != "Secret":
                text = json.dumps(manifest)
                assert "generated-" not in text
                assert "value of token in Secret" not in text

    def test_has_time_to_stop(self, case: str) -> None:
        for pod in pods(case):
            for container in pod["containers"]:
                before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                assert pod.get("terminationGracePeriodSeconds", 30) > before


def pods(case: str) -> Iterator[dict[str, Any]]:
    for manifest in manifests(case):
        if manifest["kind"] == "Deployment":
            yield manifest["spec"]["template"]["spec"]


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    one, two = "a" * 63, "a" * 62 + "b"
    for make in (names.gateway, names.engine_pool, names.collector, names.api_key, names.gateway_keys):
        assert len(make(one)) <= 63
        assert make(one) != make(two)
    assert names.gateway_service(one) == one


def test_an_image_and_its_bootstrap_alone_restart_the_gateway() -> None:
    """A key or a rung that comes or goes must reach running Pods, and never replace them."""

    def template(case: str) -> Any:
        return next(
            m["spec"]["template"]
            for m in manifests(case)
            if m["kind"] == "Deployment" and m["metadata"]["name"] == "chat-gateway"
        )

    assert template("hosted-rung-on-cpu") == template("seven-lines-on-cpu")
