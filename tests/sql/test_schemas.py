"""Tables of every schema are seen, named and asked, on a real DuckDB and a real PostgreSQL; no others are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.databases import Database, open_database
from sql.databases.table_names import Placed, usable_names
from sql.errors import ShopFileError, UnknownName, UnsafeQuery
from sql.question.linking import Vocabulary
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.types import Dialect

TABLES = """
CREATE SCHEMA main_marts; CREATE SCHEMA raw; CREATE SCHEMA shop;
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, country VARCHAR(20));
CREATE TABLE main_marts.orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER, amount DECIMAL(10, 2));
CREATE TABLE main_marts.lines (order_id INTEGER REFERENCES main_marts.orders (order_id), units INTEGER);
CREATE TABLE raw.customers (id INTEGER, note VARCHAR(20));
CREATE TABLE raw.lines (id INTEGER);
CREATE TABLE shop.stock (product VARCHAR(20), on_hand INTEGER);
CREATE VIEW main_marts.large AS SELECT order_id FROM main_marts.orders WHERE amount > 15;
INSERT INTO customers VALUES (1, 'Spain'), (2, 'Italy');
INSERT INTO main_marts.orders VALUES (10, 1, 10.00), (11, 2, 20.00), (12, 2, 30.00);
INSERT INTO main_marts.lines VALUES (10, 1), (11, 2), (12, 3);
INSERT INTO raw.customers VALUES (7, 'raw');
INSERT INTO raw.lines VALUES (1);
INSERT INTO shop.stock VALUES ('Lamp', 5), ('Mug', 7);
"""
"""A file ``shop.duckdb`` with a schema ``shop``: DuckDB takes ``shop.stock`` for either."""


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    kind: Dialect = request.param
    if kind == "postgres":
        server = request.getfixturevalue("postgres_server").create_database("schemas")
        server.execute(TABLES)
        location = server.admin_url
    else:
        location = str(tmp_path_factory.mktemp("schemas") / "shop.duckdb")
        with duckdb.connect(location) as connection:
            connection.execute(TABLES.replace("shop.stock", "shop.shop.stock"))
    opened = open_database(location)
    yield opened
    opened.close()


def guessed(database: Database) -> Shop:
    return shop_from_catalog(database.catalog(), name="x", database="x")


def view(name: str, sql: str, *columns: str) -> View:
    return View(
        name=name, sql=sql, columns=tuple(ViewColumn(name=c, type="number") for c in columns or ("amount",))
    )


def rows(database: Database, sql: str, *views: View, role: Role | None = None) -> list[tuple[object, ...]]:
    base = guessed(database)
    shop = Shop(
        name="x",
        database="x",
        views=views or base.views,
        roles=(role or Role(name="owner"),),
        default_role=role.name if role else "owner",
    )
    return list(open_workspace(shop, database=database).run(sql).rows)


def test_tables_of_every_schema_are_there_under_usable_names(database: Database) -> None:
    catalog = database.catalog()
    assert {t.name for t in catalog.tables} == {
        "customers",
        "orders",
        "large",
        "stock",
        "raw_customers",
        "main_marts_lines",
        "raw_lines",
    }
    lines = catalog.table("main_marts_lines")
    assert lines is not None and lines.is_qualified and lines.place == ("main_marts", "lines")
    assert [k.target_table for k in lines.foreign_keys] == ["orders"]
    customers = catalog.table("customers")
    assert customers is not None and not customers.is_qualified
    assert [c.name for c in customers.columns] == ["customer_id", "country"]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT SUM(amount) AS a FROM orders", [(60,)]),
        ("SELECT COUNT(*) AS n FROM large", [(2,)]),
        ("SELECT SUM(on_hand) AS n FROM stock", [(12,)]),
        ("SELECT note FROM raw_customers", [("raw",)]),
        (
            "SELECT c.country, SUM(l.units) AS n FROM orders AS o JOIN main_marts_lines AS l "
            "ON l.order_id = o.order_id JOIN customers AS c ON c.customer_id = o.customer_id "
            "GROUP BY c.country ORDER BY n",
            [("Spain", 1), ("Italy", 5)],
        ),
        (
            "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
            "SELECT COUNT(*) AS n FROM n JOIN orders ON orders.order_id = 9 + n.i",
            [(3,)],
        ),
    ],
)
def test_a_shop_that_nobody_described_asks_them(
    database: Database, sql: str, found: list[tuple[object, ...]]
) -> None:
    assert rows(database, sql) == found


def test_what_init_writes_asks_them(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(dump_shop(guessed(database)), encoding="utf-8")
    workspace = open_workspace(load_shop(path), database=database)
    vocabulary = Vocabulary.build(workspace)
    for question, statement, found in (
        ("total amount of the orders", "SELECT SUM(amount) FROM orders", [(60,)]),
        # a key of one schema leads to a table of another
        (
            "units of the lines above 15",
            "SELECT SUM(units) FROM main_marts_lines WHERE amount > 15",
            [(5,)],
        ),
        ("notes of the raw customers", "SELECT note FROM raw_customers", [("raw",)]),
        ("stock of lamps", "SELECT on_hand FROM stock WHERE product = 'Lamp'", [(5,)]),
    ):
        answer = open_asker(workspace, ScriptedEngine([statement]), vocabulary).ask(question)
        assert list(answer.table.rows) == found, answer.table.query.sql


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT amount FROM main_marts.orders",
        'SELECT o.amount FROM "main_marts"."orders" AS o',
        "SELECT orders.amount FROM main_marts.orders",
        "SELECT main_marts.orders.amount FROM main_marts.orders",
        "SELECT amount FROM orders",
        "SELECT orders.amount FROM orders JOIN main_marts_lines USING (order_id)",
        "SELECT orders.amount FROM orders JOIN raw_lines ON raw_lines.id < orders.order_id",
        "SELECT o.amount FROM main_marts.orders AS o JOIN main_marts.lines AS l ON l.order_id = o.order_id",
        "WITH mine AS (SELECT * FROM main_marts.orders) SELECT amount FROM mine",
        "WITH orders AS (SELECT * FROM main_marts.orders) SELECT orders.amount FROM orders",
    ],
)
def test_a_view_may_name_a_schema(database: Database, sql: str) -> None:
    assert rows(database, "SELECT SUM(amount) AS a FROM sales", view("sales", sql)) == [(60,)]
    named = view("orders", sql)  # called as the table that it reads
    assert rows(database, "SELECT SUM(amount) AS a FROM orders", named) == [(60,)]


def test_two_tables_of_one_name_stay_two(database: Database) -> None:
    both = view(
        "pairs",
        "SELECT c.customer_id, r.id FROM customers AS c CROSS JOIN raw.customers AS r",
        "customer_id",
        "id",
    )
    assert rows(database, "SELECT SUM(customer_id) AS c, MAX(id) AS r FROM pairs", both) == [(3, 7)]
    own = "public" if database.dialect == "postgres" else "main"
    main = view("c", f"SELECT customer_id FROM {own}.customers", "customer_id")
    assert rows(database, "SELECT SUM(customer_id) AS c FROM c", main) == [(3,)]
    with pytest.raises(ShopFileError, match="customer_id"):
        rows(database, "SELECT 1", view("c", "SELECT customer_id FROM raw.customers", "customer_id"))


@pytest.mark.parametrize(
    ("role", "sql", "found"),
    [
        (Role(name="r", rows={"orders": "amount > 15"}), "SELECT SUM(amount) AS a FROM orders", [(50,)]),
        (
            Role(name="r", masked=frozenset({("orders", "amount")})),
            "SELECT COUNT(*) AS n FROM orders",
            [(3,)],
        ),
        (Role(name="r", minimum_group=2), "SELECT SUM(amount) AS a FROM orders", [(60,)]),
    ],
)
def test_roles_hold_for_them(
    database: Database, role: Role, sql: str, found: list[tuple[object, ...]]
) -> None:
    assert rows(database, sql, role=role) == found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM main_marts.orders",
        "SELECT * FROM raw.customers",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_class",
        "SELECT main_marts.orders.amount FROM orders",
    ],
)
def test_a_statement_may_still_not_name_a_schema(database: Database, sql: str) -> None:
    with pytest.raises(UnsafeQuery):
        rows(database, sql)


@pytest.mark.parametrize(
    "table",
    [
        "information_schema.tables",
        "pg_catalog.pg_tables",
        "other.main.secrets",
        "other.secrets",
        "temp.main.t",
        "raw.nothing",
        "nowhere.orders",
    ],
)
def test_a_view_reaches_no_system_schema_and_no_other_database(database: Database, table: str) -> None:
    with pytest.raises(ShopFileError, match=f"reads {table}, which the database does not have"):
        rows(database, "SELECT 1", view("v", f"SELECT 1 AS amount FROM {table}"))


def test_a_budget_of_rows_counts_them(database: Database) -> None:
    workspace = open_workspace(guessed(database), database=database)
    plan = database.explain(workspace.guard.check("SELECT a.order_id FROM orders AS a, orders AS b"))
    assert plan.cost is not None and plan.cost >= 9


def test_sqlite_and_its_main_schema_are_as_before(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.sqlite") as file:
        file.execute("CREATE TABLE t (x INTEGER)")
    file.close()
    opened = open_database(str(tmp_path / "s.sqlite"))
    with pytest.raises(ShopFileError, match=r"reads main\.t, which"):
        rows(opened, "SELECT 1", view("v", "SELECT x AS amount FROM main.t"))
    with pytest.raises(UnknownName):
        rows(opened, "SELECT y FROM t")
    opened.close()


@pytest.mark.parametrize(
    ("tables", "names"),
    [
        ([("main", "a", True), ("x", "b", False)], ["a", "b"]),
        ([("main", "a", True), ("x", "A", False)], ["a", "x_A"]),
        ([("x", "a", False), ("y", "a", False)], ["x_a", "y_a"]),
        ([("x", "a", False), ("y", "a", False), ("main", "x_a", True)], ["x_a_2", "y_a", "x_a"]),
    ],
)
def test_one_name_means_one_table(tables: list[tuple[str, str, bool]], names: list[str]) -> None:
    assert list(usable_names({i: Placed(*t) for i, t in enumerate(tables)}).values()) == names
