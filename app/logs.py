"""The log of a process: plain lines or JSON, each with the id of its request, to standard error.

What is asked, rows, keys and the words of errors, which may quote any of them, stay out of it unless a
setting asks for them. A surface that logs something of a request logs names that it chose itself.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from app import progress
from app.settings import Settings
from bot.request_id import current_request

if TYPE_CHECKING:
    from pythonjsonlogger.json import JsonFormatter

OURS = (
    "app", "bot", "demo", "finetune", "jobs", "llm", "retrieval", "shoptalk", "sql", "telling", "ui",
)  # fmt: skip
QUESTIONS = "bot.questions"
"""Logger of what people ask."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {10: "\\n", 13: "\\r", 9: "\\t"}
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up_logs(settings: Settings) -> None:
    """Send the log of this process to standard error, as the settings say; what others set up stays."""
    told = _StandardError()
    told.addFilter(_is_told)
    told.addFilter(_with_request)
    told.setFormatter(_json(settings) if settings.log_format == "json" else _Plain(settings))
    root = logging.getLogger()
    root.handlers[:] = [*(each for each in root.handlers if not isinstance(each, _StandardError)), told]
    root.setLevel(logging.INFO if settings.is_debug else logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO if settings.log_level == "info" else logging.NOTSET)
    logging.getLogger(QUESTIONS).setLevel(logging.DEBUG if settings.tells_words else logging.CRITICAL)


def log_progress(settings: Settings) -> None:
    """Tell what this process is at in its log, where that is JSON: of a server, which nobody watches."""
    steps = logging.getLogger(progress.__name__)
    steps.setLevel(logging.INFO)
    progress.say_to(steps.info if settings.log_format == "json" else None)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error in that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """It."""
        return sys.stderr


def _is_told(record: logging.LogRecord) -> bool:
    """Whether a line is ours, or loud enough: bm25s sets a level of its own and tells every step."""
    return record.name.partition(".")[0] in OURS or record.levelno >= logging.getLogger().level


def _with_request(record: logging.LogRecord) -> bool:
    record.request = current_request()
    return True


class _Discreet(logging.Formatter):
    """Formats an error as where it came from, without its words."""

    _tells_words: bool

    def format(self, record: logging.LogRecord) -> str:
        """The line, and an error below it or in it; never as another handler has formatted it."""
        record.exc_text = None
        try:
            return super().format(record)
        finally:
            record.exc_text = None

    def formatException(self, ei: _ExcInfo) -> str:
        """The calls that led to the error, and its kind."""
        error = ei[1]
        if self._tells_words or error is None:
            return super().formatException(ei)
        parts = []
        while error is not None:
            calls = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"Traceback (without the error's words):\n{calls}{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nIt came of:\n".join(parts)


class _Plain(_Discreet):
    """One line for people; what is no letter in it is escaped, so that nobody writes lines of their own."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._tells_words = settings.tells_words

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with the request's id at its end where there is one."""
        line = super().formatMessage(record).translate(_CONTROLS)
        request = getattr(record, "request", "")
        return f"{line} [{request}]" if request else line


def _json(settings: Settings) -> JsonFormatter:
    from pythonjsonlogger.json import JsonFormatter

    class Json(_Discreet, JsonFormatter):
        _tells_words = settings.tells_words

    return Json(
        "%(levelname)s %(name)s %(message)s %(request)s",
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
        json_ensure_ascii=False,
    )
