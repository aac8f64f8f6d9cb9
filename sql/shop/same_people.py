"""Customers that a shop writes down anew at each order, and the column that tells who is the same.

Where every order has a customer row of its own, the key of that table counts orders. A second column of it
that stands in several rows, called after people (``customer_unique_id``, an e-mail address), is who ordered.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sql.names import quoted
from sql.semantics import Shop, View
from sql.shop.decisions import Decision
from sql.shop.measures import is_sold
from sql.shop.trade_words import says

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

LEAST_ROWS = 50
ALONE = 0.995
"""Share of the orders that must have a customer row of their own."""
AGAIN = (0.3, 0.999)
"""Bounds of different people as a share of the rows: fewer are places, more are the rows themselves."""
_PERSON = re.compile(r"\b(?:id|number|unique|e-?mail|email|mail|phone|mobile)\b|编号|邮箱|手机|电话")
_PLACE = re.compile(r"\b(?:zip|post|postcode|prefix|street|address|city|state|region)\b|邮编|地址|城市")


def with_same_people(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with customers counted and bound by who they are; its bindings must be known."""
    shop, decisions = workspace.shop, []
    dialect = workspace.catalog.dialect
    for view in shop.views:
        column = _who(workspace, view)
        if column is None:
            continue
        counted = f"COUNT(DISTINCT {quoted(column, dialect)})"
        metrics = tuple(
            replace(m, sql=counted) if (m.view, m.sql) == (view.name, "COUNT(*)") else m for m in shop.metrics
        )
        bindings = dict(shop.bindings)
        if _leads_to(shop, bindings.get("customer", ""), view):
            bindings["customer"] = f"{view.name}.{column}"
        shop = replace(shop, metrics=metrics, bindings=bindings)
        text = f"{view.name} has a row for each order; {column} tells who is the same, and is counted"
        text_zh = f"{view.name} 每个订单一行；{column} 能看出是否同一人，按它计数"
        decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
    return shop, decisions


def _leads_to(shop: Shop, place: str, view: View) -> bool:
    name, _, column = place.partition(".")
    home = shop.view(name)
    if home is None:
        return False
    return home.refs.get(column) == view.name or (home.name == view.name and view.key == (column,))


def _who(workspace: Workspace, view: View) -> str | None:
    """The column that tells the people of a view apart, where its key only tells their orders apart."""
    dialect, shop = workspace.catalog.dialect, workspace.shop
    found = [
        c.name
        for c in view.columns
        if c.type in ("text", "integer") and c.name not in (*view.key, *view.refs)
        if says(_PERSON, c.name) and not says(_PLACE, c.name)
    ]
    orders = [
        (each, own)
        for each in shop.views
        if is_sold(each)
        for own, to in each.refs.items()
        if to == view.name
    ]
    if len(view.key) != 1 or not found or not orders:
        return None
    for each, own in orders:
        link = quoted(own, dialect)
        asked = f"SELECT COUNT({link}) AS n, COUNT(DISTINCT {link}) AS d FROM {quoted(each.name, dialect)}"
        ((count, different),) = workspace.look(asked) or ((0, 0),)
        if int(str(count)) < LEAST_ROWS or int(str(different)) < ALONE * int(str(count)):
            return None
    counts = ", ".join(f"COUNT(DISTINCT {quoted(name, dialect)}) AS d{n}" for n, name in enumerate(found))
    rows = workspace.look(f"SELECT COUNT(*) AS n, {counts} FROM {quoted(view.name, dialect)}")
    count, *people = (int(str(value)) for value in rows[0]) if rows else (0, *(0 for _ in found))
    fits = [name for name, n in zip(found, people, strict=True) if AGAIN[0] * count <= n <= AGAIN[1] * count]
    return fits[0] if fits else None
