"""Columns that are neither grouped nor aggregated: refused in every dialect; the honest is let through."""

from __future__ import annotations

import random
import sqlite3

import duckdb
import psycopg
import pytest

from bench.servers import Server
from sql.errors import Ungrouped, UnsafeQuery
from sql.lock.functions import BY_DIALECT, function_names
from sql.lock.grouping import is_aggregate
from sql.lock.guard import Guard
from sql.semantics import Role, Shop, View, ViewColumn
from sql.types import Catalog, CatalogColumn, CatalogTable, ColumnType, Dialect

DIALECTS: tuple[Dialect, ...] = ("duckdb", "sqlite", "postgres", "mysql")
TABLES: dict[str, dict[str, ColumnType]] = {
    "t": {"k": "integer", "name": "text", "day": "date", "x": "integer"},
    "u": {"k": "integer", "tk": "integer", "y": "integer"},
}
ROWS = (
    "INSERT INTO t VALUES (1, 'a', '2026-01-01', 5), (2, 'b', '2026-01-02', 7), (3, 'b', '2026-01-02', 1)",
    "INSERT INTO u VALUES (1, 1, 50), (2, 2, 70), (3, 2, 10)",
)


def guard_of(dialect: Dialect) -> Guard:
    catalog = Catalog(
        dialect=dialect,
        tables=tuple(
            CatalogTable(
                name=name,
                primary_key=("k",),
                columns=tuple(CatalogColumn(name=c, type=k, database_type=k) for c, k in columns.items()),
            )
            for name, columns in TABLES.items()
        ),
    )
    views = tuple(
        View(name=name, columns=tuple(ViewColumn(name=c, type=k) for c, k in columns.items()))
        for name, columns in TABLES.items()
    )
    return Guard(Shop(name="x", database="x", views=views), catalog, Role(name="owner"))


@pytest.fixture(scope="module")
def guards() -> dict[Dialect, Guard]:
    return {dialect: guard_of(dialect) for dialect in DIALECTS}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT name, SUM(x) FROM t", "add GROUP BY name, or write MAX(name)"),
        ("SELECT name, day, SUM(x) FROM t GROUP BY day", "add name to GROUP BY, or write MAX(name)"),
        ("SELECT name, MAX(x) FROM t", "name stands beside an aggregate"),
        ("SELECT t.name, u.y, COUNT(*) FROM t JOIN u ON u.tk = t.k GROUP BY t.name", "add u.y to GROUP BY"),
        # a name follows from a key: not taken for granted
        ("SELECT k, name, COUNT(*) FROM t GROUP BY k", "add name to GROUP BY"),
        ("SELECT u.tk, COUNT(*) FROM t JOIN u ON u.tk = t.k GROUP BY t.k", "u.tk is neither"),
        ("SELECT day, COUNT(*) FROM t GROUP BY day ORDER BY x", "x is neither"),
        ("SELECT day, SUM(x) AS x FROM t GROUP BY day ORDER BY -x", "x is neither"),
        ("SELECT day, COUNT(*) FROM t GROUP BY day HAVING x > 1", "x is neither"),
        ("SELECT COUNT(*) FROM t ORDER BY day", "day stands beside an aggregate"),
        ("SELECT name FROM t ORDER BY COUNT(*)", "name stands beside an aggregate"),
        ("SELECT x + 1 AS more, COUNT(*) FROM t GROUP BY x + 2", "x is neither"),
        ("SELECT LENGTH(name), COUNT(*) FROM t GROUP BY UPPER(name)", "name is neither"),
        ("SELECT CASE WHEN day IS NULL THEN x END AS z, COUNT(*) FROM t GROUP BY day", "x is neither"),
        ("SELECT day, RANK() OVER (ORDER BY x) AS r FROM t GROUP BY day", "x is neither"),
        ("SELECT day, SUM(x) OVER (PARTITION BY day) AS r FROM t GROUP BY day", "x is neither"),
        ("SELECT day, COUNT(*) OVER w AS n FROM t GROUP BY day WINDOW w AS (ORDER BY x)", "x is neither"),
        ("SELECT day, (SELECT SUM(y) FROM u WHERE u.tk = t.k) AS s FROM t GROUP BY day", "t.k is neither"),
        ("SELECT s.day FROM (SELECT day, name, COUNT(*) AS n FROM t GROUP BY day) AS s", "name is neither"),
        ("SELECT x FROM t WHERE x > (SELECT AVG(x) + k FROM t)", "k stands beside an aggregate"),
        ("WITH s AS (SELECT day, x, COUNT(*) AS n FROM t GROUP BY day) SELECT n FROM s", "x is neither"),
        ("SELECT day FROM t UNION ALL SELECT MAX(day) || name FROM t", "name stands beside"),
        ("SELECT * FROM t GROUP BY k", "name is neither"),
        ("SELECT name, COUNT(*) FROM t JOIN u USING (k) GROUP BY k", "t.name is neither"),
        ("SELECT DISTINCT name FROM t ORDER BY x", "select x too, or write GROUP BY"),
        ("SELECT DISTINCT name FROM t GROUP BY name, day ORDER BY SUM(x)", "leave DISTINCT out"),
        ("SELECT k, (SELECT COUNT(t.k) FROM u WHERE u.tk = t.k) AS n FROM t", "of the query around it alone"),
    ],
)  # fmt: skip
def test_a_column_without_one_value_is_refused_with_a_way_out(text, words, dialect, guards):
    with pytest.raises(Ungrouped) as caught:
        guards[dialect].check(text)
    assert words in caught.value.reason


