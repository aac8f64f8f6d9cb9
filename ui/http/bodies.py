"""How large a request may be: its body is read before anything behind sees it, or refused."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.http.problems import Problem, response_to

MOST_BYTES = 262_144


class Bodies:
    """ASGI middleware for paths that begin with one of ``prefixes``; the page has a limit of its own."""

    def __init__(self, app: ASGIApp, *, prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that is there whole, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        body = await _read(Headers(scope=scope), receive)
        if body is None:
            problem = Problem("body_large", 413, values={"most": f"{MOST_BYTES:,}"})
            problem.headers["Connection"] = "close"  # the rest of it is not read
            await response_to(problem, Headers(scope=scope))(scope, receive, send)
            return
        is_passed = False

        async def passed() -> Message:
            nonlocal is_passed
            if is_passed:
                return await receive()
            is_passed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, passed, send)


async def _read(headers: Headers, receive: Receive) -> bytes | None:
    """The whole body; ``None`` when it is too large, and ``b""`` for a client that went away."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        return None
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > MOST_BYTES:
            return None
    return b"".join(parts)
