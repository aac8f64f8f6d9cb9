"""What this machine is: cores, memory, instruction sets, card; and who computes with how many threads.

Import this module before numpy, faiss or torch and call :func:`set_threads` first: these libraries read the
thread counts when they load, and two spinning pools on the same cores cost five to fifty times.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
FLAGS = (
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_bf16",
    "neon",
    "asimd",
)
"""Instruction sets that decide which precision is quick."""


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Facts about this machine; sizes in bytes."""

    cpu: str
    cores: int
    """Cores this process may use."""
    flags: tuple[str, ...]
    """Those of :data:`FLAGS` that the CPU reports; empty where the system does not tell."""
    memory: int
    memory_free: int
    gpu: str | None
    """Name of the CUDA card that torch sees; ``None`` without one, or while torch is not installed."""
    gpu_memory: int

    def __str__(self) -> str:
        """One line for ``doctor`` and the benchmarks."""
        parts = [
            f"{self.cpu}, {self.cores} cores",
            f"{self.memory / 2**30:.0f} GiB memory ({self.memory_free / 2**30:.0f} free)",
        ]
        if self.flags:
            parts.append(" ".join(self.flags))
        parts.append(f"{self.gpu}, {self.gpu_memory / 2**30:.0f} GiB" if self.gpu else "no CUDA card")
        return "; ".join(parts)


def usable_cores() -> int:
    """Return the number of cores that this process may run on, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def engine_threads() -> int:
    """Return the number of threads that the language model computes with on a CPU.

    SHOPTALK_THREADS, else both of two cores, three quarters of more, 8 at most: decoding one token is
    bound by memory, and more threads than that wait for each other.
    """
    wanted = os.environ.get("SHOPTALK_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    cores = usable_cores()
    return cores if cores <= 2 else min(8, cores - cores // 4)


def library_threads() -> int:
    """Return what is left for numpy, FAISS, DuckDB and their like beside the model, at least 1.

    llama.cpp's threads spin while they wait for each other: a second busy pool on the same cores makes both
    many times slower.
    """
    return max(1, usable_cores() - engine_threads())


def set_threads(threads: int | None = None) -> int:
    """Set the thread counts that numpy, faiss and torch read when they load; return the count.

    Call it before they are imported. A variable that the user has set already stays as it is.

    Args:
        threads: ``None`` takes OMP_NUM_THREADS, or :func:`library_threads`.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    count = threads or (int(wanted) if wanted.isdecimal() and int(wanted) else library_threads())
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(count))
    # GNU OpenMP's threads spin for a millisecond after every operator. On an idle machine a hundredth of
    # that does as well; on a busy one (a browser beside us) the spinning takes the very time that the threads
    # waited for need: 30 layers took 1230 ms with it and 37 ms without, on two cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    # The tokenizer's own pool warns at every fork and gains nothing on one prompt.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    return count


def may_have_card() -> bool:
    """Whether this system shows an NVIDIA driver: without one, nobody need import torch to ask for a card."""
    return Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None


def torch_sees_a_card() -> bool:
    """Whether torch is installed and can compute on a CUDA card; imports it only where there may be one."""
    if not may_have_card() or find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def describe() -> Hardware:
    """Return the facts about this machine; imports torch only to ask for a graphics card."""
    import psutil

    memory = psutil.virtual_memory()
    gpu, gpu_memory = _cuda_card()
    name, flags = _cpu()
    return Hardware(
        cpu=name,
        cores=usable_cores(),
        flags=flags,
        memory=memory.total,
        memory_free=memory.available,
        gpu=gpu,
        gpu_memory=gpu_memory,
    )


def _cpu() -> tuple[str, tuple[str, ...]]:
    name, found = platform.processor() or platform.machine(), set()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            key = key.strip()
            if key == "model name":
                name = value.strip()
            elif key in ("flags", "Features"):
                found = set(value.split())
            elif not key:  # end of the first core's lines; the others repeat them
                break
    return f"{name} ({platform.machine()})", tuple(flag for flag in FLAGS if flag in found)


def _cuda_card() -> tuple[str | None, int]:
    if not torch_sees_a_card():
        return None, 0
    import torch

    card = torch.cuda.get_device_properties(0)
    return str(card.name), int(card.total_memory)
