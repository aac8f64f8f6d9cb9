"""One reading of a statement: parsed, admitted, its tables and columns placed, limited and printed.

Once only: that the print leads to the same text again is for ``Guard.check`` to see. What may stand in a
statement at all is ``sql.lock.admission``, and how large it may be ``sql.lock.sizes``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import NotAllowed, Ungrouped, UnknownName, UnsafeQuery
from sql.lock.admission import refusal
from sql.lock.grouping import ungrouped
from sql.lock.groups import GroupRefusal, hold_to_groups
from sql.lock.resolve import Resolved, resolve
from sql.lock.sizes import (
    MAX_CHARACTERS,
    MAX_SELECTS,
    MAX_STAR_GROWTH,
    MAX_TEXT_GROWTH,
    doubles,
    shape_refusal,
    star_growth,
    text_growth,
)
from sql.lock.terms import Source, Terms
from sql.lock.trees import (
    SETS,
    bare,
    filled,
    is_star,
    is_whole_number,
    name_all,
    node_kind,
    print_tree,
    speech,
    sqlglot_reason,
    visible_cte,
)
from sql.lock.veils import Kind, VeilRefusal, refuse_rows_of, veiled_outputs
from sql.names import decode as _decode
from sql.names import identifier as _identifier
from sql.names import key as _key
from sql.names import near_names, needs_quotes
from sql.reserved import UNREADABLE

MAX_EXPONENT = 10
"""Highest written power that PostgreSQL works out exactly."""
_SYSTEM = re.compile(r"^(sqlite_|pragma_|duckdb_|pg_|information_schema)", re.IGNORECASE)
_PSEUDO = frozenset(["rowid", "_rowid_", "_rowid", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])
"""Columns that tables have without saying so; a result called like one would hide that it is read."""
_IMPLIED = re.compile(r"^_col_\d+$")
"""How sqlglot calls an output that has no name."""
_EXECUTED = re.compile(r"^M?!", re.IGNORECASE)
"""How a comment begins that MySQL or MariaDB executes."""


def rewrite(text: str, terms: Terms, original: str, read: exp.Query | None = None) -> Read:
    """One reading of a statement.

    Args:
        text: the statement, or what an earlier reading printed.
        terms: what it is held to.
        original: the statement as the errors show it.
        read: the statement as an earlier reading read it.
    Raises:
        UnsafeQuery: it is not one allowed query (``UnknownName``, ``NotAllowed``: see ``Guard.check``).
        SqlglotError: it cannot be read, or printed; on hostile text sqlglot raises other errors too.
    """
    return _Pass(terms, original, read).run(text)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A statement as it would run."""

    printed: str
    used: list[Source]
    """The views that it reads, sorted by the names that stand in it."""
    tree: exp.Query
    """The statement as it was first read."""
    veiled: tuple[Kind | None, ...]
    """Of each output, whether it is seen through a veil; empty where none is."""


