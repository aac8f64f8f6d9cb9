"""A finished chart in the form that a report's file asks for; pure, from the chart's own inline data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from telling.redraw import redrawn

DrawnAs = Literal[
    "line", "bar", "stacked", "pie", "donut", "heat map", "multiples", "funnel", "waterfall", "radar"
]
MOST_SPOKES = 12
"""Names around a radar; fewer than three enclose no area."""
MULTIPLE = 150
"""Pixels of one of several small charts."""
COLUMNS = 3
_ROUND = 100
"""Radius of a radar in its own units."""
_TOTAL = {"en": "total", "zh": "合计"}


@dataclass(frozen=True, kw_only=True)
class _Point:
    name: Any
    value: float
    group: str


def drawn_as(chart: dict[str, Any] | None, kind: DrawnAs, language: str) -> dict[str, Any] | None:
    """The same data as ``kind``; ``None`` where they have no such form.

    Parts of a whole (pie, donut, stacked, funnel) need numbers that are none below 0; stacked bars, heat maps
    and small multiples need two names; a radar needs three to twelve. Charts of several layers have no other
    form.

    Args:
        chart: a Vega-Lite specification of :mod:`telling.charts`; ``None`` for a result without one.
        language: of the word that stands below a waterfall's last bar.
    """
    if chart is None or "layer" in chart or "encoding" not in chart:
        return None
    if kind in ("line", "bar", "pie"):
        return redrawn(chart, kind)
    if kind == "donut":
        pie = redrawn(chart, "pie")
        return {**pie, "mark": {"type": "arc", "innerRadius": 60, "tooltip": True}} if pie else None
    if kind in ("stacked", "heat map", "radar"):
        chart = _by_name(chart)
    points, name, value = _points(chart)
    if len(points) < 2:
        return None
    forms = {
        "stacked": _stacked, "heat map": _heat_map, "multiples": _multiples, "funnel": _funnel,
        "radar": _radar,
    }  # fmt: skip
    if kind == "waterfall":
        return _waterfall(chart, points, name, value, _TOTAL.get(language, _TOTAL["en"]))
    return forms[kind](chart, points, name, value)


def _points(chart: dict[str, Any]) -> tuple[list[_Point], str, str]:
    """The numbers with their names, and which fields of the data hold names and numbers."""
    value = "y" if chart["encoding"]["y"]["type"] == "quantitative" else "x"
    name = "x" if value == "y" else "y"
    rows = [row for row in chart["data"]["values"] if row[value] is not None]
    points = [_Point(name=row[name], value=float(row[value]), group=row.get("group", "")) for row in rows]
    return points, name, value


def _by_name(chart: dict[str, Any]) -> dict[str, Any]:
    """Over time, the same with each time as a name: a bar or a square needs a place of its own width."""
    axis = chart["encoding"]["x"]
    if axis["type"] != "temporal":
        return chart
    letters = {"%Y": 4, "%Y-%m": 7}.get(axis.get("axis", {}).get("format", ""), 10)
    data = [{**row, "x": str(row["x"])[:letters]} for row in chart["data"]["values"]]
    named = {"field": "x", "type": "ordinal", "title": axis.get("title"), "axis": {"labelOverlap": True}}
    return {**chart, "data": {"values": data}, "encoding": {**chart["encoding"], "x": named}}


def _are_parts(points: Sequence[_Point]) -> bool:
    return all(point.value >= 0 for point in points)


def _plain(encoding: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: each for key, each in encoding.items() if key not in keys}


def _stacked(chart: dict[str, Any], points: Sequence[_Point], name: str, value: str) -> dict[str, Any] | None:
    encoding = chart["encoding"]
    if "color" not in encoding or not _are_parts(points):
        return None
    stacked = {**encoding[value], "stack": "zero"}
    kept = _plain(encoding, "yOffset", "xOffset")
    return {**chart, "mark": {"type": "bar", "tooltip": True}, "encoding": {**kept, value: stacked}}


def _heat_map(
    chart: dict[str, Any], points: Sequence[_Point], name: str, value: str
) -> dict[str, Any] | None:
    encoding = chart["encoding"]
    if "color" not in encoding:
        return None
    axis = _plain(encoding[name], "sort") | {"type": "ordinal"}
    across = {"field": "group", "type": "nominal", "title": encoding["color"].get("title")}
    shade = {
        "field": value, "type": "quantitative", "title": encoding[value].get("title"),
        "scale": {"scheme": "blues"}, "legend": _plain(encoding[value].get("axis", {}), "tickCount"),
    }  # fmt: skip
    places = {"x": axis, "y": across} if name == "x" else {"x": across, "y": axis}
    return {**chart, "mark": {"type": "rect", "tooltip": True}, "encoding": {**places, "color": shade}}


def _multiples(
    chart: dict[str, Any], points: Sequence[_Point], name: str, value: str
) -> dict[str, Any] | None:
    encoding = chart["encoding"]
    if "color" not in encoding:
        return None
    own = _plain(encoding, "color", "yOffset", "xOffset")
    small = {"width": MULTIPLE, "height": round(MULTIPLE * 0.6), "mark": chart["mark"], "encoding": own}
    facet = {"field": "group", "type": "nominal", "title": encoding["color"].get("title")}
    return {
        **_plain(chart, "mark", "encoding", "width"),
        "facet": facet,
        "columns": COLUMNS,
        "spec": small,
    }


def _funnel(chart: dict[str, Any], points: Sequence[_Point], name: str, value: str) -> dict[str, Any] | None:
    encoding = chart["encoding"]
    if "color" in encoding or not _are_parts(points):
        return None
    data = [{"y": p.name, "low": -p.value / 2, "high": p.value / 2, "value": p.value} for p in points]
    y = {"field": "y", "type": "nominal", "sort": None, "title": encoding[name].get("title")}
    shown = {"field": "value", "type": "quantitative", **_plain(encoding[value].get("axis", {}), "tickCount")}
    x = {"field": "low", "type": "quantitative", "axis": None}
    return {
        **_plain(chart, "mark", "encoding"),
        "data": {"values": data},
        "layer": [
            {"mark": {"type": "bar", "tooltip": True}, "encoding": {"y": y, "x": x, "x2": {"field": "high"}}},
            {
                "mark": {"type": "text"},
                "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative"}, "text": shown},
            },
        ],
    }


def _waterfall(
    chart: dict[str, Any], points: Sequence[_Point], name: str, value: str, total: str
) -> dict[str, Any] | None:
    encoding = chart["encoding"]
    if "color" in encoding:
        return None
    at, data = 0.0, []
    for place, point in enumerate(points):
        way = "up" if point.value >= 0 else "down"
        data.append({"x": str(point.name), "low": at, "high": at + point.value, "way": way, "place": place})
        at += point.value
    data.append({"x": total, "low": 0.0, "high": at, "way": "whole", "place": len(points)})
    colours = {"domain": ["up", "down", "whole"], "range": ["#14907f", "#c05621", "#7d8b89"]}
    x = {
        "field": "x", "type": "nominal", "title": encoding[name].get("title"), "sort": {"field": "place"},
        "axis": {"labelAngle": -30},
    }  # fmt: skip
    return {
        **_plain(chart, "mark", "encoding"),
        "data": {"values": data},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": x,
            "y": {**_plain(encoding[value], "field", "sort"), "field": "low", "type": "quantitative"},
            "y2": {"field": "high"},
            "color": {"field": "way", "type": "nominal", "scale": colours, "legend": None},
        },
    }


def _radar(chart: dict[str, Any], points: Sequence[_Point], name: str, value: str) -> dict[str, Any] | None:
    names = list(dict.fromkeys(str(point.name) for point in points))
    most = max(point.value for point in points)
    if not 3 <= len(names) <= MOST_SPOKES or not _are_parts(points) or most <= 0:
        return None

    def place(at: int, radius: float) -> dict[str, float]:
        angle = 2 * math.pi * at / len(names)
        return {"x": round(radius * math.sin(angle), 3), "y": round(radius * math.cos(angle), 3)}

    lines = []
    for group in dict.fromkeys(point.group for point in points):
        own = {str(point.name): point for point in points if point.group == group}
        around = [own[each] for each in names if each in own]
        for order, point in enumerate([*around, around[0]]):
            at = place(names.index(str(point.name)), _ROUND * point.value / most)
            lines.append(
                {**at, "group": group, "order": order, "name": str(point.name), "value": point.value}
            )
    spokes = [{"name": each, **place(at, _ROUND)} for at, each in enumerate(names)]
    labels = [{"name": each, **place(at, _ROUND * 1.16)} for at, each in enumerate(names)]
    bounds = {"domain": [-1.5 * _ROUND, 1.5 * _ROUND]}
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": bounds}
    y = {"field": "y", "type": "quantitative", "axis": None, "scale": bounds}
    colour = chart["encoding"].get("color", {})
    shade = {"field": "group", "type": "nominal", "title": colour.get("title")}
    encoding: dict[str, Any] = {"x": x, "y": y, "order": {"field": "order", "type": "quantitative"}}
    encoding |= {"color": shade} if colour else {}
    return {
        **_plain(chart, "mark", "encoding", "data"),
        "height": 300,
        "view": {"stroke": None},
        "layer": [
            {
                "data": {"values": spokes},
                "mark": {"type": "rule", "color": "#b8c2c0"},
                "encoding": {"x": x, "y": y, "x2": {"datum": 0}, "y2": {"datum": 0}},
            },
            {"data": {"values": lines}, "mark": {"type": "line", "point": True}, "encoding": encoding},
            {
                "data": {"values": labels},
                "mark": {"type": "text", "color": "#5d6b69"},
                "encoding": {"x": x, "y": y, "text": {"field": "name", "type": "nominal"}},
            },
        ],
    }
