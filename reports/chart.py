"""Charts of a report's tables as Vega-Lite, and as pictures without a browser.

Values go into the specification as data under fixed field names, so that nothing in a name or value is read
as an expression or a path.
"""

from __future__ import annotations

from typing import Any

from reports.types import ReportTable

COLOUR = "#2f5d8a"
WIDTH, LINE_HEIGHT, BAR_STEP = 520, 200, 22


def line(table: ReportTable, x: str, y: str, *, title: str) -> dict[str, Any] | None:
    """Values over months; ``None`` when fewer than two are there."""
    data = _data(table, x, y)
    if len(data) < 2:
        return None
    import altair as alt

    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(point=True, color=COLOUR)
        .encode(
            x=alt.X("name:O", title=None, axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("value:Q", title=_unit(table, y), axis=_axis(table, y), scale=alt.Scale(zero=True)),
        )
        .properties(width=WIDTH, height=LINE_HEIGHT, title=title)
    )
    return _specification(chart)


def bars(table: ReportTable, names: str, values: str, *, title: str) -> dict[str, Any] | None:
    """One bar per row, in the table's order; ``None`` when fewer than two are there."""
    data = _data(table, names, values)
    if len(data) < 2:
        return None
    import altair as alt

    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_bar(color=COLOUR)
        .encode(
            x=alt.X("value:Q", title=_unit(table, values), axis=_axis(table, values)),
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        )
        .properties(width=WIDTH - 160, height=alt.Step(BAR_STEP), title=title)
    )
    return _specification(chart)


def to_svg(specification: dict[str, Any]) -> str:
    """The chart as an SVG element; its texts stay texts, in the reader's fonts."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]))


def _data(table: ReportTable, names: str, values: str) -> list[dict[str, Any]]:
    name, value = table.column(names), table.column(values)
    return [
        {"name": str(row[name] if row[name] is not None else "–"), "value": row[value]}
        for row in table.rows
        if isinstance(row[value], int | float)
    ]


def _unit(table: ReportTable, column: str) -> str | None:
    unit = table.columns[table.column(column)].unit
    return unit if unit and unit != "%" else None


def _axis(table: ReportTable, column: str) -> Any:
    import altair as alt

    is_share = table.columns[table.column(column)].unit == "%"
    return alt.Axis(format=".1%") if is_share else alt.Axis(format="~s")


def _specification(chart: Any) -> dict[str, Any]:
    configured = chart.configure(font="system-ui, sans-serif").configure_view(stroke=None)
    return dict(configured.to_dict())
