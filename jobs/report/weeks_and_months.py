"""The week or month that a report is about, as half-open ranges of days."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from jobs.report.months import first_day, parse_month, shift
from telling.cells import format_date

Unit = Literal["week", "month"]
UNITS: tuple[Unit, ...] = ("week", "month")
TREND = 13
"""Units that a course shows: a month with the same one a year before, or a quarter of a year of weeks."""
_WEEK = re.compile(r"(\d{4})-?[Ww](\d{1,2})")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Span:
    """One calendar month, or one week from Monday to Sunday."""

    unit: Unit
    first: dt.date
    end: dt.date
    """The day after the last one."""

    @property
    def key(self) -> str:
        """``2026-05``, or ``2026-W22`` by ISO's count; what ids of reports begin with."""
        if self.unit == "month":
            return f"{self.first:%Y-%m}"
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def words(self) -> str:
        """As the question language and a parameter of a job write it."""
        return _words(self.first, self.end)

    @property
    def trend_words(self) -> str:
        """The same for this one and those before it, :data:`TREND` in all."""
        if self.unit == "month":
            return _words(shift(self.first, 1 - TREND), self.end)
        return _words(self.first - 7 * (TREND - 1) * _DAY, self.end)

    @property
    def year_back(self) -> int:
        """As many units earlier lies the same one of the year before; weeks keep their weekdays."""
        return 12 if self.unit == "month" else 52

    def title(self, language: str) -> str:
        """``May 2026``; ``2026-05-25 to 2026-05-31``."""
        if self.unit == "month":
            return format_date(self.first, grain="month", language=language)
        first, last = self.first.isoformat(), (self.end - _DAY).isoformat()
        return f"{first}至{last}" if language == "zh" else f"{first} to {last}"


def span_of(day: dt.date, unit: Unit) -> Span:
    """The week or month that a day is in."""
    if unit == "month":
        first = first_day(day)
        return Span(unit=unit, first=first, end=shift(first, 1))
    monday = day - day.weekday() * _DAY
    return Span(unit=unit, first=monday, end=monday + 7 * _DAY)


def last_full(today: dt.date, unit: Unit) -> Span:
    """The last one that was over before ``today``.

    >>> last_full(dt.date(2026, 6, 30), "week").words
    'from 2026-06-22 to 2026-06-28'
    """
    return span_of(span_of(today, unit).first - _DAY, unit)


def parse_span(text: str, unit: Unit) -> Span:
    """``2026-05`` as a month; ``2026-W22`` or any day of it as a week.

    Raises:
        ValueError: it is none, or lies at an end of the calendar.
    """
    if unit == "month":
        return span_of(parse_month(text.strip()), "month")
    week = _WEEK.fullmatch(text.strip())
    try:
        if week is not None:
            day = dt.date.fromisocalendar(int(week[1]), int(week[2]), 1)
        else:
            day = dt.datetime.strptime(text.strip(), "%Y-%m-%d").date()
        if not dt.date.min.year + 2 < day.year < dt.date.max.year:  # what it is compared with exists
            raise ValueError(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a week; write it like 2026-W22, or a day of it like 2026-05-27"
        ) from error
    return span_of(day, "week")


def _words(first: dt.date, end: dt.date) -> str:
    return f"from {first.isoformat()} to {(end - _DAY).isoformat()}"
