"""How far a view or a statement has room for what the words of its question say.

Linking may have misread a word: what is missed lets a model look again, and refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.cues import Direction, find_cues, mask
from sql.linking import Links, Mention
from sql.periods import Period
from sql.semantics import View
from sql.types import Dialect

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
_MONEY = re.compile(r"\b(?:money|euros?|dollars?|spend|spent|EUR|USD)\b|[€$£]|多少钱|欧元|美元", re.I)
_CURRENCY = re.compile(r"[A-Z]{3}|[€$£¥]")
"""Units of money as ``shop.yml`` names them: an ISO 4217 code or a sign."""
_PERIOD = 1.5
"""What a period counts in a view without a time; a noun is sooner said in passing."""
_HOW_MANY = re.compile(
    r"(?:\b(?:how many|number of)(?: different| distinct)?\s+|多少[个张位种家]?|几[个张位种家])$", re.I
)
_FIRST = re.compile(r"\b(?:longest|oldest|earliest|first)\b|最早|最久|最长", re.I)
_LAST = re.compile(r"\b(?:latest|newest|last|most recent(?:ly)?)\b|最新|最近|上次", re.I)
"""Superlatives of times; what has waited longest began first."""
_IS_BOUND = re.compile(
    r"\s*(?:more|less|fewer|over|under|above|below|at least|at most|between|up to)\b|[超高低大小多少]", re.I
)


def misfits(links: Links, views: Iterable[View]) -> dict[str, float]:
    """For each view how many stretches of the question it has no word for and another has.

    A stretch counts by how sure its surest reading is; a period counts more where a view has no time.
    """
    spans = _spans(links.mentions)
    return {
        view.name: sum(
            max(m.score for m in mentions) for mentions in spans if all(m.view != view.name for m in mentions)
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
        for mentions in _spans(links.mentions)
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


def missing_numbers(links: Links, sql: str, view: View, dialect: Dialect) -> frozenset[str]:
    """Columns of numbers of ``view`` of which a statement should hold one, and holds none.

    They are those that the question names by their very words and asks for (other nouns are too often said
    in passing, "what do customers buy", and what "costs more than 9" may be a price), else the columns of
    money where money is asked for. Empty where it holds one, or cannot be parsed.
    """
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return frozenset()
    held = {node.name.casefold() for node in tree.find_all(exp.Column, exp.Alias) if node.name}
    measures = {c.name for c in view.columns if c.is_measure}
    missing: set[str] = set()
    for mentions in _spans(m for m in links.mentions if m.view == view.name):
        is_sure = all(m.kind == "column" and m.name in measures and m.score >= 1.0 for m in mentions)
        if is_sure and not _IS_BOUND.match(links.question, mentions[0].end):
            missing |= {m.name for m in mentions}
    if held & {name.casefold() for name in missing}:
        return frozenset()
    if not missing and _MONEY.search(links.question):
        money = {c.name for c in view.columns if c.is_measure and _CURRENCY.fullmatch(c.unit or "")}
        missing = set() if held & {name.casefold() for name in money} else money
    return frozenset(missing)


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


def missing_groups(links: Links, sql: str, view: View, dialect: Dialect) -> tuple[str, ...]:
    """Columns of texts that a statement should group by, for two of their values are compared, and does not.

    "Phone compared with chat" asks for a figure of each. Empty where it cannot be parsed.
    """
    cues = find_cues(links)
    if not (cues.is_compared or cues.is_each) or cues.is_share or cues.is_total:
        return ()
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return ()
    values: dict[str, set[str | None]] = {
        clause.this.name: {each.name for each in clause.expressions}
        for clause in tree.find_all(exp.In)
        if isinstance(clause.this, exp.Column) and not isinstance(clause.parent, exp.Not)
    }
    for mentions in _spans(m for m in links.mentions if m.view == view.name):
        if (
            all(m.kind == "value" and not m.is_part for m in mentions)
            and len({m.name for m in mentions}) == 1
        ):
            values.setdefault(mentions[0].name, set()).add(mentions[0].value)
    group = tree.args.get("group")
    shown = [*tree.selects, *(group.expressions if group else [])] if isinstance(tree, exp.Select) else []
    held = {column.name.casefold() for item in shown for column in item.find_all(exp.Column)}
    return tuple(name for name, each in values.items() if len(each) > 1 and name.casefold() not in held)


def missing_count(links: Links, sql: str, view: View, dialect: Dialect) -> str | None:
    """The column whose different values are asked for where a statement counts rows.

    "How many invoices were cancelled" over lines of invoices counts the invoices, not their lines. ``None``
    where the word may as well mean the rows themselves.
    """
    counted = [
        mentions
        for mentions in _spans(m for m in links.mentions if m.view == view.name)
        if _HOW_MANY.search(links.question[: mentions[0].start])
    ]
    if len(counted) != 1 or any(m.kind != "column" or m.score < 1.0 for m in counted[0]):
        return None
    names = {m.name for m in counted[0]}
    column = view.column(names.pop())
    if names or column is None or column.is_measure or column.type in ("boolean", "date", "timestamp"):
        return None
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return None
    counts = list(tree.find_all(exp.Count))
    is_of_rows = bool(counts) and all(isinstance(count.this, exp.Star) for count in counts)
    return column.name if is_of_rows else None


def lacks_order(links: Links, sql: str, dialect: Dialect) -> bool:
    """Whether the best or worst of several rows is asked for, and the statement leaves them unsorted."""
    if order_of(links) is None:
        return False
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return False
    if not isinstance(tree, exp.Select) or tree.args.get("order"):
        return False
    return bool(tree.args.get("group")) or not any(item.find(exp.AggFunc) for item in tree.selects)


def missing_extreme(links: Links, sql: str, dialect: Dialect) -> Direction | None:
    """Whether a statement lists times where only the last (``desc``) or the first of them is asked for."""
    order = order_of_times(links)
    if order is None or not find_cues(links).is_when:
        return None
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return None
    if not isinstance(tree, exp.Select) or tree.args.get("limit") or tree.args.get("group"):
        return None
    return None if any(item.find(exp.AggFunc) for item in tree.selects) else order


def _spans(mentions: Iterable[Mention]) -> list[list[Mention]]:
    """The readings of each stretch of the question."""
    spans: dict[tuple[int, int], list[Mention]] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), []).append(mention)
    return list(spans.values())
