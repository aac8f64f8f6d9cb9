"""What is asked of Feishu's open platform: seven calls.

Not covered: what a message looks like (``ui.chats.feishu.cards``), what arrives
(``ui.chats.feishu.arrivals``).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ui.chats.feishu.calls import Calls, said

RENEW_S = 120.0
"""Seconds after which it is asked again who may be in a group."""
MOST_CHATS = 10_000
"""Groups of which that is remembered."""


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The app, as people see it."""

    name: str
    open_id: str


class OpenApi:
    """One app's calls, each raises what is in ``FAILURES`` of :mod:`ui.chats.feishu.calls`.

    Safe to use from several threads.

    Args:
        url: address of the platform, such as ``https://open.feishu.cn``.
        clock: seconds that only grow.
    """

    def __init__(
        self, app_id: str, secret: str, url: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._calls = Calls(app_id, secret, url, clock)
        self._bot: Bot | None = None
        self._external: dict[str, tuple[float, bool]] = {}

    def bot(self) -> Bot:
        """Asked once; the id is what mentions name."""
        if self._bot is None:
            found = self._calls.call("GET", "bot/v3/info")
            self._bot = Bot(name=said(found, "bot", "app_name"), open_id=said(found, "bot", "open_id"))
        return self._bot

    def is_external(self, chat: str) -> bool:
        """Whether people of another organisation may be in a group; asked again after two minutes."""
        now = self.clock()
        known = self._external.get(chat)
        if known is not None and now < known[0] + RENEW_S:
            return known[1]
        data = self._calls.call("GET", f"im/v1/chats/{_part(chat)}").get("data")
        found = not isinstance(data, dict) or data.get("external") is not False
        if len(self._external) >= MOST_CHATS:
            self._external.clear()
        self._external[chat] = (now, found)
        return found

    def reply(self, message: str, kind: str, content: Mapping[str, Any], *, in_thread: bool) -> str:
        """Answer a message and return what names the answer.

        Args:
            kind: ``interactive`` for a card, ``file`` for a file.
            in_thread: begins a thread, where there is none.
        """
        body: dict[str, Any] = _message(kind, content)
        if in_thread:
            body |= {"reply_in_thread": True}
        path = f"im/v1/messages/{_part(message)}/reply"
        return said(self._calls.call("POST", path, json=body), "data", "message_id")

    def send(self, user: str, kind: str, content: Mapping[str, Any]) -> str:
        """Write to somebody alone."""
        body = {"receive_id": user, **_message(kind, content)}
        path = "im/v1/messages?receive_id_type=open_id"
        return said(self._calls.call("POST", path, json=body), "data", "message_id")

    def update(self, message: str, card: Mapping[str, Any]) -> None:
        """Change a card, once Feishu takes changes again."""
        self._calls.call("PATCH", f"im/v1/messages/{_part(message)}", json={"content": _text(card)})

    def update_if_free(self, message: str, card: Mapping[str, Any]) -> None:
        """Change a card, unless Feishu has told to wait."""
        self._calls.call_if_free("PATCH", f"im/v1/messages/{_part(message)}", json={"content": _text(card)})

    def upload_picture(self, content: bytes) -> str:
        """Returns the key under which a card shows it."""
        files = {"image": ("chart.png", content, "image/png")}
        found = self._calls.call("POST", "im/v1/images", data={"image_type": "message"}, files=files)
        return said(found, "data", "image_key")

    def upload_file(self, name: str, content: bytes) -> str:
        """Returns the key with which a message attaches it."""
        data, files = {"file_type": "stream", "file_name": name}, {"file": (name, content)}
        return said(self._calls.call("POST", "im/v1/files", data=data, files=files), "data", "file_key")

    def close(self) -> None:
        """End the connections; later calls are refused."""
        self._calls.close()


def _message(kind: str, content: Mapping[str, Any]) -> dict[str, str]:
    return {"msg_type": kind, "content": _text(content), "uuid": uuid.uuid4().hex}


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)


def _part(id: str) -> str:
    """An id as one part of a path, whatever is in it."""
    return quote(id, safe="")
