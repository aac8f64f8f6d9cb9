"""What a query is expected to cost, in rows handled, from each database's own plan.

One unit for four databases: a row that a step of the plan reads, compares or passes on. A join by nested
loops handles the rows of its inner side once for each row of the outer; a subquery that depends on the outer
row runs as often as there are such rows; a scan with a filter handles the whole table. These are estimates
made of estimates: good for telling a question from an accident (``FROM a, b, c``), not for ranking queries.
What no plan tells (how deep a recursion goes, how long one text becomes) is left to the budgets of time and
memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sql.types import Catalog

LOOKUP = 10.0
"""Rows that an index that is not unique is taken to find: SQLite's own guess, which it does not print."""
INEQUALITY = 1 / 3
"""Share of pairs that one comparison by < or > is taken to keep; PostgreSQL's DEFAULT_INEQ_SEL."""
RANGE = 0.005
"""Share of pairs that two such comparisons, a range, keep; PostgreSQL's DEFAULT_RANGE_INEQ_SEL."""


# ---- PostgreSQL -----------------------------------------------------------------------------------------


def postgres_cost(explained: Any, sizes: Mapping[str, int]) -> float | None:
    """Rows handled by a plan of ``EXPLAIN (FORMAT JSON)``.

    Args:
        explained: the parsed JSON.
        sizes: table → rows; a sequential scan handles all of them, whatever its filter leaves.
    """
    try:
        return _postgres_node(explained[0]["Plan"], sizes)
    except (KeyError, IndexError, TypeError):
        return None


def _postgres_node(node: Mapping[str, Any], sizes: Mapping[str, int]) -> float:
    rows = float(node["Plan Rows"])
    children = [
        c for c in node.get("Plans", []) if c.get("Parent Relationship") not in ("SubPlan", "InitPlan")
    ]
    total = handled = rows
    if "Relation Name" in node and node["Node Type"] == "Seq Scan":
        total = handled = max(rows, float(sizes.get(node["Relation Name"], 0)))
    if node["Node Type"] == "Nested Loop" and len(children) == 2:
        outer, inner = children
        times = max(1.0, float(outer["Plan Rows"]))
        handled = times * max(1.0, float(inner["Plan Rows"]))
        total += _postgres_node(outer, sizes) + times * _postgres_node(inner, sizes)
    else:
        for child in children:
            handled = max(handled, float(child["Plan Rows"]))
            total += _postgres_node(child, sizes)
    for plan in node.get("Plans", []):
        relationship = plan.get("Parent Relationship")
        if relationship not in ("SubPlan", "InitPlan"):
            continue
        is_hashed = any(f"hashed {plan.get('Subplan Name')}" in str(v) for v in node.values())
        is_cte = str(plan.get("Subplan Name", "")).startswith("CTE ")
        times = 1.0 if relationship == "InitPlan" or is_hashed or is_cte else max(1.0, handled)
        total += times * _postgres_node(plan, sizes)
    return total


# ---- DuckDB ---------------------------------------------------------------------------------------------

_ALL_PAIRS = ("CROSS_PRODUCT", "BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "POSITIONAL_JOIN")
_SORTED_PAIRS = ("PIECEWISE_MERGE_JOIN", "IE_JOIN")


def duckdb_cost(explained: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]) -> float | None:
    """Rows handled by a plan of ``EXPLAIN (FORMAT JSON)``, which has estimates and no cost of its own.

    The estimate of every step is summed. Steps for which it says nothing or too little are worked out here: a
    product of two inputs is their product; a join that compares all pairs handles all pairs, whatever it
    keeps; one by < or > keeps a third of them, by a range 0.5 %; a scan handles the whole table.
    """
    if not explained:
        return None
    total = 0.0
    for root in explained:
        cost, _ = _duckdb_node(root, sizes)
        total += cost
    return total


