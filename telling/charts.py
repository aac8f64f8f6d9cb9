"""A Vega-Lite specification chosen from a result's columns; ``None`` where a chart would say nothing.

Data stand inline under neutral field names (``x``, ``y``, ``group``), so that no name or value from the
database is ever read as a field path or an expression; titles and categories are plain strings to
Vega-Lite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sql.semantics import Shop
from sql.types import Table, Value
from telling.cells import Grain, format_cell, format_date, json_value
from telling.evidence import Evidence
from telling.profile import Profile, profile_of
from telling.titles import title_of, unit_of

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
MAX_BARS = 30
"""Bars drawn at most; the largest are kept."""
MAX_GROUPS = 12
"""Colours told apart at most; with more, no chart."""
MAX_POINTS = 2_000
MAX_LABEL = 40
"""Characters of a category that an axis shows."""
MOST_WRITTEN = 16
"""Steps of a heat map up to which each square bears its figure."""
MOST_TICKS = 13
"""Months or years that stand below an axis."""


def chart_of(table: Table, shop: Shop, language: str) -> dict[str, Any] | None:
    """A line over time, bars by name, grouped bars or lines by two names; else ``None``."""
    profile = profile_of(table)
    if profile.kind not in ("series", "groups", "two_way") or len(table.rows) < 2:
        return None
    measure = profile.measures[0]
    rows = [row for row in table.rows if row[measure] is not None]
    if len(rows) < 2:
        return None
    chart = _Chart(table, profile, shop, language)
    if profile.kind == "series":
        return chart.line(rows)
    if profile.kind == "groups":
        return chart.bars(rows)
    return chart.grouped(rows)


def draw_result(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The chart of the first table, if there is one."""
    return chart_of(evidence.tables[0], shop, language) if evidence.tables else None


def heat_map(
    cells: Sequence[tuple[str, int, float | None]],
    *,
    title: str,
    row_title: str,
    column_title: str,
    value_title: str,
) -> dict[str, Any] | None:
    """Shares as shades: names from top to bottom, steps from left to right; ``None`` for fewer than two.

    Args:
        cells: name, step and share of 1, names in the order in which they are drawn; ``None`` stays empty.
    """
    data: list[dict[str, Any]] = [
        {"y": label_of(name), "x": step, "share": share} for name, step, share in cells if share is not None
    ]
    if len(data) < 2 or len(data) > MAX_POINTS:
        return None
    steps = {point["x"] for point in data}
    x = {"field": "x", "type": "ordinal", "title": column_title, "axis": {"orient": "top", "labelAngle": 0}}
    y = {"field": "y", "type": "ordinal", "title": row_title, "sort": None}
    shade = {
        "field": "share",
        "type": "quantitative",
        "title": value_title,
        "scale": {"scheme": "blues", "domainMin": 0},
        "legend": {"format": ".0%"},
    }
    share = {"field": "share", "type": "quantitative", "title": value_title, "format": ".1%"}
    most = max(point["share"] for point in data)
    is_dark = {"condition": {"test": f"datum.share > {0.7 * most:.6f}", "value": "white"}, "value": "black"}
    squares = {
        "mark": {"type": "rect", "tooltip": True},
        "encoding": {"x": x, "y": y, "color": shade, "tooltip": [share]},
    }
    figures = {
        "mark": {"type": "text", "fontSize": 10},
        "encoding": {"x": x, "y": y, "text": {**share, "format": ".0%"}, "color": is_dark},
    }
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(data)} cells.",
        "width": "container",
        "height": {"step": 22},
        "data": {"values": data},
        "layer": [squares, figures] if len(steps) <= MOST_WRITTEN else [squares],
    }


def label_of(text: str) -> str:
    """A name on one line, as long as an axis shows it."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_LABEL else f"{line[: MAX_LABEL - 1]}…"


def to_svg(specification: dict[str, Any], width: int) -> str:
    """A chart as an SVG element ``width`` pixels wide, without a browser; its texts stay texts."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_of_width(specification, width), allowed_base_urls=[]))


