"""The demonstration shop's stock replayed for a year: the job's order points against a fixed rule's.

Demand is what the shop really sold a day, which nothing in the replay knows ahead. Once a week each product
is looked at and ordered up when its stock, and what is on its way, is below its order point; what is asked
for and not there is a lost sale. The job's order points are worked out every four weeks, through the same
statements as its answers, from what was known on that day. The fixed rule keeps one order point for the year:
the mean demand of the year before over lead time and review, and a multiple of its root; the multiple is
tuned, on the very products that are measured, to the same fill rate as ours. Settings of the job were chosen
on products with odd numbers; figures are of the even ones.

Called by ``bench.jobs``.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from app.settings import Settings
from bench.customers import LIMITS, request_of, tools_of
from jobs.stock_advice.pointing import pointed, read_terms
from jobs.stock_advice.shelf import Shelf
from sql.semantics import Role
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace

Values = npt.NDArray[np.float64]
SERVICE = 0.95
YEAR = 364
REVIEW = 7
FRESH = 28
"""Days after which the job's order points are worked out anew."""
HOLDING = 0.25
"""Share of a piece's cost that a year in stock costs."""
ORDERING = 4.0
"""What one order of one product costs."""


@dataclass(frozen=True, kw_only=True)
class Year:
    """What a replay needs: products in rows, days in columns, the last day last."""

    names: tuple[str, ...]
    numbers: npt.NDArray[np.int64]
    """The products' ids."""
    demand: Values
    lead: npt.NDArray[np.int64]
    cost: Values
    margin: Values
    """Price less cost."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One rule over the year."""

    rule: str
    products: int
    fill_rate: float
    """Share of the pieces asked for that were there."""
    cycles_served: float
    """Share of product-weeks without a lost sale."""
    held: float
    """Share of order points that held the demand until the next order's delivery."""
    holding: float
    ordering: float
    lost: float

    @property
    def cost(self) -> float:
        """Of the year."""
        return self.holding + self.ordering + self.lost


def open_demo(settings: Settings) -> Workspace:
    """The demonstration shop under a role that reads as much as the replay needs."""
    from app.finding import demo_folder

    shop = load_shop(demo_folder(settings) / "shop.yml")
    role = Role(name="bench", limits=LIMITS)
    return open_workspace(replace(shop, roles=(role,), default_role=role.name))


def read_year(workspace: Workspace) -> Year:
    """Products that were sold before the year began and are not discontinued."""
    first = workspace.today - dt.timedelta(days=2 * YEAR - 1)
    about = workspace.run(
        "SELECT p.product_id, p.product, p.lead_time_days, p.unit_cost, p.list_price FROM products AS p "
        f"WHERE p.launched_on <= '{first}' AND p.discontinued_on IS NULL ORDER BY p.product_id"
    ).rows
    place = {int(str(row[0])): at for at, row in enumerate(about)}
    demand = np.zeros((len(about), 2 * YEAR))
    for number, age, units in workspace.run(
        f"SELECT product_id, DATE_DIFF('day', CAST(ordered_at AS DATE), DATE '{workspace.today}') AS age, "
        "SUM(quantity) AS units FROM sales GROUP BY 1, 2"
    ).rows:
        at, back = place.get(int(str(number))), int(str(age))
        if at is not None and back < 2 * YEAR:
            demand[at, 2 * YEAR - 1 - back] = float(str(units))
    cost = np.array([float(str(row[3])) for row in about])
    return Year(
        names=tuple(str(row[1]) for row in about),
        numbers=np.array([int(str(row[0])) for row in about]),
        demand=demand,
        lead=np.array([int(str(row[2])) for row in about]),
        cost=cost,
        margin=np.array([float(str(row[4])) for row in about]) - cost,
    )


def job_points(workspace: Workspace, year: Year) -> tuple[Values, Values]:
    """Order point and pieces a day of each product at each look of the year, as the job has them.

    Shape (products, looks); a product of which the job knows too little has 0.
    """
    looks = range(0, YEAR, REVIEW)
    points, paces = (np.zeros((len(year.names), len(looks))) for _ in range(2))
    at = {name: place for place, name in enumerate(year.names)}
    for look, begins in enumerate(looks):
        if begins % FRESH == 0:
            today = workspace.today - dt.timedelta(days=YEAR - begins)
            found = _points_on(replace(workspace, today=today))
        for name, point, pace in found:
            if name in at:
                points[at[name], look], paces[at[name], look] = point, pace
    return points, paces


def _points_on(workspace: Workspace) -> list[tuple[str, float, float]]:
    tools = tools_of(workspace)
    shelf = Shelf(request_of(tools), tools, {}, "", None)
    terms = read_terms(shelf, SERVICE, REVIEW)
    found = shelf.run(f"{pointed(shelf, terms)}\nSELECT product, order_point, pace FROM points")
    return [(str(name), float(str(point or 0)), float(str(pace or 0))) for name, point, pace in found.rows]


