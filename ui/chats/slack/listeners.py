"""What Slack sends, and what is done about it: mentions, messages, commands, buttons, the App Home.

Every delivery is acknowledged at once and answered beside it. Slack's signature and its time window are
checked by slack-bolt before anything here runs. Text of a message is a question and nothing else: who asks is
decided by the account that Slack vouches for.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from slack_bolt import Ack, App, BoltResponse, Respond

from app.errors import AppError, WrongUse
from app.person import Person
from bot.errors import NotRecorded
from bot.offers import offered_jobs, offers
from sql.errors import SqlError
from ui import present
from ui.chats.replies import words_in
from ui.chats.seam import Asked, Chat
from ui.chats.slack.blocks import PREFIX, home, plain_blocks, sql_blocks
from ui.chats.slack.literal import notification, words_of
from ui.chats.slack.members import Members
from ui.chats.slack.rich_text import rich_text, section, text_of
from ui.chats.slack.wire import FAILURES, SlackMessage, Wire, reason_of

if TYPE_CHECKING:
    from telling.phrases import Words

logger = logging.getLogger(__name__)

COMMAND = "/shoptalk"
MOST_DELIVERIES = 20_000
"""Deliveries that are remembered, so that none is answered twice."""
REFUSED_S = 30.0
"""Seconds in which somebody unknown is told once in a channel: else they could keep the others waiting."""
MOST_PROMPTS = 4
"""Suggestions that Slack shows in an assistant's thread."""

Data = Mapping[str, Any]


def build_app(
    chat: Chat, members: Members, wire: Wire, *, signing_secret: str | None, help_channel: str | None
) -> App:
    """The bolt application.

    Args:
        signing_secret: of the app, for deliveries over HTTP; ``None`` where there are none, and then none
            passes.
        help_channel: id of the channel where a person is asked; ``None`` for no such button.
    """
    app = App(
        client=wire.client,
        signing_secret=signing_secret or "",
        token_verification_enabled=False,
        logger=logging.getLogger("ui.chats.slack.bolt"),
    )
    listeners = Listeners(chat, members, wire, help_channel)
    app.use(listeners.pass_once)
    app.error(_log)
    app.event("app_mention")(listeners.mentioned)
    app.event("message")(listeners.messaged)
    app.event("assistant_thread_started")(listeners.assistant_opened)
    app.event("assistant_thread_context_changed")(_pass)
    app.event("app_home_opened")(listeners.home_opened)
    app.command(COMMAND)(listeners.commanded)
    app.action(re.compile(f"^{PREFIX}"))(listeners.pressed)
    return app


def _pass() -> None:
    """Nothing depends on where in Slack the assistant is open."""


def _log(error: Exception) -> None:
    logger.error("A delivery of Slack could not be handled", exc_info=error)


class Once:
    """What was there before, among the last ones. Safe to use from several threads.

    Args:
        most: how many are remembered.
        for_s: seconds for which each is; for ever without.
    """

    def __init__(self, most: int = MOST_DELIVERIES, for_s: float = math.inf) -> None:
        self._most = most
        self._for_s = for_s
        self._lock = Lock()
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, id: str) -> bool:
        """Whether ``id`` comes for the first time."""
        now = time.monotonic()
        with self._lock:
            seen_at = self._seen.get(id)
            if seen_at is not None and now < seen_at + self._for_s:
                return False
            self._seen[id] = now
            self._seen.move_to_end(id)
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return True


