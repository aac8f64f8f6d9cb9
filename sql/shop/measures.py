"""What a shop sells, found in tables that nobody described: its revenue, its units, and its last day.

A row of an order's lines is told by what it holds: a quantity with a price, or an amount, and a link to the
order. Where lines hold money they are taken, since products and categories hang on them; else the orders'
own totals. What was taken, and what else could have been, is told (:class:`~sql.shop.decisions.Decision`).
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.drafting import metric_name
from sql.shop.exchange import in_one_currency, in_one_currency_by_order
from sql.shop.money import Money
from sql.shop.sold import Unsold, find_unsold, without_drafts, without_refused, without_unsold
from sql.shop.trade_words import says, spaced, spoken
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

ALIKE = (0.6, 1.7)
"""Bounds of what orders add up to, as a multiple of their lines: apart by shipping, taxes and discounts."""
LEAST_FILLED = 0.8
"""Share of the rows that an amount stands in, where another one does."""
AGREE = 0.02
"""Share by which orders and their lines may differ where they tell the same amount."""
OLD_DAYS = 45
"""Days without a row after which a shop's last day is its clock, and not today."""

_QUANTITY = re.compile(r"\b(?:quantity|unit sold|piece)\b|^units?$|数量|件数|销量|\bmenge\b|\banzahl\b")
_NO_QUANTITY = re.compile(
    r"\b(?:return|returned|refund|back|shipped|ship|free|gift|stock|minimum)\b|退|赠|库存|欠"
)
"""Quantities of a line beside the one that was ordered."""
_PRICE = re.compile(r"\bprice\b|单价|售价|价格|成交价|\bpreis\b")
_OTHER_PRICE = re.compile(
    r"\b(?:cost|buy|purchase|list|old|original|wholesale|retail|msrp)\b|成本|进价|进货|标价|原价"
)
_COST = re.compile(r"\b(?:cost|buy|purchase)\b|成本|进价|进货")
_DISCOUNT = re.compile(r"\bdiscount\b|\brabatt\b|折扣")
_AMOUNT = (
    re.compile(
        r"\bamount after discount\b|\bamount paid\b|\btotal paid\b|\bpaid(?: amount| total)?$"
        r"|\bpay(?:ment)? (?:amount|price)\b|\bactual (?:amount|price)\b|^pay$|实付|实收|成交[额金]|折后金额"
    ),
    re.compile(
        r"\bnet (?:revenue|amount|sales?|value|total)\b|\brevenue\b|(?<!gross )\bsales?(?: amount)?$|销售额"
    ),
    re.compile(
        r"\bgrand total\b|\btotal (?:amount|price|sales?|due)\b|\border (?:total|amount|value|price)\b"
        r"|\bline (?:total|amount)\b|\bextended (?:price|amount)\b|总金额|总额|应付|应收"
    ),
    re.compile(r"\btotal$|\bamount\b|^gross$|\bumsatz\b|\bbetrag\b|金额|合计"),
    re.compile(r"\bsubtotal\b|\bpay(?:ment)?$|^net$|小计|货款"),
)
"""Names of columns with the money of a row, the clearest first."""
_PART_OF = re.compile(r"\bparent (?:item|line)(?: id)?$")
_GRAND_TOTAL = re.compile(r"\bgrand total\b")
_PAID_SO_FAR = re.compile(r"\btotal paid\b")
_ANY_AMOUNT = re.compile("|".join(each.pattern for each in _AMOUNT))
_NO_INCOME = re.compile(
    r"(?<!after )\b(?:tax|vat|shipping|freight|refund|discount|coupon|cost|fee|tip|limit|budget|credit"
    r"|profit|margin|list|quantity|count|commission|deduction|point|loyalty|deposit|target)\b|\bitem$"
    r"|税|运费|退款|优惠|折扣|成本|费|额度|预算|利润|数量|件数|佣金|积分|押金|定金"
)
_SOLD = re.compile(
    r"\b(?:order|sale|invoice|transaction|receipt|bill|purchase|checkout|charge|rental|payment|outbound)\b"
    r"|订单|销售|流水|支付|付款|交易|发票|出库单|小票"
)
_NOT_SOLD = re.compile(
    r"\b(?:stock|inventory|warehouse|cart|basket|wish|refund|return|purchase order|supplier|vendor|budget"
    r"|inbound|payout|quote|campaign|price|shipment|after sale|dispute)\b"
    r"|库存|仓库|购物车|退货|退款|采购|进货|供应商|盘点|报价|活动|售后|入库"
)
_OF_ALL = re.compile(
    r"\b(?:refund|refunded|return|returned|due|owed|residual|outstanding|cancelled)\b|退款|退货|退回|欠款|未付|未收"
)
"""What stands on just those orders that do not count: money that was given back, or is still owed."""
_CART = re.compile(r"\b(?:cart|basket)\b|购物车")
_PROFIT = re.compile(r"^(?:gross |net |total |order |line )?profit(?: amount)?$|^(?:毛|净|总)?利润?$")
_PERCENT = re.compile(r"\b(?:pct|percent|rate)\b|率")
_TAXED = re.compile(
    r"\b(?:tax|vat|wt)(?: (?:incl?|excl?|included|excluded))\b|\bwt\b|\b(?:yuan|fen|cent|rmb)\b"
)
"""What a name says of its amount beside what it is."""
_PAYMENT = re.compile(r"\bpayment\b|支付|付款")
_CURRENCY = re.compile(r"\bcurrency\b|币种|货币")
_ORDER_NUMBER = re.compile(
    r"\b(?:order|receipt|slip|ticket|invoice|bill) (?:id|number|no)\b|订单(?:号|编号)|单号|小票号|流水号"
)
_WAY = re.compile(
    r"\b(?:channel|type|status|state|source|market(?:place)?|method)\b|渠道|类型|状态|来源|方式"
)
"""What a link says that leads to how something was sold, and to no order."""
_TICKET = re.compile(r"\bticket\b")
"""What a till calls a sale; a service desk has tickets too, but no lines with money."""
_DAY_KEY = re.compile(r"\b(?:date|day|month|calendar)\b|日期")
"""A link to a calendar, whatever happened on that day."""
STOCK_TABLE = re.compile(r"\b(?:stock|inventory)\b|库存")
"""What tables of stock are called."""
_PIECES = re.compile(r"\b(?:quantity|on hand|balance|stock|available)\b|数量|可用|库存|结存")
LINE = re.compile(r"\b(?:line|item|detail|lookup)\b|\border products?$|\border (?:cart|basket)\b|明细")
"""What a table of the lines of orders is called after."""
_NEVER_NOW = re.compile(
    r"\b(?:delete|deleted|due|expire|expiry|valid|birth|required|estimated|promised|promise|planned|end|limit"
    r"|update|updated|modified)\b|到期|失效|预计|承诺|有效期|保质期|生日|更新"
)

