"""Errors of ``bot``.

Tree::

    BotError
    ├── UnusableQuestion     empty, too long or without words; nothing was run
    ├── Declined             the question is understood and will not or cannot be answered; says why
    ├── AskBack              the question has several meanings; carries questions to choose from
    ├── Courtesy             thanks, or a question about the answer before: nothing to be looked up
    ├── Stopped              the asker pressed stop
    ├── NotRecorded          the audit log cannot be written, so nothing is run
    └── CorruptConversation  a saved conversation cannot be read
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class BotError(Exception):
    """Base of everything ``bot`` raises on purpose."""


class Refusal(BotError):
    """Something to be told in words: ``key`` names a sentence of ``bot/texts``, ``values`` fill it.

    Values are inserted as they stand, so text from strangers must be escaped before it gets here.
    """

    def __init__(
        self, key: str, values: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{key} {dict(values or {})}")
        self.key = key
        self.values = dict(values or {})
        self.options = options
        self.restated: tuple[str, ...] = ()
        """What the sentence repeats of the question besides its values."""
        self.statement = ""
        """The reading that is asked about, in the question language: the next message may change it."""
        self.is_open = False
        """Whether the answer is the asker's own to give, so that no example is offered in its place."""


class UnusableQuestion(Refusal):
    """Empty, too long or without words; nothing was run."""


class Declined(Refusal):
    """Understood, and not answered for the reason that ``key`` names; nothing was changed."""


class AskBack(Refusal):
    """Several meanings are possible; ``options`` are whole questions to choose from."""


class Courtesy(Refusal):
    """No question about the shop, and answered with the sentence that ``key`` names."""


class Stopped(BotError):
    """The asker pressed stop."""


class NotRecorded(BotError):
    """The audit log cannot be written; what it could not hold is not run, or not shown."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The audit log {path} cannot be written: {reason}. Without it nothing is answered, and nothing "
            "was changed. Make it writable and ask again."
        )
        self.path = path
        self.reason = reason


class CorruptConversation(BotError):
    """A saved conversation cannot be read; the file was left as it is."""
