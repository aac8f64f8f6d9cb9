"""Shop form: what its grammar accepts, what it stands for, and what the rows are, on a real DuckDB."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3

import duckdb
import pytest

from llm.constraint import accepts
from sql.errors import Senseless
from sql.question.cues import Direction
from sql.question.periods import find_periods
from sql.semantics import Metric, View, ViewColumn
from sql.statement.shop_form import NotShopForm, Words, expand, form_grammar
from sql.types import Dialect

SALES = View(
    name="sales",
    time="sold_at",
    columns=(
        ViewColumn(name="order_id", type="integer"),
        ViewColumn(name="sold_at", type="timestamp"),
        ViewColumn(name="country", type="text"),
        ViewColumn(name="product", type="text"),
        ViewColumn(name="amount", type="number"),
        ViewColumn(name="profit", type="number"),
        ViewColumn(name="is gift", type="boolean"),
        ViewColumn(name="note", type="text"),
        ViewColumn(name="sent_at", type="timestamp"),
    ),
)
METRICS = (
    Metric(name="revenue", view="sales", sql="SUM(amount)"),
    Metric(name="orders", view="sales", sql="COUNT(DISTINCT order_id)"),
    Metric(name="profit", view="sales", sql="SUM(profit)"),
    Metric(name="margin", view="sales", sql="SUM(profit) / SUM(amount)"),
)
PERIODS = find_periods("last month and since March 2026", dt.date(2026, 6, 30))
WORDS = Words(
    values={"country": ["Germany", "Côte d'Ivoire"], "product": ["Lamp"]},
    texts=["gift card"],
    parts={"product": ["Cab"]},
    periods=PERIODS,
)
ROWS = """
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, TIMESTAMP '2026-05-04 10:00', 'Germany', 'Lamp', 10.0, 4.0, TRUE, NULL, TIMESTAMP '2026-05-04 22:30'),
  (1, TIMESTAMP '2026-05-04 10:00', 'Germany', 'Cable', 30.0, 6.0, FALSE, 'a gift card', NULL),
  (2, TIMESTAMP '2026-05-09 11:00', 'Italy', 'Lamp', 20.0, 8.0, FALSE, NULL, TIMESTAMP '2026-05-10 01:00'),
  (3, TIMESTAMP '2026-06-02 11:00', 'Italy', 'Lamp', 40.0, 0.0, TRUE, NULL, NULL)
) AS t(order_id, sold_at, country, product, amount, profit, "is gift", note, sent_at)
"""

CASES = {
    "a metric": ("SELECT revenue FROM sales", [(100.0,)]),
    "by a column, ranked": (
        "SELECT country, revenue FROM sales GROUP BY country ORDER BY revenue DESC LIMIT 1",
        [("Italy", 60.0)],
    ),
    "in a period": ("SELECT orders FROM sales WHERE DURING(sold_at, 'last month')", [(2,)]),
    "in an open period": ("SELECT COUNT(*) FROM sales WHERE DURING(sold_at, 'since March 2026')", [(4,)]),
    "not in a period": ("SELECT COUNT(*) FROM sales WHERE NOT DURING(sold_at, 'last month')", [(1,)]),
    "by month": (
        "SELECT TO_MONTH(sold_at), revenue FROM sales GROUP BY TO_MONTH(sold_at) ORDER BY TO_MONTH(sold_at)",
        [(dt.date(2026, 5, 1), 60), (dt.date(2026, 6, 1), 40)],
    ),
    "by hour": (
        "SELECT HOUR_OF(sold_at), COUNT(*) FROM sales GROUP BY HOUR_OF(sold_at) ORDER BY COUNT(*), revenue",
        [(10, 2), (11, 2)],
    ),
    "a share of a sum": ("SELECT SHARE(revenue, country = 'Germany') FROM sales", [(0.4,)]),
    "a share of distinct things": ("SELECT SHARE(orders, country = 'Germany') FROM sales", [(1 / 3,)]),
    "a share of rows by group": (
        'SELECT country, SHARE(COUNT(*), "is gift") FROM sales GROUP BY country ORDER BY country',
        [("Germany", 0.5), ("Italy", 0.5)],
    ),
    "a share of a period": ("SELECT SHARE(revenue, DURING(sold_at, 'last month')) FROM sales", [(0.6,)]),
    "grouped by what is shown": (
        "SELECT country, revenue FROM sales ORDER BY revenue",
        [("Germany", 40.0), ("Italy", 60.0)],
    ),
    "grouped by what is shown beside what is ordered by": (
        "SELECT country FROM sales ORDER BY AVG(amount) DESC",
        [("Italy",), ("Germany",)],
    ),
    "a figure by another": (
        "SELECT country, revenue / orders FROM sales ORDER BY country",
        [("Germany", 40.0), ("Italy", 30.0)],
    ),
    "one column less another": (
        "SELECT order_id, amount - profit FROM sales WHERE amount - profit > 12 ORDER BY amount - profit",
        [(1, 24.0), (3, 40.0)],
    ),
    "a quotient of columns, and no value where it would be one by zero": (
        "SELECT order_id, amount / profit FROM sales WHERE product = 'Lamp' ORDER BY order_id",
        [(1, 2.5), (2, 2.5), (3, None)],
    ),
    "a sum of what two columns make": ("SELECT SUM(amount - profit) FROM sales", [(82.0,)]),
    "days between": (
        "SELECT order_id, DAYS(sold_at, sent_at) FROM sales WHERE sent_at IS NOT NULL ORDER BY order_id",
        [(1, 0), (2, 1)],
    ),
    "hours between": ("SELECT AVG(HOURS(sold_at, sent_at)) FROM sales", [(13.25,)]),
    "a metric called like a column": (
        "SELECT country, profit FROM sales WHERE profit > 3 GROUP BY country HAVING profit > 8",
        [("Germany", 10.0)],
    ),
    "the column inside an aggregate": ("SELECT AVG(profit), MAX(profit) FROM sales", [(4.5, 8.0)]),
    "a ratio compared": (
        "SELECT country FROM sales GROUP BY country HAVING margin > 0.2 ORDER BY margin",
        [("Germany",)],
    ),
    "rows": (
        'SELECT order_id, product FROM sales WHERE amount BETWEEN 15 AND 35 AND NOT "is gift"',
        [(1, "Cable"), (2, "Lamp")],
    ),
    "a part of a value that the question names": (
        "SELECT COUNT(*) FROM sales WHERE product LIKE '%Cab%'",
        [(1,)],
    ),
    "a part of a text": ("SELECT product FROM sales WHERE note LIKE '%gift card%'", [("Cable",)]),
    "no value": ("SELECT DISTINCT country FROM sales WHERE note IS NOT NULL", [("Germany",)]),
    "two columns": ("SELECT COUNT(*) FROM sales WHERE profit > amount", [(0,)]),
    "two values": (
        "SELECT COUNT(DISTINCT product) FROM sales WHERE country IN ('Germany', 'Côte d''Ivoire')",
        [(2,)],
    ),
}


@pytest.fixture(scope="module")
def grammar() -> str:
    return form_grammar(SALES, METRICS, WORDS, "duckdb")


@pytest.mark.parametrize(("text", "rows"), CASES.values(), ids=CASES)
def test_what_it_says_is_what_comes(text: str, rows: list[tuple[object, ...]], grammar: str) -> None:
    if not text.startswith("SELECT COUNT(*) FROM sales WHERE NOT DURING"):  # nobody asks so; it reads well
        assert accepts(grammar, text)
    with duckdb.connect() as connection:
        connection.execute(ROWS)
        found = connection.execute(expand(f"-- sales\n{text}", SALES, METRICS, PERIODS, "duckdb")).fetchall()
    assert [pytest.approx(row) if isinstance(row[-1], float) else row for row in found] == rows


REFUSED = {
    "another view": "SELECT revenue FROM orders",
    "a column that is not there": "SELECT price FROM sales",
    "a value that the column lacks": "SELECT revenue FROM sales WHERE country = 'Spain'",
    "a value of a column with none that the question names": "SELECT revenue FROM sales WHERE product = 'x'",
    "a part of a value that the question does not name": (
        "SELECT revenue FROM sales WHERE country LIKE '%gift card%'"
    ),
    "hours of a column that is no time": "SELECT HOURS(sold_at, amount) FROM sales",
    "a period that the question does not name": "SELECT revenue FROM sales WHERE DURING(sold_at, 'today')",
    "a subquery": "SELECT revenue FROM sales WHERE amount > (SELECT 1)",
    "a sum of texts": "SELECT SUM(country) FROM sales",
    "a share of a ratio": "SELECT SHARE(margin, country = 'Germany') FROM sales",
    "two statements": "SELECT revenue FROM sales; SELECT revenue FROM sales",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_the_grammar_knows_nothing_else(text: str, grammar: str) -> None:
    assert not accepts(grammar, text)


@pytest.mark.parametrize(
    ("condition", "is_known"),
    [("amount > 15", True), ("amount > 0.15", True), ("amount > 0", True), ("amount > 16", False)],
)
def test_only_numbers_of_the_question_are_compared_with(condition: str, is_known: bool) -> None:
    words = dataclasses.replace(WORDS, numbers=("15", "0.15"))
    grammar = form_grammar(SALES, METRICS, words, "duckdb")
    assert accepts(grammar, f"SELECT order_id FROM sales WHERE {condition}") is is_known
    assert accepts(grammar, "SELECT order_id FROM sales ORDER BY amount DESC LIMIT 15")
    assert not accepts(grammar, "SELECT order_id FROM sales ORDER BY amount DESC LIMIT 16")


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
def test_a_column_that_is_neither_grouped_by_nor_a_figure_is_refused(dialect: Dialect) -> None:
    with pytest.raises(Senseless, match="amount is neither a figure nor grouped by"):
        expand("SELECT country, amount FROM sales GROUP BY country", SALES, METRICS, PERIODS, dialect)


@pytest.mark.parametrize(
    ("text", "is_senseless"),
    [
        ("SELECT amount FROM sales", True),
        ("SELECT amount, amount - profit FROM sales WHERE country = 'Germany'", True),
        ("SELECT amount - profit FROM sales WHERE amount > 5", True),
        ("SELECT amount FROM sales WHERE order_id = 1", False),
        ("SELECT amount FROM sales WHERE product = 'Lamp'", False),
        ("SELECT amount FROM sales WHERE product LIKE '%Lamp%'", False),
        ("SELECT amount FROM sales ORDER BY amount DESC LIMIT 1", False),
        ("SELECT DISTINCT amount FROM sales", False),
        ("SELECT product, amount FROM sales", False),
        ("SELECT order_id FROM sales", False),
        ("SELECT revenue FROM sales WHERE country = 'Germany'", False),
        ("SELECT profit FROM sales", False),
        ("SELECT MAX(amount) FROM sales", False),
        ("SELECT HOURS(sold_at, sent_at) FROM sales", False),
        ("SELECT country FROM sales WHERE amount > 5", True),
        ("SELECT country FROM sales WHERE order_id = 7", False),
        ("SELECT DISTINCT country FROM sales", False),
        ("SELECT country, amount FROM sales WHERE amount > 5", False),
        ("SELECT country, product FROM sales", False),
        ("SELECT country FROM sales GROUP BY country", False),
    ],
)
def test_values_of_many_rows_need_what_they_belong_to(text: str, is_senseless: bool) -> None:
    if not is_senseless:
        assert expand(text, SALES, METRICS, PERIODS, "duckdb", kinds=["country"])
        return
    with pytest.raises(Senseless, match="of many rows, without what each belongs to"):
        expand(text, SALES, METRICS, PERIODS, "duckdb", kinds=["country"])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT product, amount / amount FROM sales",
        "SELECT revenue - revenue FROM sales",
    ],
)
def test_a_figure_is_not_compared_with_itself(text: str) -> None:
    with pytest.raises(Senseless, match="is always the same"):
        expand(text, SALES, METRICS, PERIODS, "duckdb")
    assert not accepts(form_grammar(SALES, METRICS, WORDS, "duckdb"), text)


@pytest.mark.parametrize("figure", ["SUM(order_id)", "AVG(order_id)", "SUM(amount * order_id)"])
def test_a_key_measures_nothing(grammar: str, figure: str) -> None:
    assert not accepts(grammar, f"SELECT {figure} FROM sales")
    assert accepts(
        grammar, "SELECT order_id, COUNT(DISTINCT order_id) FROM sales WHERE order_id = 7 GROUP BY order_id"
    )


def test_times_between_are_the_same_in_sqlite() -> None:
    form = "SELECT order_id, DAYS(sold_at, sent_at), HOURS(sold_at, sent_at) FROM sales"
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE sales (order_id INTEGER, sold_at TEXT, sent_at TEXT)")
        connection.execute("INSERT INTO sales VALUES (1, '2026-05-31 22:30:00', '2026-06-01 01:00:00')")
        found = connection.execute(expand(form, SALES, METRICS, PERIODS, "sqlite")).fetchall()
    connection.close()
    assert found == [(1, 1, pytest.approx(2.5))]


@pytest.mark.parametrize(
    ("dialect", "month"),
    [
        ("duckdb", "CAST(DATE_TRUNC('MONTH', sold_at) AS DATE) AS month"),
        ("postgres", "CAST(DATE_TRUNC('MONTH', sold_at) AS DATE) AS month"),
        ("sqlite", "DATE(sold_at, 'start of month') AS month"),
        (
            "mysql",
            "DATE_SUB(CAST(sold_at AS DATE), INTERVAL (DAYOFMONTH(sold_at) - 1) DAY) AS month",
        ),
    ],
)
def test_each_database_gets_its_own_sql(dialect: Dialect, month: str) -> None:
    month_ = "TO_MONTH(sold_at)"
    text = f'SELECT {month_}, revenue FROM sales WHERE "is gift" GROUP BY {month_} ORDER BY revenue'
    sql = expand(text, SALES, METRICS, PERIODS, dialect)
    assert sql.startswith(f"SELECT {month}, SUM(amount) AS revenue FROM sales WHERE ")
    assert ("`is gift`" if dialect == "mysql" else '"is gift"') in sql
    assert sql.endswith("ORDER BY SUM(amount)"), "no word about NULL that the database does not need"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT (", "cannot be read"),
        ("DROP TABLE sales", "one SELECT"),
        ("SELECT 1 FROM orders", "reads orders"),
        ("SELECT 1", "reads nothing"),
        ("SELECT revenue FROM sales WHERE DURING(sold_at, 'in 1987')", "no period 'in 1987'"),
        ("SELECT NIGHT_OF(sold_at) FROM sales", "no NIGHT_OF"),
        ("SELECT SHARE(country, amount > 1) FROM sales", "no metric"),
        ("SELECT SHARE(margin, country = 'Italy') FROM sales", "do not add up"),
        ("SELECT TO_MONTH(1) FROM sales", "needs a column"),
    ],
)
def test_what_is_no_shop_form_is_said(text: str, reason: str) -> None:
    with pytest.raises(NotShopForm, match=reason):
        expand(text, SALES, METRICS, PERIODS, "duckdb")


@pytest.mark.parametrize(
    ("order", "text", "is_said"),
    [
        ("asc", "sold_at", True),
        ("asc", "sold_at DESC", False),
        ("asc", "profit DESC, sold_at", True),
        ("desc", "sold_at DESC", True),
        ("desc", "sold_at", False),
        (None, "sold_at", True),
        (None, "sold_at DESC", True),
    ],
)
def test_times_are_sorted_the_way_that_is_asked_for(
    order: Direction | None, text: str, is_said: bool
) -> None:
    grammar = form_grammar(SALES, METRICS, dataclasses.replace(WORDS, order_of_times=order), "duckdb")
    assert accepts(grammar, f"SELECT order_id FROM sales ORDER BY {text} LIMIT 1") == is_said


def test_shares_are_ranked() -> None:
    share = "SHARE(COUNT(*), country = 'Germany')"
    text = f"SELECT product FROM sales GROUP BY product ORDER BY {share} DESC LIMIT 1"
    assert accepts(form_grammar(SALES, METRICS, WORDS, "duckdb"), text)
    with duckdb.connect() as connection:
        connection.execute(ROWS)
        found = connection.execute(expand(text, SALES, METRICS, PERIODS, "duckdb")).fetchall()
    assert found == [("Cable",)]
