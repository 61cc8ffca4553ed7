import pytest
from tests.golden_cases import GOLDEN, cases, outputs


@pytest.mark.parametrize("case", cases())
def test_the_case_is_as_its_golden_files_say(case: str) -> None:
    wanted = outputs(case)
    folder = GOLDEN / case
    there = {path.name for path in folder.iterdir()} - {"llmservice.yaml", "nodes.yaml"}
    assert there == set(wanted), "make golden writes the files again"
    for name, text in wanted.items():
        assert (folder / name).read_text() == text, f"{case}/{name}: make golden writes it again"
