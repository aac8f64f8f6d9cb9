"""What a draft may say of an order: each placeholder's cells, so that every figure keeps its receipt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.order_card.order_days import AS_OF, FROM, LATE, LEFT_FROM, LEFT_UNTIL, SO_FAR, UNTIL
from jobs.order_card.order_facts import Block, Card
from jobs.order_card.order_places import Kind, Part
from sql.shop.trade_words import says
from sql.types import Table
from telling.cells import Grain
from telling.writer import Writer

MOST_ITEMS = 8
"""Items that a sentence lists; of an order with more none are listed."""
_REFUNDED = re.compile(r"\b(?:refund|refunded|amount|total)\b|退款|金额")
_OF_ROW: Mapping[str, Part] = {
    "order_number": "number",
    "ordered_on": "ordered",
    "sent_on": "shipped",
    "delivered_on": "delivered",
    "amount": "amount",
}
_OF_DAYS = {
    "as_of": AS_OF,
    "days_so_far": SO_FAR,
    "expected_from": FROM,
    "expected_until": UNTIL,
    "days_left_from": LEFT_FROM,
    "days_left_until": LEFT_UNTIL,
    "days_late": LATE,
}
_COUNTED = frozenset({"days_left_from", "days_left_until", "days_late"})
"""Counts that say something only above 0."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What fills a placeholder."""

    cells: tuple[tuple[int, int, int], ...] = ()
    """Table, row and column of each."""
    joint: str = ", "
    grain: Grain | None = None
    text: str = ""
    """Where it is of the shop's description and no cell."""

    def printed(self, writer: Writer) -> str:
        """In words; the writer keeps the receipts."""
        cells = (writer.cell(*place, self.grain) for place in self.cells)
        return self.joint.join(cells) if self.cells else writer.restate(self.text)

    def values(self, tables: tuple[Table, ...]) -> list[str]:
        """Its texts as the database has them."""
        return [str(tables[t].rows[r][c]) for t, r, c in self.cells] or [self.text]


def facts_of(
    card: Card, tables: tuple[Table, ...], state: str, *, names_customer: bool
) -> Mapping[str, Fact]:
    """Placeholder → fact, of what is known of the order and may be seen.

    Args:
        state: the order's state in the draft's language; empty where there is no word for it.
        names_customer: whether the reply goes to the order's own customer, as far as is known.
    """
    found: dict[str, Fact] = {}
    for name, part in _OF_ROW.items():
        place = card.columns.get(part)
        if place is not None and tables[card.head].rows[0][place] not in (None, ""):
            grain: Grain | None = "day" if name.endswith("_on") else None
            found[name] = Fact(cells=((card.head, 0, place),), grain=grain)
    if card.expected is not None:
        found |= _days(card, tables)
    if state:
        found["state"] = Fact(text=state)
    if names_customer and card.who is not None:
        columns = range(len(tables[card.who].columns))
        found["customer_name"] = Fact(cells=tuple((card.who, 0, c) for c in columns), joint=" ")
    return found | _items(card, tables) | _returned(card, tables)


def conditions_of(card: Card | None, tables: tuple[Table, ...], *, names_customer: bool) -> frozenset[str]:
    """What holds of the order, in the words that macros ask for it; the arguments as in :func:`facts_of`."""
    if card is None:
        return frozenset({"no_order"})
    found = {"delivered": {"delivered"}, "off": {"cancelled"}, "open": {"open"}}[card.way]
    if card.expected is not None:
        found.add("late" if card.is_late else "on_time")
    if (sent := card.columns.get("shipped")) is not None:
        found.add("not_sent" if tables[card.head].rows[0][sent] in (None, "") else "sent")
    if (returns := _block(card, "returns")) is not None:
        found.add("returned" if tables[returns.table].rows else "not_returned")
    if names_customer and card.who is not None:
        found.add("named")
    return frozenset(found)


def _days(card: Card, tables: tuple[Table, ...]) -> dict[str, Fact]:
    """Days of what is under way."""
    assert card.expected is not None
    row, found = tables[card.expected].rows[0], dict[str, Fact]()
    for name, column in _OF_DAYS.items():
        days, is_count = row[column], name in _COUNTED
        if not is_count or (isinstance(days, int) and days > 0):
            found[name] = Fact(cells=((card.expected, 0, column),), grain=None if is_count else "day")
    return found


def _items(card: Card, tables: tuple[Table, ...]) -> dict[str, Fact]:
    block = _block(card, "items")
    if block is None or tables[block.table].columns[0].type != "text":
        return {}
    rows = tables[block.table].rows
    if not 0 < len(rows) <= MOST_ITEMS or any(row[0] in (None, "") for row in rows):
        return {}
    return {"items": Fact(cells=tuple((block.table, row, 0) for row in range(len(rows))))}


def _returned(card: Card, tables: tuple[Table, ...]) -> dict[str, Fact]:
    """Of a single return its day and amount; of several nothing, for it is not known which is meant."""
    block = _block(card, "returns")
    if block is None or len(tables[block.table].rows) != 1:
        return {}
    table = tables[block.table]
    found: dict[str, Fact] = {}
    for place, column in enumerate(table.columns):
        value = table.rows[0][place]
        if value is None:
            continue
        if column.type in ("date", "timestamp") and "returned_on" not in found:
            found["returned_on"] = Fact(cells=((block.table, 0, place),), grain="day")
        if column.type == "number" and says(_REFUNDED, column.name) and "refund_amount" not in found:
            found["refund_amount"] = Fact(cells=((block.table, 0, place),))
    return found


def _block(card: Card, kind: Kind) -> Block | None:
    return next((block for block in card.blocks if block.kind == kind), None)
