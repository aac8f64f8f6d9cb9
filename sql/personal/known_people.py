"""Names that are known to be of people: those of the shop's own customers. Never shown, only compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sql.personal.personal_spans import Span

_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+(?:['-][^\W\d_\u3400-\u9fff]+)*")
_HAN = re.compile(r"[\u3400-\u9fff·]{2,}")
_MOST_WORDS = 5


class KnownNames:
    """Full names, found in a text in time that grows with the text alone.

    A name of one word is left out: it may be a product's. A Chinese name counts from three characters on, or
    behind nothing that makes a longer word of it.

    Args:
        names: as the shop writes them, in any letter case.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._western: set[tuple[str, ...]] = set()
        self._chinese: set[str] = set()
        for name in names:
            words = tuple(_WORD.findall(name.lower()))
            if 2 <= len(words) <= _MOST_WORDS:
                self._western |= {words, (*words[1:], words[0])}
            han = name.strip()
            if _HAN.fullmatch(han) and 3 <= len(han) <= 6:
                self._chinese.add(han)
        self._lengths = sorted({len(words) for words in self._western}, reverse=True)
        self._han_lengths = sorted({len(name) for name in self._chinese}, reverse=True)
        self._first = {words[0] for words in self._western}

    @property
    def digest(self) -> str:
        """16 hexadecimal digits, equal for the same names."""
        names = sorted([*map(" ".join, self._western), *self._chinese])
        return hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self._western) + len(self._chinese)

    def find(self, text: str) -> Iterator[Span]:
        """Where one of the names stands."""
        if self._western:
            yield from self._find_western(text)
        if self._chinese:
            yield from self._find_chinese(text)

    def _find_western(self, text: str) -> Iterator[Span]:
        words = [(match.start(), match.end(), match[0].lower()) for match in _WORD.finditer(text)]
        for number, (start, _, word) in enumerate(words):
            bare = word.removesuffix("'s")
            if word not in self._first and bare not in self._first:
                continue
            for length in self._lengths:
                part = words[number : number + length]
                if len(part) < length or re.search(r"[^\s.,'-]", _between(text, part)):
                    continue
                key = tuple(each for _, _, each in part)
                last = key[-1].removesuffix("'s")
                if key in self._western or (*key[:-1], last) in self._western:
                    end = part[-1][1] - (len(key[-1]) - len(last) if key not in self._western else 0)
                    yield Span(start=start, end=end, kind="name", confidence=1.0)
                    break

    def _find_chinese(self, text: str) -> Iterator[Span]:
        for run in _HAN.finditer(text):
            for start in range(run.start(), run.end()):
                for length in self._han_lengths:
                    if start + length <= run.end() and text[start : start + length] in self._chinese:
                        yield Span(start=start, end=start + length, kind="name", confidence=1.0)
                        break


def _between(text: str, part: list[tuple[int, int, str]]) -> str:
    return "".join(text[one[1] : other[0]] for one, other in pairwise(part))
