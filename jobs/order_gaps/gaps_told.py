"""The time between purchases in words, and as ranges side by side."""

from __future__ import annotations

from typing import Any

from jobs.order_gaps.gaps import LAST_BAND, Gaps
from sql.semantics import Shop
from sql.types import Table
from telling.charts import SCHEMA
from telling.evidence import Evidence
from telling.phrases import load_words
from telling.writer import Writer

_BANDS, _WHOLE = 0, 1


def tell_gaps(evidence: Evidence, writer: Writer) -> str:
    """The spread of all gaps, then by how many purchases came before."""
    assert isinstance(evidence, Gaps)
    parts = [
        writer.say("head", filters=writer.filters(evidence.scope), **_said(writer, evidence, _WHOLE, 0)),
    ]
    lines = []
    for row, cells in enumerate(evidence.tables[_BANDS].rows):
        is_last = int(str(cells[0])) == LAST_BAND
        told = {"purchases": writer.cell(_BANDS, row, 0), "customers": writer.cell(_BANDS, row, 1)}
        if not cells[2]:
            lines.append(writer.say("line_none", **told))
            continue
        told |= {"share": writer.cell(_BANDS, row, 3), **_said(writer, evidence, _BANDS, row)}
        lines.append(writer.say("line_last" if is_last else "line", **told))
    parts.append("\n".join(lines))
    parts.append(writer.say("how"))
    return "\n\n".join(parts)


def _said(writer: Writer, evidence: Evidence, table: int, row: int) -> dict[str, str]:
    names = [column.name for column in evidence.tables[table].columns]
    keys = {"gaps": "bought_again", "median": "median", "lower": "lower_quartile", "upper": "upper_quartile",
            "low": "low_80", "high": "high_80"}  # fmt: skip
    return {key: writer.cell(table, row, names.index(name)) for key, name in keys.items()}


def draw_gaps(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Each number of purchases before: the middle eighty per cent, the quartiles and the median."""
    assert isinstance(evidence, Gaps)
    words = load_words(language, __package__)
    data = _points(evidence.tables[_BANDS])
    if len(data) < 2:
        return None
    y = {"field": "y", "type": "ordinal", "title": words.say("chart_purchases"), "sort": None}
    days = {"type": "quantitative", "title": words.say("chart_days")}

    def between(low: str, high: str, mark: dict[str, Any]) -> dict[str, Any]:
        ends = {"x": {**days, "field": low}, "x2": {"field": high}}
        return {"mark": {**mark, "tooltip": True}, "encoding": {"y": y, **ends}}

    title = words.say("chart")
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(data)} ranges.",
        "width": "container",
        "height": {"step": 34},
        "data": {"values": data},
        "layer": [
            between("low", "high", {"type": "rule"}),
            between("lower", "upper", {"type": "bar", "height": 14}),
            {
                "mark": {"type": "tick", "color": "black", "thickness": 3, "tooltip": True},
                "encoding": {"y": y, "x": {**days, "field": "median"}},
            },
        ],
    }


def _points(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    data = []
    for row in table.rows:
        cells = dict(zip(names, row, strict=True))
        if cells["bought_again"]:
            number = int(str(cells["purchases"]))
            ends = {"low": "low_80", "lower": "lower_quartile", "median": "median",
                    "upper": "upper_quartile", "high": "high_80"}  # fmt: skip
            point = {key: float(str(cells[name])) for key, name in ends.items()}
            data.append({"y": f"{number}+" if number == LAST_BAND else str(number), **point})
    return data
