"""The shop is built whole or not at all, always the same, and everything planted in it can be found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest
import yaml

import demo.build
from demo import plan
from demo.build import DATABASE, MANIFEST, TABLES, build_demo, fingerprint, is_built, table_hashes

HASHES = Path(__file__).with_name("table_hashes.json")
"""Of every table with seed 7. After a wanted change, write what ``table_hashes`` returns."""


def pretend(work: Path, seed: int, progress: bool) -> None:
    """Stands in for the generator where only the files matter."""
    (work / DATABASE).write_bytes(b"database %d" % seed)
    (work / "truths.json").write_text("{}")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(demo.build, "_write", pretend)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_built_folder_is_recognised_and_left_alone(quick, tmp_path):
    folder = build_demo(tmp_path / "demo", progress=False)
    assert is_built(folder) and is_built(folder, seed=7) and not is_built(folder, seed=8)
    assert names_in(folder) == {DATABASE, "truths.json", "shop.yml", "macros.yml", MANIFEST}
    before = (folder / DATABASE).stat().st_mtime_ns
    build_demo(folder, progress=False)
    assert (folder / DATABASE).stat().st_mtime_ns == before


def test_another_seed_replaces_the_shop(quick, tmp_path):
    build_demo(tmp_path, progress=False)
    build_demo(tmp_path, seed=8, progress=False)
    assert is_built(tmp_path, seed=8)
    assert (tmp_path / DATABASE).read_bytes() == b"database 8"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("No space left on device"), MemoryError])
def test_a_build_that_is_cut_short_leaves_nothing(monkeypatch, tmp_path, error):
    def cut_short(work: Path, seed: int, progress: bool) -> None:
        (work / DATABASE).write_bytes(b"half a data")
        raise error

    monkeypatch.setattr(demo.build, "_write", cut_short)
    with pytest.raises(BaseException, match=r"No space|^$"):
        build_demo(tmp_path, progress=False)
    assert not is_built(tmp_path)
    assert names_in(tmp_path) == set()


def test_a_build_that_is_cut_short_keeps_the_shop_that_was_there(quick, monkeypatch, tmp_path):
    build_demo(tmp_path, progress=False)

    def cut_short(work: Path, seed: int, progress: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo.build, "_write", cut_short)
    with pytest.raises(KeyboardInterrupt):
        build_demo(tmp_path, seed=8, progress=False)
    assert is_built(tmp_path, seed=7)


@pytest.mark.parametrize("moved", range(4))
def test_a_build_cut_short_while_moving_files_does_not_count(quick, monkeypatch, tmp_path, moved):
    build_demo(tmp_path, progress=False)
    replace, calls = os.replace, []

    def replace_some(source, target):
        if len(calls) == moved:
            raise KeyboardInterrupt
        calls.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_some)
    with pytest.raises(KeyboardInterrupt):
        build_demo(tmp_path, seed=8, progress=False)
    monkeypatch.setattr(os, "replace", replace)
    assert not is_built(tmp_path)
    build_demo(tmp_path, seed=8, progress=False)
    assert is_built(tmp_path, seed=8)


@pytest.mark.parametrize("name", [DATABASE, "truths.json", "shop.yml", "macros.yml", MANIFEST])
def test_a_missing_file_means_not_built(quick, tmp_path, name):
    build_demo(tmp_path, progress=False)
    (tmp_path / name).unlink()
    assert not is_built(tmp_path)
    build_demo(tmp_path, progress=False)
    assert is_built(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"generator": "older", "seed": 7}'])
def test_a_strange_manifest_means_not_built(quick, tmp_path, text):
    build_demo(tmp_path, progress=False)
    (tmp_path / MANIFEST).write_text(text)
    assert not is_built(tmp_path)


def test_a_database_cut_in_half_means_not_built(quick, tmp_path):
    build_demo(tmp_path, progress=False)
    (tmp_path / DATABASE).write_bytes(b"dat")
    assert not is_built(tmp_path)


def test_a_newer_description_is_copied_without_building_again(quick, tmp_path):
    build_demo(tmp_path, progress=False)
    (tmp_path / "shop.yml").write_text("name: Old\n")
    before = (tmp_path / DATABASE).stat().st_mtime_ns
    assert not is_built(tmp_path)
    build_demo(tmp_path, progress=False)
    assert is_built(tmp_path)
    assert (tmp_path / DATABASE).stat().st_mtime_ns == before


def test_what_a_killed_build_left_is_swept_once_it_is_old(quick, tmp_path):
    old, young = tmp_path / ".building-1", tmp_path / ".building-2"
    old.mkdir()
    young.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    build_demo(tmp_path, progress=False)
    assert not old.exists() and young.exists()


def test_other_files_in_the_folder_are_kept(quick, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    build_demo(tmp_path, progress=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_command_says_in_one_line_why_nothing_was_built(tmp_path):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "demo.build", "--folder", str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"The shop was not built: .* Nothing was changed\.\n", done.stderr)


# The whole shop.


@pytest.fixture(scope="module")
def database(demo_folder, tmp_path_factory):
    """A copy: DuckDB opens one file in one process with one configuration, and other tests lock theirs."""
    return Path(shutil.copy(demo_folder / DATABASE, tmp_path_factory.mktemp("database")))


@pytest.fixture(scope="module")
def shop(database):
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def truths(demo_folder):
    return json.loads((demo_folder / "truths.json").read_text(encoding="utf-8"))


def one(shop, sql):
    return shop.execute(sql).fetchone()[0]


@pytest.mark.slow
def test_the_shop_is_as_large_as_promised_and_no_larger(shop, demo_folder):
    assert (demo_folder / DATABASE).stat().st_size < 100e6
    counts = {table: one(shop, f"SELECT COUNT(*) FROM {table}") for table in TABLES}
    assert counts["products"] >= 400 and counts["orders"] >= 80_000 and counts["reviews"] >= 8_000
    assert 10 <= counts["campaigns"] <= 14 and counts["sessions"] == 200_000
    assert 8_500 <= counts["tickets"] <= 9_500 and counts["customers"] == 16_000
    share = one(shop, "SELECT AVG(CASE WHEN language = 'zh' THEN 1.0 ELSE 0 END) FROM reviews")
    assert share == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.slow
def test_two_builds_and_the_pinned_hashes_agree(demo_folder, database, tmp_path):
    # Another process with another hash seed, so that no order of a set or dict slips in.
    command = [sys.executable, "-m", "demo.build", "--folder", str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    root = Path(demo.build.__file__).parent.parent
    subprocess.run(command, check=True, cwd=root, env=environment, capture_output=True)
    first, second = table_hashes(database), table_hashes(tmp_path / DATABASE)
    assert first == second
    assert first == json.loads(HASHES.read_text(encoding="utf-8")), "a wanted change? see HASHES"
    assert (demo_folder / "truths.json").read_bytes() == (tmp_path / "truths.json").read_bytes()
    assert json.loads((tmp_path / MANIFEST).read_text())["generator"] == fingerprint()


@pytest.mark.slow
def test_every_truth_is_in_the_data(shop, truths):
    missing = []
    for truth in truths["truths"]:
        for check in truth["checks"]:
            value = one(shop, check["sql"])
            if value is None or not check["low"] <= value <= check["high"]:
                missing.append((truth["id"], value, check["low"], check["high"]))
    assert not missing


@pytest.mark.slow
def test_the_truths_that_the_shop_promises_are_all_there(truths):
    kinds = Counter(truth["kind"] for truth in truths["truths"])
    wanted = {
        "growth": 1,
        "seasonality": 2,
        "elasticity": 8,
        "churn": 1,
        "quality": 1,
        "outage": 1,
        "delay": 1,
        "attack": 1,
    }
    assert {kind: kinds[kind] for kind in wanted} == wanted
    assert kinds["stock_out"] == plan.STOCK_OUTS + plan.OUT_TODAY
    assert kinds["attack"] == 1 and kinds["campaign"] == len(plan.CAMPAIGNS) and kinds["anomaly"] == 2
    assert sum(t.get("is_the_one_that_worked", False) for t in truths["truths"]) == 1
    assert sum(t.get("is_the_one_that_failed", False) for t in truths["truths"]) == 1


@pytest.mark.slow
def test_the_failed_campaign_was_used_and_cost_money(shop):
    sql = f"""SELECT COUNT(DISTINCT o.order_id), SUM(l.discount) FROM orders AS o
        JOIN order_lines AS l ON l.order_id = o.order_id JOIN campaigns AS g ON g.campaign_id = o.campaign_id
        WHERE g.name = '{plan.FAILED}'"""
    orders, discount = shop.execute(sql).fetchone()
    assert orders > 150 and discount > 2000


@pytest.mark.slow
def test_every_view_runs_and_every_listed_value_is_in_the_data(shop, demo_folder):
    description = yaml.safe_load((demo_folder / "shop.yml").read_text(encoding="utf-8"))
    for name, view in description["views"].items():
        cursor = shop.execute(f"SELECT * FROM ({view['sql']}) LIMIT 1")
        assert {column[0] for column in cursor.description} == set(view["columns"]), name
        for column, facts in view["columns"].items():
            if not facts.get("values"):
                continue
            sql = f"SELECT DISTINCT {column} FROM ({view['sql']}) WHERE {column} IS NOT NULL"
            found = {str(row[0]) for row in shop.execute(sql).fetchall()}
            listed = {str(value) for value in facts["values"]}
            # Of a number only some values have names; and not every category had a campaign of its own.
            if facts["type"] != "text":
                assert listed <= found, (name, column)
            elif (name, column) == ("campaigns", "category"):
                assert found <= listed, (name, column)
            else:
                assert found == listed, (name, column)


def cases(name: str) -> list[tuple[str, str]]:
    """Pairs of comment and statement from a file of SQL."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return re.findall(r"^-- (.+)\n((?:(?!--).+\n)+)", text, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "sql"), cases("never.sql"), ids=lambda value: value[:40])
