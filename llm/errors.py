"""Errors of ``llm``.

Tree::

    LlmError
    ├── WeightsMissing       no source has the weights; says the command that brings them
    ├── WeightsCorrupt       a file is not the official one
    ├── EngineUnavailable    the model cannot be loaded or reached
    ├── UnknownAdapter
    ├── InvalidGrammar
    └── PromptTooLong
"""

from __future__ import annotations


class LlmError(Exception):
    """Base of everything ``llm`` raises on purpose."""


class WeightsMissing(LlmError):
    """No source holds the model's weights; the message names the one command that brings them."""


class WeightsCorrupt(LlmError):
    """A weights file differs from the official one; it was not used."""


class EngineUnavailable(LlmError):
    """The model cannot be loaded or reached."""


class UnknownAdapter(LlmError):
    """``adapter=`` names an adapter that this engine does not have."""


class InvalidGrammar(LlmError):
    """A grammar that llguidance does not compile; ours to mend."""


class PromptTooLong(LlmError):
    """The prompt and the tokens asked for exceed the model's window."""
