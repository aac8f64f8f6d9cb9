"""What databases return, made into the plain values of ``sql.types``."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import re
from collections.abc import Iterable, Sequence

from sql.types import Column, ColumnType, Value

_PLAIN = (bool, int, float, decimal.Decimal, str, dt.date, dt.time, dt.timedelta, bytes)

_WORDS: tuple[tuple[str, ColumnType], ...] = (
    (r"^ENUM", "text"),
    (r"BOOL", "boolean"),
    (r"TIMESTAMP|DATETIME", "timestamp"),
    (r"^DATE", "date"),
    (
        r"\[\]|^(STRUCT|MAP|UNION|INTERVAL|BLOB|BYTEA|BINARY|VARBINARY|BIT|JSON|TIME|UUID|POINT|GEOMETRY)",
        "other",
    ),
    (r"INT|SERIAL|^YEAR", "integer"),
    (r"DEC|NUM|REAL|FLOA|DOUB|MONEY", "number"),
    (r"CHAR|TEXT|CLOB|STRING|^NAME", "text"),
)
"""Patterns of the databases' own type words; the first that fits counts."""


def column_type(database_type: str) -> ColumnType:
    """The coarse type for a database's own word, e.g. ``DECIMAL(10,2)`` → ``number``; else ``other``."""
    word = database_type.upper().strip()
    if word == "UUID":
        return "text"
    return next((kind for pattern, kind in _WORDS if re.search(pattern, word)), "other")


def plain_value(value: object) -> Value:
    """``value`` when it is plain already; lists and structs become JSON text, the rest text."""
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def plain_rows(rows: Iterable[Sequence[object]]) -> tuple[tuple[Value, ...], ...]:
    """All cells of ``rows`` as plain values."""
    return tuple(tuple(plain_value(value) for value in row) for row in rows)


def size_of(row: Sequence[object]) -> int:
    """Bytes that a row takes, roughly: texts by their length, everything else by the word."""
    return sum(40 + len(value) if isinstance(value, (str, bytes)) else 32 for value in row)


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})?")


def dated_rows(rows: Sequence[Sequence[Value]]) -> tuple[tuple[Value, ...], ...]:
    """``rows`` with dates where a column holds nothing but texts that are one, for databases without dates.

    Only texts that ``str`` of the date gives again, so that nothing is lost: ISO days, and moments to the
    second (or to the sixth place of it).
    """
    columns = [_dated(values) for values in zip(*rows, strict=True)]
    return tuple(zip(*columns, strict=True)) if columns else tuple(map(tuple, rows))


def _dated(values: tuple[Value, ...]) -> tuple[Value, ...]:
    known = [v for v in values if v is not None]
    texts = [v for v in known if isinstance(v, str)]
    if not texts or len(texts) < len(known):
        return values
    for pattern, kind in ((_DAY, dt.date), (_MOMENT, dt.datetime)):
        if all(map(pattern.fullmatch, texts)):
            try:
                return tuple(kind.fromisoformat(v) if isinstance(v, str) else v for v in values)
            except ValueError:  # 2025-02-30
                return values
    return values


def columns_by_values(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> tuple[Column, ...]:
    """Columns typed by the values found, for databases that do not tell; an empty column is ``other``."""
    return tuple(
        Column(name=name, type=_type_of([row[i] for row in rows if row[i] is not None]))
        for i, name in enumerate(names)
    )


def _type_of(values: Sequence[Value]) -> ColumnType:
    if not values:
        return "other"
    if all(isinstance(v, bool) for v in values):
        return "boolean"
    if all(isinstance(v, int) for v in values):
        return "integer"
    if all(isinstance(v, (int, float, decimal.Decimal)) for v in values):
        return "number"
    if all(isinstance(v, str) for v in values):
        return "text"
    if all(isinstance(v, dt.datetime) for v in values):
        return "timestamp"
    if all(isinstance(v, dt.date) and not isinstance(v, dt.datetime) for v in values):
        return "date"
    return "other"


def is_finite(value: object) -> bool:
    """Whether a number can be shown: neither NaN nor infinite."""
    return not isinstance(value, float) or math.isfinite(value)
