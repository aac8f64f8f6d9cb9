#!/usr/bin/env bash
# xllamacpp 2026.10.11549 (llama.cpp b11549), contexts kept apart (kv_unified off), prompts cached (cache_prompt): a
# completion with n = 2 reads its prompt once, copies what was read into the second slot and decodes there. When it has
# ended, the first slot still holds the prompt; the second has forgotten it, although it decoded behind it. The next
# request for that slot (id_slot) with the same prompt reads all of it anew. One who samples on slots that others share
# pays a whole prompt for each of them afterwards: with a real model and 1,000 tokens that was 16 s instead of 0.4 s.
# Seen: "slot 0 had 399 of 400 cached, slot 1 had 0". Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6
cat > "$folder/show.py" <<'PYTHON'
import sys
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

FOLDER = Path(sys.argv[1])
WIDTH, INNER, HEADS, LAYERS = 64, 128, 4, 1


def byte_names():
    """GPT-2's names of the 256 bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) for byte in shown] + [chr(256 + place) for place in range(len(hidden))]


def write_model(file):
    """One layer of Qwen2 with random weights and one token a byte."""
    words = [*byte_names(), "<|endoftext|>", "<|im_end|>"]
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words)
    writer.add_token_types([gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * 2)
    writer.add_token_merges(["Ġ a"])
    writer.add_eos_token_id(257)
    writer.add_add_bos_token(False)
    dice = np.random.default_rng(1)
    shapes = {"token_embd.weight": (258, WIDTH), "output.weight": (258, WIDTH), "output_norm.weight": (WIDTH,)}
    layer = {"attn_norm.weight": (WIDTH,), "ffn_norm.weight": (WIDTH,)}
    layer |= {f"attn_{part}.{kind}": (WIDTH, WIDTH) if kind == "weight" else (WIDTH,)
              for part in "qkv" for kind in ("weight", "bias")}
    layer |= {"attn_output.weight": (WIDTH, WIDTH), "ffn_gate.weight": (INNER, WIDTH),
              "ffn_up.weight": (INNER, WIDTH), "ffn_down.weight": (WIDTH, INNER)}
    shapes |= {f"blk.0.{name}": shape for name, shape in layer.items()}
    for name, shape in shapes.items():
        writer.add_tensor(name, dice.normal(0, 0.2, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


file = FOLDER / "tiny.gguf"
write_model(file)
params = xllamacpp.CommonParams()
params.model.path = str(file)
params.n_ctx, params.n_parallel, params.kv_unified = 2048, 2, False
params.cache_ram_mib, params.verbosity = 0, -1
params.hostnames = [str(FOLDER / "socket.sock")]
server = xllamacpp.Server(params)
prompt = [65 + place % 26 for place in range(400)]
asked = {"prompt": prompt, "n_predict": 4, "temperature": 1.0, "seed": 1, "cache_prompt": True, "ignore_eos": True}


def cached(slot):
    """How many of the prompt's tokens the slot had when it was asked for one token more."""
    answer = server.handle_completions({**asked, "n_predict": 1, "id_slot": slot})
    return answer["timings"]["cache_n"]


server.handle_completions({**asked, "n": 2, "id_slot": 0})
first, second = cached(0), cached(1)
print(f"slot 0 had {first} of 400 cached, slot 1 had {second}")
sys.exit(0 if first >= 399 and second == 0 else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py" "$folder"
