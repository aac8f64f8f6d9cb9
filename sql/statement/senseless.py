"""Parts of a statement that can tell nothing, whatever the rows are.

Each group of a dimension has a share of all or nothing in a condition on that very dimension; a list of rows
that are chosen for lacking a value has nothing to show of it. A model writes either where something else was
meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop
from sql.shop.trade_words import says, spoken
from sql.statement.sentence import (
    Aggregate,
    AllOf,
    Among,
    AnyOf,
    Calc,
    Compare,
    Condition,
    Elapsed,
    Empty,
    Gap,
    Has,
    Name,
    Number,
    Share,
    Statement,
    Text,
    Value,
)


def shares_of_the_whole(statement: Statement) -> Statement:
    """``country, SHARE(revenue, country = 'FR') … GROUP BY country`` without the grouping: France's share.

    Only where nothing but such shares is told; their order and a limit go with the groups.
    """
    shares = [item for item in statement.items if isinstance(item, Share)]
    own = {column for share in shares for column in _columns(share.condition)}
    if not shares or len(own) != 1 or any(share.per for share in shares):
        return statement
    (column,) = own
    others = [item for item in statement.items if item not in shares]
    if statement.groups != (column,) or any(item != column for item in others):
        return statement
    return replace(statement, items=tuple(shares), groups=(), having=(), order=(), limit=None, limit_per=())


_SHORT = re.compile(r"差(?![评价异])|缺|\b(?:short|lack\w*|missing|how (?:many|much) more)\b", re.I)
_NO_PIECES = re.compile(r"\b(?:price|cost|date|time|day|amount|margin)\b|价|成本|日期|时间|金额")


def shortfalls(statement: Statement, links: Links) -> Statement:
    """``stock - minimum`` of rows with less stock than the minimum, asked how much they lack, the other way
    round: they lack 13, and not -13."""
    less = {
        (c.left, c.right) if c.sign in ("<", "<=") else (c.right, c.left)
        for c in statement.where
        if isinstance(c, Compare) and c.sign in ("<", "<=", ">", ">=")
    }
    if not less or not _SHORT.search(links.question):
        return statement

    def turned(node: Value) -> Value:
        is_less = isinstance(node, Calc) and node.sign == "-" and (node.left, node.right) in less
        if is_less and any(isinstance(n, Name) and says(_NO_PIECES, n.text) for n in node.walk()):
            return node  # what is sold below cost makes a loss
        return replace(node, left=node.right, right=node.left) if is_less and isinstance(node, Calc) else node

    items = tuple(map(turned, statement.items))
    if items == statement.items:
        return statement
    order = tuple(
        replace(o, key=turned(o.key), is_descending=o.is_descending == (turned(o.key) == o.key))
        for o in statement.order
    )
    return replace(statement, items=items, order=order)


def contradicts_itself(statement: Statement) -> str | None:
    """What is wrong where something is to have rows of a view and, whatever they are, none of them."""
    has = [c for c in statement.where if isinstance(c, Has)]
    never = [c for c in has if c.is_not and not (c.where or c.during or c.within or c.times)]
    for none in never:
        if any(not c.is_not and (c.entity, c.view) == (none.entity, none.view) for c in has):
            return f"nothing has rows of {none.view} and none of them; leave one of the two out"
    return None


_LENGTH = re.compile(
    r"\b(?:same[- ]day|next[- ]day|on time|late|later|delay\w*|early|earlier|longer|sooner|before|after|ahead"
    r"|overdue|promised|expected|estimated|planned|due"
    r"|immediately|at once)\b"
    r"|当[天日]|次日|隔天|准时|按时|及时|晚|迟|早|延|提前|超[期过]|逾期|之前|之后|立[刻即]|马上|预计|预期|慢|快",
    re.I,
)


def unasked_length(statement: Statement, said: Set[float], question: str) -> str | None:
    """What is wrong with a condition on days between two times whose number nobody said.

    More or less than 0 says which of the two is the later, and needs no number.

    Args:
        said: the numbers that the question names, with days for weeks and months.
    """
    if _LENGTH.search(question):
        return None
    for each in statement.where:
        if not (isinstance(each, Compare) and isinstance(each.left, Elapsed | Gap)):
            continue
        is_later = each.sign != "=" and isinstance(each.right, Number) and float(each.right.text) == 0
        if isinstance(each.right, Number) and not is_later and float(each.right.text) not in said:
            return f"nobody asked for {each}; leave it out"
    return None


def shows_nothing(statement: Statement) -> str | None:
    """What is wrong with a list of nothing but what its rows were chosen by, by a value or by its lack; and
    with the same shown twice."""
    shown = [str(item).lower() for item in statement.items]
    twice = next((item for item in shown if shown.count(item) > 1), None)
    if twice is not None:
        return f"{twice} is shown twice; show what else is asked for"
    if statement.groups:
        return None
    given = {
        str(c.left).lower()
        for c in statement.where
        if isinstance(c, Compare) and c.sign == "=" and isinstance(c.right, Text | Number)
    }
    if given and all(str(item).lower() in given for item in statement.items):
        return "all that is shown is what its rows were chosen by; show what is asked of them"
    empty = {c.left for c in statement.where if isinstance(c, Empty) and not c.is_not}
    lacking = next((item for item in statement.items if item in empty), None)
    return None if lacking is None else f"{lacking} is empty in all of these rows; show another column"


_DELAY = re.compile(
    r"\b(?:delay\w*|overdue|days? late|late by|lateness)\b|延误|延迟|逾期|超期|晚了?几天|迟了?几天", re.I
)
_PROMISED = re.compile(
    r"\b(?:required|promised?|due|expected|estimated|planned|scheduled|deadline)\b|承诺|要求|预计|应到|计划|截止"
)


_BOTH_ENDS = re.compile(r"\bbetween\b|\bfrom\b.+\bto\b|从.+到|到.+之间", re.I)


def delay_from(statement: Statement, question: str, shop: Shop) -> str | None:
    """What is wrong with a delay that is no time from what was promised, where the view tells it."""
    home = shop.view(statement.view)
    if home is None or not _DELAY.search(question):
        return None
    if _BOTH_ENDS.search(question):
        return None
    days = [c for c in home.columns if c.type in ("date", "timestamp")]
    promised = {c.name.lower() for c in days if says(_PROMISED, c.name, "date")}
    for node in statement.walk():
        if isinstance(node, Elapsed) and promised:
            names = [each.text.lower() for each in (node.first, node.last)]
            if not promised & set(names) or names[1] in promised:
                return f"a delay is counted from {min(promised)} on; {node} is another time"
    return None


_WITHOUT = re.compile(
    r"(?:\b(?:without|no|missing|lacks?|lacking)(?: an?| any)?\s+|没有?\S?|无|未\S?)$", re.I
)


def lacks_another(statement: Statement, links: Links) -> str | None:
    """What is wrong with rows that lack a column that nobody named, where one that was named is not used."""
    columns = [m for m in links.mentions if m.kind == "column"]
    others = {(m.start, m.end) for m in links.mentions if m.kind in ("metric", "view")}
    lacking = [
        m.name.lower()
        for m in columns
        if m.view == statement.view
        and (m.start, m.end) not in others
        and _WITHOUT.search(links.question[: m.start])
    ]
    used = {n.text.rpartition(".")[2].lower() for n in statement.walk() if isinstance(n, Name)}
    for each in statement.where:
        if isinstance(each, Empty) and not each.is_not and isinstance(each.left, Name):
            own = each.left.text.rpartition(".")[2].lower()
            missing = [name for name in lacking if name not in used]
            if missing and all(m.name.lower() != own for m in columns):
                return f"nobody named {own}; the question names {missing[0]}"
    return None


_MARKED = {
    "discount": re.compile(
        r"discount|\boff\b|promo|coupon|voucher|rebate|mark ?down|\bdeals?\b|reduc|sale price|cheaper"
        r"|优惠|折|减|让利|券|满|红包|抵|省了|便宜",
        re.I,
    ),
    "refund": re.compile(r"refund|back|return|credit|reimburs|退|赔|返", re.I),
    "postage": re.compile(r"post|ship|deliver|carriage|freight|parcel|邮|运|配送|快递|物流", re.I),
    "freight": re.compile(r"post|ship|deliver|carriage|freig?h?t|parcel|courier|邮|运|配送|快递|物流", re.I),
    "tip": re.compile(r"\btips?\b|gratuit|小费|打赏", re.I),
}
"""Amounts of a kind of their own → words for them in a question."""


def unasked_kind(statement: Statement, before: Statement | None, links: Links, shop: Shop) -> str | None:
    """What is wrong with a sum of discounts, refunds, postage or tips where no word is of such."""
    metrics = {metric.name.lower(): metric for metric in shop.metrics}
    told: set[str] = set()
    if before is not None:
        told = {
            word for n in before.walk() if isinstance(n, Name) for word in spoken(n.text, "number").split()
        }
    linked = {m.name.lower() for m in links.mentions}
    for item in statement.items:
        for node in item.walk():
            figure = node.operand if isinstance(node, Aggregate) and node.word in ("SUM", "AVG") else node
            if not isinstance(figure, Name) or figure.text.lower() in linked:
                continue
            metric = metrics.get(figure.text.lower())
            if figure is node and (metric is None or not metric.sql.lstrip().upper().startswith("SUM")):
                continue
            kinds = (set(spoken(figure.text, "number").split()) & set(_MARKED)) - told
            if any(not _MARKED[kind].search(links.question) for kind in kinds):
                return f"nobody asked for {figure.text}"
    return None


def _columns(condition: Condition | None) -> Iterator[Name]:
    """The columns that a condition compares with values."""
    if isinstance(condition, AnyOf | AllOf):
        for part in condition.parts:
            yield from _columns(part)
    elif isinstance(condition, Compare | Among) and isinstance(condition.left, Name):
        yield condition.left
