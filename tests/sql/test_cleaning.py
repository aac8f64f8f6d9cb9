"""Tables that do not say what they mean: what a first description makes of them, over DuckDB and SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest
from described_shop import described, inserted, rows

from sql.shop.describe import Described


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(found: Described) -> str:
    return "\n".join(decision.text for decision in found.decisions)


def test_an_orders_head_is_filled_in_and_its_total_counted_once(kind: str, tmp_path: Path) -> None:
    lines = []
    for n in range(30):
        head = f"'#10{n:02d}', 'paid', 'DE', 20, '2026-05-{n % 27 + 1:02d}'"
        lines += [f"({head}, 'mug', 1)", f"('#10{n:02d}', NULL, NULL, NULL, NULL, 'cup', 2)"]
    script = (
        'CREATE TABLE export ("Name" VARCHAR(9), "Financial Status" VARCHAR(9), country VARCHAR(9), '
        '"Total" INTEGER, paid_at DATE, item VARCHAR(9), "Lineitem quantity" INTEGER);'
    )
    found = described(kind, script + inserted("export", lines), tmp_path)
    assert rows(found, "SELECT SUM(Total) FROM export WHERE \"Financial Status\" = 'paid'") == [(600,)]
    assert rows(
        found, "SELECT SUM(\"Lineitem quantity\") FROM export WHERE country = 'DE' AND item = 'cup'"
    ) == [(60,)]
    assert rows(found, "SELECT number_of_orders FROM export") == [(30,)]


def test_what_only_some_lines_have_is_their_own(kind: str, tmp_path: Path) -> None:
    lines = []
    for n in range(40):
        returned = "'broken', '2026-05-03', 5" if n % 5 == 0 else "NULL, NULL, NULL"
        lines += [f"({n + 1}, 'mug', 1, {returned})", f"({n + 1}, 'cup', 2, NULL, NULL, NULL)"]
    script = (
        "CREATE TABLE order_lines (order_id INTEGER, item VARCHAR(9), qty INTEGER, return_reason VARCHAR(9), "
        "returned_at DATE, refund_amount INTEGER);"
    )
    found = described(kind, script + inserted("order_lines", lines), tmp_path)
    assert rows(found, "SELECT SUM(qty), COUNT(*) FROM order_lines WHERE return_reason = 'broken'") == [
        (8, 8)
    ]


def test_an_amount_that_stands_on_each_line_of_its_order_is_not_summed(kind: str, tmp_path: Path) -> None:
    lines = [f"({n // 3 + 1}, '2026-05-0{n % 9 + 1}', 60, 'i{n % 3}', {n % 3 + 1}, 10)" for n in range(120)]
    script = (
        "CREATE TABLE order_lines (order_number INTEGER, order_date DATE, order_total_amount INTEGER, "
        "item VARCHAR(9), quantity INTEGER, price INTEGER);"
    )
    found = described(kind, script + inserted("order_lines", lines), tmp_path)
    assert rows(found, "SELECT revenue FROM order_lines") == [(2400,)]


@pytest.mark.parametrize(
    ("column", "values", "left"),
    [
        ("is_deleted BOOLEAN", ["NULL", "false", "true", "NULL"], 3),
        ("deleted_at DATE", ["NULL", "'2026-01-01'", "NULL", "NULL"], 3),
        ("deleted INTEGER", ["0", "1", "NULL", "0"], 3),
        ("archived_at DATE", ["NULL", "'2026-01-01'", "NULL", "NULL"], 4),
        ("deleted_at DATE", ["NULL", "NULL", "NULL", "NULL"], 4),
    ],
)
def test_deleted_rows_are_left_out_and_no_others(
    kind: str, column: str, values: list[str], left: int, tmp_path: Path
) -> None:
    script = f"CREATE TABLE products (product_id INTEGER, name VARCHAR(9), {column});"
    found = described(
        kind, script + inserted("products", [f"({n}, 'p{n}', {v})" for n, v in enumerate(values)]), tmp_path
    )
    assert rows(found, "SELECT COUNT(*) FROM products") == [(left,)]
    assert ("marked as deleted" in told(found)) == (left == 3)


def test_one_state_in_several_spellings_is_one(kind: str, tmp_path: Path) -> None:
    states = ["Paid", "paid ", "Paid", "Refunded"]
    script = "CREATE TABLE orders (order_id INTEGER, placed DATE, status VARCHAR(9), amount INTEGER);"
    lines = [f"({n}, '2026-05-0{n + 1}', '{s}', {10 * 2**n})" for n, s in enumerate(states)]
    found = described(kind, script + inserted("orders", lines), tmp_path)
    assert rows(found, "SELECT SUM(amount) FROM orders WHERE status = 'Paid'") == [(70,)]
    assert "spells the same in several ways" in told(found)


def test_a_text_column_with_one_odd_value_stays_text_and_is_told(kind: str, tmp_path: Path) -> None:
    values = [f"({n}, '{n},50')" for n in range(1500)] + ["(1500, 'free')"]
    script = "CREATE TABLE prices (id INTEGER, price VARCHAR(20));"
    found = described(kind, script + inserted("prices", values), tmp_path)
    view = found.shop.view("prices")
    assert view is not None and view.sql is None and {c.name: c.type for c in view.columns}["price"] == "text"
    assert "prices.price stays text: 1 of its values" in told(found) or "free" in told(found)


def test_seconds_since_1970_are_moments(kind: str, tmp_path: Path) -> None:
    script = "CREATE TABLE charges (charge_id INTEGER, created INTEGER, amount_cents INTEGER);"
    lines = ["(1, 1780272000, 1050)", "(2, 1780358400, 2000)", "(3, 1777593600, 999)"]
    found = described(kind, script + inserted("charges", lines), tmp_path)
    assert rows(found, "SELECT revenue FROM charges WHERE DURING('June 2026')") == [(30.5,)]


def test_several_currencies_add_up_to_nothing(kind: str, tmp_path: Path) -> None:
    script = "CREATE TABLE orders (order_id INTEGER, placed DATE, total INTEGER, currency VARCHAR(3));"
    lines = ["(1, '2026-05-01', 10, 'EUR')", "(2, '2026-05-02', 900, 'JPY')", "(3, '2026-05-03', 20, 'EUR')"]
    found = described(kind, script + inserted("orders", lines), tmp_path)
    assert not [m for m in found.shop.metrics if m.sql != "COUNT(*)"]
    assert "several currencies (EUR, JPY)" in told(found)


def test_codes_that_a_table_explains_are_read_as_its_labels(kind: str, tmp_path: Path) -> None:
    orders = [f"({n}, '2026-05-0{n % 9 + 1}', {n % 3}, {n % 2 + 1}, 10)" for n in range(1, 31)]
    script = (
        "CREATE TABLE t_order (id INTEGER, created_at DATE, order_status INTEGER, pay_type INTEGER, "
        "total_amount INTEGER);"
        "CREATE TABLE t_order_item (id INTEGER, order_id INTEGER, item VARCHAR(9), num INTEGER, "
        "amount INTEGER);"
        "CREATE TABLE t_dict (dict_type VARCHAR(20), dict_code INTEGER, dict_label VARCHAR(20));"
        + inserted("t_order", orders)
        + inserted("t_order_item", [f"({n}, {n}, 'mug', 1, 6)" for n in range(1, 31)])
        + inserted("t_order_item", [f"({n + 30}, {n}, 'cup', 1, 4)" for n in range(1, 31)])
        + inserted(
            "t_dict",
            [
                "('order_status', 0, '待付款')",
                "('order_status', 1, '已发货')",
                "('order_status', 2, '已取消')",
                "('pay_type', 1, '微信')",
                "('pay_type', 2, '支付宝')",
            ],
        )
    )
    found = described(kind, script, tmp_path)
    counted = rows(found, "SELECT order_status, COUNT(*) FROM t_order GROUP BY order_status")
    assert sorted(counted) == [("已发货", 10), ("已取消", 10), ("待付款", 10)]
    assert rows(found, "SELECT COUNT(*) FROM t_order WHERE pay_type = '支付宝'") == [(15,)]
    assert "order_status is read by t_dict" in told(found)
    # and what was cancelled or never paid brings nothing in, nor do its lines
    assert rows(found, "SELECT revenue FROM t_order") == [(100,)]
    by_item = rows(found, "SELECT item, revenue, units_sold FROM t_order_item GROUP BY item")
    assert sorted(by_item) == [("cup", 40, 10), ("mug", 60, 10)]


def test_a_products_status_is_none_of_the_kind_that_is_called_after_orders(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE dingdan (dd_id INTEGER, xd_rq DATE, dd_zt INTEGER);"
        "CREATE TABLE shangpin (sp_id INTEGER, sp_mc VARCHAR(9), zt INTEGER);"
        "CREATE TABLE zidian (lx VARCHAR(20), dm INTEGER, mc VARCHAR(20));"
        + inserted("dingdan", [f"({n}, '2026-05-01', {n % 2})" for n in range(1, 21)])
        + inserted("shangpin", [f"({n}, 'mug {n}', {n % 2})" for n in range(1, 21)])
        + inserted("zidian", ["('dd_zt', 0, '待付款')", "('dd_zt', 1, '已发货')"])
        + inserted("zidian", ["('qudao', 0, '小程序')", "('qudao', 1, '门店')"])
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT COUNT(*) FROM dingdan WHERE dd_zt = '已发货'") == [(10,)]
    assert rows(found, "SELECT COUNT(*) FROM shangpin WHERE zt = 1") == [(10,)]


def test_codes_of_orders_that_never_went_out_are_not_sold(kind: str, tmp_path: Path) -> None:
    # S was sent; O is open and new; C is old and never went out: it was called off
    orders = [f"({n}, '2026-0{n % 4 + 1}-11', 'S', '2026-05-02', 10)" for n in range(1, 41)]
    orders += [f"({n}, '2026-0{n % 3 + 1}-11', 'C', NULL, 10)" for n in range(41, 51)]
    orders += [f"({n}, '2026-05-20', 'O', NULL, 10)" for n in range(51, 61)]
    script = (
        "CREATE TABLE ord_hdr (ord_no INTEGER, ord_dt DATE, stat VARCHAR(1), shp_dt DATE, tot_amt INTEGER);"
    )
    found = described(kind, script + inserted("ord_hdr", orders), tmp_path)
    assert rows(found, "SELECT revenue FROM ord_hdr") == [(500,)]
    assert "without ord_hdr whose stat is C" in told(found)


def test_codes_stay_sold_where_nothing_says_what_went_out(kind: str, tmp_path: Path) -> None:
    orders = [f"({n}, '2026-0{n % 5 + 1}-11', '{'SC'[n % 2]}', 10)" for n in range(1, 41)]
    script = "CREATE TABLE ord_hdr (ord_no INTEGER, ord_dt DATE, stat VARCHAR(1), tot_amt INTEGER);"
    found = described(kind, script + inserted("ord_hdr", orders), tmp_path)
    assert rows(found, "SELECT revenue FROM ord_hdr") == [(400,)]


def test_sums_over_orders_leave_out_what_revenue_leaves_out(kind: str, tmp_path: Path) -> None:
    orders = [f"({n}, '2026-05-01', '{'paid' if n % 2 else 'cancelled'}', 10, 1)" for n in range(1, 21)]
    script = (
        "CREATE TABLE orders (order_id INTEGER, placed DATE, status VARCHAR(9), total INTEGER, "
        "discount INTEGER);"
    )
    found = described(kind, script + inserted("orders", orders), tmp_path)
    assert rows(found, "SELECT total_orders_discount, revenue FROM orders") == [(10, 100)]
    # one name for one figure: revenue is no second time there as a sum of its column
    assert "total_orders_total" not in {m.name for m in found.shop.metrics}


@pytest.mark.parametrize(("first", "counted"), [(1, 2), (0, 3)])
def test_a_links_0_is_nobody_unless_there_is_such(
    kind: str, first: int, counted: int, tmp_path: Path
) -> None:
    script = (
        "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, first_name VARCHAR(9));"
        "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER, placed DATE, total INTEGER);"
    )
    people = [f"({n}, 'Name {n}')" for n in range(first, 13)]
    orders = [f"({n}, {(0, 5, 7)[n % 3]}, '2026-05-01', 10)" for n in range(1, 31)]
    found = described(kind, script + inserted("customers", people) + inserted("orders", orders), tmp_path)
    assert rows(found, "SELECT COUNT(customer_id) FROM orders") == [(counted,)]
    assert ("so it is nobody" in told(found)) == (counted == 2)


def test_codes_that_two_lists_could_explain_stay(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE orders (id INTEGER, day DATE, status INTEGER);"
        "CREATE TABLE codes (code_type VARCHAR(20), code INTEGER, label VARCHAR(20));"
        + inserted("orders", [f"({n}, '2026-05-01', {n % 2})" for n in range(1, 21)])
        + inserted(
            "codes",
            [
                "('refund_status', 0, 'asked')",
                "('refund_status', 1, 'paid')",
                "('after_sale_status', 0, 'open')",
                "('after_sale_status', 1, 'done')",
            ],
        )
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT COUNT(*) FROM orders WHERE status = 1") == [(10,)]


def test_fen_and_cents_are_amounts_of_the_currency(kind: str, tmp_path: Path) -> None:
    orders = [f"({n}, '2026-05-0{n % 9 + 1}', 1050, 200)" for n in range(1, 21)]
    script = (
        "CREATE TABLE t_order (id INTEGER, created_at DATE, pay_fen INTEGER, freight_fen INTEGER);"
        + inserted("t_order", orders)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue, AVG(freight_fen) FROM t_order") == [(210, 2)]
    assert "hundredths" in told(found)


def test_orders_in_fen_and_lines_in_yuan_agree(kind: str, tmp_path: Path) -> None:
    lines = [f"({n}, {(n - 1) // 2 + 1}, 'tea {n % 2}', 1, 5, 5)" for n in range(1, 41)]
    script = (
        "CREATE TABLE orders (id INTEGER, created_at DATE, total_amount INTEGER);"
        "CREATE TABLE order_lines (line_id INTEGER, order_id INTEGER, product VARCHAR(9), quantity INTEGER, "
        "price INTEGER, amount INTEGER);"
        + inserted("orders", [f"({n}, '2026-05-0{n % 9 + 1}', 1200)" for n in range(1, 21)])
        + inserted("order_lines", lines)
    )
    found = described(kind, script, tmp_path)
    # an order of 1,200 fen has lines of 10 yuan, and 2 for its shipping
    assert rows(found, "SELECT revenue FROM orders") == [(240,)]
    by_product = rows(found, "SELECT product, revenue FROM order_lines GROUP BY product")
    assert {name: float(str(value)) for name, value in by_product} == {"tea 0": 100, "tea 1": 100}


def test_a_table_with_a_row_for_each_language_is_read_in_one(kind: str, tmp_path: Path) -> None:
    states = ["(1, 1, 'Shipped')", "(1, 2, '已发货')", "(2, 1, 'Canceled')", "(2, 2, '已取消')"]
    orders = [f"({n}, '2026-05-0{n % 9 + 1}', {n % 2 + 1}, 10)" for n in range(1, 21)]
    script = (
        "CREATE TABLE ps_orders (id_order INTEGER, date_add DATE, current_state INTEGER, total_paid INTEGER);"
        "CREATE TABLE ps_order_state_lang (id_order_state INTEGER, id_lang INTEGER, name VARCHAR(20));"
        + inserted("ps_orders", orders)
        + inserted("ps_order_state_lang", states)
    )
    found = described(kind, script, tmp_path)
    counted = rows(found, "SELECT name, COUNT(*) FROM ps_orders GROUP BY name")
    assert sorted(counted) == [("Canceled", 10), ("Shipped", 10)]
    states_view = found.shop.view("ps_order_state_lang")
    assert states_view is not None
    name = states_view.column("name")
    assert name is not None and "已发货" in name.values["Shipped"]
    assert rows(found, "SELECT revenue FROM ps_orders") == [(100,)], "the state of a cancelled one says so"


def test_tables_joined_by_a_name_are_linked_by_it(kind: str, tmp_path: Path) -> None:
    products = [f"('P{n:02d}', 'item {n}', 'kind {n % 3}')" for n in range(1, 31)]
    lines = [f"({n}, 'item {n % 30 + 1}', 2)" for n in range(1, 91)]
    script = (
        "CREATE TABLE products (product_code VARCHAR(9), product_name VARCHAR(20), category VARCHAR(9));"
        "CREATE TABLE sales (sale_id INTEGER, product_name VARCHAR(20), quantity INTEGER);"
        + inserted("products", products)
        + inserted("sales", lines)
    )
    found = described(kind, script, tmp_path)
    sales = found.shop.view("sales")
    assert sales is not None and sales.refs == {"product_name": "products"}
    by_kind = rows(found, "SELECT category, SUM(quantity) FROM sales GROUP BY category")
    assert sorted(by_kind) == [("kind 0", 60), ("kind 1", 60), ("kind 2", 60)]


def test_telephone_numbers_and_postcodes_stay_texts(kind: str, tmp_path: Path) -> None:
    rows_of = [f"({n}, '138{n:08d}', '{10000 + n}', '{n * 3}')" for n in range(1, 21)]
    script = (
        "CREATE TABLE buyers (id INTEGER, sjh VARCHAR(20), plz VARCHAR(9), visits VARCHAR(9));"
        + inserted("buyers", rows_of)
    )
    found = described(kind, script, tmp_path)
    buyers = found.shop.view("buyers")
    assert buyers is not None
    assert {c.name: c.type for c in buyers.columns} == {
        "id": "integer",
        "sjh": "text",
        "plz": "text",
        "visits": "number",
    }
