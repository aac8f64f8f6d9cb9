"""The tables of each question about stock: what is read, worked out further and rounded as it is told."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.errors import Declined
from bot.parameters import Length
from jobs.stock_advice.lasting import EARLY, Pace, quantile, quantile_sql
from jobs.stock_advice.missing import lost_sql
from jobs.stock_advice.pointing import Terms, paced, pointed, quantity_sql, read_terms, width_sql
from jobs.stock_advice.shelf import Shelf
from sql.shop.bindings import bindings_line
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell
from telling.phrases import escape_markdown

LEVEL = 0.8
"""Share that the told intervals of demand and of lost pieces hold."""
ENDS = {"low": (1 - LEVEL) / 2, "high": (1 + LEVEL) / 2}
_WHOLE_NUMBERS = frozenset(
    {
        *("products", "pieces", "on_hand", "on_order", "order_point", "order_quantity", "to_order"),
        *("pieces_to_order", "running_out", "dead", "out_now", "negative", "unknown", "empty_products"),
        *("empty_days", "days_out", "days_left", "days_left_early", "days_since_sale"),
    }
)
_MONEY = frozenset({"value", "order_value", "value_lost", "whole_value"})


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What one question asks, and its tables: products or groups that are told, and all of them in a row."""

    shelf: Shelf
    product: str
    is_of_products: bool
    is_within: bool
    service: int
    review: Length
    within: Length
    unsold: Length
    top: int
    currency: str

    def settings(self, what: str) -> dict[str, str]:
        """What the question ran with."""
        review = {"service": str(self.service), "review": str(self.review)}
        own = {
            "reorder": review,
            "days_left": {"within": str(self.within)} if self.is_filtered else {},
            "dead": {"unsold": str(self.unsold)},
            "lost": {},
        }
        return {"what": what, **own[what]}

    @property
    def is_filtered(self) -> bool:
        """Whether only products are told that may run out in time."""
        return self.is_within or not self.is_of_products

    def terms(self) -> Terms:
        """What order points are worked out for."""
        return read_terms(self.shelf, self.service / 100, self.review.days)

    # ---- what to reorder --------------------------------------------------------------------------------

    def reorder(self, terms: Terms) -> tuple[Table, Table]:
        """Products below their order point, those first whose stock ends the longest before a delivery."""
        shelf, base = self.shelf, pointed(self.shelf, terms)
        base = f"""{base},
advised AS (
  SELECT p.product, units, empty_days, lead_days, pace, doubt, spread, needed, width, order_point,
    {quantity_sql(terms)} AS order_quantity
  FROM points AS p
)"""
        value = ", SUM(order_quantity * unit_cost) AS order_value" if self._has_cost else ""
        sums = f"""COUNT(*) AS products, SUM(CASE WHEN order_quantity > 0 THEN 1 ELSE 0 END) AS to_order,
  SUM(order_quantity) AS pieces_to_order{value}, SUM(on_hand) AS on_hand"""
        joined = "FROM advised AS d JOIN now_stock AS n ON n.product = d.product"
        whole = shelf.run(f"{base}\nSELECT {sums}, {self._states()} {joined}")
        if shelf.by:
            shown = shelf.run(
                f"""{base}
SELECT grouped_by, {sums} {joined} WHERE grouped_by IS NOT NULL GROUP BY grouped_by
ORDER BY to_order DESC, pieces_to_order DESC, grouped_by LIMIT {self.top}"""
            )
            return self._grouped(shown), self._told(whole)
        kept = "1 = 1" if self.is_of_products else "order_quantity > 0"
        slack = f"COALESCE({shelf.ratio('on_hand', 'pace')} - lead_days, 100000)"
        found = shelf.run(
            f"""{base}
SELECT d.product, on_hand, {self._coming()} AS on_order, pace, spread, units, doubt, lead_days, needed, width,
  order_point, order_quantity
{joined} WHERE {kept} ORDER BY {slack}, d.product LIMIT {self.top}"""
        )
        rows = []
        for name, *cells in found.rows:
            on_hand, on_order, *_, lead, needed, width, point, quantity = map(number_of, cells)
            low, high = (_pieces(needed, width * needed**2, share) for share in ENDS.values())
            middle, early = _ends(on_hand, _pace(cells[2:6]))
            known = cells[2] is not None
            figures = (needed, low, high, middle, early, point, point - needed) if known else (None,) * 7
            rows.append((name, on_hand, on_order, lead, *figures, quantity if known else None))
        names = [
            *("on_hand", "on_order", "lead_time", "expected_demand", "demand_low", "demand_high"),
            *("days_left", "days_left_early", "order_point", "safety_stock", "order_quantity"),
        ]
        return self._made(found, names, rows), self._told(whole)

    # ---- how long it lasts ------------------------------------------------------------------------------

    def days_left(self, terms: Terms) -> tuple[Table, Table]:
        """Products by the day on which their stock ends; those that may not end in time are left out."""
        shelf, days = self.shelf, self.within.days
        ends = quantile_sql("soon", "width", 1 - EARLY)
        base = f"""{paced(shelf, terms)},
soon_needs AS (
  SELECT p.product, units, empty_days, lead_days, pace, doubt, spread, pace * {days} AS soon,
    {width_sql(shelf, f"pace * {days}")} AS width
  FROM paced AS p
),
ending AS (
  SELECT t.product, units, empty_days, lead_days, pace, doubt, spread,
    CASE WHEN on_hand > 0 AND pace > 0 AND {ends} >= on_hand - 0.5 THEN 1 ELSE 0 END AS may_end
  FROM soon_needs AS t JOIN now_stock AS n ON n.product = t.product
)"""
        sums = "COUNT(*) AS products, SUM(may_end) AS running_out, SUM(on_hand) AS on_hand"
        joined = "FROM ending AS d JOIN now_stock AS n ON n.product = d.product"
        whole = shelf.run(f"{base}\nSELECT {sums}, {self._states()} {joined}")
        if shelf.by:
            shown = shelf.run(
                f"""{base}
SELECT grouped_by, {sums} {joined} WHERE grouped_by IS NOT NULL GROUP BY grouped_by
ORDER BY running_out DESC, grouped_by LIMIT {self.top}"""
            )
            return self._grouped(shown), self._told(whole)
        kept = "may_end = 1" if self.is_filtered else "1 = 1"
        found = shelf.run(
            f"""{base}
SELECT d.product, on_hand, {self._coming()} AS on_order, pace, spread, units, doubt
{joined} WHERE {kept}
ORDER BY COALESCE({shelf.ratio("on_hand", "pace")}, 100000), d.product LIMIT {self.top}"""
        )
        rows = []
        for name, *cells in found.rows:
            on_hand, on_order = number_of(cells[0]), number_of(cells[1])
            pace = _pace(cells[2:6])
            middle, early = _ends(on_hand, pace)
            chance = round(pace.chance_gone(on_hand, days), 4) if pace is not None else None
            rows.append(
                (name, on_hand, on_order, pace.a_day if pace is not None else None, middle, early, chance)
            )
        names = ["on_hand", "on_order", "daily_demand", "days_left", "days_left_early", "chance"]
        return self._made(found, names, rows), self._told(whole)

    # ---- dead stock -------------------------------------------------------------------------------------

    def dead(self) -> tuple[Table, Table]:
        """Products in stock that sold nothing for long, most value first; days without stock do not count."""
        shelf = self.shelf
        value = ", on_hand * unit_cost AS value" if self._has_cost else ""
        base = f"""{shelf.base()},
last_sales AS (SELECT product, MIN(age) AS age FROM sold_days GROUP BY product),
idle_ages AS (
  SELECT n.*, l.age AS days_since_sale, COALESCE(l.age, k.known_age + 1) AS idle FROM now_stock AS n
  LEFT JOIN last_sales AS l ON l.product = n.product LEFT JOIN known_ages AS k ON k.product = n.product
),
idle_empty AS (
  SELECT i.product, SUM(e.first_age - e.last_age + 1) AS days FROM idle_ages AS i
  JOIN empty_spells AS e ON e.product = i.product AND e.first_age <= i.idle GROUP BY i.product
),
idle_stock AS (
  SELECT i.*{value}, CASE WHEN on_hand > 0
    AND (i.idle IS NULL OR i.idle - COALESCE(e.days, 0) >= {self.unsold.days}) THEN 1 ELSE 0 END AS is_dead
  FROM idle_ages AS i LEFT JOIN idle_empty AS e ON e.product = i.product
)"""
        is_worth = ", SUM(CASE WHEN is_dead = 1 THEN value ELSE 0 END) AS value" if self._has_cost else ""
        sums = f"""COUNT(*) AS products, SUM(is_dead) AS dead,
  SUM(CASE WHEN is_dead = 1 THEN on_hand ELSE 0 END) AS pieces{is_worth}"""
        all_worth = (
            ", SUM(CASE WHEN on_hand > 0 THEN value ELSE 0 END) AS whole_value" if self._has_cost else ""
        )
        whole = shelf.run(
            f"{base}\nSELECT {sums}, SUM(CASE WHEN on_hand > 0 THEN on_hand ELSE 0 END) AS on_hand{all_worth}"
            f"{self._counted_age()} FROM idle_stock"
        )
        most = "value DESC, " if self._has_cost else ""
        if shelf.by:
            shown = shelf.run(
                f"""{base}
SELECT grouped_by, {sums} FROM idle_stock WHERE grouped_by IS NOT NULL GROUP BY grouped_by
ORDER BY {most}pieces DESC, grouped_by LIMIT {self.top}"""
            )
            return self._grouped(shown), self._told(whole)
        columns = "product, on_hand, days_since_sale" + (", value" if self._has_cost else "")
        found = shelf.run(
            f"""{base}
SELECT {columns} FROM idle_stock WHERE is_dead = 1 ORDER BY {most}on_hand DESC, product LIMIT {self.top}"""
        )
        rows = [
            (name, on_hand, age, self._day(age), *value)
            for name, on_hand, age, *value in (_floats(row) for row in found.rows)
        ]
        names = ["on_hand", "days_since_sale", "last_sold", *(["value"] if self._has_cost else [])]
        return self._made(found, names, rows), self._told(whole)

    def _day(self, age: Cell) -> dt.date | None:
        return self.shelf.last_day - dt.timedelta(days=round(number_of(age))) if age is not None else None

    # ---- what stock-outs lost ---------------------------------------------------------------------------

    def lost(self, terms: Terms, first: dt.date, last: dt.date) -> tuple[Table, Table]:
        """Products that were out of stock in a period, those first that lost most."""
        shelf = self.shelf
        if not shelf.has_past:
            parts = ("past_on_hand", "stock_date")
            line = bindings_line(parts, shelf.workspace.guard.views)
            names = ", ".join(part.replace("_", " ") for part in parts)
            raise Declined("no_past_stock", {"names": escape_markdown(names), "line": escape_markdown(line)})
        base = lost_sql(shelf, terms, (shelf.last_day - first).days, max(0, (shelf.last_day - last).days))
        paid = ", SUM(paid_lost) AS value_lost" if shelf.has_amount else ""
        sums = f"""COUNT(*) AS products, SUM(days_out) AS days_out, SUM(pieces_lost) AS pieces_lost,
  SUM(lost_spread) AS lost_spread{paid}, SUM(CASE WHEN pieces_lost IS NULL THEN 1 ELSE 0 END) AS unknown"""
        if shelf.by:
            grouped = shelf.run(
                f"""{base}
SELECT grouped_by, {sums} FROM lost WHERE grouped_by IS NOT NULL GROUP BY grouped_by
ORDER BY pieces_lost DESC, grouped_by LIMIT {self.top}"""
            )
            shown = self._with_ends(grouped, shelf.by)
        else:
            most = "paid_lost" if shelf.has_amount else "pieces_lost"
            worth = ", paid_lost AS value_lost" if shelf.has_amount else ""
            each = shelf.run(
                f"""{base}
SELECT product, days_out, pieces_lost, lost_spread{worth} FROM lost
ORDER BY COALESCE({most}, 0) DESC, days_out DESC, product LIMIT {self.top}"""
            )
            shown = self._with_ends(each, self.product)
        return shown, self._with_ends(shelf.run(f"{base}\nSELECT {sums}{self._counted_age()} FROM lost"))

    def _with_ends(self, found: Table, named: str = "") -> Table:
        """With the interval of lost pieces in the place of their variance; ``named`` is the first column."""
        names = [column.name for column in found.columns]
        names[:1] = [named or names[0]]
        mean_at, spread_at = names.index("pieces_lost"), names.index("lost_spread")
        rows = []
        for row in found.rows:
            mean = row[mean_at]
            ends = [
                _pieces(number_of(mean), number_of(row[spread_at]), share) if mean is not None else None
                for share in ENDS.values()
            ]
            rows.append((*row[:spread_at], *ends, *row[spread_at + 1 :]))
        names[spread_at : spread_at + 1] = ["lost_low", "lost_high"]
        return self._table(found, names, rows, [named])

    # ---- tables -----------------------------------------------------------------------------------------

    @property
    def _has_cost(self) -> bool:
        return "unit_cost" in self.shelf.beside

    def _coming(self) -> str:
        return "on_order" if "on_order" in self.shelf.beside else "NULL"

    def _counted_age(self) -> str:
        return ", MAX(counted_age) AS counted_age" if self.shelf.is_dated else ""

    def _states(self) -> str:
        """What else is told of all products: out, below zero, unknown, and how much was empty."""
        return f"""SUM(CASE WHEN on_hand <= 0 THEN 1 ELSE 0 END) AS out_now,
  SUM(CASE WHEN on_hand < 0 THEN 1 ELSE 0 END) AS negative,
  SUM(CASE WHEN pace IS NULL THEN 1 ELSE 0 END) AS unknown,
  SUM(CASE WHEN empty_days > 0 THEN 1 ELSE 0 END) AS empty_products, SUM(empty_days) AS empty_days,
  AVG(lead_days) AS lead_time{self._counted_age()}"""

    def _made(self, source: Table, names: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
        return self._table(source, [self.product, *names], rows, [self.product])

    def _told(self, found: Table) -> Table:
        return self._table(found, [column.name for column in found.columns], found.rows, ())

    def _grouped(self, found: Table) -> Table:
        names = [self.shelf.by, *(column.name for column in found.columns[1:])]
        return self._table(found, names, found.rows, names[:1])

    def _table(
        self, source: Table, names: Sequence[str], rows: Sequence[Sequence[Cell]], named: Sequence[str]
    ) -> Table:
        """Figures as they are told, with their units; ``named`` columns hold names as the database does."""
        columns = tuple(Column(name=name, type=_type_of(name, named)) for name in names)
        told = tuple(
            tuple(
                cell if name in named else _figure(name, cell) for name, cell in zip(names, row, strict=True)
            )
            for row in rows
        )
        labels = {name: self.currency if name in _MONEY else "" for name in names if name not in named}
        labels |= {"chance": "%"} if "chance" in names else {}
        return replace(
            source, columns=columns, rows=told, labels=labels, is_truncated=False, keys=frozenset()
        )


def _type_of(name: str, named: Sequence[str]) -> ColumnType:
    if name in named:
        return "text"
    return "date" if name == "last_sold" else "integer" if name in _WHOLE_NUMBERS else "number"


def _figure(name: str, cell: Cell) -> Cell:
    """A number as it is told: whole where it counts, four places of a share, two of money, else one."""
    if cell is None or isinstance(cell, dt.date):
        return cell
    if name in _WHOLE_NUMBERS:
        return round(number_of(cell))
    return round(
        number_of(cell), 4 if name == "chance" else 2 if name in _MONEY or name == "daily_demand" else 1
    )


def number_of(cell: Cell) -> float:
    """A cell as a number; nothing is 0."""
    return float(cell) if isinstance(cell, int | float | decimal.Decimal) else float(str(cell or 0))


def _floats(row: Sequence[Cell]) -> tuple[Cell, ...]:
    return (row[0], *(None if cell is None else number_of(cell) for cell in row[1:]))


def _pace(cells: Sequence[Cell]) -> Pace | None:
    """Of a product with a known demand: pieces a day, spread, pieces sold, doubt of its kind."""
    if cells[0] is None:
        return None
    a_day, spread, units, doubt = map(number_of, cells)
    return Pace(a_day=a_day, spread=spread, doubt=doubt + (spread / units if units else 0.0))


def _ends(on_hand: float, pace: Pace | None) -> tuple[int | None, int | None]:
    """Days until the stock ends: the median and the early end."""
    if pace is None:
        return None, None
    return pace.lasts(on_hand, 0.5), pace.lasts(on_hand, EARLY)


def _pieces(mean: float, variance: float, share: float) -> float:
    return float(quantile(np.array(mean), np.array(variance), share))
