"""Who bought when, for the jobs about customers and orders: rows of bound columns, and days of purchase.

The rows are read by a statement of the question language, which finds the way between views and holds the
asker's conditions; SQL goes on from them inside the same statement, so that the database counts and only what
is told comes back. Everything passes the guard.

A purchase is a day on which a customer bought something: several orders of one day are one, what is below
zero (a return) is none, nor is what the metric that sums the amounts leaves out (a cancelled order), and
neither rows without a customer nor those after the shop's day count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from bot.errors import Declined
from bot.job import Request, Tools
from sql import times
from sql.errors import TwoWays, WrongStatement
from sql.lock.trees import print_tree
from sql.statement.compile import compile_statement
from sql.statement.seen import seen_shop
from sql.statement.sentence import (
    Among,
    AnyOf,
    Compare,
    Condition,
    Empty,
    Name,
    Number,
    Statement,
    Text,
)
from sql.statement.sold_only import counted_under
from sql.types import Table
from sql.types import Value as Cell
from telling.evidence import Caveat
from telling.phrases import escape_markdown
from telling.titles import title_of

Part = Literal[
    "customer", "order_date", "amount", "quantity", "list_price", "order", "product", "category", "country"
]


FEW_SEVERAL = 0.05
"""Share of customers who may have several values of what customers are grouped by."""
_PAID: tuple[Part, ...] = ("customer", "order_date", "amount")
_ADDED_UP: tuple[Part, ...] = ("amount", "quantity")
"""Parts that would be added up once for each row of another home."""


class PurchaseReader:
    """Reads for one request. Each statement is told and run within the role's budget.

    Args:
        only: column → the values that rows are limited to.
    Raises:
        Declined: the role sees groups only, so nothing can be put together for each customer or order.
    """

    def __init__(self, request: Request, tools: Tools, only: Mapping[str, Sequence[str]]) -> None:
        self.request, self.workspace = request, tools.workspace
        self.dialect = tools.workspace.catalog.dialect
        self.today = tools.workspace.today
        self._shop = seen_shop(tools.workspace)
        self._only = _among(only)
        self._counts_unsold = False
        if tools.workspace.role.minimum_group is not None:
            raise Declined("only_groups", {"role": escape_markdown(tools.workspace.role.name)})

    # ---- rows -------------------------------------------------------------------------------------------

    def sees(self, part: Part) -> bool:
        """Whether a part is bound to a column that the role may see."""
        place = self.workspace.shop.bindings.get(part)
        return place is not None and self._is_seen(*place.split(".", 1))

    @cached_property
    def has_amount(self) -> bool:
        """Whether amounts stand in rows that lead to their customer and day."""
        if not self.sees("amount"):
            return False
        items = tuple(self._name(part) for part in _PAID if self.sees(part))
        return self._compiled(Statement(view=self._name("amount").of, items=items)) is not None

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """That what was read counts rows which the shop's figures leave out; once it was read."""
        return (("counts_unsold", {"role": self.workspace.role.name}),) if self._counts_unsold else ()

    @property
    def unit(self) -> str:
        """Of money; empty where no amounts are seen."""
        if not self.has_amount:
            return ""
        view, column = self.workspace.shop.bindings["amount"].split(".", 1)
        found = self.workspace.shop.view(view)
        known = found.column(column) if found is not None else None
        return (known.unit if known is not None else "") or self.workspace.shop.currency

    def rows(
        self,
        parts: Sequence[Part],
        *,
        more: str = "",
        called: str = "bought_rows",
        also: Mapping[str, Sequence[str]] | None = None,
        is_sold: bool = False,
    ) -> str:
        """The bound columns of every row up to the shop's day, as a table with the parts' names.

        A column that several rows of another view stand beside is reached from there.

        Args:
            more: a further column, by its name alone, called ``grouped_by``.
            called: what the table is called.
            also: column → the values that rows are limited to besides.
            is_sold: without rows whose amount is below zero, where amounts stand in these rows.
        Raises:
            Declined: one of them is hidden from the role, or no way leads from one to the others.
        """
        hidden = [part for part in parts if not self.sees(part)]
        if hidden:
            names = [self._title(part) for part in hidden]
            values = {"role": self.workspace.role.name, "names": ", ".join(names)}
            raise Declined("hidden", {name: escape_markdown(text) for name, text in values.items()})
        items = [*map(self._name, parts), *([Name(more)] if more else [])]
        where = (*self._until_today(parts), *self._only, *_among(also or {}))
        added_up = [part for part in _ADDED_UP if part in parts]
        homes = [self._name(part).of for part in added_up[:1] or parts]
        for home in dict.fromkeys(homes):
            conditions = (*where, *(self._no_returns(home) if is_sold else ()))
            sold = Statement(view=home, items=tuple(items), where=(*conditions, *self._counted))
            text = self._compiled(sold)
            if text is None and (text := self._compiled(replace(sold, where=conditions))) is not None:
                self._counts_unsold |= bool(self._counted)
            if text is not None:
                named = {"order": "order_key"}  # ORDER is a word of SQL
                names = [*(named.get(part, part) for part in parts), *(["grouped_by"] if more else [])]
                return f"{called} ({', '.join(names)}) AS ({text})"
        names = [str(item) for item in (*items, *(c.left for c in self._only))]
        raise Declined("no_way_between", {"names": escape_markdown(", ".join(names))})

    def of_view(self, view: str, columns: Mapping[str, Name], called: str) -> str | None:
        """Columns of every row of a view, each under its key, as a table; ``None``: no way leads there."""
        text = self._compiled(Statement(view=view, items=tuple(columns.values()), where=self._only))
        return f"{called} ({', '.join(columns)}) AS ({text})" if text is not None else None

    def days(self, *, by: str = "") -> str:
        """``buying_days``: customer, day, what was paid, whether anything was bought; one row a day.

        The rows stand before it. Without an amount that the role may see, ``amount`` is 1 for each day.

        Args:
            by: a column whose value of each day is ``grouped_by``; of several the last by name.
        """
        parts: list[Part] = ["customer", "order_date"]
        if self.has_amount:
            parts.append("amount")
        paid = "SUM(amount)" if self.has_amount else "1"
        is_bought = "MAX(CASE WHEN amount < 0 THEN 0 ELSE 1 END)" if self.has_amount else "1"
        group = ", grouped_by" if by else ""
        day = times.grain_start("order_date", "day", self.dialect).sql(self.dialect)
        amount = ", amount" if self.has_amount else ""
        latest = ", MAX(grouped_by) AS grouped_by" if by else ""
        return f"""{self.rows(parts, more=by)},
dated_rows AS (
  SELECT customer, {day} AS bought_on{amount}{group} FROM bought_rows
  WHERE customer IS NOT NULL AND order_date IS NOT NULL
),
buying_days AS (
  SELECT customer, bought_on, {paid} AS paid, {is_bought} AS is_bought{latest}
  FROM dated_rows GROUP BY customer, bought_on
)"""

    def has_one_each(self, column: str) -> bool:
        """Whether nearly every customer has one value of a column, so that customers are grouped by it.

        Raises:
            Declined: no way leads there from who bought.
        """
        counted = self.run(
            f"""WITH {self.rows(["customer", "order_date"], more=column)},
ends AS (
  SELECT customer, MIN(grouped_by) AS low, MAX(grouped_by) AS high FROM bought_rows
  WHERE customer IS NOT NULL GROUP BY customer
)
SELECT COUNT(*) AS customers, SUM(CASE WHEN low < high THEN 1 ELSE 0 END) AS several FROM ends"""
        )
        customers, several = (float(str(cell or 0)) for cell in counted.rows[0])
        return several <= FEW_SEVERAL * customers

    def _until_today(self, parts: Sequence[Part]) -> tuple[Condition, ...]:
        if "order_date" not in parts:
            return ()
        return (Compare(self._name("order_date"), "<=", Text(self.today.isoformat())),)

    @cached_property
    def _counted(self) -> tuple[Condition, ...]:
        """Under which the metric of the bound amounts counts a row: cancelled orders are no purchases."""
        view, _, column = self.workspace.shop.bindings.get("amount", "").partition(".")
        metrics = (
            m for m in self.workspace.shop.metrics if m.view == view
        )  # also what the role does not see
        found = next((c for m in metrics if (c := counted_under(m, column, self.dialect)) is not None), None)
        if found is None:
            return ()
        return (found.with_parts(lambda part: replace(part, of=view) if isinstance(part, Name) else part),)

    def _no_returns(self, home: str) -> tuple[Condition, ...]:
        if not self.sees("amount") or self._name("amount").of != home:
            return ()
        amount = self._name("amount")
        return (AnyOf((Compare(amount, ">=", Number("0")), Empty(amount))),)

    def _compiled(self, statement: Statement) -> str | None:
        """The statement as SQL; ``None`` where no way leads from its view to what it names."""
        try:
            compiled = compile_statement(statement, self._shop, self.dialect, self.today, self.workspace.role)
        except (WrongStatement, TwoWays):
            return None
        return print_tree(compiled.tree, self.dialect)

    def _name(self, part: Part) -> Name:
        view, _, column = self.workspace.shop.bindings[part].partition(".")
        return Name(column, view)

    def _is_seen(self, view: str, column: str) -> bool:
        seen = self._shop.view(view)
        return seen is not None and seen.column(column) is not None

    def _title(self, part: Part) -> str:
        place = self.workspace.shop.bindings.get(part, part)
        return title_of(self.workspace.shop, place.rpartition(".")[2], self.request.language)

    # ---- statements -------------------------------------------------------------------------------------

    def run(self, sql: str) -> Table:
        """Check one statement and run it."""
        self.request.on_sql(sql)
        return self.workspace.run(sql, self.request.cancel)

    def day(self, day: dt.date) -> str:
        """A written day."""
        return times.day_value(day, self.dialect).sql(self.dialect)

    def starts(self, column: str, unit: times.Unit) -> str:
        """The first day of the unit of a column."""
        return times.grain_start(column, unit, self.dialect).sql(self.dialect)

    def between(self, first: str, last: str, unit: times.Unit) -> str:
        """Units from one column's day to another's."""
        return times.units_between(first, last, unit, self.dialect).sql(self.dialect)

    def ratio(self, part: str, whole: str) -> str:
        """A quotient with its fraction."""
        return times.ratio(part, whole, self.dialect).sql(self.dialect)


def _among(only: Mapping[str, Sequence[str]]) -> tuple[Among, ...]:
    return tuple(Among(Name(column), tuple(map(Text, each))) for column, each in only.items())


def parted(
    said: Mapping[str, Sequence[str]], product: str
) -> tuple[dict[str, Sequence[str]], dict[str, Sequence[str]]]:
    """Column → values parted into those that name products and those that limit rows otherwise.

    Args:
        product: the bound column; its names in other languages are called after it (``product_zh``).
    """
    of = {c: v for c, v in said.items() if c == product or c.startswith(f"{product}_")}
    return of, {column: values for column, values in said.items() if column not in of}


def day_of(cell: Cell) -> dt.date:
    """The day of a cell that holds one; SQLite's are texts."""
    from sql.shop.workspace import as_date

    day = as_date(cell)
    assert day is not None, cell
    return day
