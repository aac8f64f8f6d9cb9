"""What init makes of the tables of shop systems: Odoo, CRMEB, Taobao's exports, tills, Shopify's copies."""
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path

import pytest
from described_shop import described, inserted, rows, view

from sql.errors import WrongStatement
from sql.shop.codes import codes_in_comment
from sql.shop.trade_words import without_prefix


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- names in several languages --------------------------------------------------------------------------

TRANSLATED = [
    {"en_US": "Grinder", "zh_CN": "磨豆机"},
    {"en_US": "Kettle"},
    {"en_US": "Scale", "zh_CN": "电子秤"},
    {"zh_CN": "滤纸"},
]


def translated(column_type: str) -> str:
    lines = [f"({n}, '{json.dumps(t, ensure_ascii=False)}', {10 * n})" for n, t in enumerate(TRANSLATED, 1)]
    script = (
        f"CREATE TABLE product_template (id INTEGER PRIMARY KEY, name {column_type}, list_price INTEGER);"
    )
    return script + inserted("product_template", lines)


def test_names_in_several_languages_are_read_in_the_commonest_one(kind: str, tmp_path: Path) -> None:
    found = described(kind, translated("JSON" if kind == "duckdb" else "TEXT"), tmp_path)
    names = rows(found, "SELECT name FROM product_template ORDER BY list_price")
    assert names == [("Grinder",), ("Kettle",), ("Scale",), ("滤纸",)]
    column = view(found, "product_template").column("name")
    assert column is not None and column.type == "text" and column.sampled
    assert "磨豆机" in column.values["Grinder"]


def test_json_that_is_no_translation_stays_as_it_is(kind: str, tmp_path: Path) -> None:
    script = "CREATE TABLE events (id INTEGER PRIMARY KEY, payload TEXT);"
    lines = [f"""({n}, '{{"amount": {n}}}')""" for n in range(1, 9)]
    found = described(kind, script + inserted("events", lines), tmp_path)
    assert view(found, "events").sql is None


# ---- moments and codes -----------------------------------------------------------------------------------


def mall(names: list[str]) -> str:
    """Orders at 07:00 in China on the first of each month, which is the day before in UTC."""
    firsts = [1767222000, 1769900400, 1772319600]  # 2025-12-31 23:00, 2026-01-31 23:00, 2026-02-28 23:00 UTC
    orders = [
        f"({n}, 'S{n}', {n % 3 + 1}, 20, 20, {firsts[n % 3]}, 0, {int(n != 5)}, {n % 4}, {2 * (n == 7)}, 2)"
        for n in range(1, 31)
    ]
    users = [f"({n}, '{name}', '{name}路')" for n, name in enumerate(names, 1)]
    return (
        "CREATE TABLE eb_store_order (id INTEGER PRIMARY KEY, order_id VARCHAR(9), uid INTEGER, "
        "total_price INTEGER, pay_price INTEGER, add_time INTEGER, refund_time INTEGER, paid INTEGER, "
        "status INTEGER, refund_status INTEGER, spread_uid INTEGER);"
        "CREATE TABLE eb_user (uid INTEGER PRIMARY KEY, city VARCHAR(20), tag VARCHAR(20));"
        "CREATE TABLE eb_store_order_cart_info (id INTEGER PRIMARY KEY, oid INTEGER, cart_num INTEGER, "
        "sum_price INTEGER);"
        + inserted("eb_store_order", orders)
        + inserted("eb_user", users)
        + inserted(
            "eb_store_order_cart_info", [f"({n}, {1 + n // 2}, {1 + n % 2}, 10)" for n in range(2, 60)]
        )
    )


@pytest.mark.parametrize(
    ("names", "zone", "january"),
    [
        pytest.param(["上海", "北京", "广州"], "Asia/Shanghai", 10, id="chinese"),
        pytest.param(["Leeds", "York", "Bath"], "", 0, id="english"),
    ],
)
def test_seconds_are_told_by_the_clock_of_a_chinese_shop(
    kind: str, names: list[str], zone: str, january: int, tmp_path: Path
) -> None:
    found = described(kind, mall(names), tmp_path)
    assert found.shop.time_zone == zone
    days = rows(
        found,
        "SELECT COUNT(*) FROM eb_store_order WHERE add_time < '2026-01-31' AND add_time >= '2026-01-01'",
    )
    assert days == [(january,)]


def test_a_moment_of_0_is_none(kind: str, tmp_path: Path) -> None:
    refunds = mall(["上海", "北京", "广州"]).replace(", 0, 1, 3,", ", 1772319600, 1, 3,")
    found = described(kind, refunds, tmp_path)
    assert rows(found, "SELECT COUNT(*) FROM eb_store_order WHERE refund_time IS NULL") == [(23,)]


def test_states_of_a_known_system_are_read_in_words(kind: str, tmp_path: Path) -> None:
    found = described(kind, mall(["上海", "北京", "广州"]), tmp_path)
    states = rows(found, "SELECT refund_status, COUNT(*) FROM eb_store_order GROUP BY refund_status")
    assert sorted(states) == [("已退款", 1), ("未退款", 29)]


