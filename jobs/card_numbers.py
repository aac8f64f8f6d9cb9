"""From numbers as people write them to the orders or customers that have them, and to what is near."""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.card_reading import CardReader
from sql.semantics import View
from sql.types import Value

MOST_FOUND = 50
"""Things that one message is looked up for at most."""
MOST_NEAR = 3
MOST_DIGITS = 18
"""Of a number that is looked up where numbers are whole ones; longer ones are none."""
_SPACING = "-/#_ ."
"""Signs by which people write one number in several ways."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One that is there."""

    number: str
    key: Value
    """What the column by which it is told from others holds."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The numbers of a view's rows."""

    reader: CardReader
    view: View
    number: str
    """The column with what people call one by."""
    key: str
    """The column by which one is told from others; often the same."""

    def find(self, wanted: Sequence[str]) -> tuple[tuple[Found, ...], tuple[str, ...]]:
        """What has the numbers ``wanted``, in that order, and the numbers that nothing has."""
        by_number: dict[str, list[Found]] = {}
        for row in self._with_numbers(wanted):
            if row[-1] is not None:
                number = plain(row[0])
                by_number.setdefault(_alike(number), []).append(Found(number=number, key=row[-1]))
        found = [each for number in wanted for each in by_number.get(self._as_kept(number), ())]
        missing = tuple(number for number in wanted if self._as_kept(number) not in by_number)
        return tuple(dict.fromkeys(found)), missing

    def near(self, missing: Sequence[str]) -> tuple[str, ...]:
        """Numbers that end as missing ones do."""
        column = self.reader.column(self.number)
        near: list[str] = []
        for each in missing[:MOST_NEAR]:
            digits = max(re.findall("[0-9]+", each), key=len)
            if self._is_text:
                ending = self.reader.listed([f"%{digits}"])
                near += [
                    plain(row[0]) for row in self._rows(f"{_spaceless(column)} LIKE {ending}", MOST_NEAR)
                ]
            elif digits != each and len(digits) <= MOST_DIGITS:
                near += [plain(row[0]) for row in self._rows(f"{column} = {int(digits)}", MOST_NEAR)]
        return tuple(dict.fromkeys(near))[:MOST_NEAR]

    def ends(self) -> tuple[str, str] | None:
        """The first and the last number; ``None`` where there is none."""
        number, source = self.reader.column(self.number), self.reader.source(self.view)
        table = self.reader.run(f"SELECT MIN({number}) AS first, MAX({number}) AS last FROM {source}")
        first, last = table.rows[0]
        return None if first is None else (plain(first), plain(last))

    def having(self, where: str, limit: int = MOST_FOUND) -> tuple[Found, ...]:
        """Those for which a condition holds."""
        return tuple(Found(number=plain(row[0]), key=row[-1]) for row in self._rows(where, limit))

    def _with_numbers(self, wanted: Sequence[str]) -> Sequence[tuple[Value, ...]]:
        column = self.reader.column(self.number)
        if not self._is_text:
            whole = [str(int(each)) for each in wanted if each.isdecimal() and len(each) <= MOST_DIGITS]
            return self._rows(f"{column} IN ({', '.join(whole)})") if whole else ()
        written = self.reader.listed([*wanted, *(each.upper() for each in wanted)])
        rows = self._rows(f"{column} IN ({written})")
        known = {_alike(plain(row[0])) for row in rows}
        rest = [_alike(each) for each in wanted if _alike(each) not in known]
        if not rest:
            return rows
        return [*rows, *self._rows(f"{_spaceless(column)} IN ({self.reader.listed(rest)})")]

    def _rows(self, where: str, limit: int = MOST_FOUND) -> Sequence[tuple[Value, ...]]:
        """Number and key of those for which a condition holds; one column where they are the same."""
        shown = ", ".join(self.reader.column(name) for name in dict.fromkeys((self.number, self.key)))
        source = self.reader.source(self.view)
        return self.reader.run(f"SELECT DISTINCT {shown} FROM {source} WHERE {where} LIMIT {limit}").rows

    @property
    def _is_text(self) -> bool:
        column = self.view.column(self.number)
        return column is not None and column.type not in ("integer", "number")

    def _as_kept(self, number: str) -> str:
        """What a written number has in common with the same one in the data."""
        return _alike(number if self._is_text or not number.isdecimal() else str(int(number)))


def plain(value: Value) -> str:
    """A number as people write it: whole ones without a fraction."""
    if isinstance(value, float | decimal.Decimal) and value == int(value):
        return str(int(value))
    return "" if value is None else str(value)


def _alike(number: str) -> str:
    return re.sub(f"[{re.escape(_SPACING)}]", "", number).upper()


def _spaceless(column: str) -> str:
    """The same of a column, as SQL."""
    for sign in _SPACING:
        column = f"REPLACE({column}, '{sign}', '')"
    return f"UPPER({column})"
