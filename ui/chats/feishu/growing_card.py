"""Messages in Feishu: a card that grows, and the places where somebody writes or presses a button."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from ui.chats.feishu.api import OpenApi
from ui.chats.feishu.calls import FAILURES, reason_of
from ui.chats.feishu.cards import Card, Picture, cards, plain_cards
from ui.chats.growing import GrowingMessage
from ui.chats.replies import Reply, words_in

logger = logging.getLogger(__name__)


class FeishuMessage(GrowingMessage[Card]):
    """See :class:`ui.chats.seam.Message`.

    Args:
        answers: the message that is answered.
        in_thread: begins a thread below it, where it stands in none.
    """

    program = "Feishu"
    failures = FAILURES
    reason_of = staticmethod(reason_of)

    def __init__(self, api: OpenApi, answers: str, *, in_thread: bool) -> None:
        super().__init__(api.clock)
        self._api = api
        self._answers = answers
        self._in_thread = in_thread

    def plain(self, text: str) -> Card:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        return plain_cards(text)[0]

    def pages(self, reply: Reply, id: str) -> list[Card]:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        return cards(reply, id)

    def post(self, shown: Card) -> str:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        return self._api.reply(self._answers, "interactive", shown, in_thread=self._in_thread)

    def update(self, message: str, shown: Card) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        self._api.update(message, shown)

    def update_if_free(self, message: str, shown: Card) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        self._api.update_if_free(message, shown)

    def attach(self, message: str, reply: Reply, id: str) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`; the chart comes into the first card."""
        for each in reply.attachments():
            if each.name.endswith(".png"):
                key = self._api.upload_picture(each.content)
                picture = Picture(key=key, description=each.description or each.title)
                first, *_ = cards(reply, id, picture)
                self.update(message, first)
            else:
                key = self._api.upload_file(each.name, each.content)
                self._api.reply(self._answers, "file", {"file_key": key}, in_thread=self._in_thread)


@dataclass(frozen=True, kw_only=True)
class FeishuPlace:
    """A :class:`ui.chats.reception.Place`."""

    api: OpenApi
    user: str
    answers: str
    """The message that is answered: theirs, or the card with the button."""
    in_thread: bool
    """Whether answering begins a thread."""
    language: str
    tell: Callable[[str], None]
    """Says something to them alone."""

    def message(self) -> FeishuMessage:
        """See :class:`ui.chats.reception.Place`."""
        return FeishuMessage(self.api, self.answers, in_thread=self.in_thread)

    def show_sql(self, statements: Sequence[str]) -> None:
        """See :class:`ui.chats.reception.Place`; it comes as a direct message."""
        is_sent = whisper(self.api, self.user, "\n\n".join(statements))
        self.tell(words_in(self.language).say("sent_privately" if is_sent else "not_shown"))


class Toast:
    """The sentence that answers a press of a button, if it comes in time.

    Args:
        late: says one that does not.
    """

    def __init__(self, late: Callable[[str], object]) -> None:
        self._late = late
        self._lock = Lock()
        self._sentence = ""
        self._is_over = False

    def say(self, sentence: str) -> None:
        """Show it."""
        with self._lock:
            if not self._is_over:
                self._sentence = sentence
                return
        self._late(sentence)

    def close(self) -> str:
        """What was said until now; the rest is late."""
        with self._lock:
            self._is_over = True
            return self._sentence


def whisper(api: OpenApi, user: str, text: str) -> bool:
    """Write to somebody alone; a failure is logged.

    Returns:
        Whether Feishu took it.
    """
    try:
        for card in plain_cards(text):
            api.send(user, "interactive", card)
    except FAILURES as error:
        logger.error("Feishu did not take a message: %s", reason_of(error))
        return False
    return True
