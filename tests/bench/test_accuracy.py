from types import SimpleNamespace

import pytest

from bench.accuracy import (
    Statement,
    Tap,
    ask,
    figures,
    judge,
    judge_statement,
    main,
    run_golds,
    summarise,
    to_text,
)
from bench.baseline import measure_baseline, spread
from bench.baseline import to_text as baseline_text
from bench.cases import Question
from bot.answer import Answer, Event
from llm.engine import Completion
from sql.question.linking import Vocabulary, link
from sql.semantics import Shop, View, ViewColumn
from sql.statement.language_draft import LanguageDrafter
from sql.statement.written import After, Written


def question(**changes):
    fields = {
        "id": "q-1",
        "language": "en",
        "topic": "sales",
        "turns": ("What sold best?",),
        "sql": "SELECT 1",
        "status": "answered",
        "ordered": False,
    }
    return Question(**{**fields, **changes})


def answer(rows=None, *, status="answered"):
    table = SimpleNamespace(rows=rows, query=SimpleNamespace(sql="SELECT …"))
    return Answer(
        question="What sold best?",
        standalone_question="What sold best?",
        language="en",
        skill="ask_sql",
        status=status,
        text="Lamps.",
        tables=() if rows is None else (table,),
    )


def judged(question, golds, answer, *, rows_s=1.0, statements=()):
    return judge(question, golds, answer, (0.1, rows_s, 2.0), statements)


GOLD = ((("Lamp", 12),), (("Lamp",),))


@pytest.mark.parametrize(
    ("rows", "strict", "contained"),
    [
        ((("Lamp", 12),), True, True),
        ((("Lamp",),), True, True),
        ((("Lamp", 12, 99.0),), False, True),
        ((("Mug", 12),), False, False),
        ((), False, False),
        (None, False, False),
    ],
)
def test_any_of_the_gold_answers_will_do(rows, strict, contained):
    result = judged(question(also=("SELECT 2",)), GOLD, answer(rows))
    assert (result.is_strict, result.is_contained) == (strict, contained)


def test_rows_under_another_status_are_no_answer():
    result = judged(question(), GOLD, answer((("Lamp", 12),), status="declined"))
    assert not result.is_strict


@pytest.mark.parametrize("status", ["answered", "clarify", "declined"])
def test_without_gold_the_status_decides(status):
    result = judged(question(sql=None, status="declined"), [], answer(status=status))
    assert result.is_strict == (status == "declined")


def test_the_summary_counts_answerable_questions_and_keeps_the_others_apart():
    fine = Statement(text="SELECT revenue FROM sales", verdict="fine", tokens=5)
    senseless = Statement(text="SELECT x", verdict="senseless", tokens=5)
    nothing = Statement(text="NOTHING", verdict="nothing", tokens=1)
    results = [
        judged(question(id="a"), GOLD, answer((("Lamp", 12),)), statements=(fine,)),
        judged(
            question(id="b", turns=("x", "y")), GOLD, answer((("Lamp", 12, 1),)), statements=(fine, senseless)
        ),
        judged(question(id="c", language="zh"), GOLD, answer(status="declined"), rows_s=None),
        judged(
            question(id="d", sql=None, status="declined"),
            [],
            answer(status="declined"),
            rows_s=None,
            statements=(nothing,),
        ),
        judged(question(id="e", sql=None, status="declined"), [], answer(((1,),)), rows_s=3.0),
    ]
    summary = summarise(results)
    assert (summary["questions"], summary["answerable"]) == (5, 3)
    assert summary["strict"] == pytest.approx(1 / 3)
    assert summary["contained"] == pytest.approx(2 / 3)
    assert summary["by_language"]["zh"]["strict"] == 0.0
    assert summary["by_turns"]["follow-up"]["contained"] == 1.0
    assert summary["by_expected_status"]["declined"]["statuses"] == {"declined": 1, "answered": 1}
    assert summary["by_expected_status"]["declined"]["status_right"] == 0.5
    assert (summary["statements"], summary["statements_senseless"], summary["statements_refused"]) == (
        3,
        1,
        0,
    )
    assert {name: part["answerable"] for name, part in summary["by_writer"].items()} == {
        "model": 2,
        "no model asked": 1,
    }
    assert summary["seconds_to_rows"]["median"] == 1.0
    assert "33.3% strict" in to_text("dev", summary)
    peak = {"loading": 2_000.0, "answering": 1_500.0}
    record = {"summary": {"dev": summary}, "peak_memory_mb": peak, "baseline": None, "results": {"dev": []}}
    assert figures(record)["dev: statements given up before they ran"] == "1 of 3"
    assert figures(record)["dev: peak memory"] == "2,000 MB loading, 1,500 MB answering"


def test_nothing_asked_gives_a_summary_without_errors():
    assert "0 questions" in to_text("dev", summarise([]))


class Talk:
    """An assistant that repeats what it was asked and remembers nothing."""

    def __init__(self):
        self.heard = []

    def answer(self, question, conversation=None):
        self.heard.append((question, conversation))
        yield Event(name="understood", data={})
        yield Event(name="rows", data=None)
        yield Event(name="done", data=answer(((1,),)))