REVENUE = (
    "sales", "turnover", "total sales", "takings", "销售额", "营业额", "收入", "成交额", "业绩", "流水"
)  # fmt: skip
UNITS = ("units", "units sold", "items sold", "pieces sold", "quantity sold", "销量", "件数", "销售数量")
ORDERS = ("orders", "number of orders", "how many orders", "订单数", "订单量", "单数")
STOCK = ("stock", "in stock", "on hand", "库存", "库存数量", "现货")
DISCOUNT_GIVEN = ("discounts given", "discount amount", "total discount", "优惠金额", "折扣金额", "让利")
PROFIT_MARGIN = ("profit margin", "margin", "profitability", "利润率", "毛利率")
ORDER_VALUE = ("average order value", "average order", "AOV", "average basket", "客单价", "平均订单金额")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A shop with its measures, and how they came about."""

    shop: Shop
    decisions: tuple[Decision, ...]
    money: tuple[Money, ...]
    """What could be the shop's income, what was taken first; none where it is in several currencies."""
    others: tuple[Metric, ...]
    """The metrics that do not hang on it."""


def find_measures(workspace: Workspace, orders: Mapping[str, str]) -> Measured:
    """The shop with revenue, units and average order value where its tables tell them, and a clock.

    Args:
        orders: view → the column that tells the order of its lines, where that is known already.
    """
    from sql.shop.workspace import open_workspace

    shop = workspace.shop
    decisions: list[Decision] = []
    money = _money(workspace, orders)
    currencies = _currencies(workspace, money[0]) if money else ()
    own = currency_column(money[0].view) if len(currencies) > 1 else None
    alike = in_one_currency(workspace, money[0], own) if own is not None else None
    if len(currencies) > 1 and own is None and (by_order := in_one_currency_by_order(workspace, money[0])):
        changed, converted, name, how = by_order
        alike = converted, name, how
        new = {view.name: view for view in changed}
        shop = replace(shop, views=tuple(new.get(view.name, view) for view in shop.views))
        workspace = open_workspace(shop, database=workspace.database)
    if alike is not None:
        told, (one, home, how) = ", ".join(currencies[:4]), alike
        money, currencies = [one], (home,)
        text = f"{one.view.name} names several currencies ({told}); by its prices its amounts are all {home}"
        text_zh = f"{one.view.name} 有多种货币（{told}）；从价格看，金额都已是 {home}"
        if how != "as is":
            text = f"{one.view.name} has amounts in {told}; by its prices they are {home} {how}"
            text_zh = f"{one.view.name} 的金额有多种货币（{told}）；从价格看，按 {one.told} 换算为 {home}"
        decisions.append(Decision(place="metrics.revenue", text=text, text_zh=text_zh, is_sure=False))
    if len(currencies) > 1:
        # what is in several currencies adds up to nothing
        place, told = money[0].view.name, ", ".join(currencies[:4])
        text = (
            f"The amounts of {place} are in several currencies ({told}), so no revenue was defined: "
            "ask by currency"
        )
        text_zh = f"{place} 的金额有多种货币（{told}），因此没有定义销售额：请按货币提问"
        decisions.append(Decision(place="metrics", text=text, text_zh=text_zh, is_sure=False))
        metrics = tuple(m for m in shop.metrics if m.view != place or m.sql == "COUNT(*)")
        shop, money = replace(shop, metrics=metrics), []
    elif currencies:
        shop = replace(shop, currency=currencies[0])
    shop, told_levels = _with_levels(workspace, shop)
    decisions += told_levels
    others_than_money = shop.metrics
    if money:
        chosen = money[0]
        unsold = find_unsold(shop, chosen, workspace)
        if unsold is not None:
            shop, chosen = without_unsold(shop, chosen, unsold, workspace.catalog.dialect)
            shop = without_drafts(shop, unsold, workspace.catalog.dialect)
        shop = with_money(shop, chosen, workspace.catalog.dialect)
        counted = f"without {unsold.told()}" if unsold is not None else "rows in every state count"
        others = [f"{m.view.name} ({m.told})" for m in money[1:3] if m != chosen.parts]
        decisions.append(
            Decision(
                place="metrics.revenue",
                text=f"Revenue is {chosen.told}, summed over {chosen.view.name}"
                + (
                    f", and by product {chosen.parts.told} of {chosen.parts.view.name}"
                    if chosen.parts
                    else ""
                )
                + f"; {counted}"
                + (f". It could be read from {' or '.join(others)} as well" if others else ""),
                text_zh=_revenue_zh(chosen, unsold, others),
                is_sure=False,
            )
        )
        if currencies and chosen.is_whole:
            text = (
                f"{chosen.told} holds whole numbers; where they are cents, divide them by 100 in "
                "metrics.revenue"
            )
            text_zh = f"{chosen.told} 都是整数；如果以分为单位，请在 metrics.revenue 中除以 100"
            place = "metrics.revenue"
            decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=False))
    shop, told_refunds = without_refused(shop, workspace)
    decisions += told_refunds
    shop = with_stock(shop, workspace.catalog.dialect)
    clock = _clock(workspace, money[0] if money else None)
    if clock is not None:
        view, column, last = clock
        shop = replace(shop, today=f"max({view.name}.{column})")
        decisions.append(
            Decision(
                place="today",
                text=f"The data end on {last.isoformat()} ({view.name}.{column}); that day counts as today",
                text_zh=f"数据截至 {last.isoformat()}（{view.name}.{column}）；以这一天作为今天",
            )
        )
    return Measured(shop=shop, decisions=tuple(decisions), money=tuple(money), others=others_than_money)


