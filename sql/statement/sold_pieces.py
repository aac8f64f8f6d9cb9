"""Pieces that were sold are those that count as sold, and not what was ordered or shipped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sql.question.linking import Links
from sql.question.words import WORD, root
from sql.semantics import Metric, Shop
from sql.shop.trade_words import says, spoken
from sql.statement.sentence import Name, Node, Statement

NAMES = ("units_sold", "shop_units_sold")
"""What a first description calls the pieces that count as sold."""
_SOLD = re.compile(r"\b(?:sells?|sold|selling|bought)\b|卖|售出|销量|畅销", re.I)
_STEP = re.compile(
    r"\b(?:order\w*|ship\w*|dispatch\w*|sent|gone out|go out|arriv\w*|deliver\w*|bill\w*|invoic\w*"
    r"|confirm\w*)\b"
    r"|发|下单|开票|签收|到货|送",
    re.I,
)
"""Words for what becomes of what was sold."""
_QUANTITY = re.compile(r"\b(?:quantity|piece|unit)\b|数量|件数")
_STEPS = frozenset({"ordered", "order", "shipped", "ship", "invoiced", "delivered", "billed", "confirmed"})
"""What else the same pieces may be counted at."""
_IDLE = frozenset({"quantity", "total", "number", "piece", "unit", "of"})


def sold_pieces(statement: Statement, links: Links, shop: Shop, pieces: Sequence[Metric]) -> Statement:
    """The statement with the pieces that count as sold, where it sums those that were ordered or shipped, the
    question asks what was sold, and none of its words is for the other.

    Args:
        pieces: the metrics that count what was sold.
    """
    named = [metric for metric in pieces if metric.name in NAMES] or list(pieces)
    if len(named) != 1 or not _SOLD.search(links.question):
        return statement
    (sold,) = named
    if _STEP.search(links.question) or any(
        isinstance(n, Name) and n.text.lower() == sold.name.lower() for n in statement.walk()
    ):
        return statement
    roots = {root(word) for word in WORD.findall(links.question.casefold())}

    def is_another(metric: Metric) -> bool:
        own = metric.name.removeprefix(f"total_{metric.view.lower()}_")
        steps = set(spoken(own, "integer").split()) - _IDLE
        return (
            metric.view == sold.view
            and metric.name != sold.name
            and metric.sql.lstrip().upper().startswith("SUM(")
            and says(_QUANTITY, own, "integer")
            and bool(steps)
            and steps <= _STEPS
            and not any(root(step) in roots for step in steps)
        )

    others = {metric.name.lower() for metric in shop.metrics if is_another(metric)}

    def change(part: Node) -> Node:
        if isinstance(part, Name) and part.text.lower() in others:
            return Name(sold.name)
        return part.with_parts(change)

    return statement.with_parts(change) if others else statement
