"""What products sold by week and at which price, read for one request; the database adds up.

An age is days back from the last day that is over; a week is seven of them. Rows below zero (returns), rows
that were given away and rows that the metric of the bound amounts leaves out are none. However large the
shop, only its best sellers are read, and no statement brings more rows than the role may read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.counted import Counted
from jobs.purchases import Part, PurchaseReader
from sql.shop.measures import currency_column
from sql.statement.sentence import Name
from sql.types import Table
from telling.phrases import escape_markdown

if TYPE_CHECKING:
    import pandas as pd

WEEKS = 104
"""Weeks that are looked at: two courses of the year."""
MOST_KINDS = 10
"""Categories that are told beside one another at most, those that sell most."""
MOST_PRODUCTS = 60
"""Best sellers that are read of one category."""
MOST_OF_ALL = 120
"""Best sellers that are read of several together."""
MOST_SPELLS = 50
"""Stock-outs that are read of one product at most."""
MOST_CURRENCIES = 4
"""Named in a refusal."""

Values = Mapping[str, Sequence[str]]


class PriceRows:
    """Reads for one request.

    Args:
        products: column → values that name products; their categories are read beside them.
        only: column → values that all rows are limited to.
    Raises:
        Declined: the role sees groups only or may not see what is needed, or amounts are in several
            currencies.
    """

    def __init__(self, request: Request, tools: Tools, products: Values, only: Values) -> None:
        self.workspace = tools.workspace
        self._products = products
        self._reader = PurchaseReader(request, tools, only)
        self._bound = Counted(PurchaseReader(request, tools, {}))
        self._dialect = tools.workspace.catalog.dialect
        self._length = min(WEEKS, self._most)
        sees, home = self._reader.sees, self._home("quantity")
        self.has_list_price = sees("list_price") and self._home("list_price") == home
        self.has_kinds = sees("category") and self._leads("category")
        self.has_cost = self._bound.column("unit_cost") is not None and self._costs() is not None
        self.has_stock = bool(self._bound.past_view)
        self.last_day = self.workspace.today - dt.timedelta(days=0 if self.workspace.shop.today else 1)
        self._check_currency()

    @property
    def unit(self) -> str:
        """Of money."""
        return self._reader.unit or self.workspace.shop.currency

    # ---- statements -------------------------------------------------------------------------------------

    def named(self) -> Mapping[Hashable, Hashable]:
        """The named products that were ever sold, those that sold most first, each with its category."""
        found = self._run(
            f"""{self._sold(also=self._products)}
SELECT product, {self._kind("MAX")} AS kind, SUM(quantity) AS units FROM sold_lines
GROUP BY product ORDER BY units DESC, product LIMIT {min(MOST_PRODUCTS, self._most)}"""
        )
        return {row[0]: row[1] for row in found.rows}

    def largest(self, kinds: Sequence[Hashable] | None, spare: int = 0) -> Mapping[Hashable, Hashable]:
        """The best sellers of categories in turn, each with its category.

        Args:
            kinds: only these; ``None`` is the largest that there are.
            spare: products that are read besides.
        """
        most = max(1, min(MOST_OF_ALL, self._most) - spare)
        kept = "kind IN (SELECT kind FROM large_kinds)" if kinds is None else self._among("kind", kinds)
        found = self._run(
            f"""{self._sold()},
