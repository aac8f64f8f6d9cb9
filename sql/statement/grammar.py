"""Names and texts as SQL spells them, and as a grammar (llguidance's dialect of Lark) quotes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sql.question.words import words


def quote_text(value: str) -> str:
    """``value`` as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def number_text(value: float) -> str:
    """``value`` as SQL writes it: whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(value)


_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = words(
    """
    all analyze and any array as asc both by case cast check collate column constraint create cross
    current_date default desc distinct do else end except exists fetch filter for foreign from full glob
    grant group having if in index inner insert intersect into is isnull join key lateral leading left like
    limit natural not notnull null offset on only or order outer over partition pivot primary qualify range
    references replace returning right rows select set some table then to trailing transaction trigger union
    unique unpivot update user using values view when where window with date time timestamp year month day
    hour minute second match rank
    """
)


def quote_name(name: str) -> str:
    """``name`` as SQL writes it: bare when it is a plain word, else in double quotes.

    >>> quote_name("unit_price"), quote_name("First Name"), quote_name("order")
    ('unit_price', '"First Name"', '"order"')
    """
    if _PLAIN_NAME.match(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


# --- Lark ------------------------------------------------------------------------------------------------


def lark_text(value: str) -> str:
    """A Lark string literal: JSON's escapes are understood by llguidance."""
    return json.dumps(value, ensure_ascii=False)


def lark_choice(values: Iterable[str]) -> str:
    """Lark alternatives, each once."""
    return " | ".join(lark_text(v) for v in dict.fromkeys(values))
