"""A reply in words: the draft, where each sentence is from, what was left out, and the hand-over."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.order_card.order_told import tell_cards
from jobs.order_card.order_wishes import OTHER
from jobs.reply.reply_draft import Composer, LeftOut, Sentence
from jobs.reply.reply_hand_over import named_intent, tell_hand_over
from jobs.reply.reply_macros import PLACEHOLDER
from jobs.reply.reply_making import Reply
from jobs.reply.reply_words import language_name
from telling.evidence import Evidence
from telling.phrases import listed, load_words
from telling.writer import Writer

MOST_LEFT = 8
"""Sentences that were left out and are told."""
_FIRST_MARK = ord("①")
_PARTS = ("greeting", "body", "closing")
_LINE_BREAK = "  \n"
"""Of a greeting's and a closing's lines, in Markdown and in plain text."""


def tell_reply(evidence: Evidence, writer: Writer) -> str:
    """The draft with its sources, then what the desk has to know."""
    assert isinstance(evidence, Reply)
    plan = evidence.plan
    words = load_words(evidence.read.language)
    composer = Composer(
        writer=Writer(evidence.tables, writer.shop, words), facts=plan.facts, products=evidence.products
    )
    used, left = composer.draft(
        plan.greeting, plan.body, plan.past, plan.closing, is_upset=bool(evidence.signs)
    )
    has_draft = any(sentence.part == "body" for sentence in used)
    parts = [*_draft(used, evidence, writer)] if has_draft else [_no_draft(evidence, writer)]
    parts += [_left_out(left, writer)] if left else []
    if evidence.wanted != evidence.read.language and has_draft:
        parts.append(_other_language(evidence, writer))
    if not has_draft and evidence.cards is not None:
        parts.append(tell_cards(evidence.cards, writer))
    parts.append(tell_hand_over(evidence, writer, has_draft=has_draft))
    if has_draft and evidence.cards is not None and evidence.cards.hidden and writer.role is not None:
        names = listed([writer.restate(name) for name in evidence.cards.hidden], writer.words)
        parts.append(writer.say("not_seen", role=writer.restate(writer.role.name), names=names))
    return "\n\n".join(parts)


# ---- the draft --------------------------------------------------------------------------------------------


def _draft(used: Sequence[Sentence], evidence: Reply, writer: Writer) -> list[str]:
    """The sentences as they can be sent, in paragraphs, and the source of each in order."""
    for sentence in used:
        writer.figures += sentence.figures
        writer.restated += sentence.restated
    joint = {"body": "" if evidence.read.language == "zh" else " "}
    by_part = {part: [s.text for s in used if s.part == part] for part in _PARTS}
    paragraphs = [joint.get(part, _LINE_BREAK).join(texts) for part, texts in by_part.items() if texts]
    title = writer.say("reply_draft", language=language_name(evidence.read.language, writer.words.language))
    return [title, *paragraphs, _sources(used, writer)]


def _sources(used: Sequence[Sentence], writer: Writer) -> str:
    told = []
    for place, sentence in enumerate(used):
        facts = writer.say("comma").join(writer.say(f"fact_{name}") for name in sentence.facts)
        key = "reply_source_with" if facts else "reply_source"
        source = writer.restate(sentence.source)
        told.append(writer.say(key, mark=chr(_FIRST_MARK + place), source=source, facts=facts))
    return writer.say("reply_sources", sources=writer.say("semicolon").join(told))


def _left_out(left: Sequence[LeftOut], writer: Writer) -> str:
    lines = [_left(each, writer) for each in left[:MOST_LEFT]]
    if len(left) > MOST_LEFT:
        lines.append(writer.say("reply_left_more"))
    return "\n".join([writer.say("reply_left_out"), "", *lines])


def _left(each: LeftOut, writer: Writer) -> str:
    text = writer.restate(PLACEHOLDER.sub("…", each.text))
    if each.unsourced:
        claims = listed([f"“{writer.restate(claim)}”" for claim in each.unsourced], writer.words)
        return writer.say("reply_left_unsourced", text=text, claims=claims)
    names = listed([writer.say(f"fact_{name}") for name in each.missing or each.unfit], writer.words)
    return writer.say("reply_left_missing" if each.missing else "reply_left_unfit", text=text, facts=names)


def _no_draft(evidence: Reply, writer: Writer) -> str:
    if evidence.fault:
        return writer.say("reply_broken", fault=writer.restate(evidence.fault))
    if not evidence.languages:
        return writer.say("reply_no_macros")
    names = [named_intent(name, writer) for name in evidence.plan.lacking]
    return writer.say(
        "reply_nothing_fits", intents=listed(names, writer.words) if names else named_intent(OTHER, writer)
    )


def _other_language(evidence: Reply, writer: Writer) -> str:
    language = writer.words.language
    return writer.say(
        "reply_other_language",
        wanted=language_name(evidence.wanted, language),
        language=language_name(evidence.read.language, language),
    )
