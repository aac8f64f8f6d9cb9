"""Tables of what was worked out of prices, so that each figure of an answer is a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from jobs.made_tables import made
from jobs.price.curve import Outcome, Standing, curve_of
from jobs.price.elasticity import METHODS, Estimate, Fit, Kind, Tested, lack_of
from jobs.price.weeks import ProductWeeks
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell

_WHOLE_NUMBERS = frozenset(
    {"products", "sold", "weeks", "told", "unmoved", "thin", "empty_weeks", "giant_weeks", "mixed_weeks"}
)
_SHARES = frozenset(
    {"best_change", "change", "units_change", "units_low", "units_high", "error", "range_low", "range_high"}
)
_MONEY = frozenset(
    {
        "price",
        "price_low",
        "price_high",
        "best_price",
        "gain",
        "gain_low",
        "gain_high",
        "asked_price",
        "money",
    }
    | {"money_change", "money_low", "money_high"}
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One product or category."""

    name: Hashable
    elasticity: Estimate
    products: int
    """Whose weeks tell it."""
    weeks: int
    prices: tuple[float, float, float] | None
    """Lowest, today's, highest; of one product."""
    standing: Standing | None
    """``None`` where nothing of it was sold lately."""
    best: Outcome | None
    asked: Outcome | None
    """``None`` where nothing is asked, or the price was never charged."""
    own: Fit | None = None
    """Of one product, what its weeks tell by themselves."""
    kind: Kind | None = None
    """What it was drawn towards; ``None`` where nothing was."""


def line_table(source: Table, lines: Sequence[Line], column: str, unit: str) -> Table:
    """A row a line: elasticity, prices, the best one, and what was asked."""
    names = [
        *(column, "elasticity", "low_90", "high_90", "products", "weeks"),
        *("price", "price_low", "price_high", "range_low", "range_high"),
        *("best_price", "best_change", "gain", "gain_low", "gain_high", "vanishes_at"),
        *("asked_price", "change", "units_change", "units_low", "units_high"),
        *("money_change", "money_low", "money_high", "money_vanishes_at"),
    ]
    return _table(source, names, [_row(line) for line in lines], unit)


def _row(line: Line) -> tuple[Cell, ...]:
    estimate, standing = line.elasticity, line.standing
    low, today, high = line.prices or (None, None, None)
    ends = (standing.low - 1, standing.high - 1) if standing is not None else (None, None)
    name = (
        line.name if isinstance(line.name, int | str) else str(line.name) if line.name is not None else None
    )
    return (
        *(name, estimate.value, estimate.low, estimate.high, line.products, line.weeks),
        *(today, low, high, *ends),
        *_told(line.best, today, has_units=False),
        *_told(line.asked, today, has_units=True),
    )


def _told(outcome: Outcome | None, today: float | None, *, has_units: bool) -> tuple[Cell, ...]:
    if outcome is None:
        return (None,) * (9 if has_units else 6)
    price = today * (1 + outcome.change) if today is not None else None
    units = (outcome.units.value, outcome.units.low, outcome.units.high) if has_units else ()
    money = (outcome.money.value, outcome.money.low, outcome.money.high)
    return (price, outcome.change, *units, *money, outcome.vanishes)


def whole_table(
    source: Table,
    asked: Mapping[Hashable, Hashable],
    sold: int,
    about: Sequence[ProductWeeks],
    told: Sequence[ProductWeeks],
    mean: Estimate | None,
) -> Table:
    """All that was asked about in one row: how many tell, and why the others do not.

    Args:
        sold: products of which those that were asked about are the best sellers.
    """
    lacks = Counter(lack for each in about if (lack := lack_of(each)) is not None)
    unmoved = lacks["few_prices"] + lacks["narrow"]
    row = (
        len(asked),
        sold,
        len(told),
        unmoved,
        len(asked) - len(told) - unmoved,
        sum(each.empty_weeks for each in told),
        sum(each.giant_weeks for each in told),
        sum(each.mixed_weeks for each in told),
        sum(len(each.week) for each in told),
        *((mean.value, mean.low, mean.high) if mean is not None else (None, None, None)),
    )
    names = [
        *(
            "products",
            "sold",
            "told",
            "unmoved",
            "thin",
            "empty_weeks",
            "giant_weeks",
            "mixed_weeks",
            "weeks",
        ),
        *("elasticity", "low_90", "high_90"),
    ]
    return _table(source, names, [row], "")


def tested_table(source: Table, tested: Tested | None) -> Table:
    """A row a method, ours first; none where there was too little to test on."""
    names = ["method", "error", "deviance", "products", "weeks"]
    if tested is None:
        return _table(source, names, [], "")
    rows = [
        (name, tested.error[name], tested.deviance[name], tested.products, tested.weeks) for name in METHODS
    ]
    return _table(source, names, rows, "")


def curve_table(source: Table, line: Line, unit: str) -> Table:
    """Money of a week over the prices that were charged, with its interval."""
    assert line.standing is not None
    changes, middle, low, high = curve_of(line.standing, line.elasticity)
    today = line.prices[1] if line.prices is not None else None
    rows = [
        (change, today * (1 + change) if today is not None else None, money, *ends)
        for change, money, *ends in zip(
            *(each.tolist() for each in (changes, middle, low, high)), strict=True
        )
    ]
    return _table(source, ["change", "price", "money", "money_low", "money_high"], rows, unit)


def _table(source: Table, names: Sequence[str], rows: Sequence[tuple[Cell, ...]], unit: str) -> Table:
    columns = [Column(name=name, type=_type(name, names[0])) for name in names]
    told = [tuple(_figure(name, cell) for name, cell in zip(names, row, strict=True)) for row in rows]
    labels = {name: "%" for name in names if name in _SHARES} | {n: unit for n in names if n in _MONEY}
    return made(source, columns, told, labels)


def _type(name: str, first: str) -> ColumnType:
    if name in _WHOLE_NUMBERS:
        return "integer"
    is_figure = name in _SHARES or name in _MONEY or name != first
    return "number" if is_figure else "text"


def _figure(name: str, cell: Cell) -> Cell:
    if not isinstance(cell, float):
        return cell
    return round(cell, 4 if name in _SHARES else 2)
