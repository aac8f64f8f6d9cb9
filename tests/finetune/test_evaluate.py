import contextlib
import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from finetune import heldout
from finetune.errors import EvaluationError
from finetune.evaluate import evaluate, has_order, load_cases, preview
from finetune.ways import PLAIN, Reply, Way, verdict_of
from llm.engine import Completion
from sql.ask import Ambiguous, CannotAnswer
from sql.errors import (
    NotAllowed,
    QueryFailed,
    QueryTimeout,
    Senseless,
    SqlError,
    UnknownName,
    UnsafeQuery,
)
from sql.question.answerable import Verdict
from sql.statement.language_grammar import ASK, NOTHING, OR


class WritesBySight:
    """An engine that knows one reply for each question; the grammar is not its business."""

    name = "fake"
    adapters = ()

    def __init__(self, statements, stop_at=None):
        self.statements = statements
        self.stop_at = stop_at
        self.asked = []
        self.written = Counter()

    def complete(self, request, cancel=None):
        (question,) = [q for q in self.statements if q in request.prompt.rest]
        if question == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(question)
        self.written[question] += request.samples
        text = self.statements[question]
        return [Completion(text=text, logprobs=(-0.1,), tokens=1, finish="stop")] * request.samples


QUESTIONS = [
    # question, database, gold, what the model writes in the question language, expected verdict
    (
        "How many sales are there?",
        "lamps",
        "SELECT COUNT(*) FROM sales",
        "SELECT COUNT(*) FROM sales",
        "correct",
    ),
    (
        "Products from the highest amount down",
        "lamps",
        "SELECT product FROM sales ORDER BY amount DESC",
        "SELECT product FROM sales ORDER BY amount",
        "wrong",
    ),
    (
        "Product with its amount",
        "lamps",
        "SELECT product FROM sales",
        "SELECT amount, product FROM sales",
        "wrong",
    ),
    (
        "Total amount of sales",
        "lamps",
        "SELECT SUM(amount) FROM sales",
        "SELECT SUM(cost) FROM sales",
        "unresolved",
    ),
    (
        "Average amount of sales",
        "lamps",
        "SELECT AVG(amount) FROM sales",
        "SELECT AVG( FROM sales",
        "unparsed",
    ),
    ("Which sales exist?", "lamps", "SELECT COUNT(*) FROM sales", "DELETE FROM sales", "unparsed"),
    ("Smallest amount of sales", "lamps", "SELECT MIN(amont) FROM sales", "SELECT 1", "gold_failed"),
    ("How many members?", "club", "SELECT COUNT(*) FROM members", "SELECT COUNT(*) FROM members", "correct"),
]


@pytest.fixture
def root(tmp_path):
    for name, module, suffix in (("lamps", duckdb, "duckdb"), ("club", sqlite3, "sqlite")):
        (tmp_path / name).mkdir()
        connection = module.connect(str(tmp_path / name / f"{name}.{suffix}"))
        if name == "lamps":
            connection.execute("CREATE TABLE sales (product VARCHAR, amount DOUBLE)")
            connection.execute("INSERT INTO sales VALUES ('Lamp', 12.5), ('Mug', 7.5)")
        else:
            connection.execute("CREATE TABLE members (member_id INTEGER, name TEXT)")
            connection.execute("INSERT INTO members VALUES (1, 'Ada'), (2, 'Bob')")
        connection.commit()
        connection.close()
    return tmp_path


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    lines = [{"database": d, "question": q, "sql": gold} for q, d, gold, _, _ in QUESTIONS]
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return path


@pytest.fixture
def writer():
    return WritesBySight({q: statement for q, _, _, statement, _ in QUESTIONS})


def test_each_question_gets_its_verdict(root, questions, writer):
    report = evaluate(questions, root, engine=writer, progress=False)
    assert [(o.question, o.verdict) for o in report.outcomes] == [(q, v) for q, _, _, _, v in QUESTIONS]
    assert report.accuracy == pytest.approx(2 / 7)
    assert report.contained == pytest.approx(3 / 7)
    assert [o.line for o in report.outcomes] == list(range(1, 9))
    assert "Smallest amount of sales" not in writer.asked
    assert all(o.sql for o in report.outcomes if o.verdict in ("correct", "wrong"))
    assert all(o.reason for o in report.outcomes if o.verdict not in ("correct", "wrong"))


