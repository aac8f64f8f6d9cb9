"""Whether a statement that would take for ever, or all memory, ends inside its budget: in four databases.

Every statement of ``bench/expensive.yml`` goes through the guard and, when the guard allows it, runs twice:
as a question would (``sql.lock.run.run``, which refuses what the plan finds too dear) and past that check,
so that time and memory alone must end it. A run passes when it is refused, ended or done within the budget
plus one second (of the database: what the guard itself takes is told beside it), with the memory of this
process or of the server inside its limit, and when an honest question right after it is answered as before.
A server is also looked at from outside: nothing of it may still be at work.

    python -m bench.guard_budgets [--dialect duckdb …] [--only TEXT] [--timeout 1.0] [--memory 256]

PostgreSQL and MariaDB are started here; see bench/servers.py. Prints a table; exit status 1 on any failure.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import re
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import psutil
import yaml

from bench import servers
from bench.record import RESULTS, circumstances, write_result
from sql.databases import Database, open_database
from sql.errors import QueryTimeout, QueryTooLarge, SqlError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Role
from sql.shop.drafting import shop_from_catalog
from sql.types import Dialect, QueryLimits

CATALOGUE = Path(__file__).parent / "expensive.yml"
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
ROWS, BLOBS, BLOB_CHARACTERS = 200_000, 20, 100_000
GRACE_S = 1.0
SLACK = 1.25
"""A memory limit of a database bounds what it counts; its allocator and our copies of rows take some more."""
FIXED_MB = 150
"""Memory that is taken once, whatever the statement: code, caches and buffers warmed by the first use."""
PATIENCE_S = 60.0
HONEST = "SELECT product, COUNT(*) AS n FROM sold GROUP BY product ORDER BY product LIMIT 3"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one statement ended."""

    name: str
    dialect: Dialect
    way: str
    """``guard``, ``cost`` (both before it ran), ``time``, ``memory``, ``failed`` or ``done``."""
    guard_s: float
    seconds: float
    """In the database: planning and running, until the asker is answered."""
    memory_mb: float
    """How much the memory grew, at its highest."""
    fault: str
    """All that was wrong; empty when nothing was."""


def statements(dialect: Dialect) -> dict[str, str]:
    """Name → SQL of the catalogue in one dialect."""
    long = "'" + "".join(chr(0x4E00 + i) for i in range(9_990)) + "'"
    needle = "'" + "a" * 9_990 + "b'"
    hundred = " + ".join(
        f"(SELECT COUNT(*) FROM sold AS s{i} WHERE s{i}.amount > a.amount)" for i in range(100)
    )
    thousand = " OR ".join(f"note = 'n{i}' AND amount > {i}" for i in range(400))
    found: dict[str, str] = {}
    for name, texts in yaml.safe_load(CATALOGUE.read_text(encoding="utf-8")).items():
        text = texts if isinstance(texts, str) else texts.get(dialect, texts.get("all"))
        if text is None:
            continue
        if dialect == "mysql" and "||" in text:  # there it is OR
            text = re.sub(r"([\w.]+(?: \|\| (?:[\w.]+|'[^']*'))+)", _concat, text)
        found[name] = (
            text.replace("{long}", long)
            .replace("{needle}", needle)
            .replace("{hundred}", f"SELECT MAX({hundred}) FROM sold AS a")
            .replace("{thousand}", f"SELECT COUNT(*) FROM sold WHERE {thousand}")
        )
    return found


def _concat(match: re.Match[str]) -> str:
    return f"CONCAT({match.group(1).replace(' || ', ', ')})"


# ---- the data -------------------------------------------------------------------------------------------


def _rows() -> Iterator[tuple[int, int, str, str, str, float]]:
    for i in range(ROWS):
        note = f"note {i * 7919 % 1_000_003} " + "abcdefghij" * 9
        day = f"202{i % 5}-{i % 12 + 1:02}-{i % 28 + 1:02}"
        yield i, i * 31 % 2_000, f"product {i * 17 % 50}", note[:100], day, (i * 37 % 10_000) / 100


_TABLES = (
    "CREATE TABLE sold (id INTEGER PRIMARY KEY, customer_id INTEGER, product VARCHAR(40), "
    "note VARCHAR(100), day DATE, amount DECIMAL(10,2))",
    "CREATE TABLE blobs (id INTEGER PRIMARY KEY, body TEXT)",
)


def _blobs() -> list[tuple[int, str]]:
    return [(i, "a" * BLOB_CHARACTERS) for i in range(BLOBS)]


