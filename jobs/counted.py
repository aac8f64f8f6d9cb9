"""What is in stock today, by product, for the jobs that need it; found by what the shop binds.

No job itself: it is no folder. What the role may not see is not there; every row comes by a statement of the
question language inside a statement that the guard checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from jobs.purchases import PurchaseReader
from sql.semantics import ViewColumn
from sql.shop.bindings import played_by
from sql.statement.seen import seen_shop
from sql.statement.sentence import Name


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
