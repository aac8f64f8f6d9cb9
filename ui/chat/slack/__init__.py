"""Slack, over Socket Mode (``shoptalk slack``) or the Events API (``shoptalk serve``)."""

from ui.chat.slack.manifest import manifest
from ui.chat.slack.running import serve_socket_mode, signed_mount

__all__ = ["manifest", "serve_socket_mode", "signed_mount"]
