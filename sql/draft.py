"""Drafting: one question in, one statement out, written by the model inside the question's grammar."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llm.engine import Completion, Engine
from sql.cues import Cues, find_cues
from sql.errors import UnsafeQuery
from sql.grammar import Freedom, Literals, Scope, Shape, count_statements, open_grammar, shaped_grammar
from sql.linking import Links, Vocabulary
from sql.prompt import build_prompt, fixed_part
from sql.scopes import make_scopes, shown_mentions
from sql.semantics import Example
from sql.shape import ViewReading, frame, names_a_row, read_views, shapes
from sql.words import SHAPE_WORDS, STOP_WORDS, WORD, is_chinese
from sql.workspace import Workspace

logger = logging.getLogger(__name__)

_ABSENCE = re.compile(r"\b(?:missing|unknown|null|yet|still|ever|without)\b|未|没|尚|还|缺", re.I)
_SETS = re.compile(r"\b(?:both|either|neither|nor|but not|but no|as well as|also|common to)\b", re.I)
_SMALLEST = re.compile(r"\b(?:min|minimum|smallest|lowest|shortest|youngest|earliest)\b|最", re.I)
_LARGEST = re.compile(r"\b(?:max|maximum|largest|highest|longest|oldest|latest|biggest)\b|最", re.I)
_SORTED = re.compile(
    r"\b(?:order(?:ed)?|sort(?:ed)?|ascending|descending|alphabetical\w*|rank\w*)\b|排序|升序|降序", re.I
)
_MAX_TOKENS = 128
_MAX_SHAPES = 60


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What may be drafted for one question."""

    kind: Literal["shaped", "open"]
    grammar: str
    lead: str
    scopes: tuple[str, ...]
    """Names of the views and joins that the grammar allows."""
    only: str | None
    """The one statement that a shaped grammar holds, where it holds but one."""
    readings: tuple[ViewReading, ...]
    cues: Cues


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A statement that the model wrote; nobody has checked it yet."""

    sql: str
    plan: Plan
    completion: Completion | None
    """What the model wrote; ``None`` when the question left a single statement and nobody had to be asked."""


class Drafter:
    """Writes statements for one workspace. One call at a time; the engine lets threads wait in line."""

    def __init__(
        self,
        workspace: Workspace,
        engine: Engine,
        vocabulary: Vocabulary,
        *,
        adapter: str | None = None,
        asks_always: bool = False,
    ) -> None:
        self.asks_always = asks_always
        self.workspace = workspace
        self.engine = engine
        self.vocabulary = vocabulary
        self.adapter = adapter
        self.is_plain = vocabulary.is_plain
        shop = replace(workspace.shop, examples=_allowed(workspace))
        self._fixed = fixed_part(shop, vocabulary, workspace.catalog)

    def plan(self, links: Links, *, is_open: bool = False) -> Plan:
        """Decide the grammar.

        Args:
            is_open: leave shapes out, after a shaped draft has failed.
        """
        cues = find_cues(links)
        readings = tuple(read_views(links, self.vocabulary))
        if readings and not is_open and (found := self._shapes(readings, links, cues)):
            view, made = found
            return Plan(
                kind="shaped",
                grammar=shaped_grammar(made),
                lead=f"-- {view}\n",
                scopes=(view,),
                only="".join(map(str, made[0])) if count_statements(made) == 1 else None,
                readings=readings,
                cues=cues,
            )
        lost = not readings or links.coverage < 0.34
        if readings and names_a_row(readings[0]):
            readings, lost = readings[:1], False
        scopes = make_scopes(links, readings, cues, self.vocabulary, self.workspace.catalog, all_views=lost)
        freedom = self._freedom(links, cues)
        single = len(scopes) == 1
        return Plan(
            kind="open",
            grammar=open_grammar(scopes, literals(links, cues, scopes), freedom, names_scope=not single),
            lead=f"-- {scopes[0].name}\n" if single else "",
            scopes=tuple(s.name for s in scopes),
            only=None,
            readings=readings,
            cues=cues,
        )

    def _freedom(self, links: Links, cues: Cues) -> Freedom:
        """Only the forms that the wording hints at: a small model fills whatever room it is given."""
        dialect = self.workspace.catalog.dialect
        question = links.question
        has_numbers = bool(links.numbers) or cues.is_negated or bool(links.periods and self.is_plain)
        asked = {
            "COUNT": _shows_a_count(question) or cues.is_share,
            "AVG": cues.is_average,
            "SUM": cues.is_total or cues.is_share,
            "MIN": _SMALLEST.search(question) is not None,
            "MAX": _LARGEST.search(question) is not None,
        }
        every = frozenset(asked)
        spans = {(m.start, m.end) for m in shown_mentions(links)}
        return Freedom(
            star=self.is_plain,
            set_operations=self.is_plain and _SETS.search(question) is not None,
            functions=frozenset(f for f in asked if asked[f]) if self.is_plain else every,
            columns=max(1, min(5, len(spans))) if self.is_plain else 5,
            conditions=1 + len(links.numbers) + len(re.findall(r"\b(?:and|or)\b|和|或|且", question)),
            distinct=not self.is_plain or cues.is_distinct,
            orders=bool(not self.is_plain or cues.direction or cues.top or _SORTED.search(question)),
            excludes=cues.is_negated,
            ilike=dialect in ("duckdb", "postgres"),
            limit=bool(cues.direction or cues.top or (links.numbers and not cues.comparisons)),
            numbers=has_numbers,
            pairs=cues.has_loose_comparison or (self.is_plain and cues.is_average),
            nulls=cues.is_negated or _ABSENCE.search(question) is not None,
        )

    def _shapes(
        self, readings: Sequence[ViewReading], links: Links, cues: Cues
    ) -> tuple[str, list[Shape]] | None:
        """The shapes of the best view, when it explains the question and no other does as well."""
        best = readings[0]
        # Tables that nobody described have no words of their own: only plain counts are sure.
        is_sure = _shows_a_count(links.question) and not (links.unknown or cues.direction or cues.is_distinct)
        if self.is_plain and not is_sure:
            return None
        if best.missed or (links.unknown and links.coverage < 0.6):
            return None
        if len(readings) > 1 and not readings[1].missed and readings[1].weight > best.weight - 0.4:
            return None
        made = shapes(frame(best, links, cues, self.vocabulary, self.workspace.catalog.dialect))
        return (best.view.name, made) if 0 < len(made) <= _MAX_SHAPES else None

    def draft(
        self,
        links: Links,
        plan: Plan,
        *,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> Draft:
        """Let the model write one statement, greedily; take the only one where there is no choice.

        Args:
            failures: earlier statements with their errors.
        Raises:
            LlmError: the engine cannot be used, or the prompt is too long.
        """
        # Over tables that nobody described a single shape is a good guess, not a certainty.
        if plan.only is not None and not (self.asks_always or self.is_plain):
            return Draft(sql=plan.only, plan=plan, completion=None)
        prompt = build_prompt(
            links,
            self.workspace.shop,
            self.vocabulary,
            self.workspace.catalog,
            str(self.workspace.today),
            scopes=[n for s in plan.scopes for n in s.split(", ")] if len(plan.scopes) <= 4 else (),
            hinted=plan.kind == "open",
            failures=failures,
            lead=plan.lead,
            fixed=self._fixed,
        )
        (completion,) = self.engine.complete(
            prompt, grammar=plan.grammar, adapter=self.adapter, max_tokens=_MAX_TOKENS, cancel=cancel
        )
        return Draft(sql=statement(plan.lead + completion.text), plan=plan, completion=completion)


def _allowed(workspace: Workspace) -> tuple[Example, ...]:
    """The shop's examples that the role may ask: the others name what it must not be shown."""
    if workspace.role.is_whole:
        return workspace.shop.examples
    kept = []
    for example in workspace.shop.examples:
        try:
            workspace.guard.check(example.sql)
        except UnsafeQuery:
            continue
        kept.append(example)
    return tuple(kept)


