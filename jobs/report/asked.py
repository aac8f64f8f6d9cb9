"""A report as an answer to a question: its sections one after another, for the time that was asked for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from bot.parameters import Parameter, Said, Unreadable
from jobs.report.described import read_report, report_names
from jobs.report.errors import NothingToReport, UnknownReport
from jobs.report.gathering import Gathered, gather_report
from jobs.report.months import first_day
from jobs.report.sections_told import placed, tell_sections
from jobs.report.weeks_and_months import Span, last_full, parse_span, span_of
from sql.errors import ShopFileError
from sql.question.linking import Links, Vocabulary
from sql.semantics import Role, Shop
from sql.yaml_text import read_yaml
from telling.evidence import Evidence
from telling.phrases import escape_markdown
from telling.writer import Writer

WEEK_DAYS = 7
_HAN = re.compile("[\u4e00-\u9fff]")
_NOT_AFTER = "(?![警修销价名失损税关])"
"""报 and 报告 begin other words: 报警, 报价, 报销."""


@dataclass(frozen=True, kw_only=True)
class AskedReport(Gathered):
    """A report that was asked for, and as whom."""

    role: Role


# ---- what is asked for ------------------------------------------------------------------------------------


@cache
def called() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each report that ships with the words that ask for it, in both languages; its own file says them."""
    found = []
    for file in resources.files(f"{__package__}.built_in").iterdir():
        if file.name.endswith(".yml"):
            said = read_yaml(file.read_text(encoding="utf-8"))
            phrases = [*said["title"].values(), *said["also_called"]]
            words = sorted(map(_pattern, phrases), key=len, reverse=True)
            found.append((file.name.removesuffix(".yml"), re.compile(f"(?i){'|'.join(words)}")))
    return tuple(sorted(found))


def _pattern(phrase: str) -> str:
    if _HAN.search(phrase):
        return re.escape(phrase) + _NOT_AFTER
    return r"\b" + r"\s+".join(map(re.escape, phrase.split())) + r"s?\b"


def find_name(links: Links) -> Said | None:
    """A report that ships, by what it is called."""
    for name, pattern in called():
        match = pattern.search(links.question)
        if match is not None:
            return Said(text=name, start=match.start(), end=match.end())
    return None


class _Name:
    """A report's name, as its file is called."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: no file can be called so; whether there is one, the shop says."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
            raise Unreadable(text)
        return text

    def expected(self, language: str) -> str:
        """Those that ship."""
        names = ", ".join(name for name, _ in called())
        return f"报告名称，如 {names}" if language == "zh" else f"a report's name, such as {names}"


class _Time:
    """A week or a month."""

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def value(self, text: str, vocabulary: Vocabulary) -> dt.date:
        """Its first day; ``Unreadable`` where it is none."""
        try:
            return parse_span(text, "week" if self._unit == "week" else "month").first
        except ValueError:
            raise Unreadable(text) from None

    def expected(self, language: str) -> str:
        """An example."""
        if self._unit == "week":
            return "某一周，如 2026-W22" if language == "zh" else "a week, such as 2026-W22"
        return "月份，如 2026-05" if language == "zh" else "a month, such as 2026-05"


def _find_month(links: Links) -> Said | None:
    period = links.period
    if period is None or period.end == dt.date.max or _is_week(links):
        return None
    month = first_day(period.end - dt.timedelta(days=1))
    return Said(text=f"{month:%Y-%m}", start=period.first, end=period.last)


def _find_week(links: Links) -> Said | None:
    period = links.period
    if period is None or not _is_week(links):
        return None
    return Said(text=span_of(period.start, "week").key, start=period.first, end=period.last)


def _is_week(links: Links) -> bool:
    """A week that is named, in words that ask for no report of a month."""
    period, name = links.period, find_name(links)
    if period is None or period.is_open or (name is not None and name.text == "monthly"):
        return False
    return period.start.weekday() == 0 and (period.end - period.start).days == WEEK_DAYS


NAME = Parameter(
    name="which",
    about={"en": "which report; else the monthly one", "zh": "哪份报告；不说则为月报"},
    kind=_Name(),
    find=find_name,
)
MONTH = Parameter(
    name="month",
    about={"en": "which month; else the last full one", "zh": "哪个月；不说则为最近一个完整的月"},
    kind=_Time("month"),
    find=_find_month,
    lead={"en": "for "},
)
WEEK = Parameter(
    name="week",
    about={"en": "which week; else the last full one", "zh": "哪一周；不说则为最近一个完整的周"},
    kind=_Time("week"),
    find=_find_week,
    lead={"en": "for "},
)


# ---- the answer -------------------------------------------------------------------------------------------


def run_report(request: Request, tools: Tools) -> AskedReport:
    """The report that the question names, of the time that it names; of several months the last."""
    name = request.settings.get(NAME) or "monthly"
    shop = tools.workspace.shop
    try:
        described = read_report(name, shop, tools.jobs)
    except UnknownReport as error:
        options = tuple(f"report which={each}" for each in report_names(shop))
        raise AskBack("which_report", {"name": escape_markdown(name)}, options=options) from error
    except ShopFileError as error:
        # no more: what it says of the shop may be more than this role may see
        place = f"{error.path.name if error.path else name}, {error.line or 1}"
        raise Declined("report_file", {"place": escape_markdown(place)}) from error
    span = _span(request, last_full(tools.workspace.today, described.unit))
    try:
        found = gather_report(
            described,
            span,
            tools,
            language=request.language,
            cancel=request.cancel,
            on_section=lambda evidence: _pass_on(request, evidence),
        )
    except NothingToReport as error:
        reason = escape_markdown(str(error).rstrip("."))
        raise Declined("nothing_to_report", {"reason": reason}) from error
    key = WEEK.name if span.unit == "week" else MONTH.name
    fields = {field: getattr(found, field) for field in found.__dataclass_fields__}
    return AskedReport(**{**fields, "settings": {NAME.name: name, key: span.key}}, role=tools.workspace.role)


def _span(request: Request, usual: Span) -> Span:
    week, month = request.settings.get(WEEK), request.settings.get(MONTH)
    if week is not None:
        return span_of(week, "week")
    return span_of(month, "month") if month is not None else usual


def _pass_on(request: Request, evidence: Evidence) -> None:
    for table in evidence.tables[:1]:
        request.on_sql(table.query.sql)
        request.on_table(table)


def tell_report(evidence: Evidence, writer: Writer) -> str:
    """The sections, each under its title."""
    assert isinstance(evidence, AskedReport)
    told, at = [], 0
    for section in tell_sections(evidence, writer.shop, evidence.role, writer.words.language):
        places = tuple(at + number for number in range(len(section.tables)))
        at += len(section.tables)
        writer.figures += [placed(each, places.__getitem__) for each in section.composed.figures]
        writer.restated += section.composed.restated
        told += [writer.say("section", title=writer.restate(section.title)), section.composed.text]
    return "\n\n".join(filter(None, told))


def draw_report(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The first chart that can be as wide as the page."""
    assert isinstance(evidence, AskedReport)
    charts = (each.chart for each in tell_sections(evidence, shop, evidence.role, language))
    return next((chart for chart in charts if chart is not None and chart.get("width") == "container"), None)
