"""What a shop's texts say, as tables in a folder that SQL joins: written whole, opened behind a guard.

``said_remarks`` has a row for each remark, ``said_clauses`` one for each clause, and the reviews' own view is
there with what the texts say beside its columns. They are made of what one role may read, so each audience
has a folder of its own. Only new and changed texts are read; aspects are learnt from all of them.
"""

from __future__ import annotations

import datetime as dt
import decimal
import gzip
import hashlib
import json
import shutil
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from retrieval.encoder import Embedder
from retrieval.errors import IndexCorrupt, IndexMissing
from retrieval.opinion_mining.aspects import Aspect, Aspects, learn
from retrieval.opinion_mining.clause_reading import Read, read, remarks
from retrieval.opinion_mining.clauses import MOST_READ, clauses
from retrieval.opinion_mining.facts import Facts, facts
from retrieval.opinion_mining.nouns import base
from retrieval.opinion_mining.opinions import tokens
from retrieval.opinion_mining.sentiment import Learnt, Measured, Rated, Sentiment, shipped
from retrieval.opinion_mining.sentiment import learn as learn_sentiment
from retrieval.storage import writing
from retrieval.types import Document
from sql.databases.duckdb_database import DuckdbDatabase
from sql.errors import SqlError
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.types import Column, ColumnType, QueryLimits, Value

FORMAT = 1
NOTE = "said.json"
LEARN_AGAIN = 1.25
"""Times as many rated texts as before, from which sentiment is learnt anew."""
ID = "said_id"
REMARKS, CLAUSES = "said_remarks", "said_clauses"
LIMITS = QueryLimits(max_rows=10_000, timeout_s=60.0, max_memory_mb=2_048)
"""Of the tables' database; a role's own limits hold for each statement."""

