"""Names beside ids, and values that a column lacks."""

from __future__ import annotations

import pytest

from sql.semantics import Shop, View, ViewColumn
from sql.shop.row_names import name_columns
from sql.statement.known_values import misplaced_number, moved, said_only, spelled, unknown_value, unsaid_key
from sql.statement.named import with_keys, with_names, without_names
from sql.statement.parse import parse
from sql.statement.routes import Routes
from sql.types import ColumnType


def view(name: str, columns: dict[str, ColumnType], key: str = "", **more: object) -> View:
    made = tuple(ViewColumn(name=column, type=kind) for column, kind in columns.items())
    return View(name=name, columns=made, key=(key,) if key else (), **more)  # type: ignore[arg-type]


SHOP = Shop(
    name="named",
    database="x",
    views=(
        view(
            "customers",
            {"customer_id": "integer", "first_name": "text", "last_name": "text", "city": "text"},
            "customer_id",
        ),
        view("carriers", {"carrier_id": "integer", "company_name": "text"}, "carrier_id"),
        view("products", {"sku": "text", "product_name": "text", "brand_name": "text"}, "sku"),
        view(
            "orders",
            {
                "order_id": "integer",
                "customer_id": "integer",
                "ship_via": "integer",
                "ship_name": "text",
                "placed": "date",
            },
            "order_id",
            time="placed",
            refs={"customer_id": "customers", "ship_via": "carriers"},
        ),
        view(
            "lines",
            {"order_id": "integer", "sku": "text", "amount": "number"},
            refs={"order_id": "orders", "sku": "products"},
        ),
    ),
)
ROUTES = Routes(SHOP)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "SELECT ship_via, COUNT(*) FROM orders GROUP BY ship_via",
            "SELECT ship_via, company_name, COUNT(*) FROM orders GROUP BY ship_via, company_name",
        ),
        (
            "SELECT customer_id, SUM(amount) FROM lines GROUP BY customer_id "
            "ORDER BY SUM(amount) DESC LIMIT 3",
            "SELECT customer_id, first_name, last_name, SUM(amount) FROM lines "
            "GROUP BY customer_id, first_name, last_name ORDER BY SUM(amount) DESC LIMIT 3",
        ),
        (
            "SELECT sku, SUM(amount) FROM lines GROUP BY sku",
            "SELECT sku, product_name, SUM(amount) FROM lines GROUP BY sku, product_name",
        ),
        (
            "SELECT customer_id, city FROM customers",
            "SELECT customer_id, first_name, last_name, city FROM customers",
        ),
        # an order has no name, though a name is written on it
        ("SELECT order_id, placed FROM orders", "SELECT order_id, placed FROM orders"),
        # what is not shown needs no name, nor what is named already
        ("SELECT COUNT(*) FROM orders WHERE ship_via = 2", "SELECT COUNT(*) FROM orders WHERE ship_via = 2"),
        ("SELECT sku, product_name FROM products", "SELECT sku, product_name FROM products"),
        ("SELECT COUNT(customer_id) FROM orders", "SELECT COUNT(customer_id) FROM orders"),
    ],
)
def test_the_name_of_a_thing_stands_beside_its_key(written: str, shown: str) -> None:
    statement = parse(written)
    named = with_names(statement, SHOP, ROUTES)
    assert str(named) == shown
    assert with_names(named, SHOP, ROUTES) == named
    assert str(without_names(named, SHOP, ROUTES)) in (written, "SELECT sku FROM products")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "SELECT first_name, last_name, SUM(amount) FROM lines GROUP BY first_name, last_name",
            "SELECT customer_id, first_name, last_name, SUM(amount) FROM lines "
            "GROUP BY customer_id, first_name, last_name",
        ),
        # which names stand twice is asked over the people themselves
        (
            "SELECT first_name, last_name, COUNT(*) FROM customers GROUP BY first_name, last_name",
            "SELECT first_name, last_name, COUNT(*) FROM customers GROUP BY first_name, last_name",
        ),
        # one of two names is asked for, and of things none is told apart: two sizes of one shirt are a shirt
        (
            "SELECT first_name, COUNT(*) FROM orders GROUP BY first_name",
            "SELECT first_name, COUNT(*) FROM orders GROUP BY first_name",
        ),
        (
            "SELECT product_name, SUM(amount) FROM lines GROUP BY product_name",
            "SELECT product_name, SUM(amount) FROM lines GROUP BY product_name",
        ),
        (
            "SELECT customer_id, first_name, last_name, COUNT(*) FROM orders "
            "GROUP BY customer_id, first_name, last_name",
            "SELECT customer_id, first_name, last_name, COUNT(*) FROM orders "
            "GROUP BY customer_id, first_name, last_name",
        ),
    ],
)
def test_two_people_of_one_name_are_told_apart(written: str, shown: str) -> None:
    statement = parse(written)
    assert str(with_keys(statement, SHOP, ROUTES, lambda *_: True)) == shown
    assert with_keys(statement, SHOP, ROUTES, lambda *_: False) == statement


