"""Amounts beside a column of currencies: whether they are in one, and how they come into it.

A warehouse that converted its amounts keeps the currency of each sale, and a rate; another keeps amounts as
they were paid. Which it is, prices tell: only in one currency a product costs about the same everywhere.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from sql.names import quoted
from sql.semantics import View, ViewColumn
from sql.shop.money import Money
from sql.shop.trade_words import says
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

LEAST_PRODUCTS = 10
"""Products that must have been sold in two currencies."""
FEW_PRODUCTS = 3
"""The same where other currencies are a rarity."""
RARE = 0.05
"""Share of the sales up to which other currencies are a rarity."""
RATE = "order_rate"
"""The column of lines that has their order's rate."""
ALIKE = 0.08
"""How far, as a logarithm, the middle product's price in another currency may be from that in the own one."""
MOST_ROWS = 20_000
_RATE = re.compile(r"\b(?:fx|exchange|currency|conversion) (?:rate|factor)\b|汇率")
_CURRENCY = re.compile(r"\bcurrency\b(?! rate)|币种|货币")
_PRODUCT = re.compile(r"\b(?:product|item|sku|article|variant)\b|商品|产品|货号")


def in_one_currency(
    workspace: Workspace, money: Money, currency: ViewColumn
) -> tuple[Money, str, str] | None:
    """The income in the shop's own currency, that currency and how it came about, in a word: ``as is``,
    ``times COLUMN`` or ``divided by COLUMN``; ``None`` where prices do not tell.

    Args:
        currency: the column of the income's own view that tells the currency of a row.
    """
    dialect, view = workspace.catalog.dialect, money.view
    product = _product(view)
    if product is None or not money.is_line or money.units is None:
        return None
    rate = next((c for c in view.columns if c.type in ("number", "integer") and says(_RATE, c.name)), None)
    told = quoted(rate.name, dialect) if rate is not None else "1"
    prices = (
        f"SELECT {quoted(product, dialect)} AS product, {quoted(currency.name, dialect)} AS currency, "
        f"AVG(({money.amount}) * 1.0 / ({money.units})) AS price, AVG({told}) AS rate, COUNT(*) AS n "
        f"FROM {quoted(view.name, dialect)} WHERE ({money.units}) > 0 AND ({money.amount}) > 0 "
        f"GROUP BY {quoted(product, dialect)}, {quoted(currency.name, dialect)} LIMIT {MOST_ROWS}"
    )
    best, home = _told_by_prices(workspace, prices, has_rate=rate is not None)
    if best is None:
        return None
    if best == "as is" or rate is None:
        return money, home, "as is"
    sign = {"times": "*", "divided by": "/"}[best]
    amount = f"({money.amount}) {sign} {told}"
    return replace(money, amount=amount, told=f"{money.told} {sign} {rate.name}"), home, f"{best} {rate.name}"


def in_one_currency_by_order(
    workspace: Workspace, money: Money
) -> tuple[tuple[View, ...], Money, str, str] | None:
    """The same where a line's order tells the currency, be it by a link to a list of them, and the rate.

    Returns the views that changed beside what :func:`in_one_currency` does: lines get their order's rate as a
    column.
    """
    shop, dialect = workspace.shop, workspace.catalog.dialect
    line = money if money.is_line else money.parts
    order = shop.view(line.view.refs.get(line.order or "", "")) if line is not None else None
    product = _product(line.view) if line is not None else None
    if line is None or line.units is None or order is None or product is None:
        return None
    rate = next((c for c in order.columns if c.type in ("number", "integer") and says(_RATE, c.name)), None)
    currency = next((c for c in order.columns if _tells_currency(c, order)), None)
    if rate is None or currency is None:
        return None
    sold = (
        f"SELECT {quoted(product, dialect)} AS product, {quoted(line.order or '', dialect)} AS sold_in, "
        f"({line.amount}) * 1.0 / ({line.units}) AS price FROM {quoted(line.view.name, dialect)} "
        f"WHERE ({line.units}) > 0 AND ({line.amount}) > 0"
    )
    key, told, own_rate = (quoted(n, dialect) for n in (order.key[0], currency.name, rate.name))
    orders = f"SELECT {key} AS k, {told} AS currency, {own_rate} AS rate FROM {quoted(order.name, dialect)}"
    best, home = _told_by_prices(
        workspace,
        "SELECT lines_of.product AS product, orders_of.currency AS currency, AVG(lines_of.price) AS price, "
        f"AVG(orders_of.rate) AS rate, COUNT(*) AS n FROM ({sold}) AS lines_of JOIN ({orders}) AS orders_of "
        f"ON orders_of.k = lines_of.sold_in GROUP BY lines_of.product, orders_of.currency LIMIT {MOST_ROWS}",
    )
    if best is None:
        return None
    name = _name_of(workspace, order, currency, home)
    if best == "as is":
        return (), money, name, best
    sign = {"times": "*", "divided by": "/"}[best]
    lines = _with_rate(line.view, order, line.order or "", rate, dialect)
    amount, said = f"({line.amount}) {sign} {RATE}", f"{line.told} {sign} {rate.name}"
    one = replace(line, view=lines, amount=amount, told=said)
    if money.is_line:
        return (lines,), one, name, f"{best} {rate.name}"
    amount = f"({money.amount}) {sign} COALESCE({own_rate}, 1)"
    whole = replace(money, amount=amount, told=f"{money.told} {sign} {rate.name}", parts=one)
    return (lines,), whole, name, f"{best} {rate.name}"


