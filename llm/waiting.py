"""Who is told that a question waits for something slow: one listener per question.

What is slow (a model that is loaded, an index that is built) says so here, in front of whoever waits for it;
which words a person reads is the surface's matter. The listener belongs to the running thread and what
inherits its context, so that questions that are answered side by side do not mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

What = Literal["values", "model", "index", "line"]
"""The shop's values that words are linked to; the language model; the index of texts; the line before the
model, or before whoever answers, with the ``place`` in it."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Something slow that has begun and that somebody waits for."""

    what: What
    values: Mapping[str, str] = field(default_factory=dict)
    """Facts for the surface's words, such as ``count``."""


Listener = Callable[[Wait], None]

_listener: ContextVar[Listener | None] = ContextVar("llm_waiting", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` of everything slow that this thread begins or waits for inside the block.

    A listener around the block is told too, afterwards. A new thread starts without one.
    """
    around = _listener.get()

    def tell_both(wait: Wait) -> None:
        listener(wait)
        if around is not None:
            around(wait)

    token = _listener.set(tell_both)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(wait: Wait) -> None:
    """Tell the listener of this thread, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(wait)
