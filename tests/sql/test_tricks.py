"""Every trick of ``tests/sql/tricks``, through the guard and, where it is let through, the database; and the
proof that each trip-wire trips when a statement goes around the guard."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import sqlite3
from collections import Counter

import duckdb
import pytest

from bench.guard_mutation import open_any_yard, verdict_fault
from bench.mutation import tricks as corpus
from bench.mutation.data import CANARY, make_guard, yard_shop
from bench.mutation.tricks import TrickError, escape, parse_line, read_tricks, unescape
from bench.mutation.yard import FILE_DIALECTS, Result, Yard, open_yard
from sql.errors import UnsafeQuery
from sql.types import QueryLimits

pytestmark = pytest.mark.long

SERVER_DIALECTS = ("postgres", "mysql")


@pytest.fixture(scope="module")
def yards(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("yards")
    with contextlib.ExitStack() as stack:
        yield {d: stack.enter_context(open_yard(d, folder / d)) for d in FILE_DIALECTS}


def rounds(dialect: str) -> list[tuple[corpus.Trick, str]]:
    """Each trick of a dialect under one of its roles, in turn."""
    tricks = [trick for trick in read_tricks() if dialect in trick.dialects]
    return [(trick, trick.roles[n % len(trick.roles)]) for n, trick in enumerate(tricks)]


def faults(yard: Yard) -> list[str]:
    """What is wrong with how the tricks end in ``yard``."""
    found = []
    with contextlib.chdir(yard.ground):
        for trick, role in rounds(yard.dialect):
            outcome = yard.try_statement(role, yard.fill(trick.statement))
            fault = verdict_fault(trick.verdict, outcome)
            if fault:
                found.append(f"{trick.place} {yard.dialect} {role}: {trick.statement[:200]!r}\n    {fault}")
    return found + yard.tripped()


@pytest.mark.parametrize("dialect", FILE_DIALECTS)
def test_every_trick_is_refused_or_does_no_harm(dialect, yards):
    assert not (found := faults(yards[dialect])), "\n".join(found)


@pytest.mark.parametrize("dialect", SERVER_DIALECTS)
def test_the_guard_holds_every_trick_to_its_verdict_without_a_server(dialect, yards):
    """What is let through runs on real servers in the slow test below."""
    catalog = dataclasses.replace(yards["sqlite"].databases["true"].catalog(), dialect=dialect)
    shop = yard_shop("yard")
    guards = {role.name: make_guard(shop, catalog, role) for role in shop.roles}
    wrong, counts = [], Counter()
    for trick, role in rounds(dialect):
        statement = yards["sqlite"].fill(trick.statement)
        try:
            guards[role].check(statement)
            verdict = "allow"
        except UnsafeQuery:
            verdict = "refuse"
        counts[trick.verdict] += 1
        if trick.verdict not in ("harmless", verdict):
            wrong.append(f"{trick.place} {role}: {verdict}: {statement[:200]!r}")
    assert not wrong, "\n".join(wrong)
    assert min(counts[v] for v in ("refuse", "allow", "harmless")) > 20, counts


@pytest.mark.slow
@pytest.mark.parametrize("dialect", SERVER_DIALECTS)
def test_every_trick_is_refused_or_does_no_harm_on_a_real_server(dialect):
    """``python -m bench.guard_mutation --tricks --count 0`` tries them under every role."""
    with open_any_yard(dialect) as yard:
        found = faults(yard)
    assert not found, "\n".join(found)


def test_the_corpus_holds_more_than_four_hundred_tricks_without_a_double():
    tricks = read_tricks()
    assert len(tricks) > 400
    for dialect in corpus.DIALECTS:
        assert sum(dialect in t.dialects for t in tricks) > 300, dialect
    doubles = [k for k, n in Counter((t.dialects, t.roles, t.statement) for t in tricks).items() if n > 1]
    assert not doubles


def test_a_trick_is_one_line():
    trick = parse_line(r"duckdb,mysql | any | refuse | SELECT 'a | b\n', {3*x} \'", "here:1")
    assert trick.dialects == ("duckdb", "mysql")
    assert trick.statement == "SELECT 'a | b\n', xxx \\'"
    for line, word in (
        ("duckdb | any | SELECT 1", "expected DIALECTS"),
        ("oracle | any | refuse | SELECT 1", "'oracle' is no dialect"),
        ("all | nobody | refuse | SELECT 1", "'nobody' is no role"),
        ("all | any | maybe | SELECT 1", "not 'maybe'"),
    ):
        with pytest.raises(TrickError, match=word):
            parse_line(line, "here:1")
    for text in ("a\n\r\t\0\\n\u2028\U0001f600", "{3*x}"[::-1], "\\{x}"):
        assert unescape(escape(text)) == text


def test_what_the_mutator_finds_becomes_a_trick_once(tmp_path):
    for _ in range(2):
        corpus.add_trick("sqlite", "china", "SELECT\n1 -- \\", "a reason", tmp_path)
    assert [t.statement for t in read_tricks(tmp_path)] == ["SELECT\n1 -- \\"]


# ---- each wire trips when the guard is walked around ----------------------------------------------------


def around(yard: Yard, sql: str, database: str = "true") -> Result:
    """What the database says to a statement that no guard has seen, without any lock."""
    path = yard.ground.parent / "data" / f"{database}.{yard.dialect}"
    if yard.dialect == "duckdb":
        # A copy: a file that is open under a locked configuration cannot be opened without it.
        copy = yard.ground.parent / "copy.duckdb"
        copy.write_bytes(path.read_bytes())
        connection = duckdb.connect(str(copy))
        failure = duckdb.Error
    else:
        connection = sqlite3.connect(path, isolation_level=None)
        failure = sqlite3.Error
    with contextlib.closing(connection):
        try:
            cursor = connection.execute(sql)
            rows = tuple(tuple(row) for row in cursor.fetchall())
            return Result(columns=tuple(d[0] for d in cursor.description or ()), rows=rows)
        except failure as error:
            return Result(error=str(error))


@pytest.fixture
def yard(request, tmp_path):
    """One of its own, since these tests do harm."""
    with open_yard(request.param, tmp_path / "yard") as opened:
        yield opened
        opened._state = opened.state()


@pytest.fixture
def shared(request, yards):
    """The module's, for tests that only read."""
    with contextlib.chdir(yards[request.param].ground):
        yield yards[request.param]


