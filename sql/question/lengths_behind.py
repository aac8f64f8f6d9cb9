"""Lengths of time behind: "more than 30 days ago", "not bought for 90 days", 下单超过10天还没发.

Of what waits ("unpaid for over two weeks") the event itself is that long ago, so that the days before then
are meant; of what is not done any more ("not bought in three months") it is the length up to today.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Literal

from sql.question.days import Days, before_today, units_back
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS

Handler = Callable[[re.Match[str], dt.date], tuple[Days, Literal["range"]] | None]

_COUNTS = {"a": 1, "an": 1, "a couple of": 2, **NUMBER_WORDS}
_N = rf"(?P<n>\d{{1,4}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_MORE = r"(?:more\s+than|over|longer\s+than|at\s+least|earlier\s+than)\s+"
_ZN = r"(?P<n>\d{1,4}|[一二两三四五六七八九十百]{1,4}|半)"
_ZUNIT = r"(?P<unit>天|周|星期|礼拜|个?月|个?季度?|年)"
_ZUNITS = {
    "天": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
_LONGEST = 200
"""Units; more of them are a year or a quantity."""
_DONE = (
    r"(?:bought|ordered|purchased|seen|visited|logged (?:in|on)|sold|moved|come|came"
    r"|been (?:here|active|in|back)|shopped|spent|returned|used|orders?|sales?|purchases?|activity|visits?"
    r"|movements?)"
)
_IS_NOT = r"(?:n['’]t|\b(?:do|did|have|has|had|was|is|are|were)nt)"
_NOT = re.compile(
    rf"(?:\b(?:not|never|no|without|nobody|nothing)\b|{_IS_NOT}\b)"
    rf"(?:\W+(?:been|yet|ever|have|had|placed|made|an?|any|anything|single))*\W+{_DONE}(?:\W+\w+){{0,3}}\s+$"
    r"|\b(?:silent|inactive|idle|dormant|quiet|unsold)\s+$",
    re.I,
)
"""That something was not done, right before the length."""
_NO_MORE = re.compile(rf"(?:\b(?:no|not)|{_IS_NOT})\s+$", re.I)
_AGED = re.compile(
    r"\b(?:orders?|invoices?|refunds?|tickets?|parcels?|payments?|returns?|quotes?|leads?|back-?orders?|claims?|stock"
    r"|carts?|baskets?|shipments?|transactions?|complaints?|requests?|ones|those|are|is|\))[,)]*\s+$",
    re.I,
)
"""What has an age because of its day; babies are older than six months by themselves."""
_DEALT_WITH = (
    r"(?:paid|shipped|sent|dispatched|delivered|processed|answered|resolved|collected|refunded|arrived"
    r"|gone out)"
)
_WAITS = re.compile(
    r"\b(?:open|pending|unpaid|waiting|outstanding|stuck|unshipped|unfulfilled|on hold|overdue|unanswered"
    r"|unresolved|un(?:delivered|processed)|in transit|on the way"
    rf"|not (?:yet |been )*{_DEALT_WITH}|{_IS_NOT} (?:yet |been )*{_DEALT_WITH})\b[^.?!]{{0,30}}$",
    re.I,
)
_DOES = (
    r"来|买|下[过单]|登[录陆]|消费|复购|回购|进[过货]|拿[过货]|续|联系|打卡|补|签到"
    r"|活跃|出现|光顾|到店|成交|动|卖|订|采购|开[过单]"
)
_AGAIN = r"(?:都|也|就|还|一直|再|已经|以上|多|了|时间)*"
_NO_RECENT = r"(?<!最近)(?<!近)(?<!过去)(?<!未来)(?<!前)(?<!第)(?<!\d)(?<![年月头这那有])"
_RANGE = re.compile(r"\s*[到至~～—-]")
_RANGE_BEFORE = re.compile(r"[到至~～—-]\s*$")


_Found = tuple[Days, Literal["range"]] | None


def _count(said: str) -> int:
    word = " ".join(said.lower().split())
    return int(_COUNTS.get(word) or (int(word) if word.isdecimal() else 0))


def _before(count: int, unit: str, today: dt.date) -> _Found:
    return ((dt.date.min, before_today(unit, count, today)), "range") if 0 < count <= _LONGEST else None


def _until_today(count: int, unit: str, today: dt.date) -> _Found:
    return (units_back(unit, count, today), "range") if 0 < count <= _LONGEST else None


def _longer_ago(m: re.Match[str], today: dt.date) -> _Found:
    count, unit = _count(m["n"]), m["unit"].lower()
    if _NO_MORE.search(m.string[: m.start()]):  # no more than 30 days ago
        return _until_today(count, unit, today)
    return _before(count, unit, today)


def _older_than(m: re.Match[str], today: dt.date) -> _Found:
    return _longer_ago(m, today) if _AGED.search(m.string[: m.start()]) else None


def _for_so_long(m: re.Match[str], today: dt.date) -> _Found:
    before, count, unit = m.string[: m.start()], _count(m["n"]), m["unit"].lower()
    if m[0][:3].lower() == "for" and _WAITS.search(before):
        return _before(count, unit, today)
    return _until_today(count, unit, today) if _NOT.search(before) else None


def _of_zh(m: re.Match[str]) -> tuple[int, str]:
    """Count and unit; none for 8月以前, which is before August, and for 24年, which is a year."""
    unit = m["unit"].removeprefix("个")
    if m["n"] == "半":
        return (6, "month") if unit == "年" else (0, "")
    if m["unit"] == "月" or (unit == "年" and m["n"].isdecimal() and len(m["n"]) > 1):
        return 0, ""
    return zh_number(m["n"]) or 0, "quarter" if unit.startswith("季") else _ZUNITS[unit]


def _zh_longer_ago(m: re.Match[str], today: dt.date) -> _Found:
    if _RANGE.match(m.string[m.end() :]) or _RANGE_BEFORE.search(m.string[: m.start()]):
        return None  # 10天以前到5天以前 begins on a day
    return _before(*_of_zh(m), today)


def _zh_for_so_long(m: re.Match[str], today: dt.date) -> _Found:
    return _until_today(*_of_zh(m), today)


PATTERNS: tuple[tuple[str, Handler], ...] = (
    (rf"{_MORE}{_N}\s+{_UNIT}s?\s+ago", _longer_ago),
    (rf"older\s+than\s+{_N}\s+(?P<unit>day|week|month|quarter)s?(?!\s+old)", _older_than),
    (rf"(?:in|for)\s+(?:{_MORE})?{_N}\s+{_UNIT}s?", _for_so_long),
    (rf"(?<![不没])(?:超过|早于|多于)?\s*{_ZN}\s*{_ZUNIT}(?:以上)?(?:之|以)前", _zh_longer_ago),
    (rf"(?<![不没])(?:超过|早于|多于)\s*{_ZN}\s*{_ZUNIT}前", _zh_longer_ago),
    (rf"(?<![不未没买])满\s*{_ZN}\s*{_ZUNIT}(?![减送打内质保])", _zh_longer_ago),
    (rf"[不未]满\s*{_ZN}\s*{_ZUNIT}", _zh_for_so_long),
    (rf"(?<![不没])(?:超过?|已经?|满)\s*{_ZN}\s*{_ZUNIT}(?={_AGAIN}(?:没有?|未)(?!{_DOES}))", _zh_longer_ago),
    (
        rf"{_NO_RECENT}(?:超过|已经?|整整)?\s*{_ZN}\s*{_ZUNIT}(?={_AGAIN}(?:没有?|未)(?:再|有)?(?:{_DOES}))",
        _zh_for_so_long,
    ),
)
"""Expressions with what they mean, as ``sql.question.date_words`` lists its own."""


def as_last(text: str) -> str | None:
    """A length of which nothing happened as the words that mean it by themselves: "last 90 days".

    >>> as_last("for over 90 days"), as_last("超过三个月"), as_last("May")
    ('last 90 days', '近三个月', None)
    """
    said = re.fullmatch(rf"(?:in|for)\s+(?:{_MORE})?{_N}\s+{_UNIT}s?", text.strip(), re.I)
    if said is not None:
        word = " ".join(said["n"].lower().split())
        return f"last {_COUNTS.get(word, word)} {said['unit'].lower()}s"
    zh = re.fullmatch(rf"(?:超过|已经?|整整|[不未]满)?\s*(?P<all>{_ZN}\s*{_ZUNIT})", text.strip())
    return f"近{zh['all']}" if zh is not None else None


_LENGTH = re.compile(
    rf"(?:.*\b)?{_N}\s+{_UNIT}s?(?:\s+ago)?"
    rf"|\D*?{_ZN.replace('<n>', '<zn>')}\s*{_ZUNIT.replace('<unit>', '<zunit>')}"
    r"(?:以上)?(?:(?:之|以)?前)?",
    re.I,
)


def is_length(text: str) -> bool:
    """Whether words are a length of time, of which nobody minds a day.

    >>> is_length("more than 30 days ago"), is_length("超过10天"), is_length("before 1 May")
    (True, True, False)
    """
    return _LENGTH.fullmatch(text.strip()) is not None
