"""Pairs of products in one order, counted in the database; ranked by what is sure of their lift.

Lift is how many times as often two products share an order as they would by chance. Its logarithm has, by
the delta method over multinomial counts, the variance 1/ab - 1/a - 1/b - 1/n + 2 ab/(a b), with ``ab`` the
orders of both, ``a`` and ``b`` those of each and ``n`` all. The raw lift favours pairs seen a few times; the
lower end of its interval does not.
Source: Agresti, Categorical Data Analysis, 3rd ed. 2013, section 3.1 (the delta method for log ratios).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.bought_together.pair_words import CUE, LEAST, NAME, OF, PER, TOP
from jobs.not_heard import caveat_of, not_heard
from jobs.purchases import Part, PurchaseReader
from sql.semantics import Shop
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.titles import title_of

DEFAULT_LEAST = 5
DEFAULT_TOP = 10
Z_95 = 1.959964
"""Standard normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True, kw_only=True)
class Pairs(Evidence):
    """Table 0 has the pairs, the surest first."""

    per: str
    """``order`` or ``customer``."""
    is_of_one: bool
    """Whether the first product is one that was asked about."""


def run_pairs(request: Request, tools: Tools) -> Pairs:
    """Count pairs; raises ``Declined`` where none is frequent enough, with how to ask for less."""
    settings = request.settings
    per: Part = "customer" if settings.get(PER) == "customer" else "order"
    least, top = settings.get(LEAST) or DEFAULT_LEAST, settings.get(TOP) or DEFAULT_TOP
    shop = tools.workspace.shop
    of, only = _parted(settings.get(OF) or {}, shop)
    if "customer" not in shop.bound and per == "customer":
        raise Declined("no_customers")
    reader = PurchaseReader(request, tools, only)
    table = reader.run(_sql(reader, per, of, least, min(top, tools.workspace.role.limits.max_rows)))
    if not table.rows:
        asked = ", ".join(value for values in of.values() for value in values)
        values = {"least": str(least), "of": escape_markdown(asked)}
        raise Declined("no_pairs_of" if of else "no_pairs", values)
    units = dict.fromkeys((column.name for column in table.columns), "")
    shares = dict.fromkeys(("support", "confidence", "confidence_back"), "%")
    table = replace(table, labels=units | shares)
    request.on_table(table)
    ran = {"per": per, "least": str(least), "top": str(top)}
    if said := settings.said.get(OF.name):
        ran[OF.name] = said.text
    unheard = not_heard(request, (CUE, NAME))
    return Pairs(
        tables=(table,),
        titles={
            f"{place}_product": title_of(shop, _column(shop, "product"), request.language)
            for place in ("first", "second")
        },
        scope=Scope(values=tuple(v for values in only.values() for v in values)),
        caveats=(*caveat_of(unheard), *reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=table.query.written,
        settings=ran,
        per=per,
        is_of_one=bool(of),
    )


def _parted(
    said: Mapping[str, Sequence[str]], shop: Shop
) -> tuple[dict[str, Sequence[str]], dict[str, Sequence[str]]]:
    """What products are asked about, and what all orders are limited to.

    A product is named by the bound column, by one called like it (``product_zh``), or by its category.
    """
    product, category = (_column(shop, part) for part in ("product", "category"))
    of = {c: v for c, v in said.items() if c in (product, category) or c.startswith(f"{product}_")}
    return of, {column: values for column, values in said.items() if column not in of}


def _column(shop: Shop, part: str) -> str:
    return shop.bindings.get(part, "").rpartition(".")[2]


def _sql(reader: PurchaseReader, per: Part, of: Mapping[str, Sequence[str]], least: int, top: int) -> str:
    """Each pair once; of products that were asked for, their partners."""
    asked, wanted = "", "one.product < other.product"
    if of:
        asked = f"""
{reader.rows(["product"], called="asked_rows", also=of)},
asked AS (SELECT DISTINCT product FROM asked_rows WHERE product IS NOT NULL),"""
        wanted = """one.product IN (SELECT product FROM asked)
    AND other.product NOT IN (SELECT product FROM asked)"""
    lift = reader.ratio("p.shared * n.orders", "(a.orders * b.orders)")
    shared, first, second, whole = (
        reader.ratio("1", count) for count in ("p.shared", "a.orders", "b.orders", "n.orders")
    )
    both = reader.ratio("2 * p.shared", "(a.orders * b.orders)")
    basket = "order_key" if per == "order" else per
    return f"""WITH {reader.rows([per, "product"], is_sold=True)},{asked}
baskets AS (
  SELECT DISTINCT {basket} AS basket, product FROM bought_rows
  WHERE {basket} IS NOT NULL AND product IS NOT NULL
),
basket_count AS (SELECT COUNT(DISTINCT basket) AS orders FROM baskets),
product_counts AS (
  SELECT product, COUNT(*) AS orders FROM baskets GROUP BY product HAVING COUNT(*) >= {least}
),
frequent AS (
  SELECT b.basket, b.product FROM baskets AS b JOIN product_counts AS c ON c.product = b.product
),
pair_counts AS (
  SELECT one.product AS first_product, other.product AS second_product, COUNT(*) AS shared
  FROM frequent AS one JOIN frequent AS other ON other.basket = one.basket
  WHERE {wanted}
  GROUP BY one.product, other.product HAVING COUNT(*) >= {least}
),
measured AS (
  SELECT p.first_product, p.second_product, p.shared, a.orders AS first_orders, b.orders AS second_orders,
    n.orders, {lift} AS lift, {Z_95} * SQRT(ABS({shared} - {first} - {second} - {whole} + {both})) AS reach
  FROM pair_counts AS p
  JOIN product_counts AS a ON a.product = p.first_product
  JOIN product_counts AS b ON b.product = p.second_product
  JOIN basket_count AS n ON 1 = 1
)
SELECT first_product, second_product, shared AS together, {reader.ratio("shared", "orders")} AS support,
  {reader.ratio("shared", "first_orders")} AS confidence,
  {reader.ratio("shared", "second_orders")} AS confidence_back,
  lift, lift * EXP(-reach) AS lift_low, lift * EXP(reach) AS lift_high, first_orders, second_orders, orders
FROM measured ORDER BY lift_low DESC, together DESC, first_product, second_product LIMIT {top}"""
