"""Which columns play the parts that jobs need: proposed for a shop that nobody described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sql.semantics import Shop, View, ViewColumn
from sql.shop.measures import LINE, STOCK_TABLE, is_sold
from sql.shop.trade_words import says, spoken
from sql.types import Dialect

_DAYS = frozenset({"date", "timestamp"})
_COUNTS = frozenset({"integer", "number"})
_PARTS: Mapping[str, tuple[re.Pattern[str], frozenset[str]]] = {
    "product": (
        re.compile(r"\b(?:product|item|article|goods|sku)\b|商品|产品|货品"),
        frozenset({"text", "integer"}),
    ),
    "category": (re.compile(r"\bcategory\b|\bdepartment\b|品类|类别|分类"), frozenset({"text", "integer"})),
    "country": (re.compile(r"\bcountry\b|国家"), frozenset({"text", "integer"})),
    "customer": (
        re.compile(r"\b(?:customer|client|buyer|member|partner|user)\b|客户|顾客|会员|买家|用户"),
        frozenset({"text", "integer"}),
    ),
    "quantity": (re.compile(r"\bquantity\b|\bunit sold\b|数量|件数"), frozenset({"integer", "number"})),
    "amount": (
        re.compile(r"\b(?:amount|revenue|total|sale)\b|金额|销售额|总额"),
        frozenset({"integer", "number"}),
    ),
    "list_price": (
        re.compile(r"\b(?:unit|list|item|regular|original|retail) price\b|^price$|单价|标价|原价"),
        _COUNTS,
    ),
    "order": (
        re.compile(
            r"\b(?:order|purchase|invoice|receipt) (?:id|number|no|code)\b|\bid order\b"
            r"|订单(?:号|编号)|单号|发票号"
        ),
        frozenset({"text", "integer"}),
    ),
    "order_state": (re.compile(r"\b(?:status|state|stage)\b|状态"), frozenset({"text", "integer"})),
    "shipped_date": (re.compile(r"\b(?:ship|shipped|sent|dispatch|dispatched)\b|发货|出库"), _DAYS),
    "delivered_date": (re.compile(r"\b(?:delivered|delivery|received|arrived)\b|签收|送达|收货"), _DAYS),
    "on_hand": (
        re.compile(
            r"\bon hand\b|\bin stock\b|\bstock(?: (?:level|quantity|number|count))?$"
            r"|\binventory(?: (?:level|quantity|number|count))?$"
            r"|\bquantity available\b|\bavailable (?:stock|quantity)\b"
            r"|^库存(?:量|数|数量)?$|现货|现存|可用库存|在库"
        ),
        _COUNTS,
    ),
    "stock_date": (re.compile(r"\b(?:snapshot|count|counted|stock|inventory|as of)\b|盘点|快照|库存"), _DAYS),
    "on_order": (re.compile(r"\bon order\b|\bincoming\b|\binbound\b|\bin transit\b|在途"), _COUNTS),
    "lead_time": (re.compile(r"\blead times?\b|交期|交货期|供货周期|采购周期"), _COUNTS),
    "unit_cost": (
        re.compile(
            r"\b(?:unit|purchase|cost|buying) (?:cost|price)\b|\bcost(?: per item)?$|成本|进价|采购价"
        ),
        _COUNTS,
    ),
    "campaign": (
        re.compile(
            r"^(?:campaign|promotion|promo|voucher|coupon|mailing)(?: (?:name|title|code))?$|^name$|^title$"
            r"|(?:活动|促销|优惠券)名称?$|^名称$"
        ),
        frozenset({"text"}),
    ),
    "campaign_start": (
        re.compile(r"\b(?:start|started|starts|begin|began|begins|launched|from)\b|开始|起始|生效"),
        _DAYS,
    ),
    "campaign_end": (
        re.compile(r"\b(?:end|ended|ends|finish|finished|until|expires|expiry|to)\b|结束|截止|失效|到期"),
        _DAYS,
    ),
    "campaign_cost": (re.compile(r"\b(?:cost|spend|spent|budget|expense)s?\b|成本|花费|费用|预算"), _COUNTS),
    "campaign_channel": (re.compile(r"\b(?:channel|medium|platform)\b|渠道|平台"), frozenset({"text"})),
    "campaign_offer": (
        re.compile(r"\b(?:offer|discount|incentive|reward)\b|优惠|折扣|力度"),
        frozenset({"text", "integer", "number"}),
    ),
    "sent_group": (
        re.compile(
            r"\b(?:arm|variant|treatment|treated|control|holdout|test group|group)\b"
            r"|\bis sent\b|分组|组别|实验组|对照"
        ),
        frozenset({"text", "integer", "boolean"}),
    ),
    "consent": (
        re.compile(
            r"\b(?:consent|opt in|opted in|newsletter|accept marketing|accepts marketing|subscribed)\b"
            r"|(?:营销|推广)同意|订阅"
        ),
        frozenset({"text", "integer", "boolean"}),
    ),
    "choice_propensity": (
        re.compile(r"\bpropensity\b|\b(?:action|choice) prob(?:ability)?\b|倾向|选择概率"),
        frozenset({"number"}),
    ),
    "logged_choice": (
        re.compile(r"\b(?:choice|chosen|action|banner|variant|option|arm|item)\b|选项|方案|横幅"),
        frozenset({"text", "integer"}),
    ),
    "choice_reward": (
        re.compile(r"\b(?:reward|click|clicked|converted|conversion|revenue|value)\b|点击|转化|回报"),
        _COUNTS,
    ),
}
"""Part → what a column's name says of it, and which types it may have."""
_IDENTIFIED = ("customer", "order")
"""Parts that are counted, so that a key is better than a name."""
_PLANNED = re.compile(
    r"\b(?:due|required|requested|estimated|expected|promised|promise|planned|scheduled)\b"
    r"|预计|承诺|预约|计划|要求"
)
_NOT: Mapping[str, re.Pattern[str]] = {
    "product": re.compile(
        r"\b(?:quantity|price|count|amount|total|cost|weight|discount|tax|rating|status|state|type|reason|uom"
        r"|unit of measure)\b|数量|价|金额|重量|状态|类型|原因"
    ),
    "quantity": re.compile(r"\bcount as sold\b"),
    "amount": re.compile(
        r"\b(?:discount|tax|vat|shipping|freight|refund|fee|tip|cost)\b|折扣|优惠|税|运费|退款"
    ),
    "list_price": re.compile(
        r"\b(?:total|cost|purchase|discount|discounted|net|paid|id)\b|合计|小计|总|折|优惠|成本|采购|进"
    ),
    "order": re.compile(
        r"\b(?:parent|original|previous|source|platform|external|return|refund|payment|tracking)\b"
        r"|原订单|来源|平台|退|支付|付款|物流|快递|运单"
    ),
    "order_state": re.compile(r"\b(?:financial|payment|pay)\b|支付|付款"),
    "shipped_date": _PLANNED,
    "delivered_date": _PLANNED,
    "on_hand": re.compile(
        r"\b(?:safety|minimum|min|maximum|max|reserved|locked|reorder|low|value|alert|notify|status|id|is)\b"
        r"|安全|最低|最高|锁定|预警|下限|上限|金额"
    ),
    "stock_date": re.compile(r"\b(?:create|created|updated|modified|restock|next|expected)\b|创建|更新|预计"),
    "consent": re.compile(r"\b(?:id|key|number|code|order|subscription)\b|编号|订单"),
    "unit_cost": re.compile(r"\b(?:total|shipping|campaign|ad|marketing|delivery)\b|总|运费|营销|广告"),
}
"""Part → what a column's name must not say: what was hoped for is not what happened."""
_PRICE = re.compile(r"\bprice\b|价")
_SUPPLY = re.compile(
    r"\b(?:supplier|vendor|seller|manufacturer|warehouse|employee|staff)\b|供应商|厂家|卖家|商家|仓库|员工"
)
"""Whose country is not where orders come from."""
_ORDER_NUMBER = re.compile(r"\b(?:order|purchase) (?:number|no|code)\b|订单(?:号|编号)|单号")
_BILL_NUMBER = re.compile(r"\b(?:invoice|receipt) (?:number|no|code)\b|发票号|小票号")
"""What a column is called that people know an order by, beside a key that only the database uses."""
_BILLS = re.compile(r"\b(?:invoice|receipt)\b|发票|小票")
_ORDERS = re.compile(r"\b(?:order|purchase|invoice|receipt|transaction)\b|订单|发票|小票")
ORDER_PARTS = ("order_state", "shipped_date", "delivered_date")
"""Parts that only mean something in the view of the orders."""
_RETURNS = re.compile(r"\b(?:return|refund|cancellation|credit note)\b|退货|退款|退换")
"""What a view of returned goods is called."""
_CAMPAIGNS = re.compile(
    r"\b(?:campaign|promotion|promo|voucher|coupon|marketing action)\b|活动|促销|优惠券|代金券"
)
"""What a view of campaigns is called."""
_SENDS = re.compile(
    r"\b(?:send|sent|assignment|recipient|mailing|holdout|audience|target|contact)\b|发送|分组|名单|对照"
)
"""What a view of who was sent them is called, beside them or by itself."""
_BESIDE_CAMPAIGN = ("campaign_cost", "campaign_channel", "campaign_offer")
_CHOSEN = ("logged_choice", "choice_propensity", "choice_reward")
"""Parts of one view in which choices were logged."""
_MOVED = re.compile(
    r"\b(?:movement|move|transaction|transfer|adjustment|log|entry|take|history|count|line|detail)\b"
    r"|流水|变动|调拨|入库|出库|盘点|明细|记录"
)
"""Tables of what came and went, which are no levels."""
_BESIDE_STOCK = ("on_order", "lead_time", "unit_cost")
"""Parts that are one number for each product, beside its stock or where that view leads."""


