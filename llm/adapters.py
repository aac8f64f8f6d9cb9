"""Adapters on disk: those that come with the project, and those that were trained on this machine."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
"""What ``finetune.train`` writes beside an adapter."""
LANGUAGE = "language"
"""What a manifest names under ``over``: the adapter writes the question language. Earlier ones wrote SQL."""
SHIPPED = Path(__file__).parent / "shipped"
"""One folder per adapter that comes with the project."""


def find_adapters(model: str, *homes: Path) -> dict[str, Path]:
    """Return the adapters of ``model``, name to folder; of two with one name that of the later home.

    Args:
        model: name of the folder of the model's weights, as the manifest of a training run notes it.
        homes: folders with one folder per adapter; one that does not exist holds none.
    """
    found: dict[str, Path] = {}
    for home in homes:
        for folder in sorted(home.iterdir()) if home.is_dir() else ():
            if not (folder / "adapter_model.safetensors").is_file():
                continue
            manifest, config = _read(folder / MANIFEST), _read(folder / "adapter_config.json")
            if manifest.get("model") != model:
                logger.info("the adapter in %s is for %s", folder, manifest.get("model", "an unknown model"))
            elif config.get("peft_type") != "LORA":
                logger.info("the adapter in %s is of a kind that is not served", folder)
            elif LANGUAGE not in manifest.get("over", ()):
                logger.warning(
                    "The adapter in %s was trained by an earlier version and writes no question language: "
                    "it is left out. Train it again, as docs/train.md says.",
                    folder,
                )
            elif not config.get("alora_invocation_tokens"):
                logger.warning(
                    "The adapter in %s names no invocation tokens and is left out. If an earlier version "
                    "trained it, docs/train.md says what to add.",
                    folder,
                )
            else:
                found[folder.name] = folder
    return found


def default_adapter(model: str) -> str | None:
    """The adapter that comes with the project for ``model``; used unless another is named."""
    return next(iter(find_adapters(model, SHIPPED)), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
