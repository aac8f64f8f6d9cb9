"""What the watch has told: each event once, and what its readers did with it.

One file for all who see the same of a shop, written whole under a lock. Times are UTC. A message that is
acknowledged or snoozed is still remembered, so that its event is not told again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.errors import WrongUse
from app.write import write_whole
from sql.traces import Traces

FORMAT = 1
TOGETHER_DAYS = 2
"""Days between the beginnings of two series that are told as one event, whichever of them is surest."""
LOCK_S = 10.0
"""Seconds that a writer waits for others."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One series of an event that was told, and the days that it is known to cover."""

    metric: str
    by: str
    value: str
    side: int
    first: str
    """First day, as ISO text; so is ``last``, inclusive."""
    last: str

    def is_same(self, other: Told, slack_days: int) -> bool:
        """Whether both are one event at two times of telling: no more than so many days lie between."""
        slack = dt.timedelta(days=slack_days)
        mine, theirs = ([dt.date.fromisoformat(day) for day in (s.first, s.last)] for s in (self, other))
        is_near = mine[0] - slack <= theirs[1] and theirs[0] - slack <= mine[1]
        return self.name == other.name and self.side == other.side and is_near

    @property
    def name(self) -> str:
        """The series, as it is muted: ``metric``, or ``metric by column=value``."""
        return f"{self.metric} by {self.by}={self.value}" if self.by else self.metric


@dataclass(frozen=True, kw_only=True)
class Message:
    """An event as it was told."""

    id: str
    day: str
    """The shop's day at whose end it was told, as ISO text."""
    text: Mapping[str, str]
    """Language → Markdown."""
    see: str
    """The message that shows its figures with their rows."""
    series: tuple[Told, ...]
    """The first is the one that the text is about."""
    is_acknowledged: bool = False
    snoozed_until: str = ""
    """A moment as ISO text; empty for not at all."""

    def is_open(self, now: dt.datetime) -> bool:
        """Whether it waits for a reader."""
        is_asleep = bool(self.snoozed_until) and dt.datetime.fromisoformat(self.snoozed_until) > now
        return not self.is_acknowledged and not is_asleep

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def message_id(day: dt.date, lead: Told) -> str:
    """A short name that is the same whenever the same is told."""
    return hashlib.sha256(json.dumps([day.isoformat(), lead.name, lead.side]).encode()).hexdigest()[:8]


@dataclass(kw_only=True)
class Memory:
    """Everything that was told, and what is not to be told."""

    messages: list[Message] = field(default_factory=list)
    muted: list[str] = field(default_factory=list)

    def is_news(self, series: Sequence[Told], slack_days: int) -> bool:
        """Whether nothing of it was told and its first series is not muted; what was told is kept going."""
        lead = series[0]
        if lead.name in self.muted or lead.metric in self.muted:
            return False
        for place, message in enumerate(self.messages):
            if _is_known(message.series, series, slack_days):
                self.messages[place] = replace(message, series=_gone_on(message.series, series, slack_days))
                return False
        return True


def _is_known(old: Sequence[Told], new: Sequence[Told], slack_days: int) -> bool:
    """Whether the first of the new series was told, or one that it began together with."""
    lead = new[0]
    return any(
        known.is_same(each, slack_days)
        and (each is lead or abs(_day(known.first) - _day(lead.first)).days <= TOGETHER_DAYS)
        for known in old
        for each in new
    )


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _gone_on(old: Sequence[Told], new: Sequence[Told], slack_days: int) -> tuple[Told, ...]:
    """The series of a message with the days that they cover by now, and those that began together with it."""
    found = list(old)
    for each in new:
        place = next((i for i, known in enumerate(found) if known.is_same(each, slack_days)), None)
        if place is None and abs(_day(each.first) - _day(old[0].first)).days <= TOGETHER_DAYS:
            found.append(each)
        elif place is not None:
            known = found[place]
            found[place] = replace(known, first=min(known.first, each.first), last=max(known.last, each.last))
    return tuple(found)


