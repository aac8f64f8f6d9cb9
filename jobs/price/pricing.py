"""Prices as an answer: whose elasticity is asked, what is read for it, and which figures are told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.not_heard import caveat_of, not_heard
from jobs.price.curve import Standing, best_change, outcome_of
from jobs.price.elasticity import (
    LEAST_PRICES,
    LEAST_SPREAD,
    LEAST_UNITS,
    LEAST_WEEKS,
    Elasticities,
    Estimate,
    back_test,
    fit_all,
    lack_of,
    together,
)
from jobs.price.price_rows import PriceRows
from jobs.price.price_tables import Line, curve_table, line_table, tested_table, whole_table
from jobs.price.price_words import BY, CHANGE, CUE, FILLER, MAX_CHANGE, NAME, PRODUCT
from jobs.price.weeks import ProductWeeks, read_weeks
from jobs.purchases import parted
from sql.types import Table
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.titles import title_of

DEFAULT_MAX_CHANGE = 10
RECENT = 13
"""Latest weeks that tell what is sold at today's price; a product without a sale in them is not priced."""
ROOM = 0.002
"""By which a price may lie beyond those that were charged and still count as one of them."""


@dataclass(frozen=True, kw_only=True)
class Priced(Evidence):
    """Table 0 has products or categories, table 1 all of them in one row, table 2 the test by method, table 3
    the curve of a single line."""

    lines: tuple[Line, ...]
    column: str
    """The bound column that the lines are values of."""
    change: float | None
    """Share of today's price that is asked about."""
    max_change: int
    """Per cent."""
    is_profit: bool
    """Whether costs are known; else money is revenue."""
    is_cost_hidden: bool
    """Whether they are bound and the role may not see them."""
    is_listed: bool
    """Whether prices are list prices, so that discounts do not count as changes of price."""
    knows_stock: bool


def run_price(request: Request, tools: Tools) -> Priced:
    """Read, fit, test and price; raises ``Declined`` where prices never moved or too little is known."""
    settings, workspace = request.settings, tools.workspace
    product = workspace.shop.bindings["product"].rpartition(".")[2]
    of, only = parted(settings.get(PRODUCT) or {}, product)
    rows = PriceRows(request, tools, of, only)
    change, most = settings.get(CHANGE), settings.get(MAX_CHANGE) or DEFAULT_MAX_CHANGE
    asked = rows.named() if of else rows.largest(None)
    if not asked:
        raise Declined("nothing_sold")
    products, source = _read(rows, asked, with_rest=bool(of))
    found = fit_all(products)
    about = [each for each in products if each.name in asked]
    costs = rows.costs(list(asked))
    pricing = _Pricing(
        found=found,
        costs=costs,
        change=change / 100 if change is not None else None,
        most=most / 100,
    )
    is_by_product = bool(of) or settings.get(BY) == "product"
    lines = [] if is_by_product else pricing.of_kinds(about)
    is_by_product = is_by_product or not lines  # too few products of each category tell it for a mean
    lines = lines or pricing.of_products(about)
    if not lines:
        raise _declined(about, asked)
    if is_by_product and not of:
        lines.sort(key=lambda line: line.elasticity.value)
    column = product if is_by_product else workspace.shop.bindings.get("category", product).rpartition(".")[2]
    unit = rows.unit
    told = [each for each in about if each.name in found.own]
    shown = line_table(source, lines, column, unit)
    mean = together(found, told) if is_by_product and len(lines) > 1 else None
    tables = [
        shown,
        whole_table(source, asked, len(asked) if of else rows.count(), about, told, mean),
        tested_table(source, back_test(products)),
    ]
    tables += [curve_table(source, lines[0], unit)] if len(lines) == 1 and lines[0].standing else []
    request.on_table(shown)
    unheard = (*not_heard(request, (CUE, NAME), FILLER), *(p.text.strip() for p in request.links.periods))
    ran = {
        name: settings.said[name].text
        for name in (PRODUCT.name, CHANGE.name, BY.name)
        if name in settings.said
    }
    return Priced(
        tables=tuple(tables),
        titles={column: title_of(workspace.shop, column, request.language)},
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=caveat_of(tuple(dict.fromkeys(unheard))),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=source.query.written,
        settings={**ran, MAX_CHANGE.name: str(most)},
        lines=tuple(lines),
        column=column,
        change=pricing.change,
        max_change=most,
        is_profit=bool(costs),
        is_cost_hidden=not rows.has_cost and "unit_cost" in workspace.shop.bound,
        is_listed=rows.has_list_price,
        knows_stock=rows.has_stock,
    )


