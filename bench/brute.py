"""What a statement of the question language means, cell by cell over rows as dicts: no SQL, no joins.

An oracle for ``sql.statement.compile``. It shares the parsed statement with it and nothing else: which
table a name is found in, by which links, and which column is a clock, are written down here by hand for the
shop of ``bench.language_shop``. Every figure of every cell is worked out from the definition of its word,
over all rows again: slow, and short enough to be read.
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bench.language_shop import TODAY, Row, Tables
from sql.statement import sentence as la

ONE, MANY = "one", "many"
Path = tuple[tuple[str, str, str], ...]
"""Links: to one row (own column, table), or to the rows that hold this one's key (column there, table)."""
_CUSTOMER: Path = ((ONE, "customer_id", "customers"),)
_ORDER: Path = ((ONE, "order_id", "orders"),)
_PRODUCT: Path = ((ONE, "product_id", "products"),)
_LINE: Path = ((ONE, "line_id", "lines"),)
_LINES: Path = ((MANY, "order_id", "lines"),)
_ORDERS: Path = ((MANY, "customer_id", "orders"),)
KEYS = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "lines": "line_id",
    "returns": "return_id",
    "visits": "visit_id",
    "stock": "stock_id",
}
PATHS: dict[tuple[str, str], Path] = {
    **{("orders", c): _CUSTOMER for c in ("country", "joined_at")},
    **{("orders", c): (*_LINES, *_PRODUCT) for c in ("category", "brand", "price")},
    **{("orders", c): _LINES for c in ("quantity", "amount", "product_id", "line_id")},
    **{("lines", c): _ORDER for c in ("customer_id", "channel", "ordered_at", "total", "is_gift")},
    **{("lines", c): _PRODUCT for c in ("category", "brand", "price")},
    ("lines", "country"): (*_ORDER, *_CUSTOMER),
    **{("returns", c): _PRODUCT for c in ("category", "brand", "price")},
    **{("returns", c): (*_LINE, *_ORDER) for c in ("customer_id", "channel")},
    ("returns", "order_id"): _LINE,
    ("returns", "country"): (*_LINE, *_ORDER, *_CUSTOMER),
    ("visits", "country"): _CUSTOMER,
    **{("visits", c): (*_CUSTOMER, *_ORDERS) for c in ("channel", "order_id")},
    **{("customers", c): _ORDERS for c in ("channel", "order_id", "total", "is_gift")},
    **{("customers", c): (*_ORDERS, *_LINES, *_PRODUCT) for c in ("category", "brand")},
    ("customers", "source"): ((MANY, "customer_id", "visits"),),
    **{("stock", c): _PRODUCT for c in ("category", "brand", "price")},
}
CLOCKS: dict[str, tuple[Path, str]] = {
    "customers": ((), "joined_at"),
    "orders": ((), "ordered_at"),
    "lines": (_ORDER, "ordered_at"),
    "returns": ((), "returned_at"),
    "visits": ((), "visited_at"),
    "stock": ((), "taken_on"),
}


def _total(column: str) -> Callable[[list[Row]], Any]:
    return lambda rows: sum(r[column] for r in rows if r[column] is not None)


def _mean_total(rows: list[Row]) -> Any:
    known = [r["total"] for r in rows if r["total"] is not None]
    return sum(known) / len(rows) if rows and known else None


