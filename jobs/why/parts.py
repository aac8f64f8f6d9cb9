"""What a metric and its parts amount to in a stretch of days, and in the past: read through the guard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bot.job import Request, Tools
from jobs.series import day_of, known_value, moved, start_of
from jobs.why.contributions import Amounts, Values, over
from jobs.why.held_against import Stretch, unit_of
from jobs.why.summands import Figure, Term, words_of
from sql.errors import QueryTooLarge, UnsafeQuery, WrongStatement
from sql.semantics import View, ViewColumn
from sql.statement.compile import Compiled, compile_statement
from sql.statement.seen import seen_shop
from sql.statement.sentence import Among, Condition, During, Grain, Name, Order, Since, Statement, Value
from sql.types import Table
from sql.types import Value as Cell

NEWNESS = "new_or_returning_customers"
"""Parts by whether a customer bought for the first time."""
MOST_COLUMNS = 14
LARGEST = 100
"""Values of a wide column that are told apart, the largest of each stretch; the others are one part."""
FEW = 16
"""Parts that are read with others for nothing, where figures beside this one may want them."""
CLOSE = 1e-6
"""Share of the whole that parts may miss it by: what the database's sums are exact to."""
Rhythm = Literal["day", "week"]
UNREADABLE = (WrongStatement, UnsafeQuery, QueryTooLarge)
"""What a statement fails with that makes no sense here, is not for this role, or is too much for it."""
Kept = dict[Statement, tuple[Compiled, Table] | Exception]
"""A statement → what came of it."""
_Place = tuple[str, tuple[Condition, ...]]
"""A view, and conditions of a figure's own."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a metric is split by."""

    name: str
    dim: Name | Since


@dataclass(frozen=True, kw_only=True)
class Split:
    """The parts of the whole by one column, in both stretches. They add up to the whole."""

    column: Column
    values: tuple[Cell, ...]
    """``None`` has no value in that column."""
    base: Amounts
    now: Amounts
    source: Table
    """The rows of the later stretch."""
    has_rest: bool = False
    """Whether the last part is all that is not told apart."""


