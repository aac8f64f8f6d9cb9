"""Clients for tests of MCP: the SDK's own over a transport, and a hand-written one of an older protocol."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

ROOT = Path(__file__).parent.parent.parent
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "old", "version": "1"},
    },
}
"""The first message of a client that keeps a session."""


def command(shop: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ui.cli", "mcp", "--shop", str(shop), *arguments]


def environment(home: Path, engine_url: str = "http://127.0.0.1:9/v1") -> dict[str, str]:
    """Of a server whose model cannot be reached: what it answers, it answers without one."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SHOPTALK_HOME": str(home),
        "SHOPTALK_ENGINE_URL": engine_url,
    }


class Caller:
    """The SDK's client, called from a test that is no coroutine."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, client: Client) -> None:
        self.portal = portal
        self.client = client
        self.told: list[str] = []
        """Progress of the last call."""

    def call(self, tool: str, **arguments: Any) -> Any:
        self.told = []

        async def progress(step: float, total: float | None, message: str | None) -> None:
            self.told.append(message or "")

        async def call() -> Any:
            return await self.client.call_tool(tool, arguments, progress_callback=progress)

        return self.portal.call(call)

    def result(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured content of a call that succeeded."""
        found = self.call(tool, **arguments)
        assert not found.is_error, found.content[0].text
        content: dict[str, Any] = found.structured_content
        return content

    def fault(self, tool: str, **arguments: Any) -> str:
        """What a call that failed says."""
        found = self.call(tool, **arguments)
        assert found.is_error, found.structured_content
        text: str = found.content[0].text
        return text

    def run(self, work: Callable[[Client], Any]) -> Any:
        return self.portal.call(work, self.client)


@contextmanager
def calling(transport: Any, **options: Any) -> Iterator[Caller]:
    """A client over ``transport``, connected for the block."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(transport, **options)) as client,
    ):
        yield Caller(portal, client)


@asynccontextmanager
async def over_http(address: str, key: str) -> AsyncIterator[Any]:
    """A transport to ``address``, with a key."""
    headers = {"authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as client,
        streamable_http_client(address, http_client=client) as streams,
    ):
        yield streams


def over_stdio(argv: list[str], env: dict[str, str], errors: Any = None) -> Any:
    parameters = StdioServerParameters(command=argv[0], args=argv[1:], env=env, cwd=str(ROOT))
    return stdio_client(parameters, errors or sys.stderr)


class OldClient:
    """A client of 2025-06-18 that knows only JSON-RPC, a message a line."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            argv, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self.process.stderr.read, daemon=True),  # type: ignore[union-attr]
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def send(self, method: str, params: Any = None, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, **({"id": id} if id is not None else {})}
        self.send_raw(json.dumps(message | ({"params": params} if params is not None else {})).encode())

    def send_raw(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message; every line of standard output must be one."""
        message: dict[str, Any] = json.loads(self.lines.get(timeout=120))
        assert message["jsonrpc"] == "2.0"
        return message

    def ask(self, method: str, params: Any, id: int) -> dict[str, Any]:
        """The answer to one request; what comes before it is left out."""
        self.send(method, params, id)
        while (message := self.receive()).get("id") != id:
            pass
        return message

    def initialize(self) -> dict[str, Any]:
        client = {"name": "old", "version": "1"}
        answer = self.ask(
            "initialize",
            {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client},
            0,
        )
        self.send("notifications/initialized")
        return answer

    def close(self) -> int:
        """End the input, and the exit status."""
        with self.process:  # closes what it was connected by
            assert self.process.stdin is not None
            self.process.stdin.close()
            status = self.process.wait(60)
            for reader in self._readers:
                reader.join(60)
        return status
