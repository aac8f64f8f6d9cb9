"""Stock and what was sold of it, read for one request: as SQL that the database adds up for every product.

An age is days back from the last day that is over, which is 0. A day on which a product was out of stock is
not a day without demand: such days are found between two counts, from the last sale on to the next sale or
the next count with something in it, and are taken out of what rates are worked out of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.counted import Counted
from jobs.purchases import Part, PurchaseReader
from sql.statement.sentence import Name
from sql.types import Table
from telling.evidence import Caveat
from telling.phrases import escape_markdown
from telling.titles import title_of

WINDOW = 26
"""Weeks up to today that demand is read off."""
POOLED = 13
"""Weeks that the shop's usual spread counts for beside a product's own."""
LEAST_DAYS = 14
"""Days in stock below which nothing is said of a product's demand."""
DEFAULT_LEAD = 14
"""Days from order to delivery where nothing says how many."""
LEAST_DELIVERIES = 3
"""Deliveries of a product from which its own past tells its lead time."""
AROUND = 56
"""Days before and after a stock-out that tell what would have been sold."""
_TOGETHER = {"on_order": "SUM", "lead_time": "MAX", "unit_cost": "MAX"}
"""What stands beside stock, and what makes one figure of a product's several rows."""
_SUPPLY = ("supply_ordered", "supply_received")


class Shelf:
    """Reads for one request; everything passes the guard.

    Args:
        only: column → the values that products are limited to.
        by: a column that products are grouped by; empty for none.
        lead: days from order to delivery where the asker says so.
    Raises:
        Declined: the role sees groups only, may not see what is needed, or sees a part of the sales of a
            stock that it sees whole; or no way leads from the stock to its products.
    """

    def __init__(
        self, request: Request, tools: Tools, only: Mapping[str, Sequence[str]], by: str, lead: int | None
    ) -> None:
        self.request, self.workspace, self.lead = request, tools.workspace, lead
        self._only = tuple(only)
        self._sales = PurchaseReader(request, tools, {})
        self._bound = Counted(self._sales)
        self._counted = Counted(PurchaseReader(request, tools, only))
        self.by = by
        self._check_seen()
        self.has_past = bool(self._bound.past_view)
        self.beside = tuple(part for part in _TOGETHER if self._stands_beside(part))
        self.has_deliveries = self.lead is None and self._supply is not None

    # ---- what is bound ----------------------------------------------------------------------------------

    @property
    def lead_from(self) -> str:
        """What says how long a delivery takes: ``said``, ``deliveries``, ``column`` or ``nowhere``."""
        if self.lead is not None:
            return "said"
        return "deliveries" if self.has_deliveries else "column" if "lead_time" in self.beside else "nowhere"

    @property
    def is_dated(self) -> bool:
        """Whether it is known when today's stock was counted."""
        return self._bound.count_day is not None

    @property
    def is_frozen(self) -> bool:
        """Whether the shop's day is the last of its data, which is whole; a real today is still going on."""
        return self.workspace.shop.today is not None

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What is to be said of the sales that were read."""
        return self._sales.caveats

    @cached_property
    def last_day(self) -> dt.date:
        """The day of age 0."""
        return self.workspace.today - dt.timedelta(days=0 if self.is_frozen else 1)

    @property
    def has_amount(self) -> bool:
        """Whether the money of a row stands beside its pieces."""
        return "amount" in self._sold_columns

    @property
    def has_category(self) -> bool:
        """Whether what was sold leads to its category."""
        return "category" in self._sold_columns

    def _check_seen(self) -> None:
        shop, role = self.workspace.shop, self.workspace.role
        needed = ("on_hand", "product", "order_date", "quantity")
        if hidden := [part for part in needed if self._bound.column(part) is None]:
            names = (title_of(shop, self._bound.place(part)[1], self.request.language) for part in hidden)
            raise Declined("hidden", _safe(role=role.name, names=", ".join(names)))
        stock, sales = self._bound.place("on_hand")[0], self._bound.place("quantity")[0]
        if role.is_limited_in([sales]) and not role.is_limited_in([stock]):
            raise Declined("part_of_sales", _safe(role=role.name))

    def _stands_beside(self, part: str) -> bool:
        bound = self._bound
        columns = {"on_hand": bound.name("on_hand"), part: bound.name(part)}
        return bound.column(part) is not None and bound.leads(bound.home, columns)

    @cached_property
    def _supply(self) -> str | None:
        """Deliveries by product, as a table; ``None`` where they are not bound, seen or reached."""
        bound, (view, _) = self._bound, self._bound.place("supply_received")
        product = bound.part_in("product", view)
        if product is None or any(bound.column(part) is None for part in _SUPPLY):
            return None
        columns = {"product": product, **{part: bound.name(part) for part in _SUPPLY}}
        return self._sales.of_view(view, columns, "supply_rows")

    @cached_property
    def _sold_columns(self) -> tuple[Part, ...]:
        """What is read of what was sold; money and category where they stand beside it."""
        bound, home = self._bound, self._bound.place("quantity")[0]
        parts: tuple[Part, ...] = ("quantity", "product", "order_date")
        further: tuple[Part, ...] = ("amount", "category")
        for part in further:
            is_there = bound.column(part) is not None and (part != "amount" or bound.place(part)[0] == home)
            if is_there and bound.leads(home, {each: bound.name(each) for each in (*parts, part)}):
                parts = (*parts, part)
        return parts

    # ---- rows -------------------------------------------------------------------------------------------

    def _age(self, column: str) -> str:
        return self._sales.between(column, self._sales.day(self.last_day), "day")

    def sold(self) -> str:
        """``sold_days``: pieces of each product by age, and money where it stands beside; no returns."""
        paid = ", SUM(amount) AS paid" if self.has_amount else ""
        kind = ", MAX(category) AS category" if self.has_category else ""
        text, age = self._sales.rows(self._sold_columns, called="sold_rows"), self._age("order_date")
        return f"""{text},
