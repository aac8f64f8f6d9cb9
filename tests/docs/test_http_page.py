"""What docs/http.md shows is sent to a server: every curl command, and the Python of OpenAI's client."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_shop import ServedShop, serving

PAGE = (Path(__file__).parent.parent.parent / "docs" / "http.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:7860"
CURLS = re.findall(r"^\$ (curl .*)$", PAGE, re.MULTILINE)
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def run(command: str, served: ServedShop, **variables: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace(ADDRESS, served.address)],
        capture_output=True, text=True, timeout=60, check=True, env={"PATH": "/usr/bin:/bin", **variables},
    )  # fmt: skip
    return done.stdout


def test_every_curl_command_is_answered(served: ServedShop) -> None:
    key, conversation = "", "…"
    assert len(CURLS) >= 7
    for command in CURLS:
        if "$KEY" in command:
            key = served.key("ana")
        told = run(command.replace("…", conversation), served, KEY=key)
        if "event-stream" in command:
            assert told.rstrip().splitlines()[-2] == "event: done"
            continue
        found = json.loads(told)
        assert "detail" not in found, (command, found)
        conversation = found.get("conversation", conversation)


def test_the_python_runs_as_it_stands(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        done = subprocess.run(
            [sys.executable, "-c", PYTHON[0].replace(ADDRESS, served.address)],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    assert "**100.00 EUR**" in done.stdout and "[['France', 50], ['Germany', 100]]" in done.stdout
