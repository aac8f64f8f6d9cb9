"""The comparison with the public evaluator, against stand-ins for it: the public code is not shipped."""

import json
import random
import sqlite3
from types import ModuleType

import pytest

from bench.evaluator_agreement import (
    CHANGES,
    OTHER,
    Pair,
    changed,
    compare_hardness,
    judge_all,
    load_public,
    main,
    make_pairs,
    to_text,
)

GOLD = "SELECT `a`, COUNT(*) FROM `t` WHERE `b` = 'x' AND `c` > 5 GROUP BY `a` ORDER BY COUNT(*) DESC LIMIT 3"
PLAIN = "SELECT a FROM t"


def change(kind, gold):
    return changed(gold, CHANGES[kind], random.Random(1))


def test_every_change_fits_one_of_two_golds_and_changes_it():
    for kind in CHANGES:
        made = [text for gold in (GOLD, PLAIN) if (text := change(kind, gold))]
        assert made, kind
        if kind != "the gold itself":
            assert not {GOLD, PLAIN} & set(made), kind


@pytest.mark.parametrize(
    ("kind", "gold", "predicted"),
    [
        ("a condition less", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t"),
        ("columns reversed", "SELECT a, b FROM t", "SELECT b, a FROM t"),
        ("DISTINCT more or less", "SELECT DISTINCT a FROM t", "SELECT a FROM t"),
        ("every row twice", "SELECT a FROM t", "SELECT a FROM t UNION ALL SELECT a FROM t"),
        ("columns renamed", "SELECT a, COUNT(*) FROM t", "SELECT a AS c0, COUNT(*) AS c1 FROM t"),
        ("values as text", "SELECT a FROM t", "SELECT CAST(a AS TEXT) FROM t"),
        ("another limit, or none", "SELECT a FROM t LIMIT 3", "SELECT a FROM t LIMIT 4"),
        ("another literal", "SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'xx'"),
        ("columns reversed", "SELECT a FROM t", None),
        ("another order, or none", "SELECT a FROM t", None),
        ("upper case", "SELECT * FROM t", None),
        ("upper case", "this is no SQL", None),
    ],
)
def test_a_change_does_what_it_is_called(kind, gold, predicted):
    assert change(kind, gold) == predicted


def test_pairs_hold_other_golds_of_the_same_database_only():
    golds = [("one", "SELECT a FROM t"), ("one", "SELECT b FROM t"), ("two", "SELECT c FROM t")]
    others = [p for p in make_pairs(golds, random.Random(1)) if p.kind == OTHER]
    assert {(p.gold, p.predicted) for p in others} == {(golds[0][1], golds[1][1]), (golds[1][1], golds[0][1])}


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "spider_train"
    (folder / "database" / "club").mkdir(parents=True)
    with sqlite3.connect(folder / "database" / "club" / "club.sqlite") as connection:
        connection.execute("CREATE TABLE t (a INTEGER, b REAL)")
        connection.execute("INSERT INTO t VALUES (10, 9.5), (2, 3.0)")
    connection.close()
    return folder


class Public(ModuleType):
    """Says what it is told, and rejects rows that are not alike as they are written."""

    def __init__(self, verdict):
        super().__init__("public")
        self.verdict = verdict
        self.asked = []

    def eval_exec_match(self, **asked):
        self.asked.append(asked)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return int(self.verdict)

    def quick_rej(self, one, other, order_matters):
        return [list(map(str, row)) for row in one] == [list(map(str, row)) for row in other]


def judged(data, public, gold, predicted):
    pair = Pair(database="club", kind="the gold itself", gold=gold, predicted=predicted)
    found, left_out = judge_all(public, data, [pair])
    assert left_out == 0
    return found[0]


@pytest.mark.parametrize(
    ("gold", "predicted", "theirs", "ours", "why"),
    [
        ("SELECT a FROM t", "SELECT a FROM t", True, True, ""),
        ("SELECT a FROM t", "SELECT b FROM t", False, False, ""),
        ("SELECT a FROM t", "SELECT nothing FROM t", False, False, ""),
        ("SELECT b FROM t", "SELECT b * 1.000000000001 FROM t", False, True, "rounding"),
        ("SELECT a FROM t", "SELECT a * 1.0 FROM t", False, True, "sorts each row"),
        (
            "SELECT a FROM t WHERE a IN (SELECT a FROM t ORDER BY a LIMIT 2)",
            "SELECT a FROM t ORDER BY a",
            False,
            True,
            "a subquery only",
        ),
        ("SELECT a FROM t", "SELECT a FROM t", AssertionError("gold"), True, "does not finish"),
        ("SELECT a FROM t", "SELECT a FROM t", False, True, None),
        ("SELECT a FROM t", "SELECT b FROM t", True, False, None),
    ],
)
def test_a_difference_gets_its_reason_or_none(data, gold, predicted, theirs, ours, why):
    found = judged(data, Public(theirs), gold, predicted)
    assert found.ours is ours
    if why:
        assert why in found.why
    else:
        assert found.why == ""
    text = to_text([found], 0)
    assert ("WITHOUT A REASON" in text) is (why is None)


def test_theirs_is_asked_on_a_copy_with_and_without_distinct(data):
    public = Public(True)
    judged(data, public, "SELECT a FROM t", "SELECT a FROM t")
    assert [asked["keep_distinct"] for asked in public.asked] == [True, False]
    assert all(str(data) not in asked["db"] for asked in public.asked)


def test_pairs_that_cannot_be_compared_are_counted(data):
    pairs = [
        Pair(database="club", kind="the gold itself", gold="SELECT nothing FROM t", predicted="SELECT 1"),
        Pair(
            database="club",
            kind="the gold itself",
            gold="SELECT a FROM t",
            predicted="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        ),
    ]
    public = Public(True)
    assert judge_all(public, data, pairs) == ([], 2)
    assert public.asked == []


def test_classes_are_compared_where_theirs_reads_the_statement(data):
    class Parser(ModuleType):
        Schema = staticmethod(lambda columns: columns)
        get_schema = staticmethod(lambda path: {})

        @staticmethod
        def get_sql(schema, text):
            assert "`" not in text
            if "strange" in text:
                raise KeyError("strange")
            return text

    class Evaluator:
        def eval_hardness(self, text):
            return "hard" if "two" in text else "easy"

    evaluation = ModuleType("evaluation")
    evaluation.Evaluator = Evaluator
    golds = [("club", "SELECT `a` FROM t"), ("club", "SELECT a FROM two"), ("club", "SELECT strange FROM t")]
    found = compare_hardness(evaluation, Parser("process_sql"), data, golds)
    assert (found["same"], found["unread_by_theirs"]) == (1, 1)
    assert [(d["ours"], d["theirs"]) for d in found["differ"]] == [("easy", "hard")]


def test_what_is_missing_is_said(tmp_path, monkeypatch, capsys):
    with pytest.raises(ValueError, match=r"has no exec_eval\.py"):
        load_public(tmp_path)
    monkeypatch.setenv("SHOPTALK_DATA", str(tmp_path))
    assert main([str(tmp_path)]) == 2
    assert "set SHOPTALK_DATA" in capsys.readouterr().err
    (tmp_path / "spider_train").mkdir()
    (tmp_path / "spider_train" / "questions.jsonl").write_text(json.dumps({}))
    assert main([str(tmp_path)]) == 2
    assert "has no exec_eval.py" in capsys.readouterr().err
