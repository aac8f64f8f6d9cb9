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
from sql.shop.money import Money
from sql.shop.sold import find_unsold, without_unsold
from sql.shop.trade_words import read_name
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

OLD_DAYS = 45
"""Days without a row after which a shop's last day is its clock, and not today."""

_QUANTITY = re.compile(r"\b(?:quantity|unit sold|piece)\b|数量|件数|销量|\bmenge\b|\banzahl\b")
_PRICE = re.compile(r"\bprice\b|单价|售价|价格|成交价|\bpreis\b")
_OTHER_PRICE = re.compile(
    r"\b(?:cost|buy|purchase|list|old|original|wholesale|retail|msrp)\b|成本|进价|进货|标价|原价"
)
_COST = re.compile(r"\b(?:cost|buy|purchase)\b|成本|进价|进货")
_DISCOUNT = re.compile(r"\bdiscount\b|\brabatt\b|折扣")
_AMOUNT = (
    re.compile(
        r"\bnet (?:revenue|amount|sale|value|total)\b"
        r"|\bline total\b|\bextended price\b|\brevenue\b|\bsale(?: amount)?$|实付|销售额|成交[额金]"
    ),
    re.compile(
        r"\bgrand total\b|\btotal (?:amount|price|sale|paid)\b"
        r"|\border (?:total|amount|value)\b|总金额|总额|应付"
    ),
    re.compile(r"\btotal$|\bamount\b|\bsubtotal\b|\bumsatz\b|\bbetrag\b|金额|合计|小计"),
)
"""Names of columns with the money of a row, the clearest first."""
_NO_INCOME = re.compile(
    r"\b(?:tax|vat|shipping|freight|refund|discount|coupon|cost|fee|tip|limit|budget|credit|profit|margin|item|list"
    r"|quantity|count)\b|税|运费|退款|优惠|折扣|成本|费|额度|预算|利润|数量|件数"
)
_SOLD = re.compile(
    r"\b(?:order|sale|invoice|transaction|receipt|bill|purchase|checkout|charge|rental|payment)\b|订单|销售|流水|支付|付款|交易|发票"
)
_NOT_SOLD = re.compile(
    r"\b(?:stock|inventory|warehouse|cart|basket|wish|refund|return|purchase order|supplier|vendor|budget"
    r"|quote|campaign|price|shipment)\b|库存|仓库|购物车|退货|退款|采购|进货|供应商|盘点|报价|活动"
)
_PERCENT = re.compile(r"\b(?:pct|percent|rate)\b|率")
_CENTS = re.compile(r"\b(?:cent|pence|pennie)s?\b")
_CURRENCY = re.compile(r"\bcurrency\b|币种|货币")
_STOCK = re.compile(r"\b(?:stock|inventory)\b|库存")
_PIECES = re.compile(r"\b(?:quantity|on hand|balance|stock|available)\b|数量|可用|库存|结存")
_LINE = re.compile(r"\b(?:line|item|detail|lookup)\b|明细")
_NEVER_NOW = re.compile(
    r"\b(?:delete|deleted|due|expire|expiry|valid|birth|required|estimated|end|update|updated|modified)\b|到期|失效|预计|生日|更新"
)

REVENUE = ("sales", "turnover", "total sales", "销售额", "营业额", "收入", "成交额")
UNITS = ("units", "units sold", "items sold", "pieces sold", "quantity sold", "销量", "件数", "销售数量")
ORDERS = ("orders", "number of orders", "how many orders", "订单数", "订单量", "单数")
STOCK = ("stock", "in stock", "on hand", "库存", "库存数量", "现货")
DISCOUNT_GIVEN = ("discounts given", "discount amount", "total discount", "优惠金额", "折扣金额", "让利")
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
    shop = workspace.shop
    decisions: list[Decision] = []
    money = _money(workspace, orders)
    currencies = _currencies(workspace, money[0]) if money else ()
    if len(currencies) > 1:
        # what is in several currencies adds up to nothing
        place, told = money[0].view.name, ", ".join(currencies[:4])
        text = (
            f"The amounts of {place} are in several currencies ({told}), so no revenue was defined: "
            "ask by currency"
        )
        decisions.append(Decision(place="metrics", text=text, is_sure=False))
        metrics = tuple(m for m in shop.metrics if m.view != place or m.sql == "COUNT(*)")
        shop, money = replace(shop, metrics=metrics), []
    elif currencies:
        shop = replace(shop, currency=currencies[0])
    others_than_money = shop.metrics
    if money:
        chosen = money[0]
        unsold = find_unsold(shop, chosen, workspace)
        if unsold is not None:
            shop, chosen = without_unsold(shop, chosen, unsold, workspace.catalog.dialect)
        shop = with_money(shop, chosen, workspace.catalog.dialect)
        counted = f"without {unsold.told()}" if unsold is not None else "rows in every state count"
        others = [f"{m.view.name} ({m.told})" for m in money[1:3]]
        decisions.append(
            Decision(
                place="metrics.revenue",
                text=f"Revenue is {chosen.told}, summed over {chosen.view.name}; {counted}"
                + (f". It could be read from {' or '.join(others)} as well" if others else ""),
                is_sure=False,
            )
        )
        if currencies and chosen.is_whole:
            text = (
                f"{chosen.told} holds whole numbers; where they are cents, divide them by 100 in "
                "metrics.revenue"
            )
            decisions.append(Decision(place="metrics.revenue", text=text, is_sure=False))
    shop = with_stock(shop, workspace.catalog.dialect)
    clock = _clock(workspace, money[0] if money else None)
    if clock is not None:
        view, column, last = clock
        shop = replace(shop, today=f"max({view.name}.{column})")
        decisions.append(
            Decision(
                place="today",
                text=f"The data end on {last.isoformat()} ({view.name}.{column}); that day counts as today",
            )
        )
    return Measured(shop=shop, decisions=tuple(decisions), money=tuple(money), others=others_than_money)