def _duckdb_node(node: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[float, float]:
    """Rows handled by ``node`` and what is below it, and rows that it gives."""
    info = node.get("extra_info")
    info = info if isinstance(info, Mapping) else {}
    below = [_duckdb_node(child, sizes) for child in node.get("children", [])]
    inputs = [rows for _, rows in below]
    name = str(node.get("name", "")).strip()
    told = _number(info.get("Estimated Cardinality"))
    gives = told if told is not None else max(inputs, default=1.0)
    handled = gives
    if name in _ALL_PAIRS and len(inputs) == 2:
        pairs = max(1.0, inputs[0]) * max(1.0, inputs[1])
        handled = pairs
        gives = pairs if told is None or name == "CROSS_PRODUCT" else told
    elif name in _SORTED_PAIRS and len(inputs) == 2:
        conditions = info.get("Conditions")
        is_range = isinstance(conditions, list) and len(conditions) > 1
        share = RANGE if is_range else INEQUALITY
        handled = max(gives, share * max(1.0, inputs[0]) * max(1.0, inputs[1]))
        gives = handled
    elif "Table" in info and isinstance(info["Table"], str):
        handled = max(gives, float(sizes.get(info["Table"].rpartition(".")[2].strip('"'), 0)))
    return handled + sum(cost for cost, _ in below), gives


def _number(value: object) -> float | None:
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None


# ---- MySQL, MariaDB -------------------------------------------------------------------------------------


_DERIVED = re.compile(r"<derived(\d+)>")
_UNION = re.compile(r"<union([\d,]+)>")


def mysql_cost(explained: Sequence[Mapping[str, Any]]) -> float | None:
    """Rows handled by a plan of ``EXPLAIN``: one row for each table, those of one SELECT under one ``id``.

    Tables of one SELECT are joined by nested loops in the order in which they stand, so their row counts
    multiply, lessened by ``filtered``. What depends on the outer row runs once for each of them. Of a
    subquery in FROM the server guesses as if each ``IN (SELECT …)`` inside it multiplied its rows, so it is
    taken to give no more than its own tables do, and one row for each look-up in one that is grouped.
    """
    selects: dict[int, list[Mapping[str, Any]]] = {}
    unions: dict[int, list[int]] = {}
    for row in explained:
        union = _UNION.fullmatch(str(row.get("table") or ""))
        if union is not None:
            parts = [int(part) for part in union.group(1).split(",")]
            unions[parts[0]] = parts
        elif row.get("id") is not None and row.get("rows") is not None:
            selects.setdefault(int(row["id"]), []).append(row)
    recursive = {int(r["id"]) for r in explained if "RECURSIVE" in str(r.get("select_type") or "").upper()}
    cost: dict[int, float] = {}
    given: dict[int, float] = {}
    for number in sorted(selects, reverse=True):  # what stands in FROM has a higher number
        cost[number], given[number] = 0.0, 1.0
        for row in selects[number]:
            rows = _mysql_rows(row, given, unions, recursive, selects)
            cost[number] += given[number] * rows
            given[number] = max(1.0, given[number] * rows * float(row.get("filtered") or 100.0) / 100.0)
    repeated = {n for n, rows in selects.items() if any(map(_depends, rows))}
    total = 0.0
    for number in sorted(cost):
        outer = [given[n] for n in given if n < number and n not in repeated]
        total += cost[number] * (max(outer, default=1.0) if number in repeated else 1.0)
    return total


def _depends(row: Mapping[str, Any]) -> bool:
    """Whether its SELECT runs anew for each outer row."""
    return str(row.get("select_type") or "").upper().startswith(("DEPENDENT", "UNCACHEABLE", "LATERAL"))


def _kind(selects: Mapping[int, list[Mapping[str, Any]]], number: int) -> str:
    return str(selects[number][0].get("select_type") or "").upper() if number in selects else ""


def _mysql_rows(
    row: Mapping[str, Any],
    given: Mapping[int, float],
    unions: Mapping[int, list[int]],
    recursive: set[int],
    selects: Mapping[int, list[Mapping[str, Any]]],
) -> float:
    """Rows that one turn of a loop over a table handles."""
    rows = max(1.0, float(row["rows"]))
    derived = _DERIVED.fullmatch(str(row.get("table") or ""))
    if derived is None:
        return rows
    number = int(derived.group(1))
    parts = unions.get(number) or [number]
    if recursive.intersection(parts):
        return given.get(number, 1.0)  # how deep it goes no plan tells
    while len(parts) == 1 + parts[-1] - number and _kind(selects, parts[-1] + 1) == "UNION":
        parts = [*parts, parts[-1] + 1]  # UNION ALL is told by no line of its own
    if number not in given:
        return rows
    extra = str(selects[number][0].get("Extra") or "")
    is_grouped = "Using temporary" in extra or "Using filesort" in extra
    if str(row.get("type")) == "ref" and is_grouped and len(parts) == 1:
        return 1.0
    return min(rows, sum(given.get(part, 1.0) for part in parts))


# ---- SQLite ---------------------------------------------------------------------------------------------

_LOOP = re.compile(r"^(SCAN|SEARCH) (.*)$")
_USING = re.compile(r" (?:USING|VIRTUAL TABLE|LEFT-JOIN|EXISTS)\b.*$")


def sqlite_cost(
    explained: Sequence[tuple[int, int, int, str]], tree: exp.Expr | None, catalog: Catalog
) -> float | None:
    """Rows handled by a plan of ``EXPLAIN QUERY PLAN``, which has neither costs nor estimates.

    The steps of one SELECT are nested loops, so their rows multiply: a ``SCAN`` handles all rows of its table
    (counted for the catalogue), a ``SEARCH`` one when its index is unique, a quarter of the table when it is
    a range, else ten. A correlated subquery runs once for each row of the loops beside it. What a subquery in
    FROM gives is taken to be as many rows as its loops handle, or one when it only aggregates.

    Args:
        explained: rows ``(id, parent, unused, detail)``.
        tree: the parsed statement: a plan names a table's alias only.
    """
    return _SqlitePlan(explained, tree, catalog).cost(0)[0]


_SETS = ("COMPOUND", "LEFT-MOST", "UNION", "EXCEPT", "INTERSECT", "MERGE", "LEFT", "RIGHT")


class _SqlitePlan:
    def __init__(
        self, explained: Sequence[tuple[int, int, int, str]], tree: exp.Expr | None, catalog: Catalog
    ) -> None:
        self.children: dict[int, list[tuple[int, str]]] = {}
        for number, parent, _, detail in explained:
            self.children.setdefault(parent, []).append((number, detail))
        self.sizes = {t.name.lower(): float(t.rows or 0) for t in catalog.tables}
        self.largest = max(self.sizes.values(), default=1.0)
        self.gives: dict[str, float] = {}
        """What a subquery that was met in the plan gives, by the name that later steps use."""
        self.aliases: dict[str, float] = {}
        self.single: set[str] = set()
        """Names of subqueries that give one row."""
        for node in tree.find_all(exp.Table, exp.Subquery, exp.CTE) if tree is not None else ():
            name = node.alias_or_name.lower()
            if isinstance(node, exp.Table):
                rows = self.sizes.get(node.name.lower())
                if rows is not None:
                    self.aliases[name] = max(rows, self.aliases.get(name, 0.0))
                    continue
            elif isinstance(node.this, exp.Select) and _gives_one(node.this):
                self.single.add(name)
        for node in tree.find_all(exp.Table) if tree is not None else ():
            if node.name.lower() in self.single:  # a CTE under another name
                self.single.add(node.alias_or_name.lower())

    def cost(self, parent: int) -> tuple[float, float]:
        """Rows handled by the steps below ``parent``, and rows that their loops give."""
        total, given = 0.0, 1.0
        repeated = 0.0
        for number, detail in self.children.get(parent, []):
            loop = _LOOP.match(detail)
            below, out = self.cost(number)
            if loop is not None:
                rows, once = self.loop(loop.group(1), loop.group(2))
                total += given * rows + once + below
                given *= max(1.0, rows)
                continue
            words = detail.split()
            if detail.startswith(("MATERIALIZE", "CO-ROUTINE")) and len(words) > 1:
                self.gives[" ".join(words[1:]).lower()] = out
            if detail.startswith("CORRELATED"):
                repeated += below
            elif words and words[0] in (
                "COMPOUND",
                "LEFT-MOST",
                "UNION",
                "UNION-ALL",
                "EXCEPT",
                "INTERSECT",
                "MERGE",
            ):
                total, given = total + below, max(given, 0.0) + out
            else:
                total += below
        return total + repeated * max(1.0, given), given

    def loop(self, how: str, what: str) -> tuple[float, float]:
        """Rows of one turn of a loop, and what has to be built once before it."""
        if "CONSTANT ROW" in what:
            return 1.0, 0.0
        name = _USING.sub("", what).lower()
        table = self.rows(name)
        if how == "SCAN":
            return table, 0.0
        if "AUTOMATIC" in what:
            return min(table, LOOKUP), table
        if "(rowid=?)" in what or "PRIMARY KEY" in what or "sqlite_autoindex" in what:
            return (1.0 if "=?" in what else max(1.0, table / 4)), 0.0
        if "=?" in what:
            return min(table, LOOKUP), 0.0
        return max(1.0, table / 4), 0.0

    def rows(self, name: str) -> float:
        if name in self.single:
            return 1.0
        known = [source[name] for source in (self.gives, self.aliases, self.sizes) if name in source]
        return max(1.0, known[0] if known else self.largest)


def _gives_one(select: exp.Select) -> bool:
    """Whether a SELECT gives one row: it aggregates and has no groups, or says LIMIT 1."""
    limit = select.args.get("limit")
    count = limit.expression if isinstance(limit, exp.Limit) else None
    if isinstance(count, exp.Literal) and count.name in ("0", "1"):
        return True
    if select.args.get("group") is not None:
        return False
    return bool(select.expressions) and all(
        any(
            not isinstance(found.parent, exp.Window) and found.parent_select is select
            for found in expression.find_all(exp.AggFunc)
        )
        for expression in select.expressions
    )