def _revenue_zh(chosen: Money, unsold: Unsold | None, others: list[str]) -> str:
    parts = f"，按商品时用 {chosen.parts.view.name} 的 {chosen.parts.told}" if chosen.parts else ""
    counted = f"不含 {unsold.told_zh()}" if unsold is not None else "所有状态的行都计入"
    more = f"。也可以取自 {'或 '.join(others)}" if others else ""
    return f"销售额是 {chosen.view.name} 的 {chosen.told} 之和{parts}；{counted}{more}"


# ---- money ------------------------------------------------------------------------------------------------


def is_sold(view: View) -> bool:
    """Whether a view's name says that its rows are sales: orders, invoices, payments."""
    return says(_SOLD, view.name) and not says(_NOT_SOLD, view.name)


def _is_not_sold(shop: Shop, view: View) -> bool:
    """Whether a view's name says that its rows are no sales. What was in the cart of an order was sold."""
    if not says(_NOT_SOLD, view.name):
        return False
    is_cart = says(_CART, view.name) and not says(_NOT_SOLD, _CART.sub(" ", spoken(view.name)))
    return not (
        is_cart and any((there := shop.view(t)) is not None and is_sold(there) for t in view.refs.values())
    )


def is_a_count(column: ViewColumn) -> bool:
    """Whether a column is called just "number": where it is no key, a number of pieces."""
    return column.type in ("integer", "number") and spaced(column.name) in ("number", "num", "nums", "count")


def _numbers(view: View) -> list[ViewColumn]:
    keys = {*view.key, *view.refs}
    return [c for c in view.columns if c.is_measure and c.name not in keys]


