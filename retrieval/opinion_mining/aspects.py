"""What a shop's texts speak of, learnt from them: nouns that recur, merged where they mean the same.

No list says which aspects there are. "Battery", "batteries", "battery life" and 电池 become one aspect,
called by its commonest form. What is said without its word ("dead after an hour") belongs to none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from retrieval.encoder import Embedder
from retrieval.opinion_mining.nouns import base, is_han, nouns

ALIKE = 0.7
"""Cosine from which two words of one language mean the same."""
ALIKE_ACROSS = 0.62
"""The same for words of two languages, each of which joins only the one of the other that it is most alike.
"""
LEAST_TEXTS = 3
LEAST_SHARE = 0.001
"""Of all texts, that a word must stand in."""
MOST_ASPECTS = 400
_PHRASE_SHARE = 0.1
"""Of the rarer word's texts, that a pair of words must stand in to be a phrase."""
_LONGEST = 3

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """One aspect."""

    name: str
    """Its commonest form."""
    forms: tuple[str, ...]
    """Words for it as they are written, the commonest first."""


@dataclass(frozen=True)
class Aspects:
    """The aspects of one shop, and how they are found in a clause."""

    all: tuple[Aspect, ...]
    """By how many texts name them, most first."""
    _of: Mapping[Words, str] = field(init=False)

    def __post_init__(self) -> None:
        of = {split(form): aspect.name for aspect in self.all for form in aspect.forms}
        object.__setattr__(self, "_of", of)

    def found(self, words: Sequence[str]) -> list[tuple[int, int, str]]:
        """The aspects that the words of a clause name: first word, word after the last, name."""
        stems = [base(word) for word in words]
        places = []
        at = 0
        while at < len(stems):
            runs = (tuple(stems[at : at + size]) for size in range(min(_LONGEST, len(stems) - at), 0, -1))
            run = next((run for run in runs if run in self._of), ())
            if run:
                places.append((at, at + len(run), self._of[run]))
            at += len(run) or 1
        return places

    def named(self, form: str) -> Aspect | None:
        """The aspect that has this form; ``None`` where none was learnt that does."""
        name = self._of.get(split(form))
        return next((each for each in self.all if each.name == name), None)


def split(form: str) -> Words:
    """A form as the base forms of its words.

    >>> split("battery lives"), split("Batteries"), split("电池")
    (('battery', 'life'), ('battery',), ('电池',))
    """
    from retrieval.opinion_mining.opinions import tokens

    return tuple(base(word) for word in tokens(form))


def learn(texts: Sequence[Sequence[Sequence[str]]], embedder: Embedder) -> Aspects:
    """The aspects of texts.

    Args:
        texts: each as its clauses, each of these as the words and marks in it.
        embedder: tells which words mean the same.
    """
    least = max(LEAST_TEXTS, LEAST_SHARE * len(texts))
    if len(texts) < LEAST_TEXTS:
        return Aspects(())
    things = nouns(clause for text in texts for clause in text)
    stems = {base(word) for word in things}
    named: Counter[Words] = Counter()
    forms: defaultdict[Words, Counter[str]] = defaultdict(Counter)
    for text in texts:
        seen = {phrase: written for clause in text for phrase, written in _phrases(clause, stems)}
        named.update(seen.keys())
        for phrase, written in seen.items():
            forms[phrase][written] += 1
    kept = [
        phrase
        for phrase, times in named.items()
        if times >= least
        and (len(phrase) == 1 or times >= _PHRASE_SHARE * min(named[(word,)] for word in phrase))
    ]
    kept.sort(key=lambda phrase: (-named[phrase], phrase))
    return Aspects(_merged(kept[: 3 * MOST_ASPECTS], forms, embedder))


def _phrases(clause: Sequence[str], stems: frozenset[str] | set[str]) -> Iterable[tuple[Words, str]]:
    """Each noun of a clause, and each run of two or three, by base forms and as they are written."""
    stemmed = [base(word) if word[0].isalpha() else "" for word in clause]
    for first in range(len(clause)):
        for size in range(1, _LONGEST + 1):
            run = stemmed[first : first + size]
            if len(run) < size or run[-1] not in stems:
                break
            yield tuple(run), ("" if is_han(run[0]) else " ").join(clause[first : first + size])


def _merged(
    phrases: Sequence[Words], forms: Mapping[Words, Counter[str]], embedder: Embedder
) -> tuple[Aspect, ...]:
    """Each phrase joins the commoner one of its language that it is most alike, else one of the other
    language.
    """
    if not phrases:
        return ()
    written = [forms[phrase].most_common(1)[0][0] for phrase in phrases]
    alike = (vectors := embedder.embed(written)) @ vectors.T
    han = np.array([is_han(text) for text in written])
    across = han[:, None] != han[None, :]
    abroad = np.where(across, alike, -1.0).argmax(axis=1)
    head_of: dict[int, int] = {}
    heads: list[int] = []
    for row in range(len(phrases)):
        near = [head for head in heads if not across[row, head] and alike[row, head] >= ALIKE]
        other = int(abroad[row])
        if near:
            head_of[row] = max(near, key=lambda head: float(alike[row, head]))
        elif other in head_of and across[row, other] and alike[row, other] >= ALIKE_ACROSS:
            head_of[row] = head_of[other]
        elif len(heads) < MOST_ASPECTS:
            heads.append(row)
            head_of[row] = row
    members: dict[int, list[int]] = {head: [] for head in heads}
    for row, head in head_of.items():
        members[head].append(row)
    return tuple(
        Aspect(name=written[head], forms=tuple(written[row] for row in members[head])) for head in heads
    )
