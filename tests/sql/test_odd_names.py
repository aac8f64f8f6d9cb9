"""Tables and columns called like words of the database, in mixed case, with spaces, dots and quotes: what
runs means what was checked, on every database, from ``init`` to the answer.

The twins: one database with odd names and one with plain names and the same rows. A statement over either
must give the same rows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bench.servers import Server
from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.databases import Database, open_database
from sql.errors import ShopFileError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.names import needs_quotes
from sql.question.linking import Vocabulary
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.types import Dialect, QueryLimits

pytestmark = pytest.mark.long

SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mysql")]
WORDS = """
order group transaction check to user select from where table limit all desc values end with recursive case
null join using on as distinct current_date current_user session_user localtime rank rows key interval between
count sum date int text now version random offset primary div regexp name status value
"""
SPELT = (
    *(
        "Two Words",
        "grandTotal",
        "GRAND",
        "Order",
        'quo"te',
        "ti`ck",
        "dot.ted",
        "it's",
        "中文",
        "semi;colon",
    ),
    *("dash--dash", "sla/*sh*/", "x AS (y", "50%", "1st", " lead", "back\\slash", "[brackets]", "$1", "?"),
    *("Größe", "name_x61", "a\nb"),
)
TWINS = (
    "SELECT {c} FROM {t} ORDER BY {c}",
    "SELECT {t}.{c}, {t}.no FROM {t} WHERE {t}.{c} > 5 AND {c} IN (5, 7) ORDER BY {t}.{c} DESC, {t}.no",
    "SELECT * FROM {t} ORDER BY no",
    "SELECT {t}.* FROM {t} ORDER BY no DESC LIMIT 2",
    "SELECT {c}, SUM(no) AS n FROM {t} GROUP BY {c} HAVING SUM(no) > 1 ORDER BY n DESC, {c}",
    "SELECT MAX({c}) AS {c}, COUNT(DISTINCT {c}) AS n FROM {t}",
    "SELECT no AS {c} FROM {t} ORDER BY {c} DESC",
    "SELECT x.{c} FROM (SELECT no AS {c} FROM {t}) AS x ORDER BY 1",
    "SELECT {c}.no FROM {t} AS {c} ORDER BY {c}.no",
    "WITH {c} AS (SELECT no, {c} FROM {t}) SELECT {c}.{c} FROM {c} ORDER BY {c}.no",
    "WITH {t} AS (SELECT {c} AS no FROM {t}) SELECT no FROM {t} ORDER BY no",
    "SELECT a.no FROM {t} AS a JOIN {t} AS b USING ({c}) ORDER BY a.no",
    "SELECT no, RANK() OVER {c} AS r FROM {t} WINDOW {c} AS (PARTITION BY {c} ORDER BY no) ORDER BY 1",
    "SELECT a.no FROM {t} AS a "
    "WHERE EXISTS (SELECT 1 FROM {t} AS b WHERE b.{c} = a.{c} AND b.no <> a.no) ORDER BY 1",
    "SELECT CASE WHEN {c} = 7 THEN {c} ELSE -{c} END AS z FROM {t} UNION ALL SELECT {c} FROM {t} ORDER BY z",
)
"""``{t}`` is the table, ``{c}`` its odd column; ``no`` is plain."""
ROWS = "(1, 7, 'a'), (2, 5, 'b'), (3, 7, 'c')"


def in_quotes(name: str, dialect: Dialect) -> str:
    sign = "`" if dialect == "mysql" else '"'
    return sign + name.replace(sign, sign * 2) + sign


def build(dialect: Dialect, script: list[str], place: Path, server: Server | None) -> Database:
    if server is not None:
        server.execute(";\n".join(script))
        server.make_reader()
        return open_database(server.reader_url)
    path = place / f"{place.name}.{dialect}"
    if dialect == "duckdb":
        with duckdb.connect(str(path)) as connection:
            for statement in script:
                connection.execute(statement)
    else:
        with sqlite3.connect(path) as connection:
            for statement in script:
                connection.execute(statement)
        connection.close()
    return open_database(str(path))


def script_of(names: list[str], dialect: Dialect) -> list[str]:
    """Two tables a name: one so called, and one whose column is."""
    found = []
    for name in names:
        odd = in_quotes(name, dialect)
        found.append(f"CREATE TABLE {odd} (no INTEGER, {odd} INTEGER, hidden VARCHAR(9))")
        found.append(f"INSERT INTO {odd} VALUES {ROWS}")
    return found


def usable(dialect: Dialect) -> list[str]:
    """The names, without those that the database takes for one before; MariaDB cuts spaces off an alias."""
    seen: dict[str, str] = {}
    for name in (*WORDS.split(), *SPELT):
        if dialect != "mysql" or name == name.strip():
            seen.setdefault(name.lower(), name)
    return list(seen.values())


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def twins(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Database]]:
    dialect: Dialect = request.param
    servers: list[Server | None] = [None, None]
    if dialect in ("postgres", "mysql"):
        server = request.getfixturevalue(f"{dialect}_server")
        servers = [server.create_database(f"odd_names_{n}") for n in (1, 2)]
    place = tmp_path_factory.mktemp("odd")
    (place / "plain").mkdir()
    odd = build(dialect, script_of(usable(dialect), dialect), place, servers[0])
    plain = build(dialect, script_of(["plain"], dialect), place / "plain", servers[1])
    yield odd, plain
    odd.close()
    plain.close()


def roles(view: str, column: str, dialect: Dialect) -> tuple[Role, ...]:
    """Sees all; has a column masked and rows hidden, so that the table stands in a view of the guard's."""
    name = in_quotes(column, dialect)
    return Role(name="owner"), Role(
        name="narrow", masked=frozenset({(view, "hidden")}), rows={view: f"{name} > 0 AND no < 9"}
    )


