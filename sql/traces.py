"""What tells one person in texts and cells: the key in the shop, e-mail addresses, telephone numbers, names.

Everything that is kept about a shop is searched for these when a customer is forgotten. A text identifies by
itself (an address, a number, a full name); a key does where it has letters and digits, and else only behind a
word for the customer: "customer 7", ``customer_id IN (5, 7)``, but not "the top 7".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

_DIGITS = re.compile(r"\+?[\d\s()./-]*\d[\d\s()./-]*")
_LEAST_DIGITS = 6
"""Of a telephone number; a shorter run of digits tells nobody."""
_LEAST_LETTERS = 4
"""Of a key of capitals (ALFKI) that is searched for wherever it stands, in capitals."""
_BETWEEN = r"[\s()./-]*"
_HAN = r"\u3400-\u9fff"
_JOINING = (
    r"(?:[\W\d_]|\b(?:id|key|no|nr|number|code|is|are|in|and|or|as|text|char|varchar|cast)\b"
    r"|号|编号|为|是|和)*?"
)
"""What may stand between the word for a customer and the key."""
_WRITTEN = {
    "'": r"(?:\\?'|''|&#(?:39|x27);|&apos;)",
    '"': r"(?:\\?\"|&#34;|&quot;)",
    "&": r"(?:\\?&|&amp;)",
}
"""Characters that SQL, JSON and HTML write otherwise."""


class CanForget(Protocol):
    """A place where something about a shop's customers may be kept, and how one of them goes out of it.

    Doing it again finds nothing more; cut off in the middle, the rest is found the next time.
    """

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out whatever names the person, or with ``is_dry`` only count it.

        Returns:
            How many entries named the person.
        Raises:
            Exception: the package's own errors and ``OSError``; what could not be read is unchanged.
        """


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What is searched for, and what stands in its place where a line must stay."""

    pseudonym: str
    """Says nothing about the person."""
    texts: tuple[str, ...] = ()
    """E-mail addresses, telephone numbers and full names, as the shop writes them."""
    key: str = ""
    """The key in the shop; empty where it is not searched for."""
    key_words: tuple[str, ...] = ()
    """What a key's column, or the customer, is called."""
    documents: frozenset[str] = frozenset()
    """Ids of the documents that the person wrote."""
    is_sampled: bool = False
    """Whether a column whose values are told to the language model holds one of theirs."""

    @property
    def without_key(self) -> Traces:
        """The same for texts of another shop, in which the key is another's."""
        return replace(self, key="", documents=frozenset())

    def names(self, text: str) -> bool:
        """Whether ``text`` names the person.

        >>> Traces(pseudonym="x", key="7", key_words=("customer",)).names("the top 7 customers")
        False
        """
        return any(pattern.search(text) for pattern in self._patterns)

    def names_cell(self, column: str, value: object) -> bool:
        """Whether the value of a column or an attribute does."""
        return self._is_key(column, value) or (isinstance(value, str) and self.names(value))

    def masked(self, text: str) -> str:
        """``text`` with the pseudonym in place of whatever names the person."""
        for pattern in self._patterns:
            while (replaced := pattern.sub(self._put, text)) != text:  # a list may hold a key twice
                text = replaced
        return text

    def masked_json(self, value: Any, name: str = "") -> Any:
        """The same for every text, and every key, in a value of JSON's types."""
        if isinstance(value, dict):
            return {key: self.masked_json(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.masked_json(each, name) for each in value]
        if self._is_key(name, value):
            return self.pseudonym
        return self.masked(value) if isinstance(value, str) else value

    def _put(self, found: re.Match[str]) -> str:
        before = found.groupdict().get("before") or ""
        return before + self.pseudonym

    def _is_key(self, column: str, value: object) -> bool:
        is_plain = isinstance(value, str | int) and not isinstance(value, bool)
        if not self.key or not is_plain or str(value).casefold() != self.key.casefold():
            return False
        return any(word.casefold() in column.casefold() for word in self.key_words)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        longest_first = sorted(set(self.texts), key=lambda text: (-len(text), text))
        patterns = [_of_text(text) for text in longest_first]
        if self.key:
            patterns.append(_of_key(self.key, self.key_words))
        if (
            self.key.isascii()
            and self.key.isalpha()
            and self.key.isupper()
            and len(self.key) >= _LEAST_LETTERS
        ):
            patterns.append(f"(?-i:{_alone(self.key, self.key)})")
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def is_telling(text: str) -> bool:
    """Whether a text tells one person by itself: an address, a telephone number, a name of several words.

    >>> [is_telling(text) for text in ("ana@shop.example", "+49 30 1234567", "Ana Souza", "Ana", "王小明")]
    [True, True, True, False, True]
    """
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return sum(map(str.isdigit, text)) >= _LEAST_DIGITS
    is_chinese = re.fullmatch(rf"[{_HAN}·]{{2,}}", text) is not None
    return "@" in text or is_chinese or len(re.findall(r"\w+", text)) > 1


def _of_text(text: str) -> str:
    if _DIGITS.fullmatch(text):
        digits = _BETWEEN.join(re.findall(r"\d", text))
        return rf"(?<!\d)(?:\+|00)?{digits}(?!\d)"
    words = r"\s+".join("".join(map(_character, word)) for word in text.split())
    return _alone(words, text)


def _of_key(key: str, key_words: Sequence[str]) -> str:
    written = "".join(map(_character, key))
    if re.search(r"[a-z]", key, re.IGNORECASE) and re.search(r"\d", key) and len(key) > 2:
        return _alone(written, key)
    called = "|".join(re.escape(word) for word in sorted(key_words, key=len, reverse=True))
    return rf"(?P<before>(?:{called})\w{{0,4}}{_JOINING})(?<!\d[-./:]){_alone(written, key)}(?![-./:]\d)"


def _alone(pattern: str, text: str) -> str:
    """Not inside a longer word; Chinese has no spaces between words."""
    first, last = (
        "" if re.match(rf"[{_HAN}\W]", end) else r"[^\W" + _HAN + "]" for end in (text[0], text[-1])
    )
    return (rf"(?<!{first})" if first else "") + pattern + (rf"(?!{last})" if last else "")


def _character(character: str) -> str:
    if character in _WRITTEN:
        return _WRITTEN[character]
    return character if character.isalnum() else rf"\\?{re.escape(character)}"
