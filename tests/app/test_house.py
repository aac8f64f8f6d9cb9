"""One process, many people, roles and shops: what is shared, what is closed, and that nothing leaks."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from roles_shop import build_roles_shop
from ui_shop import BY_COUNTRY, MAY, SHOP, Writer, build_shop

from app.errors import HouseClosed, WrongUse
from app.house import House, Seat, last_answer
from app.person import Person
from app.settings import Settings
from bot.answer import Answer
from bot.memory import Conversation
from sql.databases.duckdb_database import DuckdbDatabase
from sql.errors import DatabaseUnavailable

OWNER = Person(id="ana", role="owner")
GERMANY = Person(id="bo", role="branch", attributes={"country": "Germany", "product": "Lamp"})
FRANCE = Person(id="cy", role="branch", attributes={"country": "France", "product": "Chair"})
REVENUE, BY, SAY = "What was the revenue last month?", "Revenue by country last month", "What do buyers say?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[DuckdbDatabase]:
    """Every database that is opened while the test runs."""
    seen: list[DuckdbDatabase] = []
    init = DuckdbDatabase.__init__

    def noted(self: DuckdbDatabase, *arguments: Any, **more: Any) -> None:
        init(self, *arguments, **more)
        seen.append(self)

    monkeypatch.setattr(DuckdbDatabase, "__init__", noted)
    return seen


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    with House(settings, load=lambda _: Writer(BY_COUNTRY)) as house:
        yield house


@pytest.fixture
def shop(tmp_path: Path) -> str:
    return str(build_roles_shop(tmp_path / "shop"))


def ask(seat: Seat, question: str, talk: Conversation | None = None) -> Answer:
    return last_answer(seat.answer(question, talk))


def is_open(database: DuckdbDatabase) -> bool:
    try:
        database._cursor().close()
    except DatabaseUnavailable:
        return False
    return True


# --- nothing before it is needed --------------------------------------------------------------------------


def test_taking_a_seat_opens_nothing_and_a_figure_needs_no_text(
    settings: Settings, shop: str, opened: list[DuckdbDatabase]
) -> None:
    loaded: list[str] = []

    def load(_: Settings) -> Writer:
        loaded.append("model")
        return Writer(MAY)

    with House(settings, load=load) as house:
        seat = house.at(shop, OWNER)
        assert opened == [] and loaded == [] and not settings.home.exists()
        events = list(seat.answer(REVENUE))
        assert [events[0].name, events[0].data.what] == ["waiting", "values"]
        assert not settings.shops.exists(), "no index"
        assert "waiting" not in [e.name for e in seat.answer(REVENUE)], "the second waits for nothing"
        assert len(opened) == 1


def test_who_asks_about_reviews_is_told_that_they_are_read(house: House, shop: str) -> None:
    seat = house.at(shop, OWNER)
    ask(seat, REVENUE)
    waits = [e.data for e in seat.answer(SAY) if e.name == "waiting"]
    assert [(wait.what, wait.values["count"]) for wait in waits] == [("index", "4")]
    assert [e.data for e in seat.answer(SAY) if e.name == "waiting"] == []


# --- who may not ask --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (Person(role="boss"), "--role is 'boss'; shop 'Tiny' has owner, branch, partner"),
        (dataclasses.replace(GERMANY, attributes={"country": "Germany"}), "it needs --user product=…"),
    ],
)
def test_a_wrong_person_is_refused_before_anything_is_opened(
    person: Person, words: str, house: House, shop: str, opened: list[DuckdbDatabase]
) -> None:
    with pytest.raises(WrongUse, match=words):
        house.at(shop, person)
    assert opened == []


def test_a_person_does_not_change() -> None:
    attributes: dict[str, Any] = {"country": "Germany"}
    person = Person(id="bo", attributes=attributes)
    attributes["country"] = "France"
    assert person.attributes == {"country": "Germany"}
    with pytest.raises(TypeError):
        person.attributes["country"] = "France"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        person.role = "owner"  # type: ignore[misc]


# --- what is shared, and what is not ----------------------------------------------------------------------


def test_people_who_see_the_same_share_a_room_and_are_told_apart_in_the_log(
    house: House, shop: str, opened: list[DuckdbDatabase], settings: Settings
) -> None:
    other = Person(id="dora", role="branch", attributes={**GERMANY.attributes, "desk": 7})
    for person in (GERMANY, other):
        assert ask(house.at(shop, person), BY).tables[0].rows == (("Germany", 100),)
    assert len(opened) == 1
    lines = [json.loads(line) for line in settings.audit.read_text("utf-8").splitlines()]
    asked = [(e["person"], e["user"]) for e in lines if e["kind"] == "question"]
    assert asked == [("bo", dict(GERMANY.attributes)), ("dora", dict(other.attributes))]


@pytest.mark.parametrize("value", [7.0, "7"])
def test_a_number_and_a_text_of_the_same_look_are_not_the_same_person(
    value: object, house: House, shop: str, opened: list[DuckdbDatabase]
) -> None:
    for country in (7, value):
        attributes: Any = {"country": country, "product": "Lamp"}
        with house.room(shop, dataclasses.replace(GERMANY, attributes=attributes)):
            pass
    assert len(opened) == 2


def test_roles_with_the_same_rights_share_one_index_in_memory(house: House, tmp_path: Path) -> None:
    twins = SHOP.replace("  owner: {}\n", "  owner: {}\n  twin: {}\n")
    shop = str(build_shop(tmp_path / "twins", description=twins))
    indexes = []
    with house.room(shop, OWNER) as room, house.room(shop, Person(role="twin")) as other:
        for each in (room, other):
            assert each.texts is not None
            indexes.append(each.texts.open())
    assert indexes[0] is indexes[1] is not None


def test_a_conversation_is_not_gone_on_with_by_who_sees_something_else(house: House, shop: str) -> None:
    talk = Conversation()
    ask(house.at(shop, OWNER), BY, talk)
    ask(house.at(shop, GERMANY), BY, talk)
    assert len(talk.turns) == 1


# --- made anew --------------------------------------------------------------------------------------------


def test_a_description_that_was_edited_counts_from_the_next_question_on(house: House, shop: str) -> None:
    seat = house.at(shop, Person(role="partner"))
    assert ask(seat, REVENUE).status == "answered"
    text = Path(shop).read_text("utf-8")
    Path(shop).write_text(text.replace("  partner: {views: [sales, reviews], minimum_group: 2}\n", ""))
    with pytest.raises(WrongUse, match="--role is 'partner'"):
        ask(seat, REVENUE)


def test_an_edited_description_may_change_what_a_database_is_opened_with(
    house: House, shop: str, opened: list[DuckdbDatabase]
) -> None:
    """DuckDB opens a file once per process with one limit of memory: what is open of before has to go."""
    for person in (OWNER, GERMANY):
        ask(house.at(shop, person), BY)
    text = Path(shop).read_text("utf-8")
    Path(shop).write_text(text.replace("  owner: {}", "  owner: {limits: {max_memory_mb: 1500}}"), "utf-8")
    assert ask(house.at(shop, OWNER), BY).status == "answered"
    assert [is_open(database) for database in opened] == [False, False, True]


def test_after_an_hour_a_room_is_made_anew_with_the_day_and_values_of_then(
    settings: Settings, shop: str, opened: list[DuckdbDatabase]
) -> None:
    now = [0.0]
    with House(settings, load=lambda _: Writer(MAY), clock=lambda: now[0]) as house:
        seat = house.at(shop, OWNER)
        ask(seat, REVENUE)
        now[0] = 3_600.0
        ask(seat, REVENUE)
        assert len(opened) == 1
        now[0] = 3_601.0
        ask(seat, REVENUE)
        assert [is_open(database) for database in opened] == [False, True]


# --- closing ----------------------------------------------------------------------------------------------


def test_a_role_that_is_pushed_out_is_closed_and_comes_back(
    settings: Settings, shop: str, opened: list[DuckdbDatabase]
) -> None:
    with House(settings, load=lambda _: Writer(BY_COUNTRY), most_rooms=1) as house:
        for person in (GERMANY, FRANCE, GERMANY):
            expected = (("Germany", 100),) if person is GERMANY else (("France", 50),)
            assert ask(house.at(shop, person), BY).tables[0].rows == expected
        assert [is_open(database) for database in opened] == [False, False, True]
    assert not any(map(is_open, opened))


def test_nothing_is_closed_under_a_running_question(
    settings: Settings, shop: str, opened: list[DuckdbDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its room is pushed out and the whole house closed while its statement runs; it is answered."""
    may_run, is_running = threading.Event(), threading.Event()
    execute = DuckdbDatabase.execute

    def held_up(self: DuckdbDatabase, query: Any, *more: Any) -> Any:
        if "GROUP BY" in query.sql:
            is_running.set()
            may_run.wait(60)
        return execute(self, query, *more)

    monkeypatch.setattr(DuckdbDatabase, "execute", held_up)
    house = House(settings, load=lambda _: Writer(BY_COUNTRY), most_rooms=1)
    answers: list[Answer] = []
    seat = house.at(shop, GERMANY)
    asking = threading.Thread(target=lambda: answers.append(ask(seat, BY)))
    asking.start()
    assert is_running.wait(60)
    with house.room(shop, FRANCE):
        pass
    house.close()
    assert [is_open(database) for database in opened] == [True, False]
    may_run.set()
    asking.join()
    assert answers[0].status == "answered" and answers[0].tables[0].rows == (("Germany", 100),)
    assert not any(map(is_open, opened))
    with pytest.raises(HouseClosed):
        ask(seat, BY)


