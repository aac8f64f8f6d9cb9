"""What is low, or how many things are, means the last day on which levels such as stock were taken.

A view with a row for each product and day has a metric that counts the last day alone (``last``). A list of
its rows, or an aggregate of its own, would hold every day. Where the question names no time, the last day
goes into the statement as its period, so that it is told and can be changed.
"""

from __future__ import annotations

from sql.names import quoted
from sql.question.linking import Links
from sql.shop.workspace import Workspace, as_date
from sql.statement.sentence import Aggregate, Grain, Name, Since, Statement


def levels_now(statement: Statement, links: Links, workspace: Workspace) -> Statement:
    """The statement over the last day of its view's levels; unchanged where it is about time, or has a
    period."""
    view = workspace.shop.view(statement.view)
    levels = [m for m in workspace.shop.metrics if m.last is not None and m.view == statement.view]
    if view is None or not levels or statement.period is not None or links.periods:
        return statement
    day = levels[0].last or ""
    names = {m.name.lower() for m in levels}
    nodes = list(statement.walk())
    said = {node.text.lower() for node in nodes if isinstance(node, Name)}
    is_timed = day.lower() in said or any(isinstance(node, Grain | Since) for node in nodes)
    is_of_rows = any(isinstance(node, Aggregate) for node in nodes) or not said & names
    if is_timed or not is_of_rows or view.time is None or view.time.lower() != day.lower():
        return statement
    dialect = workspace.catalog.dialect
    rows = workspace.look(f"SELECT MAX({quoted(day, dialect)}) AS d FROM {quoted(view.name, dialect)}")
    last = as_date(rows[0][0]) if rows else None
    return statement if last is None else statement.with_period(last.isoformat())
