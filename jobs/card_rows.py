"""Rows of a view as a card tells them: which columns a line has, and the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sql.semantics import View, ViewColumn
from sql.shop.trade_words import says
from telling.writer import Writer

_TELLING = re.compile(
    r"\b(?:status|state|stage|reason|topic|method|type|subject|result|priority)\b"
    r"|状态|原因|主题|方式|类型"
)
"""Columns of texts that a line tells; the others stand in the table."""


def told_columns(view: View, own: Sequence[ViewColumn], product: str) -> tuple[str, ...]:
    """The columns that a line tells, what names the row first; hidden ones too.

    Args:
        own: columns of ``view`` that say something of the row itself.
        product: the column that names a product; empty for none.
    """
    wanted = [
        view.time or "",
        *(view.key if len(view.key) == 1 else ()),
        product,
        *(c.name for c in own if c.is_measure),
        *(c.name for c in own if c.type in ("boolean", "date", "timestamp")),
        *(c.name for c in own if c.type == "text" and says(_TELLING, c.name, c.type)),
    ]
    return tuple(name for name in dict.fromkeys(wanted) if name)


def row_line(writer: Writer, table: int, row: int, told: int) -> str:
    """What names the row, then each further cell that holds something under its name.

    Args:
        told: columns from the first that the line tells.
    """
    cells = writer.tables[table].rows[row]
    first, *rest = [place for place in range(told) if cells[place] is not None] or [0]
    pairs = [
        writer.say("rows_pair", name=writer.title(table, place), value=writer.cell(table, row, place))
        for place in rest
    ]
    return writer.say(
        "rows_line", pairs=writer.say("group_join").join([writer.cell(table, row, first), *pairs])
    )


def days_in(writer: Writer, table: int, row: int, column: int) -> str:
    """A cell with a number of days, in words."""
    is_one = writer.tables[table].rows[row][column] == 1
    return writer.say("one_day" if is_one else "days", count=writer.cell(table, row, column))
