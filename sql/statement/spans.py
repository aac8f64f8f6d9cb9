"""Which days a statement means: DURING's words, and stretches of days moved by whole units.

``DURING`` counts in full units: "last 3 months" are the three calendar months before this one, where a
question in plain words (``sql.question.periods``) means up to today. A period that today falls into ends
with today. Fiscal years are named by the year they end in ("fiscal year 2026"), or by both ("fiscal year
2025/26").
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from sql.question.ahead import periods_ahead
from sql.question.days import shift_months, units_back
from sql.question.numbers import zh_number
from sql.question.periods import Period, find_periods
from sql.statement.sentence import Step, Unit

_MONTHS: dict[str, int] = {"MONTH": 1, "QUARTER": 3, "YEAR": 12, "FISCAL_QUARTER": 3, "FISCAL_YEAR": 12}
_GRAIN_UNITS: dict[str, Unit] = {
    "day": "DAY",
    "week": "WEEK",
    "month": "MONTH",
    "quarter": "QUARTER",
    "year": "YEAR",
}
_LAST_N = re.compile(
    r"(?:the\s+)?(?:last|past|previous)\s+(\d{1,4}|[a-z]+)\s+(?:full\s+)?(week|month|quarter|year)s?"
    r"|(?:最近|近|过去)的?\s*(\d{1,4}|[零一二两三四五六七八九十]{1,3})\s*个?(周|星期|月|季度|年)",
    re.I,
)
_HALF_YEAR = re.compile(
    r"(?:the\s+)?(?:last|past|previous)\s+half(?:\s+a)?[\s-]+year|(?:最近|近|过去)的?半年", re.I
)
_UNITS_ZH = {"周": "week", "星期": "week", "月": "month", "季度": "quarter", "年": "year"}
_NUMBERS = {
    w: i
    for i, w in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}
_FISCAL = re.compile(
    r"(?:(this|last|previous)\s+)?(?:(?:full|complete|completed|whole|entire)\s+)?(?:(?:fiscal|financial)\s+(year|quarter)|fy)\s*((?:19|20)\d\d)?(?:\s*[/-]\s*(\d\d(?:\d\d)?))?"
    r"|((?:19|20)\d\d)(?:\s*[/-]\s*(\d\d(?:\d\d)?))?\s*财[政年]?年?度?"
    r"|(?P<zh>本|这个?|上个?|上一个?)财(?P<unit>年|季)度?",
    re.I,
)
_FISCAL_QUARTER = re.compile(
    r"(?:fiscal|financial)\s+q(?P<a>[1-4])\s*(?P<y1>(?:19|20)\d\d)|q(?P<b>[1-4])\s+(?:of\s+)?"
    r"(?:(?:fiscal|financial)\s+year|fy)\s*(?P<y2>(?:19|20)\d\d)",
    re.I,
)

_SMALL = re.compile(
    r"\b(?:the|in|of|on|at|for|during|within|over|whole|entire|all|full|so far|to date|up to now)\b"
    r"|迄今|为止|[在于的整个全内里中份]",
    re.I,
)
_JOINED = re.compile(r"\s*(?:and|&|和|与|及|、)\s*", re.I)
_TELLING = re.compile(r"\w")
"""What may be left of the words beside a period, and what may not."""


@dataclass(frozen=True)
class Shift:
    """How far back: whole months, then days."""

    months: int = 0
    days: int = 0

    def __add__(self, other: Shift) -> Shift:
        return Shift(self.months + other.months, self.days + other.days)

    def __bool__(self) -> bool:
        return bool(self.months or self.days)


def shift_of(step: Step) -> Shift:
    """Units as months and days."""
    if step.unit in _MONTHS:
        return Shift(months=step.count * _MONTHS[step.unit])
    return Shift(days=step.count * (7 if step.unit == "WEEK" else 1))


@dataclass(frozen=True)
class Span:
    """A stretch of days; an open side is ``None``."""

    start: dt.date | None
    end: dt.date | None
    """The day after the last."""
    unit: Unit | None
    """The calendar unit that it was said in."""
    words: str
    is_to_date: bool = False
    """It was cut at today, which falls into it."""

    def moved(self, by: Shift) -> Span:
        """The same so much earlier."""
        return replace(self, start=back(self.start, by), end=back(self.end, by))

    def length(self) -> Shift | None:
        """How far back the stretch of the same length before it begins; ``None`` when it has no length."""
        if self.unit is not None:
            return shift_of(Step(1, self.unit))
        if self.start is None or self.end is None:
            return None
        if self.start.day == self.end.day == 1:
            return Shift(months=(self.end.year - self.start.year) * 12 + self.end.month - self.start.month)
        return Shift(days=(self.end - self.start).days)


def back(day: dt.date | None, by: Shift) -> dt.date | None:
    """A day so much earlier; the 31st becomes the last day of a shorter month."""
    if day is None:
        return None
    try:
        return shift_months(day, -by.months) - dt.timedelta(days=by.days)
    except (ValueError, OverflowError):  # before the first year there is nothing
        return dt.date.min


def unit_start(day: dt.date, unit: Unit, fiscal_start: int) -> dt.date:
    """The first day of the unit that ``day`` falls in."""
    if unit == "DAY":
        return day
    if unit == "WEEK":
        return day - dt.timedelta(days=day.weekday())
    if unit == "MONTH":
        return day.replace(day=1)
    months = _MONTHS[unit]
    offset = fiscal_start - 1 if unit.startswith("FISCAL") else 0
    index = day.year * 12 + day.month - 1 - offset
    index = index // months * months + offset
    return dt.date(index // 12, index % 12 + 1, 1)


def span_of(words: str, today: dt.date, fiscal_start: int, *, is_cut: bool = True) -> Span | None:
    """The days that the words mean; ``None`` when they name none, several stretches, or more than days.

    Args:
        is_cut: end with today where it falls into them.
    """
    found = _last_units(words, today) or _fiscal(words, today, fiscal_start) or _from_on(words, today)
    if found is None:
        periods = (
            find_periods(words, today) or find_periods(f"in {words}", today) or periods_ahead(words, today)
        )
        if len(periods) == 2:
            found = _both(words, *periods)
        elif len(periods) == 1:
            found = _one(words, periods[0]) or _range(words, today)
        if found is None:
            return None
    after = today + dt.timedelta(days=1)
    if (
        is_cut
        and found.end is not None
        and found.end > after
        and (found.start is None or found.start <= today)
    ):
        found = replace(found, end=after, is_to_date=True)
    return found


def _one(words: str, period: Period) -> Span | None:
    """The days of a period; ``None`` where words are left over."""
    rest = words.replace(period.text.strip(), " ", 1)
    if _TELLING.search(_SMALL.sub(" ", rest)):
        return None  # "fiscal Q1 2026" is not the first quarter of 2026
    start = None if period.start == dt.date.min else period.start
    end = None if period.end == dt.date.max else period.end
    return Span(start, end, _GRAIN_UNITS.get(period.grain), words)


def _from_on(words: str, today: dt.date) -> Span | None:
    """Days from June on: in a question "orders from June" are June's, in a statement they are not."""
    if not words.lower().startswith("from "):
        return None
    periods = find_periods(words, today)
    if len(periods) != 1 or periods[0].first == 0:
        return None
    since = f"since {words[5:]}"
    found = _one(since, opened[0]) if len(opened := find_periods(since, today)) == 1 else None
    return replace(found, words=words) if found is not None else None


