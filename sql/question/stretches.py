"""What a question says that a statement may repeat: stretches of its words, its numbers, its periods."""

from __future__ import annotations

import datetime as dt
import re

from sql.question.linking import Links
from sql.question.periods import zh_number
from sql.question.words import NUMBER_WORDS, STOP_WORDS, WORD, is_chinese

MAX_WORDS = 6
"""Longest stretch of the question, in words, that may be a value."""
_MAX_NUMBER = 1e12
_DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_IN_WORDS = {"half": 0.5, "once": 1.0, "twice": 2.0, "double": 2.0, "dozen": 12.0, "一半": 0.5}
_WORD = re.compile(r"[A-Za-z]+|一半|[零一二两三四五六七八九十百千万]+")
_PERCENT = re.compile(r"%|％|per ?cent|\bpct\b|百分", re.I)


def question_stretches(question: str) -> list[str]:
    """Stretches of up to ``MAX_WORDS`` words that begin and end with a telling one, and quoted texts."""
    found: dict[str, None] = {}
    for m in re.finditer(r"[\"“「'‘]([^\"”」'’]{1,80})[\"”」'’]", question):
        found[m[1].strip()] = None
    spans = [(m.start(), m.end()) for m in WORD.finditer(question)]
    for first in range(len(spans)):
        for last in range(first, min(first + MAX_WORDS, len(spans))):
            text = question[spans[first][0] : spans[last][1]]
            ends = (question[slice(*spans[first])], question[slice(*spans[last])])
            is_telling = all(w.casefold() not in STOP_WORDS or (len(w) == 1 and w.isupper()) for w in ends)
            if len(text) <= 80 and (is_chinese(text) or is_telling):
                found[text] = None
    return list(found)


def numbers_in(links: Links) -> tuple[float, ...]:
    """The numbers that a question names, in digits or in words; with "percent" their hundredths too."""
    found = [number.value for number in links.numbers]
    found += [float(m[0].replace(",", "")) for m in _DIGITS.finditer(links.question)]
    for m in _WORD.finditer(links.question):
        word = m[0].casefold()
        value = _IN_WORDS.get(word, NUMBER_WORDS.get(word, zh_number(word)))
        if value is not None:
            found.append(float(value))
    if _PERCENT.search(links.question):
        found = [each for value in found for each in (value, round(value / 100, 6))]
    return tuple(dict.fromkeys(value for value in found if value < _MAX_NUMBER))


def mask(links: Links, *, names: bool = True) -> str:
    """The question with periods, values and (if ``names``) linked names blanked out, of the same length."""
    letters = list(links.question)
    spans = [(m.start, m.end) for m in links.mentions if names or m.kind == "value"]
    spans += [(p.first, p.last) for p in links.periods]
    for start, end in spans:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def days_in(links: Links) -> tuple[dt.date, ...]:
    """The first and the next day of each period that a question names."""
    found = [day for p in links.periods for day in (p.start, p.end)]
    return tuple(dict.fromkeys(day for day in found if 1 < day.year < 9999))
