"""The ablation's own parts: forms of a schema, replies without a grammar, paired differences."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.ablation import _KEY, _statement, compare, main, ways
from finetune.scores import EvaluationReport, Outcome, mean_interval
from finetune.ways import open_unseen
from sql.linking import Vocabulary
from sql.table_draft import describe_tables


@pytest.mark.parametrize(
    ("reply", "sql"),
    [
        ("SELECT 1", "SELECT 1"),
        ("-- city\nSELECT name\nFROM city;", "SELECT name FROM city"),
        ("Here it is:\n```sql\nSELECT 1;\n```\nDone.", "SELECT 1"),
        ("```\nSELECT 1", "SELECT 1"),
        ("SELECT 1; SELECT 2", "SELECT 1"),
    ],
)
def test_a_statement_is_found_in_a_free_reply(reply: str, sql: str) -> None:
    assert _statement(reply) == sql


def test_a_schema_without_keys_is_whole_otherwise(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, word TEXT);"
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id), note TEXT);"
        )
    connection.close()
    workspace = open_unseen(tmp_path / "x.sqlite")
    vocabulary = Vocabulary.build(workspace)
    described = describe_tables(workspace.guard.views, workspace.catalog, vocabulary)
    workspace.close()
    assert "FOREIGN KEY" in described
    bare = _KEY.sub("", described)
    assert "FOREIGN KEY" not in bare
    assert "note TEXT);First the tables" in bare.replace("\n", "")


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
