"""What the names of tables and columns say, in English and Chinese: ``ORDHDR``, ``khbh``, ``unit_price``.

A name is taken apart into words: abbreviations (``qty``), pinyin and its initials (``kh``) and runs of them
(``itmmst``) are written out by lists of the trade's words (``words/*.yml``), and each word is known in both
languages where the lists know it. What they do not know stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sql.yaml_text import read_yaml

_FOLDER = Path(__file__).with_name("words")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_UNITS_OF_TYPES = {"integer": "number", "timestamp": "date"}
MAX_PARTS = 4
"""Short forms that a run such as ``xsddmx`` is at most made of."""
UNITS = frozenset({"fen", "cent", "cents", "yuan", "元", "分"})
"""What a name says of its amount beside what it is."""
_SHORTER = {
    " name": frozenset(["state", "status", "category", "brand", "type", "channel", "reason", "class"]),
    " amount": frozenset(["discount", "freight", "refund", "shipping", "tax", "commission", "tip", "rebate"]),
    " code": frozenset(
        [
            "category",
            "type",
            "status",
            "reason",
            "source",
            "warehouse",
            "country",
            "channel",
            "region",
            "class",
        ]
    ),
}
"""What a name may be said without: a discount amount is a discount, a reason code tells the reason."""
_SOME_DATE = re.compile(r"([a-z]{1,4}?)_?(?:dt|dte|date)")
"""A date's name in one piece: ``sdt``, ``ordt``, ``duedate``."""
_BEFORE = "before "
"""What a short form means that stands before the last word of a name: ``sj`` in ``sj_rq``, a date."""
_OF_A_THING = {
    "name": "name",
    "nm": "name",
    "typ": "type",
    "type": "type",
    "date": "date",
    "desc": "description",
}
"""What is said behind the first letter of a thing: ``mtyp`` is a member's type."""
_ENDS_OF_TABLES = {"h": "header", "l": "line", "d": "line", "ln": "line", "pos": "line"}
"""What a last letter says of a table: ``sale_h`` and ``sale_l``."""
_ASKED = re.compile(r"(?:是否|is )(.+)")
"""What a column of yes and no asks: ``is_gift``, 是否医保."""
MAX_WORDS = 6
"""Other words that a name is given."""
_LEDGERS = ("ap", "ar", "ic", "oe", "po", "so")
"""What a table of an old order system begins with: ``ARCUST`` and ``OEHDR``, which can be spoken."""
_TELLING_ENDS = ("cd", "dt", "id", "nm", "no")
"""Short forms at the end of a name that tell it is one of a column, however it can be spoken."""
_LAYER = re.compile(r"^(dim|d|fact|fct|f|agg|mart|rpt|stg|src|int|base|ods|dwd|dws|ads)_+(?=[a-z])", re.I)
"""What a table of a warehouse begins with: a dimension, a fact, or the layer that it is in."""
_FIELD = re.compile(r"^F(?=[A-Z][a-z])")
"""What every field of Kingdee's tables begins with: ``FQty``, ``FBillNo``."""
_OF_A_SHOP = re.compile(r"^(?:store|shop|mall)_(?=[a-z])", re.I)
"""What most tables of a shop system begin with behind its own prefix: ``eb_store_order`` is an order."""
_FLAT = re.compile(r"_flat(?:_.+)?$", re.I)
"""What Magento calls a table that holds all of a thing's attributes in one row, for one of its stores."""
_WITH_E = re.compile(r"(?:ss|x|ch|sh|[^aeo]us)es$")
"""Plurals whose singular has no ``e``: classes, boxes, statuses; but courses, houses."""
_UNCOUNTED = frozenset({"goods", "news", "sales", "sms", "address", "status", "business", "series"})

Meaning = str | Mapping[str, str]
"""What a short form means, or what by the column's type: ``number``, ``text`` or ``date``; ``before date``
where it is not the last word of a name."""


@dataclass(frozen=True)
class Part:
    """One word of a name; empty where a language has no word for it."""

    english: str
    chinese: str
    is_known: bool = True


_PER = (Part("per", "每"),)
"""Between two words; alone it is a period."""


