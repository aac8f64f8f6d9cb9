"""What is planted in the shop: dates, products and sizes, in one place.

The generator reads its effects from here, ``demo.truths`` writes them down, and the tests look for them in
the finished database. Dates are inclusive at both ends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

START = dt.date(2024, 7, 1)
END = dt.date(2026, 6, 30)
DAYS = (END - START).days + 1

CATEGORIES = (
    ("Audio", "音频"),
    ("Kitchen", "厨具"),
    ("Lighting", "灯具"),
    ("Outdoor", "户外"),
    ("Bags", "箱包"),
    ("Clothing", "服装"),
    ("Toys", "玩具"),
    ("Beauty", "美妆"),
)
BRANDS = {
    "Audio": ("Fjordlyd", "Tonvald", "Klarwave", "Hushbird", "Ondelle"),
    "Kitchen": ("Brennholt", "Casavo", "Mijoka", "Stillkett", "Tavolina"),
    "Lighting": ("Lumvik", "Halbmond", "Soluma", "Glimra", "Nachtfalk"),
    "Outdoor": ("Bergtau", "Wildkant", "Norrpass", "Terravelo", "Skarvik"),
    "Bags": ("Kofferei", "Lonna", "Mistralo", "Packhus", "Viamento"),
    "Clothing": ("Weberlin", "Avenka", "Lindfaden", "Torfweide", "Marelune"),
    "Toys": ("Klotzi", "Bimbalo", "Tuftelei", "Wunderzwerg", "Papalino"),
    "Beauty": ("Mosswater", "Salvora", "Yunlan", "Avrilette", "Nordbalsam"),
}
ELASTICITY = {
    "Audio": -1.8,
    "Kitchen": -1.3,
    "Lighting": -1.1,
    "Outdoor": -1.5,
    "Bags": -1.6,
    "Clothing": -2.2,
    "Toys": -0.9,
    "Beauty": -0.6,
}
"""Change of units in per cent for one per cent of price."""

GROWTH_PER_YEAR = 1.2
WEEKDAY = (1.08, 1.0, 0.97, 0.98, 0.9, 0.93, 1.14)
"""Demand from Monday to Sunday, mean 1."""

PEAKS: dict[str, tuple[tuple[int, int, float, float], ...]] = {
    "Audio": ((11, 28, 0.8, 6), (12, 14, 0.7, 10)),
    "Kitchen": ((11, 28, 0.6, 6), (12, 12, 0.6, 12)),
    "Lighting": ((11, 10, 0.6, 30), (12, 8, 0.5, 12)),
    "Outdoor": ((5, 25, 1.1, 40), (7, 20, 0.5, 25)),
    "Bags": ((8, 25, 0.5, 20), (6, 20, 0.4, 20), (11, 28, 0.5, 6)),
    "Clothing": ((4, 1, 0.4, 20), (10, 5, 0.6, 25), (11, 28, 0.5, 6)),
    "Toys": ((12, 8, 1.9, 16), (6, 1, 0.3, 8)),
    "Beauty": ((12, 12, 0.7, 12), (2, 10, 0.4, 6), (5, 8, 0.3, 6)),
}
"""Yearly bumps of demand: month, day, height over 1, width in days (one standard deviation)."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Days from ``first`` to ``last``, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.last - self.first).days + 1

    @property
    def slice(self) -> slice:
        """Its place on the shop's calendar (day 0 is START)."""
        return slice(day_of(self.first), day_of(self.last) + 1)

    def holds(self, day: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the calendar days lie in it."""
        return (day >= day_of(self.first)) & (day <= day_of(self.last))


def day_of(date: dt.date) -> int:
    """Index of a date on the shop's calendar; START is 0."""
    return (date - START).days


def _span(first: str, last: str) -> Span:
    return Span(first=dt.date.fromisoformat(first), last=dt.date.fromisoformat(last))


FAULTY_PRODUCT = "Fjordlyd Over-Ear Headphones 300"
FAULTY_BATCH = "FJ300-2544"
FAULTY = _span("2025-11-03", "2026-01-25")
"""Sold in these days, the product comes from the faulty batch: the battery fails."""
FAULTY_RETURN_RATE = 0.34

CHURN_SEGMENT = "business"
CHURN = _span("2025-09-01", "2026-03-31")
CHURN_SHARE = 0.75
"""Share of the segment's customers who leave for good on a random day of the span."""

OUTAGE = _span("2025-09-16", "2025-09-18")
OUTAGE_FAILURE = 0.82
"""Chance that a card payment fails during the outage, each attempt."""
CARD_FAILURE = 0.05

DELAY_COUNTRY = "Italy"
DELAY = _span("2026-03-02", "2026-04-05")
DELAY_DAYS = (6, 13)
"""Orders to the country shipped in the span take this many days longer."""

TRAFFIC_ANOMALY = _span("2026-02-11", "2026-02-12")
TRAFFIC_FACTOR = 6.0
"""Visits from ads on desktops that see one page and buy nothing."""

VIRAL_PRODUCT = "Bimbalo Plush Animal Otter"
VIRAL = _span("2025-05-20", "2025-05-23")
VIRAL_FACTOR = 60.0

STOCK_OUTS = 28
"""Spells without stock in the past, besides the products that are out of stock today."""
OUT_TODAY = 7


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign with a random treatment and control group."""

    name: str
    channel: str
    span: Span
    cost: float
    discount: float
    category: str | None
    treated: int
    control: int
    uplift: float
    """Extra orders of the treated over what they would have placed anyway; 0 does nothing."""


def _campaign(
    name: str,
    channel: str,
    span: tuple[str, str],
    cost: float,
    discount: float,
    category: str | None,
    groups: tuple[int, int],
    uplift: float,
) -> Campaign:
    return Campaign(
        name=name,
        channel=channel,
        span=_span(*span),
        cost=cost,
        discount=discount,
        category=category,
        treated=groups[0],
        control=groups[1],
        uplift=uplift,
    )


CAMPAIGNS = (
    _campaign(
        "Back to School 2024", "social", ("2024-08-19", "2024-09-01"), 5200, 0.10, "Bags", (1800, 900), 0.20
    ),
    _campaign(
        "Golden Autumn 2024", "email", ("2024-10-07", "2024-10-20"), 2900, 0.10, None, (2000, 1000), 0.12
    ),
    _campaign(
        "Black Friday 2024", "search", ("2024-11-25", "2024-12-02"), 9800, 0.15, None, (2200, 1100), 0.25
    ),
    _campaign(
        "Valentine 2025", "social", ("2025-02-03", "2025-02-14"), 4100, 0.10, "Beauty", (2400, 1200), 0.15
    ),
    _campaign(
        "Spring Refresh 2025", "email", ("2025-04-07", "2025-04-20"), 3300, 0.10, None, (2400, 2400), 0.60
    ),
    _campaign(
        "Camp Season 2025", "search", ("2025-06-02", "2025-06-15"), 6100, 0.10, "Outdoor", (2800, 1400), 0.18
    ),
    _campaign(
        "Summer Clearance 2025", "social", ("2025-07-14", "2025-07-27"), 7400, 0.20, None, (2700, 2700), 0.0
    ),
    _campaign(
        "Back to School 2025", "social", ("2025-08-18", "2025-08-31"), 5600, 0.10, "Bags", (3200, 1600), 0.20
    ),
    _campaign(
        "Singles Day 2025", "email", ("2025-11-07", "2025-11-12"), 3600, 0.12, None, (3400, 1700), 0.22
    ),
    _campaign(
        "Black Friday 2025", "search", ("2025-11-24", "2025-12-01"), 11500, 0.15, None, (3600, 1800), 0.25
    ),
    _campaign(
        "Cosy Lights 2026", "email", ("2026-01-12", "2026-01-25"), 2700, 0.10, "Lighting", (3600, 1800), 0.15
    ),
    _campaign(
        "Spring Refresh 2026", "email", ("2026-04-06", "2026-04-19"), 3500, 0.10, None, (3800, 1900), 0.20
    ),
    _campaign(
        "Early Summer 2026", "social", ("2026-06-08", "2026-06-21"), 6300, 0.10, "Outdoor", (3800, 1900), 0.15
    ),
)
WORKED = "Spring Refresh 2025"
FAILED = "Summer Clearance 2025"
