"""From a message to a standalone question: hygiene, language, follow-ups.

Rules only, no model, so that "and in May?" always means the same and costs milliseconds. A follow-up
changes the previous standalone question where it names something of the same kind (period by period,
value by value of one column, metric by metric, breakdown by breakdown) and adds what is new. What it does
not do: resolve pronouns to rows of an earlier answer ("who are they?").
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bot import followup_cues as cues
from bot.courtesies import courtesy_of
from bot.errors import AskBack, UnusableQuestion
from bot.followup import appended, combine, features_of, is_addition, is_followup, strip_lead, with_days_said
from bot.job import Job, Strength, Understood
from bot.memory import Conversation, Turn
from bot.parameters import changed, says_only
from bot.redrawing import chart_asked
from sql.question.answerable import Verdict, verdict_of
from sql.question.asides import without_asides
from sql.question.linking import Links, Vocabulary, link
from sql.question.words import words
from sql.question.written_out import written_out
from sql.semantics import ViewColumn
from telling.redraw import ChartKind

MAX_CHARACTERS = 2_000
"""Longer messages are not read: no honest question is that long, and reading costs time."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:'[A-Za-z]+)?")
_WORD = re.compile(r"[^\W\d_]{3}|[\u3040-\u30ff\u3400-\u9fff]")
"""Without it a message is a number or a code, which is of no language."""
_COMMON_TEXT = {
    "en": "the of and is are was were what which how many much by in for to show me last month did do"
    " does our with who why when where from this year sales revenue orders a an i you have has per"
    " about only top as percentage percent that at be it not more less than each sort",
    "fr": "le la les des du est sont quel quelle quels quelles combien nous notre dans pour avec mois"
    " dernier et une un chiffre affaires ventes par quoi comment qui était été commandes d l au"
    " aux ce cette",
    "de": "der die das und ist sind war wie viel viele welche welcher welches im letzten monat für mit"
    " nach umsatz bestellungen unser unsere ein eine den dem von wir haben pro wo wer warum zeige"
    " mir ich mein meine meinen bitte nicht noch sie ihre auf es kann hallo danke bestellung paket lieferung",
    "es": "el la los las es son fue cuál cuáles cuánto cuántos cuántas qué del mes pasado por para con"
    " ventas pedidos nuestro nuestra una un y en quién cómo",
    "it": "il lo la i gli le è sono quale quali quanto quanti quante del della mese scorso per con"
    " vendite ordini nostro una un e che cosa come chi",
    "pt": "o a os as é são qual quais quanto quantos quantas do da mês passado por para com vendas"
    " pedidos nosso uma um e que como quem em foi",
    "nl": "de het een is zijn was hoeveel welke vorige maand voor met omzet bestellingen onze per van"
    " en wat hoe wie",
}
_COMMON_WORDS = {language: frozenset(text.split()) for language, text in _COMMON_TEXT.items()}
_FULL_WIDTH = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}


def clean(message: str) -> str:
    """``message`` without control, direction and other invisible characters, on one line, composed (NFC).

    Full-width letters and digits become ordinary ones; Chinese punctuation stays.
    """
    composed = unicodedata.normalize("NFC", message.translate(_FULL_WIDTH))
    visible = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in composed
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join(visible.split())


def language_of(text: str) -> str:
    """ISO 639-1 code by script, and among Latin scripts by common words; ``en`` when in doubt.

    >>> language_of("上个月的销售额"), language_of("Quel est le chiffre d'affaires ?")
    ('zh', 'fr')
    """
    han = len(_HAN.findall(text))
    latin = [word.lower() for word in _LATIN_WORD.findall(text)]
    for language, script in _SCRIPTS:
        if len(script.findall(text)) > max(han if language != "ja" else 0, 2 * len(latin)):
            return language
    # One Chinese word is about two characters: "Kitchen 的销售额" is Chinese, "reviews about 音箱" is not.
    if han and han >= len(latin):
        return "zh"
    words = [piece for word in latin for piece in word.split("'")]
    counts = {language: sum(w in common for w in words) for language, common in _COMMON_WORDS.items()}
    best = max(counts, key=lambda language: (counts[language], language == "en"))
    # A single shared word ("die", "per") proves nothing.
    return best if best == "en" or counts[best] >= 2 else "en"