def _range(words: str, today: dt.date) -> Span | None:
    """A range whose first month is none by itself: "Mar to May 2025" begins like a verb."""
    periods = find_periods(f"from {words}", today)
    if len(periods) != 1 or periods[0].grain != "range" or periods[0].is_open:
        return None
    return _one(f"from {words}", periods[0])


def _both(words: str, first: Period, second: Period) -> Span | None:
    """Two periods side by side that are joined by "and": 2024 and 2025; ``None`` where days lie between."""
    rest = words.replace(first.text.strip(), " ", 1).replace(second.text.strip(), " ", 1)
    if first.end != second.start or not _JOINED.fullmatch(_SMALL.sub(" ", rest)):
        return None
    return Span(first.start, second.end, None, words)


def _last_units(words: str, today: dt.date) -> Span | None:
    match = _LAST_N.fullmatch(_HALF_YEAR.sub("last 6 months", words.strip()))
    if match is None:
        return None
    word = (match[1] or match[3]).lower()
    count = _NUMBERS.get(word) or zh_number(word)
    unit = (match[2] or _UNITS_ZH[match[4]]).upper() if match[2] or match[4] else ""
    if not count:
        return None
    end = unit_start(today, unit, 1)  # type: ignore[arg-type]
    return Span(back(end, shift_of(Step(count, unit))), end, None, words)  # type: ignore[arg-type]


def up_to_today(words: str, today: dt.date) -> str | None:
    """A length of full units as the days up to today; ``None`` for other words, and where "full" is said.

    >>> up_to_today("last 3 months", dt.date(2026, 3, 31))
    '2026-01-01 to 2026-03-31'
    """
    match = _LAST_N.fullmatch(_HALF_YEAR.sub("last 6 months", words.strip()))
    if match is None or re.search(r"\bfull\b", words, re.I):
        return None
    word = (match[1] or match[3]).lower()
    count = _NUMBERS.get(word) or zh_number(word)
    if not count:
        return None
    start, end = units_back((match[2] or _UNITS_ZH[match[4]]).lower(), count, today)
    return f"{start.isoformat()} to {(end - dt.timedelta(days=1)).isoformat()}"


def _fiscal(words: str, today: dt.date, starts: int) -> Span | None:
    unit: Unit
    if (quarter := _FISCAL_QUARTER.fullmatch(words.strip())) is not None:
        year_begins = int(quarter["y1"] or quarter["y2"]) - (1 if starts > 1 else 0)
        start = shift_months(dt.date(year_begins, starts, 1), 3 * (int(quarter["a"] or quarter["b"]) - 1))
        return Span(start, shift_months(start, 3), "FISCAL_QUARTER", words)
    match = _FISCAL.fullmatch(words.strip())
    if match is None:
        return None
    if match["zh"]:
        unit = "FISCAL_QUARTER" if match["unit"] == "季" else "FISCAL_YEAR"
        start = unit_start(today, unit, starts)
        if match["zh"].startswith("上"):
            start = unit_start(start - dt.timedelta(days=1), unit, starts)
        return Span(start, shift_months(start, _MONTHS[unit]), unit, words)
    year, second = match[3] or match[5], match[4] or match[6]
    unit = "FISCAL_QUARTER" if (match[2] or "").lower() == "quarter" else "FISCAL_YEAR"
    if year is None:
        start = unit_start(today, unit, starts)
        if (match[1] or "this").lower() != "this":
            start = unit_start(start - dt.timedelta(days=1), unit, starts)
    elif unit == "FISCAL_QUARTER":
        return None
    else:
        first = int(year) - (1 if second is None and starts > 1 else 0)
        start = dt.date(first, starts, 1)
    return Span(start, shift_months(start, _MONTHS[unit]), unit, words)
