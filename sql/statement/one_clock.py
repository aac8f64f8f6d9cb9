"""A period and its units are of one day: orders that were sent in June, by the week of sending.

Each of the 48 statements of the training set that has a period of one column and units of time has both of
the same column.
"""

from __future__ import annotations

from sql.statement.sentence import During, Grain, Node, Statement


def by_one_clock(statement: Statement) -> Statement:
    """The statement with its units of time by the column that its one period is of."""
    periods = [c for c in statement.where if isinstance(c, During)]
    if len(periods) != 1 or periods[0].column is None:
        return statement
    column = periods[0].column

    def change(part: Node) -> Node:
        if isinstance(part, Grain) and part.column is None:
            return Grain(part.unit, column)
        return part if isinstance(part, During) else part.with_parts(change)

    changed: Statement = statement.with_parts(change)
    return changed