def find_bindings(shop: Shop, dialect: Dialect) -> dict[str, str]:
    """Part → ``view.column``, of the view that the shop's revenue hangs on and of those it refers to.

    Without a revenue it is the first view of sales that has a time.

    ``amount`` and ``quantity`` are bound where a metric is the sum of the column, ``list_price`` to a price
    beside the pieces, ``order`` to the number or the key of the view of orders; the rest by what the columns
    are called. Stock is bound where a
    view counts the pieces of products: what it says today and, where another or the same one keeps the days
    of the past, these. ``returned`` is the product in a view of returns. Campaigns are bound where a view
    called so has names and days, and who was sent them where another tells their group. Nothing is bound
    where nothing is sold.
    """
    revenue = next((m for m in shop.metrics if m.name in ("revenue", "shop_revenue")), None)
    sold = (view for view in shop.views if is_sold(view) and view.time is not None)
    home = shop.view(revenue.view) if revenue is not None else next(sold, None)
    if home is None:
        return {}
    lines = shop.view(revenue.parts.view) if revenue is not None and revenue.parts is not None else None
    near = _near(shop, [home] if lines is None else [home, lines])
    found: dict[str, str] = {}
    timed = next((v for v in near if v.time is not None), None)
    if timed is not None:
        found["order_date"] = f"{timed.name}.{timed.time}"
    units = next((m for m in shop.metrics if m.name in ("units_sold", "shop_units_sold")), None)
    for part, metric in (("amount", revenue), ("quantity", units)):
        column = metric.summed(dialect) if metric is not None else None
        if metric is not None and column is not None:
            found[part] = f"{metric.view}.{column}"
    counted = shop.view(found["quantity"].partition(".")[0]) if "quantity" in found else None
    asked = _first("list_price", [counted]) if counted is not None else None
    if asked is not None:
        found["list_price"] = asked
    for part in ("customer", "product", "category", "country"):
        place = _first(part, near)
        if place is None and part == "product" and "quantity" in found:
            place = _what_is_sold(shop, found["quantity"].partition(".")[0])
        if place is not None:
            found[part] = place
    return (
        found
        | _of_orders(near)
        | _of_stock(shop)
        | _of_returns(shop)
        | _of_campaigns(shop, near)
        | _of_choices(shop)
    )


