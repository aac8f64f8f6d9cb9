"""Calendar months as half-open ranges of days."""

from __future__ import annotations

import datetime as dt


def first_day(day: dt.date) -> dt.date:
    """The first day of a day's month."""
    return day.replace(day=1)


def shift(month: dt.date, by: int) -> dt.date:
    """The first day of the month ``by`` months later; negative goes back.

    >>> shift(dt.date(2026, 1, 31), -1)
    datetime.date(2025, 12, 1)
    """
    number = month.year * 12 + month.month - 1 + by
    return dt.date(number // 12, number % 12 + 1, 1)


def last_full_months(today: dt.date, count: int) -> tuple[dt.date, ...]:
    """First days of the last ``count`` months that were over before ``today``, oldest first.

    The month of ``today`` is never among them: on its last day the shop is still open.

    >>> last_full_months(dt.date(2026, 6, 30), 2)
    (datetime.date(2026, 4, 1), datetime.date(2026, 5, 1))
    """
    return tuple(shift(today, -back) for back in range(count, 0, -1))


def parse_month(text: str) -> dt.date:
    """``2026-05`` → its first day; ``ValueError`` for anything else, and at the ends of the calendar."""
    try:
        month = dt.datetime.strptime(text, "%Y-%m").date()
        shift(month, -12), shift(month, 1)  # what a report compares it with, and its own end
    except ValueError as error:
        raise ValueError(f"{text!r} is not a month; write it like 2026-05") from error
    return month
