"""What is known of each customer on a day of the past, as SQL: the counts, and what a model looks at.

One statement gives both, so that a customer is looked at in one way only, wherever the row is used. The days
after that day are read for nothing but the answer: how often the customer bought within the horizon.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from jobs.bg_nbd import Values
from jobs.purchases import PurchaseReader
from sql.types import Table

YEAR = 365
COUNTS = ("orders", "recency", "age")
"""Days of purchase, days since the last and since the first."""
SIGNALS = ("recency", "rate", "silence", "frequency", "amount", "season")
"""What the linear model looks at, all as logarithms: time since the last purchase; purchases for each day;
silence against the own rhythm; purchases; what each brought; purchases in the same weeks a year before."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Customers as they were on one day, and what they did then."""

    customers: tuple[object, ...]
    counts: dict[str, Values]
    """Of ``COUNTS``, each of shape (customers,)."""
    signals: Values
    """Shape (customers, signals)."""
    later: Values
    """Days of purchase within the horizon; zeros where that is still to come."""

    @property
    def past(self) -> tuple[Values, Values, Values]:
        """Orders, recency and age, as BG/NBD takes them."""
        return self.counts["orders"], self.counts["recency"], self.counts["age"]

    @property
    def bought(self) -> Values:
        """1 where the customer bought within the horizon."""
        return (self.later > 0).astype(float)


@dataclass(frozen=True, kw_only=True)
class Signals:
    """How pasts are read for one request."""

    reader: PurchaseReader
    days: int
    """The horizon."""
    has_season: bool
    """Whether a year before each day is known."""

    @property
    def names(self) -> tuple[str, ...]:
        """The signals that there are."""
        return SIGNALS if self.has_season else SIGNALS[:-1]

    def snapshot(self, day: dt.date, customers: int, most: int) -> Snapshot:
        """At most ``most`` of the customers, spread evenly over their keys."""
        step = -(-customers // most)
        columns = ", ".join([*COUNTS, *(f"{name}_signal" for name in self.names), "later"])
        sql = f"""{self.pasts(day)},
numbered AS (
  SELECT customer, {columns}, ROW_NUMBER() OVER (ORDER BY customer) AS place FROM seen_pasts
)
SELECT customer, {columns} FROM numbered WHERE place % {step} = 0"""
        return _read(self.reader.run(sql))

    def pasts(self, day: dt.date, *, by: str = "") -> str:
        """``seen_pasts``: customer, counts, last day, money of a year, signals, later purchases.

        Quotients are differences of logarithms, for some databases keep few places of a division.

        Args:
            by: a column whose value is ``grouped_by``; of several the last by name.
        """
        reader, half = self.reader, self.days / 2
        on, until = reader.day(day), reader.day(day + dt.timedelta(days=self.days))
        year = reader.day(day - dt.timedelta(days=YEAR))
        season = reader.day(day - dt.timedelta(days=YEAR - self.days))
        is_past = f"is_bought = 1 AND bought_on <= {on}"
        since = f"bought_on > {year} AND bought_on <= {on}"
        group = ", MAX(grouped_by) AS grouped_by" if by else ""
        own = ", grouped_by" if by else ""
        pace = f"orders * (LN(age + {half}) - LN(age - recency + {half}))"
        signals = {
            "recency": "LN(recency + 7)",
            "rate": f"LN(orders) - LN(age + {half})",
            "silence": f"LN(1 + EXP(CASE WHEN {pace} > 30 THEN 30 ELSE {pace} END - LN(orders)))",
            "frequency": "LN(orders)",
            "amount": f"LN(1 + CASE WHEN paid > 0 THEN {reader.ratio('paid', 'orders')} ELSE 0 END)",
            "season": "LN(1 + season_orders)",
        }
        told = ",\n    ".join(f"{signals[name]} AS {name}_signal" for name in self.names)
        return f"""WITH {reader.days(by=by)},
pasts AS (
  SELECT customer, CAST(SUM(CASE WHEN {is_past} THEN 1 ELSE 0 END) AS DOUBLE) AS orders,
    MIN(CASE WHEN {is_past} THEN bought_on END) AS first_on,
    MAX(CASE WHEN {is_past} THEN bought_on END) AS last_on,
    SUM(CASE WHEN bought_on <= {on} THEN paid ELSE 0 END) AS paid,
    SUM(CASE WHEN {since} THEN paid ELSE 0 END) AS paid_in_year,
    SUM(CASE WHEN is_bought = 1 AND bought_on > {year} AND bought_on <= {season} THEN 1 ELSE 0 END)
      AS season_orders,
    SUM(CASE WHEN is_bought = 1 AND bought_on > {on} AND bought_on <= {until} THEN 1 ELSE 0 END)
      AS later{group}
  FROM buying_days GROUP BY customer
),
aged_pasts AS (
  SELECT customer, orders, last_on, paid, season_orders, later{own},
    CASE WHEN paid_in_year > 0 THEN paid_in_year ELSE 0 END AS paid_in_year,
    CAST({reader.between("last_on", on, "day")} AS DOUBLE) AS recency,
    CAST({reader.between("first_on", on, "day")} AS DOUBLE) AS age
  FROM pasts WHERE orders > 0
),
seen_pasts AS (
  SELECT customer, orders, last_on, recency, age, paid_in_year, later{own},
    {told}
  FROM aged_pasts
)"""


def _read(table: Table) -> Snapshot:
    numbers = np.array([[float(str(cell)) for cell in row[1:]] for row in table.rows], dtype=float)
    numbers = numbers.reshape(len(table.rows), len(table.columns) - 1)
    first = len(COUNTS)
    return Snapshot(
        customers=tuple(row[0] for row in table.rows),
        counts={name: numbers[:, place] for place, name in enumerate(COUNTS)},
        signals=numbers[:, first:-1],
        later=numbers[:, -1],
    )
