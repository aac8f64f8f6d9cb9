"""Whether a role sees what is its own, and nothing else: each statement on two databases.

One is whole and is asked under a role, through the guard: some rows hidden (by predicates over the asking
user's attributes, too), some columns masked, some views closed. The other is a copy that physically holds
only what the role may see; it is asked without guard and role, by the database's own client. Both must answer
the same, always: the same rows, or a refusal here and an unknown name there. In the whole database the hidden
cells hold canaries (in SQLite; in the demonstration shop every text that is in masked columns alone counts as
one), none of which may appear in a row, in an error, in a reason or in the log.

Statements: the honest gold statements of ``spider_train`` over several of its databases (SQLite), and
statements made from a seed over the demonstration shop's views (DuckDB), among them ones that name what is
masked and ones that fail on some values.

    SHOPTALK_DATA=/path/to/data python -m bench.guard_roles [--statements N] [--databases N] [--seed S]

Rows are compared as bags, and in order where the copy answers in that order however its rows lie. A statement
whose answer changes with how the rows of the copy lie (LIMIT with ties) is counted apart, and proves nothing.
Prints counts and every failure; status 1 on any failure.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import datetime as dt
import decimal
import json
import logging
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from sql.databases import Database, open_database
from sql.errors import NotAllowed, QueryFailed, SqlError, UnknownName, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Attributes, AttributeValue, Role, Shop
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import load_shop
from sql.types import QueryLimits

CANARY = "CANARY"
CANARY_NUMBER = 919_191_919
MAX_ROLES = 50
"""Roles by chance per database, at most; refused statements do not count."""
LIMITS = QueryLimits(max_rows=1_000_000, timeout_s=60.0, max_cost=1e15)
Rows = list[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which rows of one view a role sees, written twice: for the role, and for the copy without the guard."""

    column: str
    operator: str
    values: tuple[str | int | float, ...]
    attribute: str | None
    """Name of the user's attribute that holds the values; ``None``: they stand in the rule."""

    def for_role(self) -> str:
        name = _quoted(self.column)
        if self.operator == "IS NOT NULL":
            return f"{name} IS NOT NULL"
        if self.attribute is not None:
            told = f":{self.attribute}"
        else:
            told = ", ".join(_literal(value) for value in self.values)
        return f"{name} IN ({told})" if self.operator == "IN" else f"{name} {self.operator} {told}"

    def for_copy(self) -> tuple[str, tuple[object, ...]]:
        name = _quoted(self.column)
        if self.operator == "IS NOT NULL":
            return f"{name} IS NOT NULL", ()
        marks = ", ".join("?" for _ in self.values)
        text = f"{name} IN ({marks})" if self.operator == "IN" else f"{name} {self.operator} {marks}"
        return text, self.values


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One role of one shop, and what it may see."""

    name: str
    shop: Shop
    role: Role
    user: Attributes
    rules: dict[str, Rule]
    """By view."""
    shown: dict[str, tuple[str, ...]]
    """View → its columns that are shown; closed views are missing."""


@dataclass
class Count:
    """What came out, over all settings."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def equal(self) -> int:
        """Statements that both databases answered, with the same rows."""
        return self.outcomes["equal, in order"] + self.outcomes["equal, no order asked"]

    def fail(self, what: str, setting: Setting, sql: str, detail: object) -> None:
        self.outcomes["FAILED"] += 1
        masked = sorted(setting.role.masked)
        role = {"rows": dict(setting.role.rows), "user": dict(setting.user), "masked": masked}
        self.failures.append(f"{what} in {setting.name}\n  {sql}\n  {role}\n  {str(detail)[:600]}")


# ---- roles ----------------------------------------------------------------------------------------------


