"""Aggregates only: what a role with ``minimum_group`` may ask, and the conditions that hold figures to it.

The safe form is one SELECT over one view, without joins, subqueries, set operations or windows. What comes
out of it are group keys and aggregates of whole columns; each group stands on at least so many rows (or so
many distinct values of a unit column, customers say), and each aggregated column on at least so many values
that are not NULL. Aggregates that give one row's value (MIN, MAX, quantiles, lists) and arguments that single
a row out (CASE, FILTER, arithmetic) are refused, but for the shop's own metrics, word for word.

Conditions on rows are held to comparisons of columns with values, since the database's errors about a value
would otherwise tell what one row holds (``CAST(name AS INTEGER)``); HAVING to comparisons of figures, since
it is worked out for the groups that are too small as well.

Not covered: several questions whose figures differ by one person (differencing), and one row that makes up
nearly all of a sum (dominance).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.names import identifier
from sql.semantics import View
from sql.times import told_as
from sql.types import ColumnType, Dialect

FIGURES: tuple[type[exp.Expr], ...] = (
    exp.Count,
    exp.Sum,
    exp.Avg,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Variance,
    exp.VariancePop,
    exp.ApproxDistinct,
)
"""Aggregates that say something about the group and not about one of its rows."""

_ROW_NAMES = """
COALESCE DATE DATE_PART DATE_TRUNC DATETRUNC DATE_FORMAT DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR HOUR
IFNULL LOWER MINUTE MONTH MONTHNAME QUARTER STRFTIME TO_CHAR UPPER WEEK WEEKDAY WEEKOFYEAR YEAR
"""
_TIME: tuple[ColumnType, ...] = ("date", "timestamp")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_LOGIC = (exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.Null, exp.Boolean, exp.Literal, exp.Var)
_LIKES = (exp.Like, exp.ILike, exp.Glob)


class GroupRefusal(Exception):
    """The statement is not of the safe form; ``args[0]`` says why, in words, and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    """What one view's figures must stand on."""

    view: View
    size: int
    """Rows, or distinct values of ``unit``, below which nothing is shown."""
    unit: str | None
    metrics: frozenset[str]
    """The view's metrics in normal form (see ``normal``)."""
    dialect: Dialect

    def conditions(self, columns: Iterable[str]) -> list[exp.Expr]:
        """The conditions that the guard adds to HAVING: on the group, and on each column aggregated in it."""
        found = [self._at_least(None)]
        found += [
            self._at_least(column) for column in columns if not self.unit or column != self.unit.lower()
        ]
        return found

    def _at_least(self, column: str | None) -> exp.Expr:
        counted: exp.Expr
        if self.unit is None:
            counted = exp.Count(this=exp.Star() if column is None else self._column(column), big_int=True)
        else:
            unit: exp.Expr = self._column(self.unit)
            if column is not None:
                is_there = exp.Not(this=exp.Is(this=self._column(column), expression=exp.Null()))
                unit = exp.Case(ifs=[exp.If(this=is_there, true=unit)])
            counted = exp.Count(this=exp.Distinct(expressions=[unit]), big_int=True)
        return exp.GTE(this=counted, expression=exp.Literal.number(self.size))

    def _column(self, name: str) -> exp.Column:
        column = self.view.column(name)
        return exp.column(identifier(column.name if column else name, self.dialect))


def normal(node: exp.Expr, dialect: Dialect) -> str:
    """One text for expressions over one view that mean the same but for letter case and table names."""
    tree = node.copy()
    while isinstance(tree, (exp.Paren, exp.Alias)):
        tree = tree.this
    for part in list(tree.find_all(exp.Column, exp.Identifier)):
        if isinstance(part, exp.Column):
            part.set("table", None)
        else:
            part.set("this", part.name.lower())
            part.set("quoted", False)
    return tree.sql(dialect=dialect, comments=False)


def metric_forms(metrics: Iterable[str], dialect: Dialect) -> frozenset[str]:
    """The normal forms of those of a view's metrics that are made of figures alone."""
    forms = set()
    for sql in metrics:
        try:
            tree = sqlglot.parse_one(sql, read=dialect)
        except SqlglotError:
            continue
        aggregates = list(tree.find_all(exp.AggFunc, exp.AnonymousAggFunc))
        is_plain = tree.find(exp.Window, exp.Query, exp.Anonymous) is None
        if aggregates and is_plain and all(isinstance(a, FIGURES) for a in aggregates):
            forms.add(normal(tree, dialect))
    return frozenset(forms)


