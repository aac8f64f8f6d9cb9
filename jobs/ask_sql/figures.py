"""Figures: a question becomes checked SQL, the rows are the evidence."""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from sql.ask import Ambiguous
from sql.errors import SqlError, WrongStatement
from sql.names import quoted
from sql.semantics import Shop
from sql.statement.compile import compile_count, compile_undated
from sql.statement.left_out import counted_view
from sql.statement.read_aloud import ReadAs, Reader, read_aloud
from sql.types import Table
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.profile import profile_of
from telling.row_scope import scope_of
from telling.titles import title_of, view_title

if TYPE_CHECKING:
    from sql.ask import SqlAnswer
    from sql.statement.compile import Compiled

logger = logging.getLogger(__name__)

UNSURE = 0.3
"""Confidence below which the answer carries a warning."""
SURE, TOO_UNSURE = 0.8, 0.6
"""Confidence below which the answer begins with its doubt, and below which it is a question back."""

UNDATED = 0.05
"""Share of the rows that may be left out for want of a time before the answer says so."""
MOST_WORDS = 4
"""Words that a question back names at most."""


def answer_with_sql(request: Request, tools: Tools) -> Evidence:
    """Ask the database. Table 0 is the answer; a further one holds a total, or the span of the data."""
    if tools.asker is None:
        raise Declined("no_engine")
    try:
        answer = tools.asker.ask(
            request.links, after=request.after, cancel=request.cancel, on_sql=request.on_sql
        )
    except Ambiguous as error:
        raise AskBack("which_reading", options=_readings(error.readings, request, tools)) from error
    if answer.compiled is not None and answer.confidence < TOO_UNSURE:
        readings = _readings((answer.compiled, *answer.others[:1]), request, tools)
        words = _not_understood(answer)
        key, values = (
            ("unsure_words", {"names": escape_markdown(_quoted(words))}) if words else ("unsure_reading", {})
        )
        unsure = AskBack(key, values, options=readings)
        unsure.statement = str(answer.compiled.statement)
        raise unsure
    table = answer.table
    if (ahead := _still_to_come(answer, tools.workspace.today)) is not None:
        raise Declined("not_yet", {"period": escape_markdown(ahead)})
    untimed = _untimed(answer, request, tools)
    if untimed is not None and untimed.count == untimed.of:
        raise Declined("untimed", untimed.names)
    request.on_table(table)
    started = time.monotonic()
    further = _further(table, answer.compiled, tools)
    read = _read(answer.compiled, request, tools) if answer.compiled is not None else None
    return Evidence(
        tables=(table, *(each for each in further.values() if each is not table)),
        scope=scope_of(answer.links, table.query.tree) if read is None else _scope(answer, read),
        titles={} if read is None else _titles(answer, request, tools),
        caveats=(*_caveats(answer), *_left_out(answer, request, tools), *_undated(untimed)),
        parts=_places(table, further),
        about=_view_of(table, tools.workspace.shop),
        confidence=answer.confidence,
        warnings=_warnings(answer, request.question),
        sql=answer.attempts[-1].sql,
        statement=str(answer.compiled.statement) if answer.compiled is not None else "",
        read_as="" if read is None else read.sentence,
        unheard=answer.unused,
        seconds={**answer.seconds, "check": time.monotonic() - started},
    )


def _still_to_come(answer: SqlAnswer, today: dt.date) -> str | None:
    """The words for days to come that rows were looked for in by their own clock, where there are none.

    What has a day of its own ahead, such as an expiry, is asked for by that column, and may truly be none.
    """
    compiled = answer.compiled
    if compiled is None or compiled.statement.period is None or compiled.span is None:
        return None
    start = compiled.span.start
    is_there = any(cell not in (None, 0) for row in answer.table.rows for cell in row)
    return compiled.span.words if start is not None and start > today and not is_there else None


def _places(table: Table, further: Mapping[str, Table]) -> dict[str, int]:
    """Name of a further result → its place among the tables; 0 is the answer itself."""
    others = [name for name, each in further.items() if each is not table]
    return {name: others.index(name) + 1 if name in others else 0 for name in further}


def _name(request: Request, tools: Tools) -> Callable[[str], str]:
    return lambda name: title_of(tools.workspace.shop, name, request.language)


def _language(request: Request) -> Literal["en", "zh"]:
    return "zh" if request.language == "zh" else "en"


