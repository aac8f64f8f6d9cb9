"""The report as an answer to a question: its sections one after another, for the month that was asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from bot.errors import Declined
from bot.job import Request, Tools
from bot.parameters import Parameter, Said, Unreadable
from jobs.report.errors import NothingToReport
from jobs.report.monthly import Month, gather, part_title, tell_part
from jobs.report.months import first_day, last_full_months, parse_month
from sql.question.linking import Links, Vocabulary
from sql.semantics import Shop
from telling.charts import chart_of
from telling.evidence import Evidence
from telling.phrases import escape_markdown
from telling.writer import Writer


class _Month:
    """A month, as 2026-05; its first day."""

    def value(self, text: str, vocabulary: Vocabulary) -> dt.date:
        """Raises ``Unreadable``: it is none."""
        try:
            return parse_month(text)
        except ValueError:
            raise Unreadable(text) from None

    def expected(self, language: str) -> str:
        """An example."""
        return "月份，如 2026-05" if language == "zh" else "a month, such as 2026-05"


def _find_month(links: Links) -> Said | None:
    period = links.period
    if period is None or period.end == dt.date.max:
        return None
    month = first_day(period.end - dt.timedelta(days=1))
    return Said(text=f"{month:%Y-%m}", start=period.first, end=period.last)


MONTH = Parameter(
    name="month",
    about={"en": "which month; else the shop's last full one", "zh": "哪个月；不说则为最近一个完整的月"},
    kind=_Month(),
    find=_find_month,
    lead={"en": "for "},
)


def report_month(request: Request, tools: Tools) -> Month:
    """The month that the question names, its last one where it names several, else the last full one."""
    month = request.settings.get(MONTH) or last_full_months(tools.workspace.today, 1)[0]
    try:
        found = gather(tools.workspace, month, request.cancel)
    except NothingToReport as error:
        reason = escape_markdown(str(error).rstrip("."))
        raise Declined("nothing_to_report", {"reason": reason}) from error
    request.on_sql(found.tables[0].query.sql)
    request.on_table(found.tables[0])
    return replace(found, settings={MONTH.name: f"{month:%Y-%m}"})


def tell_month(evidence: Evidence, writer: Writer) -> str:
    """The sections, each under its title."""
    assert isinstance(evidence, Month)
    told = []
    for part in evidence.sections:
        title = writer.restate(part_title(part, writer.shop, writer.words))
        told += [writer.say("section", title=title), tell_part(part, evidence, writer)]
    return "\n\n".join(filter(None, told))


def draw_month(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The shop's main figure over the months."""
    return chart_of(evidence.tables[0], shop, language)
