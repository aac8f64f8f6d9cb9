"""The watch by the clock: what is unusual now and was not told yet, and what would have been told before.

The judging is ``jobs.unusual``'s; here is who may see it, what was told already, and the days of a replay.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from app.errors import WrongUse
from app.finding import find_shop, folder_of
from app.house import audited_role
from app.inbox import Inbox, Memory, Message, Told, message_id
from app.person import Person, role_of, seen_by
from app.settings import Settings
from bot.job import Request, Tools
from bot.parameters import written
from jobs.unusual import job
from jobs.unusual.episodes import Episode, Event, find_episodes, gather_events
from jobs.unusual.looking import RECENT_DAYS, Seen, as_evidence, check_past, look_back
from jobs.unusual.unusual_told import tell_event
from jobs.unusual.watched import Watched
from sql.question.linking import Links, Vocabulary
from sql.shop.workspace import Workspace
from telling.evidence import Evidence
from telling.writer import Writer, write

LOOK_BACK_DAYS = 14
"""Days up to today that an event must touch to be told."""
SLACK_DAYS = 7
"""Quiet days after which the same series moving the same way is another event."""


def inbox_of(settings: Settings, shop: str | None, person: Person) -> Inbox:
    """The inbox of those who see the same of the shop as ``person``.

    Raises:
        WrongUse, SqlError: there is no such shop or role, or the person lacks what the role needs.
    """
    description = find_shop(settings, shop)
    role = role_of(description, person)
    seen = sorted((name, repr(value)) for name, value in seen_by(role, person).items())
    digest = hashlib.sha256(json.dumps([role.name, seen]).encode()).hexdigest()[:10]
    return Inbox(folder_of(settings, description) / "watch" / f"{digest}.json")


def look(settings: Settings, shop: str | None, person: Person) -> list[Message]:
    """Judge the newest data, and keep and return what is unusual in them and was not told yet.

    Raises:
        Declined: there is nothing that can be watched.
        WrongUse, SqlError, NotRecorded: see :func:`app.house.audited_role` and :class:`app.inbox.Inbox`.
    """
    inbox = inbox_of(settings, shop, person)
    with audited_role(settings, "watch", "newest", shop=shop, person=person) as workspace:
        teller = _Teller(workspace)
        today = workspace.today
        with inbox.changed() as memory:
            return list(teller.news(memory, today, teller.ends()))


def replay(settings: Settings, shop: str | None, person: Person, start: dt.date) -> list[Message]:
    """What would have been told from ``start`` on, as if each day had been today; nothing is kept.

    Which values of wide columns are watched is decided by all of the data, and rows that came late are taken
    to have been there.

    Raises:
        Declined, WrongUse, SqlError, NotRecorded: see :func:`look`.
    """
    with audited_role(settings, "watch", f"replay {start}", shop=shop, person=person) as workspace:
        if start > workspace.today:
            raise WrongUse(f"--replay is {start}, and today is {workspace.today} here; name an earlier day.")
        teller, memory = _Teller(workspace), Memory()
        return [
            message
            for day in teller.days_with_news(start)
            for message in teller.news(memory, day, teller.ends(day))
        ]


class _Teller:
    """One reading of a shop's past, from which every day is told."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        vocabulary = Vocabulary.build(workspace)
        self.tools = Tools(
            workspace=workspace, asker=None, retriever=None, vocabulary=vocabulary, jobs=(job,)
        )
        self.request = Request(question="", language="en", links=Links(question="", mentions=()))
        today = workspace.today
        recent = today - dt.timedelta(days=RECENT_DAYS - 1), today
        self.past = look_back(self.request, self.tools, recent)
        check_past(self.past, *recent, self.tools)

    def ends(self, day: dt.date | None = None) -> list[int | None]:
        """Of each grain the last period that was over at the end of a day; ``None`` for all of them."""
        if day is None:
            return [None] * len(self.past.watched)
        return [_over(watched, day) for watched in self.past.watched]

    def days_with_news(self, start: dt.date) -> list[dt.date]:
        """The days from ``start`` on at whose end a period ended in which anything was off."""
        found = set()
        for watched in self.past.watched:
            periods = np.flatnonzero(watched.detection.is_off.any(axis=(0, 1)))
            found |= {_last_day(watched, int(period)) for period in periods}
        return sorted(day for day in found if start <= day <= self.workspace.today)

    def news(self, memory: Memory, day: dt.date, ends: Sequence[int | None]) -> Iterator[Message]:
        """What is to be told at the end of a day; it is put into the memory."""
        since = day - dt.timedelta(days=LOOK_BACK_DAYS - 1)
        episodes = [
            episode
            for watched, end in zip(self.past.watched, ends, strict=True)
            for episode in find_episodes(watched.detection, watched.series, watched.starts, end)
            if episode.last >= since
        ]
        for event in gather_events(episodes):
            series = [_as_told(each) for each in event.all]
            if memory.is_news(series, SLACK_DAYS):
                message = self._message(event, day, series)
                memory.messages.append(message)
                yield message

    def _message(self, event: Event, day: dt.date, series: Sequence[Told]) -> Message:
        lead = event.lead
        see = {"metric": lead.series.metric} | ({"by": lead.series.by} if lead.series.by else {})
        see["period"] = f"from {lead.first.isoformat()} to {lead.last.isoformat()}"
        return Message(
            id=message_id(day, series[0]),
            day=day.isoformat(),
            text={language: self._told(event, language) for language in ("en", "zh")},
            see=written(job.name, see),
            series=tuple(series),
        )

    def _told(self, event: Event, language: str) -> str:
        looked_at = event.lead.first, event.lead.last
        request = replace(self.request, language=language)
        evidence = as_evidence(request, self.tools, self.past, [event], looked_at, is_brief=True)
        return write(evidence, _tell, self.workspace.shop, job.words(language), self.workspace.role).text


def _tell(evidence: Evidence, writer: Writer) -> str:
    assert isinstance(evidence, Seen)
    return tell_event(evidence.events[0], evidence, writer)


def _as_told(episode: Episode) -> Told:
    series = episode.series
    return Told(
        metric=series.metric,
        by=series.by,
        value=series.value,
        side=episode.side,
        first=episode.first.isoformat(),
        last=episode.last.isoformat(),
    )


def _last_day(watched: Watched, period: int) -> dt.date:
    length = watched.starts[1] - watched.starts[0]
    return watched.starts[period] + length - dt.timedelta(days=1)


def _over(watched: Watched, day: dt.date) -> int:
    """The last period whose last day is not after ``day``; -1 for none."""
    length = watched.starts[1] - watched.starts[0]
    return bisect_right(watched.starts, day - length + dt.timedelta(days=1)) - 1
