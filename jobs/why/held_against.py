"""Which days are asked about, and which they are held against. Pure; ends are inclusive."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sql.question.days import shift_months
from sql.question.periods import Period

Against = Literal["before", "year"]
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Days from ``first`` to ``last``, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.last - self.first).days + 1

    @property
    def words(self) -> str:
        """As the question language and a parameter write it."""
        return f"from {self.first.isoformat()} to {self.last.isoformat()}"


def held_against(period: Period, today: dt.date, against: Against) -> tuple[Stretch, Stretch]:
    """The days of a period up to today, and those that they are compared with.

    Whole months (a quarter, a year) are held against as many months before, anything else against the days
    that lie the least number of whole weeks earlier, so that weekdays match. A year before is twelve months
    or 52 weeks. What is not over is held against the same number of days.

    Args:
        period: with a first day, not after ``today``.

    >>> days = {"start": dt.date(2026, 5, 1), "end": dt.date(2026, 6, 1)}
    >>> may = Period(**days, first=0, last=3, text="May", grain="month")
    >>> held_against(may, dt.date(2026, 6, 30), "before")[1].words
    'from 2026-04-01 to 2026-04-30'
    """
    end = today + DAY if period.end == dt.date.max else period.end
    asked = Stretch(first=period.start, last=min(end - DAY, today))
    months = _months(period.start, end)
    if months:
        back = 12 if against == "year" else months
        first, last = shift_months(period.start, -back), shift_months(end, -back) - DAY
    else:
        days = 364 if against == "year" else -(-(end - period.start).days // 7) * 7
        first, last = period.start - days * DAY, end - (days + 1) * DAY
    if asked.last < end - DAY:
        last = first + (asked.days - 1) * DAY
    return asked, Stretch(first=first, last=last)


def unit_of(base: Stretch, asked: Stretch) -> Literal["WEEK", "MONTH", "QUARTER", "YEAR"] | None:
    """The unit of the calendar that both are one of, the one right after the other; ``None`` for none."""
    if base.last + DAY != asked.first:
        return None
    if (base.days, asked.days, asked.first.weekday()) == (7, 7, 0):
        return "WEEK"
    months = {_months(each.first, each.last + DAY) for each in (base, asked)}
    if months == {1}:
        return "MONTH"
    if months == {3} and asked.first.month % 3 == 1:
        return "QUARTER"
    return "YEAR" if months == {12} and asked.first.month == 1 else None


def _months(first: dt.date, end: dt.date) -> int:
    """How many whole months lie between; 0 where they are not whole."""
    if first.day != 1 or end.day != 1:
        return 0
    return (end.year - first.year) * 12 + end.month - first.month