def to_png(specification: dict[str, Any], width: int) -> bytes:
    """The same as a PNG image of twice as many pixels, for sharp screens."""
    import vl_convert

    drawn = _of_width(specification, width)
    return bytes(vl_convert.vegalite_to_png(drawn, scale=2, allowed_base_urls=[]))


def _of_width(specification: dict[str, Any], width: int) -> dict[str, Any]:
    return {**specification, "width": width} if specification.get("width") == "container" else specification


class _Chart:
    def __init__(self, table: Table, profile: Profile, shop: Shop, language: str) -> None:
        self.table = table
        self.profile = profile
        self.language = language
        self.names = [title_of(shop, column.name, language) for column in table.columns]
        self.units = [unit_of(shop, table, column.name) for column in table.columns]

    def title(self, position: int) -> str:
        """A column's name with its unit."""
        name, unit = self.names[position], self.units[position]
        named = f"{name[:1].upper()}{name[1:]}"
        return f"{named} ({unit})" if unit else named

    def line(self, rows: list[tuple[Value, ...]]) -> dict[str, Any] | None:
        time, measure = self.profile.time, self.profile.measures[0]
        assert time is not None
        if len(rows) > MAX_POINTS:
            return None
        data = [
            {"x": self._when(row[time]), "y": json_value(row[measure])}
            for row in sorted(rows, key=lambda row: _order(row[time]))
            if row[time] is not None
        ]
        encoding = {"x": self._time_axis(time), "y": self._measure("y", measure)}
        mark = {"type": "line", "point": len(data) <= 60, "tooltip": True}
        return self._spec(mark, encoding, data, [measure, time])

    def bars(self, rows: list[tuple[Value, ...]]) -> dict[str, Any]:
        name, measure = self.profile.categories[0], self.profile.measures[0]
        kept = sorted(rows, key=lambda row: float(row[measure]), reverse=True)[:MAX_BARS]  # type: ignore[arg-type]
        data = [{"y": self._label(row[name]), "x": json_value(row[measure])} for row in kept]
        encoding = {"y": self._names_axis(name), "x": self._measure("x", measure)}
        return self._spec({"type": "bar", "tooltip": True}, encoding, data, [measure, name])

    def grouped(self, rows: list[tuple[Value, ...]]) -> dict[str, Any] | None:
        time, measure = self.profile.time, self.profile.measures[0]
        first = time if time is not None else self.profile.categories[0]
        second = self.profile.categories[0] if time is not None else self.profile.categories[1]
        if len({row[second] for row in rows}) > MAX_GROUPS:
            if time is not None or len({row[first] for row in rows}) > MAX_GROUPS:
                return None
            first, second = second, first
        if len(rows) > MAX_POINTS or (time is None and len({row[first] for row in rows}) > MAX_BARS):
            return None
        colour = {"field": "group", "type": "nominal", "title": self.title(second)}
        if time is not None:
            data = [
                {
                    "x": self._when(row[first]),
                    "y": json_value(row[measure]),
                    "group": self._label(row[second]),
                }
                for row in sorted(rows, key=lambda row: _order(row[first]))
                if row[first] is not None
            ]
            encoding = {"x": self._time_axis(first), "y": self._measure("y", measure), "color": colour}
            return self._spec({"type": "line", "tooltip": True}, encoding, data, [measure, first, second])
        data = [
            {"y": self._label(row[first]), "x": json_value(row[measure]), "group": self._label(row[second])}
            for row in rows
        ]
        encoding = {
            "y": self._names_axis(first),
            "x": self._measure("x", measure),
            "color": colour,
            "yOffset": {"field": "group"},
        }
        return self._spec({"type": "bar", "tooltip": True}, encoding, data, [measure, first, second])

    def _when(self, value: Value) -> str | int:
        if self.profile.grain == "weekday":
            return format_cell(value, language=self.language, grain="weekday")
        if isinstance(value, dt.datetime | dt.date):
            return value.isoformat()
        return value if isinstance(value, int) else str(value)

    def _label(self, value: Value) -> str:
        if value is None:
            return "无" if self.language == "zh" else "none"
        if isinstance(value, bool):
            return {True: ("yes", "是"), False: ("no", "否")}[value][self.language == "zh"]
        return label_of(str(value))

    def _time_axis(self, position: int) -> dict[str, Any]:
        axis: dict[str, Any] = {"field": "x", "title": self.title(position)}
        if self.table.columns[position].type not in ("date", "timestamp"):
            # Years, month numbers and "2026-05" are read as they stand, in the order of the data.
            return axis | {"type": "ordinal", "sort": None}
        formats: dict[Grain | None, str] = {"year": "%Y", "month": "%Y-%m", "quarter": "%Y-%m"}
        # days are written without a zone, which a browser would move into its own
        axis |= {"type": "temporal", "scale": {"type": "utc"}}
        if self.profile.grain in formats:
            axis["axis"] = {"format": formats[self.profile.grain], "tickCount": self._ticks(position)}
        elif (days := self._days(position)) is not None:
            years = {day.year for day in days}
            form = "%m-%d" if len(years) == 1 else "%Y-%m-%d"
            step = -(-len(days) // MOST_TICKS)
            marks = [{"year": d.year, "month": d.month, "date": d.day, "utc": True} for d in days[::step]]
            axis["axis"] = {"format": form, "values": marks, "labelOverlap": True}
        return axis

    def _days(self, position: int) -> list[dt.date] | None:
        """The days of a column in order, each once; ``None`` where it holds moments between them."""
        cells = [cell for row in self.table.rows if isinstance(cell := row[position], dt.date)]
        if any(isinstance(cell, dt.datetime) and cell.time() != dt.time() for cell in cells):
            return None
        return sorted({dt.date(cell.year, cell.month, cell.day) for cell in cells}) or None

    def _ticks(self, position: int) -> dict[str, Any]:
        """Ticks at the units of the answer themselves: between them two would bear one month's name."""
        least = {"year": 12, "quarter": 3}.get(self.profile.grain or "", 1)
        days = [cell for row in self.table.rows if isinstance(cell := row[position], dt.date)] or [
            dt.date.min
        ]
        months = (max(days).year - min(days).year) * 12 + max(days).month - min(days).month
        step = next(n for n in (1, 3, 6, 12, 60, 12_000) if n >= least and months <= n * MOST_TICKS)
        if step < 12:
            return {"interval": "month", "step": step}
        return {"interval": "year", "step": step // 12}

    def _names_axis(self, position: int) -> dict[str, Any]:
        return {"field": "y", "type": "nominal", "title": self.title(position), "sort": "-x"}

    def _measure(self, field: str, position: int) -> dict[str, Any]:
        is_share = self.units[position] == "%"
        axis = {"format": ".1%" if is_share else ",~f"}
        return {"field": field, "type": "quantitative", "title": self.title(position), "axis": axis}

    def _spec(
        self, mark: dict[str, Any], encoding: dict[str, Any], data: list[dict[str, Any]], shown: list[int]
    ) -> dict[str, Any]:
        measure, *names = [self.names[i] for i in shown]
        by = "按" if self.language == "zh" else "by"
        ordered = (
            f"{by}{'、'.join(names)}的{measure}"
            if self.language == "zh"
            else f"{measure} by {' and '.join(names)}"
        )
        title = ordered[:1].upper() + ordered[1:]
        return {
            "$schema": SCHEMA,
            "title": title,
            "description": self._description(title, data),
            "width": "container",
            "data": {"values": data},
            "mark": mark,
            "encoding": encoding,
        }

    def _description(self, title: str, data: list[dict[str, Any]]) -> str:
        """What a reader who cannot see the chart is told."""
        is_zh, time = self.language == "zh", self.profile.time
        if time is None:
            return f"{title}：共{len(data)}个条形。" if is_zh else f"{title}. {len(data)} bars."
        points = f"{title}：共{len(data)}个点" if is_zh else f"{title}. {len(data)} points"
        days = [day for row in self.table.rows if isinstance(day := row[time], dt.date)]
        if not days:
            return f"{points}。" if is_zh else f"{points}."
        first, last = (
            format_date(day, grain=self.profile.grain, language=self.language)
            for day in (min(days, key=dt.date.isoformat), max(days, key=dt.date.isoformat))
        )
        return f"{points}，从{first}到{last}。" if is_zh else f"{points}, {first} to {last}."


def _order(value: Any) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))
