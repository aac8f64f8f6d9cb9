import dataclasses
import json

import pytest

from finetune.scores import EvaluationReport, Outcome, Preview, bootstrap_interval, cluster_interval


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


def test_whole_databases_are_resampled_together():
    """Two databases of 50, one all right and one all wrong: half of the draws hold one of each."""
    groups = [[True] * 50, [False] * 50]
    assert cluster_interval(groups) == (0.0, 1.0)
    assert bootstrap_interval([True] * 50 + [False] * 50)[0] > 0.35


def test_the_cluster_interval_is_that_of_a_textbook():
    """Forty databases of 25 with shares 0.4 and 0.6 in turn: their mean spreads by 0.1 / sqrt(40)."""
    groups = [[True] * (10 + 5 * (i % 2)) + [False] * (15 - 5 * (i % 2)) for i in range(40)]
    assert cluster_interval(groups) == pytest.approx((0.5 - 1.96 * 0.0158, 0.5 + 1.96 * 0.0158), abs=0.003)
    assert cluster_interval(groups) == cluster_interval(groups)


def test_large_databases_weigh_more_and_empty_ones_nothing():
    assert cluster_interval([[True] * 30, [], [True]]) == (1.0, 1.0)
    assert cluster_interval([]) == cluster_interval([[]]) == (0.0, 0.0)
    assert cluster_interval([[True, False]]) == (0.5, 0.5)


def test_groups_are_by_hardness_source_and_database():
    report = EvaluationReport(
        engine="fake",
        outcomes=tuple(
            dataclasses.replace(outcome(verdict), hardness=hardness, source=source, prompt_tokens=tokens)
            for verdict, hardness, source, tokens in (
                ("correct", "extra", "a", 100),
                ("wrong", "easy", "a", 300),
                ("correct", "easy", "", 200),
                ("gold_failed", "hard", "b", None),
            )
        ),
    )
    assert report.by_hardness() == {"easy": (2, 0.5), "extra": (1, 1.0)}
    assert list(report.by_hardness()) == ["easy", "extra"]
    assert report.by_source() == {"a": (2, 0.5)}
    assert report.tokens == (200.0, 0.0)
    assert report.to_json()["by_hardness"]["easy"] == {"asked": 2, "execution_accuracy": 0.5}
    assert "easy" in report.to_text()


def test_tokens_that_were_not_counted_are_not_averaged():
    assert REPORT.tokens[0] is None
    assert "not counted read" in REPORT.to_text()


def test_an_outcome_comes_back_from_json_as_it_was():
    shown = Preview(columns=("a",), rows=(("1",), (None,)), total=7)
    kept = dataclasses.replace(outcome("wrong"), rows=shown, gold_rows=shown, calls=2, source="x")
    assert Outcome.from_json(json.loads(json.dumps(dataclasses.asdict(kept)))) == kept
    assert Outcome.from_json(dataclasses.asdict(outcome("correct"))) == outcome("correct")
    with pytest.raises(TypeError):
        Outcome.from_json({"line": 1})