def _amounts(workspace: Workspace, view: View) -> list[ViewColumn]:
    """The numbers of a view that may be its amounts, those that many rows lack last.

    ``paid`` is 0 or 1, and no amount; what was paid so far is empty where an order is new.
    """
    numbers, dialect = _numbers(view), workspace.catalog.dialect
    if not numbers:
        return []
    figures = ["COUNT(*) AS n"]
    for n, column in enumerate(numbers):
        name = quoted(column.name, dialect)
        figures.append(f"COUNT({name}) AS c{n}, MIN({name}) AS low_{n}, MAX({name}) AS high_{n}")
    rows = workspace.look(f"SELECT {', '.join(figures)} FROM {quoted(view.name, dialect)}")
    if not rows:
        return numbers
    count, *found = rows[0]
    filled: list[ViewColumn] = []
    sparse: list[ViewColumn] = []
    for n, column in enumerate(numbers):
        has, low, high = found[3 * n : 3 * n + 3]
        if column.type == "integer" and (str(low), str(high)) == ("0", "1"):
            continue
        (filled if int(str(has)) >= LEAST_FILLED * int(str(count)) else sparse).append(column)
    return filled if _amount(filled) is not None else [*filled, *sparse]


def _first(
    columns: list[ViewColumn], wanted: re.Pattern[str], without: re.Pattern[str] | None = None
) -> ViewColumn | None:
    for column in columns:
        name = " ".join(_TAXED.sub(" ", spoken(column.name, column.type)).split()) or column.name
        if any(says(wanted, n, column.type) for n in (name, column.name)) and not (
            without is not None and says(without, name, column.type)
        ):
            return column
    return None


def currency_column(view: View) -> ViewColumn | None:
    """The column that tells in which currency a row's amounts are; ``None`` without one."""
    column = next((c for c in view.columns if says(_CURRENCY, c.name)), None)
    return column if column is not None and column.type == "text" else None


def _currencies(workspace: Workspace, money: Money) -> tuple[str, ...]:
    """The currencies that a view or its orders name; none where no column tells them."""
    shop, dialect = workspace.shop, workspace.catalog.dialect
    for name in (money.view.name, *money.view.refs.values()):
        view = shop.view(name)
        column = currency_column(view) if view is not None else None
        if view is None or column is None:
            continue
        own, table = quoted(column.name, dialect), quoted(view.name, dialect)
        asked = f"SELECT DISTINCT {own} AS c FROM {table} WHERE {own} IS NOT NULL"
        if name != money.view.name and len(view.key) == 1:  # of a list of all currencies those that are used
            links = [c for c, target in money.view.refs.items() if target == name]
            used = f"SELECT {quoted(links[0], dialect)} FROM {quoted(money.view.name, dialect)}"
            asked += f" AND {quoted(view.key[0], dialect)} IN ({used})"
        asked += " LIMIT 9"
        try:
            return tuple(sorted(str(row[0]) for row in workspace.run(asked).rows))
        except SqlError as error:
            logger.info("not looked at: %s", type(error).__name__)
    return ()


def _money(workspace: Workspace, orders: Mapping[str, str]) -> list[Money]:
    """What could be the shop's income, the likeliest first."""
    found: list[tuple[float, int, Money]] = []
    for place, view in enumerate(workspace.shop.views):
        if _is_not_sold(workspace.shop, view):
            continue
        order = orders.get(view.name) or _order_column(workspace.shop, view)
        money = _line_money(workspace, view, order) or _order_money(workspace, view, order)
        if money is None:
            continue
        sold = any(says(_SOLD, name) for name in (view.name, view.refs.get(order or "", "")))
        score = 4.0 * money.is_line + 2.0 * sold + 1.0 * says(LINE, view.name)
        score += 1.0 * bool(view.refs) - 2.0 * says(_PAYMENT, view.name)
        found.append((-score, place, money))
    return _with_whole_orders(workspace, [money for _, _, money in sorted(found, key=lambda f: f[:2])])


def _with_whole_orders(workspace: Workspace, found: list[Money]) -> list[Money]:
    """Where lines come first and their orders have amounts that agree with them, the orders before them."""
    line = found[0] if found and found[0].is_line else None
    whole = next((m for m in found if line is not None and _belongs(line, m)), None)
    if line is None or whole is None:
        return found
    own = _figure(workspace, whole.view, f"SUM({whole.amount})")
    line, of_lines = _agreeing(workspace, line, own)
    ratio = own / of_lines if own and of_lines else 0.0
    if ALIKE[0] <= ratio / 100 <= ALIKE[1] and whole.is_whole:
        whole = _in_cents(whole)
    elif ALIKE[0] <= ratio * 100 <= ALIKE[1] and line.is_whole:
        line = _in_cents(line)
    elif not ALIKE[0] <= ratio <= ALIKE[1]:
        return found  # another amount than what the lines add up to
    others = [m for m in found if m.view.name not in (whole.view.name, line.view.name)]
    return [replace(whole, parts=line), line, *others]


