"""What init makes of tables with short names: an old order system's and a programmer's pinyin."""
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest
from described_shop import described, inserted, rows, view

from sql.question.linking import Vocabulary, link
from sql.shop.describe import Described
from sql.shop.drafting import looks_personal
from sql.shop.row_names import name_columns
from sql.shop.workspace import open_workspace


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def day(n: int) -> str:
    return f"2025-{n % 9 + 1:02}-{n % 27 + 1:02}"


PINYIN = (
    "CREATE TABLE kehu (kh_id INTEGER PRIMARY KEY, xm TEXT, sjh TEXT, dj INTEGER);"
    + inserted("kehu", [f"({n}, '客户{n}', '138000000{n:02}', {n % 4 + 1})" for n in range(1, 31)])
    + "CREATE TABLE shangpin (sp_id INTEGER PRIMARY KEY, sp_mc TEXT, lsj REAL, sj_rq TEXT);"
    + inserted("shangpin", [f"({n}, '商品{n}', {n}.5, '{day(n)}')" for n in range(1, 21)])
    + "CREATE TABLE dingdan (dd_id INTEGER PRIMARY KEY, kh_id INTEGER REFERENCES kehu(kh_id), xd_sj TEXT, zt INTEGER, "
    "sfje REAL, zffs INTEGER);"
    + inserted(
        "dingdan",
        [f"({n}, {n % 30 + 1}, '{day(n)} 10:0{n % 9}:00', {n % 3}, 10, {n % 5})" for n in range(1, 91)],
    )
    + "CREATE TABLE ddmx (mx_id INTEGER PRIMARY KEY, dd_id INTEGER REFERENCES dingdan(dd_id), "
    "sp_id INTEGER REFERENCES shangpin(sp_id), sl INTEGER, xj REAL);"
    + inserted("ddmx", [f"({n}, {n}, {n % 20 + 1}, 2, 10)" for n in range(1, 91)])
    + "CREATE TABLE kucun (kc_id INTEGER PRIMARY KEY, sp_id INTEGER REFERENCES shangpin(sp_id), sl INTEGER, aqkc INTEGER);"
    + inserted("kucun", [f"({n}, {n}, {n}, 5)" for n in range(1, 21)])
    + "CREATE TABLE pingjia (pj_id INTEGER PRIMARY KEY, sp_id INTEGER REFERENCES shangpin(sp_id), xj INTEGER, nr TEXT);"
    + inserted("pingjia", [f"({n}, {n % 20 + 1}, {n % 5 + 1}, '很好')" for n in range(1, 31)])
    + "CREATE TABLE zidian (id INTEGER PRIMARY KEY, lx TEXT, dm INTEGER, mc TEXT);"
    + inserted(
        "zidian",
        [
            f"({n}, '{lx}', {dm}, '{mc}')"
            for n, (lx, dm, mc) in enumerate(
                [
                    ("dd_zt", 0, "待付款"),
                    ("dd_zt", 1, "已发货"),
                    ("dd_zt", 2, "已取消"),
                    ("hydj", 1, "普通"),
                    ("hydj", 2, "银卡"),
                    ("hydj", 3, "金卡"),
                    ("hydj", 4, "黑金"),
                ],
                1,
            )
        ],
    )
)


@pytest.fixture(params=["duckdb", "sqlite"])
def pinyin(request: pytest.FixtureRequest, tmp_path: Path) -> Described:
    return described(str(request.param), PINYIN, tmp_path)


def test_a_moment_is_read_whatever_its_name_looks_like(pinyin: Described) -> None:
    """``xd_sj`` is when an order was placed; ``sj`` alone is a mobile phone."""
    placed = view(pinyin, "dingdan").column("xd_sj")
    assert placed is not None and placed.type == "timestamp"
    assert view(pinyin, "dingdan").time == "xd_sj" and pinyin.shop.bindings["order_date"] == "dingdan.xd_sj"
    assert view(pinyin, "shangpin").time == "sj_rq"
    assert (
        rows(pinyin, "SELECT MONTH, COUNT(*) FROM dingdan WHERE DURING('May 2025') GROUP BY MONTH")[0][1]
        == 10
    )