def test_what_was_in_the_cart_of_an_order_was_sold(kind: str, tmp_path: Path) -> None:
    found = described(kind, mall(["上海", "北京", "广州"]), tmp_path)
    units = next(m for m in found.shop.metrics if m.name == "units_sold")
    assert units.view == "eb_store_order_cart_info"


def test_a_customer_is_not_who_recommended_the_shop(kind: str, tmp_path: Path) -> None:
    found = described(kind, mall(["上海", "北京", "广州"]), tmp_path)
    orders = rows(found, "SELECT city, COUNT(*) FROM eb_store_order GROUP BY city")
    assert sorted(orders) == [("上海", 10), ("北京", 10), ("广州", 10)]


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        pytest.param(
            "0 未退款 1 申请中 2 已退款", {"0": "未退款", "1": "申请中", "2": "已退款"}, id="spaces"
        ),
        pytest.param(
            "订单状态（-1 : 申请退款 -2 : 退货成功 0：待发货；1：待收货；-1：已退款）",
            {"-1": "申请退款", "-2": "退货成功", "0": "待发货", "1": "待收货"},
            id="colons",
        ),
        pytest.param(
            "订单状态;0-待付款;1-待发货;2-待收货", {"0": "待付款", "1": "待发货", "2": "待收货"}, id="dashes"
        ),
        pytest.param(
            "0: pending / 1: paid / 2: refunded", {"0": "pending", "1": "paid", "2": "refunded"}, id="slashes"
        ),
        pytest.param(
            "1=draft; 2=sent, 9 = cancelled by staff",
            {"1": "draft", "2": "sent", "9": "cancelled by staff"},
            id="equals",
        ),
        pytest.param(
            "支付方式 1微信 3 h5 4支付宝", {"1": "微信", "3": "h5", "4": "支付宝"}, id="digit in a label"
        ),
        pytest.param("是否删除 0否 1是", {}, id="yes and no"),
        pytest.param("amount in EUR, 2 decimals", {}, id="one number"),
        pytest.param("valid from 2020 to 2021", {}, id="years"),
        pytest.param("", {}, id="none"),
    ],
)
def test_codes_in_a_comment(comment: str, codes: dict[str, str]) -> None:
    assert codes_in_comment(comment) == codes


def test_codes_that_a_comment_explains_are_read_as_its_labels(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE parcels (id INTEGER PRIMARY KEY, state INTEGER);"
        "COMMENT ON COLUMN parcels.state IS '1: packed, 2: sent, 3: lost';"
        + inserted("parcels", [f"({n}, {n % 3 + 1})" for n in range(1, 10)])
    )
    found = described("duckdb", script, tmp_path)
    assert rows(found, "SELECT COUNT(*) FROM parcels WHERE state = 'lost'") == [(3,)]


def test_a_code_that_the_comment_does_not_explain_keeps_all_as_numbers(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE parcels (id INTEGER PRIMARY KEY, state INTEGER);"
        "COMMENT ON COLUMN parcels.state IS '1: packed, 2: sent';"
        + inserted("parcels", [f"({n}, {n % 3 + 1})" for n in range(1, 10)])
    )
    found = described("duckdb", script, tmp_path)
    assert rows(found, "SELECT COUNT(*) FROM parcels WHERE state = 3") == [(3,)]


def test_what_most_tables_of_a_system_begin_with_is_no_word_of_theirs() -> None:
    names = ["eb_store_order", "eb_store_product", "eb_store_cart", "eb_store_category", "eb_user"]
    plain = {"eb_store_order": "order", "eb_store_product": "product", "eb_user": "user"}
    assert {name: without_prefix(names)[name] for name in plain} == plain
    assert without_prefix(["wms_store", "wms_stock", "wms_bin"])["wms_store"] == "store"


# ---- orders and lines ------------------------------------------------------------------------------------


def taobao() -> str:
    states = ("交易成功", "交易关闭", "等待买家付款", "交易成功")
    orders = [
        f"('T{n}', 'buyer{n % 7}', {30 if n % 4 != 2 else 0}, '{states[n % 4]}', 3, "
        f"'2026-05-{n % 28 + 1:02d}', 'P{n}', '快点发货')"
        for n in range(1, 41)
    ]
    lines = [f"('T{n}-{k}', 'T{n}', 'K{k}', '裙子{k}', 10, {k})" for n in range(1, 41) for k in (1, 2)]
    douyin = [f"('D{n}', '裙子1', 2, 20, '已完成', '2026-05-{n % 28 + 1:02d}')" for n in range(1, 21)]
    return (
        "CREATE TABLE 抖店订单 (主订单编号 VARCHAR(9), 选购商品 VARCHAR(9), 商品数量 INTEGER, "
        "订单应付金额 INTEGER, 订单状态 VARCHAR(9), 订单提交时间 DATE);"
        "CREATE TABLE 订单报表 (订单编号 VARCHAR(9), 买家会员名 VARCHAR(9), 买家实际支付金额 INTEGER, "
        "订单状态 VARCHAR(9), 宝贝总数量 INTEGER, 订单创建时间 DATE, 支付单号 VARCHAR(9), 买家留言 VARCHAR(20));"
        "CREATE TABLE 宝贝报表 (子订单编号 VARCHAR(9), 订单编号 VARCHAR(9), 商家编码 VARCHAR(9), 标题 VARCHAR(9), "
        "价格 INTEGER, 购买数量 INTEGER);"
        "CREATE TABLE 会员 (会员名 VARCHAR(9), 所在省份 VARCHAR(9));"
        + inserted("抖店订单", douyin)
        + inserted("订单报表", orders)
        + inserted("宝贝报表", lines)
        + inserted("会员", [f"('buyer{n}', '浙江')" for n in range(7)])
    )


