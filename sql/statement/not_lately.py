"""Who did nothing lately: ``HAS NO orders DURING('last 3 months')`` reaches up to today.

``DURING`` counts in full units, so that months can be compared. Of what did not happen the running month
counts as well: who bought yesterday has bought in the last three months.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TypeVar

from sql.statement.sentence import Has, Node
from sql.statement.spans import up_to_today

NodeT = TypeVar("NodeT", bound=Node)


def not_lately(node: NodeT, today: dt.date) -> NodeT:
    """The statement with each length of time in which something did not happen up to ``today``."""

    def change(part: Node) -> Node:
        changed = part.with_parts(change)
        if isinstance(changed, Has) and changed.is_not and changed.during:
            return replace(changed, during=up_to_today(changed.during, today) or changed.during)
        return changed

    return change(node)  # type: ignore[return-value]  # a statement stays one
