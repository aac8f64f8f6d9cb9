"""What Feishu sends, and what is done about it: messages, mentions, presses of buttons.

A delivery is acknowledged at once and answered beside it. Who sent it is checked before (over HTTP by
``ui.chats.feishu.sealed``, else by the connection). Text of a message is a question and nothing else: who
asks is decided by the account that Feishu vouches for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from pydantic import BaseModel, ValidationError

from ui.chats.feishu.api import FAILURES, OpenApi, reason_of
from ui.chats.feishu.message import FeishuPlace, Toast, whisper
from ui.chats.once import Once
from ui.chats.reception import Reception
from ui.chats.replies import language_of, words_in

logger = logging.getLogger(__name__)

MESSAGE, PRESS = "im.message.receive_v1", "card.action.trigger"
"""The event and the callback that are heard; others are acknowledged only."""
TOAST_S = 2.0
"""Seconds in which a press gets its sentence; Feishu waits for three."""
WORKERS = 8


class Account(BaseModel):
    """Somebody, as this app knows them; some programs have no id."""

    open_id: str | None = None


class Mention(BaseModel):
    """``key`` stands in the text for them."""

    key: str
    id: Account


class Sender(BaseModel):
    """Who wrote."""

    sender_id: Account
    sender_type: str


class Message(BaseModel):
    """What was written, and where."""

    message_id: str
    chat_id: str
    chat_type: str
    message_type: str
    content: str
    root_id: str | None = None
    """The first message that this one answers."""
    thread_id: str | None = None
    mentions: list[Mention] | None = None


class Written(BaseModel):
    """A message in a chat with the bot, or in a group that it is in."""

    sender: Sender
    message: Message


class Value(BaseModel):
    """What a button of ours brings back."""

    id: str
    kind: str
    language: str


class Action(BaseModel):
    """What was done to a card."""

    value: Value


class Card(BaseModel):
    """Which card it was."""

    open_message_id: str


class Press(BaseModel):
    """A button of a card."""

    operator: Account
    action: Action
    context: Card


class Header(BaseModel):
    """What every delivery begins with."""

    event_id: str
    event_type: str


class BadDelivery(Exception):
    """It is none that Feishu sends."""


class Events:
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


def words_of(message: Message) -> str:
    """What somebody wrote, without mentions; empty for pictures and the like."""
    try:
        content = json.loads(message.content)
    except ValueError:
        return ""
    text = " ".join(_texts(content)) if isinstance(content, dict) else ""
    for key in sorted((each.key for each in message.mentions or ()), key=len, reverse=True):  # 10 before 1
        text = text.replace(key or "@_all", " ")
    whole = text.replace("@_all", " ").encode(errors="ignore").decode()  # JSON may hold half a character
    return " ".join(whole.split())


def _texts(content: Mapping[str, Any]) -> list[str]:
    """The words of a text, or of a post: its title and paragraphs, where a link is its label."""
    found = [content.get("text"), content.get("title")]
    paragraphs = content.get("content")
    for paragraph in paragraphs if isinstance(paragraphs, list) else []:
        for part in paragraph if isinstance(paragraph, list) else []:
            if isinstance(part, dict) and part.get("tag") in ("text", "a"):
                found.append(part.get("text"))
    return [each for each in found if isinstance(each, str)]
