"""Random statements of the question language against brute force, on a real database.

    python -m bench.language --count 10000 --database sqlite|duckdb|postgresql|mariadb [--seed 1]

Each statement is made, printed, read back, compiled, checked by the guard, run, and its rows are held against
those of ``bench.brute``. The first statements that differ are shown; the exit status tells of them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import decimal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.brute import Brute
from bench.language_shop import TODAY, Tables, build_file, build_on, language_shop, rows
from bench.language_statements import Maker
from sql.databases import open_database
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.sentence import Statement

DATABASES = ("duckdb", "sqlite", "postgresql", "mariadb")


@contextlib.contextmanager
def workspace_on(database: str, tables: Tables) -> Iterator[Workspace]:
    """The shop of random statements on a database of its own."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if database in ("duckdb", "sqlite"):
            location = str(build_file(folder, database, tables))  # type: ignore[arg-type]
        else:
            from bench.servers import mysql, postgres

            server = stack.enter_context(postgres() if database == "postgresql" else mysql())
            build_on(server, tables)
            location = server.reader_url
        workspace = open_workspace(language_shop(location), database=open_database(location))
        stack.callback(workspace.close)
        yield workspace


def plain(value: Any) -> Any:
    """A cell as it can be compared: numbers as numbers, moments and days as days' text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, decimal.Decimal | float):
        return float(value)
    if isinstance(value, dt.datetime):
        return (
            value.isoformat(" ")
            if (value.hour, value.minute, value.second) != (0, 0, 0)
            else str(value.date())
        )
    return str(value) if isinstance(value, dt.date) else value


def same(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> bool:
    """Whether rows are equal, in order, numbers within what floating point may differ."""
    return len(found) == len(wanted) and all(
        len(a) == len(b) and all(_near(plain(x), plain(y)) for x, y in zip(a, b, strict=True))
        for a, b in zip(found, wanted, strict=True)
    )


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))
    return bool(a == b)


def answer(workspace: Workspace, statement: Statement) -> tuple[list[tuple[Any, ...]], str]:
    """The rows of a statement as the shop's database gives them, and the SQL."""
    compiled = compile_statement(statement, workspace.shop, workspace.catalog.dialect, TODAY, workspace.role)
    return list(workspace.run(compiled.sql).rows), compiled.sql


def differs(workspace: Workspace, tables: Tables, statement: Statement) -> str | None:
    """What is different, in words; ``None`` when nothing is."""
    text = str(statement)
    if parse(text) != statement:
        return f"{text}\n  is read back as {parse(text)}"
    found, sql = answer(workspace, statement)
    wanted = Brute(tables, statement).answer()
    if same(found, wanted):
        return None
    more = [row for row in found if not any(same([row], [other]) for other in wanted)][:4]
    less = [row for row in wanted if not any(same([row], [other]) for other in found)][:4]
    told = f"{len(found)} and {len(wanted)} rows" if more or less else "the order"
    return f"{text}\n  {told}; only the database: {more}; only by hand: {less}\n  {sql}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="statements; default 1000")
    parser.add_argument("--database", choices=DATABASES, default="duckdb")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=3, help="differences shown at most; default 3")
    chosen = parser.parse_args()
    tables, maker = rows(), Maker(chosen.seed)
    bad, started = 0, time.monotonic()
    with workspace_on(chosen.database, tables) as workspace:
        for number in range(chosen.count):
            statement = maker.statement()
            try:
                found = differs(workspace, tables, statement)
            except Exception as error:
                found = f"{statement}\n  {type(error).__name__}: {error}"
            if number and number % 1_000 == 0:
                print(f"{number:,} statements, {bad:,} differ", file=sys.stderr, flush=True)
            if found is not None:
                bad += 1
                if bad <= chosen.show:
                    print(f"[{number}] {found}\n", flush=True)
    seconds = time.monotonic() - started
    print(
        f"{chosen.database}: {chosen.count:,} statements, {bad:,} differ; "
        f"{seconds:,.0f} s, seed {chosen.seed}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