@dataclass(frozen=True)
class _Lists:
    short: Mapping[str, Meaning]
    pinyin: Mapping[str, Meaning]
    to_chinese: Mapping[str, tuple[str, ...]]
    to_english: Mapping[str, str]
    said: Mapping[str, tuple[str, ...]]
    """Words for a whole name, in either language → other ways to say it."""
    idle: frozenset[str]
    plain: frozenset[str]
    """English words that look like runs of short forms, or like another word that is misspelled."""
    values: Mapping[str, list[str]]
    longest: int = field(default=8)


@cache
def _lists() -> _Lists:
    english, chinese, both, values = (_read(name) for name in ("english", "chinese", "names", "values"))
    to_chinese = {word: tuple(said) for word, said in english["words"].items()}
    to_english = {said: word for word, known in reversed(to_chinese.items()) for said in known}
    to_english |= chinese["chinese"]
    said: dict[str, tuple[str, ...]] = {}
    for each in (both["names"], english["say"], chinese["say"]):
        for name, words in each.items():
            said[name] = tuple(dict.fromkeys((*said.get(name, ()), *words)))
    return _Lists(
        short=english["short"],
        pinyin=chinese["pinyin"],
        to_chinese=to_chinese,
        to_english=to_english,
        said=said,
        idle=frozenset(both["idle"]),
        plain=frozenset(english["plain"]),
        values=values["values"],
        longest=max(map(len, to_english), default=1),
    )


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read_yaml((_FOLDER / f"{name}.yml").read_text("utf-8"))
    return found


def value_names() -> Mapping[str, list[str]]:
    """Values of states, kinds and ways, in lower case with spaces → how people call them."""
    return _lists().values


# ---- taking names apart -----------------------------------------------------------------------------------


def spaced(name: str) -> str:
    """``unitPrice``, ``unit_price`` and ``UNIT-PRICE`` → ``unit price``."""
    name = _FIELD.sub("", name)
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.split(r"[\W_]+", parted.strip())).strip().lower()


def singular(word: str) -> str:
    """A noun in the singular, roughly: enough to see that orders have an order id."""
    if word in _UNCOUNTED:
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if _WITH_E.search(word) and len(word) > 4:
        return word[:-2]
    if word.endswith(("ss", "us", "is")) or len(word) <= 3:
        return word
    return word[:-1] if word.endswith("s") else word


def is_chinese(text: str) -> bool:
    """Whether a text has a Chinese sign."""
    return bool(_CHINESE.search(text))


@cache
def parts_of(name: str, kind: str = "") -> tuple[Part, ...]:
    """The words that a name is made of, in both languages.

    Args:
        kind: the column's type, for short forms that mean one thing as a number and another as a text.
    """
    kind = _UNITS_OF_TYPES.get(kind, kind)
    said = spaced(name).split()
    if not kind and len(said) > 1:  # a table
        said[-1] = _ENDS_OF_TABLES.get(said[-1], said[-1])
    before = f"{_BEFORE}{kind}" if kind else ""
    last = len(said) - 1
    return tuple(
        part
        for at, word in enumerate(said)
        for part in (
            _PER if word == "per" and 0 < at < last else _parts(word, kind if at == last else before)
        )
    )


def _parts(word: str, kind: str) -> Iterator[Part]:
    lists = _lists()
    if _CHINESE.search(word):
        yield from _of_chinese(word)
        return
    meant = _meant(lists.short.get(word), kind) or _meant(lists.short.get(singular(word)), kind)
    if kind == "date" and (match := _SOME_DATE.fullmatch(word)):
        yield from _of_english("date" if len(match[1]) == 1 else f"{' '.join(_english_of(match[1]))} date")
    elif meant:
        yield from _of_english(meant)
    elif word in lists.idle or _is_english(word):
        yield from _of_english(singular(word))
    elif singular(word) in lists.plain:
        yield Part(singular(word), "", is_known=False)
    elif meant := _meant(lists.pinyin.get(word), kind):
        yield from _of_chinese(meant)
    else:
        # initials that mean several things are no part of a longer column's name
        clear = {form: meant for form, meant in lists.pinyin.items() if not kind or isinstance(meant, str)}
        for known, of in ((_forms_within(word, kind), _of_english), (clear, _of_chinese)):
            run = _run(word, known, kind)
            if run is not None:
                for each in run:
                    yield from of(each)
                return
        written_out = _written_out(singular(word))
        if written_out:
            yield from _of_english(written_out)
        elif kind and word[1:] in _OF_A_THING:  # cname, pname
            yield from _of_english(_OF_A_THING[word[1:]])
        else:
            yield Part(singular(word), "", is_known=False)


