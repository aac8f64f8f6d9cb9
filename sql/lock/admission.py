"""Why one node may not stand in a statement: the allow-lists of ``sql.lock.functions``, and rules about
values.

Each node is judged by itself, as it is written. What several of them make together is ``sql.lock.sizes``;
what their names reach is ``sql.lock.rewrite``.
"""

from __future__ import annotations

import datetime as dt
import re

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from sql.lock.functions import ARGUMENTS, SYNTAX, TYPES, WORDS
from sql.lock.trees import EMPTY, is_whole_number, node_kind
from sql.names import near_names
from sql.types import Dialect

MAX_LITERAL = 1_000
"""Longest text in quotes."""
MAX_FRAME = 1_000
"""Rows before or behind that a window's frame may reach; MariaDB reads each frame anew, uninterrupted."""
MAX_BRANCHES = 10
"""Signs of a MySQL pattern that leave a choice."""
MAX_COMPARED = 100
"""Characters of the written text that LEVENSHTEIN and its like may compare others with."""
MAX_SERIES = 100_000
"""Rows that ``range`` and ``generate_series`` may make."""
MAX_PADDING = 1_000
"""Characters that LPAD and RPAD may pad to."""
_SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
_LISTS = (*_SERIES, exp.Unnest, exp.Explode, exp.Array)
_UNIT_DAYS = {
    "SECOND": 1 / 86400,
    "MINUTE": 1 / 1440,
    "HOUR": 1 / 24,
    "DAY": 1.0,
    "WEEK": 7.0,
    "MONTH": 28.0,
    "QUARTER": 90.0,
    "YEAR": 365.0,
    "MON": 28.0,
}
"""Days of a unit of time, at least."""


def refusal(
    node: exp.Expr, classes: frozenset[type[exp.Expr]], names: frozenset[str], dialect: Dialect
) -> str | None:
    """Why this node, by itself, may not stand in a statement; ``None`` when it may."""
    kind = type(node)
    if kind in (exp.Anonymous, exp.AnonymousAggFunc):
        name = node.name.upper()
        if name in names and not (isinstance(node.this, exp.Identifier) and node.this.quoted):
            return _value_refusal(node, dialect)
        return f"{name} is not an allowed function{near_names(name, names)}"
    if kind not in SYNTAX and kind not in classes:
        if kind in WORDS:
            return WORDS[kind]
        if isinstance(node, exp.Func):
            name = node.sql(dialect=dialect, unsupported_level=ErrorLevel.IGNORE).split("(")[0].strip()
            return f"{name} is not an allowed function{near_names(name, names)}"
        return f"{node_kind(node)} is not supported"
    allowed = ARGUMENTS.get(kind)
    if allowed is not None:
        for part, value in node.args.items():
            if part not in allowed and value not in EMPTY:
                return _part_refusal(node, part)
    return _value_refusal(node, dialect) if _has_rules(kind) else None


def _has_rules(kind: type[exp.Expr]) -> bool:
    found = _ruled.get(kind)
    if found is None:
        found = _ruled[kind] = issubclass(kind, _RULED)
    return found


_ruled: dict[type[exp.Expr], bool] = {}


def _part_refusal(node: exp.Expr, part: str) -> str:
    value = node.args[part]
    first = value[0] if isinstance(value, list) else value
    if type(first) in WORDS:
        return WORDS[type(first)]
    if part in ("db", "catalog"):
        return "names of schemas and databases are not allowed; write the view's name alone"
    return f"{part.strip('_').replace('_', ' ').upper()} is not supported in {node_kind(node)}"


