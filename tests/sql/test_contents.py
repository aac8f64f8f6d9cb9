"""What text columns hold, as a table of cases; each value read by the database itself, on all four."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from sql.databases.contents import expression, read_texts

D, T = dt.date, dt.datetime
CASES: dict[str, tuple[list[str], list[Any], str]] = {
    "day first": (
        ["03/05/2026", "14/6/2026", "1/12/2025"],
        [D(2026, 5, 3), D(2026, 6, 14), D(2025, 12, 1)],
        "dates, day first",
    ),
    "month first": (
        ["12/25/2025", "1/3/2026", "2/2/2026"],
        [D(2025, 12, 25), D(2026, 1, 3), D(2026, 2, 2)],
        "dates, month first",
    ),
    "either": (
        ["03/05/2026", "04/05/2026", "05/06/2026"],
        [D(2026, 5, 3), D(2026, 5, 4), D(2026, 6, 5)],
        "dates, day first (no value tells; it could be month first)",
    ),
    "dots and times": (
        ["01.02.2024 10:30:00", "05.03.2024 09:00:00", "31.12.2023 23:59:59"],
        [T(2024, 2, 1, 10, 30), T(2024, 3, 5, 9), T(2023, 12, 31, 23, 59, 59)],
        "dates, day first",
    ),
    "short years": (
        ["01.02.24", "13.02.24", "5.3.24"],
        [D(2024, 2, 1), D(2024, 2, 13), D(2024, 3, 5)],
        "dates, day first",
    ),
    "iso": (
        ["2026-01-01", "2026-01-02", "2026-02-03"],
        [D(2026, 1, 1), D(2026, 1, 2), D(2026, 2, 3)],
        "dates",
    ),
    "slashes": (
        ["2026/1/5", "2026/11/15", "2025/12/31"],
        [D(2026, 1, 5), D(2026, 11, 15), D(2025, 12, 31)],
        "dates",
    ),
    "Chinese": (
        ["2026年5月3日", "2026年12月13日", "2025年1月1日"],
        [D(2026, 5, 3), D(2026, 12, 13), D(2025, 1, 1)],
        "dates",
    ),
    "figures alone": (
        ["20260503", "20251231", "20260101"],
        [D(2026, 5, 3), D(2025, 12, 31), D(2026, 1, 1)],
        "dates",
    ),
    "zones": (
        ["2026-05-01T10:00:00Z", "2026-05-02T23:30:00+02:00", "2026-05-03T10:00:00Z"],
        [T(2026, 5, 1, 10), T(2026, 5, 2, 23, 30), T(2026, 5, 3, 10)],
        "moments, read as written, without their zone",
    ),
    "decimal comma": (["1.234,50", "7,05", "19,90"], [1234.5, 7.05, 19.9], "numbers with a decimal comma"),
    "thousands": (["1,234.50", "7", "19.90"], [1234.5, 7, 19.9], "numbers"),
    "euros": (
        ["€ 1.200", "€ 15", "€ 7"],
        [1200, 15, 7],
        "numbers with a decimal comma (no value tells: 1.200 is read as 1200)",
    ),
    "spaces": (["1 234,50 kr", "7,00 kr", "19,90 kr"], [1234.5, 7, 19.9], "numbers with a decimal comma"),
    "brackets": (["(12.50)", "$3.00", "$1,000.00"], [-12.5, 3, 1000], "numbers"),
    "percent": (["12%", "3.5%", "100%"], [0.12, 0.035, 1], "numbers"),
    "no value": (["1.5", "N/A", "2.5", "-", "3.5"], [1.5, None, 2.5, None, 3.5], "numbers"),
}
TEXTS = {
    "postal codes": ["01234", "12345", "00001"],
    "telephones": ["+49 30 1234", "030 12345", "040 99"],
    "two currencies": ["€ 5", "$ 7", "€ 9"],
    "two orders of day and month": ["13/01/2026", "01/13/2026", "02/02/2026"],
    "a word among numbers": ["12", "13", "a dozen"],
    "too few to tell": ["2026-01-01", "2026-01-02"],
    "no such day": ["2026-13-01", "2026-01-02", "2026-01-03"],
    "sizes": ["12-14", "16-18", "20-22"],
}

Read = Callable[[str, list[str]], list[Any]]


@pytest.fixture(scope="module", params=["duckdb", "sqlite", "postgres", "mysql"])
def read(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Read]]:
    """The dialect, and what a database makes of an expression over texts."""
    if request.param == "duckdb":
        connection = duckdb.connect()
        yield (
            request.param,
            lambda sql, texts: [
                row[0] for row in connection.execute(sql.format(_rows(texts, "duckdb"))).fetchall()
            ],
        )
        return
    if request.param == "sqlite":
        import sqlite3

        plain = sqlite3.connect(":memory:")
        yield (
            request.param,
            lambda sql, texts: [row[0] for row in plain.execute(sql.format(_rows(texts, "sqlite")))],
        )
        return
    server = request.getfixturevalue(f"{request.param}_server").create_database("contents")
    server.make_reader()
    from sql.databases import open_database
    from sql.lock.guard import Guard
    from sql.record import checked
    from sql.semantics import Role, Shop, View, ViewColumn

    def ask(sql: str, texts: list[str]) -> list[Any]:
        table = "texts_" + str(abs(hash(tuple(texts))))
        server.execute(f"CREATE TABLE {table} AS SELECT * FROM ({_rows(texts, request.param)}) AS t")
        server.make_reader()
        database = open_database(server.reader_url)
        try:
            view = View(
                name=table, columns=(ViewColumn(name="n", type="integer"), ViewColumn(name="x", type="text"))
            )
            shop = Shop(name="t", database="t", views=(view,))
            guard = Guard(shop, database.catalog(), Role(name="owner"))
            query = checked(guard, sql.format(table))
            return [row[0] for row in database.execute(query, Role(name="owner").limits).rows]
        finally:
            database.close()

    yield request.param, ask


def _rows(texts: list[str], dialect: str) -> str:
    rows = " UNION ALL ".join(f"SELECT {n} AS n, '{text}' AS x" for n, text in enumerate(texts))
    return rows if dialect in ("postgres", "mysql") else f"({rows})"


@pytest.mark.parametrize("name", CASES)
def test_texts_are_read_for_what_they_say(name: str, read: tuple[str, Read]) -> None:
    texts, meant, told = CASES[name]
    dialect, ask = read
    reading = read_texts(texts)
    assert reading is not None and reading.told() == told
    assert reading.is_sure == (name not in ("either", "euros"))
    found = ask(f"SELECT {expression(reading, 'x', dialect)} AS v FROM {{}} ORDER BY n", texts)  # type: ignore[arg-type]
    assert [_plain(v, w) for v, w in zip(found, meant, strict=True)] == meant


def _plain(value: Any, like: Any) -> Any:
    if value is None:
        return None
    if isinstance(like, dt.datetime):
        return dt.datetime.fromisoformat(str(value))
    if isinstance(like, dt.date):
        return dt.date.fromisoformat(str(value)[:10])
    return round(float(value), 6)


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_value_contradicts_stays_text(name: str) -> None:
    assert read_texts(TEXTS[name]) is None


def test_figures_of_a_code_are_no_number() -> None:
    assert read_texts(["1001", "1002", "1003"], is_code=True) is None
    assert read_texts(["2026-01-01", "2026-01-02", "2026-01-03"], is_code=True) is not None
