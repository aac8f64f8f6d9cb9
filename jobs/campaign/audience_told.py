"""Who should get the next campaign, in words and as a picture: by what, who, how it did, and its limits."""

from __future__ import annotations

from typing import Any

from jobs.campaign.audience import Audience
from jobs.campaign.effect import LEVEL_SAID
from jobs.told_cells import Cells
from telling.charts import SCHEMA
from telling.phrases import load_words
from telling.writer import Writer

MAX_LINES = 10
"""Customers that the text lists; the table has all."""
_CUSTOMERS, _WHOLE, _TENTHS = 0, 1, 2


def tell_audience(evidence: Audience, writer: Writer) -> str:
    """What they were chosen by, the first of them, and what it does not know."""
    parts = [_tested(evidence, writer), _lines(evidence, writer), _limits(evidence, writer)]
    return "\n\n".join(part for part in parts if part)


def _tested(evidence: Audience, writer: Writer) -> str:
    if evidence.why in ("no_groups", "few"):
        return writer.say(f"audience_{evidence.why}")
    whole = Cells(evidence, writer, _WHOLE, 0)
    campaigns = writer.restate(str(evidence.campaigns))
    said = [
        writer.say("audience_gained", campaigns=campaigns, level=writer.restate(LEVEL_SAID),
                   **whole.some("customers", "gained", "gained_low", "gained_high")),
        writer.say("audience_qini" if whole.number("qini_low") > 0 else "audience_chance",
                   **whole.some("qini", "qini_low", "qini_high")),
    ]  # fmt: skip
    said += [writer.say("audience_rule_instead")] if evidence.is_plain else []
    return writer.say("space").join(said)


def _lines(evidence: Audience, writer: Writer) -> str:
    table = evidence.tables[_CUSTOMERS]
    way = "rule" if evidence.is_plain else evidence.why
    columns = [column.name for column in table.columns]
    lines = [writer.say(f"audience_first_{way}")]
    for row in range(min(MAX_LINES, len(table.rows))):
        cells = Cells(evidence, writer, _CUSTOMERS, row)
        key = "audience_line_rule" if evidence.is_plain else "audience_line"
        lines.append(writer.say(key, customer=writer.cell(_CUSTOMERS, row, 0), **cells.some(*columns[1:])))
    return "\n".join([*lines, *([writer.say("more")] if len(table.rows) > MAX_LINES else [])])


def _limits(evidence: Audience, writer: Writer) -> str:
    consent = writer.say("audience_consent" if evidence.has_consent else "audience_no_consent")
    return writer.say("space").join([consent, writer.say("audience_limits")])


def draw_audience(evidence: Audience, language: str) -> dict[str, Any] | None:
    """Share more that bought because of campaigns, by tenth of uplift, with intervals; what was told."""
    rows = evidence.tables[_TENTHS].rows
    if len(rows) < 2:
        return None
    words = load_words(language, __package__)
    values = [{"x": str(row[0]), "told": row[2], "y": row[3], "low": row[4], "high": row[5]} for row in rows]
    title = words.say("chart_audience")
    y = {"type": "quantitative", "title": words.say("chart_share_more"), "axis": {"format": "+.0%"}}
    x = {"field": "x", "type": "nominal", "sort": None, "title": words.say("chart_tenths")}
    ends = {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} intervals.",
        "width": "container",
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"x": x, **ends}},
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {"x": x, "y": {**y, "field": "y"}},
            },
            {"mark": {"type": "tick", "tooltip": True}, "encoding": {"x": x, "y": {**y, "field": "told"}}},
        ],
    }
