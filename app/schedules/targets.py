"""Where a report goes: a folder, an e-mail address, a channel of Slack; always as its writer said it."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from app.errors import WrongUse
from app.write import write_whole
from jobs.report.render import to_html
from jobs.report.types import Report

logger = logging.getLogger(__name__)

Kind = Literal["folder", "mail", "slack"]
Form = Literal["html", "pdf"]

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_SLACK = re.compile(r"#[\w-]{1,80}|[CGD][A-Z0-9]{2,20}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One place."""

    kind: Kind
    place: str
    """A folder from the root on, an address, or a channel's name or id."""

    def __str__(self) -> str:
        return self.place if self.kind == "folder" else f"{self.kind}:{self.place}"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A report that is delivered."""

    report: Report
    name: str
    """Of its file, without an ending; the same whenever the same run is delivered."""

    form: Form = "html"

    @property
    def file_name(self) -> str:
        """With its ending."""
        return f"{self.name}.{self.form}"

    @cached_property
    def content(self) -> bytes:
        """The page, or the PDF; made once for all targets.

        Raises:
            PdfUnavailable: no PDF can be made here.
        """
        if self.form == "html":
            return to_html(self.report).encode()
        from jobs.report.pdf import to_pdf

        made = to_pdf(self.report)
        for note in made.notes:
            logger.warning("%s", note)
        return made.content


class Courier(Protocol):
    """Brings parcels to targets of one kind."""

    def __call__(self, target: Target, parcel: Parcel) -> None:
        """Deliver it whole; raises ``NotDelivered`` or ``OSError`` where it cannot."""


def read_target(text: str) -> Target:
    """What ``--to`` says: ``reports/``, ``mail:anna@example.org`` or ``slack:#sales``.

    Raises:
        WrongUse: no such address or channel.
    """
    kind, is_named, place = text.strip().partition(":")
    if is_named and kind == "mail":
        if not _MAIL.fullmatch(place):
            raise WrongUse(f"--to is {text!r}; write one address, such as mail:anna@example.org.")
        return Target(kind="mail", place=place)
    if is_named and kind == "slack":
        if not _SLACK.fullmatch(place):
            raise WrongUse(
                f"--to is {text!r}; write a channel, such as slack:#sales, or its id, slack:C0123ABCD."
            )
        return Target(kind="slack", place=place)
    if not text.strip() or "\0" in text:
        raise WrongUse("--to is empty; name a folder, mail:ADDRESS or slack:#CHANNEL.")
    return Target(kind="folder", place=str(Path(text.strip()).expanduser().absolute()))


def check_writable(target: Target) -> None:
    """Raise ``WrongUse`` for a folder in which nothing can be written now."""
    if target.kind != "folder":
        return
    folder = Path(target.place)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise WrongUse(f"--to is {str(folder)!r}, and {there} is a file; name a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise WrongUse(
            f"--to is {str(folder)!r}, and nothing can be written in {there}; name another folder."
        )


def into_folder(target: Target, parcel: Parcel) -> None:
    """Write the file into a folder, whole or not at all; a :class:`Courier`."""
    path = Path(target.place) / parcel.file_name
    for unfinished in path.parent.glob(f".{path.name}.*"):  # of a run that was killed
        unfinished.unlink(missing_ok=True)
    write_whole(path, parcel.content)
