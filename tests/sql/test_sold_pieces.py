"""What was sold is counted as sold; what was shipped or refunded stays what it is."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.semantics import Metric, Shop
from sql.statement.parse import parse
from sql.statement.sold_pieces import sold_pieces

SOLD = Metric(name="units_sold", view="order_item", sql="SUM(CASE WHEN counts = 1 THEN qty_ordered END)")
SHOP = Shop(
    name="x",
    database="",
    views=(),
    metrics=(
        SOLD,
        Metric(name="total_order_item_qty_ordered", view="order_item", sql="SUM(qty_ordered)"),
        Metric(name="total_order_item_qty_shipped", view="order_item", sql="SUM(qty_shipped)"),
        Metric(name="total_order_item_qty_refunded", view="order_item", sql="SUM(qty_refunded)"),
        Metric(name="total_purchases_qty_ordered", view="purchases", sql="SUM(qty_ordered)"),
    ),
)
ORDERED, SHIPPED = "total_order_item_qty_ordered", "total_order_item_qty_shipped"
CASES = [
    ("近90天每个品类卖了多少件", ORDERED, "units_sold"),
    ("5 best selling items by qty", SHIPPED, "units_sold"),
    ("how many pieces were ordered and sold", ORDERED, ORDERED),
    ("how many of those sold were shipped", SHIPPED, SHIPPED),
    ("pieces by category", ORDERED, ORDERED),
    ("卖出还没发货的件数", SHIPPED, SHIPPED),
    ("how many of the pieces we sold have gone out", SHIPPED, SHIPPED),
    ("卖了多少件，下单多少件", f"units_sold, {ORDERED}", f"units_sold, {ORDERED}"),
    ("which sold items came back most", "total_order_item_qty_refunded", "total_order_item_qty_refunded"),
    ("what did we buy that sold", "total_purchases_qty_ordered", "total_purchases_qty_ordered"),
]


@pytest.mark.parametrize(("question", "written", "meant"), CASES, ids=[case[0] for case in CASES])
def test_what_was_sold_counts_as_sold(question: str, written: str, meant: str) -> None:
    text = "SELECT category, {0} FROM order_item GROUP BY category"
    told = sold_pieces(
        parse(text.format(written)), Links(question=question, mentions=()), SHOP, SHOP.metrics[:2]
    )
    assert str(told) == text.format(meant)
