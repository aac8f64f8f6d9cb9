#!/usr/bin/env bash
# sqlglot 30.30.0, DuckDB 2.0.0: ORDER BY "all", a column of that name in quotes, is printed as ORDER BY ALL, which in
# DuckDB sorts by all columns from left to right. Reading and printing a statement so changes the order of its rows, and
# with LIMIT which rows there are; both run without an error. GROUP BY "all" and SELECT "all" keep their quotes.
# Seen: the column all in order before [1, 1, 2], after [1, 2, 1]. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import sqlglot

connection = duckdb.connect()
connection.execute('CREATE TABLE sold (units INTEGER, "all" INTEGER)')
connection.execute("INSERT INTO sold VALUES (9, 1), (8, 2), (7, 1)")
written = 'SELECT units, "all" FROM sold ORDER BY "all"'
printed = sqlglot.parse_one(written, read="duckdb").sql("duckdb")
before, after = ([row[1] for row in connection.execute(sql).fetchall()] for sql in (written, printed))
grouped = sqlglot.parse_one('SELECT "all", SUM(units) FROM sold GROUP BY "all"', read="duckdb").sql("duckdb")
print(printed, before, after, grouped, sep="\n")
assert printed == 'SELECT units, "all" FROM sold ORDER BY ALL'
assert before == [1, 1, 2] and after == [1, 2, 1]
assert grouped.endswith('GROUP BY "all"')
PYTHON
