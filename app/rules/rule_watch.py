"""Rules held against the newest data: what holds and did not before is told once, to inbox and targets.

Each rule is looked at in the name and with the role of the person who keeps it, as these are now. A period is
judged once, when it is over; what cannot be looked at is tried again at the next look.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from app.errors import AppError, NotDelivered
from app.finding import find_shop
from app.house import audited_role
from app.inbox import Inbox, Message, Told, message_id
from app.keyring import Keyring
from app.person import Person
from app.rules.keeping import rules_of
from app.rules.rule_store import KeptRule, Rules
from app.schedules.targets import Parcel, read_target
from app.watching import inbox_of
from bot.errors import BotError
from bot.job import Request, Tools, words_of
from bot.parameters import written
from jobs.notify import job
from jobs.notify.notify_told import tell_alarm
from jobs.notify.notifying import Alert, alarm_evidence, settings_of
from jobs.notify.rule import Alarm
from jobs.notify.rule_checking import Seen, alarms, last_period, look
from jobs.report.types import Report, Section
from jobs.series import moved
from sql.errors import SqlError
from sql.question.linking import Links, Vocabulary
from telling.phrases import plain_text
from telling.writer import write

if TYPE_CHECKING:
    from app.schedules.targets import Courier, Kind
    from app.settings import Settings
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)
_EXPECTED = (AppError, BotError, SqlError, OSError)
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one look told."""

    messages: tuple[Message, ...]
    """Those in the inbox of the person who looked."""
    others: int
    """Messages in inboxes of those who see something else of the shop."""


def check_rules(
    settings: Settings,
    shop: str | None,
    person: Person,
    couriers: Mapping[Kind, Courier],
    *,
    tell: Callable[[Exception], str] = str,
) -> Found:
    """Look at every rule of a shop, tell what is new, and deliver what waits for its target.

    Nothing is done where another process is at it.

    Args:
        person: who looks; each rule is looked at in its own keeper's name.
        tell: an expected error in words that quote no value of the shop's.
    Raises:
        WrongUse, SqlError: there is no such shop or role.
    """
    rules = rules_of(settings, find_shop(settings, shop))
    own = inbox_of(settings, shop, person)
    told: list[tuple[Inbox, Message]] = []
    with rules.checking() as is_ours:
        if is_ours:
            for kept_by, some in groupby(sorted(rules.all(), key=_keeper), key=_keeper):
                told += _check(settings, shop, rules, list(some), kept_by, tell)
            for kept in rules.all():
                _deliver(settings, shop, rules, kept, couriers)
    mine = tuple(message for inbox, message in told if inbox.path == own.path)
    return Found(messages=mine, others=len(told) - len(mine))


def _keeper(kept: KeptRule) -> tuple[str, ...]:
    seen = [f"{name}={value!r}" for name, value in sorted(kept.attributes.items())]
    return (kept.person, kept.role or "", str(kept.has_key), *seen)


def person_of(kept: KeptRule, settings: Settings) -> Person:
    """In whose name a rule is looked at, as they are now; raises ``BadKey``, ``WrongUse``."""
    if kept.has_key:
        return Keyring.of(settings).person_of_name(kept.person)
    return Person(id=kept.person, role=kept.role, attributes=kept.attributes)


def _check(
    settings: Settings,
    shop: str | None,
    rules: Rules,
    some: Sequence[KeptRule],
    kept_by: tuple[str, ...],
    tell: Callable[[Exception], str],
) -> list[tuple[Inbox, Message]]:
    """Rules of one keeper, over one opening of the database."""
    told: list[tuple[Inbox, Message]] = []
    try:
        person = person_of(some[0], settings)
        inbox = inbox_of(settings, shop, person)
        what = f"rules {' '.join(kept.id for kept in some)}"
        with audited_role(settings, "watch", what, shop=shop, person=person) as workspace:
            looker = _Looker(workspace)
            for kept in some:
                try:
                    told += [(inbox, message) for message in looker.look(rules, kept, inbox)]
                except _EXPECTED as error:
                    _fail(rules, kept, _in_words(error, kept.language, tell))
    except _EXPECTED as error:
        for kept in some:
            _fail(rules, kept, _in_words(error, kept.language, tell))
    return told


def _in_words(error: Exception, language: str, tell: Callable[[Exception], str]) -> str:
    words = words_of(language, job)
    key, values = getattr(error, "key", ""), getattr(error, "values", {})
    return plain_text(words.say(key, **{"role": "", **values})) if key and key in words else tell(error)


def _fail(rules: Rules, kept: KeptRule, reason: str) -> None:
    logger.warning("rule %s could not be looked at", kept.id)
    with suppress(AppError, OSError):
        rules.change(kept.id, lambda each: replace(each, failed=reason[:500]))


