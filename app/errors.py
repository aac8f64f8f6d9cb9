"""Errors of ``app``.

Tree::

    AppError
    ├── WrongUse         the caller must change the command or a setting; exit status 2
    ├── UploadRefused    files that a visitor brings and that cannot be opened
    └── HouseClosed      what is asked was closed meanwhile
"""

from __future__ import annotations


class AppError(Exception):
    """Base of everything ``app`` raises on purpose."""


class WrongUse(AppError):
    """An option, argument, role or setting that cannot be used; nothing was started."""


class UploadRefused(AppError):
    """Files that cannot be opened; nothing of them was kept.

    Args:
        key: names the sentence that says why; the surface has the words.
        values: what fills it.
    """

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(f"{key} {values}")
        self.key = key
        self.values = values


class HouseClosed(AppError):
    """The shop, or the whole process, was closed; nothing was asked."""
