"""Rows of another kind than those that a question names: money of sales where rentals are asked about.

What happens (a view with a time of its own) is told from what there is: a question about customers may be
answered from orders alone, one about rentals not from sales.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.shop.trade_words import spoken
from sql.statement import sentence as la

SURE = 0.95
"""Score of a name that is said as it is."""
_LEFT_OUT = re.compile(
    r"(?:\b(?:not|no|without|excluding|except|beside|besides|than)\s+(?:the\s+|our\s+)?|除了|除去|不含|不算|不包括|不是)$",
    re.I,
)
_THINGS = re.compile(
    r"customer|client|buyer|member|user|subscriber|product|item|article|goods|listing|employee|staff|supplier"
    r"|seller|store|shop|branch|warehouse|category|brand",
    re.I,
)
_BACK = re.compile(
    r"\b(?:refund(?:s|ed|ing)?|(?:gave|give|given|giving|paid|sent|send|money|brought)\s+back|credited)\b"
    r"|退(?!订|休|出(?!去)|役|货地址)(?:出去|给|了|回|掉|款|钱|货|换)?",
    re.I,
)
"""What is said of money and goods that go back."""
_BACK_NAMES = re.compile(
    r"refund|return|credit ?(?:note|memo)|reversal|chargeback|\bback\b|退|negative|rma|reverse", re.I
)


def named_elsewhere(links: Links, statement: la.Statement, shop: Shop) -> list[str]:
    """Words of the question for what happens, where the statement is of something else that happens."""
    base = shop.view(statement.view)
    if base is None or base.time is None:
        return []
    used = touched(statement, shop)
    readings: dict[tuple[int, int], set[str]] = {}
    others = set()
    for mention in links.mentions:
        place = (mention.start, mention.end)
        if mention.kind == "view" and mention.score >= SURE:
            readings.setdefault(place, set()).add(mention.name)
        else:
            others.add(place)
    missing = []
    for (start, end), names in readings.items():
        views = [view for name in names if (view := shop.view(name)) is not None]
        is_part = any(s <= start and end <= e for s, e in others)
        is_sign = end - start == 1  # 货 stands in many a word
        if is_part or is_sign or not views or _LEFT_OUT.search(links.question[:start]):
            continue
        if all(view.time is not None and not _is_thing(view) and not _is_near(view, used) for view in views):
            missing.append(links.question[start:end])
    return missing


def _is_thing(view: View) -> bool:
    """Customers have a day on which they came, and products one on which they were listed."""
    return bool(_THINGS.search(" ".join([spoken(view.name), *view.synonyms])))


def given_back(links: Links, statement: la.Statement, shop: Shop) -> list[str]:
    """Words for what goes back, where nothing that the statement names is called like it."""
    match = _BACK.search(links.question)
    if match is None or not _has_any(shop):
        return []
    if any(_BACK_NAMES.search(text) for text in _called(statement, shop)):
        return []
    if any(m.kind in ("value", "metric") and m.start <= match.start() < m.end for m in links.mentions):
        return []  # a state or a figure of that name has its own check
    return [match[0]]


def touched(statement: la.Statement, shop: Shop) -> list[View]:
    """The views that a statement's rows, names and conditions are of."""
    names = {statement.view.lower()}
    base = shop.view(statement.view)
    own = {column.name.lower() for column in base.columns} if base is not None else set()
    for node in statement.walk():
        if isinstance(node, la.Has):
            names.add(node.view.lower())
        elif isinstance(node, la.Name):
            text = node.text.lower()
            names |= {m.view.lower() for m in shop.metrics if m.name.lower() == text}
            names |= {node.of.lower()} if node.of else set()
            if text not in own and not node.of:
                names |= {v.name.lower() for v in shop.views if v.column(node.text) is not None}
    return [view for view in shop.views if view.name.lower() in names]


def are_linked(one: View, other: View) -> bool:
    """Whether a row of one leads to a row of the other."""
    return other.name in one.refs.values() or one.name in other.refs.values()


def _is_near(view: View, used: list[View]) -> bool:
    return any(each.name == view.name or are_linked(each, view) for each in used)


def _has_any(shop: Shop) -> bool:
    """Whether anything of the shop is called like what goes back."""
    return any(
        _BACK_NAMES.search(text)
        for view in shop.views
        for text in (view.name, *view.synonyms, *(t for c in view.columns for t in (c.name, *c.synonyms)))
    )


def _called(statement: la.Statement, shop: Shop) -> Iterator[str]:
    """Names and values of a statement, and what else they are called."""
    for view in touched(statement, shop):
        if view.name.lower() == statement.view.lower():
            yield from (view.name, *view.synonyms)
    for node in statement.walk():
        if isinstance(node, la.Has):
            yield node.view
            yield from (text for view in shop.views if view.name == node.view for text in view.synonyms)
        elif isinstance(node, la.Text):
            yield node.value
        elif isinstance(node, la.Name):
            yield node.text
            text = node.text.lower()
            # a metric's SQL names what it leaves out, and is not looked at
            metrics = (m for m in shop.metrics if m.name.lower() == text)
            yield from (said for m in metrics for said in (m.description, *m.synonyms))
            columns = (column for view in shop.views for column in view.columns)
            yield from (said for c in columns if c.name.lower() == text for said in c.synonyms)
