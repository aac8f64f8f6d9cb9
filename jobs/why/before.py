"""What else the shop's data have of that time: prices, stock at zero, campaigns, visits. No cause is claimed.

Everything is found by what the shop's description binds or is plainly called; what it lacks is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bot.job import Request, Tools
from jobs.series import day_of, known_value
from jobs.why.contributions import Values, over
from jobs.why.held_against import Stretch
from jobs.why.parts import PartsReader
from jobs.why.said import Blamed
from jobs.why.summands import figure_of
from jobs.why.tables import made
from jobs.why.why_words import ONLY
from sql.errors import UnsafeQuery, WrongStatement
from sql.semantics import View
from sql.statement.sentence import Aggregate, Among, Compare, During, Grain, Name, Number, Order, Statement
from sql.types import ColumnType, Table
from sql.types import Value as Cell

_CAMPAIGN = re.compile(r"(?i)campaign|promotion|promo\b|活动|促销")
_ENDED = re.compile(r"(?i)(?:^|_)(?:end|ends|ended|until|finish\w*|stop\w*)(?:_|$)|结束")
_VISITS = re.compile(r"(?i)^(?:visits?|sessions?|traffic|page_?views?)$|访问量|流量")
LEAST_PRICE_CHANGE = 0.03
LEAST_EXPLAINED = 0.5
"""Share of the prices' variance that one step must account for."""
LEAST_DAYS = 3
"""Days with a sale on either side of it."""
MOST = 3
"""Products that are looked at, and campaigns that are told."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """What was found, as tables; places count from the answer's first table."""

    prices: int | None = None
    stock: int | None = None
    campaigns: int | None = None
    visits: int | None = None
    tables: tuple[Table, ...] = ()


@dataclass(kw_only=True)
class _Gathered:
    first: int
    tables: list[Table] = field(default_factory=list)

    def add(self, table: Table | None) -> int | None:
        if table is None or not table.rows:
            return None
        self.tables.append(table)
        return self.first + len(self.tables) - 1


def look_before(
    request: Request,
    tools: Tools,
    reader: PartsReader,
    stretches: tuple[Stretch, Stretch],
    blamed: Sequence[Blamed],
    at: int,
) -> Before:
    """Look in both stretches, from the first day of the earlier to the last of the later.

    Args:
        blamed: the parts that carry the change.
        at: place of the first table.
    """
    base, asked = stretches
    span = Stretch(first=base.first, last=asked.last)
    products = _products(request, tools, blamed)
    found = _Gathered(first=at)
    looked = (
        found.add(_allowed(lambda: _prices(tools, reader, products, span))),
        found.add(_allowed(lambda: _stock(tools, reader, products, span))),
        found.add(_allowed(lambda: _campaigns(reader, span))),
        found.add(_allowed(lambda: _visits(request, tools, reader, stretches))),
    )
    prices, stock, campaigns, visits = looked
    return Before(prices=prices, stock=stock, campaigns=campaigns, visits=visits, tables=tuple(found.tables))


def step_of(amounts: Values, units: Values) -> tuple[int, float, float] | None:
    """Where a price went to another level at once: the place of its first day, the price before and after.

    ``None`` where no one step accounts for most of what the price moved.

    Args:
        amounts: of each day, in order.
        units: the same; days without any say nothing.
    """
    days = np.flatnonzero((units > 0) & (amounts > 0))
    if len(days) < 2 * LEAST_DAYS:
        return None
    paid, sold = amounts[days], units[days]
    price, mean = paid / sold, float(paid.sum() / sold.sum())
    total = float((sold * (price - mean) ** 2).sum())
    before = np.cumsum(paid)[:-1], np.cumsum(sold)[:-1]
    low = before[0] / before[1]
    high = over(paid.sum() - before[0], sold.sum() - before[1])
    between = before[1] * (low - mean) ** 2 + (sold.sum() - before[1]) * (high - mean) ** 2
    between[: LEAST_DAYS - 1] = between[len(between) - LEAST_DAYS + 1 :] = 0.0
    at = int(between.argmax())
    is_step = total > 0 and between[at] >= LEAST_EXPLAINED * total
    if not is_step or abs(high[at] / low[at] - 1) < LEAST_PRICE_CHANGE:
        return None
    return int(days[at + 1]), float(low[at]), float(high[at])


def _products(request: Request, tools: Tools, blamed: Sequence[Blamed]) -> Sequence[Cell]:
    """Products that carry the change, else those that the question names."""
    column = tools.workspace.shop.bindings.get("product", "").rpartition(".")[2]
    found = [v for dim, values in blamed if isinstance(dim, Name) and dim.text == column for v in values]
    asked = (request.settings.get(ONLY) or {}).get(column, ())
    return [value for value in (*found, *asked) if value is not None][:MOST]


