"""PostgreSQL and MySQL for real: their locks, budgets, faults, rights, catalogues and values."""

from __future__ import annotations

import datetime as dt
import decimal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import Server
from test_databases import LIMITS, ask, checked, server_shop, slip

from bench.servers import ServerFailed, ServerMissing, _program
from sql.databases import Database, open_database, without_password
from sql.databases.addresses import parse_address
from sql.databases.messages import without_values
from sql.databases.mysql_database import MysqlDatabase
from sql.databases.pool import MAX_CONNECTIONS
from sql.databases.postgres_database import PostgresDatabase
from sql.errors import DatabaseUnavailable, QueryCancelled, QueryFailed, QueryTimeout, QueryTooLarge, SqlError
from sql.types import Dialect, QueryLimits

pytestmark = pytest.mark.slow
KINDS = ["postgres", "mysql"]


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return server_shop(request, request.param, "locks")


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Database]:
    opened = open_database(server.reader_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[Database]:
    """The same, connected as somebody who may do anything: what is left is our own lock."""
    opened = open_database(server.admin_url)
    yield opened
    opened.close()


def fingerprint(server: Server) -> list[tuple[object, ...]]:
    """What a write would change, seen from outside."""
    rows = [tuple(row) for row in server.query("SELECT * FROM secrets")]
    rows += server.query("SELECT COUNT(*), SUM(customer_id) FROM customers")
    if server.dialect == "postgres":
        rows += server.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        rows += server.query("SELECT COUNT(*) FROM pg_largeobject_metadata")
    else:
        rows += server.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'locks' ORDER BY 1"
        )
    return rows


# ---- the second lock ------------------------------------------------------------------------------------

WRITES = [
    "DELETE FROM customers",
    "UPDATE customers SET country = 'x'",
    "INSERT INTO secrets VALUES ('x')",
    "CREATE TABLE x AS SELECT 1 AS one",
    "CREATE TABLE x (y INTEGER)",
    "DROP TABLE secrets",
    "TRUNCATE TABLE secrets",
    "ALTER TABLE secrets ADD COLUMN y INTEGER",
    "CREATE VIEW x AS SELECT 1 AS one",
    "CREATE INDEX x ON customers (country)",
    "SELECT 1; DELETE FROM customers",
    "COMMIT; DELETE FROM customers",
    "SELECT * FROM customers FOR UPDATE",
]
BEYOND: dict[Dialect, list[str]] = {
    "postgres": [
        "WITH gone AS (DELETE FROM customers RETURNING *) SELECT * FROM gone",
        "SELECT * INTO x FROM customers",
        "CREATE TEMPORARY TABLE x (y INTEGER)",
        "DO $$ BEGIN DELETE FROM customers; END $$",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "COPY customers TO STDOUT",
        "COPY secrets FROM STDIN",
        "PREPARE p AS DELETE FROM customers",
        "VACUUM customers",
        "MERGE INTO secrets USING customers ON true WHEN MATCHED THEN DELETE",
    ],
    "mysql": [
        "REPLACE INTO secrets VALUES ('x')",
        "CREATE TEMPORARY TABLE x (y INTEGER)",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE secrets",
        "RENAME TABLE secrets TO x",
        "SET SESSION TRANSACTION READ WRITE",
        "CALL nothing()",
        "SELECT 1 INTO @x",
    ],
}
RIGHTS_NEEDED: dict[Dialect, list[str]] = {
    "postgres": [
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "COPY (SELECT 1) TO '/tmp/shoptalk-must-not-exist'",
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/shoptalk-must-not-exist'",
        "SELECT * FROM pg_authid",
        "SELECT pg_reload_conf()",
        "ALTER SYSTEM SET work_mem = '1GB'",
    ],
    "mysql": [
        "SELECT 1 INTO OUTFILE '/tmp/shoptalk-must-not-exist'",
        "SELECT 1 INTO DUMPFILE '/tmp/shoptalk-must-not-exist'",
        "SELECT * FROM mysql.global_priv",
        "SET GLOBAL max_connections = 1",
        "FLUSH TABLES",
        "LOCK TABLES customers WRITE",
        "SHUTDOWN",
    ],
}


