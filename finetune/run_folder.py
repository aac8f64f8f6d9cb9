"""The folder of a training run: what it came to, and where it can go on from.

Beside the Trainer's ``checkpoint-N/`` it holds ``manifest.json``, written with each of them, and at the end
``adapter_config.json`` and ``adapter_model.safetensors``: the best validated step, in float16.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finetune.errors import TrainingError
from llm.hardware import describe

if TYPE_CHECKING:
    from transformers import TrainerState

Status = Literal["done", "stopped early", "interrupted"]
CONFIG, WEIGHTS, MANIFEST = "adapter_config.json", "adapter_model.safetensors", "manifest.json"
STATE = "trainer_state.json"
"""What the Trainer writes last into a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a training run came to."""

    folder: Path
    steps: int
    best_step: int
    best_loss: float
    """Mean cross-entropy per reply token on the validation examples, in nats; of the best validated step."""
    first_loss: float
    """The same before training."""
    best_exact: float
    """Share of the validation replies whose every token is the likeliest after the right ones before it."""
    first_exact: float
    """The same before training."""
    tokens: int
    """Tokens that went through the adapter."""
    seconds: float
    status: Status


class Record:
    """The files of a run beside its checkpoints: the manifest and the adapter."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder, self.facts = folder, facts
        self._before = self._read()
        self._started = time.monotonic()

    def _read(self) -> dict[str, Any]:
        try:
            record = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def last_checkpoint(self) -> Path | None:
        """The checkpoint to go on from; ``None`` where nothing was learnt yet.

        Raises:
            TrainingError: the folder holds anything but an unfinished run of the same data and settings.
        """
        status = self._before.get("status")
        if (self.folder / WEIGHTS).is_file() and status not in ("running", "interrupted"):
            raise TrainingError(f"{self.folder} holds a finished run; name another folder to keep it")
        # The Trainer writes its state last: a checkpoint without it was cut off.
        whole = [file.parent for file in self.folder.glob(f"checkpoint-*/{STATE}")]
        if not whole:
            self._before = {}
            return None
        for what in ("settings", "data", "device", "start"):
            if json.dumps(self._before.get(what)) != json.dumps(self.facts.get(what)):
                raise TrainingError(
                    f"{self.folder} holds the checkpoint of a run with other settings or data; "
                    "name another folder, or remove it to begin anew"
                )
        return max(whole, key=lambda checkpoint: int(checkpoint.name.rpartition("-")[2]))

    def begin(self) -> None:
        """The run is on: its time counts from here."""
        self._started = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)

    def note(self, state: TrainerState, status: Status | Literal["running"] = "running") -> Run:
        """Write how far the run is, after a validation."""
        found = {entry["step"]: entry for entry in state.log_history if "eval_loss" in entry}
        first, best = found[0], found[state.best_global_step]
        run = {
            "steps": state.global_step,
            "best_step": state.best_global_step,
            "best_loss": best["eval_loss"],
            "first_loss": first["eval_loss"],
            "best_exact": best["eval_exact"],
            "first_exact": first["eval_exact"],
            "tokens": int(state.num_input_tokens_seen),
            "seconds": round(self._before.get("seconds", 0.0) + time.monotonic() - self._started, 1),
            "status": status,
        }
        more = {
            "planned_steps": state.max_steps,
            "curve": [(step, entry["eval_loss"]) for step, entry in found.items() if step],
            "peak_memory_mb": _peak_memory_mb(self.facts["device"]),
            "hardware": str(describe()),
            "versions": {name: version(name) for name in ("torch", "transformers", "peft")},
        }
        _write_text(self.folder / MANIFEST, _json({**self.facts, **run, **more}))
        return Run(folder=self.folder, **run)

    def end(self, state: TrainerState, status: Status, invocation: Sequence[int]) -> Run:
        """Put the adapter of the best validated step into the folder, in float16, as peft reads it; drop the
        checkpoints of a run that will not go on."""
        import torch
        from safetensors.torch import load_file, save_file

        best = self.folder / f"checkpoint-{state.best_global_step}"
        config = json.loads((best / CONFIG).read_text(encoding="utf-8"))
        config |= {
            "base_model_name_or_path": self.facts.get("model", ""),
            "inference_mode": True,
            "alora_invocation_tokens": list(invocation),
        }
        weights = {name: w.to(torch.float16) for name, w in load_file(best / WEIGHTS).items()}
        unfinished = self.folder / f"{WEIGHTS}.part"
        save_file(weights, unfinished)
        unfinished.replace(self.folder / WEIGHTS)
        _write_text(self.folder / CONFIG, _json(config))
        run = self.note(state, status)
        if status != "interrupted":
            for checkpoint in self.folder.glob("checkpoint-*"):
                shutil.rmtree(checkpoint)
        return run


def _peak_memory_mb(device: str) -> int:
    import resource

    import torch

    if device == "cuda":
        return int(torch.cuda.max_memory_allocated() / 1e6)
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def _write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=2, default=str, ensure_ascii=False) + "\n"