def test_numbers_of_people_stay_texts(pinyin: Described) -> None:
    phone = view(pinyin, "kehu").column("sjh")
    assert phone is not None and phone.type == "text" and not phone.sampled


def test_codes_of_a_thing_s_initials_are_read(pinyin: Described) -> None:
    assert ("金卡", 8) in rows(pinyin, "SELECT dj, COUNT(*) FROM kehu GROUP BY dj")
    ((revenue,),) = rows(pinyin, "SELECT revenue FROM dingdan")
    assert revenue == 300  # of ninety orders a third is paid for and not cancelled


def test_stock_is_bound_and_stars_are_no_subtotal(pinyin: Described) -> None:
    assert pinyin.shop.bindings["on_hand"] == "kucun.sl"
    stars = view(pinyin, "pingjia").column("xj")
    assert stars is not None and {"评分", "rating"} <= set(stars.synonyms)


def test_a_way_to_pay_is_not_added_up(pinyin: Described) -> None:
    assert "total_dingdan_zffs" not in {metric.name for metric in pinyin.shop.metrics}


ERP = (
    "CREATE TABLE cust_mst (cust_no TEXT PRIMARY KEY, cust_nm TEXT);"
    + inserted("cust_mst", [f"('C{n}', 'Firm {n}')" for n in range(1, 21)])
    + "CREATE TABLE itm (itm_no TEXT PRIMARY KEY, dsc TEXT, std_cst REAL, crt_dt TEXT);"
    + inserted(
        "itm",
        [
            f"('{10000 + n}', 'Felco {n} Garden Secateurs {n} cm', {n}, '2024-01-{n:02}')"
            for n in range(1, 21)
        ],
    )
    + "CREATE TABLE whs (whs_cd TEXT PRIMARY KEY, whs_nm TEXT);"
    + inserted("whs", ["('10', 'Main')", "('20', 'North')", "('30', 'South')"])
    + "CREATE TABLE so_hdr (so_no TEXT PRIMARY KEY, cust_no TEXT REFERENCES cust_mst, ord_dt TEXT, whs_cd TEXT "
    "REFERENCES whs, net_amt REAL);"
    + inserted(
        "so_hdr", [f"('SO{n}', 'C{n % 20 + 1}', '{day(n)}', '{10 * (n % 3) + 10}', 20)" for n in range(1, 61)]
    )
    + "CREATE TABLE so_dtl (so_no TEXT REFERENCES so_hdr, ln INTEGER, itm_no TEXT REFERENCES itm, qty INTEGER, "
    "ln_amt REAL, PRIMARY KEY (so_no, ln));"
    + inserted("so_dtl", [f"('SO{n}', 1, '{10000 + n % 20 + 1}', 2, 20)" for n in range(1, 61)])
    + "CREATE TABLE rma (rma_no TEXT PRIMARY KEY, so_no TEXT REFERENCES so_hdr, so_ln INTEGER, rma_dt TEXT, cls_dt TEXT);"
    + inserted("rma", [f"('R{n}', 'SO{n}', 1, '{day(n)}', '{day(n + 1)}')" for n in range(1, 41)])
)


def test_a_province_is_one_with_and_without_its_kind(kind: str, tmp_path: Path) -> None:
    names = ["浙江", "浙江省", "内蒙古", "内蒙古自治区", "吉林", "吉林市"]
    script = "CREATE TABLE 客户 (客户编号 INTEGER PRIMARY KEY, 省份 TEXT, 备注 TEXT);"
    script += inserted("客户", [f"({n}, '{names[n % 6]}', '{names[n % 6]}')" for n in range(1, 61)])
    found = described(kind, script, tmp_path)
    counts = dict(rows(found, "SELECT 省份, COUNT(*) FROM 客户 GROUP BY 省份"))
    assert sorted(counts.values()) == [20, 20, 20]
    assert len(rows(found, "SELECT 备注, COUNT(*) FROM 客户 GROUP BY 备注")) == 6
    workspace = open_workspace(found.shop)
    try:
        links = link("浙江的客户有多少", Vocabulary.build(workspace), workspace.today)
    finally:
        workspace.close()
    assert {m.value for m in links.mentions if m.name == "省份"} & set(map(str, counts))