HONEST = (
    "SELECT name, SUM(x) AS s FROM t GROUP BY name",
    "SELECT name, day, SUM(x) AS s FROM t GROUP BY 1, 2 HAVING SUM(x) > 1 ORDER BY s DESC, name, COUNT(*)",
    "SELECT UPPER(name) AS big, COUNT(*) AS n FROM t GROUP BY big ORDER BY big",
    "SELECT UPPER(name) AS name, COUNT(*) AS n FROM t GROUP BY name ORDER BY name",
    "SELECT LENGTH(UPPER(name)) AS z, COUNT(*) AS n FROM t GROUP BY UPPER(name)",
    "SELECT x + k AS z, (x + k) * 2 AS zz, COUNT(*) AS n FROM t GROUP BY (x + k)",
    "SELECT name, x FROM t GROUP BY name, x HAVING name > 'a' AND MAX(k) > 1",
    "SELECT CASE WHEN x > 3 THEN 'much' ELSE 'little' END AS size, COUNT(*) AS n FROM t GROUP BY size",
    "SELECT SUM(x) AS s, COUNT(*) AS n, SUM(x) / COUNT(*) AS a, 1 AS one FROM t HAVING COUNT(*) > 1",
    "SELECT name, SUM(x) AS s, RANK() OVER (ORDER BY SUM(x) DESC) AS r FROM t GROUP BY name",
    "SELECT name, SUM(SUM(x)) OVER (PARTITION BY name ORDER BY name) AS r FROM t GROUP BY name",
    "SELECT name, x, SUM(x) OVER (PARTITION BY name) AS r FROM t ORDER BY k",
    "SELECT name, SUM(x) * 1.0 / (SELECT SUM(x) FROM t) AS share FROM t GROUP BY name",
    "SELECT t.k, (SELECT SUM(u.y) FROM u WHERE u.tk = t.k) AS s FROM t GROUP BY t.k",
    "SELECT k, (SELECT SUM(u.y * t.x) FROM u WHERE u.tk = t.k) AS s FROM t",
    "SELECT k FROM t WHERE x > (SELECT AVG(i.x) FROM t AS i WHERE i.name = t.name) ORDER BY name",
    "SELECT k, COUNT(*) AS n FROM t JOIN u USING (k) GROUP BY k HAVING k > 1 ORDER BY k",
    "SELECT k, COUNT(*) AS n FROM t LEFT JOIN u USING (k) GROUP BY t.k",
    "SELECT t.k, COUNT(*) AS n FROM t JOIN u USING (k) GROUP BY k ORDER BY t.k",
    "SELECT k, COUNT(*) AS n FROM t NATURAL JOIN u GROUP BY k ORDER BY k",
    "SELECT DISTINCT name, day FROM t ORDER BY day, name DESC",
    "SELECT DISTINCT name, x FROM t WHERE x > 1 ORDER BY 2",
    "SELECT COUNT(DISTINCT name) AS n, MAX(UPPER(name)) AS m FROM t",
    "SELECT name, COUNT(*) AS n FROM t GROUP BY name UNION ALL SELECT 'all', COUNT(*) FROM t ORDER BY n",
    "SELECT name, AVG(CASE WHEN x > 2 THEN 1.0 ELSE 0.0 END) AS share FROM t GROUP BY name",
    "SELECT MAX(x) AS x FROM t WHERE x < 6",
    "SELECT s.name FROM (SELECT name, COUNT(*) AS n FROM t GROUP BY name) AS s WHERE s.n > 1 ORDER BY s.n",
    "WITH a AS (SELECT k FROM t), b AS (SELECT tk AS k FROM u) "
    "SELECT a.k FROM a LEFT JOIN b ON a.k = b.k ORDER BY 1",
)
ONLY: dict[Dialect, tuple[str, ...]] = {
    "duckdb": (
        "SELECT DISTINCT name, day FROM t ORDER BY day, UPPER(name)",
        "SELECT DISTINCT name FROM t GROUP BY name ORDER BY SUM(x)",
        "SELECT name, SUM(x) AS s FROM t GROUP BY ALL ORDER BY ALL",
        "SELECT name, SUM(x) AS x FROM t GROUP BY name HAVING x > 6",
        "SELECT SUM(x) AS s, s / 2 AS half FROM t",
        "SELECT name, SUM(x) AS s FROM t GROUP BY name QUALIFY RANK() OVER (ORDER BY s) = 1",
        "SELECT name, day, GROUPING(name) AS g, COUNT(*) AS n FROM t GROUP BY CUBE (name, day)",
        "SELECT DISTINCT ON (name) name, x FROM t ORDER BY name, x DESC",
        "SELECT name, COUNT(*) FILTER (WHERE x > 2) AS n, MEDIAN(x) AS m FROM t GROUP BY name",
        "SELECT name, day, COUNT(*) AS n FROM t GROUP BY GROUPING SETS ((name, day), (name), ())",
        "SELECT a.k FROM t AS a LEFT JOIN u AS b ON a.k = b.k ORDER BY k",
    ),
    "postgres": (
        "SELECT name, day, GROUPING(name) AS g, COUNT(*) AS n FROM t GROUP BY ROLLUP (name, day)",
        "SELECT DISTINCT ON (name) name, x FROM t ORDER BY name, x DESC",
        "SELECT name, COUNT(*) FILTER (WHERE x > 2) AS n FROM t GROUP BY name",
        "SELECT name, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) AS m FROM t GROUP BY name",
        "SELECT a.k FROM t AS a LEFT JOIN u AS b ON a.k = b.k ORDER BY k",
    ),
    "sqlite": (
        "SELECT DISTINCT name, day FROM t ORDER BY day, UPPER(name)",
        "SELECT DISTINCT name FROM t GROUP BY name ORDER BY SUM(x)",
        "SELECT STRFTIME('%Y-%m', day) AS month, TOTAL(x) AS s FROM t GROUP BY month HAVING s > 1",
        "SELECT name, MAX(x, k) AS larger FROM t",
        "SELECT x * 2 AS twice, COUNT(*) AS n FROM t GROUP BY twice HAVING twice > 0 ORDER BY twice + 1",
    ),
    "mysql": (
        "SELECT DISTINCT name, day FROM t ORDER BY day, UPPER(name)",
        "SELECT DISTINCT name FROM t GROUP BY name ORDER BY SUM(x)",
        "SELECT name, SUM(x) AS x FROM t GROUP BY name HAVING x > 6",
        "SELECT x * 2 AS twice FROM t HAVING twice > 3",
        "SELECT name, GROUP_CONCAT(DISTINCT day ORDER BY day) AS days FROM t GROUP BY name WITH ROLLUP",
        "SELECT a.k FROM t AS a LEFT JOIN u AS b ON a.k = b.k ORDER BY k",
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_has_one_value_for_each_group_is_let_through(dialect, guards):
    for text in (*HONEST, *ONLY[dialect]):
        query = guards[dialect].check(text)
        assert guards[dialect].check(query.sql) == query


def memory(dialect: Dialect) -> duckdb.DuckDBPyConnection | sqlite3.Connection:
    connection = duckdb.connect() if dialect == "duckdb" else sqlite3.connect(":memory:")
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {k}' for c, k in columns.items())})")
    for rows in ROWS:
        connection.execute(rows)
    return connection


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_what_is_let_through_runs(dialect, guards):
    connection = memory(dialect)
    for text in (*HONEST, *ONLY[dialect]):
        connection.execute(guards[dialect].check(text).sql).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_what_is_let_through_runs_on_a_server(dialect, guards, postgres_server, mysql_server):
    server = (postgres_server if dialect == "postgres" else mysql_server).create_database("grouping")
    build_on(server)
    for text in (*HONEST, *ONLY[dialect]):
        server.query(guards[dialect].check(text).sql)


def build_on(server: Server) -> None:
    for name, columns in TABLES.items():
        server.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {k}' for c, k in columns.items())})")
    for rows in ROWS:
        server.execute(rows)


# ---- against the databases that have the rule themselves ------------------------------------------------

_VALUES = ("name", "x", "day", "k", "UPPER(name)", "x + k", "x * 2", "(x + k)", "t.x", "LENGTH(name)", "1")
_FIGURES = ("SUM(x)", "COUNT(*)", "MAX(name)", "AVG(x + k)", "COUNT(DISTINCT day)", "MIN(LENGTH(name))")


def drawn(rng: random.Random) -> str:
    """A statement with or without groups, honest or not."""
    keys = rng.sample(_VALUES[:-1], rng.randint(0, 3))
    outputs = [
        rng.choice(
            (*_VALUES, *keys, *keys, *_FIGURES, *_FIGURES, f"{rng.choice(_FIGURES)} + x", "SUM(x) + k")
        )
        for _ in range(rng.randint(1, 3))
    ]
    names = [rng.choice(("a", "b", "c", "x", "")) for _ in outputs]
    pairs = zip(outputs, names, strict=True)
    shown = ", ".join(f"{o} AS {n}" if n and names.count(n) == 1 else o for o, n in pairs)
    grouped = [str(outputs.index(k) + 1) if k in outputs and rng.random() < 0.4 else k for k in keys]
    text = f"SELECT {shown} FROM t"
    text += f" GROUP BY {', '.join(grouped)}" if grouped else ""
    if rng.random() < 0.3:
        text += f" HAVING {rng.choice((*_FIGURES, *keys, 'x', 'k'))} IS NOT NULL"
    if rng.random() < 0.4:
        text += f" ORDER BY {rng.choice((*_FIGURES, *keys, 'x', 'a', 'k + 1', '1'))}"
    return text


_OF_GROUPS = "must appear in the GROUP BY"
"""What DuckDB and PostgreSQL say of such a column."""


def disagreements(run, guard: Guard, error: type[Exception], count: int) -> list[str]:
    """Statements over which the guard and a database that refuses such columns itself are of two minds."""
    rng = random.Random(23)
    wrong, both = [], 0
    for _ in range(count):
        text = drawn(rng)
        try:
            guard.check(text)
            ours = ""
        except Ungrouped as refusal:
            ours = refusal.reason
        except UnsafeQuery:
            continue  # a name that is not there
        try:
            run(text)
            theirs = ""
        except error as failure:
            theirs = str(failure)
            if _OF_GROUPS not in theirs:
                continue
        both += bool(ours) and bool(theirs)
        if bool(ours) != bool(theirs):
            wrong.append(f"{text}\n  guard: {ours or 'allow'}\n  database: {theirs or 'allow'}")
    assert both > count / 10
    return wrong


def test_the_guard_and_duckdb_are_of_one_mind(guards):
    connection = memory("duckdb")
    wrong = disagreements(connection.execute, guards["duckdb"], duckdb.Error, 1_500)
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.slow
def test_the_guard_and_postgres_are_of_one_mind(guards, postgres_server):
    server = postgres_server.create_database("one_mind")
    build_on(server)
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        wrong = disagreements(connection.execute, guards["postgres"], psycopg.Error, 1_500)
    assert not wrong, "\n".join(wrong[:10])


RANKINGS = "RANK DENSE_RANK PERCENT_RANK CUME_DIST FIRST_VALUE LAST_VALUE NTH_VALUE LAG LEAD NTILE ROW_NUMBER"


@pytest.mark.slow
def test_every_aggregate_of_the_databases_is_known_as_one(postgres_server):
    """A function that puts rows together and is not known to would let single values through beside it."""
    import sqlglot
    from sqlglot import exp

    told = {
        "duckdb": [r[0] for r in duckdb.connect().execute(
            "SELECT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'").fetchall()],
        "sqlite": [r[0] for r in sqlite3.connect(":memory:").execute(
            "SELECT name FROM pragma_function_list WHERE type IN ('w', 'a') AND narg < 2").fetchall()],
        "postgres": [r[0] for r in postgres_server.query("SELECT proname FROM pg_proc WHERE prokind = 'a'")],
    }  # fmt: skip
    missed = []
    for dialect, names in told.items():
        known = function_names(dialect)
        for name in {n.upper() for n in names} & known:
            for arguments in ("a", "a, b", "", "a, b, c"):
                try:
                    node = sqlglot.parse_one(f"SELECT {name}({arguments})", read=dialect).expressions[0]
                except (sqlglot.errors.SqlglotError, TypeError):
                    continue
                calls = [n for n in node.walk() if isinstance(n, (exp.Func, exp.Anonymous))]
                is_ranking = name in RANKINGS.split()
                if not is_ranking and calls and not any(map(is_aggregate, calls)):
                    missed.append(f"{dialect} {name}({arguments})")
                break
    assert not missed
    assert set(BY_DIALECT) == {"duckdb", "sqlite", "postgres", "mysql"}
