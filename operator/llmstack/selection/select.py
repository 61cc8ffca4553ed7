"""Walk the tree: the first question that says yes decides, if its engine can run here."""

from dataclasses import dataclass
from typing import Literal

from llmstack.api.serving import Edition, EngineName
from llmstack.catalog.engines import ENGINES
from llmstack.catalog.rubric import EDITIONS, NEWEST, Question, Rubric
from llmstack.selection.facts import Facts
from llmstack.selection.policies import impossibility
from llmstack.selection.questions import QUESTIONS, Answer

# What each leaf gives, and the trade that is accepted with it (the article, sections 02 and 07).
_GAINS: dict[EngineName, str] = {
    "llama.cpp": "llama.cpp targets this tier and is excellent at it; accepted: less throughput under many users",
    "TGI": "TGI is production-ready here; accepted: 20-40% less throughput than vLLM",
    "SGLang": "SGLang shares the KV prefix across branches; accepted: younger docs",
    "TensorRT-LLM": "its kernels are 1.3-1.8x ahead on this hardware; accepted: narrower model coverage",
    "vLLM": "vLLM has the broadest model coverage and the best-proven server; accepted: not the peak",
    "Triton": "Triton hosts any backend; accepted: more to operate",
}


@dataclass(frozen=True)
class Rejection:
    """An engine that was not chosen; `hard`: it cannot run here."""

    engine: EngineName
    why: str
    hard: bool


@dataclass(frozen=True)
class Advice:
    """What the newest edition would choose where another engine runs."""

    engine: EngineName
    edition: Edition
    why: str


@dataclass(frozen=True)
class Selection:
    """The decision, ready for a design review."""

    engine: EngineName
    edition: Edition
    leaf: str
    why: str
    confidence: Literal["Rubric", "Replayed", "Pinned"]
    rejected: tuple[Rejection, ...]
    recommendation: Advice | None = None


@dataclass(frozen=True)
class Impossible:
    """No decision: what was wanted cannot run, and the nearest thing that can."""

    engine: EngineName
    why: str
    nearest: EngineName | None


@dataclass(frozen=True)
class _Choice:
    engine: EngineName
    edition: Edition
    leaf: str
    why: str
    asked: tuple[tuple[Question, Answer], ...]


def select(facts: Facts) -> Selection | Impossible:
    """Return the engine for these facts: the pinned one, the running one, or the rubric's."""
    edition = facts.edition or (facts.running.edition if facts.running else NEWEST)
    choice = _walk(facts, EDITIONS[edition])
    if facts.pinned is not None:
        return _pinned(facts, facts.pinned, choice)
    running = facts.running
    if running is not None and running.edition == edition:
        if impossible := impossibility(facts, ENGINES[running.engine]):
            return Impossible(running.engine, f"{impossible}; it is running and is never swapped unasked",
                              _nearest(facts))  # fmt: skip
        if running.engine != choice.engine:
            return _sticky(facts, running.engine, choice)
    if impossible := impossibility(facts, ENGINES[choice.engine]):
        return Impossible(choice.engine, impossible, _nearest(facts))
    return Selection(
        engine=choice.engine,
        edition=edition,
        leaf=choice.leaf,
        why=choice.why,
        confidence="Rubric",
        rejected=_rejections(facts, choice.engine, choice),
        recommendation=_newer(facts, choice.engine, edition),
    )


def _walk(facts: Facts, rubric: Rubric) -> _Choice:
    asked = []
    also = []
    winner: Question | None = None
    for question in rubric.questions:
        answer = QUESTIONS[question.ask](facts)
        asked.append((question, answer))
        if answer.yes and not impossibility(facts, ENGINES[question.engine]):
            if winner is None:
                winner = question
                because = answer.because
            elif question.engine != winner.engine:
                also.append(f"{question.engine} too has a reason: {answer.because}")
    if winner is None:
        engine, leaf = rubric.default_engine, rubric.default_leaf
        because, number = "no question of the tree says otherwise", "default"
    else:
        engine, leaf, number = winner.engine, winner.leaf, f"question {winner.number}"
    parts = [f"{because}: {_GAINS[engine]}"]
    if facts.structured_output:
        parts.append("structured output is asked for, which alone decides nothing")
    parts += also
    why = f"{'; '.join(parts)} (rubric {rubric.edition}, {number})."
    return _Choice(engine, rubric.edition, leaf, why[0].upper() + why[1:], tuple(asked))


def _pinned(facts: Facts, engine: EngineName, choice: _Choice) -> Selection | Impossible:
    if impossible := impossibility(facts, ENGINES[engine]):
        return Impossible(engine, impossible, _nearest(facts))
    agrees = "the rubric agrees" if engine == choice.engine else f"the rubric would choose {choice.engine}"
    why = f"spec.engine.name asks for {engine}; {agrees}: {choice.why}"
    return Selection(engine, choice.edition, "pinned", why, "Pinned", _rejections(facts, engine, choice))


def _sticky(facts: Facts, engine: EngineName, choice: _Choice) -> Selection:
    return Selection(
        engine=engine,
        edition=choice.edition,
        leaf="running",
        why=f"{engine} is running and stays until engine.name or engine.rubric changes.",
        confidence="Rubric",
        rejected=_rejections(facts, engine, choice),
        recommendation=Advice(choice.engine, choice.edition, choice.why),
    )


def _newer(facts: Facts, engine: EngineName, edition: Edition) -> Advice | None:
    if edition == NEWEST:
        return None
    newest = _walk(facts, EDITIONS[NEWEST])
    if newest.engine == engine or impossibility(facts, ENGINES[newest.engine]):
        return None
    return Advice(newest.engine, NEWEST, newest.why)


def _nearest(facts: Facts) -> EngineName | None:
    """Return the first engine that can run here; the default comes first."""
    order: tuple[EngineName, ...] = ("vLLM", "llama.cpp", "SGLang", "TensorRT-LLM", "TGI", "Triton")
    return next((name for name in order if not impossibility(facts, ENGINES[name])), None)


def _rejections(facts: Facts, chosen: EngineName, choice: _Choice) -> tuple[Rejection, ...]:
    rejected = []
    for name, engine in ENGINES.items():
        if name == chosen:
            continue
        if impossible := impossibility(facts, engine):
            rejected.append(Rejection(name, impossible, hard=True))
        else:
            rejected.append(Rejection(name, _preference(name, chosen, choice), hard=False))
    return tuple(rejected)


def _preference(name: EngineName, chosen: EngineName, choice: _Choice) -> str:
    if archived := ENGINES[name].archived:
        return f"{archived}."
    if name == EDITIONS[choice.edition].default_engine:
        return f"{name} is the default where nothing else is known; {chosen} stands at an earlier leaf."
    if name == "Triton":
        return "Triton hosts other engines; it is chosen only when it is named."
    own = [(question, answer) for question, answer in choice.asked if question.engine == name]
    for _, answer in own:
        if not answer.yes:
            return f"{answer.because[0].upper()}{answer.because[1:]}."
    if own:
        return f"An earlier question of the tree chose {chosen}."
    return f"No question of rubric {choice.edition} leads to {name}."
