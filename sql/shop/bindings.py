"""Which columns play the parts that jobs need: proposed for a shop that nobody described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.measures import is_sold
from sql.shop.trade_words import says
from sql.types import Dialect

_PARTS: Mapping[str, tuple[re.Pattern[str], frozenset[str]]] = {
    "product": (
        re.compile(r"\b(?:product|item|article|goods|sku)\b|商品|产品|货品"),
        frozenset({"text", "integer"}),
    ),
    "category": (re.compile(r"\bcategory\b|\bdepartment\b|品类|类别|分类"), frozenset({"text", "integer"})),
    "country": (re.compile(r"\bcountry\b|国家"), frozenset({"text", "integer"})),
    "customer": (
        re.compile(r"\b(?:customer|client|buyer|member|user)\b|客户|顾客|会员|买家|用户"),
        frozenset({"text", "integer"}),
    ),
    "order": (
        re.compile(r"\b(?:order|invoice|receipt|transaction)\b|订单|单号|小票|发票"),
        frozenset({"text", "integer"}),
    ),
    "quantity": (re.compile(r"\bquantity\b|\bunit sold\b|数量|件数"), frozenset({"integer", "number"})),
    "amount": (
        re.compile(r"\b(?:amount|revenue|total|sale)\b|金额|销售额|总额"),
        frozenset({"integer", "number"}),
    ),
}
"""Part → what a column's name says of it, and which types it may have."""
_IDENTIFIED = ("customer", "order")
"""Parts that are counted, so that a key is better than a name."""
_NUMBERED = re.compile(r"\b(?:id|number|code)\b|编号|单号|号码|订单号|发票号")
"""What the name of an order's key says, as its date and its state do not."""


def find_bindings(shop: Shop, dialect: Dialect) -> dict[str, str]:
    """Part → ``view.column``, of the view that the shop's revenue hangs on and of those it refers to.

    Without a revenue it is the first view of sales that has a time.

    ``amount`` and ``quantity`` are bound where a metric is the plain sum of the column, ``order`` where one
    counts it; the rest by what columns are called. Nothing is bound where nothing is sold.
    """
    revenue = next((m for m in shop.metrics if m.name in ("revenue", "shop_revenue")), None)
    sold = (view for view in shop.views if is_sold(view) and view.time is not None)
    home = shop.view(revenue.view) if revenue is not None else next(sold, None)
    if home is None:
        return {}
    lines = shop.view(revenue.parts.view) if revenue is not None and revenue.parts is not None else None
    near = _near(shop, [home] if lines is None else [home, lines])
    found: dict[str, str] = {}
    timed = next((v for v in near if v.time is not None), None)
    if timed is not None:
        found["order_date"] = f"{timed.name}.{timed.time}"
    units = next((m for m in shop.metrics if m.name in ("units_sold", "shop_units_sold")), None)
    for part, metric in (("amount", revenue), ("quantity", units)):
        column = _summed(metric, dialect) if metric is not None else None
        if metric is not None and column is not None:
            found[part] = f"{metric.view}.{column}"
    orders = next((m for m in shop.metrics if m.name in ("orders", "shop_orders")), None)
    counted = _counted(orders, shop, dialect) if orders is not None else None
    if orders is not None and counted is not None:
        found["order"] = f"{orders.view}.{counted}"
    for part in ("order", "customer", "product", "category", "country"):
        place = found.get(part) or _first(part, near)
        if place is not None:
            found[part] = place
    return found


def bindings_line(parts: Sequence[str], views: Sequence[View]) -> str:
    """The line of shop.yml that binds ``parts``, with columns of ``views`` that could play them."""
    return f"bindings: {{{', '.join(f'{part}: {_proposed(part, views)}' for part in parts)}}}"


def _proposed(part: str, views: Sequence[View]) -> str:
    if part.endswith("date"):
        timed = sorted((v for v in views if v.time is not None), key=lambda view: not is_sold(view))
        return f"{timed[0].name}.{timed[0].time}" if timed else "VIEW.COLUMN"
    return (_first(part, views) if part in _PARTS else None) or "VIEW.COLUMN"


def _near(shop: Shop, homes: Iterable[View]) -> list[View]:
    """The views, then those that their links lead to, the nearest first."""
    near = list(homes)
    for view in near:
        for target in view.refs.values():
            found = shop.view(target)
            if found is not None and found not in near:
                near.append(found)
    return near


def _first(part: str, views: Sequence[View]) -> str | None:
    pattern, types = _PARTS[part]
    for view in views:
        columns = [c for c in view.columns if c.type in types and says(pattern, c.name, c.type)]
        if part == "order":
            columns = [c for c in columns if c.is_key or says(_NUMBERED, c.name, c.type)]
        if columns:
            return f"{view.name}.{min(columns, key=lambda c: _rank(part, c)).name}"
        # a table of products calls their names just "name"
        names = [c for c in view.columns if c.type == "text" and says(_NAME, c.name, c.type)]
        if part not in (*_IDENTIFIED, "quantity", "amount") and names and says(pattern, view.name):
            return f"{view.name}.{names[0].name}"
    return None


_NAME = re.compile(r"^(?:name|title)$|名称")


def _rank(part: str, column: ViewColumn) -> tuple[bool, int]:
    return (column.is_key != (part in _IDENTIFIED), len(column.name))


def _summed(metric: Metric, dialect: Dialect) -> str | None:
    """The column that a metric is the plain sum of."""
    tree = metric.tree(dialect)
    column = tree.this if isinstance(tree, exp.Sum) else None
    return column.name if isinstance(column, exp.Column) else None


def _counted(metric: Metric, shop: Shop, dialect: Dialect) -> str | None:
    """The column whose values a metric counts; of one that counts rows, their key."""
    tree = metric.tree(dialect)
    if not isinstance(tree, exp.Count):
        return None
    if isinstance(tree.this, exp.Star):
        view = shop.view(metric.view)
        return view.key[0] if view is not None and len(view.key) == 1 else None
    inner = tree.this.expressions if isinstance(tree.this, exp.Distinct) else [tree.this]
    return inner[0].name if len(inner) == 1 and isinstance(inner[0], exp.Column) else None
