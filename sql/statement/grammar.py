"""Names and texts as SQL spells them, and as a grammar (llguidance's dialect of Lark) quotes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sql.question.words import words
from sql.types import Dialect


def quote_text(value: str) -> str:
    """``value`` as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def number_text(value: float) -> str:
    """``value`` as SQL writes it: whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(value)


_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = words(
    """
    all alter analyze and any array as asc between both by case cast check collate column connect_by_root
    constraint create cross cube current_catalog current_date current_schema current_time
    current_timestamp current_user date day default desc describe distinct do drop else end except exists
    false fetch filter for force foreign from full glob grant group having hour if ilike in index inner
    insert install intersect interval into is isnull join key lambda lateral leading left like limit
    localtime localtimestamp lock map match minute month natural not notnull null offset on only or order
    outer over partition partitioned_by pivot positional primary qualify range rank recursive references
    regexp replace returning revoke right rlike rollback rollup rows second select session_user set some
    summarize table tablesample then time timestamp to trailing transaction trigger true uncache union
    unique unpivot update user using values variadic view when where window with xor year
    """
)


def quote_name(name: str) -> str:
    """``name`` as a statement writes it before it is known where it runs: a plain word, or in double quotes.

    The guard writes names as the database at hand must read them (``sql.names``).

    >>> quote_name("unit_price"), quote_name("First Name"), quote_name("order")
    ('unit_price', '"First Name"', '"order"')
    """
    if _PLAIN_NAME.match(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


def for_database(text: str, dialect: Dialect) -> str:
    """A statement that a grammar wrote, with the quotes of ``dialect``.

    MySQL takes ``"x"`` for a text, and a backslash in a text for the begin of another character.

    >>> for_database('SELECT "order date", 1 FROM "order"', "mysql")
    'SELECT `order date`, 1 FROM `order`'
    """
    if dialect != "mysql":
        return text

    def translated(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "'":
            return found.replace("\\", "\\\\")
        return "`" + found[1:-1].replace('""', '"').replace("`", "``") + "`"

    return _QUOTED.sub(translated, text)


# --- Lark ------------------------------------------------------------------------------------------------


def lark_text(value: str) -> str:
    """A Lark string literal: JSON's escapes are understood by llguidance."""
    return json.dumps(value, ensure_ascii=False)


def lark_choice(values: Iterable[str]) -> str:
    """Lark alternatives, each once."""
    return " | ".join(lark_text(v) for v in dict.fromkeys(values))
