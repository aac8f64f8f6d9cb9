"""Drafting over a described shop, in shop form and two steps: the view, then the query over it.

The prompt shows every view with its columns, the shop's words for them, values, and metrics; the part that
changes with the question is short, so that the rest is computed once. What the question's words were found to
mean stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from llm.engine import Engine, Prompt
from sql.question.linking import Links, Mention, Vocabulary
from sql.question.stretches import numbers_in, question_stretches
from sql.semantics import Metric, View, ViewColumn
from sql.statement.agreement import (
    misfits,
    order_of,
    order_of_times,
    unused_links,
    unused_periods,
    unused_values,
)
from sql.statement.demands import narrowed
from sql.statement.grammar import lark_text, number_text, quote_name, quote_text
from sql.statement.prompt import DIALECTS, one_line, template
from sql.statement.sense import refuse_contradictions
from sql.statement.shop_form import NotShopForm, Words, expand, form_grammar
from sql.statement.table_draft import FEW_VALUES, MAX_QUESTION
from sql.statement.written import NOTHING, TwoSteps, Written
from sql.types import Dialect

MAX_TOKENS = 140
MAX_LEAD_TOKENS = 24
SHOWN_WORDS = 4
"""Other words of a column or metric that are shown."""
SHOWN_VALUES = 6
MAX_HINTS = 10
MAX_TEXTS = 60
DOUBT_NATS = 5.0
"""A greedy statement less likely than this is seldom the likeliest; hand-set."""
MISFIT_NATS = 3.0
"""By how much less likely a view may be for each stretch of the question that it has a word for and the
likeliest has not. Of 85 questions to build with, five likeliest views were wrong and missed 1.5 or more, with
the right one at most 4.2 nats behind; right ones missed 1 at most, and the next was 7.7 behind."""
_MISFIT = 0.3
"""Less than the least sure reading counts."""


class ShopDrafter(TwoSteps):
    """Writes statements over the views of one workspace; a ``sql.statement.written.Writer``."""

    def __init__(
        self, vocabulary: Vocabulary, dialect: Dialect, engine: Engine, *, adapter: str | None = None
    ) -> None:
        self.vocabulary = vocabulary
        self.dialect = dialect
        self.fixed = describe_shop(vocabulary)
        self._views = {f"-- {quote_name(view.name)}\n": view for view in vocabulary.views}
        first = [*self._views, *([NOTHING] if adapter else [])]
        self._leads = f"start: {' | '.join(map(lark_text, first))}\n"
        super().__init__(
            engine,
            adapter=adapter,
            lead_tokens=MAX_LEAD_TOKENS,
            query_tokens=MAX_TOKENS,
            doubt=DOUBT_NATS,
        )

    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; see :func:`shop_prompt`."""
        return shop_prompt(links, self.fixed, self.vocabulary, self.dialect, failures=failures)

    def omits(self, links: Links, written: Written) -> int:
        """See ``sql.statement.written.TwoSteps``; only values that the view has are looked for."""
        view = self._view_of(written)
        return 0 if view is None else len(unused_links(_within(links, view), written.sql))

    def better_leads(self, links: Links, lead: str) -> tuple[str, float] | None:
        """See ``sql.statement.written.TwoSteps`` and ``sql.statement.agreement.misfits``."""
        view = self._views.get(lead)
        if view is None:
            return None
        misses = misfits(links, self.vocabulary.views)
        least = min(misses.values())
        if misses[view.name] - least < _MISFIT:
            return None
        fitting = [line for line, each in self._views.items() if misses[each.name] - least < _MISFIT]
        return f"start: {' | '.join(map(lark_text, fitting))}\n", MISFIT_NATS * (misses[view.name] - least)

    def narrower(self, links: Links, written: Written) -> str | None:
        """See ``sql.statement.written.TwoSteps``.

        What the statement omits must then be a condition; for the rest see ``sql.statement.demands``.
        """
        view = self._view_of(written)
        if view is None or written.is_unfinished:
            return None
        metrics = metrics_of(view, self.vocabulary)
        must = _conditions(_within(links, view), written.sql, view)
        words = replace(words_of(links, view, self.vocabulary), must=must)
        demanded = narrowed(words, links, written.sql, view, metrics, self.dialect)
        return form_grammar(view, metrics, demanded, self.dialect) if demanded else None

    def _view_of(self, written: Written) -> View | None:
        return self._views.get(written.completions[0].text)

    def first(self, links: Links) -> str:
        """See ``sql.statement.written.TwoSteps``; the same for every question."""
        return self._leads

    def second(self, lead: str, links: Links) -> tuple[str, Callable[[str], str]]:
        """See ``sql.statement.written.TwoSteps``; a text that is no shop form is left as it is."""
        view = self._views.get(lead)
        if view is None:
            raise ValueError(f"no such view: {lead.strip()}")
        metrics = metrics_of(view, self.vocabulary)
        values = self.vocabulary.values
        kinds = [c.name for c in view.columns if 0 < len(values.get((view.name, c.name), ())) <= FEW_VALUES]

        def to_sql(text: str) -> str:
            try:
                sql = expand(text, view, metrics, links.periods, self.dialect, kinds=kinds)
            except NotShopForm:
                return text.strip()
            refuse_contradictions(sql, self.dialect)
            return sql

        words = words_of(links, view, self.vocabulary)
        return form_grammar(view, metrics, words, self.dialect), to_sql