class _Pass:
    """One reading of a statement: parse, admit, rewrite, print. Holds what the steps hand to each other."""

    def __init__(self, terms: Terms, original: str, read: exp.Query | None) -> None:
        self.terms = terms
        self.original = original
        self.read = read
        self.used: dict[str, Source] = {}
        """Sources of the statement by key of the name in it."""

    def run(self, text: str) -> Read:
        text, known = self.strip_views(text)
        tree = self.parse(text)
        self.admit_nodes(tree)
        self.read = tree.copy() if self.read is None else self.read
        self.settle_names(tree)
        self.tame_numbers(tree)
        self.place_sources(tree, known)
        self.join_lists(tree)
        resolved = self.resolve_columns(tree)
        veiled = self.veiled(tree, resolved)
        self.hold_to_groups(tree)
        reason = ungrouped(resolved, self.terms.dialect)
        if reason is not None:
            raise Ungrouped(self.original, reason)
        self.limit_rows(tree)
        own = tree.args.get("with_") is not None
        printed = print_tree(tree, self.terms.dialect)
        used = sorted(self.used.values(), key=lambda source: source.table)
        bodies = [self.terms.bodies[_key(s.table)][0] for s in used if s.cte is not None]
        if bodies:
            with_ = "WITH RECURSIVE " if own and tree.args["with_"].args.get("recursive") else "WITH "
            rest = f", {printed[len(with_) :]}" if own else f" {printed}"
            printed = f"{with_}{', '.join(bodies)}{rest}"
        return Read(printed=printed, used=used, tree=self.read, veiled=veiled)

    def refuse(self, reason: str) -> NoReturn:
        raise UnsafeQuery(self.original, reason)

    def parse(self, text: str) -> exp.Query:
        if len(text) > MAX_CHARACTERS:
            self.refuse(f"it has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
        if "\0" in text:
            self.refuse("it holds a NUL character")
        dialect = speech(self.terms.dialect)
        tokens = dialect.tokenize(text)
        reason = shape_refusal(tokens)
        if self.terms.dialect == "mysql" and any(_EXECUTED.match(c) for t in tokens for c in t.comments):
            reason = "comments that MySQL executes (/*! … */) are not supported; leave them out"
        if reason:
            self.refuse(reason)
        parsed = dialect.parser().parse(tokens, text)
        trees = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
        if len(trees) != 1:
            self.refuse(f"expected one statement, found {len(trees)}")
        tree = trees[0]
        while type(tree) is exp.Subquery and set(filled(tree)) == {"this"}:
            tree = tree.this
        if not isinstance(tree, (exp.Select, exp.Subquery, *SETS)):
            self.refuse(f"expected a query that starts with SELECT or WITH, found {node_kind(tree)}")
        bare(tree)
        name_all(tree, tokens)
        for node in list(tree.find_all(exp.RawString)):  # $$…$$: the same text in plain quotes
            node.replace(exp.Literal.string(node.name))
        return tree

    def strip_views(self, text: str) -> tuple[str, dict[str, Source]]:
        """Take the guard's own view bodies off a text that it printed; return the rest, and their names.

        They stand first, word for word as the guard printed them once, so the rest is read as it would be
        behind them.
        """
        head = next((head for head in ("WITH RECURSIVE ", "WITH ") if text.startswith(head)), None)
        known: dict[str, Source] = {}
        if head is None:
            return text, known
        rest = text[len(head) :]
        while True:
            found = next(((b, s) for b, s in self.terms.bodies.values() if rest.startswith(b)), None)
            after = rest[len(found[0]) :] if found is not None else ""
            if found is None or not after.startswith((" ", ", ")):
                return (head + rest if known else text), known
            known[_key(found[1].table)] = found[1]
            if after.startswith(" "):
                return after[1:], known
            rest = after[2:]

    def admit_nodes(self, tree: exp.Query) -> None:
        classes, names = self.terms.classes, self.terms.functions
        selects = sum(1 for _ in tree.find_all(exp.Select))
        if selects > MAX_SELECTS:
            self.refuse(f"it has {selects} SELECTs; {MAX_SELECTS} are allowed")
        for node in tree.walk():
            reason = refusal(node, classes, names, self.terms.dialect)
            if reason is None:
                continue
            if "is not an allowed function" in reason:
                raise UnknownName(self.original, reason)
            self.refuse(reason)
        for node in tree.find_all(exp.Alias, exp.TableAlias):
            names_ = [node.alias, *(i.name for i in node.args.get("columns") or ())]
            for name in names_:
                if _key(name) in _PSEUDO and _key(name) not in self.terms.spelling:
                    self.refuse(f"{name} is a name of the database's own; call it something else")
        if text_growth(tree) > MAX_TEXT_GROWTH:
            self.refuse("REPLACE and || inside each other make a text too long; use fewer of them")
        for with_ in tree.find_all(exp.With):
            if with_.args.get("recursive") and any(doubles(cte) for cte in with_.expressions):
                self.refuse(
                    "a recursive part that puts its own texts together doubles them each time; "
                    "add one text at a time, and no REPLACE"
                )

    def settle_names(self, tree: exp.Query) -> None:
        """Write every name as the database must read it.

        Names beyond plain ASCII and words of the database's own get quotes. PostgreSQL folds names without
        quotes, and MySQL tells names of tables apart by their letter case: aliases and what refers to them
        become lower case there, and PostgreSQL's columns get their exact spelling.
        """
        dialect = self.terms.dialect
        for identifier in tree.find_all(exp.Identifier):
            if _key(identifier.name) in UNREADABLE.get(dialect, ()):
                self.refuse(
                    f"{identifier.name} is a value here and no name; a view may call the column otherwise"
                )
            name, quoted_ = identifier.name, identifier.args.get("quoted")
            parent = identifier.parent
            if dialect in ("postgres", "mysql"):
                is_table = isinstance(parent, exp.TableAlias) and identifier.arg_key == "this"
                is_table |= isinstance(parent, exp.Column) and identifier.arg_key == "table"
                if is_table:
                    name = _key(name)
                elif dialect == "postgres" and not isinstance(parent, exp.Table):
                    name = self.terms.spelling.get(_key(name), name if quoted_ else _key(name))
                    quoted_ = quoted_ or name != _key(name)
                if name != identifier.name:
                    identifier.set("this", name)
            if not quoted_ and needs_quotes(name, dialect):
                identifier.meta["bare"] = True  # the statement had it without
                quoted_ = True
            identifier.set("quoted", bool(quoted_))

    def tame_numbers(self, tree: exp.Query) -> None:
        """Let PostgreSQL raise numbers to powers, and take logarithms, in double precision.

        Its DECIMAL has up to 131,072 digits, and these functions work on them for seconds in one call that
        looks at no cancel. A power of at most ``MAX_EXPONENT``, of no other power, stays exact.
        """
        if self.terms.dialect != "postgres":
            return
        inner_first = reversed(list(tree.find_all(exp.Pow, exp.Exp, exp.Ln, exp.Log)))
        for node in inner_first:
            if isinstance(node, exp.Pow):
                power = node.expression
                is_small = is_whole_number(power) and int(power.name) <= MAX_EXPONENT
                if is_small and node.this.find(exp.Pow, exp.Exp) is None:
                    continue
            parts = [part for part in (node.this, node.args.get("expression")) if part is not None]
            if all(isinstance(p, exp.Cast) and p.to.is_type(exp.DType.DOUBLE) for p in parts):
                continue
            tamed: exp.Expr = node.copy()
            if isinstance(tamed, exp.Log) and tamed.args.get("expression") is not None:
                base, value = tamed.this, tamed.expression  # LOG(base, value) is there for DECIMAL alone
                tamed = exp.Log(this=_double(value))
                if not (is_whole_number(base) and int(base.name) == 10):
                    tamed = exp.Div(this=exp.Ln(this=_double(value)), expression=exp.Ln(this=_double(base)))
            else:
                for part in ("this", "expression"):
                    if tamed.args.get(part) is not None:
                        tamed.set(part, _double(tamed.args[part]))
            node.replace(exp.cast(tamed, exp.DType.DECIMAL))

    # ---- tables -----------------------------------------------------------------------------------------

    def place_sources(self, tree: exp.Query, known: dict[str, Source]) -> None:
        """Point every table at a source of this role or at a common table expression of the statement."""
        named = [t for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier)]
        tables = [(table, visible_cte(table)) for table in named]
        self.rename_ctes(tree)
        for table, cte in tables:
            name = table.name
            if cte is not None:
                self.point(table, cte.args["alias"].this.copy())
                continue
            source = known.get(_key(name)) or self.terms.sources.get(_key(name))
            if source is None:
                self.refuse_table(name)
            self.used[_key(source.table)] = source
            self.point(table, _identifier(source.table, self.terms.dialect))

    def point(self, table: exp.Table, target: exp.Identifier) -> None:
        is_settled = self.terms.dialect in ("postgres", "mysql")
        referred = _key(table.name) if is_settled else table.name
        is_same = target.name == referred if is_settled else _key(target.name) == _key(referred)
        if not is_same and not table.alias:
            alias = table.args.get("alias") or exp.TableAlias()
            name = _identifier(referred, self.terms.dialect) if is_settled else table.this.copy()
            alias.set("this", name)
            table.set("alias", alias)
        if target.name != table.name or table.this.quoted != target.quoted:
            table.set("this", target)

    def rename_ctes(self, tree: exp.Query) -> None:
        """Give another name to each common table expression that is called like a view or a table.

        The statement then cannot reach a table of the database whatever the database's rules of scope are.
        """
        terms = self.terms
        ctes = list(tree.find_all(exp.CTE))
        if not ctes:
            return
        reserved = terms.reserved
        names = {_key(identifier.name) for identifier in tree.find_all(exp.Identifier)}
        for cte in ctes:
            name = cte.alias
            if not name:
                self.refuse("a common table expression needs a name")
            if _SYSTEM.match(name):
                self.refuse(f"{name} is a name of the database's own; call it something else")
            if _key(name) in reserved:
                number = 2
                while _key(f"{name}_{number}") in reserved | names:
                    number += 1
                names.add(_key(f"{name}_{number}"))
                cte.args["alias"].set("this", _identifier(f"{name}_{number}", terms.dialect))

    def join_lists(self, tree: exp.Query) -> None:
        """Write ``FROM a, b`` and CROSS JOIN as a plain JOIN in SQLite.

        sqlglot reads both as CROSS JOIN, which SQLite takes as an order to read ``a`` first.
        """
        if self.terms.dialect != "sqlite":
            return
        for join in tree.find_all(exp.Join):
            if (join.args.get("kind") or "").upper() == "CROSS":
                join.set("kind", None)
                join.set("on", exp.true())

    def refuse_table(self, name: str) -> NoReturn:
        terms = self.terms
        views = [view.name for view in terms.views]
        if terms.shop.view(name) is not None:
            reason = (
                f"the view {name} is not open to the role {terms.role.name}; it may see {', '.join(views)}"
            )
            raise NotAllowed(self.original, reason)
        raise UnknownName(
            self.original, f"there is no view {name}{near_names(name, views)}; views: {', '.join(views)}"
        )

    # ---- columns ----------------------------------------------------------------------------------------

    def resolve_columns(self, tree: exp.Query) -> Resolved:
        """Check on a copy that every column resolves, and return it; write ``*`` out in ``tree``."""
        starred = [select for select in tree.find_all(exp.Select) if any(map(is_star, select.expressions))]
        growth = math.prod(star_growth(select) for select in starred)
        if growth > MAX_STAR_GROWTH:
            self.refuse("so many * of so many tables make too many columns; name the columns")
        for number, select in enumerate(starred):
            select.meta["star"] = number
        try:
            resolved = resolve(tree.copy(), self.terms.schema, self.terms.dialect)
        except SqlglotError as error:
            if not self.quote_texts(tree):
                self.explain_columns(tree, error)
            try:
                resolved = resolve(tree.copy(), self.terms.schema, self.terms.dialect)
            except SqlglotError as again:
                self.explain_columns(tree, again)
        if resolved.tree.find(exp.Dot):  # product.length, where product is a column and no table
            raise UnknownName(self.original, "a column stands where a table's name is expected")
        if resolved.tree.find(exp.TableColumn):
            self.refuse("a table's name stands where a column is expected; name a column")
        aliases = {_key(a.alias): a.alias for a in tree.find_all(exp.Alias)} if starred else {}
        spelling = self.terms.spelling
        expanded = {s.meta["star"]: s for s in resolved.tree.find_all(exp.Select) if "star" in s.meta}
        for number, select in enumerate(starred):
            del select.meta["star"]
            columns = [column.copy() for column in expanded[number].expressions]
            for column in columns:
                for identifier in column.find_all(exp.Identifier):
                    name = _decode(identifier.name)
                    name = spelling.get(name) or aliases.get(name, name)
                    identifier.replace(_identifier(name, self.terms.dialect))
            select.set("expressions", columns)
        if any(_IMPLIED.match(c.name) for s in starred for c in s.find_all(exp.Column)):
            self.name_outputs(tree)
        return resolved

    def name_outputs(self, tree: exp.Query) -> None:
        """Give the outputs of inner queries that have no name the one that a * outside calls them by."""
        for select in tree.find_all(exp.Select):
            if select is tree:
                continue
            for number, output in enumerate(list(select.expressions)):
                if not isinstance(output, (exp.Alias, exp.Column)) and not is_star(output):
                    output.replace(exp.alias_(output.copy(), f"_col_{number}"))

    def known_names(self, tree: exp.Query) -> set[str]:
        """Keys of every name that a column of the statement can have: of its views, and those it makes."""
        made = {_key(a.alias) for a in tree.find_all(exp.Alias)}
        made |= {_key(i.name) for a in tree.find_all(exp.TableAlias) for i in a.args.get("columns") or ()}
        return made | {_key(c.name) for s in self.used.values() for c in s.view.columns}

    def quote_texts(self, tree: exp.Query) -> bool:
        """Write ``city = "Berlin"`` as the text it is in SQLite; whether there was any.

        SQLite takes a name in double quotes that is no column for a text. Only where a value is compared with
        something is that surely meant; elsewhere it hides a misspelt column, and is refused.
        """
        if self.terms.dialect != "sqlite":
            return False
        hidden = {column for _, column in self.terms.masked}
        known = self.known_names(tree) | hidden
        found = [
            column
            for column in tree.find_all(exp.Column)
            if not column.table and column.this.args.get("quoted") and not column.this.meta_get("bare")
            if _key(column.name) not in known
            if _is_compared(column)
        ]
        for column in found:
            column.replace(exp.Literal.string(column.name))
        return bool(found)

    def explain_columns(self, tree: exp.Query, error: SqlglotError) -> NoReturn:
        """Say which column it is, whether it is hidden, unknown or ambiguous, and what is near."""
        terms = self.terms
        columns = {_key(c.name): c for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)}
        columns |= {
            _key(i.name): exp.column(i.copy())
            for j in tree.find_all(exp.Join)
            for i in j.args.get("using") or ()
        }
        used = list(self.used.values())
        seen = self.known_names(tree)
        for key, column in columns.items():
            for source in used:
                if (_key(source.view.name), key) in terms.masked and key not in seen:
                    reason = f"{source.view.name}.{column.name} is hidden from the role {terms.role.name}"
                    raise NotAllowed(self.original, f"{reason}; leave it out") from error
        aliases = {_key(t.alias_or_name): t for t in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
        for key, column in columns.items():
            table = aliases.get(_key(column.table))
            if column.table and table is None:
                names = ", ".join(t.alias_or_name for t in aliases.values() if t.alias_or_name)
                reason = (
                    f"{column.sql(terms.dialect)}: there is no table or alias {column.table} in the statement"
                )
                raise UnknownName(self.original, f"{reason}; it reads {names}") from error
            one = self.used.get(_key(table.name)) if isinstance(table, exp.Table) and column.table else None
            if one is not None and (_key(one.view.name), key) in terms.masked:
                reason = f"{one.view.name}.{column.name} is hidden from the role {terms.role.name}"
                raise NotAllowed(self.original, f"{reason}; leave it out") from error
            if one is not None and one.view.column(column.name) is None:
                raise UnknownName(self.original, self.no_column(column.name, [one])) from error
            if key not in seen:
                raise UnknownName(self.original, self.no_column(column.name, used)) from error
        for key, column in columns.items():  # hidden, behind a result that is called the same
            if any((_key(source.view.name), key) in terms.masked for source in used):
                reason = f"{column.name} is hidden from the role {terms.role.name}; leave it out"
                raise NotAllowed(self.original, reason) from error
        raise UnknownName(self.original, _decode(sqlglot_reason(error))) from error

    def no_column(self, name: str, sources: list[Source]) -> str:
        columns = [c.name for s in sources for c in s.view.columns]
        where = ", ".join(s.view.name for s in sources) or "the statement"
        reason = f"there is no column {name} in {where}{near_names(name, columns)}"
        others = [
            s.view.name for s in self.terms.sources.values() if s.view.column(name) and s not in sources
        ]
        return f"{reason}; it is in {', '.join(others)}" if others else reason

    # ---- rows -------------------------------------------------------------------------------------------

    def hold_to_groups(self, tree: exp.Query) -> None:
        """For a role that sees aggregates only: admit the safe form, and add its conditions on the groups."""
        size = self.terms.role.minimum_group
        if size is None or not self.used:
            return
        try:
            tables = list(tree.find_all(exp.Table))
            if len(tables) != 1:
                raise GroupRefusal("write one SELECT over one view, without JOIN, WITH or UNION")
            source = self.used[_key(tables[0].name)]
            hold_to_groups(tree, self.terms.groups[_key(source.view.name)])
        except GroupRefusal as error:
            role = self.terms.role.name
            reason = f"the role {role} sees figures about groups of at least {size} only: {error.args[0]}"
            raise NotAllowed(self.original, reason) from error

    def veiled(self, tree: exp.Query, resolved: Resolved) -> tuple[Kind | None, ...]:
        """Which outputs the role sees through a veil; refuses what would tell what the veil hides."""
        views = {name: _key(source.view.name) for name, source in self.used.items()}
        names = {column: kind for (view, column), kind in self.terms.veils.items() if view in views.values()}
        if not names:
            return ()
        try:
            refuse_rows_of(tree, names, self.terms.role.name)
            return veiled_outputs(resolved.tree, views, self.terms.veils, self.terms.role.name)
        except VeilRefusal as error:
            raise NotAllowed(self.original, error.args[0]) from error

    def limit_rows(self, tree: exp.Query) -> None:
        """At most one row more than the role's budget; a smaller limit of the statement's own stays."""
        most = self.terms.role.limits.max_rows + 1
        limit = tree.args.get("limit")
        if limit is not None:
            count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
            options = limit.args.get("limit_options")
            if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
                self.refuse("LIMIT with PERCENT or TIES is not supported; write a whole number")
            if not isinstance(count, exp.Literal) or count.is_string or not count.name.isdigit():
                self.refuse("LIMIT must be a whole number")
            most = min(most, int(count.name))
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


def _double(node: exp.Expr) -> exp.Expr:
    is_double = isinstance(node, exp.Cast) and node.to.is_type(exp.DType.DOUBLE)
    return node.copy() if is_double else exp.Cast(this=node.copy(), to=exp.DataType.build("DOUBLE"))


def _is_compared(column: exp.Column) -> bool:
    """Whether ``column`` is the value of a comparison: what a column or a function stands on the left of."""
    parent = column.parent
    if isinstance(parent, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Like, exp.Glob)):
        return column.arg_key == "expression" and not isinstance(parent.this, exp.Literal)
    if isinstance(parent, exp.In):
        return column.arg_key == "expressions"
    return isinstance(parent, exp.Between) and column.arg_key in ("low", "high")
