"""What a search finds, filters and refuses."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.hashed import HashedWords
from retrieval.index import Index
from retrieval.types import Document, Filters


def ids(hits):
    return [hit.document.id for hit in hits]


@pytest.fixture
def index(tmp_path, documents, embedder):
    return Index.build(tmp_path / "index", documents, embedder=embedder, progress=False)


def test_hits_come_best_first_with_score_and_cosine(index):
    hits = index.search("long battery life", 3)
    assert hits[0].document.id == "review:2"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(-1 <= hit.similarity <= 1 for hit in hits)
    assert hits[0].similarity > hits[-1].similarity


def test_a_hit_gives_back_the_whole_document(index, documents):
    hit = index.search("电池不耐用", 1)[0]
    assert hit.document == documents[2]


def test_the_cosine_is_that_of_the_embedding(index, embedder, documents):
    question = "battery died"
    hit = index.search(question, 1)[0]
    a, b = embedder.embed([question, hit.document.text])
    assert hit.similarity == pytest.approx(float(a @ b), abs=1e-3)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {1, 2, 3, 4, 5, 6}),
        (Filters(kinds=frozenset({"report"})), {6}),
        (Filters(products=frozenset({"Headset"})), {2, 3}),
        (Filters(products=frozenset({"Headset", "Shirt"})), {2, 3, 4, 5}),
        (Filters(products=frozenset()), set()),
        (Filters(categories=frozenset({"Clothing"})), {4, 5}),
        (Filters(languages=frozenset({"zh"})), {3}),
        (Filters(min_rating=3), {2, 3}),
        (Filters(max_rating=3), {1, 3, 4}),
        (Filters(min_rating=2, max_rating=3), {3, 4}),
        (Filters(written_from=dt.datetime(2026, 5, 1)), {2, 3, 4, 6}),
        (Filters(written_before=dt.datetime(2026, 5, 1)), {1}),
        (Filters(written_from=dt.datetime(2026, 5, 1), written_before=dt.datetime(2026, 6, 1)), {2, 3, 6}),
        (Filters(products=frozenset({"Headset"}), languages=frozenset({"en"}), min_rating=4), {2}),
        (Filters(products=frozenset({"No such thing"})), set()),
    ],
)
def test_filters_narrow_to_exactly_the_right_documents(index, documents, filters, expected):
    found = ids(index.search("battery", 10, filters))
    assert set(found) == {documents[number - 1].id for number in expected}
    assert len(found) == len(set(found))


def test_a_rare_product_gets_its_hits_although_others_match_better(tmp_path, embedder):
    common = [
        Document(id=f"review:{i}", kind="review", text=f"battery battery {i}", product="Phone")
        for i in range(500)
    ]
    rare = [Document(id=f"review:r{i}", kind="review", text=f"colour {i}", product="Shirt") for i in range(3)]
    index = Index.build(tmp_path, [*common, *rare], embedder=embedder, progress=False)
    hits = index.search("battery", 10, Filters(products=frozenset({"Shirt"})))
    assert set(ids(hits)) == {"review:r0", "review:r1", "review:r2"}


def test_fewer_documents_than_k_are_not_padded(index):
    assert len(index.search("battery", 50)) == 6


def test_a_search_in_an_empty_index_finds_nothing(tmp_path, embedder):
    index = Index.build(tmp_path, [], embedder=embedder, progress=False)
    assert len(index) == 0
    assert index.search("battery", 3) == []
    assert Index.open(tmp_path, embedder=embedder).search("battery", 3) == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_refused(index, text):
    with pytest.raises(ValueError, match="empty text"):
        index.search(text, 3)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(index, k):
    with pytest.raises(ValueError, match="at least 1"):
        index.search("battery", k)


@pytest.mark.parametrize(
    "text", ["👍👍", "؟؟؟", "x" * 20_000, "<script>alert(1)</script>", "%s {0} ${x}", "\x00"]
)
def test_odd_texts_are_searched_like_any_other(index, text):
    assert len(index.search(text, 3)) <= 3


def test_texts_without_a_word_can_be_indexed(tmp_path, embedder):
    documents = [Document(id=f"review:{i}", kind="review", text="👍") for i in range(3)]
    index = Index.build(tmp_path, documents, embedder=embedder, progress=False)
    assert len(index.search("👍", 10)) == 3


def test_a_word_of_another_segment_weighs_as_much_as_its_own(tmp_path, embedder):
    """A word that is rare everywhere must not lose because its segment is small."""
    first = [Document(id=f"review:{i}", kind="review", text=f"plain words number{i}") for i in range(50)]
    second = [Document(id="review:z", kind="review", text="zipper broken")]
    split = Index.build(tmp_path / "a", first, embedder=embedder, progress=False)
    split.add(second, progress=False)
    whole = Index.build(tmp_path / "b", [*first, *second], embedder=embedder, progress=False)
    assert ids(split.search("broken zipper number7", 3)) == ids(whole.search("broken zipper number7", 3))


WORDS = ["battery", "sound", "colour", "zip", "soft", "late", "电池", "音质", "good", "bad"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(TEXTS, min_size=2, max_size=20), cut=st.integers(1, 19), question=TEXTS)
def test_adding_in_two_steps_finds_what_building_at_once_finds(tmp_path_factory, texts, cut, question):
    embedder = HashedWords(128)
    documents = [Document(id=f"review:{i}", kind="review", text=text) for i, text in enumerate(texts)]
    at_once = Index.build(tmp_path_factory.mktemp("once"), documents, embedder=embedder, progress=False)
    in_steps = Index.build(
        tmp_path_factory.mktemp("steps"), documents[:cut], embedder=embedder, progress=False
    )
    in_steps.add(documents[cut:], progress=False)
    assert len(in_steps) == len(at_once) == len(texts)
    once = {hit.document.id: hit.similarity for hit in at_once.search(question, 50)}
    steps = {hit.document.id: hit.similarity for hit in in_steps.search(question, 50)}
    assert once == pytest.approx(steps, abs=1e-3)


def test_search_is_the_same_after_opening_again(tmp_path, documents, embedder):
    built = Index.build(tmp_path, documents, embedder=embedder, progress=False)
    opened = Index.open(tmp_path, embedder=embedder)
    assert built.search("battery life", 6) == opened.search("battery life", 6)


def test_search_is_safe_from_several_threads(index):
    from concurrent.futures import ThreadPoolExecutor

    expected = index.search("battery", 4)
    with ThreadPoolExecutor(8) as pool:
        assert all(hits == expected for hits in pool.map(lambda _: index.search("battery", 4), range(64)))


def test_vectors_of_another_shape_are_not_mixed(tmp_path, documents):
    from retrieval.errors import IndexMismatch

    Index.build(tmp_path, documents, embedder=HashedWords(128), progress=False)
    with pytest.raises(IndexMismatch, match="hashed-words-128"):
        Index.open(tmp_path, embedder=HashedWords(64))


def test_the_stored_vectors_keep_their_length(tmp_path, documents, embedder):
    Index.build(tmp_path, documents, embedder=embedder, progress=False)
    (vectors,) = [np.load(path) for path in tmp_path.glob("*/vectors.npy")]
    assert vectors.shape == (6, 128)
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(float), axis=1), 1, atol=1e-3)
