"""Every command of the tutorial and of the README is run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.cluster import kind, stack
from e2e.cluster.cache import KEEP, REPOSITORY

pytestmark = pytest.mark.e2e


def blocks(path: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def kept() -> Iterator[None]:
    """`make up` asks for the cluster to be kept: put that back as it was."""
    before = KEEP.exists()
    stack.delete_namespace("demo")
    yield
    stack.delete_namespace("demo")
    if not before:
        KEEP.unlink(missing_ok=True)


@pytest.mark.usefixtures("cluster", "kept")
def test_tutorial() -> None:
    script = "\n".join(blocks(REPOSITORY / "docs/tutorial.md"))
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-x", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False,
        timeout=900, env={**os.environ, **kind.environment()},
    )  # fmt: skip
    assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"


@pytest.mark.usefixtures("cluster", "kept")
def test_demo() -> None:
    """The README's first command, on the cluster that is here; the second one is what runs this test."""
    assert [block.strip() for block in blocks(REPOSITORY / "README.md")] == ["make demo", "make test"]
    KEEP.touch()
    result = subprocess.run(
        ["make", "-s", "demo"], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=900
    )
    assert result.returncode == 0, f"{result.stdout[-4000:]}\n{result.stderr[-2000:]}"
    assert "  FAIL " not in result.stdout
    assert "claims held" in result.stdout