def _value_refusal(node: exp.Expr, dialect: Dialect) -> str | None:
    if isinstance(node, exp.Literal):
        if len(node.this) > MAX_LITERAL:
            return f"a value of {len(node.this):,} characters is too long"
    elif isinstance(node, exp.Table):
        if not isinstance(node.this, (exp.Identifier, *_SERIES)) or (
            isinstance(node.this, _SERIES) and node.args.get("joins")
        ):
            return f"functions in FROM are not allowed, such as {node_kind(node.this)}; use a view"
    elif isinstance(node, exp.DataType):
        if node.this not in TYPES or any(not isinstance(e, exp.DataTypeParam) for e in node.expressions):
            return f"the type {node.sql()} is not allowed"
    elif isinstance(node, exp.Star):
        parent = node.parent
        if isinstance(parent, exp.Column):
            parent = parent.parent
            if not isinstance(parent, exp.Select):
                return "a table's * may only stand in SELECT"
        elif not isinstance(parent, (exp.Select, exp.Count)):
            return "* may only stand in SELECT and in COUNT(*)"
    elif isinstance(node, exp.Join):
        return _join_refusal(node, dialect)
    elif isinstance(node, _LISTS):
        return _list_refusal(node, dialect)
    elif isinstance(node, exp.Qualify):
        if dialect != "duckdb":
            return "there is no QUALIFY here; put the window function into FROM (SELECT …), and write WHERE"
    elif isinstance(node, exp.Distinct):
        if dialect in ("sqlite", "mysql") and node.args.get("on") is not None:
            return "there is no DISTINCT ON here; put ROW_NUMBER() into FROM (SELECT …), and write WHERE"
    elif isinstance(node, exp.Lateral):
        if dialect == "sqlite":
            return "SQLite has no LATERAL; use a subquery in SELECT, or a JOIN"
        if not isinstance(node.this, exp.Subquery):
            return "LATERAL may only stand before a SELECT in parentheses"
    elif isinstance(node, exp.Pad):
        if not (is_whole_number(node.expression) and int(node.expression.name) <= MAX_PADDING):
            return f"LPAD and RPAD need a length in figures, {MAX_PADDING:,} at most"
    elif isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar)):
        if not isinstance(node.expression, exp.JSONPath):
            return "a place inside a JSON value must be written as a text, such as '$.name'"
    elif isinstance(node, exp.JSONPathKey):
        if not isinstance(node.this, str) or not node.this.isidentifier():
            return "a place inside a JSON value may only be made of plain names and numbers"
    elif isinstance(node, exp.WindowSpec):
        return _frame_refusal(node)
    elif isinstance(node, (exp.Levenshtein, exp.JarowinklerSimilarity, exp.Translate)):
        return _comparing_refusal(node, _called(node))
    elif isinstance(node, exp.Anonymous) and node.name.upper() in ("HAMMING", "JACCARD"):
        return _comparing_refusal(node, node.name.upper())
    elif isinstance(node, (exp.Format, exp.Anonymous)) and dialect == "sqlite":
        return _format_refusal(node)
    elif isinstance(node, (exp.RegexpLike, exp.RegexpILike)) and dialect == "sqlite":
        return "SQLite has no REGEXP; use LIKE or GLOB"
    elif isinstance(node, _PATTERNS) and dialect == "mysql":
        return _pattern_refusal(node.expression)
    return None


_PATTERNS = (
    *(exp.RegexpLike, exp.RegexpILike, exp.RegexpReplace, exp.RegexpSubstr, exp.RegexpInstr),
    *(exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpCount, exp.RegexpSplit),
)
_RULED = (
    *_PATTERNS,
    *(exp.Literal, exp.Table, exp.DataType, exp.Star, exp.Join, exp.Lateral, exp.Pad, exp.JSONExtract),
    *(exp.JSONExtractScalar, exp.JSONPathKey, exp.Format, exp.Anonymous, exp.RegexpLike, exp.RegexpILike),
    *(exp.WindowSpec, exp.Levenshtein, exp.JarowinklerSimilarity, exp.Translate, *_LISTS),
    *(exp.Qualify, exp.Distinct),
)
"""Kinds of nodes of which ``_value_refusal`` says something."""


def _pattern_refusal(node: exp.Expr | None) -> str | None:
    """Whether MariaDB could search for the pattern for seconds: it looks at no interrupt while it does.

    Its matcher goes back over what it has tried. One repetition from a fixed start takes time in proportion
    to the text, one from any start its square, and nested or optional ones two to the power of their number.
    """
    if not (isinstance(node, exp.Literal) and node.is_string):
        return "a pattern of REGEXP must be written as a text"
    plain = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", node.name, flags=re.DOTALL)
    repeats = len(re.findall(r"[*+]|\{\d*,\d*\}", plain))
    if re.search(r"\)\s*[*+{]", plain):
        return "a pattern of REGEXP may not repeat a group; use LIKE, or several conditions"
    if repeats > 1 or (repeats and (not plain.startswith("^") or "|" in plain)):
        return "a pattern of REGEXP may repeat once, behind ^ and without |; use LIKE for parts of a text"
    if plain.count("?") + plain.count("|") > MAX_BRANCHES:
        return f"a pattern of REGEXP may have {MAX_BRANCHES} of | and ? at most; use IN for many values"
    return None


def _join_refusal(node: exp.Join, dialect: Dialect) -> str | None:
    method = (node.args.get("method") or "").upper()
    if method not in ("", "NATURAL"):
        return f"{method} JOIN is not supported; use JOIN … ON"
    kind, side = (node.args.get("kind") or "").upper(), (node.args.get("side") or "").upper()
    if kind not in ("", "INNER", "OUTER", "CROSS", "SEMI", "ANTI") or side not in (
        "",
        "LEFT",
        "RIGHT",
        "FULL",
    ):
        return f"{side} {kind} JOIN is not supported; use JOIN … ON".lstrip()
    if side == "FULL" and dialect == "mysql":
        return "MySQL has no FULL JOIN; use LEFT JOIN and UNION"
    return None


