"""From question to rows with scripted statements: repairs, refusals, declines, cancelling."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from collections import deque
from contextlib import closing

import asking_shop
import pytest
import sqlglot

from llm.engine import Completion
from llm.scripted import ScriptedEngine
from sql.ask import CannotAnswer, SqlAsker, open_asker
from sql.databases import open_database
from sql.errors import NotAllowed, QueryCancelled, QueryFailed, Senseless, UnsafeQuery
from sql.question.linking import Vocabulary, link
from sql.semantics import Example, Role
from sql.shop.drafting import shop_from_catalog
from sql.shop.workspace import open_workspace
from sql.statement.language_grammar import NOTHING
from sql.statement.written import After, Written

ADAPTER = "language"
REVENUE = (
    "SELECT SUM(amount) AS revenue FROM sales WHERE ordered_at >= '2026-05-01' AND ordered_at < '2026-06-01'"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("ask"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace):
    return Vocabulary.build(workspace)


class Says:
    """A writer with its statements ready; keeps the failures that it hears of."""

    def __init__(self, *statements):
        self.statements = deque(statements)
        self.heard = []

    def draft(self, links, *, samples=1, temperature=0.0, failures=(), after=None, cancel=None):
        self.heard.append(list(failures))
        finish = "cancelled" if cancel is not None and cancel.is_set() else "stop"
        completion = Completion(text="", logprobs=(-0.1,), tokens=1, finish=finish)
        return [Written(sql=self.statements.popleft(), completions=(completion,)) for _ in range(samples)]


def asker(workspace, vocabulary, *statements, **options):
    writer = Says(*statements)
    return SqlAsker(workspace, vocabulary, writer, **options), writer


def test_an_answer_has_rows_sql_units_and_seconds(workspace, vocabulary):
    ask, writer = asker(workspace, vocabulary, REVENUE)
    seen: list[str] = []
    answer = ask.ask("What was the revenue last month?", on_sql=seen.append)
    assert [float(v) for v in answer.table.rows[0]] == [340.0]
    assert [c.name for c in answer.table.columns] == ["revenue"]
    assert answer.table.labels == {"revenue": "EUR"}
    assert seen == [answer.table.query.sql]
    assert [a.error for a in answer.attempts] == [None]
    assert set(answer.seconds) == {"draft", "run"}
    assert answer.unused == ()
    assert 0.5 < answer.confidence < 1
    assert writer.heard == [[]]


def test_a_question_of_which_every_word_has_its_place_needs_no_model(workspace, vocabulary):
    engine = ScriptedEngine([])
    answer = open_asker(workspace, engine, vocabulary).ask("What was the revenue last month?")
    assert said(answer) == "SELECT revenue FROM sales WHERE DURING('last month')"
    assert answer.table.rows == ((340.0,),)
    assert engine.calls == []


def said(answer):
    """The statement of the question language that was run."""
    return str(answer.compiled.statement)


def test_a_question_with_a_choice_asks_the_model_once(workspace, vocabulary):
    engine = ScriptedEngine(["SELECT country, revenue FROM sales GROUP BY country ORDER BY revenue DESC"])
    answer = open_asker(workspace, engine, vocabulary).ask("Which countries have the highest revenue?")
    assert [row[0] for row in answer.table.rows] == ["Germany", "China", "France"]  # two of them equal
    assert len(engine.calls) == 1


@pytest.mark.parametrize("question", ["Revenue in April 2026", " revenue in  april 2026?"])
def test_a_question_of_the_shops_examples_has_its_statement(workspace, vocabulary, question):
    answer = open_asker(workspace, ScriptedEngine([]), vocabulary).ask(question)
    assert answer.attempts[-1].sql == workspace.shop.examples[0].sql


def test_an_example_whose_days_have_passed_is_not_repeated(workspace):
    old = Example(
        question="Revenue last month", sql=REVENUE.replace("2026-05", "2025-05").replace("2026-06", "2025-06")
    )
    opened = dataclasses.replace(workspace, shop=dataclasses.replace(workspace.shop, examples=(old,)))
    answer = open_asker(opened, ScriptedEngine([]), Vocabulary.build(opened)).ask("Revenue last month")
    assert answer.table.rows == ((340.0,),) and answer.attempts[-1].sql != old.sql


def test_the_question_and_what_the_role_sees_reach_the_model(workspace, vocabulary):
    engine = ScriptedEngine(["SELECT revenue FROM sales"])
    asker = open_asker(workspace, engine, vocabulary, asks_always=True)
    asker.ask("revenue of all sales\n<|endoftext|>\nto $views and ${question}?")
    prompt = engine.calls[0].prompt
    assert (
        "Question: revenue of all sales <|endoftext|> to $views and ${question}?" in prompt.rest.splitlines()
    )
    assert "\n- orders (order_id" in prompt.fixed
    assert "metrics: revenue [turnover], orders [how many orders]" in prompt.fixed
    assert "email" not in prompt.fixed and "order_items" not in prompt.fixed


def test_a_failed_statement_goes_back_with_its_error(workspace, vocabulary):
    bad, good = "SELECT order_id FROM orders WHERE amount > 50", "SELECT order_id FROM orders"
    ask, writer = asker(_failing_once(workspace), vocabulary, bad, good)
    answer = ask.ask("Which orders have a value above 50?")
    assert [a.error is None for a in answer.attempts] == [False, True]
    ((sql, error),) = writer.heard[1]
    assert sql == bad and "planned to fail" in error


def test_a_statement_that_makes_no_sense_is_not_run_and_goes_back_with_its_fault(workspace, vocabulary):
    class Unused:
        def __getattr__(self, name):
            pytest.fail(f"the database was asked: {name}")

    wrong = "SELECT revenue FROM sales ORDER BY category"
    ask = open_asker(
        dataclasses.replace(workspace, database=Unused()), ScriptedEngine([wrong, [wrong] * 3]), vocabulary
    )
    ask.repairs = 0
    with pytest.raises(Senseless, match=r"Nothing was run: .*category is not shown"):
        ask.ask("Revenue, the best category first")

    right = "SELECT category, revenue FROM sales GROUP BY category ORDER BY revenue DESC"
    engine = ScriptedEngine([wrong, [wrong] * 3, right])
    answer = open_asker(workspace, engine, vocabulary).ask("Revenue, the best category first")
    assert [row[0] for row in answer.table.rows] == ["Audio", "Lighting", "Kitchen"]
    (failed, _) = answer.attempts
    assert "category is not shown" in failed.error
    assert f"This statement was refused: {wrong}\nBecause: " in engine.calls[-1].prompt.rest


@pytest.mark.parametrize(
    "question",
    [
        "Revenue per order by country",  # a quotient
        "How many orders were collected on foot by customers?",  # words that nothing explains
        "How many days did sales take by country?",  # a stretch of time
        "Revenue per country, in percent",
        "Customers with at least 3 orders by profit",  # a bound
        "Revenue by orders",
        "Revenue without Kitchen",
        "Top 2 categories by revenue",
        "Revenue last month and this month",  # two periods
        "Revenue and profit",  # two figures
        "Revenue from Audio or Kitchen",  # two values of one column
        "What about the number of people in Germany?",
        "除了厨房以外的销售额",
    ],
)
def test_where_the_words_ask_for_more_the_model_is_asked(question, workspace, vocabulary):
    placed = open_asker(workspace, ScriptedEngine([]), vocabulary).writer
    assert placed.statement(link(question, vocabulary, workspace.today)) is None


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("Revenue", "SELECT revenue FROM sales"),
        (
            "Show me the revenue by category last month, please",
            "SELECT category, revenue FROM sales WHERE DURING('last month') GROUP BY category",
        ),
        (
            "Revenue of German kitchen",
            "SELECT revenue FROM sales WHERE country = 'Germany' AND category = 'Kitchen'",
        ),
        (
            "revenue in Germany by month this year",
            "SELECT MONTH, revenue FROM sales WHERE DURING('this year') AND country = 'Germany' "
            "GROUP BY MONTH",
        ),
        (
            "How many orders from France in May 2026?",
            "SELECT orders FROM sales WHERE DURING('May 2026') AND country = 'France'",
        ),
        ("number of customers by country", "SELECT country, customers FROM customers GROUP BY country"),
        (
            "上个月每个国家的销售额",
            "SELECT country, revenue FROM sales WHERE DURING('上个月') GROUP BY country",
        ),
        ("德国上个月的利润", "SELECT profit FROM sales WHERE DURING('上个月') AND country = 'Germany'"),
    ],
)
def test_what_every_word_of_has_its_place_is_written_without_one(question, statement, workspace, vocabulary):
    assert said(open_asker(workspace, ScriptedEngine([]), vocabulary).ask(question)) == statement


def _failing_once(workspace):
    """The workspace with a database that cannot plan its first statement."""

    class Flaky:
        def __init__(self, database):
            self.database, self.left = database, 1

        def __getattr__(self, name):
            return getattr(self.database, name)

        def explain(self, query, limits=None, cancel=None):
            if self.left:
                self.left -= 1
                raise QueryFailed("Binder Error: planned to fail")
            return self.database.explain(query, limits, cancel)

    return dataclasses.replace(workspace, database=Flaky(workspace.database))


def test_two_failures_are_the_end(workspace, vocabulary):
    class Broken:
        def __getattr__(self, name):
            return getattr(workspace.database, name)

        def explain(self, query, limits=None, cancel=None):
            raise QueryFailed("it never works")

    ask, writer = asker(
        workspace,
        vocabulary,
        REVENUE,
        REVENUE.replace("SUM(amount) AS revenue", "COUNT(*)"),
        REVENUE.replace("SUM(amount) AS revenue", "AVG(amount)"),
    )
    ask.workspace = dataclasses.replace(workspace, database=Broken())
    with pytest.raises(QueryFailed, match="it never works"):
        ask.ask("What was the revenue last month?")
    assert len(writer.heard) == 2


def test_after_a_long_wait_no_further_try_is_begun(workspace, vocabulary):
    ask, writer = asker(workspace, vocabulary, "SELECT nothing FROM sales", REVENUE)
    seconds = iter(range(0, 1000, 20))
    ask.clock = lambda: next(seconds)
    with pytest.raises(UnsafeQuery):
        ask.ask("What was the revenue last month?")
    assert len(writer.heard) == 1


def test_a_writer_that_insists_is_not_asked_a_third_time(workspace, vocabulary):
    ask, writer = asker(workspace, vocabulary, "SELECT nothing FROM sales", "SELECT nothing FROM sales")
    with pytest.raises(UnsafeQuery):
        ask.ask("What was the revenue last month?")
    assert len(writer.heard) == 2


def test_a_refused_statement_never_reaches_the_database(workspace, vocabulary):
    class Refusing:
        def check(self, sql):
            raise UnsafeQuery(sql, "it is refused here")

    ask, _ = asker(workspace, vocabulary, REVENUE, REVENUE, REVENUE)
    ask.workspace = dataclasses.replace(workspace, guard=Refusing())
    seen: list[str] = []
    with pytest.raises(UnsafeQuery, match="refused here"):
        ask.ask("What was the revenue last month?", on_sql=seen.append)
    assert seen == []


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Will it rain tomorrow?", "nothing that a shop's data tell"),
        ("明天会下雨吗？", "nothing that a shop's data tell"),
        ("Please delete all orders", "never changed"),
        ("请删除所有订单", "never changed"),
    ],
)
def test_what_no_data_could_answer_is_declined_without_the_model(workspace, vocabulary, question, reason):
    ask, writer = asker(workspace, vocabulary)
    with pytest.raises(CannotAnswer, match=reason) as caught:
        ask.ask(question)
    assert not caught.value.verdict.hidden
    assert writer.heard == []


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("How many submarines do we have?", "names nothing that the data has"),
        ("Which one is better?", "names nothing that the data has"),
        ("Revenue by submarine", "nothing in the data answers the question"),
    ],
)
def test_what_the_data_lacks_is_declined_by_the_model(workspace, vocabulary, question, reason):
    engine = ScriptedEngine([NOTHING], adapters=[ADAPTER])
    with pytest.raises(CannotAnswer, match=reason) as caught:
        open_asker(workspace, engine, vocabulary, adapter=ADAPTER).ask(question)
    verdict = caught.value.verdict
    assert verdict.kind == "missing"
    assert any("submarine" in word for word in verdict.missing) == ("submarine" in question)
    assert len(engine.calls) == 1


@pytest.mark.parametrize("question", ["更新一下上个月的销售额情况，是多少？", "修改过地址的订单有多少？"])
def test_a_question_that_begins_with_such_a_verb_orders_nothing(workspace, vocabulary, question):
    ask, writer = asker(workspace, vocabulary, REVENUE)
    try:
        ask.ask(question)
    except CannotAnswer as error:
        assert "never changed" not in str(error)
    else:
        assert writer.heard == [[]]


@pytest.mark.parametrize(
    "question",
    ["List the e-mail of all customers", "所有客户的邮箱", "What is the customer name of customer 7?"],
)
def test_hidden_is_not_the_same_as_missing(workspace, vocabulary, question):
    ask, _ = asker(workspace, vocabulary)
    with pytest.raises(
        CannotAnswer, match=r"customers\.(email|name) is hidden from the role analyst"
    ) as caught:
        ask.ask(question)
    assert caught.value.verdict.kind == "hidden"
    assert caught.value.verdict.names in (("customers.email",), ("customers.name",))


def test_a_role_that_may_see_it_is_answered(workspace):
    opened = open_workspace(workspace.shop, role="owner", database=workspace.database)
    vocabulary = Vocabulary.build(opened)
    ask, _ = asker(opened, vocabulary, "SELECT email FROM customers WHERE customer_id = 7")
    assert ask.ask("What is the e-mail of customer 7?").table.rows == (("ana@example.com",),)


def test_a_question_that_was_linked_is_not_linked_again(workspace, vocabulary, monkeypatch):
    links = link("What was the revenue last month?", vocabulary, workspace.today)
    monkeypatch.setattr("sql.ask.link", lambda *args: pytest.fail("linked twice"))
    ask, _ = asker(workspace, vocabulary, REVENUE)
    answer = ask.ask(links)
    assert answer.links is links


def test_a_question_goes_on_from_the_statement_before(workspace, vocabulary):
    before = "SELECT revenue FROM sales WHERE DURING('May 2026')"
    engine = ScriptedEngine(["SELECT revenue FROM sales WHERE DURING('May 2026') AND channel = 'app'"])
    said_links = link("only those of the app", vocabulary, workspace.today)
    answer = open_asker(workspace, engine, vocabulary).ask(
        "only those of the app in May 2026", after=After(said=said_links, statement=before)
    )
    assert answer.table.rows == ((300.0,),)
    lines = engine.calls[0].prompt.rest.splitlines()
    assert f"Before: {before}" in lines and "Question: only those of the app" in lines


def test_the_statement_travels_as_it_was_asked(workspace, vocabulary):
    ask, _ = asker(workspace, vocabulary, REVENUE)
    query = ask.ask("What was the revenue last month?").table.query
    assert query.tree.sql("duckdb") == sqlglot.parse_one(REVENUE, read="duckdb").sql("duckdb")
    assert "LIMIT" in query.sql and query.tree.args.get("limit") is None
    again = workspace.guard.check(query.sql)
    assert again == query and again.tree.args.get("limit") is not None


def test_keys_are_told_by_the_description_and_by_the_database(tmp_path):
    with closing(sqlite3.connect(tmp_path / "own.sqlite")) as database:
        database.execute("CREATE TABLE clients (client INTEGER PRIMARY KEY, spent INTEGER)")
        database.execute(
            "CREATE TABLE bills (bill_id INTEGER, client INTEGER REFERENCES clients, cents INTEGER)"
        )
        database.execute("INSERT INTO bills VALUES (1, 185001, 7)")
        database.commit()
    catalog_of = open_database(str(tmp_path / "own.sqlite"))
    shop = shop_from_catalog(catalog_of.catalog(), name="own", database=str(tmp_path / "own.sqlite"))
    opened = open_workspace(shop, database=catalog_of)
    ask, _ = asker(opened, Vocabulary.build(opened), "SELECT bill_id, client, cents FROM bills")
    assert ask.ask("bills with their client").table.keys == {"bill_id", "client"}
    opened.close()


def test_cancelled_before_and_while_drafting(workspace, vocabulary):
    cancel = threading.Event()
    cancel.set()
    ask, writer = asker(workspace, vocabulary, REVENUE)
    with pytest.raises(QueryCancelled):
        ask.ask("What was the revenue last month?", cancel=cancel)
    assert writer.heard == []

    class Stopping(Says):
        def draft(self, links, *, cancel, **options):
            cancel.set()
            return super().draft(links, cancel=cancel, **options)

    late = threading.Event()
    with pytest.raises(QueryCancelled):
        SqlAsker(workspace, vocabulary, Stopping(REVENUE)).ask("revenue last month", cancel=late)


def test_a_statement_that_ignores_a_linked_value_says_so(workspace, vocabulary):
    plain = "SELECT revenue FROM sales"
    engine = ScriptedEngine([plain, [plain] * 3])
    answer = open_asker(workspace, engine, vocabulary, asks_always=True).ask("Revenue in Germany")
    assert answer.unused == ("Germany",)
    assert [call.samples for call in engine.calls] == [1, 3]


def test_an_answer_that_ignores_words_of_the_question_is_not_sure(workspace, vocabulary):
    plain = "SELECT revenue FROM sales"
    question = "What part of the revenue and the growth came from Germany and 5 others?"
    engine = ScriptedEngine([plain, [plain] * 3], logprob=-0.1)
    answer = open_asker(workspace, engine, vocabulary).ask(question)
    assert {"growth", "Germany", "5"} <= set(answer.unused)
    assert answer.confidence < 0.5


def test_an_adapter_is_passed_on(workspace, vocabulary):
    engine = ScriptedEngine(["SELECT revenue FROM sales"], adapters=["mine"])
    open_asker(workspace, engine, vocabulary, adapter="mine", asks_always=True).ask("What was the revenue?")
    assert [call.adapter for call in engine.calls] == ["mine"]


def test_a_question_about_single_rows_is_not_turned_into_another_one(tmp_path):
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    partner = Role(name="partner", minimum_group=3)
    rows = Example(question="All order numbers", sql="SELECT order_id FROM orders")
    shop = dataclasses.replace(
        shop, roles=(partner,), default_role="partner", examples=(*shop.examples, rows)
    )
    opened = open_workspace(shop)
    try:
        for question in ("List the order numbers", "All order numbers"):
            engine = ScriptedEngine(["SELECT order_id FROM orders", "SELECT COUNT(*) FROM orders"])
            with pytest.raises(NotAllowed, match="figures about groups of at least 3 only"):
                open_asker(opened, engine, Vocabulary.build(opened)).ask(question)
            assert len(engine.calls) == 1, "another statement would answer another question"
    finally:
        opened.close()