def _agreeing(workspace: Workspace, line: Money, own: float | None) -> tuple[Money, float | None]:
    """The lines with that of their amounts that adds up to what their orders do, with tax or without."""
    of_lines = _figure(workspace, line.view, f"SUM({line.amount})")
    if not own or not of_lines or abs(own / of_lines - 1) <= AGREE:
        return line, of_lines
    for column in _numbers(line.view):
        if not _first([column], _ANY_AMOUNT, _NO_INCOME) or column.name == line.told:
            continue
        amount = quoted(column.name, workspace.catalog.dialect)
        total = _figure(workspace, line.view, f"SUM({amount})")
        if total and abs(own / total - 1) <= AGREE:
            is_whole = column.type == "integer"
            return replace(line, amount=amount, told=column.name, is_whole=is_whole), total
    return line, of_lines


def _belongs(line: Money, whole: Money) -> bool:
    target = line.view.refs.get(line.order or "")
    return not whole.is_line and target == whole.view.name


def _in_cents(money: Money) -> Money:
    return replace(money, amount=f"({money.amount}) / 100.0", told=f"{money.told} / 100", is_whole=False)


def _line_money(workspace: Workspace, view: View, order: str | None) -> Money | None:
    """A line: a quantity with a price or an amount, and the order or the time it belongs to."""
    numbers, is_named = _numbers(view), says(LINE, view.name)
    quantity = _first(numbers, _QUANTITY, _NO_QUANTITY) or _first(numbers, _QUANTITY, STOCK_TABLE)
    if quantity is None and is_named:
        quantity = next((c for c in numbers if is_a_count(c)), None)
    amount = _amount(_amounts(workspace, view))
    price = _first(numbers, _PRICE, _OTHER_PRICE) or _first(numbers, _PRICE, _COST)
    if amount is None and price is not None and _is_whole_line(view, price):
        amount, price = price, None
    if order is None and view.time is None and not is_named:
        return None  # a list of products has prices too
    if quantity is None and not (is_named and price is not None and order is not None):
        return None
    if order is None and not is_named and _has_lines(workspace.shop, view):
        return None  # an order tells how many pieces it has, too

    def write(column: ViewColumn) -> str:
        return quoted(column.name, workspace.catalog.dialect)

    units = write(quantity) if quantity is not None else "1"
    if amount is not None and order is not None and _is_repeated(workspace, view, amount, order):
        amount = None  # the order's amount stands on each of its lines, and adds up to several times it
    if amount is not None:
        per_cent = _per_cent(workspace, view, numbers, quantity, price, amount)
        units = _of_whole_lines(workspace, view, units, write(amount))
        return Money(
            view=view,
            amount=write(amount),
            told=amount.name,
            units=units,
            is_line=True,
            order=order,
            is_whole=amount.type == "integer",
            discount=f"{units} * {write(price)} * {per_cent} / 100.0"
            if per_cent and price is not None
            else "",
            no_sums=(f"SUM({per_cent})",) if per_cent else (),
        )
    if price is None:
        return None
    sql, told = write(price), price.name
    no_sums: tuple[str, ...] = ()
    given = ""
    if quantity is not None:
        sql, told = f"{write(quantity)} * {sql}", f"{quantity.name} × {told}"
    discount = _first(numbers, _DISCOUNT)
    if discount is not None:
        most = _figure(workspace, view, f"MAX({write(discount)})")
        if most is not None and 0 < most <= 1:
            no_sums, given = (f"SUM({write(discount)})",), f"{sql} * {write(discount)}"
            sql, told = f"{sql} * (1 - {write(discount)})", f"{told} × (1 - {discount.name})"
        elif most is not None and ("%" in discount.name or says(_PERCENT, discount.name)):
            no_sums, given = (f"SUM({write(discount)})",), f"{sql} * {write(discount)} / 100.0"
            sql, told = f"{sql} * (1 - {write(discount)} / 100.0)", f"{told} less {discount.name} per cent"
        elif most is not None and most > 0:
            sql, told = f"{sql} - {write(discount)}", f"{told} - {discount.name}"
    return Money(
        view=view,
        amount=sql,
        told=told,
        units=units,
        is_line=True,
        order=order,
        discount=given,
        no_sums=no_sums,
        is_whole=price.type == "integer" and discount is None,
    )


def _of_whole_lines(workspace: Workspace, view: View, units: str, amount: str) -> str:
    """Pieces without those of lines that are part of another and cost nothing by themselves.

    Magento writes what was put together, with its price, and below it what it was put together of.
    """
    parent = next((c for c in view.columns if says(_PART_OF, c.name)), None)
    if parent is None:
        return units
    own = quoted(parent.name, workspace.catalog.dialect)
    rows = workspace.look(
        f"SELECT COUNT({own}) AS parts, "
        f"COUNT(CASE WHEN {own} IS NOT NULL AND {amount} <> 0 THEN 1 END) AS paid "
        f"FROM {quoted(view.name, workspace.catalog.dialect)}"
    )
    parts, paid = (int(str(value)) for value in rows[0]) if rows else (0, 0)
    return f"CASE WHEN {own} IS NULL THEN {units} END" if parts and not paid else units


