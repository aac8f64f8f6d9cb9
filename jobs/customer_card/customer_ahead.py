"""What one customer may do next: the probability to buy, as churn tells it; the value of the next year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bot.errors import Declined
from bot.parameters import Length
from jobs.bg_nbd import Values
from jobs.churn.churning import LEAST_DAYS, cut_offs_of, extent_of, look_back
from jobs.churn.returning import TooFew, fit_returning
from jobs.churn.signals import Snapshot
from jobs.churn.standing import Standing
from jobs.customer_card.customer_bought import CustomerPurchases
from jobs.made_tables import made, rounded
from jobs.spending import TooFewAmounts, fit_spending
from jobs.value_ahead import value_ahead
from sql.errors import QueryTimeout, QueryTooLarge
from sql.types import Column, Value

QUARTER, QUARTER_DAYS = Length(count=3, unit="month"), 91
"""The time that the probability is for, where the shop's past allows it."""
YEAR_DAYS = 365
"""The time that the value is for."""
CHANCE, PURCHASES, VALUE, LOW, HIGH, LEARNED, KNOWN = range(7)
"""Columns of the table."""


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is to be expected; or why nothing is told."""

    table: int | None
    """Its place: one row, without an amount where amounts are not seen or too few."""
    horizon: Length = QUARTER
    is_short: bool = False
    """Whether less than the year that is told ahead is known of the past."""
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What fills the reason."""


def look_ahead(customer: CustomerPurchases) -> Ahead:
    """Learn from all customers, and tell of one.

    The model of who buys again is churn's, at the same days and with the same signals.
    """
    purchases = customer.purchases
    try:
        extent = extent_of(purchases)
        known = (purchases.today - extent.first).days
        days = max(LEAST_DAYS, min(QUARTER_DAYS, known // 28 * 7))
        is_quarter = days == QUARTER_DAYS
        horizon = QUARTER if is_quarter else Length(count=days // 7, unit="week")
        signals, seen = look_back(purchases, extent, cut_offs_of(purchases, extent, days, horizon), days)
        model = fit_returning(signals.names, seen[2:], seen[1], seen[0], days)
        found = Standing(signals=signals, model=model, shop=customer.reader.shop).of(customer.who)
    except Declined as error:
        return Ahead(table=None, reason=error.key, values=error.values)
    except TooFew:
        return Ahead(table=None, reason="too_few_to_learn")
    except (QueryTimeout, QueryTooLarge):
        return Ahead(table=None, reason="too_much_work")
    if not found.rows:
        return Ahead(table=None, reason="never_bought")
    chance, *past, paid = (float(str(cell)) for cell in found.rows[0])
    columns = (
        Column(name="chance", type="number"),
        Column(name="expected_purchases", type="number"),
        Column(name="expected_value", type="number"),
        Column(name="expected_low", type="number"),
        Column(name="expected_high", type="number"),
        Column(name="customers", type="integer"),
        Column(name="days_known", type="integer"),
    )
    told: list[Value] = [None] * 4
    orders, recency, age = (np.array([value]) for value in past)
    if purchases.has_amount:
        try:
            spending = fit_spending(seen[0].counts["orders"], paid_of(seen[0], signals.names))
            ahead = value_ahead(model.rhythm, spending, (orders, recency, age), np.array([paid]), YEAR_DAYS)
            told = [rounded(float(each[0])) for each in (ahead.purchases, ahead.value, ahead.low, ahead.high)]
        except TooFewAmounts:
            pass
    row = (rounded(chance), *told, len(seen[0].customers), known)
    labels = {
        "chance": "%",
        **dict.fromkeys(("expected_value", "expected_low", "expected_high"), purchases.unit),
    }
    table = customer.reader.keep(made(found, columns, [row], labels))
    return Ahead(table=table, horizon=horizon, is_short=known < YEAR_DAYS)


def paid_of(seen: Snapshot, names: tuple[str, ...]) -> Values:
    """The mean that each customer paid, in units of money, shape (customers,); 0 where it is below."""
    paid: Values = np.expm1(seen.signals[:, names.index("amount")])
    return paid
