"""What was written for one question before anybody has checked it, and who writes."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llm.engine import Completion
from sql.question.linking import Links
from sql.statement.compile import Compiled
from sql.statement.sentence import Condition


@dataclass(frozen=True, kw_only=True)
class Written:
    """One statement, as SQL of the shop's database."""

    sql: str
    """Empty where nothing was written."""
    completions: tuple[Completion, ...] = ()
    """What the model wrote; none where it was not asked."""
    is_declined: bool = False
    """The model finds nothing in the data that could answer; ``sql`` is empty."""
    compiled: Compiled | None = None
    """The statement of the question language that it is made of."""
    unheard: tuple[str, ...] = ()
    """Words of the question that no part of the statement stands for."""
    invented: int = 0
    """Texts that it compares with and nothing in the question stands for."""
    tries: int = 0
    """Statements that were written before it and did not stand."""
    choices: tuple[Compiled, ...] = ()
    """The model asks back which of these is meant; ``sql`` is empty."""
    others: tuple[Compiled, ...] = ()
    """Other statements that were written for the question and could stand, the likelier first."""
    never: tuple[Condition, ...] = ()
    """Conditions that no row of its view meets at any time, where it found nothing."""
    fault: str | None = None
    """Why it could answer nothing although it is in good grammar; it is not run."""

    @property
    def logprobs(self) -> tuple[float, ...]:
        """Of all tokens, in order."""
        return tuple(p for c in self.completions for p in c.logprobs)

    @property
    def is_certain(self) -> bool:
        """Whether the shop's words left this one statement, so that nobody had to be asked."""
        return not self.completions

    @property
    def chance(self) -> float:
        """Log-probability of the whole, in nats; minus infinity where it did not end or is at fault."""
        return -math.inf if self.is_unfinished or self.fault else sum(self.logprobs)

    @property
    def is_unfinished(self) -> bool:
        """Whether the model ran out of tokens."""
        return bool(self.completions) and self.completions[-1].finish == "length"


@dataclass(frozen=True, kw_only=True)
class After:
    """What a question goes on from."""

    said: Links
    """The message itself; the question that is asked is what it means without the answer before."""
    statement: str
    """The statement of the question language that gave the answer before."""


class Writer(Protocol):
    """Writes statements for the questions of one workspace."""

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        after: After | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """Write ``samples`` statements, the first the likeliest found; one where nobody need be asked.

        Args:
            failures: earlier statements with their errors.
            after: what the question goes on from; ``None`` where it stands alone.
        Raises:
            LlmError: the engine cannot be used, or the prompt is too long.
        """
        ...
