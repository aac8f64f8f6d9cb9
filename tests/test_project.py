"""Promises about the project itself: layers, what may not be written down, what must be documented."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_modules_import_each_other_in_a_circle() -> None:
    import grimp

    tops = CONFIG["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*tops, exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names them


def test_every_pinned_version_satisfies_its_range() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    extras = CONFIG["project"]["optional-dependencies"]
    wanted = CONFIG["project"]["dependencies"] + [r for name, e in extras.items() if name != "gpu" for r in e]
    for requirement in map(Requirement, wanted):
        if requirement.name == CONFIG["project"]["name"]:  # one extra that takes in others
            assert requirement.extras <= extras.keys(), f"{requirement} names an extra that is not there"
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_no_test_asserts_seconds() -> None:
    """How long something takes is measured in ``bench``; a test tells what comes before what."""
    clock = re.compile(r"\bassert\b.*\b(?:monotonic|perf_counter|process_time|time\.time)(?:_ns)?\(")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if clock.search(line)
    ]
    assert not found


def test_no_file_holds_data_or_weights() -> None:
    # an adapter of the 1.5B with all its layers has 37 MB
    heavy = [path.name for path in tracked_files() if path.stat().st_size > 38 * 2**20]
    assert not heavy


def test_no_local_path_stands_in_a_file() -> None:
    # Written in two halves, so that this file does not find itself.
    pattern = re.compile("/" + "work/|/" + "root/|/" + "tmp/(?:w|x)/|/" + "opt/(?:wheels|pypi)")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in tracked_files()
        if path.suffix not in {".png", ".pdf", ".safetensors", ".xlsx"}
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if pattern.search(line)
    ]
    assert not found


def packages() -> list[str]:
    """Every folder that is installed, as setuptools finds it."""
    found = CONFIG["tool"]["setuptools"]["packages"]["find"]
    return find_packages(str(ROOT), include=found["include"])


def test_every_folder_with_code_is_installed() -> None:
    code = {path.relative_to(ROOT).parts[:-1] for path in tracked_files() if path.suffix == ".py"}
    outside = {"tests", "bench"}
    missing = sorted(
        {".".join(parts) for parts in code if parts and parts[0] not in outside} - set(packages())
    )
    assert not missing


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_it_is_for(package: str) -> None:
    text = (ROOT / package.replace(".", "/") / "__init__.py").read_text()
    assert re.match(r'"""[A-Z].{40,}"""', text, re.DOTALL), f"{package} has no docstring of its purpose"


CONVENTIONAL = {"__init__", "errors", "types"}
"""Modules that packages may each have."""


def product_modules() -> list[Path]:
    """Every module outside tests and benchmarks, from the root on."""
    files = [path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".py"]
    return [path for path in files if path.parts[0] not in ("tests", "bench")]


def test_no_two_modules_or_packages_share_a_name() -> None:
    names = [path.parent.name if path.stem == "__init__" else path.stem for path in product_modules()]
    twice = {name for name in names if names.count(name) > 1} - CONVENTIONAL
    assert not twice


def test_only_its_folder_names_a_job() -> None:
    jobs = {path.parts[1] for path in product_modules() if path.parts[0] == "jobs" and len(path.parts) > 2}
    known = {"bot": jobs, "telling": jobs, "ui": jobs - {"report"}}  # `shoptalk report` is a command
    found = [
        f"{path}: {line.strip()}"
        for path in product_modules()
        if path.parts[0] in known and path.name != "audit.py"  # whose kinds of entries are no jobs
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
        if any(re.search(rf"""["']{name}["']""", line) for name in known[path.parts[0]])
    ]
    assert not found
