import json

import pytest

from finetune.scores import EvaluationReport, Outcome, bootstrap_interval


def outcome(verdict, *, line=1, database="shop", contained=None, seconds=1.0):
    return Outcome(
        line=line,
        database=database,
        question="How many?",
        gold="SELECT 1",
        sql="SELECT 1" if verdict in ("correct", "wrong") else None,
        verdict=verdict,
        is_contained=verdict == "correct" if contained is None else contained,
        reason="",
        seconds=seconds,
    )


REPORT = EvaluationReport(
    engine="fake",
    outcomes=(
        outcome("correct", seconds=1.0),
        outcome("wrong", contained=True, seconds=2.0),
        outcome("abstained", database="other", seconds=3.0),
        outcome("unresolved", database="other", seconds=4.0),
        outcome("gold_failed", line=9, seconds=99.0),
    ),
)


def test_shares_are_of_the_questions_whose_gold_runs():
    assert REPORT.accuracy == 0.25
    assert REPORT.contained == 0.5
    assert REPORT.share("unparsed", "unresolved") == 0.25
    assert REPORT.seconds(50) == 2.5
    assert REPORT.by_database() == {"other": (2, 0.0), "shop": (2, 0.5)}


def test_the_json_holds_every_figure_and_every_question():
    report = json.loads(json.dumps(REPORT.to_json()))
    assert report["execution_accuracy"] == 0.25
    assert (report["questions"], report["asked"], report["gold_failed"]) == (5, 4, 1)
    assert report["abstained"] == report["unresolved"] == 0.25
    assert [o["verdict"] for o in report["outcomes"]][-1] == "gold_failed"


def test_the_text_names_the_golds_that_do_not_run():
    assert "execution accuracy   25.0%" in REPORT.to_text()
    assert "line 9 (shop)" in REPORT.to_text()


def test_nothing_asked_gives_zeros_and_no_error():
    empty = EvaluationReport(engine="fake", outcomes=(outcome("gold_failed"),))
    assert empty.accuracy == empty.seconds(95) == 0.0
    assert empty.interval == (0.0, 0.0)
    assert "0.0%" in empty.to_text()


def test_the_interval_is_that_of_a_textbook():
    """50 of 100: normal approximation 0.5 ± 1.96 × sqrt(0.25 / 100) = 0.402 to 0.598."""
    assert bootstrap_interval([True] * 50 + [False] * 50) == pytest.approx((0.402, 0.598), abs=0.01)
    assert bootstrap_interval([True] * 7) == (1.0, 1.0)


def test_the_interval_is_the_same_at_every_call():
    marks = [True, False, True]
    assert bootstrap_interval(marks) == bootstrap_interval(marks)
