"""What the recorder hears of each statement, and that it hears no value of the database."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import duckdb
import pytest

from sql.errors import NotAllowed, QueryCancelled, QueryFailed, QueryTimeout, UnsafeQuery
from sql.lock.guard import CheckedQuery
from sql.record import Statement, kind_of, recorded, recording
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.types import QueryLimits, Table

SECRET = "ana@example.com"


@pytest.fixture
def workspace(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "people.duckdb")) as database:
        database.execute("CREATE TABLE people (id INTEGER, name VARCHAR, email VARCHAR)")
        database.execute("INSERT INTO people VALUES (1, 'Ana', ?), (2, 'Bo', 'bo@example.com')", [SECRET])
    columns = (
        ViewColumn(name="id", type="integer"),
        ViewColumn(name="name", type="text"),
        ViewColumn(name="email", type="text"),
    )
    shop = Shop(
        name="People",
        database=str(tmp_path / "people.duckdb"),
        views=(View(name="people", columns=columns),),
        roles=(Role(name="clerk", masked=frozenset({("people", "email")})), Role(name="owner")),
        default_role="owner",
    )
    opened = open_workspace(shop)
    yield opened
    opened.close()


def heard_of(workspace: Workspace, sql: str, **options: object) -> list[Statement]:
    heard: list[Statement] = []
    with recording(heard.append), contextlib.suppress(UnsafeQuery, QueryFailed, QueryCancelled):
        workspace.run(sql, **options)  # type: ignore[arg-type]
    return heard


def test_a_statement_that_ran_is_told_as_it_ran(workspace: Workspace) -> None:
    [statement] = heard_of(workspace, "SELECT name FROM people")
    assert statement.sql == workspace.guard.check("SELECT name FROM people").sql
    assert (statement.verdict, statement.reason, statement.rows) == ("ran", "", 2)
    assert statement.seconds > 0


def test_a_refused_statement_is_told_with_its_reason(workspace: Workspace) -> None:
    [statement] = heard_of(workspace, "DROP TABLE people")
    assert (statement.sql, statement.verdict, statement.rows) == ("DROP TABLE people", "refused", 0)
    assert statement.reason


def test_an_error_of_the_database_is_told_without_the_value_that_it_quotes(workspace: Workspace) -> None:
    [statement] = heard_of(workspace, "SELECT CAST(email AS INTEGER) AS number FROM people")
    assert statement.verdict == "failed"
    assert statement.reason == "the database refused it: Conversion Error"
    heard: list[Statement] = []

    @recorded
    def fail(query: CheckedQuery) -> Table:
        raise QueryFailed(f"Conversion Error: Could not convert string '{SECRET}' to INT32")

    with recording(heard.append), pytest.raises(QueryFailed, match=SECRET):  # else this test proves nothing
        fail(workspace.guard.check("SELECT name FROM people"))
    assert heard[0].reason == "the database refused it: Conversion Error"


def test_a_stopped_statement_is_told_as_stopped(workspace: Workspace) -> None:
    stop = threading.Event()
    stop.set()
    statements = heard_of(workspace, "SELECT name FROM people", cancel=stop)
    assert [s.verdict for s in statements] == ["stopped"]


def test_threads_do_not_hear_of_each_other(workspace: Workspace) -> None:
    other: list[Statement] = []

    def elsewhere() -> None:
        with recording(other.append):
            workspace.run("SELECT id FROM people")

    here: list[Statement] = []
    with recording(here.append):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        workspace.run("SELECT name FROM people")
    assert ["name" in s.sql for s in here] == [True]
    assert ["id" in s.sql for s in other] == [True]
    workspace.run("SELECT name FROM people")
    assert len(here) == 1, "nothing is heard after the block"


@pytest.mark.parametrize(
    "message",
    [
        f"Conversion Error: Could not convert string '{SECRET}' to INT32",
        f"Conversion Error: Could not convert string 'it's {SECRET} ' here' to INT32",
        f'invalid input syntax for type integer: "{SECRET}"',
        f"(1292, \"Incorrect INTEGER value: '{SECRET}'\")",
        f"Invalid Input Error: missing ): ({SECRET}",
        f"{SECRET} Error: odd",
        f"Invalid Input Error: x\n{SECRET} Error",
    ],
)
def test_no_word_of_a_message_is_told_but_its_kind(message: str) -> None:
    assert "example" not in kind_of(QueryFailed(message))


def test_other_errors_are_told_by_what_happened() -> None:
    assert kind_of(QueryTimeout("10 s")) == "its time was up"
    assert kind_of(NotAllowed("SELECT 1", "email is hidden")) == "email is hidden"


def test_a_role_that_hides_something_is_not_whole() -> None:
    assert Role(name="owner", limits=QueryLimits(max_rows=5)).is_whole
    for hiding in (
        Role(name="a", views=frozenset({"people"})),
        Role(name="b", masked=frozenset({("people", "email")})),
        Role(name="c", rows={"people": "id = 1"}),
        Role(name="d", minimum_group=5),
    ):
        assert not hiding.is_whole
