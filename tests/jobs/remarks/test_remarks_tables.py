"""What texts say as tables: counted by SQL, made once, added to, within a role, and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from reviewed_shop import EMBEDDER, TEXTS, made, reviews_of

from retrieval.corpus import read_reviews
from retrieval.errors import IndexCorrupt, IndexMissing
from retrieval.opinion_mining import said_tables
from retrieval.opinion_mining.said_purge import SaidFolder
from retrieval.opinion_mining.said_tables import NOTE, Said, make, open_said, state_of
from retrieval.types import Document
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.traces import Traces

COUNT = sum(times for *_, times in TEXTS)


def test_remarks_are_joined_with_the_reviews_own_columns(said: Said) -> None:
    rows = said.workspace.run(
        "SELECT r.product, SUM(CASE WHEN m.polarity < 0 THEN 1 ELSE 0 END) AS bad, COUNT(*) AS n "
        "FROM reviews AS r JOIN said_remarks AS m ON m.said_id = r.said_id "
        "WHERE m.aspect IN ('switch', 'battery') GROUP BY 1 ORDER BY 1"
    ).rows
    assert rows == (("Nova Lamp", 12, 22), ("Vale Radio", 16, 34))


def test_what_each_text_says_stands_beside_it(said: Said) -> None:
    rows = said.workspace.run(
        "SELECT said_language, said_sentiment, said_defect, said_wish, COUNT(*) AS n FROM reviews "
        "WHERE rating IN (1, 4) GROUP BY 1, 2, 3, 4 ORDER BY n DESC LIMIT 2"
    ).rows
    assert rows == (("en", -1, "broke", None, 12), ("en", 0, None, "I wish it had a stronger battery.", 3))


def test_a_text_that_is_known_is_not_read_again(
    reviewed: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(reviewed, tmp_path).close()
    read: list[str] = []
    original = said_tables.read
    monkeypatch.setattr(
        said_tables, "read", lambda text, sentiment: read.append(text) or original(text, sentiment)
    )
    documents = [
        *read_reviews(reviewed).documents,
        Document(id="review:999", kind="review", text="The knob is loose."),
    ]
    make(tmp_path, documents, reviews_of(reviewed), EMBEDDER, state=2)
    assert read == ["The knob is loose."]
    assert state_of(tmp_path) == 2
    said = open_said(tmp_path, reviewed.role)
    assert said.texts == COUNT + 1
    assert len(list(tmp_path.glob("tables-*"))) == 1
    said.close()


def test_reading_again_gives_the_same(reviewed: Workspace, tmp_path: Path, said: Said) -> None:
    made(reviewed, tmp_path).close()
    again = made(reviewed, tmp_path, state=2)
    sql = "SELECT said_id, aspect, polarity, starts FROM said_remarks ORDER BY said_id, starts, aspect"
    assert again.workspace.run(sql).rows == said.workspace.run(sql).rows
    again.close()


def test_a_role_has_only_its_own_rows(reviewed_file: Path, tmp_path: Path) -> None:
    workspace = open_workspace(load_shop(reviewed_file), role="german")
    said = made(workspace, tmp_path)
    assert said.workspace.run("SELECT DISTINCT country FROM reviews").rows == (("Germany",),)
    assert said.texts == COUNT // 2
    said.close()
    workspace.close()


@pytest.mark.parametrize("harm", ["note", "table"])
def test_what_is_damaged_is_told(reviewed: Workspace, tmp_path: Path, harm: str) -> None:
    with pytest.raises(IndexMissing):
        open_said(tmp_path, reviewed.role)
    made(reviewed, tmp_path).close()
    file = tmp_path / NOTE if harm == "note" else next(tmp_path.glob("tables-*/said_texts.parquet"))
    file.write_bytes(b"{")
    with pytest.raises(IndexCorrupt):
        open_said(tmp_path, reviewed.role)
    assert harm == "table" or state_of(tmp_path) is None
    made(reviewed, tmp_path).close()


def test_forgetting_a_person_deletes_the_tables_whole(reviewed: Workspace, tmp_path: Path) -> None:
    folder = SaidFolder(tmp_path)
    nobody, writer = (
        Traces(pseudonym="p", texts=("Ana Souza",)),
        Traces(pseudonym="p", documents=frozenset({"review:3"})),
    )
    assert folder.forget(writer, is_dry=False) == 0
    made(reviewed, tmp_path).close()
    assert folder.forget(nobody, is_dry=False) == 0
    assert folder.forget(writer, is_dry=True) == 1
    assert folder.forget(Traces(pseudonym="p", texts=("Nova Lamp",)), is_dry=True) == 42
    assert state_of(tmp_path) == 1
    assert folder.forget(writer, is_dry=False) == 1
    assert not list(tmp_path.glob("tables-*")) and state_of(tmp_path) is None
    made(reviewed, tmp_path).close()
    next(tmp_path.glob("tables-*/said_clauses.parquet")).write_bytes(b"x")
    with pytest.raises(IndexCorrupt):
        folder.forget(nobody, is_dry=False)
    assert not list(tmp_path.glob("tables-*"))


def test_no_texts_make_empty_tables(reviewed: Workspace, tmp_path: Path) -> None:
    make(tmp_path, [], reviews_of(reviewed), EMBEDDER, state=None)
    said = open_said(tmp_path, reviewed.role)
    assert said.texts == 0 and said.aspects.all == ()
    assert said.workspace.run("SELECT COUNT(*) AS n, COUNT(said_sentiment) AS read FROM reviews").rows == (
        (0, 0),
    )
    said.close()


def test_the_note_holds_no_text(reviewed: Workspace, tmp_path: Path) -> None:
    made(reviewed, tmp_path).close()
    note = json.loads((tmp_path / NOTE).read_text("utf-8"))
    assert {name for name, *_ in note["aspects"]} >= {"switch", "battery", "light"}
    assert not any(text in json.dumps(note) for _, _, text, _ in TEXTS)
    [texts] = tmp_path.glob("tables-*/said_texts.parquet")
    assert "body" not in pq.read_schema(texts).names
