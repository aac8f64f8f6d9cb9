"""The simplest way with a model, to stand far above: CREATE statements with values and found keys, one greedy
reply, up to two repairs from the database's error.

No description, no linking, no grammar, no guard: statements run on a DuckDB or SQLite file that is opened for
reading only.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from finetune.gold import Gold, run_golds
from finetune.plain import statement_of
from llm.engine import Engine, Prompt, Request
from sql.databases import open_database
from sql.names import quoted
from sql.types import Catalog, CatalogTable, Dialect

REPAIRS = 2
MAX_TOKENS = 180
SHOWN_VALUES = 3
LONGEST_VALUE = 24
_KEY = re.compile(r"(?:id|_name|_code)\Z", re.I)
_TITLES = {"duckdb": "DuckDB", "sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MySQL"}
_SYSTEM = (
    "You write one {dialect} query that answers the question about an online shop. Use only the tables and "
    "columns listed. Show what is asked and nothing else; do not add LIMIT unless a number of rows is asked. "
    "Reply with SQL only."
)


@dataclass(frozen=True, kw_only=True)
class Simplest:
    """The way over one database file."""

    file: Path
    prompt: Prompt
    """Without a question."""

    def ask(self, engine: Engine, question: str) -> tuple[str, Gold]:
        """The last statement that the bare model wrote, and its rows or its problem."""
        rest = f"\n\nQuestion: {question}"
        for _ in range(REPAIRS + 1):
            prompt = Prompt(system=self.prompt.system, fixed=self.prompt.fixed, rest=rest)
            (reply,) = engine.complete(Request(prompt=prompt, max_tokens=MAX_TOKENS))
            statement = statement_of(reply.text)
            (gold,) = run_golds(self.file, [statement])
            if gold.problem is None:
                break
            rest += f"\n\n{statement}\n\nError: {gold.problem}. Write the query again without this error."
        return statement, gold


def simplest_way(file: Path, today: dt.date | None = None) -> Simplest:
    """Read a database's tables, values and keys.

    Args:
        today: the shop's clock; ``None`` leaves the day out.
    """
    database = open_database(str(file.resolve()))
    try:
        catalog = database.catalog()
    finally:
        database.close()
    clock = f"\n\nToday is {today.isoformat()}." if today else ""
    described = "\n".join([*_create(catalog, file), "-- Joins:", *_joins(catalog, file)])
    system = _SYSTEM.format(dialect=_TITLES[catalog.dialect])
    return Simplest(file=file, prompt=Prompt(system=system, fixed=described + clock, rest=""))


def _create(catalog: Catalog, file: Path) -> Iterator[str]:
    for table in catalog.tables:
        lines = []
        for column in table.columns:
            name, of = quoted(column.name, catalog.dialect), quoted(table.name, catalog.dialect)
            common = (
                f"SELECT {name} FROM {of} WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY COUNT(*) DESC "
                f"LIMIT {SHOWN_VALUES}"
            )
            (found,) = run_golds(file, [common])
            values = [str(row[0])[:LONGEST_VALUE] for row in found.rows]
            shown = f" -- {', '.join(values)}" if values and max(map(len, values)) < LONGEST_VALUE else ""
            lines.append(f"  {name} {column.database_type}{shown}")
        yield f"CREATE TABLE {quoted(table.name, catalog.dialect)} (\n" + ",\n".join(lines) + "\n);"


def _joins(catalog: Catalog, file: Path) -> Iterator[str]:
    """Columns of one name in two tables that are unique in one of them."""
    for left, right in itertools.permutations(catalog.tables, 2):
        names = {column.name for column in right.columns}
        for column in left.columns:
            is_key = column.name in names and _KEY.search(column.name)
            if is_key and _is_unique(right, column.name, file, catalog.dialect):
                name, one, other = (
                    quoted(each, catalog.dialect) for each in (column.name, left.name, right.name)
                )
                yield f"-- {one}.{name} = {other}.{name}"


def _is_unique(table: CatalogTable, column: str, file: Path, dialect: Dialect) -> bool:
    name, of = quoted(column, dialect), quoted(table.name, dialect)
    (found,) = run_golds(file, [f"SELECT COUNT(*) = COUNT(DISTINCT {name}) FROM {of}"])
    return bool(found.rows and found.rows[0][0])
