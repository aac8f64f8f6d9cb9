"""What can be asked here: whole questions that every surface offers, of the shop and of the jobs it has."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from bot.job import Job, Strength, Tools, Understood
from sql.question.linking import Links, Vocabulary, link
from sql.semantics import Shop
from telling.titles import title_of

OFFERED = 4
"""Questions that an answer offers at most."""
_HAN = re.compile(r"[\u4e00-\u9fff]")


def suggestions(shop: Shop, language: str, vocabulary: Vocabulary | None = None) -> tuple[str, ...]:
    """The shop's own example questions in ``language``; in any language when it has none in that one.

    With ``vocabulary``, those that name what its role may not see are left out, and a shop whose file
    suggests nothing gets questions made of the first metrics of it.
    """
    is_chinese = language == "zh"
    allowed = shop.suggestions if vocabulary is None else may_suggest(shop.suggestions, vocabulary)
    own = tuple(q for q in allowed if bool(_HAN.search(q)) == is_chinese)
    chosen = own or allowed
    if not chosen and vocabulary is not None:
        ending = "是多少？" if is_chinese else ""
        chosen = tuple(f"{title_of(shop, m.name, language)}{ending}" for m in vocabulary.metrics)
    return chosen[:OFFERED]


def may_suggest(questions: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Those of ``questions`` that name nothing which the role of ``vocabulary`` may not see."""
    today = dt.date.today()
    return tuple(q for q in questions if _is_visible(link(q, vocabulary, today)))


def _is_visible(links: Links) -> bool:
    seen = {(m.start, m.end) for m in links.mentions}
    return all((m.start, m.end) in seen for m in links.hidden)


def offered_jobs(tools: Tools) -> tuple[Job, ...]:
    """The jobs that this shop's description has what is needed for."""
    return tuple(job for job in tools.jobs if job.is_offered and not job.missing(tools.workspace.shop))


def offers(tools: Tools) -> tuple[str, ...]:
    """Questions for a page that nobody has asked anything yet: the shop's own, then one of each other job.

    A job that one of the shop's own questions asks for is offered by that question.
    """
    vocabulary, today = tools.vocabulary, tools.workspace.today
    own = may_suggest(tools.workspace.shop.suggestions, vocabulary)
    asked = [_alone(link(question, vocabulary, today)) for question in own]
    language = "zh" if own and all(_HAN.search(question) for question in own) else "en"
    more = []
    for job in offered_jobs(tools):
        claims = [claim for question in asked if (claim := job.claims(question)) is not None]
        example = job.utterances[language][0]
        if any(claim.strength > Strength.POSSIBLE for claim in claims):
            continue
        if _is_visible(links := link(example, vocabulary, today)):
            claim = job.claims(_alone(links))
            more += [example] if claim is not None and claim.strength > Strength.POSSIBLE else []
    return (*own, *more)


def _alone(links: Links) -> Understood:
    """A question as if it had been asked by itself."""
    question = links.question
    language = "zh" if _HAN.search(question) else "en"
    return Understood(
        question=question,
        standalone=question,
        language=language,
        links=links,
        said=links,
        previous=None,
        verdict=None,
    )
