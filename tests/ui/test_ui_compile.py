"""``shoptalk compile`` over a small shop: SQL, words, rows, faults with their place; no model is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.language_shop import build_file, language_shop, rows
from sql.shop.shopfile import dump_shop
from ui.cli import app

STATEMENT = "SELECT channel, order_count FROM orders WHERE DURING('2025') GROUP BY channel"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compile")
    path = folder / "shop.yml"
    path.write_text(dump_shop(language_shop(build_file(folder, "duckdb", rows()))), encoding="utf-8")
    return path


def call(shop: Path, home: Path, *arguments: str, given: str | None = None) -> Any:
    environment = {"SHOPTALK_HOME": str(home), "SHOPTALK_ENGINE_URL": ""}
    return CliRunner().invoke(app, ["compile", "--shop", str(shop), *arguments], env=environment, input=given)


def test_a_statement_is_shown_as_words_and_sql(shop: Path, tmp_path: Path) -> None:
    result = call(shop, tmp_path, STATEMENT)
    assert result.exit_code == 0, result.output
    assert "order count; per channel; 2025 (from 2025-01-01 to 2025-12-31)." in result.stdout
    assert "GROUP BY channel" in result.stdout


def test_no_model_is_loaded(shop: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from ui.cli import app; from typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app, ['compile', '--shop', *sys.argv[1:]])\n"
        "heavy = {'xllamacpp', 'torch', 'transformers', 'faiss', 'gradio'} & set(sys.modules)\n"
        "sys.exit(result.exit_code or str(heavy or '') or 0)"
    )
    environment = {**os.environ, "SHOPTALK_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code, str(shop), STATEMENT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_run_prints_the_rows_and_where_the_data_end(shop: Path, tmp_path: Path) -> None:
    result = call(shop, tmp_path, STATEMENT, "--run")
    assert "channel\torder_count" in result.stdout and "The data end on 2026-06-" in result.stdout


def test_json_has_every_part(shop: Path, tmp_path: Path) -> None:
    result = call(shop, tmp_path, "-", "--run", "--json", given=STATEMENT)
    found = json.loads(result.stdout)
    assert found["statement"] == STATEMENT
    assert found["period"] == {"words": "2025", "start": "2025-01-01", "end": "2026-01-01"}
    assert [c["name"] for c in found["columns"]] == ["channel", "order_count"]
    assert found["checked_sql"].startswith("WITH orders AS (")  # the view, as the guard wrote it
    assert len(found["table"]["rows"]) == 4 and found["data_end"] < "2026-06-18"
    assert {"read_as", "assumptions", "sql"} <= set(found)


def test_a_fault_is_one_line_with_its_place(shop: Path, tmp_path: Path) -> None:
    result = call(shop, tmp_path, "SELECT revenu FROM lines")
    assert result.exit_code == 1
    assert result.stderr.startswith("shoptalk: Statement, character 8 ('revenu FROM lines'): ")
    assert result.stderr.count("\n") == 1
