"""The clock of ``bench.startup``, on stand-ins for ``make demo`` that take a second."""

import signal
import sys

import pytest

from bench import startup
from bench.__main__ import STEPS, figures
from bench.record import circumstances, peak_memory_mb, restart_peak_memory, write_result

SERVER = f'@echo "starting"; exec {sys.executable} -m http.server --bind 127.0.0.1 $$SHOPTALK_PORT'
BROKEN = '@echo "no wheel for torch"; exit 3'


@pytest.fixture
def place(tmp_path):
    place = startup.Place(folder=tmp_path)
    place.clone.mkdir()
    return place


def write_makefile(place, recipe):
    (place.clone / "Makefile").write_text(f"demo:\n\t{recipe}\n")


def test_the_clock_stops_when_the_page_answers_and_ctrl_c_ends_it(place):
    write_makefile(place, SERVER)
    seconds, process = startup.start(place, timeout_s=20)
    assert seconds > 0
    assert startup.memory_mb(process) > 1
    assert startup.stop(process) > 0
    assert process.poll() not in (None, -signal.SIGKILL), "Ctrl-C ended it, not the end of patience"
    assert "starting" in startup.tail(place.log)


def test_a_start_that_fails_shows_its_last_lines(place):
    write_makefile(place, BROKEN)
    with pytest.raises(startup.StartFailed, match="no wheel for torch"):
        startup.start(place, timeout_s=20)


def test_a_start_that_never_comes_is_stopped(place):
    write_makefile(place, "@echo waiting; exec sleep 60")
    with pytest.raises(startup.StartFailed, match=r"no page after 1 s"):
        startup.start(place, timeout_s=1)


def test_everything_kept_points_into_the_place(place, monkeypatch):
    monkeypatch.setenv("SHOPTALK_HOME", "/somewhere/else")
    monkeypatch.setenv("SHOPTALK_MODEL_PATH", "/somewhere/else")
    environment = place.environment(1234)
    assert environment["SHOPTALK_HOME"].startswith(str(place.folder))
    assert environment["PIP_CACHE_DIR"].startswith(str(place.folder))
    assert environment["SHOPTALK_PORT"] == "1234"
    assert "SHOPTALK_MODEL_PATH" not in environment


def test_disk_use_counts_a_file_with_two_names_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    before = startup.disk_usage(tmp_path)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert startup.disk_usage(tmp_path) == before >= 100_000
    assert startup.disk_usage(tmp_path / "missing") == 0


def test_a_result_is_written_whole_with_its_circumstances(tmp_path):
    import json

    path = write_result(tmp_path / "new" / "one.json", {"bench": "test", **circumstances()})
    record = json.loads(path.read_text())
    assert record["bench"] == "test"
    assert record["hardware"]["cores"] >= 1
    assert record["packages"]["duckdb"]
    assert [p.name for p in path.parent.iterdir()] == ["one.json"]


def test_the_peak_of_memory_can_be_counted_anew():
    block = bytearray(200_000_000)
    high = peak_memory_mb()
    assert high > 200
    del block
    restart_peak_memory()
    assert peak_memory_mb() <= high


def test_each_measurement_has_its_own_name():
    names = [step.name for step in STEPS]
    assert len(set(names)) == len(names)


def test_the_summary_quotes_what_each_result_puts_forward(tmp_path):
    write_result(tmp_path / "one.json", {"bench": "one", "figures": {"speed": "3 s"}})
    write_result(tmp_path / "two.json", {"bench": "two"})
    write_result(tmp_path / "summary.json", {"bench": "summary", "figures": {"old": "9 s"}})
    assert figures(tmp_path) == {"speed": "3 s"}


def test_starts_are_told_in_words():
    interrupts = [{"interrupted_after_s": 5.0, "second_run": "page answered", "second_run_s": 9.0}]
    result = {
        "first_start_s": 100.0,
        "second_start_s": 8.0,
        "stop_s": 1.0,
        "disk_mb": {"total": 2500.0, "environment": 2000.0, "home": 400.0, "caches": 90.0, "clone": 10.0},
        "memory_at_the_page_mb": 900.0,
        "interrupts": interrupts,
    }
    assert startup.figures(result)["make demo, second start"] == "8.0 s"
    assert startup.figures(result)["Ctrl-C, then make demo again"] == "1 of 1 came up"
    assert "Ctrl-C after 5 s, then make demo again: 9.0 s to the page" in startup.to_text(result)
