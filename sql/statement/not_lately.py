"""Who did nothing lately: ``HAS NO orders DURING('last 3 months')`` reaches up to today.

``DURING`` counts in full units, so that months can be compared. Of what did not happen the running month
counts as well: who bought yesterday has bought in the last three months. Where the question says for how long
nothing happened, ``WITHIN 90 DAY`` means that too: the last 90 days, and not the first of each.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TypeVar

from sql.question.lengths_behind import as_last
from sql.question.linking import Links
from sql.statement.sentence import Has, Node
from sql.statement.spans import up_to_today

NodeT = TypeVar("NodeT", bound=Node)


def not_lately(node: NodeT, links: Links, today: dt.date) -> NodeT:
    """The statement with each length of time in which something did not happen up to ``today``."""
    said = [p for p in links.periods if not p.is_open and as_last(p.text.strip()) is not None]

    def change(part: Node) -> Node:
        changed = part.with_parts(change)
        if isinstance(changed, Has) and changed.is_not and changed.within and not changed.during and said:
            last = said[0].end - dt.timedelta(days=1)
            return replace(changed, within=None, during=f"{said[0].start.isoformat()} to {last.isoformat()}")
        if isinstance(changed, Has) and changed.is_not and changed.during:
            return replace(changed, during=up_to_today(changed.during, today) or changed.during)
        return changed

    return change(node)  # type: ignore[return-value]  # a statement stays one
