"""The jobs about customers on public data: churn against simple rules, counts against hand-written SQL.

Churn: CDNOW (23,570 customers) and Online Retail. Signals and their combination were chosen on customers with
odd numbers (a first round of trials was seen on all); here they are fitted on these and measured on the
even ones, on the last horizon of the data, which nothing was fitted on. Beside ours in the same run: the days
since the last purchase alone (a logistic curve fitted on the same customers and days), and BG/NBD fitted on
all that the odd customers bought before the tested days.

Counts: retention, time between purchases and pairs of Online Retail, the job's rows beside those of SQL that
was written by hand over the raw file; every figure must be the same.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from bench.record import ROOT
from bot.job import Job, Request, Tools
from bot.parameters import read_settings
from jobs import JOBS
from jobs.churn.returning import METHODS, back_test, fit_returning
from jobs.churn.signals import Signals, Snapshot
from jobs.purchases import PurchaseReader
from sql.question.linking import Vocabulary, link
from sql.semantics import Role
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.types import QueryLimits
from telling.evidence import Evidence

CDNOW = """\
name: CDNOW
database: cdnow.duckdb
currency: USD
today: 1998-06-30
views:
  sales:
    time: ordered_on
    columns:
      customer_id: {type: integer}
      ordered_on: {type: date}
      amount: {type: number, unit: USD}
metrics: {revenue: {view: sales, sql: SUM(amount), unit: USD}}
bindings: {order_date: sales.ordered_on, customer: sales.customer_id, amount: sales.amount}
"""
LIMITS = QueryLimits(max_rows=1_000_000, timeout_s=300, max_memory_mb=4_096)


@dataclass(frozen=True, kw_only=True)
class ChurnScore:
    """How well one method told who buys within the horizon."""

    data: str
    method: str
    days: int
    customers: int
    rate: float
    auc: float
    brier: float
    expected: float
    """Mean probability; of ours only, else 0."""


def cdnow(data: Path, folder: Path) -> Workspace:
    """The purchases as a shop of one view."""
    with duckdb.connect(str(folder / "cdnow.duckdb")) as connection:
        connection.execute("CREATE TABLE sales (customer_id INTEGER, ordered_on DATE, amount DOUBLE)")
        lines = (data / "cdnow" / "CDNOW_master.txt").read_text(encoding="utf-8").splitlines()[1:]
        import pandas as pd

        rows = [line.split() for line in lines if line.strip()]
        frame = pd.DataFrame(rows, columns=["who", "day", "units", "paid"])
        connection.register("frame", frame)
        connection.execute(
            "INSERT INTO sales SELECT CAST(who AS INTEGER), CAST(strptime(day, '%Y%m%d') AS DATE), "
            "CAST(paid AS DOUBLE) FROM frame"
        )
    path = folder / "shop.yml"
    path.write_text(CDNOW, encoding="utf-8")
    return _opened(path)


def retail(data: Path) -> Workspace:
    """Online Retail as the example describes it."""
    return _opened(ROOT / "examples" / "online_retail" / "shop.yml", {"SHOPTALK_DATA": str(data)})


def _opened(path: Path, variables: Mapping[str, str] | None = None) -> Workspace:
    shop = load_shop(path, variables=variables)
    role = Role(name="bench", limits=LIMITS)
    return open_workspace(replace(shop, roles=(role,), default_role=role.name))


def request_of(tools: Tools, job: Job | None = None, message: str = "") -> Request:
    """A question that asks a job by name or in words, as it reaches it."""
    links = link(message, tools.vocabulary, tools.workspace.today)
    settings = read_settings(links, job.parameters if job is not None else (), tools.vocabulary, "en")
    return Request(question=message, language="en", links=links, settings=settings)


def tools_of(workspace: Workspace) -> Tools:
    """A job's tools, without a model."""
    vocabulary = Vocabulary.build(workspace)
    return Tools(workspace=workspace, asker=None, retriever=None, vocabulary=vocabulary, jobs=JOBS)


def churn_scores(data: str, tools: Tools, days: int, cut_offs: int) -> list[ChurnScore]:
    """Fitted on odd customers, measured on even ones, on the last ``days`` days."""
    today = tools.workspace.today
    signals = Signals(reader=PurchaseReader(request_of(tools), tools, {}), days=days, has_season=False)
    seen = [signals.snapshot(today - dt.timedelta(days=days * back), 1, 1) for back in range(1, cut_offs + 1)]
    odd, even = ([of_parity(each, parity) for each in seen] for parity in (1, 0))
    model = fit_returning(signals.names, odd[2:], odd[1], odd[0], days)
    test = back_test(model, odd[1:], even[0])
    return [
        ChurnScore(
            data=data,
            method=method,
            days=days,
            customers=test.customers,
            rate=test.rate,
            auc=test.auc[method],
            brier=test.brier[method],
            expected=sum(n * told for n, told, _ in test.tenths) / test.customers
            if method == "ours"
            else 0.0,
        )
        for method in METHODS
    ]


def of_parity(seen: Snapshot, parity: int) -> Snapshot:
    kept = np.array([int(str(customer)) % 2 == parity for customer in seen.customers])
    return replace(
        seen,
        customers=tuple(np.array(seen.customers, dtype=object)[kept]),
        counts={name: values[kept] for name, values in seen.counts.items()},
        signals=seen.signals[kept],
        later=seen.later[kept],
    )


# ---- counts -----------------------------------------------------------------------------------------------