def _prices(tools: Tools, reader: PartsReader, products: Sequence[Cell], span: Stretch) -> Table | None:
    bound = {part: _bound(part, tools) for part in ("product", "amount", "quantity")}
    view = reader.shop.view(bound["amount"][0])
    if view is None or any(place != view.name or view.column(c) is None for place, c in bound.values()):
        return None
    figures = tuple(Aggregate("SUM", Name(bound[part][1])) for part in ("amount", "quantity"))
    rows: list[tuple[Cell, ...]] = []
    source: Table | None = None
    unit = next((c.unit for c in view.columns if c.name == bound["amount"][1]), "")
    for product in products:
        is_it = Among(Name(bound["product"][1]), (known_value(product),))
        table = reader.run(
            Statement(
                view=view.name,
                items=(Grain("DAY"), *figures),
                where=(During(span.words), is_it),
                groups=(Grain("DAY"),),
                order=(Order(Grain("DAY")),),
            )
        )
        source = source or table
        amounts, units = (np.array([float(str(row[i] or 0)) for row in table.rows]) for i in (1, 2))
        step = step_of(amounts, units)
        if step is not None:
            place, low, high = step
            rows.append((product, day_of(table.rows[place][0]), round(low, 2), round(high, 2)))
    if source is None:
        return None
    columns: tuple[tuple[str, ColumnType], ...] = (
        (bound["product"][1], "text"),
        ("since", "date"),
        ("price_before", "number"),
        ("price", "number"),
    )
    return made(source, columns, rows, {"price_before": unit, "price": unit})


def _stock(tools: Tools, reader: PartsReader, products: Sequence[Cell], span: Stretch) -> Table | None:
    _, on_hand = _bound("on_hand", tools)
    _, product = _bound("product", tools)
    view = next(
        (
            v
            for v in reader.shop.views
            if v.time and on_hand and product and v.column(on_hand) and v.column(product)
        ),
        None,
    )
    if view is None or view.time is None or not products:
        return None
    ends = (Aggregate("MIN", Name(view.time)), Aggregate("MAX", Name(view.time)))
    table = reader.run(
        Statement(
            view=view.name,
            items=(Name(product), *ends),
            where=(
                During(span.words),
                Among(Name(product), tuple(map(known_value, products))),
                Compare(Name(on_hand), "<=", Number("0")),
            ),
            groups=(Name(product),),
        )
    )
    rows = [(row[0], day_of(row[1]), day_of(row[2])) for row in table.rows]
    return made(table, ((product, "text"), ("first_day", "date"), ("last_day", "date")), rows, {})


def _campaigns(reader: PartsReader, span: Stretch) -> Table | None:
    view = next((v for v in reader.shop.views if v.time and _CAMPAIGN.search(v.name)), None)
    name = _label_of(view) if view is not None else None
    if view is None or view.time is None or name is None:
        return None
    ended = next(
        (c.name for c in view.columns if c.type in ("date", "timestamp") and _ENDED.search(c.name)), None
    )
    table = reader.run(
        Statement(
            view=view.name,
            items=(Name(name), Name(view.time), *([Name(ended)] if ended else [])),
            where=(During(span.words),),
            order=(Order(Name(view.time), is_descending=True),),
            limit=MOST,
        )
    )
    rows = [(row[0], day_of(row[1]), day_of(row[2]) if ended else None) for row in table.rows]
    return made(table, ((name, "text"), ("first_day", "date"), ("last_day", "date")), rows, {})


def _visits(
    request: Request, tools: Tools, reader: PartsReader, stretches: tuple[Stretch, Stretch]
) -> Table | None:
    metric = next((m for m in tools.vocabulary.metrics if _VISITS.search(m.name)), None)
    figure = figure_of(metric, tools) if metric is not None else None
    if metric is None or figure is None or figure.is_rate or metric.view in reader.figure.views:
        return None
    visits = PartsReader(request, tools, figure, ())
    base, asked = stretches
    rows: list[tuple[Cell, ...]] = []
    source: Table | None = None
    for stretch in (asked, base):
        amounts, table = visits.whole(stretch)
        source = source or table
        rows.append((stretch.first, stretch.last, round(float(amounts.above[0]))))
    if source is None or not all(row[2] for row in rows):
        return None
    return made(source, (("first_day", "date"), ("last_day", "date"), (metric.name, "integer")), rows, {})


def _allowed(look: Callable[[], Table | None]) -> Table | None:
    """What may be looked at; nothing where the role or the description does not let it."""
    try:
        return look()
    except (WrongStatement, UnsafeQuery):
        return None


def _bound(part: str, tools: Tools) -> tuple[str, str]:
    view, _, column = tools.workspace.shop.bindings.get(part, "").partition(".")
    return view, column


def _label_of(view: View) -> str | None:
    """The column that names its rows."""
    named = [c.name for c in view.columns if c.type == "text" and not c.is_key]
    return next(
        (n for n in named if _CAMPAIGN.search(n) or n.lower() in ("name", "title")), next(iter(named), None)
    )
