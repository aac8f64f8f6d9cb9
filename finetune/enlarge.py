"""Variants of a database: the same rows under other names, in another order, beside tables of another one.

A model that has seen a few hundred databases learns their names by heart; one that has seen each of them
under several names must read the schema. A variant is a real SQLite file, so that its examples are made by
the very code that makes those of the original: names are read, values linked and statements run as ever.

What changes, each drawn with the seed: the spelling of names (snake_case, camelCase, capitals, shortened
words, words of like meaning), the order of tables and of columns, and up to ``MAX_DISTRACTORS`` tables that
no statement needs. Questions stay as they are.
"""

from __future__ import annotations

import functools
import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot
import yaml
from sqlglot import exp

from finetune.ways import open_unseen
from sql.question.words import spaced
from sql.statement.canonical import NotCanonical, Schema, canonical
from sql.statement.joins import Edge
from sql.types import Catalog, CatalogTable

MAX_DISTRACTORS = 3
SYNONYMS = Path(__file__).parent / "synonyms.yml"
SWAPPED = 0.35
"""Part of the words with one of like meaning that are swapped, in a variant that swaps words."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A variant's file, and what its names were."""

    path: Path
    tables: Mapping[str, str]
    """Table of the original → its name here."""
    columns: Mapping[tuple[str, str], str]
    """Table and column of the original → the column's name here."""
    original: Schema

    def translate(self, sql: str) -> str:
        """A statement over the original as one over the variant.

        Raises:
            NotCanonical: it has no canonical form, in which alone the owner of each column is sure.
        """
        tree = sqlglot.parse_one(canonical(sql, self.original).sql, read="sqlite")
        for column in list(tree.find_all(exp.Column)):
            owner = column.table or _only_table(column)
            name = self.columns.get((owner, column.name))
            if name is None:
                raise NotCanonical(f"{owner}.{column.name} is in no table of the original")
            column.set("this", exp.to_identifier(name, quoted=True))
            if column.table:
                column.set("table", exp.to_identifier(self.tables[owner], quoted=True))
        for table in list(tree.find_all(exp.Table)):
            table.set("this", exp.to_identifier(self.tables[table.name], quoted=True))
        return tree.sql(dialect="sqlite")


def _only_table(column: exp.Column) -> str:
    select = column.find_ancestor(exp.Select)
    from_ = select.args.get("from_") if select is not None else None
    return str(from_.this.name) if from_ is not None else ""


