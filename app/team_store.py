"""The database of a team: people and keys, conversations, feedback; SQLite under home, or a PostgreSQL.

Several threads and processes may use it at once. Its tables are made, and brought from an older version to
this one, at the first use. Not in it: the audit log, which stays a file, and everything about one shop.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import StoreAway, WrongUse
from app.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, RowMapping, Table
    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.engine import URL

    from sql.traces import Traces

WAIT_S = 10.0
"""Seconds that a statement waits for another's lock, or a connection for its server."""
EXAMPLE = "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
_MIGRATING = 7_605_201
"""Number of the lock that PostgreSQL's processes hold while they bring the tables to this version."""


class Store:
    """One database.

    Args:
        url: of SQLAlchemy, SQLite or PostgreSQL.
        older: a SQLite file of an earlier version, of people and keys alone; taken over where this one is
            not there yet.
    Raises:
        WrongUse: the address is none that can be used; its password is not repeated.
    """

    def __init__(self, url: str, *, older: Path | None = None) -> None:
        self._url = _checked(url)
        self._older = older
        self._lock = threading.Lock()
        self._is_ready = False

    @classmethod
    def of(cls, settings: Settings) -> Store:
        """That of an installation."""
        if settings.store is not None:
            return cls(settings.store)
        return cls.in_file(settings.store_file, older=settings.home / "people.db")

    @classmethod
    def in_file(cls, path: Path, *, older: Path | None = None) -> Store:
        """In a SQLite file, made at the first use."""
        from sqlalchemy.engine import URL

        url = URL.create("sqlite", database=str(path))
        return cls(url.render_as_string(hide_password=False), older=older)

    @property
    def exists(self) -> bool:
        """Whether there is anything to look into; a server is taken to have something."""
        file = self._file
        return file is None or file.exists() or (self._older is not None and self._older.exists())

    @property
    def shown(self) -> str:
        """Its address without the password."""
        return self._url.render_as_string(hide_password=True)

    def check(self) -> None:
        """Open it, at the start of a process: nobody waits for its tables, and what is wrong is told at once.

        Raises:
            WrongUse: a server's cannot be opened, or a newer program wrote it.
            StoreAway: a file's cannot.
        """
        try:
            with self.begin():
                pass
        except StoreAway as error:
            if self._file is not None:
                raise
            raise WrongUse(
                f"SHOPTALK_STORE is {self.shown!r}, which cannot be opened: {error.reason}. Is the server "
                "running, and are user, password and database right? Unset it to keep people and "
                "conversations in SQLite."
            ) from error

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection in a transaction, committed at the end of the block and rolled back on an error.

        Raises:
            StoreAway: the database cannot be reached or written now; nothing was changed.
            WrongUse: a newer program wrote it.
        """
        with self._told():
            with self._lock:
                self._prepare()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raises ``StoreAway`` for whatever the database or its driver raises in the block."""
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            first = next(iter(str(cause).strip().splitlines()), type(error).__name__)
            raise StoreAway(self.shown, first.rstrip(".")) from error

    def insert(self, table: Table) -> Insert:
        """An insertion that may say what happens when the row is there already."""
        from sqlalchemy.dialects import postgresql, sqlite

        # Both have on_conflict_do_update and on_conflict_do_nothing, with the same arguments.
        kind: Any = sqlite if self._file is not None else postgresql
        made: Insert = kind.insert(table)
        return made

    def forget_before(self, table: Table, column: str, moment: str | float, *, is_dry: bool) -> int:
        """Delete the rows whose ``column`` is less than ``moment``, or only count them.

        Raises:
            StoreAway: see :meth:`begin`.
        """
        from sqlalchemy import func, select

        if not self.exists:
            return 0
        is_older = table.c[column] < moment
        with self.begin() as connection:
            counted = select(func.count()).select_from(table).where(is_older)
            found: int = connection.execute(counted).scalar_one()
            if found and not is_dry:
                connection.execute(table.delete().where(is_older))
        if found and not is_dry:
            self.sweep([table])
        return found

    def forget(
        self,
        table: Table,
        traces: Traces,
        *,
        is_dry: bool,
        without_words: Callable[[str], str] | None = None,
    ) -> int:
        """Delete the rows of a person, or whose ``body``, a JSON text, or title names them: ``CanForget``.

        Args:
            without_words: what is left of a body where the row of somebody else must stay.
        Raises:
            StoreAway: see :meth:`begin`.
        """
        if not self.exists:
            return 0
        keys = list(table.primary_key)
        with self.begin() as connection:
            rows = connection.execute(table.select()).mappings().all()
            named = [row for row in rows if _is_of(row, traces) or _names(row, traces)]
            for row in () if is_dry else named:
                change = (
                    table.delete()
                    if without_words is None or _is_of(row, traces)
                    else table.update().values(body=without_words(row["body"]))
                )
                connection.execute(change.where(*(key == row[key.name] for key in keys)))
        if named and not is_dry:
            self.sweep([table])
        return len(named)

    def sweep(self, tables: Sequence[Table]) -> None:
        """Leave nothing of deleted rows in the database's files.

        Raises:
            StoreAway: that cannot be done now; the rows are deleted.
        """
        what = "" if self._file is not None else " " + ", ".join(table.name for table in tables)
        with self._told(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"VACUUM{what}")

    def close(self) -> None:
        """Give the connections back."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    # --- how it is opened ---

    @property
    def _file(self) -> Path | None:
        name = self._url.database
        return Path(str(name)) if self._url.get_backend_name() == "sqlite" else None

    @cached_property
    def _engine(self) -> Engine:
        from sqlalchemy import create_engine

        if self._file is not None:
            return create_engine(self._url, connect_args={"timeout": WAIT_S})
        return create_engine(
            self._url,
            pool_pre_ping=True,  # a connection that a restarted server has dropped is replaced
            pool_timeout=WAIT_S,
            connect_args={"connect_timeout": int(WAIT_S)},
        )

    def _prepare(self) -> None:
        """Bring the tables to this version, once."""
        file = self._file
        if self._is_ready and (file is None or file.exists()):
            return
        try:
            with self._alone():
                if file is not None and not file.exists():
                    if self._older is not None and self._older.exists():
                        self._older.rename(file)
                    else:
                        file.touch(mode=0o600)
                with self._engine.begin() as connection:
                    if file is None:
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
                    self._migrate(connection)
        except OSError as error:
            raise StoreAway(self.shown, error.strerror or str(error)) from error
        self._is_ready = True

    def _alone(self) -> AbstractContextManager[object]:
        """Hold other processes off while a file is made; a server has locks of its own."""
        from filelock import FileLock

        file = self._file
        if file is None:
            return nullcontext()
        file.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(file.with_suffix(".lock"), timeout=WAIT_S)

    def _migrate(self, connection: Connection) -> None:
        from sqlalchemy import inspect

        from app.store_tables import REVISIONS

        if inspect(connection).has_table("alembic_version"):
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            if found == REVISIONS[-1]:
                return
            if found not in REVISIONS:
                raise WrongUse(
                    f"{self.shown} was written by a newer Shoptalk (its tables are of version {found}, this "
                    f"program knows {REVISIONS[-1]}): start that one again. Nothing was changed."
                )
        from alembic import command
        from alembic.config import Config

        config = Config()
        folder = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_of(row: RowMapping, traces: Traces) -> bool:
    """Whether the row is kept for the person."""
    return traces.names(str(row.get("person", "")))


def _names(row: RowMapping, traces: Traces) -> bool:
    """Whether its texts name the person, as they stand there or in one of their values."""
    texts = (row["body"], json.dumps(row.get("title") or "", ensure_ascii=False))
    values = [json.loads(text) for text in texts]
    return any(map(traces.names, texts)) or any(traces.masked_json(value) != value for value in values)


def _checked(text: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except ArgumentError:
        raise WrongUse(f"SHOPTALK_STORE is no database's address; expected {EXAMPLE}.") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise WrongUse(
            f"SHOPTALK_STORE begins with {url.drivername!r}; expected {EXAMPLE}, or sqlite:////PATH/NAME.db."
        )
    if url.drivername != "sqlite":
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise WrongUse(
                'SHOPTALK_STORE is a PostgreSQL, whose driver is not installed: pip install -e ".[postgres]".'
            ) from error
    return url
