"""What a message says of orders: their numbers, what is asked of them, and what follows an answer about one.

A question is this job's where every word of it is: "what's happening with order 1042" is, and "revenue of
order 1042" asks for a figure. Whether a number is an order's, the data say later.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Parameter, Said, Unreadable
from jobs.order_card import order_cues as cues
from jobs.order_card.order_letters import is_letter
from jobs.order_card.order_replies import split_request
from sql.question.linking import Links, Vocabulary

MOST_NUMBERS = 20
"""Numbers that are looked up of one message."""
MOST_CHARACTERS = 40
"""Of one number."""
BEFORE = 40
"""Characters before a number that are looked at for what is done with it."""
ALL = "all"
PARTS = (ALL, "items", "arrival", "payments", "returns", "tickets")


def references(text: str) -> tuple[Said, ...]:
    """Where a text names orders by their numbers, in order; each says one or several."""
    found: list[Said] = []
    ways = (cues.ENGLISH, cues.CHINESE, cues.GERMAN, cues.HASH, cues.CODE)
    for match in itertools.chain(*(way.finditer(text) for way in ways)):
        is_told = any(match.start() < each.end and each.start < match.end() for each in found)
        if is_told or _is_of_something_else(match, text):
            continue
        place = _place(match)
        found.append(Said(text=_listed(match[place]), start=match.start(place), end=match.end(place)))
    return tuple(sorted(found, key=lambda each: each.start))


def _listed(numbers: str) -> str:
    """Numbers as they are written behind ``order=``, each without signs between its thousands."""
    return ", ".join(number.replace(",", "") for number in cues.EACH.findall(numbers))


def _place(match: re.Match[str]) -> str:
    """The group of a match that has the numbers."""
    return next(name for name in ("list", "before", "bare") if match.groupdict().get(name))


def _is_of_something_else(match: re.Match[str], text: str) -> bool:
    """Whether numbers behind "order" are years ("orders 2025") or pieces ("I want to order 5")."""
    if match.re is not cues.ENGLISH or match["hash"]:
        return False
    numbers = cues.EACH.findall(match["list"])
    is_year = bool(match["s"]) and (len(numbers) < 2 or all(map(cues.YEAR.fullmatch, numbers)))
    before = text[max(0, match.start() - BEFORE) : match.start()]
    return is_year or cues.ORDERING.search(before) is not None


def loose_numbers(text: str) -> tuple[Said, ...]:
    """What may be an order's number in a letter that does not say so: no day, year, price or telephone."""
    return tuple(
        Said(text=match["one"], start=match.start(), end=match.end())
        for match in cues.LOOSE.finditer(text)
        if 3 <= len(re.findall("[0-9]", match["one"])) <= 9
        and not cues.DAY.fullmatch(match["one"])
        and not cues.YEAR.fullmatch(match["one"])
    )


def letter_in(question: str) -> bool:
    """Whether a message is somebody's letter and no question of the asker's own."""
    return not is_about_orders(question) and is_letter(question)


def is_about_orders(question: str) -> bool:
    """Whether a question names an order, or says "an order", and every other word of it is this job's."""
    named = [(each.start, each.end) for each in references(question)] or [
        match.span() for match in cues.SOME_ORDER.finditer(question)
    ]
    rest = question
    for start, end in named:
        rest = f"{rest[:start]}{' ' * (end - start)}{rest[end:]}"
    return bool(named) and _is_known(rest)


def _is_known(text: str) -> bool:
    """Whether nothing but words of this job's stands in a text."""
    said = cues.WORD.findall(text.lower().replace("’", "'"))
    return (
        all(word in cues.KNOWN for word in said)
        and not cues.HAN.search(cues.KNOWN_ZH.sub("", text))
        and not re.search("[0-9]", text)
    )


def claims(understood: Understood) -> Claim | None:
    """Questions about named orders, whole; and letters that nobody asks to be answered."""
    question = understood.standalone
    if split_request(question) is not None:
        return None
    if is_about_orders(question):
        return Claim(strength=Strength.SAID, reason="order")
    return Claim(strength=Strength.GIVEN, reason="letter") if is_letter(question) else None


def follow(previous: str, message: str) -> str | None:
    """ "any tickets?" of an order → the same with its number; a number alone in reply to a letter.

    A number alone after a card is put where the old one stood, as any parameter's value is.
    """
    if references(message):
        return None
    numbers = ", ".join(each.text for each in references(previous))
    if bare := cues.BARE.fullmatch(message):
        given = _listed(bare["list"])
        if not numbers:
            return _about(given, previous)
        if letter_in(previous):
            return show_order(given, "zh" if cues.HAN.search(previous) else "en")
        return None
    is_asked = any(cue.search(message) for cue in (*cues.CUES.values(), cues.WHOLE)) and _is_known(message)
    return _about(numbers, message) if numbers and is_asked else None


def _about(numbers: str, message: str) -> str:
    if cues.HAN.search(message):
        return f"{message}（订单 {numbers.replace(', ', '、')}）"
    return f"{message} ({'orders' if ',' in numbers else 'order'} {numbers})"


def show_order(number: str, language: str) -> str:
    """A message that asks for the card of an order, however odd its number is."""
    said = f"查一下订单{number}" if language == "zh" else f"Show order {number}"
    is_read = [each.text for each in references(said)] == [number]
    return said if is_read else f'order_card order="{number}"'


# ---- parameters -------------------------------------------------------------------------------------------


class OrderNumbers:
    """Numbers of orders, as they are written on a parcel or in a letter."""

    def value(self, text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Raises ``Unreadable``: there is none, or something that no number of an order looks like."""
        numbers = [part.strip().lstrip("#№ ") for part in re.split(r"[,，、;；]", text)]
        is_number = [
            re.fullmatch(rf"[\w\-/.# ]{{1,{MOST_CHARACTERS}}}", n) is not None
            and re.search("[0-9]", n) is not None
            for n in numbers
        ]
        if not all(is_number) or len(numbers) > MOST_NUMBERS:
            raise Unreadable(text)
        return tuple(dict.fromkeys(numbers))

    def expected(self, language: str) -> str:
        """An example."""
        return (
            "订单号，如 1042 或 A-1042"
            if language == "zh"
            else "the number of an order, such as 1042 or A-1042"
        )


def _find_numbers(links: Links) -> Said | None:
    text = links.question
    found: Sequence[Said] = references(text)
    if not found and letter_in(text):
        found = loose_numbers(text)
    elif not found and (bare := cues.BARE.fullmatch(text)):
        found = [Said(text=_listed(bare["list"]), start=bare.start("list"), end=bare.end("list"))]
    if not found:
        return None
    listed = ", ".join(list(dict.fromkeys(n for each in found for n in each.text.split(", ")))[:MOST_NUMBERS])
    return Said(text=listed, start=found[0].start, end=found[-1].end)


def _find_part(links: Links) -> Said | None:
    text = links.question
    if letter_in(text):
        return None
    for part, cue in cues.CUES.items():
        if (match := cue.search(text)) is not None:
            return Said(text=part, start=match.start(), end=match.end())
    return None


ORDER = Parameter(
    name="order",
    about={"en": "which order, or several", "zh": "哪个订单（可以是几个）"},
    kind=OrderNumbers(),
    find=_find_numbers,
)
PART = Parameter(
    name="part",
    about={"en": "which part of the card", "zh": "只看卡片的哪一部分"},
    kind=Choice(PARTS),
    find=_find_part,
)
PARAMETERS = (ORDER, PART)
