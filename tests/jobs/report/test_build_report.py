"""What a report says, and that every figure in it can be traced to cells."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from jobs.report.archive import Archive
from jobs.report.errors import NothingToReport, UnknownReport
from jobs.report.monthly import build_report
from jobs.report.months import last_full_months, shift
from sql.errors import SqlError
from sql.semantics import Metric
from telling.cells import format_cell, format_percent
from telling.writer import Composed, numbers_without_receipt


@pytest.fixture(scope="module")
def report(workspace):
    return build_report(workspace, "monthly", month="2026-05")


def section(report, id):
    return next(s for s in report.sections if s.id == id)


def test_a_report_has_the_subjects_that_the_shop_has(report):
    assert [s.id for s in report.sections] == ["overview", "products", "countries", "reviews"]
    assert (report.id, report.start, report.end) == (
        "2026-05-monthly",
        dt.date(2026, 5, 1),
        dt.date(2026, 6, 1),
    )


def test_the_words_hold_the_figures_worked_by_hand(report):
    # May 2026 is the 14th month: 100 + 14 × 10 in 15 orders. April: 230 in 14. May 2025: 120 in 3.
    text = section(report, "overview").text
    assert text.startswith(
        "Revenue in May 2026: 240.00 EUR, 4.3% more than in April 2026 and 100.0% more than in May 2025."
    )
    assert "Orders in May 2026: 15, 7.1% more than in April 2026 and 400.0% more than in May 2025." in text
    assert "Average order value in May 2026: 16.00 EUR, 2.6% less than in April 2026" in text
    assert "German share in May 2026: 6.7%, 0.5 points lower than in April 2026" in text


def test_averages_are_compared_in_their_own_unit(report):
    text = section(report, "reviews").text
    assert "Average rating in May 2026: 2.5, 2.5 lower than in April 2026." in text
    assert "Reviews in May 2026: 2, 100.0% more than in April 2026." in text


def test_break_downs_name_the_leaders_and_what_is_not_given(report):
    products = section(report, "products")
    assert products.text.startswith("Most revenue by product: Pan")
    assert "Lamp 100.00 EUR" in products.text
    assert "(not given) 70.00 EUR" in section(report, "countries").text
    table = section(report, "countries").tables[0]
    before = [column.name for column in table.columns].index("revenue_month_before")
    by_country = {row[0]: row[before] for row in table.rows}
    assert by_country == {"Germany": 100.0, "France": 60.0, None: 70.0}


def assert_traced(report):
    """The cells of each figure give it; no other number is in the words."""
    for part in report.sections:
        for figure in part.figures:
            assert figure.text in part.text
            values = []
            for cell in filter(None, (figure, figure.base)):
                table = part.tables[cell.table]
                column = next(i for i, c in enumerate(table.columns) if c.name == cell.column)
                values.append(table.rows[cell.row][column])
                unit = table.columns[column].unit
            if figure.how == "cell":
                expected = format_cell(values[0], unit=unit, language=report.language)
            elif figure.how == "change":
                expected = format_percent(abs(values[0] / values[1] - 1))
            else:
                expected = format_cell(abs(values[0] - values[1]), unit=unit).rstrip("%")
            assert figure.text == expected
        without_months = re.sub(r"[A-Z][a-z]+ 20\d\d|20\d\d年\d+月|alert\(1\)", "", part.text)
        assert numbers_without_receipt(Composed(text=without_months, figures=part.figures)) == []


def test_every_figure_has_a_receipt(report):
    assert_traced(report)
    assert sum(len(s.figures) for s in report.sections) >= 20


def test_every_figure_has_a_receipt_in_chinese_too(workspace):
    report = build_report(workspace, month="2026-05", language="zh")
    assert report.id == "2026-05-monthly-zh"
    assert (
        "2026年5月销售额：240.00 EUR，比2026年4月多4.3%，比2025年5月多100.0%。"
        in section(report, "overview").text
    )
    assert_traced(report)


def test_each_table_holds_the_checked_text_that_ran(report, workspace):
    for part in report.sections:
        for table in part.tables:
            assert workspace.run(table.sql).query.sql


def test_charts_draw_the_rows_of_the_table(report):
    chart = section(report, "products").chart
    assert {row["x"] for row in chart["data"]["values"]} == {140.0, 100.0}
    assert len(section(report, "overview").chart["data"]["values"]) == 13
    assert "url" not in str(chart)


def test_the_first_month_has_nothing_to_compare_with(workspace):
    text = section(build_report(workspace, month=dt.date(2025, 4, 20)), "overview").text
    assert text.startswith("Revenue in April 2025: 110.00 EUR. Orders")


def test_the_last_full_month_is_the_default(workspace):
    assert build_report(workspace).id == "2026-05-monthly"
    assert build_report(workspace, until=dt.date(2026, 3, 31)).id == "2026-02-monthly"


def test_months_without_rows_are_left_out(open_as, shop, tmp_path):
    late = open_as(shop=replace(shop, today=dt.date(2026, 8, 1)))
    assert [r.id for r in Archive(tmp_path).keep_past_reports(late)] == ["2026-05-monthly"]
    with pytest.raises(NothingToReport, match="no rows in view sales in July 2026"):
        build_report(late)


def test_a_role_reads_no_figure_that_it_may_not_see(open_as):
    report = build_report(open_as("no_money"), month="2026-05")
    assert "revenue" not in str(report.to_json()).lower()
    assert section(report, "overview").text.startswith("Orders in May 2026: 15")
    for part in build_report(open_as("reader"), month="2026-05").sections:
        assert all("sales" not in table.sql for table in part.tables)


def test_a_role_without_a_time_is_told(open_as):
    with pytest.raises(NothingToReport, match=r"no view with a time column that role 'notes' may see"):
        build_report(open_as("notes"))


def test_a_shop_without_metrics_counts_its_rows(open_as, shop):
    report = build_report(open_as(shop=replace(shop, metrics=(), bindings={})), month="2026-05")
    assert section(report, "overview").text.startswith("Rows in May 2026: 15, 7.1% more")


def test_names_cannot_smuggle_sql(open_as, shop):
    """shop.yml is the owner's, but an odd name must end as a quoted name or a refusal."""
    view = shop.view("sales")
    odd = replace(
        view, columns=(*view.columns, replace(view.columns[2], name='x" FROM sales; DROP TABLE sales; --'))
    )
    views = tuple(odd if v.name == "sales" else v for v in shop.views)
    with pytest.raises(SqlError):
        build_report(open_as(shop=replace(shop, views=views)), month="2026-05")


