"""Those whom a follow-up speaks of: "how many orders has each of them placed" is about the five told of."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import Aggregate, Grain, Name, Per, Rank, Running, Share, Statement, Top, Value

_THEM = re.compile(
    r"\b(?:they|them|their)\b|\b(?:those|these)\b(?!\s+(?:who|that|which|with|days?|weeks?|months?|times?)\b)"
    r"|[他她它]们|(?:这|那)(?:些|\d+|[两三四五六七八九十几]+)(?!天|周|个?月|年|次)",
    re.I,
)
_ONE = re.compile(
    r"\b(?:he|she|his|her|its|of it)\b"
    r"|\b(?:that|this) (?:customer|client|member|buyer|person|product|item|one|order|supplier|store|shop)\b"
    r"|[他她](?!们)|它的|(?:这|那|该|此)(?:一?[个位款家]|客户|会员|商品|产品|顾客|供应商|门店)",
    re.I,
)
_EACH = re.compile(
    r"\beach(?: of them| one)?\b|\b(?:respectively|apiece)\b|分别|各自?|每(?:个人|个|位|款|家|人)", re.I
)
_ALL_BUT = re.compile(
    r"\b(?:except|besides|without|excluding|exclude|leave out|other than|apart from|but not|not)\b"
    r"(?:\s+\w+){0,2}?\s+(?:them|those|these|him|her|that|this)\b"
    r"|(?:除了?|除去|去掉|排除|不算|不含|不要)(?:了)?(?:[他她它]们?|这|那|该)|(?:[他她它]们?|这些|那些)(?:之外|以外)",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:compar\w+|versus|vs\.?|against|than (?:the )?(?:others?|rest|average))\b|对比|相比|比(?:其他|别)",
    re.I,
)
"""Words that hold those who were told of against others, so that both are asked for."""


def of_those(
    statement: Statement, before: Statement, links: Links, shop: Shop, routes: Routes
) -> Statement | None:
    """The statement for those alone that the answer before told of: the first few by a figure.

    It stays where the message speaks of nobody, or where it is the same list with something changed; ``None``
    where it speaks of them and the statement cannot be about them.

    Args:
        before: that the answer before came from.
        links: of the message alone.
    """
    told = _told(before, shop, routes)
    text = links.question
    speaks = _THEM.search(text) or (before.limit == 1 and _ONE.search(text))
    if told is None or not speaks or any(isinstance(part, Top) for part in statement.walk()):
        return statement
    if set(before.groups) <= set(statement.groups) and _keys(statement) == _keys(before):
        return statement  # the same list: more of them, with more beside them, in another order
    if _AGAINST.search(text):
        return statement
    is_but = _ALL_BUT.search(text) is not None
    if before.groups and _EACH.search(text) and not is_but and not set(before.groups) & set(statement.groups):
        statement = _for_each(statement, before, shop)
    if any(isinstance(part, Share | Rank | Running) for part in statement.walk()):
        return None if is_but else _among_all(statement, before)
    elsewhere = before.view if before.view.lower() != statement.view.lower() else ""
    return replace(statement, where=(*statement.where, replace(told, view=elsewhere, is_not=is_but)))


def _keys(statement: Statement) -> list[Value]:
    return [order.key for order in statement.order]


def _among_all(statement: Statement, before: Statement) -> Statement | None:
    """A share is of all, not of those who were told of: the list is cut as it was before."""
    is_same = statement.view.lower() == before.view.lower() and set(before.groups) <= set(statement.groups)
    if not before.groups or not is_same or statement.where != before.where:
        return None
    return replace(statement, order=before.order, limit=before.limit)


_SHARE = re.compile(
    r"\b(?:what|which|how (?:much|big|large|high))\b[^.?!]*"
    r"(?:\b(?:share|percentage|per ?cent|proportion|part|fraction)\b|%)|\b(?:account for|make up) how much\b"
    r"|(?:占|贡献)[^，。？?]{0,12}(?:多少|几成|比例|比重|百分)|占比(?:是|有)?(?:多少|多大|几)",
    re.I,
)
_APART = re.compile(r"\b(?:each|every|individually|respectively|per)\b|各|每|分别", re.I)


def share_of_the_first(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """One share of the first few together, where it was written for each of them and one is asked for."""
    if not _SHARE.search(links.question) or _APART.search(links.question):
        return statement
    told = _told(statement, shop, routes) if statement.groups else None
    shares = [item for item in statement.items if isinstance(item, Share) and not item.per]
    if told is None or len(shares) != 1 or shares[0].condition is not None or told.count < 2:
        return statement
    figure, first = shares[0].figure, told
    if told.operand.figure == shares[0]:
        first = replace(told, operand=replace(told.operand, figure=figure))
    return Statement(view=statement.view, items=(Share(figure, condition=first),), where=statement.where)


def _for_each(statement: Statement, before: Statement, shop: Shop) -> Statement:
    """The figures of a statement for each of those that the one before is about; columns of rows stay."""
    metrics = {metric.name.lower() for metric in shop.metrics}
    shown = [i for i in statement.items if i not in statement.groups and not isinstance(i, Grain)]
    if not shown or any(isinstance(i, Name) and i.text.lower() not in metrics for i in shown):
        return statement
    return replace(statement, items=(*before.groups, *shown), groups=before.groups, order=(), limit=None)


def _told(before: Statement, shop: Shop, routes: Routes) -> Top | None:
    """The first few by a figure that a statement tells of, as a condition; ``None`` for anything else."""
    home = shop.view(before.view)
    if home is None or before.limit is None or before.limit_per or before.having or len(before.order) != 1:
        return None
    key, word = before.order[0].key, "TOP" if before.order[0].is_descending else "BOTTOM"
    figure: Value = key
    if not before.groups:  # rows: each is worth what its own column says
        if not isinstance(key, Name) or len(home.key) != 1:
            return None
        figure = Aggregate("MAX", key)
    entity = _entity(before, home, shop, routes)
    if entity is None or key in before.groups:
        return None
    return Top(word, Per(figure, entity), before.limit, before.where)  # type: ignore[arg-type]


def _entity(before: Statement, home: View, shop: Shop, routes: Routes) -> Name | None:
    """What each row of a list is about: the one thing it is grouped by, or its key with names beside it."""
    if not before.groups:
        return Name(home.key[0])
    if not all(isinstance(group, Name) for group in before.groups):
        return None
    names = cast("tuple[Name, ...]", before.groups)
    if len(names) == 1:
        return names[0]
    try:
        found = [routes.find(home, name) for name in names]
    except (NoRoute, Fork):
        return None
    keys = [(name, thing) for name, route in zip(names, found, strict=True) if (thing := _thing(route, shop))]
    if len(keys) != 1:
        return None
    (key, thing) = keys[0]
    others = [route.view.name for name, route in zip(names, found, strict=True) if name is not key]
    return key if all(view == thing for view in others) else None


def _thing(route: Route, shop: Shop) -> str | None:
    """The view that has one row for each value of a key."""
    if route.view.key == (route.column.name,):
        return route.view.name
    target = shop.view(route.view.refs.get(route.column.name, ""))
    return target.name if target is not None else None
