"""Text that a chat program shows as it stands: nothing invisible in it, and no address to click on.

Mark-up is each program's own; an adapter takes it out, or writes where its program reads none.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
"""Control characters, changes of direction, what has no width, halves of characters."""
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*:)(?=//)|\b((?:mailto|tel):)|\b(www)(?=\.)")
_JOINER = "\u2060"


def literal(text: str) -> str:
    """``text`` without what cannot be seen; an address is broken by a character without width."""
    return _ADDRESS.sub(lambda match: match[0] + _JOINER, _UNSEEN.sub("", text.replace("\r\n", "\n")))
