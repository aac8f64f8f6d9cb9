"""What every sort of question draws on: figures, groups, filters and periods of one shop, and their words.

Only drawing: which questions there are is said in ``ask_figures``, ``ask_rows`` and ``ask_again`` beside it.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finetune.generate import wording
from finetune.generate.lexicon import Dim, Figure, Language, Lexicon, Thing, is_plural, plural, word_rules
from finetune.generate.queries import Condition, Plan, Query, Said
from sql.question.periods import find_periods
from sql.statement.grammar import quote_name


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A question before it is typed."""

    question: str
    query: Query
    period: Said | None = None
    kept: tuple[str, ...] = ()
    is_exact: bool = False
    is_first: bool = True


class NoDraft(Exception):
    """The drawn things do not go together; another draw may."""


class Drawing:
    """Draws things of one shop. A draw that leads nowhere raises ``NoDraft``."""

    def __init__(self, lexicon: Lexicon, today: dt.date, rng: random.Random) -> None:
        self.lexicon, self.today, self.rng = lexicon, today, rng
        self.currency = lexicon.shop.currency
        self.language: Language = "en"
        self.figured = [(t, f) for t in lexicon.things for f in t.figures]
        self.rowed = [t for t in lexicon.things if t.label is not None]

    def _typed(self, draft: Draft) -> str:
        kept = [*draft.kept, *(w for c in draft.query.conditions for w in c.kept)]
        if draft.period is not None:
            kept += [draft.period.inside, draft.period.alone]
        return wording.typed(
            draft.question, self.language, kept, self.rng, is_exact=draft.is_exact, is_first=draft.is_first
        )

    def _period_text(self, question: str, period: Said | None) -> str | None:
        """The period's words in the question, empty without one; ``None`` when others are found."""
        found = find_periods(question, self.today)
        if period is None:
            return "" if not found else None
        if len(found) != 1 or found[0].start > self.today:
            return None
        meant = [find_periods(f"orders {said}", self.today) for said in (period.inside, period.alone)]
        days = [(p[0].start, p[0].end) for p in meant if len(p) == 1]
        text = found[0].text
        return text if (found[0].start, found[0].end) in days and text == text.strip() else None

    def is_circular(self, query: Query) -> bool:
        """Whether a ratio or a count is grouped or filtered by what it is worked out from."""
        columns = {c.column for c in query.conditions} | set(query.groups)
        return any(
            f.columns & columns
            for t, f in self.figured
            if t.view == query.view and any(i == quote_name(f.name) for i in query.items)
        )

    # --- drawing ---

    def _need(self, condition: object) -> None:
        if not condition:
            raise NoDraft

    def _figure(self, *, is_additive: bool = False) -> tuple[Thing, Figure]:
        known = [
            (t, f) for t, f in self.figured if f.said.of(self.language) and (f.is_additive or not is_additive)
        ]
        self._need(known)
        return self.rng.choice(known)

    def _dims(
        self, thing: Thing, count: int = 1, *, is_id: bool = False, most_values: int = 1000
    ) -> tuple[Dim, ...]:
        known = [
            d
            for d in thing.dims
            if d.said.of(self.language) and (is_id or not d.is_id) and len(d.values) <= most_values
        ]
        self._need(len(known) >= count)
        few = [d for d in known if len(d.values) <= 100 or self.rng.random() < 0.5]
        return tuple(self.rng.sample(few if len(few) >= count else known, count))

    def _period(self, thing: Thing, chance: float) -> Said | None:
        if thing.time is None or self.rng.random() > chance:
            return None
        return wording.draw_period(self.language, self.today, self.rng)

    def _filters(self, thing: Thing, chance: float, *, without: Sequence[str] = ()) -> tuple[Condition, ...]:
        """Up to two filters by value for a question about a figure."""
        found: list[Condition] = []
        taken = set(without)
        while self.rng.random() < chance and len(found) < 2:
            dims = [d for d in thing.dims if d.values and d.column not in taken]
            if not dims:
                break
            dim = self.rng.choice(dims)
            taken.add(dim.column)
            draw = self.rng.random()
            condition = wording.value_condition(
                self.language,
                dim,
                self.rng,
                is_negative=draw < 0.1 and len(dim.values) < 60,
                count=2 if draw < 0.02 else 1,
            )
            if condition is not None and not is_settled([*without, dim.column, *(c.column for c in found)]):
                found.append(condition)
            chance *= 0.35
        return tuple(found)

    # --- words of a figure and its scope ---

    def _figure_word(self, thing: Thing, figure: Figure, *, has_period: bool) -> str:
        """A noun for the figure; a period and things that outlive it need one that says what happened."""
        words = list(figure.said.of(self.language))
        if has_period and thing.lasting and figure.is_count:
            if self.language == "zh":
                verb = thing.time.verb_zh if thing.time else None
                self._need(verb)
                return f"{verb}{words[0]}"
            words = [
                w for w in words if plural(w) not in word_rules()["lasting"] and not w.startswith("number of")
            ]
            self._need(words)
        return words[0] if self.rng.random() < 0.5 else self.rng.choice(words)

    def _scope(
        self, conditions: Sequence[Condition], period: Said | None, *, is_terse: bool, is_last: bool = True
    ) -> tuple[str, str]:
        """What stands before the figure in English, and filters and period as one phrase."""
        rng = self.rng
        if self.language == "zh":
            said = [c.zh for c in conditions]
            self._need(all(said))
            parts = sorted(said, key=len, reverse=True)
            if any(c.is_clause for c in conditions):
                parts = sorted(said, key=lambda s: next(c.is_clause for c in conditions if c.zh == s))
            if period is not None:
                parts = (
                    [period.inside, *parts]
                    if rng.random() < 0.75 or not parts or any(c.is_clause for c in conditions)
                    else [*parts, period.inside]
                )
            text = joined_zh(parts)
            return "", text + "的" if any(c.is_clause for c in conditions) else text
        before, after = "", []
        for condition in conditions:
            if condition.before and not before and (not condition.after or rng.random() < 0.35):
                before = condition.before
            else:
                self._need(condition.after)
                after.append(condition.after)
        if period is not None:
            said_period = period.alone if is_terse and rng.random() < 0.6 else period.inside
            after = [*after, said_period] if rng.random() < 0.8 else [said_period, *after]
        return before, " ".join(after)

    def _said(self, kind: str, plan: Plan, word: str, more: Mapping[str, str]) -> str:
        """A phrasing of ``kind`` about the plan, filled."""
        phrasing = self._phrasing(kind, plan.period is not None)
        return self._filled(phrasing, plan, word, more)

    def _phrasing(self, kind: str, has_period: bool = True) -> str:
        known = wording.phrasings(self.language, kind)
        self._need(known)
        return self.rng.choice(known)

    def _filled(self, phrasing: str, plan: Plan, word: str, more: Mapping[str, str]) -> str:
        before, scope = self._scope(plan.conditions, plan.period, is_terse=wording.is_terse(phrasing))
        bare = word
        self._need(not scope or "{scope}" in phrasing or "{of}" in phrasing)
        if before:
            self._need("{bare}" in phrasing or "{many}" in phrasing)
            self._need(not word.startswith(("number of", "how", "share")))
            bare = f"{before} {word}"
        slots = self._figure_slots(plan.figure, bare, word)
        slots |= {"scope": scope, "of": self._with_de(scope)}
        if self.language == "en" and phrasing.startswith("{scope}"):
            self._need(not plan.conditions)  # "for Audio, which …" is rare
            phrasing = phrasing if scope else phrasing.removeprefix("{scope}").lstrip(",: ")
        try:
            return wording.filled(phrasing, {**slots, **more}, self.rng)
        except KeyError:
            raise NoDraft from None

    def _with_de(self, scope: str) -> str:
        if not scope or scope.endswith("的"):
            return scope
        return scope + ("的" if self.rng.random() < 0.65 else "")

    def _figure_slots(self, figure: Figure, bare: str, word: str) -> dict[str, str]:
        if self.language == "zh":
            return {"bare": bare}
        several = is_plural(word) or bool(re.search(r"s (sold|in stock)$", word))
        is_count = figure.is_count
        return {
            "bare": bare,
            "was": "were" if several else "was",
            "were": "were",
            "does": "do" if several else "does",
            "many": f"how many {bare}",
            "most": self.rng.choice(("most", "highest")) if is_count and several else "highest",
            "least": ("fewest" if is_count and several else "lowest"),
        }

    def _dim_slots(self, dims: Sequence[Dim]) -> dict[str, str]:
        slots: dict[str, str] = {}
        for key, dim in zip(("dim", "dim2"), dims, strict=False):
            words = dim.said.of(self.language)
            word = words[0] if self.rng.random() < 0.7 else self.rng.choice(words)
            slots[key] = word
            slots[f"{key}s"] = plural(word) if self.language == "en" else word
        return slots


def is_settled(columns: Sequence[str]) -> bool:
    """Whether one of the columns settles another, or stands there twice."""
    if len(set(columns)) < len(columns):
        return True
    return any(
        re.search(rf"^{narrow}", a) and re.search(wide, b)
        for narrow, wide in word_rules()["settles"]
        for a in columns
        for b in columns
        if a != b
    )


def joined_zh(parts: Sequence[str]) -> str:
    """Chinese phrases one after another, with a space where two Latin words would run together."""
    text = ""
    for part in parts:
        space = (
            " " if text and part and text[-1].isascii() and text[-1].isalnum() and part[0].isascii() else ""
        )
        text += space + part
    return text


def listed_zh(words: Sequence[str], rng: random.Random) -> str:
    """Chinese words as a list."""
    if len(words) == 1:
        return words[0]
    return "、".join(words[:-1]) + rng.choice(("和", "与", "、", "跟")) + words[-1]
