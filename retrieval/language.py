"""The language of a short text, by its script.

Tells Chinese, Japanese, Korean and the rest apart. A text in plain Latin letters counts as English, because
the letters alone cannot tell it from Dutch; one with more than a few accented letters is left unknown.
"""

from __future__ import annotations

import re
import unicodedata

_LETTER = re.compile(r"[^\W\d_]")
_PLAIN = re.compile("[A-Za-z]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_ENGLISH_MIN_SHARE = 0.97
"""Of a text's letters that must be plain a to z; leaves room for "café" in a sentence."""
_HAN_WEIGHT = 3
"""One Chinese character says about as much as three Latin letters; brands and models are often Latin."""
_READ = 500
"""Characters that are looked at."""

NAMES = {
    "english": "en",
    "eng": "en",
    "英文": "en",
    "英语": "en",
    "chinese": "zh",
    "mandarin": "zh",
    "zho": "zh",
    "chi": "zh",
    "中文": "zh",
    "汉语": "zh",
    "german": "de",
    "french": "fr",
    "italian": "it",
    "spanish": "es",
    "dutch": "nl",
    "portuguese": "pt",
    "japanese": "ja",
    "korean": "ko",
}


def detect_language(text: str) -> str:
    """``zh``, ``ja``, ``ko``, ``en``, or an empty text when the script does not tell.

    >>> [detect_language(t) for t in ("Great sound", "音质很好 iPhone", "とても良い", "très déçu", "👍 5/5")]
    ['en', 'zh', 'ja', '', '']
    """
    text = unicodedata.normalize("NFKC", text[:_READ])
    if text.isascii():  # most English texts; a shortcut, not another rule
        return "en" if _PLAIN.search(text) else ""
    letters, plain = len(_LETTER.findall(text)), len(_PLAIN.findall(text))
    if letters == 0:
        return ""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    han = len(_HAN.findall(text))
    latin = letters - han
    if han * _HAN_WEIGHT > latin:
        return "zh"
    return "en" if plain >= _ENGLISH_MIN_SHARE * latin else ""


def language_code(value: str, text: str) -> str:
    """What a shop's language column says as a two-letter code; if it says nothing, the language of ``text``.

    >>> language_code("zh-TW", ""), language_code("English", ""), language_code("", "很好")
    ('zh', 'en', 'zh')
    """
    value = value.strip().lower()
    if value in NAMES:
        return NAMES[value]
    code = re.match(r"([a-z]{2})(?:[-_].*)?$", value)
    return code[1] if code else detect_language(text)
