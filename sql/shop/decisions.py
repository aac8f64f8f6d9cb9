"""What was decided for a description, in words for who runs the shop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Something that was decided for a description, for a person to read."""

    place: str
    """The view, column or key of ``shop.yml`` that it is about."""
    text: str
    """What was taken, and why, in a sentence."""
    text_zh: str
    """The same in Chinese."""
    is_sure: bool = True
    """``False``: only who runs the shop knows it."""

    def told(self, language: str) -> str:
        """The sentence in a language: ``"zh"``, else English."""
        return self.text_zh if language == "zh" else self.text