def test_earlier_turns_are_asked_in_the_same_conversation_and_only_the_last_is_timed():
    talk = Talk()
    found, first, rows, total = ask(talk, question(turns=("one", "two")))
    assert [q for q, _ in talk.heard] == ["one", "two"]
    assert talk.heard[0][1] is talk.heard[1][1] is not None
    assert found.text == "Lamps."
    assert 0 <= first <= rows <= total


def test_the_tap_keeps_what_a_model_wrote_only():
    completion = Completion(text="SELECT 1", logprobs=(-0.5, -0.1), tokens=2, finish="stop")
    asked, unasked = Written(sql="SELECT 1", completions=(completion,)), Written(sql="SELECT 2")
    after = After(said=None, statement="SELECT revenue FROM sales")

    class Writes:
        def draft(self, links, **options):
            assert (options["samples"], options["after"]) == (3, after)
            return [asked, unasked]

    tap = Tap(Writes())
    assert tap.draft(None, samples=3, after=after) == [asked, unasked]
    assert tap.take() == [asked]
    assert tap.take() == []


@pytest.fixture
def workspace(tmp_path):
    import duckdb

    from sql.shop.workspace import open_workspace

    connection = duckdb.connect(str(tmp_path / "shop.duckdb"))
    connection.execute("CREATE TABLE sold (product VARCHAR, amount DOUBLE)")
    connection.execute("INSERT INTO sold VALUES ('Lamp', 12.5), ('Mug', 7.5)")
    connection.close()
    columns = (ViewColumn(name="product", type="text"), ViewColumn(name="amount", type="number"))
    view = View(name="sales", columns=columns, sql="SELECT product, amount FROM sold")
    shop = Shop(name="Lamps", database=str(tmp_path / "shop.duckdb"), views=(view,))
    workspace = open_workspace(shop)
    yield workspace
    workspace.close()


@pytest.mark.parametrize(
    ("text", "finish", "verdict"),
    [
        ("SELECT product FROM sales", "stop", "fine"),
        ("SELECT colour FROM sales", "stop", "senseless"),
        ("SELECT product FROM", "stop", "senseless"),
        ("SELECT product FROM", "length", "unfinished"),
        ("NOTHING", "stop", "nothing"),
        ("ASK SELECT product FROM sales | SELECT SUM(amount) FROM sales", "stop", "asks"),
    ],
)
def test_replies_are_judged_as_the_model_wrote_them(workspace, text, finish, verdict):
    class Writes:
        name, adapters = "echo", ()

        def complete(self, request, cancel=None):
            completion = Completion(text=text, logprobs=(-0.5, -0.1), tokens=2, finish=finish)
            return [completion] * request.samples

    vocabulary = Vocabulary.build(workspace)
    writer = LanguageDrafter(workspace, vocabulary, Writes())
    (written,) = writer.draft(link("Which products?", vocabulary, workspace.today))
    statement = judge_statement(workspace, written)
    assert (statement.text, statement.verdict, statement.tokens) == (text, verdict, 2)


def test_a_statement_that_the_guard_refuses_is_told_apart(workspace):
    completion = Completion(text="SELECT product FROM sales", logprobs=(-0.5,), tokens=1, finish="stop")
    written = Written(sql="DROP TABLE sales", completions=(completion,))
    assert judge_statement(workspace, written).verdict == "refused"


def test_every_gold_statement_is_run(workspace):
    golds = run_golds(
        workspace, [question(sql="SELECT COUNT(*) FROM sales", also=("SELECT SUM(amount) FROM sales",))]
    )
    assert golds == {"q-1": [((2,),), ((20.0,),)]}


def test_the_baseline_runs_on_the_base_tables_without_views(workspace):
    class Writes:
        name, adapters = "echo", ()

        def complete(self, request, cancel=None):
            prompt = request.prompt
            assert request.grammar is None
            assert "CREATE TABLE sold" in prompt.fixed
            assert "sales" not in prompt.fixed
            text = "```sql\nSELECT SUM(amount) FROM sold;\n```" if "total" in prompt.rest else "SELECT FROM x"
            return [Completion(text=text, logprobs=(-0.5,), tokens=1, finish="stop")]

    asked = [
        question(id="a", turns=("the total?",), sql="SELECT SUM(amount) FROM sales"),
        question(id="b", turns=("the count?",), sql="SELECT COUNT(*) FROM sales"),
    ]
    measured = measure_baseline(workspace, Writes(), asked, 2)
    assert [r["is_strict"] for r in measured["results"]] == [True, False]
    assert (measured["strict"], measured["fails_to_run"]) == (0.5, 0.5)
    assert "50.0% strict" in baseline_text(measured)


def test_a_sample_is_spread_over_all_questions():
    many = [question(id=str(i)) for i in range(10)]
    assert [q.id for q in spread(many, 5)] == ["0", "2", "4", "6", "8"]
    assert spread(many, 99) == many


@pytest.mark.parametrize("name", ["demo_test", "demo_heldout"])
def test_misses_of_an_unseen_file_are_not_shown(name, capsys):
    assert main(["--questions", f"bench/questions/{name}.jsonl", "--misses"]) == 2
    assert "is kept unseen" in capsys.readouterr().err


def test_what_cannot_be_measured_is_said_in_one_line(tmp_path, capsys):
    path = tmp_path / "questions.jsonl"
    assert main(["--questions", str(path)]) == 1
    path.write_text("{")
    assert main(["--questions", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "No such file" in lines[0]
    assert "line 1: is no JSON" in lines[1]
