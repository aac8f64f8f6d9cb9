"""Whether a statement compares with values that are there.

A column whose values are all known has none but these: a condition with another one gives no rows, and
"there is none" would be told where only the wrong column was taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process

from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import Among, Compare, Has, Like, Name, Node, Statement, Text, Value

Values = Mapping[tuple[str, str], Sequence[str]]
"""``(view, column)`` → its values, all of them."""
SHOWN = 4


def unknown_value(statement: Statement, shop: Shop, routes: Routes, values: Values) -> str | None:
    """What is wrong with the first condition on a value that its column lacks; ``None`` where none is.

    Conditions that leave out a value that is not there are no fault.
    """
    home = shop.view(statement.view)
    return next(_faults(statement, home, shop, routes, values), None) if home is not None else None


def _faults(node: Node, home: View, shop: Shop, routes: Routes, values: Values) -> Iterator[str]:
    if isinstance(node, Has):
        there = shop.view(node.view)
        if there is None:
            return
        home = there
    if isinstance(node, Compare) and node.sign == "=":
        yield from _fault(node.left, [node.right], home, routes, values)
    elif isinstance(node, Among) and not node.is_not:
        yield from _fault(node.left, node.values, home, routes, values)
    elif isinstance(node, Like) and not node.is_not:
        yield from _fault(node.left, [node.pattern], home, routes, values, is_pattern=True)
    for each in vars(node).values():
        for part in each if isinstance(each, tuple) else (each,):
            if isinstance(part, Node):
                yield from _faults(part, home, shop, routes, values)


def _fault(
    left: Value,
    said: Sequence[Value],
    home: View,
    routes: Routes,
    values: Values,
    *,
    is_pattern: bool = False,
) -> Iterator[str]:
    route = _route(left, home, routes)
    known = values.get((route.view.name, route.column.name)) if route is not None else None
    if not known:
        return
    folded = [value.casefold() for value in known]
    for each in said:
        if not isinstance(each, Text):
            continue
        text = each.value.strip("%").casefold()
        if (any(text in value for value in folded)) if is_pattern else (each.value.casefold() in folded):
            continue
        near = process.extract(each.value, known, scorer=fuzz.partial_ratio, limit=SHOWN)
        others = ", ".join(str(Text(value)) for value, _, _ in near)
        holders = [
            f"{view}.{column}"
            for (view, column), values_there in values.items()
            if any(text in value.casefold() for value in values_there)
        ]
        where = f"; {', '.join(holders[:SHOWN])} has such values" if holders else ""
        yield f"{left} has no value {each}; it has {others}{where}"


def _route(left: Value, home: View, routes: Routes) -> Route | None:
    if not isinstance(left, Name):
        return None
    try:
        return routes.find(home, left)
    except (NoRoute, Fork):
        return None
