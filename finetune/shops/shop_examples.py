"""The pairs of the set as training examples: prompts exactly as they are at serving, with the right reply."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from finetune.examples import Example
from finetune.shops.check import BUILT, opened
from finetune.shops.question_pairs import SET, Pair, load_pairs
from llm.constraint import accepts
from sql.question.asides import linked_without_asides
from sql.question.linking import Links, Vocabulary
from sql.question.written_out import written_out
from sql.semantics import Shop, View
from sql.shop.workspace import Workspace
from sql.statement.language_grammar import ASK, NOTHING, OR, LanguageGrammar
from sql.statement.language_prompt import describe, language_prompt
from sql.statement.parse import parse
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sayable import sayable
from sql.statement.seen import seen_shop
from sql.statement.sentence import Has, Name, Node, Text
from sql.statement.spans import span_of

NodeT = TypeVar("NodeT", bound=Node)


def reply_of(pair: Pair) -> str | None:
    """What the model should say; ``None`` for what is no question to the data."""
    if pair.kind == "job":
        return None
    if pair.kind == "ask_back":
        return ASK + OR.join(map(_in_order, pair.choices[:2]))
    return _in_order(pair.statement) if pair.statement else NOTHING


def _in_order(text: str) -> str:
    """The statement with its period as the first condition: one way to say it is learnt sooner than two."""
    statement = parse(text)
    if (period := statement.period) is None:
        return text
    others = tuple(part for part in statement.where if part is not period)
    return str(replace(statement, where=(period, *others)))


def examples_of(
    names: Iterable[str], root: Path = SET, built: Path = BUILT
) -> tuple[list[Example], list[tuple[Pair, str]]]:
    """Examples of the named shops, and the pairs whose reply the grammar would not let through.

    Raises:
        ShopSetError, ShopFileError: a shop or a pair cannot be read.
    """
    examples: list[Example] = []
    unsayable: list[tuple[Pair, str]] = []
    for name in names:
        with opened(name, root, built) as workspace:
            made, refused = examples_over(workspace, load_pairs([name], root), name)
        examples += made
        unsayable += refused
    return examples, unsayable


def examples_over(
    workspace: Workspace, pairs: Iterable[Pair], name: str
) -> tuple[list[Example], list[tuple[Pair, str]]]:
    """The same of pairs about one open shop.

    Raises:
        WrongStatement: a reply, or what a follow-up changes, is no statement.
    """
    vocabulary = Vocabulary.build(workspace)
    shop = seen_shop(workspace)
    fixed = describe(shop, vocabulary, is_taught=True)
    grammar = LanguageGrammar(shop, is_taught=True)
    examples, unsayable = [], []
    for pair in pairs:
        reply = reply_of(pair)
        if reply is None:
            continue
        links = as_served(pair, vocabulary, workspace)
        said = sayable(links, vocabulary, workspace, previous=pair.previous)
        reply = _in_names_of(_until_now(reply, workspace), shop, grammar.routes)
        reply = _in_words_of(reply, said.periods, workspace)
        reply = _in_letters_of(reply, said.texts)
        if not accepts(grammar.of(said), reply):
            unsayable.append((pair, reply))
            continue
        prompt = language_prompt(links, fixed, vocabulary, previous=pair.previous)
        examples.append(Example(database=name, prompt=prompt, reply=reply))
    return examples, unsayable


def as_served(pair: Pair, vocabulary: Vocabulary, workspace: Workspace) -> Links:
    """What the words of a pair's last message mean, read as ``bot.understand`` reads a message."""
    message = pair.turns[-1]
    if pair.language == "en":
        message = written_out(message, vocabulary.is_name)
    return linked_without_asides(message, vocabulary, workspace.today)


def _in_names_of(reply: str, shop: Shop, routes: Routes) -> str:
    """The reply with each column in the one way that the grammar writes it: the nearest stands alone."""
    if reply == NOTHING:
        return reply
    lead = ASK if reply.startswith(ASK) else ""
    statements = map(parse, reply.removeprefix(lead).split(OR))
    return lead + OR.join(str(_renamed(each, shop.view(each.view), shop, routes)) for each in statements)


def _renamed(node: NodeT, home: View | None, shop: Shop, routes: Routes) -> NodeT:
    if home is None:
        return node
    written = {(route.hops, route.column.name): name for name, route in routes.columns(home)}

    def renamed(name: Name) -> Name:
        with contextlib.suppress(NoRoute, Fork):
            route = routes.find(home, name)
            return written.get((route.hops, route.column.name), name)
        return name

    def change(part: Node) -> Node:
        if isinstance(part, Name):
            return renamed(part)
        if isinstance(part, Has):
            there = shop.view(part.view)
            inside = tuple(_renamed(each, there, shop, routes) for each in part.where)
            return replace(part, entity=renamed(part.entity), where=inside)
        return part.with_parts(change)

    return cast(NodeT, change(node))


def _in_letters_of(reply: str, texts: Sequence[str]) -> str:
    """The reply with each text of LIKE in the question's own letter case, which makes no difference there."""
    offered = {text.casefold(): text for text in reversed(texts)}

    def said(match: re.Match[str]) -> str:
        return match[1] + offered.get(match[2].casefold(), match[2]) + match[3]

    return re.sub(r"( LIKE '%?)([^'%]+)(%?')", said, reply)


def _until_now(reply: str, workspace: Workspace) -> str:
    """The reply with times before today compared with the day: no word of it need be said."""
    day = Text(workspace.today.isoformat())
    return re.sub(r"DURING\(([^'(),]+), 'before today'\)", lambda m: f"{m[1]} < {day}", reply)


def _in_words_of(reply: str, periods: Sequence[str], workspace: Workspace) -> str:
    """The reply with each period in the words that serving would offer for the same days."""
    starts = workspace.shop.fiscal_year_starts

    def days(words: str) -> tuple[object, ...]:
        span = span_of(words, workspace.today, starts)
        return (span.start, span.end, span.unit) if span is not None else ()

    offered = {days(words)[:2]: words for words in reversed(periods)}
    offered |= {days(words): words for words in reversed(periods)}

    def said(match: re.Match[str]) -> str:
        words = match[2].replace("''", "'")
        found = days(words)
        return match[1] + str(Text(offered.get(found, offered.get(found[:2], words))))

    return re.sub(r"(DURING\((?:[^'()]+, )?)'((?:[^']|'')*)'", said, reply)