def test_a_province_and_a_city_of_one_name_are_two(kind: str, tmp_path: Path) -> None:
    script = "CREATE TABLE kunden (id INTEGER PRIMARY KEY, region TEXT);"
    script += inserted("kunden", [f"({n}, '{['吉林省', '吉林市'][n % 2]}')" for n in range(1, 41)])
    assert (
        len(rows(described(kind, script, tmp_path), "SELECT region, COUNT(*) FROM kunden GROUP BY region"))
        == 2
    )


def test_a_customer_s_name_on_an_order_makes_no_customers_of_orders(kind: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_name TEXT, order_date DATE, total REAL);"
    )
    script += inserted("orders", [f"({n}, 'Ann {n % 7}', '{day(n)}', {n})" for n in range(1, 61)])
    script += "CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(order_id), product_name TEXT, quantity INTEGER);"
    script += inserted("order_lines", [f"({n}, {n}, 'Tea {n % 5}', 1)" for n in range(1, 61)])
    found = described(kind, script, tmp_path)
    assert not {"customer", "客户"} & set(view(found, "orders").synonyms)
    assert not any("customers" in s for m in found.shop.metrics if m.sql == "COUNT(*)" for s in m.synonyms)


def test_movements_are_no_levels_and_what_expires_is_not_expected(kind: str, tmp_path: Path) -> None:
    script = (
        ERP
        + "CREATE TABLE inventory_movements (id INTEGER PRIMARY KEY, itm_no TEXT REFERENCES itm, quantity INTEGER, moved_at TEXT);"
    )
    script += inserted(
        "inventory_movements", [f"({n}, '{10000 + n % 20 + 1}', {n}, '{day(n)}')" for n in range(1, 41)]
    )
    script += "CREATE TABLE stock_batches (id INTEGER PRIMARY KEY, itm_no TEXT REFERENCES itm, received_date TEXT, expiry_date TEXT);"
    script += inserted(
        "stock_batches", [f"({n}, '{10000 + n % 20 + 1}', '{day(n)}', '{day(n + 3)}')" for n in range(1, 41)]
    )
    found = described(kind, script, tmp_path)
    assert found.shop.bindings.get("on_hand") != "inventory_movements.quantity"
    expiry = view(found, "stock_batches").column("expiry_date")
    assert expiry is not None and "到期日期" in expiry.synonyms


def test_an_authorization_is_no_author(kind: str, tmp_path: Path) -> None:
    found = described(kind, ERP, tmp_path)
    assert view(found, "rma").time == "rma_dt"
    assert not looks_personal("rma", "rma_dt") and looks_personal("authors", "name")
    assert "total_rma_so_ln" not in {metric.name for metric in found.shop.metrics}


def test_items_without_a_name_are_called_by_their_description(kind: str, tmp_path: Path) -> None:
    found = described(kind, ERP, tmp_path)
    description = view(found, "itm").column("dsc")
    assert description is not None and description.sampled and not description.free_text
    assert name_columns(view(found, "itm")) == ("dsc",)
    workspace = open_workspace(found.shop)
    try:
        links = link("stock of felco 2 garden secateurs 2 cm", Vocabulary.build(workspace), workspace.today)
    finally:
        workspace.close()
    assert "Felco 2 Garden Secateurs 2 cm" in {mention.value for mention in links.mentions}


def test_orders_are_orders_however_their_table_is_called(kind: str, tmp_path: Path) -> None:
    found = described(kind, ERP, tmp_path)
    assert {"order", "订单"} <= set(view(found, "so_hdr").synonyms)
    (counting,) = [m for m in found.shop.metrics if m.view == "so_hdr" and m.sql == "COUNT(*)"]
    assert {"number of orders", "订单数"} <= set(counting.synonyms)


@pytest.mark.parametrize(
    ("question", "is_number"),
    [("Which 10 items sold the most?", True), ("sales of warehouse 10", True), ("orders of C12", False)],
)
def test_a_short_code_may_be_a_number_too(question: str, is_number: bool, kind: str, tmp_path: Path) -> None:
    found = described(kind, ERP, tmp_path)
    workspace = open_workspace(found.shop)
    try:
        links = link(question, Vocabulary.build(workspace), workspace.today)
    finally:
        workspace.close()
    assert [number.value for number in links.numbers] == ([10.0] if is_number else [])
