"""Reads data files into DuckDB tables: CSV in any encoding and spelling, workbooks, JSON lines, Parquet.

Every cell of a CSV file comes in as text, and each column is then read for what its values say
(``sql.databases.contents``): a sniffer that decides from types takes the country ``NO`` for *false* and
``03/05/2026`` for one day or another without a word. Some rows decide, all rows are checked: a column
keeps its texts where one of them means nothing by what was decided, which is told in :class:`Told`.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from sql.databases.contents import EMPTY, Reading, expression, fits, read_texts
from sql.databases.files import DataFile
from sql.names import literal, quoted

if TYPE_CHECKING:
    import duckdb

CELLS = 2_000_000
"""Cells of a table whose values decide what its columns hold, 100,000 rows at most."""
DIFFERENT = 1_000
"""Different values of a column that are looked at."""
MAX_UNPACKED = 4_000_000_000
"""Bytes that the compressed files of one load may hold once unpacked."""
TOTALS = re.compile(r"(?:grand )?total|sum(?:me)?|gesamt(?:summe)?|totals?|合计|总计|小计|汇总", re.I)
_WHOLE = r"[+-]?(0|[1-9]\d{0,17})"
_TRUTH = frozenset({"true", "false"})
_DAY = re.compile(r"date|day|datum|tag|time|日期|时间|[_ ]at$|[_ ]on$", re.I)
"""Names of columns whose figures 20260503 are a day."""
_PAGE = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|head|meta)", re.I)
_SEPARATOR = re.compile(rb"\A(?:\xef\xbb\xbf)?\"?sep=(.)\"?\r?\n", re.I)
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that was decided while a file was read."""

    place: str
    """The file, or the table and column (``orders.total``)."""
    text: str
    text_zh: str
    """The same in Chinese."""
    is_sure: bool = True
    is_left: bool = False
    """Whether a column was left as the texts that it holds."""


class Unreadable(Exception):
    """A file that cannot be read; ``args[0]`` says why in one sentence, with the way out."""


class Scratch:
    """A folder for files in another spelling, with a budget of bytes that compressed ones may unfold to."""

    def __init__(self, folder: Path, budget: int = MAX_UNPACKED) -> None:
        self._folder, self._left, self._count = folder, budget, 0

    def place(self, ending: str) -> Path:
        """A file that is not there yet."""
        self._count += 1
        return self._folder / f"{self._count}{ending}"

    def spend(self, size: int, name: str) -> None:
        """Count unpacked bytes; raises ``Unreadable`` when there are too many."""
        self._left -= size
        if self._left < 0:
            raise Unreadable(f"{name} unfolds to more than can be read; unpack it and name the folder")


def load(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[DataFile], scratch: Scratch
) -> list[Told]:
    """Make one table of files of one kind; returns what was decided.

    Raises:
        Unreadable: a file is not what its name says, damaged, or does not fit into memory.
        duckdb.Error: it cannot be read.
    """
    import duckdb

    paths = [file.path for file in files]
    try:
        if files[0].kind == "parquet":
            return _create(connection, name, f"read_parquet({_paths(paths)}, union_by_name = true)")
        if files[0].kind == "json":
            return _create(connection, name, f"read_json_auto({_paths(paths)}, union_by_name = true)")
        told: list[Told] = []
        plain = [_as_text(file, scratch, told) for file in files]
        return [*told, *_load_texts(connection, name, plain, scratch)]
    except duckdb.OutOfMemoryException as error:
        raise Unreadable(
            f"{files[0].shown} is too large to be read into memory; "
            "import it into a .duckdb file and open that"
        ) from error


# ---- one spelling -----------------------------------------------------------------------------------------