def _names(message: Message, traces: Traces) -> bool:
    is_told = any(map(traces.names, (*message.text.values(), message.see)))
    return is_told or any(traces.names_cell(told.by, told.value) for told in message.series)


class Inbox:
    """The memory as a file.

    Args:
        path: of the file; made at the first message.
        clock: the moment now, with its zone.
    """

    def __init__(
        self, path: Path, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self.path = path
        self._clock = clock

    @contextmanager
    def changed(self) -> Iterator[Memory]:
        """The memory, for one writer at a time; it is kept when the block ends without an error.

        Raises:
            WrongUse: the file is damaged, or another process holds it.
            OSError: it cannot be written; what was kept before stays.
        """
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_S):
                memory = self.read()
                yield memory
                self._write(memory)
        except Timeout as error:
            raise WrongUse(f"Another process has held {self.path} for {LOCK_S:.0f} s; try again.") from error

    def read(self) -> Memory:
        """The memory as it stands; an empty one where nothing was told yet.

        Raises:
            WrongUse: the file is damaged; names it.
        """
        try:
            kept = json.loads(self.path.read_bytes())
            if kept["format"] != FORMAT:
                raise ValueError(f"format {kept['format']}")
            messages = [
                Message(**{**each, "series": tuple(Told(**told) for told in each["series"])})
                for each in kept["messages"]
            ]
            return Memory(messages=messages, muted=[str(name) for name in kept["muted"]])
        except FileNotFoundError:
            return Memory()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WrongUse(
                f"{self.path} holds what the watch has told and cannot be read; move it away, and events of "
                "the last days are told once more."
            ) from error

    def _write(self, memory: Memory) -> None:
        kept = {
            "format": FORMAT,
            "messages": [message.to_json() for message in memory.messages],
            "muted": memory.muted,
        }
        write_whole(self.path, json.dumps(kept, ensure_ascii=False, indent=1).encode())

    def waiting(self) -> list[Message]:
        """The messages that wait for a reader, the oldest first."""
        now = self._clock()
        return [message for message in self.read().messages if message.is_open(now)]

    def acknowledge(self, id: str) -> Message:
        """Take a message out of the inbox for good; ``WrongUse`` where there is none of that id."""
        return self._change(id, lambda message: replace(message, is_acknowledged=True, snoozed_until=""))

    def snooze(self, id: str, span: dt.timedelta) -> Message:
        """Take a message out of the inbox for a time."""
        until = (self._clock() + span).isoformat(timespec="seconds")
        return self._change(id, lambda message: replace(message, snoozed_until=until))

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out every message and every muted series that names a person; see ``CanForget``.

        Raises:
            WrongUse, OSError: see :meth:`changed`.
        """
        with self.changed() as memory:
            messages = [message for message in memory.messages if not _names(message, traces)]
            muted = [name for name in memory.muted if not traces.names(name)]
            found = len(memory.messages) - len(messages) + len(memory.muted) - len(muted)
            if not is_dry:
                memory.messages, memory.muted = messages, muted
        return found

    def _change(self, id: str, change: Callable[[Message], Message]) -> Message:
        with self.changed() as memory:
            place = next((i for i, message in enumerate(memory.messages) if message.id == id), None)
            if place is None:
                raise WrongUse(f"There is no message {id!r}; shoptalk watch --inbox lists them.")
            memory.messages[place] = change(memory.messages[place])
            return memory.messages[place]

    def mute(self, series: str) -> None:
        """Tell nothing of a series any more, written as messages name it; of a metric, nor of its parts."""
        with self.changed() as memory:
            if series not in memory.muted:
                memory.muted.append(series)

    def unmute(self, series: str) -> None:
        """Tell of it again; ``WrongUse`` where it is not muted."""
        with self.changed() as memory:
            if series not in memory.muted:
                muted = ", ".join(memory.muted) or "none"
                raise WrongUse(f"{series!r} is not muted; muted: {muted}.")
            memory.muted.remove(series)