def draw_setting(
    name: str, shop: Shop, values: dict[tuple[str, str], list[Any]], rng: random.Random
) -> Setting:
    """A role by chance: views closed, columns masked, rules about rows, attributes.

    Args:
        values: (view, column) → some values of it, from which the rules are made.
    """
    views = list(shop.views)
    closed = set(rng.sample([v.name for v in views], k=rng.choice([0, 0, 1]) if len(views) > 2 else 0))
    rules: dict[str, Rule] = {}
    masked: set[tuple[str, str]] = set()
    user: dict[str, AttributeValue] = {}
    for view in views:
        if view.name in closed:
            continue
        fit = [c.name for c in view.columns if _usable(values.get((view.name, c.name), []))]
        if fit and rng.random() < 0.7:
            rule = _draw_rule(rng, rng.choice(fit), values, view.name, f"a{len(user)}")
            rules[view.name] = rule
            if rule.attribute is not None:
                is_list = rule.operator == "IN"
                user[rule.attribute] = tuple(rule.values) if is_list else rule.values[0]
        hideable = [c.name for c in view.columns]
        for column in rng.sample(hideable, k=min(len(hideable) - 1, rng.choice([0, 0, 0, 1]))):
            masked.add((view.name, column))
    role = Role(
        name="some",
        views=frozenset(v.name for v in views) - closed if closed else None,
        masked=frozenset(masked),
        rows={view: rule.for_role() for view, rule in rules.items()},
        limits=LIMITS,
    )
    shown = {
        v.name: tuple(c.name for c in v.columns if (v.name, c.name) not in masked)
        for v in views
        if v.name not in closed
    }
    return Setting(name=name, shop=shop, role=role, user=user, rules=rules, shown=shown)


def _usable(found: Sequence[Any]) -> bool:
    return any(isinstance(v, (str, int, float)) and not isinstance(v, bool) and v != "" for v in found)


def _draw_rule(
    rng: random.Random, column: str, values: dict[tuple[str, str], list[Any]], view: str, attribute: str
) -> Rule:
    found = [
        v
        for v in values[view, column]
        if isinstance(v, (str, int, float)) and not isinstance(v, bool) and v != "" and str(v).isprintable()
    ]
    if not found:
        return Rule(column=column, operator="IS NOT NULL", values=(), attribute=None)
    operator = rng.choice(["=", "<>", "<>", "IN", "IN", ">=", "<=", "IS NOT NULL"])
    if operator == "IS NOT NULL":
        return Rule(column=column, operator=operator, values=(), attribute=None)
    count = min(len(found), rng.randint(1, 4)) if operator == "IN" else 1
    kind = type(found[0])
    alike = [v for v in found if type(v) is kind]
    chosen = tuple(rng.sample(alike, k=min(count, len(alike))))
    return Rule(
        column=column, operator=operator, values=chosen, attribute=attribute if rng.random() < 0.6 else None
    )


# ---- SQLite: spider_train -------------------------------------------------------------------------------


def sqlite_values(path: Path, shop: Shop) -> dict[tuple[str, str], list[Any]]:
    """Some values of every column."""
    found: dict[tuple[str, str], list[Any]] = {}
    with contextlib.closing(_raw_sqlite(path)) as connection:
        for view in shop.views:
            for column in view.columns:
                rows = connection.execute(
                    f"SELECT DISTINCT {_quoted(column.name)} FROM {_quoted(view.name)} LIMIT 30"
                ).fetchall()
                found[view.name, column.name] = [row[0] for row in rows]
    return found


