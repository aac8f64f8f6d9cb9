"""A picture of how parts lead from one figure to another: a bar for each end, a step for each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telling.charts import SCHEMA, label_of

_COLOURS = {"whole": "#7f8c8d", "up": "#27ae60", "down": "#c0392b"}


def waterfall(
    start: tuple[str, float],
    parts: Sequence[tuple[str, float]],
    end: tuple[str, float],
    *,
    title: str,
    x_title: str,
    y_title: str,
    format: str = ",~f",
) -> dict[str, Any]:
    """A Vega-Lite specification, its data inline.

    Args:
        start, end: what each is called, and the figure; from which the bars begin at 0.
        parts: what each is called, and what it adds, in order.
        format: of the axis, as D3 writes it.
    """
    name, at = start
    steps: list[dict[str, Any]] = [{"x": name, "low": 0.0, "high": at, "way": "whole"}]
    for part, adds in parts:
        way = "up" if adds >= 0 else "down"
        steps.append({"x": label_of(part), "low": at, "high": at + adds, "way": way})
        at += adds
    steps.append({"x": end[0], "low": 0.0, "high": end[1], "way": "whole"})
    x = {
        "field": "x",
        "type": "nominal",
        "title": x_title,
        "sort": {"field": "place"},
        "axis": {"labelAngle": -30},
    }
    color = {
        "field": "way",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(_COLOURS), "range": list(_COLOURS.values())},
    }
    encoding = {
        "x": x,
        "y": {"field": "low", "type": "quantitative", "title": y_title, "axis": {"format": format}},
        "y2": {"field": "high"},
        "color": color,
    }
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(steps)} bars.",
        "width": "container",
        "data": {"values": [{**step, "place": place} for place, step in enumerate(steps)]},
        "layer": [{"mark": {"type": "bar", "tooltip": True}, "encoding": encoding}],
    }
