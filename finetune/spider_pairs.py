"""Spider's questions as pairs of the question language: ``python -m finetune.spider_pairs``.

Spider's gold statements are SQL. Many say what a statement of the question language says too; those are put
into it by their parts, and a pair is kept only where the statement's rows are the gold's. What has no form
in the language (set operations beyond HAS, subqueries beyond it, arithmetic between tables) is left out and
counted by reason. Held-out databases are refused by :func:`finetune.heldout.split`.

Source: Yu et al., Spider (EMNLP 2018); Gan et al., Spider-Syn (ACL 2021).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlglot
from sqlglot import exp

from finetune.errors import EvaluationError
from finetune.examples import Example
from finetune.gold import Gold, run_golds
from finetune.heldout import split
from finetune.match import is_answer_contained
from finetune.shops.question_pairs import Pair
from finetune.shops.shop_examples import examples_over
from finetune.ways import open_unseen
from sql.errors import SqlError
from sql.semantics import Shop
from sql.shop.workspace import Workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.sentence import (
    Aggregate,
    AllOf,
    Among,
    AnyOf,
    Calc,
    Compare,
    Condition,
    Dim,
    Empty,
    Has,
    Like,
    Name,
    Node,
    Number,
    Order,
    Range,
    Sign,
    Statement,
    Text,
    Value,
)

_DIFFERENT = re.compile(r"\b(?:different|distinct|unique)\b", re.I)
_COUNTED = re.compile(r"\bcount\s*\(\s*(?!distinct|\*)", re.I)
logger = logging.getLogger(__name__)

MAX_ROWS = 2_000
"""Of a gold result; larger ones are lists that nobody reads."""
_SIGNS: dict[type[exp.Expr], Sign] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_MIRRORED: dict[Sign, Sign] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "SUM",
    exp.Avg: "AVG",
    exp.Min: "MIN",
    exp.Max: "MAX",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


class NotSayable(Exception):
    """The statement has a part that the question language does not say; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class SpiderQuestion:
    """One line of Spider's questions."""

    database: str
    question: str
    sql: str


def read_questions(file: Path) -> list[SpiderQuestion]:
    """The questions that may be trained on.

    Raises:
        EvaluationError: the file cannot be read.
    """
    try:
        records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise EvaluationError(file, None, f"cannot be read: {error}") from error
    return [
        SpiderQuestion(database=r["database"], question=r["question"].strip(), sql=r["sql"])
        for r in records
        if split(r["database"]) == "train"
    ]


def pairs_over(
    workspace: Workspace, database: Path, questions: Sequence[SpiderQuestion]
) -> Iterator[tuple[SpiderQuestion, str | None, str]]:
    """Each question with its statement, or ``None`` with the reason why there is none."""
    known: dict[str, tuple[str | None, str]] = {}
    golds = run_golds(database, [q.sql for q in questions], max_rows=MAX_ROWS)
    for question, gold in zip(questions, golds, strict=True):
        if question.sql not in known:
            try:
                known[question.sql] = _said(workspace, question.sql, gold), ""
            except NotSayable as error:
                known[question.sql] = None, str(error)
        statement, reason = known[question.sql]
        if statement and _DIFFERENT.search(question.question) and _COUNTED.search(question.sql):
            statement, reason = None, "asks for different values, and the gold counts all"
        yield question, statement, reason


def _said(workspace: Workspace, sql: str, gold: Gold) -> str:
    """The statement with the gold's rows."""
    if gold.problem is not None:
        raise NotSayable("the gold does not run")
    if not gold.rows or all(cell is None for row in gold.rows for cell in row):
        raise NotSayable("the gold has no rows, which nothing can be checked by")
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except sqlglot.errors.SqlglotError as error:
        raise NotSayable("sqlglot does not read it") from error
    is_ordered = tree.find(exp.Order) is not None
    problem = "no home gives the gold's rows"
    for statement in itertools.islice(_candidates(tree, workspace), 24):
        try:
            text = str(parse(str(_with_metrics(statement, workspace.shop))))
            compiled = compile_statement(
                parse(text), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
            )
            rows = workspace.run(compiled.sql).rows
        except SqlError as error:
            problem = f"does not compile: {type(error).__name__}"
            logger.debug("%s: %s", text, error)
            continue
        if is_answer_contained(rows, gold.rows, ordered=is_ordered, tolerance=1e-6):
            return text
    raise NotSayable(problem)


def _with_metrics(statement: Statement, shop: Shop) -> Statement:
    """The same with the description's own metric where one says exactly an aggregate."""
    metrics = {m.sql.replace('"', "").lower(): m.name for m in shop.metrics if m.view == statement.view}

    def said(part: Node) -> Node:
        if isinstance(part, Aggregate) and (name := metrics.get(str(part).replace('"', "").lower())):
            return Name(name)
        return part.with_parts(said)

    return statement.with_parts(said)


