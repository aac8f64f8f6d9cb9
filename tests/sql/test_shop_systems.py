"""What the tables of well-known shop systems mean that do not say it: over DuckDB and SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest
from described_shop import described, inserted, rows

N = 40
DAYS = [f"2026-0{1 + n // 20}-{1 + n % 20:02d}" for n in range(N)]


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def kingdee() -> str:
    """Orders with a flag of cancelling; lines with the day on which they are to go out, in another month."""
    orders = [f"({1000 + n}, 'SE{n:03d}', '{day}', {int(n % 8 == 0)})" for n, day in enumerate(DAYS)]
    lines = [
        f"({1000 + n // 2}, {1 + n % 2}, '2026-03-{1 + n % 20:02d}', 2, {10 + 10 * (n % 2)})"
        for n in range(2 * N)
    ]
    return (
        "CREATE TABLE SEOrder (FInterID INTEGER, FBillNo VARCHAR(9), FDate DATE, FCancellation INTEGER);"
        "CREATE TABLE SEOrderEntry (FInterID INTEGER, FEntryID INTEGER, FAdviceConsignDate DATE, "
        "FQty INTEGER, FAmount INTEGER);" + inserted("SEOrder", orders) + inserted("SEOrderEntry", lines)
    )


def magento() -> str:
    """Orders in two currencies, a part of them paid, and lines of what was put together of others."""
    orders = [
        f"({n}, '{day}', 'complete', 110, 100, {100 if n % 4 else 0})" for n, day in enumerate(DAYS, start=1)
    ]
    lines = [f"({n}, {n}, NULL, {n % 5 + 1}, 2, 100)" for n in range(1, N + 1)]
    parts = [f"({N + n}, {n}, {n}, {n % 5 + 6}, 2, 0)" for n in range(1, N + 1, 2)]
    return (
        "CREATE TABLE sales_order (entity_id INTEGER, created_at DATE, state VARCHAR(9), "
        "grand_total INTEGER, base_grand_total INTEGER, base_total_paid INTEGER);"
        "CREATE TABLE sales_order_item (item_id INTEGER, order_id INTEGER, parent_item_id INTEGER, "
        "product_id INTEGER, qty_ordered INTEGER, base_row_total INTEGER);"
        + inserted("sales_order", orders)
        + inserted("sales_order_item", [*lines, *parts])
    )


def till() -> str:
    """Receipts that were voided."""
    receipts = [
        f"({n}, '{day}', {'true' if n % 10 == 0 else 'false'})" for n, day in enumerate(DAYS, start=1)
    ]
    return (
        "CREATE TABLE receipts (receipt_no INTEGER, sold_at DATE, voided BOOLEAN);"
        "CREATE TABLE receipt_lines (receipt_no INTEGER, line_no INTEGER, item VARCHAR(9), qty INTEGER, "
        "amount INTEGER);"
        + inserted("receipts", receipts)
        + inserted("receipt_lines", [f"({n}, 1, 'mug', 1, 10)" for n in range(1, N + 1)])
    )


def customers_orders() -> str:
    """Orders called after their customers, who have days of their own; and amounts before a discount."""
    orders = [f"({n}, {1 + n % 9}, '{day}', 100, 10, 90)" for n, day in enumerate(DAYS)]
    people = [f"({n}, '2020-05-0{n}')" for n in range(1, 10)]
    return (
        "CREATE TABLE customer (id INTEGER, created_at DATE);"
        "CREATE TABLE customer_orders (id INTEGER, customer_id INTEGER, date DATE, base_amount INTEGER, "
        "discount INTEGER, amount INTEGER);"
        + inserted("customer", people)
        + inserted("customer_orders", orders)
    )


CASES = [
    # 35 of 40 orders were not cancelled; 17 of these in the first 20 days
    (
        "lines are of their order's day",
        kingdee,
        "SELECT revenue FROM SEOrderEntry WHERE DURING('January 2026')",
        510,
    ),
    ("cancelled by a flag", kingdee, "SELECT revenue FROM SEOrderEntry", 1050),
    ("the shop's currency, paid or not", magento, "SELECT revenue FROM sales_order", 4000),
    ("pieces of whole lines", magento, "SELECT units_sold FROM sales_order_item", 80),
    ("voided at the till", till, "SELECT revenue FROM receipt_lines", 360),
    (
        "orders have their own day, and what was paid",
        customers_orders,
        "SELECT revenue FROM customer_orders WHERE DURING('January 2026')",
        1800,
    ),
]


@pytest.mark.parametrize(
    ("script", "statement", "figure"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_figure_is_what_the_system_means(
    kind: str, script: object, statement: str, figure: int, tmp_path: Path
) -> None:
    assert callable(script)
    assert rows(described(kind, script(), tmp_path), statement) == [(figure,)]
