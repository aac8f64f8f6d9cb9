"""What only the owner knows: asked with choices, the first the draft's, and what an answer changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from script_file import write_file

from sql.databases import open_database
from sql.semantics import Shop
from sql.shop.describe import describe_database
from sql.shop.review import Question, reviewed
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

LINES = """
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, placed VARCHAR(20), status VARCHAR(20), total INTEGER, currency VARCHAR(3)
);
INSERT INTO orders VALUES (1, '03/05/2026', 'sent', 30, 'EUR'), (2, '04/05/2026', 'sent', 50, 'EUR'),
  (3, '05/06/2026', 'cancelled', 70, 'EUR'), (4, '06/07/2026', 'open', 11, 'EUR');
CREATE TABLE order_lines (order_id INTEGER, product VARCHAR(20), qty INTEGER, price INTEGER);
INSERT INTO order_lines VALUES
  (1, 'mug', 2, 10), (1, 'cup', 1, 10), (2, 'mug', 5, 10), (3, 'cup', 7, 10), (4, 'mug', 1, 11);
"""
ALONE = """
CREATE TABLE charges (
  charge_id INTEGER PRIMARY KEY, paid_at DATE, amount INTEGER, currency VARCHAR(3), status VARCHAR(20)
);
INSERT INTO charges VALUES
  (1, '2026-05-01', 1000, 'EUR', 'succeeded'), (2, '2026-05-02', 2050, 'EUR', 'succeeded'),
  (3, '2026-05-03', 999, 'EUR', 'failed');
"""


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def answered(path: Path, **answers: int) -> tuple[Shop, list[Question]]:
    """The description with answers by id, counted from 1, and what was asked."""
    asked: list[Question] = []

    def ask(question: Question) -> int:
        asked.append(question)
        return answers.get(question.id.partition(":")[0], 1) - 1

    database = open_database(str(path))
    try:
        found = describe_database(database, name="x", location=str(path))
        return reviewed(found, open_workspace(found.shop, database=database), ask), asked
    finally:
        database.close()


def figure(shop: Shop, statement: str, folder: Path) -> float:
    """What a statement gives over the description as it is written to its file."""
    file = folder / "shop.yml"
    file.write_text(dump_shop(shop), encoding="utf-8")
    workspace = open_workspace(load_shop(file))
    try:
        compiled = compile_statement(
            parse(statement), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        return float(str(workspace.run(compiled.sql).rows[0][0]))
    finally:
        workspace.close()


def test_the_first_choices_are_what_the_draft_took(kind: str, tmp_path: Path) -> None:
    path = write_file(kind, LINES, tmp_path)
    shop, asked = answered(path)
    assert [q.id for q in asked] == ["revenue", "cents", "sold", "dates:orders.placed"]
    assert all(q.rows is not None and len(q.rows.rows) > 1 for q in asked)
    assert figure(shop, "SELECT revenue FROM order_lines", tmp_path) == 91
    assert figure(shop, "SELECT number_of_orders FROM orders WHERE DURING('May 2026')", tmp_path) == 2


def test_another_amount_is_the_revenue(kind: str, tmp_path: Path) -> None:
    shop, asked = answered(write_file(kind, LINES, tmp_path), revenue=2)
    assert asked[0].choices[0] == "total of orders", "what the draft took"
    assert figure(shop, "SELECT revenue FROM orders", tmp_path) == 91
    (revenue,) = [m for m in shop.metrics if m.name == "revenue"]
    assert revenue.view == "order_lines" and revenue.parts is None


def test_cents_are_cents_in_the_lines_too(kind: str, tmp_path: Path) -> None:
    shop, _ = answered(write_file(kind, LINES, tmp_path), cents=2)
    assert figure(shop, "SELECT revenue FROM orders", tmp_path) == 0.91
    mugs = "SELECT revenue FROM order_lines WHERE product = 'mug'"
    assert round(figure(shop, mugs, tmp_path), 9) == 0.81


def test_what_was_cancelled_does_not_count(kind: str, tmp_path: Path) -> None:
    path = write_file(kind, LINES, tmp_path)
    shop, asked = answered(path)
    (sold,) = [q for q in asked if q.id == "sold"]
    assert sold.choices == ("all but cancelled", "those in every state")
    assert figure(answered(path, sold=2)[0], "SELECT revenue FROM order_lines", tmp_path) == 161
    assert figure(shop, "SELECT revenue FROM order_lines", tmp_path) == 91
    assert figure(shop, "SELECT units_sold FROM order_lines", tmp_path) == 9
    assert round(figure(shop, "SELECT average_order_value FROM order_lines", tmp_path), 4) == 30.3333
    # the orders themselves stay, to be asked about
    assert figure(shop, "SELECT number_of_orders FROM orders WHERE status = 'cancelled'", tmp_path) == 1


def test_a_state_on_the_rows_themselves_and_cents(kind: str, tmp_path: Path) -> None:
    path = write_file(kind, ALONE, tmp_path)
    shop, asked = answered(path, cents=2)
    assert [q.id for q in asked] == ["cents", "sold"]
    assert figure(shop, "SELECT revenue FROM charges", tmp_path) == 30.5
    assert figure(answered(path, sold=2)[0], "SELECT revenue FROM charges", tmp_path) == 4049


def test_months_may_come_first(kind: str, tmp_path: Path) -> None:
    shop, _ = answered(write_file(kind, LINES, tmp_path), dates=2)
    assert figure(shop, "SELECT number_of_orders FROM orders WHERE DURING('March 2026')", tmp_path) == 1
    assert figure(shop, "SELECT number_of_orders FROM orders WHERE DURING('April 2026')", tmp_path) == 1


def test_a_choice_that_is_not_there_is_told(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sold has 2 choices, counted from 1; not 5"):
        answered(write_file(kind, LINES, tmp_path), sold=5)