def test_to_decline_or_to_ask_back_is_an_abstention(root, tmp_path, writer):
    path = tmp_path / "weather.jsonl"
    questions = ["Will it rain tomorrow?", "Who are the good members?"]
    lines = [{"database": "club", "question": q, "sql": "SELECT COUNT(*) FROM members"} for q in questions]
    path.write_text("\n".join(map(json.dumps, lines)))
    asks = f"{ASK}SELECT name FROM members{OR}SELECT member_id FROM members"
    writer.statements |= dict(zip(questions, (NOTHING, asks), strict=True))
    report = evaluate(path, root, engine=writer, progress=False)
    assert [o.verdict for o in report.outcomes] == ["abstained", "abstained"]
    assert report.share("abstained") == 1.0


def test_a_limit_asks_so_many_lines_spread_over_the_file(root, questions, writer):
    every = [o.line for o in evaluate(questions, root, engine=writer, progress=False).outcomes]

    def asked(limit):
        report = evaluate(questions, root, engine=writer, progress=False, limit=limit)
        return [o.line for o in report.outcomes]

    assert asked(2) == [every[0], every[len(every) // 2]]
    assert asked(len(every) + 1) == asked(len(every)) == every


def test_an_interrupted_evaluation_goes_on_where_it_stopped(root, questions, writer, tmp_path):
    kept = tmp_path / "kept.jsonl"
    broken = WritesBySight(writer.statements, stop_at="Total amount of sales")
    with pytest.raises(KeyboardInterrupt):
        evaluate(questions, root, engine=broken, progress=False, resume=kept)
    assert len(kept.read_text().splitlines()) == 1 + 4  # what was run for, three answers, a gold that fails
    with kept.open("a") as file:
        file.write('{"line": 4, "databa')  # what a kill may leave
    report = evaluate(questions, root, engine=writer, progress=False, resume=kept)
    assert [o.verdict for o in report.outcomes] == [v for *_, v in QUESTIONS]
    assert not set(broken.asked) & set(writer.asked)
    again = evaluate(questions, root, engine=WritesBySight({}), progress=False, resume=kept)
    assert again == report


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_evaluate import QUESTIONS, WritesBySight
from finetune.evaluate import evaluate

class Dies(WritesBySight):
    def complete(self, request, cancel=None):
        if "Average amount" in request.prompt.rest:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().complete(request, cancel)

root = Path(sys.argv[2])
engine = Dies({q: statement for q, _, _, statement, _ in QUESTIONS})
evaluate(root / "questions.jsonl", root, engine=engine, progress=False, resume=root / "kept.jsonl")
"""


def test_a_killed_evaluation_goes_on_with_the_question_that_it_died_at(root, questions, writer):
    arguments = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(root)]
    done = subprocess.run(arguments, cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    report = evaluate(questions, root, engine=writer, progress=False, resume=root / "kept.jsonl")
    assert [o.verdict for o in report.outcomes] == [v for *_, v in QUESTIONS]
    assert "Total amount of sales" not in writer.asked
    assert "Average amount of sales" in writer.asked


def test_outcomes_of_another_engine_are_not_mixed_in(root, questions, writer, tmp_path):
    kept = tmp_path / "kept.jsonl"
    evaluate(questions, root, engine=writer, progress=False, resume=kept)
    writer.name = "another"
    with pytest.raises(EvaluationError, match="was begun with fake, product; this run uses another, product"):
        evaluate(questions, root, engine=writer, progress=False, resume=kept)


def test_a_kept_file_that_is_something_else_is_not_touched(root, questions, writer, tmp_path):
    kept = tmp_path / "notes.txt"
    kept.write_text("my notes\n")
    with pytest.raises(EvaluationError, match=r"notes.txt, line 1: is no kept outcome"):
        evaluate(questions, root, engine=writer, progress=False, resume=kept)
    assert kept.read_text() == "my notes\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: is no JSON"),
        ("[]", "line 2: is no JSON object"),
        ('{"database": "club", "question": "How many?"}', "line 2: field 'sql' is missing"),
        ('{"database": "club", "question": " ", "sql": "SELECT 1"}', "line 2: field 'question'"),
        ('{"database": "../club", "question": "How many?", "sql": "SELECT 1"}', "line 2: .* no plain name"),
        (
            '{"database": "nowhere", "question": "How many?", "sql": "SELECT 1"}',
            "line 2: no database 'nowhere'",
        ),
    ],
)
def test_a_bad_line_stops_the_evaluation_before_any_question(root, tmp_path, line, reason, writer):
    path = tmp_path / "bad.jsonl"
    good = {"database": "club", "question": "How many members?", "sql": "SELECT COUNT(*) FROM members"}
    path.write_text(json.dumps(good) + "\n" + line + "\n")
    with pytest.raises(EvaluationError, match=reason):
        evaluate(path, root, engine=writer, progress=False)
    assert writer.asked == []


def test_a_file_without_questions_or_without_text_is_named(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(EvaluationError, match="holds no question"):
        load_cases(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_cases(path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_cases(tmp_path / "missing.jsonl")


def test_a_database_that_is_none_is_named(tmp_path, writer):
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "junk.sqlite").write_bytes(b"this is no database at all, only text")
    path = tmp_path / "questions.jsonl"
    path.write_text('{"database": "junk", "question": "How many members?", "sql": "SELECT 1"}')
    with pytest.raises(EvaluationError, match=r"junk.sqlite cannot be opened"):
        evaluate(path, tmp_path, engine=writer, progress=False)


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("SELECT a FROM t order by a LIMIT 3", True),
        ("SELECT a FROM t", False),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 3)", False),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1", True),
        ("SELECT `a b` FROM t WHERE x = 'order by'", False),
        ("this is no SQL, order by hand", True),
    ],
)
def test_only_the_outermost_order_counts(sql, ordered):
    assert has_order(sql) is ordered


@pytest.mark.parametrize(
    ("error", "drafted", "verdict"),
    [
        (UnknownName("SELECT a FROM t", "there is no a"), None, "unresolved"),
        (NotAllowed("SELECT a FROM t", "a is hidden"), None, "refused"),
        (UnsafeQuery("SELECT a FROM t", "too many"), None, "refused"),
        (UnsafeQuery("SELECT (", "cannot be read"), None, "unparsed"),
        (Senseless("there is no a"), "SELECT a FROM t", "unresolved"),
        (Senseless("FROM is missing"), "SELECT a", "unparsed"),
        (QueryFailed("division by zero"), "SELECT a FROM t", "failed"),
        (QueryTimeout("after 10 s"), "SELECT a FROM t", "failed"),
        (CannotAnswer(Verdict(kind="missing")), None, "abstained"),
        (Ambiguous([]), None, "abstained"),
    ],
)
def test_each_error_of_the_way_has_its_verdict(error, drafted, verdict):
    assert isinstance(error, SqlError)
    assert verdict_of(error, drafted) == verdict


def test_two_runs_are_equal_but_for_the_seconds(root, questions, writer):
    def run():
        report = evaluate(questions, root, engine=writer, progress=False)
        return [dataclasses.replace(o, seconds=0.0) for o in report.outcomes]

    assert run() == run()


def test_several_questions_at_once_come_to_the_same(root, questions, writer):
    def run(batch):
        report = evaluate(questions, root, engine=writer, batch=batch, progress=False)
        return [dataclasses.replace(o, seconds=0.0) for o in report.outcomes]

    assert run(1) == run(3) == run(50)


def test_a_resumed_run_keeps_its_batch(root, questions, writer, tmp_path):
    kept = tmp_path / "kept.jsonl"
    evaluate(questions, root, engine=writer, batch=3, progress=False, resume=kept)
    with pytest.raises(EvaluationError, match="was begun with"):
        evaluate(questions, root, engine=writer, batch=2, progress=False, resume=kept)


def test_a_miss_keeps_both_results_and_the_statement_that_failed(root, questions, writer):
    outcomes = {o.question: o for o in evaluate(questions, root, engine=writer, progress=False).outcomes}
    missed = outcomes["Products from the highest amount down"]
    assert missed.gold_rows.rows == (("Lamp",), ("Mug",))
    assert missed.rows.rows == (("Mug",), ("Lamp",))
    assert missed.gold_rows.columns == ("product",)
    assert "cost" in outcomes["Total amount of sales"].drafted
    assert outcomes["Total amount of sales"].sql is outcomes["Total amount of sales"].rows is None
    right = outcomes["How many members?"]
    assert right.rows is right.gold_rows is None
    assert (right.hardness, missed.hardness) == ("easy", "easy")


def test_tokens_and_calls_are_those_of_the_question(root, questions, writer):
    writer.count_tokens = lambda prompt: 100
    report = evaluate(questions, root, engine=writer, progress=False)
    for o in report.outcomes:
        assert (o.prompt_tokens or 0) == 100 * o.calls
        assert o.written_tokens == writer.written[o.question] >= o.calls
    assert sum(o.calls for o in report.outcomes) == len(writer.asked)
    assert "not counted read" not in report.to_text()


def test_the_plain_way_asks_once_with_create_statements_and_runs_what_is_written(root, questions, writer):
    seen = []

    class Looks(WritesBySight):
        def complete(self, request, cancel=None):
            seen.append(request)
            return super().complete(request, cancel)

    report = evaluate(questions, root, engine=Looks(writer.statements), way=PLAIN, progress=False)
    verdicts = {o.question: o.verdict for o in report.outcomes}
    assert verdicts == {q: v for q, _, _, _, v in QUESTIONS} | {"Which sales exist?": "failed"}
    assert report.way == "plain prompt"
    assert len(seen) == len(QUESTIONS) - 1
    for request in seen:
        assert "CREATE TABLE" in request.prompt.fixed
        assert request.grammar is None
    assert "SQLite" in seen[-1].prompt.system
    assert "DuckDB" in seen[0].prompt.system
    with duckdb.connect(str(root / "lamps" / "lamps.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT COUNT(*) FROM sales").fetchone() == (2,)


def test_outcomes_of_two_ways_are_not_mixed(root, questions, writer, tmp_path):
    kept = tmp_path / "kept.jsonl"
    evaluate(questions, root, engine=writer, progress=False, resume=kept)
    with pytest.raises(EvaluationError, match="product; this run uses fake, plain prompt"):
        evaluate(questions, root, engine=writer, progress=False, resume=kept, way=PLAIN)


def test_another_way_can_be_measured(root, questions, writer):
    @contextlib.contextmanager
    def open_guess(file, engine, adapter):
        yield lambda question: Reply(drafted="SELECT 2", sql="SELECT 2", columns=("2",), rows=((2,),))

    guess = Way(name="always two", open=open_guess)
    report = evaluate(questions, root, engine=writer, way=guess, progress=False)
    assert report.way == "always two"
    assert [o.line for o in report.outcomes if o.verdict == "correct"] == [1, 6, 8]


def test_only_one_side_or_the_sample_is_asked(root, tmp_path, writer, monkeypatch):
    held = heldout.databases("test")[0]
    (root / "club").rename(root / held)
    (root / held / "club.sqlite").rename(root / held / f"{held}.sqlite")
    path = tmp_path / "both.jsonl"
    lines = [
        {"database": d, "question": q, "sql": "SELECT 2", "source": "made"}
        for d, q in (
            (held, "How many members?"),
            (held, "Members, how many?"),
            ("lamps", "Total amount of sales"),
        )
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    writer.statements["Members, how many?"] = "SELECT COUNT(*) FROM members"

    def asked(**options):
        return [o.line for o in evaluate(path, root, engine=writer, progress=False, **options).outcomes]

    assert asked(side="test") == [1, 2]
    assert asked(side="train") == [3]
    assert asked(side="test", limit=1) == [1]
    monkeypatch.setattr(
        heldout, "_sampled", lambda: {held: frozenset({heldout.question_id("Members, how many?")})}
    )
    assert asked(sample=True) == [2]
    with pytest.raises(EvaluationError, match="no question on the side 'validation' and in the samples"):
        asked(side="validation", sample=True)
    assert {o.source for o in evaluate(path, root, engine=writer, progress=False).outcomes} == {"made"}


def test_the_dev_databases_of_spider_belong_to_no_side(root, tmp_path, writer):
    path = tmp_path / "dev.jsonl"
    path.write_text(json.dumps({"database": "world_1", "question": "How many?", "sql": "SELECT 1"}))
    with pytest.raises(EvaluationError, match=r"world_1.*leave the split out"):
        evaluate(path, root, engine=writer, side="test", progress=False)


def test_a_preview_is_cut_in_rows_columns_and_characters():
    shown = preview([f"c{i}" for i in range(20)], [("x" * 500, None, *range(18))] * 30)
    assert (len(shown.columns), len(shown.rows), len(shown.rows[0]), shown.total) == (12, 10, 12, 30)
    assert len(shown.rows[0][0]) == 120
    assert shown.rows[0][1:3] == (None, "0")
