"""Days between a customer's purchases: quantiles worked out in the database, by how many came before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.not_heard import caveat_of, not_heard
from jobs.order_gaps.gap_words import CUE, NAME, ONLY
from jobs.purchases import PurchaseReader
from sql.types import Table
from telling.evidence import Evidence, Scope

QUANTILES = {"low_80": 0.1, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "high_80": 0.9}
"""Interpolated between the two nearest values, as ``numpy.quantile`` does by itself."""
LAST_BAND = 5
"""From so many purchases on they are told together."""


@dataclass(frozen=True, kw_only=True)
class Gaps(Evidence):
    """Table 0 has the gaps, a row for each number of purchases before; table 1 all of them in one row."""


def run_gaps(request: Request, tools: Tools) -> Gaps:
    """Count and order the gaps; raises ``Declined`` where nobody bought twice."""
    only = request.settings.get(ONLY) or {}
    reader = PurchaseReader(request, tools, only)
    whole = _labelled(reader.run(gaps_sql(reader, is_by_band=False)))
    if not whole.rows or not whole.rows[0][2]:
        raise Declined("nobody_twice")
    table = _labelled(reader.run(gaps_sql(reader, is_by_band=True)))
    request.on_table(table)
    only_said = request.settings.said.get(ONLY.name)
    unheard = not_heard(request, (CUE, NAME))
    return Gaps(
        tables=(table, whole),
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=(*caveat_of(unheard), *reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=table.query.written,
        settings={ONLY.name: only_said.text} if only_said else {},
    )


def _labelled(table: Table) -> Table:
    days = dict.fromkeys(QUANTILES, "")
    labels = {"purchases": "", "customers": "", "bought_again": "", "share_again": "%"}
    return replace(table, labels=labels | days)


def gaps_sql(reader: PurchaseReader, *, is_by_band: bool) -> str:
    """Purchases so far, customers who have come so far, how many went on, and the quantiles of their gaps.

    Customers are counted once for each of their purchases: each may be followed by another.
    """
    band = f"CASE WHEN place < {LAST_BAND} THEN place ELSE {LAST_BAND} END" if is_by_band else "0"
    parts = []
    for name, share in QUANTILES.items():
        away = f"ABS(rank_of_gap - 1 - (gaps - 1) * {share})"
        parts.append(f"SUM(CASE WHEN {away} < 1 THEN gap * (1 - {away}) END) AS {name}")
    quantiles = ",\n  ".join(parts)
    return f"""WITH {reader.days()},
numbered AS (
  SELECT customer, bought_on,
    ROW_NUMBER() OVER (PARTITION BY customer ORDER BY bought_on) AS place,
    LEAD(bought_on) OVER (PARTITION BY customer ORDER BY bought_on) AS next_on
  FROM buying_days WHERE is_bought = 1
),
waits AS (
  SELECT {band} AS purchases, {reader.between("bought_on", "next_on", "day")} AS gap FROM numbered
),
ranked AS (
  SELECT purchases, gap, ROW_NUMBER() OVER (PARTITION BY purchases ORDER BY gap) AS rank_of_gap,
    COUNT(*) OVER (PARTITION BY purchases) AS gaps
  FROM waits WHERE gap IS NOT NULL
),
spread AS (
  SELECT purchases, {quantiles}
  FROM ranked GROUP BY purchases
),
reached AS (
  SELECT purchases, COUNT(*) AS customers, COUNT(gap) AS bought_again FROM waits GROUP BY purchases
)
SELECT r.purchases, r.customers, r.bought_again,
  {reader.ratio("r.bought_again", "r.customers")} AS share_again,
  {", ".join(f"s.{name}" for name in QUANTILES)}
FROM reached AS r LEFT JOIN spread AS s ON s.purchases = r.purchases ORDER BY r.purchases"""
