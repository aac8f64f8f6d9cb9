"""The sealed questions are judged and counted right; they themselves are not looked at here."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bench.cases import Question
from bench.sealed import SEALED, Outcome, golds_of, is_right, keep, load, prepare, read_kept, summarise
from bench.simplest import simplest_way
from finetune.gold import Gold
from finetune.shops.question_pairs import load_pairs
from llm.scripted import ScriptedEngine

pytestmark = pytest.mark.long

LINES = [
    {"id": "a", "language": "en", "turns": ["how many"], "kind": "question", "sql": "SELECT COUNT(*) FROM t"},
    {"id": "b", "language": "zh", "turns": ["多少", "那去年呢"], "kind": "follow_up", "sql": "SELECT 1"},
    {"id": "c", "language": "en", "turns": ["the weather"], "kind": "unanswerable", "note": "no weather"},
]


def outcome(**changes: object) -> Outcome:
    plain = {
        "shop": "s",
        "way": "init",
        "id": "a",
        "kind": "question",
        "language": "en",
        "status": "answered",
    }
    return Outcome(**{**plain, "is_right": True, "confidence": 0.9, "seconds": 1.0, **changes})  # type: ignore[arg-type]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (t_id INTEGER, kind VARCHAR)")
        connection.execute("INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'y')")
    return path


def test_a_file_of_questions_is_read_and_a_gold_that_does_not_run_stops_it(
    tmp_path: Path, database: Path
) -> None:
    folder = tmp_path / "corner"
    folder.mkdir()
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    sealed = load("corner", tmp_path)
    assert [each.kind for each in sealed] == ["question", "follow_up", "unanswerable"]
    golds = golds_of(database, sealed)
    assert is_right([(3, "more")], sealed[0].question, golds["a"])
    assert not is_right([(4,)], sealed[0].question, golds["a"])
    (folder / "questions.jsonl").write_text(json.dumps({**LINES[0], "sql": "SELECT nothing FROM t"}))
    with pytest.raises(ValueError, match="gold of a: "):
        golds_of(database, load("corner", tmp_path))


@pytest.mark.parametrize(
    ("ours", "gold", "right"),
    [
        ([(dt.date(2025, 3, 1), 5)], [("2025-03", 5)], True),
        ([(dt.datetime(2025, 4, 1), 5)], [(2, 5)], True),
        ([(dt.date(2025, 1, 1), 5)], [(2025, 5)], True),
        ([("x", 10.004)], [("x", 10.0)], True),
        ([("x", 10.4)], [("x", 10.0)], False),
        ([(dt.date(2025, 3, 1), 5)], [("2025-04", 5)], False),
        ([(dt.datetime(2025, 4, 1, 9, 30), 5)], [("2025-04", 5)], False),
        # a month in which nothing happened, and a share told in per cent
        ([(dt.date(2025, 3, 1), 5), (dt.date(2025, 4, 1), 0)], [("2025-03", 5)], True),
        ([(dt.date(2025, 3, 1), 5), (dt.date(2025, 4, 1), 1)], [("2025-03", 5)], False),
        ([("x", 5), ("y", 0)], [("x", 5)], False),
        ([("x", 0.18266)], [("x", 18.266)], True),
        ([("x", 183)], [("x", 18300)], False),
    ],
)
def test_a_month_may_be_told_by_its_first_day(ours: Any, gold: Any, right: bool) -> None:
    question = Question(
        id="a", language="en", topic="question", turns=("x",), sql="x", status="answered", ordered=False
    )
    found = Gold(rows=tuple(gold))
    assert is_right(ours, question, [found]) == right


def test_several_golds_and_earlier_turns_are_read(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    lines = [
        {
            "id": "a",
            "language": "en",
            "turns": ["how many"],
            "kind": "question",
            "sql": ["SELECT 1", "SELECT 2"],
        },
        {
            "id": "b",
            "language": "en",
            "turns": ["how many", "and now"],
            "kind": "question",
            "sql": ["SELECT 1"],
        },
        {
            "id": "c",
            "language": "en",
            "turns": ["best"],
            "kind": "ambiguous",
            "sql": ["SELECT 1", "SELECT 2"],
        },
    ]
    (tmp_path / "bare" / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    first, second, third = load("bare", tmp_path)
    assert first.question.golds == ("SELECT 1", "SELECT 2")
    assert second.kind == "follow_up"
    assert third.question.sql is None and third.question.status == "declined"


def test_what_is_kept_is_gone_on_from(tmp_path: Path) -> None:
    file = tmp_path / "sealed.jsonl"
    assert read_kept(file) == []
    for each in (outcome(), outcome(id="b", is_right=False)):
        keep(each, file)
    assert [o.id for o in read_kept(file)] == ["a", "b"]


def test_totals_tell_right_declined_sure_and_how_true_the_confidence_is() -> None:
    found = [
        outcome(),
        outcome(id="b", is_right=False, confidence=0.85),
        outcome(id="c", language="zh", status="clarify", is_right=False, confidence=0.0),
        outcome(id="d", language="zh", status="declined", is_right=False, confidence=0.0),
        outcome(id="e", kind="unanswerable", status="declined"),
        outcome(id="f", kind="follow_up"),
    ]
    figures = summarise(found)["init"]
    assert figures["right"] == 0.25 and figures["right_en"] == 0.5 and figures["right_zh"] == 0.0
    assert figures["answerable_declined"] == figures["answerable_asked_back"] == 0.25
    assert figures["others_declined_or_asked_back"] == figures["follow_ups_right"] == 1.0
    assert figures["sure"] == 3 and figures["sure_and_wrong"] == pytest.approx(1 / 3)


def test_the_simplest_way_shows_values_and_keys_and_repairs_twice(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE lines (t_id INTEGER, amount INTEGER)")
        connection.execute("INSERT INTO lines VALUES (1, 10), (1, 20)")
    engine = ScriptedEngine(["SELECT nothing FROM t", "```sql\nSELECT COUNT(*) FROM t;\n```"])
    way = simplest_way(database)
    assert "kind VARCHAR -- x, y" in way.prompt.fixed and "-- lines.t_id = t.t_id" in way.prompt.fixed
    statement, gold = way.ask(engine, "how many")
    assert (statement, gold.rows) == ("SELECT COUNT(*) FROM t", ((3,),))
    assert "Write the query again" in engine.calls[1].prompt.rest


def test_every_sealed_shop_can_be_made_and_its_golds_run(tmp_path: Path) -> None:
    names = sorted(path.parent.name for path in SEALED.glob("*/questions.jsonl"))
    assert len(names) == 9
    for name in names:
        database, described, bare = prepare(name, built=tmp_path)
        assert (described is not None and described.exists()) == (SEALED / name / "shop.yml").exists()
        assert "today:" in bare.read_text("utf-8")
        golds_of(database, load(name))


def test_no_sealed_question_stands_in_the_training_set() -> None:
    def plain(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalnum())

    learnt = {plain(pair.turns[-1]) for pair in load_pairs()}
    names = sorted(path.parent.name for path in SEALED.glob("*/questions.jsonl"))
    sealed = {
        plain(each.question.turns[-1]) for name in names for each in load(name) if each.kind == "question"
    }
    assert len(sealed) > 430
    assert len(sealed & learnt) == 0, "some are the same; they are not shown here"
