"""Weekly stock levels that agree with what was sold, and run dry where the plan says so."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice, Ints
from demo.orders import Demand, Orders
from demo.products import SUPPLIERS, Products


def make_stock(
    seed: int, products: Products, orders: Orders, demand: Demand
) -> dict[str, NDArray[np.generic]]:
    """One row per product and Tuesday, the calendar's last day included; from its launch on."""
    dice = Dice(seed, "stock")
    count, days = products.prices.shape
    paid = orders.is_paid[orders.line_order]
    cell = orders.line_product[paid] * days + orders.day[orders.line_order[paid]]
    sold = (
        np.bincount(cell, weights=orders.quantity[paid], minlength=count * days)
        .astype(np.int64)
        .reshape(count, days)
    )
    rate = sold.sum(axis=1) / np.maximum((days - np.maximum(products.launched, 0)), 30)
    lead = np.array([SUPPLIERS[s][2] for s in products.supplier])
    reorder = np.ceil(rate * (lead + 7)).astype(np.int64) + 2
    on_hand, on_order = np.zeros((count, days), np.int64), np.zeros((count, days), np.int64)
    outs: dict[int, list[tuple[int, int]]] = {}
    for out in demand.outs:
        outs.setdefault(out.product, []).append((out.first, out.end))
    for p in range(count):
        _fill_shelf(
            dice, sold[p], rate[p], int(lead[p]), int(reorder[p]), outs.get(p, []), on_hand[p], on_order[p]
        )
    dates = np.arange(days - 1, -1, -7)[::-1]
    day, product = np.repeat(dates, count), np.tile(np.arange(count), len(dates))
    is_listed = day >= products.launched[product]
    day, product = day[is_listed], product[is_listed]
    return {
        "snapshot_on": np.datetime64(plan.START, "D") + day.astype("timedelta64[D]"),
        "product_id": products.ids[product],
        "on_hand": on_hand[product, day],
        "on_order": on_order[product, day],
        "reorder_point": reorder[product],
    }


def _fill_shelf(
    dice: Dice,
    sold: Ints,
    rate: float,
    lead: int,
    reorder: int,
    outs: list[tuple[int, int]],
    on_hand: Ints,
    on_order: Ints,
) -> None:
    """Deliveries every few weeks; between two of them the level is what will still be sold, plus a rest."""
    days = len(sold)
    steps = dice.integers(40, 26, 58)
    arrivals = [int(day) for day in np.cumsum(steps) if day < days - 3]
    for first, end in outs:
        arrivals = [day for day in arrivals if not first - 12 <= day < end]
        if end < days:
            arrivals.append(end)
    bounds = [0, *sorted(set(arrivals)), days]
    rests = np.rint(reorder * dice.uniform(len(bounds), 0.1, 0.9)).astype(np.int64)
    is_dry = [any(start <= first < stop for first, _ in outs) for start, stop in pairwise(bounds)]
    for k, (start, stop) in enumerate(pairwise(bounds)):
        rest = 0 if is_dry[k] else int(rests[k])
        if stop == days and not is_dry[k]:
            rest = int(rate * float(dice.uniform(1, 2, 70)[0])) + 1
        ahead = sold[start:stop][::-1].cumsum()[::-1] - sold[start:stop]
        on_hand[start:stop] = rest + ahead
    for start in bounds[1:-1]:
        arrived = on_hand[start] + sold[start] - on_hand[start - 1]
        if arrived > 0:
            on_order[max(0, start - lead) : start] = arrived
        else:
            # Nothing needed to arrive: the rest of the last weeks was enough.
            on_hand[start - 1] = max(on_hand[start - 1], 0)
    is_low = on_hand[-1] < reorder
    if is_low and bool(dice.chance(0.55, 1)[0]):
        on_order[-min(lead, 10) :] = max(2 * reorder - int(on_hand[-1]), 5)


def first_snapshot(out_first: int) -> dt.date:
    """The first weekly snapshot inside a spell that starts on that calendar day."""
    last = plan.DAYS - 1
    return plan.START + dt.timedelta(days=last - 7 * ((last - out_first) // 7))
