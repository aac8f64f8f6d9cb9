"""A yard full of trip-wires: hostile statements run in it, and it tells whether anything got out or changed.

For each statement under a role (``Yard.try_statement``):

* the guard answers with a ``CheckedQuery`` or an ``UnsafeQuery``, within a second;
* what it lets through runs, through the real ``Database`` with its locks, on the shop and on the role's twin
  (``data.Hidden.twin``): answers and errors must be equal, and hold no canary;
* no more rows come back than the role's limit.

Between statements, or after many (``Yard.tripped``): no honey file was opened, no file made or changed, the
port saw nobody, and tables, objects and settings are what they were.

Not covered: what a statement's *time* tells; what two statements together tell; and in DuckDB, whether or
which error of the statement's own comes first when several parts of it fail: that depends on the order of
joins, which depends on how many rows the tables have, hidden ones too. Such statements are counted apart
(``PLAN``), when with a fixed order of joins the shop and the twin say the same.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import hashlib
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bench.mutation.data import (
    CANARY,
    COLUMNS,
    Hidden,
    hidden_from,
    make_guard,
    shuffled,
    statements,
    true_tables,
    yard_shop,
)
from bench.mutation.wires import FileWire, PortWire, checksum
from bench.servers import Server
from sql.databases import Database, open_database
from sql.errors import QueryCancelled, QueryFailed, QueryTimeout, QueryTooLarge, SqlError, UnsafeQuery
from sql.lock.guard import _SEAL, CheckedQuery, Guard
from sql.lock.run import run
from sql.names import quoted
from sql.semantics import Role
from sql.types import Dialect, QueryLimits

SLOW_S = 1.0
"""Processor seconds of the guard for one statement beyond which it counts as a way to stall it."""
PLAN = "error by plan"
"""``Outcome.kind`` where the order of joins decides about an error."""
MEMORY = 50_000
"""Texts whose outcome is remembered."""
FILE_DIALECTS: tuple[Dialect, ...] = ("duckdb", "sqlite")
_HONEY_TEXT = f"id,secret\n1,{CANARY}-file\n"
_FOREIGN = ("root:x:0:", "daemon:x:")
"""Words of the machine's own files."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a database said, in a form in which two of them can be compared."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    error: str = ""
    is_over_budget: bool = False
    """Time, memory or cost ended it: no answer to compare."""

    @cached_property
    def bag(self) -> Counter[tuple[object, ...]]:
        """The rows without their order, numbers rounded to nine digits."""
        return Counter(tuple(_plain(cell) for cell in row) for row in self.rows)

    def same_as(self, other: Result) -> bool:
        """Whether both say the same."""
        if self.is_over_budget or other.is_over_budget:
            return True
        return self.columns == other.columns and self.error == other.error and self.bag == other.bag


def _plain(cell: object) -> object:
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, (int, float, decimal.Decimal)):
        return f"{float(cell):.9g}"
    return str(cell)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one statement."""

    role: str
    statement: str
    is_allowed: bool
    kind: str
    """Class of the refusal, of the database's error, or ``ran``."""
    reason: str = ""
    sql: str = ""
    """The text that ran."""
    trip: str = ""
    """Which wire tripped, in words; empty when none did."""
    guard_s: float = 0.0
    """Processor seconds."""
    is_unstable: bool = False
    """The answer changes with the order of rows or from run to run: nothing to compare."""