def hold_to_groups(tree: exp.Query, rule: GroupRule) -> None:
    """Check that ``tree`` is of the safe form and add the conditions on its groups, in place.

    ``tree`` is the statement as the guard prints it, names resolved and ``*`` written out.

    Raises:
        GroupRefusal: it is of another form.
    """
    _Form(_frame(tree), rule).hold()


def _frame(tree: exp.Query) -> exp.Select:
    if not isinstance(tree, exp.Select) or tree.args.get("with_") or tree.args.get("joins"):
        raise GroupRefusal("write one SELECT over one view, without WITH, JOIN or UNION")
    if next(iter(q for q in tree.find_all(exp.Query) if q is not tree), None) is not None:
        raise GroupRefusal("write one SELECT over one view, without a SELECT inside it")
    if tree.find(exp.Window) is not None or tree.args.get("qualify") or tree.args.get("windows"):
        raise GroupRefusal("leave out OVER (…) and QUALIFY, and write GROUP BY")
    if tree.find(exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls) is not None:
        raise GroupRefusal("leave out FILTER, WITHIN GROUP and IGNORE NULLS; put the condition in WHERE")
    group = tree.args.get("group")
    if group is not None and any(
        group.args.get(part) for part in ("rollup", "cube", "grouping_sets", "totals")
    ):
        raise GroupRefusal("leave out ROLLUP, CUBE and GROUPING SETS; their totals give small groups away")
    distinct = tree.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise GroupRefusal("leave out DISTINCT ON, and write GROUP BY")
    return tree


