"""Prompts as token ids: the model's chat markup, and strangers' text that can never become markup.

Only the ChatML markup of the Qwen family is known. Every part of a prompt is encoded by itself with control
tokens switched off, so that ``<|im_end|>`` inside a review is ordinary text and not the end of a message.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llm.engine import Prompt
from llm.errors import EngineUnavailable

_PADDING = re.compile(r"\[PAD\d+\]")
START, END, END_OF_TEXT = "<|im_start|>", "<|im_end|>", "<|endoftext|>"


@dataclass(frozen=True, kw_only=True)
class PromptTokens:
    """Token ids of one prompt."""

    shared: tuple[int, ...]
    """Markup, system message and ``Prompt.fixed``: what many prompts begin with."""
    own: tuple[int, ...]
    """``Prompt.rest``, the markup after it and ``Prompt.lead``."""

    @property
    def all(self) -> list[int]:
        """Both parts, in order."""
        return [*self.shared, *self.own]


class ChatTokenizer:
    """Encodes prompts and decodes replies of one model folder's ``tokenizer.json``."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import AddedToken, Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise EngineUnavailable(
                f"{path} is missing: the model folder is not complete. Nothing was loaded."
            )
        self._tokenizer = Tokenizer.from_file(str(path))
        added = self._tokenizer.get_added_tokens_decoder()
        # Some markup (<tool_call>) is declared as ordinary; the switch in _plain only knows special tokens.
        plain = [AddedToken(token.content, special=True) for token in added.values() if not token.special]
        if plain:
            self._tokenizer.add_special_tokens(plain)
        padding = {n for name, n in self._tokenizer.get_vocab().items() if _PADDING.fullmatch(name)}
        self.control = frozenset(added) | padding
        """Ids that are markup or padding of the vocabulary, never text."""
        names = {token.content: number for number, token in added.items()}
        missing = [name for name in (START, END) if name not in names]
        if missing:
            raise EngineUnavailable(
                f"{path} does not know {', '.join(missing)}: only models with ChatML markup (the Qwen "
                "family) are supported here. Serve other models over HTTP instead."
            )
        self._start, self._end = names[START], names[END]
        self.stops = frozenset(names[name] for name in (END, END_OF_TEXT) if name in names)
        """Ids that end a reply."""
        self._newline = self._plain("\n")

    def encode(self, prompt: Prompt) -> PromptTokens:
        """Return the ids of ``prompt`` in the model's chat markup; its parts are encoded separately."""
        start, end, newline = self._start, self._end, self._newline
        shared = (
            *(start, *self._plain("system\n"), *self._plain(prompt.system), end, *newline),
            *(start, *self._plain("user\n"), *self._plain(prompt.fixed)),
        )
        own = (
            *(*self._plain(prompt.rest), end, *newline),
            *(start, *self._plain("assistant\n"), *self._plain(prompt.lead)),
        )
        return PromptTokens(shared=shared, own=own)

    def encode_reply(self, text: str) -> tuple[int, ...]:
        """Return the ids of a whole reply with the marker that ends it: what training teaches."""
        return (*self._plain(text), self._end)

    def _plain(self, text: str) -> list[int]:
        # Set at each call, because grammar_tokenizer() switches it off.
        self._tokenizer.encode_special_tokens = True
        # The family's tokenizer composes characters first (NFC); the official GGUF file does not say so.
        encoded = self._tokenizer.encode(unicodedata.normalize("NFC", text), add_special_tokens=False)
        return list(encoded.ids)

    @cached_property
    def _byte_of(self) -> dict[str, int]:
        # The byte-level alphabet of GPT-2: printable bytes stand for themselves, the others for 256, 257, ...
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = [byte for byte in range(256) if byte not in set(printable)]
        return {chr(b): b for b in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}

    def bytes_of(self, tokens: Sequence[int]) -> bytes:
        """Return the bytes that ``tokens`` stand for; control tokens and padding ids stand for none."""
        result = bytearray()
        for token in tokens:
            name = None if token in self.control else self._tokenizer.id_to_token(token)
            if name is not None:
                result.extend(self._byte_of[character] for character in name)
        return bytes(result)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of ``tokens``; bytes that are not UTF-8 become U+FFFD."""
        return self.bytes_of(tokens).decode("utf-8", errors="replace")

    def grammar_tokenizer(self, vocabulary: int) -> Any:
        """Return llguidance's view of this tokenizer; takes about 1.5 s, so keep it.

        Args:
            vocabulary: number of logits of the model, which may exceed the tokenizer's entries.
        """
        import llguidance

        self._tokenizer.encode_special_tokens = False
        return llguidance.LLTokenizer(
            self._tokenizer.to_str(), n_vocab=vocabulary, eos_token=sorted(self.stops)
        )


class TextStream:
    """Turns tokens into text piece by piece, keeping back the bytes of an unfinished character."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def add(self, tokens: Sequence[int]) -> str:
        """Return the text that ``tokens`` complete, perhaps empty."""
        return self._decoder.decode(self._tokenizer.bytes_of(tokens))

    def end(self) -> str:
        """Return what is left; a cut character becomes U+FFFD."""
        return self._decoder.decode(b"", final=True)
