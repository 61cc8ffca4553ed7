"""The operator's chart: it renders, its rights are what is asked for and no more, and its objects are accepted."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml
from e2e.cluster import binaries
from tests.generate import REPOSITORY

from llmstack.cluster.access import needed_rights
from llmstack.cluster.resources import OPTIONAL_CHILDREN

pytestmark = pytest.mark.contract
# Read by name: a Secret that a spec or a tenant names, and our own objects in one pass.
BY_NAME = {
    ("", "secrets", "get"),
    ("llmstack.dev", "llmservices", "get"),
    ("llmstack.dev", "llmtenants", "get"),
}


def template(*values: str) -> list[dict[str, Any]]:
    sets = [part for value in values for part in ("--set", value)]
    result = subprocess.run(
        [binaries.helm(), "template", "llmstack", REPOSITORY / "charts/llmstack", "-n", "llmstack-system",
         "--kube-version", binaries.KUBERNETES, *sets],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return [document for document in yaml.safe_load_all(result.stdout) if document]


def rights(documents: list[dict[str, Any]], kinds: tuple[str, ...]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for document in documents
        if document["kind"] in kinds and "lease" not in document["metadata"]["name"]
        for rule in document["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_rights_are_those_that_are_needed_and_no_more() -> None:
    needed = needed_rights() | BY_NAME
    needed |= {
        (r.group, r.plural, v)
        for r in OPTIONAL_CHILDREN.values()
        for v in ("list", "create", "patch", "delete")
    }
    granted = rights(template(), ("ClusterRole", "Role"))
    assert sorted(granted - needed) == []
    assert sorted(needed - granted) == []


def test_one_namespace_needs_no_right_on_the_cluster_but_to_read_nodes() -> None:
    documents = template("namespace=team-a")
    assert rights(documents, ("ClusterRole",)) == {("", "nodes", "list")}
    roles = [d for d in documents if d["kind"] == "Role"]
    assert {d["metadata"]["namespace"] for d in roles} == {"team-a", "llmstack-system"}


def test_a_value_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AssertionError, match="replicaz"):
        template("replicaz=3")


def test_the_operator_is_restricted() -> None:
    (deployment,) = (d for d in template() if d["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