def played_by(part: str, view: View, bindings: Mapping[str, str]) -> ViewColumn | None:
    """The column of ``view`` that plays a part there: as bound, else as its name says; ``None`` for none."""
    bound, _, column = bindings.get(part, "").partition(".")
    if bound.lower() == view.name.lower():
        return view.column(column)
    if part == "order_date":
        return view.column(view.time) if view.time is not None else None
    place = _first(part, [view])
    return view.column(place.partition(".")[2]) if place is not None else None


def _what_is_sold(shop: Shop, lines: str) -> str | None:
    """The link of an order's lines to what has a price, whatever the trade calls it: drugs, books, wines."""
    view = shop.view(lines)
    for column, target in view.refs.items() if view is not None else ():
        sold = shop.view(target)
        if sold is not None and sold.time is None and any(says(_PRICE, c.name, c.type) for c in sold.columns):
            return f"{lines}.{column}"
    return None


def _of_orders(near: Sequence[View]) -> dict[str, str]:
    """The column that tells orders apart and, beside it, their state and when they went out and came."""
    keyed = (
        v
        for v in near
        if len(v.key) == 1 and v.time is not None and says(_ORDERS, v.name) and not says(LINE, v.name)
    )
    home = next(keyed, None)
    if home is None:
        place = _first("order", near)
        return {"order": place} if place is not None else {}
    called = _BILL_NUMBER if says(_BILLS, home.name) else _ORDER_NUMBER
    is_known_by = any(
        says(called, c.name, c.type) and c.type == "text" for c in home.columns if c.name in home.key
    )
    numbers: Iterable[str] = (
        ()
        if is_known_by
        else (
            c.name
            for c in home.columns
            if c.name not in home.key
            and (says(called, c.name, c.type) or "order number" in c.synonyms)
            and not _is_other("order", c)
        )
    )
    number = next(iter(numbers), home.key[0])
    beside = {part: _first(part, [home]) for part in ORDER_PARTS}
    known = {part: place for part, place in beside.items() if place is not None}
    return {"order": f"{home.name}.{number}", **known}


