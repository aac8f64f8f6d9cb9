"""Reads data files into DuckDB tables: CSV in any usual encoding and spelling, Excel, JSON lines, Parquet.

Every cell of a CSV file comes in as text, and each column is then read for what its values say
(``sql.databases.contents``): a sniffer that decides from types takes the country ``NO`` for *false* and
``03/05/2026`` for one day or another without a word. What was decided is told in :class:`Told`.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import logging
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sql.databases.contents import expression, read_texts
from sql.databases.files import DataFile
from sql.errors import DatabaseUnavailable
from sql.names import quoted

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

LOOKED_AT = 100_000
"""Rows of a table whose values decide what its columns hold."""
DIFFERENT = 1_000
"""Different values of a column that are looked at."""
MAX_UNPACKED = 4_000_000_000
"""Bytes that a zip file may hold once unpacked."""
TOTALS = re.compile(r"(?:grand )?total|sum(?:me)?|gesamt(?:summe)?|totals?|合计|总计|小计|汇总", re.I)
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})$")
_DAY = re.compile(r"date|day|datum|tag|time|日期|时间|[_ ]at$|[_ ]on$", re.I)
"""Names of columns whose figures 20260503 are a day."""
_TRUTH = frozenset({"true", "false"})
_PAGE = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|head|meta)", re.I)
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that was decided while a file was read."""

    place: str
    """The file, or the table and column."""
    text: str
    is_sure: bool = True


class Unreadable(Exception):
    """A file that cannot be read; ``args[0]`` says why in one sentence, with the way out."""


def load(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[DataFile], scratch: Path
) -> list[Told]:
    """Make one table of files of one kind; returns what was decided.

    Args:
        scratch: an empty folder for files in another spelling; its owner deletes it.
    Raises:
        Unreadable: a file is not what its name says, or damaged.
        DatabaseUnavailable: it does not fit into memory.
        duckdb.Error: it cannot be read.
    """
    import duckdb

    try:
        if files[0].kind == "parquet":
            return _create(
                connection, name, f"read_parquet({_paths([f.path for f in files])}, union_by_name = true)"
            )
        if files[0].kind == "json":
            return _create(
                connection, name, f"read_json_auto({_paths([f.path for f in files])}, union_by_name = true)"
            )
        told: list[Told] = []
        plain = [_as_text(file.path, scratch / f"{n}.csv", told) for n, file in enumerate(files)]
        return [*told, *_load_texts(connection, name, plain)]
    except duckdb.OutOfMemoryException as error:
        raise DatabaseUnavailable(
            f"{files[0].path} is too large to be read into memory; "
            "import it into a .duckdb file and open that"
        ) from error


# ---- one spelling -----------------------------------------------------------------------------------------


def _as_text(path: Path, scratch: Path, told: list[Told]) -> Path:
    """The file itself where it is UTF-8, else a copy that is."""
    packed = path.name.lower().endswith(".gz")
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        head = file.read(_BLOCK)
    if not head.strip():
        raise Unreadable(f"{path.name} is empty; there is nothing to read in it")
    if _PAGE.match(head):
        raise Unreadable(
            f"{path.name} is a web page and no table; save it as CSV or .xlsx where it came from"
        )
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(
            f"{path.name} is a workbook or an archive, not CSV; give it the ending that it is (.xlsx, .zip)"
        )
    encoding = _encoding(path, head, packed)
    if encoding == "utf-8" and not packed:
        return path
    with (
        gzip.open(path, "rb") if packed else path.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=encoding, newline="") as text,
        scratch.open("w", encoding="utf-8", newline="") as out,
    ):
        while block := text.read(_BLOCK):
            out.write(block)
    if encoding not in ("utf-8", "utf-8-sig"):
        told.append(Told(place=path.name, text=f"{path.name} was read as {encoding.upper()}"))
    return scratch


