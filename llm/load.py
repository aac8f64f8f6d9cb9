"""Opens an engine: which one answers here, its weights and its adapters, put together."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from llm.costs import note_cost
from llm.errors import EngineUnavailable
from llm.hardware import engine_threads, torch_sees_a_card
from llm.weights import DEFAULT_MODEL, ensure_weights, model_name

if TYPE_CHECKING:
    from llm.engine import Engine

logger = logging.getLogger(__name__)

INSTALL = 'pip install "shoptalk[cpu]"'
INSTALL_TORCH = 'pip install "shoptalk[torch]"'


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What runs the model on this machine, and why."""

    runtime: Literal["llama.cpp", "torch"]
    device: str
    precision: str
    reason: str

    def __str__(self) -> str:
        """One line for ``doctor``."""
        return f"{self.runtime} on {self.device} in {self.precision}, because {self.reason}"


def choose(model: str, *, device: str | None = None, precision: str | None = None) -> Choice:
    """What runs ``model`` here: torch on a CUDA card, llama.cpp on a CPU, torch where that cannot.

    Args:
        model: a name or a path, see :func:`llm.weights.ensure_weights`.
        device: "cpu" or "cuda"; ``None`` takes the card if torch sees one.
        precision: of torch, see ``llm.torch_engine.PRECISIONS``; llama.cpp takes the file as it comes.
    Raises:
        EngineUnavailable: nothing that is installed runs it; the message says what to install.
    """
    has_torch = all(find_spec(name) is not None for name in ("torch", "transformers", "peft"))
    has_card = has_torch and torch_sees_a_card()
    is_folder = Path(model).expanduser().is_dir()
    asked = device or ("cuda" if has_card else "cpu")
    if asked.startswith("cuda"):
        if not has_card:
            what = "torch sees no graphics card" if has_torch else f"torch is not installed ({INSTALL_TORCH})"
            raise EngineUnavailable(f"device {asked!r} was asked for and {what}. Use 'cpu'.")
        why = "it was asked for" if device else "torch sees a CUDA card"
        return Choice(runtime="torch", device=asked, precision=precision or "nf4", reason=why)
    why = "no CUDA card is used"
    if is_folder or precision is not None:
        why = "a folder of transformers was named" if is_folder else f"precision {precision!r} was asked for"
    elif find_spec("xllamacpp") is not None:
        return Choice(runtime="llama.cpp", device="cpu", precision="Q4_K_M", reason=why)
    else:
        why = "xllamacpp is not installed"
    if not has_torch:
        raise EngineUnavailable(
            f"Nothing here runs the model: {why}, and torch, transformers and peft are not installed. "
            f"Run: {INSTALL} (or, slower: {INSTALL_TORCH}); or serve the model over HTTP."
        )
    return Choice(runtime="torch", device="cpu", precision=precision or "bfloat16", reason=why)


def bring_weights(home: Path, model: str, choice: Choice, *, progress: bool = True) -> Path:
    """Return what ``choice`` loads: the official file, or the folder that transformers reads.

    Raises:
        WeightsMissing, WeightsCorrupt: see :func:`llm.weights.ensure_weights`.
    """
    if choice.runtime == "llama.cpp":
        return ensure_weights(home, model, progress=progress)
    from llm.convert import ensure_folder

    return ensure_folder(home, model, progress=progress)


def open_engine(
    home: Path,
    *,
    model: str = DEFAULT_MODEL,
    device: str | None = None,
    precision: str | None = None,
    adapters: Mapping[str, Path] | None = None,
    progress: bool = True,
) -> Engine:
    """Return an engine that runs ``model`` in this process, bringing its weights first if need be.

    Args:
        home: folder of weights, made if missing.
        model: see :func:`llm.weights.ensure_weights`.
        device: see :func:`choose`.
        precision: see :func:`choose`.
        adapters: LoRA adapters, name to peft folder.
        progress: show bars on standard error.
    Raises:
        WeightsMissing, WeightsCorrupt: see :func:`llm.weights.ensure_weights`.
        EngineUnavailable: the model cannot be loaded as asked.
    """
    choice = choose(model, device=device, precision=precision)
    logger.info("%s: %s", model, choice)
    weights = bring_weights(home, model, choice, progress=progress)
    if choice.runtime == "llama.cpp":
        from llm.gguf_adapter import as_gguf
        from llm.llama_engine import LlamaEngine

        files = {name: as_gguf(folder, home / "adapters") for name, folder in (adapters or {}).items()}
        kept = home / "prompts" / weights.stem
        note = functools.partial(note_cost, home, model_name(model))
        return LlamaEngine(weights, adapters=files, threads=engine_threads(), kept=kept, note=note)
    from llm.torch_engine import TorchEngine

    return TorchEngine(weights, device=choice.device, precision=choice.precision, adapters=adapters)


def find_device(asked: str | None) -> str:
    """The device to train on: the one asked for, else the graphics card if torch sees one, else the CPU.

    Raises:
        EngineUnavailable: torch is missing, or a card was asked for that it does not see.
    """
    if find_spec("torch") is None:
        raise EngineUnavailable(f"torch is not installed. Run: {INSTALL_TORCH}")
    device = asked or ("cuda" if torch_sees_a_card() else "cpu")
    if device.startswith("cuda") and not torch_sees_a_card():
        raise EngineUnavailable(
            f"device {device!r} was asked for and torch sees no graphics card. Use 'cpu'."
        )
    return device
