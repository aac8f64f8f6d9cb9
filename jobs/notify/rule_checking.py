"""A rule held against the data: the figure's past by checked statements, and the stretches in which it held.

A period is judged once it is over, as the other jobs take it. For a count, a period without rows is nothing,
from the first one with any on; a rate without anything below its line is not judged, nor is a period that a
role's least size of a group may hide. From nothing to something counts as more than any multiple.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.notify.rule import Alarm, Rule
from jobs.series import Grain, Reader, adds_up, among, conditions, day_of, last_over, moved
from jobs.unusual.watched import figures_of
from sql.errors import TwoWays, WrongStatement
from sql.lock.trees import print_tree
from sql.semantics import Metric
from sql.statement.compile import compile_statement
from sql.statement.seen import seen_shop
from sql.statement.sentence import Aggregate, Name, Statement, Value
from sql.types import Table
from sql.types import Value as Cell
from telling.phrases import escape_markdown

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
REPLAYED: dict[Grain, int] = {"day": 365, "week": 104, "month": 24}
"""Periods of the past that a rule is tried on when it is added."""
FILLED = 0.8
"""Share of the rows that the role may read at once that one statement is meant to bring."""
BEFORE: dict[Grain, int] = {"day": 35, "week": 13, "month": 6}
"""Periods before what is judged that are read besides: whoever had nothing in them is new."""
MOST_STATEMENTS = 24
"""For one figure; where the past needs more, half of it is taken, and so on."""
LEAST_REPLAYED = 4
"""Periods that are tried at least; where even these need more statements the rule is refused."""
_ROWS = Aggregate("COUNT", None)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A figure's past as a rule looks at it."""

    names: tuple[str, ...]
    """Values of the rule's column; one that is empty for the whole."""
    starts: tuple[dt.date, ...]
    """First day of each period; the shop's day alone for what stands in no time."""
    figures: Values
    """Shape (values, periods); NaN where it is not judged."""
    counts: Values
    """Of what makes the figure: what is counted, or what stands above a rate's line; else rows."""
    source: Table
    judged_from: int
    """Place of the first period that may be judged; those before are read to compare with."""

    @property
    def periods(self) -> int:
        """How many are judged."""
        return len(self.starts) - self.judged_from


# ---- when it held -----------------------------------------------------------------------------------------


def held(rule: Rule, seen: Seen) -> tuple[Flags, Values]:
    """Whether the rule held, and what each figure was held against (NaN for a level); shaped as figures."""
    figures, counts = seen.figures, seen.counts
    base = np.full_like(figures, np.nan)
    if rule.kind == "level":
        with np.errstate(invalid="ignore"):
            found = figures < rule.amount if rule.side == "below" else figures > rule.amount
    else:
        base[:, rule.shift :] = figures[:, : figures.shape[1] - rule.shift]
        before = np.full_like(counts, np.nan)
        before[:, rule.shift :] = counts[:, : counts.shape[1] - rule.shift]
        counts = np.fmax(counts, before)
        with np.errstate(invalid="ignore"):
            if rule.side == "above":
                found = (figures >= rule.amount * base) & (figures > base) & (base >= 0)
            else:
                found = (figures <= rule.amount * base) & (base > 0)
    if rule.least:
        with np.errstate(invalid="ignore"):
            found &= counts >= rule.least
    found[:, : seen.judged_from] = False
    return found, base


def alarms(rule: Rule, seen: Seen, already: Sequence[str] = ()) -> tuple[list[Alarm], tuple[str, ...]]:
    """Each stretch of periods in which it held, once; and for which values it holds at the end.

    Args:
        already: values for which it held in the period before the first that is judged; what goes on from
            there is none.
    """
    found, base = held(rule, seen)
    told, now = [], []
    for row, name in enumerate(seen.names):
        is_going_on = name in already
        first: int | None = None
        for place in range(seen.judged_from, len(seen.starts)):
            if not found[row, place]:
                is_going_on, first = False, None
            elif not is_going_on and first is None:
                first = place
                against = base[row, place]
                told.append(
                    Alarm(
                        value=name,
                        first=seen.starts[place],
                        last=seen.starts[place],
                        figure=float(seen.figures[row, place]),
                        base=None if np.isnan(against) else float(against),
                    )
                )
        if seen.periods and found[row, -1]:
            now.append(name)
    return sorted(told, key=lambda alarm: (alarm.first, alarm.value)), tuple(now)


