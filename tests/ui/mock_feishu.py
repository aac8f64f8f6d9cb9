"""A Feishu on loopback: its open platform with its limits, uploads, signed deliveries, a long connection."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from Crypto.Cipher import AES
from Crypto.Util.Padding import pad
from markdown_it import MarkdownIt
from markdown_it.token import Token

APP_ID, SECRET = "cli_mock", "hush-app-secret"
ENCRYPT_KEY, TOKEN = "hush-encrypt-key", "hush-verification-token"
BOT = "ou_bot00000000"


@dataclass
class Posted:
    """One message and how it looked over time."""

    id: str
    answers: str
    """The message that it answers, or whom it was written to."""
    in_thread: bool
    kind: str
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def content(self) -> dict[str, Any]:
        return self.versions[-1]

    @property
    def elements(self) -> list[dict[str, Any]]:
        return self.content.get("body", {}).get("elements", [])

    @property
    def words(self) -> str:
        return words(self.elements)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [
            button
            for element in self.elements
            if element["tag"] == "column_set"
            for column in element["columns"]
            for button in column["elements"]
        ]

    def value(self, kind: str) -> dict[str, Any]:
        """What a button of that kind brings back."""
        values = [button["behaviors"][0]["value"] for button in self.buttons]
        return next(value for value in values if value["kind"] == kind)

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [element for element in self.elements if element["tag"] == tag]


def words(elements: list[dict[str, Any]]) -> str:
    """All texts of a card, as they are read."""
    told = []
    for element in elements:
        if element["tag"] == "div":
            told.append(element["text"]["content"])
        elif element["tag"] == "markdown":
            told.append(read_markdown(element["content"]))
        elif element["tag"] == "table":
            names = [column["name"] for column in element["columns"]]
            told += [column["display_name"] for column in element["columns"]]
            told += [row[name] for row in element["rows"] for name in names]
        elif element["tag"] == "column_set":
            told += [c["elements"][0]["text"]["content"] for c in element["columns"]]
    return "\n".join(told)


READER = MarkdownIt("commonmark", {"html": True}).enable("strikethrough")
MARKED = {"html_inline", "html_block", "link_open", "image", "code_inline", "code_block", "fence", "hr"}
"""What Feishu would read as more than words with emphasis."""


def read_markdown(content: str) -> str:
    """The words of Markdown, as Feishu shows them."""
    return "\n".join(token_words(token) for token in READER.parse(content) if token.type == "inline")


def token_words(token: Token) -> str:
    children = token.children or []
    return "".join("\n" if "break" in each.type else each.content for each in children)


def tokens_of(content: str) -> set[str]:
    found = READER.parse(content)
    return {each.type for token in found for each in [token, *(token.children or [])]}


def fault_of(card: dict[str, Any]) -> str:
    """Why Feishu would refuse a card, or read a stranger's words as mark-up; empty for neither."""
    if len(json.dumps(card, ensure_ascii=False).encode()) > 30_000:
        return "too long"
    if card.get("schema") != "2.0" or card["config"].get("update_multi") is not True:
        return "no card that can be changed"
    elements = card["body"]["elements"]
    if not elements or tags_in(card) > 200 or sum(each["tag"] == "table" for each in elements) > 5:
        return "number of elements"
    return next(filter(None, map(_fault_of, elements)), "")


def tags_in(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(tags_in, value))
    return ("tag" in value) + sum(map(tags_in, value.values())) if isinstance(value, dict) else 0


def _fault_of(element: dict[str, Any]) -> str:
    tag = element["tag"]
    if tag == "div":
        return "" if element["text"]["tag"] == "plain_text" and element["text"]["content"] else "text"
    if tag == "markdown":
        found = tokens_of(element["content"])
        marked = found & MARKED or {each for each in found if each.startswith("heading")}
        return f"marked: {marked}" if marked or not element["content"].strip() else ""
    if tag == "table":
        is_plain = all(column["data_type"] == "text" for column in element["columns"])
        names = {column["name"] for column in element["columns"]}
        cells = [text for row in element["rows"] for text in row.values()]
        are_whole = all(row.keys() == names for row in element["rows"]) and all(cells)
        return "" if is_plain and are_whole and 1 <= element["page_size"] <= 10 else "table"
    if tag == "img":
        return "" if element["img_key"] and element["alt"]["tag"] == "plain_text" else "picture"
    if tag == "column_set":
        buttons = [button for column in element["columns"] for button in column["elements"]]
        are_short = all(0 < len(each["text"]["content"]) <= 100 for each in buttons)
        return "" if are_short and all(each["tag"] == "button" for each in buttons) else "button"
    return f"unknown: {tag}"


