"""Stock advice in words and as pictures: what to do, of which products, how sure, and what it stands on."""

from __future__ import annotations

from typing import Any

from jobs.stock_advice.advising import Stock
from jobs.stock_advice.shelf import DEFAULT_LEAD, WINDOW
from sql.semantics import Shop
from telling.cells import json_value
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import load_words
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 10
"""Products or groups that the text lists; the table has all."""
MOST_DRAWN = 25
_SHOWN, _WHOLE = 0, 1


def tell_stock(evidence: Evidence, writer: Writer) -> str:
    """What was asked, product by product, then what it was worked out from."""
    assert isinstance(evidence, Stock)
    parts = {"reorder": _reorder, "days_left": _days_left, "dead": _dead, "lost": _lost}
    told = parts[evidence.what](evidence, writer)
    return "\n\n".join([*(part for part in told if part), *_stands_on(evidence, writer)])


class _Row:
    """The cells of one row by name."""

    def __init__(self, evidence: Stock, writer: Writer, table: int, row: int) -> None:
        self._writer, self._table, self._row = writer, table, row
        self._names = [column.name for column in evidence.tables[table].columns]
        self._cells = evidence.tables[table].rows[row]

    def has(self, name: str) -> bool:
        """Whether there is such a cell, with something in it."""
        return name in self._names and self._cells[self._names.index(name)] is not None

    def number(self, name: str) -> float:
        """What it holds; 0 where it is not there."""
        return float(str(self._cells[self._names.index(name)])) if self.has(name) else 0.0

    def cell(self, name: str) -> str:
        """As it is told, with its receipt."""
        return self._writer.cell(self._table, self._row, self._names.index(name))

    def cells(self, *names: str) -> dict[str, str]:
        """Several of them, by name."""
        return {name: self.cell(name) for name in names}

    @property
    def first(self) -> str:
        """The product or group."""
        return self._writer.cell(self._table, self._row, 0)


def _rows(evidence: Stock, writer: Writer) -> list[_Row]:
    count = min(MAX_LINES, len(evidence.tables[_SHOWN].rows))
    return [_Row(evidence, writer, _SHOWN, row) for row in range(count)]


def _reorder(evidence: Stock, writer: Writer) -> list[str]:
    whole = _Row(evidence, writer, _WHOLE, 0)
    scope = writer.filters(evidence.scope)
    value = writer.say("at_cost", value=whole.cell("order_value")) if whole.has("order_value") else ""
    if not whole.number("to_order"):
        head = writer.say("nothing_to_order", products=whole.cell("products"), filters=scope)
    else:
        told = whole.cells("to_order", "products", "pieces_to_order")
        head = writer.say("head_reorder", **told, filters=scope, value=value)
    lines = []
    for row in _rows(evidence, writer):
        if evidence.by:
            worth = writer.say("at_cost", value=row.cell("order_value")) if row.has("order_value") else ""
            told = row.cells("to_order", "products", "pieces_to_order")
            lines.append(writer.say("line_reorder_group", group=row.first, **told, value=worth))
            continue
        coming = writer.say("coming", on_order=row.cell("on_order")) if row.number("on_order") else ""
        if not row.has("order_point"):
            lines.append(
                writer.say("line_unknown", product=row.first, on_hand=row.cell("on_hand"), coming=coming)
            )
            continue
        told = row.cells(
            "on_hand", "order_point", "safety_stock", "expected_demand", "demand_low", "demand_high"
        )
        key = "line_reorder" if row.number("order_quantity") else "line_no_order"
        quantity = row.cell("order_quantity") if row.number("order_quantity") else ""
        ends = _ends(row, writer)
        lines.append(writer.say(key, product=row.first, quantity=quantity, coming=coming, ends=ends, **told))
    how = writer.say(
        "how_reorder",
        service=writer.restate(f"{evidence.service} %"),
        review=writer.restate(evidence.review.in_words(writer.words.language)),
    )
    return [head, "\n".join(lines), how]


