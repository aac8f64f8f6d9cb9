"""What ``--user NAME=VALUE`` means: the asking user's attributes, which the rules of a role may name.

Whoever starts the command vouches for them: a surface that knows its users (a page behind a sign-in) passes
what it knows, never what the asker types into the chat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.errors import WrongUse
from sql.semantics import AttributeValue

EXPECTED = (
    "expected NAME=VALUE, such as store=Berlin, store_id=7 or country=Germany,France; quotes keep a value as "
    "it is: 'code=\"007,A\"'"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)')
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")


def parse_attributes(options: Sequence[str] | None) -> dict[str, AttributeValue]:
    """The attributes of repeated ``--user`` options.

    A value is a number when it is written as one (``7``, ``-2.5``; not ``007``, ``1e3``), else text. Commas
    make a list. Double quotes keep numbers and commas as text; a quote within is doubled.

    >>> parse_attributes(["store=Berlin", "ids=7,8", 'code="007"'])
    {'store': 'Berlin', 'ids': (7, 8), 'code': '007'}

    Raises:
        WrongUse: no name, no value, a name given twice, or quotes that do not end.
    """
    found: dict[str, AttributeValue] = {}
    for option in options or ():
        name, equals, text = option.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise WrongUse(f"--user is {option!r}; {EXPECTED}.")
        if name in found:
            raise WrongUse(f"--user names {name!r} twice; a list is written {name}=A,B.")
        items = _items(option, text)
        found[name] = items[0] if len(items) == 1 else items
    return found


def _items(option: str, text: str) -> tuple[str | int | float, ...]:
    items: list[str | int | float] = []
    position = 0
    while True:
        match = _ITEM.match(text, position)
        if match is None:
            raise WrongUse(f"--user is {option!r}, with quotes that do not end or do not begin; {EXPECTED}.")
        quoted, plain, comma = match.groups()
        if quoted is not None:
            items.append(quoted.replace('""', '"'))
        elif plain.strip():
            items.append(_value(plain.strip()))
        else:
            raise WrongUse(f"--user is {option!r}, with an empty value; {EXPECTED}.")
        position = match.end()
        if not comma:
            return tuple(items)


def _value(text: str) -> str | int | float:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
