"""Requests to customer service: most follow from something that went wrong, the rest are questions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice, Ints
from demo.orders import CLOSE, Orders
from demo.people import People
from demo.products import Products
from demo.support import TicketWriter

TICKETS = 9_000
CHANNELS = ("email", "chat", "phone")


def make_tickets(
    seed: int, products: Products, people: People, orders: Orders, returns: dict[str, NDArray[np.generic]]
) -> dict[str, Any]:
    """Columns of the table ``tickets``, oldest first."""
    dice = Dice(seed, "tickets")
    parts: list[tuple[str, Ints, Ints, NDArray[np.datetime64]]] = []

    def add(topic: str, order: Ints, line: Ints, at: NDArray[np.datetime64]) -> None:
        parts.append((topic, order, line, at))

    first_line = np.searchsorted(orders.line_order, np.arange(len(orders.ids)))
    shipped = np.where(np.isnat(orders.shipped_at), orders.ordered_at, orders.shipped_at)
    sent = ~np.isnat(orders.shipped_at)
    chance = np.where(orders.delay_days > 0, 0.3, 0.018) * sent
    late = np.flatnonzero(dice.chance(chance, len(orders.ids)))
    wait = np.where(orders.delay_days[late] > 0, 7.5, 2.5) + dice.exponential(len(late), 2.5)
    add("delivery", late, first_line[late], _later(shipped[late], wait))

    back = returns["order_line_id"].astype(np.int64) - 1
    is_defect = returns["reason"] == "defective"
    when = returns["returned_at"].astype("datetime64[s]")
    defect = np.flatnonzero(is_defect & dice.chance(0.55, len(back)))
    add(
        "defect",
        orders.line_order[back[defect]],
        back[defect],
        _later(when[defect], -dice.uniform(len(defect), 0.5, 3)),
    )
    refund = np.flatnonzero(dice.chance(0.17, len(back)))
    add(
        "refund",
        orders.line_order[back[refund]],
        back[refund],
        _later(when[refund], 2 + dice.exponential(len(refund), 6)),
    )

    is_out = plan.OUTAGE.holds(orders.day)
    unpaid = orders.status == "payment_failed"
    chance = np.where(is_out, 0.09, 0.004) + np.where(unpaid, np.where(is_out, 0.35, 0.25), 0)
    paying = np.flatnonzero(dice.chance(chance, len(orders.ids)))
    add(
        "payment",
        paying,
        first_line[paying],
        _later(orders.ordered_at[paying], dice.exponential(len(paying), 0.25)),
    )

    rest = max(TICKETS - sum(len(order) for _, order, _, _ in parts), 0)
    for topic, share in (("product_question", 0.62), ("account", 0.38)):
        some = np.sort(dice.integers(int(rest * share), 0, len(orders.ids)))
        offset = dice.uniform(len(some), -3 if topic == "product_question" else 0.1, 20)
        add(topic, some, first_line[some], _later(orders.ordered_at[some], offset))
    return _compose(seed, dice, products, people, orders, parts)


def _later(at: NDArray[np.datetime64], days: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """``days`` after ``at``, to the second."""
    return np.asarray(at + (days * 86400).astype("timedelta64[s]"), dtype="datetime64[s]")


def _compose(
    seed: int,
    dice: Dice,
    products: Products,
    people: People,
    orders: Orders,
    parts: list[tuple[str, Ints, Ints, NDArray[np.datetime64]]],
) -> dict[str, Any]:
    topic = np.concatenate([np.full(len(order), name) for name, order, _, _ in parts])
    order, line, opened = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
    customer = orders.customer[order]
    opened = np.maximum(opened, people.registered_at[customer] + np.timedelta64(1800, "s"))
    kept = np.flatnonzero(opened <= CLOSE)
    kept = kept[np.argsort(opened[kept], kind="stable")]
    topic, order, line, opened, customer = topic[kept], order[kept], line[kept], opened[kept], customer[kept]
    n = len(kept)
    is_flood = plan.OUTAGE.holds(orders.day[order]) | (orders.delay_days[order] > 0)
    hours = 1 + dice.exponential(n, 26.0) * np.where(is_flood, 2.5, 1.0)
    closed = opened + (hours * 3600).astype("timedelta64[s]")
    is_open = (closed > CLOSE) | dice.chance(0.006, n)
    mood = (
        np.where(np.isin(topic, ["delivery", "defect"]), -0.7, 0.3)
        - 0.012 * hours
        + dice.normal(n, 0.9)
        + 3.7
    )
    stars = np.clip(np.rint(mood), 1, 5).astype(np.int64)
    has_answered = dice.chance(0.46, n) & ~is_open
    writer = TicketWriter(seed)
    languages, messages = [], []
    for i in range(n):
        language = "zh" if people.languages[int(customer[i])] == "zh" else "en"
        kind = products.kinds[int(orders.line_product[line[i]])]
        is_batch = topic[i] == "defect" and orders.batch[line[i]] == plan.FAULTY_BATCH
        languages.append(language)
        messages.append(
            writer.write(
                str(topic[i]),
                language,
                kind,
                int(orders.ids[order[i]]),
                products.brands[int(orders.line_product[line[i]])],
                "battery" if is_batch else "late" if orders.delay_days[order[i]] > 0 else "",
            )
        )
    channel = dice.choose(n, (0.5, 0.36, 0.14))
    has_order = ~np.isin(topic, ["account", "product_question"]) | dice.chance(0.15, n)
    return {
        "ticket_id": np.arange(n) + 1,
        "customer_id": people.ids[customer],
        "order_id": np.ma.masked_array(
            orders.ids[order], mask=~has_order | (orders.ordered_at[order] > opened)
        ),
        "opened_at": opened,
        "closed_at": np.where(is_open, np.datetime64("NaT", "s"), closed),
        "channel": np.array(CHANNELS)[channel],
        "topic": topic,
        "language": languages,
        "message": messages,
        "satisfaction": np.ma.masked_array(stars, mask=~has_answered),
    }
