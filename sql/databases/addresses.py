"""Addresses of databases: taken apart, and shown without their passwords.

An address may hold a password; a message, a log or a written ``shop.yml`` never does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from sql.errors import DatabaseUnavailable

_SECRET = re.compile(r"pass|secret|token|key$", re.IGNORECASE)
_SERVER = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LAST_RESORT = re.compile(r"(?<=://)[^@/]*:[^/]*@")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A server's address, taken apart."""

    host: str
    port: int | None
    user: str
    password: str = field(repr=False)
    """Empty when the address holds none."""
    database: str
    options: Mapping[str, str] = field(default_factory=dict)
    """What stands behind the ``?``."""
    shown: str
    """The address without its password."""


def parse_address(location: str) -> Address:
    """Take ``scheme://user:password@host:port/database?option=value`` apart.

    Raises:
        DatabaseUnavailable: it is no address, or names no database.
    """
    shown = without_password(location)
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError:
        raise DatabaseUnavailable(
            f"{shown} is no address of a database: the port must be a number and special characters in the "
            "password must be written as %40 for @, %3A for :, %2F for /; nothing was opened"
        ) from None
    database = unquote(parts.path.lstrip("/"))
    if not database or "/" in database:
        raise DatabaseUnavailable(
            f"{shown} names no database; write {parts.scheme}://USER@HOST:PORT/DATABASE. Nothing was opened."
        )
    return Address(
        host=unquote(parts.hostname or ""),
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database,
        options=dict(parse_qsl(parts.query, keep_blank_values=True)),
        shown=shown,
    )


def without_password(location: str) -> str:
    """``location`` with nothing secret in it: fit to be shown, logged and written; paths stay as they are.

    >>> without_password("postgresql://ana:pass@db:5432/shop?sslmode=require")
    'postgresql://ana@db:5432/shop?sslmode=require'
    """
    if not _SERVER.match(location):
        return location
    try:
        parts = urlsplit(location)
        place = parts.netloc.rpartition("@")[2]
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _SECRET.search(k)]
    except ValueError:
        return _LAST_RESORT.sub("", location).partition("?")[0]
    rest = SplitResult(
        scheme=parts.scheme,
        netloc=f"{user}@{place}" if user else place,
        path=parts.path,
        query=urlencode(query, quote_via=quote),
        fragment="",
    )
    return urlunsplit(rest)
