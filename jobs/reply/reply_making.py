"""A reply as evidence: the letter read, its order found and looked at, the draft planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Declined
from bot.job import Request, Tools
from bot.understand import language_of
from jobs.card_numbers import Found
from jobs.order_card.order_facts import OF_DRAFT, SURE, Card, Cards, read_card
from jobs.order_card.order_letters import upset_in
from jobs.order_card.order_numbers import ask_which, find_orders, no_such
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_words import ALL, loose_numbers, references
from jobs.reply.reply_intents import intents_of
from jobs.reply.reply_macros import Macros, read_macros
from jobs.reply.reply_owner import owner_of, without_addresses
from jobs.reply.reply_plan import Plan, Read, plan_draft
from jobs.reply.reply_words import LANGUAGE, MESSAGE, ORDER
from retrieval.types import Document, Hit
from sql.errors import ShopFileError
from telling.evidence import Evidence
from telling.phrases import escape_markdown


@dataclass(frozen=True, kw_only=True)
class Reply(Evidence):
    """All that a reply and its hand-over are told from."""

    read: Read
    cards: Cards | None
    """Of the one order that the reply is about; ``None`` where none is known or none may be told."""
    number: str
    """Of that order; empty where none is known."""
    signs: tuple[str, ...]
    """Of anger, as they stand in the letter."""
    wanted: str
    """Code of the language that the reply should be in."""
    languages: tuple[str, ...]
    """Those that the shop has macros in; none where it has none."""
    plan: Plan
    products: tuple[str, ...]
    """Names of products that are known here, of which a draft may name none without a source."""
    fault: str
    """What is wrong with the file of macros, and on which line; empty for nothing."""
    missing: tuple[str, ...]
    """Numbers of the letter that no order has."""
    others: tuple[str, ...]
    """Further orders that it names."""


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
    words = without_addresses(letter)
    spoken = language_of(words) if words else ""
    reader = Reader(request, tools.workspace)
    numbers = settings.get(ORDER)
    found, missing = _orders(letter, numbers or (), reader)
    owner = owner_of(letter, found[0], reader) if found else "unsaid"
    is_told = bool(found) and owner not in ("other", "hidden")
    card = read_card(found[0], ALL, reader) if is_told else None
    macros, fault = _macros(reader)
    asked = settings.get(LANGUAGE) or ""
    wanted = asked or spoken or request.language
    intents = intents_of(words, spoken, card)
    languages = [code for code in dict.fromkeys([wanted, macros.language]) if code in macros.languages]
    read, plan = _planned(
        [
            Read(letter=letter, intents=intents, card=card, owner=owner, language=code)
            for code in languages or [wanted]
        ],
        macros,
        reader,
    )
    number = found[0].number if found else ""
    return Reply(
        tables=tuple(reader.tables),
        about=reader.orders.name,
        hits=_hits(plan),
        confidence=OF_DRAFT if reader.shop.is_drafted else SURE,
        settings={} if letter else {"order": number} | ({"language": asked} if asked else {}),
        read=read,
        cards=_cards(card, reader) if card is not None else None,
        number=number,
        signs=upset_in(words),
        wanted=wanted,
        languages=macros.languages,
        plan=plan,
        products=_products(tools),
        fault=fault,
        missing=missing,
        others=tuple(each.number for each in found[1:]),
    )


def _orders(letter: str, asked: Sequence[str], reader: Reader) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """The orders that are meant, and numbers that none has: of the request, else of the letter."""
    said = tuple(number for each in references(letter) for number in each.text.split(", "))
    wanted = tuple(asked) or said or tuple(each.text for each in loose_numbers(letter))
    found, missing = find_orders(tuple(dict.fromkeys(wanted)), reader) if wanted else ((), ())
    if not found and not letter:
        raise no_such(missing, reader) if wanted else ask_which("which_order")
    # a number that the letter does not call an order's is looked up on the chance that it is one
    return found, missing if asked or said else ()


def _planned(reads: Sequence[Read], macros: Macros, reader: Reader) -> tuple[Read, Plan]:
    """The plan in the first language in which there is something to say; else in the last."""
    for read in reads:
        plan = plan_draft(read, macros.macros, reader)
        if plan.body or plan.past:
            break
    return read, plan


def _macros(reader: Reader) -> tuple[Macros, str]:
    """The macros, and what is wrong with their file."""
    try:
        return read_macros(reader.shop), ""
    except ShopFileError as error:
        place = f"{reader.shop.macros}{f', line {error.line}' if error.line else ''}"
        return Macros(), f"{place}: {error.reason}."


def _products(tools: Tools) -> tuple[str, ...]:
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
    documents = [
        Document(
            id=f"macro:{macro.id}",
            kind="macro",
            text=" ".join(text for text in (macro.apology, *macro.sentences) if text),
            language=macro.language,
        )
        for macro in dict.fromkeys([*plan.greeting, *plan.body, *plan.closing])
    ] + [Document(id=each.id, kind="reply", text=each.text) for each in plan.past]
    return tuple(Hit(document=document, score=1.0, similarity=None) for document in documents)
