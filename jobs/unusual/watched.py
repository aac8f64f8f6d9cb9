"""What a shop has that can be watched, and its past as arrays: metrics as a whole and by values of columns.

All rows come by checked statements, as few as the role's budget of rows allows: one for the figures of a view
as a whole, and one for each column of it, cut into stretches of time where it would be too long.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from sqlglot import exp

from bot.job import Request, Tools
from jobs.series import Reader, adds_up, among, day_of, has_time, is_sum, last_over, moved, start_of
from jobs.unusual.detection import PACES, Detection, Flags, Kind, Values, detect
from jobs.unusual.episodes import Series
from sql.errors import UnsafeQuery, WrongStatement
from sql.semantics import Metric
from sql.statement.parse import parse
from sql.statement.sentence import Aggregate, Calc, Name, Value
from sql.types import Table
from sql.types import Value as Cell

Rhythm = Literal["day", "week"]
Rows = dict[str, dict[Value, Values]]
"""Value of a column → figure → its past; the key of a whole is empty."""
PERIODS: dict[Rhythm, int] = {"day": 760, "week": 112}
"""Periods of the past that are read at most, the latest: two years, and some before they can be judged."""
FEW = 12
"""Values up to which a column's are all watched."""
LARGEST = 12
"""Values of a wider column that are watched: the largest of the past."""
LATEST = 3
"""And of the period that is looked at."""
ENOUGH: dict[Kind, float] = {"count": 5.0, "share": 5.0, "sum": 20.0, "ratio": 20.0}
"""Rows a day, for each value of a column, from which it is watched by day: of few amounts one is half."""
LEAST_COUNT = 0.2
"""Mean of a count in a period below which it is too rare to be watched."""
LEAST_BELOW = 3.0
"""The same of what stands below the line of a rate."""
LEAST_FILLED = 0.7
"""Share of periods with any of it that an amount needs."""
_ROWS = Aggregate("COUNT", None)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How a metric is watched."""

    metric: Metric
    kind: Kind
    above: tuple[str, Value]
    """View, and what is read of it: the figure itself, or what stands above the line."""
    below: tuple[str, Value] | None = None
    """What stands below it; ``None`` for what adds up."""
    is_mean: bool = False
    """Whether ``above`` is read as the rate itself, which is multiplied by ``below`` again."""

    @property
    def homes(self) -> tuple[str, ...]:
        """The views that it is read of."""
        return tuple(dict.fromkeys([self.above[0], *([self.below[0]] if self.below else [])]))


@dataclass(kw_only=True)
class LeftOut:
    """Series that are not watched, by the reason why."""

    young: int = 0
    sparse: int = 0
    hidden: int = 0
    """A role's least size of a group hides some of their periods."""
    wide: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Column → how many of its values are watched, and how many there are."""


@dataclass(frozen=True, kw_only=True)
class One:
    """One series as it was read; NaN before it began."""

    series: Series
    counts: Values
    exposure: Values
    rows: Values
    """How many rows an amount is of; NaN where that is not known or does not matter."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """All series of one grain, judged."""

    grain: Rhythm
    series: tuple[Series, ...]
    starts: tuple[dt.date, ...]
    """First day of each period."""
    detection: Detection


@dataclass(frozen=True, kw_only=True)
class Past:
    """Everything that was watched."""

    watched: tuple[Watched, ...]
    left_out: LeftOut
    first: dt.date | None
    """First day with any rows; ``None`` where there are none."""
    last: dt.date | None
    """Last day with any."""
    source: Table | None
    """The first table that was read."""
    reader: Reader | None
    """And what read it."""

    @property
    def count(self) -> int:
        """How many series are watched."""
        return sum(len(each.series) for each in self.watched)

    @property
    def begins(self) -> dt.date | None:
        """The first day that could be judged; ``None`` where none could."""
        days = [each.starts[each.detection.pace.needed] for each in self.watched]
        return min(days, default=None)


def figures_of(metrics: Sequence[Metric], tools: Tools) -> list[Figure]:
    """Those of the metrics that can be watched: sums, counts, shares of rows, and quotients of two such."""
    found = (_figure(metric, tools) for metric in metrics)
    return [figure for figure in found if figure is not None]


def _figure(metric: Metric, tools: Tools) -> Figure | None:
    known, dialect = tools.vocabulary, tools.workspace.catalog.dialect
    if metric.is_composed:
        return _composed(metric, tools)
    if metric.last is not None or not has_time(metric, known):
        return None
    own = (metric.view, Name(metric.name))
    tree = metric.tree(dialect).unnest()
    if is_sum(tree):
        return Figure(metric=metric, kind="sum" if metric.unit else "count", above=own)
    below = (metric.view, _ROWS)
    if metric.time is not None:  # its rows are counted by another clock
        return None
    if isinstance(tree, exp.Avg) and isinstance(case := tree.this.unnest(), exp.Case):
        is_share = case.args.get("default") is not None
        return Figure(metric=metric, kind="share", above=own, below=below, is_mean=True) if is_share else None
    if isinstance(tree, exp.Div) and is_sum(tree.left) and is_sum(tree.right):
        return Figure(metric=metric, kind="ratio", above=own, below=below, is_mean=True)
    return None


def _composed(metric: Metric, tools: Tools) -> Figure | None:
    """One metric over another, both of which add up."""
    try:
        made = parse(f"SELECT {metric.sql} FROM x").items[0]
    except WrongStatement:
        return None
    if not (isinstance(made, Calc) and made.sign == "/"):
        return None
    above, below = (_summed(side, tools) for side in (made.left, made.right))
    if above is None or below is None:
        return None
    is_counted = not above.unit and not below.unit
    return Figure(
        metric=metric,
        kind="share" if is_counted and metric.unit == "%" else "ratio",
        above=(above.view, Name(above.name)),
        below=(below.view, Name(below.name)),
    )


def _summed(node: Value, tools: Tools) -> Metric | None:
    """The metric of that name, where it adds up and stands in time."""
    metric = tools.vocabulary.metric(node.text) if isinstance(node, Name) else None
    if metric is None or not adds_up(metric, tools.workspace.catalog.dialect):
        return None
    return metric if has_time(metric, tools.vocabulary) else None


# ---- reading ----------------------------------------------------------------------------------------------


class Watcher:
    """Reads and judges the past of some figures.

    Args:
        by: the only column whose values are told apart; empty for all that can be.
        looked_at: first and last day that are asked about; the largest values of that time are watched too.
    """

    def __init__(
        self,
        request: Request,
        tools: Tools,
        figures: Sequence[Figure],
        by: str,
        looked_at: tuple[dt.date, dt.date],
    ) -> None:
        self.request, self.tools, self.figures, self.by = request, tools, figures, by
        self.looked_at = looked_at
        self.left_out = LeftOut()
        self.source: Table | None = None
        self.reader: Reader | None = None
        self._read: dict[tuple[str, Rhythm, str], Rows] = {}
        role, shop = tools.workspace.role, tools.workspace.shop
        self.most_rows = role.limits.max_rows
        today, is_frozen = tools.workspace.today, shop.today is not None
        self.starts: dict[Rhythm, list[dt.date]] = {}
        for grain, count in PERIODS.items():
            last, _ = last_over(today, grain, is_frozen=is_frozen)
            self.starts[grain] = [moved(last, grain, step) for step in range(1 - count, 1)]
        self.items: dict[str, tuple[Value, ...]] = {}
        for figure in figures:
            for view, item in filter(None, (figure.above, figure.below)):
                self.items[view] = tuple(dict.fromkeys((*self.items.get(view, ()), item)))
        for view, items in self.items.items():
            if has_rows(view, tools):
                self.items[view] = tuple(dict.fromkeys((*items, _ROWS)))

    def watch(self) -> Past:
        """Read everything and judge it; views that the role may not ask like this are left out."""
        rows: dict[Rhythm, list[One]] = {"day": [], "week": []}
        for figure in self.figures:
            if (grain := self._grain(figure, 1)) is not None:
                rows[grain] += self._series(figure, grain, "", ("",))
        for column, views in self._columns().items():
            values = self._values(column, views)
            _, parts = self.left_out.wide.get(column, (0, len(values)))
            for figure in self.figures:
                grain = self._grain(figure, parts)
                if values and grain is not None and all(view in views for view in figure.homes):
                    rows[grain] += self._series(figure, grain, column, values)
        watched = [self._judged(grain, found) for grain, found in rows.items() if found]
        days = self._days()
        return Past(
            watched=tuple(watched),
            left_out=self.left_out,
            first=min(days, default=None),
            last=max(days, default=None),
            source=self.source,
            reader=self.reader,
        )

    # ---- what is read at what grain -------------------------------------------------------------------

    def _grain(self, figure: Figure, values: int) -> Rhythm | None:
        """By day where there is enough a day for so many values, else by week; ``None`` where it hides."""
        smallest = self.tools.workspace.role.minimum_group or 0
        least = values * max(ENOUGH[figure.kind], 3.0 * smallest if values > 1 else 0.0)
        if all(self._a_day(view) >= least for view in figure.homes):
            return "day"
        return "week" if all(self._of(view, "week", "", ("",)) for view in figure.homes) else None

    def _a_day(self, view: str) -> float:
        """Rows of a view on a middling day of the last quarter of a year."""
        found = self._of(view, "day", "", ("",)).get("", {})
        item = _ROWS if _ROWS in found else next(iter(found), None)
        if item is None:
            return 0.0
        rows = found[item]
        if np.isnan(rows).any():  # days are hidden from the role
            return 0.0
        recent = rows[max(int((rows != 0).argmax()), len(rows) - 91) :]
        return float(np.median(recent)) if item == _ROWS else ENOUGH["count"] * (np.mean(recent != 0) >= 0.95)

    def _columns(self) -> dict[str, list[str]]:
        """Columns with few values, and those bound to a product, category or country: name → views."""
        found: dict[str, list[str]] = defaultdict(list)
        bound = {place.rpartition(".")[2] for place in self.tools.workspace.shop.bindings.values()}
        known = self.tools.vocabulary
        for view in map(known.view, self.items):
            for column in view.columns if view is not None else ():
                assert view is not None
                values = known.values.get((view.name, column.name), ())
                is_few = (view.name, column.name) in known.whole_values and 2 <= len(values) <= FEW
                is_text = column.type == "text" and not column.is_key
                if self.by:
                    is_taken = column.name == self.by
                else:
                    is_taken = is_text and (is_few or (column.name in bound and column.sampled))
                if is_taken:
                    found[column.name].append(view.name)
        return found

    def _values(self, column: str, views: Sequence[str]) -> tuple[Cell, ...]:
        """The values of a column that are watched, in all views alike; the largest where there are many."""
        known = self.tools.vocabulary
        places = [(view, column) for view in views]
        all_of = dict.fromkeys(v for place in places for v in known.values.get(place, ()))
        if all(place in known.whole_values for place in places) and len(all_of) <= FEW:
            return tuple(all_of)
        found: dict[Cell, None] = {}
        for first, last, most in ((None, None, LARGEST), (*self.looked_at, LATEST)):
            for view in views:
                found |= dict.fromkeys(self._largest(view, column, first, last, most))
        self.left_out.wide[column] = (len(found), max(len(found), len(all_of)))
        return tuple(found)

    def _largest(
        self, view: str, column: str, first: dt.date | None, last: dt.date | None, most: int
    ) -> tuple[Cell, ...]:
        days = self.starts["day"]
        items = self.items[view]
        figure = _ROWS if _ROWS in items else items[0]
        reader = Reader(self.request, self.tools, view, (figure,), "day", first or days[0], last or days[-1])
        try:
            values, _ = reader.largest(column, (), most)
        except (WrongStatement, UnsafeQuery):
            return ()
        return values

    # ---- series ---------------------------------------------------------------------------------------

    def _series(self, figure: Figure, grain: Rhythm, by: str, values: Sequence[Cell]) -> list[One]:
        """The series of a figure that there is enough of, with what stands above and below the line."""
        found = []
        for value in map(str, values):
            here = self._of(figure.above[0], grain, by, values).get(value, {})
            above = here.get(figure.above[1])
            below = (
                self._of(figure.below[0], grain, by, values).get(value, {}).get(figure.below[1])
                if figure.below
                else None
            )
            if above is None or (below is None and figure.below is not None):
                continue
            exposure = np.ones_like(above) if below is None else np.nan_to_num(below)
            counts = above * exposure if figure.is_mean else above
            counts = np.where(np.isnan(counts) & (exposure == 0), 0.0, counts)
            if self._is_enough(figure.kind, counts, exposure, grain):
                series = Series(
                    metric=figure.metric.name,
                    kind=figure.kind,
                    unit=figure.metric.unit,
                    views=figure.homes,
                    by=by,
                    value=value,
                )
                began = _is_begun(counts, exposure)
                rows = here.get(_ROWS) if figure.kind == "sum" else None
                found.append(
                    One(
                        series=series,
                        counts=np.where(began, counts, np.nan),
                        exposure=np.where(began, exposure, np.nan),
                        rows=np.full_like(counts, np.nan) if rows is None else rows,
                    )
                )
        return found

    def _is_enough(self, kind: Kind, counts: Values, exposure: Values, grain: Rhythm) -> bool:
        """Whether there is enough to know what is usual; what is left out is counted."""
        if np.isnan(counts).any():
            self.left_out.hidden += 1
            return False
        is_some = counts != 0 if kind in ("count", "sum") else exposure > 0
        if not is_some.any():
            return False
        began = int(is_some.argmax())
        counts, exposure = counts[began:], exposure[began:]
        if len(counts) <= PACES[grain].needed:
            self.left_out.young += 1
            return False
        is_enough = (
            float(np.abs(counts).mean()) >= LEAST_COUNT
            if kind in ("count", "share")
            else float((counts != 0).mean()) >= LEAST_FILLED
        )
        if kind in ("share", "ratio"):
            is_enough &= float(exposure.mean()) >= LEAST_BELOW
        self.left_out.sparse += not is_enough
        return is_enough

    def _judged(self, grain: Rhythm, rows: Sequence[One]) -> Watched:
        counts = np.array([each.counts for each in rows])
        exposure = np.array([each.exposure for each in rows])
        behind = np.array([each.rows for each in rows])
        starts = self.starts[grain]
        since = int((~np.isnan(counts)).any(axis=0).argmax())
        passed_over = sum(there - taken for taken, there in self.left_out.wide.values())
        detection = detect(
            counts[:, since:],
            exposure[:, since:],
            [each.series.kind for each in rows],
            PACES[grain],
            first=starts[since].weekday() if grain == "day" else 0,
            unseen=passed_over if grain == "week" else 0,
            rows=behind[:, since:],
        )
        series = tuple(each.series for each in rows)
        return Watched(grain=grain, series=series, starts=tuple(starts[since:]), detection=detection)

    # ---- rows -----------------------------------------------------------------------------------------

    def _of(self, view: str, grain: Rhythm, by: str, values: Sequence[Cell]) -> Rows:
        """What was read, once; nothing where the role may not ask like this."""
        key = (view, grain, by)
        if key not in self._read:
            self._read[key] = self._allowed(view, self.items[view], grain, by, values)
        return self._read[key]

    def _allowed(
        self, view: str, items: tuple[Value, ...], grain: Rhythm, by: str, values: Sequence[Cell]
    ) -> Rows:
        """The figures that can be read so: all at once, else each by itself."""
        try:
            return self._rows_of(view, items, grain, by, values)
        except (WrongStatement, UnsafeQuery):
            found: Rows = {}
            for item in items if len(items) > 1 else ():
                for value, rows in self._allowed(view, (item,), grain, by, values).items():
                    found.setdefault(value, {}).update(rows)
            return found

    def _rows_of(
        self, view: str, items: tuple[Value, ...], grain: Rhythm, by: str, values: Sequence[Cell]
    ) -> Rows:
        starts = self.starts[grain]
        place = {start: at for at, start in enumerate(starts)}
        found = {str(value): np.full((len(items), len(starts)), np.nan) for value in values}
        step = max(1, self.most_rows // len(values))
        is_grouped = False
        for at in range(0, len(starts), step):
            part = starts[at : at + step]
            reader = Reader(self.request, self.tools, view, items, grain, part[0], part[-1])
            table = reader.series((among(by, values),) if by else (), by)
            self.source, self.reader = self.source or table, self.reader or reader
            is_grouped |= table.query.minimum_group is not None
            for row in table.rows:
                day = day_of(row[0])
                value = str(row[1]) if by else ""
                if day is None or value not in found or (when := place.get(start_of(day, grain))) is None:
                    continue
                found[value][:, when] = [_number(cell) for cell in row[2 if by else 1 :]]
        return {
            value: dict(zip(items, self._filled(rows, is_grouped=is_grouped), strict=True))
            for value, rows in found.items()
        }

    def _filled(self, rows: Values, *, is_grouped: bool) -> Values:
        """Periods without a row are empty; of a role that sees large groups only they may be hidden."""
        if not is_grouped:
            return np.nan_to_num(rows)
        known: Flags = np.asarray(~np.isnan(rows).all(axis=0))
        began = int(known.argmax()) if known.any() else len(known)
        filled = rows.copy()
        filled[:, :began] = 0.0
        return filled

    def _days(self) -> list[dt.date]:
        """The first and the last period of each view with any rows."""
        days = []
        for view in self.items:
            grain: Rhythm = "day" if self._read.get((view, "day", "")) else "week"
            for rows in self._read.get((view, grain, ""), {}).get("", {}).values():
                some = np.flatnonzero(np.nan_to_num(rows))
                if len(some):
                    last = moved(self.starts[grain][some[-1]], grain, 1) - dt.timedelta(days=1)
                    days += [self.starts[grain][some[0]], last]
        return days


def has_rows(view: str, tools: Tools) -> bool:
    """Whether its rows can be counted by time: it has a time that the role sees."""
    known = tools.vocabulary.view(view)
    return bool(known and known.time and known.column(known.time))


def _is_begun(counts: Values, exposure: Values) -> Flags:
    """From the first period with any of it on."""
    began = int(((counts != 0) | ((exposure != 0) & (exposure != 1))).argmax())
    return np.arange(len(counts)) >= began


def _number(cell: object) -> float:
    return float("nan") if cell is None else float(str(cell))
