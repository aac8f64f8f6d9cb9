"""Prices in words and as a picture: how units answer, which price, how sure, what it stands on."""

from __future__ import annotations

from typing import Any

from jobs.price.elasticity import LEAST_PRICES, LEAST_SPREAD, LEVEL
from jobs.price.price_tables import Line
from jobs.price.pricing import Priced
from jobs.told_cells import Cells
from sql.semantics import Shop
from telling.cells import json_value
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import load_words
from telling.titles import title_of
from telling.writer import Writer

LEVEL_SAID = f"{100 * LEVEL:g} %"
"""Of every interval."""
MAX_LINES = 10
"""Products or categories that the text lists; the table has all."""
MAX_DRAWN = 40
"""Intervals in the picture."""
SURELY_LESS = 0.005
"""Changes of price below this are none."""
OFTEN = 0.2
"""Share of weeks with several prices beside one another from which it is told."""
_LINES, _WHOLE, _TESTS, _CURVE = 0, 1, 2, 3


def tell_price(evidence: Evidence, writer: Writer) -> str:
    """What was found of each, what it means, how it was tried, what was left out, and the limits."""
    assert isinstance(evidence, Priced)
    parts = [_head(evidence, writer), _lines(evidence, writer), _meaning(evidence, writer)]
    parts += [_tried(evidence, writer), _left_out(evidence, writer), _limits(evidence, writer)]
    return "\n\n".join(part for part in parts if part)


class _Cells(Cells):
    """With the elasticity."""

    def interval(self) -> dict[str, str]:
        """The elasticity and the ends of its interval."""
        return {"elasticity": self["elasticity"], "low": self["low_90"], "high": self["high_90"]}


def _head(evidence: Priced, writer: Writer) -> str:
    whole = _Cells(evidence, writer, _WHOLE, 0)
    scope = writer.filters(evidence.scope)
    if len(evidence.lines) == 1:
        return writer.say("head_one", filters=scope)
    head = writer.say("head", told=whole["told"], products=whole["products"], filters=scope)
    if not whole.number("elasticity"):
        return head
    return head + writer.say("space") + writer.say("together", level=_level(writer), **whole.interval())


def _level(writer: Writer) -> str:
    return writer.restate(LEVEL_SAID)


def _lines(evidence: Priced, writer: Writer) -> str:
    shown = evidence.lines[:MAX_LINES]
    lines = [_line(evidence, writer, row, line) for row, line in enumerate(shown)]
    lines += [writer.say("more")] if len(evidence.lines) > MAX_LINES else []
    return "\n".join(lines)


def _line(evidence: Priced, writer: Writer, row: int, line: Line) -> str:
    cells = _Cells(evidence, writer, _LINES, row)
    name = writer.cell(_LINES, row, 0) if line.name is not None else writer.say("everything")
    told = {**cells.interval(), "weeks": cells["weeks"]}
    if line.prices is not None:
        prices = cells.some("price", "price_low", "price_high")
        first = writer.say("line_product", name=name, level=_level(writer), **told, **prices)
    else:
        first = writer.say("line_kind", name=name, level=_level(writer), products=cells["products"], **told)
    parts = [first, _asked(evidence, writer, cells, line)]
    if evidence.change is None or len(evidence.lines) == 1:
        parts.append(_best(evidence, writer, cells, line))
    return writer.say("space").join(part for part in parts if part)


def _asked(evidence: Priced, writer: Writer, cells: _Cells, line: Line) -> str:
    if evidence.change is None:
        return ""
    if line.standing is None:
        return ""
    size = writer.restate(f"{100 * abs(evidence.change):g} %")
    change = writer.say("higher" if evidence.change > 0 else "lower", change=size)
    if line.asked is None:
        return writer.say("never_charged", change=change, **cells.some("range_low", "range_high"))
    told = cells.some("units_change", "units_low", "units_high", "money_change", "money_low", "money_high")
    said = [writer.say("asked", change=change, what=_money(evidence, writer), **told)]
    if line.asked.vanishes is not None:
        key = "gains_up" if evidence.change > 0 else "gains_down"
        said.append(writer.say(key, vanishes=cells["money_vanishes_at"], what=_money(evidence, writer)))
    if abs(evidence.change) > evidence.max_change / 100 + 1e-9:
        said.append(writer.say("more_than_a_step", most=_most(evidence, writer)))
    return writer.say("space").join(said)


def _best(evidence: Priced, writer: Writer, cells: _Cells, line: Line) -> str:
    if line.standing is None:
        return writer.say("not_sold_lately")
    if line.best is None:
        return writer.say("below_cost", most=_most(evidence, writer))
    if abs(line.best.change) < SURELY_LESS:
        return writer.say("stay", most=_most(evidence, writer))
    told = cells.some("best_change", "gain", "gain_low", "gain_high")
    told |= {"what": _money(evidence, writer), "most": _most(evidence, writer)}
    price = writer.say("at_price", price=cells["best_price"]) if line.prices is not None else ""
    said = [writer.say("best", at_price=price, **told)]
    if line.best.vanishes is not None:
        key = "gains_up" if line.best.change > 0 else "gains_down"
        said.append(writer.say(key, vanishes=cells["vanishes_at"], what=_money(evidence, writer)))
    said += [] if line.best.is_sure else [writer.say("unsure")]
    return writer.say("space").join(said)


def _most(evidence: Priced, writer: Writer) -> str:
    return writer.restate(f"{evidence.max_change} %")


def _money(evidence: Priced, writer: Writer) -> str:
    return writer.say("profit" if evidence.is_profit else "revenue")


