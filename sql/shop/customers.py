"""One customer as the shop knows them: found by key, e-mail address, telephone number or name.

Everything is read through the guard, and nothing of it is noted for the audit log as it stands: whoever looks
a person up to forget them must not write them down (:func:`looking_up`). Not covered: people that the shop
keeps outside the views that name its customer.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sql.names import literal, quoted
from sql.record import Statement, recording
from sql.semantics import Shop, View
from sql.shop.people_columns import FIRST, LAST, NAMES, TELLING, people_columns
from sql.shop.workspace import Workspace
from sql.traces import Traces, is_telling
from sql.types import QueryLimits, Value

_LIMITS = QueryLimits(max_rows=1_000_000, timeout_s=120.0, max_memory_mb=4_096)
"""Budget of each look: nothing of a person may be cut off."""
MOST_ALIKE = 20
"""Customers of one name that are told."""
_MOST_TEXTS = 1_000
"""Different addresses, numbers and names of one person that are read of a view."""
_CALLED = ("customer", "client", "buyer", "member", "客户", "顾客", "会员", "买家", "用户")


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One customer, and what is searched for to find what is kept about them."""

    key: str
    traces: Traces
    shared: int = 0
    """Names, addresses and numbers that other customers have too: alone they tell nobody, and are not
    searched for."""
    short: int = 0
    """Names of one word, of which the same is true."""
    has_written: bool | None = None
    """Whether reviews by them were found; ``None`` where the reviews do not say whose they are."""


@dataclass(frozen=True, kw_only=True)
class CustomerPlace:
    """A view of which each row tells its customer, and the column that does."""

    view: View
    column: str


def customer_places(shop: Shop, views: Sequence[View]) -> tuple[CustomerPlace, ...]:
    """The views of which each row tells its customer, the customers' own first; none where none is bound."""
    bound = shop.bindings.get("customer")
    if bound is None:
        return ()
    view_name, _, column = bound.partition(".")
    home = next((v for v in views if v.name.lower() == view_name.lower()), None)
    if home is None or home.column(column) is None:
        return ()
    target = {name.lower(): to for name, to in home.refs.items()}.get(column.lower(), "")
    own = next((v for v in views if v.name.lower() == target.lower()), None)
    own = own or next((v for v in views if [k.lower() for k in v.key] == [column.lower()]), None)
    found = [CustomerPlace(view=own, column=own.key[0])] if own is not None and len(own.key) == 1 else []
    for view in sorted(views, key=lambda view: view.name != home.name):
        refs = [name for name, to in view.refs.items() if own is not None and to.lower() == own.name.lower()]
        names = [*refs, *([column] if view.column(column) is not None else [])]
        if names and (own is None or view.name != own.name):
            found.append(CustomerPlace(view=view, column=names[0]))
    return tuple(found)


@contextmanager
def looking_up(note: Callable[[Statement], None], masked: Callable[[str], str]) -> Iterator[None]:
    """The statements of the block are noted when it ends, with ``masked`` in place of what they name."""
    statements: list[Statement] = []
    try:
        with recording(statements.append):
            yield
    finally:
        for statement in statements:
            note(replace(statement, sql=masked(statement.sql)))


