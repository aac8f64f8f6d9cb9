"""An SMTP server on loopback that keeps what it is given."""

from __future__ import annotations

import email
import socket
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Postbox:
    """Takes messages, unless it has a reason to refuse."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses = ""

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 taken"

    def message(self) -> EmailMessage:
        content = self.taken[-1].content
        assert isinstance(content, bytes)
        found = email.message_from_bytes(content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


class MailServer:
    def __init__(self, **options: Any) -> None:
        self.postbox = Postbox()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.controller = Controller(self.postbox, hostname="127.0.0.1", port=self.port, **options)
        self.controller.start()
