"""One conformance class for every database, and what is particular to each."""

from __future__ import annotations

import datetime as dt
import decimal
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import small_shop
from servers import Server

from sql.databases import Database, open_database
from sql.databases.budget import Budget
from sql.databases.duckdb_database import DuckdbDatabase
from sql.databases.values import column_type, plain_value
from sql.errors import (
    DatabaseUnavailable,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    QueryTooLarge,
    UnsafeQuery,
)
from sql.lock.functions import function_names
from sql.lock.guard import CheckedQuery, Guard
from sql.lock.run import run
from sql.names import quoted
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.drafting import shop_from_catalog
from sql.types import Catalog, Dialect, QueryLimits

LIMITS = QueryLimits(max_rows=1_000, timeout_s=20)
NO_HURRY = QueryLimits(timeout_s=3_600)
"""A budget of seconds that outlives the test: whatever ends in time was ended by something else."""


def parquet_folder(folder: Path) -> Path:
    """The small shop as files: Parquet, CSV, and a folder of two parts."""
    made = folder / "files"
    (made / "order_lines").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(small_shop.TABLES)
        connection.execute(f"COPY customers TO '{made / 'customers.parquet'}'")
        connection.execute(f"COPY orders TO '{made / 'orders.csv'}'")
        connection.execute(f"COPY secrets TO '{made / 'secrets.csv'}' (HEADER)")
        for part, rule in (("a", "order_id < 12"), ("b", "order_id >= 12")):
            target = made / "order_lines" / f"{part}.parquet"
            connection.execute(f"COPY (SELECT * FROM order_lines WHERE {rule}) TO '{target}'")
    return made


def checked(database: Database, text: str) -> CheckedQuery:
    """The statement over the database's own tables, all of them."""
    catalog = database.catalog()
    shop = shop_from_catalog(catalog, name="x", database="x")
    return Guard(shop, catalog, Role(name="owner", limits=LIMITS)).check(text)


def ask(database: Database, text: str, limits: QueryLimits = LIMITS) -> list[tuple[object, ...]]:
    return list(run(checked(database, text), database, limits).rows)


SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mysql")]
KINDS = ["duckdb", "sqlite", "files", *SERVERS]


def server_shop(request: pytest.FixtureRequest, kind: str, name: str) -> Server:
    """A database of its own on the session's server, filled with the small shop."""
    server: Server = request.getfixturevalue(f"{kind}_server")
    made = server.create_database(name)
    made.execute(small_shop.TABLES.replace('"born in"', "`born in`" if kind == "mysql" else '"born in"'))
    return made