class Listeners:
    """Answers what Slack sends; see :func:`build_app`."""

    def __init__(self, chat: Chat, members: Members, wire: Wire, help_channel: str | None) -> None:
        self._chat = chat
        self._members = members
        self._wire = wire
        self._help_channel = help_channel
        self._deliveries = Once()
        self._messages = Once()
        self._refused = Once(for_s=REFUSED_S)

    def pass_once(self, body: dict[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse | None:
        """Middleware: Slack repeats what it holds for lost, and so may others; that is acknowledged only."""
        id = body.get("event_id") or body.get("trigger_id")
        if id is not None and not self._deliveries.is_new(str(id)):
            return BoltResponse(status=200, body="")
        next()
        return None

    # --- asking ---

    def mentioned(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Somebody names the app in a channel: answered in the thread of that message."""
        thread = event.get("thread_ts") or event["ts"]
        self._asked_in(body, event, thread, key=(event["channel"], thread))

    def messaged(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A direct message, or one in an assistant's thread; others are not read."""
        if event.get("channel_type") != "im" or event.get("subtype") not in (None, "file_share"):
            return
        thread = event.get("thread_ts")
        self._asked_in(body, event, thread, key=(event["channel"], thread or ""))

    def _asked_in(self, body: Data, event: Data, thread: str | None, key: tuple[str, str]) -> None:
        user, channel, question = event.get("user"), event["channel"], words_of(event.get("text") or "")
        if not user or event.get("bot_id"):  # programs are not answered: two could go on for ever
            return
        if not self._messages.is_new(f"{channel} {event['ts']}"):  # edited, or sent as two kinds of events
            return
        is_direct = event.get("channel_type") == "im"

        def refuse(sentence: str) -> None:
            if is_direct:
                self._message(channel, thread).note(sentence)
            else:
                self._wire.whisper(channel, user, thread, sentence)

        def refuse_stranger(sentence: str) -> None:
            if self._refused.is_new(f"{channel} {user}"):
                refuse(sentence)

        person = self._person(user, question, refuse_stranger)
        if person is None:
            return
        words = words_in(self._members.language(user, question))
        if body.get("is_ext_shared_channel"):
            refuse(words.say("foreign_channel"))
        elif not question:
            refuse(words.say("question_empty", example=words.say("question_example")))
        else:
            self._chat.ask(person, key, question, self._message(channel, thread))

    def commanded(self, ack: Ack, respond: Respond, body: dict[str, Any]) -> None:
        """The slash command, from wherever: answered in the direct messages."""
        ack()
        user, question = body["user_id"], words_of(body.get("text") or "")

        def tell(sentence: str) -> None:
            respond(text=notification(sentence), blocks=plain_blocks(sentence), response_type="ephemeral")

        person = self._person(user, question, tell)
        if person is None:
            return
        words = words_in(self._members.language(user, question))
        if not question:
            tell(words.say("question_empty", example=words.say("question_example")))
            return
        channel = str(self._wire.client.conversations_open(users=user)["channel"]["id"])
        shown = {"type": "rich_text_quote", "elements": [text_of(question)]}
        thread = self._wire.post(channel, None, [rich_text([shown])], notification(question))
        self._chat.ask(person, (channel, thread), question, self._message(channel, thread))
        tell(words.say("answered_privately"))

    def _message(self, channel: str, thread: str | None) -> SlackMessage:
        return SlackMessage(self._wire, channel, thread, has_person=self._help_channel is not None)

    def _person(self, user: str, text: str, refuse: Callable[[str], None]) -> Person | None:
        """Who asks; somebody unknown is told how to become known, and nothing else."""
        words = words_in(self._members.language(user, text))
        try:
            person = self._members.person(user)
        except WrongUse as error:
            logger.error("%s", error)
            refuse(words.say("people_unreadable"))
            return None
        if person is None:
            refuse(words.say("unknown", line=f"NAME: {{role: ROLE, slack: {user}}}"))
        return person

    # --- what can be asked ---

    def assistant_opened(self, event: dict[str, Any]) -> None:
        """Somebody opened the assistant's container: it offers questions."""
        opened = event["assistant_thread"]
        user, channel, thread = opened["user_id"], opened["channel_id"], opened["thread_ts"]
        note = self._message(channel, thread).note
        person = self._person(user, "", note)
        if person is None:
            return
        words = words_in(self._members.language(user))
        offered = self._offers(person, words)
        if offered is None:
            note(words.say("unopened"))
            return
        shop, _, examples, _ = offered
        self._wire.client.assistant_threads_setSuggestedPrompts(
            channel_id=channel,
            thread_ts=thread,
            title=words.say("hello", shop=shop),
            prompts=[{"title": each, "message": each} for each in examples[:MOST_PROMPTS]],
        )

    def home_opened(self, event: dict[str, Any]) -> None:
        """The App Home shows what can be asked in the person's role."""
        if event.get("tab") != "home":
            return
        user = event["user"]
        words = words_in(self._members.language(user))
        told: list[str] = []
        person = self._person(user, "", told.append)
        if person is None:
            blocks = plain_blocks(" ".join(told))
        else:
            offered = self._offers(person, words)
            if offered is None:
                blocks = plain_blocks(words.say("unopened"))
            else:
                shop, role, examples, kinds = offered
                blocks = home(
                    shop=shop, name=person.id, role=role, examples=examples, kinds=kinds,
                    language=words.language,
                )  # fmt: skip
        self._wire.client.views_publish(user_id=user, view={"type": "home", "blocks": blocks})

    def _offers(
        self, person: Person, words: Words
    ) -> tuple[str, str, tuple[str, ...], tuple[str, ...]] | None:
        """Shop, role, questions to begin with and kinds of questions; ``None`` where nothing opens."""
        desk = self._chat.desk
        try:
            with desk.house.room(desk.shop, person) as room:
                tools = room.assistant(person).tools
                kinds = tuple(job.description[words.language] for job in offered_jobs(tools))
                return room.workspace.shop.name, room.workspace.role.name, offers(tools), kinds
        except (AppError, SqlError, NotRecorded) as error:  # its words may quote the database
            logger.error("The shop could not be opened for %s: %s", person.id, type(error).__name__)
            return None

    # --- buttons ---

    def pressed(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A button below an answer; only who asked may press it."""
        ack()
        user, channel = body["user"]["id"], body["channel"]["id"]
        thread = body.get("message", {}).get("thread_ts")

        def tell(sentence: str) -> None:
            self._wire.whisper(channel, user, thread, sentence)

        person = self._person(user, "", tell)
        if person is None:
            return
        asked = self._chat.asked(action.get("value", ""), person)
        if asked is None:
            tell(words_in(self._members.language(user)).say("forgotten"))
            return
        kind, _, place = action["action_id"].removeprefix(PREFIX).partition(":")
        if kind == "sql":
            for blocks in sql_blocks(asked.sql):
                self._wire.whisper(channel, user, thread, "SQL", blocks)
        elif kind in ("up", "down"):
            self._judge(asked, is_good=kind == "up", tell=tell)
        elif kind == "before" and asked.period_before:
            message = self._message(channel, thread)
            self._chat.ask(person, asked.thread, asked.period_before, message, after=asked.memory)
        elif kind == "option" and place.isdecimal() and int(place) < len(asked.options):
            message = self._message(channel, thread)
            self._chat.ask(person, asked.thread, asked.options[int(place)], message)
        elif kind == "person" and self._help_channel is not None:
            self._call_person(self._help_channel, user, channel, body["message"]["ts"], asked, tell)

    def _judge(self, asked: Asked, *, is_good: bool, tell: Callable[[str], None]) -> None:
        language = asked.answer.language
        try:
            self._chat.judge(asked, "up" if is_good else "down")
        except OSError as error:
            logger.error("A verdict could not be kept: %s", error)
            tell(words_in(language).say("not_kept"))
        else:
            tell(present.word("saved_up" if is_good else "saved_down", language))

    def _call_person(
        self,
        help_channel: str,
        user: str,
        channel: str,
        message: str,
        asked: Asked,
        tell: Callable[[str], None],
    ) -> None:
        """Post a link to the answer, and none of its words: who may follow it is Slack's matter."""
        words = words_in(asked.answer.language)
        try:
            link = self._wire.client.chat_getPermalink(channel=channel, message_ts=message)["permalink"]
            told = section(
                {"type": "user", "user_id": user},
                text_of(f" {words.say('person_wanted')} "),
                {"type": "link", "url": str(link), "text": words.say("link")},
            )
            self._wire.post(help_channel, None, [rich_text([told])], words.say("person_wanted"))
        except FAILURES as error:
            logger.error("A person could not be asked: %s", reason_of(error))
            tell(words.say("not_passed_on"))
        else:
            tell(words.say("person_asked"))
