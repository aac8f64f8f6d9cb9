"""The card of a customer as evidence: what the asker's role may see, by checked statements alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.card_numbers import Found
from jobs.customer_card.customer_ahead import Ahead, look_ahead
from jobs.customer_card.customer_bought import Bought, CustomerPurchases, Rhythm
from jobs.customer_card.customer_orders import Orders, orders_of
from jobs.customer_card.customer_reading import Reader, ask_which, find_customer
from jobs.customer_card.customer_rows import Block, block_of
from jobs.customer_card.customer_words import ALL, CUSTOMER, PART
from jobs.order_card.order_facts import OF_DRAFT, SURE
from jobs.purchases import PurchaseReader
from telling.evidence import Evidence
from telling.phrases import escape_markdown

_OF_PART = {"returns": ("returns",), "tickets": ("tickets",), "interests": ("reviews",)}
"""Part → the kinds of linked views that it tells."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The customer's own row; columns are places in it."""

    table: int
    number: int
    names: tuple[int, ...]
    since: int | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the data say is to be done next, and where they say it."""

    kind: Literal["late_order", "open_ticket", "buy_again"]
    table: int
    row: int


@dataclass(frozen=True, kw_only=True)
class CustomerCard(Evidence):
    """What is known of one customer; what is ``None`` was not asked for or is not to be seen."""

    part: str
    head: Head
    bought: Bought | None
    orders: Orders | None
    rhythm: Rhythm | None
    ahead: Ahead | None
    interests: tuple[int, ...]
    blocks: tuple[Block, ...]
    step: Step | None
    hidden: tuple[str, ...]
    """What of such a card the role may not see, in words."""


def run_card(request: Request, tools: Tools) -> CustomerCard:
    """Find the customer who is named and read the card.

    Raises:
        AskBack: nobody is named, nobody is called so, or several are.
        Declined: the role sees groups only, or neither customers nor who bought.
    """
    role = tools.workspace.role
    if role.minimum_group is not None:
        names = {"role": escape_markdown(role.name), "least": str(role.minimum_group)}
        raise Declined("aggregates_only", names)
    reader = Reader(request, tools.workspace)
    said, part = request.settings.get(CUSTOMER), request.settings.get(PART) or ALL
    if said is None:
        raise ask_which("which_customer")
    found = find_customer(said, reader)
    head = _head(found, reader)
    request.on_table(reader.tables[head.table])
    customer = _purchases(found, reader, request, tools)
    bought = customer.bought() if customer is not None and part in (ALL, "orders", "value") else None
    is_timed = customer is not None and bought is not None and bought.has_any and part in (ALL, "value")
    rhythm = customer.rhythm(bought) if is_timed and customer is not None and bought is not None else None
    ahead = look_ahead(customer) if is_timed and customer is not None else None
    orders = orders_of(found.key, reader) if part in (ALL, "orders") else None
    interests = customer.interests() if customer is not None and part in (ALL, "interests") else ()
    linked = reader.places.linked
    kinds = {each.kind for each in linked} if part == ALL else set(_OF_PART.get(part, ()))
    blocks = tuple(
        block
        for each in linked
        if each.kind in kinds and (block := block_of(each, found.key, reader)) is not None
    )
    ran = {CUSTOMER.name: said}
    return CustomerCard(
        tables=tuple(reader.tables),
        hits=tuple(hit for block in blocks for hit in block.hits),
        caveats=customer.purchases.caveats if customer is not None else (),
        about=reader.homes[0].view.name,
        confidence=OF_DRAFT if reader.shop.is_drafted else SURE,
        settings=ran if part == ALL else {**ran, PART.name: part},
        part=part,
        head=head,
        bought=bought,
        orders=orders,
        rhythm=rhythm,
        ahead=ahead,
        interests=interests,
        blocks=blocks,
        step=_step(orders, blocks, rhythm) if part == ALL else None,
        hidden=tuple(reader.hidden),
    )


def _head(found: Found, reader: Reader) -> Head:
    """The row of the customers' view, where there is one of this customer; else the number alone."""
    people, places = reader.people, reader.places
    if people is not None:
        names = [column.name for column in people.columns]
        table = reader.select(people, names, reader.equals(places.key, found.key))
        if table.rows:
            for name in (*places.names, places.email):
                if name:
                    reader.shows(people, name)
            number = places.number if places.number in names else places.key
            return Head(
                table=reader.keep(table),
                number=names.index(number),
                names=tuple(names.index(name) for name in places.names if name in names),
                since=names.index(places.since) if places.since in names else None,
            )
    bought = reader.bought
    assert bought is not None, "who was found stands in one of the two"
    table = reader.select(bought, [places.bound], reader.equals(places.bound, found.key), is_distinct=True)
    return Head(table=reader.keep(table), number=0, names=(), since=None)


def _purchases(found: Found, reader: Reader, request: Request, tools: Tools) -> CustomerPurchases | None:
    """Who bought when; ``None`` where the role does not see it, which is noted."""
    purchases = PurchaseReader(request, tools, {})
    for part in ("customer", "order_date", "amount"):
        view, _, column = reader.shop.bindings.get(part, "").partition(".")
        if view and (seen := reader.seen(view)) is None:
            reader.hide(view)
        elif view and seen is not None:
            reader.shows(seen, column)
    if not (purchases.sees("customer") and purchases.sees("order_date")):
        return None
    return CustomerPurchases(purchases, reader, found.key, tools)


def _step(orders: Orders | None, blocks: tuple[Block, ...], rhythm: Rhythm | None) -> Step | None:
    """The most urgent thing that the data say: a late order, an open ticket, a wait that is long."""
    if orders is not None and orders.late:
        return Step(kind="late_order", table=orders.table, row=min(orders.late))
    for block in blocks:
        if block.open_rows:
            return Step(kind="open_ticket", table=block.table, row=block.open_rows[0])
    if rhythm is not None and rhythm.late is not None:
        return Step(kind="buy_again", table=rhythm.late[0], row=rhythm.late[1])
    return None