def _within(links: Links, view: View) -> Links:
    """Without what the words mean in other views."""
    return replace(links, mentions=tuple(m for m in links.mentions if m.view == view.name))


def _conditions(links: Links, sql: str, view: View) -> list[list[str]]:
    """What would say each value and period that a statement leaves out, or deny it, for "not" may be meant.

    A guess at a name (a score below 1 that is no part of it) is not insisted on, and nothing is where one row
    is asked for by its key: "how was order 1200 paid" asks for no order in the state "paid".
    """
    keys = "|".join(re.escape(quote_name(c.name)) for c in view.columns if c.is_key)
    if keys and re.search(rf"(?:^|\W)(?:{keys}) = \d", sql):
        return []
    groups = []
    for mentions in unused_values(links, sql):
        said = [m for m in mentions if m.value is not None and (m.is_part or m.score >= 1.0)]
        groups.append([condition for m in said for condition in _equals(m, view)])
    times = [quote_name(c.name) for c in view.columns if c.type in ("date", "timestamp")]
    for period in unused_periods(links, sql) if len(links.periods) == 1 else ():  # two never hold together
        groups.append([f"DURING({time}, {quote_text(period.text)})" for time in times])
    return [group for group in groups if group]


def _equals(mention: Mention, view: View) -> list[str]:
    column, value = view.column(mention.name), mention.value or ""
    if column is None:
        return []
    name = quote_name(column.name)
    if column.type in ("integer", "number"):
        return [f"{name} = {value}"] if _DIGITS.fullmatch(value) else []
    if mention.is_part:
        return [f"{name} {sign} {quote_text(f'%{value}%')}" for sign in ("LIKE", "NOT LIKE")]
    return [f"{name} {sign} {quote_text(value)}" for sign in ("=", "<>")]


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
    parts: dict[str, list[str]] = {}
    for mention in links.mentions:
        if mention.kind == "value" and mention.value is not None and mention.view == view.name:
            (parts if mention.is_part else linked).setdefault(mention.name, []).append(mention.value)
    values: dict[str, list[str]] = {}
    for column in view.columns:
        known = vocabulary.values.get((view.name, column.name))
        if known is not None:
            few = known if len(known) <= FEW_VALUES else ()
            values[column.name] = list(dict.fromkeys([*linked.get(column.name, ()), *few]))
    named = [part for each in parts.values() for part in each]
    texts = [t for t in dict.fromkeys([*named, *question_stretches(links.question)]) if "\n" not in t]
    if _ASKS_FOR_PART.search(links.question):
        parts = {column: [*parts.get(column, ()), *texts[:MAX_TEXTS]] for column in values}
    return Words(
        values=values,
        texts=texts[:MAX_TEXTS],
        parts={column: tuple(dict.fromkeys(each)) for column, each in parts.items()},
        periods=links.periods,
        numbers=numbers_of(links),
        order=order_of(links),
        order_of_times=order_of_times(links),
    )


_ASKS_FOR_PART = re.compile(
    r"\b(?:contain|includ|start|begin|end(?:s|ing)\b|word|letter)|含|里有|带有|开头|结尾", re.I
)
_DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def numbers_of(links: Links) -> tuple[str, ...]:
    """The numbers that a question names, as SQL writes them (``sql.question.stretches.numbers_in``)."""
    return tuple(map(number_text, numbers_in(links)))
