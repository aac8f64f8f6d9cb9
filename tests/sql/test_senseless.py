"""Parts of a statement that can tell nothing."""

from __future__ import annotations

import pytest

from sql.question.linking import Links, Mention
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.parse import parse
from sql.statement.senseless import (
    contradicts_itself,
    delay_from,
    lacks_another,
    shares_of_the_whole,
    shortfalls,
    shows_nothing,
    unasked_kind,
    unasked_length,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT country, SHARE(revenue, country = 'FR'), SHARE(revenue, country = 'BE') FROM sales "
            "WHERE DURING('2025') GROUP BY country ORDER BY country LIMIT 5",
            "SELECT SHARE(revenue, country = 'FR'), SHARE(revenue, country = 'BE') FROM sales "
            "WHERE DURING('2025')",
        ),
        (
            "SELECT SHARE(revenue, country IN ('FR', 'BE')) FROM sales GROUP BY country",
            "SELECT SHARE(revenue, country IN ('FR', 'BE')) FROM sales",
        ),
        # of each country the app's share, and beside revenue the grouping tells something
        ("SELECT country, SHARE(revenue, channel = 'app') FROM sales GROUP BY country", ""),
        ("SELECT country, revenue, SHARE(revenue, country = 'FR') FROM sales GROUP BY country", ""),
        ("SELECT country, SHARE(revenue) FROM sales GROUP BY country", ""),
    ],
)
def test_a_share_of_what_is_grouped_by_is_told_of_the_whole(written: str, meant: str) -> None:
    assert str(shares_of_the_whole(parse(written))) == (meant or written)


@pytest.mark.parametrize(
    ("written", "is_told"),
    [
        ("SELECT id, closed FROM complaints WHERE closed IS NULL", True),
        ("SELECT id, opened FROM complaints WHERE closed IS NULL", False),
        ("SELECT id, closed FROM complaints WHERE closed IS NOT NULL", False),
        ("SELECT closed, COUNT(*) FROM complaints WHERE closed IS NULL GROUP BY closed", False),
        # nothing but what its rows were chosen by
        ("SELECT item FROM items WHERE item = 'Angle grinder' AND class = 'GR'", True),
        ("SELECT item, price FROM items WHERE item = 'Angle grinder'", False),
        ("SELECT item FROM items WHERE item <> 'Angle grinder'", False),
        ("SELECT total FROM orders WHERE total = MAX(total)", False),
        # the same twice
        ("SELECT opened_count, opened_count FROM groups", True),
        ("SELECT opened_count, ONLY(opened_count, state = 'done') FROM groups", False),
    ],
)
def test_a_list_of_rows_that_lack_a_value_does_not_show_it(written: str, is_told: bool) -> None:
    assert (shows_nothing(parse(written)) is not None) == is_told


@pytest.mark.parametrize(
    ("question", "written", "meant"),
    [
        (
            "which are below the minimum, and how many are they short",
            "SELECT name, stock - minimum FROM items WHERE stock < minimum ORDER BY stock - minimum LIMIT 5",
            "SELECT name, minimum - stock FROM items WHERE stock < minimum "
            "ORDER BY minimum - stock DESC LIMIT 5",
        ),
        (
            "各差多少件",
            "SELECT stock - minimum FROM items WHERE minimum > stock",
            "SELECT minimum - stock FROM items WHERE minimum > stock",
        ),
        ("how short of cost are they", "SELECT price - cost FROM items WHERE price < cost", ""),
        ("stock less the minimum", "SELECT stock - minimum FROM items WHERE stock < minimum", ""),
        ("how many are they short", "SELECT minimum - stock FROM items WHERE stock < minimum", ""),
        ("how many are they short", "SELECT stock - minimum FROM items", ""),
    ],
)
def test_what_is_short_is_told_as_what_is_lacking(question: str, written: str, meant: str) -> None:
    assert str(shortfalls(parse(written), Links(question=question, mentions=()))) == (meant or written)


@pytest.mark.parametrize(
    ("where", "is_told"),
    [
        ("id HAS orders COUNT = 1 AND id HAS NO orders", True),
        ("id HAS orders DURING('2024') AND id HAS NO orders DURING('2025')", False),
        ("id HAS orders AND id HAS NO returns", False),
        ("id HAS orders COUNT = 1", False),
    ],
)
def test_nobody_has_orders_and_none(where: str, is_told: bool) -> None:
    statement = parse(f"SELECT COUNT(id) FROM customers WHERE {where}")
    assert (contradicts_itself(statement) is not None) == is_told


