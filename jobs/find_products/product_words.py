"""What a message says of products: whether it looks for some, its typed conditions, what is left to rank by.

Prices and stars come from numbers with the signs that their words mean, categories and the like from the
shop's own values, each also with "not". What is no condition is the topic, ranked by meaning and words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.job import Claim, Strength, Understood
from bot.parameters import Parameter, Unreadable, Whole, in_words
from jobs.find_products import product_cues as cues
from retrieval.product_range import ProductSource
from sql.question.linking import Links, Mention, Vocabulary
from sql.question.numbers import Number
from sql.shop.trade_words import says
from sql.statement.bounds import bounds_said
from sql.statement.sentence import Sign

MOST_CHARACTERS = 300
NEAR = 80.0
"""Likeness of 100 from which a word that the shop does not know is taken for one that it knows."""
LEAST_LETTERS = 5
"""Of such a word."""
_PRODUCTS = re.compile(r"\b(?:product|item|article|goods|stock|catalogue)\b|商品|产品|货品|库存")


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A number that a column is held against."""

    column: str
    sign: Sign
    value: float
    said: str
    is_stars: bool = False

    @property
    def number(self) -> str:
        """The value as it is written, whole ones without a fraction."""
        return str(int(self.value)) if self.value == int(self.value) else str(self.value)


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """Values of a column, or of columns that say the same, that are wanted or not."""

    column: str
    values: tuple[str, ...]
    is_not: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Without:
    """A word that no name or description of a product may have."""

    word: str
    said: str


@dataclass(frozen=True, kw_only=True)
class InStock:
    """At least one piece in the warehouse."""

    said: str


Filter = Bound | OneOf | Without | InStock


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is looked for."""

    topic: str
    """Empty where the conditions say all."""
    filters: tuple[Filter, ...]
    unread: tuple[str, ...]
    """Conditions for which the shop has no column that the role sees."""


def claims(understood: Understood) -> Claim | None:
    """What looks for products: by its verbs, or as a thing with a price."""
    question, links = understood.standalone, understood.links
    if cues.OF_OTHERS.search(question) or links.periods:
        return None
    named = [m for m in links.mentions if not cues.OF_PRODUCTS.search(m.text)]
    if any(m.kind == "metric" or _is_of_others(m) for m in named) or cues.SOME_OF.search(question):
        return None
    if cues.SEEKING.search(question):
        return Claim(strength=Strength.SAID, reason="cue")
    is_thing = _has_price(links) and bool(topic_of(question, ())) and not cues.ASKING.search(question)
    is_named = any(m.kind in ("column", "metric") for m in links.mentions)
    return Claim(strength=Strength.SAID, reason="thing") if is_thing and not is_named else None


def _is_of_others(mention: Mention) -> bool:
    """Whether what is named is no product's: other rows, or a column of such."""
    if mention.kind == "view":
        return not says(_PRODUCTS, mention.name)
    return mention.kind == "column" and not says(_PRODUCTS, mention.view)


def _has_price(links: Links) -> bool:
    """Whether a number is compared with as a price is: "under 80", not "under 3 minutes"."""
    signs = bounds_said(links)
    return any(
        number.value in signs
        and not cues.OTHER_UNIT.search(links.question[number.end :])
        and not cues.NO_PRICE.search(links.question[: number.start])
        for number in links.numbers
    )


def follow(previous: str, message: str) -> str | None:
    """ "not black", "under 60", 有货的 after a search → the search with that condition."""
    said = len(message) <= MOST_CHARACTERS and cues.FOLLOWING.search(message)
    if not said or cues.OF_OTHERS.search(message) or cues.SEEKING.search(message):
        return None
    rest = re.sub(r"(?i)^\W*(?:and|but|or|what\s+about|now|then|那)\W+", "", message).strip(" ?？.。!！")
    is_chinese = re.search(r"[\u4e00-\u9fff]", previous) is not None
    return f"{previous.rstrip(' ?？.。!！')}{'，' if is_chinese else ', '}{rest}"


