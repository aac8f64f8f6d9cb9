"""Whether a statement compares with values that are there.

A column whose values are all known has none but these: a condition with another one gives no rows, and
"there is none" would be told where only the wrong column was taken.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from rapidfuzz import fuzz, process

from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import (
    Aggregate,
    Among,
    AnyOf,
    Compare,
    Condition,
    During,
    Has,
    Like,
    Name,
    Node,
    Number,
    Statement,
    Text,
    Value,
)

Values = Mapping[tuple[str, str], Sequence[str]]
"""``(view, column)`` → its values, all of them."""
SHOWN = 4


def unknown_value(statement: Statement, shop: Shop, routes: Routes, values: Values) -> str | None:
    """What is wrong with the first condition on a value that its column lacks; ``None`` where none is.

    Conditions that leave out a value that is not there are no fault.
    """
    home = shop.view(statement.view)
    return next(_faults(statement, home, shop, routes, values), None) if home is not None else None


def compared_with_itself(statement: Statement, today: dt.date, shop: Shop) -> str | None:
    """What is wrong with a time that is compared with itself, where the present day is likely meant.

    An average behind HAVING is none: it is compared with that of all.
    """
    for node in statement.walk():
        if isinstance(node, Compare) and node.left == node.right and not _is_average(node.left, shop):
            return f"{node.left} is compared with itself; today is {Text(today.isoformat())}"
    return None


def _is_average(node: Value, shop: Shop) -> bool:
    if isinstance(node, Aggregate):
        return node.word in ("AVG", "MEDIAN", "PERCENTILE")
    metric = next((m for m in shop.metrics if isinstance(node, Name) and m.name == node.text), None)
    return metric is not None and (metric.is_composed or "/" in metric.sql or "AVG(" in metric.sql.upper())


Holds = Callable[[View, str, str], bool]
"""Whether a key column of a view holds a number."""


def misplaced_number(
    statement: Statement, shop: Shop, routes: Routes, holds: Holds, named: Collection[str] = ()
) -> str | None:
    """What is wrong with a number that is compared with one key and is another's: a customer's, an order's.

    A number that no key holds is no fault: there is none such, and that is the answer.

    Args:
        named: views whose thing the question names with its number, which is not to be doubted.
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
        if meant[0].name in named or holds(*meant, number):
            continue
        for name, other in routes.columns(home):
            if other.is_many or not _is_key(other, shop) or _thing(other, shop) == meant:
                continue
            if holds(*_thing(other, shop), number):
                return f"no {part.left} is {number}; it is the {name} of one"
    return None


def said_only(
    statement: Statement, shop: Shop, routes: Routes, said: Collection[float], question: str
) -> Statement:
    """The statement without a key's number that nobody said, where other conditions tell what is meant.

    Args:
        said: the numbers of the question and of the statement that it goes on from.
    """
    home = shop.view(statement.view)
    if home is None or _EXTREME.search(question):
        return statement
    kept = tuple(part for part in statement.where if not _is_unsaid(part, home, shop, routes, said))
    others = [part for part in kept if not isinstance(part, During)]
    return replace(statement, where=kept) if others and len(kept) < len(statement.where) else statement


_EXTREME = re.compile(
    r"\b(?:first|last|latest|earliest|newest|oldest|most|least|best|worst|top|\w+est)\b|最|第一|头一|首", re.I
)
"""Words by which one of several is meant, which a made-up number may stand for."""


def unsaid_key(statement: Statement, shop: Shop, routes: Routes, said: Collection[float]) -> str | None:
    """What is wrong with a key compared with a number that nobody said: the first complaint is not number 1.

    Args:
        said: the numbers of the question and of the statement that it goes on from.
    """
    home = shop.view(statement.view)
    if home is None:
        return None
    for part in statement.where:
        if isinstance(part, Compare) and _is_unsaid(part, home, shop, routes, said):
            return f"the question names no {part.left} {part.right}"
    return None


def _is_unsaid(part: Condition, home: View, shop: Shop, routes: Routes, said: Collection[float]) -> bool:
    if not (isinstance(part, Compare) and part.sign == "=" and isinstance(part.right, Number)):
        return False
    route = _route(part.left, home, routes)
    return route is not None and _is_key(route, shop) and float(part.right.text) not in said


def _thing(route: Route, shop: Shop) -> tuple[View, str]:
    """The view whose rows a key tells apart, and its column there."""
    target = shop.view(route.view.refs.get(route.column.name, ""))
    if target is not None and len(target.key) == 1:
        return target, target.key[0]
    return route.view, route.column.name


def _is_key(route: Route, shop: Shop) -> bool:
    is_own = route.view.key == (route.column.name,)
    return route.column.type == "integer" and (is_own or route.column.name in route.view.refs)


def _faults(node: Node, home: View, shop: Shop, routes: Routes, values: Values) -> Iterator[str]:
    if isinstance(node, AnyOf):
        faults = [list(_faults(part, home, shop, routes, values)) for part in node.parts]
        yield from faults[0] if all(faults) else ()
        return
    if isinstance(node, Has):
        there = shop.view(node.view)
        if there is None or node.is_not:
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
    if route is None or not known:
        return
    # a figure of another view may mean that view's column of the same name
    of_the_name = [
        v for (_, column), all_of_it in values.items() if column == route.column.name for v in all_of_it
    ]
    folded = {value.rstrip().casefold() for value in of_the_name}
    for each in said:
        if not isinstance(each, Text):
            continue
        text = each.value.strip("%").rstrip().casefold()
        is_there = any(map(_matcher(each.value), folded)) if is_pattern else text in folded
        if is_there:
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


