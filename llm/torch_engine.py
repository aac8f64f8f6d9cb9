"""The engine that runs a model in this process: torch, a cached prefix, a grammar, several samples at once.

The decode loop is ours and not transformers' ``generate``: tokens that the grammar forces are fed together in
one pass, samples diverge within one batch, the shared start of the prompts stays in memory, and a cancelled
call stops within a token.

One call at a time: a lock makes threads wait in line. Sampling is seeded from the prompt, so that the same
call gives the same replies again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from llm.chat import ChatTokenizer, PromptTokens, TextStream
from llm.constraint import Constraint
from llm.engine import Completion, Finish, Piece, Prompt
from llm.errors import PromptTooLong
from llm.lora import activate, add_adapters, check_adapter, reads_own_part
from llm.network import Network
from llm.prefix import Prefixes

logger = logging.getLogger(__name__)

CHUNK = 256
"""Prompt tokens per forward pass: bounds memory, and how late a cancellation is noticed while reading."""


@dataclass
class _Reply:
    """One sample while it grows."""

    constraint: Constraint | None
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    unfed: list[int] = field(default_factory=list)
    """The last tokens, which the model has not read yet."""
    finish: Finish | None = None


class TorchEngine:
    """Fulfils ``llm.engine.Engine`` with a network in this process."""

    def __init__(
        self,
        network: Network,
        tokenizer: ChatTokenizer,
        *,
        name: str,
        adapters: Mapping[str, Path] | None = None,
        prefixes: Prefixes | None = None,
    ) -> None:
        """Take a loaded network.

        Args:
            adapters: name to peft folder.
            prefixes: where computed prompt starts are kept; ``None`` keeps them in memory only.
        """
        self._network = network
        self._tokenizer = tokenizer
        self._name = name
        self._folders = dict(adapters or {})
        self._own_only = {name for name, folder in self._folders.items() if reads_own_part(folder)}
        if self._folders:
            add_adapters(network.model, self._folders, network.shape.dtype)
        self._prefixes = prefixes or Prefixes()
        self._lock = threading.Lock()
        self._active: str | None = None
        markup = sorted(tokenizer.control - tokenizer.stops)
        self._markup = torch.tensor(markup, dtype=torch.long, device=network.device)
        # llguidance's view of the vocabulary takes 1.5 s to build; begin while the first prompt is prepared.
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="grammar")
        self._grammar_tokenizer = pool.submit(tokenizer.grammar_tokenizer, network.vocabulary)
        pool.shutdown(wait=False)

    @property
    def name(self) -> str:
        """Model, precision and device in words."""
        return self._name

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``adapter=`` accepts, sorted."""
        return tuple(sorted(self._folders))

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of ``prompt`` with the chat markup around it."""
        tokens = self._tokenizer.encode(prompt)
        return len(tokens.shared) + len(tokens.own)

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
        """Return ``samples`` replies; see :meth:`llm.engine.Engine.complete`."""
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        decoding = self._decode(
            prompt,
            grammar=grammar,
            adapter=adapter,
            samples=samples,
            temperature=temperature,
            max_tokens=max_tokens,
            cancel=cancel,
        )
        replies: list[_Reply] = []
        for grown in decoding:
            replies = grown
        return [self._completion(reply) for reply in replies]

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
        """Yield one reply as it is decoded; see :meth:`llm.engine.Engine.stream`.

        The engine is held until the iterator is exhausted or closed.
        """
        decoding = self._decode(
            prompt,
            grammar=grammar,
            adapter=adapter,
            samples=1,
            temperature=temperature,
            max_tokens=max_tokens,
            cancel=cancel,
        )
        return self._pieces(decoding)

    def _pieces(self, decoding: Iterator[list[_Reply]]) -> Iterator[Piece]:
        text = TextStream(self._tokenizer)
        sent = 0
        replies: list[_Reply] = []
        for replies in decoding:
            # Forced tokens that are not scored yet may still be dropped by a cancellation.
            new = text.add(replies[0].tokens[sent : len(replies[0].logprobs)])
            sent = len(replies[0].logprobs)
            if new:
                yield Piece(text=new)
        yield Piece(text=text.end(), completion=self._completion(replies[0]))

    def _completion(self, reply: _Reply) -> Completion:
        return Completion(
            text=self._tokenizer.decode(reply.tokens),
            logprobs=tuple(reply.logprobs),
            tokens=len(reply.tokens),
            finish=reply.finish or "cancelled",
        )

    def _decode(
        self,
        prompt: Prompt,
        *,
        grammar: str | None,
        adapter: str | None,
        samples: int,
        temperature: float,
        max_tokens: int,
        cancel: threading.Event | None,
    ) -> Iterator[list[_Reply]]:
        """Check the call now, then return an iterator that yields the growing replies after each step."""
        if max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
        if temperature < 0:
            raise ValueError(f"temperature must not be negative, got {temperature}")
        check_adapter(adapter, self._folders)
        tokens = self._tokenizer.encode(prompt)
        length = len(tokens.shared) + len(tokens.own)
        if length + max_tokens > self._network.window:
            raise PromptTooLong(
                f"The prompt has {length} tokens and {max_tokens} more were asked for; the model's window is "
                f"{self._network.window}. Shorten the prompt. Nothing was generated."
            )
        constraint = None if grammar is None else Constraint(self._grammar_tokenizer.result(), grammar)
        steps = self._steps(tokens, constraint, adapter, samples, temperature, max_tokens, cancel)
        return self._locked(steps)

    def _locked(self, steps: Iterator[list[_Reply]]) -> Iterator[list[_Reply]]:
        """Take the steps one by one, this engine held; the consumer's own grad mode stays untouched."""
        with self._lock:
            while True:
                with torch.inference_mode():
                    replies = next(steps, None)
                if replies is None:
                    return
                yield replies

    def _steps(
        self,
        prompt: PromptTokens,
        constraint: Constraint | None,
        adapter: str | None,
        samples: int,
        temperature: float,
        max_tokens: int,
        cancel: threading.Event | None,
    ) -> Iterator[list[_Reply]]:
        network = self._network
        first = _Reply(constraint)
        # The grammar may begin with tokens that leave no choice: they are read together with the prompt.
        self._append_forced(first, max_tokens)
        generator = torch.Generator().manual_seed(_seed(prompt))
        entry = self._prefixes.open(network, prompt, adapter, shared=self._reader(adapter))
        replies = [first]
        hidden = self._read(entry.cache, prompt, entry.known, adapter, cancel)
        if hidden is None:
            first.finish = "cancelled"
            yield replies
            return
        entry.remember(prompt)
        if first.finish is not None and not first.unfed:  # the empty sentence is the only one
            yield replies
            return
        replies = [first, *(_Reply(c) for c in _copies(constraint, samples - 1))]
        for reply in replies[1:]:
            reply.tokens, reply.unfed, reply.finish = list(first.tokens), list(first.unfed), first.finish
        cache, rows = entry.cache, list(range(samples))
        if samples > 1:
            cache = entry.cache.copy(len(prompt.all), rows=samples, room=min(max_tokens, 128))
        logits = network.logits(hidden[:, -1]).expand(samples, -1)
        while rows:
            ended = []
            for place, row in enumerate(rows):
                reply = replies[row]
                if not reply.unfed and reply.finish is None:
                    self._choose(reply, logits[place], temperature, generator, max_tokens)
                if reply.finish is not None and not reply.unfed:
                    ended.append(place)
            yield replies
            if cancel is not None and cancel.is_set():
                for row in rows:
                    reply = replies[row]
                    if reply.finish is None or reply.unfed:
                        self._cut(reply, "cancelled")
                break
            if ended:
                places = [place for place in range(len(rows)) if place not in ended]
                rows = [rows[place] for place in places]
                if not rows:
                    break
                cache.keep(places)
                logits = logits[places]
            logits = self._step(cache, [replies[row] for row in rows], logits)
        yield replies

    def _reader(self, adapter: str | None) -> str | None:
        """The adapter that reads the shared part of prompts for ``adapter``."""
        return None if adapter in self._own_only else adapter

    def _switch(self, adapter: str | None) -> None:
        if adapter != self._active:
            activate(self._network.model, adapter)
            self._active = adapter

    def _read(
        self,
        cache: Any,
        prompt: PromptTokens,
        known: int,
        adapter: str | None,
        cancel: threading.Event | None,
    ) -> torch.Tensor | None:
        """Feed the prompt's tokens beyond the first ``known``; return the last hidden states.

        Returns:
            ``None`` if cancelled.
        """
        tokens = prompt.all
        hidden = None
        while known < len(tokens):
            if cancel is not None and cancel.is_set():
                return None
            # Pass the shared part's end at a chunk's end: what is kept must not depend on what follows it.
            is_shared = known < len(prompt.shared)
            stop = len(prompt.shared) if is_shared else len(tokens)
            self._switch(self._reader(adapter) if is_shared else adapter)
            chunk = tokens[known : min(known + CHUNK, stop)]
            batch = torch.tensor([chunk], device=self._network.device)
            hidden = self._network.hidden(batch, cache, [len(chunk)])
            known += len(chunk)
            if known == len(prompt.shared):
                self._prefixes.save(cache, prompt, self._reader(adapter))
        self._switch(adapter)
        return hidden

    def _step(self, cache: Any, replies: list[_Reply], before: torch.Tensor) -> torch.Tensor:
        """Feed every reply's unread tokens in one pass; note the forced ones' log-probabilities.

        Returns:
            logits after each reply's last token, shape (replies, vocabulary).
        """
        counts = [max(1, len(reply.unfed)) for reply in replies]
        batch = torch.zeros(len(replies), max(counts), dtype=torch.long)
        for place, reply in enumerate(replies):
            batch[place, : len(reply.unfed)] = torch.tensor(reply.unfed)
        hidden = self._network.hidden(batch.to(self._network.device), cache, counts)
        last = []
        for place, reply in enumerate(replies):
            missing = len(reply.tokens) - len(reply.logprobs)
            count = counts[place]
            # The last `missing` tokens were forced: each one's probability stands in the logits before it.
            rows = self._network.logits(hidden[place, max(0, count - missing - 1) : count])
            scores = rows if count > missing else torch.cat([before[place : place + 1], rows])
            for token, row in zip(reply.tokens[len(reply.logprobs) :], scores, strict=False):
                reply.logprobs.append(float(row[token] - row.logsumexp(0)))
            reply.unfed = []
            last.append(rows[-1])
        return torch.stack(last)

    def _choose(
        self,
        reply: _Reply,
        logits: torch.Tensor,
        temperature: float,
        generator: torch.Generator,
        max_tokens: int,
    ) -> None:
        """Pick the next token from ``logits`` (vocabulary,), then add those that the grammar forces."""
        if reply.constraint is None:
            scores = logits.index_fill(0, self._markup, -torch.inf)
            allowed = None
        else:
            allowed = torch.from_numpy(reply.constraint.allowed()).to(logits.device)
            scores = logits[allowed]
        if temperature == 0:
            place = int(scores.argmax())
        else:
            odds = torch.softmax(scores / temperature, dim=-1).cpu()
            place = int(torch.multinomial(odds, 1, generator=generator))
        token = place if allowed is None else int(allowed[place])
        if token in self._tokenizer.stops:
            reply.finish = "stop"
            return
        reply.tokens.append(token)
        reply.unfed.append(token)
        reply.logprobs.append(float(logits[token] - logits.logsumexp(0)))
        if reply.constraint is not None:
            reply.constraint.consume([token])
        self._append_forced(reply, max_tokens)

    def _append_forced(self, reply: _Reply, max_tokens: int) -> None:
        """Add the tokens that the grammar leaves no choice about; finish the reply where it must end."""
        constraint = reply.constraint
        if constraint is not None and not constraint.is_finished:
            forced = constraint.forced()[: max_tokens - len(reply.tokens)]
            constraint.consume(forced)
            reply.tokens += forced
            reply.unfed += forced
        if constraint is not None and constraint.is_finished:
            reply.finish = "stop"
        elif len(reply.tokens) >= max_tokens:
            reply.finish = "length"
        if reply.finish is not None and len(reply.logprobs) == len(reply.tokens):
            reply.unfed = []  # nothing is left to learn from reading them

    @staticmethod
    def _cut(reply: _Reply, finish: Finish) -> None:
        """End a reply now; forced tokens that were never scored are dropped."""
        reply.tokens = reply.tokens[: len(reply.logprobs)]
        reply.unfed = []
        reply.finish = finish


def _copies(constraint: Constraint | None, count: int) -> list[Constraint | None]:
    return [None if constraint is None else constraint.copy() for _ in range(count)]


def _seed(prompt: PromptTokens) -> int:
    digest = hashlib.sha256(repr(prompt.all).encode()).digest()
    return int.from_bytes(digest[:7], "big")
