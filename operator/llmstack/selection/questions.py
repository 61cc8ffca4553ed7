"""The questions of the tree. Each answers yes with the facts that decided, or no with the reason."""

from collections.abc import Callable
from dataclasses import dataclass

from llmstack.selection.facts import Facts

SCALE_RPS = 100
"""Requests per second; the article: "think > 100 sustained QPS" (section 02), strictly more."""
AGENTIC_TOOL_CALLS = 5
"""Tool calls a request; the article: "5+ tool calls with the same system prompt" (section 07)."""


@dataclass(frozen=True)
class Answer:
    """Yes or no, and the words for it: a clause that a why sentence can begin with."""

    yes: bool
    because: str


def no_data_centre_gpu(facts: Facts) -> Answer:
    """Ask question 1: is there no data-centre GPU."""
    accelerator = facts.accelerator
    if accelerator is None:
        return Answer(False, "no accelerator is known, which counts as a data-centre GPU")
    if accelerator.data_centre:
        return Answer(False, f"{accelerator.name} is a data-centre GPU")
    tier = {"consumer": "a consumer GPU", "apple-silicon": "Apple silicon", "cpu": "CPU only"}
    return Answer(True, f"there is no data-centre GPU here ({tier[accelerator.tier]})")


def amd_data_centre(facts: Facts) -> Answer:
    """Ask question 1b: is it AMD data-centre."""
    accelerator = facts.accelerator
    yes = accelerator is not None and accelerator.tier == "data-centre-amd"
    return Answer(yes, f"{accelerator.name if accelerator else 'the accelerator'} is {'' if yes else 'not '}"
                  "an AMD data-centre GPU")  # fmt: skip


def agentic(facts: Facts) -> Answer:
    """Ask question 2: is the workload agentic."""
    calls = facts.tool_calls
    if calls is not None:
        if calls >= AGENTIC_TOOL_CALLS:
            return Answer(True, f"{calls} tool calls per request share one system prompt")
        return Answer(False, f"{calls} tool calls per request are below {AGENTIC_TOOL_CALLS}")
    if facts.pattern == "Agentic":
        return Answer(True, "the workload is agentic: branching calls share one system prompt")
    return Answer(False, "the workload is not said to be agentic")


def scale_on_latest_nvidia(facts: Facts) -> Answer:
    """Ask question 3: is it scale on the latest NVIDIA."""
    accelerator = facts.accelerator
    if accelerator is None or accelerator.tier != "data-centre-nvidia-latest":
        return Answer(False, "the accelerator is not of the latest NVIDIA generation (H100 and newer)")
    if facts.sustained is None:
        return Answer(False, "no sustained rate is known")
    rate = f"{facts.sustained:g} sustained requests/s"
    if facts.sustained <= SCALE_RPS:
        return Answer(False, f"{rate} is not above {SCALE_RPS}: the engine rebuild does not pay back")
    if facts.model_churn != "Stable":
        return Answer(False, f"{rate}, but the set of models is not said to be stable (modelChurn)")
    return Answer(True, f"{rate} on {accelerator.name} with a stable set of models")


def hugging_face_native(facts: Facts) -> Answer:
    """Ask question 4: is it Hugging Face-native, shipping today."""
    if facts.hugging_face_native:
        return Answer(True, "the team is Hugging Face-native and ships today")
    if facts.adapters >= 2:
        return Answer(True, f"{facts.adapters} adapters share one base model")
    return Answer(False, "neither huggingFaceNative nor two adapters on one base are said")


QUESTIONS: dict[str, Callable[[Facts], Answer]] = {
    "no_data_centre_gpu": no_data_centre_gpu,
    "amd_data_centre": amd_data_centre,
    "agentic": agentic,
    "scale_on_latest_nvidia": scale_on_latest_nvidia,
    "hugging_face_native": hugging_face_native,
}
