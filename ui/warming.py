"""The models are loaded while the first reader looks."""

from __future__ import annotations

import logging

from app.desk import Desk, State
from app.errors import AppError, WrongRole
from app.person import Person
from app.progress import say
from bot.errors import NotRecorded
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.errors import SqlError

logger = logging.getLogger(__name__)


def warm_up(desk: Desk, person: Person) -> None:
    """Load the model and make the room of ``person``; a failure is told when a question needs it."""
    state: State = "failed"
    try:
        try:
            with desk.house.room(desk.shop, person) as room:
                room.warm(person)
        except WrongRole:  # the default role needs to know who asks
            desk.house.shared.engine.load()
        state = "ready"
    except (AppError, LlmError, RetrievalError, SqlError, NotRecorded) as error:
        say(f"The models are not ready: {error}")
    except Exception:
        logger.exception("The models could not be loaded")
    finally:
        if desk.state == "starting":
            desk.state = state
