"""The hand-over in words: who, which order, what is wanted, how upset, what was found, what is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.order_card.order_facts import Card
from jobs.order_card.order_told import arrival_line, customer_line, head_line, upset_line
from jobs.reply.reply_intents import Intent
from jobs.reply.reply_making import Reply
from jobs.reply.reply_owner import addresses_in
from telling.phrases import listed
from telling.writer import Writer


def tell_hand_over(evidence: Reply, writer: Writer, *, has_draft: bool) -> str:
    """A line for each; what a letter alone can say is left out where there is none."""
    read = evidence.read
    lines = [writer.say("hand_who", who=_who(evidence, writer)), _order(evidence, writer)]
    if read.letter:
        lines.append(writer.say("hand_wants", wishes=_wishes(read.intents, writer)))
        lines.append(writer.say("hand_mood", mood=upset_line(evidence.signs, writer)))
    if read.card is not None:
        lines.append(writer.say("hand_found", found=_found(read.card, writer)))
    points = writer.say("space").join(_open(evidence, writer, has_draft=has_draft))
    return "\n".join([writer.say("hand_over"), "", *lines, writer.say("hand_open", points=points)])


def named_intent(name: str, writer: Writer) -> str:
    """An intent in words."""
    return writer.say(f"wish_{name}")


def _who(evidence: Reply, writer: Writer) -> str:
    said = [writer.restate(address) for address in sorted(addresses_in(evidence.read.letter))]
    card = evidence.read.card
    known = [
        customer_line(card, writer) if card is not None else "",
        writer.say("hand_address", addresses=listed(said, writer.words)) if said else "",
    ]
    return writer.say("space").join(filter(None, known)) or writer.say("hand_who_unknown")


def _order(evidence: Reply, writer: Writer) -> str:
    if evidence.read.card is not None:
        return writer.say("hand_order", order=head_line(evidence.read.card, writer))
    if evidence.read.is_withheld:
        return writer.say("hand_order_withheld", number=writer.restate(evidence.number))
    return writer.say("hand_order_none")


def _wishes(intents: Sequence[Intent], writer: Writer) -> str:
    told = (
        writer.say("wish_from", wish=named_intent(each.name, writer), sentence=writer.restate(each.sentence))
        if each.sentence
        else named_intent(each.name, writer)
        for each in intents
    )
    return writer.say("semicolon").join(told)


def _found(card: Card, writer: Writer) -> str:
    """When it comes or came, and the latest return and ticket."""
    found = [arrival_line(card, writer, is_asked=True)]
    for block in card.blocks:
        if block.kind in ("returns", "tickets"):
            has_rows = bool(writer.tables[block.table].rows)
            latest = writer.cell(block.table, 0, 0) if has_rows else ""
            found.append(writer.say(f"hand_{'' if has_rows else 'no_'}{block.kind}", latest=latest))
    return writer.say("space").join(filter(None, found))


def _open(evidence: Reply, writer: Writer, *, has_draft: bool) -> Iterator[str]:
    """What a person has to look at before anything is sent."""
    read, comma = evidence.read, writer.say("comma")
    role = writer.restate(writer.role.name) if writer.role is not None else ""
    if read.is_withheld or (read.card is not None and read.letter and read.owner != "same"):
        yield writer.say(f"open_{read.owner}", role=role)
    if evidence.missing:
        is_part = writer.role is not None and writer.role.is_limited_in([evidence.about])
        numbers = comma.join(writer.restate(number) for number in evidence.missing)
        yield writer.say("open_missing_part" if is_part else "open_missing", numbers=numbers, role=role)
    if evidence.others:
        yield writer.say("open_others", numbers=comma.join(writer.restate(n) for n in evidence.others))
    if evidence.plan.lacking and evidence.languages and has_draft:
        names = [named_intent(name, writer) for name in evidence.plan.lacking]
        yield writer.say("open_lacking", intents=listed(names, writer.words))
    yield writer.say("open_send" if has_draft else "open_write")
