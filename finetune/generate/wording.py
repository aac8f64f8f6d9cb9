"""Words around things: phrasings with choices, periods, bounds, what is said of a value, and slips of typing.

Everything here takes a random generator, so that a seed gives the same words again. The phrasings themselves
are in ``phrases.yml``.
"""

from __future__ import annotations

import datetime as dt
import functools
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from finetune.generate.lexicon import (
    Dim,
    Flag,
    Language,
    Measure,
    Moment,
    SaidValue,
    Thing,
    Unit,
    singular,
    word_rules,
)
from finetune.generate.queries import Condition, Said, value_list
from sql.statement.grammar import quote_name, quote_text

_FILE = Path(__file__).parent / "phrases.yml"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_NUMBERS_ZH = "零一二三四五六七八九十"


@functools.cache
def phrases() -> dict[str, Any]:
    """What ``phrases.yml`` says."""
    read: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return read


@functools.cache
def phrasings(language: Language, kind: str) -> tuple[str, ...]:
    """The phrasings of one kind; none when the language lacks it."""
    return tuple(phrases()[language].get(kind, "").strip().splitlines())


@functools.cache
def follow_ups(language: Language, change: str) -> tuple[str, ...]:
    """The phrasings of a turn that changes something."""
    return tuple(phrases()["follow_ups"][language][change].strip().splitlines())


def filled(phrasing: str, slots: Mapping[str, str], rng: random.Random) -> str:
    """``phrasing`` with its choices made and its slots filled, spaces and punctuation tidied.

    Raises:
        KeyError: it has a slot that nothing fills.
    """
    while match := re.search(r"\[([^\[\]]*)\]", phrasing):
        choice = rng.choice(match[1].split("|"))
        phrasing = phrasing[: match.start()] + choice + phrasing[match.end() :]
    text = re.sub(r"\{(\w+)\}", lambda m: f"\0{slots[m[1]]}\0", phrasing)
    text = re.sub(r"(?<=[A-Za-z0-9%)])\0+(?=[A-Za-z0-9(])", " ", text).replace("\0", "")
    text = re.sub(r"的{2,}", "的", text)
    text = re.sub(r"\s+([,?.:，？：])", r"\1", re.sub(r"\s{2,}", " ", text))
    text = re.sub(r"^[\s,，:：]+|[\s,，:：]+$", "", text)
    text = re.sub(r"[,，:：]+(?=[?？])|（）|\(\)", "", text)
    return re.sub(r"([,，])\s*[,，]", r"\1", text)


def is_terse(phrasing: str) -> bool:
    """Whether a phrasing is key words rather than a sentence."""
    rest = re.sub(r"\{\w+\}|\[[^\]]*\]", "", phrasing)
    return "?" not in rest and len(rest.split()) <= 3


# --- periods ---------------------------------------------------------------------------------------------