SURE = "bought_together least=20 top=100"
_SOLD = """CREATE TEMP VIEW sold AS SELECT CustomerID AS who, InvoiceNo AS invoice, Description AS product,
  CAST(InvoiceDate AS DATE) AS day FROM read_parquet('{path}')
WHERE Quantity > 0 AND UnitPrice > 0 AND InvoiceNo NOT LIKE 'C%'
  AND (SUBSTRING(StockCode, 1, 1) BETWEEN '0' AND '9' OR StockCode LIKE 'DCGS%' OR StockCode LIKE 'gift%')"""
_RETENTION = """WITH firsts AS (SELECT who, MIN(day) AS first FROM sold WHERE who IS NOT NULL GROUP BY who)
SELECT DATE_TRUNC('month', first)::DATE AS cohort, DATE_DIFF('month', first, day) AS age, COUNT(DISTINCT who)
FROM sold JOIN firsts USING (who) WHERE day < DATE '2011-12-01' AND first < DATE '2011-12-01'
GROUP BY ALL ORDER BY ALL"""
_GAPS = """WITH days AS (SELECT DISTINCT who, day FROM sold WHERE who IS NOT NULL),
gaps AS (SELECT day - LAG(day) OVER (PARTITION BY who ORDER BY day) AS gap FROM days)
SELECT COUNT(gap), QUANTILE_CONT(gap, 0.1), QUANTILE_CONT(gap, 0.25), MEDIAN(gap), QUANTILE_CONT(gap, 0.75),
  QUANTILE_CONT(gap, 0.9) FROM gaps"""
_PAIRS = """WITH b AS (SELECT DISTINCT invoice, product FROM sold WHERE product IS NOT NULL),
n AS (SELECT product, COUNT(*)::DOUBLE AS n FROM b GROUP BY product),
t AS (SELECT COUNT(DISTINCT invoice)::DOUBLE AS t FROM b),
c AS (SELECT x.product AS p, y.product AS q, COUNT(*)::DOUBLE AS ab FROM b AS x JOIN b AS y
  ON x.invoice = y.invoice AND x.product < y.product GROUP BY 1, 2 HAVING COUNT(*) >= 20)
SELECT p, q, ab, one.n, two.n, LN(ab * t / one.n / two.n)
  - 1.959964 * SQRT(ABS(1 / ab - 1 / one.n - 1 / two.n - 1 / t + 2 * ab / one.n / two.n)) AS low
FROM c JOIN n AS one ON one.product = p JOIN n AS two ON two.product = q, t
ORDER BY low DESC, ab DESC, p, q LIMIT 100"""


def wrong_counts(data: Path, tools: Tools) -> dict[str, tuple[int, int]]:
    """Job → figures that were compared, and those that differ from the hand-written SQL."""
    connection = duckdb.connect()
    path = str(data / "online_retail" / "online_retail.parquet").replace("'", "''")
    connection.execute(_SOLD.format(path=path))
    return {
        "cohorts": _differing(
            [(str(c)[:10], int(a), int(n)) for c, a, n in connection.execute(_RETENTION).fetchall()],
            [(str(c)[:10], int(str(a)), int(str(n))) for c, a, n, _ in _run("cohorts", tools).tables[2].rows],
        ),
        "order_gaps": _differing(
            [(round(float(str(x)), 6),) for x in connection.execute(_GAPS).fetchall()[0]],
            [(round(float(str(x)), 6),) for x in _gap_row(_run("order_gaps", tools))],
        ),
        "bought_together": _differing(
            [(p, q, int(ab), int(a), int(b)) for p, q, ab, a, b, _ in connection.execute(_PAIRS).fetchall()],
            [(r[0], r[1], r[2], r[9], r[10]) for r in _run("bought_together", tools, SURE).tables[0].rows],
        ),
    }


def _run(name: str, tools: Tools, message: str = "") -> Evidence:
    job = next(job for job in JOBS if job.name == name)
    return job.run(request_of(tools, job, message), tools)


def _gap_row(evidence: Evidence) -> Sequence[Any]:
    row = evidence.tables[1].rows[0]
    return [row[2], *row[4:]]


def _differing(wanted: Sequence[tuple[Any, ...]], got: Sequence[tuple[Any, ...]]) -> tuple[int, int]:
    return len(wanted), len(set(wanted) ^ set(got))


def measure_customers(data: Path) -> dict[str, Any]:
    """Print all of it; figures for the README, and the raw numbers."""
    scores: list[ChurnScore] = []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        workspace = cdnow(data, Path(folder))
        try:
            scores += churn_scores("cdnow", tools_of(workspace), 91, 4)
        finally:
            workspace.close()
    workspace = retail(data)
    try:
        tools = tools_of(workspace)
        scores += churn_scores("online_retail", tools, 91, 3)
        scores += churn_scores("online_retail", tools, 30, 8)
        counts = wrong_counts(data, tools)
    finally:
        workspace.close()
    print(f"\n{'data':<16}{'method':<10}{'days':>6}{'customers':>11}{'bought':>9}{'AUC':>8}{'Brier':>9}")
    for s in scores:
        print(
            f"{s.data:<16}{s.method:<10}{s.days:>6}{s.customers:>11,}{s.rate:>9.1%}{s.auc:>8.4f}{s.brier:>9.5f}"
        )
    for name, (compared, wrong) in counts.items():
        print(f"{name:<16} {compared:>7,} rows or figures beside hand-written SQL, {wrong} differ")
    print(f"{time.perf_counter() - started:.0f} s")
    ours = [s for s in scores if s.method == "ours"]
    figures = {
        f"Churn, {s.data}, {s.days} days": f"AUC {s.auc:.3f}, Brier {s.brier:.4f} ({s.customers:,} customers)"
        for s in ours
    }
    return {"figures": figures, "churn": [vars(s) for s in scores], "counts": counts}
