"""Fifteen kinds of questions that reported shops got wrong answers to, as statements with the right figures.

``kinds/sales.csv`` is made up: 24 months of order lines of a small shop, of which the paid ones are sold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.read_aloud import read_aloud
from sql.statement.spans import span_of

KINDS: list[tuple[str, Any]] = [
    ("SELECT revenue FROM sales WHERE product <> 'Gift card'", [(82_925,)]),
    # 228 of it from customers whose country nobody knows
    ("SELECT revenue FROM sales WHERE country <> 'Spain' AND DURING('May 2026')", [(2_459,)]),
    (
        "SELECT AVG(units PER order_id), AVG(revenue PER customer_id) FROM sales",
        [(4.931914893617021, 2_286.25)],
    ),
    ("SELECT COUNT(order_id) FROM sales HAVING revenue PER order_id > 200", [(185,)]),
    ("SELECT COUNT(order_id) FROM sales HAVING revenue PER order_id BETWEEN 100 AND 200", [(164,)]),
    ("SELECT COUNT(order_id) FROM sales WHERE order_id HAS NO sales (product = 'Rain coat')", [(338,)]),
    (
        "SELECT customer_id FROM sales WHERE customer_id HAS NO sales DURING('2026') GROUP BY customer_id",
        [(23,), (28,), (36,)],
    ),
    (
        "SELECT COUNT(customer_id) FROM sales WHERE DURING('May 2026') AND IS_FIRST(MONTH PER customer_id)",
        [(0,)],
    ),
    (
        "SELECT country, product, revenue FROM sales WHERE country IN ('Spain', 'Italy') "
        "GROUP BY country, product ORDER BY revenue DESC LIMIT 2 PER country",
        [
            ("Italy", "Rain coat", 5_920),
            ("Italy", 'Lamp "Sol"', 3_900),
            ("Spain", "Rain coat", 8_400),
            ("Spain", "Café set", 4_905),
        ],
    ),
    (
        "SELECT revenue, BEFORE(revenue), GROWTH(revenue) FROM sales WHERE DURING('last month')",
        [(4_554, 3_858, 0.1804043545878693)],
    ),
    (
        "SELECT ONLY(revenue, channel = 'app'), ONLY(revenue, channel = 'web'), "
        "ONLY(revenue, channel = 'app') - ONLY(revenue, channel = 'web') FROM sales WHERE DURING('May 2026')",
        [(1_372, 939, 433)],
    ),
    ("SELECT COUNT(customer_id) FROM sales HAVING orders PER customer_id > 1", [(40,)]),
    (
        "SELECT MONTH, RUNNING(revenue) FROM sales WHERE DURING('2026') GROUP BY MONTH LIMIT 2",
        [(dt.date(2026, 1, 1), 2_095), (dt.date(2026, 2, 1), 6_023)],
    ),
    ("SELECT revenue FROM sales WHERE DURING('fiscal year 2025/26')", [(45_318,)]),
    ("SELECT units FROM sales WHERE product = 'Mug 50%'", [(376,)]),
]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    opened = open_workspace(load_shop(Path(__file__).parent / "kinds" / "shop.yml"))
    yield opened
    opened.close()


@pytest.mark.parametrize(("text", "rows"), KINDS, ids=[text[:70] for text, _ in KINDS])
def test_the_right_figures_come_out(workspace: Workspace, text: str, rows: list[tuple[Any, ...]]) -> None:
    compiled = compile_statement(
        parse(text), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
    )
    assert list(workspace.run(compiled.sql).rows) == rows


def test_a_shop_without_a_clock_is_told_where_its_data_end(workspace: Workspace) -> None:
    today = dt.date(2026, 11, 28)  # the real day, where shop.yml says no other
    text = "SELECT orders FROM sales WHERE DURING('last month')"
    compiled = compile_statement(parse(text), workspace.shop, "duckdb", today, workspace.role)
    assert workspace.run(compiled.sql).rows == ((0,),)
    assert compiled.data_end_sql is not None
    assert str(workspace.run(compiled.data_end_sql).rows[0][0])[:10] == "2026-06-29"


def test_what_is_left_out_is_read_aloud_as_left_out(workspace: Workspace) -> None:
    text = "SELECT revenue FROM sales WHERE product <> 'Gift card' AND DURING('May 2026')"
    compiled = compile_statement(parse(text), workspace.shop, "duckdb", workspace.today, workspace.role)
    assert read_aloud(compiled).sentence == (
        "revenue; without product Gift card; May 2026 (from 2026-05-01 to 2026-05-31)."
    )


def test_a_statement_is_read_aloud_in_chinese(workspace: Workspace) -> None:
    text = (
        "SELECT country, GROWTH(revenue, 1 YEAR) FROM sales WHERE DURING('May 2026') "
        "AND product <> 'Gift card' AND customer_id HAS NO sales DURING('2025') GROUP BY country "
        "ORDER BY revenue DESC LIMIT 3"
    )
    compiled = compile_statement(parse(text), workspace.shop, "duckdb", workspace.today, workspace.role)
    assert read_aloud(compiled, "zh").sentence == (
        "revenue较1年前的增长，按country，不含product为Gift card、2025sales，"
        "May 2026（从2026-05-01到2026-05-31），按revenue从大到小排前3个。"
    )


PERIODS = [
    ("fiscal Q1 2026", 10, ("2025-10-01", "2026-01-01")),
    ("Q2 of fiscal year 2026", 10, ("2026-01-01", "2026-04-01")),
    ("上个财年", 10, ("2024-10-01", "2025-10-01")),
    ("上个财季", 10, ("2026-01-01", "2026-04-01")),
    ("去年到现在", 1, ("2025-01-01", None)),
    ("during 2024", 1, ("2024-01-01", "2025-01-01")),
    ("last month by channel", 1, None),  # more than a period
    ("forecast for 2025", 1, None),
]


@pytest.mark.parametrize(("words", "starts", "days"), PERIODS)
def test_words_mean_the_whole_of_themselves_or_no_period(words: str, starts: int, days: Any) -> None:
    span = span_of(words, dt.date(2026, 6, 17), starts)
    found = None if span is None else (str(span.start), span.end if span.end is None else str(span.end))
    assert found == days


def test_a_period_of_a_column_goes_beyond_today() -> None:
    today = dt.date(2026, 6, 17)
    cut, whole = (span_of("this year", today, 1, is_cut=is_cut) for is_cut in (True, False))
    assert cut is not None and whole is not None
    assert (str(cut.end), str(whole.end)) == ("2026-06-18", "2027-01-01")
