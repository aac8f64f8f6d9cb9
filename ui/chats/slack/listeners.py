"""What Slack sends, and what is done about it: mentions, messages, commands, buttons, the App Home.

Every delivery is acknowledged at once and answered beside it. Slack's signature and its time window are
checked by slack-bolt before anything here runs. Text of a message is a question and nothing else: who asks is
decided by the account that Slack vouches for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from slack_bolt import Ack, App, BoltResponse, Respond

from app.errors import AppError
from app.person import Person
from bot.errors import NotRecorded
from bot.offers import offered_jobs, offers
from sql.errors import SqlError
from ui.chats.reception import Reception
from ui.chats.repeats import Once
from ui.chats.replies import words_in
from ui.chats.seam import Asked, Chat
from ui.chats.slack.blocks import PREFIX, home, plain_blocks
from ui.chats.slack.literal import notification, words_of
from ui.chats.slack.members import Members
from ui.chats.slack.rich_text import rich_text, section, text_of
from ui.chats.slack.wire import FAILURES, Wire, reason_of
from ui.chats.slack.writing import SlackPlace

if TYPE_CHECKING:
    from telling.phrases import Words

logger = logging.getLogger(__name__)

COMMAND = "/shoptalk"
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


class Listeners:
    """Answers what Slack sends; see :func:`build_app`."""

    def __init__(self, chat: Chat, members: Members, wire: Wire, help_channel: str | None) -> None:
        self._chat = chat
        self._members = members
        self._wire = wire
        self._help_channel = help_channel
        self._deliveries = Once()
        self._messages = Once()
        self._reception = Reception(chat, members.person, "slack")

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
        self._reception.ask(
            user,
            question,
            self._place(channel, thread, user, is_alone=event.get("channel_type") == "im"),
            room=channel,
            thread=key,
            language=self._members.language(user, question),
            is_foreign=bool(body.get("is_ext_shared_channel")),
        )

    def commanded(self, ack: Ack, respond: Respond, body: dict[str, Any]) -> None:
        """The slash command, from wherever: answered in the direct messages."""
        ack()
        user, question = body["user_id"], words_of(body.get("text") or "")

        def tell(sentence: str) -> None:
            respond(text=notification(sentence), blocks=plain_blocks(sentence), response_type="ephemeral")

        language = self._members.language(user, question)
        person = self._reception.person(user, language, tell)
        if person is None:
            return
        words = words_in(language)
        if not question:
            tell(words.say("question_empty", example=words.say("question_example")))
            return
        channel = str(self._wire.client.conversations_open(users=user)["channel"]["id"])
        shown = {"type": "rich_text_quote", "elements": [text_of(question)]}
        thread = self._wire.post(channel, None, [rich_text([shown])], notification(question))
        place = self._place(channel, thread, user, is_alone=True)
        self._chat.ask(person, (channel, thread), question, place.message())
        tell(words.say("answered_privately"))

    def _place(self, channel: str, thread: str | None, user: str, *, is_alone: bool) -> SlackPlace:
        return SlackPlace(
            wire=self._wire, channel=channel, thread=thread, user=user, is_alone=is_alone,
            has_person=self._help_channel is not None,
        )  # fmt: skip

    # --- what can be asked ---

    def assistant_opened(self, event: dict[str, Any]) -> None:
        """Somebody opened the assistant's container: it offers questions."""
        opened = event["assistant_thread"]
        user, channel, thread = opened["user_id"], opened["channel_id"], opened["thread_ts"]
        note = self._place(channel, thread, user, is_alone=True).tell
        language = self._members.language(user)
        person = self._reception.person(user, language, note)
        if person is None:
            return
        words = words_in(language)
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
        person = self._reception.person(user, words.language, told.append)
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
        """A button below an answer."""
        ack()
        user, channel = body["user"]["id"], body["channel"]["id"]
        place = self._place(channel, body.get("message", {}).get("thread_ts"), user, is_alone=False)

        def call_person(asked: Asked) -> None:
            if self._help_channel is not None:
                message = body["message"]["ts"]
                self._call_person(self._help_channel, user, channel, message, asked, place.tell)

        self._reception.press(
            user,
            action.get("value", ""),
            action["action_id"].removeprefix(PREFIX),
            place,
            language=self._members.language(user),
            more={"person": call_person},
        )

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
