"""Opens an engine: weights, precision, network, tokenizer and the cache of prompt starts, put together."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from llm.errors import EngineUnavailable
from llm.weights import DEFAULT_MODEL, ensure_weights

if TYPE_CHECKING:
    from llm.torch_engine import TorchEngine

logger = logging.getLogger(__name__)


def open_engine(
    home: Path,
    *,
    model: str = DEFAULT_MODEL,
    device: str | None = None,
    precision: str | None = None,
    adapters: Mapping[str, Path] | None = None,
    progress: bool = True,
) -> TorchEngine:
    """Return an engine that runs ``model`` in this process, bringing its weights first if need be.

    Args:
        home: folder of weights, made if missing.
        model: see :func:`llm.weights.ensure_weights`.
        device: "cpu" or "cuda"; ``None`` takes the graphics card if torch sees one.
        precision: one of ``llm.network.PRECISIONS``; ``None`` chooses, see :func:`llm.precision.choose`, and
            logs the reason.
        adapters: LoRA adapters, name to peft folder.
        progress: show bars on standard error.
    Raises:
        WeightsMissing, WeightsCorrupt: see :func:`llm.weights.ensure_weights`.
        EngineUnavailable: the model cannot be loaded as asked.
    """
    device = find_device(device)
    import torch

    from llm.chat import ChatTokenizer
    from llm.network import load_network
    from llm.precision import choose
    from llm.prefix import Prefixes
    from llm.torch_engine import TorchEngine

    folder = ensure_weights(home, model, progress=progress)
    choice = choose(home, folder, device, precision)
    assert choice is not None  # None comes only with measure=False
    logger.info("%s in %s on %s: %s", folder.name, choice.precision, device, choice.reason)
    network = load_network(folder, precision=choice.precision, device=device)
    name = f"{folder.name}, {choice.precision}, {device}"
    stat = (folder / "config.json").stat()
    identity = f"{folder.resolve()}|{stat.st_mtime_ns}|{choice.precision}|{device}|{torch.__version__}"
    adapters = dict(adapters or {})
    prints = {key: _fingerprint(path) for key, path in adapters.items()}
    return TorchEngine(
        network,
        ChatTokenizer(folder),
        name=name,
        adapters=adapters,
        prefixes=Prefixes(home / "prefixes", identity=identity, adapters=prints),
    )


def find_device(asked: str | None) -> str:
    """The device to compute on: the one asked for, else the graphics card if torch sees one, else the CPU.

    Raises:
        EngineUnavailable: torch is missing, or a card was asked for that it does not see.
    """
    try:
        import torch
    except ImportError as error:
        raise EngineUnavailable(
            'torch is not installed. Run: pip install "shoptalk[llm]", or serve the model over HTTP.'
        ) from error
    device = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineUnavailable("device 'cuda' was asked for and torch sees no graphics card. Use 'cpu'.")
    return device


def _fingerprint(folder: Path) -> str:
    path = folder / "adapter_model.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
