"""The card of an order as evidence: what the asker's role may see of it, by checked statements alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.card_numbers import Found
from jobs.card_rows import told_columns
from jobs.order_card.order_days import LATE, Usual, days_between, expected_days, usual_days
from jobs.order_card.order_letters import upset_in
from jobs.order_card.order_numbers import ask_which, find_orders, no_such
from jobs.order_card.order_places import Kind, Linked, Part, money_of, product_of, quantity_of
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_states import Way, way_of
from jobs.order_card.order_wishes import Wish, wishes_of
from jobs.order_card.order_words import ALL, ORDER, PART, letter_in, references
from sql.semantics import View
from sql.shop.row_names import name_columns
from sql.types import Table, Value
from telling.evidence import Evidence
from telling.phrases import escape_markdown

MOST_CARDS = 3
SURE, OF_DRAFT = 0.9, 0.7
"""Confidence of a card, and of one over a description that nobody has read yet."""
TAKEN = "days_taken"
"""The column of an order's row with the days from order to delivery."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of a linked view."""

    kind: Kind
    view: str
    table: int
    told: int
    """Columns from the first that a line tells; the table has more."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is known of one order; ``head``, ``who`` and ``expected`` are places among the tables."""

    head: int
    columns: Mapping[Part, int]
    """Part → its column of the head; without what is not there or hidden."""
    taken: int | None
    """The column of the head with the days from order to delivery."""
    way: Way
    gloss: str
    """The state in the reader's language, where the shop's description has it."""
    who: int | None
    """One row: the customer's names."""
    usual: Usual | None
    expected: int | None
    is_late: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a customer's letter says of itself."""

    wishes: tuple[Wish, ...]
    signs: tuple[str, ...]
    """Words and signs of anger, as they stand there."""


@dataclass(frozen=True, kw_only=True)
class Cards(Evidence):
    """Cards of the orders that a message names; the first table is the head of the first."""

    cards: tuple[Card, ...]
    part: str
    letter: Letter | None
    missing: tuple[str, ...]
    """Numbers that no order has."""
    is_cut: bool
    """Whether more orders were named than are shown."""
    hidden: tuple[str, ...]
    """What of such a card the role may not see, in words."""


def run_cards(request: Request, tools: Tools) -> Cards:
    """Find the orders that are named and read each one's card.

    Raises:
        AskBack: no order is named, or none has that number.
        Declined: the role may not see single orders.
    """
    role = tools.workspace.role
    if role.minimum_group is not None:
        names = {"role": escape_markdown(role.name), "least": str(role.minimum_group)}
        raise Declined("aggregates_only", names)
    reader = Reader(request, tools.workspace)
    is_letter = letter_in(request.question)
    wanted = request.settings.get(ORDER) or ()
    found, missing = find_orders(wanted, reader) if wanted else ((), ())
    # in a letter that names no order, a number is looked up on the chance that it is one
    is_said = bool(wanted) and (not is_letter or bool(references(request.question)))
    if not found:
        raise no_such(missing, reader) if is_said else ask_which("which_order")
    part = request.settings.get(PART) or ALL
    cards = tuple(read_card(each, part, reader) for each in found[:MOST_CARDS])
    ran = {"order": ", ".join(each.number for each in found[:MOST_CARDS])}
    return Cards(
        tables=tuple(reader.tables),
        about=reader.orders.name,
        titles={TAKEN: "送达天数"} if request.language == "zh" else {},
        confidence=OF_DRAFT if reader.shop.is_drafted else SURE,
        settings=ran if part == ALL else {**ran, "part": part},
        cards=cards,
        part=part,
        letter=_letter(request.question) if is_letter else None,
        missing=missing if is_said else (),
        is_cut=len(found) > MOST_CARDS,
        hidden=tuple(reader.hidden),
    )


def _letter(text: str) -> Letter:
    return Letter(wishes=wishes_of(text), signs=upset_in(text))


def read_card(order: Found, part: str, reader: Reader) -> Card:
    """The card of one order; of one part only what that needs."""
    table, columns, taken = _head(order, reader, is_whole=part == ALL)
    reader.request.on_table(table)
    head = reader.keep(table)
    row = {name: table.rows[0][place] for name, place in columns.items()}
    state = str(row["state"]) if row.get("state") is not None else ""
    way = order_way(state, row.get("delivered"), reader)
    usual = expected = None
    is_late = False
    is_timed = part in (ALL, "arrival") and not reader.places.has_lines and row.get("ordered") is not None
    if is_timed and way != "off":
        usual = usual_days(row.get("country"), reader)
        if usual is not None and way == "open":
            expected = expected_days(order.key, usual, reader)
            late = reader.tables[expected].rows[0][LATE]
            is_late = isinstance(late, int) and late > 0
    blocks = (
        _block(linked, order, row.get("customer"), reader)
        for linked in reader.places.linked
        if part in (ALL, linked.kind)
    )
    return Card(
        head=head,
        columns=columns,
        taken=taken,
        way=way,
        gloss=gloss_of(state, reader) if state else "",
        who=_who(row.get("customer"), reader) if part == ALL else None,
        usual=usual,
        expected=expected,
        is_late=is_late,
        blocks=tuple(block for block in blocks if block is not None),
    )