@contextlib.contextmanager
def databases(dialect: Dialect, limits: QueryLimits) -> Iterator[tuple[Database, servers.Server | None]]:
    """The tables in a database of this dialect, opened for reading; and the server that holds it."""
    with tempfile.TemporaryDirectory(prefix="shoptalk-budgets-") as name, contextlib.ExitStack() as stack:
        server = None
        if dialect == "duckdb":
            location = str(Path(name) / "sold.duckdb")
            _fill_duckdb(location)
        elif dialect == "sqlite":
            location = str(Path(name) / "sold.sqlite")
            connection = sqlite3.connect(location)
            _fill(connection.cursor(), "?")
            connection.commit()
            connection.close()
        else:
            server = stack.enter_context(servers.postgres() if dialect == "postgres" else servers.mysql())
            _fill_server(server)
            location = server.reader_url
        database = open_database(location, limits=limits)
        stack.callback(database.close)
        yield database, server


def _fill_duckdb(path: str) -> None:
    import duckdb
    import pandas as pd

    columns = ["id", "customer_id", "product", "note", "day", "amount"]
    frame = pd.DataFrame(_rows(), columns=columns)  # noqa: F841 - DuckDB finds it by its name
    texts = pd.DataFrame(_blobs(), columns=["id", "body"])  # noqa: F841
    with duckdb.connect(path) as connection:
        for table in _TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO sold SELECT * FROM frame")
        connection.execute("INSERT INTO blobs SELECT * FROM texts")


def _fill(cursor: Any, mark: str) -> None:
    for table in _TABLES:
        cursor.execute(table.replace(" TEXT", " MEDIUMTEXT") if mark == "%s" else table)
    rows = list(_rows())
    for start in range(0, len(rows), 5_000):
        cursor.executemany(f"INSERT INTO sold VALUES ({', '.join([mark] * 6)})", rows[start : start + 5_000])
    cursor.executemany(f"INSERT INTO blobs VALUES ({mark}, {mark})", _blobs())


def _fill_server(server: servers.Server) -> None:
    if server.dialect == "postgres":
        import psycopg

        with psycopg.connect(server.admin_url) as connection, connection.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(table.encode())
            with cursor.copy("COPY sold FROM STDIN") as copy:
                for row in _rows():
                    copy.write_row(row)
            cursor.executemany("INSERT INTO blobs VALUES (%s, %s)", _blobs())
        server.execute("VACUUM ANALYZE sold")
        server.execute("VACUUM ANALYZE blobs")
        return
    connection = server._mysql_admin()
    connection.autocommit(False)
    with connection.cursor() as cursor:
        _fill(cursor, "%s")
        connection.commit()
        cursor.execute("ANALYZE TABLE sold, blobs")
    connection.close()


# ---- one statement --------------------------------------------------------------------------------------


class Memory:
    """The highest memory of this process, or of a server, while a block runs; in 10**6 bytes."""

    def __init__(self, server: servers.Server | None) -> None:
        self._server = server
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.before = self.peak = self.now()

    def now(self) -> float:
        if self._server is not None:
            return self._server.memory_mb()
        return psutil.Process().memory_info().rss / 1e6

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, self.now())

    def _watch(self) -> None:
        while not self._done.wait(0.03):
            with contextlib.suppress(psutil.Error):
                self.peak = max(self.peak, self.now())


@dataclass(frozen=True, kw_only=True)
class Range:
    """A database to shoot at."""

    database: Database
    server: servers.Server | None
    guard: Guard
    limits: QueryLimits
    expected: object
    """What the honest question answers."""

    def shoot(self, name: str, sql: str, *, checks_cost: bool) -> Outcome:
        """Send one statement; see the module's docstring."""
        dialect = self.database.dialect
        began = started = time.monotonic()
        way = "done"
        faults: list[str] = []
        with Memory(self.server) as memory:
            try:
                query = self.guard.check(sql)
                started = time.monotonic()
                if checks_cost:
                    run(query, self.database, self.limits)
                else:
                    self.database.execute(query, self.limits)
            except UnsafeQuery:
                way, started = "guard", time.monotonic()
            except QueryTimeout:
                way = "time"
            except QueryTooLarge as error:
                way = "cost" if "was not run" in str(error) else "memory"
            except SqlError as error:
                way = "failed"
                if type(error).__name__ != "QueryFailed":
                    faults.append(str(error)[:200])
            seconds = time.monotonic() - started
            faults.append(self._left_over(started))
        growth = memory.peak - memory.before
        if seconds > self.limits.timeout_s + GRACE_S:
            faults.append(f"it took {seconds:.1f} s")
        if growth > self.limits.max_memory_mb * SLACK + FIXED_MB:
            faults.append(f"memory grew by {growth:.0f} MB")
        faults.append(self._next_question())
        return Outcome(
            name=name,
            dialect=dialect,
            way=way,
            guard_s=started - began,
            seconds=seconds,
            memory_mb=growth,
            fault="; ".join(filter(None, faults)),
        )

    def _left_over(self, started: float) -> str:
        """Whether the server is still at work for us a second after the budget."""
        told = ""
        while self.server is not None and (busy := _busy(self.server)):
            gone_s = time.monotonic() - started
            if gone_s > self.limits.timeout_s + GRACE_S:
                told = f"the server went on for {gone_s:.0f} s: {busy[:100]}"
            if gone_s > PATIENCE_S:  # let the statements after it be measured by themselves
                break
            time.sleep(0.05)
        return told

    def _next_question(self) -> str:
        started = time.monotonic()
        try:
            rows = run(self.guard.check(HONEST), self.database, replace(self.limits, timeout_s=10.0)).rows
        except SqlError as error:
            return f"the next question failed: {error}"
        if rows != self.expected:
            return f"the next question was answered by {rows}"
        took = time.monotonic() - started
        return "" if took < 3.0 else f"the next question took {took:.1f} s"


