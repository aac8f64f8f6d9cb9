"""Reads an official GGUF file once and keeps it as safetensors: ``python -m llm.convert FILE.gguf FOLDER``.

transformers unpacks the 4- to 8-bit weights; loading them from GGUF each time would take 40 to 60 s, the copy
takes seconds. Runs as a process of its own, so that the memory it needs (about three times the file) is given
back whole.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from functools import cache
from pathlib import Path

from llm.hardware import set_threads


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
