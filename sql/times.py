"""Times and divisions as each database writes them: the same value on DuckDB, SQLite, PostgreSQL and MariaDB.

Every function returns a new tree in the database's own dialect; ``.sql(dialect=dialect)`` prints it, and it
may be put into a tree that is printed in that dialect. Nothing is carried from one dialect to another: of 29
statements that sqlglot transpiled, 9 ran right on MariaDB. Arguments are trees of that dialect too, or its
text; they are copied.

What each gives, on all four databases alike, and NULL where a time is NULL:

========================================  ================================================================
``grain_start(x, unit, dialect)``         first day of its day, week (from Monday, ISO 8601), month, quarter
                                          or year, as a DATE; in SQLite, which has none, as ISO text
``add_units(x, n, unit, dialect)``        that day n units later (n may be negative), as a DATE; the 31st
                                          becomes the last day of a shorter month
``units_between(a, b, unit, dialect)``    boundaries of the unit from ``a`` to ``b`` as a whole number:
                                          calendar days, weeks, months …; for ``hour`` the hours that pass,
                                          with a fraction
``part_of(x, "weekday", dialect)``        1 (Monday) to 7 (Sunday), as ISO 8601 counts
``part_of(x, "hour", dialect)``           0 to 23
``day_value(day, dialect)``               a written day, to compare the above with or to count on from
``ratio(a, b, dialect)``                  ``a / b`` in double precision; NULL where ``b`` is 0
========================================  ================================================================

``told_as`` is the way back: whether a tree is one of the first or a part, so that whoever tells a result can
write "May 2026" and "Monday". Arguments are evaluated several times in some dialects: give columns or other
cheap expressions. Not covered: time zones (a time with one is taken in the session's), fiscal years (add the
months first), and times that are not text in SQLite.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Literal, get_args

import sqlglot
from sqlglot import exp

from sql.types import Dialect

Unit = Literal["day", "week", "month", "quarter", "year"]
Part = Literal["weekday", "hour"]
UNITS: tuple[Unit, ...] = get_args(Unit)
PARTS: tuple[Part, ...] = get_args(Part)

_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}
_DAYS: dict[Unit, int] = {"day": 1, "week": 7}

_TRUNCATED: dict[Unit, str] = {
    "day": "CAST(a AS DATE)",
    **{unit: f"CAST(DATE_TRUNC('{unit}', a) AS DATE)" for unit in UNITS if unit != "day"},
}
_STARTS: dict[Dialect, dict[Unit, str]] = {
    "duckdb": _TRUNCATED,
    "postgres": _TRUNCATED,
    "sqlite": {
        "day": "DATE(a)",
        "week": "DATE(a, 'weekday 0', '-6 days')",  # the Sunday from then on, and back
        "month": "DATE(a, 'start of month')",
        "quarter": "DATE(a, 'start of month', '-' || ((CAST(STRFTIME('%m', a) AS INTEGER) - 1) % 3) "
        "|| ' months')",
        "year": "DATE(a, 'start of year')",
    },
    "mysql": {
        "day": "CAST(a AS DATE)",
        "week": "DATE_SUB(CAST(a AS DATE), INTERVAL (WEEKDAY(a)) DAY)",
        "month": "DATE_SUB(CAST(a AS DATE), INTERVAL (DAYOFMONTH(a) - 1) DAY)",
        "quarter": "DATE_ADD(MAKEDATE(YEAR(a), 1), INTERVAL ((QUARTER(a) - 1) * 3) MONTH)",
        "year": "MAKEDATE(YEAR(a), 1)",
    },
}
_PARTS: dict[Dialect, dict[Part, str]] = {
    "duckdb": {"weekday": "EXTRACT(ISODOW FROM a)", "hour": "EXTRACT(HOUR FROM a)"},
    "postgres": {
        "weekday": "CAST(EXTRACT(ISODOW FROM a) AS INTEGER)",
        "hour": "CAST(EXTRACT(HOUR FROM CAST(a AS TIMESTAMP)) AS INTEGER)",  # a DATE has none
    },
    "sqlite": {
        "weekday": "(CAST(STRFTIME('%w', a) AS INTEGER) + 6) % 7 + 1",  # %w counts from Sunday, 0
        "hour": "CAST(STRFTIME('%H', a) AS INTEGER)",
    },
    "mysql": {"weekday": "WEEKDAY(a) + 1", "hour": "HOUR(a)"},
}
_YEAR_OF: dict[Dialect, str] = {
    "duckdb": "EXTRACT(YEAR FROM {})",
    "postgres": "CAST(EXTRACT(YEAR FROM {}) AS INTEGER)",
    "sqlite": "CAST(STRFTIME('%Y', {}) AS INTEGER)",
    "mysql": "YEAR({})",
}
_MONTH_OF: dict[Dialect, str] = {
    "duckdb": "EXTRACT(MONTH FROM {})",
    "postgres": "CAST(EXTRACT(MONTH FROM {}) AS INTEGER)",
    "sqlite": "CAST(STRFTIME('%m', {}) AS INTEGER)",
    "mysql": "MONTH({})",
}
_QUARTER_OF: dict[Dialect, str] = {
    "duckdb": "EXTRACT(QUARTER FROM {})",
    "postgres": "CAST(EXTRACT(QUARTER FROM {}) AS INTEGER)",
    "sqlite": "(CAST(STRFTIME('%m', {}) AS INTEGER) + 2) / 3",
    "mysql": "QUARTER({})",
}
_DAYS_BETWEEN: dict[Dialect, str] = {
    "duckdb": "DATE_DIFF('day', CAST({} AS DATE), CAST({} AS DATE))",
    "postgres": "CAST({1} AS DATE) - CAST({0} AS DATE)",
    "sqlite": "CAST(JULIANDAY(DATE({1})) - JULIANDAY(DATE({0})) AS INTEGER)",
    "mysql": "DATEDIFF({1}, {0})",
}
_HOURS_BETWEEN: dict[Dialect, str] = {
    "duckdb": "DATE_DIFF('second', a, b) / 3600.0",
    "postgres": "CAST(EXTRACT(EPOCH FROM b) - EXTRACT(EPOCH FROM a) AS DOUBLE PRECISION) / 3600",
    "sqlite": "(CAST(STRFTIME('%s', b) AS INTEGER) - CAST(STRFTIME('%s', a) AS INTEGER)) / 3600.0",
    "mysql": "CAST(TIMESTAMPDIFF(SECOND, a, b) AS DOUBLE) / 3600",
}

_DOUBLE: dict[Dialect, str] = {
    "duckdb": "DOUBLE",
    "sqlite": "REAL",
    "postgres": "DOUBLE PRECISION",
    "mysql": "DOUBLE",
}


def grain_start(x: exp.Expr | str, unit: Unit, dialect: Dialect) -> exp.Expr:
    """The first day of the unit of time that ``x`` falls in.

    >>> grain_start("paid_at", "quarter", "duckdb").sql("duckdb")
    "CAST(DATE_TRUNC('QUARTER', paid_at) AS DATE)"
    """
    return _made(_STARTS[dialect][unit], dialect, a=x)


def add_units(x: exp.Expr | str, n: int, unit: Unit, dialect: Dialect) -> exp.Expr:
    """The day of ``x``, ``n`` units later."""
    months, days = _MONTHS.get(unit, 0) * n, _DAYS.get(unit, 0) * n
    amount, word = (months, "MONTH") if unit in _MONTHS else (days, "DAY")
    if dialect == "mysql":
        return _made(f"DATE_ADD(CAST(a AS DATE), INTERVAL '{amount}' {word})", dialect, a=x)
    if dialect != "sqlite":
        return _made(f"CAST(CAST(a AS DATE) + INTERVAL '{amount}' {word} AS DATE)", dialect, a=x)
    if word == "DAY":
        return _made(f"DATE(a, '{amount:+} days')", dialect, a=x)
    moved = f"DATE(a, '{amount:+} months')"  # the 31st of a shorter month becomes the 1st of the next
    last = f"DATE(a, 'start of month', '{amount + 1:+} months', '-1 day')"
    return _made(
        f"CASE WHEN STRFTIME('%d', {moved}) < STRFTIME('%d', a) THEN {last} ELSE {moved} END", dialect, a=x
    )


def move_start(start: exp.Expr | str, n: int, unit: Unit, dialect: Dialect) -> exp.Expr:
    """``add_units`` of the first day of a month, which no shorter month cuts: shorter in SQLite."""
    if dialect != "sqlite" or unit not in _MONTHS:
        return add_units(start, n, unit, dialect)
    return _made(f"DATE(a, '{_MONTHS[unit] * n:+} months')", dialect, a=start)


def fiscal_start(
    x: exp.Expr | str, unit: Literal["quarter", "year"], first: int, dialect: Dialect
) -> exp.Expr:
    """The first day of the fiscal quarter or year that ``x`` falls in; years begin with month ``first``.

    >>> fiscal_start("at", "year", 4, "sqlite").sql("sqlite")
    "DATE(at, 'start of month', '-' || ((CAST(STRFTIME('%m', at) AS INTEGER) + 8) % 12) || ' months')"
    """
    if dialect == "sqlite":
        past = f"(CAST(STRFTIME('%m', a) AS INTEGER) + {12 - first}) % {_MONTHS[unit]}"
        return _made(f"DATE(a, 'start of month', '-' || ({past}) || ' months')", dialect, a=x)
    earlier = add_units(x, 1 - first, "month", dialect)  # a day that is cut stays in its month
    return add_units(grain_start(earlier, unit, dialect), first - 1, "month", dialect)


def units_between(
    a: exp.Expr | str, b: exp.Expr | str, unit: Unit | Literal["hour"], dialect: Dialect
) -> exp.Expr:
    """How many boundaries of the unit lie from ``a`` to ``b``, negative when ``b`` is earlier; hours are
    the time that passes, with a fraction."""
    if unit == "hour":
        return _made(_HOURS_BETWEEN[dialect], dialect, a=a, b=b)
    days = _DAYS_BETWEEN[dialect]
    if unit == "day":
        return _made(days.format("a", "b"), dialect, a=a, b=b)
    if unit == "week":
        starts = [_STARTS[dialect]["week"], _made(_STARTS[dialect]["week"], dialect, a="b").sql(dialect)]
        divided = {"duckdb": "({}) // 7", "mysql": "({}) DIV 7"}.get(dialect, "({}) / 7")
        return _made(divided.format(days.format(*starts)), dialect, a=a, b=b)
    of_year, per_year = {
        "month": (_MONTH_OF[dialect], 12),
        "quarter": (_QUARTER_OF[dialect], 4),
        "year": ("", 1),
    }[unit]
    years = f"{_YEAR_OF[dialect].format('b')} - {_YEAR_OF[dialect].format('a')}"
    if unit == "year":
        return _made(years, dialect, a=a, b=b)
    return _made(f"({years}) * {per_year} + {of_year.format('b')} - {of_year.format('a')}", dialect, a=a, b=b)


def part_of(x: exp.Expr | str, part: Part, dialect: Dialect) -> exp.Expr:
    """The weekday, 1 for Monday to 7 for Sunday, or the hour of the day, 0 to 23."""
    return _made(_PARTS[dialect][part], dialect, a=x)


def day_value(day: dt.date, dialect: Dialect) -> exp.Expr:
    """A written day."""
    return _made(f"'{day}'" if dialect == "sqlite" else f"CAST('{day}' AS DATE)", dialect)


def ratio(a: exp.Expr | str, b: exp.Expr | str, dialect: Dialect) -> exp.Expr:
    """``a / b`` with a fraction also of whole numbers, and NULL for nothing to divide by.

    In double precision: MariaDB's own division keeps four places more than ``a`` has.

    >>> ratio("SUM(returned)", "COUNT(*)", "sqlite").sql("sqlite")
    'CAST(SUM(returned) AS REAL) / NULLIF(COUNT(*), 0)'
    """
    return _made(f"CAST(a AS {_DOUBLE[dialect]}) / NULLIF(b, 0)", dialect, a=a, b=b)


def told_as(node: exp.Expr, dialect: Dialect) -> Unit | Part | None:
    """What ``node`` makes of a column, exactly as written here; ``None`` for anything else."""
    node = node.unnest()
    column = node.find(exp.Column)
    if column is None or isinstance(node, exp.Column):
        return None
    kinds: tuple[Unit | Part, ...] = (*UNITS, *PARTS)
    for kind in kinds:
        if node == _of(kind, column, dialect):
            return kind
    return None


def _of(kind: Unit | Part, column: exp.Column, dialect: Dialect) -> exp.Expr:
    if kind == "weekday" or kind == "hour":
        return part_of(column, kind, dialect)
    return grain_start(column, kind, dialect)


def _made(text: str, dialect: Dialect, **places: exp.Expr | str) -> exp.Expr:
    """``text``, in which ``a`` and ``b`` stand for the arguments, as a tree."""
    tree = _pattern(text, dialect).copy()
    filled = {name: _read(place, dialect) for name, place in places.items()}
    for column in list(tree.find_all(exp.Column)):
        place = filled.get(column.name)
        if place is not None:
            parent = column.parent
            copy = place.copy()
            is_operand = isinstance(parent, (exp.Binary, exp.Unary)) and isinstance(
                copy, (exp.Binary, exp.Unary)
            )
            column.replace(exp.Paren(this=copy) if is_operand else copy)
    return tree


@lru_cache(maxsize=512)
def _pattern(text: str, dialect: Dialect) -> exp.Expr:
    return _read(text, dialect)


def _read(place: exp.Expr | str, dialect: Dialect) -> exp.Expr:
    if isinstance(place, exp.Expr):
        return place
    tree: exp.Expr = sqlglot.parse_one(place, read=dialect, into=exp.Condition)
    return tree