def test_nothing_is_written_past_the_guard(server: Server, database: Database, owner: Database) -> None:
    """Neither under the reader, nor under a role that may do anything: two locks, each enough."""
    before = fingerprint(server)
    for text in [*WRITES, *BEYOND[server.dialect], *RIGHTS_NEEDED[server.dialect]]:
        with pytest.raises(SqlError):
            pytest.fail(f"{text} gave {database.execute(slip(text, server.dialect), LIMITS).rows}")
        assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)], text
    for text in WRITES:
        with pytest.raises(SqlError):
            pytest.fail(f"{text} gave {owner.execute(slip(text, server.dialect), LIMITS).rows}")
    assert fingerprint(server) == before
    assert not Path("/tmp/shoptalk-must-not-exist").exists()


def test_the_trip_wire_of_the_test_above_trips(request: pytest.FixtureRequest, server: Server) -> None:
    other = server_shop(request, server.dialect, "tripped")
    before = [tuple(row) for row in other.query("SELECT * FROM secrets")]
    other.execute("UPDATE secrets SET password = 'changed'")
    assert [tuple(row) for row in other.query("SELECT * FROM secrets")] != before


def test_what_a_statement_sets_does_not_outlive_it(database: Database) -> None:
    texts: dict[str, list[str]] = {
        "postgres": [
            "SELECT set_config('search_path', 'pg_catalog', false)",
            "SELECT set_config('statement_timeout', '0', false)",
            "SELECT pg_advisory_lock(7)",
        ],
        "mysql": ["SET SESSION sql_mode = 'ANSI_QUOTES'", "SELECT GET_LOCK('x', 0)", "SET autocommit = 0"],
    }
    for text in texts[database.dialect]:
        try:
            database.execute(slip(text, database.dialect), LIMITS)
        except SqlError:
            continue
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    if database.dialect == "postgres":
        held = database.execute(
            slip("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'", "postgres"), LIMITS
        )
        assert held.rows == ((0,),)
    else:
        mode = database.execute(slip("SELECT @@sql_mode, IS_USED_LOCK('x')", "mysql"), LIMITS).rows[0]
        assert "ANSI_QUOTES" not in str(mode[0]) and "ONLY_FULL_GROUP_BY" in str(mode[0]) and mode[1] is None


# ---- budgets --------------------------------------------------------------------------------------------


def pause(dialect: Dialect, seconds: int = 30) -> str:
    return f"SELECT pg_sleep({seconds})" if dialect == "postgres" else f"SELECT SLEEP({seconds})"


FOR_EVER = 86_400
"""Seconds that no test waits for: what ends before was ended."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for what the server does in its own time; what never happens, the test's own limit ends."""
    while not condition():
        time.sleep(0.02)


def running(server: Server) -> int:
    """Statements of the reader that the server is working on."""
    if server.dialect == "postgres":
        text = f"SELECT COUNT(*) FROM pg_stat_activity WHERE usename = '{server.reader}' AND state <> 'idle'"
    else:
        text = (
            "SELECT COUNT(*) FROM information_schema.processlist "
            f"WHERE user = '{server.reader}' AND command <> 'Sleep'"
        )
    return int(server.query(text)[0][0])


def cut_all(server: Server) -> None:
    """End every connection of the reader."""
    if server.dialect == "postgres":
        server.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{server.reader}'"
        )
    else:
        for (number,) in server.query(
            f"SELECT id FROM information_schema.processlist WHERE user = '{server.reader}'"
        ):
            server.execute(f"KILL CONNECTION {number}")


@pytest.mark.parametrize("how", ["budget", "stop button"])
def test_a_stopped_query_frees_the_server(server: Server, database: Database, how: str) -> None:
    cancel, is_over = threading.Event(), threading.Event()
    limits = QueryLimits(timeout_s=3 if how == "budget" else FOR_EVER)
    seen: list[int] = []

    def watch() -> None:
        while not is_over.is_set() and not seen:
            if running(server):
                seen.append(1)
                if how == "stop button":
                    cancel.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with pytest.raises(QueryTimeout if how == "budget" else QueryCancelled):
        database.execute(slip(pause(server.dialect, FOR_EVER), server.dialect), limits, cancel)
    is_over.set()
    watcher.join()
    assert seen == [1], "it had been at work"
    until(lambda: not running(server))
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]


