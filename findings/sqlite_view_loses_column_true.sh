#!/usr/bin/env bash
# SQLite 3.51.1 (pysqlite3-binary 0.5.4.post2): a column named "true" (or "false") is read by that name from its table,
# but a view, subquery or CTE that selects it names its result column1. Asked of the view, "true" in double quotes is
# then no name, so SQLite takes it for the text 'true' and answers every row with it, without an error. Whoever wraps
# tables in views or CTEs, as query layers do, gets texts for numbers. An alias mends it only where it is another word:
# AS "true" is dropped too.
# Seen: the table [5, 0]; the view, the subquery and the CTE ['true', 'true']; the view's column is called column1.
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pysqlite3-binary==0.5.4.post2
"$folder/venv/bin/python" - <<'PYTHON'
import pysqlite3

connection = pysqlite3.connect(":memory:")
connection.execute('CREATE TABLE answers ("true" INTEGER, id INTEGER)')
connection.execute("INSERT INTO answers VALUES (5, 1), (0, 2)")
connection.execute('CREATE VIEW shown AS SELECT "true" AS "true" FROM answers')


def column(sql):
    return [row[0] for row in connection.execute(sql)]


table = column('SELECT "true" FROM answers ORDER BY id')
view = column('SELECT "true" FROM shown')
subquery = column('SELECT "true" FROM (SELECT "true" FROM answers)')
cte = column('WITH q AS (SELECT "true" FROM answers) SELECT "true" FROM q')
renamed = column('WITH q AS (SELECT "true" AS yes FROM answers) SELECT yes FROM q')
name = connection.execute("PRAGMA table_info(shown)").fetchone()[1]
print("SQLite", pysqlite3.sqlite_version)
print("table", table, "view", view, "subquery", subquery, "CTE", cte, "renamed", renamed, "column of the view", name)
assert table == [5, 0] and sorted(renamed) == [0, 5]
assert view == subquery == cte == ["true", "true"]
assert name == "column1"
PYTHON