def _head(order: Found, reader: Reader, *, is_whole: bool) -> tuple[Table, Mapping[Part, int], int | None]:
    """The order's own row, which part stands in which column, and which has the days that it took."""
    places, view = reader.places, reader.orders
    parts = {part: name for part, name in places.parts.items() if view.column(name) is not None}
    for name in places.parts.values() if is_whole else ():
        if view.column(name) is None:
            reader.hide(view.name, name)
    rest = () if places.has_lines else (column.name for column in view.columns)
    names = list(dict.fromkeys([*parts.values(), *rest]))
    days = days_between("ordered", "delivered", reader)
    table = reader.select(
        view,
        names,
        reader.equals(reader.key, order.key),
        more=[(days, TAKEN)] if days is not None else (),
        by_name=[places.state],
        is_distinct=places.has_lines,
    )
    columns = {part: names.index(name) for part, name in parts.items()}
    return _agreed(table), columns, len(names) if days is not None else None


def _agreed(table: Table) -> Table:
    """One row of several that are the same order's: where they differ, nothing is said."""
    if len(table.rows) < 2:
        return table
    row = tuple(cells[0] if len(set(cells)) == 1 else None for cells in zip(*table.rows, strict=True))
    return replace(table, rows=(row,))


def order_way(state: str, delivered: Value, reader: Reader) -> Way:
    """What the day of delivery, else the state, says of an order."""
    if delivered not in (None, ""):
        return "delivered"
    return way_of(state, _words(state, reader)) if state else "open"


def _words(state: str, reader: Reader) -> tuple[str, ...]:
    """Other words for a state, from the shop's description."""
    column = reader.orders.column(reader.places.state)
    return column.values.get(state, ()) if column is not None else ()


def gloss_of(state: str, reader: Reader, language: str = "") -> str:
    """The first word for a state in a language, where the state itself is in none or another.

    Args:
        language: ``zh`` or any other for English; left out, the reader's.
    """
    is_chinese = (language or reader.request.language) == "zh"
    if re.search(r"[^\W\d_]", state) and _has_han(state) == is_chinese:
        return ""
    return next((word for word in _words(state, reader) if _has_han(word) == is_chinese), "")


def _has_han(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def _who(customer: Value, reader: Reader) -> int | None:
    """The customer's names, where the shop has them and the role may see them."""
    target = reader.places.orders.refs.get(reader.places.parts.get("customer", ""), "")
    described = reader.shop.view(target)
    if described is None or len(described.key) != 1 or customer is None:
        return None
    view = reader.seen(target)
    if view is None:
        reader.hide(described.name)
        return None
    names = [name for name in name_columns(described) if reader.shows(view, name)]
    if not names or view.column(described.key[0]) is None:
        return None
    table = reader.select(view, names, reader.equals(described.key[0], customer))
    return reader.keep(table) if table.rows else None


# ---- linked views -----------------------------------------------------------------------------------------


def _block(linked: Linked, order: Found, customer: Value, reader: Reader) -> Block | None:
    """The rows of a linked view that belong to the order; ``None`` where the role may not see them."""
    view = reader.seen(linked.view.name)
    tests = _tests(linked, order, customer, reader)
    if view is None or tests is None:
        reader.hide(linked.view.name)
        return None
    told = [name for name in _told(linked, reader) if reader.shows(view, name)]
    if not tests or not told:
        return None
    is_list = linked.kind != "items"
    rest = [c.name for c in view.columns if is_list and not _is_of_order(c.name, linked.view, reader)]
    is_timed = is_list and view.time is not None and view.column(view.time) is not None
    table = reader.select(
        view,
        list(dict.fromkeys([*told, *rest])),
        " OR ".join(tests),
        by_name=[product_of(linked.view, reader.shop)],
        latest_first=view.time or "" if is_timed else "",
    )
    return Block(kind=linked.kind, view=view.name, table=reader.keep(table), told=len(told))


def _tests(linked: Linked, order: Found, customer: Value, reader: Reader) -> list[str] | None:
    """The conditions that tie a linked view's rows to an order; ``None`` where the role sees no way."""
    view, through = reader.seen(linked.view.name), linked.through
    links = {linked.by_order: order.key, linked.by_customer: customer}
    seen = [name for name in links if name and view is not None and view.column(name) is not None]
    is_led = reader.key == reader.places.key
    if through is not None:
        items = reader.seen(through.view.name)
        is_led &= items is not None and all(items.column(c) for c in (items.key[0], through.by_order))
    if linked.by_order in seen and not is_led:
        seen.remove(linked.by_order)
    if not seen:
        return None
    return [
        reader.refers(name, through.view, through.view.key[0], through.by_order, order.key)
        if through is not None and name == linked.by_order
        else reader.equals(name, links[name])
        for name in seen
        if links[name] is not None
    ]


def _told(linked: Linked, reader: Reader) -> tuple[str, ...]:
    """The columns that a line tells, what names the row first; hidden ones too."""
    view, shop = linked.view, reader.shop
    product = product_of(view, shop)
    if linked.kind == "items":
        named = (product, quantity_of(view, shop), money_of(view, shop))
        return tuple(name for name in named if name)
    links = {linked.by_order, linked.by_customer, *view.refs}
    own = [c for c in view.columns if c.name not in links and not _is_of_order(c.name, view, reader)]
    return told_columns(view, own, product)


def _is_of_order(name: str, view: View, reader: Reader) -> bool:
    """Whether a column of ``view`` only repeats what the order's own row says: its country, its day."""
    column = reader.places.orders.column(name)
    is_repeated = column is not None and not column.is_measure and not column.is_key
    return is_repeated and name not in (reader.places.state, view.time)
