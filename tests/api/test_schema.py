import json
from collections.abc import Iterator

import pytest

from llmstack.api.base import Model
from llmstack.api.schema import UnboundedSchemaError, custom_resource_definitions, structural_schema

BOOLEAN_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false"}


def walk(node: object, path: str = "") -> Iterator[tuple[str, object]]:
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{path}[{index}]")


@pytest.mark.parametrize("plural", sorted(custom_resource_definitions()))
class TestCustomResourceDefinition:
    def test_is_small_enough_for_client_side_apply(self, plural: str) -> None:
        assert len(json.dumps(custom_resource_definitions()[plural])) < 250_000

    def test_has_no_default_but_the_status_generation(self, plural: str) -> None:
        defaults = [
            (path, node["default"])
            for path, node in walk(custom_resource_definitions()[plural])
            if isinstance(node, dict) and "default" in node
        ]
        assert [value for _, value in defaults] == [{"observedGeneration": -1}]
        assert defaults[0][0].endswith(".status")

    def test_has_no_yaml_boolean_word(self, plural: str) -> None:
        for path, node in walk(custom_resource_definitions()[plural]):
            if isinstance(node, dict):
                assert not BOOLEAN_WORDS & {key.lower() for key in node.get("properties", {})}, path
                # A condition's status is "True" by Kubernetes' own convention, and no user writes it.
                words = {str(value).lower() for value in node.get("enum", [])}
                assert not BOOLEAN_WORDS & words or ".status.properties." in path, path

    def test_has_nothing_that_a_structural_schema_forbids(self, plural: str) -> None:
        schema = custom_resource_definitions()[plural]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for path, node in walk(schema):
            if isinstance(node, dict) and isinstance(node.get("type"), str):
                assert not {"$ref", "title", "anyOf", "const", "$defs"} & set(node), path
                assert node.get("additionalProperties") is not False, path


def test_an_unbounded_string_is_refused() -> None:
    class Loose(Model):
        free: str

    with pytest.raises(UnboundedSchemaError, match=r"Loose\.free: a string without maxLength"):
        structural_schema(Loose)


def test_an_unbounded_list_is_refused() -> None:
    class Loose(Model):
        free: tuple[bool, ...]

    with pytest.raises(UnboundedSchemaError, match="a list without maxItems"):
        structural_schema(Loose)
