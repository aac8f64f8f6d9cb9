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

logger = logging.getLogger(__name__)


def runner_of(house: House) -> Runner:
    """Who runs the schedules of a house's shops, with a courier for each kind of target."""
    from app.schedules.mail import Mailer
    from app.schedules.runner import Runner
    from app.schedules.targets import into_folder
    from ui.chats.slack.posting import Poster

    settings = house.settings
    couriers: dict[Kind, Courier] = {
        "folder": into_folder,
        "mail": Mailer(settings),
        "slack": Poster(settings),
    }
    return Runner(house, couriers, tell=one_line)


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
