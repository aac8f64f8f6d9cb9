"""Counting what is right, and fitting the doubt to it."""

from __future__ import annotations

import random

import pytest

from finetune.shops.measuring import Outcome, calibration_error, fit, summary
from sql.statement.doubt import probability


def outcome(verdict: str, confidence: float = 0.9, kind: str = "question", **signs: float) -> Outcome:
    return Outcome(
        shop="a",
        id="1",
        kind=kind,
        language="en",
        verdict=verdict,
        said="",
        seconds=1.0,
        confidence=confidence,
        signs={"bias": 1.0, **signs},
    )


def test_shares_are_of_what_was_asked():
    found = summary(
        [
            outcome("right"),
            outcome("wrong"),
            outcome("declined"),
            outcome("right", confidence=0.5),
            outcome("declined", kind="unanswerable"),
            outcome("wrong", kind="ask_back"),
        ]
    )
    assert (found["questions"], found["right"], found["declined_or_asked_back"]) == (4, 0.5, 0.25)
    assert (found["others"], found["others_declined_or_asked_back"]) == (2, 0.5)
    assert (found["sure"], found["sure_and_wrong"]) == (3, pytest.approx(2 / 3))


def test_a_true_confidence_has_no_calibration_error():
    true = [outcome("right", 0.75)] * 3 + [outcome("wrong", 0.75)]
    assert calibration_error(true) == pytest.approx(0.0)
    assert calibration_error([outcome("wrong", 0.95)] * 4) == pytest.approx(0.95)


def test_the_fit_finds_what_speaks_against_an_answer():
    dice = random.Random(3)
    found = []
    for _ in range(400):
        unheard, weakest = dice.choice((0.0, 1.0)), -dice.random() * 3
        chance = probability(
            {"bias": 1.0, "unheard": unheard, "weakest": weakest}, {"bias": 2, "unheard": -3, "weakest": 0.5}
        )
        found.append(
            outcome("right" if dice.random() < chance else "wrong", unheard=unheard, weakest=weakest)
        )
    weights = fit(found)
    assert weights["unheard"] < -1.5 and weights["weakest"] > 0.1 and weights["bias"] > 0.5
    assert weights["again"] == 0.0


def test_too_little_is_not_fitted():
    with pytest.raises(ValueError, match="too few"):
        fit([outcome("right")] * 10)
    with pytest.raises(ValueError, match="alike"):
        fit([outcome("right")] * 40)
