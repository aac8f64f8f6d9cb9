"""What one customer bought: how often, what, at which rhythm; counted by the database in checked statements.

A purchase is what ``jobs.purchases`` takes for one: a day on which something was bought.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Tools
from jobs.customer_card.customer_reading import Reader
from jobs.made_tables import made, rounded
from jobs.order_gaps.gaps import LAST_BAND, gaps_sql
from jobs.purchases import Part, PurchaseReader, day_of
from jobs.series import among
from sql.errors import QueryTimeout, QueryTooLarge, TwoWays, WrongStatement
from sql.names import quoted
from sql.shop.row_names import name_columns
from sql.statement.compile import compile_statement
from sql.statement.seen import seen_shop
from sql.statement.sentence import Compare, Name, Statement, Text
from sql.types import Column, Table, Value

MOST_KINDS = 20
"""Products, or categories, that a table of them has."""
LEAST_OWN = 4
"""Waits of a customer from which their own are what is usual."""
LEAST_SHOPS = 30
"""Waits of all customers from which these are."""
LONG = 0.9
"""Share of waits that were no longer than what is taken for late."""
PURCHASES, FIRST, LAST, SINCE = range(4)
"""Columns of the summary."""


@dataclass(frozen=True, kw_only=True)
class Bought:
    """Purchases so far; each a place among the tables."""

    summary: int
    """One row: purchases, the first and the last day, days since."""
    value: int | None
    """One row: what the shop counts as revenue of it; ``None`` where amounts are not seen."""
    last: int | None
    """Products of the last purchase."""
    has_any: bool


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How long such a customer waits for the next purchase."""

    own: int | None
    """The customer's own waits in days, a row each, the shortest first."""
    middle: int
    """The row of ``own`` with the median."""
    usual: int | None
    """The shop's waits after as many purchases, in quantiles; ``None`` where they are too few."""
    usual_row: int
    late: tuple[int, int, str] | None
    """Table, row and column of the wait that is exceeded; ``None`` where none is."""


