"""Drafting in the question language: one question, one statement, in one step.

A model writes under a grammar that knows the shop's names and what the question may compare with
(``sql.statement.language_grammar``). What it writes is compiled; a statement that makes no sense is a fault,
told in the words that the next try reads.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import re
import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

from llm.engine import Completion, Engine, Request
from sql.errors import SqlError, TwoWays, WrongStatement
from sql.names import quoted
from sql.question.ahead import periods_ahead
from sql.question.linking import Links, Vocabulary
from sql.question.periods import Period
from sql.question.stretches import days_in, numbers_in, question_stretches
from sql.question.weekdays import weekdays_in
from sql.semantics import View
from sql.shop.workspace import Workspace
from sql.statement.bounds import bounded
from sql.statement.carried_over import lost
from sql.statement.compile import Compiled, compile_statement
from sql.statement.grammar import number_text
from sql.statement.heard import invented, unheard
from sql.statement.known_values import (
    compared_with_itself,
    in_lists,
    misplaced_number,
    moved,
    said_only,
    spelled,
    unknown_value,
    unsaid_key,
)
from sql.statement.language_grammar import ASK, NOTHING, OR, LanguageGrammar, Sayable
from sql.statement.language_prompt import describe, language_prompt
from sql.statement.last_one import last_one
from sql.statement.levels_now import levels_now
from sql.statement.listed import counted_instead, each_once, listed
from sql.statement.looked_back import looked_back
from sql.statement.meant_names import with_meant_names
from sql.statement.named import with_keys, with_names, without_names
from sql.statement.newness import new_or_returning
from sql.statement.other_rows import given_back, named_elsewhere
from sql.statement.parse import parse
from sql.statement.rehomed import rehomed, without_itself
from sql.statement.seen import seen_shop
from sql.statement.senseless import (
    contradicts_itself,
    shares_of_the_whole,
    shortfalls,
    shows_nothing,
    unasked_length,
)
from sql.statement.sentence import During, Has, Number, Statement, Text
from sql.statement.sold_only import sold_only
from sql.statement.sorted_as_said import sorted_as_said
from sql.statement.spans import Span, span_of
from sql.statement.summed import summed
from sql.statement.written import After, Written

MAX_TOKENS = 100
"""Of one reply: the longest of 6,420 right ones takes 90, one in a thousand more than 72."""
TRIES_AGAIN = 3
"""Statements sampled where the greedy one should not stand."""
WARM = 0.7
"""Temperature that they are sampled at."""
FEW_VALUES = 12
"""Values of a column with no more than so many may always be compared with."""
MAX_TEXTS = 60
MAX_PERIODS = 12
MAX_WORDS = 7
"""Longest stretch of a question, in words, that may mean a period."""


_COMPARED = re.compile(
    r"\b(?:compar\w+|versus|vs|against|than|differen\w+|or)\b|对比|相比|比|与|和|还是", re.I
)
"""Words beside two periods that are held against each other, and no range."""
_PERIOD_WORD = re.compile(r"[A-Za-z]+|\d+(?:[-/.]\d+)*|[\u4e00-\u9fff]")
_TIME = re.compile(
    r"\d{4}|\d[-/.]\d|year|quarter|month|week|day|fiscal|\bfy|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|spring|summer|autumn|fall|winter|christmas|easter|tomorrow|[年月日周季天]|星期|礼拜|昨|今|明日",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A message, and what it goes on from."""

    links: Links
    """Of the message alone."""
    whole: Links
    """Of what it means together with the question before."""
    before: Statement | None
    """The statement before, where it changes one."""