class MockFeishu:
    """The server; its methods are for the tests, and safe to call from their thread."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.times: list[tuple[str, float]] = []
        self.messages: dict[str, Posted] = {}
        self.pictures: dict[str, bytes] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.limits: dict[str, list[tuple[int, int]]] = {}
        """Status and seconds to wait that the next calls of a method are told."""
        self.errors: dict[str, int] = {}
        """Codes that calls of a method are refused with."""
        self.external: set[str] = set()
        """Groups in which there are people of another company."""
        self.breaks: set[str] = set()
        """Methods whose next call is done, and its connection breaks before Feishu can say so."""
        self.tokens: list[str] = []
        self.life_s = 7200
        self.acknowledged: list[dict[str, Any]] = []
        self._keys: dict[str, str] = {}
        self._socket: web.WebSocketResponse | None = None
        self._is_final = False
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(20)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def answering(self, message: str) -> list[Posted]:
        return [each for each in self.messages.values() if each.answers == message]

    def push(self, delivery: dict[str, Any]) -> None:
        """Send over the long connection."""
        headers = {"type": "event", "message_id": uuid.uuid4().hex, "trace_id": "t", "sum": "1", "seq": "0"}
        frame = frame_of(headers, json.dumps(delivery).encode())
        assert self._socket is not None
        asyncio.run_coroutine_threadsafe(self._socket.send_bytes(frame), self._loop).result(20)

    def drop(self, *, is_final: bool = False) -> None:
        """Break the long connection; one that is final is not opened again."""
        self._is_final = is_final
        socket, self._socket = self._socket, None
        assert socket is not None
        asyncio.run_coroutine_threadsafe(socket.close(), self._loop).result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    # --- the server ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/open-apis/{path:.*}", self._api)
        app.router.add_post("/callback/ws/endpoint", self._endpoint)
        app.router.add_get("/ws", self._link)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self._started.set()
        self._loop.run_forever()
        if self._socket is not None:
            self._loop.run_until_complete(self._socket.close())
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _endpoint(self, request: web.Request) -> web.Response:
        given = await request.json()
        if (given["AppID"], given["AppSecret"]) != (APP_ID, SECRET) or self._is_final:
            return web.json_response({"code": 1000040345, "msg": "app_id or app_secret is error"})
        config = {"ReconnectCount": 3, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": 60}
        url = f"ws://127.0.0.1:{self.port}/ws?device_id=d&service_id=7"
        return web.json_response({"code": 0, "data": {"URL": url, "ClientConfig": config}})

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._socket = socket
        async for message in socket:
            if message.type == WSMsgType.BINARY and (found := payload_of(message.data)):
                self.acknowledged.append(json.loads(found))
        if self._socket is socket:
            self._socket = None
        return socket

    async def _api(self, request: web.Request) -> web.Response:
        path, method = request.match_info["path"], request.method
        if path == "auth/v3/tenant_access_token/internal":
            return self._token(await request.json())
        parts = path.split("/")
        names = {
            "bot/v3/info": "bot", "im/v1/messages": "send", "im/v1/images": "picture", "im/v1/files": "file",
        }  # fmt: skip
        other = "chat" if "chats" in parts else "update" if method == "PATCH" else "reply"
        name = names.get(path, other)
        if request.content_type == "application/json":
            given = await request.json()
        else:
            given = dict((await request.post()).items())
        self.calls.append((name, given))
        self.times.append((name, time.monotonic()))
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.tokens or bearer != self.tokens[-1]:
            return refused(99991663)
        if self.limits.get(name):
            status, wait = self.limits[name].pop(0)
            headers = {"x-ogw-ratelimit-reset": str(wait)}
            return web.json_response({"code": 99991400, "msg": "busy"}, status=status, headers=headers)
        if name in self.errors:
            return refused(self.errors[name])
        if given.get("uuid") in self._keys:
            return done(message_id=self._keys[given["uuid"]])
        response = getattr(self, f"_{name}")(parts, given)
        if name in self.breaks and request.transport is not None:
            self.breaks.discard(name)
            request.transport.close()
        return response

    def _token(self, given: dict[str, Any]) -> web.Response:
        if given != {"app_id": APP_ID, "app_secret": SECRET}:
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        self.tokens.append(f"t-{uuid.uuid4().hex}")
        return web.json_response({"code": 0, "tenant_access_token": self.tokens[-1], "expire": self.life_s})

    def _bot(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        return web.json_response({"code": 0, "bot": {"app_name": "小店 Bot", "open_id": BOT}})

    def _chat(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        return done(name="x", external=parts[3] in self.external)

    def _post(self, given: dict[str, Any], answers: str) -> web.Response:
        content = json.loads(given["content"])
        if given["msg_type"] == "interactive" and fault_of(content):
            return refused(230099)
        if given["msg_type"] == "file" and content["file_key"] not in self.files:
            return refused(230001)
        posted = Posted(
            id=f"om_{uuid.uuid4().hex}",
            answers=answers,
            in_thread=given.get("reply_in_thread", False),
            kind=given["msg_type"],
            versions=[content],
        )
        self.messages[posted.id] = posted
        self._keys[given["uuid"]] = posted.id
        return done(message_id=posted.id)

    def _send(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        return self._post(given, given["receive_id"])

    def _reply(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        return self._post(given, parts[3])

    def _update(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        content = json.loads(given["content"])
        if fault_of(content):
            return refused(230099)
        self.messages[parts[3]].versions.append(content)
        return done()

    def _picture(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        key = f"img_{uuid.uuid4().hex}"
        self.pictures[key] = given["image"].file.read()
        return done(image_key=key)

    def _file(self, parts: list[str], given: dict[str, Any]) -> web.Response:
        key = f"file_{uuid.uuid4().hex}"
        self.files[key] = (given["file_name"], given["file"].file.read())
        return done(file_key=key)


def done(**data: Any) -> web.Response:
    return web.json_response({"code": 0, "msg": "success", "data": data})


def refused(code: int) -> web.Response:
    return web.json_response({"code": code, "msg": "no"}, status=400)


# --- deliveries over HTTP ---


def sealed(delivery: object, key: str = ENCRYPT_KEY) -> bytes:
    """The body of a delivery, encrypted as Feishu does."""
    iv = os.urandom(16)
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, iv=iv)
    sealed = iv + cipher.encrypt(pad(json.dumps(delivery).encode(), 16))
    return json.dumps({"encrypt": base64.b64encode(sealed).decode()}).encode()


def signed(body: bytes, *, at: float | None = None, key: str = ENCRYPT_KEY) -> dict[str, str]:
    """The headers of a delivery, signed as Feishu does."""
    stamp, nonce = str(int(time.time() if at is None else at)), uuid.uuid4().hex
    digest = hashlib.sha256((stamp + nonce + key).encode() + body).hexdigest()
    return {
        "X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": digest,
        "Content-Type": "application/json",
    }  # fmt: skip


def delivery(kind: str, event: dict[str, Any], **header: Any) -> dict[str, Any]:
    return {
        "schema": "2.0",
        "header": {"event_id": uuid.uuid4().hex, "event_type": kind, "token": TOKEN, "app_id": APP_ID,
                   "tenant_key": "mock", "create_time": "1800000000000", **header},
        "event": event,
    }  # fmt: skip


# --- frames of the long connection: the few fields of its protocol buffers ---


def varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def chunk(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def frame_of(headers: dict[str, str], payload: bytes) -> bytes:
    numbers = b"".join(
        varint(field << 3) + varint(value) for field, value in ((1, 1), (2, 1), (3, 7), (4, 1))
    )
    pairs = [chunk(1, key.encode()) + chunk(2, value.encode()) for key, value in headers.items()]
    return numbers + b"".join(chunk(5, pair) for pair in pairs) + chunk(8, payload)


def payload_of(frame: bytes) -> bytes:
    """Field 8; empty for none."""
    place = 0

    def number() -> int:
        nonlocal place
        found = shift = 0
        while True:
            byte = frame[place]
            place += 1
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    while place < len(frame):
        key = number()
        value = number()
        if key & 7 == 2:
            content, place = frame[place : place + value], place + value
            if key >> 3 == 8:
                return content
    return b""


@contextmanager
def mock_feishu() -> Iterator[MockFeishu]:
    feishu = MockFeishu()
    try:
        yield feishu
    finally:
        feishu.close()
