"""From an address to an answer: ``shoptalk init`` and ``doctor`` over each database, on real servers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from servers import Server
from test_databases import KINDS, locate
from typer.testing import CliRunner

from sql.names import quoted
from sql.shop.shopfile import load_shop
from sql.shop.workspace import open_workspace


def run(*arguments: str) -> tuple[int, str]:
    from ui.cli import app

    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


@pytest.mark.parametrize("kind", KINDS)
def test_init_writes_a_shop_that_works_at_once(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    location = locate(request, kind, tmp_path)
    out = tmp_path / "shop.yml"
    code, told = run("init", location, "--out", str(out))
    assert code == 0, told
    text = out.read_text(encoding="utf-8")
    if kind in ("postgres", "mysql"):
        server: Server = request.getfixturevalue(f"{kind}_server")
        assert server.reader_password not in text + told
        monkeypatch.setenv("PGPASSWORD" if kind == "postgres" else "MYSQL_PWD", server.reader_password)
    views = yaml.safe_load(text)["views"]
    assert set(views) == {"customers", "orders", "order_lines", "secrets"}
    kinds = {name: column["type"] for name, column in views["order_lines"]["columns"].items()}
    assert kinds.pop("counts_as_sold") == "integer", "some orders were cancelled"
    assert kinds == {"order_id": "integer", "product": "text", "quantity": "integer", "price": "number"}
    sampled = {
        f"{v}.{c}" for v in views for c, column in views[v]["columns"].items() if column.get("sampled")
    }
    assert {"customers.country", "orders.status", "order_lines.product"} <= sampled
    assert not sampled & {"customers.name", "customers.email", "secrets.password"}, "personal"
    workspace = open_workspace(load_shop(out))
    try:
        table = workspace.run(
            "SELECT c.country, COUNT(*) AS n FROM orders AS o JOIN customers AS c "
            "ON c.customer_id = o.customer_id GROUP BY c.country ORDER BY c.country"
        )
        assert table.rows == (("China", 2), ("Germany", 2))
        name = quoted("born in", workspace.database.dialect)
        assert workspace.run(f"SELECT MAX({name}) FROM customers").rows == ((1990,),)
        for metric in workspace.shop.metrics:
            rows = workspace.run(
                f"SELECT {metric.sql} AS x FROM {quoted(metric.view, workspace.guard.dialect)}"
            ).rows
            assert len(rows) == 1, metric.name
    finally:
        workspace.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_names_in_capitals_and_other_scripts_work_after_init(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server").create_database("capitals")
    script = (
        'CREATE TABLE "Order Lines" ("lineId" integer PRIMARY KEY, "Amount" numeric(9,2), "日期" date);'
        "INSERT INTO \"Order Lines\" VALUES (1, 2.50, '2025-01-02'), (2, 4.00, '2025-01-03')"
    )
    server.execute(script if kind == "postgres" else script.replace('"', "`"))
    monkeypatch.setenv("PGPASSWORD" if kind == "postgres" else "MYSQL_PWD", server.reader_password)
    out = tmp_path / "shop.yml"
    code, told = run("init", server.reader_url, "--out", str(out))
    assert code == 0, told
    shop = dataclasses.replace(load_shop(out), today="max(Order Lines.日期)")
    workspace = open_workspace(shop)
    try:
        table, amount = (quoted(n, workspace.guard.dialect) for n in ("Order Lines", "Amount"))
        assert workspace.today.isoformat() == "2025-01-03"
        assert [float(row[0]) for row in workspace.run(f"SELECT SUM({amount}) FROM {table}").rows] == [6.5]
        assert len(workspace.run(f"SELECT * FROM {table}").rows) == 2
        totals = [m for m in shop.metrics if m.sql.startswith("SUM")]
        assert totals, "a column called Amount adds up"
        assert workspace.run(f"SELECT {totals[0].sql} AS x FROM {table}").rows[0][0] is not None
    finally:
        workspace.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_doctor_tells_a_reader_from_an_owner(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server").create_database("checkup")
    server.execute("CREATE TABLE t (x integer); INSERT INTO t VALUES (1)")
    code, told = run("doctor", "--shop", server.reader_url)
    assert code == 0 and "reading, and nothing else" in told and server.reader_password not in told
    code, told = run("doctor", "--shop", server.admin_url)
    assert code == 0 and "more than reading" in told and f"reader_{kind}.sql" in told
    assert server.admin_password not in told
    code, told = run("doctor", "--shop", server.reader_url.replace(server.reader_password, "wrong-one"))
    assert code == 1 and "wrong-one" not in told


def test_doctor_looks_into_a_file_too(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    code, told = run("doctor", "--shop", locate(request, "duckdb", tmp_path))
    assert code == 0 and "duckdb, 4 tables, about 13 rows" in told and "reading, and nothing else" in told
