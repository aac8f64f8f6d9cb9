"""What may go wrong in a call, and what the caller is told of it.

Messages of other packages can name files, addresses, roles and hidden columns. Only what answers the caller's
own statement is passed on; of everything else the caller gets a sentence, and the log the reason.
"""

from __future__ import annotations

import logging

from app.errors import AppError, HouseClosed, Stopping, TooManyQuestions
from bot.errors import BotError
from jobs.report.errors import ReportError
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.errors import (
    DatabaseUnavailable,
    QueryCancelled,
    ShopFileError,
    SqlError,
    UnsafeQuery,
    WrongStatement,
)
from ui.command import one_line
from ui.present import limit_words, word

logger = logging.getLogger(__name__)

EXPECTED = (AppError, BotError, LlmError, ReportError, RetrievalError, SqlError, OSError)


class ToolFault(Exception):
    """A call that cannot be answered; ``key`` names the sentence of ``ui.present`` that says why."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def told(error: Exception, language: str) -> str:
    """What the caller reads; what is not for them is logged."""
    if isinstance(error, ToolFault):
        return word(error.key, language, **error.values)
    if isinstance(error, QueryCancelled):
        return word("stopped", language)
    if isinstance(error, TooManyQuestions):
        return limit_words(error, language)
    if isinstance(error, Stopping | HouseClosed):
        return word("stopping", language)
    if isinstance(error, UnsafeQuery):
        return word("mcp_refused", language, reason=error.reason)
    if isinstance(error, WrongStatement):
        return str(error)
    if isinstance(error, SqlError) and not isinstance(error, ShopFileError | DatabaseUnavailable):
        return one_line(error)  # the budget, or a query that failed, without the database's words
    if isinstance(error, EXPECTED):
        logger.warning("A call could not be answered: %s", one_line(error))
        return word("unopened", language)
    logger.error("A call could not be answered", exc_info=error)
    return word("broken", language)
