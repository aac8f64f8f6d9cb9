"""The notebook of examples/ runs from top to bottom, in a kernel of its own, without a language model."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent.parent
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without results"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SHOPTALK_")},
        "PYTHONPATH": str(ROOT),
        "SHOPTALK_HOME": str(home),
        "SHOPTALK_ENGINE_URL": "http://127.0.0.1:9/v1",
        "JUPYTER_RUNTIME_DIR": str(home),
        "IPYTHONDIR": str(home),
    }
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    return asyncio.run(client.async_execute(env=environment))


def test_every_cell_ran(run: Any) -> None:
    counts = [cell.execution_count for cell in run.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_answers_are_shown_as_html_and_frames_as_tables(run: Any) -> None:
    shown = [output.data.get("text/html", "") for cell in run.cells for output in cell.get("outputs", ())
             if output.output_type == "execute_result"]  # fmt: skip
    answers = [html for html in shown if 'class="shoptalk' in html]
    assert len(answers) == 2 and "19,726.6" in answers[0] and "data:image/svg+xml" in answers[1]
    assert all("st-sure st-" in html and "<script" not in html for html in answers)
    assert any('class="dataframe"' in html for html in shown)


def test_an_error_says_what_is_wrong(run: Any) -> None:
    printed = "".join(output.get("text", "") for cell in run.cells for output in cell.get("outputs", ()))
    assert "WrongStatement: Statement, character 8 ('profit FROM" in printed
