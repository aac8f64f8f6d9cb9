"""Customers by kind (how recently, how often, for how much they bought), then and now, read for one request.

Kinds are counted in the database: however many customers there are, what comes back is a row a kind. Who is
listed has bought within a year, and agreed to be written to where that is bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jobs.campaign.campaign_rows import Campaign, CampaignRows
from jobs.campaign.uplift import AMOUNTS, PURCHASES, RECENCIES, Tries
from sql.types import Table

YEAR = 365
SILENT = 2
"""Usual times between purchases after which a customer is silent for longer than usual."""
_YES = "('yes', 'y', 'true', '1', 'opt-in', 'opted in', 'subscribed', '是', '同意', '已订阅')"
Kind = tuple[int, int, int]


class AudienceRows:
    """Reads by the rows of campaigns.

    Raises:
        Declined: what was bought does not say by whom, or the role may not see it.
    """

    def __init__(self, rows: CampaignRows) -> None:
        rows.check("customer", "amount")
        self._rows, self._reader = rows, rows.reader

    @property
    def has_consent(self) -> bool:
        """Whether it is known who agreed to be written to."""
        return self._rows.sees("consent")

    def tries(self, campaigns: Sequence[Campaign]) -> tuple[Tries, Table]:
        """Customers of campaigns that are over, by kind, group and half; and the table they came by."""
        reader = self._reader
        age = reader.between("h.starts", "b.order_date", "day")
        left = reader.between("b.order_date", "h.ends", "day")
        table = reader.run(
            f"""WITH {self._rows.heads(campaigns)},
{self._rows.bought()},
pasts AS (
  SELECT h.campaign, h.starts, h.customer, h.is_held, MIN(CASE WHEN {age} < 0 THEN -({age}) END) AS recency,
    SUM(CASE WHEN {age} < 0 THEN 1 ELSE 0 END) AS purchases,
    SUM(CASE WHEN {age} < 0 THEN b.paid ELSE 0 END) AS paid,
    MAX(CASE WHEN {age} >= 0 THEN 1 ELSE 0 END) AS is_buyer
  FROM heads AS h
  LEFT JOIN bought_days AS b
    ON b.customer = h.customer AND b.is_bought = 1 AND {age} >= {-YEAR} AND {left} >= 0
  GROUP BY h.campaign, h.starts, h.customer, h.is_held
),
{self._kinds("pasts", "is_held, is_buyer, DENSE_RANK() OVER (ORDER BY customer) % 2 AS half")}
SELECT kind, is_held, half, COUNT(*) AS customers, SUM(is_buyer) AS buyers FROM kinds
GROUP BY kind, is_held, half ORDER BY kind, is_held, half"""
        )
        cells = np.array([[float(str(cell)) for cell in row] for row in table.rows]).reshape(-1, 5)
        return (
            Tries(
                kind=np.array([_kind(code) for code in cells[:, 0]], dtype=np.int64).reshape(-1, 3),
                is_sent=cells[:, 1] == 0,
                is_learnt=cells[:, 2] == 0,
                customers=cells[:, 3],
                buyers=cells[:, 4],
            ),
            table,
        )

    def now(self) -> tuple[dict[Kind, int], Table]:
        """Customers of today by kind, and the table."""
        table = self._reader.run(
            f"WITH {self._today()}\nSELECT kind, COUNT(*) AS customers FROM kinds GROUP BY kind ORDER BY kind"
        )
        return {_kind(float(str(code))): int(str(count)) for code, count in table.rows}, table

    def of_kinds(self, kinds: Sequence[Kind], size: int) -> Table:
        """Customers of these kinds, those of the first first, then who paid most."""
        columns = "customer, recency, purchases, paid, kind"
        return self._reader.run(f"WITH {self._today()}\n{self.first_of_kinds(columns, kinds, size)}")

    def first_of_kinds(self, columns: str, kinds: Sequence[Kind], size: int) -> str:
        """The same as a statement over ``kinds``."""
        codes = [_code(kind) for kind in kinds]
        order = " ".join(f"WHEN {code} THEN {place}" for place, code in enumerate(codes))
        return f"""SELECT {columns} FROM kinds WHERE kind IN ({", ".join(map(str, codes))})
ORDER BY CASE kind {order} END, paid DESC, customer LIMIT {size}"""

    def by_group(self, by: str, listing: str) -> Table:
        """Of each value of a column, customers who could be listed and those who are.

        Args:
            listing: a statement of the customers who are, over what is read of today.
        """
        return self._reader.run(
            f"""WITH {self._reader.rows(["customer", "order_date"], more=by, called="grouped_rows")},
