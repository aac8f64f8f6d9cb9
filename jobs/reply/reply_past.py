"""Sentences of past replies that a draft may use: only what the shop keeps writing, and nothing that is one customer's.

A past reply is about somebody else's order. So a sentence of it is used only where it stands, word for word, in
replies to several customers, names none of them, holds no number or address, promises nothing and states nothing
about an order. What of a reply is not surely free of these is not used.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.understand import clean, language_of
from jobs.card_numbers import plain
from jobs.order_card.order_places import link_of
from jobs.order_card.order_reading import Reader
from jobs.order_card.order_wishes import wishes_of
from jobs.reply.reply_check import is_fit, promises_in
from jobs.reply.reply_macros import sentences_in
from retrieval.keywords import Keywords, tokenize
from sql.semantics import View
from sql.shop.row_names import name_columns
from sql.types import Value

REPLY, LETTER = "past_reply", "past_letter"
"""Bindings: the text of a past reply and, beside it, of the letter that it answered."""
MOST_READ = 400
"""Past replies that are read, the latest."""
MOST_NEAR = 60
"""Of these, that are looked at for sentences: those of letters that are most like this one."""
MOST_USED = 2
LEAST_CUSTOMERS = 3
"""Customers to whom a sentence was written, from which it is nobody's own."""
_ABOUT_AN_ORDER = re.compile(
    r"(?i)\b(?:orders?|parcels?|packages?|deliver\w*|ship\w*|sent|dispatch\w*|courier|carrier|tracking|arriv\w*|cancel\w*|return\w*|book\w*|paid|pay\w*|invoice\w*|stock|attach\w*|account|address\w*"
    r"|bestell\w*|paket\w*|sendung\w*|liefer\w*|versand\w*|versend\w*|verschick\w*|geschickt|zustell\w*|storn\w*|rücksend\w*|retour\w*|zurück\w*|bezahl\w*|zahl\w*|rechnung\w*|lager\w*|anhang|konto|adresse\w*)\b"
    r"|订单|包裹|快递|物流|发货|寄|送|到货|签收|取消|退|付款|支付|发票|库存|附件|账户|账号|地址"
)
_FRAME = re.compile(
    r"(?i)^\W*(?:dear|hello|hi|hey|good\s+(?:morning|afternoon|evening)|sehr\s+geehrte\w*|guten\s+\w+|hallo|liebe[rs]?)\b|^\W*(?:您好|你好|亲|尊敬的)"
    r"|\b(?:regards|sincerely|yours|cheers|grüße\w*|gruß)\b|此致|敬礼|敬上"
)


@dataclass(frozen=True, kw_only=True)
class PastSentence:
    """A sentence that past replies share."""

    text: str
    id: str
    """Of the reply that it was found in, such as ``reply:17``."""
    customers: int
    """To how many it was written, of those that were read."""


@dataclass(frozen=True, kw_only=True)
class _Past:
    id: str
    customer: Value
    letter: str
    sentences: tuple[str, ...]


def past_sentences(
    letter: str, intents: Sequence[str], language: str, reader: Reader
) -> tuple[PastSentence, ...]:
    """What past replies to like letters lend to a draft, what most customers were written first.

    None where the shop binds none or the role may not see them, the customers, or their names: without names
    it cannot be told that a sentence holds none.
    """
    view = reader.seen(reader.shop.bindings.get(REPLY, "").partition(".")[0])
    past = _read(view, language, reader) if view is not None and letter else []
    names = _names(view, past, reader) if view is not None and past else None
    if names is None:
        return ()
    written_to: dict[str, set[Value]] = defaultdict(set)
    for each in past:
        for sentence in each.sentences:
            written_to[sentence].add(each.customer)
    found: dict[str, PastSentence] = {}
    for each in _near(letter, intents, language, past):
        for text in each.sentences:
            customers = written_to[text]
            if len(customers) >= LEAST_CUSTOMERS and text not in found and is_nobodys(text, names):
                found[text] = PastSentence(text=text, id=f"reply:{each.id}", customers=len(customers))
    return tuple(sorted(found.values(), key=lambda each: -each.customers)[:MOST_USED])


