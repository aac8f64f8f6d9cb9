"""What a described report finds: each section's evidence under the role's eyes, and why others are left out.

A section is left out where the shop binds too little for it, where the role may not see what it needs, or
where a job declines; the report says so at its end. What is hidden and what is not there are told in the
same words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from bot.parameters import read_settings, written
from jobs.changes.summing_up import run_changes
from jobs.report.described import Described, DescribedSection
from jobs.report.errors import NothingToReport
from jobs.report.filled import NotBound, filled
from jobs.report.monthly import Month, gather
from jobs.report.weeks_and_months import Span
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.errors import QueryTimeout, TwoWays, UnsafeQuery, WrongStatement
from sql.question.linking import link
from sql.statement.compile import Compiled, compile_statement
from sql.statement.parse import parse
from sql.statement.seen import seen_shop
from sql.statement.sentence import Aggregate, Name, Shifted, Statement, Step, Unit
from telling.evidence import Evidence

if TYPE_CHECKING:
    import threading

    from bot.job import Job

logger = logging.getLogger(__name__)

LOOK_S: Mapping[str, float] = {"week": 3.0, "month": 8.0}
"""Unit → seconds after which no further column is looked at for what matters."""
MATTERS = "changes"
"""The job that ranks what moved."""


@dataclass(frozen=True, kw_only=True)
class Answered(Evidence):
    """What a statement of a report found; table 0 is the answer."""

    compiled: Compiled
    shifts: tuple[tuple[str, str, str], ...] = ()
    """Column of a figure, column with the same earlier, and ``before`` or ``year``."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A section that there is something for."""

    section: DescribedSection | None
    """``None`` for what matters, with which the report begins."""
    evidence: Evidence
    job: Job | None = None
    """The job that found it; ``None`` for a statement and for the figures of every view."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A section that there is nothing for, and why."""

    section: DescribedSection | None
    reason: Exception
    job: Job | None = None


@dataclass(frozen=True, kw_only=True)
class Gathered(Evidence):
    """A whole report. Its tables are those of its sections, one after another."""

    described: Described
    span: Span
    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]


def gather_report(
    described: Described,
    span: Span,
    tools: Tools,
    *,
    language: str,
    cancel: threading.Event | None = None,
    on_section: Callable[[Evidence], None] = lambda evidence: None,
) -> Gathered:
    """Ask for every section.

    Args:
        on_section: called with what each found, as soon as it is there.
    Raises:
        NothingToReport: the role sees aggregates only, or there is nothing for any section.
        QueryCancelled: ``cancel`` was set.
    """
    role = tools.workspace.role
    if role.minimum_group is not None:
        raise NothingToReport(
            f"Role {role.name!r} sees figures about groups of at least {role.minimum_group} only; a report "
            "compares single rows of results with each other. Report as another role."
        )
    found: list[Found] = []
    left_out: list[LeftOut] = []
    sections: list[DescribedSection | None] = [None] if described.begins_with else []
    for section in [*sections, *described.sections]:
        name = section.job if section is not None else MATTERS
        job = next((job for job in tools.jobs if job.name == name), None)
        try:
            if section is None:
                evidence: Evidence = _matters(described.begins_with, span, tools, language, cancel)
            elif section.is_figures:
                evidence = _figures(span, tools, cancel)
            elif section.job:
                assert job is not None  # the file was checked
                evidence = _of_job(section, job, span, tools, language, cancel)
            else:
                evidence = _of_statement(section, span, tools, cancel)
        except (NotBound, Declined, AskBack, WrongStatement, TwoWays, UnsafeQuery) as error:
            left_out.append(LeftOut(section=section, reason=error, job=job))
            continue
        except (NothingToReport, QueryTimeout, RetrievalError, LlmError) as error:
            logger.info("a section is left out: %s", type(error).__name__)
            left_out.append(LeftOut(section=section, reason=error, job=job))
            continue
        on_section(evidence)
        found.append(Found(section=section, evidence=evidence, job=job))
    shown = [each for each in found if any(table.rows for table in each.evidence.tables)]
    if all(each.section is None for each in shown):
        raise NothingToReport(_nothing(described, span, left_out, tools))
    return Gathered(
        tables=tuple(table for each in shown for table in each.evidence.tables),
        hits=tuple(hit for each in shown for hit in each.evidence.hits),
        confidence=0.9,
        described=described,
        span=span,
        found=tuple(shown),
        left_out=tuple(left_out),
    )


