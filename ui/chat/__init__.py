"""The shop in chats: one seam (:mod:`ui.chat.chat`), and an adapter for each chat program.

An adapter finds out who wrote, hands the question and a :class:`~ui.chat.chat.Message` to a
:class:`~ui.chat.chat.Chat`, and shows the :class:`~ui.chat.reply.Reply` in its program's own blocks. It
imports no other adapter. Not covered: pages and HTTP (``ui.page``, ``ui.http``).
"""

from ui.chat.chat import Asked, Chat, Message
from ui.chat.reply import Reply

__all__ = ["Asked", "Chat", "Message", "Reply"]