def is_nobodys(sentence: str, names: frozenset[str]) -> bool:
    """Whether a sentence surely holds nothing of one customer, and claims nothing about an order.

    Args:
        names: words of customers' names, in small letters.
    """
    words = set(re.findall(r"\w+", sentence.lower()))
    return not (
        re.search(r"\d|@", sentence)
        or not is_fit(sentence)
        or promises_in(sentence)
        or _ABOUT_AN_ORDER.search(sentence)
        or _FRAME.search(sentence)
        or words & names
        or any(re.search("[\u4e00-\u9fff]", name) and name in sentence for name in names)
    )


def _read(view: View, language: str, reader: Reader) -> list[_Past]:
    """The latest past replies in a language; none where a column of them is hidden."""
    bindings = reader.shop.bindings
    reply = bindings[REPLY].partition(".")[2]
    letter_view, _, letter = bindings.get(LETTER, "").partition(".")
    letter = letter if letter_view.lower() == view.name.lower() else ""
    customer = _customer_of(view, reader)
    names = [*view.key, customer, reply, *([letter] if letter else [])]
    if len(view.key) != 1 or not customer or any(view.column(name) is None for name in names):
        return []
    order = f" ORDER BY {reader.column(view.time)} DESC" if view.time and view.column(view.time) else ""
    rows = reader.run(
        f"SELECT {', '.join(reader.column(name) for name in names)} FROM {reader.source(view)} "
        f"WHERE {reader.column(reply)} IS NOT NULL{order} LIMIT {MOST_READ}"
    ).rows
    return [
        _Past(
            id=plain(row[0]),
            customer=row[1],
            letter=clean(str(row[3])) if letter else "",
            sentences=tuple(dict.fromkeys(sentences_in(str(row[2])))),
        )
        for row in rows
        if row[1] is not None and language_of(clean(str(row[2]))) == language
    ]


def _near(letter: str, intents: Sequence[str], language: str, past: Sequence[_Past]) -> list[_Past]:
    """Those whose letters are most like this one and want the same; by their own words where none is kept."""
    texts = [each.letter or " ".join(each.sentences) for each in past]
    keywords, asked = Keywords.build(texts), dict.fromkeys(tokenize(letter))
    frequencies: Mapping[str, int] = {word: keywords.document_frequency(word) for word in asked}
    scores = keywords.scores(frequencies, len(texts))
    ranked = [
        past[i] for i in sorted(range(len(past)), key=lambda i: -scores[i]) if past[i].letter or scores[i] > 0
    ]
    return [
        each
        for each in ranked[:MOST_NEAR]
        if not each.letter or {wish.name for wish in wishes_of(each.letter, language)} & set(intents)
    ]


def _customer_of(view: View, reader: Reader) -> str:
    customer = reader.places.parts.get("customer", "")
    return link_of(view, reader.places.orders.refs.get(customer, ""), customer)


def _names(view: View, past: Sequence[_Past], reader: Reader) -> frozenset[str] | None:
    """Names of the customers who were written to, whole and by words; ``None`` where they cannot be seen."""
    target = view.refs.get(_customer_of(view, reader), "")
    people, described = reader.seen(target), reader.shop.view(target)
    if people is None or described is None or len(described.key) != 1:
        return None
    key, columns = described.key[0], name_columns(described)
    if not columns or any(people.column(name) is None for name in (*columns, key)):
        return None
    shown = ", ".join(reader.column(name) for name in columns)
    keys = ", ".join(dict.fromkeys(reader.written(each.customer) for each in past))
    table = reader.run(
        f"SELECT DISTINCT {shown} FROM {reader.source(people)} WHERE {reader.column(key)} IN ({keys})"
    )
    if table.is_truncated:
        return None
    texts = [str(cell).lower() for row in table.rows for cell in row if cell is not None]
    return frozenset(word for text in texts for word in (text, *re.findall(r"\w+", text)) if len(word) > 1)
