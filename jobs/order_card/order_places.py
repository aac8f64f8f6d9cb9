"""Where a shop keeps what is known of an order: found in its description, by bindings, links and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sql.semantics import Shop, View
from sql.shop.bindings import played_by
from sql.shop.trade_words import says

Part = Literal["number", "ordered", "shipped", "delivered", "state", "country", "customer", "amount"]
"""What a column says of an order."""
Kind = Literal["items", "payments", "returns", "tickets"]
"""What the rows of a linked view are."""

_BOUND: dict[Part, str] = {
    "ordered": "order_date",
    "shipped": "shipped_date",
    "delivered": "delivered_date",
    "state": "order_state",
    "country": "country",
    "customer": "customer",
    "amount": "amount",
}
"""Part → the binding that says where it is."""
_KINDS: dict[Kind, re.Pattern[str]] = {
    "returns": re.compile(r"\b(?:return|refund|rma|chargeback)\b|退货|退款|售后"),
    "tickets": re.compile(
        r"\b(?:ticket|complaint|case|enquiry|inquiry|conversation|service request|support)\b"
        r"|工单|投诉|客服|咨询"
    ),
    "payments": re.compile(r"\b(?:payment|transaction|charge|capture)\b|支付|付款|收款"),
}
"""Kind → what a view that holds such rows is called."""
_PRODUCT = re.compile(r"\b(?:product|item|article|goods|sku|variant)\b|商品|产品|货品")
_PRICE = re.compile(r"\bprice\b|单价|售价|价格")
_OTHER_PRICE = re.compile(r"\b(?:cost|list|old|original|purchase)\b|成本|进价|原价|标价")
_TELLING_NOTHING = frozenset({"id", "number", "no", "code", "name"})


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A view with rows of orders."""

    kind: Kind
    view: View
    by_order: str
    """The column that holds what ``Places.key`` holds; empty where it is linked by the customer alone."""
    through: Linked | None = None
    """The items that it is linked to, where it names no order itself: ``by_order`` then holds their key."""
    by_customer: str = ""
    """The column that holds the order's customer; empty where that is not looked at."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """The view that orders are found in, and what is linked to it; all as described, whoever asks."""

    orders: View
    parts: Mapping[Part, str]
    """Part → its column of ``orders``; without those that the shop does not have there."""
    key: str
    """The column that other views link to; often that of the number."""
    has_lines: bool
    """Whether the view has a row for each line of an order, so that several rows are one order."""
    linked: tuple[Linked, ...]

    @property
    def number(self) -> str:
        """The column with what people call an order by."""
        return self.parts["number"]

    @property
    def state(self) -> str:
        """The column with the state; empty for none."""
        return self.parts.get("state", "")


def find_places(shop: Shop) -> Places:
    """Where ``shop``, which binds ``order``, keeps orders."""
    name, _, number = shop.bindings["order"].partition(".")
    orders = shop.view(name)
    assert orders is not None, "the file's reader checks bindings"
    has_lines = orders.key != (number,) and bool(product_of(orders, shop) and quantity_of(orders, shop))
    key = number if has_lines or len(orders.key) != 1 else orders.key[0]
    parts: dict[Part, str] = {"number": number}
    for part, bound in _BOUND.items():
        column = played_by(bound, orders, shop.bindings)
        if column is not None:
            parts[part] = column.name
    if parts.get("country") in orders.refs:
        del parts["country"]
    if has_lines:
        parts.pop("amount", None)
    linked = tuple(_linked(shop, orders, key, parts.get("customer", ""), has_lines=has_lines))
    return Places(orders=orders, parts=parts, key=key, has_lines=has_lines, linked=linked)


def product_of(view: View, shop: Shop) -> str:
    """The column of ``view`` that names products, or else refers to them; empty where none does."""
    column = played_by("product", view, shop.bindings)
    if column is not None and column.name in view.key:
        column = None  # it tells the rows apart, and no products
    if column is not None and column.type == "text" and column.name not in view.refs:
        return column.name
    refers = (name for name, target in view.refs.items() if says(_PRODUCT, target))
    return next(refers, column.name if column is not None else "")


def quantity_of(view: View, shop: Shop) -> str:
    """The column with the pieces of a row; empty where there is none."""
    column = played_by("quantity", view, shop.bindings)
    return column.name if column is not None else ""


def money_of(view: View, shop: Shop) -> str:
    """The column with the amount of a row, else with the price of a piece; empty where there is none."""
    column = played_by("amount", view, shop.bindings)
    if column is not None:
        return column.name
    prices = (
        c.name
        for c in view.columns
        if c.is_measure and says(_PRICE, c.name, c.type) and not says(_OTHER_PRICE, c.name, c.type)
    )
    return next(prices, "")


def _linked(shop: Shop, orders: View, key: str, customer: str, *, has_lines: bool) -> Iterator[Linked]:
    """The view of the items, then the others with rows of orders."""
    # a link to the view holds its key, which is not what several rows of one order share
    target = orders.name if orders.key == (key,) else ""
    items = _items(shop, orders, key, target, has_lines=has_lines)
    if items is not None:
        yield items
    for view in shop.views:
        kind = kind_of(view)
        if kind is None or view is orders:
            continue
        by_order, through = link_of(view, target, key), None
        if not by_order and items is not None and items.view is not orders and len(items.view.key) == 1:
            by_order, through = link_of(view, items.view.name, ""), items
        by_customer = link_of(view, orders.refs.get(customer, ""), customer) if kind == "tickets" else ""
        if by_order or by_customer:
            yield Linked(
                kind=kind,
                view=view,
                by_order=by_order,
                through=through if by_order else None,
                by_customer=by_customer,
            )


def _items(shop: Shop, orders: View, key: str, target: str, *, has_lines: bool) -> Linked | None:
    """The first view of products that links to orders, else the orders' own, where it names products."""
    for view in shop.views if not has_lines else ():
        by_order = link_of(view, target, key) if view is not orders and kind_of(view) is None else ""
        if by_order and _holds_items(view, shop):
            return Linked(kind="items", view=view, by_order=by_order)
    return Linked(kind="items", view=orders, by_order=key) if product_of(orders, shop) else None


def kind_of(view: View) -> Kind | None:
    """What a view's rows are by its name; ``None`` for items and all else."""
    return next((kind for kind, names in _KINDS.items() if says(names, view.name)), None)


def _holds_items(view: View, shop: Shop) -> bool:
    return bool(product_of(view, shop) and (quantity_of(view, shop) or money_of(view, shop)))


def link_of(view: View, target: str, name: str) -> str:
    """The column of ``view`` that refers to ``target``, or that is called ``name``; empty where none does."""
    if target:
        refers = (column for column, named in view.refs.items() if named.lower() == target.lower())
        if found := next(refers, ""):
            return found
    same = view.column(name) if name and name.lower() not in _TELLING_NOTHING else None
    return same.name if same is not None else ""
