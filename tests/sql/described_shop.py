"""A database made of a script, described as ``init`` does, and asked by statements."""

from __future__ import annotations

from pathlib import Path

from script_file import write_file

from sql.databases import open_database
from sql.semantics import View
from sql.shop.describe import Described, describe_database
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse


def described(kind: str, script: str, folder: Path) -> Described:
    path = write_file(kind, script, folder)
    database = open_database(str(path))
    try:
        return describe_database(database, name="x", location=str(path))
    finally:
        database.close()


def view(found: Described, name: str) -> View:
    seen = found.shop.view(name)
    assert seen is not None
    return seen


def rows(found: Described, statement: str) -> list[tuple[object, ...]]:
    workspace = open_workspace(found.shop)
    try:
        compiled = compile_statement(
            parse(statement), found.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        return list(workspace.run(compiled.sql).rows)
    finally:
        workspace.close()


def inserted(table: str, values: list[str]) -> str:
    return f"INSERT INTO {table} VALUES {', '.join(values)};"
