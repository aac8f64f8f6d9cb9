"""The calls to Slack's Web API; the limits that Slack sets are obeyed here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from ui.chats.slack.blocks import plain_blocks
from ui.chats.slack.literal import notification
from ui.chats.slack.rich_text import Element

logger = logging.getLogger(__name__)

TRIES = 4
"""Times that a call which Slack told to wait is sent again, each after the seconds that Slack said."""
FAILURES = (SlackClientError, OSError)
"""What a call may raise: Slack refused it, or is out of reach."""


class Wire:
    """Calls to one workspace. Safe to use from several threads.

    Args:
        token: of the bot.
        base_url: of the Web API; ``None`` for Slack's own.
        clock: seconds that only grow.
    """

    def __init__(
        self, token: str, *, base_url: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        place = base_url if base_url is not None else WebClient.BASE_URL
        waits = [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(max_retry_count=TRIES)]
        self.client = WebClient(token, place, retry_handlers=waits)
        self.clock = clock
        self._hasty = WebClient(token, place, retry_handlers=[])
        self._pause_until = 0.0

    def post(self, channel: str, thread: str | None, blocks: Sequence[Element], text: str) -> str:
        """Write a message and return what names it; ``text`` is its notification."""
        return self.post_to(channel, blocks, text, thread=thread)[1]

    def post_to(
        self, channel: str, blocks: Sequence[Element], text: str, *, thread: str | None = None
    ) -> tuple[str, str]:
        """The same to a channel by name or id; returns the channel's id too, before the message's."""
        response = self.client.chat_postMessage(
            channel=channel, thread_ts=thread, blocks=list(blocks), text=text, **_LITERAL, unfurl_links=False,
            unfurl_media=False,
        )  # fmt: skip
        return str(response["channel"]), str(response["ts"])

    def update(self, channel: str, message: str, blocks: Sequence[Element], text: str) -> None:
        """Change a message, once Slack takes changes again."""
        time.sleep(max(0.0, self._pause_until - self.clock()))
        self.client.chat_update(channel=channel, ts=message, blocks=list(blocks), text=text, **_LITERAL)

    def update_if_free(self, channel: str, message: str, blocks: Sequence[Element], text: str) -> None:
        """Change a message, unless Slack has told to wait; one that is left out is not made up for."""
        if self.clock() < self._pause_until:
            return
        try:
            self._hasty.chat_update(channel=channel, ts=message, blocks=list(blocks), text=text, **_LITERAL)
        except SlackApiError as error:
            if error.response.status_code != 429:
                raise
            self._pause_until = self.clock() + float(error.response.headers.get("Retry-After", 1))

    def whisper(
        self, channel: str, user: str, thread: str | None, text: str, blocks: Sequence[Element] | None = None
    ) -> None:
        """Say something that only ``user`` sees; a failure is logged."""
        try:
            self.client.chat_postEphemeral(
                channel=channel, user=user, thread_ts=thread, text=notification(text),
                blocks=plain_blocks(text) if blocks is None else list(blocks), **_LITERAL,
            )  # fmt: skip
        except FAILURES as error:
            logger.error("Slack did not take a message: %s", reason_of(error))

    def upload(self, channel: str, thread: str | None, files: Sequence[dict[str, Any]]) -> None:
        """Attach files."""
        self.client.files_upload_v2(channel=channel, thread_ts=thread, file_uploads=list(files))


_LITERAL: dict[str, Any] = {"parse": "none", "link_names": False}
"""Slack looks for no names and addresses in a notification."""


def reason_of(error: BaseException) -> str:
    """Why a call failed, without what was sent."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", error.response.status_code))
    return type(error).__name__
