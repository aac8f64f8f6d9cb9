"""PostgreSQL, through psycopg 3.

The second lock: every statement runs alone, by the extended protocol, which takes one statement at a time, in
a READ ONLY transaction that is always rolled back, under limits of time, of waiting for locks and of memory
for sorts and hashes. Names without a schema resolve in the schemas that were on the search path when the
database was opened, never in a temporary one. What the role may do beyond that is the administrator's choice:
``reader_postgres.sql`` makes one that can only read, and ``rights`` tells what a role could do.

Cancelling goes from outside, by a request on a connection of its own; should that fail, the connection is
cut, and the server notices within half a second (``client_connection_check_interval``, PostgreSQL 14 on).

Not limited here: the memory of one value (``repeat('x', 1e9)``), which is the guard's to refuse; and the
server's memory as a whole, of which a session may only limit the parts.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from sql.databases.addresses import Address, parse_address
from sql.databases.budget import Budget, Escalation
from sql.databases.cost import postgres_cost
from sql.databases.messages import first_line, without_values
from sql.databases.pool import Pool
from sql.databases.reading import Told
from sql.databases.rights import Right
from sql.databases.table_names import Placed, usable_names
from sql.databases.values import columns_by_values, plain_rows, size_of
from sql.errors import DatabaseUnavailable, QueryFailed, QueryTimeout, QueryTooLarge, SqlError
from sql.lock.guard import CheckedQuery
from sql.types import (
    Catalog,
    CatalogColumn,
    CatalogTable,
    Column,
    ColumnType,
    Dialect,
    ForeignKey,
    Plan,
    QueryLimits,
    Table,
)

if TYPE_CHECKING:
    import psycopg

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

INSTALL = 'pip install "shoptalk[postgres]"'
SCRIPT = Path(__file__).parent / "reader_postgres.sql"
CONNECT_S = 5
"""Seconds that connecting may take."""
COUNT_S = 2.0
"""Seconds spent on counting rows of tables for which the server has no estimate yet."""
COUNT_ROWS = 1_000_000
CHUNK = 200
"""Rows that come from the server at a time."""

_TYPES: dict[str, ColumnType] = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "oid": "integer",
    "numeric": "number",
    "float4": "number",
    "float8": "number",
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "char": "text",
    "name": "text",
    "citext": "text",
    "uuid": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "bool": "boolean",
}
"""The server's internal names of types."""