def _per_cent(
    workspace: Workspace,
    view: View,
    numbers: list[ViewColumn],
    quantity: ViewColumn | None,
    price: ViewColumn | None,
    amount: ViewColumn,
) -> str:
    """SQL of a discount in per cent, where a line's amount is its pieces at the price less it; else empty.

    The amount may be with tax: then what is paid for lines without a discount tells by how much.
    """
    discount = _first(numbers, _DISCOUNT)
    if discount is None or quantity is None or price is None:
        return ""
    dialect = workspace.catalog.dialect
    own, pieces, each, whole = (quoted(c.name, dialect) for c in (discount, quantity, price, amount))
    plain = f"CASE WHEN COALESCE({own}, 0) = 0 THEN"
    sums = (
        f"SUM(CASE WHEN {own} > 0 THEN {pieces} * {each} * (1 - {own} / 100.0) END)",
        f"SUM(CASE WHEN {own} > 0 THEN {whole} END)",
        f"SUM({plain} {pieces} * {each} END)",
        f"SUM({plain} {whole} END)",
    )
    less, told, full, paid = (_figure(workspace, view, sql) for sql in sums)
    if not less or not told or not full or not paid:
        return ""
    return own if abs(told / less / (paid / full) - 1) <= AGREE else ""


def _is_whole_line(view: View, price: ViewColumn) -> bool:
    """Whether what is called a price is what all pieces of the line cost, as in Amazon's order reports."""
    return spoken(price.name) == "item price" and any("amazon" in spaced(c.name) for c in view.columns)


def _has_lines(shop: Shop, view: View) -> bool:
    """Whether rows of another view, each with a quantity and a price or an amount, belong to this one's."""
    for other in shop.views:
        if other is view or view.name not in other.refs.values() or _is_not_sold(shop, other):
            continue
        numbers = _numbers(other)
        money = _first(numbers, _PRICE, _OTHER_PRICE) or _amount(numbers)
        if money is not None and _first(numbers, _QUANTITY, _NO_QUANTITY) is not None:
            return True
    return False


def _order_money(workspace: Workspace, view: View, order: str | None) -> Money | None:
    """An order or payment with its own total."""
    amount = _amount(_amounts(workspace, view))
    is_named = any(says(_SOLD, name) for name in (view.name, *view.key))
    if amount is None or view.time is None or not is_named:
        return None
    if order is not None and _is_repeated(workspace, view, amount, order):
        return None
    return Money(
        view=view,
        amount=quoted(amount.name, workspace.catalog.dialect),
        told=amount.name,
        units=None,
        is_line=False,
        order=None,
        is_whole=amount.type == "integer",
    )


def _amount(numbers: list[ViewColumn]) -> ViewColumn | None:
    # an amount is rather the order's than a product amount
    plain = sorted(numbers, key=lambda c: len(spoken(c.name, c.type).split()))
    names = {c.name.lower() for c in numbers}
    twins = {c.name.lower() for c in numbers if f"base_{c.name.lower()}" in names}
    if len(twins) > 1 or "grand_total" in twins:  # Magento's, each in the shop's currency too
        plain = [c for c in plain if c.name.lower() not in twins]
    if any(says(_GRAND_TOTAL, c.name, c.type) for c in plain):  # what was paid of it so far is less
        plain = [c for c in plain if not says(_PAID_SO_FAR, c.name, c.type)]
    return next(filter(None, (_first(plain, wanted, _NO_INCOME) for wanted in _AMOUNT)), None)


def _order_column(shop: Shop, view: View) -> str | None:
    """The column that tells a line's order: it refers to a view with a time, named after what is sold."""
    for column, target in view.refs.items():
        there = shop.view(target)
        if (
            there is not None
            and there.time is not None
            and not says(_DAY_KEY, column)
            and not says(_WAY, column)
            and any(says(_SOLD, name) or says(_TICKET, name) for name in (target, column))
        ):
            return column
    for named in view.columns:
        if named.name not in view.refs and says(_ORDER_NUMBER, named.name):
            return named.name if view.key != (named.name,) else None
    return None


def _is_repeated(workspace: Workspace, view: View, amount: ViewColumn, order: str) -> bool:
    """Whether every order has one amount on all its lines, and some have several lines."""
    dialect = workspace.catalog.dialect
    own, of, table = (quoted(name, dialect) for name in (amount.name, order, view.name))
    lines = f"SELECT {of}, COUNT({own}) AS n, COUNT(DISTINCT {own}) AS d FROM {table} GROUP BY {of}"
    asked = (
        "SELECT COUNT(CASE WHEN n > 1 THEN 1 END) AS several, COUNT(CASE WHEN d > 1 THEN 1 END) AS other "
        f"FROM ({lines}) AS orders"
    )
    try:
        ((several, other),) = workspace.run(asked).rows
    except (SqlError, ValueError) as error:
        logger.info("not looked at: %s", type(error).__name__)
        return False
    return int(str(several)) > 2 and int(str(other)) == 0


