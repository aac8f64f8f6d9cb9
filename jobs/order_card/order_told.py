"""The card of an order in words: a line for what is known, a list for each block, and what is hidden."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.card_rows import days_in, row_line
from jobs.order_card.order_days import AS_OF, FROM, LATE, MIDDLE, SO_FAR, UNTIL
from jobs.order_card.order_facts import Block, Card, Cards, Letter
from jobs.order_card.order_places import Part
from jobs.order_card.order_wishes import OTHER
from jobs.order_card.order_words import ALL
from telling.evidence import CellRef, Evidence
from telling.phrases import listed
from telling.titles import view_title
from telling.writer import Writer

MOST_LINES = 8
"""Rows of a block that the text lists at most; the table has all."""
MOST_SIGNS = 5
_DATES: tuple[Part, ...] = ("ordered", "shipped", "delivered")
_FACTS: tuple[Part, ...] = (*_DATES, "amount")


def tell_cards(evidence: Evidence, writer: Writer) -> str:
    """Each card, and what the letter says where there is one."""
    assert isinstance(evidence, Cards)
    parts = [_letter(evidence.letter, writer)] if evidence.letter is not None else []
    for card in evidence.cards:
        parts += _card(card, evidence, writer)
    if evidence.letter is not None:
        parts += [_hand_over(card, evidence.letter, writer) for card in evidence.cards]
    if evidence.missing:
        parts.append(writer.say("missing", numbers=", ".join(writer.restate(n) for n in evidence.missing)))
    if evidence.is_cut:
        parts.append(writer.say("cut"))
    if evidence.hidden and writer.role is not None:
        names = listed([writer.restate(name) for name in evidence.hidden], writer.words)
        parts.append(writer.say("not_seen", role=writer.restate(writer.role.name), names=names))
    return "\n\n".join(parts)


# ---- one order --------------------------------------------------------------------------------------------


def _card(card: Card, evidence: Cards, writer: Writer) -> list[str]:
    part = evidence.part
    facts = {ALL: _FACTS, "arrival": _DATES}.get(part, ())
    parts = [head_line(card, writer, facts)]
    if part in (ALL, "arrival"):
        parts.append(arrival_line(card, writer, is_asked=part == "arrival"))
    if part == ALL:
        parts.append(customer_line(card, writer))
    parts += [_block(block, writer) for block in card.blocks]
    kinds = {block.kind for block in card.blocks}
    is_lacking = part not in (ALL, "arrival") and part not in kinds
    if is_lacking or (part == ALL and "items" not in kinds):
        parts.append(writer.say(f"none_of_{'items' if part == 'all' else part}"))
    return [text for text in parts if text]


def _of(card: Card, part: Part, writer: Writer) -> str:
    """A cell of the order's own row; empty where there is none, or nothing in it."""
    place = card.columns.get(part)
    if place is None or writer.tables[card.head].rows[0][place] is None:
        return ""
    return writer.cell(card.head, 0, place, "day" if part in _DATES else None)


def _state(card: Card, writer: Writer) -> str:
    state = _of(card, "state", writer)
    if not state or not card.gloss:
        return state
    return writer.say("glossed", state=state, gloss=writer.restate(card.gloss))


def head_line(card: Card, writer: Writer, facts: Sequence[Part] = _FACTS) -> str:
    """The number, the state, and further facts of the order's own row."""
    cells = {"state": _state(card, writer), **{part: _of(card, part, writer) for part in facts}}
    said = [writer.say(f"head_{part}", **{part: text}) for part, text in cells.items() if text]
    head = writer.say("head", number=_of(card, "number", writer))
    return (
        f"{head}{writer.say('colon')}{writer.say('comma').join(said)}{writer.say('stop')}" if said else head
    )


def customer_line(card: Card, writer: Writer) -> str:
    """Name, number and country of the customer, as far as they are seen."""
    names = ""
    if card.who is not None:
        cells = range(len(writer.tables[card.who].columns))
        names = " ".join(writer.cell(card.who, 0, place) for place in cells)
    facts = [names, _of(card, "customer", writer), _of(card, "country", writer)]
    known = writer.say("comma").join(dict.fromkeys(fact for fact in facts if fact))
    return writer.say("customer", known=known) if known else ""


def arrival_line(card: Card, writer: Writer, *, is_asked: bool) -> str:
    """When it came, or when it is to be expected, against how long such orders take."""
    usual = _usual(card, writer)
    if card.way == "off":
        return writer.say("arrival_off", state=_state(card, writer))
    if card.way == "delivered":
        day = _of(card, "delivered", writer)
        if not day:
            return writer.say("arrival_unknown_day", state=_state(card, writer)) if is_asked else ""
        text = writer.say("arrival_delivered", day=day, took=_took(card, writer))
        return f"{text}{writer.say('space')}{usual}" if usual else text
    if card.usual is None or card.expected is None:
        return writer.say("arrival_unknown") if is_asked else ""
    dates = {"as_of": AS_OF, "first": FROM, "middle": MIDDLE, "last": UNTIL}
    told = {name: writer.cell(card.expected, 0, place, "day") for name, place in dates.items()}
    told["days"] = days_in(writer, card.expected, 0, SO_FAR)
    if card.is_late:
        told["late"] = days_in(writer, card.expected, 0, LATE)
    text = writer.say("arrival_late" if card.is_late else "arrival_expected", **told)
    return f"{text}{writer.say('space')}{usual}"


