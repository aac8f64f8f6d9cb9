"""Questions about rows: which there are, how many, the extreme ones, one by its number, means of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from finetune.generate import wording
from finetune.generate.drawing import Draft, Drawing, is_settled, joined_zh
from finetune.generate.lexicon import Measure, Moment, Thing, is_plural, singular, word_rules
from finetune.generate.queries import Condition, Query, Said
from sql.statement.grammar import quote_name, quote_text


class RowQuestions(Drawing):
    """Each public method drafts one kind."""

    def _row_thing(self) -> Thing:
        known = [t for t in self.rowed if t.said.of(self.language)]
        self._need(known)
        return self.rng.choice(known)

    def _row_value(self, thing: Thing) -> Condition | None:
        dims = [d for d in thing.dims if d.values and not d.column.startswith(thing.label or "\0")]
        if not dims:
            return None
        dim, draw = self.rng.choice(dims), self.rng.random()
        count = 2 if draw < 0.1 and len(dim.values) > 3 else 1
        noun = singular(thing.said.en[0]) if thing.said.en else ""
        found = wording.value_condition(
            self.language, dim, self.rng, count=count, is_negative=draw > 0.94, noun=noun or thing.view
        )
        if found is not None and thing.lasting and found.after.startswith("for "):
            return None  # "customers for Berlin"
        return found

    def _row_measure(self, thing: Thing) -> Condition | None:
        if not thing.measures:
            return None
        return wording.measure_condition(
            self.language, thing, self.rng.choice(thing.measures), self.currency, self.rng
        )

    def _row_flag(self, thing: Thing) -> Condition | None:
        return (
            wording.flag_condition(self.language, self.rng.choice(thing.flags), self.rng)
            if thing.flags
            else None
        )

    def _row_missing(self, thing: Thing) -> Condition | None:
        if not thing.moments:
            return None
        return wording.missing_condition(self.language, self.rng.choice(thing.moments), self.rng)

    def _row_against(self, thing: Thing) -> Condition | None:
        pairs = [
            (a, b)
            for low, high in word_rules()["against"]
            for a in thing.measures
            for b in thing.measures
            if re.search(low, a.column) and re.search(high, b.column)
        ]
        if not pairs:
            return None
        left, right = self.rng.choice(pairs)
        if self.rng.random() < 0.25:
            left, right = right, left
        return wording.against_condition(self.language, left, right, self.rng)

    def _row_conditions(self, thing: Thing, first: Condition | None, extra: float) -> tuple[Condition, ...]:
        """``first`` and perhaps others; at least one is about this view and no other."""
        found = [first] if first is not None else []
        while self.rng.random() < extra and len(found) < 3:
            make = self.rng.choice((self._row_value, self._row_value, self._row_measure, self._row_flag))
            condition = make(thing)
            if condition is not None and not is_settled([condition.column, *(c.column for c in found)]):
                found.append(condition)
            extra *= 0.5
        return tuple(found)

    def _is_about(self, thing: Thing, columns: Sequence[str]) -> bool:
        return not thing.counted_elsewhere or any(c not in thing.counted_elsewhere for c in columns)

    def _things(
        self,
        thing: Thing,
        conditions: Sequence[Condition],
        period: Said | None,
        moment: Moment | None,
        *,
        is_one: bool = False,
    ) -> str:
        """The rows in words: "cancelled orders in Germany over 500 euros"."""
        words = thing.said.of(self.language)
        noun = words[0] if self.rng.random() < 0.75 else self.rng.choice(words)
        self._need(moment is None or all(c.column != moment.column for c in conditions))
        when = (
            ""
            if period is None or moment is None
            else wording.moment_words(self.language, thing, moment, period)
        )
        if self.language == "en":
            before: list[str] = []
            after: list[str] = []
            for condition in conditions:
                if condition.before and not before and (not condition.after or self.rng.random() < 0.6):
                    before.append(condition.before)
                else:
                    self._need(condition.after)
                    after.append(condition.after)
            after.sort(
                key=lambda a: (a.startswith(("that", "whose", "where")), a.startswith(("with ", "without ")))
            )
            # A date right behind the noun belongs to it; behind a clause it could belong to that.
            parts = (
                [when, *after]
                if when and after and after[-1].startswith(("that", "whose", "where"))
                else [*after, when]
            )
            text = " ".join(
                [*before, singular(noun) if is_one else noun, and_joined([p for p in parts if p])]
            )
            return text.strip()
        said = [c.zh for c in sorted(conditions, key=lambda c: (c.is_clause, c.is_number))]
        self._need(all(said))
        clauses = [c.zh for c in conditions if c.is_clause]
        plain = [s for s in said if s not in clauses]
        text = joined_zh([p for p in (when, *plain) if p])
        if clauses:
            text = (
                joined_zh([text, self.rng.choice(("且", "并且", "、")).join(clauses)])
                if text
                else "且".join(clauses)
            )
        if text.endswith(noun):
            self._need(not clauses)
            return text
        needs_de = bool(clauses) or (when and not plain)
        return f"{text}{'的' if text and (needs_de or self.rng.random() < 0.7) else ''}{noun}"

    def _row_period(self, thing: Thing, chance: float) -> tuple[Said | None, Moment | None]:
        if self.rng.random() > chance:
            return None, None
        moments = [
            m
            for m in thing.moments
            if (m.verb_en if self.language == "en" else m.verb_zh) or (m is thing.time and not thing.lasting)
        ]
        if not moments or thing.time is None:
            return None, None
        moment = thing.time if thing.time in moments and self.rng.random() < 0.6 else self.rng.choice(moments)
        if moment.column == "snapshot_on":
            return None, None
        return wording.draw_period(self.language, self.today, self.rng), moment

    def _rows(self, thing: Thing, conditions: Sequence[Condition], moment: Moment | None) -> Query:
        """The rows themselves: what stands for each, and the numbers that the question bounds."""
        assert thing.label is not None
        shown = [thing.label]
        for condition in sorted(conditions, key=lambda c: c.is_number):
            if condition.is_number and not condition.sql.endswith(" = 0"):
                shown += [
                    c for c in re.findall(r"\w+", re.sub(r"'[^']*'", "", condition.sql)) if c in thing.columns
                ]
        return Query(
            view=thing.view,
            items=tuple(dict.fromkeys(quote_name(c) for c in shown)),
            conditions=tuple(conditions),
            during=moment.column if moment else None,
        )

    def _listing(self, thing: Thing, conditions: tuple[Condition, ...], period_chance: float) -> Draft:
        period, moment = self._row_period(thing, period_chance)
        columns = [c.column for c in conditions] + ([moment.column] if moment else [])
        if not thing.label_is_its_own:
            self._need(self._is_about(thing, columns))
        self._need(conditions or moment)
        query = self._rows(thing, conditions, moment)
        last = conditions[-1] if conditions else None
        has_verb = last is not None and self.rng.random() < 0.35
        if self.language == "en":
            pred = wording.predicate(last.after) if last is not None and last.after and has_verb else None
            if pred and last is not None:
                things = self._things(thing, conditions[:-1], period, moment)
                self._need(" that " not in things and " whose " not in things)
                question = wording.filled(
                    self._phrasing("list_pred"), {"things": things, "pred": pred}, self.rng
                )
            else:
                things = self._things(thing, conditions, period, moment)
                phrasing = self._phrasing("list")
                self._need(not _is_split(phrasing, things))
                question = wording.filled(phrasing, {"things": things}, self.rng)
        elif has_verb and last is not None and last.is_clause:
            things = self._things(thing, conditions[:-1], period, moment)
            question = wording.filled(
                self._phrasing("list_pred"), {"things": things, "part": last.zh}, self.rng
            )
        else:
            question = wording.filled(
                self._phrasing("list"), {"things": self._things(thing, conditions, period, moment)}, self.rng
            )
        return Draft(question=question, query=query, period=period)

    def listed(self) -> Draft:
        """Rows by conditions."""
        thing = self._row_thing()
        first = self._row_measure(thing) or self._row_value(thing)
        return self._listing(thing, self._row_conditions(thing, first, 0.5), 0.3)

    def flag(self) -> Draft:
        """Rows by a boolean column."""
        return self._about(self._row_flag)

    def missing(self) -> Draft:
        """Rows by what has not happened, or has."""
        return self._about(self._row_missing)

    def columns(self) -> Draft:
        """Rows by one column against another."""
        return self._about(self._row_against)

    def _about(self, make: Callable[[Thing], Condition | None]) -> Draft:
        """Rows by a condition of one sort, listed or counted."""
        able = [(t, c) for t in self.rowed if t.said.of(self.language) and (c := make(t)) is not None]
        self._need(able)
        thing, first = self.rng.choice(able)
        conditions = self._row_conditions(thing, first, 0.3)
        conditions = (*conditions[1:], conditions[0])
        if self.rng.random() < 0.45:
            return self._counted(thing, conditions, 0.2)
        return self._listing(thing, conditions, 0.2)

    def count(self) -> Draft:
        """How many rows there are, by conditions."""
        thing = self._row_thing()
        first = self._row_measure(thing) if self.rng.random() < 0.4 else self._row_value(thing)
        return self._counted(thing, self._row_conditions(thing, first, 0.4), 0.5)

    def _counted(self, thing: Thing, conditions: tuple[Condition, ...], period_chance: float) -> Draft:
        period, moment = self._row_period(thing, period_chance)
        columns = [c.column for c in conditions] + ([moment.column] if moment else [])
        self._need(self._is_about(thing, columns))
        self._need(conditions or moment)
        item = thing.aggregate("COUNT(*)")
        query = Query(
            view=thing.view, items=(item,), conditions=conditions, during=moment.column if moment else None
        )
        if self.rng.random() < 0.2:
            free = [d for d in thing.dims if d.said.of(self.language) and 1 < len(d.values) < 100]
            free = [d for d in free if d.column not in columns and d.column != thing.label]
            self._need(free)
            dim = self.rng.choice(free)
            name = quote_name(dim.column)
            things = self._things(thing, conditions, period, moment)
            slots = {"things": things, "mw": measure_word(things), **self._dim_slots([dim])}
            question = wording.filled(self._phrasing("count_by"), slots, self.rng)
            return Draft(
                question=question, query=replace(query, items=(name, item), groups=(name,)), period=period
            )
        last = conditions[-1] if conditions else None
        pred = (
            wording.predicate(last.after)
            if last is not None and last.after and self.language == "en"
            else None
        )
        if pred is not None and self.rng.random() < 0.45:
            things = self._things(thing, conditions[:-1], period, moment)
            self._need(" that " not in things and " whose " not in things)
            question = wording.filled(
                self._phrasing("count_pred"), {"things": things, "pred": pred}, self.rng
            )
        else:
            things = self._things(thing, conditions, period, moment)
            slots = {"things": things, "mw": measure_word(things)}
            phrasing = self._phrasing("count")
            self._need(not _is_split(phrasing, things))
            question = wording.filled(phrasing, slots, self.rng)
        return Draft(question=question, query=query, period=period)

    def share_rows(self) -> Draft:
        """The part of the rows that a condition holds for."""
        thing = self._row_thing()
        makers = (self._row_value, self._row_flag, self._row_missing, self._row_measure)
        condition = self.rng.choice(makers)(thing)
        self._need(condition)
        assert condition is not None
        period, moment = self._row_period(thing, 0.5)
        self._need(self._is_about(thing, [condition.column]))
        self._need(not condition.is_negative)
        things = self._things(thing, (), None, None)
        scope = (
            ""
            if period is None or moment is None
            else wording.moment_words(self.language, thing, moment, period)
        )
        slots = {"things": things, "scope": scope, "of": f"{scope}的" if scope else ""}
        if self.language == "en":
            pred = wording.predicate(condition.after) if condition.after else None
            if condition.before and condition.before.endswith("ed"):
                pred = f"are {condition.before}"
            self._need(pred)
            slots["pred"] = pred or ""
        else:
            self._need(condition.zh)
            slots |= {
                "part": condition.zh,
                "are": "" if condition.is_clause and not condition.zh.startswith("未") else "是",
            }
        phrasing = self._phrasing("share_rows")
        self._need(not phrasing.startswith("{scope},") or (period is not None and scope == period.inside))
        question = wording.filled(phrasing, slots, self.rng)
        item = f"SHARE({thing.aggregate('COUNT(*)')}, {condition.sql})"
        query = Query(view=thing.view, items=(item,), during=moment.column if moment else None)
        return Draft(question=question, query=query, period=period, kept=condition.kept)

    def aggregate(self) -> Draft:
        """Mean, lowest, highest or sum of a column."""
        thing = self._row_thing()
        measures = [m for m in thing.measures if m.said.of(self.language)]
        self._need(measures)
        measure = self.rng.choice(measures)
        col = self.rng.choice(measure.said.of(self.language))
        call = self.rng.choice(("AVG", "AVG", "AVG", "MIN", "MAX", "SUM"))
        self._need(not re.match(r"(total|average|minimum|总|平均)", col))
        if call == "SUM":
            self._need(measure.unit == "money" and not re.search(r"price|unit_cost", measure.column))
            self._need(not measure.is_main or not thing.counted_elsewhere)
        for other, figure in self.figured:  # the mean of the products' ratings is not that of all reviews
            if other is not thing and not figure.is_additive:
                self._need(not {*measure.said.en, *measure.said.zh} & {*figure.said.en, *figure.said.zh})
        if call == "AVG" and measure.is_main:
            self._need(
                not any("average" in f.name or "avg" in f.name for _, f in self.figured if f.unit == "money")
            )
        said = wording.phrases()["aggregates"][self.language][call]
        chosen = self.rng.choice(said)
        agg, agg_after = (chosen, "") if self.language == "en" else chosen
        if self.language == "en" and agg == "sum of":
            agg = "total"
        first = self._row_value(thing) if self.rng.random() < 0.6 else None
        conditions = () if first is None else (first,)
        period, moment = self._row_period(thing, 0.35)
        columns = [measure.column, *(c.column for c in conditions)]
        self._need(self._is_about(thing, columns))
        item = thing.aggregate(f"{call}({quote_name(measure.column)})")
        query = Query(
            view=thing.view, items=(item,), conditions=conditions, during=moment.column if moment else None
        )
        slots = {
            "things": self._things(thing, conditions, period, moment),
            "agg": agg,
            "agg_after": agg_after,
            "col": col,
        }
        kind = "aggregate"
        free = [
            d
            for d in thing.dims
            if 1 < len(d.values) < 100 and d.column not in columns and d.said.of(self.language)
        ]
        free = [d for d in free if d.column != thing.label]
        if free and self.rng.random() < 0.3:
            kind, dim = "aggregate_by", self.rng.choice(free)
            name = quote_name(dim.column)
            slots |= self._dim_slots([dim])
            query = replace(query, items=(name, item), groups=(name,))
        return Draft(
            question=wording.filled(self._phrasing(kind), slots, self.rng), query=query, period=period
        )

    def values(self) -> Draft:
        """Which values a column has."""
        thing = self._row_thing()
        dims = [
            d
            for d in thing.dims
            if 1 < len(d.values) < 100 and d.said.of(self.language) and d.column != thing.label
        ]
        self._need(dims and thing.label_is_its_own)
        dim = self.rng.choice(dims)
        first = self._row_value(thing) if self.rng.random() < 0.4 else None
        self._need(first is None or first.column != dim.column)
        conditions = () if first is None else (first,)
        slots = {"things": self._things(thing, conditions, None, None), **self._dim_slots([dim])}
        query = Query(
            view=thing.view, items=(quote_name(dim.column),), conditions=conditions, is_distinct=True
        )
        return Draft(question=wording.filled(self._phrasing("values"), slots, self.rng), query=query)

    def superlative(self) -> Draft:
        """The rows with the highest or lowest number."""
        thing = self._row_thing()
        measures = [m for m in thing.measures if m.said.of(self.language)]
        self._need(measures and thing.label)
        measure = self.rng.choice(measures)
        name = quote_name(measure.column)
        first = self._row_value(thing) if self.rng.random() < 0.45 else None
        conditions = () if first is None else (first,)
        self._need(thing.label_is_its_own or self._is_about(thing, [measure.column]))
        is_low = self.rng.random() < 0.3
        limit = 1 if self.rng.random() < 0.25 else self.rng.choice((2, 3, 3, 5, 5, 10))
        things = self._things(thing, conditions, None, None, is_one=limit == 1)
        slots = self._superlative_slots(measure, things, limit, is_low=is_low)
        adjectives = next(
            (e for e in word_rules()["extremes"] if re.search(e["match"], measure.column)), None
        )
        kind = "superlative_one" if limit == 1 else "superlative"
        if adjectives is not None and limit > 1 and self.rng.random() < 0.5:
            kind = "superlative_adjective"
            slots["adjective"] = self.rng.choice(adjectives[self.language][int(is_low)])
        elif is_low and kind == "superlative" and self.language == "zh":
            kind = "superlative_low"
        phrasing = self._phrasing(kind)
        self._need(not (is_low and re.search(r"^top|\bfirst\b", phrasing)))
        if slots["n"] == "两" and "{n}{mw}" not in phrasing:
            slots["n"] = "2"
        label = quote_name(thing.label or "")
        order = name if is_low else f"{name} DESC"
        query = Query(
            view=thing.view, items=(label, name), conditions=conditions, order=(order,), limit=limit
        )
        return Draft(question=wording.filled(phrasing, slots, self.rng), query=query)

    def _superlative_slots(
        self, measure: Measure, things: str, limit: int, *, is_low: bool
    ) -> dict[str, str]:
        col = self.rng.choice(measure.said.of(self.language))
        many = measure.unit in ("count", "pieces") and is_plural(col)
        if self.language == "en":
            most = ("fewest" if many else "lowest") if is_low else ("most" if many else "highest")
        else:
            most = "低" if is_low else "高"
            if re.search("[数量]$", col):
                most = "少" if is_low else "多"
            elif re.search("(天数|时间|期)$", col):
                most = "短" if is_low else "长"
        return {
            "things": things,
            "thing": things,
            "n": wording.number_word(self.language, limit, self.rng),
            "col": col,
            "most": most,
            "mw": measure_word(things) if self.language == "zh" else "",
        }

    def latest(self) -> Draft:
        """The newest or oldest rows."""
        thing = self._row_thing()
        moment = thing.time
        self._need(moment and thing.label)
        assert moment is not None and thing.label is not None
        is_new = self.rng.random() < 0.75
        first = self._row_value(thing) if self.rng.random() < 0.5 else None
        conditions = () if first is None else (first,)
        if self.language == "en":
            latest = self.rng.choice(
                ("latest", "most recent", "newest") if is_new else ("oldest", "earliest")
            )
        else:
            latest = self.rng.choice(("最新", "最近") if is_new else ("最早",))
        limit = self.rng.choice((2, 3, 5, 5, 10, 10, 20))
        things = self._things(thing, conditions, None, None)
        name = quote_name(moment.column)
        slots = {
            "things": things,
            "latest": latest,
            "n": wording.number_word(self.language, limit, self.rng),
            "mw": measure_word(things) if self.language == "zh" else "",
        }
        query = Query(
            view=thing.view,
            items=(quote_name(thing.label), name),
            conditions=conditions,
            order=(f"{name} DESC" if is_new else name,),
            limit=limit,
        )
        return Draft(question=wording.filled(self._phrasing("latest"), slots, self.rng), query=query)

    def row(self) -> Draft:
        """What a column holds for one row."""
        thing = self._row_thing()
        self._need(thing.label_is_its_own or thing.label)
        if thing.label != thing.id or thing.id is None:
            return self._labelled_row(thing)
        noun = thing.said.of(self.language)[0]
        number = str(self.rng.randint(1000, 250_000) if self.rng.random() < 0.8 else self.rng.randint(1, 999))
        slots = {"thing": singular(noun) if self.language == "en" else noun, "id": number}
        condition = Condition(sql=f"{quote_name(thing.id)} = {number}", column=thing.id, is_number=True)
        draw = self.rng.random()
        status = next((d.column for d in thing.dims if re.fullmatch(r"(\w+_)?status", d.column)), None)
        verbs = [m for m in thing.moments if (m.verb_en if self.language == "en" else m.verb_zh)]
        if status is not None and draw < 0.35 and re.search("order|shipment|parcel|purchase", thing.view):
            return self._one_row(thing, condition, [status], "row_where", slots)
        if verbs and draw < 0.65:
            moment = self.rng.choice(verbs)
            self._need(self._is_about(thing, [moment.column]) or moment is thing.time)
            verb = (moment.verb_en if self.language == "en" else moment.verb_zh) or ""
            self._need(verb not in noun and (verb not in word_rules()["plain_verbs"] or "order" in noun))
            if self.language == "en" and moment is thing.time and thing.view == "orders":
                verb = "placed"
            return self._one_row(thing, condition, [moment.column], "row_when", {**slots, "verb": verb})
        named: list[tuple[str, Sequence[str]]] = [
            (d.column, d.said.of(self.language)) for d in thing.dims if not d.is_id
        ]
        named += [(m.column, m.said.of(self.language)) for m in thing.measures]
        named = [(c, w) for c, w in named if w]
        self._need(named)
        chosen = self.rng.sample(named, 2 if len(named) > 1 and self.rng.random() < 0.2 else 1)
        attr = (" and " if self.language == "en" else "和").join(
            w[0] if self.rng.random() < 0.6 else self.rng.choice(w) for _, w in chosen
        )
        return self._one_row(thing, condition, [c for c, _ in chosen], "row", {**slots, "attr": attr})

    def _one_row(
        self, thing: Thing, condition: Condition, columns: Sequence[str], kind: str, slots: Mapping[str, str]
    ) -> Draft:
        phrasing = self._phrasing(kind)
        self._need(not (" and " in slots.get("attr", "") and re.search(r"what\]|what's|does", phrasing)))
        numbers = {m.column for m in thing.measures}
        self._need("是多少" not in phrasing or numbers.issuperset(columns))
        self._need("是什么" not in phrasing or not numbers & set(columns))
        query = Query(view=thing.view, items=tuple(quote_name(c) for c in columns), conditions=(condition,))
        return Draft(question=wording.filled(phrasing, slots, self.rng), query=query)

    def _labelled_row(self, thing: Thing) -> Draft:
        """A number of one row that is named by its text (a product)."""
        dims = [d for d in thing.dims if d.column.startswith(thing.label or "\0") and d.values]
        self._need(dims)
        dim = self.rng.choice(dims)
        value = self.rng.choice(dim.values)
        said = wording.value_words(value, self.language)
        self._need(said)
        own = {c for t in self.rowed if t.label_is_its_own and t.label == thing.label for c in t.columns}
        measures = [m for m in thing.measures if thing.label_is_its_own or m.column not in own]
        named = [(m.column, m.said.of(self.language)) for m in measures]
        if thing.label_is_its_own:
            named += [
                (d.column, d.said.of(self.language))
                for d in thing.dims
                if not d.column.startswith(thing.label or "") and not d.is_id
            ]
        figures = {w for _, f in self.figured for w in (*f.said.en, *f.said.zh)}
        named = [
            (c, words)
            for c, ws in named
            if (words := tuple(w for w in ws if w not in figures or thing.label_is_its_own))
        ]
        self._need(named)
        column, words = self.rng.choice(named)
        noun = thing.said.of(self.language)[0]
        slots = {
            "id": said,
            "attr": self.rng.choice(words),
            "thing": singular(noun) if self.language == "en" else noun,
        }
        condition = Condition(
            sql=f"{quote_name(dim.column)} = {quote_text(value.value)}", column=dim.column, kept=(said,)
        )
        return self._one_row(thing, condition, [column], "row_label", slots)

    def contains(self) -> Draft:
        """Rows with a word in their name."""
        named = [t for t in self.rowed if t.label_is_its_own and t.label != t.id]
        self._need(named)
        thing = self.rng.choice(named)
        dims = [d for d in thing.dims if d.column == thing.label]
        self._need(dims and len(dims[0].values) > 9)
        parts = [w for v in dims[0].values for w in v.value.split() if len(w) > 3 and not w.isdigit()]
        part = self.rng.choice(parts)
        first = self._row_value(thing) if self.rng.random() < 0.2 else None
        conditions = (
            Condition(
                sql=f"{quote_name(thing.label or '')} LIKE {quote_text(f'%{part}%')}",
                column=dims[0].column,
                kept=(part,),
            ),
        )
        said = () if first is None else (first,)
        things = self._things(thing, said, None, None)
        self._need(" that " not in things)
        slots = {
            "things": things,
            "part": part,
            "label_word": "name" if self.language == "en" else self.rng.choice(("名称", "名字", "名")),
        }
        query = self._rows(thing, (*said, *conditions), None)
        phrasing = self._phrasing("contains")
        self._need(not (said and self.language == "en" and " in " in things))
        return Draft(question=wording.filled(phrasing, slots, self.rng), query=query, is_exact=True)


def _is_split(phrasing: str, things: str) -> bool:
    """Whether an English phrasing puts its verb behind a noun that already has a clause of its own."""
    has_clause = re.search(r"\b(that|whose|where)\b", things) is not None or len(things.split()) > 8
    return has_clause and re.search(r"\{things\}[^|]*(there|have)\b", phrasing) is not None


def and_joined(parts: Sequence[str]) -> str:
    """English phrases after a noun; of two that begin alike the second is joined by "and"."""
    text = ""
    for part in parts:
        begins = part.split()[0]
        if (
            text
            and begins in ("with", "that", "whose", "where", "without")
            and re.search(r"\b(with|that|whose|where|without)\b", text)
        ):
            text += f" and {part}"
        else:
            text += f" {part}"
    return text.strip()


def measure_word(things: str) -> str:
    """The Chinese measure word of the noun at the end."""
    return next((str(m) for pattern, m in word_rules()["measure_words"] if re.search(pattern, things)), "个")