def _english_of(word: str) -> list[str]:
    return [part.english or part.chinese for part in _parts(word, "text")]


@cache
def _written_out(word: str) -> str:
    """The word of the trade that a shortened one stands for, without vowels or its end; empty for none."""
    if not re.fullmatch(r"[a-z]{3,}", word):
        return ""
    names = [name for name in _lists().to_chinese if name.isascii() and name.isalpha()]
    written = _without_doubles(word)
    found = [
        name
        for name in names
        if len(name) > len(word) and _consonants(name) == _consonants(word) and _is_within(written, name)
    ]
    return found[0] if found else ""


def _without_doubles(word: str) -> str:
    return re.sub(r"(.)\1", r"\1", word)


def _consonants(word: str) -> str:
    """The first letter and the consonants behind it: ``customer`` and ``custmr`` have the same."""
    plain = _without_doubles(word)
    return plain[0] + re.sub("[aeiou]", "", plain[1:])


def _is_within(short: str, whole: str) -> bool:
    """Whether the letters of one word stand in another in their order."""
    letters = iter(whole)
    return all(letter in letters for letter in short)


@cache
def _short_and_whole() -> Mapping[str, Meaning]:
    """Short forms, and words of four letters and more, which stand in names without a space as well."""
    lists = _lists()
    whole = {w: w for w in lists.to_chinese if len(w) > 3 and w.isascii() and w.isalpha()}
    return {**whole, **lists.short}


def _forms_within(word: str, kind: str) -> Mapping[str, Meaning]:
    """What a run may be made of. One that can be spoken is a word: ``area`` is not made of ``ar`` and ``ea``,
    unless its end tells: ``orno`` is an order's number. So does a table's beginning: ``ARCUST``."""
    known = _short_and_whole()
    if not kind and word[:2] in _LEDGERS and len(word) > 4 and word[2:] in _lists().short:
        return known
    is_spoken = 4 * len(re.findall("[aeiou]", word)) >= len(word) or word.endswith("ly")
    if not is_spoken or word.endswith(_TELLING_ENDS):
        return known
    return {form: meant for form, meant in known.items() if len(form) > 2}


def _is_english(word: str) -> bool:
    known = _lists()
    return any(each in known.to_chinese or each in known.said for each in (word, singular(word)))


def _meant(meaning: Meaning | None, kind: str) -> str:
    """What a short form means in a column of a type; empty where it means nothing there."""
    if meaning is None or isinstance(meaning, str):
        return meaning or ""
    if not kind:
        return meaning.get("text") or next(iter(meaning.values()))
    return meaning.get(kind) or meaning.get(kind.removeprefix(_BEFORE), "")


def _run(word: str, known: Mapping[str, Meaning], kind: str) -> list[str] | None:
    """The meanings of the fewest short forms that a run is made of, or ``None``."""
    best: dict[int, list[str]] = {0: []}
    ahead = f"{_BEFORE}{kind.removeprefix(_BEFORE)}" if kind else ""
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 14), end - 1):
            before, form = best.get(start), word[start:end]
            # a type tells what the last form of a name means: khdh ends in a number or a telephone
            meant = _meant(known.get(form), kind if end == len(word) else ahead)
            if before is None or not meant or len(before) == MAX_PARTS:
                continue
            if end not in best or len(before) + 1 < len(best[end]):
                best[end] = [*before, meant]
    return best.get(len(word))


def _of_english(words: str) -> Iterator[Part]:
    for word in words.split():
        known = _lists().to_chinese.get(word) or _lists().to_chinese.get(singular(word)) or ("",)
        yield Part(word, known[0])


def _of_chinese(text: str) -> Iterator[Part]:
    """Words of the lists, the longest first; what stands between them stays."""
    lists, at, unknown = _lists(), 0, ""
    while at < len(text):
        word = next(
            (
                text[at : at + n]
                for n in range(min(lists.longest, len(text) - at), 0, -1)
                if text[at : at + n] in lists.to_english
            ),
            "",
        )
        if not word:
            unknown += text[at]
            at += 1
            continue
        if unknown:
            yield Part("", unknown, is_known=False)
            unknown = ""
        yield Part(lists.to_english[word], word)
        at += len(word)
    if unknown:
        yield Part("", unknown, is_known=False)


# ---- what a name says -------------------------------------------------------------------------------------


