"""Cells of one row by the names of its columns, for the jobs that tell many of them."""

from __future__ import annotations

from telling.evidence import Evidence
from telling.writer import Writer


class Cells:
    """One row of a table of the evidence."""

    def __init__(self, evidence: Evidence, writer: Writer, table: int, row: int) -> None:
        self._writer, self._table, self._row = writer, table, row
        self._names = [column.name for column in evidence.tables[table].columns]
        self._values = evidence.tables[table].rows[row]

    def number(self, name: str) -> float:
        """What a cell holds; 0 where nothing."""
        return float(str(self._values[self._names.index(name)] or 0))

    def __getitem__(self, name: str) -> str:
        return self._writer.cell(self._table, self._row, self._names.index(name))

    def some(self, *names: str) -> dict[str, str]:
        """Several of them."""
        return {name: self[name] for name in names}
