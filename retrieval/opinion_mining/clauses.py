"""Text → clauses: the stretches that say one thing each, in English and Chinese.

A clause ends where a sentence does, at a contrast ("but", 但是), and where a comma or "and" begins what has a
subject of its own. Markup and addresses count as space. Together the clauses are the text that was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MOST_READ = 20_000
"""Characters of a text that are read; what nobody writes about a product is further on."""

Mood = Literal["says", "asks", "wishes"]

_MARKUP = re.compile(r"<[^<>]{0,500}>|https?://\S+|&[a-z]{2,8};")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SENTENCE = re.compile(r"(?:[.!?…]+(?=[\s\"')\]]|$)|[。！？…；;\n])[\s\"'”’)\]。！？]*")
_STARTERS = "the|it|its|it's|they|this|that|these|those|i|i'm|i've|we|my|our|there|he|she|you|your|no|not"
_PART = re.compile(
    rf"(?ix)(?<=[{_HAN}\w）)])\s*[，,]\s*(?=[{_HAN}])|(?<=[{_HAN}])\s+(?=[{_HAN}])|[，]\s*"
    rf"|(?:,\s*|\s+)(?=(?:but|however|although|though|yet|except|whereas|unfortunately|sadly|despite)\b)"
    rf"|,\s*(?=(?:(?:and|so|then|while|which)\s+)?(?:{_STARTERS})\b)"
    rf"|\s+(?=(?:and|while|because)\s+(?:{_STARTERS})\s)|\s+-\s+|(?<=[{_HAN}])(?=但是|但|不过|可是|可惜)"
)
_CONTRAST = re.compile(
    r"(?i)\W*(?:but|however|although|though|yet|except|whereas|unfortunately|sadly|despite|still|(?:on the )?(?:down|up|plus )side"
    r"|但|不过|可是|可惜|只是|然而|就是|倒是|好在)"
)
_ASKS = re.compile(r"[?？]\W*$|(?:吗|呢)[。.!！]*\s*$")
_WISHES = re.compile(
    r"(?ix)\b(?:i|we)(?:'d|\ would|\ do)?\ (?:also\ |only\ |really\ |just\ )*(?:wish|hope|(?:would|'d)?\ ?(?:like|love)\ (?:to\ (?:see|have)|it\ if|a|an|more))\b|\b(?:i|we)(?:'d|\ would)\ (?:have\ )?(?:like|love|prefer)"
    r"|\bwould\ (?:have\ )?be(?:en)?\ (?:nice|great|good|better|perfect|even\ better|lovely)\b|\bwould\ have\ (?:liked|loved|preferred)|\b(?:could|should)\ (?:have|use|do\ with)\ (?:a|an|more|some)\b|\bif\ only\b|\bplease\ (?:add|make|bring)\b"
    r"|希望|要是.{0,12}就(?:好|更好|完美)|如果.{0,16}就(?:好|更好|完美)|建议|最好能|能不能|期待"
)
# ruff: noqa: E501


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One clause of a text."""

    start: int
    end: int
    """Exclusive; the next clause begins there."""
    text: str
    """Without markup."""
    sentence: int
    """Number of its sentence in the text."""
    mood: Mood
    turns: bool
    """Whether it begins with a contrast to what comes before."""


def clauses(text: str) -> list[Clause]:
    """The clauses of the first ``MOST_READ`` characters, in order; none of an empty text.

    >>> [each.text for each in clauses("Battery is great but the strap broke. 音质好，就是有点重")]
    ['Battery is great ', 'but the strap broke. ', '音质好，', '就是有点重']
    """
    plain = _MARKUP.sub(lambda found: " " * len(found.group()), text[:MOST_READ])
    found: list[Clause] = []
    for number, (start, end) in enumerate(_cut(plain, 0, len(plain), _SENTENCE)):
        mood = mood_of(plain[start:end])
        for first, last in _cut(plain, start, end, _PART):
            part = plain[first:last]
            found.append(
                Clause(
                    start=first,
                    end=last,
                    text=part,
                    sentence=number,
                    mood=mood,
                    turns=_CONTRAST.match(part) is not None,
                )
            )
    return found


def mood_of(sentence: str) -> Mood:
    """Whether a sentence says something, asks, or wishes for what is not there."""
    if _ASKS.search(sentence):
        return "asks"
    return "wishes" if _WISHES.search(sentence) else "says"


def _cut(text: str, start: int, end: int, at: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The stretches of ``text[start:end]`` between the ends of what matches."""
    for match in at.finditer(text, start, end):
        if match.end() > start and text[start : match.end()].strip():
            yield start, match.end()
            start = match.end()
    if start < end:
        yield start, end