def read_name(name: str, kind: str = "") -> list[str]:
    """The words of a name in English, those without one as they are: ``cust_no`` → customer, number."""
    return [word for part in parts_of(name, kind) for word in (part.english or part.chinese).split()]


def spoken(name: str, kind: str = "") -> str:
    """The same as one text."""
    return " ".join(read_name(name, kind))


def says(pattern: re.Pattern[str], name: str, kind: str = "") -> bool:
    """Whether a name says something, in English or in Chinese."""
    chinese = "".join(part.chinese for part in parts_of(name, kind))
    return bool(pattern.search(spoken(name, kind)) or (chinese and pattern.search(chinese)))


def without_prefix(names: Iterable[str]) -> dict[str, str]:
    """Tables' names without what nearly all of them begin with: ``ps_orders`` → ``orders``.

    Nor with the layer that a table of a warehouse is in: ``dim_customer`` → ``customer``.
    """
    names = list(names)
    if is_warehouse(names):
        return {name: _LAYER.sub("", name) or name for name in names}
    heads = [name.partition("_")[0].lower() for name in names if "_" in name.strip("_")]
    head = max(set(heads), key=heads.count, default="")
    if len(names) < 3 or heads.count(head) < 0.7 * len(names) or _is_english(head):
        return {name: name for name in names}
    plain = {name: name[len(head) + 1 :] if name.lower().startswith(f"{head}_") else name for name in names}
    several = sum(bool(_OF_A_SHOP.match(each)) for each in plain.values())
    return {name: _OF_A_SHOP.sub("", each) for name, each in plain.items()} if several > 3 else plain


def is_warehouse(names: Iterable[str]) -> bool:
    """Whether several of the tables are called facts and dimensions, as a warehouse's are."""
    layers = [found[1].lower() for name in names if (found := _LAYER.match(name))]
    return len(layers) > 2 and any(layer.startswith("d") for layer in layers) and len(set(layers)) > 1


def nouns_of(name: str) -> list[str]:
    """The words of a table's name that say what it holds; all where none does."""
    words = read_name(_FLAT.sub("", name))
    telling = [word for word in words if word not in _lists().idle and not word.isdigit()]
    if len(telling) > 1 and len(telling[0]) <= 2 and not _is_english(telling[0]):
        telling = telling[1:]  # a prefix of the system that made the table
    return telling or words


def in_both(name: str, kind: str = "") -> tuple[str, str]:
    """A name in English and in Chinese, without idle words; empty where one of its words is not known."""
    left_out = _lists().idle | UNITS
    parts = [p for p in parts_of(name, kind) if (p.english or p.chinese) not in left_out]
    if parts and parts[0].english == "id":
        parts = [*parts[1:], parts[0]]  # PrestaShop's id_order
    parts = [p for n, p in enumerate(parts) if n == 0 or p != parts[n - 1]]  # Odoo's product_product
    is_english = any(part.is_known for part in parts) and all(part.english for part in parts)
    return (" ".join(part.english for part in parts) if is_english else ""), _in_chinese(parts)


def words_for(name: str, kind: str = "") -> tuple[str, ...]:
    """What people call a column or table of that name, in both languages; empty where nothing is known.

    The very words of the name are not repeated.
    """
    lists = _lists()
    english, chinese = in_both(name, kind)
    found = [english, chinese, *lists.said.get(english, ()), *lists.said.get(chinese, ())]
    for end, heads in _SHORTER.items():
        head = english.removesuffix(end)
        if head != english and head.split()[-1] in heads:
            found += [head, *lists.to_chinese.get(head, ())[:1]]
    plain = spaced(name)
    if (asked := _ASKED.fullmatch(plain)) is not None:
        found.insert(0, asked[1])
    own = {plain, singular(plain), name.lower()}
    return tuple(dict.fromkeys(word for word in found if word and word.lower() not in own))[:MAX_WORDS]


def _in_chinese(parts: list[Part]) -> str:
    """The name in Chinese, the longest English phrases first; empty where a word has none."""
    known, said, at = _lists().to_chinese, "", 0
    while at < len(parts):
        for end in range(len(parts), at, -1):
            some = parts[at:end]
            phrase = " ".join(part.english for part in some)
            if end == at + 1 and some[0].chinese:
                said += some[0].chinese
            elif all(p.english for p in some) and phrase in known:
                said += known[phrase][0]
            else:
                continue
            at = end
            break
        else:
            return ""
    return said
