"""What a draft is to be made of: macros and past sentences for what is wanted, and facts that fill them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jobs.order_card.order_facts import Card, gloss_of
from jobs.order_card.order_reading import Reader
from jobs.reply.reply_check import is_fit
from jobs.reply.reply_draft import choose
from jobs.reply.reply_facts import Fact, conditions_of, facts_of
from jobs.reply.reply_intents import Intent
from jobs.reply.reply_macros import Macro
from jobs.reply.reply_owner import Owner
from jobs.reply.reply_past import PastSentence, past_sentences
from sql.types import Table


@dataclass(frozen=True, kw_only=True)
class Read:
    """A letter that was read, and the order that it is about."""

    letter: str
    """As it came; empty where a reply is wanted without one."""
    intents: tuple[Intent, ...]
    card: Card | None
    """``None`` where no order is known, or none may be told."""
    owner: Owner
    language: str
    """Code of the language that the draft is in."""

    @property
    def is_withheld(self) -> bool:
        """Whether an order was found whose details may not be told to whoever wrote."""
        return self.owner in ("other", "hidden")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The intents that macros are looked up for."""
        if self.is_withheld:
            return ("other_address",)
        names = tuple(intent.name for intent in self.intents)
        return names if self.card is not None else (*names, "no_order")

    def names_customer(self, tables: Sequence[Table]) -> bool:
        """Whether the order's customer may be called by name: it is known who writes, or nobody does.

        A name that is none (markup, sentences) calls nobody.
        """
        if self.card is None or self.card.who is None:
            return False
        names = [str(cell) for cell in tables[self.card.who].rows[0] if cell not in (None, "")]
        if not names or not all(map(is_fit, names)):
            return False
        is_signed = all(_is_written(name, self.letter) for name in names)
        return self.owner == "same" or not self.letter or is_signed


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a draft is to be made of."""

    greeting: tuple[Macro, ...] = ()
    body: tuple[Macro, ...] = ()
    past: tuple[PastSentence, ...] = ()
    closing: tuple[Macro, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    """Intents for which there is neither a macro nor a past sentence."""


def plan_draft(read: Read, macros: Sequence[Macro], reader: Reader) -> Plan:
    """Choose sentences in the draft's language and gather the facts.

    Raises:
        SqlError: past replies cannot be read.
    """
    tables = tuple(reader.tables)
    card, language = read.card, read.language
    names_customer = read.names_customer(tables)
    conditions = conditions_of(card, tables, names_customer=names_customer)
    past = () if read.is_withheld else past_sentences(read.letter, read.wanted, language, reader)
    facts: Mapping[str, Fact] = {}
    if card is not None:
        state = _state(card, tables, language, reader)
        facts = facts_of(card, tables, state, names_customer=names_customer)
    # of a letter without a known order, what it wants can wait
    needed = read.wanted if card is not None else read.wanted[-1:]
    return Plan(
        greeting=choose(macros, ["greeting"], language, conditions),
        body=choose(macros, read.wanted, language, conditions),
        past=past,
        closing=choose(macros, ["closing"], language, conditions),
        facts={**facts, "shop_name": Fact(text=reader.shop.name)},
        lacking=tuple(n for n in needed if not past and not choose(macros, [n], language, conditions)),
    )


def _is_written(name: str, letter: str) -> bool:
    """Whether a name stands in a letter as words of its own; in Chinese, which parts none, anywhere."""
    ends = r"(?<!\w){}(?!\w)" if name.isascii() else "{}"
    return re.search(ends.format(re.escape(name)), letter, re.IGNORECASE) is not None


def _state(card: Card, tables: Sequence[Table], language: str, reader: Reader) -> str:
    """The state in the draft's language; empty where the shop has no word for it there."""
    place = card.columns.get("state")
    value = tables[card.head].rows[0][place] if place is not None else None
    if value in (None, "") or language not in ("en", "zh"):
        return ""
    state = str(value)
    has_han = any("\u4e00" <= character <= "\u9fff" for character in state)
    is_word = any(character.isalpha() for character in state) and has_han == (language == "zh")
    return gloss_of(state, reader, language) or (state if is_word else "")
