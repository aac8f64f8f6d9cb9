"""What an index survives: additions, damage, full disks, crashes and two writers."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from retrieval import segment as segment_module
from retrieval import storage
from retrieval.errors import (
    DuplicateIds,
    IndexBusy,
    IndexCorrupt,
    IndexMismatch,
    IndexMissing,
    IndexNotWritten,
)
from retrieval.index import Index
from retrieval.types import Document


def more(*numbers: int, text: str = "a new text about zips") -> list[Document]:
    return [Document(id=f"review:{n}", kind="review", text=f"{text} {n}") for n in numbers]


def contents(folder):
    """Every file but the lock, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != storage.LOCK
    }


@pytest.fixture
def index(tmp_path, documents, embedder):
    return Index.build(tmp_path, documents, embedder=embedder, progress=False)


def test_adding_leaves_earlier_files_alone(tmp_path, index):
    before = contents(tmp_path)
    index.add(more(10, 11), progress=False)
    after = contents(tmp_path)
    del before["manifest.json"]
    assert before.items() <= after.items()
    assert len(index) == 8
    assert index.search("zips", 1)[0].document.id in ("review:10", "review:11")


def test_added_documents_are_there_after_opening_again(tmp_path, index, embedder):
    index.add(more(10), progress=False)
    index.add(more(11), progress=False)
    opened = Index.open(tmp_path, embedder=embedder)
    assert opened.ids() == index.ids()
    assert len(opened) == 8


def test_a_document_with_a_known_id_replaces_the_one_there(tmp_path, index, embedder):
    index.add(
        [Document(id="review:1", kind="review", text="It works now, the zip is mended")], progress=False
    )
    for current in (index, Index.open(tmp_path, embedder=embedder)):
        assert len(current) == 6
        assert current.search("zip", 1)[0].document.id == "review:1"
        assert not any("died" in hit.document.text for hit in current.search("battery died", 10))


def test_replacing_every_document_drops_the_old_segment(tmp_path, index, documents):
    index.add([replace(d, text=d.text + " again") for d in documents], progress=False)
    assert len(index) == 6
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_removed_documents_are_not_found(tmp_path, index, embedder):
    index.remove({"review:1", "review:99"})
    for current in (index, Index.open(tmp_path, embedder=embedder)):
        assert len(current) == 5
        assert "review:1" not in {hit.document.id for hit in current.search("battery died", 10)}


def test_many_additions_are_merged_without_embedding_again(tmp_path, index, embedder, monkeypatch):
    for number in range(10, 40):
        index.add(more(number), progress=False)
    assert len(index.manifest.segments) <= storage.MAX_SEGMENTS
    assert len(index) == 36
    opened = Index.open(tmp_path, embedder=embedder)
    assert {hit.document.id for hit in opened.search("a new text about zips", 30)} == {
        f"review:{n}" for n in range(10, 40)
    }


def test_adding_nothing_writes_nothing(tmp_path, index):
    before = contents(tmp_path)
    index.add([], progress=False)
    assert contents(tmp_path) == before


def test_what_was_left_out_is_noted_and_outlives_additions(tmp_path, index, documents, embedder):
    assert index.left_out == 0
    built = Index.build(tmp_path, documents, embedder=embedder, note={"left_out": "2"}, progress=False)
    built.add(more(10), progress=False)
    assert Index.open(tmp_path, embedder=embedder).left_out == 2 == built.left_out
    built.add([], note={"left_out": "3"}, progress=False)
    assert Index.open(tmp_path, embedder=embedder).left_out == 3 == built.left_out


def test_two_documents_with_one_id_are_refused_and_nothing_is_written(tmp_path, index, embedder):
    before = contents(tmp_path)
    with pytest.raises(DuplicateIds, match="review:7"):
        index.add(more(7, 8, 7), progress=False)
    with pytest.raises(DuplicateIds, match="Nothing was written"):
        Index.build(tmp_path, more(7, 7), embedder=embedder, progress=False)
    assert contents(tmp_path) == before


def test_building_again_replaces_the_index(tmp_path, index, embedder):
    index = Index.build(tmp_path, more(50), embedder=embedder, progress=False)
    assert index.ids() == {"review:50"}
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_an_older_object_adds_to_what_is_in_the_folder_now(tmp_path, index, embedder):
    other = Index.open(tmp_path, embedder=embedder)
    other.add(more(10), progress=False)
    index.add(more(11), progress=False)
    assert {"review:10", "review:11"} <= index.ids()
    assert Index.open(tmp_path, embedder=embedder).ids() == index.ids()


# ---- damage ---------------------------------------------------------------------------------------------


def test_a_missing_index_names_the_folder_and_the_way_out(tmp_path, embedder):
    with pytest.raises(IndexMissing, match=r"none: no index here.*shoptalk index"):
        Index.open(tmp_path / "none", embedder=embedder)


def damaged_files():
    return ["documents.parquet", "vectors.npy", "keywords/data.csc.index.npy", "keywords/vocab.index.json"]


