"""Shop form: what its grammar accepts, what it stands for, and what the rows are, on a real DuckDB."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from llm.constraint import accepts
from sql.periods import find_periods
from sql.semantics import Metric, View, ViewColumn
from sql.shop_form import NotShopForm, Words, expand, form_grammar
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
    values={"country": ["Germany", "Côte d'Ivoire"], "product": []}, texts=["gift card"], periods=PERIODS
)
ROWS = """
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, TIMESTAMP '2026-05-04 10:00', 'Germany', 'Lamp', 10.0, 4.0, TRUE, NULL),
  (1, TIMESTAMP '2026-05-04 10:00', 'Germany', 'Cable', 30.0, 6.0, FALSE, 'a gift card'),
  (2, TIMESTAMP '2026-05-09 11:00', 'Italy', 'Lamp', 20.0, 8.0, FALSE, NULL),
  (3, TIMESTAMP '2026-06-02 11:00', 'Italy', 'Lamp', 40.0, 2.0, TRUE, NULL)
) AS t(order_id, sold_at, country, product, amount, profit, "is gift", note)
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
        [(dt.datetime(2026, 5, 1), 60), (dt.datetime(2026, 6, 1), 40)],
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
    "a metric called like a column": (
        "SELECT country, profit FROM sales WHERE profit > 3 GROUP BY country HAVING profit > 8",
        [("Germany", 10.0)],
    ),
    "the column inside an aggregate": ("SELECT AVG(profit), MAX(profit) FROM sales", [(5.0, 8.0)]),
    "a ratio compared": (
        "SELECT country FROM sales GROUP BY country HAVING margin > 0.2 ORDER BY margin",
        [("Germany",)],
    ),
    "rows": (
        'SELECT order_id, product FROM sales WHERE amount BETWEEN 15 AND 35 AND NOT "is gift"',
        [(1, "Cable"), (2, "Lamp")],
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
    return form_grammar(SALES, METRICS, WORDS)


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
    ("dialect", "month"),
    [
        ("duckdb", "DATE_TRUNC('MONTH', sold_at) AS month"),
        ("postgres", "DATE_TRUNC('MONTH', sold_at) AS month"),
        ("sqlite", "STRFTIME('%Y-%m', sold_at) AS month"),
        ("mysql", "DATE_FORMAT(sold_at, '%Y-%m') AS month"),
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
        ("DROP TABLE sales", "no SELECT"),
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
