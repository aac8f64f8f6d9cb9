"""Questions about figures: alone, by group, over time, ranked, bounded, compared, as shares."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from finetune.generate import wording
from finetune.generate.drawing import Draft, Drawing, is_settled, listed_zh
from finetune.generate.lexicon import Figure, is_plural, word_rules
from finetune.generate.queries import Plan, Query
from sql.question.periods import find_periods
from sql.statement.grammar import quote_name


class FigureQuestions(Drawing):
    """Each public method drafts one kind."""

    def _plan(self, *, dims: int = 0, grain: bool = False, chance: float = 0.4, period: float = 0.75) -> Plan:
        thing, figure = self._figure()
        chosen = self._dims(thing, dims) if dims else ()
        self._need(not is_settled([d.column for d in chosen]))
        conditions = self._filters(thing, chance, without=[d.column for d in chosen])
        plan = Plan(thing=thing, figure=figure, dims=chosen, conditions=conditions)
        if grain:
            self._need(thing.time)
            plan = replace(
                plan, grain=self.rng.choice(("day", "week", "month", "month", "month", "quarter", "year"))
            )
        return replace(plan, period=self._period(thing, period))

    def _draft(self, question: str, plan: Plan, query: Query | None = None) -> Draft:
        return Draft(question=question, query=query or plan.query(), period=plan.period)

    def figure(self) -> Draft:
        """One figure."""
        plan = self._plan(chance=0.55, period=0.85)
        return self._draft(self._say_figure(plan), plan)

    def _say_figure(self, plan: Plan) -> str:
        figure = plan.figure
        word = self._figure_word(plan.thing, figure, has_period=plan.period is not None)
        if self.language == "zh":
            if figure.asked_zh and self.rng.random() < 0.3:
                return self._said("figure_asked", plan, word, {"asked": self.rng.choice(figure.asked_zh)})
            return self._said("figure_count" if figure.is_count else "figure", plan, word, {})
        if match := re.fullmatch(r"(.+s) (sold|in stock)", word):
            done = {"done": match[2], "were_done": f"{'were' if match[2] == 'sold' else 'are'} {match[2]}"}
            units = match[1]
            return self._said("figure_sold", plan, word, {"units": units, **done})
        if figure.is_count:
            self._need(is_plural(word))
            return self._said("figure" if word.startswith("number of") else "figure_count", plan, word, {})
        if figure.unit == "money" and not is_plural(word) and " " not in word and self.rng.random() < 0.2:
            self._need(word not in ("aov",))
            return self._said("figure_money", plan, word, {})
        return self._said("figure", plan, word, {})

    def combined(self) -> Draft:
        """One figure over several values together."""
        thing, figure = self._figure(is_additive=True)
        dims = [d for d in thing.dims if len(d.values) > 3]
        self._need(dims)
        condition = wording.value_condition(
            self.language, self.rng.choice(dims), self.rng, count=self.rng.choice((2, 2, 3))
        )
        self._need(condition)
        assert condition is not None
        plan = Plan(thing=thing, figure=figure, conditions=(condition,), period=self._period(thing, 0.7))
        word = self._figure_word(thing, figure, has_period=plan.period is not None)
        self._need(not word.startswith("number of"))
        return self._draft(self._said("combined", plan, word, {}), plan)

    def breakdown(self) -> Draft:
        """A figure by one column."""
        return self._by("breakdown", 1)

    def two_dimensions(self) -> Draft:
        """A figure by two columns."""
        return self._by("two_dimensions", 2)

    def _by(self, kind: str, count: int) -> Draft:
        plan = self._plan(dims=count, chance=0.3)
        return self._draft(self._say_by(kind, plan), plan)

    def _say_by(self, kind: str, plan: Plan) -> str:
        self._refuse_column_of_row(plan)
        word = self._figure_word(plan.thing, plan.figure, has_period=plan.period is not None)
        if kind != "sorted":
            word = self._numbered(plan.figure, word)
        return self._said(kind, plan, word, self._dim_slots(plan.dims))

    def _numbered(self, figure: Figure, word: str) -> str:
        """ "number of orders" for "orders", now and then."""
        is_plain = self.language == "en" and figure.is_count and is_plural(word)
        return f"number of {word}" if is_plain and self.rng.random() < 0.2 else word

    def _refuse_column_of_row(self, plan: Plan) -> None:
        """ "Products by reviews": a column of the products as much as a figure, unless a period is named."""
        said = {*plan.figure.said.en, *plan.figure.said.zh}
        for thing in self.rowed:
            is_theirs = any(d.column in (thing.label, thing.id) for d in plan.dims)
            if thing.view != plan.thing.view and is_theirs and plan.period is None:
                self._need(not any(said & {*m.said.en, *m.said.zh} for m in thing.measures))

    def in_order(self) -> Draft:
        """A figure by one column, highest first."""
        plan = replace(self._plan(dims=1, chance=0.3), order="DESC")
        return self._draft(self._say_by("sorted", plan), plan)

    def series(self) -> Draft:
        """A figure over time."""
        plan = self._plan(grain=True, chance=0.35, period=0.8)
        if self.rng.random() < 0.2:
            dims = self._dims(plan.thing, most_values=60)
            kept = tuple(c for c in plan.conditions if c.column != dims[0].column)
            plan = replace(plan, dims=dims, conditions=kept)
        return self._draft(self._say_series(plan), plan)

    def _say_series(self, plan: Plan) -> str:
        grain, grainly = wording.phrases()["grains"][self.language][plan.grain]
        word = self._figure_word(plan.thing, plan.figure, has_period=True)
        self._need(self._spans(plan))
        slots = {"grain": grain, "grainly": grainly, **self._dim_slots(plan.dims)}
        return self._said("series_by" if plan.dims else "series", plan, word, slots)

    def _spans(self, plan: Plan) -> bool:
        """Whether the period is long enough to be cut by the grain, and not into hundreds of days."""
        if plan.period is None or plan.grain is None:
            return plan.grain != "day"
        found = find_periods(f"orders {plan.period.inside}", self.today)
        if len(found) != 1 or found[0].start == dt.date.min:
            return len(found) == 1 and plan.grain != "day"
        days = (min(found[0].end, self.today) - found[0].start).days
        unit = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}[plan.grain]
        return 2 * unit <= days <= 200 * unit

    def ranking(self) -> Draft:
        """The groups with the highest or lowest figure."""
        plan = self._ranked_plan()
        return self._draft(self._say_ranking(plan), plan)

    def _ranked_plan(self) -> Plan:
        thing, figure = self._figure()
        dims = [
            d
            for d in thing.dims
            if d.said.of(self.language)
            and (len(d.values) > 5 or (d.is_id and figure.is_additive))
            and not re.search(word_rules()["often_empty"], d.column)
        ]
        self._need(dims)
        dim = self.rng.choice(dims)
        numbers = [
            n for n in (3, 3, 5, 5, 5, 10, 10, 2, 4, 6, 7, 8, 15, 20) if dim.is_id or n < len(dim.values)
        ]
        return Plan(
            thing=thing,
            figure=figure,
            dims=(dim,),
            conditions=self._filters(thing, 0.35, without=[dim.column]),
            period=self._period(thing, 0.7),
            limit=self.rng.choice(numbers),
            order="ASC" if self.rng.random() < 0.22 else "DESC",
        )

    def _say_ranking(self, plan: Plan) -> str:
        self._refuse_column_of_row(plan)
        word = self._figure_word(plan.thing, plan.figure, has_period=plan.period is not None)
        kind = "ranking" if plan.order == "DESC" else "ranking_low"
        if (
            plan.figure.sells_best
            and plan.order == "DESC"
            and self.rng.random() < 0.4
            and self.language == "en"
        ):
            kind = "ranking_selling"
        phrasing = self._phrasing(kind)
        number = plan.limit or 5
        said = wording.number_word(self.language, number, self.rng)
        if re.search(r"[oO][pP]", phrasing) or "TOP" in phrasing:
            said = str(number)
        if said == "两" and not re.search(r"\{n\}个", phrasing):
            said = "2"
        self._need(not (word.startswith("number of") and "{most}" in phrasing))
        return self._filled(phrasing, plan, word, {"n": said, "are": "are", **self._dim_slots(plan.dims)})

    def most(self) -> Draft:
        """The one group with the highest or lowest figure."""
        thing, figure = self._figure()
        dims = [
            d
            for d in thing.dims
            if (len(d.values) > 2 or (d.is_id and figure.is_additive)) and d.said.of(self.language)
        ]
        dims = [d for d in dims if not re.search(word_rules()["often_empty"], d.column)]
        self._need(dims)
        dim = self.rng.choice(dims)
        order = "ASC" if self.rng.random() < 0.25 else "DESC"
        plan = Plan(
            thing=thing,
            figure=figure,
            dims=(dim,),
            conditions=self._filters(thing, 0.3, without=[dim.column]),
            period=self._period(thing, 0.7),
            limit=1,
            order=order,
        )
        self._refuse_column_of_row(plan)
        word = self._figure_word(thing, figure, has_period=plan.period is not None)
        phrasing = self._phrasing("most" if order == "DESC" else "most_low")
        self._need(not (word.startswith("number of") and "{most}" in phrasing))
        return self._draft(self._filled(phrasing, plan, word, self._dim_slots(plan.dims)), plan)

    def threshold(self) -> Draft:
        """Groups whose figure is above or below a bound."""
        plan = self._plan(dims=1, chance=0.25)
        self._refuse_column_of_row(plan)
        figure = plan.figure
        word = self._figure_word(plan.thing, figure, has_period=plan.period is not None)
        self._need(not word.startswith("number of"))
        totals = word_rules()["totals"]
        if figure.is_additive and figure.unit in ("money", "count"):
            numbers: Sequence[float] = totals[figure.unit]
        else:
            numbers = next(b["numbers"] for b in word_rules()["bounds"] if re.search(b["match"], figure.name))
        number = self.rng.choice(list(numbers))
        operator, compare = wording.comparison(self.language, self.rng, is_count=figure.is_count)
        said = wording.amount_words(self.language, number, figure.unit, self.currency, self.rng)
        if self.language == "zh":
            bounded = f"{word}{compare}{said}"
        elif figure.is_count:
            bounded = f"{compare} {said} {word}"
        else:
            article = "" if is_plural(word) or figure.is_additive else ("an " if word[0] in "aeio" else "a ")
            bounded = f"{article}{word} {wording.of_bound(compare)} {said}"
        query = replace(
            plan.query(), having=f"{quote_name(figure.name)} {operator} {wording.plain_number(number)}"
        )
        question = self._said("threshold", plan, word, {"bounded": bounded, **self._dim_slots(plan.dims)})
        return self._draft(question, plan, query)

    def comparison(self) -> Draft:
        """A few values of a column side by side."""
        thing, figure = self._figure()
        dims = [d for d in thing.dims if len(d.values) > 2]
        self._need(dims)
        dim = self.rng.choice(dims)
        several = wording.value_condition(self.language, dim, self.rng, count=self.rng.choice((2, 2, 2, 3)))
        self._need(several)
        assert several is not None
        plan = Plan(
            thing=thing,
            figure=figure,
            dims=(dim,),
            conditions=self._filters(thing, 0.15, without=[dim.column]),
            period=self._period(thing, 0.7),
        )
        query = replace(plan, conditions=(several, *plan.conditions)).query()
        word = self._figure_word(thing, figure, has_period=plan.period is not None)
        said = list(several.kept)
        versus = (
            self.rng.choice((" vs ", " vs. ", " versus "))
            if self.language == "en"
            else self.rng.choice(("和", "对比", " vs ", "跟"))
        )
        values = several.value if self.language == "en" else listed_zh(said, self.rng)
        slots = {"values": values, "values_in": several.after, "values_vs": versus.join(said)}
        phrasing = self._phrasing("comparison")
        self._need(not ("两边" in phrasing and len(said) > 2))
        question = self._filled(phrasing, plan, word, slots)
        return Draft(question=question, query=query, period=plan.period)

    def share(self) -> Draft:
        """The part of a figure that a value has."""
        thing, figure = self._figure(is_additive=True)
        dims = [d for d in thing.dims if 2 < len(d.values) <= 120]
        self._need(dims)
        dim = self.rng.choice(dims)
        condition = wording.value_condition(self.language, dim, self.rng)
        self._need(condition)
        assert condition is not None
        plan = Plan(thing=thing, figure=figure, period=self._period(thing, 0.6))
        others = [
            d for d in thing.dims if d.said.of(self.language) and d is not dim and 2 < len(d.values) <= 60
        ]
        kind = "share"
        if others and self.rng.random() < 0.15:
            kind, plan = "share_by", replace(plan, dims=(self.rng.choice(others),))
        elif self.rng.random() < 0.15:
            plan = replace(plan, conditions=self._filters(thing, 1, without=[dim.column])[:1])
            self._need(not any(c.is_negative for c in plan.conditions))
        word = self._figure_word(thing, figure, has_period=plan.period is not None)
        self._need(not word.startswith("number of"))
        slots = self._dim_slots(plan.dims)
        if self.language == "en":
            several = is_plural(word) or bool(re.search(r"s (sold|in stock)$", word))
            pred = (
                wording.predicate(condition.after, is_plural=several, is_past=True)
                if condition.after
                else None
            )
            self._need(pred)
            slots["pred"] = pred or ""
        else:
            self._need(condition.zh and not condition.is_clause)
            slots["part"] = condition.zh
        question = self._said(kind, plan, word, slots)
        item = f"SHARE({quote_name(figure.name)}, {condition.sql})"
        query = plan.query()
        query = replace(query, items=(*query.items[:-1], item))
        return Draft(question=question, query=query, period=plan.period, kept=condition.kept)

    def several(self) -> Draft:
        """Two figures at once."""
        plan = self._plan(chance=0.3)
        others = [f for f in plan.thing.figures if f is not plan.figure and f.said.of(self.language)]
        self._need(others)
        second = self.rng.choice(others)
        phrasing = self._phrasing("several")
        if "{dim" in phrasing:
            plan = replace(plan, dims=self._dims(plan.thing))
            kept = tuple(c for c in plan.conditions if c.column != plan.dims[0].column)
            plan = replace(plan, conditions=kept)
        word = self._figure_word(plan.thing, plan.figure, has_period=plan.period is not None)
        other = self._figure_word(plan.thing, second, has_period=plan.period is not None)
        self._need(not any(w.startswith("number of") for w in (word, other)))
        query = plan.query()
        query = replace(query, items=(*query.items, quote_name(second.name)))
        question = self._filled(phrasing, plan, word, {"bare2": other, **self._dim_slots(plan.dims)})
        return self._draft(question, plan, query)

    def time_part(self) -> Draft:
        """A figure by weekday or hour."""
        plan = self._plan(chance=0.3, period=0.6)
        self._need(plan.thing.time)
        assert plan.thing.time is not None
        part = self.rng.choice(("weekday", "hour")) if plan.thing.time.has_hours else "weekday"
        words = self.rng.choice(wording.phrases()["parts"][self.language][part])
        slots = {"part": words[0], "parts": words[1], "which": words[-1]}
        word = self._figure_word(plan.thing, plan.figure, has_period=True)
        is_most = self.rng.random() < 0.35
        call = f"{part.upper()}_OF({quote_name(plan.thing.time.column)})"
        figure = quote_name(plan.figure.name)
        query = replace(plan.query(), items=(call, figure), groups=(call,))
        phrasing = self._phrasing("time_part_most" if is_most else "time_part")
        if is_most:
            query = replace(query, order=(f"{figure} DESC",), limit=1)
            self._need("on which" not in phrasing or (part == "weekday" and not is_plural(word)))
            self._need("busiest" not in phrasing or plan.figure.is_count)
        return self._draft(self._filled(phrasing, plan, word, slots), plan, query)

    def distinct(self) -> Draft:
        """How many different values a column has."""
        things = [
            t
            for t in self.lexicon.things
            if t.time is not None and (t.label is None or not t.label_is_its_own)
        ]
        things += [t for t in self.rowed if t.time is not None and not t.lasting]
        self._need(things)
        thing = self.rng.choice(things)
        sells = any(f.sells_best or re.search("sold", f.name) for f in thing.figures)
        dims = [d for d in thing.dims if d.said.of(self.language) and (d.is_id or len(d.values) > 5)]
        self._need(dims)
        dim = self.rng.choice(dims)
        call = thing.aggregate(f"COUNT(DISTINCT {quote_name(dim.column)})")
        figure = thing.figures[0] if thing.figures else None
        self._need(figure)
        assert figure is not None
        plan = Plan(
            thing=thing,
            figure=figure,
            conditions=self._filters(thing, 0.3, without=[dim.column]),
            period=self._period(thing, 0.8),
        )
        noun = thing.said.of(self.language)
        self._need(noun)
        is_product = bool(re.match(r"(product|item|article|brand|category)", dim.column))
        if self.language == "en":
            sold = "were sold" if sells and is_product else f"appear in {noun[0]}"
            phrasing = self._phrasing("distinct")
            if not phrasing.startswith(("how", "{scope}, how", "count how", "[tell|show] me how")):
                sold = "sold" if sells and is_product else f"in {noun[0]}"
            slots = {"sold": sold}
        else:
            phrasing = self._phrasing("distinct")
            sold = "卖出了" if sells and is_product else f"{noun[0]}涉及"
            slots = {"sold": sold, "sold_plain": "卖出" if sells and is_product else f"有{noun[0]}"}
        self._need(sells or not thing.label or dim.column != thing.label)
        self._need(thing.label is not None or (sells and is_product))
        question = self._filled(phrasing, plan, "", {**slots, **self._dim_slots([dim])})
        return self._draft(question, plan, replace(plan.query(), items=(call,)))
