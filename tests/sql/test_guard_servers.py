"""The guard's texts on the real servers: what it allows runs there, and means what it means elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import small_shop
from test_guard import cases

from bench.servers import Server
from sql.databases import Database, open_database
from sql.errors import QueryFailed, SqlError
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Role
from sql.types import Dialect, QueryLimits

pytestmark = pytest.mark.slow
SERVERS: tuple[Dialect, ...] = ("postgres", "mysql")
NEWER = {"mysql": ("LATERAL",)}
"""Words that MySQL has and MariaDB has not."""


@pytest.fixture(scope="module")
def opened(postgres_server: Server, mysql_server: Server) -> Iterator[dict[Dialect, Database]]:
    found: dict[Dialect, Database] = {}
    for server in (postgres_server, mysql_server):
        made = server.create_database("guard_cases")
        small_shop.build_on(made)
        found[server.dialect] = open_database(made.reader_url)
    yield found
    for database in found.values():
        database.close()


def guard_of(database: Database, role: str | Role) -> Guard:
    shop = small_shop.small_shop("x")
    return Guard(shop, database.catalog(), role if isinstance(role, Role) else shop.role(role))


def test_every_allowed_case_runs_on_its_server(opened: dict[Dialect, Database]) -> None:
    guards = {(d, r.name): guard_of(opened[d], r) for d in SERVERS for r in small_shop.ROLES}
    failed, ran = [], 0
    for case in cases():
        text, verdict, dialect, role, _ = case.values  # type: ignore[attr-defined]
        if verdict != "allow" or dialect not in opened:
            continue
        query = guards[dialect, role].check(text)
        try:
            run(query, opened[dialect], QueryLimits(max_rows=100))
            ran += 1
        except SqlError as error:
            if not any(word in text for word in NEWER.get(dialect, ())):
                failed.append(f"{dialect}: {text}\n  {error}\n  {query.sql}")
    assert not failed, "\n".join(failed)
    assert ran > 80


TEXTS = (
    "it's", 'say "it"', "back\\slash", "\\", "\\'", "a\\nb", "%_", "中国 😀", "`tick`", "a -- b", "/* c */",
    "$$d$$", ":e", "?", "#f", "x' OR '1'='1", "tab\there", "line\nbreak",
)  # fmt: skip


@pytest.mark.parametrize("dialect", SERVERS)
def test_a_text_means_itself_on_the_server(dialect: Dialect, opened: dict[Dialect, Database]) -> None:
    """What the guard prints is read by the server as the guard read it."""
    from sqlglot import exp

    guard = guard_of(opened[dialect], "owner")
    for text in TEXTS:
        literal = exp.Literal.string(text).sql(dialect=dialect)
        query = guard.check(f"SELECT {literal} AS x, {literal} = {literal} AS y")
        assert run(query, opened[dialect], QueryLimits()).rows[0][0] == text


@pytest.mark.parametrize("dialect", SERVERS)
def test_names_in_quotes_are_read_as_they_are_written(
    dialect: Dialect, opened: dict[Dialect, Database]
) -> None:
    from sqlglot import exp

    guard = guard_of(opened[dialect], "owner")
    for name in ("two words", "select", 'quo"te', "ti`ck", "semi;colon", "dash--dash", "back\\slash", "中文"):
        identifier = exp.to_identifier(name, quoted=True).sql(dialect=dialect)
        query = guard.check(f"SELECT t.{identifier} FROM (SELECT 1 AS {identifier}) AS t")
        assert run(query, opened[dialect], QueryLimits()).columns[0].name == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 7 / 2 * 2 - 1 - 1", None),
        ("SELECT 1 + 2 * 3, (1 + 2) * 3, 10 - (3 - 2), 10 - 3 - 2, 2 - -1", (7, 9, 9, 5, 3)),
        ("SELECT NOT 1 = 2 AND 1 = 1, NOT (1 = 1 OR 1 = 2), 1 = 2 OR 1 = 1 AND 1 = 2", (1, 0, 0)),
        ("SELECT 5 BETWEEN 1 AND 9 AND 1 = 2, 'ab' LIKE 'a%', 'a%' LIKE 'a!%' ESCAPE '!'", (0, 1, 1)),
        ("SELECT CASE WHEN NULL THEN 1 ELSE 2 END, COALESCE(NULL, 3), NULLIF(1, 1)", (2, 3, None)),
    ],
)
@pytest.mark.parametrize("dialect", ("duckdb", "sqlite", *SERVERS))
def test_operators_bind_the_same_way(
    dialect: Dialect,
    text: str,
    expected: tuple[object, ...] | None,
    opened: dict[Dialect, Database],
    tmp_path,
) -> None:
    """The database's own answer to the text as it was written, and to what the guard printed."""
    if dialect in opened:
        database = opened[dialect]
    else:
        database = open_database(str(small_shop.build(tmp_path, dialect)))
    query = guard_of(database, "owner").check(text)
    rows = run(query, database, QueryLimits()).rows
    if expected is not None:
        assert tuple(None if v is None else int(v) for v in rows[0]) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", SERVERS)
