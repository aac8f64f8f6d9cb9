"""``/v1/conversations``: whose they are, who may read them, and that nothing else of the page leads there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from served_shop import BY_COUNTRY, PLAIN, ServedShop, ask, serving

from app.conversations import Conversations
from app.errors import ConversationMissing
from app.house import last_answer
from app.page_talks import PageTalks
from app.person import Person
from app.team_store import Store
from sql.traces import Traces

GERMANY = {"country": "Germany", "product": "Lamp"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def person(name: str, role: str = "branch", **attributes: Any) -> Person:
    return Person(id=name, role=role, attributes=attributes or GERMANY)


def talks_of(served: ServedShop, who: Person) -> PageTalks:
    house = served.house
    return PageTalks(Conversations(house.store, house.shared.forgotten.times), house, served.desk.shop, who)


def begun(served: ServedShop, who: Person, *questions: str) -> str:
    """A conversation that the person had on the page."""
    talks, id = talks_of(served, who), ""
    for question in questions:
        held = talks.begin(id)
        answer = last_answer(served.desk.answer(who, question, held.memory))
        talks.keep(held, answer)
        id = held.id
    return id


def client(served: ServedShop, who: Person) -> httpx.Client:
    return served.client(served.key(who.id, who.role, **dict(who.attributes)))


def listed(http: httpx.Client, text: str = "") -> list[tuple[str, bool]]:
    found = http.get("/v1/conversations", params={"text": text}).json()["conversations"]
    return [(each["title"], each["shared"]) for each in found]


def test_they_are_listed_searched_renamed_and_deleted(served: ServedShop) -> None:
    bo = person("bo1")
    first, second = begun(served, bo, PLAIN, "and in April?"), begun(served, bo, BY_COUNTRY)
    with client(served, bo) as http:
        assert listed(http) == [(BY_COUNTRY, False), (PLAIN, False)]
        assert listed(http, "APRIL in") == [(PLAIN, False)] and listed(http, "%_'\" OR 1=1") == []
        named = http.patch(f"/v1/conversations/{first}", json={"title": " For\r\nthe\u202e board \x00"})
        assert named.json()["title"] == "For the board"
        for body, status in (
            ({"title": " \n"}, 422),
            ({}, 422),
            ({"person": "ana"}, 422),
            ({"title": 1}, 422),
        ):
            assert http.patch(f"/v1/conversations/{first}", json=body).status_code == status
        assert http.delete(f"/v1/conversations/{second}").status_code == 204
        assert http.delete(f"/v1/conversations/{second}").status_code == 404
        assert listed(http) == [("For the board", False)]
        going_on = ask(http, "and in June?", conversation=first)
        assert going_on.status_code == 404, "programs and the page have their own"
        asked = ask(http, PLAIN).json()["conversation"]
        assert listed(http) == [("For the board", False)]
        assert http.patch(f"/v1/conversations/{asked}", json={"shared": True}).status_code == 404


def test_a_shared_one_is_read_by_the_same_role_and_rows_only(served: ServedShop) -> None:
    bo, same = person("bo2"), person("di2")
    others = [
        person("cy2", country="France", product="Lamp"),
        person("ana2", "owner"),
        person("dee2", "partner"),
        person("bo2", "owner"),  # bo in another role
    ]
    id = begun(served, bo, BY_COUNTRY)
    with pytest.raises(ConversationMissing):
        talks_of(served, same).read(id)
    with client(served, bo) as http:
        assert http.patch(f"/v1/conversations/{id}", json={"shared": True}).json()["shared"] is True
        opened = talks_of(served, same).read(id)
        assert [turn.question for turn in opened.memory.turns] == [BY_COUNTRY] and not opened.is_own
        for other in others:
            with pytest.raises(ConversationMissing):
                talks_of(served, other).read(id)
        for other in (same, *others[:3]):
            with client(served, other) as stranger:
                answers = [
                    (stranger.patch(f"/v1/conversations/{each}", json={"title": "mine"}), each)
                    for each in (id, "0" * 32)
                ]
                assert {response.status_code for response, _ in answers} == {404}
                assert answers[0][0].content == answers[1][0].content
                assert stranger.delete(f"/v1/conversations/{id}").status_code == 404
                assert listed(stranger) == []
        http.patch(f"/v1/conversations/{id}", json={"shared": False})
    with pytest.raises(ConversationMissing):
        talks_of(served, same).read(id)


def test_a_stricter_role_is_another_audience(served: ServedShop) -> None:
    bo = person("bo3")
    id = begun(served, bo, BY_COUNTRY)
    written = served.shop.read_text("utf-8")
    try:
        served.shop.write_text(written.replace("[sales.sale_id]", "[sales.sale_id, sales.country]"), "utf-8")
        with pytest.raises(ConversationMissing):
            talks_of(served, bo).read(id)
        assert talks_of(served, bo).listed() == []
    finally:
        served.shop.write_text(written, "utf-8")
    assert talks_of(served, bo).read(id).is_own


def test_forgetting_reaches_the_name_of_a_conversation(served: ServedShop) -> None:
    bo = person("bo4")
    named, other = begun(served, bo, PLAIN), begun(served, bo, BY_COUNTRY)
    talks_of(served, bo).rename(named, "What Ana Weiss bought")
    traces = Traces(texts=("Ana Weiss",), pseudonym="forgotten-1")
    store = Store.of(served.settings)
    assert Conversations(store).forget(traces, is_dry=False) == 1
    store.close()
    assert [each.id for each in talks_of(served, bo).listed()] == [other]
    assert b"Ana Weiss" not in served.settings.store_file.read_bytes()


def test_nothing_that_was_answered_is_kept(served: ServedShop) -> None:
    id = begun(served, person("bo5"), BY_COUNTRY)
    assert talks_of(served, person("bo5")).read(id).memory.turns[0].read_as
    assert b"100.00" not in served.settings.store_file.read_bytes()
