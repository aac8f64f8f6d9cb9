"""What was not sold for want of stock, as SQL: days out of stock times what those days ask for."""

from __future__ import annotations

from jobs.stock_advice.pointing import Terms
from jobs.stock_advice.shelf import AROUND, LEAST_DAYS, Shelf


def lost_sql(shelf: Shelf, terms: Terms, first_age: int, last_age: int) -> str:
    """``lost``: each product that was out between two ages, with its days, lost pieces and their variance.

    A day asks for what the product sold a day in stock within ``AROUND`` days of that stock-out. Where it was
    in stock for too few of these, its lost pieces are NULL.
    """
    ratio = shelf.ratio
    group = ", MAX(n.grouped_by) AS grouped_by" if shelf.by else ""
    counted = ", MAX(n.counted_age) AS counted_age" if shelf.is_dated else ""
    money = shelf.has_amount
    paid, paid_lost = (
        (", SUM(s.paid) AS paid", ", SUM(m.days * m.rate * m.price) AS paid_lost") if money else ("", "")
    )
    price = f", {ratio('w.paid', 'w.units')} AS price" if money else ""
    near_first = (
        f"CASE WHEN p.first_age + {AROUND} < k.known_age THEN p.first_age + {AROUND} ELSE k.known_age END"
    )
    near_last = f"CASE WHEN p.last_age > {AROUND} THEN p.last_age - {AROUND} ELSE 0 END"
    return f"""{shelf.base()},
clipped AS (
  SELECT product, first_age, last_age, CASE WHEN first_age < {first_age} THEN first_age ELSE {first_age} END
    - CASE WHEN last_age > {last_age} THEN last_age ELSE {last_age} END + 1 AS days
  FROM empty_spells WHERE first_age >= {last_age} AND last_age <= {first_age}
),
nearby AS (
  SELECT p.product, p.first_age, p.last_age, p.days, {near_first} AS near_first, {near_last} AS near_last
  FROM clipped AS p JOIN known_ages AS k ON k.product = p.product
),
nearby_empty AS (
  SELECT b.product, b.first_age, b.last_age,
    SUM(CASE WHEN e.first_age < b.near_first THEN e.first_age ELSE b.near_first END
      - CASE WHEN e.last_age > b.near_last THEN e.last_age ELSE b.near_last END + 1) AS days
  FROM nearby AS b JOIN empty_spells AS e ON e.product = b.product
    AND e.first_age >= b.near_last AND e.last_age <= b.near_first
  GROUP BY b.product, b.first_age, b.last_age
),
nearby_sales AS (
  SELECT b.product, b.first_age, b.last_age, COALESCE(SUM(s.units), 0) AS units{paid}
  FROM nearby AS b LEFT JOIN sold_days AS s ON s.product = b.product
    AND s.age <= b.near_first AND s.age >= b.near_last
  GROUP BY b.product, b.first_age, b.last_age
),
stocked AS (
  SELECT b.product, b.days, w.units{", w.paid" if money else ""},
    b.near_first - b.near_last + 1 - e.days AS stocked_days
  FROM nearby AS b
  JOIN nearby_empty AS e ON e.product = b.product AND e.first_age = b.first_age AND e.last_age = b.last_age
  JOIN nearby_sales AS w ON w.product = b.product AND w.first_age = b.first_age AND w.last_age = b.last_age
),
missed AS (
  SELECT w.product, w.days, w.units, CASE WHEN w.stocked_days >= {LEAST_DAYS}
    THEN {ratio("w.units", "w.stocked_days")} END AS rate{price}
  FROM stocked AS w
),
lost_pieces AS (
  SELECT m.product, SUM(m.days) AS days_out, SUM(m.days * m.rate) AS pieces_lost,
    MAX(m.units) AS units{paid_lost}
  FROM missed AS m GROUP BY m.product
),
lost AS (
  SELECT l.product, MAX(l.days_out) AS days_out, MAX(l.pieces_lost) AS pieces_lost,
    MAX({terms.spread!r} * (l.pieces_lost + COALESCE({ratio("l.pieces_lost * l.pieces_lost", "l.units")}, 0)))
      AS lost_spread{", MAX(l.paid_lost) AS paid_lost" if money else ""}{group}{counted}
  FROM lost_pieces AS l JOIN now_stock AS n ON n.product = l.product GROUP BY l.product
)"""
