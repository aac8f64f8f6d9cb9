"""A finished chart in another form."""

from __future__ import annotations

from typing import Any, Literal

ChartKind = Literal["pie", "bar", "line", "table"]
MOST_SLICES = 12
"""Parts of a pie that can still be told apart."""


def redrawn(chart: dict[str, Any] | None, kind: ChartKind) -> dict[str, Any] | None:
    """The same data as ``kind``; ``None`` where they have no such form.

    A pie needs one number, none below 0, for each of a few names; a line needs time. Charts of several layers
    (a forecast with its intervals) stay as they are.

    Args:
        chart: a Vega-Lite specification of ``telling.charts``; ``None`` for an answer without one.
        kind: not ``table``, which is no chart.
    """
    if chart is None or "layer" in chart:
        return None
    encoding, rows = chart["encoding"], chart["data"]["values"]
    is_over_time = encoding["y"]["type"] == "quantitative"
    if kind == "line":
        return (
            {**chart, "mark": {"type": "line", "point": len(rows) <= 60, "tooltip": True}}
            if is_over_time
            else None
        )
    if kind == "bar":
        return {**chart, "mark": {"type": "bar", "tooltip": True}}
    value, name = ("y", "x") if is_over_time else ("x", "y")
    numbers = [row[value] for row in rows]
    if (
        "color" in encoding
        or len(rows) > MOST_SLICES
        or any(number is None or number < 0 for number in numbers)
    ):
        return None
    colour = {k: v for k, v in encoding[name].items() if k in ("field", "title")} | {"type": "nominal"}
    return {
        **chart,
        "mark": {"type": "arc", "tooltip": True},
        "encoding": {
            "theta": {k: v for k, v in encoding[value].items() if k != "axis"} | {"stack": True},
            "color": colour | {"sort": None},
        },
    }
