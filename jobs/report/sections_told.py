"""The words, tables and charts of a described report's sections, for a page and for a conversation alike.

Every number stands with its receipt: the cells of the section's own tables. No model writes here.
"""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import Refusal
from bot.job import words_of
from jobs.changes.changes_told import tell_summed_up
from jobs.report.described import title_in
from jobs.report.filled import NotBound
from jobs.report.gathering import Answered, Found, Gathered, LeftOut
from jobs.report.month_sql import is_amount
from jobs.report.monthly import Month, group_titles, part_title, tell_part
from jobs.report.weeks_and_months import Span
from sql.errors import UnsafeQuery, WrongStatement
from sql.semantics import Role, Shop
from sql.statement.read_aloud import Reader
from sql.statement.sentence import Aggregate, Name
from sql.types import Table
from telling.charts import chart_of
from telling.drawn_as import drawn_as
from telling.evidence import CellRef, Evidence
from telling.phrases import Words, escape_markdown, load_words
from telling.profile import profile_of
from telling.results import tell_result
from telling.titles import title_of
from telling.writer import Composed, Writer, write

TEXTS = "jobs.report"
NAMED = 3
"""Groups that the words name."""
MATTERS, LEFT_OUT = "what-matters", "left-out"
"""Ids of the first and the last section."""


@dataclass(frozen=True, kw_only=True)
class TableTitled:
    """A table of a section, and what it and its columns are called."""

    table: Table
    title: str
    columns: dict[str, str]
    """Column → what readers see."""


@dataclass(frozen=True, kw_only=True)
class ToldSection:
    """A section as it is told. Its figures count the tables of the section."""

    id: str
    title: str
    composed: Composed
    """Markdown."""
    tables: tuple[TableTitled, ...] = ()
    chart: dict[str, Any] | None = None


def tell_sections(gathered: Gathered, shop: Shop, role: Role, language: str) -> list[ToldSection]:
    """The sections in order, the last one of what is left out where something is.

    Their tables, one section after another, are those of ``gathered``.
    """
    told: list[ToldSection] = []
    for found in gathered.found:
        if isinstance(found.evidence, Month):
            told += _of_month(found.evidence, shop, language)
        else:
            told.append(_of_one(found, len(told), gathered.span, shop, role, language))
    if gathered.left_out:
        told.append(_left_out(gathered.left_out, role, language))
    return told


def _of_one(found: Found, place: int, span: Span, shop: Shop, role: Role, language: str) -> ToldSection:
    evidence, section, job = found.evidence, found.section, found.job
    own = load_words(language, TEXTS)
    title = title_in(section, own.language) if section is not None else own.say("what_matters")
    columns = dict(evidence.titles)
    if isinstance(evidence, Answered):
        columns = _column_titles(evidence, span, shop, own)
        evidence = replace(evidence, titles=columns)
        composed = write(evidence, _teller(span), shop, own, role)
        chart = chart_of(_unshifted(evidence), shop, own.language)
    else:
        assert job is not None
        words = job.words(own.language)
        composed = write(evidence, tell_summed_up if section is None else job.tell, shop, words, role)
        composed = _warned(composed, evidence, words)
        chart = job.draw(evidence, shop, own.language)
    if section is not None and section.chart is not None:
        chart = None if section.chart == "none" else drawn_as(chart, section.chart, own.language) or chart
    titles = [title] if len(evidence.tables) == 1 else [
        own.say("numbered", title=title, number=str(number)) for number in range(1, len(evidence.tables) + 1)
    ]  # fmt: skip
    return ToldSection(
        id=MATTERS if section is None else _slug(section.titles.get("en", ""), place),
        title=title,
        composed=composed,
        tables=tuple(
            TableTitled(
                table=table,
                title=named,
                columns=_titled(table, shop, own.language, columns if number == 0 else {}),
            )
            for number, (table, named) in enumerate(zip(evidence.tables, titles, strict=True))
        ),
        chart=chart,
    )


def _titled(table: Table, shop: Shop, language: str, own: dict[str, str]) -> dict[str, str]:
    return {
        column.name: own.get(column.name) or title_of(shop, column.name, language) for column in table.columns
    }


