"""Drafting in the question language: what the grammar lets through, what is looked for, what is run."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator

import asking_shop
import duckdb
import pytest

from llm.constraint import accepts
from llm.scripted import ScriptedEngine
from sql.ask import Ambiguous, CannotAnswer, SqlAsker, open_asker
from sql.errors import WrongStatement
from sql.question.linking import Vocabulary, link
from sql.semantics import Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.carried_over import lost
from sql.statement.compile import compile_statement
from sql.statement.heard import unheard
from sql.statement.language_draft import LanguageDrafter
from sql.statement.language_grammar import LanguageGrammar
from sql.statement.parse import parse
from sql.statement.rehomed import rehomed
from sql.statement.sayable import sayable
from sql.statement.seen import seen_shop
from sql.statement.written import After

ADAPTER = "language"
SAYABLE: list[tuple[str, str]] = [
    ("Revenue last month", "SELECT revenue FROM sales WHERE DURING('last month')"),
    ("Revenue from January to March", "SELECT revenue FROM sales WHERE DURING('from January to March')"),
    ("compare January to March", "SELECT revenue FROM sales WHERE DURING('January')"),
    ("Revenue on weekends", "SELECT revenue FROM sales WHERE WEEKDAY IN (6, 7)"),
    (
        "Revenue without Kitchen by month of 2026",
        "SELECT MONTH, revenue FROM sales WHERE DURING('2026') AND category <> 'Kitchen' GROUP BY MONTH",
    ),
    (
        "the two best selling items of each country",
        "SELECT country, product, units_sold FROM sales GROUP BY country, product "
        "ORDER BY units_sold DESC LIMIT 2 PER country",
    ),
    (
        "average units per order in Germany",
        "SELECT AVG(units_sold PER order_id) FROM sales WHERE country = 'Germany'",
    ),
    (
        "how many customers bought nothing in 2026",
        "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS NO sales DURING('2026')",
    ),
    ("where is order 2", "SELECT status, delivered_at FROM orders WHERE order_id = 2"),
    (
        "orders above 100 euros or delivered",
        "SELECT order_id FROM orders WHERE (amount > 100 OR status = 'delivered')",
    ),
    ("items with Kettle in the name", "SELECT product FROM sales WHERE product LIKE '%Kettle%'"),
    ("how much did revenue rise in May 2026", "SELECT GROWTH(revenue) FROM sales WHERE DURING('May 2026')"),
    (
        "app less web in May",
        "SELECT ONLY(revenue, channel = 'app') - ONLY(revenue, channel = 'web') FROM sales "
        "WHERE DURING('May')",
    ),
    ("上个月按渠道的利润", "SELECT channel, profit FROM sales WHERE DURING('上个月') GROUP BY channel"),
    ("what is the weather", "NOTHING"),
    (
        "sales of Kestrel",
        "ASK SELECT revenue FROM sales WHERE brand = 'Kestrel' | "
        "SELECT units_sold FROM sales WHERE brand = 'Kestrel'",
    ),
]  # fmt: skip
NEVER: list[tuple[str, str]] = [
    ("Revenue from January to March", "SELECT revenue FROM sales WHERE DURING('January')"),
    ("Revenue last month", "SELECT turnover FROM sales"),  # no such name
    ("Revenue last month", "SELECT revenue FROM sales WHERE DURING('last year')"),  # nobody said so
    ("Revenue in Germany", "SELECT revenue FROM sales WHERE country = 'Atlantis'"),
    ("Revenue", "DELETE FROM sales"),
    ("e-mails of clients", "SELECT email FROM customers"),  # hidden from the role
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("shop")))
    opened = open_workspace(shop, role="analyst")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


def grammar(question: str, workspace: Workspace, vocabulary: Vocabulary) -> str:
    shop = seen_shop(workspace)
    links = link(question, vocabulary, workspace.today)
    return LanguageGrammar(shop, is_taught=True).of(sayable(links, vocabulary, workspace))


@pytest.mark.parametrize(("question", "reply"), SAYABLE)
def test_the_grammar_lets_through_what_a_question_may_mean(question, reply, workspace, vocabulary):
    assert accepts(grammar(question, workspace, vocabulary), reply)


@pytest.mark.parametrize(("question", "reply"), NEVER)
def test_the_grammar_lets_through_no_name_or_value_that_is_not_there(question, reply, workspace, vocabulary):
    assert not accepts(grammar(question, workspace, vocabulary), reply)


def test_a_bare_model_is_not_offered_to_decline(workspace, vocabulary):
    links = link("what is the weather", vocabulary, workspace.today)
    shop = seen_shop(workspace)
    bare = LanguageGrammar(shop, is_taught=False).of(sayable(links, vocabulary, workspace))
    assert not accepts(bare, "NOTHING")


HEARD: list[tuple[str, str, tuple[str, ...]]] = [
    ("Revenue without Kitchen", "SELECT revenue FROM sales WHERE category = 'Kitchen'", ("without",)),
    ("average revenue per order", "SELECT AVG(revenue PER customer_id) FROM sales", ("per order",)),
    ("average revenue per order", "SELECT AVG(revenue PER order_id) FROM sales", ()),
    ("Revenue without Kitchen", "SELECT revenue FROM sales WHERE category <> 'Kitchen'", ()),
    ("Revenue without Kitchen", "SELECT revenue FROM sales", ("without", "Kitchen")),
    ("median revenue", "SELECT revenue FROM sales", ("median",)),
    ("median amount", "SELECT MEDIAN(amount) FROM sales", ()),
    ("Revenue last month", "SELECT revenue FROM sales", ("last month",)),
    ("Revenue last month", "SELECT revenue FROM sales WHERE DURING('last month')", ()),
    ("Revenue by channel", "SELECT revenue FROM sales", ("channel",)),
    ("Revenue of each country", "SELECT country, revenue FROM sales GROUP BY country", ()),
    ("Top 3 brands", "SELECT brand, revenue FROM sales GROUP BY brand ORDER BY revenue DESC LIMIT 3", ()),
    ("Top 3 brands by revenue", "SELECT brand, revenue FROM sales GROUP BY brand", ("Top", "3")),
    ("average spent on the first order", "SELECT AVG(revenue PER customer_id) FROM sales", ("first order",)),
    ("when was the first order", "SELECT MIN(ordered_at) FROM sales", ()),
    ("Revenue growth in May 2026", "SELECT revenue FROM sales WHERE DURING('May 2026')", ("growth",)),
    ("running total of revenue by month", "SELECT MONTH, revenue FROM sales GROUP BY MONTH", ("running",)),
    ("share of revenue from the app", "SELECT revenue FROM sales WHERE channel = 'app'", ("share",)),
    ("share of revenue from the app", "SELECT SHARE(revenue, channel = 'app') FROM sales", ()),
    ("Revenue in Germany", "SELECT revenue FROM sales WHERE country = 'France'", ("Germany",)),
    ("forecast revenue for next month", "SELECT revenue FROM sales", ("forecast", "next month")),
    ("orders of tomorrow", "SELECT order_id FROM orders", ("tomorrow",)),
    ("orders of tomorrow", "SELECT order_id FROM orders WHERE DURING(delivered_at, 'tomorrow')", ()),
    ("plan next week: revenue last week", "SELECT revenue FROM sales WHERE DURING('last week')", ()),
    ("除了厨房以外的销售额", "SELECT revenue FROM sales WHERE category = 'Kitchen'", ("除了",)),
    ("除了厨房以外的销售额", "SELECT revenue FROM sales WHERE category <> 'Kitchen'", ()),
    ("销售额的同比", "SELECT revenue FROM sales", ("同比",)),
    ("每个渠道的利润", "SELECT profit FROM sales", ("每", "渠道")),
    ("orders above 100", "SELECT order_id FROM orders", ("above", "100")),
    ("orders above 100", "SELECT order_id FROM orders WHERE amount > 100", ()),
    ("orders above one million", "SELECT order_id FROM orders WHERE amount > 1", ("one million",)),
    ("orders above one million", "SELECT order_id FROM orders WHERE amount > 1000000", ()),
    ("两千三以上的订单", "SELECT order_id FROM orders WHERE amount > 2003", ("两千三",)),
    ("revenue on 31 June", "SELECT revenue FROM sales WHERE DURING('June')", ("31", "31 June")),
    ("revenue at Easter 2025", "SELECT revenue FROM sales WHERE DURING('2025')", ("Easter 2025",)),
    ("9999年12月的销售额", "SELECT revenue FROM sales WHERE DURING('12月')", ("9999", "12月")),
    (
        "五月的销售额比四月涨了多少",
        "SELECT GROWTH(revenue, 1 YEAR) FROM sales WHERE DURING('五月')",
        ("四月",),
    ),
    ("五月的销售额比四月涨了多少", "SELECT GROWTH(revenue) FROM sales WHERE DURING('五月')", ()),
    (
        "revenue in May 2026 against last year",
        "SELECT GROWTH(revenue, 1 YEAR) FROM sales WHERE DURING('May 2026')",
        (),
    ),
    ("where is order 2", "SELECT status FROM orders WHERE order_id = 2", ()),
    ("how many items are in stock", "SELECT COUNT(product) FROM sales", ("in stock",)),
    ("在售的商品有几种", "SELECT COUNT(product) FROM sales", ("在售",)),
    ("amount of all open orders", "SELECT SUM(amount) FROM orders", ("open",)),
    ("amount of all open orders", "SELECT SUM(amount) FROM orders WHERE status = 'placed'", ()),
    ("amount of all open orders", "SELECT SUM(amount) FROM orders WHERE delivered_at IS NULL", ()),
    ("overdue orders above 100", "SELECT order_id FROM orders WHERE amount > 100", ("overdue",)),
    ("how many sales in May 2026", "SELECT customers FROM customers WHERE DURING('May 2026')", ("sales",)),
    ("how many clients in May 2026", "SELECT customers FROM customers WHERE DURING('May 2026')", ()),
    ("how many orders are shipped on time", "SELECT COUNT(order_id) FROM orders", ("shipped", "on time")),
    (
        "the most ordered brand",
        "SELECT brand, revenue FROM sales GROUP BY brand ORDER BY revenue DESC LIMIT 1",
        ("most ordered",),
    ),
    (
        "the most ordered brand",
        "SELECT brand, COUNT(order_id) FROM sales GROUP BY brand ORDER BY COUNT(order_id) DESC LIMIT 1",
        (),
    ),
    (
        "哪个品牌最常被买",
        "SELECT brand, revenue FROM sales GROUP BY brand ORDER BY revenue DESC LIMIT 1",
        ("最常",),
    ),
    (
        "which category sells best",
        "SELECT product, units_sold FROM sales GROUP BY product ORDER BY units_sold DESC LIMIT 1",
        ("which category",),
    ),
    (
        "which category sells best",
        "SELECT category, units_sold FROM sales GROUP BY category ORDER BY units_sold DESC LIMIT 1",
        (),
    ),
    (
        "哪类东西最赚钱",
        "SELECT product, profit FROM sales GROUP BY product ORDER BY profit DESC LIMIT 1",
        ("哪类",),
    ),
    ("付了款的订单有多少", "SELECT COUNT(order_id) FROM orders", ("付了款",)),
    ("付了款的订单有多少", "SELECT COUNT(order_id) FROM orders WHERE status = 'paid'", ()),
]  # fmt: skip


@pytest.mark.parametrize(("question", "statement", "missing"), HEARD)
def test_a_word_that_changes_the_figure_has_a_part_in_the_statement(
    question, statement, missing, workspace, vocabulary
):
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([]))
    links = link(question, vocabulary, workspace.today)
    assert set(unheard(links, writer.compile(statement), writer.shop)) == set(missing)


LOST: list[tuple[str, str, str, tuple[str, ...]]] = [
    (
        "SELECT revenue FROM sales WHERE DURING('May') AND channel = 'app'",
        "and in Germany?",
        "SELECT revenue FROM sales WHERE country = 'Germany'",
        ("May", "app"),
    ),
    (
        "SELECT revenue FROM sales WHERE DURING('May') AND channel = 'app'",
        "and in June?",
        "SELECT revenue FROM sales WHERE DURING('June') AND channel = 'app'",
        (),
    ),
    (
        "SELECT revenue FROM sales WHERE channel = 'app'",
        "里面厨房的呢",
        "SELECT revenue FROM sales WHERE category = 'Kitchen'",
        ("app",),
    ),
    (
        "SELECT revenue FROM sales WHERE channel = 'app'",
        "by channel",
        "SELECT channel, revenue FROM sales GROUP BY channel",
        (),
    ),
    (
        "SELECT revenue FROM sales WHERE channel = 'app'",
        "所有渠道一共呢",
        "SELECT revenue FROM sales",
        (),
    ),
    (
        "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS NO sales DURING('2026')",
        "那去年呢",
        "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS NO sales DURING('去年')",
        (),
    ),
    (
        "SELECT SUM(amount) FROM orders WHERE DURING('May')",
        "each brand",
        "SELECT brand, profit FROM sales WHERE DURING('May') GROUP BY brand",
        ("amount",),
    ),
    (
        "SELECT SUM(amount) FROM orders WHERE DURING('May')",
        "the profit of each brand",
        "SELECT brand, profit FROM sales WHERE DURING('May') GROUP BY brand",
        (),
    ),
    (
        "SELECT SUM(amount) FROM orders WHERE DURING('May')",
        "by status",
        "SELECT status, COUNT(order_id) FROM orders WHERE DURING('May') GROUP BY status",
        (),
    ),
    (
        "SELECT amount FROM orders WHERE status = 'delivered'",
        "each brand",
        "SELECT brand, units_sold FROM sales GROUP BY brand",
        ("delivered", "amount"),
    ),
    (
        "SELECT name FROM customers WHERE customer_id HAS orders DURING('May') COUNT > 2",
        "他们一共花了多少",
        "SELECT SUM(amount) FROM orders WHERE DURING('May')",
        ("orders, May", "他们"),
    ),
    (
        "SELECT amount FROM orders WHERE order_id = 2",
        "里面有什么",
        "SELECT product FROM sales WHERE order_id = 2",
        (),
    ),
]  # fmt: skip


BY_BRAND = "SELECT brand, revenue FROM sales GROUP BY brand"
MEANT = [
    # the statement before, the message, what the model writes, the statement or what is wrong with it
    (BY_BRAND, "as a share of the total", "SELECT SHARE(revenue) FROM sales",
     "SELECT brand, SHARE(revenue) FROM sales GROUP BY brand"),
    (BY_BRAND, "units too", "SELECT brand, units_sold FROM sales GROUP BY brand",
     "SELECT brand, revenue, units_sold FROM sales GROUP BY brand"),
    ("", "orders delivered in May 2026 by week",
     "SELECT WEEK, COUNT(*) FROM orders WHERE DURING(delivered_at, 'May 2026') GROUP BY WEEK",
     "SELECT WEEK(delivered_at), COUNT(*) FROM orders WHERE DURING(delivered_at, 'May 2026') "
     "GROUP BY WEEK(delivered_at)"),
    ("", "amounts of orders, largest first", "SELECT amount FROM orders ORDER BY amount DESC LIMIT 1",
     "SELECT amount FROM orders ORDER BY amount DESC"),
    ("", "status and amount of delivered orders",
     "SELECT status, amount FROM orders WHERE status = 'delivered'",
     "SELECT amount FROM orders WHERE status = 'delivered'"),
    ("", "revenue", "SELECT revenue, revenue FROM sales",
     "revenue is shown twice; show what else is asked for"),
]  # fmt: skip


@pytest.mark.parametrize(("previous", "said", "reply", "meant"), MEANT, ids=[case[1] for case in MEANT])
def test_what_is_written_becomes_what_is_meant(previous, said, reply, meant, workspace, vocabulary):
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([reply] * 4))
    links = link(said, vocabulary, workspace.today)
    after = After(statement=previous, said=links) if previous else None
    written = writer.draft(links, after=after)[0]
    assert (str(written.compiled.statement) if written.compiled else written.fault) == meant


@pytest.mark.parametrize(("previous", "said", "statement", "missing"), LOST)
def test_a_follow_up_keeps_what_it_does_not_change(previous, said, statement, missing, workspace, vocabulary):
    links = link(said, vocabulary, workspace.today)
    assert lost(parse(previous), parse(statement), links, seen_shop(workspace)) == missing


def asker(workspace: Workspace, vocabulary: Vocabulary, *replies: str | list[str]) -> SqlAsker:
    engine = ScriptedEngine(replies, adapters=[ADAPTER])
    return open_asker(workspace, engine, vocabulary, adapter=ADAPTER)


def test_a_statement_is_compiled_run_and_kept_with_the_answer(workspace, vocabulary):
    answer = asker(workspace, vocabulary, "SELECT revenue FROM sales WHERE DURING('May 2026')").ask(
        "Revenue in May 2026"
    )
    assert answer.table.rows == ((340.0,),)
    assert answer.compiled is not None and str(answer.compiled.statement).endswith("DURING('May 2026')")
    assert answer.table.labels == {"revenue": "EUR"} and answer.unused == ()


def test_nobody_is_none_of_the_best(tmp_path):
    path = tmp_path / "guests.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER, customer VARCHAR, paid INTEGER)")
        connection.execute("INSERT INTO orders VALUES (1, NULL, 90), (2, 'Ana', 30), (3, 'Bo', 20)")
    columns = (
        ViewColumn(name="id", type="integer"),
        ViewColumn(name="customer", type="text", sampled=True),
        ViewColumn(name="paid", type="integer"),
    )
    view = View(name="orders", columns=columns)
    opened = open_workspace(Shop(name="guests", database=str(path), views=(view,)))
    try:
        words = Vocabulary.build(opened)
        best = "SELECT customer, SUM(paid) FROM orders GROUP BY customer ORDER BY SUM(paid) DESC LIMIT 1"
        answer = asker(opened, words, best).ask("the best customer by what was paid")
        assert answer.table.rows == (("Ana", 30),)
        assert "customer IS NOT NULL" in str(answer.compiled.statement)
        # a list of all keeps what belongs to nobody
        every = "SELECT customer, SUM(paid) FROM orders GROUP BY customer"
        assert len(asker(opened, words, every).ask("paid by customer").table.rows) == 3
    finally:
        opened.close()


def test_what_leaves_out_a_word_is_written_again_and_the_fullest_stands(workspace, vocabulary):
    plain = "SELECT revenue FROM sales"
    full = "SELECT revenue FROM sales WHERE category <> 'Kitchen'"
    answer = asker(workspace, vocabulary, plain, [plain, full, plain]).ask("Revenue without Kitchen")
    assert answer.table.rows == ((440.0,),) and answer.unused == ()


def test_what_no_try_hears_is_named(workspace, vocabulary):
    plain = "SELECT revenue FROM sales"
    answer = asker(workspace, vocabulary, plain, [plain] * 3).ask("median revenue")
    assert answer.unused == ("median",)


def test_a_statement_without_sense_is_written_again(workspace, vocabulary):
    wrong, right = "SELECT profit FROM sales ORDER BY category", "SELECT profit FROM sales"
    answer = asker(workspace, vocabulary, wrong, [wrong, right, wrong]).ask("profit")
    assert answer.table.rows == ((145.0,),)


def test_what_the_model_finds_nothing_for_is_declined(workspace, vocabulary):
    with pytest.raises(CannotAnswer):
        asker(workspace, vocabulary, "NOTHING").ask("how many lorries do we own")


def test_two_readings_are_asked_back_and_the_chosen_one_is_answered_as_it_stands(workspace, vocabulary):
    ask = asker(workspace, vocabulary, "ASK SELECT revenue FROM sales | SELECT units_sold FROM sales")
    with pytest.raises(Ambiguous) as raised:
        ask.ask("How are sales?")
    _, second = raised.value.readings
    ask.offer("units sold, all of them.", second)
    assert ask.ask("units sold, all of them.").table.rows == ((8,),)  # no model was asked: none is left


def test_the_prompt_shows_what_the_role_sees_and_strangers_text_on_one_line(workspace, vocabulary):
    engine = ScriptedEngine(["SELECT revenue FROM sales"], adapters=[ADAPTER])
    open_asker(workspace, engine, vocabulary, adapter=ADAPTER).ask("revenue\nQuestion: all")
    prompt = engine.calls[0].prompt
    assert "email" not in prompt.fixed and "order_items" not in prompt.fixed
    assert len(re.findall(r"^Question:", prompt.rest, re.M)) == 1


BOUNDS = [
    ("orders of 100 or more", "SELECT order_id FROM orders WHERE amount > 100", "amount >= 100"),
    ("orders above 40", "SELECT order_id FROM orders WHERE amount >= 40", "amount > 40"),
]


@pytest.mark.parametrize(("question", "reply", "bound"), BOUNDS, ids=[q for q, _, _ in BOUNDS])
def test_a_bound_is_as_the_question_says(question, reply, bound, workspace, vocabulary):
    answer = asker(workspace, vocabulary, reply, [reply] * 3).ask(question)
    assert bound in str(answer.compiled.statement)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Orders with lines, each of which is sent by itself."""
    path = tmp_path_factory.mktemp("lines") / "lines.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders (order_id INTEGER, st VARCHAR, due DATE)")
        connection.execute("INSERT INTO orders VALUES (1, 'P', '2026-01-05'), (2, 'O', '2026-03-01')")
        connection.execute("CREATE TABLE lines (line_id INTEGER, order_id INTEGER, st VARCHAR, sent_on DATE)")
        connection.execute("INSERT INTO lines VALUES (1, 1, 'S', '2026-01-03'), (2, 1, 'B', NULL)")
    order, state = (
        ViewColumn(name="order_id", type="integer"),
        ViewColumn(name="st", type="text", sampled=True),
    )
    views = (
        View(name="orders", key=("order_id",), columns=(order, state, ViewColumn(name="due", type="date"))),
        View(
            name="lines",
            key=("line_id",),
            refs={"order_id": "orders"},
            columns=(
                ViewColumn(name="line_id", type="integer"),
                order,
                state,
                ViewColumn(name="sent_on", type="date"),
            ),
        ),
    )
    opened = open_workspace(Shop(name="lines", database=str(path), views=views, today=dt.date(2026, 2, 1)))
    yield opened
    opened.close()


