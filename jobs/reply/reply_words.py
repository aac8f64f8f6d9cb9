"""What asks for a reply: a letter to answer, an order, the language; and what a follow-up changes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from bot.job import Claim, Strength, Understood
from bot.parameters import Parameter, Said, Unreadable
from jobs.order_card import order_cues as cues
from jobs.order_card.order_letters import is_letter
from jobs.order_card.order_replies import LANGUAGE as LANGUAGE_CUE
from jobs.order_card.order_replies import split_request
from jobs.order_card.order_words import OrderNumbers, references
from sql.question.linking import Links, Vocabulary

NAME = "reply"
_BY_NAME = re.compile(rf"(?i){NAME}(?:\s+[a-z_]+\s?=.*)?")
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')


def claims(understood: Understood) -> Claim | None:
    """Requests for a reply; the letter in one is somebody else's and orders nothing."""
    question = understood.standalone
    request = split_request(question)
    if request is None:
        return None
    strength = Strength.GIVEN if request.letter else Strength.SAID
    return Claim(strength=strength, reason="reply")


def picks_up(previous: str, message: str) -> str | None:
    """ "Reply to it" after an order's card or a letter → the whole request with that order or letter."""
    request = split_request(message)
    if request is None or request.letter or references(message):
        return None
    code, is_chinese = _code_in(message), cues.HAN.search(message) is not None
    if is_letter(previous) and split_request(previous) is None:
        return _asked(code, "", previous, is_chinese=is_chinese)
    numbers = _numbers(previous)
    return _asked(code, numbers, "", is_chinese=is_chinese) if numbers else None


def follow(previous: str, message: str) -> str | None:
    """After a draft: another order's number, another language, or "again"."""
    before = split_request(previous)
    if before is None or _BY_NAME.fullmatch(previous):
        return None
    code, numbers = _code_in(before.head), _numbers(before.head)
    again = split_request(message)
    if bare := cues.BARE.fullmatch(message):
        numbers = ", ".join(cues.EACH.findall(bare["list"]))
    elif _language_alone(message) is not None:
        code = _code_in(message)
    elif again is None or again.letter:
        return None
    else:
        code, numbers = _code_in(message) or code, _numbers(message) or numbers
    is_chinese = cues.HAN.search(message if cues.WORD.search(message.lower()) else before.head + message)
    return _asked(code, numbers, before.letter, is_chinese=is_chinese is not None)


def _asked(code: str, numbers: str, letter: str, *, is_chinese: bool) -> str:
    """A whole request in words."""
    if is_chinese:
        head = f"用{language_name(code, 'zh')}写一个回复" if code else "写一个回复"
        head += f"（订单 {numbers.replace(', ', '、')}）" if numbers else ""
        return f"{head}：{letter}" if letter else head
    head = f"Draft a reply in {language_name(code, 'en')}" if code else "Draft a reply"
    head += f" ({'orders' if ',' in numbers else 'order'} {numbers})" if numbers else ""
    return f"{head}: {letter}" if letter else head


def _numbers(text: str) -> str:
    return ", ".join(dict.fromkeys(each.text for each in references(text)))


def _code_in(head: str) -> str:
    """The code of the first language that a request names; empty for none."""
    codes = (code_of(match["en"] or match["zh"]) for match in LANGUAGE_CUE.finditer(head))
    return next((code for code in codes if code), "")


# ---- parameters -------------------------------------------------------------------------------------------


class LetterText:
    """A customer's letter."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: there are no words in it."""
        if not re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]", text):
            raise Unreadable(text)
        return text.strip()

    def expected(self, language: str) -> str:
        """In words."""
        return "顾客来信的原文" if language == "zh" else "the letter as it came"


class LanguageName:
    """A language by its name or its code."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The code; raises ``Unreadable``: no language is called so."""
        code = code_of(text)
        if code is None:
            raise Unreadable(text)
        return code

    def expected(self, language: str) -> str:
        """Examples."""
        return "语言，如 英语、德语或代码 en、de" if language == "zh" else "a language, such as German, or de"


def code_of(name: str) -> str | None:
    """The code of a language that is called so in English or Chinese."""
    told = name.strip().casefold()
    return _codes().get(told) or _codes().get(re.sub("文$", "语", told))


def language_name(code: str, language: str) -> str:
    """What a language is called in another."""
    from babel import Locale

    return str(Locale.parse("zh" if language == "zh" else "en").languages.get(code, code))


@cache
def _codes() -> Mapping[str, str]:
    from babel import Locale

    names = {
        name.casefold(): code
        for spoken in ("en", "zh")
        for code, name in Locale.parse(spoken).languages.items()
        if re.fullmatch("[a-z]{2,3}", code)
    }
    return {**names, **{code: code for code in names.values()}}


def _find_letter(links: Links) -> Said | None:
    request = split_request(links.question)
    if request is None or not request.letter or _BY_NAME.fullmatch(links.question):
        return None
    return Said(text=request.letter, start=request.start, end=len(links.question))


def _find_order(links: Links) -> Said | None:
    """Of the asker's own words; what the letter names is looked up where these name none."""
    request = split_request(links.question)
    text = request.head if request is not None else links.question
    if request is None and not cues.BARE.fullmatch(text):
        return None
    found = references(text)
    if not found:
        bare = cues.BARE.fullmatch(text)
        return Said(text=bare["list"], start=bare.start("list"), end=bare.end("list")) if bare else None
    at = links.question.find(text)
    numbers = ", ".join(dict.fromkeys(each.text for each in found))
    return Said(text=numbers, start=at + found[0].start, end=at + found[-1].end)


def _language_alone(text: str) -> re.Match[str] | None:
    """A message that names a language and says no more."""
    match = LANGUAGE_CUE.search(text)
    if match is None or code_of(match["en"] or match["zh"]) is None:
        return None
    rest = text[: match.start()] + text[match.end() :]
    return (
        match if re.fullmatch(r"(?i)[\W_]*(?:(?:and|now|please|then|那|请|改|用|以)[\W_]*)*", rest) else None
    )


def _find_language(links: Links) -> Said | None:
    request = split_request(links.question)
    text = request.head if request is not None else links.question
    if _BY_NAME.fullmatch(links.question):
        text = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), links.question)
    elif request is None and _language_alone(text) is None:
        return None
    at = links.question.find(text) if text in links.question else 0
    for match in LANGUAGE_CUE.finditer(text):
        code = code_of(match["en"] or match["zh"])
        if code is not None:
            return Said(text=code, start=at + match.start(), end=at + match.end())
    return None


MESSAGE = Parameter(
    name="message",
    about={"en": "the customer's letter", "zh": "顾客的来信"},
    kind=LetterText(),
    find=_find_letter,
    is_free_text=True,
)
ORDER = Parameter(
    name="order",
    about={"en": "which order, where the letter does not say it", "zh": "哪个订单（来信没有写明时）"},
    kind=OrderNumbers(),
    find=_find_order,
)
LANGUAGE = Parameter(
    name="language",
    about={"en": "the language of the reply", "zh": "用什么语言回复"},
    kind=LanguageName(),
    find=_find_language,
)
PARAMETERS = (MESSAGE, ORDER, LANGUAGE)