class CustomerPurchases:
    """Reads the purchases of one customer."""

    def __init__(self, purchases: PurchaseReader, reader: Reader, key: Value, tools: Tools) -> None:
        self.purchases, self.reader, self.key, self.tools = purchases, reader, key, tools
        self.who = reader.written(key)
        """The customer, as SQL."""

    def bought(self) -> Bought:
        """Raises ``Declined`` where the role does not see who bought when."""
        purchases, today = self.purchases, self.purchases.day(self.purchases.today)
        table = purchases.run(
            f"""WITH {purchases.days()},
own AS (
  SELECT SUM(is_bought) AS purchases, MIN(CASE WHEN is_bought = 1 THEN bought_on END) AS first_on,
    MAX(CASE WHEN is_bought = 1 THEN bought_on END) AS last_on, SUM(paid) AS paid
  FROM buying_days WHERE customer = {self.who}
)
SELECT purchases, first_on, last_on, {purchases.between("last_on", today, "day")} AS days_since, paid
FROM own"""
        )
        count, first, last, since, paid = table.rows[0]
        has_any = bool(count)
        days = (day_of(first), day_of(last)) if has_any else (None, None)
        columns = (
            Column(name="purchases", type="integer"),
            Column(name="first_purchase", type="date"),
            Column(name="last_purchase", type="date"),
            Column(name="days_since", type="integer"),
        )
        row = (rounded(count or 0), *days, rounded(since))
        summary = self.reader.keep(made(table, columns, [row], {}))
        return Bought(
            summary=summary,
            value=self._value(table, paid) if has_any else None,
            last=self._last(last) if has_any else None,
            has_any=has_any,
        )

    def _value(self, summary: Table, paid: Value) -> int | None:
        """What the shop counts as revenue of the customer, else the bound amount."""
        if (revenue := self._revenue()) is not None:
            return self.reader.keep(revenue)
        if not self.purchases.has_amount:
            return None
        column = Column(name="value_so_far", type="number")
        labels = {column.name: self.purchases.unit}
        return self.reader.keep(made(summary, (column,), [(rounded(paid),)], labels))

    def _revenue(self) -> Table | None:
        vocabulary, workspace = self.tools.vocabulary, self.tools.workspace
        metric = vocabulary.metric("revenue") or next(iter(vocabulary.money), None)
        if metric is None or metric.is_composed:
            return None
        shop = seen_shop(workspace)
        view = shop.view(metric.view)
        time = metric.time or (view.time if view is not None else None)
        until = (Compare(Name(time), "<=", Text(workspace.today.isoformat())),) if time is not None else ()
        statement = Statement(
            view=metric.view,
            items=(Name(metric.name),),
            where=(among(self.reader.places.bound, [self.key]), *until),
        )
        try:
            compiled = compile_statement(
                statement, shop, workspace.catalog.dialect, workspace.today, workspace.role
            )
        except (WrongStatement, TwoWays):
            return None
        table = self.reader.run(compiled.sql)
        return replace(table, labels={table.columns[0].name: metric.unit}) if table.rows else None

    # ---- what was bought --------------------------------------------------------------------------------

    def _last(self, day: Value) -> int | None:
        start = self.purchases.starts("order_date", "day")
        table = self._kinds("product", f"{start} = {self.purchases.day(day_of(day))}")
        return self.reader.keep(table) if table is not None and table.rows else None

    def interests(self) -> tuple[int, ...]:
        """Tables of categories and products, bought on most days first; none for what is not seen."""
        parts: tuple[Part, ...] = ("category", "product")
        found = map(self._kinds, parts)
        return tuple(self.reader.keep(table) for table in found if table is not None and table.rows)

    def _kinds(self, part: Part, where: str = "") -> Table | None:
        """Values of a bound column with days of purchase and, where rows have amounts, what was paid."""
        view, _, column = self.reader.shop.bindings.get(part, "").partition(".")
        seen = self.reader.seen(view)
        if view and seen is None:
            self.reader.hide(view)
        if seen is None or not self.reader.shows(seen, column):
            return None
        target = self.reader.named(seen, column)
        what, join = f"b.{part}", ""
        if target is not None:
            key, label = (quoted(n, self.reader.dialect) for n in (target.key[0], name_columns(target)[0]))
            what = f"n.{label}"
            join = f"LEFT JOIN {quoted(target.name, self.reader.dialect)} AS n ON n.{key} = b.{part}"
        for parts in self._with_amounts_first(part):
            paid = "SUM(b.amount)" if "amount" in parts else "NULL"
            try:
                rows = self.purchases.rows(parts, is_sold=True)
            except Declined:  # no way leads there
                continue
            tests = [f"b.customer = {self.who}", f"{what} IS NOT NULL", *([where] if where else [])]
            days = f"COUNT(DISTINCT {self.purchases.starts('order_date', 'day')})"
            table = self.reader.run(
                f"""WITH {rows}
SELECT {what} AS kind, {days} AS purchases, {paid} AS paid FROM bought_rows AS b {join}
WHERE {" AND ".join(tests)} GROUP BY {what} ORDER BY purchases DESC, paid DESC, kind LIMIT {MOST_KINDS}"""
            )
            columns = (Column(name=column, type="text"), *table.columns[1:])
            made_of = [(row[0], rounded(row[1]), rounded(row[2])) for row in table.rows]
            return made(table, columns, made_of, {"paid": self.purchases.unit})
        return None

    def _with_amounts_first(self, part: Part) -> tuple[tuple[Part, ...], ...]:
        plain: tuple[Part, ...] = ("customer", "order_date", part)
        return ((*plain, "amount"), plain) if self.purchases.has_amount else (plain,)

    # ---- rhythm -----------------------------------------------------------------------------------------

    def rhythm(self, bought: Bought) -> Rhythm:
        """The customer's own waits beside the shop's, and whether the one that goes on is long."""
        reader, purchases = self.reader, self.purchases
        own = reader.run(
            f"""WITH {purchases.days()},
own AS (
  SELECT bought_on, LAG(bought_on) OVER (ORDER BY bought_on) AS before_on
  FROM buying_days WHERE is_bought = 1 AND customer = {self.who}
)
SELECT {purchases.between("before_on", "bought_on", "day")} AS days_between FROM own
WHERE before_on IS NOT NULL ORDER BY days_between"""
        )
        waits = [(rounded(row[0]),) for row in own.rows]
        column = Column(name="days_between", type="integer")
        place = reader.keep(made(own, (column,), waits, {})) if waits and not own.is_truncated else None
        count, _, _, since = reader.tables[bought.summary].rows[0]
        usual, usual_row = self._usual(int(str(count)))
        long: tuple[int, int, str] | None = None
        if place is not None and len(waits) >= LEAST_OWN:
            long = (place, math.ceil(LONG * len(waits)) - 1, "days_between")
        elif usual is not None:
            long = (usual, usual_row, "high_80")
        return Rhythm(
            own=place,
            middle=(len(waits) - 1) // 2,
            usual=usual,
            usual_row=usual_row,
            late=long if long is not None and _number(since) > _number(self._cell(*long)) else None,
        )

    def _usual(self, count: int) -> tuple[int | None, int]:
        """The table of the shop's waits and its row for so many purchases."""
        try:
            table = self.reader.run(gaps_sql(self.purchases, is_by_band=True))
        except (QueryTimeout, QueryTooLarge):
            return None, 0
        for number, row in enumerate(table.rows):
            if int(str(row[0])) == min(count, LAST_BAND) and int(str(row[2] or 0)) >= LEAST_SHOPS:
                labels = dict.fromkeys((column.name for column in table.columns), "") | {"share_again": "%"}
                return self.reader.keep(replace(table, labels=labels)), number
        return None, 0

    def _cell(self, table: int, row: int, column: str) -> Value:
        names = [each.name for each in self.reader.tables[table].columns]
        return self.reader.tables[table].rows[row][names.index(column)]


def _number(value: Value) -> float:
    return float(str(value))
