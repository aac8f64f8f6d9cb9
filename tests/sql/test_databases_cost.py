"""What plans are taken to cost: worked by hand, and far below the limit for every honest question we have."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from sql.databases import open_database
from sql.databases.cost import duckdb_cost, mysql_cost, postgres_cost, sqlite_cost
from sql.shop.workspace import Workspace
from sql.types import QueryLimits

QUESTIONS = Path(__file__).parent.parent.parent / "bench" / "questions"


@pytest.mark.slow
def test_no_honest_question_of_the_demonstration_shop_is_near_the_limit(demo_workspace: Workspace) -> None:
    costs = {}
    for path in QUESTIONS.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if "retail" in path.name or not case.get("sql"):
                continue
            query = demo_workspace.guard.check(case["sql"])
            costs[case["id"]] = demo_workspace.database.explain(query).cost
    assert len(costs) > 150 and None not in costs.values()
    worst = max(costs, key=lambda name: costs[name] or 0)
    assert (costs[worst] or 0) * 100 < QueryLimits().max_cost, worst


def node(kind: str, rows: int, *plans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Node Type": kind, "Plan Rows": rows, "Plans": list(plans)} | more


def test_postgres_multiplies_nested_loops_and_subplans() -> None:
    a, b = node("Seq Scan", 10, **{"Relation Name": "a"}), node("Seq Scan", 20, **{"Relation Name": "b"})
    sizes = {"a": 1_000, "b": 20}
    assert postgres_cost([{"Plan": a}], sizes) == 1_000, "a filter reads the whole table"
    loop = node("Nested Loop", 5, a, b)
    assert postgres_cost([{"Plan": loop}], sizes) == 5 + 1_000 + 10 * 20
    joined = node("Hash Join", 5, a, node("Hash", 20, b))
    assert postgres_cost([{"Plan": joined}], sizes) == 5 + 1_000 + 20 + 20
    sub = b | {"Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 1"}
    outer = node("Seq Scan", 10, sub, **{"Relation Name": "a"})
    assert postgres_cost([{"Plan": outer}], sizes) == 1_000 + 1_000 * 20, "once for each row"
    hashed = outer | {"Filter": "(NOT (hashed SubPlan 1))"}
    assert postgres_cost([{"Plan": hashed}], sizes) == 1_000 + 20, "once"
    assert postgres_cost("nonsense", sizes) is None


def test_mysql_multiplies_the_tables_of_one_select() -> None:
    rows = [
        {"id": 1, "select_type": "PRIMARY", "rows": 100, "filtered": 50.0},
        {"id": 1, "select_type": "PRIMARY", "rows": 30},
        {"id": 2, "select_type": "DEPENDENT SUBQUERY", "rows": 7},
        {"id": None, "select_type": "UNION RESULT", "rows": None},
    ]
    assert mysql_cost(rows[:2]) == 100 + 50 * 30
    assert mysql_cost(rows) == 100 + 50 * 30 + 7 * 1_500
    assert mysql_cost([]) == 0


def test_duckdb_multiplies_what_is_paired() -> None:
    def step(name: str, rows: int | None, *children: Any, **info: Any) -> dict[str, Any]:
        told = {} if rows is None else {"Estimated Cardinality": str(rows)}
        return {"name": name, "children": list(children), "extra_info": told | info}

    a, b = step("SEQ_SCAN", 10, Table="memory.main.a"), step("SEQ_SCAN", 20, Table="memory.main.b")
    sizes = {"a": 1_000, "b": 20}
    assert duckdb_cost([a], sizes) == 1_000
    assert duckdb_cost([step("CROSS_PRODUCT", None, a, b)], sizes) == 200 + 1_000 + 20
    assert duckdb_cost([step("BLOCKWISE_NL_JOIN", 3, a, b)], sizes) == 200 + 1_000 + 20
    merged = step("PIECEWISE_MERGE_JOIN", 3, a, b, Conditions="x < y")
    assert duckdb_cost([merged], sizes) == pytest.approx(200 / 3 + 1_000 + 20)
    assert duckdb_cost([step("HASH_JOIN", 30, a, b)], sizes) == 30 + 1_000 + 20
    assert duckdb_cost([], sizes) is None


@pytest.mark.parametrize(
    ("sql", "least", "most"),
    [
        ("SELECT COUNT(*) FROM a", 1_000, 1_000),
        ("SELECT * FROM a WHERE id = 3", 1, 1),
        ("SELECT * FROM a JOIN b ON b.a_id = a.id", 2_000, 4_000),
        ("SELECT * FROM b JOIN a AS other ON other.id = b.a_id", 2_000, 4_000),
        ("SELECT * FROM a, b", 2_000_000, 2_100_000),
        ("SELECT * FROM a AS x, a AS y, a AS z", 1e9, 1.1e9),
        ("SELECT (SELECT COUNT(*) FROM b WHERE b.n > a.n) FROM a", 2_000_000, 2_100_000),
        ("SELECT * FROM (SELECT SUM(n) AS s FROM a) AS p, (SELECT SUM(n) AS s FROM b) AS q", 3_000, 3_010),
        ("WITH p AS (SELECT SUM(n) AS s FROM a), q AS (SELECT 1 AS s) SELECT * FROM p, q", 1_000, 1_010),
        ("SELECT n FROM a UNION SELECT n FROM b", 3_000, 7_000),
        ("SELECT 1", 0, 2),
    ],
)
def test_sqlite_counts_from_its_tables(tmp_path: Path, sql: str, least: float, most: float) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT); CREATE TABLE b (a_id INT, n INT)"
    )
    connection.executemany("INSERT INTO a VALUES (?, ?)", [(i, i) for i in range(1_000)])
    connection.executemany("INSERT INTO b VALUES (?, ?)", [(i, i) for i in range(2_000)])
    connection.commit()
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    connection.close()
    catalog = open_database(str(path)).catalog()
    cost = sqlite_cost(steps, sqlglot.parse_one(sql, read="sqlite"), catalog)
    assert cost is not None and least <= cost <= most


def test_mysql_takes_a_subquery_to_give_no_more_than_its_own_tables() -> None:
    def step(number: int, kind: str, table: str, how: str, rows: int, extra: str = "") -> dict[str, Any]:
        return {"id": number, "select_type": kind, "table": table, "type": how, "rows": rows, "Extra": extra}

    grouped = "Using where; Using temporary; Using filesort"
    rows = [
        step(1, "PRIMARY", "<derived2>", "ALL", 170_755_200),  # the server's own guess, of an IN inside it
        step(1, "PRIMARY", "<derived4>", "ref", 10, "Using where"),
        step(2, "DERIVED", "orders", "ALL", 150, grouped),
        step(2, "DERIVED", "<subquery3>", "eq_ref", 1),
        step(3, "MATERIALIZED", "lines", "ALL", 300),
        step(4, "DERIVED", "returns", "ALL", 40, grouped),
    ]
    assert mysql_cost(rows) == (150 + 150 * 1) + (150 + 150) + 300 + 40
    crossed = [{**row, "type": "ALL"} for row in rows[:2]] + rows[2:]
    assert mysql_cost(crossed) == (150 + 150 * 10) + (150 + 150) + 300 + 40
