"""Keyword search with BM25 over one segment of an index.

English and other alphabets: whole words in lower case, no stemming. Chinese: words as rjieba cuts them for
search. Scores come from bm25s (Lù, BM25S, 2024; the Lucene form); it has no incremental add, so that an index
keeps one of these per segment and weighs words by how rare they are in all segments together.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import IndexCorrupt

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PARTS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:['’][^\W_{_HAN}]+)*")
_IS_HAN = re.compile(rf"[{_HAN}]")


def tokenize(text: str) -> list[str]:
    """The words of a text that keyword search counts, in order.

    >>> tokenize("The battery didn't last, 电池不耐用!")
    ['battery', 'last', '电池', '不', '耐用']
    """
    import rjieba

    words: list[str] = []
    for part in _PARTS.findall(unicodedata.normalize("NFKC", text).lower()):
        words.extend(rjieba.cut_for_search(part) if _IS_HAN.match(part) else [part.replace("’", "'")])
    fillers = _fillers()
    return [word for word in words if word not in fillers]


@functools.cache
def _fillers() -> frozenset[str]:
    """Words that say nothing about the subject.

    bm25s brings English ones; its Chinese list drops 大 and 小, which buyers use about sizes: this one is
    shorter.
    """
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    chinese = (Path(__file__).parent / "texts" / "fillers_zh.txt").read_text(encoding="utf-8")
    return frozenset(STOPWORDS_EN_PLUS) | frozenset(chinese.split())


class Keywords:
    """BM25 scores of one segment's documents; read-only once built."""

    def __init__(self, model: Any, count: int) -> None:
        self._model = model  # a bm25s.BM25, or None when no document has a word
        self._count = count

    @classmethod
    def build(cls, texts: Sequence[str]) -> Keywords:
        """Index ``texts``; row numbers are their positions."""
        import bm25s

        tokens = [tokenize(text) for text in texts]
        if not any(tokens):
            return cls(None, len(texts))
        model = bm25s.BM25(method="lucene", backend="numpy")
        model.index(tokens, show_progress=False)
        return cls(model, len(texts))

    def save(self, folder: Path) -> None:
        """Write into an existing, empty folder."""
        if self._model is not None:
            self._model.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path, count: int) -> Keywords:
        """Read what :meth:`save` wrote for ``count`` documents, arrays mapped rather than copied.

        Raises:
            IndexCorrupt: the files do not fit together.
        """
        import bm25s

        if not any(folder.glob("*")):
            return cls(None, count)
        try:
            model = bm25s.BM25.load(folder, mmap=True, show_progress=False)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexCorrupt(folder, f"the keyword files cannot be read ({error})") from error
        if model.scores["num_docs"] != count:
            raise IndexCorrupt(folder, f"keywords of {model.scores['num_docs']} documents, expected {count}")
        return cls(model, count)

    def document_frequency(self, word: str) -> int:
        """How many documents hold ``word``."""
        column = self._column(word)
        return 0 if column is None else int(column[1] - column[0])

    def scores(self, frequencies: Mapping[str, int], total: int) -> npt.NDArray[np.float32]:
        """BM25 of every document, shape (count,); 0 where no word occurs.

        Args:
            frequencies: the question's distinct words → how many documents of all segments hold them.
            total: documents of all segments. With both, a word weighs the same in every segment; only the
                mean document length stays the segment's own.
        """
        scores = np.zeros(self._count, dtype=np.float32)
        for word, everywhere in frequencies.items():
            column = self._column(word)
            if column is None:
                continue
            start, end = column
            weight = _idf(everywhere, total) / _idf(end - start, self._count)
            # A document stands at most once in a word's column, so plain indexing adds up right.
            scores[self._model.scores["indices"][start:end]] += weight * self._model.scores["data"][start:end]
        return scores

    def _column(self, word: str) -> tuple[int, int] | None:
        if self._model is None or word not in self._model.vocab_dict:
            return None
        number = self._model.vocab_dict[word]
        pointers = self._model.scores["indptr"]
        return int(pointers[number]), int(pointers[number + 1])


def _idf(frequency: int, total: int) -> float:
    """Inverse document frequency as in Lucene, always above 0."""
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
