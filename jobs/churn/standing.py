"""Where customers stand today: the model's SQL over all of them, the few that are told, and groups of them.

What is at stake of a customer is what the last year brought in such a time (of one who came later, what the
time since then did); at risk of it is as much as the chance not to buy.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.churn.returning import METHODS, Returning, Tested
from jobs.churn.signals import YEAR, Signals
from jobs.made_tables import made, rounded
from sql.semantics import Shop
from sql.types import Column, Table
from sql.types import Value as Cell

LEAST_GROUP = 50
"""Customers of a group from which its rates are held against each other."""
APART, SIGMAS = 0.05, 3.0
"""How far a group's mean probability must lie from its rate to be told: in points, and beyond chance."""
CLEAR = 0.1
"""What a reason must add to a logit to be told."""
MOST_REASONS = 2
REASONS = {
    "silence": ("recency", "silence", "rhythm"),
    "frequency": ("rate", "frequency"),
    "amount": ("amount",),
    "season": ("season",),
}
"""What is told as one reason → the parts of the logit that say it; they add up."""
_FIXED = 9
"""Columns of a customer before what the model looks at."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Asks for the customers of today."""

    signals: Signals
    model: Returning
    shop: Shop

    @property
    def unit(self) -> str:
        """Of money; empty where no amounts are seen, so that purchases are counted."""
        return self.signals.reader.unit

    def whole(self) -> tuple[Table, Sequence[float]]:
        """All customers in one row, and the means of what the model looks at, BG/NBD's logit last."""
        means = ", ".join(f"AVG({name}_signal) AS mean_{name}" for name in self.signals.names)
        table = self._run(
            f"""SELECT COUNT(*) AS customers, SUM(chance) AS buyers, AVG(chance) AS share,
  SUM(expected) AS expected_purchases, SUM(usual) AS usual_value, SUM((1 - chance) * usual) AS value_at_risk,
  {means}, AVG(rhythm_logit) AS mean_rhythm
FROM valued"""
        )
        whole = ("buyers", "expected_purchases")
        rows = [
            tuple(
                round(float(str(cell))) if column.name in whole else rounded(cell)
                for column, cell in zip(table.columns, row[:6], strict=False)
            )
            for row in table.rows
        ]
        labels = {"share": "%", "usual_value": self.unit, "value_at_risk": self.unit}
        return made(table, table.columns[:6], rows, labels), [float(str(cell)) for cell in table.rows[0][6:]]

    def customers(
        self, rank: str, top: int, means: Sequence[float]
    ) -> tuple[Table, Table, tuple[tuple[str, ...], ...]]:
        """Those with most at risk (or the likeliest to buy), what adds to each one's logit, and the reasons.

        Args:
            means: of what the model looks at; that of a customer with these is what is added to.
        """
        reader = self.signals.reader
        order = "chance DESC, usual DESC" if rank == "buying" else "value_at_risk DESC"
        parts = ", ".join(f"{name}_signal" for name in self.signals.names)
        found = self._run(
            f"""SELECT customer, chance, expected AS expected_purchases,
  (1 - chance) * usual AS value_at_risk, usual AS usual_value,
  last_on AS last_purchase, orders AS purchases, recency AS days_since,
  CASE WHEN orders > 1 THEN {reader.ratio("(age - recency)", "(orders - 1)")} END AS usual_gap,
  {parts}, rhythm_logit
FROM valued ORDER BY {order}, customer LIMIT {top}"""
        )
        key = self.shop.bindings["customer"].rpartition(".")[2]
        who = Column(name=key, type=found.columns[0].type)
        columns = (who, *map(_column, found.columns[1:_FIXED]))
        rows = [(row[0], *map(rounded, row[1:_FIXED])) for row in found.rows]
        labels = {"chance": "%", "value_at_risk": self.unit, "usual_value": self.unit}
        table = replace(made(found, columns, rows, labels), keys=frozenset({key}))
        added = [self.added(row[_FIXED:], means) for row in found.rows]
        exact = [
            (row[0], *(round(value, 4) for value in each.values()))
            for row, each in zip(found.rows, added, strict=True)
        ]
        names = [Column(name=name, type="number") for name in self._reasons]
        adding = replace(made(found, (who, *names), exact, {}), keys=frozenset({key}))
        return table, adding, tuple(_weighing_most(each, rank) for each in added)

    def of(self, customer: str) -> Table:
        """One customer in one row: the probability to buy, the past, the mean paid; no row without a past.

        Args:
            customer: the key, as SQL.
        """
        paid = "EXP(amount_signal) - 1"
        return self._run(
            f"SELECT chance, orders, recency, age, {paid} AS paid FROM valued WHERE customer = {customer}"
        )

    def looked_at(self, customer: str) -> Table:
        """One customer as the model looks at them: the probability to buy, its logit, each signal and
        BG/NBD's logit; no row without a past.

        Args:
            customer: the key, as SQL.
        """
        parts = ", ".join(f"{name}_signal" for name in self.signals.names)
        return self._run(
            f"SELECT chance, score, {parts}, rhythm_logit FROM valued WHERE customer = {customer}"
        )

    def logit_of_means(self, means: Sequence[float]) -> float:
        """The logit of a customer who is like the mean in all that the model looks at.

        Args:
            means: as ``whole`` gives them.
        """
        *signals, rhythm = means
        weighed = zip(self.model.weights, signals, self.model.means, strict=True)
        linear = sum(float(weight) * (mean - float(middle)) for weight, mean, middle in weighed)
        return self.model.level + linear + self.model.rhythm_weight * rhythm

    @property
    def _reasons(self) -> list[str]:
        return [name for name in REASONS if name != "season" or self.signals.has_season]

    def added(self, cells: Sequence[Cell], means: Sequence[float]) -> dict[str, float]:
        """Reason → what it adds to the logit of the mean customer, exactly.

        Args:
            cells: each signal and BG/NBD's logit, as ``looked_at`` reads them.
        """
        names = (*self.signals.names, "rhythm")
        weights = (*map(float, self.model.weights), self.model.rhythm_weight)
        parts = {
            name: weight * (float(str(cell)) - mean)
            for name, weight, cell, mean in zip(names, weights, cells, means, strict=True)
        }
        return {reason: sum(parts.get(name, 0.0) for name in REASONS[reason]) for reason in self._reasons}

    # ---- groups -----------------------------------------------------------------------------------------

    def groups(self, by: str, before: dt.date, top: int) -> Table:
        """Groups of those who bought within a year, the deepest falls since ``before`` first.

        The rate before is that of those who had bought within a year then. A group that was small then, or
        is now, comes after the others.
        """
        found = self._run(
            f"""SELECT grouped_by, COUNT(*) AS customers, SUM(chance) AS buyers, AVG(chance) AS share,
  SUM(usual) AS usual_value, SUM((1 - chance) * usual) AS value_at_risk
FROM valued WHERE grouped_by IS NOT NULL AND recency <= {YEAR} GROUP BY grouped_by
ORDER BY value_at_risk DESC, grouped_by""",
            by=by,
        )
        earlier = self.signals.reader.run(
            f"""{self.signals.pasts(before, by=by)}
SELECT grouped_by, COUNT(*) AS customers, SUM(CASE WHEN later > 0 THEN 1 ELSE 0 END) AS buyers
FROM seen_pasts WHERE grouped_by IS NOT NULL AND recency <= {YEAR} GROUP BY grouped_by"""
        )
        rates = {
            row[0]: float(str(row[2])) / float(str(row[1]))
            for row in earlier.rows
            if int(str(row[1])) >= LEAST_GROUP
        }
        rows: list[tuple[Cell, ...]] = []
        for name, *numbers in found.rows:
            customers, buyers, share, usual, at_risk = map(rounded, numbers)
            was = rates.get(name) if int(str(customers)) >= LEAST_GROUP else None
            change = float(str(share)) - was if was is not None else None
            rows.append((name, customers, buyers, share, rounded(was), rounded(change), usual, at_risk))
        rows.sort(key=lambda row: (row[5] is None, row[5] if row[5] is not None else 0.0))
        names = ("customers", "buyers", "share", "share_before", "change", "usual_value", "value_at_risk")
        columns = (
            Column(name=by, type=found.columns[0].type),
            *(Column(name=name, type="integer" if name == "customers" else "number") for name in names),
        )
        labels = dict.fromkeys(("share", "share_before", "change"), "%")
        labels |= dict.fromkeys(("usual_value", "value_at_risk"), self.unit)
        return made(found, columns, rows[:top], labels)

    def wrong_groups(self, tried: Returning, day: dt.date, by: str, source: Table) -> Table:
        """Groups that ``tried`` gave clearly more or less on a day than they did; none without ``by``."""
        columns = (
            Column(name=by or "group", type="text"),
            Column(name="customers", type="integer"),
            Column(name="expected_share", type="number"),
            Column(name="share", type="number"),
        )
        labels = {"expected_share": "%", "share": "%"}
        if not by:
            return made(source, columns, [], labels)
        found = self.signals.reader.run(
            f"""{self.signals.pasts(day, by=by)},
{tried.sql()}
SELECT grouped_by, COUNT(*) AS customers, AVG(chance) AS expected_share,
  SUM(CASE WHEN later > 0 THEN 1 ELSE 0 END) AS buyers, SUM(chance * (1 - chance)) AS spread
FROM scored WHERE grouped_by IS NOT NULL GROUP BY grouped_by HAVING COUNT(*) >= {LEAST_GROUP}
ORDER BY COUNT(*) DESC, grouped_by"""
        )
        rows: list[tuple[Cell, ...]] = []
        for name, *numbers in found.rows:
            customers, told, buyers, spread = (float(str(number)) for number in numbers)
            off = abs(told - buyers / customers)
            if off > APART and off * customers > SIGMAS * math.sqrt(spread):
                rows.append((name, int(customers), round(told, 4), round(buyers / customers, 4)))
        return made(found, columns, rows, labels)

    def _run(self, select: str, *, by: str = "") -> Table:
        """One SELECT over ``valued``: the scored customers of today with what they bring in such a time."""
        reader, days = self.signals.reader, self.model.days
        spent = f"CASE WHEN age < {days} THEN {days} WHEN age < {YEAR} THEN age ELSE {YEAR} END"
        return reader.run(
            f"""{self.signals.pasts(reader.today, by=by)},
{self.model.sql()},
valued AS (SELECT scored.*, {reader.ratio(f"paid_in_year * {days}", f"({spent})")} AS usual FROM scored)
{select}"""
        )


