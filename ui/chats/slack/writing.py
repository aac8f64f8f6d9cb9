"""Messages in Slack: one that grows, and the places where somebody writes or presses a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ui.chats.growing import GrowingMessage
from ui.chats.replies import Reply
from ui.chats.slack.blocks import messages, notice, plain_blocks, sql_blocks
from ui.chats.slack.literal import notification
from ui.chats.slack.rich_text import Element
from ui.chats.slack.wire import FAILURES, Wire, reason_of
from ui.chats.strangers_words import literal


class Page(NamedTuple):
    """One message."""

    blocks: Sequence[Element]
    text: str
    """Its notification."""


class SlackMessage(GrowingMessage[Page]):
    """See :class:`ui.chats.seam.Message`.

    Args:
        thread: what it answers in; ``None`` outside threads.
        has_person: whether a person can be asked.
    """

    program = "Slack"
    failures = FAILURES
    reason_of = staticmethod(reason_of)

    def __init__(self, wire: Wire, channel: str, thread: str | None, *, has_person: bool) -> None:
        super().__init__(wire.clock)
        self._wire = wire
        self._channel = channel
        self._thread = thread
        self._has_person = has_person

    def plain(self, text: str) -> Page:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        return Page(plain_blocks(text), notification(text))

    def pages(self, reply: Reply, id: str) -> list[Page]:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        text = notice(reply)
        return [Page(blocks, text) for blocks in messages(reply, id, has_person=self._has_person)]

    def post(self, shown: Page) -> str:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        return self._wire.post(self._channel, self._thread, shown.blocks, shown.text)

    def update(self, message: str, shown: Page) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        self._wire.update(self._channel, message, shown.blocks, shown.text)

    def update_if_free(self, message: str, shown: Page) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        self._wire.update_if_free(self._channel, message, shown.blocks, shown.text)

    def attach(self, message: str, reply: Reply, id: str) -> None:
        """See :class:`ui.chats.growing.GrowingMessage`."""
        files = [
            {"filename": each.name, "content": each.content, "title": literal(each.title),
             "alt_txt": literal(each.description) or None}
            for each in reply.attachments()
        ]  # fmt: skip
        if files:
            self._wire.upload(self._channel, self._thread, files)


@dataclass(frozen=True, kw_only=True)
class SlackPlace:
    """A :class:`ui.chats.reception.Place`."""

    wire: Wire
    channel: str
    thread: str | None
    """What is answered in; ``None`` outside threads."""
    user: str
    is_alone: bool
    """Whether nobody else reads there."""
    has_person: bool
    """Whether a person can be asked."""

    def message(self) -> SlackMessage:
        """See :class:`ui.chats.reception.Place`."""
        return SlackMessage(self.wire, self.channel, self.thread, has_person=self.has_person)

    def tell(self, sentence: str) -> None:
        """See :class:`ui.chats.reception.Place`."""
        if self.is_alone:
            self.message().note(sentence)
        else:
            self.wire.whisper(self.channel, self.user, self.thread, sentence)

    def show_sql(self, statements: Sequence[str]) -> None:
        """See :class:`ui.chats.reception.Place`."""
        for blocks in sql_blocks(statements):
            self.wire.whisper(self.channel, self.user, self.thread, "SQL", blocks)
