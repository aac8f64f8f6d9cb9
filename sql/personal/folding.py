"""A text as it is read: full-width characters as plain ones, invisible ones left out, with the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " ", 0x202F: " "}
_PLAIN |= {ord(dash): "-" for dash in "‐‑‒–—−"} | {ord("’"): "'"}
_PLAIN |= {0x660 + digit: str(digit) for digit in range(10)}
_PLAIN |= {0x24EA: "0"} | {0x2460 + digit: str(digit + 1) for digit in range(9)}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")


@dataclass(frozen=True)
class Folded:
    """What is searched, and where each of its characters stood."""

    text: str
    places: tuple[int, ...] | None
    """Of each character; ``None`` where all of them stand where they stood."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The same characters in the text as it was."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def fold(text: str) -> Folded:
    """The text with one plain character for each that is seen.

    >>> fold("１３８\\u200b００").text
    '13800'
    """
    plain = text.translate(_PLAIN)
    if _INVISIBLE.search(plain) is None:
        return Folded(plain, None)
    places = tuple(place for place, char in enumerate(plain) if not _INVISIBLE.match(char))
    return Folded("".join(plain[place] for place in places), places)