def _read(compiled: Compiled, request: Request, tools: Tools) -> ReadAs:
    return read_aloud(compiled, _language(request), _name(request, tools))


def _readings(compiled: Sequence[Compiled], request: Request, tools: Tools) -> tuple[str, ...]:
    """Statements in words, to choose from; whoever sends one back gets that very statement."""
    assert tools.asker is not None
    said = {_read(each, request, tools).sentence: each for each in compiled}
    for text, each in said.items():
        tools.asker.offer(text, each)
    return tuple(said)


def _scope(answer: SqlAnswer, read: ReadAs) -> Scope:
    """What the statement is limited to, read off it."""
    span = answer.compiled.span if answer.compiled is not None else None
    if span is None:
        return Scope(values=read.conditions)
    last = None if span.end is None else span.end - dt.timedelta(days=1)
    return Scope(values=read.conditions, period_text=span.words, period_first=span.start, period_last=last)


def _titles(answer: SqlAnswer, request: Request, tools: Tools) -> Mapping[str, str]:
    reader = Reader(_language(request), _name(request, tools))
    columns = answer.compiled.columns if answer.compiled is not None else ()
    return {column.name: reader.value(column.item) for column in columns if column.is_figure}


def _not_understood(answer: SqlAnswer) -> tuple[str, ...]:
    """Words that no part of the statement stands for, or that nothing in the shop is called."""
    unknown = [word for word in answer.links.unknown if not any(word in text for text in answer.unused)]
    said = answer.attempts[-1].sql.casefold()
    return (*answer.unused, *(word for word in unknown if word.casefold() not in said))[:MOST_WORDS]


def _caveats(answer: SqlAnswer) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """What stands before the figures: words that they take no account of, and doubt."""
    if answer.compiled is None:
        return ()
    caveats: list[tuple[str, Mapping[str, str]]] = []
    if answer.unused:
        caveats.append(("unheard", {"names": _quoted(answer.unused)}))
    elif answer.confidence < SURE:
        caveats.append(("unsure", {}))
    return tuple(caveats)


def _left_out(answer: SqlAnswer, request: Request, tools: Tools) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """That there can be none, where the view has no such rows at any time."""
    role, shop = tools.workspace.role, tools.workspace.shop
    home = counted_view(answer.compiled.statement, shop) if answer.compiled is not None else None
    if not answer.never or home is None or role.rows:  # of rows that it may not see nothing is said
        return ()
    reader = Reader(_language(request), _name(request, tools))
    conditions = ("；" if reader.is_zh else ", ").join(reader.condition(each) for each in answer.never)
    view = view_title(shop, home.name, request.language)
    return (("left_out", {"view": view, "conditions": conditions}),)


@dataclass(frozen=True)
class _Untimed:
    """Rows that meet every condition of a statement but its period, since they have no time."""

    names: Mapping[str, str]
    count: int
    of: int
    """Rows that meet the conditions, in whatever period."""


def _untimed(answer: SqlAnswer, request: Request, tools: Tools) -> _Untimed | None:
    """The rows left out for want of a time: a payment that failed has no day on which it was paid."""
    workspace, compiled = tools.workspace, answer.compiled
    role, shop = workspace.role, workspace.shop
    home = shop.view(compiled.statement.view) if compiled is not None else None
    if compiled is None or home is None or home.time is None:
        return None
    if role.rows or role.minimum_group is not None or compiled.statement.period is None:
        return None  # of rows that it may not see nothing is said
    if not workspace.has_undated(home):
        return None
    try:
        counts = compile_undated(compiled, shop, role)
        if counts is None:
            return None
        missing = workspace.run(counts[0].sql, cancel=request.cancel).rows[0][0]
        fitting = workspace.run(counts[1].sql, cancel=request.cancel).rows[0][0] if missing else 0
    except (SqlError, WrongStatement) as error:
        logger.info("rows without a time were not counted: %s", type(error).__name__)
        return None
    if not isinstance(missing, int) or not isinstance(fitting, int) or not missing:
        return None
    names = {
        "view": view_title(shop, home.name, request.language),
        "time": _name(request, tools)(home.time),
        "period": escape_markdown(compiled.statement.period.words),
    }
    return _Untimed(names, missing, fitting)


