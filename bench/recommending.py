"""Recommendations on a real gift shop: what its customers bought new in the last eight weeks.

Recall at ten: of the products that a customer bought in those weeks and never before, the share among the
ten recommended, of at most ten (as Steck 2019 counts it). All methods see the same purchases up to the split
and leave out what the customer has bought. Their settings were chosen on customers with odd numbers; figures
are of the even ones. Beside ours (the walk of ``jobs.recommend``): what most customers bought, the cosine of
products with shrinkage (item-KNN), and EASE (Steck, Embarrassingly Shallow Autoencoders for Sparse Data,
2019), a model that no database works out. The job itself is asked for some of the even customers, its list
with variety.

Called by ``bench.jobs``.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from bench.customers import request_of, retail, tools_of
from jobs import JOBS
from jobs.recommend.walking import ALPHA, BETA, LEAST_SHARED
from sql.shop.workspace import Workspace

Values = npt.NDArray[np.float64]
DAYS = 56
TOP = 10
SHRINKAGE = 0.0
"""Of item-KNN, the best of 0, 10, 20 and 50 on the odd customers."""
RIDGE = 300.0
"""Of EASE, the best of 30, 100, 300, 1000 on the odd customers."""
ASKED = 150
"""Even customers that the job itself is asked for."""


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """Who bought what before the split, and what was new after it."""

    customers: npt.NDArray[np.int64]
    products: tuple[str, ...]
    before: sparse.csr_matrix
    """1 where a customer bought a product; shape (customers, products)."""
    after: list[set[int]]
    """Of each customer, places of the products that were new in the tested weeks."""

    def tested(self, parity: int) -> npt.NDArray[np.int64]:
        """Places of the customers of a parity with something before and something new after."""
        counts = np.diff(self.before.indptr)
        return np.array(
            [
                place
                for place, new in enumerate(self.after)
                if new and counts[place] and int(self.customers[place]) % 2 == parity
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Recall:
    """How well one method told the new products."""

    method: str
    customers: int
    recall: float


def split_day(workspace: Workspace) -> dt.date:
    """The last day that is known."""
    return workspace.today - dt.timedelta(days=DAYS)


def read_purchases(workspace: Workspace) -> Purchases:
    """Goods sold to customers with a number."""
    rows = workspace.run(
        "SELECT customer_id, product, MIN(CAST(sold_at AS DATE)) AS first_on FROM sales "
        "WHERE customer_id IS NOT NULL AND product IS NOT NULL AND quantity > 0 GROUP BY 1, 2"
    ).rows
    split = split_day(workspace)
    customers = sorted({int(str(row[0])) for row in rows})
    products = sorted({str(row[1]) for row in rows})
    of_customer = {key: place for place, key in enumerate(customers)}
    of_product = {name: place for place, name in enumerate(products)}
    after: list[set[int]] = [set() for _ in customers]
    old: list[tuple[int, int]] = []
    for who, what, first in rows:
        place = of_customer[int(str(who))], of_product[str(what)]
        if dt.date.fromisoformat(str(first)[:10]) <= split:
            old.append(place)
        else:
            after[place[0]].add(place[1])
    at = np.array(old)
    before = sparse.csr_matrix(
        (np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(len(customers), len(products))
    )
    return Purchases(customers=np.array(customers), products=tuple(products), before=before, after=after)


def popularity(found: Purchases) -> Values:
    """Buyers of each product, the same for everyone."""
    return np.asarray(found.before.sum(axis=0))


def item_knn(found: Purchases, shrinkage: float = SHRINKAGE) -> Values:
    """Cosine of the products' buyers, shrunk where few share both; shape (products, products)."""
    both = (found.before.T @ found.before).toarray()
    size = np.sqrt(np.diag(both))
    near = both / np.maximum(np.outer(size, size) + shrinkage, 1)
    np.fill_diagonal(near, 0)
    return np.asarray(near)


