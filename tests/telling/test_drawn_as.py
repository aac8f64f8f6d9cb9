"""A chart in the form that is asked for: what has that form is drawn, what has none stays as it is."""

from __future__ import annotations

from typing import get_args

import pytest

from telling.charts import to_svg
from telling.drawn_as import DrawnAs, drawn_as

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def by_name(values: list[float]) -> dict:
    names = ["Audio", "厨房", "<b>Bags</b>", "Toys"]
    return {
        "$schema": SCHEMA, "title": "Revenue by category", "width": "container",
        "data": {"values": [{"y": n, "x": v} for n, v in zip(names, values, strict=False)]},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "y", "type": "nominal", "title": "Category", "sort": "-x"},
            "x": {"field": "x", "type": "quantitative", "title": "Revenue", "axis": {"format": ",~f"}},
        },
    }  # fmt: skip


def over_time() -> dict:
    data = [{"x": f"2026-0{m}-01", "y": m * g, "group": f"G{g}"} for m in range(1, 5) for g in (1, 2)]
    return {
        "$schema": SCHEMA, "title": "Revenue by month and group", "width": "container",
        "data": {"values": data},
        "mark": {"type": "line"},
        "encoding": {
            "x": {"field": "x", "type": "temporal", "title": "Month", "axis": {"format": "%Y-%m"}},
            "y": {"field": "y", "type": "quantitative", "title": "Revenue"},
            "color": {"field": "group", "type": "nominal", "title": "Group"},
        },
    }  # fmt: skip


@pytest.mark.parametrize("kind", get_args(DrawnAs))
def test_every_form_is_drawn_from_some_chart(kind):
    drawn = [d for c in (by_name([3, 2, 1, 1]), over_time()) if (d := drawn_as(c, kind, "en")) is not None]
    assert drawn
    for each in drawn:
        svg = to_svg(each, 300)
        assert svg.startswith("<svg") and "<b>Bags" not in svg


def test_parts_of_a_whole_are_not_drawn_of_numbers_below_nothing():
    for kind in ("pie", "donut", "funnel", "radar"):
        assert drawn_as(by_name([3, -2, 1, 1]), kind, "en") is None
    assert drawn_as(by_name([3, -2, 1, 1]), "waterfall", "en") is not None


def test_a_waterfall_ends_at_the_sum():
    *_, last = drawn_as(by_name([3, -2, 1, 1]), "waterfall", "zh")["data"]["values"]
    assert (last["x"], last["high"]) == ("合计", 3.0)


def test_a_chart_without_that_form_has_none():
    assert drawn_as(None, "bar", "en") is None
    assert drawn_as(by_name([3, 2]), "radar", "en") is None
    assert drawn_as(by_name([3, 2]), "stacked", "en") is None
