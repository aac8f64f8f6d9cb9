"""A text that another index holds is not embedded again, and nothing but its vector is taken from there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from retrieval.hashed import HashedWords
from retrieval.index import Index
from retrieval.types import Document


class Counting(HashedWords):
    """Keeps what it was given to embed."""

    def __init__(self, dimension: int = 128) -> None:
        super().__init__(dimension)
        self.seen: list[str] = []

    def embed(self, texts, *, as_question=False):
        self.seen += texts
        return super().embed(texts, as_question=as_question)


CANARY = Document(id="review:90", kind="review", text="The canary sings in the cellar", product="Secret")


@pytest.fixture
def owner(tmp_path, documents, embedder):
    return Index.build(tmp_path / "owner", [*documents, CANARY], embedder=embedder, progress=False)


@pytest.fixture
def build(tmp_path):
    def build(documents, *beside, dimension=128):
        counting = Counting(dimension)
        index = Index.build(tmp_path / "other", documents, embedder=counting, beside=beside, progress=False)
        return index, counting

    return build


def test_what_another_index_holds_is_not_embedded_again(tmp_path, owner, documents, build):
    more = [*documents[:4], Document(id="review:7", kind="review", text="Nobody wrote this before")]
    index, counting = build(more, tmp_path / "owner")
    assert counting.seen == ["Nobody wrote this before"]
    alone, _ = build(more)
    for text in ("battery", "wash", "nobody wrote"):
        found = [(hit.document, hit.score) for hit in alone.search(text, 5)]
        assert [(hit.document, hit.score) for hit in index.search(text, 5)] == found


def test_only_the_texts_that_it_was_given_are_found(tmp_path, owner, documents, build):
    """The canary of the other index is in no file of this one, and no question finds it."""
    index, _ = build(documents[:2], tmp_path / "owner")
    assert owner.search("canary in the cellar", 1)[0].document == CANARY
    assert {h.document.id for h in index.search("canary in the cellar", 99)} <= {"review:1", "review:2"}
    assert index.ids() == {"review:1", "review:2"} and len(index) == 2
    vector = HashedWords(128).embed([CANARY.text])[0].astype(np.float16).tobytes()
    for path in (tmp_path / "other").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"canary" not in data and b"Secret" not in data and vector not in data, path


def test_texts_that_are_added_are_looked_for_too(tmp_path, owner, documents, build):
    index, counting = build(documents[:1])
    counting.seen.clear()
    index.add([*documents[1:3]], beside=[tmp_path / "owner"], progress=False)
    assert counting.seen == [] and len(index) == 3


def _damage(folder):
    (next(folder.glob("segment-*")) / "vectors.npy").write_bytes(b"nothing")


def _garble(folder):
    (folder / "manifest.json").write_text("{")


@pytest.mark.parametrize("spoil", [_damage, _garble])
def test_a_damaged_index_gives_nothing_and_stops_nothing(spoil, tmp_path, owner, documents, build):
    spoil(tmp_path / "owner")
    index, counting = build(documents, tmp_path / "owner", tmp_path / "nowhere")
    assert len(counting.seen) == len(documents) == len(index)


def test_vectors_of_another_model_are_not_taken(tmp_path, owner, documents, build):
    _, counting = build(documents, tmp_path / "owner", dimension=64)
    assert len(counting.seen) == len(documents)
    assert json.loads((tmp_path / "other" / "manifest.json").read_text())["dimension"] == 64
