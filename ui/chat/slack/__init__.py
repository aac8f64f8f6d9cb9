"""Slack, over Socket Mode (``shoptalk slack``) or the Events API (``shoptalk serve``)."""

from ui.chat.slack.running import serve_socket_mode, signed_mount

__all__ = ["serve_socket_mode", "signed_mount"]