class _Form:
    """One statement of the safe form, while it is looked through."""

    def __init__(self, select: exp.Select, rule: GroupRule) -> None:
        self.select = select
        self.rule = rule
        self.outputs = list(select.expressions)
        self.aliases = {o.alias.lower(): o.this for o in self.outputs if isinstance(o, exp.Alias) and o.alias}
        self.keys: dict[str, exp.Expr] = {}
        self.counted: dict[str, None] = {}
        """Columns that are aggregated, in the order found."""

    def hold(self) -> None:
        self.check_aliases()
        where = self.select.args.get("where")
        if where is not None:
            self.check_row(where.this, "WHERE")
        self.find_keys()
        for output in self.outputs:
            self.check_figure(output.this if isinstance(output, exp.Alias) else output)
        kept = [part for part in self.having() if not self.is_ours(part)]
        for part in kept:
            self.check_having(part)
        order = self.select.args.get("order")
        for ordered in order.expressions if order is not None else ():
            self.check_order(ordered.this)
        self.write(kept)

    # ---- names ------------------------------------------------------------------------------------------

    def check_aliases(self) -> None:
        """An alias that is called like a column hides it, in some databases here and in others there."""
        for name, value in self.aliases.items():
            if self.rule.view.column(name) is None or self.is_column(value, name):
                continue
            if not any(isinstance(node, FIGURES) for node in value.walk()):
                raise GroupRefusal(
                    f"{name} is a column of {self.rule.view.name}; give the result another name"
                )

    def is_column(self, node: exp.Expr, name: str) -> bool:
        return isinstance(node, exp.Column) and node.name.lower() == name

    def alias_of(self, node: exp.Expr) -> exp.Expr | None:
        """What the column named in GROUP BY, HAVING or ORDER BY stands for, when it is an output's name."""
        if isinstance(node, exp.Column) and not node.table:
            return self.aliases.get(node.name.lower())
        return None

    # ---- groups -----------------------------------------------------------------------------------------

    def find_keys(self) -> None:
        group = self.select.args.get("group")
        distinct = self.select.args.get("distinct")
        plain = [o.this if isinstance(o, exp.Alias) else o for o in self.outputs]
        rowwise = [p for p in plain if not any(isinstance(n, exp.AggFunc) for n in p.walk())]
        if group is None:
            items = list(plain) if distinct is not None and len(rowwise) == len(plain) else []
            if items:
                self.select.set("distinct", None)  # grouping by all of it says the same, and can be counted
        elif group.args.get("all"):
            items = rowwise
        else:
            items = [self.key(item) for item in group.expressions]
        for item in items:
            self.check_row(item, "GROUP BY")
            if item.find(exp.Column) is None:
                continue  # a constant groups nothing
            self.keys[normal(item, self.rule.dialect)] = item

    def key(self, item: exp.Expr) -> exp.Expr:
        """The expression itself, for one that is named by its place or by its alias."""
        while isinstance(item, exp.Paren):
            item = item.this
        if isinstance(item, exp.Literal) and not item.is_string:
            place = int(item.name) if item.name.isdigit() else 0
            if not 1 <= place <= len(self.outputs):
                raise GroupRefusal(f"GROUP BY {item.name}: there is no such column in SELECT")
            output: exp.Expr = self.outputs[place - 1]
            return output.unalias()
        meant = self.alias_of(item)
        if meant is not None and self.rule.view.column(item.name) is None:
            return meant
        return item

    # ---- figures ----------------------------------------------------------------------------------------

    def check_figure(self, node: exp.Expr) -> None:
        """Refuse what is neither a group key nor made of figures about the group."""
        if self.is_known(node):
            return
        if isinstance(node, FIGURES):
            self.check_argument(node)
            return
        if isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc)):
            raise GroupRefusal(
                f"{node.sql(dialect=self.rule.dialect)} can give one row's value; "
                "COUNT, SUM, AVG, STDDEV and VARIANCE are allowed"
            )
        if isinstance(node, exp.Column):
            raise GroupRefusal(
                f"{node.name} is a value of single rows; put it in GROUP BY or in COUNT, SUM or AVG"
            )
        for child in node.iter_expressions():
            self.check_figure(child)

    def is_known(self, node: exp.Expr) -> bool:
        """Whether it is a group key or one of the shop's metrics; columns that it adds up are counted."""
        form = normal(node, self.rule.dialect)
        if form in self.rule.metrics:
            for figure in node.find_all(*FIGURES):
                column = (
                    figure.this if not isinstance(figure.this, exp.Distinct) else figure.this.expressions[0]
                )
                if isinstance(column, exp.Column):
                    self.counted[column.name.lower()] = None
            return True
        return form in self.keys

    def check_argument(self, node: exp.Expr) -> None:
        """An aggregate's argument must be a whole column, so that no row can be singled out."""
        argument = node.this
        if isinstance(argument, exp.Star) and isinstance(node, exp.Count):
            return
        if isinstance(argument, exp.Distinct) and isinstance(node, exp.Count):
            parts = argument.expressions
            argument = parts[0] if len(parts) == 1 and not argument.args.get("on") else argument
        extra = [part for part, value in node.args.items() if value and part not in ("this", "big_int")]
        if extra or not isinstance(argument, exp.Column) or self.rule.view.column(argument.name) is None:
            raise GroupRefusal(
                f"{node.sql(dialect=self.rule.dialect)} must be of one whole column, or be one of the shop's "
                "metrics word for word; put conditions in WHERE"
            )
        self.counted[argument.name.lower()] = None

    # ---- HAVING and ORDER BY ----------------------------------------------------------------------------

    def having(self) -> list[exp.Expr]:
        """The parts of HAVING that are joined by AND."""
        having = self.select.args.get("having")
        return list(_conjuncts(having.this)) if having is not None else []

    def is_ours(self, part: exp.Expr) -> bool:
        columns = [c.name.lower() for c in self.rule.view.columns]
        form = normal(part, self.rule.dialect)
        return any(form == normal(c, self.rule.dialect) for c in self.rule.conditions(columns))

    def check_having(self, node: exp.Expr) -> None:
        if self.is_known(node):
            return
        meant = self.alias_of(node)
        if meant is not None and self.rule.view.column(node.name) is None:
            self.check_having(meant)
            return
        if isinstance(node, (*FIGURES, exp.Column, exp.AggFunc)):
            self.check_figure(node)
            return
        if not isinstance(node, (*_LOGIC, *_COMPARISONS, exp.Between, exp.In, exp.Neg)):
            raise GroupRefusal("HAVING may only compare figures and group keys with values")
        for child in node.iter_expressions():
            self.check_having(child)

    def check_order(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Literal) or self.alias_of(node) is not None:
            return
        if isinstance(node, exp.Column) and node.name.lower() == "all" and not node.table:
            return  # ORDER BY ALL: every output, each of which is looked at
        for column in node.find_all(exp.Column):
            if self.alias_of(column) is not None and self.rule.view.column(column.name) is not None:
                raise GroupRefusal(
                    f"ORDER BY: {column.name} is a column and a result; order by one of them alone"
                )
        self.check_figure_or_alias(node)

    def check_figure_or_alias(self, node: exp.Expr) -> None:
        if self.is_known(node) or self.alias_of(node) is not None:
            return
        if isinstance(node, (*FIGURES, exp.Column, exp.AggFunc, exp.AnonymousAggFunc)):
            self.check_figure(node)
            return
        for child in node.iter_expressions():
            self.check_figure_or_alias(child)

    # ---- rows -------------------------------------------------------------------------------------------

    def check_row(self, node: exp.Expr, where: str) -> None:
        """Refuse what can fail for one row's value: the failure, or its words, would tell the value."""
        if node.find(exp.Column) is None:
            if any(isinstance(n, exp.AggFunc) for n in node.walk()):
                raise GroupRefusal(f"{where} may not hold an aggregate")
            return
        if isinstance(node, exp.Column):
            if self.rule.view.column(node.name) is None:
                raise GroupRefusal(
                    f"{where}: {node.name} is no column of {self.rule.view.name}; write it out"
                )
            return
        if self.is_part_of_time(node):
            return
        if isinstance(node, (*_COMPARISONS, exp.Between, exp.In)):
            self.check_comparison(node, where)
        elif isinstance(node, _LIKES):
            self.check_pattern(node.expression, where)
        elif isinstance(node, exp.Escape):
            if not (isinstance(node.expression, exp.Literal) and len(node.expression.name) == 1):
                raise GroupRefusal(f"{where}: ESCAPE needs one character")
        elif isinstance(node, (exp.Cast, exp.TryCast)):
            self.check_cast(node, where)
        elif not isinstance(node, (*_LOGIC, exp.Case, exp.If)) and type(node) not in _row_classes(
            self.rule.dialect
        ):
            raise GroupRefusal(
                f"{where}: {node.sql(dialect=self.rule.dialect)} works on single rows' values; compare "
                "columns with values, or group by columns and by parts of dates"
            )
        for child in node.iter_expressions():
            self.check_row(child, where)

    def is_part_of_time(self, node: exp.Expr) -> bool:
        """Whether it cuts a column of times to a unit, or takes its weekday or hour: that cannot fail."""
        column = node.find(exp.Column)
        known = self.rule.view.column(column.name) if column is not None else None
        return known is not None and known.type in _TIME and told_as(node, self.rule.dialect) is not None

    def check_comparison(self, node: exp.Expr, where: str) -> None:
        """Two sides of one kind, so that the database converts no row's value."""
        sides = list(node.iter_expressions())
        columns = [self.rule.view.column(s.name) for s in sides if isinstance(s, exp.Column)]
        kinds = {_family(column.type) for column in columns if column is not None}
        if len(kinds) > 1:
            raise GroupRefusal(f"{where} may only compare columns of one type with each other")
        has_text = any(isinstance(s, exp.Literal) and s.is_string for s in sides)
        has_number = any(isinstance(s, (exp.Literal, exp.Neg)) and not s.is_string for s in sides)
        if (kinds == {"text"} and has_number) or (kinds == {"number"} and has_text):
            raise GroupRefusal(f"{where} may only compare a column with values of its own type")

    def check_pattern(self, pattern: exp.Expr, where: str) -> None:
        if not (isinstance(pattern, exp.Literal) and pattern.is_string) or pattern.name.endswith("\\"):
            raise GroupRefusal(f"{where}: LIKE needs a pattern in quotes")

    def check_cast(self, node: exp.Expr, where: str) -> None:
        inner, target = node.this, node.args["to"]
        column = self.rule.view.column(inner.name) if isinstance(inner, exp.Column) else None
        is_time = target.is_type(exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.DATETIME)
        if column is None or column.type not in _TIME or not is_time:
            raise GroupRefusal(f"{where}: only dates may be CAST, to DATE or TIMESTAMP")

    # ---- the result -------------------------------------------------------------------------------------

    def write(self, kept: list[exp.Expr]) -> None:
        keys = [key.copy() for key in self.keys.values()]
        self.select.set("group", exp.Group(expressions=keys) if keys else None)
        parts = [part.copy() for part in kept]
        parts = [exp.Paren(this=p) if isinstance(p, (exp.Or, exp.Xor)) else p for p in parts]
        parts += self.rule.conditions(self.counted)
        condition = parts[0]
        for part in parts[1:]:
            condition = exp.And(this=condition, expression=part)
        self.select.set("having", exp.Having(this=condition))


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


def _family(kind: ColumnType) -> str:
    return "number" if kind in ("integer", "number") else "time" if kind in _TIME else kind


@cache
def _row_classes(dialect: Dialect) -> frozenset[type[exp.Expr]]:
    """Classes of the functions of single rows that cannot fail, whatever the value."""
    found: set[type[exp.Expr]] = {exp.Extract, exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.DataType}
    for name in _ROW_NAMES.split():
        for arguments in ("a", "'month', a", "'month', CAST(a AS DATE)", "a, 'x'"):
            try:
                tree = sqlglot.parse_one(f"{name}({arguments})", read=dialect)
            except (SqlglotError, TypeError):
                continue
            found |= {type(tree)} if isinstance(tree, exp.Func) else set()
    return frozenset(found - {exp.Anonymous, exp.AnonymousAggFunc, exp.Cast, exp.TryCast})
