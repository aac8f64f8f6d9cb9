"""Days of the week that a question names, as numbers: Monday is 1, Sunday 7."""

from __future__ import annotations

import re

_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7}
_DAY = re.compile(rf"\b({'|'.join(_ENGLISH)})s?\b|(?:周|星期|礼拜)([一二三四五六日天]+)", re.I)
_WEEKEND = re.compile(r"\bweekends?\b|周末|双休日", re.I)
_WORKDAY = re.compile(r"\bweekdays?\b|\b(?:working|business) days?\b|工作日|平日|平时(?!候)", re.I)


def weekdays_in(question: str) -> tuple[int, ...]:
    """The weekdays that a question names, in their order there, then those of a weekend or of workdays.

    >>> weekdays_in("what do we sell on Saturdays?"), weekdays_in("周六日的订单"), weekdays_in("weekends")
    ((6,), (6, 7), (6, 7))
    """
    found: dict[int, None] = {}
    for match in _DAY.finditer(question):
        if match[1]:
            found[_ENGLISH.index(match[1].lower()) + 1] = None
        else:
            found |= {_CHINESE[sign]: None for sign in match[2]}
    if _WEEKEND.search(question):
        found |= {6: None, 7: None}
    if _WORKDAY.search(question):
        found |= dict.fromkeys(range(1, 6))
    return tuple(found)