_SCHEMAS = """
SELECT 1 FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
  AND has_schema_privilege(oid, 'USAGE')
"""
_TABLES = """
SELECT c.oid, n.nspname, c.relname, pg_table_is_visible(c.oid), c.relkind, obj_description(c.oid, 'pg_class'),
  CASE WHEN c.relkind = 'p' THEN
    (SELECT sum(leaf.reltuples) FROM pg_partition_tree(c.oid) AS part
     JOIN pg_class AS leaf ON leaf.oid = part.relid WHERE part.isleaf AND leaf.reltuples >= 0)
  WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm') THEN c.reltuples END
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY NOT pg_table_is_visible(c.oid), c.oid
"""
_COLUMNS = """
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum),
  NOT a.attnotnull, coalesce(base.typname, t.typname), coalesce(base.typtype, t.typtype)
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS base ON base.oid = t.typbasetype AND t.typtype = 'd'
WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
  AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY a.attrelid, a.attnum
"""
_KEYS = """
SELECT k.contype, k.conrelid, k.confrelid,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(n, i)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(n, i)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i)
FROM pg_constraint AS k
WHERE k.contype IN ('p', 'f') AND k.conrelid = ANY(%s)
ORDER BY k.conrelid, k.conname
"""
_RIGHTS = """
WITH me AS (
  SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles
  WHERE rolname = current_user),
own AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\\_%'
    AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE'))
SELECT 'superuser', current_user::text FROM me WHERE rolsuper
UNION ALL SELECT 'role', word FROM me, LATERAL (VALUES
  (rolcreaterole, 'CREATEROLE'), (rolcreatedb, 'CREATEDB'),
  (rolreplication, 'REPLICATION'), (rolbypassrls, 'BYPASSRLS')) AS a(has, word) WHERE has AND NOT rolsuper
UNION ALL SELECT 'member', r.rolname FROM pg_roles AS r, me
  WHERE NOT me.rolsuper AND r.rolname IN ('pg_read_server_files', 'pg_write_server_files',
    'pg_execute_server_program', 'pg_write_all_data', 'pg_signal_backend', 'pg_read_all_data',
    'pg_read_all_settings', 'pg_create_subscription', 'pg_maintain', 'pg_checkpoint')
    AND pg_has_role(current_user, r.oid, 'MEMBER')
UNION ALL (SELECT 'write', nspname || '.' || relname FROM own, me WHERE NOT me.rolsuper
  AND CASE WHEN relkind <> 'S' THEN has_table_privilege(own.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
    OR has_any_column_privilege(own.oid, 'INSERT, UPDATE') END ORDER BY 2)
UNION ALL (SELECT 'write', nspname || '.' || relname FROM own, me WHERE NOT me.rolsuper
  AND CASE WHEN relkind = 'S' THEN has_sequence_privilege(own.oid, 'USAGE, UPDATE') END ORDER BY 2)
UNION ALL SELECT 'create', nspname FROM pg_namespace, me WHERE NOT me.rolsuper
  AND nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(pg_namespace.oid, 'CREATE')
UNION ALL SELECT 'temporary', current_database() FROM me WHERE NOT rolsuper
  AND has_database_privilege(current_database(), 'TEMPORARY')
UNION ALL SELECT 'database', current_database() FROM me WHERE NOT rolsuper
  AND has_database_privilege(current_database(), 'CREATE')
UNION ALL (SELECT 'function', proname FROM pg_proc, me WHERE NOT me.rolsuper
  AND pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(pg_proc.oid, 'EXECUTE')
  AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_unlink', 'lowrite', 'lo_import',
    'lo_export', 'pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_reload_conf') ORDER BY 2)
UNION ALL (SELECT 'definer', n.nspname || '.' || p.proname FROM pg_proc AS p
  JOIN pg_namespace AS n ON n.oid = p.pronamespace, me
  WHERE NOT me.rolsuper AND p.prosecdef AND n.nspname <> 'pg_catalog'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE') ORDER BY 2)
"""
_RIGHT_WORDS = {
    "superuser": "it is a superuser: nothing stops it",
    "role": "it has the attribute {}",
    "member": "it is a member of {}",
    "write": "it may write to {}",
    "create": "it may create tables in the schema {}",
    "temporary": "it may create temporary tables, which fill the disk",
    "database": "it may create schemas in the database {}",
    "function": "it may call {}, which writes or reads beyond the tables",
    "definer": "it may call {}, which runs with its owner's rights",
}


