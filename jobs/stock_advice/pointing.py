"""Order points and order quantities of every product, as SQL that goes on from the shelf's demand.

A product is looked at once a review and ordered when what it has, and what is on its way, is less than its
order point: the demand until the delivery of the next look's order that is exceeded as rarely as the service
says. It is then ordered up to that and a review's demand more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from jobs.stock_advice.course import LEVEL, Courses, read_courses
from jobs.stock_advice.lasting import in_pieces, quantile_sql
from jobs.stock_advice.shelf import DEFAULT_LEAD, LEAST_DAYS, LEAST_DELIVERIES, POOLED, Shelf

MOST_AHEAD = 13
"""Weeks that the season is foretold for at most."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an order point is worked out for."""

    service: float
    """Share of times that stock is to last."""
    review: int
    """Days between two looks."""
    spread: float = 1.0
    """The shop's variance over mean of weeks, which steadies a product's own."""
    courses: Courses = LEVEL


def read_terms(shelf: Shelf, service: float, review: int) -> Terms:
    """The terms of a shop today: how its products' weeks vary together, and how its kinds go on."""
    plain = Terms(service=service, review=review)
    found = shelf.run(
        f"""{paced(shelf, plain)}
SELECT SUM(CASE WHEN own > 1 THEN own ELSE 1 END * units) AS spread, SUM(units) AS units,
  AVG(lead_days) AS lead FROM demand WHERE own IS NOT NULL"""
    )
    spread, units, lead = (float(str(cell or 0)) for cell in found.rows[0])
    weeks = math.ceil(((lead or DEFAULT_LEAD) + review) / 7)
    most_rows = shelf.workspace.role.limits.max_rows
    return replace(
        plain,
        spread=spread / units if units else 1.0,
        courses=read_courses(shelf, min(weeks, MOST_AHEAD), most_rows),
    )


def paced(shelf: Shelf, terms: Terms) -> str:
    """``paced``: each product's pieces a day from now on, how they vary, and the days of a delivery.

    ``pace`` is NULL where too little is known of a product; ``spread`` is variance over mean, and ``doubt``
    the relative variance of the pace itself, without that of having sold so few ``units``.
    """
    ratio, dialect = shelf.ratio, shelf.workspace.catalog.dialect
    pooled = repr(float(terms.spread))
    kind = "c.category" if shelf.has_category else "NULL"
    weeks = ratio("stocked", "7")
    own = ratio(f"{weeks} * {ratio('squares', 'units')} - units", f"{weeks} - 1")
    steady = f"CASE WHEN own > 1 THEN own WHEN own <= 1 THEN 1 ELSE {pooled} END"
    mixed = ratio(f"{weeks} * {steady} + {POOLED} * {pooled}", f"{weeks} + {POOLED}")
    factor, doubt = (terms.courses.sql(kind, figure, dialect) for figure in ("factor", "doubt"))
    lead, lead_spread = _lead(shelf)
    joined = " JOIN now_stock AS n ON n.product = c.product" if "n." in lead else ""
    if shelf.has_deliveries:
        joined += " LEFT JOIN own_leads AS o ON o.product = c.product CROSS JOIN all_leads AS a"
    return f"""{shelf.demand()}{_deliveries(shelf)},
demand AS (
  SELECT c.product, c.units, c.empty_days, stocked, {lead} AS lead_days, {lead_spread} AS lead_spread,
    CASE WHEN stocked >= {LEAST_DAYS} THEN {ratio("c.units", "stocked")} * {factor} END AS pace,
    {doubt} AS doubt,
    CASE WHEN stocked >= {LEAST_DAYS} AND c.units > 0 THEN {own} END AS own
  FROM counted AS c{joined}
),
paced AS (
  SELECT product, units, empty_days, lead_days, lead_spread, pace, doubt,
    {mixed} AS spread
  FROM demand
)"""


def pointed(shelf: Shelf, terms: Terms) -> str:
    """``points``: the same with demand until the next order's delivery, order point and position.

    ``width`` is the variance of that demand over the square of its mean.
    """
    on_order = " + COALESCE(n.on_order, 0)" if "on_order" in shelf.beside else ""
    until = f"(lead_days + {terms.review})"
    late = f" + {shelf.ratio('lead_spread', f'({until} * {until})')}" if shelf.has_deliveries else ""
    point = in_pieces(quantile_sql("needed", "width", terms.service))
    return f"""{paced(shelf, terms)},
needs AS (
  SELECT product, units, empty_days, lead_days, pace, doubt, spread, pace * {until} AS needed,
    {width_sql(shelf, f"pace * {until}")}{late} AS width
  FROM paced
),
points AS (
  SELECT t.product, units, empty_days, lead_days, pace, doubt, spread, needed, width, {point} AS order_point,
    n.on_hand{on_order} AS position
  FROM needs AS t JOIN now_stock AS n ON n.product = t.product
)"""


def width_sql(shelf: Shelf, mean: str) -> str:
    """Variance of a demand with that mean over its square, as an expression of a row of ``paced``."""
    chance, few = shelf.ratio("spread", f"({mean})"), shelf.ratio("spread", "units")
    return f"COALESCE({chance} + {few}, 0) + doubt"


def quantity_sql(terms: Terms) -> str:
    """What to order now, as an expression of a row of ``points``; 0 for what need not be ordered yet."""
    wanted = f"CEIL(order_point + pace * {terms.review} - position)"
    return f"CASE WHEN position < order_point THEN {wanted} ELSE 0 END"


def _lead(shelf: Shelf) -> tuple[str, str]:
    """Days of a delivery and their variance, as expressions of a row."""
    if shelf.lead is not None:
        return str(shelf.lead), "0"
    column = "n.lead_time, " if "lead_time" in shelf.beside else ""
    if shelf.has_deliveries:
        return f"COALESCE(o.lead, {column}a.lead, {DEFAULT_LEAD})", "COALESCE(o.spread, a.spread, 0)"
    return (f"COALESCE({column}{DEFAULT_LEAD})" if column else str(DEFAULT_LEAD)), "0"


def _deliveries(shelf: Shelf) -> str:
    """``own_leads`` of products with enough deliveries, and ``all_leads`` of all, a row."""
    if not shelf.has_deliveries:
        return ""
    mean = shelf.ratio("SUM(days)", "COUNT(*)")
    spread = shelf.ratio(f"SUM(days * days) - SUM(days) * {mean}", "(COUNT(*) - 1)")
    return f""",
{shelf.supply()},
own_leads AS (
  SELECT product, {mean} AS lead, {spread} AS spread FROM supply_days GROUP BY product
  HAVING COUNT(*) >= {LEAST_DELIVERIES}
),
all_leads AS (SELECT {mean} AS lead, {spread} AS spread FROM supply_days)"""