class CustomerReader:
    """Reads customers for one workspace.

    Args:
        places: see :func:`customer_places`; at least one.
    """

    def __init__(self, workspace: Workspace, places: Sequence[CustomerPlace]) -> None:
        guard = workspace.guard.within(_LIMITS)
        self._workspace = replace(workspace, role=guard.role, guard=guard)
        self._dialect = workspace.catalog.dialect
        self._places = tuple(places)

    def keys(self, said: str) -> list[str]:
        """Keys of the customers whom ``said`` may mean, :data:`MOST_ALIKE` at most: one key, or their name.

        Raises:
            SqlError: the shop cannot be read.
        """
        home = self._places[0]
        by_key = self._values(home, home.column, f"{self._text(home.column)} = {self._literal(said)}", 2)
        if by_key:
            return by_key
        found: dict[str, None] = {}
        for place in self._places:
            condition = self._is_called(place.view, said)
            if condition:
                found |= dict.fromkeys(self._values(place, place.column, condition, MOST_ALIKE))
        return list(found)[:MOST_ALIKE]

    def customer(self, key: str) -> Customer:
        """Everything that the shop says of who that is.

        Raises:
            SqlError: the shop cannot be read.
        """
        texts: dict[str, None] = {}
        names: dict[str, None] = {}
        for place in self._places:
            where = f"{self._text(place.column)} = {self._literal(key)}"
            for column in people_columns(place.view, TELLING):
                texts |= dict.fromkeys(filter(is_telling, self._values(place, column, where, _MOST_TEXTS)))
            names |= dict.fromkeys(self._names(place, where))
        full = [name for name in names if is_telling(name)]
        told = list(dict.fromkeys([*texts, *full]))
        own = [text for text in told if self._is_of_one(text)]
        is_name = "@" in key or (is_telling(key) and not re.search(r"\d", key))
        written = self._written(key)
        traces = Traces(
            pseudonym=f"forgotten-{secrets.token_hex(6)}",
            texts=(*own, key) if is_name else tuple(own),
            key=key,
            key_words=tuple(dict.fromkeys([place.column for place in self._places] + list(_CALLED))),
            documents=frozenset(written or ()),
        )
        return Customer(
            key=key,
            traces=replace(traces, is_sampled=self._is_sampled(key, traces)),
            shared=len(told) - len(own),
            short=len(names) - len(full),
            has_written=None if written is None else bool(written),
        )

    def _names(self, place: CustomerPlace, where: str) -> Iterator[str]:
        """The names in a view, and first and last names as they are written together."""
        view = place.view
        first, last = (next(iter(people_columns(view, part)), None) for part in (FIRST, LAST))
        for column in people_columns(view, NAMES):
            if column not in (first, last):
                yield from self._values(place, column, where, _MOST_TEXTS)
        if first is not None and last is not None:
            for one, other in self._rows(view, (first, last), where, _MOST_TEXTS):
                if one and other:
                    yield from (f"{one} {other}", f"{other} {one}", f"{other}, {one}")

    def _is_sampled(self, key: str, traces: Traces) -> bool:
        return any(
            traces.names_cell(column.name, value)
            for place in self._places
            for column in place.view.columns
            if column.sampled
            for value in self._values(
                place, column.name, f"{self._text(place.column)} = {self._literal(key)}", _MOST_TEXTS
            )
        )

    def _is_of_one(self, text: str) -> bool:
        return len(self.keys(text)) < 2

    def _written(self, key: str) -> list[str] | None:
        """Ids of the documents that they wrote; ``None`` where reviews do not say whose they are."""
        source = self._workspace.shop.reviews
        if source is None:
            return []
        place = next((p for p in self._places if p.view.name.lower() == source.view.lower()), None)
        if place is None:
            return None
        where = f"{self._text(place.column)} = {self._literal(key)}"
        return [f"review:{id}" for id in self._values(place, source.id, where, 1_000_000)]

    def _is_called(self, view: View, said: str) -> str:
        """The condition that a row is of whoever is called so; empty where a view tells no names."""
        texts = [*people_columns(view, TELLING), *people_columns(view, NAMES)]
        text = self._literal(said.casefold())
        either = [f"LOWER({self._text(column)}) = {text}" for column in dict.fromkeys(texts)]
        first, last = (next(iter(people_columns(view, part)), None) for part in (FIRST, LAST))
        words = said.casefold().replace(",", " ").split()
        if first is not None and last is not None:
            for cut in range(1, len(words)):
                one, other = (self._literal(" ".join(part)) for part in (words[:cut], words[cut:]))
                for given, family in ((one, other), (other, one)):
                    either.append(
                        f"(LOWER({self._text(first)}) = {given} AND LOWER({self._text(last)}) = {family})"
                    )
        return " OR ".join(either)

    def _values(self, place: CustomerPlace, column: str, where: str, most: int) -> list[str]:
        return [text for (text,) in self._rows(place.view, (column,), where, most) if text]

    def _rows(self, view: View, columns: Sequence[str], where: str, most: int) -> list[tuple[str, ...]]:
        """Distinct rows as texts."""
        names = ", ".join(quoted(name, self._dialect) for name in columns)
        table = self._workspace.run(
            f"SELECT DISTINCT {names} FROM {quoted(view.name, self._dialect)} WHERE {where} LIMIT {most}"
        )
        return [tuple(map(_as_text, row)) for row in table.rows]

    def _text(self, column: str) -> str:
        kind = "CHAR" if self._dialect == "mysql" else "TEXT"
        return f"CAST({quoted(column, self._dialect)} AS {kind})"

    def _literal(self, text: str) -> str:
        return literal(text, self._dialect)


def _as_text(value: Value) -> str:
    return "" if value is None else str(value).strip()
