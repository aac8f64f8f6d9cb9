"""Pairs that are bought together, in words and as ranges of their lift."""

from __future__ import annotations

from typing import Any

from jobs.bought_together.pairs import Pairs
from sql.semantics import Shop
from telling.cells import json_value
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import load_words
from telling.writer import Writer

MAX_LINES = 10
"""Pairs that the text lists; the table has all."""
MOST_DRAWN = 25


def tell_pairs(evidence: Evidence, writer: Writer) -> str:
    """Each pair with how often, how surely, and what of one's orders has the other."""
    assert isinstance(evidence, Pairs)
    table = evidence.tables[0]
    names = [column.name for column in table.columns]

    def cell(row: int, name: str) -> str:
        return writer.cell(0, row, names.index(name))

    head = writer.say(
        f"head_{evidence.per}",
        orders=cell(0, "orders"),
        filters=writer.filters(evidence.scope),
    )
    lines = [
        writer.say(
            "line_of" if evidence.is_of_one else "line",
            first=cell(row, "first_product"),
            second=cell(row, "second_product"),
            together=cell(row, "together"),
            confidence=cell(row, "confidence"),
            back=cell(row, "confidence_back"),
            lift=cell(row, "lift"),
            low=cell(row, "lift_low"),
            high=cell(row, "lift_high"),
        )
        for row in range(min(MAX_LINES, len(table.rows)))
    ]
    if float(str(table.rows[0][names.index("lift_low")])) <= 1:
        lines.append("\n" + writer.say("chance"))
    how = writer.say(f"how_{evidence.per}", least=writer.restate(evidence.settings["least"]))
    return "\n\n".join([head, "\n".join(lines), how])


def draw_pairs(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The lift of each pair with its interval, on a logarithmic axis."""
    assert isinstance(evidence, Pairs)
    words = load_words(language, __package__)
    names = [column.name for column in evidence.tables[0].columns]
    data = []
    for row in evidence.tables[0].rows[:MOST_DRAWN]:
        cells = dict(zip(names, row, strict=True))
        pair = f"{label_of(str(cells['first_product']))} + {label_of(str(cells['second_product']))}"
        ends = {"x": "lift", "low": "lift_low", "high": "lift_high"}
        data.append({"y": pair, **{key: json_value(cells[name]) for key, name in ends.items()}})
    if len(data) < 2:
        return None
    y = {
        "field": "y",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 360},
    }
    x = {"type": "quantitative", "scale": {"type": "log"}, "title": words.say("chart_lift")}
    title = words.say("chart")
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(data)} pairs.",
        "width": "container",
        "data": {"values": data},
        "layer": [
            {
                "mark": {"type": "rule", "tooltip": True},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "tooltip": True},
                "encoding": {"y": y, "x": {**x, "field": "x"}},
            },
        ],
    }
