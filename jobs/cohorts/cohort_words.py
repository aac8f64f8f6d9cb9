"""What a question asks of cohorts: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import datetime as dt
import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Choice, Parameter, Said, Unreadable, find_values, in_words
from jobs.not_heard import asks_more
from sql.question.linking import Links, Vocabulary

CUE = re.compile(
    r"(?i)\bcohorts?\b|\bretention\b|\bfirst\s+(?:bought|buy|ordered|purchased|shopped)\b.*\b(?:back|again|return(?:ed)?)\b"
    r"|留存|同期群|首购(?:月份?|季度)|首(?:次|单)(?:购买|下单|购).*(?:回来|回购|复购|再次|又)"
)
NAME = re.compile(r"^cohorts\b")

Days = tuple[dt.date, dt.date]
"""First and last day."""


class Stretch:
    """Days from one to another, as 2026-01-01..2026-01-31."""

    def value(self, text: str, vocabulary: Vocabulary) -> Days:
        """Raises ``Unreadable``: it is none, or ends before it begins."""
        first, _, last = text.partition("..")
        try:
            days = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
        except ValueError:
            raise Unreadable(text) from None
        if days[1] < days[0]:
            raise Unreadable(text)
        return days

    def expected(self, language: str) -> str:
        """An example."""
        if language == "zh":
            return "起止日期，如 2026-01-01..2026-01-31"
        return "days from one to another, such as 2026-01-01..2026-01-31"


def _find_stretch(links: Links) -> Said | None:
    period = links.period
    if period is None:
        return None
    end = min(period.end, dt.date.max - dt.timedelta(days=1))
    last = max(period.start, end - dt.timedelta(days=1))
    text = f"{period.start.isoformat()}..{last.isoformat()}"
    return Said(text=text, start=period.first, end=period.last)


UNIT = Parameter(
    name="unit",
    about={"en": "unit of a cohort and of its age", "zh": "分组和间隔的时间单位"},
    kind=Choice(("month", "quarter")),
    find=in_words(
        [
            (re.compile(r"(?i)\bquarter(?:ly|s)?\b(?!\s*\d)|季度"), "quarter"),
            (re.compile(r"(?i)\bmonth(?:ly|s)?\b(?!\s*\d)|按(?:首购)?月"), "month"),
        ]
    ),
)
FIRST = Parameter(
    name="first",
    about={"en": "only who first bought in these days", "zh": "只看在这些日子里首购的顾客"},
    kind=Stretch(),
    find=_find_stretch,
)
ONLY = Parameter(
    name="only",
    about={"en": "only purchases of these values", "zh": "只看这些值的购买"},
    kind=Among(),
    find=find_values,
    lead={"en": "for ", "zh": "只看"},
)
PARAMETERS = (UNIT, FIRST, ONLY)


_KNOWN = re.compile(
    r"(?i)customer|client|buyer|shopper|member|account|people|order|purchase|bought|month|quarter|cohort|retention|back"
    r"|顾客|客户|买家|会员|用户|订单|下单|购买|月|季|留存|同期群|首购"
)
_YEARS = re.compile(
    r"(?i)\b(?:by|per|first|each)\s+(?:first\s+)?(?:year|week|day)s?\b|\b(?:year|week|day)s?\s+(?:of|since)\b|按(?:年|周|天|日)"
)


def claims(understood: Understood) -> Claim | None:
    """What speaks of retention, or of customers who first bought then and came back."""
    text = understood.standalone
    if CUE.search(text) is None or _YEARS.search(text) or asks_more(understood, _KNOWN):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
