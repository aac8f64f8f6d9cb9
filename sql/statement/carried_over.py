"""What a follow-up's statement leaves behind of the one before although nothing of the message says so."""

from __future__ import annotations

import re

from sql.question.linking import Links, Mention
from sql.semantics import Shop, View
from sql.shop.relations import is_key_like
from sql.statement import sentence as la
from sql.statement.other_rows import are_linked, touched

_WHOLE = re.compile(
    r"\b(?:all|overall|altogether|in total|everything|every|any|regardless|whatever|ever|without|drop|remove"
    r"|instead|forget)\b|全部|所有|总共|一共|总的|总计|合计|整体|整个|不限|不管|去掉|取消|不看|换成|改成",
    re.I,
)
"""Words by which a follow-up may take a condition away."""


def lost(previous: la.Statement, statement: la.Statement, links: Links, shop: Shop) -> tuple[str, ...]:
    """What a follow-up's statement leaves out of the one before although nothing of the message says so.

    A condition stays, in every follow-up, unless its column is used anew or another period is said. What
    was counted or added up stays, unless another figure is of the same rows or the message names another.
    "They" are the rows that were told of, or what these lead to.

    Args:
        links: of the message alone.
    """
    if _WHOLE.search(links.question) and not _THEM.search(links.question):
        return ()
    written = str(statement)
    parts = (*statement.items, *statement.groups, *statement.where, *statement.having)
    used = {name for part in parts for name in _spoken_of(part)}
    gone = [c for c in previous.where if str(c) not in written and not used & _told_by(c)]
    asked = (previous, statement, links, shop)
    others = _other_figures(*asked) or _other_things(*asked)
    return tuple(dict.fromkeys([*map(_in_short, gone), *others]))


def _other_figures(previous: la.Statement, statement: la.Statement, links: Links, shop: Shop) -> list[str]:
    """The figures of the statement before, where rows of another kind are told that nobody asked about."""
    before, after = (_figures(each, shop) for each in (previous, statement))
    if not before and after:
        before = _listed(previous, shop)
    if not before or set(before) & set(after) or previous.view.lower() == statement.view.lower():
        return []
    if any(_names_a_figure(mention, statement.view, shop) for mention in links.mentions):
        return []
    return list(before.values())


_THEM = re.compile(r"\b(?:they|them|those|these|their|it)\b|[它他她]们?|这些|那些|其中", re.I)


def _other_things(previous: la.Statement, statement: la.Statement, links: Links, shop: Shop) -> list[str]:
    """What "they" are, where rows are told that those of the statement before do not lead to or from."""
    match = _THEM.search(links.question)
    if match is None:
        return []
    before, base = shop.view(previous.view), shop.view(statement.view)
    if before is None or base is None or before in touched(statement, shop) or are_linked(before, base):
        return []
    return [match[0]]


def _names_a_figure(mention: Mention, view: str, shop: Shop) -> bool:
    """Whether a message names a metric, the rows of a view, or a number in them."""
    if mention.kind == "column":
        home = shop.view(mention.view)
        column = home.column(mention.name) if home is not None else None
        is_number = column is not None and column.type in ("integer", "number") and not column.is_key
        return is_number and mention.view.lower() == view.lower()
    return mention.kind == "metric" or (mention.kind == "view" and mention.name.lower() == view.lower())


def _figures(statement: la.Statement, shop: Shop) -> dict[str, str]:
    """Metrics and aggregates that are shown → what they are called."""
    metrics = {m.name.lower() for m in shop.metrics}
    found = {}
    for node in (node for item in statement.items for node in item.walk()):
        if isinstance(node, la.Aggregate):
            found[str(node)] = str(node.operand) if isinstance(node.operand, la.Name) else statement.view
        elif isinstance(node, la.Name) and node.text.lower() in metrics:
            found[node.text.lower()] = node.text.replace("_", " ")
    return found


def _listed(statement: la.Statement, shop: Shop) -> dict[str, str]:
    """The numbers of rows that are listed: stock by batch, of which a total may be wanted next."""
    view = shop.view(statement.view)
    names = [item.text for item in statement.items if isinstance(item, la.Name)]
    columns = [c for name in names if view is not None and (c := view.column(name)) is not None]
    return {
        column.name.lower(): column.name
        for column in columns
        if column.type in ("integer", "number") and view is not None and not _is_key(column.name, view)
    }


def _is_key(name: str, view: View) -> bool:
    return name in view.key or name in view.refs or is_key_like(name)


def _spoken_of(part: la.Node) -> set[str]:
    """The columns in a part of a statement; a period counts as one."""
    nodes = list(part.walk())
    periods = {"DURING" for n in nodes if isinstance(n, la.During) or (isinstance(n, la.Has) and n.during)}
    return {n.text.lower() for n in nodes if isinstance(n, la.Name)} | periods


def _told_by(condition: la.Node) -> set[str]:
    """What a condition is about: who bought in June is not told by June alone."""
    spoken = _spoken_of(condition)
    return spoken - {"DURING"} if isinstance(condition, la.Has) else spoken


def _in_short(condition: la.Node) -> str:
    """The values or the period of a condition, else all of it; of rows elsewhere, of what and when."""
    if isinstance(condition, la.Has) and not condition.where:
        return ", ".join(filter(None, (condition.view.replace("_", " "), condition.during)))
    values = [
        n.value if isinstance(n, la.Text) else n.words
        for n in condition.walk()
        if isinstance(n, la.Text | la.During)
    ]
    return ", ".join(values) or str(condition)
