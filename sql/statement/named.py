"""Names beside ids: "customer 42" is told as the customer's name too, where the tables say it.

A statement that shows the key of a view shows that view's name column beside it, reached by the same link. It
adds nothing to what is computed: a key has one name.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sql.semantics import Shop, View
from sql.shop.trade_words import read_name
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import Name, Statement

MOST_NAMES = 2
"""Columns that a name may stand in: first and last name."""

_WHOLE = re.compile(r"\bname$|^title$|名称$|姓名$|名$|\bdescription$|^label$")
_FIRST, _LAST = (
    re.compile(r"\b(?:first|given) ?name$|\bfname$"),
    re.compile(r"\b(?:last|family|sur) ?name$|\blname$"),
)
_NO_NAME = re.compile(
    r"\b(?:contact|user|login|file|path|short|nick|street|bank|middle|brand|image)\b|联系人|用户名|品牌"
)
_LOOKUP_COLUMNS = 3
"""Columns up to which a table is a list of names, so that a description is one."""


def with_names(statement: Statement, shop: Shop, routes: Routes) -> Statement:
    """``statement`` with the names of the things whose keys it shows; unchanged where none are to add."""
    home = shop.view(statement.view)
    if home is None:
        return statement
    shown = {item.text.lower() for item in statement.items if isinstance(item, Name)}
    items, groups = list(statement.items), list(statement.groups)
    for item in statement.items:
        if not isinstance(item, Name) or (groups and item not in groups):
            continue
        names = _names_of(item, home, shop, routes)
        if not names or any(name.text.lower() in shown for name in names):
            continue
        place = items.index(item) + 1
        items[place:place] = names
        if groups:
            place = groups.index(item) + 1
            groups[place:place] = names
    if len(items) == len(statement.items):
        return statement
    return replace(statement, items=tuple(items), groups=tuple(groups))


def without_names(statement: Statement, shop: Shop, routes: Routes) -> Statement:
    """The statement before :func:`with_names`: what a model writes, and what a follow-up changes."""
    home = shop.view(statement.view)
    if home is None:
        return statement
    added = [
        name
        for item in statement.items
        if isinstance(item, Name)
        for name in _names_of(item, home, shop, routes)
    ]
    return replace(
        statement,
        items=tuple(item for item in statement.items if item not in added),
        groups=tuple(group for group in statement.groups if group not in added),
    )


def _names_of(item: Name, home: View, shop: Shop, routes: Routes) -> list[Name]:
    """The name columns of the thing that a key stands for, as a statement over ``home`` writes them."""
    try:
        route = routes.find(home, item)
    except (NoRoute, Fork):
        return []
    if route.is_many:
        return []
    target = shop.view(route.view.refs.get(route.column.name, ""))
    if target is route.view:
        return []  # a superior is a row of the same table, to which no way leads
    if target is None and route.view.key == (route.column.name,):
        target = route.view
    if target is None:
        return []
    columns = name_columns(target)
    found = []
    for name, reached in routes.columns(home) if columns else ():
        if reached.view is target and reached.column.name in columns and _is_same_thing(route, reached):
            found.append(name)
    return found if len(found) == len(columns) else []


def _is_same_thing(key: Route, name: Route) -> bool:
    """Whether the name's way goes by the key, or ends where the key stands."""
    if name.is_many:
        return False
    if name.view is key.view:
        return name.hops == key.hops
    return name.hops[:-1] == key.hops and name.hops[-1].own == key.column.name


def name_columns(view: View) -> tuple[str, ...]:
    """The text columns that name a row of a view: one, or first and last name; none for an event."""
    texts = [c for c in view.columns if c.type == "text" and c.name not in {*view.key, *view.refs}]
    said = {c.name: " ".join(read_name(c.name)) for c in texts}
    first = [n for n, words in said.items() if _FIRST.search(words)]
    last = [n for n, words in said.items() if _LAST.search(words)]
    nouns = set(read_name(view.name))
    whole = [
        name
        for name, words in said.items()
        if _WHOLE.search(words) and not _NO_NAME.search(words) and name not in {*first, *last}
    ]
    if len(view.columns) > _LOOKUP_COLUMNS:
        whole = [n for n in whole if not said[n].endswith("description")] or [
            n for n in whole if set(said[n].split()) & nouns
        ]
    if whole:
        own = [n for n in whole if set(said[n].split()[:-1]) & nouns or said[n] in ("name", "名称", "姓名")]
        if own or view.time is None:  # an order has a date, and no name that is not called so
            return ((own or whole)[0],)
    return (*first[:1], *last[:1])[:MOST_NAMES]
