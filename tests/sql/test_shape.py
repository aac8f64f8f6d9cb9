"""Questions whose statement is almost decided by their words, and those that are left to the open grammar."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools

import asking_shop
import pytest

from sql.question.cues import find_cues
from sql.question.linking import Vocabulary, link
from sql.semantics import View, ViewColumn
from sql.shop.workspace import open_workspace
from sql.statement.shape import _outer_columns, frame, read_views, shapes

MAY = "ordered_at >= '2026-05-01' AND ordered_at < '2026-06-01'"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("shape"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace):
    return Vocabulary.build(workspace)


def statements(question, workspace, vocabulary):
    links = link(question, vocabulary, workspace.today)
    cues = find_cues(links)
    made = shapes(frame(read_views(links, vocabulary)[0], links, cues, vocabulary, "duckdb"))
    return [
        "".join(c) for s in made for c in itertools.product(*[(p,) if isinstance(p, str) else p for p in s])
    ]


ONLY = [
    ("What was the revenue last month?", f"SELECT SUM(amount) AS revenue FROM sales WHERE {MAY}"),
    ("上个月的销售额", f"SELECT SUM(amount) AS revenue FROM sales WHERE {MAY}"),
    (
        "Revenue by country last month",
        f"SELECT country, SUM(amount) AS revenue FROM sales WHERE {MAY} GROUP BY 1 ORDER BY SUM(amount) DESC",
    ),
    (
        "top 3 brands by units in Germany",
        "SELECT brand, SUM(quantity) AS units_sold FROM sales WHERE country = 'Germany' GROUP BY 1 "
        "ORDER BY SUM(quantity) DESC LIMIT 3",
    ),
    (
        "Revenue per brand, highest first",
        "SELECT brand, SUM(amount) AS revenue FROM sales GROUP BY 1 ORDER BY SUM(amount) DESC",
    ),
    (
        "各品牌销售额从低到高",
        "SELECT brand, SUM(amount) AS revenue FROM sales GROUP BY 1 ORDER BY SUM(amount) ASC",
    ),
    (
        "profit per month",
        (
            "SELECT CAST(DATE_TRUNC('MONTH', ordered_at) AS DATE) AS month, SUM(profit) AS profit FROM sales "
            "GROUP BY 1 ORDER BY 1"
        ),
    ),
    (
        "Revenue by country and month",
        "SELECT CAST(DATE_TRUNC('MONTH', ordered_at) AS DATE) AS month, country, SUM(amount) AS revenue FROM "
        "sales GROUP BY 1, 2 "
        "ORDER BY 1",
    ),
    (
        "How many customers are not from Germany?",
        "SELECT COUNT(*) AS customers FROM customers WHERE country <> 'Germany'",
    ),
    (
        "How many customers never bought anything?",
        "SELECT COUNT(*) AS customers FROM customers WHERE orders = 0",
    ),
    ("How many orders were cancelled?", "SELECT COUNT(*) AS orders FROM orders WHERE status = 'cancelled'"),
    (
        "Which categories had less than 100 euros of revenue?",
        (
            "SELECT category, SUM(amount) AS revenue FROM sales GROUP BY 1 HAVING SUM(amount) < 100 "
            "ORDER BY SUM(amount) DESC"
        ),
    ),
    (
        "What share of the revenue came through the app?",
        (
            "SELECT CAST(SUM(CASE WHEN channel = 'app' THEN amount ELSE 0 END) AS DOUBLE) "
            "/ NULLIF(SUM(amount), 0) AS share FROM sales"
        ),
    ),
    ("where is order 2?", "SELECT status FROM orders WHERE order_id = 2"),
    ("When was order 1 delivered?", "SELECT delivered_at FROM orders WHERE order_id = 1"),
    (
        "Revenue in Germany versus France",
        "SELECT country, SUM(amount) AS revenue FROM sales WHERE country IN ('Germany', 'France') GROUP BY 1 "
        "ORDER BY SUM(amount) DESC",
    ),
    (
        "Compare the revenue of May 2026 with May 2025",
        "SELECT CAST(DATE_TRUNC('MONTH', ordered_at) AS DATE) AS month, SUM(amount) AS revenue FROM sales "
        "WHERE "
        f"(({MAY}) OR (ordered_at >= '2025-05-01' AND ordered_at < '2025-06-01')) GROUP BY 1 ORDER BY 1",
    ),
    (
        "How did revenue change last month?",
        "SELECT CAST(DATE_TRUNC('MONTH', ordered_at) AS DATE) AS month, SUM(amount) AS revenue FROM sales "
        "WHERE "
        "ordered_at >= '2026-04-01' AND ordered_at < '2026-06-01' GROUP BY 1 ORDER BY 1",
    ),
    ("average order value of orders", "SELECT AVG(amount) AS average_amount FROM orders"),
]


@pytest.mark.parametrize(("question", "sql"), ONLY)
def test_the_only_statement(workspace, vocabulary, question, sql):
    assert statements(question, workspace, vocabulary) == [sql]
    workspace.run(sql)


def test_a_dimension_that_is_merely_named_is_a_choice(workspace, vocabulary):
    found = statements("revenue of each country, maybe the brand too", workspace, vocabulary)
    assert {s.count("GROUP BY 1, 2") for s in found} == {0, 1}


def test_a_plural_leaves_the_number_of_rows_open(workspace, vocabulary):
    found = statements("Which countries have the highest revenue?", workspace, vocabulary)
    assert sorted(s.endswith("LIMIT 1") for s in found) == [False, True]


@pytest.mark.parametrize(
    "question",
    [
        "Which customers ordered more than the average?",
        "revenue of 17 and 18",
        "orders that were not shipped with 3 boxes",
    ],
)
def test_what_is_not_understood_has_no_shape(workspace, vocabulary, question):
    assert statements(question, workspace, vocabulary) == []


def test_every_shape_runs(workspace, vocabulary):
    for question in (
        "best brand",
        "products in Audio",
        "lowest revenue by brand",
        "how many products sold",
        "orders in May",
    ):
        for sql in statements(question, workspace, vocabulary):
            workspace.run(sql)


def test_no_group_without_a_name_is_the_best() -> None:
    sql = (
        "SELECT o.id, g.name AS campaign, c.name, COALESCE(g.cost, 0) AS cost FROM orders o "
        "JOIN customers c ON c.id = o.customer LEFT JOIN campaigns AS g ON g.id = o.campaign"
    )
    assert _outer_columns(sql, "duckdb") == {"campaign"}
    assert _outer_columns("SELECT 1 UNION SELECT 2", "duckdb") == _outer_columns("", "duckdb") == frozenset()


@pytest.mark.parametrize(
    ("question", "is_left_out"),
    [
        ("Revenue by campaign", False),
        ("Revenue for each campaign", True),
        ("Revenue of every campaign last month", True),
        ("每个活动的销售额", True),
        ("Which campaign has the highest revenue?", True),
    ],
)
def test_what_belongs_to_none_is_not_shown_beside_each(question, is_left_out, tmp_path):
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    sales = next(v for v in shop.views if v.name == "sales")
    sales = dataclasses.replace(
        sales,
        sql="SELECT i.*, p.name AS campaign FROM order_items AS i"
        " LEFT JOIN people AS p ON p.customer_id = i.order_id",
        columns=(*sales.columns, asking_shop.text("campaign", "活动")),
    )
    views = tuple(sales if v.name == "sales" else v for v in shop.views)
    with contextlib.closing(open_workspace(dataclasses.replace(shop, views=views))) as opened:
        (sql,) = statements(question, opened, Vocabulary.build(opened))
    assert ("campaign IS NOT NULL" in sql) is is_left_out


PAYMENTS = View(
    name="payments",
    synonyms=("付款",),
    sql="SELECT 1 AS payment_id, TIMESTAMP '2026-05-01' AS attempted_at, 'failed' AS status",
    time="attempted_at",
    columns=(
        asking_shop.whole("payment_id"),
        asking_shop.moment("attempted_at"),
        asking_shop.text("status", failed=("declined", "失败")),
    ),
)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many payments failed?", "SELECT COUNT(*) AS payments FROM payments WHERE status = 'failed'"),
        ("付款失败的有多少？", "SELECT COUNT(*) AS payments FROM payments WHERE status = 'failed'"),
        (
            "How many orders had a failed payment?",
            "SELECT COUNT(*) AS orders FROM orders WHERE status = 'payment_failed'",
        ),
    ],
)
def test_a_value_that_holds_another_views_name_is_said_of_that_view(question, sql, tmp_path):
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    orders = next(v for v in shop.views if v.name == "orders")
    status = asking_shop.text("status", payment_failed=("failed payment", "付款失败"))
    orders = dataclasses.replace(
        orders,
        sql="SELECT order_id, ordered_at, 'payment_failed' AS status FROM order_states",
        columns=(*orders.columns[:2], status),
    )
    views = tuple(v for v in shop.views if v.name != "orders")
    opened = open_workspace(dataclasses.replace(shop, views=(*views, orders, PAYMENTS)))
    with contextlib.closing(opened):
        assert statements(question, opened, Vocabulary.build(opened)) == [sql]


VISITS = View(
    name="visits",
    sql="SELECT 1 AS visit_id, TRUE AS has_cart, FALSE AS has_ordered",
    columns=(
        asking_shop.whole("visit_id"),
        ViewColumn(name="has_cart", type="boolean", synonyms=("filled a cart", "加购")),
        ViewColumn(name="has_ordered", type="boolean", synonyms=("bought",)),
    ),
)


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("How many visits filled a cart?", ["has_cart"]),
        ("How many visits filled a cart but bought nothing?", None),
        ("How many visits filled a cart where nothing was bought?", ["has_cart AND NOT has_ordered"]),
        ("How many visits bought something without having filled a cart?", ["NOT has_cart AND has_ordered"]),
    ],
)
def test_a_denial_is_of_the_words_behind_it(question, where, tmp_path):
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    opened = open_workspace(dataclasses.replace(shop, views=(*shop.views, VISITS)))
    with contextlib.closing(opened):
        made = statements(question, opened, Vocabulary.build(opened))
    if where is None:
        assert len(made) != 1, "left to the model"
        return
    assert [set(sql.rpartition(" WHERE ")[2].split(" AND ")) for sql in made] == [
        set(each.split(" AND ")) for each in where
    ]


@pytest.mark.parametrize(
    ("question", "is_count"),
    [
        ("德国的金额是多少？", False),
        ("折扣为多少", False),
        ("德国有多少订单？", True),
        ("多少客户来自法国？", True),
    ],
)
def test_how_much_it_is_asks_for_no_count(question, is_count, workspace, vocabulary):
    assert find_cues(link(question, vocabulary, workspace.today)).is_count is is_count
