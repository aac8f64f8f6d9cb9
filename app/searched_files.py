"""Whether files name a person: as text in the usual encodings, and as tables, read through the guard."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.errors import CannotForget
from sql.errors import SqlError
from sql.traces import Traces
from sql.types import QueryLimits

_LIMITS = QueryLimits(max_rows=5_000_000, timeout_s=600.0, max_memory_mb=4_096)


def text_names(path: Path, traces: Traces) -> bool:
    """Whether the bytes of a file do, read as text; a packed file tells nothing this way.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if path.suffix == ".parquet":
        data += _parquet_text(path)
    return any(map(traces.names, _as_text(data)))


def tables_name(files: Sequence[Path], traces: Traces) -> bool:
    """Whether the tables in files that are opened together do.

    Raises:
        CannotForget: they cannot be opened or read.
    """
    from app.finding import shop_of_location
    from sql.names import quoted
    from sql.shop.workspace import open_workspace

    location = files[0] if len(files) == 1 else files[0].parent
    try:
        workspace = open_workspace(shop_of_location(str(location)))
        try:
            guard = workspace.guard.within(_LIMITS)
            reader, dialect = replace(workspace, role=guard.role, guard=guard), workspace.catalog.dialect
            for view in guard.views:
                for column in view.columns:
                    name, of = quoted(column.name, dialect), quoted(view.name, dialect)
                    rows = reader.run(f"SELECT DISTINCT {name} FROM {of} WHERE {name} IS NOT NULL").rows
                    if any(traces.names(str(value)) for (value,) in rows):
                        return True
            return False
        finally:
            workspace.close()
    except SqlError as error:
        names = ", ".join(file.name for file in files)
        raise CannotForget(f"{names} cannot be opened ({type(error).__name__})") from error


def _as_text(data: bytes) -> Iterator[str]:
    """What it may mean: text in a guessed encoding could name somebody by accident."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield data.decode("utf-16", "ignore")
        return
    try:
        yield data.decode("utf-8")
    except UnicodeDecodeError:
        yield data.decode("utf-8", "ignore")
        yield data.decode("gb18030", "ignore")


def _parquet_text(path: Path) -> bytes:
    """The texts of a Parquet file, a line each; nothing of one that is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return b""
    texts = [
        str(value)
        for field in table.schema
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        for value in table[field.name].to_pylist()
        if value is not None
    ]
    return "\n".join(texts).encode("utf-8", "replace")
