"""MySQL and MariaDB, through PyMySQL.

The second lock: every statement runs alone (the protocol's multi-statement flag is off) in a READ ONLY
transaction that is always rolled back, in a session that is read-only itself (CREATE, DROP and TRUNCATE end
the transaction before they begin); files of this machine are never sent (``local_infile`` off); time, waiting
for locks, temporary tables and (MariaDB) the session's memory are limited. The settings are made anew before
every question, so nothing that a statement might set outlives it. What the user may do beyond that is the
administrator's choice: ``reader_mysql.sql`` makes one that can only read, and ``rights`` tells what a user
could do. A read-only transaction does not stop SELECT … INTO OUTFILE: that needs the FILE right, which the
reader lacks. Locks of GET_LOCK are given up after the question.

Cancelling goes from outside, by ``KILL QUERY`` on a connection of its own; should that fail, the connection
is cut.

``sql_mode`` is fixed to what sqlglot reads and prints as MySQL: ``"x"`` is a text (no ANSI_QUOTES), ``||`` is
OR (no PIPES_AS_CONCAT), backslashes escape (no NO_BACKSLASH_ESCAPES). ONLY_FULL_GROUP_BY is on: without it a
column that is neither grouped nor aggregated gives some row's value, a figure that looks right and is not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from sql.databases.addresses import Address, parse_address
from sql.databases.budget import Budget, Escalation
from sql.databases.cost import mysql_cost
from sql.databases.messages import first_line, without_values
from sql.databases.pool import Pool
from sql.databases.reading import Told
from sql.databases.rights import Right
from sql.databases.values import column_type, plain_rows, size_of
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
    Value,
)

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

INSTALL = 'pip install "shoptalk[mysql]"'
SCRIPT = Path(__file__).parent / "reader_mysql.sql"
CONNECT_S = 5
"""Seconds that connecting may take."""
COUNT_S = 2.0
"""Seconds spent on counting the rows of small tables, for which the server's estimates are poor."""
COUNT_ROWS = 100_000
MAX_PART_BYTES = 16 * 1_048_576
"""Largest temporary table in memory; a larger one moves to disk, in one step that nothing stops."""
JOIN_BUFFER_BYTES = 16_384
"""Rows that a join without an index compares with a whole table before it looks whether it is to stop."""
MAX_TEXT_BYTES = 200_000
"""Longest text that GROUP_CONCAT makes: nothing stops a call over one text. A longer one is an error here."""
PLACES = 18
"""Decimal places that a division and AVG keep beyond those of what they divide: with the servers' own 4 a
third is 0.3333, which is not what the other databases give."""
SQL_MODE = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"
OPTIONS = ("ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_verify_identity", "unix_socket")
"""What may stand behind the ``?`` of an address."""

_SETTINGS = (
    "tx_read_only",
    "transaction_read_only",
    "sql_mode",
    "max_statement_time",
    "max_execution_time",
    "lock_wait_timeout",
    "innodb_lock_wait_timeout",
    "sql_select_limit",
    "max_session_mem_used",
    "tmp_table_size",
    "max_heap_table_size",
    "tmp_memory_table_size",
    "tmp_disk_table_size",
    "sort_buffer_size",
    "join_buffer_size",
    "group_concat_max_len",
    "max_recursive_iterations",
    "cte_max_recursion_depth",
    "optimizer_search_depth",
    "div_precision_increment",
    "big_tables",
    "profiling",
)
"""Settings of a session that are fixed before every question, where the server knows them."""

_LOST = {1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2014, 2055}
_LARGE = {5, 1021, 1037, 1038, 1041, 1104, 1114, 1153, 1290, 1301, 1456, 1478, 3636, 4180}
_NAMES = {
    1052,
    1054,
    1055,
    1056,
    1060,
    1064,
    1066,
    1109,
    1111,
    1115,
    1140,
    1142,
    1143,
    1146,
    1176,
    1222,
    1241,
}
_NAMES |= {1248, 1305, 1327, 1370, 1582, 1583, 1584, 4028, 4078, 1049, 1792, 1227, 1044, 1045, 1235, 1247}


