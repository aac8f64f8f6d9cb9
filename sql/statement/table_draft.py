"""Drafting over plain tables, in canonical SQL and two steps: the tables of each SELECT, then the query.

The first step chooses among the ways to join the schema's tables, the second writes under a grammar that
knows only the columns of those. The prompt shows the schema as CREATE TABLE statements with a few values; the
part that changes with the question is short, so that the rest is computed once.

Text that a statement may compare with: stretches of the question, and values that the database holds and the
question names, or that are one of few in a column of the chosen tables.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from llm.engine import Engine, Prompt
from sql.question.linking import Links, Vocabulary
from sql.question.stretches import question_stretches
from sql.semantics import View
from sql.statement.canonical import JoinPath, Schema
from sql.statement.canonical_grammar import paths_grammar, query_grammar
from sql.statement.grammar import for_database, quote_name, quote_text
from sql.statement.prompt import DIALECTS, one_line, template
from sql.statement.sense import refuse_contradictions
from sql.statement.written import NOTHING, TwoSteps, Written
from sql.types import Catalog

MAX_TOKENS = 160
"""Of the query; the longest of 6,457 canonical gold queries has 150."""
MAX_LEAD_TOKENS = 60
LOOKS = 6
"""First lines that are looked at."""
MAX_QUESTION = 600
SHOWN_VALUES = 3
"""Values shown beside a column."""
FEW_VALUES = 12
"""Values of a column with no more than so many may always be compared with."""
MAX_HINTS = 8
MAX_TEXTS = 400
MAX_COLUMNS = 400
"""Columns of a schema that are shown with types, keys and values; wider ones are shown by name."""


class TableDrafter(TwoSteps):
    """Writes statements over the plain tables of one workspace; a ``sql.statement.written.Writer``."""

    def __init__(
        self, vocabulary: Vocabulary, catalog: Catalog, engine: Engine, *, adapter: str | None = None
    ) -> None:
        self.schema = schema = Schema.of(vocabulary.views, catalog)
        self.fixed = describe_tables(vocabulary.views, catalog, vocabulary)
        self.vocabulary = vocabulary
        self._paths = {path.name: path for path in schema.paths}
        self._leads = paths_grammar(schema)
        self._leads_or_nothing = paths_grammar(schema, other=NOTHING)
        super().__init__(
            engine,
            adapter=adapter,
            lead_tokens=MAX_LEAD_TOKENS,
            query_tokens=MAX_TOKENS,
            looks=LOOKS,
        )

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``. Without an adapter nothing is written where no word of the
        question names anything the tables have."""
        if self.adapter is None and not links.mentions:
            return [Written(sql="", is_declined=True)]
        return super().draft(
            links, samples=samples, temperature=temperature, failures=failures, cancel=cancel
        )

    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; see :func:`table_prompt`."""
        return table_prompt(links, self.fixed, self.schema, failures=failures)

    def first(self, links: Links) -> str:
        """See ``sql.statement.written.TwoSteps``; to decline is left open only where no word was linked."""
        return self._leads if links.mentions else self._leads_or_nothing

    def second(self, lead: str, links: Links) -> tuple[str, Callable[[str], str]]:
        """See ``sql.statement.written.TwoSteps``."""
        paths = self.read_lead(lead)

        def to_sql(text: str) -> str:
            text = for_database(text.strip(), self.schema.dialect)
            refuse_contradictions(text, self.schema.dialect)
            return text

        return query_grammar(paths, self.schema, texts(links, paths, self.vocabulary)), to_sql

    def read_lead(self, text: str) -> tuple[JoinPath, ...]:
        """The paths that a first line names; ``ValueError`` when it names one that is not there."""
        names = text.strip().removeprefix("-- ").split(" / ")
        unknown = [name for name in names if name not in self._paths]
        if unknown:
            raise ValueError(f"no such tables: {', '.join(unknown)}")
        return tuple(self._paths[name] for name in names)


# --- the prompt ------------------------------------------------------------------------------------------


def table_prompt(
    links: Links, fixed: str, schema: Schema, *, failures: Sequence[tuple[str, str]] = ()
) -> Prompt:
    """The prompt of one question; training data is made with this same function.

    Args:
        fixed: the result of :func:`describe_tables`.
        failures: earlier statements with what was wrong with them, oldest first; the last is shown.
    """
    rest = template("tables_rest").substitute(
        question=one_line(links.question, MAX_QUESTION), hints="".join(f"{h}\n" for h in value_hints(links))
    )
    for sql, error in failures[-1:]:
        rest += "\n" + template("repair").substitute(sql=one_line(sql, 600), error=one_line(error, 300))
    return Prompt(
        system=template("system").substitute(dialect=DIALECTS[schema.dialect]),
        fixed=fixed,
        rest=re.sub(r"\n{2,}", "\n", f"\n{rest}\n"),
    )


def describe_tables(views: Sequence[View], catalog: Catalog, vocabulary: Vocabulary) -> str:
    """The schema, and that the tables are named first."""
    return template("tables").substitute(tables=create_statements(views, catalog, vocabulary))


def create_statements(
    views: Sequence[View],
    catalog: Catalog,
    vocabulary: Vocabulary,
    name: Callable[[str], str] = quote_name,
) -> str:
    """The schema as CREATE TABLE statements, a few values beside the columns whose values may be shown; a
    line a table where there are more than ``MAX_COLUMNS``.

    Args:
        name: how names are written.
    """
    if sum(len(v.columns) for v in views) > MAX_COLUMNS:
        lines = [f"{name(v.name)}({', '.join(name(c.name) for c in v.columns)})" for v in views]
    else:
        lines = [_create(view, catalog, vocabulary, name) for view in views]
    return "\n".join(lines)


def _create(view: View, catalog: Catalog, vocabulary: Vocabulary, name: Callable[[str], str]) -> str:
    table = catalog.table(view.name)
    known = {c.name.lower(): c.database_type for c in table.columns} if table else {}
    lines = []
    for column in view.columns:
        kind = known.get(column.name.lower()) or column.type
        line = f"  {name(column.name)} {kind}".rstrip()
        if table and table.primary_key == (column.name,):
            line += " PRIMARY KEY"
        values = vocabulary.values.get((view.name, column.name), ())[:SHOWN_VALUES]
        lines.append((line, ", ".join(quote_text(one_line(v, 30)) for v in values)))
    names = {c.name.lower() for c in view.columns}
    for key in table.foreign_keys if table else ():
        if len(key.columns) == 1 and key.target_columns and key.columns[0].lower() in names:
            target = f"{name(key.target_table)}({name(key.target_columns[0])})"
            lines.append((f"  FOREIGN KEY ({name(key.columns[0])}) REFERENCES {target}", ""))
    written = [
        line + ("," if n < len(lines) - 1 else "") + (f" -- {shown}" if shown else "")
        for n, (line, shown) in enumerate(lines)
    ]
    return f"CREATE TABLE {name(view.name)} (\n" + "\n".join(written) + "\n);"


def value_hints(links: Links, name: Callable[[str], str] = quote_name) -> list[str]:
    """Where the database holds what the question names, one line a value."""
    found: dict[str, None] = {}
    for mention in sorted(links.mentions, key=lambda m: (-m.score, m.start)):
        if mention.kind == "value" and mention.value is not None:
            place = f"{name(mention.view)}.{name(mention.name)}"
            found[f"-- {place} = {quote_text(one_line(mention.value, 60))}"] = None
    return list(found)[:MAX_HINTS]


# --- values ----------------------------------------------------------------------------------------------


def texts(links: Links, paths: Sequence[JoinPath], vocabulary: Vocabulary) -> list[str]:
    """What a column may be compared with, likelier ones first."""
    tables = {t for path in paths for t in path.tables}
    found: dict[str, None] = {}
    for mention in links.mentions:
        if mention.kind == "value" and mention.value is not None:
            found[mention.value] = None
    for (view, _), values in vocabulary.values.items():
        if view in tables and len(values) <= FEW_VALUES:
            found |= dict.fromkeys(values)
    found |= dict.fromkeys(question_stretches(links.question))
    found |= {day.isoformat(): None for p in links.periods for day in (p.start, p.end) if 1 < day.year < 9999}
    kept = [text for text in found if "\n" not in text][:MAX_TEXTS]
    if not _PATTERN_WORDS.search(links.question):
        return kept
    return list(dict.fromkeys([*kept, *(p for t in kept for p in (f"%{t}%", f"{t}%", f"%{t}"))]))


_PATTERN_WORDS = re.compile(
    r"\b(?:contain|includ|substring|start|begin|begun|end|prefix|suffix|letter|word|like|has|have|with|in)"
    r"|%|包含|含|开头|结尾",
    re.I,
)