# ---- reading ----------------------------------------------------------------------------------------------


def last_period(rule: Rule, tools: Tools) -> dt.date:
    """First day of the last period that is over; today for what stands in no time."""
    today = tools.workspace.today
    if rule.per == "now":
        return today
    return last_over(today, rule.per, is_frozen=tools.workspace.shop.today is not None)[0]


def look(rule: Rule, request: Request, tools: Tools, since: dt.date | None = None) -> Seen:
    """The figure's past.

    Args:
        since: first day of the first period that is judged; ``None`` for the replay of the past.
    Raises:
        Declined: the figure is not there for the role, or cannot be told by that column or those values.
    """
    metric = tools.vocabulary.metric(rule.metric)
    if metric is None:
        raise Declined("rule_gone", {"metric": escape_markdown(rule.metric)})
    try:
        return (
            _now(rule, metric, request, tools)
            if rule.per == "now"
            else _past(rule, metric, request, tools, since)
        )
    except _TooManyRows as error:
        raise Declined("rule_too_many", {"by": escape_markdown(rule.by or rule.metric)}) from error
    except (WrongStatement, TwoWays) as error:
        what = rule.by or ", ".join(rule.only) or rule.metric
        values = {"metric": escape_markdown(rule.metric), "what": escape_markdown(what)}
        raise Declined("rule_no_way", values) from error


def _now(rule: Rule, metric: Metric, request: Request, tools: Tools) -> Seen:
    by = (Name(rule.by),) if rule.by else ()
    statement = Statement(
        view=metric.view, items=(*by, Name(metric.name)), where=conditions(rule.only), groups=by
    )
    workspace = tools.workspace
    compiled = compile_statement(
        statement, seen_shop(workspace), workspace.catalog.dialect, workspace.today, workspace.role
    )
    request.on_sql(compiled.sql)
    table = workspace.run(compiled.sql, request.cancel)
    rows = [(str(row[0]) if by else "", row[-1]) for row in table.rows if not by or row[0] is not None]
    figures = np.array([[np.nan if cell is None else float(str(cell))] for _, cell in rows]).reshape(-1, 1)
    return Seen(
        names=tuple(name for name, _ in rows),
        starts=(workspace.today,),
        figures=figures,
        counts=np.full_like(figures, np.inf),
        source=table,
        judged_from=0,
    )


def _past(rule: Rule, metric: Metric, request: Request, tools: Tools, since: dt.date | None) -> Seen:
    grain: Grain = rule.per  # type: ignore[assignment]
    last = last_period(rule, tools)
    if since is not None:
        return _from(rule, metric, request, tools, (since, last))
    count = REPLAYED[grain]
    while True:
        try:
            return _from(rule, metric, request, tools, (moved(last, grain, 1 - count), last))
        except _TooManyRows as error:
            count //= 2
            if count < LEAST_REPLAYED:
                raise Declined("rule_too_many", {"by": escape_markdown(rule.by or rule.metric)}) from error


class _TooManyRows(Exception):
    """So much of the past would need more statements than one look may take."""


