"""Builds the report of a month from a shop's data by checked queries.

Every number in a report's words is a cell of one of its tables, or is computed from two of them, and says
which. A report describes; it does not explain causes and does not test whether a change is more than
chance.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobs.report.errors import NothingToReport, UnknownReport
from jobs.report.month_sql import ROWS, before_name, by_group, by_month, is_amount
from jobs.report.months import first_day, last_full_months, parse_month, shift
from jobs.report.subjects import Subject, plan
from jobs.report.types import Cell, Column, Language, Report, ReportTable, Section, distinct
from sql.semantics import Metric, Shop, ViewColumn
from sql.types import Table, Value
from telling.cells import format_date, is_code, json_value
from telling.charts import chart_of
from telling.evidence import CellRef, Evidence, Figure
from telling.phrases import Words, load_words
from telling.titles import title_of, view_title
from telling.writer import Writer

if TYPE_CHECKING:
    import threading

    from sql.shop.workspace import Workspace

REPORTS = ("monthly",)
"""Names of the reports that can be built."""
TREND_MONTHS = 13
"""A month, the same month a year before, and those between."""
LEADERS = 10
"""Rows of a break-down."""
NAMED = 3
"""Leaders that the words name."""
TOLD = 4
"""Metrics of a view that the words tell; its table holds all."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a section of the report is about."""

    id: str
    subject: Subject
    is_main: bool
    """Of the shop's main view, of which all metrics are told."""
    trend: int | None = None
    """Position of the table by month; ``None`` when there is none."""
    groups: tuple[tuple[ViewColumn, int], ...] = ()
    """Break-downs with the position of their table."""

    @property
    def tables(self) -> tuple[int, ...]:
        """Positions of its tables, in the order in which they are told."""
        return (*(() if self.trend is None else (self.trend,)), *(table for _, table in self.groups))


@dataclass(frozen=True, kw_only=True)
class Month(Evidence):
    """A month of a shop as checked queries gave it."""

    first: dt.date
    """First day of the month."""
    sections: tuple[Part, ...]


def build_report(
    workspace: Workspace,
    name: str = "monthly",
    *,
    month: dt.date | str | None = None,
    until: dt.date | None = None,
    language: Language = "en",
) -> Report:
    """Build one report from what the workspace's role may see.

    Args:
        workspace: the shop, opened for a role.
        name: one of ``REPORTS``.
        month: any day of the month to report on, or ``2026-05``; ``None`` takes the last full month.
        until: the day that counts as today for that; ``None`` takes the shop's own.
        language: of titles and sentences; names and values stay as the shop has them.
    Raises:
        UnknownReport: no report of that name.
        ValueError: ``month`` cannot be read.
        NothingToReport: no view with a time, no rows in that month, or a role that sees aggregates only.
        SqlError: a query failed; see ``sql.errors``.
    """
    if name not in REPORTS:
        raise UnknownReport(f"There is no report {name!r}; there is {', '.join(REPORTS)}.")
    if month is None:
        month = last_full_months(until or workspace.today, 1)[0]
    first = parse_month(month) if isinstance(month, str) else first_day(month)
    found = gather(workspace, first)
    words = load_words(language, "jobs.report")
    sections = [_section(part, found, workspace.shop, words) for part in found.sections]
    return Report(
        id=f"{first:%Y-%m}-{name}" + ("" if language == "en" else f"-{language}"),
        name=name,
        title=report_title(found, workspace, words),
        shop=workspace.shop.name,
        language=language,
        start=first,
        end=shift(first, 1),
        sections=distinct(sections),
    )


# ---- rows -----------------------------------------------------------------------------------------------


def gather(workspace: Workspace, first: dt.date, cancel: threading.Event | None = None) -> Month:
    """Ask the shop for the month that begins with ``first``.

    Raises:
        NothingToReport: no view with a time, no rows in that month, or a role that sees aggregates only.
        SqlError: a query failed, or was cancelled.
    """
    role = workspace.role
    if role.minimum_group is not None:
        raise NothingToReport(
            f"Role {role.name!r} sees figures about groups of at least {role.minimum_group} only; a report "
            "compares single rows of results with each other. Report as another role."
        )
    tables: list[Table] = []
    parts: list[Part] = []
    for subject in plan(workspace):
        is_main = not parts
        trend, groups = _tables(workspace, subject, first, cancel)
        if trend is None:
            if is_main:
                raise NothingToReport(
                    f"Shop {workspace.shop.name!r} has no rows in view {subject.view.name} in "
                    f"{format_date(first, grain='month')}; nothing to report."
                )
            continue
        places = [(group, len(tables) + number) for number, (group, _) in enumerate(groups, start=1)]
        own = () if is_main else tuple(places)
        id = "overview" if is_main else subject.view.name
        parts.append(Part(id=id, subject=subject, is_main=is_main, trend=len(tables), groups=own))
        if is_main:
            parts += [
                Part(id=_plural(group.name), subject=subject, is_main=True, groups=((group, place),))
                for group, place in places
            ]
        tables += [trend, *(table for _, table in groups)]
    return Month(tables=tuple(tables), first=first, sections=tuple(parts), confidence=1.0)


