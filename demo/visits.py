"""Visits of those who accepted tracking (about one buyer in five), and bots in February 2026."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice
from demo.orders import MIDNIGHT, Orders
from demo.people import People

VISITS = 200_000
TRACKED = 0.21
"""Share of web and app orders whose visit is known."""
SOURCES = ("search", "direct", "social", "email", "ads")
_HOURS = (4, 2, 1, 1, 1, 1, 3, 6, 8, 9, 10, 11, 13, 12, 10, 10, 11, 13, 16, 19, 22, 22, 17, 9)


def make_visits(seed: int, people: People, orders: Orders) -> dict[str, NDArray[np.generic]]:
    """Columns of the table ``sessions``; ``customer_id`` and ``order_id`` are masked arrays."""
    dice = Dice(seed, "visits")
    bought = np.flatnonzero((orders.channel != "marketplace") & dice.chance(TRACKED, len(orders.ids)))
    per_day = np.bincount(orders.day, minlength=plan.DAYS).astype(float)
    calm = per_day.copy()
    calm[plan.VIRAL.slice] = calm[plan.VIRAL.slice] * 1.6
    usual = VISITS / plan.DAYS
    bots = int(usual * (plan.TRAFFIC_FACTOR - 1)) * plan.TRAFFIC_ANOMALY.days
    others = VISITS - len(bought) - bots

    day = dice.choose(others, 0.4 * calm.mean() + 0.6 * calm)
    seconds = dice.choose(others, _HOURS) * 3600 + dice.integers(others, 0, 3600)
    customer = dice.choose(others, people.weight)
    # A quarter comes logged in; those who have left the shop hardly look in any more.
    is_known = (
        dice.chance(0.4, others) & (people.registered[customer] < day) & (people.left[customer] + 20 > day)
    )
    pages = 1 + np.floor(dice.exponential(others, 3.2)).astype(np.int64)
    cart = dice.chance(np.clip(0.02 + 0.035 * (pages - 1), 0, 0.5), others)
    columns = [
        (
            MIDNIGHT + (day * 86400 + seconds).astype("timedelta64[s]"),
            np.where(is_known, customer, -1),
            dice.choose(others, (0.56, 0.35, 0.09)),
            dice.choose(others, (0.4, 0.22, 0.15, 0.08, 0.15)),
            pages,
            cart,
            np.full(others, -1),
        ),
    ]
    n = len(bought)
    before = dice.integers(n, 120, 3000).astype("timedelta64[s]")
    device = np.select([orders.device[bought] == "mobile", orders.device[bought] == "desktop"], [0, 1], 2)
    by_mail = np.isin(
        orders.campaign[bought], [c for c, it in enumerate(plan.CAMPAIGNS) if it.channel == "email"]
    )
    source = np.where(by_mail & dice.chance(0.7, n), 3, dice.choose(n, (0.36, 0.3, 0.1, 0.13, 0.11)))
    columns.append(
        (
            orders.ordered_at[bought] - before,
            orders.customer[bought],
            device,
            source,
            4 + np.floor(dice.exponential(n, 6.0)).astype(np.int64),
            np.ones(n, bool),
            bought,
        )
    )
    day = plan.day_of(plan.TRAFFIC_ANOMALY.first) + dice.integers(bots, 0, plan.TRAFFIC_ANOMALY.days)
    columns.append(
        (
            MIDNIGHT + (day * 86400 + dice.integers(bots, 0, 86400)).astype("timedelta64[s]"),
            np.full(bots, -1),
            np.ones(bots, np.int64),
            np.full(bots, 4),
            np.ones(bots, np.int64),
            np.zeros(bots, bool),
            np.full(bots, -1),
        )
    )
    started, customer, device, source, pages, cart, order = (
        np.concatenate(p) for p in zip(*columns, strict=True)
    )
    by_time = np.argsort(started, kind="stable")
    started, customer, device, source = started[by_time], customer[by_time], device[by_time], source[by_time]
    order = order[by_time]
    return {
        "session_id": np.arange(len(started)) + 1,
        "customer_id": np.ma.masked_array(people.ids[customer], mask=customer < 0),
        "started_at": started,
        "device": np.array(("mobile", "desktop", "tablet"))[device],
        "source": np.array(SOURCES)[source],
        "page_views": pages[by_time],
        "has_added_to_cart": cart[by_time],
        "order_id": np.ma.masked_array(orders.ids[order], mask=order < 0),
    }