def test_a_closed_stream_gives_the_room_back(
    settings: Settings, shop: str, opened: list[DuckdbDatabase]
) -> None:
    house = House(settings, load=lambda _: Writer(BY_COUNTRY))
    events = house.at(shop, OWNER).answer(BY)
    while next(events).name != "understood":
        pass
    house.close()
    assert is_open(opened[0])
    events.close()  # type: ignore[attr-defined]
    assert not is_open(opened[0])


# --- all at once ------------------------------------------------------------------------------------------


def canary_shop(folder: Path, word: str) -> str:
    """The shop with roles, whose second country, product and review are named after ``word``."""
    shop = build_roles_shop(folder)
    with duckdb.connect(str(shop.parent / "shop.duckdb")) as database:
        for column, table in (("country", "raw_sales"), ("product", "raw_sales"), ("product", "raw_reviews")):
            database.execute(f"UPDATE {table} SET {column} = '{word}' || {column}")
        database.execute(f"UPDATE raw_reviews SET body = '{word} says: ' || body")
    return str(shop)


def test_many_people_of_two_shops_ask_at_once_and_nothing_leaks(
    settings: Settings, tmp_path: Path, opened: list[DuckdbDatabase]
) -> None:
    """Six people, four kinds of eyes, two shops, one place in the cache: no word of what another sees."""
    shops = {word: canary_shop(tmp_path / word, word) for word in ("Alba", "Bora")}

    def person(word: str, country: str, product: str) -> Person:
        seen: Any = {"country": f"{word}{country}", "product": f"{word}{product}"}
        return Person(id=f"{word}-{country}", role="branch", attributes=seen)

    kinds = (("Germany", "Lamp"), ("France", "Chair"))
    people = [(word, person(word, *rows), rows[0]) for word in shops for rows in kinds] * 2
    told: dict[int, str] = {}
    faults: list[BaseException] = []
    start = threading.Barrier(len(people))

    def work(number: int, word: str, who: Person) -> None:
        try:
            start.wait()
            talk = Conversation()
            for question in (BY, SAY, BY, "Show me reviews"):
                events = list(house.at(shops[word], who).answer(question, talk))
                assert events[-1].data.status == "answered", events[-1].data.text
                told[number] = told.get(number, "") + repr(events)
        except BaseException as fault:
            faults.append(fault)

    with House(settings, load=lambda _: Writer(BY_COUNTRY), most_rooms=1) as house:
        threads = [
            threading.Thread(target=work, args=(number, word, who))
            for number, (word, who, _) in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        start = threading.Barrier(1)
        for number, (word, who, _) in enumerate(people):  # and once more, one after the other
            work(number, word, who)
    assert not faults, faults[0]
    for number, (word, who, country) in enumerate(people):
        other = "Bora" if word == "Alba" else "Alba"
        elsewhere = kinds[country == "Germany"]
        assert f"{word}{country}" in told[number] and f"{word} says" in told[number], who
        assert other not in told[number], f"{who}: another shop's word"
        for hidden in elsewhere:
            assert f"{word}{hidden}" not in told[number], f"{who}: a hidden word"
    assert len(opened) > 4 and not any(map(is_open, opened)), "rooms came and went, and all are closed"
    log = settings.audit.read_text("utf-8").splitlines()
    for entry in map(json.loads, log):
        if entry["kind"] == "question":
            word = entry["person"].split("-")[0]
            assert all(("Bora" if word == "Alba" else "Alba") not in s["sql"] for s in entry["statements"])
