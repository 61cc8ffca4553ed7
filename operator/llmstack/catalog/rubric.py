"""Editions of the rubric: which engine stands at which leaf. The questions themselves are in selection."""

from dataclasses import dataclass
from typing import get_args

from llmstack.api.serving import Edition, EngineName
from llmstack.catalog import load_data


@dataclass(frozen=True)
class Question:
    """One question of the tree; the first that says yes decides."""

    number: str
    ask: str
    leaf: str
    engine: EngineName


@dataclass(frozen=True)
class Rubric:
    """One edition."""

    edition: Edition
    questions: tuple[Question, ...]
    default_leaf: str
    default_engine: EngineName


def _load(edition: Edition) -> Rubric:
    data = load_data(f"rubric-{edition}.yaml")
    return Rubric(
        edition=data["edition"],
        questions=tuple(Question(**row) for row in data["questions"]),
        default_leaf=data["default"]["leaf"],
        default_engine=data["default"]["engine"],
    )


EDITIONS: dict[Edition, Rubric] = {edition: _load(edition) for edition in get_args(Edition)}
NEWEST: Edition = max(EDITIONS)
