"""Every command that the README and docs/ show is run here, or by the test that is named beside it."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import engines
from sql.question.linking import Vocabulary
from sql.shop.workspace import Workspace
from ui.cli import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")

NEEDS_DATA = re.compile(r"SHOPTALK_DATA|examples/(?!lantern_shop|tea_shop)")
"""Commands over the public data, which not every machine has."""

RUN_ELSEWHERE = {
    "git clone": "needs the place the project is published at; bench/startup.py clones the checkout",
    "cd ": "moves the reader into the clone",
    "make demo": "bench/startup.py runs it in a fresh clone; tests/ui drives the same page in a browser",
    "make test": "this is what runs now",
    "make check": "the same tests behind the linters",
    "make bench": "measured by hand: it takes longer than the tests may",
    "python -m bench": "measured by hand: it takes longer than the tests may",
    ".venv/bin/python -m bench": "measured by hand: it takes longer than the tests may",
    "shoptalk demo": "tests/ui drives the same page in a browser",
    "shoptalk finetune train": "tests/ui/test_ui_finetuning.py runs it with a tiny model",
    "shoptalk weights": "`make test` runs it first",
    "sudo ": "changes the reader's system",
    "docker ": "needs a container engine; tests/test_deploy.py holds deploy/ against the code",
    "mkdir -p deploy": "writes beside deploy/, for the container",
    "openssl rand": "the same",
    'echo "postgresql+psycopg': "the same",
    "export SHOPTALK_SLACK": "tokens of the reader's own",
    "export SHOPTALK_FEISHU": "keys of the reader's own",
    "shoptalk feishu": "tests/ui/test_feishu_process.py runs it against a Feishu on loopback",
    "shoptalk slack --shop": "tests/ui/test_slack.py runs it against a Slack on loopback",
    "export SHOPTALK_SMTP": "a server and a password of the reader's own",
    "shoptalk schedule serve": "tests/ui/test_ui_schedule.py runs it",
    "shoptalk report weekly": "tests/jobs/report builds it over small shops, bench/reports.py over this one",
    "shoptalk report customers": "the same",
    "shoptalk report monthly --month 2026-05 --out may.pdf": "tests/jobs/report/test_pdf.py writes PDFs",
    "shoptalk serve": "tests/ui/test_ui_serve_process.py runs it",
    "curl ": "tests/docs/test_http_page.py sends it to a server of its own",
    "pip ": "changes the reader's environment",
    "psql ": "tests/sql/test_databases_servers.py runs the script on a server of its own",
    "mariadb ": "tests/sql/test_databases_servers.py runs the script on a server of its own",
    "shoptalk doctor --shop postgresql": "tests/sql/test_databases_init.py runs it on a server of its own",
    "shoptalk doctor --shop mysql": "tests/sql/test_databases_init.py runs it on a server of its own",
    "shoptalk init postgresql": "tests/sql/test_databases_init.py runs it on a server of its own",
}


IN_PROCESS = re.compile(r"shoptalk [^|<>;&$]+")
"""A command that needs no shell. Run here, all share one loaded model; the README's, and some in
tests/ui/test_ui_cli.py, are processes of their own."""


read_values = Vocabulary.build


@functools.cache
def vocabularies() -> dict[str, Vocabulary]:
    """By shop, database and role, what was read of it: no command here changes a database."""
    return {}


def kept_vocabulary(workspace: Workspace) -> Vocabulary:
    """The words and values of a shop, read once for all commands about it, not once for each."""
    parts = (workspace.shop, workspace.catalog, workspace.role, sorted(workspace.user.items()))
    kept, key = vocabularies(), repr(parts)
    if key not in kept:
        kept[key] = read_values(workspace)
    return kept[key]


def commands(page: Path) -> list[str]:
    """The lines after ``$`` in console blocks, continued lines joined."""
    found = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        joined = block.replace("\\\n", " ")
        found += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return found


def is_run_elsewhere(command: str) -> bool:
    return any(command.startswith(prefix) for prefix in RUN_ELSEWHERE)


def test_every_command_of_the_command_line_is_documented() -> None:
    from typer.main import get_command

    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [name for name in get_command(app).commands if f"shoptalk {name}" not in text]  # type: ignore[attr-defined]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def pages_with_commands() -> list[Any]:
    """Those over the public data may run beside the others: they share no shop, and so no index."""
    return [
        pytest.param(
            page,
            id=page.name,
            marks=pytest.mark.xdist_group("docs, real data" if page.name == "real-data.md" else "docs"),
        )
        for page in PAGES
        if commands(page)
    ]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", pages_with_commands())
def test_commands_of_the_page_run(
    page: Path,
    tmp_path: Path,
    docs_home: Path,
    engine: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("examples", "demo"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SHOPTALK_HOME", str(docs_home))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if any(NEEDS_DATA.search(command) for command in commands(page)):
        monkeypatch.setenv("SHOPTALK_DATA", str(request.getfixturevalue("docs_data")))
    monkeypatch.setattr(engines, "load_engine", lambda settings: engine)
    monkeypatch.setattr(Vocabulary, "build", kept_vocabulary)
    for command in commands(page):
        if is_run_elsewhere(command):
            continue
        if IN_PROCESS.fullmatch(command) and page.name != "README.md":
            said = CliRunner().invoke(app, shlex.split(command)[1:])
            status, out, err = said.exit_code, said.stdout, f"{said.stderr}{said.exception or ''}"
        else:
            status, out, err = run_in_shell(command)
        assert status == 0, f"$ {command}\n{out[-2000:]}\n{err[-2000:]}"
        assert out.strip() or ">" in command, f"$ {command} printed nothing"


def run_in_shell(command: str) -> tuple[int, str, str]:
    """Exit status, output and errors, from the folder at hand."""
    if command.startswith("make ask"):
        command = f"make -C {shlex.quote(str(ROOT))}{command[4:]}"
    shell = ["bash", "-euo", "pipefail", "-c", command]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def docs_data(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Path:
    """The public data by links; of the reviews every eighth, for the index of all takes minutes."""
    import duckdb

    folder = tmp_path_factory.mktemp("docs-data")
    for source in data_folder.iterdir():
        if source.name != "clothing_reviews":
            (folder / source.name).symlink_to(source, target_is_directory=source.is_dir())
    (folder / "clothing_reviews").mkdir()
    for source in (data_folder / "clothing_reviews").glob("*.parquet"):
        rows = duckdb.read_parquet(str(source))
        every_eighth = rows.query(
            "r", "SELECT * EXCLUDE n FROM (SELECT *, row_number() OVER () AS n FROM r) WHERE n % 8 = 1"
        )
        every_eighth.write_parquet(str(folder / "clothing_reviews" / source.name))
    return folder


@pytest.fixture(scope="session")
def docs_home(tmp_path_factory: pytest.TempPathFactory, weights_home: Path, demo_folder: Path) -> Path:
    """A home of its own for the commands: the weights by link, and the shop with every eighth review, for
    the index of all takes minutes and tests/retrieval makes it."""
    import duckdb

    from demo.build import DATABASE, MANIFEST

    home = tmp_path_factory.mktemp("docs-home")
    (home / "weights").symlink_to(weights_home, target_is_directory=True)
    shutil.copytree(demo_folder, home / "demo")
    database, manifest = home / "demo" / DATABASE, home / "demo" / MANIFEST
    with duckdb.connect(str(database)) as connection:
        connection.execute("DELETE FROM reviews WHERE review_id % 8 <> 1")
    built = json.loads(manifest.read_text(encoding="utf-8"))
    built["files"][DATABASE] = database.stat().st_size
    manifest.write_text(json.dumps(built), encoding="utf-8")
    return home
