"""Which databases are kept from training: read from ``heldout.yml``, fixed before anything was trained.

Twenty databases of ``spider_train`` for testing, ten for validation (early stopping, tuning), the rest for
training. ``bench.heldout`` holds the seeded choice. Spider's own dev databases are part of an outside check:
:func:`split` refuses them, so that nothing is trained or tuned on them by accident.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import yaml

Split = Literal["train", "validation", "test"]

FILE = Path(__file__).parent / "heldout.yml"
MEASURED = Path(__file__).parent / "measured.txt"
OUTSIDE = frozenset(
    [
        "battle_death",
        "car_1",
        "concert_singer",
        "course_teach",
        "cre_doc_template_mgt",
        "dog_kennels",
        "employee_hire_evaluation",
        "flight_2",
        "museum_visit",
        "network_1",
        "orchestra",
        "pets_1",
        "poker_player",
        "real_estate_properties",
        "singer",
        "student_transcripts_tracking",
        "tvshow",
        "voter_1",
        "world_1",
        "wta_1",
    ]
)
"""Spider's dev databases, in lower case."""


def split(name: str) -> Split:
    """On which side a database stands; one that is in no list is for training.

    Upper and lower case are the same here: file systems differ in that, and a leak must not hide in it.

    Raises:
        ValueError: the database belongs to Spider's dev set, which is for an outside check only.
    """
    lowered = name.lower()
    if lowered in OUTSIDE:
        raise ValueError(
            f"{name!r} is one of Spider's dev databases, kept for an outside check: neither train nor tune "
            "on it"
        )
    return _sides().get(lowered, "train")


def databases(side: Literal["validation", "test"]) -> tuple[str, ...]:
    """The names held out on one side, sorted."""
    return tuple(_content()[side])


def question_id(question: str) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of the question, outer blanks left out."""
    return hashlib.sha256(question.strip().encode()).hexdigest()[:12]


def is_sampled(database: str, question: str) -> bool:
    """Whether a question is in the fixed sample of its side: 300 for testing, 150 for validation."""
    return question_id(question) in _sampled().get(database, frozenset())


def wording(question: str) -> str:
    """A key of the question's words: of their letters and digits alone, whatever their case."""
    letters = re.sub(r"[\W_]+", "", question).casefold()
    return hashlib.sha256(letters.encode()).hexdigest()[:12]


def is_measured_with(question: str) -> bool:
    """Whether a question that the demonstration shop is measured with says the same words.

    ``measured.txt`` has their keys alone, so that nobody reads them who makes training data;
    ``python -m bench.heldout --write`` makes it.
    """
    return wording(question) in _measured()


@functools.cache
def _measured() -> frozenset[str]:
    return frozenset(MEASURED.read_text(encoding="utf-8").split())


@functools.cache
def _content() -> dict[str, Any]:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@functools.cache
def _sides() -> dict[str, Split]:
    sides: tuple[Split, ...] = ("test", "validation")
    return {name.lower(): side for side in sides for name in _content()[side]}


@functools.cache
def _sampled() -> dict[str, frozenset[str]]:
    samples = _content()["samples"]
    return {name: frozenset(ids) for side in samples.values() for name, ids in side.items()}
