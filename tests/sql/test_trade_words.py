"""What names of tables and columns say, in both languages."""

from __future__ import annotations

import re

import pytest

from sql.shop.trade_words import in_both, nouns_of, read_name, says, value_names, without_prefix, words_for

NAMES = [
    # name, type of the column, its words, what must be among other words for it
    ("ORDHDR", "", "order header", {"order", "订单"}),
    ("CUSMST", "", "customer master", {"customer", "客户"}),
    ("QTY_OH", "integer", "quantity on hand", {"现有库存", "in stock"}),
    ("UPRC", "number", "unit price", {"unit price", "单价"}),
    ("DSC_AMT", "number", "discount amount", {"discount", "优惠金额"}),
    ("ITM_DSC", "text", "item description", {"item description"}),
    ("ORNO", "integer", "order number", {"订单号"}),
    ("khzl", "", "customer information", {"customer", "客户"}),
    ("khbh", "text", "customer number", {"客户编号", "customer number"}),
    ("xsddmx", "", "sales order line", {"销售订单明细"}),
    ("sfje", "number", "amount paid", {"实付金额", "amount paid"}),
    ("sf", "text", "province", {"省份"}),
    ("sf", "number", "paid", {"实付"}),
    ("buy_num", "integer", "buy quantity", {"购买数量"}),
    ("pay_fen", "integer", "pay fen", {"支付", "实付金额"}),
    ("id_order", "integer", "id order", {"order id", "订单编号"}),
    ("退款原因", "text", "refund reason", {"refund reason"}),
    ("reason_code", "text", "reason code", {"reason", "原因"}),
    ("line_items", "", "line item", {"order line", "订单明细"}),
    ("t_goods", "", "t product", {"product", "商品"}),
    # shortened by leaving vowels or the end out
    ("titl", "", "title", {"title", "标题"}),
    ("rentl", "", "rental", {"rental", "租借"}),
    ("clrk", "text", "clerk", {"clerk", "店员"}),
    ("acq_dt", "date", "acquired date", {"acquired date", "购入日期"}),
    ("orderdate", "date", "order date", {"order date", "下单日期"}),
    ("sdt", "date", "date", {"date", "日期"}),
    ("mtyp", "text", "type", {"type", "类型"}),
    ("sale_h", "", "sale header", {"sale", "销售"}),
    ("sale_l", "", "sale line", {"sale line"}),
    # plain words are no runs of short forms, nor others misspelled
    ("area", "number", "area", {"面积"}),
    ("city_area", "number", "city area", {"城市面积"}),
    ("stars", "integer", "star", {"星级"}),
    ("latest_review", "text", "latest review", set()),
    ("monthly_fee", "number", "monthly fee", set()),
    ("pages_per_minute", "integer", "page per minute", set()),
    ("actor", "", "actor", set()),
    ("courses", "", "course", set()),
    ("horses", "", "horse", set()),
    ("statuses", "", "status", {"状态"}),
    ("support_body", "text", "support body", set()),
    ("debt", "number", "debt", set()),
    ("custno", "integer", "customer number", {"客户编号"}),
    ("是否医保", "text", "whether 医保", {"医保"}),
    ("is_gift", "integer", "is gift", {"gift"}),
    # but a table of an old order system is, though it can be spoken
    ("OEHDR", "", "order header", {"order", "订单"}),
    ("OELIN", "", "order line", {"order line", "订单明细"}),
    ("ARCUST", "", "accounts receivable customer", {"应收账款客户"}),
    ("QTYSHP", "integer", "quantity shipping", {"quantity shipped", "发货数量"}),
    # initials before the last word of a name, by what the column holds
    ("sj_rq", "date", "listing date", {"上架日期"}),
    ("dd_sj", "date", "order time", {"下单时间"}),
    ("yh_je", "number", "discount amount", {"优惠金额"}),
    ("yf_je", "number", "payable amount", {"应付金额"}),
    ("yf", "number", "shipping fee", {"运费"}),
    ("zc_rq", "date", "registration date", {"注册日期"}),
    ("qs_rq", "date", "delivery date", {"送达日期"}),
]


@pytest.mark.parametrize(("name", "kind", "read", "among"), NAMES, ids=[f"{n[0]}-{n[1]}" for n in NAMES])
def test_names_are_read_by_their_words(name: str, kind: str, read: str, among: set[str]) -> None:
    assert " ".join(read_name(name, kind)) == read
    words = words_for(name, kind)
    assert among <= set(words)
    assert name.lower() not in words


@pytest.mark.parametrize("name", ["wxyz", "col_7", "xq"])
def test_what_the_lists_do_not_know_gets_no_words(name: str) -> None:
    assert in_both(name) == ("", "")
    assert words_for(name) == ()


def test_initials_of_several_meanings_are_no_part_of_a_longer_name() -> None:
    # ys alone is a colour as a text; in yshj it is not
    assert "颜色" in words_for("ys", "text")
    assert words_for("dhzrq", "date") == ()


def test_both_languages_are_searched() -> None:
    paid = re.compile(r"\bamount paid\b")
    assert says(paid, "实付金额") and says(re.compile("实付"), "实付金额")
    assert not says(paid, "应付金额")


def test_what_nearly_all_tables_begin_with_is_left_out() -> None:
    names = ["oc_order", "oc_order_product", "oc_customer", "settings"]
    assert without_prefix(names) == {
        "oc_order": "order",
        "oc_order_product": "order_product",
        "oc_customer": "customer",
        "settings": "settings",
    }
    plain = ["order_lines", "order_states", "order_notes"]
    assert without_prefix(plain) == {name: name for name in plain}
    assert nouns_of("oc_order_status") == ["order", "status"]


def test_no_value_has_itself_for_another_word() -> None:
    assert all(value not in words for value, words in value_names().items())