def _from(
    rule: Rule, metric: Metric, request: Request, tools: Tools, judged: tuple[dt.date, dt.date]
) -> Seen:
    grain: Grain = rule.per  # type: ignore[assignment]
    first, last = judged
    begin = moved(first, grain, -max(BEFORE[grain], rule.shift))
    found = figures_of([metric], tools)
    figure = found[0] if found else None
    rows = _Rows(rule, grain, begin, last, request, tools)
    if figure is None:
        if metric.last is None:
            rows.keep_to_those_with(metric.view, Name(metric.name), "rows_behind")
        above = rows.read(metric.view, Name(metric.name)) if metric.last is None else None
        only = above or rows.read(metric.view, Name(metric.name), with_rows=False)
        return rows.seen(first, only.names, only.values, only.counts if above else None, only.source)
    is_counted = adds_up(metric, tools.workspace.catalog.dialect) or figure.kind == "share"
    rows.keep_to_those_with(
        *figure.above,
        "rows_behind" if not is_counted or figure.kind in ("sum", "ratio")
        else "figure * rows_behind" if figure.is_mean else "figure",
        is_above_line=figure.below is not None and not figure.is_mean,
    )  # fmt: skip
    own = rows.read(*figure.above)
    if figure.below is None:
        counts = own.counts if figure.kind == "sum" else own.filled
        return rows.seen(first, own.names, own.filled, counts, own.source)
    if figure.is_mean:
        counts = own.values * own.counts if figure.kind == "share" else own.counts
        return rows.seen(first, own.names, own.values, counts, own.source)
    below = rows.read(*figure.below)
    names = tuple(dict.fromkeys((*below.names, *own.names)))
    over, under = own.of(names), below.of(names)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(under > 0, over / under, np.nan)
    return rows.seen(first, names, values, over if is_counted else own.of(names, own.counts), own.source)


@dataclass(frozen=True, kw_only=True)
class _One:
    """One figure by value and period as it came; NaN where no row was."""

    names: tuple[str, ...]
    values: Values
    counts: Values
    """Rows behind it."""
    source: Table
    is_hiding: bool
    """Whether small groups are left out, so that no row is not nothing."""

    @property
    def filled(self) -> Values:
        """With nothing where no row was, from the first period with any on."""
        if self.is_hiding:
            return self.values
        known = np.nan_to_num(self.values)
        return np.where(np.maximum.accumulate(known != 0, axis=1), known, np.nan)

    def of(self, names: Sequence[str], values: Values | None = None) -> Values:
        """The rows of ``names``, in their order; nothing for those that are not there."""
        known = self.filled if values is None else values
        places = {name: place for place, name in enumerate(self.names)}
        empty = np.full(known.shape[1], np.nan if self.is_hiding else 0.0)
        found = [known[places[name]] if name in places else empty for name in names]
        filled = np.array(found).reshape(len(names), known.shape[1])
        return filled if self.is_hiding else np.nan_to_num(filled)