_TYPES: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(), "number": pa.float64(), "text": pa.string(), "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(), "other": pa.string(),
}  # fmt: skip
_OWN: dict[str, ColumnType] = {
    ID: "text", "said_language": "text", "said_sentiment": "integer", "said_confidence": "number",
    "said_remarks": "integer",
    "said_order_number": "text", "said_size": "text", "said_date": "date", "said_defect": "text",
    "said_wish": "text",
}  # fmt: skip
"""What stands beside the reviews' own columns."""
_REMARKS: dict[str, ColumnType] = {
    ID: "text", "aspect": "text", "polarity": "integer", "confidence": "number", "starts": "integer",
    "ends": "integer",
}  # fmt: skip
_CLAUSES: dict[str, ColumnType] = {
    ID: "text", "starts": "integer", "ends": "integer", "clause": "text", "words": "text",
    "polarity": "integer",
    "confidence": "number",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reviews:
    """The reviews' rows as a role sees them."""

    view: View
    """With the columns that are kept; the texts are not among them."""
    id: str
    """The column that :class:`Document` ids are made of."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Said:
    """The tables, opened; close it when done."""

    workspace: Workspace
    """Over the reviews' view and the tables of what is said, under a role that sees all of them."""
    aspects: Aspects
    learnt: Learnt
    texts: int

    def close(self) -> None:
        """Free the tables."""
        self.workspace.close()


def state_of(folder: Path) -> object:
    """What :func:`make` was told the tables were made of; ``None`` where there are none that can be read."""
    try:
        return _note(folder)["state"]
    except (IndexMissing, IndexCorrupt):
        return None


def make(
    folder: Path, documents: Sequence[Document], reviews: Reviews, embedder: Embedder, state: object
) -> None:
    """Read the texts that are new or changed, learn what they speak of, and write the tables whole.

    Args:
        folder: made when missing; keeps nothing else.
        documents: reviews, with distinct ids.
        reviews: their rows; one without a document has no text, or was forgotten, and is left out.
        state: what is noted with the tables, plain JSON.
    Raises:
        IndexBusy, IndexNotWritten: what was there is unchanged.
    """
    with writing(folder):
        before = _before(folder)
        learnt, rated = _learnt(documents, before)
        known = before.signs if before is not None and learnt is before.learnt else {}
        texts = {document.id: _clauses_of(document, learnt.sentiment, known) for document in documents}
        aspects = learn([[each.words for each in found] for found in texts.values()], embedder)
        name = f"tables-{uuid.uuid4().hex[:12]}"
        unfinished = folder / f".unfinished-{name}"
        unfinished.mkdir()
        _write(unfinished, documents, reviews, texts, aspects, learnt.sentiment)
        unfinished.rename(folder / name)
        note = {
            "format": FORMAT,
            "state": state,
            "tables": name,
            "texts": len(documents),
            "rated": rated,
            "measured": asdict(learnt.measured),
            "is_own": learnt.is_own,
            "aspects": [[each.name, *each.forms] for each in aspects.all],
            "view": [
                reviews.view.name,
                reviews.view.time,
                [[c.name, c.type, c.unit] for c in reviews.view.columns],
            ],
        }
        kept = learnt.sentiment.to_json() if learnt.is_own else None
        (folder / name / "sentiment.bin").write_bytes(gzip.compress(json.dumps(kept).encode(), mtime=0))
        temporary = folder / f".unfinished-{NOTE}"
        temporary.write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
        temporary.replace(folder / NOTE)
        for old in folder.glob("tables-*"):
            if old.name != name:
                shutil.rmtree(old, ignore_errors=True)


def open_said(folder: Path, role: Role) -> Said:
    """The tables in a folder, for statements within the limits of a role that may read them.

    Raises:
        IndexMissing, IndexCorrupt: there are none, or they cannot be read.
    """
    note = _note(folder)
    place = folder / note["tables"]
    name, time, columns = note["view"]
    view = View(
        name=name,
        columns=(
            *(ViewColumn(name=each, type=kind, unit=unit) for each, kind, unit in columns),
            *(ViewColumn(name=each, type=kind) for each, kind in _OWN.items()),
        ),
        sql="SELECT * FROM said_texts",
        time=time,
        key=(ID,),
    )
    tables = [
        View(name=each, columns=tuple(ViewColumn(name=c, type=kind) for c, kind in kinds.items()))
        for each, kinds in ((REMARKS, _REMARKS), (CLAUSES, _CLAUSES))
    ]
    reader = Role(name=role.name, limits=role.limits)
    shop = Shop(
        name="said", database=str(place), views=(view, *tables), roles=(reader,), default_role=role.name
    )
    try:
        database = DuckdbDatabase.load_files(str(place), LIMITS)
        workspace = open_workspace(shop, database=database)
        learnt = _read_learnt(folder, note)
        aspects = Aspects(tuple(Aspect(name=each, forms=tuple(forms)) for each, *forms in note["aspects"]))
    except (SqlError, OSError, ValueError, KeyError, TypeError) as error:
        raise IndexCorrupt(place, f"cannot be read ({type(error).__name__})") from error
    return Said(workspace=workspace, aspects=aspects, learnt=learnt, texts=int(note["texts"]))


def is_read(name: str) -> bool:
    """Whether a column of a review's own can be kept beside what its text says."""
    return not name.lower().startswith("said_")


# ---- reading -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What the tables hold that are there already."""

    learnt: Learnt
    rated: int
    signs: Mapping[str, list[tuple[int, float]]]
    """Polarity and confidence of each clause, by the digest of the text."""


def _learnt(documents: Sequence[Document], before: _Before | None) -> tuple[Learnt, int]:
    """The classifier, as it was while there are not many more ratings; and how many texts carry one."""
    rated = [
        Rated(text=each.text, is_good=each.rating >= 4, product=each.product or each.id)
        for each in documents
        if each.rating is not None and not 2 < each.rating < 4
    ]
    if before is not None and before.rated <= len(rated) <= LEARN_AGAIN * before.rated:
        return before.learnt, before.rated
    return learn_sentiment(rated, complains), len(rated)


def complains(text: str, sentiment: Sentiment) -> bool | None:
    """Whether a text of one sentence is taken for a complaint; ``None`` for one of several, or that judges
    nothing.
    """
    found = read(text, sentiment)
    if not found or found[-1].clause.sentence > 0 or len(found) > MOST_CLAUSES:
        lines = [line for line in text.splitlines() if line.strip()]
        return complains(lines[0], sentiment) if len(lines) > 1 else None
    sign = sum(each.polarity for each in found)
    return sign < 0 if sign else None


MOST_CLAUSES = 2
"""Of a text that says one thing; of one with several lines the first is looked at, its title."""


def _clauses_of(
    document: Document, sentiment: Sentiment, known: Mapping[str, list[tuple[int, float]]]
) -> list[Read]:
    """The clauses of a text, judged anew only where they are not known."""
    signs = known.get(_digest(document.text[:MOST_READ]))
    if signs is None:
        return read(document.text, sentiment)
    return [
        Read(clause=clause, words=tuple(tokens(clause.text)), polarity=polarity, confidence=confidence)
        for clause, (polarity, confidence) in zip(clauses(document.text), signs, strict=True)
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


# ---- writing -----------------------------------------------------------------------------------------------


def _write(
    place: Path,
    documents: Sequence[Document],
    reviews: Reviews,
    texts: Mapping[str, list[Read]],
    aspects: Aspects,
    sentiment: Sentiment,
) -> None:
    said: list[tuple[Any, ...]] = []
    parts: list[tuple[Any, ...]] = []
    own: dict[str, tuple[Any, ...]] = {}
    for document in documents:
        found = texts[document.id]
        made = remarks(found, aspects)
        said += [(document.id, r.aspect, r.polarity, round(r.confidence, 3), r.start, r.end) for r in made]
        for each in found:
            written = document.text[each.clause.start : each.clause.end]
            words = f" {' '.join(map(base, each.words))} "
            parts.append(
                (
                    document.id,
                    each.clause.start,
                    each.clause.end,
                    written,
                    words,
                    each.polarity,
                    round(each.confidence, 3),
                )
            )
        own[document.id] = (
            document.language,
            *_overall(found),
            len(made),
            *_told(facts(document.text, found, document.written_at)),
        )
    at = [column.name for column in reviews.columns].index(reviews.id)
    kept = [n for n, column in enumerate(reviews.columns) if reviews.view.column(column.name) is not None]
    rows = {f"review:{_text(row[at]).strip()}": row for row in reversed(reviews.rows)}
    whole = [(*(row[n] for n in kept), id, *own[id]) for id, row in rows.items() if id in own]
    kinds = {reviews.columns[n].name: reviews.columns[n].type for n in kept} | _OWN
    _parquet(place / "said_texts.parquet", whole, kinds)
    _parquet(place / f"{REMARKS}.parquet", said, _REMARKS)
    _parquet(place / f"{CLAUSES}.parquet", parts, _CLAUSES)


def _overall(found: Sequence[Read]) -> tuple[int, float]:
    """The sign of a whole text, by its clauses, and how sure it is."""
    signs = Counter(each.polarity for each in found)
    balance = signs[1] - signs[-1]
    sure = [each.confidence for each in found if each.polarity]
    return (balance > 0) - (balance < 0), round(sum(sure) / len(sure), 3) if sure else 0.5


def _told(found: Facts) -> tuple[Any, ...]:
    return (found.order_number, found.size, found.day, found.defect, found.wish)


def _parquet(path: Path, rows: Sequence[tuple[Any, ...]], kinds: Mapping[str, ColumnType]) -> None:
    columns = {name: [_plain(row[n], kind) for row in rows] for n, (name, kind) in enumerate(kinds.items())}
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    pq.write_table(pa.table(columns, schema=schema), path, compression="zstd")


def _plain(value: Any, kind: ColumnType) -> Any:
    """A cell as Arrow takes it for a column of that kind; texts where a database without types has texts."""
    if value is None:
        return None
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value)
        if kind == "boolean":
            return bool(value)
        if kind in ("date", "timestamp"):
            moment = value if isinstance(value, dt.date) else dt.datetime.fromisoformat(str(value).strip())
            if kind == "date":
                return moment.date() if isinstance(moment, dt.datetime) else moment
            return (
                moment.replace(tzinfo=None)
                if isinstance(moment, dt.datetime)
                else dt.datetime.combine(moment, dt.time())
            )
    except (ValueError, TypeError, ArithmeticError):
        return None
    return _text(value)


def _text(value: object) -> str:
    text = str(value.normalize()) if isinstance(value, decimal.Decimal) else str(value)
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


# ---- what was kept -----------------------------------------------------------------------------------------


def _note(folder: Path) -> dict[str, Any]:
    path = folder / NOTE
    try:
        note = json.loads(path.read_text("utf-8"))
        if note["format"] != FORMAT or not (folder / str(note["tables"])).is_dir():
            raise ValueError(f"format {note['format']}")
    except FileNotFoundError as error:
        raise IndexMissing(folder, "nothing was made of the texts here") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexCorrupt(path, "not a note of what texts say") from error
    assert isinstance(note, dict)
    return note


def _before(folder: Path) -> _Before | None:
    """What is there already; ``None`` where it cannot be gone on with."""
    try:
        note = _note(folder)
        learnt = _read_learnt(folder, note)
        rows = pq.read_table(folder / note["tables"] / f"{CLAUSES}.parquet").to_pylist()
    except (IndexMissing, IndexCorrupt, OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    texts: dict[str, list[str]] = {}
    signs: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        texts.setdefault(row[ID], []).append(row["clause"])
        signs.setdefault(row[ID], []).append((row["polarity"], row["confidence"]))
    by_text = {_digest("".join(texts[id])): signs[id] for id in texts}
    return _Before(learnt=learnt, rated=int(note["rated"]), signs=by_text)


def _read_learnt(folder: Path, note: Mapping[str, Any]) -> Learnt:
    kept = json.loads(gzip.decompress((folder / note["tables"] / "sentiment.bin").read_bytes()))
    sentiment = Sentiment.from_json(kept, shipped()) if kept is not None else shipped()
    return Learnt(sentiment=sentiment, measured=Measured(**note["measured"]), is_own=bool(note["is_own"]))