def _encoding(path: Path, head: bytes, packed: bool) -> str:
    """UTF-8 where it is that throughout; else by its mark, its zeros or its letters."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return encoding
    if 0 in head:  # in no other encoding that texts are kept in
        return "utf-16-le" if b"\n\0" in head else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _other_encoding(head)
    return "utf-8"


def _other_encoding(head: bytes) -> str:
    """GB18030 where that gives Chinese, else Windows-1252, which has a letter for nearly every byte."""
    foreign = [c for c in head.decode("gb18030", errors="replace") if ord(c) > 127]
    # two letters of a European word side by side make a rare sign, which GB 2312 does not have
    common = sum(bool(c.encode("gb2312", errors="ignore")) for c in foreign)
    return "gb18030" if foreign and common > 0.8 * len(foreign) else "cp1252"


# ---- columns ----------------------------------------------------------------------------------------------


def _load_texts(connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[Path]) -> list[Told]:
    source = _csv_source(connection, paths)
    columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    told: list[Told] = []
    where = ""
    if columns and (total := _total_row(paths[-1])) is not None:
        first = quoted(columns[0], "duckdb")
        where = f" WHERE TRIM({first}) IS DISTINCT FROM {_literal(total)}"
        told.append(Told(place=name, text=f"The last line of {name} is a total ({total}) and was left out"))
    samples = _samples(connection, f"{source}{where}", columns)
    chosen = {column: _typed(column, samples[column], told, name) for column in columns}
    kept = _that_lose_nothing(connection, f"{source}{where}", chosen, told, name)
    parts = [f"{sql} AS {quoted(column, 'duckdb')}" for column, sql in kept.items()]
    connection.execute(
        f"CREATE OR REPLACE TABLE {quoted(name, 'duckdb')} AS SELECT {', '.join(parts)} FROM {source}{where}"
    )
    return told


def _csv_source(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> str:
    """How DuckDB reads the files, each cell as text; where its dialect is, DuckDB finds."""
    first = _literal(_unglobbed(paths[0]))
    row = connection.execute(
        f"SELECT Delimiter, Quote, Escape, SkipRows, HasHeader FROM sniff_csv({first})"
    ).fetchone()
    assert row is not None
    delimiter, quote, escape, skipped, has_header = row
    options = [
        f"delim = {_literal(delimiter)}",
        f"skip = {int(skipped)}",
        f"header = {str(has_header).lower()}",
    ]
    options += [f"quote = {_literal('' if quote == '(empty)' else quote)}" if quote else ""]
    options += [f"escape = {_literal('' if escape == '(empty)' else escape)}" if escape else ""]
    told = ", ".join(filter(None, options))
    return f"read_csv({_paths(paths)}, all_varchar = true, union_by_name = true, null_padding = true, {told})"


def _samples(
    connection: duckdb.DuckDBPyConnection, source: str, columns: Sequence[str]
) -> dict[str, list[str]]:
    lists = ", ".join(f"array_agg(DISTINCT {quoted(c, 'duckdb')})" for c in columns)
    row = connection.execute(f"SELECT {lists} FROM (SELECT * FROM {source} LIMIT {LOOKED_AT})").fetchone()
    values: Sequence[list[str | None] | None] = row or [None] * len(columns)
    return {
        c: [v for v in found or [] if v is not None][:DIFFERENT]
        for c, found in zip(columns, values, strict=True)
    }


def _typed(column: str, values: Sequence[str], told: list[Told], table: str) -> str:
    """SQL of what a column's texts mean."""
    name = quoted(column, "duckdb")
    filled = [v.strip() for v in values if v.strip()]
    if not filled:
        return name
    reading = read_texts(values, least=1)
    is_day = reading is not None and reading.kind != "number" and _DAY.search(column)
    if all(map(_WHOLE.match, filled)) and not is_day:
        return f"CAST(TRIM({name}) AS BIGINT)"
    if {v.casefold() for v in filled} <= _TRUTH:
        return f"CAST(TRIM({name}) AS BOOLEAN)"
    if reading is None:
        return name
    if not (reading.is_iso or (reading.kind == "number" and not reading.symbols and reading.comma == ".")):
        told.append(
            Told(
                place=f"{table}.{column}",
                text=f"{table}.{column} holds {reading.told()}",
                is_sure=reading.is_sure,
            )
        )
    return expression(reading, column, "duckdb")


