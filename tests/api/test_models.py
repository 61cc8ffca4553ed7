from typing import Any

import pytest
from pydantic import ValidationError

from llmstack.api.llmservice import parse_llmservice

MODEL = {"model": {"source": "hf://Qwen/Qwen3-8B"}}


def service(spec: dict[str, Any], name: str = "chat") -> dict[str, Any]:
    metadata = {"name": name}
    return {"apiVersion": "llmstack.dev/v1alpha1", "kind": "LLMService", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({}, "spec.model", "Field required"),
        ({"model": {"source": "Qwen/Qwen3-8B"}}, "spec.model.source", "pattern"),
        ({**MODEL, "modle": {}}, "spec.modle", "not permitted"),
        ({**MODEL, "suspend": "yes"}, "spec.suspend", "boolean"),
        ({**MODEL, "scaling": {"minReplicas": 3, "maxReplicas": 2}}, "spec.scaling", "maxReplicas is below"),
        ({"model": {**MODEL["model"], "cache": {}}}, "spec.model.cache", "either size"),
        ({**MODEL, "engine": {"name": "Ollama"}}, "spec.engine.name", "llama.cpp"),
        ({**MODEL, "failover": {"ladder": [{"name": "a"}]}}, "spec.failover.ladder.0", "region or a hosted"),
    ],
)
def test_a_wrong_field_is_named_with_the_reason(spec: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_llmservice(service(spec))
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == field
    assert reason in error["msg"]


@pytest.mark.parametrize("name", ["Chat", "1chat", "a" * 64, "chat-", "a.b"])
def test_a_name_that_cannot_name_a_service_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="DNS-1035"):
        parse_llmservice(service(MODEL, name))


def test_status_and_the_servers_metadata_are_no_input() -> None:
    manifest = service(MODEL)
    manifest["status"] = {"anything": 1}
    manifest["metadata"]["managedFields"] = []
    assert parse_llmservice(manifest).metadata.name == "chat"
