"""The lists of ``sql.reserved`` against the databases themselves: what is not on a list is read as a name
everywhere, what is in quotes is too."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect

from bench.servers import Server
from sql.lock.trees import parse_query
from sql.names import needs_quotes, quoted
from sql.reserved import COMMON_NAMES, KEYWORDS
from sql.semantics import Shop, View, ViewColumn
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.sentence import Name, written_name
from sql.types import Dialect

pytestmark = pytest.mark.long

Run = Callable[[str], object]
FILES: tuple[Dialect, ...] = ("duckdb", "sqlite")
SERVERS: tuple[Dialect, ...] = ("postgres", "mysql")
TODAY = dt.date(2026, 6, 17)

PLACES = (
    "SELECT {w} FROM {w} ORDER BY {w}",
    "SELECT {w}.{w}, {w}.no FROM {w} AS {w} WHERE {w}.{w} > 5 AND {w} IN (5, 7) AND {w} BETWEEN 1 AND {w} "
    "AND NOT {w} IS NULL ORDER BY {w}.{w} DESC, {w}.no",
    "SELECT {w} AS {w}, COUNT(*) AS rows_of, MAX({w}), COUNT(DISTINCT {w}) FROM {w} GROUP BY {w} "
    "HAVING MAX({w}) > 1 AND {w} > 1 ORDER BY {w} DESC",
    "SELECT CASE WHEN {w} = 7 THEN {w} ELSE -{w} END, CASE {w} WHEN {w} THEN {w} END, "
    "({w}) + {w} * {w} - {w} / 2, COALESCE({w}, 0), ROUND({w}) FROM {w} ORDER BY 1, 2, 3",
    "SELECT {w}, SUM({w}) OVER (PARTITION BY {w} ORDER BY {w}, no ROWS BETWEEN UNBOUNDED PRECEDING AND "
    "CURRENT ROW), RANK() OVER {w} FROM {w} WINDOW {w} AS (PARTITION BY no ORDER BY {w} DESC) ORDER BY 1, 2",
    "SELECT p.no FROM {w} AS p JOIN {w} AS o USING ({w}) ORDER BY 1",
    "SELECT {w}.no FROM {w} LEFT JOIN {w} AS o ON o.{w} = {w}.{w} ORDER BY 1",
    "SELECT s.{w} FROM (SELECT {w} FROM {w} UNION ALL SELECT no FROM {w}) AS s ORDER BY s.{w}",
    "SELECT no FROM {w} WHERE {w} = (SELECT MAX({w}) FROM {w}) "
    "AND EXISTS (SELECT 1 FROM {w} AS i WHERE i.{w} = {w}.{w}) ORDER BY no",
    "SELECT DISTINCT {w}.* FROM {w} ORDER BY 1 LIMIT 2 OFFSET 1",
    "SELECT x.{w} FROM (WITH {w} AS (SELECT 9 AS {w}) SELECT {w} FROM {w}) AS x",
    "SELECT x.{w} FROM (WITH zz AS (SELECT 9 AS {w}), {w}({w}) AS (SELECT {w} FROM zz) "
    "SELECT {w} FROM {w}) AS x",
    "SELECT {w} FROM {w} ORDER BY {w} DESC NULLS LAST",
    "SELECT EXTRACT(YEAR FROM {w}), {w} + INTERVAL '1' DAY "
    "FROM (SELECT CAST('2026-05-01' AS DATE) AS {w}) AS t",
    "SELECT {w} || 'x' FROM (SELECT '2026' AS {w}) AS t WHERE {w} LIKE '2%' AND {w} NOT LIKE 'x' ESCAPE '!'",
)
"""Every place where a name can stand. ``{w}`` is a table (in a WITH before it), its column, an alias, a
window, a CTE; ``no`` is another column."""
TABLE = "WITH {q} AS (SELECT 1 AS no, 7 AS {q} UNION ALL SELECT 2, 5 UNION ALL SELECT 3, 7) "


PLAIN = "qqq"
"""A word that no database knows: what a place means for it is what it must mean for every other."""


class Places:
    """What statements mean and give in one database, with ``PLAIN`` where a name stands."""

    def __init__(self, dialect: Dialect, run: Run, places: Iterable[str] = PLACES) -> None:
        self.dialect, self.run = dialect, run
        self.expected: list[tuple[str, object, str]] = []
        """Each statement that the database has, its rows and how sqlglot writes it back."""
        told = list(places)
        for place in told:
            with contextlib.suppress(*ERRORS):  # the database has no such clause
                sql = self._sql(place, PLAIN)
                self.expected.append((place, run(sql), flat(sql, dialect)))
        assert len(self.expected) >= 0.7 * len(told)

    def misread(self, word: str) -> str | None:
        """The first place where ``word`` without quotes is no name, there or here."""
        for place, rows_of_plain, read in self.expected:
            sql = self._sql(place, word)
            try:
                if self.run(sql) != rows_of_plain:
                    return f"{word}: another answer to {sql}"
            except ERRORS as error:
                if self._runs(self._sql(place, self._in_quotes(word), word)):
                    return f"{word}: {str(error).splitlines()[0]}: {sql}"
                continue  # PostgreSQL: COUNT(*) beside a column that is called count
            if flat(sql, self.dialect) != read.replace(PLAIN, word):
                return f"{word}: sqlglot reads {sql} as {flat(sql, self.dialect)}"
        return None

    def _sql(self, place: str, written: str, word: str = "") -> str:
        head = "" if "{w} AS (SELECT 9" in place or "zz" in place else TABLE
        return head.format(q=self._in_quotes(word or written)) + place.format(w=written)

    def _in_quotes(self, word: str) -> str:
        sign = "`" if self.dialect == "mysql" else '"'
        return f"{sign}{word}{sign}"

    def _runs(self, sql: str) -> bool:
        try:
            self.run(sql)
        except ERRORS:
            return False
        return True


ERRORS = (duckdb.Error, sqlite3.Error, psycopg.Error, pymysql.Error)


def flat(sql: str, dialect: Dialect) -> str:
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        return str(error)
    for node in tree.find_all(exp.Identifier):
        node.set("quoted", True)
    return tree.sql(dialect=dialect)


def words_of_sqlglot(dialect: Dialect) -> set[str]:
    tokens = SqlglotDialect.get_or_raise(dialect).tokenizer_class.KEYWORDS
    return {word.lower() for text in tokens for word in re.findall(r"[A-Za-z_]\w*", text)}


def all_words() -> set[str]:
    """Of every list and of sqlglot: a word that one database knows is worth a look in the others."""
    return {w for words in KEYWORDS.values() for w in words} | COMMON_NAMES | words_of_sqlglot("duckdb")


def rows(connection: object, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()  # type: ignore[attr-defined]


@contextlib.contextmanager
def runner(dialect: Dialect, server: Server | None = None) -> Iterator[Run]:
    """Runs a text as it is, on a connection of its own: the texts are this file's own."""
    if dialect == "mysql":
        assert server is not None
        mysql = server._mysql_admin()

        def run(sql: str) -> object:
            with mysql.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()

        yield run
        return
    if dialect == "postgres":
        assert server is not None
        connection: Any = psycopg.connect(server.admin_url, autocommit=True)
    else:
        connection = duckdb.connect() if dialect == "duckdb" else sqlite3.connect(":memory:")
    with contextlib.closing(connection):
        yield lambda sql: rows(connection, sql)