def fixed_points(year: Year, multiple: float) -> tuple[Values, Values]:
    """One order point a product for the whole year, from the year before."""
    pace = year.demand[:, :YEAR].mean(axis=1)
    needed = pace * (year.lead + REVIEW)
    looks = len(range(0, YEAR, REVIEW))
    points = np.ceil(needed + multiple * np.sqrt(needed))
    return np.repeat(points[:, None], looks, axis=1), np.repeat(pace[:, None], looks, axis=1)


def replay(rule: str, year: Year, points: Values, paces: Values) -> Outcome:
    """Live through the year day by day."""
    count = len(year.names)
    demand = year.demand[:, YEAR:]
    on_hand = points[:, 0] + np.ceil(paces[:, 0] * REVIEW)
    coming = np.zeros((count, YEAR + int(year.lead.max()) + 1))
    orders = lost_pieces = 0.0
    held_pieces = lost_margin = 0.0
    is_short = np.zeros((count, YEAR // REVIEW), dtype=bool)
    for today in range(YEAR):
        on_hand += coming[:, today]
        if today % REVIEW == 0:
            look = today // REVIEW
            position = on_hand + coming[:, today + 1 :].sum(axis=1)
            wanted = np.ceil(points[:, look] + paces[:, look] * REVIEW - position)
            quantity = np.where(position < points[:, look], np.maximum(wanted, 0), 0)
            coming[np.arange(count), today + year.lead] += quantity
            orders += float((quantity > 0).sum())
        sold = np.minimum(on_hand, demand[:, today])
        missing = demand[:, today] - sold
        is_short[:, today // REVIEW] |= missing > 0
        on_hand -= sold
        lost_pieces += float(missing.sum())
        lost_margin += float((missing * year.margin).sum())
        held_pieces += float((on_hand * year.cost).sum())
    return Outcome(
        rule=rule,
        products=count,
        fill_rate=1 - lost_pieces / float(demand.sum()),
        cycles_served=1 - float(is_short.mean()),
        held=_held(year, points),
        holding=held_pieces * HOLDING / 365,
        ordering=orders * ORDERING,
        lost=lost_margin,
    )


def _held(year: Year, points: Values) -> float:
    """Share of looks whose order point was at least the demand until the next look's order could arrive."""
    after = year.demand[:, YEAR:].cumsum(axis=1)
    total = np.concatenate([np.zeros((len(after), 1)), after], axis=1)
    shares = []
    for look in range(points.shape[1]):
        ends = look * REVIEW + year.lead + REVIEW
        inside = ends <= YEAR
        rows = np.flatnonzero(inside)
        wanted = total[rows, ends[rows]] - total[rows, look * REVIEW]
        shares.append(wanted <= points[rows, look])
    return float(np.concatenate(shares).mean())


def tuned(year: Year, fill_rate: float) -> Outcome:
    """The fixed rule with the least multiple that reaches a fill rate."""
    low, high = -3.0, 12.0
    for _ in range(30):
        middle = (low + high) / 2
        if replay("", year, *fixed_points(year, middle)).fill_rate < fill_rate:
            low = middle
        else:
            high = middle
    return replay(f"fixed, {high:.2f} roots", year, *fixed_points(year, high))


def of_parity(year: Year, parity: int) -> tuple[Year, npt.NDArray[np.bool_]]:
    """Products with odd or even numbers, and which these are."""
    kept = year.numbers % 2 == parity
    some = replace(
        year,
        names=tuple(np.array(year.names, dtype=object)[kept]),
        numbers=year.numbers[kept],
        demand=year.demand[kept],
        lead=year.lead[kept],
        cost=year.cost[kept],
        margin=year.margin[kept],
    )
    return some, kept


def measure_stock(settings: Settings, parity: int = 0) -> dict[str, Any]:
    """Print both rules on the products of a parity; figures for the README, and the raw numbers."""
    started = time.perf_counter()
    workspace = open_demo(settings)
    try:
        year = read_year(workspace)
        points, paces = job_points(workspace, year)
    finally:
        workspace.close()
    some, kept = of_parity(year, parity)
    ours = replay("ours", some, points[kept], paces[kept])
    outcomes = [ours, tuned(some, ours.fill_rate)]
    show(outcomes)
    print(f"{time.perf_counter() - started:.0f} s")
    saved = 1 - ours.cost / outcomes[1].cost
    return {
        "figures": {
            "Stock: order points that held, of 95 %": f"{ours.held:.1%}",
            "Stock: cost of a year against a fixed rule at the same fill rate": f"{-saved:+.1%}",
        },
        "stock": [{**vars(each), "cost": each.cost} for each in outcomes],
    }


def show(outcomes: Sequence[Outcome]) -> None:
    """Print them as a table."""
    print(
        f"\n{'rule':<20}{'products':>9}{'held':>8}{'fill rate':>11}{'weeks served':>14}{'holding':>10}"
        f"{'ordering':>10}{'lost':>9}{'cost':>10}"
    )
    for each in outcomes:
        print(
            f"{each.rule:<20}{each.products:>9}{each.held:>8.1%}{each.fill_rate:>11.2%}{each.cycles_served:>14.2%}"
            f"{each.holding:>10,.0f}{each.ordering:>10,.0f}{each.lost:>9,.0f}{each.cost:>10,.0f}"
        )
