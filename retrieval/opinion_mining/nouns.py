"""Which words of a shop's texts name things: told by what stands around them, in the texts themselves.

English has no tagger here that comes without a network, and buyers' English is not that of newspapers. A
word that again and again follows "the", "my" or "its" and stands before "is" or a stop is a noun; one that
follows "I", "to" or "very" is none. In Chinese rjieba's tags say so, and what stands before 很, 太 and the like.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence

from retrieval.opinion_mining.opinions import opinion_lists, word_list
from sql.question.words import words

LEAST_SHARE = 0.6
"""Of the telling places of a word that must be a noun's."""

_BEFORE_NOUN = words(
    """
    the a an my its this that your our their his her these those no any some of each every both another
    """
)
_AFTER_NOUN = words(
    """
    is are was were has have had isn't wasn't aren't doesn't does will would can could seems seemed
    looks looked feels felt works worked
    """
)
_BEFORE_OTHER = words(
    """
    i you we they he she who to will would can could should can't don't didn't doesn't won't very so too
    really quite extremely is are was were be been it's am i'm they're pretty more most as
    """
)
_BEFORE_ZH = words(
    """
    很 太 挺 非常 特别 超 超级 真 真的 也 都 不 有点 还 够 不是 没 没有 比 确实 完全 实在 略 偏 相当
    """
)
_NO_NOUN_ZH = ("d", "r", "p", "c", "u", "m", "q", "y", "t", "f", "e", "o", "w")
# ruff: noqa: E501


def is_han(word: str) -> bool:
    """Whether a word is Chinese."""
    return "\u3400" <= word[0] <= "\ufaff"


@functools.lru_cache(maxsize=100_000)
def base(word: str) -> str:
    """An English noun in the singular, as its letters tell; other words as they are."""
    if is_han(word) or len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y" if len(word) > 4 else word
    if word.endswith("ves"):
        return {"lives": "life", "knives": "knife", "shelves": "shelf", "sleeves": "sleeve"}.get(
            word, word[:-1]
        )
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@functools.cache
def no_aspects() -> frozenset[str]:
    """Words that are about no product: function words, people, days, and words of praise and complaint."""
    good, poor = opinion_lists()
    return good | poor | word_list("no_aspects_en") | word_list("no_aspects_zh")


def nouns(clauses: Iterable[Sequence[str]]) -> frozenset[str]:
    """The words that name things.

    Args:
        clauses: of all texts, each as the words and marks in it, in order.
    """
    known: Counter[str] = Counter()
    other: Counter[str] = Counter()
    closed = no_aspects()
    for clause in clauses:
        for at, word in enumerate(clause):
            if (
                not word[0].isalpha()
                or word in closed
                or base(word) in closed
                or (len(word) < 3 and not is_han(word))
            ):
                continue
            before = clause[at - 1] if at else ""
            after = clause[at + 1] if at + 1 < len(clause) else ""
            if is_han(word):
                known[word] += after in _BEFORE_ZH or (bool(after) and after in closed and is_han(after))
                other[word] += before in _BEFORE_ZH
            else:
                is_last = not after or not after[0].isalpha() or after in closed
                known[word] += (before in _BEFORE_NOUN and is_last) or after in _AFTER_NOUN
                other[word] += before in _BEFORE_OTHER
    return frozenset(
        word
        for word, times in known.items()
        if times >= 2
        and times >= LEAST_SHARE * (times + other[word])
        and (not is_han(word) or _may_be_noun(word))
    )


@functools.cache
def _may_be_noun(word: str) -> bool:
    import rjieba

    tagged = rjieba.tag(word)
    return len(word) > 1 and len(tagged) == 1 and not tagged[0][1].startswith(_NO_NOUN_ZH)
