"""What Feishu sends, and what is done about it: messages, mentions, presses of buttons.

A delivery is acknowledged at once and answered beside it. Who sent it is checked before (over HTTP by
``ui.chats.feishu.sealed``, else by the connection). Text of a message is a question and nothing else: who
asks is decided by the account that Feishu vouches for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from pydantic import ValidationError

from ui.chats.feishu.api import OpenApi
from ui.chats.feishu.calls import FAILURES, reason_of
from ui.chats.feishu.deliveries import Header, Press, Written, words_of
from ui.chats.feishu.growing_card import FeishuPlace, Toast, whisper
from ui.chats.reception import Reception
from ui.chats.repeats import Once
from ui.chats.replies import language_of, words_in

logger = logging.getLogger(__name__)

MESSAGE, PRESS = "im.message.receive_v1", "card.action.trigger"
"""The event and the callback that are heard; others are acknowledged only."""
TOAST_S = 2.0
"""Seconds in which a press gets its sentence; Feishu waits for three."""
WORKERS = 8


class BadDelivery(Exception):
    """It is none that Feishu sends."""


class Arrivals:
    """Takes deliveries. Safe to use from several threads."""

    def __init__(self, reception: Reception, api: OpenApi) -> None:
        self._reception = reception
        self._api = api
        self._deliveries = Once()
        self._messages = Once()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="feishu")

    def take(self, delivery: Mapping[str, Any]) -> dict[str, Any]:
        """Acknowledge a delivery, and handle it beside; one that came before is acknowledged only.

        Returns:
            What Feishu is answered with.
        Raises:
            BadDelivery: a part is missing.
        """
        try:
            header = Header.model_validate(delivery.get("header"))
            written = Written.model_validate(delivery.get("event")) if header.event_type == MESSAGE else None
            press = Press.model_validate(delivery.get("event")) if header.event_type == PRESS else None
        except ValidationError as error:  # its words quote what was sent
            raise BadDelivery(f"{error.error_count()} parts are missing or wrong") from None
        if not self._deliveries.is_new(header.event_id):
            return {}
        if written is not None:
            self._later(lambda: self._written(written))
        return self._pressed(press) if press is not None else {}

    def close(self) -> None:
        """Handle nothing more."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _later(self, work: Callable[[], None]) -> Future[None]:
        def run() -> None:
            try:
                work()
            except FAILURES as error:
                logger.error("A delivery of Feishu could not be handled: %s", reason_of(error))
            except Exception:
                logger.exception("A delivery of Feishu could not be handled")

        return self._workers.submit(run)

    def _written(self, written: Written) -> None:
        """A direct message, or a mention in a group; others are not read."""
        message, user = written.message, written.sender.sender_id.open_id
        # Programs are not answered: two could go on for ever.
        if written.sender.sender_type != "user" or not user:
            return
        if not self._messages.is_new(message.message_id):  # Feishu may send it as another delivery
            return
        is_alone = message.chat_type == "p2p"
        named = {each.id.open_id for each in message.mentions or ()}
        if not is_alone and self._api.bot().open_id not in named:
            return
        question = words_of(message)
        place = FeishuPlace(
            api=self._api,
            user=user,
            answers=message.message_id,
            in_thread=not is_alone,
            language=language_of(question) if question else "zh",
            tell=lambda sentence: self._tell(sentence, place, is_alone=is_alone),
        )
        try:
            is_foreign = not is_alone and self._api.is_external(message.chat_id)
        except FAILURES as error:
            logger.error("Feishu did not tell who may read in a group: %s", reason_of(error))
            place.tell(words_in(place.language).say("readers_unknown"))
            return
        # Below a message a thread goes by its first message, which is there before the thread has an id.
        first = message.root_id or message.thread_id or message.message_id
        self._reception.ask(
            user,
            question,
            place,
            room=message.chat_id,
            thread=(message.chat_id, first if message.thread_id or not is_alone else ""),
            language=place.language,
            is_foreign=is_foreign,
        )

    def _tell(self, sentence: str, place: FeishuPlace, *, is_alone: bool) -> None:
        if is_alone:
            place.message().note(sentence)
        else:
            whisper(self._api, place.user, sentence)

    def _pressed(self, press: Press) -> dict[str, Any]:
        user, value = press.operator.open_id or "", press.action.value
        language = "en" if value.language == "en" else "zh"
        toast = Toast(lambda sentence: whisper(self._api, user, sentence))
        place = FeishuPlace(
            api=self._api,
            user=user,
            answers=press.context.open_message_id,
            in_thread=False,  # where the card stands in a thread, so does what answers it
            language=language,
            tell=toast.say,
        )
        work = self._later(
            lambda: self._reception.press(user, value.id, value.kind, place, language=language)
        )
        wait([work], TOAST_S)
        sentence = toast.close()
        return {"toast": {"type": "info", "content": sentence}} if sentence else {}
