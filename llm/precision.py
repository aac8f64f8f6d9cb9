"""Which precision the weights take, and why: NF4 on a graphics card, the quickest that was measured on a CPU.

On a CPU the first start runs one real layer of the model in each candidate for about a second and keeps the
result in the folder of weights, under the CPU's and torch's names, so that later starts measure nothing. How
exact a precision is is no guess either: ``bench/engine.py`` compares each with float32 on real SQL.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm.errors import EngineUnavailable
from llm.hardware import Hardware, describe

if TYPE_CHECKING:
    from torch import nn

    from llm.network import Precision

logger = logging.getLogger(__name__)

MOST_EXACT_FIRST: tuple[Precision, ...] = ("float32", "float16", "bfloat16", "int8", "nf4")
"""Order by distance from float32, as measured on SQL (``bench/engine.py``)."""
WORTH = 0.9
"""A less exact precision is taken only if it needs at most this share of a more exact one's time."""
_PROMPT, _REPLY = 150, 30
"""Tokens of a usual question beyond the kept start of the prompt, and forward passes of its reply."""
_SECONDS = 1.0
"""Time spent on measuring one candidate."""
_LAYERS = 3
"""Layers that are measured: together they are larger than a cache, as the whole model is."""
_BLOCK = 16
"""Tokens per block when the reading of a prompt is measured."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A precision and why it was taken."""

    precision: Precision
    reason: str
    """For the log and ``doctor``."""


def choose(
    home: Path, folder: Path, device: str, wanted: str | None = None, *, measure: bool = True
) -> Choice | None:
    """Choose the precision for the model in ``folder``.

    Args:
        home: where measurements are kept.
        device: "cpu" or "cuda…".
        wanted: a precision that the user named; it wins.
        measure: ``False`` returns ``None`` where a measurement would be needed first.
    Raises:
        EngineUnavailable: ``wanted`` is no precision, or does not work here.
    """
    if wanted is not None:
        return Choice(precision=_known(wanted, device), reason="asked for in the settings")
    if device != "cpu":
        if _has_bitsandbytes():
            return Choice(precision="nf4", reason="a graphics card: NF4 through bitsandbytes")
        return Choice(precision="bfloat16", reason="a graphics card, and bitsandbytes is not installed")
    hardware = describe()
    key = _key(folder, hardware)
    path = home / "precision.json"
    kept = _read(path).get(key)
    if kept is None:
        if not measure:
            return None
        kept = {"seconds": _measure(folder, hardware), "when": time.strftime("%Y-%m-%d")}
        _keep(path, key, kept)
    seconds: dict[Precision, float] = kept["seconds"]
    best = quickest_worth_it(seconds)
    ranked = sorted(seconds.items(), key=lambda item: item[1])
    listed = ", ".join(f"{name} {value / ranked[0][1]:.1f}" for name, value in ranked)
    return Choice(
        precision=best,
        reason=f"measured on this CPU on {kept['when']}, time for {_PROMPT} tokens read and {_REPLY} "
        f"written, as multiples: {listed}; a less exact one must save a tenth",
    )


def quickest_worth_it(seconds: dict[Precision, float]) -> Precision:
    """Return the precision to take, given the seconds that each needs.

    >>> quickest_worth_it({"float16": 1.0, "int8": 0.95})
    'float16'
    >>> quickest_worth_it({"float16": 1.0, "int8": 0.7, "float32": 3.0})
    'int8'
    """
    best: Precision | None = None
    for name in MOST_EXACT_FIRST:
        if name in seconds and (best is None or seconds[name] <= WORTH * seconds[best]):
            best = name
    if best is None:
        raise EngineUnavailable("No precision works on this CPU: even float32 failed. See the log.")
    return best


def _known(wanted: str, device: str) -> Precision:
    chosen = next((name for name in MOST_EXACT_FIRST if name == wanted), None)
    if chosen is None:
        raise EngineUnavailable(
            f"No precision is called {wanted!r}; known: {', '.join(MOST_EXACT_FIRST)}. Nothing was loaded."
        )
    if chosen in ("float16", "int8") and device != "cpu":
        raise EngineUnavailable(f"Precision {chosen} is for CPUs. On {device} take nf4, bfloat16 or float32.")
    if chosen == "nf4" and not _has_bitsandbytes():
        raise EngineUnavailable('Precision nf4 needs bitsandbytes. Run: pip install "shoptalk[llm]" (Linux).')
    return chosen


