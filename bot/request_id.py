"""The id that one request has everywhere: in its answer's header, in the audit log, in each line of the log.

It belongs to the running thread or task and what inherits its context, as a span of a trace does.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

T = TypeVar("T")

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request() -> str:
    """Id of the request that is being answered here; empty outside of one."""
    return _current.get()


def new_request() -> str:
    """An id that no other request has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@contextmanager
def in_request(id: str) -> Iterator[None]:
    """What happens inside the block belongs to that request."""
    token = _current.set(id)
    try:
        yield
    finally:
        _current.reset(token)


def steps_in_request(steps: Generator[T, None, None], id: str = "") -> Iterator[T]:
    """Pass on ``steps``, which all belong to one request, whichever threads they are taken from.

    Args:
        id: of the request; empty goes on with the one at hand, or begins a new one.
    """
    context = copy_context()
    context.run(_current.set, id or current_request() or new_request())
    try:
        while True:
            try:
                step = context.run(next, steps)
            except StopIteration:
                return
            yield step
    finally:
        context.run(steps.close)
