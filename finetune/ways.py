"""Ways from a question to rows that an evaluation can measure; more are a function of the same form.

``product`` is what users get: linking, grammar, guard, repair, budget, and votes by result where asked for.
``PLAIN`` is the plain prompt of :mod:`finetune.plain`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from finetune.gold import MAX_ROWS, run_golds
from finetune.plain import plain_prompt, verdict_of_problem
from finetune.scores import Verdict
from llm.engine import Engine
from llm.errors import PromptTooLong
from sql.ask import Ambiguous, CannotAnswer, open_asker
from sql.databases import open_database
from sql.errors import NotAllowed, Senseless, SqlError, UnknownName, UnsafeQuery, WrongStatement
from sql.question.linking import Vocabulary
from sql.record import Statement, recording
from sql.shop.describe import describe_database
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.parse import parse
from sql.types import QueryLimits, Value


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of one question: rows, or a verdict with its reason."""

    drafted: str | None
    """The last statement written."""
    sql: str | None = None
    """The statement that ran."""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] | None = None
    """``None`` when nothing ran."""
    verdict: Verdict | None = None
    """Why there are no rows; ``None`` when there are."""
    reason: str = ""


Answerer = Callable[[str], Reply]
"""Question → reply, on one database. A question that fails is a reply, never an error."""


OpenWay = Callable[[Path, Engine, str | None], contextlib.AbstractContextManager[Answerer]]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way by name; outcomes of two ways are never mixed in one resumed run."""

    name: str
    open: OpenWay
    """Database file, engine, adapter → the answerer while the file is open."""


@contextlib.contextmanager
def open_product(file: Path, engine: Engine, adapter: str | None, *, votes: int) -> Iterator[Answerer]:
    """Questions to the product's asker, of a database that is described as ``shoptalk init`` does."""
    workspace = open_unseen(file)
    try:
        vocabulary = Vocabulary.build(workspace)
        # what is asked, column for column: the strict measure counts a name beside an id as a fault
        asker = open_asker(workspace, engine, vocabulary, adapter=adapter, votes=votes, names=False)

        def answer(question: str) -> Reply:
            tried: list[Statement] = []
            try:
                with recording(tried.append):
                    table = asker.ask(question).table
            except (SqlError, PromptTooLong) as error:
                drafted = tried[-1].sql if tried else getattr(error, "sql", None)
                return Reply(drafted=drafted, verdict=verdict_of(error, drafted), reason=str(error))
            columns = tuple(column.name for column in table.columns)
            return Reply(drafted=table.query.sql, sql=table.query.sql, columns=columns, rows=table.rows)

        yield answer
    finally:
        workspace.close()


@contextlib.contextmanager
def open_plain(file: Path, engine: Engine, adapter: str | None) -> Iterator[Answerer]:
    """The plain prompt of :mod:`finetune.plain`; statements run without the guard, for reading only."""
    database = open_database(str(file.resolve()))
    try:
        prompt = plain_prompt(database.catalog())
    finally:
        database.close()

    def answer(question: str) -> Reply:
        try:
            statement, _ = prompt.ask(engine, question, adapter=adapter)
        except PromptTooLong as error:
            return Reply(drafted=None, verdict="failed", reason=str(error))
        if not statement:
            return Reply(drafted=None, verdict="unparsed", reason="the reply holds no statement")
        (result,) = run_golds(file, [statement])
        if result.problem is not None:
            return Reply(drafted=statement, verdict=verdict_of_problem(result.problem), reason=result.problem)
        return Reply(drafted=statement, sql=statement, columns=result.columns, rows=result.rows)

    yield answer


PLAIN = Way(name="plain prompt", open=open_plain)


def product(votes: int = 1) -> Way:
    """What users get; ``votes`` statements per question, of which the commonest result wins."""
    name = "product" if votes == 1 else f"product, {votes} votes"
    return Way(name=name, open=functools.partial(open_product, votes=votes))


def open_unseen(file: Path) -> Workspace:
    """Open a database that nobody described, as the product does, with room for whole results."""
    database = open_database(str(file.resolve()))
    try:
        shop = describe_database(database, name=file.stem, location=str(file.resolve())).shop
        limits = QueryLimits(max_rows=MAX_ROWS)
        roles = tuple(dataclasses.replace(role, limits=limits) for role in shop.roles)
        return open_workspace(dataclasses.replace(shop, roles=roles), database=database)
    except BaseException:
        database.close()
        raise


def verdict_of(error: Exception, drafted: str | None = None) -> Verdict:
    """Which verdict an error of the way from question to rows stands for.

    Args:
        drafted: the last statement written, where one was.
    """
    if isinstance(error, UnknownName):
        return "unresolved"
    if isinstance(error, NotAllowed):
        return "refused"
    if isinstance(error, UnsafeQuery):
        return "refused" if _parses(error.sql) else "unparsed"
    if isinstance(error, Senseless):
        return "unresolved" if drafted is None or _is_statement(drafted) else "unparsed"
    return "abstained" if isinstance(error, CannotAnswer | Ambiguous) else "failed"


def _is_statement(text: str) -> bool:
    """Whether a text is in the grammar of the question language, whatever it names."""
    try:
        parse(text)
    except WrongStatement:
        return False
    return True


def _parses(sql: str) -> bool:
    import sqlglot

    try:
        return bool(sqlglot.parse(sql))
    except sqlglot.errors.SqlglotError:
        return False
