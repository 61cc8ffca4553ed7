"""The tree, scenario by scenario, and what must hold for every input."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llmstack.catalog.accelerators import ACCELERATORS
from llmstack.catalog.engines import ENGINES
from llmstack.selection.facts import Facts, Running
from llmstack.selection.policies import impossibility
from llmstack.selection.select import Impossible, Selection, select

SCENARIOS = yaml.safe_load(Path(__file__).with_name("scenarios.yaml").read_text())
NOTHING = Facts(
    accelerator=None, quantization=None, gguf=False, pattern=None, tool_calls=None, structured_output=False,
    sustained=None, model_churn=None, hugging_face_native=False, adapters=0, pinned=None, edition=None,
    running=None,
)  # fmt: skip


def facts_of(row: dict[str, Any]) -> Facts:
    said = dict(row.get("facts", {}))
    if "accelerator" in said:
        said["accelerator"] = ACCELERATORS[said["accelerator"]]
    if "running" in said:
        said["running"] = Running(**said["running"])
    return replace(NOTHING, **said)


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: str(row["name"]))
def test_scenario(row: dict[str, Any]) -> None:
    result = select(facts_of(row))
    if "impossible" in row:
        assert isinstance(result, Impossible)
        assert row["impossible"] in result.why
        assert result.nearest == row["nearest"]
        return
    assert isinstance(result, Selection)
    assert (result.engine, result.leaf) == (row["engine"], row["leaf"])
    for words in row.get("why", []):
        assert words in result.why
    for engine, words in row.get("rejected", {}).items():
        assert words in next(r.why for r in result.rejected if r.engine == engine)
    if "recommended" in row:
        assert result.recommendation is not None
        assert result.recommendation.engine == row["recommended"]


ANY_FACTS = st.builds(
    Facts,
    accelerator=st.sampled_from([None, *ACCELERATORS.values()]),
    quantization=st.sampled_from([None, "None", "FP8", "AWQ", "GPTQ", "INT8", "INT4", "GGUF"]),
    gguf=st.booleans(),
    pattern=st.sampled_from([None, "Chat", "Agentic", "Batch", "LongContext"]),
    tool_calls=st.none() | st.integers(0, 50),
    structured_output=st.booleans(),
    sustained=st.none() | st.floats(0.1, 1000),
    model_churn=st.sampled_from([None, "Stable", "Experimental"]),
    hugging_face_native=st.booleans(),
    adapters=st.integers(0, 4),
    pinned=st.none() | st.sampled_from(sorted(ENGINES)),
    edition=st.sampled_from([None, "2026-05", "2026-11"]),
    running=st.none()
    | st.builds(Running, engine=st.sampled_from(sorted(ENGINES)), edition=st.just("2026-11")),
)


@given(ANY_FACTS)
@settings(max_examples=300, deadline=None)
def test_the_tree_is_total_and_never_chooses_what_cannot_run(facts: Facts) -> None:
    result = select(facts)
    if isinstance(result, Selection):
        assert impossibility(facts, ENGINES[result.engine]) is None
        assert {r.engine for r in result.rejected} == set(ENGINES) - {result.engine}
        assert all(r.why for r in result.rejected)
        assert result.why.endswith(".")
    elif result.nearest is not None:
        assert impossibility(facts, ENGINES[result.nearest]) is None
    assert select(facts) == result


@given(ANY_FACTS)
@settings(max_examples=300, deadline=None)
def test_what_is_unknown_never_leads_away_from_the_default(facts: Facts) -> None:
    unknown = replace(
        facts, accelerator=None, pattern=None, tool_calls=None, sustained=None, model_churn=None, pinned=None,
        hugging_face_native=False, adapters=0, quantization=None, gguf=False, running=None,
    )  # fmt: skip
    result = select(unknown)
    assert isinstance(result, Selection)
    assert result.engine == "vLLM"


@given(ANY_FACTS)
@settings(max_examples=300, deadline=None)
def test_a_pinned_engine_is_run_or_refused_but_never_replaced(facts: Facts) -> None:
    assert select(replace(facts, pinned="SGLang")).engine == "SGLang"
