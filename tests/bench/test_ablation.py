"""The ablation's own parts: forms of a schema, paired differences."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.ablation import compare, main, ways
from finetune.scores import EvaluationReport, Outcome, mean_interval
from llm.scripted import ScriptedEngine

PIECES = {
    "kind TEXT, -- 'brief'": {"schema: one line a table", "schema: without values"},
    "FOREIGN KEY": {"schema: one line a table", "schema: without keys"},
    "b.kind = 'brief'": {"without value hints"},
    "CREATE TABLE": {"schema: one line a table"},
}
"""What a prompt holds → the ways that leave it out."""


@pytest.mark.parametrize("adapter", [None, "a"])
@pytest.mark.parametrize(
    "name", ["under the grammar", "without value hints", *(n for n in ways(Path()) if n.startswith("schema"))]
)
def test_a_way_changes_its_part_of_the_prompt_alone(name: str, adapter: str | None, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, word TEXT);"
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id), kind TEXT, more TEXT);"
            "INSERT INTO b VALUES (1, NULL, 'brief', NULL);"
        )
    connection.close()
    is_led = adapter is not None or name == "under the grammar"
    engine = ScriptedEngine(["-- b\n"] * is_led + ["SELECT COUNT(*) FROM b"], adapters=["a"], logprob=-1e-5)
    with ways(tmp_path)[name].open(tmp_path / "x.sqlite", engine, adapter) as ask:
        ask("How many brief b?")
    for call in engine.calls:
        whole = call.prompt.fixed + call.prompt.rest
        for piece, without in PIECES.items():
            assert (piece in whole) is (name not in without), piece
        assert ("First the tables" in whole) is is_led


def report(*verdicts: bool) -> EvaluationReport:
    outcomes = tuple(
        Outcome(
            line=n,
            database="x",
            question="?",
            gold="SELECT 1",
            sql="SELECT 1",
            verdict="correct" if right else "wrong",
            is_contained=right,
            reason="",
            seconds=1.0,
        )
        for n, right in enumerate(verdicts)
    )
    return EvaluationReport(engine="e", outcomes=outcomes)


def test_differences_are_counted_question_by_question() -> None:
    whole, other = report(*[True] * 50, *[False] * 50), report(*[False] * 10, *[True] * 90)
    words = compare(other, whole)
    assert words.startswith("+40.0 [") and words.endswith("]")
    low, high = mean_interval([1.0] * 50 + [-1.0] * 10 + [0.0] * 40)
    assert -1 < low < 0.4 < high < 1
    assert compare(whole, whole) == "–"


def test_every_way_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = [way.name for way in ways(tmp_path).values()]
    assert len(set(names)) == len(names)


def test_without_data_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHOPTALK_DATA", raising=False)
    assert main([]) == 2
    assert "nothing was measured" in capsys.readouterr().err
