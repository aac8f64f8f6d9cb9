"""Chinese names typed with a character of the same sound: 牛楠 for 牛腩, 纸尿库 for 纸尿裤.

Who types by pinyin takes the first character that is offered. Sounds are compared without their tones, each
character by its commonest reading (pypinyin's table).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LEAST = 2
"""Characters of the shortest name that is looked for."""
MOST = 12
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_DIAERESIS = "\u0308"


class Sounds:
    """Phrases by how they sound.

    Args:
        phrases: those of Chinese characters alone are kept, and not too long.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases: dict[tuple[str, ...], list[str]] = {}
        for phrase in phrases:
            if LEAST <= len(phrase) <= MOST and _HAN.fullmatch(phrase):
                self._phrases.setdefault(_sound(phrase), []).append(phrase)

    def meant(self, text: str) -> str | None:
        """The one phrase that sounds like ``text`` and shares most characters with it; ``None`` for none or
        several."""
        if not LEAST <= len(text) <= MOST or not _HAN.fullmatch(text):
            return None
        others = max(1, len(text) // 3)
        near = [
            phrase
            for phrase in self._phrases.get(_sound(text), ())
            if 0 < sum(a != b for a, b in zip(phrase, text, strict=True)) <= others
        ]
        return near[0] if len(near) == 1 else None


def _sound(text: str) -> tuple[str, ...]:
    return tuple(map(_of_character, text))


@lru_cache(maxsize=8192)
def _of_character(character: str) -> str:
    """Its commonest reading without the tone; the character itself where none is known."""
    from pypinyin.pinyin_dict import pinyin_dict

    reading = pinyin_dict.get(ord(character), character).split(",")[0]
    letters = unicodedata.normalize("NFD", reading)
    return "".join(c for c in letters if not unicodedata.combining(c) or c == _DIAERESIS)
