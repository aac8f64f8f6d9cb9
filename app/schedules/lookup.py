"""Where schedules are, and in whose name they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.finding import folder_of
from app.keyring import Keyring
from app.person import Person
from app.schedules.store import Schedule, Schedules
from app.settings import Settings

if TYPE_CHECKING:
    from sql.semantics import Shop


def schedules_of(settings: Settings, shop: Shop) -> Schedules:
    """The schedules of a shop."""
    return Schedules(folder_of(settings, shop) / "schedules")


def all_schedules(settings: Settings) -> list[Schedules]:
    """Those of every shop."""
    return [Schedules(folder) for folder in sorted(settings.shops.glob("*/schedules"))]


def person_of(schedule: Schedule, settings: Settings) -> Person:
    """In whose name it runs, as they are now.

    Raises:
        BadKey: they have no key any more.
        WrongUse: ``people.yml`` cannot be read.
    """
    if schedule.has_key:
        return Keyring.of(settings).person_of_name(schedule.person)
    return Person(id=schedule.person, role=schedule.role, attributes=schedule.attributes)