def _has_bitsandbytes() -> bool:
    return importlib.util.find_spec("bitsandbytes") is not None


def _key(folder: Path, hardware: Hardware) -> str:
    import torch

    machine = f"{hardware.cpu}|{' '.join(hardware.flags)}|{torch.get_num_threads()} threads"
    return f"{folder.name}|{machine}|torch {torch.__version__}"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {key: value for key, value in found.items() if value["seconds"] and value["when"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        logger.warning("%s is damaged (%s); the precisions are measured again.", path, error)
        return {}


def _keep(path: Path, key: str, value: dict[str, Any]) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(_read(path) | {key: value}, indent=1), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        logger.warning("The measurement could not be kept (%s); the next start measures again.", error)


def _measure(folder: Path, hardware: Hardware) -> dict[Precision, float]:
    """Return, per precision that works, the seconds that a usual question would take in all layers."""
    import torch

    from llm.network import read_layers

    candidates: list[Precision] = ["float16", "int8", "bfloat16"]
    # Without AVX-512 bitsandbytes unpacks the weights at every call: 2 tokens/s were measured, and its import
    # alone takes seconds, so it is not even tried there.
    if "avx512f" in hardware.flags and _has_bitsandbytes():
        candidates.append("nf4")
    stacks: dict[Precision, Stack] = {}
    for name in candidates:
        try:
            stacks[name] = Stack(read_layers(folder, name, _LAYERS))
        except (RuntimeError, NotImplementedError, AttributeError, ImportError) as error:
            # An operator that this CPU or this torch does not have: float32 always works.
            logger.info("Precision %s does not work on this machine: %s", name, error)
    if not stacks:
        stacks["float32"] = Stack(read_layers(folder, "float32", _LAYERS))
    threads = torch.get_num_threads()
    # One thread, and the candidates in turn: on a busy machine threads wait for each other at every operator,
    # and whoever is measured during the busiest second would lose.
    torch.set_num_threads(1)
    try:
        end = time.perf_counter() + _SECONDS * len(stacks)
        while time.perf_counter() < end:
            for stack in stacks.values():
                stack.run()
    finally:
        torch.set_num_threads(threads)
    layers = json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
    return {name: stack.seconds * layers / min(_LAYERS, layers) / threads for name, stack in stacks.items()}


class Stack:
    """A few layers' matrices in one precision, and the least seconds that they took so far."""

    def __init__(self, linears: list[nn.Module]) -> None:
        """Prepare inputs and run once.

        Raises:
            RuntimeError: the machine or torch lacks an operator.
        """
        import torch

        self._linears = linears
        self._best = dict.fromkeys((1, _BLOCK), float("inf"))
        self._inputs = []
        for linear in linears:
            weight = getattr(linear, "weight", None)
            dtype = torch.float32 if weight is None or weight.dtype == torch.float32 else torch.bfloat16
            width: Any = linear.in_features
            self._inputs.append({tokens: torch.randn(1, tokens, width).to(dtype) for tokens in self._best})
        self.run()
        self._best = dict.fromkeys(self._best, float("inf"))  # the first run includes what torch sets up

    def run(self) -> None:
        """Run one token and one block of tokens through; other programs only ever make it slower."""
        import torch

        with torch.inference_mode():
            for tokens in self._best:
                start = time.perf_counter()
                for linear, inputs in zip(self._linears, self._inputs, strict=True):
                    linear(inputs[tokens])
                self._best[tokens] = min(self._best[tokens], time.perf_counter() - start)

    @property
    def seconds(self) -> float:
        """For ``_PROMPT`` tokens that are read in blocks and ``_REPLY`` passes of one."""
        return _REPLY * self._best[1] + _PROMPT / _BLOCK * self._best[_BLOCK]
