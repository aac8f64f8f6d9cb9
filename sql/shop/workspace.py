"""A shop opened under a role: its description, its database, its guard and its clock, held together."""

from __future__ import annotations

import datetime as dt
import logging
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sql.databases import Database, open_database
from sql.errors import ShopFileError, SqlError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.lock.veils import Veil
from sql.names import quoted
from sql.personal import REGIONS
from sql.record import checked
from sql.semantics import Attributes, Role, Shop, View
from sql.shop.people_columns import known_names, phone_regions
from sql.shop.shopfile import check_shop, locate, placed
from sql.types import Catalog, Table, Value

logger = logging.getLogger(__name__)

_LATEST = re.compile(r"^\s*max\(\s*([^.()]+)\.([^()]+?)\s*\)\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Everything that answering a question about one shop needs, for one role."""

    shop: Shop
    database: Database
    catalog: Catalog
    role: Role
    guard: Guard
    today: dt.date
    """The shop's day: what "last month" is counted from."""
    user: Attributes = field(default_factory=dict)
    """The asking user's attributes, which the role's rules about rows may name."""

    _undated: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def run(self, sql: str, cancel: threading.Event | None = None) -> Table:
        """Check ``sql`` and run it within the role's budget; raises the errors of ``sql.errors``."""
        return run(checked(self.guard, sql), self.database, self.role.limits, cancel)

    def look(self, sql: str) -> list[tuple[Value, ...]]:
        """Rows that help to describe a shop; none where they cannot be read or take too long."""
        try:
            return list(self.run(sql).rows)
        except SqlError as error:
            logger.info("not looked at: %s", type(error).__name__)
            return []

    def has_undated(self, view: View) -> bool:
        """Whether some rows of a view, as the role sees them, have no time; looked up once, for that may
        read all of them."""
        if view.time is None:
            return False
        if view.name not in self._undated:
            name, time = (quoted(each, self.catalog.dialect) for each in (view.name, view.time))
            self._undated[view.name] = bool(
                self.look(f"SELECT {time} FROM {name} WHERE {time} IS NULL LIMIT 1")
            )
        return self._undated[view.name]

    def close(self) -> None:
        """Close the database; the workspace is of no use afterwards."""
        self.database.close()


def open_workspace(
    shop: Shop,
    *,
    role: str | None = None,
    database: Database | None = None,
    user: Attributes | None = None,
    salt: Callable[[], bytes] | None = None,
) -> Workspace:
    """Open a shop for one role.

    Args:
        shop: its description; a relative ``database`` starts from the folder of ``shop.path``.
        role: name of one of the shop's roles; ``None`` takes its default role.
        database: one that is open already; it stays the caller's to close when opening fails.
        user: the asking user's attributes, for roles whose rules about rows hold ``:name``.
        salt: the secret that this shop's pseudonyms are made with, asked for when the role sees some; left
            out, they are others each time.
    Raises:
        ShopFileError: no such role, the description does not fit the database, or the role needs an
            attribute that the user lacks.
        DatabaseUnavailable: the database cannot be opened.
    """
    try:
        chosen = shop.role(role or shop.default_role)
    except KeyError as error:
        raise ShopFileError(shop.path, None, str(error.args[0])) from error
    base = shop.path.parent if shop.path is not None else Path.cwd()
    # A file that several roles have open in one process has one limit of memory: the largest.
    limits = max((r.limits for r in shop.roles), key=lambda limits: limits.max_memory_mb)
    opened = database or open_database(shop.database, base=base, limits=limits)
    try:
        catalog = opened.catalog()
        check_shop(shop, catalog)
        with placed(shop, "roles", chosen.name):
            secret = salt() if salt is not None and chosen.pseudonyms else secrets.token_bytes(32)
            regions = phone_regions(shop) if chosen.free_text == "masked" else REGIONS
            veil = Veil(partial(known_names, shop, catalog, opened), secret, regions)
            guard = Guard(shop, catalog, chosen, user, veil)
        today = _today(shop, opened, catalog)
    except BaseException:
        if database is None:
            opened.close()
        raise
    return Workspace(
        shop=shop,
        database=opened,
        catalog=catalog,
        role=chosen,
        guard=guard,
        today=today,
        user=dict(user or {}),
    )


def _today(shop: Shop, database: Database, catalog: Catalog) -> dt.date:
    """The shop's day. Read with all rights: which day it is must not depend on who asks."""
    if shop.today is None:
        return dt.date.today()
    if isinstance(shop.today, dt.datetime):
        return shop.today.date()
    if isinstance(shop.today, dt.date):
        return shop.today
    match = _LATEST.match(shop.today)
    if match is None:
        reason = f"today must be a date (2026-06-30) or max(view.column), not {shop.today!r}"
        raise ShopFileError(shop.path, locate(shop.path, "today"), reason)
    view, column = (part.strip(' "`') for part in match.groups())
    everything = Guard(shop, catalog, Role(name="clock"))
    try:
        names = quoted(column, catalog.dialect), quoted(view, catalog.dialect)
        query = everything.check(f"SELECT MAX({names[0]}) AS today FROM {names[1]}")
    except UnsafeQuery as error:
        raise ShopFileError(shop.path, locate(shop.path, "today"), f"today: {error.reason}") from error
    try:
        rows = run(query, database, everything.role.limits).rows
    except SqlError as error:
        raise ShopFileError(
            shop.path, locate(shop.path, "today"), f"today cannot be read from {view}.{column}: {error}"
        ) from error
    day = as_date(rows[0][0] if rows else None)
    if day is None:
        raise ShopFileError(
            shop.path,
            locate(shop.path, "today"),
            f"today: {view}.{column} holds no date; write a date, or leave today out",
        )
    return day


def as_date(value: Value) -> dt.date | None:
    """The day of a value, a moment or a text that begins with one; else ``None``."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip()[:10])
        except ValueError:
            return None
    return None