def _weighing_most(added: Mapping[str, float], rank: str) -> tuple[str, ...]:
    """What speaks most against buying, or for it; ``silence_against`` and the like."""
    sign, way = (1, "for") if rank == "buying" else (-1, "against")
    ordered = sorted(added, key=lambda reason: -sign * added[reason])
    return tuple(f"{reason}_{way}" for reason in ordered if sign * added[reason] > CLEAR)[:MOST_REASONS]


def by_method(test: Tested, day: dt.date, source: Table) -> Table:
    """A row a method, ours first: AUC and Brier score on customers of a day, and what they did."""
    columns = (
        Column(name="method", type="text"),
        Column(name="auc", type="number"),
        Column(name="brier_hundredths", type="number"),
        Column(name="customers", type="integer"),
        Column(name="day", type="date"),
        Column(name="share", type="number"),
        Column(name="expected_purchases", type="integer"),
        Column(name="purchases", type="integer"),
    )
    shared = (test.customers, day, round(test.rate, 4))
    rows: list[tuple[Cell, ...]] = [
        (
            *(name, round(test.auc[name], 4), round(100 * test.brier[name], 2)),
            *shared,
            *((round(test.expected), round(test.later)) if name == METHODS[0] else (None, None)),
        )
        for name in METHODS
    ]
    return made(source, columns, rows, {"auc": "%", "share": "%"})


def by_tenth(test: Tested, source: Table) -> Table:
    """Tenths of the tested customers by probability, the lowest first: what was told, and what they did."""
    names = ("tenth", "customers", "expected_share", "share")
    columns = tuple(Column(name=name, type="integer" if name in names[:2] else "number") for name in names)
    rows: list[tuple[Cell, ...]] = [
        (place, count, round(told, 4), round(did, 4))
        for place, (count, told, did) in enumerate(test.tenths, 1)
    ]
    return made(source, columns, rows, {"expected_share": "%", "share": "%"})


def _column(column: Column) -> Column:
    """As it is told: purchases and days are whole numbers, SQLite's days are dates."""
    if column.name in ("purchases", "days_since"):
        return replace(column, type="integer")
    return replace(column, type="date") if column.name == "last_purchase" else column