class PostgresDatabase:
    """A PostgreSQL database behind the ``Database`` protocol.

    Args:
        location: ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``. Left out, the password is looked for
            where libpq does: ``PGPASSWORD``, then ``~/.pgpass``. Options of libpq may follow a ``?``.
        limits: memory that sorts and hashes of one question may take.
    Raises:
        DatabaseUnavailable: the driver is missing, or the server refused; the message has no password.
    """

    notes: tuple[Told, ...] = ()

    def __init__(self, location: str, limits: QueryLimits | None = None) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise DatabaseUnavailable(f"PostgreSQL needs its driver. Bring it with: {INSTALL}") from error
        self._location = location
        self._address = parse_address(location)
        self._limits = limits or QueryLimits()
        self._catalog: Catalog | None = None
        self._lock = threading.Lock()
        self._is_open = True
        self._broken = (psycopg.OperationalError, psycopg.InterfaceError)
        self._schemas: list[str] = []
        self._version = 0
        self._pool: Pool[psycopg.Connection[tuple[Any, ...]]] = Pool(self._connect, _close)
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """Learn what every question needs: the server's version and where names are looked up."""
        with self._session(CONNECT_S) as connection:
            self._version = connection.info.server_version
            row = connection.execute("SELECT current_schemas(false)::text[]").fetchone()
            self._schemas = list(row[0]) if row else []
            if not self._schemas and connection.execute(_SCHEMAS).fetchone() is None:
                raise DatabaseUnavailable(
                    f"{self._address.shown}: the role may use no schema of the database. "
                    "GRANT USAGE ON SCHEMA …. Nothing was changed."
                )

    @property
    def dialect(self) -> Dialect:
        """Always ``postgres``."""
        return "postgres"

    def catalog(self) -> Catalog:
        """Tables, views and materialised views of all schemas that the role may read.

        Row counts are the server's estimates; tables without one are counted while there is time.
        """
        with self._lock:
            if self._catalog is None:
                with self._session(CONNECT_S) as connection:
                    connection.execute(self._begin(QueryLimits(timeout_s=60)))
                    self._catalog = self._read_catalog(connection)
            return self._catalog

    def execute(
        self, query: CheckedQuery, limits: QueryLimits, cancel: threading.Event | None = None
    ) -> Table:
        """Run a checked query; see ``Database.execute``."""

        def fetch(connection: psycopg.Connection[tuple[Any, ...]]) -> Table:
            started = time.monotonic()
            rows: list[tuple[object, ...]] = []
            size = 0
            with contextlib.closing(connection.cursor()) as cursor:
                with contextlib.closing(self._stream(cursor, query.sql)) as stream:
                    for row in stream:
                        rows.append(row)
                        size += size_of(row)
                        if size > limits.max_memory_mb * 1_000_000:
                            raise _too_large("makes a result that is larger than it may be")
                        if len(rows) > limits.max_rows:
                            break
                described = [(d.name, d.type_code) for d in cursor.description or ()]
            if not rows:  # the stream of an empty result tells no columns
                described = _describe(connection, query.sql)
            plain = plain_rows(rows)
            guessed = columns_by_values([name for name, _ in described], plain)
            kinds = [_kind(connection, number) for _, number in described]
            columns = [
                Column(name=guess.name, type=kind or guess.type)
                for guess, kind in zip(guessed, kinds, strict=True)
            ]
            return Table(
                columns=tuple(columns),
                rows=plain[: limits.max_rows],
                is_truncated=len(plain) > limits.max_rows,
                query=query,
                seconds=time.monotonic() - started,
            )

        return self._call(limits, cancel, fetch)

    def explain(
        self, query: CheckedQuery, limits: QueryLimits | None = None, cancel: threading.Event | None = None
    ) -> Plan:
        """Plan ``query``; the cost is counted by ``cost.postgres_cost``. See ``Database.explain``."""
        sizes = self.catalog().sizes()

        def plan(connection: psycopg.Connection[tuple[Any, ...]]) -> Plan:
            with contextlib.closing(connection.cursor()) as cursor:
                row = next(iter(list(self._stream(cursor, f"EXPLAIN (FORMAT JSON) {query.sql}"))), None)
            tree = row[0] if row else None
            return Plan(cost=postgres_cost(json.loads(tree) if isinstance(tree, str) else tree, sizes))

        return self._call(limits or self._limits, cancel, plan)

    def rights(self) -> tuple[Right, ...]:
        """What the connected role could do beyond reading the shop's tables."""
        with self._session(CONNECT_S) as connection:
            connection.execute(self._begin(QueryLimits(timeout_s=60)))
            found = connection.execute(_RIGHTS).fetchall()
            user = connection.info.user
        names: dict[str, list[str]] = {}
        for kind, what in found:
            names.setdefault(kind, []).append(what)
        return tuple(
            Right(
                what=f"the role {user}: {_RIGHT_WORDS[kind].format(_some(whats))}",
                way_out=f'psql "postgresql://OWNER@{self._place()}" -v reader=shoptalk_reader '
                f"-v password=PASSWORD -v schema={(*self._schemas, 'public')[0]} -f {SCRIPT}",
            )
            for kind, whats in names.items()
        )

    def _place(self) -> str:
        """Host, port and database of the address."""
        return self._address.shown.partition("://")[2].rpartition("@")[2].partition("?")[0]

    def close(self) -> None:
        """Free the connections."""
        self._is_open = False
        self._pool.close()

    # ---- connections ------------------------------------------------------------------------------------

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        try:
            connection = psycopg.connect(
                self._location,
                autocommit=True,
                connect_timeout=CONNECT_S,
                client_encoding="utf8",
                application_name=self._address.options.get("application_name", "shoptalk"),
                prepare_threshold=None,
            )
        except (psycopg.Error, UnicodeError) as error:
            raise DatabaseUnavailable(_open_failure(self._address, str(error))) from None
        _add_loaders(connection)
        return connection

    @contextlib.contextmanager
    def _session(self, timeout_s: float) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection in which nothing goes on, rolled back afterwards; those lost since are replaced."""
        if not self._is_open:
            raise DatabaseUnavailable(f"{self._address.shown} is closed; open it again")
        connection, is_used = self._pool.take(timeout_s)
        while is_used:
            try:
                connection.execute("SELECT 1")
                break
            except self._broken:
                logger.info("the connection to %s was lost; connecting again", self._address.shown)
                self._pool.give_back(connection, is_good=False)
                connection, is_used = self._pool.take(timeout_s)
        is_good = False
        try:
            yield connection
            is_good = True
        except SqlError:
            is_good = True
            raise
        except self._broken as error:
            raise DatabaseUnavailable(
                f"the connection to {self._address.shown} was lost ({first_line(str(error))}); "
                "nothing was changed. Ask again."
            ) from None
        finally:
            if is_good and not connection.closed:
                try:
                    connection.execute("ROLLBACK; SELECT pg_advisory_unlock_all()")
                except self._broken:
                    is_good = False
            self._pool.give_back(connection, is_good=is_good and not connection.closed)

    def _call(
        self,
        limits: QueryLimits,
        cancel: threading.Event | None,
        work: Callable[[psycopg.Connection[tuple[Any, ...]]], Result],
    ) -> Result:
        """``work`` in a read-only transaction under ``limits``, watched from outside."""
        import psycopg

        holder: list[psycopg.Connection[tuple[Any, ...]]] = []

        def ask() -> None:
            if holder:
                with contextlib.suppress(psycopg.Error, OSError):
                    holder[0].cancel_safe(timeout=1.0)

        def cut() -> None:
            if holder:
                _cut(holder[0])

        with Budget(limits, cancel, Escalation(ask, cut)) as budget:  # noqa: SIM117
            with self._session(budget.left_s) as connection:
                try:
                    budget.raise_if_spent()
                    connection.execute(self._begin(limits))
                    holder.append(connection)
                    result = work(connection)
                    if budget.has_interrupted:
                        budget.raise_if_spent()
                    return result
                except psycopg.Error as error:
                    budget.raise_if_spent()
                    self._raise(error, connection)
                except (OverflowError, ValueError) as error:  # a value that Python cannot hold
                    budget.raise_if_spent()
                    raise QueryFailed(without_values(first_line(str(error)))) from None
                finally:
                    budget.stop()  # before the connection is used for anything else
                    if budget.has_interrupted:
                        _close(connection)

    def _begin(self, limits: QueryLimits) -> bytes:
        """One message that opens the transaction and fixes everything a statement's meaning depends on."""
        milliseconds = max(1, int(limits.timeout_s * 1000))
        work = max(1024, min(256 * 1024, limits.max_memory_mb * 1024 // 8))
        settings = {
            "statement_timeout": str(milliseconds),
            "lock_timeout": str(min(2_000, milliseconds)),
            "idle_in_transaction_session_timeout": str(milliseconds + 10_000),
            "work_mem": str(work),
            "jit": "off",
            "standard_conforming_strings": "on",
            "datestyle": "ISO, YMD",
            "intervalstyle": "postgres",
            "bytea_output": "hex",
            "client_min_messages": "error",
        }
        if self._version >= 140_000:
            settings["client_connection_check_interval"] = "500"
        parts = ["BEGIN TRANSACTION READ ONLY", *(f"SET LOCAL {k} = '{v}'" for k, v in settings.items())]
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in (*self._schemas, "pg_temp"))
        parts.append(f"SET LOCAL search_path = {names}")
        return "; ".join(parts).encode()

    def _stream(
        self, cursor: psycopg.Cursor[tuple[Any, ...]], sql: str
    ) -> Generator[tuple[Any, ...], None, None]:
        import psycopg

        size = CHUNK if psycopg.capabilities.has_stream_chunked() else 1
        yield from cursor.stream(sql.encode(), size=size)

    def _raise(self, error: psycopg.Error, connection: psycopg.Connection[tuple[Any, ...]]) -> NoReturn:
        """The error in the words of ``sql.errors``, without what it quotes of the data."""
        code = error.sqlstate or ""
        message = error.diag.message_primary or first_line(str(error))
        if code == "57014":
            raise QueryTimeout("The database stopped the query: its own limit of time was spent.") from None
        if code in ("53100", "53200", "53400", "54000", "54001") or "memory alloc" in message:
            raise _too_large("needs more memory or disk than it may have") from None
        if code == "55P03":
            raise QueryFailed("another program holds a lock on the table; ask again in a moment") from None
        if code.startswith(("08", "57P")) or connection.closed or connection.broken:
            raise DatabaseUnavailable(
                f"the connection to {self._address.shown} was lost ({without_values(message)}); "
                "nothing was changed. Ask again."
            ) from None
        told = first_line(message) if code.startswith(("42", "0A")) or not code else without_values(message)
        raise QueryFailed(f"{told} (SQLSTATE {code})" if code else told) from None

    # ---- catalog ----------------------------------------------------------------------------------------

    def _read_catalog(self, connection: psycopg.Connection[tuple[Any, ...]]) -> Catalog:
        found = connection.execute(_TABLES).fetchall()
        ids = [row[0] for row in found]
        names = usable_names({row[0]: Placed(row[1], row[2], row[3]) for row in found})
        columns: dict[int, list[CatalogColumn]] = {}
        for table, name, kind, comment, is_nullable, base, base_kind in connection.execute(
            _COLUMNS, (ids,)
        ).fetchall():
            column = CatalogColumn(
                name=name,
                type="text" if base_kind == "e" else _TYPES.get(base, "other"),
                database_type=kind,
                comment=comment or "",
                is_nullable=is_nullable,
            )
            columns.setdefault(table, []).append(column)
        primary: dict[int, tuple[str, ...]] = {}
        foreign: dict[int, list[ForeignKey]] = {}
        for kind, table, target, own, theirs in connection.execute(_KEYS, (ids,)).fetchall():
            if kind in ("p", b"p"):
                primary[table] = tuple(own)
            elif target in names:
                key = ForeignKey(columns=tuple(own), target_table=names[target], target_columns=tuple(theirs))
                foreign.setdefault(table, []).append(key)
        connection.execute("ROLLBACK")
        deadline = time.monotonic() + COUNT_S
        tables = []
        for table, schema, name, is_visible, kind, comment, rows in found:
            if table not in columns:
                continue
            if rows is None and kind in ("r", b"r", "p", b"p", "m", b"m"):
                rows = self._count(connection, (schema, name), deadline)
            tables.append(
                CatalogTable(
                    name=names[table],
                    columns=tuple(columns[table]),
                    primary_key=primary.get(table, ()),
                    foreign_keys=tuple(foreign.get(table, ())),
                    rows=None if rows is None else int(rows),
                    comment=comment or "",
                    place=(schema, name),
                    is_view=kind in ("v", b"v"),
                    is_qualified=not is_visible,
                )
            )
        return Catalog(dialect="postgres", tables=tuple(tables))

    def _count(
        self, connection: psycopg.Connection[tuple[Any, ...]], place: tuple[str, str], deadline: float
    ) -> int | None:
        """Rows of a table without statistics, when they can be counted in time; ``None`` for more."""
        import psycopg
        from psycopg import sql

        left = deadline - time.monotonic()
        if left <= 0.01:
            return None
        statement = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS t").format(
            sql.Identifier(*place), sql.Literal(COUNT_ROWS)
        )
        try:
            connection.execute(self._begin(QueryLimits(timeout_s=left)))
            row = connection.execute(statement).fetchone()
        except psycopg.Error:
            row = None
        finally:
            connection.execute("ROLLBACK")
        return int(row[0]) if row and row[0] < COUNT_ROWS else None


