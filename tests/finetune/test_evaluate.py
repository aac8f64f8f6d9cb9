import json
import sqlite3

import duckdb
import pytest

from finetune.errors import EvaluationError
from finetune.evaluate import evaluate, has_order, load_cases
from llm.engine import Completion
from sql.errors import SqlError


class WritesBySight:
    """An engine that knows one statement for each question; the grammar is not its business."""

    name = "fake"
    adapters = ()

    def __init__(self, statements, stop_at=None):
        self.statements = statements
        self.stop_at = stop_at
        self.asked = []

    def complete(self, prompt, *, samples=1, **options):
        (question,) = [q for q in self.statements if q in prompt.rest]
        if question == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(question)
        text = self.statements[question]
        return [Completion(text=text, logprobs=(-0.1,), tokens=1, finish="stop")] * samples

    def stream(self, prompt, **options):
        raise NotImplementedError


QUESTIONS = [
    # question, database, gold, what the model writes, expected verdict
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
    ("Which sales exist?", "lamps", "SELECT COUNT(*) FROM sales", "DELETE FROM sales", "refused"),
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


def test_what_the_data_cannot_answer_is_an_abstention(root, tmp_path, writer):
    path = tmp_path / "weather.jsonl"
    line = {"database": "club", "question": "Will it rain tomorrow?", "sql": "SELECT COUNT(*) FROM members"}
    path.write_text(json.dumps(line))
    report = evaluate(path, root, engine=writer, progress=False)
    assert [o.verdict for o in report.outcomes] == ["abstained"]
    assert report.share("abstained") == 1.0


def test_a_limit_asks_the_first_lines_only(root, questions, writer):
    report = evaluate(questions, root, engine=writer, progress=False, limit=2)
    assert [o.line for o in report.outcomes] == [1, 2]


def test_an_interrupted_evaluation_goes_on_where_it_stopped(root, questions, writer, tmp_path):
    kept = tmp_path / "kept.jsonl"
    broken = WritesBySight(writer.statements, stop_at="Total amount of sales")
    with pytest.raises(KeyboardInterrupt):
        evaluate(questions, root, engine=broken, progress=False, resume=kept)
    assert len(kept.read_text().splitlines()) == 1 + 3
    with kept.open("a") as file:
        file.write('{"line": 4, "databa')  # what a kill may leave
    report = evaluate(questions, root, engine=writer, progress=False, resume=kept)
    assert [o.verdict for o in report.outcomes] == [v for *_, v in QUESTIONS]
    assert not set(broken.asked) & set(writer.asked)
    again = evaluate(questions, root, engine=WritesBySight({}), progress=False, resume=kept)
    assert again == report


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


def test_the_errors_of_the_way_are_errors_of_sql():
    from sql.ask import CannotAnswer

    assert issubclass(CannotAnswer, SqlError)
