"""The pairs of the set as training examples: prompts exactly as they are at serving, with the right reply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from finetune.examples import Example
from finetune.shops.check import BUILT, opened
from finetune.shops.question_pairs import SET, Pair, load_pairs
from llm.constraint import accepts
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace
from sql.statement.language_draft import sayable
from sql.statement.language_grammar import ASK, NOTHING, OR, LanguageGrammar
from sql.statement.language_prompt import describe, language_prompt
from sql.statement.parse import parse
from sql.statement.seen import seen_shop
from sql.statement.sentence import Text
from sql.statement.spans import span_of


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
        links = link(pair.turns[-1], vocabulary, workspace.today)
        said = sayable(links, vocabulary, workspace, previous=pair.previous)
        reply = _in_words_of(reply, said.periods, workspace)
        if not accepts(grammar.of(said), reply):
            unsayable.append((pair, reply))
            continue
        prompt = language_prompt(links, fixed, vocabulary, previous=pair.previous)
        examples.append(Example(database=name, prompt=prompt, reply=reply))
    return examples, unsayable


def _in_words_of(reply: str, periods: Sequence[str], workspace: Workspace) -> str:
    """The reply with each period in the words that serving would offer for the same days."""
    starts = workspace.shop.fiscal_year_starts

    def days(words: str) -> object:
        span = span_of(words, workspace.today, starts)
        return span and (span.start, span.end, span.unit)

    offered = {days(words): words for words in reversed(periods)}

    def said(match: re.Match[str]) -> str:
        words = match[2].replace("''", "'")
        return match[1] + str(Text(offered.get(days(words), words)))

    return re.sub(r"(DURING\((?:[^'()]+, )?)'((?:[^']|'')*)'", said, reply)