def _tells_currency(column: ViewColumn, order: View) -> bool:
    return says(_CURRENCY, column.name) and (column.type == "text" or column.name in order.refs)


def _name_of(workspace: Workspace, order: View, currency: ViewColumn, value: str) -> str:
    """What a list of currencies calls the one with a number."""
    there = workspace.shop.view(order.refs.get(currency.name, ""))
    named = next((c for c in there.columns if c.type == "text"), None) if there is not None else None
    if there is None or named is None or not there.key:
        return value
    dialect = workspace.catalog.dialect
    own, key, table = (quoted(n, dialect) for n in (named.name, there.key[0], there.name))
    rows = workspace.look(f"SELECT {own} AS v, {key} AS k FROM {table} LIMIT 400")
    return next((str(name) for name, number in rows if str(number) == value and name), value)


def _with_rate(lines: View, order: View, link: str, rate: ViewColumn, dialect: Dialect) -> View:
    """The lines with their order's rate as one more column."""
    columns = ", ".join(f"rows_before.{quoted(c.name, dialect)}" for c in lines.columns)
    source = f"({lines.sql})" if lines.sql else quoted(lines.name, dialect)
    orders = f"({order.sql})" if order.sql else quoted(order.name, dialect)
    sql = (
        f"SELECT {columns}, COALESCE(orders_of.{quoted(rate.name, dialect)}, 1) AS {RATE} FROM {source} AS "
        f"rows_before LEFT JOIN {orders} AS orders_of ON orders_of.{quoted(order.key[0], dialect)} = "
        f"rows_before.{quoted(link, dialect)}"
    )
    return replace(lines, sql=sql, columns=(*lines.columns, ViewColumn(name=RATE, type="number")))


def _product(view: View) -> str | None:
    named = [c.name for c in view.columns if c.type in ("integer", "text") and says(_PRODUCT, c.name, c.type)]
    return next((name for name in named if name in view.refs), next(iter(named), None))


def _told_by_prices(workspace: Workspace, prices: str, *, has_rate: bool = True) -> tuple[str | None, str]:
    """How amounts come into the currency that most is sold in, and that currency.

    Args:
        prices: SELECT of product, currency, price, rate and the number of sales.
    """
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    sold: dict[str, float] = defaultdict(float)
    for what, where, price, one_rate, count in workspace.look(prices):
        if None not in (what, where, price, one_rate):
            found[str(what)][str(where)] = float(str(price)), float(str(one_rate))
            sold[str(where)] += float(str(count))
    if len(sold) < 2:
        return None, ""
    home = max(sold, key=lambda each: sold[each])
    is_rare = sum(sold.values()) - sold[home] <= RARE * sum(sold.values())
    least = FEW_PRODUCTS if is_rare else LEAST_PRODUCTS
    return _best(home, found, has_rate=has_rate, least=least), home


def _best(
    home: str, found: dict[str, dict[str, tuple[float, float]]], *, has_rate: bool, least: int
) -> str | None:
    """The reading under which the same product costs about the same in every currency."""
    apart: dict[str, list[float]] = defaultdict(list)
    for prices in found.values():
        if home not in prices:
            continue
        own, own_rate = prices[home]
        for currency, (price, rate) in prices.items():
            if currency == home or min(own, own_rate, price, rate) <= 0:
                continue
            ratio, rates = math.log(price / own), math.log(rate / own_rate)
            apart["as is"].append(ratio)
            if has_rate:
                apart["times"].append(ratio + rates)
                apart["divided by"].append(ratio - rates)
    if len(apart["as is"]) < least:
        return None
    off = {reading: abs(median(each)) for reading, each in apart.items()}
    reading = min(off, key=lambda each: off[each])
    return reading if off[reading] <= ALIKE else None
