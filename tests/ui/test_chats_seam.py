"""The seam of all chats, with an adapter of a few lines: what a chat program needs, and no more."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from roles_shop import build_roles_shop
from served_shop import BY_COUNTRY, HARD, PLAIN, Held, until

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.person import Person
from app.settings import Settings
from telling.phrases import plain_text
from ui.chats import Chat, Reply
from ui.chats.replies import reply_of

ANA, BEN = (
    Person(id="ana"),
    Person(id="ben", role="branch", attributes={"country": "Germany", "product": "Lamp"}),
)


class Recorder:
    """A whole chat program."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.reply: Reply | None = None
        self.id = self.told = ""

    def grow(self, text: str) -> None:
        self.steps.append(text)

    def finish(self, reply: Reply, id: str) -> None:
        self.id, self.reply, self.told = id, reply, plain_text(reply.text)

    def note(self, sentence: str) -> None:
        self.told = sentence


class Place:
    def __init__(self, folder: Path) -> None:
        self.engine = Held()
        shop = build_roles_shop(folder / "shop")
        self.house = House(Settings(home=folder / "home"), load=lambda _: self.engine)
        self.desk = Desk(self.house, str(shop), Allowance(0, 0))
        self.desk.state = "ready"
        self.chat = Chat(self.desk)

    def ask(self, person: Person, question: str, *, thread: str = "t") -> Recorder:
        recorder = Recorder()
        self.chat.ask(person, thread, question, recorder)
        return recorder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.engine.may_write.set()
    place.chat.close()
    place.house.close()


def test_a_message_grows_and_ends_as_an_answer_with_what_its_buttons_need(place: Place) -> None:
    message = place.ask(ANA, BY_COUNTRY)
    until(lambda: message.reply is not None)
    assert message.steps[0].startswith("Looking into it") and "Germany" in message.steps[-1]
    asked = place.chat.asked(message.id, ANA)
    assert asked is not None and asked.period_before == "And in April 2026?" and "SUM" in asked.sql[0]
    assert not any(table.rows for table in asked.answer.tables), "no rows are kept"
    assert place.chat.asked(message.id, BEN) is None and place.chat.asked("no", ANA) is None


def test_the_end_waits_for_all_that_was_taken_and_stops_what_takes_too_long(place: Place) -> None:
    place.engine.may_write.clear()
    first, second = place.ask(ANA, HARD), place.ask(ANA, PLAIN)
    assert place.engine.asked.wait(20)
    ending = threading.Thread(target=place.desk.stop, args=(30,))
    ending.start()
    until(lambda: place.desk.state == "stopping")
    assert "takes no more questions" in place.ask(ANA, PLAIN).told
    place.engine.may_write.set()
    ending.join(30)
    assert first.reply is not None and second.reply is not None


def test_what_is_stopped_at_the_end_says_so(place: Place) -> None:
    place.engine.may_write.clear()
    message = place.ask(ANA, HARD)
    assert place.engine.asked.wait(20)
    place.desk.stop(0)
    until(lambda: message.told)
    assert message.told.startswith("Stopped.") and message.reply is None


def test_many_tables_come_in_one_archive(place: Place) -> None:
    message = place.ask(ANA, BY_COUNTRY)
    until(lambda: message.reply is not None)
    assert message.reply is not None
    answer = message.reply.answer
    many = reply_of(type(answer)(**{**vars(answer), "tables": answer.tables * 5, "chart": None}), None)
    (archive,) = many.attachments()
    with zipfile.ZipFile(io.BytesIO(archive.content)) as zipped:
        assert zipped.namelist() == [f"table-{number}.csv" for number in range(1, 6)]
        assert zipped.read("table-5.csv").decode("utf-8-sig").split()[2] == "France,50"


def test_the_seam_knows_no_chat_program() -> None:
    code = (
        "import sys, ui.chats, ui.chats.growing, ui.chats.layout, ui.chats.process, ui.chats.reception; "
        "sys.exit(bool({'slack_sdk', 'slack_bolt', 'lark_oapi', 'Crypto'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
