#!/usr/bin/env bash
# sqlglot 30.30.0, SQLite 3 and DuckDB 2.0.0: LIKE minds no letter case in SQLite (and MySQL) and does in DuckDB (and
# PostgreSQL). sqlglot turns ILIKE into LOWER(x) LIKE LOWER(y) for a database that lacks it, so it knows of the difference,
# yet prints SQLite's LIKE for DuckDB unchanged, without a warning: the same data lose rows. The other way round ILIKE
# with É finds less, since SQLite's LOWER knows ASCII alone.
# Seen: LIKE '%soap%' over Soap, soap dish, SOAP: 3 rows in SQLite, 1 in DuckDB as transpiled; ILIKE 'éc%' over Éclair, éclair:
# 2 in DuckDB, 1 in SQLite as transpiled. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import sqlite3

import duckdb
import sqlglot

NAMES = ["Soap", "soap dish", "SOAP", "Éclair", "éclair"]
lite, duck = sqlite3.connect(":memory:"), duckdb.connect()
for database in (lite, duck):
    database.execute("CREATE TABLE things (name VARCHAR)")
    database.executemany("INSERT INTO things VALUES (?)", [(name,) for name in NAMES])


def counted(written, source, target):
    printed = sqlglot.transpile(written, read=source, write=target)[0]
    databases = {"sqlite": lite, "duckdb": duck}
    before, after = (databases[kind].execute(sql).fetchall() for kind, sql in ((source, written), (target, printed)))
    print(printed, len(before), len(after), sep="\n")
    return printed, len(before), len(after)


like = "SELECT name FROM things WHERE name LIKE '%soap%'"
assert counted(like, "sqlite", "duckdb") == (like, 3, 1)
ilike = "SELECT name FROM things WHERE name ILIKE 'éc%'"
lowered = "SELECT name FROM things WHERE LOWER(name) LIKE LOWER('éc%')"
assert counted(ilike, "duckdb", "sqlite") == (lowered, 2, 1)
PYTHON
