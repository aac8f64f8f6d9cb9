"""What a message says of a customer: who is meant, what is asked, and what follows an answer about one.

A question is this job's where every word of it is: "who is customer 1042" is, and "revenue of customer 1042"
asks for a figure. Who has a number, an e-mail address or a name, the data say later.
"""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Parameter, Said, Unreadable
from jobs.customer_card import customer_cues as cues
from jobs.order_card import order_cues
from jobs.order_card.order_letters import is_letter
from jobs.order_card.order_words import references as orders_in
from sql.question.linking import Links, Vocabulary

MOST_CHARACTERS = 120
"""Of a number, an address or a name."""
ALL = "all"
PARTS = (ALL, "orders", "value", "interests", "returns", "tickets")
_WRITTEN = re.compile(r"[^\s\"“”<>][^\"“”<>\n]*")


def reference(text: str) -> Said | None:
    """Where a text names one customer by number, e-mail address or name; ``None`` for none, or several."""
    found: list[Said] = []
    patterns = (cues.PAIR, cues.EMAIL, cues.ENGLISH, cues.CHINESE, cues.NAMED, cues.CHINESE_NAMED)
    for match in (match for pattern in patterns for match in pattern.finditer(text)):
        group = next(name for name in ("one", "before", "quoted") if match.groupdict().get(name))
        start, end = match.span(group)
        is_name = match.re in (cues.NAMED, cues.CHINESE_NAMED)
        is_told = any(start < each.end and each.start < end for each in found)
        if not is_told and not (is_name and cues.NO_NAME.search(match[group])):
            found.append(Said(text=match[group].replace(",", ""), start=start, end=end))
    return found[0] if len({each.text for each in found}) == 1 else None


def is_about_customer(question: str) -> bool:
    """Whether a question names a customer, or says "this customer", and every other word is this job's."""
    said, some = reference(question), cues.SOME_CUSTOMER.search(question)
    if said is None and some is None:
        return False
    rest = question if said is None else f"{question[: said.start]} {question[said.end :]}"
    return _is_known(rest)


def _is_known(text: str) -> bool:
    """Whether nothing but words of this job's stands in a text."""
    known = cues.KNOWN_OF_THE_SAME if cues.PRONOUN.search(text) else cues.KNOWN
    said = order_cues.WORD.findall(text.lower().replace("’", "'"))
    return (
        all(word.removesuffix("'s") in known or word in known for word in said)
        and not order_cues.HAN.search(cues.KNOWN_ZH.sub("", text))
        and not re.search("[0-9]", text)
    )


def gives_number(text: str) -> bool:
    """Whether a letter says which customer writes, and names no order."""
    said = reference(text)
    return said is not None and bool(re.search("[0-9@]", said.text)) and not orders_in(text)


_DATIVE = re.compile(
    r"(?i)\W*(?:and\s+)?(?:to|for)\s+(?:customer|client|buyer|member)\b|\W*(?:那|也)?[给为替]"
)
"""For whom something is done: what, the words before say."""


def claims(understood: Understood) -> Claim | None:
    """Questions about one named customer, whole; and letters of one who gives the number."""
    question, said = understood.standalone, reference(understood.standalone)
    if _DATIVE.match(question):
        return None
    if is_about_customer(question):
        named = [m for m in understood.links.mentions if m.kind in ("metric", "column", "view")]
        is_no_name = said is not None and any(m.start < said.end and said.start < m.end for m in named)
        return None if is_no_name else Claim(strength=Strength.SAID, reason="customer")
    if is_letter(question) and gives_number(question):
        return Claim(strength=Strength.GIVEN, reason="letter")
    return None


def follow(previous: str, message: str) -> str | None:
    """ "and her tickets?" of a customer → the same with the number; a number alone in reply to "which one?".

    A number alone after a card is put where the old one stood, as any parameter's value is.
    """
    if reference(message) is not None and not cues.BARE.fullmatch(message):
        return None
    said = reference(previous)
    if bare := cues.BARE.fullmatch(message):
        return None if said is not None else show_customer(bare["one"], _language(previous))
    if said is None:
        return None
    is_part = any(cue.search(message) for cue in cues.CUES.values())
    is_whole = cues.PRONOUN.search(message) is not None and cues.WHOLE.search(message) is not None
    if not (is_part or is_whole) or not _is_known(message):
        return None
    if _language(message) == "zh":
        return f"{message}（{_called(said.text, 'zh')}）"
    return f"{message} ({_called(said.text, 'en')})"


def _language(text: str) -> str:
    return "zh" if order_cues.HAN.search(text) else "en"


def _called(who: str, language: str) -> str:
    """A customer as ``reference`` reads it."""
    is_name = re.search("[0-9@]", who) is None
    if language == "zh":
        return f"顾客“{who}”" if is_name else f"顾客 {who}"
    return f"customer “{who}”" if is_name else f"customer {who}"


def show_customer(who: str, language: str) -> str:
    """A message that asks for the card of a customer, however odd the number is."""
    named = _called(who, language)
    text = f"{named}的情况" if language == "zh" else f"Who is {named}?"
    said = reference(text)
    return text if said is not None and said.text == who else f'customer_card customer="{who}"'


# ---- parameters -------------------------------------------------------------------------------------------


class CustomerSaid:
    """A customer's number, e-mail address or name, as people write it."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: it is empty, too long, or has signs that no such thing has."""
        written = text.strip().lstrip("#№ ")
        if len(written) > MOST_CHARACTERS or not _WRITTEN.fullmatch(written):
            raise Unreadable(text)
        return written

    def expected(self, language: str) -> str:
        """An example."""
        if language == "zh":
            return "顾客的编号、邮箱或姓名，如 1042、C-77 或 anna@example.com"
        return "the number, e-mail address or name of a customer, such as 1042, C-77 or anna@example.com"


def _find_customer(links: Links) -> Said | None:
    text = links.question
    if (said := reference(text)) is not None:
        return said
    if is_about_customer(text) or is_letter(text):
        return None
    bare = cues.BARE.fullmatch(text)
    return Said(text=bare["one"], start=bare.start("one"), end=bare.end("one")) if bare else None


def _find_part(links: Links) -> Said | None:
    if is_letter(links.question):
        return None
    said = reference(links.question)
    for part, cue in cues.CUES.items():
        for match in cue.finditer(links.question):
            if said is None or match.end() <= said.start or said.end <= match.start():
                return Said(text=part, start=match.start(), end=match.end())
    return None


CUSTOMER = Parameter(
    name="customer",
    about={"en": "which customer", "zh": "哪位顾客"},
    kind=CustomerSaid(),
    find=_find_customer,
)
PART = Parameter(
    name="part",
    about={"en": "which part of the card", "zh": "只看卡片的哪一部分"},
    kind=Choice(PARTS),
    find=_find_part,
)
PARAMETERS = (CUSTOMER, PART)
