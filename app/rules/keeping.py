"""Who keeps a rule that somebody says in a conversation: in their name, with their role, for the inbox."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from app.errors import BadKey, WrongUse
from app.finding import folder_of
from app.keyring import Keyring
from app.rules.rule_store import KeptRule, Rules
from bot.errors import Declined
from jobs.notify.rule import Rule
from telling.phrases import escape_markdown

if TYPE_CHECKING:
    from app.person import Person
    from app.settings import Settings
    from sql.semantics import Shop

MOST_RULES = 100
"""Of a shop: each is asked of the database at every look."""


def rules_of(settings: Settings, shop: Shop) -> Rules:
    """The rules of a shop."""
    return Rules(folder_of(settings, shop) / "rules")


def keeper_of(settings: Settings, shop: Shop, person: Person, to: tuple[str, ...] = ()) -> Keeper:
    """Who keeps that person's rules; nothing is read or written here."""
    return Keeper(settings, rules_of(settings, shop), person, to)


class Keeper:
    """Implements ``bot.job.RuleKeeper`` for one person.

    Args:
        to: targets besides the inbox, as :func:`app.schedules.targets.read_target` reads them.
    """

    def __init__(self, settings: Settings, rules: Rules, person: Person, to: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._rules = rules
        self._person = person
        self._to = to
        self.kept: KeptRule | None = None
        """What was kept, or was there already."""

    def keep(self, rule: object, since: dt.date, holding: tuple[str, ...], language: str) -> bool:
        """See ``bot.job.RuleKeeper``; raises ``Declined`` where it cannot be kept."""
        assert isinstance(rule, Rule)
        try:
            if len(self._rules.all()) >= MOST_RULES:
                raise Declined("rule_most", {"most": str(MOST_RULES)})
            self.kept = self._of_person(rule, since, holding, language)
            return self._rules.add(self.kept)
        except (WrongUse, OSError) as error:
            raise Declined("rule_not_kept", {"reason": escape_markdown(str(error))}) from error

    def _of_person(self, rule: Rule, since: dt.date, holding: tuple[str, ...], language: str) -> KeptRule:
        person, has_key = self._person, self._has_key()
        return KeptRule(
            rule=rule,
            language="zh" if language == "zh" else "en",
            person=person.id,
            role=None if has_key else person.role,
            attributes={} if has_key else dict(person.attributes),
            has_key=has_key,
            to=self._to,
            judged=since,
            holding=holding,
        )

    def _has_key(self) -> bool:
        """Whether they come with a key: then the rule ends with it."""
        if not self._person.id:
            return False
        try:
            known = Keyring.of(self._settings).person_of_name(self._person.id)
        except BadKey:
            return False
        return known.role == self._person.role and dict(known.attributes) == dict(self._person.attributes)
