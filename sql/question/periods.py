"""Time expressions in English and Chinese questions, as half-open ranges of days.

Rules only, no model: "last month" must mean the same days every time. What it does not cover: clock times,
feasts of several days or of the moon's calendar ("Easter", 春节), fiscal calendars, and repeated times
("every Monday"). Single days of shopping (双十一, Black Friday) are named days. A day that does not exist
("29 Feb 2025", "31 June") names nothing, and never the month around it.

Conventions, the same in both languages:

- Weeks start on Monday; numbered ones are ISO's. The end is always exclusive.
- "last 30 days" and "last 3 months" run up to and including today; "last month" is the calendar month before.
- A month, quarter or half without a year is the most recent one that has begun.
- "since" and "after" leave the end open (``date.max``), "before" and "until" the start (``date.min``).
- "this time last year" is the same calendar month one year earlier.
- 03.05.2026 reads day first; 05/03/2026 reads month first, unless a date of the same question has no such
  month: 01/04/2026 - 30/04/2026 is April.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from sql.question.date_words import Atom, Grain, atoms_of
from sql.question.days import shift_months, week_of


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of days that a question names."""

    start: dt.date
    """First day; ``date.min`` when the question leaves it open."""
    end: dt.date
    """The day after the last one; ``date.max`` when the question leaves it open."""
    first: int
    """Where the words begin in the question."""
    last: int
    """Where they end (exclusive)."""
    text: str
    grain: Grain
    """The unit it was said in; ``range`` for anything that is not one calendar unit."""

    @property
    def is_open(self) -> bool:
        """Whether one side has no bound."""
        return self.start == dt.date.min or self.end == dt.date.max


def find_periods(question: str, today: dt.date) -> tuple[Period, ...]:
    """Return the periods that ``question`` names, in order of appearance, without overlap.

    Args:
        question: any text in English, Chinese or both.
        today: the shop's day, which "yesterday" counts from.

    >>> [(str(p.start), str(p.end)) for p in find_periods("revenue last month", dt.date(2026, 6, 30))]
    [('2026-05-01', '2026-06-01')]
    """
    atoms = _with_years(question, [atom for atom in atoms_of(question, today) if atom.is_day])
    periods: list[Period] = []
    at = 0
    while at < len(atoms):
        atom = atoms[at]
        following = atoms[at + 1] if at + 1 < len(atoms) else None
        joined = following and _join(question, atom, following, today)
        if joined:
            periods.append(joined)
            at += 2
            continue
        periods.append(_open_or_plain(question, atom, today))
        at += 1
    return tuple(_merge_same_last_year(question, periods, today))


def unread_dates(question: str, today: dt.date) -> tuple[str, ...]:
    """Words that are a date and name no days that are known here: "31 June", "Easter 2025".

    >>> unread_dates("orders on 31 June and in May", dt.date(2026, 6, 30))
    ('31 June',)
    """
    return tuple(question[a.first : a.last] for a in atoms_of(question, today) if not a.is_day)


# --- ranges ----------------------------------------------------------------------------------------------

_TO = re.compile(
    r"\s*初?(?:to|until|till|through|up to|[-–—~～…]|\.{2,3}|到|至|直到)\s*"
    r"(?:the\s+)?(?:end of\s+|beginning of\s+)?",
    re.I,
)
_BETWEEN = re.compile(r"(?:\bbetween|介于|在)\s*(?:the\s+)?$", re.I)
_AND = re.compile(r"\s*(?:\band\b|&|和|与|及|、)\s*(?:the\s+)?", re.I)
_LISTED = re.compile(r"\s*(?:,?\s*and\b|,|&|和|与|及|、)\s*(?:the\s+)?", re.I)
_NAMED_YEAR = re.compile(r"(?:19|20)\d\d|'\d\d|year|年", re.I)
_FROM = re.compile(r"(?:\bfrom|\bbetween|从|自|在)\s*(?:the\s+)?(?:beginning of\s+|start of\s+)?$", re.I)


