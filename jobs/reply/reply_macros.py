"""The shop's macros: ready sentences for replies, in a YAML file that ``macros:`` of shop.yml points to.

The file is checked whole before a sentence of it is used; its first fault is told with the line and the way
out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from sql.errors import ShopFileError
from sql.semantics import Shop
from sql.shop.layers.documents import Item, read_documents

MAX_BYTES = 1_000_000
INTENTS = (
    *("greeting", "closing", "where", "late", "return", "refund", "wrong", "warranty", "cancel", "invoice"),
    *("address", "complaint", "other", "no_order", "other_address"),
)
"""What a macro may be for: a letter's frame, what one wants, and letters of which no order may be told."""
CONDITIONS = (
    *("open", "delivered", "cancelled", "sent", "not_sent", "late", "on_time", "returned", "not_returned"),
    *("named", "no_order"),
)
"""What a macro may ask of the order; ``named``: that its customer's name may be written."""
PLACEHOLDERS = (
    *("order_number", "ordered_on", "sent_on", "delivered_on", "expected_from", "expected_until"),
    *("days_left_from", "days_left_until", "days_late", "days_so_far", "as_of", "amount", "items", "state"),
    *("returned_on", "refund_amount", "customer_name", "shop_name"),
)
"""Facts that a sentence may name in braces."""
PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_KEYS = ("id", "intents", "language", "when", "apology", "text")
_SENTENCE_END = re.compile(
    r"(?<!Nr\.)(?<!No\.)(?<!z\.)(?<! B\.)(?<!bzw\.)(?<!e\.g\.)(?<=[.!?])\s+(?=[^a-zäöü\s])"
    r"|(?<=[。！？])\s*(?=\S)|\n+"
)


@dataclass(frozen=True, kw_only=True)
class Macro:
    """Ready sentences of the shop for one thing in one language."""

    id: str
    intents: tuple[str, ...]
    language: str
    """ISO 639-1 code."""
    sentences: tuple[str, ...]
    """With placeholders in braces."""
    when: tuple[str, ...] = ()
    """Conditions that must all hold of the order."""
    apology: str = ""
    """The sentence that comes first where the customer is upset; empty for none."""


@dataclass(frozen=True, kw_only=True)
class Macros:
    """The file."""

    macros: tuple[Macro, ...] = ()
    language: str = ""
    """The shop's own: what is written where there is nothing in the customer's."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that macros are in, the shop's own first."""
        return (
            tuple(dict.fromkeys([self.language, *(m.language for m in self.macros)])) if self.macros else ()
        )


def read_macros(shop: Shop) -> Macros:
    """The macros of ``shop``; none where its file names no file of them.

    Raises:
        ShopFileError: the file is missing or says what no macro can say; with its line.
    """
    if not shop.macros:
        return Macros()
    path = (shop.path.parent if shop.path is not None else Path.cwd()) / shop.macros
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise ShopFileError(path, None, f"the file has more than {MAX_BYTES:,} bytes")
    found = read_documents(path)
    if len(found) != 1 or not found[0].has("macros"):
        raise ShopFileError(path, 1, "the file needs a list under macros:, each with id, intents and text")
    root = found[0]
    _check_keys(root, ("language", "macros"), "the file")
    macros: list[Macro] = []
    for item in root.items("macros"):
        macro = _macro(item, root.text("language"))
        if any(macro.id == other.id for other in macros):
            item.fail(f"the macro {macro.id!r} stands there twice; give one of them another id")
        macros.append(macro)
    return Macros(macros=tuple(macros), language=root.text("language") or macros[0].language)


def sentences_in(text: str) -> tuple[str, ...]:
    """The sentences of a text, as they stand there.

    >>> sentences_in("We sent it on {sent_on}. It comes soon! 谢谢。好的。")
    ('We sent it on {sent_on}.', 'It comes soon!', '谢谢。', '好的。')
    """
    return tuple(part.strip() for part in _SENTENCE_END.split(text) if part.strip())


def _macro(item: Item, language: str) -> Macro:
    if not isinstance(item.value, dict):
        item.fail("each macro must be a mapping with id, intents and text")
    _check_keys(item, _KEYS, "a macro")
    name = item.needed("id", "a macro")
    what = f"the macro {name!r}"
    intents, when = _listed(item, "intents", INTENTS, what), _listed(item, "when", CONDITIONS, what)
    if not intents:
        item.fail(f"{what} needs intents: {', '.join(INTENTS)}")
    spoken = item.text("language") or language
    if not re.fullmatch("[a-z]{2,3}", spoken):
        item.fail(f"{what} needs a language, as a code such as en, de or zh, not {spoken!r}")
    for key in ("text", "apology"):
        _check_placeholders(item, key, what)
    return Macro(
        id=name,
        intents=intents,
        language=spoken,
        sentences=sentences_in(item.needed("text", what)),
        when=when,
        apology=item.text("apology"),
    )


def _check_keys(item: Item, known: tuple[str, ...], what: str) -> None:
    for key in item.value:
        if key not in known:
            item.get(key).fail(f"{what} has no key {key!r}{_near(key, known)}; keys: {', '.join(known)}")


def _listed(item: Item, key: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The words under ``key``, a list or a single one."""
    found = item.get(key)
    words = item.items(key) if isinstance(found.value, list) else [found] if item.text(key) else []
    for word in words:
        if word.value not in known:
            word.fail(
                f"{key} of {what}: no {word.value!r}{_near(str(word.value), known)}; {', '.join(known)}"
            )
    return tuple(dict.fromkeys(str(word.value) for word in words))


def _check_placeholders(item: Item, key: str, what: str) -> None:
    text = item.text(key)
    for name in PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            near = _near(name, PLACEHOLDERS)
            item.get(key).fail(
                f"{what}: there is no placeholder {name!r}{near}; there is {', '.join(PLACEHOLDERS)}"
            )
    if set(PLACEHOLDER.sub("", text)) & set("{}"):
        item.get(key).fail(
            f"{what}: a brace is left open or empty; a placeholder is written {{order_number}}"
        )


def _near(name: str, known: tuple[str, ...]) -> str:
    found = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=70)
    return f"; did you mean {found[0]!r}?" if found else ""