def read_wish(links: Links, source: ProductSource, vocabulary: Vocabulary, has_stock: bool) -> Wish:
    """The conditions that words mean, and what is left."""
    question = links.question
    found: list[Filter] = []
    unread: list[str] = []
    spans: list[tuple[int, int]] = []
    for bound in _bounds(links, source):
        spans.append((bound.start, bound.end))
        if bound.column:
            found.append(
                Bound(
                    column=bound.column,
                    sign=bound.sign,
                    value=bound.value,
                    said=question[bound.start : bound.end],
                    is_stars=bound.column == source.rating,
                )
            )
        else:
            unread.append(question[bound.start : bound.end])
    values, taken = _values(links, source)
    found += values
    spans += taken
    for match in cues.NOT_WORD.finditer(question):
        group = "word" if match["word"] else "zh"
        if not any(start < match.end(group) and match.start(group) < end for start, end in spans):
            found.append(Without(word=match[group].lower(), said=match[0]))
            spans.append(match.span())
    for match in cues.IN_STOCK.finditer(question):
        spans.append(match.span())
        if has_stock:
            found.append(InStock(said=match[0]))
        else:
            unread.append(match[0])
    topic = _righted(topic_of(question, spans), source, vocabulary)
    return Wish(topic=topic, filters=_last_of_each(found), unread=tuple(dict.fromkeys(unread)))


def _last_of_each(filters: list[Filter]) -> tuple[Filter, ...]:
    """Of two bounds of one column in one direction the later, which a follow-up said, counts."""
    kept: dict[object, Filter] = {}
    for each in filters:
        key = (each.column, each.sign[0]) if isinstance(each, Bound) else (type(each), each.said)
        kept[key] = each
    return tuple(kept.values())


# ---- numbers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Said:
    column: str
    sign: Sign
    value: float
    start: int
    end: int


_BEFORE = re.compile(
    r"(?i)(?:for\s+|costs?\s+|priced?\s+|price\s+)?(?:at\s+most|at\s+least|(?:no|not)\s+more\s+than|less\s+than|more\s+than|cheaper\s+than|up\s+to"
    r"|under|below|over|above|max(?:imum)?\.?(?:\s+of)?|min(?:imum)?\.?|around|about|for|不超过|低于|高于|超过|少于|至少|最多)\s*(?:[$€£¥￥]\s*)?$"
)
_BEHIND = re.compile(
    r"(?i)^\s*(?:[$€£¥￥]|eur(?:os?)?|usd|dollars?|gbp|pounds?|rmb|yuan|元|块钱?)?\s*(?:or\s+(?:less|more)|以下|以内|之内|以上)?\s*(?:stars?\b|星)?"
)


def _bounds(links: Links, source: ProductSource) -> list[_Said]:
    question, signs = links.question, bounds_said(links)
    found: list[_Said] = []
    numbers = list(links.numbers)
    for place, number in enumerate(numbers):
        behind, before = question[number.end :], question[: number.start]
        if cues.OTHER_UNIT.search(behind):
            continue
        column = source.rating if cues.STARS.search(behind) else source.price
        after = numbers[place + 1] if place + 1 < len(numbers) else None
        if after is not None and cues.SPAN.search(question[number.end : after.start]):
            found += _span(number, after, column, question)
            continue
        if any(number.start < each.end and each.start < number.end for each in found):
            continue
        sign = signs.get(number.value)
        if sign is None and cues.STARS.search(behind):
            sign = ">="
        if sign is None:
            continue
        lead, tail = _BEFORE.search(before), _BEHIND.match(behind)
        start = lead.start() if lead is not None else number.start
        end = number.end + (tail.end() if tail is not None else 0)
        found.append(_Said(column=column, sign=sign, value=number.value, start=start, end=end))
    return found


def _span(low: Number, high: Number, column: str, question: str) -> list[_Said]:
    tail = _BEHIND.match(question[high.end :])
    end = high.end + (tail.end() if tail is not None else 0)
    return [
        _Said(column=column, sign=">=", value=low.value, start=low.start, end=low.end),
        _Said(column=column, sign="<=", value=high.value, start=high.start, end=end),
    ]