def _as_text(file: DataFile, scratch: Scratch, told: list[Told]) -> Path:
    """The file itself where it is plain UTF-8, else a copy that is."""
    path, name = file.path, file.shown
    packed = name.lower().endswith(".gz")
    try:
        with _opened(path, packed) as opened:
            head = opened.read(_BLOCK)
        if not head.strip():
            raise Unreadable(f"{name} is empty; there is nothing to read in it")
        if _PAGE.match(head):
            raise Unreadable(f"{name} is a web page and no table; save it as CSV or .xlsx where it came from")
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise Unreadable(
                f"{name} is a workbook or an archive, not CSV; give it the ending that it is (.xlsx, .zip)"
            )
        encoding = _encoding(path, head, packed)
        marked = _SEPARATOR.match(head)
        if encoding != "utf-8" or packed or marked:
            path = _copied(file, scratch, encoding, packed, skipped=marked.end() if marked else 0)
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise Unreadable(f"{name} is damaged and cannot be read") from error
    if encoding not in ("utf-8", "utf-8-sig"):
        text_zh = f"{name} 按 {encoding.upper()} 编码读取"
        told.append(Told(place=name, text=f"{name} was read as {encoding.upper()}", text_zh=text_zh))
    return path


def _opened(path: Path, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _copied(file: DataFile, scratch: Scratch, encoding: str, packed: bool, *, skipped: int) -> Path:
    """A copy in UTF-8, without the first ``skipped`` bytes."""
    out_path = scratch.place(".csv")
    with _opened(file.path, packed) as raw:
        raw.read(skipped)
        with (
            io.TextIOWrapper(raw, encoding=encoding, newline="") as text,
            out_path.open("w", encoding="utf-8", newline="") as out,
        ):
            while block := text.read(_BLOCK):
                if packed:
                    scratch.spend(len(block), file.shown)
                out.write(block)
    return out_path


def _encoding(path: Path, head: bytes, packed: bool) -> str:
    """UTF-8 where it is that throughout; else by its mark, its zeros or its letters."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.count(0) > len(head) // 20:
        return "utf-16-le" if b"\n\0" in head else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opened(path, packed) as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return _other_encoding(block)
    return "utf-8"


def _other_encoding(block: bytes) -> str:
    """GB18030 where that gives Chinese, else Windows-1252, which has a letter for nearly every byte."""
    foreign = [c for c in block.decode("gb18030", errors="replace") if ord(c) > 127]
    # two letters of a European word side by side make a rare sign, which GB 2312 does not have
    common = sum(bool(c.encode("gb2312", errors="ignore")) for c in foreign)
    return "gb18030" if foreign and common > 0.8 * len(foreign) else "cp1252"


# ---- columns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Dialect:
    """How the cells of a CSV file are parted."""

    delimiter: str
    quote: str
    escape: str
    skipped: int
    has_header: bool


def _load_texts(
    connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[Path], scratch: Scratch
) -> list[Told]:
    told: list[Told] = []
    dialects = [_dialect(connection, path) for path in paths]
    first = dialects[0]
    paths = [
        _without_total(
            path if own == first else _respelled(path, own, first, scratch), first, scratch, told, name
        )
        for path, own in zip(paths, dialects, strict=True)
    ]
    source = _source(connection, paths, first)
    columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    samples = _samples(connection, source, columns)
    is_european = first.delimiter == ";"
    chosen = {column: _meant(column, samples[column], is_european=is_european) for column in columns}
    chosen = _that_lose_nothing(connection, source, chosen, samples, told, name, is_european)
    for column, reading in chosen.items():
        if isinstance(reading, Reading) and not _is_plain(reading):
            place = f"{name}.{column}"
            text, text_zh = f"{place} holds {reading.told()}", f"{place} 的内容为{reading.told('zh')}"
            told.append(Told(place=place, text=text, text_zh=text_zh, is_sure=reading.is_sure))
    parts = [f"{_sql(column, meaning)} AS {quoted(column, 'duckdb')}" for column, meaning in chosen.items()]
    connection.execute(
        f"CREATE OR REPLACE TABLE {quoted(name, 'duckdb')} AS SELECT {', '.join(parts)} FROM {source}"
    )
    return told


def _dialect(connection: duckdb.DuckDBPyConnection, path: Path) -> _Dialect:
    """How a file is written, as DuckDB finds it."""
    row = connection.execute(
        f"SELECT Delimiter, Quote, Escape, SkipRows, HasHeader "
        f"FROM sniff_csv({literal(_unglobbed(path), 'duckdb')})"
    ).fetchone()
    assert row is not None
    delimiter, quote, escape, skipped, has_header = row
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for _ in range(int(skipped)):
            file.readline()
        heading = next(csv.reader(file, delimiter=delimiter), [])
    # a heading may hold years: it has no gaps, and begins with a word
    is_heading = (
        bool(heading) and all(h.strip() for h in heading) and bool(re.match(r"[^\W\d]", heading[0].strip()))
    )
    return _Dialect(
        delimiter=delimiter,
        quote='"' if quote in (None, "(empty)") else quote,
        escape='"' if escape in (None, "(empty)") else escape,
        skipped=int(skipped),
        has_header=bool(has_header) or is_heading,
    )


def _respelled(path: Path, own: _Dialect, wanted: _Dialect, scratch: Scratch) -> Path:
    """A copy of a file whose cells are parted otherwise than those of the table's first file."""
    out_path = scratch.place(".csv")
    with (
        path.open(encoding="utf-8-sig", newline="") as file,
        out_path.open("w", encoding="utf-8", newline="") as out,
    ):
        for _ in range(own.skipped):
            file.readline()
        out.write("\n" * wanted.skipped)
        writer = csv.writer(out, delimiter=wanted.delimiter, quotechar=wanted.quote)
        writer.writerows(csv.reader(file, delimiter=own.delimiter, quotechar=own.quote))
    return out_path


def _without_total(path: Path, dialect: _Dialect, scratch: Scratch, told: list[Told], name: str) -> Path:
    """The file without a last line that is a total: one that says so, and leaves a cell empty."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 65536))
        tail = file.read()
    stripped = tail.rstrip()
    at = stripped.rfind(b"\n") + 1
    last = next(csv.reader([stripped[at:].decode("utf-8", "replace")], delimiter=dialect.delimiter), [])
    said = next((cell.strip() for cell in last if cell.strip()), "")
    is_total = bool(TOTALS.fullmatch(said.rstrip(":： "))) and stripped[:at].count(b"\n") >= 2
    if not is_total or (len(last) > 2 and all(cell.strip() for cell in last)):
        return path
    out_path = scratch.place(".csv")
    left = size - len(tail) + at
    with path.open("rb") as file, out_path.open("wb") as out:
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            out.write(block)
            left -= len(block)
    text = f"The last line of {name} is a total ({said}) and was left out"
    told.append(Told(place=name, text=text, text_zh=f"{name} 的最后一行是合计（{said}），已略去"))
    return out_path


def _source(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], dialect: _Dialect) -> str:
    """The files as a table of texts."""
    import duckdb

    options = ", ".join(
        [
            "all_varchar = true, union_by_name = true, null_padding = true",
            f"delim = {literal(dialect.delimiter, 'duckdb')}",
            f"quote = {literal(dialect.quote, 'duckdb')}",
            f"escape = {literal(dialect.escape, 'duckdb')}",
            f"skip = {dialect.skipped}",
            f"header = {str(dialect.has_header).lower()}",
        ]
    )
    source = f"read_csv({_paths(paths)}, {options})"
    try:
        connection.execute(f"SELECT COUNT(*) FROM {source}")
    except duckdb.Error as error:
        if "parallel" not in str(error):
            raise
        # cells with line breaks are read by one thread only
        source = f"read_csv({_paths(paths)}, {options}, parallel = false)"
    return source


def _samples(
    connection: duckdb.DuckDBPyConnection, source: str, columns: Sequence[str]
) -> dict[str, list[str]]:
    rows = min(100_000, max(2_000, CELLS // max(len(columns), 1)))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE looked_at AS SELECT * FROM {source} LIMIT {rows}")
    found = {}
    for column in columns:
        name = quoted(column, "duckdb")
        asked = f"SELECT DISTINCT {name} FROM looked_at WHERE {name} IS NOT NULL LIMIT {DIFFERENT}"
        found[column] = [row[0] for row in connection.execute(asked).fetchall()]
    connection.execute("DROP TABLE looked_at")
    return found


_Meaning = Reading | str | None
"""How a column's texts are meant: a type of DuckDB's, a reading, or as they are."""


def _meant(column: str, values: Sequence[str], *, is_european: bool) -> _Meaning:
    filled = [v.strip() for v in values if v.strip()]
    if not filled:
        return None
    reading = read_texts(values, least=1, is_european=is_european)
    is_day = reading is not None and reading.kind != "number"
    if all(re.fullmatch(_WHOLE, v) for v in filled) and not (is_day and _DAY.search(column)):
        return "BIGINT"
    if {v.casefold() for v in filled} <= _TRUTH:
        return "BOOLEAN"
    # days that could be months are left to the description, which says so and can be changed
    return None if is_day and reading is not None and not reading.is_sure else reading


def _sql(column: str, meaning: _Meaning) -> str:
    name = quoted(column, "duckdb")
    if isinstance(meaning, str):
        return f"TRY(CAST(NULLIF(TRIM({name}), '') AS {meaning}))"
    return name if meaning is None else f"TRY({expression(meaning, column, 'duckdb')})"


def _fitting(column: str, meaning: _Meaning) -> str:
    name = quoted(column, "duckdb")
    if isinstance(meaning, Reading):
        return fits(meaning, column, "duckdb")
    wanted = _WHOLE if meaning == "BIGINT" else "(?i:true|false)"
    return f"REGEXP_FULL_MATCH(TRIM({name}), {literal(wanted, 'duckdb')})"


def _that_lose_nothing(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    chosen: dict[str, _Meaning],
    samples: dict[str, list[str]],
    told: list[Told],
    table: str,
    is_european: bool,
) -> dict[str, _Meaning]:
    """What was chosen, checked on all rows: values that do not fit have a say, and may leave it text."""
    left = {column: meaning for column, meaning in chosen.items() if meaning is not None}
    found = dict(chosen)
    for is_last in (False, False, True):
        odd = {column: many for column, many in _misfits(connection, source, left).items() if many}
        left = {}
        for column, many in odd.items():
            values = [*samples[column], *_odd_values(connection, source, column, found[column])]
            meaning = None if is_last else _meant(column, values, is_european=is_european)
            if meaning is None or meaning == found[column]:
                is_number = found[column] == "BIGINT" or _is_number(found[column])
                kind, kind_zh = ("numbers", "数字") if is_number else ("dates", "日期")
                place = f"{table}.{column}"
                text = f"{place} stays text: {many:,} of its values are no {kind}"
                text_zh = f"{place} 仍作文本：有 {many:,} 个值不是{kind_zh}"
                told.append(Told(place=place, text=text, text_zh=text_zh, is_sure=False, is_left=True))
                found[column] = None
                continue
            samples[column], found[column], left[column] = values, meaning, meaning
        if not left:
            return found
    return found


def _is_number(meaning: _Meaning) -> bool:
    return isinstance(meaning, Reading) and meaning.kind == "number"


def _misfits(
    connection: duckdb.DuckDBPyConnection, source: str, meanings: Mapping[str, _Meaning]
) -> dict[str, int]:
    """How many values of each column mean nothing by what was chosen for it."""
    if not meanings:
        return {}
    counted = [
        f"COUNT(CASE WHEN {_is_odd(column, meaning)} THEN 1 END)" for column, meaning in meanings.items()
    ]
    row = connection.execute(f"SELECT {', '.join(counted)} FROM {source}").fetchone()
    assert row is not None
    return dict(zip(meanings, row, strict=True))


def _is_odd(column: str, meaning: _Meaning) -> str:
    name, none = quoted(column, "duckdb"), ", ".join(literal(e, "duckdb") for e in EMPTY)
    empty = f"TRIM({name}) = ''" if isinstance(meaning, str) else f"LOWER(TRIM({name})) IN ({none})"
    fitting = f"{_fitting(column, meaning)} AND {_sql(column, meaning)} IS NOT NULL"
    return f"{name} IS NOT NULL AND NOT ({empty}) AND NOT ({fitting})"


def _odd_values(
    connection: duckdb.DuckDBPyConnection, source: str, column: str, meaning: _Meaning
) -> list[str]:
    name = quoted(column, "duckdb")
    asked = f"SELECT DISTINCT {name} FROM {source} WHERE {_is_odd(column, meaning)} LIMIT {DIFFERENT}"
    return [row[0] for row in connection.execute(asked).fetchall()]


def _is_plain(reading: Reading) -> bool:
    """Whether a reading goes without saying."""
    if reading.kind != "number":
        return reading.is_iso
    return reading.is_sure and replace(reading, empties=(), is_exact=True) == Reading(
        kind="number", symbols=(",",)
    )


# ---- workbooks and archives -------------------------------------------------------------------------------


def sheets_of(file: DataFile, scratch: Scratch) -> dict[str, Path]:
    """Name → a CSV file for each sheet of a workbook that holds a table.

    Raises:
        Unreadable: it is no workbook, or holds no table.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    path = file.path
    try:
        with path.open("rb") as opened:
            head = opened.read(512)
        if not head:
            raise Unreadable(f"{file.shown} is empty; there is nothing to read in it")
        if _PAGE.match(head):
            raise Unreadable(
                f"{file.shown} is a web page and no workbook; open it in a spreadsheet and save it as .xlsx"
            )
        book = CalamineWorkbook.from_path(str(path))
        found: dict[str, Path] = {}
        for sheet in book.sheet_names:
            rows = _table_of(book.get_sheet_by_name(sheet).to_python())
            if len(rows) < 2:
                continue
            place = scratch.place(".csv")
            with place.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows([_cell(v) for v in row] for row in rows)
            found[sheet] = place
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(
            f"{file.shown} cannot be read as a workbook; it may be damaged or locked by a password"
        ) from error
    if not found:
        raise Unreadable(f"{file.shown} holds no table with a heading and a row")
    return found


def _table_of(rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows from the heading on: a title over it fills a cell or two of a row that others fill."""
    filled = [sum(v not in ("", None) for v in row) for row in rows]
    width = max(filled, default=0)
    if width == 0:
        return []
    start = next(n for n, count in enumerate(filled) if count >= max(2, width * 0.6) or count == width)
    heading = [" ".join(str(v).split()) if isinstance(v, str) else v for v in rows[start]]
    return [
        heading,
        *(row for row, count in zip(rows[start + 1 :], filled[start + 1 :], strict=True) if count),
    ]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)


def unpacked(file: DataFile, scratch: Scratch) -> Iterator[tuple[Path, str]]:
    """The files of a zip archive, one after the other, each with its own name.

    Raises:
        Unreadable: it is no archive, too large, or locked.
    """
    try:
        with zipfile.ZipFile(file.path) as archive:
            for member in archive.infolist():
                name = Path(member.filename.replace("\\", "/")).name
                if member.is_dir() or name.startswith((".", "_")):
                    continue
                place = scratch.place("".join(Path(name).suffixes[-2:])[-12:])
                with archive.open(member) as source, place.open("wb") as out:
                    while block := source.read(_BLOCK):
                        scratch.spend(len(block), file.shown)
                        out.write(block)
                yield place, name
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error) as error:
        raise Unreadable(
            f"{file.shown} cannot be unpacked; it may be damaged or locked by a password"
        ) from error


# ---- words of SQL -----------------------------------------------------------------------------------------


def _create(connection: duckdb.DuckDBPyConnection, name: str, source: str) -> list[Told]:
    connection.execute(f"CREATE OR REPLACE TABLE {quoted(name, 'duckdb')} AS SELECT * FROM {source}")
    return []


def _paths(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(literal(_unglobbed(path), "duckdb") for path in paths) + "]"


def _unglobbed(path: Path) -> str:
    """A path in which no letter stands for others."""
    return re.sub(r"([*?\[\]])", r"[\1]", str(path))