class _Rows:
    """Reads for one rule: as few statements as the role's budget of rows allows."""

    def __init__(
        self, rule: Rule, grain: Grain, begin: dt.date, last: dt.date, request: Request, tools: Tools
    ) -> None:
        self._rule, self._grain, self._request, self._tools = rule, grain, request, tools
        self._asked = 0
        self._kept: tuple[Cell, ...] | None = None
        starts = [begin]
        while starts[-1] < last:
            starts.append(moved(starts[-1], self._grain, 1))
        self.starts = tuple(starts)

    def keep_to_those_with(
        self, view: str, figure: Value, counted: str, *, is_above_line: bool = False
    ) -> None:
        """Read from now on only values that ever had as many in a period as the rule needs, where it does.

        Args:
            counted: what the rule counts, of ``figure`` and ``rows_behind``.
            is_above_line: whether ``figure`` is only what stands above the line of a rate.
        """
        rule, workspace = self._rule, self._tools.workspace
        is_above = rule.kind == "level" and rule.side == "above" and not is_above_line
        if not (rule.by and (rule.least or is_above)) or workspace.role.minimum_group is not None:
            return
        having = [f"MAX({counted}) >= {rule.least}"] if rule.least else []
        having += [f"MAX(figure) > {rule.amount:.12g}"] if is_above else []
        table = self._counted(
            view,
            figure,
            f"""SELECT part, MAX({counted}) AS most FROM counted WHERE part IS NOT NULL GROUP BY part
HAVING {" AND ".join(having)} ORDER BY most DESC, part""",
        )
        if table.is_truncated:
            raise _TooManyRows
        self._kept = tuple(row[0] for row in table.rows)
        self._source = table

    def _counted(self, view: str, figure: Value, select: str) -> Table:
        """A statement over ``counted``: period, part, figure and rows behind it, of the whole time."""
        workspace, rule = self._tools.workspace, self._rule
        reader = self._reader(view, (figure, _ROWS), 0, len(self.starts) - 1)
        only = conditions(rule.only)
        if self._kept is not None:
            only = (*only, among(rule.by, self._kept))
        text = print_tree(reader.compile_series(only, rule.by).tree, workspace.catalog.dialect)
        sql = f"WITH counted (period, part, figure, rows_behind) AS ({text})\n{select}"
        self._request.on_sql(sql)
        return workspace.run(sql, self._request.cancel)

    def _reader(self, view: str, figures: Sequence[Value], first: int, last: int) -> Reader:
        return Reader(
            self._request, self._tools, view, figures, self._grain, self.starts[first], self.starts[last]
        )

    def read(self, view: str, figure: Value, *, with_rows: bool = True) -> _One:
        """A figure of a view by value and period, with the rows behind it."""
        figures = (figure, _ROWS) if with_rows else (figure,)
        if self._kept == ():
            empty = np.zeros((0, len(self.starts)))
            return _One(names=(), values=empty, counts=empty, source=self._source, is_hiding=False)
        tables = [
            table for part in self._stretches(view, figure) for table in self._tables(view, figures, *part)
        ]
        places = {day: place for place, day in enumerate(self.starts)}
        by = bool(self._rule.by)
        names: dict[str, int] = {} if by else {"": 0}
        cells: list[tuple[int, int, float, float]] = []
        for row in (row for table in tables for row in table.rows):
            day, name = day_of(row[0]), str(row[1]) if by else ""
            if day not in places or row[1 + by] is None or (by and row[1] is None):
                continue
            place = names.setdefault(name, len(names))
            count = float(str(row[2 + by])) if with_rows else np.inf
            cells.append((place, places[day], float(str(row[1 + by])), count))
        values = np.full((len(names), len(self.starts)), np.nan)
        counts = np.zeros((len(names), len(self.starts)))
        for row_at, at, value, count in cells:
            values[row_at, at], counts[row_at, at] = value, count
        if not by and not tables[0].rows:
            raise Declined("rule_no_rows", {"metric": escape_markdown(self._rule.metric)})
        is_hiding = tables[0].query.minimum_group is not None
        return _One(names=tuple(names), values=values, counts=counts, source=tables[0], is_hiding=is_hiding)

    def _stretches(self, view: str, figure: Value) -> list[tuple[int, int]]:
        """Periods that one statement each can bring, by the number of rows that there are."""
        periods, workspace = len(self.starts), self._tools.workspace
        if not self._rule.by or workspace.role.minimum_group is not None:
            return [(0, periods - 1)]
        rows = int(str(self._counted(view, figure, "SELECT COUNT(*) AS rows_found FROM counted").rows[0][0]))
        count = max(1, math.ceil(rows / (FILLED * workspace.role.limits.max_rows)))
        if count > MOST_STATEMENTS:
            raise _TooManyRows
        size = math.ceil(periods / count)
        return [(at, min(at + size, periods) - 1) for at in range(0, periods, size)]

    def _tables(self, view: str, figures: Sequence[Value], first: int, last: int) -> list[Table]:
        """In halves of the time where the rows are more than the role may read."""
        self._asked += 1
        if self._asked > 4 * MOST_STATEMENTS:
            raise _TooManyRows
        only = conditions(self._rule.only)
        if self._kept is not None:
            only = (*only, among(self._rule.by, self._kept))
        table = self._reader(view, figures, first, last).series(only, self._rule.by)
        if not table.is_truncated:
            return [table]
        if first == last:
            raise _TooManyRows
        middle = (first + last) // 2
        halves = (self._tables(view, figures, first, middle), self._tables(view, figures, middle + 1, last))
        return [table for half in halves for table in half]

    def seen(
        self, first: dt.date, names: Sequence[str], figures: Values, counts: Values | None, source: Table
    ) -> Seen:
        """What was read, from ``first`` on to be judged."""
        return Seen(
            names=tuple(names),
            starts=self.starts,
            figures=figures,
            counts=np.full_like(figures, np.inf) if counts is None else np.nan_to_num(counts),
            source=source,
            judged_from=next((at for at, day in enumerate(self.starts) if day >= first), len(self.starts)),
        )
