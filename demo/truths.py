"""Writes down what was planted, for tests, benchmarks and curious readers: ``truths.json``.

Each truth has an id, one sentence, its dates and sizes, and checks: a query of one figure and the bounds
between which that figure lies when the truth is really in the data. Bounds allow for chance, not for
a missing effect.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from demo import plan
from demo.orders import Demand, Orders
from demo.people import People
from demo.products import Products
from demo.reviews import Reviews

_PAID = "o.status NOT IN ('cancelled', 'payment_failed')"
_SALES = f"""FROM order_lines AS l JOIN orders AS o ON o.order_id = l.order_id
 JOIN products AS p ON p.product_id = l.product_id JOIN categories AS k ON k.category_id = p.category_id
 JOIN customers AS c ON c.customer_id = o.customer_id WHERE {_PAID}"""


def make_truths(
    seed: int, products: Products, people: People, orders: Orders, demand: Demand, reviews: Reviews
) -> dict[str, Any]:
    """Everything planted: ids, dates (both ends included), sizes, and queries that show it."""
    truths = [
        *_time_patterns(),
        *(_elasticity(category) for category, _ in plan.CATEGORIES),
        _churn(people, orders),
        _faulty_batch(products),
        *_stock_outs(products, demand),
        *(_campaign(number, campaign) for number, campaign in enumerate(plan.CAMPAIGNS, start=1)),
        _outage(),
        _delay(),
        _traffic(),
        _viral(products),
        _attacks(reviews),
    ]
    return {
        "shop": "Lindgrove",
        "seed": seed,
        "first_day": plan.START.isoformat(),
        "last_day": plan.END.isoformat(),
        "truths": truths,
    }


def _truth(name: str, kind: str, says: str, checks: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "says": says, **facts, "checks": checks}


def _check(sql: str, low: float, high: float) -> dict[str, Any]:
    return {"sql": " ".join(sql.split()), "low": round(low, 4), "high": round(high, 4)}


def _dates(span: plan.Span) -> dict[str, str]:
    return {"first_day": span.first.isoformat(), "last_day": span.last.isoformat()}


def _between(column: str, span: plan.Span) -> str:
    """A timestamp inside the span's days; the upper end is the next midnight."""
    return f"{column} >= '{span.first}' AND {column} < '{span.last + dt.timedelta(days=1)}'"


def _time_patterns() -> list[dict[str, Any]]:
    def per_day(weekday: int) -> str:
        return f"SUM(l.quantity) FILTER (WHERE ISODOW(o.ordered_at) = {weekday})"

    def month_share(category: str, months: str) -> str:
        return (
            f"SELECT SUM(l.quantity) FILTER (WHERE MONTH(o.ordered_at) IN ({months})) * 1.0 / SUM(l.quantity)"
            f" {_SALES} AND k.name = '{category}'"
        )

    growth = f"""SELECT COUNT(*) FILTER (WHERE o.ordered_at >= '2025-07-01') * 1.0
      / COUNT(*) FILTER (WHERE o.ordered_at < '2025-07-01') FROM orders AS o WHERE {_PAID}"""
    return [
        _truth(
            "growth",
            "growth",
            "Demand for a product grows by a fifth per year; with new products, orders grow by a quarter.",
            [_check(growth, 1.18, 1.4)],
            per_year=plan.GROWTH_PER_YEAR,
        ),
        _truth(
            "weekday",
            "seasonality",
            "Most is sold on Sundays, least on Fridays.",
            [_check(f"SELECT {per_day(7)} * 1.0 / {per_day(5)} {_SALES}", 1.17, 1.36)],
            weights_monday_to_sunday=list(plan.WEEKDAY),
        ),
        _truth(
            "year",
            "seasonality",
            "Toys peak before Christmas, Outdoor from May to July, Lighting from November on.",
            [
                _check(month_share("Toys", "11, 12"), 0.24, 0.42),
                _check(month_share("Outdoor", "5, 6, 7"), 0.31, 0.45),
                _check(month_share("Lighting", "10, 11, 12"), 0.28, 0.42),
                _check(month_share("Kitchen", "5, 6, 7"), 0.18, 0.27),
            ],
            peaks={
                name: [{"month": m, "day": d, "height": h, "width_days": w} for m, d, h, w in peaks]
                for name, peaks in plan.PEAKS.items()
            },
        ),
    ]


