"""Words from evidence: every shape of result, in both languages, and a receipt for every number."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import make_table

from retrieval.types import Document, Hit
from sql.shop.workspace import Workspace
from sql.types import Column, Table
from telling.cells import format_cell, is_code
from telling.evidence import Evidence, Figure, Scope
from telling.phrases import escape_markdown, load_words
from telling.profile import profile_of
from telling.quotes import quote
from telling.results import tell_result
from telling.titles import unit_of
from telling.writer import Composed, numbers_without_receipt, write

D = decimal.Decimal
MONTHLY = "SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) AS revenue FROM sales GROUP BY 1"


def say(workspace: Workspace, *tables: Table, language: str = "en", **more: object) -> Composed:
    evidence = Evidence(tables=tables, **more)  # type: ignore[arg-type]
    composed = write(evidence, tell_result, workspace.shop, load_words(language))
    assert numbers_without_receipt(composed) == []
    for figure in composed.figures:
        assert_receipt(figure, tables, language, workspace)
    return composed


def assert_receipt(figure: Figure, tables: tuple[Table, ...], language: str, workspace: Workspace) -> None:
    """The figure's text is its cell, printed."""
    table = tables[figure.table]
    position = [c.name for c in table.columns].index(figure.column)
    value = table.rows[figure.row][position]
    unit = unit_of(workspace.shop, table, figure.column)
    grains = (profile_of(table).grain, "day", None)
    printed = {
        format_cell(value, is_code=is_code(table, position), unit=unit, language=language, grain=g)
        for g in grains
    }
    assert figure.text in printed | {escape_markdown(text) for text in printed}


def months(*values: float) -> list[tuple[dt.date, D]]:
    return [(dt.date(2026, i, 1), D(str(v))) for i, v in enumerate(values, start=1)]


def test_one_cell(workspace: Workspace):
    table = make_table(workspace, [("revenue", "number")], [[D("1100")]])
    first, last = dt.date(2026, 5, 1), dt.date(2026, 5, 31)
    scope = Scope(values=("Germany",), period_text="last month", period_first=first, period_last=last)
    composed = say(workspace, table, scope=scope)
    assert composed.text == "Revenue (Germany, last month: 2026-05-01 to 2026-05-31): **1,100.00 EUR**."
    assert composed.figures == (Figure(text="1,100.00", table=0, row=0, column="revenue"),)
    assert composed.restated == ("2026-05-01", "2026-05-31")
    assert say(workspace, table, language="zh").text == "销售额：**1,100.00 EUR**。"


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        (Scope(period_text="yesterday", period_first=dt.date(2026, 6, 29), period_last=dt.date(2026, 6, 29)),
         " (yesterday: 2026-06-29)"),
        (Scope(period_text="since March", period_first=dt.date(2026, 3, 1)),
         " (since March: from 2026-03-01)"),
        (Scope(period_text="before 2026", period_last=dt.date(2025, 12, 31)),
         " (before 2026: until 2025-12-31)"),
        (Scope(period_text="2026-06-29", period_first=dt.date(2026, 6, 29), period_last=dt.date(2026, 6, 29)),
         " (2026-06-29)"),
        (Scope(values=("<b>[x](http://e)",)), r" (&lt;b&gt;\[x\](http\://e))"),
        (Scope(), ""),
    ],
)  # fmt: skip
def test_what_rows_were_limited_to_is_repeated(scope: Scope, shown: str, workspace: Workspace):
    table = make_table(workspace, [("orders", "integer")], [[7]])
    assert say(workspace, table, scope=scope).text == f"Orders{shown}: **7**."


def test_one_row(workspace: Workspace):
    columns = [("country", "text"), ("revenue", "number"), ("orders", "integer")]
    table = make_table(workspace, columns, [["Germany", D("12.5"), 3]])
    assert say(workspace, table).text == "Germany: revenue **12.50 EUR**, orders **3**."
    table = make_table(workspace, [("revenue", "number"), ("orders", "integer")], [[D("12.5"), 3]])
    assert say(workspace, table).text == "Revenue **12.50 EUR**, orders **3**."
    table = make_table(workspace, [("product", "text"), ("category", "text")], [["Pan", "Kitchen"]])
    assert say(workspace, table).text == "Product **Pan**, category **Kitchen**."


def test_a_series_tells_first_last_highest_and_lowest(workspace: Workspace):
    table = make_table(workspace, [("month", "date"), ("revenue", "number")], months(5, 9, 2, 7), sql=MONTHLY)
    composed = say(workspace, table)
    assert composed.text == (
        "Revenue: **5.00 EUR** in January 2026 and **7.00 EUR** in April 2026. "
        "Highest: 9.00 EUR in February 2026. Lowest: 2.00 EUR in March 2026."
    )
    assert say(workspace, table, language="zh").text == (
        "销售额：2026年1月为 **5.00 EUR**，2026年4月为 **7.00 EUR**。"
        "最高：2026年2月，9.00 EUR；最低：2026年3月，2.00 EUR。"
    )