sold_days AS (
  SELECT product, {age} AS age, SUM(quantity) AS units{paid}{kind} FROM sold_rows
  WHERE quantity > 0 AND product IS NOT NULL AND order_date IS NOT NULL AND {age} >= 0
  GROUP BY product, {age}
)"""

    def _now(self) -> str:
        """``now_stock``: each product's stock today and what stands beside it."""
        beside = {part: (self._bound.name(part), _TOGETHER[part]) for part in self.beside}
        if self.by:
            beside["grouped_by"] = (Name(self.by), "MAX")
        text = self._counted.now(beside, f"MIN({self._age('r.counted_on')})")
        if text is None:
            names = [
                str(self._bound.name("on_hand")),
                *(str(name) for name, _ in beside.values()),
                *self._only,
            ]
            raise Declined("no_way_between", _safe(names=", ".join(names)))
        return text

    def _emptied(self) -> str:
        """``empty_spells``, see :meth:`jobs.counted.Counted.emptied`; no row where levels are not known."""
        if not self.has_past:
            return """empty_spells AS (
  SELECT product, age AS first_age, age AS last_age FROM sold_days WHERE age < 0
)"""
        return self._bound.emptied(self._age)

    def supply(self) -> str:
        """``supply_days``: the days that each delivery took, by product."""
        taken = self._sales.between("supply_ordered", "supply_received", "day")
        return f"""{self._supply},
supply_days AS (
  SELECT product, {taken} AS days FROM supply_rows
  WHERE product IS NOT NULL AND supply_ordered IS NOT NULL AND {taken} >= 0
)"""

    # ---- demand -----------------------------------------------------------------------------------------

    def base(self) -> str:
        """What was sold, what is in stock, when it was not, and since when each product is known."""
        kind, no_kind, kinds = (
            (", category", ", NULL AS category", ", MAX(category) AS category")
            if self.has_category
            else ("", "", "")
        )
        seen = f"SELECT product, age{kind} FROM sold_days"
        if self.has_past:
            seen += f" UNION ALL SELECT product, age{no_kind} FROM levels"
        days = WINDOW * 7
        return f"""WITH {self.sold()},
{self._now()},
{self._emptied()},
seen_ages AS ({seen}),
known_ages AS (
  SELECT product, MAX(age) AS known_age{kinds},
    CASE WHEN MAX(age) + 1 < {days} THEN MAX(age) + 1 ELSE {days} END AS days
  FROM seen_ages GROUP BY product
)"""

    def demand(self) -> str:
        """``counted``: of each product in stock the pieces sold, its weeks' squares, and its days in stock.

        Days out of stock are no days, so that they add neither to what a rate is divided by nor, as weeks of
        nothing, to how weeks differ.
        """
        days = WINDOW * 7
        kind = ", k.category" if self.has_category else ""
        return f"""{self.base()},
empty_sums AS (
  SELECT product, SUM(CASE WHEN first_age < {days} THEN first_age + 1 ELSE {days} END - last_age) AS days
  FROM empty_spells WHERE last_age < {days} GROUP BY product
),
sold_weeks AS (
  SELECT product, SUM(units) AS units FROM sold_days WHERE age < {days} GROUP BY product, age - MOD(age, 7)
),
week_sums AS (
  SELECT product, SUM(units) AS units, SUM(units * units) AS squares FROM sold_weeks GROUP BY product
),
counted AS (
  SELECT n.product, COALESCE(s.units, 0) AS units, s.squares, COALESCE(e.days, 0) AS empty_days,
    k.days - COALESCE(e.days, 0) AS stocked{kind}
  FROM now_stock AS n LEFT JOIN known_ages AS k ON k.product = n.product
  LEFT JOIN week_sums AS s ON s.product = n.product LEFT JOIN empty_sums AS e ON e.product = n.product
)"""

    def run(self, sql: str) -> Table:
        """Check one statement and run it."""
        return self._sales.run(sql)

    def ratio(self, part: str, whole: str) -> str:
        """A quotient with its fraction."""
        return self._sales.ratio(part, whole)


def _safe(**values: str) -> dict[str, str]:
    return {name: escape_markdown(text) for name, text in values.items()}
