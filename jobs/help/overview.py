"""Facts of the shop's description as a role sees it, and what can be asked for here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.job import Request, Tools
from bot.offers import offered_jobs, suggestions
from telling.evidence import Evidence
from telling.phrases import listed
from telling.titles import title_of, view_title
from telling.writer import Writer

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Overview(Evidence):
    """What there is, in names for people; of a shop's description, so no table stands behind it."""

    shop: str
    role: str
    views: tuple[str, ...]
    metrics: tuple[str, ...]
    jobs: tuple[str, ...]
    """What each job answers, in a sentence."""
    hidden: tuple[str, ...]
    """What the role may not see."""
    part: tuple[str, ...]
    """Views of which it sees some of the rows."""
    least: str
    """The least group of which it sees figures; empty when it sees rows."""
    examples: tuple[str, ...]


def what_there_is(request: Request, tools: Tools) -> Overview:
    """Facts of the shop's description, as this role sees it."""
    workspace, vocabulary = tools.workspace, tools.vocabulary
    shop, role = workspace.shop, workspace.role
    language = "zh" if request.language == "zh" else "en"
    return Overview(
        shop=shop.name,
        role=role.name,
        views=tuple(view_title(shop, view.name, language) for view in vocabulary.views),
        metrics=tuple(title_of(shop, metric.name, language) for metric in vocabulary.metrics),
        jobs=tuple(job.description[language] for job in offered_jobs(tools)),
        hidden=hidden_names(workspace, language),
        part=tuple(
            view_title(shop, view.name, language)
            for view in vocabulary.views
            if role.is_limited_in([view.name])
        ),
        least="" if role.minimum_group is None else str(role.minimum_group),
        examples=suggestions(shop, language, vocabulary),
        confidence=1.0,
    )


def hidden_names(workspace: Workspace, language: str) -> tuple[str, ...]:
    """Views and columns that exist and that the role may not see."""
    seen = {view.name: {column.name for column in view.columns} for view in workspace.guard.views}
    names = []
    for view in workspace.shop.views:
        if view.name not in seen:
            names.append(view_title(workspace.shop, view.name, language))
            continue
        names += [
            f"{view_title(workspace.shop, view.name, language)}{'的' if language == 'zh' else ': '}"
            f"{title_of(workspace.shop, c.name, language)}"
            for c in view.columns
            if c.name not in seen[view.name]
        ]
    return tuple(names)


def tell_overview(evidence: Evidence, writer: Writer) -> str:
    """A paragraph for each kind of fact that there is."""
    assert isinstance(evidence, Overview)
    role = writer.restate(evidence.role)

    def names(texts: Sequence[str]) -> str:
        return listed([writer.restate(text) for text in texts], writer.words)

    def lines(texts: Sequence[str]) -> list[str]:
        return [writer.say("help_line", text=writer.restate(text)) for text in texts]

    parts = [writer.say("help_intro", shop=writer.restate(evidence.shop))]
    for key, texts in (("help_views", evidence.views), ("help_metrics", evidence.metrics)):
        parts += [writer.say(key, names=names(texts))] if texts else []
    if evidence.jobs:
        parts.append("\n".join([writer.say("help_jobs"), "", *lines(evidence.jobs)]))
    for key, texts in (("help_hidden", evidence.hidden), ("help_part", evidence.part)):
        parts += [writer.say(key, role=role, names=names(texts))] if texts else []
    if evidence.least:
        parts.append(writer.say("help_groups", role=role, least=writer.restate(evidence.least)))
    if evidence.examples:
        parts.append("\n".join([writer.say("help_examples"), "", *lines(evidence.examples)]))
    return "\n\n".join(parts)