def _ends(row: _Row, writer: Writer) -> str:
    """How long the stock lasts."""
    if not row.has("days_left"):
        return writer.say("ends_never")
    if not row.number("days_left"):
        return writer.say("ends_now")
    return writer.say("ends", **row.cells("days_left", "days_left_early"))


def _days_left(evidence: Stock, writer: Writer) -> list[str]:
    whole = _Row(evidence, writer, _WHOLE, 0)
    within = writer.restate(evidence.within.in_words(writer.words.language))
    scope = writer.filters(evidence.scope)
    told = {"within": within, "filters": scope, "products": whole.cell("products")}
    if whole.number("running_out"):
        head = writer.say("head_days_left", running_out=whole.cell("running_out"), **told)
    else:
        head = writer.say("nothing_ends", **told)
    lines = []
    for row in _rows(evidence, writer):
        if evidence.by:
            counts = row.cells("running_out", "products")
            lines.append(writer.say("line_days_left_group", group=row.first, **counts))
            continue
        coming = writer.say("coming", on_order=row.cell("on_order")) if row.number("on_order") else ""
        if not row.has("daily_demand"):
            lines.append(
                writer.say("line_unknown", product=row.first, on_hand=row.cell("on_hand"), coming=coming)
            )
            continue
        known = row.cells("on_hand", "daily_demand", "chance")
        ends = _ends(row, writer)
        lines.append(
            writer.say("line_days_left", product=row.first, coming=coming, ends=ends, within=within, **known)
        )
    return [head, "\n".join(lines), writer.say("how_days_left")]


def _dead(evidence: Stock, writer: Writer) -> list[str]:
    whole = _Row(evidence, writer, _WHOLE, 0)
    unsold = writer.restate(evidence.unsold.in_words(writer.words.language))
    told = {"products": whole.cell("products"), "filters": writer.filters(evidence.scope), "unsold": unsold}
    if not whole.number("dead"):
        return [writer.say("nothing_dead", **told)]
    value = (
        writer.say("tied_up", value=whole.cell("value"), whole=whole.cell("whole_value"))
        if whole.has("value")
        else ""
    )
    head = writer.say("head_dead", dead=whole.cell("dead"), pieces=whole.cell("pieces"), value=value, **told)
    lines = []
    for row in _rows(evidence, writer):
        worth = writer.say("worth", value=row.cell("value")) if row.has("value") else ""
        if evidence.by:
            counts = row.cells("dead", "products", "pieces")
            lines.append(writer.say("line_dead_group", group=row.first, value=worth, **counts))
            continue
        since = (
            writer.say("since", **row.cells("days_since_sale", "last_sold"))
            if row.has("last_sold")
            else writer.say("never_sold")
        )
        line = writer.say(
            "line_dead", product=row.first, on_hand=row.cell("on_hand"), value=worth, since=since
        )
        lines.append(line)
    return [head, "\n".join(lines), writer.say("how_dead")]


def _lost(evidence: Stock, writer: Writer) -> list[str]:
    whole = _Row(evidence, writer, _WHOLE, 0)
    days = {
        name: writer.restate(day.isoformat())
        for name, day in (("first", evidence.first), ("last", evidence.last))
    }
    scope = writer.filters(evidence.scope)
    if not whole.number("products"):
        return [writer.say("nothing_lost", filters=scope, **days)]
    head = writer.say("head_lost", filters=scope, **days, **whole.cells("products", "days_out"))
    if whole.has("pieces_lost"):
        worth = writer.say("worth_lost", value=whole.cell("value_lost")) if whole.has("value_lost") else ""
        pieces = whole.cells("pieces_lost", "lost_low", "lost_high")
        head += writer.say("space") + writer.say("head_lost_pieces", value=worth, **pieces)
    lines = []
    for row in _rows(evidence, writer):
        if not row.has("pieces_lost"):
            lines.append(writer.say("line_lost_unknown", product=row.first, days_out=row.cell("days_out")))
            continue
        worth = writer.say("worth_lost", value=row.cell("value_lost")) if row.has("value_lost") else ""
        told = row.cells("days_out", "pieces_lost", "lost_low", "lost_high")
        lines.append(writer.say("line_lost", product=row.first, value=worth, **told))
    return [head, "\n".join(lines), writer.say("how_lost")]


