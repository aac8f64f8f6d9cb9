"""Server-sent events: what a browser's EventSource and every HTTP client read line by line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

from ui.command import finite

SIGN_OF_LIFE = ": still at it\n\n"
"""A comment, which readers pass over."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second keeps a proxy from holding lines back."""


def to_json(value: Any) -> str:
    """On one line; what JSON cannot say of numbers becomes null."""
    return json.dumps(finite(value), ensure_ascii=False, allow_nan=False)


def event(name: str, data: Any) -> str:
    """One named event."""
    return f"event: {name}\ndata: {to_json(data)}\n\n"


def streamed(lines: AsyncIterator[str]) -> StreamingResponse:
    """The response that sends them as they come."""
    return StreamingResponse(lines, media_type="text/event-stream", headers=HEADERS)