class PartsReader:
    """Reads for one figure of one request.

    Args:
        only: conditions that all rows meet.
        beside: figures that are read in the same statements where that can be.
        kept: what was read already; readers of figures beside one another share it.
    """

    def __init__(
        self,
        request: Request,
        tools: Tools,
        figure: Figure,
        only: tuple[Condition, ...],
        beside: Sequence[Figure] = (),
        kept: Kept | None = None,
    ) -> None:
        self.request, self.tools, self.figure, self.only = request, tools, figure, only
        self.beside = tuple(beside)
        self.kept: Kept = {} if kept is None else kept
        self.workspace = tools.workspace
        self.shop = seen_shop(tools.workspace)
        self.most_rows = tools.workspace.role.limits.max_rows
        self.compiled: Compiled | None = None
        """The first statement that was asked."""

    @property
    def knows_noise(self) -> bool:
        """Whether rows tell how far chance moves their sum."""
        return all(term.is_count or term.squares is not None for term in self.figure.terms)

    # ---- the whole --------------------------------------------------------------------------------------

    def whole(self, stretch: Stretch) -> tuple[Amounts, Table]:
        """What the metric's rows amount to, of the shape (1,), and where that was read."""
        found = self._read(stretch.words, ())
        return self._amounts([found.rows.get((), {})]), found.source

    def past(self, rhythm: Rhythm, until: dt.date, count: int) -> tuple[Amounts, dt.date] | None:
        """The whole of so many periods before a day, shape (periods,), from the first with any of it on.

        Returns:
            Also the first day of the first period; ``None`` where there is none, or some are hidden.
        """
        starts = _starts(rhythm, until, count)
        try:
            found = self._read(_words(starts, rhythm), (Grain(rhythm.upper()),))
        except UNREADABLE:
            return None
        by_day = {day_of(key[0]): rows for key, rows in found.rows.items()}
        amounts = self._amounts([by_day.get(start, {}) for start in starts])
        some = np.flatnonzero((amounts.above != 0) | (amounts.below != 0))
        if not len(some):
            return None
        began = int(some[0])
        if found.is_grouped and any(start not in by_day for start in starts[began:]):
            return None
        return amounts.at(np.arange(began, len(starts))), starts[began]

    # ---- parts ------------------------------------------------------------------------------------------

    def columns(self) -> list[Column]:
        """What the metric can be split by: names and truths of its views, and of the views they refer to."""
        views = [view for name in self.figure.views if (view := self.shop.view(name)) is not None]
        if not views:
            return []
        home, *others = views
        own = [Column(name=c.name, dim=Name(c.name)) for c in home.columns if self._splits(home, c)]
        if others:
            return [c for c in own if all(view.column(c.name) for view in others)][:MOST_COLUMNS]
        known = {column.name.lower() for column in home.columns}
        found = [*self._newness(home), *own]
        for target in dict.fromkeys(home.refs.values()):
            there = self.shop.view(target)
            for column in there.columns if there is not None else ():
                assert there is not None
                if column.name.lower() not in known and self._splits(there, column):
                    known.add(column.name.lower())
                    found.append(Column(name=column.name, dim=Name(column.name, there.name)))
        return found[:MOST_COLUMNS]

    def split(
        self, column: Column, base: Stretch, now: Stretch, wholes: tuple[Amounts, Amounts]
    ) -> Split | None:
        """The parts; ``None`` where they do not add up to the whole, overlap, or may not be asked for.

        Args:
            wholes: before and now.
        """
        try:
            return self._split(column, (base, now), wholes)
        except UNREADABLE:
            return None

    def past_of(
        self, split: Split, places: Sequence[int], rhythm: Rhythm, first: dt.date, count: int
    ) -> Amounts | None:
        """The past of some parts, shape (parts, periods); ``None`` where some of it is hidden or left out.

        Args:
            first: first day of the first period.
        """
        step = 1 if rhythm == "day" else 7
        starts = [first + dt.timedelta(days=step * place) for place in range(count)]
        values = [split.values[place] for place in places]
        others = len(split.values) - len(values)
        where = (_among(split.column, values),) if others > (FEW if self.beside else 2) else ()
        grain = Grain(rhythm.upper())
        rows: dict[tuple[dt.date | None, Cell], dict[Value, float]] = {}
        is_grouped = False
        periods = max(1, self.most_rows // max(len(values) if where else len(split.values) + 1, 1))
        for at in range(0, count, periods):
            words = _words(starts[at : at + periods], rhythm)
            try:
                found = self._read(words, (grain, split.column.dim), where, is_alone=bool(where))
            except UNREADABLE:
                return None
            if found.is_cut:
                return None
            rows |= {(day_of(key[0]), key[1]): each for key, each in found.rows.items()}
            is_grouped |= found.is_grouped
        if is_grouped and any((start, value) not in rows for start in starts for value in values):
            return None
        each = [[rows.get((start, value), {}) for start in starts] for value in values]
        amounts = [self._amounts(part) for part in each]
        return Amounts(
            above=np.array([a.above for a in amounts]),
            below=np.array([a.below for a in amounts]),
            spread=np.array([a.spread for a in amounts]),
            spread_below=np.array([a.spread_below for a in amounts]),
        )

    def _split(
        self, column: Column, stretches: tuple[Stretch, Stretch], wholes: tuple[Amounts, Amounts]
    ) -> Split | None:
        then, later = self._read_both(column, stretches)
        has_rest = then.is_cut or later.is_cut
        if has_rest:
            if any(term.may_overlap for term in self.figure.terms) or then.is_grouped:
                return None
            largest = [key for read in (then, later) for key in list(read.rows)[:LARGEST]]
            values = [key[0] for key in dict.fromkeys(largest) if key[0] is not None]
            where = (_among(column, values),)
            then, later = (self._read(each.words, (column.dim,), where) for each in stretches)
        keys = list(dict.fromkeys([*then.rows, *later.rows]))
        base, now = (self._amounts([read.rows.get(key, {}) for key in keys]) for read in (then, later))
        values_told: tuple[Cell, ...] = tuple(key[0] for key in keys)
        if has_rest:
            base, now = (_with_rest(parts, whole) for parts, whole in zip((base, now), wholes, strict=True))
            values_told = (*values_told, None)
        if isinstance(column.dim, Name) and column.dim.of and _is_mostly_without(values_told, base, now):
            return None
        is_whole = all(_adds_up(parts, whole) for parts, whole in zip((base, now), wholes, strict=True))
        if not is_whole or len(values_told) < 2:
            return None
        return Split(
            column=column, values=values_told, base=base, now=now, source=later.source, has_rest=has_rest
        )

    def _read_both(self, column: Column, stretches: tuple[Stretch, Stretch]) -> tuple[_Read, _Read]:
        """The parts of both stretches; in one statement where one is the calendar's next after the other."""
        limit = self.most_rows - 1
        unit = unit_of(*stretches)
        if unit is not None:
            both = Stretch(first=stretches[0].first, last=stretches[1].last)
            found = self._read(both.words, (Grain(unit), column.dim), limit=limit)
            if not found.is_cut:
                then, later = (found.of(each.first) for each in stretches)
                return then, later
        then, later = (self._read(each.words, (column.dim,), limit=limit) for each in stretches)
        return then, later

    def _splits(self, view: View, column: ViewColumn) -> bool:
        """Whether a column tells parts apart: it holds names or truths, and the metric is not made of it."""
        is_named = column.type == "boolean" or (column.type == "text" and column.sampled)
        state = self.workspace.shop.bindings.get("order_state", "").lower()
        is_state = f"{view.name}.{column.name}".lower() == state
        is_own = column.name.lower() in words_of(self.figure.metric, self.tools)
        return is_named and not column.is_key and not is_state and not is_own

    def _newness(self, home: View) -> list[Column]:
        view, _, column = self.workspace.shop.bindings.get("customer", "").partition(".")
        if view.lower() != home.name.lower() or home.column(column) is None or home.time is None:
            return []
        return [Column(name=NEWNESS, dim=Since("IS_FIRST", "DAY", Name(column)))]

    def by_goods(
        self, goods: Name, units: Value, stretches: tuple[Stretch, Stretch]
    ) -> tuple[tuple[Values, Values], tuple[Values, Values]] | None:
        """Amounts, then units, by each of the goods before and now; ``None`` where some are left out."""
        found: list[dict[Cell, tuple[float, float]]] = []
        for stretch in stretches:
            items = (goods, self.figure.above.value, units)
            where = (During(stretch.words), *self.only)
            try:
                table = self.run(
                    Statement(view=self.figure.above.view, items=items, where=where, groups=(goods,))
                )
            except UNREADABLE:
                return None
            if table.is_truncated or table.query.minimum_group is not None:
                return None
            found.append({row[0]: (_number(row[1]), _number(row[2])) for row in table.rows})
        keys = list(dict.fromkeys([*found[0], *found[1]]))
        each = [np.array([part.get(key, (0.0, 0.0)) for key in keys]).reshape(-1, 2) for part in found]
        return (each[0][:, 0], each[1][:, 0]), (each[0][:, 1], each[1][:, 1])

    # ---- statements -------------------------------------------------------------------------------------

    def _read(
        self,
        words: str,
        dims: tuple[Grain | Name | Since, ...],
        where: tuple[Condition, ...] = (),
        limit: int | None = None,
        *,
        is_alone: bool = False,
    ) -> _Read:
        """What each of the figure's terms amounts to, by dimensions; one statement for each view.

        Args:
            is_alone: whether no figure beside this one wants the same.
        """
        rows: dict[tuple[Cell, ...], dict[Value, float]] = {}
        source: Table | None = None
        is_cut = False

        def asked(place: _Place, items: tuple[Value, ...]) -> Table:
            view, own = place
            return self.run(
                Statement(
                    view=view,
                    items=(*dims, *items),
                    where=(During(words), *self.only, *own, *where),
                    groups=dims,
                    order=(Order(items[0], is_descending=True),) if limit is not None else (),
                    limit=limit,
                )
            )

        together = self._items(self.beside) if not is_alone else {}
        for place, own_items in self._items((self.figure,)).items():
            items = together.get(place, own_items)
            try:
                table = asked(place, items)
            except UNREADABLE:
                if items == own_items:
                    raise
                items = own_items
                table = asked(place, items)
            source = source or table
            is_cut |= table.is_truncated or (limit is not None and len(table.rows) >= limit)
            for row in table.rows:
                into = rows.setdefault(tuple(row[: len(dims)]), {})
                into |= {item: _number(cell) for item, cell in zip(items, row[len(dims) :], strict=True)}
        assert source is not None
        is_grouped = source.query.minimum_group is not None
        return _Read(rows=rows, source=source, is_cut=is_cut, is_grouped=is_grouped)

    def _items(self, figures: Sequence[Figure]) -> dict[_Place, tuple[Value, ...]]:
        """View and conditions → what is read there."""
        found: dict[_Place, tuple[Value, ...]] = {}
        for term in (term for figure in figures for term in figure.terms):
            own = (term.value, *([term.squares] if term.squares is not None else []))
            place = term.view, term.where
            found[place] = tuple(dict.fromkeys((*found.get(place, ()), *own)))
        return found

    def run(self, statement: Statement) -> Table:
        """Compile a statement, have it checked, and run it.

        Raises:
            WrongStatement, SqlError: it makes no sense here, the role may not ask it, or the database failed.
        """
        found = self.kept.get(statement)
        if found is None:
            found = self.kept[statement] = self._ran(statement)
        if isinstance(found, Exception):
            raise found
        compiled, table = found
        self.compiled = self.compiled or compiled
        return table

    def _ran(self, statement: Statement) -> tuple[Compiled, Table] | Exception:
        workspace = self.workspace
        try:
            compiled = compile_statement(
                statement, self.shop, workspace.catalog.dialect, workspace.today, workspace.role
            )
            self.request.on_sql(compiled.sql)
            return compiled, workspace.run(compiled.sql, self.request.cancel)
        except UNREADABLE as error:
            return error

    def _amounts(self, rows: Sequence[dict[Value, float]]) -> Amounts:
        """Of each row what stands above and below the line; 0 where there is no row."""
        figure = self.figure
        above, squares = _of_term(figure.above, rows)
        if figure.below is None:
            nothing = np.zeros_like(above)
            return Amounts(above=above, below=nothing, spread=squares, spread_below=nothing)
        below, squares_below = _of_term(figure.below, rows)
        if figure.is_mean:
            if figure.above.is_count:
                squares = above * below
            above = above * below
            spread = np.fmax(squares - np.nan_to_num(over(above**2, below)), 0.0)
        else:
            spread = squares + np.nan_to_num(over(above, below)) ** 2 * squares_below
        return Amounts(above=above, below=below, spread=spread, spread_below=squares_below)


@dataclass(frozen=True, kw_only=True)
class _Read:
    rows: dict[tuple[Cell, ...], dict[Value, float]]
    """Dimensions → item → its number."""
    source: Table
    is_cut: bool
    is_grouped: bool
    """Whether the role sees large groups only, so that some may be hidden."""

    def of(self, day: dt.date) -> _Read:
        """The rows whose first dimension is that day, by the others."""
        rows = {
            key[1:]: each for key, each in self.rows.items() if day_of(key[0]) == day and any(each.values())
        }
        return replace(self, rows=rows)


def _of_term(term: Term, rows: Sequence[dict[Value, float]]) -> tuple[Values, Values]:
    """The sums, and the sums of squares; where those are not known the sums' size stands for them."""
    sums = np.array([row.get(term.value, 0.0) for row in rows])
    if term.squares is None:
        return sums, np.abs(sums)
    return sums, np.array([row.get(term.squares, 0.0) for row in rows])


def _is_mostly_without(values: Sequence[Cell], base: Amounts, now: Amounts) -> bool:
    """Whether most of it has no value: few rows lead to the other view, and which do is no chance."""
    if None not in values:
        return False
    sizes = np.abs(base.below + now.below if now.below.any() else base.above + now.above)
    return bool(sizes[values.index(None)] > sizes.sum() / 2)


def _adds_up(parts: Amounts, whole: Amounts) -> bool:
    pairs = ((parts.above, whole.above), (parts.below, whole.below))
    return all(
        abs(part.sum() - total.sum()) <= CLOSE * max(1.0, float(np.abs(part).sum())) for part, total in pairs
    )


def _with_rest(parts: Amounts, whole: Amounts) -> Amounts:
    """The parts, and what is left of the whole."""

    def rest(each: Values, total: Values) -> Values:
        return np.append(each, total.sum() - each.sum())

    return Amounts(
        above=rest(parts.above, whole.above),
        below=rest(parts.below, whole.below),
        spread=np.fmax(rest(parts.spread, whole.spread), 0.0),
        spread_below=np.fmax(rest(parts.spread_below, whole.spread_below), 0.0),
    )


def _among(column: Column, values: Sequence[Cell]) -> Condition:
    assert isinstance(column.dim, Name)  # there are two kinds of newness
    return Among(column.dim, tuple(map(known_value, values)))


def _starts(rhythm: Rhythm, until: dt.date, count: int) -> list[dt.date]:
    """First days of the last ``count`` periods that end before a day."""
    end = start_of(until, rhythm)
    return [moved(end, rhythm, -back) for back in range(count, 0, -1)]


def _words(starts: Sequence[dt.date], rhythm: Rhythm) -> str:
    last = moved(starts[-1], rhythm, 1) - dt.timedelta(days=1)
    return Stretch(first=starts[0], last=last).words


def _number(cell: Cell) -> float:
    return 0.0 if cell is None else float(str(cell))
