"""Scopes: the FROM clauses that a question may need, from the role's views and the keys between them.

A wide view stands alone. Tables of a schema that nobody flattened are joined along foreign keys, or along
columns of the same name where one side is a key. Not covered: self-joins and joins on anything but equality.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sql.cues import Cues
from sql.grammar import Inner, Part, Scope, ScopeColumn, quote_name, time_grain, time_part, unique_aliases
from sql.linking import Links, Mention, Vocabulary
from sql.semantics import View, ViewColumn
from sql.shape import ViewReading, period_predicate, value_predicates
from sql.types import Catalog, Dialect
from sql.words import spaced, stem

_MAX_SCOPES = 30
_MAX_TABLES = 4
_ALTERNATIVES = re.compile(r"\b(?:or|both|either|neither|nor|but)\b|\band\b.*\bbut\b", re.I)
"""Words after which two values of one question need not hold together."""


@dataclass(frozen=True)
class Edge:
    """Rows of ``many`` point at one row of ``one``."""

    many: str
    many_column: str
    one: str
    one_column: str


def edges(views: Sequence[View], catalog: Catalog) -> list[Edge]:
    """Every way to join two views row to row, declared keys first."""
    by_name = {v.name.lower(): v for v in views}
    found: dict[tuple[str, str, str], Edge] = {}
    for view in views:
        table = catalog.table(view.name) if view.sql is None else None
        for key in table.foreign_keys if table else ():
            target = by_name.get(key.target_table.lower())
            if not target or target.name == view.name or len(key.columns) != 1 or not key.target_columns:
                continue
            column, other = view.column(key.columns[0]), target.column(key.target_columns[0])
            if column and other:
                found.setdefault(
                    (view.name, target.name, column.name.lower()),
                    Edge(view.name, column.name, target.name, other.name),
                )
    joined = {frozenset(pair[:2]) for pair in found}
    for one in views:
        name = _key_column(one, catalog)
        if name is None:
            continue
        for many in views:
            column = many.column(name)
            if many.name != one.name and column and frozenset((one.name, many.name)) not in joined:
                found.setdefault(
                    (many.name, one.name, name.lower()), Edge(many.name, column.name, one.name, name)
                )
    return list(found.values())


def _key_column(view: View, catalog: Catalog) -> str | None:
    """The single column that identifies a row: a declared primary key, or ``order_id`` of ``orders``."""
    table = catalog.table(view.name) if view.sql is None else None
    if table and len(table.primary_key) == 1:
        name = table.primary_key[0]
        # A key called "id" says nothing about other tables' columns of that name.
        return name if spaced(name) not in ("id", "name", "code") else None
    if view.sql is not None and spaced(view.columns[0].name) == f"{stem(spaced(view.name))} id":
        return view.columns[0].name
    return None


def make_scopes(
    links: Links,
    readings: Sequence[ViewReading],
    cues: Cues,
    vocabulary: Vocabulary,
    catalog: Catalog,
    *,
    all_views: bool = False,
) -> list[Scope]:
    """The scopes to offer, the most likely first.

    Args:
        readings: what each view makes of the question, best first.
        all_views: offer every view, for a question that no view explains well.
    """
    views = vocabulary.views
    is_plain = vocabulary.is_plain
    sets = (
        _plain_sets(links, readings, views, catalog)
        if is_plain
        else _view_sets(readings, views, catalog, all_views)
    )
    joins = edges(views, catalog)
    by_name = {v.name: v for v in views}
    return [
        _scope(tuple(by_name[n] for n in names), joins, links, cues, vocabulary, catalog.dialect, is_plain)
        for names in sets[:_MAX_SCOPES]
    ]


def _covered(names: Sequence[str], links: Links) -> float:
    """How much of what the question names these views hold."""
    best: dict[tuple[int, int], float] = {}
    for mention in links.mentions:
        if mention.view in names:
            span = (mention.start, mention.end)
            worth = mention.score * (1.2 if mention.kind == "view" else 1.0 if mention.score > 0.5 else 0.6)
            best[span] = max(best.get(span, 0.0), worth)
    return sum(best.values())


def _view_sets(
    readings: Sequence[ViewReading], views: Sequence[View], catalog: Catalog, all_views: bool
) -> list[tuple[str, ...]]:
    """Single views whose reading comes near the best; two joined only when they explain more than any one."""
    if all_views or not readings:
        order = [r.view.name for r in readings]
        return [(n,) for n in dict.fromkeys([*order, *(v.name for v in views)])]
    best = readings[0]
    near = [r for r in readings if len(r.missed) == len(best.missed) and r.weight >= best.weight - 1.0]
    sets: list[tuple[str, ...]] = [(r.view.name,) for r in near[:4]]
    if best.missed:
        missed = {r.view.name: set(r.missed) for r in readings}
        for edge in edges(views, catalog):
            if edge.many in missed and edge.one in missed:
                both = missed[edge.many] & missed[edge.one]
                if len(both) < len(best.missed):
                    sets.append((edge.many, edge.one))
    return sets[:8]


def _plain_sets(
    links: Links, readings: Sequence[ViewReading], views: Sequence[View], catalog: Catalog
) -> list[tuple[str, ...]]:
    """Tables and joined tables, those that hold more of the question first; none with a table too many."""
    neighbours: dict[str, set[str]] = defaultdict(set)
    for edge in edges(views, catalog):
        neighbours[edge.many].add(edge.one)
        neighbours[edge.one].add(edge.many)
    names = [v.name for v in views]
    linked = {r.view.name for r in readings}
    sets: set[tuple[str, ...]] = {(n,) for n in names}
    frontier = {frozenset([n]) for n in names}
    for _ in range(_MAX_TABLES - 1):
        grown = set()
        for group in frontier:
            for other in set().union(*(neighbours[n] for n in group)) - group:
                wider = group | {other}
                # A table without any linked word may only bridge two others.
                if len([n for n in wider if n not in linked]) <= 1:
                    grown.add(wider)
        frontier = set(sorted(grown, key=lambda g: -_covered(sorted(g), links))[:200])
        sets |= {tuple(sorted(g, key=names.index)) for g in frontier}
    worth = {s: _covered(s, links) - 0.15 * (len(s) - 1) for s in sets}
    kept = [
        s
        for s in sets
        if not any(
            set(smaller) < set(s) and worth[smaller] >= worth[s] - 1e-9
            for size in range(1, len(s))
            for smaller in itertools.combinations(s, size)
            if smaller in sets
        )
    ]
    best = max(worth.values(), default=0.0)
    near = [s for s in kept if worth[s] >= best - 0.35] if best >= 1.0 else kept
    return sorted(near, key=lambda s: (-worth[s], len(s), [names.index(n) for n in s]))


def _scope(
    views: tuple[View, ...],
    joins: Sequence[Edge],
    links: Links,
    cues: Cues,
    vocabulary: Vocabulary,
    dialect: Dialect,
    is_plain: bool,
) -> Scope:
    several = len(views) > 1
    columns, grains, must = [], [], []
    for view in views:
        prefix = f"{quote_name(view.name)}." if several else ""
        for column in view.columns:
            columns.append(_column(view, column, prefix, links, vocabulary, cues, is_plain))
        grains += _grains(view, prefix, cues, dialect)
    if not (is_plain and _ALTERNATIVES.search(links.question)):
        must = must_predicates(views, links, cues, dialect, qualified=several)
    names = {v.name for v in views}
    metrics = (
        []
        if several
        else [(m.sql, quote_name(m.name)) for m in vocabulary.metrics if m.view == views[0].name]
    )
    linked = {m.name for m in links.mentions if m.kind == "metric"}
    wanted = [m for m in metrics if m[1].strip('"') in linked] or metrics
    inner = [
        Inner(
            outer=_name(e.many, e.many_column, several),
            inner=quote_name(e.one_column),
            table=quote_name(e.one),
        )
        for e in joins
        if is_plain and e.many in names and e.one not in names
    ] + [
        Inner(
            outer=_name(e.one, e.one_column, several),
            inner=quote_name(e.many_column),
            table=quote_name(e.many),
        )
        for e in joins
        if is_plain and e.one in names and e.many not in names
    ]
    return Scope(
        name=", ".join(v.name for v in views),
        source=_source(views, joins),
        columns=tuple(columns),
        metrics=unique_aliases(wanted),
        must=tuple(must),
        grains=unique_aliases(grains),
        inner=tuple(inner[:12]),
    )


def _name(view: str, column: str, qualified: bool) -> str:
    return f"{quote_name(view)}.{quote_name(column)}" if qualified else quote_name(column)


def _source(views: Sequence[View], joins: Sequence[Edge]) -> str:
    """``a JOIN b ON a.x = b.x …``, each further view joined to one already there."""
    text, present = quote_name(views[0].name), [views[0].name]
    waiting = [v.name for v in views[1:]]
    while waiting:
        edge = next(
            e
            for e in joins
            if (e.many in present and e.one in waiting) or (e.one in present and e.many in waiting)
        )
        new = edge.one if edge.one in waiting else edge.many
        on = f"{_name(edge.many, edge.many_column, True)} = {_name(edge.one, edge.one_column, True)}"
        text += f" JOIN {quote_name(new)} ON {on}"
        present.append(new)
        waiting.remove(new)
    return text


def _column(
    view: View,
    column: ViewColumn,
    prefix: str,
    links: Links,
    vocabulary: Vocabulary,
    cues: Cues,
    is_plain: bool,
) -> ScopeColumn:
    sql = prefix + quote_name(column.name)
    texts = [
        m.value
        for m in links.mentions
        if m.kind == "value" and m.view == view.name and m.name == column.name and m.value and not m.is_part
    ]
    is_time = column.type in ("date", "timestamp") or (
        column.type == "text"
        and is_plain
        and any(w in ("date", "time", "datetime") for w in spaced(column.name).split())
    )
    dates = [period_predicate(sql, p) for p in links.periods] if is_time else []
    if column.type not in ("text", "other"):
        texts = []
    is_key = column.type == "integer" and spaced(column.name).split()[-1] in ("id", "no", "number", "code")
    is_named = any(m.view == view.name and m.name == column.name for m in shown_mentions(links))
    return ScopeColumn(
        sql=sql,
        type=column.type,
        texts=tuple(dict.fromkeys(texts)),
        dates=tuple(dates),
        is_key=is_key,
        is_named=is_named,
    )


_RANKS = re.compile(
    r"(?:\b(?:highest|lowest|most|least|largest|smallest|greatest|biggest|fewest|best|worst|maximum|minimum|top"
    r"|(?:order(?:ed)?|sort(?:ed)?)(?: \w+)* by|order of|descending|ascending)|最\S)\s*(?:the\s+|their\s+)?$",
    re.I,
)
_COMPARES = re.compile(
    r"\s*(?:(?:is|are|was|were|of|that|value|equals?)\s+){0,2}(?:not\s+)?(?:more|less|greater|higher|lower|larger|smaller|above"
    r"|below|over|under|at least|at most|exceed\w*|between|equal|[<>=]|\d)",
    re.I,
)


def shown_mentions(links: Links) -> list[Mention]:
    """Columns that the question asks to see, rather than to filter or to rank by."""
    valued = {(m.view, m.name) for m in links.mentions if m.kind == "value"}
    return [
        m
        for m in links.mentions
        if m.kind == "column"
        and m.score >= 0.5
        and (m.view, m.name) not in valued
        and not _RANKS.search(links.question[: m.start])
        and not _COMPARES.match(links.question[m.end :])
    ]


def _grains(view: View, prefix: str, cues: Cues, dialect: Dialect) -> list[tuple[str, str]]:
    columns = [view.time] if view.time else [c.name for c in view.columns if c.type in ("date", "timestamp")]
    result: list[tuple[str, str]] = []
    for column in columns[:3]:
        name = prefix + quote_name(column)
        if cues.grain:
            result.append((time_grain(name, cues.grain, dialect), cues.grain))
        if cues.part:
            result.append((time_part(name, cues.part, dialect), cues.part))
    return result


def must_predicates(
    views: Sequence[View], links: Links, cues: Cues, dialect: Dialect, *, qualified: bool = False
) -> list[Part]:
    """Predicates that a statement over ``views`` has to carry: values and a period that mean one thing."""
    if cues.is_share or cues.is_change:
        return []
    by_name = {v.name: v for v in views}
    must: list[Part] = []
    spans = sorted({(m.start, m.end) for m in links.mentions})
    by_columns: dict[tuple[tuple[str, str], ...], list[Mention]] = defaultdict(list)
    for span in spans:
        here = [m for m in links.mentions if m.view in by_name and (m.start, m.end) == span]
        inside = any(o != span and o[0] <= span[0] and span[1] <= o[1] for o in spans)
        if here and not inside and all(m.kind == "value" for m in here):
            by_columns[tuple(dict.fromkeys((m.view, m.name) for m in here))] += here
    ilike = dialect in ("duckdb", "postgres")
    for places, mentions in by_columns.items():
        forms: list[str] = []
        for place in places:
            column = by_name[place[0]].column(place[1])
            forms += value_predicates(
                [m for m in mentions if (m.view, m.name) == place],
                links.question,
                ilike=ilike,
                type_=column.type if column else "text",
                prefix=f"{quote_name(place[0])}." if qualified else "",
            )
        must.append(tuple(forms) if len(forms) > 1 else forms[0])
    times = [] if qualified else [c for c in views[0].columns if c.type in ("date", "timestamp")]
    if links.periods and times:
        view = views[0]
        named = {m.name for m in links.mentions if m.kind == "column" and m.view == view.name}
        chosen = [c.name for c in times if c.name in named or c.name == view.time] or [c.name for c in times]
        ranges = [[period_predicate(quote_name(n), p) for p in links.periods] for n in chosen]
        forms = [r[0] if len(r) == 1 else "(" + " OR ".join(f"({p})" for p in r) + ")" for r in ranges]
        must.append(tuple(forms) if len(forms) > 1 else forms[0])
    return must
