"""Escaping, cells and names: what stands in an answer is what was meant, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import re
import string
from importlib import resources

import pytest
import sqlglot
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tables import make_table

from jobs import JOBS
from sql.semantics import ViewColumn
from sql.shop.workspace import Workspace
from sql.times import PARTS, Part, Unit, grain_start, part_of
from sql.types import Dialect, Value
from telling.cells import Grain, format_cell, is_code, time_grain
from telling.phrases import escape_markdown, load_words, plain_text
from telling.quotes import cut_at_word
from telling.titles import title_of, unit_of

D = decimal.Decimal


PACKAGES = tuple(
    dict.fromkeys(
        ["telling", "bot"]
        + [
            each
            for job in JOBS
            for each in ([job.texts] if isinstance(job.texts, str) else job.texts)
            if each
        ]
    )
)


def sentences(package: str, language: str) -> dict[str, str]:
    text = resources.files(package).joinpath("texts", f"{language}.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_sentences_with_the_same_places(package: str):
    english, chinese = sentences(package, "en"), sentences(package, "zh")
    assert english.keys() == chinese.keys()
    assert {k: fields(v) for k, v in english.items()} == {k: fields(v) for k, v in chinese.items()}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_sentence_holds_a_number_or_html(package: str):
    for language in ("en", "zh"):
        for key, sentence in sentences(package, language).items():
            assert not re.search(r"\d|<", sentence), (language, key)


def test_a_language_without_sentences_is_answered_in_english():
    assert load_words("fr").language == "en"
    assert load_words("zh", "bot").say("stopped") == "已停止。没有任何改动。"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words, 12.5 and (brackets)!", "plain words, 12.5 and (brackets)!"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("Salt & Pepper", "Salt & Pepper"),
        ("[x](y) ![z](w)", r"\[x\](y) !\[z\](w)"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("> quote", "&gt; quote"),
        ("**bold** _it_ `code` ~~gone~~ $x$", r"\*\*bold\*\* \_it\_ \`code\` \~\~gone\~\~ \$x\$"),
        ("see https://e.org and www.e.org or a@e.org", r"see https\://e.org and www\.e.org or a\@e.org"),
        ("two\nlines\n\n# three", "two lines # three"),
        ("a | b", r"a \| b"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_markdown_in_a_value_is_shown_and_does_nothing(text: str, escaped: str):
    assert escape_markdown(text) == escaped


@given(st.text(max_size=60))
def test_escaped_text_is_one_line_without_angle_brackets_and_reads_back(text: str):
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert "<" not in escaped
    assert ">" not in escaped
    assert plain_text(escaped) == " ".join(text.split()) or "\\" in text


@pytest.mark.parametrize(
    ("value", "unit", "column", "shown"),
    [
        (12345, "", "orders", "12,345"),
        (D("12345.5"), "EUR", "revenue", "12,345.50"),
        (12345, "EUR", "revenue", "12,345"),
        (D("12.345"), "EUR", "revenue", "12.35"),
        (D("-0.005"), "EUR", "revenue", "-0.01"),
        (0.12345, "%", "margin", "12.3%"),
        (1, "%", "margin", "100.0%"),
        (3.2, "", "rating", "3.2"),
        (3.0, "", "rating", "3"),
        (1e-05, "", "x", "1e-05"),
        (123456789.987, "", "x", "123,456,789.99"),
        (185427, "", "order_id", "185427"),
        (2025, "", "year", "2025"),
        (1990, "", "birth_year", "1990"),
        (10**40, "", "x", f"{10**40:,}"),
        (float("nan"), "", "x", "nan"),
        (float("inf"), "EUR", "x", "inf"),
        (D(0), "EUR", "x", "0.00"),
        (None, "EUR", "x", "none"),
        (True, "", "x", "yes"),
        ("text", "EUR", "x", "text"),
        (b"\x01", "", "x", "01"),
        (dt.time(9, 30), "", "x", "09:30"),
        (dt.timedelta(days=2), "", "x", "2 days, 0:00:00"),
    ],
)
def test_a_cell_is_printed(value: Value, unit: str, column: str, shown: str, workspace: Workspace):
    table = make_table(workspace, [(column, "number")], [[value]])
    assert format_cell(value, unit=unit, is_code=is_code(table, 0)) == shown


@pytest.mark.parametrize(
    ("column", "keys", "shown"),
    [
        ("order_id", (), "185001"),
        ("OrderID", (), "185001"),
        ("InvoiceNo", (), "185001"),
        ("order_number", (), "185001"),
        ("order", ("order",), "185001"),
        ("order", (), "185,001"),
        ("orders", (), "185,001"),
        ("number", (), "185,001"),
        ("paid", (), "185,001"),
        ("UNPAID", (), "185,001"),
    ],
)
def test_what_tells_which_one_is_printed_as_it_is(
    column: str, keys: tuple[str, ...], shown: str, workspace: Workspace
):
    table = make_table(workspace, [(column, "integer")], [[185001]], keys=keys)
    assert format_cell(185001, is_code=is_code(table, 0)) == shown


@pytest.mark.parametrize(
    ("value", "grain", "english", "chinese"),
    [
        (dt.date(2026, 5, 1), "month", "May 2026", "2026年5月"),
        (dt.date(2026, 4, 1), "quarter", "Q2 2026", "2026年第2季度"),
        (dt.date(2026, 1, 1), "year", "2026", "2026年"),
        (dt.date(2026, 5, 3), None, "2026-05-03", "2026-05-03"),
        (dt.datetime(2026, 5, 3), None, "2026-05-03", "2026-05-03"),
        (dt.datetime(2026, 5, 3, 12, 5), None, "2026-05-03 12:05", "2026-05-03 12:05"),
        (dt.datetime(2026, 5, 3, 12, 5), "day", "2026-05-03", "2026-05-03"),
    ],
)
def test_a_date_reads_as_its_grain(value: dt.date, grain: Grain | None, english: str, chinese: str):
    assert format_cell(value, grain=grain) == english
    assert format_cell(value, grain=grain, language="zh") == chinese


def test_the_grain_is_told_by_the_statement_and_the_dates():
    months = [dt.date(2026, 1, 1), dt.date(2026, 2, 1)]
    cut = sqlglot.parse_one("SELECT DATE_TRUNC('month', t) FROM x", read="duckdb")
    assert time_grain(months, cut) == "month"
    assert time_grain([*months, dt.date(2026, 2, 2)], cut) is None
    assert time_grain(months, sqlglot.parse_one("SELECT t FROM x")) is None
    assert time_grain([None], cut) is None


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        ("day", dt.date(2026, 5, 1), "2026-05-01", "2026-05-01"),
        ("week", dt.date(2026, 5, 4), "2026-05-04", "2026-05-04"),
        ("month", dt.date(2026, 5, 1), "May 2026", "2026年5月"),
        ("quarter", dt.date(2026, 4, 1), "Q2 2026", "2026年第2季度"),
        ("year", dt.date(2026, 1, 1), "2026", "2026年"),
        ("weekday", 1, "Monday", "星期一"),
        ("weekday", 7, "Sunday", "星期日"),
        ("hour", 9, "9", "9"),
    ],
)
def test_a_unit_of_time_is_told_alike_on_every_database(
    dialect: Dialect, unit: Unit | Part, value: Value, english: str, chinese: str
):
    made = part_of("t", unit, dialect) if unit in PARTS else grain_start("t", unit, dialect)
    sql = f"WITH v AS (SELECT t FROM x) SELECT {made.sql(dialect=dialect)} AS made, COUNT(*) AS n FROM v"
    tree = sqlglot.parse_one(sql, read=dialect)
    grain = time_grain([value, None], tree, dialect=dialect, name="made")
    assert format_cell(value, grain=grain) == english
    assert format_cell(value, grain=grain, language="zh") == chinese
    assert time_grain([3], tree, dialect=dialect, name="n") is None, "a count beside weekdays is a count"


def test_names_are_the_shops_own_words(workspace: Workspace):
    shop = workspace.shop
    assert title_of(shop, "units_sold", "en") == "units sold"
    assert title_of(shop, "units_sold", "zh") == "销量"
    assert title_of(shop, "month", "zh") == "月份"
    assert title_of(shop, "total_quantity", "zh") == "总数量"
    assert title_of(shop, "average_amount", "zh") == "平均金额"
    assert title_of(shop, "product_count", "zh") == "商品数"
    # A Chinese name is its own title, whatever other words it has.
    named = dataclasses.replace(
        shop.views[0], columns=(ViewColumn(name="渠道", type="text", synonyms=("哪个渠道",)),)
    )
    assert title_of(dataclasses.replace(shop, views=(named,)), "渠道", "zh") == "渠道"
    # A name that the model made up must not smuggle a number into the text.
    assert title_of(shop, "revenue_5000_eur", "en") == "revenue eur"
    assert title_of(shop, "12", "en") == "value"


def test_units_come_from_the_result_or_the_shop(workspace: Workspace):
    shop = workspace.shop
    names = ("revenue", "x", "average_amount")
    table = make_table(workspace, [(name, "number") for name in names], [[1, 2, 3]], labels={"x": "days"})
    assert [unit_of(shop, table, c.name) for c in table.columns] == ["EUR", "days", "EUR"]
    shares = make_table(workspace, [("country", "text"), ("share", "number")], [["a", 0.25], ["b", 0.75]])
    assert unit_of(shop, shares, "share") == "%"
    counts = make_table(workspace, [("country", "text"), ("share", "number")], [["a", 25], ["b", 75]])
    assert unit_of(shop, counts, "share") == ""


def test_quotes_are_cut_at_a_word():
    assert cut_at_word("one two three", 99) == "one two three"
    assert cut_at_word("one two three", 9) == "one two…"
    assert cut_at_word("音质很好电池耐用", 4) == "音质很好…"
    assert cut_at_word("x" * 50, 10) == "x" * 10 + "…"
    assert cut_at_word("Title\nBody of it", 99) == "Title — Body of it"