def shop_of(database: Database) -> Shop:
    return shop_from_catalog(database.catalog(), name="odd", database="x")


def answers(database: Database, name: str, shop: Shop) -> dict[tuple[str, str], object]:
    """Role and statement → its rows, over the table ``name``."""
    view, spelt = shop.view(name), in_quotes(name, database.dialect)
    assert view is not None
    found: dict[tuple[str, str], object] = {}
    for role in roles(name, name, database.dialect):
        guard = Guard(dataclasses.replace(shop, views=(view,)), database.catalog(), role)
        for text in TWINS if role.name == "owner" else TWINS[1::4]:
            query = guard.check(text.format(t=spelt, c=spelt))
            found[role.name, text] = run(query, database, QueryLimits()).rows
    return found


def test_a_statement_over_odd_names_gives_the_rows_of_its_twin(twins: tuple[Database, Database]) -> None:
    odd, plain = twins
    expected, shop = answers(plain, "plain", shop_of(plain)), shop_of(odd)
    wrong = []
    for name in usable(odd.dialect):
        found = answers(odd, name, shop)
        wrong += [f"{name}: {key}: {rows}" for key, rows in found.items() if rows != expected[key]]
    assert not wrong, "\n".join(wrong[:10])


def test_a_name_in_any_letter_case_and_without_quotes_is_the_same_name(
    twins: tuple[Database, Database],
) -> None:
    """Where it can be written without at all: the reader of the statement is ours, not the database's."""
    odd, _ = twins
    guard = Guard(shop_of(odd), odd.catalog(), Role(name="owner"))
    for text in (
        "SELECT count FROM count",
        "SELECT COUNT.Count FROM Count",
        "SELECT GRANDTOTAL FROM GrandTotal",
        "SELECT status FROM STATUS",
        "SELECT MAX(text) FROM text",
        "SELECT version FROM version AS Version",
    ):
        query = guard.check(text)
        assert {row[0] for row in run(query, odd, QueryLimits()).rows} <= {5, 7}, query.sql


def test_views_over_odd_names_give_the_rows_of_their_tables(twins: tuple[Database, Database]) -> None:
    odd, _ = twins
    dialect = odd.dialect
    for name in usable(dialect):
        spelt = in_quotes(name, dialect)
        for sql in (
            f"SELECT no, {spelt} FROM {spelt}",
            f"SELECT t.no, t.{spelt} FROM {spelt} AS t WHERE {spelt} > 0",
            f"SELECT no, {spelt} AS {spelt} FROM (SELECT * FROM {spelt}) AS {spelt}",
            f"WITH {spelt} AS (SELECT 1 AS no, 7 AS {spelt}) SELECT no, {spelt} FROM {spelt}",
        ):
            columns = (ViewColumn(name="no", type="integer"), ViewColumn(name=name, type="integer"))
            shop = Shop(name="x", database="x", views=(View(name=f"of {name}", sql=sql, columns=columns),))
            for role in roles(f"of {name}", name, dialect):
                guard = Guard(shop, odd.catalog(), dataclasses.replace(role, masked=frozenset()))
                query = guard.check(f"SELECT MAX({spelt}) AS m FROM {in_quotes(f'of {name}', dialect)}")
                assert run(query, odd, QueryLimits()).rows == ((7,),), query.sql


# ---- from init to the answer ----------------------------------------------------------------------------

