"""Whether an order is of the address that a letter comes from: nobody is told of another's order.

Addresses are compared only where the asker's role may see them: else a guess could be tried one by one.
"""

from __future__ import annotations

import re
from typing import Literal

from jobs.card_numbers import Found
from jobs.customer_card.customer_places import EMAIL
from jobs.order_card.order_reading import Reader
from sql.semantics import View
from sql.shop.trade_words import says
from sql.types import Value

Owner = Literal["same", "other", "hidden", "unsaid", "unkept"]
"""It is of the letter's address; of another; the role may not see addresses; the letter has none; the shop
has none of the order."""

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SENDER = re.compile(rf"(?i)\b(?:from|von|absender|sender)\s*:[^:@]{{0,60}}?({_ADDRESS.pattern})")
_SENDER_ZH = re.compile(rf"(?:发件人|来自)\s*[:：][^:：@]{{0,60}}?({_ADDRESS.pattern})", re.ASCII)


def addresses_in(letter: str) -> frozenset[str]:
    """The sender's address where the letter's head names one, else all that it names; in small letters."""
    sender = _SENDER.search(letter) or _SENDER_ZH.search(letter)
    found = [sender[1]] if sender is not None else _ADDRESS.findall(letter)
    return frozenset(address.lower().rstrip(".") for address in found)


def without_addresses(letter: str) -> str:
    """The letter without its head and addresses, which say nothing of what is wanted."""
    for way in (_SENDER, _SENDER_ZH, _ADDRESS):
        letter = way.sub(" ", letter)
    return letter.strip(" .,;，。；")


def owner_of(letter: str, order: Found, reader: Reader) -> Owner:
    """Whose an order is, as far as addresses tell; one that differs is enough to be another's."""
    said = addresses_in(letter)
    if not said:
        return "unsaid"
    customer = reader.places.parts.get("customer", "")
    people = reader.shop.view(reader.places.orders.refs.get(customer, ""))
    if column := _email_of(reader.places.orders):
        kept = _kept(reader.orders, column, reader.key, order.key, reader)
    elif people is not None and len(people.key) == 1 and (column := _email_of(people)):
        seen = reader.seen(people.name)
        if seen is None or reader.orders.column(customer) is None:
            return "hidden"
        buyer = _kept(reader.orders, customer, reader.key, order.key, reader)
        kept = buyer if buyer in ("hidden", None) else _kept(seen, column, people.key[0], buyer, reader)
    else:
        return "unkept"
    if kept == "hidden":
        return "hidden"
    if kept in (None, ""):
        return "unkept"
    return "same" if said == {str(kept).strip().lower()} else "other"


def _email_of(view: View) -> str:
    return next((c.name for c in view.columns if c.type == "text" and says(EMAIL, c.name, c.type)), "")


def _kept(view: View, column: str, key: str, value: Value, reader: Reader) -> Value:
    """A column of one row; ``hidden`` where the role may not see it or the key."""
    if view.column(column) is None or view.column(key) is None:
        return "hidden"
    where = f"{reader.source(view)} WHERE {reader.equals(key, value)}"
    rows = reader.run(f"SELECT DISTINCT {reader.column(column)} FROM {where}").rows
    return rows[0][0] if len(rows) == 1 else None
