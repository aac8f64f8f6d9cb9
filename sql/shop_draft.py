"""Drafting over a described shop, in shop form and two steps: the view, then the query over it.

The prompt shows every view with its columns, the shop's words for them, values, and metrics; the part that
changes with the question is short, so that the rest is computed once. What the question's words were found to
mean stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from llm.engine import Engine, Prompt
from sql.grammar import lark_text, quote_name, quote_text
from sql.linking import Links, Vocabulary
from sql.prompt import DIALECTS, one_line, template
from sql.semantics import Metric, View, ViewColumn
from sql.shop_form import NotShopForm, Words, expand, form_grammar
from sql.table_draft import FEW_VALUES, MAX_QUESTION, question_stretches
from sql.types import Dialect
from sql.written import NOTHING, TwoSteps

MAX_TOKENS = 140
MAX_LEAD_TOKENS = 24
SHOWN_WORDS = 4
"""Other words of a column or metric that are shown."""
SHOWN_VALUES = 6
MAX_HINTS = 10
MAX_TEXTS = 60


class ShopDrafter(TwoSteps):
    """Writes statements over the views of one workspace; a ``sql.written.Writer``."""

    def __init__(
        self, vocabulary: Vocabulary, dialect: Dialect, engine: Engine, *, adapter: str | None = None
    ) -> None:
        self.vocabulary = vocabulary
        self.dialect = dialect
        self.fixed = describe_shop(vocabulary)
        self._views = {f"-- {quote_name(view.name)}\n": view for view in vocabulary.views}
        first = [*self._views, *([NOTHING] if adapter else [])]
        self._leads = f"start: {' | '.join(map(lark_text, first))}\n"
        super().__init__(engine, adapter=adapter, lead_tokens=MAX_LEAD_TOKENS, query_tokens=MAX_TOKENS)

    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; see :func:`shop_prompt`."""
        return shop_prompt(links, self.fixed, self.vocabulary, self.dialect, failures=failures)

    def first(self, links: Links) -> str:
        """See ``sql.written.TwoSteps``; the same for every question."""
        return self._leads

    def second(self, lead: str, links: Links) -> tuple[str, Callable[[str], str]]:
        """See ``sql.written.TwoSteps``; a text that is no shop form is left as it is."""
        view = self._views.get(lead)
        if view is None:
            raise ValueError(f"no such view: {lead.strip()}")
        metrics = metrics_of(view, self.vocabulary)

        def to_sql(text: str) -> str:
            try:
                return expand(text, view, metrics, links.periods, self.dialect)
            except NotShopForm:
                return text.strip()

        return form_grammar(view, metrics, words_of(links, view, self.vocabulary)), to_sql


# --- the prompt ------------------------------------------------------------------------------------------


def shop_prompt(
    links: Links,
    fixed: str,
    vocabulary: Vocabulary,
    dialect: Dialect,
    *,
    failures: Sequence[tuple[str, str]] = (),
) -> Prompt:
    """The prompt of one question; training data is made with this same function.

    Args:
        fixed: the result of :func:`describe_shop`.
        failures: earlier statements with what was wrong with them, oldest first; the last is shown.
    """
    rest = template("shop_rest").substitute(
        question=one_line(links.question, MAX_QUESTION),
        hints="".join(f"-- {hint}\n" for hint in hints(links, vocabulary)),
    )
    for sql, error in failures[-1:]:
        rest += "\n" + template("repair").substitute(sql=one_line(sql, 600), error=one_line(error, 300))
    return Prompt(
        system=template("system").substitute(dialect=DIALECTS[dialect]),
        fixed=fixed,
        rest=re.sub(r"\n{2,}", "\n", f"\n{rest}\n"),
    )


def describe_shop(vocabulary: Vocabulary) -> str:
    """Views with columns and metrics as one role sees them, in the shop's words."""
    return template("shop").substitute(
        views="\n".join(_describe(view, vocabulary) for view in vocabulary.views)
    )


def _describe(view: View, vocabulary: Vocabulary) -> str:
    lines = [
        f"CREATE VIEW {quote_name(view.name)} (" + (f" -- {view.description}" if view.description else "")
    ]
    for column in view.columns:
        told = _told(column.synonyms, column.description)
        values = _values(view, column, vocabulary)
        note = "; ".join(part for part in (told, values) if part)
        lines.append(f"  {quote_name(column.name)} {column.type}," + (f" -- {note}" if note else ""))
    lines.append(");")
    for metric in metrics_of(view, vocabulary):
        told = _told(metric.synonyms, metric.description)
        lines.append(f"-- {quote_name(metric.name)} = {metric.sql}" + (f": {told}" if told else ""))
    return "\n".join(lines)


def _told(synonyms: Sequence[str], description: str) -> str:
    return ", ".join([*([description] if description else []), *synonyms[:SHOWN_WORDS]])


def _values(view: View, column: ViewColumn, vocabulary: Vocabulary) -> str:
    known = vocabulary.values.get((view.name, column.name), ())
    return ", ".join(quote_text(one_line(v, 30)) for v in known[:SHOWN_VALUES])


def hints(links: Links, vocabulary: Vocabulary) -> list[str]:
    """What the question's words were found to mean, surest first."""
    found: dict[str, None] = {}
    for period in links.periods:
        found[f"{quote_text(period.text)} is a period"] = None
    for mention in sorted(links.mentions, key=lambda m: (-m.score, m.start)):
        name, said = quote_name(mention.name), one_line(mention.text, 40)
        if mention.kind == "value" and mention.value is not None:
            value = f"%{mention.value}%" if mention.is_part else mention.value
            sign = "LIKE" if mention.is_part else "="
            found[f"{said}: {name} {sign} {quote_text(one_line(value, 60))}"] = None
        elif mention.kind == "metric":
            found[f"{said}: {name} of {quote_name(mention.view)}"] = None
        elif mention.kind == "column" and said.casefold() != mention.name.casefold():
            found[f"{said}: {name}"] = None
    return list(found)[:MAX_HINTS]


# --- what a statement may compare with -------------------------------------------------------------------


def metrics_of(view: View, vocabulary: Vocabulary) -> tuple[Metric, ...]:
    """The metrics of one view that the role may see."""
    return tuple(m for m in vocabulary.metrics if m.view == view.name)


def words_of(links: Links, view: View, vocabulary: Vocabulary) -> Words:
    """Values, stretches of the question and periods that a statement over ``view`` may hold."""
    linked: dict[str, list[str]] = {}
    parts: list[str] = []
    for mention in links.mentions:
        if mention.kind == "value" and mention.value is not None and mention.view == view.name:
            (parts if mention.is_part else linked.setdefault(mention.name, [])).append(mention.value)
    values: dict[str, list[str]] = {}
    for column in view.columns:
        known = vocabulary.values.get((view.name, column.name))
        if known is not None:
            few = known if len(known) <= FEW_VALUES else ()
            values[column.name] = list(dict.fromkeys([*linked.get(column.name, ()), *few]))
    texts = [t for t in dict.fromkeys([*parts, *question_stretches(links.question)]) if "\n" not in t]
    return Words(values=values, texts=texts[:MAX_TEXTS], periods=links.periods)