@dataclass(kw_only=True)
class Yard:
    """Wires, databases and guards of one dialect; made by ``open_yard`` or ``open_server_yard``."""

    dialect: Dialect
    databases: dict[str, Database]
    """``true``, ``shuffled``, and the name of each role for its twin."""
    guards: dict[str, Guard]
    hidden: dict[str, Hidden]
    ground: Path
    """Where the honey files are; the working folder."""
    port: PortWire
    files: list[FileWire]
    state: Callable[[], str]
    """One value for everything that may not change."""
    with_fixed_plan: Callable[[str, str], Result] | None = None
    """Runs a text on a copy of one of the databases, joined in the order that it is written in."""
    _state: str = field(init=False, default="")
    _ran: dict[tuple[str, str], Outcome] = field(init=False, default_factory=dict)
    """By role and text, what ran without a trip: the same text need not run again."""

    def __post_init__(self) -> None:
        self._state = self.state()
        self.tripped()

    def fill(self, statement: str) -> str:
        """``statement`` with the yard's own places in it."""
        return statement.replace("{FOLDER}", str(self.ground)).replace("{PORT}", str(self.port.port))

    def try_statement(self, role: str, statement: str) -> Outcome:
        """Check and, if allowed, run one statement; says which wire tripped, if any."""
        gc.disable()  # in a large process a round of it over everything else would count as the guard's time
        try:
            return self._try(role, statement)
        finally:
            gc.enable()

    def _try(self, role: str, statement: str) -> Outcome:
        guard = self.guards[role]
        start = time.thread_time()
        try:
            query = guard.check(statement)
        except UnsafeQuery as error:
            spent = time.thread_time() - start
            return Outcome(
                role=role,
                statement=statement,
                is_allowed=False,
                kind=type(error).__name__,
                reason=error.reason,
                trip=f"the guard took {spent:.1f} s" if spent > SLOW_S else self._said(role, error),
                guard_s=spent,
            )
        except Exception as error:
            trip = f"the guard crashed with {type(error).__name__}: {error}"
            return Outcome(role=role, statement=statement, is_allowed=False, kind="crash", trip=trip)
        spent = time.thread_time() - start
        outcome = Outcome(
            role=role, statement=statement, is_allowed=True, kind="ran", sql=query.sql, guard_s=spent
        )
        if spent > SLOW_S:
            return replace(outcome, trip=f"the guard took {spent:.1f} s")
        return self._run(outcome, query, guard.role)

    def _run(self, outcome: Outcome, query: CheckedQuery, role: Role) -> Outcome:
        key = (outcome.role, query.sql)
        known = self._ran.get(key)
        if known is None:
            known = self._run_now(outcome, query, role)
            if not known.trip and len(self._ran) < MEMORY:
                self._ran[key] = known
        return replace(known, statement=outcome.statement, guard_s=outcome.guard_s)

    def _run_now(self, outcome: Outcome, query: CheckedQuery, role: Role) -> Outcome:
        def on(name: str) -> Result:
            return run_checked(query, self.databases[name], role)

        try:
            true = on("true")
            twin = on(outcome.role)
        except Exception as error:
            return replace(
                outcome, kind="crash", trip=f"the run crashed with {type(error).__name__}: {error}"
            )
        if true.error:
            outcome = replace(outcome, kind=true.error.split(":")[0], reason=true.error)
        trip = self.judge(outcome.role, outcome.statement, true)
        if trip or true.same_as(twin):
            return replace(outcome, trip=trip)
        if not (on("true").same_as(true) and on("shuffled").same_as(true)):
            return replace(outcome, is_unstable=True)
        settled = settle(query)
        if settled is not None:
            ends = [run_checked(settled, self.databases[name], role) for name in ("true", outcome.role)]
            if not ends[0].error and ends[0].same_as(ends[1]):
                return replace(outcome, is_unstable=True)  # which of equal rows a LIMIT takes is chance
        if self.with_fixed_plan is not None and (true.error or twin.error):
            ends = [self.with_fixed_plan(name, query.sql) for name in ("true", outcome.role)]
            if ends[0].same_as(ends[1]):
                return replace(outcome, kind=PLAN)
        return replace(outcome, trip=difference(true, twin))

    def judge(self, role: str, statement: str, result: Result) -> str:
        """Which wire ``result`` trips by what stands in it; empty when none."""
        hidden = self.hidden[role]
        said = statement.lower()
        texts = (*hidden.texts, *_FOREIGN)
        for place, cells in (("a row", result.rows), ("the columns", (result.columns,))):
            for row in cells:
                for cell in row:
                    found = _canary(cell, texts, hidden.numbers, said)
                    if found:
                        return f"{place} holds {found}"
        found = _canary(result.error, texts, frozenset(), said)
        if found:
            return f"the error holds {found}"
        limit = self.guards[role].role.limits.max_rows
        return f"{len(result.rows)} rows came back" if len(result.rows) > limit else ""

    def _said(self, role: str, error: UnsafeQuery) -> str:
        found = _canary(error.reason, (CANARY, *_FOREIGN), frozenset(), error.sql.lower())
        return f"the refusal holds {found}" if found else ""

    def tripped(self) -> list[str]:
        """Which of the wires outside the answers tripped since the last call."""
        found = [trip for wire in (self.port, *self.files) for trip in wire.tripped()]
        now = self.state()
        if now != self._state:
            self._state = now
            found.append("tables, objects or settings changed")
        for wire in self.files:  # looking at the state opens files too
            wire.tripped()
        return found

    def close(self) -> None:
        """Close databases and wires."""
        for database in self.databases.values():
            database.close()
        for wire in (self.port, *self.files):
            wire.close()


