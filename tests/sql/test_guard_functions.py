"""Every allowed function is there in its database, and none of them looks or reaches beyond its arguments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small_shop

from bench.servers import Server
from sql.databases import Database, open_database
from sql.errors import QueryFailed, UnsafeQuery
from sql.lock.functions import function_names
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Role
from sql.types import Dialect, QueryLimits

VALUES = (
    *("", "amount", "product", "quantity", "ordered_at", "product, 'a'", "'a', product", "amount, 1"),
    *(
        "product, 1",
        "product, 1, 2",
        "product, 'a', 'b'",
        "product, 2, 'x'",
        "product, 'a', 1",
        "quantity, 3",
    ),
    *("amount, quantity", "'day', ordered_at", "'day', ordered_at, ordered_at", "ordered_at, ordered_at"),
    *("ordered_at, '%Y'", "'%Y', ordered_at", "ordered_at, 'YYYY'", "'2025', '%Y'", "'2025', 'YYYY'"),
    *("product, quantity", "INTERVAL '1 day', ordered_at, ordered_at", "INTERVAL '1 day'", "2025, 1, 1"),
    *(
        "2025, 1",
        "10, 30, 5",
        "2025, 1, 1, 1, 1, 1.5",
        "ordered_at, INTERVAL '1' DAY",
        "MONTH, 1, ordered_at",
    ),
    *(
        "MONTH, ordered_at, ordered_at",
        "'12', '99'",
        "'{\"a\": [1]}', '$.a'",
        "'{\"a\": [1]}'",
        "1, 0, 10, 5",
    ),
    *(
        "'{\"a\": 1}', 'a'",
        "'[1]', '1'",
        "'a' IN product",
        "product PLACING 'x' FROM 1",
        "'{\"a\": [1]}', '$'",
    ),
    *(
        "ordered_at, '10:00:00'",
        "'10:00:00', '%H'",
        "'10:00:00'",
        "202501, 1",
        "202501, 202502",
        "1, 'a', 'b'",
    ),
    *("true", "quantity > 1", "DATE '2025-01-01', DATE '2025-01-02'", "product, 'L', 'x', 'g'", "1, 2, 3"),
    *("TIMESTAMP '2025-01-01 00:00:00'", "'%5d', quantity", "country", "0.5, amount", "country, product"),
    *("INTERVAL '1 day', ordered_at", "0.5", "quantity > 1, 1, 2", "amount, 0.5", "CAST(amount AS REAL)"),
    *("CAST(quantity AS REAL), 1",),
)
JSON = ("JSON", "JSONB")
FORMS = (
    "SELECT {call} FROM sales",
    "SELECT {call} OVER (ORDER BY quantity) FROM sales",
    "SELECT {call} WITHIN GROUP (ORDER BY amount) FROM sales",
    "SELECT {call} FROM sales GROUP BY country",
    "SELECT {name} FROM sales",
)
UNREACHABLE: dict[Dialect, dict[str, str]] = {
    "postgres": {
        "JSON_ARRAY_LENGTH": "needs a column of type json, which the small shop has none of",
        "JSON_EXTRACT_PATH_TEXT": "needs a column of type json",
        "JSON_TYPEOF": "needs a column of type json",
        "JSONB_ARRAY_LENGTH": "needs a column of type jsonb",
        "JSONB_EXTRACT_PATH_TEXT": "needs a column of type jsonb",
        "JSONB_TYPEOF": "needs a column of type jsonb",
    },
}


def missing(database: Database) -> dict[str, str]:
    """Allowed functions that no call of ours could run, with the database's last word."""
    guard = Guard(small_shop.small_shop("x"), database.catalog(), Role(name="o"))
    found: dict[str, str] = {}
    for name in sorted(function_names(database.dialect) - set(UNREACHABLE.get(database.dialect, ()))):
        last = "every call was refused by the guard"
        for form in FORMS:
            calls = [f"{name}({values})" for values in VALUES] if "{call}" in form else [name]
            for call in calls:
                try:
                    run(guard.check(form.format(call=call, name=name)), database, QueryLimits())
                except UnsafeQuery:
                    continue
                except QueryFailed as error:
                    last = str(error)
                    continue
                last = ""
                break
            if not last:
                break
        if last:
            found[name] = last
    return found


def test_every_allowed_function_runs_in_sqlite(tmp_path: Path) -> None:
    assert missing(open_database(str(small_shop.build(tmp_path, "sqlite")))) == {}


@pytest.mark.slow
def test_every_allowed_function_runs_in_duckdb(tmp_path: Path) -> None:
    assert missing(open_database(str(small_shop.build(tmp_path, "duckdb")))) == {}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_every_allowed_function_runs_on_its_server(
    dialect: Dialect, postgres_server: Server, mysql_server: Server
) -> None:
    server = postgres_server if dialect == "postgres" else mysql_server
    made = server.create_database("guard_functions")
    small_shop.build_on(made)
    database = open_database(made.reader_url)
    try:
        assert missing(database) == {}
    finally:
        database.close()


@pytest.mark.slow
def test_postgres_calls_none_of_them_volatile_but_chance(postgres_server: Server) -> None:
    """Volatile is what may read, write, wait or change between two calls."""
    names = {name.lower() for name in function_names("postgres")}
    rows = postgres_server.query("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'")
    assert {name for (name,) in rows} & names == {"random"}


@pytest.mark.slow
def test_duckdb_calls_none_of_them_a_table_function_or_a_pragma(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect() as raw:
        rows = raw.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE function_type IN ('table', 'table_macro', 'pragma') OR has_side_effects"
        ).fetchall()
    names = {name.lower() for name in function_names("duckdb")}
    # strings and times of its own; nothing of the machine's, and no rows of tables
    assert {name for (name,) in rows} & names <= {"random"}


SECRETS = re.compile(
    r"sleep|file|lock|setting|config|user|version|database|schema|benchmark|query|exec|load|repeat"
)


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
def test_no_name_sounds_like_more_than_a_value(dialect: Dialect) -> None:
    assert [name for name in function_names(dialect) if SECRETS.search(name.lower())] == []
