"""Taking a person out of what texts say: the tables are deleted whole and made again without them when asked
of.

Words, counts and what was learnt come of all texts together, so nothing less would be sure to leave no trace.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from retrieval.errors import IndexCorrupt
from retrieval.opinion_mining.said_tables import CLAUSES, ID, NOTE
from retrieval.storage import writing
from sql.traces import Traces


class SaidFolder:
    """The tables of one audience, as a place that can forget."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete the tables where a text names the person or is theirs; see ``CanForget``.

        Returns:
            Such texts, and rows of reviews that name them.

        Raises:
            IndexBusy, IndexNotWritten: the tables are as they were.
            IndexCorrupt: they could not be read, and are gone unless ``is_dry``.
        """
        if not (self.folder / NOTE).is_file():
            return 0
        with writing(self.folder):
            try:
                found = sum(_named(place, traces) for place in self.folder.glob("tables-*"))
            except (OSError, KeyError, pa.ArrowException) as error:
                if not is_dry:
                    self._clear()
                raise IndexCorrupt(self.folder, "what texts say could not be read") from error
            if found and not is_dry:
                self._clear()
        return found

    def _clear(self) -> None:
        (self.folder / NOTE).unlink(missing_ok=True)
        for place in self.folder.glob("tables-*"):
            shutil.rmtree(place)


def _named(place: Path, traces: Traces) -> int:
    """Texts that name the person or that they wrote, and other rows that name them."""
    texts: dict[str, str] = {}
    for row in pq.read_table(place / f"{CLAUSES}.parquet", columns=[ID, "clause"]).to_pylist():
        texts[row[ID]] = texts.get(row[ID], "") + row["clause"]
    ids = {
        id for id, text in texts.items() if id in traces.documents or traces.names(text) or traces.names(id)
    }
    table = pq.read_table(place / "said_texts.parquet")
    written = [field.name for field in table.schema if pa.types.is_string(field.type)]
    for row in table.select(written).to_pylist():
        if any(value and traces.names(value) for value in row.values()):
            ids.add(row[ID])
    return len(ids)