class LanguageDrafter:
    """Writes statements for the questions of one workspace; a ``sql.statement.written.Writer``.

    Args:
        names: whether the name of a thing stands beside its key in what is shown.
    """

    def __init__(
        self,
        workspace: Workspace,
        vocabulary: Vocabulary,
        engine: Engine,
        *,
        adapter: str | None = None,
        names: bool = True,
    ) -> None:
        self.names = names
        self.workspace, self.vocabulary = workspace, vocabulary
        self.engine, self.adapter = engine, adapter
        self.shop = seen_shop(workspace)
        self.grammar = LanguageGrammar(self.shop, is_taught=adapter is not None)
        self.fixed = describe(self.shop, vocabulary, is_taught=adapter is not None)
        self._shared_names: dict[tuple[str, tuple[str, ...]], bool] = {}

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        after: After | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``: the first is the best found, the others are sampled.

        The greedy statement stands unless it is at fault or leaves out a word of the question: then a few
        more are written, and the one that leaves out least takes its place.
        """
        whole, previous = links, ""
        if after is not None:
            links, previous = after.said, self._still_said(after.statement)
        request = Request(
            prompt=language_prompt(links, self.fixed, self.vocabulary, previous=previous, failures=failures),
            grammar=self.grammar.of(sayable(links, self.vocabulary, self.workspace, previous=previous)),
            adapter=self.adapter,
            max_tokens=MAX_TOKENS,
        )
        asked = _Asked(links=links, whole=whole, before=parse(previous) if previous else None)
        found = [self._written(c, asked) for c in self.engine.complete(request, cancel)]
        if found[0].fault is not None or found[0].is_unfinished or found[0].unheard:
            found += self._more(request, asked, TRIES_AGAIN, WARM, cancel)
            ranked = sorted(found, key=_standing)
            found = [replace(ranked[0], tries=1, others=_others(ranked))]
        if samples > 1:
            found += self._more(request, asked, samples - 1, temperature or 1.0, cancel)
        return found

    def _more(
        self,
        request: Request,
        asked: _Asked,
        count: int,
        temperature: float,
        cancel: threading.Event | None,
    ) -> list[Written]:
        more = replace(request, samples=count, temperature=temperature)
        return [self._written(c, asked) for c in self.engine.complete(more, cancel)]

    def _written(self, completion: Completion, asked: _Asked) -> Written:
        links, before, text = asked.links, asked.before, completion.text.strip()
        if completion.finish != "stop":
            return Written(sql=text, completions=(completion,))
        if text == NOTHING:
            return Written(sql="", completions=(completion,), is_declined=True)
        try:
            if text.startswith(ASK):
                readings = tuple(map(self.compile, text.removeprefix(ASK).split(OR)))
                return Written(sql="", completions=(completion,), choices=readings)
            compiled = self.compile(text)
            said = {*numbers_in(links), *(_numbers_of(before) if before is not None else ())}
            within = self._as_meant(compiled, links, said)
            if within != compiled.statement:
                compiled = self._compile(within)
            wrong = unknown_value(compiled.statement, self.shop, self.grammar.routes, self._whole_values)
            if wrong is not None and (better := self._moved(compiled.statement)) is not None:
                compiled, wrong = better, None
            wrong = wrong or self._fault(compiled.statement, links, said)
            if wrong is not None:
                return Written(sql=text, completions=(completion,), fault=wrong)
        except (WrongStatement, TwoWays) as error:
            return Written(sql=text, completions=(completion,), fault=str(error))
        missing = unheard(links, compiled, self.shop)
        if before is not None:
            missing += lost(before, compiled.statement, links, self.shop)
            # what the question before was told of wrongly is still asked about
            missing += tuple(named_elsewhere(asked.whole, compiled.statement, self.shop))
            missing += tuple(given_back(asked.whole, compiled.statement, self.shop))
            missing = tuple(dict.fromkeys(missing))
        return Written(
            sql=compiled.sql,
            completions=(completion,),
            compiled=compiled,
            unheard=missing,
            invented=invented(links, parse(text)),
        )

    def _as_meant(self, compiled: Compiled, links: Links, said: Set[float]) -> Statement:
        """The statement as the question's words mean it, where they leave no doubt."""
        shop, routes = self.shop, self.grammar.routes
        within = listed(bounded(looked_back(compiled, links), links), links.question)
        within = shortfalls(shares_of_the_whole(within), links)
        within = each_once(within, links, shop)
        within = said_only(within, shop, routes, said, links.question)
        within = with_meant_names(within, links, shop, routes)
        within = new_or_returning(within, links)
        within = sorted_as_said(within, links, shop)
        within = last_one(summed(within, links, shop, routes), links, shop, routes)
        within = sold_only(within, links, shop, self.workspace.catalog.dialect)
        return levels_now(within, links, self.workspace)

    def _fault(self, statement: Statement, links: Links, said: Set[float]) -> str | None:
        """What a statement cannot mean, whatever its rows are; ``None`` for nothing."""
        wrong = None
        if not self.workspace.role.rows:  # of rows that it may not see nothing is said
            wrong = misplaced_number(
                statement, self.shop, self.grammar.routes, self._holds, _beside_numbers(links)
            )
        return (
            wrong
            or compared_with_itself(statement, self.workspace.today, self.shop)
            or shows_nothing(statement)
            or contradicts_itself(statement)
            or unasked_length(statement, said, links.question)
            or counted_instead(statement, links.question, self.shop)
            or unsaid_key(statement, self.shop, self.grammar.routes, said)
        )

    def _moved(self, statement: Statement) -> Compiled | None:
        """The statement with its values on the columns that hold them, where that mends it."""
        better = moved(statement, self.shop, self.grammar.routes, self._whole_values)
        if better is None:
            return None
        with contextlib.suppress(WrongStatement, TwoWays):
            return self._compile(better)
        return None

    def _holds(self, view: View, column: str, number: str) -> bool:
        """Whether a key holds a number, as the role sees it; ``True`` where that cannot be told."""
        dialect = self.workspace.catalog.dialect
        name, table = quoted(column, dialect), quoted(view.name, dialect)
        if not float(number).is_integer():
            return True
        try:
            found = self.workspace.run(
                f"SELECT COUNT(*) AS n FROM {table} WHERE {name} = {float(number):.0f}"
            )
        except (SqlError, ValueError):
            return True
        return bool(found.rows and found.rows[0][0])

    def _is_shared(self, view: View, columns: tuple[str, ...]) -> bool:
        """Whether two rows of a view, as the role sees it, have the same name; asked once."""
        if (view.name, columns) not in self._shared_names:
            dialect = self.workspace.catalog.dialect
            names = ", ".join(quoted(column, dialect) for column in columns)
            known = " AND ".join(f"{quoted(column, dialect)} IS NOT NULL" for column in columns)
            sql = f"SELECT {names}, COUNT(*) AS n FROM {quoted(view.name, dialect)} WHERE {known}"
            sql += f" GROUP BY {names} HAVING COUNT(*) > 1 LIMIT 1"
            try:
                found = bool(self.workspace.run(sql).rows)
            except SqlError:
                found = True  # then keys tell, whatever the names are
            self._shared_names[(view.name, columns)] = found
        return self._shared_names[(view.name, columns)]

    @cached_property
    def _whole_values(self) -> dict[tuple[str, str], tuple[str, ...]]:
        values, whole = self.vocabulary.values, self.vocabulary.whole_values
        return {place: known for place, known in values.items() if place in whole}

    def _still_said(self, statement: str) -> str:
        """A statement that was kept, unless it means nothing any more under the shop's description."""
        try:
            kept = self.compile(statement).statement
            if self.names:
                kept = without_names(kept, self.shop, self.grammar.routes, self._is_shared)
            return str(kept)
        except (WrongStatement, TwoWays):
            return ""

    def compile(self, text: str) -> Compiled:
        """A statement for the role; raises ``WrongStatement`` or ``TwoWays``."""
        statement = without_itself(parse(text), self.shop)
        statement = spelled(statement, self.shop, self.grammar.routes, self._whole_values)
        statement = in_lists(statement, self.shop, self.grammar.routes, self._whole_values)
        named = statement
        if self.names:
            named = with_names(statement, self.shop, self.grammar.routes, self._is_shared)
            named = with_keys(named, self.shop, self.grammar.routes, self._is_shared)
        if named != statement and self.workspace.role.minimum_group is None:
            with contextlib.suppress(WrongStatement, TwoWays):
                return self._compile(named)
        return self._compile(statement)

    def _compile(self, statement: Statement) -> Compiled:
        try:
            return self._compile_as_it_is(statement)
        except WrongStatement as error:
            for other in rehomed(statement, self.shop):
                with contextlib.suppress(WrongStatement, TwoWays):
                    return self._compile_as_it_is(other)
            raise error

    def _compile_as_it_is(self, statement: Statement) -> Compiled:
        workspace = self.workspace
        return compile_statement(
            statement, self.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )


