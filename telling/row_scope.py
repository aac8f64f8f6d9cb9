"""Whether a query holds to what the question named: its period and its values.

An answer may only repeat what the query really does, so this reads the statement, not the question alone.
What the statement leaves out, ``sql.ask`` reports as unused.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlglot import exp

from sql.question.linking import Links
from sql.question.periods import Period
from telling.evidence import Scope


@dataclass(frozen=True)
class _Literals:
    texts: frozenset[str]
    """String literals, lower case, without the wildcards of LIKE."""
    numbers: frozenset[str]


def _literals(tree: exp.Expr) -> _Literals:
    texts: set[str] = set()
    numbers: set[str] = set()
    for literal in tree.find_all(exp.Literal):
        (texts if literal.is_string else numbers).add(str(literal.this).strip("%").lower())
    return _Literals(frozenset(texts), frozenset(numbers))


def scope_of(links: Links, tree: exp.Expr) -> Scope:
    """What a statement is limited to, in the question's words; empty where that cannot be told.

    Args:
        links: of the standalone question.
        tree: the statement over the shop's views, as it was asked.
    """
    literals = _literals(tree)
    values = tuple(
        dict.fromkeys(
            m.value
            for m in links.mentions
            if m.kind == "value" and m.value and m.value.lower() in literals.texts
        )
    )
    # Two periods are a comparison, which no single "from … to …" describes.
    is_limited = len(links.periods) == 1 and _is_in(links.periods[0], literals)
    return scoped(values, links.periods[0] if is_limited else None)


def scoped(values: tuple[str, ...], period: Period | None) -> Scope:
    """The scope of a query that is known to be limited to ``values`` and ``period``."""
    if period is None:
        return Scope(values=values)
    return Scope(
        values=values,
        period_text=period.text.strip(),
        period_first=None if period.start == dt.date.min else period.start,
        period_last=None if period.end == dt.date.max else period.end - dt.timedelta(days=1),
    )


def _is_in(period: Period, literals: _Literals) -> bool:
    """Whether the statement names both ends of the period, or the year, month or day that it is."""
    last = None if period.end == dt.date.max else period.end - dt.timedelta(days=1)
    if period.start == dt.date.min:
        starts = True
    else:
        starts = any(text.startswith(period.start.isoformat()) for text in literals.texts)
    if last is None:
        ends = True
    else:
        days = (period.end.isoformat(), last.isoformat())
        ends = any(text.startswith(days) for text in literals.texts)
    if starts and ends:
        return True
    year, month = str(period.start.year), str(period.start.month)
    if period.grain == "year":
        return year in literals.numbers or year in literals.texts
    if period.grain == "month":
        named = {f"{year}-{int(month):02d}"} & literals.texts
        return bool(named) or {year, month} <= literals.numbers
    if period.grain == "day":
        return any(text.startswith(period.start.isoformat()) for text in literals.texts)
    return False