def _read(
    rows: PriceRows, asked: Mapping[Hashable, Hashable], *, with_rest: bool
) -> tuple[list[ProductWeeks], Table]:
    """The weeks of products, and the table that they came by.

    Args:
        with_rest: also those of the best sellers of their categories.
    """
    kinds = list(dict.fromkeys(asked.values()))
    beside = rows.largest(kinds, len(asked)) if with_rest else {}
    everyone = {**asked, **{name: kind for name, kind in beside.items() if name not in asked}}
    names = list(everyone)
    sold, source = rows.weeks(names)
    return read_weeks(sold, rows.totals(kinds), rows.empty(names), everyone), source


@dataclass(frozen=True, kw_only=True)
class _Pricing:
    """What is worked out of each line."""

    found: Elasticities
    costs: Mapping[Hashable, float]
    change: float | None
    most: float

    def of_products(self, products: Sequence[ProductWeeks]) -> list[Line]:
        """A line for each product that tells its elasticity."""
        told = [each for each in products if each.name in self.found.own]
        return [self._line(each.name, self.found.of_product[each.name], [each]) for each in told]

    def of_kinds(self, products: Sequence[ProductWeeks]) -> list[Line]:
        """A line for each category with enough products that tell it."""
        members: dict[Hashable, list[ProductWeeks]] = {}
        for each in products:
            members.setdefault(each.kind, []).append(each)
        return [
            self._line(kind, self.found.kinds[kind].mean, each)
            for kind, each in members.items()
            if kind in self.found.kinds
        ]

    def _line(self, name: Hashable, elasticity: Estimate, products: Sequence[ProductWeeks]) -> Line:
        told = [each for each in products if each.name in self.found.own]
        standing = self._standing(told, elasticity)
        best = best_change(standing, elasticity, self.most) if standing is not None else None
        asked = None
        if standing is not None and self.change is not None:
            is_charged = standing.low - ROOM <= 1 + self.change <= standing.high + ROOM
            asked = outcome_of(standing, self.change, elasticity) if is_charged else None
        one = told[0] if len(products) == 1 and products[0].name == name else None
        return Line(
            name=name,
            elasticity=elasticity,
            products=len(told),
            weeks=sum(len(each.week) for each in told),
            prices=(min(one.low, one.today), one.today, max(one.high, one.today)) if one else None,
            standing=standing,
            best=best,
            asked=asked,
            own=self.found.own[one.name] if one is not None else None,
            kind=self.found.kinds.get(one.kind) if one is not None else None,
        )

    def _standing(self, products: Sequence[ProductWeeks], elasticity: Estimate) -> Standing | None:
        """Of those that sold lately and, where costs are known, have one."""
        kept = [p for p in products if p.idle < RECENT and (not self.costs or p.name in self.costs)]
        units = [_weekly(each, elasticity) for each in kept]
        if not sum(units):
            return None
        paid = [float(each.today * np.exp(each.discount[-RECENT:].mean())) for each in kept]
        cost = (
            sum(u * self.costs[each.name] for u, each in zip(units, kept, strict=True))
            if self.costs
            else None
        )
        return Standing(
            units=sum(units),
            revenue=sum(u * p for u, p in zip(units, paid, strict=True)),
            cost=cost,
            low=min(1.0, float(np.median([each.low / each.today for each in kept]))),
            high=max(1.0, float(np.median([each.high / each.today for each in kept]))),
        )


def _weekly(product: ProductWeeks, elasticity: Estimate) -> float:
    """Units of a week at today's price, from the latest weeks at theirs."""
    units, price = product.units[-RECENT:], product.price[-RECENT:]
    return float(units.sum() / ((price / product.today) ** elasticity.value).sum())


def _declined(about: Sequence[ProductWeeks], asked: Mapping[Hashable, Hashable]) -> Declined:
    """Why nothing can be told of any of them, with the numbers of the only one."""
    lacks = Counter(lack for each in about if (lack := lack_of(each)) is not None)
    least = {
        "weeks": LEAST_WEEKS,
        "units": LEAST_UNITS,
        "prices": LEAST_PRICES,
        "spread": f"{LEAST_SPREAD:.0%}",
    }
    values = {f"least_{name}": str(number) for name, number in least.items()}
    if len(asked) == 1:
        values |= {"product": escape_markdown(str(next(iter(asked))))}
        if not about:
            return Declined("one_few_weeks", {**values, "weeks": "0"})
        [one] = about
        values |= {
            "weeks": str(len(one.week)),
            "units": f"{one.units.sum():g}",
            "prices": str(one.levels),
            "spread": f"{one.high / one.low - 1:.1%}",
        }
        return Declined(f"one_{lack_of(one) or 'unclear'}", values)
    values |= {
        "products": str(len(asked)),
        "unmoved": str(lacks["few_prices"] + lacks["narrow"]),
        "thin": str(len(asked) - lacks["few_prices"] - lacks["narrow"]),
    }
    return Declined("none_tells", values)
