"""A period and its units are of one day: orders that were sent in June, by the week of sending.

Each of the 48 statements of the training set that has a period of one column and units of time has both of
the same column. What is compared with a time before, of other rows or under a condition of its own keeps its
clock.
"""

from __future__ import annotations

from dataclasses import replace

from sql.semantics import Shop
from sql.statement.sentence import During, Grain, Has, Only, Shifted, Statement

_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def by_one_clock(statement: Statement, shop: Shop) -> Statement:
    """The statement with its units of time by the column of its own rows that its one period is of."""
    home = shop.view(statement.view)
    periods = [c for c in statement.where if isinstance(c, During)]
    if home is None or len(periods) != 1 or periods[0].column is None:
        return statement
    column = periods[0].column
    if home.column(column.text) is None or any(
        isinstance(node, Has | Only | Shifted) for node in statement.walk()
    ):
        return statement
    units = {g: Grain(g.unit, column) for g in statement.groups if isinstance(g, Grain) and g.column is None}
    if not units or any(g.unit not in _UNITS for g in units):
        return statement
    return replace(
        statement,
        items=tuple(units.get(i, i) if isinstance(i, Grain) else i for i in statement.items),
        groups=tuple(units.get(g, g) if isinstance(g, Grain) else g for g in statement.groups),
        order=tuple(
            replace(o, key=units.get(o.key, o.key)) if isinstance(o.key, Grain) else o
            for o in statement.order
        ),
    )
