"""A customer's probability to buy again, and the value of the year ahead, taken apart.

The first is a sum in log-odds already: signals times their weights, and what BG/NBD says. The second is a
product of three, whether the customer is still there, how often such a one buys, and what each purchase
brings; what each adds against the mean customer is its Shapley value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from jobs.bg_nbd import Values, fit_bg_nbd
from jobs.churn.churning import DEFAULT_HORIZON, LEAST_DAYS, cut_offs_of, extent_of, look_back
from jobs.churn.returning import TooFew, fit_returning, sigmoid
from jobs.churn.signals import Signals
from jobs.churn.standing import Standing
from jobs.customer_card.customer_ahead import QUARTER_DAYS, YEAR_DAYS, paid_of
from jobs.customer_card.customer_bought import CustomerPurchases
from jobs.customer_card.customer_reading import Reader, find_customer
from jobs.explain.added import Added, Part, ordered
from jobs.explain.explain_words import CUSTOMER
from jobs.forecast.forecast_words import HORIZON, ONLY
from jobs.purchases import PurchaseReader
from jobs.shapley import shapley
from jobs.spending import TooFewAmounts, fit_spending
from jobs.value_ahead import value_ahead
from telling.phrases import escape_markdown

DRAWS = 400
"""Of each customer, for the mean purchases of all; the one who is explained gets as many as on the card."""


class Named(Protocol):
    """Words for parts."""

    def say(self, key: str, /, **values: str) -> str:
        """A sentence."""


def customer_of(request: Request, tools: Tools) -> tuple[CustomerPurchases, str]:
    """Who is asked about, and the number that people know them by.

    Raises:
        AskBack: nobody is named, nobody is called so, or several are.
        Declined: the role sees groups only, or not who bought.
    """
    role = tools.workspace.role
    if role.minimum_group is not None:
        names = {"role": escape_markdown(role.name), "least": str(role.minimum_group)}
        raise Declined("aggregates_only", names)
    purchases = PurchaseReader(request, tools, request.settings.get(ONLY) or {})
    if not (purchases.sees("customer") and purchases.sees("order_date")):
        raise Declined("explain_hidden", {"role": escape_markdown(role.name)})
    said = request.settings.get(CUSTOMER)
    if said is None:
        error = AskBack("which_customer")
        error.is_open = True
        raise error
    reader = Reader(request, tools.workspace)
    found = find_customer(said, reader)
    return CustomerPurchases(purchases, reader, found.key, tools), found.number


# ---- who buys again ---------------------------------------------------------------------------------------


def explain_churn(request: Request, tools: Tools, words: Named) -> Added:
    """The log-odds of one customer to buy within the horizon, against those of the mean customer."""
    customer, number = customer_of(request, tools)
    reader = customer.purchases
    horizon = request.settings.get(HORIZON) or DEFAULT_HORIZON
    if horizon.days < LEAST_DAYS:
        raise Declined("too_soon", {"least": str(LEAST_DAYS)})
    extent = extent_of(reader)
    cut_offs = cut_offs_of(reader, extent, horizon.days, horizon)
    signals, seen = look_back(reader, extent, cut_offs, horizon.days)
    try:
        model = fit_returning(signals.names, seen[2:], seen[1], seen[0], horizon.days)
    except TooFew:
        raise Declined("too_few_to_learn", {"horizon": horizon.in_words(request.language)}) from None
    standing = Standing(signals=signals, model=model, shop=tools.workspace.shop)
    _, means = standing.whole()
    found = standing.looked_at(customer.who)
    if not found.rows:
        raise Declined("explain_never_bought", {"customer": escape_markdown(number)})
    chance, score, *cells = (float(str(cell)) for cell in found.rows[0])
    added = standing.added(cells, means)
    start = standing.logit_of_means(means)
    parts = [
        Part(name=words.say(f"part_{reason}"), adds=adds, **_seen_as(reason, signals.names, cells, means))
        for reason, adds in added.items()
    ]
    facts = {"chance": (round(chance, 4), "%"), "usual_chance": (round(_chance(start), 4), "%")}
    return Added(
        start=start, end=score, parts=ordered(parts), scale="logit", source=found, facts=facts,
        subject=number, caveats=reader.caveats,
    )  # fmt: skip


def _chance(score: float) -> float:
    return float(sigmoid(np.array(score)))


_SHOWN_BY = {"silence": ("recency", 7.0), "frequency": ("frequency", 0.0), "amount": ("amount", 1.0),
             "season": ("season", 1.0)}  # fmt: skip
"""Reason → the signal that says it in a number, and what its logarithm was taken above."""


def _seen_as(
    reason: str, names: Sequence[str], cells: Sequence[float], means: Sequence[float]
) -> Mapping[str, float]:
    signal, above = _SHOWN_BY[reason]
    place = names.index(signal)
    here, usual = (math.exp(each[place]) - above for each in (cells, means))
    return {"here": round(here, 2), "usual": round(usual, 2)}


# ---- what a customer will bring ---------------------------------------------------------------------------


def explain_value(request: Request, tools: Tools, words: Named) -> Added:
    """The expected value of a customer's next year against that of the mean customer."""
    customer, number = customer_of(request, tools)
    reader = customer.purchases
    if not reader.has_amount:
        raise Declined("explain_no_amount", {"role": escape_markdown(tools.workspace.role.name)})
    extent = extent_of(reader)
    signals = Signals(reader=reader, days=QUARTER_DAYS, has_season=False)
    everyone = signals.snapshot(reader.today, extent.customers, tools.workspace.role.limits.max_rows)
    rhythm = fit_bg_nbd(*everyone.past)
    paid_by_all = paid_of(everyone, signals.names)
    try:
        spending = fit_spending(everyone.counts["orders"], paid_by_all)
    except TooFewAmounts:
        raise Declined("explain_few_amounts") from None
    found = reader.run(
        f"{signals.pasts(reader.today)}\nSELECT orders, recency, age, EXP(amount_signal) - 1 AS paid "
        f"FROM seen_pasts WHERE customer = {customer.who}"
    )
    if not found.rows:
        raise Declined("explain_never_bought", {"customer": escape_markdown(number)})
    orders, recency, age, paid = (np.array([float(str(cell))]) for cell in found.rows[0])
    own = value_ahead(rhythm, spending, (orders, recency, age), paid, YEAR_DAYS)
    there = float(rhythm.presence(orders, recency, age)[0])
    mine = (there, float(own.purchases[0]) / there, float(spending.mean(orders, paid)[0]))
    all_there = rhythm.presence(*everyone.past)
    many = value_ahead(rhythm, spending, everyone.past, paid_by_all, YEAR_DAYS, draws=DRAWS)
    usual = (
        float(all_there.mean()),
        float(many.purchases.mean() / all_there.mean()),
        float(spending.mean(everyone.counts["orders"], paid_by_all).mean()),
    )

    def worth(some: frozenset[int]) -> Values:
        return np.array(math.prod(mine[at] if at in some else usual[at] for at in range(3)))

    adds = shapley(worth, 3)
    shown = ((100 * mine[0], 100 * usual[0]), (mine[1], usual[1]), (mine[2], usual[2]))
    parts = [
        Part(name=words.say(f"part_{name}"), adds=float(each), here=round(here, 2), usual=round(mean, 2))
        for name, each, (here, mean) in zip(("there", "rhythm", "spending"), adds, shown, strict=True)
    ]
    return Added(
        start=math.prod(usual), end=math.prod(mine), parts=ordered(parts), scale="money", unit=reader.unit,
        source=found, subject=number, caveats=reader.caveats,
    )  # fmt: skip
