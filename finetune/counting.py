"""An engine that counts: stands before another one and keeps how many tokens a thread read and wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from llm.engine import Completion, Engine, Piece, Prompt


@runtime_checkable
class CanCountTokens(Protocol):
    """What an engine with its own tokenizer can do."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of a prompt with the chat markup around it."""


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
        engine: what is asked.
        tokenizer: what counts the tokens of prompts; ``None`` is the engine.
    """

    def __init__(self, engine: Engine, tokenizer: Engine | None = None) -> None:
        self.engine = engine
        self._tokenizer = tokenizer or engine
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

    def complete(
        self,
        prompt: Prompt,
        *,
        grammar: str | None = None,
        adapter: str | None = None,
        samples: int = 1,
        temperature: float = 0.0,
        max_tokens: int = 256,
        cancel: threading.Event | None = None,
    ) -> list[Completion]:
        """See ``llm.engine.Engine.complete``."""
        completions = self.engine.complete(
            prompt,
            grammar=grammar,
            adapter=adapter,
            samples=samples,
            temperature=temperature,
            max_tokens=max_tokens,
            cancel=cancel,
        )
        self._note(prompt, sum(c.tokens for c in completions))
        return completions

    def stream(
        self,
        prompt: Prompt,
        *,
        grammar: str | None = None,
        adapter: str | None = None,
        temperature: float = 0.0,
        max_tokens: int = 256,
        cancel: threading.Event | None = None,
    ) -> Iterator[Piece]:
        """See ``llm.engine.Engine.stream``."""
        for piece in self.engine.stream(
            prompt,
            grammar=grammar,
            adapter=adapter,
            temperature=temperature,
            max_tokens=max_tokens,
            cancel=cancel,
        ):
            if piece.completion is not None:
                self._note(prompt, piece.completion.tokens)
            yield piece

    def _note(self, prompt: Prompt, written: int) -> None:
        before: Used = getattr(self._here, "used", Used())
        counter = self._tokenizer
        read = counter.count_tokens(prompt) if isinstance(counter, CanCountTokens) else None
        self._here.used = Used(
            prompt_tokens=None
            if read is None or before.prompt_tokens is None
            else before.prompt_tokens + read,
            written_tokens=before.written_tokens + written,
            calls=before.calls + 1,
        )
