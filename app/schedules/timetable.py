"""When something runs, in words ("monday and friday at 08:00", 每月1号 7点), read by rules; the next moments.

Pure. Times are those of a zone's clocks. A time that the clocks skip comes as much later, and one that they
show twice comes at its first. Not covered: intervals ("every two hours", "every other week").
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

LAST = 31
"""The day of a month that stands for its last one."""
EXAMPLES = ("day at 07:30", "monday 08:00", "month on the 1st at 07:00", "每周一 08:00", "每月1号 7点")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKDAYS, _WEEKEND = range(5), range(5, 7)
_LOOK_AHEAD_DAYS = 62
"""No timetable has a longer pause."""

_TIME = re.compile(
    r"(?i)\b(?:at\s+)?(?:(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>[ap])\.?m\b\.?"
    r"|(?P<hour24>\d{1,2}):(?P<minute24>\d{2})(?![\d:])|(?P<word>noon|midnight)\b)"
)
_FILLERS = frozenset({"every", "each", "on", "the", "at", "of", "in", "and", "a"})
_EVERY_DAY = ({"day"}, {"days"}, {"daily"})
_MONTH = frozenset({"month", "months", "monthly"})
_NAMED = {
    **{name[:length] + ending: (place,) for place, name in enumerate(_DAYS)
       for length in (3, len(name)) for ending in ("", "s")},
    "tues": (1,), "weds": (2,), "thur": (3,), "thurs": (3,),
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays"), tuple(_WORKDAYS)),
    **dict.fromkeys(("weekend", "weekends"), tuple(_WEEKEND)),
}  # fmt: skip
_RANGE = re.compile(r"\b([a-z]+)\s*(?:-|–|to|through)\s*([a-z]+)\b")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMERAL = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二两三四五六七八九]")
_CHINESE_TIME = re.compile(
    r"(?P<part>凌晨|早上|上午|中午|下午|晚上|傍晚)?"
    r"(?:(?P<hour>\d{1,2})[点點时](?:整|(?P<half>半)|(?P<quarter>[13])刻|(?P<minute>\d{1,2})分?)?"
    r"|(?P<hour24>\d{1,2})[::](?P<minute24>\d{2}))"
)
_CHINESE_DAYS = {digit: place for place, digit in enumerate("1234567")} | {"日": 6, "天": 6}
_CHINESE_WEEK = re.compile(r"(?:每个?)?(?:周|星期|礼拜)((?:[1-7日天末]|至|到|-|、|,|和|及|与|周|星期|礼拜)+)")
_CHINESE_MONTH = re.compile(r"每个?月的?((?:\d{1,2}(?!\d)[号日]?|最后[1一]天|月?底|月?末|、|,|和|及|与)+)")


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """Times on certain days: of a week, of a month, or on all where neither is said."""

    times: tuple[dt.time, ...]
    """Sorted, at least one."""
    weekdays: tuple[int, ...] = ()
    """Sorted; Monday is 0."""
    month_days: tuple[int, ...] = ()
    """Sorted, from 1; a month without that day has it on its last."""

    def moments_after(self, moment: dt.datetime, zone: dt.tzinfo | None) -> Iterator[dt.datetime]:
        """The moments after ``moment``, in UTC, each once.

        Args:
            zone: whose clocks count; ``None`` for this computer's own.
        """
        while True:
            moment = self.next_after(moment, zone)
            yield moment

    def next_after(self, moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
        """The first moment after ``moment``, in UTC; see :meth:`moments_after`."""
        first = moment.astimezone(zone).date() - dt.timedelta(days=1)
        days = (first + dt.timedelta(days=ahead) for ahead in range(_LOOK_AHEAD_DAYS))
        found = (
            due
            for day in days
            if self._has(day)
            for due in sorted(dt.datetime.combine(day, at, zone).astimezone(dt.UTC) for at in self.times)
            if due > moment
        )
        return next(found)

    def _has(self, day: dt.date) -> bool:
        if self.month_days:
            length = calendar.monthrange(day.year, day.month)[1]
            return day.day in (min(each, length) for each in self.month_days)
        return not self.weekdays or day.weekday() in self.weekdays

    def words(self, language: str = "en") -> str:
        """What was read; :func:`read_timetable` reads it back."""
        times = [f"{at:%H:%M}" for at in self.times]
        return _chinese(self, times) if language == "zh" else _english(self, times)


def upcoming(
    timetable: Timetable, moment: dt.datetime, zone: dt.tzinfo | None, count: int = 3
) -> list[dt.datetime]:
    """The next moments, in UTC."""
    return list(islice(timetable.moments_after(moment, zone), count))


def read_timetable(text: str) -> Timetable | None:
    """What ``text`` says in English or Chinese; ``None`` where any of it is not understood.

    >>> read_timetable("every monday at 8 am").words("zh")
    '每周一 08:00'
    """
    said = " ".join(text.lower().replace("：", ":").replace("，", ",").split())
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in said)
    try:
        return _read_chinese(said) if is_chinese else _read_english(said)
    except ValueError:  # a day 32, a time 25:00
        return None


def _table(
    times: Sequence[dt.time], *, weekdays: Sequence[int] = (), month_days: Sequence[int] = ()
) -> Timetable:
    """Raises ``ValueError``: no time, or no such day."""
    if not times or not all(1 <= day <= LAST for day in month_days):
        raise ValueError
    days = tuple(sorted(set(weekdays)))
    return Timetable(
        times=tuple(sorted(set(times))),
        weekdays=() if len(days) == len(_DAYS) else days,
        month_days=tuple(sorted(set(month_days))),
    )


def _read_english(said: str) -> Timetable | None:
    times = [_english_time(match) for match in _TIME.finditer(said)]
    rest = _RANGE.sub(_spelled, _TIME.sub(" ", said).replace("last day", str(LAST)).replace("first day", "1"))
    words = [word for word in re.findall(r"[^\s,]+", rest) if word not in _FILLERS]
    if set(words) in _EVERY_DAY:
        return _table(times)
    if _MONTH.intersection(words):
        days = [_ORDINAL.fullmatch(word) for word in words if word not in _MONTH]
        is_read = bool(days) and all(days)
        return _table(times, month_days=[int(day[1]) for day in days if day]) if is_read else None
    names = [word for word in words if word not in ("week", "weekly")]
    if not names or not all(name in _NAMED for name in names):
        return None
    return _table(times, weekdays=[day for name in names for day in _NAMED[name]])


def _english_time(match: re.Match[str]) -> dt.time:
    if match["word"]:
        return dt.time(12 if match["word"].lower() == "noon" else 0)
    if match["hour24"]:
        return dt.time(int(match["hour24"]), int(match["minute24"]))
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        raise ValueError
    return dt.time(hour % 12 + (12 if match["half"].lower() == "p" else 0), int(match["minute"] or 0))


def _spelled(match: re.Match[str]) -> str:
    """The days from one to another by name; other words stay as they are, and are not understood."""
    ends = [_NAMED.get(match[place], ()) for place in (1, 2)]
    if not all(len(end) == 1 for end in ends):
        return match[0]
    return " ".join(_DAYS[day] for day in _around(ends[0][0], ends[1][0]))


def _around(first: int, last: int) -> list[int]:
    """Weekdays from one to another; from Saturday to Monday over the week's end."""
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _read_chinese(said: str) -> Timetable | None:
    said = _NUMERAL.sub(lambda match: str(_number(match[0])), re.sub(r"([一-龥])(?=\s?\d)", r"\1 ", said))
    said = re.sub(r"(?<=\d)\s+(?=\d)", ",", said).replace(" ", "")
    times = [_chinese_time(match) for match in _CHINESE_TIME.finditer(said)]
    rest = _CHINESE_TIME.sub("", said).rstrip("、,和及与的")
    if re.fullmatch(r"每[天日]", rest):
        return _table(times)
    if re.fullmatch(r"(?:每个?)?工作日", rest):
        return _table(times, weekdays=_WORKDAYS)
    if week := _CHINESE_WEEK.fullmatch(rest):
        return _table(times, weekdays=_chinese_weekdays(week[1]))
    if month := _CHINESE_MONTH.fullmatch(rest):
        days = re.findall(r"\d{1,2}|最后|底|末", month[1].replace("最后1天", "最后"))
        return _table(times, month_days=[int(day) if day.isdecimal() else LAST for day in days])
    return None


