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
  unit; ``WEEKDAY_OF`` (1, Monday, to 7) and ``HOUR_OF`` are parts of it;
* ``DURING(time, 'words')`` is true inside the period that the question names with these words;
* ``DAYS(first, last)`` are the calendar days from one time to another, ``HOURS`` the hours with a fraction;
* ``SHARE(figure, condition)`` is the part of a figure, from 0 to 1, that the condition holds for;
* a division by zero gives no value, and one of whole numbers keeps its fraction.

Not covered: several views, subqueries, set operations, arithmetic over more than two terms.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import Senseless, SqlError
from sql.lock.trees import parse_query
from sql.names import needs_quotes
from sql.question.cues import Direction
from sql.question.periods import Period
from sql.semantics import Metric, View
from sql.statement.grammar import lark_choice, lark_text, quote_name, quote_text
from sql.statement.shape import identity_of, period_predicate
from sql.times import PARTS, UNITS, grain_start, part_of, ratio, units_between
from sql.types import Dialect

MAX_ITEMS = 6
"""Columns shown, grouped or ordered by, at most."""
MAX_CONDITIONS = 6
MAX_VALUES = 8
"""Of one IN list."""
DEFAULT_COUNTS = ("1", "5", "10")
"""Rows of a ranking where the question names no number."""

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
class Bound:
    """One comparison with a number that a statement must make, in one of these ways."""

    numbers: Sequence[str]
    rows: Sequence[str]
    """Conditions on rows."""
    groups: Sequence[str]
    """Conditions on groups."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one question lets a statement over one view compare with."""

    values: Mapping[str, Sequence[str]]
    """Text column → values of it that may stand in the statement."""
    texts: Sequence[str] = ()
    """Stretches of the question, for columns whose values nobody knows."""
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Text column with known values → parts of them that the question names."""
    periods: Sequence[Period] = ()
    numbers: Sequence[str] | None = None
    """What numbers may be compared with; ``None`` is any."""
    measures: Collection[str] | None = None
    """Columns of numbers that figures may be of, and no rows counted; ``None`` is any, and rows too."""
    counted: str | None = None
    """The column whose different values are counted, and nothing else; ``None`` counts any, and rows too."""
    order: Direction | None = None
    """The way that numbers of a ranking are sorted; ``None`` is either."""
    order_of_times: Direction | None = None
    """The way that times are sorted; ``None`` is either."""
    must: Sequence[Sequence[str]] = ()
    """Conditions that WHERE begins with, one of each group."""
    groups: Sequence[str] = ()
    """Columns that are grouped by and shown before figures."""
    is_ranking: bool = False
    """Rows are sorted."""
    extreme: Direction | None = None
    """Only the last (``desc``) or the first of a time is shown."""
    share: Literal["alone", "grouped"] | None = None
    """A share is shown, of the whole or of each group."""
    is_whole: bool = False
    """Rows are sorted, and none is left out."""
    is_summed: bool = False
    """Columns of numbers stand in figures and conditions only."""
    bounds: Sequence[Bound] = ()
    """Comparisons that the statement makes, all of them."""
    never: Sequence[str] = ()
    """Conditions of which one holds for no row of the groups shown."""


def form_grammar(view: View, metrics: Sequence[Metric], words: Words, dialect: Dialect) -> str:
    """Lark grammar of the statements over ``view`` after their first line.

    Args:
        dialect: of the database, in which the metrics' SQL is written.
    """
    return _Rules(view, metrics, words, dialect).text()


def _has_parts(metric: Metric, dialect: Dialect) -> bool:
    """Whether the figures of parts add up to that of the whole, or to more where things are in several."""
    return isinstance(metric.tree(dialect), (exp.Sum, exp.Count))


def _is_made_of(metric: Metric, columns: Collection[str], dialect: Dialect) -> bool:
    """Whether one of these columns is in a metric."""
    held = {c.name.lower() for c in metric.tree(dialect).find_all(exp.Column)}
    return bool(held & {name.lower() for name in columns})


class _Rules:
    def __init__(self, view: View, metrics: Sequence[Metric], words: Words, dialect: Dialect) -> None:
        self.view, self.words, self.dialect = view, words, dialect

        def names(*types: str) -> list[str]:
            return [quote_name(c.name) for c in view.columns if c.type in types]

        only = words.measures
        measures = [c.name for c in view.columns if c.is_measure]
        self.columns = [
            quote_name(c.name) for c in view.columns if only is None or c.name in only or not c.is_measure
        ]
        self.metrics = [m for m in metrics if only is None or _is_made_of(m, only, dialect)]
        self.keys = [quote_name(c.name) for c in view.columns if c.is_key and c.type in ("integer", "number")]
        self.numbers = [name for name in names("integer", "number") if name not in self.keys]
        self.measures = [quote_name(name) for name in measures if only is None or name in only]
        self.times, self.moments = names("date", "timestamp"), names("timestamp")
        self.truths = names("boolean")

    def text(self) -> str:
        rules = [
            'CMP: " = " | " <> " | " > " | " < " | " >= " | " <= "',
            *self._number_rules(),
            f"COL: {lark_choice(self.columns)}",
        ]
        figures = ['"COUNT(" ("*" | "DISTINCT " COL) ")"'] if self.words.measures is None else []
        if self.words.counted is not None:
            figures = [lark_text(f"COUNT(DISTINCT {quote_name(self.words.counted)})")]
        named = [quote_name(m.name) for m in self.metrics]
        sums = ["M", *self._pairs(self.measures, "OP", "")] if self.measures else []
        if len(self.times) > 1:
            sums.append('"DAYS(" D ", " D ")"')
        if len(self.moments) > 1:
            rules.append(f"T: {lark_choice(self.moments)}")
            sums.append('"HOURS(" T ", " T ")"')
        if self.metrics:
            rules.append(f"METRIC: {lark_choice(named)}")
        if self.numbers:
            rules.append(f"N: {lark_choice(self.numbers)}")
        if self._has_keys():
            said = self.words.numbers
            rules.append(f"KEY: {lark_choice(self.keys)}")
            rules.append(f"SAID: {'NUM' if said is None else lark_choice(said)}")
        if self.measures:
            rules.append(f"M: {lark_choice(self.measures)}")
        if sums:
            rules += ['OP: " + " | " - " | " * " | " / "', f"sum: {' | '.join(sums)}"]
            figures.append('("SUM(" | "AVG(") sum ")"')
        if sums or self.times:
            ranked = " | ".join([*(["sum"] if sums else []), *(["D"] if self.times else [])])
            figures.append(f'("MIN(" | "MAX(") ({ranked}) ")"')
        dims, units = ["COL"], ""
        if self.words.is_summed:
            dims = [lark_choice(name for name in self.columns if name not in self.measures) or "COL"]
        if self.times:
            rules.append(f"D: {lark_choice(self.times)}")
            units = lark_choice([*(f"TO_{g.upper()}(" for g in UNITS), *(f"{p.upper()}_OF(" for p in PARTS)])
            dims.append(f'({units}) D ")"')
        parted = [quote_name(m.name) for m in self.metrics if _has_parts(m, self.dialect)]
        if self.words.measures is None:
            parted.append("COUNT(*)")
        else:
            parted += [f"SUM({name})" for name in self.measures]
        computed = " | sum" if sums else ""
        conditions = self._conditions(bool(sums))
        more = f"{{0,{MAX_ITEMS - 1}}}"
        has_shares = bool(parted)
        if self.words.is_summed:
            computed = ""
        rules += [
            f"plain: {' | '.join(figures)}",
            f"single: plain{' | METRIC' if named else ''}",
            'PER: " / " | " - "',
            f"figure: {' | '.join(['single', 'plain PER single', *self._pairs(named, 'PER', 'plain')])}",
            f"dim: {' | '.join(dims)}",
            *([f'share: "SHARE(" ({lark_choice(parted)}) ", " conds ")"'] if has_shares else []),
            f"item: dim | figure{' | share' if has_shares else ''}{computed}",
            f"key: dim | figure{computed}",
            *self._order_rules(computed, units, has_shares),
            f"cond: {' | '.join(conditions)}",
            f'conds: cond (" AND " cond){{0,{MAX_CONDITIONS - 1}}}',
            self._select(more, has_shares),
            'order: first (", " key " DESC"?){0,2}',
            f"start: select {lark_text(f' FROM {quote_name(self.view.name)}')} ({self._rest(more)})",
        ]
        return "\n".join(rules) + "\n"

    def _pairs(self, names: Sequence[str], sign: str, other: str) -> list[str]:
        """Each name with a sign and another; with itself it would always be the same."""
        found = []
        for name in names:
            others = [*([other] if other else []), *(lark_text(each) for each in names if each != name)]
            if others:
                found.append(f"{lark_text(name)} {sign} ({' | '.join(others)})")
        return found

    def _select(self, more: str, has_shares: bool) -> str:
        if self.words.never:
            return 'select: "SELECT " dim'
        if self.words.share and has_shares:
            groups = "" if self.words.share == "alone" else '(dim ", "){1,2}'
            return f'select: "SELECT " {groups} share'
        if self.words.counted is not None:
            return 'select: "SELECT " (dim ", ")? single'
        if self.words.extreme is not None and self.times:
            return f'select: "SELECT {"MAX" if self.words.extreme == "desc" else "MIN"}(" D ")"'
        if self.words.groups:
            shown = f"(figure{' | share' if has_shares else ''})"
            return f'select: {lark_text(f"SELECT {self._groups()}")} (", " {shown}){{1,{MAX_ITEMS - 1}}}'
        return f'select: "SELECT DISTINCT " dim (", " dim){more} | "SELECT " item (", " item){more}'

    def _rest(self, more: str) -> str:
        """What follows FROM."""
        words = self.words
        if words.never:
            having = lark_choice(f" HAVING SHARE(COUNT(*), {each}) = 0" for each in words.never)
            return f'{self._during()} " GROUP BY " dim ({having})'
        ways = []
        for are_of_rows in itertools.product((True, False), repeat=len(words.bounds)):
            placed = list(zip(are_of_rows, words.bounds, strict=True))
            rows = [bound.rows for is_of_rows, bound in placed if is_of_rows]
            groups = [bound.groups for is_of_rows, bound in placed if not is_of_rows]
            if all(rows) and not (rows and words.is_summed):
                ways.append(f"{self._where([*rows, *words.must])} {self._grouped(more, groups)}")
        return " | ".join(ways)

    def _during(self) -> str:
        """Periods of the question as the only condition."""
        if not self.times or not self.words.periods:
            return ""
        said = lark_choice(quote_text(p.text) for p in self.words.periods)
        return f'(" WHERE DURING(" D ", " ({said}) ")")?'

    def _grouped(self, more: str, bounds: Sequence[Sequence[str]]) -> str:
        """What follows WHERE; of each of ``bounds`` the groups meet one condition."""
        if self.words.extreme is not None and self.times:
            return ""
        having = '(" HAVING " figure CMP NUM)?'
        if bounds:
            having = '" HAVING " ' + ' " AND " '.join(f"({lark_choice(each)})" for each in bounds)
        is_sorted = self.words.is_ranking or self.words.is_whole
        rest = '" ORDER BY " order' if is_sorted else '(" ORDER BY " order)?'
        if not self.words.is_whole:
            rest += ' (" LIMIT " COUNT)?'
        if self.words.groups:
            return f'{lark_text(f" GROUP BY {self._groups()}")} (", " dim){more} {having} {rest}'
        grouped = f'" GROUP BY " dim (", " dim){more} {having}'
        return f"{grouped if bounds else f'({grouped})?'} {rest}"

    def _groups(self) -> str:
        return ", ".join(map(quote_name, self.words.groups))

    def _where(self, must: Sequence[Sequence[str]]) -> str:
        if not must:
            return '(" WHERE " conds)?'
        first = ' " AND " '.join(f"({lark_choice(group)})" for group in must)
        return f'" WHERE " {first} (" AND " conds)?'

    def _order_rules(self, computed: str, units: str, has_shares: bool) -> list[str]:
        """What is sorted by first: where the question says which way, numbers go that way only."""
        ways = {None: ' " DESC"?', "desc": ' " DESC"', "asc": ""}
        others = [name for name in self.columns if name not in (*self.measures, *self.times)]
        unmeasured = [f"({lark_choice(others)})"] if others else []
        unmeasured += [f'({units}) D ")"'] if units else []
        either = f' | ({" | ".join(unmeasured)}) " DESC"?' if unmeasured else ""
        times = f" | D{ways[self.words.order_of_times]}" if self.times else ""
        shares = " | share" if has_shares else ""
        return [f"first: (figure{computed}{shares}){ways[self.words.order]}{times}{either}"]

    def _number_rules(self) -> list[str]:
        """Numbers of a comparison and rows of a limit."""
        said = self.words.numbers
        if said is None:
            return ["NUM: /-?[0-9]{1,12}(\\.[0-9]{1,6})?/", "COUNT: /[1-9][0-9]{0,3}/"]
        counts = [n for n in said if n.isdecimal() and 0 < int(n) < 10_000]
        return [f"NUM: {lark_choice([*said, '0', '1'])}", f"COUNT: {lark_choice([*counts, *DEFAULT_COUNTS])}"]

    def _has_keys(self) -> bool:
        """Whether a key may be compared: with numbers of the question only, not with 0 or 1 as others may."""
        return bool(self.keys) and (self.words.numbers is None or bool(self.words.numbers))

    def _conditions(self, has_sums: bool) -> list[str]:
        conditions = ['COL (" IS NULL" | " IS NOT NULL")']
        if has_sums:
            conditions.append("sum CMP (NUM | M)" if self.measures else "sum CMP NUM")
        if self.numbers:
            conditions.append('N " BETWEEN " NUM " AND " NUM')
        for name, number in [
            *([("N", "NUM")] if self.numbers else []),
            *([("KEY", "SAID")] * self._has_keys()),
        ]:
            listed = f'{number} (", " {number}){{0,{MAX_VALUES - 1}}}'
            conditions += [f"{name} CMP {number}", f'{name} (" IN (" | " NOT IN (") {listed} ")"']
        if self.times:
            conditions.append("D CMP D")
            if self.words.periods:
                said = lark_choice(quote_text(p.text) for p in self.words.periods)
                conditions.append(f'"DURING(" D ", " ({said}) ")"')
        if self.truths:
            conditions.append(f'"NOT "? ({lark_choice(self.truths)})')
        for column in self.view.columns:
            if column.type in ("text", "other"):
                conditions += self._about_text(column.name, self.words.values.get(column.name))
        return conditions

    def _about_text(self, column: str, values: Sequence[str] | None) -> list[str]:
        name = quote_name(column)
        known = values if values is not None else self.words.texts
        found = []
        if known:
            texts = f"({lark_choice(quote_text(t) for t in known)})"
            found += [
                f'{lark_text(name)} (" = " | " <> ") {texts}',
                f'{lark_text(name)} (" IN (" | " NOT IN (") {texts} (", " {texts}){{0,{MAX_VALUES - 1}}} ")"',
            ]
        parted = self.words.texts if values is None else self.words.parts.get(column, ())
        if parted:
            parts = lark_choice(quote_text(f"%{t}%") for t in parted)
            found.append(f'{lark_text(name)} (" LIKE " | " NOT LIKE ") ({parts})')
        return found


# --- writing it out --------------------------------------------------------------------------------------


def expand(
    text: str,
    view: View,
    metrics: Sequence[Metric],
    periods: Sequence[Period],
    dialect: Dialect,
    *,
    kinds: Collection[str] = (),
) -> str:
    """The statement as SQL of ``dialect``; its first line may be left out.

    Args:
        metrics: of the view.
        periods: those of the question, whose words ``DURING`` may name.
        kinds: text columns with few values, so that one value of them leaves many rows.
    Raises:
        NotShopForm: it cannot be read, or names another view or an unknown period.
        Senseless: it shows a column beside groups that do not say which of its values, or numbers or kinds of
            many rows with nothing that says whose they are; or it compares a figure with itself.
    """
    tree = _parse(text, _READ[dialect])
    tables = [t.name for t in tree.find_all(exp.Table)]
    if tables != [view.name]:
        raise NotShopForm(f"it reads {', '.join(tables) or 'nothing'}; expected {view.name}")
    return _Writer(view, metrics, periods, dialect, kinds).write(tree)


_DONE = "written out"
_COMPUTED: dict[type[exp.Expr], str] = {exp.Add: "plus", exp.Sub: "less", exp.Mul: "times", exp.Div: "per"}


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
        tree = parse_query(" ".join(lines), dialect)
    except (SqlglotError, ValueError) as error:
        raise NotShopForm(f"it cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Select):
        raise NotShopForm("it is no SELECT")
    return tree


class _Writer:
    def __init__(
        self,
        view: View,
        metrics: Iterable[Metric],
        periods: Iterable[Period],
        dialect: Dialect,
        kinds: Collection[str],
    ) -> None:
        self.view, self.dialect = view, dialect
        self.kinds = {name.lower() for name in kinds if name != identity_of(view)}
        self.metrics = {m.name.lower(): m for m in metrics}
        self.periods = {p.text: p for p in periods}

    def write(self, tree: exp.Select) -> str:
        self._group(tree)
        self._refuse_bare_values(tree)
        for item in list(tree.expressions):
            alias = self._alias(item)
            if alias is not None:
                item.replace(exp.alias_(item.copy(), alias))
        for computed in tree.find_all(*_COMPUTED):
            if not self._is_figure(computed):  # its terms are columns, also when a metric has the same name
                for term in computed.find_all(exp.Column):
                    term.meta[_DONE] = True
        for pair in tree.find_all(exp.Div, exp.Sub):
            if pair.left.sql() == pair.right.sql():
                raise Senseless(f"{pair.sql()} is always the same")
        for division in reversed(list(tree.find_all(exp.Div))):  # the inner ones first
            division.replace(ratio(division.this, division.expression, self.dialect))
        for call in reversed(list(tree.find_all(exp.Anonymous))):  # the inner ones first
            made = self._call(call)
            made.meta[_DONE] = True
            call.replace(made)
        for column in list(tree.find_all(exp.Column)):
            metric = self.metrics.get(column.name.lower())
            if metric is not None and _stands_for_a_figure(column):
                column.replace(self._metric(metric, column.parent))
        for name in tree.find_all(exp.Identifier):
            if needs_quotes(name.name.lower(), self.dialect):
                name.set("quoted", True)
        return tree.sql(dialect=self.dialect)

    def _group(self, tree: exp.Select) -> None:
        """Group by all that is shown beside a figure."""
        group, order = tree.args.get("group"), tree.args.get("order")
        ordered = [each.this for each in order.expressions] if order else []
        has_figure = any(self._is_figure(each) for each in [*tree.expressions, *ordered])
        if group is None and not has_figure:
            return
        grouped = {each.sql() for each in group.expressions} if group else set()
        loose = [e for e in tree.expressions if not self._is_figure(e) and e.sql() not in grouped]
        if loose and not has_figure:
            raise Senseless(f"{loose[0].sql()} is neither a figure nor grouped by")
        if loose:
            tree.group_by(*[each.copy() for each in loose], copy=False)

    def _refuse_bare_values(self, tree: exp.Select) -> None:
        """Numbers or kinds of many rows say nothing where what each belongs to is not shown."""
        if tree.args.get("limit") or tree.args.get("distinct") or tree.args.get("group"):
            return
        measures = {c.name.lower() for c in self.view.columns if c.is_measure}
        shown: set[str] = set()
        for item in tree.expressions:
            names = {c.name.lower() for c in item.find_all(exp.Column)}
            if self._is_figure(item) or isinstance(item, exp.Anonymous) or not names:
                return
            shown |= names
        if shown - measures and shown - self.kinds:
            return
        where = tree.args.get("where")
        if where is not None and any(map(self._names_one, where.find_all(exp.EQ, exp.Like))):
            return
        raise Senseless(f"{tree.expressions[0].sql()} of many rows, without what each belongs to")

    def _names_one(self, condition: exp.Binary) -> bool:
        """Whether a condition may leave one row, by a key or a name."""
        column = self.view.column(condition.this.name) if isinstance(condition.this, exp.Column) else None
        if column is None:
            return False
        is_text = column.type in ("text", "other")
        return column.is_key or (is_text and column.name.lower() not in self.kinds)

    def _is_figure(self, item: exp.Expr) -> bool:
        """Whether an item is one value for a whole group."""
        if isinstance(item, exp.Column):
            return item.name.lower() in self.metrics
        if isinstance(item, exp.Anonymous) and item.name.lower() == "share":
            return True
        if isinstance(item, exp.Binary):
            return self._is_figure(item.left) and self._is_figure(item.right)
        return isinstance(item, exp.AggFunc)

    def _alias(self, item: exp.Expr) -> str | None:
        """What a figure or a time is called in the result; columns keep their names."""
        if isinstance(item, exp.Column) and item.name.lower() in self.metrics:
            return self.metrics[item.name.lower()].name
        if isinstance(item, exp.Anonymous):
            name = item.name.lower()
            if name.startswith("to_"):
                return name.removeprefix("to_")
            return name.removesuffix("_of")
        if isinstance(item, exp.Count) and isinstance(item.this, exp.Star):
            return re.sub(r"\W+", "_", self.view.name).lower()
        if isinstance(item, (exp.Sum, exp.Avg)) and isinstance(item.this, (exp.Column, exp.Anonymous)):
            return f"{'total' if isinstance(item, exp.Sum) else 'average'}_{item.this.name}".lower()
        if isinstance(item, exp.Binary) and all(isinstance(t, exp.Column) for t in (item.left, item.right)):
            return f"{item.left.name}_{_COMPUTED[type(item)]}_{item.right.name}".lower()
        return None

    def _metric(self, metric: Metric, parent: exp.Expr | None) -> exp.Expr:
        tree = metric.tree(self.dialect)
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
        if name in ("days", "hours") and len(arguments) == 2 and isinstance(arguments[1], exp.Column):
            unit: Literal["day", "hour"] = "day" if name == "days" else "hour"
            between = units_between(arguments[0], arguments[1], unit, self.dialect)
            return exp.Paren(this=between) if isinstance(between, exp.Binary) else between
        for unit_ in UNITS:
            if name == f"to_{unit_}":
                return grain_start(arguments[0], unit_, self.dialect)
        for part in PARTS:
            if name == f"{part}_of":
                return part_of(arguments[0], part, self.dialect)
        if name == "during" and len(arguments) == 2:
            period = self.periods.get(arguments[1].name)
            if period is None:
                raise NotShopForm(f"the question names no period {arguments[1].name!r}")
            inside = self._read(period_predicate(arguments[0].sql(dialect=self.dialect), period))
            return exp.Paren(this=inside) if isinstance(call.parent, exp.Not) else inside
        raise NotShopForm(f"there is no {name.upper()}")

    def _share(self, figure: exp.Expr, condition: exp.Expr) -> exp.Expr:
        """The figure over the rows of the condition, divided by the figure over all."""
        if isinstance(figure, exp.Column):
            metric = self.metrics.get(figure.name.lower())
            if metric is None:
                raise NotShopForm(f"{figure.name} is no metric of {self.view.name}")
            whole = metric.tree(self.dialect)
        else:
            whole = figure.copy()
        if not isinstance(whole, (exp.Sum, exp.Count)):
            raise NotShopForm("SHARE needs a sum or a count: the parts of others do not add up")
        part = whole.copy()
        self._narrow(part, condition)
        return ratio(part, whole, self.dialect)

    def _narrow(self, aggregate: exp.AggFunc, condition: exp.Expr) -> None:
        inner = aggregate.this
        is_distinct = isinstance(inner, exp.Distinct)
        value = inner.expressions[0] if is_distinct else inner
        counted = exp.Literal.number(1) if isinstance(value, exp.Star) else value.copy()
        case = exp.Case().when(condition.copy(), counted)
        aggregate.set("this", exp.Distinct(expressions=[case]) if is_distinct else case)