def check_question(message: str) -> str:
    """The cleaned message.

    Raises:
        UnusableQuestion: it is empty, has more than ``MAX_CHARACTERS`` characters, or has no letter or digit.
    """
    if len(message) > MAX_CHARACTERS:
        values = {"length": f"{len(message):,}", "limit": f"{MAX_CHARACTERS:,}"}
        raise UnusableQuestion("too_long", values)
    question = clean(message)
    if not question:
        raise UnusableQuestion("empty_question")
    if not any(c.isalnum() for c in question):
        raise UnusableQuestion("no_words")
    return question


def understand(
    message: str,
    conversation: Conversation | None,
    vocabulary: Vocabulary,
    today: dt.date,
    jobs: Sequence[Job] = (),
    edit: Callable[[str, Turn], str] = lambda message, turn: "",
) -> Understood:
    """Clean ``message``, name its language, make it standalone and judge whether it can be answered.

    Args:
        jobs: a message that asks for one of them by its words is a question of its own.
        edit: the statement that a message makes of a turn's, where a rule knows it.
    Raises:
        UnusableQuestion: see :func:`check_question`.
        AskBack: a follow-up, and there is nothing to follow.
        Courtesy: it is thanks, or asks about the answer before.
    """
    whole = check_question(message)
    language = language_of(whole)
    if language == "en":
        whole = written_out(whole, vocabulary.is_name)
    last = conversation.last if conversation is not None else None
    if last is not None and not _WORD.search(whole):
        language = language_of(last.standalone_question)
    courtesy = courtesy_of(whole, last)
    if courtesy is not None:
        raise courtesy
    said = _asked(whole, language, vocabulary, today, jobs)
    question = said.question

    def understood(
        links: Links,
        previous: Turn | None,
        *,
        changes: bool = False,
        asked: Links = said,
        by_name: str = "",
        chart: ChartKind | None = None,
        statement: str = "",
    ) -> Understood:
        return Understood(
            question=whole,
            standalone=links.question,
            language=language,
            links=links,
            said=asked,
            previous=previous,
            changes=changes,
            by_name=by_name,
            chart=chart,
            statement=statement,
            verdict=_verdict(links, asked, vocabulary),
        )

    def linked(text: str) -> Links:
        return said if text == question else link(text, vocabulary, today)

    chart = chart_asked(said)
    if chart is not None and last is not None and last.status == "answered":
        return understood(linked(last.standalone_question), last, chart=chart)
    if last is not None and last.status == "answered" and (statement := edit(question, last)):
        before = link(last.standalone_question, vocabulary, today)
        return understood(linked(combine(before, said, today=today)), last, statement=statement)
    chosen = _chosen_option(question, conversation.turns[-1] if conversation and conversation.turns else None)
    if chosen is not None:
        return understood(linked(chosen), last)
    if by_name := _named_job(question, jobs):
        # a job's own name asks for no view that is called so
        named = replace(said, hidden=tuple(m for m in said.hidden if m.start >= len(by_name)))
        return understood(named, None, asked=named, by_name=by_name)
    if last is not None and (kept := _kept(last, question, jobs)) is not None:
        return understood(linked(kept), last)
    links = said
    if last is not None and cues.WHY.match(question):
        reason = _reason_column(last, links, vocabulary, today)
        about = _why_of(last, vocabulary, today) if reason is None else None
        if about is not None and _asks_for_a_job(understood(about, None), jobs):
            return understood(about, last)
        if reason is None:
            raise AskBack("no_reason", options=_breakdowns(last, vocabulary, today))
        links = link(reason, vocabulary, today)
    if last is not None and last.status == "answered" and (kept := _more_or_less(links)):
        return understood(linked(appended(last.standalone_question, kept)), last, changes=True)
    if _asks_for_a_job(understood(said, None), jobs):
        return understood(linked(strip_lead(said)), None)
    if last is not None and (text := _resettled(last, links, vocabulary, today, jobs)) is not None:
        return understood(linked(text), last, changes=True, by_name=_named_job(text, jobs))
    if last is not None and is_followup(links, after_asking_back=last.status == "clarify"):
        previous = link(last.standalone_question, vocabulary, today)
        is_about_text = any(job.is_about_text for job in jobs if job.name == last.skill)
        combined = linked(combine(previous, links, is_about_text=is_about_text, today=today))
        days = with_days_said(previous, said, today)
        return understood(combined, last, changes=True, asked=said if days is None else linked(days))
    if last is None and is_followup(links, needs_cue=True) and not cues.ASKS.search(question):
        raise AskBack("no_previous")
    return understood(linked(strip_lead(said)), None)


