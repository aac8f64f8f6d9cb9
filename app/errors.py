"""Errors of ``app``.

Tree::

    AppError
    ├── WrongUse         the caller must change the command or a setting; exit status 2
    │   └── WrongRole    the shop has no such role, or it needs what is not known of the person
    ├── CustomerUnclear  nobody is called so, or several are; nothing was forgotten
    ├── CannotForget     a place that could not be searched; the others were
    ├── MayNotDelete     a report is deleted by those who see the whole shop
    ├── UploadRefused    files that a visitor brings and that cannot be opened
    ├── BadKey           a key or a session that opens nothing
    ├── SignInRefused    a sign-in at the provider that ends with nobody let in
    ├── TooManyQuestions a person has asked as much as they may for now
    ├── NotDelivered     a scheduled report that did not reach where it goes
    ├── NotAnswered      what is scheduled was asked and has no answer
    ├── ConversationMissing  the person has no such conversation
    ├── ConversationBusy     another question of it is being answered
    ├── StoreAway        the database of people, conversations and feedback cannot be used now
    ├── Stopping         the process is about to end and takes no question any more
    └── HouseClosed      what is asked was closed meanwhile
"""

from __future__ import annotations

from typing import Literal


class AppError(Exception):
    """Base of everything ``app`` raises on purpose."""


class WrongUse(AppError):
    """An option, argument, role or setting that cannot be used; nothing was started."""


class WrongRole(WrongUse):
    """The shop has no role of that name, or the role needs an attribute that the person lacks."""


class CustomerUnclear(AppError):
    """Who is to be forgotten is not known; nothing was forgotten.

    Args:
        key: names the sentence that says why: ``nobody``, ``several``, ``not_bound`` or ``not_whole``.
        values: what fills it.
    """

    def __init__(self, key: str, text: str, **values: str) -> None:
        super().__init__(text)
        self.key = key
        self.values = values


class CannotForget(AppError):
    """A place, or part of it, could not be searched; ``found`` entries of the rest named the person."""

    def __init__(self, reason: str, found: int = 0) -> None:
        super().__init__(reason)
        self.found = found


class MayNotDelete(AppError):
    """A report is everybody's who may read the same: only a role that sees the whole shop deletes it."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"Role {role!r} does not see the whole shop, so it may not delete a report that others read too; "
            "nothing was deleted. Ask somebody whose role has no limits."
        )
        self.role = role


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


class BadKey(AppError):
    """A key or a session that opens nothing; ``reason`` says why."""

    def __init__(self, reason: Literal["unknown", "expired", "revoked"]) -> None:
        super().__init__(f"The key is {reason}.")
        self.reason = reason


class SignInRefused(AppError):
    """A sign-in at the provider after which nobody is let in.

    Args:
        key: names the sentence that says why: ``begun_elsewhere``, ``denied``, ``unproven``, ``unverified``,
            ``unmapped`` or ``provider_away``.
        reason: for whoever runs the server; holds nothing that the provider said of a person.
    """

    def __init__(self, key: str, reason: str = "") -> None:
        super().__init__(f"{key}: {reason}" if reason else key)
        self.key = key


class TooManyQuestions(AppError):
    """A person has asked as much as they may for now; nothing was asked."""

    def __init__(self, *, most: int, is_day: bool, retry_after_s: int) -> None:
        super().__init__(
            f"{most} questions {'a day' if is_day else 'a minute'} may be asked; ask again in "
            f"{retry_after_s} s."
        )
        self.most = most
        self.is_day = is_day
        self.retry_after_s = retry_after_s


class NotDelivered(AppError):
    """A scheduled report did not reach where it goes; says why."""


class NotAnswered(AppError):
    """What is scheduled was asked and has no answer: it was declined, or asked back."""


class ConversationMissing(AppError):
    """The person has no conversation of that id, or not any more."""


class ConversationBusy(AppError):
    """Another question of the conversation is being answered."""


class StoreAway(AppError, OSError):
    """The store cannot be reached or written now; nothing was changed.

    Args:
        store: its address, without a password.
        reason: what the database or its driver says.
    """

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store} cannot be used now: {reason}. Nothing was changed; try again.")
        self.reason = reason


class Stopping(AppError):
    """The process is about to end; nothing was asked."""


class HouseClosed(AppError):
    """The shop, or the whole process, was closed; nothing was asked."""
