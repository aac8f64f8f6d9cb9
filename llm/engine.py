"""The protocol that every language-model engine fulfils, and the plain data it speaks.

An engine turns a :class:`Prompt` into :class:`Completion` objects. Implementations: ``llm.torch_engine``
(transformers, peft, bitsandbytes), ``llm.served`` (an OpenAI-compatible server), ``llm.scripted`` (the fake).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
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


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A streamed bit of one reply; the last piece carries the whole completion."""

    text: str
    completion: Completion | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of :meth:`Engine.complete`, as data; the fields mean what they mean there."""

    prompt: Prompt
    grammar: str | None = None
    adapter: str | None = None
    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 256


class Engine(Protocol):
    """A language model that can be asked. One call at a time per engine; calls from threads wait in line."""

    @property
    def name(self) -> str:
        """Model, precision and device in words, for ``doctor`` and the audit log."""

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``adapter=`` accepts."""

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
        """Return ``samples`` replies to ``prompt``, decoded in one batch.

        Args:
            prompt: see :class:`Prompt`.
            grammar: a Lark grammar in llguidance's dialect that ``text`` must match whole; ``None`` for free
                text. A reply cut by ``max_tokens`` is a prefix of a sentence of the grammar.
            adapter: name of a LoRA adapter, ``None`` for the bare model.
            samples: at least 1. With ``temperature`` 0 all samples are equal, so ask for one.
            temperature: 0 is greedy.
            max_tokens: at least 1; counts generated tokens only.
            cancel: set it from another thread and decoding stops within a token; ``finish`` is then
                "cancelled".
        Raises:
            UnknownAdapter: no such adapter.
            InvalidGrammar: the grammar does not compile.
            PromptTooLong: the prompt and ``max_tokens`` exceed the model's window.
            EngineUnavailable: the model cannot be reached or loaded.
        """

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
        """Like :meth:`complete` with one sample, yielding text as it is decoded."""


@runtime_checkable
class CanBatch(Protocol):
    """What an engine can do that decodes replies to several prompts at once."""

    def complete_batch(self, requests: Sequence[Request]) -> list[list[Completion]]:
        """The replies to each request, in order: those of :meth:`Engine.complete`, up to rounding.

        Raises:
            LlmError: as ``complete``, when one of the requests is wrong; nothing was generated then.
        """
