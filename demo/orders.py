"""Demand, and what follows from it: order lines, orders, payments, deliveries and returns.

Expected units are made per product and day (price, season, weekday, growth, stock, planted effects); lines
are drawn from them, grouped into orders, and orders find a customer. So effects planted in the demand
can be measured in the lines without distortion. Money is whole cents until it is written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice, Floats, Ints
from demo.people import People
from demo.products import Products

Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]

LINES = 160_000
"""Order lines that would be sold without campaigns, about."""
MIDNIGHT = np.datetime64(plan.START, "s")
CLOSE = np.datetime64(plan.END, "s") + np.timedelta64(86399, "s")
_HOURS = (3, 1.5, 1, 0.6, 0.6, 1, 3, 6, 9, 11, 12, 12, 13, 12, 11, 11, 12, 14, 16, 19, 22, 21, 15, 8)
_LINES_PER_ORDER = (0.5, 0.25, 0.14, 0.07, 0.04)
_METHODS = ("card", "paypal", "invoice", "alipay")
_METHOD_WEIGHTS = {
    "Germany": (0.34, 0.36, 0.3, 0.0),
    "France": (0.72, 0.26, 0.02, 0.0),
    "United Kingdom": (0.7, 0.29, 0.01, 0.0),
    "Netherlands": (0.5, 0.3, 0.2, 0.0),
    "Italy": (0.55, 0.43, 0.02, 0.0),
    "Austria": (0.4, 0.32, 0.28, 0.0),
    "China": (0.2, 0.05, 0.0, 0.75),
    "Singapore": (0.62, 0.22, 0.0, 0.16),
}
_FAILURE = (plan.CARD_FAILURE, 0.02, 0.01, 0.015)
_TRANSIT = {
    "Germany": (1.2, 1.1),
    "France": (2.2, 1.3),
    "United Kingdom": (3.2, 1.6),
    "Netherlands": (1.6, 1.0),
    "Italy": (2.6, 1.6),
    "Austria": (1.7, 1.1),
    "China": (7.0, 2.4),
    "Singapore": (6.0, 2.0),
}
"""Days in transit: at least, and on average on top."""
_RETURN_RATE = {
    "Audio": 0.045,
    "Kitchen": 0.03,
    "Lighting": 0.04,
    "Outdoor": 0.045,
    "Bags": 0.05,
    "Clothing": 0.13,
    "Toys": 0.025,
    "Beauty": 0.018,
}
REASONS = ("defective", "wrong_size", "not_as_described", "changed_mind", "late_delivery")


@dataclass(frozen=True, kw_only=True)
class StockOut:
    """A product that could not be bought from ``first`` to before ``end`` (calendar days)."""

    product: int
    first: int
    end: int
    lost_units: float
    """Units that demand would have been."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Expected units, shape (products, days), and what is missing from them."""

    units: Floats
    outs: tuple[StockOut, ...]


@dataclass(kw_only=True)
class Orders:
    """Orders and lines as columns, in order of time."""

    ids: Ints
    customer: Ints
    day: Ints
    ordered_at: Times
    channel: NDArray[np.str_]
    device: NDArray[np.str_]
    campaign: Ints
    """Position in plan.CAMPAIGNS, or -1."""
    status: NDArray[np.str_]
    fee_cents: Ints
    shipped_at: Times
    delivered_at: Times
    delay_days: Ints
    """Planted extra days."""
    line_order: Ints
    """Position of each line's order."""
    line_product: Ints
    quantity: Ints
    unit_cents: Ints
    discount_cents: Ints
    batch: NDArray[np.str_]
    assignments: dict[str, NDArray[np.generic]]
    total_cents: Ints

    @property
    def is_paid(self) -> Bools:
        """Neither cancelled nor unpaid."""
        return np.asarray((self.status != "cancelled") & (self.status != "payment_failed"))


