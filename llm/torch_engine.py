"""The engine that runs a model in this process: torch, a cached prefix, a grammar, several samples at once.

The decode loop is ours and not transformers' ``generate``: tokens that the grammar forces are fed together in
one pass, samples diverge within one batch, the shared start of the prompts stays in memory, and a cancelled
call stops within a token. Requests that share their prompts' start can be decoded in one batch, which takes
hardly longer than one of them where memory is what limits.

One call at a time: a lock makes threads wait in line. Sampling is seeded from the prompt, so that the same
call gives the same replies again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from llm.chat import ChatTokenizer, PromptTokens, TextStream
from llm.constraint import Constraint
from llm.engine import Completion, Finish, Piece, Prompt, Request
from llm.errors import PromptTooLong
from llm.kv import KvCache
from llm.lora import activate, add_adapters, check_adapter, reads_own_part
from llm.network import Network
from llm.prefix import Prefixes, common_length

logger = logging.getLogger(__name__)

CHUNK = 256
"""Prompt tokens per forward pass: bounds memory, and how late a cancellation is noticed while reading."""
MAX_ROWS = 32
"""Replies that are decoded in one batch; bounds memory."""
TAILS = 64
"""Own parts of prompts whose keys and values are kept after a batch; one takes about a megabyte."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request that was checked, with its prompt as tokens."""

    tokens: PromptTokens
    constraint: Constraint | None
    adapter: str | None
    samples: int
    temperature: float
    max_tokens: int


