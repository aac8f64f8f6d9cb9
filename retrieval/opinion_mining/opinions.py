"""What a clause holds of praise and complaint: words with their negations, as features of a classifier.

The words stand in ``words/``, written for this project. "Not bad" is praise and "no problems" too; "too small"
is a complaint. Irony is not seen.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from importlib import resources
from itertools import pairwise

from sql.question.words import words

GOOD, POOR = "++", "--"
"""Features that count words of praise and complaint."""
_SCOPE, _SCOPE_ZH = 3, 4
"""Words after a negation that it may turn round."""
_TOKENS = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[a-z]+(?:['-][a-z]+)*|[!?,;:.，。！？；]|[\U0001F300-\U0001FAFF\u2600-\u27BF]"
)
_NEGATORS = words(
    """
    not no never nothing nobody none without hardly barely neither nor cannot can't isn't wasn't aren't
    weren't don't doesn't didn't won't wouldn't couldn't haven't hasn't hadn't ain't shouldn't dont
    doesnt didnt isnt wasnt wont cant couldnt wouldnt
    """
)
_NEGATORS_ZH = words(
    """
    不 没 没有 无 未 别 毫无 并不 不是 不太 不怎么 不会 不能 不够 没什么 一点不 并没有 并非 从不 绝不 从来不 从没
    """
)
_ENDS_SCOPE = words(
    """
    !?,;:.，。！？； but and or though because except since
    """
)
_SIGNS = {"👍": GOOD, "👎": POOR, "😡": POOR, "😠": POOR, "😢": POOR, "😭": POOR, "💔": POOR, "🤮": POOR, "❤": GOOD, "😍": GOOD, "🥰": GOOD, "😊": GOOD, "😀": GOOD, "🎉": GOOD, "👏": GOOD, "✨": GOOD}  # fmt: skip
# ruff: noqa: E501


def features(text: str) -> list[str]:
    """Words and pairs of words of a text as a classifier counts them, turned-round ones marked with ``¬``.

    >>> features("Not bad!"), features("电池不好")
    (['not', '¬bad', 'not ¬bad', '++'], ['电池', '不', '¬好', '电池 不', '不 ¬好', '--'])
    """
    words, opinions = _read(text)
    return [*words, *(f"{a} {b}" for a, b in pairwise(words)), *opinions]


def opinion_places(words: Sequence[str]) -> list[int]:
    """Where words of praise and complaint stand among the :func:`tokens` of a text."""
    good, poor = opinion_lists()
    found = []
    for at in range(len(words)):
        word, _ = _longest(words, at, good, poor)
        is_too_much = at > 0 and words[at - 1] == "too" and word.isalpha()
        if word in good or word in poor or word in _SIGNS or is_too_much:
            found.append(at)
    return found


def tokens(text: str) -> list[str]:
    """Words, Chinese ones as rjieba cuts them, marks and signs, in lower case and in order."""
    import rjieba

    found: list[str] = []
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    for part in _TOKENS.findall(plain):
        found += rjieba.cut(part) if "\u3400" <= part[0] <= "\ufaff" else [part]
    return found


def _read(text: str) -> tuple[list[str], list[str]]:
    """The words, each marked where it is negated, and its opinions."""
    good, poor = opinion_lists()
    words: list[str] = []
    opinions: list[str] = []
    left = 0
    all_tokens = tokens(text)
    at = 0
    while at < len(all_tokens):
        token = all_tokens[at]
        if token in _SIGNS:
            opinions.append(_SIGNS[token])
        word, size = _longest(all_tokens, at, good, poor)
        at += size
        if word in _ENDS_SCOPE:
            left = 0
            continue
        is_known = word in good or word in poor
        if not is_known and (word in _NEGATORS or word in _NEGATORS_ZH):
            words.append(word)
            left = _SCOPE_ZH if word in _NEGATORS_ZH else _SCOPE
            continue
        is_negated = left > 0
        left = max(left - 1, 0)
        words.append(f"¬{word}" if is_negated else word)
        if is_known:
            opinions.append(GOOD if (word in good) != is_negated else POOR)
            left = 0 if word >= "\u3400" else left
        elif len(words) > 1 and words[-2] == "too" and word.isalpha():
            opinions.append(POOR)
    return words, opinions


def _longest(
    all_tokens: Sequence[str], at: int, good: frozenset[str], poor: frozenset[str]
) -> tuple[str, int]:
    """The word that begins at a token, and its tokens: several where they are one known Chinese word."""
    if all_tokens[at] >= "\u3400":
        for size in (3, 2):
            joined = "".join(all_tokens[at : at + size])
            if len(all_tokens) >= at + size and (joined in good or joined in poor):
                return joined, size
    return all_tokens[at], 1


@functools.cache
def opinion_lists() -> tuple[frozenset[str], frozenset[str]]:
    """Words of praise and of complaint, in both languages."""
    return tuple(  # type: ignore[return-value]
        frozenset().union(*(word_list(f"{kind}_{language}") for language in ("en", "zh")))
        for kind in ("good", "poor")
    )


@functools.cache
def word_list(name: str) -> frozenset[str]:
    """The words of one file of ``words/``; lines that begin with # are comments."""
    text = resources.files(__package__ or "").joinpath("words", f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(" ".join(line for line in text.splitlines() if not line.startswith("#")).split())
