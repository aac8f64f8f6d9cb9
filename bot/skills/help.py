"""What can be asked here: the shop's views, metrics and examples, and what the role may not see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.answer import Evidence
from bot.compose import limits_rows
from bot.names import title_of, view_title
from bot.skills.base import Request, Skill, Tools
from sql.question.linking import Vocabulary, link
from sql.semantics import Shop

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

EXAMPLES = 4
"""Questions shown at most."""


def tell_what_there_is(request: Request, tools: Tools) -> Evidence:
    """Facts of the shop's description, as this role sees it."""
    workspace, language = tools.workspace, request.language
    shop = workspace.shop
    facts = {
        "shop": (shop.name,),
        "role": (workspace.role.name,),
        "views": tuple(view_title(shop, view.name, language) for view in tools.vocabulary.views),
        "metrics": tuple(title_of(shop, metric.name, language) for metric in tools.vocabulary.metrics),
        "hidden": hidden_names(workspace, language),
        "examples": suggestions(shop, language, tools.vocabulary),
        "part": tuple(
            view_title(shop, view.name, language)
            for view in tools.vocabulary.views
            if limits_rows(workspace.role, [view.name])
        ),
        "least": () if workspace.role.minimum_group is None else (str(workspace.role.minimum_group),),
    }
    if shop.reviews is not None and tools.retriever is not None:
        facts["reviews"] = (shop.reviews.view,)
    return Evidence(facts=facts, confidence=1.0)


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


def suggestions(shop: Shop, language: str, vocabulary: Vocabulary | None = None) -> tuple[str, ...]:
    """The shop's own example questions in ``language``; in any language when it has none in that one.

    With ``vocabulary``, those that name what its role may not see are left out, and a shop whose file
    suggests nothing gets questions made of the first metrics of it.
    """
    is_chinese = language == "zh"
    allowed = shop.suggestions if vocabulary is None else may_suggest(shop.suggestions, vocabulary)
    own = tuple(q for q in allowed if any("\u4e00" <= c <= "\u9fff" for c in q) == is_chinese)
    chosen = own or allowed
    if not chosen and vocabulary is not None:
        ending = "是多少？" if is_chinese else ""
        chosen = tuple(f"{title_of(shop, m.name, language)}{ending}" for m in vocabulary.metrics)
    return chosen[:EXAMPLES]


def may_suggest(questions: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Those of ``questions`` that name nothing which the role of ``vocabulary`` may not see."""
    kept = []
    for question in questions:
        links = link(question, vocabulary, dt.date.today())
        seen = {(m.start, m.end) for m in links.mentions}
        if all((m.start, m.end) in seen for m in links.hidden):
            kept.append(question)
    return tuple(kept)


show_help = Skill(
    name="help",
    description="What can be asked here, with examples, and what the role may not see.",
    utterances=(
        "Help",
        "What can you do?",
        "What data do you have?",
        "Hello",
        "Which questions can I ask?",
        "Who are you?",
        "帮助",
        "你能做什么？",
        "有哪些数据？",
        "你好",
        "你是谁？",
    ),
    parameters={},
    run=tell_what_there_is,
)
