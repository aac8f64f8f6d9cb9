"""The prompt of one question: what never changes first, so that an engine computes it once.

The words live in ``sql/prompts/*.txt``. Everything that comes from strangers (question, values, errors) is
put in as plain text on one line of its own; engines encode it without control tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from llm.engine import Prompt
from sql.grammar import quote_name
from sql.linking import Links, Vocabulary
from sql.scopes import edges
from sql.semantics import Example, Shop, View
from sql.shape import period_predicate
from sql.types import Catalog
from sql.words import spaced

_MAX_QUESTION = 500
_MAX_ERROR = 300
_MAX_MADE = 9
"""Tables that get a made example."""
_MAX_SCHEMA_COLUMNS = 400
"""Columns in the fixed part; of a wider schema only the linked tables are shown, in the rest."""
DIALECTS = {"duckdb": "DuckDB", "sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MySQL"}


@cache
def template(name: str) -> Template:
    """The template file of that name, without its last line break."""
    return Template(resources.files("sql").joinpath("prompts", f"{name}.txt").read_text("utf-8").rstrip("\n"))


def one_line(text: str, limit: int) -> str:
    """``text`` on one line and cut to ``limit`` characters."""
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def fixed_part(shop: Shop, vocabulary: Vocabulary, catalog: Catalog) -> str:
    """Schema, metrics and examples as one role sees them; the same for every question.

    A shop without examples gets a few that are made from its names, so that the model sees the form.
    """
    views = vocabulary.views
    if sum(len(v.columns) for v in views) > _MAX_SCHEMA_COLUMNS:
        schema = "\n".join(v.name for v in views)
    else:
        schema = "\n".join(describe_view(v) for v in views)
    metrics = "".join(f"\n{m.name} = {m.sql} FROM {m.view}" for m in vocabulary.metrics)
    return template("fixed").substitute(
        name=shop.name,
        schema=schema,
        metrics=f"\nMetrics:{metrics}\n" if metrics else "",
        examples="".join(describe_example(e) for e in shop.examples or made_examples(vocabulary, catalog)),
    )


def made_examples(vocabulary: Vocabulary, catalog: Catalog) -> list[Example]:
    """Questions with queries made from a schema's own names: counts, lists, most frequent values, a join."""
    views = vocabulary.views
    made = []
    texts = [(v, c) for v in views for c in v.columns if c.type == "text"]
    # Every table in turn: a small model likes to repeat the tables that it has seen in an example.
    for at, view in enumerate(views[:_MAX_MADE]):
        name, words = quote_name(view.name), spaced(view.name)
        label = next((c for c in view.columns if c.type == "text"), view.columns[-1])
        if at % 3 == 0:
            question, sql = f"How many {words} are there?", f"SELECT COUNT(*) FROM {name}"
        elif at % 3 == 1:
            question = f"List the {spaced(label.name)} of all {words}."
            sql = f"SELECT {quote_name(label.name)} FROM {name}"
        else:
            question = f"What is the most common {spaced(label.name)} of the {words}?"
            sql = f"SELECT {quote_name(label.name)} FROM {name} GROUP BY 1 ORDER BY COUNT(*) DESC LIMIT 1"
        made.append(Example(question=question, sql=sql))
    for edge in edges(views, catalog)[:2]:
        shown = next((c for v, c in texts if v.name == edge.one), None)
        if shown is None:
            continue
        one, many = quote_name(edge.one), quote_name(edge.many)
        keys = f"{many}.{quote_name(edge.many_column)} = {one}.{quote_name(edge.one_column)}"
        first, second = sorted((edge.one, edge.many), key=[v.name for v in views].index)
        made.append(
            Example(
                question=(
                    f"How many {spaced(edge.many)} does each {spaced(edge.one)} have? Show its "
                    f"{spaced(shown.name)}."
                ),
                sql=f"SELECT {one}.{quote_name(shown.name)}, COUNT(*) FROM {quote_name(first)} JOIN "
                f"{quote_name(second)} "
                f"ON {keys} GROUP BY 1",
            )
        )
        break
    return made


def describe_view(view: View) -> str:
    """One line: name, columns with their types, what a row is."""
    columns = ", ".join(c.name if c.type == "text" else f"{c.name} {c.type}" for c in view.columns)
    return f"{view.name}({columns})" + (f" -- {view.description}" if view.description else "")


def describe_example(example: Example) -> str:
    """A question with its query in the form that drafts have."""
    return f"\nQuestion: {example.question}\n{example_draft(example)}\n"


def example_draft(example: Example) -> str:
    """The query behind the line that names its tables, as the grammar wants it."""
    outer = re.sub(r"\(SELECT[^()]*\)", "", example.sql, flags=re.I)
    tables = re.findall(r"\b(?:FROM|JOIN)\s+(\"[^\"]+\"|\w+)", outer, re.I)
    names = ", ".join(dict.fromkeys(t.strip('"') for t in tables))
    return f"-- {names}\n{example.sql.strip()}"


def build_prompt(
    links: Links,
    shop: Shop,
    vocabulary: Vocabulary,
    catalog: Catalog,
    today: str,
    *,
    scopes: Sequence[str] = (),
    hinted: bool = True,
    failures: Sequence[tuple[str, str]] = (),
    lead: str = "",
    fixed: str | None = None,
) -> Prompt:
    """Put the prompt of one question together.

    Args:
        today: the shop's day, ISO.
        scopes: views that the draft may use, for hints about nothing else.
        hinted: whether to say what linking found; not needed where the grammar says it already.
        failures: earlier drafts with what was wrong with them, oldest first.
        lead: how the draft must begin.
        fixed: the result of :func:`fixed_part`, when it is at hand.
    """
    parts = [
        template("rest")
        .substitute(
            today=today,
            question=one_line(links.question, _MAX_QUESTION),
            hints=_hints(links, vocabulary, scopes) if hinted else "",
        )
        .rstrip()
    ]
    for sql, error in failures[-1:]:
        parts.append(template("repair").substitute(sql=one_line(sql, 600), error=one_line(error, _MAX_ERROR)))
    return Prompt(
        system=template("system").substitute(dialect=DIALECTS[catalog.dialect]),
        fixed=fixed_part(shop, vocabulary, catalog) if fixed is None else fixed,
        rest="\n" + "\n".join(parts) + "\n",
        lead=lead,
    )


def _hints(links: Links, vocabulary: Vocabulary, scopes: Sequence[str]) -> str:
    """What linking found, one short line each: metrics, columns, values and the period as predicates."""
    names = set(scopes)
    lines: dict[str, None] = {}
    for mention in links.mentions:
        if names and mention.view not in names:
            continue
        said = one_line(mention.text, 60)
        if mention.kind == "metric" and (metric := vocabulary.metric(mention.name)):
            lines[f"{said}: {metric.sql} AS {metric.name}"] = None
        elif mention.kind == "column" and said.casefold() != mention.name.casefold():
            lines[f"{said}: {mention.name}"] = None
        elif mention.kind == "value" and not mention.is_part:
            lines[f"{said}: {mention.name} = '{one_line(mention.value or '', 80)}'"] = None
    for period in links.periods:
        view = next((v for v in vocabulary.views if v.time and (not names or v.name in names)), None)
        lines[f"{period.text}: {period_predicate(view.time if view and view.time else 'date', period)}"] = (
            None
        )
    shown = list(lines)[:10]
    return "\n".join(f"-- {line}" for line in shown)
