"""How long orders take from the day they are placed to the day they come, and when one is to be expected.

The usual is read off a table of days with how many orders took no longer, so that each figure is a cell of a
statement on every database, also on those that have no quantiles. Orders that are under way are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobs.order_card.order_places import Part
from jobs.order_card.order_reading import Reader
from sql.errors import QueryTimeout, QueryTooLarge
from sql.times import add_units, day_value, units_between
from sql.types import Table, Value

LEAST_OF_COUNTRY = 30
"""Delivered orders of a country from which its own days are the usual ones."""
LONGEST_DAYS = 365
"""Days to a delivery beyond which a date is odd rather than a parcel slow."""
SHARES = (0.1, 0.5, 0.9)
"""Of delivered orders: the ends of the 80 % interval of days, and the median between them."""


AS_OF, SO_FAR, FROM, MIDDLE, UNTIL, LATE, LEFT_FROM, LEFT_UNTIL = range(8)
"""Columns of the table of :func:`expected_days`."""


@dataclass(frozen=True, kw_only=True)
class Usual:
    """How long orders take."""

    table: int
    """Place of the table of days: a row for each number of them, with orders, and orders so far."""
    low: int
    median: int
    high: int
    """Rows of it."""
    is_of_country: bool


def usual_days(country: Value, reader: Reader) -> Usual | None:
    """The days of delivered orders of the country, of all where those are few; ``None`` where none tell."""
    if days_between("ordered", "delivered", reader) is None:
        return None
    if country is not None:
        table = _days_of(reader, reader.equals(reader.places.parts["country"], country))
        if table is not None and _count(table) >= LEAST_OF_COUNTRY:
            return _read_off(table, reader, is_of_country=True)
    table = _days_of(reader)
    return _read_off(table, reader, is_of_country=False) if table is not None and table.rows else None


def expected_days(key: Value, usual: Usual, reader: Reader) -> int:
    """The place of a table with one row, counted by the database from the day of the order.

    Its columns: as of which day, days since the order, the first, the middle and the last day that it is
    expected on, the days since the last (below 0 before it), and the days left to the first and to the last.
    """
    ordered = reader.column(reader.places.parts["ordered"])
    today = day_value(reader.workspace.today, reader.dialect)
    rows = reader.tables[usual.table].rows
    first, middle, last = (
        add_units(ordered, int(str(rows[row][0])), "day", reader.dialect)
        for row in (usual.low, usual.median, usual.high)
    )
    shown = {
        "as_of": today,
        "days_so_far": units_between(ordered, today, "day", reader.dialect),
        "expected_from": first,
        "expected_middle": middle,
        "expected_until": last,
        "days_late": units_between(last, today, "day", reader.dialect),
        "days_left_from": units_between(today, first, "day", reader.dialect),
        "days_left_until": units_between(today, last, "day", reader.dialect),
    }
    parts = ", ".join(f"{tree.sql(dialect=reader.dialect)} AS {name}" for name, tree in shown.items())
    source = reader.source(reader.orders)
    table = reader.run(f"SELECT {parts} FROM {source} WHERE {reader.equals(reader.key, key)}")
    return reader.keep(replace(table, labels=dict.fromkeys(shown, "")))


def days_between(first: Part, last: Part, reader: Reader) -> str | None:
    """The days from one day of an order to another, as SQL; ``None`` where one of them is not to be seen."""
    names = [reader.places.parts.get(part, "") for part in (first, last)]
    if not all(name and reader.orders.column(name) is not None for name in names):
        return None
    ends = [reader.column(name) for name in names]
    return units_between(ends[0], ends[1], "day", reader.dialect).sql(dialect=reader.dialect)


def _days_of(reader: Reader, where: str = "") -> Table | None:
    """The table of days; ``None`` where it would take longer than the role's budget."""
    days = days_between("ordered", "delivered", reader)
    came = f"{reader.column(reader.places.parts['delivered'])} IS NOT NULL"
    counted = (
        f"SELECT {days} AS days, COUNT(*) AS orders FROM {reader.source(reader.orders)} "
        f"WHERE {' AND '.join([came, *([where] if where else [])])} GROUP BY {days}"
    )
    try:
        table = reader.run(
            f"SELECT days, orders, SUM(orders) OVER (ORDER BY days) AS orders_so_far FROM ({counted}) AS t "
            f"WHERE days BETWEEN 0 AND {LONGEST_DAYS} ORDER BY days"
        )
    except (QueryTimeout, QueryTooLarge):
        return None
    return replace(table, labels=dict.fromkeys(("days", "orders", "orders_so_far"), ""))


def _count(table: Table) -> int:
    return int(str(table.rows[-1][2])) if table.rows else 0


def _read_off(table: Table, reader: Reader, *, is_of_country: bool) -> Usual:
    so_far = [int(str(row[2])) for row in table.rows]
    low, median, high = (
        next(row for row, count in enumerate(so_far) if count >= share * so_far[-1]) for share in SHARES
    )
    place = reader.keep(table)
    return Usual(table=place, low=low, median=median, high=high, is_of_country=is_of_country)
