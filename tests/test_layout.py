"""Guards of the house itself."""

import operator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_source_root_does_not_shadow_the_standard_library() -> None:
    assert not (REPOSITORY / "operator" / "__init__.py").exists()
    assert not str(operator.__file__).startswith(str(REPOSITORY))


def test_no_file_is_longer_than_it_should_be() -> None:
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in (REPOSITORY / "operator").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 320
    }
    assert long == {}


def test_kopf_is_the_watch_engine_only() -> None:
    source = "".join(path.read_text() for path in (REPOSITORY / "operator").rglob("*.py"))
    for word in ("create", "update", "delete", "resume", "field", "validate", "mutate", "cleanup"):
        assert f"kopf.on.{word}(" not in source
    for word in ("kopf.timer", "kopf.daemon", "kopf.index", "kopf.adopt"):
        assert word not in source
