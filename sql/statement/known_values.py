"""Whether a statement compares with values that are there.

A column whose values are all known has none but these: a condition with another one gives no rows, and
"there is none" would be told where only the wrong column was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process

from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import Among, Compare, Has, Like, Name, Node, Number, Statement, Text, Value

Values = Mapping[tuple[str, str], Sequence[str]]
"""``(view, column)`` → its values, all of them."""
SHOWN = 4


def unknown_value(statement: Statement, shop: Shop, routes: Routes, values: Values) -> str | None:
    """What is wrong with the first condition on a value that its column lacks; ``None`` where none is.

    Conditions that leave out a value that is not there are no fault.
    """
    home = shop.view(statement.view)
    return next(_faults(statement, home, shop, routes, values), None) if home is not None else None


Holds = Callable[[View, str, str], bool]
"""Whether a key column of a view holds a number."""


def misplaced_number(statement: Statement, shop: Shop, routes: Routes, holds: Holds) -> str | None:
    """What is wrong with a number that is compared with one key and is another's: a customer's, an order's.

    A number that no key holds is no fault: there is none such, and that is the answer.
    """
    home = shop.view(statement.view)
    if home is None:
        return None
    for part in statement.where:
        if not (isinstance(part, Compare) and part.sign == "=" and isinstance(part.right, Number)):
            continue
        route = _route(part.left, home, routes)
        if route is None or not _is_key(route, shop):
            continue
        number, meant = part.right.text, _thing(route, shop)
        if holds(*meant, number):
            continue
        for name, other in routes.columns(home):
            if other.is_many or not _is_key(other, shop) or _thing(other, shop) == meant:
                continue
            if holds(*_thing(other, shop), number):
                return f"no {part.left} is {number}; it is the {name} of one"
    return None


def _thing(route: Route, shop: Shop) -> tuple[View, str]:
    """The view whose rows a key tells apart, and its column there."""
    target = shop.view(route.view.refs.get(route.column.name, ""))
    return (target, target.key[0]) if target is not None else (route.view, route.column.name)


def _is_key(route: Route, shop: Shop) -> bool:
    is_own = route.view.key == (route.column.name,)
    return route.column.type == "integer" and (is_own or route.column.name in route.view.refs)


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
