"""Those whom a follow-up speaks of: "how many orders has each of them placed" is about the five told of."""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Aggregate, Grain, Name, Per, Share, Statement, Top, Value

_THEM = re.compile(
    r"\b(?:they|them|their)\b|\b(?:those|these)\b(?!\s+(?:who|that|which|with|days?|weeks?|months?|times?)\b)"
    r"|[他她它]们|(?:这|那)(?:些|\d+|[两三四五六七八九十几]+)(?!天|周|个?月|年|次)",
    re.I,
)
_ONE = re.compile(
    r"\b(?:he|she|his|her|it|its)\b|\b(?:that|this) (?:customer|client|member|buyer|person|product|item|one"
    r"|order|supplier|store|shop)\b|[他她它](?!们)|(?:这|那|该|此)(?:一?[个位款家]|客户|会员|商品|产品|顾客|供应商|门店)",
    re.I,
)
_EACH = re.compile(
    r"\beach(?: of them| one)?\b|\b(?:respectively|apiece)\b|分别|各自?|每(?:个人|个|位|款|家|人)", re.I
)


def of_those(statement: Statement, before: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """The statement for those alone that the answer before told of: the first few by a figure.

    It stays where the message speaks of nobody, or where it is the same list with something changed.

    Args:
        before: that the answer before came from.
        links: of the message alone.
    """
    told = _told(before, shop, routes)
    speaks = _THEM.search(links.question) or (before.limit == 1 and _ONE.search(links.question))
    if told is None or not speaks or any(isinstance(part, Top) for part in statement.walk()):
        return statement
    if statement.order == before.order and statement.limit == before.limit:
        return statement
    if before.groups and _EACH.search(links.question) and not set(before.groups) & set(statement.groups):
        statement = _for_each(statement, before, shop)
    return replace(statement, where=(*statement.where, told))


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
    entity = _entity(before, home, routes)
    if entity is None or key in before.groups:
        return None
    return Top(word, Per(figure, entity), before.limit, before.where)  # type: ignore[arg-type]


def _entity(before: Statement, home: View, routes: Routes) -> Name | None:
    """What each row of a list is about: its key where that is shown, else the one thing it is grouped by."""
    if not before.groups:
        return Name(home.key[0])
    names = [group for group in before.groups if isinstance(group, Name)]
    if len(names) < len(before.groups):
        return None
    keys = []
    for name in names:
        try:
            route = routes.find(home, name)
        except (NoRoute, Fork):
            return None
        if route.column.name in (*route.view.key, *route.view.refs):
            keys.append(name)
    if len(keys) == 1:
        return keys[0]
    return names[0] if len(names) == 1 else None