@dataclass
class _Reply:
    """One sample while it grows."""

    asked: _Asked
    generator: torch.Generator
    """Shared by the samples of one request."""
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
        self._tails: OrderedDict[tuple[str | None, PromptTokens], list[torch.Tensor]] = OrderedDict()
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
        request = Request(
            prompt=prompt,
            grammar=grammar,
            adapter=adapter,
            samples=samples,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        replies: list[_Reply] = []
        for grown in self._decode(request, cancel):
            replies = grown
        return [self._completion(reply) for reply in replies]

    def complete_batch(self, requests: Sequence[Request]) -> list[list[Completion]]:
        """See :meth:`llm.engine.CanBatch.complete_batch`."""
        asked = [self._check(request) for request in requests]
        alike: dict[tuple[str | None, tuple[int, ...]], list[int]] = {}
        for place, one in enumerate(asked):
            alike.setdefault((one.adapter, one.tokens.shared), []).append(place)
        found: dict[int, list[_Reply]] = {}
        with self._lock, torch.inference_mode():
            for places in alike.values():
                for some in _portions(places, [asked[place].samples for place in places]):
                    found |= dict(zip(some, self._together([asked[place] for place in some]), strict=True))
        return [[self._completion(reply) for reply in found[place]] for place in range(len(asked))]

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
        request = Request(
            prompt=prompt, grammar=grammar, adapter=adapter, temperature=temperature, max_tokens=max_tokens
        )
        return self._pieces(self._decode(request, cancel))

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

    def _decode(self, request: Request, cancel: threading.Event | None) -> Iterator[list[_Reply]]:
        """Check the call now, then return an iterator that yields the growing replies after each step."""
        return self._locked(self._steps(self._check(request), cancel))

    def _check(self, request: Request) -> _Asked:
        if request.samples < 1:
            raise ValueError(f"samples must be at least 1, got {request.samples}")
        if request.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {request.max_tokens}")
        if request.temperature < 0:
            raise ValueError(f"temperature must not be negative, got {request.temperature}")
        check_adapter(request.adapter, self._folders)
        tokens = self._tokenizer.encode(request.prompt)
        length = len(tokens.shared) + len(tokens.own)
        if length + request.max_tokens > self._network.window:
            raise PromptTooLong(
                f"The prompt has {length} tokens and {request.max_tokens} more were asked for; the model's "
                f"window is {self._network.window}. Shorten the prompt. Nothing was generated."
            )
        grammar = request.grammar
        return _Asked(
            tokens=tokens,
            constraint=None if grammar is None else Constraint(self._grammar_tokenizer.result(), grammar),
            adapter=request.adapter,
            samples=request.samples,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
        )

    def _locked(self, steps: Iterator[list[_Reply]]) -> Iterator[list[_Reply]]:
        """Take the steps one by one, this engine held; the consumer's own grad mode stays untouched."""
        with self._lock:
            while True:
                with torch.inference_mode():
                    replies = next(steps, None)
                if replies is None:
                    return
                yield replies

    def _steps(self, asked: _Asked, cancel: threading.Event | None) -> Iterator[list[_Reply]]:
        network, prompt, adapter = self._network, asked.tokens, asked.adapter
        replies = self._begin(asked)
        entry = self._prefixes.open(network, prompt, adapter, shared=self._reader(adapter))
        hidden = self._read(entry.cache, prompt, entry.known, adapter, cancel)
        if hidden is None:
            for reply in replies:
                self._cut(reply, "cancelled")
            yield replies
            return
        entry.remember(prompt)
        cache = entry.cache
        if asked.samples > 1:
            cache = entry.cache.copy(len(prompt.all), rows=asked.samples, room=min(asked.max_tokens, 128))
        logits = network.logits(hidden[:, -1]).expand(asked.samples, -1)
        yield from self._grow(cache, replies, logits, cancel)

    def _together(self, group: Sequence[_Asked]) -> list[list[_Reply]]:
        """The replies to requests whose prompts share their start, decoded in one batch."""
        network, adapter, shared = self._network, group[0].adapter, group[0].tokens.shared
        start = PromptTokens(shared=shared, own=())
        entry = self._prefixes.open(network, group[0].tokens, adapter, shared=self._reader(adapter))
        self._read(entry.cache, start, entry.known, adapter, None)
        entry.remember(start)
        longest = max(len(asked.tokens.own) + min(asked.max_tokens, 128) for asked in group)
        cache = entry.cache.copy(len(shared), rows=len(group), room=longest)
        unread = [asked.tokens.own[self._recall(cache, row, asked) :] for row, asked in enumerate(group)]
        counts = [len(tokens) for tokens in unread]
        batch = torch.zeros(len(group), max(counts), dtype=torch.long)
        for row, tokens in enumerate(unread):
            batch[row, : len(tokens)] = torch.tensor(tokens)
        hidden = network.hidden(batch.to(network.device), cache, counts)
        for row, asked in enumerate(group):
            self._tails[asked.adapter, asked.tokens] = cache.tail(row, len(shared))
        while len(self._tails) > TAILS:
            self._tails.popitem(last=False)
        replies = [self._begin(asked) for asked in group]
        rows = [row for row, asked in enumerate(group) for _ in range(asked.samples)]
        if len(rows) > len(group):
            cache.keep(rows)
        logits = network.logits(torch.stack([hidden[row, counts[row] - 1] for row in rows]))
        for _ in self._grow(cache, [reply for each in replies for reply in each], logits, None):
            pass
        return replies

    def _recall(self, cache: KvCache, row: int, asked: _Asked) -> int:
        """Add to a row what an earlier batch read of its prompt's own part; return how many tokens that is.

        The last token is always left to be read, because its logits begin the reply.
        """
        tokens = asked.tokens
        known = [
            (common_length(other.own, tokens.own), tail)
            for (adapter, other), tail in self._tails.items()
            if adapter == asked.adapter and other.shared == tokens.shared
        ]
        count, tail = max(known, key=lambda pair: pair[0], default=(0, []))
        count = min(count, len(tokens.own) - 1)
        if count:
            cache.append(row, tail, count)
        return count

    def _begin(self, asked: _Asked) -> list[_Reply]:
        """The replies before the first choice, with the tokens that the grammar forces at its start."""
        generator = torch.Generator().manual_seed(_seed(asked.tokens))
        first = _Reply(asked, generator, asked.constraint)
        self._append_forced(first)
        return [
            first,
            *(
                _Reply(
                    asked,
                    generator,
                    None if first.constraint is None else first.constraint.copy(),
                    tokens=list(first.tokens),
                    unfed=list(first.unfed),
                    finish=first.finish,
                )
                for _ in range(asked.samples - 1)
            ),
        ]

    def _grow(
        self,
        cache: KvCache,
        replies: list[_Reply],
        logits: torch.Tensor,
        cancel: threading.Event | None,
    ) -> Iterator[list[_Reply]]:
        """Decode one reply per row of ``cache`` to its end; yield all of them after each step.

        Args:
            logits: after each row's last token, shape (rows, vocabulary).
        """
        rows = list(range(len(replies)))
        while rows:
            ended = []
            for place, row in enumerate(rows):
                reply = replies[row]
                if not reply.unfed and reply.finish is None:
                    self._choose(reply, logits[place])
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

    def _choose(self, reply: _Reply, logits: torch.Tensor) -> None:
        """Pick the next token from ``logits`` (vocabulary,), then add those that the grammar forces."""
        if reply.constraint is None:
            scores = logits.index_fill(0, self._markup, -torch.inf)
            allowed = None
        else:
            allowed = torch.from_numpy(reply.constraint.allowed()).to(logits.device)
            scores = logits[allowed]
        temperature = reply.asked.temperature
        if temperature == 0:
            place = int(scores.argmax())
        else:
            odds = torch.softmax(scores / temperature, dim=-1).cpu()
            place = int(torch.multinomial(odds, 1, generator=reply.generator))
        token = place if allowed is None else int(allowed[place])
        if token in self._tokenizer.stops:
            reply.finish = "stop"
            return
        reply.tokens.append(token)
        reply.unfed.append(token)
        reply.logprobs.append(float(logits[token] - logits.logsumexp(0)))
        if reply.constraint is not None:
            reply.constraint.consume([token])
        self._append_forced(reply)

    def _append_forced(self, reply: _Reply) -> None:
        """Add the tokens that the grammar leaves no choice about; finish the reply where it must end."""
        constraint, max_tokens = reply.constraint, reply.asked.max_tokens
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


def _portions(places: Sequence[int], samples: Sequence[int]) -> Iterator[list[int]]:
    """Cut ``places`` so that no part has more than ``MAX_ROWS`` samples, or it has one place."""
    some: list[int] = []
    rows = 0
    for place, count in zip(places, samples, strict=True):
        if some and rows + count > MAX_ROWS:
            yield some
            some, rows = [], 0
        some.append(place)
        rows += count
    yield some


def _seed(prompt: PromptTokens) -> int:
    digest = hashlib.sha256(repr(prompt.all).encode()).digest()
    return int.from_bytes(digest[:7], "big")