def _figure(workspace: Workspace, view: View, sql: str) -> float | None:
    """One aggregate over a view; ``None`` where it has no value or cannot be had."""
    try:
        table = workspace.run(f"SELECT {sql} AS f FROM {quoted(view.name, workspace.catalog.dialect)}")
        return float(str(table.rows[0][0])) if table.rows and table.rows[0][0] is not None else None
    except (SqlError, ValueError) as error:
        logger.info("not looked at: %s", type(error).__name__)
        return None


def with_money(shop: Shop, money: Money, dialect: Dialect) -> Shop:
    """The shop with the metrics that a row's income gives; of what an order holds, its lines tell."""
    if money.parts is not None:
        lines = money.parts.view
        direct = (money.view.name, *money.view.refs.values())
        by_lines = {target: lines.name for target in lines.refs.values() if target not in direct}
        views = tuple(
            replace(v, prefer={**by_lines, **v.prefer}) if v.name == money.view.name else v
            for v in shop.views
        )
        shop = replace(shop, views=views)
    lines_view = next((each.view for each in (money.parts, money) if each is not None and each.is_line), None)
    if lines_view is not None:
        shop = replace(shop, views=tuple(_of_the_line(view, lines_view) for view in shop.views))
    # lines are not what is counted: orders are, or units
    lines_of = {(each.view.name, "COUNT(*)") for each in (money, money.parts) if each and each.is_line}
    shop = replace(shop, metrics=tuple(m for m in shop.metrics if (m.view, m.sql) not in lines_of))
    own = _metrics(shop, money, dialect)
    of_lines = {m.name: m for m in _metrics(shop, money.parts, dialect)} if money.parts is not None else {}
    added = [replace(metric, parts=of_lines.pop(metric.name, None)) for metric in own]
    added += of_lines.values()
    said = {(metric.view, metric.sql) for metric in added}
    for each in (money, money.parts):
        if each is not None:
            said |= {(each.view.name, sql) for sql in each.no_sums}
    sold = {each.view.name: each.sold for each in (money, money.parts) if each is not None and each.sold}
    others = (m for m in shop.metrics if (m.view, m.sql) not in said)
    kept = [_of_what_was_sold(m, sold.get(m.view, "")) for m in others]
    return replace(shop, metrics=(*(m for m in kept if (m.view, m.sql) not in said), *added))


def _of_the_line(view: View, lines: View) -> View:
    """A return names its order's line: its product is that line's, and not one that a ticket is about."""
    if lines.name not in view.refs.values():
        return view
    by_line = {t: lines.name for t in lines.refs.values() if t not in (*view.refs.values(), view.name)}
    return replace(view, prefer={**by_line, **view.prefer})


def _of_what_was_sold(metric: Metric, sold: str) -> Metric:
    """A sum over orders or their lines without those that do not count, as revenue is."""
    summed = re.fullmatch(r"SUM\((.+)\)", metric.sql)
    if not sold or summed is None or says(_OF_ALL, summed[1].strip('"`')):
        return metric
    return replace(metric, sql=f"SUM(CASE WHEN {sold} THEN {summed[1]} END)")


def _metrics(shop: Shop, money: Money, dialect: Dialect) -> list[Metric]:
    names = {c.name.lower() for v in shop.views for c in v.columns} | {m.name.lower() for m in shop.metrics}

    def named(name: str) -> str:
        return name if name not in names else f"shop_{name}"

    def summed(sql: str) -> str:
        if money.sold:
            return f"SUM(CASE WHEN {money.sold} THEN {sql} END)"
        return "COUNT(*)" if sql == "1" else f"SUM({sql})"

    unit, home = shop.currency, money.view.name
    revenue = summed(money.amount)
    added = [Metric(name=named("revenue"), view=home, sql=revenue, synonyms=REVENUE, unit=unit)]
    if money.units is not None:
        added.append(Metric(name=named("units_sold"), view=home, sql=summed(money.units), synonyms=UNITS))
    orders = summed("1") if not money.is_line else None
    if money.order is not None:
        order = quoted(money.order, dialect)
        orders = f"COUNT(DISTINCT {f'CASE WHEN {money.sold} THEN {order} END' if money.sold else order})"
        if money.order not in money.view.refs and not any(money.order in view.key for view in shop.views):
            # no table of orders: they are counted on their lines
            added.append(Metric(name=named("number_of_orders"), view=home, sql=orders, synonyms=ORDERS))
    if orders is not None:
        sql = f"{revenue} * 1.0 / {orders}"
        added.append(
            Metric(name=named("average_order_value"), view=home, sql=sql, synonyms=ORDER_VALUE, unit=unit)
        )
    profit = _first([c for c in _numbers(money.view) if c.name != money.told], _PROFIT)
    if profit is not None:
        sql = f"{summed(quoted(profit.name, dialect))} * 1.0 / NULLIF({revenue}, 0)"
        margin = named("profit_margin")
        added.append(Metric(name=margin, view=home, sql=sql, synonyms=PROFIT_MARGIN, unit="%"))
    if money.discount:
        sql = summed(money.discount)
        added.append(
            Metric(name=named("discount_given"), view=home, sql=sql, synonyms=DISCOUNT_GIVEN, unit=unit)
        )
    return added


