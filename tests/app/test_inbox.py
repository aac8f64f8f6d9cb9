"""What the watch has told: once, whatever its readers do with it, and one file for several writers."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path

import pytest

from app.errors import WrongUse
from app.inbox import Inbox, Memory, Message, Told, message_id

NOON = dt.datetime(2026, 6, 28, 12, tzinfo=dt.UTC)


def told(first: str, last: str, *, metric: str = "orders", value: str = "", side: int = 1) -> Told:
    return Told(metric=metric, by="country" if value else "", value=value, side=side, first=first, last=last)


def message(series: Told, day: str = "2026-06-20") -> Message:
    text = {"en": "Orders fell.", "zh": "订单减少。"}
    id = message_id(dt.date.fromisoformat(day), series)
    return Message(id=id, day=day, text=text, see="unusual metric=orders", series=(series,))


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "watch" / "a.json", lambda: NOON)


def put(inbox: Inbox, *messages: Message) -> None:
    with inbox.changed() as memory:
        memory.messages += messages


FIRST = told("2026-06-10", "2026-06-12")
AGAIN = [
    (told("2026-06-11", "2026-06-14"), False),
    (told("2026-06-18", "2026-06-20"), False),
    (told("2026-06-25", "2026-06-26"), True),
    (told("2026-06-11", "2026-06-14", side=-1), True),
    (told("2026-06-11", "2026-06-14", value="Italy"), True),
]


@pytest.mark.parametrize(("again", "is_news"), AGAIN, ids=str)
def test_the_same_event_is_news_once(again: Told, is_news: bool):
    assert Memory(messages=[message(FIRST)]).is_news([again], slack_days=7) is is_news


def test_an_event_that_goes_on_stays_the_same_one():
    memory = Memory(messages=[message(FIRST)])
    for day in range(13, 30):
        assert not memory.is_news([told("2026-06-10", f"2026-06-{day}")], slack_days=7)
    joined = told("2026-06-11", "2026-06-29", value="Italy")
    assert not memory.is_news([told("2026-06-10", "2026-06-29"), joined], slack_days=7)
    assert not memory.is_news([joined], slack_days=7), "a part that joined it is known from then on"
    later = told("2026-06-25", "2026-06-29", value="France")
    assert memory.is_news([later, joined], slack_days=7), "what begins later is another event"


@pytest.mark.parametrize("muted", ["orders", "orders by country=Italy"])
def test_a_muted_series_is_no_news(muted: str):
    memory = Memory(muted=[muted])
    assert not memory.is_news([told("2026-06-10", "2026-06-12", value="Italy")], slack_days=7)
    assert memory.is_news([told("2026-06-10", "2026-06-12", value="France")], slack_days=7) is (
        muted != "orders"
    )


def test_messages_wait_until_they_are_acknowledged(inbox: Inbox):
    one, two = message(FIRST), message(told("2026-06-01", "2026-06-02", metric="visits"))
    assert inbox.waiting() == []
    put(inbox, one, two)
    assert inbox.waiting() == [one, two]
    inbox.acknowledge(one.id)
    assert inbox.waiting() == [two] and len(inbox.read().messages) == 2


def test_a_snoozed_message_comes_back(inbox: Inbox):
    put(inbox, message(FIRST))
    inbox.snooze(message(FIRST).id, dt.timedelta(days=2))
    assert inbox.waiting() == []
    later = Inbox(inbox.path, lambda: NOON + dt.timedelta(days=2, seconds=1))
    assert [each.id for each in later.waiting()] == [message(FIRST).id]


def test_what_is_not_there_is_said_with_the_way_out(inbox: Inbox):
    with pytest.raises(WrongUse, match="no message 'abc'; shoptalk watch --inbox"):
        inbox.acknowledge("abc")
    inbox.mute("orders")
    with pytest.raises(WrongUse, match="'visits' is not muted; muted: orders"):
        inbox.unmute("visits")
    inbox.unmute("orders")
    assert inbox.read().muted == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 9}', '{"format": 1, "messages": [{"id": 1}], "muted": []}']
)
def test_a_damaged_file_is_named_and_left_as_it_is(inbox: Inbox, text: str):
    inbox.path.parent.mkdir(parents=True)
    inbox.path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUse, match=r"a\.json holds what the watch has told and cannot be read"):
        inbox.mute("orders")
    assert inbox.path.read_text(encoding="utf-8") == text


def test_a_block_that_fails_keeps_what_was_there(inbox: Inbox):
    put(inbox, message(FIRST))
    before = inbox.path.read_bytes()
    with pytest.raises(ValueError, match="stopped"), inbox.changed() as memory:
        memory.messages.clear()
        raise ValueError("stopped")
    assert inbox.path.read_bytes() == before


def test_several_writers_lose_nothing(inbox: Inbox):
    def work(number: int) -> None:
        for turn in range(5):
            Inbox(inbox.path).mute(f"{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(inbox.path.read_bytes())["muted"]) == sorted(
        f"{number}-{turn}" for number in range(4) for turn in range(5)
    )