def checked_words(dialect: Dialect, run: Run, words: Iterable[str]) -> list[str]:
    """What is wrong with the words that no list holds back."""
    places = Places(dialect, run)
    bare = sorted(w for w in words if not needs_quotes(w, dialect))
    return [fault for w in bare if (fault := places.misread(w)) is not None]


@pytest.mark.parametrize("dialect", FILES)
def test_the_words_that_stay_readable_are_names_everywhere(dialect: Dialect) -> None:
    with runner(dialect) as run:
        assert not (faults := checked_words(dialect, run, COMMON_NAMES)), "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", (*FILES, *SERVERS))
def test_a_word_that_is_on_no_list_is_a_name_everywhere(
    dialect: Dialect, postgres_server: Server, mysql_server: Server
) -> None:
    words = all_words() | words_of_sqlglot(dialect)
    with runner(dialect, {"postgres": postgres_server, "mysql": mysql_server}.get(dialect)) as run:
        assert not (faults := checked_words(dialect, run, words)), "\n".join(faults)


CALLS: dict[Dialect, str] = {
    "duckdb": "SELECT function_name FROM duckdb_functions() UNION SELECT type_name FROM duckdb_types()",
    "sqlite": "SELECT DISTINCT name FROM pragma_function_list",
    "postgres": "SELECT DISTINCT proname::text FROM pg_proc UNION SELECT typname::text FROM pg_type",
    "mysql": "SELECT LOWER(FUNCTION) FROM information_schema.SQL_FUNCTIONS",
}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", (*FILES, *SERVERS))
def test_names_of_functions_and_types_are_names_where_a_name_stands(
    dialect: Dialect, postgres_server: Server, mysql_server: Server
) -> None:
    with runner(dialect, {"postgres": postgres_server, "mysql": mysql_server}.get(dialect)) as run:
        found = [str(row[0]).lower() for row in run(CALLS[dialect])]  # type: ignore[attr-defined]
        words = [w for w in found if not needs_quotes(w, dialect)]
        assert len(words) > 50
        places = Places(dialect, run, (PLACES[1], PLACES[2], PLACES[4], PLACES[11]))
        faults = [fault for w in words if (fault := places.misread(w)) is not None]
    assert not faults, "\n".join(faults)


