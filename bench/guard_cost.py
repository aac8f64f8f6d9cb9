"""What the guard costs: seconds per statement on a catalog of 200 tables, for each dialect.

The statements are made from a seed over that catalog and look like what analysts and models write: from one
figure of one view up to several common table expressions with windows and joins; in which shares stands in
``MIX``. Each is judged twice, once untimed. The guard only computes, so its own processor time is what it
costs; the time by the clock is printed beside it, and on a busy machine it is longer.

    python -m bench.guard_cost [--statements N] [--seed S] [--dialect NAME] [--role owner|analyst]

Prints median, 99th percentile and longest per dialect and per kind of statement. Status 0 when everywhere
half of the statements take less than 5 ms and 99 in 100 less than 25 ms, and none is refused.
"""

from __future__ import annotations

import argparse
import collections
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import get_args

from sql.errors import UnsafeQuery
from sql.lock.guard import Guard
from sql.semantics import Role, Shop, View, ViewColumn
from sql.types import Catalog, CatalogColumn, CatalogTable, ColumnType, Dialect

TABLES = 200
MEDIAN_MS, HUNDREDTH_MS = 5.0, 25.0
MIX = {"figure": 20, "groups": 25, "filter": 20, "join": 15, "subquery": 8, "window": 6, "cte": 4, "long": 2}
"""Shares in hundredths."""

COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("id", "integer"),
    ("customer_id", "integer"),
    ("product", "text"),
    ("category", "text"),
    ("country", "text"),
    ("status", "text"),
    ("channel", "text"),
    ("amount", "number"),
    ("quantity", "integer"),
    ("discount", "number"),
    ("created_at", "timestamp"),
    ("shipped_on", "date"),
)
TEXTS = ("product", "category", "country", "status", "channel")
NUMBERS = ("amount", "quantity", "discount")
MONTH: dict[Dialect, str] = {
    "duckdb": "DATE_TRUNC('month', created_at)",
    "postgres": "DATE_TRUNC('month', created_at)",
    "sqlite": "STRFTIME('%Y-%m', created_at)",
    "mysql": "DATE_FORMAT(created_at, '%Y-%m')",
}


def make_catalog(dialect: Dialect) -> Catalog:
    """200 tables of twelve columns."""
    columns = tuple(CatalogColumn(name=n, type=t, database_type=t) for n, t in COLUMNS)
    return Catalog(
        dialect=dialect,
        tables=tuple(CatalogTable(name=f"table_{i:03}", columns=columns) for i in range(TABLES)),
    )


def make_shop() -> Shop:
    """Half of the views are tables as they are; the others have a SELECT that joins two."""
    columns = tuple(ViewColumn(name=n, type=t) for n, t in COLUMNS)
    listed = ", ".join(f"a.{n}" if i % 2 else f"b.{n}" for i, (n, _) in enumerate(COLUMNS))
    views = [View(name=f"table_{i:03}", columns=columns) for i in range(0, TABLES, 2)]
    views += [
        View(
            name=f"view_{i:03}",
            columns=columns,
            sql=f"SELECT {listed} FROM table_{i:03} AS a JOIN table_{i - 1:03} AS b ON a.id = b.id "
            "WHERE a.status <> 'cancelled'",
        )
        for i in range(1, TABLES, 2)
    ]
    roles = (
        Role(name="owner"),
        Role(
            name="analyst",
            masked=frozenset((v.name, "discount") for v in views[::3]),
            rows={v.name: "country = 'Germany'" for v in views[::2]},
        ),
    )
    return Shop(name="Large", database="none", views=tuple(views), roles=roles)