def _list_refusal(node: exp.Expr, dialect: Dialect) -> str | None:
    """Rows and lists that stand in the statement itself: only where the database has them, and few."""
    if dialect not in ("duckdb", "postgres"):
        what = "generate_series" if isinstance(node, _SERIES) else "lists and UNNEST"
        return f"{what} are not supported here; use WITH RECURSIVE, or (VALUES …)"
    if isinstance(node, _SERIES):
        rows = _series_rows(node)
        if rows is None:
            return (
                "range and generate_series need bounds written as numbers or dates; else use WITH RECURSIVE"
            )
        if rows > MAX_SERIES:
            return f"range and generate_series may make {MAX_SERIES:,} rows at most, not {rows:,}"
    elif isinstance(node, (exp.Unnest, exp.Explode)):
        lists = node.expressions if isinstance(node, exp.Unnest) else [node.this]
        if not all(isinstance(item, (exp.Array, *_SERIES)) for item in lists):
            return "UNNEST may only be of a list that is written out, such as UNNEST([1, 2])"
    return None


def _frame_refusal(node: exp.WindowSpec) -> str | None:
    for part in ("start", "end"):
        bound = node.args.get(part)
        if bound is None or isinstance(bound, (str, exp.Interval)):
            continue  # UNBOUNDED, CURRENT ROW
        if not (is_whole_number(bound) and int(bound.name) <= MAX_FRAME):
            return f"a window's frame needs bounds in figures, {MAX_FRAME:,} rows away at most, or UNBOUNDED"
    return None


def _comparing_refusal(node: exp.Expr, name: str) -> str | None:
    """These take as many steps as two texts' lengths multiplied, in one call that nothing interrupts."""
    is_map = isinstance(node, exp.Translate)
    parts = [node.args.get("from_"), node.args.get("to")] if is_map else list(node.iter_expressions())
    written = [
        part
        for part in parts
        if isinstance(part, exp.Literal) and part.is_string and len(part.name) <= MAX_COMPARED
    ]
    needed = 2 if isinstance(node, exp.Translate) else 1
    if len(written) >= needed:
        return None
    return f"{name} needs {needed} of its texts written out, of {MAX_COMPARED} characters at most"


def _called(node: exp.Expr) -> str:
    return type(node).sql_names()[0] if isinstance(node, exp.Func) else node_kind(node)


def _format_refusal(node: exp.Expr) -> str | None:
    """``printf('%1000000d', 1)`` makes a text of any length."""
    if isinstance(node, exp.Anonymous) and node.name.upper() not in ("PRINTF", "FORMAT"):
        return None
    first = node.this if isinstance(node, exp.Format) else (node.expressions or [None])[0]
    if not (isinstance(first, exp.Literal) and first.is_string):
        return "PRINTF and FORMAT need their format written as a text"
    if re.search(r"%[^a-zA-Z%]*(\d{3}|\*)", first.name):
        return "PRINTF and FORMAT may not pad a text to more than 99 characters"
    return None


def _series_rows(node: exp.Expr) -> int | None:
    """Rows that ``range`` or ``generate_series`` makes at most; ``None`` when only the data could tell."""
    bounds = [node.args.get("start"), node.args.get("end")]
    step = node.args.get("step")
    numbers = [_whole_number(part) for part in (*bounds, step or exp.Literal.number(1))]
    if all(number is not None for number in numbers):
        first, last, by = (number or 0 for number in numbers)
        return abs(last - first) // max(1, abs(by)) + 1
    days = [_day(part) for part in bounds]
    step_days = _interval_days(step)
    if step_days is None or any(day is None for day in days):
        return None
    return int(abs((days[1] or 0) - (days[0] or 0)) / step_days) + 1


def _whole_number(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Neg):
        inner = _whole_number(node.this)
        return None if inner is None else -inner
    return int(node.name) if node is not None and is_whole_number(node) else None


def _day(node: exp.Expr | None) -> float | None:
    """The day number of a date that is written out; today counts as any day of this century."""
    if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
        return float(dt.date.today().toordinal())
    if isinstance(node, (exp.Cast, exp.TsOrDsToDate, exp.Date)):
        node = node.this
    try:
        return (
            float(dt.datetime.fromisoformat(node.name).toordinal()) if isinstance(node, exp.Literal) else None
        )
    except ValueError:
        return None


def _interval_days(node: exp.Expr | None) -> float | None:
    """Days of a written interval with one unit; ``None`` when it is none, or nothing."""
    if not isinstance(node, exp.Interval) or not isinstance(node.this, exp.Literal):
        return None
    unit = node.args.get("unit")
    words = f"{node.this.name} {unit.name if isinstance(unit, exp.Var) else ''}".split()
    if len(words) != 2 or not words[0].isdigit() or int(words[0]) < 1:
        return None
    days = _UNIT_DAYS.get(words[1].upper().rstrip("S"))
    return None if days is None else days * int(words[0])
