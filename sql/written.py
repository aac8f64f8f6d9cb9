"""What a model wrote for one question, before anybody has checked it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llm.engine import Completion
from sql.linking import Links


@dataclass(frozen=True, kw_only=True)
class Written:
    """One statement, as SQL of the shop's database."""

    sql: str
    """Empty when the first step did not end."""
    completions: tuple[Completion, ...]
    """Of each step that was taken."""
    is_declined: bool = False
    """The model finds nothing in the data that could answer; ``sql`` is empty."""

    @property
    def logprobs(self) -> tuple[float, ...]:
        """Of all tokens, in order."""
        return tuple(p for c in self.completions for p in c.logprobs)


class Writer(Protocol):
    """Writes statements for the questions of one workspace."""

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """Write ``samples`` statements, the first of them greedily.

        Args:
            failures: earlier statements with their errors.
        Raises:
            LlmError: the engine cannot be used, or the prompt is too long.
        """
        ...
