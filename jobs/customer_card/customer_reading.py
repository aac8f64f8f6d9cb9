"""Which customer is meant, found as the asker's role may see them; statements about one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.errors import AskBack, Declined
from bot.job import Request
from jobs.card_numbers import MOST_NEAR, Found, Numbers
from jobs.card_reading import CardReader
from jobs.customer_card.customer_places import find_customer_places
from jobs.customer_card.customer_words import show_customer
from sql.names import literal
from sql.semantics import View
from telling.phrases import escape_markdown
from telling.titles import title_of, view_title

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

MOST_ALIKE = 4
"""Customers of one name or address that are offered."""


class Reader(CardReader):
    """Reads the customers of one shop as one role.

    Raises:
        Declined: the role sees neither the customers nor who bought.
    """

    def __init__(self, request: Request, workspace: Workspace) -> None:
        super().__init__(request, workspace)
        self.places = find_customer_places(workspace.shop)
        self.codes = frozenset({self.places.key, self.places.number, self.places.bound})
        self.people = self._with(self.places.people, self.places.key)
        """The view with a row for each customer, as the role sees it; ``None`` where it has no such row."""
        self.bought = self._with(self.places.bought, self.places.bound)
        """The view that says who bought, as the role sees it; ``None`` where it does not see who."""
        if self.people is None and self.bought is None:
            shown = self.places.people or self.places.bought
            name = view_title(self.shop, shown.name, request.language)
            raise Declined("hidden", {"names": escape_markdown(name)})

    def _with(self, view: View | None, column: str) -> View | None:
        seen = self.seen(view.name) if view is not None else None
        return seen if seen is not None and seen.column(column) is not None else None

    @property
    def homes(self) -> tuple[Numbers, ...]:
        """Where a number is looked up, in this order."""
        places, found = self.places, []
        if self.people is not None:
            number = places.number if self.people.column(places.number) is not None else places.key
            found.append(Numbers(reader=self, view=self.people, number=number, key=places.key))
        if self.bought is not None:
            found.append(Numbers(reader=self, view=self.bought, number=places.bound, key=places.bound))
        return tuple(found)


def find_customer(said: str, reader: Reader) -> Found:
    """The customer with that number, e-mail address or name.

    Raises:
        AskBack: none has it, or several do.
        Declined: the role may not see addresses or names, so that nobody is looked up by them.
    """
    if "@" in said:
        found = _having(reader, (reader.places.email,), (said,)) if reader.places.email else ()
    else:
        found = _by_number(said, reader)
        is_name = re.search("[0-9]", said) is None or " " in said
        if not found and is_name and reader.places.names:
            found = _by_name(said, reader)
    if len(found) == 1:
        return found[0]
    language = reader.request.language
    if found:
        options = tuple(show_customer(each.number, language) for each in found[:MOST_ALIKE])
        raise ask_which("several_customers", {"said": said}, options)
    raise _no_such(said, reader)


def ask_which(key: str, values: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> AskBack:
    """The question which customer is meant; any number answers it."""
    error = AskBack(key, {name: escape_markdown(text) for name, text in (values or {}).items()}, options)
    error.is_open = True
    return error


def _by_number(said: str, reader: Reader) -> tuple[Found, ...]:
    for numbers in reader.homes:
        found, _ = numbers.find([said])
        if found:
            return found
    return ()


def _by_name(said: str, reader: Reader) -> tuple[Found, ...]:
    names = reader.places.names
    parts = (said,) if len(names) == 1 else tuple(said.split(maxsplit=1))
    return _having(reader, names, parts) if len(parts) == len(names) else ()


def _having(reader: Reader, columns: tuple[str, ...], values: tuple[str, ...]) -> tuple[Found, ...]:
    """Those whose columns hold values, in whatever letter case; raises ``Declined`` for hidden columns."""
    people, language = reader.people, reader.request.language
    veiled = reader.workspace.guard.is_veiled
    hidden = [
        name for name in columns if people is None or people.column(name) is None or veiled(people.name, name)
    ]
    if people is None or hidden:
        names = ", ".join(title_of(reader.shop, name, language) for name in hidden)
        raise Declined("hidden_lookup", {"names": escape_markdown(names)})
    tests = (
        f"LOWER({reader.column(name)}) = {literal(value.lower(), reader.dialect)}"
        for name, value in zip(columns, values, strict=True)
    )
    return reader.homes[0].having(" AND ".join(tests))


def _no_such(said: str, reader: Reader) -> AskBack:
    """That nobody is called so; offered are numbers that end alike, and examples tell the form."""
    home = reader.homes[0]
    limited, ends = reader.workspace.role, home.ends()
    near = home.near([said]) if re.search("[0-9]", said) and "@" not in said else ()
    is_part = limited.is_limited_in([home.view.name])
    key = "no_customers" if ends is None else "no_customer_part" if is_part else "no_customer"
    first, last = ends or ("", "")
    options = tuple(show_customer(each, reader.request.language) for each in near[:MOST_NEAR])
    return ask_which(key, {"said": said, "first": first, "last": last, "role": limited.name}, options)