def _with_years(question: str, atoms: list[Atom]) -> list[Atom]:
    """Of periods in a list the year that one names is the others' too: Q1, Q2 and Q3 2025."""
    lists: list[list[int]] = []
    for n, atom in enumerate(atoms):
        before = atoms[n - 1] if n else None
        joint = question[before.last : atom.first] if before is not None else ""
        if before is not None and before.grain == atom.grain and _LISTED.fullmatch(joint):
            lists[-1].append(n)
        else:
            lists.append([n])
    found = list(atoms)
    for places in lists:
        text = question[found[places[0]].first : found[places[-1]].last]
        before_it = question[: found[places[0]].first]
        if len(places) < 2 or not _AND.search(text) or _SAME_AS.search(text) or _BETWEEN.search(before_it):
            continue
        years = {
            found[n].days[0].year
            for n in places
            if _NAMED_YEAR.search(question[found[n].first : found[n].last])
        }
        if len(years) == 1:
            (year,) = years
            for n in places:
                if (of_year := found[n].of_year) is not None:
                    found[n] = replace(found[n], days=of_year(year), of_year=None)
    return found


def _join(question: str, a: Atom, b: Atom, today: dt.date) -> Period | None:
    """One range out of two neighbours, when the words between them say so."""
    middle, before = question[a.last : b.first], question[: a.first]
    if not (
        _TO.fullmatch(middle)
        or (_AND.fullmatch(middle) and re.search(r"\bbetween\s*(?:the\s+)?$", before, re.I))
    ):
        return None
    left, right = a.days, b.days
    if a.of_year and not b.of_year:
        left = a.of_year(b.days[0].year)
        if left[0] > right[0]:
            left = a.of_year(b.days[0].year - 1)
    elif b.of_year and not a.of_year:
        right = b.of_year(a.days[0].year)
        if right[0] < left[0]:
            right = b.of_year(a.days[0].year + 1)
    elif a.of_year and b.of_year and left[0] > right[0]:
        left = (
            a.of_year(right[0].year)
            if a.of_year(right[0].year)[0] <= right[0]
            else a.of_year(right[0].year - 1)
        )
    if left[0] > right[0]:
        return None
    lead = _FROM.search(before)
    first = lead.start() if lead else a.first
    tail = re.match(r"\s*(?:之间|期间|为止|止)", question[b.last :])
    last = b.last + (tail.end() if tail else 0)
    return Period(
        start=left[0], end=right[1], first=first, last=last, text=question[first:last], grain="range"
    )


_SINCE = re.compile(
    (
        r"(?:\bsince|\bfrom|\bstarting(?:\s+in|\s+from|\s+on)?|\bfrom the (?:start|beginning) of"
        r"|自从|自|从)\s*(?:the\s+)?(?:beginning of\s+|start of\s+|(?P<end>end of\s+))?$"
    ),
    re.I,
)
_AFTER = re.compile(r"(?:\bafter|\blater than)\s*(?:the\s+)?(?:end of\s+)?$", re.I)
_BEFORE = re.compile(
    r"(?:\bbefore|\bearlier than|\bprior to)\s*(?:the\s+)?(?:(?:beginning|start) of\s+|(?P<end>end of\s+))?"
    r"(?:the\s+)?$",
    re.I,
)
_NO_TILL = "".join(
    rf"(?<!\b{word} )"
    for word in (
        *(
            "per",
            "each",
            "every",
            "any",
            "one",
            "by",
            "the",
            "a",
            "in",
            "at",
            "from",
            "of",
            "for",
            "which",
            "our",
            "my",
        ),
        *(
            "your",
            "their",
            "main",
            "other",
            "first",
            "second",
            "third",
            "same",
            "new",
            "old",
            "front",
            "back",
        ),
    )
)
"""A till is also where money is taken."""
_UNTIL = re.compile(
    (
        rf"(?:\buntil|{_NO_TILL}\btill|\bup to|(?<!\bgo )(?<!\bgoes )(?<!\bgone )(?<!\bwent )\bthrough"
        r"|\bby(?:\s+the)?\s+end\s+of|截至|截止到?|直到)\s*(?:the\s+)?(?:end of\s+)?$"
    ),
    re.I,
)
_TAIL_SINCE = re.compile(
    r"\s*(?:以来|至今|开始|起|onwards?|on)(?![\w])|\s*(?:以来|至今|[到至](?:现在|今天|目前|今)|开始|起)"
)
_TAIL_AFTER = re.compile(r"\s*(?:之后|以后|后)(?!年)")
_TAIL_BEFORE = re.compile(r"\s*(?P<end>[底末])?(?:之前|以前|前)(?![几\d一二三两])")


