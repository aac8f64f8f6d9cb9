"""Builds reports from a shop's data by checked queries.

Every number in a report's words is a cell of one of its tables, or is computed from two of them, and says
which. A report describes; it does not explain causes and does not test whether a change is more than
chance.
"""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reports.chart import bars, line
from reports.errors import NothingToReport, UnknownReport
from reports.months import first_day, last_full_months, parse_month, shift
from reports.plan import Subject, plan
from reports.queries import ROWS, before_name, by_group, by_month, is_amount
from reports.types import Cell, CellRef, Column, Language, Report, ReportTable, Section
from reports.words import Writer, capital, format_value, label, month_name, say
from sql.semantics import Metric, ViewColumn
from sql.types import Table, Value

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

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
    role = workspace.role
    if role.minimum_group is not None:
        raise NothingToReport(
            f"Role {role.name!r} sees figures about groups of at least {role.minimum_group} only; a report "
            "compares single rows of results with each other. Report as another role."
        )
    if month is None:
        month = last_full_months(until or workspace.today, 1)[0]
    first = parse_month(month) if isinstance(month, str) else first_day(month)
    subjects = plan(workspace)
    sections: list[Section] = []
    for position, subject in enumerate(subjects):
        found = _sections(workspace, subject, first, language, is_main=position == 0)
        if position == 0 and not found:
            raise NothingToReport(
                f"Shop {workspace.shop.name!r} has no rows in view {subject.view.name} in "
                f"{month_name(first, 'en')}; nothing to report."
            )
        sections += found
    shown = workspace.shop.name
    if role.rows:
        shown = say("part", language, shop=shown, role=role.name)
    return Report(
        id=f"{first:%Y-%m}-{name}" + ("" if language == "en" else f"-{language}"),
        name=name,
        title=say("title", language, shop=shown, month=month_name(first, language)),
        shop=workspace.shop.name,
        language=language,
        start=first,
        end=shift(first, 1),
        sections=_distinct(sections),
    )


def build_past_reports(
    workspace: Workspace, count: int = 3, *, name: str = "monthly", language: Language = "en"
) -> tuple[Report, ...]:
    """The reports of the last ``count`` full months, oldest first; months without rows are left out.

    Raises:
        NothingToReport: no view with a time column.
        SqlError: a query failed.
    """
    plan(workspace)  # a shop without times is told so, rather than given no reports
    reports = []
    for month in last_full_months(workspace.today, count):
        try:
            reports.append(build_report(workspace, name, month=month, language=language))
        except NothingToReport as error:
            logger.info("%s", error)
    return tuple(reports)


def _sections(
    workspace: Workspace, subject: Subject, month: dt.date, language: Language, *, is_main: bool
) -> list[Section]:
    """A view's trend and its break-downs; none when the month has no rows."""
    trend = _trend(workspace, subject, month, language)
    if not trend.rows or trend.rows[-1][0] != f"{month:%Y-%m}":
        return []
    first = subject.metrics[0]
    found = [(group, _group(workspace, subject, group, month, language)) for group in subject.groups]
    groups = [(group, table) for group, table in found if len(_leaders(table, group, first)) > 1]
    writer = Writer(language)
    _tell_trend(writer, workspace, subject, trend, month, told=len(subject.metrics) if is_main else TOLD)
    tables = [trend]
    if not is_main:
        for group, table in groups:
            _tell_group(writer, workspace, subject, group, table, len(tables))
            tables.append(table)
    view = subject.view
    chart = line(trend, "month", first.name, title=capital(label(first, language)))
    id, title = ("overview", say("overview", language)) if is_main else (view.name, label(view, language))
    sections = [_section(id, capital(title), writer, tables, chart)]
    if is_main:
        for group, table in groups:
            writer = Writer(language)
            _tell_group(writer, workspace, subject, group, table, 0)
            chart = bars(table, group.name, first.name, title=table.title)
            sections.append(_section(_plural(group.name), table.title, writer, [table], chart))
    return sections


def _section(
    id: str, title: str, writer: Writer, tables: Sequence[ReportTable], chart: dict[str, Any] | None
) -> Section:
    text, figures = writer.finish()
    id = re.sub(r"\W+", "-", id.lower()).strip("-") or "section"
    return Section(id=id, title=title, text=text, figures=figures, tables=tuple(tables), chart=chart)


def _plural(name: str) -> str:
    """Section ids read as in ``report:2026-05-monthly#countries``."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return name if name.endswith("s") else f"{name}s"


def _distinct(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections with ids of their own: a view may be called like a break-down."""
    seen: Counter[str] = Counter()
    distinct = []
    for section in sections:
        seen[section.id] += 1
        times = seen[section.id]
        distinct.append(section if times == 1 else replace(section, id=f"{section.id}-{times}"))
    return tuple(distinct)


# ---- tables ---------------------------------------------------------------------------------------------


def _trend(workspace: Workspace, subject: Subject, month: dt.date, language: Language) -> ReportTable:
    sql = by_month(subject.view, subject.metrics, month, TREND_MONTHS, workspace.database.dialect)
    labels = {"month": say("month", language)} | _labels(subject, language)
    return _report_table(
        workspace.run(sql), say("by_months", language), labels, _units(workspace, subject.metrics)
    )


def _group(
    workspace: Workspace, subject: Subject, group: ViewColumn, month: dt.date, language: Language
) -> ReportTable:
    dialect = workspace.database.dialect
    first = subject.metrics[0]
    shown = _beside(subject)
    largest = not is_amount(first, dialect)
    sql = by_group(subject.view, group.name, shown, month, LEADERS, dialect, largest=largest)
    what = label(first, language)
    labels = {
        group.name: label(group, language),
        before_name(first): say("before", language, what=what),
        **_labels(subject, language),
        ROWS.name: say("rows", language, what=label(subject.view, language)),
    }
    title = capital(say("by", language, what=what, by=label(group, language)))
    units = _units(workspace, shown)
    units[before_name(first)] = units[first.name]
    return _report_table(workspace.run(sql), title, labels, units)


