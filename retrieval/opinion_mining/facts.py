"""Facts that a text states of itself: an order's number, a size, a day, what broke, what is wished for.

What cannot be read without guessing, such as 3/4 for a day, is left out. The first of each kind counts.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.opinion_mining.clause_reading import Read
from retrieval.opinion_mining.clauses import MOST_READ
from retrieval.opinion_mining.opinions import word_list

MOST_WISH = 200
"""Characters of a wish that are kept."""

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_ORDER = re.compile(
    r"(?i)\border\s*(?:no\.?|number|nr\.?|id|#)?\s*[:#]?\s*(?P<value>[a-z]{0,4}-?\d{4,14})\b|订单(?:号|编号)?\s*[:：是为]?\s*(?P<value_zh>[A-Za-z]{0,4}-?\d{4,20})"
)
_SIZE = re.compile(
    r"\b(?:[Ss]ize|SIZE)\s+(?P<value>(?:\d{0,2}[Xx]{0,3}[SsLl]|[Mm]|\d{1,3}(?:\.5)?)|small|medium|large)\b|\b(?P<bare>(?:X{1,3}|\dX)[SL])\b"
    r"|(?:尺码|码数)\s*[:：是]?\s*(?P<zh>[XxSsMmLl]{1,4}|\d{2,3})|(?P<code>[XxSsMmLl]{1,4}|\d{2,3})码"
)
_DAYS = (
    re.compile(r"(?P<year>20\d\d)-(?P<number>\d{1,2})-(?P<day>\d{1,2})\b"),
    re.compile(r"(?:(?P<year>20\d\d)年)?(?P<number>\d{1,2})月(?P<day>\d{1,2})[日号]"),
    re.compile(rf"(?i)\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}(?:,?\s+(?P<year>20\d\d))?\b"),
    re.compile(rf"(?i)\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>20\d\d))?"),
)
# ruff: noqa: E501


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one text states; ``None`` where it states nothing of the kind."""

    order_number: str | None = None
    size: str | None = None
    """In capitals, as ``XL`` or ``38``."""
    day: dt.date | None = None
    """A day that is named; without a year the latest one before the text was written."""
    defect: str | None = None
    """The first word for what broke."""
    wish: str | None = None
    """The first sentence that wishes for something."""


def facts(text: str, clauses_read: Sequence[Read], written_at: dt.datetime | None) -> Facts:
    """The facts of a text whose clauses were read."""
    plain = text[:MOST_READ]
    order, size = _ORDER.search(plain), _SIZE.search(plain)
    defects = _defects()
    broken = (word for each in clauses_read if each.polarity < 0 for word in each.words if word in defects)
    wish = next((each.clause.text for each in clauses_read if each.clause.mood == "wishes"), None)
    return Facts(
        order_number=next(filter(None, order.groups())) if order else None,
        size=next(filter(None, size.groups())).upper() if size else None,
        day=_day(plain, written_at),
        defect=next(broken, None),
        wish=wish.strip()[:MOST_WISH] if wish else None,
    )


@functools.cache
def _defects() -> frozenset[str]:
    return word_list("defects_en") | word_list("defects_zh")


def _day(text: str, written_at: dt.datetime | None) -> dt.date | None:
    """The first day that is named in full, or without its year where it is known when the text was written."""
    for pattern in _DAYS:
        for match in pattern.finditer(text):
            named = match.groupdict()
            month = (
                int(named["number"]) if named.get("number") else _MONTHS.index(match["month"][:3].lower()) + 1
            )
            day = _dated(named.get("year"), month, int(match["day"]), written_at)
            if day is not None:
                return day
    return None


def _dated(year: str | None, month: int, day: int, written_at: dt.datetime | None) -> dt.date | None:
    if year is None and written_at is None:
        return None
    try:
        if year is not None:
            return dt.date(int(year), month, day)
        assert written_at is not None
        found = dt.date(written_at.year, month, day)
        return found if found <= written_at.date() else found.replace(year=written_at.year - 1)
    except ValueError:  # no such day
        return None