def _meaning(evidence: Priced, writer: Writer) -> str:
    said = [writer.say("meaning", one=writer.restate("1 %"))]
    if not evidence.is_profit:
        said.append(writer.say("cost_hidden" if evidence.is_cost_hidden else "no_cost"))
    return writer.say("space").join(said)


def _tried(evidence: Priced, writer: Writer) -> str:
    table = evidence.tables[_TESTS]
    if not table.rows:
        return writer.say("not_tried")
    ours, alone, without = (_Cells(evidence, writer, _TESTS, row) for row in range(3))
    told = writer.say(
        "tried",
        weeks=ours["weeks"],
        products=ours["products"],
        ours=ours["error"],
        alone=alone["error"],
        without=without["error"],
    )
    is_better = ours.number("error") < without.number("error")
    return told if is_better else told + writer.say("space") + writer.say("no_better")


def _left_out(evidence: Priced, writer: Writer) -> str:
    whole, said = _Cells(evidence, writer, _WHOLE, 0), []
    if whole.number("sold") > whole.number("products"):
        said.append(writer.say("best_sellers", products=whole["products"], sold=whole["sold"]))
    if whole.number("unmoved"):
        least = {"prices": str(LEAST_PRICES), "spread": f"{LEAST_SPREAD:.0%}"}
        told = {name: writer.restate(text) for name, text in least.items()}
        said.append(writer.say("unmoved", unmoved=whole["unmoved"], **told))
    if whole.number("thin"):
        said.append(writer.say("thin", thin=whole["thin"]))
    if not evidence.knows_stock:
        said.append(writer.say("stock_unknown"))
    elif whole.number("empty_weeks"):
        said.append(writer.say("stock_empty", weeks=whole["empty_weeks"]))
    if whole.number("giant_weeks"):
        said.append(writer.say("giant", weeks=whole["giant_weeks"]))
    if whole.number("mixed_weeks") > OFTEN * whole.number("weeks"):
        said.append(writer.say("mixed", mixed=whole["mixed_weeks"], weeks=whole["weeks"]))
    return writer.say("space").join(said)


def _limits(evidence: Priced, writer: Writer) -> str:
    prices = writer.say("prices_listed" if evidence.is_listed else "prices_paid")
    return prices + writer.say("space") + writer.say("limits")


# ---- the picture ------------------------------------------------------------------------------------------


def draw_price(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """One line: money over price with its interval, today's price marked. Several: their elasticities."""
    assert isinstance(evidence, Priced)
    if len(evidence.tables) > _CURVE:
        return _draw_curve(evidence, language)
    return _draw_lines(evidence, shop, language) if len(evidence.lines) > 1 else None


def _draw_curve(evidence: Priced, language: str) -> dict[str, Any]:
    words = load_words(language, __package__)
    table, line = evidence.tables[_CURVE], evidence.lines[0]
    along = "price" if line.prices is not None else "change"
    names = [column.name for column in table.columns]
    values = [{name: json_value(cell) for name, cell in zip(names, row, strict=True)} for row in table.rows]
    unit = table.labels.get("money", "")
    money = words.say("chart_profit" if evidence.is_profit else "chart_revenue")
    axis = {"format": "+.0%"} if along == "change" else {"format": ",~f"}
    title = words.say("chart_price") if along == "price" else words.say("chart_change")
    x = {
        "field": along,
        "type": "quantitative",
        "scale": {"zero": False},
        "title": f"{title} ({unit})" if along == "price" and unit else title,
        "axis": axis,
    }
    y = {"type": "quantitative", "scale": {"zero": False}, "title": f"{money} ({unit})" if unit else money}
    colour = {"field": "is", "type": "nominal", "title": None, "legend": {"orient": "bottom"}}
    marks = [{along: json_value(line.prices[1] if line.prices else 0.0), "is": words.say("chart_today")}]
    if line.best is not None and abs(line.best.change) >= SURELY_LESS:
        at = 1 + line.best.change
        best = line.prices[1] * at if line.prices else line.best.change
        marks.append({along: round(best, 4), "is": words.say("chart_best")})
    name = label_of(str(line.name)) if line.name is not None else words.say("everything")
    named = words.say("chart_curve", name=name)
    band = {"y": {**y, "field": "money_low"}, "y2": {"field": "money_high"}}
    data = {"values": values}
    return {
        "$schema": SCHEMA,
        "title": named,
        "description": f"{named}. {len(values)} points.",
        "width": "container",
        "layer": [
            {"data": data, "mark": {"type": "area", "opacity": 0.2}, "encoding": {"x": x, **band}},
            {
                "data": data,
                "mark": {"type": "line", "tooltip": True},
                "encoding": {"x": x, "y": {**y, "field": "money"}},
            },
            {
                "data": {"values": marks},
                "mark": {"type": "rule", "strokeDash": [5, 3], "tooltip": True},
                "encoding": {"x": x, "color": colour},
            },
        ],
    }


def _draw_lines(evidence: Priced, shop: Shop, language: str) -> dict[str, Any]:
    words = load_words(language, __package__)
    values = [
        {
            "y": label_of(str(line.name)) if line.name is not None else words.say("everything"),
            "x": round(line.elasticity.value, 2),
            "low": round(line.elasticity.low, 2),
            "high": round(line.elasticity.high, 2),
        }
        for line in evidence.lines[:MAX_DRAWN]
    ]
    title = words.say("chart_elasticity", level=LEVEL_SAID)
    x = {"type": "quantitative", "title": title}
    y = {"field": "y", "type": "nominal", "sort": None, "title": title_of(shop, evidence.column, language)}
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} intervals.",
        "width": "container",
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"y": y, **ends}},
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {"y": y, "x": {**x, "field": "x"}},
            },
        ],
    }
