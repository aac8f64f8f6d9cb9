"""Random statements over ``bench.language_shop`` that make sense: every word, alone and in pairs."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any, cast

from bench.brute import COMPOSED, LENGTHS, METRICS, PATHS, PERIODS, is_unit
from sql.statement import sentence as la

N = la.Name
VIEWS = ("orders", "lines", "customers", "returns", "visits", "stock")
DIMS = {
    "orders": ("channel", "country", "category", "brand", "is_gift"),
    "lines": ("channel", "country", "category", "brand"),
    "customers": ("country", "channel", "category", "source"),
    "returns": ("category", "brand", "channel", "country", "reason"),
    "visits": ("source", "country"),
    "stock": ("category", "brand"),
}
VALUES = {
    "channel": ("web", "app", "shop", "none"),
    "country": ("spain", "italy", "france"),
    "category": ("audio", "bags", "toys"),
    "brand": ("acme", "zen"),
    "reason": ("broken", "size"),
    "source": ("ads", "mail"),
}
NUMBERS = {
    "orders": ("total",),
    "lines": ("quantity", "amount", "price"),
    "returns": ("pieces",),
    "stock": ("on_hand",),
}
REACH = {
    home: {c for (h, c), _ in PATHS.items() if h == home} | own
    for home, own in {
        "orders": {"channel", "is_gift", "total", "ordered_at", "customer_id", "order_id"},
        "lines": {"quantity", "amount", "order_id", "line_id"},
        "customers": {"country", "customer_id"},
        "returns": {"reason", "pieces"},
        "visits": {"source", "customer_id"},
        "stock": {"on_hand"},
    }.items()
}
"""Columns that can be named over a view."""
SPLIT = {
    home: {
        c
        for c in names
        if not any(
            a == "one" and b == "many" for (a, *_), (b, *_) in itertools.pairwise(PATHS.get((home, c), ()))
        )
    }
    for home, names in REACH.items()
}
"""Columns that it can be split by: no link to one row and from there to many."""


class Maker:
    """Makes statements from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def statement(self) -> la.Statement:
        dice = self.dice
        make = dice.choices(
            [self.plain, self.timed, self.entity, self.listing, self.units, self.pairs, self.histogram],
            [30, 30, 14, 6, 6, 4, 10],
        )[0]
        return make()

    # ---- parts ------------------------------------------------------------------------------------------

    def period(self, is_bounded: bool = False) -> la.During:
        known = [w for w in PERIODS if not is_bounded or w in LENGTHS]
        return la.During(self.dice.choice(known))

    def metric(self, dims: list[Any], names: tuple[str, ...]) -> la.Value:
        """A metric whose home every dimension and condition reaches."""
        wanted = {d.text for d in dims if isinstance(d, N)} | set(names)
        fits = [m for m, (home, _) in METRICS.items() if wanted <= SPLIT[home]]
        fits += ["return_rate"] if {"returned", "units"} <= set(fits) else []
        return N(self.dice.choice(fits))

    def aggregate(self, view: str) -> la.Value:
        dice = self.dice
        if view not in NUMBERS or dice.random() < 0.25:
            return la.Aggregate(
                "COUNT", None if dice.random() < 0.5 else N(dice.choice(sorted(self.entities(view))))
            )
        column = N(dice.choice(NUMBERS[view]))
        word = dice.choice(la.AGGREGATES)
        if word == "SUM" and column == N("price") and view == "lines":
            word = "AVG"  # a product's price may not be added up once for each line
        if word == "COUNT":
            return la.Aggregate(word, column)
        return la.Aggregate(word, column, dice.choice(["10", "90", "75"]) if word == "PERCENTILE" else "")

    def entities(self, view: str) -> list[str]:
        return [e for e in ("customer_id", "order_id") if e in REACH[view] and not self.is_many(view, e)] or [
            {"stock": "stock_id", "returns": "return_id", "visits": "visit_id"}.get(view, "customer_id")
        ]

    def is_many(self, view: str, name: str) -> bool:
        return any(kind == "many" for kind, _, _ in PATHS.get((view, name), ()))

    def base(self, view: str, dims: list[Any], names: tuple[str, ...]) -> la.Value:
        return self.aggregate(view) if self.dice.random() < 0.3 else self.metric(dims, names)

    def figure(self, view: str, dims: list[Any], names: tuple[str, ...], has_span: bool) -> la.Value:
        """A figure that can be told beside the dimensions."""
        dice = self.dice
        inner = self.base(view, dims, names)
        units = [d for d in dims if is_unit(d)]
        ways = ["plain"] * 6 + ["only", "calc", "rank", "share of"]
        ways += ["share", "share"] if dims else []
        ways += ["growth", "growth", "before"] if units or has_span else []
        ways += ["running", "rolling", "rolling", "running"] if units else []
        way = dice.choice(ways)
        if way == "only":
            return la.Only(inner, self.own_condition(view, inner))
        if way == "calc":
            other = self.base(view, dims, names)
            return la.Calc(cast(Any, dice.choice("+-*/")), inner, dice.choice([other, la.Number("2")]))
        if way == "rank" and dims:
            per = tuple(dims[:1]) if len(dims) > 1 else ()
            return la.Rank(self.metric(dims, names), per)
        if way == "share of":
            whole = self.summed(view, dims, names)
            return la.Share(whole, condition=self.own_condition(view, whole))
        if way == "share":
            per = tuple(dims[:1]) if len(dims) > 1 and dice.random() < 0.4 else ()
            return la.Share(self.summed(view, dims, names), per)
        if way in ("growth", "before"):
            return self.shifted(inner, units, "GROWTH" if way == "growth" else "BEFORE")
        if way == "running":
            inner = self.timely(view, dims, names)
            fits = units[0].unit in ("DAY", "MONTH", "QUARTER")
            return la.Running(inner, "YEAR" if fits and dice.random() < 0.4 else None)
        if way == "rolling":
            return la.Rolling(self.timely(view, dims, names), dice.randint(1, 4))
        return inner

    def shifted(self, inner: la.Value, units: list[Any], word: str) -> la.Value:
        steps = {
            "DAY": ("DAY", "WEEK", "MONTH", "YEAR"),
            "WEEK": ("WEEK", "YEAR", "QUARTER"),
            "MONTH": ("MONTH", "QUARTER", "YEAR"),
            "QUARTER": ("QUARTER", "YEAR"),
            "FISCAL_QUARTER": ("QUARTER", "YEAR"),
            "YEAR": ("YEAR",),
            "FISCAL_YEAR": ("YEAR",),
        }
        if self.dice.random() < 0.4:
            return la.Shifted(cast(Any, word), inner)
        fine = min((u.unit for u in units), key=la.UNITS.index) if units else "DAY"
        unit = self.dice.choice(steps[fine])
        return la.Shifted(cast(Any, word), inner, la.Step(self.dice.randint(1, 2), cast(Any, unit)))

    def summed(self, view: str, dims: list[Any], names: tuple[str, ...]) -> la.Value:
        while True:
            found = self.metric(dims, names)
            if str(found) not in ("return_rate", "average_total", "in_stock"):
                return found

    def timely(self, view: str, dims: list[Any], names: tuple[str, ...]) -> la.Value:
        while True:
            found = self.base(view, dims, names)
            if str(found) != "in_stock":
                return found

    def own_condition(self, view: str, figure: la.Value) -> la.Condition:
        homes = {view}
        for part in figure.walk():
            if isinstance(part, N) and part.text in COMPOSED:
                homes |= {"returns", "lines"}
            if isinstance(part, N) and part.text in METRICS:
                homes.add(METRICS[part.text][0])
        names = [n for n in VALUES if all(n in REACH[h] for h in homes)]
        if not names or self.dice.random() < 0.15:
            return self.period()
        return self.about(self.dice.choice(names))

    def about(self, name: str) -> la.Condition:
        dice = self.dice
        values = VALUES[name]
        way = dice.random()
        if way < 0.45:
            return la.Compare(N(name), dice.choice(["=", "=", "<>"]), la.Text(dice.choice(values)))
        if way < 0.65:
            picked = dice.sample(values, min(2, len(values)))
            return la.Among(N(name), tuple(map(la.Text, picked)), dice.random() < 0.3)
        if way < 0.8:
            return la.Empty(N(name), dice.random() < 0.6)
        if way < 0.9:
            start = dice.choice([str.upper, str.lower])(dice.choice(values)[:2])
            return la.Like(N(name), la.Text(f"{start}%"), dice.random() < 0.3)
        picked = dice.sample(values, 2)
        return la.AnyOf(tuple(la.Compare(N(name), "=", la.Text(v)) for v in picked))

    def conditions(self, view: str, homes: set[str]) -> list[la.Condition]:
        dice = self.dice
        found: list[la.Condition] = []
        names = [n for n in VALUES if all(n in REACH[h] for h in homes)]
        for _ in range(dice.choice([0, 0, 0, 1, 1, 2])):
            if names and dice.random() < 0.65:
                name = dice.choice(names)  # once: two values of one column are refused, since none has both
                names.remove(name)
                found.append(self.about(name))
            elif all("customer_id" in REACH[h] for h in homes) and dice.random() < 0.8:
                found.append(self.of_entity(view))
        return list({str(c): c for c in found}.values())

    def of_entity(self, view: str) -> la.Condition:
        dice = self.dice
        way = dice.random()
        who = N("customer_id")
        if way < 0.2 and view in ("orders", "lines"):
            return la.Compare(
                la.Per(N("revenue"), who), dice.choice([">", "<="]), la.Number(dice.choice(["50", "150"]))
            )
        if way < 0.3 and view in ("orders", "lines"):
            where: tuple[la.Condition, ...] = ()
            if dice.random() < 0.4:
                where = (la.During(dice.choice(list(PERIODS))),)
            if dice.random() < 0.4:
                where = (*where, self.about("channel"))
            worth = la.Per(N(dice.choice(["revenue", "order_count"])), who)
            word = dice.choice(["TOP", "BOTTOM"])
            return la.Top(cast(Any, word), worth, dice.choice([1, 2, 3]), where, dice.random() < 0.3)
        if way < 0.4 and view == "orders":
            return la.Holds(la.Since("IS_FIRST", "MONTH", who), dice.random() < 0.4)
        there = dice.choice(["orders", "visits", "returns"])
        where = ()
        if dice.random() < 0.4:
            name = {"orders": "channel", "visits": "source", "returns": "reason"}[there]
            where = (self.about(name),)
        times = None
        if dice.random() < 0.4:
            of = N("order_id") if there == "orders" and dice.random() < 0.3 else None
            times = la.Times(
                cast(Any, dice.choice([">=", "=", "<", "<=", "<>"])), dice.choice([0, 1, 2, 3]), of
            )
        during = dice.choice(list(PERIODS)) if dice.random() < 0.5 else ""
        within = la.Step(dice.choice([7, 30]), "DAY") if view == "orders" and dice.random() < 0.15 else None
        return la.Has(who, there, where, during, within, times, dice.random() < 0.4)

    def dims(self, view: str, most: int = 2) -> list[Any]:
        names = list(DIMS[view])
        return [N(n) for n in self.dice.sample(names, self.dice.randint(0, min(most, len(names))))]

    def homes(self, view: str, figures: list[Any]) -> set[str]:
        found = {view}
        for figure in figures:
            for part in figure.walk():
                if isinstance(part, N) and part.text in METRICS:
                    found.add(METRICS[part.text][0])
                if isinstance(part, N) and part.text in COMPOSED:
                    found |= {"returns", "lines"}
        return found

    # ---- whole statements -------------------------------------------------------------------------------

    def finished(self, view: str, dims: list[Any], figures: list[Any], where: list[Any]) -> la.Statement:
        dice = self.dice
        figures = list({str(f): f for f in figures}.values())
        made = la.Statement(view=view, items=(*dims, *figures), where=tuple(where), groups=tuple(dims))
        plain = [f for f in figures if not isinstance(f, la.Rank)]
        if dims and dice.random() < 0.2 and plain:
            key = dice.choice(plain)
            compared = la.Compare(
                key, dice.choice([">", "<=", "<>"]), la.Number(dice.choice(["0", "1", "20"]))
            )
            made = replace(made, having=(compared,))
        if dims and dice.random() < 0.3:
            made = replace(made, order=(la.Order(dice.choice(figures), dice.random() < 0.7),))
            if dice.random() < 0.6:
                per = tuple(dims[:1]) if len(dims) > 1 and dice.random() < 0.6 else ()
                made = replace(made, limit=dice.randint(1, 4), limit_per=per)
        return made

    def start(self, is_timed: bool) -> tuple[str, list[Any], list[Any]]:
        view = self.dice.choice(VIEWS)
        dims = self.dims(view)
        if is_timed:
            view = self.dice.choice(VIEWS)
            unit = self.dice.choice(
                ["MONTH", "MONTH", "MONTH", "QUARTER", "YEAR", "WEEK", "FISCAL_QUARTER", "FISCAL_YEAR"]
            )
            dims = [la.Grain(unit), *self.dims(view, 1)]
            if unit == "MONTH" and self.dice.random() < 0.1:
                dims.insert(0, la.Grain(self.dice.choice(["YEAR", "FISCAL_YEAR"])))
        elif self.dice.random() < 0.15:
            dims.append(la.Grain(self.dice.choice(["WEEKDAY", "HOUR"])))
        where: list[Any] = [self.period()] if self.dice.random() < 0.7 else []
        if is_timed and self.dice.random() < 0.08:
            dims, where = (
                [la.Grain("DAY")],
                [la.During(self.dice.choice(["March 2025", "last month", "this year"]))],
            )
        return view, dims, where

    def plain(self) -> la.Statement:
        view, dims, where = self.start(is_timed=False)
        return self.filled_in(view, dims, where)

    def timed(self) -> la.Statement:
        view, dims, where = self.start(is_timed=True)
        return self.filled_in(view, dims, where)

    def filled_in(self, view: str, dims: list[Any], where: list[Any]) -> la.Statement:
        has_span = bool(where) and where[0].words in LENGTHS
        figures = [self.figure(view, dims, (), has_span) for _ in range(self.dice.choice([1, 1, 2, 3]))]
        homes = self.homes(view, figures)
        where += self.conditions(view, homes)
        if not dims and any(isinstance(f, la.Rank) for f in figures):
            figures = [N("visits")]
        return self.finished(view, dims, figures, where)

    def entity(self) -> la.Statement:
        dice = self.dice
        view = dice.choice(["orders", "lines", "customers", "visits"])
        is_all = dice.random() < 0.25
        who: Any = N("customer_id")
        if dice.random() < 0.25:
            who = la.Grain(dice.choice(["DAY", "MONTH", "WEEK"]))
        dims: list[Any] = [] if is_all or dice.random() < 0.5 else self.dims(view, 1)
        if is_all and isinstance(who, N) and dice.random() < 0.5:
            dims = [N("country")]
        if not is_all and isinstance(who, N) and dice.random() < 0.3:
            dims.append(la.Grain("MONTH"))
        if isinstance(who, la.Grain) and who.unit == "DAY" and dice.random() < 0.3:
            dims.append(la.Grain("MONTH"))
        needs = ("customer_id",) if isinstance(who, N) else ()
        where: list[Any] = (
            [self.period(is_bounded=True)] if isinstance(who, la.Grain) or dice.random() < 0.6 else []
        )
        inner = self.metric(dims, needs)
        word = dice.choice(["AVG", "AVG", "MEDIAN", "MIN", "MAX", "COUNT", "SUM", "PERCENTILE"])
        figure: la.Value = la.Aggregate(
            word, la.Per(inner, who, is_all), "80" if word == "PERCENTILE" else ""
        )
        figures = [figure]
        if dice.random() < 0.3:
            figures.append(self.figure(view, dims, (), bool(where) and where[0].words in LENGTHS))
        if dice.random() < 0.15 and where and where[0].words in LENGTHS and not is_all:
            figures[0] = la.Shifted(dice.choice(["GROWTH", "BEFORE"]), figure, la.Step(1, "YEAR"))
        if any(isinstance(f, la.Rank) for f in figures) and not dims:
            figures = figures[:1]
        homes = self.homes(view, figures)
        where += self.conditions(view, homes)
        return self.finished(view, dims, figures, where)

    def listing(self) -> la.Statement:
        dice = self.dice
        view = dice.choice(["orders", "lines", "customers", "returns"])
        columns: list[la.Value] = [
            N(
                {
                    "orders": "order_id",
                    "lines": "line_id",
                    "customers": "customer_id",
                    "returns": "return_id",
                }[view]
            )
        ]
        columns += [N(n) for n in DIMS[view] if not self.is_many(view, n)][:2]
        if view == "orders" and dice.random() < 0.5:
            columns.append(la.Gap(N("ordered_at"), N("customer_id")))
        if view == "lines":
            columns.append(la.Calc(cast(Any, dice.choice("+-*/")), N("amount"), N("quantity")))
        where: list[Any] = [self.period()] if dice.random() < 0.4 else []
        if view in NUMBERS:
            column = N(NUMBERS[view][0])
            where.append(
                dice.choice(
                    [
                        la.Compare(column, dice.choice([">", "<="]), la.Number("2")),
                        la.Range(column, la.Number("1"), la.Number("20"), dice.random() < 0.3),
                        la.Among(column, (la.Number("1"), la.Number("20"))),
                    ]
                )
            )
        if view == "orders" and dice.random() < 0.4:
            where.append(
                dice.choice(
                    [
                        la.Holds(N("is_gift"), dice.random() < 0.5),
                        la.Compare(
                            N("ordered_at"),
                            dice.choice(["<", "<=", ">", ">=", "=", "<>"]),
                            la.Text("2025-05-12"),
                        ),
                        la.During("2025", N("joined_at")),
                    ]
                )
            )
        where += self.conditions(view, {view})
        order = (la.Order(columns[-1], dice.random() < 0.5), la.Order(columns[0]))
        return la.Statement(
            view=view, items=tuple(columns), where=tuple(where), order=order, limit=dice.choice([None, 5])
        )

    def units(self) -> la.Statement:
        dice = self.dice
        view = dice.choice(["orders", "lines", "visits"])
        dims = self.dims(view, 1)
        figure = la.Aggregate("COUNT", la.Grain(dice.choice(["DAY", "WEEK", "MONTH"])))
        where: list[Any] = [self.period()]
        made = la.Statement(view=view, items=(*dims, figure), groups=tuple(dims))
        if dice.random() < 0.8:
            key = self.metric(dims, ())
            sign = dice.choice(["=", ">", "<="])
            made = replace(made, having=(la.Compare(key, sign, la.Number(dice.choice(["0", "0", "20"]))),))
            where += self.conditions(view, self.homes(view, [key]))
        return replace(made, where=tuple(where))

    def pairs(self) -> la.Statement:
        dice = self.dice
        what, who = dice.choice(
            [("product_id", "order_id"), ("brand", "order_id"), ("category", "customer_id")]
        )
        pairs, figure = la.Pairs(N(what), N(who)), la.Aggregate("COUNT", N(who))
        where: list[Any] = [self.period()] if dice.random() < 0.5 else []
        where += self.conditions("lines", {"lines"})
        order = (la.Order(figure, True),) if dice.random() < 0.7 else ()
        return la.Statement(
            view="lines",
            items=(pairs, figure),
            where=tuple(where),
            groups=(pairs,),
            order=order,
            limit=dice.choice([None, 5]),
        )

    def histogram(self) -> la.Statement:
        """Dimensions that are worked out: bands, worths of entities, groups of one size, first rows."""
        dice = self.dice
        view = dice.choice(["orders", "lines"])
        who = N("customer_id")
        worth = la.Per(N(dice.choice(["revenue", "order_count", "units"])), dice.choice([who, N("order_id")]))
        bounds = (la.Number("50"), la.Number("150"))
        unit = cast(Any, dice.choice(["MONTH", "YEAR", "QUARTER", "WEEK"]))
        made = dice.choice(
            [
                la.Bucket(worth, bounds),
                replace(worth, is_all=dice.random() < 0.3),
                la.Tile(worth, dice.choice([2, 4, 10])),
                la.Bucket(N("total" if view == "orders" else "amount"), (la.Number("20"), la.Number("50"))),
                la.Since("FIRST", unit, who),
                la.Since("AGE", unit, who),
                la.Since("IS_FIRST", unit, who),
                la.Grain("MONTH", N("ordered_at")),
            ]
        )
        dims: list[Any] = [made]
        if dice.random() < 0.4:
            dims.insert(0, dice.choice([N("channel"), la.Grain("YEAR"), la.Grain("MONTH"), N("country")]))
        where: list[Any] = [self.period()] if dice.random() < 0.5 else []
        figures: list[Any] = [la.Aggregate("COUNT", dice.choice([who, N("order_id")]))]
        if dice.random() < 0.5:
            figures.append(N(dice.choice(["revenue", "units", "order_count"])))
        if dice.random() < 0.2:
            figures.append(la.Share(figures[0]))
        where += self.conditions(view, {"orders", "lines"})
        return self.finished(view, dims, figures, where)
