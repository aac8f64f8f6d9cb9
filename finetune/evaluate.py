"""Execution accuracy of question → SQL on databases that were never seen: ``shoptalk evaluate``.

Each question goes the way it goes in the product (linking, grammar, guard, repair, budget), on an SQLite or
DuckDB file described by its catalogue alone, and the rows are compared with those of the gold statement.
Not covered: several tries and votes, hardness classes, conversations (``bench.accuracy`` has those).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from finetune.errors import EvaluationError
from finetune.gold import MAX_ROWS, Gold, run_golds
from finetune.match import is_answer_contained, is_same_result
from finetune.scores import EvaluationReport, Outcome, Verdict
from llm.engine import Engine
from llm.errors import PromptTooLong
from sql.ask import CannotAnswer, SqlAsker
from sql.databases import open_database
from sql.errors import (
    NotAllowed,
    QueryFailed,
    QueryTimeout,
    QueryTooLarge,
    SqlError,
    UnknownName,
    UnsafeQuery,
)
from sql.linking import Vocabulary
from sql.shopfile import shop_from_catalog
from sql.types import QueryLimits
from sql.workspace import Workspace, open_workspace

logger = logging.getLogger(__name__)

SUFFIXES = (".sqlite", ".duckdb")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of a question file."""

    line: int
    database: str
    question: str
    sql: str


def evaluate(
    questions: Path,
    database_root: Path,
    *,
    engine: Engine,
    adapter: str | None = None,
    progress: bool = True,
    limit: int | None = None,
    resume: Path | None = None,
) -> EvaluationReport:
    """Ask every question of a file and compare the rows with the gold rows.

    Args:
        questions: lines ``{"database", "question", "sql"}``; other fields are ignored.
        database_root: folder with ``NAME/NAME.sqlite`` or ``NAME/NAME.duckdb``.
        engine: the model.
        adapter: name of a LoRA adapter of the engine; ``None`` for the bare model.
        progress: show a progress bar on standard error.
        limit: ask only the first so many lines; ``None`` for all.
        resume: a file that keeps each outcome as it comes. Started again with the same file, questions and
            engine, the evaluation goes on where it was stopped.
    Raises:
        EvaluationError: a line cannot be used or a database is missing, found before any question is asked;
            or a file turns out to be no database when its turn comes.
        LlmError: the engine cannot be reached or has no such adapter.
    """
    cases = load_cases(questions)[:limit]
    files = {case.database: _database_file(questions, case, database_root) for case in cases}
    name = engine.name + (f" + {adapter}" if adapter else "")
    done = _read_kept(resume, name) if resume else {}
    pending = [case for case in cases if _key(case) not in done]
    bar, show = _progress(len(cases), len(cases) - len(pending), progress)
    with bar, _keeping(resume, name) as keep:
        for database in dict.fromkeys(case.database for case in pending):
            group = [case for case in pending if case.database == database]
            for outcome in _evaluate_database(questions, files[database], group, engine, adapter):
                done[_key(outcome)] = outcome
                keep(outcome)
                show(outcome)
    return EvaluationReport(engine=name, outcomes=tuple(done[_key(case)] for case in cases))


def load_cases(questions: Path) -> list[Case]:
    """Read a question file; ``EvaluationError`` names the first line that cannot be used."""
    try:
        text = questions.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(questions, None, f"cannot be read: {error}") from error
    cases = []
    for line, record in enumerate(text.splitlines(), start=1):
        if not record.strip():
            continue
        try:
            fields = json.loads(record)
        except json.JSONDecodeError as error:
            raise EvaluationError(
                questions, line, f"is no JSON ({error.msg}, column {error.colno})"
            ) from error
        cases.append(_case(questions, line, fields))
    if not cases:
        raise EvaluationError(questions, None, "holds no question; expected one JSON object a line")
    return cases


def _case(questions: Path, line: int, fields: Any) -> Case:
    wanted = ("database", "question", "sql")
    if not isinstance(fields, dict):
        raise EvaluationError(questions, line, "is no JSON object with database, question and sql")
    for name in wanted:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise EvaluationError(questions, line, f"field {name!r} is missing or no text")
    if Path(fields["database"]).name != fields["database"] or fields["database"] in (".", ".."):
        raise EvaluationError(questions, line, f"database {fields['database']!r} is no plain name")
    return Case(line=line, **{name: fields[name] for name in wanted})


def _database_file(questions: Path, case: Case, root: Path) -> Path:
    candidates = [root / case.database / f"{case.database}{suffix}" for suffix in SUFFIXES]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    expected = " or ".join(str(c) for c in candidates)
    raise EvaluationError(questions, case.line, f"no database {case.database!r}; expected {expected}")


def _evaluate_database(
    questions: Path, file: Path, cases: Sequence[Case], engine: Engine, adapter: str | None
) -> Iterator[Outcome]:
    """Golds first, then the questions: DuckDB opens a file only once at a time with one set of settings."""
    try:
        golds = run_golds(file, [case.sql for case in cases])
        workspace = open_unseen(file)
    except (SqlError, OSError) as error:
        raise EvaluationError(questions, cases[0].line, f"{file} cannot be opened: {error}") from error
    try:
        asker = SqlAsker(workspace, engine, Vocabulary.build(workspace), adapter=adapter)
        for case, gold in zip(cases, golds, strict=True):
            yield _gold_failed(case, gold) if gold.problem else _ask(asker, case, gold)
    finally:
        workspace.close()


