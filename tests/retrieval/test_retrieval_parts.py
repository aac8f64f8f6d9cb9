"""The parts of retrieval, each on cases whose answer is known by reasoning."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from retrieval import vectors as vectors_module
from retrieval.embed import embed_many, load_embedder
from retrieval.encoder import DEFAULT_EMBEDDER, MAX_CHARACTERS, cut
from retrieval.errors import EmbeddingFailed
from retrieval.fuse import fuse
from retrieval.hashed import HashedWords
from retrieval.keywords import Keywords, tokenize
from retrieval.language import detect_language, language_code
from retrieval.quality import ndcg_at_k, recall_at_k
from retrieval.vectors import PLANS, Nearest, Plan, plan_for, train

# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Battery DIED", ["battery", "died"]),
        ("the of and", []),
        ("L’été à la plage", ["l'été", "à", "la", "plage"]),
        ("iPhone15 ＵＳＢ-C", ["iphone15", "usb", "c"]),
        ("snake_case", ["snake", "case"]),
        ("👍 !!! ", []),
        ("", []),
    ],
)
def test_words_are_cut_as_readers_see_them(text, words):
    assert tokenize(text) == words


def test_chinese_is_cut_into_words_and_fillers_are_dropped():
    words = tokenize("这款耳机的降噪效果怎么样？")
    assert {"耳机", "降噪", "效果"} <= set(words)
    assert not {"的", "怎么样", "？"} & set(words)


def test_bm25_equals_the_formula_worked_by_hand():
    texts = ["zip zip broken", "zip fine fabric soft", "fabric"]
    keywords = Keywords.build(texts)
    scores = keywords.scores({"zip": 2}, 3)
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = (3 + 4 + 1) / 3
    # Lucene's form leaves out the factor k1 + 1, which is the same for all.
    expected = [
        idf * tf / (tf + 1.5 * (1 - 0.75 + 0.75 * length / mean)) for tf, length in ((2, 3), (1, 4), (0, 1))
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_unknown_words_score_nothing():
    assert not Keywords.build(["zip", "fabric"]).scores({"quark": 0}, 2).any()


# ---- fusion ---------------------------------------------------------------------------------------------


def test_reciprocal_ranks_add_up():
    fused = dict(fuse([["a", "b", "c"], ["c", "a"]]))
    assert fused == pytest.approx({"a": 1 / 61 + 1 / 62, "b": 1 / 62, "c": 1 / 63 + 1 / 61})


def test_fusing_nothing_gives_nothing():
    assert fuse([]) == []
    assert fuse([[], []]) == []


def test_ties_keep_the_order_of_the_first_ranking():
    assert [entry for entry, _ in fuse([["a", "b"], ["b", "a"]])] == ["a", "b"]


def test_a_constant_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        fuse([["a"]], k=0)


# ---- measures -------------------------------------------------------------------------------------------


def test_recall_of_an_example_worked_by_hand():
    assert recall_at_k([["a", "x", "b"], ["y"]], [{"a", "b"}, {"z"}], 2) == 0.25
    assert recall_at_k([["a", "x", "b"], ["z"]], [{"a", "b"}, {"z"}], 10) == 1.0


def test_ndcg_of_an_example_worked_by_hand():
    found = 3 / math.log2(2) + 0 + 2 / math.log2(4)
    ideal = 3 / math.log2(2) + 2 / math.log2(3)
    assert ndcg_at_k([["a", "x", "b"]], [{"a": 3, "b": 2}], 3) == pytest.approx(found / ideal)
    assert ndcg_at_k([["a", "b"]], [{"a": 3, "b": 2}], 1) == 1.0
    assert ndcg_at_k([["x"]], [{"a": 1}], 5) == 0.0


@pytest.mark.parametrize(
    ("ranked", "relevant", "k", "message"),
    [
        ([["a"]], [], 1, "1 rankings"),
        ([], [], 1, "no questions"),
        ([["a"]], [{"a"}], 0, "k must"),
        ([["a"]], [set()], 1, "without"),
    ],
)
def test_measures_refuse_what_cannot_be_scored(ranked, relevant, k, message):
    with pytest.raises(ValueError, match=message):
        recall_at_k(ranked, relevant, k)


# ---- languages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Great sound", "en"),
        ("音质很好", "zh"),
        ("iPhone 15 Pro Max 的电池很耐用", "zh"),
        ("Nice 好 little thing, works with everything I own", "en"),
        ("とても良い音", "ja"),
        ("정말 좋아요", "ko"),
        ("très déçu, ça marche mal", ""),
        ("Отлично", ""),
        ("a lovely café chair for the terrace of our house", "en"),
        ("5/5 👍", ""),
        ("", ""),
    ],
)
def test_the_script_tells_the_language_or_nothing(text, code):
    assert detect_language(text) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("en", "en"),
        ("ZH", "zh"),
        ("zh-TW", "zh"),
        ("en_US", "en"),
        ("English", "en"),
        ("中文", "zh"),
        ("", "zh"),
        ("n/a", "zh"),
    ],
)
def test_a_language_column_is_read_in_its_common_spellings(value, code):
    assert language_code(value, "很好") == code


# ---- vectors --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clustered():
    """2,000 unit vectors in 40 clusters, as texts about 40 subjects would lie."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, 32))
    points = centres[rng.integers(0, 40, 2_000)] + 0.4 * rng.normal(size=(2_000, 32))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float16)


