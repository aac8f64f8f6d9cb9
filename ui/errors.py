"""Errors of ``ui``.

Tree::

    UiError
    └── CannotServe    the page cannot be opened, e.g. the port is taken; exit status 1
"""

from __future__ import annotations


class UiError(Exception):
    """Base of everything ``ui`` raises on purpose."""


class CannotServe(UiError):
    """The chat page cannot be opened."""
