"""Errors of ``ui``.

Tree::

    UiError
    ├── CannotServe    the page cannot be opened, e.g. the port is taken; exit status 1
    └── CannotWatch    there is nothing that can be watched, for the reason that it says; exit status 1
"""

from __future__ import annotations


class UiError(Exception):
    """Base of everything ``ui`` raises on purpose."""


class CannotServe(UiError):
    """The chat page cannot be opened."""


class CannotWatch(UiError):
    """There is nothing that can be watched; says why and what to do."""