def test_a_series_is_told_in_order_of_time_even_if_rows_are_not(workspace: Workspace):
    rows = list(reversed(months(5, 9, 2, 7)))
    table = make_table(workspace, [("month", "date"), ("revenue", "number")], rows, sql=MONTHLY)
    assert "**5.00 EUR** in January 2026 and **7.00 EUR** in April" in say(workspace, table).text
    numbers = make_table(workspace, [("month", "integer"), ("orders", "integer")], [[10, 5], [2, 6], [1, 7]])
    assert "**7** on 1 and **5** on 10" in say(workspace, numbers).text


def test_few_groups_are_all_told_and_a_total_has_its_own_query(workspace: Workspace):
    table = make_table(
        workspace, [("country", "text"), ("revenue", "number")], [["Germany", D(3)], ["France", D(2)]]
    )
    total = make_table(workspace, [("revenue", "number")], [[D(5)]])
    composed = say(workspace, table, total, parts={"total": 1})
    assert (
        composed.text
        == "Revenue:\n\n- Germany: **3.00 EUR**\n- France: **2.00 EUR**\n\nTogether: **5.00 EUR**."
    )
    assert composed.figures[-1] == Figure(text="5.00", table=1, row=0, column="revenue")


def test_many_groups_tell_the_highest_three_and_the_lowest(workspace: Workspace):
    rows = [[f"Town {i}", i * 10] for i in range(1, 9)]
    table = make_table(workspace, [("city", "text"), ("orders", "integer")], rows)
    assert say(workspace, table).text == (
        "Orders: highest for Town 8 with **80**, then Town 7 (70) and Town 6 (60). Lowest: Town 1 with 10."
    )


def test_the_top_few_are_told_in_their_order_without_a_lowest(workspace: Workspace):
    rows = [[f"Product {i}", 100 - i] for i in range(8)]
    sql = "SELECT product, SUM(quantity) AS units_sold FROM sales GROUP BY 1 ORDER BY 2 DESC LIMIT 8"
    table = make_table(workspace, [("product", "text"), ("units_sold", "integer")], rows, sql=sql)
    composed = say(workspace, table)
    assert composed.text.startswith("Units sold:\n\n- Product 0: **100**\n- Product 1: **99**")
    assert "Lowest" not in composed.text


def test_the_limit_that_the_guard_adds_is_not_the_askers(workspace: Workspace):
    rows = [[f"Town {i}", i * 10] for i in range(1, 9)]
    sql = "SELECT product, SUM(quantity) AS units_sold FROM sales GROUP BY 1"
    table = make_table(workspace, [("product", "text"), ("units_sold", "integer")], rows, sql=sql)
    assert "LIMIT" in table.query.sql
    assert "Lowest" in say(workspace, table).text


def test_two_names_tell_the_ends(workspace: Workspace):
    rows = [["Germany", "web", 3], ["Germany", "app", 1], ["France", "web", 8], ["France", "app", 2]]
    table = make_table(workspace, [("country", "text"), ("channel", "text"), ("orders", "integer")], rows)
    assert say(workspace, table).text.startswith(
        "Orders: highest for France, web with **8**, lowest for Germany, app with 1."
    )


def test_rows_without_a_measure_are_listed(workspace: Workspace):
    table = make_table(workspace, [("product", "text")], [[f"P{i}"] for i in range(3)])
    assert say(workspace, table).text == "Found:\n\n- P0\n- P1\n- P2"
    many = make_table(
        workspace, [("order_id", "integer"), ("amount", "number")], [[i, i * 2] for i in range(9)]
    )
    text = say(workspace, many).text
    assert text.startswith("The first rows found; the table has the rest:")
    assert "order id 4, amount 8 EUR" in text
    assert "order id 5" not in text


@pytest.mark.parametrize("rows", [[], [[None]]])
def test_nothing_found_says_so_and_from_when_the_data_are(rows: list[list[None]], workspace: Workspace):
    table = make_table(workspace, [("revenue", "number")], rows)
    span = make_table(
        workspace, [("first", "timestamp"), ("last", "timestamp")],
        [[dt.datetime(2025, 7, 6, 12), dt.datetime(2026, 6, 9, 12)]],
    )  # fmt: skip
    scope = Scope(period_text="2019", period_first=dt.date(2019, 1, 1), period_last=dt.date(2019, 12, 31))
    composed = say(workspace, table, span, scope=scope, parts={"coverage": 1}, about="sales")
    assert composed.text == (
        "There is none (2019: 2019-01-01 to 2019-12-31): the query ran and found no rows for it. "
        "The data of sales run from 2025-07-06 to 2026-06-09."
    )


def test_a_cut_result_says_so(workspace: Workspace):
    table = make_table(workspace, [("product", "text")], [["a"], ["b"]], is_truncated=True)
    assert "more rows exist than are shown" in say(workspace, table).text


