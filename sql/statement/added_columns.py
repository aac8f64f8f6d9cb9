"""What a follow-up leaves as it was shown: what it adds to, and what it wants as shares.

"Pieces too" and 金额也加上 stand beside the figures of the statement before; "as a share of the total" is of
each group that was shown.

Every one of the training set's 129 such follow-ups over the same rows keeps what was shown and adds to it,
but for those that add to a figure itself (``SUM(price + freight)``) and those that list what was counted.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sql.semantics import Shop
from sql.statement.sentence import Aggregate, Name, Share, Statement, Value

_BESIDE = re.compile(
    r"\b(?:as well|also|beside|next to|alongside|plus)\b|\btoo[.!]*$|^(?:please |pls |can you )?add\b"
    r"|^(?:oh |ok |hm )?and how (?:many|much)\b.*\beach\b"
    r"|加上|再加|加[一个]+列|也(?:列|加|要|给|放|看|带|显示)|旁边|带上|一并",
    re.I,
)


_OTHER_ROWS = re.compile(
    r"\b(?:top|best|worst|bottom|all|first|last|most|least|instead)\b|前[\d一二三四五六七八九十]|最|全部|所有|换成",
    re.I,
)
"""Words by which other rows may be meant."""


def with_added(before: Statement, statement: Statement, question: str, shop: Shop) -> Statement:
    """The statement with what was shown before in front, where the message adds to it and the rows stay.

    Args:
        before: the statement that the message goes on from.
        question: the message alone.
    """
    if not _BESIDE.search(question) or _OTHER_ROWS.search(question):
        return statement
    if not _are_of_the_same_rows(before, statement):
        return statement
    groups = {str(group).lower() for group in statement.groups}
    shown, new = (
        tuple(i for i in each.items if str(i).lower() not in groups) for each in (before, statement)
    )
    if set(map(str, shown)) & set(map(str, new)):
        return statement
    if not new or _names(shown) & _names(new) or _lists_what_was_counted(before, new, shop):
        return statement
    dims = tuple(item for item in statement.items if str(item).lower() in groups)
    order = before.order if before.limit is not None else statement.order or before.order
    return replace(statement, items=(*dims, *shown, *new), order=order, limit=before.limit)


_AS_SHARES = re.compile(
    r"^(?:ok,? |and |now |please |show |give |make )*(?:me |it |them |that |those |the same )*(?:as|in)? ?"
    r"(?:an? |the )?"
    r"(?:share|percentages?|percent|per cent|%|proportion)s?(?: of (?:the )?(?:total|whole|all|everything))?"
    r"(?: please| pls)?[?.! ]*$|^(?:换成|改成|看|按)?(?:占比|百分比|比例)(?:看|显示|呢)?[?？。]?$",
    re.I,
)


def with_shares(before: Statement, statement: Statement, question: str, shop: Shop) -> Statement:
    """The shares of each group that was shown, where the message asks for nothing but shares of it.

    Its one figure, in the groups, the order and the rows of before.
    """
    metrics = {metric.name.lower() for metric in shop.metrics}
    figures = [
        item
        for item in before.items
        if isinstance(item, Aggregate) or (isinstance(item, Name) and item.text.lower() in metrics)
    ]
    if not _AS_SHARES.search(question) or not before.groups or statement.groups or len(figures) != 1:
        return statement
    (figure,) = figures
    return replace(before, items=tuple(Share(i) if i is figure else i for i in before.items))


def _are_of_the_same_rows(before: Statement, statement: Statement) -> bool:
    """Whether both show rows of one view under the same conditions, in the same groups.

    Names may have come beside the keys of the groups.
    """

    def scope(each: Statement) -> tuple[object, ...]:
        conditions = [sorted(str(c).lower() for c in part) for part in (each.where, each.having)]
        return each.view.lower(), conditions, bool(each.groups), each.limit_per

    groups = [{str(group).lower() for group in each.groups} for each in (before, statement)]
    is_as_long = statement.limit in (None, before.limit)
    return scope(before) == scope(statement) and groups[0] <= groups[1] and is_as_long


def _lists_what_was_counted(before: Statement, new: tuple[Value, ...], shop: Shop) -> bool:
    """Whether columns of rows are shown after a lone figure: who they are, of whom the number was told."""
    metrics = {metric.name.lower() for metric in shop.metrics}

    def is_figure(item: Value) -> bool:
        return any(
            isinstance(n, Aggregate) or (isinstance(n, Name) and n.text.lower() in metrics)
            for n in item.walk()
        )

    return not before.groups and any(map(is_figure, before.items)) and not any(map(is_figure, new))


def _names(items: tuple[Value, ...]) -> set[str]:
    """The columns and metrics in what is shown."""
    return {node.text.lower() for item in items for node in item.walk() if isinstance(node, Name)}