def ease(found: Purchases, ridge: float = RIDGE) -> Values:
    """Each product from all others, by least squares with a ridge and nothing of itself."""
    gram = (found.before.T @ found.before).toarray()
    inverse = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights)


def walk(found: Purchases, alpha: float = ALPHA, beta: float = BETA) -> Values:
    """The job's walk; the customer's own purchases, which it leaves out, weigh next to nothing here."""
    buyers = np.maximum(np.asarray(found.before.sum(axis=0)).ravel(), 1)
    sizes = np.maximum(np.asarray(found.before.sum(axis=1)).ravel(), 1)
    weighed = sparse.diags(sizes**-alpha) @ found.before
    pull = (found.before.T @ weighed).toarray()
    both = (found.before.T @ found.before).toarray()
    pull[both < LEAST_SHARED] = 0
    np.fill_diagonal(pull, 0)
    return np.asarray(pull * (buyers**-alpha)[:, None] * (buyers**-beta)[None, :])


def recall_of(found: Purchases, weights: Values, places: npt.NDArray[np.int64]) -> float:
    """Mean recall over these customers."""
    shares = []
    for start in range(0, len(places), 500):
        some = places[start : start + 500]
        scores = found.before[some] @ weights if weights.shape[0] > 1 else np.repeat(weights, len(some), 0)
        scores = np.where(found.before[some].toarray() > 0, -np.inf, np.asarray(scores))
        best = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        shares += [
            _share(set(map(int, row)), found.after[place]) for row, place in zip(best, some, strict=True)
        ]
    return float(np.mean(shares))


def _share(told: set[int], new: set[int]) -> float:
    return len(told & new) / min(TOP, len(new))


def recall_of_the_job(workspace: Workspace, found: Purchases, places: Sequence[int]) -> float:
    """Mean recall of what the job answers on the day of the split, with variety and all."""
    tools = tools_of(replace(workspace, today=split_day(workspace)))
    job = next(job for job in JOBS if job.name == "recommend")
    of_product = {name: place for place, name in enumerate(found.products)}
    shares = []
    for place in places:
        message = f"recommend customer={found.customers[place]} top={TOP}"
        rows = job.run(request_of(tools, job, message), tools).tables[0].rows
        shares.append(_share({of_product[str(row[0])] for row in rows}, found.after[place]))
    return float(np.mean(shares))


METHODS: dict[str, Callable[[Purchases], Values]] = {
    "ours": walk,
    "popularity": popularity,
    "item-KNN": item_knn,
    "EASE": ease,
}


def measure_recommend(data: Path, parity: int = 0) -> dict[str, Any]:
    """Print all methods on the customers of a parity; figures for the README, and the raw numbers."""
    started = time.perf_counter()
    workspace = retail(data)
    try:
        found = read_purchases(workspace)
        places = found.tested(parity)
        recalls = [
            Recall(method=name, customers=len(places), recall=recall_of(found, method(found), places))
            for name, method in METHODS.items()
        ]
        some = places[np.linspace(0, len(places) - 1, min(ASKED, len(places))).astype(int)]
        asked = recall_of_the_job(workspace, found, [int(place) for place in some])
        same = recall_of(found, walk(found), some)
    finally:
        workspace.close()
    recalls += [
        Recall(method="the job, as answered", customers=len(some), recall=asked),
        Recall(method="ours, the same", customers=len(some), recall=same),
    ]
    print(f"\n{'method':<24}{'customers':>10}{'recall@10':>11}")
    for each in recalls:
        print(f"{each.method:<24}{each.customers:>10,}{each.recall:>11.4f}")
    print(f"{time.perf_counter() - started:.0f} s")
    told = {each.method: each.recall for each in recalls}
    figures = {
        "Recommend: recall@10 of what is new": ", ".join(
            f"{name} {told[name]:.3f}" for name in ("ours", "item-KNN", "EASE", "popularity")
        )
    }
    return {"figures": figures, "recommend": [vars(each) for each in recalls]}