grouped AS (
  SELECT customer, MAX(grouped_by) AS grouped_by FROM grouped_rows
  WHERE customer IS NOT NULL AND grouped_by IS NOT NULL GROUP BY customer
),
{self._today()},
listed AS ({listing})
SELECT g.grouped_by, COUNT(*) AS people,
  SUM(CASE WHEN l.customer IS NULL THEN 0 ELSE 1 END) AS selected
FROM kinds AS k JOIN grouped AS g ON g.customer = k.customer
LEFT JOIN listed AS l ON l.customer = k.customer
GROUP BY g.grouped_by ORDER BY people DESC, g.grouped_by"""
        )

    def of_customer(self, customer: str) -> Table:
        """One customer of today and their kind; no row of one without a purchase of a year or consent.

        Args:
            customer: the key, as SQL.
        """
        return self._reader.run(
            f"WITH {self._today()}\n"
            f"SELECT recency, purchases, paid, kind FROM kinds WHERE customer = {customer}"
        )

    def silent(self, size: int) -> Table:
        """The plain rule: bought twice or more, silent for longer than usual; who paid most first."""
        gap = self._reader.ratio("span", "purchases - 1")
        columns = f"customer, recency, purchases, paid, {gap} AS usual_gap"
        return self._reader.run(f"WITH {self._today()}\n{self.longest_silent(columns, size)}")

    def longest_silent(self, columns: str, size: int) -> str:
        """The same as a statement over ``consenting``."""
        return f"""SELECT {columns} FROM consenting
WHERE purchases >= 2 AND span > 0 AND recency * (purchases - 1) > {SILENT} * span
ORDER BY paid DESC, customer LIMIT {size}"""

    def _today(self) -> str:
        """``consenting`` and ``kinds`` of it: who bought within a year, as of today."""
        reader = self._reader
        consent = self._rows.bound.place("consent")[1] if self.has_consent else ""
        bought = self._rows.bought(more=consent, more_is=f"CASE WHEN {self._agreed} THEN 1 ELSE 0 END")
        age = reader.between("order_date", reader.day(reader.today), "day")
        agreed = "WHERE code = 1" if consent else ""
        said = ", MAX(code) AS code" if consent else ""
        return f"""{bought},
year_days AS (SELECT bought_days.*, {age} AS age FROM bought_days WHERE is_bought = 1),
standing AS (
  SELECT customer, MIN(age) AS recency, COUNT(*) AS purchases, SUM(paid) AS paid,
    MAX(age) - MIN(age) AS span{said}
  FROM year_days WHERE age >= 0 AND age <= {YEAR} GROUP BY customer
),
consenting AS (SELECT customer, recency, purchases, paid, span FROM standing {agreed}),
{self._kinds("consenting", "customer")}"""

    @property
    def _agreed(self) -> str:
        """A condition of ``grouped_by`` that it says yes."""
        column = self._rows.bound.column("consent")
        if column is None or column.type == "boolean":
            return "grouped_by"
        return "grouped_by = 1" if column.type in ("integer", "number") else f"LOWER(grouped_by) IN {_YES}"

    def _kinds(self, source: str, more: str) -> str:
        """``kinds``: rows of ``source`` with a past, and the code of their kind."""
        mean = self._reader.ratio("paid", "purchases")
        amount = "CASE " + " ".join(
            f"WHEN {mean} < {bound} * usual_paid THEN {place}" for place, bound in enumerate(AMOUNTS)
        )
        return f"""usual_{source} AS (
  SELECT {source}.*, AVG({mean}) OVER () AS usual_paid FROM {source} WHERE purchases > 0
),
kinds AS (
  SELECT {_step("recency", RECENCIES)} * 100 + {_step("purchases", PURCHASES)} * 10
      + {amount} ELSE {len(AMOUNTS)} END AS kind, {more}, recency, purchases, paid
  FROM usual_{source}
)"""


def uplift_order(
    chances: Mapping[Kind, tuple[float, float]], there: Mapping[Kind, int], rank: str
) -> list[Kind]:
    """Kinds of which there are customers: those with the most uplift first while it is above 0, or those who
    would buy anyway first."""
    if rank == "anyway":
        return sorted(there, key=lambda kind: -chances[kind][1])
    gains = {kind: chances[kind][0] - chances[kind][1] for kind in there}
    return sorted((kind for kind in there if gains[kind] > 0), key=lambda kind: -gains[kind])


def _step(column: str, bounds: Sequence[int]) -> str:
    steps = " ".join(f"WHEN {column} <= {bound} THEN {place}" for place, bound in enumerate(bounds))
    return f"CASE {steps} ELSE {len(bounds)} END"


def _code(kind: Kind) -> int:
    return kind[0] * 100 + kind[1] * 10 + kind[2]


def _kind(code: float) -> Kind:
    return int(code) // 100, int(code) // 10 % 10, int(code) % 10
