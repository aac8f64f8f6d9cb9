"""A reply as evidence: the letter read, the order found and looked at, macros and past sentences chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import Declined
from bot.job import Request, Tools
from bot.understand import language_of
from jobs.card_numbers import Found
from jobs.order_card.order_facts import OF_DRAFT, SURE, Card, Cards, gloss_of, read_card
from jobs.order_card.order_letters import upset_in
from jobs.order_card.order_numbers import ask_which, find_orders, no_such
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_words import ALL, loose_numbers, references
from jobs.reply.reply_draft import choose
from jobs.reply.reply_facts import Fact, conditions_of, facts_of
from jobs.reply.reply_intents import Intent, intents_of, names_of
from jobs.reply.reply_macros import Macro, Macros, read_macros
from jobs.reply.reply_owner import Owner, owner_of
from jobs.reply.reply_past import PastSentence, past_sentences
from jobs.reply.reply_words import LANGUAGE, MESSAGE, ORDER
from retrieval.types import Document, Hit
from sql.errors import ShopFileError
from sql.types import Table
from telling.evidence import Evidence
from telling.phrases import escape_markdown


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a draft is to be made of."""

    greeting: tuple[Macro, ...] = ()
    body: tuple[Macro, ...] = ()
    past: tuple[PastSentence, ...] = ()
    closing: tuple[Macro, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    products: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    """Intents for which there is neither a macro nor a past sentence."""


@dataclass(frozen=True, kw_only=True)
class Reply(Evidence):
    """All that a reply and its hand-over are told from."""

    letter: str
    cards: Cards | None
    """Of the one order that the reply is about; ``None`` where none is known or none may be told."""
    number: str
    """Of that order, as the shop has it; as it was written where its details are withheld; else empty."""
    owner: Owner
    intents: tuple[Intent, ...]
    signs: tuple[str, ...]
    """Of anger, as they stand in the letter."""
    wanted: str
    """Code of the language that the reply should be in."""
    language: str
    """Code of the one that it is in."""
    languages: tuple[str, ...]
    """Those that the shop has macros in."""
    plan: Plan
    fault: str
    """What is wrong with the file of macros, and on which line; empty for nothing."""
    missing: tuple[str, ...]
    """Numbers of the letter that no order has."""
    others: tuple[str, ...]
    """Further orders that it names."""

    @property
    def is_withheld(self) -> bool:
        """Whether an order was found whose details may not be told to whoever wrote."""
        return self.owner in ("other", "hidden")


def run_reply(request: Request, tools: Tools) -> Reply:
    """Read the letter, find its order, and plan a draft.

    Raises:
        AskBack: there is no letter, and no order or none of that number.
        Declined: the role may not see single orders.
    """
    role, settings = tools.workspace.role, request.settings
    if role.minimum_group is not None:
        names = {"role": escape_markdown(role.name), "least": str(role.minimum_group)}
        raise Declined("aggregates_only", names)
    letter = settings.get(MESSAGE) or ""
    reader = Reader(request, tools.workspace)
    found, missing = _orders(letter, settings.get(ORDER) or (), reader)
    owner: Owner = owner_of(letter, found[0], reader) if found else "unsaid"
    is_told = bool(found) and owner not in ("other", "hidden")
    card = read_card(found[0], ALL, reader) if is_told else None
    macros, fault = _macros(reader)
    wanted = settings.get(LANGUAGE) or (language_of(letter) if letter else request.language)
    language = wanted if wanted in macros.languages else macros.language or wanted
    intents = intents_of(letter, language_of(letter) if letter else "", card)
    plan = _plan(
        card,
        intents,
        language,
        macros,
        owner,
        letter,
        reader,
        is_withheld=bool(found) and not is_told,
        products=_products(tools),
    )
    asked = {"order": found[0].number, "language": settings.get(LANGUAGE) or ""} if found else {}
    return Reply(
        tables=tuple(reader.tables),
        about=reader.orders.name,
        hits=_hits(plan),
        confidence=OF_DRAFT if reader.shop.is_drafted else SURE,
        settings={} if letter else {name: text for name, text in asked.items() if text},
        letter=letter,
        cards=_cards(card, reader) if card is not None else None,
        number=found[0].number if found else "",
        owner=owner,
        intents=intents,
        signs=upset_in(letter),
        wanted=wanted,
        language=language,
        languages=macros.languages if macros.macros else (),
        plan=plan,
        fault=fault,
        missing=missing,
        others=tuple(each.number for each in found[1:]),
    )


def _orders(letter: str, asked: Sequence[str], reader: Reader) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """The orders that are meant, and numbers that none has: of the request, else of the letter."""
    said = tuple(n for each in references(letter) for n in each.text.split(", "))
    wanted = tuple(asked) or said or tuple(each.text for each in loose_numbers(letter))
    found, missing = find_orders(tuple(dict.fromkeys(wanted)), reader) if wanted else ((), ())
    if not found and not letter:
        raise no_such(missing, reader) if wanted else ask_which("which_order")
    # a number that the letter does not call an order's is looked up on the chance that it is one
    return found, missing if asked or said else ()


def _macros(reader: Reader) -> tuple[Macros, str]:
    try:
        return read_macros(reader.shop), ""
    except ShopFileError as error:
        place = f"{reader.shop.macros}{f', line {error.line}' if error.line else ''}"
        return Macros(), f"{place}: {error.reason}"


def _plan(
    card: Card | None,
    intents: tuple[Intent, ...],
    language: str,
    macros: Macros,
    owner: Owner,
    letter: str,
    reader: Reader,
    *,
    is_withheld: bool,
    products: tuple[str, ...],
) -> Plan:
    tables = tuple(reader.tables)
    names_customer = card is not None and (owner == "same" or not letter or _is_signed(card, tables, letter))
    conditions = conditions_of(card, tables, names_customer=names_customer)
    names = names_of(intents)
    wanted = [*names, "other_address" if is_withheld else "no_order"] if card is None else names
    past = past_sentences(letter, names, language, reader)
    by_intent = {name: choose(macros.macros, [name], language, conditions) for name in wanted}
    facts = (
        facts_of(card, tables, _state(card, tables, language, reader), names_customer=names_customer)
        if card
        else {}
    )
    return Plan(
        greeting=choose(macros.macros, ["greeting"], language, conditions),
        body=choose(macros.macros, wanted, language, conditions),
        past=past,
        closing=choose(macros.macros, ["closing"], language, conditions),
        facts={**facts, "shop_name": Fact(text=reader.shop.name)},
        products=products,
        lacking=tuple(name for name in wanted if not by_intent[name] and not past),
    )


def _is_signed(card: Card, tables: tuple[Table, ...], letter: str) -> bool:
    """Whether the letter itself has the name of the order's customer."""
    cells = tables[card.who].rows[0] if card.who is not None else ()
    names = [str(cell).casefold() for cell in cells if cell not in (None, "")]
    return bool(names) and all(name in letter.casefold() for name in names)


def _state(card: Card, tables: tuple[Table, ...], language: str, reader: Reader) -> str:
    """The state in the draft's language; empty where the shop has no word for it there."""
    place = card.columns.get("state")
    value = tables[card.head].rows[0][place] if place is not None else None
    if value in (None, "") or language not in ("en", "zh"):
        return ""
    state = str(value)
    is_word = any(c.isalpha() for c in state) and (language == "zh") == any(
        "\u4e00" <= c <= "\u9fff" for c in state
    )
    return gloss_of(state, reader, language) or (state if is_word else "")


def _products(tools: Tools) -> tuple[str, ...]:
    """Names of products that are known here, of which a draft may name none without a source."""
    view, _, name = tools.workspace.shop.bindings.get("product", "").partition(".")
    return tuple(tools.vocabulary.values.get((view, name), ()))


def _cards(card: Card, reader: Reader) -> Cards:
    """The card alone, as the job of cards tells it."""
    return Cards(
        tables=tuple(reader.tables),
        cards=(card,),
        part=ALL,
        letter=None,
        missing=(),
        is_cut=False,
        hidden=tuple(reader.hidden),
    )


def _hits(plan: Plan) -> tuple[Hit, ...]:
    """What the draft is from: the macros as they stand, of past replies the shared sentence alone."""
    macros = dict.fromkeys([*plan.greeting, *plan.body, *plan.closing])
    documents = [
        Document(
            id=f"macro:{m.id}",
            kind="macro",
            text=" ".join(filter(None, [m.apology, *m.sentences])),
            language=m.language,
        )
        for m in macros
    ] + [Document(id=each.id, kind="reply", text=each.text) for each in plan.past]
    return tuple(Hit(document=document, score=1.0, similarity=None) for document in documents)
