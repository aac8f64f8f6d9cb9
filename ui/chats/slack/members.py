"""Who writes in Slack: the person behind an account, by ``people.yml``, and the language of the account."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from app.keyring import Keyring
from app.person import Person
from ui.chats.replies import language_of
from ui.chats.slack.wire import FAILURES, Wire, reason_of

logger = logging.getLogger(__name__)

RENEW_S = 120.0
"""Seconds after which the members of a user group are asked for anew."""
MOST = 10_000
"""Accounts whose language is remembered."""


class Members:
    """The accounts of one workspace. Safe to use from several threads."""

    def __init__(self, keyring: Keyring, wire: Wire, clock: Callable[[], float] = time.monotonic) -> None:
        self._keyring = keyring
        self._wire = wire
        self._clock = clock
        self._lock = Lock()
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._languages: OrderedDict[str, str] = OrderedDict()

    def person(self, user: str) -> Person | None:
        """Who that account is; ``None`` for somebody whom nobody has named.

        Raises:
            WrongUse: ``people.yml`` cannot be read.
        """
        return self._keyring.person_of_slack(user, lambda group: user in self._of_group(group))

    def language(self, user: str, text: str = "") -> str:
        """Of ``text``; without one, of the account."""
        if text.strip():
            return language_of(text)
        with self._lock:
            known = self._languages.get(user)
        if known is not None:
            return known
        try:
            profile = self._wire.client.users_info(user=user, include_locale=True)["user"]
            found = "zh" if str(profile.get("locale", "")).startswith("zh") else "en"
        except FAILURES as error:
            logger.warning("Slack did not tell somebody's language: %s", reason_of(error))
            return "en"
        with self._lock:
            self._languages[user] = found
            if len(self._languages) > MOST:
                self._languages.popitem(last=False)
        return found

    def _of_group(self, group: str) -> frozenset[str]:
        """Those in it; nobody while Slack does not tell."""
        now = self._clock()
        with self._lock:
            known = self._groups.get(group)
        if known is not None and now < known[0] + RENEW_S:
            return known[1]
        try:
            users = frozenset(map(str, self._wire.client.usergroups_users_list(usergroup=group)["users"]))
        except FAILURES as error:
            logger.error("Slack did not tell who is in %s: %s", group, reason_of(error))
            return frozenset()
        with self._lock:
            self._groups[group] = (now, users)
        return users
