"""How long what was said and delivered is kept: everything older goes, of all shops together.

The audit log is no part of it: it stays whole, for a log with holes proves nothing. Nor are indexes,
schedules and keys, which are what they are now.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable

from app.feedback_log import FeedbackLog
from app.forget import Done
from app.kept_uploads import AllKeptUploads
from app.library import archive_in, read_anew
from app.settings import Settings
from app.team_store import Store
from bot.audit import AuditLog
from bot.errors import BotError

logger = logging.getLogger(__name__)

DAY_S = 86_400.0


def forget_older(settings: Settings, days: float, *, is_dry: bool, person: str = "") -> tuple[Done, ...]:
    """Delete what was said, delivered and brought that is older; or only count it.

    Args:
        days: more than 0; what is as old as that stays.
        person: who orders it, for the audit log.
    Raises:
        NotRecorded: the audit log cannot be written; nothing was deleted.
    """
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    what = f"{'count' if is_dry else 'delete'} what is older than {days:g} days"
    entry = AuditLog(settings.audit).begin("forget", what, shop="", role="", user={}, person=person)
    done = [_done("feedback", lambda: FeedbackLog.of(settings).forget_before(before, is_dry=is_dry))]
    done.append(_done("conversations", lambda: _conversations(settings, before, is_dry)))
    done.append(_done("past reports", lambda: _reports(settings, before, is_dry)))
    done.append(
        _done(
            "files opened on the page",
            lambda: AllKeptUploads(settings.brought).forget_before(before, is_dry=is_dry),
        )
    )
    problems = [each for each in done if each.problem]
    entry.end("failed" if problems else "done", reason="; ".join(each.store for each in problems))
    return tuple(done)


def keep_to_it(settings: Settings, closing: threading.Event) -> None:
    """Delete what is older than the settings allow, now and once a day until ``closing``."""
    while settings.keep_days and not closing.is_set():
        try:
            for each in forget_older(settings, settings.keep_days, is_dry=False):
                if each.problem:
                    logger.warning("%s: what is too old could not be deleted: %s", each.store, each.problem)
        except BotError as error:
            logger.warning("Nothing that is too old was deleted: %s", error)
        closing.wait(DAY_S)


def _conversations(settings: Settings, before: dt.datetime, is_dry: bool) -> int:
    """Those over HTTP and on the page, with what feedback would need of their answers."""
    from app.store_tables import ANSWERS, CONVERSATIONS

    store, moment = Store.of(settings), before.timestamp()
    store.forget_before(ANSWERS, "used_at", moment, is_dry=is_dry)
    return store.forget_before(CONVERSATIONS, "used_at", moment, is_dry=is_dry)


def _reports(settings: Settings, before: dt.datetime, is_dry: bool) -> int:
    found = 0
    for folder in sorted(settings.shops.glob("*/readers-*")):
        gone = archive_in(folder).forget_before(before, is_dry=is_dry)
        if gone and not is_dry:
            read_anew(folder)
        found += gone
    return found


def _done(store: str, forget: Callable[[], int]) -> Done:
    try:
        return Done(store=store, found=forget())
    except OSError as error:
        return Done(store=store, found=0, problem=str(error))
