"""Opens a database by where it is: which kind it is tells its content, not its name."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sql.errors import DatabaseUnavailable
from sql.types import QueryLimits

if TYPE_CHECKING:
    from sql.databases import Database

FILE_SCHEMES = ("duckdb", "sqlite", "file")
_SCHEME = re.compile(r"^([a-z][a-z0-9+]+)://(.*)$", re.IGNORECASE)


def open_database(location: str, *, base: Path | None = None, limits: QueryLimits | None = None) -> Database:
    """Open a database for reading.

    Args:
        location: a DuckDB or SQLite file, a CSV or Parquet file, a folder or a pattern of such files;
            ``duckdb://`` and ``sqlite://`` before a path are understood, and so is ``~``; or a server's
            address, ``postgresql://USER@HOST:PORT/DATABASE`` or ``mysql://…`` (MariaDB too).
        base: folder that a relative path starts from; the current folder when ``None``.
        limits: memory that the database may take; time and rows are limits of each query.
    Raises:
        DatabaseUnavailable: nothing there, not a kind that can be read, damaged, or held by another program.
    """
    limits = limits or QueryLimits()
    scheme = _SCHEME.match(location)
    if scheme is not None:
        kind = scheme.group(1).lower()
        if kind in ("postgresql", "postgres"):
            from sql.databases.postgres_database import PostgresDatabase

            return PostgresDatabase(location, limits)
        if kind in ("mysql", "mariadb"):
            from sql.databases.mysql_database import MysqlDatabase

            return MysqlDatabase(location, limits)
        if kind not in FILE_SCHEMES:
            raise DatabaseUnavailable(
                f"{kind}:// databases cannot be opened by this version; it opens postgresql:// and mysql:// "
                "addresses, and DuckDB, SQLite, CSV and Parquet files"
            )
        location = file_of(location, base)
    if not location.strip():
        raise DatabaseUnavailable("the database's path is empty; set `database` in shop.yml")
    path = Path(location).expanduser()
    if base is not None and not path.is_absolute():
        path = base / path
    if path.is_dir() or (not path.exists() and glob.has_magic(str(path))):
        return _load(str(path), limits)
    if not path.exists():
        raise DatabaseUnavailable(f"{path} does not exist; nothing was opened. Check the path in shop.yml.")
    return _open_file(path, limits)


def file_of(location: str, base: Path | None = None) -> str:
    """The path in an address: that of ``sqlite:///shop.db`` starts from ``base``.

    That of ``sqlite:////data/shop.db`` is absolute. Three slashes and a path that is there as it stands are
    understood too. What is no address stays.
    """
    scheme = _SCHEME.match(location)
    if scheme is None or scheme.group(1).lower() not in FILE_SCHEMES:
        return location
    path = scheme.group(2)
    if not path.startswith("/"):
        return path
    relative = path[1:]
    if relative.startswith("/") or (base or Path()).joinpath(relative).exists():
        return relative
    return path


def _open_file(path: Path, limits: QueryLimits) -> Database:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DatabaseUnavailable(f"{path} cannot be read: {error.strerror or error}") from error
    if head.startswith(b"SQLite format 3\0"):
        from sql.databases.sqlite_database import SqliteDatabase

        return SqliteDatabase(path, limits)
    from sql.databases.files import data_file

    if data_file(path) is not None:
        return _load(str(path), limits)
    if not head:
        raise DatabaseUnavailable(f"{path} is empty; it holds no database")
    if head[8:12] == b"DUCK" or path.suffix.lower() in (".duckdb", ".ddb"):
        from sql.databases.duckdb_database import DuckdbDatabase

        return DuckdbDatabase.open_file(path, limits)
    raise DatabaseUnavailable(
        f"{path} is neither a DuckDB nor a SQLite file, nor a CSV or Parquet file; it may be damaged"
    )


def _load(location: str, limits: QueryLimits) -> Database:
    from sql.databases.duckdb_database import DuckdbDatabase

    return DuckdbDatabase.load_files(location, limits)
