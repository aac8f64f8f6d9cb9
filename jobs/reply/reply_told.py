"""A reply in words: the draft, where each sentence is from, what was left out, and the hand-over."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.order_card.order_told import arrival_line, customer_line, head_line, tell_cards, upset_line
from jobs.order_card.order_wishes import OTHER
from jobs.reply.reply_draft import Composer, LeftOut, Sentence
from jobs.reply.reply_intents import Intent
from jobs.reply.reply_macros import PLACEHOLDER
from jobs.reply.reply_making import Reply
from jobs.reply.reply_owner import addresses_in
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
    says_something = any(sentence.part == "body" for sentence in used)
    parts = [*_draft(used, evidence, writer)] if says_something else [_no_draft(evidence, writer)]
    parts += [_left_out(left, writer)] if left else []
    if evidence.wanted != evidence.read.language and says_something:
        parts.append(_other_language(evidence, writer))
    if not says_something and evidence.cards is not None:
        parts.append(tell_cards(evidence.cards, writer))
    parts.append(_hand_over(evidence, writer, says_something=says_something))
    if says_something and evidence.cards is not None and evidence.cards.hidden and writer.role is not None:
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
    names = [_named(name, writer) for name in evidence.plan.lacking]
    return writer.say(
        "reply_nothing_fits", intents=listed(names, writer.words) if names else _named("other", writer)
    )


def _other_language(evidence: Reply, writer: Writer) -> str:
    language = writer.words.language
    return writer.say(
        "reply_other_language",
        wanted=language_name(evidence.wanted, language),
        language=language_name(evidence.read.language, language),
    )


def _named(intent: str, writer: Writer) -> str:
    return writer.say(f"wish_{intent}")


# ---- the hand-over ----------------------------------------------------------------------------------------


def _hand_over(evidence: Reply, writer: Writer, *, says_something: bool) -> str:
    """Who, which order, what is wanted, how upset, what was found, what is open: a line each."""
    card = evidence.cards.cards[0] if evidence.cards is not None else None
    number = writer.restate(evidence.number)
    if card is not None:
        order, found = head_line(card, writer), _found(evidence, writer)
    elif evidence.read.is_withheld:
        order, found = writer.say("hand_order_withheld", number=number), ""
    else:
        order, found = writer.say("hand_order_none"), ""
    lines = [
        writer.say("hand_who", who=_who(evidence, writer)),
        writer.say("hand_order", order=order),
        writer.say("hand_wants", wishes=_wishes(evidence.read.intents, writer))
        if evidence.read.letter
        else "",
        writer.say("hand_mood", mood=upset_line(evidence.signs, writer)) if evidence.read.letter else "",
        writer.say("hand_found", found=found) if found else "",
        writer.say("hand_open", points=writer.say("space").join(_open(evidence, writer, says_something))),
    ]
    return "\n".join([writer.say("hand_over"), "", *filter(None, lines)])


def _who(evidence: Reply, writer: Writer) -> str:
    said = [writer.restate(address) for address in sorted(addresses_in(evidence.read.letter))]
    written = writer.say("hand_address", addresses=listed(said, writer.words)) if said else ""
    card = evidence.cards.cards[0] if evidence.cards is not None else None
    customer = customer_line(card, writer) if card is not None else ""
    known = [text for text in (customer, written) if text]
    return writer.say("space").join(known) or writer.say("hand_who_unknown")


def _wishes(intents: Sequence[Intent], writer: Writer) -> str:
    told = [
        writer.say("wish_from", wish=_named(intent.name, writer), sentence=writer.restate(intent.sentence))
        if intent.sentence
        else _named(intent.name, writer)
        for intent in intents
    ]
    return writer.say("semicolon").join(told) or _named(OTHER, writer)


def _found(evidence: Reply, writer: Writer) -> str:
    """When it comes or came, and the latest return and ticket."""
    assert evidence.cards is not None
    card = evidence.cards.cards[0]
    found = [arrival_line(card, writer, is_asked=False)]
    for block in card.blocks:
        if block.kind in ("returns", "tickets"):
            rows = writer.tables[block.table].rows
            key = f"hand_{block.kind}" if rows else f"hand_no_{block.kind}"
            found.append(writer.say(key, latest=writer.cell(block.table, 0, 0) if rows else ""))
    return writer.say("space").join(text for text in found if text)


def _open(evidence: Reply, writer: Writer, says_something: bool) -> list[str]:
    """What a person has to look at before anything is sent."""
    role = writer.restate(writer.role.name) if writer.role is not None else ""
    points = []
    if evidence.read.owner == "other":
        points.append(writer.say("open_other_address"))
    if evidence.read.owner == "hidden":
        points.append(writer.say("open_hidden_address", role=role))
    if evidence.cards is not None and evidence.read.letter and evidence.read.owner in ("unsaid", "unkept"):
        points.append(writer.say(f"open_{evidence.read.owner}"))
    if evidence.missing:
        numbers = writer.say("comma").join(writer.restate(n) for n in evidence.missing)
        is_part = writer.role is not None and writer.role.is_limited_in([evidence.about])
        points.append(
            writer.say("open_missing_part" if is_part else "open_missing", numbers=numbers, role=role)
        )
    if evidence.others:
        numbers = writer.say("comma").join(writer.restate(n) for n in evidence.others)
        points.append(writer.say("open_others", numbers=numbers))
    if evidence.plan.lacking and evidence.languages and says_something:
        names = [_named(name, writer) for name in evidence.plan.lacking]
        points.append(writer.say("open_lacking", intents=listed(names, writer.words)))
    points.append(writer.say("open_send" if says_something else "open_write"))
    return points
