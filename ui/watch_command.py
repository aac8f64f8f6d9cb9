"""``shoptalk watch``: what is unusual and was not told yet, the inbox of what was, and history replayed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.errors import WrongUse
from ui.command import one_line, print_json, print_text

if TYPE_CHECKING:
    from app.inbox import Inbox, Message
    from app.person import Person
    from app.settings import Settings

_SPAN = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def run(
    settings: Settings,
    *,
    shop: str | None,
    person: Person,
    start: str | None,
    is_inbox: bool,
    acknowledge: str | None,
    snooze: str | None,
    span: str | None,
    mute: str | None,
    unmute: str | None,
    language: str,
    as_json: bool,
) -> None:
    """Do the one thing that the options ask for: look at the newest data where they ask for nothing else.

    Raises:
        WrongUse: two things at once, or a value that cannot be used.
        CannotWatch: there is nothing that can be watched; with the reason.
    """
    from app import watching

    changes = [each for each in (acknowledge, snooze, mute, unmute, start) if each is not None]
    if len(changes) + is_inbox > 1:
        raise WrongUse("One of --inbox, --replay, --acknowledge, --snooze, --mute and --unmute at a time.")
    if (span is not None) != (snooze is not None):
        raise WrongUse("--snooze ID and --for SPAN go together, such as --snooze 1a2b3c4d --for 7d.")
    if language not in ("en", "zh"):
        raise WrongUse(f"--language is {language!r}; use en or zh.")
    if start is not None:
        _show(_watched(settings, shop, person, _day(start), language), language, as_json=as_json)
    elif not changes and not is_inbox:
        _show(_newest(settings, shop, person, language), language, as_json=as_json)
    else:
        inbox = watching.inbox_of(settings, shop, person)
        if is_inbox:
            _show(inbox.waiting(), language, as_json=as_json, nothing="The inbox is empty.")
        else:
            text = _changed(inbox, acknowledge, snooze, span, mute, unmute)
            if as_json:
                print_json({"done": text})
            else:
                print_text(text)


def _newest(settings: Settings, shop: str | None, person: Person, language: str) -> list[Message]:
    """What the rules of the shop tell now, and what is unusual; rules alone where nothing can be watched."""
    from app.finding import find_shop
    from app.progress import say
    from app.rules.keeping import rules_of
    from app.rules.rule_watch import check_rules
    from ui.errors import CannotWatch
    from ui.scheduling import couriers_of

    if not rules_of(settings, find_shop(settings, shop)).all():
        return _watched(settings, shop, person, None, language)
    found = check_rules(settings, shop, person, couriers_of(settings), tell=one_line)
    if found.others:
        say(f"Rules of others told {found.others}; they stand in their own inboxes.")
    try:
        return [*found.messages, *_watched(settings, shop, person, None, language)]
    except CannotWatch as error:
        say(str(error))
        return list(found.messages)


def _watched(
    settings: Settings, shop: str | None, person: Person, start: dt.date | None, language: str
) -> list[Message]:
    from app import watching
    from bot.errors import Declined
    from bot.job import words_of
    from jobs.unusual import job
    from telling.phrases import plain_text
    from ui.errors import CannotWatch

    try:
        if start is None:
            return watching.look(settings, shop, person)
        return watching.replay(settings, shop, person, start)
    except Declined as error:
        raise CannotWatch(plain_text(words_of(language, job).say(error.key, **error.values))) from error


def _changed(
    inbox: Inbox,
    acknowledge: str | None,
    snooze: str | None,
    span: str | None,
    mute: str | None,
    unmute: str | None,
) -> str:
    if acknowledge is not None:
        return f"Acknowledged: {inbox.acknowledge(acknowledge).id}."
    if snooze is not None:
        message = inbox.snooze(snooze, _span(span or ""))
        return f"Snoozed: {message.id}, until {message.snoozed_until.replace('T', ' ')}."
    if mute is not None:
        inbox.mute(mute.strip())
        return f"Muted: {mute.strip()}. Nothing is told of it until --unmute."
    inbox.unmute((unmute or "").strip())
    return f"Told of again: {(unmute or '').strip()}."


def _show(
    messages: Sequence[Message], language: str, *, as_json: bool, nothing: str = "Nothing new."
) -> None:
    from telling.phrases import plain_text
    from ui.terminal import safe_terminal

    if as_json:
        print_json({"messages": [message.to_json() for message in messages]})
        return
    for message in messages:
        print_text(safe_terminal(f"{message.id}  {message.day}  ({message.series[0].name})"))
        print_text(safe_terminal(f"  {plain_text(message.text[language])}"))
        print_text(safe_terminal(f"  shoptalk job {message.see}"))
    if not messages:
        print_text(nothing)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"--replay is {text!r}; expected a day such as 2026-05-31.") from None


def _span(text: str) -> dt.timedelta:
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise WrongUse(f"--for is {text!r}; write a number with h, d or w, such as 12h, 7d or 2w.")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