def test_orders_that_tell_their_pieces_are_orders_and_not_lines(kind: str, tmp_path: Path) -> None:
    found = described(kind, taobao(), tmp_path)
    homes = {m.name: m.view for m in found.shop.metrics}
    assert homes["revenue"] == "订单报表" and homes["units_sold"] == "宝贝报表"
    assert rows(found, "SELECT revenue FROM 订单报表") == [(600,)]  # neither closed nor waiting for payment
    assert rows(found, "SELECT 标题, units_sold FROM 宝贝报表 GROUP BY 标题") == [
        ("裙子1", 20),
        ("裙子2", 40),
    ]
    assert found.shop.bindings["customer"] == "订单报表.买家会员名"
    assert found.shop.bindings["order"] == "订单报表.订单编号"


def test_a_tills_tickets_are_sales(kind: str, tmp_path: Path) -> None:
    tickets = [f"('t{n}', '2026-05-{n % 28 + 1:02d}')" for n in range(1, 31)]
    items = [f"('t{n}', {k}, {k}, {k}.5, {k})" for n in range(1, 31) for k in (1, 2)]
    script = (
        "CREATE TABLE ticket (id VARCHAR(9), datenew DATE);"
        "CREATE TABLE ticketitems (ticket VARCHAR(9), line INTEGER, units INTEGER, gross DECIMAL(9, 2), "
        "net DECIMAL(9, 2));" + inserted("ticket", tickets) + inserted("ticketitems", items)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue, units_sold FROM ticketitems") == [(pytest.approx(120.0), 90)]


def test_a_state_that_most_rows_have_was_not_called_off(kind: str, tmp_path: Path) -> None:
    """At a till nothing is sent: CMP is completed, and of the codes that were never sent only XX is called off."""
    states = ["CMP", "CMP", "CMP", "SHP", "SHP", "XX"]
    sent = {state: "'2025-12-01'" if state == "SHP" else "NULL" for state in states}
    sales = []
    for n in range(1, 61):
        state = states[n % 6]
        sales.append(f"({n}, '2025-0{n % 9 + 1}-11', '{state}', {sent[state]}, 1, 10)")
    script = (
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, sold_on DATE, line_status VARCHAR(3), ship_date DATE, "
        "quantity INTEGER, net_amount INTEGER);" + inserted("sales", sales)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue FROM sales") == [(500,)]


def test_rates_flags_and_unit_costs_are_not_summed(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE products (id INTEGER PRIMARY KEY, title VARCHAR(9), price INTEGER, standard_cost INTEGER, "
        "is_postage INTEGER);"
        "CREATE TABLE order_lines (id INTEGER PRIMARY KEY, product_id INTEGER, sold_on DATE, quantity INTEGER, "
        "unit_price INTEGER, discount DECIMAL(4, 2), freight DECIMAL(6, 2));"
        + inserted("products", [f"({n}, 'p{n}', {n}, {n}, {n % 2})" for n in range(1, 31)])
        + inserted(
            "order_lines",
            [f"({n}, {n % 30 + 1}, '2026-05-{n % 28 + 1:02d}', 2, 5, 0.0{n % 5}, 4.5)" for n in range(1, 61)],
        )
    )
    found = described(kind, script, tmp_path)
    sums = {m.sql for m in found.shop.metrics if m.sql.startswith("SUM(") and " " not in m.sql}
    assert sums == {"SUM(freight)", "SUM(quantity)"}


def test_refunds_of_lines_take_their_time_from_the_refund(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE refund (id INTEGER PRIMARY KEY, created_at DATE, note VARCHAR(9));"
        "CREATE TABLE location (id INTEGER PRIMARY KEY, name VARCHAR(9), created_at DATE);"
        "CREATE TABLE order_line_refund (id INTEGER PRIMARY KEY, refund_id INTEGER, location_id INTEGER, "
        "subtotal INTEGER);"
        + inserted("refund", [f"({n}, '2026-05-{n:02d}', 'late')" for n in range(1, 29)])
        + inserted("location", [f"({n}, 'place {n}', '2020-01-01')" for n in range(101, 131)])
        + inserted("order_line_refund", [f"({n}, {n}, {100 + n}, 10)" for n in range(1, 29)])
    )
    found = described(kind, script, tmp_path)
    asked = "SELECT SUM(subtotal) FROM order_line_refund WHERE DURING('May 2026')"
    assert rows(found, asked) == [(280,)]


def test_titles_of_things_and_places_are_no_personal_texts(kind: str, tmp_path: Path) -> None:
    titles = ["Summer Sale for Jack", "Spring Boulder Weeks", "Emma Rose candle set"]
    script = (
        "CREATE TABLE promotions (id INTEGER PRIMARY KEY, promotion_name VARCHAR(40));"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, shipping_address_city VARCHAR(20), "
        "shipping_address_street VARCHAR(20));"
        + inserted("promotions", [f"({n}, '{titles[n % 3]}')" for n in range(1, 31)])
        + inserted("orders", [f"({n}, 'Leeds', 'Mill Lane {n}')" for n in range(1, 31)])
    )
    found = described(kind, script, tmp_path)
    title = view(found, "promotions").column("promotion_name")
    city, street = (view(found, "orders").column(f"shipping_address_{c}") for c in ("city", "street"))
    assert title is not None and title.sampled and title.free_text is not True
    assert city is not None and city.sampled and street is not None and not street.sampled


# ---- reviews ---------------------------------------------------------------------------------------------


ANSWER = "Thank you so much for your kind words, we hope to see you again soon"


def reviews(table: str, text: str, mark: str) -> str:
    said = ["the strap broke after a week", "really warm and light", "does what it says, happy"]
    return (
        "CREATE TABLE products (id INTEGER PRIMARY KEY, product_name VARCHAR(20), price INTEGER);"
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, product_id INTEGER, {text} VARCHAR(60), {mark} INTEGER, "
        "created_at DATE, admin_reply TEXT);"
        + inserted("products", [f"({n}, 'bag {n}', {n})" for n in range(1, 31)])
        + inserted(
            table,
            [
                f"({n}, {n % 30 + 1}, '{said[n % 3]}', {n % 5 + 1}, '2026-05-{n % 28 + 1:02d}', '{ANSWER}')"
                for n in range(1, 61)
            ],
        )
    )


def test_reviews_are_found_with_their_product(kind: str, tmp_path: Path) -> None:
    found = described(kind, reviews("product_reviews", "body", "rating"), tmp_path)
    source = found.shop.reviews
    assert source is not None
    assert (source.view, source.text, source.rating) == ("product_reviews", ("body",), "rating")
    assert (source.product, source.written_at) == ("product_name", "created_at")
    first = rows(found, "SELECT product_name, body FROM product_reviews WHERE id = 1")
    assert first == [("bag 2", "really warm and light")]


@pytest.mark.parametrize(
    ("table", "text", "mark"),
    [
        pytest.param("order_comments", "body", "staff_id", id="comments without a mark"),
        pytest.param("reviews", "reviewer_code", "rating", id="no text"),
        pytest.param("shipments", "body", "rating", id="another thing"),
    ],
)
def test_other_texts_are_no_reviews(kind: str, table: str, text: str, mark: str, tmp_path: Path) -> None:
    assert described(kind, reviews(table, text, mark), tmp_path).shop.reviews is None


def test_a_fraction_in_a_column_of_whole_numbers_stops_nothing(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE payments (id INTEGER PRIMARY KEY, paid_date INTEGER);"
        "INSERT INTO payments VALUES (1, 157.48), (2, 20);"
    )
    assert view(described("sqlite", script, tmp_path), "payments").sql is None


def test_the_product_of_a_return_is_that_of_its_line(kind: str, tmp_path: Path) -> None:
    days = [f"2026-05-{n % 28 + 1:02d}" for n in range(61)]
    script = (
        "CREATE TABLE products (id INTEGER PRIMARY KEY, product VARCHAR(9));"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered_on DATE);"
        "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), product_id "
        "INTEGER REFERENCES products (id), quantity INTEGER, unit_price INTEGER);"
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id), opened_on DATE);"
        "CREATE TABLE returns (id INTEGER PRIMARY KEY, order_item_id INTEGER REFERENCES order_items (id), "
        "ticket_id INTEGER REFERENCES tickets (id), returned_on DATE);"
        + inserted("products", [f"({n}, 'p{n}')" for n in range(1, 4)])
        + inserted("orders", [f"({n}, '{days[n]}')" for n in range(1, 31)])
        + inserted("order_items", [f"({n}, {n % 30 + 1}, {n % 3 + 1}, 1, {10 + n})" for n in range(1, 61)])
        + inserted("tickets", [f"({n}, 1, '{days[n]}')" for n in range(1, 31)])
        + inserted("returns", [f"({n}, {3 * n}, {n}, '{days[n]}')" for n in range(1, 13)])
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT product, COUNT(*) FROM returns GROUP BY product") == [("p1", 12)]


def test_what_was_paid_so_far_is_not_taken_where_many_rows_lack_it(kind: str, tmp_path: Path) -> None:
    orders = [f"({n}, '2026-05-{n % 28 + 1:02d}', {'NULL' if n % 3 else 10}, 10)" for n in range(1, 31)]
    script = (
        "CREATE TABLE sales_order (entity_id INTEGER PRIMARY KEY, created_at DATE, base_total_paid DECIMAL(9, 2), "
        "base_grand_total DECIMAL(9, 2));" + inserted("sales_order", orders)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue FROM sales_order") == [(pytest.approx(300.0),)]


def test_an_item_price_of_amazon_is_that_of_all_its_pieces(kind: str, tmp_path: Path) -> None:
    lines = [
        f"('O{n // 2}', '2026-05-{n % 28 + 1:02d}', 'Amazon.de', {n % 3 + 1}, {10 + n % 2 * 4})"
        for n in range(2, 62)
    ]
    script = (
        'CREATE TABLE all_orders ("amazon-order-id" VARCHAR(9), "purchase-date" DATE, "sales-channel" VARCHAR(9), '
        'quantity INTEGER, "item-price" DECIMAL(9, 2));'
        "CREATE TABLE marketplaces (name VARCHAR(9), opened DATE);"
        "INSERT INTO marketplaces VALUES ('Amazon.de', '2020-01-01'), ('Amazon.fr', '2020-01-01');"
        + inserted("all_orders", lines)
    )
    found = described(kind, script, tmp_path)
    asked = rows(found, "SELECT revenue, units_sold, number_of_orders, average_order_value FROM all_orders")
    assert asked == [(pytest.approx(720.0), 120, 30, pytest.approx(24.0))]


def test_amounts_of_stripe_are_hundredths(kind: str, tmp_path: Path) -> None:
    charges = [f"('ch_{n}', {1777593600 + n * 3600}, 1250, 'usd', 'succeeded', 1)" for n in range(1, 21)]
    script = (
        "CREATE TABLE charges (id VARCHAR(9), created INTEGER, amount INTEGER, currency VARCHAR(3), status "
        "VARCHAR(9), livemode INTEGER);"
        "CREATE TABLE boxes (id INTEGER PRIMARY KEY, unit_cost INTEGER);"
        "INSERT INTO boxes VALUES (1, 700);" + inserted("charges", charges)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue FROM charges WHERE DURING('May 2026')") == [(pytest.approx(250.0),)]
    assert rows(found, "SELECT unit_cost FROM boxes") == [(700,)]


def test_fields_of_kingdee_are_called_without_their_letter(kind: str, tmp_path: Path) -> None:
    entries = [f"({n}, {n // 2}, {n % 3 + 1}, 4.5)" for n in range(2, 62)]
    orders = [f"({n}, 'XSDD{n}', '2026-05-{n % 28 + 1:02d}')" for n in range(1, 31)]
    script = (
        "CREATE TABLE SEOrder (FInterID INTEGER, FBillNo VARCHAR(9), FDate DATE);"
        "CREATE TABLE SEOrderEntry (FDetailID INTEGER, FInterID INTEGER, FQty INTEGER, FPrice DECIMAL(9, 2));"
        + inserted("SEOrder", orders)
        + inserted("SEOrderEntry", entries)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT units_sold FROM SEOrderEntry") == [(120,)]
    quantity = view(found, "SEOrderEntry").column("FQty")
    assert quantity is not None and {"quantity", "数量"} <= set(quantity.synonyms)


def odoo(rate: float, *, is_converted: bool = False) -> str:
    """Every fifth order is in dollars, at 1.25 of them a euro."""
    orders, lines = [], []
    for n in range(1, 61):
        is_dollar = n % 5 == 0
        factor = 1.25 if is_dollar and not is_converted else 1
        orders.append(
            f"({n}, '2026-05-{n % 28 + 1:02d}', {2 if is_dollar else 1}, {rate if is_dollar else 1}, "
            f"{30 * factor}, 'sale')"
        )
        lines += [
            f"({2 * n + k}, {n}, {n % 12 + 1}, 1, {(10 + 10 * k) * factor}, '2026-06-01')" for k in (0, 1)
        ]
    return (
        "CREATE TABLE res_currency (id INTEGER PRIMARY KEY, name VARCHAR(3));"
        "INSERT INTO res_currency VALUES (1, 'EUR'), (2, 'USD'), (3, 'CHF');"
        "CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR(20));"
        "CREATE TABLE sale_order (id INTEGER PRIMARY KEY, date_order DATE, currency_id INTEGER REFERENCES "
        "res_currency (id), currency_rate DECIMAL(9, 4), amount_total DECIMAL(9, 2), state VARCHAR(9));"
        "CREATE TABLE sale_order_line (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES sale_order (id), "
        "product_id INTEGER REFERENCES product (id), quantity INTEGER, line_total DECIMAL(9, 2), create_date DATE);"
        + inserted("product", [f"({n}, 'part {n}')" for n in range(1, 13)])
        + inserted("sale_order", orders)
        + inserted("sale_order_line", lines)
    )


@pytest.mark.parametrize(
    ("rate", "is_converted"),
    [
        pytest.param(1.25, False, id="dollars a euro"),
        pytest.param(0.8, False, id="euros a dollar"),
        pytest.param(1.25, True, id="converted"),
    ],
)
def test_amounts_are_brought_into_one_currency_by_their_orders_rate(
    kind: str, rate: float, is_converted: bool, tmp_path: Path
) -> None:
    found = described(kind, odoo(rate, is_converted=is_converted), tmp_path)
    assert found.shop.currency == "EUR"
    assert rows(found, "SELECT revenue FROM sale_order") == [(pytest.approx(1800.0),)]
    by_part = dict(rows(found, "SELECT product_name, revenue FROM sale_order_line GROUP BY product_name"))
    assert by_part == {f"part {n}": pytest.approx(150.0) for n in range(1, 13)}
    # a line was sold when its order was, and not when it was written down
    assert rows(found, "SELECT units_sold FROM sale_order_line WHERE DURING('May 2026')") == [(120,)]


def test_a_list_of_currencies_that_are_not_used_says_nothing(kind: str, tmp_path: Path) -> None:
    found = described(kind, odoo(1.25).replace(", 2, 1.25,", ", 1, 1,"), tmp_path)
    assert found.shop.currency == "EUR"
    assert not [d for d in found.decisions if "several currencies" in d.text]


def test_a_users_id_is_that_of_a_user_and_not_of_a_users_coupon(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE mall_coupon_user (id INTEGER PRIMARY KEY, coupon VARCHAR(9));"
        "CREATE TABLE mall_user (id INTEGER PRIMARY KEY, city VARCHAR(9));"
        "CREATE TABLE mall_order (id INTEGER PRIMARY KEY, user_id INTEGER, add_time DATE);"
        + inserted("mall_coupon_user", [f"({n}, 'c')" for n in range(1, 61)])
        + inserted("mall_user", [f"({n}, 'Leeds')" for n in range(1, 31)])
        + inserted("mall_order", [f"({n}, {n % 30 + 1}, '2026-05-01')" for n in range(1, 61)])
    )
    assert view(described(kind, script, tmp_path), "mall_order").refs == {"user_id": "mall_user"}


def test_a_calendar_of_written_days_that_ends_with_the_end_of_time(kind: str, tmp_path: Path) -> None:
    days = [
        f"({2026}{month:02d}{n:02d}, '2026-{month:02d}-{n:02d}', 2026, {month}, 'Monday')"
        for month in (5, 6, 7)
        for n in range(1, 31)
    ]
    days += ["(0, NULL, NULL, NULL, 'Unknown')", "(99991231, '9999-12-31', 9999, 12, 'Friday')"]
    sales = [f"({n}, {20260500 + n % 30 + 1}, 2, 5)" for n in range(1, 61)]
    script = (
        "CREATE TABLE dim_date (date_key INTEGER PRIMARY KEY, full_date TEXT, year_number INTEGER, month_number "
        "INTEGER, day_name TEXT);"
        "CREATE TABLE fact_sales (sales_key INTEGER PRIMARY KEY, order_date_key INTEGER REFERENCES dim_date (date_key), "
        "quantity INTEGER, net_amount INTEGER);" + inserted("dim_date", days) + inserted("fact_sales", sales)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue FROM fact_sales WHERE DURING('2026-05-10')") == [(10,)]


def test_refunds_that_were_refused_or_are_open_gave_nothing_back(kind: str, tmp_path: Path) -> None:
    states = ("退款成功", "商家已拒绝", "待商家处理", "退款成功")
    refunds = [f"({n}, '2026-05-{n % 28 + 1:02d}', '{states[n % 4]}', 10)" for n in range(1, 41)]
    script = (
        "CREATE TABLE 售后单 (售后编号 INTEGER PRIMARY KEY, 申请时间 DATE, 售后状态 VARCHAR(9), 退款金额 INTEGER);"
        + inserted("售后单", refunds)
    )
    found = described(kind, script, tmp_path)
    name = next(m.name for m in found.shop.metrics if m.summed("duckdb") == "退款金额")
    assert rows(found, f"SELECT {name}, COUNT(*) FROM 售后单") == [(200, 40)]


def test_what_was_given_back_is_summed_over_cancelled_orders_too(kind: str, tmp_path: Path) -> None:
    orders = [
        f"({n}, '2026-05-{n % 28 + 1:02d}', '{'cancelled' if n % 3 == 0 else 'paid'}', 10, {8 if n % 3 == 0 else 0})"
        for n in range(1, 31)
    ]
    script = (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at DATE, order_status VARCHAR(9), total INTEGER, "
        "refund_amount INTEGER);" + inserted("orders", orders)
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT revenue, total_orders_refund_amount FROM orders") == [(200, 80)]


def quotations() -> str:
    states = ("sale", "draft", "sent", "cancel", "sale", "done")
    orders = [
        f"({n}, 'S{n:05d}', '2026-05-{n % 28 + 1:02d}', {n % 9 + 1}, '{states[n % 6]}', 90)"
        for n in range(1, 61)
    ]
    lines = [f"({n}, {n}, {n % 5 + 1}, 1, 100, 10, 90)" for n in range(1, 61)]
    stock = [f"({n}, {n % 2 + 1}, {n % 5 + 1}, 7, 0, '2026-05-01')" for n in range(1, 21)]
    return (
        "CREATE TABLE res_partner (id INTEGER PRIMARY KEY, city VARCHAR(9));"
        "CREATE TABLE product (id INTEGER PRIMARY KEY, product VARCHAR(9));"
        "CREATE TABLE sale_order (id INTEGER PRIMARY KEY, name VARCHAR(9), date_order DATE, partner_id INTEGER "
        "REFERENCES res_partner (id), state VARCHAR(9), amount_total DECIMAL(9, 2));"
        "CREATE TABLE sale_order_line (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES sale_order (id), "
        "product_id INTEGER REFERENCES product (id), quantity INTEGER, price_unit DECIMAL(9, 2), "
        "discount DECIMAL(5, 2), price_subtotal DECIMAL(9, 2));"
        "CREATE TABLE stock_location (id INTEGER PRIMARY KEY, usage VARCHAR(9));"
        "INSERT INTO stock_location VALUES (1, 'internal'), (2, 'customer');"
        "CREATE TABLE stock_quant (id INTEGER PRIMARY KEY, location_id INTEGER REFERENCES stock_location (id), "
        "product_id INTEGER REFERENCES product (id), quantity INTEGER, reserved_quantity INTEGER, in_date DATE);"
        + inserted("res_partner", [f"({n}, 'Bath')" for n in range(1, 11)])
        + inserted("product", [f"({n}, 'part {n}')" for n in range(1, 6)])
        + inserted("sale_order", orders)
        + inserted("sale_order_line", lines)
        + inserted("stock_quant", stock)
    )


def test_a_quotation_is_no_order_and_a_cancelled_order_brings_nothing_in(kind: str, tmp_path: Path) -> None:
    found = described(kind, quotations(), tmp_path)
    asked = "SELECT number_of_sale_order, revenue FROM sale_order"
    assert rows(found, asked) == [(40, pytest.approx(2700.0))]
    assert found.shop.bindings["order"] == "sale_order.name"


def test_a_discount_in_per_cent_is_given_in_money(kind: str, tmp_path: Path) -> None:
    found = described(kind, quotations().replace("1, 100, 10, 90)", "1, 100, 0, 100)", 5), tmp_path)
    assert not [m.name for m in found.shop.metrics if m.summed("duckdb") == "discount"]
    ((given,),) = rows(found, "SELECT discount_given FROM sale_order_line")
    assert given == pytest.approx(10.0 * (30 - sum(n % 6 in (0, 4, 5) for n in range(1, 6))))


def test_what_lies_at_customers_is_no_stock(kind: str, tmp_path: Path) -> None:
    found = described(kind, quotations(), tmp_path)
    stock = next(
        m.name for m in found.shop.metrics if m.view == "stock_quant" and m.summed("duckdb") == "quantity"
    )
    assert rows(found, f"SELECT {stock} FROM stock_quant") == [(70,)]


def test_what_has_not_happened_takes_no_days(kind: str, tmp_path: Path) -> None:
    orders = [
        f"({n}, '2026-05-{n % 20 + 1:02d}', '{'9999-12-31' if n % 4 == 0 else f'2026-05-{n % 20 + 4:02d}'}')"
        for n in range(1, 41)
    ]
    script = "CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_on DATE, delivered_on DATE);" + inserted(
        "orders", orders
    )
    found = described(kind, script, tmp_path)
    asked = "SELECT AVG(DAYS(placed_on, delivered_on)), COUNT(*) FROM orders WHERE delivered_on IS NOT NULL"
    assert rows(found, asked) == [(3.0, 30)]


def test_written_versions_of_a_customer_are_one_customer(kind: str, tmp_path: Path) -> None:
    versions = [f"({n}, 'C{n}', 'Bath', '2024-01-01', '9999-12-31')" for n in range(1, 31)]
    versions += ["(90, 'C1', 'Leeds', '2025-01-01', '9999-12-31')"]
    script = (
        "CREATE TABLE dim_customer (customer_key INTEGER PRIMARY KEY, customer_id VARCHAR(9), city VARCHAR(9), "
        "row_valid_from TEXT, row_valid_to TEXT);"
        "CREATE TABLE fact_sales (id INTEGER PRIMARY KEY, customer_key INTEGER REFERENCES dim_customer (customer_key), "
        "sold_on DATE, quantity INTEGER, net_amount INTEGER);"
        + inserted("dim_customer", versions)
        + inserted("fact_sales", [f"({n}, {1 if n % 2 else 90}, '2026-05-01', 1, {n})" for n in range(1, 41)])
    )
    found = described(kind, script, tmp_path)
    assert rows(found, "SELECT number_of_dim_customer FROM dim_customer") == [(30,)]
    assert rows(found, "SELECT city, COUNT(*) FROM fact_sales GROUP BY city") == [("Leeds", 40)]


# ---- several of one thing ---------------------------------------------------------------------------------


def categories(beside: str = "position INTEGER") -> str:
    """Product 1 is in two categories, 2 in one, 3 in none."""
    lines = [f"({n}, {n}, {n % 3 + 1}, 1, 10, '2026-05-{n:02d}')" for n in range(1, 31)]
    return (
        "CREATE TABLE categories (id INTEGER PRIMARY KEY, category VARCHAR(9));"
        "CREATE TABLE products (id INTEGER PRIMARY KEY, product VARCHAR(9));"
        f"CREATE TABLE product_category (product_id INTEGER REFERENCES products (id), "
        f"category_id INTEGER REFERENCES categories (id), {beside});"
        "CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_number INTEGER, product_id INTEGER REFERENCES "
        "products (id), quantity INTEGER, amount INTEGER, sold_on DATE);"
        "INSERT INTO categories VALUES (1, 'pots'), (2, 'gifts');"
        "INSERT INTO products VALUES (1, 'pot'), (2, 'card'), (3, 'pin');"
        "INSERT INTO product_category VALUES (1, 1, 1), (1, 2, 1), (2, 2, 1);"
        + inserted("order_lines", lines)
    )


def test_a_product_in_two_categories_counts_in_each_once(kind: str, tmp_path: Path) -> None:
    found = described(kind, categories(), tmp_path)
    by = rows(found, "SELECT category, revenue FROM order_lines GROUP BY category ORDER BY revenue DESC")
    assert sorted(by, key=str) == sorted([("gifts", 200), ("pots", 100), (None, 100)], key=str)
    only = rows(found, "SELECT revenue FROM order_lines WHERE category = 'gifts'")
    assert only == [(200,)]


def test_a_category_hangs_on_the_product_and_not_on_what_is_known_of_it(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE product (id INTEGER PRIMARY KEY, title VARCHAR(9));"
        "CREATE TABLE product_meta_lookup (product_id INTEGER PRIMARY KEY, stock INTEGER);"
        "CREATE TABLE terms (term_id INTEGER PRIMARY KEY, name VARCHAR(9));"
        "CREATE TABLE term_taxonomy (term_taxonomy_id INTEGER PRIMARY KEY, term_id INTEGER REFERENCES terms (term_id), "
        "taxonomy VARCHAR(20));"
        "CREATE TABLE term_relationships (object_id INTEGER, term_taxonomy_id INTEGER REFERENCES term_taxonomy "
        "(term_taxonomy_id));"
        + inserted("product", [f"({n}, 'p{n}')" for n in range(1, 31)])
        + inserted("product_meta_lookup", [f"({n}, {n})" for n in range(1, 31)])
        + "INSERT INTO terms VALUES (1, 'Seeds'), (2, 'Tools');"
        "INSERT INTO term_taxonomy VALUES (51, 1, 'product_cat'), (52, 2, 'product_cat');"
        + inserted("term_relationships", [f"({n}, {51 + n % 2})" for n in range(1, 31)])
    )
    found = described(kind, script, tmp_path)
    by = rows(found, "SELECT product_cat, COUNT(*) FROM product GROUP BY product_cat")
    assert sorted(by) == [("Seeds", 15), ("Tools", 15)]


@pytest.mark.parametrize("beside", ["quantity INTEGER", "price DECIMAL(9, 2)"])
def test_what_counts_something_for_two_things_is_no_table_of_pairs(
    kind: str, beside: str, tmp_path: Path
) -> None:
    """A product lies in two warehouses: its sales are of neither."""
    found = described(kind, categories(beside).replace("categor", "warehous"), tmp_path)
    with pytest.raises(WrongStatement, match="both only share products"):
        rows(found, "SELECT warehousy, revenue FROM order_lines GROUP BY warehousy")


def test_what_has_a_number_of_its_own_is_no_list_of_labels(kind: str, tmp_path: Path) -> None:
    labels = "id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id), subject VARCHAR(9)"
    script = categories() + f"CREATE TABLE tickets ({labels});"
    script += inserted("tickets", [f"({n}, {n % 3 + 1}, 'late {n % 2}')" for n in range(1, 31)])
    found = described(kind, script, tmp_path)
    with pytest.raises(WrongStatement, match="both only share products"):
        rows(found, "SELECT subject, revenue FROM order_lines GROUP BY subject")


def test_rows_that_share_a_product_with_facts_are_no_pairs(kind: str, tmp_path: Path) -> None:
    found = described(kind, categories("note VARCHAR(9)").replace("1, 1, 1)", "1, 1, 'a')"), tmp_path)
    with pytest.raises(WrongStatement, match="both only share products"):
        rows(found, "SELECT category, revenue FROM order_lines GROUP BY category")