both = pytest.mark.parametrize("yard", FILE_DIALECTS, indirect=True)
each = pytest.mark.parametrize("shared", FILE_DIALECTS, indirect=True)
on_duckdb = pytest.mark.parametrize("yard", ["duckdb"], indirect=True)
on_sqlite = pytest.mark.parametrize("yard", ["sqlite"], indirect=True)


@each
@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("owner", "SELECT password FROM secrets"),
        ("owner", "SELECT pin FROM customers LIMIT 1"),
        ("owner", "SELECT 'pins: ' || pin FROM customers LIMIT 1"),
        ("owner", "SELECT price FROM order_lines WHERE price > 770000"),
        ("analyst", "SELECT LOWER(email) FROM customers"),
        ("china", "SELECT ticket FROM orders"),
        ("owner", f"SELECT 1 AS \"{CANARY}-x\" FROM (SELECT 1) AS t"),
        ("owner", "SELECT * FROM orders, order_lines"),
    ],
)  # fmt: skip
def test_the_wire_in_the_answer_trips(shared, role, statement):
    said = "" if CANARY in statement else statement
    assert shared.judge(role, said, around(shared, statement))
    assert not shared.judge("owner", "", around(shared, "SELECT COUNT(*), 'x' AS y FROM customers"))


@pytest.mark.parametrize("shared", ["duckdb"], indirect=True)
def test_the_wire_in_the_error_trips(shared):
    result = around(shared, "SELECT CAST(password AS INTEGER) FROM secrets")
    assert "the error holds" in shared.judge("owner", "", result)


@each
@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("owner", "SELECT COUNT(*) FROM secrets"),
        ("owner", "SELECT SUM(pin) % 7 FROM customers"),
        ("owner", "SELECT COUNT(*) FROM customers WHERE pin > 77001500"),
        ("analyst", "SELECT customer_id FROM customers ORDER BY email LIMIT 3"),
        ("analyst", "SELECT COUNT(*) FROM customers WHERE name LIKE '%1%'"),
        ("china", "SELECT COUNT(*) FROM customers WHERE country <> 'China'"),
        ("china", "SELECT SUM(order_id) FROM orders"),
        ("china", "SELECT SUBSTR(ticket, 9, 1) FROM orders"),
    ],
)
def test_the_twin_tells_what_no_canary_shows(shared, role, statement):
    true, twin = around(shared, statement), around(shared, statement, role)
    assert not true.error
    assert not true.same_as(twin)
    seen = "SELECT COUNT(*) FROM customers WHERE country = 'China' AND name <> 'Bo'"
    assert around(shared, seen).same_as(around(shared, seen, role))


@each
def test_the_twin_tells_of_an_error_that_a_hidden_row_makes(shared):
    statement = "SELECT ABS(-9223372036854775799 - quantity) FROM order_lines"
    assert not around(shared, statement).same_as(around(shared, statement, "analyst"))