def test_what_is_written_about_products_names_none() -> None:
    columns: dict[str, ColumnType] = {"id": "integer", "product_id": "integer", "description": "text"}
    reviews = view("product_reviews", {**columns, "created": "date"}, "id", time="created")
    assert name_columns(reviews) == ()


def test_clients_have_a_customer_name() -> None:
    clients = view("clients", {"id": "integer", "customer_name": "text", "since": "date"}, "id", time="since")
    assert name_columns(clients) == ("customer_name",)


def test_which_columns_name_a_row() -> None:
    found = {v.name: name_columns(v) for v in SHOP.views}
    assert found == {
        "customers": ("first_name", "last_name"),
        "carriers": ("company_name",),
        "products": ("product_name",),
        "orders": (),
        "lines": (),
    }


VALUES = {
    ("customers", "city"): ("Oslo", "Rome"),
    ("products", "product_name"): ("Ford T", "Fiat 500"),
    ("products", "brand_name"): ("Welly", "Min Lin"),
}


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("SELECT COUNT(*) FROM customers WHERE city = 'Oslo'", None),
        ("SELECT COUNT(*) FROM customers WHERE city = 'oslo'", None),
        ("SELECT COUNT(*) FROM orders WHERE city = 'Paris'", "city has no value 'Paris'"),
        ("SELECT COUNT(*) FROM orders WHERE city <> 'Paris'", None),
        ("SELECT COUNT(*) FROM orders WHERE city IN ('Oslo', 'Paris')", "city has no value 'Paris'"),
        ("SELECT COUNT(*) FROM products WHERE brand_name = 'Ford'", "products.product_name has such values"),
        ("SELECT COUNT(*) FROM products WHERE product_name LIKE '%ford%'", None),
        ("SELECT COUNT(*) FROM products WHERE product_name LIKE '%bike%'", "product_name has no value"),
        ("SELECT COUNT(*) FROM customers WHERE customer_id HAS orders (ship_name = 'x')", None),
        (
            "SELECT COUNT(*) FROM customers WHERE customer_id HAS lines (brand_name = 'x')",
            "brand_name has no value 'x'",
        ),
        ("SELECT ONLY(COUNT(*), city = 'Paris') FROM customers", "city has no value 'Paris'"),
    ],
)
def test_a_condition_on_a_value_that_is_not_there_is_told_with_those_that_are(
    written: str, wrong: str | None
) -> None:
    found = unknown_value(parse(written), SHOP, ROUTES, VALUES)
    assert (found is None) if wrong is None else (found is not None and wrong in found)


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (
            "SELECT sku, amount FROM lines WHERE customer_id = 5001",
            "no customer_id is 5001; it is the order_id of one",
        ),
        ("SELECT sku, amount FROM lines WHERE customer_id = 7", None),
        ("SELECT sku, amount FROM lines WHERE order_id = 5001", None),
        ("SELECT sku, amount FROM lines WHERE order_id = 9999", None),
        (
            "SELECT COUNT(*) FROM orders WHERE customer_id = 5001",
            "no customer_id is 5001; it is the order_id of one",
        ),
        ("SELECT COUNT(*) FROM orders WHERE customer_id > 5001", None),
    ],
)
def test_the_number_of_one_thing_is_not_taken_for_that_of_another(written: str, wrong: str | None) -> None:
    there = {("orders", "order_id"): {"5001"}, ("customers", "customer_id"): {"7"}}

    def holds(view: View, column: str, number: str) -> bool:
        return number in there.get((view.name, column), set())

    assert misplaced_number(parse(written), SHOP, ROUTES, holds) == wrong


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("SELECT amount FROM lines WHERE order_id = 1", "the question names no order_id 1"),
        ("SELECT COUNT(*) FROM orders WHERE customer_id = 1", "the question names no customer_id 1"),
        ("SELECT COUNT(*) FROM orders WHERE customer_id = 7", None),
        ("SELECT COUNT(*) FROM orders WHERE customer_id > 1", None),
        ("SELECT COUNT(*) FROM lines WHERE amount = 1", None),
    ],
)
def test_a_key_is_only_compared_with_a_number_that_was_said(written: str, wrong: str | None) -> None:
    assert unsaid_key(parse(written), SHOP, ROUTES, {7.0}) == wrong


