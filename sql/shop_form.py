"""Shop form: what a model writes about a described shop, one SELECT over one view in the shop's own words.

The first line names the view; the statement then may use metrics by name, times by their unit and periods in
the question's words, so that it is short, the same for every database, and holds no arithmetic and no date::

    -- sales
    SELECT country, revenue FROM sales WHERE category = 'Toys' AND DURING(ordered_at, 'last month')
    GROUP BY country ORDER BY revenue DESC LIMIT 3

:func:`expand` writes it out as SQL for the shop's database. What it adds to plain SQL:

* the name of a metric of the view stands for its expression, where a figure may stand (in what is shown,
  ranked or compared by group), also when a column has the same name;
* ``TO_DAY``, ``TO_WEEK``, ``TO_MONTH``, ``TO_QUARTER``, ``TO_YEAR`` of a time cut it to the start of its
  unit; ``WEEKDAY_OF`` and ``HOUR_OF`` are parts of it;
* ``DURING(time, 'words')`` is true inside the period that the question names with these words;
* ``SHARE(figure, condition)`` is the part of a figure, from 0 to 1, that the condition holds for.

Not covered: several views, subqueries, set operations, arithmetic beyond metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import SqlError
from sql.grammar import lark_choice, lark_text, quote_name, quote_text, time_grain, time_part
from sql.periods import Period
from sql.semantics import Metric, View
from sql.shape import period_predicate
from sql.types import Dialect

GRAINS = ("day", "week", "month", "quarter", "year")
PARTS = ("weekday", "hour")
MAX_ITEMS = 6
"""Columns shown, grouped or ordered by, at most."""
MAX_CONDITIONS = 6
MAX_VALUES = 8
"""Of one IN list."""


_READ: dict[Dialect, Dialect] = {
    "duckdb": "duckdb",
    "sqlite": "sqlite",
    "postgres": "postgres",
    "mysql": "sqlite",  # names in double quotes, and NULL sorted as MySQL does
}
"""The dialect whose order of NULL and quotes the form has, for each to write it out in."""


class NotShopForm(SqlError):
    """A text that is no statement in shop form over the view; nothing was run."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one question lets a statement over one view compare with."""

    values: Mapping[str, Sequence[str]]
    """Text column → values of it that may stand in the statement."""
    texts: Sequence[str] = ()
    """Stretches of the question, for columns whose values nobody knows and for parts of a text."""
    periods: Sequence[Period] = ()


def form_grammar(view: View, metrics: Sequence[Metric], words: Words) -> str:
    """Lark grammar of the statements over ``view`` after their first line."""
    return _Rules(view, metrics, words).text()


def has_parts(metric: Metric) -> bool:
    """Whether the figures of parts add up to that of the whole, or to more where things are in several."""
    return isinstance(sqlglot.parse_one(metric.sql), (exp.Sum, exp.Count))


