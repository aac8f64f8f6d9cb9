"""Makes hostile statements: honest ones and tricks, cut, crossed and disguised by grammar and by letters.

Mutant number ``n`` of a seed and dialect is always the same text under the same role, whatever was made
before it, so that each can be had again alone. Honest statements of other databases (``spider_train``, the
demonstration shop) are first *transplanted*: their tables and columns become views and columns of the yard
(``data.VIEWS``), chosen so that most of them run, and their shape stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ErrorLevel, SqlglotError

from bench.mutation.data import COUNTRIES, VIEWS, roles
from bench.mutation.tricks import DIALECTS, Trick, read_tricks
from sql.names import needs_quotes
from sql.reserved import KEYWORDS
from sql.semantics import Role
from sql.types import ColumnType, Dialect

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "sql" / "guard_cases.sql"
QUESTIONS = ROOT / "bench" / "questions" / "demo_dev.jsonl"

_HIDDEN_TABLES = (
    "secrets",
    "staff",
    "order_lines",
    "all_secrets",
    "sqlite_master",
    "duckdb_tables",
    "pg_class",
    "pg_shadow",
    "information_schema.tables",
    "mysql.user",
    "main.secrets",
    "public.secrets",
    "honey_frame",
    "dbstat",
    "customers",
    "orders",
    "sales",
    "sales_view",
    "customers_view",
    "dual",
)
_HIDDEN_COLUMNS = (
    "pin",
    "note",
    "password",
    "price",
    "salary",
    "email",
    "name",
    "country",
    "rowid",
    "oid",
    "_rowid_",
    "ctid",
    "xmin",
    "tableoid",
    "status",
    "sales",
    "customers",
    "c",
    "t",
    "ticket",
    "customer_id",
    "filename",
)
_FUNCTIONS = (
    "leak",
    "read_text",
    "pg_sleep",
    "SLEEP",
    "load_file",
    "readfile",
    "current_setting",
    "getenv",
    "version",
    "UPPER",
    "ABS",
    "LENGTH",
    "SUM",
    "MAX",
    "COUNT",
    "AVG",
    "REPLACE",
    "query_to_xml",
    "LPAD",
    "REPEAT",
    "MD5",
)
_SNIPPETS = (
    ";",
    "--",
    "-- x\n",
    "/*",
    "*/",
    "/* x */",
    "#",
    "# x\n",
    "/*! , secrets */",
    "/*!50000 */",
    "''",
    '""',
    "``",
    "'",
    '"',
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    "$$",
    "$a$",
    "; DROP TABLE orders",
    "; DELETE FROM orders",
    "\0",
    "\r",
    "UNION SELECT password FROM secrets",
    "UNION ALL SELECT pin FROM customers",
    "OR 1 = 1",
    "AND 1 = 2",
    ") OR (1 = 1",
    "FOR UPDATE",
    "INTO OUTFILE 'x'",
    "LIMIT 1",
    "OFFSET 1",
    "{",
    "}",
    "@x",
    "@@version",
    ":x",
    "?",
    "$1",
    "%s",
    "::TEXT",
    ", secrets",
    "JOIN secrets ON 1 = 1",
    "CROSS JOIN staff",
    "NATURAL JOIN customers",
    "AS OF 1",
    "WITH TIES",
    ", LATERAL (SELECT * FROM secrets) AS z",
    "WHERE EXISTS (SELECT 1 FROM secrets)",
    "COLLATE NOCASE",
    "GROUP BY ALL",
)
_SPACES = (
    " ",
    "\n",
    "\t",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "/**/",
    "/* ; */",
    "--\n",
    "\x0b",
    "\x0c",
)
_LITERALS = (
    "'O''Brien'",
    "'\\'",
    "''",
    "'--'",
    "'; DROP TABLE orders'",
    "'a''b'",
    "'/*'",
    "'%'",
    "'茶'",
    "'China'",
    "E'\\''",
    "U&'\\0027'",
    "N'x'",
    "x'41'",
    "$$x$$",
    "1e999",
    "0x41",
    "-9223372036854775808",
    "NULL",
    "TRUE",
    "''''",
    "1.5e3",
    "DATE '2025-02-30'",
    "INTERVAL '1' DAY",
    "9223372036854775807",
    "0",
    "0.0",
    "'2025-01-01'",
)
_LOOKALIKES = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "s": "ѕ", "i": "ı", "k": "K", "S": "ſ"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One statement to try."""

    number: int
    role: str
    statement: str


