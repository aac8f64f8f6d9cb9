#!/usr/bin/env bash
# duckdb 2.0.0: read_csv finds types by trying formats on all rows, and takes the first that fits them. Days written
# 01.02.24, 13.02.24, 05.03.24 (1 and 13 February, 5 March 2024) fit year.month.day as well, and become 24 February of
# 2001 and 2013 and 24 March 2005; a row with a 32 or more would have shown it. Norway's country code NO, alone in its
# column, becomes FALSE, and article numbers 1E5 the number 100000.0. sniff_csv says so when asked; read_csv does not.
# Whoever loads an export of a shop in Germany or Norway gets other days and no countries, without a word.
# Seen: the types BOOLEAN, DOUBLE, DATE and the days above. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
printf 'country,article,day\nNO,1E5,01.02.24\nNO,2E5,13.02.24\nNO,3E1,05.03.24\n' > "$folder/orders.csv"
cat > "$folder/show.py" <<'PYTHON'
import sys

import duckdb

found = duckdb.sql(f"SELECT * FROM read_csv('{sys.argv[1]}')")
kinds, rows = [str(kind) for kind in found.types], found.fetchall()
days = [row[2].isoformat() for row in rows]
print(kinds, days, {row[0] for row in rows}, [row[1] for row in rows])
expected = ["BOOLEAN", "DOUBLE", "DATE"], ["2001-02-24", "2013-02-24", "2005-03-24"]
sys.exit(0 if (kinds, days) == expected and rows[0][:2] == (False, 100000.0) else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py" "$folder/orders.csv"