def _close(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    with contextlib.suppress(Exception):
        connection.close()


def _cut(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Shut the connection's socket, so that whoever waits on it wakes up."""
    with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def _describe(connection: psycopg.Connection[tuple[Any, ...]], sql: str) -> list[tuple[str, int]]:
    """Names and numbers of types of a statement's columns, without running it."""
    wire = connection.pgconn
    wire.prepare(b"", sql.encode())
    told = wire.describe_prepared(b"")
    return [((told.fname(i) or b"").decode(), told.ftype(i)) for i in range(told.nfields)]


def _kind(connection: psycopg.Connection[tuple[Any, ...]], number: int) -> ColumnType | None:
    """The coarse type of a type's number; ``None`` for types that the database's users made."""
    info = connection.adapters.types.get(number)
    if info is None:
        return None
    return "other" if info.array_oid == number else _TYPES.get(info.name, "other")


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _too_large(what: str) -> QueryTooLarge:
    return QueryTooLarge(
        f"The query {what} and was stopped. Nothing was changed. Ask for a shorter period or fewer columns."
    )


def _open_failure(address: Address, message: str) -> str:
    """What went wrong and the way out; the server's own words hold no password, ours neither."""
    shown = address.shown
    lower = message.lower()
    reason = first_line(message.replace(address.password, "…") if address.password else message)
    if "password authentication failed" in lower or "no password supplied" in lower or "28p01" in lower:
        return (
            f"{shown}: the password is wrong or missing. Put it into the environment variable PGPASSWORD, or "
            "write the address with ${NAME} in shop.yml and set NAME. Nothing was opened."
        )
    if "does not exist" in lower and "database" in lower:
        return (
            f"{shown}: there is no database {address.database!r} on the server; check the address. ({reason})"
        )
    if "does not exist" in lower and "role" in lower:
        return f"{shown}: the server has no role {address.user!r}; check the address. ({reason})"
    if "refused" in lower or "timeout" in lower or "could not translate" in lower or "resolve" in lower:
        return f"{shown}: no server answers there; check host and port, and that it runs. ({reason})"
    return f"{shown} cannot be opened: {reason}"


def _add_loaders(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Values that Python's own types cannot hold become text instead of an error; JSON stays as written."""
    from psycopg import DataError
    from psycopg.types import datetime as kinds
    from psycopg.types.string import TextLoader

    def kept(base: type[Any]) -> type[Any]:
        class Kept(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:  # infinity, a year before Christ or beyond 9999
                    return bytes(data).decode()

        return Kept

    class Interval(kinds.IntervalLoader):
        def load(self, data: Any) -> Any:
            text = bytes(data).decode()
            if "mon" in text or "year" in text:  # a month is no number of days
                return text
            try:
                return super().load(data)
            except DataError:
                return text

    for name, base in (
        ("date", kinds.DateLoader),
        ("timestamp", kinds.TimestampLoader),
        ("timestamptz", kinds.TimestamptzLoader),
        ("time", kinds.TimeLoader),
        ("timetz", kinds.TimetzLoader),
    ):
        connection.adapters.register_loader(name, kept(base))
    connection.adapters.register_loader("interval", Interval)
    for name in ("json", "jsonb", "inet", "cidr"):
        connection.adapters.register_loader(name, TextLoader)
