"""Recommendations in words: each product with the reason, and what was left out."""

from __future__ import annotations

from jobs.recommend.recommending import Recommended
from telling.evidence import Evidence
from telling.phrases import listed
from telling.writer import Writer

MAX_LINES = 10
"""Products that the text lists; the table has all."""


def tell_recommended(evidence: Evidence, writer: Writer) -> str:
    """For whom or what, the products with their reasons, and what is never among them."""
    assert isinstance(evidence, Recommended)
    names = [column.name for column in evidence.tables[0].columns]
    whom = (
        writer.say("for_customer", customer=writer.restate(evidence.customer))
        if evidence.customer
        else listed([writer.restate(name) for name in evidence.products], writer.words)
    )
    head = writer.say(f"head_{evidence.how}", whom=whom, filters=writer.filters(evidence.scope))
    lines = []
    for row in range(min(MAX_LINES, len(evidence.tables[0].rows))):
        told = {name: writer.cell(0, row, place) for place, name in enumerate(names[1:], 1)}
        key = f"line_{evidence.how}" if evidence.how != "bought" else f"line_{evidence.per}"
        lines.append(writer.say(key, product=writer.cell(0, row, 0), **told))
    left_out = {
        "in_stock": evidence.knows_stock,
        "sent_back": evidence.leaves_out_returned,
        "bought_before": bool(evidence.customer) and not evidence.again,
    }
    parts = [writer.say(key) for key, is_so in left_out.items() if is_so]
    if not evidence.knows_stock:
        parts.append(writer.say("stock_unknown"))
    how = writer.say("how") if evidence.how == "bought" else ""
    return "\n\n".join(
        part for part in (head, "\n".join(lines), writer.say("space").join(parts), how) if part
    )