def _more_or_less(links: Links) -> str:
    """What a message leaves out of the answer before or adds to it, as "without …" or "also …"; else empty.

    Only what leaves no doubt: "drop the customers", "add the customer Ann" may be orders to change something,
    "drop the filter" and a second clause mean more than a condition.
    """
    text = links.question
    added, out = cues.PUTTING_BESIDE.match(text), cues.LEAVING_OUT.match(text)
    match = added or out
    if match is None or cues.MORE_THAN_THAT.search(text, match.end()):
        return ""
    rest = text[match.end() :]
    if added is not None:
        is_shown = links.mentions and all(m.kind in ("column", "metric") for m in links.mentions)
        return f"also {rest}" if is_shown else ""
    some = cues.SOME.match(text, match.end())
    starts = {match.end(), some.end() + 1 if some is not None else -1}
    is_named = any(m.kind == "value" and m.start in starts for m in links.mentions)
    return f"without {rest}" if is_named or cues.OF_THAT.search(rest) else ""


def _asked(whole: str, language: str, vocabulary: Vocabulary, today: dt.date, jobs: Sequence[Job]) -> Links:
    """What the words of a message mean that ask something.

    All of them where a job wants the message: a letter is told by its greeting and its name.
    """
    links = link(whole, vocabulary, today)
    asked = without_asides(links)
    if asked == whole:
        return links
    alone = Understood(
        question=whole,
        standalone=whole,
        language=language,
        links=links,
        said=links,
        previous=None,
        verdict=_verdict(links, links, vocabulary),
    )
    return links if _asks_for_a_job(alone, jobs) else link(asked, vocabulary, today)


def _verdict(links: Links, said: Links, vocabulary: Vocabulary) -> Verdict | None:
    """Of the standalone question; what the message itself names and is hidden counts too, and what is to
    change the rules."""
    verdict = verdict_of(links, vocabulary)
    if said is not links and verdict is None:
        own = verdict_of(said, vocabulary)
        return own if own is not None and own.kind in ("hidden", "rules") else verdict
    return verdict


def _asks_for_a_job(alone: Understood, jobs: Sequence[Job]) -> bool:
    claims = (job.claims(alone) for job in jobs)
    return any(claim is not None and claim.strength >= Strength.SAID for claim in claims)


def _named_job(question: str, jobs: Sequence[Job]) -> str:
    """Name of the job that a message asks for as ``name`` or ``name key=value …``; empty for other words."""
    named = re.fullmatch(r"(\w+)(?:\s+[A-Za-z_]+\s?=.*)?", question)
    return next((job.name for job in jobs if named and job.parameters and job.name == named[1].lower()), "")


def _kept(last: Turn, message: str, jobs: Sequence[Job]) -> str | None:
    """What the message means to the job that answered before, or else to one that goes on from there."""
    before = last.standalone_question
    answered = (job.follow(before, message) for job in jobs if job.name == last.skill)
    others = (job.picks_up(before, message) for job in jobs if job.name != last.skill)
    return next((kept for kept in itertools.chain(answered, others) if kept is not None), None)


