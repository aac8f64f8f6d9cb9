"""YAML and JSON files of other semantic layers, as values that know their file and line.

Files are read as data: YAML's own types alone, no Jinja, no code.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sql.errors import ShopFileError
from sql.shop.layers.layer import Place
from sql.yaml_text import LOADER

MAX_BYTES = 50_000_000
"""Of one file: a compiled manifest of a large project has some ten megabytes."""
MAX_FILES = 5_000
MAX_NODES = 2_000_000
"""Values of one file, anchors counted each time they are used."""
MAX_DEPTH = 50
SKIPPED = frozenset(
    ["target", "dbt_packages", "dbt_modules", "node_modules", "logs", "site-packages", "venv"]
)
"""Folders of what is built or brought from elsewhere."""
YAML_FILES = (".yml", ".yaml")
SCRIPTS = (".js", ".ts", ".jinja")
_KEYS = re.compile(
    rb"^(?:semantic_models?|metrics?|models|saved_quer(?:ies|y)|cubes|views)[\"']?\s*:|^[\"']?\{%|^\s*\{%",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Item:
    """A value of a file: a mapping, a list, or a single one."""

    value: Any
    """``dict[str, Item]``, ``list[Item]``, a text, a number, a truth value or ``None``."""
    place: Place
    written: str = ""
    """A truth value as it is written: ``No`` may be meant as a text."""

    def fail(self, reason: str) -> NoReturn:
        """Say what is wrong here."""
        raise ShopFileError(self.place.path, self.place.line, reason)

    def get(self, key: str) -> Item:
        """What stands under ``key`` of a mapping; an empty value where nothing does."""
        if self.value is None:
            return Item(None, self.place)
        if not isinstance(self.value, dict):
            self.fail(f"expected a mapping (key: value), not {_shape(self)}")
        found: Item = self.value.get(key, Item(None, self.place))
        return found

    def has(self, key: str) -> bool:
        """Whether something stands under ``key``."""
        return self.get(key).value not in (None, "", [], {})

    def text(self, key: str) -> str:
        """The text or number under ``key``; empty where there is none."""
        found = self.get(key)
        if isinstance(found.value, dict | list):
            found.fail(f"{key} must be text, not {_shape(found)}")
        if isinstance(found.value, bool):
            return found.written or str(found.value).lower()
        return "" if found.value is None else str(found.value).strip()

    def needed(self, key: str, what: str) -> str:
        """The same, where it must be there."""
        return self.text(key) or self.fail(f"{what} needs {key}")

    def items(self, key: str) -> list[Item]:
        """The list under ``key``; empty where there is none."""
        found = self.get(key)
        if found.value is None:
            return []
        if not isinstance(found.value, list):
            found.fail(f"{key} must be a list, not {_shape(found)}")
        listed: list[Item] = found.value
        return listed

    def is_false(self, key: str) -> bool:
        """Whether ``key`` says no."""
        return self.get(key).value is False

    def is_true(self, key: str) -> bool:
        """Whether ``key`` says yes."""
        return self.get(key).value is True


def _shape(item: Item) -> str:
    if isinstance(item.value, dict):
        return "a mapping"
    return "a list" if isinstance(item.value, list) else f"{item.value!r}"


def read_documents(path: Path) -> list[Item]:
    """The documents of one file that are mappings.

    Raises:
        ShopFileError: it cannot be read, or is damaged; with the line.
    """
    raw = _bytes_of(path)
    if path.suffix.lower() == ".json":
        return [_of_json(path, raw)]
    try:
        nodes = list(yaml.compose_all(raw.decode("utf-8-sig"), Loader=LOADER))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ShopFileError(path, line, "the file is not UTF-8 text; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"this is not YAML: {error.problem or error}"
        raise ShopFileError(path, mark.line + 1 if mark else None, reason) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ShopFileError(path, None, f"this is not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise ShopFileError(path, None, "the file is nested too deeply") from error
    builder = _Builder(path)
    return [builder.document(node) for node in nodes if isinstance(node, yaml.MappingNode)]


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ShopFileError(path, None, f"the file has more than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ShopFileError(path, None, f"the file cannot be read: {error.strerror or error}") from error


def _of_json(path: Path, raw: bytes) -> Item:
    try:
        value = json.loads(raw)
    except UnicodeDecodeError as error:
        raise ShopFileError(path, None, "the file is not UTF-8 text; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ShopFileError(path, error.lineno, f"this is not JSON: {error.msg}") from error
    except RecursionError as error:
        raise ShopFileError(path, None, "the file is nested too deeply") from error
    place = Place(path=path)

    def wrapped(value: Any) -> Item:
        if isinstance(value, dict):
            return Item({str(k): wrapped(v) for k, v in value.items()}, place)
        return Item([wrapped(v) for v in value] if isinstance(value, list) else value, place)

    if not isinstance(value, dict):
        raise ShopFileError(path, 1, "expected a mapping (key: value)")
    return wrapped(value)


class _Builder:
    """Turns the nodes of one file into values."""

    def __init__(self, path: Path) -> None:
        self.path, self.nodes = path, 0
        self._sizes: dict[int, int] = {}

    def document(self, node: yaml.Node) -> Item:
        """The whole of a document; one that unfolds without end is refused before it is unfolded."""
        self._count(node, 0)
        return self.item(node, 0)

    def _count(self, node: yaml.Node, depth: int) -> int:
        """Nodes under ``node`` with every alias unfolded; each is walked once, however often it is used."""
        if (known := self._sizes.get(id(node))) is not None:
            return known
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            inner = node.value
        elif isinstance(node, yaml.MappingNode):
            inner = [value for _, value in node.value]
        size = 1 if depth <= MAX_DEPTH else MAX_NODES + 1  # also where an alias stands within its own anchor
        for each in inner if size <= MAX_NODES else ():
            size += self._count(each, depth + 1)
        if size > MAX_NODES:
            self._refuse(node)
        self._sizes[id(node)] = size
        return size

    def _refuse(self, node: yaml.Node) -> NoReturn:
        line = node.start_mark.line + 1
        raise ShopFileError(self.path, line, "the file unfolds without end; use fewer anchors (&)")

    def item(self, node: yaml.Node, depth: int) -> Item:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            self._refuse(node)
        place = Place(path=self.path, line=node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return Item([self.item(each, depth + 1) for each in node.value], place)
        if isinstance(node, yaml.MappingNode):
            return Item(self._mapping(node, depth), place)
        return Item(self._scalar(node), place, node.value if isinstance(node, yaml.ScalarNode) else "")

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Item]:
        found: dict[str, Item] = {}
        merged: dict[str, Item] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    inner = self.item(each, depth + 1).value
                    merged = (inner if isinstance(inner, dict) else {}) | merged
            elif isinstance(key, yaml.ScalarNode):
                found[key.value] = self.item(value, depth + 1)
        return {**merged, **found}

    def _scalar(self, node: yaml.Node) -> Any:
        assert isinstance(node, yaml.ScalarNode)
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() in ("true", "yes", "on")
        return node.value  # numbers and dates as they are written


def layer_files(path: Path) -> tuple[list[Path], list[Path]]:
    """The files of a project that may define something, and its scripts; all in order of their names.

    Raises:
        ShopFileError: there is no such file or folder, or it holds too many files.
    """
    if path.is_file():
        return ([path], []) if path.suffix.lower() not in SCRIPTS else ([], [path])
    if not path.is_dir():
        raise ShopFileError(path, None, "there is no such file or folder")
    documents, scripts = [], []
    for found in _walk(path):
        suffix = found.suffix.lower()
        if suffix in SCRIPTS:
            scripts.append(found)
        elif suffix in YAML_FILES and _KEYS.search(_bytes_of(found)):
            documents.append(found)
        if len(documents) + len(scripts) > MAX_FILES:
            raise ShopFileError(path, None, f"the folder holds more than {MAX_FILES:,} files; name one in it")
    return documents, scripts


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith("."))
        yield from (Path(root) / name for name in sorted(names) if not name.startswith("."))