def locate(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """Where a small shop of this kind is; for the servers, under the role that only reads."""
    if kind in ("postgres", "mysql"):
        return server_shop(request, kind, "small").reader_url
    return str(parquet_folder(folder) if kind == "files" else small_shop.build(folder, kind))


@pytest.fixture(scope="module", params=KINDS)
def location(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return locate(request, request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def database(location: str) -> Iterator[Database]:
    opened = open_database(location)
    yield opened
    opened.close()


class TestEveryDatabase:
    """What the protocol promises."""

    def test_the_catalog_has_tables_columns_types_and_counts(self, database: Database) -> None:
        catalog = database.catalog()
        assert catalog.dialect == database.dialect
        assert {t.name for t in catalog.tables} == {"customers", "orders", "order_lines", "secrets"}
        customers = catalog.table("CUSTOMERS")
        assert customers is not None
        assert [(c.name, c.type) for c in customers.columns] == [
            ("customer_id", "integer"),
            ("name", "text"),
            ("email", "text"),
            ("country", "text"),
            ("born in", "integer"),
        ]
        assert customers.rows == 3
        orders = catalog.table("orders")
        assert orders is not None and orders.columns[2].type == "timestamp"
        assert database.catalog() is catalog, "it is read once"

    def test_a_query_gives_names_types_and_rows(self, database: Database) -> None:
        query = checked(database, "SELECT country, COUNT(*) AS n FROM customers GROUP BY country ORDER BY n")
        table = database.execute(query, LIMITS)
        assert table.rows == (("Germany", 1), ("China", 2))
        assert [(c.name, c.type) for c in table.columns] == [("country", "text"), ("n", "integer")]
        assert not table.is_truncated
        assert table.query is query
        assert table.seconds >= 0

    def test_an_empty_result_keeps_its_columns(self, database: Database) -> None:
        table = database.execute(checked(database, "SELECT country FROM customers WHERE 1 = 0"), LIMITS)
        assert table.rows == () and [c.name for c in table.columns] == ["country"]

    def test_chinese_and_null_survive(self, database: Database) -> None:
        assert ask(database, "SELECT name, email FROM customers WHERE customer_id = 3") == [("李雷", None)]

    def test_a_name_with_a_space_can_be_asked(self, database: Database) -> None:
        name = quoted("born in", database.dialect)
        assert ask(database, f"SELECT MIN({name}) FROM customers") == [(1980,)]

    @pytest.mark.parametrize(
        ("max_rows", "found", "is_truncated"), [(2, 2, True), (3, 3, False), (4, 3, False)]
    )
    def test_rows_beyond_the_budget_are_cut_and_said(
        self, database: Database, max_rows: int, found: int, is_truncated: bool
    ) -> None:
        query = checked(database, "SELECT customer_id FROM customers ORDER BY customer_id")
        table = database.execute(query, QueryLimits(max_rows=max_rows))
        assert len(table.rows) == found
        assert table.is_truncated is is_truncated

    def test_time_is_a_budget(self, database: Database) -> None:
        with pytest.raises(QueryTimeout, match=r"longer than 0\.3 s"):
            database.execute(slow(database), QueryLimits(timeout_s=0.3))  # it would not end by itself
        assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]

    def test_the_stop_button_stops(self, database: Database) -> None:
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        with pytest.raises(QueryCancelled):
            database.execute(slow(database), NO_HURRY, cancel)  # only the button ends it

    def test_a_query_that_is_cancelled_before_it_starts_does_not_start(self, database: Database) -> None:
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(QueryCancelled):
            database.execute(checked(database, "SELECT 1"), LIMITS, cancel)

    def test_threads_share_it(self, database: Database) -> None:
        query = checked(database, "SELECT COUNT(*) FROM customers AS a, customers AS b")
        found: list[object] = []
        threads = [
            threading.Thread(target=lambda: found.append(database.execute(query, LIMITS).rows))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [((9,),)] * 8

    def test_a_plan_is_made_without_running(self, database: Database) -> None:
        assert database.explain(slow(database)).cost > 1e9  # type: ignore[operator]
        with pytest.raises(QueryFailed):
            database.explain(broken(database))

    def test_a_plan_tells_how_many_rows_it_will_handle(self, database: Database) -> None:
        small = database.explain(checked(database, "SELECT SUM(quantity) FROM order_lines")).cost
        pairs = "SELECT COUNT(*) FROM order_lines AS a, order_lines AS b WHERE a.price + b.price > 3"
        both = database.explain(checked(database, pairs)).cost
        assert small is not None and both is not None
        assert small >= 5 and both >= 25, "five lines, and each with each"

    def test_what_costs_too_much_is_not_run(self, database: Database) -> None:
        started: list[bool] = []
        with pytest.raises(QueryTooLarge, match=r"was not run: the database expects .* 1,000 are allowed"):
            run(slow(database), database, QueryLimits(max_cost=1_000), on_start=lambda: started.append(True))
        assert not started
        query = checked(database, "SELECT COUNT(*) FROM customers")
        table = run(query, database, QueryLimits(max_cost=1_000), on_start=lambda: started.append(True))
        assert table.rows == ((3,),) and started == [True]

    def test_a_result_too_large_for_memory_is_stopped(self, database: Database) -> None:
        tables = ", ".join(f"order_lines AS t{i}" for i in range(8))
        query = checked(database, f"SELECT t0.product, t1.product, t2.product FROM {tables}")
        wide = slip(re.sub(r"LIMIT \d+", "LIMIT 300000", query.sql), database.dialect)
        with pytest.raises(QueryTooLarge, match="Nothing was changed"):
            database.execute(wide, QueryLimits(max_rows=300_000, max_memory_mb=16, timeout_s=20))
        assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]

    def test_the_connection_has_no_rights_to_spare(self, database: Database) -> None:
        assert database.rights() == ()

    def test_what_the_database_refuses_is_told_in_its_words(self, database: Database) -> None:
        with pytest.raises(QueryFailed):
            run(broken(database), database, LIMITS)

    def test_a_value_that_a_message_quotes_is_left_out(self, database: Database) -> None:
        """It may be of a row that the asker's role may not see."""
        query = checked(database, "SELECT COUNT(*) FROM customers WHERE CAST(name AS INTEGER) > 0")
        try:
            run(query, database, LIMITS)  # SQLite and MySQL take such a text for 0
        except QueryFailed as error:
            assert not re.search("Ana|Bo|李雷", str(error)) and "…" in str(error)

    def test_a_closed_database_says_so(self, location: str) -> None:
        other = open_database(location)
        query = checked(other, "SELECT 1")
        other.close()
        other.close()
        with pytest.raises(DatabaseUnavailable, match="closed"):
            other.execute(query, LIMITS)


def slow(database: Database) -> CheckedQuery:
    """A statement that takes for ever on any machine: fourteen times the lines, 6e9 texts."""
    tables = ", ".join(f"order_lines AS t{i}" for i in range(14))
    parts = [f"t{i}.product" for i in range(14)]
    product = f"CONCAT({', '.join(parts)})" if database.dialect == "mysql" else " || ".join(parts)
    return checked(database, f"SELECT COUNT(DISTINCT {product}) FROM {tables}")


def broken(database: Database) -> CheckedQuery:
    """What the guard lets through and the database does not: an aggregate inside an aggregate."""
    return checked(database, "SELECT SUM(COUNT(*)) FROM customers")


# ---- locks: what would happen if a statement slipped past the guard -------------------------------------


def slip(text: str, dialect: Dialect) -> CheckedQuery:
    """A forged query, as no code outside the guard can make one; here to test the second lock alone."""
    forged = object.__new__(CheckedQuery)
    for name, value in {"sql": text, "dialect": dialect, "role": "x", "views": ()}.items():
        object.__setattr__(forged, name, value)
    return forged


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM customers",
        "INSERT INTO secrets VALUES ('x')",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE customers",
        "ATTACH 'other.db' AS other",
    ],
)
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_nothing_is_written_even_past_the_guard(tmp_path: Path, text: str, dialect: Dialect) -> None:
    path = small_shop.build(tmp_path, dialect)
    before = path.read_bytes()
    database = open_database(str(path))
    with pytest.raises(QueryFailed):
        database.execute(slip(text, dialect), LIMITS)
    database.close()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_one_thread_cuts_off_the_same_rows_each_time(tmp_path: Path) -> None:
    path = tmp_path / "lines.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE lines AS SELECT i % 60000 AS number FROM range(300000) AS r(i)")
    database = DuckdbDatabase.open_file(path, LIMITS, threads=1)
    query = checked(database, "SELECT number, COUNT(*) AS n FROM lines GROUP BY number LIMIT 50")
    assert len({database.execute(query, LIMITS).rows for _ in range(8)}) == 1  # several with all cores
    database.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/shoptalk-must-not-exist.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "SELECT * FROM trap",
    ],
)
@pytest.mark.parametrize("kind", ["file", "files"])
def test_duckdb_reads_no_files_and_no_variables(tmp_path: Path, text: str, kind: str) -> None:
    trap = duckdb.connect().sql("SELECT 1 AS caught")  # noqa: F841 - DuckDB would find it by its name
    path = parquet_folder(tmp_path) if kind == "files" else small_shop.build(tmp_path, "duckdb")
    database = open_database(str(path))
    with pytest.raises(QueryFailed):
        database.execute(slip(text, "duckdb"), LIMITS)
    database.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM sqlite_master",
        "SELECT load_extension('x')",
        "SELECT zeroblob(1000000000)",
        "SELECT fts3_tokenizer('x')",
        "SELECT * FROM pragma_table_info('customers')",
        "PRAGMA journal_mode = DELETE",
        "VACUUM INTO '/tmp/shoptalk-must-not-exist.db'",
        "BEGIN",
    ],
)
def test_sqlite_authorizes_only_reading(tmp_path: Path, text: str) -> None:
    database = open_database(str(small_shop.build(tmp_path, "sqlite")))
    with pytest.raises(QueryFailed):
        database.execute(slip(text, "sqlite"), LIMITS)


