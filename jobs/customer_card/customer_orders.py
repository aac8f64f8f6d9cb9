"""The orders of one customer: how many, the last ones, which are under way, and which of these are late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import Declined
from jobs.customer_card.customer_reading import Reader
from jobs.order_card.order_days import LATE, Usual, expected_days, usual_days
from jobs.order_card.order_facts import gloss_of, order_way
from jobs.order_card.order_places import Part
from jobs.order_card.order_reading import Reader as OrderReader
from sql.types import Value

MOST_TIMED = 3
"""Orders under way that are held against the usual days."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Places among the tables; rows of ``table`` are the orders, the last first."""

    count: int
    table: int
    columns: Mapping[Part, int]
    """Part → its column of ``table``; without what is not there or hidden."""
    open_rows: tuple[int, ...]
    """Orders under way; none where neither a state nor a day of delivery is to be seen."""
    glosses: Mapping[str, str]
    """State → the same in the reader's language, where the shop's description has it."""
    late: Mapping[int, int]
    """Row of an order that is later than usual → table that says by how much, see ``expected_days``."""


def orders_of(customer: Value, reader: Reader) -> Orders | None:
    """The orders, as the role may see them; ``None`` where it sees none, or not whose they are."""
    if "order" not in reader.shop.bindings:
        return None
    try:
        orders = OrderReader(reader.request, reader.workspace)
    except Declined:
        reader.hide(reader.shop.bindings["order"].partition(".")[0])
        return None
    orders.tables, orders.hidden = reader.tables, reader.hidden
    places, view = orders.places, orders.orders
    who = places.parts.get("customer", "")
    if not who:
        return None
    if not reader.shows(view, who):
        return None
    wanted: tuple[Part, ...] = ("number", "ordered", "state", "delivered", "amount", "country")
    parts: dict[Part, str] = {
        part: places.parts[part]
        for part in wanted
        if part in places.parts and reader.shows(view, places.parts[part])
    }
    names = list(dict.fromkeys([*parts.values(), orders.key]))
    where = orders.equals(who, customer)
    number = orders.column(places.number)
    count = orders.run(f"SELECT COUNT(DISTINCT {number}) AS orders FROM {orders.source(view)} WHERE {where}")
    table = orders.select(
        view, names, where,
        by_name=[places.state], latest_first=parts.get("ordered", ""), is_distinct=places.has_lines,
    )  # fmt: skip
    columns = {part: names.index(name) for part, name in parts.items()}
    counted, listed = reader.keep(count), reader.keep(table)
    open_rows = _open(table.rows, columns, orders)
    late = {}
    if "ordered" in parts and not places.has_lines:
        late = _late(listed, open_rows[:MOST_TIMED], columns, names.index(orders.key), orders)
    states = {str(row[columns["state"]]) for row in table.rows} if "state" in columns else set()
    return Orders(
        count=counted,
        table=listed,
        columns=columns,
        open_rows=open_rows,
        glosses={state: gloss for state in states if (gloss := gloss_of(state, orders))},
        late=late,
    )


def _open(
    rows: tuple[tuple[Value, ...], ...], columns: Mapping[Part, int], orders: OrderReader
) -> tuple[int, ...]:
    state, delivered = columns.get("state"), columns.get("delivered")
    if state is None and delivered is None:
        return ()
    return tuple(
        place
        for place, row in enumerate(rows)
        if order_way(
            str(row[state]) if state is not None and row[state] is not None else "",
            row[delivered] if delivered is not None else None,
            orders,
        )
        == "open"
    )


def _late(
    table: int, rows: tuple[int, ...], columns: Mapping[Part, int], key: int, orders: OrderReader
) -> dict[int, int]:
    usual: dict[Value, Usual | None] = {}
    late: dict[int, int] = {}
    for place in rows:
        row = orders.tables[table].rows[place]
        country = row[columns["country"]] if "country" in columns else None
        if country not in usual:
            usual[country] = usual_days(country, orders)
        days = usual[country]
        if days is None or row[columns["ordered"]] is None:
            continue
        expected = expected_days(row[key], days, orders)
        beyond = orders.tables[expected].rows[0][LATE]
        if isinstance(beyond, int) and beyond > 0:
            late[place] = expected
    return late