SHOP = (
    "CREATE TABLE {customer} ({id} INTEGER PRIMARY KEY, {full} VARCHAR(40), {country} VARCHAR(40), "
    "{group} VARCHAR(9))",
    "INSERT INTO {customer} VALUES (1, 'Ann', 'Spain', 'vip'), (2, 'Bo', 'Italy', 'std'), "
    "(3, 'Cy', 'Spain', 'std')",
    "CREATE TABLE {order} ({id} INTEGER PRIMARY KEY, {to} INTEGER, {total} DECIMAL(10, 2), "
    "{from} TIMESTAMP NULL, {check} VARCHAR(9))",
    "INSERT INTO {order} VALUES (1, 1, 40, '2026-05-01 10:00:00', 'paid'), "
    "(2, 2, 60, '2026-05-02 11:00:00', 'paid'), (3, 1, 10, '2026-06-01 10:00:00', 'open')",
)
NAMES = {
    "customer": "user", "id": "id", "full": "fullName", "country": "Country Name", "group": "group",
    "order": "order", "to": "to", "total": "grandTotal", "from": "from", "check": "check",
}  # fmt: skip
QUESTIONS = (
    ("How many users are there?", [(3,)]),
    ("How many orders are there?", [(3,)]),
    ("number of orders in May 2026", [(2,)]),
    ("total amount in May 2026", [(100,)]),
    ("How many users by country?", [("Italy", 1), ("Spain", 2)]),
    ("total amount by state", [("open", 10), ("paid", 100)]),
    ("How many orders are paid?", [(2,)]),
    ("total amount by month", [("2026-05", 100), ("2026-06", 10)]),
)
STATEMENTS = (
    (
        "How many orders with state paid?",
        "SELECT number_of_order FROM \"order\" WHERE check = 'paid'",
        [(2,)],
    ),
    ("the latest order", 'SELECT id FROM "order" ORDER BY "from" DESC LIMIT 1', [(3,)]),
    (
        "full names of Spain",
        "SELECT fullName FROM user WHERE \"Country Name\" = 'Spain'",
        [("Ann",), ("Cy",)],
    ),
    (
        "the largest amount of a state",
        'SELECT check, MAX(grandTotal) FROM "order" GROUP BY check',
        [("open", 10), ("paid", 60)],
    ),
    (
        "how many of them are vip",
        "SELECT ONLY(COUNT(*), \"group\" = 'vip') FROM user",
        [(1,)],
    ),
)
"""Question, the statement that the model writes for it, rows."""


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    dialect: Dialect = request.param
    server = None
    if dialect in ("postgres", "mysql"):
        server = request.getfixturevalue(f"{dialect}_server").create_database("odd_shop")
    names = {part: in_quotes(name, dialect) for part, name in NAMES.items()}
    script = [line.format(**names) for line in SHOP]
    opened = build(dialect, script, tmp_path_factory.mktemp("odd_shop"), server)
    yield opened
    opened.close()


def described(database: Database, folder: Path) -> Shop:
    """What ``init`` writes, with a few words of a person's added."""
    made = shop_from_catalog(database.catalog(), name="odd", database="x")
    path = folder / "shop.yml"
    path.write_text(dump_shop(made), encoding="utf-8")
    shop = load_shop(path)
    words = {"Country Name": "country", "check": "state", "grandTotal": "amount"}

    def named(column: ViewColumn) -> ViewColumn:
        word = words.get(column.name)
        return (
            dataclasses.replace(column, synonyms=(word,), sampled=column.type == "text") if word else column
        )

    views = tuple(dataclasses.replace(v, columns=tuple(map(named, v.columns))) for v in shop.views)
    metrics = tuple(
        dataclasses.replace(m, synonyms=("total amount",)) if "grandtotal" in m.name else m
        for m in shop.metrics
    )
    return dataclasses.replace(shop, views=views, metrics=metrics, today=dt.date(2026, 6, 15))


def test_a_shop_with_odd_names_is_described_opened_and_asked_without_a_model(
    database: Database, tmp_path: Path
) -> None:
    workspace = open_workspace(described(database, tmp_path), database=database)
    asker = open_asker(workspace, ScriptedEngine([]), Vocabulary.build(workspace))
    for question, expected in QUESTIONS:
        answer = asker.ask(question)
        rows = sorted(tuple(_plain(cell) for cell in row) for row in answer.table.rows)
        assert rows == expected, (question, answer.table.query.sql)


