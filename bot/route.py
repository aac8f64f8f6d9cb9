"""Which job answers a question, or why none does.

In this order: a text of somebody else's goes to the job that reads such texts; requests to write or to change
the rules are declined; a job that the words ask for answers; what is outside the shop or hidden from the role
is declined; a job that what is named belongs to answers; then the question is compared in meaning with the
jobs' example utterances; else it is declined or asked back. What cannot be answered is decided in
``sql.question.answerable``; what a job claims, in its folder.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.errors import AskBack
from bot.followup import length_of
from bot.followup_cues import ASKING, ASKS
from bot.job import Claim, Embedder, Job, Strength, Tools, Understood
from bot.offers import offered_jobs, suggestions
from bot.parameters import check_names
from bot.refusals import declined
from sql.question.answerable import Verdict, names_figures
from sql.statement.heard import changes_figure
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
MIN_APART = 0.65
"""The same for what is no question about the shop: "how many came in today?" is near the weather of today."""
LEAST_WORDS = 4.5
"""English words, or pairs of Chinese characters, from which a question is a whole one."""
MAX_OPTIONS = 4
NO_JOB = ""
"""What is nearest to a question that no shop's data answer."""


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
    if understood.by_name:
        named = next(job for job in tools.jobs if job.name == understood.by_name)
        claim = named.claims(understood)
        if claim is None or claim.strength is not Strength.GIVEN:
            _decline(verdict, understood, tools, "rules", "write", "hidden")
        check_names(question, named.parameters)
        return Route(job=_ready(named, tools), reason="name")
    claims = _claims(understood, tools.jobs)
    best = max(claims, key=lambda name: claims[name][1].strength, default=None)  # of equals the first job
    strength = claims[best][1].strength if best is not None else None
    if strength is Strength.GIVEN:
        verdict = None
    elif strength is Strength.SAID:
        _decline(verdict, understood, tools, "rules", "write")
    else:
        _decline(verdict, understood, tools, "rules", "write", "outside", "hidden")
    if best is not None and strength is not None and strength > Strength.POSSIBLE:
        job, claim = claims[best]
        if claim.readings:
            raise AskBack("which_job", options=claim.readings)
        if job.parameters:
            _decline(verdict, understood, tools, "hidden")
        return Route(job=_ready(job, tools), reason=claim.reason)
    near = nearest.find(question) if nearest is not None else None
    if near == NO_JOB:
        raise declined(Verdict(kind="outside"), understood.language, tools.workspace)
    if near in claims:
        return Route(job=_ready(claims[near][0], tools), reason="meaning")
    if _says_too_little(understood):
        raise _ask_back(understood, tools)
    rest = next((job for job in tools.jobs if job.takes_the_rest), None)
    if rest is not None and tools.asker is not None:
        return Route(job=rest, reason="the rest")
    raise _ask_back(understood, tools)


def _ready(job: Job, tools: Tools) -> Job:
    """The job, when this shop has what it needs; else raises ``Declined``."""
    job.check_needs(tools.workspace.shop, tools.workspace.guard.views)
    return job


def _says_too_little(understood: Understood) -> bool:
    """Whether nothing is named but a value or a period ("Germany"), or nothing at all in a known language."""
    links, text = understood.links, understood.links.question
    is_strange = understood.language not in SPOKEN and not links.mentions
    # "who are the gold members in Zhejiang" is more than a bare value, and 周几下单最多 says what it wants;
    # what "how much did we take in March" asks for, the model may know
    asks = (ASKS.search(text) or ASKING.search(text)) is not None and (
        bool(links.mentions) or changes_figure(text) or length_of(text) >= LEAST_WORDS
    )
    return is_strange or (not names_figures(links) and not links.unknown and not asks)


def _claims(understood: Understood, jobs: Sequence[Job]) -> dict[str, tuple[Job, Claim]]:
    """What each job claims, by its name; those that claim nothing are left out."""
    found = ((job, job.claims(understood)) for job in jobs)
    return {job.name: (job, claim) for job, claim in found if claim is not None}


def _decline(verdict: Verdict | None, understood: Understood, tools: Tools, *kinds: str) -> None:
    """Raise ``Declined`` when the verdict is of one of ``kinds``."""
    if verdict is not None and verdict.kind in kinds:
        raise declined(verdict, understood.language, tools.workspace)


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
        self.embedder = embedder
        self._apart = {NO_JOB, *(job.name for job in jobs if not job.is_offered)}
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
                self._vectors = self.embedder.embed([text for text, _ in self._labelled])
            return self._vectors

    def find(self, question: str) -> str | None:
        """Name of the nearest job; ``NO_JOB`` if that is outside the shop, ``None`` if none is near."""
        likeness = self.prepare() @ self.embedder.embed([question])[0]
        best = int(np.argmax(likeness))
        name = self._labelled[best][1]
        return name if likeness[best] >= (MIN_APART if name in self._apart else MIN_LIKENESS) else None
