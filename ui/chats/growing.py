"""The message that grows, for chat programs whose messages can be changed."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from ui.chats.replies import Reply, words_in

logger = logging.getLogger(__name__)

GROW_S = 1.5
"""Seconds between two changes of a message that grows; programs take about 50 a minute from one app."""

Shown = TypeVar("Shown")
"""What one message shows, in the program's own form."""


class GrowingMessage(ABC, Generic[Shown]):
    """A :class:`ui.chats.seam.Message`: the first message changes, what it has no room for follows below.

    Args:
        clock: seconds that only grow.
    """

    program: ClassVar[str]
    """Its name in the log."""
    failures: ClassVar[tuple[type[Exception], ...]]
    """What a call to it may raise: it refused, or is out of reach."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._id: str | None = None
        self._shown_at = 0.0

    def grow(self, text: str) -> None:
        """See :class:`ui.chats.seam.Message`."""
        now = self._clock()
        if self._id is not None and now < self._shown_at + GROW_S:
            return
        self._shown_at = now
        try:
            if self._id is None:
                self._id = self.post(self.plain(text))
            else:
                self.update_if_free(self._id, self.plain(text))
        except self.failures as error:
            logger.warning("%s did not take a message that grows: %s", self.program, self.reason_of(error))

    def finish(self, reply: Reply, id: str) -> None:
        """See :class:`ui.chats.seam.Message`."""
        words = words_in(reply.language)
        try:
            first, *rest = self.pages(reply, id)
            self._show(first)
            for page in rest:
                self.post(page)
        except self.failures as error:
            logger.error("%s did not take an answer: %s", self.program, self.reason_of(error))
            self.note(words.say("not_shown"))
            return
        try:
            assert self._id is not None  # the first page is shown
            self.attach(self._id, reply, id)
        except self.failures as error:
            logger.error("%s did not take a file: %s", self.program, self.reason_of(error))
            self._try(lambda: self.post(self.plain(words.say("no_files"))))

    def note(self, sentence: str) -> None:
        """See :class:`ui.chats.seam.Message`."""
        self._try(lambda: self._show(self.plain(sentence)))

    def _show(self, shown: Shown) -> None:
        if self._id is None:
            self._id = self.post(shown)
        else:
            self.update(self._id, shown)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except self.failures as error:
            logger.error("%s did not take a message: %s", self.program, self.reason_of(error))

    # --- what an adapter writes ---

    @staticmethod
    @abstractmethod
    def reason_of(error: Exception) -> str:
        """Why a call failed, without what was sent."""

    @abstractmethod
    def plain(self, text: str) -> Shown:
        """A short text of whatever origin, shown as it stands."""

    @abstractmethod
    def pages(self, reply: Reply, id: str) -> Sequence[Shown]:
        """An answer as one message or more; ``id`` is what its buttons name."""

    @abstractmethod
    def post(self, shown: Shown) -> str:
        """Write a message and return what names it."""

    @abstractmethod
    def update(self, message: str, shown: Shown) -> None:
        """Change a message, once the program takes changes again."""

    @abstractmethod
    def update_if_free(self, message: str, shown: Shown) -> None:
        """Change a message, unless the program has told to wait."""

    @abstractmethod
    def attach(self, message: str, reply: Reply, id: str) -> None:
        """Show the chart and the files of an answer whose first page is ``message``."""
