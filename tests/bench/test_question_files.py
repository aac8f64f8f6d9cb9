"""The hand-written questions: well formed, as many as promised, and no test question given away."""

import json
import re
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from bench.cases import FOLDER, QuestionFileError, bare, load_questions
from finetune.match import is_answer_contained

ROOT = FOLDER.parent.parent
DEV = load_questions(FOLDER / "demo_dev.jsonl")
TEST = load_questions(FOLDER / "demo_test.jsonl")
HELDOUT = load_questions(FOLDER / "demo_heldout.jsonl")
PRACTICE = load_questions(FOLDER / "demo_practice.jsonl") + load_questions(FOLDER / "demo_voices.jsonl")
RETAIL = load_questions(FOLDER / "online_retail.jsonl")
DEMO = DEV + TEST + HELDOUT
ANSWERABLE = [q for q in DEMO + PRACTICE if q.sql is not None]

LINE = {
    "id": "a-1",
    "language": "en",
    "topic": "a",
    "turns": ["How many?"],
    "sql": "SELECT 1",
    "status": "answered",
    "ordered": False,
}


def normal(text):
    """A question without case, spaces and punctuation."""
    return re.sub(r"\W+", "", text.casefold())


def test_there_are_as_many_questions_as_promised():
    assert len(DEMO) >= 160
    assert min(len(DEV), len(TEST), len(HELDOUT)) >= 50
    assert len(TEST + HELDOUT) >= len(DEMO) / 2
    assert sum(q.language == "zh" for q in DEMO) >= 60
    assert sum(q.is_follow_up for q in DEMO) >= 40
    assert sum(q.sql is not None for q in RETAIL) == 30
    assert len(HELDOUT) >= 90
    assert sum(q.language == "zh" for q in HELDOUT) >= 25
    assert sum(q.is_follow_up for q in HELDOUT) >= 20
    assert {len(q.turns) for q in HELDOUT} == {1, 2, 3, 4}
    for half in (DEV, TEST, HELDOUT):
        assert sum(q.language == "zh" for q in half) >= 15
        assert sum(q.is_follow_up for q in half) >= 12
        assert {q.status for q in half} == {"answered", "clarify", "declined"}


def test_ids_are_unique_over_all_files():
    ids = [q.id for q in DEMO + PRACTICE + RETAIL]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("one", "other"), [(DEV, TEST), (DEV, HELDOUT), (TEST, HELDOUT)])
def test_no_two_files_share_a_topic_or_a_question(one, other):
    assert not {q.topic for q in one} & {q.topic for q in other}
    asked = {normal(" ".join(q.turns)) for q in one}
    twice = [q.id for q in other if normal(" ".join(q.turns)) in asked]
    assert not twice


def test_no_gold_answer_of_the_unseen_file_was_seen_before():
    """The same answer in other words would be given away; comparing needs both statements written alike."""
    seen = {bare(q.sql) for q in DEV + TEST if q.sql}
    known = [q.id for q in HELDOUT if q.sql and bare(q.sql) in seen]
    assert not known


def test_the_language_is_the_one_that_is_spoken():
    for q in DEMO + PRACTICE + RETAIL:
        assert (q.language == "zh") == bool(re.search(r"[\u4e00-\u9fff]", q.turns[-1])), q.id


@pytest.mark.parametrize(
    ("shop", "questions"),
    [("demo/shop.yml", DEMO + PRACTICE), ("examples/online_retail/shop.yml", RETAIL)],
    ids=["demo", "online_retail"],
)
def test_no_question_stands_among_the_examples_of_the_shop(shop, questions):
    description = yaml.safe_load((ROOT / shop).read_text(encoding="utf-8"))
    shown = {normal(e["question"]) for e in description["examples"]}
    shown |= {normal(s) for s in description["suggestions"]}
    asked = {normal(q.turns[-1]) for q in questions if not q.is_follow_up}
    assert not shown & asked


@pytest.mark.parametrize(
    ("shop", "questions"),
    [("demo/shop.yml", DEMO + PRACTICE), ("examples/online_retail/shop.yml", RETAIL)],
    ids=["demo", "online_retail"],
)
def test_no_gold_answer_stands_among_the_examples_of_the_shop(shop, questions):
    """The same question in other words would be given away as well."""
    description = yaml.safe_load((ROOT / shop).read_text(encoding="utf-8"))
    shown = {bare(e["sql"]) for e in description["examples"]}
    assert not {q.id: q.sql for q in questions if q.sql and bare(q.sql) in shown}