def _elasticity(category: str) -> dict[str, Any]:
    # Units between two price changes, over what the category sold in the same days; each product against its
    # own mean, so that neither season nor growth nor the product's fame is taken for an effect of its price.
    sql = f"""WITH spells AS (
        SELECT product_id, new_price AS price, CAST(changed_at AS DATE) AS first_day,
          LEAD(CAST(changed_at AS DATE), 1, DATE '2026-07-01')
            OVER (PARTITION BY product_id ORDER BY changed_at) AS next_day
        FROM price_changes
        UNION ALL
        SELECT product_id, ARG_MIN(old_price, changed_at), DATE '2024-07-01', MIN(CAST(changed_at AS DATE))
        FROM price_changes GROUP BY product_id),
      sales AS (
        SELECT p.product_id, CAST(o.ordered_at AS DATE) AS day, l.quantity {_SALES}
          AND k.name = '{category}'),
      steady AS (
        SELECT product_id FROM products WHERE launched_on < '2024-05-01' AND discontinued_on IS NULL
          AND name <> '{plan.VIRAL_PRODUCT}'
          AND product_id NOT IN (SELECT product_id FROM stock_snapshots WHERE on_hand = 0)
          AND product_id IN (SELECT product_id FROM sales GROUP BY product_id HAVING SUM(quantity) > 150)),
      totals AS (SELECT day, SUM(quantity) AS units FROM sales GROUP BY day),
      own AS (
        SELECT s.product_id, s.first_day, LN(s.price) AS price, SUM(x.quantity) AS units,
          (SELECT SUM(t.units) FROM totals AS t WHERE t.day >= s.first_day AND t.day < s.next_day) AS expected
        FROM spells AS s JOIN steady USING (product_id)
        JOIN sales AS x ON x.product_id = s.product_id AND x.day >= s.first_day AND x.day < s.next_day
        GROUP BY s.product_id, s.first_day, s.next_day, s.price),
      centred AS (
        SELECT LN(units / expected) - AVG(LN(units / expected)) OVER (PARTITION BY product_id) AS units,
          price - AVG(price) OVER (PARTITION BY product_id) AS price FROM own)
      SELECT REGR_SLOPE(units, price) FROM centred"""
    value = plan.ELASTICITY[category]
    return _truth(
        f"elasticity_{category.lower()}",
        "elasticity",
        f"One per cent more on the price of {category} changes units by {value} per cent.",
        [_check(sql, value - 0.45, value + 0.45)],
        category=category,
        elasticity=value,
    )


def _churn(people: People, orders: Orders) -> dict[str, Any]:
    def ratio(segments: str) -> str:
        return f"""SELECT COUNT(DISTINCT o.customer_id) FILTER (WHERE o.ordered_at >= '2026-04-01') * 1.0
          / COUNT(DISTINCT o.customer_id)
            FILTER (WHERE o.ordered_at >= '2025-04-01' AND o.ordered_at < '2025-07-01')
          FROM orders AS o JOIN customers AS c ON c.customer_id = o.customer_id
          WHERE {_PAID} AND c.segment {segments}"""

    gone = people.is_business & (people.left <= plan.day_of(plan.CHURN.last))
    before = (
        np.bincount(orders.customer[orders.day < plan.day_of(plan.CHURN.first)], minlength=len(people.ids))
        > 0
    )
    return _truth(
        "churning_business",
        "churn",
        "Three in four business customers leave for good between September 2025 and March 2026.",
        [
            _check(ratio(f"= '{plan.CHURN_SEGMENT}'"), 0.2, 0.5),
            _check(ratio(f"<> '{plan.CHURN_SEGMENT}'"), 0.95, 1.5),
        ],
        segment=plan.CHURN_SEGMENT,
        share_leaving=plan.CHURN_SHARE,
        customers_lost=int((gone & before).sum()),
        **_dates(plan.CHURN),
    )


