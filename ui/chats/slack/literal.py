"""Text to and from Slack: what strangers wrote is shown as it stands, and pings, links and formats nothing.

Blocks are rich text and ``plain_text``, in which Slack reads no markup; only a message's notification is
markup. In both, addresses are broken (:func:`ui.chats.strangers_words.literal`).
"""

from __future__ import annotations

import html
import re

from ui.chats.strangers_words import literal

_LOOK_ALIKES = str.maketrans(
    {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_ENTITY = re.compile(r"<([^<>]*)>")


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
