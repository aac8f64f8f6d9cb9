"""From numbers as people write them to the orders that have them, and to what is near where none has."""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import AskBack
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_words import show_order
from sql.types import Value
from telling.phrases import escape_markdown

MOST_FOUND = 50
"""Orders that one message is looked up for at most."""
MOST_NEAR = 3
MOST_DIGITS = 18
"""Of a number that is looked up where numbers are whole ones; longer ones are none of an order."""
_SPACING = "-/#_ ."
"""Signs by which people write one number in several ways."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An order that is there."""

    number: str
    key: Value
    """What ``Reader.key`` holds of it."""


def find_orders(wanted: Sequence[str], reader: Reader) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """The orders that have the numbers ``wanted``, in that order, and the numbers that none has."""
    by_number: dict[str, list[Found]] = {}
    for row in _with_numbers(wanted, reader):
        if row[-1] is not None:
            number = _plain(row[0])
            by_number.setdefault(_alike(number), []).append(Found(number=number, key=row[-1]))
    found = [each for number in wanted for each in by_number.get(_as_kept(number, reader), ())]
    missing = tuple(number for number in wanted if _as_kept(number, reader) not in by_number)
    return tuple(dict.fromkeys(found)), missing


def ask_which(key: str, values: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> AskBack:
    """The question which order is meant; any number answers it."""
    error = AskBack(key, values, options)
    error.is_open = True
    return error


def no_such(missing: Sequence[str], reader: Reader) -> AskBack:
    """That no order has these numbers; offered are those that end alike, and examples tell the form."""
    number, limited = reader.column(reader.places.number), reader.workspace.role
    near: list[str] = []
    for each in missing[:MOST_NEAR]:
        digits = max(re.findall("[0-9]+", each), key=len)
        if _is_text(reader):
            ending = reader.listed([f"%{digits}"])
            near += [
                _plain(row[0]) for row in _rows(f"{_spaceless(number)} LIKE {ending}", reader, MOST_NEAR)
            ]
        elif digits != each and len(digits) <= MOST_DIGITS:
            near += [_plain(row[0]) for row in _rows(f"{number} = {int(digits)}", reader, MOST_NEAR)]
    ends = reader.run(
        f"SELECT MIN({number}) AS first, MAX({number}) AS last FROM {reader.source(reader.orders)}"
    )
    first, last = ends.rows[0]
    is_part = limited.is_limited_in([reader.orders.name])
    key = "no_orders" if first is None else "no_order_part" if is_part else "no_order"
    values = {
        "numbers": ", ".join(missing),
        "first": _plain(first),
        "last": _plain(last),
        "role": limited.name,
    }
    options = tuple(show_order(each, reader.request.language) for each in dict.fromkeys(near))
    return ask_which(key, {name: escape_markdown(text) for name, text in values.items()}, options[:MOST_NEAR])


def _with_numbers(wanted: Sequence[str], reader: Reader) -> Sequence[tuple[Value, ...]]:
    number = reader.column(reader.places.number)
    if not _is_text(reader):
        whole = [str(int(each)) for each in wanted if each.isdecimal() and len(each) <= MOST_DIGITS]
        return _rows(f"{number} IN ({', '.join(whole)})", reader) if whole else ()
    rows = _rows(f"{number} IN ({reader.listed([*wanted, *(each.upper() for each in wanted)])})", reader)
    known = {_alike(_plain(row[0])) for row in rows}
    rest = [_alike(each) for each in wanted if _alike(each) not in known]
    return [*rows, *_rows(f"{_spaceless(number)} IN ({reader.listed(rest)})", reader)] if rest else rows


def _rows(where: str, reader: Reader, limit: int = MOST_FOUND) -> Sequence[tuple[Value, ...]]:
    """Number and key of the orders for which a condition holds; one column where they are the same."""
    shown = ", ".join(reader.column(name) for name in dict.fromkeys((reader.places.number, reader.key)))
    return reader.run(
        f"SELECT DISTINCT {shown} FROM {reader.source(reader.orders)} WHERE {where} LIMIT {limit}"
    ).rows


def _is_text(reader: Reader) -> bool:
    column = reader.orders.column(reader.places.number)
    return column is not None and column.type not in ("integer", "number")


def _as_kept(number: str, reader: Reader) -> str:
    """What a written number has in common with the same one in the data."""
    return _alike(number if _is_text(reader) or not number.isdecimal() else str(int(number)))


def _alike(number: str) -> str:
    return re.sub(f"[{re.escape(_SPACING)}]", "", number).upper()


def _spaceless(column: str) -> str:
    """The same of a column, as SQL."""
    for sign in _SPACING:
        column = f"REPLACE({column}, '{sign}', '')"
    return f"UPPER({column})"


def _plain(value: Value) -> str:
    """A number as people write it: whole ones without a fraction."""
    if isinstance(value, float | decimal.Decimal) and value == int(value):
        return str(int(value))
    return "" if value is None else str(value)