def _took(card: Card, writer: Writer) -> str:
    """Days that it took, and how far that is from the median."""
    place = card.taken
    days = writer.tables[card.head].rows[0][place] if place is not None else None
    if place is None or not isinstance(days, int):
        return ""
    told = days_in(writer, card.head, 0, place)
    if card.usual is None:
        return writer.say("took", days=told)
    usual = writer.tables[card.usual.table].rows[card.usual.median][0]
    now = CellRef(table=card.head, row=0, column=writer.tables[card.head].columns[place].name)
    base = CellRef(table=card.usual.table, row=card.usual.median, column="days")
    if not isinstance(usual, int) or usual == days:
        return writer.say("took_usual", days=told)
    key = "took_longer" if days > usual else "took_less"
    return writer.say(key, days=told, apart=writer.difference(now, base))


def _usual(card: Card, writer: Writer) -> str:
    if card.usual is None:
        return ""
    usual = card.usual
    last = len(writer.tables[usual.table].rows) - 1
    return writer.say(
        "usual_of_country" if usual.is_of_country else "usual",
        orders=writer.cell(usual.table, last, 2),
        share=writer.restate("80 %"),
        low=writer.cell(usual.table, usual.low, 0),
        median=days_in(writer, usual.table, usual.median, 0),
        high=writer.cell(usual.table, usual.high, 0),
    )


def _block(block: Block, writer: Writer) -> str:
    table = writer.tables[block.table]
    title = writer.say(f"block_{block.kind}", view=_named(block, writer))
    if not table.rows:
        return f"{title}{_none(block, writer)}"
    lines = [
        row_line(writer, block.table, row, block.told) for row in range(min(len(table.rows), MOST_LINES))
    ]
    if len(table.rows) > MOST_LINES or table.is_truncated:
        lines.append(writer.say("more_lines"))
    return "\n".join([title, "", *lines])


def _none(block: Block, writer: Writer) -> str:
    """That there are no rows; of items, also what the view holds, for every order had some."""
    view = writer.shop.view(block.view)
    if block.kind != "items" or view is None or not view.description:
        return writer.say("block_none")
    return writer.say("block_none_there", holds=writer.restate(view.description))


def _named(block: Block, writer: Writer) -> str:
    return writer.restate(view_title(writer.shop, block.view, writer.words.language))


# ---- a letter ---------------------------------------------------------------------------------------------


def _letter(letter: Letter, writer: Writer) -> str:
    """What it wants and how upset it is, each with the words that this was read from."""
    wishes = [
        writer.say("wish_from", wish=writer.say(f"wish_{wish.name}"), sentence=writer.restate(wish.sentence))
        if wish.name != OTHER
        else writer.say("wish_other")
        for wish in letter.wishes
    ]
    wants = writer.say("letter_wants", wishes=writer.say("semicolon").join(wishes))
    return f"{wants}\n\n{upset_line(letter.signs, writer)}"


def upset_line(found: Sequence[str], writer: Writer) -> str:
    """How upset a letter is, by the signs that were found in it."""
    if not found:
        return writer.say("calm")
    signs = [f"“{writer.restate(sign)}”" for sign in found[:MOST_SIGNS]]
    return writer.say("upset", count=writer.restate(str(len(found))), signs=writer.say("comma").join(signs))


def _hand_over(card: Card, letter: Letter, writer: Writer) -> str:
    """Two sentences for whoever takes over: the order, and the letter; of facts that the card holds."""
    ordered, state = _of(card, "ordered", writer), _state(card, writer)
    late = days_in(writer, card.expected, 0, LATE) if card.is_late and card.expected is not None else ""
    facts = [
        writer.say("sum_ordered", ordered=ordered) if ordered else "",
        writer.say("head_state", state=state) if state else "",
        writer.say("sum_late", late=late) if late else "",
    ]
    order = writer.say(
        "sum_order",
        number=_of(card, "number", writer),
        facts=writer.say("comma").join(fact for fact in facts if fact) or writer.say("sum_nothing"),
    )
    wishes = writer.say("semicolon").join(writer.say(f"wish_{wish.name}") for wish in letter.wishes)
    tickets = next((block for block in card.blocks if block.kind == "tickets"), None)
    earlier = ""
    if tickets is not None:
        rows = writer.tables[tickets.table].rows
        earlier = (
            writer.say("sum_ticket", ticket=writer.cell(tickets.table, 0, 0))
            if rows
            else writer.say("sum_no_ticket")
        )
    mood = writer.say("sum_upset" if letter.signs else "sum_calm")
    told = writer.say("sum_letter", wishes=wishes, mood=mood, earlier=earlier)
    return f"{order}{writer.say('space')}{told}"
