"""Names beside ids: "customer 42" is told as the customer's name too, where the tables say it.

A statement that shows the key of a view shows that view's name column beside it, reached by the same link. It
adds nothing to what is computed: a key has one name. The other way round it does: two people of one name are
told apart by their keys (:func:`with_keys`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sql.semantics import Shop, View
from sql.shop.row_names import is_of_people, name_columns
from sql.shop.trade_words import says
from sql.statement.routes import Fork, Hop, NoRoute, Route, Routes
from sql.statement.sentence import Name, Statement

IsShared = Callable[[View, tuple[str, ...]], bool]
"""Whether some rows of a view have the same in some of its columns."""


def with_names(
    statement: Statement, shop: Shop, routes: Routes, is_shared: IsShared | None = None
) -> Statement:
    """``statement`` with the names of the things whose keys it shows; unchanged where none are to add.

    Args:
        is_shared: where it can be told, a customer's number, which no other has, is as good as the key.
    """
    home = shop.view(statement.view)
    if home is None:
        return statement
    shown = {item.text.lower() for item in statement.items if isinstance(item, Name)}
    items, groups = list(statement.items), list(statement.groups)
    for item in statement.items:
        if not isinstance(item, Name) or (groups and item not in groups):
            continue
        names = _names_of(item, home, shop, routes, is_shared)
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


def without_names(
    statement: Statement, shop: Shop, routes: Routes, is_shared: IsShared | None = None
) -> Statement:
    """The statement before :func:`with_names`: what a model writes, and what a follow-up changes."""
    home = shop.view(statement.view)
    if home is None:
        return statement
    added = [
        name
        for item in statement.items
        if isinstance(item, Name)
        for name in _names_of(item, home, shop, routes, is_shared)
    ]
    return replace(
        statement,
        items=tuple(item for item in statement.items if item not in added),
        groups=tuple(group for group in statement.groups if group not in added),
    )


def with_keys(statement: Statement, shop: Shop, routes: Routes, is_shared: IsShared) -> Statement:
    """``statement`` with the keys of people whose names it groups by, so that two of one name stay two."""
    home = shop.view(statement.view)
    names = [group for group in statement.groups if isinstance(group, Name)]
    if home is None or not names:
        return statement
    found: dict[tuple[str, tuple[Hop, ...]], list[tuple[Name, Route]]] = {}
    for name in names:
        try:
            route = routes.find(home, name)
        except (NoRoute, Fork):
            continue
        found.setdefault((route.view.name, route.hops), []).append((name, route))
    for reached in found.values():
        route = reached[0][1]
        if not route.hops or route.is_many or not is_of_people(route.view):
            continue  # over the people themselves their names are asked about: which stand twice
        columns = name_columns(route.view)
        if not columns or {r.column.name for _, r in reached} & set(columns) != set(columns):
            continue
        key = _key_of(route, home, routes)
        if key is None or key in names or not is_shared(route.view, columns):
            continue
        first = next(name for name, r in reached if r.column.name in columns)
        statement = replace(
            statement,
            groups=_before(first, key, statement.groups),
            items=_before(first, key, statement.items) if first in statement.items else statement.items,
        )
    return statement


def _key_of(route: Route, home: View, routes: Routes) -> Name | None:
    """The link's own column at the end of a way, which tells apart the rows of the view that it leads to."""
    if len(route.view.key) != 1:
        return None
    place = route.hops[:-1], route.hops[-1].own  # a to-one link leads to the key
    return next((name for name, r in routes.columns(home) if (r.hops, r.column.name) == place), None)


def _before(first: Any, key: Name, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    at = parts.index(first)
    return (*parts[:at], key, *parts[at:])


def _names_of(item: Name, home: View, shop: Shop, routes: Routes, is_shared: IsShared | None) -> list[Name]:
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
    if target is None and (route.view.key == (route.column.name,) or _is_number(route, is_shared)):
        target = route.view
    if target is None:
        return []
    columns = name_columns(target)
    found: dict[str, Name] = {}  # a column may be written in two ways: alone, and with its view
    for name, reached in routes.columns(home) if columns else ():
        if reached.view is target and reached.column.name in columns and _is_same_thing(route, reached):
            found.setdefault(reached.column.name, name)
    return list(found.values()) if len(found) == len(columns) else []


def _is_number(route: Route, is_shared: IsShared | None) -> bool:
    """Whether a column numbers the rows of its view as its key does: a customer's number beside his id."""
    is_called = says(_NUMBER, route.column.name, route.column.type)
    if is_shared is None or not (is_called or _PINYIN_CODE.fullmatch(route.column.name.lower())):
        return False
    return bool(name_columns(route.view)) and not is_shared(route.view, (route.column.name,))


_NUMBER = re.compile(r"\b(?:number|code|no)$|编号$|编码$|[^手]号$")
_PINYIN_CODE = re.compile(r"[a-z]{2,4}(?:bm|bh|dm)")
"""编码, 编号 and 代码 behind what they are of, whether or not its own short form is known: ``ypbm``."""


def _is_same_thing(key: Route, name: Route) -> bool:
    """Whether the name's way goes by the key, or ends where the key stands."""
    if name.is_many:
        return False
    if name.view is key.view:
        return name.hops == key.hops
    return name.hops[:-1] == key.hops and name.hops[-1].own == key.column.name
