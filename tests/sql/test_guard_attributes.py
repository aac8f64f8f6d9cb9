"""Rows by user: ``:name`` in a role's rules stands for the asking user's attribute, as a value only."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import small_shop

from sql.databases import Database, open_database
from sql.errors import ShopFileError, SqlError
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Attributes, Role
from sql.shop.shopfile import check_shop
from sql.shop.workspace import open_workspace
from sql.types import Dialect

HERE = Role(name="local", rows={"sales": "country = :country", "customers": "country IN (:countries)"})
NASTY = (
    "it's",
    "' OR 1=1 --",
    "\\' OR 1=1 -- ",
    '" OR ""="',
    "\\",
    "中国",
    "%",
    "$$",
    "a;b",
    "/*x*/",
    "a\\'b",
)


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(str(small_shop.build(tmp_path_factory.mktemp("users"), request.param)))


def guard_of(database: Database, role: Role, user: Attributes | None) -> Guard:
    return Guard(small_shop.small_shop(Path("x")), database.catalog(), role, user)


def count(database: Database, user: Attributes, view: str, role: Role = HERE) -> object:
    guard = guard_of(database, role, user)
    query = guard.check(f"SELECT COUNT(*) FROM {view}")
    assert guard.check(query.sql) == query
    return run(query, database, role.limits).rows[0][0]


def test_each_user_gets_their_own_rows(database: Database) -> None:
    user: Attributes = {"country": "China", "countries": ("Germany", "China")}
    assert count(database, user, "sales") == 2
    assert count(database, user, "customers") == 3
    assert count(database, {"country": "Germany", "countries": "China"}, "customers") == 2
    assert count(database, {"country": "Spain", "countries": ()}, "customers") == 0


@pytest.mark.parametrize("value", NASTY)
def test_a_value_is_never_read_as_sql(database: Database, value: str) -> None:
    assert count(database, {"country": value, "countries": (value, value)}, "sales") == 0
    assert count(database, {"country": value, "countries": (value, value)}, "customers") == 0


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
def test_a_value_is_of_its_columns_type(database: Database, dialect: Dialect) -> None:
    """MySQL takes every text for 0 when it compares it with a number: ``country = 0`` is true of all rows."""
    catalog = dataclasses.replace(database.catalog(), dialect=dialect)
    shop = small_shop.small_shop(Path("x"))

    def printed(rule: str, user: Attributes) -> str:
        role = Role(name="r", rows={"customers": rule})
        return Guard(shop, catalog, role, user).check("SELECT COUNT(*) FROM customers").sql

    assert "country = '0'" in printed("country = :c", {"c": 0})
    assert "country = '0.5'" in printed("country = :c", {"c": 0.5})
    assert "country IN ('0', 'China')" in printed("country IN (:c)", {"c": (0, "China")})
    assert "'7' = country" in printed(":c = country", {"c": 7})
    assert "customer_id = 7" in printed("customer_id = :c", {"c": "7"})
    for wrong in ("China", "", "7 OR 1=1", (1, "x"), True):
        with pytest.raises(ShopFileError, match="attribute c"):
            printed("customer_id = :c", {"c": wrong})
    with pytest.raises(ShopFileError, match="attribute c"):
        printed("country = :c", {"c": False})
    if dialect == "mysql":
        with pytest.raises(ShopFileError, match="compared with no column itself"):
            printed("LOWER(country) = :c", {"c": 0})


def test_numbers_stand_for_numbers(database: Database) -> None:
    role = Role(name="r", rows={"orders": "customer_id = :me OR customer_id IN (:mine, 99)"})
    assert count(database, {"me": 1, "mine": (2, -3)}, "orders", role) == 3
    assert count(database, {"me": -1, "mine": 1.5}, "orders", role) == 0


def test_not_in_an_empty_list_gives_nothing_rather_than_everything(database: Database) -> None:
    role = Role(name="r", rows={"orders": "customer_id NOT IN (:blocked)"})
    assert count(database, {"blocked": (1,)}, "orders", role) == 2
    assert count(database, {"blocked": ()}, "orders", role) == 0


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (None, "needs the attribute country of the asking user"),
        ({"countries": "x"}, "needs the attribute country"),
        ({"country": ("a", "b"), "countries": "x"}, r"is a list; write IN \(:country\)"),
        ({"country": float("nan"), "countries": "x"}, "neither a text, a number nor a list"),
        ({"country": "a\0b", "countries": "x"}, "is no plain text"),
        ({"country": None, "countries": "x"}, "neither a text"),
    ],
)
def test_what_cannot_be_filled_in_is_told(database: Database, user: Attributes | None, words: str) -> None:
    with pytest.raises(ShopFileError, match=words):
        guard_of(database, HERE, user)


def test_a_user_cannot_reach_the_values_by_name(database: Database) -> None:
    guard = guard_of(database, HERE, {"country": "China", "countries": "China"})
    with pytest.raises(SqlError, match="parameters"):
        guard.check("SELECT order_id FROM sales WHERE country = :country")


def test_a_shop_whose_roles_wait_for_users_can_be_checked_and_opened(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "duckdb")
    shop = dataclasses.replace(small_shop.small_shop(path), roles=(*small_shop.ROLES, HERE))
    database = open_database(str(path))
    check_shop(shop, database.catalog())
    with pytest.raises(ShopFileError, match="the attribute country"):
        open_workspace(shop, role="local", database=database)
    workspace = open_workspace(shop, role="local", user={"country": "China", "countries": "China"})
    assert workspace.run("SELECT COUNT(*) FROM sales").rows == ((2,),)
    assert workspace.user == {"country": "China", "countries": "China"}
    workspace.close()
    open_workspace(shop, role="owner", database=database).close()


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
@pytest.mark.parametrize("value", NASTY)
def test_every_dialect_reads_back_the_value_that_was_written(
    dialect: Dialect, value: str, tmp_path: Path
) -> None:
    from sqlglot import exp, parse_one

    from sql.lock.placeholders import attribute_nodes

    text = attribute_nodes(value)[0].sql(dialect=dialect)
    read = parse_one(f"SELECT {text}", read=dialect).expressions[0]
    assert isinstance(read, exp.Literal) and read.this == value


def test_hidden_rows_do_not_tell_of_themselves_by_failing(database: Database) -> None:
    """The role's condition holds before the statement's own, which fails on rows that are hidden."""
    role = Role(name="r", rows={"sales": "country = 'China'"})
    fails = {
        "duckdb": "CAST(REPLACE(REPLACE(product, 'Bag', '1'), 'Mug', '2') AS INTEGER) > 0",
        "sqlite": "ABS(quantity - 9223372036854775807 - 3) > 0",  # quantity 2 is in Germany alone
    }[database.dialect]
    guard = guard_of(database, role, None)
    query = guard.check(f"SELECT order_id FROM sales WHERE {fails}")
    assert len(run(query, database, role.limits).rows) == 2
    if database.dialect == "sqlite":  # the fence is what holds: without it the hidden row fails
        import sqlite3

        unfenced = query.sql.replace(" LIMIT 9223372036854775807", "")
        path = database._path  # type: ignore[attr-defined]
        with pytest.raises(sqlite3.OperationalError, match="overflow"):
            sqlite3.connect(path).execute(unfenced).fetchall()
    whole = guard_of(database, Role(name="owner"), None)
    with pytest.raises(SqlError):
        run(whole.check(f"SELECT order_id FROM sales WHERE {fails}"), database, role.limits)
