"""Feishu and Lark, over a long connection (``shoptalk feishu``) or events over HTTP (``shoptalk serve``)."""

from ui.chats.feishu.answering import serve_long_connection, signed_mount

__all__ = ["serve_long_connection", "signed_mount"]
