"""Metrics over time, for the jobs that look at their past: what adds up, units of the calendar, reading.

No job itself: it is no folder. Every row comes by a statement of the question language that the guard
checked, within the role's budget.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from sqlglot import exp

from bot.job import Request, Tools
from sql.question.linking import Vocabulary
from sql.semantics import Metric
from sql.statement.compile import Compiled, compile_statement
from sql.statement.seen import seen_shop
from sql.statement.sentence import (
    Among,
    Condition,
    During,
    Name,
    Number,
    Order,
    Statement,
    Text,
    Truth,
    Value,
)
from sql.statement.sentence import Grain as Unit
from sql.types import Dialect, Table
from sql.types import Value as Cell

Grain = Literal["day", "week", "month"]
DAYS = {"day": 1, "week": 7}


# ---- metrics ----------------------------------------------------------------------------------------------


def adds_up(metric: Metric, dialect: Dialect) -> bool:
    """Whether a metric is a sum or a count; no rate, level or average."""
    if metric.is_composed or metric.last is not None:
        return False
    return is_sum(metric.tree(dialect))


def is_sum(tree: exp.Expr) -> bool:
    """Whether an expression is a sum or a count, or sums of such."""
    tree = tree.unnest()
    if isinstance(tree, exp.Add | exp.Sub):
        return is_sum(tree.left) and is_sum(tree.right)
    return isinstance(tree, exp.Sum | exp.Count)


def has_time(metric: Metric, known: Vocabulary) -> bool:
    """Whether it stands in time, as the role sees it; of a metric with a view."""
    view = known.view(metric.view)
    return bool(metric.time or (view and view.time and view.column(view.time)))


# ---- the calendar -----------------------------------------------------------------------------------------


def start_of(day: dt.date, grain: Grain) -> dt.date:
    """First day of its period; weeks begin on Monday."""
    if grain == "month":
        return day.replace(day=1)
    return day - dt.timedelta(days=day.weekday()) if grain == "week" else day


def moved(start: dt.date, grain: Grain, by: int) -> dt.date:
    """The first day of the period ``by`` later."""
    if grain == "month":
        index = start.year * 12 + start.month - 1 + by
        return dt.date(index // 12, index % 12 + 1, 1)
    return start + dt.timedelta(days=by * DAYS[grain])


def last_over(today: dt.date, grain: Grain, *, is_frozen: bool) -> tuple[dt.date, bool]:
    """First day of the last period that is over, and whether another one has begun.

    Args:
        is_frozen: the shop's day is the last of its data, which is whole; a real today is still going on.
    """
    start = start_of(today, grain)
    last = moved(start, grain, 1) - dt.timedelta(days=1)
    if last < today or (last == today and is_frozen):
        return start, False
    return moved(start, grain, -1), True


def day_of(value: Cell) -> dt.date | None:
    """The day of a cell that holds a time; else ``None``."""
    from sql.shop.workspace import as_date

    return as_date(value)


# ---- reading ----------------------------------------------------------------------------------------------


def conditions(only: Mapping[str, Sequence[str]]) -> tuple[Condition, ...]:
    """Column → the values that rows are limited to."""
    return tuple(Among(Name(column), tuple(map(Text, values))) for column, values in only.items())


def among(column: str, values: Sequence[Cell]) -> Condition:
    """Rows whose column has one of these values, of whatever type they are."""
    return Among(Name(column), tuple(map(known_value, values)))


def known_value(value: Cell) -> Value:
    """A cell as the question language writes it."""
    if isinstance(value, bool):
        return Truth(value)
    return Number(str(value)) if isinstance(value, int) else Text(str(value))


class Reader:
    """Asks for the past of figures of one view, statement by statement, all through the guard.

    Its methods raise ``WrongStatement`` where no way leads from a figure to its time or to a column, and the
    guard's and the database's errors.

    Args:
        figures: metrics of that view, or aggregates.
        first, last: first days of the first and the last period.
    """

    def __init__(
        self,
        request: Request,
        tools: Tools,
        view: str,
        figures: Sequence[Value],
        grain: Grain,
        first: dt.date,
        last: dt.date,
    ) -> None:
        self.request, self.workspace = request, tools.workspace
        self.shop = seen_shop(tools.workspace)
        self.view, self.figures = view, tuple(figures)
        self.unit = Unit(grain.upper())
        end = moved(last, grain, 1) - dt.timedelta(days=1)
        self.during = During(f"from {first.isoformat()} to {end.isoformat()}")
        self.compiled: Compiled | None = None
        """The first statement that was asked."""

    def series(self, only: tuple[Condition, ...] = (), by: str = "") -> Table:
        """The figures by unit of time, and beside it by the values of a column."""
        return self._run(self._series(only, by))

    def compile_series(self, only: tuple[Condition, ...] = (), by: str = "") -> Compiled:
        """The same, not run: for what goes on from it inside one statement."""
        workspace = self.workspace
        return compile_statement(
            self._series(only, by),
            self.shop,
            workspace.catalog.dialect,
            workspace.today,
            workspace.role,
        )

    def _series(self, only: tuple[Condition, ...], by: str) -> Statement:
        column = (Name(by),) if by else ()
        return Statement(
            view=self.view,
            items=(self.unit, *column, *self.figures),
            where=(self.during, *only),
            groups=(self.unit, *column),
            order=(Order(self.unit),),
        )

    def largest(self, by: str, only: tuple[Condition, ...], count: int) -> tuple[tuple[Cell, ...], bool]:
        """The values of a column with most of the first figure, and whether there are more."""
        rows = self.parts(by, only, count + 2).rows
        values = [row[0] for row in rows if row[0] is not None]
        return tuple(values[:count]), len(values) > count

    def parts(self, by: str, only: tuple[Condition, ...], limit: int) -> Table:
        """The figures of each value of a column over the whole time, the largest first."""
        return self._run(
            Statement(
                view=self.view,
                items=(Name(by), *self.figures),
                where=(self.during, *only),
                groups=(Name(by),),
                order=(Order(self.figures[0], is_descending=True),),
                limit=limit,
            )
        )

    def _run(self, statement: Statement) -> Table:
        workspace = self.workspace
        compiled = compile_statement(
            statement, self.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        self.compiled = self.compiled or compiled
        self.request.on_sql(compiled.sql)
        return workspace.run(compiled.sql, self.request.cancel)


def hides_periods(table: Table, grain: Grain) -> bool:
    """Whether a role's least size of a group left periods out, which are not to be taken for empty ones."""
    days = [day for row in table.rows if (day := day_of(row[0])) is not None]
    if table.query.minimum_group is None or not days:
        return False
    return any(moved(day, grain, 1) != after for day, after in pairwise(days))