_COUNTED = re.compile(r"\b(?:how many|count|number of|how often)\b|多少|几|数量|个数", re.I)
_RANKED_COUNT = re.compile(
    r"\b(?:most|largest|highest|greatest|least|fewest|smallest|lowest|maximum|minimum"
    r"|descending|ascending|order of|by|than|(?:at )?(?:least|most))\s+(?:the\s+)?$",
    re.I,
)


def _shows_a_count(question: str) -> bool:
    """Whether a number of rows is to be shown, not merely ranked by ("the largest number of orders")."""
    return any(not _RANKED_COUNT.search(question[: m.start()]) for m in _COUNTED.finditer(question))


def statement(text: str) -> str:
    """The SQL of a draft, without the line that names its tables.

    >>> statement("-- sales\\nSELECT 1")
    'SELECT 1'
    """
    return re.sub(r"\A--[^\n]*\n", "", text).strip().rstrip(";")


def literals(links: Links, cues: Cues, scopes: Sequence[Scope]) -> Literals:
    """The texts and numbers that a statement may compare with."""
    numbers = dict.fromkeys(["0", "1"])
    keys: dict[str, None] = {}
    for number in links.numbers:
        value = number.value
        if value == int(value):
            keys[str(int(value))] = None
        numbers[str(int(value)) if value == int(value) else repr(value)] = None
        if re.match(r"\s*(?:%|percent)", links.question[number.end :]):
            numbers[repr(value / 100)] = None
    for period in links.periods:
        if period.grain == "year":
            numbers[str(period.start.year)] = None
        elif period.is_open:
            year = period.end.year if period.start.year == 1 else period.start.year
            numbers[str(year)] = None
    small = [int(n.value) for n in links.numbers if n.value == int(n.value) and 1 <= n.value <= 1000]
    limits = (cues.top,) if cues.top else tuple(dict.fromkeys([1, *small]))
    return Literals(texts=question_texts(links), numbers=tuple(numbers), keys=tuple(keys), limits=limits)


