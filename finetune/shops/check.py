"""Checks the training set: each statement is read, compiled, guarded and run on its shop's made-up data.

It tells what is wrong and what looks empty, and counts how often each word of the language occurs. Whether a
statement answers its question, nobody but a reader can say.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finetune.errors import FinetuneError, ShopSetError
from finetune.heldout import is_measured_with
from finetune.shops.language_words import WORDS, words_in
from finetune.shops.question_pairs import KINDS, LANGUAGES, SET, Pair, read_pairs
from finetune.shops.recipe import build
from sql.errors import SqlError
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import Compiled, compile_statement
from sql.statement.parse import parse
from sql.types import Table

BUILT = Path(__file__).parents[2] / "build" / "shops"
"""Where the databases are made; nothing is written beside a recipe."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that an author should look at."""

    shop: str
    line: int | None
    """1-based line of ``questions.jsonl``; ``None`` when it is the shop."""
    is_wrong: bool
    """Whether it must be mended; else it is a warning."""
    text: str

    def __str__(self) -> str:
        place = f"{self.shop}{f':{self.line}' if self.line else ''}"
        return f"{place}: {'wrong' if self.is_wrong else 'warning'}: {self.text}"


@dataclass
class Counts:
    """What the set holds. A word is counted once for each pair whose statement uses it."""

    shops: int = 0
    pairs: int = 0
    kinds: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(KINDS, 0)))
    languages: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(LANGUAGES, 0)))
    personas: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(WORDS, 0)))

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        counters = ("kinds", "languages", "personas", "words")
        return {"shops": self.shops, "pairs": self.pairs, **{n: dict(getattr(self, n)) for n in counters}}


@contextmanager
def opened(name: str, root: Path = SET, built: Path = BUILT) -> Iterator[Workspace]:
    """A shop of the set over its database, which is made where it is missing or its recipe has changed.

    Raises:
        ShopSetError: there is no such shop, or its recipe is wrong. ShopFileError: its description is.
    """
    folder = root / name
    if not (folder / "shop.yml").exists():
        raise ShopSetError(folder / "shop.yml", "", "there is no such file; write one as AUTHORS.md says")
    shop = load_shop(folder / "shop.yml")
    database = (built / name / "shop.duckdb").resolve()
    build(folder / "tables.yml", database)
    workspace = open_workspace(replace(shop, database=str(database)))
    try:
        yield workspace
    finally:
        workspace.close()


def ask(workspace: Workspace, text: str) -> tuple[Compiled, Table]:
    """Compile one statement and run it; raises the errors of ``sql.errors``."""
    compiled = _compile(workspace, text)
    return compiled, workspace.run(compiled.sql)


def _compile(workspace: Workspace, text: str) -> Compiled:
    dialect = workspace.catalog.dialect
    return compile_statement(parse(text), workspace.shop, dialect, workspace.today, workspace.role)


def check(
    names: Iterable[str],
    root: Path = SET,
    built: Path = BUILT,
    *,
    is_written: bool = False,
    run_one_of: int = 1,
) -> tuple[list[Finding], Counts]:
    """Check shops of the set.

    Args:
        is_written: store the normal spelling of each statement, in place of telling of another one.
        run_one_of: every statement is compiled, and one of so many is run too, always the same ones.
    """
    findings: list[Finding] = []
    counts = Counts()
    for name in names:
        counts.shops += 1
        if is_written:
            _write_normal(root / name / "questions.jsonl")
        try:
            with opened(name, root, built) as workspace:
                findings += _check_shop(workspace, name, root, counts, run_one_of)
        except (FinetuneError, SqlError) as error:
            findings.append(Finding(shop=name, line=None, is_wrong=True, text=str(error)))
    return findings, counts


def _check_shop(
    workspace: Workspace, name: str, root: Path, counts: Counts, run_one_of: int
) -> Iterator[Finding]:
    if workspace.shop.today is None:
        text = "shop.yml has no today; write a date, so that the answers stay the same"
        yield Finding(shop=name, line=None, is_wrong=True, text=text)
    pairs, faults = read_pairs(name, root)
    yield from (Finding(shop=name, line=None, is_wrong=True, text=str(fault)) for fault in faults)
    known: dict[str, list[tuple[bool, str]]] = {}
    for pair in pairs:
        _count(pair, counts)
        for part, text in pair.statements:
            if text not in known:
                is_run = zlib.crc32(text.encode()) % run_one_of == 0
                known[text] = list(_check_statement(workspace, text, is_run=is_run))
            for is_wrong, reason in known[text]:
                if is_wrong or part != "previous":  # an empty one was told of where it was asked
                    yield Finding(shop=name, line=pair.line, is_wrong=is_wrong, text=f"{part}: {reason}")
        if any(map(is_measured_with, pair.turns)):
            text = "something is measured with a question of the same words; ask in others"
            yield Finding(shop=name, line=pair.line, is_wrong=True, text=text)
        if named := re.search(r"\b[a-z]+(_[a-z]+)+\b|\b(GROUP BY|DURING|HAVING|SELECT)\b", pair.turns[-1]):
            text = f"nobody types {named.group()!r}; ask in the asker's own words"
            yield Finding(shop=name, line=pair.line, is_wrong=False, text=text)


def _check_statement(workspace: Workspace, text: str, *, is_run: bool) -> Iterator[tuple[bool, str]]:
    """Whether it is wrong, and what is to be said of it."""
    try:
        normal = str(parse(text))
        compiled = _compile(workspace, text)
        table = workspace.run(compiled.sql) if is_run else None
    except SqlError as error:
        yield True, f"{error} Statement: {text}"
        return
    if normal != text:
        yield True, f"it is spelled otherwise: {normal} (check --write stores that). Statement: {text}"
    if table is None:
        return
    figures = [i for i, column in enumerate(compiled.columns) if column.is_figure]
    if not table.rows:
        yield False, f"the result has no rows: {text}"
    elif figures and not any(row[i] for row in table.rows for i in figures):
        yield False, f"all figures are 0 or empty: {text}"


def _count(pair: Pair, counts: Counts) -> None:
    counts.pairs += 1
    counts.kinds[pair.kind] += 1
    counts.languages[pair.language] += 1
    counts.personas[pair.persona] += 1
    if pair.statement:
        try:
            counts.words.update(words_in(parse(pair.statement)))
        except SqlError:  # told of where it is checked
            return


def _write_normal(path: Path) -> None:
    """Store statements in their one spelling; lines that cannot be read stay as they are."""
    if not path.exists():
        return
    before = path.read_text("utf-8")
    lines = []
    for line in before.splitlines():
        try:
            read = json.loads(line)
            for key in ("previous", "statement"):
                if read.get(key):
                    read[key] = str(parse(read[key]))
            if read.get("choices"):
                read["choices"] = [str(parse(choice)) for choice in read["choices"]]
            lines.append(json.dumps(read, ensure_ascii=False))
        except (ValueError, AttributeError, TypeError, SqlError):
            lines.append(line)
    after = "\n".join(lines) + "\n"
    if after != before:
        path.write_text(after, "utf-8")
