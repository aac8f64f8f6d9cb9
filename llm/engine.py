"""The protocol that every language-model engine fulfils, and the plain data it speaks.

An engine turns a :class:`Request` into :class:`Completion` objects. Implementations: ``llm.llama_engine``
(llama.cpp, on CPUs), ``llm.torch_engine`` (transformers and peft, on a CUDA card), ``llm.served`` (an
OpenAI-compatible server), ``llm.scripted`` (the fake).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Finish = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One chat prompt in four parts; an engine adds its model's chat markup around them.

    Text from strangers may stand in any part: engines encode every part as plain text, so that
    markup such as ``<|im_end|>`` inside it never becomes a control token.
    """

    system: str
    """The system message."""
    fixed: str
    """Start of the user's message that many prompts share (schema, examples).

    Engines that can, keep the key-value cache of ``system + fixed`` and compute it only once.
    """
    rest: str
    """What follows ``fixed`` in the same user's message (links, question)."""
    lead: str = ""
    """How the reply begins; the completion continues it and does not repeat it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an engine is asked once."""

    prompt: Prompt
    grammar: str | None = None
    """A Lark grammar in llguidance's dialect that the whole reply must match; ``None`` for free text. A reply
    cut by ``max_tokens`` is a prefix of a sentence of the grammar."""
    adapter: str | None = None
    """Name of a LoRA adapter; ``None`` for the bare model."""
    samples: int = 1
    """Replies, at least 1. With ``temperature`` 0 all are equal, so ask for one."""
    temperature: float = 0.0
    """0 is greedy."""
    max_tokens: int = 256
    """At least 1; counts generated tokens only."""

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"samples must be at least 1, got {self.samples}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {self.max_tokens}")
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, got {self.temperature}")


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One sampled reply."""

    text: str
    """The reply without ``Prompt.lead`` and without the end marker."""
    logprobs: tuple[float, ...]
    """Natural-log probability of each generated token under the model, before grammar and temperature.

    Tokens that the grammar left no choice about are included.
    """
    tokens: int
    """Number of generated tokens; equals ``len(logprobs)``."""
    finish: Finish


class Engine(Protocol):
    """A language model that can be asked. Calls from several threads are safe; those that find no place wait
    in line, first come, first served (``llm.line``)."""

    @property
    def name(self) -> str:
        """Model, precision and device in words, for ``doctor`` and the audit log."""

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``Request.adapter`` accepts."""

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """Return ``request.samples`` replies.

        Args:
            cancel: set it from another thread and waiting, reading or decoding stops within a token; the
                replies so far come back with ``finish`` "cancelled".
        Raises:
            UnknownAdapter: no such adapter.
            InvalidGrammar: the grammar does not compile.
            PromptTooLong: the prompt and ``max_tokens`` exceed the model's window.
            EngineUnavailable: the model cannot be reached or loaded.
        """


@runtime_checkable
class CanCountTokens(Protocol):
    """What an engine with its own tokenizer can do."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of a prompt with the chat markup around it."""