def _busy(server: servers.Server) -> str:
    if server.dialect == "postgres":
        text = f"SELECT query FROM pg_stat_activity WHERE usename = '{server.reader}' AND state <> 'idle'"
    else:
        text = (
            "SELECT COALESCE(info, command) FROM information_schema.processlist "
            f"WHERE user = '{server.reader}' AND command <> 'Sleep'"
        )
    rows = server.query(text)
    return str(rows[0][0]) if rows else ""


@contextlib.contextmanager
def ranges(dialect: Dialect, limits: QueryLimits) -> Iterator[Range]:
    """A filled database with a guard over all its tables."""
    with databases(dialect, limits) as (database, server):
        catalog = database.catalog()
        shop = shop_from_catalog(catalog, name="budgets", database="x")
        guard = Guard(shop, catalog, Role(name="owner", limits=limits))
        calm = replace(limits, timeout_s=60.0)
        expected = run(guard.check(HONEST), database, calm).rows
        yield Range(database=database, server=server, guard=guard, limits=limits, expected=expected)


def shoot_all(dialect: Dialect, limits: QueryLimits, only: str = "") -> list[Outcome]:
    """Every statement of the catalogue, as a question and past the check of its cost."""
    found: list[Outcome] = []
    with ranges(dialect, limits) as range_:
        for name, sql in statements(dialect).items():
            if only.lower() not in name.lower():
                continue
            first = range_.shoot(name, sql, checks_cost=True)
            found.append(first)
            _say(first)
            if first.way not in ("guard", "failed"):
                second = range_.shoot(f"{name} (past the cost check)", sql, checks_cost=False)
                found.append(second)
                _say(second)
    return found


def _say(outcome: Outcome) -> None:
    print(
        f"{outcome.dialect:<9}{outcome.way:<8}{outcome.seconds:6.2f} s {outcome.memory_mb:7.0f} MB  "
        f"{f'(guard {outcome.guard_s:.1f} s) ' if outcome.guard_s > 0.5 else ''}"
        f"{outcome.name}{'   FAULT: ' + outcome.fault if outcome.fault else ''}",
        flush=True,
    )


def _print_table(groups: Sequence[Sequence[Outcome]]) -> None:
    ways = ("guard", "cost", "time", "memory", "failed", "done")
    head = "".join(f"{way:>8}" for way in ways)
    print(f"\n{'':<9}{'runs':>8}{head}{'longest':>10}{'memory':>10}{'faults':>8}")
    for own in groups:
        counts = collections.Counter(o.way for o in own)
        longest = f"{max((o.seconds for o in own), default=0):.2f} s"
        most = f"{max((o.memory_mb for o in own), default=0):.0f} MB"
        cells = "".join(f"{counts[way]:>8}" for way in ways)
        name = own[0].dialect if own else ""
        print(f"{name:<9}{len(own):>8}{cells}{longest:>10}{most:>10}{sum(bool(o.fault) for o in own):>8}")


def main() -> int:
    """Run the catalogue; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialect", action="append", choices=DIALECTS, help="may be given several times")
    parser.add_argument("--only", default="", metavar="TEXT", help="statements with TEXT in their name")
    parser.add_argument("--timeout", type=float, default=1.0, metavar="S", help="budget in seconds (1)")
    parser.add_argument("--memory", type=int, default=256, metavar="MB", help="budget of memory (256)")
    options = parser.parse_args()
    limits = QueryLimits(max_rows=1_000, timeout_s=options.timeout, max_memory_mb=options.memory)
    found: list[Outcome] = []
    for dialect in options.dialect or DIALECTS:
        found += shoot_all(dialect, limits, options.only)
    _print_table([[o for o in found if o.dialect == d] for d in options.dialect or DIALECTS])
    faults = [o for o in found if o.fault]
    budget = f"{limits.timeout_s:g} s, {limits.max_memory_mb} MB"
    print(f"\nbudget: {budget}; {len(found)} runs, {len(faults)} faults")
    if not options.only and not options.dialect:
        write_result(
            RESULTS / "guard_budgets.json",
            {
                "bench": "guard_budgets",
                **circumstances(),
                "limits": vars(limits),
                "outcomes": [vars(o) for o in found],
                "figures": {
                    "Expensive statements ended inside budget plus 1 s": f"{len(found) - len(faults)} of "
                    f"{len(found)} runs, longest {max(o.seconds for o in found):.2f} s of "
                    f"{limits.timeout_s:g} s"
                },
            },
        )
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
