"""The fake engine: replies written beforehand, honest about everything else that the protocol promises.

It checks its replies against the grammar, cuts them at ``max_tokens``, cancels and refuses unknown
adapters as the real engines do, so that what passes with it can be trusted to pass with them. Its tokens are
words with the space before them.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from llm.constraint import Constraint, byte_tokenizer
from llm.engine import Completion, Finish, Prompt, Request
from llm.errors import LlmError, PromptTooLong, UnknownAdapter

_TOKEN = re.compile(r"\s*\S+|\s+")


class ReplyNotInGrammar(LlmError):
    """A scripted reply is not what the grammar of the call allows: the test or the grammar is wrong."""


class ScriptedEngine:
    """Answers from a queue, or by a function of the prompt."""

    def __init__(
        self,
        replies: Iterable[str | Sequence[str]] | Callable[[Prompt], str | Sequence[str]],
        *,
        adapters: Sequence[str] = (),
        logprob: float = -0.001,
        window: int = 32_768,
    ) -> None:
        """Queue the replies.

        Args:
            replies: one entry per call, in order, or a function that makes the entry. An entry is the reply
                of every sample, or a sequence with one reply per sample.
            adapters: names to accept.
            logprob: of every token.
            window: tokens (words) that prompt and reply may have together.
        """
        self._make = replies if callable(replies) else None
        self._queue = deque(() if callable(replies) else replies)
        self._adapters = tuple(adapters)
        self._logprob = logprob
        self._window = window
        self._lock = threading.Lock()
        self.calls: list[Request] = []
        """Every call so far, for tests to look at."""

    @property
    def name(self) -> str:
        """Says that no model is behind it."""
        return "scripted replies, no model"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``adapter=`` accepts."""
        return self._adapters

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """Return the next scripted replies; see :meth:`llm.engine.Engine.complete`."""
        with self._lock:
            replies = self._replies(request)
        results = []
        for tokens, finish in replies:
            if cancel is not None and cancel.is_set():
                tokens, finish = [], "cancelled"
            results.append(self._completion(tokens, finish))
        return results

    def _replies(self, call: Request) -> list[tuple[list[str], Finish]]:
        if call.adapter is not None and call.adapter not in self._adapters:
            known = ", ".join(self._adapters) or "none is loaded"
            raise UnknownAdapter(f"No adapter is called {call.adapter!r}; known: {known}.")
        prompt = call.prompt
        words = sum(len(_TOKEN.findall(t)) for t in (prompt.system, prompt.fixed, prompt.rest, prompt.lead))
        if words + call.max_tokens > self._window:
            raise PromptTooLong(
                f"The prompt has {words} words and {call.max_tokens} more were asked for; the window is "
                f"{self._window}. Shorten the prompt. Nothing was generated."
            )
        constraint = None if call.grammar is None else Constraint(byte_tokenizer(), call.grammar)
        self.calls.append(call)
        if self._make is not None:
            entry = self._make(prompt)
        elif self._queue:
            entry = self._queue.popleft()
        else:
            raise LlmError(f"The scripted engine has no reply left for: {prompt.rest!r}")
        texts = [entry] * call.samples if isinstance(entry, str) else list(entry)
        if len(texts) != call.samples:
            raise LlmError(
                f"{call.samples} samples were asked for and {len(texts)} replies scripted: {texts}"
            )
        return [self._cut(text, constraint, call.max_tokens) for text in texts]

    @staticmethod
    def _cut(text: str, constraint: Constraint | None, max_tokens: int) -> tuple[list[str], Finish]:
        if constraint is not None:
            fresh = constraint.copy()
            fits = fresh.matching(list(text.encode()))
            if fits < len(text.encode()):
                good = text.encode()[:fits].decode(errors="ignore")
                raise ReplyNotInGrammar(f"{text!r} leaves the grammar after {good!r}")
            fresh.consume(list(text.encode()))
            if not fresh.is_complete:
                raise ReplyNotInGrammar(f"{text!r} is only the beginning of a sentence of the grammar")
        tokens = _TOKEN.findall(text)
        return tokens[:max_tokens], "stop" if len(tokens) <= max_tokens else "length"

    def _completion(self, tokens: list[str], finish: Finish) -> Completion:
        return Completion(
            text="".join(tokens),
            logprobs=(self._logprob,) * len(tokens),
            tokens=len(tokens),
            finish=finish,
        )
