"""What a statement for one question may hold: values, texts, periods, numbers and days that it speaks of."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence

from sql.question.ahead import periods_ahead
from sql.question.lengths_behind import as_last
from sql.question.linking import Links, Vocabulary
from sql.question.periods import Period
from sql.question.stretches import days_in, numbers_in, question_stretches
from sql.question.weekdays import weekdays_in
from sql.question.words import is_chinese, spaced
from sql.shop.workspace import Workspace
from sql.statement.grammar import number_text
from sql.statement.language_grammar import Sayable
from sql.statement.parse import parse
from sql.statement.sentence import During, Has, Number, Rolling, Statement, Step, Text, Tile, Times, Top
from sql.statement.spans import Span, span_of

FEW_VALUES = 12
"""Values of a column with no more than so many may always be compared with."""
FOREIGN_VALUES = 200
"""The same where the question is in another language than the values, which no linking finds."""
FOREIGN_SHARE = 0.8
MOST_FOREIGN = 1_500
"""Values of all columns together that are added so, the shortest lists first."""
MAX_TEXTS = 90
MAX_PERIODS = 12
MAX_WORDS = 7
"""Longest stretch of a question, in words, that may mean a period."""

_COMPARED = re.compile(
    r"\b(?:compar\w+|versus|vs|against|than|differen\w+|or)\b|对比|相比|比|与|和|还是", re.I
)
"""Words beside two periods that are held against each other, and no range."""
_PERIOD_WORD = re.compile(r"[A-Za-z]+|\d+(?:[-/.]\d+)*|[\u4e00-\u9fff]")
_TIME = re.compile(
    r"\d{4}|\d[-/.]\d|year|quarter|month|week|day|fiscal|\bfy|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|spring|summer|autumn|fall|winter|christmas|easter|tomorrow|[年月日周季天]|星期|礼拜|昨|今|明日",
    re.I,
)


def sayable(links: Links, vocabulary: Vocabulary, workspace: Workspace, *, previous: str = "") -> Sayable:
    """Values, texts, periods and numbers that a statement for one question may hold.

    Args:
        previous: the statement that a follow-up changes; what it holds may be said again.
    """
    linked: dict[tuple[str, str], dict[str, None]] = {}
    parts: dict[str, None] = {}
    for mention in links.mentions:
        if mention.kind == "value" and mention.value is not None:
            if mention.is_part:
                parts[mention.value] = None
            else:
                linked.setdefault((mention.view, mention.name), {})[mention.value] = None
    values = {key: tuple(known) for key, known in vocabulary.values.items() if 0 < len(known) <= FEW_VALUES}
    values = {
        key: tuple(dict.fromkeys([*linked.get(key, ()), *values.get(key, ())])) for key in [*linked, *values]
    }
    values |= _foreign(values, vocabulary, links.question)
    texts = [t for t in dict.fromkeys([*parts, *question_stretches(links.question)]) if "\n" not in t]
    periods, numbers = [*periods_of(links, workspace)], [*map(number_text, numbers_in(links)), "0", "1", "2"]
    numbers += [*map(str, weekdays_in(links.question)), *map(str, _units_of(links.periods, vocabulary))]
    numbers += [str(_PLACES[m[0].lower()]) for m in _PLACE.finditer(links.question)]
    if previous:
        for node in parse(previous).walk():
            if isinstance(node, During):
                periods += _before(node.words, links.question, workspace)
                periods.append(node.words)
            elif isinstance(node, Has) and node.during:
                periods.append(node.during)
            elif isinstance(node, Number):
                numbers.append(node.text)
            elif isinstance(node, Times | Step | Rolling | Tile | Top):
                numbers.append(str(node.count))
            elif isinstance(node, Text):
                texts.insert(0, node.value)
            elif isinstance(node, Statement) and node.limit is not None:
                numbers.append(str(node.limit))
    return Sayable(
        values=values,
        texts=tuple(texts[:MAX_TEXTS]),
        periods=tuple(dict.fromkeys(periods)),
        numbers=tuple(dict.fromkeys(numbers)),
        days=tuple(day.isoformat() for day in dict.fromkeys([*days_in(links), *_now_in(links, workspace)])),
    )


_PLACES = {
    word: place
    for words in (
        "second third fourth fifth sixth seventh eighth ninth tenth",
        "第二 第三 第四 第五 第六 第七 第八 第九 第十",
    )
    for place, word in enumerate(words.split(), 2)
}
_PLACE = re.compile("|".join(rf"\b{w}\b" if w.isascii() else w for w in _PLACES), re.I)
"""The third best month is of rank 3."""


def _foreign(
    values: Mapping[tuple[str, str], Sequence[str]], vocabulary: Vocabulary, question: str
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Values of longer lists in another language than the question: 背包, where the shop has Backpacks."""
    is_zh = is_chinese(question)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    count = 0
    for place in sorted(vocabulary.whole_values, key=lambda p: (len(vocabulary.values[p]), p)):
        known = vocabulary.values[place]
        if not FEW_VALUES < len(known) <= FOREIGN_VALUES or not any(map(_has_letters, known)):
            continue
        if sum(is_chinese(value) != is_zh for value in known) < FOREIGN_SHARE * len(known):
            continue
        count += len(known)
        if count > MOST_FOREIGN:
            break
        found[place] = tuple(dict.fromkeys([*values.get(place, ()), *known]))
    return found


def _has_letters(value: str) -> bool:
    return re.search(r"[^\W\d_]{2}", value) is not None


_UNIT_COLUMN = re.compile(
    r"(?:^|[ _])(?:year|quarter|month|yr|qtr|nian|yue)(?:$|[ _])|年份?$|月份?$|季度?$", re.I
)