def _canary(cell: object, texts: tuple[str, ...], numbers: frozenset[float], said: str) -> str:
    """The canary in ``cell`` that the statement itself does not hold, or nothing."""
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, (int, float, decimal.Decimal)):
        value = float(cell)
        is_hidden = value == value and round(value, 2) in numbers and abs(value - round(value, 2)) < 1e-9
        return f"the number {cell}" if is_hidden and f"{cell:.0f}" not in said else ""
    low = str(cell).lower()
    found = next((t for t in texts if t.lower() in low and t.lower() not in said), None)
    if found is not None:
        return repr(found)
    for word in re.findall(r"\d{8}", low):
        if float(word) in numbers and word not in said:
            return f"the number {word}"
    return ""


def difference(one: Result, other: Result) -> str:
    """How the answers of the shop and of the twin differ, in words."""
    if one.error != other.error:
        return f"hidden data change the error: {one.error or 'none'} / {other.error or 'none'}"
    rows = list((one.bag - other.bag).elements()), list((other.bag - one.bag).elements())
    return f"hidden data change the rows: {rows[0][:2]} / {rows[1][:2]}"


def settle(query: CheckedQuery) -> CheckedQuery | None:
    """``query`` with each LIMIT and window of its own made to choose among equal rows by what it returns.

    What they sort by first stays the same, so that one that depends on something hidden still does. ``None``
    when there is nothing to settle, or sqlglot cannot read the text.
    """
    try:
        tree = sqlglot.parse_one(query.sql, read=query.dialect)
    except SqlglotError:
        return None
    is_changed = False
    for window in tree.find_all(exp.Window):
        select = window.find_ancestor(exp.Select)
        shown = [e.unalias() for e in select.expressions] if select is not None else []
        columns = [exp.Ordered(this=c.copy()) for c in shown if isinstance(c, exp.Column)]
        own = window.args.get("order")
        before = [ordered.copy() for ordered in own.expressions] if own is not None else []
        window.set("order", exp.Order(expressions=[*before, *columns]) if before or columns else None)
        is_changed = is_changed or bool(columns)
    for node in tree.find_all(exp.Select, exp.Union, exp.Intersect, exp.Except):
        limit = node.args.get("limit")
        if limit is None and node.args.get("offset") is None:
            continue
        if limit is not None and limit.expression is not None and len(limit.expression.name) > 12:
            continue  # the guard's fence
        is_first = query.dialect in ("sqlite", "mysql")  # where NULL comes without a word for it
        places = [
            exp.Ordered(this=exp.Literal.number(n), nulls_first=is_first)
            for n in range(1, len(node.selects) + 1)  # outputs without a name count too
        ]
        order = node.args.get("order")
        before = [ordered.copy() for ordered in order.expressions] if order is not None else []
        node.set("order", exp.Order(expressions=[*before, *places]))
        is_changed = True
    if not is_changed:
        return None
    # No guard has seen this text: it is one that the guard let through, sorted by its own columns as well.
    text = tree.sql(dialect=query.dialect)
    return CheckedQuery(sql=text, dialect=query.dialect, role=query.role, views=query.views, seal=_SEAL)


def run_checked(query: CheckedQuery, database: Database, role: Role) -> Result:
    """Run as the product does; its own errors become part of the answer, others rise."""
    try:
        table = run(query, database, role.limits)
    except (QueryTimeout, QueryTooLarge, QueryCancelled) as error:
        return Result(error=f"{type(error).__name__}", is_over_budget=True)
    except (QueryFailed, SqlError) as error:
        return Result(error=f"{type(error).__name__}: {error}")
    return Result(columns=tuple(c.name for c in table.columns), rows=table.rows)


