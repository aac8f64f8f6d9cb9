"""A list shows what was asked for, the names of what was found, and its days by one clock."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.question.number_ends import number_end
from sql.semantics import Shop, View, ViewColumn
from sql.statement.ends_as_said import ends_as_said
from sql.statement.one_clock import by_one_clock
from sql.statement.parse import parse
from sql.statement.routes import Routes
from sql.statement.shown_as_asked import with_names_that_were_found, without_what_was_given


def view(name: str, columns: str, **parts: object) -> View:
    texts = tuple(ViewColumn(name=column, type="text") for column in columns.split())
    return View(name=name, columns=texts, **parts)  # type: ignore[arg-type]


SHOP = Shop(
    name="x",
    database="",
    views=(
        view("customers", "customer_id company_name city phone", key=("customer_id",)),
        view(
            "orders", "order_id customer_id status sent", key=("order_id",), refs={"customer_id": "customers"}
        ),
        view("stores", "store_id store_phone fax_phone", key=("store_id",)),
    ),
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SELECT area, rep FROM reps WHERE area = 'Bavaria'", "SELECT rep FROM reps WHERE area = 'Bavaria'"),
        ("SELECT area FROM reps WHERE area = 'Bavaria'", ""),
        ("SELECT area, rep FROM reps WHERE area <> 'Bavaria'", ""),
        ("SELECT area, COUNT(*) FROM reps WHERE area = 'Bavaria' GROUP BY area", ""),
        ("SELECT area, SUM(sold) FROM reps WHERE area = 'Bavaria'", ""),
        ("SELECT name, price FROM products WHERE price = MAX(price)", ""),
        ("SELECT ship_city, bill_city FROM orders WHERE ship_city = bill_city", ""),
    ],
)
def test_what_all_rows_have_is_not_shown(written: str, meant: str) -> None:
    assert str(without_what_was_given(parse(written))) == (meant or written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT city, phone FROM customers WHERE company_name LIKE '%Lane%'",
            "SELECT company_name, city, phone FROM customers WHERE company_name LIKE '%Lane%'",
        ),
        ("SELECT company_name FROM customers WHERE company_name LIKE '%Lane%'", ""),
        ("SELECT city FROM customers WHERE phone LIKE '%017'", ""),
        ("SELECT city FROM customers WHERE company_name NOT LIKE '%Lane%'", ""),
        ("SELECT COUNT(customer_id) FROM customers WHERE company_name LIKE '%Lane%'", ""),
    ],
)
def test_what_was_found_by_a_part_of_its_name_is_called_by_it(written: str, meant: str) -> None:
    assert str(with_names_that_were_found(parse(written), SHOP)) == (meant or written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT WEEK, COUNT(*) FROM orders WHERE DURING(sent, 'June') GROUP BY WEEK ORDER BY WEEK",
            "SELECT WEEK(sent), COUNT(*) FROM orders WHERE DURING(sent, 'June') GROUP BY WEEK(sent) "
            "ORDER BY WEEK(sent)",
        ),
        ("SELECT WEEK, COUNT(*) FROM orders WHERE DURING('June') GROUP BY WEEK", ""),
        ("SELECT WEEK(placed), COUNT(*) FROM orders WHERE DURING(sent, 'June') GROUP BY WEEK(placed)", ""),
        ("SELECT WEEK, COUNT(*) FROM orders WHERE DURING('May') AND DURING(sent, 'June') GROUP BY WEEK", ""),
        # of other rows, compared with a time before, or a part of the day
        ("SELECT MONTH, COUNT(*) FROM orders WHERE DURING(customers.joined, '2025') GROUP BY MONTH", ""),
        ("SELECT MONTH, GROWTH(revenue) FROM orders WHERE DURING(sent, 'June') GROUP BY MONTH", ""),
        ("SELECT HOUR, COUNT(*) FROM orders WHERE DURING(sent, 'June') GROUP BY HOUR", ""),
        ("SELECT COUNT(*) FROM orders WHERE DURING(sent, 'June') AND id HAS lines (HOUR < 12)", ""),
    ],
)
def test_a_period_and_its_units_are_of_one_day(written: str, meant: str) -> None:
    assert str(by_one_clock(parse(written), SHOP)) == (meant or written)


ENDS = [
    ("尾号0091的客人最近一次下单是哪天", "0091", True),
    ("missed call from a number ending 017, which dealer is that", "017", True),
    ("I have a caller, phone ends in 1274. whose is it?", "1274", True),
    ("手机号7731结尾的是谁", "7731", True),
    ("last four digits 4417", "4417", True),
    ("customers with a zip code ending in 902", "902", False),
    ("member number ending 1234", "1234", False),
    ("身份证尾号1234", "1234", False),
    ("barcode ends with 123", "123", False),
    ("the Visa ending in 4242, which order", "4242", False),
    ("orders whose number ends in 1234", "1234", False),
    ("subscriptions ending 2025", "2025", False),
    ("the order ending in 1274", "1274", False),
    ("银行卡尾号0091", "0091", False),
]


@pytest.mark.parametrize(("question", "digits", "is_phone"), ENDS)
def test_the_end_of_a_number_is_read(question: str, digits: str, is_phone: bool) -> None:
    told = number_end(question)
    assert told is not None and (told.digits, told.is_phone) == (digits, is_phone)


@pytest.mark.parametrize(
    "question",
    [
        "revenue at the end of 2024",
        "how did 2025 end",
        "尾号是多少",
        "orders ended",
        "how many new customers at the end 2024",
        "sales in the week ending 12 June",
        "the week ending 2026-06-12",
    ],
)
def test_other_numbers_have_no_end(question: str) -> None:
    assert number_end(question) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT company_name FROM customers WHERE company_name LIKE '%0091%'",
            "SELECT company_name FROM customers WHERE phone LIKE '%0091'",
        ),
        (
            "SELECT company_name FROM customers WHERE phone LIKE '%0091%'",
            "SELECT company_name FROM customers WHERE phone LIKE '%0091'",
        ),
        (
            "SELECT order_id FROM orders WHERE company_name = '0091'",
            "SELECT order_id FROM orders WHERE phone LIKE '%0091'",
        ),
        ("SELECT order_id FROM orders WHERE order_id = '0091'", ""),
        ("SELECT company_name FROM customers WHERE zip LIKE '%0091'", ""),
        (
            "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS orders (company_name = '0091')",
            "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS orders (phone LIKE '%0091')",
        ),
        ("SELECT store_id FROM stores WHERE store_id = '0091'", ""),  # two telephones: nobody knows which
        ("SELECT company_name FROM customers WHERE city = 'Bath'", ""),
    ],
)
def test_the_end_of_a_telephone_number_is_looked_for_among_telephones(written: str, meant: str) -> None:
    links = Links(question="尾号0091是谁", mentions=())
    assert str(ends_as_said(parse(written), links, SHOP, Routes(SHOP))) == (meant or written)
