"""Questions of many kinds about any described shop, with their statements in shop form.

Seeded and offline: the same shop, values, day, count and seed give the same pairs. The words come from the
shop (``lexicon``) and from files of phrasings (``wording``), never from a model.

A pair is kept only when ``sql.question.periods.find_periods`` finds exactly the period that was meant in
each turn, so that ``DURING`` can name it. Not covered: two periods in one question, several views, forecasts.
"""

from __future__ import annotations

import datetime as dt
import functools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from finetune.generate import wording
from finetune.generate.ask_again import FollowUps
from finetune.generate.ask_rows import RowQuestions
from finetune.generate.drawing import Draft, NoDraft
from finetune.generate.lexicon import Language, Lexicon, singular
from finetune.generate.queries import Condition, Query
from sql.semantics import Shop

_UNANSWERABLE = Path(__file__).parent / "unanswerable.yml"
_SHARE_ENGLISH, _SHARE_FOLLOW_UPS, _SHARE_UNANSWERABLE = 0.55, 0.2, 0.06
_TRIES = 40
"""Draws for one pair, so that kinds which often fail are not rarer than meant."""
_MAX_FAILURES = 200
"""Drafts in a row that give no new pair before the shop counts as exhausted."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A question, after the turns before it, with the statement that answers it."""

    turns: tuple[str, ...]
    """The last one is the question."""
    language: Language
    kind: str
    """Such as ``ranking``; one of ``KINDS``, ``follow_up`` or ``unanswerable``."""
    view: str | None
    """``None`` with ``statement`` ``None``."""
    statement: str | None
    """In shop form; ``None`` when the shop's data cannot answer."""


def generate(
    shop: Shop, values: Mapping[tuple[str, str], Sequence[str]], today: dt.date, *, count: int, seed: int = 7
) -> Iterator[Pair]:
    """At most ``count`` pairs for ``shop``, none twice; fewer when the shop has too little to ask about.

    Args:
        values: ``(view, column)`` → values that the database holds, as ``Vocabulary.values``.
        today: the shop's day, which "last month" counts from.
    """
    rng = random.Random(f"{seed}/{shop.name}")
    writer = _Writer(Lexicon(shop, values), today, rng)
    seen: set[tuple[str, ...]] = set()
    made = failures = 0
    while made < count and failures < _MAX_FAILURES:
        pair = writer.pair()
        if pair is None or pair.turns in seen:
            failures += 1
            continue
        failures = 0
        seen.add(pair.turns)
        made += 1
        yield pair