@pytest.mark.parametrize(
    ("question", "written", "kept"),
    [
        (
            "amounts of bikes",
            "SELECT amount FROM lines WHERE order_id = 1 AND sku = 'B-1'",
            "SELECT amount FROM lines WHERE sku = 'B-1'",
        ),
        ("amounts of the first order", "SELECT amount FROM lines WHERE order_id = 1 AND sku = 'B-1'", ""),
        ("amounts in May", "SELECT amount FROM lines WHERE order_id = 1 AND DURING('May')", ""),
        ("amounts of order 7", "SELECT amount FROM lines WHERE order_id = 7 AND sku = 'B-1'", ""),
    ],
)
def test_a_made_up_key_goes_where_other_conditions_tell_what_is_meant(
    question: str, written: str, kept: str
) -> None:
    assert str(said_only(parse(written), SHOP, ROUTES, {7.0}, question)) == (kept or written)


def test_a_superior_is_not_named_like_who_is_under_him() -> None:
    staff = view(
        "staff",
        {"staff_id": "integer", "name": "text", "boss_id": "integer"},
        "staff_id",
        refs={"boss_id": "staff"},
    )
    shop = Shop(name="s", database="x", views=(staff,))
    statement = parse("SELECT boss_id, COUNT(*) FROM staff GROUP BY boss_id")
    assert with_names(statement, shop, Routes(shop)) == statement


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT COUNT(*) FROM customers WHERE city = 'OSLO'",
            "SELECT COUNT(*) FROM customers WHERE city = 'Oslo'",
        ),
        (
            "SELECT COUNT(*) FROM customers WHERE city IN ('oslo', 'Rome')",
            "SELECT COUNT(*) FROM customers WHERE city IN ('Oslo', 'Rome')",
        ),
        (
            "SELECT COUNT(*) FROM orders WHERE customer_id HAS orders (city = 'rome')",
            "SELECT COUNT(*) FROM orders WHERE customer_id HAS orders (city = 'Rome')",
        ),
        (
            "SELECT COUNT(*) FROM customers WHERE city = 'Paris'",
            "SELECT COUNT(*) FROM customers WHERE city = 'Paris'",
        ),
    ],
)
def test_a_value_in_other_letters_is_written_as_the_column_has_it(written: str, meant: str) -> None:
    assert str(spelled(parse(written), SHOP, ROUTES, VALUES)) == meant


def test_conditions_of_which_one_may_hold_and_those_of_another_view_are_no_fault() -> None:
    either = parse("SELECT COUNT(*) FROM customers WHERE (city = 'Oslo' OR city = 'Paris')")
    neither = parse("SELECT COUNT(*) FROM customers WHERE (city = 'Nice' OR city = 'Paris')")
    without = parse("SELECT COUNT(*) FROM customers WHERE customer_id HAS NO lines (brand_name = 'x')")
    assert unknown_value(either, SHOP, ROUTES, VALUES) is None
    assert unknown_value(neither, SHOP, ROUTES, VALUES) is not None
    assert unknown_value(without, SHOP, ROUTES, VALUES) is None
    # a figure of another view may mean its column of that name
    values = {**VALUES, ("stores", "city"): ("Nice",)}
    assert (
        unknown_value(parse("SELECT COUNT(*) FROM customers WHERE city = 'Nice'"), SHOP, ROUTES, values)
        is None
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "SELECT sku FROM products WHERE brand_name = 'Ford'",
            "SELECT sku FROM products WHERE product_name LIKE '%Ford%'",
        ),
        (
            "SELECT sku FROM products WHERE product_name = 'Welly'",
            "SELECT sku FROM products WHERE brand_name = 'Welly'",
        ),
        ("SELECT sku FROM products WHERE brand_name = 'nobody'", None),
        ("SELECT sku FROM products WHERE brand_name = 'Welly'", None),
    ],
)
def test_a_value_is_looked_for_where_it_is(written: str, meant: str | None) -> None:
    found = moved(parse(written), SHOP, ROUTES, VALUES)
    assert (str(found) if found is not None else None) == meant


def test_a_name_to_which_a_longer_way_leads_as_well_is_shown() -> None:
    """The seller of a line, and who bought the line's product in: the first has one name, however written."""
    shop = Shop(
        name="two ways",
        database="x",
        views=(
            view("employees", {"employee_id": "integer", "first_name": "text", "last_name": "text"},
                 "employee_id"),
            view("orders", {"order_id": "integer", "employee_id": "integer"}, "order_id",
                 refs={"employee_id": "employees"}),
            view("products", {"sku": "text"}, "sku"),
            view("purchases", {"purchase_id": "integer", "sku": "text", "created_by": "integer"},
                 "purchase_id", refs={"sku": "products", "created_by": "employees"}),
            view("lines", {"order_id": "integer", "sku": "text"},
                 refs={"order_id": "orders", "sku": "products"}),
        ),
    )  # fmt: skip
    found = with_names(
        parse("SELECT employee_id, COUNT(*) FROM lines GROUP BY employee_id"), shop, Routes(shop)
    )
    assert {str(item) for item in found.items} == {"employee_id", "first_name", "last_name", "COUNT(*)"}
