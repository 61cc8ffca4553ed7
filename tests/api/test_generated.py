from pathlib import Path

import pytest
from tests.generate import REPOSITORY, generated


@pytest.mark.parametrize("path", sorted(generated()), ids=str)
def test_a_generated_file_is_fresh(path: Path) -> None:
    assert (REPOSITORY / path).read_text() == generated()[path], "make generate writes it again"
