"""Text search: building, size, speed and quality, beside numpy brute force and BM25 alone.

    python -m bench.retrieval            the demonstration shop's reviews and reports, and clothing_reviews
    python -m bench.retrieval --only demo

Builds each index in a fresh folder and a fresh process, so that memory and first-use times are its own,
then searches it in another. Quality is measured on the demonstration shop: in
bench/questions/review_search.jsonl stand questions in English and Chinese, and for each a pattern by which a
person says which reviews of a category bear on it, in either language. A pattern misses paraphrases that its
author did not think of: compare the rows of one run, do not read them as absolute.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.record import RESULTS, ROOT, circumstances, peak_memory_mb, write_result
from llm.hardware import set_threads

set_threads()

JUDGED = ROOT / "bench" / "questions" / "review_search.jsonl"
CLOTHING = ROOT / "examples" / "clothing_reviews" / "shop.yml"
K = 10
REPEATS = 200
"""Searches timed per way of searching."""
SPOKEN = (
    "fabric is itchy",
    "runs small in the shoulders",
    "arrived late and the box was crushed",
    "zip broke after a week",
    "great gift for my mother",
    "colour is not like in the picture",
    "质量很好，会回购",
    "颜色和图片不一样",
    "客服态度",
    "性价比高",
)
"""Questions for timing where there are no judged ones; asked in turn."""


def main() -> int:
    """Command line; exit status 1 when a corpus could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description="Measure text search.")
    parser.add_argument("--only", choices=("demo", "clothing"), help="one corpus; left out: both")
    parser.add_argument("--phase", choices=("build", "search"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        measure = build if options.phase == "build" else search
        print(json.dumps(measure(options.only, options.folder)))
        return 0
    record: dict[str, Any] = {"circumstances": circumstances(), "corpora": {}}
    failed = False
    for corpus in (options.only,) if options.only else ("demo", "clothing"):
        reason = why_not(corpus)
        if reason:
            print(f"{corpus}: left out, {reason}")
            continue
        with tempfile.TemporaryDirectory(prefix="shoptalk-bench-") as folder:
            try:
                found = {phase: phase_of(phase, corpus, Path(folder)) for phase in ("build", "search")}
            except subprocess.CalledProcessError as error:
                print(f"{corpus}: failed with exit status {error.returncode}")
                failed = True
                continue
        record["corpora"][corpus] = found
        show(corpus, found)
    record["figures"] = figures(record["corpora"])
    print(f"\nRaw figures: {write_result(RESULTS / 'retrieval.json', record)}")
    return int(failed)


def phase_of(phase: str, corpus: str, folder: Path) -> dict[str, Any]:
    """One phase in a process of its own; progress goes to our standard error."""
    command = [
        sys.executable,
        "-m",
        "bench.retrieval",
        "--phase",
        phase,
        "--only",
        corpus,
        "--folder",
        str(folder),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def why_not(corpus: str) -> str | None:
    """A reason why a corpus cannot be measured here, or ``None``."""
    data = os.environ.get("SHOPTALK_DATA")
    if corpus == "clothing" and not (data and (Path(data) / "clothing_reviews").is_dir()):
        return "SHOPTALK_DATA does not name a folder with clothing_reviews"
    return None


def documents_of(corpus: str) -> list[Any]:
    """What is indexed: reviews, and for the demonstration shop its past reports."""
    from jobs.report.archive import Archive
    from jobs.report.passages import documents
    from retrieval.corpus import review_documents
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    if corpus == "clothing":
        workspace = open_workspace(
            load_shop(CLOTHING, variables={"SHOPTALK_DATA": os.environ["SHOPTALK_DATA"]})
        )
        found = review_documents(workspace)
    else:
        from demo.build import build_demo, is_built

        folder = ROOT / "build" / "bench" / "demo"
        if not is_built(folder):
            build_demo(folder, progress=False)
        workspace = open_workspace(load_shop(folder / "shop.yml"))
        found = review_documents(workspace)
        with tempfile.TemporaryDirectory() as kept:
            reports = Archive(Path(kept)).keep_past_reports(workspace)
        found += [d for report in reports for d in documents(report)]
    workspace.close()
    return found


def build(corpus: str, folder: Path) -> dict[str, Any]:
    """Read the texts and build their index."""
    from retrieval.index import Index
    from retrieval.keywords import Keywords

    started = time.perf_counter()
    found = documents_of(corpus)
    read_s = time.perf_counter() - started
    started = time.perf_counter()
    index = Index.build(folder / "index", found)
    build_s = time.perf_counter() - started
    peak = peak_memory_mb()
    started = time.perf_counter()
    Keywords.build([d.text for d in found])
    return {
        "documents": len(index),
        "characters": sum(len(d.text) for d in found),
        "read_s": read_s,
        "build_s": build_s,
        "documents_per_s": len(index) / build_s,
        "bm25_only_build_s": time.perf_counter() - started,
        "disk_mb": sum(p.stat().st_size for p in (folder / "index").rglob("*") if p.is_file()) / 1e6,
        "peak_memory_mb": peak,
    }


def search(corpus: str, folder: Path) -> dict[str, Any]:
    """Open the index, search it in four ways, and judge the first hits where judgements exist."""
    import faiss  # noqa: F401  (importing is not opening)
    import pyarrow.dataset  # noqa: F401

    from retrieval.index import Index
    from retrieval.types import Filters

    before = peak_memory_mb()
    started = time.perf_counter()
    index = Index.open(folder / "index")
    open_s = time.perf_counter() - started
    started = time.perf_counter()
    index.search(SPOKEN[0], K)
    first_s = time.perf_counter() - started
    ways = ways_of(index)
    judged = (
        [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
        if corpus == "demo"
        else []
    )
    questions = [case["question"] for case in judged] or list(SPOKEN)
    result: dict[str, Any] = {
        "open_s": open_s,
        "first_search_s": first_s,
        "memory_mb": peak_memory_mb() - before,
        "process_memory_mb": peak_memory_mb(),
        "ms": {name: timed(lambda q, way=way: way(q, None), questions) for name, way in ways.items()},
    }
    if judged:
        result["quality"] = quality(index, ways, judged)
    categories = sorted({hit.document.category for hit in index.search(SPOKEN[0], 50)} - {""})
    narrow = Filters(categories=frozenset(categories[:1]))
    result["ms"]["fused, one category"] = timed(lambda q: ways["fused"](q, narrow), questions)
    return result


Way = Callable[[str, Any], list[str]]


def ways_of(index: Any) -> dict[str, Way]:
    """Ways to search the same index: ours, and its parts alone, and numpy instead of FAISS."""
    from retrieval.index import by_meaning, by_words
    from retrieval.types import Filters
    from retrieval.vectors import Nearest

    state, embedder = index._state, index._embedder
    (segment,) = state.segments
    plain = Nearest(segment.vectors)

    def ids(rows: Sequence[tuple[int, int]]) -> list[str]:
        return [segment.document(row).id for _, row in rows[:K]]

    def allowed(filters: Filters | None) -> list[Any]:
        return [segment.allowed(filters or Filters())]

    def numpy_only(question: str, filters: Filters | None) -> list[str]:
        vector = embedder.embed([question], as_question=True)[0]
        rows, _ = plain.search(vector, K, allowed(filters)[0])
        return ids([(0, int(row)) for row in rows])

    return {
        "fused": lambda q, f: [hit.document.id for hit in index.search(q, K, f)],
        "vectors only (FAISS)": lambda q, f: ids(
            by_meaning(state, embedder.embed([q], as_question=True)[0], K, allowed(f))
        ),
        "vectors only (numpy)": numpy_only,
        "BM25 only": lambda q, f: ids(by_words(state, q, K, allowed(f))),
    }


def timed(way: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds per search, questions asked in turn after one warm round."""
    for question in questions:
        way(question)
    spent = []
    for turn in range(REPEATS):
        started = time.perf_counter()
        way(questions[turn % len(questions)])
        spent.append((time.perf_counter() - started) * 1e3)
    return {"median": statistics.median(spent), "p95": statistics.quantiles(spent, n=20)[-1]}


def quality(
    index: Any, ways: dict[str, Way], judged: Sequence[dict[str, str]]
) -> dict[str, dict[str, float]]:
    """Mean measures of the first ``K`` hits per way, over all questions and per language."""
    from retrieval.language import detect_language
    from retrieval.quality import ndcg_at_k, recall_at_k
    from retrieval.types import Filters

    (segment,) = index._state.segments
    rows = segment.documents.select(["id", "text", "category", "kind"]).to_pylist()
    relevant = [judge(case, rows) for case in judged]
    languages = [detect_language(case["question"]) for case in judged]
    filters = [
        Filters(kinds=frozenset({"review"}), categories=frozenset({case["category"]})) for case in judged
    ]
    table: dict[str, dict[str, float]] = {
        "relevant per question": {"median": statistics.median(len(ids) for ids in relevant)}
    }
    for name, way in ways.items():
        ranked = [way(case["question"], narrow) for case, narrow in zip(judged, filters, strict=True)]
        for language in ("", "en", "zh"):
            at = [i for i, code in enumerate(languages) if language in ("", code)]
            hits, wanted = [ranked[i] for i in at], [relevant[i] for i in at]
            found = [len(set(h) & w) / K for h, w in zip(hits, wanted, strict=True)]
            table[f"{name}{', ' + language if language else ''}"] = {
                "questions": len(at),
                f"precision@{K}": statistics.mean(found),
                f"recall@{K}": recall_at_k(hits, wanted, K),
                f"ndcg@{K}": ndcg_at_k(hits, [dict.fromkeys(w, 1.0) for w in wanted], K),
            }
    return table


def judge(case: dict[str, str], rows: Sequence[dict[str, str]]) -> set[str]:
    """Ids of the category's reviews that the pattern finds once the phrases apart from it are taken out."""
    wanted = re.compile(case["relevant"], re.IGNORECASE)
    apart = re.compile(case["apart_from"] or r"(?!)", re.IGNORECASE)
    return {
        row["id"]
        for row in rows
        if row["kind"] == "review"
        and row["category"] == case["category"]
        and wanted.search(apart.sub(" ", row["text"]))
    }


def figures(corpora: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What the README quotes of a run: label → value."""
    quoted = {}
    for corpus, found in corpora.items():
        built, searched = found["build"], found["search"]
        fused = searched["ms"]["fused"]
        quoted[f"retrieval, {corpus}: index build"] = (
            f"{built['build_s']:.0f} s for {built['documents']:,} texts, {built['disk_mb']:.0f} MB on disk"
        )
        quoted[f"retrieval, {corpus}: search"] = f"median {fused['median']:.0f} ms, p95 {fused['p95']:.0f} ms"
        for name, scores in searched.get("quality", {}).items():
            if name in ("fused", "vectors only (FAISS)", "BM25 only"):
                quoted[f"retrieval, {corpus}: nDCG@{K}, {name}"] = f"{scores[f'ndcg@{K}']:.3f}"
    return quoted


def show(corpus: str, found: dict[str, Any]) -> None:
    """Print one corpus' figures."""
    built, searched = found["build"], found["search"]
    print(f"\n{corpus}: {built['documents']:,} documents, {built['characters'] / 1e6:.1f} million characters")
    print(
        f"  build {built['build_s']:.1f} s ({built['documents_per_s']:.0f} documents/s; BM25 alone "
        f"{built['bm25_only_build_s']:.1f} s), {built['disk_mb']:.1f} MB on disk, "
        f"peak {built['peak_memory_mb']:.0f} MB"
    )
    print(
        f"  open {searched['open_s']:.2f} s, first search {searched['first_search_s']:.2f} s, memory "
        f"{searched['memory_mb']:.0f} MB more ({searched['process_memory_mb']:.0f} MB in all)"
    )
    for name, spent in searched["ms"].items():
        print(f"  {name:24} median {spent['median']:6.1f} ms, p95 {spent['p95']:6.1f} ms")
    for name, scores in searched.get("quality", {}).items():
        print(f"  {name:28} " + ", ".join(f"{key} {value:.3g}" for key, value in scores.items()))


if __name__ == "__main__":
    sys.exit(main())
