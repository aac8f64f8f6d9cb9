"""Slack's app over a tiny shop with roles, talking to a Slack on loopback; the model can be held back."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mock_slack import APP_TOKEN, BOT, BOT_TOKEN, MockSlack, Posted, mock_slack
from roles_shop import build_roles_shop
from served_shop import Held, until
from ui_shop import add_review

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.keyring import Keyring
from app.settings import Settings
from ui.chats.slack.running import chat_and_app, connected

PEOPLE = """\
people:
  ana: {role: owner, slack: U0ANA}
  ben: {role: branch, attributes: {country: Germany, product: Lamp}, slack: U0BEN}
  lost: {role: no_such_role, slack: U0LOST}
  cy: {role: owner, slack: U0CY}
  partners: {role: partner, slack_group: S0PARTNERS}
"""
HELP = "C0HELP"
HOSTILE = (
    "<!channel> <@U0ANA> *now* http://evil.example `x` www.evil.example :tada: <http://evil.example|click>"
)
"""What a customer wrote."""


class SlackDesk:
    """The workspace, and what somebody does in it."""

    def __init__(self, folder: Path, slack: MockSlack, *, a_minute: int = 0) -> None:
        self.slack = slack
        self.engine = Held()
        self.settings = Settings(
            home=folder / "home",
            slack_bot_token=BOT_TOKEN,
            slack_app_token=APP_TOKEN,
            slack_help_channel=HELP,
        )
        shop = build_roles_shop(folder / "shop")
        add_review(shop, (5, "2026-05-20", 1, "en", "Lamp", f"Broken lamp. {HOSTILE}"))
        self.settings.home.mkdir(parents=True)
        self.settings.people_file.write_text(PEOPLE, "utf-8")
        self.house = House(self.settings, load=lambda _: self.engine)
        self.desk = Desk(self.house, str(shop), Allowance(a_minute, 0))
        self.desk.state = "ready"
        keyring = Keyring.of(self.settings)
        self.chat, self.app = chat_and_app(self.desk, keyring, self.settings, slack.base_url)
        self._number = 0

    def ts(self) -> str:
        self._number += 1
        return f"1800000000.{self._number:06}"

    def mention(self, user: str, text: str, *, channel: str, thread: str | None = None, **more: Any) -> str:
        """Names the bot in a channel; returns the thread that is answered in."""
        ts = self.ts()
        event = {
            "type": "app_mention",
            "user": user,
            "text": f"<@{BOT}> {text}",
            "channel": channel,
            "ts": ts,
        }
        self.say({**event, **({"thread_ts": thread} if thread else {})}, **more)
        return thread or ts

    def write(self, user: str, text: str, *, thread: str | None = None, **more: Any) -> str:
        """Writes a direct message; returns its channel."""
        channel = f"D{user[1:]}"
        event = {
            "type": "message", "channel_type": "im", "user": user, "text": text, "channel": channel,
            "ts": self.ts(), **({"thread_ts": thread} if thread else {}), **more,
        }  # fmt: skip
        self.say(event)
        return channel

    def say(self, event: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = self.slack.event(event, **more)
        self.deliver("events_api", body)
        return body

    def deliver(self, kind: str, body: dict[str, Any], **envelope: Any) -> Any:
        """Sends it, and returns what it was acknowledged with."""
        id = self.slack.deliver(kind, body, **envelope)
        until(lambda: id in self.slack.acknowledged)
        return self.slack.acknowledged[id]

    def command(self, user: str, text: str) -> Any:
        body = {
            "command": "/shoptalk", "text": text, "user_id": user, "channel_id": "C0ANY", "team_id": "T0",
            "trigger_id": uuid.uuid4().hex, "response_url": f"{self.slack.address}/respond",
        }  # fmt: skip
        return self.deliver("slash_commands", body)

    def press(self, user: str, posted: Posted, kind: str) -> None:
        message = {"ts": posted.ts, **({"thread_ts": posted.thread} if posted.thread else {})}
        body = {
            "type": "block_actions", "user": {"id": user}, "team": {"id": "T0"}, "message": message,
            "channel": {"id": posted.channel}, "trigger_id": uuid.uuid4().hex,
            "actions": [{**posted.button(kind), "block_id": "b", "action_ts": self.ts()}],
        }  # fmt: skip
        self.deliver("interactive", body)

    def answers(self, channel: str, thread: str | None, count: int = 1) -> list[Posted]:
        """The messages of a thread, once so many are answered."""
        until(lambda: sum(map(is_done, self.slack.in_thread(channel, thread))) >= count)
        return self.slack.in_thread(channel, thread)

    def answer(self, channel: str, thread: str | None = None) -> Posted:
        return self.answers(channel, thread)[-1]

    def whispered(self, count: int) -> list[dict[str, Any]]:
        """What was said to one person alone, once it is so much."""
        until(lambda: len(self.slack.whispers) >= count)
        return self.slack.whispers

    def audited(self) -> list[dict[str, Any]]:
        if not self.settings.audit.exists():
            return []
        lines = self.settings.audit.read_text("utf-8").splitlines()
        return [e for e in map(json.loads, lines) if e["kind"] == "question" and "status" in e]


def is_done(posted: Posted) -> bool:
    """Whether it is an answer, or a sentence in place of one, and no step on the way."""
    return not any(
        posted.words.startswith(start) for start in ("Looking into", "Understood as", "正在查询", "理解为")
    )


@contextlib.contextmanager
def slack_desk(folder: Path, **options: Any) -> Iterator[SlackDesk]:
    with mock_slack() as slack:
        place = SlackDesk(folder, slack, **options)
        try:
            with connected(place.app, APP_TOKEN) as workspace:
                assert workspace == "Mock"
                yield place
        finally:
            place.engine.may_write.set()
            place.chat.close()
            place.house.close()