# ---- money ------------------------------------------------------------------------------------------------


def _spoken(name: str) -> str:
    return " ".join(read_name(name))


def is_sold(view: View) -> bool:
    """Whether a view's name says that its rows are sales: orders, invoices, payments."""
    said = _spoken(view.name)
    return bool(_SOLD.search(said)) and not _NOT_SOLD.search(said)


def _numbers(view: View) -> list[ViewColumn]:
    keys = {*view.key, *view.refs}
    return [c for c in view.columns if c.is_measure and c.name not in keys]


def _first(
    columns: list[ViewColumn], wanted: re.Pattern[str], without: re.Pattern[str] | None = None
) -> ViewColumn | None:
    for column in columns:
        said = _spoken(column.name)
        if wanted.search(said) and not (without is not None and without.search(said)):
            return column
    return None


def _currencies(workspace: Workspace, money: Money) -> tuple[str, ...]:
    """The currencies that a view or its orders name; none where no column tells them."""
    shop, dialect = workspace.shop, workspace.catalog.dialect
    for name in (money.view.name, *money.view.refs.values()):
        view = shop.view(name)
        column = next((c for c in view.columns if _CURRENCY.search(_spoken(c.name))), None) if view else None
        if view is None or column is None or column.type != "text":
            continue
        own = quoted(column.name, dialect)
        asked = (
            f"SELECT DISTINCT {own} AS c FROM {quoted(view.name, dialect)} WHERE {own} IS NOT NULL LIMIT 9"
        )
        try:
            return tuple(sorted(str(row[0]) for row in workspace.run(asked).rows))
        except SqlError as error:
            logger.info("not looked at: %s", type(error).__name__)
    return ()


def _money(workspace: Workspace, orders: Mapping[str, str]) -> list[Money]:
    """What could be the shop's income, the likeliest first."""
    found: list[tuple[float, int, Money]] = []
    for place, view in enumerate(workspace.shop.views):
        said = _spoken(view.name)
        if _NOT_SOLD.search(said):
            continue
        order = orders.get(view.name) or _order_column(workspace.shop, view)
        money = _line_money(workspace, view, order) or _order_money(workspace, view, order)
        if money is None:
            continue
        score = 4.0 * money.is_line + 2.0 * bool(_SOLD.search(said)) + 1.0 * bool(_LINE.search(said))
        score += 1.0 * bool(view.refs) - 2.0 * bool(re.search(r"\bpayment\b|支付|付款", said))
        found.append((-score, place, money))
    return [money for _, _, money in sorted(found, key=lambda f: f[:2])]


def _line_money(workspace: Workspace, view: View, order: str | None) -> Money | None:
    """A line: a quantity with a price or an amount, and the order or the time it belongs to."""
    numbers = _numbers(view)
    quantity = _first(numbers, _QUANTITY)
    amount = _amount(numbers)
    price = _first(numbers, _PRICE, _OTHER_PRICE) or _first(numbers, _PRICE, _COST)
    is_named = bool(_LINE.search(_spoken(view.name)))
    if order is None and view.time is None and not is_named:
        return None  # a list of products has prices too
    if quantity is None and not (is_named and price is not None and order is not None):
        return None

    def write(column: ViewColumn) -> str:
        return quoted(column.name, workspace.catalog.dialect)

    units = write(quantity) if quantity is not None else "1"
    if amount is not None and order is not None and _is_repeated(workspace, view, amount, order):
        amount = None  # the order's amount stands on each of its lines, and adds up to several times it
    if amount is not None:
        return Money(
            view=view, amount=write(amount), told=amount.name, units=units, is_line=True, order=order
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
        most = _most(workspace, view, discount)
        if most is not None and 0 < most <= 1:
            no_sums, given = (f"SUM({write(discount)})",), f"{sql} * {write(discount)}"
            sql, told = f"{sql} * (1 - {write(discount)})", f"{told} × (1 - {discount.name})"
        elif most is not None and ("%" in discount.name or _PERCENT.search(_spoken(discount.name))):
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
    )


