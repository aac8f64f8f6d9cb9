"""Statements about single things of a shop, an order or a customer, as the asker's role may see them.

They are written here, all through the guard; what a card shows of them and what was hidden is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.job import Request
from sql.names import literal, quoted
from sql.semantics import View
from sql.shop.row_names import name_columns
from sql.types import Table, Value
from telling.titles import title_of, view_title

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


class CardReader:
    """Reads one shop as one role; keeps the tables that an answer shows and what was hidden.

    In every statement the view that is read is called ``o``.
    """

    def __init__(self, request: Request, workspace: Workspace) -> None:
        self.request, self.workspace = request, workspace
        self.shop, self.dialect = workspace.shop, workspace.catalog.dialect
        self.tables: list[Table] = []
        self.hidden: dict[str, None] = {}
        """What the role may not see of what a card shows, in words and in order."""
        self.codes: frozenset[str] = frozenset()
        """Columns whose numbers say which one and not how many, besides keys and links."""
        self._seen = {view.name.lower(): view for view in workspace.guard.views}

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

    def shows(self, view: View, name: str) -> bool:
        """Whether the role sees a column of a view; what it does not see is noted."""
        if view.column(name) is None:
            self.hide(view.name, name)
        return view.column(name) is not None

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
        return f"{self.column(name)} = {self.written(value)}"

    def refers(self, name: str, view: View, key: str, by: str, value: Value) -> str:
        """The condition that a column holds the ``key`` of a row of ``view`` whose ``by`` has a value."""
        own, other = (f"i.{quoted(each, self.dialect)}" for each in (key, by))
        source = f"{quoted(view.name, self.dialect)} AS i"
        return f"{self.column(name)} IN (SELECT {own} FROM {source} WHERE {other} = {self.written(value)})"

    def written(self, value: Value) -> str:
        """A value that was read before, as a statement writes it."""
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
            target = self.named(view, name) if name in by_name else None
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
        keys = {*view.key, *view.refs, *self.codes}
        keys |= {column.name for column in view.columns if column.is_key}
        units = {column.name: column.unit for column in view.columns}
        labels = {column.name: units.get(column.name, "") for column in table.columns}
        return replace(table, keys=frozenset(keys), labels=labels)

    def named(self, view: View, name: str) -> View | None:
        """The view whose names a column stands for, where it refers to one that the role may see."""
        target = self.seen(view.refs.get(name, ""))
        if target is None or len(target.key) != 1 or target.column(target.key[0]) is None:
            return None
        return target if name_columns(target) else None
