"""Fairness in words and as a picture: what is warned of first, then what was compared, and its limits."""

from __future__ import annotations

from typing import Any

from jobs.fairness.group_counts import Fairness
from jobs.told_cells import Cells
from sql.semantics import Shop
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import listed, load_words
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 10
"""Warnings that the text lists; the table has all."""
MOST_BARS = 30
_SHOWN, _WHOLE = 0, 1


def tell_fairness(evidence: Evidence, writer: Writer) -> str:
    """Who was looked at, what is warned of, and what it means."""
    assert isinstance(evidence, Fairness)
    whole = Cells(evidence, writer, _WHOLE, 0)
    names = [writer.restate(title_of(writer.shop, name, writer.words.language)) for name in evidence.columns]
    head = writer.say(
        f"head_{evidence.of}",
        columns=listed(names, writer.words),
        horizon=writer.restate(evidence.horizon.in_words(writer.words.language)),
        **whole.some("customers", "selected", "share"),
    )
    compared = writer.say(
        "fair_compared",
        margin=writer.restate(str(evidence.margin)),
        least=writer.restate(str(evidence.least)),
        chance=writer.restate("5 %"),
        **whole.some("groups", "small_groups", "comparisons"),
    )
    limits = writer.say(f"limits_{evidence.of}")
    return "\n\n".join([head, _warned(evidence, writer), compared, limits])


def _warned(evidence: Fairness, writer: Writer) -> str:
    warned = [row for row, each in enumerate(evidence.compared) if each.is_warned]
    if not warned:
        return writer.say("fair_none", margin=writer.restate(str(evidence.margin)))
    lines = [writer.say("fair_warned")]
    for row in warned[:MAX_LINES]:
        cells = Cells(evidence, writer, _SHOWN, row)
        each = evidence.compared[row]
        way = "more" if each.difference > 0 else "less"
        names = ("grouped_by", "group", "rate", "others", "low", "high")
        lines.append(writer.say(f"line_{evidence.of}_{each.measure}_{way}", **cells.some(*names)))
    return "\n".join([*lines, *([writer.say("fair_more")] if len(warned) > MAX_LINES else [])])


def draw_fairness(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Each group's share that is selected less that of all others, with its interval; the margin as lines."""
    assert isinstance(evidence, Fairness)
    words = load_words(language, __package__ or "")
    selected = [each for each in evidence.compared if each.measure == "selected"][:MOST_BARS]
    if not selected:
        return None
    values = [
        {
            "y": label_of(f"{title_of(shop, each.group.column, language)}: {each.group.name}"),
            "x": round(each.difference, 4),
            "low": round(each.low, 4),
            "high": round(each.high, 4),
            "group": words.say("chart_warned" if each.is_warned else "chart_unwarned"),
        }
        for each in selected
    ]
    title = words.say("chart_fairness")
    y = {"field": "y", "type": "nominal", "sort": None, "title": None}
    x = {
        "type": "quantitative",
        "title": words.say("chart_difference"),
        "axis": {"format": "+.0%", "tickCount": 8},
    }
    color = {
        "field": "group",
        "type": "nominal",
        "title": None,
        "scale": {
            "domain": [words.say("chart_unwarned"), words.say("chart_warned")],
            "range": ["#7f8c8d", "#c0392b"],
        },
    }
    margins = [{"at": side * evidence.margin / 100} for side in (-1, 1)]
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} intervals.",
        "width": "container",
        "data": {"values": values},
        "layer": [
            {
                "data": {"values": margins},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#95a5a6"},
                "encoding": {"x": {**x, "field": "at"}},
            },
            {
                "mark": {"type": "rule"},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": color},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {"y": y, "x": {**x, "field": "x"}, "color": color},
            },
        ],
    }