def _numbers_of(statement: Statement) -> set[float]:
    return {float(node.text) for node in statement.walk() if isinstance(node, Number)}


_NUMBER_WORD = re.compile(r"\s*(?:no\.?|number|nr\.?|号|编号)?\s*#?", re.I)
"""What may stand between a thing and its number."""


def _beside_numbers(links: Links) -> frozenset[str]:
    """Views whose thing the question names right beside a number: customer 3, 3号客户."""
    found = set()
    for number in links.numbers:
        for mention in links.mentions:
            between = links.question[mention.end : number.start], links.question[number.end : mention.start]
            is_before = mention.end <= number.start and _NUMBER_WORD.fullmatch(between[0])
            is_behind = number.end <= mention.start and _NUMBER_WORD.fullmatch(between[1])
            if mention.kind in ("view", "column") and (is_before or is_behind):
                found.add(mention.view)
    return frozenset(found)


def _others(ranked: Sequence[Written]) -> tuple[Compiled, ...]:
    """The other statements of several, each once."""
    made = {
        str(w.compiled.statement): w.compiled for w in ranked if w.compiled is not None and w.fault is None
    }
    return tuple(made.values())[1:] if ranked[0].compiled is not None else ()


def _standing(written: Written) -> tuple[bool, int, float]:
    """What makes one of several statements the worse one, the largest first."""
    is_at_fault = written.fault is not None or written.is_unfinished
    return is_at_fault, len(written.unheard), written.invented - sum(written.logprobs)


