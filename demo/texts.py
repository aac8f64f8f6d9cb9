"""Reads the hand-written stock of texts in ``demo/texts`` and fills it in.

Two formats, both plain text so that they are pleasant to write: ``products.txt`` (blocks of ``key: value``
and bilingual lines ``English || Chinese``) and fragment files (headers ``[key polarity | where]`` followed by
one fragment per line). ``{a|b}`` is a choice; ``<noun>`` and friends are slots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from demo.dice import TextDice

FOLDER = Path(__file__).parent / "texts"
_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<([a-zA-Z_]+)>")


@dataclass(frozen=True, kw_only=True)
class ProductType:
    """One kind of product: what it is called, what it costs, what buyers talk about."""

    key: str
    category: str
    name: str
    name_zh: str
    noun: str
    noun_zh: str
    is_plural: bool
    low: float
    high: float
    aspects: tuple[tuple[str, float], ...]
    models: tuple[tuple[str, str], ...]
    sentences: tuple[tuple[str, str], ...]
    """Pairs of the same sentence in English and Chinese; the first two introduce the product."""


def read_lines(name: str) -> list[str]:
    """The lines of ``demo/texts/NAME`` that are neither empty nor comments."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]


def _pair(text: str) -> tuple[str, str]:
    left, _, right = text.partition("||")
    return left.strip(), right.strip()


def _model(text: str) -> tuple[str, str]:
    name, _, name_zh = text.strip().partition("=")
    return name, name_zh or name


@lru_cache(maxsize=1)
def product_types() -> tuple[ProductType, ...]:
    """The range as it is written in ``products.txt``, in the file's order."""
    types = []
    blocks: list[list[str]] = []
    for line in read_lines("products.txt"):
        if line.startswith("== "):
            blocks.append([line[3:]])
        else:
            blocks[-1].append(line)
    for key, *lines in blocks:
        facts = dict(line.split(": ", 1) for line in lines[:6])
        name, name_zh = _pair(facts["name"])
        noun, noun_zh, number = (part.strip() for part in facts["noun"].split("||"))
        low, high = facts["price"].split()
        aspects = (item.split() for item in facts["aspects"].split(","))
        types.append(
            ProductType(
                key=key,
                category=facts["category"],
                name=name,
                name_zh=name_zh,
                noun=noun,
                noun_zh=noun_zh,
                is_plural=number == "plural",
                low=float(low),
                high=float(high),
                aspects=tuple((aspect, float(weight)) for aspect, weight in aspects),
                models=tuple(_model(item) for item in facts["models"].split(";")),
                sentences=tuple(_pair(line) for line in lines[6:]),
            )
        )
    return tuple(types)


def choose(text: str, dice: TextDice) -> str:
    """Resolve every ``{a|b}``; a choice may be empty."""
    while "{" in text:
        text = _CHOICE.sub(lambda match: dice.pick(match[1].split("|")), text)
    return text


def fill(text: str, slots: Mapping[str, str]) -> str:
    """Replace every ``<slot>``; an unknown one is a mistake in the text and raises KeyError."""
    return _SLOT.sub(lambda match: slots[match[1]], text)


class Swaps:
    """Says some of the same things in other words, as different people would."""

    def __init__(self, name: str) -> None:
        self._others: dict[str, list[str]] = {}
        for line in read_lines(name):
            left, _, right = line.partition(" = ")
            self._others[left] = [other.strip() for other in right.split("|")]
        longest_first = sorted(self._others, key=lambda phrase: (-len(phrase), phrase))
        words = "|".join(re.escape(phrase) for phrase in longest_first)
        edge = r"\b" if name.endswith("en.txt") else ""
        # "about" and its like would be said twice.
        self._phrase = re.compile(
            rf"(?<!about )(?<!around )(?<!nearly )(?<!good ){edge}(?:{words}){edge}", re.IGNORECASE
        )

    def apply(self, text: str, dice: TextDice, share: float = 0.3) -> str:
        """Swap about that ``share`` of the phrases that can be swapped; capitals stay."""

        def other(match: re.Match[str]) -> str:
            phrase = match[0]
            options = self._others.get(phrase) or self._others.get(phrase[0].lower() + phrase[1:])
            if not options or not dice.chance(share):
                return phrase
            chosen = dice.pick(options)
            return chosen[0].upper() + chosen[1:] if phrase[0].isupper() else chosen

        return self._phrase.sub(other, text)


@dataclass(frozen=True)
class Fragments:
    """Sentences by key and polarity, some only for certain kinds of product."""

    name: str
    _by_key: dict[tuple[str, str], list[tuple[frozenset[str], tuple[str, ...]]]] = field(repr=False)

    def get(self, key: str, polarity: str = "", *where: str) -> tuple[str, ...]:
        """All fragments of that key that fit one of ``where`` (product type, category); maybe none."""
        return _select(self, key, polarity, where)

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Every (key, polarity) that the file has."""
        return frozenset(self._by_key)


@cache
def _select(fragments: Fragments, key: str, polarity: str, where: tuple[str, ...]) -> tuple[str, ...]:
    chosen: list[str] = []
    for only, lines in fragments._by_key.get((key, polarity), []):
        if not only or only & set(where):
            chosen.extend(lines)
    return tuple(chosen)


@cache
def fragments(name: str) -> Fragments:
    """Read every ``demo/texts/NAME*.txt``. Headers: ``[battery -]``, ``[size_fit - | jeans t_shirt]``."""
    by_key: dict[tuple[str, str], list[tuple[frozenset[str], tuple[str, ...]]]] = {}
    header: tuple[str, str, frozenset[str]] | None = None
    lines: list[str] = []

    def keep() -> None:
        if header is not None:
            by_key.setdefault(header[:2], []).append((header[2], tuple(lines)))

    for line in (line for path in sorted(FOLDER.glob(f"{name}*.txt")) for line in read_lines(path.name)):
        match = re.fullmatch(r"\[(\w+) ?([-+~]?)(?: ?\| ?([\w ]+))?\]", line)
        if match is None:
            lines.append(line)
            continue
        keep()
        header = (match[1], match[2], frozenset((match[3] or "").split()))
        lines = []
    keep()
    if not by_key:
        raise FileNotFoundError(f"no texts {FOLDER / name}*.txt: this copy of the program is not whole")
    return Fragments(name, by_key)