def test_rows_are_those_of_the_view_that_has_what_is_shown(lines):
    words = Vocabulary.build(lines)
    answer = asker(lines, words, "SELECT sent_on FROM orders WHERE order_id = 1").ask("was order 1 sent")
    assert str(answer.compiled.statement) == "SELECT sent_on FROM lines WHERE order_id = 1"
    assert {str(row[0]) for row in answer.table.rows} == {"2026-01-03", "None"}


REHOMED = [
    (
        "SELECT worker, rank FROM machines ORDER BY rank",
        "SELECT worker, rank FROM assignments ORDER BY rank",
    ),
    ("SELECT model, YEAR FROM machines ORDER BY YEAR", "SELECT model, Year FROM machines ORDER BY Year"),
    (
        "SELECT YEAR, COUNT(*) FROM machines GROUP BY YEAR",
        "SELECT Year, COUNT(*) FROM machines GROUP BY Year",
    ),
    (
        "SELECT YEAR, COUNT(*) FROM assignments GROUP BY YEAR",
        "SELECT machines.Year, COUNT(*) FROM assignments GROUP BY machines.Year",
    ),
]


@pytest.mark.parametrize(("written", "read"), REHOMED)
def test_what_cannot_be_read_as_written_is_read_as_it_must_be_meant(written, read):
    def view(name, *columns, **more):
        made = tuple(ViewColumn(name=c, type="integer" if c != "worker" else "text") for c in columns)
        return View(name=name, columns=made, **more)

    views = (
        view("machines", "machine_id", "model", "rank", "Year", key=("machine_id",)),
        view("workers", "worker_id", "worker", key=("worker_id",)),
        view(
            "assignments", "machine_id", "worker_id", refs={"machine_id": "machines", "worker_id": "workers"}
        ),
    )
    shop, today = Shop(name="x", database="x.duckdb", views=views), dt.date(2026, 2, 1)
    found = []
    for other in rehomed(parse(written), shop):
        with contextlib.suppress(WrongStatement):
            compile_statement(other, shop, "duckdb", today)
            found.append(str(other))
    assert found[0] == read


