"""Reports that files describe: read whole, asked under a role, told with receipts, left out in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from app.finding import find_shop
from app.settings import Settings
from bot.errors import Declined
from bot.job import Request, Tools
from bot.parameters import Settings as Values
from jobs import JOBS
from jobs.report.asked import run_report
from jobs.report.building import make_report
from jobs.report.described import read_report, report_names
from jobs.report.errors import NothingToReport, UnknownReport
from jobs.report.render import to_html
from jobs.report.types import Report
from jobs.report.weeks_and_months import last_full, parse_span
from sql.errors import ShopFileError
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from telling.writer import Composed, numbers_without_receipt

LANTERNS = Path(__file__).parents[3] / "examples" / "lantern_shop"
MAY = parse_span("2026-05", "month")
OWN = """\
title: {en: Own figures, zh: 自己的数字}
period: month
begins_with: 0
sections:
  - title: Takings
    ask: SELECT revenue, orders FROM sales WHERE DURING('{period}')
    compare: [before, year]
  - title: Countries
    ask: SELECT country, {total of amount} FROM {view of amount} WHERE DURING('{period}') GROUP BY country
      ORDER BY {total of amount} DESC LIMIT 5
    compare: [before]
    chart: donut
  - title: Ratings
    ask: SELECT AVG(rating) FROM reviews WHERE DURING('{period}')
  - title: What was promised
    ask: SELECT COUNT(*) FROM promises
  - title: On the shelf
    job: stock
    with: {what: reorder}
"""


@pytest.fixture
def own(shop, tmp_path):
    """Writes a report beside the shop's file and returns the shop."""

    def write(text: str = OWN, name: str = "own"):
        (tmp_path / "reports").mkdir(exist_ok=True)
        (tmp_path / "reports" / f"{name}.yml").write_text(text, encoding="utf-8")
        return replace(shop, path=tmp_path / "shop.yml")

    return write


@pytest.fixture
def tools_as(open_as):
    def tools(shop, role="owner"):
        workspace = open_as(role, shop)
        vocabulary = Vocabulary.build(workspace)
        return Tools(workspace=workspace, asker=None, retriever=None, vocabulary=vocabulary, jobs=JOBS)

    return tools


def text_of(report, id):
    return next(section.text for section in report.sections if section.id == id)


def without_receipt(report):
    composed = (Composed(text=s.text, figures=s.figures, restated=s.restated) for s in report.sections)
    return [number for each in composed for number in numbers_without_receipt(each)]


def test_a_shops_own_report_is_told_with_figures_worked_by_hand(own, tools_as):
    report = make_report(tools_as(own()), "own", span=MAY)
    assert report.title == "Corner & shop: Own figures, May 2026" and report.id == "2026-05-own"
    assert [s.id for s in report.sections] == ["takings", "countries", "ratings", "left-out"]
    # May 2026: 240 in 15 orders; April: 230 in 14; May 2025: 120 in 3.
    assert text_of(report, "takings") == (
        "- Revenue: 240.00 EUR, 4.3% more than in the month before, 100.0% more than a year before\n"
        "- Orders: 15, 7.1% more than in the month before, 400.0% more than a year before"
    )
    assert "Germany: 100.00 EUR, the same as in the month before" in text_of(report, "countries")
    assert "2.5" in text_of(report, "ratings")
    assert without_receipt(report) == []
    countries = next(s for s in report.sections if s.id == "countries")
    assert countries.chart is not None and countries.chart["mark"]["type"] == "arc"
    assert Report.from_json(report.to_json()) == report


def test_what_a_shop_lacks_is_left_out_and_said_at_the_end(own, tools_as):
    report = make_report(tools_as(own()), "own", span=MAY)
    told = text_of(report, "left-out")
    assert "What was promised" in told and "promises" in told
    assert "On the shelf: the shop's description binds no on_hand" in told


def test_what_a_role_may_not_see_is_told_in_the_words_of_what_is_not_there(own, tools_as):
    shop = own()
    masked = make_report(tools_as(shop, "no_money"), "own", span=MAY)
    assert [s.id for s in masked.sections] == ["ratings", "left-out"]
    assert "240" not in str(masked.to_json()) and "SUM" not in str(masked.to_json())
    assert "revenue" not in text_of(masked, "left-out").lower()
    reader = make_report(tools_as(shop, "reader"), "own", span=MAY)
    assert [s.id for s in reader.sections] == ["ratings", "left-out"]


def test_names_of_the_data_are_no_html_and_a_faulty_file_tells_a_role_its_line_alone(own, tools_as):
    text = OWN.replace("title: Takings", "title: <script>alert(2)</script>").replace("country", "product")
    page = to_html(make_report(tools_as(own(text)), "own", span=MAY))
    assert "<script" not in page and "Pan &lt;script&gt;alert(1)&lt;/script&gt;" in page
    tools = tools_as(own("period: month\nsections: [{title: x, ask: SELECT secret_column FRM y}]"), "reader")
    request = Request(
        question="report which=own",
        language="en",
        links=link("report which=own", tools.vocabulary, tools.workspace.today),
        settings=Values(values={"which": "own"}),
    )
    with pytest.raises(Declined) as caught:
        run_report(request, tools)
    assert "secret_column" not in str(caught.value) and "own" in str(caught.value)


