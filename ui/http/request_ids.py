"""Every request gets an id, which its answer, the audit log and the log carry; and a line of the log.

A caller may bring one (``X-Request-ID``, else the trace of a W3C ``traceparent``). One that could be anything
else than an id is not taken, and nothing else of a request's headers, query or body gets into the log.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.request_id import in_request, new_request
from llm.traced import within_trace

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
_ID = re.compile(r"(?!st_)[A-Za-z0-9][A-Za-z0-9._-]{7,63}")  # no key, which begins with st_
_TRACE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def request_id_of(scope: Scope) -> str:
    """Id of the request; every application behind :class:`RequestIds` has one."""
    return cast(str, scope["state"]["request_id"])


def brought_id(headers: Headers) -> str | None:
    """The id that a caller brings; ``None`` for none that can be taken."""
    if _ID.fullmatch(headers.get(HEADER, "")):
        return headers[HEADER]
    trace = _TRACE.fullmatch(headers.get("traceparent", ""))
    return trace[1] if trace is not None else None


class RequestIds:
    """ASGI middleware around everything else.

    Args:
        paths: which are written to the log as they are; of others only that they are others.
    """

    def __init__(self, app: ASGIApp, *, paths: Iterable[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its id."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        id, status, started = brought_id(Headers(scope=scope)) or new_request(), 0, time.monotonic()

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message.setdefault("headers", []))[HEADER] = id
            await send(message)

        state = {**scope.get("state", {}), "request_id": id}
        with in_request(id), within_trace(Headers(scope=scope).get("traceparent", "")):
            try:
                await self._app({**scope, "state": state}, receive, sent)
            finally:
                self._log(scope, status, time.monotonic() - started)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        method, path = scope.get("method", scope["type"]), scope["path"]
        told = {
            "method": method if method in _METHODS or method == "websocket" else "other",
            "path": path if path in self._paths else "other",
            "status": status,
            "seconds": round(seconds, 3),
        }
        logger.info("%(method)s %(path)s %(status)d in %(seconds).3f s", told, extra=told)