def _faulty_batch(products: Products) -> dict[str, Any]:
    name, batch = plan.FAULTY_PRODUCT, plan.FAULTY_BATCH
    rate = """SELECT COUNT(r.return_id) FILTER (WHERE r.reason = 'defective') * 1.0 / COUNT(*)
      FROM order_lines AS l JOIN orders AS o ON o.order_id = l.order_id AND o.status = 'delivered'
      JOIN products AS p ON p.product_id = l.product_id
      LEFT JOIN returns AS r ON r.order_line_id = l.order_line_id"""
    rating = f"""SELECT AVG(r.rating) FROM reviews AS r JOIN products AS p ON p.product_id = r.product_id
      WHERE p.name = '{name}' AND r.reviewed_at"""
    angry = f"""SELECT COUNT(*) FROM reviews AS r JOIN products AS p ON p.product_id = r.product_id
      WHERE p.name = '{name}'
      AND r.rating <= 2 AND r.reviewed_at >= '2025-11-10' AND (LOWER(r.title || r.body) LIKE '%bat%er%'
        OR LOWER(r.body) LIKE '%charg%' OR r.title || r.body LIKE '%电%')"""
    return _truth(
        "faulty_batch",
        "quality",
        f"Batch {batch} of {name} has bad batteries: a third comes back, and buyers say so.",
        [
            _check(f"{rate} WHERE l.batch = '{batch}'", 0.26, 0.46),
            _check(f"{rate} WHERE p.name = '{name}' AND l.batch <> '{batch}'", 0.0, 0.04),
            _check(f"{rating} BETWEEN '2025-11-25' AND '2026-02-28'", 1.5, 3.4),
            _check(f"{rating} < '2025-11-01'", 3.9, 5.0),
            _check(angry, 25, 200),
        ],
        product=name,
        product_id=int(products.ids[products.position(name)]),
        batch=batch,
        aspect="battery",
        return_rate=plan.FAULTY_RETURN_RATE,
        **_dates(plan.FAULTY),
    )


def _stock_outs(products: Products, demand: Demand) -> list[dict[str, Any]]:
    truths = []
    for number, out in enumerate(sorted(demand.outs, key=lambda o: (o.first, o.product)), start=1):
        product_id, name = int(products.ids[out.product]), products.names[out.product]
        span = plan.Span(
            first=plan.START + dt.timedelta(days=out.first), last=plan.START + dt.timedelta(days=out.end - 1)
        )
        sold = f"""SELECT COALESCE(SUM(l.quantity), 0) {_SALES} AND p.product_id = {product_id}
          AND {_between("o.ordered_at", span)}"""
        level = f"""SELECT COALESCE(MAX(on_hand), 0) FROM stock_snapshots WHERE product_id = {product_id}
          AND snapshot_on BETWEEN '{span.first}' AND '{span.last}'"""
        truths.append(
            _truth(
                f"stock_out_{number}",
                "stock_out",
                f"{name} could not be bought.",
                [_check(sold, 0, 0), _check(level, 0, 0)],
                product=name,
                product_id=product_id,
                lost_units=out.lost_units,
                is_today=out.end == plan.DAYS,
                **_dates(span),
            )
        )
    return truths


def _campaign(number: int, campaign: plan.Campaign) -> dict[str, Any]:
    # Orders of the whole span per head of the treated, over those of the control group.
    sql = f"""WITH heads AS (
        SELECT a.arm, a.customer_id, COUNT(o.order_id) AS orders FROM campaign_assignments AS a
        LEFT JOIN orders AS o ON o.customer_id = a.customer_id AND {_between("o.ordered_at", campaign.span)}
        WHERE a.campaign_id = {number} GROUP BY ALL)
      SELECT AVG(orders) FILTER (WHERE arm = 'treatment') / AVG(orders) FILTER (WHERE arm = 'control') - 1
      FROM heads"""
    used = f"SELECT COUNT(*) FROM orders WHERE campaign_id = {number}"
    says = (
        "worked" if campaign.uplift >= 0.5 else "did nothing" if campaign.uplift == 0 else "helped a little"
    )
    # Chance alone moves the ratio by about the root of (1/orders of treated + 1/orders of control).
    room = 0.17 if campaign.name in (plan.WORKED, plan.FAILED) else 0.4
    return _truth(
        f"campaign_{number}",
        "campaign",
        f"{campaign.name} {says}.",
        [_check(sql, campaign.uplift - room, campaign.uplift + room), _check(used, 40, 3000)],
        campaign=campaign.name,
        campaign_id=number,
        uplift=campaign.uplift,
        cost=campaign.cost,
        category=campaign.category,
        is_the_one_that_worked=campaign.name == plan.WORKED,
        is_the_one_that_failed=campaign.name == plan.FAILED,
        **_dates(campaign.span),
    )


