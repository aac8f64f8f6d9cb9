"""The plain way, for comparison, on a shop of one's own: :mod:`finetune.plain` over the base tables.

No views, no linking, no grammar, no examples, no repair. The statement runs without the guard on a copy of
the database, opened for reading only.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.cases import Question
from finetune.gold import Gold, run_golds
from finetune.match import is_answer_contained, is_same_result
from finetune.plain import plain_prompt
from finetune.scores import bootstrap_interval, mean
from llm.engine import Engine

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


def measure_baseline(
    workspace: Workspace, engine: Engine, questions: Sequence[Question], count: int
) -> dict[str, Any]:
    """Ask ``count`` questions, evenly spread over the list, and compare the rows with the gold rows."""
    from tqdm import tqdm

    chosen = spread(questions, count)
    prompt = plain_prompt(workspace.database.catalog(), workspace.today)
    statements, seconds = [], []
    for question in tqdm(chosen, desc="baseline", unit="question"):
        started = time.perf_counter()
        statements.append(prompt.ask(engine, question.turns[-1])[0])
        seconds.append(time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        answers = run_golds(copy_database(workspace, Path(folder)), statements)
    results = [_judge(workspace, q, s, a) for q, s, a in zip(chosen, statements, answers, strict=True)]
    strict = [r["is_strict"] for r in results]
    return {
        "questions": len(results),
        "strict": mean(strict),
        "strict_95": list(bootstrap_interval(strict)),
        "contained": mean([r["is_contained"] for r in results]),
        "fails_to_run": mean([bool(r["problem"]) for r in results]),
        "seconds_to_statement": {
            "median": float(np.percentile(seconds, 50)) if seconds else 0.0,
            "p95": float(np.percentile(seconds, 95)) if seconds else 0.0,
        },
        "results": results,
    }


def to_text(baseline: dict[str, Any]) -> str:
    """The figures for a reader."""
    low, high = baseline["strict_95"]
    return (
        f"plain prompt, no grammar     {baseline['strict']:6.1%} strict ({low:.0%} to {high:.0%}), "
        f"{baseline['contained']:6.1%} contained, {baseline['fails_to_run']:.1%} do not run, "
        f"{baseline['questions']} questions, median {baseline['seconds_to_statement']['median']:.2f} s"
    )


def spread(questions: Sequence[Question], count: int) -> list[Question]:
    """``count`` questions at even distances, or all when there are no more."""
    if count >= len(questions):
        return list(questions)
    return [questions[i * len(questions) // count] for i in range(count)]


def copy_database(workspace: Workspace, folder: Path) -> Path:
    """A file of its own with the same tables: DuckDB opens a file only once with one set of settings."""
    import duckdb

    shop = workspace.shop
    source = Path(shop.database).expanduser()
    if not source.is_absolute() and shop.path is not None:
        source = shop.path.parent / source
    if not source.is_file():
        raise ValueError(f"the baseline needs one database file, and {source} is none")
    copy = folder / "copy.duckdb"
    if source.suffix.lower() in (".parquet", ".csv"):
        with duckdb.connect(str(copy)) as connection:
            table = workspace.database.catalog().tables[0].name
            connection.execute(f'CREATE TABLE "{table}" AS SELECT * FROM $1', [str(source)])
    else:
        shutil.copyfile(source, copy)
    return copy


def _judge(workspace: Workspace, question: Question, statement: str, answer: Gold) -> dict[str, Any]:
    golds = [workspace.run(gold).rows for gold in question.golds]
    runs = answer.problem is None
    return {
        "id": question.id,
        "sql": statement,
        "problem": answer.problem,
        "is_strict": runs and any(is_same_result(answer.rows, g, ordered=question.ordered) for g in golds),
        "is_contained": runs
        and any(is_answer_contained(answer.rows, g, ordered=question.ordered) for g in golds),
    }
