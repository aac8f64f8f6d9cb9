"""The corpus of tricks, ``tests/sql/tricks/*.txt``: one trick a line, as the head of each file says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sql.types import Dialect

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "sql" / "tricks"
FOUND = "found.txt"
"""Where the mutator writes what it finds."""
DIALECTS: tuple[Dialect, ...] = ("duckdb", "sqlite", "postgres", "mysql")
ROLES = ("owner", "analyst", "china", "regional", "counts")
Verdict = Literal["refuse", "allow", "harmless"]

_ESCAPE = re.compile(r"\\(\\|[nrt0]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_REPEAT = re.compile(r"\{(\d+)\*([^}]*)\}")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}


class TrickError(Exception):
    """A line of the corpus that cannot be used: file, line, and what was expected."""


@dataclass(frozen=True, kw_only=True)
class Trick:
    """One line of the corpus."""

    dialects: tuple[Dialect, ...]
    roles: tuple[str, ...]
    verdict: Verdict
    statement: str
    """With its escapes undone; ``{FOLDER}`` and ``{PORT}`` still stand in it."""
    place: str
    """File and line."""


def read_tricks(folder: Path = FOLDER) -> tuple[Trick, ...]:
    """Every trick of the corpus, in the order of files and lines.

    Raises:
        TrickError: a line that is not ``DIALECTS | ROLES | VERDICT | STATEMENT``.
    """
    found: list[Trick] = []
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip() and not line.startswith("#"):
                found.append(parse_line(line, f"{path.name}:{number}"))
    return tuple(found)


def parse_line(line: str, place: str) -> Trick:
    """One line of the corpus; see ``read_tricks``."""
    parts = line.split(" | ", 3)
    if len(parts) != 4:
        raise TrickError(f"{place}: expected DIALECTS | ROLES | VERDICT | STATEMENT, found {line!r}")
    dialects, roles, verdict, statement = parts
    return Trick(
        dialects=tuple(d for d in DIALECTS if d in _choice(dialects, "all", DIALECTS, "dialect", place)),
        roles=tuple(_choice(roles, "any", ROLES, "role", place)),
        verdict=_verdict(verdict.strip(), place),
        statement=unescape(statement),
        place=place,
    )


def _choice(text: str, every: str, known: Sequence[str], what: str, place: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if names == [every]:
        return list(known)
    for name in names:
        if name not in known:
            raise TrickError(
                f"{place}: {name!r} is no {what}; expected {every} or some of {', '.join(known)}"
            )
    return names


def _verdict(text: str, place: str) -> Verdict:
    if text == "refuse":
        return "refuse"
    if text == "allow":
        return "allow"
    if text == "harmless":
        return "harmless"
    raise TrickError(f"{place}: the verdict is refuse, allow or harmless, not {text!r}")


def unescape(text: str) -> str:
    r"""``text`` with ``\n \r \t \0 \\ \xHH \uHHHH \UHHHHHHHH`` and ``{3*x}`` written out.

    >>> unescape(r"a\nb{3*-}\'")
    "a\nb---\\'"
    """

    def character(match: re.Match[str]) -> str:
        code = match.group(1)
        return _SHORT.get(code) or ("\0" if code == "0" else chr(int(code[1:], 16)))

    written = _REPEAT.sub(lambda match: match.group(2) * int(match.group(1)), text)
    return _ESCAPE.sub(character, written)


def escape(statement: str) -> str:
    r"""The inverse of ``unescape``: one line that stands for ``statement``.

    >>> unescape(escape("a\n\\n\0\u200b{3*x}")) == "a\n\\n\0\u200b" + "xxx"
    True
    """
    found = []
    for c in statement.replace("\\", "\\\\"):
        is_plain = c.isprintable() and c not in "\u2028\u2029\x85"
        code = ord(c)
        found.append(c if is_plain else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join(found)


def add_trick(dialect: Dialect, role: str, statement: str, why: str, folder: Path = FOLDER) -> str:
    """Append a statement that tripped a wire to ``found.txt``; returns the line."""
    path = folder / FOUND
    line = f"{dialect} | {role} | harmless | {escape(statement)}"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in text.split("\n"):
        note = " ".join(escape(why).split())[:160]
        path.write_text(f"{text.rstrip(chr(10))}\n# {note}\n{line}\n", encoding="utf-8")
    return line
