"""From numbers as people write them to the orders that have them, and to what is near where none has."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import AskBack
from jobs.card_numbers import Found, Numbers
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_words import show_order
from telling.phrases import escape_markdown


def find_orders(wanted: Sequence[str], reader: Reader) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """The orders that have the numbers ``wanted``, in that order, and the numbers that none has."""
    return _numbers(reader).find(wanted)


def ask_which(key: str, values: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> AskBack:
    """The question which order is meant; any number answers it."""
    error = AskBack(key, values, options)
    error.is_open = True
    return error


def no_such(missing: Sequence[str], reader: Reader) -> AskBack:
    """That no order has these numbers; offered are those that end alike, and examples tell the form."""
    numbers, limited = _numbers(reader), reader.workspace.role
    near, ends = numbers.near(missing), numbers.ends()
    is_part = limited.is_limited_in([reader.orders.name])
    key = "no_orders" if ends is None else "no_order_part" if is_part else "no_order"
    first, last = ends or ("", "")
    values = {"numbers": ", ".join(missing), "first": first, "last": last, "role": limited.name}
    options = tuple(show_order(each, reader.request.language) for each in near)
    return ask_which(key, {name: escape_markdown(text) for name, text in values.items()}, options)


def _numbers(reader: Reader) -> Numbers:
    return Numbers(reader=reader, view=reader.orders, number=reader.places.number, key=reader.key)
