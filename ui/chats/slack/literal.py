"""Text to and from Slack: what strangers wrote is shown as it stands, and pings, links and formats nothing.

Blocks are rich text and ``plain_text``, in which Slack reads no markup; only a message's notification is
markup. Addresses are broken by a character without width, for clients that make links of bare ones.
"""

from __future__ import annotations

import html
import re

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Control characters, changes of direction, what has no width."""
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*:)(?=//)|\b((?:mailto|tel):)|\b(www)(?=\.)")
_JOINER = "\u2060"
_LOOK_ALIKES = str.maketrans(
    {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_ENTITY = re.compile(r"<([^<>]*)>")


def literal(text: str) -> str:
    """``text`` for rich text and ``plain_text``: nothing invisible in it, and no address to click on."""
    return _ADDRESS.sub(lambda match: match[0] + _JOINER, _UNSEEN.sub("", text.replace("\r\n", "\n")))


def notification(text: str, most: int = 300) -> str:
    """The start of ``text`` for where Slack does read markup, and finds none.

    >>> notification("<!channel> *sale*")
    '&lt;!channel&gt; ∗sale∗'
    """
    start = text if len(text) <= most else text[: most - 1] + "…"
    return literal(start).translate(_LOOK_ALIKES)


def words_of(text: str) -> str:
    """What somebody wrote, without mentions, as they see it.

    >>> words_of("<@U1> sales &gt; 5 on <https://x.example|x.example>?")
    'sales > 5 on x.example?'
    """
    return " ".join(html.unescape(_ENTITY.sub(_entity, text)).split())


def _entity(match: re.Match[str]) -> str:
    content = match[1]
    if content.startswith(("@", "!")):
        return " "
    address, _, label = content.partition("|")
    return label or address.lstrip("#")