# ---- values -----------------------------------------------------------------------------------------------


def _values(links: Links, source: ProductSource) -> tuple[list[Filter], list[tuple[int, int]]]:
    """Values of the products' own columns; those of one column and sense together."""
    together: dict[tuple[str, bool], list[tuple[str, int, int]]] = {}
    for mention in links.mentions:
        is_own = mention.kind == "value" and mention.view == source.view.name
        if not is_own or mention.name not in source.groups or mention.value is None or mention.is_part:
            continue
        before = links.question[: mention.start]
        lead = cues.NOT_BEFORE.search(before)
        start = lead.start() if lead is not None else mention.start
        entry = (mention.value, start, mention.end)
        together.setdefault((mention.name, lead is not None), []).append(entry)
    filters: list[Filter] = []
    spans: list[tuple[int, int]] = []
    for (column, is_not), entries in together.items():
        said = ", ".join(dict.fromkeys(links.question[start:end] for _, start, end in entries))
        values = tuple(dict.fromkeys(value for value, _, _ in entries))
        filters.append(OneOf(column=column, values=values, is_not=is_not, said=said))
        # a category is a condition, and still says what is looked for; what is not wanted does not
        spans += [(start, end) for _, start, end in entries] if is_not else []
    return filters, spans


# ---- the topic --------------------------------------------------------------------------------------------


def topic_of(question: str, spans: list[tuple[int, int]] | tuple[()]) -> str:
    """What is looked for, without the words of conditions and of asking.

    >>> topic_of("find me a quiet kettle for under 50 euros", [(21, 41)])
    'quiet kettle'
    """
    rest = question
    for start, end in spans:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    rest = re.sub(r"(?i)^\s*find_products\b|\bwish\s?=\s?|[\"“”]", " ", rest)
    if re.search(r"[\u4e00-\u9fff]", rest):
        return " ".join(re.sub(r"[，。？！,?!、]", " ", cues.NOISE_ZH.sub(" ", rest)).split())
    kept = [w for w in re.findall(r"[\w'’-]+", rest) if w.lower() not in cues.NOISE and not w.isdecimal()]
    return " ".join(kept)


def _righted(topic: str, source: ProductSource, vocabulary: Vocabulary) -> str:
    """The topic with misspelt words as the shop's own values spell them."""
    names = (*source.names, *source.groups)
    values = [v for name in names for v in vocabulary.values.get((source.view.name, name), ())]
    known = {w for value in values for w in re.findall(r"[a-z]{3,}", value.lower())}
    righted = []
    for word in topic.split():
        plain = word.lower()
        near = None
        if known and plain.isascii() and len(plain) >= LEAST_LETTERS and plain not in known:
            near = process.extractOne(plain, known, scorer=fuzz.ratio, score_cutoff=NEAR)
        righted.append(near[0] if near is not None and near[0][:1] == plain[:1] else word)
    return " ".join(righted)


# ---- parameters -------------------------------------------------------------------------------------------


class WishSaid:
    """What is looked for, in words."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: it is empty, or too long."""
        if not re.search(r"\w", text) or len(text) > MOST_CHARACTERS:
            raise Unreadable(text)
        return text

    def expected(self, language: str) -> str:
        """An example."""
        return (
            "要找的商品，如 一百元以下的静音水壶"
            if language == "zh"
            else "what is looked for, such as quiet kettle under 50"
        )


WISH = Parameter(
    name="wish",
    about={"en": "what is looked for, with its conditions", "zh": "要找什么，以及条件"},
    kind=WishSaid(),
    find=lambda links: None,
)
TOP = Parameter(
    name="top",
    about={"en": "how many products", "zh": "多少个商品"},
    kind=Whole(1, 50),
    find=in_words([(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[名个款件]?"), r"\1")]),
)
PARAMETERS = (WISH, TOP)