@pytest.mark.parametrize(
    ("question", "where", "is_told"),
    [
        ("orders sent within 2 days", "DAYS(placed, sent) <= 2", False),
        ("orders sent on the same day", "DAYS(placed, sent) = 0", False),
        ("orders that arrived later than expected", "DAYS(due, sent) > 0", False),
        ("超过了预计送达时间的订单", "DAYS(due, sent) > 0", False),
        ("our best customers, all time", "DAYS(placed, sent) = 0", True),
        ("our best customers, all time", "DAYS(placed, sent) <= 7", True),
        ("our best customers", "amount > 0", False),
    ],
)
def test_a_length_of_time_that_nobody_said_is_none_of_a_condition(
    question: str, where: str, is_told: bool
) -> None:
    statement = parse(f"SELECT id FROM orders WHERE {where}")
    assert (unasked_length(statement, {2.0}, question) is not None) == is_told


SHOP = Shop(
    name="x",
    database="",
    views=(
        View(
            name="orders",
            columns=tuple(
                ViewColumn(name=name, type=kind)
                for name, kind in (
                    ("order_date", "date"),
                    ("required_date", "date"),
                    ("shipped_date", "date"),
                    ("channel", "text"),
                    ("rep", "text"),
                    ("discount_amount", "number"),
                )
            ),
        ),
        View(
            name="visits",
            columns=(ViewColumn(name="came", type="date"), ViewColumn(name="left_at", type="date")),
        ),
    ),
    metrics=(
        Metric(name="revenue", view="orders", sql="SUM(total)"),
        Metric(name="total_orders_discount_amount", view="orders", sql="SUM(discount_amount)"),
        Metric(name="number_of_discounts", view="orders", sql="COUNT(*)"),
    ),
)


@pytest.mark.parametrize(
    ("question", "item", "is_told"),
    [
        ("what's the average delay in days?", "AVG(DAYS(order_date, shipped_date))", True),
        ("which order had the longest delay", "MAX(DAYS(order_date, required_date))", True),
        ("平均延误几天", "AVG(DAYS(required_date, shipped_date))", False),
        ("how many days from order to dispatch", "AVG(DAYS(order_date, shipped_date))", False),
        ("average delay between order and shipping", "AVG(DAYS(order_date, shipped_date))", False),
    ],
)
def test_a_delay_is_counted_from_what_was_promised(question: str, item: str, is_told: bool) -> None:
    assert (delay_from(parse(f"SELECT {item} FROM orders"), question, SHOP) is not None) == is_told


def test_a_delay_is_any_time_where_nothing_was_promised() -> None:
    statement = parse("SELECT AVG(DAYS(came, left_at)) FROM visits")
    assert delay_from(statement, "average delay", SHOP) is None


@pytest.mark.parametrize(
    ("question", "where", "is_told"),
    [
        ("orders without rep", "channel IS NULL", True),
        ("没挂rep的单子", "channel IS NULL", True),
        ("orders without rep", "rep IS NULL", False),
        ("orders of each rep without a channel", "channel IS NULL", False),
    ],
)
def test_what_is_lacking_is_what_was_named(question: str, where: str, is_told: bool) -> None:
    at = question.index("rep")
    named = Mention(kind="column", view="orders", name="rep", start=at, end=at + 3, text="rep", score=1.0)
    links = Links(question=question, mentions=(named,))
    assert (lacks_another(parse(f"SELECT COUNT(*) FROM orders WHERE {where}"), links) is not None) == is_told


@pytest.mark.parametrize(
    ("question", "item", "before", "is_told"),
    [
        ("cash taken at castle street", "total_orders_discount_amount", "", True),
        ("how much did we take", "SUM(discount_amount)", "", True),
        ("how much did we take off", "SUM(discount_amount)", "", False),
        ("满减一共多少", "total_orders_discount_amount", "", False),
        ("how much did we take", "revenue", "", False),
        ("how often was each code used", "number_of_discounts", "", False),
        ("per month", "total_orders_discount_amount", "SELECT SUM(discount_amount) FROM orders", False),
    ],
)
def test_nobody_is_told_of_discounts_who_did_not_ask(
    question: str, item: str, before: str, is_told: bool
) -> None:
    links = Links(question=question, mentions=())
    previous = parse(before) if before else None
    wrong = unasked_kind(parse(f"SELECT {item} FROM orders"), previous, links, SHOP)
    assert (wrong is not None) == is_told
