"""Which skill answers a question, or why none does.

In this order: greetings; requests that are declined for a true reason (writing, changing the rules, what
the role may not see, things outside the shop); reviews; figures; asking back. Cues are rules that can be
read below; where they do not decide, the question is compared in meaning with the skills' example
utterances. Only the asker's words are looked at: text from the database or from reviews never routes
anything.

The guard is what keeps data safe; declining here only spares the asker a query that could not have
answered.
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

from bot import cues
from bot.errors import AskBack, Declined
from bot.names import title_of, view_title
from bot.skills.base import Skill, Tools
from bot.skills.help import suggestions
from bot.understand import Understood
from bot.words import SPOKEN, escape_markdown, listed, load_words
from sql.question.linking import Links, Mention, link
from sql.semantics import Shop

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


class Embedder(Protocol):
    """What routing needs of ``retrieval.embed.Embedder``."""

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (texts, dimension)."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The skill that answers, and why it was chosen."""

    skill: Skill
    reason: str
    """``cue``, ``links`` or ``meaning``; for logs and tests."""


def route(
    understood: Understood, tools: Tools, skills: Sequence[Skill], nearest: Nearest | None = None
) -> Route:
    """Choose the skill for a question.

    Args:
        understood: the question with its links.
        skills: to choose from.
        nearest: compares meanings where cues do not decide; ``None`` leaves that out.
    Raises:
        Declined: for a reason that is true of this shop and role.
        AskBack: the question does not say what it wants; options are offered where there are any.
    """
    by_name = {skill.name: skill for skill in skills}
    question, links = understood.standalone, understood.links
    if cues.HELLO.search(question) and not _figures(links):
        return Route(skill=by_name["help"], reason="cue")
    check_request(question, links, tools, understood.language)
    if is_about_reviews(question, understood, tools):
        return Route(skill=by_name["ask_reviews"], reason="cue")
    if _is_outside(question, links):
        raise Declined("outside")
    hidden = _hidden(links, tools, understood.language) or _hidden(
        _own_links(understood, tools), tools, understood.language
    )
    if hidden:
        raise Declined("hidden", {"names": hidden, "role": escape_markdown(tools.workspace.role.name)})
    _ask_by_what(understood, tools)
    if _figures(links):
        _check_counted(links)
        return Route(skill=by_name["ask_sql"], reason="links")
    near = nearest.find(question) if nearest is not None else None
    if near == "outside":
        raise Declined("outside")
    if near is not None and (near != "ask_sql" or links.mentions):
        return Route(skill=by_name[near], reason="meaning")
    if links.unknown and understood.language in SPOKEN and not cues.BEST.search(question):
        raise Declined("cannot_answer_missing", {"names": _listed(links.unknown, understood.language)})
    raise _ask_back(understood, tools)


def _check_counted(links: Links) -> None:
    """Decline "how many employees …" when employees are unknown here, whatever else the question names."""
    counted = cues.COUNTED.search(links.question)
    if counted is None or counted.group("what") not in links.unknown:
        return
    raise Declined("cannot_answer_missing", {"names": f"“{escape_markdown(counted.group('what'))}”"})


def _listed(names: Sequence[str], language: str) -> str:
    return listed([f"“{escape_markdown(name)}”" for name in names[:5]], load_words(language))


def check_request(question: str, links: Links, tools: Tools, language: str) -> None:
    """Raise ``Declined`` for a request to write or to change the rules; honest questions pass."""
    if cues.INJECTION.search(question):
        hidden = _hidden(links, tools, language, only_asked=False)
        if hidden:
            values = {"names": hidden, "role": escape_markdown(tools.workspace.role.name)}
            raise Declined("injection_hidden", values)
        raise Declined("injection")
    if is_write_request(question):
        raise Declined("write")


def is_write_request(question: str) -> bool:
    """Whether the message orders a change: "delete order 5", not "how many orders were deleted?".

    What stands in quotes in a question is a value that is asked about, whatever it says.
    """
    if cues.ASKS.search(question) or cues.ASKS_ZH.search(question):
        question = cues.QUOTED.sub("…", question)
    if cues.SQL_WRITE.search(question):
        return True
    if cues.WRITE_ZH.search(question):
        return not cues.ASKS_ZH.search(question) and not cues.TIME_EDIT_ZH.search(question)
    return (
        bool(cues.WRITE.search(question))
        and not cues.ASKS.search(question)
        and not cues.NO_WRITE.search(question)
    )


def is_about_reviews(question: str, understood: Understood, tools: Tools) -> bool:
    """Whether the question wants customers' words; counts and averages of reviews are figures."""
    return bool(cues.REVIEWS.search(question)) and not cues.COUNTING.search(question)


def _is_outside(question: str, links: Links) -> bool:
    """Weather, jokes, general knowledge; unless such a word is part of a name that the shop knows."""
    match = cues.OUTSIDE.search(question)
    if match is None or _figures(links):
        return False
    return not any(m.start < match.end() and match.start() < m.end for m in links.mentions)


def _figures(links: Links) -> bool:
    """Whether something is named that can be counted, summed or listed."""
    return any(m.kind in ("metric", "view", "column") for m in links.mentions)


