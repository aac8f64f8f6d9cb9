"""What a database says about a failed query, without the values that it quotes.

An error about a value ("could not convert 'Ana' to INTEGER") quotes the cell that it stumbled over, and a
database may stumble over rows that the asker's role hides, before the rule about rows is applied. Such
messages keep their words and lose their values. Messages about names and grammar keep everything: the model
repairs its statement by them.
"""

from __future__ import annotations

import re

_QUOTED = re.compile(r"""['"`].*['"`]""", re.DOTALL)
"""From the first quote to the last: a value may hold quotes, and databases do not double them."""
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.,:eE+-]*(?!\w)")
_MAX = 500


def without_values(message: str) -> str:
    """``message`` with everything in quotes and every number replaced by ``…``.

    >>> without_values("invalid input syntax for type integer: 'Ana'")
    'invalid input syntax for type integer: …'
    """
    bare = _QUOTED.sub("…", message)
    odd = re.search(r"['\"`]", bare)
    if odd is not None:  # cut in the middle of a value
        bare = bare[: odd.start()] + "…"
    return _NUMBER.sub("…", bare)[:_MAX].strip()


def first_line(message: str) -> str:
    """The first line of ``message``, at most a few hundred characters."""
    lines = message.strip().splitlines()
    return lines[0].strip()[:_MAX] if lines else "it gave no reason"
