"""A chart is chosen from the columns, can be read unseen, and never runs what stands in the data."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import altair
import pytest
from tables import make_table

from sql.shop.workspace import Workspace
from sql.types import ColumnType, Value
from telling.charts import MAX_BARS, MAX_LABEL, MOST_WRITTEN, chart_of, heat_map, to_png, to_svg

D = decimal.Decimal
MONTHLY = "SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) AS revenue FROM sales GROUP BY 1"
EVIL = "datum['x']; alert(1) <script>"


def chart(
    workspace: Workspace,
    columns: list[tuple[str, ColumnType]],
    rows: list[list[Value]],
    language: str = "en",
    **more: Any,
) -> dict[str, Any] | None:
    made = chart_of(make_table(workspace, columns, rows, **more), workspace.shop, language)
    if made is not None:
        json.dumps(made)  # plain data only
        assert made["title"]
        assert made["description"].startswith(made["title"])
        assert all(e.get("title") for name, e in made["encoding"].items() if name != "yOffset")
    return made


def test_time_and_a_number_is_a_line(workspace: Workspace):
    rows: list[list[Value]] = [[dt.date(2026, m, 1), D(m)] for m in (3, 1, 2)]
    made = chart(workspace, [("month", "date"), ("revenue", "number")], rows, sql=MONTHLY)
    assert made is not None
    assert made["mark"]["type"] == "line"
    assert made["encoding"]["x"]["type"] == "temporal"
    assert made["encoding"]["y"]["title"] == "Revenue (EUR)"
    assert [p["x"] for p in made["data"]["values"]] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert made["description"] == "Revenue by month. 3 points, January 2026 to March 2026."
    made = chart(workspace, [("month", "date"), ("revenue", "number")], rows, "zh", sql=MONTHLY)
    assert made is not None
    assert made["description"] == f"{made['title']}：共3个点，从2026年1月到2026年3月。"


def test_months_as_text_or_number_keep_their_order(workspace: Workspace):
    made = chart(workspace, [("month", "text"), ("orders", "integer")], [["2026-02", 1], ["2026-01", 2]])
    assert made is not None
    assert made["encoding"]["x"]["type"] == "ordinal"
    assert [p["x"] for p in made["data"]["values"]] == ["2026-01", "2026-02"]
    made = chart(workspace, [("month", "integer"), ("orders", "integer")], [[10, 1], [9, 2]])
    assert made is not None
    assert [p["x"] for p in made["data"]["values"]] == [9, 10]


def test_weekdays_are_named_and_start_with_monday(workspace: Workspace):
    sql = "SELECT EXTRACT(ISODOW FROM ordered_at) AS weekday, COUNT(*) AS n FROM sales GROUP BY 1"
    columns: list[tuple[str, ColumnType]] = [("weekday", "integer"), ("orders", "integer")]
    for language, names in (("en", ["Monday", "Tuesday", "Sunday"]), ("zh", ["星期一", "星期二", "星期日"])):
        made = chart(workspace, columns, [[7, 4], [1, 9], [2, 2]], language, sql=sql)
        assert made is not None
        assert [p["x"] for p in made["data"]["values"]] == names


def test_names_and_a_number_are_sorted_bars(workspace: Workspace):
    rows: list[list[Value]] = [[f"Town {i}", i] for i in range(50)]
    made = chart(workspace, [("city", "text"), ("orders", "integer")], rows)
    assert made is not None
    assert made["mark"]["type"] == "bar"
    values = [p["x"] for p in made["data"]["values"]]
    assert len(values) == MAX_BARS
    assert values == sorted(values, reverse=True)
    assert made["encoding"]["y"]["sort"] == "-x"


def test_shares_have_an_axis_in_per_cent(workspace: Workspace):
    made = chart(workspace, [("country", "text"), ("share", "number")], [["a", 0.25], ["b", 0.75]])
    assert made is not None
    assert made["encoding"]["x"]["axis"]["format"] == ".1%"
    assert made["encoding"]["x"]["title"] == "Share (%)"


def test_two_names_are_grouped_and_time_with_a_name_is_several_lines(workspace: Workspace):
    rows: list[list[Value]] = [[c, k, 1] for c in "ab" for k in "xy"]
    made = chart(workspace, [("country", "text"), ("channel", "text"), ("orders", "integer")], rows)
    assert made is not None
    assert made["mark"]["type"] == "bar"
    assert made["encoding"]["color"]["title"] == "Channel"
    rows = [[dt.date(2026, m, 1), c, m] for m in (1, 2) for c in "ab"]
    made = chart(workspace, [("month", "date"), ("country", "text"), ("orders", "integer")], rows)
    assert made is not None
    assert made["mark"]["type"] == "line"
    assert {p["group"] for p in made["data"]["values"]} == {"a", "b"}


def test_titles_are_in_the_askers_language(workspace: Workspace):
    made = chart(workspace, [("country", "text"), ("revenue", "number")], [["a", 1], ["b", 2]], language="zh")
    assert made is not None
    assert made["title"] == "按国家的销售额"


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ([("revenue", "number")], [[1]]),
        ([("product", "text")], [["a"], ["b"]]),
        ([("country", "text"), ("revenue", "number")], [["a", 1]]),
        ([("country", "text"), ("revenue", "number")], [["a", None], ["b", None]]),
        ([("order_id", "integer"), ("revenue", "number")], [[1, 2], [3, 4]]),
        ([("country", "text"), ("revenue", "number")], []),
        ([("country", "text"), ("revenue", "number")], [["a", 1], ["a", 2]]),
        ([("a", "text"), ("b", "text"), ("c", "text"), ("orders", "integer")], [["a", "b", "c", 1]] * 2),
    ],
)  # fmt: skip
def test_no_chart_where_it_would_say_nothing(
    columns: list[tuple[str, ColumnType]], rows: list[list[Value]], workspace: Workspace
):
    assert chart(workspace, columns, rows) is None


def test_too_many_lines_are_no_chart(workspace: Workspace):
    rows: list[list[Value]] = [[dt.date(2026, m, 1), f"c{c}", 1] for m in (1, 2) for c in range(20)]
    assert chart(workspace, [("month", "date"), ("country", "text"), ("orders", "integer")], rows) is None


def test_nothing_in_the_data_is_a_field_path_or_an_expression(workspace: Workspace):
    columns: list[tuple[str, ColumnType]] = [("a.b[0]['c']", "text"), ("revenue", "number")]
    made = chart(workspace, columns, [[EVIL, 1], ["fine", 2]])
    assert made is not None
    fields = {encoding["field"] for encoding in made["encoding"].values()}
    assert fields == {"x", "y"}

    def keys(node: Any) -> set[str]:
        if isinstance(node, dict):
            return set(node) | set().union(*(keys(v) for v in node.values()))
        return set().union(*(keys(v) for v in node)) if isinstance(node, list) else set()

    assert not keys(made) & {
        "expr",
        "signal",
        "labelExpr",
        "transform",
        "params",
        "calculate",
        "filter",
        "url",
        "href",
    }
    assert EVIL in [p["y"] for p in made["data"]["values"]]


def test_long_names_are_cut(workspace: Workspace):
    made = chart(
        workspace, [("product", "text"), ("orders", "integer")], [["x" * 99, 1], [None, 2], [True, 3]]
    )
    assert made is not None
    assert [len(p["y"]) for p in made["data"]["values"]] == [3, 4, 40]


def test_every_chart_is_drawn_by_vega(workspace: Workspace):
    import vl_convert

    made = chart(workspace, [("country", "text"), ("revenue", "number")], [[EVIL, 1], ["b", 2]])
    assert made is not None
    drawn = vl_convert.vegalite_to_svg({**made, "width": 300})
    assert drawn.startswith("<svg")
    assert "<script" not in drawn


@pytest.mark.parametrize(
    ("count", "ticks"),
    [
        (5, {"interval": "month", "step": 1}),
        (24, {"interval": "month", "step": 3}),
        (60, {"interval": "month", "step": 6}),
        (150, {"interval": "year", "step": 1}),
    ],
)
def test_the_ticks_of_months_stand_at_months_and_in_no_browsers_zone(
    workspace: Workspace, count: int, ticks: dict[str, Any]
) -> None:
    rows: list[list[Value]] = [[dt.date(2012 + n // 12, n % 12 + 1, 1), D(n)] for n in range(count)]
    made = chart(workspace, [("month", "date"), ("revenue", "number")], rows, sql=MONTHLY)
    assert made is not None
    x = made["encoding"]["x"]
    assert x["axis"] == {"format": "%Y-%m", "tickCount": ticks}
    assert x["scale"] == {"type": "utc"}


# --- heat maps


def heat(cells: list[tuple[str, int, float | None]]) -> dict[str, Any] | None:
    return heat_map(cells, title="Kept", row_title="First", column_title="Months", value_title="Share")


def test_a_heat_map_has_a_shade_and_a_figure_for_each_share():
    made = heat([("2026-01", 1, 0.5), ("2026-01", 2, 0.25), ("2026-02", 1, 0.75), ("2026-02", 2, None)])
    assert made is not None
    json.dumps(made)
    assert made["description"] == "Kept. 3 cells."
    assert [layer["mark"]["type"] for layer in made["layer"]] == ["rect", "text"]
    assert made["data"]["values"][0] == {"y": "2026-01", "x": 1, "share": 0.5}
    assert made["layer"][0]["encoding"]["y"]["sort"] is None, "names stay in their order"


def test_a_heat_map_is_drawn_as_a_picture_and_on_the_page():
    made = heat([(f"{EVIL} {n}", step, n / 10) for n in range(3) for step in (1, 2)])
    assert made is not None
    svg = to_svg(made, 600)
    assert svg.startswith("<svg") and "20%" in svg and "<script" not in svg
    assert to_png(made, 300)[:4] == b"\x89PNG"
    on_page = altair.Chart.from_dict({**made, "width": "container"}).to_dict()
    assert [layer["mark"]["type"] for layer in on_page["layer"]] == ["rect", "text"]


def test_a_wide_heat_map_bears_no_figures_and_a_long_name_is_cut():
    made = heat([("n" * 99, step, 0.1) for step in range(1, MOST_WRITTEN + 2)])
    assert made is not None and len(made["layer"]) == 1
    assert len(made["data"]["values"][0]["y"]) == MAX_LABEL


@pytest.mark.parametrize("cells", [[], [("2026-01", 1, 0.5)], [("2026-01", 1, 0.5), ("2026-01", 2, None)]])
def test_a_single_share_is_no_heat_map(cells: list[tuple[str, int, float | None]]):
    assert heat(cells) is None