class Mutator:
    """Makes mutants of one dialect.

    Args:
        seed: any number; the same one gives the same mutants.
        spider: folder of ``spider_train``, or ``None`` to do without its statements.
    """

    def __init__(self, dialect: Dialect, seed: int, spider: Path | None = None) -> None:
        self.dialect: Dialect = dialect
        self.seed = seed
        self.tricks = tuple(t for t in read_tricks() if dialect in t.dialects)
        self.honest = honest_statements(dialect, spider)
        self.roles = roles()
        self._trees: dict[str, exp.Expr | None] = {}
        # Made to stall a parser, and sqlglot's own, without the guard before it, does stall.
        self._unreadable = {t.statement for t in self.tricks if t.place.startswith("growth")}
        self._operators: tuple[tuple[int, Callable[[exp.Expr, _Chance], exp.Expr]], ...] = (
            (5, self._splice_expression),
            (2, self._splice_source),
            (4, self._swap_column),
            (2, self._swap_table),
            (6, self._wrap),
            (6, self._add_clause),
            (5, self._shadow),
            (6, self._nest),
            (3, self._star),
            (4, self._shuffle),
            (4, self._join),
            (4, self._risk),
            (3, self._window),
            (3, self._set_operation),
            (4, self._literal),
            (1, self._rename_function),
        )

    def mutant(self, number: int) -> Mutant:
        """Mutant ``number``; the same at every call."""
        chance = _Chance(f"{self.seed}/{self.dialect}/{number}")
        role = chance.choice(self.roles)
        return Mutant(number=number, role=role.name, statement=self._make(chance, role))

    def _make(self, chance: _Chance, role: Role) -> str:
        if chance.random() < 0.06:
            return self._disguise(chance.choice(self.tricks).statement, chance)
        if chance.random() < 0.07:
            return self._cross(chance)
        tree = self._seed_tree(chance, role)
        if tree is None:
            return self._disguise(chance.choice(self.tricks).statement, chance)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3))):
            operators = [operator for _, operator in self._operators]
            weights = [weight for weight, _ in self._operators]
            operator = chance.choices(operators, weights)[0]
            with contextlib.suppress(AttributeError, TypeError, ValueError, SqlglotError):
                tree = operator(tree, chance)  # what an earlier one left may be no tree that SQL knows
        text = self._print(tree, chance)
        return self._disguise(text, chance) if chance.random() < 0.35 else text

    # ---- seeds ------------------------------------------------------------------------------------------

    def _seed_tree(self, chance: _Chance, role: Role) -> exp.Expr | None:
        if role.minimum_group is not None and chance.random() < 0.6:
            return self._parse(_group_statement(chance))
        if chance.random() < 0.2:
            return self._parse(chance.choice(self.tricks).statement)
        text, is_foreign = chance.choice(self.honest)
        tree = self._parse(text)
        return transplant(tree, chance, role) if tree is not None and is_foreign else tree

    def _parse(self, text: str) -> exp.Expr | None:
        """A fresh tree, or ``None`` when sqlglot cannot read the text."""
        if text not in self._trees:
            is_plain = len(text) < 2_000 and text not in self._unreadable
            try:
                self._trees[text] = sqlglot.parse_one(text, read=self.dialect) if is_plain else None
            except Exception:  # hostile texts make sqlglot raise whatever it likes
                self._trees[text] = None
        tree = self._trees[text]
        return None if tree is None or isinstance(tree, exp.Command) else tree.copy()

    @cached_property
    def _expressions(self) -> list[exp.Expr]:
        """Parts of the tricks that are values."""
        found: list[exp.Expr] = []
        for trick in self.tricks:
            tree = self._parse(trick.statement)
            for node in tree.walk() if tree is not None else ():
                kinds = (exp.Func, exp.Column, exp.Subquery, exp.Binary, exp.Case, exp.Literal, exp.Window)
                if isinstance(node, kinds) and sum(1 for _ in node.walk()) < 40:
                    found.append(node)
        return found

    @cached_property
    def _sources(self) -> list[exp.Expr]:
        """Parts of the tricks that stand in FROM."""
        found: list[exp.Expr] = []
        for trick in self.tricks:
            tree = self._parse(trick.statement)
            found += list(tree.find_all(exp.Table, exp.Subquery))[:3] if tree is not None else []
        return found

    # ---- by grammar -------------------------------------------------------------------------------------

    def _values(self, tree: exp.Expr) -> list[exp.Expr]:
        return [
            node
            for node in tree.find_all(exp.Column, exp.Literal, exp.Func)
            if node.parent is not None and not isinstance(node.parent, (exp.Dot, exp.Limit, exp.Offset))
        ]

    def _splice_expression(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        return self._put(tree, self._values(tree), chance.choice(self._expressions).copy(), chance)

    def _splice_source(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        return self._put(tree, list(tree.find_all(exp.Table)), chance.choice(self._sources).copy(), chance)

    def _put(self, tree: exp.Expr, places: Sequence[exp.Expr], new: exp.Expr, chance: _Chance) -> exp.Expr:
        if places:
            chance.choice(places).replace(new)
        return tree

    def _swap_column(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        columns = list(tree.find_all(exp.Column))
        if columns:
            name = chance.choice(_HIDDEN_COLUMNS)
            chance.choice(columns).set("this", exp.to_identifier(name, quoted=chance.random() < 0.2))
        return tree

    def _swap_table(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        tables = list(tree.find_all(exp.Table))
        if tables:
            table = chance.choice(tables)
            new = exp.to_table(chance.choice(_HIDDEN_TABLES))
            for part in ("this", "db", "catalog"):
                table.set(part, new.args.get(part))
        return tree

    def _wrap(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        if not isinstance(tree, exp.Query):
            return tree
        name = chance.choice(("t", "t", "x", "sales", "customers", "secrets", "orders_2", "select", "pin"))
        inner = tree.copy()
        kind = chance.randrange(7)
        if kind == 0:
            return exp.select("*").from_(exp.Subquery(this=inner, alias=_alias(name)))
        if kind == 1:
            found = exp.select("*").from_(exp.to_table(name))
            found.set("with_", exp.With(expressions=[exp.CTE(this=inner, alias=_alias(name))]))
            return found
        if kind == 2:
            return exp.select(exp.Exists(this=inner).as_("e"))
        if kind == 3:
            return exp.select("product").from_("products").where(exp.Exists(this=inner))
        if kind == 4:
            return exp.select(exp.Count(this=exp.Star()).as_("n")).from_(
                exp.Subquery(this=inner, alias=_alias(name))
            )
        if kind == 5:
            source = exp.Subquery(this=inner, alias=_alias(name))
            return exp.select("p.product").from_("products AS p").join(exp.Lateral(this=source))
        return exp.select(exp.Subquery(this=inner).as_("v"))

    def _add_clause(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        selects = list(tree.find_all(exp.Select))
        if not selects:
            return tree
        select = chance.choice(selects)
        columns = [c.copy() for c in select.find_all(exp.Column)] or [exp.column("product")]
        column = chance.choice(columns)
        number = exp.Literal.number(chance.choice((0, 1, 2, 5, 80, 1000)))
        kind = chance.randrange(9)
        if kind == 0:
            return select.where(exp.GT(this=column, expression=number), copy=False).root()
        if kind == 1:
            select.where(exp.Is(this=column, expression=exp.null()), copy=False)
        elif kind == 2:
            select.order_by(exp.Ordered(this=column, desc=chance.random() < 0.5), copy=False)
        elif kind == 3:
            select.limit(number.name, copy=False)
        elif kind == 4:
            select.distinct(copy=False)
        elif kind == 5:
            select.group_by(column, copy=False)
        elif kind == 6:
            having = exp.GT(this=exp.Count(this=exp.Star()), expression=number)
            select.set("having", exp.Having(this=having))
        elif kind == 7:
            select.offset(number.name, copy=False)
        else:
            over = exp.Window(this=exp.RowNumber(), partition_by=[column])
            select.set("qualify", exp.Qualify(this=exp.EQ(this=over, expression=number)))
        return tree

    def _shadow(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        """Give something the name of something else."""
        name = chance.choice((*_HIDDEN_COLUMNS, "secrets", "products", "orders", "order_lines", "amount"))
        selects = list(tree.find_all(exp.Select))
        tables = list(tree.find_all(exp.Table, exp.Subquery, exp.CTE))
        if tables and chance.random() < 0.4:
            table = chance.choice(tables)
            columns = [exp.to_identifier(c) for c in chance.sample(_HIDDEN_COLUMNS, chance.randrange(3))]
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name), columns=columns))
        elif selects and (select := chance.choice(selects)).expressions:
            place = chance.randrange(len(select.expressions))
            inner = select.expressions[place]
            inner = inner.this if isinstance(inner, exp.Alias) else inner
            select.expressions[place].replace(exp.alias_(inner.copy(), name))
            if chance.random() < 0.5:
                clause = chance.choice(("order_by", "where", "group_by"))
                column = exp.column(name)
                if clause == "where":
                    select.where(exp.GT(this=column, expression=exp.Literal.number(3)), copy=False)
                else:
                    getattr(select, clause)(column, copy=False)
        return tree

    def _nest(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        values = self._values(tree)
        if not values:
            return tree
        place = chance.choice(values)
        value = place.copy()
        other = chance.choice(values).copy()
        kind = chance.randrange(8)
        new: exp.Expr
        if kind == 0:
            new = exp.Coalesce(this=value, expressions=[other])
        elif kind == 1:
            new = exp.Case().when(exp.Not(this=exp.Is(this=value, expression=exp.null())), other)
        elif kind == 2:
            new = exp.cast(value, chance.choice(("TEXT", "INT", "DATE", "DOUBLE")))
        elif kind == 3:
            new = exp.Subquery(this=exp.select(value))
        elif kind == 4:
            new = exp.Max(this=value)
        elif kind == 5:
            new = exp.Upper(this=exp.cast(value, "TEXT"))
        elif kind == 6:
            new = exp.Subquery(this=exp.select(exp.Max(this=value)).from_(_table(chance.choice(VIEWS).name)))
        else:
            new = exp.Paren(this=exp.Add(this=value, expression=other))
        place.replace(new)
        return tree

    def _star(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        selects = list(tree.find_all(exp.Select))
        if selects:
            select = chance.choice(selects)
            star: exp.Expr = exp.Star()
            tables = list(select.find_all(exp.Table))
            if tables and chance.random() < 0.4:
                name = chance.choice(tables).alias_or_name
                star = exp.Column(this=exp.Star(), table=exp.to_identifier(name))
            select.set("expressions", [*select.expressions[: chance.randrange(2)], star])
        return tree

    def _shuffle(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        """Double, drop or reorder what is in a list."""
        lists = [n for n in tree.walk() if len(n.args.get("expressions") or ()) > 1]
        if lists:
            node = chance.choice(lists)
            items = [item.copy() for item in node.expressions]
            chance.shuffle(items)
            kind = chance.randrange(3)
            node.set(
                "expressions", items[1:] if kind == 0 else [*items, items[0].copy()] if kind == 1 else items
            )
        return tree

    def _join(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        selects = [s for s in tree.find_all(exp.Select) if s.args.get("from_")]
        if not selects:
            return tree
        select = chance.choice(selects)
        view = chance.choice(VIEWS)
        name = chance.choice(("j", "j", "j", view.name, "secrets"))
        column = chance.choice(view.columns).name
        side = chance.choice(("", "LEFT", "RIGHT", "FULL", "NATURAL", "CROSS", "SEMI", "USING"))
        table = _table(view.name, name)
        if side in ("NATURAL", "CROSS"):
            select.join(table, join_type=side, copy=False)
        elif side == "USING":
            select.join(table, using=[_name(column)], copy=False)
        else:
            own = [c.copy() for c in select.expressions if isinstance(c, exp.Column)]
            left = chance.choice(own) if own else exp.Literal.number(1)
            right = exp.column(_name(column), table=_name(name))
            select.join(table, on=exp.EQ(this=left, expression=right), join_type=side, copy=False)
        return tree

    def _risk(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        """Put a value where it raises for some rows and not for others."""
        selects = [s for s in tree.find_all(exp.Select) if s.args.get("from_")]
        if not selects:
            return tree
        select = chance.choice(selects)
        columns = [c for c in select.find_all(exp.Column) if isinstance(c.this, exp.Identifier)]
        column = chance.choice(columns).sql(self.dialect) if columns else "quantity"
        number = chance.choice((1, 2, 3, 4, 9, 11, 13, 1950, 105))
        text = chance.choice(
            (
                f"1 / ({column} - {number}) > 0",
                f"ABS({column} - 9223372036854775807 - {number}) > 0",
                f"ABS(-9223372036854775808 + {number} - {column}) > 0",
                f"CAST({column} AS INTEGER) > {number}",
                f"CAST({column} AS DATE) > CAST('2025-01-01' AS DATE)",
                f"CASE WHEN {column} = {number} THEN CAST('x' AS INTEGER) ELSE 1 END = 1",
                f"{column} LIKE 'x' ESCAPE CAST({column} AS TEXT)",
                f"(SELECT product FROM products WHERE list_price > {column}) = 'x'",
            )
        )
        condition = self._parse(f"SELECT {text}")
        if condition is not None:
            value = condition.expressions[0]
            if chance.random() < 0.7:
                select.where(value.copy(), copy=False)
            else:
                select.select(value.copy(), copy=False)
        return tree

    def _window(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        selects = [s for s in tree.find_all(exp.Select) if s.args.get("from_")]
        if selects:
            select = chance.choice(selects)
            columns = [c.copy() for c in select.find_all(exp.Column)] or [exp.column("product")]
            function = chance.choice((exp.RowNumber(), exp.Rank(), exp.Count(this=exp.Star())))
            order = exp.Order(expressions=[exp.Ordered(this=chance.choice(columns))])
            over = exp.Window(this=function, partition_by=[chance.choice(columns).copy()], order=order)
            select.select(exp.alias_(over, "w"), copy=False)
        return tree

    def _set_operation(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        if not isinstance(tree, exp.Query):
            return tree
        other = self._parse(chance.choice((*self.tricks, *self.tricks, *_as_tricks(self.honest))).statement)
        other = tree.copy() if not isinstance(other, exp.Query) or chance.random() < 0.5 else other
        kind = chance.choice((exp.Union, exp.Union, exp.Intersect, exp.Except))
        return kind(this=tree, expression=other, distinct=chance.random() < 0.5)

    def _literal(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        literals = list(tree.find_all(exp.Literal))
        if literals:
            text = chance.choice((*_LITERALS, *(f"'{country}'" for country in COUNTRIES)))
            parsed = self._parse(f"SELECT {text}")
            if isinstance(parsed, exp.Select) and parsed.expressions:
                chance.choice(literals).replace(parsed.expressions[0].copy())
        return tree

    def _rename_function(self, tree: exp.Expr, chance: _Chance) -> exp.Expr:
        functions = [f for f in tree.find_all(exp.Func) if f.parent is not None]
        if functions:
            function = chance.choice(functions)
            values = [v.copy() for v in function.iter_expressions()]
            function.replace(exp.Anonymous(this=chance.choice(_FUNCTIONS), expressions=values))
        return tree

    # ---- by letters -------------------------------------------------------------------------------------

    def _print(self, tree: exp.Expr, chance: _Chance) -> str:
        write: str = self.dialect
        if chance.random() < 0.08:
            write = chance.choice(
                (*DIALECTS, "tsql", "oracle", "bigquery", "snowflake", "clickhouse", "spark")
            )
        try:
            return tree.sql(dialect=write, unsupported_level=ErrorLevel.IGNORE)
        except (SqlglotError, TypeError, ValueError, AttributeError, RecursionError, IndexError, KeyError):
            return chance.choice(self.tricks).statement

    def _disguise(self, text: str, chance: _Chance) -> str:
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            words = re.findall(r"\w+|\s+|'[^']*'|\"[^\"]*\"|[^\w\s]", text)
            if not words or len(words) > 600:
                return text
            at = chance.randrange(len(words))
            kind = chance.randrange(13)
            if kind in (0, 1, 2):
                spaces = [n for n, word in enumerate(words) if word.isspace()] or [at]
                words[chance.choice(spaces)] = chance.choice(_SPACES)
            elif kind == 3:
                words[at] = words[at].swapcase()
            elif kind == 4:
                left, right = chance.choice(('""', "``", "[]", "''"))
                names = [n for n, word in enumerate(words) if word.isidentifier()] or [at]
                place = chance.choice(names)
                words[place] = f"{left}{words[place]}{right}"
            elif kind == 5:
                words.insert(at, f" {chance.choice(_SNIPPETS)} ")
            elif kind == 6:
                words.append(f" {chance.choice(_SNIPPETS)}")
            elif kind == 7:
                words[at] = "".join(_LOOKALIKES.get(c, c) for c in words[at])
            elif kind == 8:
                words[at] = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in words[at])
            elif kind == 9:
                del words[at]
            elif kind == 10:
                other = chance.randrange(len(words))
                words[at], words[other] = words[other], words[at]
            elif kind == 11:
                words[at] = chance.choice(_LITERALS)
            else:
                words.insert(0, chance.choice(("", ";", "/* x */ ", "\ufeff", "-- x\n", " ", "(")))
            text = "".join(words)
        return text

    def _cross(self, chance: _Chance) -> str:
        """The head of one statement with the tail of another, cut between words."""
        texts = [chance.choice(self.tricks).statement, chance.choice(self.honest)[0]]
        chance.shuffle(texts)
        heads = [re.findall(r"\w+|\s+|[^\w\s]", text)[:400] or [""] for text in texts]
        cuts = [chance.randrange(len(words) + 1) for words in heads]
        return "".join(heads[0][: cuts[0]]) + " " + "".join(heads[1][cuts[1] :])


class _Chance(random.Random):
    """Random numbers of one mutant: a string as seed gives the same in every process."""


def _as_tricks(honest: Sequence[tuple[str, bool]]) -> list[Trick]:
    return [
        Trick(dialects=(), roles=(), verdict="harmless", statement=text, place="")
        for text, is_foreign in honest
        if not is_foreign
    ]


def _name(name: str) -> exp.Identifier:
    """In quotes where some database needs them."""
    return exp.to_identifier(name, quoted=any(needs_quotes(name.lower(), dialect) for dialect in KEYWORDS))


def _table(name: str, alias: str | None = None) -> exp.Table:
    as_ = exp.TableAlias(this=_name(alias)) if alias else None
    return exp.Table(this=_name(name), alias=as_)


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name))


_GROUPS = {
    "sales": (
        ("country", "product", "order_id", "ticket", "customer_id"),
        ("amount", "quantity", "order_id"),
    ),
    "customers": (("country", '"born in"', "customer_id"), ("customer_id", '"born in"')),
    "products": (("category", "product"), ("list_price",)),
}


def _group_statement(chance: _Chance) -> str:
    """A statement of the form that an aggregates-only role may ask."""
    view = chance.choice(sorted(_GROUPS))
    keys, values = _GROUPS[view]
    chosen = chance.sample(keys, chance.choice((0, 1, 1, 1, 2)) if len(keys) > 1 else 0)
    figures = []
    for _ in range(chance.choice((1, 1, 2))):
        value = chance.choice(values)
        figures.append(
            chance.choice(("COUNT(*)", f"SUM({value})", f"AVG({value})", f"COUNT(DISTINCT {value})"))
        )
    text = f"SELECT {', '.join([*chosen, *figures])} FROM {view}"
    if chance.random() < 0.4:
        sign, value = chance.choice(("=", "<>", ">")), chance.choice(("4", "105", "NULL"))
        text += f" WHERE {chance.choice(keys)} {sign} {value}"
    elif chance.random() < 0.3:
        text += f" WHERE {keys[0]} IN ('China', 'Rareland', 'home')"
    if chosen:
        text += f" GROUP BY {', '.join(chosen)}"
    if chance.random() < 0.3:
        text += f" HAVING {chance.choice(figures)} {chance.choice(('>', '<'))} {chance.choice((0, 4, 1000))}"
    if chance.random() < 0.3:
        text += f" ORDER BY {chance.choice(figures)} DESC LIMIT {chance.choice((1, 5, 100))}"
    return text


# ---- honest statements ----------------------------------------------------------------------------------


def honest_statements(dialect: Dialect, spider: Path | None) -> list[tuple[str, bool]]:
    """Honest statements, each with whether it speaks of another database's tables."""
    found: list[tuple[str, bool]] = []
    for line in CASES.read_text(encoding="utf-8").splitlines():
        statement, mark, rule = line.rpartition(" --: ")
        if mark and rule.split()[0] == "allow" and "{" not in statement:
            found.append((statement.replace("\\n", "\n"), False))
    found *= 3  # few, and of the yard's own names
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        gold = json.loads(line)["sql"]
        if gold:
            found.append((_translated(gold, "duckdb", dialect), True))
    if spider is not None:
        lines = (spider / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        texts = dict.fromkeys(json.loads(line)["sql"] for line in lines[::4])
        found += [(_translated(text, "sqlite", dialect), True) for text in list(texts)[:1_500]]
    return found


def _translated(text: str, source: Dialect, target: Dialect) -> str:
    try:
        return sqlglot.transpile(text, read=source, write=target, unsupported_level=ErrorLevel.IGNORE)[0]
    except SqlglotError:
        return text


def spider_folder() -> Path | None:
    """Where ``spider_train`` is, if it is here."""
    folder = Path(os.environ.get("SHOPTALK_DATA", "")) / "spider_train"
    return folder if (folder / "questions.jsonl").is_file() else None


_NUMBERS: tuple[ColumnType, ...] = ("integer", "number")


def transplant(tree: exp.Expr, chance: random.Random, role: Role) -> exp.Expr:
    """``tree`` with its tables and columns made into views and columns of the yard.

    Mostly into what ``role`` may see; not always, and a column's type is only guessed from how it is used.
    """
    views = [v for v in VIEWS if role.views is None or v.name in role.views or chance.random() < 0.03]
    views = [v for v in views for _ in range(len(v.columns) // 3)]
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    places = {}
    names: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        key = table.name.lower()
        if key in own or not isinstance(table.this, exp.Identifier):
            continue
        names.setdefault(key, chance.choice(views).name)
        places[table.alias_or_name.lower()] = names[key]
        if table.alias_or_name.lower() == key and not table.alias:
            table.set("alias", _alias(table.name))
        table.set("this", _name(names[key]))
        table.set("db", None)
    masked = {column for view, column in role.masked if chance.random() < 0.95}
    chosen: dict[tuple[str, str, str], str] = {}
    for column in list(tree.find_all(exp.Column)):
        if not isinstance(column.this, exp.Identifier):
            continue
        view_name = places.get(column.table.lower())
        if view_name is None and not column.table:
            select = column.find_ancestor(exp.Select)
            tables = (
                [t for t in select.find_all(exp.Table) if t.alias_or_name.lower() in places] if select else []
            )
            if not tables or any(a.alias.lower() == column.name.lower() for a in tree.find_all(exp.Alias)):
                continue
            table = tables[0]
            view_name = places[table.alias_or_name.lower()]
            if len(tables) > 1:
                column.set("table", _name(table.alias_or_name))
        if view_name is None:
            continue
        kind = _kind_of(column)
        key = (view_name, column.name.lower(), kind)
        if key not in chosen:
            view = next(v for v in VIEWS if v.name == view_name)
            fit = [c.name for c in view.columns if c.name not in masked]
            if kind:
                typed = [c.name for c in view.columns if c.name in fit and _fits(c.type, kind)]
                fit = typed or fit
            chosen[key] = chance.choice(fit)
        column.set("this", _name(chosen[key]))
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and chance.random() < 0.6:
            literal.set(
                "this",
                chance.choice((*COUNTRIES, "Lamp", "O'Brien's Tea", "delivered", "home", "2025-03-01")),
            )
    return tree


def _kind_of(column: exp.Column) -> str:
    """``number``, ``text``, ``key`` or nothing: how a column is used."""
    parent = column.parent
    if isinstance(parent, (exp.Sum, exp.Avg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg)):
        return "number"
    if isinstance(parent, (exp.Like, exp.Upper, exp.Lower, exp.Length)):
        return "text"
    if isinstance(parent, exp.Binary):
        other = parent.expression if parent.this is column else parent.this
        if isinstance(other, exp.Literal):
            return "text" if other.is_string else "number"
        if isinstance(other, exp.Column):
            return "key"
    if isinstance(parent, (exp.In, exp.Between)):
        return "number" if any(not e.is_string for e in parent.find_all(exp.Literal)) else "text"
    return ""


def _fits(kind: ColumnType, wanted: str) -> bool:
    if wanted == "key":
        return kind == "integer"
    return kind in _NUMBERS if wanted == "number" else kind == "text"


def tokens(text: str, dialect: Dialect) -> list[str]:
    """``text`` in pieces that can be left out one by one, joined by nothing."""
    try:
        found = SqlglotDialect.get_or_raise(dialect).tokenize(text)
    except SqlglotError:
        return re.findall(r"\s*(?:\w+|[^\w\s])", text)
    pieces, last = [], 0
    for token in found:
        pieces.append(text[last : token.end + 1])
        last = token.end + 1
    return [*pieces, text[last:]]
