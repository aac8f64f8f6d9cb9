"""Which data files make which tables.

A file is a table named like it. In a folder every file is a table, and every folder in it that holds data
files directly is one table made of all of them. A pattern (``sales-*.csv``) is one table when all its files
have the same kind, else one table per file.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sql.errors import DatabaseUnavailable

Kind = Literal["csv", "parquet", "json", "excel", "zip"]

_KINDS: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".csv.gz": "csv",
    ".tsv.gz": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".zip": "zip",
}
KNOWN_ENDINGS = tuple(_KINDS)
ENDINGS = ", ".join(KNOWN_ENDINGS)


@dataclass(frozen=True)
class DataFile:
    """One file of a known kind."""

    path: Path
    kind: Kind
    name: str = ""
    """What it is called, where that is not its path's name."""

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.name or self.path.name


def data_file(path: Path, name: str = "") -> DataFile | None:
    """``path`` when its ending (that of ``name``, where it is called otherwise) is known and it is a file."""
    called = (name or path.name).lower()
    kind = next((kind for ending, kind in _KINDS.items() if called.endswith(ending)), None)
    return DataFile(path, kind, name) if kind is not None and path.is_file() else None


def find_tables(location: str) -> dict[str, list[DataFile]]:
    """Table name → its files, all of one kind, in the order of their names.

    Raises:
        DatabaseUnavailable: nothing there, or no file of a known kind.
    """
    path = Path(location)
    if path.is_file():
        file = data_file(path)
        if file is None:
            raise DatabaseUnavailable(f"{path} is not a data file; endings that can be read: {ENDINGS}")
        return {table_name(path): [file]}
    if path.is_dir():
        return _folder_tables(path)
    if glob.has_magic(location):
        return _pattern_tables(location)
    raise DatabaseUnavailable(f"{path} does not exist; nothing was opened. Check the path in shop.yml.")


def _folder_tables(folder: Path) -> dict[str, list[DataFile]]:
    tables: dict[str, list[DataFile]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        files = _files_in(path) if path.is_dir() else [f for f in [data_file(path)] if f]
        for kind in sorted({file.kind for file in files}):
            tables[free_name(table_name(path), tables)] = [f for f in files if f.kind == kind]
    if not tables:
        raise DatabaseUnavailable(f"{folder} holds no data files; endings that can be read: {ENDINGS}")
    return tables


def _pattern_tables(pattern: str) -> dict[str, list[DataFile]]:
    found = [data_file(Path(match)) for match in sorted(glob.glob(pattern, recursive=True))]
    files = [file for file in found if file is not None]
    if not files:
        raise DatabaseUnavailable(f"no data file matches {pattern}; endings that can be read: {ENDINGS}")
    if len(files) > 1 and len({file.kind for file in files}) == 1:
        fixed = re.split(r"[*?\[]", Path(pattern).name)[0].rstrip("-_. ")
        return {fixed or files[0].path.parent.name: files}
    tables: dict[str, list[DataFile]] = {}
    for file in files:
        tables[free_name(table_name(file.path), tables)] = [file]
    return tables


def _files_in(folder: Path) -> list[DataFile]:
    return [
        f for f in map(data_file, sorted(folder.iterdir())) if f and not f.path.name.startswith((".", "_"))
    ]


def table_name(path: Path) -> str:
    """The file's name without its ending, e.g. ``2024 sales.csv.gz`` → ``2024 sales``."""
    name = path.name
    for ending in sorted(_KINDS, key=len, reverse=True):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """``name``, with a number when another table is called so in any letter case."""
    known = {other.lower() for other in taken}
    number, free = 2, name
    while free.lower() in known:
        free, number = f"{name}_{number}", number + 1
    return free
