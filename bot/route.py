"""Which job answers a question, or why none does.

In this order: requests to write or to change the rules are declined; a job that the words ask for answers;
what is outside the shop or hidden from the role is declined; a job that what is named belongs to answers;
then the question is compared in meaning with the jobs' example utterances; else it is declined or asked
back. What cannot be answered is decided in ``sql.question.answerable``; what a job claims, in its folder.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bot.errors import AskBack
from bot.followup_cues import BEST
from bot.job import Claim, Job, Strength, Tools, Understood
from bot.offers import offered_jobs, suggestions
from bot.refusals import declined
from sql.question.answerable import Verdict
from sql.question.linking import Mention
from telling.phrases import SPOKEN, load_words
from telling.titles import title_of

logger = logging.getLogger(__name__)

OUTSIDE = (
    "What is the weather like today?",
    "Tell me a joke",
    "Who is the president of France?",
    "What is the capital of Germany?",
    "Write a poem about the sea",
    "Translate this sentence into Spanish",
    "What is the meaning of life?",
    "How do I bake bread?",
    "Who won the football match?",
    "今天天气怎么样？",
    "讲个笑话",
    "法国总统是谁？",
    "写一首诗",
    "怎么做蛋糕？",
)
"""Questions that no shop's data answer, for the comparison in meaning."""

MIN_LIKENESS = 0.45
"""Cosine to the nearest example below which meaning decides nothing."""
MAX_OPTIONS = 4
NO_JOB = ""
"""What is nearest to a question that no shop's data answer."""
_RANK_COUNT = re.compile(r"(?i)\b(?:top|bottom)\s+(?:\d+|three|five|ten)\b|\b(?:top|bottom)\b")


class Embedder(Protocol):
    """What routing needs of ``retrieval.encoder.Embedder``."""

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (texts, dimension)."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The job that answers, and why it was chosen."""

    job: Job
    reason: str
    """What the job claims by, or ``meaning``; for logs and tests."""


def route(understood: Understood, tools: Tools, nearest: Nearest | None = None) -> Route:
    """Choose the job for a question.

    Args:
        understood: the question with its links and what speaks against answering it.
        tools: with the jobs to choose from.
        nearest: compares meanings where no claim decides; ``None`` leaves that out.
    Raises:
        Declined: for a reason that is true of this shop and role.
        AskBack: the question does not say what it wants; options are offered where there are any.
    """
    verdict, question = understood.verdict, understood.standalone
    speaks = tools.asker is not None and tools.asker.speaks
    claims = _claims(understood, tools.jobs)
    best = max(claims, key=lambda name: claims[name][1].strength, default=None)  # of equals the first job
    strength = claims[best][1].strength if best is not None else None
    if strength is not Strength.SAID:
        _decline(verdict, understood, tools, "rules", "write", "outside", "hidden")
        if not speaks:
            _ask_by_what(understood, tools)
    else:
        _decline(verdict, understood, tools, "rules", "write")
    if best is not None and strength is not None and strength > Strength.POSSIBLE:
        job, claim = claims[best]
        if strength is Strength.NAMED and not speaks:
            _decline(verdict, understood, tools, "missing")
        job.check_needs(tools.workspace.shop)
        return Route(job=job, reason=claim.reason)
    near = nearest.find(question) if nearest is not None else None
    if near == NO_JOB:
        raise declined(Verdict(kind="outside"), understood.language, tools.workspace)
    if near in claims:
        claims[near][0].check_needs(tools.workspace.shop)
        return Route(job=claims[near][0], reason="meaning")
    rest = next((job for job in tools.jobs if job.takes_the_rest), None) if speaks else None
    if rest is not None:
        return Route(job=rest, reason="the rest")
    if understood.links.unknown and understood.language in SPOKEN and not BEST.search(question):
        nothing = Verdict(kind="missing", missing=understood.links.unknown)
        raise declined(nothing, understood.language, tools.workspace)
    raise _ask_back(understood, tools)


def _claims(understood: Understood, jobs: Sequence[Job]) -> dict[str, tuple[Job, Claim]]:
    """What each job claims, by its name; those that claim nothing are left out."""
    found = ((job, job.claims(understood)) for job in jobs)
    return {job.name: (job, claim) for job, claim in found if claim is not None}


