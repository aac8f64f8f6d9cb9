"""An engine that counts: stands before another one and keeps how many tokens a thread read and wrote."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from llm.engine import CanCountTokens, Completion, Engine, Prompt, Request


@dataclass(frozen=True, kw_only=True)
class Used:
    """Tokens of one question, over all its calls and samples."""

    prompt_tokens: int | None = 0
    """Tokens of the prompts, whether or not their start was kept from an earlier call; ``None`` when the
    engine cannot count them."""
    written_tokens: int = 0
    calls: int = 0


class Counting:
    """Fulfils ``llm.engine.Engine``; everything passes through. Each thread has counts of its own.

    Args:
        engine: what is asked, and what counts the tokens of prompts if it can.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._here = threading.local()

    @property
    def name(self) -> str:
        """The engine's own name."""
        return self.engine.name

    @property
    def adapters(self) -> tuple[str, ...]:
        """The engine's own adapters."""
        return self.engine.adapters

    def take(self) -> Used:
        """What this thread used since its last call."""
        used: Used = getattr(self._here, "used", Used())
        self._here.used = Used()
        return used

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See ``llm.engine.Engine.complete``."""
        completions = self.engine.complete(request, cancel)
        self._note(request.prompt, sum(c.tokens for c in completions))
        return completions

    def _note(self, prompt: Prompt, written: int) -> None:
        before: Used = getattr(self._here, "used", Used())
        read = self.engine.count_tokens(prompt) if isinstance(self.engine, CanCountTokens) else None
        self._here.used = Used(
            prompt_tokens=None
            if read is None or before.prompt_tokens is None
            else before.prompt_tokens + read,
            written_tokens=before.written_tokens + written,
            calls=before.calls + 1,
        )