def sayable(links: Links, vocabulary: Vocabulary, workspace: Workspace, *, previous: str = "") -> Sayable:
    """Values, texts, periods and numbers that a statement for one question may hold.

    Args:
        previous: the statement that a follow-up changes; what it holds may be said again.
    """
    linked: dict[tuple[str, str], dict[str, None]] = {}
    parts: dict[str, None] = {}
    for mention in links.mentions:
        if mention.kind == "value" and mention.value is not None:
            if mention.is_part:
                parts[mention.value] = None
            else:
                linked.setdefault((mention.view, mention.name), {})[mention.value] = None
    values = {key: tuple(known) for key, known in vocabulary.values.items() if 0 < len(known) <= FEW_VALUES}
    values = {
        key: tuple(dict.fromkeys([*linked.get(key, ()), *values.get(key, ())])) for key in [*linked, *values]
    }
    texts = [t for t in dict.fromkeys([*parts, *question_stretches(links.question)]) if "\n" not in t]
    periods, numbers = [*periods_of(links, workspace)], [*map(number_text, numbers_in(links)), "0", "1", "2"]
    numbers += map(str, weekdays_in(links.question))
    if previous:
        for node in parse(previous).walk():
            if isinstance(node, During):
                periods += _before(node.words, links.question, workspace)
                periods.append(node.words)
            elif isinstance(node, Has) and node.during:
                periods.append(node.during)
            elif isinstance(node, Number):
                numbers.append(node.text)
            elif isinstance(node, Text):
                texts.insert(0, node.value)
            elif isinstance(node, Statement) and node.limit is not None:
                numbers.append(str(node.limit))
    return Sayable(
        values=values,
        texts=tuple(texts[:MAX_TEXTS]),
        periods=tuple(dict.fromkeys(periods)),
        numbers=tuple(dict.fromkeys(numbers)),
        days=tuple(day.isoformat() for day in dict.fromkeys([*days_in(links), *_now_in(links, workspace)])),
    )


_NOW = re.compile(
    r"\b(?:overdue|late|expir\w+|past|passed|due|still|already|yet|now|today|currently|outstanding)\b"
    r"|过期|逾期|超期|超时|到期|效期|临期|过了|已经|现在|目前|如今|至今|今天|还没|还未|尚未|仍",
    re.I,
)
"""Words by which a time is compared with the present one."""


def _now_in(links: Links, workspace: Workspace) -> tuple[dt.date, ...]:
    """The shop's today, where a word of the question compares with it: an expiry that has passed."""
    return (workspace.today,) if _NOW.search(links.question) else ()


