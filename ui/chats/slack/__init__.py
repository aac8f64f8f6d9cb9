"""Slack, over Socket Mode (``shoptalk slack``) or the Events API (``shoptalk serve``)."""

from ui.chats.slack.manifest import manifest
from ui.chats.slack.running import serve_socket_mode, signed_mount

__all__ = ["manifest", "serve_socket_mode", "signed_mount"]