class _Rules:
    def __init__(self, view: View, metrics: Sequence[Metric], words: Words) -> None:
        self.view, self.metrics, self.words = view, metrics, words

        def names(*types: str) -> list[str]:
            return [quote_name(c.name) for c in view.columns if c.type in types]

        self.columns = [quote_name(c.name) for c in view.columns]
        self.numbers = names("integer", "number")
        self.times = names("date", "timestamp")
        self.truths = names("boolean")

    def text(self) -> str:
        rules = [
            'CMP: " = " | " <> " | " > " | " < " | " >= " | " <= "',
            "NUM: /-?[0-9]{1,12}(\\.[0-9]{1,6})?/",
            "COUNT: /[1-9][0-9]{0,3}/",
            f"COL: {lark_choice(self.columns)}",
        ]
        figures = ['"COUNT(" ("*" | "DISTINCT " COL) ")"']
        if self.metrics:
            rules.append(f"METRIC: {lark_choice(quote_name(m.name) for m in self.metrics)}")
            figures.insert(0, "METRIC")
        if self.numbers:
            rules.append(f"N: {lark_choice(self.numbers)}")
            figures.append('("SUM(" | "AVG(") N ")"')
        if self.numbers or self.times:
            ranked = " | ".join([*(["N"] if self.numbers else []), *(["D"] if self.times else [])])
            figures.append(f'("MIN(" | "MAX(") ({ranked}) ")"')
        dims = ["COL"]
        if self.times:
            rules.append(f"D: {lark_choice(self.times)}")
            units = lark_choice([*(f"TO_{g.upper()}(" for g in GRAINS), *(f"{p.upper()}_OF(" for p in PARTS)])
            dims.append(f'({units}) D ")"')
        parted = [quote_name(m.name) for m in self.metrics if has_parts(m)]
        shared = f"({lark_choice([*parted, 'COUNT(*)'])})"
        conditions = self._conditions()
        more = f"{{0,{MAX_ITEMS - 1}}}"
        rules += [
            f"figure: {' | '.join(figures)}",
            f"dim: {' | '.join(dims)}",
            f'share: "SHARE(" {shared} ", " conds ")"',
            "item: dim | figure | share",
            "key: dim | figure",
            f"cond: {' | '.join(conditions)}",
            f'conds: cond (" AND " cond){{0,{MAX_CONDITIONS - 1}}}',
            f'select: "SELECT DISTINCT " dim (", " dim){more} | "SELECT " item (", " item){more}',
            'order: key " DESC"? (", " key " DESC"?){0,2}',
            f'start: select {lark_text(f" FROM {quote_name(self.view.name)}")} (" WHERE " conds)?'
            f' (" GROUP BY " dim (", " dim){more} (" HAVING " figure CMP NUM)?)?'
            ' (" ORDER BY " order)? (" LIMIT " COUNT)?',
        ]
        return "\n".join(rules) + "\n"

    def _conditions(self) -> list[str]:
        conditions = ['COL (" IS NULL" | " IS NOT NULL")']
        if self.numbers:
            conditions += ["N CMP (NUM | N)", 'N " BETWEEN " NUM " AND " NUM']
            conditions.append(f'N (" IN (" | " NOT IN (") NUM (", " NUM){{0,{MAX_VALUES - 1}}} ")"')
        if self.times:
            conditions.append("D CMP D")
            if self.words.periods:
                said = lark_choice(quote_text(p.text) for p in self.words.periods)
                conditions.append(f'"DURING(" D ", " ({said}) ")"')
        if self.truths:
            conditions.append(f'"NOT "? ({lark_choice(self.truths)})')
        for column in self.view.columns:
            if column.type in ("text", "other"):
                conditions += self._about_text(quote_name(column.name), self.words.values.get(column.name))
        return conditions

    def _about_text(self, name: str, values: Sequence[str] | None) -> list[str]:
        known = values if values is not None else self.words.texts
        found = []
        if known:
            texts = f"({lark_choice(quote_text(t) for t in known)})"
            found += [
                f'{lark_text(name)} (" = " | " <> ") {texts}',
                f'{lark_text(name)} (" IN (" | " NOT IN (") {texts} (", " {texts}){{0,{MAX_VALUES - 1}}} ")"',
            ]
        if self.words.texts:
            parts = lark_choice(quote_text(f"%{t}%") for t in self.words.texts)
            found.append(f'{lark_text(name)} (" LIKE " | " NOT LIKE ") ({parts})')
        return found


# --- writing it out --------------------------------------------------------------------------------------


def expand(
    text: str, view: View, metrics: Sequence[Metric], periods: Sequence[Period], dialect: Dialect
) -> str:
    """The statement as SQL of ``dialect``; its first line may be left out.

    Args:
        metrics: of the view.
        periods: those of the question, whose words ``DURING`` may name.
    Raises:
        NotShopForm: it cannot be read, or names another view or an unknown period.
    """
    tree = _parse(text, _READ[dialect])
    tables = [t.name for t in tree.find_all(exp.Table)]
    if tables != [view.name]:
        raise NotShopForm(f"it reads {', '.join(tables) or 'nothing'}; expected {view.name}")
    return _Writer(view, metrics, periods, dialect).write(tree)


_DONE = "written out"


def _stands_for_a_figure(column: exp.Column) -> bool:
    """Whether a name stands where a figure may: not inside an aggregate, WHERE or GROUP BY, or a column's."""
    node: exp.Expr | None = column
    while node is not None and not isinstance(node, exp.Select):
        if node.meta.get(_DONE) or isinstance(node, (exp.AggFunc, exp.Where, exp.Group)):
            return False
        node = node.parent
    return node is not None


def view_of(text: str) -> str:
    """The name of the view that a statement reads.

    Raises:
        NotShopForm: it cannot be read, or reads none.
    """
    tables = [t.name for t in _parse(text, "duckdb").find_all(exp.Table)]
    if len(tables) != 1:
        raise NotShopForm(f"it reads {len(tables)} views; expected one")
    return tables[0]