def exact(stored, question, k, allowed=None):
    cosines = stored.astype(np.float32) @ question
    rows = np.arange(len(stored)) if allowed is None else np.flatnonzero(allowed)
    return set(rows[np.argsort(-cosines[rows])[:k]])


def nearest(stored, factory, faiss, monkeypatch):
    monkeypatch.setattr(
        vectors_module,
        "PLANS",
        (Plan(below=math.inf, factory=factory, candidates=1 if factory == "Flat" else 20),),
    )
    monkeypatch.setattr(vectors_module, "EXACT_BELOW", 100)
    return Nearest(stored, train(stored, faiss), faiss=faiss)


@pytest.mark.parametrize("factory", ["numpy", "Flat", "IVF{lists},SQ8", "IVF{lists},RaBitQ"])
@pytest.mark.parametrize("share", [None, 0.5, 0.01])
def test_every_kind_of_index_finds_the_nearest_allowed_rows(clustered, factory, share, monkeypatch):
    faiss = None if factory == "numpy" else pytest.importorskip("faiss")
    searcher = nearest(clustered, "Flat" if faiss is None else factory, faiss, monkeypatch)
    rng = np.random.default_rng(5)
    allowed = None if share is None else rng.random(len(clustered)) < share
    found = wanted = 0
    for row in range(0, 2_000, 50):
        question = clustered[row].astype(np.float32)
        rows, cosines = searcher.search(question, 10, allowed)
        assert len(rows) == len(set(rows.tolist())) <= 10
        assert list(cosines) == sorted(cosines, reverse=True)
        assert allowed is None or allowed[rows].all()
        expected = exact(clustered, question, 10, allowed)
        found += len(expected & set(rows.tolist()))
        wanted += len(expected)
    assert found / wanted >= (1.0 if factory in ("numpy", "Flat") else 0.9)


def test_a_filter_that_leaves_few_rows_misses_none(clustered, monkeypatch):
    faiss = pytest.importorskip("faiss")
    monkeypatch.setattr(vectors_module, "PLANS", IVF)
    searcher = Nearest(clustered, train(clustered, faiss), faiss=faiss)
    allowed = np.zeros(2_000, dtype=bool)
    allowed[::100] = True
    question = clustered[7].astype(np.float32)
    rows, _ = searcher.search(question, 20, allowed)
    assert set(rows.tolist()) == set(range(0, 2_000, 100))


def test_nothing_allowed_finds_nothing(clustered):
    rows, cosines = Nearest(clustered).search(clustered[0].astype(np.float32), 3, np.zeros(2_000, dtype=bool))
    assert len(rows) == len(cosines) == 0


def test_ties_come_in_the_order_of_rows():
    stored = np.repeat(np.array([[1, 0]], dtype=np.float16), 5, axis=0)
    assert Nearest(stored).search(np.array([1, 0], dtype=np.float32), 3)[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("count", "factory"), [(99_999, "Flat"), (100_000, "IVF{lists},SQ8"), (10_000_000, "IVF{lists},RaBitQ")]
)
def test_the_count_of_vectors_chooses_the_plan(count, factory):
    assert plan_for(count).factory == factory
    assert PLANS[-1].below == math.inf


