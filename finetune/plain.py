"""The plain way, for comparison: CREATE TABLE statements, the question, one greedy reply.

No views, no linking, no grammar, no examples, no repair, no guard. A statement runs as :mod:`finetune.gold`
runs gold statements: on the file, opened for reading only. One implementation for ``shoptalk evaluate
--plain`` and ``bench.baseline``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from importlib import resources
from string import Template

from finetune.scores import Verdict
from llm.engine import Completion, Engine, Prompt, Request
from sql.types import Catalog, CatalogTable

MAX_TOKENS = 256
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_DIALECTS = {"duckdb": "DuckDB", "sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MySQL"}
_UNRESOLVED = re.compile(
    r"no such (?:table|column|function)|ambiguous column|wrong number of arguments"
    r"|Binder Error|Catalog Error",
    re.IGNORECASE,
)
_UNPARSED = re.compile(
    r"syntax error|Parser Error|incomplete input|unrecognized token|one statement at a time", re.IGNORECASE
)


_FENCE = re.compile(r"```(?:sql)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)


def statement_of(reply: str) -> str:
    """The statement in a reply: what stands in the first code fence, else everything, up to a semicolon.

    >>> statement_of("Sure:\\n```sql\\nSELECT 1;\\n```")
    'SELECT 1'
    """
    fenced = _FENCE.search(reply)
    return (fenced[1] if fenced else reply).split(";")[0].strip()


@dataclass(frozen=True, kw_only=True)
class PlainPrompt:
    """The prompt of one database; only the question differs from call to call."""

    system: str
    fixed: str

    def ask(self, engine: Engine, question: str, *, adapter: str | None = None) -> tuple[str, Completion]:
        """The statement in one greedy reply, and the reply."""
        prompt = Prompt(system=self.system, fixed=self.fixed, rest=f"Question: {question}")
        reply = engine.complete(Request(prompt=prompt, adapter=adapter, max_tokens=MAX_TOKENS))[0]
        return statement_of(reply.text), reply


def plain_prompt(catalog: Catalog, today: dt.date | None = None) -> PlainPrompt:
    """The prompt for a database.

    Args:
        today: the shop's clock; ``None`` leaves the day out.
    """
    text = resources.files("finetune").joinpath("prompts", "plain.txt").read_text("utf-8").strip()
    clock = f"\n\nToday is {today.isoformat()}.\n" if today else "\n\n"
    return PlainPrompt(
        system=Template(text).substitute(dialect=_DIALECTS[catalog.dialect]),
        fixed=f"{create_statements(catalog)}{clock}",
    )


def create_statements(catalog: Catalog) -> str:
    """One CREATE TABLE statement a table, with types and keys, as a database would print it."""
    return "\n\n".join(_create(table, catalog.dialect) for table in catalog.tables)


def _create(table: CatalogTable, dialect: str) -> str:
    def name(word: str) -> str:
        if _PLAIN_NAME.match(word):
            return word
        return f"`{word}`" if dialect == "mysql" else '"' + word.replace('"', '""') + '"'

    def names(words: tuple[str, ...]) -> str:
        return ", ".join(map(name, words))

    parts = [f"{name(column.name)} {column.database_type}".rstrip() for column in table.columns]
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({names(table.primary_key)})")
    for key in table.foreign_keys:
        target = f"{name(key.target_table)} ({names(key.target_columns)})"
        parts.append(f"FOREIGN KEY ({names(key.columns)}) REFERENCES {target}")
    return f"CREATE TABLE {name(table.name)} (\n  " + ",\n  ".join(parts) + "\n);"


def verdict_of_problem(problem: str) -> Verdict:
    """What a database's own message about a statement stands for.

    >>> verdict_of_problem('near "SELEC": syntax error'), verdict_of_problem("no such column: amont")
    ('unparsed', 'unresolved')
    """
    if _UNPARSED.search(problem):
        return "unparsed"
    return "unresolved" if _UNRESOLVED.search(problem) else "failed"
