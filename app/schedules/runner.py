"""Runs what is due: asked in its person's name, archived, delivered, noted.

A run that was missed is made up for once. One that fails is tried again; what was delivered is noted before
the next target, so that a process that is killed loses nothing, and delivers at most its last target twice.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.errors import AppError, BadKey, NotAnswered, NotDelivered, WrongRole, WrongUse
from app.finding import folder_of
from app.house import House, last_answer
from app.library import archive_in, audience_folder
from app.person import Person
from app.reports import built_report
from app.schedules.lookup import person_of
from app.schedules.store import Ended, Outcome, Schedule, Schedules
from app.schedules.targets import Courier, Kind, Parcel, read_target
from bot.errors import BotError
from bot.request_id import in_request, new_request
from jobs.report.answered import report_of_answer
from jobs.report.errors import NothingToReport, PdfUnavailable, ReportError, UnknownReport
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.errors import SqlError
from telling.phrases import plain_text

if TYPE_CHECKING:
    from jobs.report.types import Language, Report
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

WAITS = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=25))
"""Before each further try of a run that failed."""
POLL_S = 10.0
"""Seconds between two looks at what is due."""
_EXPECTED = (AppError, BotError, LlmError, ReportError, RetrievalError, SqlError, OSError)
_FINAL = (NotAnswered, NothingToReport, PdfUnavailable, UnknownReport, WrongRole)
"""Asked again, they end the same way."""


class Runner:
    """Runs schedules one after the other. Several processes may; each run is done by one of them.

    Args:
        couriers: who delivers, by kind of target.
        tell: an expected error in words that quote no value of the shop's.
        clock: the moment now, in UTC.
    """

    def __init__(
        self,
        house: House,
        couriers: Mapping[Kind, Courier],
        *,
        tell: Callable[[Exception], str],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._house = house
        self._couriers = couriers
        self._tell = tell
        self._clock = clock

    def run_due(self, schedules: Schedules) -> int:
        """Run what is due, and return how many runs were tried."""
        due = [each.id for each in schedules.all() if each.is_due(self._clock())]
        return sum(self.run(schedules, id) is not None for id in due)

    def keep_running(
        self,
        places: Callable[[], Sequence[Schedules]],
        stop: threading.Event,
        hold: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Run what falls due until ``stop`` is set.

        Args:
            places: whose schedules, asked for at every look.
            hold: held while something runs.
        """
        wait_s = 0.0
        while not stop.wait(wait_s):
            wait_s = POLL_S
            for schedules in places():
                try:
                    with hold():
                        self.run_due(schedules)
                except (OSError, WrongUse) as error:
                    logger.error("%s: %s", schedules.folder, self._tell(error))
                    wait_s = WAITS[0].total_seconds()

    def run(self, schedules: Schedules, id: str, *, is_forced: bool = False) -> Schedule | None:
        """Run one and return it as it stands then; ``None`` where another process does, or did already.

        Args:
            is_forced: also when it is not due, or paused.
        Raises:
            OSError, WrongUse: how it ended cannot be noted; it is run again.
        """
        with in_request(new_request()), schedules.running(id) as is_ours:
            schedule = schedules.get(id) if is_ours else None
            now = self._clock()
            if schedule is None or not (is_forced or schedule.is_due(now)):
                return None
            due = min(schedule.due, now)
            try:
                self._deliver(schedules, schedule, due)
            except BadKey as error:
                ended = self._ended(due, "not allowed", f"{schedule.person}: {error}")
            except _EXPECTED as error:
                if not isinstance(error, _FINAL) and schedule.tries < len(WAITS):
                    return self._try_again(schedules, id, self._tell(error), due)
                ended = self._ended(due, "not delivered", self._tell(error))
            except Exception:
                logger.exception("schedule %s failed", id)
                ended = self._ended(due, "not delivered", "a fault of ours, which the log has")
            else:
                ended = self._ended(due, "delivered")
            logger.info("schedule %s: %s", id, ended.outcome)
            return schedules.change(id, lambda each: each.over(ended))

    def _ended(self, due: dt.datetime, outcome: Outcome, reason: str = "") -> Ended:
        return Ended(due=due, at=self._clock(), outcome=outcome, reason=reason)

    def _try_again(self, schedules: Schedules, id: str, reason: str, due: dt.datetime) -> Schedule | None:
        ended = self._ended(due, "not delivered", reason)

        def later(schedule: Schedule) -> Schedule:
            retry_at = ended.at + WAITS[schedule.tries]
            return replace(schedule, due=due, tries=schedule.tries + 1, retry_at=retry_at, last=ended)

        return schedules.change(id, later)

    def _deliver(self, schedules: Schedules, schedule: Schedule, due: dt.datetime) -> None:
        person = person_of(schedule, self._house.settings)
        at = due.astimezone(schedule.tzinfo)
        report = self._report(schedule, person, at)
        name = re.sub(r"\W+", "-", schedule.what.casefold()).strip("-")[:40]
        parcel = Parcel(
            report=report, name=f"{at:%Y-%m-%d-%H%M}-{name}-{schedule.id[:4]}", form=schedule.form
        )
        failed: list[AppError | OSError] = []
        for text in schedule.to:
            if text in schedule.sent:
                continue
            target = read_target(text)
            try:
                self._couriers[target.kind](target, parcel)
            except (NotDelivered, OSError) as error:  # the others get it all the same
                failed.append(error)
            else:
                schedules.change(schedule.id, partial(_sent, text, due))
        if failed:
            raise failed[0]

    def _report(self, schedule: Schedule, person: Person, at: dt.datetime) -> Report:
        """What is delivered; it is in the archive of those who may read it."""
        seat = self._house.at(schedule.shop, person)
        if not schedule.message:
            language: Language = "zh" if schedule.language == "zh" else "en"
            return built_report(seat, schedule.report, language=language)
        answer = last_answer(seat.answer(schedule.message))
        if answer.status == "failed":
            raise NotDelivered(plain_text(answer.text))
        if answer.status != "answered":
            raise NotAnswered(plain_text(answer.text))
        with seat.room() as room:
            report = report_of_answer(answer, room.workspace.shop, at=at, key=schedule.id)
            self._archive(room.workspace, report)
        return report

    def _archive(self, workspace: Workspace, report: Report) -> None:
        """Keep it, unless the role sees aggregates only: a report that is searched has no least group."""
        role = workspace.role
        if role.minimum_group is None:
            folder = folder_of(self._house.settings, workspace.shop)
            archive_in(audience_folder(folder, role, workspace.user)).save(report)


def _sent(text: str, due: dt.datetime, schedule: Schedule) -> Schedule:
    return replace(schedule, due=due, sent=(*schedule.sent, text))
