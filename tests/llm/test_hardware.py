"""Facts about the machine, and thread counts that are set in time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from llm.hardware import describe, engine_threads, library_threads, set_threads, usable_cores


def test_describes_this_machine() -> None:
    hardware = describe()
    assert hardware.cores == usable_cores() >= 1
    assert hardware.memory >= hardware.memory_free > 0
    text = str(hardware)
    assert f"{hardware.cores} cores" in text and "GiB" in text and "\n" not in text


def test_threads_are_set_but_the_users_own_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "5")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert set_threads(3) == 3
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "5"
    assert os.environ["GOMP_SPINCOUNT"].isdigit()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert set_threads() == 7
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert set_threads() == library_threads()


@pytest.mark.parametrize(
    ("cores", "engine", "others"), [(1, 1, 1), (2, 2, 1), (4, 3, 1), (8, 6, 2), (16, 8, 8), (64, 8, 56)]
)
def test_the_other_libraries_get_what_the_model_leaves(
    monkeypatch: pytest.MonkeyPatch, cores: int, engine: int, others: int
) -> None:
    monkeypatch.delenv("SHOPTALK_THREADS", raising=False)
    monkeypatch.setattr("llm.hardware.usable_cores", lambda: cores)
    assert (engine_threads(), library_threads()) == (engine, others)
    monkeypatch.setenv("SHOPTALK_THREADS", "5")
    assert engine_threads() == 5


def test_this_module_loads_nothing_that_reads_thread_counts() -> None:
    code = (
        "import sys; from llm.hardware import set_threads; set_threads(1); import llm.load, llm.weights\n"
        "loaded = {'numpy', 'torch', 'faiss', 'transformers'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
