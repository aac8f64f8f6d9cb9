"""From what is in a basket to what else was bought: a walk of three steps, worked out in the database.

From a product to those who bought it, and on to what else they bought. Each step is divided by a power of how
many ways lead on, so that who buys everything says little, and the end by a power of how many buy it anyway.
Only pairs with something of the basket are counted, so a shop of any size is asked by one statement.
Source: Paudel, Christoffel, Newell & Bernstein, Updatable, Accurate, Diverse, and Scalable Recommendations
for Interactive Applications (RP3-beta), 2017; Ferrari Dacrema, Cremonesi & Jannach, Are We Really Making Much
Progress?, 2019, where it holds its own against larger models.
"""

from __future__ import annotations

from dataclasses import dataclass

ALPHA = 0.7
"""Power by which each step is divided by the ways that lead on."""
BETA = 0.6
"""Power by which the end is divided by its buyers."""
LEAST_SHARED = 2
"""Others who bought both, below which two products have nothing to do with each other."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One basket's way, over ``baskets (basket, product)`` and ``asked (product)``."""

    without: str = ""
    """The basket itself, as a literal, which is no reason for what it holds; empty for none."""
    allowed: tuple[str, ...] = ()
    """Conditions on ``s.product`` that what is recommended must meet."""

    def sql(self) -> str:
        """``scored``: product, score, and of the strongest reason its product, who bought both and it."""
        own = f" AND m.basket <> {self.without}" if self.without else ""
        kept = " AND ".join(["s.product IS NOT NULL", *self.allowed])
        less = " - 1" if self.without else ""
        return f"""basket_sizes AS (SELECT basket, COUNT(*) AS products FROM baskets GROUP BY basket),
product_buyers AS (SELECT product, COUNT(*) AS buyers FROM baskets GROUP BY product),
shared AS (
  SELECT a.product AS because_of, o.product, COUNT(*) AS together,
    SUM(EXP(-{ALPHA} * LN(z.products))) AS pull
  FROM asked AS a JOIN baskets AS m ON m.product = a.product
  JOIN basket_sizes AS z ON z.basket = m.basket JOIN baskets AS o ON o.basket = m.basket
  WHERE o.product <> a.product{own}
  GROUP BY a.product, o.product HAVING COUNT(*) >= {LEAST_SHARED}
),
pulled AS (
  SELECT s.product, s.because_of, s.together, c.buyers{less} AS buyers,
    s.pull * EXP(-{ALPHA} * LN(c.buyers)) AS pull
  FROM shared AS s JOIN product_buyers AS c ON c.product = s.because_of WHERE {kept}
),
reasoned AS (
  SELECT p.*, SUM(pull) OVER (PARTITION BY product) AS pulls,
    ROW_NUMBER() OVER (PARTITION BY product ORDER BY pull DESC, because_of) AS place
  FROM pulled AS p
),
scored AS (
  SELECT r.product, r.pulls * EXP(-{BETA} * LN(b.buyers)) AS score, r.because_of, r.together, r.buyers
  FROM reasoned AS r JOIN product_buyers AS b ON b.product = r.product WHERE r.place = 1
)"""