def test_memory_is_a_budget_in_duckdb(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "duckdb")
    database = open_database(str(path), limits=QueryLimits(max_memory_mb=64))
    text = "SELECT list(a.range || '-' || b.range) FROM range(100000) AS a, range(1000) AS b"
    with pytest.raises(QueryTooLarge):
        database.execute(slip(text, "duckdb"), LIMITS)
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.duckdb"], "nothing spilled beside it"


def test_rows_may_take_a_tenth_of_the_memory_in_duckdb(tmp_path: Path) -> None:
    """DuckDB holds the rows as well: its memory and ours together must fit."""
    database = open_database(str(small_shop.build(tmp_path, "duckdb")), limits=QueryLimits(max_memory_mb=256))
    limits = QueryLimits(max_memory_mb=256, max_rows=1_000)

    def rows(count: int) -> CheckedQuery:
        return slip(f"SELECT REPEAT('x', 100000) || range FROM range({count})", "duckdb")

    assert len(database.execute(rows(200), limits).rows) == 200
    with pytest.raises(QueryTooLarge, match="Nothing was changed"):
        database.execute(rows(600), limits)
    database.close()


def test_a_value_is_a_budget_in_sqlite(tmp_path: Path) -> None:
    database = open_database(str(small_shop.build(tmp_path, "sqlite")))
    with pytest.raises(QueryTooLarge):
        database.execute(
            slip("SELECT " + "REPLACE(" * 9 + "'a'" + ", 'a', 'aaaaaaaaaa')" * 9, "sqlite"), LIMITS
        )


