"""A described report as a :class:`~jobs.report.types.Report`, which is rendered, kept, searched and sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.job import Tools
from jobs.report.answered import report_table
from jobs.report.described import Described, read_report
from jobs.report.gathering import Gathered, gather_report
from jobs.report.sections_told import ToldSection, tell_sections
from jobs.report.types import Language, Report, Section, distinct
from jobs.report.weeks_and_months import Span, Unit, last_full
from sql.semantics import Shop
from sql.shop.workspace import Workspace
from telling.phrases import Words, load_words, plain_text

if TYPE_CHECKING:
    import threading


def make_report(
    tools: Tools,
    name: str,
    *,
    span: Span | None = None,
    language: Language | None = None,
    cancel: threading.Event | None = None,
) -> Report:
    """Build a report of what the tools' role may see.

    Args:
        name: one of :func:`~jobs.report.described.report_names`.
        span: the week or month; ``None`` takes the last full one of the report's own unit.
        language: ``None`` takes the report's own, else English.
    Raises:
        UnknownReport, ShopFileError: there is none of that name, or its file is wrong.
        NothingToReport: nothing for any section, or a role that sees aggregates only.
        SqlError: a query failed; see ``sql.errors``.
    """
    described = read_report(name, tools.workspace.shop, tools.jobs)
    spoken: Language = language or described.language or "en"
    chosen = span or span_for(described, tools.workspace.today)
    gathered = gather_report(described, chosen, tools, language=spoken, cancel=cancel)
    return report_of(gathered, tools.workspace, spoken)


def span_for(described: Described, today: dt.date, unit: Unit | None = None) -> Span:
    """The last full week or month, as the report says or as is asked."""
    return last_full(today, unit or described.unit)


def report_of(gathered: Gathered, workspace: Workspace, language: Language) -> Report:
    """What was gathered, in words."""
    words = load_words(language, "jobs.report")
    told = tell_sections(gathered, workspace.shop, workspace.role, language)
    described, span = gathered.described, gathered.span
    return Report(
        id=f"{span.key}-{described.name}" + ("" if language == "en" else f"-{language}"),
        name=described.name,
        title=described_title(gathered, workspace, words),
        shop=workspace.shop.name,
        language=language,
        start=span.first,
        end=span.end,
        sections=distinct([_section(each, workspace.shop) for each in told]),
        cites=tuple(dict.fromkeys(hit.document.id for hit in gathered.hits)),
    )


def described_title(gathered: Gathered, workspace: Workspace, words: Words) -> str:
    """The report's title; a role that sees a part of the rows is named in it."""
    shop, role = workspace.shop.name, workspace.role
    if role.rows:
        shop = words.say("part", shop=shop, role=role.name)
    title, period = gathered.described.title(words.language), gathered.span.title(words.language)
    return words.say("described_title", shop=shop, report=title, period=period)


def _section(told: ToldSection, shop: Shop) -> Section:
    """As plain text: what a page or a letter shows needs other escapes than a conversation."""
    composed = told.composed
    return Section(
        id=told.id,
        title=told.title,
        text=plain_text(composed.text),
        figures=tuple(replace(figure, text=plain_text(figure.text)) for figure in composed.figures),
        restated=tuple(plain_text(text) for text in composed.restated),
        tables=tuple(report_table(each.table, each.title, each.columns, shop) for each in told.tables),
        chart=told.chart,
    )
