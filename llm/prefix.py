"""Computed starts of prompts: the keys and values of ``system + fixed``, kept in memory and on disk.

Reading a schema and its examples takes seconds on a CPU, and every question begins with the same ones. An
entry also remembers the last whole prompt, so that asking the same question again, or a longer version of it,
reads only what is new.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from llm.chat import PromptTokens
from llm.kv import KvCache
from llm.network import Network

logger = logging.getLogger(__name__)

ROOM = 512
"""Tokens that a new entry has room for beyond its prompt, before its buffers grow."""


@dataclass
class Entry:
    """One prompt start and what was read after it."""

    cache: KvCache
    tokens: tuple[int, ...] = ()
    """Tokens whose keys and values are in the cache for certain."""
    known: int = 0
    """How many of the current prompt's tokens need not be read again."""

    def remember(self, prompt: PromptTokens) -> None:
        """Note that the whole prompt has been read."""
        self.tokens = tuple(prompt.all)


class Prefixes:
    """Keeps the entries used last."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        identity: str = "",
        adapters: Mapping[str, str] | None = None,
        entries: int = 4,
        files: int = 16,
        least: int = 64,
    ) -> None:
        """Keep entries in memory, and in ``folder`` if one is given.

        Args:
            identity: model, precision and versions; entries on disk of another identity are never used.
            adapters: adapter name to what identifies its weights.
            entries: kept in memory; one takes about 25 kB per token for the 0.5B model in float32.
            files: kept on disk.
            least: shorter starts than this many tokens are not written to disk.
        """
        self._folder = folder
        self._identity = identity
        self._adapters = dict(adapters or {})
        self._limits = (entries, files, least)
        self._entries: OrderedDict[tuple[str | None, tuple[int, ...]], Entry] = OrderedDict()

    def open(
        self, network: Network, prompt: PromptTokens, adapter: str | None, *, shared: str | None
    ) -> Entry:
        """Return an entry whose cache holds the first ``known`` tokens of ``prompt`` and nothing else.

        At least the prompt's last token is left to be read, because its logits begin the reply.

        Args:
            adapter: what reads the prompt's own part.
            shared: what reads its shared part.
        """
        key = (adapter, prompt.shared)
        entry = self._entries.pop(key, None) or self._load(network, prompt, shared)
        tokens = prompt.all
        if entry is None and shared != adapter:  # another entry's end may be read by the wrong one of the two
            entry = Entry(KvCache.empty(network.shape, len(tokens) + ROOM))
        elif entry is None:
            entry = self._branch(network, tokens, adapter)
        entry.known = min(common_length(entry.tokens, tokens), len(tokens) - 1)
        entry.tokens = entry.tokens[: entry.known]
        entry.cache.crop(entry.known)
        self._entries[key] = entry
        while len(self._entries) > self._limits[0]:
            self._entries.popitem(last=False)
        return entry

    def _branch(self, network: Network, tokens: Sequence[int], adapter: str | None) -> Entry:
        """Begin a new entry with what the most similar one already holds."""
        same = [entry for (name, _), entry in self._entries.items() if name == adapter]
        best = max(same, key=lambda entry: common_length(entry.tokens, tokens), default=None)
        shared = 0 if best is None else common_length(best.tokens, tokens)
        room = len(tokens) - shared + ROOM
        if best is None:
            return Entry(KvCache.empty(network.shape, room))
        return Entry(best.cache.copy(shared, room=room), tuple(tokens[:shared]))

    def save(self, cache: KvCache, prompt: PromptTokens, adapter: str | None) -> None:
        """Write the shared part of ``prompt`` to disk; a full or read-only disk costs a warning only."""
        from safetensors.torch import save_file

        length = len(prompt.shared)
        if self._folder is None or length < self._limits[2]:
            return
        path = self._path(prompt, adapter)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            save_file(
                {
                    "keys": torch.stack([k[0, :, :length] for k in cache.keys]).contiguous().cpu(),
                    "values": torch.stack([v[0, :, :length] for v in cache.values]).contiguous().cpu(),
                },
                unfinished,
            )
            unfinished.replace(path)
            old = sorted(self._folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
            for file in old[: -self._limits[1]]:
                file.unlink(missing_ok=True)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            logger.warning(
                "The prompt's start was not kept on disk (%s); the next start reads it again.", error
            )

    def _load(self, network: Network, prompt: PromptTokens, adapter: str | None) -> Entry | None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = self._path(prompt, adapter)
        if self._folder is None or not path.is_file():
            return None
        shape, length = network.shape, len(prompt.shared)
        try:
            stored = load_file(path)
            keys, values = stored["keys"], stored["values"]
        except (OSError, SafetensorError, KeyError) as error:
            logger.warning("%s is damaged (%s); the prompt's start is read again.", path, error)
            return None
        if keys.shape != (shape.layers, shape.heads, length, shape.size) or keys.dtype != shape.dtype:
            return None
        cache = KvCache.empty(shape, len(prompt.all) + ROOM)
        for layer in range(shape.layers):
            cache.keys[layer][0, :, :length] = keys[layer]
            cache.values[layer][0, :, :length] = values[layer]
        cache.lengths = [length]
        path.touch()
        return Entry(cache, prompt.shared)

    def _path(self, prompt: PromptTokens, adapter: str | None) -> Path:
        weights = "" if adapter is None else self._adapters.get(adapter, adapter)
        text = f"{self._identity}|{weights}|{prompt.shared}"
        return (self._folder or Path()) / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def common_length(a: Sequence[int], b: Sequence[int]) -> int:
    """Return the length of the longest common start."""
    count = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        count += 1
    return count
