"""What is asked by the clock and delivered: reports, questions and jobs.

``timetable`` reads and counts when, ``store`` keeps schedules, ``lookup`` finds them, ``targets`` and
``mail`` deliver, ``runner`` runs what is due. Not covered: delivery to chats, which surfaces bring
(``ui.chats``).
"""

from app.schedules.store import Ended, Schedule, Schedules
from app.schedules.targets import Target, read_target
from app.schedules.timetable import Timetable, read_timetable

__all__ = [
    "Ended",
    "Schedule",
    "Schedules",
    "Target",
    "Timetable",
    "read_target",
    "read_timetable",
]
