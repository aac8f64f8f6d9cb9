"""What products sold by week, at which price, beside the rest of their kind: rows for the model.

Pure: DataFrames in, arrays out. A week is seven days, counted back from the last day that is over. What no
price causes is left out: weeks without stock, and weeks that one giant order makes. A week without a sale has
no price of its own; it takes that of the nearest week with one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Values = npt.NDArray[np.float64]
Weeks = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

GIANT = 10.0
"""A line of so many times the usual pieces of a line is one buyer's matter ..."""
GIANT_SHARE = 0.5
"""... and so is its week, where the line is more than this share of its units."""
LEAST_REST = 8.0
"""Units a week that the rest of a kind must sell on average to tell the season."""
MIXED = 1.05
"""Prices of one week that lie further apart than this factor are different ones."""
APART = 1.01
"""Prices nearer than this factor are one price: a mean over lines is never the same twice."""


@dataclass(frozen=True, kw_only=True)
class ProductWeeks:
    """One product's weeks, the oldest first; all arrays have one length."""

    name: Hashable
    kind: Hashable
    """Its category; ``None`` where none is known."""
    week: Weeks
    """Place on the calendar that all products share; 0 is the oldest."""
    units: Values
    price: Values
    """What a piece cost: before discounts where the list price is known, else what was paid."""
    discount: Values
    """Logarithm of what was paid over that price; zeros where the list price is not known."""
    rest: Values
    """Logarithm of one more than the units of the rest of its kind; zeros where these are too few."""
    rest_price: Values
    """Mean logarithm of the rest's prices over their own means; zeros where there is no rest."""
    today: float
    """The price of its latest week with a sale."""
    idle: int
    """Weeks since then; 0 where the latest week sold."""
    empty_weeks: int
    """Weeks left out because it was out of stock."""
    giant_weeks: int
    """Weeks left out because one order made them."""
    mixed_weeks: int
    """Weeks with clearly different prices beside one another."""

    @property
    def has_rest(self) -> bool:
        """Whether the rest of its kind tells the season."""
        return bool(self.rest.any())

    @property
    def levels(self) -> int:
        """How many different prices were charged, each in more than one week."""
        steps = np.round(np.log(self.price) / np.log(APART)).astype(int)
        places, counts = np.unique(steps, return_counts=True)
        often = places[counts > 1]
        return int(len(often) - (np.diff(often) == 1).sum() // 2) if len(often) else 0

    @property
    def low(self) -> float:
        """The price that one week in twenty was below: what one odd line paid was never charged."""
        return float(np.quantile(self.price, 0.05))

    @property
    def high(self) -> float:
        """The price that one week in twenty was above."""
        return float(np.quantile(self.price, 0.95))

    def only(self, kept: Flags) -> ProductWeeks:
        """Some of the weeks."""
        arrays = ("week", "units", "price", "discount", "rest", "rest_price")
        return replace(self, **{name: getattr(self, name)[kept] for name in arrays})


def read_weeks(
    sold: pd.DataFrame, totals: pd.DataFrame, empty: pd.DataFrame, kinds: Mapping[Hashable, Hashable]
) -> list[ProductWeeks]:
    """Put products on one calendar, in the order of ``kinds``.

    Args:
        sold: a row for each product and week with a sale; columns ``product``, ``back`` (weeks back from the
            latest), ``units``, ``lines``, ``largest`` (pieces of the largest line), ``paid`` (mean price over
            lines), ``listed`` (the same of list prices; NaN where they are not known), and the ``cheapest``
            and ``dearest`` of lines.
        totals: columns ``kind``, ``back`` and ``units``: what all products of each kind sold.
        empty: columns ``product`` and ``back``: weeks in which a product was out of stock on some day.
        kinds: product → its kind.
    Returns:
        Products with three weeks or more. Before its first and after its last sale a product may not have
        been on offer; these two weeks themselves are there only because they sold, and are left out as well.
    """
    if sold.empty:
        return []
    length = int(max(sold["back"].max(), totals["back"].max() if len(totals) else 0)) + 1
    grids = {
        name: _Grid.of(rows, set(empty.loc[empty["product"] == name, "back"]), length)
        for name, rows in sold[sold["product"].isin(list(kinds))].groupby("product", sort=False)
    }
    grids = {name: grid for name in kinds if (grid := grids.get(name)) is not None and grid.is_on.sum() >= 3}
    whole = {
        None if kind != kind else kind: _placed(rows["back"], rows["units"], length)
        for kind, rows in totals.groupby("kind", dropna=False)
    }
    by_kind: dict[Hashable, list[_Grid]] = {}
    for name, grid in grids.items():
        by_kind.setdefault(kinds[name], []).append(grid)
    moves = {kind: _moves(each) for kind, each in by_kind.items()}
    return [grid.weeks(name, kinds[name], whole, moves[kinds[name]]) for name, grid in grids.items()]


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """A product on the calendar; arrays of its whole length."""

    units: Values
    price: Values
    """Of the nearest week with a sale."""
    discount: Values
    is_on: Flags
    """Between its first and its last sale, both left out."""
    is_empty: Flags
    is_giant: Flags
    is_mixed: Flags

    @classmethod
    def of(cls, rows: pd.DataFrame, empty: set[int], length: int) -> _Grid:
        back = rows["back"]
        names = ("units", "lines", "largest", "paid", "listed", "cheapest", "dearest")
        units, lines, largest, paid, listed, cheapest, dearest = (
            _placed(back, rows[name], length) for name in names
        )
        has_sold = units > 0
        places = np.flatnonzero(has_sold)
        usual = float(np.median(units[has_sold] / np.maximum(lines[has_sold], 1)))
        at = places[np.abs(np.arange(length)[:, None] - places).argmin(axis=1)]
        is_listed = bool(np.isfinite(listed[places]).all() and (listed[places] > 0).all())
        price = (listed if is_listed else paid)[at]
        week = np.arange(length)
        return cls(
            units=units,
            price=price,
            discount=np.minimum(np.log(paid[at] / price), 0.0) if is_listed else np.zeros(length),
            is_on=(week > places[0]) & (week < places[-1]),
            is_empty=np.isin(length - 1 - week, list(empty)),
            is_giant=(largest > GIANT * usual) & (largest > GIANT_SHARE * units),
            is_mixed=dearest > MIXED * cheapest,
        )

    @property
    def move(self) -> Values:
        """Logarithm of its price over its own mean."""
        log = np.log(self.price)
        return np.asarray(log - log[self.is_on].mean())

    @property
    def weight(self) -> Values:
        """What it counts for among its kind; nothing while it is not on offer."""
        return np.asarray(self.units[self.is_on].mean() * self.is_on)

    def weeks(
        self, name: Hashable, kind: Hashable, whole: Mapping[Hashable, Values], moves: tuple[Values, Values]
    ) -> ProductWeeks:
        """What the model takes of it, beside its kind."""
        rest = np.maximum(whole.get(kind, self.units) - self.units, 0.0)
        moved, weight = moves[0] - self.weight * self.move, moves[1] - self.weight
        is_known = weight > 1e-9
        rest_price = np.where(is_known, moved / np.where(is_known, weight, 1.0), 0.0)
        has_rest = rest[self.is_on].mean() >= LEAST_REST
        kept = self.is_on & ~self.is_empty & ~self.is_giant
        return ProductWeeks(
            name=name,
            kind=kind,
            week=np.flatnonzero(kept),
            units=self.units[kept],
            price=self.price[kept],
            discount=self.discount[kept],
            rest=np.log1p(rest[kept]) if has_rest else np.zeros(int(kept.sum())),
            rest_price=rest_price[kept] if has_rest else np.zeros(int(kept.sum())),
            today=float(self.price[-1]),
            idle=int(np.argmax(self.units[::-1] > 0)),
            empty_weeks=int((self.is_on & self.is_empty).sum()),
            giant_weeks=int((self.is_on & self.is_giant & ~self.is_empty).sum()),
            mixed_weeks=int((kept & self.is_mixed).sum()),
        )


def _placed(back: pd.Series, values: pd.Series, length: int) -> Values:
    """Values on the calendar, the oldest first; 0 where there is none."""
    placed = np.zeros(length)
    placed[length - 1 - back.to_numpy(dtype=int)] = values.to_numpy(dtype=float)
    return placed


def _moves(grids: list[_Grid]) -> tuple[Values, Values]:
    """Weighted sum of the moves of a kind's prices in each week, and the weights."""
    weights = np.array([grid.weight for grid in grids])
    return (weights * np.array([grid.move for grid in grids])).sum(axis=0), weights.sum(axis=0)
