"""What a model reads before it writes a statement: the language, the shop, and the question with its links.

The language and the shop are the same for every question of a shop and role, so they stand first and are read
once; the question's own part is short. Training data is made with these same functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from llm.engine import Prompt
from sql.question.linking import Links, Vocabulary
from sql.question.words import is_chinese
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.prompt import one_line, template
from sql.statement.sentence import Text, written_name

MAX_QUESTION = 600
MAX_HINTS = 8
SHOWN_VALUES = 8
FEW_VALUES = 12
"""Values are shown beside a column that has no more than so many; those of others are linked by name."""
MANY_COLUMNS = 300
"""Columns of a shop beyond which they stand by their name alone."""


def language_prompt(
    links: Links,
    fixed: str,
    vocabulary: Vocabulary,
    *,
    previous: str = "",
    failures: Sequence[tuple[str, str]] = (),
) -> Prompt:
    """The prompt of one question.

    Args:
        fixed: the result of :func:`describe`.
        previous: the statement that a follow-up changes.
        failures: earlier statements with what was wrong with them; the last is shown.
    """
    rest = template("language_rest").substitute(
        question=one_line(links.question, MAX_QUESTION),
        previous=f"Before: {previous}\n" if previous else "",
        hints="".join(f"{hint}\n" for hint in hints(links, vocabulary)),
    )
    for statement, error in failures[-1:]:
        rest += "\n" + template("language_repair").substitute(
            statement=one_line(statement, 600), error=one_line(error, 300)
        )
    system = template("language_system").substitute()
    return Prompt(system=system, fixed=fixed, rest=re.sub(r"\n{2,}", "\n", f"\n{rest}\n"))


def describe(shop: Shop, vocabulary: Vocabulary, *, is_taught: bool) -> str:
    """The shop's views, columns, values and metrics, as one role sees them.

    Args:
        is_taught: an adapter has learnt the language; a bare model is told of it, with examples.
    """
    told: dict[str, str] | None = {}
    if sum(len(view.columns) for view in shop.views) > MANY_COLUMNS:
        told = None
    views = "\n".join(_view(view, shop, vocabulary, told) for view in shop.views)
    composed = [_metric(m) for m in shop.metrics if m.is_composed]
    if composed:
        views += f"\nmetrics of metrics: {', '.join(composed)}"
    return template("language_taught" if is_taught else "language").substitute(views=views)


def _view(view: View, shop: Shop, vocabulary: Vocabulary, told: dict[str, str] | None) -> str:
    what = f": {view.description}" if view.description else _english(view.synonyms, view.name, " = ")
    columns = [_column(view, c, vocabulary, told) for c in view.columns]
    line = f"- {written_name(view.name)}{one_line(what, 160)} ({', '.join(columns)})"
    metrics = [_metric(m) for m in shop.metrics if m.view == view.name]
    return line + (f"\n  metrics: {', '.join(metrics)}" if metrics else "")


def _column(view: View, column: ViewColumn, vocabulary: Vocabulary, told: dict[str, str] | None) -> str:
    """The name, where it stands for the first time another word for it, and its values where they are new.

    Args:
        told: the values that were told of each name so far; ``None`` where names are told alone.
    """
    name, key = written_name(column.name), column.name.lower()
    if told is None:
        return name
    values = vocabulary.values.get((view.name, column.name), ())
    shown = [str(Text(one_line(v, 24))) for v in values[:SHOWN_VALUES] if len(values) <= FEW_VALUES]
    shown += ["…"] if len(values) > SHOWN_VALUES and shown else []
    own = " ".join(shown)
    parts = ["" if key in told else _english(column.synonyms, column.name, "")]
    parts += [own] if own != told.get(key) else []
    told[key] = own
    return f"{name} [{'; '.join(filter(None, parts))}]" if any(parts) else name


def _metric(metric: Metric) -> str:
    told = _english(metric.synonyms, metric.name, "")
    return f"{written_name(metric.name)} [{told}]" if told else written_name(metric.name)


def _english(synonyms: Sequence[str], name: str, before: str) -> str:
    """One other word, for a model reads the Chinese ones beside the question (:func:`hints`)."""
    other = next((s for s in synonyms if not is_chinese(s) and s.replace(" ", "_") != name.lower()), "")
    return f"{before}{other}" if other else ""


def hints(links: Links, vocabulary: Vocabulary) -> list[str]:
    """What the question's words were found to mean, surest first."""
    found: dict[str, None] = {}
    for mention in sorted(links.mentions, key=lambda m: (-m.score, m.start)):
        name, said = written_name(mention.name), one_line(mention.text, 40)
        if mention.kind == "value" and mention.value is not None:
            sign = "LIKE" if mention.is_part else "="
            value = f"%{mention.value}%" if mention.is_part else mention.value
            found[f"{said}: {name} {sign} {Text(one_line(value, 60))}"] = None
        elif mention.kind != "view" and said.casefold() != mention.name.casefold().replace("_", " "):
            found[f"{said}: {name}"] = None
    return list(found)[:MAX_HINTS]
