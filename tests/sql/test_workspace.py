"""A shop opened under a role: where its database is, which day it is, what its roles may ask."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from pathlib import Path

import duckdb
import pytest
import small_shop

from sql.databases import open_database
from sql.errors import DatabaseUnavailable, NotAllowed, QueryCancelled, ShopFileError
from sql.semantics import Shop
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.types import Dialect


@pytest.fixture(params=["duckdb", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    path = small_shop.build(tmp_path, request.param)
    made = small_shop.small_shop(Path(path.name))
    (tmp_path / "shop.yml").write_text(dump_shop(made), encoding="utf-8")
    return load_shop(tmp_path / "shop.yml")


def test_the_database_is_found_beside_the_file(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    workspace = open_workspace(shop)
    assert workspace.role.name == "owner"
    assert workspace.run("SELECT SUM(amount) AS revenue FROM sales").rows[0][0] == 105
    workspace.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        workspace.run("SELECT 1")


def test_the_day_is_that_of_the_data_for_every_role(shop: Shop) -> None:
    for role in ("owner", "analyst", "china"):
        workspace = open_workspace(shop, role=role)
        assert workspace.today == dt.date(2025, 3, 31)
        workspace.close()


def test_the_clock_is_read_where_no_role_may_look(shop: Shop) -> None:
    roles = tuple(
        dataclasses.replace(role, masked=role.masked | {("sales", "ordered_at")}) for role in shop.roles
    )
    workspace = open_workspace(dataclasses.replace(shop, roles=roles), role="china")
    assert workspace.today == dt.date(2025, 3, 31)
    with pytest.raises(NotAllowed):
        workspace.run("SELECT MAX(ordered_at) FROM sales")
    workspace.close()


def test_the_day_may_be_given(shop: Shop) -> None:
    workspace = open_workspace(dataclasses.replace(shop, today=dt.date(2024, 2, 29)))
    assert workspace.today == dt.date(2024, 2, 29)
    workspace.close()


def test_the_day_may_be_real(shop: Shop) -> None:
    before = dt.date.today()
    workspace = open_workspace(dataclasses.replace(shop, today=None))
    assert before <= workspace.today <= dt.date.today()
    workspace.close()


@pytest.mark.parametrize(
    ("today", "words"),
    [
        ("max(sales.nothing)", "there is no column nothing"),
        ("max(nothing.ordered_at)", "there is no view nothing"),
        ("max(sales.product)", "holds no date"),
        ("max(sales.ordered_at) + 1", "must be a date"),
    ],
)
def test_a_clock_that_cannot_be_read_is_told(shop: Shop, today: str, words: str) -> None:
    with pytest.raises(ShopFileError, match=words) as caught:
        open_workspace(dataclasses.replace(shop, today=today))
    assert caught.value.line is not None


def test_a_clock_over_no_rows_is_told(tmp_path: Path) -> None:
    path = small_shop.build(tmp_path, "duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM order_lines")
    with pytest.raises(ShopFileError, match="holds no date"):
        open_workspace(small_shop.small_shop(path))


def test_an_unknown_role_is_told(shop: Shop) -> None:
    with pytest.raises(ShopFileError, match="no role 'boss'; the shop has owner, analyst, china"):
        open_workspace(shop, role="boss")


def test_a_missing_database_is_told(shop: Shop) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        open_workspace(dataclasses.replace(shop, database="gone.duckdb"))


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_a_database_that_is_open_already_is_used_and_left_open(tmp_path: Path, dialect: Dialect) -> None:
    path = small_shop.build(tmp_path, dialect)
    database = open_database(str(path))
    shop = dataclasses.replace(small_shop.small_shop(Path("nowhere")), today="max(sales.product)")
    with pytest.raises(ShopFileError):
        open_workspace(shop, database=database)
    workspace = open_workspace(dataclasses.replace(shop, today=None), database=database)
    assert workspace.database is database
    assert workspace.run("SELECT COUNT(*) FROM orders").rows == ((4,),)
    workspace.close()


def test_two_roles_of_one_file_may_be_open_at_once(shop: Shop) -> None:
    one, two = open_workspace(shop, role="owner"), open_workspace(shop, role="analyst")
    assert one.run("SELECT COUNT(*) FROM customers").rows == two.run("SELECT COUNT(*) FROM customers").rows
    one.close()
    assert two.run("SELECT COUNT(*) FROM customers").rows == ((3,),)
    two.close()


def test_run_can_be_stopped(shop: Shop) -> None:
    workspace = open_workspace(shop)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(QueryCancelled):
        workspace.run("SELECT 1", cancel)
    workspace.close()
