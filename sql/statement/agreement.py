"""How far a view or a statement has room for what the words of its question say.

Linking may have misread a word: what is missed lets a model look again, and refuses nothing. What a question
demands beyond its values and periods is looked for in ``sql.statement.demands``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sql.question.cues import Direction, mask
from sql.question.linking import Links, Mention
from sql.question.periods import Period
from sql.semantics import View

_LEAST = re.compile(
    r"\b(?<!\bat )(?:least|lowest|fewest|smallest|cheapest|worst[- ](?:rated|reviewed))\b"
    r"|(?<!至)最(?:低|少|小|便宜)(?!\s*[\d一二两三四五六七八九十])",
    re.I,
)
_MOST = re.compile(
    r"\b(?<!\bat )(?:most|highest|largest|biggest|best[- ](?:rated|reviewed|sell\w+)|top[- ]rated)\b"
    r"|最(?:高|多|大|贵|畅销)(?!\s*[\d一二两三四五六七八九十])",
    re.I,
)
"""Superlatives of numbers. "Worst" alone may be the highest rate of complaints, "longest" the first date."""
_LOSS = re.compile(
    r"\b(?:los(?:s|ses|e|ing|t)|drop\w*|declin\w*|decreas\w*|f[ae]ll\w*|shortfall|missing|below|negative|critical"
    r"|dissatisf\w+|disappoint\w+|unhapp\w+|unsatisf\w+|unpopular)\b|亏|损|下降|下跌|减少|不满|差评|负",
    re.I,
)
"""Words that may turn such an order round: the biggest loss is the lowest profit."""
_PERIOD = 1.5
"""What a period counts in a view without a time; a noun is sooner said in passing."""
_FIRST = re.compile(r"\b(?:longest|oldest|earliest|first)\b|最早|最久|最长", re.I)
_LAST = re.compile(r"\b(?:latest|newest|last|most recent(?:ly)?)\b|最新|最近|上次", re.I)
"""Superlatives of times; what has waited longest began first."""


def misfits(links: Links, views: Iterable[View]) -> dict[str, float]:
    """For each view how many stretches of the question it has no word for and another has.

    A stretch counts by how sure its surest reading is; a period counts more where a view has no time.
    """
    stretches = spans(links.mentions)
    return {
        view.name: sum(
            max(m.score for m in mentions)
            for mentions in stretches
            if all(m.view != view.name for m in mentions)
        )
        + (_PERIOD if links.periods and view.time is None else 0.0)
        for view in views
    }


def unused_links(links: Links, sql: str) -> tuple[str, ...]:
    """Values and periods that the question names and the statement leaves out."""
    return (
        *(values[0].text for values in unused_values(links, sql)),
        *(p.text for p in unused_periods(links, sql)),
    )


def unused_values(links: Links, sql: str) -> list[list[Mention]]:
    """The readings of each stretch that names nothing but values, none of which the statement holds."""
    sql = sql.casefold()
    return [
        mentions
        for mentions in spans(links.mentions)
        if all(m.kind == "value" for m in mentions)
        and not any((m.value or "").replace("'", "''").casefold() in sql for m in mentions)
    ]


def unused_periods(links: Links, sql: str) -> list[Period]:
    """Periods of which the statement holds neither a bound nor the year."""
    unused = []
    for period in links.periods:
        bounds = [str(d) for d in (period.start, period.end) if 1 < d.year < 9999]
        if not any(b in sql for b in bounds) and str(period.start.year) not in sql:
            unused.append(period)
    return unused


def order_of(links: Links) -> Direction | None:
    """From which end the numbers of a ranking are to be sorted, where the wording leaves no doubt."""
    question = mask(links, names=False)
    least, most = (bool(p.search(question)) for p in (_LEAST, _MOST))
    if least == most or _LOSS.search(question):
        return None
    return "asc" if least else "desc"


def order_of_times(links: Links) -> Direction | None:
    """From which end times are to be sorted, where the wording leaves no doubt."""
    question = mask(links, names=False)
    first, last = (bool(p.search(question)) for p in (_FIRST, _LAST))
    if first == last or _LEAST.search(question) or _MOST.search(question):
        return None
    return "asc" if first else "desc"


def spans(mentions: Iterable[Mention]) -> list[list[Mention]]:
    """The readings of each stretch of the question."""
    found: dict[tuple[int, int], list[Mention]] = {}
    for mention in mentions:
        found.setdefault((mention.start, mention.end), []).append(mention)
    return list(found.values())
