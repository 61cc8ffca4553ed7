import pytest

from llmstack.api.load import ManifestError, load_manifests


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("off", False), ("y", True), ("'yes'", "yes"), ("2026-11", "2026-11"),
        ("2026-11-24", "2026-11-24"), ("010", 8), ("0x10", 16), ("1:30", "1:30"), ("500e6", 500000000.0),
        ("1_000", 1000), (".5", 0.5), ("~", None), ("v1.41", "v1.41"), ("1605565b47bb", "1605565b47bb"),
    ],
)  # fmt: skip
def test_a_scalar_is_read_as_kubectl_reads_it(text: str, value: object) -> None:
    (read,) = load_manifests(f"a: {text}\n")
    assert read == {"a": value}
    assert type(read["a"]) is type(value)


def test_a_boolean_key_becomes_a_string() -> None:
    assert load_manifests("on: 1\n") == [{"true": 1}]


def test_a_duplicate_key_is_refused_with_its_line() -> None:
    with pytest.raises(ManifestError, match=r"chat.yaml: line 2: the key 'a' is there twice"):
        load_manifests("a: 1\na: 2\n", "chat.yaml")


def test_the_items_of_a_list_are_taken_out() -> None:
    text = "kind: List\nitems: [{kind: A}, {kind: B}]\n---\nkind: C\n---\n"
    assert [m["kind"] for m in load_manifests(text)] == ["A", "B", "C"]


@pytest.mark.parametrize("text", ["a: [", "- a\n", "text"])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        load_manifests(text)
