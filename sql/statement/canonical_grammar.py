"""Grammars of canonical SQL (see ``sql.statement.canonical``): first of the paths, then of the query over
them.

Two steps, so that each grammar stays small: the first line chooses the tables of every SELECT; from then on
every FROM clause is fixed and every column belongs to a table that its SELECT reads. What comes out resolves
by construction; whether it answers the question is the model's part.

Covered: everything that ``canonical`` covers, but for arithmetic over more than two terms and functions other
than the five aggregates.
"""

from __future__ import annotations

from collections.abc import Sequence

from sql.statement.canonical import MAX_SELECTS, JoinPath, Schema
from sql.statement.grammar import lark_choice, lark_text, quote_name, quote_text

MAX_ITEMS = 8
"""Columns shown, or grouped or ordered by, at most."""
MAX_CONDITIONS = 6

_SHARED = r"""
CMP: " = " | " <> " | " > " | " < " | " >= " | " <= "
NUM: /-?[0-9]{1,12}(\.[0-9]{1,6})?/
COUNT: /[1-9][0-9]{0,3}/
dir: " DESC"
function: "SUM(" | "AVG(" | "MIN(" | "MAX("
setop: " UNION " | " UNION ALL " | " INTERSECT " | " EXCEPT "
value: NUM | TEXT
"""


def paths_grammar(schema: Schema, *, other: str | None = None) -> str:
    """Lark grammar of the first line: one path for each SELECT, ``MAX_SELECTS`` at most.

    Args:
        other: another line that may stand there, with its line break.
    """
    first = f'start: "-- " PATH (" / " PATH){{0,{MAX_SELECTS - 1}}} "\\n"'
    return (
        f"{first if other is None else f'{first} | {lark_text(other)}'}\n"
        f"PATH: {lark_choice(p.name for p in schema.paths)}\n"
    )


def query_grammar(paths: Sequence[JoinPath], schema: Schema, texts: Sequence[str] | None = None) -> str:
    """Lark grammar of the statement after its first line.

    Args:
        paths: the first line's, one for each SELECT.
        texts: what a column may be compared with; ``None`` allows any text of up to 80 characters.
    """
    if not paths:
        raise ValueError("a statement needs at least one path")
    rules = [_SHARED.strip(), f"TEXT: {_texts(texts)}"]
    for k, path in enumerate(paths):
        rules += _select(k, path, schema, inner=range(k + 1, len(paths)))
    rest = " | ".join(f"query{k}" for k in range(1, len(paths)))
    start = f"query0 (setop ({rest}))?" if rest else "query0"
    return "\n".join([f"start: {start}", *rules]) + "\n"


def _texts(texts: Sequence[str] | None) -> str:
    if texts is None:
        return r"/'([^'\n]|''){0,80}'/"
    return lark_choice([quote_text(t) for t in texts] or ["''"])


def _select(k: int, path: JoinPath, schema: Schema, *, inner: range) -> list[str]:
    """The rules of SELECT ``k``."""
    names = [
        f"{quote_name(t)}.{quote_name(c)}" if len(path.tables) > 1 else quote_name(c)
        for t in path.tables
        for c in schema.columns[t]
    ]
    subquery = " | ".join(f"query{j}" for j in inner)
    if len(inner) > 1:  # also two of them set against each other
        subquery += f" | query{inner[0]} setop query{inner[1]}"
    compared = [
        "{left} CMP (value | {right})",
        '{left} (" BETWEEN " | " NOT BETWEEN ") value " AND " value',
        *(['{left} CMP "(" (' + subquery + ') ")"'] if subquery else []),
    ]
    conditions = [
        *(each.format(left=f"term{k}", right=f"term{k}") for each in compared),
        f'col{k} (" LIKE " | " NOT LIKE ") TEXT',
        f'col{k} (" IN (" | " NOT IN (") value (", " value){{0,{MAX_ITEMS}}} ")"',
        f'col{k} (" IS NULL" | " IS NOT NULL")',
    ]
    if subquery:
        conditions.append(f'col{k} (" IN (" | " NOT IN (") ({subquery}) ")"')
    of_groups = [each.format(left=f"agg{k}", right=f"(term{k} | agg{k})") for each in compared]
    more = f"{{0,{MAX_ITEMS}}}"
    return [
        f"col{k}: {lark_choice(names)}",
        f'agg{k}: "COUNT(" ("*" | "DISTINCT "? col{k}) ")" | function "DISTINCT "? term{k} ")"',
        f'term{k}: col{k} ((" + " | " - " | " * " | " / ") col{k})?',
        f'item{k}: "*" | term{k} | agg{k} ((" + " | " - " | " * " | " / ") agg{k})?',
        f"key{k}: term{k} | agg{k}",
        f"cond{k}: {' | '.join(conditions)}",
        f'part{k}: cond{k} | "(" cond{k} (" OR " cond{k}){{1,{MAX_CONDITIONS}}} ")"'
        f' | "(" cond{k} (" AND " cond{k}){{1,{MAX_CONDITIONS}}} ")"',
        f'conds{k}: part{k} ((" AND " | " OR ") part{k}){{0,{MAX_CONDITIONS}}}',
        f"group{k}: cond{k} | {' | '.join(of_groups)}",
        f'groups{k}: group{k} ((" AND " | " OR ") group{k}){{0,{MAX_CONDITIONS}}}',
        f'order{k}: key{k} dir? (", " key{k} dir?){more}',
        f'query{k}: "SELECT " "DISTINCT "? item{k} (", " item{k}){more}'
        f' {lark_text(f" FROM {path.source}")} (" WHERE " conds{k})?'
        f' (" GROUP BY " col{k} (", " col{k}){more} (" HAVING " groups{k})?)?'
        f' (" ORDER BY " order{k})? (" LIMIT " COUNT)?',
    ]
