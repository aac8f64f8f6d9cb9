"""The calls to Feishu's open platform; its limits and the life of its tokens are obeyed here.

Not covered: what a message looks like (``ui.chats.feishu.cards``), what arrives (``ui.chats.feishu.events``).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx

TRIES = 4
"""Times that a call which Feishu told to wait is sent again, each after the seconds that Feishu said."""
MOST_WAIT_S = 60
"""Seconds that are waited at most, whatever was said."""
TIMEOUT_S = 30.0
EARLY_S = 300.0
"""Seconds before its end in which a token is fetched anew."""
RENEW_S = 120.0
"""Seconds after which it is asked again who may be in a group."""
MOST_CHATS = 10_000
"""Groups of which that is remembered."""
EXPIRED = {99991661, 99991663, 99991665, 99991668}
"""Codes of Feishu: the token is none, or none any more."""
BUSY = {99991400, 11232, 230020}
"""Codes of Feishu: too many calls; also said with status 400."""


class FeishuRefused(Exception):
    """Feishu did not do what it was asked to; says its own number for why, or the status."""


class UnknownApp(FeishuRefused):
    """Feishu gives no token for the app's id and secret."""


FAILURES = (FeishuRefused, httpx.HTTPError)
"""What a call may raise: Feishu refused it, or is out of reach."""


def reason_of(error: BaseException) -> str:
    """Why a call failed, without what was sent."""
    return str(error) if isinstance(error, FeishuRefused) else type(error).__name__


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The app, as people see it."""

    name: str
    open_id: str


class OpenApi:
    """Calls as one app. Safe to use from several threads.

    Args:
        url: address of the platform, such as ``https://open.feishu.cn``.
        clock: seconds that only grow.
    """

    def __init__(
        self, app_id: str, secret: str, url: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._account = {"app_id": app_id, "app_secret": secret}
        self._http = httpx.Client(base_url=f"{url}/open-apis/", timeout=TIMEOUT_S)
        self._lock = Lock()
        self._token = ("", 0.0)
        self._bot: Bot | None = None
        self._external: dict[str, tuple[float, bool]] = {}
        self._pause_until = 0.0

    def bot(self) -> Bot:
        """Asked once; the id is what mentions name."""
        if self._bot is None:
            said = self._call("GET", "bot/v3/info")
            self._bot = Bot(name=_said(said, "bot", "app_name"), open_id=_said(said, "bot", "open_id"))
        return self._bot

    def is_external(self, chat: str) -> bool:
        """Whether people of another organisation may be in a group; asked again after two minutes."""
        now = self.clock()
        known = self._external.get(chat)
        if known is not None and now < known[0] + RENEW_S:
            return known[1]
        data = self._call("GET", f"im/v1/chats/{_part(chat)}").get("data")
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
        body = {"msg_type": kind, "content": _text(content), "uuid": uuid.uuid4().hex}
        if in_thread:
            body |= {"reply_in_thread": True}
        path = f"im/v1/messages/{_part(message)}/reply"
        return _said(self._call("POST", path, json=body), "data", "message_id")

    def send(self, user: str, kind: str, content: Mapping[str, Any]) -> str:
        """Write to somebody alone."""
        body = {"receive_id": user, "msg_type": kind, "content": _text(content), "uuid": uuid.uuid4().hex}
        path = "im/v1/messages?receive_id_type=open_id"
        return _said(self._call("POST", path, json=body), "data", "message_id")

    def update(self, message: str, card: Mapping[str, Any]) -> None:
        """Change a card, once Feishu takes changes again."""
        time.sleep(max(0.0, self._pause_until - self.clock()))
        self._call("PATCH", f"im/v1/messages/{_part(message)}", json={"content": _text(card)})

    def update_if_free(self, message: str, card: Mapping[str, Any]) -> None:
        """Change a card, unless Feishu has told to wait; one that is left out is not made up for."""
        if self.clock() < self._pause_until:
            return
        path = f"im/v1/messages/{_part(message)}"
        response, code = self._once("PATCH", path, json={"content": _text(card)})
        if _is_busy(response, code):
            self._pause_until = self.clock() + _wait_s(response)
        elif code:
            raise FeishuRefused(f"code {code}")

    def upload_picture(self, content: bytes) -> str:
        """Returns the key under which a card shows it."""
        files = {"image": ("chart.png", content, "image/png")}
        said = self._call("POST", "im/v1/images", data={"image_type": "message"}, files=files)
        return _said(said, "data", "image_key")

    def upload_file(self, name: str, content: bytes) -> str:
        """Returns the key with which a message attaches it."""
        data, files = {"file_type": "stream", "file_name": name}, {"file": (name, content)}
        return _said(self._call("POST", "im/v1/files", data=data, files=files), "data", "file_key")

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def _call(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """What Feishu answers.

        Raises:
            FeishuRefused: it did not do it, also not after waiting as it said and with a new token.
            httpx.HTTPError: it is out of reach.
        """
        is_renewed = False
        waits = 0
        while True:
            response, code = self._once(method, path, **parts)
            if code in EXPIRED and not is_renewed:
                self._token, is_renewed = ("", 0.0), True
            elif _is_busy(response, code) and waits < TRIES:
                waits += 1
                time.sleep(_wait_s(response))
            elif code:
                raise FeishuRefused(f"code {code}")
            else:
                return _body(response)

    def _once(self, method: str, path: str, **parts: Any) -> tuple[httpx.Response, int]:
        """The response, and Feishu's code: 0 for done. Sent again where the connection broke.

        A message is not written twice by that: Feishu knows it by the uuid in its body.
        """
        if self._http.is_closed:  # the program ends, and an answer comes too late
            raise FeishuRefused("closed")
        headers = {"Authorization": f"Bearer {self._valid_token()}"}
        try:
            response = self._http.request(method, path, headers=headers, **parts)
        except httpx.TransportError:
            response = self._http.request(method, path, headers=headers, **parts)
        return response, _code(response)

    def _valid_token(self) -> str:
        with self._lock:
            text, until = self._token
            if self.clock() < until:
                return text
            asked_at = self.clock()
            response = self._http.post("auth/v3/tenant_access_token/internal", json=self._account)
            code = _code(response)
            if code and (_is_busy(response, code) or response.status_code >= 500):
                raise FeishuRefused(f"code {code}")
            if code:
                raise UnknownApp(f"code {code} for the app's id and secret")
            said = _body(response)
            text = _said(said, "tenant_access_token")
            life_s = said.get("expire")
            self._token = (text, asked_at + (life_s if isinstance(life_s, int) else 0) - EARLY_S)
            return text


def _part(id: str) -> str:
    """An id as one part of a path, whatever is in it."""
    return quote(id, safe="")


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(response: httpx.Response) -> int:
    code = _body(response).get("code")
    return code if isinstance(code, int) else response.status_code


def _said(body: Mapping[str, Any], *path: str) -> str:
    """The text at ``path``.

    Raises:
        FeishuRefused: there is none.
    """
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found:
        raise FeishuRefused(f"an answer without {'.'.join(path)}")
    return found


def _is_busy(response: httpx.Response, code: int) -> bool:
    return response.status_code == 429 or code in BUSY


def _wait_s(response: httpx.Response) -> int:
    said = response.headers.get("x-ogw-ratelimit-reset") or response.headers.get("Retry-After") or ""
    return min(int(said), MOST_WAIT_S) if said.isdecimal() else 1