IVF = (Plan(below=math.inf, factory="IVF{lists},SQ8", candidates=4),)


def test_a_gpu_serves_unfiltered_searches_of_large_segments(clustered, monkeypatch):
    """A stand-in for a GPU shows that the copy is made and used, and that filters stay on the processor."""
    real = pytest.importorskip("faiss")
    monkeypatch.setattr(vectors_module, "PLANS", IVF)
    monkeypatch.setattr(vectors_module, "EXACT_BELOW", 0)
    asked = []

    class OnGpu:
        def __init__(self, index):
            self.index = index

        def search(self, questions, k):
            asked.append(k)
            return self.index.search(questions, k)

    class FaissWithGpu:
        StandardGpuResources = object

        def __getattr__(self, name):
            return getattr(real, name)

        def get_num_gpus(self):
            return 1

        def index_cpu_to_gpu(self, resources, device, index):
            return OnGpu(index)

    searcher = Nearest(clustered, train(clustered, real), faiss=FaissWithGpu())
    question = clustered[0].astype(np.float32)
    assert searcher.search(question, 5)[0][0] == 0
    assert asked == [20]
    searcher.search(question, 5, np.ones(2_000, dtype=bool))
    assert asked == [20]


# ---- embedding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", "short"),
        ("One sentence. " * 8, "One sentence. " * 7),
        ("字" * 120, "字" * 100),
        ("长句子，" * 30, "长句子，" * 25),
        ("word " * 30, "word " * 20),
    ],
)
def test_long_texts_end_at_a_sentence_or_a_word(text, expected):
    assert cut(text, 100).rstrip() == expected.rstrip()


def test_equal_texts_are_embedded_once():
    seen = []

    class Counting(HashedWords):
        def embed(self, texts, *, as_question=False):
            seen.extend(texts)
            return super().embed(texts)

    vectors = embed_many(Counting(), ["a b", "c", "a b", "a b"], progress=False)
    assert sorted(seen) == ["a b", "c"]
    np.testing.assert_array_equal(vectors, HashedWords().embed(["a b", "c", "a b", "a b"]))


def test_an_unknown_model_is_told():
    with pytest.raises(EmbeddingFailed, match=r"modules\.json"):
        load_embedder("no/such/folder")


@pytest.fixture(scope="module")
def encoder():
    return load_embedder()


def test_the_default_model_gives_unit_vectors_close_in_meaning_across_languages(encoder):
    texts = ["The battery does not last", "电池不耐用", "The colour faded after washing", ""]
    vectors = encoder.embed(texts)
    assert vectors.shape == (4, encoder.dimension)
    assert vectors.dtype == np.float32
    assert encoder.name == DEFAULT_EMBEDDER
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert encoder.embed([]).shape == (0, 512)


def test_a_very_long_text_costs_no_more_than_its_beginning(encoder):
    text = "good sound. " * 5_000
    np.testing.assert_allclose(encoder.embed([text]), encoder.embed([cut(text, MAX_CHARACTERS)]), atol=1e-5)


@pytest.mark.slow
def test_processes_give_the_same_vectors_as_one(encoder, monkeypatch):
    monkeypatch.setattr("retrieval.embed_processes.MIN_TEXTS_PER_PROCESS", 20)
    texts = [f'text {i} about 电池 and "quotes"\n' for i in range(150)]
    alone = embed_many(encoder, texts, processes=1, progress=False)
    together = embed_many(encoder, texts, processes=2, progress=False)
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_process_that_dies_is_told_with_its_last_words(encoder, monkeypatch):
    monkeypatch.setattr("retrieval.embed_processes.MIN_TEXTS_PER_PROCESS", 20)
    real = subprocess.Popen
    started = []

    def dying(command, **options):
        child = real([sys.executable, "-c", "raise SystemExit('out of memory')"], **options)
        started.append(child)
        return child

    monkeypatch.setattr("retrieval.embed_processes.subprocess.Popen", dying)
    with pytest.raises(EmbeddingFailed, match="out of memory"):
        embed_many(encoder, [f"text {i}" for i in range(60)], processes=2, progress=False)
    assert all(child.returncode is not None for child in started)
