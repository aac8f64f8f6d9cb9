"""Whether a statement has the periods that its question names."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from sql.question.ahead import periods_ahead
from sql.question.lengths_behind import as_last, is_length
from sql.question.linking import Links
from sql.question.periods import Period, unread_dates
from sql.semantics import Shop
from sql.statement import sentence as la
from sql.statement.compile import Compiled
from sql.statement.spans import Span, shift_of, span_of


def periods_unheard(links: Links, compiled: Compiled, nodes: Sequence[la.Node], shop: Shop) -> list[str]:
    """Dates that name no day; periods that no DURING, comparison with a day or shift stands for."""
    unread = list(unread_dates(links.question, compiled.today))
    # what is to come beside another period is why somebody asks: "for next week's plan: orders of last week"
    periods = links.periods or periods_ahead(links.question, compiled.today)
    if not periods:
        return unread
    words = [n.words for n in nodes if isinstance(n, la.During)]
    words += [n.during for n in nodes if isinstance(n, la.Has) and n.during]
    today = compiled.today
    spans = [span_of(text, today, shop.fiscal_year_starts) for text in words]
    days = {n.value for n in nodes if isinstance(n, la.Text)}
    years = {n.text for n in nodes if isinstance(n, la.Number)}
    moved = list(_moved(compiled.span, nodes))
    beside = _beside(compiled, periods)
    heard: list[Period] = []
    for period in periods:
        said = period.text.strip().casefold()
        same, own = span_of(period.text.strip(), today, shop.fiscal_year_starts), _span(period)
        meant = [own] if same is None else [own, same]
        is_said = any(
            said in text.casefold() or (span is None and text.casefold() in said)
            for text, span in zip(words, spans, strict=True)
        )
        is_day = str(period.start) in days or str(period.end) in days
        is_day |= any(_ends_near(own, day) for day in map(_day, days) if day is not None)
        # a year that a column holds as a number
        is_day |= str(period.start.year) in years or (own.start is None and str(period.end.year) in years)
        is_same = any(s is not None and any(_is_alike(s, each) for each in meant) for s in spans)
        # "than last year" stands beside the same months of that year
        is_before = any(_lies_in(before, each) for before in moved for each in meant)
        if is_said or is_same or is_day or is_before or period in beside:
            heard.append(period)
    return [
        p.text for p in periods if p not in heard and not _is_of_another(p, heard, links.question)
    ] + unread


def _beside(compiled: Compiled, periods: Sequence[Period]) -> list[Period]:
    """Several units of time that a statement tells one by one: "last year and this year, how many each"."""
    units = {n.unit.lower() for n in compiled.statement.groups if isinstance(n, la.Grain)}
    alike = [p for p in periods if p.grain in units]
    whole, after = compiled.span, compiled.today + dt.timedelta(days=1)
    if len(alike) < 2 or whole is None or compiled.statement.limit is not None:
        return []
    start, end = min(p.start for p in alike), min(max(p.end for p in alike), after)
    return alike if (whole.start, whole.end and min(whole.end, after)) == (start, end) else []


def _span(period: Period) -> Span:
    start = None if period.start == dt.date.min else period.start
    return Span(start, None if period.end == dt.date.max else period.end, None, period.text)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _is_alike(said: Span, meant: Span) -> bool:
    """Whether the days are the same; of an open beginning a day more or less: "more than a week ago"."""
    if said.start is None and said.end is not None and _ends_near(meant, said.end):
        return True
    return (said.start, said.end) == (meant.start, meant.end)


def _ends_near(meant: Span, day: dt.date) -> bool:
    """Whether a period before some day ends then, or what did not happen for so long did so before."""
    if meant.start is None:
        away = abs((meant.end - day).days) if meant.end is not None else _ABOUT
        return away <= is_length(meant.words)
    return as_last(meant.words.strip()) is not None and abs((meant.start - day).days) <= _ABOUT


_ABOUT = 3
"""Days by which three months and 90 days may differ."""


def _is_of_another(period: Period, heard: Sequence[Period], question: str) -> bool:
    """Whether it is only the year of another beside it: "March to May, this year"."""
    for other in heard:
        between = question[min(period.last, other.last) : max(period.first, other.first)]
        is_inside = period.start <= other.start and other.end <= period.end
        if (
            period.grain == "year"
            and is_inside
            and not _APART.search(between)
            and not _OF_A_YEAR.search(other.text)
        ):
            return True
    return False


_APART = re.compile(r"\b(?:and|or|vs|versus|than|with|against|compared)\b|[和与跟比及、；;]", re.I)
_OF_A_YEAR = re.compile(
    r"\d{4}|\b(?:years?|this|last|previous|past|today|yesterday)\b|[年本这上今昨近去前]", re.I
)
"""What names its own year, or lies beside today."""


def _moved(span: Span | None, nodes: Sequence[la.Node]) -> Iterator[Span | None]:
    """The periods that a statement's comparisons look back to; ``None`` where those are many."""
    units = [n.unit for n in nodes if isinstance(n, la.Grain) and n.unit not in ("WEEKDAY", "HOUR")]
    for node in nodes:
        if not isinstance(node, la.Shifted):
            continue
        shift = shift_of(node.step) if node.step is not None else span and span.length()
        yield span.moved(shift) if span is not None and shift and not units else None


def _lies_in(before: Span | None, said: Span) -> bool:
    if before is None or before.start is None or before.end is None:
        return True
    return (said.start is None or said.start <= before.start) and (said.end is None or before.end <= said.end)
