"""Decoding under a grammar: which tokens may come next, and which must.

A thin layer over llguidance, whose Lark dialect the grammars are written in. It answers with token ids;
picking among them, and the model, are not its business.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from llm.errors import InvalidGrammar


class Constraint:
    """How far one reply has come in a grammar."""

    def __init__(self, tokenizer: Any, grammar: str) -> None:
        """Compile ``grammar``.

        Args:
            tokenizer: llguidance's tokenizer, see ``ChatTokenizer.grammar_tokenizer``.
            grammar: Lark, in llguidance's dialect.
        Raises:
            InvalidGrammar: it does not compile.
        """
        import llguidance

        self._words = (tokenizer.vocab_size + 31) // 32
        self._matcher = llguidance.LLMatcher(
            tokenizer, llguidance.LLMatcher.grammar_from_lark(grammar), log_level=0
        )
        self._check(grammar)

    def _check(self, grammar: str | None = None) -> None:
        if self._matcher.is_error():
            reason = self._matcher.get_error().strip()
            tail = "" if grammar is None else f" The grammar begins: {grammar[:200]!r}"
            raise InvalidGrammar(f"llguidance refused the grammar: {reason}.{tail} Nothing was generated.")

    @property
    def is_finished(self) -> bool:
        """Nothing but the end can follow."""
        return bool(self._matcher.is_stopped())

    @property
    def is_complete(self) -> bool:
        """What was consumed is a whole sentence of the grammar, though more may follow."""
        return bool(self._matcher.is_accepting())

    def copy(self) -> Constraint:
        """Return an independent constraint at the same place."""
        twin = object.__new__(Constraint)
        twin._words, twin._matcher = self._words, self._matcher.deep_copy()
        return twin

    def allowed(self) -> np.ndarray:
        """Return the ids that may come next, ascending; end markers included where the sentence may end."""
        mask = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        return np.flatnonzero(np.unpackbits(mask, bitorder="little"))

    def forced(self) -> list[int]:
        """Return the tokens that must come next, up to the next choice; does not consume them."""
        return list(self._matcher.compute_ff_tokens())

    def consume(self, tokens: Sequence[int]) -> None:
        """Advance by ``tokens``.

        Raises:
            InvalidGrammar: the grammar does not allow them, or llguidance gave up (a limit was hit).
        """
        if tokens and not self._matcher.consume_tokens(list(tokens)):
            self._check()
            raise InvalidGrammar(f"The grammar does not allow the tokens {list(tokens)} here.")

    def matching(self, tokens: Sequence[int]) -> int:
        """Return how many of ``tokens``, from the first, the grammar allows; consumes nothing."""
        return int(self._matcher.validate_tokens(list(tokens)))


def accepts(grammar: str, text: str) -> bool:
    """Whether ``text`` is a whole sentence of ``grammar``.

    Raises:
        InvalidGrammar: the grammar does not compile.
    """
    constraint = Constraint(byte_tokenizer(), grammar)
    letters = list(text.encode())
    if constraint.matching(letters) < len(letters):
        return False
    constraint.consume(letters)
    return constraint.is_complete


@functools.cache
def byte_tokenizer() -> Any:
    """A tokenizer of llguidance whose every token is one byte, for grammars without a model."""
    import llguidance

    return llguidance.LLTokenizer("byte")
