"""Where a view finds nothing because it leaves such rows out, the view that has them is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llm.scripted import ScriptedEngine
from sql.ask import SqlAnswer, open_asker
from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.left_out import counted_view
from sql.statement.parse import parse

ROWS = """
CREATE TABLE heads (order_id INTEGER, placed DATE, status VARCHAR, land VARCHAR, member INTEGER);
INSERT INTO heads VALUES (1, '2026-05-02', 'sent', 'AT', 1), (2, '2026-05-03', 'cancelled', 'AT', 1),
  (3, '2026-05-09', 'cancelled', 'DE', 2), (4, '2026-06-01', 'sent', 'DE', 2);
CREATE TABLE lines (order_id INTEGER, amount INTEGER);
INSERT INTO lines VALUES (1, 10), (2, 20), (3, 30), (4, 40);
CREATE TABLE people (member INTEGER, source VARCHAR, joined DATE);
INSERT INTO people VALUES (1, 'ads', '2026-04-01'), (2, 'friends', '2026-04-02'), (3, 'ads', '2026-04-03');
"""
SHOP = """
name: Corner
database: shop.duckdb
today: "2026-06-30"
views:
  sales:
    sql: SELECT h.order_id, h.placed, h.land, h.member, l.amount FROM lines AS l JOIN heads AS h
      ON h.order_id = l.order_id WHERE h.status <> 'cancelled'
    time: placed
    refs: {order_id: orders, member: members}
    columns:
      order_id: {type: integer}
      placed: {type: date}
      land: {type: text, sampled: true}
      member: {type: integer}
      amount: {type: integer}
  orders:
    sql: SELECT * FROM heads
    time: placed
    key: order_id
    columns:
      order_id: {type: integer}
      placed: {type: date}
      status: {type: text, sampled: true}
      land: {type: text, sampled: true}
      member: {type: integer}
  members:
    sql: SELECT * FROM people
    time: joined
    key: member
    columns:
      member: {type: integer}
      source: {type: text, sampled: true}
      joined: {type: date}
metrics:
  revenue: {view: sales, sql: SUM(amount)}
  orders: {view: sales, sql: COUNT(DISTINCT order_id)}
  buyers: {view: sales, sql: COUNT(DISTINCT member)}
"""
CASES = [
    (
        "SELECT orders FROM sales WHERE status = 'cancelled'",
        "SELECT COUNT(order_id) FROM orders WHERE status = 'cancelled'",
        [(2,)],
    ),
    (
        "SELECT land, orders FROM sales WHERE DURING('May') AND status = 'cancelled' GROUP BY land",
        "SELECT land, COUNT(order_id) FROM orders WHERE DURING('May') AND status = 'cancelled' GROUP BY land",
        [("AT", 1), ("DE", 1)],
    ),
    (
        "SELECT SHARE(orders, status = 'cancelled') FROM sales WHERE DURING('May 2026')",
        "SELECT SHARE(COUNT(order_id), status = 'cancelled') FROM orders WHERE DURING('May 2026')",
        [(pytest.approx(2 / 3),)],
    ),
    (
        "SELECT land, orders FROM orders WHERE status = 'cancelled' GROUP BY land "
        "ORDER BY orders DESC LIMIT 1",
        "SELECT land, COUNT(order_id) FROM orders WHERE status = 'cancelled' GROUP BY land "
        "ORDER BY COUNT(order_id) DESC LIMIT 1",
        [("AT", 1)],
    ),
    (
        "SELECT order_id FROM sales WHERE status = 'cancelled' ORDER BY order_id",
        "SELECT order_id FROM orders WHERE status = 'cancelled' ORDER BY order_id",
        [(2,), (3,)],
    ),
]
KEPT = [
    # what is summed up has no other home
    ("SELECT revenue FROM sales WHERE status = 'cancelled'", [(0,)], ("status = 'cancelled'",)),
    # a buyer who came by an ad bought in another month: there is none in this one
    ("SELECT buyers FROM sales WHERE DURING('June 2026') AND source = 'ads'", [(0,)], ()),
    ("SELECT orders FROM sales WHERE DURING('May 2024') AND status = 'sent'", [(0,)], ()),
    ("SELECT orders FROM sales WHERE status = 'sent'", [(2,)], ()),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("left-out")
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(ROWS)
    (folder / "shop.yml").write_text(SHOP, encoding="utf-8")
    opened = open_workspace(load_shop(folder / "shop.yml"))
    yield opened
    opened.close()


def asked(workspace: Workspace, statement: str) -> SqlAnswer:
    engine = ScriptedEngine([statement, [statement] * 3], adapters=["language"])
    vocabulary = Vocabulary.build(workspace)
    asker = open_asker(workspace, engine, vocabulary, adapter="language", asks_always=True)
    when = re.search(r"DURING\('(.*?)'\)", statement)
    return asker.ask(f"what only the script knows{f' in {when[1]}' if when else ''}")


@pytest.mark.parametrize(("written", "meant", "rows"), CASES, ids=[c[0] for c in CASES])
def test_what_the_view_leaves_out_is_counted_where_it_is(
    workspace: Workspace, written: str, meant: str, rows: list[tuple[object, ...]]
) -> None:
    answer = asked(workspace, written)
    assert answer.compiled is not None
    assert (str(answer.compiled.statement), answer.never) == (meant, ())
    assert list(answer.table.rows) == rows


@pytest.mark.parametrize(("written", "rows", "never"), KEPT, ids=[c[0] for c in KEPT])
def test_a_statement_that_finds_what_is_there_or_has_no_other_home_stays(
    workspace: Workspace, written: str, rows: list[tuple[object, ...]], never: tuple[str, ...]
) -> None:
    answer = asked(workspace, written)
    assert answer.compiled is not None
    assert str(answer.compiled.statement) == written
    assert (list(answer.table.rows), tuple(map(str, answer.never))) == (rows, never)


def test_the_view_that_is_counted_is_that_of_the_metric(workspace: Workspace) -> None:
    for text in ("SELECT revenue FROM orders WHERE status = 'cancelled'", "SELECT orders FROM sales"):
        view = counted_view(parse(text), workspace.shop)
        assert view is not None and view.name == "sales"