def _decline(verdict: Verdict | None, understood: Understood, tools: Tools, *kinds: str) -> None:
    """Raise ``Declined`` when the verdict is of one of ``kinds``."""
    if verdict is not None and verdict.kind in kinds:
        raise declined(verdict, understood.language, tools.workspace)


def _ask_by_what(understood: Understood, tools: Tools) -> None:
    """Ask back when "best" or "worst" names no measure."""
    question, links = understood.standalone, understood.links
    best = BEST.search(question)
    if best is None or _RANK_COUNT.fullmatch(best.group()) or _RANK_COUNT.search(question):
        return
    measured = any(
        m.kind == "metric" or (m.kind == "column" and _is_quantity(m, tools)) for m in links.mentions
    )
    views = [m for m in links.mentions if m.kind in ("view", "column")]
    if measured or not views or re.search(r"(?i)\bbest time|\b(?:good|bad)\b", question):
        return
    options = _ranked_options(understood, tools)
    if options:
        raise AskBack("best_by_what", options=options)


def _is_quantity(mention: Mention, tools: Tools) -> bool:
    view = tools.vocabulary.view(mention.view)
    column = view.column(mention.name) if view else None
    return column is not None and column.type in ("integer", "number") and not column.name.endswith("_id")


def _ranked_options(understood: Understood, tools: Tools) -> tuple[str, ...]:
    """The question again, by each of the first metrics."""
    text = understood.standalone.rstrip(" ?？.。")
    chinese = load_words(understood.language).language == "zh"
    titles = [title_of(tools.workspace.shop, m.name, understood.language) for m in tools.vocabulary.metrics]
    made = [f"按{title}，{text}" if chinese else f"{text} by {title}" for title in titles[: MAX_OPTIONS - 1]]
    return tuple(made)


def _ask_back(understood: Understood, tools: Tools) -> AskBack:
    """Offer whole questions about what was named, else the shop's examples."""
    shop, language = tools.workspace.shop, understood.language
    chinese = load_words(language).language == "zh"
    named = [m for m in understood.links.mentions if m.kind == "value"]
    period = understood.links.period
    if not named and period is None:
        return AskBack("not_understood", options=suggestions(shop, language, tools.vocabulary))
    subject = named[0].text if named else ""
    when = period.text.strip() if period else ""
    metrics = [title_of(shop, m.name, language) for m in tools.vocabulary.metrics[: MAX_OPTIONS - 2]]
    if chinese:
        options = [f"{when}{subject}的{metric}是多少？" for metric in metrics]
    else:
        tail = f"{f' for {subject}' if subject else ''}{f' {when}' if when else ''}"
        options = [f"{metric[:1].upper()}{metric[1:]}{tail}" for metric in metrics]
    language = "zh" if chinese else "en"
    about = [question for job in offered_jobs(tools) for question in job.asks_about(named, shop, language)]
    return AskBack("which_figure", options=tuple([*options, *about][:MAX_OPTIONS]))


class Nearest:
    """The job whose example utterances come closest in meaning. Vectors are made at the first use."""

    def __init__(self, embedder: Embedder, jobs: Sequence[Job]) -> None:
        self._embedder = embedder
        self._labelled = [
            (text, job.name) for job in jobs for texts in job.utterances.values() for text in texts
        ]
        self._labelled += [(text, NO_JOB) for text in OUTSIDE]
        self._vectors: npt.NDArray[np.float32] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> npt.NDArray[np.float32]:
        """Vectors of the examples, in order; made once."""
        with self._lock:
            if self._vectors is None:
                self._vectors = self._embedder.embed([text for text, _ in self._labelled])
            return self._vectors

    def find(self, question: str) -> str | None:
        """Name of the nearest job; ``NO_JOB`` if that is outside the shop, ``None`` if none is near."""
        likeness = self.prepare() @ self._embedder.embed([question])[0]
        best = int(np.argmax(likeness))
        return self._labelled[best][1] if likeness[best] >= MIN_LIKENESS else None
