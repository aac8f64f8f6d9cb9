"""The engine on CPUs: llama.cpp with the official GGUF file as it comes.

Several calls are decoded side by side, one a slot; those that find none wait in line. The start that prompts
share (the shop's description) is read once, kept in the slots and on disk, and put back into a slot that has
read something else. Adapters are activated LoRA: they work from a few invocation tokens on, so that all of
them share that start with the bare model.

A grammar is compiled here first, because llama.cpp drops one that it cannot read without saying so. Of a
character that takes several tokens llama.cpp tells only the last one's log-probability, so the others are
missing from a completion (findings/llama_logprobs_skip_split_characters.sh).
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llm.chat import END, END_OF_TEXT, START, PromptTokens, lay_out
from llm.constraint import Constraint, byte_tokenizer
from llm.costs import Cost
from llm.engine import Completion, Finish, Prompt, Request
from llm.errors import EngineUnavailable, PromptTooLong, UnknownAdapter
from llm.line import Line
from llm.llama_server import LlamaServer

logger = logging.getLogger(__name__)

WINDOWS = (3_072, 8_192, 16_384)
"""Tokens of context of each slot: the first at first, a wider one from the first prompt on that needs it, for
all of it is memory taken at once (12 kB a token and slot with the 0.5B, 28 with the 1.5B). Slots keep their
contexts apart: in one that they shared, every token would be compared with those of all slots, which made
eight people at once ten times slower."""
LEAST_KEPT = 192
"""Tokens of a shared start from which it is worth keeping; a shorter one is read in a second."""
KEPT_FILES = 16
"""Shared starts kept on disk; one takes 12 (0.5B) or 28 kB (1.5B) a token."""
NOTED = 20
"""Replies over which costs are taken, and after which they are noted again."""
MARKUP = (
    *("<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>"),
    *("<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>"),
    *("<|video_pad|>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", START),
)
"""Control tokens of the Qwen family that a reply may not hold; those that end it are not among them."""


@dataclass
class _Reply:
    """One sample while it grows."""

    text: str = ""
    logprobs: list[float] = field(default_factory=list)
    finish: Finish = "cancelled"

    def completion(self) -> Completion:
        return Completion(
            text=self.text, logprobs=tuple(self.logprobs), tokens=len(self.logprobs), finish=self.finish
        )


class LlamaEngine:
    """Fulfils ``llm.engine.Engine`` and ``llm.engine.CanCountTokens``.

    Args:
        gguf: the model's file.
        adapters: name to GGUF file, each an activated LoRA (``llm.gguf_adapter``).
        threads: cores that compute.
        slots: replies decoded side by side; ``None`` for what the threads are worth.
        windows: tokens of context that each slot may have, ascending.
        kept: folder where read starts are kept; one per model.
        note: told what answering costs here, now and then.
    Raises:
        EngineUnavailable: the file cannot be loaded, or its vocabulary knows no ChatML markup.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        adapters: Mapping[str, Path] | None = None,
        threads: int,
        kept: Path,
        slots: int | None = None,
        windows: Sequence[int] = WINDOWS,
        note: Callable[[Cost], None] | None = None,
    ) -> None:
        began = time.monotonic()
        adapters = dict(adapters or {})
        slots = slots or slots_for(threads)
        self._places = {name: place for place, name in enumerate(adapters)}
        self._open = functools.partial(
            LlamaServer, gguf, adapters=list(adapters.values()), slots=slots, threads=threads, kept=kept
        )
        self._windows, self._window, self._kept = windows, windows[0], kept
        self._server = self._open(window=self._window)
        self._opening = threading.Lock()
        """Held while the server is another one, and while its vocabulary is asked."""
        self._name = f"{gguf.stem}, llama.cpp, {threads} threads"
        self._line = Line(slots)
        self._holds: list[str | None] = [None] * slots
        """The shared start that each slot has read."""
        self._whole: set[Path] = set()
        """Kept starts whose content was checked in this process."""
        self._reading = threading.Lock()
        self._start, self._end = self._marker(START), self._marker(END)
        self._stops = {self._end, *self._server.tokens(END_OF_TEXT, markup=True)}
        control = [self._server.tokens(name, markup=True) for name in MARKUP]
        self._never = [[ids[0], False] for ids in control if len(ids) == 1]
        # llama.cpp reads tokens that a vocabulary calls user-defined as themselves whatever it is told.
        loose = [name for name in (*MARKUP, END, END_OF_TEXT) if len(self._server.tokens(name)) == 1]
        self._loose = re.compile("|".join(f"(?<={re.escape(n[0])})(?={re.escape(n[1:])})" for n in loose))
        self._plain = functools.lru_cache(maxsize=256)(self._text)
        self._note, self._threads, self._load_s = note, threads, time.monotonic() - began
        self._rates: deque[tuple[float, float]] = deque(maxlen=NOTED)
        """Tokens read and written a second by the last replies that say something of it."""
        self._replies = 0
        # The file's identity: what was kept of another file, or of another build, is never put back.
        stat = gguf.stat()
        self._identity = f"{gguf.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{_version()}"

    @property
    def name(self) -> str:
        """Model, precision and threads in words."""
        return self._name

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``Request.adapter`` accepts, sorted."""
        return tuple(sorted(self._places))

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of ``prompt`` with the chat markup around it."""
        return len(self._encode(prompt).all)

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See :meth:`llm.engine.Engine.complete`."""
        if request.adapter is not None and request.adapter not in self._places:
            known = ", ".join(self.adapters) or "none is loaded"
            raise UnknownAdapter(
                f"No adapter is called {request.adapter!r}; known: {known}. Nothing was generated."
            )
        if request.grammar is not None:
            _compile(request.grammar)
        tokens = self._encode(request.prompt)
        if len(tokens.all) + request.max_tokens > self._windows[-1]:
            raise PromptTooLong(
                f"The prompt has {len(tokens.all):,} tokens and {request.max_tokens} more were asked for; "
                f"the window is {self._windows[-1]:,}. Shorten the prompt. Nothing was generated."
            )
        self._widen(len(tokens.all) + request.max_tokens, cancel)
        replies: list[_Reply] = []
        while len(replies) < request.samples:
            count = min(request.samples - len(replies), self._line.places)
            replies += self._some(request, tokens, count, len(replies), cancel)
        return [reply.completion() for reply in replies]

    def _widen(self, needed: int, cancel: threading.Event | None) -> None:
        """Have every slot hold ``needed`` tokens: the model is loaded anew once nobody is answered."""
        if needed <= self._window:
            return
        with self._line.take(self._line.places, cancel) as slots:
            if not slots or needed <= self._window:
                return
            wider = next(window for window in self._windows if window >= needed)
            logger.info("%s is loaded anew for prompts of %d tokens.", self._name, wider)
            with self._opening:
                del self._server  # before the other one is there, for two would take twice the memory
                self._holds = [None] * len(slots)
                try:
                    self._server = self._open(window=wider)
                    self._window = wider
                except EngineUnavailable:
                    self._server = self._open(window=self._window)
                    raise

    def _some(
        self, request: Request, tokens: PromptTokens, count: int, before: int, cancel: threading.Event | None
    ) -> list[_Reply]:
        """``count`` replies decoded together; several take every slot, for llama.cpp picks where they go."""
        start = _digest(self._identity, tokens.shared)
        taken = self._line.places if count > 1 else 1
        with self._line.take(taken, cancel, prefer=lambda slot: self._holds[slot] == start) as slots:
            replies = [_Reply() for _ in range(count)]
            if not slots or not self._ready(slots[0], start, tokens.shared, cancel):
                return replies
            for other in slots[1:]:  # what llama.cpp copied into them it forgets when they end
                self._holds[other] = None
            self._decode(request, tokens, slots[0], replies, before, cancel)
            return replies

    def _decode(
        self,
        request: Request,
        tokens: PromptTokens,
        slot: int,
        replies: Sequence[_Reply],
        before: int,
        cancel: threading.Event | None,
    ) -> None:
        body: dict[str, Any] = {
            "prompt": tokens.all,
            "id_slot": slot,
            "n": len(replies),
            "n_predict": request.max_tokens,
            "temperature": request.temperature,
            "samplers": ["temperature"],
            "seed": _seed(tokens, before),
            "n_probs": 1,
            "cache_prompt": True,
            "return_progress": True,
            "logit_bias": self._never,
            "lora": [
                {"id": place, "scale": float(name == request.adapter)} for name, place in self._places.items()
            ],
        }
        if request.grammar is not None:
            body["grammar"] = f"%llguidance {{}}\n{request.grammar}"

        timings: dict[str, float] = {}

        def hear(event: dict[str, Any]) -> bool:
            timings.update(event.get("timings") or {})
            for part in event.get("choices", ()):
                reply = replies[part["index"]]
                reply.text += part["text"]
                for token in (part.get("logprobs") or {}).get("content") or ():
                    if token["id"] not in self._stops:
                        reply.logprobs.append(float(token["logprob"]))
                if part.get("finish_reason"):
                    reply.finish = "length" if part["finish_reason"] == "length" else "stop"
            return cancel is not None and cancel.is_set()

        error = self._server.ask(body, hear)
        if error is not None:
            raise EngineUnavailable(f"llama.cpp failed: {error.get('message', error)}. Ask again.")
        self._account(timings)

    def _account(self, timings: Mapping[str, float]) -> None:
        """Note what a reply took, if it read and wrote enough to tell."""
        if timings.get("prompt_n", 0) < 16 or timings.get("predicted_n", 0) < 8:
            return
        self._rates.append((timings["prompt_per_second"], timings["predicted_per_second"]))
        self._replies += 1
        if self._note is not None and self._replies % NOTED == 1:
            import psutil

            read, written = (statistics.median(rates) for rates in zip(*self._rates, strict=True))
            self._note(
                Cost(
                    threads=self._threads,
                    load_s=self._load_s,
                    read_tokens_per_s=read,
                    written_tokens_per_s=written,
                    memory_mb=psutil.Process().memory_info().rss / 1e6,
                )
            )

    def _ready(self, slot: int, start: str, shared: tuple[int, ...], cancel: threading.Event | None) -> bool:
        """Have ``slot`` hold the shared start: it does, or from disk, or read now; False when cancelled."""
        if self._holds[slot] == start or len(shared) < LEAST_KEPT:
            self._holds[slot] = start
            return True
        with self._reading:  # of several with the same start one reads it, the others take it from disk
            if cancel is not None and cancel.is_set():
                return False
            if not self._recalled(slot, start) and not self._read(slot, start, shared, cancel):
                return False
        self._holds[slot] = start
        return True

    def _recalled(self, slot: int, start: str) -> bool:
        """Put a kept start into ``slot``; False when there is none, or none that is whole."""
        for file in self._kept.glob(f"{start}.*.prompt"):
            # llama.cpp trusts what it reads, so the file must be the one that was written.
            if file not in self._whole and _sha256(file) != file.name.split(".")[1]:
                logger.warning("%s is damaged; the prompt is read again.", file)
                file.unlink(missing_ok=True)
                continue
            self._whole.add(file)
            try:
                self._server.recall(slot, file.name)
                os.utime(file)
            except (EngineUnavailable, OSError) as error:
                logger.info("%s cannot be used: %s", file.name, error)
                continue
            return True
        return False

    def _read(self, slot: int, start: str, shared: tuple[int, ...], cancel: threading.Event | None) -> bool:
        body = {"prompt": list(shared), "id_slot": slot, "n_predict": 0, "return_progress": True}
        was_stopped = False

        def hear(event: dict[str, Any]) -> bool:
            nonlocal was_stopped
            was_stopped = cancel is not None and cancel.is_set()
            return was_stopped

        error = self._server.ask(body, hear)
        if error is not None:
            raise EngineUnavailable(f"llama.cpp failed: {error.get('message', error)}. Ask again.")
        if was_stopped:
            self._holds[slot] = None
            return False
        arriving = self._kept / f"{start}.{os.getpid()}.part"
        try:
            self._server.keep(slot, arriving.name)
            arriving.replace(self._kept / f"{start}.{_sha256(arriving)}.prompt")
            self._sweep()
        except (EngineUnavailable, OSError) as failure:  # it is held in the slot all the same
            logger.warning("The prompt that was read cannot be kept in %s: %s", self._kept, failure)
        return True

    def _sweep(self) -> None:
        files = sorted(self._kept.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in files[KEPT_FILES:]:
            old.unlink(missing_ok=True)

    def _text(self, text: str) -> list[int]:
        """Tokens of strangers' text; what would be read as a control token is cut after its first letter."""
        parts = self._loose.split(text) if self._loose.pattern else [text]
        with self._opening:
            return [token for part in parts for token in self._server.tokens(part)]

    def _encode(self, prompt: Prompt) -> PromptTokens:
        return lay_out(prompt, self._plain, self._start, self._end)

    def _marker(self, name: str) -> int:
        found = self._server.tokens(name, markup=True)
        if len(found) != 1:
            raise EngineUnavailable(
                f"{self._name}: the vocabulary does not know {name}. Only models with ChatML markup (the "
                "Qwen family) are supported here. Serve other models over HTTP instead."
            )
        return found[0]


def slots_for(threads: int) -> int:
    """How many replies to decode side by side: on few cores more would only slow each other down."""
    return 2 if threads <= 2 else 4


@functools.lru_cache(maxsize=64)
def _compile(grammar: str) -> None:
    Constraint(byte_tokenizer(), grammar)


def _digest(identity: str, tokens: tuple[int, ...]) -> str:
    return hashlib.sha256(f"{identity}|{tokens}".encode()).hexdigest()[:24]


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _seed(tokens: PromptTokens, before: int) -> int:
    """The same call gives the same replies again; below 2^32 - 1, which means a random one."""
    digest = hashlib.sha256(repr((tokens.all, before)).encode()).digest()
    return int.from_bytes(digest[:4], "big") % (2**32 - 1)


def _version() -> str:
    from importlib.metadata import version

    return version("xllamacpp")
