"""Errors of ``sql``.

Tree::

    SqlError
    ├── UnsafeQuery          the guard refused; the reason is in words the asker can act on
    │   ├── UnknownName      a table, column or function that is not there: the model may repair it
    │   ├── Ungrouped        a column without one value where rows are put together: the model may repair it
    │   └── NotAllowed       it exists, and this role may not see it
    ├── ShopFileError        shop.yml is wrong: file, line and reason
    ├── WrongStatement       a statement of the question language cannot be read or compiled: place, reason
    │   └── TwoWays          it leaves open what is meant: the reason asks back in words
    ├── DatabaseUnavailable  cannot be opened: missing, corrupt, locked
    ├── QueryFailed          the database refused a checked query: the model may repair it
    │   └── Senseless        its conditions or columns could answer nothing, so it was not run
    ├── QueryTimeout         cancelled when its time budget was spent
    ├── QueryTooLarge        memory or cost budget
    └── QueryCancelled       the asker pressed stop
"""

from __future__ import annotations

from pathlib import Path


class SqlError(Exception):
    """Base of everything ``sql`` raises on purpose."""


class UnsafeQuery(SqlError):
    """The guard refused a statement; nothing reached the database."""

    def __init__(self, sql: str, reason: str) -> None:
        super().__init__(f"Refused: {reason}. Nothing was run. Statement: {sql!r}")
        self.sql = sql
        self.reason = reason


class UnknownName(UnsafeQuery):
    """The statement names a table, column or function that does not exist."""


class Ungrouped(UnsafeQuery):
    """The statement shows or sorts by a column that is neither grouped nor aggregated."""


class NotAllowed(UnsafeQuery):
    """The statement names something that this role may not see."""


class ShopFileError(SqlError):
    """A ``shop.yml`` that cannot be used; nothing was opened.

    Args:
        path: the file, or ``None`` for text that came without one.
        line: 1-based line of the fault, or ``None`` when it has no place.
        reason: what is wrong, what was expected, and the way out.
    """

    def __init__(self, path: Path | None, line: int | None, reason: str) -> None:
        place = f"{path or 'shop.yml'}{f', line {line}' if line else ''}"
        super().__init__(f"{place}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class WrongStatement(SqlError):
    """A statement of the question language that cannot be read, or that means nothing for this shop.

    Args:
        text: the statement.
        at: index of the first character of the fault, or ``None`` when it is the whole.
        reason: what is wrong, what was expected, and the way out.
    """

    def __init__(self, text: str, at: int | None, reason: str) -> None:
        where = "" if at is None else f", character {at + 1} ({text[at : at + 24]!r})"
        super().__init__(f"Statement{where if at is None or at < len(text) else ', at its end'}: {reason}.")
        self.text = text
        self.at = len(text) if at is None else at
        self.reason = reason


class TwoWays(WrongStatement):
    """Two readings are equally near; the reason names both, to be asked back."""


class DatabaseUnavailable(SqlError):
    """The database cannot be opened; nothing was changed."""


class QueryFailed(SqlError):
    """The database refused a checked query."""


class Senseless(QueryFailed):
    """A statement in good grammar that could answer nothing; it was not run."""


class QueryTimeout(SqlError):
    """A query was cancelled when its time budget was spent."""


class QueryTooLarge(SqlError):
    """A query was stopped at its memory or cost budget."""


class QueryCancelled(SqlError):
    """The asker stopped the query."""