def honey_files(ground: Path) -> None:
    """Files in every form that a database reads, each with a canary in it."""
    import duckdb

    ground.mkdir(parents=True, exist_ok=True)
    (ground / "honey.csv").write_text(_HONEY_TEXT, encoding="utf-8")
    (ground / "honey.txt").write_text(_HONEY_TEXT, encoding="utf-8")
    (ground / "honey.json").write_text(f'[{{"secret": "{CANARY}-json"}}]', encoding="utf-8")
    with duckdb.connect() as connection:
        copy = f"COPY (SELECT '{CANARY}-parquet' AS secret) TO '{ground / 'honey.parquet'}' (FORMAT parquet)"
        connection.execute(copy)
    with duckdb.connect(str(ground / "honey.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT '{CANARY}-attached' AS secret")
    with contextlib.closing(sqlite3.connect(ground / "honey.db")) as plain:
        plain.execute(f"CREATE TABLE t AS SELECT '{CANARY}-attached' AS secret")
        plain.commit()


def build_file(path: Path, dialect: Dialect, tables: dict[str, list[list[object]]]) -> None:
    """Write one database file of the yard."""
    import duckdb

    if dialect == "duckdb":
        with duckdb.connect(str(path)) as connection:
            for statement in statements(tables, dialect):
                connection.execute(statement)
        return
    with contextlib.closing(sqlite3.connect(path)) as plain:
        for statement in statements(tables, dialect):
            plain.execute(statement)
        plain.commit()


@contextlib.contextmanager
def open_yard(dialect: Dialect, folder: Path) -> Iterator[Yard]:
    """The yard on files of DuckDB or SQLite; its ground is the working folder while it is open.

    Args:
        folder: an empty or missing folder to build it in.
    """
    ground, data = folder / "ground", folder / "data"
    data.mkdir(parents=True)
    honey_files(ground)
    shop = yard_shop(str(data / "true"))
    tables = {"true": true_tables(), "shuffled": shuffled(true_tables())}
    hidden = {role.name: hidden_from(role.name) for role in shop.roles}
    tables |= {name: found.twin for name, found in hidden.items()}
    databases: dict[str, Database] = {}
    with _canary_in_environment(), contextlib.chdir(ground), contextlib.ExitStack() as stack:
        for name, content in tables.items():
            path = data / f"{name}.{dialect}"
            build_file(path, dialect, content)
            databases[name] = open_database(str(path), limits=shop.roles[0].limits)
            stack.callback(databases[name].close)
        catalog = databases["true"].catalog()
        yard = Yard(
            dialect=dialect,
            databases=databases,
            guards={role.name: make_guard(shop, catalog, role) for role in shop.roles},
            hidden=hidden,
            ground=ground,
            port=PortWire(),
            files=[FileWire([ground]), FileWire([data], writes_only=True)],
            state=lambda: _file_state(data, databases),
            with_fixed_plan=_fixed_plans(data, stack) if dialect == "duckdb" else None,
        )
        stack.callback(yard.close)
        yield yard


def _fixed_plans(data: Path, stack: contextlib.ExitStack) -> Callable[[str, str], Result]:
    """Runs texts of the guard's on copies in which DuckDB does not choose an order of joins by sizes."""
    import duckdb

    from sql.databases.duckdb_database import _settings

    connections: dict[str, duckdb.DuckDBPyConnection] = {}
    folder = data.parent / "copies"

    def run_fixed(name: str, sql: str) -> Result:
        if name not in connections:
            folder.mkdir(exist_ok=True)
            copy = folder / f"{name}.duckdb"
            copy.write_bytes((data / copy.name).read_bytes())
            # What the product switches off stays off; what only it could hide is not forgiven.
            own = str(_settings(QueryLimits()).get("disabled_optimizers", ""))
            disabled = ",".join(filter(None, [own, "join_order", "build_side_probe_side"]))
            connections[name] = duckdb.connect(
                str(copy), read_only=True, config={"disabled_optimizers": disabled}
            )
            stack.callback(connections[name].close)
        try:
            cursor = connections[name].execute(sql)
            rows = tuple(tuple(row) for row in cursor.fetchall())
            return Result(columns=tuple(d[0] for d in cursor.description or ()), rows=rows)
        except duckdb.Error as error:
            return Result(error=str(error))

    return run_fixed


@contextlib.contextmanager
def open_server_yard(server: Server, folder: Path) -> Iterator[Yard]:
    """The yard on a running PostgreSQL or MySQL: a database for the shop and one for each twin.

    Args:
        server: one of one's own (``bench.servers``); its databases ``yard_…`` are made anew.
        folder: an empty or missing folder for the honey files; the server's user must be able to reach it.
    """
    ground = folder / "ground"
    folder.mkdir(parents=True, exist_ok=True)
    honey_files(ground)
    for path in (folder, ground, *ground.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    shop = yard_shop("yard")
    tables = {"true": true_tables(), "shuffled": shuffled(true_tables())}
    hidden = {role.name: hidden_from(role.name) for role in shop.roles}
    tables |= {name: found.twin for name, found in hidden.items()}
    databases: dict[str, Database] = {}
    homes = []
    with _canary_in_environment(), contextlib.chdir(ground), contextlib.ExitStack() as stack:
        for name, content in tables.items():
            home = server.create_database(f"yard_{name}")
            home.execute(";\n".join(statements(content, server.dialect)))
            home.make_reader()
            homes.append(home)
            databases[name] = open_database(home.reader_url, limits=shop.roles[0].limits)
            stack.callback(databases[name].close)
        catalog = databases["true"].catalog()
        yard = Yard(
            dialect=server.dialect,
            databases=databases,
            guards={role.name: make_guard(shop, catalog, role) for role in shop.roles},
            hidden=hidden,
            ground=ground,
            port=PortWire(),
            files=[FileWire([ground])],
            state=lambda: "\n".join(map(_server_state, homes)),
        )
        stack.callback(yard.close)
        yield yard


_POSTGRES_STATE = (
    "SELECT n.nspname, c.relname, c.relkind, c.relacl::text, c.relowner FROM pg_class AS c "
    "JOIN pg_namespace AS n ON n.oid = c.relnamespace ORDER BY 1, 2",
    "SELECT oid, proname, prosrc FROM pg_proc ORDER BY 1",
    "SELECT rolname, rolsuper, rolconfig FROM pg_roles ORDER BY 1",
    "SELECT COUNT(*) FROM pg_largeobject_metadata",
    "SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'in_hot%' AND name <> 'transaction_isolation' "
    "ORDER BY 1",
    "SELECT extname FROM pg_extension ORDER BY 1",
    "SELECT last_value, is_called FROM ticker",
)
_MYSQL_STATE = (
    "SELECT table_schema, table_name, table_type FROM information_schema.tables ORDER BY 1, 2",
    "SELECT routine_schema, routine_name, routine_definition FROM information_schema.routines ORDER BY 1, 2",
    "SELECT grantee, table_schema, privilege_type FROM information_schema.schema_privileges ORDER BY 1, 2, 3",
    "SELECT plugin_name FROM information_schema.plugins ORDER BY 1",
    "SHOW GLOBAL VARIABLES",
)


def _server_state(home: Server) -> str:
    """Every row, object, right and setting of one database, as its administrator sees them."""
    digest = hashlib.sha256()
    queries = _POSTGRES_STATE if home.dialect == "postgres" else _MYSQL_STATE
    tables = (quoted(name, home.dialect) for name in COLUMNS)
    for rows in home.query_each([*queries, *(f"SELECT * FROM {name} ORDER BY 1, 2" for name in tables)]):
        moving = ("gtid", "timestamp", "innodb_buffer_pool_load", "rand_seed", "identity")
        digest.update(repr([row for row in rows if not str(row[0]).startswith(moving)]).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _canary_in_environment() -> Iterator[None]:
    """A variable of the environment, and a data frame in the database's own module, that none may read."""
    import pandas as pd

    from sql.databases import duckdb_database

    name = "SHOPTALK_CANARY"
    before = os.environ.get(name), vars(duckdb_database).get("honey_frame")
    os.environ[name] = f"{CANARY}-environment"
    vars(duckdb_database)["honey_frame"] = pd.DataFrame({"secret": [f"{CANARY}-frame"]})
    try:
        yield
    finally:  # another yard may still be open
        for names, key, value in (
            (os.environ, name, before[0]),
            (vars(duckdb_database), "honey_frame", before[1]),
        ):
            if value is None:
                names.pop(key, None)
            else:
                names[key] = value


def _file_state(data: Path, databases: dict[str, Database]) -> str:
    """Checksum of the databases' files, and of the settings where a connection lives on."""
    from sql.databases.duckdb_database import DuckdbDatabase

    digest = hashlib.sha256(checksum(data).encode())
    for database in databases.values():
        if isinstance(database, DuckdbDatabase):
            cursor = database._cursor()
            settings = "SELECT name, value FROM duckdb_settings() ORDER BY name"
            digest.update(repr(cursor.execute(settings).fetchall()).encode())
            objects = "SELECT database_name, table_name FROM duckdb_tables() ORDER BY ALL"
            digest.update(repr(cursor.execute(objects).fetchall()).encode())
            cursor.close()
    return digest.hexdigest()
