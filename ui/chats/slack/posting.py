"""Scheduled reports in a channel: their words as messages, their page as a file."""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.errors import NotDelivered
from app.settings import Settings

if TYPE_CHECKING:
    from app.schedules.targets import Parcel, Target

logger = logging.getLogger(__name__)


class Poster:
    """A :class:`app.schedules.targets.Courier` for channels. Everybody in one reads what is posted.

    Args:
        base_url: of the Web API; ``None`` for Slack's own.
    """

    def __init__(self, settings: Settings, base_url: str | None = None) -> None:
        self._token = settings.slack_bot_token
        self._base_url = base_url

    def __call__(self, target: Target, parcel: Parcel) -> None:
        """Post it; a file that Slack does not take is told in the thread.

        Raises:
            NotDelivered: Slack refuses, is out of reach, or no token or library is there.
        """
        if self._token is None:
            raise NotDelivered("SHOPTALK_SLACK_BOT_TOKEN is not set where schedules are run (docs/slack.md)")
        if find_spec("slack_bolt") is None:
            raise NotDelivered('Slack needs its library: pip install -c constraints.txt -e ".[slack]"')
        from ui.chats.replies import words_in
        from ui.chats.slack.blocks import plain_blocks, report_messages
        from ui.chats.slack.literal import notification
        from ui.chats.slack.wire import FAILURES, Wire, reason_of
        from ui.chats.strangers_words import literal

        wire, title = Wire(self._token, base_url=self._base_url), parcel.report.title
        first, *rest = report_messages(parcel.report)
        content = parcel.content  # made before anything is posted
        try:
            channel, thread = wire.post_to(target.place, first, notification(title))
        except FAILURES as error:
            raise NotDelivered(f"Slack refused {target.place}: {reason_of(error)}") from error
        file = {"filename": parcel.file_name, "content": content, "title": literal(title)}
        try:
            for blocks in rest:
                wire.post(channel, thread, blocks, notification(title))
            wire.upload(channel, thread, [file])
        except FAILURES as error:
            logger.error("Slack did not take all of a report: %s", reason_of(error))
            sentence = words_in(parcel.report.language).say("no_files")
            with suppress(*FAILURES):
                wire.post(channel, thread, plain_blocks(sentence), notification(sentence))
