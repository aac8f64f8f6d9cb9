"""A rule that is added from outside a conversation: read, tried on the past, told, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.finding import find_shop
from app.house import audited_role
from app.person import Person
from app.rules.keeping import Keeper, keeper_of
from app.settings import Settings
from bot.errors import Refusal
from bot.job import Request, Tools, words_of
from bot.parameters import read_settings, written
from bot.understand import check_question, language_of
from jobs.notify import job
from jobs.notify.notifying import Alert
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace
from telling.phrases import plain_text
from telling.writer import write


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of a rule."""

    text: str
    """How it is read and how often it would have told; or what is not understood."""
    rule: dict[str, Any] | None
    """``None`` where it was not understood, or may not be."""
    is_kept: bool
    is_new: bool
    id: str = ""


def add_rule(
    settings: Settings,
    shop: str | None,
    person: Person,
    text: str,
    said: Mapping[str, str],
    *,
    to: tuple[str, ...],
    is_kept: bool,
) -> Added:
    """Read a rule in the person's name; keep it where that is wished and it is understood in full.

    Args:
        said: parameters of the job ``notify`` beside the words.
        to: targets besides the inbox.
    Raises:
        WrongUse, SqlError, NotRecorded: see :func:`app.house.audited_role`.
        UnusableQuestion: the words are empty or too long.
    """
    asked = check_question(text)
    language = "zh" if language_of(asked) == "zh" else "en"
    keeper = keeper_of(settings, find_shop(settings, shop), person, to)
    with audited_role(settings, "watch", f"rule add {asked}", shop=shop, person=person) as workspace:
        message = written(job.name, {"rule": asked.replace('"', "'"), **said})
        if is_kept:
            message += " keep=yes"
        return _added(message, language, workspace, keeper)


def _added(message: str, language: str, workspace: Workspace, keeper: Keeper) -> Added:
    vocabulary = Vocabulary.build(workspace)
    tools = Tools(
        workspace=workspace, asker=None, retriever=None, vocabulary=vocabulary, jobs=(job,), rules=keeper
    )
    words = words_of(language, job)
    try:
        links = link(message, vocabulary, workspace.today)
        settings = read_settings(links, job.parameters, vocabulary, language)
        request = Request(question=message, language=language, links=links, settings=settings)
        evidence = job.run(request, tools)
    except Refusal as error:
        told = plain_text(words.say(error.key, **{"role": workspace.role.name, **error.values}))
        return Added(text=told, rule=None, is_kept=False, is_new=False)
    assert isinstance(evidence, Alert)
    composed = write(evidence, job.tell, workspace.shop, words, workspace.role)
    return Added(
        text=plain_text(composed.text),
        rule=asdict(evidence.rule),
        is_kept=keeper.kept is not None,
        is_new=evidence.kept == "yes",
        id=keeper.kept.id if keeper.kept is not None else "",
    )
