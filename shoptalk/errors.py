"""Errors of ``shoptalk``: everything that is expected to go wrong, as one family.

Tree::

    ShoptalkError
    ├── WrongArgument     an argument or a setting that cannot be used: no such shop, no such role
    ├── CannotOpen        the shop's description is wrong, or its database or files cannot be read
    ├── WrongStatement    a statement of the question language that cannot be read or compiled
    ├── Refused           the role may not ask that; nothing was run
    ├── NotDone           allowed, and could not be done: budget, database, index, audit log, disk
    └── ShopClosed        asked after ``close``

A question that is declined, asked back or fails on its way is no error: it has an answer, whose ``status``
says so. Each carries the error that it was made of as ``__cause__``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


class ShoptalkError(Exception):
    """Base of everything that ``shoptalk`` raises on purpose."""


class WrongArgument(ShoptalkError):
    """An argument or a setting that cannot be used; nothing was asked."""


class CannotOpen(ShoptalkError):
    """The shop cannot be opened; nothing was changed."""


class WrongStatement(ShoptalkError):
    """A statement that cannot be read or that means nothing for this shop.

    Args:
        message: what is wrong, where, and the way out.
        at: index of the first character of the fault.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Refused(ShoptalkError):
    """The guard refused; nothing was run."""


class NotDone(ShoptalkError):
    """It could not be done now; nothing was changed."""


class ShopClosed(ShoptalkError):
    """The shop was closed; nothing was asked."""


_OPTIONS = (("--user ", "person attribute "), ("--", ""))
"""Options of the command line in the messages of ``app`` → what they are called here."""


@contextmanager
def one_family() -> Iterator[None]:
    """Let expected errors of the packages below rise as one of the family; our own bugs as they are."""
    try:
        yield
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        raise told from error


def _told(error: Exception) -> ShoptalkError | None:
    from app.errors import HouseClosed, UploadRefused, WrongUse
    from sql.errors import DatabaseUnavailable, ShopFileError, UnsafeQuery
    from sql.errors import WrongStatement as Unreadable
    from ui.command import is_expected, one_line
    from ui.present import word

    if isinstance(error, HouseClosed):
        return ShopClosed("The shop was closed; open it again with shoptalk.open(…).")
    if isinstance(error, WrongUse):
        return WrongArgument(_in_python(str(error)))
    if isinstance(error, UploadRefused):
        return CannotOpen(word(error.key, "en", **error.values))
    if isinstance(error, ShopFileError | DatabaseUnavailable):
        return CannotOpen(_in_python(str(error)))
    if isinstance(error, Unreadable):
        return WrongStatement(str(error), error.at)
    if isinstance(error, UnsafeQuery):
        return Refused(str(error))
    return NotDone(one_line(error)) if is_expected(error) else None


def _in_python(message: str) -> str:
    for option, name in _OPTIONS:
        message = re.sub(rf"(?<!\S){option}(?=\w)", name, message)
    return message