def _slug(title: str, place: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return slug or f"section-{place + 1}"


def _warned(composed: Composed, evidence: Evidence, words: Words) -> Composed:
    """With what is warned of behind it."""
    if not evidence.warnings:
        return composed
    safe = [(key, {n: escape_markdown(v) for n, v in values.items()}) for key, values in evidence.warnings]
    lines = [words.say(key, **values) for key, values in safe]
    return Composed(
        text="\n\n".join([composed.text, *lines]),
        figures=composed.figures,
        restated=(*composed.restated, *(value for _, values in safe for value in values.values())),
    )


# ---- every view by month ----------------------------------------------------------------------------------


def _of_month(found: Month, shop: Shop, language: str) -> list[ToldSection]:
    words = load_words(language, TEXTS)
    sections = []
    for part in found.sections:
        own = tuple(found.tables[place] for place in part.tables)
        writer = Writer(found.tables, shop, words)
        text = tell_part(part, found, writer)
        composed = writer.composed(text)
        tables = [
            TableTitled(table=found.tables[place], title=title, columns=columns)
            for place, (title, columns) in zip(
                part.tables,
                (group_titles(place, part, found, shop, words) for place in part.tables),
                strict=True,
            )
        ]
        sections.append(
            ToldSection(
                id=re.sub(r"\W+", "-", part.id.lower()).strip("-") or "section",
                title=part_title(part, shop, words),
                composed=_within(composed, part.tables),
                tables=tuple(tables),
                chart=chart_of(own[0], shop, words.language),
            )
        )
    return sections


def _within(composed: Composed, tables: Sequence[int]) -> Composed:
    """Figures whose tables are counted within their section."""
    return replace(composed, figures=tuple(placed(f, tables.index) for f in composed.figures))


def placed(figure: Any, place: Callable[[int], int]) -> Any:
    """A figure whose tables are counted otherwise."""
    base = figure.base
    return replace(
        figure,
        table=place(figure.table),
        base=None if base is None else replace(base, table=place(base.table)),
    )


# ---- statements -------------------------------------------------------------------------------------------


def _column_titles(evidence: Answered, span: Span, shop: Shop, words: Words) -> dict[str, str]:
    reader = Reader(
        "zh" if words.language == "zh" else "en", lambda name: title_of(shop, name, words.language)
    )
    shifted = {earlier: (figure, word) for figure, earlier, word in evidence.shifts}
    titles = {
        column.name: reader.value(column.item)
        for column in evidence.compiled.columns
        if column.is_figure and column.name not in shifted
    }
    for earlier, (figure, word) in shifted.items():
        titles[earlier] = words.say(f"column_{word}_{span.unit}", what=titles[figure])
    return titles


def _unshifted(evidence: Answered) -> Table:
    """Its table without the figures of earlier times, which are no parts of what is drawn."""
    table = evidence.tables[0]
    earlier = {name for _, name, _ in evidence.shifts}
    kept = [place for place, column in enumerate(table.columns) if column.name not in earlier]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
    )


def _teller(span: Span) -> Callable[[Evidence, Writer], str]:
    def tell(evidence: Evidence, writer: Writer) -> str:
        assert isinstance(evidence, Answered)
        profile = profile_of(_unshifted(evidence))
        if profile.kind == "empty" or not evidence.shifts:
            return tell_result(evidence, writer)
        if profile.kind in ("cell", "row") and not profile.categories and profile.time is None:
            return _tell_figures(evidence, span, writer)
        if profile.kind == "groups":
            return _tell_groups(evidence, profile.categories[0], span, writer)
        plain = replace(evidence, tables=(_unshifted(evidence),), shifts=())
        return tell_result(plain, writer)

    return tell


def _tell_figures(evidence: Answered, span: Span, writer: Writer) -> str:
    """A line for each figure, beside what it was before and a year before."""
    lines = []
    for figure in _figures(evidence):
        place = _column(evidence, figure)
        told = writer.cell(0, 0, place) + _beside(evidence, 0, figure, span, writer)
        lines.append(writer.say("figure_line", what=writer.title(0, place, at_start=True), told=told))
    return "\n".join(lines)