def test_bare_statements_are_told_apart_by_what_they_ask():
    one = "SELECT SUM(amount) AS revenue FROM sales WHERE day >= DATE '2026-01-01'"
    assert bare(one) == bare("select sum(amount) from sales where day >= '2026-01-01'")
    assert bare(one) != bare("SELECT SUM(amount) FROM sales WHERE day >= DATE '2026-02-01'")
    ranked = "SELECT product, SUM(quantity) AS units FROM sales GROUP BY product ORDER BY units DESC LIMIT 3"
    assert bare(ranked) == bare(
        "SELECT product, SUM(quantity) FROM sales GROUP BY 1 ORDER BY SUM(quantity) DESC LIMIT 3"
    )
    assert bare(ranked) != bare(ranked.replace("LIMIT 3", "LIMIT 5"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"turns": []}, "turns must be a list"),
        ({"turns": ["How many?", " "]}, "turns must be a list"),
        ({"status": "maybe"}, "status must be one of"),
        ({"sql": None}, "sql must be given for answered questions"),
        ({"status": "declined"}, "sql must be given for answered questions"),
        ({"ordered": "yes"}, "ordered must be true or false"),
        ({"also": "SELECT 2"}, "also must be a list"),
        ({"status": "declined", "sql": None, "also": ["SELECT 2"]}, "also needs sql"),
        ({"colour": "red"}, r"unknown: \['colour'\]"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_and_reason(tmp_path, change, reason):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(LINE) + "\n\n" + json.dumps(LINE | {"id": "a-2"} | change) + "\n")
    with pytest.raises(QuestionFileError, match=f"line 3: .*{reason}"):
        load_questions(path)


def test_what_is_no_json_or_no_object_or_said_twice_is_refused(tmp_path):
    path = tmp_path / "questions.jsonl"
    for text, reason in (
        ("{", "line 1: is no JSON"),
        ("[1]", "line 1: is no JSON object"),
        (json.dumps(LINE) + "\n" + json.dumps(LINE), "line 2: id 'a-1' was used on line 1"),
        ("{}", "line 1: fields missing"),
    ):
        path.write_text(text)
        with pytest.raises(QuestionFileError, match=re.escape(reason)):
            load_questions(path)


@pytest.fixture(scope="module")
def run(demo_workspace):
    kept = {}

    def run(statement):
        if statement not in kept:
            kept[statement] = demo_workspace.run(statement)
        return kept[statement]

    return run


@pytest.mark.slow
@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda q: q.id)
def test_every_gold_answer_runs_under_the_guard_and_says_something(question, run):
    table = run(question.sql)
    assert table.rows, "a gold answer without rows would be matched by every wrong one"
    assert not table.is_truncated
    assert any(v is not None for row in table.rows for v in row)
    assert any(v not in (None, 0) for row in table.rows for v in row)


@pytest.mark.slow
@pytest.mark.parametrize("question", [q for q in ANSWERABLE if q.also], ids=lambda q: q.id)
def test_other_accepted_answers_run_and_differ_from_the_first(question, run):
    first = run(question.sql)
    for statement in question.also:
        other = run(statement)
        assert other.rows
        is_label = is_answer_contained(first.rows, other.rows, ordered=question.ordered)
        assert is_label or other.rows != first.rows


@pytest.mark.slow
@pytest.mark.parametrize("question", [q for q in ANSWERABLE if " LIMIT " in q.sql], ids=lambda q: q.id)
def test_a_ranking_has_no_ties_that_would_make_it_a_matter_of_luck(question, run):
    """Among the rows shown and the one after them: else the gold answer would be one of several."""
    tree = sqlglot.parse_one(question.sql, read="duckdb")
    shown = int(tree.args["limit"].expression.this)
    key = tree.args["order"].expressions[0].this.copy()
    longer = tree.select(exp.alias_(key, "ranked_by")).limit(shown + 1)
    values = [row[-1] for row in run(longer.sql(dialect="duckdb")).rows]
    assert len(set(values)) == len(values) == shown + 1


def test_the_files_are_where_the_measurement_looks():
    from bench.accuracy import DEMO_FILES

    assert [Path(p).exists() for p in DEMO_FILES] == [True, True]