LISTS: dict[Dialect, str] = {
    "duckdb": "SELECT keyword_name FROM duckdb_keywords()",
    "postgres": "SELECT word FROM pg_get_keywords()",
    "mysql": "SELECT LOWER(WORD) FROM information_schema.KEYWORDS",
}


def missing(dialect: Dialect, run: Run) -> list[str]:
    words = {str(row[0]) for row in run(LISTS[dialect])}  # type: ignore[attr-defined]
    return sorted(w for w in words if w.isidentifier() and w not in KEYWORDS[dialect] | COMMON_NAMES)


def test_the_list_of_duckdb_is_whole() -> None:
    with runner("duckdb") as run:
        assert missing("duckdb", run) == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", SERVERS)
def test_the_list_of_a_server_is_whole(
    dialect: Dialect, postgres_server: Server, mysql_server: Server
) -> None:
    with runner(dialect, postgres_server if dialect == "postgres" else mysql_server) as run:
        assert missing(dialect, run) == []


@pytest.mark.parametrize("dialect", (*FILES, *SERVERS))
def test_the_question_language_reads_back_every_name_that_it_writes(dialect: Dialect) -> None:
    """And so does sqlglot read the name that a statement becomes in the SQL of each database."""
    odd = ("two words", "Grand Total", 'quo"te', "dot.ted", "中文", "50%", "ti`ck", "it's")
    wrong = []
    for word in (*sorted(all_words() | words_of_sqlglot(dialect)), *odd):
        text = written_name(word)
        statement = parse(
            f"SELECT {text}, COUNT(*) FROM {text} WHERE {text} > 1 GROUP BY {text} ORDER BY {text} DESC"
        )
        read = [node.text for node in statement.walk() if isinstance(node, Name)]
        if [*read, statement.view] != [word] * 5 or parse(str(statement)) != statement:
            wrong.append(word)
            continue
        view = View(name=word, columns=(ViewColumn(name=word, type="integer"),))
        shop = Shop(name="x", database="x", views=(view,))
        tree = parse_query(compile_statement(statement, shop, dialect, TODAY).sql, dialect)
        names = {c.name for c in tree.find_all(exp.Column)} | {t.name for t in tree.find_all(exp.Table)}
        if names != {word}:
            wrong.append(word)
    assert not wrong, wrong


def test_common_names_stay_readable() -> None:
    for dialect in KEYWORDS:
        shown = [
            quoted(name, dialect) for name in ("order_id", "amount", "name", "month", "status", "total_2")
        ]
        assert shown == ["order_id", "amount", "name", "month", "status", "total_2"]
    assert quoted("order", "sqlite") == '"order"' and quoted("Order", "mysql") == "`Order`"
    assert quoted("user", "postgres") == '"user"' and quoted("grandTotal", "postgres") == '"grandTotal"'
    assert quoted("grandTotal", "duckdb") == "grandTotal" and quoted("a\n", "duckdb") == '"a\n"'