def test_sqlite_has_a_limit_of_memory(tmp_path: Path) -> None:
    """In a process of its own: the limit holds for all of SQLite in a process, and can only be lowered."""
    path = small_shop.build(tmp_path, "sqlite")
    code = (
        "import sql.databases.sqlite_database as module\n"
        "module.HEAP_MB, module.MAX_VALUE_BYTES = int(__import__('sys').argv[1]), 100_000_000\n"
        "from sql.errors import QueryTooLarge\n"
        "from test_databases import LIMITS, slip\n"
        f"database = module.SqliteDatabase(__import__('pathlib').Path({str(path)!r}))\n"
        "text = 'SELECT LENGTH(' + 'REPLACE(' * 7 + \"'a'\" + \", 'a', 'aaaaaaaaaa')\" * 7 + ')'\n"
        "try:\n    print(database.execute(slip(text, 'sqlite'), LIMITS).rows)\n"
        "except QueryTooLarge:\n    print('too large')"
    )
    tests = Path(__file__).parent
    paths = os.pathsep.join(map(str, (tests, tests.parent, tests.parent.parent)))
    for megabytes, told in (("12", "too large"), ("200", "((10000000,),)")):
        done = subprocess.run(
            [sys.executable, "-c", code, megabytes],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
        assert done.stdout.strip() == told, done.stderr


def test_a_call_that_no_interrupt_reaches_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB does not look up inside one call over long texts; whoever asked is answered all the same."""
    monkeypatch.setattr("sql.databases.budget.MAX_LEFT", 1)
    database = open_database(str(small_shop.build(tmp_path, "duckdb")))
    long = "repeat('a', 30000)"
    query = slip(f"SELECT levenshtein({long} || country, {long} || name) FROM customers", "duckdb")
    with pytest.raises(QueryTimeout):
        database.execute(query, QueryLimits(timeout_s=0.2))
    assert any(thread.name == "query" for thread in threading.enumerate()), "it was not waited for"
    with pytest.raises(DatabaseUnavailable, match="have not ended yet"):
        ask(database, "SELECT COUNT(*) FROM customers")
    while any(thread.name == "query" for thread in threading.enumerate()):
        time.sleep(0.05)
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    database.close()


def test_an_interrupt_that_comes_too_late_does_no_harm() -> None:
    def closed() -> None:
        asked.append(1)
        raise RuntimeError("Connection already closed!")

    asked: list[int] = []
    with Budget(QueryLimits(timeout_s=0.05), None, closed) as budget:
        while len(asked) < 2:
            time.sleep(0.01)
    assert budget.has_interrupted, "the watcher lives on"


# ---- introspection --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_keys_are_found(tmp_path: Path, dialect: str) -> None:
    catalog = open_database(str(small_shop.build(tmp_path, dialect))).catalog()
    orders = catalog.table("orders")
    assert orders is not None
    assert orders.primary_key == ("order_id",)
    assert [(k.columns, k.target_table, k.target_columns) for k in orders.foreign_keys] == [
        (("customer_id",), "customers", ("customer_id",))
    ]
    assert not orders.columns[1].is_nullable


def test_duckdb_comments_and_views_are_found(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("COMMENT ON TABLE orders IS 'what was bought'")
        connection.execute("COMMENT ON COLUMN orders.status IS 'where it is'")
        connection.execute("CREATE VIEW late AS SELECT order_id FROM orders")
    catalog = open_database(str(path)).catalog()
    orders, late = catalog.table("orders"), catalog.table("late")
    assert orders is not None and orders.comment == "what was bought"
    assert orders.columns[3].comment == "where it is"
    assert late is not None and late.rows is None


def test_sqlite_keys_without_columns_and_generated_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE a (x INT, y INT, PRIMARY KEY (y, x));"
        "CREATE TABLE b (p INT, q INT, twice INT AS (p * 2), FOREIGN KEY (p, q) REFERENCES a);"
        "CREATE VIEW broken AS SELECT x FROM gone;"
        'CREATE TABLE "odd ""name" ("a b" TEXT, "日期" DATE, "select" REAL);'
    )
    connection.close()
    catalog = open_database(str(path)).catalog()
    a, b, odd = catalog.table("a"), catalog.table("b"), catalog.table('odd "name')
    assert a is not None and a.primary_key == ("y", "x")
    assert b is not None and b.foreign_keys[0].target_columns == ("y", "x")
    assert [c.name for c in b.columns] == ["p", "q", "twice"]
    assert odd is not None and [c.type for c in odd.columns] == ["text", "date", "number"]
    assert catalog.table("broken") is None
    database = open_database(str(path))
    assert ask(database, 'SELECT "a b", "日期", "select" FROM "odd ""name"') == []
    assert ask(database, 'SELECT * FROM "odd ""name"') == []


def test_sqlite_text_that_is_no_utf8_is_shown_with_marks(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x TEXT)")
    connection.execute("INSERT INTO t VALUES (CAST(X'4D816E' AS TEXT))")
    connection.commit()
    connection.close()
    assert ask(open_database(str(path)), "SELECT x FROM t") == [("M\ufffdn",)]


def test_duckdb_values_become_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "v.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 1::HUGEINT AS h, 1.50::DECIMAL(9,2) AS d, DATE '2025-01-02' AS day, "
            "TIMESTAMP '2025-01-02 03:04:05' AS ts, TIME '03:04:05' AS clock, INTERVAL 1 DAY AS i, "
            "TRUE AS yes, '\\x00'::BLOB AS b, [1, 2] AS l, {'a': 1} AS s, uuid() AS u, 'nan'::DOUBLE AS nan, "
            "TIMESTAMPTZ '2025-01-02 03:04:05+00' AS tz"
        )
    database = open_database(str(path))
    table = run(checked(database, "SELECT * FROM t"), database, LIMITS)
    row = dict(zip([c.name for c in table.columns], table.rows[0], strict=True))
    assert row["h"] == 1 and row["d"] == decimal.Decimal("1.50")
    assert row["day"] == dt.date(2025, 1, 2) and row["ts"] == dt.datetime(2025, 1, 2, 3, 4, 5)
    assert row["clock"] == dt.time(3, 4, 5) and row["i"] == dt.timedelta(days=1) and row["yes"] is True
    assert row["b"] == b"\0" and row["l"] == "[1, 2]" and row["s"] == '{"a": 1}'
    assert isinstance(row["u"], str) and row["nan"] != row["nan"]
    assert isinstance(row["tz"], dt.datetime)
    kinds = {c.name: c.type for c in table.columns}
    assert kinds["h"] == "integer" and kinds["d"] == "number" and kinds["tz"] == "timestamp"


# ---- files ----------------------------------------------------------------------------------------------


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)
    return path


def test_columns_of_files_keep_their_names(tmp_path: Path) -> None:
    path = write(tmp_path / "my sales.csv", "Order No,Betrag €,日期,Order No,select\n1,2.5,2025-01-02,x,y\n")
    database = open_database(str(path))
    (table,) = database.catalog().tables
    assert table.name == "my sales"
    names = [c.name for c in table.columns]
    assert names[:3] == ["Order No", "Betrag €", "日期"] and len(set(names)) == 5
    assert ask(database, 'SELECT SUM("Betrag €") FROM "my sales" WHERE "日期" > DATE \'2025-01-01\'') == [
        (2.5,)
    ]
    assert len(ask(database, 'SELECT * FROM "my sales"')[0]) == 5


def test_a_csv_with_semicolons_tabs_or_latin_1_is_read(tmp_path: Path) -> None:
    write(tmp_path / "d" / "a.csv", "x;y\n1;Zürich\n2;Köln\n", encoding="latin-1")
    write(tmp_path / "d" / "b.tsv", "x\ty\n1\tBern\n")
    database = open_database(str(tmp_path / "d"))
    assert ask(database, "SELECT y FROM a ORDER BY x") == [("Zürich",), ("Köln",)]
    assert ask(database, "SELECT y FROM b") == [("Bern",)]


def test_late_values_of_another_type_are_seen(tmp_path: Path) -> None:
    rows = "".join(f"{i}\n" for i in range(30_000))
    path = write(tmp_path / "codes.csv", f"code\n{rows}X17\n")
    assert ask(open_database(str(path)), "SELECT COUNT(*) FROM codes WHERE code = 'X17'") == [(1,)]


def test_a_pattern_is_one_table(tmp_path: Path) -> None:
    for month in ("01", "02"):
        write(tmp_path / f"sales-2025-{month}.csv", f"month,n\n{month},1\n")
    database = open_database("sales-*.csv", base=tmp_path)
    assert [t.name for t in database.catalog().tables] == ["sales"]
    assert ask(database, "SELECT SUM(n) FROM sales") == [(2,)]


def test_files_of_one_name_become_two_tables(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", "a\n1\n")
    write(tmp_path / "X.tsv", "b\n1\n")
    write(tmp_path / ".hidden.csv", "c\n1\n")
    write(tmp_path / "notes.txt", "not data")
    assert sorted(t.name.lower() for t in open_database(str(tmp_path)).catalog().tables) == ["x", "x_2"]


def test_a_file_name_full_of_signs_is_not_taken_for_sql_or_a_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "o'; DROP [1].csv", "a\n1\n")
    database = open_database(str(path))
    (table,) = database.catalog().tables
    assert table.name == "o'; DROP [1]"
    assert ask(database, f'SELECT a FROM "{table.name}"') == [(1,)]


# ---- what cannot be opened ------------------------------------------------------------------------------


def test_faults_are_told_with_a_way_out(tmp_path: Path) -> None:
    empty, folder = tmp_path / "empty.db", tmp_path / "folder"
    empty.touch()
    folder.mkdir()
    good = small_shop.build(tmp_path, "sqlite").read_bytes()
    (tmp_path / "cut.sqlite").write_bytes(good[:5000])
    (tmp_path / "noise.duckdb").write_bytes(b"noise" * 1000)
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    (tmp_path / "noise.parquet").write_bytes(b"noise" * 1000)
    for name, words in {
        "missing.duckdb": "does not exist",
        "missing-*.csv": "no data file matches",
        "empty.db": "is empty",
        "folder": "holds no data files",
        "cut.sqlite": "damaged",
        "noise.duckdb": "DuckDB file",
        "noise.db": "neither a DuckDB nor a SQLite file",
        "noise.parquet": "cannot be read",
        "oracle://me:secret@host/shop": "cannot be opened by this version",
        "  ": "path is empty",
    }.items():
        with pytest.raises(DatabaseUnavailable, match=words):
            open_database(name, base=tmp_path).catalog()


def test_a_database_that_another_program_writes_is_told(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "duckdb")
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None and other.stdin is not None
        assert other.stdout.readline() == "open\n"
        try:
            with pytest.raises(DatabaseUnavailable, match="held by another program"):
                open_database(str(path))
        finally:
            other.communicate("\n", timeout=20)


def test_a_database_that_goes_away_is_told(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "sqlite")
    database = open_database(f"sqlite://{path}")
    query = checked(database, "SELECT COUNT(*) FROM customers")
    path.unlink()
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        database.execute(query, LIMITS)


# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("INTEGER", "integer"),
        ("bigint unsigned", "integer"),
        ("HUGEINT", "integer"),
        ("DECIMAL(10,2)", "number"),
        ("NUMBER", "number"),
        ("REAL", "number"),
        ("VARCHAR(20)", "text"),
        ("NVARCHAR2", "text"),
        ("ENUM('a', 'b')", "text"),
        ("UUID", "text"),
        ("DATE", "date"),
        ("DATETIME", "timestamp"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("BOOLEAN", "boolean"),
        ("INTEGER[]", "other"),
        ("STRUCT(a INTEGER)", "other"),
        ("BLOB", "other"),
        ("TIME", "other"),
        ("INTERVAL", "other"),
        ("", "other"),
    ],
)
def test_database_words_for_types(word: str, kind: str) -> None:
    assert column_type(word) == kind


def test_odd_values_become_text() -> None:
    assert plain_value({"a": dt.date(2025, 1, 1)}) == '{"a": "2025-01-01"}'
    assert plain_value(object).startswith("<class")  # type: ignore[union-attr]


def test_every_allowed_function_exists_in_duckdb_or_is_rewritten(tmp_path: Path) -> None:
    """A name on the list that no database knows would send the model to a dead end."""
    database = open_database(str(small_shop.build(tmp_path, "duckdb")))
    view = View(name="customers", columns=(ViewColumn(name="name", type="text"),))
    guard = Guard(Shop(name="x", database="x", views=(view,)), database.catalog(), Role(name="o"))
    tries = (
        "name",
        "",
        "name, name",
        "'day', name",
        "1",
        "name, 1, 1",
        "'day', name, name",
        "1, 1",
        "1, 1, 1",
        "name, 'a', 'b'",
    )

    def is_known(name: str, arguments: str) -> bool:
        try:
            database.explain(guard.check(f"SELECT {name}({arguments}) FROM customers"))
        except UnsafeQuery:
            return False
        except QueryFailed as error:
            return "does not exist" not in str(error)  # else it is there, and wants other arguments or OVER
        return True

    missing = [n for n in sorted(function_names("duckdb")) if not any(is_known(n, a) for a in tries)]
    assert missing == []


def test_a_catalog_finds_tables_in_any_letter_case() -> None:
    assert Catalog(dialect="duckdb", tables=()).table("x") is None
