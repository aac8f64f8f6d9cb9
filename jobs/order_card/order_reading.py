"""Statements about orders, as the asker's role may see them: written here, all through the guard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import Declined
from bot.job import Request
from jobs.order_card.order_places import Linked, find_places
from sql.names import literal, quoted
from sql.semantics import View
from sql.shop.row_names import name_columns
from sql.types import Table, Value
from telling.phrases import escape_markdown
from telling.titles import title_of, view_title

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


class Reader:
    """Reads the orders of one shop as one role; keeps the tables that an answer shows and what was hidden.

    In every statement the view that is read is called ``o``.

    Raises:
        Declined: the role may not see orders, or their numbers.
    """

    def __init__(self, request: Request, workspace: Workspace) -> None:
        self.request, self.workspace = request, workspace
        self.shop, self.dialect = workspace.shop, workspace.catalog.dialect
        self.places = find_places(workspace.shop)
        self.tables: list[Table] = []
        self.hidden: dict[str, None] = {}
        """What the role may not see of what a card shows, in words and in order."""
        self._seen = {view.name.lower(): view for view in workspace.guard.views}
        self.orders = self._seen_orders()
        """As the role sees it."""
        is_seen = self.orders.column(self.places.key) is not None
        self.key = self.places.key if is_seen else self.places.number
        """The column by which one order is told from others."""

    def _seen_orders(self) -> View:
        view, number, language = self.places.orders, self.places.number, self.request.language
        seen = self.seen(view.name)
        if seen is not None and seen.column(number) is not None:
            return seen
        name = (
            view_title(self.shop, view.name, language)
            if seen is None
            else title_of(self.shop, number, language)
        )
        role = escape_markdown(self.workspace.role.name)
        raise Declined("hidden", {"names": escape_markdown(name), "role": role})

    def seen(self, name: str) -> View | None:
        """The view of that name with the columns that the role may see; ``None`` where it sees none."""
        return self._seen.get(name.lower())

    def hide(self, view: str, column: str = "") -> None:
        """Note that the role may not see a view, or one column of it."""
        language = self.request.language
        name = view_title(self.shop, view, language)
        if column:
            between = "的" if language == "zh" else ": "
            name = f"{name}{between}{title_of(self.shop, column, language)}"
        self.hidden[name] = None

    def keep(self, table: Table) -> int:
        """Show ``table`` with the answer; its place there."""
        self.tables.append(table)
        return len(self.tables) - 1

    # ---- statements -------------------------------------------------------------------------------------

    def run(self, sql: str) -> Table:
        """Raises the errors of ``sql``."""
        self.request.on_sql(sql)
        return self.workspace.run(sql, self.request.cancel)

    def column(self, name: str) -> str:
        """A column of the view that is read, as a statement writes it."""
        return f"o.{quoted(name, self.dialect)}"

    def source(self, view: View) -> str:
        """What stands behind FROM."""
        return f"{quoted(view.name, self.dialect)} AS o"

    def equals(self, name: str, value: Value) -> str:
        """The condition that a column holds a value which was read before."""
        return f"{self.column(name)} = {self._written(value)}"

    def refers(self, name: str, items: Linked, key: Value) -> str:
        """The condition that a column holds the key of one of an order's items."""
        own, order = (f"i.{quoted(each, self.dialect)}" for each in (items.view.key[0], items.by_order))
        source = f"{quoted(items.view.name, self.dialect)} AS i"
        return f"{self.column(name)} IN (SELECT {own} FROM {source} WHERE {order} = {self._written(key)})"

    def _written(self, value: Value) -> str:
        is_number = not isinstance(value, str | bool) and re.fullmatch(r"-?[0-9.]+", str(value)) is not None
        return str(value) if is_number else literal(str(value), self.dialect)

    def listed(self, texts: Iterable[str]) -> str:
        """Texts as they stand in IN."""
        return ", ".join(literal(each, self.dialect) for each in dict.fromkeys(texts))

    def select(
        self,
        view: View,
        names: Sequence[str],
        where: str,
        *,
        more: Sequence[tuple[str, str]] = (),
        by_name: Iterable[str] = (),
        latest_first: str = "",
        is_distinct: bool = False,
    ) -> Table:
        """Rows of a view.

        Args:
            names: columns of ``view``.
            more: further columns, as expressions and what they are called.
            by_name: those of ``names`` that are shown as the names of what they refer to.
            latest_first: the column to sort by.
        """
        shown: list[str] = []
        joins: list[str] = []
        for name in names:
            target = self._named(view, name) if name in by_name else None
            if target is None:
                shown.append(self.column(name))
                continue
            alias, own = f"n{len(joins)}", quoted(name, self.dialect)
            key, label = (quoted(each, self.dialect) for each in (target.key[0], name_columns(target)[0]))
            named = quoted(target.name, self.dialect)
            joins.append(f"LEFT JOIN {named} AS {alias} ON {alias}.{key} = {self.column(name)}")
            shown.append(f"{alias}.{label} AS {own}")
        shown += [f"{expression} AS {name}" for expression, name in more]
        table = self.run(
            " ".join(
                [
                    f"SELECT {'DISTINCT ' if is_distinct else ''}{', '.join(shown)} FROM {self.source(view)}",
                    *joins,
                    f"WHERE {where}",
                    *([f"ORDER BY {self.column(latest_first)} DESC"] if latest_first else []),
                ]
            )
        )
        keys = {*view.key, *view.refs, self.places.number, self.places.key, self.places.state}
        keys |= {column.name for column in view.columns if column.is_key}
        units = {column.name: column.unit for column in view.columns}
        labels = {column.name: units.get(column.name, "") for column in table.columns}
        return replace(table, keys=frozenset(keys), labels=labels)

    def _named(self, view: View, name: str) -> View | None:
        """The view whose names a column stands for, where it refers to one that the role may see."""
        target = self.seen(view.refs.get(name, ""))
        if target is None or len(target.key) != 1 or target.column(target.key[0]) is None:
            return None
        return target if name_columns(target) else None
