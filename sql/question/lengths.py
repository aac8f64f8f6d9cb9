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
_ZUNIT = r"(?P<unit>天|日|周|星期|礼拜|个?月|个?季度?|年)"
_ZUNITS = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
_LONGEST = 200
"""Units; more of them are a year or a quantity."""
_NOT = re.compile(
    r"\b(?:not|never|no|without|nobody|nothing|silent|inactive|idle|dormant|quiet|unsold)\b[^.?!]{0,60}$"
    r"|n['’]?t\b[^.?!]{0,60}$",
    re.I,
)
_DEALT_WITH = (
    r"(?:paid|shipped|sent|dispatched|delivered|processed|answered|resolved|collected|refunded|arrived"
    r"|gone out)"
)
_WAITS = re.compile(
    r"\b(?:open|pending|unpaid|waiting|outstanding|stuck|unshipped|unfulfilled|on hold|overdue|unanswered"
    r"|unresolved|un(?:delivered|processed)|in transit|on the way"
    rf"|not (?:yet |been )*{_DEALT_WITH}|n['’]?t (?:yet |been )*{_DEALT_WITH})\b[^.?!]{{0,30}}$",
    re.I,
)
_DOES = (
    r"来|买|下[过单]|登[录陆]|消费|复购|回购|进[过货]|拿[过货]"
    r"|活跃|出现|光顾|到店|成交|动|卖|订|采购|开[过单]"
)
_AGAIN = r"(?:都|也|就|还|一直|再|已经|以上|多|了|时间)*"
_NO_RECENT = r"(?<!最近)(?<!近)(?<!过去)(?<!未来)(?<!前)(?<!第)(?<!\d)"


def _longer_ago(m: re.Match[str], today: dt.date) -> tuple[Days, Literal["range"]] | None:
    count = _COUNTS.get(said := " ".join(m["n"].lower().split())) or (int(said) if said.isdecimal() else 0)
    return _before(int(count), m["unit"].lower(), today)


def _before(count: int, unit: str, today: dt.date) -> tuple[Days, Literal["range"]] | None:
    return ((dt.date.min, before_today(unit, count, today)), "range") if 0 < count <= _LONGEST else None


def _for_so_long(m: re.Match[str], today: dt.date) -> tuple[Days, Literal["range"]] | None:
    before = m.string[: m.start()]
    if _WAITS.search(before):
        return _longer_ago(m, today)
    said = " ".join(m["n"].lower().split())
    count = int(_COUNTS.get(said) or (int(said) if said.isdecimal() else 0))
    is_length = _NOT.search(before) is not None and 0 < count <= _LONGEST
    return (units_back(m["unit"].lower(), count, today), "range") if is_length else None


def _of_zh(m: re.Match[str]) -> tuple[int, str]:
    unit = m["unit"].removeprefix("个")
    if m["n"] == "半":
        return (6, "month") if unit == "年" else (0, "")
    if m["unit"] == "月":
        return 0, ""  # 8月以前 is before August
    return zh_number(m["n"]) or 0, "quarter" if unit.startswith("季") else _ZUNITS[unit]


def _zh_longer_ago(m: re.Match[str], today: dt.date) -> tuple[Days, Literal["range"]] | None:
    return _before(*_of_zh(m), today)


def _zh_for_so_long(m: re.Match[str], today: dt.date) -> tuple[Days, Literal["range"]] | None:
    count, unit = _of_zh(m)
    return (units_back(unit, count, today), "range") if 0 < count <= _LONGEST else None


PATTERNS: tuple[tuple[str, Handler], ...] = (
    (rf"{_MORE}{_N}\s+{_UNIT}s?\s+ago", _longer_ago),
    (rf"older\s+than\s+{_N}\s+(?P<unit>day|week|month|quarter)s?(?!\s+old)", _longer_ago),
    (rf"(?:in|for)\s+(?:{_MORE})?{_N}\s+{_UNIT}s?(?!\s*[-a-z]*\s*(?:old|plans?|warranty))", _for_so_long),
    (rf"(?:超过|早于|多于|满)?\s*{_ZN}\s*{_ZUNIT}(?:以上)?(?:之|以)前", _zh_longer_ago),
    (rf"(?:超过|早于|多于)\s*{_ZN}\s*{_ZUNIT}前", _zh_longer_ago),
    (rf"满\s*{_ZN}\s*{_ZUNIT}(?![减送打内])", _zh_longer_ago),
    (rf"(?:超过?|已经?有?|满)\s*{_ZN}\s*{_ZUNIT}(?={_AGAIN}(?:没有?|未)(?!{_DOES}))", _zh_longer_ago),
    (
        rf"{_NO_RECENT}(?:超过|已经?|有|整整)?\s*{_ZN}\s*{_ZUNIT}(?={_AGAIN}(?:没有?|未)(?:再|有)?(?:{_DOES}))",
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
    zh = re.fullmatch(rf"(?:超过|已经?|有|整整)?\s*(?P<all>{_ZN}\s*{_ZUNIT})", text.strip())
    return f"近{zh['all']}" if zh is not None else None