def test_missing_values_are_no_numbers(workspace: Workspace):
    rows = [["a", None], ["b", 2], [None, 3], ["d", 4], ["e", 5], ["f", 6]]
    table = make_table(workspace, [("city", "text"), ("orders", "integer")], rows)
    assert say(workspace, table).text.endswith("Lowest: b with 2.")
    table = make_table(workspace, [("city", "text"), ("orders", "integer")], [["a", None], [None, 3]])
    assert say(workspace, table).text == "Orders:\n\n- a: **none**\n- none: **3**"


def test_a_row_is_told_in_the_letters_of_its_values(workspace: Workspace):
    table = make_table(workspace, [("product", "text"), ("orders", "integer")], [["iPhone a0", 3]])
    assert say(workspace, table).text == "iPhone a0: orders **3**."


def test_a_row_of_several_dates_tells_all_of_them(workspace: Workspace):
    first, last = dt.date(2025, 7, 6), dt.date(2026, 6, 9)
    columns = [("first_order", "date"), ("last_order", "date"), ("orders", "integer")]
    assert say(workspace, make_table(workspace, columns[:2], [[first, last]])).text == (
        "First order **2025-07-06**, last order **2026-06-09**."
    )
    table = make_table(workspace, [("city", "text"), *columns], [["Lyon", first, last, 4]])
    assert say(workspace, table).text == (
        "Lyon: first order **2025-07-06**, last order **2026-06-09**, orders **4**."
    )


def test_hostile_values_stay_text(workspace: Workspace):
    rows = [["<img src=x onerror=alert(1)>", 5], ["[free](http://evil.example) # 9,999", 4]]
    table = make_table(workspace, [("product", "text"), ("orders", "integer")], rows)
    composed = say(workspace, table)
    assert "<" not in composed.text
    assert r"\[free\](http\://evil.example) # 9,999" in composed.text
    # The number inside the value is part of a cell too, and so has its receipt.
    assert any("9,999" in figure.text and figure.column == "product" for figure in composed.figures)


VALUES = (
    st.none() | st.integers(-(10**12), 10**12) | st.decimals(-(10**9), 10**9, places=2) | st.floats(-1e9, 1e9)
)
TEXTS = st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
DATES = st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    kinds=st.lists(st.sampled_from(["number", "text", "date"]), min_size=1, max_size=4),
    language=st.sampled_from(["en", "zh"]),
)
def test_every_number_of_any_result_has_a_receipt(
    data: st.DataObject, kinds: list[str], language: str, workspace: Workspace
):
    makers = {"number": VALUES, "text": TEXTS, "date": DATES}
    names = {"number": "revenue", "text": "city", "date": "day"}
    rows = data.draw(st.lists(st.tuples(*(makers[k] for k in kinds)), max_size=8))
    columns = [(f"{names[k]}{'_' * i}", k) for i, k in enumerate(kinds)]
    say(workspace, make_table(workspace, columns, rows), language=language)  # type: ignore[arg-type]


def test_the_check_finds_a_number_without_a_receipt():
    figure = Figure(text="12", table=0, row=0, column="orders")
    assert numbers_without_receipt(Composed(text="12 orders", figures=(figure,))) == []
    assert numbers_without_receipt(Composed(text="312 orders", figures=(figure,))) == ["312"]
    assert numbers_without_receipt(Composed(text="12.5 orders", figures=(figure,))) == ["12.5"]
    assert numbers_without_receipt(Composed(text="12 of 13 orders", figures=(figure,))) == ["13"]
    assert numbers_without_receipt(Composed(text="in 2026", restated=("2026",))) == []
    assert numbers_without_receipt(Composed(text="> 5 stars\n\nin 2026")) == ["2026"]


def hit(**fields: object) -> Hit:
    document = Document(**({"id": "review:7", "kind": "review", "text": "Good.\nVery good."} | fields))  # type: ignore[arg-type]
    return Hit(document=document, score=1.0, similarity=0.8)


def test_quotes_carry_stars_date_product_and_id():
    shown = quote(hit(rating=4.0, written_at=dt.datetime(2026, 5, 3, 8), product="Desk Lamp"))
    assert shown == "> Good. — Very good.\n>\n> — ★★★★☆ · 2026-05-03 · Desk Lamp · review:7"
    assert quote(hit()) == "> Good. — Very good.\n>\n> — review:7"


def test_a_review_cannot_leave_its_quote():
    shown = quote(
        hit(text="fine\n\n# Answer: 5 <script>x</script>\n![a](http://b) [c](javascript:d)\n\n---\n1. x")
    )
    assert all(line.startswith(">") for line in shown.splitlines())
    assert "<" not in shown
    assert r"!\[a\](http\://b) \[c\](javascript\:d)" in shown


def test_columns_of_a_table_may_share_a_prefix(workspace: Workspace):
    table = make_table(workspace, [("country", "text"), ("revenue", "number"), ("orders", "integer")],
                       [["a", D(1), 2], ["b", D(3), 4]])  # fmt: skip
    assert "- a: **1.00 EUR**, orders 2" in say(workspace, table).text
    assert table.columns[1] == Column(name="revenue", type="number")