class MysqlDatabase:
    """A MySQL or MariaDB database behind the ``Database`` protocol.

    Args:
        location: ``mysql://USER:PASSWORD@HOST:PORT/DATABASE``. Left out, the password is taken from
            ``MYSQL_PWD``, as the servers' own clients do. ``?ssl_ca=FILE`` asks for an encrypted connection.
        limits: memory that one question may take.
    Raises:
        DatabaseUnavailable: the driver is missing, or the server refused; the message has no password.
    """

    notes: tuple[Told, ...] = ()

    def __init__(self, location: str, limits: QueryLimits | None = None) -> None:
        try:
            import pymysql
        except ImportError as error:
            raise DatabaseUnavailable(f"MySQL needs its driver. Bring it with: {INSTALL}") from error
        self._driver = pymysql
        self._address = parse_address(location)
        unknown = [name for name in self._address.options if name not in OPTIONS]
        if unknown:
            raise DatabaseUnavailable(
                f"{self._address.shown}: there is no option {unknown[0]!r}; there are {', '.join(OPTIONS)}"
            )
        self._limits = limits or QueryLimits()
        self._catalog: Catalog | None = None
        self._lock = threading.Lock()
        self._is_open = True
        self._known: frozenset[str] = frozenset()
        self._releases = False
        """Whether the server can give up all locks of GET_LOCK at once: MySQL 5.7, MariaDB 10.5 and later."""
        self._pool: Pool[Any] = Pool(self._connect, _close)
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """Learn what every question needs: which settings the server knows."""
        with self._session(CONNECT_S) as connection:
            names = ", ".join(f"'{name}'" for name in _SETTINGS)
            found = _rows(connection, f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})")
            self._known = frozenset(str(row[0]).lower() for row in found)
            with contextlib.suppress(self._driver.err.MySQLError):
                self._releases = bool(_rows(connection, "SELECT RELEASE_ALL_LOCKS() IS NOT NULL"))

    @property
    def dialect(self) -> Dialect:
        """Always ``mysql``; MariaDB counts."""
        return "mysql"

    def catalog(self) -> Catalog:
        """Tables and views of the database that the user may read.

        Row counts of small tables are exact when they could be counted in time; others are estimates.
        """
        with self._lock:
            if self._catalog is None:
                with self._session(CONNECT_S) as connection:
                    self._begin(connection, QueryLimits(timeout_s=60, max_rows=10_000_000))
                    self._catalog = self._read_catalog(connection)
            return self._catalog

    def execute(
        self, query: CheckedQuery, limits: QueryLimits, cancel: threading.Event | None = None
    ) -> Table:
        """Run a checked query; see ``Database.execute``."""

        def fetch(connection: Any) -> Table:
            started = time.monotonic()
            cursor = connection.cursor(self._driver.cursors.SSCursor)
            cursor.execute(query.sql)
            if cursor.description is None:
                raise QueryFailed("the statement returned no result; only queries can be asked")
            rows: list[tuple[object, ...]] = []
            size = 0
            while len(rows) <= limits.max_rows and (row := cursor.fetchone()) is not None:
                rows.append(row)
                size += size_of(row)
                if size > limits.max_memory_mb * 1_000_000:
                    raise _too_large("makes a result that is larger than it may be")
            if len(rows) <= limits.max_rows:
                cursor.close()  # else the rest of the rows would be read here
                if cursor.warning_count and any(w[1] == 1260 for w in connection.show_warnings()):
                    raise _too_large("makes a text that is longer than it may be")  # else it is cut silently
            columns, plain = _typed(cursor.description, rows)
            return Table(
                columns=columns,
                rows=plain[: limits.max_rows],
                is_truncated=len(plain) > limits.max_rows,
                query=query,
                seconds=time.monotonic() - started,
            )

        return self._call(limits, cancel, fetch)

    def explain(
        self, query: CheckedQuery, limits: QueryLimits | None = None, cancel: threading.Event | None = None
    ) -> Plan:
        """Plan ``query``; the cost is counted by ``cost.mysql_cost``. See ``Database.explain``."""

        def plan(connection: Any) -> Plan:
            with contextlib.closing(connection.cursor(self._driver.cursors.DictCursor)) as cursor:
                cursor.execute(f"EXPLAIN {query.sql}")
                return Plan(cost=mysql_cost(cursor.fetchall()))

        return self._call(limits or self._limits, cancel, plan)

    def rights(self) -> tuple[Right, ...]:
        """What the connected user could do beyond reading the shop's tables."""
        with self._session(CONNECT_S) as connection:
            user = str(_rows(connection, "SELECT CURRENT_USER()")[0][0])
            found = {
                "on every database": _rows(
                    connection, "SELECT privilege_type, '' FROM information_schema.user_privileges "
                    "WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
                ),
                "in": _rows(connection, "SELECT privilege_type, table_schema FROM "
                            "information_schema.schema_privileges"),
                "on": _rows(connection, "SELECT privilege_type, CONCAT(table_schema, '.', table_name) FROM "
                            "information_schema.table_privileges"),
            }  # fmt: skip
        rights = []
        for where, rows in found.items():
            names: dict[str, list[str]] = {}
            for privilege, target in rows:
                if str(privilege).upper() not in ("USAGE", "SELECT", "SHOW VIEW"):
                    names.setdefault(str(target), []).append(str(privilege))
            for target, privileges in names.items():
                shown = ", ".join(privileges[:6])
                if len(privileges) > 6:
                    shown += f" and {len(privileges) - 6} more"
                rights.append(f"the user {user} has {shown} {where} {target}".rstrip())
        reads = {str(target) for p, target in found["in"] if str(p).upper() == "SELECT"}
        return tuple(
            Right(
                what=what,
                way_out=f"mariadb -h {self._address.host} -u OWNER -p -e \"SET @shop_database = "
                f"'{self._address.database}', @reader_password = 'PASSWORD'; SOURCE {SCRIPT}\"",
            )
            for what in (*rights, *(
                f"the user {user} may read the database {other} too"
                for other in sorted(reads)
                if other.replace("\\", "") != self._address.database
            ))
        )  # fmt: skip

    def close(self) -> None:
        """Free the connections."""
        self._is_open = False
        self._pool.close()

    # ---- connections ------------------------------------------------------------------------------------

    def _connect(self, *, timeout_s: float | None = None) -> Any:
        """A connection; ``timeout_s`` limits every answer, for the one that cancels."""
        address, options = self._address, self._address.options
        secure = {name: value for name, value in options.items() if name.startswith("ssl_")}
        for name in ("ssl_verify_cert", "ssl_verify_identity"):
            if name in secure:
                secure[name] = secure[name].lower() in ("1", "true", "yes")  # type: ignore[assignment]
        try:
            return self._driver.connect(
                host=address.host or "localhost",
                port=address.port or 3306,
                user=address.user or None,
                # The one setting read here: the place where the servers' own clients look for it.
                password=address.password or os.environ.get("MYSQL_PWD", ""),
                database=address.database,
                unix_socket=options.get("unix_socket"),
                charset="utf8mb4",
                autocommit=True,
                local_infile=False,
                connect_timeout=CONNECT_S if timeout_s is None else max(1, int(timeout_s)),
                read_timeout=timeout_s,
                write_timeout=timeout_s,
                conv=_decoders(),
                **secure,
            )
        except (self._driver.err.MySQLError, OSError, RuntimeError, UnicodeError) as error:
            raise DatabaseUnavailable(_open_failure(address, error)) from None

    @contextlib.contextmanager
    def _session(self, timeout_s: float) -> Iterator[Any]:
        """A connection in which nothing goes on, rolled back afterwards; those lost since are replaced."""
        if not self._is_open:
            raise DatabaseUnavailable(f"{self._address.shown} is closed; open it again")
        broken = (self._driver.err.MySQLError, OSError, AttributeError)
        connection, is_used = self._pool.take(timeout_s)
        while is_used:
            try:
                connection.ping(reconnect=False)
                break
            except broken:
                logger.info("the connection to %s was lost; connecting again", self._address.shown)
                self._pool.give_back(connection, is_good=False)
                connection, is_used = self._pool.take(timeout_s)
        is_good = False
        try:
            yield connection
            is_good = True
        except QueryFailed:
            is_good = True
            raise
        except (self._driver.err.MySQLError, OSError) as error:
            raise DatabaseUnavailable(
                f"the connection to {self._address.shown} was lost ({without_values(str(error))}); "
                "nothing was changed. Ask again."
            ) from None
        finally:
            if is_good and connection.open and _is_idle(connection):
                try:
                    connection.rollback()
                    if self._releases:
                        connection.query("DO RELEASE_ALL_LOCKS()")
                except broken:
                    is_good = False
            self._pool.give_back(connection, is_good=is_good and connection.open and _is_idle(connection))

    def _call(
        self, limits: QueryLimits, cancel: threading.Event | None, work: Callable[[Any], Result]
    ) -> Result:
        """``work`` in a read-only transaction under ``limits``, watched from outside."""
        holder: list[Any] = []

        def ask() -> None:
            if holder:
                with contextlib.suppress(SqlError, self._driver.err.MySQLError, OSError):
                    other = self._connect(timeout_s=1.0)
                    try:
                        with other.cursor() as cursor:
                            cursor.execute(f"KILL QUERY {int(holder[1])}")
                    finally:
                        _close(other)

        def cut() -> None:
            if holder:
                _cut(holder[0])

        with Budget(limits, cancel, Escalation(ask, cut)) as budget:  # noqa: SIM117
            with self._session(budget.left_s) as connection:
                try:
                    budget.raise_if_spent()
                    number = self._begin(connection, limits)
                    holder += [connection, number]
                    result = work(connection)
                    if budget.has_interrupted:  # SLEEP and BENCHMARK give a value when they are killed
                        budget.raise_if_spent()
                    return result
                except (self._driver.err.MySQLError, OSError, AttributeError) as error:
                    # AttributeError: PyMySQL, when its socket was cut under it.
                    budget.raise_if_spent()
                    self._raise(error, connection)
                except (OverflowError, ValueError, decimal.InvalidOperation) as error:
                    budget.raise_if_spent()
                    raise QueryFailed(without_values(first_line(str(error)))) from None
                finally:
                    budget.stop()  # before the connection is used for anything else
                    if budget.has_interrupted or not _is_idle(connection):
                        _close(connection)

    def _begin(self, connection: Any, limits: QueryLimits) -> int:
        """Fix the session's settings and open the transaction; returns the connection's number."""
        memory = limits.max_memory_mb * 1_000_000
        part = max(1_048_576, min(MAX_PART_BYTES, memory // 8))
        wanted = {
            "tx_read_only": "1",
            "transaction_read_only": "1",
            "sql_mode": f"'{SQL_MODE}'",
            # Half a second later than our own watch, which tells the reason: a last resort.
            "max_statement_time": f"{limits.timeout_s + 0.5:.3f}",
            "max_execution_time": str(int(limits.timeout_s * 1000) + 500),
            "lock_wait_timeout": "2",
            "innodb_lock_wait_timeout": "2",
            "sql_select_limit": str(limits.max_rows + 1),
            "max_session_mem_used": str(max(memory, 32_000_000)),
            "tmp_table_size": str(part),
            "max_heap_table_size": str(part),
            "tmp_memory_table_size": str(part),
            "tmp_disk_table_size": str(max(memory * 2, 64_000_000)),
            "sort_buffer_size": str(min(part, 4 * 1_048_576)),
            "join_buffer_size": str(JOIN_BUFFER_BYTES),
            "group_concat_max_len": str(MAX_TEXT_BYTES),
            "max_recursive_iterations": "1000",
            "cte_max_recursion_depth": "1000",
            "optimizer_search_depth": "8",
            "div_precision_increment": str(PLACES),
            "big_tables": "0",
            "profiling": "0",
        }
        parts = ", ".join(
            f"SESSION {name} = {value}" for name, value in wanted.items() if name in self._known
        )
        with contextlib.closing(connection.cursor()) as cursor:
            if parts:
                cursor.execute(f"SET {parts}")
            cursor.execute("START TRANSACTION READ ONLY")
            cursor.execute("SELECT CONNECTION_ID()")
            return int(cursor.fetchone()[0])

    def _raise(self, error: Exception, connection: Any) -> NoReturn:
        """The error in the words of ``sql.errors``, without what it quotes of the data."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        message = str(error.args[1]) if len(error.args) > 1 else str(error)
        if code in (1969, 3024, 1317, 1028):
            raise QueryTimeout("The database stopped the query: its own limit of time was spent.") from None
        if code in _LARGE or "session-mem-used" in message:
            raise _too_large("needs more memory or disk than it may have") from None
        if code in (1205, 1213):
            raise QueryFailed("another program holds a lock on the table; ask again in a moment") from None
        if code in _LOST or not connection.open:
            raise DatabaseUnavailable(
                f"the connection to {self._address.shown} was lost ({without_values(message)}); "
                "nothing was changed. Ask again."
            ) from None
        raise QueryFailed(first_line(message) if code in _NAMES else without_values(message)) from None

    # ---- catalog ----------------------------------------------------------------------------------------

    def _read_catalog(self, connection: Any) -> Catalog:
        found = _rows(
            connection,
            "SELECT table_name, table_type, table_rows, table_comment FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') "
            "ORDER BY create_time IS NULL, create_time, table_name",
        )
        columns: dict[str, list[CatalogColumn]] = {}
        for table, name, kind, full, comment, nullable in _rows(
            connection,
            "SELECT table_name, column_name, data_type, column_type, column_comment, is_nullable "
            "FROM information_schema.columns WHERE table_schema = DATABASE() "
            "AND privileges LIKE '%select%' ORDER BY table_name, ordinal_position",
        ):
            column = CatalogColumn(
                name=name,
                type=_column_type(kind, full),
                database_type=full,
                comment=comment or "",
                is_nullable=nullable == "YES",
            )
            columns.setdefault(table, []).append(column)
        primary: dict[str, list[str]] = {}
        foreign: dict[tuple[str, str], tuple[str, list[str], list[str]]] = {}
        for table, constraint, column, target, theirs in _rows(
            connection,
            "SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name "
            "FROM information_schema.key_column_usage WHERE table_schema = DATABASE() "
            "AND (constraint_name = 'PRIMARY' OR referenced_table_schema = DATABASE()) "
            "ORDER BY table_name, constraint_name, ordinal_position",
        ):
            if target is None:
                primary.setdefault(table, []).append(column)
            else:
                _, own, pointed = foreign.setdefault((table, constraint), (target, [], []))
                own.append(column)
                pointed.append(theirs)
        connection.rollback()
        known = {name.lower(): name for name in columns}
        deadline = time.monotonic() + COUNT_S
        tables = []
        for name, kind, rows, comment in found:
            if name not in columns:
                continue  # a view over tables that are gone, or no right to read any column
            is_view = kind == "VIEW"
            if not is_view and (rows is None or rows < COUNT_ROWS):
                rows = self._count(connection, name, deadline, rows)
            tables.append(
                CatalogTable(
                    name=name,
                    columns=tuple(columns[name]),
                    primary_key=tuple(primary.get(name, ())),
                    foreign_keys=tuple(
                        ForeignKey(
                            columns=tuple(own),
                            target_table=known[target.lower()],
                            target_columns=tuple(theirs),
                        )
                        for (table, _), (target, own, theirs) in foreign.items()
                        if table == name and target.lower() in known
                    ),
                    rows=None if is_view or rows is None else int(rows),
                    comment="" if is_view else comment or "",
                    is_view=is_view,
                )
            )
        return Catalog(dialect="mysql", tables=tuple(tables))

    def _count(self, connection: Any, table: str, deadline: float, otherwise: int | None) -> int | None:
        left = deadline - time.monotonic()
        if left <= 0.01:
            return otherwise
        quoted = table.replace("`", "``")
        try:
            self._begin(connection, QueryLimits(timeout_s=left))
            # Through a derived table with a limit: an estimate may be wrong by a factor of thousands.
            found = _rows(
                connection, f"SELECT COUNT(*) FROM (SELECT 1 FROM `{quoted}` LIMIT {COUNT_ROWS}) AS t"
            )
        except self._driver.err.MySQLError:
            return otherwise
        finally:
            connection.rollback()
        return int(found[0][0]) if found[0][0] < COUNT_ROWS else otherwise


def _rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _is_idle(connection: Any) -> bool:
    """Whether nothing of an answer is left unread on the connection."""
    result = getattr(connection, "_result", None)
    return result is None or not getattr(result, "unbuffered_active", False)


def _close(connection: Any) -> None:
    """Close without a word to the server: its answers may never come."""
    result = getattr(connection, "_result", None)
    if result is not None:  # else PyMySQL would read the rest of the rows when it is collected
        result.unbuffered_active, result.connection = False, None
    with contextlib.suppress(Exception):
        connection._force_close()


def _cut(connection: Any) -> None:
    """Shut the connection's socket, so that whoever waits on it wakes up."""
    with contextlib.suppress(Exception):
        connection._sock.shutdown(socket.SHUT_RDWR)


def _too_large(what: str) -> QueryTooLarge:
    return QueryTooLarge(
        f"The query {what} and was stopped. Nothing was changed. Ask for a shorter period or fewer columns."
    )


def _open_failure(address: Address, error: Exception) -> str:
    """What went wrong and the way out; without the password."""
    shown = address.shown
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    secret = address.password or os.environ.get("MYSQL_PWD", "")
    reason = first_line(message.replace(secret, "…") if secret else message)
    if code in (1045, 1698):
        return (
            f"{shown}: the user or the password is wrong, or the password is missing. Put it into the "
            "environment variable MYSQL_PWD, or write the address with ${NAME} in shop.yml and set NAME. "
            "Nothing was opened."
        )
    if code in (1044, 1049):
        return (
            f"{shown}: there is no database {address.database!r} that the user may read; check the address. "
            f"({reason})"
        )
    if code in (2002, 2003, 2005):
        return f"{shown}: no server answers there; check host and port, and that it runs. ({reason})"
    if "cryptography" in message:
        return f'{shown}: the server wants a login that needs another package: pip install "pymysql[rsa]"'
    return f"{shown} cannot be opened: {reason}"


# ---- values ---------------------------------------------------------------------------------------------


def _column_type(kind: str, full: str) -> ColumnType:
    """The coarse type of a column: ``tinyint(1)`` and ``bit(1)`` are what MySQL makes of BOOLEAN."""
    if full.lower() in ("tinyint(1)", "bit(1)"):
        return "boolean"
    if kind.lower() in ("set", "inet4", "inet6"):
        return "text"
    return column_type(kind)


def _day(text: str | bytes) -> object:
    """A date; ``None`` for the zero date, which stands for "no date"; text for what no calendar has."""
    text = text.decode() if isinstance(text, bytes) else text
    if text.startswith("0000-00-00"):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def _moment(text: str | bytes) -> object:
    """A date with a time, as ``_day`` reads it."""
    text = text.decode() if isinstance(text, bytes) else text
    if text.startswith("0000-00-00"):
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text


def _bits(raw: bytes | str) -> int:
    return int.from_bytes(raw.encode("latin-1") if isinstance(raw, str) else raw, "big")


def _decoders() -> dict[Any, Any]:
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions

    return dict(conversions) | {
        FIELD_TYPE.DATE: _day,
        FIELD_TYPE.NEWDATE: _day,
        FIELD_TYPE.DATETIME: _moment,
        FIELD_TYPE.TIMESTAMP: _moment,
        FIELD_TYPE.BIT: _bits,
    }


def _typed(
    description: Sequence[Sequence[Any]], rows: Sequence[Sequence[object]]
) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """Columns and plain rows.

    A column of type ``tinyint(1)`` or ``bit(1)`` becomes true and false when it holds nothing but 0 and 1:
    some shops keep ratings in it. A sum of integers, a DECIMAL without places, becomes an integer.
    """
    from pymysql.constants import FIELD_TYPE as T

    kinds: dict[int, ColumnType] = {
        **dict.fromkeys((T.TINY, T.SHORT, T.LONG, T.LONGLONG, T.INT24, T.YEAR, T.BIT), "integer"),
        **dict.fromkeys((T.DECIMAL, T.NEWDECIMAL, T.FLOAT, T.DOUBLE), "number"),
        **dict.fromkeys((T.DATE, T.NEWDATE), "date"),
        **dict.fromkeys((T.DATETIME, T.TIMESTAMP), "timestamp"),
        **dict.fromkeys((T.STRING, T.VAR_STRING, T.VARCHAR, T.ENUM, T.SET, T.BLOB), "text"),
        **dict.fromkeys((T.TINY_BLOB, T.MEDIUM_BLOB, T.LONG_BLOB), "text"),
    }
    columns: list[Column] = []
    lists = [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in description]
    for i, (name, code, _, length, _, scale, _) in enumerate(description):
        kind = kinds.get(code, "other")
        values = lists[i]
        if code in (T.TINY, T.BIT) and length == 1 and all(v in (0, 1, None) for v in values):
            kind = "boolean"
            lists[i] = [None if v is None else bool(v) for v in values]
        elif code in (T.DECIMAL, T.NEWDECIMAL) and not scale:
            kind = "integer"
            lists[i] = [int(v) if isinstance(v, decimal.Decimal) else v for v in values]
        elif any(isinstance(v, bytes) for v in values):
            kind = "other"
        columns.append(Column(name=name, type=kind))
    return tuple(columns), plain_rows(zip(*lists, strict=True)) if rows else ()