def draw(rng: random.Random, views: Sequence[str], dialect: Dialect) -> tuple[str, str]:
    """(kind, statement), by chance."""
    kind = rng.choices(list(MIX), weights=list(MIX.values()))[0]
    v, w, u = rng.sample(list(views), k=3)
    t, s = rng.sample(TEXTS, k=2)
    n, m = rng.sample(NUMBERS[:2], k=2)
    month = MONTH[dialect]
    where = rng.choice(
        [
            "",
            f" WHERE {t} = 'Lamp'",
            f" WHERE created_at >= '2025-01-01' AND created_at < '2026-01-01' AND {s} <> 'x'",
            f" WHERE {s} IN ('a', 'b', 'c') OR {n} BETWEEN 5 AND 50",
        ]
    )
    if kind == "figure":
        return kind, rng.choice(
            [
                f"SELECT SUM({n}) AS total FROM {v}{where}",
                f"SELECT COUNT(DISTINCT customer_id) FROM {v}{where}",
            ]
        )
    if kind == "groups":
        return kind, rng.choice(
            [
                f"SELECT {t}, SUM({n}) AS total, COUNT(*) AS orders FROM {v}{where} GROUP BY {t} "
                "ORDER BY total DESC LIMIT 10",
                f"SELECT {month} AS month, SUM({n}) AS total FROM {v}{where} GROUP BY {month} ORDER BY month",
                f"SELECT {t}, {s}, ROUND(AVG({n}), 2) AS mean FROM {v} GROUP BY {t}, {s} HAVING COUNT(*) > 5",
            ]
        )
    if kind == "filter":
        return kind, rng.choice(
            [
                f"SELECT id, {t}, {n} FROM {v}{where} ORDER BY {n} DESC LIMIT 20",
                f"SELECT * FROM {v}{where} LIMIT 50",
                f"SELECT DISTINCT {t} FROM {v}{where} ORDER BY {t}",
            ]
        )
    if kind == "join":
        return kind, (
            f"SELECT a.{t}, SUM(a.{n}) AS total, COUNT(DISTINCT b.customer_id) AS customers FROM {v} AS a "
            f"JOIN {w} AS b ON a.customer_id = b.customer_id LEFT JOIN {u} AS c ON c.id = b.id "
            f"WHERE b.{s} = 'x' GROUP BY a.{t} ORDER BY total DESC"
        )
    if kind == "subquery":
        return kind, (
            f"SELECT {t}, COUNT(*) AS n FROM {v} AS a WHERE {n} > (SELECT AVG({n}) FROM {v}) AND EXISTS "
            f"(SELECT 1 FROM {w} AS b WHERE b.customer_id = a.customer_id AND b.{s} <> 'y') GROUP BY {t}"
        )
    if kind == "window":
        return kind, (
            f"SELECT {t}, {n}, RANK() OVER (PARTITION BY {s} ORDER BY {n} DESC) AS place, SUM({m}) OVER "
            f"(PARTITION BY {t} ORDER BY created_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS running "
            f"FROM {v}{where}"
        )
    steps = 2 if kind == "cte" else 5
    parts, last = [], v
    for step in range(steps):
        parts.append(
            f"step_{step} AS (SELECT {t}, {s}, SUM({n}) AS {n}, COUNT(*) AS quantity_{step} FROM {last} "
            f"{where if step == 0 else ''} GROUP BY {t}, {s})"
        )
        last = f"step_{step}"
    tail = (
        f"SELECT x.{t}, x.{n}, y.{n} AS other, CASE WHEN y.{n} > 0 THEN x.{n} * 100.0 / y.{n} END AS share "
        f"FROM {last} AS x LEFT JOIN {w} AS y ON x.{t} = y.{t} WHERE x.{n} > (SELECT AVG({n}) FROM step_0) "
        f"ORDER BY share DESC LIMIT 25"
    )
    return kind, f"WITH {', '.join(parts)} {tail}"


def measure(dialect: Dialect, role: str, statements: int, seed: int) -> bool:
    """Print one dialect's figures; whether they are inside the aim."""
    shop = make_shop()
    guard = Guard(shop, make_catalog(dialect), shop.role(role))
    rng = random.Random(seed)
    drawn = [draw(rng, [view.name for view in shop.views], dialect) for _ in range(statements)]
    own: dict[str, list[float]] = collections.defaultdict(list)
    clock: list[float] = []
    refused = 0
    for kind, sql in drawn:
        try:
            guard.check(sql)
            start, start_clock = time.thread_time(), time.perf_counter()
            guard.check(sql)
            own[kind].append((time.thread_time() - start) * 1000)
            clock.append((time.perf_counter() - start_clock) * 1000)
        except UnsafeQuery as error:
            refused += 1
            print(f"refused ({dialect}): {error.reason}\n  {sql}")
    every = [ms for times in own.values() for ms in times]
    median, hundredth = statistics.median(every), statistics.quantiles(every, n=100)[98]
    print(
        f"{dialect}: {len(every):,} statements, median {median:.2f} ms, 99th percentile {hundredth:.2f} ms, "
        f"longest {max(every):.2f} ms; by the clock {statistics.median(clock):.2f} and "
        f"{statistics.quantiles(clock, n=100)[98]:.2f} ms; refused {refused}"
    )
    for kind in MIX:
        if own[kind]:
            print(f"  {kind:9} {len(own[kind]):5}  median {statistics.median(own[kind]):6.2f} ms")
    return median < MEDIAN_MS and hundredth < HUNDREDTH_MS and not refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--statements", type=int, default=1_000, help="per dialect (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", choices=get_args(Dialect), help="one alone; else all four")
    parser.add_argument("--role", choices=("owner", "analyst"), default="owner")
    options = parser.parse_args(arguments)
    dialects = [options.dialect] if options.dialect else get_args(Dialect)
    good = [measure(d, options.role, options.statements, options.seed) for d in dialects]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