def _candidates(tree: exp.Expr, workspace: Workspace) -> Iterator[Statement]:
    """Statements that may say it: for each home, names alone first, then with the view before them."""
    if isinstance(tree, exp.Except | exp.Intersect):
        yield from _set_operations(tree, workspace)
        return
    if not isinstance(tree, exp.Select):
        raise NotSayable(f"a set operation ({type(tree).__name__})")
    scope = _Scope.of(tree, workspace)
    for home in scope.homes(tree):
        for is_qualified in (False, True):
            for is_distinct in (False, True):
                try:
                    yield _Converter(scope, home, is_qualified, is_distinct).statement(tree)
                except NotSayable:
                    if home == scope.homes(tree)[-1] and is_qualified and is_distinct:
                        raise


def _set_operations(tree: exp.Except | exp.Intersect, workspace: Workspace) -> Iterator[Statement]:
    """EXCEPT and INTERSECT over an entity, as HAS NO and HAS."""
    left, right = tree.left, tree.right
    if not isinstance(left, exp.Select) or not isinstance(right, exp.Select):
        raise NotSayable("set operations inside each other")
    first, second = _Scope.of(left, workspace), _Scope.of(right, workspace)
    has_no = isinstance(tree, exp.Except)
    for home in first.homes(left):
        others = [name for name in second.homes(right) if name != home]
        for entity, view in _links(workspace, home, others):
            converter = _Converter(first, home, False, False)
            inner = _Converter(second, view, False, False)
            try:
                base = converter.statement(left)
                conditions = inner.conditions(right.args.get("where"))
            except NotSayable:
                continue
            has = Has(Name(entity), view, where=conditions, is_not=has_no)
            where = base.where
            if not has_no and len(first.tables) > 1:
                raise NotSayable("both sides of INTERSECT have joins")
            yield replace(base, where=(*where, has))
    raise NotSayable(f"a set operation ({type(tree).__name__})")


