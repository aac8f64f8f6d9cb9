"""Prompts as token ids: the model's chat markup, and strangers' text that can never become markup.

Only the ChatML markup of the Qwen family is known. Every part of a prompt is encoded by itself with control
tokens switched off, so that ``<|im_end|>`` inside a review is ordinary text and not the end of a message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def lay_out(prompt: Prompt, plain: Callable[[str], list[int]], start: int, end: int) -> PromptTokens:
    """The ids of ``prompt`` in ChatML; its parts are encoded separately.

    Args:
        plain: encodes composed text (NFC) without ever making a control token.
        start, end: the ids of the two markers around a message.
    """

    def text(words: str) -> list[int]:
        # The family's tokenizer composes characters first (NFC); the official GGUF file does not say so.
        return plain(unicodedata.normalize("NFC", words)) if words else []

    newline = text("\n")
    shared = (
        *(start, *text("system\n"), *text(prompt.system), end, *newline),
        *(start, *text("user\n"), *text(prompt.fixed)),
    )
    own = (
        *(*text(prompt.rest), end, *newline),
        *(start, *text("assistant\n"), *text(prompt.lead)),
    )
    return PromptTokens(shared=shared, own=own)


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

    def encode(self, prompt: Prompt) -> PromptTokens:
        """Return the ids of ``prompt`` in the model's chat markup; its parts are encoded separately."""
        return lay_out(prompt, self._plain, self._start, self._end)

    def encode_reply(self, text: str) -> tuple[int, ...]:
        """Return the ids of a whole reply with the marker that ends it: what training teaches."""
        return (*self._plain(unicodedata.normalize("NFC", text)), self._end)

    def tokens(self, text: str) -> tuple[int, ...]:
        """Return the ids of ``text``, in which there is no markup."""
        return tuple(self._plain(text))

    def _plain(self, text: str) -> list[int]:
        # Set at each call, because grammar_tokenizer() switches it off.
        self._tokenizer.encode_special_tokens = True
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of ``tokens``, without control tokens; bytes that are not UTF-8 become U+FFFD."""
        text = [token for token in tokens if token not in self.control]
        return str(self._tokenizer.decode(text))

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
