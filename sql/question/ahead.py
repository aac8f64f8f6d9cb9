"""Days to come in English and Chinese questions: "next week", "tomorrow", "the next 30 days", 下个月.

They are apart from :mod:`sql.question.periods`, which names what a shop can have rows of: these stand for due
dates, expiries and bookings. Like there, the end is exclusive; lengths begin with tomorrow.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Literal

from sql.question.days import Days, one_day, shift_months, unit_ago
from sql.question.numbers import zh_number
from sql.question.periods import Period
from sql.question.words import NUMBER_WORDS

Grain = Literal["day", "week", "month", "quarter", "year", "range"]
_Found = tuple[Days, Grain]
_Handler = Callable[[re.Match[str], dt.date], _Found | None]

_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})"
_ZUNIT = r"(?P<unit>天|日|周|星期|礼拜|月|季度|年)"
_ZN = r"(?P<n>\d{1,3}|[一二两三四五六七八九十]{1,3})"
_UNITS = {"天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week"}
_UNITS |= {"月": "month", "季度": "quarter", "年": "year"}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_WEEKDAYS = "一二三四五六日"
_DAYS_AHEAD = {"tomorrow": 1, "the day after tomorrow": 2, "明天": 1, "明日": 1, "后天": 2, "大后天": 3}
_WILL_END = re.compile(
    r"\b(?:expir\w+|due|run(?:s|ning)?\s+out|end(?:s|ing)?|renew\w*|lapses?|lapsing)\s+$", re.I
)
"""What will happen within 30 days; what happened within them lies behind."""


def _unit_of(m: re.Match[str]) -> str:
    return _UNITS.get(m["unit"], m["unit"].lower())


def _next_unit(m: re.Match[str], today: dt.date) -> _Found | None:
    ahead = 2 if m[0].startswith("下下") or "after" in m[0].lower() else 1
    return unit_ago(_unit_of(m), -ahead, today), _unit_of(m)  # type: ignore[return-value]


def _next_year(m: re.Match[str], today: dt.date) -> _Found | None:
    return unit_ago("year", -1, today), "year"


def _half_a_year(m: re.Match[str], today: dt.date) -> _Found | None:
    return (today + dt.timedelta(days=1), shift_months(today, 6) + dt.timedelta(days=1)), "range"


def _length(m: re.Match[str], today: dt.date) -> _Found | None:
    said, unit = m["n"].lower(), _unit_of(m)
    count = int(said) if said.isdecimal() else NUMBER_WORDS.get(said, zh_number(said))
    if not count:
        return None
    if unit in _MONTHS:
        last = shift_months(today, int(count) * _MONTHS[unit])
    else:
        last = today + dt.timedelta(days=int(count) * (7 if unit == "week" else 1))
    return (today + dt.timedelta(days=1), last + dt.timedelta(days=1)), "range"


def _ends_within(m: re.Match[str], today: dt.date) -> _Found | None:
    return _length(m, today) if _WILL_END.search(m.string[: m.start()]) else None


def _day(m: re.Match[str], today: dt.date) -> _Found | None:
    count = _DAYS_AHEAD[" ".join(m[0].lower().split())]
    return one_day(today + dt.timedelta(days=count)), "day"


def _weekday(m: re.Match[str], today: dt.date) -> _Found | None:
    monday = unit_ago("week", -1, today)[0]
    return one_day(monday + dt.timedelta(days=_WEEKDAYS.index(m["d"].replace("天", "日")))), "day"


_PATTERNS: tuple[tuple[str, _Handler], ...] = (
    (rf"\b(?:{_UNIT}\s+after\s+next)\b", _next_unit),
    (rf"\b(?:next|coming|upcoming)\s+{_UNIT}\b", _next_unit),
    (rf"\b(?:next|coming|upcoming)\s+{_N}\s+{_UNIT}s?\b", _length),
    (rf"\b(?:within|in)\s+{_N}\s+{_UNIT}s?\b", _ends_within),
    (r"\b(?:the\s+day\s+after\s+)?tomorrow\b", _day),
    (r"大后天|后天|明[天日]", _day),
    (r"下(?:周|星期|礼拜)(?P<d>[一二三四五六日天])", _weekday),
    (rf"(?<![一看查等以上下])下{{1,2}}一?个?(?!天|日){_ZUNIT}(?![一二三四五六日天])", _next_unit),
    (r"明年", _next_year),
    (rf"(?:未来|接下来|今后|往后)的?{_ZN}个?{_ZUNIT}(?:之?内|里)?", _length),
    (
        r"(?:未来|接下来|今后|往后)的?半年(?:之?内|里)?|\b(?:next|coming)\s+half(?:\s+a)?[\s-]+year\b",
        _half_a_year,
    ),
    (rf"{_ZN}个?{_ZUNIT}(?:之|以)?内(?=(?:就?要|就?会|将|快)?(?:到期|过期|失效|届满|续[费约]))", _length),
)
_COMPILED = tuple((re.compile(text, re.I), handler) for text, handler in _PATTERNS)


def periods_ahead(question: str, today: dt.date) -> tuple[Period, ...]:
    """The days to come that ``question`` names, in order of appearance, without overlap.

    >>> [(str(p.start), str(p.end)) for p in periods_ahead("what ends next month", dt.date(2026, 6, 30))]
    [('2026-07-01', '2026-08-01')]
    """
    found: list[Period] = []
    for pattern, handler in _COMPILED:
        for m in pattern.finditer(question):
            days = handler(m, today)
            if days is not None and not any(p.first < m.end() and m.start() < p.last for p in found):
                (start, end), grain = days
                found.append(
                    Period(start=start, end=end, first=m.start(), last=m.end(), text=m[0], grain=grain)
                )
    return tuple(sorted(found, key=lambda p: p.first))
