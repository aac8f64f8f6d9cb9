"""What goes to standard error: one line per slow step, and errors. Results go to standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from llm.waiting import Wait, tell

QUICK_S = 1.0
"""A step that took longer says how long."""
_listener: Callable[[str], None] | None = None


def say_to(listener: Callable[[str], None] | None) -> None:
    """Tell ``listener`` each line from here on; ``None`` writes them to standard error."""
    global _listener
    _listener = listener


def say(text: str) -> None:
    """One line for the person who waits; silent when there is nobody (closed standard error)."""
    if _listener is not None:
        _listener(text)
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


@contextmanager
def step(text: str, wait: Wait | None = None, *, quiet: bool = False) -> Iterator[None]:
    """Announce a slow step and, when it took more than a second, how long it took.

    Args:
        wait: the same for the person whose question waits for it; ``None`` when no question does.
    """
    if wait is not None:
        tell(wait)
    if not quiet:
        say(f"{text} …")
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    if not quiet and seconds > QUICK_S:
        say(f"  done in {seconds:.1f} s")
