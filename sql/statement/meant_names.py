"""Whose name is meant where several things have one: the name of the thing that the question names.

``name`` over orders is that of the nearest thing with a name. Where the question speaks of shops and not of
customers, the shop's is meant, and the statement says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.shop.row_names import name_columns
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Has, Name, Node, Statement

_SURE = 0.95


def with_meant_names(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """The statement with each name that several views have said of the one view that the question names.

    A name stays where the asked view has it itself, and where the question names the view that it is of, or
    none or several of the others. ``name`` of something else that the question does not speak of is meant as
    the asked thing's own title.
    """
    home = shop.view(statement.view)
    named = _named(links)
    if home is None or not named:
        return statement
    meant = cast(Statement, _meant(statement, home, named, routes))
    return _by_own_name(meant, home, links, routes) if home.name.lower() in named else meant


def _by_own_name(statement: Statement, home: View, links: Links, routes: Routes) -> Statement:
    """A list of things that shows the name of something else, which the question does not speak of, with the
    things' own name: "which products were never sold" are no categories."""
    own, spoken_of = name_columns(home), {m.view for m in links.mentions}
    names = [item for item in statement.items if isinstance(item, Name)]
    if statement.groups or len(own) != 1 or any(name == Name(own[0]) for name in names):
        return statement
    for name in names:
        try:
            found = routes.find(home, name)
        except (NoRoute, Fork):
            continue
        is_name = bool(found.hops) and not found.is_many and found.column.name in name_columns(found.view)
        if is_name and found.view.name not in spoken_of:
            items = tuple(Name(own[0]) if item == name else item for item in statement.items)
            return replace(statement, items=items)
    return statement


def _named(links: Links) -> frozenset[str]:
    """Views that the question names, by words that are part of no longer name."""
    places = {(m.start, m.end) for m in links.mentions}

    def is_alone(start: int, end: int) -> bool:
        return not any(s <= start and end <= e and (s, e) != (start, end) for s, e in places)

    return frozenset(
        m.name.lower()
        for m in links.mentions
        if m.kind == "view" and m.score >= _SURE and is_alone(m.start, m.end)
    )


def _meant(node: Node, home: View, named: frozenset[str], routes: Routes) -> Node:
    if isinstance(node, Name):
        return _of_the_named(node, home, named, routes)
    if isinstance(node, Has):
        return node
    return node.with_parts(lambda part: _meant(part, home, named, routes))


def _of_the_named(name: Name, home: View, named: frozenset[str], routes: Routes) -> Name:
    if name.of:
        return name
    try:
        found = routes.find(home, name)
    except (NoRoute, Fork):
        return name
    if not found.hops or found.view.name.lower() in named:
        return name
    same = found.view.refs.get(found.column.name)  # a link holds the key of that very thing
    others = {view for view in routes.holders(home, name.text) if view.lower() in named and view != same}
    if len(others) != 1:
        return name
    better = Name(name.text, others.pop())
    try:
        return better if not routes.find(home, better).is_many else name
    except (NoRoute, Fork):
        return name
