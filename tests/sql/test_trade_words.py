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
    ("QTYSHP", "integer", "quantity shipped", {"quantity shipped", "发货数量"}),
    # initials before the last word of a name, by what the column holds
    ("sj_rq", "date", "listing date", {"上架日期"}),
    ("dd_sj", "date", "order time", {"下单时间"}),
    ("yh_je", "number", "discount amount", {"优惠金额"}),
    ("yf_je", "number", "payable amount", {"应付金额"}),
    ("yf", "number", "shipping fee", {"运费"}),
    ("zc_rq", "date", "registration date", {"注册日期"}),
    ("qs_rq", "date", "delivery date", {"送达日期"}),
    # tables of an ERP system in short forms
    ("so_hdr", "", "sales order header", {"销售订单"}),
    ("cn_hdr", "", "credit note header", {"credit memo", "贷项通知单", "贷记单"}),
    ("dn_hdr", "", "delivery note header", {"packing slip", "送货单"}),
    ("qt_hdr", "", "quotation header", {"报价单"}),
    ("po_ln", "", "purchase order line", {"采购订单明细"}),
    ("pur_req", "", "purchase request", {"requisition", "请购单", "采购申请"}),
    ("pl_hdr", "", "pricelist header", {"price list", "价目表"}),
    ("whs_mst", "", "warehouse master", {"仓库"}),
    ("stk_mov", "", "stock movement", {"inventory movement", "库存变动", "出入库"}),
    # their columns: who
    ("sls_rep", "text", "sales representative", {"sales rep", "业务员", "销售员", "销售代表"}),
    ("rep_nm", "text", "representative name", {"业务员"}),
    ("acct_mgr", "text", "account manager", {"客户经理"}),
    ("plnr", "text", "planner", {"计划员"}),
    ("comp_nm", "text", "company name", {"公司名称"}),
    ("prnt_id", "integer", "parent id", {"上级编号"}),
    ("ownr", "text", "owner", {"负责人"}),
    # how many and how much
    ("dsc_pct", "number", "discount percent", {"discount", "折扣率", "折扣"}),
    ("dis_amt", "number", "discount amount", {"discount", "折扣金额"}),
    ("gp_pct", "number", "gross profit percent", {"gross margin", "毛利率"}),
    ("comm_rt", "number", "commission rate", {"佣金比例"}),
    ("tax_rt", "number", "tax rate", {"税率"}),
    ("exch_rt", "number", "exchange rate", {"汇率"}),
    ("min_ord_qty", "number", "minimum order quantity", {"MOQ", "最小起订量", "起订量"}),
    ("min_stk", "number", "minimum stock", {"reorder level", "最低库存", "库存下限"}),
    ("rord_qty", "number", "reorder quantity", {"补货数量"}),
    ("lead_d", "integer", "lead d", {"lead time", "交货天数", "交期"}),
    ("lead_days", "integer", "lead day", {"lead time", "交货天数", "提前期"}),
    ("lt_days", "integer", "lead time day", {"lead time", "交货天数"}),
    ("oo_qty", "number", "on order quantity", {"on order", "在途数量"}),
    ("oh_qty", "number", "on hand quantity", {"stock", "现有库存", "库存"}),
    ("shp_qty", "number", "shipping quantity", {"quantity shipped", "发货数量"}),
    ("opn_qty", "number", "open quantity", {"outstanding quantity", "未交数量"}),
    ("opn_amt", "number", "open amount", {"未结金额", "未付金额"}),
    ("os_amt", "number", "outstanding amount", {"amount owed", "欠款"}),
    ("opn_bal", "number", "open balance", {"opening balance", "期初余额"}),
    ("cls_bal", "number", "closing balance", {"期末余额"}),
    ("act_cst", "number", "actual cost", {"实际成本"}),
    ("nt_wt", "number", "net weight", {"净重"}),
    ("svc_chg", "number", "service charge", {"服务费"}),
    ("ovd_days", "integer", "overdue day", {"days overdue", "逾期天数"}),
    ("phys_qty", "number", "physical quantity", {"实盘数量"}),
    ("conv_fctr", "number", "conversion factor", {"换算率"}),
    ("sls_amt", "number", "sales amount", {"takings", "销售额", "流水", "业绩"}),
    # when
    ("vld_fr", "date", "valid from", {"生效日期"}),
    ("vld_to", "date", "valid to", {"失效日期", "有效期至"}),
    ("vld_til", "date", "valid until", {"有效期至"}),
    ("cn_dt", "date", "credit note date", {"贷项通知单日期"}),
    ("prom_dt", "date", "promised date", {"承诺日期"}),
    ("act_dlv_dt", "date", "actual delivery date", {"实际交货日期"}),
    ("est_dlv_dt", "date", "estimated delivery date", {"预计到货日期"}),
    ("cncl_dt", "date", "cancelled date", {"取消日期"}),
    ("mov_dt", "date", "movement date", {"变动日期"}),
    ("comp_dt", "date", "completed date", {"完成日期"}),
    # what
    ("fld", "text", "field", {"字段"}),
    ("pl_cd", "text", "pricelist code", {"price list", "价目表"}),
    ("frm_whs", "text", "from warehouse", {"from which warehouse", "调出仓库"}),
    ("to_whs", "text", "to warehouse", {"调入仓库"}),
    ("shp_mtd", "text", "ship method", {"配送方式"}),
    ("pmt_trms", "text", "payment term", {"payment terms", "账期"}),
    ("cst_ctr", "text", "cost center", {"成本中心"}),
    ("req_no", "text", "request number", {"申请单号"}),
    ("req_dt", "date", "required date", {"date needed", "要求日期"}),
    ("coo", "text", "country of origin", {"made in", "原产国", "产地"}),
    ("FBillNo", "text", "bill number", {"单据编号"}),
    ("act_flg", "integer", "actual flag", {"active", "是否有效"}),
    # whole words in both languages
    ("opening_balance", "number", "opening balance", {"期初余额"}),
    ("account_manager", "text", "account manager", {"客户经理"}),
    ("expected_delivery_date", "date", "expected delivery date", {"due in", "预计交货日期", "预计到货日期"}),
    ("total_spent", "number", "total spent", {"spent so far", "累计消费"}),
    ("backlog", "number", "backlog", {"not yet delivered", "积压订单"}),
    ("footfall", "integer", "footfall", {"客流"}),
    ("overstock", "number", "overstock", {"压货"}),
    ("best_seller", "integer", "best seller", {"爆款"}),
    ("order_count", "integer", "order count", {"单量"}),
    # initials and whole pinyin
    ("kcje", "number", "stock value", {"库存金额"}),
    ("cnrq", "date", "promised date", {"承诺日期"}),
    ("dzrq", "date", "reconciliation date", {"对账日期"}),
    ("jfje", "number", "debit amount", {"借方金额"}),
    ("bzgg", "text", "pack size", {"包装规格"}),
    ("xfje", "number", "amount spent", {"花了多少钱", "消费金额"}),
    ("yjdhrq", "date", "expected arrival date", {"预计到货日期"}),
    ("ckje", "number", "outbound amount", {"出库金额"}),
    ("shzt", "text", "approval status", {"审核状态"}),
    ("wcl", "number", "achievement rate", {"完成率"}),
    ("xl", "number", "units sold", {"销量"}),
    ("khjl", "text", "account manager", {"account manager", "客户经理"}),
    ("gongxu", "text", "operation", {"operation", "工序"}),
    ("zhekoulv", "number", "discount rate", {"discount rate", "折扣率"}),
    ("jinhuodan", "", "purchase order", {"purchase order", "进货单"}),
    ("caigouyuan", "text", "buyer", {"buyer", "采购员"}),
    ("yingyee", "number", "turnover", {"turnover", "营业额", "流水"}),
    ("kedanjia", "number", "average order value", {"average order value", "客单价"}),
    # plain words are none of these
    ("latest", "", "latest", set()),
    ("server", "", "server", set()),
    ("led", "text", "led", set()),
    ("grid", "", "grid", set()),
    # the same short form elsewhere
    ("name_cn", "text", "name cn", set()),
    ("len_cm", "number", "length centimetre", {"长度厘米"}),
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