def _tables(
    workspace: Workspace, subject: Subject, month: dt.date, cancel: threading.Event | None
) -> tuple[Table | None, list[tuple[ViewColumn, Table]]]:
    """A view's trend and its break-downs of more than one row; no trend when the month has no rows."""
    dialect, first = workspace.database.dialect, subject.metrics[0]

    def run(sql: str, metrics: Sequence[Metric]) -> Table:
        units = {metric.name: metric.unit for metric in metrics}
        return replace(workspace.run(sql, cancel), labels={before_name(first): first.unit, **units})

    trend = run(by_month(subject.view, subject.metrics, month, TREND_MONTHS, dialect), subject.metrics)
    if not trend.rows or trend.rows[-1][0] != f"{month:%Y-%m}":
        return None, []
    shown = subject.metrics[:2]  # the first metric and one more to read it against
    largest = not is_amount(first, dialect)
    found = [
        (
            group,
            run(by_group(subject.view, group.name, shown, month, LEADERS, dialect, largest=largest), shown),
        )
        for group in subject.groups
    ]
    return trend, [(group, table) for group, table in found if len(_leaders(table, first)) > 1]


def _leaders(table: Table, metric: Metric) -> list[int]:
    """Rows that have a value of the metric, in the table's order."""
    value = _column(table, metric.name)
    return [number for number, row in enumerate(table.rows) if row[value] is not None]


def _column(table: Table, name: str) -> int:
    return [column.name for column in table.columns].index(name)


def _plural(name: str) -> str:
    """Section ids read as in ``report:2026-05-monthly#countries``."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return name if name.endswith("s") else f"{name}s"


# ---- sections -------------------------------------------------------------------------------------------


def report_title(found: Month, workspace: Workspace, words: Words) -> str:
    """The report's title; a role that sees a part of the rows is named in it."""
    shop, role = workspace.shop.name, workspace.role
    if role.rows:
        shop = words.say("part", shop=shop, role=role.name)
    month = format_date(found.first, grain="month", language=words.language)
    return words.say("title", shop=shop, month=month)


def part_title(part: Part, shop: Shop, words: Words) -> str:
    """The title of a section."""
    if part.id == "overview":
        return words.say("overview")
    if part.trend is not None:
        return _capital(view_title(shop, part.subject.view.name, words.language))
    return _group_title(part.subject, part.groups[0][0], shop, words)


def _group_title(subject: Subject, group: ViewColumn, shop: Shop, words: Words) -> str:
    what, by = (title_of(shop, name, words.language) for name in (subject.metrics[0].name, group.name))
    return _capital(words.say("by", what=what, by=by))


def _section(part: Part, found: Month, shop: Shop, words: Words) -> Section:
    writer = Writer(found.tables, shop, words, escape=str)
    text = tell_part(part, found, writer)
    tables = [_report_table(place, part, found, shop, words) for place in part.tables]
    return Section(
        id=re.sub(r"\W+", "-", part.id.lower()).strip("-") or "section",
        title=part_title(part, shop, words),
        text=text,
        figures=tuple(_within(figure, part.tables) for figure in writer.figures),
        restated=tuple(writer.restated),
        tables=tuple(tables),
        chart=chart_of(found.tables[part.tables[0]], shop, words.language),
    )


def _within(figure: Figure, tables: Sequence[int]) -> Figure:
    """A figure whose tables are counted within its section."""
    base = figure.base
    return replace(
        figure,
        table=tables.index(figure.table),
        base=None if base is None else replace(base, table=tables.index(base.table)),
    )


def group_titles(
    place: int, part: Part, found: Month, shop: Shop, words: Words
) -> tuple[str, dict[str, str]]:
    """What a part's table and its columns are called."""
    table, subject = found.tables[place], part.subject
    first = subject.metrics[0].name
    labels = {column.name: title_of(shop, column.name, words.language) for column in table.columns}
    labels[before_name(subject.metrics[0])] = words.say("before", what=labels.get(first, first))
    labels[ROWS.name] = words.say("number_of", what=view_title(shop, subject.view.name, words.language))
    group = next((group for group, position in part.groups if position == place), None)
    title = words.say("by_months") if group is None else _group_title(subject, group, shop, words)
    return title, labels