def _units_of(periods: Sequence[Period], vocabulary: Vocabulary) -> list[int]:
    """Year, quarter and month of periods, where the shop has such columns: Q3 of this year is 2026 and 3."""
    has_units = any(
        column.type == "integer" and _UNIT_COLUMN.search(spaced(column.name))
        for view in vocabulary.views
        for column in view.columns
    )
    found: list[int] = []
    for period in periods if has_units else ():
        if 1 < period.start.year < 9999:
            found += [period.start.year]
            found += [period.start.month] if period.grain == "month" else []
            found += [(period.start.month + 2) // 3] if period.grain == "quarter" else []
    return found


_NOW = re.compile(
    r"\b(?:overdue|late|expir\w+|past|passed|due|still|already|yet|now|today|currently|outstanding|is over"
    r"|at the moment|atm|should (?:be|have)|valid)\b"
    r"|过期|逾期|超期|超时|到期|效期|临期|过了|已经|现在|目前|如今|至今|今天|还没|还未|尚未|仍|正在|早该|该到|有效",
    re.I,
)
"""Words by which a time is compared with the present one."""


def _now_in(links: Links, workspace: Workspace) -> tuple[dt.date, ...]:
    """The shop's today, where a word of the question compares with it: an expiry that has passed."""
    return (workspace.today,) if _NOW.search(links.question) else ()


def _self_contained(period: Period, today: dt.date, starts: int) -> str:
    """Words that mean a period by themselves: "Q1" of "Q1 and Q2 2025" alone would be this year's."""
    text = period.text.strip()
    span = span_of(text, today, starts, is_cut=False)
    if span is None and (last := as_last(text)) is not None and not period.is_open:
        return last
    if span is None and period.start == dt.date.min:
        return f"before {period.end.isoformat()}"
    if period.is_open or span is None or (span.start, span.end) == (period.start, period.end):
        return text
    if period.grain == "month":
        return f"{period.start:%Y-%m}"
    if period.grain == "quarter":
        return f"Q{(period.start.month + 2) // 3} {period.start.year}"
    return _in_days(period)


def _in_days(period: Period) -> str:
    last = period.end - dt.timedelta(days=1)
    return f"{period.start.isoformat()} to {last.isoformat()}"


_ONE_BEFORE = re.compile(
    r"\b(?:the|a|one) (?:day|week|month|quarter|year|period) (?:before|earlier|prior)\b"
    r"|\bthe (?:previous|prior|preceding) (?:day|week|month|quarter|year|period|one)\b"
    r"|(?:再|更)往前|再前|前一(?:天|日|周|个?星期|个?月|个?季度?|年)|上一(?:天|周|个?月|个?季度?|年)",
    re.I,
)


def _before(words: str, question: str, workspace: Workspace) -> list[str]:
    """The period just before one that a follow-up goes back from: the week before last week."""
    span = span_of(words, workspace.today, workspace.shop.fiscal_year_starts, is_cut=False)
    if not _ONE_BEFORE.search(question) or span is None or span.start is None or span.end is None:
        return []
    months = 12 * (span.end.year - span.start.year) + span.end.month - span.start.month
    is_of_months = months > 0 and span.start.day == span.end.day == 1
    if is_of_months:
        first = span.start.year * 12 + span.start.month - 1 - months
        start = dt.date(first // 12, first % 12 + 1, 1)
    else:
        start = span.start - (span.end - span.start)
    return [f"{start.isoformat()} to {(span.start - dt.timedelta(days=1)).isoformat()}"]


def _both(links: Links) -> list[str]:
    """Two neighbouring periods that are named side by side, as one: November and December."""
    found = []
    for a, b in itertools.pairwise(links.periods):
        between = links.question[a.last : b.first]
        early, late = sorted((a, b), key=lambda p: p.start)
        if _SIDE_BY_SIDE.fullmatch(between) and early.end == late.start and a.grain == b.grain:
            last = late.end - dt.timedelta(days=1)
            found.append(f"{early.start.isoformat()} to {last.isoformat()}")
    return found


_SIDE_BY_SIDE = re.compile(r"\s*(?:,|，|、|&|\+|\band\b|和|与|及|跟)?\s*(?:the\s+)?", re.I)


def _is_part(text: str, span: Span, period: Period) -> bool:
    """Whether words mean less than the range that they stand in: January of "from January to March"."""
    if (
        text.strip() == period.text.strip()
        or text not in period.text
        or span.start is None
        or span.end is None
    ):
        return False
    is_within = period.start <= span.start and span.end <= period.end
    return is_within and (span.start, span.end) != (period.start, period.end)


def periods_of(links: Links, workspace: Workspace) -> tuple[str, ...]:
    """Words of the question that mean one stretch of days each.

    For each stretch they are those that linking found, else the shortest that mean it.
    """
    today, starts = workspace.today, workspace.shop.fiscal_year_starts
    candidates = [_self_contained(p, today, starts) for p in links.periods]
    ahead = periods_ahead(links.question, today)
    candidates += [_in_days(p) if span_of(p.text, today, starts) is None else p.text for p in ahead]
    tokens = list(_PERIOD_WORD.finditer(links.question))
    ranges = [] if _COMPARED.search(links.question) else [p for p in links.periods if p.grain == "range"]
    stretches = [
        links.question[first.start() : last.end()]
        for n, first in enumerate(tokens)
        for last in tokens[n : n + MAX_WORDS]
    ]
    candidates += sorted(filter(_TIME.search, stretches), key=len)
    candidates += _both(links)
    found: dict[tuple[dt.date | None, dt.date | None, str | None], str] = {}
    for text in candidates:
        span = span_of(text, today, starts)
        if span is not None and not any(_is_part(text, span, p) for p in ranges):
            found.setdefault((span.start, span.end, span.unit), text)
    return tuple(found.values())[:MAX_PERIODS]
