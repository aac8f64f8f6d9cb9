"""Metrics that are made of others: each input once for each set of conditions that it is wanted under.

A figure of ``shop.yml`` that has no view is made of metrics by + - * / alone, and a metric's conditions are
in its SQL. So an input with a filter of its own becomes a metric of its own, called by its alias.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.semantics import Metric
from sql.shop.layers.jinja import NoForm
from sql.shop.layers.layer import Aggregated, Composed, Expression, Input, LayerMetric, said_as

_WORD = re.compile(r"[^\W\d]\w*")
MAX_DEPTH = 20
"""Metrics inside metrics."""

Aggregate = Callable[[LayerMetric, Aggregated, Sequence[Expression]], Metric]
"""Makes a metric over one view, under further conditions."""
Leave = Callable[[str, LayerMetric, str], None]


class Composer:
    """Turns a layer's metrics into the shop's."""

    def __init__(self, metrics: Iterable[LayerMetric], aggregate: Aggregate, leave: Leave) -> None:
        self.metrics = {metric.name: metric for metric in metrics}
        self.aggregate, self.leave = aggregate, leave
        self.found: list[tuple[LayerMetric, Metric]] = []
        self.names: dict[tuple[str, object], str] = {}
        """Metric and conditions → what the shop calls it."""

    def made(self) -> list[tuple[LayerMetric, Metric]]:
        """The metrics that have a form, inputs before what is made of them; others are told."""
        for metric in self.metrics.values():
            if not metric.is_shown:
                continue  # made where it is an input
            before = len(self.found)
            try:
                self.make(metric, (), metric.name, 0)
            except NoForm as error:
                self.forget({made.name for _, made in self.found[before:]} - set(self.metrics))
                self.leave(f"metric {metric.name}", metric, str(error))
        made_of = {origin.name for origin, _ in self.found}
        for metric in self.metrics.values():
            if not metric.is_shown and metric.name not in made_of:
                self.leave(
                    f"metric {metric.name}", metric, "it is hidden, and nothing that is taken is made of it"
                )
        return self.found

    def forget(self, extra: set[str]) -> None:
        """Take back what was made for a metric that has no form."""
        self.found = [(origin, made) for origin, made in self.found if made.name not in extra]
        self.names = {asked: name for asked, name in self.names.items() if name not in extra}

    def make(self, metric: LayerMetric, conditions: tuple[Expression, ...], name: str, depth: int) -> str:
        """The name of the shop's metric for ``metric`` under ``conditions``, made where there is none."""
        if depth > MAX_DEPTH:
            raise NoForm("it is made of itself")
        asked = metric.name, tuple((each.sql, tuple(each.refs.items())) for each in conditions)
        known = self.names.get(asked)
        if known is not None:
            return known
        said = metric.definition
        if isinstance(said, Aggregated):
            made = self.aggregate(metric, said, conditions)
        else:
            made = self.composed(metric, said, conditions, name, depth)
        if name != metric.name:  # under conditions: it is not what its description says
            made = Metric(
                name=name, view=made.view, sql=made.sql, time=made.time, last=made.last, unit=made.unit
            )
        self.found.append((metric, made))
        self.names[asked] = name
        return name

    def composed(
        self, metric: LayerMetric, said: Composed, conditions: tuple[Expression, ...], name: str, depth: int
    ) -> Metric:
        """A metric that is made of others."""
        names: dict[str, str] = {}
        for word, each in said.inputs.items():
            of = self.metrics.get(each.metric)
            if of is None:
                raise NoForm(f"{each.metric}, of which it is made, is left out")
            held = (*each.conditions, *said.conditions, *conditions)
            try:
                names[word] = self.make(of, held, self.free_name(each, name) if held else of.name, depth + 1)
            except NoForm as error:
                if not held and of.is_shown:
                    raise NoForm(f"{each.metric}, of which it is made, is left out") from error
                raise NoForm(f"{each.metric}, of which it is made: {error}") from error
        is_counted = {word: self.is_zero(name) for word, name in names.items()}
        sql = _written(said.sql, names, is_counted)
        return Metric(
            name=metric.name,
            view="",
            sql=sql,
            description=metric.description,
            synonyms=said_as(metric.label, metric.name),
            unit=metric.unit,
        )

    def free_name(self, each: Input, of: str) -> str:
        """What an input under conditions is called."""
        taken = {*self.metrics, *(made.name for _, made in self.found)}
        wanted = each.alias if each.alias and each.alias not in taken else f"{of}_{each.metric}"
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def is_zero(self, name: str) -> bool:
        """Whether an empty cell of a metric is 0."""
        made = next(made for _, made in self.found if made.name == name)
        if made.is_composed or made.last:
            return False
        return bool(re.match(r"(?:SUM|COUNT)\([^()]*(?:\([^()]*\)[^()]*)*\)$", made.sql))


def _written(sql: str, names: dict[str, str], is_counted: dict[str, bool]) -> str:
    """``sql`` with metrics for its words, by + - * / alone.

    ``NULLIF(x, 0)`` is x, for nothing divided by nothing is empty here; ``COALESCE(x, 0)`` is x where empty
    cells of x are 0; a cast to a number with a fraction is nothing, for no division drops it.
    """
    try:
        tree = sqlglot.parse_one(sql, into=exp.Condition)
    except (SqlglotError, RecursionError) as error:
        raise NoForm("its expression cannot be read") from error

    def text(node: exp.Expr) -> str:
        if isinstance(node, exp.Paren):
            return f"({text(node.this)})"
        if isinstance(node, exp.Column) and not node.table:
            name = next((n for word, n in names.items() if word.lower() == node.name.lower()), None)
            if name is None:
                raise NoForm(f"its expression names {node.name}, which is none of its inputs")
            if not _WORD.fullmatch(name):
                raise NoForm(f"its input {name} is no plain word")
            return name
        if isinstance(node, exp.Literal) and not node.is_string:
            return str(node.this)
        if isinstance(node, exp.Neg):
            return f"-{text(node.this)}"
        for kind, sign in ((exp.Add, "+"), (exp.Sub, "-"), (exp.Mul, "*"), (exp.Div, "/")):
            if isinstance(node, kind):
                return f"{text(node.this)} {sign} {text(node.expression)}"
        if isinstance(node, exp.Nullif) and node.expression.sql() == "0" and isinstance(node.parent, exp.Div):
            return _bracketed(text(node.this))
        if isinstance(node, exp.Coalesce) and [e.sql() for e in node.expressions] == ["0"]:
            inner = node.this
            if isinstance(inner, exp.Column) and is_counted.get(inner.name):
                return text(inner)
            raise NoForm("its expression puts 0 for what is empty, which is not the same here")
        if isinstance(node, exp.Cast) and node.to.this in (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT):
            return _bracketed(text(node.this))
        raise NoForm(f"its expression holds {node.sql()}; metrics are made of others by + - * / alone")

    written = text(tree)
    if not any(isinstance(node, exp.Column) for node in tree.walk()):
        raise NoForm("its expression names none of its inputs")
    return written


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"
