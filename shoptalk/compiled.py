"""A statement of the question language as SQL and, where it was run, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ui.command import finite

if TYPE_CHECKING:
    import pandas as pd


class Compiled:
    """What a statement means for the role.

    Args:
        found: see :func:`ui.compiling.compiled_for`.
        df: its rows; ``None`` where it was not run.
    """

    def __init__(self, found: Mapping[str, Any], df: pd.DataFrame | None) -> None:
        self._found = found
        self.df = df

    @property
    def statement(self) -> str:
        """As it was read, in its normal spelling."""
        return str(self._found["statement"])

    @property
    def read_as(self) -> str:
        """In words."""
        return str(self._found["read_as"])

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What it takes for granted, a sentence each."""
        return tuple(str(each["text"]) for each in self._found["assumptions"])

    @property
    def sql(self) -> str:
        """Over the shop's views, in the database's language."""
        return str(self._found["sql"])

    @property
    def checked_sql(self) -> str:
        """The text that runs: what the guard made of it for the role."""
        return str(self._found["checked_sql"])

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``shoptalk compile --json``."""
        found: dict[str, Any] = finite(self._found)
        return found

    def __repr__(self) -> str:
        return f"<shoptalk.Compiled {self.statement!r}>"
