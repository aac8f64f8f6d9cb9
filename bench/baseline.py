"""The plain way, for comparison: CREATE TABLE statements of the base tables, the question, one greedy reply.

No views, no linking, no grammar, no examples, no repair. The statement runs without the guard on a copy of
the database, opened for reading only.
"""

from __future__ import annotations

import re
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
from finetune.scores import bootstrap_interval, mean
from llm.engine import Engine, Prompt
from sql.types import Catalog, CatalogTable

if TYPE_CHECKING:
    from sql.workspace import Workspace

SYSTEM = "You translate questions into SQL. Reply with one DuckDB SELECT statement and nothing else."
MAX_TOKENS = 256
_FENCE = re.compile(r"```(?:sql)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)


def measure_baseline(
    workspace: Workspace, engine: Engine, questions: Sequence[Question], count: int
) -> dict[str, Any]:
    """Ask ``count`` questions, evenly spread over the list, and compare the rows with the gold rows."""
    from tqdm import tqdm

    chosen = spread(questions, count)
    catalog = workspace.database.catalog()
    fixed = f"{create_statements(catalog)}\n\nToday is {workspace.today.isoformat()}.\n"
    statements, seconds = [], []
    for question in tqdm(chosen, desc="baseline", unit="question"):
        started = time.perf_counter()
        prompt = Prompt(system=SYSTEM, fixed=fixed, rest=f"Question: {question.turns[-1]}")
        statements.append(statement_of(engine.complete(prompt, max_tokens=MAX_TOKENS)[0].text))
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


def create_statements(catalog: Catalog) -> str:
    """One CREATE TABLE statement a table, with types and keys, as a database would print it."""
    return "\n\n".join(_create(table) for table in catalog.tables)


def _create(table: CatalogTable) -> str:
    parts = [f"{column.name} {column.database_type}" for column in table.columns]
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({', '.join(table.primary_key)})")
    for key in table.foreign_keys:
        target = f"{key.target_table} ({', '.join(key.target_columns)})"
        parts.append(f"FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {target}")
    return f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(parts) + "\n);"


def statement_of(reply: str) -> str:
    """The statement in a reply: what stands in the first code fence, else everything, up to a semicolon."""
    fenced = _FENCE.search(reply)
    text = fenced.group(1) if fenced else reply.replace("```sql", "").replace("```", "")
    return text.split(";")[0].strip()


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