def open_unseen(file: Path) -> Workspace:
    """Open a database of which nothing is known but its catalogue, with room for whole results."""
    database = open_database(str(file.resolve()))
    try:
        shop = shop_from_catalog(database.catalog(), name=file.stem, database=str(file.resolve()))
        limits = QueryLimits(max_rows=MAX_ROWS)
        roles = tuple(dataclasses.replace(role, limits=limits) for role in shop.roles)
        return open_workspace(dataclasses.replace(shop, roles=roles), database=database)
    except BaseException:
        database.close()
        raise


def _gold_failed(case: Case, gold: Gold) -> Outcome:
    logger.warning("line %d: the gold statement does not run: %s", case.line, gold.problem)
    return _outcome(case, "gold_failed", reason=gold.problem or "")


def _ask(asker: SqlAsker, case: Case, gold: Gold) -> Outcome:
    started = time.perf_counter()
    try:
        table = asker.ask(case.question).table
    except CannotAnswer as error:
        return _outcome(case, "abstained", reason=str(error), seconds=time.perf_counter() - started)
    except (SqlError, PromptTooLong) as error:
        seconds = time.perf_counter() - started
        return _outcome(case, verdict_of(error), reason=str(error), seconds=seconds)
    seconds = time.perf_counter() - started
    ordered = has_order(case.sql)
    is_same = is_same_result(table.rows, gold.rows, ordered=ordered)
    return _outcome(
        case,
        "correct" if is_same else "wrong",
        sql=table.query.sql,
        is_contained=is_same or is_answer_contained(table.rows, gold.rows, ordered=ordered),
        seconds=seconds,
    )


def _outcome(
    case: Case,
    verdict: Verdict,
    *,
    sql: str | None = None,
    is_contained: bool = False,
    reason: str = "",
    seconds: float = 0.0,
) -> Outcome:
    return Outcome(
        line=case.line,
        database=case.database,
        question=case.question,
        gold=case.sql,
        sql=sql,
        verdict=verdict,
        is_contained=is_contained,
        reason=reason,
        seconds=seconds,
    )


def verdict_of(error: Exception) -> Verdict:
    """Which verdict an error of the way from question to rows stands for."""
    if isinstance(error, UnknownName):
        return "unresolved"
    if isinstance(error, NotAllowed):
        return "refused"
    if isinstance(error, UnsafeQuery):
        return "refused" if _parses(error.sql) else "unparsed"
    if isinstance(error, QueryFailed | QueryTimeout | QueryTooLarge):
        return "failed"
    return "abstained" if isinstance(error, CannotAnswer) else "failed"


def has_order(sql: str) -> bool:
    """Whether a gold statement orders its result, so that the order of rows counts.

    Only the outermost ORDER BY counts. A statement that sqlglot does not read is judged by its words.
    """
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except sqlglot.errors.SqlglotError:
        return "order by" in sql.lower()
    return isinstance(tree, exp.Query) and tree.args.get("order") is not None


def _parses(sql: str) -> bool:
    import sqlglot

    try:
        return bool(sqlglot.parse(sql))
    except sqlglot.errors.SqlglotError:
        return False


def _key(item: Case | Outcome) -> tuple[int, str, str, str]:
    gold = item.sql if isinstance(item, Case) else item.gold
    return item.line, item.database, item.question, gold


def _progress(
    total: int, done: int, wanted: bool
) -> tuple[contextlib.AbstractContextManager[Any], Callable[[Outcome], None]]:
    """A progress bar on standard error that shows the accuracy so far, and the function that moves it."""
    from tqdm import tqdm

    bar = tqdm(total=total, initial=done, disable=not wanted, unit="question", desc="evaluate")
    counts: Counter[str] = Counter()

    def show(outcome: Outcome) -> None:
        counts[outcome.verdict] += 1
        asked = sum(counts.values()) - counts["gold_failed"]
        bar.set_postfix_str(f"{counts['correct']} of {asked} right")
        bar.update()

    return bar, show


@contextlib.contextmanager
def _keeping(resume: Path | None, engine: str) -> Iterator[Callable[[Outcome], None]]:
    """Append each outcome to the resume file as it comes, so that a kill loses one question at most."""
    if resume is None:
        yield lambda outcome: None
        return
    is_new = not resume.exists() or resume.stat().st_size == 0
    with resume.open("a", encoding="utf-8") as file:
        if is_new:
            _append(file, {"engine": engine})
        yield lambda outcome: _append(file, dataclasses.asdict(outcome))


def _append(file: IO[str], record: dict[str, Any]) -> None:
    file.write(json.dumps(record, ensure_ascii=False) + "\n")
    file.flush()


def _read_kept(resume: Path, engine: str) -> dict[tuple[int, str, str, str], Outcome]:
    """Outcomes kept by an earlier run; a last line cut by a kill is dropped from the file."""
    if not resume.exists() or resume.stat().st_size == 0:
        return {}
    text = resume.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        resume.write_text(text, encoding="utf-8")
    kept: dict[tuple[int, str, str, str], Outcome] = {}
    for line, record in enumerate(text.splitlines(), start=1):
        try:
            fields = json.loads(record)
            if line == 1:
                _check_engine(resume, fields["engine"], engine)
                continue
            outcome = Outcome(**fields)
            if outcome.verdict not in get_args(Verdict):
                raise ValueError(f"unknown verdict {outcome.verdict!r}")
        except (ValueError, TypeError, KeyError) as error:
            raise EvaluationError(resume, line, f"is no kept outcome ({error}); remove the file") from error
        kept[_key(outcome)] = outcome
    return kept


def _check_engine(resume: Path, kept: str, engine: str) -> None:
    if kept != engine:
        raise EvaluationError(
            resume, 1, f"was begun with {kept}, this run uses {engine}; name another file to keep both"
        )
