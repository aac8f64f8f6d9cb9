"""Discounts, shares of a state, losses and lists of names, over lines and their orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from sql.question.linking import Vocabulary, link
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.heard import unheard
from sql.statement.listed import each_once
from sql.statement.parse import parse

TABLES = """
CREATE TABLE orders (order_id INTEGER, customer VARCHAR, state VARCHAR, delivered_on DATE, due_on DATE,
  freight INTEGER);
CREATE TABLE lines (order_id INTEGER, product VARCHAR, total INTEGER, discount INTEGER, profit INTEGER);
INSERT INTO orders VALUES (1, 'Ana', 'delivered', '2026-05-02', '2026-05-01', 3),
  (2, 'Ana', 'open', NULL, NULL, 3);
INSERT INTO lines VALUES (1, 'pan', 10, 1, 2), (1, 'pot', 20, 2, -1), (2, 'pan', 10, 0, 2);
"""


def view(name: str, columns: dict[str, str], **more: object) -> View:
    typed = tuple(
        ViewColumn(name=n, type=t, sampled=n == "state")  # type: ignore[arg-type]
        for n, t in columns.items()
    )
    return View(name=name, columns=typed, **more)  # type: ignore[arg-type]


SHOP = Shop(
    name="kitchen",
    database="",
    views=(
        view("orders", {"order_id": "integer", "customer": "text", "state": "text", "delivered_on": "date",
                        "due_on": "date", "freight": "integer"}, key=("order_id",)),
        view("lines", {"order_id": "integer", "product": "text", "total": "integer", "discount": "integer",
                       "profit": "integer"}, refs={"order_id": "orders"}),
    ),
    metrics=(
        Metric(name="revenue", view="lines", sql="SUM(total)"),
        Metric(name="number_of_orders", view="orders", sql="COUNT(*)"),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("kitchen") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
    opened = open_workspace(replace(SHOP, database=str(path)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


LATE = "SELECT SHARE(number_of_orders, delivered_on > due_on) FROM orders"
HEARD = [
    ("how much did we give away as discounts", "SELECT revenue FROM lines", ("discounts",)),
    ("how much did we give away as discounts", "SELECT SUM(discount) FROM lines", ()),
    ("revenue after discounts", "SELECT revenue FROM lines", ()),
    ("what did we charge for postage", "SELECT revenue FROM lines", ("postage",)),
    ("what did we charge for postage", "SELECT SUM(freight) FROM orders", ()),
    ("profit, total less discount", "SELECT SUM(total - discount) FROM lines", ()),
    ("一共优惠了多少", "SELECT revenue FROM lines", ("优惠",)),
    ("优惠券用了多少", "SELECT revenue FROM lines", ()),
    ("percentage of delivered orders that were late", LATE, ("delivered",)),
    ("percentage of delivered orders that were late", f"{LATE} WHERE state = 'delivered'", ()),
]  # fmt: skip


@pytest.mark.parametrize(("question", "statement", "missing"), HEARD)
def test_other_money_and_the_whole_of_a_share_are_missed(
    workspace: Workspace, vocabulary: Vocabulary, question: str, statement: str, missing: tuple[str, ...]
) -> None:
    links = link(question, vocabulary, workspace.today)
    compiled = compile_statement(parse(statement), workspace.shop, "duckdb", workspace.today)
    watched = ("discounts", "postage", "profit", "优惠", "delivered")
    assert tuple(w for w in unheard(links, compiled, workspace.shop) if w in watched) == missing


@pytest.mark.parametrize("question", ["which products lose money", "products sold at a loss", "哪些商品亏钱"])
def test_losses_mean_the_profit(workspace: Workspace, vocabulary: Vocabulary, question: str) -> None:
    links = link(question, vocabulary, workspace.today)
    assert any(m.kind == "column" and m.name == "profit" for m in links.mentions)


ONCE = [
    ("which customers bought a pan", "SELECT customer FROM lines WHERE product = 'pan'", True),
    ("list the products of order 1", "SELECT product FROM lines WHERE order_id = 1", True),
    ("list the lines of order 1", "SELECT product FROM lines WHERE order_id = 1", False),
    ("which orders are open", "SELECT customer FROM orders WHERE state = 'open'", False),
    ("list products and their totals", "SELECT product, total FROM lines", False),
    ("products of order 1", "SELECT product FROM lines WHERE order_id = 1", False),
]


@pytest.mark.parametrize(("question", "statement", "is_once"), ONCE)
def test_names_of_other_things_than_the_rows_stand_once(
    workspace: Workspace, vocabulary: Vocabulary, question: str, statement: str, is_once: bool
) -> None:
    links = link(question, vocabulary, workspace.today)
    before = parse(statement)
    after = each_once(before, links, workspace.shop)
    assert (after != before) == is_once
    rows = workspace.run(compile_statement(after, workspace.shop, "duckdb", workspace.today).sql).rows
    assert not is_once or len(rows) == len(set(rows))
