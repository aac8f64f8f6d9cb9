"""Turns after a question about a figure, which change one thing of it: the period, a filter, the grouping."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from finetune.generate import wording
from finetune.generate.ask_figures import FigureQuestions
from finetune.generate.drawing import Draft, is_settled
from finetune.generate.queries import Condition, Plan, Said

Changed = tuple[Plan, dict[str, str], Sequence[str]] | None
"""The plan after a turn, what fills the words of the turn, and what must be typed without a slip."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Turns, the last of which is the question."""

    turns: tuple[str, ...]
    view: str
    statement: str


class FollowUps(FigureQuestions):
    """Each public method makes one change, or gives ``None`` where the plan has nothing to change."""

    def talk(self) -> Talk | None:
        """A question about a figure with one or two turns that change it."""
        plan, question = self._first_turn()
        first = self._turn(question, plan, plan.period, is_first=True)
        if first is None:
            return None
        turns, period_text = [first[0]], first[1]
        for _ in range(2 if self.rng.random() < 0.2 else 1):
            change = self.rng.choices(list(_CHANGES), weights=[w for _, w in _CHANGES.values()])[0]
            changed = _CHANGES[change][0](self, plan)
            if changed is None:
                return None
            new, slots, kept = changed
            columns = [*(d.column for d in new.dims), *(c.column for c in new.conditions)]
            if is_settled(columns) or (new.grain is not None and not self._spans(new)):
                return None
            named = new.period if change == "period" else None
            phrasing = self.rng.choice(wording.follow_ups(self.language, change))
            is_open = re.match("(since|before|until|after|between|from) ", slots.get("period", ""))
            if is_open and re.search(r"(for|to|about|me|and) \{period\}", phrasing):
                return None
            if "{bare}" in phrasing and "bare" not in slots:
                slots["bare"] = self._figure_word(new.thing, new.figure, has_period=new.period is not None)
            try:
                text = wording.filled(phrasing, slots, self.rng)
            except KeyError:
                return None
            turn = self._turn(text, new, named, kept)
            if turn is None or turn[0] in turns:
                return None
            turns.append(turn[0])
            period_text = turn[1] if change == "period" else period_text
            plan = new
        if self.is_circular(plan.query()):
            return None
        statement = plan.query().text(period_text or None)
        return Talk(turns=tuple(turns), view=plan.thing.view, statement=statement)

    def _turn(
        self,
        question: str,
        plan: Plan,
        period: Said | None,
        kept: Sequence[str] = (),
        *,
        is_first: bool = False,
    ) -> tuple[str, str] | None:
        """The turn as typed with the words of its own period; ``None`` when another period is found."""
        if not question or "{" in question:
            return None
        draft = Draft(
            question=question, query=plan.query(), period=period, kept=tuple(kept), is_first=is_first
        )
        typed = self._typed(draft)
        text = self._period_text(typed, period)
        return None if text is None else (typed, text)

    def _first_turn(self) -> tuple[Plan, str]:
        draw = self.rng.random()
        if draw < 0.4:
            plan = self._plan(chance=0.35)
            return plan, self._say_figure(plan)
        if draw < 0.7:
            plan = self._plan(dims=1, chance=0.25)
            return plan, self._say_by("breakdown", plan)
        if draw < 0.85:
            plan = self._ranked_plan()
            return plan, self._say_ranking(plan)
        plan = self._plan(grain=True, chance=0.3)
        return plan, self._say_series(plan)

    def change_period(self, plan: Plan) -> Changed:
        """Another period."""
        if plan.period is None or plan.thing.time is None:
            return None
        period = wording.draw_period(self.language, self.today, self.rng)
        return replace(plan, period=period), {"period": period.alone, "in_period": period.inside}, ()

    def change_dim(self, plan: Plan) -> Changed:
        """A grouping."""
        if plan.limit is not None or plan.grain is not None:
            return None
        taken = {d.column for d in plan.dims} | {c.column for c in plan.conditions}
        dims = [
            d for d in plan.thing.dims if d.said.of(self.language) and not d.is_id and d.column not in taken
        ]
        if not dims or plan.dims:
            return None
        dim = self.rng.choice(dims)
        new = replace(plan, dims=(dim,))
        self._refuse_column_of_row(new)
        return new, self._dim_slots([dim]), ()

    def change_grain(self, plan: Plan) -> Changed:
        """A time series."""
        if plan.thing.time is None or plan.limit is not None or plan.dims or plan.grain is not None:
            return None
        grain = self.rng.choice(("week", "month", "month", "quarter", "day"))
        said = wording.phrases()["grains"][self.language][grain]
        return replace(plan, grain=grain), {"grain": said[0], "grainly": said[1]}, ()

    def _new_filter(
        self, plan: Plan, columns: Sequence[str], *, is_negative: bool = False
    ) -> Condition | None:
        dims = [d for d in plan.thing.dims if d.column in columns and d.values]
        if not dims:
            return None
        found = wording.value_condition(self.language, self.rng.choice(dims), self.rng)
        if found is None or not found.value:
            return None
        if is_negative:
            found = replace(found, sql=found.sql.replace(" = ", " <> ", 1), is_negative=True)
        return found

    def _filter_slots(self, condition: Condition) -> dict[str, str]:
        said = condition.value
        if self.language == "zh" and re.search("(渠道|市场|品牌|活动|类|端)$", condition.zh):
            said = condition.zh
        return {"value": said, "post": condition.after}

    def change_filter(self, plan: Plan) -> Changed:
        """A filter more."""
        taken = {c.column for c in plan.conditions} | {d.column for d in plan.dims}
        condition = self._new_filter(plan, [d.column for d in plan.thing.dims if d.column not in taken])
        if condition is None:
            return None
        return plan.with_condition(condition), self._filter_slots(condition), condition.kept

    def change_value(self, plan: Plan) -> Changed:
        """Another value of the same filter."""
        if len(plan.conditions) != 1 or plan.conditions[0].is_negative or " IN " in plan.conditions[0].sql:
            return None
        condition = self._new_filter(plan, [plan.conditions[0].column])
        if condition is None or condition.sql == plan.conditions[0].sql:
            return None
        return plan.with_condition(condition), self._filter_slots(condition), condition.kept

    def change_exclude(self, plan: Plan) -> Changed:
        """Without one value."""
        taken = {c.column for c in plan.conditions}
        columns = [d.column for d in plan.dims] or [d.column for d in plan.thing.dims]
        condition = self._new_filter(plan, [c for c in columns if c not in taken], is_negative=True)
        if condition is None:
            return None
        return plan.with_condition(condition), self._filter_slots(condition), condition.kept

    def change_limit(self, plan: Plan) -> Changed:
        """Only the first few groups."""
        if len(plan.dims) != 1 or plan.grain is not None or plan.order == "ASC":
            return None
        highest = plan.limit or min(len(plan.dims[0].values), 12)
        numbers = [n for n in (3, 3, 5, 10, 2) if n < highest]
        if not numbers:
            return None
        number = self.rng.choice(numbers)
        said = wording.number_word(self.language, number, self.rng)
        return replace(plan, limit=number, order="DESC"), {"n": "2" if said == "两" else said}, ()

    def change_lowest(self, plan: Plan) -> Changed:
        """The lowest groups instead of the highest."""
        if plan.order != "DESC" or not plan.limit or plan.limit < 2:
            return None
        said = str(plan.limit)
        return replace(plan, order="ASC"), {"n": said}, ()

    def change_metric(self, plan: Plan) -> Changed:
        """Another figure."""
        others = [f for f in plan.thing.figures if f is not plan.figure and f.said.of(self.language)]
        if not others:
            return None
        figure = self.rng.choice(others)
        new = replace(plan, figure=figure)
        word = self._figure_word(new.thing, figure, has_period=new.period is not None)
        if word.startswith("number of"):
            return None
        return new, self._figure_slots(figure, word, word), ()

    def change_sort(self, plan: Plan) -> Changed:
        """The highest first."""
        if len(plan.dims) != 1 or plan.grain is not None or plan.order:
            return None
        return replace(plan, order="DESC"), {}, ()


_CHANGES: dict[str, tuple[Callable[[FollowUps, Plan], Changed], float]] = {
    "period": (FollowUps.change_period, 8),
    "dim": (FollowUps.change_dim, 5),
    "grain": (FollowUps.change_grain, 3),
    "filter": (FollowUps.change_filter, 6),
    "value": (FollowUps.change_value, 6),
    "exclude": (FollowUps.change_exclude, 2),
    "limit": (FollowUps.change_limit, 5),
    "lowest": (FollowUps.change_lowest, 3),
    "metric": (FollowUps.change_metric, 4),
    "sort": (FollowUps.change_sort, 3),
}
