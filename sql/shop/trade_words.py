"""How people call what a table or column is named after, in English and Chinese.

The words are data (``commerce_words.yml``); this module reads names: ``ord_hdr`` is an order.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("commerce_words.yml")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def _read() -> tuple[dict[str, list[str]], dict[str, str], frozenset[str]]:
    found = _file()
    return found["nouns"], found["short"], frozenset(found["idle"])


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return found


def value_names() -> dict[str, list[str]]:
    """Values of states and ways to pay, in lower case → how people call them."""
    names: dict[str, list[str]] = _file()["values"]
    return names


def spaced(name: str) -> str:
    """``unitPrice``, ``unit_price`` and ``UNIT-PRICE`` → ``unit price``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.split(r"[\W_]+", parted.strip())).strip().lower()


def singular(word: str) -> str:
    """A noun in the singular, roughly: enough to see that orders have an order id."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ses", "xes", "ches", "shes")) and len(word) > 4:
        return word[:-2]
    if word.endswith(("ss", "us", "is")) or len(word) <= 3:
        return word
    return word[:-1] if word.endswith("s") else word


def read_name(name: str) -> list[str]:
    """The words that a name is made of, in full and in the singular: ``cust_no`` → customer, number."""
    _, short, idle = _read()
    found = []
    for word in spaced(name).split():
        parts = [word] if word in short or word in idle else _parted(word)
        for part in parts:
            found += (short.get(part) or short.get(singular(part)) or singular(part)).split()
    return found


def nouns_of(name: str) -> list[str]:
    """The words of a table's name that say what it holds; all where none does."""
    words = read_name(name)
    return [word for word in words if word not in _read()[2]] or words


def words_for(name: str) -> tuple[str, ...]:
    """What people call a column or table of that name, in both languages; empty where nothing is known.

    The very words of the name are not repeated.
    """
    nouns, _, idle = _read()
    whole = read_name(name)
    bare = [w for w in whole if w not in idle]
    is_chinese = any(_CHINESE.search(w) for w in whole)
    tried = [_joined(bare), _joined(whole)]
    if is_chinese:
        tried.append(
            re.sub("|".join(sorted(filter(_CHINESE.search, idle), key=len, reverse=True)), "", tried[0])
        )
    plain = spaced(name)
    for told in filter(None, tried):
        known = nouns.get(told)
        if known is None and told not in (plain, _joined([singular(w) for w in plain.split()])):
            known = [told]  # an abbreviation written out, or a name without its idle words
        if known is not None:
            return tuple(w for w in known if w not in (plain, singular(plain), name))
    return ()


def _joined(words: list[str]) -> str:
    text = " ".join(words)
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def _parted(word: str) -> list[str]:
    """``ordhdr`` → ord, hdr: two abbreviations of three letters or more, written as one word."""
    nouns, short, idle = _read()
    for at in range(3, len(word) - 2):
        first, second = word[:at], word[at:]
        if (first in short or first in nouns) and (second in short or second in idle):
            return [first, second]
    return [word]
