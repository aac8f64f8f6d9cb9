"""The sentences that answers are made of, and the escaping of everything that goes into them.

Sentences live in ``texts/<language>.yml`` of the package that says them; a language without a file is
answered in English. Values from the database, reviews and the asker's own words pass through
:func:`escape_markdown`, so that they can become neither HTML nor links, images, headings or lists.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from sql.yaml_text import read_yaml

SPOKEN = ("en", "zh")
"""Languages with a file of sentences; others are answered in English, with a note."""

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_LINE_START = re.compile(r"^(\s*)([#+\-=]|\d+(?=[.)]))")
_SCHEME = re.compile(r"(?i)\b(https?|ftps?|mailto|xmpp|javascript|data|file)(?=:)")
_HOST = re.compile(r"(?i)\bwww(?=\.)")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACES = re.compile(r"\s+")


def escape_markdown(text: str) -> str:
    """``text`` on one line, shown literally by any Markdown renderer.

    Angle brackets become entities rather than backslash escapes: even a surface that takes the text for
    HTML then shows them.

    >>> escape_markdown("<b>[x](http://e.org)</b>")
    '&lt;b&gt;\\\\[x\\\\](http\\\\://e.org)&lt;/b&gt;'
    """
    line = _SPACES.sub(" ", text).strip()
    line = _SPECIAL.sub(lambda m: "\\" + m.group(), line)
    line = _ENTITY.sub("&amp;", line).replace("<", "&lt;").replace(">", "&gt;")
    # A bare address turns into a link in most renderers; an escaped colon, dot or at sign prevents it.
    line = _SCHEME.sub(r"\1\\", line)
    line = _HOST.sub(r"www\\", line).replace("@", "\\@")
    return _LINE_START.sub(_escape_line_start, line)


def _escape_line_start(match: re.Match[str]) -> str:
    mark = match.group(2)
    # "1." would begin a list: the escape belongs before the dot, which the pattern left unread.
    return f"{match.group(1)}{mark}\\" if mark.isdigit() else f"{match.group(1)}\\{mark}"


def plain_text(markdown: str) -> str:
    """An answer's Markdown as plain text for a terminal: escapes, entities and bold marks undone."""
    lines = []
    for line in markdown.splitlines():
        bare = line.replace("**", "") if "\\*" not in line else re.sub(r"(?<!\\)\*\*", "", line)
        lines.append(html.unescape(_ESCAPED.sub(r"\1", bare)))
    return "\n".join(lines)


class Words:
    """The sentences of one language."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        """``en`` or ``zh``."""
        self._sentences = dict(sentences)

    def say(self, key: str, /, **values: str) -> str:
        """The sentence ``key`` with ``{name}`` replaced; ``KeyError`` for a sentence that is not there."""
        return self._sentences[key].format_map(values)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences


@cache
def load_words(language: str, *packages: str) -> Words:
    """The sentences of ``telling`` and of ``packages`` for ``language``; English when there are none for it.

    Args:
        packages: each has its own in ``texts/<language>.yml``.
    Raises:
        ValueError: two packages have a sentence of one name.
    """
    spoken = language if language in SPOKEN else "en"
    sentences: dict[str, str] = {}
    for package in ("telling", *packages):
        text = resources.files(package).joinpath("texts", f"{spoken}.yml").read_text(encoding="utf-8")
        own = {key: str(value).rstrip("\n") for key, value in read_yaml(text).items()}
        if twice := sentences.keys() & own.keys():
            raise ValueError(f"{package} has a sentence {min(twice)!r}, which another package has")
        sentences |= own
    return Words(spoken, sentences)


def listed(names: Iterable[str], words: Words) -> str:
    """``a, b and c`` in the language of ``words``."""
    *head, last = list(names)
    return words.say("list_end").join([words.say("list_join").join(head), last]) if head else last
