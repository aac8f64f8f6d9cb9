"""Results as pandas frames, each column with the type that the shop's database gave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.present import unique_names

if TYPE_CHECKING:
    import pandas as pd

    from sql.types import ColumnType, Table, Value

_DTYPES: dict[ColumnType, str] = {
    "integer": "int64",
    "number": "float64",
    "text": "str",
    "date": "datetime64[s]",
    "timestamp": "datetime64[us]",
    "boolean": "bool",
    "other": "object",
}
_WITH_GAPS = {"int64": "Int64", "bool": "boolean"}
"""What holds a missing value as well."""


def frame_of(table: Table) -> pd.DataFrame:
    """A result as a frame of the same rows and columns; a name that is there twice gets a number.

    Whole numbers are ``int64`` (``Int64`` where some are missing), amounts ``float64``, days and moments
    ``datetime64``, truth values ``bool`` or ``boolean``. What does not fit into its type, such as a moment
    with a time zone or a number of thirty digits, stays as the database gave it, in a column of objects.
    ``attrs`` holds the ``sql`` that ran, ``is_truncated`` and the ``units`` of columns.
    """
    import pandas as pd

    names = unique_names([column.name for column in table.columns])
    cells = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(names)
    series = [_series(values, column.type) for values, column in zip(cells, table.columns, strict=True)]
    frame = pd.concat(series, axis=1, keys=names) if series else pd.DataFrame()
    frame.attrs = {
        "sql": table.query.sql,
        "is_truncated": table.is_truncated,
        "units": dict(table.labels),
    }
    return frame


def _series(values: Sequence[Value], kind: ColumnType) -> pd.Series[Any]:
    import pandas as pd

    if kind == "text" and values:
        return pd.Series(list(values))
    dtype = _DTYPES[kind]
    if None in values:
        dtype = _WITH_GAPS.get(dtype, dtype)
    as_they_are = pd.Series(list(values), dtype="object")
    try:
        typed = as_they_are.astype(dtype)
    except (TypeError, ValueError, OverflowError):
        return as_they_are
    is_same = kind != "integer" or bool((typed.dropna() == as_they_are.dropna()).all())
    return typed if is_same else as_they_are