class _Writer(RowQuestions, FollowUps):
    """Draws pairs of one shop."""

    def pair(self) -> Pair | None:
        """One pair, or ``None`` when the drawn kind does not suit the shop."""
        rng = self.rng
        self.language = "en" if rng.random() < _SHARE_ENGLISH else "zh"
        draw = rng.random()
        kind = rng.choices(list(KINDS), weights=[w for _, w in KINDS.values()])[0]
        for _ in range(_TRIES):
            try:
                if draw < _SHARE_UNANSWERABLE:
                    pair = self._unanswerable()
                elif draw < _SHARE_UNANSWERABLE + _SHARE_FOLLOW_UPS:
                    pair = self._follow_up()
                else:
                    pair = self._finished(kind, KINDS[kind][0](self))
            except NoDraft:
                continue
            if pair is not None:
                return pair
        return None

    def _finished(self, kind: str, draft: Draft) -> Pair | None:
        question = self._typed(draft)
        text = self._period_text(question, draft.period)
        if text is None or self.is_circular(draft.query):
            return None
        statement = _in_order(draft).text(text or None)
        if len(draft.query.conditions) > 5 or re.search(r"\s{2}|\{|\}|\|", question):
            return None
        return Pair(
            turns=(question,), language=self.language, kind=kind, view=draft.query.view, statement=statement
        )

    def _follow_up(self) -> Pair | None:
        talk = self.talk()
        if talk is None:
            return None
        return Pair(
            turns=talk.turns,
            language=self.language,
            kind="follow_up",
            view=talk.view,
            statement=talk.statement,
        )

    def _unanswerable(self) -> Pair | None:
        draw = self.rng.random()
        rules = _unanswerable_rules()
        if draw < 0.4:
            topics = [t for t in rules["about_nothing"] if self._lacks(t["words"])]
            self._need(topics)
            question = self.rng.choice(self.rng.choice(topics)[self.language].strip().splitlines())
        elif draw < 0.65:
            thing = self.rng.choice(self.lexicon.things)
            noun = self.rng.choice(thing.said.of(self.language) or ("",))
            self._need(noun)
            slots = {"things": noun, "thing": singular(noun) if self.language == "en" else noun}
            slots["id"] = str(self.rng.randint(100, 99_999))
            question = wording.filled(self.rng.choice(rules["commands"][self.language]), slots, self.rng)
        else:
            lacking = [x for x in rules["lacking"] if self._lacks([*x["words"], x["en"], x["zh"]])]
            self._need(lacking)
            thing, figure = self._figure()
            period = self._period(thing, 0.4)
            word = self._figure_word(thing, figure, has_period=period is not None)
            lack = self.rng.choice(lacking)[self.language]
            phrasing = self.rng.choice(rules["lacking_asked"][self.language])
            if period is not None:
                word = f"{word} {period.inside}" if self.language == "en" else f"{period.inside}{word}"
            self._need(not (phrasing.startswith("which") and (period or figure.is_count)))
            question = wording.filled(phrasing, {"bare": word, "lack": lack}, self.rng)
        typed = wording.typed(question, self.language, (), self.rng)
        return Pair(turns=(typed,), language=self.language, kind="unanswerable", view=None, statement=None)

    def _lacks(self, words: Sequence[str]) -> bool:
        """Whether no name, synonym or value word of the shop has one of ``words`` in it."""
        return not any(w.lower() in known for w in words for known in self.lexicon.words)


KINDS: dict[str, tuple[Callable[[_Writer], Draft], float]] = {
    "figure": (_Writer.figure, 11),
    "combined": (_Writer.combined, 2),
    "breakdown": (_Writer.breakdown, 9),
    "two_dimensions": (_Writer.two_dimensions, 4),
    "sorted": (_Writer.in_order, 2),
    "series": (_Writer.series, 8),
    "ranking": (_Writer.ranking, 9),
    "most": (_Writer.most, 5),
    "threshold": (_Writer.threshold, 6),
    "comparison": (_Writer.comparison, 6),
    "share": (_Writer.share, 5),
    "share_rows": (_Writer.share_rows, 4),
    "several": (_Writer.several, 4),
    "time_part": (_Writer.time_part, 4),
    "distinct": (_Writer.distinct, 4),
    "list": (_Writer.listed, 8),
    "flag": (_Writer.flag, 3),
    "missing": (_Writer.missing, 3),
    "columns": (_Writer.columns, 2),
    "count": (_Writer.count, 8),
    "aggregate": (_Writer.aggregate, 6),
    "values": (_Writer.values, 2),
    "superlative": (_Writer.superlative, 5),
    "latest": (_Writer.latest, 2),
    "row": (_Writer.row, 7),
    "contains": (_Writer.contains, 2),
}
"""Kind → how it is drafted and how often, of all questions of one turn."""


def _in_order(draft: Draft) -> Query:
    """The query with its conditions as the question names them; those said as its verb come last."""

    def place(condition: Condition) -> int:
        said = [w for w in (condition.after, condition.zh, condition.before) if w]
        return min((at for w in said if (at := draft.question.find(w)) >= 0), default=len(draft.question))

    return replace(draft.query, conditions=tuple(sorted(draft.query.conditions, key=place)))


@functools.cache
def _unanswerable_rules() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_UNANSWERABLE.read_text(encoding="utf-8"))
    return read