def _of_stock(shop: Shop) -> dict[str, str]:
    """Where the pieces in stock are counted, today and on days of the past, and what stands beside them."""
    levels = [
        (level, _first("stock_date", [view]), view)
        for view in shop.views
        if (level := _level(view)) is not None and _first("product", _near(shop, [view]))
    ]
    if not levels:
        return {}
    now, day, home = min(levels, key=lambda each: (_first("on_hand", [each[2]]) is None, each[1] is not None))
    found = {"on_hand": now}
    past = next(((level, at) for level, at, _ in levels if at is not None and level != now), None)
    if day is not None:
        found["stock_date"] = day
    elif past is not None:
        found |= {"past_on_hand": past[0], "stock_date": str(past[1])}
    beside = {part: _first(part, _near(shop, [home])) for part in _BESIDE_STOCK}
    return found | {part: place for part, place in beside.items() if place is not None}


def _level(view: View) -> str | None:
    """The column with the pieces in stock: by its name, or the quantity of a table of stock."""
    named = _first("on_hand", [view])
    if named is not None or not says(STOCK_TABLE, view.name) or says(_MOVED, view.name):
        return named
    pieces = [
        c.name for c in view.columns if spoken(c.name, c.type) in ("quantity", "number") and not c.is_key
    ]
    own = [name for name in pieces if name not in (*view.key, *view.refs)]
    return f"{view.name}.{own[0]}" if own else None


def _of_returns(shop: Shop) -> dict[str, str]:
    """The products of a view of returns that tells who sent them back."""
    for view in shop.views:
        product = _first("product", [view]) if says(_RETURNS, view.name) else None
        if product is not None and _first("customer", _near(shop, [view])) is not None:
            return {"returned": product}
    return {}


def _of_campaigns(shop: Shop, near: Sequence[View]) -> dict[str, str]:
    """Campaigns that have a name and days, what stands beside them, who was sent them, and who may be."""
    agreed = _first("consent", near)
    found = {"consent": agreed} if agreed is not None else {}
    home = next((view for view in _called_after(shop.views, _CAMPAIGNS) if _has_days(view)), None)
    if home is None:
        return found
    for part in ("campaign", "campaign_start", "campaign_end", *_BESIDE_CAMPAIGN):
        if (place := _first(part, [home])) is not None:
            found[part] = place
    for view in _called_after(shop.views, _SENDS):
        leads = home.name in view.refs.values() or view.name == home.name
        group, customer = _first("sent_group", [view]), _first("customer", [view])
        if leads and group is not None and customer is not None:
            return found | {"sent_customer": customer, "sent_group": group}
    return found


def _called_after(views: Sequence[View], pattern: re.Pattern[str]) -> list[View]:
    return [view for view in views if says(pattern, view.name)]


def _has_days(view: View) -> bool:
    return all(_first(part, [view]) for part in ("campaign", "campaign_start", "campaign_end"))


