"""A chart in another form, or none where its data have no such form."""

from __future__ import annotations

import copy
from typing import Any

import altair
import pytest

from telling.charts import to_svg
from telling.redraw import MOST_SLICES, ChartKind, redrawn

BARS: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "title": "Revenue by country",
    "description": "Revenue by country. 2 bars.",
    "width": "container",
    "data": {"values": [{"y": "Austria", "x": 3}, {"y": "Italy", "x": 1}]},
    "mark": {"type": "bar", "tooltip": True},
    "encoding": {
        "y": {"field": "y", "type": "nominal", "title": "Country", "sort": "-x"},
        "x": {"field": "x", "type": "quantitative", "title": "Revenue", "axis": {"format": ",~f"}},
    },
}
LINE: dict[str, Any] = {
    **BARS,
    "data": {"values": [{"x": "2026-01-01", "y": 3}, {"x": "2026-02-01", "y": 1}]},
    "mark": {"type": "line"},
    "encoding": {
        "x": {"field": "x", "type": "temporal", "title": "Month"},
        "y": {"field": "y", "type": "quantitative", "title": "Revenue", "axis": {"format": ",~f"}},
    },
}


def with_rows(chart: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {**chart, "data": {"values": rows}}


@pytest.mark.parametrize(
    ("chart", "kind", "mark"),
    [(BARS, "pie", "arc"), (BARS, "bar", "bar"), (LINE, "bar", "bar"), (LINE, "pie", "arc")],
)
def test_the_data_stay_and_it_can_be_drawn(chart: dict[str, Any], kind: ChartKind, mark: str) -> None:
    before = copy.deepcopy(chart)
    made = redrawn(chart, kind)
    assert made is not None and chart == before
    assert (made["mark"]["type"], made["data"], made["title"]) == (mark, chart["data"], chart["title"])
    assert "<svg" in to_svg(made, 400)
    altair.Chart.from_dict(made)  # the page refuses what does not fit the schema
    if kind == "pie":
        assert made["encoding"]["theta"]["field"] == ("x" if chart is BARS else "y")


@pytest.mark.parametrize(
    ("chart", "kind"),
    [
        (None, "pie"),
        (BARS, "line"),
        (with_rows(BARS, [{"y": "a", "x": -1}, {"y": "b", "x": 2}]), "pie"),
        (with_rows(BARS, [{"y": "a", "x": None}, {"y": "b", "x": 2}]), "pie"),
        (with_rows(BARS, [{"y": str(n), "x": n} for n in range(MOST_SLICES + 1)]), "pie"),
        ({**BARS, "encoding": {**BARS["encoding"], "color": {"field": "group"}}}, "pie"),
        ({**BARS, "layer": []}, "bar"),
    ],
)
def test_what_has_no_such_form_is_refused(chart: dict[str, Any] | None, kind: ChartKind) -> None:
    assert redrawn(chart, kind) is None
