"""Where a shop keeps what is known of a customer: found in its description, by bindings, links and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jobs.order_card.order_places import find_places, kind_of, link_of
from sql.semantics import Shop, View, ViewColumn
from sql.shop.row_names import name_columns
from sql.shop.trade_words import says
from sql.types import Value

Kind = Literal["returns", "tickets", "reviews"]
"""What the rows of a view that is linked to customers are."""

_PEOPLE = re.compile(
    r"\b(?:customer|client|buyer|member|user|shopper|people|person)\b|客户|顾客|会员|买家|用户"
)
_NUMBER = re.compile(
    r"^(?:customer|client|buyer|member|user|account) (?:number|no|code)$"
    r"|(?:客户|顾客|会员|买家|用户)(?:号|编号|编码)$"
)
EMAIL = re.compile(r"\be ?mail\b|邮箱|电子邮件")
_SINCE = re.compile(r"\b(?:regist\w*|sign\w*|join\w*|creat\w*|since|enrol\w*)\b|注册|入会|创建|开户")
_REFUND = re.compile(r"\brefund\w*\b|退款")
_STATE = re.compile(r"\b(?:status|state|stage)\b|状态")
_OPEN = re.compile(r"\b(?:open|unresolved|pending)\b|未解决|未关闭")
_CLOSED = re.compile(r"\b(?:closed|close|resolved|solved|finished)\b|关闭|解决")
_DONE = re.compile(r"clos|resolv|solved|done|finish|complet|已?关闭|已解决|完成|结束", re.IGNORECASE)
_NOT_DONE = re.compile(r"\b(?:un|not|re-?open)|未|没|重新", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A view with rows of customers."""

    kind: Kind
    view: View
    by_customer: str
    """The column that holds the customer; empty where an order leads to it."""
    by_order: str = ""
    """The column that holds the order, where the view names no customer itself."""


@dataclass(frozen=True, kw_only=True)
class CustomerPlaces:
    """The view that customers stand in, and what is linked to it; all as described, whoever asks."""

    bought: View
    """The view whose rows say who bought."""
    bound: str
    """Its column with the customer."""
    people: View | None
    """The view with a row for each customer; ``None`` where the shop has none."""
    key: str
    """The column of ``people`` that other views hold."""
    number: str
    """The column of ``people`` with what people call a customer by; often the same."""
    email: str
    """Column of ``people``; empty for none."""
    names: tuple[str, ...]
    since: str
    """The day that somebody became a customer, where ``people`` says it; empty for none."""
    linked: tuple[Linked, ...]


def find_customer_places(shop: Shop) -> CustomerPlaces:
    """Where ``shop``, which binds ``customer``, keeps customers."""
    name, _, bound = shop.bindings["customer"].partition(".")
    bought = shop.view(name)
    assert bought is not None, "the file's reader checks bindings"
    people, key = _people(shop, bought, bound)
    columns = people.columns if people is not None else ()
    numbers = (c.name for c in columns if c.name != key and says(_NUMBER, c.name, c.type))
    emails = (c.name for c in columns if c.type == "text" and says(EMAIL, c.name, c.type))
    days = (c.name for c in columns if c.type in ("date", "timestamp") and says(_SINCE, c.name, c.type))
    return CustomerPlaces(
        bought=bought,
        bound=bound,
        people=people,
        key=key,
        number=next(numbers, key),
        email=next(emails, ""),
        names=name_columns(people) if people is not None else (),
        since=next(days, ""),
        linked=tuple(_linked(shop, people, bound)),
    )


def _people(shop: Shop, bought: View, bound: str) -> tuple[View | None, str]:
    """The view with a row for each customer, and its column that ``bound`` holds."""
    target = shop.view(bought.refs.get(bound, ""))
    if target is not None and len(target.key) == 1:
        return target, target.key[0]
    keyed = (view for view in shop.views if view.key == (bound,))
    called = (view for view in shop.views if says(_PEOPLE, view.name) and view.column(bound) is not None)
    found = next(keyed, None) or next(called, None)
    return found, bound


def _linked(shop: Shop, people: View | None, bound: str) -> Iterator[Linked]:
    target = people.name if people is not None else ""
    orders = find_places(shop) if "order" in shop.bindings else None
    for view in shop.views:
        kind = _kind(view, shop)
        if kind is None or view is people:
            continue
        if by_customer := link_of(view, target, bound):
            yield Linked(kind=kind, view=view, by_customer=by_customer)
        elif orders is not None and "customer" in orders.parts and view is not orders.orders:
            of_orders = orders.orders.name if orders.orders.key == (orders.key,) else ""
            if by_order := link_of(view, of_orders, orders.key):
                yield Linked(kind=kind, view=view, by_customer="", by_order=by_order)


def _kind(view: View, shop: Shop) -> Kind | None:
    if shop.reviews is not None and shop.reviews.view.lower() == view.name.lower():
        return "reviews"
    kind = kind_of(view)
    return kind if kind in ("returns", "tickets") else None


def refund_of(view: View) -> str:
    """The column of a view of returns with the money that went back; empty for none."""
    return next((c.name for c in view.columns if c.is_measure and says(_REFUND, c.name, c.type)), "")


def open_column(view: View) -> ViewColumn | None:
    """The column of a view of tickets that says whether one is still open; ``None`` where none does.

    A truth that is called so, else a day of closing, else a state in words.
    """
    truths = (c for c in view.columns if c.type == "boolean" and says(_OPEN, c.name, c.type))
    days = (c for c in view.columns if c.type in ("date", "timestamp") and says(_CLOSED, c.name, c.type))
    states = (c for c in view.columns if c.type == "text" and says(_STATE, c.name, c.type))
    return next(truths, None) or next(days, None) or next(states, None)


def says_open(column: ViewColumn, value: Value) -> bool:
    """Whether what such a column holds of a ticket says that it is open.

    >>> state = ViewColumn(name="status", type="text")
    >>> says_open(state, "waiting for customer"), says_open(state, "resolved"), says_open(state, "未解决")
    (True, False, True)
    """
    if column.type == "boolean":
        return str(value).lower() in ("true", "1", "t")
    if value is None or value == "":
        return True
    if column.type != "text":
        return False
    return not _DONE.search(str(value)) or bool(_NOT_DONE.search(str(value)))