def _tell_groups(evidence: Answered, by: int, span: Span, writer: Writer) -> str:
    """The first groups by the first figure, beside what they were before."""
    figure, table = _figures(evidence)[0], evidence.tables[0]
    place = _column(evidence, figure)
    head = writer.say("groups_head", what=writer.title(0, place, at_start=True), by=writer.title(0, by))
    lines = []
    for row in range(min(NAMED, len(table.rows))):
        name = table.rows[row][by]
        group = writer.say("not_given") if name in (None, "") else writer.cell(0, row, by)
        told = writer.cell(0, row, place) + _beside(evidence, row, figure, span, writer)
        lines.append(writer.say("figure_line", what=group, told=told))
    more = [writer.say("groups_more")] if len(table.rows) > NAMED else []
    return "\n".join([head, *lines]) + "".join(f"\n\n{line}" for line in more)


def _figures(evidence: Answered) -> list[str]:
    earlier = {name for _, name, _ in evidence.shifts}
    return [c.name for c in evidence.compiled.columns if c.is_figure and c.name not in earlier]


def _column(evidence: Answered, name: str) -> int:
    return [column.name for column in evidence.tables[0].columns].index(name)


def _beside(evidence: Answered, row: int, figure: str, span: Span, writer: Writer) -> str:
    """By how much it is more or less than before and a year before; empty without anything to compare."""
    told = []
    for name, earlier, word in evidence.shifts:
        if name == figure and (said := _compare(evidence, row, name, earlier, f"{word}_{span.unit}", writer)):
            told.append(said)
    return "".join(writer.say("comma") + each for each in told)


def _compare(evidence: Answered, row: int, name: str, earlier: str, when: str, writer: Writer) -> str:
    values = evidence.tables[0].rows[row]
    now, base = (values[_column(evidence, column)] for column in (name, earlier))
    if not _is_number(now) or not _is_number(base):
        return ""
    higher, lower = float(str(now)), float(str(base))
    places = [CellRef(table=0, row=row, column=column) for column in (name, earlier)]
    is_relative = _adds_up(evidence, name, writer) and lower > 0
    kept = len(writer.figures)
    figure = writer.change(*places) if is_relative else writer.difference(*places)
    if not re.search("[1-9]", figure):
        del writer.figures[kept:]
        return writer.say("same_when", when=writer.say(when))
    if not is_relative and evidence.tables[0].labels.get(name) == "%":
        figure = writer.say("points", number=figure)
    words = ("more_when", "less_when") if is_relative else ("higher_when", "lower_when")
    return writer.say(words[higher < lower], figure=figure, when=writer.say(when))


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | decimal.Decimal)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _adds_up(evidence: Answered, name: str, writer: Writer) -> bool:
    """Whether it grows with the business, so that a change is best told in per cent; money always is."""
    column = next(column for column in evidence.compiled.columns if column.name == name)
    if writer.shop.currency and column.unit == writer.shop.currency:
        return True
    if isinstance(column.item, Aggregate):
        return column.item.word in ("SUM", "COUNT")
    metric = next(
        (m for m in writer.shop.metrics if isinstance(column.item, Name) and m.name == column.item.text), None
    )
    return metric is not None and not metric.is_composed and is_amount(metric, evidence.compiled.dialect)


# ---- what is left out -------------------------------------------------------------------------------------


def _left_out(left_out: Sequence[LeftOut], role: Role, language: str) -> ToldSection:
    words = load_words(language, TEXTS)
    lines = []
    for each in left_out:
        title = (
            title_in(each.section, words.language) if each.section is not None else words.say("what_matters")
        )
        reason = _reason(each, role, words)
        lines.append(words.say("left_out_line", title=escape_markdown(title), reason=reason))
    text = "\n".join([words.say("left_out"), *lines])
    # No data: names of the file's and of what it lacks.
    restated = tuple(line for line in lines if re.search(r"\d", line))
    return ToldSection(
        id=LEFT_OUT,
        title=words.say("left_out_title"),
        composed=Composed(text=text, restated=restated),
    )


def _reason(each: LeftOut, role: Role, words: Words) -> str:
    error = each.reason
    if isinstance(error, NotBound):
        return words.say("lacks_part", part=escape_markdown(error.part))
    if isinstance(error, Refusal):
        told = words_of(words.language, each.job)
        values = {"role": "", **error.values}
        text = told.say(error.key, **values) if error.key in told else words.say("lacks_data")
        return " ".join(text.split())
    # the file may name what a role may not see: only who sees all is told what of it is not there
    if isinstance(error, WrongStatement | UnsafeQuery) and role.is_whole:
        return words.say("lacks_names", reason=escape_markdown(error.reason))
    return words.say("lacks_data")
