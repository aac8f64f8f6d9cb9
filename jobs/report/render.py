"""A report as one self-contained HTML file, and as Markdown.

Names and values of the data are escaped, never interpreted. Chart pictures come from vl-convert, which
escapes the texts in them.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from typing import Any

from jobs.report.types import Cell, Column, Report, ReportTable, Section
from telling.cells import format_cell
from telling.charts import to_svg

logger = logging.getLogger(__name__)

WIDTH = 520
"""Pixels of a chart."""

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&"} | {"\n": " "})


def to_html(report: Report) -> str:
    """The report as a page: readable on a phone, in print and without a network."""
    charts = {section.id: _picture(section) for section in report.sections}
    tables = {section.id: [_shown(table, report) for table in section.tables] for section in report.sections}
    template = _templates().get_template("report.html")
    return str(template.render(report=report, charts=charts, tables=tables, day=dt.timedelta(days=1)))


def to_markdown(report: Report) -> str:
    """The report as Markdown without pictures; characters that Markdown would read are escaped."""
    parts = [f"# {_plain(report.title)}"]
    for section in report.sections:
        parts += [f"## {_plain(section.title)}", _plain(section.text)]
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
    from markupsafe import Markup

    if section.chart is None:
        return None
    try:
        return Markup(to_svg(dict(section.chart), WIDTH))
    except (ImportError, ValueError) as error:
        logger.warning("section %s has no picture: %s", section.id, error)
        return None


def _shown(table: ReportTable, report: Report) -> dict[str, Any]:
    """A table with its cells as readers see them."""
    return {
        "title": table.title,
        "head": [column.label for column in table.columns],
        "is_number": [column.type in ("integer", "number") for column in table.columns],
        "rows": [
            [_cell(value, column, report.language) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "sql": table.sql,
    }


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