def _of_choices(shop: Shop) -> dict[str, str]:
    """Choices that were logged with the probability that they were made by."""
    for view in shop.views:
        places = {part: _first(part, [view]) for part in _CHOSEN}
        found = {part: place for part, place in places.items() if place is not None}
        if len(found) == len(_CHOSEN):
            return found
    return {}


def bindings_line(parts: Sequence[str], views: Sequence[View]) -> str:
    """The line of shop.yml that binds ``parts``, with columns of ``views`` that could play them."""
    return f"bindings: {{{', '.join(f'{part}: {_proposed(part, views)}' for part in parts)}}}"


def _proposed(part: str, views: Sequence[View]) -> str:
    if part == "order_date":
        timed = sorted((v for v in views if v.time is not None), key=lambda view: not is_sold(view))
        return f"{timed[0].name}.{timed[0].time}" if timed else "VIEW.COLUMN"
    if part == "past_on_hand":
        part, views = "on_hand", [view for view in views if _first("stock_date", [view]) is not None]
    if part in ("campaign", "campaign_start", "campaign_end", *_BESIDE_CAMPAIGN):
        views = _called_after(views, _CAMPAIGNS)
    if part in ("sent_customer", "sent_group"):
        views = _called_after(views, _SENDS)
    if part in _CHOSEN:
        views = [view for view in views if _first("choice_propensity", [view]) is not None]
    part = "customer" if part == "sent_customer" else part
    return (_first(part, views) if part in _PARTS else None) or "VIEW.COLUMN"


def _near(shop: Shop, homes: Iterable[View]) -> list[View]:
    """The views, then those that their links lead to, the nearest first."""
    near = list(homes)
    for view in near:
        for target in view.refs.values():
            found = shop.view(target)
            if found is not None and found not in near:
                near.append(found)
    return near


def _first(part: str, views: Sequence[View]) -> str | None:
    pattern, types = _PARTS[part]
    for view in views:
        if part == "country" and says(_SUPPLY, view.name):
            continue
        columns = [
            c
            for c in view.columns
            if c.type in types and says(pattern, c.name, c.type) and not _is_other(part, c)
        ]
        if columns:
            return f"{view.name}.{min(columns, key=lambda c: _rank(part, c, view)).name}"
        # a table of products calls their names just "name"
        names = [c for c in view.columns if c.type == "text" and says(_NAME, c.name, c.type)]
        if part in ("product", "category", "country") and names and says(pattern, view.name):
            return f"{view.name}.{names[0].name}"
    return None


def _is_other(part: str, column: ViewColumn) -> bool:
    """Whether a column's name says that it is not what it is called after."""
    without = _NOT.get(part)
    return without is not None and says(without, column.name, column.type)


_NAME = re.compile(r"^(?:name|title)$|名称")
_VAGUE = (re.compile(r"\bpartner\b"), re.compile(r"\buser\b|用户"))
"""May also be a supplier or an affiliate, and whoever of the shop wrote the order: the customer where nothing
else is, the first before the second, for an order of Odoo has both and its customer is the ``partner``."""
_REACHED = re.compile(
    r"\b(?:phone|mobile|mail|e-?mail|address|name|ip|agent|note|message|remark|comment|level|type|group|segment)\b"
    r"|电话|手机|邮箱|地址|姓名|留言|备注|等级|类型|分组"
)
"""What a customer is reached by or put into a group by, and not told apart."""
_CODE = re.compile(r"\b(?:sku|code|number|barcode|ean13)\b|编码|编号|条码|货号")
"""What a product's column is called that does not name it."""


def _rank(part: str, column: ViewColumn, view: View) -> tuple[bool, bool, int, bool, bool, int]:
    """The best first; the own key of an order's items tells these apart and no products."""
    is_own = column.name in view.key and says(LINE, view.name)
    is_loose = part == "customer" and column.name not in view.refs
    is_code = part == "product" and says(_CODE, column.name, column.type)
    vague = 0
    if part == "customer":
        said = (n for n, words in enumerate(_VAGUE, 1) if says(words, column.name, column.type))
        vague = 3 * says(_REACHED, column.name, column.type) + next(said, 0)
    return (is_own, is_loose, vague, is_code, column.is_key != (part in _IDENTIFIED), len(column.name))
