"""What went wrong, as problem documents (RFC 9457) in plain words, English or Chinese, with the way out.

An error that is expected becomes one here, and nowhere else; no document quotes the database, a path or what
a role may not see.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.errors import (
    AppError,
    BadKey,
    ConversationBusy,
    ConversationMissing,
    HouseClosed,
    MayNotDelete,
    Stopping,
    StoreAway,
    TooManyQuestions,
    WrongRole,
)
from bot.errors import NotRecorded
from jobs.report.errors import ReportError, ReportMissing
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.errors import SqlError
from telling.phrases import Words, load_words

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something that ends a request, told by a sentence of ``texts``.

    Args:
        key: names the sentence, and the type of the document.
        status: of HTTP.
        values: fill the sentence.
        headers: of the response, beside its own.
        errors: what is wrong with which part of the request.
    """

    def __init__(
        self,
        key: str,
        status: int,
        *,
        values: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(f"{status} {key}")
        self.key = key
        self.status = status
        self.values = dict(values or {})
        self.headers = dict(headers or {})
        self.errors = list(errors)

    def to_json(self, language: str) -> dict[str, Any]:
        """The document."""
        words = words_in(language)
        document: dict[str, Any] = {
            "type": f"urn:shoptalk:problem:{self.key.replace('_', '-')}",
            "title": words.say(f"{self.key}_title"),
            "status": self.status,
            "detail": words.say(self.key, **self.values),
        }
        return document | ({"errors": self.errors} if self.errors else {})


class ClientGone(Exception):
    """Whoever asked has closed the connection; the question was stopped and nobody is answered."""


def words_in(language: str) -> Words:
    """The sentences of this surface."""
    return load_words(language, "ui.http")


def language_of(headers: Headers) -> str:
    """``zh`` for whoever prefers Chinese, else ``en``."""
    return "zh" if headers.get("accept-language", "").lower().startswith("zh") else "en"


def response_to(problem: Problem, headers: Headers) -> Response:
    """The problem as a response to a request with these headers."""
    document = json.dumps(problem.to_json(language_of(headers)), ensure_ascii=False)
    return Response(document, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


NO_KEY = {"WWW-Authenticate": 'Bearer realm="shoptalk"'}


def problem_of(error: BaseException) -> Problem:
    """What is told of an error; a bug of ours is logged whole."""
    match error:
        case Problem():
            return error
        case BadKey():
            return Problem(f"key_{error.reason}", 401, headers=NO_KEY)
        case TooManyQuestions():
            return Problem(
                "limit_day" if error.is_day else "limit_minute",
                429,
                values={"most": f"{error.most:,}", "seconds": f"{error.retry_after_s:,}"},
                headers={"Retry-After": str(error.retry_after_s)},
            )
        case Stopping() | HouseClosed():
            return Problem("stopping", 503, headers={"Retry-After": "5"})
        case StoreAway():
            logger.error("The store cannot be used: %s", type(error.__cause__).__name__)
            return Problem("store_away", 503, headers={"Retry-After": "5"})
        case ConversationMissing():
            return Problem("conversation_missing", 404)
        case ConversationBusy():
            return Problem("conversation_busy", 409)
        case WrongRole():
            return Problem("role_unfit", 403)
        case MayNotDelete():
            return Problem("report_not_yours", 403)
        case ReportMissing():
            return Problem("report_missing", 404)
        case NotRecorded():
            logger.error("%s", error)
            return Problem("not_recorded", 503)
        case AppError() | SqlError() | LlmError() | RetrievalError() | ReportError():
            # its words may quote the database: only its kind is logged
            logger.error("The shop could not be opened: %s", type(error).__name__)
            return Problem("shop_closed", 503)
    logger.error("A request could not be answered", exc_info=error)
    return Problem("broken", 500)


def _of_http(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return Problem("not_found", 404)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another")
        return Problem("wrong_method", 405, values={"allowed": allowed}, headers=error.headers)
    if error.status_code == 400:
        return Problem("body_json", 400)
    return Problem("refused", error.status_code)


def _of_validation(error: RequestValidationError) -> Problem:
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return Problem("body_json", 400)
    errors = [
        {"where": ".".join(str(part) for part in each["loc"]), "what": str(each["msg"])}
        for each in error.errors()[:20]
    ]
    return Problem("body_invalid", 422, errors=errors)


async def handle(request: Request, error: Exception) -> Response:
    """The exception handler of every application here."""
    if isinstance(error, ClientGone):
        return Response(status_code=499)  # for the log of a proxy; there is nobody to read it
    if isinstance(error, RequestValidationError):
        problem = _of_validation(error)
    elif isinstance(error, HTTPException):
        problem = _of_http(error)
    else:
        problem = problem_of(error)
    return response_to(problem, request.headers)


HANDLED: tuple[type[Exception], ...] = (
    Problem, ClientGone, RequestValidationError, HTTPException, AppError, SqlError, LlmError, RetrievalError,
    ReportError, NotRecorded, Exception,
)  # fmt: skip
"""Each needs a handler of its own: that of ``Exception`` sees only what is a bug."""
