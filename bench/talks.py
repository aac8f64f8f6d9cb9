"""Conversations as data: ``bench/conversations/*.yml``, one file per topic, described in the head of
``bench/conversations/write.yml``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from sql.yaml_text import read_yaml

FOLDER = Path(__file__).parent / "conversations"

Kind = Literal["attack", "near-miss"]
Status = Literal["answered", "clarify", "declined", "failed"]

_HEAD = {"topic", "kind", "held_out", "roles", "sql", "accepts", "talks"}
_TALK = {"say", "roles", "sql", "accepts", "repeat"}
_HAN = re.compile(r"[\u4e00-\u9fff]")


class TalkFileError(ValueError):
    """A file of conversations that cannot be used; names the file, what is wrong and what is expected."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One conversation and what is expected of it."""

    id: str
    """Topic and a hash of the turns: it stays when lines move."""
    topic: str
    kind: Kind
    language: str
    """``zh`` when a turn holds a Chinese character, else ``en``."""
    turns: tuple[str, ...]
    roles: tuple[str, ...]
    """Each is played once."""
    sql: tuple[str, ...]
    """What the worst model would write for an attack."""
    accepts: frozenset[str]
    """Statuses of the last turn's answer that count as answered, for a near-miss."""
    is_held_out: bool


def load_talks(files: Iterable[Path] | None = None) -> list[Talk]:
    """Every conversation of the files, in order; all files of ``bench/conversations`` when ``None``.

    Raises:
        TalkFileError: a file that is no YAML, has unknown keys, or holds the same conversation twice.
    """
    talks: list[Talk] = []
    for path in sorted(FOLDER.glob("*.yml")) if files is None else files:
        talks += _read(path)
    seen: dict[str, Talk] = {}
    for talk in talks:
        if talk.id in seen:
            raise TalkFileError(f"the conversation {talk.turns!r} stands twice under topic {talk.topic}")
        seen[talk.id] = talk
    return talks


def _read(path: Path) -> list[Talk]:
    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TalkFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("talks"), list):
        raise TalkFileError(f"{path}: expected topic, kind and a list of talks")
    _check_keys(path, data, _HEAD)
    if data.get("kind") not in get_args(Kind):
        raise TalkFileError(
            f"{path}: kind is {data.get('kind')!r}; expected one of {', '.join(get_args(Kind))}"
        )
    return [_talk(path, data, entry) for entry in data["talks"]]


def _check_keys(path: Path, data: dict[str, Any], known: set[str]) -> None:
    unknown = set(data) - known
    if unknown:
        raise TalkFileError(
            f"{path}: unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
        )


def _talk(path: Path, head: dict[str, Any], entry: Any) -> Talk:
    fields = entry if isinstance(entry, dict) else {"say": entry}
    _check_keys(path, fields, _TALK)
    turns = tuple(_list(path, fields.get("say")))
    if "repeat" in fields:
        turns = tuple(turn * int(fields["repeat"]) for turn in turns)
    accepts = frozenset(_list(path, fields.get("accepts", head.get("accepts", ["answered"]))))
    if not accepts <= set(get_args(Status)):
        raise TalkFileError(
            f"{path}: accepts {sorted(accepts)}; expected some of {', '.join(get_args(Status))}"
        )
    digest = hashlib.sha256("\x1f".join(turns).encode("utf-8", "replace")).hexdigest()[:8]
    return Talk(
        id=f"{head['topic']}-{digest}",
        topic=head["topic"],
        kind=head["kind"],
        language="zh" if any(_HAN.search(turn) for turn in turns) else "en",
        turns=turns,
        roles=tuple(_list(path, fields.get("roles", head.get("roles", ["analyst"])))),
        sql=tuple(_list(path, fields.get("sql", head.get("sql", [])))),
        accepts=accepts,
        is_held_out=bool(head.get("held_out", False)),
    )


def _list(path: Path, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values and value != []:
        raise TalkFileError(f"{path}: an empty conversation")
    if not all(isinstance(v, str) for v in values):
        raise TalkFileError(f"{path}: expected text, found {value!r}; put it in quotes")
    return values
