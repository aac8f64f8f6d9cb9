"""What is in stock today, and when it was not, by product, for the jobs that need it; found by what is bound.

No job itself: it is no folder. What the role may not see is not there; every row comes by a statement of the
question language inside a statement that the guard checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from bot.errors import Declined
from jobs.purchases import PurchaseReader
from sql.semantics import ViewColumn
from sql.shop.bindings import played_by
from sql.statement.seen import seen_shop
from sql.statement.sentence import Name
from telling.phrases import escape_markdown


class Counted:
    """Stock as one reader sees it, limited as that reader is.

    ``on_hand`` must be bound and seen where :meth:`now` is asked for.
    """

    def __init__(self, reader: PurchaseReader) -> None:
        self.reader, self._bindings = reader, reader.workspace.shop.bindings
        self._seen = seen_shop(reader.workspace)

    @property
    def home(self) -> str:
        """The view of today's stock."""
        return self.place("on_hand")[0]

    def place(self, part: str) -> tuple[str, str]:
        """View and column that a part is bound to; both empty where it is not."""
        view, _, column = self._bindings.get(part, "").partition(".")
        return view, column

    def column(self, part: str) -> ViewColumn | None:
        """The column that plays a part, where it is bound and the role may see it."""
        view, column = self.place(part)
        seen = self._seen.view(view) if view else None
        return seen.column(column) if seen is not None else None

    def name(self, part: str) -> Name:
        """The column that a part is bound to."""
        view, column = self.place(part)
        return Name(column, view)

    def leads(self, view: str, columns: Mapping[str, Name]) -> bool:
        """Whether a view has or leads to all of these."""
        return self.reader.of_view(view, columns, "reached") is not None

    def part_in(self, part: str, view: str) -> Name | None:
        """The column of another view that holds what a part's does: of its name, played there, or led to."""
        seen, bound = self._seen.view(view), self.column(part)
        if seen is None or bound is None:
            return None
        own = seen.column(bound.name) or played_by(part, seen, self._bindings)
        if own is not None and own.type == bound.type:
            return Name(own.name, view)
        name = self.name(part)
        return name if self.leads(view, {part: name}) else None

    @cached_property
    def count_day(self) -> Name | None:
        """The day that today's stock was counted on, where it stands beside it."""
        seen = self._seen.view(self.home)
        played = played_by("stock_date", seen, self._bindings) if seen is not None else None
        return Name(played.name, self.home) if played is not None else None

    def now(self, beside: Mapping[str, tuple[Name, str]], counted: str = "") -> str | None:
        """``now_stock``: product, ``on_hand`` and what stands beside it, of each product's latest count.

        Args:
            beside: what it is called → the column, and the aggregate that makes one of several rows.
            counted: an expression of ``r.counted_on`` that becomes ``counted_age``; empty for none.
        Returns:
            Tables as SQL; ``None`` where no way leads from the stock to its products.
        """
        product = self.part_in("product", self.home)
        if product is None:
            return None
        columns = {"product": product, "on_hand": self.name("on_hand")}
        columns |= {called: name for called, (name, _) in beside.items()}
        latest, rows = "", "stock_rows AS r"
        if self.count_day is not None:
            columns["counted_on"] = self.count_day
            latest = """,
latest_counts AS (SELECT product, MAX(counted_on) AS counted_on FROM stock_rows GROUP BY product)"""
            rows += " JOIN latest_counts AS c ON c.product = r.product AND c.counted_on = r.counted_on"
        text = self.reader.of_view(self.home, columns, "stock_rows")
        if text is None:
            return None
        more = "".join(f", {how}(r.{called}) AS {called}" for called, (_, how) in beside.items())
        age = f", {counted} AS counted_age" if counted and self.count_day is not None else ""
        return f"""{text}{latest},
now_stock AS (
  SELECT r.product, SUM(r.on_hand) AS on_hand{more}{age} FROM {rows}
  WHERE r.product IS NOT NULL AND r.on_hand IS NOT NULL GROUP BY r.product
)"""

    # ---- when there was none ----------------------------------------------------------------------------

    @cached_property
    def past_view(self) -> str:
        """The view with levels of past days; empty where none is bound or seen."""
        view, _ = self.place("stock_date")
        level = "on_hand" if view == self.home else "past_on_hand"
        is_seen = self.column("stock_date") is not None and self.column(level) is not None
        return view if is_seen and view == self.place(level)[0] else ""

    def emptied(self, age: Callable[[str], str]) -> str:
        """``empty_spells``: stretches of days on which a product was out of stock, by age, none twice.

        ``sold_days``, with product and age, must stand before it, and ``past_view`` be known.

        Args:
            age: days back as an expression of a column that holds a day.
        Raises:
            Declined: no way leads from the levels to their products.
        """
        view = self.past_view
        level = self.name("on_hand" if view == self.home else "past_on_hand")
        product = self.part_in("product", view) or self.name("product")
        columns = {"product": product, "on_hand": level, "counted_on": self.name("stock_date")}
        text = self.reader.of_view(view, columns, "level_rows")
        if text is None:
            raise Declined(
                "no_way_between", {"names": escape_markdown(", ".join(map(str, columns.values())))}
            )
        counted, by_age = age("counted_on"), "OVER (PARTITION BY product ORDER BY age DESC)"
        sold_before = "MIN(CASE WHEN s.age >= n.age THEN s.age END)"
        sold_after = "MAX(CASE WHEN s.age < n.age THEN s.age END)"
        return f"""{text},
levels AS (
  SELECT product, {counted} AS age, SUM(on_hand) AS level FROM level_rows
  WHERE product IS NOT NULL AND on_hand IS NOT NULL AND {counted} >= 0 GROUP BY product, {counted}
),
neighbours AS (
  SELECT product, age, level, LAG(level) {by_age} AS level_before, LAG(age) {by_age} AS age_before,
    LEAD(level) {by_age} AS level_after, LEAD(age) {by_age} AS age_after
  FROM levels
),
empty_ends AS (
  SELECT n.product,
    COALESCE({sold_before}, CASE WHEN level_before <= 0 THEN age_before ELSE n.age + 1 END) - 1 AS first_age,
    CASE WHEN level_after <= 0 THEN n.age ELSE COALESCE({sold_after}, age_after, -1) + 1 END AS last_age
  FROM neighbours AS n
  LEFT JOIN sold_days AS s ON s.product = n.product
    AND s.age < COALESCE(age_before, n.age + 1) AND s.age >= COALESCE(age_after, 0)
  WHERE level <= 0 GROUP BY n.product, n.age, level_before, age_before, level_after, age_after
),
empty_spells AS (
  SELECT product, first_age, last_age FROM empty_ends WHERE first_age >= last_age AND first_age >= 0
)"""
