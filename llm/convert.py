"""Reads an official GGUF file once and keeps it as transformers loads it, for training and for a CUDA card.

transformers unpacks the 4- to 8-bit weights; loading them from GGUF each time would take 40 to 60 s, the copy
takes seconds. ``python -m llm.convert FILE.gguf FOLDER`` does it as a process of its own, so that the memory
it needs (about three times the file) is given back whole.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from llm.errors import LlmError, WeightsMissing
from llm.hardware import set_threads
from llm.weights import DEFAULT_MODEL, ensure_weights, known_models, model_name, need_disk, only_one, show_bar

MADE = ".made"
"""In a folder that was converted whole: the SHA-256 of the file that it was made of."""


def ensure_folder(home: Path, model: str = DEFAULT_MODEL, *, progress: bool = True) -> Path:
    """Return the folder of ``model`` that transformers loads, bringing and converting it first if need be.

    Args:
        home: folder of weights, made if missing.
        model: see :func:`llm.weights.ensure_weights`; or a folder with config.json, safetensors and
            tokenizer.json, which is used as it is.
        progress: show bars on standard error.
    Raises:
        WeightsMissing, WeightsCorrupt: see :func:`llm.weights.ensure_weights`.
        LlmError: transformers cannot convert the file.
    """
    named = Path(model).expanduser()
    if model not in known_models() and named.is_dir():
        missing = [name for name in ("config.json", "tokenizer.json") if not (named / name).is_file()]
        if missing or not any(named.glob("*.safetensors")):
            raise WeightsMissing(
                f"{named} is not a model folder: it lacks {', '.join(missing) or 'safetensors files'}."
            )
        return named
    gguf = ensure_weights(home, model, progress=progress)
    spec = known_models()[model_name(model)]
    folder = home / spec.name
    with only_one(home, spec.name):
        made = folder / MADE
        if made.is_file() and made.read_text().strip() == spec.sha256:
            return folder
        need_disk(home, spec.converted_bytes, f"to convert {spec.file}")
        for left in home.glob(f"{folder.name}.*.part"):  # of a run that was killed; we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=home))
        try:
            with show_bar("Reading the weights once for training (about half a minute)", None, progress):
                _run(gguf.resolve(), unfinished)
            (unfinished / MADE).write_text(f"{spec.sha256}\n")
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _run(gguf: Path, folder: Path) -> None:
    """Run this module as a process of its own."""
    command = [sys.executable, "-m", "llm.convert", str(gguf), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    if done.returncode != 0:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise LlmError(f"{gguf} could not be converted: {last}. Nothing was changed; the file was kept.")


def convert(gguf: Path, folder: Path) -> None:
    """Write the model and tokenizer of ``gguf`` into ``folder`` (made if missing) in bfloat16.

    Writes config.json, model.safetensors and tokenizer.json; existing files of these names are replaced.
    """
    set_threads()
    os.environ["HF_HUB_OFFLINE"] = "1"  # a local file needs no hub, and none may be waited for
    import gguf as gguf_library
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    # transformers opens the file three times (configuration, weights, tokenizer), and listing its 150,000
    # tokens takes 15 s of CPU each time. This process opens no other file.
    gguf_library.GGUFReader = cache(gguf_library.GGUFReader)
    # transformers joins folder and file name and takes the folder for a model of its own.
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(
            **where, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
        )
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder, max_shard_size="100GB")
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config.pop("_name_or_path", None)  # whatever somebody's disk was called
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _end_with(parent: int) -> None:
    """End this process soon after ``parent`` has ended: nobody would use what it makes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
