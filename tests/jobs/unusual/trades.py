"""Orders as they come: by chance, more on Saturdays, of three products into three countries."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))

from shops import Order

TODAY = dt.date(2026, 6, 28)  # a Sunday
PRODUCTS = {"Lamp": (0.5, 40.0), "Chair": (0.3, 80.0), "Desk": (0.2, 150.0)}
COUNTRIES = {"Germany": 0.5, "France": 0.3, "Italy": 0.2}

Change = Callable[[dt.date, str, str], float]
"""Day, product and country → times the usual number of orders."""


def trade(
    days: int = 300, *, change: Change = lambda day, product, country: 1.0, a_day: float = 30.0, seed: int = 5
) -> list[Order]:
    """Orders of that many days up to today."""
    draw = np.random.default_rng(seed)
    found: list[Order] = []
    for back in range(days - 1, -1, -1):
        day = TODAY - dt.timedelta(days=back)
        for product, (share, price) in PRODUCTS.items():
            for country, part in COUNTRIES.items():
                usual = a_day * share * part * (1.4 if day.weekday() == 5 else 0.95)
                for _ in range(draw.poisson(usual * change(day, product, country))):
                    amount = round(price * float(draw.lognormal(0, 0.3)), 2)
                    found.append((day, product, country, 1, amount))
    return found


def between(first: str, last: str, times: float, *, product: str = "", country: str = "") -> Change:
    """A change from a first to a last day, of one product or country where one is named."""
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)

    def change(day: dt.date, of: str, into: str) -> float:
        is_meant = start <= day <= end and product in ("", of) and country in ("", into)
        return times if is_meant else 1.0

    return change
