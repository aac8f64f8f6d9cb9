"""Names, texts and times as SQL spells them, and as a grammar (llguidance's dialect of Lark) quotes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sql.question.words import words
from sql.types import Dialect


def quote_text(value: str) -> str:
    """``value`` as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def number_text(value: float) -> str:
    """``value`` as SQL writes it: whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(value)


_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = words(
    """
    all analyze and any array as asc both by case cast check collate column constraint create cross
    current_date default desc distinct do else end except exists fetch filter for foreign from full glob
    grant group having if in index inner insert intersect into is isnull join key lateral leading left like
    limit natural not notnull null offset on only or order outer over partition pivot primary qualify range
    references replace returning right rows select set some table then to trailing transaction trigger union
    unique unpivot update user using values view when where window with date time timestamp year month day
    hour minute second match rank
    """
)


def quote_name(name: str) -> str:
    """``name`` as SQL writes it: bare when it is a plain word, else in double quotes.

    >>> quote_name("unit_price"), quote_name("First Name"), quote_name("order")
    ('unit_price', '"First Name"', '"order"')
    """
    if _PLAIN_NAME.match(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def time_grain(column: str, grain: str, dialect: Dialect) -> str:
    """The expression that cuts ``column`` to the start of its day, week, month, quarter or year."""
    if dialect in ("duckdb", "postgres"):
        return f"DATE_TRUNC('{grain}', {column})"
    if dialect == "mysql":
        form = {"day": "%Y-%m-%d", "week": "%x-W%v", "month": "%Y-%m", "year": "%Y"}.get(grain)
        return f"DATE_FORMAT({column}, '{form}')" if form else f"QUARTER({column})"
    form = {"day": "%Y-%m-%d", "week": "%Y-W%W", "month": "%Y-%m", "year": "%Y"}.get(grain)
    if form:
        return f"STRFTIME('{form}', {column})"
    return f"STRFTIME('%Y', {column}) || '-Q' || ((STRFTIME('%m', {column}) + 2) / 3)"


def time_part(column: str, part: str, dialect: Dialect) -> str:
    """The expression for the hour (0 to 23), weekday or month of the year of ``column``."""
    if dialect in ("duckdb", "postgres"):
        if part == "weekday":
            return f"DAYNAME({column})" if dialect == "duckdb" else f"TO_CHAR({column}, 'Day')"
        return f"EXTRACT({part} FROM {column})"
    if dialect == "mysql":
        return {"weekday": f"DAYNAME({column})", "hour": f"HOUR({column})", "month": f"MONTH({column})"}[part]
    return f"STRFTIME('{ {'weekday': '%w', 'hour': '%H', 'month': '%m'}[part] }', {column})"


def time_between(first: str, last: str, unit: str, dialect: Dialect) -> str:
    """The expression for the calendar days from ``first`` to ``last``, or, of two times of day, the hours."""
    if unit not in ("days", "hours"):
        raise ValueError(f"expected days or hours, got {unit!r}")
    in_days = unit == "days"
    if dialect == "duckdb":
        if in_days:
            return f"DATE_DIFF('day', CAST({first} AS DATE), CAST({last} AS DATE))"
        return f"DATE_DIFF('second', {first}, {last}) / 3600.0"
    if dialect == "postgres":
        if in_days:
            return f"CAST({last} AS DATE) - CAST({first} AS DATE)"
        return f"EXTRACT(EPOCH FROM ({last} - {first})) / 3600.0"
    if dialect == "mysql":
        return f"DATEDIFF({last}, {first})" if in_days else f"TIMESTAMPDIFF(SECOND, {first}, {last}) / 3600.0"
    if in_days:
        return f"CAST(JULIANDAY(DATE({last})) - JULIANDAY(DATE({first})) AS INTEGER)"
    return f"(JULIANDAY({last}) - JULIANDAY({first})) * 24.0"


# --- Lark ------------------------------------------------------------------------------------------------


def lark_text(value: str) -> str:
    """A Lark string literal: JSON's escapes are understood by llguidance."""
    return json.dumps(value, ensure_ascii=False)


def lark_choice(values: Iterable[str]) -> str:
    """Lark alternatives, each once."""
    return " | ".join(lark_text(v) for v in dict.fromkeys(values))