def _that_lose_nothing(
    connection: duckdb.DuckDBPyConnection, source: str, chosen: dict[str, str], told: list[Told], table: str
) -> dict[str, str]:
    """The expressions of ``chosen``, but a column's own text where some of its values mean nothing by it."""
    from sql.databases.contents import EMPTY

    none = ", ".join(_literal(e) for e in EMPTY)
    counted = []
    for column, sql in chosen.items():
        name = quoted(column, "duckdb")
        counted += [f"COUNT(CASE WHEN LOWER(TRIM({name})) NOT IN ({none}) THEN 1 END)", f"COUNT(TRY({sql}))"]
    row = connection.execute(f"SELECT {', '.join(counted)} FROM {source}").fetchone()
    assert row is not None
    kept = {}
    for (column, sql), filled, meant in zip(chosen.items(), row[::2], row[1::2], strict=True):
        is_text = sql == quoted(column, "duckdb")
        if not is_text and meant < filled:
            text = f"{table}.{column} stays text: {filled - meant:,} of {filled:,} values are no {_kind(sql)}"
            told.append(Told(place=f"{table}.{column}", text=text, is_sure=False))
            sql = quoted(column, "duckdb")
        kept[column] = sql if sql == quoted(column, "duckdb") else f"TRY({sql})"
    return kept


def _kind(sql: str) -> str:
    return "dates" if "DATE" in sql or "TIMESTAMP" in sql or "STRPTIME" in sql else "numbers"


def _total_row(path: Path) -> str | None:
    """The first cell of the last line, where that says that it is a total."""
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        tail = file.read().decode("utf-8", "replace").strip().splitlines()
    if len(tail) < 3:
        return None
    first = re.split(r"[,;\t|]", tail[-1], maxsplit=1)[0].strip().strip('"').strip()
    return first if TOTALS.fullmatch(first.rstrip(":： ")) else None


# ---- workbooks and archives -------------------------------------------------------------------------------


def sheets_of(path: Path, scratch: Path) -> dict[str, Path]:
    """Name → a CSV file for each sheet of a workbook that holds a table.

    Raises:
        Unreadable: it is no workbook, or holds no table.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise Unreadable(f"{path.name} is empty; there is nothing to read in it")
    if _PAGE.match(head):
        raise Unreadable(
            f"{path.name} is a web page and no workbook; open it in a spreadsheet and save it as .xlsx"
        )
    try:
        book = CalamineWorkbook.from_path(str(path))
        found: dict[str, Path] = {}
        for sheet in book.sheet_names:
            rows = _table_of(book.get_sheet_by_name(sheet).to_python())
            if len(rows) < 2:
                continue
            place = scratch / f"sheet-{len(found)}.csv"
            with place.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows([_cell(v) for v in row] for row in rows)
            found[sheet] = place
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(
            f"{path.name} cannot be read as a workbook; it may be damaged or locked by a password"
        ) from error
    if not found:
        raise Unreadable(f"{path.name} holds no table with a heading and a row")
    return found


def _table_of(rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows from the heading on: a title over it fills a cell or two of a row that others fill."""
    filled = [sum(v not in ("", None) for v in row) for row in rows]
    width = max(filled, default=0)
    if width == 0:
        return []
    start = next(n for n, count in enumerate(filled) if count >= max(2, width * 0.6) or count == width)
    return [row for row, count in zip(rows[start:], filled[start:], strict=True) if count]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)


def unpacked(path: Path, scratch: Path) -> Iterator[Path]:
    """The files of a zip archive, one after the other, under their own names.

    Raises:
        Unreadable: it is no archive, too large, or locked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                m
                for m in archive.infolist()
                if not m.is_dir() and not Path(m.filename).name.startswith((".", "_"))
            ]
            if sum(m.file_size for m in members) > MAX_UNPACKED:
                raise Unreadable(
                    f"{path.name} holds more than {MAX_UNPACKED / 1e9:.0f} GB; unpack it and name the folder"
                )
            for n, member in enumerate(members):
                folder = scratch / str(n)
                folder.mkdir()
                place = folder / Path(member.filename.replace("\\", "/")).name
                with archive.open(member) as source, place.open("wb") as out:
                    while block := source.read(_BLOCK):
                        out.write(block)
                yield place
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Unreadable(
            f"{path.name} cannot be unpacked; it may be damaged or locked by a password"
        ) from error


# ---- words of SQL -----------------------------------------------------------------------------------------


def _create(connection: duckdb.DuckDBPyConnection, name: str, source: str) -> list[Told]:
    connection.execute(f"CREATE OR REPLACE TABLE {quoted(name, 'duckdb')} AS SELECT * FROM {source}")
    return []


def _paths(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(_literal(_unglobbed(path)) for path in paths) + "]"


def _unglobbed(path: Path) -> str:
    """A path in which no letter stands for others."""
    return re.sub(r"([*?\[\]])", r"[\1]", str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