def moved(statement: Statement, shop: Shop, routes: Routes, values: Values) -> Statement | None:
    """The statement with a value on the column that holds it: Ford is no vendor, but in names of products.

    ``None`` where several columns hold it, or none.
    """
    home = shop.view(statement.view)
    if home is None:
        return None
    where: list[Condition] = []
    for part in statement.where:
        is_equal = isinstance(part, Compare) and part.sign == "=" and isinstance(part.right, Text)
        if not is_equal or not any(_faults(part, home, shop, routes, values)):
            where.append(part)
            continue
        said = cast("Text", cast("Compare", part).right)
        text = said.value.rstrip().casefold()
        whole, inside = [], []
        for name, route in routes.columns(home):
            known = values.get((route.view.name, route.column.name), ())
            if not route.is_many and any(text == value.rstrip().casefold() for value in known):
                whole.append(name)
            elif not route.is_many and len(text) > 2 and any(text in value.casefold() for value in known):
                inside.append(name)
        if len(whole) == 1:
            where.append(_exact_compare(whole[0], said, routes, home, values))
        elif not whole and len(inside) == 1:
            where.append(Like(inside[0], Text(f"%{said.value}%")))
        else:
            return None
    made = replace(statement, where=tuple(where))
    return made if made != statement else None


_SEPARATORS = re.compile(r"\s*(?:[,;|、，；]|\s>\s|\s/\s)\s*")
LEAST_LISTS = 0.1
"""Share of a column's values with several parts from which it holds lists."""


def in_lists(statement: Statement, shop: Shop, routes: Routes, values: Values) -> Statement:
    """The statement with a part of a list looked for inside it: ``Candles`` is in ``Candles, Gifts`` too."""
    home = shop.view(statement.view)
    if home is None:
        return statement
    where = tuple(_in_list(part, home, routes, values) for part in statement.where)
    return replace(statement, where=where) if where != statement.where else statement


def _in_list(part: Condition, home: View, routes: Routes, values: Values) -> Condition:
    if not (isinstance(part, Compare) and part.sign in ("=", "<>") and isinstance(part.right, Text)):
        return part
    route = _route(part.left, home, routes)
    known = values.get((route.view.name, route.column.name), ()) if route is not None else ()
    lists = {value: [each.casefold() for each in _SEPARATORS.split(value.strip())] for value in known}
    if sum(len(parts) > 1 for parts in lists.values()) < max(2, LEAST_LISTS * len(known)):
        return part
    counted = Counter(each for parts in lists.values() for each in parts)
    said = part.right.value.strip().casefold()
    if said not in counted or sum(counted.values()) < 1.5 * len(counted):
        return part
    if any(said in each and each != said for each in counted):  # Tea, where there are Teapots
        holders = tuple(Text(value) for value, parts in lists.items() if said in parts)
        return Among(part.left, holders, is_not=part.sign == "<>")
    return Like(part.left, Text(f"%{part.right.value.strip()}%"), is_not=part.sign == "<>")


def _exact_compare(name: Name, text: Text, routes: Routes, home: View, values: Values) -> Compare:
    route = routes.find(home, name)
    return Compare(name, "=", _exact(text, values.get((route.view.name, route.column.name), ())))


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text in small letters is like a pattern."""
    written = ".*".join(map(re.escape, pattern.casefold().split("%")))
    return lambda text: re.fullmatch(written, text, re.DOTALL) is not None


def spelled(statement: Statement, shop: Shop, routes: Routes, values: Values) -> Statement:
    """The statement with each value as its column spells it: ``'gold'`` for ``'GOLD'``, which is none."""
    home = shop.view(statement.view)
    return cast(Statement, _spelled(statement, home, shop, routes, values)) if home is not None else statement


def _spelled(node: Node, home: View, shop: Shop, routes: Routes, values: Values) -> Node:
    if isinstance(node, Has):
        home = shop.view(node.view) or home
    if isinstance(node, Compare | Among):
        route = _route(node.left, home, routes)
        known = values.get((route.view.name, route.column.name), ()) if route is not None else ()
        if isinstance(node, Compare):
            return replace(node, right=_exact(node.right, known))
        return replace(node, values=tuple(_exact(value, known) for value in node.values))
    return node.with_parts(lambda part: _spelled(part, home, shop, routes, values))


def _exact(value: Value, known: Sequence[str]) -> Value:
    if not isinstance(value, Text) or value.value in known:
        return value
    same = [k for k in known if k.rstrip().casefold() == value.value.rstrip().casefold()]
    return Text(same[0]) if len(same) == 1 else value


def _route(left: Value, home: View, routes: Routes) -> Route | None:
    if not isinstance(left, Name):
        return None
    try:
        return routes.find(home, left)
    except (NoRoute, Fork):
        return None