def _beside(subject: Subject) -> list[Metric]:
    """The first metric and one more to read it against."""
    return list(subject.metrics[:2])


def _labels(subject: Subject, language: Language) -> dict[str, str]:
    return {metric.name: label(metric, language) for metric in subject.metrics}


def _units(workspace: Workspace, metrics: Sequence[Metric]) -> dict[str, str]:
    return {metric.name: metric.unit for metric in metrics}


def _report_table(table: Table, title: str, labels: dict[str, str], units: dict[str, str]) -> ReportTable:
    return ReportTable(
        title=title,
        columns=tuple(
            Column(
                name=column.name,
                label=labels.get(column.name, column.name),
                type=column.type,
                unit=units.get(column.name, ""),
            )
            for column in table.columns
        ),
        rows=tuple(tuple(_cell(value) for value in row) for row in table.rows),
        sql=table.query.sql,
        is_truncated=table.is_truncated,
    )


def _cell(value: Value) -> Cell:
    """A database's value as JSON knows it."""
    if isinstance(value, decimal.Decimal):
        return (
            int(value)
            if value == value.to_integral_value() and value.as_tuple().exponent == 0
            else float(value)
        )
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return value


# ---- words ----------------------------------------------------------------------------------------------


def _tell_trend(
    writer: Writer, workspace: Workspace, subject: Subject, trend: ReportTable, month: dt.date, *, told: int
) -> None:
    """One sentence per metric: its value, against the month before and the same month a year before."""
    language = writer.language
    rows = {row[0]: number for number, row in enumerate(trend.rows)}
    row = rows[f"{month:%Y-%m}"]
    for metric in subject.metrics[:told]:
        value = trend.rows[row][trend.column(metric.name)]
        if not isinstance(value, int | float):
            continue
        what = capital(label(metric, language))
        writer.write(say("in_month", language, what=what, month=month_name(month, language)))
        here = CellRef(table=0, row=row, column=metric.name)
        writer.figure(format_value(value, metric.unit, language), here)
        separator = "comma"
        for back in (1, 12):
            earlier = shift(month, -back)
            other = rows.get(f"{earlier:%Y-%m}")
            base = None if other is None else trend.rows[other][trend.column(metric.name)]
            if other is None or not isinstance(base, int | float):
                continue
            writer.write(say(separator, language))
            there = CellRef(table=0, row=other, column=metric.name)
            _compare(writer, workspace, metric, (value, here), (base, there), earlier)
            separator = "and"
        writer.write(say("stop", language) + say("space", language))


def _compare(
    writer: Writer,
    workspace: Workspace,
    metric: Metric,
    now: tuple[float, CellRef],
    base: tuple[float, CellRef],
    earlier: dt.date,
) -> None:
    """How a value stands to an earlier one: amounts in per cent, shares in points, averages in their own
    unit."""
    language = writer.language
    cells = (now[1], base[1])
    month = month_name(earlier, language)
    by_share = (is_amount(metric, workspace.database.dialect) or _is_money(workspace, metric)) and base[0] > 0
    if by_share:
        change = now[0] / base[0] - 1
        text, how, words = f"{abs(change) * 100:,.1f} %", "change", ("more", "less")
        is_same = f"{abs(change) * 100:.1f}" == "0.0"
    else:
        change = now[0] - base[0]
        if metric.unit == "%":
            text = say("points", language, number=f"{abs(change) * 100:.1f}")
            is_same = f"{abs(change) * 100:.1f}" == "0.0"
        else:
            text = format_value(abs(change), metric.unit, language)
            is_same = f"{abs(change):.2f}" == "0.00"
        how, words = "difference", ("higher", "lower")
    if is_same:
        writer.write(say("same", language, month=month))
    elif how == "change":
        writer.phrase(words[change < 0], text, cells, "change", month=month)
    else:
        writer.phrase(words[change < 0], text, cells, "difference", month=month)


def _is_money(workspace: Workspace, metric: Metric) -> bool:
    return bool(workspace.shop.currency) and metric.unit == workspace.shop.currency


def _tell_group(
    writer: Writer,
    workspace: Workspace,
    subject: Subject,
    group: ViewColumn,
    table: ReportTable,
    position: int,
) -> None:
    """The leaders of a break-down by name."""
    language = writer.language
    metric = subject.metrics[0]
    what, by = label(metric, language), label(group, language)
    key = "leaders" if is_amount(metric, workspace.database.dialect) else "largest"
    writer.write(capital(say(key, language, what=what, by=by)))
    for number, (row, name, value) in enumerate(_leaders(table, group, metric)[:NAMED]):
        if number:
            writer.write(say("list", language))
        shown = say("unknown", language) if name in (None, "") else str(name)
        writer.write(f"{shown} ")
        ref = CellRef(table=position, row=row, column=metric.name)
        writer.figure(format_value(value, metric.unit, language), ref)
    writer.write(say("stop", language) + say("space", language))


def _leaders(table: ReportTable, group: ViewColumn, metric: Metric) -> list[tuple[int, Cell, Cell]]:
    """Row number, name and value of the rows that have a value, in the table's order."""
    name, value = table.column(group.name), table.column(metric.name)
    return [
        (number, row[name], row[value])
        for number, row in enumerate(table.rows)
        if isinstance(row[value], int | float)
    ]