def _self_contained(period: Period, today: dt.date, starts: int) -> str:
    """Words that mean a period by themselves: "Q1" of "Q1 and Q2 2025" alone would be this year's."""
    text = period.text.strip()
    span = span_of(text, today, starts, is_cut=False)
    if period.is_open or span is None or (span.start, span.end) == (period.start, period.end):
        return text
    if period.grain == "month":
        return f"{period.start:%Y-%m}"
    if period.grain == "quarter":
        return f"Q{(period.start.month + 2) // 3} {period.start.year}"
    return _in_days(period)


def _in_days(period: Period) -> str:
    last = period.end - dt.timedelta(days=1)
    return f"{period.start.isoformat()} to {last.isoformat()}"


_ONE_BEFORE = re.compile(
    r"\b(?:the|a|one) (?:day|week|month|quarter|year|period) (?:before|earlier|prior)\b"
    r"|\bthe (?:previous|prior|preceding) (?:day|week|month|quarter|year|period|one)\b"
    r"|(?:再|更)往前|再前|前一(?:天|日|周|个?星期|个?月|个?季度?|年)|上一(?:天|周|个?月|个?季度?|年)",
    re.I,
)


def _before(words: str, question: str, workspace: Workspace) -> list[str]:
    """The period just before one that a follow-up goes back from: the week before last week."""
    span = span_of(words, workspace.today, workspace.shop.fiscal_year_starts, is_cut=False)
    if not _ONE_BEFORE.search(question) or span is None or span.start is None or span.end is None:
        return []
    months = 12 * (span.end.year - span.start.year) + span.end.month - span.start.month
    is_of_months = months > 0 and span.start.day == span.end.day == 1
    if is_of_months:
        first = span.start.year * 12 + span.start.month - 1 - months
        start = dt.date(first // 12, first % 12 + 1, 1)
    else:
        start = span.start - (span.end - span.start)
    return [f"{start.isoformat()} to {(span.start - dt.timedelta(days=1)).isoformat()}"]


def _both(links: Links) -> list[str]:
    """Two neighbouring periods that are named side by side, as one: November and December."""
    found = []
    for a, b in itertools.pairwise(links.periods):
        between = links.question[a.last : b.first]
        early, late = sorted((a, b), key=lambda p: p.start)
        if _SIDE_BY_SIDE.fullmatch(between) and early.end == late.start and a.grain == b.grain:
            last = late.end - dt.timedelta(days=1)
            found.append(f"{early.start.isoformat()} to {last.isoformat()}")
    return found


_SIDE_BY_SIDE = re.compile(r"\s*(?:,|，|、|&|\+|\band\b|和|与|及|跟)?\s*(?:the\s+)?", re.I)


def _is_part(text: str, span: Span, period: Period) -> bool:
    """Whether words mean less than the range that they stand in: January of "from January to March"."""
    if (
        text.strip() == period.text.strip()
        or text not in period.text
        or span.start is None
        or span.end is None
    ):
        return False
    is_within = period.start <= span.start and span.end <= period.end
    return is_within and (span.start, span.end) != (period.start, period.end)


def periods_of(links: Links, workspace: Workspace) -> tuple[str, ...]:
    """Words of the question that mean one stretch of days each.

    For each stretch they are those that linking found, else the shortest that mean it.
    """
    today, starts = workspace.today, workspace.shop.fiscal_year_starts
    candidates = [_self_contained(p, today, starts) for p in links.periods]
    ahead = periods_ahead(links.question, today)
    candidates += [_in_days(p) if span_of(p.text, today, starts) is None else p.text for p in ahead]
    tokens = list(_PERIOD_WORD.finditer(links.question))
    ranges = [] if _COMPARED.search(links.question) else [p for p in links.periods if p.grain == "range"]
    stretches = [
        links.question[first.start() : last.end()]
        for n, first in enumerate(tokens)
        for last in tokens[n : n + MAX_WORDS]
    ]
    candidates += sorted(filter(_TIME.search, stretches), key=len)
    candidates += _both(links)
    found: dict[tuple[dt.date | None, dt.date | None, str | None], str] = {}
    for text in candidates:
        span = span_of(text, today, starts)
        if span is not None and not any(_is_part(text, span, p) for p in ranges):
            found.setdefault((span.start, span.end, span.unit), text)
    return tuple(found.values())[:MAX_PERIODS]
