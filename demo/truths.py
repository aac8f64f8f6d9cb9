"""Writes down what was planted, for tests, benchmarks and curious readers: ``truths.json``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from demo import plan
from demo.orders import Demand, Orders
from demo.people import People
from demo.products import Products
from demo.reviews import Reviews


def _dates(span: plan.Span) -> dict[str, str]:
    return {"first_day": span.first.isoformat(), "last_day": span.last.isoformat()}


def make_truths(
    seed: int, products: Products, people: People, orders: Orders, demand: Demand, reviews: Reviews
) -> dict[str, Any]:
    """Everything planted: ids, dates (both ends included), sizes, and a query that shows it."""
    return {
        "shop": "Lindgrove",
        "seed": seed,
        "first_day": plan.START.isoformat(),
        "last_day": plan.END.isoformat(),
    }
