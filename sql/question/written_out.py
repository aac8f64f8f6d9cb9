"""English messages typed in a hurry, with the words that ask written out: "how mny sold this yr".

Names are left as they are typed: linking finds those of the shop. Only the words that ask, such as "between"
and "year", must be read right. A word with a capital inside a sentence may be somebody's name, and a part of
an address, a number or a quotation is no word.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from sql.question.words import NUMBER_WORDS, SHAPE_WORDS, STOP_WORDS, root

SHORT = {
    "yr": "year", "yrs": "years", "mth": "month", "mths": "months", "mnth": "month", "mnths": "months",
    "wk": "week", "wks": "weeks", "qtr": "quarter", "qtrs": "quarters", "prev": "previous", "btwn": "between",
    "yest": "yesterday", "yday": "yesterday", "pct": "percent",
    "w/o": "without", "tot": "total", "mny": "many", "hw": "how", "hwo": "how", "teh": "the", "hte": "the",
    "fo": "of", "adn": "and", "nad": "and", "ot": "to", "waht": "what", "whcih": "which", "wehn": "when",
    "befor": "before", "shwo": "show", "lsit": "list", "thsi": "this", "tihs": "this", "frm": "from",
    "evry": "every", "eahc": "each", "yaer": "year", "yera": "year", "mnoth": "month", "motnh": "month",
    "lst": "last", "wekk": "week", "weke": "week", "yesturday": "yesterday",
    **{f"{a}{unit}": f"{a} {unit}" for a in ("last", "this") for unit in ("week", "month", "year")},
}  # fmt: skip
"""What stands for one word that asks, as it is typed."""
_LONG = (
    "average", "before", "between", "compare", "compared", "growth", "highest", "lowest",
    "median", "month", "monthly", "months", "number", "percent", "percentage", "previous", "quarter",
    "quarterly", "quarters", "weekly", "without", "yesterday", "thousand", "hundred", "million",
    "biggest", "busiest", "cheapest", "earliest", "fastest", "largest", "latest", "longest", "newest",
    "oldest", "shortest", "slowest", "smallest",
)  # fmt: skip
"""Words of which one letter may be wrong, left out, doubled or changed round."""
_ROOTS = frozenset(map(root, _LONG))
_REAL = frozenset([
    "mouth", "moth", "moths", "mouths", "medina", "largess", "latent", "fattest", "oddest", "bushiest",
    "bustiest", "lamest", "laxest",
])  # fmt: skip
"""Words that are one letter from those, and are words."""
LEAST_LETTERS = 5
_POSSESSIVE = re.compile(
    r"\b(yesterday|today|tomorrow"
    r"|(?<!the )(?:this|last|next|previous) (?:week|month|quarter|year))s\b(?=\s+[a-z])",
    re.IGNORECASE,
)
"""An apostrophe left out: last months sales."""
_WORD = re.compile(
    r"""(?<![\w@./:=#&+'’"“-])(?:w/o|[a-z]+(?:['’][a-z]+)?)(?![\w@/:=#&+'’"”-]|\.\w)""",
    re.IGNORECASE | re.ASCII,
)


def written_out(message: str, is_name: Callable[[str], bool]) -> str:
    """``message`` with words that ask in full and in the dictionary's spelling.

    Args:
        is_name: whether a word in small letters is the shop's own, and stays.

    >>> written_out("how mny orders this yr, compred with last yr", lambda word: False)
    'how many orders this year, compared with last year'
    """

    def full(match: re.Match[str]) -> str:
        word = match[0].lower()
        is_inside = message[: match.start()].strip() != ""
        if is_name(word) or match[0].isupper() or (is_inside and match[0][0].isupper()):
            return match[0]
        return SHORT.get(word) or _right(word) or match[0]

    return _POSSESSIVE.sub(r"\1's", _WORD.sub(full, message))


def _right(word: str) -> str | None:
    is_word = word in STOP_WORDS | SHAPE_WORDS or word in NUMBER_WORDS or word in _REAL
    if len(word) < LEAST_LETTERS or is_word or root(word) in _ROOTS:
        return None
    near = process.extract(word, _LONG, scorer=OSA.distance, score_cutoff=1, limit=2)
    fits = [right for right, _, _ in near if right[0] == word[0]]
    return fits[0] if len(fits) == 1 else None
