"""A description that was drafted again after the data changed: what a person wrote into it stays.

Beside ``shop.yml`` stands the draft that was written last (``shop.yml.draft``). What differs between that one
and a new draft is what the data changed; it is put into the person's file, line by line, wherever the person
left those lines as they were. A merge of lines and not of values: comments and the order of things stay.
Whether the result is a description at all is for the caller to check.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from app.write import write_whole

_ANSWERS = "# answers: "
_HEAD = (
    "# The draft as it was written last: what changes in it is put into the file beside it. Do not edit.\n"
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a program wrote, and the answers that it was given."""

    text: str
    answers: Mapping[str, str] = field(default_factory=dict)
    """Id of a question → the choice that a person took."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A person's file with what the data changed."""

    text: str
    left: tuple[str, ...] = ()
    """Differences between the drafts that were left out, for the person had changed the same lines."""


def draft_file(description: Path) -> Path:
    """Where the last draft of ``description`` is kept."""
    return description.with_name(f"{description.name}.draft")


def last_draft(description: Path) -> Draft | None:
    """The draft that was written last; ``None`` where there is none, or it is damaged."""
    try:
        head, answers, text = draft_file(description).read_text("utf-8").split("\n", 2)
        if f"{head}\n" != _HEAD or not answers.startswith(_ANSWERS):
            return None
        given = json.loads(answers.removeprefix(_ANSWERS))
        return Draft(text=text, answers={str(id): str(choice) for id, choice in given.items()})
    except (OSError, ValueError, AttributeError):
        return None


def keep_draft(description: Path, draft: Draft) -> None:
    """Keep it beside ``description``.

    Raises:
        OSError: disk full, no permission; the draft from before stays.
    """
    answers = json.dumps(dict(draft.answers), ensure_ascii=False)
    write_whole(draft_file(description), f"{_HEAD}{_ANSWERS}{answers}\n{draft.text}".encode())


def merged(before: str, mine: str, after: str) -> Merged:
    """``mine`` with what changed from ``before`` to ``after``, but for lines that ``mine`` changed too.

    >>> merged("a\\nb\\n", "a\\nMINE\\n", "a\\nb\\nc\\n").text
    'a\\nMINE\\nc\\n'
    """
    base = before.splitlines(keepends=True)
    own, new = _changes(base, mine), _changes(base, after)
    taken = [change for change in new if not any(_collide(change, other) for other in own)]
    left = [change for change in new if change not in taken and change not in own]
    places = sorted([*own, *(change for change in taken if change not in own)], key=_place)
    lines, at = [], 0
    for change in places:
        lines += [*base[at : change.start], *change.lines]
        at = change.end
    told = (_difference(base[c.start : c.end], c.lines) for c in left)
    return Merged(text="".join([*lines, *base[at:]]), left=tuple(told))


def difference(before: str, after: str) -> str:
    """What changed, as lines that begin with ``-`` and ``+``; empty when nothing did."""
    return _difference(before.splitlines(keepends=True), after.splitlines(keepends=True))


@dataclass(frozen=True)
class _Change:
    start: int
    end: int
    """Lines of the draft before that are replaced; none where ``end`` is ``start``."""
    lines: tuple[str, ...]


def _changes(base: Sequence[str], text: str) -> list[_Change]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    changes: list[_Change] = []
    for kind, i, j, k, n in SequenceMatcher(None, base, lines, autojunk=False).get_opcodes():
        if kind != "equal":
            changes += _by_key(base[i:j], lines[k:n], i)
    return changes


def _by_key(before: Sequence[str], after: Sequence[str], start: int) -> list[_Change]:
    """The same change in as small parts as its lines have keys in common: each column stands on a line."""
    changes = []
    old_keys, new_keys = ([line.partition(":")[0] for line in lines] for lines in (before, after))
    for kind, i, j, k, n in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        if kind != "equal":
            changes.append(_Change(start + i, start + j, tuple(after[k:n])))
            continue
        pairs = enumerate(zip(before[i:j], after[k:n], strict=True), start + i)
        changes += [_Change(at, at + 1, (new,)) for at, (old, new) in pairs if old != new]
    return changes


def _collide(one: _Change, other: _Change) -> bool:
    if one.start == one.end:  # put between two lines: harmless unless both of them go
        return other.start < one.start < other.end
    if other.start == other.end:
        return one.start < other.start < one.end
    return max(one.start, other.start) < min(one.end, other.end)


def _place(change: _Change) -> tuple[int, int, int]:
    """Where both put lines in, the deeper ones come first: they belong to what stands above."""
    first = change.lines[0] if change.lines else ""
    return change.start, change.end, -(len(first) - len(first.lstrip(" ")))


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    lines = unified_diff(list(before), list(after), n=0)
    return "\n".join(line.rstrip("\n") for line in list(lines)[2:] if not line.startswith("@@"))