def test_a_statement_that_the_model_writes_over_odd_names_gives_their_rows(
    database: Database, tmp_path: Path
) -> None:
    workspace = open_workspace(described(database, tmp_path), database=database)
    for question, statement, expected in STATEMENTS:
        answer = open_asker(workspace, ScriptedEngine([statement]), Vocabulary.build(workspace)).ask(question)
        assert answer.compiled is not None and str(answer.compiled.statement) == statement
        rows = sorted(tuple(_plain(cell) for cell in row) for row in answer.table.rows)
        assert rows == expected, (question, answer.table.query.sql)


def _plain(cell: object) -> object:
    text = str(cell)
    if re.match(r"\d{4}-\d\d", text):
        return text[:7]
    return cell if isinstance(cell, str) else float(text)  # Decimal, int


def test_a_view_may_give_odd_columns_other_names(database: Database) -> None:
    dialect = database.dialect
    total, table = in_quotes("grandTotal", dialect), in_quotes("order", dialect)
    view = View(
        name="sales",
        sql=f"SELECT {total} AS amount, id FROM {table}",
        columns=(ViewColumn(name="amount", type="number"), ViewColumn(name="id", type="integer")),
    )
    shop = Shop(name="x", database="x", views=(view,))
    for role in (Role(name="owner"), Role(name="few", rows={"sales": "amount < 50"})):
        query = Guard(shop, database.catalog(), role).check("SELECT SUM(amount) AS s FROM Sales")
        expected = 110 if role.name == "owner" else 50
        assert float(run(query, database, QueryLimits()).rows[0][0]) == expected  # type: ignore[arg-type]


def test_a_receipt_quotes_only_what_needs_it(database: Database) -> None:
    shop = shop_from_catalog(database.catalog(), name="odd", database="x")
    guard = Guard(shop, database.catalog(), Role(name="owner"))
    table, total = in_quotes("order", database.dialect), "grandtotal"
    sql = guard.check(f"SELECT id, SUM({total}) AS month FROM {table} GROUP BY id").sql
    if needs_quotes("grandTotal", database.dialect):
        total = in_quotes("grandTotal", database.dialect)
    assert sql == f"SELECT id, SUM({total}) AS month FROM {table} GROUP BY id LIMIT 1001"


def test_a_column_that_sqlite_cannot_read_is_refused_and_never_a_text(tmp_path: Path) -> None:
    """Through a SELECT it takes "true" for a text, in silence."""
    database = build("sqlite", script_of(["true"], "sqlite"), tmp_path, None)
    guard = Guard(shop_of(database), database.catalog(), Role(name="owner"))
    for text in (
        'SELECT "true" FROM "true"',
        "SELECT no AS false FROM true",
        'SELECT x."TRUE" FROM "true" AS x',
    ):
        with pytest.raises(UnsafeQuery, match="is a value"):
            guard.check(text)
    with pytest.raises(ShopFileError, match="true is a value"):
        Guard(shop_of(database), database.catalog(), roles("true", "true", "sqlite")[1])


@pytest.mark.slow
def test_names_that_letter_case_alone_tells_apart(postgres_server: Server) -> None:
    """PostgreSQL tells them apart. Two tables may spell one name in two ways; one table may not."""
    server = postgres_server.create_database("letter_case")
    server.execute('CREATE TABLE a (id integer, "Total" integer); INSERT INTO a VALUES (1, 10)')
    server.execute("CREATE TABLE b (id integer, total integer); INSERT INTO b VALUES (1, 20)")
    server.execute(
        'CREATE TABLE c (id integer, "Total" integer, total integer); INSERT INTO c VALUES (1, 30, 40)'
    )
    server.make_reader()
    database = open_database(server.reader_url)
    catalog = database.catalog()
    shop = shop_from_catalog(catalog, name="x", database="x")
    two = dataclasses.replace(shop, views=tuple(v for v in shop.views if v.name != "c"))
    guard = Guard(two, catalog, Role(name="owner"))
    for text, rows in (
        ("SELECT total FROM a", ((10,),)),
        ('SELECT "Total" FROM b', ((20,),)),
        ("SELECT a.Total + b.TOTAL AS both FROM a JOIN b USING (id)", ((30,),)),
    ):
        assert run(guard.check(text), database, QueryLimits()).rows == rows
    with pytest.raises(ShopFileError, match="Total and total, which letter case alone tells apart"):
        Guard(shop, catalog, Role(name="owner"))
    apart = View(
        name="c2",
        sql='SELECT id, "Total" AS first, total AS second FROM c',
        columns=tuple(ViewColumn(name=n, type="integer") for n in ("id", "first", "second")),
    )
    guard = Guard(dataclasses.replace(two, views=(*two.views, apart)), catalog, Role(name="owner"))
    query = guard.check("SELECT first, second FROM c2")
    assert run(query, database, QueryLimits()).rows == ((30, 40),)
    database.close()
