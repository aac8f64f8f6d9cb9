"""Drafting in the question language: one question, one statement, in one step.

A model writes under a grammar that knows the shop's names and what the question may compare with
(``sql.statement.language_grammar``). What it writes is compiled; a statement that makes no sense is a fault,
told in the words that the next try reads.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

from llm.engine import Completion, Engine, Request
from sql.errors import SqlError, TwoWays, WrongStatement
from sql.names import quoted
from sql.question.linking import Links, Vocabulary
from sql.question.stretches import numbers_in
from sql.semantics import View
from sql.shop.workspace import Workspace
from sql.statement.added_columns import with_added, with_shares
from sql.statement.as_kept import KeptValues, as_kept
from sql.statement.bounds import bounded
from sql.statement.carried_over import lost
from sql.statement.compile import Compiled, compile_statement
from sql.statement.ends_as_said import ends_as_said
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
from sql.statement.language_grammar import ASK, NOTHING, OR, LanguageGrammar
from sql.statement.language_prompt import describe, language_prompt
from sql.statement.last_one import last_one
from sql.statement.levels_now import levels_now
from sql.statement.listed import counted_instead, each_once, listed
from sql.statement.looked_back import looked_back
from sql.statement.meant_names import with_meant_names
from sql.statement.named import with_keys, with_names, without_names
from sql.statement.newness import new_or_returning
from sql.statement.not_lately import not_lately
from sql.statement.one_clock import by_one_clock
from sql.statement.other_rows import given_back, named_elsewhere
from sql.statement.parse import parse
from sql.statement.parts_of_names import all_of_the_part
from sql.statement.rehomed import rehomed, without_itself
from sql.statement.sayable import sayable
from sql.statement.seen import seen_shop
from sql.statement.senseless import (
    contradicts_itself,
    delay_from,
    lacks_another,
    shares_of_the_whole,
    shortfalls,
    shows_nothing,
    unasked_kind,
    unasked_length,
)
from sql.statement.sentence import Number, Statement
from sql.statement.shown_as_asked import with_names_that_were_found, without_what_was_given
from sql.statement.sold_only import sold_only
from sql.statement.sold_pieces import sold_pieces
from sql.statement.sorted_as_said import all_in_order, another_place, in_its_place, sorted_as_said
from sql.statement.summed import summed
from sql.statement.those_told import of_those, share_of_the_first
from sql.statement.written import After, Written

MAX_TOKENS = 100
"""Of one reply: the longest of 6,420 right ones takes 90, one in a thousand more than 72."""
TRIES_AGAIN = 3
"""Statements sampled where the greedy one should not stand."""
WARM = 0.7
"""Temperature that they are sampled at."""


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
        self._kept_values = KeptValues(workspace)

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
            compiled = self.compile(self._of_each(text, asked))
            said = {*numbers_in(links), *(_numbers_of(before) if before is not None else ())}
            within = self._as_meant(compiled, links, said, before)
            if before is not None:
                about = of_those(within, before, links, self.shop, self.grammar.routes)
                if about is None:
                    return Written(sql=text, completions=(completion,), fault="it is not about those told of")
                within = with_added(before, about, links.question, self.shop)
            if within != compiled.statement:
                compiled = self._compile(within)
            wrong = unknown_value(compiled.statement, self.shop, self.grammar.routes, self._whole_values)
            if wrong is not None and (better := self._moved(compiled.statement)) is not None:
                compiled, wrong = better, None
            wrong = wrong or self._fault(compiled.statement, links, said, before)
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

    def _of_each(self, text: str, asked: _Asked) -> str:
        """The statement over the groups of the one before, where the message wants shares of them: alone a
        share of everything is of nothing, and does not compile."""
        if asked.before is None:
            return text
        return str(with_shares(asked.before, parse(text), asked.links.question, self.shop))

    def _as_meant(
        self, compiled: Compiled, links: Links, said: Set[float], before: Statement | None = None
    ) -> Statement:
        """The statement as the question's words mean it, where they leave no doubt."""
        shop, routes = self.shop, self.grammar.routes
        within = listed(bounded(looked_back(compiled, links), links), links.question)
        within = share_of_the_first(within, links, shop, routes)
        within = shortfalls(shares_of_the_whole(within), links)
        within = each_once(within, links, shop)
        within = said_only(within, shop, routes, said, links.question)
        within = with_meant_names(within, links, shop, routes)
        within = all_of_the_part(within, links, shop, routes, self.vocabulary.values)
        within = new_or_returning(within, links)
        within = all_in_order(within, before, said, links.question)
        within = in_its_place(sorted_as_said(within, links, shop), links, shop)
        within = sold_pieces(within, links, shop, self.vocabulary.pieces)
        within = last_one(summed(within, links, shop, routes), links, shop, routes)
        within = sold_only(within, links, shop, self.workspace.catalog.dialect)
        within = by_one_clock(ends_as_said(within, links, shop, routes), shop)
        if before is None:
            within = without_what_was_given(within)
        within = with_names_that_were_found(within, shop)
        within = not_lately(levels_now(within, links, self.workspace), links, self.workspace.today)
        if self.workspace.role.minimum_group is None:
            within = as_kept(within, shop, routes, self._whole_values, self._kept_values)
        return within

    def _fault(
        self, statement: Statement, links: Links, said: Set[float], before: Statement | None = None
    ) -> str | None:
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
            or unasked_kind(statement, before, links, self.shop)
            or delay_from(statement, links.question, self.shop)
            or lacks_another(statement, links)
            or counted_instead(statement, links.question, self.shop)
            or another_place(statement, links.question)
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
