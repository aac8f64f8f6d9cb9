"""The store of a team in SQLite and in a real PostgreSQL: the same behaviour, and what is told of trouble."""

from __future__ import annotations

import contextlib
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import Server

from app.conversations import HELD_S, Conversations, Talk
from app.errors import BadKey, ConversationBusy, ConversationMissing, StoreAway, WrongUse
from app.feedback_log import FeedbackLog
from app.keyring import Keyring
from app.person import Person
from app.settings import Settings
from app.store_tables import REVISIONS, TABLES
from app.team_store import Store
from bot.answer import Answer
from bot.memory import Conversation, Turn
from sql.traces import Traces

ROOT = Path(__file__).parent.parent.parent
Open = Callable[[str], Store]
ANA, BO = Person(id="ana"), Person(id="bo")


def answer(id: str, forgotten: int = 0, question: str = "Orders of Ana Weiss") -> Answer:
    return Answer(
        question=question, standalone_question=question, language="en", skill="ask_sql", status="answered",
        text="t", id=id, forgotten=forgotten,
    )  # fmt: skip


def turn(question: str) -> Turn:
    return Turn(question=question, standalone_question=question, skill="ask_sql", status="answered")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Server = request.getfixturevalue("postgres_server")
    return server.create_database(re.sub(r"\W", "_", f"store_{tmp_path.name}").lower()[:60]).admin_url


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens a store as a process of its own would, and closes it after the test."""
    with contextlib.ExitStack() as stack:

        def open_store(address: str) -> Store:
            store = Store(address)
            stack.callback(store.close)
            return store

        yield open_store


@pytest.fixture
def store(address: str, opened: Open) -> Store:
    return opened(address)


def begun(talks: Conversations, person: Person, *questions: str) -> Talk:
    """A conversation that is kept, and held by nobody."""
    talk = talks.begin(person, None)
    for question in questions:
        talk.memory.add(turn(question))
    talks.keep(talk, answer(talk.id[:12], question=questions[0] if questions else ""))
    return talk


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


# --- the same in both ---


def test_people_and_their_keys_are_known_to_every_process(address: str, tmp_path: Path, opened: Open) -> None:
    here, there = (Keyring(opened(address), tmp_path / "people.yml") for _ in range(2))
    assert not here.has_people and not there.has_people
    key = here.add("ana", role="owner", attributes={"country": ("A", "B")}).text
    assert there.has_people and there.person_of_key(key).attributes == {"country": ("A", "B")}
    token = there.open_session(key)
    assert here.person_of_session(token).id == "ana"
    here.revoke("ana")
    with pytest.raises(BadKey):
        there.person_of_session(token)


def test_a_conversation_goes_on_in_another_process(address: str, opened: Open) -> None:
    here, there = Conversations(opened(address)), Conversations(opened(address))
    id = begun(here, ANA).id
    talk = here.begin(ANA, id)
    with pytest.raises(ConversationBusy):
        there.begin(ANA, id)
    talk.memory.enter("readers")
    talk.memory.add(turn("Umsatz? 销售额 \U0001f600 ' \" %s :x"))
    here.keep(talk, answer("0123456789a1"))
    found = there.begin(ANA, id)
    assert found.memory == talk.memory
    told = there.answer(ANA, "0123456789a1")
    assert told is not None and (told.question, told.skill) == ("Orders of Ana Weiss", "ask_sql")
    assert there.answer(BO, "0123456789a1") is None
    with pytest.raises(ConversationMissing):
        there.begin(BO, talk.id)
    for each in (here, there):
        each.close()


def test_who_ended_in_the_middle_holds_a_conversation_no_longer_than_said(address: str, opened: Open) -> None:
    clock = Clock()
    here, there = Conversations(opened(address), clock=clock), Conversations(opened(address), clock=clock)
    talk = here.begin(ANA, begun(here, ANA).id)
    here.close()  # it gives no sign of life any more
    clock.now += HELD_S - 1
    with pytest.raises(ConversationBusy):
        there.begin(ANA, talk.id)
    clock.now += 2
    there.begin(ANA, talk.id)
    talk.memory.add(turn("late"))
    with pytest.raises(ConversationBusy):
        here.keep(talk, answer("0123456789ff"))
    assert there.answer(ANA, "0123456789ff") is None, "nothing was kept, so nobody is told"
    here.release(talk)
    with pytest.raises(ConversationBusy):
        here.begin(ANA, talk.id)
    there.close()


def test_one_person_pushes_out_only_their_own_and_never_what_is_held(store: Store) -> None:
    clock = Clock()
    talks = Conversations(store, most_each=3, most_all=5, clock=clock)
    other, held = begun(talks, BO), talks.begin(ANA, begun(talks, ANA).id)
    ids = []
    for _ in range(5):
        clock.now += 1
        ids.append(begun(talks, ANA).id)
    for person, id in ((BO, other.id), *((ANA, id) for id in ids[-2:])):
        talks.release(talks.begin(person, id))
    with pytest.raises(ConversationMissing):
        talks.begin(ANA, ids[0])
    with pytest.raises(ConversationBusy):
        talks.begin(ANA, held.id)
    for number in range(4):
        clock.now += 1
        begun(talks, Person(id=f"p{number}"))
    with pytest.raises(ConversationMissing):
        talks.begin(BO, other.id)  # too many of all together
    talks.close()


@pytest.mark.parametrize("id", ["", "no id", "a\x00b", "\ud800", "x" * 64, "' OR 1=1 --", "0" * 65])
def test_what_can_be_no_id_is_none_and_reaches_no_database(store: Store, id: str) -> None:
    talks = Conversations(store)
    with pytest.raises(ConversationMissing):
        talks.begin(ANA, id)
    assert talks.answer(ANA, id) is None


def test_nothing_is_written_of_a_new_conversation_before_its_first_answer(store: Store) -> None:
    talks = Conversations(store)
    talk = talks.begin(ANA, None)
    talks.release(talk)
    with pytest.raises(ConversationMissing):
        talks.begin(ANA, talk.id)
    talks.close()


def test_a_conversation_is_recalled_by_what_was_asked_in_it(store: Store) -> None:
    talks, memory = Conversations(store), Conversation(turns=[turn("a")], readers="x")
    assert talks.recall(ANA, ["a"]) is None
    talks.remember(ANA, ["a"], memory, answer("1"))
    memory.add(turn("a"))
    talks.remember(ANA, ["a"], memory, answer("2"))
    assert talks.recall(ANA, ["a"]) == memory and talks.recall(BO, ["a"]) is None


def test_forgetting_reaches_all_of_it(store: Store, tmp_path: Path) -> None:
    talks, log = Conversations(store), FeedbackLog(store)
    keyring = Keyring(store, tmp_path / "people.yml")
    for name, question in (("ana.weiss@shop.example", "Orders of ana.weiss@shop.example"), ("bo", "Orders")):
        keyring.add(name, role="owner")
        begun(talks, Person(id=name), question)
        log.add(answer(name[:3], question=question), "up")
    traces = Traces(texts=("ana.weiss@shop.example",), pseudonym="forgotten-1")
    for is_dry in (True, False):
        assert [each.forget(traces, is_dry=is_dry) for each in (talks, log, keyring)] == [2, 1, 1]
    assert [each.forget(traces, is_dry=True) for each in (talks, log, keyring)] == [0, 0, 0]
    assert [each.answer for each in log.read()] == ["bo"] and [m.name for m in keyring.members()] == ["bo"]
    file = tmp_path / "store.db"
    assert not file.exists() or b"ana.weiss" not in file.read_bytes(), "no free page holds it"
    assert keyring.has_people


def test_what_is_from_before_somebody_was_forgotten_is_not_written_again(store: Store) -> None:
    talks = Conversations(store, lambda: 1)
    talk = begun(talks, ANA, "Orders of Ana Weiss")
    told = talks.answer(ANA, talk.id[:12])
    assert talks.begin(ANA, talk.id).memory == Conversation() and told is not None and told.question == ""
    talks.close()


def test_who_was_the_last_to_be_forgotten_leaves_the_door_closed(store: Store, tmp_path: Path) -> None:
    keyring = Keyring(store, tmp_path / "people.yml")
    keyring.add("ana.weiss@shop.example", role="owner")
    traces = Traces(texts=("ana.weiss@shop.example",), pseudonym="forgotten-1")
    keyring.forget(traces, is_dry=False)
    again = Keyring(store, tmp_path / "people.yml")
    assert again.members() == () and again.has_people, "a server of this computer's own is open to all on it"


# --- its tables from version to version ---


def test_the_steps_make_the_tables_that_the_program_knows(store: Store) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import inspect

    config = Config()
    config.set_main_option("script_location", str(ROOT / "app" / "migrations"))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS
    with store.begin() as connection:
        found = inspect(connection)
        for table in TABLES.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}, table.name
            assert found.get_pk_constraint(table.name)["constrained_columns"] == list(
                table.primary_key.columns.keys()
            )


def test_the_people_of_an_earlier_version_are_taken_over(tmp_path: Path) -> None:
    settings, older = Settings(home=tmp_path), tmp_path / "people.db"
    with contextlib.closing(sqlite3.connect(older)) as database:
        database.executescript(
            "CREATE TABLE people (name VARCHAR PRIMARY KEY, role VARCHAR, attributes VARCHAR);"
            "CREATE TABLE keys (id VARCHAR PRIMARY KEY, person VARCHAR NOT NULL, hash VARCHAR NOT NULL,"
            " created_at VARCHAR NOT NULL, expires_at VARCHAR, revoked_at VARCHAR);"
            "CREATE TABLE sessions (digest VARCHAR PRIMARY KEY, key VARCHAR NOT NULL,"
            " expires_at VARCHAR NOT NULL);"
            "INSERT INTO people VALUES ('ana', 'owner', '{}');"
            "INSERT INTO keys VALUES ('0123456789ab', 'ana', 'x', '2026-11-01T00:00:00.000000+00:00',"
            " NULL, NULL);"
        )
    keyring = Keyring.of(settings)
    assert keyring.has_people and [m.name for m in keyring.members()] == ["ana"]
    assert not older.exists() and settings.store_file.exists()
    assert [member.keys[0].id for member in keyring.members()] == ["0123456789ab"]


def test_a_newer_programs_store_is_left_as_it_is(address: str, opened: Open) -> None:
    store = opened(address)
    store.check()
    Keyring(store, Path("people.yml")).add("ana", role="owner")
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongUse, match=r"written by a newer Shoptalk \(its tables are of version 9999"):
        Keyring(opened(address), Path("people.yml")).members()


# --- trouble ---


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", r"SHOPTALK_STORE is no database's address; expected postgresql\+psycopg://USER"),
        ("mysql://u:geheim@h/d", r"begins with 'mysql'; expected postgresql\+psycopg://USER"),
        ("postgresql+psycopg://u:geheim@h", r"expected postgresql\+psycopg://USER:PASSWORD@HOST/NAME"),
        ("postgresql://u:geheim@127.0.0.1:9/team", "cannot be opened: .*Is the server running"),
        ("sqlite://", "expected postgresql"),
        ("sqlite:////proc/nowhere/store.db", "cannot be opened|No such file"),
    ],
)
def test_a_wrong_address_is_told_in_one_sentence_without_its_password(address: str, words: str) -> None:
    with pytest.raises((WrongUse, StoreAway)) as caught:
        store = Store(address)
        Keyring(store, Path("people.yml")).add("ana", role="owner") if "sqlite" in address else store.check()
    told = str(caught.value)
    assert re.search(words, told) and "geheim" not in told and "\n" not in told


def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(StoreAway, match=r"store\.db cannot be used now: file is not a database"):
        Store.in_file(path).check()
    assert path.read_bytes() == b"no database " * 100


def test_a_wrong_password_is_told_with_the_way_out(postgres_server: Server) -> None:
    address = postgres_server.admin_url.replace(postgres_server.admin_password, "wrong")
    with pytest.raises(WrongUse, match=r"password authentication failed.*are user, password") as caught:
        Store(address).check()
    assert "wrong" not in str(caught.value)


def test_a_database_that_went_away_is_told_and_used_again_when_it_is_back(
    postgres_server: Server, tmp_path: Path, opened: Open
) -> None:
    database = postgres_server.create_database("goes_away")
    keyring = Keyring(opened(database.admin_url), tmp_path / "people.yml")
    key = keyring.add("ana", role="owner").text
    postgres_server.execute("ALTER DATABASE goes_away ALLOW_CONNECTIONS false")
    postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'goes_away'"
    )
    with pytest.raises(StoreAway, match="cannot be used now") as caught:
        keyring.person_of_key(key)
    assert postgres_server.admin_password not in str(caught.value)
    postgres_server.execute("ALTER DATABASE goes_away ALLOW_CONNECTIONS true")
    assert keyring.person_of_key(key).id == "ana"


FULL = """
import resource, signal, sys
from pathlib import Path
from app.errors import StoreAway
from app.feedback_log import FeedbackLog
from app.team_store import Store
from bot.feedback import Told
log = FeedbackLog(Store.in_file(Path(sys.argv[1])))
told = lambda id: Told(id=id, question="q", standalone_question="q", skill="s", sql=(), forgotten=0)
log.judge(told("first"), "up")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (Path(sys.argv[1]).stat().st_size,) * 2)
kept = 0
try:
    for kept in range(1000):
        log.judge(told(str(kept)), "down", "x" * 2000)
except StoreAway as error:
    print(kept, error)
"""


def test_a_full_disk_loses_nothing_that_was_said_to_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    kept, _, told = done.stdout.partition(" ")
    assert "cannot be used now" in told and "Nothing was changed" in told, done.stderr
    found = [each.answer for each in FeedbackLog(Store.in_file(path)).read()]
    assert found == ["first", *map(str, range(int(kept)))]