def test_a_role_gets_its_rows_on_the_server(dialect: Dialect, opened: dict[Dialect, Database]) -> None:
    guard = guard_of(opened[dialect], "china")
    for text, expected in (
        ("SELECT COUNT(*) FROM sales", 2),
        ("SELECT MAX(customer_id) FROM customers", 3),
        ("SELECT COUNT(*) FROM Sales AS S WHERE s.Amount > 0", 2),
    ):
        assert run(guard.check(text), opened[dialect], QueryLimits()).rows[0][0] == expected


@pytest.mark.parametrize("dialect", SERVERS)
def test_hidden_rows_do_not_fail_on_the_server(dialect: Dialect, opened: dict[Dialect, Database]) -> None:
    role = Role(name="r", rows={"sales": "country = 'China'"})
    text = {
        "postgres": "SELECT order_id FROM sales WHERE 1 / (quantity - 2) >= 0",
        "mysql": "SELECT order_id FROM sales WHERE (quantity - 2) * 9223372036854775807 * 9 IS NOT NULL "
        "AND POW(10, 300 * (3 - quantity)) > -1",
    }[dialect]
    guard = guard_of(opened[dialect], role)
    assert "LIMIT 9223372036854775807" in guard.check(text).sql
    if dialect == "postgres":
        assert len(run(guard.check(text), opened[dialect], QueryLimits()).rows) == 2
        with pytest.raises(SqlError, match="zero"):
            run(guard_of(opened[dialect], "owner").check(text), opened[dialect], QueryLimits())


@pytest.mark.parametrize("dialect", SERVERS)
def test_groups_are_held_on_the_server(dialect: Dialect, opened: dict[Dialect, Database]) -> None:
    guard = guard_of(opened[dialect], Role(name="g", minimum_group=2))
    rows = run(
        guard.check("SELECT product, COUNT(*) AS n FROM sales GROUP BY 1"), opened[dialect], QueryLimits()
    ).rows
    assert rows == (("Mug", 2),)


def test_a_table_whose_name_has_capitals_can_be_asked(
    opened: dict[Dialect, Database], postgres_server: Server
) -> None:
    """As made by tools that quote every name: PostgreSQL then knows it by that spelling alone."""
    from sql.shop.drafting import shop_from_catalog

    made = postgres_server.create_database("guard_capitals")
    made.execute(
        'CREATE TABLE "Orders" ("OrderID" INTEGER, "Total" NUMERIC); INSERT INTO "Orders" VALUES (1, 2)'
    )
    made.make_reader()
    database = open_database(made.reader_url)
    shop = shop_from_catalog(database.catalog(), name="x", database="x")
    guard = Guard(shop, database.catalog(), Role(name="o"))
    for text in (
        "SELECT orderid, SUM(total) AS total FROM orders GROUP BY orderid",
        'SELECT o."OrderID", o.Total FROM Orders AS O',
        "SELECT * FROM orders",
        "SELECT orders.* FROM ORDERS JOIN orders AS other USING (OrderId)",
        "WITH t AS (SELECT OrderID, Total AS Sum FROM orders) SELECT T.orderid, t.SUM FROM t",
        "SELECT t.* FROM (SELECT Total AS Grand, OrderID FROM orders) AS t ORDER BY GRAND",
    ):
        query = guard.check(text)
        assert guard.check(query.sql) == query
        assert len(run(query, database, QueryLimits()).rows) == 1, text
    database.close()


def test_the_catalog_is_what_the_cases_assume(opened: dict[Dialect, Database]) -> None:
    """The fast run of the case file judges by DuckDB's catalog: the servers' has the same names."""
    for dialect in SERVERS:
        names = {t.name: [c.name for c in t.columns] for t in opened[dialect].catalog().tables}
        assert names["customers"] == ["customer_id", "name", "email", "country", "born in"]


def test_long_numbers_do_not_keep_postgres_busy(opened: dict[Dialect, Database]) -> None:
    """DECIMAL has up to 131,072 digits there; powers and logarithms of such run for seconds uninterrupted."""
    guard = guard_of(opened["postgres"], "owner")
    for text in (
        "SELECT LN(POWER(CAST(9.999999 AS DECIMAL), 130000))",
        "SELECT SUM(POWER(POWER(POWER(CAST(9.99 AS DECIMAL), 10), 10), 10)) FROM sales",
        "SELECT EXP(300000.0)",
    ):
        query = guard.check(text)
        assert "AS DOUBLE PRECISION" in query.sql
        with contextlib.suppress(QueryFailed):  # beyond double precision: an error is an answer, too
            run(query, opened["postgres"], QueryLimits())
    query = guard.check("SELECT POWER(1.1, 2), ROUND(LN(100.0), 3), LOG(10, 1000), LOG(2, 8), POWER(2, 0.5)")
    assert guard.check(query.sql) == query
    found = [float(v) for v in run(query, opened["postgres"], QueryLimits()).rows[0]]  # type: ignore[arg-type]
    assert found == pytest.approx([1.21, 4.605, 3, 3, 2**0.5])