_OF_IT = re.compile(
    r"(?<!\bstarting )(?<!\bbeginning )(?<!\beffective )(?<!\bas )\bfrom\s+(?:the\s+)?$", re.I
)
_COURSE = re.compile(
    r"\b(?:by|per|each|every) (?:day|week|month|quarter|year)\b"
    r"|\b(?:daily|weekly|monthly|quarterly|yearly|trend|develop\w*|evol\w*|chang\w+|gr[oe]w\w*|cumulative)\b"
    r"|\b(?:running|moving|rolling)\b|\bmonths? (?:over|by|after) months?\b"
    r"|\bof the (?:days|weeks|months|years)\b"
    r"|\bover time\b|\bchart\b|\bgraph\b|\bso far\b|\bin total\b",
    re.I,
)
"""What tells of a course of time: "from March" lets it begin, "through 2025" is all of that year."""
_ALL_YEAR = re.compile(r"(?<!\bup )\bthrough\s+(?:the\s+)?$", re.I)
_TILL_NOW = re.compile(
    r"\s*,?\s*(?:forwards?|upwards?|so far"
    r"|(?:up )?(?:to|until|till|through)\s+(?:the )?(?:now|today|date|this day|present))\b",
    re.I,
)


_ITS_WEEK = re.compile(r"\s*(?:那|这|当)一?个?(?:周|星期|礼拜)(?!末)")
_WEEK_OF = re.compile(r"\bthe week of\s+(?:the\s+)?$", re.I)


def _is_of_it(question: str, atom: Atom) -> bool:
    """Whether "from" and "through" open nothing: orders from June are June's."""
    before, after = question[: atom.first], question[atom.last :]
    is_course = _COURSE.search(question) is not None
    if _ALL_YEAR.search(before):
        return is_course and atom.grain == "year"
    opens = _TAIL_SINCE.match(after) or _TILL_NOW.match(after) or not before[: -len("from ")].strip()
    return _OF_IT.search(before) is not None and not is_course and not opens


def _open_or_plain(question: str, atom: Atom, today: dt.date) -> Period:
    """The expression itself, or the open range that words such as "since" make of it."""
    before, after = question[: atom.first], question[atom.last :]
    start, end = atom.days
    first, last, grain = atom.first, atom.last, atom.grain
    if grain == "day" and (m := _ITS_WEEK.match(after) or _WEEK_OF.search(before)):
        (start, end), grain = week_of(start), "week"
        if m.string is before:
            first, before = m.start(), before[: m.start()]
        else:
            last, after = last + m.end(), after[m.end() :]
    if grain == "range" and (m := _FROM.search(before)):  # "from 1 to 15 May" has an end
        first = m.start()
    elif _is_of_it(question, atom):
        pass
    elif (m := _SINCE.search(before)) and not re.match(r"\s*[到至]", after):
        first, start, end, grain = m.start(), end if m["end"] else start, dt.date.max, "range"
        tail = _TAIL_SINCE.match(after)
        last += tail.end() if tail else 0
    elif m := _AFTER.search(before):
        first, start, end, grain = m.start(), end, dt.date.max, "range"
    elif m := _BEFORE.search(before):
        first, start, end, grain = m.start(), dt.date.min, end if m["end"] else start, "range"
    elif m := _UNTIL.search(before):
        first, start, grain = m.start(), dt.date.min, "range"
    elif m := _TAIL_SINCE.match(after):
        last, end, grain = last + m.end(), dt.date.max, "range"
    elif m := _TAIL_AFTER.match(after):
        last, start, end, grain = last + m.end(), end, dt.date.max, "range"
    elif m := _TAIL_BEFORE.match(after):
        last, start, end, grain = last + m.end(), dt.date.min, end if m["end"] else start, "range"
    return Period(start=start, end=end, first=first, last=last, text=question[first:last], grain=grain)


_SAME_AS = re.compile(
    r"(?:the\s+)?same\s+(?:period|time|days)\s+(?:of\s+|in\s+)?(?:last|the\s+previous)\s+year"
    r"|去年的?同(?:期|一?个?(?:时期|时候|时段|时间段?|阶段))",
    re.I,
)


def _merge_same_last_year(question: str, periods: list[Period], today: dt.date) -> list[Period]:
    """ "The same period last year" beside another period: that period, one year earlier, as far as it has
    come."""
    m = _SAME_AS.search(question)
    others = [p for p in periods if not m or p.last <= m.start() or p.first >= m.end()]
    if not m or not others or others[0].start == dt.date.min:
        return periods
    base = others[0]
    is_going_on = base.start <= today < base.end
    end = today + dt.timedelta(days=1) if is_going_on else base.end
    moved = Period(
        start=shift_months(base.start, -12),
        end=shift_months(end, -12),
        first=m.start(),
        last=m.end(),
        text=m[0],
        grain="range" if is_going_on else base.grain,
    )
    return sorted([*others, moved], key=lambda p: p.first)