def _parse(text: str, dialect: Dialect) -> exp.Select:
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    try:
        tree = sqlglot.parse_one(" ".join(lines), read=dialect)
    except SqlglotError as error:
        raise NotShopForm(f"it cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Select):
        raise NotShopForm("it is no SELECT")
    return tree


class _Writer:
    def __init__(
        self, view: View, metrics: Iterable[Metric], periods: Iterable[Period], dialect: Dialect
    ) -> None:
        self.view, self.dialect = view, dialect
        self.metrics = {m.name.lower(): m for m in metrics}
        self.periods = {p.text: p for p in periods}

    def write(self, tree: exp.Select) -> str:
        for item in list(tree.expressions):
            alias = self._alias(item)
            if alias is not None:
                item.replace(exp.alias_(item.copy(), alias))
        for call in reversed(list(tree.find_all(exp.Anonymous))):  # the inner ones first
            made = self._call(call)
            made.meta[_DONE] = True
            call.replace(made)
        for column in list(tree.find_all(exp.Column)):
            metric = self.metrics.get(column.name.lower())
            if metric is not None and _stands_for_a_figure(column):
                column.replace(self._metric(metric, column.parent))
        return tree.sql(dialect=self.dialect)

    def _alias(self, item: exp.Expr) -> str | None:
        """What a figure or a time is called in the result; columns keep their names."""
        if isinstance(item, exp.Column) and item.name.lower() in self.metrics:
            return self.metrics[item.name.lower()].name
        if isinstance(item, exp.Anonymous):
            name = item.name.lower()
            if name.startswith("to_"):
                return name.removeprefix("to_")
            return name.removesuffix("_of")
        return None

    def _metric(self, metric: Metric, parent: exp.Expr | None) -> exp.Expr:
        tree = self._read(metric.sql)
        return (
            exp.Paren(this=tree) if isinstance(tree, exp.Binary) and isinstance(parent, exp.Binary) else tree
        )

    def _read(self, sql: str) -> exp.Expr:
        tree: exp.Expr = sqlglot.parse_one(sql, read=self.dialect, into=exp.Condition)
        return tree

    def _call(self, call: exp.Anonymous) -> exp.Expr:
        name, arguments = call.name.lower(), call.expressions
        if name == "share" and len(arguments) == 2:
            return self._share(*arguments)
        if not arguments or not isinstance(arguments[0], exp.Column):
            raise NotShopForm(f"{name.upper()} needs a column of {self.view.name}")
        column = quote_name(arguments[0].name)
        if name.startswith("to_") and name.removeprefix("to_") in GRAINS:
            return self._read(time_grain(column, name.removeprefix("to_"), self.dialect))
        if name.endswith("_of") and name.removesuffix("_of") in PARTS:
            return self._read(time_part(column, name.removesuffix("_of"), self.dialect))
        if name == "during" and len(arguments) == 2:
            period = self.periods.get(arguments[1].name)
            if period is None:
                raise NotShopForm(f"the question names no period {arguments[1].name!r}")
            inside = self._read(period_predicate(column, period))
            return exp.Paren(this=inside) if isinstance(call.parent, exp.Not) else inside
        raise NotShopForm(f"there is no {name.upper()}")

    def _share(self, figure: exp.Expr, condition: exp.Expr) -> exp.Expr:
        """The figure over the rows of the condition, divided by the figure over all."""
        if isinstance(figure, exp.Column):
            metric = self.metrics.get(figure.name.lower())
            if metric is None:
                raise NotShopForm(f"{figure.name} is no metric of {self.view.name}")
            whole = self._read(metric.sql)
        else:
            whole = figure.copy()
        if not isinstance(whole, (exp.Sum, exp.Count)):
            raise NotShopForm("SHARE needs a sum or a count: the parts of others do not add up")
        part = whole.copy()
        self._narrow(part, condition)
        return exp.Div(this=exp.Mul(this=part, expression=exp.Literal.number("1.0")), expression=whole)

    def _narrow(self, aggregate: exp.AggFunc, condition: exp.Expr) -> None:
        inner = aggregate.this
        is_distinct = isinstance(inner, exp.Distinct)
        value = inner.expressions[0] if is_distinct else inner
        counted = exp.Literal.number(1) if isinstance(value, exp.Star) else value.copy()
        case = exp.Case().when(condition.copy(), counted)
        aggregate.set("this", exp.Distinct(expressions=[case]) if is_distinct else case)