METRICS: dict[str, tuple[str, Callable[[list[Row]], Any]]] = {
    "revenue": ("lines", _total("amount")),
    "units": ("lines", _total("quantity")),
    "order_count": ("orders", len),
    "order_value": ("orders", _total("total")),
    "average_total": ("orders", _mean_total),
    "buyers": ("orders", lambda rows: len({r["customer_id"] for r in rows} - {None})),
    "returned": ("returns", _total("pieces")),
    "visits": ("visits", len),
    "in_stock": ("stock", lambda rows: _total("on_hand")(rows) if rows else None),
    "joined": ("customers", len),
}
COMPOSED = {"return_rate": la.Calc("/", la.Name("returned"), la.Name("units"))}
ADDITIVE = ("revenue", "units", "order_count", "order_value", "returned", "visits", "joined")
PERIODS: dict[str, tuple[dt.date | None, dt.date | None]] = {
    "2025": (dt.date(2025, 1, 1), dt.date(2026, 1, 1)),
    "this year": (dt.date(2026, 1, 1), dt.date(2026, 6, 18)),
    "last month": (dt.date(2026, 5, 1), dt.date(2026, 6, 1)),
    "last 3 months": (dt.date(2026, 3, 1), dt.date(2026, 6, 1)),
    "March 2025": (dt.date(2025, 3, 1), dt.date(2025, 4, 1)),
    "since October 2025": (dt.date(2025, 10, 1), None),
    "until May 2025": (None, dt.date(2025, 6, 1)),
    "fiscal year 2025/26": (dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    "Q4 2025": (dt.date(2025, 10, 1), dt.date(2026, 1, 1)),
    "from 2025-05-05 to 2025-05-18": (dt.date(2025, 5, 5), dt.date(2025, 5, 19)),
    "2024": (dt.date(2024, 1, 1), dt.date(2025, 1, 1)),
}
"""What the words mean on the shop's day, worked out by hand."""
LENGTHS = {
    "2025": (12, 0),
    "2024": (12, 0),
    "this year": (12, 0),
    "last month": (1, 0),
    "last 3 months": (3, 0),
    "March 2025": (1, 0),
    "fiscal year 2025/26": (12, 0),
    "Q4 2025": (3, 0),
    "from 2025-05-05 to 2025-05-18": (0, 14),
}
FISCAL_START = 4


# ---- days -----------------------------------------------------------------------------------------------


def add_months(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + months
    last = calendar.monthrange(index // 12, index % 12 + 1)[1]
    return dt.date(index // 12, index % 12 + 1, min(day.day, last))


def back(day: dt.date | None, by: tuple[int, int]) -> dt.date | None:
    return None if day is None else add_months(day, -by[0]) - dt.timedelta(days=by[1])


def day_of(value: Any) -> dt.date | None:
    return value.date() if isinstance(value, dt.datetime) else value


def start_of(unit: str, day: dt.date | None) -> dt.date | None:
    if day is None or unit == "DAY":
        return day
    if unit == "WEEK":
        return day - dt.timedelta(days=day.isoweekday() - 1)
    if unit == "MONTH":
        return dt.date(day.year, day.month, 1)
    if unit == "QUARTER":
        return dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    if unit == "YEAR":
        return dt.date(day.year, 1, 1)
    if unit == "FISCAL_YEAR":
        return dt.date(day.year - (day.month < FISCAL_START), FISCAL_START, 1)
    first = start_of("FISCAL_YEAR", day)
    assert unit == "FISCAL_QUARTER" and first is not None
    months = (day.year - first.year) * 12 + day.month - first.month
    return add_months(first, months // 3 * 3)


STEP = {"DAY": (0, 1), "WEEK": (0, 7), "MONTH": (1, 0), "QUARTER": (3, 0), "YEAR": (12, 0),
        "FISCAL_QUARTER": (3, 0), "FISCAL_YEAR": (12, 0)}  # fmt: skip


def later(day: dt.date, unit: str, count: int = 1) -> dt.date:
    months, days = STEP[unit]
    found = back(day, (-months * count, -days * count))
    assert found is not None
    return found


# ---- one statement --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class At:
    """Which rows a figure is of: a stretch of days, how far it is moved back, more conditions, a cell."""

    span: tuple[dt.date | None, dt.date | None]
    shift: tuple[int, int] = (0, 0)
    own: tuple[la.Condition, ...] = ()
    stretch: tuple[dt.date | None, dt.date] | None = None
    """In place of the cell's own unit of time: from (or from the start) to before."""
    is_free: bool = False
    """The stretch may begin before the period does."""


Cell = dict[str, Any]
"""Dimension as it is written → its value."""


class Brute:
    """The meaning of one statement over some tables."""

    def __init__(self, tables: Tables, statement: la.Statement) -> None:
        self.tables = tables
        self.statement = statement
        self.view = statement.view
        self.by_key = {t: {r[k]: r for r in tables[t]} for t, k in KEYS.items()}
        period = statement.period
        self.words = period.words if period else None
        self.span = PERIODS[period.words] if period else (None, None)
        self.where = tuple(c for c in statement.where if c is not period)
        self.where += tuple(c for c in statement.having if isinstance(getattr(c, "left", None), la.Per))
        self.having = tuple(c for c in statement.having if not isinstance(getattr(c, "left", None), la.Per))
        self.unit: str | None = None
        self._kept: dict[Any, Any] = {}
        self._known = _FACTS.setdefault(id(tables), {})

    # ---- rows and links ---------------------------------------------------------------------------------

    def follow(self, row: Row | None, path: Path, is_there: bool = False) -> list[Row | None]:
        """The rows at the end of links; ``[None]`` where there are none, as an outer join gives.

        With ``is_there`` every link to many rows needs one.
        """
        found: list[Row | None] = [row]
        for kind, column, table in path:
            step: list[Row | None] = []
            for each in found:
                if each is None:
                    step += [None] * (kind == ONE or not is_there)
                elif kind == ONE:
                    step.append(self.by_key[table].get(each[column]))
                else:
                    mine = each[column]
                    rows = [r for r in self.tables[table] if mine is not None and r[column] == mine]
                    step += rows or ([] if is_there else [None])
            found = step
        return found

    def path(self, home: str, name: str) -> Path:
        return () if name in self.tables[home][0] else PATHS[home, name]

    def values(self, home: str, row: Row, name: str) -> list[Any]:
        return [r[name] if r is not None else None for r in self.follow(row, self.path(home, name))]

    def clock(self, home: str, row: Row) -> dt.datetime | dt.date | None:
        path, column = CLOCKS[home]
        end = self.follow(row, path)[0]
        return end[column] if end is not None else None

    def single(self, home: str, row: Row, name: str) -> Any:
        if name in row:
            return row[name]
        key = (home, row[KEYS[home]], name)
        if key not in self._known:
            self._known[key] = self.values(home, row, name)[0]
        return self._known[key]

    def of_entity(self, view: str, entity: str, who: Any) -> list[Row]:
        """The rows of a view that belong to an entity."""
        key = ("of", view, entity)
        if key not in self._known:
            found: dict[Any, list[Row]] = {}
            for row in self.tables[view]:
                found.setdefault(self.single(view, row, entity), []).append(row)
            self._known[key] = found
        return [] if who is None else self._known[key].get(who, [])  # type: ignore[no-any-return]

    # ---- dimensions -------------------------------------------------------------------------------------

    def combos(self, home: str, row: Row, dims: tuple[la.Dim, ...], at: At) -> set[tuple[Any, ...]]:
        """The groups that a row stands in, of the joined rows that meet the conditions."""
        names = [n for d in dims for n in (d, getattr(d, "operand", None)) if isinstance(n, la.Name)]
        joined: dict[Path, None] = {}
        for d in names:
            path = self.path(home, d.text)
            for i in range(1, len(path) + 1):
                joined[path[:i]] = None
        found: set[tuple[Any, ...]] = set()
        for ends in self._joins(row, sorted(joined, key=len)):
            values = []
            for d in dims:
                if isinstance(d, la.Name):
                    end = ends[self.path(home, d.text)]
                    values.append(end[d.text] if end is not None else None)
                elif isinstance(d, la.Bucket) and isinstance(d.operand, la.Name):
                    end = ends[self.path(home, d.operand.text)]
                    values.append(band(end[d.operand.text] if end is not None else None, d.bounds))
                else:
                    values.append(self.dim_value(home, row, d, at))
            is_in = all(value is not _OUT for value in values)
            if is_in and all(self.holds(home, row, c, at, ends) is True for c in (*self.where, *at.own)):
                found.add(tuple(values))
        return found

    def _joins(self, row: Row, paths: list[Path]) -> list[dict[Path, Row | None]]:
        states: list[dict[Path, Row | None]] = [{(): row}]
        for path in paths:
            states = [
                {**state, path: end} for state in states for end in self.follow(state[path[:-1]], path[-1:])
            ]
        return states

    def dim_value(self, home: str, row: Row, d: la.Dim, at: At) -> Any:
        if isinstance(d, la.Grain):
            time = self.single(home, row, d.column.text) if d.column else self.clock(home, row)
            if time is None:
                return None
            if d.unit == "WEEKDAY":
                return time.isoweekday()
            if d.unit == "HOUR":
                return time.hour if isinstance(time, dt.datetime) else 0
            return start_of(d.unit, day_of(time))
        if isinstance(d, la.Bucket):
            inner = d.operand
            value = (
                self.worth(home, row, inner, at)
                if isinstance(inner, la.Per)
                else self.row_value(home, row, inner)
            )
            return value if value is _OUT else band(value, d.bounds)
        if isinstance(d, la.Per):
            return self.worth(home, row, d, at)
        if isinstance(d, la.Tile):
            return self.tile(home, row, d, at)
        assert isinstance(d, la.Since)
        return self.since(home, row, d)

    def since(self, home: str, row: Row, d: la.Since) -> Any:
        who = self.single(home, row, d.entity.text)
        firsts = [
            t
            for r in self.of_entity(self.view, d.entity.text, who)
            if (t := self.clock(self.view, r)) is not None
        ]
        first = day_of(min(firsts)) if firsts else None
        if d.word == "FIRST":
            return start_of(d.unit, first)
        now = day_of(self.clock(home, row))
        if first is None or now is None:
            return None
        a, b = start_of(d.unit, first), start_of(d.unit, now)
        assert a is not None and b is not None
        if d.word == "IS_FIRST":
            return "new" if a == b else "returning"
        months, days = STEP[d.unit]
        return ((b.year - a.year) * 12 + b.month - a.month) // months if months else (b - a).days // days

    def entity_span(self, at: At) -> At:
        """The rows that an entity's worth is of: a moved stretch, the conditions that are not "
        "about worths."""
        span = tuple(back(d, at.shift) for d in at.span)
        return At(span, own=at.own)  # type: ignore[arg-type]

    def worths(self, per: la.Per, at: At) -> dict[Any, Any]:
        assert isinstance(per.entity, la.Name)
        key = ("worths", str(per), at.span, at.shift, at.own)
        if key not in self._kept:
            inner = self.entity_span(at)
            saved = self.where, self.unit
            self.where, self.unit = tuple(c for c in self.where if not _is_worth(c)), None
            inner = replace(inner, own=tuple(c for c in inner.own if not _is_worth(c)))
            dims = (per.entity,)
            self._kept[key] = {
                cell[0]: self.figure(per.figure, dims, cell, inner)
                for cell in self.spine([per.figure], dims, inner)
            }
            self.where, self.unit = saved
        return self._kept[key]

    def worth(self, home: str, row: Row, per: la.Per, at: At) -> Any:
        assert isinstance(per.entity, la.Name)
        who = self.single(home, row, per.entity.text)
        worths = self.worths(per, at)
        if who is None or who not in worths:
            return 0 if per.is_all else _OUT
        value = worths[who]
        return 0 if value is None and per.is_all else value

    def tile(self, home: str, row: Row, d: la.Tile, at: At) -> Any:
        assert isinstance(d.operand.entity, la.Name)
        known = {k: v for k, v in self.worths(d.operand, at).items() if k is not None}
        ranked = sorted(known, key=lambda k: (known[k] is None, -(known[k] or 0), k))
        who = self.single(home, row, d.operand.entity.text)
        if who is None or who not in known:
            return _OUT
        size, rest = divmod(len(ranked), d.count)
        place = ranked.index(who)
        large = rest * (size + 1)
        return place // (size + 1) + 1 if place < large else rest + (place - large) // max(size, 1) + 1

    # ---- conditions -------------------------------------------------------------------------------------

    def holds(self, home: str, row: Row, c: la.Condition, at: At, ends: Any = None) -> bool | None:
        if isinstance(c, la.AnyOf):
            return _any([self.holds(home, row, p, at, ends) for p in c.parts])
        if isinstance(c, la.AllOf):
            found = [self.holds(home, row, p, at, ends) for p in c.parts]
            return False if False in found else None if None in found else True
        if isinstance(c, la.Has):
            return self.has(home, row, c)
        if isinstance(c, la.Top):
            return (self.single(home, row, str(c.operand.entity)) in self.first_ones(c)) != c.is_not
        if isinstance(c, la.Holds) and isinstance(c.what, la.Since):
            value = self.since(home, row, c.what)
            return None if value is None else (value == "new") != c.is_not
        left = getattr(c, "left", None) or getattr(c, "what", None) or getattr(c, "column", None)
        if isinstance(left, la.Per):
            assert isinstance(c, la.Compare) and isinstance(left.entity, la.Name)
            value = self.worth(home, row, left, at)
            return None if value is _OUT or value is None else compare(value, c.sign, number(c.right))
        if isinstance(c, la.During) and c.column is None:
            return within(self.clock(home, row), PERIODS[c.words])
        names = {p.text for p in c.walk() if isinstance(p, la.Name)}
        many = [n for n in names if any(kind == MANY for kind, _, _ in self.path(home, n))]
        if not many:
            return self.test(c, lambda node: self.row_value(home, row, node))
        path = self.path(home, many[0])
        if (
            ends is not None and path in ends
        ):  # the link is joined for a dimension: the condition is on its row
            end = ends[path]
            return self.test(c, lambda node: end[node.text] if end is not None else None)  # type: ignore[union-attr]
        found = self.follow(row, path, is_there=True)
        return any(
            self.test(c, lambda node, r=r: r[node.text] if r is not None else None) is True for r in found
        )  # type: ignore[misc]

    def test(self, c: la.Condition, value: Callable[[la.Value], Any], is_strict: bool = False) -> bool | None:
        """Whether a condition holds; one that says not holds of what has no value, but for figures."""
        if isinstance(c, la.Holds):
            found = value(c.what)
            return None if found is None else bool(found) != c.is_not
        if isinstance(c, la.During):
            assert c.column is not None
            return within(value(c.column), PERIODS[c.words])
        left = value(c.left)  # type: ignore[union-attr]
        if isinstance(c, la.Empty):
            return (left is None) != c.is_not
        if left is None:
            is_value = not isinstance(c, la.Compare) or isinstance(c.right, la.Number | la.Text | la.Truth)
            says_not = c.sign == "<>" if isinstance(c, la.Compare) else getattr(c, "is_not", False)
            return True if says_not and is_value and not is_strict else None
        if isinstance(c, la.Compare):
            right = literal(c.right) if isinstance(c.right, la.Number | la.Text) else value(c.right)
            if isinstance(left, dt.datetime) and isinstance(right, dt.date):
                left = left.date()
            return None if right is None else compare(left, c.sign, right)
        if isinstance(c, la.Among):
            return (left in [literal(v) for v in c.values]) != c.is_not
        if isinstance(c, la.Range):
            low, high = literal(c.low), literal(c.high)
            left = left.date() if isinstance(left, dt.datetime) else left
            return (low <= left <= high) != c.is_not
        assert isinstance(c, la.Like)
        pattern, left = c.pattern.value.casefold(), left.casefold()
        inside = pattern.strip("%")
        start, end = not pattern.startswith("%"), not pattern.endswith("%")
        match = left == inside if start and end else left.startswith(inside) if start else inside in left
        return match != c.is_not

    def has(self, home: str, row: Row, c: la.Has) -> bool:
        who = self.single(home, row, c.entity.text)
        inner = Brute(self.tables, la.Statement(view=c.view, items=()))
        kept = []
        for r in self.of_entity(c.view, c.entity.text, who):
            if not all(inner.holds(c.view, r, part, At((None, None))) is True for part in c.where):
                continue
            time = self.clock(c.view, r) if c.view in CLOCKS else None
            if c.during and not within(time, PERIODS[c.during]):
                continue
            if c.within is not None:
                here = self.clock(home, row)
                if here is None or time is None or not isinstance(here, dt.datetime):
                    continue
                last = later(here.date(), c.within.unit, c.within.count)
                if not (time >= here and day_of(time) <= last):  # type: ignore[operator]
                    continue
            kept.append(r)
        count = len(kept)
        if c.times is not None and c.times.of is not None:
            count = len({self.single(c.view, r, c.times.of.text) for r in kept} - {None})
        sign, wanted = (c.times.sign, c.times.count) if c.times else (">=", 1)
        return compare(count, sign, wanted) != c.is_not

    def first_ones(self, c: la.Top) -> Any:
        """Those among the first by a figure, equal ones by name, of all rows or of its conditions'."""
        key = ("first", str(replace(c, is_not=False)))
        if key not in self._kept:
            inner = Brute(self.tables, la.Statement(view=self.view, items=(), where=c.where))
            worths = inner.worths(c.operand, At(inner.span))
            known = [k for k, worth in worths.items() if k is not None and worth is not None]
            sign = -1 if c.word == "TOP" else 1
            self._kept[key] = sorted(known, key=lambda k: (sign * worths[k], k))[: c.count]
        return self._kept[key]

    # ---- values of rows ---------------------------------------------------------------------------------

    def row_value(self, home: str, row: Row, node: la.Value) -> Any:
        if isinstance(node, la.Name):
            return self.single(home, row, node.text)
        if isinstance(node, la.Number | la.Text):
            return literal(node)
        if isinstance(node, la.Elapsed):
            a, b = (self.single(home, row, n.text) for n in (node.first, node.last))
            return None if a is None or b is None else (day_of(b) - day_of(a)).days
        if isinstance(node, la.Gap):
            who, mine = self.single(home, row, node.entity.text), self.single(home, row, node.time.text)
            key = KEYS[home]
            if who is None or mine is None:
                return None
            others = sorted(
                (t, r[key])
                for r in self.of_entity(home, node.entity.text, who)
                if (t := self.single(home, r, node.time.text)) is not None
            )
            place = others.index((mine, row[key]))
            return (mine.date() - others[place - 1][0].date()).days if place else None
        assert isinstance(node, la.Calc)
        return calculate(
            node.sign, self.row_value(home, row, node.left), self.row_value(home, row, node.right)
        )

    # ---- the rows of a figure ---------------------------------------------------------------------------

    def rows(self, home: str, dims: tuple[la.Dim, ...], cell: tuple[Any, ...] | None, at: At) -> list[Row]:
        """Rows of a figure's home that stand in the cell."""
        if at.stretch is None and cell is not None:
            key = ("index", home, dims, at, self.where, self.unit)
            if key not in self._kept:
                index: dict[Any, list[Row]] = {}
                for row, combos in self.in_period(home, dims, at):
                    for combo in combos:
                        index.setdefault(combo, []).append(row)
                self._kept[key] = index
            moved = self.moved_cell(dims, cell, at.shift)
            return self._kept[key].get(moved, [])  # type: ignore[no-any-return]
        found = []
        for row, combos in self.in_period(home, dims, at):
            if cell is None or any(self.matches(dims, combo, cell, at) for combo in combos):
                found.append(row)
        return found

    def moved_cell(
        self, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], shift: tuple[int, int]
    ) -> tuple[Any, ...]:
        """The cell so much earlier: its finest unit moved, the coarser ones those that this falls in."""
        if not shift[0] and not shift[1]:
            return cell
        units = [(d, v) for d, v in zip(dims, cell, strict=True) if is_unit(d)]
        fine = min(units, key=lambda u: la.UNITS.index(u[0].unit), default=None)  # type: ignore[union-attr,arg-type]
        t = back(fine[1], shift) if fine else None
        return tuple(
            (t if fine is not None and d == fine[0] else start_of(d.unit, t)) if is_unit(d) else v  # type: ignore[union-attr]
            for d, v in zip(dims, cell, strict=True)
        )

    def in_period(
        self, home: str, dims: tuple[la.Dim, ...], at: At
    ) -> list[tuple[Row, set[tuple[Any, ...]]]]:
        key = ("rows", home, dims, replace(at, stretch=None), self.where, self.unit)
        if key not in self._kept:
            found = []
            start, end = (back(d, at.shift) for d in at.span)
            start = None if at.is_free else start
            if end is None and self.unit is not None:
                end = back(TODAY + dt.timedelta(days=1), at.shift)
            for row in self.tables[home]:
                if (start or end) and not within(self.clock(home, row), (start, end)):
                    continue
                combos = self.combos(home, row, dims, at)
                if combos:
                    found.append((row, combos))
            self._kept[key] = found
        return self._kept[key]

    def matches(
        self, dims: tuple[la.Dim, ...], combo: tuple[Any, ...], cell: tuple[Any, ...], at: At
    ) -> bool:
        assert at.stretch is not None
        start, end = at.stretch
        for d, mine, wanted in zip(dims, combo, cell, strict=True):
            if not is_unit(d) and mine != wanted:
                return False
            if not is_unit(d) or d.unit != self.unit:  # type: ignore[union-attr]
                continue
            if mine is None or mine >= end or (start is not None and mine < start):
                return False
        return True

    # ---- figures ----------------------------------------------------------------------------------------

    def homes(self, node: la.Value, at: At) -> list[tuple[str, At]]:
        """The homes of a figure's leaves, and where each is taken."""
        if isinstance(node, la.Name):
            return (
                self.homes(COMPOSED[node.text], at)
                if node.text in COMPOSED
                else [(_LEVEL * (node.text == "in_stock") + METRICS[node.text][0], at)]
            )
        if isinstance(node, la.Aggregate):
            if isinstance(node.operand, la.Per):
                return []
            return [(self.home(node), at)]
        if isinstance(node, la.Calc):
            return self.homes(node.left, at) + self.homes(node.right, at)
        if isinstance(node, la.Number):
            return []
        if isinstance(node, la.Only):
            return self.homes(node.figure, self.narrowed(at, node.condition))
        if isinstance(node, la.Share) and node.condition is not None:
            return self.homes(node.figure, at) + self.homes(node.figure, self.narrowed(at, node.condition))
        if isinstance(node, la.Shifted):
            moved = self.homes(node.figure, self.moved(at, node))
            return moved if node.word == "BEFORE" else self.homes(node.figure, at) + moved
        return self.homes(node.figure, at)  # type: ignore[union-attr]

    def per_parts(self, node: la.Value, at: At) -> list[tuple[la.Per, At]]:
        """The worths of entities in a figure, and where each is taken."""
        if isinstance(node, la.Aggregate):
            per = node.operand
            is_all = isinstance(per, la.Per) and per.is_all and isinstance(per.entity, la.Name)
            return [(per, at)] if isinstance(per, la.Per) and not is_all else []
        if isinstance(node, la.Only):
            return self.per_parts(node.figure, self.narrowed(at, node.condition))
        if isinstance(node, la.Share) and node.condition is not None:
            return self.per_parts(node.figure, at) + self.per_parts(
                node.figure, self.narrowed(at, node.condition)
            )
        if isinstance(node, la.Shifted):
            moved = (
                self.per_parts(node.figure, self.moved(at, node))
                if at.span != (None, None) or self.unit
                else []
            )
            return moved + (self.per_parts(node.figure, at) if node.word == "GROWTH" else [])
        if isinstance(node, la.Calc):
            return self.per_parts(node.left, at) + self.per_parts(node.right, at)
        return (
            self.per_parts(node.figure, at)
            if hasattr(node, "figure") and not isinstance(node, la.Per)
            else []
        )

    def home(self, node: la.Aggregate) -> str:
        names = [n for n in node.operand.walk() if isinstance(n, la.Name)] if node.operand is not None else []
        if names and any(kind == MANY for kind, _, _ in self.path(self.view, names[0].text)):
            return self.path(self.view, names[0].text)[-1][2]
        return self.view

    def narrowed(self, at: At, c: la.Condition) -> At:
        parts = c.parts if isinstance(c, la.AllOf) else (c,)
        for part in parts:
            is_period = isinstance(part, la.During) and part.column is None
            at = replace(at, span=PERIODS[part.words]) if is_period else replace(at, own=(*at.own, part))  # type: ignore[union-attr]
        return at

    def moved(self, at: At, node: la.Shifted) -> At:
        if node.step is None:
            by = (
                STEP[self.unit] if self.unit else LENGTHS[next(w for w, s in PERIODS.items() if s == at.span)]
            )
        else:
            by = (STEP[node.step.unit][0] * node.step.count, STEP[node.step.unit][1] * node.step.count)
        if self.unit == "WEEK" and by[0]:
            by = (0, by[0] // 12 * 364 if by[0] % 12 == 0 else by[0] // 3 * 91)
        stretch = tuple(back(d, by) for d in at.stretch) if at.stretch is not None else None
        return replace(at, shift=(at.shift[0] + by[0], at.shift[1] + by[1]), stretch=stretch)  # type: ignore[arg-type]

    def spine(self, figures: list[la.Value], dims: tuple[la.Dim, ...], at: At) -> list[tuple[Any, ...]]:
        """The groups that are shown: of the figures' rows in the period itself, else of those before."""
        worths = [p for f in figures for p in self.per_parts(f, at)]
        leaves: list[tuple[Any, At]] = [leaf for f in figures for leaf in self.homes(f, at)]
        everyone = self.everyone(figures, dims)
        parts = [*leaves, *worths] or ([] if everyone else [(self.view, at)])
        own = [part for part in parts if part[1].shift == at.shift]
        found: dict[tuple[Any, ...], None] = dict.fromkeys(everyone)
        for what, where in own or parts:
            for group in self.groups_of(what, dims, where):
                found[group if own else self.moved_cell(dims, group, (-where.shift[0], -where.shift[1]))] = (
                    None
                )
        return list(found)

    def groups_of(self, what: str | la.Per, dims: tuple[la.Dim, ...], where: At) -> list[tuple[Any, ...]]:
        """The groups of the rows of a home, or of the entities that are worth something."""
        if isinstance(what, la.Per):
            span = tuple(back(d, where.shift) for d in where.span)
            inner = replace(where, span=span, shift=(0, 0))  # type: ignore[arg-type]
            found = self.spine([what.figure], (*dims, what.entity), inner)
            return [group[:-1] for group in found if group[-1] is not None]
        lines = self.in_period(what.removeprefix(_LEVEL), dims, where)
        if what.startswith(_LEVEL):
            kept = {r["stock_id"] for r in self.last_days([r for r, _ in lines], where)}
            lines = [(r, c) for r, c in lines if r["stock_id"] in kept]
        return [combo for _, combos in lines for combo in combos]

    def everyone(self, figures: list[la.Value], dims: tuple[la.Dim, ...]) -> list[tuple[Any, ...]]:
        """The groups that all customers make, where a figure is PER ALL of them."""
        parts = [p for f in figures for p in f.walk() if isinstance(p, la.Per)]
        if not any(p.is_all and isinstance(p.entity, la.Name) for p in parts):
            return []
        kept = [
            r
            for r in self.tables["customers"]
            if all(self.is_of_customer(r, c, At(self.span)) for c in self.where)
        ]
        return [tuple(r[d.text] for d in dims) for r in kept]  # type: ignore[union-attr]

    def figure(self, node: la.Value, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], at: At) -> Any:
        if isinstance(node, la.Number):
            return number(node)
        if isinstance(node, la.Name):
            if node.text in COMPOSED:
                return self.figure(COMPOSED[node.text], dims, cell, at)
            home, add = METRICS[node.text]
            rows = self.rows(home, dims, cell, at)
            return add(self.last_days(rows, at) if node.text == "in_stock" else rows)
        if isinstance(node, la.Aggregate):
            return self.aggregate(node, dims, cell, at)
        if isinstance(node, la.Calc):
            return calculate(
                node.sign, self.figure(node.left, dims, cell, at), self.figure(node.right, dims, cell, at)
            )
        if isinstance(node, la.Only):
            return self.figure(node.figure, dims, cell, self.narrowed(at, node.condition))
        if isinstance(node, la.Shifted):
            then = self.figure(node.figure, dims, cell, self.moved(at, node))
            if node.word == "BEFORE":
                return then
            grown = calculate("/", self.figure(node.figure, dims, cell, at), then)
            return None if grown is None else grown - 1
        if isinstance(node, la.Share):
            return self.share(node, dims, cell, at)
        if isinstance(node, la.Running):
            return self.running(node, dims, cell, at)
        assert isinstance(node, la.Rolling)
        assert self.unit is not None
        end = back(self.time_of(dims, cell), at.shift)
        assert end is not None
        stretch = (later(end, self.unit, 1 - node.count), later(end, self.unit))
        return self.figure(node.figure, dims, cell, replace(at, stretch=stretch, is_free=True))

    def time_of(self, dims: tuple[la.Dim, ...], cell: tuple[Any, ...]) -> dt.date:
        return next(v for d, v in zip(dims, cell, strict=True) if is_unit(d) and d.unit == self.unit)  # type: ignore[union-attr]

    def last_days(self, rows: list[Row], at: At) -> list[Row]:
        """Of a level: the rows of the last day on which anything was counted, in each unit or the period."""
        span = tuple(back(d, at.shift) for d in at.span)
        days = [r["taken_on"] for r in self.tables["stock"] if within(r["taken_on"], span)]  # type: ignore[arg-type]
        last: dict[Any, dt.date] = {}
        for day in days:
            unit = start_of(self.unit, day) if self.unit else None
            last[unit] = max(last.get(unit, day), day)
        return [r for r in rows if r["taken_on"] in last.values()]

    def aggregate(self, node: la.Aggregate, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], at: At) -> Any:
        if isinstance(node.operand, la.Per):
            values = self.entity_values(node.operand, dims, cell, at)
            if node.word == "COUNT":
                return len([v for v in values if v is not None])
        else:
            home = self.home(node)
            rows = self.rows(home, dims, cell, at)
            if node.operand is None:
                return len(rows)
            operand = node.operand
            if isinstance(operand, la.Name):
                values = [
                    r[operand.text] if operand.text in r else self.single(home, r, operand.text) for r in rows
                ]
            else:
                values = [self.row_value(home, r, operand) for r in rows]
            if node.word == "COUNT":
                return len(set(values) - {None})
        known = sorted(v for v in values if v is not None)
        if node.word == "SUM":
            return sum(known)
        if not known:
            return None
        if node.word in ("MIN", "MAX"):
            return known[0] if node.word == "MIN" else known[-1]
        if node.word == "AVG":
            return sum(known) / len(known)
        part = float(node.percent) / 100 if node.percent else 0.5
        place = (len(known) - 1) * part
        low = int(place)
        high = min(low + 1, len(known) - 1)
        return known[low] + (known[high] - known[low]) * (place - low)

    def entity_values(
        self, per: la.Per, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], at: At
    ) -> list[Any]:
        saved = self.unit
        inner = At(tuple(back(d, at.shift) for d in at.span), own=at.own)  # type: ignore[arg-type]
        moved = self.moved_cell(dims, cell, at.shift)
        more = (*dims, per.entity)
        units = [d.unit for d in more if is_unit(d)]  # type: ignore[union-attr]
        self.unit = min(units, key=la.UNITS.index) if units else None  # type: ignore[arg-type]
        if self.unit and inner.span[1] is None:
            inner = replace(inner, span=(inner.span[0], back(TODAY + dt.timedelta(days=1), at.shift)))
        found: dict[Any, Any] = {}
        for group in self.spine([per.figure], more, inner):
            if group[:-1] == moved and group[-1] is not None:
                found[group[-1]] = self.figure(per.figure, more, group, inner)
        if per.is_all:
            found = self.with_all(per, dims, cell, inner, found)
        self.unit = saved
        return list(found.values())

    def with_all(self, per: la.Per, dims: Any, cell: Any, at: At, found: dict[Any, Any]) -> dict[Any, Any]:
        if isinstance(per.entity, la.Grain):
            start, end = at.span
            assert start is not None and end is not None
            unit, t = per.entity.unit, start_of(per.entity.unit, start)
            while t is not None and t < min(end, TODAY + dt.timedelta(days=1)):
                inside = [start_of(d.unit, t) == v for d, v in zip(dims, cell, strict=True) if is_unit(d)]
                if all(inside):
                    found.setdefault(t, self.figure(per.figure, (*dims, per.entity), (*cell, t), at))
                t = later(t, unit)
            return found
        assert per.entity.text == "customer_id"
        everyone = {}
        for row in self.tables["customers"]:
            group = tuple(row[d.text] for d in dims)
            if group == cell and all(self.is_of_customer(row, c, at) for c in (*self.where, *at.own)):
                who = row["customer_id"]
                value = self.figure(per.figure, (per.entity,), (who,), at)
                everyone[who] = 0 if value is None else value
        return everyone

    def is_of_customer(self, row: Row, c: la.Condition, at: At) -> bool:
        if isinstance(getattr(c, "left", None), la.Per):  # it says which customers, not which of their rows
            return self.holds("customers", row, c, at) is True
        names = [] if isinstance(c, la.Has | la.Top) else [p.text for p in c.walk() if isinstance(p, la.Name)]
        reaches = all(n in row for n in names) and not any(isinstance(p, la.Since) for p in c.walk())
        return not reaches or self.holds("customers", row, c, At((None, None))) is True

    def share(self, node: la.Share, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], at: At) -> Any:
        if node.condition is not None:
            part = self.figure(node.figure, dims, cell, self.narrowed(at, node.condition))
            return calculate("/", part, self.figure(node.figure, dims, cell, at))
        units = [d for d in dims if is_unit(d)]
        per = node.per or (tuple(units) if len(units) < len(dims) else ())
        kept = tuple(v for d, v in zip(dims, cell, strict=True) if d in per)
        whole = self.figure(node.figure, tuple(d for d in dims if d in per), kept, at)
        return calculate("/", self.figure(node.figure, dims, cell, at), whole)

    def running(self, node: la.Running, dims: tuple[la.Dim, ...], cell: tuple[Any, ...], at: At) -> Any:
        t = self.time_of(dims, cell)
        reset = start_of(node.reset, t) if node.reset else None
        assert self.unit is not None
        if is_additive(node.figure):
            total = 0
            for unit in self.shown_units:
                if unit <= t and (reset is None or start_of(node.reset, unit) == reset):  # type: ignore[arg-type]
                    moved = tuple(
                        start_of(d.unit, unit) if is_unit(d) else v  # type: ignore[union-attr]
                        for d, v in zip(dims, cell, strict=True)
                    )
                    total += self.figure(node.figure, dims, moved, at)
            return total
        end = back(t, at.shift)
        assert end is not None
        start = back(reset, at.shift) if reset else None
        return self.figure(node.figure, dims, cell, replace(at, stretch=(start, later(end, self.unit))))

    # ---- the answer -------------------------------------------------------------------------------------

    def answer(self) -> list[tuple[Any, ...]]:
        """The rows of the statement in order."""
        s = self.statement
        figures = [i for i in s.items if is_figure(i)]
        if not figures and not s.groups and not self.having:
            return self.listed()
        dims = tuple(dict.fromkeys([*s.groups, *(i for i in s.items if not is_figure(i))]))
        counted = (
            figures and isinstance(figures[0], la.Aggregate) and isinstance(figures[0].operand, la.Grain)
        )
        if dims and isinstance(dims[0], la.Pairs):
            return self.pairs(dims[0])
        if counted:
            return self.counted_units(dims, figures[0])  # type: ignore[arg-type]
        units = [d.unit for d in dims if is_unit(d)]  # type: ignore[union-attr]
        self.unit = min(units, key=la.UNITS.index) if units and figures else None  # type: ignore[arg-type]
        at = At(self.span)
        wanted = [*figures, *(o.key for o in s.order if is_figure(o.key))]
        for c in self.having:
            wanted += [p for p in (c.left, getattr(c, "right", None)) if p is not None and is_figure(p)]  # type: ignore[union-attr]
        cells = self.cells(wanted, dims, at)  # type: ignore[arg-type]
        table: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        for cell in cells:
            table.append(
                (cell, {str(f): self.figure(f, dims, cell, at) for f in wanted if not isinstance(f, la.Rank)})
            )  # type: ignore[arg-type]
        for f in {w for w in wanted if isinstance(w, la.Rank)}:
            self.rank(f, dims, table, at)
        table = [line for line in table if all(self.having_holds(c, dims, *line) for c in self.having)]
        return self.cut(table, dims)

    def cells(self, figures: list[la.Value], dims: tuple[la.Dim, ...], at: At) -> list[tuple[Any, ...]]:
        if not dims:
            return [()]
        groups = self.spine(figures, dims, at)
        if self.unit is None:
            return groups
        places = [i for i, d in enumerate(dims) if is_unit(d)]
        fine = next(i for i in places if dims[i].unit == self.unit)  # type: ignore[union-attr]
        others = list(dict.fromkeys(tuple(v for i, v in enumerate(g) if i not in places) for g in groups))
        others = [()] if len(places) == len(dims) else others
        start, end = at.span
        end = min(end or dt.date.max, TODAY + dt.timedelta(days=1))
        known = [g[fine] for g in groups if g[fine] is not None]
        first = start_of(self.unit, start) if start else min(known, default=None)
        shown: list[dt.date] = []
        while first is not None and first < end:
            shown.append(first)
            first = later(first, self.unit)
        self.shown_units = shown
        cells = []
        for t, other in itertools.product(shown, others):
            rest = iter(other)
            cells.append(
                tuple(start_of(d.unit, t) if i in places else next(rest) for i, d in enumerate(dims))
            )  # type: ignore[union-attr]
        return cells

    def rank(self, f: la.Rank, dims: tuple[la.Dim, ...], table: Any, at: At) -> None:
        values = [(cell, self.figure(f.figure, dims, cell, at)) for cell, _ in table]
        per = [i for i, d in enumerate(dims) if d in f.per]
        for (cell, figures), (_, mine) in zip(table, values, strict=True):
            rivals = [v for c, v in values if all(c[i] == cell[i] for i in per)]
            ahead = [v for v in rivals if v is not None and (mine is None or _more(v, mine))]
            figures[str(f)] = 1 + len(ahead)

    def having_holds(
        self, c: la.Condition, dims: tuple[la.Dim, ...], cell: Any, figures: dict[str, Any]
    ) -> bool:
        def value(node: la.Value) -> Any:
            if node in dims:
                return cell[dims.index(node)]  # type: ignore[arg-type]
            return literal(node) if isinstance(node, la.Number | la.Text) else figures[str(node)]

        return self.test(c, value, is_strict=True) is True

    def cut(self, table: Any, dims: tuple[la.Dim, ...]) -> list[tuple[Any, ...]]:
        s = self.statement

        def value(line: Any, key: la.Value) -> Any:
            return line[0][dims.index(key)] if key in dims else line[1][str(key)]  # type: ignore[arg-type]

        orders = [
            *s.order,
            *(la.Order(d) for d in dims if d not in [o.key for o in s.order] and is_unit(d) and not s.order),
        ]
        orders += [la.Order(d) for d in dims if d not in [o.key for o in orders]]
        table = sort_by(table, [(lambda line, k=o.key: value(line, k), o.is_descending) for o in orders])
        if s.limit_per:
            taken: dict[Any, int] = {}
            kept = []
            for line in table:
                group = tuple(value(line, d) for d in s.limit_per)
                taken[group] = taken.get(group, 0) + 1
                if taken[group] <= (s.limit or 0):
                    kept.append(line)
            first = [d for d in dims if d in s.limit_per]
            table = sort_by(kept, [(lambda line, k=d: value(line, k), False) for d in first])
        elif s.limit is not None:
            table = table[: s.limit]
        return [tuple(_shown(item, value(line, item)) for item in s.items) for line in table]

    def counted_units(self, dims: tuple[la.Dim, ...], f: la.Aggregate) -> list[tuple[Any, ...]]:
        assert isinstance(f.operand, la.Grain)
        more = (*dims, f.operand)
        having = self.having or (la.Compare(la.Aggregate("COUNT", None), ">", la.Number("0")),)
        units = [d.unit for d in more if is_unit(d)]  # type: ignore[union-attr]
        self.unit = min(units, key=la.UNITS.index)  # type: ignore[arg-type]
        at = At(self.span)
        wanted = [p for c in having for p in (c.left, c.right) if is_figure(p)]  # type: ignore[union-attr]
        counts: dict[Any, int] = {} if dims else {(): 0}
        for cell in self.cells(wanted, more, at):
            figures = {str(w): self.figure(w, more, cell, at) for w in wanted}
            counts.setdefault(cell[:-1], 0)
            counts[cell[:-1]] += all(self.having_holds(c, more, cell, figures) for c in having)
        return self.cut([(cell, {str(f): n}) for cell, n in counts.items()], dims)

    def pairs(self, d: la.Pairs) -> list[tuple[Any, ...]]:
        home = self.view
        baskets: dict[Any, set[Any]] = {}
        for row in self.rows(home, (), (), At(self.span)):
            who = self.single(home, row, d.entity.text)
            baskets.setdefault(who, set()).update(self.values(home, row, d.column.text))
        counts: dict[Any, int] = {}
        for who, values in baskets.items():
            if who is not None:
                for pair in itertools.combinations(sorted(v for v in values if v is not None), 2):
                    counts[pair] = counts.get(pair, 0) + 1
        lines = sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]) if self.statement.order else kv[0])
        return [(*pair, n) for pair, n in lines][: self.statement.limit]

    def listed(self) -> list[tuple[Any, ...]]:
        s = self.statement
        rows = self.rows(self.view, (), (), At(self.span))
        orders = [(lambda r, k=o.key: self.row_value(self.view, r, k), o.is_descending) for o in s.order]
        rows = sort_by(rows, orders)
        return [tuple(self.row_value(self.view, r, i) for i in s.items) for r in rows][: s.limit]