def test_what_must_never_be_is_not(shop, what, sql):
    assert one(shop, sql) == 0, what


@pytest.mark.slow
def test_the_shop_opens_on_its_first_day_and_sells_until_its_last(shop):
    paid = "FROM orders WHERE status NOT IN ('cancelled', 'payment_failed')"
    assert str(one(shop, f"SELECT MIN(ordered_at)::DATE {paid}")) == "2024-07-01"
    assert str(one(shop, f"SELECT MAX(ordered_at)::DATE {paid}")) == "2026-06-30"
    days = "SELECT COUNT(DISTINCT ordered_at::DATE) FROM orders"
    assert one(shop, days) == plan.DAYS == 730


def words_of(language, body):
    return list(re.sub(r"\W", "", body)) if language == "zh" else re.findall(r"[\w']+", body.lower())


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_reviews_do_not_repeat_one_another(shop, language):
    bodies = [
        words_of(language, row[0])
        for row in shop.execute("SELECT body FROM reviews WHERE language = ?", [language]).fetchall()
    ]
    long = [tuple(body) for body in bodies if len(body) > 6]
    assert 1 - len(set(long)) / len(long) < 0.01
    grams = [gram for body in bodies for gram in zip(body, body[1:], body[2:], body[3:], strict=False)]
    assert len(set(grams)) / len(grams) > 0.35
    lengths = [len(body) for body in bodies]
    assert min(lengths) <= 2 and max(lengths) >= 80


@pytest.mark.slow
def test_reviews_hold_no_template_marks(shop, truths):
    attacks = next(t["review_ids"] for t in truths["truths"] if t["kind"] == "attack")
    rows = shop.execute("SELECT review_id, title || body FROM reviews").fetchall()
    assert not [text for number, text in rows if number not in attacks and set("{}|<>") & set(text)]


@pytest.mark.slow
def test_another_seed_is_another_shop_with_the_same_truths(tmp_path):
    build_demo(tmp_path, seed=20, progress=False)
    document = json.loads((tmp_path / "truths.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(tmp_path / DATABASE), read_only=True) as connection:
        checks = [(truth["id"], check) for truth in document["truths"] for check in truth["checks"]]
        failed = [name for name, c in checks if not c["low"] <= (one(connection, c["sql"]) or 0) <= c["high"]]
    # Bounds are about three standard errors wide; of a hundred checks, chance may take one or two.
    assert len(failed) <= 2, failed
