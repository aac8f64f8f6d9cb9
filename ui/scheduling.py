"""Who delivers what is scheduled, and the thread of a server that runs its shop's schedules."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ui.command import one_line

if TYPE_CHECKING:
    from app.desk import Desk
    from app.house import House
    from app.schedules.runner import Runner
    from app.schedules.targets import Courier, Kind
    from app.settings import Settings

logger = logging.getLogger(__name__)

RULES_EVERY_S = 300.0
"""Between two looks of a server at the rules of its shop."""


def runner_of(house: House) -> Runner:
    """Who runs the schedules of a house's shops, with a courier for each kind of target."""
    from app.schedules.runner import Runner

    return Runner(house, couriers_of(house.settings), tell=one_line)


def couriers_of(settings: Settings) -> dict[Kind, Courier]:
    """Who delivers, by kind of target."""
    from app.schedules.mail import Mailer
    from app.schedules.targets import into_folder
    from ui.chats.slack.posting import Poster

    return {"folder": into_folder, "mail": Mailer(settings), "slack": Poster(settings)}


def run_schedules(desk: Desk, closing: threading.Event) -> None:
    """Run those of the desk's shop until ``closing``, or until the desk takes no more questions."""
    from app.schedules.lookup import schedules_of

    house = desk.house
    try:
        own = schedules_of(house.settings, house.described(desk.shop))
        runner_of(house).keep_running(
            lambda: [] if desk.state == "stopping" else [own], closing, hold=desk.busy
        )
    except Exception:
        logger.exception("Schedules are not run any more; shoptalk schedule serve runs them")


def watch_rules(desk: Desk, closing: threading.Event, every_s: float = RULES_EVERY_S) -> None:
    """Look at the rules of the desk's shop until ``closing``, or until the desk takes no more questions."""
    from app.person import Person, account
    from app.rules.rule_watch import check_rules

    settings = desk.house.settings
    couriers = couriers_of(settings)
    while not closing.wait(every_s) and desk.state != "stopping":
        try:
            with desk.busy():
                check_rules(settings, desk.shop, Person(id=account()), couriers, tell=one_line)
        except Exception:
            logger.exception("The rules of the watch could not be looked at; they are at the next look")
