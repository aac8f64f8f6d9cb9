"""The shop in chats: one seam (:mod:`ui.chat.seam`), and an adapter for each chat program.

An adapter finds out who wrote, hands the question and a :class:`~ui.chat.seam.Message` to a
:class:`~ui.chat.seam.Chat`, and shows the :class:`~ui.chat.replies.Reply` in its program's own blocks. It
imports no other adapter. Not covered: pages and HTTP (``ui.page``, ``ui.http``).
"""

from ui.chat.replies import Reply
from ui.chat.seam import Asked, Chat, Message

__all__ = ["Asked", "Chat", "Message", "Reply"]