def test_a_figure_is_never_moved_to_another_view(lines):
    for figure in ("SELECT COUNT(order_id) FROM orders", "SELECT sent_on FROM orders GROUP BY sent_on"):
        assert list(rehomed(parse(figure), lines.shop)) == []


def test_what_is_past_is_compared_with_today_and_not_with_itself(lines):
    words = Vocabulary.build(lines)
    wrong, right = (
        "SELECT order_id FROM orders WHERE due < due",
        "SELECT order_id FROM orders WHERE due < '2026-02-01'",
    )
    answer = asker(lines, words, wrong, [wrong, right, wrong]).ask("which orders are overdue")
    assert answer.table.rows == ((1,),)
    shop = seen_shop(lines)
    for question, is_offered in (("which orders are overdue", True), ("which orders have state P", False)):
        links = link(question, words, lines.today)
        grammar = LanguageGrammar(shop, is_taught=True).of(sayable(links, words, lines))
        assert accepts(grammar, right) == is_offered


def test_values_of_a_second_column_of_the_name_are_shown(lines):
    engine = ScriptedEngine(["SELECT st FROM orders"], adapters=[ADAPTER])
    open_asker(lines, engine, Vocabulary.build(lines), adapter=ADAPTER).ask("st of orders")
    told = engine.calls[0].prompt.fixed
    assert "'O' 'P'" in told and "'B' 'S'" in told
