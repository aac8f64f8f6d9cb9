"""Errors of ``ui``.

Tree::

    UiError
    ├── WrongUse       the caller must change the command or a setting; exit status 2
    └── CannotServe    the page cannot be opened, e.g. the port is taken; exit status 1
"""

from __future__ import annotations


class UiError(Exception):
    """Base of everything ``ui`` raises on purpose."""


class WrongUse(UiError):
    """An option, argument or environment variable that cannot be used; nothing was started."""


class CannotServe(UiError):
    """The chat page cannot be opened."""