def test_a_server_that_ignores_the_request_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request to cancel gets lost: the connection is cut, and the next question gets a new one."""
    database = open_database(server.reader_url)
    query = slip(pause(server.dialect, FOR_EVER), server.dialect)
    if isinstance(database, PostgresDatabase):
        monkeypatch.setattr("psycopg.Connection.cancel_safe", lambda self, timeout: None)
        monkeypatch.setattr(database, "_begin", lambda limits: b"BEGIN READ ONLY")
    else:
        assert isinstance(database, MysqlDatabase)
        connect = database._connect
        monkeypatch.setattr(database, "_connect", _deaf)
        monkeypatch.setattr(database._pool, "_open_one", connect)
    with pytest.raises(QueryTimeout):
        database.execute(query, QueryLimits(timeout_s=0.5))
    monkeypatch.undo()
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    database.close()
    cut_all(server)  # PostgreSQL sleeps on without a listener


def _deaf(*, timeout_s: float | None = None) -> object:
    raise DatabaseUnavailable("nobody there")


def test_memory_is_a_budget(server: Server, database: Database) -> None:
    texts: dict[str, str] = {
        "postgres": "SELECT repeat('x', 1000000000) || repeat('y', 100000000)",
        "mysql": "SELECT COUNT(*) FROM (SELECT DISTINCT CONCAT(a.name, b.name, c.seq, d.seq) "
        "FROM customers AS a, customers AS b, seq_1_to_10000 AS c, seq_1_to_10000 AS d) AS t",
    }
    before = server.memory_mb()
    with pytest.raises((QueryTooLarge, QueryTimeout)):
        database.execute(
            slip(texts[server.dialect], server.dialect), QueryLimits(timeout_s=5, max_memory_mb=64)
        )
    # Memory comes back when the server has seen that it shall stop.
    until(lambda: server.memory_mb() - before < 1_500)
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]


def test_a_text_that_mysql_would_cut_in_silence_is_an_error(request: pytest.FixtureRequest) -> None:
    database = open_database(request.getfixturevalue("mysql_server").reader_url)
    text = "SELECT LENGTH(GROUP_CONCAT(REPEAT('x', {}))) FROM seq_1_to_10"
    assert database.execute(slip(text.format(19_000), "mysql"), LIMITS).rows == ((190_009,),)
    with pytest.raises(QueryTooLarge, match="longer than it may be"):
        database.execute(slip(text.format(21_000), "mysql"), LIMITS)
    database.close()


def test_more_questions_than_connections_wait_for_each_other(database: Database) -> None:
    query = slip(pause(database.dialect).replace("30", "0.2"), database.dialect)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(database.execute(query, LIMITS).rows)))
        for _ in range(MAX_CONNECTIONS + 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * (MAX_CONNECTIONS + 4)


# ---- faults ---------------------------------------------------------------------------------------------


def test_a_connection_that_was_lost_between_questions_is_made_anew(
    server: Server, database: Database
) -> None:
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    cut_all(server)
    time.sleep(0.1)
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]


def test_a_connection_that_is_lost_in_the_middle_is_told(server: Server, database: Database) -> None:
    def kill() -> None:
        if server.dialect == "postgres":
            server.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(29)%' "
                f"AND usename = '{server.reader}'"
            )
        else:
            for (number,) in server.query(
                "SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(29)%' "
                f"AND user = '{server.reader}'"
            ):
                server.execute(f"KILL CONNECTION {number}")

    threading.Timer(0.4, kill).start()
    with pytest.raises(DatabaseUnavailable, match=r"was lost.*nothing was changed"):
        database.execute(slip(pause(server.dialect).replace("30", "29"), server.dialect), LIMITS)
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]


def test_faults_are_told_without_the_password(server: Server) -> None:
    url, secret = server.reader_url, server.reader_password
    cases = {
        url.replace(secret, "wrong-secret"): "password",
        url.replace(f":{secret}", ""): "password",
        url.replace("/locks", "/nowhere"): "database 'nowhere'",
        url.replace(f":{server.port}", ":1"): "no server answers there",
        url.replace(server.reader, "nobody_known"): "password|role",
        url.replace("/locks", ""): "names no database",
        url.replace(f":{server.port}", ":12x"): "is no address",
    }
    for location, words in cases.items():
        with pytest.raises(DatabaseUnavailable, match=words) as caught:
            open_database(location)
        assert secret not in str(caught.value) and "wrong-secret" not in str(caught.value)
        assert caught.value.__cause__ is None, "the driver's own error may hold the password"


def test_the_password_may_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "PGPASSWORD" if server.dialect == "postgres" else "MYSQL_PWD"
    monkeypatch.setenv(name, server.reader_password)
    database = open_database(without_password(server.reader_url))
    assert ask(database, "SELECT COUNT(*) FROM customers") == [(3,)]
    database.close()


@pytest.mark.parametrize(("kind", "module"), [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_a_missing_driver_names_the_command(monkeypatch: pytest.MonkeyPatch, kind: str, module: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(DatabaseUnavailable, match=r"pip install .*shoptalk\["):
        open_database(f"{kind}://me:pw@localhost/shop")


# ---- rights ---------------------------------------------------------------------------------------------


def test_the_reader_has_no_rights_and_the_owner_many(database: Database, owner: Database) -> None:
    assert database.rights() == ()
    assert owner.rights() and "reader_" in owner.rights()[0].way_out


def test_every_right_too_many_is_found(request: pytest.FixtureRequest, server: Server) -> None:
    other = server_shop(request, server.dialect, "rights")
    grants: dict[str, dict[str, str]] = {
        "postgres": {
            "GRANT UPDATE ON customers TO reader_rights": "write to public.customers",
            "GRANT INSERT (country) ON customers TO reader_rights": "write to public.customers",
            "GRANT CREATE ON SCHEMA public TO reader_rights": "create tables in the schema public",
            "GRANT TEMPORARY ON DATABASE rights TO reader_rights": "temporary tables",
            "GRANT pg_read_server_files TO reader_rights": "member of pg_read_server_files",
            "GRANT EXECUTE ON FUNCTION lo_create(oid) TO reader_rights": "lo_create",
            "ALTER ROLE reader_rights CREATEDB": "attribute CREATEDB",
            "ALTER ROLE reader_rights SUPERUSER": "superuser",
            "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql SECURITY DEFINER "
            "AS 'DELETE FROM customers'": "wipe",
        },
        "mysql": {
            "GRANT FILE ON *.* TO reader_rights": "FILE on every database",
            "GRANT PROCESS ON *.* TO reader_rights": "PROCESS on every database",
            "GRANT INSERT ON rights.* TO reader_rights": "INSERT in rights",
            "GRANT DELETE ON rights.customers TO reader_rights": "DELETE on rights.customers",
            "GRANT CREATE TEMPORARY TABLES ON rights.* TO reader_rights": "CREATE TEMPORARY TABLES",
            "GRANT SELECT ON mysql.* TO reader_rights": "read the database mysql too",
        },
    }
    for grant, words in grants[server.dialect].items():
        other.execute(grant)
        database = open_database(other.reader_url)
        told = " ".join(right.what for right in database.rights())
        database.close()
        assert words in told, grant
        other.execute("DROP FUNCTION wipe()") if "wipe()" in grant else None
        other.make_reader()
        database = open_database(other.reader_url)
        told = [right.what for right in database.rights() if "read the database" not in right.what]
        database.close()
        is_function = "lo_create" in grant
        assert not told or is_function, f"the script takes back: {grant}; left: {told}"
        if is_function:
            other.execute("REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM reader_rights")


def test_a_script_that_fails_is_told(server: Server) -> None:
    with pytest.raises(ServerFailed, match="failed"):
        if server.dialect == "postgres":
            server.make_reader(schema="no_such_schema")
        else:
            server.make_reader(shop_database="x'; nonsense")


def test_a_missing_server_names_the_command() -> None:
    with pytest.raises(ServerMissing, match="make servers"):
        _program(("no-such-program",), (), "postgresql")


def test_a_server_keeps_its_temporary_tables_to_itself(mysql_server: Server) -> None:
    """MariaDB clears its temporary folder at start, also of what a server at work keeps there."""
    assert mysql_server.query("SELECT @@tmpdir") == [(str(mysql_server.log.parent / "tmp"),)]


# ---- introspection --------------------------------------------------------------------------------------

POSTGRES_ODDITIES = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN price AS numeric(8,2) CHECK (VALUE >= 0);
CREATE TABLE "Odd Names" ("Select" integer PRIMARY KEY, "日期" date, "a""b" text);
CREATE TABLE pairs (x integer, y integer, PRIMARY KEY (y, x));
CREATE TABLE uses (p integer, q integer, twice integer GENERATED ALWAYS AS (p * 2) STORED,
  FOREIGN KEY (q, p) REFERENCES pairs (y, x));
CREATE TABLE parts (id integer, day date, note mood, cost price) PARTITION BY RANGE (day);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO parts VALUES (1, '2025-05-05', 'glad', 9.5);
CREATE VIEW seen AS SELECT id FROM parts;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM parts;
CREATE TABLE hidden (x integer); REVOKE ALL ON hidden FROM reader_oddities;
CREATE TABLE partly (open integer, closed integer); REVOKE ALL ON partly FROM reader_oddities;
GRANT SELECT (open) ON partly TO reader_oddities;
CREATE SCHEMA other; CREATE TABLE other.far (x integer);
COMMENT ON TABLE pairs IS 'two by two'; COMMENT ON COLUMN pairs.x IS 'the first';
"""


