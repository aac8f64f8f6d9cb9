"""How often the guard refuses honest SQL, and whether what it lets through still means the same.

Every gold statement of ``spider_train`` goes through the guard under the identity views of its own database;
the allowed text and the original run on the same file, and their results are compared: row by row, and as
bags of rows where the order differs (a statement without ORDER BY promises none).

    SHOPTALK_DATA=/path/to/data python -m bench.guard_spider [--limit N]

Statements with a column that is neither grouped nor aggregated are counted apart: SQLite answers them with
the value of any row, and the guard refuses them.

Prints counts, every refusal by reason, every difference, and the guard's own time. Status 0 when at most
0.5 % of the others are refused and none differs.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime as dt
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sql.databases import open_database
from sql.errors import QueryTimeout, SqlError, Ungrouped, UnsafeQuery
from sql.lock.run import run
from sql.shop.drafting import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.types import QueryLimits

MAX_REFUSED = 0.005
LIMITS = QueryLimits(max_rows=1_000_000, timeout_s=30.0)


def statements(folder: Path) -> dict[str, list[str]]:
    """Database → its distinct gold statements, in the file's order."""
    found: dict[str, dict[str, None]] = {}
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        found.setdefault(case["database"], {})[case["sql"]] = None
    return {database: list(texts) for database, texts in found.items()}


def open_identity(path: Path) -> Workspace:
    """The database with each table as a view, under a role that sees everything and many rows."""
    database = open_database(str(path))
    shop = shop_from_catalog(database.catalog(), name=path.stem, database=str(path))
    roles = tuple(dataclasses.replace(role, limits=LIMITS) for role in shop.roles)
    return open_workspace(dataclasses.replace(shop, roles=roles), database=database)


def original_rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What SQLite itself answers to the statement as it is written."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    try:
        return connection.execute(sql).fetchmany(LIMITS.max_rows)
    finally:
        connection.close()


def as_stored(row: Sequence[object]) -> tuple[object, ...]:
    """``row`` with its dates as the texts that SQLite holds (``sql.databases.values.dated_rows``)."""
    return tuple(str(cell) if isinstance(cell, dt.date) else cell for cell in row)


def main() -> int:
    """Run the comparison; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=0, help="statements per database; 0 is all (default)")
    limit = parser.parse_args().limit
    if "SHOPTALK_DATA" not in os.environ:
        print("SHOPTALK_DATA does not name a folder of public data; nothing was measured", file=sys.stderr)
        return 2
    folder = Path(os.environ["SHOPTALK_DATA"]) / "spider_train"
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    problems: list[str] = []
    guard_ms: list[float] = []
    for name, texts in statements(folder).items():
        path = folder / "database" / name / f"{name}.sqlite"
        workspace = open_identity(path)
        for sql in texts[: limit or None]:
            counts["statements"] += 1
            start = time.perf_counter()
            try:
                query = workspace.guard.check(sql)
            except Ungrouped as error:
                counts["not grouped"] += 1
                problems.append(f"ungrouped {name}: {error.reason}\n         {sql}")
                continue
            except UnsafeQuery as error:
                counts["refused"] += 1
                reasons[error.reason] += 1
                problems.append(f"refused  {name}: {error.reason}\n         {sql}")
                continue
            finally:
                guard_ms.append((time.perf_counter() - start) * 1000)
            try:
                found = [as_stored(row) for row in run(query, workspace.database, LIMITS).rows]
            except QueryTimeout:
                counts["timed out"] += 1
                continue
            except SqlError as error:
                counts["failed"] += 1
                problems.append(f"failed   {name}: {error}\n         {sql}\n         {query.sql}")
                continue
            expected = original_rows(path, sql)
            if found == expected:
                counts["equal"] += 1
            elif collections.Counter(found) == collections.Counter(expected):
                counts["equal, rows in another order"] += 1
            else:
                counts["different"] += 1
                problems.append(f"differs  {name}:\n         {sql}\n         {query.sql}")
        workspace.close()
    print("\n".join(problems))
    for what, count in counts.items():
        print(f"{what}: {count:,}")
    print(f"refused: {counts['refused'] / max(1, counts['statements']):.3%} (aim: at most {MAX_REFUSED:.1%})")
    hundredths = statistics.quantiles(guard_ms, n=100)
    print(f"guard time: median {statistics.median(guard_ms):.2f} ms, 99th percentile {hundredths[98]:.2f} ms")
    is_good = counts["refused"] <= MAX_REFUSED * counts["statements"]
    return 0 if is_good and not counts["different"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
