"""Calendar arithmetic: stretches of days, as half-open ranges."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable

Days = tuple[dt.date, dt.date]
"""First day and the day after the last."""


def one_day(day: dt.date) -> Days:
    """A single day."""
    return day, day + dt.timedelta(days=1)


def week_of(day: dt.date) -> Days:
    """The week that a day is in, from its Monday."""
    monday = day - dt.timedelta(days=day.weekday())
    return monday, monday + dt.timedelta(days=7)


def shift_months(day: dt.date, months: int) -> dt.date:
    """The same day ``months`` later (negative: earlier), cut to the month's length."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_of(year: int, month: int, count: int) -> Days:
    """``count`` calendar months from one of a year on."""
    start = dt.date(year, month, 1)
    return start, shift_months(start, count)


def iso_week(year: int, week: int) -> Days | None:
    """A numbered week; ``None`` where the year has no such week."""
    try:
        return week_of(dt.date.fromisocalendar(year, week, 1))
    except ValueError:
        return None


def year_of(year: int) -> Days:
    """A calendar year."""
    return dt.date(year, 1, 1), dt.date(year + 1, 1, 1)


def full_year(year: int, today: dt.date) -> int:
    """``80`` → 1980, ``24`` → 2024: the century in which a year of two digits is not far in the future."""
    if year > 99:
        return year
    return 2000 + year if 2000 + year <= today.year + 10 else 1900 + year


def latest_begun(of_year: Callable[[int], Days | None], today: dt.date) -> Days | None:
    """The latest unit of its kind that has begun by ``today``; 29 February is not there every year."""
    some = (of_year(year) for year in range(today.year, today.year - 9, -1))
    return next((days for days in some if days is not None and days[0] <= today), None)


def units_back(unit: str, count: int, today: dt.date) -> Days:
    """``count`` units up to and including today."""
    end = today + dt.timedelta(days=1)
    if unit == "day":
        return end - dt.timedelta(days=count), end
    if unit == "week":
        return end - dt.timedelta(days=7 * count), end
    return shift_months(end, -count * {"month": 1, "quarter": 3, "year": 12}[unit]), end


def before_today(unit: str, count: int, today: dt.date) -> dt.date:
    """The day that lies ``count`` units back; what is longer ago is before it."""
    if unit in ("day", "week"):
        return today - dt.timedelta(days=count * (7 if unit == "week" else 1))
    return shift_months(today, -count * {"month": 1, "quarter": 3, "year": 12}[unit])


def unit_ago(unit: str, ago: int, today: dt.date) -> Days:
    """The calendar unit ``ago`` units before the current one."""
    if unit == "day":
        return one_day(today - dt.timedelta(days=ago))
    if unit == "week":
        return week_of(today - dt.timedelta(days=7 * ago))
    if unit == "month":
        first = shift_months(today.replace(day=1), -ago)
        return months_of(first.year, first.month, 1)
    if unit == "quarter":
        first = shift_months(dt.date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), -3 * ago)
        return months_of(first.year, first.month, 3)
    return year_of(today.year - ago)


def date_or_none(year: int, month: int, day: int) -> dt.date | None:
    """The day; ``None`` where there is none of that number."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def part_of_month(year: int, month: int, first: int, last: int) -> Days:
    """Days ``first`` to ``last`` of a month; those that it does not have are left out."""
    start, end = months_of(year, month, 1)
    return start.replace(day=first), min(end, start + dt.timedelta(days=last))