def _order_money(workspace: Workspace, view: View, order: str | None) -> Money | None:
    """An order or payment with its own total."""
    amount = _amount(_numbers(view))
    said = " ".join((_spoken(view.name), *map(_spoken, view.key)))
    if amount is None or view.time is None or not _SOLD.search(said):
        return None
    if order is not None and _is_repeated(workspace, view, amount, order):
        return None
    sql, told = quoted(amount.name, workspace.catalog.dialect), amount.name
    in_cents = bool(_CENTS.search(_spoken(amount.name)))
    if in_cents:
        sql, told = f"{sql} / 100.0", f"{told} / 100"
    return Money(
        view=view,
        amount=sql,
        told=told,
        units=None,
        is_line=False,
        order=None,
        is_whole=amount.type == "integer" and not in_cents,
    )


def _amount(numbers: list[ViewColumn]) -> ViewColumn | None:
    return next(filter(None, (_first(numbers, wanted, _NO_INCOME) for wanted in _AMOUNT)), None)


def _order_column(shop: Shop, view: View) -> str | None:
    """The column that tells a line's order: it refers to a view with a time, named after what is sold."""
    for column, target in view.refs.items():
        there = shop.view(target)
        if (
            there is not None
            and there.time is not None
            and _SOLD.search(f"{_spoken(target)} {_spoken(column)}")
        ):
            return column
    for named in view.columns:
        said = _spoken(named.name)
        if named.name not in view.refs and re.search(r"\border (?:id|number)\b|订单(?:号|编号)|单号", said):
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


def _most(workspace: Workspace, view: View, column: ViewColumn) -> float | None:
    dialect = workspace.catalog.dialect
    largest = f"SELECT MAX({quoted(column.name, dialect)}) AS m FROM {quoted(view.name, dialect)}"
    try:
        table = workspace.run(largest)
        return float(str(table.rows[0][0])) if table.rows and table.rows[0][0] is not None else None
    except (SqlError, ValueError) as error:
        logger.info("not looked at: %s", type(error).__name__)
        return None


def with_money(shop: Shop, money: Money, dialect: Dialect) -> Shop:
    """The shop with the metrics that a row's income gives."""
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
        if not any(money.order in view.key for view in shop.views):
            # no table of orders: they are counted on their lines
            added.append(Metric(name=named("number_of_orders"), view=home, sql=orders, synonyms=ORDERS))
    if orders is not None:
        sql = f"{revenue} * 1.0 / {orders}"
        added.append(
            Metric(name=named("average_order_value"), view=home, sql=sql, synonyms=ORDER_VALUE, unit=unit)
        )
    if money.discount:
        sql = summed(money.discount)
        added.append(
            Metric(name=named("discount_given"), view=home, sql=sql, synonyms=DISCOUNT_GIVEN, unit=unit)
        )
    said = {(metric.view, metric.sql) for metric in added} | {(home, sql) for sql in money.no_sums}
    if money.is_line:
        said.add((home, "COUNT(*)"))  # lines are not what is counted: orders are, or units
    kept = tuple(m for m in shop.metrics if (m.view, m.sql) not in said)
    return replace(shop, metrics=(*kept, *added))


def with_stock(shop: Shop, dialect: Dialect) -> Shop:
    """Of a table of stock its pieces are asked for, never its rows."""
    metrics = list(shop.metrics)
    for view in shop.views:
        pieces = _first(_numbers(view), _PIECES) if _STOCK.search(_spoken(view.name)) else None
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
    if money is not None:
        sold = {money.view.name, *(target for target in money.view.refs.values())}
    best: tuple[tuple[bool, bool, dt.date], View, str] | None = None
    for view in shop.views:
        if view.time is None or _NEVER_NOW.search(_spoken(view.time)):
            continue
        last = _last_day(workspace, view, view.time)
        if last is None or last > now:
            continue
        is_sold = bool(_SOLD.search(_spoken(view.name)))
        rank = (is_sold and view.name in sold, is_sold, last)
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
