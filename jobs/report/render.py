"""A report as one self-contained HTML file, and as Markdown.

Names and values of the data are escaped, never interpreted. Chart pictures come from vl-convert, which
escapes the texts in them.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.report.types import Cell, Column, Report, ReportTable, Section
from telling.cells import format_cell
from telling.charts import to_svg
from telling.phrases import load_words

logger = logging.getLogger(__name__)

WIDTH = 520
"""Pixels of a chart."""
MOST_BESIDE = 8
"""Columns behind the first that a page is wide enough for; further ones stand below, behind it again."""
_LETTERS = {"labelFontSize": 12, "titleFontSize": 12}
_LOOK = {
    "axis": {**_LETTERS, "labelLimit": 220, "titlePadding": 12},
    "axisQuantitative": {"labelOverlap": True},
    "axisTemporal": {"labelOverlap": True},
    "legend": _LETTERS,
}
"""Letters still to be read where a phone makes the picture smaller; no number upon another."""

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&"} | {"\n": " "})


def to_html(
    report: Report, *, notes: Sequence[str] = (), face: str = "", family: str = "", is_print: bool = False
) -> str:
    """The report as a page: readable on a phone, in print and without a network; light and dark.

    Args:
        notes: sentences below the title, such as what cannot be shown.
        face: a rule of CSS that names a font's file; of us, never of a shop.
        family: what that font is called there.
        is_print: nobody can open what is folded.
    """
    charts = {section.id: _picture(section) for section in report.sections}
    tables = {section.id: [_shown(table, report) for table in section.tables] for section in report.sections}
    blocks = {section.id: _blocks(section.text) for section in report.sections}
    template = _templates().get_template("report.html")
    return str(
        template.render(
            report=report,
            charts=charts,
            tables=tables,
            blocks=blocks,
            day=dt.timedelta(days=1),
            words=load_words(report.language, "jobs.report"),
            notes=notes,
            faces=_safe(face),
            family=_safe(f'"{family}", ' if family else ""),
            is_print=is_print,
        )
    )


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Lines of a text that belong together."""

    lines: tuple[str, ...]
    is_list: bool


def _blocks(text: str) -> list[_Block]:
    """Paragraphs and lists of a text in which a line of a list begins with a dash."""
    found: list[_Block] = []
    for is_line, group in itertools.groupby(text.splitlines(), key=_kind):
        lines = tuple(line.removeprefix("- ") for line in group if line.strip())
        if lines:
            found.append(_Block(lines=lines, is_list=is_line == "list"))
    return found


def _kind(line: str) -> str:
    return "list" if line.startswith("- ") else "text" if line.strip() else "gap"


def _safe(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def to_markdown(report: Report) -> str:
    """The report as Markdown without pictures; characters that Markdown would read are escaped."""
    parts = [f"# {_plain(report.title)}"]
    for section in report.sections:
        parts.append(f"## {_plain(section.title)}")
        for block in _blocks(section.text):
            mark, end = ("- ", "\n") if block.is_list else ("", "\\\n")
            parts.append(end.join(mark + _plain(line) for line in block.lines))
        for table in section.tables:
            shown = _shown(table, report)
            head = " | ".join(_plain(name) for name in shown["head"])
            rule = " | ".join("---:" if number else "---" for number in shown["is_number"])
            lines = [" | ".join(_plain(cell) for cell in row) for row in shown["rows"]]
            parts += [f"**{_plain(shown['title'])}**", "\n".join(f"| {x} |" for x in [head, rule, *lines])]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    return text.translate(_MARKDOWN)


def _picture(section: Section) -> Any:
    """The chart as SVG; a report without a picture is better than none."""
    if section.chart is None:
        return None
    try:
        config = _LOOK | dict(section.chart.get("config", {}))
        return _safe(to_svg({**section.chart, "config": config}, WIDTH))
    except (ImportError, ValueError) as error:
        logger.warning("section %s has no picture: %s", section.id, error)
        return None


def _shown(table: ReportTable, report: Report) -> dict[str, Any]:
    """A table with its cells as readers see them."""
    return {
        "title": table.title,
        "head": [column.label for column in table.columns],
        "is_number": [column.type in ("integer", "number") for column in table.columns],
        "is_day": [column.type in ("date", "timestamp") for column in table.columns],
        "rows": [
            [_cell(value, column, report.language) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "sql": table.sql,
        "parts": _parts(len(table.columns)),
    }


def _parts(columns: int) -> list[list[int]]:
    """Places of the columns that stand side by side, each time behind the first one."""
    rest = range(1, columns)
    return [[0, *rest[at : at + MOST_BESIDE]] for at in range(0, max(len(rest), 1), MOST_BESIDE)]


def _cell(value: Cell, column: Column, language: str) -> str:
    """A cell with its unit."""
    text = format_cell(value, is_code=column.is_code, unit=column.unit, language=language)
    is_quantity = isinstance(value, int | float) and column.unit not in ("", "%")
    return f"{text} {column.unit}" if is_quantity else text


@functools.cache
def _templates() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("jobs.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