def plant(path: Path, setting: Setting) -> None:
    """Put canaries into the whole database, wherever the role may not look."""
    with contextlib.closing(_raw_sqlite(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for view in setting.shop.views:
            rule = setting.rules.get(view.name)
            types = {c.name: c.type for c in view.columns}
            for number, column in enumerate(types):
                is_open = column in setting.shown.get(view.name, ())
                if rule is not None and column == rule.column:
                    continue  # it decides which rows are hidden
                value: object = CANARY_NUMBER + number
                if types[column] not in ("integer", "number"):
                    value = f"{CANARY}-{view.name}-{column}"
                where, values = "1 = 1", ()
                if is_open:
                    if rule is None:
                        continue
                    text, bound = rule.for_copy()
                    where, values = f"({text}) IS NOT TRUE", bound  # type: ignore[assignment]
                with contextlib.suppress(sqlite3.IntegrityError):
                    connection.execute(
                        f"UPDATE OR IGNORE {_quoted(view.name)} SET {_quoted(column)} = ? WHERE {where}",
                        (value, *values),
                    )
        connection.commit()


def copy_sqlite(whole: Path, copy: Path, setting: Setting, *, backwards: bool = False) -> None:
    """Write a database that holds only what the role may see; ``backwards`` lays its rows the other way."""
    with contextlib.closing(_raw_sqlite(copy)) as connection:
        connection.execute("ATTACH ? AS whole", (str(whole),))
        for view, columns in setting.shown.items():
            info = {row[1]: row[2] for row in connection.execute(f"PRAGMA whole.table_info({_quoted(view)})")}
            declared = ", ".join(f"{_quoted(c)} {_declared(info.get(c, ''))}" for c in columns)
            connection.execute(f"CREATE TABLE main.{_quoted(view)} ({declared})")
            listed = ", ".join(_quoted(c) for c in columns)
            rule = setting.rules.get(view)
            where, values = rule.for_copy() if rule is not None else ("1 = 1", ())
            order = "ORDER BY rowid DESC" if backwards else ""
            connection.execute(
                f"INSERT INTO main.{_quoted(view)} SELECT {listed} FROM whole.{_quoted(view)} "
                f"WHERE {where} {order}",
                values,
            )
        connection.commit()


def ask_sqlite(path: Path, sql: str) -> Rows:
    """The database's own answer; raises ``sqlite3.Error``."""
    with contextlib.closing(_raw_sqlite(path)) as connection:
        return connection.execute(sql).fetchall()


def _raw_sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    return connection


def _declared(kind: str) -> str:
    return kind if kind.replace("(", "").replace(")", "").replace(",", "").replace(" ", "").isalnum() else ""


def spider_probes(setting: Setting, rng: random.Random) -> Iterator[str]:
    """Statements after what is hidden: masked columns in every place, conditions that fail on some rows."""
    for view, column in sorted(setting.role.masked):
        table, name = _quoted(view), _quoted(column)
        yield f"SELECT t.{name} FROM {table} AS t"
        yield f"SELECT COUNT(DISTINCT t.{name}) FROM {table} AS t"
        yield f"SELECT COUNT(*) FROM {table} AS t WHERE t.{name} LIKE 'C%'"
        yield f"SELECT COUNT(*) FROM {table} AS t ORDER BY t.{name.upper()}"
        yield f"SELECT COUNT(*) FROM {table} AS t GROUP BY t.{name}"
        yield f"SELECT MAX(x) FROM (SELECT t.{name} AS x FROM {table} AS t)"
        yield f"WITH s AS (SELECT * FROM {table}) SELECT MAX(s.{name}) FROM s"
        yield f"SELECT COUNT(*) FROM {table} AS a JOIN {table} AS b ON a.{name} = b.{name}"
        yield f"SELECT RANK() OVER (ORDER BY t.{name}) FROM {table} AS t"
    for view, columns in setting.shown.items():
        table, name = _quoted(view), _quoted(rng.choice(columns))
        yield f"SELECT * FROM {table}"
        yield f"SELECT COUNT(*), MAX({name}), MIN({name}) FROM {table}"
        yield f"SELECT COUNT(*) FROM {table} WHERE {name} LIKE '{CANARY}%' OR {name} >= {CANARY_NUMBER}"
        yield (
            f"SELECT COUNT(*) FROM {table} WHERE ABS(CASE WHEN {name} >= {CANARY_NUMBER} "
            f"THEN -9223372036854775807 - 1 ELSE 1 END) > 0"
        )


def run_spider(data: Path, *, databases: int, statements: int, seed: int, count: Count) -> None:
    """Ask gold statements and probes of ``spider_train`` until ``statements`` more answer the same."""
    folder = data / "spider_train"
    gold: dict[str, dict[str, None]] = {}
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        gold.setdefault(case["database"], {})[case["sql"]] = None
    paths = {n: folder / "database" / n / f"{n}.sqlite" for n in gold}
    small = sorted(n for n in gold if paths[n].stat().st_size < 400_000 and len(gold[n]) >= 20)
    rng = random.Random(seed)
    chosen = rng.sample(small, k=min(databases, len(small)))
    goal = count.equal + statements
    for _ in range(MAX_ROLES):
        for name in chosen:
            if count.equal >= goal:
                return
            with tempfile.TemporaryDirectory() as place:
                _ask_setting(Path(place), paths[name], name, list(gold[name]), rng, count)


def _ask_setting(
    place: Path, path: Path, name: str, texts: list[str], rng: random.Random, count: Count
) -> None:
    whole = place / "whole.sqlite"
    shutil.copy(path, whole)
    database = open_database(str(whole))
    shop = shop_from_catalog(database.catalog(), name=name, database=str(whole))
    database.close()
    setting = draw_setting(f"{name} (spider_train)", shop, sqlite_values(whole, shop), rng)
    plant(whole, setting)
    copies = place / "copy.sqlite", place / "backwards.sqlite"
    copy_sqlite(whole, copies[0], setting)
    copy_sqlite(whole, copies[1], setting, backwards=True)
    database = open_database(str(whole))
    guard = Guard(shop, database.catalog(), setting.role, setting.user)
    asked = [*texts, *spider_probes(setting, rng)]
    for sql in asked:
        compare(
            setting,
            guard,
            database,
            sql,
            lambda text: ask_sqlite(copies[0], text),
            lambda text: ask_sqlite(copies[1], text),
            canaries=frozenset(),
            count=count,
        )
    database.close()


# ---- DuckDB: the demonstration shop ---------------------------------------------------------------------


def run_demo(folder: Path, *, statements: int, roles: int, seed: int, count: Count) -> None:
    """Ask statements made by chance over the demonstration shop's views, under ``roles`` roles."""
    shop = load_shop(folder / "shop.yml")
    shop = dataclasses.replace(shop, views=tuple(v for v in shop.views if v.sql is not None))
    database = open_database(str(folder / "shop.duckdb"), limits=QueryLimits(max_memory_mb=2_048))
    rng = random.Random(seed)
    values = {}
    with duckdb.connect(":memory:") as raw:
        raw.execute(f"ATTACH {_literal(str(folder / 'shop.duckdb'))} AS whole (READ_ONLY)")
        raw.execute("USE whole")
        for view in shop.views:
            for column in view.columns:
                rows = raw.execute(
                    f"SELECT DISTINCT {_quoted(column.name)} FROM ({view.sql}) AS v ORDER BY 1 LIMIT 40"
                ).fetchall()
                values[view.name, column.name] = [r[0] for r in rows]
        raw.execute("USE memory")
    for number in range(roles):
        setting = draw_setting(f"the demonstration shop, role {number}", shop, values, rng)
        guard = Guard(shop, database.catalog(), setting.role, setting.user)
        with tempfile.TemporaryDirectory() as place:
            copies = [Path(place) / "copy.duckdb", Path(place) / "backwards.duckdb"]
            canaries = copy_duckdb(folder / "shop.duckdb", copies, setting)
            with (
                duckdb.connect(str(copies[0]), read_only=True) as one,
                duckdb.connect(str(copies[1]), read_only=True) as other,
            ):
                for sql in demo_statements(setting, values, rng, statements // roles):
                    compare(
                        setting,
                        guard,
                        database,
                        sql,
                        lambda text, c=one: c.execute(text).fetchall(),  # type: ignore[misc]
                        lambda text, c=other: c.execute(text).fetchall(),  # type: ignore[misc]
                        canaries=canaries,
                        count=count,
                    )
    database.close()


def copy_duckdb(whole: Path, copies: Sequence[Path], setting: Setting) -> frozenset[str]:
    """Write what the role may see, forwards and backwards; return texts that are in masked columns alone."""
    shown: set[str] = set()
    masked: set[str] = set()
    for copy, order in zip(copies, ("", "ORDER BY row_number DESC"), strict=True):
        with duckdb.connect(str(copy)) as raw:
            raw.execute(f"ATTACH {_literal(str(whole))} AS whole (READ_ONLY)")
            for view in setting.shop.views:
                columns = setting.shown.get(view.name)
                if columns is None:
                    continue
                raw.execute("USE whole")
                rule = setting.rules.get(view.name)
                where, bound = rule.for_copy() if rule is not None else ("1 = 1", ())
                listed = ", ".join(_quoted(c) for c in columns)
                body = f"SELECT *, ROW_NUMBER() OVER () AS row_number FROM ({view.sql}) AS v"
                name = copy.stem
                raw.execute(
                    f"CREATE TABLE {name}.main.{_quoted(view.name)} AS SELECT {listed} FROM ({body}) AS w "
                    f"WHERE {where} {order}",
                    list(bound),
                )
                raw.execute(f"USE {name}")
                if not order:
                    for column in columns:
                        rows = raw.execute(f"SELECT DISTINCT {_quoted(column)} FROM {_quoted(view.name)}")
                        shown |= {v for (v,) in rows.fetchall() if isinstance(v, str)}
                    raw.execute("USE whole")
                    for view_name, column in setting.role.masked:
                        if view_name == view.name:
                            rows = raw.execute(f"SELECT DISTINCT {_quoted(column)} FROM ({view.sql}) AS v")
                            masked |= {v for (v,) in rows.fetchall() if isinstance(v, str)}
                    raw.execute(f"USE {name}")
    return frozenset(text for text in masked - shown if len(text) > 5)


def demo_statements(
    setting: Setting, values: dict[tuple[str, str], list[Any]], rng: random.Random, wanted: int
) -> Iterator[str]:
    """Honest statements of every form over the shop's views; some name what is masked or closed."""
    views = [v for v in setting.shop.views if v.name in setting.shown or rng.random() < 0.1]
    for _ in range(wanted):
        view = rng.choice(views)
        hidden_too = rng.random() < 0.08
        shown = setting.shown.get(view.name, ())
        columns = [c for c in view.columns if hidden_too or c.name in shown]
        pick = {
            kind: [c.name for c in columns if c.type in kinds]
            for kind, kinds in (
                ("text", ("text",)),
                ("number", ("integer", "number")),
                ("time", ("date", "timestamp")),
                ("any", ("text", "integer", "number", "date", "timestamp", "boolean")),
            )
        }
        others = [v for v in views if v is not view and {c.name for c in v.columns} & set(pick["any"])]
        statement = _draw_statement(view.name, pick, others, setting, values, rng)
        if statement is not None:
            yield statement


def _draw_statement(
    view: str,
    pick: dict[str, list[str]],
    others: Sequence[Any],
    setting: Setting,
    values: dict[tuple[str, str], list[Any]],
    rng: random.Random,
) -> str | None:
    if not pick["any"]:
        return None
    a, b = rng.choice(pick["any"]), rng.choice(pick["any"])
    n = rng.choice(pick["number"]) if pick["number"] else None
    t = rng.choice(pick["text"]) if pick["text"] else a
    sums = [f"SUM({_quoted(n)})"] * 2 if n else []
    figure = rng.choice(["COUNT(*)", f"COUNT(DISTINCT {_quoted(b)})", *sums])
    where = rng.choice(["", f" WHERE {_condition(view, a, values, rng)}"])
    a, b, t = _quoted(a), _quoted(b), _quoted(t)
    forms = [
        f"SELECT {a}, {figure} AS f FROM {view}{where} GROUP BY {a} ORDER BY f DESC, {a} LIMIT 7",
        f"SELECT {a}, {b}, {figure} AS f FROM {view}{where} GROUP BY ALL HAVING COUNT(*) > 1",
        f"SELECT COUNT(*), COUNT(DISTINCT {a}), MIN({b}), MAX({b}) FROM {view}{where}",
        f"SELECT DISTINCT {a}, {b} FROM {view}{where}",
        f"WITH x AS (SELECT {a} AS k, {figure} AS f FROM {view}{where} GROUP BY 1) "
        "SELECT COUNT(*), MAX(f) FROM x",
        f"SELECT {a}, RANK() OVER (PARTITION BY {t} ORDER BY {b}) AS place FROM {view}{where}",
        f"SELECT {a}, {b} FROM {view}{where} QUALIFY RANK() OVER (PARTITION BY {t} ORDER BY {b} DESC) = 1",
        f"SELECT {a} FROM {view} EXCEPT SELECT {a} FROM {view}{where}",
        f"SELECT {t} FROM {view} INTERSECT SELECT {t} FROM {view}{where}",
        f"SELECT COUNT(*) FROM {view} WHERE {a} IN (SELECT {a} FROM {view}{where})",
        f"SELECT COUNT(*) FROM {view} AS p WHERE EXISTS (SELECT 1 FROM {view} AS q WHERE q.{a} = p.{a} "
        f"AND q.{b} IS NOT NULL)",
        f"SELECT {t}, {figure} AS f FROM {view}{where} GROUP BY ROLLUP ({t})",
        f"SELECT * FROM {view}{where} ORDER BY ALL LIMIT 50",
        f"SELECT COUNT(*) FROM {view} WHERE CAST({t} AS INTEGER) > 0",
        f"SELECT COUNT(*) FROM {view} WHERE TRY_CAST({t} AS INTEGER) > 0 OR {t} LIKE '%a%'",
        f"SELECT s.m, COUNT(v.{a}) FROM range(1, 13) AS s(m) LEFT JOIN {view} AS v "
        f"ON LENGTH(CAST(v.{a} AS TEXT)) = s.m GROUP BY s.m",
        "WITH RECURSIVE r AS (SELECT 1 AS k UNION ALL SELECT k + 1 FROM r WHERE k < 5) "
        f"SELECT r.k, (SELECT COUNT(*) FROM {view}) FROM r",
    ]
    if n:
        forms.append(f"SELECT MEDIAN({_quoted(n)}), STDDEV({_quoted(n)}) FROM {view}{where}")
    if pick["time"]:
        time = _quoted(rng.choice(pick["time"]))
        forms += [
            f"SELECT DATE_TRUNC('month', {time}), {figure} AS f FROM {view}{where} GROUP BY 1 ORDER BY 1",
            f"SELECT YEAR({time}) AS y, {t}, {figure} AS f FROM {view} GROUP BY y, {t}",
        ]
    if others:
        other = rng.choice(others)
        keys = sorted({c.name for c in other.columns} & {c for c in pick["any"] if c.endswith("_id")})
        for key in map(_quoted, keys[:1]):
            theirs = _quoted(rng.choice([c.name for c in other.columns]))
            forms += [
                f"SELECT COUNT(*), COUNT(DISTINCT o.{theirs}) FROM {view} AS v "
                f"JOIN {other.name} AS o USING ({key})",
                f"SELECT COUNT(*) FROM {view} AS v LEFT JOIN {other.name} AS o ON v.{key} = o.{key} "
                f"WHERE o.{theirs} IS NULL",
                f"SELECT COUNT(l.c), SUM(l.c) FROM {view} AS v, LATERAL (SELECT COUNT(*) AS c "
                f"FROM {other.name} AS o WHERE o.{key} = v.{key}) AS l",
                f"SELECT COUNT(*) FROM {view} WHERE {key} NOT IN (SELECT o.{key} FROM {other.name} AS o "
                f"WHERE o.{key} IS NOT NULL)",
            ]
    return rng.choice(forms)


def _condition(view: str, column: str, values: dict[tuple[str, str], list[Any]], rng: random.Random) -> str:
    found = [v for v in values.get((view, column), []) if isinstance(v, (str, int, float)) and v != ""]
    name = _quoted(column)
    if not found or isinstance(found[0], bool):
        return f"{name} IS NOT NULL"
    value = _literal(rng.choice(found))
    return rng.choice([f"{name} = {value}", f"{name} > {value}", f"{name} <> {value}", f"{name} IS NULL"])


# ---- the comparison -------------------------------------------------------------------------------------


class _Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@contextlib.contextmanager
def _listening() -> Iterator[_Heard]:
    heard = _Heard()
    root = logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(heard)
        root.setLevel(level)


def compare(
    setting: Setting,
    guard: Guard,
    database: Database,
    sql: str,
    on_copy: Any,
    on_backwards: Any,
    *,
    canaries: frozenset[str],
    count: Count,
) -> None:
    """Ask one statement here under the role, there without, and count what came of it.

    Args:
        on_copy, on_backwards: take the statement's text, return rows, raise the database's own error.
        canaries: texts that may not be shown, beside those that begin with ``CANARY``.
    """
    count.outcomes["statements"] += 1
    rows: Rows | None = None
    error: SqlError | None = None
    with _listening() as heard:
        try:
            rows = list(run(guard.check(sql), database, LIMITS).rows)
        except SqlError as caught:
            error = caught
    said = "\n".join([*heard.texts, str(getattr(error, "reason", error or ""))])
    leak = _leak(rows or [], said, sql, canaries)
    if leak is not None:
        count.fail("A hidden value was told", setting, sql, leak)
        return
    try:
        expected: Rows | None = on_copy(sql)
    except (sqlite3.Error, duckdb.Error) as caught:
        expected, told = None, caught
    if expected is None:
        if rows is not None:
            count.fail("The role was answered what the copy cannot answer", setting, sql, told)
        else:
            is_hidden = isinstance(error, (NotAllowed, UnknownName))
            count.outcomes["refused here, unknown there" if is_hidden else "fails in both"] += 1
        return
    if rows is None:
        if isinstance(error, UnsafeQuery) and '"' in sql:
            # SQLite takes a name in double quotes that is no column for a text: the copy answers nonsense.
            count.outcomes["refused here, read as a text there"] += 1
        elif isinstance(error, UnsafeQuery) and "may differ in it" in error.reason:
            # A column that is neither grouped nor aggregated: SQLite gives any row's value.
            count.outcomes["refused here, any row's value there"] += 1
        elif isinstance(error, QueryFailed) and _fails_by_chance(sql, on_backwards):
            count.outcomes["depends on how the rows lie"] += 1
        else:
            count.fail("The copy answers what the role was refused", setting, sql, error)
        return
    _compare_rows(setting, sql, rows, expected, on_backwards, count)


def _compare_rows(
    setting: Setting, sql: str, rows: Rows, expected: Rows, on_backwards: Any, count: Count
) -> None:
    if _plain(rows) == _plain(expected):
        count.outcomes["equal, in order"] += 1
        return
    backwards = on_backwards(sql)
    is_ordered = _orders_its_rows(sql) and _plain(backwards) == _plain(expected)
    if _bag(rows) == _bag(expected) and not is_ordered:
        count.outcomes["equal, no order asked"] += 1
    elif _bag(backwards) != _bag(expected):
        count.outcomes["depends on how the rows lie"] += 1
    else:
        count.fail("Other rows", setting, sql, f"{rows[:5]} instead of {expected[:5]}")


def _orders_its_rows(sql: str) -> bool:
    """Whether ORDER BY stands outside all parentheses; one in OVER (…) orders nothing that is shown."""
    depth = 0
    outside = []
    for character in sql.upper():
        depth += (character == "(") - (character == ")")
        outside.append(character if depth == 0 else " ")
    return "ORDER BY" in "".join(outside)


def _fails_by_chance(sql: str, on_backwards: Any) -> bool:
    try:
        on_backwards(sql)
    except (sqlite3.Error, duckdb.Error):
        return True
    return False


def _leak(rows: Rows, said: str, sql: str, canaries: frozenset[str]) -> str | None:
    """The hidden value that rows, errors or log hold; what the statement itself says is no news."""
    for row in rows:
        for cell in row:
            text = str(cell)
            if cell in canaries or CANARY in text or str(CANARY_NUMBER)[:6] in text:
                return f"cell {text!r}"
    for text in (CANARY, str(CANARY_NUMBER)[:6]):
        if text in said.replace(sql, "") and text not in sql:
            return said
    return next((f"{c!r} in {said}" for c in canaries if said and c in said and c not in sql), None)


def _plain(rows: Rows) -> Rows:
    return [tuple(_cell(cell) for cell in row) for row in rows]


def _bag(rows: Rows) -> collections.Counter[str]:
    return collections.Counter(map(repr, _plain(rows)))


def _cell(value: object) -> object:
    """Numbers to nine digits: sums of floats depend on the order of their rows. Days and times as text, which
    is what the copy, read without ``sql.databases``, has of SQLite's."""
    if isinstance(value, dt.date):
        return str(value)
    if isinstance(value, (float, decimal.Decimal)):
        return float(f"{float(value):.9g}")
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--statements",
        type=int,
        default=3_000,
        help="that both databases answer; half as many are made for the demonstration shop (default 3000)",
    )
    parser.add_argument("--databases", type=int, default=12, help="of spider_train (default 12)")
    parser.add_argument("--roles", type=int, default=8, help="over the demonstration shop (default 8)")
    parser.add_argument("--demo", type=Path, help="folder of a built demonstration shop; else one is built")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args(arguments)
    if "SHOPTALK_DATA" not in os.environ:
        print("SHOPTALK_DATA does not name a folder of public data; nothing was measured", file=sys.stderr)
        return 2
    count = Count()
    data = Path(os.environ["SHOPTALK_DATA"])
    with tempfile.TemporaryDirectory() as place:
        demo = options.demo
        if demo is None:
            from demo.build import build_demo

            demo = build_demo(Path(place) / "demo", progress=False)
        run_demo(
            demo, statements=options.statements // 2, roles=options.roles, seed=options.seed, count=count
        )
    run_spider(
        data,
        databases=options.databases,
        statements=max(1, options.statements - count.equal),
        seed=options.seed,
        count=count,
    )
    return report(count)


def report(count: Count) -> int:
    """Print failures and counts; 1 when there is a failure, or nothing was compared."""
    for failure in count.failures[:50]:
        print(failure)
    for outcome, number in sorted(count.outcomes.items()):
        print(f"{outcome}: {number:,}")
    print(f"failures: {len(count.failures):,} (aim: 0)")
    print(f"answered the same: {count.equal:,}")
    return 0 if not count.failures and count.equal else 1


if __name__ == "__main__":
    sys.exit(main())
