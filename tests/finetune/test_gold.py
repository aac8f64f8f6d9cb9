import datetime as dt
import sqlite3

import duckdb
import pytest

from finetune.gold import is_sqlite, run_golds


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request, tmp_path):
    path = tmp_path / f"shop.{request.param}"
    module = sqlite3 if request.param == "sqlite" else duckdb
    connection = module.connect(str(path))
    connection.execute("CREATE TABLE sales (day DATE, product VARCHAR(20), amount DOUBLE)")
    connection.execute("INSERT INTO sales VALUES ('2026-05-01', 'Lamp', 12.5), ('2026-05-02', 'Mug', 7.5)")
    connection.commit()
    connection.close()
    return path


def test_rows_come_back_in_the_order_of_the_statements(database):
    golds = run_golds(
        database, ["SELECT SUM(amount) FROM sales", "SELECT product FROM sales ORDER BY product"]
    )
    assert [g.rows for g in golds] == [((20.0,),), (("Lamp",), ("Mug",))]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE sales",
        "DELETE FROM sales",
        "INSERT INTO sales VALUES ('2026-05-03', 'Cup', 1)",
        "CREATE TABLE t (a INTEGER)",
        "ATTACH 'elsewhere.db' AS other",
        "SELEC product FROM sales",
        "SELECT nothing FROM sales",
    ],
)
def test_what_writes_or_does_not_run_is_reported_and_changes_nothing(database, statement, tmp_path):
    before = database.read_bytes()
    gold, after = run_golds(database, [statement, "SELECT COUNT(*) FROM sales"])
    assert gold.problem
    assert gold.rows == ()
    assert after.rows == ((2,),)
    assert database.read_bytes() == before
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_statement_that_never_ends_is_stopped(database):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    gold, after = run_golds(database, [endless, "SELECT COUNT(*) FROM sales"], timeout_s=0.3)
    assert gold.problem == "took more than 0.3 s"
    assert after.rows == ((2,),)


def test_too_many_rows_are_reported(database):
    (gold,) = run_golds(database, ["SELECT * FROM sales"], max_rows=1)
    assert gold.problem == "gives more than 1 rows"


def test_a_file_is_told_apart_by_its_content(database):
    assert is_sqlite(database) is database.name.endswith("sqlite")


def test_text_that_is_no_utf8_does_not_stop_a_gold(tmp_path):
    path = tmp_path / "odd.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (name TEXT)")
    connection.execute("INSERT INTO t VALUES (CAST(X'4DFC6E' AS TEXT))")
    connection.commit()
    connection.close()
    (gold,) = run_golds(path, ["SELECT name FROM t"])
    assert gold.rows == (("M\ufffdn",),)


def test_duckdb_values_keep_their_types(tmp_path):
    path = tmp_path / "typed.duckdb"
    duckdb.connect(str(path)).close()
    (gold,) = run_golds(path, ["SELECT DATE '2026-05-01', 1 = 1, 'x'"])
    assert gold.rows == ((dt.date(2026, 5, 1), True, "x"),)
