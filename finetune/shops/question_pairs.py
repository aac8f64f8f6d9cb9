"""Pairs of the training set: a question as somebody typed it, and the statement that answers exactly it.

Reading checks the form of each line alone and that no question stands twice; whether a statement means
anything is told by ``finetune.shops.check``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from finetune.errors import ShopSetError

SET = Path(__file__).parent / "set"
"""One folder a shop."""
Kind = Literal["question", "follow_up", "ask_back", "unanswerable", "job"]
Language = Literal["en", "zh"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)
JOBS = ("report", "ask_reviews", "help")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One question of one shop, and what is right for it."""

    shop: str
    """The shop's folder in the set."""
    id: str
    persona: str
    """Who asks: owner, buyer, marketer …"""
    language: Language
    turns: tuple[str, ...]
    """What was typed; the last one is to be answered, those before it were answered by ``previous``."""
    kind: Kind
    statement: str = ""
    """In the question language; empty for what no statement answers."""
    previous: str = ""
    """The statement that a follow-up edits."""
    choices: tuple[str, ...] = ()
    """Of ``ask_back``: the readings as statements."""
    note: str = ""
    """Why it is asked back or cannot be answered; of a job, its name."""
    line: int = 0
    """1-based line of ``questions.jsonl``."""

    @property
    def statements(self) -> Iterator[tuple[str, str]]:
        """Field and text of each statement of the pair."""
        yield from ((name, t) for name in ("previous", "statement") if (t := getattr(self, name)))
        yield from (("choices", choice) for choice in self.choices)


_KEYS = tuple(f.name for f in fields(Pair) if f.name not in ("shop", "line"))


def shop_names(root: Path = SET) -> list[str]:
    """The shops of the set, sorted."""
    return sorted(path.parent.name for path in root.glob("*/shop.yml"))


def load_pairs(names: Iterable[str] | None = None, root: Path = SET) -> list[Pair]:
    """The pairs of the named shops, or of all.

    Raises:
        ShopSetError: a line is no pair, or a question or id stands there twice; with file and line.
    """
    pairs = []
    for name in shop_names(root) if names is None else names:
        found, faults = read_pairs(name, root)
        if faults:
            raise faults[0]
        pairs += found
    return pairs


def read_pairs(name: str, root: Path = SET) -> tuple[list[Pair], list[ShopSetError]]:
    """The pairs of one shop that can be read, and what is wrong with the other lines."""
    return read_pairs_of(root / name / "questions.jsonl", name)


def read_pairs_of(path: Path, name: str) -> tuple[list[Pair], list[ShopSetError]]:
    """The same of a file that holds the pairs of a shop."""
    pairs: list[Pair] = []
    faults: list[ShopSetError] = []
    if not path.exists():
        return [], [ShopSetError(path, "", "the file is missing; the shop has no questions")]
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [ShopSetError(path, "", f"the file cannot be read: {error}")]
    seen: dict[tuple[str, ...], int] = {}
    for number, text in enumerate(lines, 1):
        try:
            pair = _pair(path, number, name, text)
            _check_new(path, pair, seen)
        except ShopSetError as fault:
            faults.append(fault)
        else:
            pairs.append(pair)
    return pairs, faults


def _pair(path: Path, number: int, shop: str, text: str) -> Pair:
    def fail(reason: str) -> ShopSetError:
        return ShopSetError(path, f"line {number}", reason)

    try:
        read: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise fail(f"this is no JSON object on one line: {error}") from error
    if not isinstance(read, dict):
        raise fail("a line must be one object, {…}")
    for key in read:
        if key not in _KEYS:
            raise fail(f"a pair has no key {key!r}; it may have {', '.join(_KEYS)}")
    for key in ("turns", "choices"):
        value = read.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise fail(f"{key} must be a list of texts, none empty")
        read[key] = tuple(value)
    for key in _KEYS:
        if key not in ("turns", "choices") and not isinstance(read.setdefault(key, ""), str):
            raise fail(f"{key} must be a text, not {read[key]!r}")
    if reason := _fault(read):
        raise fail(reason)
    return Pair(shop=shop, line=number, **read)


def _fault(read: dict[str, Any]) -> str:
    """What is wrong with the form of a pair, or nothing."""
    for key in ("id", "persona", "turns"):
        if not read[key]:
            return f"{key} is empty"
    for key, allowed in (("kind", KINDS), ("language", LANGUAGES)):
        if read[key] not in allowed:
            return f"{key} is {read[key]!r}; it must be one of {', '.join(allowed)}"
    kind, needs = read["kind"], read["kind"] in ("question", "follow_up")
    if needs != bool(read["statement"]):
        return f"a pair of kind {kind} needs {'a statement' if needs else 'an empty statement'}"
    if kind == "follow_up" and not read["previous"]:
        return "a follow_up needs previous, the statement that it changes"
    if kind == "question" and (read["previous"] or len(read["turns"]) != 1):
        return "a question has one turn and no previous; with them it is a follow_up"
    if kind == "follow_up" and read["statement"] == read["previous"]:
        return "the follow_up leaves the statement as it was; write what it changes"
    if (kind == "ask_back") != bool(read["choices"]) or len(set(read["choices"])) == 1:
        return "an ask_back, and no other kind, has choices: two different readings or more, as statements"
    if kind in ("ask_back", "unanswerable") and not read["note"]:
        return f"a pair of kind {kind} needs a note that says why in a few words"
    if kind == "job" and read["note"] not in JOBS:
        return f"the note of a job is its name: {', '.join(JOBS)}; not {read['note']!r}"
    if read["language"] == "zh" and not _HAN.search(" ".join(read["turns"])):
        return "the language is zh, and no turn holds a Chinese character"
    return ""


def _check_new(path: Path, pair: Pair, seen: dict[tuple[str, ...], int]) -> None:
    asked = tuple(re.sub(r"\W+", " ", t).strip().casefold() for t in pair.turns)
    for what, key in (("id", ("id", pair.id)), ("question", ("asked", *asked, pair.previous))):
        if key in seen:
            reason = f"the same {what} stands on line {seen[key]}; write another one"
            raise ShopSetError(path, f"line {pair.line}", reason)
        seen[key] = pair.line
