"""``shoptalk compile``: a statement of the question language as SQL, without any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ui.command import print_json, print_text

if TYPE_CHECKING:
    import threading

    from sql.shop.workspace import Workspace
    from sql.types import Table


def compiled_for(
    workspace: Workspace,
    text: str,
    *,
    is_run: bool,
    cancel: threading.Event | None = None,
) -> tuple[dict[str, Any], Table | None]:
    """What a statement means for the role, as data, and its rows when it is run.

    It is compiled against what the role sees: what is hidden and what is not there get the same words.

    Args:
        cancel: stops the run.
    Raises:
        WrongStatement: it cannot be read or compiled. UnsafeQuery: the role may not ask it.
    """
    from sql.statement.compile import compile_statement
    from sql.statement.parse import parse
    from sql.statement.read_aloud import read_aloud
    from sql.statement.seen import seen_shop

    compiled = compile_statement(
        parse(text), seen_shop(workspace), workspace.catalog.dialect, workspace.today, workspace.role
    )
    said = read_aloud(compiled)
    span = compiled.span
    found: dict[str, Any] = {
        "statement": str(compiled.statement),
        "read_as": said.sentence,
        "assumptions": [
            {"kind": a.kind, "about": a.about, "text": words}
            for a, words in zip(compiled.assumptions, said.assumptions, strict=True)
        ],
        "period": None
        if span is None
        else {"words": span.words, "start": _day(span.start), "end": _day(span.end)},
        "columns": [{"name": c.name, "item": str(c.item), "unit": c.unit} for c in compiled.columns],
        "sql": compiled.sql,
        "checked_sql": workspace.guard.check(compiled.sql).sql,
    }
    if not is_run:
        return found, None
    table = workspace.run(compiled.sql, cancel)
    found["table"] = _table(table)
    if compiled.data_end_sql is not None and workspace.role.minimum_group is None:
        end = workspace.run(compiled.data_end_sql, cancel).rows[0][0]
        found["data_end"] = str(end) if end is not None else None
    return found, table


def _table(table: Table) -> dict[str, Any]:
    return {
        "columns": [{"name": c.name, "type": c.type} for c in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        "truncated": table.is_truncated,
    }


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    return float(value) if hasattr(value, "__float__") else str(value)


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what ``compiled_for`` found."""
    if as_json:
        print_json(found)
        return
    from ui.terminal import safe_terminal

    lines = [
        found["statement"],
        found["read_as"],
        *(f"- {a['text']}" for a in found["assumptions"]),
        "",
        found["sql"],
    ]
    if "table" in found:
        table = found["table"]
        lines += ["", "\t".join(c["name"] for c in table["columns"])]
        lines += ["\t".join("" if cell is None else str(cell) for cell in row) for row in table["rows"]]
        lines += ["(more rows are not shown)"] if table["truncated"] else []
        lines += [f"The data end on {found['data_end'][:10]}."] if found.get("data_end") else []
    print_text(safe_terminal("\n".join(lines)))