def draw_period(language: Language, today: dt.date, rng: random.Random) -> Said:
    """Words for a period that has begun by ``today``, most often."""
    pattern = rng.choice(phrases()["periods"][language])
    year = today.year - rng.choice((0, 0, 1, 1, 2))
    month = rng.randint(1, today.month if year == today.year else 12)
    first, last = sorted(rng.sample(range(1, 13), 2))
    quarter = rng.randint(1, (today.month + 2) // 3 if year == today.year else 4)
    start, end = sorted(rng.sample(range(1, 29), 2))
    half = rng.randint(1, 2 if year < today.year or today.month > 6 else 1)
    count = rng.choice((2, 3, 4, 6, 12))
    words = {
        "year": year,
        "month": _MONTHS[month - 1],
        "mon": _MONTHS[month - 1][:3],
        "m": month,
        "q": quarter,
        "q_zh": "一二三四"[quarter - 1],
        "nth": ("first", "second", "third", "fourth")[quarter - 1],
        "half": ("first", "second")[half - 1],
        "h": half,
        "days": rng.choice((7, 10, 14, 30, 60, 90)),
        "weeks": rng.choice((2, 3, 4, 6, 8)),
        "months": rng.choice((count, count, _NUMBERS[count] if count < 11 and language == "en" else count)),
        "months_zh": _NUMBERS_ZH[count] if count < 11 and count != 2 else ("两" if count == 2 else count),
        "month_a": _MONTHS[first - 1],
        "month_b": _MONTHS[last - 1],
        "m_a": first,
        "m_b": last,
        "year_a": today.year - 2,
        "year_b": today.year - rng.choice((0, 1)),
        "d": start,
        "e": end,
        "iso": dt.date(year, month, start).isoformat(),
        "iso_month": f"{year}-{month:02d}",
    }
    said = [p.format(**words) for p in pattern]
    return Said(inside=said[0], alone=said[-1])


def moment_words(language: Language, thing: Thing, moment: Moment, period: Said) -> str:
    """The period as rows have it: "registered last month", 上个月注册."""
    rules = word_rules()
    if language == "en":
        is_plain = moment.verb_en is None or (moment is thing.time and moment.verb_en in rules["plain_verbs"])
        return period.inside if is_plain else f"{moment.verb_en} {period.inside}"
    is_said = moment.verb_zh is None or any(moment.verb_zh in w for w in thing.said.zh)
    return period.inside if is_said else f"{period.inside}{moment.verb_zh}"


# --- numbers ---------------------------------------------------------------------------------------------


def number_word(language: Language, number: int, rng: random.Random) -> str:
    """A small number in figures or in letters."""
    if rng.random() < 0.55 or number > 10:
        return str(number)
    return _NUMBERS[number] if language == "en" else ("两" if number == 2 else _NUMBERS_ZH[number])


def amount_words(language: Language, number: float, unit: Unit, currency: str, rng: random.Random) -> str:
    """A bound as people write it, with its unit."""
    if unit == "percent":
        whole = f"{number * 100:g}"
        return f"{whole}%" if language == "zh" or rng.random() < 0.7 else f"{whole} percent"
    text = f"{number:g}" if number < 100_000 else str(int(number))
    if number >= 1000 and number == int(number) and unit != "score":
        count = int(number)
        if language == "en":
            forms = [str(count), f"{count:,}"] + ([f"{count // 1000}k"] if count % 1000 == 0 else [])
        else:
            forms = [str(count)] + ([f"{count / 10_000:g}万"] if count >= 10_000 else [])
        text = rng.choice(forms)
    if unit == "days":
        return f"{text} days" if language == "en" else f"{text}天"
    if unit == "money":
        rules = word_rules()["currencies"]
        pattern = rng.choice(rules.get(currency, rules[""])[language])
        return str(pattern).replace("{n}", text)
    return text


def comparison(
    language: Language,
    rng: random.Random,
    *,
    is_count: bool = False,
    allowed: Sequence[str] = (">", ">=", "<", "<="),
) -> tuple[str, str]:
    """An operator and its words."""
    operator = rng.choice([o for o in (">", ">", ">", "<", "<", ">=", "<=") if o in allowed])
    key = f"{language}_count" if is_count else language
    return operator, rng.choice(phrases()["compare"][key][operator])


def plain_number(number: float) -> str:
    """A number as a statement has it."""
    return str(int(number)) if number == int(number) else f"{number:g}"


# --- conditions ------------------------------------------------------------------------------------------


def value_condition(
    language: Language,
    dim: Dim,
    rng: random.Random,
    *,
    count: int = 1,
    is_negative: bool = False,
    noun: str = "",
) -> Condition | None:
    """A filter by one or several values of ``dim``, or ``None`` when they have no words in the language.

    ``noun`` is what is filtered: "customers from loyal customers" says it twice.
    """
    choices = [v for v in dim.values if v.words.of(language)]
    if len(choices) < max(count, 2) or (len(dim.values) > 1 and count + 1 > len(dim.values)):
        return None
    chosen = rng.sample(choices, count)
    said = [rng.choice(v.words.of(language)) for v in chosen]
    if language == "en" and (count > 1 or is_negative or (noun and any(noun in s for s in said))):
        said = [v.words.en[0] for v in chosen]  # adjectives and phrases do not stand in lists
    frame = next(f for f in word_rules()["frames"] if re.search(f["match"], dim.column.lower()))
    name = quote_name(dim.column)
    values = [v.value for v in chosen]
    if count == 1:
        sql = f"{name} {'<>' if is_negative else '='} {quote_text(values[0])}"
    else:
        sql = f"{name} {'NOT IN' if is_negative else 'IN'} {value_list(values)}"
    if language == "zh":
        return _value_zh(dim, frame, said, sql, rng, is_negative=is_negative, is_row=bool(noun))
    return _value_en(dim, frame, said, sql, rng, is_negative=is_negative, is_row=bool(noun))


def _value_en(
    dim: Dim,
    frame: Mapping[str, Any],
    said: list[str],
    sql: str,
    rng: random.Random,
    *,
    is_negative: bool,
    is_row: bool,
) -> Condition:
    rules = word_rules()
    first = said[0]
    is_adjective = len(said) == 1 and first.lower() in rules["demonyms"]
    is_place = "country" in dim.column or "city" in dim.column or "market" in dim.column
    if is_adjective or (is_place and first.islower()):
        said = [w.upper() if len(w) <= 3 else w.title() if rng.random() < 0.7 else w for w in said]
    articled = [f"the {w}" if w.lower() in rules["articles"] and rng.random() < 0.85 else w for w in said]
    joined = _listed(articled, "or" if is_row else "and")
    patterns = frame["en"]
    is_phrase = len(said) == 1 and "phrase" in frame and " " in first
    if is_phrase:
        patterns = frame["phrase"]
    if is_negative:
        joined = _listed(articled, "and" if len(said) > 1 and rng.random() < 0.7 else "or")
        patterns = ["excluding {v}", "without {v}", "except {v}", "not counting {v}", "other than {v}"]
    before: str | None = None
    is_participle = bool(re.search(r"status", dim.column)) and re.fullmatch(r"\w+ed", first) is not None
    if (
        len(said) == 1
        and not is_negative
        and (
            is_adjective
            or is_participle
            or (frame.get("before") and " " not in first and first == dim_value(dim, first))
        )
    ):
        before = said[0]
    if is_adjective:
        patterns = []
    col = dim.said.en[0] if dim.said.en else dim.column.replace("_", " ")
    pattern = rng.choice(patterns) if patterns else ""
    if "the {v}" in pattern:
        joined = joined.replace("the ", "")
    after = pattern.format(v=joined, col=col)
    return Condition(
        sql=sql,
        column=dim.column,
        value="" if is_adjective else joined,
        before=before,
        after=after,
        is_negative=is_negative,
        kept=tuple(said),
    )


def dim_value(dim: Dim, word: str) -> str:
    """The first word of the value that ``word`` stands for."""
    return next((v.words.en[0] for v in dim.values if word in v.words.en), "")


def _value_zh(
    dim: Dim,
    frame: Mapping[str, Any],
    said: list[str],
    sql: str,
    rng: random.Random,
    *,
    is_negative: bool,
    is_row: bool,
) -> Condition:
    joined = (
        said[0]
        if len(said) == 1
        else rng.choice(("、", "或") if is_row else ("、", "和")).join(
            [", ".join(said[:-1]).replace(", ", "、"), said[-1]]
        )
    )
    col = dim.said.zh[0] if dim.said.zh else dim.column.replace("_", " ")
    pattern = rng.choice(frame["zh"])
    words = str(pattern).format(v=joined, col=col)
    if re.search(r"(渠道|市场|品类|类|端|平台)$", joined):
        words = joined
    if is_negative:
        words = rng.choice(("不含{v}", "除{v}以外", "除了{v}之外", "不包括{v}", "除{v}外")).format(v=joined)
    is_clause = is_negative or bool(re.search(r"支付$|供应$|[为是因在自于]|通过", str(pattern)))
    return Condition(
        sql=sql,
        column=dim.column,
        value=joined,
        zh=words,
        is_clause=is_clause,
        is_negative=is_negative,
        kept=tuple(said),
    )


def _listed(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def measure_condition(
    language: Language, thing: Thing, measure: Measure, currency: str, rng: random.Random
) -> Condition | None:
    """A bound on a number of each row."""
    words = measure.said.of(language)
    if not words:
        return None
    col, name = rng.choice(words), quote_name(measure.column)
    col = col.removeprefix("number of ")
    is_plural = bool(re.search(r"[^s]s$", col)) and measure.unit in ("count", "pieces")
    if measure.adjectives and rng.random() < 0.4:
        return _adjective_condition(language, measure, rng)
    if is_plural and language == "en" and measure.unit == "count" and rng.random() < 0.25:
        after = rng.choice((f"with no {col}", f"without any {col}", f"without {col}"))
        return Condition(sql=f"{name} = 0", column=measure.column, is_number=True, after=after)
    if language == "zh" and measure.unit == "count" and re.search("[数量]$", col) and rng.random() < 0.25:
        bare = re.sub("(数量|[数量])$", "", col)
        zh = f"没有{bare}" if len(bare) > 1 else f"{col}为0"
        return Condition(sql=f"{name} = 0", column=measure.column, is_number=True, zh=zh, is_clause=True)
    if rng.random() < 0.12:
        return _between_condition(language, measure, col, currency, rng)
    number = rng.choice(measure.bounds)
    is_count = is_plural if language == "en" else measure.unit in ("count", "pieces")
    operator, compare = comparison(language, rng, is_count=is_count)
    if operator in ("<", "<=") and number <= 1 and measure.unit == "count":
        return None
    said = amount_words(language, number, measure.unit, currency, rng)
    if language == "zh":
        zh = f"{col}{compare}{said}"
        return Condition(
            sql=f"{name} {operator} {plain_number(number)}",
            column=measure.column,
            is_number=True,
            zh=zh,
            is_clause=True,
        )
    if is_plural:
        after = f"with {compare} {said} {singular(col) if number == 1 else col}"
    elif measure.is_main and operator in (">", "<") and rng.random() < 0.5:
        after = f"{rng.choice(('over', 'above') if operator == '>' else ('under', 'below'))} {said}"
    else:
        after = rng.choice(
            (f"with {_a(col)}{col} {of_bound(compare)} {said}", f"whose {col} {_is(col)} {compare} {said}")
        )
        after = after
    return Condition(
        sql=f"{name} {operator} {plain_number(number)}", column=measure.column, is_number=True, after=after
    )


def _is(noun: str) -> str:
    return "are" if re.search(r"[^s]s( in stock)?$", noun) else "is"


def _a(noun: str) -> str:
    if re.search(r"[^s]s$|s in stock$|postage|customer satisfaction|csat|spending|satisfaction", noun):
        return ""
    return "an " if noun[0] in "aeio" else "a "


def of_bound(compare: str) -> str:
    """How a comparison stands right behind its noun: "of more than", "below"."""
    return f"of {compare}" if compare.startswith(("more", "less", "at", "no", "up")) else compare


def _between_condition(
    language: Language, measure: Measure, col: str, currency: str, rng: random.Random
) -> Condition | None:
    low, high = sorted(rng.sample(list(measure.bounds), 2))
    if low == high:
        return None
    said = amount_words(language, high, measure.unit, currency, rng)
    unit_free = (
        plain_number(low) if measure.unit != "percent" else amount_words(language, low, "percent", "", rng)
    )
    if language == "zh":
        return Condition(
            sql=f"{quote_name(measure.column)} BETWEEN {plain_number(low)} AND {plain_number(high)}",
            column=measure.column,
            is_number=True,
            zh=rng.choice((f"{col}在{unit_free}到{said}之间", f"{col}介于{unit_free}和{said}之间")),
            is_clause=True,
        )
    after = rng.choice(
        (
            f"with {_a(col)}{col} between {unit_free} and {said}",
            f"whose {col} {_is(col)} between {unit_free} and {said}",
        )
    )
    return Condition(
        sql=f"{quote_name(measure.column)} BETWEEN {plain_number(low)} AND {plain_number(high)}",
        column=measure.column,
        is_number=True,
        after=after,
    )


def _adjective_condition(language: Language, measure: Measure, rng: random.Random) -> Condition | None:
    number, said = rng.choice(measure.adjectives)
    words = said.words.of(language)
    if not words:
        return None
    word, sql = rng.choice(words), f"{quote_name(measure.column)} = {number}"
    if language == "zh":
        return Condition(sql=sql, column=measure.column, is_number=True, zh=word, is_clause=len(word) > 2)
    if "-" in word or " " not in word:
        return Condition(sql=sql, column=measure.column, is_number=True, before=word, after="")
    return Condition(sql=sql, column=measure.column, is_number=True, after=f"that are {word}")


def flag_condition(language: Language, flag: Flag, rng: random.Random) -> Condition | None:
    """A boolean column that holds or does not."""
    words = flag.en if language == "en" else flag.zh
    if not words:
        return None
    is_true = rng.random() < 0.6
    said = rng.choice(words)[0 if is_true else 1]
    sql = quote_name(flag.column) if is_true else f"NOT {quote_name(flag.column)}"
    if language == "zh":
        return Condition(sql=sql, column=flag.column, zh=said, is_clause=True)
    adjective = re.fullmatch(r"that are (\w+)", said)
    return Condition(sql=sql, column=flag.column, before=adjective[1] if adjective else None, after=said)


def missing_condition(language: Language, moment: Moment, rng: random.Random) -> Condition | None:
    """Something that has not happened yet, or has."""
    verb = moment.verb_en if language == "en" else moment.verb_zh
    if not moment.may_lack or verb is None:
        return None
    name = quote_name(moment.column)
    en: tuple[str, ...]
    zh: tuple[str, ...]
    if rng.random() < 0.6:
        sql, en = (
            f"{name} IS NULL",
            (f"that were never {verb}", f"that are not {verb} yet", f"not yet {verb}"),
        )
        zh = (f"还没{verb}", f"尚未{verb}", f"没有{verb}", f"未{verb}")
    else:
        sql, en = f"{name} IS NOT NULL", (f"that have been {verb}", f"that are already {verb}")
        zh = (f"已经{verb}", f"已{verb}", f"已经{verb}了")
    if language == "en":
        return Condition(sql=sql, column=moment.column, after=rng.choice(en))
    return Condition(sql=sql, column=moment.column, zh=rng.choice(zh), is_clause=True)


def against_condition(
    language: Language, left: Measure, right: Measure, rng: random.Random
) -> Condition | None:
    """One number of a row against another."""
    if not left.said.of(language) or not right.said.of(language):
        return None
    a, b = rng.choice(left.said.of(language)), rng.choice(right.said.of(language))
    operator, compare = comparison(language, rng, allowed=("<", ">"))
    sql = f"{quote_name(left.column)} {operator} {quote_name(right.column)}"
    if language == "zh":
        return Condition(sql=sql, column=left.column, is_number=True, zh=f"{a}{compare}{b}", is_clause=True)
    compare = rng.choice(
        ("above", "higher than", "greater than") if operator == ">" else ("below", "lower than", "less than")
    )
    after = rng.choice(
        (
            f"whose {a} {_is(a)} {compare} their {b}",
            f"with {_a(a)}{a} {compare} their {b}",
            f"where the {a} {_is(a)} {compare} the {b}",
        )
    )
    return Condition(sql=sql, column=left.column, is_number=True, after=after)


def predicate(after: str, *, is_plural: bool = True, is_past: bool = False) -> str | None:
    """What is said after a noun as a verb: "with two orders" → "have two orders"; ``None`` when it cannot.

    >>> predicate("in Germany"), predicate("with no orders"), predicate("from Germany", is_past=True)
    ('are in Germany', 'have no orders', 'came from Germany')
    """
    be = ("were" if is_plural else "was") if is_past else ("are" if is_plural else "is")
    have = "had" if is_past else "have" if is_plural else "has"
    if after.startswith(("with ", "without ")):
        rest = after.partition(" ")[2]
        return f"{have} {rest}" if after.startswith("with ") else f"{have} no {rest.removeprefix('any ')}"
    if after.startswith("for ") and not is_past:  # "customers that are for Berlin"
        return None
    if after.startswith("that "):
        rest = after.removeprefix("that ")
        return rest if is_plural or not re.match("(are|were|have)", rest) else None
    if after.startswith(("from ", "coming from ")):
        rest = after.rpartition("from ")[2]
        return f"{'came' if is_past else 'come' if is_plural else 'comes'} from {rest}"
    if after.startswith(
        (
            "in ",
            "via ",
            "through ",
            "on ",
            "paid ",
            "supplied ",
            "about ",
            "for ",
            "due ",
            "over ",
            "above ",
            "under ",
            "below ",
            "not yet ",
            "written ",
            "concerning ",
        )
    ):
        return f"{be} {after}"
    return None


# --- typing ----------------------------------------------------------------------------------------------


def typed(
    question: str,
    language: Language,
    kept: Sequence[str],
    rng: random.Random,
    *,
    is_exact: bool = False,
    is_first: bool = True,
) -> str:
    """The question as somebody types it: courtesy, letter case, slips; ``kept`` words have no slip.

    ``is_exact``: a part of it is looked for as it stands, so that its letter case stays. ``is_first``: it
    opens the talk, so that a greeting may stand before it.
    """
    around = phrases()["around"][language]
    if rng.random() < 0.06 and is_first:
        before = rng.choice(around["before"])
        if before != "请问" or re.search("多少|哪|什么|吗|几|？", question):
            question = before + question
    if rng.random() < 0.05:
        question = question.rstrip("?？") + rng.choice(around["after"])
    if rng.random() < 0.3:
        question = question.rstrip("?？")
    if language == "zh":
        return _typed_zh(question, rng)
    if rng.random() < 0.07:
        question = _with_slip(question, kept, rng)
    if rng.random() < 0.2 and not is_exact:
        return question.lower()
    return question[0].upper() + question[1:] if rng.random() < 0.55 else question


def _typed_zh(question: str, rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.25:
        question = question.replace("？", "?")
    elif draw < 0.4:
        question = question.replace("，", " ")
    elif draw < 0.5:
        question = question.replace("，", ",")
    if rng.random() < 0.35:  # a space between Chinese and Latin letters, as many editors put it
        question = re.sub(r"(?<=[一-鿿])(?=[A-Za-z])|(?<=[A-Za-z])(?=[一-鿿])", " ", question)
    return re.sub(r"\s+([?？,，])", r"\1", question).strip()


def _with_slip(question: str, kept: Sequence[str], rng: random.Random) -> str:
    """One word with two letters swapped, one left out or one twice."""
    held = {w.lower() for k in kept for w in re.findall(r"[A-Za-z]+", k)}
    words = [m for m in re.finditer(r"(?<![A-Za-z])[a-z]{5,}(?![A-Za-z])", question) if m[0] not in held]
    if not words:
        return question
    match = rng.choice(words)
    word, at = match[0], rng.randint(1, len(match[0]) - 2)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    )
    return question[: match.start()] + rng.choice(slips) + question[match.end() :]


def value_words(value: SaidValue, language: Language) -> str:
    """The plainest word for a value, or nothing."""
    words = value.words.of(language)
    return words[0] if words else ""
