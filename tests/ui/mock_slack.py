"""A Slack on loopback: its Web API with its limits, uploads, a response URL, and Socket Mode."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

BOT_TOKEN, APP_TOKEN = "xoxb-mock", "xapp-mock"
BOT = "U0BOT"
BLOCKS = {"rich_text", "table", "actions", "context", "header"}
"""Kinds of blocks in which Slack reads no markup; others are refused here."""
INLINE = {"text", "user", "link"}


@dataclass
class Posted:
    """One message and how it looked over time."""

    ts: str
    channel: str
    thread: str | None
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self.versions[-1].get("blocks", [])

    @property
    def words(self) -> str:
        return words(self.blocks)

    def button(self, kind: str) -> dict[str, Any]:
        return next(each for each in self.buttons if each["action_id"] == f"shoptalk:{kind}")

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [each for block in self.blocks if block["type"] == "actions" for each in block["elements"]]


def words(part: Any) -> str:
    """All texts in blocks, as they are read."""
    if isinstance(part, dict):
        own = part.get("text")
        if isinstance(own, str):
            return own
        if part["type"] in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            return "".join(map(words, part["elements"]))
        return "".join(words(value) for key, value in part.items() if key in ("elements", "rows", "text"))
    return "\n".join(map(words, part)) if isinstance(part, list) else ""


class MockSlack:
    """The server; its methods are for the tests, and safe to call from their thread."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.times: list[tuple[str, float]] = []
        self.messages: dict[str, Posted] = {}
        self.whispers: list[dict[str, Any]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.uploads: list[dict[str, Any]] = []
        self.responses: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.prompts: list[dict[str, Any]] = []
        self.acknowledged: dict[str, Any] = {}
        self.groups: dict[str, list[str]] = {}
        self.locales: dict[str, str] = {}
        self.limits: dict[str, list[int]] = {}
        """Seconds to wait that the next calls of a method are told."""
        self.errors: dict[str, str] = {}
        """What calls of a method are refused with."""
        self._sockets: set[web.WebSocketResponse] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(20)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/api/"

    def deliver(self, kind: str, payload: dict[str, Any], **envelope: Any) -> str:
        """Send over the socket; returns the envelope's id."""
        id = uuid.uuid4().hex
        message = {"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": True}
        asyncio.run_coroutine_threadsafe(self._send({**message, **envelope}), self._loop).result(20)
        return id

    def event(self, event: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The body of an event's delivery."""
        return {
            "type": "event_callback", "team_id": "T0", "api_app_id": "A0",
            "event_id": f"Ev{uuid.uuid4().hex}", "event": event, **more,
        }  # fmt: skip

    def in_thread(self, channel: str, thread: str | None) -> list[Posted]:
        return [each for each in self.messages.values() if (each.channel, each.thread) == (channel, thread)]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    # --- the server ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/api/{method}", self._api)
        app.router.add_post("/upload/{id}", self._upload)
        app.router.add_post("/respond", self._respond)
        app.router.add_get("/link", self._link)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._hang_up())
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _hang_up(self) -> None:
        for socket in list(self._sockets):
            await socket.close()

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._sockets, "nobody is connected"
        for socket in list(self._sockets)[-1:]:
            await socket.send_json(message)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    self.acknowledged[answer["envelope_id"]] = answer.get("payload")
        finally:
            self._sockets.discard(socket)
        return socket

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["id"]]["content"] = await request.read()
        return web.Response(text="OK")

    async def _respond(self, request: web.Request) -> web.Response:
        self.responses.append(await request.json())
        return web.Response(text="ok")

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.content_type == "application/json":
            given = await request.json()
        else:
            given = {**request.query, **(await request.post())}
        self.calls.append((method, given))
        self.times.append((method, time.monotonic()))
        token = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if self.limits.get(method):
            wait = self.limits[method].pop(0)
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(wait)}
            )
        error = self.errors.get(method) or fault_of(given)
        if error:
            return web.json_response({"ok": False, "error": error})
        return web.json_response({"ok": True, **getattr(self, method.replace(".", "_"))(given)})

    def auth_test(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"team": "Mock", "team_id": "T0", "user_id": BOT, "bot_id": "B0", "url": "https://mock"}

    def apps_connections_open(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"url": f"ws://127.0.0.1:{self.port}/link"}

    def chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        ts = f"1700000000.{len(self.messages):06}"
        posted = Posted(ts=ts, channel=given["channel"], thread=given.get("thread_ts"))
        posted.versions.append(given)
        self.messages[ts] = posted
        return {"ts": ts, "channel": given["channel"]}

    def chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        posted = self.messages[given["ts"]]
        assert posted.channel == given["channel"]
        posted.versions.append(given)
        return {"ts": given["ts"]}

    def chat_postEphemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        self.whispers.append(given)
        return {}

    def chat_getPermalink(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"permalink": f"https://mock.slack.com/archives/{given['channel']}/p{given['message_ts']}"}

    def conversations_open(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": f"D{given['users'][1:]}"}}

    def users_info(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"user": {"id": given["user"], "locale": self.locales.get(given["user"], "en-US")}}

    def usergroups_users_list(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"users": self.groups[given["usergroup"]]}

    def views_publish(self, given: dict[str, Any]) -> dict[str, Any]:
        view = given["view"]
        self.homes[given["user_id"]] = json.loads(view) if isinstance(view, str) else view
        return {}

    def assistant_threads_setSuggestedPrompts(self, given: dict[str, Any]) -> dict[str, Any]:
        prompts = given["prompts"]
        self.prompts.append(
            {**given, "prompts": json.loads(prompts) if isinstance(prompts, str) else prompts}
        )
        return {}

    def files_getUploadURLExternal(self, given: dict[str, Any]) -> dict[str, Any]:
        id = f"F{len(self.files)}"
        self.files[id] = dict(given)
        return {"file_id": id, "upload_url": f"{self.address}/upload/{id}"}

    def files_completeUploadExternal(self, given: dict[str, Any]) -> dict[str, Any]:
        files = given["files"]
        files = json.loads(files) if isinstance(files, str) else files
        found = [{**self.files[each["id"]], **each} for each in files]
        self.uploads.append({**given, "files": found})
        return {"files": [{"id": each["id"]} for each in found]}


def fault_of(given: dict[str, Any]) -> str:
    """Why Slack would refuse a message's blocks; empty when it would not."""
    blocks = given.get("blocks", [])
    if len(blocks) > 50 or sum(block["type"] == "table" for block in blocks) > 1:
        return "invalid_blocks"
    if len(words(blocks)) > 13_200:
        return "msg_blocks_too_long"
    return "" if all(map(_is_sound, blocks)) else "invalid_blocks"


def _is_sound(block: dict[str, Any]) -> bool:
    kind = block["type"]
    if kind == "rich_text":
        return bool(block["elements"]) and all(map(_is_rich, block["elements"]))
    if kind == "table":
        cells = [cell for row in block["rows"] for cell in row]
        is_small = len(block["rows"]) <= 100 and all(len(row) <= 20 for row in block["rows"])
        return is_small and all(cell["type"] == "raw_text" and cell["text"] for cell in cells)
    if kind == "actions":
        ids = [each["action_id"] for each in block["elements"]]
        labels = [each["text"] for each in block["elements"]]
        is_labelled = all(each["type"] == "plain_text" and 0 < len(each["text"]) <= 75 for each in labels)
        return 0 < len(ids) <= 25 and len(set(ids)) == len(ids) and is_labelled
    if kind == "header":
        return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150
    return kind == "context" and all(each["type"] == "plain_text" for each in block["elements"])


def _is_rich(element: dict[str, Any]) -> bool:
    if element["type"] in INLINE:
        return element["type"] != "text" or bool(element["text"])
    known = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
    return element["type"] in known and bool(element["elements"]) and all(map(_is_rich, element["elements"]))


@contextmanager
def mock_slack() -> Iterator[MockSlack]:
    slack = MockSlack()
    try:
        yield slack
    finally:
        slack.close()
