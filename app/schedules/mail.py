"""A report by e-mail: its words, and its page or PDF attached; over TLS to any other computer."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from app.errors import NotDelivered
from app.person import is_loopback
from app.schedules.targets import Parcel, Target
from app.settings import Settings
from jobs.report.types import Report

TIMEOUT_S = 30.0
"""Seconds that the server gets for each of its answers."""
IMPLICIT_TLS_PORT = 465
"""Where TLS begins at once; elsewhere by STARTTLS."""
_LONGEST_SUBJECT = 150


class Mailer:
    """A :class:`app.schedules.targets.Courier` for addresses.

    A run that is delivered twice, for the process was killed between the server's yes and the note of it,
    has one Message-ID.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, target: Target, parcel: Parcel) -> None:
        """Send it.

        Raises:
            NotDelivered: no server is named, it is out of reach, or it refuses.
        """
        host = self._settings.smtp_host
        if host is None:
            raise NotDelivered(
                "no mail server is named: set SHOPTALK_SMTP_HOST where schedules are run (docs/schedules.md)"
            )
        place = f"{host}:{self._settings.smtp_port}"
        message = message_of(parcel, sender=self._sender(), to=target.place)
        try:
            with self._connected(host) as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise NotDelivered(f"{place} refused {target.place}: {_said(code, said)}") from error
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"{place} refused: {_said(error.smtp_code, error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            reason = (
                error.strerror if isinstance(error, OSError) and error.strerror else _one_line(str(error))
            )
            raise NotDelivered(f"{place} cannot be used: {reason or type(error).__name__}") from error

    def _sender(self) -> str:
        user = self._settings.smtp_user or ""
        sender = self._settings.smtp_from or (user if "@" in user else None)
        if sender is None:
            raise NotDelivered("who sends is not said: set SHOPTALK_SMTP_FROM (docs/schedules.md)")
        return sender

    def _connected(self, host: str) -> smtplib.SMTP:
        """Raises ``SMTPException`` or ``OSError``; nothing is sent readable to another computer."""
        port, secure = self._settings.smtp_port, ssl.create_default_context()
        if port == IMPLICIT_TLS_PORT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=secure)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        try:
            if port != IMPLICIT_TLS_PORT:
                server.ehlo()
                if server.has_extn("starttls") or not is_loopback(host):
                    server.starttls(context=secure)
            if self._settings.smtp_user and self._settings.smtp_password:
                server.login(self._settings.smtp_user, self._settings.smtp_password)
        except BaseException:
            server.close()
            raise
        return server


def message_of(parcel: Parcel, *, sender: str, to: str) -> EmailMessage:
    """The message; no word of a report ends a header.

    Args:
        sender: an address.
        to: an address.
    """
    report = parcel.report
    message = EmailMessage()
    message["Subject"] = _one_line(report.title)[:_LONGEST_SUBJECT]
    message["From"] = Address("Shoptalk", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Date"] = formatdate(localtime=True)
    digest = hashlib.sha256(f"{to} {parcel.name}".encode()).hexdigest()[:24]
    message["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words_of(report))
    kind, subtype = ("text", "html") if parcel.form == "html" else ("application", "pdf")
    message.add_attachment(parcel.content, maintype=kind, subtype=subtype, filename=parcel.file_name)
    return message


def words_of(report: Report) -> str:
    """The report's words, section by section."""
    parts = [report.title, *(f"{each.title}\n{each.text}" for each in report.sections if each.text)]
    return "\n\n".join(parts) + "\n"


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {_one_line(words)[:200]}"


def _one_line(text: str) -> str:
    """Without anything that is not printed."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