def _stands_on(evidence: Stock, writer: Writer) -> list[str]:
    """What the figures stand on and where they fall short, in one paragraph."""
    whole, parts = _Row(evidence, writer, _WHOLE, 0), []
    if evidence.what in ("reorder", "days_left"):
        weeks = writer.restate(str(WINDOW))
        if not evidence.knows_past:
            parts.append(writer.say("past_unknown"))
        elif whole.number("empty_products"):
            parts.append(writer.say("emptied", weeks=weeks, **whole.cells("empty_products", "empty_days")))
        parts.append(writer.say("foreseen" if evidence.is_foreseen else "not_foreseen", weeks=weeks))
        for name in ("unknown", "negative", "out_now"):
            if whole.number(name):
                parts.append(writer.say(f"some_{name}", count=whole.cell(name)))
    if evidence.what == "reorder":
        said = evidence.lead.in_words(writer.words.language) if evidence.lead is not None else ""
        told = {
            "said": writer.restate(said),
            "days": whole.cell("lead_time") if evidence.lead_from in ("column", "deliveries") else "",
            "taken": writer.restate(str(DEFAULT_LEAD)),
        }
        parts.append(writer.say(f"lead_{evidence.lead_from}", **told))
    if evidence.counted_on is not None and evidence.what != "lost":
        parts.append(writer.say("counted", day=writer.restate(evidence.counted_on.isoformat())))
    return [writer.say("space").join(parts)] if parts else []


# ---- pictures ---------------------------------------------------------------------------------------------

_DRAWN = {
    "reorder": ("days_left", "days_left_early", ""),
    "days_left": ("days_left", "days_left_early", ""),
    "dead": ("value", "", ""),
    "lost": ("pieces_lost", "lost_low", "lost_high"),
}
_DRAWN_BY = {
    "reorder": "pieces_to_order",
    "days_left": "running_out",
    "dead": "pieces",
    "lost": "pieces_lost",
}


def draw_stock(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Bars of days left, of value or of lost pieces, each with its early end or interval."""
    assert isinstance(evidence, Stock)
    words = load_words(language, __package__)
    table = evidence.tables[_SHOWN]
    names = [column.name for column in table.columns]
    drawn, low, high = (_DRAWN_BY[evidence.what], "", "") if evidence.by else _DRAWN[evidence.what]
    if drawn not in names:
        drawn = "on_hand"
    data: list[dict[str, Any]] = []
    for row in table.rows[:MOST_DRAWN]:
        cells = dict(zip(names, row, strict=True))
        if cells[drawn] is None:
            continue
        point = {"y": label_of(str(row[0])), "x": json_value(cells[drawn])}
        if low and cells.get(low) is not None:
            point |= {"low": json_value(cells[low]), "high": json_value(cells[high or drawn])}
        data.append(point)
    if len(data) < 2:
        return None
    unit = table.labels.get(drawn, "")
    title = words.say(f"chart_{evidence.what}")
    named = words.say(f"chart_{drawn}")
    y = {"field": "y", "type": "nominal", "sort": None, "title": title_of(shop, names[0], language)}
    x = {"type": "quantitative", "title": f"{named} ({unit})" if unit else named}
    layer: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "tooltip": True}, "encoding": {"y": y, "x": {**x, "field": "x"}}}
    ]
    if any("low" in point for point in data):
        ends = {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
        layer.append({"mark": {"type": "rule", "strokeWidth": 3, "color": "black"}, "encoding": ends})
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(data)} bars.",
        "width": "container",
        "data": {"values": data},
        "layer": layer,
    }
