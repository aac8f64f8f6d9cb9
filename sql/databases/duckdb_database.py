"""DuckDB: a file opened read-only, or data files loaded into memory.

The second lock: external access off, no extensions fetched or loaded, Python's own variables out of reach,
the configuration locked, memory limited, no spilling to disk (so that nothing is written beside the shop's
file). It does not limit which tables or functions a statement uses: that is the guard's work.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from llm.hardware import library_threads
from sql.databases.budget import Budget, Leaver
from sql.databases.cost import duckdb_cost
from sql.databases.files import ENDINGS, DataFile, data_file, find_tables, free_name, table_name
from sql.databases.messages import without_values
from sql.databases.reading import Scratch, Told, Unreadable, load, sheets_of, unpacked
from sql.databases.rights import Right
from sql.databases.table_names import Placed, usable_names
from sql.databases.values import column_type, plain_rows, size_of
from sql.errors import DatabaseUnavailable, QueryFailed, QueryTooLarge, SqlError
from sql.lock.guard import CheckedQuery
from sql.types import (
    Catalog,
    CatalogColumn,
    CatalogTable,
    Column,
    Dialect,
    ForeignKey,
    Plan,
    QueryLimits,
    Table,
)

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CHUNK = 100
"""Rows that are fetched between two looks at how large the result has become."""
RESULT_SHARE = 0.1
"""Part of the memory that the fetched rows may take: DuckDB holds them as well, and works with the rest."""


class DuckdbDatabase:
    """A DuckDB connection behind the ``Database`` protocol. One cursor per call, so threads may share it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, limits: QueryLimits) -> None:
        self._connection = connection
        self._limits = limits
        self._name = name
        self.notes: tuple[Told, ...] = ()
        self._catalog: Catalog | None = None
        self._lock = threading.Lock()
        self._leaver = Leaver()
        self._is_open = True

    @classmethod
    def open_file(cls, path: Path, limits: QueryLimits, *, threads: int | None = None) -> DuckdbDatabase:
        """Open a DuckDB file for reading.

        Args:
            threads: of one query. With one, a statement without an order always gives its rows in the same
                order, so that LIMIT cuts off the same ones; ``None`` takes all cores.
        Raises:
            DatabaseUnavailable: it is missing, not a DuckDB file, damaged, or held by another program.
        """
        import duckdb

        try:
            # Locked from the start: a second connection to the file shares the first one's configuration.
            settings = _settings(limits) | {"lock_configuration": "true"}
            if threads is not None:
                settings["threads"] = threads
            connection = duckdb.connect(str(path), read_only=True, config=settings)
        except duckdb.Error as error:
            raise DatabaseUnavailable(_open_failure(path, str(error))) from error
        return cls(connection, str(path), limits)

    @classmethod
    def load_files(cls, location: str, limits: QueryLimits) -> DuckdbDatabase:
        """Read data files (a file, a folder or a pattern) into memory, then shut the door.

        Raises:
            DatabaseUnavailable: no such files, or one that cannot be read.
        """
        import duckdb

        settings = _settings(limits) | {"enable_external_access": "true"}
        connection = duckdb.connect(":memory:", config=settings)
        try:
            with tempfile.TemporaryDirectory(prefix="shoptalk-") as scratch:
                told = _load_all(connection, location, Scratch(Path(scratch)))
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except SqlError:
            connection.close()
            raise
        except duckdb.Error as error:
            connection.close()
            raise DatabaseUnavailable(f"{location} cannot be read: {_first_line(error)}") from error
        made = cls(connection, location, limits)
        made.notes = told
        return made

    @property
    def dialect(self) -> Dialect:
        """Always ``duckdb``."""
        return "duckdb"

    def catalog(self) -> Catalog:
        """Tables and views of every schema of the file; row counts are DuckDB's own estimates."""
        with self._lock:
            if self._catalog is None:
                self._catalog = _read_catalog(self._cursor())
            return self._catalog

    def execute(
        self, query: CheckedQuery, limits: QueryLimits, cancel: threading.Event | None = None
    ) -> Table:
        """Run a checked query; see ``Database.execute``."""
        import duckdb

        def fetch(
            cursor: duckdb.DuckDBPyConnection, budget: Budget
        ) -> tuple[list[Any], list[tuple[object, ...]], float]:
            cursor.execute(query.sql)
            description = list(cursor.description or [])
            rows: list[tuple[object, ...]] = []
            size = 0
            while len(rows) <= limits.max_rows:
                some = cursor.fetchmany(min(CHUNK, limits.max_rows + 1 - len(rows)))
                if not some:
                    break
                rows += some
                size += sum(map(size_of, some))
                budget.raise_if_spent()  # fetching rows that are there already does not look at the interrupt
                if size > limits.max_memory_mb * 1_000_000 * RESULT_SHARE:
                    raise duckdb.OutOfMemoryException("the result")
            return description, rows, budget.seconds

        description, rows, seconds = self._call(limits, cancel, fetch)
        plain = plain_rows(rows)
        return Table(
            columns=tuple(Column(name=d[0], type=column_type(str(d[1]))) for d in description),
            rows=plain[: limits.max_rows],
            is_truncated=len(plain) > limits.max_rows,
            query=query,
            seconds=seconds,
        )

    def explain(
        self, query: CheckedQuery, limits: QueryLimits | None = None, cancel: threading.Event | None = None
    ) -> Plan:
        """Plan ``query``; the cost is counted by ``cost.duckdb_cost``. See ``Database.explain``."""
        sizes = self.catalog().sizes()

        def plan(cursor: duckdb.DuckDBPyConnection, budget: Budget) -> list[Any]:
            return cursor.execute(f"EXPLAIN (FORMAT json) {query.sql}").fetchall()

        rows = self._call(limits or self._limits, cancel, plan)
        try:
            return Plan(cost=duckdb_cost(json.loads(rows[0][1]), sizes))
        except (IndexError, ValueError):
            return Plan(cost=None)

    def rights(self) -> tuple[Right, ...]:
        """Nothing: the file is opened for reading, external access is off, the configuration locked."""
        return ()

    def _call(
        self,
        limits: QueryLimits,
        cancel: threading.Event | None,
        work: Callable[[duckdb.DuckDBPyConnection, Budget], Result],
    ) -> Result:
        """``work`` with a cursor that is interrupted when its budget is spent; errors of ``sql.errors``."""
        import duckdb

        cursor = self._cursor()

        def held() -> Result:
            try:
                return work(cursor, budget)
            finally:
                cursor.close()

        with Budget(limits, cancel, cursor.interrupt, has_watch=False) as budget:
            try:
                result = self._leaver.call(held, budget)
            except duckdb.OutOfMemoryException as error:
                budget.raise_if_spent()
                raise QueryTooLarge(
                    "The query needs more memory than it may have and was stopped. Nothing was changed. "
                    "Ask for a shorter period or fewer columns."
                ) from error
            except (duckdb.Error, RuntimeError, OverflowError, ValueError) as error:
                # RuntimeError: interrupted while rows are fetched; the others: a value Python cannot hold.
                budget.raise_if_spent()
                raise QueryFailed(_reason(error)) from None
            if budget.has_interrupted:
                budget.raise_if_spent()
        return result

    def close(self) -> None:
        """Free the connection."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                if self._leaver.wait():
                    self._connection.close()
                else:
                    logger.warning(
                        "%s: a query that was stopped has not ended; it is left to itself", self._name
                    )

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if not self._is_open:
            raise DatabaseUnavailable(f"{self._name} is closed; open it again")
        return self._connection.cursor()


def _settings(limits: QueryLimits) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "memory_limit": f"{limits.max_memory_mb}MB",
        "temp_directory": "",
        "threads": library_threads(),  # the model's threads spin, and both would wait for each other
        # It empties a plan by the least and greatest value of a column over all rows, hidden ones included:
        # an error that comes or does not come would tell of them.
        "disabled_optimizers": "statistics_propagation",
    }


def _load_all(connection: duckdb.DuckDBPyConnection, location: str, scratch: Scratch) -> tuple[Told, ...]:
    """Load every table of a place; what cannot be read is told, and the rest is there."""
    import duckdb

    told: list[Told] = []
    failed: list[str] = []
    loaded: set[str] = set()
    for wanted, files in _unfolded(find_tables(location), scratch, failed):
        name = free_name(wanted, loaded)
        try:
            told += load(connection, name, files, scratch)
            loaded.add(name)
        except Unreadable as error:
            failed.append(str(error))
        except duckdb.Error as error:
            failed.append(f"{files[0].shown} cannot be read: {_first_line(error)}")
    if not loaded:
        raise DatabaseUnavailable("; ".join(failed) or f"{location} holds no table")
    told += [
        Told(place=location, text=f"{reason}; it was left out", text_zh=f"{reason}；已略去", is_sure=False)
        for reason in failed
    ]
    for each in told:
        logger.info("%s", each.text)
    return tuple(told)


MAX_NESTED = 2
"""Archives inside one another that are opened."""


def _unfolded(
    tables: dict[str, list[DataFile]], scratch: Scratch, failed: list[str], depth: int = 0
) -> Iterator[tuple[str, list[DataFile]]]:
    """Each table with its files; sheets of a workbook and files of an archive are tables too.

    Workbooks of one table with one sheet each are that table together, as are files of one name in an
    archive.
    """
    for name, files in tables.items():
        if files[0].kind == "excel":
            yield from _sheets(name, files, scratch, failed)
        elif files[0].kind != "zip":
            yield name, files
        elif depth == MAX_NESTED:
            failed.append(f"{files[0].shown} is an archive inside others; unpack it and name the folder")
        else:
            for file in files:
                yield from _unfolded(_inside(file, scratch, failed), scratch, failed, depth + 1)


def _sheets(
    name: str, files: Sequence[DataFile], scratch: Scratch, failed: list[str]
) -> Iterator[tuple[str, list[DataFile]]]:
    alone: list[DataFile] = []
    for file in files:
        try:
            sheets = sheets_of(file, scratch)
        except Unreadable as error:
            failed.append(str(error))
            continue
        if len(sheets) == 1:
            alone += [DataFile(path, "csv", file.shown) for path in sheets.values()]
        else:
            yield from ((sheet, [DataFile(path, "csv", file.shown)]) for sheet, path in sheets.items())
    if alone:
        yield name, alone


def _inside(archive: DataFile, scratch: Scratch, failed: list[str]) -> dict[str, list[DataFile]]:
    """The tables of an archive."""
    tables: dict[str, list[DataFile]] = {}
    try:
        for path, called in unpacked(archive, scratch):
            file = data_file(path, called)
            if file is None:
                continue
            name = table_name(Path(called))
            same = tables.get(name)
            if same is not None and same[0].kind == file.kind:
                same.append(file)
            else:
                tables[free_name(name, tables)] = [file]
    except Unreadable as error:
        failed.append(str(error))
    if not tables:
        failed.append(f"{archive.shown} holds no data file; endings that can be read: {ENDINGS}")
    return tables


_Place = tuple[str, str]
"""Schema and name of a table."""


def _read_catalog(cursor: duckdb.DuckDBPyConnection) -> Catalog:
    here = "NOT internal AND database_name = current_database()"
    row = cursor.execute("SELECT current_database(), current_schema()").fetchone()
    database, default = row if row else ("", "main")
    sizes: dict[_Place, tuple[int | None, str]] = {
        (schema, name): (size, comment or "")
        for schema, name, size, comment in cursor.execute(
            f"SELECT schema_name, table_name, estimated_size, comment FROM duckdb_tables() WHERE {here}"
        ).fetchall()
    }
    views: set[_Place] = set()
    for schema, name, comment in cursor.execute(
        f"SELECT schema_name, view_name, comment FROM duckdb_views() WHERE {here}"
    ).fetchall():
        sizes[schema, name] = (None, comment or "")
        views.add((schema, name))
    columns: dict[_Place, list[CatalogColumn]] = {}
    for schema, table, name, kind, comment, is_nullable in cursor.execute(
        "SELECT schema_name, table_name, column_name, data_type, comment, is_nullable FROM duckdb_columns() "
        f"WHERE {here} ORDER BY table_oid, column_index"
    ).fetchall():
        column = CatalogColumn(
            name=name,
            type=column_type(kind),
            database_type=kind,
            comment=comment or "",
            is_nullable=bool(is_nullable),
        )
        if (schema, table) in sizes:
            columns.setdefault((schema, table), []).append(column)
    names = usable_names({place: Placed(*place, place[0] == default) for place in columns})
    primary: dict[_Place, tuple[str, ...]] = {}
    foreign: dict[_Place, list[ForeignKey]] = {}
    for schema, table, kind, own, target, theirs in cursor.execute(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, "
        "referenced_column_names FROM duckdb_constraints() WHERE database_name = current_database()"
    ).fetchall():
        if kind == "PRIMARY KEY":
            primary[schema, table] = tuple(own)
        elif kind == "FOREIGN KEY" and (schema, target) in names:  # keys stay within a schema
            key = ForeignKey(
                columns=tuple(own), target_table=names[schema, target], target_columns=tuple(theirs)
            )
            foreign.setdefault((schema, table), []).append(key)
    cursor.close()
    tables = tuple(
        CatalogTable(
            name=names[place],
            columns=tuple(columns[place]),
            primary_key=primary.get(place, ()),
            foreign_keys=tuple(foreign.get(place, ())),
            rows=sizes[place][0],
            comment=sizes[place][1],
            place=(database, *place) if place[0].lower() == database.lower() else place,
            is_view=place in views,
            is_qualified=place[0] != default,
        )
        for place in columns
    )
    return Catalog(dialect="duckdb", tables=tables)


def _open_failure(path: Path, message: str) -> str:
    first = message.split("\n")[0]
    if "different configuration" in message:
        return f"{path} is already open in this program with other settings; close it there first."
    if "set lock" in message:
        return (
            f"{path} is held by another program that may write to it ({first}). "
            "Close that program, or make a copy of the file and open the copy."
        )
    if "serialization" in message.lower() or "version" in message.lower():
        return f"{path} was written by another version of DuckDB: {first}"
    return f"{path} cannot be opened as a DuckDB file; it may be damaged: {first}"


def _reason(error: BaseException) -> str:
    """DuckDB's message; one about a value loses the value: it may be of a row the role may not see."""
    import duckdb

    names = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException)
    return _first_line(error) if isinstance(error, names) else without_values(_first_line(error))


def _first_line(error: BaseException | None) -> str:
    """DuckDB's message without the echo of the statement."""
    return str(error).split("\n\nLINE")[0].strip()
