"""What init makes of warehouses and of copies that connectors write: facts, calendars, history, marks."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llm.constraint import Constraint, byte_tokenizer
from sql.databases import open_database
from sql.question.linking import Vocabulary, link
from sql.semantics import Shop
from sql.shop.describe import describe_database
from sql.shop.technical import own_tables
from sql.shop.trade_words import without_prefix
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.language_grammar import LanguageGrammar
from sql.statement.parse import parse
from sql.statement.sayable import sayable
from sql.statement.seen import seen_shop

FIRST = dt.date(2024, 12, 1)
Rows = list[tuple[Any, ...]]
Opened = Callable[[str], tuple[Shop, Workspace]]


def _key(day: dt.date) -> int:
    return int(f"{day:%Y%m%d}")


def warehouse(rate: float = 0.5, *, is_converted: bool = True) -> dict[str, tuple[str, Rows]]:
    """Sales of 400 days: customer 3 moved, product 2 was renamed, every tenth order was cancelled."""
    days = [FIRST + dt.timedelta(n) for n in range(-700, 500)]
    calendar = [
        (_key(d), str(d), d.year, d.month, (d.month + 2) // 3, d.strftime("%A"), d.year + (d.month > 1),
         int(d.month == 12 and d.day == 25))
        for d in days
    ]  # fmt: skip
    customers = [
        (1, "C1", "Ann", "Bath", "2020-01-01", "9999-12-31", 1),
        (2, "C2", "Bob", "York", "2020-01-01", "9999-12-31", 1),
        (3, "C3", "Cyd", "Bath", "2020-01-01", "2025-03-01", 0),
        (4, "C3", "Cyd", "Leeds", "2025-03-01", "9999-12-31", 1),
        (-1, "?", "Unknown", "Unknown", "1900-01-01", "9999-12-31", 1),
    ]
    products = [(n, f"P{n}", f"lamp {n}", "2020-01-01", None, "Y") for n in range(1, 13)]
    products[1] = (2, "P2", "lamp 2", "2020-01-01", "2025-02-01", "N")
    products.append((20, "P2", "lamp two", "2025-02-01", None, "Y"))
    sales = []
    for n in range(400):
        day = FIRST + dt.timedelta(n)
        is_euro = n % 5 == 0
        price = (10 + n % 12) * (1 if is_converted or not is_euro else 1 / rate)
        who = -1 if n % 50 == 7 else 1 + n % 3 if n < 90 else (1, 2, 4)[n % 3]
        what = 20 if n % 12 == 1 and n > 62 else 1 + n % 12
        profile, currency = 2 if n // 2 % 10 == 0 else 1, "EUR" if is_euro else "GBP"
        written = (1, price + 2, price, currency, rate if is_euro else 1.0, 17, f"{day} 04:00:00")
        sales.append((n, f"O{n // 2}", _key(day), who, what, profile, *written))
    stock = [(_key(days[n * 7]), p, 1 + n % 2, 5 * p) for n in range(120) for p in range(1, 13)]
    return {
        "dim_date": (
            "date_key INTEGER, full_date DATE, year_number INTEGER, month_number INTEGER, "
            "quarter_number INTEGER, day_name TEXT, fiscal_year INTEGER, is_holiday INTEGER",
            calendar,
        ),
        "dim_customer": (
            "customer_key INTEGER, customer_id TEXT, first_name TEXT, city TEXT, valid_from DATE, "
            "valid_to DATE, is_current INTEGER",
            customers,
        ),
        "dim_product": (
            "product_key INTEGER, product_id TEXT, product_name TEXT, valid_from DATE, valid_to DATE, "
            "current_flag TEXT",
            products,
        ),
        "dim_order_profile": (
            "order_profile_key INTEGER, order_status TEXT",
            [(1, "Completed"), (2, "Cancelled")],
        ),
        "fact_sales": (
            "sales_line_key INTEGER, order_number TEXT, order_date_key INTEGER, customer_key INTEGER, "
            "product_key INTEGER, order_profile_key INTEGER, quantity INTEGER, gross_sales_amount DOUBLE, "
            "net_sales_amount DOUBLE, transaction_currency_code TEXT, fx_rate_to_gbp DOUBLE, "
            "etl_batch_id INTEGER, dw_inserted_at TIMESTAMP",
            sales,
        ),
        "fact_inventory_daily": (
            "snapshot_date_key INTEGER, product_key INTEGER, store_number INTEGER, quantity_on_hand INTEGER",
            stock,
        ),
        "stg_sales": ("txn_id TEXT, gross DOUBLE", [("a", 1.0)]),
        "dim_customer_bkp_20250110": ("customer_key INTEGER, city TEXT", [(1, "Bath")]),
        "etl_batch_log": ("etl_batch_id INTEGER, started_at TIMESTAMP", [(17, "2025-01-01 04:00:00")]),
    }


def connector() -> dict[str, tuple[str, Rows]]:
    """A shop as a connector copies it: deleted rows, tests, cancelled orders, and when a row was synced."""
    orders, lines = [], []
    for n in range(100):
        day = f"{FIRST + dt.timedelta(n)} 10:00:00"
        is_test, is_off, is_gone = int(n % 20 == 1), n % 10 == 2, int(n % 25 == 3)
        state = "pending" if n % 10 == 4 else "voided" if n % 50 == 5 else "paid"
        off = day if is_off else None
        told = (day, off, is_test, state, "10.50", is_gone, "2026-01-29 23:40:00")
        orders.append((n, 1 + n % 30, 900 + n % 2, *told))
        lines.append((n, n, 1 + n % 9, 2, 5.25, "2026-01-29 23:45:00"))
    return {
        "orders": (
            "id INTEGER, customer_id INTEGER, user_id INTEGER, created_at TIMESTAMP, cancelled_at TIMESTAMP, "
            "test INTEGER, financial_status TEXT, total_price TEXT, _fivetran_deleted INTEGER, "
            "_fivetran_synced TIMESTAMP",
            orders,
        ),
        "order_line": (
            "id INTEGER, order_id INTEGER, product_id INTEGER, quantity INTEGER, price DOUBLE, "
            "_fivetran_synced TIMESTAMP",
            lines,
        ),
        "customer": ("id INTEGER, email TEXT", [(n, f"c{n}@example.org") for n in range(1, 31)]),
        "product": ("id INTEGER, title TEXT", [(n, f"lamp {n}") for n in range(1, 10)]),
    }


def flagged() -> dict[str, tuple[str, Rows]]:
    """A shop whose orders say by 0 and 1 whether they were paid, with a log that numbers its lines from 1."""
    orders = [
        (n, n % 40 + 1, 20.0, 18.0, int(n % 5 > 0), n % 3, 1_740_000_000 + 3_600 * n) for n in range(1, 201)
    ]
    return {
        "eb_store_order": (
            "id INTEGER, uid INTEGER, total_price DOUBLE, pay_price DOUBLE, paid INTEGER, "
            "refund_status INTEGER, add_time INTEGER",
            orders,
        ),
        "eb_store_order_cart_info": (
            "id INTEGER, oid INTEGER, product_id INTEGER, cart_num INTEGER",
            [(n, 1 + n % 200, 1 + n % 9, 1) for n in range(1, 301)],
        ),
        "eb_store_order_status": (
            "id INTEGER, oid INTEGER, change_type TEXT",
            [(n, 1 + n % 200, "pay") for n in range(1, 601)],
        ),
        "eb_store_product": ("id INTEGER, store_name TEXT", [(n, f"茶 {n}") for n in range(1, 10)]),
        "eb_user": ("id INTEGER, nickname TEXT", [(n, f"n{n}") for n in range(1, 41)]),
    }


SHOPS = {
    "warehouse": warehouse,
    "paid in euros": lambda: warehouse(is_converted=False),
    "connector": connector,
    "flagged": flagged,
}


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder, kept = tmp_path_factory.mktemp("warehouses"), {}

    def described(kind: str) -> tuple[Shop, Workspace]:
        if kind not in kept:
            file = folder / f"{kind.replace(' ', '_')}.{request.param}"
            write(file, SHOPS[kind](), is_sqlite=request.param == "sqlite")
            database = open_database(str(file))
            shop = describe_database(database, name="x", location=str(file)).shop
            kept[kind] = shop, open_workspace(shop, database=database)
        return kept[kind]

    yield described
    for _, workspace in kept.values():
        workspace.close()


def write(file: Path, tables: dict[str, tuple[str, Rows]], *, is_sqlite: bool) -> None:
    connection: Any = sqlite3.connect(file) if is_sqlite else duckdb.connect(str(file))
    for name, (columns, rows) in tables.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.commit()
    connection.close()


def answer(opened: Opened, kind: str, statement: str) -> list[tuple[Any, ...]]:
    shop, workspace = opened(kind)
    dialect = workspace.catalog.dialect
    rows = workspace.run(compile_statement(parse(statement), shop, dialect, workspace.today).sql).rows
    return [tuple(v if isinstance(v, str | int | None) else float(v) for v in row) for row in rows]


def sold(of: Callable[[tuple[Any, ...]], bool] = lambda row: True) -> list[tuple[Any, ...]]:
    """Sales that were not cancelled."""
    return [row for row in warehouse()["fact_sales"][1] if row[5] == 1 and of(row)]


def test_income_is_net_in_one_currency_and_without_what_was_cancelled(opened: Opened) -> None:
    total = sum(row[8] for row in sold())
    assert answer(opened, "warehouse", "SELECT revenue FROM fact_sales") == [(pytest.approx(total),)]
    assert opened("warehouse")[0].currency == "GBP"
    # the same prices as they were paid: twice as many euros, that are worth half a pound each
    assert answer(opened, "paid in euros", "SELECT revenue FROM fact_sales") == [(pytest.approx(total),)]
    orders = {row[1] for row in sold()}
    assert answer(opened, "warehouse", "SELECT number_of_orders FROM fact_sales") == [(len(orders),)]


def test_a_fact_has_the_days_of_its_calendar(opened: Opened) -> None:
    of_january = sum(r[8] for r in sold(lambda r: 20250101 <= r[2] <= 20250131))
    said = "SELECT revenue FROM fact_sales WHERE DURING('January 2025')"
    assert answer(opened, "warehouse", said) == [(pytest.approx(of_january),)]
    shop, _ = opened("warehouse")
    sales, calendar = shop.view("fact_sales"), shop.view("dim_date")
    assert sales is not None and sales.time == "order_date" and shop.fiscal_year_starts == 2
    # what no day tells by itself is still asked of the calendar
    assert calendar is not None and [c.name for c in calendar.columns] == ["date_key", "is_holiday"]
    holidays = sum(r[8] for r in sold(lambda r: r[2] % 10000 == 1225))
    by_holiday = dict(
        answer(opened, "warehouse", "SELECT is_holiday, revenue FROM fact_sales GROUP BY is_holiday")
    )
    assert by_holiday[1] == pytest.approx(holidays)


def test_who_moved_is_one_customer_and_lives_where_they_live_now(opened: Opened) -> None:
    assert answer(opened, "warehouse", "SELECT number_of_dim_customer FROM dim_customer") == [(3,)]
    assert answer(opened, "warehouse", "SELECT number_of_dim_product FROM dim_product") == [(12,)]
    by_city = dict(answer(opened, "warehouse", "SELECT city, revenue FROM fact_sales GROUP BY city"))
    moved = sum(row[8] for row in sold(lambda row: row[3] in (3, 4)))
    assert by_city["Leeds"] == pytest.approx(moved) and set(by_city) - {None} == {"Bath", "York", "Leeds"}
    assert answer(opened, "warehouse", "SELECT COUNT(DISTINCT customer_key) FROM fact_sales") == [(3,)], (
        "nobody"
    )
    renamed = answer(opened, "warehouse", "SELECT COUNT(*) FROM fact_sales WHERE product_name = 'lamp two'")
    assert renamed == [(sum(row[4] in (2, 20) for row in warehouse()["fact_sales"][1]),)]
    nothing = "SELECT product_name FROM dim_product WHERE product_key HAS NO fact_sales"
    assert answer(opened, "warehouse", nothing) == []


def test_stock_of_many_days_is_that_of_the_last(opened: Opened) -> None:
    shop, _ = opened("warehouse")
    pieces = next(m for m in shop.metrics if "in stock" in m.synonyms)
    assert pieces.last == "snapshot_date"
    found = answer(opened, "warehouse", f"SELECT {pieces.name} FROM fact_inventory_daily")
    assert found == [(sum(5 * p for p in range(1, 13)),)]


def test_what_a_program_keeps_for_itself_is_left_out(opened: Opened) -> None:
    shop, _ = opened("warehouse")
    names = {view.name for view in shop.views}
    assert not names & {"stg_sales", "dim_customer_bkp_20250110", "etl_batch_log"}
    columns = {column.name for view in shop.views for column in view.columns}
    assert not columns & {"etl_batch_id", "dw_inserted_at", "_fivetran_synced", "is_current", "valid_to"}


@pytest.mark.parametrize(
    ("names", "own"),
    [
        (["orders", "orders_backup", "customers"], ["orders_backup"]),
        (["订单报表", "订单报表_备份", "商品"], ["订单报表_备份"]),
        (["backup", "orders"], []),
        (["orders", "zz_orders_bkp_20241231"], ["zz_orders_bkp_20241231"]),
        (["old_town_shops", "orders"], []),
        (["stg_orders", "orders"], []),
        (["dim_a", "dim_b", "fact_c", "stg_c", "agg_c"], ["stg_c", "agg_c"]),
        (["etl_log"], []),
        ([*"abcdefgh", "django_session", "orders"], ["django_session"]),
    ],
)
def test_which_tables_are_a_programs_own(names: list[str], own: list[str]) -> None:
    assert own_tables(names) == own


def test_a_layer_is_no_part_of_what_a_table_holds() -> None:
    found = without_prefix(["dim_customer", "DIM_product", "fct_orders", "stores"])
    assert list(found.values()) == ["customer", "product", "orders", "stores"]
    assert without_prefix(["f_name", "d_name"]) == {"f_name": "f_name", "d_name": "d_name"}


def test_a_connectors_copy_counts_what_the_shop_sold(opened: Opened) -> None:
    orders = [row for row in connector()["orders"][1] if not row[8]]
    kept = [row for row in orders if row[4] is None and not row[5] and row[6] != "voided"]
    assert answer(opened, "connector", "SELECT revenue FROM orders") == [(pytest.approx(10.5 * len(kept)),)]
    assert answer(opened, "connector", "SELECT COUNT(*) FROM orders") == [(len(orders),)]
    shop, _ = opened("connector")
    line = shop.view("order_line")
    assert line is not None and line.time is None and shop.bindings["customer"] == "orders.customer_id"


def test_yes_and_no_are_no_amounts_and_a_state_is_no_line_of_a_log(opened: Opened) -> None:
    paid = [row for row in flagged()["eb_store_order"][1] if row[4]]
    assert answer(opened, "flagged", "SELECT revenue FROM eb_store_order") == [(18.0 * len(paid),)]
    shop, _ = opened("flagged")
    order, line = shop.view("eb_store_order"), shop.view("eb_store_order_cart_info")
    assert order is not None and dict(order.refs) == {"uid": "eb_user"}
    assert line is not None and line.refs["oid"] == "eb_store_order" and "cart_num" not in line.refs
    assert shop.bindings["customer"] == "eb_store_order.uid"


def test_a_condition_before_from_stays_within_what_the_engine_reads(tmp_path: Path) -> None:
    """Over many tables with values, where every view is still possible: llguidance stops at 2,000 items."""
    tables = {
        f"dim_{n}": (
            f"k{n} INTEGER, " + ", ".join(f"c{n}_{m} TEXT" for m in range(8)),
            [(r, *(f"v{m}_{r % 5}" for m in range(8))) for r in range(20)],
        )
        for n in range(14)
    }
    links = ", ".join(f"k{n} INTEGER" for n in range(14))
    for n in range(4):
        tables[f"fact_{n}"] = (
            f"id{n} INTEGER, {links}, amount DOUBLE",
            [(r, *[r] * 14, 2.0) for r in range(20)],
        )
    file = tmp_path / "wide.duckdb"
    write(file, tables, is_sqlite=False)
    database = open_database(str(file))
    shop = describe_database(database, name="x", location=str(file)).shop
    workspace = open_workspace(shop, database=database)
    vocabulary = Vocabulary.build(workspace)
    links_of = link("what share of the amount has v1_2?", vocabulary, workspace.today)
    grammar = LanguageGrammar(seen_shop(workspace), is_taught=True).of(
        sayable(links_of, vocabulary, workspace, previous="")
    )
    constraint = Constraint(byte_tokenizer(), grammar)
    for text in ("SELECT SHARE(COUNT(*), ", "c3_1 = 'v1_2') FROM fact_1"):
        constraint.consume(list(text.encode()))
    assert constraint.is_complete
    workspace.close()