def question_texts(links: Links) -> tuple[str, ...]:
    """Stretches of the question that may be values nobody sampled: quoted texts and words nothing
    explains."""
    texts: dict[str, None] = {}
    for m in re.finditer(
        r"[\"“「]([^\"”」]{1,80})[\"”」]|(?<!\w)['‘]([^'’]{1,80})['’](?!\w)", links.question
    ):
        texts[(m[1] or m[2]).strip()] = None
    unknown = set(links.unknown)
    run: list[tuple[int, int]] = []
    runs: list[list[tuple[int, int]]] = []
    for m in WORD.finditer(links.question):
        word = m[0]
        if word in unknown or (is_chinese(word) and any(u in word for u in unknown)):
            run.append((m.start(), m.end()))
            continue
        # A name such as "Bank of China" goes on over its small words.
        if run and word.casefold() in STOP_WORDS | SHAPE_WORDS and word[0].islower():
            run.append((m.start(), m.end()))
            continue
        runs.append(run)
        run = []
    for found in [*runs, run]:
        for first in range(len(found)):
            for last in range(first, min(first + 4, len(found))):
                text = links.question[found[first][0] : found[last][1]]
                ends = WORD.findall(text)
                if ends and any(w.casefold() in STOP_WORDS | SHAPE_WORDS for w in (ends[0], ends[-1])):
                    continue
                if not (any(w[:1].isupper() for w in ends) or is_chinese(text)):
                    continue  # a verb that nobody knows, not a name
                if text.casefold() in STOP_WORDS | SHAPE_WORDS or len(text) < 2:
                    continue
                texts[text] = None
    return tuple(list(texts)[:40])
