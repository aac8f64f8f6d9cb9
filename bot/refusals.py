"""Errors become words: here and nowhere else.

What is expected (a refused query, a missing index, a stopped question) is told with what happened, whether
anything changed and the way out.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.answer import Status
from bot.errors import AskBack, Courtesy, Declined, NotRecorded, Refusal, Stopped, UnusableQuestion
from bot.job import Tools
from bot.offers import suggestions
from llm.errors import LlmError
from retrieval.errors import RetrievalError
from sql.ask import CannotAnswer
from sql.errors import (
    DatabaseUnavailable,
    NotAllowed,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    QueryTooLarge,
    Senseless,
    SqlError,
    UnsafeQuery,
)
from sql.lock.groups import GroupRefusal
from sql.question.answerable import NAMED, Verdict
from sql.record import kind_of
from sql.shop.workspace import Workspace
from telling.phrases import SPOKEN, Words, escape_markdown, listed, load_words
from telling.titles import title_of, view_title

EXPECTED = (Refusal, Stopped, NotRecorded, SqlError, RetrievalError, LlmError)
"""Errors that become words."""

_SENTENCES: tuple[tuple[type[Exception], str, Status], ...] = (
    (NotAllowed, "not_allowed", "declined"),
    (UnsafeQuery, "unsafe", "failed"),
    (QueryTimeout, "timeout", "failed"),
    (QueryTooLarge, "too_large", "failed"),
    (Senseless, "senseless", "clarify"),
    (QueryFailed, "query_failed", "failed"),
    (DatabaseUnavailable, "database", "failed"),
    (SqlError, "sql_error", "failed"),
    (RetrievalError, "index", "failed"),
    (LlmError, "engine", "failed"),
)
"""Which sentence tells of an error of another package."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An error in words."""

    status: Status
    text: str
    options: tuple[str, ...] = ()
    """Questions to choose from."""
    restated: tuple[str, ...] = ()
    """What of the text repeats the question."""


def declined(verdict: Verdict, language: str, workspace: Workspace) -> Declined:
    """The refusal of a question that ``verdict`` says cannot be answered."""
    shop, words = workspace.shop, load_words(language)
    if verdict.hidden:
        titles = (
            (view_title if m.kind == "view" else title_of)(shop, m.name, language) for m in verdict.hidden
        )
        key = "rules_hidden" if verdict.kind == "rules" else "hidden"
        values = {"names": listed(dict.fromkeys(escape_markdown(title) for title in titles), words)}
        return Declined(key, {**values, "role": escape_markdown(workspace.role.name)})
    if verdict.kind == "missing" and verdict.missing:
        names = [f"“{escape_markdown(name)}”" for name in verdict.missing[:NAMED]]
        return Declined("cannot_answer_missing", {"names": listed(names, words)})
    if verdict.kind == "missing":
        reason = _without_stop(verdict.reason(workspace.role.name))
        return Declined("cannot_answer", {"reason": escape_markdown(reason)})
    return Declined(verdict.kind)


def refused(error: Exception, words: Words, language: str, standalone: str, tools: Tools) -> Refused:
    """What the asker is told of an expected error.

    Args:
        words: of the job that was chosen, in the asker's language.
        language: of the question, spoken here or not.
        standalone: the question, which the sentence may repeat.
    """
    if isinstance(error, CannotAnswer):
        error = declined(error.verdict, language, tools.workspace)
        error.restated = (standalone,)
    told = _told(error, words, language, tools)
    text, restated = told.text, told.restated
    role = tools.workspace.role
    if role.rows and isinstance(error, Refusal) and error.key in _UNKNOWN:
        # A name that only hidden rows hold and one that nobody ever heard of get the same words.
        text = f"{text} {words.say('only_part', role=escape_markdown(role.name))}"
    if told.options:
        options = [escape_markdown(option) for option in told.options]
        text = "\n".join([text, "", *(words.say("option", text=option) for option in options)])
        restated = (*restated, *options)
    if language not in SPOKEN:
        text = f"{words.say('other_language')}\n\n{text}"
    return Refused(status=told.status, text=text, options=told.options, restated=restated)


_UNKNOWN = ("cannot_answer", "cannot_answer_missing", "not_understood")
"""Sentences that tell the asker that a name is not in the data."""


def _told(error: Exception, words: Words, language: str, tools: Tools) -> Refused:
    role = tools.workspace.role
    name = escape_markdown(role.name)
    if isinstance(error, Refusal):
        values = {"role": name, **error.values}
        text, restated = words.say(error.key, **values), (*error.values.values(), *error.restated)
        if isinstance(error, Courtesy):
            shown = {name: escape_markdown(value) for name, value in error.values.items()}
            return Refused(
                status="answered", text=words.say(error.key, **shown), restated=(*shown.values(), *restated)
            )
        if not isinstance(error, AskBack | UnusableQuestion) or error.key == "too_long":
            return Refused(status="declined", text=text, options=error.options, restated=restated)
        options = error.options
        if not options and not error.is_open:
            options = suggestions(tools.workspace.shop, language, tools.vocabulary)
        return Refused(status="clarify", text=text, options=options, restated=restated)
    if isinstance(error, Stopped | QueryCancelled):
        return Refused(status="failed", text=words.say("stopped"))
    if isinstance(error, NotRecorded):
        text = words.say("not_recorded", reason=escape_markdown(error.reason))
        return Refused(status="failed", text=text, restated=(error.reason,))
    if isinstance(error, NotAllowed) and isinstance(error.__cause__, GroupRefusal):
        least = str(role.minimum_group)
        text = words.say("aggregates_only", role=name, least=least)
        return Refused(status="declined", text=text, restated=(least, name))
    key, status = next((key, status) for kind, key, status in _SENTENCES if isinstance(error, kind))
    reason = escape_markdown(_reason(error))
    text = words.say(key, reason=reason, role=name)
    return Refused(status=status, text=text, restated=(reason,))


def _reason(error: Exception) -> str:
    """The error's own words; of a refused statement only the reason, and none of what the database said."""
    if isinstance(error, UnsafeQuery | QueryFailed | QueryTimeout | QueryTooLarge):
        return _without_stop(kind_of(error))
    return _without_stop(str(error))


def _without_stop(text: str) -> str:
    return text.strip().rstrip(".。")