def _undated(untimed: _Untimed | None) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """That a share of the rows worth telling is in no period."""
    if untimed is None or untimed.count < UNDATED * untimed.of:
        return ()
    return (("undated", untimed.names),)


_WHY = re.compile(r"(?i)^\W*(?:why|how come)\b|为什么|为何")


def _warnings(answer: SqlAnswer, question: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """What the asker should know before trusting the rows."""
    warnings: list[tuple[str, Mapping[str, str]]] = []
    is_told = answer.compiled is not None  # before the figures
    if answer.confidence < UNSURE and not is_told:
        warnings.append(("low_confidence", {}))
    if answer.unused and not is_told:
        warnings.append(("unused", {"names": _quoted(answer.unused)}))
    if answer.links.unknown and not is_told:
        warnings.append(("unknown_words", {"names": _quoted(answer.links.unknown)}))
    if _WHY.search(question):
        warnings.append(("causes", {}))
    return tuple(warnings)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _further(table: Table, compiled: Compiled | None, tools: Tools) -> Mapping[str, Table]:
    """Further results that the answer's words need: they may hold no number without a cell."""
    profile = profile_of(table)
    try:
        if profile.kind == "empty" or (
            profile.kind in ("cell", "row") and _stands_on_nothing(table, compiled, tools)
        ):
            covered = _coverage_sql(table, tools)
            found = {"coverage": tools.workspace.run(covered)} if covered else {}
            return found if profile.kind == "empty" else {**found, "nothing": table}
        if profile.kind == "groups" and not table.is_truncated and len(profile.measures) == 1:
            name = table.columns[profile.measures[0]].name
            total = total_sql(table.query.tree, name, tools.workspace.database.dialect)
            return {"total": tools.workspace.run(total)} if total else {}
    except SqlError as error:
        # The answer stands without it.
        logger.info("no second query: %s", type(error).__name__)
    return {}


def _stands_on_nothing(table: Table, compiled: Compiled | None, tools: Tools) -> bool:
    """Whether all figures are 0 because there is no row, and not because the rows add up to it."""
    workspace = tools.workspace
    if compiled is None or any(value not in (0, None) for row in table.rows for value in row):
        return False
    try:
        counted = workspace.run(compile_count(compiled, workspace.shop, workspace.role).sql)
    except WrongStatement:
        return False
    return counted.rows == ((0,),)


def _coverage_sql(table: Table, tools: Tools) -> str | None:
    view = tools.workspace.shop.view(_view_of(table, tools.workspace.shop))
    if view is None or view.time is None:
        return None
    dialect = tools.workspace.database.dialect
    time, name = quoted(view.time, dialect), quoted(view.name, dialect)
    return f"SELECT MIN({time}) AS first, MAX({time}) AS last FROM {name}"


def _view_of(table: Table, shop: Shop) -> str:
    """The first view that the query reads; empty when unknown."""
    return next((name for name in table.query.views if shop.view(name) is not None), "")


def total_sql(tree: exp.Query, column: str, dialect: str) -> str | None:
    """A statement for the sum of ``column`` over the result of ``tree``; ``None`` where that means nothing.

    Only plain sums and counts add up: averages, shares and distinct counts do not, and a result cut by LIMIT
    or HAVING would give the total of a part.
    """
    if not isinstance(tree, exp.Select) or any(tree.args.get(key) for key in ("limit", "offset", "having")):
        return None
    if not tree.args.get("group") or tree.args.get("distinct") or tree.find(exp.Window):
        return None
    projection = next((p for p in tree.selects if p.alias_or_name.lower() == column.lower()), None)
    if projection is None or not _adds_up(projection.unalias()):
        return None
    inner = tree.copy()
    inner.set("order", None)
    name = exp.to_identifier(projection.alias_or_name, quoted=True)
    outer = exp.select(exp.Sum(this=exp.column(name)).as_(name.copy())).from_(inner.subquery("parts"))
    return outer.sql(dialect=dialect)


def _adds_up(node: exp.Expr) -> bool:
    """Sums and counts, rounded or added to each other, without DISTINCT."""
    if isinstance(node, exp.Paren | exp.Round | exp.Coalesce | exp.Cast):
        return _adds_up(node.this)
    if isinstance(node, exp.Add | exp.Sub):
        return _adds_up(node.left) and _adds_up(node.right)
    return isinstance(node, exp.Sum | exp.Count | exp.CountIf) and node.find(exp.Distinct) is None
