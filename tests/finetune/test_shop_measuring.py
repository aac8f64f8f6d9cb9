"""Asking the set's questions, counting what is right, and fitting the doubt to it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from finetune.shops.measuring import (
    PRIOR,
    Outcome,
    calibration_error,
    fit,
    measure,
    read_outcomes,
    summary,
    write_outcomes,
)
from finetune.shops.question_pairs import SET
from llm.engine import Prompt
from llm.errors import LlmError
from llm.scripted import ScriptedEngine
from sql.statement.doubt import WEIGHTS, probability
from sql.statement.language_grammar import ASK, NOTHING, OR

REVENUE, ORDERS = "SELECT revenue FROM order_lines", "SELECT order_count FROM orders"
TOWNS = "SELECT city, revenue FROM order_lines GROUP BY city"
OPEN = {"kind": "ask_back", "note": "two", "choices": [REVENUE, ORDERS]}
GOES_ON = {"kind": "follow_up", "previous": TOWNS}
ASKED = [
    # question, what stands in the set, what the model writes, verdict
    ("revenue, shall we say", {"statement": REVENUE}, REVENUE, "right"),
    ("turnover for the towns", {"statement": TOWNS}, TOWNS, "right"),
    ("turnover or whatever", {"statement": ORDERS}, REVENUE, "wrong"),
    ("ovens, shall we say", {"kind": "unanswerable", "note": "no ovens"}, NOTHING, "declined"),
    ("how did we do", OPEN, f"{ASK}{REVENUE}{OR}{ORDERS}", "asked back"),
    ("how did we do lately", OPEN, REVENUE, "wrong"),
    ("as a percentage", {**GOES_ON, "statement": TOWNS.replace("revenue", "SHARE(revenue)")}, None, "right"),
    ("units sold", {**GOES_ON, "statement": TOWNS.replace("revenue", "units_sold")}, None, "right"),
    ("revenue, as it were", {"statement": REVENUE}, LlmError("no model"), "failed"),
    ("write me a report", {"kind": "job", "note": "report"}, None, None),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set with one shop, of which :data:`ASKED` is asked."""
    (tmp_path / "set" / "shop").mkdir(parents=True)
    for name in ("shop.yml", "tables.yml"):
        (tmp_path / "set" / "shop" / name).write_bytes((SET / "bakery_chain" / name).read_bytes())
    usual = {"persona": "owner", "language": "en", "kind": "question"}
    lines = [
        json.dumps(usual | {"id": f"s-{n}", "turns": [question]} | pair)
        for n, (question, pair, *_) in enumerate(ASKED)
    ]
    (tmp_path / "set" / "shop" / "questions.jsonl").write_text("\n".join(lines))
    return tmp_path / "set"


def reply(prompt: Prompt) -> str:
    asked = prompt.rest.split("\n")[1].removeprefix("Question: ")
    ((pair, written),) = [(pair, written) for question, pair, written, _ in ASKED if question == asked]
    if isinstance(written, LlmError):
        raise written
    return written or pair["statement"]


def test_each_question_is_asked_as_a_user_would_ask_it_and_judged_by_its_rows(root: Path) -> None:
    engine = ScriptedEngine(reply, adapters=["mine"])
    found = list(measure(["shop"], engine, adapter="mine", root=root, built=root.parent / "built"))
    assert [o.verdict for o in found] == [verdict for *_, verdict in ASKED if verdict]
    assert {request.adapter for request in engine.calls} == {"mine"}
    before = [p for request in engine.calls if (p := request.prompt.rest).count("Before: ")]
    assert len({*before}) == 2 and all(TOWNS in rest for rest in before)
    answered = [o for o in found if o.verdict in ("right", "wrong")]
    assert all(0 < o.confidence < 1 and set(o.signs) <= set(WEIGHTS) for o in answered)
    assert found[0].said == REVENUE and found[-1].said == "LlmError: no model"
    figures = summary(found)
    assert (figures["questions"], figures["right"], figures["failed"]) == (4, 0.5, 0.25)
    assert (figures["follow_ups"], figures["follow_ups_right"]) == (2, 1.0)
    assert (figures["others"], figures["others_declined_or_asked_back"]) == (3, pytest.approx(2 / 3))


def test_only_every_nth_question_is_asked_and_outcomes_are_kept_whole(root: Path, tmp_path: Path) -> None:
    engine = ScriptedEngine(reply, adapters=["mine"])
    file = tmp_path / "outcomes.jsonl"
    asked = measure(["shop"], engine, adapter="mine", every=3, root=root, built=tmp_path / "built")
    found = write_outcomes(asked, file)
    assert [o.id for o in found] == ["s-0", "s-3", "s-6"]
    assert read_outcomes([file]) == found


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
    assert weights["again"] == PRIOR["again"], "what was never seen stays what it was taken for"


def test_a_few_odd_answers_do_not_turn_a_sign_round():
    odd = [outcome("right", unheard=1.0, weakest=-3.0) for _ in range(30)]
    odd += [outcome("wrong", unheard=0.0, weakest=0.0) for _ in range(30)]
    weights = fit(odd)
    assert weights["unheard"] <= 0.0 <= weights["weakest"]


def test_too_little_is_not_fitted():
    with pytest.raises(ValueError, match="too few"):
        fit([outcome("right")] * 10)
    with pytest.raises(ValueError, match="alike"):
        fit([outcome("right")] * 40)