@both
def test_the_wires_on_data_trip(yard):
    assert yard.tripped() == []
    path = yard.ground.parent / "data" / f"true.{yard.dialect}"
    if yard.dialect == "sqlite":
        around(yard, "UPDATE orders SET status = 'x' WHERE order_id = 101")
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert any("changed" in trip for trip in yard.tripped())
    assert yard.tripped() == []


@on_sqlite
def test_the_wires_on_objects_trip(yard):
    around(yard, "CREATE TABLE x (a INTEGER)")
    assert any("changed" in trip for trip in yard.tripped())


@on_duckdb
def test_the_wires_on_objects_and_settings_trip(yard):
    from bench.mutation.yard import _file_state
    from sql.databases.duckdb_database import DuckdbDatabase

    folder = yard.ground.parent / "empty"
    folder.mkdir()
    database = DuckdbDatabase(duckdb.connect(), "unlocked", QueryLimits())
    states = {_file_state(folder, {"x": database})}
    for statement in ("SET threads = 1", "CREATE TABLE x (a INTEGER)", "ATTACH ':memory:' AS y"):
        database._connection.execute(statement)
        states.add(_file_state(folder, {"x": database}))
    assert len(states) >= 3
    database.close()


@on_duckdb
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM 'honey.csv'",
        "SELECT * FROM read_text('{FOLDER}/honey.txt')",
        "SELECT * FROM glob('{FOLDER}/*')",
        "SELECT * FROM read_parquet('honey.parquet')",
        "ATTACH '{FOLDER}/honey.duckdb' AS h (READ_ONLY)",
        "COPY (SELECT 1) TO '{FOLDER}/out.csv'",
    ],
)
def test_the_wires_on_files_trip(yard, statement):
    result = around(yard, yard.fill(statement))
    assert result.error == ""
    assert any(trip.startswith("file") for trip in yard.tripped())
    if "SELECT * FROM 'honey" in statement or "read_" in statement:
        assert CANARY.lower() in yard.judge("owner", "", result).lower()


@on_sqlite
def test_the_wires_on_files_trip_when_one_is_attached(yard):
    assert around(yard, yard.fill("ATTACH '{FOLDER}/new.db' AS h")).error == ""
    around(yard, yard.fill("VACUUM INTO '{FOLDER}/out.db'"))
    assert any("made" in trip for trip in yard.tripped())


@pytest.mark.parametrize("shared", ["sqlite"], indirect=True)
def test_the_wire_on_the_port_trips(shared):
    socket.create_connection(("127.0.0.1", shared.port.port), timeout=5).close()
    assert "connection to the port" in shared.tripped()[0]


@pytest.mark.parametrize("shared", ["duckdb"], indirect=True)
def test_the_canaries_of_the_process_trip(shared):
    from sql.databases import duckdb_database

    value = os.environ["SHOPTALK_CANARY"]
    assert shared.judge("owner", "", Result(columns=("x",), rows=((value,),)))
    honey_frame = duckdb_database.honey_frame
    rows = duckdb.sql("SELECT * FROM honey_frame").fetchall()
    assert len(honey_frame) == 1
    assert shared.judge("owner", "", Result(columns=("secret",), rows=tuple(rows)))


@each
def test_a_guard_that_lets_all_through_would_be_seen(shared, monkeypatch):
    """The whole way, with a guard that passes the statement on: no part of the harness forgives it."""
    from sql.lock import guard as module

    def careless(self, sql):
        return module.CheckedQuery(
            sql=sql, dialect=self.dialect, role=self.role.name, views=(), seal=module._SEAL
        )

    monkeypatch.setattr(module.Guard, "check", careless)
    for role, statement in (
        ("owner", "SELECT password FROM secrets"),
        ("owner", "SELECT COUNT(*) FROM secrets"),
        ("analyst", "SELECT customer_id FROM customers ORDER BY email LIMIT 3"),
    ):
        assert shared.try_statement(role, statement).trip, statement


@each
def test_a_guard_that_crashes_or_stalls_would_be_seen(shared, monkeypatch):
    from bench.mutation import yard as module
    from sql.lock.guard import Guard

    monkeypatch.setattr(module, "SLOW_S", 0.0)
    assert "took" in shared.try_statement("owner", "SELECT 1 AS a").trip
    assert "took" in shared.try_statement("owner", "SELECT FROM").trip
    monkeypatch.setattr(Guard, "check", lambda self, sql: {}["x"])
    assert "crashed with KeyError" in shared.try_statement("owner", "SELECT 1 AS a").trip
