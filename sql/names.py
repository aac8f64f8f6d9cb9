"""How names and texts are written in each dialect, how names are compared, and which are near a misspelt one.

The guard takes two names that differ in letter case only for the same, whatever the database does; it then
writes them in the database's own spelling, so that the database cannot read another one. Case is folded as
Unicode says for the comparison alone: a letter that merely looks like another, or folds to it, is written as
the statement had it and never reaches a table of the database (``sql.lock.rewrite`` writes tables' names
itself).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz, process
from sqlglot import exp

from sql.reserved import KEYWORDS
from sql.types import Dialect

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def key(name: str) -> str:
    """What two names have in common when the database may take them for the same."""
    return name.lower()


def is_plain(name: str) -> bool:
    """Whether ``name`` is made of ASCII letters, figures and underscores alone."""
    return _PLAIN.fullmatch(name) is not None


_CODED = "name_x"


def code(name: str) -> str:
    """A plain word for ``key(name)``: sqlglot parses names anew where it qualifies, and reads more in some.

    >>> code("Country"), decode(code("dash--Dash"))
    ('country', 'dash--dash')
    """
    found = key(name)
    if is_plain(found) and not found.startswith(_CODED):
        return found
    return _CODED + found.encode("utf-8", "surrogatepass").hex()


def decode(text: str) -> str:
    """``text``, with each word that ``code`` made as the name it stands for."""
    return re.sub(_CODED + r"((?:[0-9a-f]{2})+)", _decoded, text)


def _decoded(match: re.Match[str]) -> str:
    return bytes.fromhex(match[1]).decode("utf-8", "surrogatepass")


def needs_quotes(name: str, dialect: Dialect) -> bool:
    """Whether ``name`` without quotes could be read as something else, by the database or by us."""
    if not is_plain(name) or (dialect == "postgres" and name != name.lower()):
        return True
    return name.lower() in KEYWORDS[dialect]


def identifier(name: str, dialect: Dialect) -> exp.Identifier:
    """``name`` as a node that prints in quotes where it needs them to be read back as it is."""
    return exp.to_identifier(name, quoted=needs_quotes(name, dialect))


@lru_cache(maxsize=4096)
def quoted(name: str, dialect: Dialect) -> str:
    """``name`` as it must be written in a statement, in quotes where it needs them."""
    return identifier(name, dialect).sql(dialect=dialect)


def literal(text: str, dialect: Dialect) -> str:
    """``text`` as a statement writes it; in MariaDB a backslash has a meaning of its own there."""
    return exp.Literal.string(text).sql(dialect=dialect)


def near_names(name: str, known: Iterable[str]) -> str:
    """``; near: a, b`` for the names that are written almost like ``name``, else nothing."""
    choices = sorted(set(known))
    found = process.extract(name, choices, scorer=fuzz.WRatio, processor=str.lower, limit=3, score_cutoff=70)
    return f"; near: {', '.join(choice for choice, _, _ in found)}" if found else ""
