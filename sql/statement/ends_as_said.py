"""The end of a telephone number stands in its own column, at its end: ``phone LIKE '%0091'``.

Telephones are personal, so none of their values is known, and a model puts the digits where it knows texts.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from sql.question.linking import Links
from sql.question.number_ends import holds_phones, number_end
from sql.semantics import Shop
from sql.shop.drafting import looks_personal
from sql.shop.row_names import name_columns
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Compare, Has, Like, Name, Node, Number, Statement, Text


def ends_as_said(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """The statement with the told end of a number compared with the ends of telephone numbers.

    Only where the view has one column of them, or where its links lead to one.
    """
    told = number_end(links.question)
    if told is None or not told.is_phone:
        return statement

    names = {name for v in shop.views for name in name_columns(v)}
    names |= {
        c.name for v in shop.views for c in v.columns if c.type == "text" and looks_personal(v.name, c.name)
    }
    phones = {(v.name, c.name) for v in shop.views for c in v.columns if holds_phones(c)}

    def phone_of(view: str) -> Name | None:
        """The telephone numbers of a view, else of the one that its rows lead to."""
        own = [name for of, name in phones if of == view]
        home = shop.view(view)
        if own or home is None:
            return Name(own[0]) if len(own) == 1 else None
        found = set()
        for _, name in phones:
            with contextlib.suppress(NoRoute, Fork):
                route = routes.find(home, Name(name))
                if not route.is_many and (route.view.name, route.column.name) in phones:
                    found.add(name)
        return Name(found.pop()) if len(found) == 1 else None

    def change(node: Node, view: str) -> Node:
        inner = node.view if isinstance(node, Has) else view
        node = node.with_parts(lambda part: change(part, inner))
        if not isinstance(node, Like | Compare) or not _holds(node, told.digits):
            return node
        own = node.left.text.rpartition(".")[2] if isinstance(node.left, Name) else ""
        is_there = any(name == own for _, name in phones)
        if not is_there and own not in names:
            return node  # digits of something else
        phone = node.left if is_there else phone_of(view)
        if phone is None:
            return node
        return Like(phone, Text(f"%{told.digits}"), is_not=isinstance(node, Like) and node.is_not)

    where = tuple(change(condition, statement.view) for condition in statement.where)
    return replace(statement, where=where)  # type: ignore[arg-type]  # a condition stays one


def _holds(node: Node, digits: str) -> bool:
    """Whether a condition compares something with the digits and nothing else."""
    if isinstance(node, Like):
        return node.pattern.value.strip("%") == digits
    if not isinstance(node, Compare) or node.sign != "=":
        return False
    right = node.right
    held = (
        right.value.strip("%") if isinstance(right, Text) else right.text if isinstance(right, Number) else ""
    )
    return held == digits
