import json
from pathlib import Path

import pytest
import yaml
from tests.golden_cases import GOLDEN

from llmstack.cli.main import main

CASE = GOLDEN / "seven-lines-on-cpu"
FILES = [str(CASE / "llmservice.yaml"), "--nodes", str(CASE / "nodes.yaml")]


def test_explain_prints_exactly_what_status_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *FILES, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == yaml.safe_load((CASE / "selection.yaml").read_text())


def test_plan_prints_exactly_what_status_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *FILES, "--json"]) == 0
    assert (
        json.loads(capsys.readouterr().out) == yaml.safe_load((CASE / "status.yaml").read_text())["capacity"]
    )


def test_render_prints_exactly_the_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", *FILES]) == 0
    wanted = list(yaml.safe_load_all((CASE / "manifests.yaml").read_text()))
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == wanted


def test_explain_is_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *FILES]) == 0
    text = capsys.readouterr().out
    for words in (
        "chat: llama.cpp",
        "below-data-centre of rubric 2026-11",
        "cannot      vLLM does not read GGUF",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("kind: Deployment", "one LLMService is needed, 0 are there"),
        ("apiVersion: llmstack.dev/v1alpha1\nkind: LLMService\nmetadata: {name: a}\nspec: {model: {sauce: x}}",
         "spec.model.source: Field required; spec.model.sauce: Extra inputs"),
    ],
)  # fmt: skip
def test_wrong_input_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(text)
    assert main(["explain", str(file)]) == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "/nowhere.yaml"]) == 2
    assert "/nowhere.yaml: No such file or directory" in capsys.readouterr().err


def test_what_cannot_run_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(GOLDEN / "gguf-pinned-to-vllm" / "llmservice.yaml")]) == 1
    assert "the nearest that can is llama.cpp" in capsys.readouterr().err