# ---- small things ---------------------------------------------------------------------------------------

_LEVEL = "level of "
"""Before the home of a level, whose groups are those of the last days alone."""
_FACTS: dict[int, dict[Any, Any]] = {}
"""Values behind links, of tables that stay as they are; by the tables' identity."""
_OUT: Any = object()
"""Stands for a row that belongs to no group at all."""


def _is_worth(c: la.Condition) -> bool:
    return not isinstance(c, la.Top) and any(isinstance(p, la.Per) for p in c.walk())


def _any(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def _more(a: Any, b: Any) -> bool:
    return bool(a > b) and abs(a - b) > 1e-9 * max(1.0, abs(a), abs(b))


def is_unit(d: la.Value) -> bool:
    return isinstance(d, la.Grain) and d.column is None and d.unit in la.UNITS


def is_figure(node: Any) -> bool:
    if isinstance(node, la.Name):
        return node.text in METRICS or node.text in COMPOSED
    if isinstance(node, la.Calc):
        return is_figure(node.left) or is_figure(node.right)
    return isinstance(
        node, la.Aggregate | la.Shifted | la.Only | la.Share | la.Running | la.Rolling | la.Rank
    )


def is_additive(node: la.Value) -> bool:
    if isinstance(node, la.Name):
        return node.text in ADDITIVE
    if isinstance(node, la.Aggregate):
        is_sum = node.word == "SUM" or (node.word == "COUNT" and node.operand is None)
        return is_sum and not isinstance(node.operand, la.Per)
    if isinstance(node, la.Only | la.Shifted):
        return getattr(node, "word", "BEFORE") == "BEFORE" and is_additive(node.figure)
    if isinstance(node, la.Calc):
        if node.sign in "*/":
            return isinstance(node.right, la.Number) and is_additive(node.left)
        return is_additive(node.left) and is_additive(node.right)
    return False


def literal(node: la.Value) -> Any:
    if isinstance(node, la.Number):
        return number(node)
    if isinstance(node, la.Truth):
        return node.value
    assert isinstance(node, la.Text)
    try:
        return dt.date.fromisoformat(node.value)
    except ValueError:
        return node.value


def number(node: la.Value) -> float | int:
    assert isinstance(node, la.Number)
    return float(node.text) if "." in node.text else int(node.text)


def compare(a: Any, sign: str, b: Any) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        a, b = round(a, 9), round(b, 9)
    return {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def calculate(sign: str, a: Any, b: Any) -> Any:
    if a is None or b is None or (sign == "/" and b == 0):
        return None
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()


def within(time: Any, span: tuple[dt.date | None, dt.date | None]) -> bool:
    day = day_of(time)
    return day is not None and (span[0] is None or day >= span[0]) and (span[1] is None or day < span[1])


def band(value: Any, bounds: tuple[la.Number, ...]) -> int | None:
    if value is None:
        return None
    return 1 + sum(value >= number(b) for b in bounds)


def _shown(item: Any, value: Any) -> Any:
    if not isinstance(item, la.Bucket) or value is None:
        return value
    bounds = [b.text for b in item.bounds]
    names = [f"< {bounds[0]}", *(f"{a} to < {b}" for a, b in itertools.pairwise(bounds)), f">= {bounds[-1]}"]
    return names[value - 1]


def sort_by(lines: list[Any], keys: list[tuple[Callable[[Any], Any], bool]]) -> list[Any]:
    """Sorted by several keys, empty values last either way."""
    for key, is_down in reversed(keys):
        known = [line for line in lines if key(line) is not None]
        empty = [line for line in lines if key(line) is None]

        def comparable(line: Any, key: Callable[[Any], Any] = key) -> Any:
            value = key(line)
            return round(value, 9) if isinstance(value, float) else value

        lines = sorted(known, key=comparable, reverse=is_down) + empty
    return lines