def test_a_role_with_nothing_to_see_gets_no_empty_report(own, tools_as):
    with pytest.raises(NothingToReport, match="finds nothing in shop"):
        make_report(tools_as(own(), "notes"), "own", span=MAY)


def test_a_chinese_report_is_chinese_and_traced(own, tools_as):
    report = make_report(tools_as(own()), "own", span=MAY, language="zh")
    assert report.id == "2026-05-own-zh" and report.title == "Corner & shop自己的数字：2026年5月"
    assert "销售额：240.00 EUR，比上一个月多4.3%，比去年同期多100.0%" in text_of(report, "takings")
    assert without_receipt(report) == []


@pytest.mark.parametrize("name", ["weekly", "monthly"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_those_that_ship_serve_a_shop_that_binds_little(shop, tools_as, name, language):
    week = parse_span("2026-05-15", "week")
    span = week if name == "weekly" else MAY
    report = make_report(tools_as(shop), name, span=span, language=language)
    assert len(report.sections) > 1 and without_receipt(report) == []


def test_a_report_of_what_a_shop_binds_nowhere_says_what_it_needs(shop, tools_as):
    with pytest.raises(NothingToReport, match=r"it needs review, rating.* under bindings: in shop\.yml"):
        make_report(tools_as(shop), "reviews", span=MAY)


def test_a_shop_that_nobody_described_gets_its_week(tmp_path):
    shop = find_shop(Settings(home=tmp_path), str(LANTERNS))
    workspace = open_workspace(shop)
    try:
        vocabulary = Vocabulary.build(workspace)
        tools = Tools(workspace=workspace, asker=None, retriever=None, vocabulary=vocabulary, jobs=JOBS)
        report = make_report(tools, "weekly")
    finally:
        workspace.close()
    ids = [section.id for section in report.sections]
    assert {"the-week-in-figures", "categories", "best-sellers", "countries", "left-out"} <= set(ids)
    assert "binds no on_hand" in text_of(report, "left-out") and without_receipt(report) == []


def test_all_that_ship_can_be_read(shop):
    assert report_names(shop)[:2] == ("monthly", "weekly")
    for name in report_names(shop):
        described = read_report(name, shop, JOBS)
        assert described.title("en") != described.title("zh")


def test_one_of_the_shop_takes_the_place_of_one_that_ships(own):
    shop = own(OWN, "weekly")
    assert read_report("weekly", shop, JOBS).title("en") == "Own figures"
    assert report_names(shop)[0] == "weekly"


def test_an_unknown_report_is_told_what_there_is(shop):
    with pytest.raises(UnknownReport, match="did you mean 'weekly'"):
        read_report("weeekly", shop, JOBS)
    with pytest.raises(UnknownReport):
        read_report("../../etc/passwd", shop, JOBS)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("period: month", "period: decade", 2, "write week, month"),
        ("period: month", "perod: month", 2, "did you mean 'period'"),
        ("    compare: [before, year]", "    compare: [yesterday]", 7, "write before, year or both"),
        ("SELECT revenue, orders FROM", "SELECT revenue orders FROM", 6, "ask: "),
        ("{period}')\n    compare: [before, year]", "{priod of x}')", 6, "there is no placeholder"),
        ("    job: stock", "    job: stok", 18, "did you mean 'stock'"),
        ("{what: reorder}", "{wat: reorder}", 19, "takes no 'wat'"),
        ("chart: donut", "chart: doughnut", 12, "write line, bar"),
        ("sections:", "sections: 3\nothers:", 6, "no key 'others'"),
        ("title: {en: Own figures, zh: 自己的数字}", "title: {de: Zahlen}", 1, "no key 'de'"),
        ("    job: stock\n    with: {what: reorder}", "    figures: some", 18, "write figures: all"),
        ("title: {en", "title: {en:", 1, ""),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_error_with_its_line_and_the_way_out(own, old, new, line, reason):
    text = OWN.replace(old, new, 1)
    assert text != OWN
    with pytest.raises(ShopFileError) as caught:
        read_report("own", own(text), JOBS)
    assert reason in caught.value.reason and caught.value.path is not None
    assert caught.value.line is None or abs(caught.value.line - line) <= 1


def test_weeks_and_months_are_read_and_their_neighbours_known():
    assert parse_span("2026-W22", "week") == parse_span("2026-05-27", "week")
    assert parse_span("2026-W22", "week").key == "2026-W22"
    assert last_full(dt.date(2026, 6, 1), "week").words == "from 2026-05-25 to 2026-05-31"
    for nonsense in ("nonsense", "2026-W60", "2026-13", "0001-01-01", ""):
        with pytest.raises(ValueError, match="is not a week"):
            parse_span(nonsense, "week")
    with pytest.raises(ValueError, match="is not a month"):
        parse_span("nonsense", "month")