def make_demand(seed: int, products: Products) -> Demand:
    """Expected units per product and day."""
    dice = Dice(seed, "demand")
    count, days = products.prices.shape
    dates = [plan.START + dt.timedelta(days=d) for d in range(days)]
    season = np.stack([_season(name, dates) for name, _ in plan.CATEGORIES])
    weekday = np.array([plan.WEEKDAY[date.weekday()] for date in dates])
    growth = plan.GROWTH_PER_YEAR ** (np.arange(days) / 365)
    elasticity = np.array([plan.ELASTICITY[name] for name, _ in plan.CATEGORIES])[products.category]
    price = (products.prices / products.base_cents[:, None]) ** elasticity[:, None]
    weekly = np.exp(dice.normal(count * 105, 0.12).reshape(count, 105))[:, np.arange(days) // 7]
    daily = np.exp(dice.normal(days, 0.05))
    units = (
        products.popularity[:, None] * price * weekly * season[products.category] * (weekday * growth * daily)
    )
    day = np.arange(days)
    is_sold = (day >= products.launched[:, None]) & (day < products.discontinued[:, None])
    ramp = np.clip((day - products.launched[:, None] + 10) / 60, 0.15, 1)
    units = units * is_sold * ramp
    units *= LINES / units.sum()
    viral = products.position(plan.VIRAL_PRODUCT)
    usual = max(float(units[viral].mean()), 0.45)
    units[viral] *= usual / units[viral].mean()
    units[viral, plan.VIRAL.slice] = usual * plan.VIRAL_FACTOR
    return _take_stock_out(dice, products, units)


def _season(category: str, dates: list[dt.date]) -> Floats:
    height = np.ones(len(dates))
    for month, day, size, width in plan.PEAKS[category]:
        for year in range(2023, 2028):
            away = np.array([(date - dt.date(year, month, day)).days for date in dates])
            height += size * np.exp(-0.5 * (away / width) ** 2)
    is_holiday = np.array(
        [(date.month, date.day) in {(12, 24), (12, 25), (12, 26), (1, 1)} for date in dates]
    )
    return height * np.where(is_holiday, 0.45, 1.0)


def _take_stock_out(dice: Dice, products: Products, units: Floats) -> Demand:
    """Empty the shelf of some good sellers for a while: nothing is sold, and the loss is known."""
    days = units.shape[1]
    avoid = {products.position(plan.FAULTY_PRODUCT), products.position(plan.VIRAL_PRODUCT)}
    is_steady = (products.launched < 0) & (products.discontinued > days)
    ranked = [
        int(p) for p in np.argsort(-units.sum(axis=1), kind="stable") if is_steady[p] and int(p) not in avoid
    ]
    best = [ranked[i] for i in dice.order(80)[: plan.STOCK_OUTS + plan.OUT_TODAY]]
    starts = dice.integers(plan.STOCK_OUTS, 60, days - 90)
    lengths = dice.integers(plan.STOCK_OUTS, 12, 36)
    today = dice.integers(plan.OUT_TODAY, 3, 20)
    spells = [
        *zip(best, starts.tolist(), (starts + lengths).tolist(), strict=False),
        *((p, days - back, days) for p, back in zip(best[plan.STOCK_OUTS :], today.tolist(), strict=True)),
    ]
    units = units.copy()
    outs = []
    for product, first, end in spells:
        lost = float(units[product, first:end].sum()) * _MEAN_QUANTITY
        outs.append(StockOut(product=product, first=first, end=end, lost_units=round(lost, 1)))
        units[product, first:end] = 0
    return Demand(units=units, outs=tuple(outs))


_MEAN_QUANTITY = 1.24


def _draw_lines(dice: Dice, units: Floats, count: int) -> tuple[Ints, Ints]:
    """``count`` lines as (day, product), sorted by day."""
    flat = dice.choose(count, units.T.reshape(-1))
    flat.sort()
    return flat // units.shape[0], flat % units.shape[0]


def _group(dice: Dice, day: Ints, product: Ints, products: Products) -> tuple[Ints, Ints]:
    """Which order each line belongs to, and the lines' new order: baskets lean to one category."""
    count = len(day)
    alike = dice.chance(0.55, count)
    key = np.where(alike, products.category[product] + dice.uniform(count), dice.uniform(count) * 8)
    arranged = np.lexsort((key, day))
    day = day[arranged]
    sizes = dice.choose(count, _LINES_PER_ORDER) + 1
    starts = np.zeros(count, dtype=bool)
    position = np.concatenate([[0], np.cumsum(sizes)])
    starts[position[position < count]] = True
    starts[1:] |= day[1:] != day[:-1]
    return np.cumsum(starts) - 1, arranged


def _find_customers(dice: Dice, people: People, day: Ints, taste: Ints) -> Ints:
    """A customer for each order: registered, not gone, eager, often fond of the order's category."""
    found = np.full(len(day), -1)
    wanted = np.where(dice.chance(0.6, len(day)), taste, -1)
    groups = [
        np.arange(len(people.ids)),
        *(np.flatnonzero(people.favourite == c) for c in range(len(plan.CATEGORIES))),
    ]
    for attempt in range(60):
        for group in range(-1, len(plan.CATEGORIES)):
            open_ = np.flatnonzero((found < 0) & ((wanted == group) if attempt < 30 else (group == -1)))
            if not len(open_):
                continue
            members = groups[group + 1]
            candidate = members[dice.choose(len(open_), people.weight[members])]
            age = day[open_] - people.registered[candidate]
            is_there = (age >= 0) & (day[open_] < people.left[candidate])
            eager = 0.35 + 0.65 * np.exp(-np.maximum(age, 0) / 25.0)
            taken = is_there & dice.chance(eager, len(open_))
            found[open_[taken]] = candidate[taken]
    return found


def make_orders(seed: int, products: Products, people: People, demand: Demand) -> Orders:
    """Everything from the basket to the doorstep."""
    dice = Dice(seed, "orders")
    day, product = _draw_lines(dice, demand.units, int(demand.units.sum()))
    line_order, arranged = _group(dice, day, product, products)
    product = product[arranged]
    first_line = np.flatnonzero(np.diff(line_order, prepend=-1))
    order_day = day[first_line]
    customer = _find_customers(dice, people, order_day, products.category[product[first_line]])
    is_kept = customer >= 0
    kept_lines = is_kept[line_order]
    line_order = (np.cumsum(is_kept) - 1)[line_order[kept_lines]]
    product, order_day, customer = product[kept_lines], order_day[is_kept], customer[is_kept]

    campaign, extra_day, extra_customer, extra_campaign, assignments = _run_campaigns(
        seed, people, order_day, customer
    )
    extra_order, extra_product = _extra_lines(
        Dice(seed, "extra"), products, demand, extra_day, extra_campaign
    )
    line_order = np.concatenate([line_order, extra_order + len(order_day)])
    product = np.concatenate([product, extra_product])
    order_day = np.concatenate([order_day, extra_day])
    customer = np.concatenate([customer, extra_customer])
    campaign = np.concatenate([campaign, extra_campaign])

    seconds = dice.choose(len(order_day), _HOURS) * 3600 + dice.integers(len(order_day), 0, 3600)
    ordered_at = MIDNIGHT + (order_day * 86400 + seconds).astype("timedelta64[s]")
    ordered_at = np.maximum(ordered_at, people.registered_at[customer] + np.timedelta64(300, "s"))
    by_time = np.argsort(ordered_at, kind="stable")
    place = np.empty_like(by_time)
    place[by_time] = np.arange(len(by_time))
    line_order = place[line_order]
    lines = np.argsort(line_order, kind="stable")
    line_order, product = line_order[lines], product[lines]
    order_day, customer, campaign, ordered_at = (
        order_day[by_time],
        customer[by_time],
        campaign[by_time],
        ordered_at[by_time],
    )
    return _complete(
        dice, products, people, order_day, customer, campaign, ordered_at, line_order, product, assignments
    )


def _run_campaigns(
    seed: int, people: People, order_day: Ints, customer: Ints
) -> tuple[Ints, Ints, Ints, Ints, dict[str, NDArray[np.generic]]]:
    """Random groups; orders that the treated place with a voucher; extra orders where the campaign works."""
    dice = Dice(seed, "campaigns")
    attributed = np.full(len(order_day), -1)
    days, customers, campaigns = [], [], []
    assigned: list[tuple[Ints, Ints, NDArray[np.str_], Times]] = []
    for c, campaign in enumerate(plan.CAMPAIGNS):
        first = plan.day_of(campaign.span.first)
        bought = (
            np.bincount(customer[(order_day >= first - 365) & (order_day < first)], minlength=len(people.ids))
            > 0
        )
        is_there = (people.registered < first) & (people.left > first)
        eligible = np.flatnonzero(people.consent & is_there & (bought | (first < 120)))
        groups = eligible[dice.order(len(eligible))[: campaign.treated + campaign.control]]
        # In the first months fewer are eligible than planned: the groups shrink in proportion.
        size = len(groups) * campaign.treated // (campaign.treated + campaign.control)
        treated = groups[:size]
        arms = np.where(np.arange(len(groups)) < size, "treatment", "control")
        by_customer = np.argsort(groups, kind="stable")
        when = MIDNIGHT + np.timedelta64(first * 86400 - 14 * 3600, "s")
        assigned.append(
            (
                np.full(len(groups), c + 1),
                people.ids[groups[by_customer]],
                arms[by_customer],
                np.full(len(groups), when),
            )
        )
        is_treated = np.isin(customer, treated) & campaign.span.holds(order_day)
        attributed[is_treated & dice.chance(0.55, len(order_day)) & (attributed < 0)] = c
        extra = round(campaign.uplift * int(is_treated.sum()))
        days.append(first + dice.integers(extra, 0, campaign.span.days))
        customers.append(treated[dice.choose(extra, people.weight[treated])])
        campaigns.append(np.full(extra, c))
    ids, whom, arms, when_at = (np.concatenate(parts) for parts in zip(*assigned, strict=True))
    assignments = {"campaign_id": ids, "customer_id": whom, "arm": arms, "assigned_at": when_at}
    return attributed, np.concatenate(days), np.concatenate(customers), np.concatenate(campaigns), assignments


def _extra_lines(
    dice: Dice, products: Products, demand: Demand, day: Ints, campaign: Ints
) -> tuple[Ints, Ints]:
    """One to three lines for each extra order, from the campaign's category where it has one."""
    sizes = dice.choose(len(day), (0.6, 0.3, 0.1)) + 1
    order = np.repeat(np.arange(len(day)), sizes)
    product = np.zeros(len(order), dtype=np.int64)
    names = [name for name, _ in plan.CATEGORIES]
    for c, d in sorted({(int(c), int(d)) for c, d in zip(campaign, day, strict=True)}):
        mine = np.flatnonzero((campaign[order] == c) & (day[order] == d))
        wanted = plan.CAMPAIGNS[c].category
        fits = products.category == names.index(wanted) if wanted else np.ones(len(products.ids), dtype=bool)
        product[mine] = dice.choose(len(mine), demand.units[:, d] * fits)
    return order, product


def _complete(
    dice: Dice,
    products: Products,
    people: People,
    day: Ints,
    customer: Ints,
    campaign: Ints,
    ordered_at: Times,
    line_order: Ints,
    product: Ints,
    assignments: dict[str, NDArray[np.generic]],
) -> Orders:
    """Channel, quantity, price, discount, payment's outcome, parcel."""
    n, lines = len(day), len(product)
    app = 0.24 + 0.12 * day / plan.DAYS
    u = dice.uniform(n)
    channel = np.where(u < app, "app", np.where(u < app + 0.14, "marketplace", "web"))
    u = dice.uniform(n)
    device = np.where(
        channel == "app",
        np.where(u < 0.9, "mobile", "tablet"),
        np.where(u < 0.5, "desktop", np.where(u < 0.92, "mobile", "tablet")),
    )
    is_business = people.is_business[customer][line_order]
    quantity = (
        1 + dice.choose(lines, (0.84, 0.12, 0.03, 0.01)) + is_business * dice.choose(lines, (0.5, 0.3, 0.2))
    )
    unit = products.prices[product, day[line_order]]
    rates = np.array([round(c.discount * 1000) for c in plan.CAMPAIGNS] + [0])
    names = [name for name, _ in plan.CATEGORIES]
    only = np.array([names.index(c.category) if c.category else -1 for c in plan.CAMPAIGNS] + [-1])
    line_campaign = campaign[line_order]
    fits = (only[line_campaign] < 0) | (only[line_campaign] == products.category[product])
    voucher = np.where(dice.chance(0.06, n), 50 + 50 * dice.choose(n, (0.7, 0.3)), 0)
    rate = np.where(line_campaign >= 0, rates[line_campaign] * fits, voucher[line_order])
    discount = (quantity * unit * rate + 500) // 1000
    total = np.bincount(line_order, weights=quantity * unit - discount, minlength=n).astype(np.int64)
    far = np.isin(people.country[customer], [6, 7])
    fee = np.where(total >= np.where(far, 12000, 5900), 0, np.where(far, 1290, 490))
    shipped_at = ordered_at + (dice.uniform(n, 6, 54) * 3600).astype("timedelta64[s]")
    country_names = [place.name for place in people.countries]
    least, more = (
        np.array([_TRANSIT[name][k] for name in country_names])[people.country[customer]] for k in (0, 1)
    )
    shipped_day = ((shipped_at - MIDNIGHT) // np.timedelta64(1, "D")).astype(np.int64)
    is_late = plan.DELAY.holds(shipped_day) & (
        people.country[customer] == country_names.index(plan.DELAY_COUNTRY)
    )
    delay = np.where(is_late, dice.integers(n, plan.DELAY_DAYS[0], plan.DELAY_DAYS[1] + 1), 0)
    transit = least + dice.exponential(n, 1.0) * more + delay
    delivered_at = shipped_at + (transit * 86400).astype("timedelta64[s]")
    week = day[line_order] // 91
    batch = np.array([f"{sku}-{q}" for sku in products.skus for q in range(9)]).reshape(-1, 9)[product, week]
    is_faulty = (product == products.position(plan.FAULTY_PRODUCT)) & plan.FAULTY.holds(day[line_order])
    batch = np.where(is_faulty, plan.FAULTY_BATCH, batch)
    never = np.datetime64("NaT", "s")
    return Orders(
        ids=np.arange(n) + 100001,
        customer=customer,
        day=day,
        ordered_at=ordered_at,
        channel=channel,
        device=device,
        campaign=campaign,
        status=np.full(n, "delivered", dtype="<U14"),
        fee_cents=fee,
        shipped_at=np.where(shipped_at <= CLOSE, shipped_at, never),
        delivered_at=np.where(delivered_at <= CLOSE, delivered_at, never),
        delay_days=delay,
        line_order=line_order,
        line_product=product,
        quantity=quantity,
        unit_cents=unit,
        discount_cents=discount,
        batch=batch,
        assignments=assignments,
        total_cents=total,
    )


def take_payments(seed: int, people: People, orders: Orders) -> dict[str, NDArray[np.generic]]:
    """Attempts to pay with retries; sets the orders' status, and takes back the parcels of those not paid."""
    dice = Dice(seed, "payments")
    n = len(orders.ids)
    method = np.zeros(n, dtype=np.int64)
    for c, place in enumerate(people.countries):
        mine = np.flatnonzero(people.country[orders.customer] == c)
        method[mine] = dice.choose(len(mine), _METHOD_WEIGHTS[place.name])
    is_out = plan.OUTAGE.holds(orders.day)
    waiting, at = np.arange(n), orders.ordered_at + dice.integers(n, 20, 240).astype("timedelta64[s]")
    is_captured = np.zeros(n, dtype=bool)
    attempts: list[tuple[Ints, Times, Ints, Bools]] = []
    for _ in range(4):
        failure = np.array(_FAILURE)[method[waiting]]
        failure = np.where(is_out[waiting] & (method[waiting] == 0), plan.OUTAGE_FAILURE, failure)
        failed = dice.chance(failure, len(waiting))
        attempts.append((waiting, at, method[waiting].copy(), failed))
        is_captured[waiting[~failed]] = True
        again = failed & dice.chance(np.where(is_out[waiting], 0.55, 0.8), len(waiting))
        waiting, at = (
            waiting[again],
            at[again] + dice.integers(int(again.sum()), 30, 1500).astype("timedelta64[s]"),
        )
        switch = dice.chance(0.3, len(waiting))
        method[waiting[switch]] = np.where(method[waiting[switch]] == 1, 0, 1)
    cancelled = is_captured & dice.chance(0.018, n)
    is_gone = ~is_captured | cancelled
    never = np.datetime64("NaT", "s")
    orders.shipped_at[is_gone], orders.delivered_at[is_gone] = never, never
    orders.status[:] = np.select(
        [~is_captured, cancelled, np.isnat(orders.shipped_at), np.isnat(orders.delivered_at)],
        ["payment_failed", "cancelled", "paid", "shipped"],
        "delivered",
    )
    order, when, how, failed = (np.concatenate(parts) for parts in zip(*attempts, strict=True))
    by_time = np.lexsort((order, when))
    order, when, how, failed = order[by_time], when[by_time], how[by_time], failed[by_time]
    return {
        "payment_id": np.arange(len(order)) + 1,
        "order_id": orders.ids[order],
        "attempted_at": when,
        "method": np.array(_METHODS)[how],
        "amount": (orders.total_cents + orders.fee_cents)[order] / 100,
        "status": np.where(failed, "failed", "captured"),
    }


def make_returns(
    seed: int, products: Products, orders: Orders, disappointing: Floats
) -> dict[str, NDArray[np.generic]]:
    """Lines that come back. ``disappointing`` per product: 0 for a good one, 1 for a poor one."""
    dice = Dice(seed, "returns")
    lines = len(orders.line_product)
    delivered = orders.delivered_at[orders.line_order]
    names = [name for name, _ in plan.CATEGORIES]
    category = products.category[orders.line_product]
    base = np.array([_RETURN_RATE[name] for name in names])[category]
    is_faulty = orders.batch == plan.FAULTY_BATCH
    is_late = orders.delay_days[orders.line_order] > 0
    rate = (
        base * (0.6 + 1.6 * disappointing[orders.line_product])
        + is_late * 0.06
        + is_faulty * plan.FAULTY_RETURN_RATE
    )
    is_back = dice.chance(rate, lines) & ~np.isnat(delivered)
    share = np.where(
        category == names.index("Clothing"), 0.62, np.where(category == names.index("Bags"), 0.12, 0.04)
    )
    u, which = dice.uniform(lines), dice.choose(lines, (0.26, 0.0, 0.3, 0.4, 0.04))
    reason = np.where(u < share, 1, which)
    reason = np.where(is_late & dice.chance(0.7, lines), 4, reason)
    reason = np.where(is_faulty & dice.chance(0.92, lines), 0, reason)
    wait = 2 + dice.exponential(lines, 7.0) + is_faulty * 9
    returned = delivered + (wait * 86400).astype("timedelta64[s]")
    back = np.flatnonzero(is_back & (returned <= CLOSE))
    back = back[np.argsort(returned[back], kind="stable")]
    quantity = np.where(dice.chance(0.7, len(back)), orders.quantity[back], 1)
    paid = orders.quantity * orders.unit_cents - orders.discount_cents
    return {
        "return_id": np.arange(len(back)) + 1,
        "order_line_id": back + 1,
        "returned_at": returned[back],
        "quantity": quantity,
        "refund_amount": (paid[back] * quantity // orders.quantity[back]) / 100,
        "reason": np.array(REASONS)[reason[back]],
    }
