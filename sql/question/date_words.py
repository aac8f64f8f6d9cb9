"""Simple expressions of time in English and Chinese, each as its days: "last month", "May 1-15", 上周一.

A pattern registers itself with the function that turns a match into days. :mod:`sql.question.periods` puts
ranges and open ends together from what is found here.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sql.question import lengths_behind
from sql.question.days import (
    Days,
    date_or_none,
    full_year,
    iso_week,
    latest_begun,
    months_of,
    one_day,
    part_of_month,
    shift_months,
    unit_ago,
    units_back,
    week_of,
    year_of,
)
from sql.question.numbers import ZH_DIGITS, zh_number
from sql.question.words import NUMBER_WORDS, is_chinese

Grain = Literal["day", "week", "month", "quarter", "half", "year", "range"]


@dataclass(frozen=True)
class Atom:
    """One simple expression, before ranges such as "from … to …" are put together."""

    days: Days
    grain: Grain
    first: int
    last: int
    of_year: Callable[[int], Days] | None = None
    """Given when the words name no year: the same unit in another year."""

    @property
    def is_day(self) -> bool:
        """Whether there are such days; "31 June" is a date that names none."""
        return self.days[0] < self.days[1]


# --- words -----------------------------------------------------------------------------------------------


def _slips(name: str) -> Iterator[str]:
    """A month as hurried people type it: a letter left out, or two in the wrong order."""
    for at in range(1, len(name)) if len(name) > 5 else ():
        yield name[:at] + name[at + 1 :]
        if at + 1 < len(name):
            yield name[:at] + name[at + 1] + name[at] + name[at + 2 :]


_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_COUNTS = dict(NUMBER_WORDS)
_COUNTS |= {"thirty": 30, "sixty": 60, "ninety": 90, "a": 1, "an": 1, "couple of": 2, "few": 3, "several": 3}
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_ORDINALS |= {"last": 4}
_MONTHS |= {slip: i for name, i in list(_MONTHS.items()) for slip in _slips(name) if slip not in _MONTHS}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_YEAR = r"'?(?P<year>(?:19|20)\d\d|(?<=')\d\d)"
SHORT_YEARS = 40
"""Years back that two figures may mean, as in "in 98"."""
_N = r"(?P<n>\d{1,4}|couple of|" + "|".join(sorted(_COUNTS, key=len, reverse=True)) + ")"
_NTH = r"(?P<nth>1st|2nd|3rd|4th|first|second|third|fourth)"
_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_ZN = r"(?P<n>\d{1,4}|[零一二两三四五六七八九十百]{1,4}|半)"
_ZUNIT = r"(?P<unit>天|日|周|星期|礼拜|月|季度|季|年)"
_ZPART = (
    r"\s*(?:前\s*(?:\d{1,2}|[一二三四五六七八九十]+)\s*个?[月季]|[上下]半年|第?\s*[一二三四1-4]\s*个?季|全年|双|618|元旦|春节|清明|五一|端午|中秋|国庆|圣诞)"
    r"|\s+\d{1,2}月"
)
"""What a year without its 年 stands before: 2025上半年."""
_ZYEAR = (
    rf"(?:(?P<year>(?<!\d)(?:19|20)\d\d(?=\s*年|{_ZPART})"
    r"|(?<!\d)\d\d(?=\s*年)|[一二][九零〇][零〇一二三四五六七八九]{2}(?=\s*年))\s*年?"
    r"|(?P<rel>大前年|今年|本年|去年|上年|前年))"
)
_ZMONTH = r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月(?:份)?"
_ZUNITS = {"天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week"}
_ZUNITS |= {"月": "month", "季度": "quarter", "季": "quarter", "年": "year"}
_ZREL = {"今年": 0, "本年": 0, "去年": 1, "上年": 1, "前年": 2, "大前年": 3}


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else _COUNTS[text.lower()]


# --- simple expressions ----------------------------------------------------------------------------------

_BEGINS = r"(?<![A-Za-z0-9_])(?<![A-Za-z_]-)"
_ENDS = r"(?![A-Za-z0-9_])"
"""No part of a longer word; a hyphen or Chinese may stand beside: 2026-04-01到, 1/4/2026-3/4/2026, Q1-Q3."""
_Found = tuple[Days, Grain] | tuple[Days, Grain, Callable[[int], Days]]
_IMPOSSIBLE: _Found = ((dt.date.max, dt.date.min), "day")
"""Words that are a date and name none: nothing smaller is looked for in them."""
_Handler = Callable[[re.Match[str], dt.date], _Found | None]
_PATTERNS: list[tuple[re.Pattern[str], _Handler]] = []


def _pattern(*texts: str) -> Callable[[_Handler], _Handler]:
    def register(handler: _Handler) -> _Handler:
        for text in texts:
            # Chinese has no word boundaries; for Latin letters they keep "march" out of "marching".
            bounded = text if re.search(r"[一-鿿]", text) else rf"{_BEGINS}(?:{text}){_ENDS}"
            _PATTERNS.append((re.compile(bounded, re.IGNORECASE), handler))
        return handler

    return register


def _in_year(
    make: Callable[[int], Days | None], year: int | None, today: dt.date, grain: Grain
) -> _Found | None:
    """A unit in a known year, or the most recent one with the way to move it to another year."""
    days = make(year) if year is not None else latest_begun(make, today)
    if days is None:
        return _IMPOSSIBLE
    if year is not None:
        return days, grain

    def of_year(y: int) -> Days:
        return make(y) or days

    return days, grain, of_year


def _named_year(m: re.Match[str], today: dt.date) -> int | None:
    """The year that a match names in digits or as "last year"; ``None`` when it names none."""
    groups = m.groupdict()
    if groups.get("year"):
        return full_year(int("".join(str(ZH_DIGITS.get(c, c)) for c in groups["year"])), today)
    relative = (groups.get("rel") or "").lower()
    if not relative:
        return None
    return today.year - (
        _ZREL[relative] if relative in _ZREL else {"this": 0, "last": 1, "previous": 1}[relative]
    )


def _day_in_year(month: int, number: int, m: re.Match[str], today: dt.date) -> _Found | None:
    """A day of a month, in the year that the match names or the most recent one."""

    def make(year: int) -> Days | None:
        day = date_or_none(year, month, number)
        return one_day(day) if day else None

    return _in_year(make, _named_year(m, today), today, "day")


def _days_in_year(month: int, first: int, last: int, m: re.Match[str], today: dt.date) -> _Found | None:
    """Days of a month, both ends among them."""

    def make(year: int) -> Days | None:
        start, end = date_or_none(year, month, first), date_or_none(year, month, last)
        return (start, end + dt.timedelta(days=1)) if start and end and start < end else None

    return _in_year(make, _named_year(m, today), today, "range")


_MEASURE = (
    r"\s*(?:eur|euros?|usd|dollars?|pounds?|[€$£%]|units?|pieces|items|orders|times|points"
    r"|customers|元|件|个|单)"
)
"""What a number in front of it counts."""
_NUMBERED = (
    r"(?:\b(?:than|over|above|below|under|least|most|exactly|order|orders|number|no|no\.|id"
    r"|ticket|product|customer|invoice|top|sku|code)\s*|[#€$£.,:=<>/-]\s?)$"
)
"""What makes the figures behind it a count or a name, and no date."""
_ANY_MONTH = re.sub("[(][?]P<month>", "(?:", _MONTH)
_HYPHEN = re.compile(
    rf"(?<![A-Za-z0-9_-])({_ANY_MONTH}|(?:19|20)\d\d)-(?={_ANY_MONTH}(?![a-z]))"
    r"|(?<![A-Za-z0-9_/.-])((?:19|20)\d\d)-(?=(?:19|20)\d\d(?![\w/.-]))",
    re.I,
)
"""Between two months or years: a hyphen there joins no word."""
_OF_YEAR = rf"(?:,?\s*(?:of\s+|in\s+)?(?:{_YEAR}|(?P<rel>this|last|previous)\s+year))"


_LEADS = r"(?:on|from|since|until|till|to|before|after|between(?: \d{8} and)?|自从|从|自|到|至|在|[-–~～])\s*"


@_pattern(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?:[T ]\d\d:\d\d(?::\d\d)?)?",
    r"(?P<year>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])",
)
def _iso_date(m: re.Match[str], today: dt.date) -> _Found | None:
    if m[0].isdecimal():  # may be a number: what stands beside it must say that it is a day
        is_led = re.search(rf"(?<![A-Za-z]){_LEADS}$", m.string[: m.start()], re.I)
        if not (
            is_led or re.match(r"\s*(?:to\b|until\b|[-–~～到至起]|之?[前后]|以[前后来])", m.string[m.end() :])
        ):
            return None
    day = date_or_none(int(m["year"]), int(m["m"]), int(m["d"]))
    return (one_day(day), "day") if day else _IMPOSSIBLE


@_pattern(
    r"(?P<year>(?:19|20)\d\d)[-/](?P<m>0[1-9]|1[0-2])(?![-/.]\d)",
    rf"(?<![\d/.-])(?:(?P<m>0?[1-9]|1[0-2])/|(?P<mm>0[1-9]|1[0-2])-)(?P<year>(?:19|20)\d\d)(?!{_MEASURE})",
)
def _iso_month(m: re.Match[str], today: dt.date) -> _Found | None:
    if re.search(_NUMBERED, m.string[: m.start()], re.I):
        return None
    return months_of(int(m["year"]), int(m["m"] or m["mm"]), 1), "month"


@_pattern(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})\s*[-–—~～到至]\s*"
    r"(?P<m2>\d{1,2})(?P=sep)(?P<d2>\d{1,2})(?![-/.]?\d)"
)
def _days_of_year(m: re.Match[str], today: dt.date) -> _Found | None:
    first = date_or_none(int(m["year"]), int(m["m"]), int(m["d"]))
    last = date_or_none(int(m["year"]), int(m["m2"]), int(m["d2"]))
    return ((first, one_day(last)[1]), "range") if first and last and first < last else _IMPOSSIBLE


_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/\d{4}(?!\d)")


@_pattern(r"(?P<a>\d{1,2})(?P<sep>[./])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})")
def _short_date(m: re.Match[str], today: dt.date) -> _Found | None:
    a, b, year = int(m["a"]), int(m["b"]), int(m["year"])
    others = _SLASHED.findall(m.string)
    is_day_first = m["sep"] == "." or any(int(first) > 12 for first, _ in others)
    orders = ((b, a), (a, b)) if is_day_first else ((a, b), (b, a))
    day = next((d for month, number in orders if (d := date_or_none(year, month, number))), None)
    return (one_day(day), "day") if day else _IMPOSSIBLE


@_pattern(
    rf"(?<!week )(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}{_OF_YEAR}?",
    rf"(?P<d>\d{{1,2}})[-/.]{_MONTH}(?:[-/.\s]{_YEAR})?",
    rf"{_MONTH}\s+(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_OF_YEAR}?",
)
def _day_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, number = _MONTHS[m["month"].lower()], int(m["d"])
    if not 1 <= number <= 31:  # the top 40 in May
        return None
    return _day_in_year(month, number, m, today)


@_pattern(
    r"the\s+(?P<d>\d{1,2})(?:st|nd|rd|th)\s+(?:of|in)\s+(?P<which>this|last|the)\s+month",
    r"(?<=\bon )the\s+(?P<d>\d{1,2})(?:st|nd|rd|th)(?=\s*(?:[?.!,;]|$))",
)
def _day_of_some_month(m: re.Match[str], today: dt.date) -> _Found | None:
    which = (m.groupdict().get("which") or "").lower()
    if which == "the":  # of each month
        return None
    number, first = int(m["d"]), today.replace(day=1)
    if which == "last" or (not which and number > today.day):
        first = shift_months(first, -1)
    day = date_or_none(first.year, first.month, number)
    return (one_day(day), "day") if day else _IMPOSSIBLE


_FEASTS: dict[str, tuple[int, int]] = {
    "双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12), "双12": (12, 12), "618": (6, 18),
    "元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "劳动节": (5, 1), "儿童节": (6, 1),
    "平安夜": (12, 24), "圣诞": (12, 25), "圣诞节": (12, 25),
    "singles' day": (11, 11), "singles day": (11, 11), "new year's day": (1, 1),
    "new year's eve": (12, 31), "valentine's day": (2, 14), "valentines day": (2, 14), "halloween": (10, 31),
    "christmas eve": (12, 24), "christmas day": (12, 25), "boxing day": (12, 26),
}  # fmt: skip
"""Days of shopping on a date of their own → month and day."""
_MOVING = {"black friday": 1, "cyber monday": 4}
"""Days after Thanksgiving, the fourth Thursday of November."""
_FEAST = "|".join(
    sorted((*(n for n in _FEASTS if n.isascii() and n != "618"), *_MOVING), key=len, reverse=True)
)
_ZFEAST = "|".join(sorted((n for n in _FEASTS if not n.isascii()), key=len, reverse=True))


@_pattern(
    rf"(?:easter|thanksgiving|ramadan|diwali|hanukkah|(?:chinese|lunar)\s+new\s+year|(?:mother|father)'?s'?\s+day"
    rf"|labou?r\s+day|prime\s+day|golden\s+week|(?:holiday|christmas)\s+season)(?:'s)?{_OF_YEAR}?",
    rf"christmas{_OF_YEAR}",
    rf"{_ZYEAR}?\s*的?(?:春节|除夕|元宵节?|清明节?|端午节?|七夕节?|中秋节?|重阳节?|国庆节?|黄金周|年货节|母亲节|父亲节)",
)
def _unknown_feast(m: re.Match[str], today: dt.date) -> _Found | None:
    """Days that no rule here knows, lest the year beside them be taken for the answer."""
    return _IMPOSSIBLE


def _feast_day(name: str, year: int) -> dt.date:
    if name in _MOVING:
        first = dt.date(year, 11, 1)
        thanksgiving = first + dt.timedelta(days=(3 - first.weekday()) % 7 + 21)
        return thanksgiving + dt.timedelta(days=_MOVING[name])
    return dt.date(year, *_FEASTS[name])


_ZFAIR = "当天|那天|大促|活动|购物节|促销|期间|的?(?:卖|销|成交|订单|业绩|转化)"
"""What stands behind 618 where it is the day of shopping, and no number."""


@_pattern(
    rf"(?P<feast>{_FEAST}){_OF_YEAR}?",
    rf"(?:(?P<rel>this|last|previous)\s+year'?s?\s+)(?P<feast>{_FEAST})",
    rf"(?:{_ZYEAR}的?)?\s*(?P<feast>{_ZFEAST}|618(?={_ZFAIR}))(?:当天|那天)?",
    rf"{_ZYEAR}的?\s*(?P<feast>618)(?![\d元块件个])(?:当天|那天)?",
    r"\A\s*(?P<feast>618)\s*\Z",
    r"\b(?:during|on|over)\s+(?:the\s+)?(?P<feast>618)\b(?!\s*(?:[$€£¥]|eur|usd|gbp|cny|rmb|units|pieces|items|orders))",
)
def _feast(m: re.Match[str], today: dt.date) -> _Found | None:
    name = m["feast"].lower()
    return _in_year(lambda y: one_day(_feast_day(name, y)), _named_year(m, today), today, "day")


def _month_to_month(first: int, last: int, m: re.Match[str], today: dt.date) -> _Found | None:
    if not 1 <= first < last <= 12:
        return _IMPOSSIBLE
    return _in_year(lambda y: months_of(y, first, last - first + 1), _named_year(m, today), today, "range")


@_pattern(rf"{_MONTH}\s*/\s*(?P<to>{_ANY_MONTH}){_OF_YEAR}?")
def _neighbours(m: re.Match[str], today: dt.date) -> _Found | None:
    """May/June; of months that are no neighbours it is not clear what is meant."""
    first, last = _MONTHS[m["month"].lower()], _MONTHS[m["to"].lower().rstrip(".")]
    return _month_to_month(first, last, m, today) if last == first + 1 else _IMPOSSIBLE


@_pattern(
    rf"{_ZYEAR}?\s*的?(?<![\d./])(?P<a>1[0-2]|[1-9])(?P<sep>\s*[-–—~～到至、和]\s*)(?P<b>1[0-2]|[1-9])\s*月(?:份)?(?!\s*\d+\s*[日号])"
)
def _zh_months(m: re.Match[str], today: dt.date) -> _Found | None:
    first, last = int(m["a"]), int(m["b"])
    is_list = m["sep"].strip() in "、和"
    return _month_to_month(first, last, m, today) if not is_list or last == first + 1 else _IMPOSSIBLE


@_pattern(
    rf"{_MONTH}{_OF_YEAR}", rf"(?P<rel>this|last|previous)\s+year'?s?\s+{_MONTH}", rf"{_YEAR}\s+{_MONTH}"
)
def _month_of_year(m: re.Match[str], today: dt.date) -> _Found | None:
    month = _MONTHS[m["month"].lower()]
    return _in_year(lambda y: months_of(y, month, 1), _named_year(m, today), today, "month")


@_pattern(rf"(?:(?P<which>last|this|past)\s+)?{_MONTH}")
def _bare_month(m: re.Match[str], today: dt.date) -> _Found | None:
    word, before, after = m["month"], m.string[: m.start()], m.string[m.end() :]
    if re.match(r"\s+\d{4}(?![\d.,])", after) and not re.match(rf"\s+\d{{4}}{_MEASURE}", after, re.I):
        return _IMPOSSIBLE  # of a year outside the calendar of shops
    if re.search(r"\b(?:every|each|any|next)\s*$", before, re.I):
        return None
    if not m["which"] and (
        word.lower() in ("may", "march", "mar", "sep", "dec", "jan", "jun") or len(word) == 3
    ):
        # "may" and "march" are words of their own: a capital or a preposition must say that they are months.
        led = re.search(
            (
                r"\b(in|of|for|during|since|until|till|before|after|by|from|to|and|through|vs\.?|than"
                r"|between|with|,)\s*$"
            ),
            before,
            re.I,
        )
        pronoun = re.match(r"\s+(i|we|you|it|be)\b", after, re.I)
        joined = re.match(rf"\s*(?:[-–]|to|through|and)\s*{_ANY_MONTH}(?![a-z])", after, re.I)
        if pronoun or not (led or joined or (word[0].isupper() and before.strip())):
            return None
    month = _MONTHS[word.lower()]

    def of_year(year: int) -> Days:
        return months_of(year, month, 1)

    if (m["which"] or "").lower() in ("last", "past") and month == today.month:
        return of_year(today.year - 1), "month"
    return _in_year(of_year, None, today, "month")


@_pattern(
    rf"(?:the\s+)?{_NTH}\s+quarter{_OF_YEAR}?",
    rf"q(?P<q>[1-4]){_OF_YEAR}?",
    rf"{_YEAR}[\s-]?q(?P<q>[1-4])",
    rf"(?P<rel>this|last|previous)\s+year'?s?\s+{_NTH}\s+quarter",
)
def _quarter(m: re.Match[str], today: dt.date) -> _Found | None:
    groups = m.groupdict()
    number = int(groups["q"]) if groups.get("q") else _ORDINALS[m["nth"].lower()]
    return _in_year(lambda y: months_of(y, 3 * number - 2, 3), _named_year(m, today), today, "quarter")


@_pattern(rf"q[05-9]{_OF_YEAR}")
def _no_quarter(m: re.Match[str], today: dt.date) -> _Found | None:
    return _IMPOSSIBLE


@_pattern(
    rf"(?:the\s+)?{_NTH}\s+half{_OF_YEAR}?",
    rf"h(?P<q>[12]){_OF_YEAR}",
    r"(?-i:H)(?P<q>[12])",
    rf"{_YEAR}[\s-]?h(?P<q>[12])",
)
def _half(m: re.Match[str], today: dt.date) -> _Found | None:
    groups = m.groupdict()
    number = int(groups["q"]) if groups.get("q") else _ORDINALS[m["nth"].lower()]
    is_led = re.search(
        r"\b(?:in|of|for|during|since|until|vs\.?|and|to|with)\s+$", m.string[: m.start()], re.I
    )
    is_joined = re.match(r"\s*(?:[-–]|to|and|vs\.?)\s*H[12]", m.string[m.end() :])
    if number > 2 or (len(m[0]) == 2 and not is_led and not is_joined):  # "H1" may be a product
        return None
    return _in_year(lambda y: months_of(y, 6 * number - 5, 6), _named_year(m, today), today, "half")


@_pattern(
    rf"(?:the\s+)?(?P<half>first|second|latter|last)\s+half\s+of\s+{_MONTH}{_OF_YEAR}?",
    rf"(?P<half>early|mid|late)(?:[\s-]|\s+in\s+){_MONTH}{_OF_YEAR}?",
)
def _part_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, first, last = _MONTHS[m["month"].lower()], *_PARTS_OF_MONTH[m["half"].lower()]
    return _in_year(lambda y: part_of_month(y, month, first, last), _named_year(m, today), today, "range")


_PARTS_OF_MONTH = {"first": (1, 15), "second": (16, 31), "latter": (16, 31), "last": (16, 31)}
_PARTS_OF_MONTH |= {"early": (1, 10), "mid": (11, 20), "late": (21, 31)}
_PARTS_OF_MONTH |= {
    "上旬": (1, 10),
    "中旬": (11, 20),
    "下旬": (21, 31),
    "上半月": (1, 15),
    "下半月": (16, 31),
}
"""First and last day; days that the month does not have are left out."""


@_pattern(rf"(?P<season>spring|summer|autumn|fall|winter){_OF_YEAR}")
def _season(m: re.Match[str], today: dt.date) -> _Found | None:
    first = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}[m["season"].lower()]
    return _in_year(lambda y: months_of(y, first, 3), _named_year(m, today), today, "range")


_WHOLE = r"(?:(?:full|complete|completed|whole|entire|calendar)\s+)?"


@_pattern(rf"(?:the\s+)?(?:last|past|previous|recent|prior|preceding)\s+{_N}\s+(?P<whole>{_WHOLE}){_UNIT}s?")
def _last_n(m: re.Match[str], today: dt.date) -> _Found | None:
    if m["whole"]:
        unit = m["unit"].lower()
        return (unit_ago(unit, _count(m["n"]), today)[0], unit_ago(unit, 0, today)[0]), "range"
    return units_back(m["unit"].lower(), _count(m["n"]), today), "range"


@_pattern(
    r"(?:the\s+)?(?P<which>first|last)\s+day\s+of\s+(?P<whose>this|last|previous)\s+(?P<unit>week|month|quarter|year)"
)
def _day_at_the_end(m: re.Match[str], today: dt.date) -> _Found | None:
    start, end = unit_ago(m["unit"].lower(), int(m["whose"].lower() != "this"), today)
    return one_day(start if m["which"].lower() == "first" else end - dt.timedelta(days=1)), "day"


@_pattern(r"(?:the\s+)?(?:last|past|previous)\s+fortnight")
def _fortnight(m: re.Match[str], today: dt.date) -> _Found | None:
    return units_back("day", 14, today), "range"


@_pattern(rf"{_N}\s+{_UNIT}s?\s+ago")
def _ago(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = m["unit"].lower()
    days = unit_ago(unit, _count(m["n"]), today)
    grain: Grain = unit  # type: ignore[assignment]  # the pattern lists grains only
    return days, grain


for _text, _handler in lengths_behind.PATTERNS:
    _pattern(_text)(_handler)


@_pattern(rf"(?P<which>this|current|last|previous|prior|past)\s+{_WHOLE}{_UNIT}(?!\s+(?:year|of)\b)(?:'s)?")
def _this_or_last(m: re.Match[str], today: dt.date) -> _Found | None:
    unit, which = m["unit"].lower(), m["which"].lower()
    if which == "past":
        return units_back(unit, 1, today), "range"
    grain: Grain = unit  # type: ignore[assignment]
    return unit_ago(unit, 0 if which in ("this", "current") else 1, today), grain


@_pattern(r"(?:the\s+)?day\s+before\s+yesterday", r"today(?:'s)?", r"yesterday(?:'s)?", r"tonight")
def _near_day(m: re.Match[str], today: dt.date) -> _Found | None:
    word = m[0].lower()
    back = 2 if "before" in word else int("yesterday" in word)
    return one_day(today - dt.timedelta(days=back)), "day"


_WEEKDAYS = {name.lower(): place for place, name in enumerate(calendar.day_name)}
_ZWEEKDAYS = {name: place for place, name in enumerate("一二三四五六日")} | {"天": 6}


@_pattern(rf"(?:this\s+)?(?:last|past|previous)\s+(?P<day>{'|'.join(_WEEKDAYS)})(?!s)")
def _last_weekday(m: re.Match[str], today: dt.date) -> _Found | None:
    back = (today.weekday() - _WEEKDAYS[m["day"].lower()] - 1) % 7 + 1
    return one_day(today - dt.timedelta(days=back)), "day"


@_pattern(
    r"(?P<which>上上|上|本|这)个?(?:周|星期|礼拜)(?P<day>一(?![个共起直般样些下])|二(?!手)|[三四五六]|日(?![均常期])|天(?!气))"
)
def _zh_weekday(m: re.Match[str], today: dt.date) -> _Found | None:
    monday = unit_ago("week", {"上上": 2, "上": 1}.get(m["which"], 0), today)[0]
    return one_day(monday + dt.timedelta(days=_ZWEEKDAYS[m["day"]])), "day"


@_pattern(r"(?:the\s+)?(?P<which>last|past|previous|this)\s+weekend", r"(?P<which>上上|上|本|这)个?周末")
def _weekend(m: re.Match[str], today: dt.date) -> _Found | None:
    """Saturday and Sunday; on a Sunday "last weekend" is not the one that is still going on."""
    back = {"上上": 2, "本": 0, "这": 0, "this": 0}.get(m["which"].lower(), 1)
    saturday = unit_ago("week", back, today)[0] + dt.timedelta(days=5)
    return (saturday, saturday + dt.timedelta(days=2)), "range"


@_pattern(r"(?:the\s+)?(?P<unit>week|month|quarter|year)\s+before\s+last")
def _before_last(m: re.Match[str], today: dt.date) -> _Found | None:
    grain: Grain = m["unit"].lower()  # type: ignore[assignment]
    return unit_ago(m["unit"].lower(), 2, today), grain


@_pattern(r"the\s+(?P<unit>day|week|month|quarter|year)\s+before(?!\s+(?:last|yesterday)\b)")
def _one_before(m: re.Match[str], today: dt.date) -> _Found | None:
    grain: Grain = m["unit"].lower()  # type: ignore[assignment]
    return unit_ago(m["unit"].lower(), 1, today), grain


@_pattern(r"the\s+(?:start|beginning)\s+of\s+(?:the|this)\s+(?P<unit>week|month|quarter|year)")
def _start_of(m: re.Match[str], today: dt.date) -> _Found | None:
    grain: Grain = m["unit"].lower()  # type: ignore[assignment]
    return unit_ago(m["unit"].lower(), 0, today), grain


@_pattern(
    r"(?P<unit>year|month|quarter|week)[\s-]to[\s-]date",
    r"ytd",
    r"mtd",
    r"qtd",
    r"so\s+far\s+this\s+(?P<unit>year|month|quarter|week)",
)
def _to_date(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = m.groupdict().get("unit") or {"y": "year", "m": "month", "q": "quarter"}[m[0][0].lower()]
    return (unit_ago(unit.lower(), 0, today)[0], today + dt.timedelta(days=1)), "range"


@_pattern(
    r"(?:this|the\s+same)\s+time\s+last\s+year",
    (
        r"(?:the\s+)?(?:same|this)\s+(?P<unit>month|quarter|week|day)\s+(?:of\s+)?(?:last"
        r"|the\s+previous|a)\s+year(?:\s+ago)?"
    ),
)
def _same_last_year(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = (m.groupdict().get("unit") or "month").lower()
    grain: Grain = unit  # type: ignore[assignment]
    return unit_ago(unit, 0, shift_months(today, -12)), grain


@_pattern(
    rf"(?:the\s+)?(?P<a>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:to|[-–~]|until|through)\s*(?:the\s+)?"
    rf"(?P<b>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}{_OF_YEAR}?",
    rf"(?<=between )(?:the\s+)?(?P<a>\d{{1,2}})(?:st|nd|rd|th)?\s+and\s+(?:the\s+)?"
    rf"(?P<b>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}{_OF_YEAR}?",
    rf"{_MONTH}\s+(?:the\s+)?(?P<a>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:to|[-–~]|until|through)\s*(?:the\s+)?"
    rf"(?P<b>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_OF_YEAR}?",
    rf"(?<=between ){_MONTH}\s+(?P<a>\d{{1,2}})(?:st|nd|rd|th)?\s+and\s+(?:the\s+)?"
    rf"(?P<b>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_OF_YEAR}?",
)
def _days_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, first, last = _MONTHS[m["month"].lower()], int(m["a"]), int(m["b"])
    return _days_in_year(month, first, last, m, today)


@_pattern(r"(?:the\s+)?week\s+(?:of|from|starting(?:\s+on)?)\s+(?P<year>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)")
def _week_of(m: re.Match[str], today: dt.date) -> _Found | None:
    day = date_or_none(int(m["year"]), int(m["m"]), int(m["d"]))
    return (week_of(day), "week") if day else None


@_pattern(
    rf"(?:the\s+)?(?P<which>first|second|third|fourth|last)\s+(?P<unit>week|day)\s+(?:of|in)\s+{_MONTH}{_OF_YEAR}?",
    rf"(?P<unit>week)\s+(?P<which>[1-4])\s+of\s+{_MONTH}{_OF_YEAR}?",
)
def _unit_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, length = _MONTHS[m["month"].lower()], 7 if m["unit"].lower() == "week" else 1
    number = int(m["which"]) if m["which"].isdecimal() else _ORDINALS[m["which"].lower()]

    def make(year: int) -> Days:
        start, end = months_of(year, month, 1)
        step = dt.timedelta(days=length)
        return (
            (end - step, end)
            if m["which"].lower() == "last"
            else (start + (number - 1) * step, start + number * step)
        )

    return _in_year(make, _named_year(m, today), today, "range")


@_pattern(rf"(?:the\s+)?(?P<which>first|last)\s+(?P<n>\d{{1,2}})\s+days\s+(?:of|in)\s+{_MONTH}{_OF_YEAR}?")
def _days_at_the_end(m: re.Match[str], today: dt.date) -> _Found | None:
    month, count = _MONTHS[m["month"].lower()], dt.timedelta(days=int(m["n"]))

    def make(year: int) -> Days:
        start, end = months_of(year, month, 1)
        return (
            (start, min(end, start + count))
            if m["which"].lower() == "first"
            else (max(start, end - count), end)
        )

    return _in_year(make, _named_year(m, today), today, "range")


_WEEK = r"(?P<w>[1-9]|[0-4]\d|5[0-3])"


@_pattern(
    rf"(?:the\s+)?(?:(?:calendar\s+|iso\s+)?week|(?-i:[KC]W))\s*(?:no\.?\s*|number\s+)?{_WEEK}{_OF_YEAR}?",
    rf"{_YEAR}-?(?-i:W){_WEEK}",
    rf"(?<!月)(?<!月的)(?<!月份)(?:{_ZYEAR}\s*的?)?第\s*{_WEEK}\s*周",
)
def _numbered_week(m: re.Match[str], today: dt.date) -> _Found | None:
    number = int(m["w"])
    return _in_year(lambda y: iso_week(y, number), _named_year(m, today), today, "week")


@_pattern(
    rf"(?<![\w-])(?:the\s+)?(?:year\s+)?{_YEAR}(?:'s)?(?!\w)",
    # beside a Chinese word only where two years are joined: 2024到2025, 2024和2025年
    rf"(?<![\w-]){_YEAR}(?=[到至和与及、](?:19|20)\d\d)",
    rf"(?<=\d[到至和与及、]){_YEAR}(?![0-9A-Za-z_])",
)
def _plain_year(m: re.Match[str], today: dt.date) -> _Found | None:
    before, after = m.string[: m.start()], m.string[m.end() :]
    if re.match(_MEASURE, after, re.I) or re.search(_NUMBERED, before, re.I) or re.match(r"[-.,/]\d", after):
        return None
    year = full_year(int(m["year"]), today)
    if len(m["year"]) == 2 and not today.year - SHORT_YEARS <= year <= today.year:
        return None
    return year_of(year), "year"


@_pattern(r"(?:in|during)\s+(?P<year>\d\d)(?!\s*[a-z%°€$£]|\s*[-/.,:]\s*[\da-z])")
def _short_year(m: re.Match[str], today: dt.date) -> _Found | None:
    year = full_year(int(m["year"]), today)
    return (year_of(year), "year") if today.year - SHORT_YEARS <= year <= today.year else None


@_pattern(rf"{_ZYEAR}?\s*的?{_ZMONTH}\s*(?P<d>\d{{1,2}}|[一二三]?十?[一二三四五六七八九十])\s*[日号]")
def _zh_day(m: re.Match[str], today: dt.date) -> _Found | None:
    month, number = zh_number(m["month"]), zh_number(m["d"])
    if month is None or number is None:
        return None
    return _day_in_year(month, number, m, today)


@_pattern(
    rf"{_ZYEAR}?\s*的?{_ZMONTH}\s*(?P<a>\d{{1,2}})\s*[日号]?\s*[-–—~～到至]\s*(?P<b>\d{{1,2}})\s*[日号]"
)
def _zh_days(m: re.Match[str], today: dt.date) -> _Found | None:
    month, first, last = zh_number(m["month"]) or 0, int(m["a"]), int(m["b"])
    return _days_in_year(month, first, last, m, today)


@_pattern(rf"{_ZYEAR}?\s*的?(?<![\d.个])(?<!上)(?<!近){_ZMONTH}")
def _zh_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month = zh_number(m["month"])
    if month is None:
        return None
    if re.search(r"\d年\s*的?$", m.string[: m.start()]):  # a year that no shop has seen
        return _IMPOSSIBLE
    return _in_year(lambda y: months_of(y, month, 1), _named_year(m, today), today, "month")


@_pattern(rf"{_ZYEAR}?\s*的?(?<![\d.个])(?<!上)(?<!近){_ZMONTH}\s*的?(?P<part>[上中下]旬|[上下]半月)")
def _zh_part_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, (first, last) = zh_number(m["month"]), _PARTS_OF_MONTH[m["part"]]
    if month is None:
        return None
    return _in_year(lambda y: part_of_month(y, month, first, last), _named_year(m, today), today, "range")


@_pattern(
    r"(?P<which>本|这个?|上个?)月(?:份)?的?(?P<part>[上中下]旬|[上下]半月)",
    r"(?P<part>[上下]半月)",
)
def _zh_part_of_some_month(m: re.Match[str], today: dt.date) -> _Found | None:
    is_last = (m.groupdict().get("which") or "").startswith("上")
    month = shift_months(today.replace(day=1), -1 if is_last else 0)
    return part_of_month(month.year, month.month, *_PARTS_OF_MONTH[m["part"]]), "range"


@_pattern(
    rf"{_ZYEAR}?\s*的?(?<![\d.个])(?<!上)(?<!近){_ZMONTH}\s*的?第\s*(?P<w>[一二三四1-4])\s*(?:个?星期|周)"
)
def _zh_week_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, week = zh_number(m["month"]), zh_number(m["w"])
    if month is None or week is None:
        return None
    return _in_year(
        lambda y: part_of_month(y, month, 7 * week - 6, 7 * week), _named_year(m, today), today, "range"
    )


@_pattern(rf"{_ZYEAR}?\s*的?第?(?P<q>[一二三四1-4])\s*个?季度?", rf"{_ZYEAR}\s*的?[qQ](?P<q>[1-4])")
def _zh_quarter(m: re.Match[str], today: dt.date) -> _Found | None:
    number = zh_number(m["q"])
    if number is None:
        return None
    return _in_year(lambda y: months_of(y, 3 * number - 2, 3), _named_year(m, today), today, "quarter")


@_pattern(rf"{_ZYEAR}?\s*的?(?P<half>上半年|下半年)")
def _zh_half(m: re.Match[str], today: dt.date) -> _Found | None:
    first = 1 if m["half"] == "上半年" else 7
    return _in_year(lambda y: months_of(y, first, 6), _named_year(m, today), today, "half")


@_pattern(
    rf"{_ZYEAR}?(?P<same>去年同期|去年同月|去年这个时候|去年此时|去年的?同一?个?(?:时期|时候|时段|时间段?|阶段))"
)
def _zh_same(m: re.Match[str], today: dt.date) -> _Found | None:
    return unit_ago("month", 0, shift_months(today, -12)), "month"


@_pattern(r"今年以来|年初至今|今年至今|本年至今|本月至今")
def _zh_to_date(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = "month" if "月" in m[0] else "year"
    return (unit_ago(unit, 0, today)[0], today + dt.timedelta(days=1)), "range"


@_pattern(rf"{_ZYEAR}(?:全年|度)?")
def _zh_year(m: re.Match[str], today: dt.date) -> _Found | None:
    year = _named_year(m, today)
    return (year_of(year), "year") if year is not None else None


@_pattern(r"大前天|前天|昨天|昨日|今天|今日|当天")
def _zh_near_day(m: re.Match[str], today: dt.date) -> _Found | None:
    back = {"大前天": 3, "前天": 2, "昨天": 1, "昨日": 1}.get(m[0], 0)
    return one_day(today - dt.timedelta(days=back)), "day"


@_pattern(r"(?P<which>上上|上|本|这|当|前)一?个?(?P<unit>周|星期|礼拜|月|季度|季)(?!度?前)")
def _zh_unit(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = _ZUNITS[m["unit"]]
    grain: Grain = unit  # type: ignore[assignment]
    return unit_ago(unit, {"上上": 2, "上": 1, "前": 1}.get(m["which"], 0), today), grain


@_pattern(rf"(?:最近|近|过去|前|近来)的?\s*{_ZN}\s*个?{_ZUNIT}(?:以?内|里|以来)?")
def _zh_last_n(m: re.Match[str], today: dt.date) -> _Found | None:
    unit = _ZUNITS[m["unit"]]
    if m["n"] == "半":
        return (units_back("month", 6, today), "range") if unit == "year" else None
    count = zh_number(m["n"]) or 0
    if m[0].startswith("前") and (unit == "quarter" or (unit == "month" and count >= LONG_YEARS)):
        return None  # see _zh_first_of_this_year
    return (units_back(unit, count, today), "range") if count else None


@_pattern(r"(?:the\s+)?(?:last|past|previous)\s+half(?:\s+a)?[\s-]+year")
def _half_a_year(m: re.Match[str], today: dt.date) -> _Found | None:
    return units_back("month", 6, today), "range"


@_pattern(rf"{_ZN}\s*个?{_ZUNIT}(?:之|以)?前")
def _zh_ago(m: re.Match[str], today: dt.date) -> _Found | None:
    count = zh_number(m["n"])
    is_named = m["unit"] == "日" or (m["unit"] == "月" and "个" not in m[0])
    if not count or count > 200 or is_named:  # 8月前 is before August, 15日前 before the 15th
        return None
    unit = _ZUNITS[m["unit"]]
    grain: Grain = unit  # type: ignore[assignment]
    return unit_ago(unit, count, today), grain


# --- parts of longer periods -----------------------------------------------------------------------------

_IS_FIRST = {"first": True, "last": False, "final": False, "前": True, "头": True, "最后": False, "后": False}
_OF_SOME_YEAR = (
    r"\s+of\s+(?:the\s+)?(?:year\s+)?"
    r"(?:(?P<year>(?:19|20)\d\d)|(?P<rel>this|last|previous)\s+year|(?P<this>year))"
)
_ZCOUNT = r"(?P<n>\d{1,2}|[一二两三四五六七八九十]{1,3})\s*个?"
_SEASONS = {
    "spring": 3,
    "summer": 6,
    "autumn": 9,
    "fall": 9,
    "winter": 12,
    "春": 3,
    "夏": 6,
    "秋": 9,
    "冬": 12,
}
_ZWHICH = r"(?P<which>上上|上|本|这)一?个?"
_ZAGO = {"上上": 2, "上": 1}
LONG_YEARS = 7
"""Months from which 前N个月 are the first of a year, as in a report; fewer are those just gone."""


def _side_of(days: Days, is_first: bool, unit: str, count: int) -> Days | None:
    """The first or last so many units of some days; ``None`` where they have no such part."""
    start, end = days
    if unit in ("month", "quarter"):
        months = count * (3 if unit == "quarter" else 1)
        if (end - start).days < 28 * months:
            return None
        return (start, shift_months(start, months)) if is_first else (shift_months(end, -months), end)
    length = dt.timedelta(days=count * (7 if unit == "week" else 1))
    if length > end - start:
        return None
    return (start, start + length) if is_first else (end - length, end)


@_pattern(
    rf"(?:the\s+)?(?P<side>first|last|final)\s+(?:{_N}\s+)?(?P<unit>day|week|month|quarter)s?{_OF_SOME_YEAR}",
    rf"(?:the\s+)?(?P<side>first)\s+{_N}\s+(?P<unit>week|month|quarter)s\s+(?P<rel>this|last|previous)\s+year",
)
def _part_of_year(m: re.Match[str], today: dt.date) -> _Found | None:
    year = _named_year(m, today) or today.year
    count = _count(m["n"]) if m["n"] else 1
    days = _side_of(year_of(year), _IS_FIRST[m["side"].lower()], m["unit"].lower(), count)
    return (days, "range") if days is not None else _IMPOSSIBLE


@_pattern(
    rf"(?:the\s+)?(?P<side>first|last|final)\s+{_N}\s+(?P<unit>day|week)s\s+(?:of|in)\s+{_MONTH}{_OF_YEAR}?"
)
def _part_of_some_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month, is_first, count = _MONTHS[m["month"].lower()], _IS_FIRST[m["side"].lower()], _count(m["n"])

    def make(year: int) -> Days | None:
        return _side_of(months_of(year, month, 1), is_first, m["unit"].lower(), count)

    return _in_year(make, _named_year(m, today), today, "range")


@_pattern(rf"{_ZYEAR}\s*的?(?P<side>前|头|最后|后)\s*{_ZCOUNT}(?P<unit>月|季度|季|周|星期|天)(?!前|内)")
def _zh_part_of_year(m: re.Match[str], today: dt.date) -> _Found | None:
    year, count = _named_year(m, today), zh_number(m["n"])
    if year is None or not count:
        return None
    days = _side_of(year_of(year), _IS_FIRST[m["side"]], _ZUNITS[m["unit"]], count)
    return (days, "range") if days is not None else _IMPOSSIBLE


@_pattern(rf"前\s*{_ZCOUNT}(?P<unit>月|季度|季)(?!前|内)")
def _zh_first_of_this_year(m: re.Match[str], today: dt.date) -> _Found | None:
    """前三季度 and 前8个月 are of the year, as reports have them; 前三个月 are those just gone."""
    count = zh_number(m["n"]) or 0
    if m["unit"] == "月" and count < LONG_YEARS:
        return None
    days = _side_of(year_of(today.year), True, _ZUNITS[m["unit"]], count)
    return (days, "range") if days is not None else None


@_pattern(rf"{_ZYEAR}\s*的?(?P<season>春|夏|秋|冬)(?:天|季(?!度|[新款]))")
def _zh_season(m: re.Match[str], today: dt.date) -> _Found | None:
    first = _SEASONS[m["season"]]
    return _in_year(lambda y: months_of(y, first, 3), _named_year(m, today), today, "range")


@_pattern(r"(?P<which>last|this|past|previous)\s+(?P<season>spring|summer|autumn|fall|winter)")
def _near_season(m: re.Match[str], today: dt.date) -> _Found | None:
    """The summer that has begun last; of one that is not over, last summer is the one before."""
    first = _SEASONS[m["season"].lower()]
    begun = latest_begun(lambda y: months_of(y, first, 3), today)
    if begun is None:
        return None
    is_before = m["which"].lower() != "this" and begun[1] > today
    return (months_of(begun[0].year - 1, first, 3) if is_before else begun), "range"


@_pattern(
    rf"{_ZWHICH}(?:周|星期|礼拜)(?P<a>[一二三四五六日天])\s*[-–—~～到至]\s*(?:周|星期|礼拜)?(?P<b>[一二三四五六日天])"
)
def _zh_days_of_week(m: re.Match[str], today: dt.date) -> _Found | None:
    monday = unit_ago("week", _ZAGO.get(m["which"], 0), today)[0]
    first, last = (_ZWEEKDAYS[m[group]] for group in "ab")
    if last <= first:
        return _IMPOSSIBLE
    return (monday + dt.timedelta(days=first), monday + dt.timedelta(days=last + 1)), "range"


@_pattern(rf"{_ZWHICH}月的?(?P<a>\d{{1,2}})[日号]?(?:\s*[-–—~～到至]\s*(?P<b>\d{{1,2}}))?[日号]")
def _zh_days_of_month(m: re.Match[str], today: dt.date) -> _Found | None:
    month = unit_ago("month", _ZAGO.get(m["which"], 0), today)[0]
    first = date_or_none(month.year, month.month, int(m["a"]))
    last = date_or_none(month.year, month.month, int(m["b"] or m["a"]))
    if first is None or last is None or last < first:
        return _IMPOSSIBLE
    return (first, last + dt.timedelta(days=1)), "range" if m["b"] else "day"


@_pattern(
    r"(?<![\d./])(?P<am>1[0-2]|0?[1-9])[./](?P<a>\d{1,2})\s*[-–—~～到至]\s*"
    r"(?P<bm>1[0-2]|0?[1-9])[./](?P<b>\d{1,2})(?![\d./]|\s*(?:元|块|%|折|万))"
)
def _zh_short_days(m: re.Match[str], today: dt.date) -> _Found | None:
    """8.1-8.15 in a Chinese sentence, which has the month first."""
    if not is_chinese(m.string):
        return None

    def make(year: int) -> Days | None:
        start = date_or_none(year, int(m["am"]), int(m["a"]))
        last = date_or_none(year, int(m["bm"]), int(m["b"]))
        return (start, last + dt.timedelta(days=1)) if start and last and start <= last else None

    return _in_year(make, None, today, "range")


@_pattern(r"(?<![\d.])(?P<year>(?:19|20)\d\d)\s*[-–—~～到至]\s*(?P<to>(?:19|20)\d\d)年(?![\d前])")
def _zh_years(m: re.Match[str], today: dt.date) -> _Found | None:
    first, last = int(m["year"]), int(m["to"])
    return ((dt.date(first, 1, 1), dt.date(last + 1, 1, 1)), "range") if first < last else _IMPOSSIBLE


@_pattern(
    r"(?<!as of )(?<!by )(?:this|yesterday)\s+(?:morning|afternoon|evening)|tonight|last\s+night|overnight",
    r"(?:the\s+)?(?:last|past)\s+(?:(?:few|\d{1,3})\s+)?hours?|q[1-4]\s+fy\s*'?\d\d(?:\d\d)?",
    r"[今昨][早晚夜](?![餐饭])|(?:今天|昨天)(?:早上|上午|中午|下午|晚上)(?!\s*(?:\d|[一二两三四五六七八九十]+点))",
    r"(?:过去|最近|近)\s*\d+\s*个?小时",
    rf"{_ZYEAR}?\s*的?(?:五一(?:假期|期间|黄金周|长假)?|暑假|暑期|寒假)",
)
def _no_days(m: re.Match[str], today: dt.date) -> _Found | None:
    """Hours, and holidays that no calendar here knows: nothing of all time may be told in their place."""
    return _IMPOSSIBLE


def atoms_of(question: str, today: dt.date) -> list[Atom]:
    """Simple expressions, leftmost first and longest among overlapping ones, with those that name no day."""
    question = _HYPHEN.sub(lambda m: f"{m[0][:-1]}–", question)  # of one length, so that places stay
    found: list[Atom] = []
    for pattern, handler in _PATTERNS:
        for m in pattern.finditer(question):
            try:
                result = handler(m, today)
            except (ValueError, OverflowError):  # a year outside the calendar
                continue
            if result:
                of_year = result[2] if len(result) == 3 else None
                found.append(Atom(result[0], result[1], m.start(), m.end(), of_year))
    found.sort(key=lambda a: (a.first, -a.last))
    return list(_longest(found))


def _longest(found: list[Atom]) -> Iterator[Atom]:
    taken: list[Atom] = []
    for atom in sorted(found, key=lambda a: (a.first - a.last, a.first)):
        if all(atom.last <= other.first or atom.first >= other.last for other in taken):
            taken.append(atom)
    return iter(sorted(taken, key=lambda a: a.first))