def _resettled(
    last: Turn, links: Links, vocabulary: Vocabulary, today: dt.date, jobs: Sequence[Job]
) -> str | None:
    """The question before with other parameters of its job, where the message names some and asks no more."""
    parameters = next((job.parameters for job in jobs if job.name == last.skill), ())
    if not parameters or not (is_followup(links) or is_addition(links) or says_only(links, parameters)):
        return None
    return changed(link(last.standalone_question, vocabulary, today), links, parameters)


def _reason_column(last: Turn, links: Links, vocabulary: Vocabulary, today: dt.date) -> str | None:
    """ "by reason", when the previous question's view has a column that the shop calls by such a word."""
    before = link(last.standalone_question, vocabulary, today)
    views = [vocabulary.view(m.view) for m in before.mentions if m.kind in ("metric", "view")]
    columns = [c for view in views if view is not None for c in view.columns]
    column = next((c for c in columns if {c.name, *c.synonyms} & _REASON), None)
    if column is None:
        return None
    name = column.name.replace("_", " ")
    return f"按{name}" if language_of(links.question) == "zh" else f"and by {name}?"


def _why_of(last: Turn, vocabulary: Vocabulary, today: dt.date) -> Links | None:
    """ "Why did revenue change …?", with the values and the period of a question that names a figure."""
    before = link(last.standalone_question, vocabulary, today)
    features = features_of(before)
    metric = next((span.text for span in features.measures if span.names("metric")), None)
    if metric is None:
        return None
    period, values = before.period, ", ".join(span.text for span in features.values)
    is_chinese = _HAN.search(last.standalone_question) is not None
    when = ""
    if period is not None and not period.is_open:
        first, end = period.start.isoformat(), (period.end - dt.timedelta(days=1)).isoformat()
        when = f"{first}到{end}" if is_chinese else f" from {first} to {end}"
    if is_chinese:
        return link(f"{when}{values}{metric}为什么变化？", vocabulary, today)
    about = f" for {values}" if values else ""
    return link(f"Why did {metric} change{about}{when}?", vocabulary, today)


def _breakdowns(last: Turn, vocabulary: Vocabulary, today: dt.date) -> tuple[str, ...]:
    """The previous question by month and by the first columns of its view: where a change comes from."""
    links = link(last.standalone_question, vocabulary, today)
    view = next((vocabulary.view(m.view) for m in links.mentions if m.kind == "metric"), None)
    if view is None:
        return ()
    text = last.standalone_question.rstrip(" ?？.。")
    names = [c.name.replace("_", " ") for c in view.columns if c.sampled][:3]
    if _HAN.search(text):
        return tuple(f"按{name}，{text}" for name in _chinese_names(view.columns)[:3])
    return tuple(f"{text} by {name}" for name in names)


def _chinese_names(columns: Iterable[ViewColumn]) -> list[str]:
    return [next((s for s in c.synonyms if _HAN.search(s)), c.name) for c in columns if c.sampled]


_REASON = words("why reason reasons 原因")

_ORDINALS = (
    re.compile(r"(?i)^(?:option\s*)?(?:1|one|(?:the\s+)?first(?:\s+one)?|第一个?|一)[.。!]?$"),
    re.compile(r"(?i)^(?:option\s*)?(?:2|two|(?:the\s+)?second(?:\s+one)?|第二个?|二)[.。!]?$"),
    re.compile(r"(?i)^(?:option\s*)?(?:3|three|(?:the\s+)?third(?:\s+one)?|第三个?|三)[.。!]?$"),
    re.compile(
        r"(?i)^(?:option\s*)?(?:4|four|(?:the\s+)?(?:fourth|last)(?:\s+one)?|第四个?|四|最后一个)[.。!]?$"
    ),
)


def _chosen_option(question: str, last: Turn | None) -> str | None:
    """The option that ``question`` picks of those that were offered: by number, or by words only it has."""
    if last is None or last.status != "clarify" or not last.options:
        return None
    for ordinal, option in zip(_ORDINALS, last.options, strict=False):
        if ordinal.match(question):
            return option
    said = question.casefold().strip(" .。?？!！")
    holding = [option for option in last.options if said in option.casefold()]
    return holding[0] if len(holding) == 1 and len(said) > 1 else None
