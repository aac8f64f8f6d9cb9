"""The shop as a role sees it: statements over what is hidden get the words of what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from sql.errors import WrongStatement
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.seen import seen_shop

SHOP = """\
name: Seen
database: shop.duckdb
today: 2026-06-30
views:
  orders:
    key: [order_id]
    time: ordered_on
    columns:
      order_id: {type: integer}
      ordered_on: {type: date}
      paid_on: {type: date}
      country: {type: text}
      total: {type: number}
  lines:
    refs: {order_id: orders}
    columns:
      line_id: {type: integer}
      order_id: {type: integer}
      item: {type: text}
      amount: {type: number}
metrics:
  revenue: {view: orders, sql: SUM(total), parts: {view: lines, sql: SUM(amount)}}
  paid: {view: orders, sql: SUM(total), time: paid_on}
  cost_share: {sql: paid / revenue}
roles:
  owner: {}
  clerk: {views: [orders]}
  timeless: {masked: [orders.ordered_on, orders.paid_on]}
  keyless: {masked: [orders.order_id, lines.order_id]}
default_role: owner
"""


@pytest.fixture(scope="module")
def as_role(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Workspace]]:
    folder = tmp_path_factory.mktemp("seen")
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE orders AS SELECT 1 AS order_id, DATE '2026-05-01' AS ordered_on, "
            "DATE '2026-06-02' AS paid_on, 'Italy' AS country, 30.0 AS total"
        )
        database.execute(
            "CREATE TABLE lines AS SELECT * FROM (VALUES (1, 1, 'Lamp', 20.0), (2, 1, 'Mug', 10.0)) "
            "AS v(line_id, order_id, item, amount)"
        )
    (folder / "shop.yml").write_text(SHOP, "utf-8")
    opened: dict[str, Workspace] = {}

    def as_role(role: str) -> Workspace:
        if role not in opened:
            opened[role] = open_workspace(load_shop(folder / "shop.yml"), role=role)
        return opened[role]

    yield as_role
    for each in opened.values():
        each.close()


def rows(workspace: Workspace, statement: str) -> list[tuple[object, ...]]:
    compiled = compile_statement(
        parse(statement), seen_shop(workspace), workspace.catalog.dialect, workspace.today, workspace.role
    )
    return list(workspace.run(compiled.sql).rows)


def test_what_is_seen_whole_is_asked_as_ever(as_role: Callable[[str], Workspace]) -> None:
    owner = as_role("owner")
    assert rows(owner, "SELECT item, revenue FROM lines GROUP BY item ORDER BY item") == [
        ("Lamp", 20), ("Mug", 10)
    ]  # fmt: skip
    assert rows(owner, "SELECT paid FROM orders WHERE DURING('June 2026')") == [(30,)]


def test_a_metric_whose_parts_are_hidden_is_asked_by_its_whole(as_role: Callable[[str], Workspace]) -> None:
    assert rows(as_role("clerk"), "SELECT country, revenue FROM orders GROUP BY country") == [("Italy", 30)]


@pytest.mark.parametrize(
    ("role", "statement", "hidden"),
    [
        ("clerk", "SELECT item, revenue FROM orders GROUP BY item", "lines"),
        ("clerk", "SELECT COUNT(*) FROM linen", "lines"),
        ("timeless", "SELECT revenue FROM orders WHERE DURING('May 2026')", "ordered_on"),
        ("timeless", "SELECT MONTH, revenue FROM orders GROUP BY MONTH", "ordered_on"),
        ("timeless", "SELECT paid FROM orders", "paid_on"),
        ("timeless", "SELECT cost_share FROM orders", "paid_on"),
        ("timeless", "SELECT order_on FROM orders", "ordered_on"),
        ("keyless", "SELECT country, COUNT(*) FROM lines GROUP BY country", "order_id"),
    ],
)
def test_no_fault_names_what_is_hidden(
    role: str, statement: str, hidden: str, as_role: Callable[[str], Workspace]
) -> None:
    with pytest.raises(WrongStatement) as caught:
        rows(as_role(role), statement)
    assert hidden not in str(caught.value)


TWO_WAYS = """\
name: Two ways
database: shop.duckdb
today: 2026-06-30
views:
  orders:
    key: [order_id]
    columns: {order_id: {type: integer}, total: {type: number}}
  lines:
    refs: {order_id: orders, product_id: products}
    columns: {order_id: {type: integer}, product_id: {type: integer}, amount: {type: number}}
  returns:
    refs: {order_id: orders, product_id: products}
    columns: {order_id: {type: integer}, product_id: {type: integer}}
  products:
    key: [product_id]
    columns: {product_id: {type: integer}, kind: {type: text}}
metrics:
  revenue: {view: orders, sql: SUM(total), parts: {view: lines, sql: SUM(amount)}}
"""


def test_shares_are_of_the_parts_that_stand_in_though_orders_lead_to_their_kind_two_ways(
    tmp_path: Path,
) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE orders AS SELECT * FROM (VALUES (1, 50.0), (2, 50.0)) AS v(order_id, total);"
            "CREATE TABLE products AS SELECT * FROM (VALUES (1, 'tea'), (2, 'cup')) AS v(product_id, kind);"
            "CREATE TABLE lines AS SELECT * FROM (VALUES (1, 1, 30.0), (1, 2, 30.0), (2, 1, 60.0)) "
            "AS v(order_id, product_id, amount);"
            "CREATE TABLE returns AS SELECT * FROM (VALUES (1, 1)) AS v(order_id, product_id);"
        )
    (tmp_path / "shop.yml").write_text(TWO_WAYS, "utf-8")
    workspace = open_workspace(load_shop(tmp_path / "shop.yml"))
    try:
        shares = rows(
            workspace, "SELECT kind, revenue, SHARE(revenue) FROM lines GROUP BY kind ORDER BY kind"
        )
        assert shares == [("cup", 30, 0.25), ("tea", 90, 0.75)]
    finally:
        workspace.close()