def _links(workspace: Workspace, home: str, others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Columns of ``home`` that rows of another view refer to, with that view."""
    view = workspace.shop.view(home)
    assert view is not None  # homes are the shop's own
    for other in others:
        there = workspace.shop.view(other)
        if there is not None and home in there.refs.values() and view.key:
            yield view.key[0], other


@dataclass(frozen=True)
class _Scope:
    """The tables of one SELECT, by alias."""

    tables: dict[str, str]
    """Lower-case alias or name → view."""
    columns: dict[str, dict[str, str]]
    """View → lower-case column → its name."""
    workspace: Workspace

    @classmethod
    def of(cls, tree: exp.Select, workspace: Workspace) -> _Scope:
        views = {view.name.lower(): view for view in workspace.shop.views}
        tables: dict[str, str] = {}
        sources = [tree.args.get("from_") or tree.args.get("from")]
        sources += tree.args.get("joins") or []
        for source in sources:
            table = source.this if source is not None else None
            if not isinstance(table, exp.Table):
                raise NotSayable("FROM a subquery")
            name = table.name.lower()
            view = views.get(name)
            if view is None:
                raise NotSayable("a table that is no view")
            if view.name in tables.values():
                raise NotSayable("a table joined to itself")
            tables[(table.alias or table.name).lower()] = view.name
        columns = {
            view.name: {column.name.lower(): column.name for column in view.columns}
            for view in workspace.shop.views
            if view.name in tables.values()
        }
        return cls(tables, columns, workspace)

    def homes(self, tree: exp.Select) -> list[str]:
        """The views, the likeliest home first: the one whose columns are summed, then the one that leads to
        most of the others."""
        summed = {
            self.found(column)[0]
            for figure in tree.find_all(exp.Sum, exp.Avg, exp.Min, exp.Max)
            for column in figure.find_all(exp.Column)
            if column.find_ancestor(exp.Select) is tree
        }
        views = list(dict.fromkeys(reversed(self.tables.values())))

        def leads_to(view: str) -> int:
            own = self.workspace.shop.view(view)
            return len(set(own.refs.values()) & set(views)) if own is not None else 0

        return sorted(views, key=lambda view: (view not in summed, -leads_to(view)))

    def has(self, name: str) -> bool:
        """Whether any of the views has a column of that name."""
        return any(name.lower() in columns for columns in self.columns.values())

    def found(self, column: exp.Column) -> tuple[str, str]:
        """The view and the name of a column."""
        name = column.name.lower()
        if column.table:
            view = self.tables.get(column.table.lower())
            views = [view] if view else []
        else:
            views = [v for v in self.tables.values() if name in self.columns[v]]
        for view in views:
            if name in self.columns[view]:
                return view, self.columns[view][name]
        raise NotSayable("a column that the description does not have")


class _Converter:
    """One SELECT with one home."""

    def __init__(self, scope: _Scope, home: str, is_qualified: bool, is_distinct: bool) -> None:
        self.scope, self.home, self.is_qualified, self.is_distinct = scope, home, is_qualified, is_distinct

    def statement(self, tree: exp.Select) -> Statement:
        for part in ("windows", "laterals", "qualify", "offset"):
            if tree.args.get(part):
                raise NotSayable(part)
        where = list(self.conditions(tree.args.get("where")))
        items = tuple(self.value(e.unalias()) for e in tree.expressions)
        order = tuple(
            Order(self.value(key.this), bool(key.args.get("desc")))
            for key in (tree.args["order"].expressions if tree.args.get("order") else ())
        )
        having = self.conditions(tree.args.get("having"))
        limit = tree.args.get("limit")
        count = int(limit.expression.name) if limit is not None else None
        if self.extreme is not None:
            if order or count is not None:
                raise NotSayable("an order beside the extreme")
            order, count = (self.extreme,), 1
        dims = tuple(item for item in items if isinstance(item, Name))
        figures = tuple(item for item in items if not isinstance(item, Name))
        groups: tuple[Dim, ...] = ()
        grouped = tree.args.get("group")
        if grouped is not None or (figures and dims):
            groups = dims
            if not dims:
                groups = tuple(self._named(e) for e in (grouped.expressions if grouped else ()))
                items = (*groups, *items)
        elif self.is_distinct or tree.args.get("distinct"):
            groups = dims
        keys = tuple(o.key for o in order if not isinstance(o.key, Name))
        if groups and figures == () and keys:
            items = (*items, *keys)
        if groups:  # the dimension first
            items = (*(i for i in items if i in groups), *(i for i in items if i not in groups))
        if groups and any(isinstance(o.key, Name) and o.key not in groups for o in order):
            raise NotSayable("an order by what is not grouped")
        return Statement(
            view=self.home,
            items=tuple(dict.fromkeys(items)),
            where=tuple(where),
            groups=groups,
            having=having,
            order=order,
            limit=count,
        )

    extreme: Order | None = None

    def _named(self, node: exp.Expression) -> Name:
        if not isinstance(node, exp.Column):
            raise NotSayable("grouped by an expression")
        view, name = self.scope.found(node)
        if view == self.home:
            return Name(name)
        if self.is_qualified or name in self.scope.columns[self.home].values():
            return Name(name, view)
        return Name(name)

    def value(self, node: exp.Expression) -> Value:
        if isinstance(node, exp.Paren):
            return self.value(node.this)
        if isinstance(node, exp.Column):
            if isinstance(node.this, exp.Star):
                raise NotSayable("all columns")
            if node.this.args.get("quoted") and not node.table and not self.scope.has(node.name):
                return Text(node.name)  # SQLite takes an unknown name in double quotes for a text
            return self._named(node)
        if isinstance(node, exp.Literal):
            return Text(node.name) if node.is_string else Number(node.name)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return Number(f"-{node.this.name}")
        if isinstance(node, exp.Count):
            inner = node.this
            if isinstance(inner, exp.Distinct):
                return Aggregate("COUNT", self.value(inner.expressions[0]))
            return Aggregate("COUNT", None)
        if isinstance(node, exp.Sum | exp.Avg | exp.Min | exp.Max):
            return Aggregate(_AGGREGATES[type(node)], self.value(node.this))
        if type(node) in _ARITHMETIC:
            return Calc(_ARITHMETIC[type(node)], self.value(node.this), self.value(node.expression))  # type: ignore[arg-type]
        raise NotSayable(f"{type(node).__name__} as a value")

    def conditions(self, clause: exp.Expression | None) -> tuple[Condition, ...]:
        if clause is None:
            return ()
        parts = clause.this.flatten() if isinstance(clause.this, exp.And) else [clause.this]
        found = [self.condition(part) for part in parts]
        return tuple(part for part in found if part is not None)

    def condition(self, node: exp.Expr) -> Condition | None:
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, exp.Or):
            parts = tuple(self._needed(part) for part in node.flatten())
            return AnyOf(parts)
        if isinstance(node, exp.And):
            return AllOf(tuple(self._needed(part) for part in node.flatten()))
        if isinstance(node, exp.Not):
            return self._not(node.this)
        if type(node) in _SIGNS:
            return self._compared(node, _SIGNS[type(node)])
        if isinstance(node, exp.Between):
            return Range(self.value(node.this), self.value(node.args["low"]), self.value(node.args["high"]))
        if isinstance(node, exp.Like):
            pattern = self.value(node.expression)
            if not isinstance(pattern, Text):
                raise NotSayable("LIKE a column")
            return Like(self.value(node.this), pattern)
        if isinstance(node, exp.In):
            return self._among(node, is_not=False)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return Empty(self.value(node.this))
        raise NotSayable(f"{type(node).__name__} as a condition")

    def _needed(self, node: exp.Expr) -> Condition:
        found = self.condition(node)
        if found is None:
            raise NotSayable("an extreme among conditions")
        return found

    def _not(self, node: exp.Expression) -> Condition:
        if isinstance(node, exp.Paren):
            return self._not(node.this)
        if isinstance(node, exp.In):
            return self._among(node, is_not=True)
        found = self.condition(node)
        if isinstance(found, Like | Range | Empty):
            return replace(found, is_not=True)
        raise NotSayable("NOT of it")

    def _compared(self, node: exp.Expr, sign: Sign) -> Condition | None:
        left, right = node.this, node.expression
        if isinstance(right, exp.Subquery):
            self._extreme(left, sign, right.this)
            return None
        if isinstance(left, exp.Literal):
            left, right, sign = right, left, _MIRRORED[sign]
        return Compare(self.value(left), sign, self.value(right))

    def _extreme(self, left: exp.Expression, sign: Sign, inner: exp.Expression) -> None:
        """``x = (SELECT MAX(x) FROM t)``: the first by x."""
        plain = isinstance(inner, exp.Select) and not inner.args.get("where") and len(inner.expressions) == 1
        figure = inner.expressions[0] if plain else None
        if sign != "=" or not isinstance(figure, exp.Max | exp.Min) or self.extreme is not None:
            raise NotSayable("a comparison with a subquery")
        if not isinstance(left, exp.Column) or figure.this.name.lower() != left.name.lower():
            raise NotSayable("a comparison with a subquery")
        self.extreme = Order(self.value(left), isinstance(figure, exp.Max))

    def _among(self, node: exp.In, *, is_not: bool) -> Condition:
        query = node.args.get("query")
        if query is None:
            return Among(self.value(node.this), tuple(self.value(e) for e in node.expressions), is_not=is_not)
        inner = query.this if isinstance(query, exp.Subquery) else query
        if not isinstance(inner, exp.Select) or inner.args.get("group"):
            raise NotSayable("IN a subquery with groups")
        scope = _Scope.of(inner, self.scope.workspace)
        if len(inner.expressions) != 1 or not isinstance(inner.expressions[0], exp.Column):
            raise NotSayable("IN a subquery of a value")
        view, _ = scope.found(inner.expressions[0])
        entity = self._named(node.this)
        within = _Converter(scope, view, False, False)
        conditions = within.conditions(inner.args.get("where"))
        return Has(entity, view, where=conditions, is_not=is_not)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pairs of a folder of databases; see the module."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m finetune.spider_pairs", description=__doc__)
    parser.add_argument("folder", type=Path, help="with questions.jsonl and database/NAME/NAME.sqlite")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl", help="training examples")
    parser.add_argument("--databases", nargs="*", metavar="NAME", help="these alone")
    given = parser.parse_args(arguments)
    examples, counts = examples_of(given.folder, given.databases)
    from finetune.examples import write_examples

    write_examples(examples, given.out)
    sys.stdout.write(json.dumps(counts.most_common(), indent=0) + "\n")
    return 0


def examples_of(folder: Path, names: Sequence[str] | None = None) -> tuple[list[Example], Counter[str]]:
    """Training examples of all databases that may be trained on, and what was left out, by reason."""
    asked: dict[str, list[SpiderQuestion]] = {}
    for question in read_questions(folder / "questions.jsonl"):
        asked.setdefault(question.database, []).append(question)
    examples: list[Example] = []
    counts: Counter[str] = Counter()
    for name in names or sorted(asked):
        file = folder / "database" / name / f"{name}.sqlite"
        try:
            workspace = open_unseen(file)
        except SqlError as error:
            counts[f"not opened: {type(error).__name__}"] += len(asked[name])
            continue
        with contextlib.closing(workspace):
            pairs = []
            for number, (question, statement, reason) in enumerate(pairs_over(workspace, file, asked[name])):
                counts[reason or "said"] += 1
                if statement is not None:
                    pairs.append(
                        Pair(
                            shop=name,
                            id=f"{name}-{number}",
                            persona="",
                            language="en",
                            turns=(question.question,),
                            kind="question",
                            statement=statement,
                        )
                    )
            made, unsayable = examples_over(workspace, pairs, f"spider_{name}")
        if unsayable:
            counts["said, but not by the product's grammar for that question"] += len(unsayable)
        examples += made
        sys.stderr.write(f"{name}: {len(made)} of {len(asked[name])}\n")
    return examples, counts


if __name__ == "__main__":
    sys.exit(main())
