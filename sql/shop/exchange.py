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

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

LEAST_PRODUCTS = 10
"""Products that must have been sold in two currencies."""
ALIKE = 0.08
"""How far, as a logarithm, the middle product's price in another currency may be from that in the own one."""
MOST_ROWS = 20_000
_RATE = re.compile(r"\b(?:fx|exchange|currency|conversion) (?:rate|factor)\b|汇率")
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
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    sold: dict[str, float] = defaultdict(float)
    for what, where, price, one_rate, count in workspace.look(prices):
        if None not in (what, where, price, one_rate):
            found[str(what)][str(where)] = float(str(price)), float(str(one_rate))
            sold[str(where)] += float(str(count))
    if len(sold) < 2:
        return None
    home = max(sold, key=lambda each: sold[each])
    best = _best(home, found, has_rate=rate is not None)
    if best is None:
        return None
    if best == "as is" or rate is None:
        return money, home, "as is"
    sign = {"times": "*", "divided by": "/"}[best]
    amount = f"({money.amount}) {sign} {told}"
    return replace(money, amount=amount, told=f"{money.told} {sign} {rate.name}"), home, f"{best} {rate.name}"


def _product(view: View) -> str | None:
    named = [c.name for c in view.columns if c.type in ("integer", "text") and says(_PRODUCT, c.name, c.type)]
    return next((name for name in named if name in view.refs), next(iter(named), None))


def _best(home: str, found: dict[str, dict[str, tuple[float, float]]], *, has_rate: bool) -> str | None:
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
    if len(apart["as is"]) < LEAST_PRODUCTS:
        return None
    off = {reading: abs(median(each)) for reading, each in apart.items()}
    reading = min(off, key=lambda each: off[each])
    return reading if off[reading] <= ALIKE else None