def _own_links(understood: Understood, tools: Tools) -> Links:
    """Links of the message as it was written: a follow-up made standalone may have lost "their"."""
    if understood.question == understood.standalone:
        return understood.links
    return link(understood.question, tools.vocabulary, tools.workspace.today)


def _hidden(links: Links, tools: Tools, language: str, *, only_asked: bool = True) -> str:
    """Names of what the question needs and the role may not see, for a sentence; empty when there is none.

    A word that also means something visible counts as that, unless ``only_asked`` is off.
    """
    shop = tools.workspace.shop
    names: dict[tuple[int, int], str] = {}
    for mention in sorted(links.hidden, key=lambda m: m.kind != "view"):
        place = (mention.start, mention.end)
        is_told = any(start < place[1] and place[0] < end for start, end in names)
        if is_told or (only_asked and _has_other_reading(mention, links)):
            continue
        title = view_title if mention.kind == "view" else title_of
        names[place] = escape_markdown(title(shop, mention.name, language))
    return listed(dict.fromkeys(names.values()), load_words(language)) if names else ""


def _has_other_reading(hidden: Mention, links: Links) -> bool:
    """Whether the same words mean a visible thing; "the customers' e-mails" are addresses, no channel."""
    others = [m for m in links.mentions if m.start < hidden.end and hidden.start < m.end]
    if not others:
        return False
    if any(m.kind != "value" for m in others):
        return True
    before = links.question[: hidden.start]
    after = links.question[hidden.end :]
    owners = [m for m in links.mentions if m.kind == "view" and m.name == hidden.view]
    is_owned = any(
        re.fullmatch(r"(?i)['’]?s?['’]?\s*(?:的|所有|全部|\s)*", links.question[m.end : hidden.start])
        for m in owners
        if m.end <= hidden.start
    ) or any(
        re.match(
            r"(?i)\s*(?:address(?:es)?\s+|numbers?\s+)?(?:of|for)\s+(?:all\s+|the\s+|our\s+|every\s+|each\s+|\w+\s+)*$",
            links.question[hidden.end : m.start],
        )
        for m in owners
        if m.start >= hidden.end
    )
    is_theirs = re.search(r"(?i)\b(?:their|his|her|whose)\s+$|[他她](?:们|俩)?的\s*$", before)
    is_address = re.match(r"(?i)\s*(?:address|numbers?|domains?|地址|号码|域名)", after) is not None
    is_listed = re.search(
        r"(?i)\b(?:show|list|give|send|export|get|tell|print)\s+(?:me\s+)?(?:all|the|every)?\s*(?:the\s+)?$",
        before,
    ) or (re.search(r"[把将]\s*$", before) and re.match(r"\s*[都全部一起]*\s*(?:给|发|列|告诉|导出)", after))
    return not (is_owned or is_theirs or is_address or is_listed)


def _ask_by_what(understood: Understood, tools: Tools) -> None:
    """Ask back when "best" or "worst" names no measure."""
    question, links = understood.standalone, understood.links
    best = cues.BEST.search(question)
    if best is None or cues.RANK_COUNT.fullmatch(best.group()) or cues.RANK_COUNT.search(question):
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
    named = [m.text for m in understood.links.mentions if m.kind == "value"]
    period = understood.links.period
    if not named and period is None:
        return AskBack("not_understood", options=suggestions(shop, language, tools.vocabulary))
    subject = named[0] if named else ""
    when = period.text.strip() if period else ""
    metrics = [title_of(shop, m.name, language) for m in tools.vocabulary.metrics[: MAX_OPTIONS - 2]]
    if chinese:
        options = [f"{when}{subject}的{metric}是多少？" for metric in metrics]
        about = f"顾客对{subject}有什么评价？"
    else:
        tail = f"{f' for {subject}' if subject else ''}{f' {when}' if when else ''}"
        options = [f"{metric[:1].upper()}{metric[1:]}{tail}" for metric in metrics]
        about = f"What do buyers say about {subject}?"
    if subject and _is_reviewed(understood.links, shop):
        options.append(about)
    return AskBack("which_figure", options=tuple(options))


def _is_reviewed(links: Links, shop: Shop) -> bool:
    """Whether the question names a product or category that reviews are filed under."""
    source = shop.reviews
    if source is None:
        return False
    filed = {(source.view, source.product), (source.view, source.category)}
    return any(m.kind == "value" and (m.view, m.name) in filed for m in links.mentions)


class Nearest:
    """The skill whose example utterances come closest in meaning. Vectors are made at the first use."""

    def __init__(self, embedder: Embedder, skills: Sequence[Skill]) -> None:
        self._embedder = embedder
        self._labelled = [(text, skill.name) for skill in skills for text in skill.utterances]
        self._labelled += [(text, "outside") for text in OUTSIDE]
        self._vectors: npt.NDArray[np.float32] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> npt.NDArray[np.float32]:
        """Vectors of the examples, in order; made once."""
        with self._lock:
            if self._vectors is None:
                self._vectors = self._embedder.embed([text for text, _ in self._labelled])
            return self._vectors

    def find(self, question: str) -> str | None:
        """Name of the nearest skill, ``outside``, or ``None`` when nothing is near enough."""
        likeness = self.prepare() @ self._embedder.embed([question])[0]
        best = int(np.argmax(likeness))
        return self._labelled[best][1] if likeness[best] >= MIN_LIKENESS else None