class _Looker:
    """One opening of a shop, through which several rules are looked at."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tools = Tools(
            workspace=workspace,
            asker=None,
            retriever=None,
            vocabulary=Vocabulary.build(workspace),
            jobs=(job,),
        )
        self._request = Request(question="", language="en", links=Links(question="", mentions=()))

    def look(self, rules: Rules, kept: KeptRule, inbox: Inbox) -> list[Message]:
        """What is new of one rule; it is in the inbox, and the rule knows that it was told."""
        rule = kept.rule
        last = last_period(rule, self._tools)
        since = kept.judged if rule.per == "now" else moved(kept.judged, rule.per, 1)
        if since > last:
            rules.change(kept.id, lambda each: replace(each, failed=""))
            return []
        seen = look(rule, self._request, self._tools, since)
        found, now = alarms(rule, seen, kept.holding)
        messages = []
        with inbox.changed() as memory:
            known = {message.id for message in memory.messages}
            for first, together in groupby(found, key=lambda alarm: alarm.first):
                heard = [alarm for alarm in together if not _is_muted(kept, alarm, memory.muted)]
                if not heard:
                    continue
                message = self._message(kept, first, heard, seen)
                if message.id not in known:
                    memory.messages.append(message)
                    messages.append(message)
        pending = tuple((message.id, target) for message in messages for target in kept.to)
        rules.change(
            kept.id,
            lambda each: replace(
                each, judged=last, holding=now, pending=(*each.pending, *pending), failed=""
            ),
        )
        return messages

    def _message(self, kept: KeptRule, first: dt.date, found: Sequence[Alarm], seen: Seen) -> Message:
        series = tuple(_as_told(kept, alarm) for alarm in found)
        return Message(
            id=message_id(first, series[0]),
            day=self._workspace.today.isoformat(),
            text={language: self._told(kept, found, seen, language) for language in LANGUAGES},
            see=written(job.name, settings_of(kept.rule)),
            series=series,
        )

    def _told(self, kept: KeptRule, found: Sequence[Alarm], seen: Seen, language: str) -> str:
        request = replace(self._request, language=language)
        evidence: Alert = alarm_evidence(kept.rule, found, seen, request, self._tools)
        workspace = self._workspace
        return write(evidence, tell_alarm, workspace.shop, words_of(language, job), workspace.role).text


def _as_told(kept: KeptRule, alarm: Alarm) -> Told:
    return Told(
        metric=f"rule {kept.id}",
        by=kept.rule.by,
        value=alarm.value,
        side=1 if kept.rule.side == "above" else -1,
        first=alarm.first.isoformat(),
        last=alarm.last.isoformat(),
    )


def _is_muted(kept: KeptRule, alarm: Alarm, muted: Sequence[str]) -> bool:
    told = _as_told(kept, alarm)
    return told.name in muted or told.metric in muted


# ---- targets ----------------------------------------------------------------------------------------------


def _deliver(
    settings: Settings, shop: str | None, rules: Rules, kept: KeptRule, couriers: Mapping[Kind, Courier]
) -> None:
    """What waits for a target; what cannot be delivered waits for the next look."""
    if not kept.pending:
        return
    try:
        person = person_of(kept, settings)
        messages = {message.id: message for message in inbox_of(settings, shop, person).read().messages}
    except _EXPECTED:
        return
    name = find_shop(settings, shop).name
    waiting, failed = [], ""
    for id, text in kept.pending:
        message = messages.get(id)
        if message is None:  # a customer in it was forgotten
            continue
        target = read_target(text)
        try:
            couriers[target.kind](target, _parcel(message, kept, name))
        except (NotDelivered, OSError) as error:
            waiting.append((id, text))
            failed = str(error)[:500]
    rules.change(kept.id, lambda each: replace(each, pending=tuple(waiting), failed=failed))


def _parcel(message: Message, kept: KeptRule, shop: str) -> Parcel:
    """The words of a message, and the line that shows its figures with their rows."""
    words = words_of(kept.language, job)
    day = dt.date.fromisoformat(message.day)
    text = plain_text(message.text[kept.language])
    section = Section(
        id="rule",
        title=words.say("alarm_section"),
        text=f"{text}\n{words.say('alarm_see', see=message.see)}",
        figures=(),
        tables=(),
    )
    report = Report(
        id=f"{day:%Y-%m-%d}-{message.id}",
        name="rule",
        title=words.say("alarm_title", rule=kept.rule.text),
        shop=shop,
        language="zh" if kept.language == "zh" else "en",
        start=day,
        end=day + dt.timedelta(days=1),
        sections=(section,),
    )
    return Parcel(report=report, name=f"{day:%Y-%m-%d}-rule-{kept.id}-{message.id}")
