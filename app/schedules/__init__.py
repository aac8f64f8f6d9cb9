"""What is asked by the clock and delivered: monthly reports, questions and jobs.

``times`` reads and counts when, ``store`` keeps schedules, ``targets`` and ``mail`` deliver, ``running`` runs
what is due. Not covered: delivery to chats, which surfaces bring (``ui.chats``).
"""

from app.schedules.running import Runner
from app.schedules.store import Ended, Schedule, Schedules
from app.schedules.targets import Target, read_target
from app.schedules.times import Timetable, read_timetable

__all__ = [
    "Ended",
    "Runner",
    "Schedule",
    "Schedules",
    "Target",
    "Timetable",
    "read_target",
    "read_timetable",
]