product_sums AS (
  SELECT product, {self._kind("MAX")} AS kind, SUM(quantity) AS units FROM sold_lines GROUP BY product
),
kind_sums AS (SELECT kind, SUM(units) AS units FROM product_sums WHERE kind IS NOT NULL GROUP BY kind),
large_kinds AS (SELECT kind FROM kind_sums ORDER BY units DESC, kind LIMIT {MOST_KINDS}),
ranked AS (
  SELECT product, kind, units, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY units DESC, product) AS place
  FROM product_sums WHERE {kept if self.has_kinds else "1 = 1"}
)
SELECT product, kind, units FROM ranked WHERE place <= {MOST_PRODUCTS}
ORDER BY place, units DESC, product LIMIT {most}"""
        )
        return {row[0]: row[1] for row in found.rows}

    def count(self) -> int:
        """How many products were sold at all."""
        found = self._run(f"{self._sold()}\nSELECT COUNT(DISTINCT product) AS products FROM sold_lines")
        return int(str(found.rows[0][0]))

    def weeks(self, products: Sequence[Hashable]) -> tuple[pd.DataFrame, Table]:
        """``sold`` of :func:`jobs.price.weeks.read_weeks`, and the first statement's table."""
        paid = self._reader.ratio("amount", "quantity")
        listed = "AVG(list_price)" if self.has_list_price else "NULL"
        charged = "list_price" if self.has_list_price else paid

        def asked(some: Sequence[Hashable]) -> str:
            return f"""{self._sold(some)}
SELECT product, age - MOD(age, 7) AS back, SUM(quantity) AS units, COUNT(*) AS lines,
  MAX(quantity) AS largest, AVG({paid}) AS paid, {listed} AS listed,
  MIN({charged}) AS cheapest, MAX({charged}) AS dearest
FROM sold_lines GROUP BY product, age - MOD(age, 7)"""

        names = (
            *("product", "back", "units", "lines", "largest", "paid", "listed"),
            *("cheapest", "dearest"),
        )
        return self._batches(products, names, asked, self._length)

    def totals(self, kinds: Sequence[Hashable]) -> pd.DataFrame:
        """``totals`` of :func:`jobs.price.weeks.read_weeks`."""
        kind = "category" if self.has_kinds else "NULL"

        def asked(some: Sequence[Hashable]) -> str:
            kept = self._among("category", some) if self.has_kinds else "1 = 1"
            return f"""{self._sold()}
SELECT {kind} AS kind, age - MOD(age, 7) AS back, SUM(quantity) AS units FROM sold_lines WHERE {kept}
GROUP BY {"category, " if self.has_kinds else ""}age - MOD(age, 7)"""

        return self._batches(kinds, ("kind", "back", "units"), asked, self._length)[0]

    def empty(self, products: Sequence[Hashable]) -> pd.DataFrame:
        """``empty`` of :func:`jobs.price.weeks.read_weeks`; no row where levels of the past are not known."""
        import pandas as pd

        if not self.has_stock:
            return pd.DataFrame({"product": [], "back": []})

        def asked(some: Sequence[Hashable]) -> str:
            return f"""{self._sold(some)},
sold_days AS (SELECT DISTINCT product, age FROM sold_lines),
{self._bound.emptied(self._age)}
SELECT product, first_age, last_age FROM empty_spells WHERE {self._among("product", some)}"""

        names = ("product", "first_age", "last_age")
        found = self._batches(products, names, asked, MOST_SPELLS)[0]
        spells = [
            (product, back)
            for product, first, last in found.itertuples(index=False)
            for back in range(int(last) // 7, min(int(first) // 7, self._length - 1) + 1)
        ]
        return pd.DataFrame(spells, columns=["product", "back"])

    def costs(self, products: Sequence[Hashable]) -> Mapping[Hashable, float]:
        """What a piece costs the shop, of each product that tells it; empty where it is not bound or seen."""
        if not self.has_cost:
            return {}

        def asked(some: Sequence[Hashable]) -> str:
            return f"""WITH {self._costs()}
SELECT product, MAX(unit_cost) AS unit_cost FROM cost_rows
WHERE unit_cost >= 0 AND {self._among("product", some)} GROUP BY product"""

        found = self._batches(products, ("product", "unit_cost"), asked, 1)[0]
        return {row.product: float(row.unit_cost) for row in found.itertuples(index=False)}

    # ---- parts of statements ----------------------------------------------------------------------------

    def _sold(self, products: Sequence[Hashable] | None = None, also: Values | None = None) -> str:
        """``sold_lines``: what was sold in the weeks that are looked at, with its age."""
        parts: list[Part] = ["product", "order_date", "quantity", "amount"]
        parts += ["list_price"] if self.has_list_price else []
        parts += ["category"] if self.has_kinds else []
        kept = f" AND {self._among('product', products)}" if products is not None else ""
        more = "".join(f", {part}" for part in ("list_price", "category") if part in parts)
        rows = self._reader.rows(parts, called="priced_rows", also=also)
        return f"""WITH {rows},
aged_rows AS (
  SELECT product, {self._age("order_date")} AS age, quantity, amount{more} FROM priced_rows
  WHERE product IS NOT NULL AND order_date IS NOT NULL AND quantity > 0 AND amount > 0{kept}
),
sold_lines AS (
  SELECT product, age, quantity, amount{more} FROM aged_rows WHERE age >= 0 AND age < {7 * self._length}
)"""

    def _age(self, column: str) -> str:
        return self._reader.between(column, self._reader.day(self.last_day), "day")

    def _kind(self, how: str) -> str:
        return f"{how}(category)" if self.has_kinds else "NULL"

    def _among(self, column: str, values: Sequence[Hashable]) -> str:
        texts = ", ".join(exp.convert(value).sql(self._dialect) for value in values if value is not None)
        return f"{column} IN ({texts})" if texts else f"{column} IS NULL"

    def _costs(self) -> str | None:
        """``cost_rows``: product and what a piece costs; ``None`` where no way leads between them."""
        view, bound = self._home("unit_cost"), self._bound
        product = bound.part_in("product", view)
        if product is None:
            return None
        columns = {"product": product, "unit_cost": bound.name("unit_cost")}
        return bound.reader.of_view(view, columns, "cost_rows")

    def _home(self, part: str) -> str:
        return self._bound.place(part)[0]

    def _leads(self, part: str) -> bool:
        names: dict[str, Name] = {each: self._bound.name(each) for each in ("quantity", part)}
        return self._bound.leads(self._home("quantity"), names)

    def _check_currency(self) -> None:
        """Amounts of several currencies are no prices that can be compared; raises ``Declined``."""
        view = next((v for v in self.workspace.guard.views if v.name == self._home("amount")), None)
        column = currency_column(view) if view is not None else None
        if column is None:
            return
        rows = self._reader.rows(["amount"], more=column.name, called="paid_rows")
        found = self._run(
            f"WITH {rows}\nSELECT DISTINCT grouped_by FROM paid_rows WHERE grouped_by IS NOT NULL "
            f"ORDER BY grouped_by LIMIT {MOST_CURRENCIES}"
        )
        if len(found.rows) > 1:
            told = {"names": ", ".join(str(row[0]) for row in found.rows), "column": column.name}
            told["first"] = str(found.rows[0][0])
            raise Declined("several_currencies", {key: escape_markdown(text) for key, text in told.items()})

    # ---- running ----------------------------------------------------------------------------------------

    @property
    def _most(self) -> int:
        return self.workspace.role.limits.max_rows

    def _batches(
        self,
        values: Sequence[Hashable],
        names: Sequence[str],
        asked: Callable[[Sequence[Hashable]], str],
        rows_each: int,
    ) -> tuple[pd.DataFrame, Table]:
        """Run a statement for as many values at a time as the role may read rows of."""
        import pandas as pd

        size = max(1, self._most // rows_each)
        tables = [self._run(asked(values[at : at + size])) for at in range(0, len(values), size)]
        frame = pd.DataFrame([row for table in tables for row in table.rows], columns=list(names))
        for name in names[1:]:
            frame[name] = pd.to_numeric(frame[name].map(lambda cell: None if cell is None else float(cell)))
        if "back" in names:
            frame["back"] = frame["back"] // 7
        return frame, tables[0]

    def _run(self, sql: str) -> Table:
        return self._reader.run(sql)