@pytest.mark.parametrize("month", ["2026-13", "May", "2026", ""])
def test_a_month_that_cannot_be_read_is_refused(workspace, month):
    with pytest.raises(ValueError, match="is not a month; write it like 2026-05"):
        build_report(workspace, month=month)


def test_an_unknown_report_is_told(workspace):
    with pytest.raises(UnknownReport, match="no report 'weekly'; there is monthly"):
        build_report(workspace, "weekly")


def test_months_are_shifted_over_years():
    assert shift(dt.date(2026, 1, 31), -13) == dt.date(2024, 12, 1)
    assert last_full_months(dt.date(2026, 1, 1), 2) == (dt.date(2025, 11, 1), dt.date(2025, 12, 1))


def test_a_database_without_a_time_type_is_reported_too(tmp_path, shop, sales_rows):
    import sqlite3
    from contextlib import closing

    from sql.shop.workspace import open_workspace

    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.execute(
            "CREATE TABLE sales (order_id INT, ordered_at TEXT, product TEXT, country TEXT, amount REAL)"
        )
        rows = [
            (n, day.isoformat(" "), product, country, amount)
            for n, day, product, country, amount in sales_rows
        ]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    only_sales = replace(
        shop,
        database=str(tmp_path / "shop.sqlite"),
        views=(shop.view("sales"),),
        metrics=tuple(m for m in shop.metrics if m.view == "sales"),
        roles=shop.roles[:1],
    )
    workspace = open_workspace(only_sales)
    text = section(build_report(workspace, month="2026-05"), "overview").text
    workspace.close()
    assert text.startswith("Revenue in May 2026: 240.00 EUR, 4.3% more than in April 2026")


def test_a_metric_is_not_broken_down_by_its_own_condition(open_as, shop):
    german = next(m for m in shop.metrics if m.name == "german_share")
    report = build_report(open_as(shop=replace(shop, metrics=(german,))), month="2026-05")
    assert [s.id for s in report.sections] == ["overview", "products"]


def test_a_view_called_like_a_break_down_has_an_id_of_its_own(open_as, shop):
    again = replace(shop.view("reviews"), name="products", sql="SELECT * FROM reviews")
    metric = Metric(name="notes", view="products", sql="COUNT(*)")
    both = replace(shop, views=(*shop.views, again), metrics=(*shop.metrics, metric))
    report = build_report(open_as(shop=both), month="2026-05")
    assert [s.id for s in report.sections] == ["overview", "products", "countries", "reviews", "products-2"]