def make_variant(source: Path, target: Path, *, seed: int, distractors: Path | None = None) -> Variant:
    """Write a variant of the SQLite database ``source`` to ``target``, which must not exist.

    Args:
        seed: the same seed makes the same variant.
        distractors: a database whose tables may stand beside; ``None`` adds none.
    Raises:
        FileExistsError: ``target`` is there; it is left as it is.
        SqlError: ``source`` cannot be opened.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists and was left as it is")
    chance = random.Random(f"{seed}:{source.stem}")
    catalog, schema = _read(source)
    spell = _speller(chance)
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for table in catalog.tables:
        tables[table.name] = _free(spell(table.name), tables.values())
        taken: list[str] = []
        for column in table.columns:
            taken.append(_free(spell(column.name), taken))
            columns[table.name, column.name] = taken[-1]
    made = [_Made(source, t, tables, columns, schema.edges) for t in catalog.tables]
    if distractors is not None and distractors != source:
        made += _distractors(distractors, tables.values(), chance)
    chance.shuffle(made)
    unfinished = target.with_name(f"{target.name}.part")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished)
    try:
        for one in made:
            one.write(connection, chance)
        connection.commit()
    finally:
        connection.close()
    unfinished.replace(target)
    return Variant(path=target, tables=tables, columns=columns, original=schema)


def _read(path: Path) -> tuple[Catalog, Schema]:
    workspace = open_unseen(path)
    try:
        return workspace.catalog, Schema.of(workspace.guard.views, workspace.catalog)
    finally:
        workspace.close()


# --- tables ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Made:
    """One table of a variant."""

    source: Path
    table: CatalogTable
    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    edges: Sequence[Edge]

    def write(self, connection: sqlite3.Connection, chance: random.Random) -> None:
        """Create the table and copy its rows."""
        order = [c.name for c in self.table.columns]
        if chance.random() < 0.5:
            rest = order[1:]
            chance.shuffle(rest)
            order = [order[0], *rest]
        name = _quoted(self.tables[self.table.name])
        connection.execute(f"CREATE TABLE {name} ({', '.join(self._parts(order))})")
        connection.execute("ATTACH DATABASE ? AS source", (f"file:{self.source}?mode=ro",))
        try:
            known = ", ".join(map(_quoted, order))
            connection.execute(
                f"INSERT INTO main.{name} SELECT {known} FROM source.{_quoted(self.table.name)}"
            )
            connection.commit()
        finally:
            connection.execute("DETACH DATABASE source")

    def _parts(self, order: Sequence[str]) -> list[str]:
        types = {c.name: c.database_type for c in self.table.columns}
        parts = [f"{self._column(c)} {_TYPE.sub('', types[c])}".rstrip() for c in order]
        if self.table.primary_key:
            parts.append(f"PRIMARY KEY ({', '.join(map(self._column, self.table.primary_key))})")
        for edge in self.edges:
            if edge.many == self.table.name:
                one = _quoted(self.columns[edge.one, edge.one_column])
                parts.append(
                    f"FOREIGN KEY ({self._column(edge.many_column)}) "
                    f"REFERENCES {_quoted(self.tables[edge.one])}({one})"
                )
        return parts

    def _column(self, name: str) -> str:
        return _quoted(self.columns[self.table.name, name])


_TYPE = re.compile(r"[^\w (),]")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _distractors(path: Path, taken: Iterable[str], chance: random.Random) -> list[_Made]:
    """Up to ``MAX_DISTRACTORS`` tables of another database, under their own names, without their keys."""
    catalog, _ = _read(path)
    known = {name.lower() for name in taken}
    free = [t for t in catalog.tables if t.name.lower() not in known]
    chosen = chance.sample(free, min(len(free), chance.randint(0, MAX_DISTRACTORS)))
    return [
        _Made(path, t, {t.name: t.name}, {(t.name, c.name): c.name for c in t.columns}, ()) for t in chosen
    ]


# --- names -----------------------------------------------------------------------------------------------


def _free(name: str, taken: Iterable[str]) -> str:
    """``name``, with a number behind it when another has it."""
    known = {other.lower() for other in taken}
    found, number = name, 2
    while found.lower() in known:
        found, number = f"{name}{number}", number + 1
    return found


def _speller(chance: random.Random) -> Callable[[str], str]:
    """How this variant spells names: one style for all of them, and now and then another word."""
    style = chance.choice(_STYLES)
    shortens = chance.random() < 0.25
    swaps = chance.random() < 0.6
    chosen: dict[str, str] = {}

    def word(text: str) -> str:
        if text not in chosen:
            others = synonyms().get(text, ())
            swapped = chance.choice(others) if others and swaps and chance.random() < SWAPPED else text
            chosen[text] = _short(swapped) if shortens and chance.random() < 0.4 else swapped
        return chosen[text]

    return lambda name: style([word(w) for w in spaced(name).split()] or ["x"])


def _snake(words: list[str]) -> str:
    return "_".join(words)


def _camel(words: list[str]) -> str:
    return words[0] + "".join(w.capitalize() for w in words[1:])


def _pascal(words: list[str]) -> str:
    return "".join(w.capitalize() for w in words)


def _capitals(words: list[str]) -> str:
    return "_".join(words).upper()


def _title(words: list[str]) -> str:
    return "_".join(w.capitalize() for w in words)


_STYLES = (_snake, _snake, _snake, _camel, _pascal, _capitals, _title)


def _short(word: str) -> str:
    """A long word without most of its vowels, as tables of old systems have them: ``quantity``, ``qntt``."""
    if len(word) < 6:
        return word
    return (word[0] + re.sub(r"[aeiouy]", "", word[1:]))[:5]


@functools.cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Word → words of like meaning, each way."""
    groups = yaml.safe_load(SYNONYMS.read_text(encoding="utf-8"))
    return {word: tuple(w for w in group if w != word) for group in groups for word in group}