def _nothing(described: Described, span: Span, left_out: list[LeftOut], tools: Tools) -> str:
    parts = list(dict.fromkeys(e.reason.part for e in left_out if isinstance(e.reason, NotBound)))
    why = f" (it needs {', '.join(parts)} under bindings: in shop.yml)" if parts else ""
    return (
        f"Report {described.name!r} finds nothing in shop {tools.workspace.shop.name!r} that role "
        f"{tools.workspace.role.name!r} may see in {span.title('en')}{why}; nothing to report."
    )


# ---- the kinds of sections --------------------------------------------------------------------------------


def _matters(most: int, span: Span, tools: Tools, language: str, cancel: threading.Event | None) -> Evidence:
    request = _request(MATTERS, {"period": span.words}, tools, language, cancel)
    return run_changes(request, tools, look_s=LOOK_S[span.unit], most_told=most)


def _figures(span: Span, tools: Tools, cancel: threading.Event | None) -> Month:
    if span.unit != "month":
        raise NothingToReport("The figures of every view are told by month only")
    return gather(tools.workspace, span.first, cancel)


def _of_job(
    section: DescribedSection,
    job: Job,
    span: Span,
    tools: Tools,
    language: str,
    cancel: threading.Event | None,
) -> Evidence:
    shop = tools.workspace.shop
    if missing := [part for part in (*section.needs, *job.missing(shop)) if part not in shop.bound]:
        raise NotBound(missing[0])
    values = {key: filled(value, span, tools) for key, value in section.values.items()}
    return job.run(_request(job.name, values, tools, language, cancel), tools)


def _request(
    name: str, values: dict[str, str], tools: Tools, language: str, cancel: threading.Event | None
) -> Request:
    """The question that asks for a job by its name."""
    question = written(name, values)
    job = next(job for job in tools.jobs if job.name == name)
    links = link(question, tools.vocabulary, tools.workspace.today)
    settings = read_settings(links, job.parameters, tools.vocabulary, language)
    request = Request(question=question, language=language, links=links, settings=settings)
    return replace(request, cancel=cancel) if cancel is not None else request


def _of_statement(
    section: DescribedSection, span: Span, tools: Tools, cancel: threading.Event | None
) -> Answered:
    for part in section.needs:
        if part not in tools.workspace.shop.bound:
            raise NotBound(part)
    statement = parse(filled(section.ask, span, tools))
    shifts = {"before": Step(1, _step_unit(span)), "year": Step(span.year_back, _step_unit(span))}
    asked = {str(word): shifts[word] for word in section.compare}
    compiled, pairs = _compared(statement, asked, tools)
    table = tools.workspace.run(compiled.sql, cancel)
    labels = {column.name: column.unit for column in compiled.columns if column.is_figure}
    return Answered(
        tables=(replace(table, labels={**table.labels, **labels}),),
        compiled=compiled,
        shifts=pairs,
        sql=compiled.sql,
        statement=str(compiled.statement),
        confidence=1.0,
    )


def _step_unit(span: Span) -> Unit:
    return "MONTH" if span.unit == "month" else "WEEK"


def _compared(
    statement: Statement, shifts: dict[str, Step], tools: Tools
) -> tuple[Compiled, tuple[tuple[str, str, str], ...]]:
    """The statement with its figures of earlier times beside them; as it is where it has no such form."""
    plain = _compiled(statement, tools)
    figures = [c for c in plain.columns if c.is_figure and isinstance(c.item, Name | Aggregate)]
    if not shifts or not figures:
        return plain, ()
    items = [
        (figure.name, word, Shifted("BEFORE", figure.item, step))
        for figure in figures
        for word, step in shifts.items()
    ]
    wider = replace(statement, items=(*statement.items, *(item for _, _, item in items)))
    try:
        compiled = _compiled(wider, tools)
        tools.workspace.guard.check(compiled.sql)
    except (WrongStatement, UnsafeQuery) as error:
        logger.info("a section is not compared: %s", type(error).__name__)
        return plain, ()
    names = [column.name for column in compiled.columns][len(plain.columns) :]
    pairs = [(figure, name, word) for (figure, word, _), name in zip(items, names, strict=True)]
    return compiled, tuple(pairs)


def _compiled(statement: Statement, tools: Tools) -> Compiled:
    workspace = tools.workspace
    return compile_statement(
        statement, seen_shop(workspace), workspace.catalog.dialect, workspace.today, workspace.role
    )
