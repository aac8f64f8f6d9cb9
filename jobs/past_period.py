"""A stretch of the past as a parameter of a job: in the asker's words, read against the shop's day."""

from __future__ import annotations

import datetime as dt
import re

from bot.parameters import Said, Unreadable
from sql.question.linking import Links, Vocabulary
from sql.question.periods import Period, find_periods


class Span:
    """Words for a period, as "last month", 2026-05 or "from 2026-05-01 to 2026-05-31"."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The words themselves: what day they count from, the shop says. ``Unreadable``: they name none."""
        if read_period(text, dt.date.today()) is None:
            raise Unreadable(text)
        return text

    def expected(self, language: str) -> str:
        """Examples."""
        return (
            "时间，如 上个月 或 2026-05" if language == "zh" else 'a period, such as "last month" or 2026-05'
        )


def read_period(text: str, today: dt.date) -> Period | None:
    """The one period that a whole text names; ``None`` where it names none, or more than that."""
    month = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
    if month is not None and 1 <= int(month[2]) <= 12 and int(month[1]) > 0:
        first = dt.date(int(month[1]), int(month[2]), 1)
        end = (first + dt.timedelta(days=32)).replace(day=1)
        return Period(start=first, end=end, first=0, last=len(text), text=text, grain="month")
    found = find_periods(text, today)
    if len(found) != 1:
        return None
    rest = text[: found[0].first] + text[found[0].last :]
    return found[0] if _AROUND.fullmatch(rest) else None


_AROUND = re.compile(r"(?i)\W*(?:in|during|for|on|from|the)?\W*")
"""What may stand beside the words for a period."""


def find_period(links: Links) -> Said | None:
    """The first period that is named, as its days where it has an end."""
    period = links.period
    if period is None:
        return None
    if period.is_open:
        return Said(text=period.text, start=period.first, end=period.last)
    last = period.end - dt.timedelta(days=1)
    return Said(
        text=f"from {period.start.isoformat()} to {last.isoformat()}", start=period.first, end=period.last
    )
