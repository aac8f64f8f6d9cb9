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
from sql.shop.trade_words import says
from sql.statement.sentence import (
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
    """What is wrong with a list of nothing but what its rows were chosen by, by a value or by its lack."""
    if statement.groups:
        return None
    given = {str(c.left).lower() for c in statement.where if isinstance(c, Compare) and c.sign == "="}
    if given and all(str(item).lower() in given for item in statement.items):
        return "all that is shown is what its rows were chosen by; show what is asked of them"
    empty = {c.left for c in statement.where if isinstance(c, Empty) and not c.is_not}
    shown = next((item for item in statement.items if item in empty), None)
    return None if shown is None else f"{shown} is empty in all of these rows; show another column"


def _columns(condition: Condition | None) -> Iterator[Name]:
    """The columns that a condition compares with values."""
    if isinstance(condition, AnyOf | AllOf):
        for part in condition.parts:
            yield from _columns(part)
    elif isinstance(condition, Compare | Among) and isinstance(condition.left, Name):
        yield condition.left
