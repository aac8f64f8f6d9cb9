"""Names beside ids: "customer 42" is told as the customer's name too, where the tables say it.

A statement that shows the key of a view shows that view's name column beside it, reached by the same link. It
adds nothing to what is computed: a key has one name.
"""

from __future__ import annotations

from dataclasses import replace

from sql.semantics import Shop, View
from sql.shop.row_names import name_columns
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import Name, Statement


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