@pytest.mark.parametrize("name", damaged_files())
def test_a_missing_file_is_named(tmp_path, index, embedder, name):
    (path,) = tmp_path.glob(f"segment-*/{name}")
    path.unlink()
    with pytest.raises(IndexCorrupt, match=rf"{path.name}: the file is missing.*shoptalk index"):
        Index.open(tmp_path, embedder=embedder)


@pytest.mark.parametrize("name", damaged_files())
def test_a_cut_file_is_named(tmp_path, index, embedder, name):
    (path,) = tmp_path.glob(f"segment-*/{name}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexCorrupt, match=rf"{path.name}: \d+ bytes, expected \d+"):
        Index.open(tmp_path, embedder=embedder)


@pytest.mark.parametrize("name", damaged_files())
def test_a_flipped_bit_is_found(tmp_path, index, embedder, name):
    (path,) = tmp_path.glob(f"segment-*/{name}")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexCorrupt, match=rf"{path.name}: its contents changed"):
        Index.open(tmp_path, embedder=embedder)


def test_a_large_index_is_hashed_only_when_asked(tmp_path, index, embedder, monkeypatch):
    monkeypatch.setattr(storage, "HASHED_BELOW", 0)
    (path,) = tmp_path.glob("segment-*/vectors.npy")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    opened = Index.open(tmp_path, embedder=embedder)
    with pytest.raises(IndexCorrupt, match="SHA-256"):
        opened.verify()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', "\x00\x01"])
def test_a_broken_manifest_is_told(tmp_path, index, embedder, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(IndexCorrupt, match=r"manifest.json: not a manifest"):
        Index.open(tmp_path, embedder=embedder)


def test_another_format_is_told(tmp_path, index, embedder):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(IndexMismatch, match="format 99"):
        Index.open(tmp_path, embedder=embedder)


def test_a_damaged_index_can_be_built_again_in_place(tmp_path, index, embedder):
    (tmp_path / "manifest.json").write_text("{")
    assert len(Index.build(tmp_path, more(1), embedder=embedder, progress=False)) == 1
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


# ---- writing that fails ---------------------------------------------------------------------------------

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (segment_module.pq, "write_table"),
        (segment_module.np, "save"),
        (segment_module.Keywords, "save"),
        (storage.os, "fsync"),
        (storage.os, "replace"),
        (storage, "write_manifest"),
    ],
)
def test_a_full_disk_leaves_the_old_index_and_no_litter(tmp_path, index, embedder, monkeypatch, module, name):
    before = contents(tmp_path)

    def fail(*args, **kwargs):
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr(module, name, fail)
        for write in (
            lambda: index.add(more(10), progress=False),
            lambda: Index.build(tmp_path, more(11), embedder=embedder, progress=False),
        ):
            with pytest.raises(IndexNotWritten, match=r"No space left on device.*unchanged.*Free disk space"):
                write()
    assert contents(tmp_path) == before
    assert len(index) == 6
    assert len(Index.open(tmp_path, embedder=embedder)) == 6
    index.add(more(10), progress=False)
    assert len(index) == 7


def test_a_real_write_limit_of_the_system_is_survived(tmp_path, index, embedder):
    """The operating system refuses to write beyond a size: the way a full disk looks from inside."""
    pytest.importorskip("resource")
    before = contents(tmp_path)
    script = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from retrieval.errors import IndexNotWritten
        from retrieval.hashed import HashedWords
        from retrieval.index import Index
        from retrieval.types import Document
        documents = [Document(id=f"review:{i}", kind="review", text=f"text {i}") for i in range(2_000)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            Index.build(Path(sys.argv[1]), documents, embedder=HashedWords(128), progress=False)
        except IndexNotWritten as error:
            print(error)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert "Cannot write the index" in done.stdout, done.stderr
    assert contents(tmp_path) == before


def test_a_writer_that_was_killed_leaves_the_old_index_and_its_litter_goes_next_time(
    tmp_path, index, embedder
):
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from retrieval import storage
        from retrieval.hashed import HashedWords
        from retrieval.index import Index
        from retrieval.types import Document
        storage.write_manifest = lambda *args: os._exit(9)
        Index.build(Path(sys.argv[1]), [Document(id="review:1", kind="review", text="x")],
                    embedder=HashedWords(128), progress=False)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, timeout=60)
    assert done.returncode == 9
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2  # the orphan is there …
    assert len(Index.open(tmp_path, embedder=embedder)) == 6  # … and harms nothing
    index.add(more(10), progress=False)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2  # the old segment and the new one


def test_ctrl_c_while_embedding_leaves_the_old_index(tmp_path, index, embedder):
    before = contents(tmp_path)

    class Interrupted(type(embedder)):
        def embed(self, texts, *, as_question=False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Index.build(tmp_path, more(1), embedder=Interrupted(128), progress=False)
    assert contents(tmp_path) == before


def test_a_second_writer_is_told_to_wait(tmp_path, index):
    with storage.writing(tmp_path), pytest.raises(IndexBusy, match="Another process is writing"):
        index.add(more(10), progress=False)
    index.add(more(10), progress=False)
    assert len(index) == 7


def test_a_folder_that_cannot_be_made_is_told(tmp_path, embedder):
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexNotWritten, match="Cannot write the index"):
        Index.build(tmp_path / "file" / "index", more(1), embedder=embedder, progress=False)
