"""What was worked out, as tables whose cells the words point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.job import Request, Tools
from jobs.why.contributions import Amounts, carried, priced
from jobs.why.held_against import Stretch
from jobs.why.parts import NEWNESS, PartsReader, Split
from jobs.why.summands import Figure, squares_of
from sql.statement.sentence import Aggregate, Name
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell
from telling.phrases import load_words

MOST_SHOWN = 12
"""Parts of a table; the others are one row."""


def made(source: Table, columns: Sequence[tuple[str, ColumnType]], rows: Sequence[tuple[Cell, ...]],
         labels: dict[str, str]) -> Table:  # fmt: skip
    """A table of figures that were worked out from the rows of another."""
    return replace(
        source,
        columns=tuple(Column(name=name, type=kind) for name, kind in columns),
        rows=tuple(rows),
        labels=labels,
        is_truncated=False,
        keys=frozenset(),
    )


def change_table(
    figure: Figure, source: Table, wholes: tuple[Amounts, Amounts], stretches: tuple[Stretch, Stretch]
) -> Table:
    """The later stretch first, then the one that it is held against; both are given the other way round."""
    name = figure.metric.name
    rows: list[tuple[Cell, ...]] = []
    for whole, stretch in reversed(list(zip(wholes, stretches, strict=True))):
        value = whole.rates if figure.is_rate else whole.above
        rows.append((stretch.first, stretch.last, shown(float(np.nan_to_num(value)[0]), figure)))
    kind: ColumnType = "integer" if figure.above.is_count and not figure.is_rate else "number"
    columns: list[tuple[str, ColumnType]] = [("first_day", "date"), ("last_day", "date"), (name, kind)]
    return made(source, columns, rows, {name: figure.metric.unit})


def shown(number: float, figure: Figure) -> int | float:
    """A figure as it is shown: a count as a whole number; what adds up keeps its cents."""
    if figure.is_rate:
        return round(number, 6)
    return round(number) if figure.above.is_count else round(number, 6)


def usual_table(source: Table, usual: tuple[float, float], figure: Figure) -> Table:
    """Between what earlier changes lay: shares of the amount before, or differences of a rate."""
    is_points = figure.is_rate and figure.metric.unit != "%"
    unit = figure.metric.unit if is_points else "%"
    row = tuple(round(each, 4) for each in usual)
    return made(source, (("low", "number"), ("high", "number")), [row], {"low": unit, "high": unit})


def parts_table(
    split: Split, told: Sequence[int], figure: Figure, names: dict[str, str], request: Request
) -> Table:
    """The parts by what they carry, those that are told first; the contributions add up to the whole's."""
    parts = carried(split.base, split.now, is_rate=figure.is_rate)
    order = [*told, *(int(p) for p in np.argsort(-np.abs(parts.change), kind="stable") if p not in told)]
    if split.has_rest:
        order.remove(len(split.values) - 1)
    largest, others = order[:MOST_SHOWN], order[MOST_SHOWN:]
    others += [len(split.values) - 1] if split.has_rest else []
    said = load_words(request.language, __package__ or "")
    total = float(parts.change.sum())
    points = figure.is_rate and figure.metric.unit == "%"
    unit = said.say("points_unit") if points else figure.metric.unit
    times = 100.0 if points else 1.0

    def row(label: Cell, places: Sequence[int]) -> tuple[Cell, ...]:
        base, now = (each.at(np.array(places)).whole for each in (split.base, split.now))
        levels = [float(np.nan_to_num(each.rates if figure.is_rate else each.above)) for each in (now, base)]
        adds = [float(each[list(places)].sum()) for each in (parts.change, parts.own, parts.mix, parts.even)]
        changes = [adds[0] * times] if not figure.is_rate else [each * times for each in adds[:3]]
        cells = [shown(each, figure) for each in levels]
        exact = [shown(each, figure) if not figure.is_rate else round(each, 6) for each in changes]
        return (label, *cells, *exact, round(adds[0] / total, 4), round(adds[3], 4))

    values = [said.say(f"is_{v}") if split.column.name == NEWNESS and v in ("new", "returning") else v
              for v in split.values]  # fmt: skip
    rows = [
        row(values[place] if values[place] is not None else said.say("no_value"), [place])
        for place in largest
    ]
    if others:
        rows.append(row(said.say("all_others"), others))
    name = figure.metric.name
    by = names[split.column.name] if split.column.name == NEWNESS else split.column.name
    kind: ColumnType = "integer" if figure.above.is_count and not figure.is_rate else "number"
    columns: list[tuple[str, ColumnType]] = [
        (by, "text"),
        (name, kind),
        ("before", kind),
        ("contribution", kind),
    ]
    labels = {name: figure.metric.unit, "before": figure.metric.unit, "contribution": unit}
    if figure.is_rate:
        columns += [("by_its_rate", "number"), ("by_its_share", "number")]
        labels |= {"by_its_rate": unit, "by_its_share": unit}
    columns += [("of_the_change", "number"), ("share_before", "number")]
    labels |= {"of_the_change": "%", "share_before": "%"}
    return made(split.source, columns, rows, labels)


def price_table(
    reader: PartsReader, tools: Tools, stretches: tuple[Stretch, Stretch], source: Table
) -> Table | None:
    """Volume, mix and price of a metric that sums the bound amount; ``None`` where units are not bound."""
    figure, bindings = reader.figure, tools.workspace.shop.bindings
    home = figure.metric.view
    bound = {part: bindings.get(part, "").partition(".") for part in ("amount", "quantity", "product")}
    is_amount = not figure.is_rate and figure.above.squares == squares_of(bound["amount"][2])
    if not is_amount or any(view != home for view, _, _ in bound.values()):
        return None
    if any((view := reader.shop.view(home)) is None or view.column(c) is None for _, _, c in bound.values()):
        return None
    product, units = Name(bound["product"][2]), Aggregate("SUM", Name(bound["quantity"][2]))
    goods = reader.by_goods(product, units, stretches)
    if goods is None:
        return None
    found = priced(*goods)
    if found is None:
        return None
    unit = figure.metric.unit
    columns = [(name, "number") for name in ("by_units", "by_mix", "by_prices")]
    row = tuple(round(each, 6) for each in (found.volume, found.mix, found.price))
    return made(source, columns, [row], dict.fromkeys(("by_units", "by_mix", "by_prices"), unit))  # type: ignore[arg-type]