def _number(numeral: str) -> int:
    """一 to 九十九.

    >>> _number("二十一"), _number("十"), _number("八")
    (21, 10, 8)
    """
    tens, is_ten, ones = numeral.rpartition("十")
    return (_DIGITS[tens] if tens else 1) * 10 * bool(is_ten) + (_DIGITS[ones] if ones else 0)


def _chinese_time(match: re.Match[str]) -> dt.time:
    hour = int(match["hour"] or match["hour24"])
    minute = 30 if match["half"] else 15 * int(match["quarter"] or 0)
    minute += int(match["minute"] or match["minute24"] or 0)
    if match["part"] in ("下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    if match["part"] == "中午" and hour < 3:
        hour += 12
    return dt.time(hour, minute)


def _chinese_weekdays(said: str) -> list[int]:
    days: list[int] = []
    is_range = False
    for sign in re.sub("周|星期|礼拜", "", said):
        if sign in "至到-":
            is_range = True
        elif sign == "末":
            days += _WEEKEND
        elif sign in _CHINESE_DAYS:
            day = _CHINESE_DAYS[sign]
            days += _around(days[-1], day) if is_range and days else [day]
            is_range = False
    if is_range or not days:
        raise ValueError
    return days


def _english(table: Timetable, times: Sequence[str]) -> str:
    if table.month_days:
        days = _and([_ordinal(day) for day in table.month_days])
        said = f"every month on the {days}"
    elif table.weekdays == tuple(_WORKDAYS):
        said = "every weekday"
    else:
        said = f"every {_and([_DAYS[day].capitalize() for day in table.weekdays]) or 'day'}"
    return f"{said} at {_and(times)}"


def _ordinal(day: int) -> str:
    if day == LAST:
        return "last day"
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _and(words: Sequence[str]) -> str:
    *before, last = words or [""]
    return f"{', '.join(before)} and {last}" if before else last


def _chinese(table: Timetable, times: Sequence[str]) -> str:
    if table.month_days:
        said = "每月" + "、".join("最后一天" if day == LAST else f"{day}号" for day in table.month_days)
    elif table.weekdays == tuple(_WORKDAYS):
        said = "每个工作日"
    else:
        said = "每" + ("、".join(f"周{'一二三四五六日'[day]}" for day in table.weekdays) or "天")
    return f"{said} {'、'.join(times)}"