def test_postgres_catalogue(request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("postgres_server").create_database("oddities")
    server.execute(POSTGRES_ODDITIES)
    database = open_database(server.reader_url)
    catalog = database.catalog()
    names = {table.name for table in catalog.tables}
    assert names == {"Odd Names", "pairs", "uses", "parts", "seen", "kept", "partly"}
    odd, pairs, uses, parts = (catalog.table(n) for n in ("Odd Names", "pairs", "uses", "parts"))
    assert odd is not None and pairs is not None and uses is not None and parts is not None
    assert [(c.name, c.type) for c in odd.columns] == [
        ("Select", "integer"),
        ("日期", "date"),
        ('a"b', "text"),
    ]
    assert pairs.primary_key == ("y", "x") and pairs.comment == "two by two"
    assert pairs.columns[0].comment == "the first"
    key = uses.foreign_keys[0]
    assert (key.columns, key.target_table, key.target_columns) == (("q", "p"), "pairs", ("y", "x"))
    assert [c.type for c in parts.columns] == ["integer", "date", "text", "number"] and parts.rows == 1
    partly = catalog.table("partly")
    assert partly is not None and [c.name for c in partly.columns] == ["open"]
    assert ask(database, "SELECT note, cost FROM parts") == [("glad", decimal.Decimal("9.50"))]
    database.close()


def test_postgres_search_path_of_the_address(request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("postgres_server").create_database("paths")
    server.execute("CREATE SCHEMA sales; CREATE TABLE sales.t (x integer); INSERT INTO sales.t VALUES (7)")
    server.make_reader(schema="sales")
    database = open_database(server.reader_url)
    assert ask(database, "SELECT x FROM t") == [(7,)]
    database.close()
    database = open_database(server.admin_url + "?options=-csearch_path%3Dnowhere")
    assert ask(database, "SELECT x FROM t") == [(7,)], "named with its schema"
    database.close()
    server.execute("DROP SCHEMA sales CASCADE; DROP SCHEMA public CASCADE")
    with pytest.raises(DatabaseUnavailable, match="the role may use no schema"):
        open_database(server.admin_url)


MYSQL_ODDITIES = """
CREATE TABLE `Odd Names` (`Select` INT PRIMARY KEY, `日期` DATE, `a``b` TEXT) COMMENT 'odd';
CREATE TABLE pairs (x INT COMMENT 'the first', y INT, PRIMARY KEY (y, x)) COMMENT 'two by two';
CREATE TABLE uses (p INT, q INT, twice INT AS (p * 2), FOREIGN KEY (q, p) REFERENCES pairs (y, x));
CREATE VIEW seen AS SELECT x FROM pairs;
CREATE TABLE gone (x INT); CREATE VIEW broken AS SELECT x FROM gone; DROP TABLE gone;
"""


def test_mysql_catalogue(request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("mysql_server").create_database("oddities")
    server.execute(MYSQL_ODDITIES)
    database = open_database(server.reader_url)
    catalog = database.catalog()
    odd, pairs, uses, seen = (catalog.table(n) for n in ("Odd Names", "pairs", "uses", "seen"))
    assert odd is not None and pairs is not None and uses is not None and seen is not None
    assert catalog.table("broken") is None, "a view over a table that is gone cannot be asked"
    assert [(c.name, c.type) for c in odd.columns] == [
        ("Select", "integer"),
        ("日期", "date"),
        ("a`b", "text"),
    ]
    assert pairs.primary_key == ("y", "x") and pairs.comment == "two by two"
    assert pairs.columns[0].comment == "the first" and seen.comment == "" and seen.rows is None
    key = uses.foreign_keys[0]
    assert (key.columns, key.target_table, key.target_columns) == (("q", "p"), "pairs", ("y", "x"))
    assert ask(database, "SELECT COUNT(`日期`) FROM `Odd Names`") == [(0,)]
    database.close()


# ---- values ---------------------------------------------------------------------------------------------


def values(database: Database, text: str) -> tuple[dict[str, object], dict[str, str]]:
    table = database.execute(slip(text, database.dialect), LIMITS)
    names = [column.name for column in table.columns]
    return dict(zip(names, table.rows[0], strict=True)), {c.name: c.type for c in table.columns}


def test_postgres_values_become_plain_values(request: pytest.FixtureRequest) -> None:
    database = open_database(request.getfixturevalue("postgres_server").reader_url)
    row, kinds = values(
        database,
        "SELECT 1.50::numeric(9,2) AS d, 'NaN'::numeric AS nan, DATE '2025-01-02' AS day, "
        "'infinity'::date AS never, DATE '0044-03-15 BC' AS ides, TIMESTAMP '2025-01-02 03:04:05' AS ts, "
        "TIMESTAMPTZ '2025-01-02 03:04:05+05' AS tz, 'infinity'::timestamptz AS ever, "
        "TIME '03:04:05' AS clock, "
        "INTERVAL '1 day' AS one, INTERVAL '1 month' AS month, true AS yes, '\\x00ff'::bytea AS raw, "
        "ARRAY[1, 2] AS list, '{\"a\": 1.10}'::jsonb AS j, "
        "'c0ffee00-0000-4000-8000-000000000000'::uuid AS u, "
        "B'101' AS bits, '10.0.0.1'::inet AS net, 9223372036854775807 AS big, 'NaN'::float8 AS fnan, "
        "NULL::integer AS none, '[1,5)'::int4range AS span, 12.5::money AS cash",
    )
    assert row["d"] == decimal.Decimal("1.50") and kinds["d"] == "number"
    assert row["day"] == dt.date(2025, 1, 2) and kinds["day"] == "date"
    assert row["never"] == "infinity" and row["ides"] == "0044-03-15 BC" and row["ever"] == "infinity"
    assert row["ts"] == dt.datetime(2025, 1, 2, 3, 4, 5) and kinds["ts"] == "timestamp"
    assert row["tz"] == dt.datetime(2025, 1, 1, 22, 4, 5, tzinfo=dt.UTC) and kinds["tz"] == "timestamp"
    assert row["clock"] == dt.time(3, 4, 5) and row["one"] == dt.timedelta(days=1)
    assert row["month"] == "1 mon", "a month is no number of days"
    assert row["yes"] is True and kinds["yes"] == "boolean" and row["raw"] == b"\0\xff"
    assert row["list"] == "[1, 2]" and kinds["list"] == "other" and row["j"] == '{"a": 1.10}'
    assert row["u"] == "c0ffee00-0000-4000-8000-000000000000" and row["bits"] == "101"
    assert row["net"] == "10.0.0.1" and row["big"] == 2**63 - 1 and row["none"] is None
    assert kinds["none"] == "integer" and row["span"] == "[1, 5)" and row["cash"] == "$12.50"
    assert row["fnan"] != row["fnan"] and isinstance(row["nan"], decimal.Decimal) and row["nan"].is_nan()
    database.close()


def test_mysql_values_become_plain_values(request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("mysql_server").create_database("vals")
    server.execute(
        "SET SESSION sql_mode = '', time_zone = '+00:00';"
        "CREATE TABLE t (yes TINYINT(1), rating TINYINT(1), flag BIT(1), bits BIT(10), d DECIMAL(9,2), "
        "day DATE, zero DATE, partial DATE, ts DATETIME, zerots DATETIME, stamp TIMESTAMP NULL, clock TIME, "
        "made YEAR, j JSON, raw VARBINARY(10), body TEXT, kind ENUM('a','b'), u BIGINT UNSIGNED, f DOUBLE, "
        "n INT);"
        "INSERT INTO t VALUES (1, 5, b'1', b'1000000001', 1.5, '2025-01-02', '0000-00-00', '2025-00-00', "
        "'2025-01-02 03:04:05.25', '0000-00-00 00:00:00', '2025-01-02 03:04:05', '-30:00:00', 2025, "
        "'{\"a\": 1.10}', x'00ff', '李雷', 'b', 18446744073709551615, 0.1, NULL)"
    )
    database = open_database(server.reader_url)
    row, kinds = values(database, "SELECT t.*, SUM(rating) OVER () AS total, COUNT(*) OVER () AS n2 FROM t")
    assert row["yes"] is True and kinds["yes"] == "boolean"
    assert row["rating"] == 5 and kinds["rating"] == "integer", "five stars are not true"
    assert row["flag"] is True and row["bits"] == 513
    assert row["d"] == decimal.Decimal("1.50") and kinds["d"] == "number"
    assert row["day"] == dt.date(2025, 1, 2) and kinds["day"] == "date"
    assert row["zero"] is None and row["zerots"] is None, "the zero date stands for no date"
    assert row["partial"] == "2025-00-00"
    assert row["ts"] == dt.datetime(2025, 1, 2, 3, 4, 5) and kinds["ts"] == "timestamp"
    assert isinstance(row["stamp"], dt.datetime) and row["clock"] == dt.timedelta(hours=-30)
    assert row["made"] == 2025 and row["j"] == '{"a": 1.10}' and row["raw"] == b"\0\xff"
    assert row["body"] == "李雷" and kinds["body"] == "text" and row["kind"] == "b"
    assert row["u"] == 2**64 - 1 and row["f"] == 0.1 and row["n"] is None
    assert row["total"] == 5 and isinstance(row["total"], int) and kinds["total"] == "integer"
    types = {c.name: c.type for c in database.catalog().tables[0].columns}
    assert types["yes"] == "boolean" and types["j"] == "text" and types["raw"] == "other"
    database.close()


def test_double_quotes_are_text_in_mysql(database: Database) -> None:
    """As sqlglot reads them: what the guard understood is what runs."""
    if database.dialect == "mysql":
        assert ask(database, 'SELECT COUNT(*) FROM customers WHERE country = "China"') == [(2,)]


# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (
            "postgresql://ana:p%40ss@db:5432/shop?sslmode=require",
            "postgresql://ana@db:5432/shop?sslmode=require",
        ),
        ("mysql://ana:a:b@c@db/shop", "mysql://ana@db/shop"),
        ("postgresql://db/shop?user=ana&password=pw", "postgresql://db/shop?user=ana"),
        ("postgresql://ana:pw@[::1/shop", "postgresql://[::1/shop"),
        ("/folder/with:colon@sign.duckdb", "/folder/with:colon@sign.duckdb"),
        ("C:\\data\\shop.db", "C:\\data\\shop.db"),
        ("mysql://:pw@db/shop", "mysql://db/shop"),
    ],
)
def test_an_address_is_shown_without_its_password(location: str, shown: str) -> None:
    assert without_password(location) == shown


def test_an_address_is_taken_apart() -> None:
    address = parse_address("mysql://a%40b:p%2Fw@host:3307/my%20shop?ssl_ca=/x")
    assert (address.user, address.password, address.host, address.port) == ("a@b", "p/w", "host", 3307)
    assert address.database == "my shop" and address.options == {"ssl_ca": "/x"}
    assert "p/w" not in repr(address)


@pytest.mark.parametrize(
    "message",
    [
        'invalid input syntax for type integer: "Ana"',
        'invalid input syntax for type integer: "O"An"a\'"',
        "Could not convert string 'Ana' to INT32",
        'value "Ana',
    ],
)
def test_no_value_of_a_message_is_left(message: str) -> None:
    assert "An" not in without_values(message) and "…" in without_values(message)


def test_numbers_of_a_message_go_and_types_stay() -> None:
    told = without_values("Overflow in multiplication of INT32 (123456 * -99.5)!")
    assert "INT32" in told and "123456" not in told and "99" not in told


def test_a_checked_query_is_planned_and_run(database: Database) -> None:
    query = checked(database, "SELECT country, COUNT(*) AS n FROM customers GROUP BY country ORDER BY n")
    assert database.explain(query).cost is not None
    with pytest.raises(QueryFailed):
        database.explain(slip("SELECT nothing_like_it FROM customers", database.dialect))
