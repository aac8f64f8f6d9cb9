"""Feishu's app below a real server over a tiny shop with roles; it talks to a Feishu on loopback."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from mock_feishu import (
    APP_ID,
    BOT,
    ENCRYPT_KEY,
    SECRET,
    TOKEN,
    MockFeishu,
    Posted,
    delivery,
    mock_feishu,
    sealed,
    signed,
)
from roles_shop import build_roles_shop
from served_shop import ServedShop, serving, until
from ui_shop import add_review

from ui.chats.feishu import signed_mount

ANA, BEN, CY, PAT, LOST = (f"ou_{name}00000000" for name in ("ana", "ben", "cy", "pat", "lost"))
PEOPLE = f"""\
people:
  ana: {{role: owner, feishu: {ANA}}}
  ben: {{role: branch, attributes: {{country: Germany, product: Lamp}}, feishu: {BEN}}}
  lost: {{role: no_such_role, feishu: {LOST}}}
  cy: {{role: owner, feishu: {CY}}}
  pat: {{role: partner, feishu: {PAT}}}
"""
HOSTILE = (
    "<at id=all></at> **now** http://evil.example `x` www.evil.example :OK: [click](http://evil.example) "
    '<link url="http://evil.example">x</link> ![p](img_v2) <person id = "ou_ana00000000"></person> # h ~~s~~'
)
"""What a customer wrote."""


class FeishuDesk:
    """The company, and what somebody does in it."""

    def __init__(self, served: ServedShop, feishu: MockFeishu, client: httpx.Client) -> None:
        self.served = served
        self.feishu = feishu
        self.client = client

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.client.post("/feishu/events", content=body, headers=headers)

    def deliver(self, what: dict[str, Any]) -> dict[str, Any]:
        """Sends it as Feishu does, and returns what it was answered with."""
        body = sealed(what)
        response = self.post(body, signed(body))
        assert response.status_code == 200, response.text
        return response.json()

    def write(self, user: str, text: str, *, chat: str | None = None, **more: Any) -> str:
        """A direct message; returns its id."""
        return self.say(user, {"text": text}, chat_type="p2p", chat_id=chat or f"oc_{user}", **more)

    def mention(self, user: str, text: str, *, chat: str = "oc_group", **more: Any) -> str:
        """Names the bot in a group; returns the message's id."""
        return self.say(user, {"text": f"@_user_1 {text}"}, chat_type="group", chat_id=chat, **more)

    def say(
        self,
        user: str,
        content: dict[str, Any],
        *,
        mentioned: str = BOT,
        sender: str = "user",
        **message: Any,
    ) -> str:
        id = f"om_{uuid.uuid4().hex}"
        self.deliver(self.written(user, content, id, mentioned=mentioned, sender=sender, **message))
        return id

    def written(
        self,
        user: str,
        content: dict[str, Any],
        id: str,
        *,
        mentioned: str = BOT,
        sender: str = "user",
        **message: Any,
    ) -> dict[str, Any]:
        """The delivery of a message."""
        is_alone = message["chat_type"] == "p2p"
        names = [] if is_alone else [{"key": "@_user_1", "id": {"open_id": mentioned}, "name": "x"}]
        event = {
            "sender": {"sender_id": {"open_id": user}, "sender_type": sender, "tenant_key": "mock"},
            "message": {
                "message_id": id, "content": json.dumps(content), "message_type": "text",
                "create_time": "1800000000000", "mentions": names, **message,
            },
        }  # fmt: skip
        return delivery("im.message.receive_v1", event)

    def press(self, user: str, posted: Posted, kind: str) -> str:
        """Presses a button; returns the toast."""
        event = {
            "operator": {"open_id": user}, "action": {"tag": "button", "value": posted.value(kind)},
            "context": {"open_message_id": posted.id, "open_chat_id": "oc"}, "token": "c-1",
        }  # fmt: skip
        return self.deliver(delivery("card.action.trigger", event)).get("toast", {}).get("content", "")

    def answer(self, message: str, count: int = 1) -> Posted:
        """The last card that answers it, once so many are done."""

        def done() -> list[Posted]:
            cards = [each for each in self.feishu.answering(message) if each.kind == "interactive"]
            is_over = self.served.desk._under_way == 0  # its words come before its last form
            return cards if is_over and sum(map(is_done, cards)) >= count else []

        until(done)
        return done()[-1]

    def whispered(self, user: str, count: int = 1) -> list[Posted]:
        """What was written to somebody alone."""
        until(lambda: len(self.feishu.answering(user)) >= count)
        return self.feishu.answering(user)

    def audited(self) -> list[dict[str, Any]]:
        return [entry for entry in self.served.audited() if entry["kind"] == "question"]


def is_done(posted: Posted) -> bool:
    """Whether it is an answer, or a sentence in place of one, and no step on the way."""
    return not posted.words.startswith(("Looking into", "Understood as", "正在查询", "理解为"))


def build(folder: Path) -> Path:
    shop = build_roles_shop(folder)
    add_review(shop, (5, "2026-05-20", 1, "en", "Lamp", f"Broken lamp. {HOSTILE}"))
    return shop


@contextlib.contextmanager
def feishu_desk(folder: Path, **options: Any) -> Iterator[FeishuDesk]:
    (folder / "home").mkdir(parents=True)
    (folder / "home" / "people.yml").write_text(PEOPLE, "utf-8")
    with mock_feishu() as feishu:
        settings = {
            "feishu_app_id": APP_ID, "feishu_app_secret": SECRET, "feishu_encrypt_key": ENCRYPT_KEY,
            "feishu_verification_token": TOKEN, "feishu_url": feishu.address, **options.pop("settings", {}),
        }  # fmt: skip
        with (
            serving(folder, settings=settings, signed=signed_mount, build=build, **options) as served,
            served.client() as client,
        ):
            yield FeishuDesk(served, feishu, client)
