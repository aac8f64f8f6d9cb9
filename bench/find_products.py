"""Finding products by a wish against BM25, in one run: ``python -m bench.jobs --only find_products``.

Two sets. Of the public clothing reviews, an item is a clothing id: its class, department and division, and
what is said of it. Queries are titles that reviewers gave, each held out with its review; the one item that
fits is the one that was reviewed, so most of what would fit as well counts as wrong. Of the demonstration
shop, 60 wishes in English and Chinese stand in bench/questions/product_search.jsonl, with patterns over the
products' English names that say which fit (gain 2) and which come near (gain 1); they were judged from the
generator's product data before anything was run.

Ours is the ranking of the job, over the products' own words and over single reviews. Beside it: BM25 over the
same words and reviews of each item as one text, and ours over the products' own words alone.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.record import ROOT
from jobs.find_products.product_ranking import rank_products
from retrieval.encoder import SentenceEncoder
from retrieval.index import Index
from retrieval.keywords import Keywords, tokenize
from retrieval.quality import ndcg_at_k
from retrieval.types import Document

JUDGED = ROOT / "bench" / "questions" / "product_search.jsonl"
K = 10
TITLES = 400
"""Titles that are asked; the same at every run."""
LEAST_WORDS = 3
"""Words of a title that count; shorter ones ("Love it!") name no item."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """A range with its reviews, and what is looked for in it."""

    data: str
    products: list[Document]
    reviews: list[Document]
    questions: list[str]
    gains: list[Mapping[str, float]]
    """Of each question, product's name → how well it fits, above 0."""


def clothing(data: Path) -> Items:
    """Items of the clothing reviews, without the reviews whose titles are asked."""
    import duckdb

    path = str(data / "clothing_reviews" / "clothing_reviews.parquet").replace("'", "''")
    names = [row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
    place = {re.sub(r"[^a-z]", "", name.lower()): number for number, name in enumerate(names)}
    rows = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()

    def cell(row: tuple[Any, ...], name: str) -> str:
        value = row[place[name]]
        return "" if value is None else str(value).strip()

    draw = np.random.default_rng(0)
    titled = [n for n, row in enumerate(rows) if len(set(tokenize(cell(row, "title")))) >= LEAST_WORDS]
    asked = sorted(draw.choice(titled, min(TITLES, len(titled)), replace=False).tolist())
    held_out = set(asked)
    products: dict[str, Document] = {}
    reviews = []
    for number, row in enumerate(rows):
        item = cell(row, "clothingid")
        groups = [cell(row, name) for name in ("class", "department", "division")]
        words = f"{groups[0]} {item}\n{groups[1]}\n{groups[2]}"
        products.setdefault(item, Document(id=f"product:{item}#0", kind="product", text=words, product=item))
        text = "\n".join(filter(None, (cell(row, "title"), cell(row, "reviewtext"))))
        if text and number not in held_out:
            reviews.append(Document(id=f"review:{number}", kind="review", text=text, product=item))
    return Items(
        data="clothing_reviews",
        products=list(products.values()),
        reviews=reviews,
        questions=[cell(rows[n], "title") for n in asked],
        gains=[{cell(rows[n], "clothingid"): 1.0} for n in asked],
    )


def demo() -> Items:
    """The demonstration shop's range, as the job reads it."""
    from demo.build import build_demo, is_built
    from retrieval.corpus import review_documents
    from retrieval.product_range import read_products
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    folder = ROOT / "build" / "bench" / "demo"
    if not is_built(folder):
        build_demo(folder, progress=False)
    workspace = open_workspace(load_shop(folder / "shop.yml"))
    try:
        products, reviews = list(read_products(workspace)), review_documents(workspace)
    finally:
        workspace.close()
    judged = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    return Items(
        data="demo",
        products=products,
        reviews=reviews,
        questions=[case["question"] for case in judged],
        gains=[_gains(case, products) for case in judged],
    )


def _gains(case: Mapping[str, str], products: Sequence[Document]) -> dict[str, float]:
    found = {}
    for document in products:
        if re.search(case["fits"], document.product):
            found[document.product] = 2.0
        elif case["near"] and re.search(case["near"], document.product):
            found[document.product] = 1.0
    return found


def rankings(items: Items, folder: Path) -> dict[str, list[list[str]]]:
    """Way → the first names for each question."""
    embedder = SentenceEncoder()
    catalogue = Index.build(folder / "products", items.products, embedder=embedder, progress=False)
    reviews = Index.build(folder / "reviews", items.reviews, embedder=embedder, progress=False)
    said: dict[str, list[str]] = {}
    for review in items.reviews:
        said.setdefault(review.product, []).append(review.text)
    whole = Keywords.build(
        ["\n".join([product.text, *said.get(product.product, ())]) for product in items.products]
    )
    names = [product.product for product in items.products]

    def by_bm25(question: str) -> list[str]:
        words = dict.fromkeys(tokenize(question))
        scores = whole.scores({word: whole.document_frequency(word) for word in words}, len(names))
        order = np.argsort(-scores, kind="stable")[:K]
        return [names[row] for row in order if scores[row] > 0]

    ways: dict[str, Callable[[str], list[str]]] = {
        "ours": lambda question: list(rank_products(question, catalogue, reviews))[:K],
        "own words alone": lambda question: list(rank_products(question, catalogue, None))[:K],
        "BM25": by_bm25,
    }
    return {name: [way(question) for question in items.questions] for name, way in ways.items()}


def measure_find_products(data: Path) -> dict[str, Any]:
    """Print both sets; figures for the README, and the raw numbers."""
    scores: list[dict[str, Any]] = []
    for items in (clothing(data), demo()):
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = rankings(items, Path(folder))
        chinese = [bool(re.search(r"[\u4e00-\u9fff]", question)) for question in items.questions]
        for way, ranked in found.items():
            for language, is_in in (("", None), ("en", False), ("zh", True)):
                at = [n for n, each in enumerate(chinese) if is_in is None or each is is_in]
                if not at or (is_in is False and len(at) == len(chinese)):
                    continue
                score = ndcg_at_k([ranked[n] for n in at], [items.gains[n] for n in at], K)
                scores.append(
                    {
                        "data": items.data,
                        "way": way,
                        "language": language,
                        "questions": len(at),
                        "ndcg": score,
                    }
                )
        print(f"\n{items.data}: {len(items.products):,} products, {len(items.reviews):,} reviews")
        for each in scores:
            if each["data"] == items.data:
                print(
                    f"  {each['way']:<18}{each['language']:<4}{each['questions']:>5} questions, "
                    f"nDCG@{K} {each['ndcg']:.3f}"
                )
        print(f"  {time.perf_counter() - started:.0f} s")
    figures = {
        f"Finding products, {each['data']}: nDCG@{K}, {each['way']}": f"{each['ndcg']:.3f}"
        for each in scores
        if not each["language"]
    }
    return {"figures": figures, "find_products": scores}