def _outage() -> dict[str, Any]:
    failed = """SELECT AVG(CASE WHEN status = 'failed' THEN 1.0 ELSE 0.0 END) FROM payments
      WHERE method = 'card' AND"""
    unpaid = f"""SELECT COUNT(*) FILTER (WHERE status = 'payment_failed') * 1.0 / COUNT(*) FROM orders AS o
      WHERE {_between("o.ordered_at", plan.OUTAGE)}"""
    return _truth(
        "payment_outage",
        "outage",
        "For three days most card payments fail, and orders are lost.",
        [
            _check(f"{failed} {_between('attempted_at', plan.OUTAGE)}", 0.72, 0.9),
            _check(f"{failed} NOT ({_between('attempted_at', plan.OUTAGE)})", 0.03, 0.08),
            _check(unpaid, 0.12, 0.4),
        ],
        method="card",
        failure_rate=plan.OUTAGE_FAILURE,
        usual_rate=plan.CARD_FAILURE,
        **_dates(plan.OUTAGE),
    )


def _delay() -> dict[str, Any]:
    days = f"""SELECT AVG(DATE_DIFF('day', CAST(shipped_at AS DATE), CAST(delivered_at AS DATE))) FROM orders
      WHERE shipping_country = '{plan.DELAY_COUNTRY}' AND"""
    tickets = f"""SELECT COUNT(*) FROM tickets AS t JOIN customers AS c ON c.customer_id = t.customer_id
      WHERE t.topic = 'delivery' AND c.country = '{plan.DELAY_COUNTRY}'
        AND {_between("t.opened_at", plan.DELAY)}"""
    rating = f"""SELECT AVG(r.rating) FROM reviews AS r JOIN orders AS o ON o.order_id = r.order_id
      WHERE o.shipping_country = '{plan.DELAY_COUNTRY}' AND"""
    shipped = _between("shipped_at", plan.DELAY)
    return _truth(
        "delivery_delay",
        "delay",
        "Parcels to Italy take more than a week longer; tickets and reviews complain.",
        [
            _check(f"{days} {shipped}", 11, 16),
            _check(f"{days} NOT ({shipped})", 3, 6),
            _check(tickets, 40, 400),
            _check(f"{rating} {_between('o.shipped_at', plan.DELAY)}", 1.8, 3.4),
            _check(f"{rating} o.shipped_at < '2026-03-01'", 3.6, 4.3),
        ],
        country=plan.DELAY_COUNTRY,
        extra_days=list(plan.DELAY_DAYS),
        **_dates(plan.DELAY),
    )


def _traffic() -> dict[str, Any]:
    inside = _between("started_at", plan.TRAFFIC_ANOMALY)
    factor = f"""SELECT (COUNT(*) FILTER (WHERE {inside}) / {plan.TRAFFIC_ANOMALY.days}.0)
      / (COUNT(*) FILTER (WHERE NOT ({inside})) / {plan.DAYS - plan.TRAFFIC_ANOMALY.days}.0) FROM sessions"""
    bots = f"""SELECT COUNT(*) FROM sessions
      WHERE {inside} AND page_views = 1 AND source = 'ads' AND device = 'desktop'"""
    return _truth(
        "bot_traffic",
        "anomaly",
        "Two days with about six times the visits: ads, desktops, one page, no purchase.",
        [_check(factor, 4.5, 7.0), _check(bots, 2000, 4000)],
        factor=plan.TRAFFIC_FACTOR,
        **_dates(plan.TRAFFIC_ANOMALY),
    )


def _viral(products: Products) -> dict[str, Any]:
    name = plan.VIRAL_PRODUCT
    inside = _between("o.ordered_at", plan.VIRAL)
    sql = f"""SELECT (SUM(l.quantity) FILTER (WHERE {inside}) / {plan.VIRAL.days}.0)
      / (SUM(l.quantity) FILTER (WHERE NOT ({inside})) / {plan.DAYS - plan.VIRAL.days}.0)
      {_SALES} AND p.name = '{name}'"""
    return _truth(
        "sudden_fame",
        "anomaly",
        f"{name} is on everybody's phone for four days.",
        [_check(sql, 30, 90)],
        product=name,
        product_id=int(products.ids[products.position(name)]),
        factor=plan.VIRAL_FACTOR,
        **_dates(plan.VIRAL),
    )


def _attacks(reviews: Reviews) -> dict[str, Any]:
    ids = ", ".join(str(number) for number in reviews.attack_ids)
    return _truth(
        "attacks_in_reviews",
        "attack",
        "Reviews that try to command a model, run a script or break a query: data, never instructions.",
        [
            _check(
                f"SELECT COUNT(*) FROM reviews WHERE review_id IN ({ids})",
                len(reviews.attack_ids),
                len(reviews.attack_ids),
            )
        ],
        review_ids=list(reviews.attack_ids),
    )