def _report_table(place: int, part: Part, found: Month, shop: Shop, words: Words) -> ReportTable:
    table = found.tables[place]
    title, labels = group_titles(place, part, found, shop, words)
    return ReportTable(
        title=title,
        columns=tuple(
            Column(
                name=column.name,
                label=labels[column.name],
                type=column.type,
                unit=table.labels.get(column.name, ""),
                is_code=is_code(table, position),
            )
            for position, column in enumerate(table.columns)
        ),
        rows=tuple(tuple(cell_of(value) for value in row) for row in table.rows),
        sql=table.query.sql,
        is_truncated=table.is_truncated,
    )


def cell_of(value: Value) -> Cell:
    """A value as JSON knows it; a decimal with places stays one, so that money keeps its cents."""
    if isinstance(value, decimal.Decimal) and value.as_tuple().exponent != 0:
        return float(value)
    return json_value(value)


# ---- words ----------------------------------------------------------------------------------------------


def tell_part(part: Part, found: Month, writer: Writer) -> str:
    """The words of a section; every number in them has its receipt in ``writer``."""
    told = []
    if part.trend is not None:
        metrics = part.subject.metrics if part.is_main else part.subject.metrics[:TOLD]
        told += [_tell_metric(writer, metric, part.trend, found.first) for metric in metrics]
    told += [_tell_group(writer, part.subject, group, table) for group, table in part.groups]
    return writer.say("space").join(filter(None, told))


def _tell_metric(writer: Writer, metric: Metric, trend: int, month: dt.date) -> str:
    """A metric's value, against the month before and the same month a year before; empty without a value."""
    table = writer.tables[trend]
    column = _column(table, metric.name)
    rows = {row[0]: number for number, row in enumerate(table.rows) if _is_comparable(row[column])}
    here = rows.get(f"{month:%Y-%m}")
    if here is None:
        return ""
    told = writer.cell(trend, here, column)
    separator = "comma"
    for earlier in (shift(month, -1), shift(month, -12)):
        there = rows.get(f"{earlier:%Y-%m}")
        if there is None:
            continue
        now, base = (CellRef(table=trend, row=row, column=metric.name) for row in (here, there))
        told += writer.say(separator) + _compare(writer, metric, now, base, earlier)
        separator = "and"
    what = _capital(title_of(writer.shop, metric.name, writer.words.language))
    return writer.say("in_month", what=writer.restate(what), month=_month(writer, month), told=told)


def _is_comparable(value: Value) -> bool:
    """Whether it is a number at all: what was divided by nothing, or grew beyond all numbers, is none."""
    return isinstance(value, int | float | decimal.Decimal) and math.isfinite(value)


def _compare(writer: Writer, metric: Metric, now: CellRef, base: CellRef, earlier: dt.date) -> str:
    """How a value stands to an earlier one: amounts in per cent, shares in points, averages in their own
    unit."""
    table = writer.tables[now.table]
    column = _column(table, metric.name)
    values = [float(str(table.rows[place.row][column])) for place in (now, base)]
    is_money = bool(writer.shop.currency) and metric.unit == writer.shop.currency
    is_relative = (is_amount(metric, table.query.dialect) or is_money) and values[1] > 0
    month = _month(writer, earlier)
    kept = len(writer.figures)
    figure = writer.change(now, base) if is_relative else writer.difference(now, base)
    if not re.search("[1-9]", figure):
        del writer.figures[kept:]
        return writer.say("same", month=month)
    if metric.unit == "%":
        figure = writer.say("points", number=figure)
    words = ("more", "less") if is_relative else ("higher", "lower")
    return writer.say(words[values[0] < values[1]], figure=figure, month=month)


def _tell_group(writer: Writer, subject: Subject, group: ViewColumn, place: int) -> str:
    """The leaders of a break-down by name."""
    table, metric = writer.tables[place], subject.metrics[0]
    name, value = _column(table, group.name), _column(table, metric.name)
    told = [
        (writer.say("not_given") if table.rows[row][name] in (None, "") else writer.cell(place, row, name))
        + f" {writer.cell(place, row, value)}"
        for row in _leaders(table, metric)[:NAMED]
    ]
    what, by = (title_of(writer.shop, n, writer.words.language) for n in (metric.name, group.name))
    key = "leaders" if is_amount(metric, table.query.dialect) else "largest"
    said = writer.say(
        key, what=writer.restate(what), by=writer.restate(by), told=writer.say("list").join(told)
    )
    return _capital(said)


def _month(writer: Writer, month: dt.date) -> str:
    return writer.restate(format_date(month, grain="month", language=writer.words.language))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