def _with_levels(workspace: Workspace, shop: Shop) -> tuple[Shop, list[Decision]]:
    """Stock that is written down again on each day adds up over things; of days only the last one counts."""
    dialect = workspace.catalog.dialect
    decisions = []
    for view in shop.views:
        things = [c for c in view.refs if not says(_DAY_KEY, c)]
        summed = [m for m in shop.metrics if m.view == view.name and m.sql.startswith("SUM(")]
        if view.time is None or not things or not summed or not says(STOCK_TABLE, view.name):
            continue
        table, day = quoted(view.name, dialect), quoted(view.time, dialect)
        of = ", ".join(quoted(c, dialect) for c in things)
        rows = workspace.look(
            f"SELECT COUNT(*) AS n, COUNT(DISTINCT {day}) AS days, "
            f"(SELECT COUNT(*) FROM (SELECT DISTINCT {of} FROM {table}) AS t) AS things, "
            f"(SELECT COUNT(*) FROM (SELECT DISTINCT {of}, {day} FROM {table}) AS l) AS levels FROM {table}"
        )
        count, days, different, levels = (int(str(v)) for v in rows[0]) if rows else (0, 0, 0, 0)
        # each thing has one level a day, and most have one on most days: no log of what came and went
        if days < 2 or levels < 0.99 * count or days * different > 3 * count:
            continue
        last = [replace(m, last=view.time) if m in summed else m for m in shop.metrics]
        shop = replace(shop, metrics=tuple(last))
        text = f"{view.name} holds the stock of {days:,} days; of {view.time} the last day counts"
        text_zh = f"{view.name} 是 {days:,} 天的库存快照；按 {view.time} 只取最后一天"
        decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
    return shop, decisions


def with_stock(shop: Shop, dialect: Dialect) -> Shop:
    """Of a table of stock its pieces are asked for, never its rows."""
    metrics = list(shop.metrics)
    for view in shop.views:
        pieces = _first(_numbers(view), _PIECES) if says(STOCK_TABLE, view.name) else None
        if pieces is None:
            continue
        summed = f"SUM({quoted(pieces.name, dialect)})"
        metrics = [m for m in metrics if (m.view, m.sql) != (view.name, "COUNT(*)")]
        known = [m for m in metrics if (m.view, m.sql) == (view.name, summed)]
        for metric in known:
            words = tuple(dict.fromkeys((*STOCK, *metric.synonyms)))
            metrics[metrics.index(metric)] = replace(metric, synonyms=words)
        if not known:
            metrics.append(
                Metric(
                    name=metric_name(f"total_{view.name}_{pieces.name}", {m.name for m in metrics}),
                    view=view.name,
                    sql=summed,
                    synonyms=STOCK,
                )
            )
    return replace(shop, metrics=tuple(metrics))


# ---- the clock --------------------------------------------------------------------------------------------


def _clock(workspace: Workspace, money: Money | None) -> tuple[View, str, dt.date] | None:
    """The view and column with the shop's last day, where that is long ago: of what is sold before others."""
    shop, now = workspace.shop, dt.date.today()
    sold: set[str] = set()
    for each in (money, money.parts if money is not None else None):
        if each is not None:
            sold |= {each.view.name, each.view.refs.get(each.order or "", "")}
    best: tuple[tuple[bool, bool, dt.date], View, str] | None = None
    for view in shop.views:
        if view.time is None or says(_NEVER_NOW, view.time, "date"):
            continue
        last = _last_day(workspace, view, view.time)
        if last is None or last > now:
            continue
        is_sold = says(_SOLD, view.name)
        rank = (view.name in sold, is_sold, last)
        if best is None or rank > best[0]:
            best = rank, view, view.time
    if best is None or (now - best[0][2]).days < OLD_DAYS:
        return None
    return best[1], best[2], best[0][2]


def _last_day(workspace: Workspace, view: View, column: str) -> dt.date | None:
    from sql.shop.workspace import as_date

    dialect = workspace.catalog.dialect
    try:
        table = workspace.run(
            f"SELECT MAX({quoted(column, dialect)}) AS last FROM {quoted(view.name, dialect)}"
        )
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return None
    return as_date(table.rows[0][0]) if table.rows else None
