import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from fake_talk import EVIL, HITS, hit, table
from rich.console import Console

from bot.answer import Answer
from telling.phrases import escape_markdown
from ui import present, terminal


def answer(**fields: object) -> Answer:
    defaults: dict[str, object] = {
        "question": "q", "standalone_question": "q", "language": "en", "skill": "ask_sql",
        "status": "answered", "text": "t", "confidence": 0.9, "seconds": {"total": 1.25},
    }  # fmt: skip
    return Answer(**(defaults | fields))  # type: ignore[arg-type]


def test_markdown_keeps_emphasis_and_loses_links_images_tags_and_formulas() -> None:
    safe = present.tame_markdown(f"**12,345** EUR\n- a_b\n> {EVIL} $$x$$ me@shop.example")
    assert safe.startswith("**12,345** EUR\n- a_b\n> ")
    for dangerous in ("<", "[", "]", "$", "@", "http:", "https:", "www."):
        assert dangerous not in safe


def test_what_is_escaped_already_stays_as_it_is() -> None:
    escaped = escape_markdown(f"{EVIL} a@b.c 1. # x &lt;")
    assert present.tame_markdown(escaped) == escaped
    assert present.tame_markdown(r"\\[x](y)") == r"\\&#91;x&#93;(y)"


def test_typed_text_keeps_its_lines_and_is_literal() -> None:
    assert present.literal_markdown("*a*\n<b>") == "\\*a\\*\n&lt;b&gt;"


def test_html_is_escaped_and_template_markers_are_inert() -> None:
    safe = present.safe_html("<b a='1'>${x} {{y}}")
    assert safe == "&lt;b a=&#x27;1&#x27;&gt;&#36;&#123;x&#125; &#123;&#123;y&#125;&#125;"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1+1", "'  =1+1"),
        ("-5", "-5"),
        ("+4.2e3", "+4.2e3"),
        ("-5\n=1", "'-5\n=1"),
        (-5, "-5"),
        (Decimal("-1.50"), "-1.5"),
        (None, ""),
        ("plain = text", "plain = text"),
        (dt.datetime(2026, 5, 1), "2026-05-01"),
    ],
)
def test_a_spreadsheet_runs_nothing_and_numbers_stay_numbers(value: object, expected: str) -> None:
    assert present.spreadsheet_cell(value) == expected  # type: ignore[arg-type]


def test_csv_is_utf_8_with_a_mark_and_reads_back_with_commas_quotes_and_line_breaks() -> None:
    rows = [("苹果, 'ä'", 'say "hi"\nthere', 1)]
    data = present.to_csv(table({"=name": "text", "note": "text", "n": "integer"}, rows))
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read == [["'=name", "note", "n"], ["苹果, 'ä'", 'say "hi"\nthere', "1"]]


def test_an_empty_table_still_gives_a_csv_with_its_header() -> None:
    assert present.to_csv(table({"a": "text"}, [])) == b"\xef\xbb\xbfa\r\n"


def test_cells_sort_as_numbers_and_midnight_is_a_day() -> None:
    assert present.cell(Decimal("12345.00")) == 12345
    assert present.cell(dt.datetime(2026, 1, 2)) == "2026-01-02"
    assert present.cell(dt.datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02 03:04:05"
    assert present.cell(b"\x01") == "01"


def test_a_row_is_shown_as_the_words_of_an_answer_print_it() -> None:
    columns = {"n": "integer", "order_id": "integer", "margin": "number", "paid": "number", "note": "text"}
    row = (1234567, 185001, 0.1234, Decimal("1234.5"), None)
    assert present.shown_row(table(columns, [row], margin="%", paid="EUR"), row) == [
        "1,234,567",
        "185001",
        "12.3%",
        "1,234.50",
        "–",
    ]
    assert present.shown_row(table({"new": "boolean"}, []), (True,), "zh") == ["是"]


def test_headers_carry_units_and_are_unique() -> None:
    result = table({"revenue": "number"}, [], revenue="EUR")
    assert present.headers(result) == ["revenue (EUR)"]
    twins = table({"a": "text"}, [])
    twins = type(twins)(
        columns=twins.columns * 3, rows=(), is_truncated=False, query=twins.query, seconds=0.0
    )
    assert present.headers(twins) == ["a", "a #2", "a #3"]


@pytest.mark.parametrize(
    ("status", "confidence", "language", "expected"),
    [
        ("answered", 0.91, "en", "High confidence (91%)"),
        ("answered", 0.6, "en", "Fairly sure (60%)"),
        ("answered", 0.3, "zh", "不太确定，请核对 SQL (30%)"),
        ("answered", 0.0, "en", "Very unsure: please check the SQL (0%)"),
        ("declined", 0.9, "en", "Not answered"),
        ("failed", 0.0, "zh", "出错"),
        ("clarify", 0.0, "fr", "One question back"),
    ],
)
def test_how_sure_is_said_in_words_of_the_question(
    status: str, confidence: float, language: str, expected: str
) -> None:
    assert present.confidence_words(
        answer(status=status, confidence=confidence, language=language)
    ) == expected  # fmt: skip


def test_quotes_name_product_stars_day_and_id_and_escape_everything() -> None:
    html = present.quotes_html(HITS, "en")
    assert "Quotes · 3" in html
    assert "Aurora Headphones" in html and "★★★★★" in html and "2026-05-03" in html and "review:1" in html
    assert "<script" not in html and "<img" not in html and "<b>" not in html and "${" not in html


def test_a_quote_without_product_stars_or_day_still_has_its_id() -> None:
    assert present.quote_source(hit(9, "x")) == "review:9"
    assert "review:9" in present.quotes_html([hit(9, "x")], "zh")


def test_both_languages_have_the_same_words() -> None:
    assert present.WORDS["en"].keys() == present.WORDS["zh"].keys()


def test_the_terminal_gets_no_control_characters_and_a_pipe_no_colours() -> None:
    evil = "\x1b[31mred\x1b]8;;https://evil.example\x07link \u202eabc"
    stream = io.StringIO()
    console = Console(file=stream, width=120, highlight=False)
    shown = answer(
        text=f"**Bold** \\[bold\\]markup\\[/bold\\] {evil}",
        tables=(table({"name": "text", "revenue": "number"}, [(evil, Decimal("1234.5")), (None, 2)]),),
        citations=HITS[:1],
        warnings=("careful",),
        options=("Revenue by month",),
    )
    terminal.show_answer(shown, console)
    text = stream.getvalue()
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert "Bold [bold]markup[/bold]" in text
    assert "1,234.5" in text and "2 rows" in text and "SELECT 1" in text
    assert "review:1" in text and "careful" in text and "Revenue by month" in text
    assert "High confidence (90%)" in text


def test_a_long_table_says_how_many_rows_are_left_out() -> None:
    stream = io.StringIO()
    result = table({"n": "integer"}, [(i,) for i in range(100)])
    terminal.show_answer(answer(tables=(result,)), Console(file=stream, width=120))
    assert "100 rows (70 more with --json)" in stream.getvalue()


def test_columns_of_a_wide_table_are_as_wide_as_their_names() -> None:
    assert present.column_widths(table({"country": "text", "revenue": "number"}, [])) == []
    names = ["category", "elasticity", "low_90", "high_90", "products", "weeks", "most_that_was_charged"]
    widths = present.column_widths(table(dict.fromkeys(names, "number"), []))
    assert len(widths) == len(names) and widths[2] == "98px"
    assert int(widths[-1].removesuffix("px")) > int(widths[0].removesuffix("px")) > 96
