"""The shop in chats: one seam (:mod:`ui.chats.seam`), and an adapter for each chat program.

An adapter finds out who wrote, hands the question and a :class:`~ui.chats.seam.Message` to a
:class:`~ui.chats.seam.Chat`, and shows the :class:`~ui.chats.replies.Reply` in its program's own blocks. What
adapters share stands beside the seam; none imports another. Not covered: pages and HTTP (``ui.page``,
``ui.http``).
"""

from ui.chats.replies import Reply
from ui.chats.seam import Asked, Chat, Message

__all__ = ["Asked", "Chat", "Message", "Reply"]
