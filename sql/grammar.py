"""The grammar of one question: what a drafted statement may say, in llguidance's dialect of Lark.

Two kinds, both built only from names that the role may see:

- :func:`open_grammar`: any modest SELECT over one of several :class:`Scope` objects. A scope is one FROM
clause
  with its columns; the draft names it on its first line (``-- sales``), so that every later column is held to
  it and the grammar stays small however many tables there are.
- :func:`shaped_grammar`: a few whole statements with small choices left open, for a question whose words are
  all understood.

Literals are not free: texts come from linked values and from the question, numbers from the question, days
from the periods that it names. So a draft can be wrong, but never about a name. What a grammar cannot see
(a type error, a join that explodes) is left to the guard, the database and the budget.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sql.types import ColumnType, Dialect
from sql.words import words

Part = str | tuple[str, ...]
"""A fixed text, or a choice among texts (one of which may be empty)."""

Shape = tuple[Part, ...]
"""One statement with choices."""


@dataclass(frozen=True, kw_only=True)
class ScopeColumn:
    """A column as a statement in this scope must write it."""

    sql: str
    type: ColumnType
    texts: tuple[str, ...] = ()
    """Values that may be compared with it; empty leaves the question's own words."""
    dates: tuple[str, ...] = ()
    """Whole predicates that place it in a period of the question."""
    is_key: bool = False
    """A number that names a row; nobody sums it."""
    is_named: bool = False
    """Whether the question names it; where it names any, only those are shown and compared."""


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A table that a condition may look into: ``outer [NOT] IN (SELECT inner FROM table)``."""

    outer: str
    inner: str
    table: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One FROM clause and all that may be said over it."""

    name: str
    """What the draft's first line says, e.g. ``sales`` or ``orders, customers``; unique among scopes."""
    source: str
    """What follows FROM."""
    columns: tuple[ScopeColumn, ...]
    metrics: tuple[tuple[str, str], ...] = ()
    """(expression, alias)."""
    must: tuple[Part, ...] = ()
    """Predicates that every statement in this scope has to carry, joined by AND."""
    grains: tuple[tuple[str, str], ...] = ()
    """(expression, alias) of times to group by, e.g. ``DATE_TRUNC('month', ordered_at)``."""
    inner: tuple[Inner, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Literals:
    """What a statement may compare with, besides linked values."""

    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """As SQL spells them."""
    keys: tuple[str, ...] = ()
    """Those that may name a row: of the question alone."""
    limits: tuple[int, ...] = (1, 3, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Freedom:
    """Which forms an open grammar allows beyond the plain ones."""

    star: bool = True
    set_operations: bool = False
    functions: frozenset[str] = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
    """Aggregates that may be shown; what is ranked or compared may be any."""
    columns: int = 5
    """Columns shown at most, where they are shown as they are."""
    conditions: int = 3
    """Conditions at most, beside those that must stand."""
    distinct: bool = True
    orders: bool = True
    """Whether ORDER BY may appear."""
    excludes: bool = True
    """Whether rows may be asked for that another table has none of (``NOT IN``)."""
    ilike: bool = False
    limit: bool = True
    """Whether ORDER BY … LIMIT may appear."""
    numbers: bool = True
    """Whether a column may be compared with a number."""
    pairs: bool = True
    """Whether two columns, or a column and an aggregate of it, may be compared."""
    nulls: bool = True
    """Whether a value may be asked to be missing or present."""


def quote_text(value: str) -> str:
    """``value`` as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = words(
    """
    all analyze and any array as asc both by case cast check collate column constraint create cross
    current_date default desc distinct do else end except exists fetch filter for foreign from full glob
    grant group having if in index inner insert intersect into is isnull join key lateral leading left like
    limit natural not notnull null offset on only or order outer over partition pivot primary qualify range
    references replace returning right rows select set some table then to trailing transaction trigger union
    unique unpivot update user using values view when where window with date time timestamp year month day
    hour minute second match rank
    """
)


def quote_name(name: str) -> str:
    """``name`` as SQL writes it: bare when it is a plain word, else in double quotes.

    >>> quote_name("unit_price"), quote_name("First Name"), quote_name("order")
    ('unit_price', '"First Name"', '"order"')
    """
    if _PLAIN_NAME.match(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def time_grain(column: str, grain: str, dialect: Dialect) -> str:
    """The expression that cuts ``column`` to the start of its day, week, month, quarter or year."""
    if dialect in ("duckdb", "postgres"):
        return f"DATE_TRUNC('{grain}', {column})"
    if dialect == "mysql":
        form = {"day": "%Y-%m-%d", "week": "%x-W%v", "month": "%Y-%m", "year": "%Y"}.get(grain)
        return f"DATE_FORMAT({column}, '{form}')" if form else f"QUARTER({column})"
    form = {"day": "%Y-%m-%d", "week": "%Y-W%W", "month": "%Y-%m", "year": "%Y"}.get(grain)
    if form:
        return f"STRFTIME('{form}', {column})"
    return f"STRFTIME('%Y', {column}) || '-Q' || ((STRFTIME('%m', {column}) + 2) / 3)"


def time_part(column: str, part: str, dialect: Dialect) -> str:
    """The expression for the hour (0 to 23), weekday or month of the year of ``column``."""
    if dialect in ("duckdb", "postgres"):
        if part == "weekday":
            return f"DAYNAME({column})" if dialect == "duckdb" else f"TO_CHAR({column}, 'Day')"
        return f"EXTRACT({part} FROM {column})"
    if dialect == "mysql":
        return {"weekday": f"DAYNAME({column})", "hour": f"HOUR({column})", "month": f"MONTH({column})"}[part]
    return f"STRFTIME('{ {'weekday': '%w', 'hour': '%H', 'month': '%m'}[part] }', {column})"


# --- Lark ------------------------------------------------------------------------------------------------


def lark_text(value: str) -> str:
    """A Lark string literal: JSON's escapes are understood by llguidance."""
    return json.dumps(value, ensure_ascii=False)


def lark_choice(values: Iterable[str]) -> str:
    """Lark alternatives, each once."""
    return " | ".join(lark_text(v) for v in dict.fromkeys(values))


_PIECE = re.compile(
    r"""\ AS\ \w+ | [A-Za-z_]+\( | \*\) | CASE\ WHEN\  | DISTINCT\  | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | \ (?:THEN|ELSE|AND|OR|IN|IS\ NOT|IS|OVER|FROM|WHERE)\  | \ END | [A-Za-z_][\w.]* | \d+(?:\.\d+)?
    | \ ?[-+*/=<>|]+\ ? | ,\  | \s+ | .""",
    re.VERBOSE,
)


def _pieces(sql: str) -> str:
    """An expression as a row of Lark strings, cut where the free rules cut theirs.

    The lexer takes the longest match and never goes back: were ``SUM(amount) AS revenue`` one string beside a
    rule ``"SUM(" N``, it would swallow ``SUM(amount`` and then have no way to go on with `` * quantity``.
    """
    return " ".join(lark_text(piece) for piece in _PIECE.findall(sql))


def shaped_grammar(shapes: Sequence[Shape]) -> str:
    """The Lark grammar that accepts exactly the statements of ``shapes``."""
    if not shapes:
        raise ValueError("a grammar needs at least one statement")
    rules = []
    for number, shape in enumerate(shapes):
        parts = []
        for part in shape:
            if isinstance(part, str):
                if part:
                    parts.append(lark_text(part))
                continue
            filled = [p for p in part if p]
            if filled:
                parts.append(f"({lark_choice(filled)})" + ("?" if "" in part else ""))
        rules.append(f"s{number}: {' '.join(parts)}")
    starts = " | ".join(f"s{n}" for n in range(len(shapes)))
    return "\n".join([f"start: {starts}", *rules]) + "\n"


def open_grammar(
    scopes: Sequence[Scope], literals: Literals, freedom: Freedom, *, names_scope: bool = True
) -> str:
    """The Lark grammar of modest SELECT statements over one of ``scopes``.

    Args:
        names_scope: whether the text begins with the line that names the scope; leave it out when the
        prompt's
            lead has said it, which is possible only with a single scope.
    """
    if not scopes:
        raise ValueError("a grammar needs at least one scope")
    if len(scopes) > 1 and not names_scope:
        raise ValueError("several scopes can only be told apart by their names")
    builder = _Builder(literals, freedom)
    starts = []
    for number, scope in enumerate(scopes):
        query = builder.scope(number, scope)
        starts.append(f"{lark_text(f'-- {scope.name}' + chr(10))} {query}" if names_scope else query)
    return "\n".join([f"start: {' | '.join(starts)}", *builder.rules]) + "\n"


@dataclass
class _Builder:
    """Collects the rules of one open grammar. Rules of scope ``k`` end in ``k``."""

    literals: Literals
    freedom: Freedom
    rules: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = self.literals.numbers or ("0", "1")
        self.rules.append(f"NUM: {lark_choice(numbers)}")
        self.rules.append(f"LIMIT: {lark_choice(str(n) for n in self.literals.limits or (1,))}")
        self.rules.append('CMP: " = " | " <> " | " > " | " < " | " >= " | " <= "')
        self.rules.append('EQ: " = " | " <> "')
        self.rules.append('dir: " DESC" | " ASC"')
        if self.literals.texts:
            self.rules.append(f"TEXT: {lark_choice(quote_text(t) for t in self.literals.texts)}")
            patterns = (quote_text(f"%{t}%") for t in self.literals.texts)
            self.rules.append(f"PATTERN: {lark_choice(patterns)}")

    def scope(self, k: int, scope: Scope) -> str:
        """Add the rules of one scope; return the name of its query rule."""
        self._columns(k, scope)
        self._conditions(k, scope)
        self._values(k, scope)
        self._queries(k, scope)
        return f"query{k}"

    def _columns(self, k: int, scope: Scope) -> None:
        def of(*types: ColumnType) -> list[str]:
            return [c.sql for c in scope.columns if c.type in types]

        kinds = {
            "M": [c.sql for c in scope.columns if c.type in ("integer", "number") and not c.is_key],
            "K": [c.sql for c in scope.columns if c.type == "integer" and c.is_key],
            "N": of("integer", "number"),
            "T": of("text", "other"),
            "D": of("date", "timestamp"),
            "B": of("boolean"),
        }
        self.kinds = {kind: names for kind, names in kinds.items() if names}
        for kind, names in self.kinds.items():
            self.rules.append(f"{kind}{k}: {lark_choice(names)}")
        self.rules.append(f"col{k}: {' | '.join(f'{kind}{k}' for kind in self.kinds if kind not in 'MK')}")
        named = [c for c in scope.columns if c.is_named]
        self.rules.append(f"shown{k}: {lark_choice(c.sql for c in named) if named else f'col{k}'}")
        measures = [c.sql for c in named if c.type in ("integer", "number") and not c.is_key]
        if "M" in self.kinds:
            self.rules.append(f"C{k}: {lark_choice(measures or self.kinds['M'])}")

    def _values(self, k: int, scope: Scope) -> None:
        """Numbers, aggregates, metrics."""
        numeric = {"COUNT": ['"COUNT(" "*)"', f'"COUNT(" "DISTINCT " shown{k} ")"']}
        if self.has_conditions:
            numeric["COUNT"].append(f'"COUNT(" "CASE WHEN " cond{k} " THEN 1 END)"')
        if "M" in self.kinds:
            self.rules.append(f'num{k}: C{k} | C{k} (" + " | " - " | " * " | " / ") C{k}')
            numeric |= {name: [f'"{name}(" num{k} ")"'] for name in ("SUM", "AVG", "MIN", "MAX")}
            if self.has_conditions:
                numeric["SUM"].append(f'"SUM(" "CASE WHEN " cond{k} " THEN " C{k} " ELSE 0 END)"')
        extremes = [
            f'"{name}(" {kind}{k} ")"'
            for name in ("MIN", "MAX")
            for kind in ("D", "T")
            if kind in self.kinds and name in self.freedom.functions
        ]
        every = [form for forms in numeric.values() for form in forms]
        self.rules.append(f"nagg{k}: {' | '.join(every)}")
        seen = [form for name, forms in numeric.items() if name in self.freedom.functions for form in forms]
        items = []
        if seen or extremes:
            self.rules.append(f"agg{k}: {' | '.join([*seen, *extremes])}")
            items.append(f"agg{k}")
        if seen:
            items.append(f'nagg{k} " * 1.0 / " nagg{k}')
        keys = [f"nagg{k}"]
        if scope.metrics:
            self.rules.append(
                f"metric{k}: {' | '.join(_pieces(f'{sql} AS {alias}') for sql, alias in scope.metrics)}"
            )
            self.rules.append(f"bare{k}: {' | '.join(_pieces(sql) for sql, _ in scope.metrics)}")
            items.insert(0, f"metric{k}")
            keys.insert(0, f"bare{k}")
        self.shows_values = bool(items)
        if items:
            self.rules.append(f"value{k}: {' | '.join(items)}")
        self.rules.append(f"key{k}: {' | '.join(keys)}")

    def _conditions(self, k: int, scope: Scope) -> None:
        conditions: list[str] = []
        if "M" in self.kinds and self.freedom.numbers:
            conditions += [f"C{k} CMP NUM", f'C{k} " BETWEEN " NUM " AND " NUM']
        if "M" in self.kinds and self.freedom.pairs:
            aggregate = f'"(SELECT " ("AVG(" | "MAX(" | "MIN(") M{k} ") FROM {_inside(scope.source)})"'
            conditions += [f"C{k} CMP M{k}", f"C{k} CMP {aggregate}"]
        if "D" in self.kinds and self.freedom.pairs:
            conditions.append(f"D{k} CMP D{k}")
        if "K" in self.kinds and self.literals.keys:
            conditions.append(f"K{k} EQ ({lark_choice(self.literals.keys)})")
        for column in scope.columns:
            conditions += self._column_conditions(column)
        if self.literals.texts and "T" in self.kinds:
            conditions += self._text_conditions(k, scope)
        if "B" in self.kinds:
            conditions += [f"B{k}", f'"NOT " B{k}']
        if self.freedom.nulls:
            nullable = [kind for kind in "MDT" if kind in self.kinds]
            conditions += [f'{kind}{k} (" IS NULL" | " IS NOT NULL")' for kind in nullable]
        for link in scope.inner if self.freedom.excludes else ():
            inner = lark_text(f"(SELECT {link.inner} FROM {link.table})")
            conditions.append(f'{lark_text(link.outer)} " NOT IN " {inner}')
        self.has_conditions = bool(conditions)
        if conditions:
            self.rules.append(f"cond{k}: {' | '.join(conditions)}")
        count = self.freedom.conditions
        more = f'(" AND " cond{k}){{0,{count}}}' if conditions and count else ""
        must = ' " AND " '.join(_part(p) for p in scope.must)
        if must:
            self.rules.append(f'where{k}: " WHERE " {must} {more}')
        elif conditions:
            others = f'((" AND " | " OR ") cond{k}){{0,{count - 1}}}' if count > 1 else ""
            self.rules.append(f'where{k}: " WHERE " cond{k} {others}')

    def _text_conditions(self, k: int, scope: Scope) -> list[str]:
        """Texts of the question, for columns that no linked value belongs to."""
        free = [c.sql for c in scope.columns if c.type in ("text", "other") and not c.texts]
        if not free:
            return []
        like = '" ILIKE " | " LIKE "' if self.freedom.ilike else '" LIKE " | " NOT LIKE "'
        self.rules.append(f"F{k}: {lark_choice(free)}")
        return [f"F{k} EQ TEXT", f"F{k} ({like}) PATTERN", f'F{k} " IN (" TEXT (", " TEXT){{1,2}} ")"']

    def _column_conditions(self, column: ScopeColumn) -> list[str]:
        name = lark_text(column.sql)
        conditions = [f"{name} {lark_text(predicate.removeprefix(column.sql))}" for predicate in column.dates]
        if column.texts:
            texts = lark_choice(quote_text(t) for t in column.texts)
            conditions.append(f"{name} EQ ({texts})")
            if len(column.texts) > 1:
                conditions.append(f'{name} (" IN (" | " NOT IN (") ({texts}) (", " ({texts})){{1,3}} ")"')
        return conditions

    def _queries(self, k: int, scope: Scope) -> None:
        source = lark_text(f" FROM {scope.source}")
        where = f"where{k}" if scope.must else f"where{k}?" if self.has_conditions else ""
        dims = [f"shown{k}"]
        if scope.grains:
            self.rules.append(
                f"grain{k}: {' | '.join(_pieces(f'{sql} AS {alias}') for sql, alias in scope.grains)}"
            )
            dims.insert(0, f"grain{k}")
        self.rules.append(f"dim{k}: {' | '.join(dims)}")
        limit = '(" LIMIT " LIMIT)?' if self.freedom.limit else ""
        orders = self.freedom.orders
        order = f'(" ORDER BY " col{k} dir? {limit})?' if orders else ""
        grouped = f'(" ORDER BY " (key{k} | "1") dir? {limit})?' if orders else ""
        having = f'(" HAVING " key{k} CMP NUM)?' if self.freedom.numbers else ""
        more = self.freedom.columns - 1
        several = f'shown{k} (", " shown{k}){{0,{more}}}' if more else f"shown{k}"
        plain = [f'"SELECT " {several} {source} {where} {order}']
        if self.freedom.distinct:
            distinct = f'(" ORDER BY 1" dir? {limit})?' if orders else ""
            plain.append(f'"SELECT DISTINCT " {several} {source} {where} {distinct}')
        if self.freedom.star:
            plain.append(f'"SELECT *" {source} {where} {order}')
        self.rules.append(f"plain{k}: {' | '.join(plain)}")
        shown = ("", "")
        if self.shows_values:
            shown = (f'(", " value{k}){{0,3}}', f'(", " value{k}){{0,2}}')
        groups = [
            f'"SELECT " dim{k} {shown[0]} {source} {where} " GROUP BY 1" {having} {grouped}',
            f'"SELECT " dim{k} ", " dim{k} {shown[1]} {source} {where} " GROUP BY 1, 2" {having} {grouped}',
        ]
        query = f"plain{k} | group{k}"
        if self.shows_values:
            self.rules.append(f'total{k}: "SELECT " value{k} (", " value{k}){{0,2}} {source} {where}')
            groups.append(f'"SELECT " value{k} ", " dim{k} {source} {where} " GROUP BY 2" {having} {grouped}')
            query += f" | total{k}"
        self.rules.append(f"group{k}: {' | '.join(groups)}")
        if self.freedom.set_operations:
            side = f'"SELECT " col{k} {source} {where}'
            self.rules.append(f"side{k}: {side}")
            query += f' | side{k} (" INTERSECT " | " EXCEPT " | " UNION ") side{k}'
        self.rules.append(f"query{k}: {query}")


def _part(part: Part) -> str:
    if isinstance(part, str):
        return lark_text(part)
    return f"({lark_choice(part)})"


def _inside(source: str) -> str:
    """The source as it stands inside a Lark string that is already open."""
    return json.dumps(source, ensure_ascii=False)[1:-1]


def count_statements(shapes: Sequence[Shape]) -> int:
    """How many statements ``shapes`` leave to choose from."""
    total = 0
    for shape in shapes:
        product = 1
        for part in shape:
            product *= 1 if isinstance(part, str) else max(1, len(set(part)))
        total += product
    return total


def unique_aliases(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """(expression, alias) pairs with later repetitions of an alias numbered."""
    seen: dict[str, int] = {}
    result = []
    for sql, alias in pairs:
        seen[alias] = seen.get(alias, 0) + 1
        result.append((sql, alias if seen[alias] == 1 else f"{alias}_{seen[alias]}"))
    return tuple(result)


Texts = Mapping[tuple[str, str], tuple[str, ...]]
"""(view, column) → values that may be compared with it."""
