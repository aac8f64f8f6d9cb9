"""A model small enough to make in the test: random weights, a byte-level vocabulary with real chat markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MARKUP = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>")
MERGES = [("S", "E"), ("SE", "L"), ("E", "C"), ("SEL", "EC"), ("SELEC", "T"), ("Ġ", "a"), ("o", "r")]


def write_tokenizer(folder: Path) -> int:
    """Write a byte-level tokenizer.json; return the size of its vocabulary."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = letters + ["".join(pair) for pair in MERGES]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # As in the real one: some markup is declared as an ordinary token.
    tokenizer.add_tokens([AddedToken(name, special=name != "<tool_call>") for name in MARKUP])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer.get_vocab_size()


def write_model(folder: Path) -> Path:
    """Write a Qwen2 model with two layers and random weights, as the engine finds it on disk."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    size = write_tokenizer(folder)
    config = Qwen2Config(
        vocab_size=size + 5,  # more logits than tokens, as in the real model
        hidden_size=64,
        intermediate_size=128,  # like the real ones a multiple of 64, of which NF4's kernels take blocks
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        initializer_range=0.2,
    )
    torch.manual_seed(7)
    model = Qwen2ForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    return folder


def write_gguf(folder: Path) -> Path:
    """Write the model of :func:`write_model` once more as llama.cpp reads it, in float32."""
    import gguf
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text())
    tensors = load_file(folder / "model.safetensors")
    file = folder / "tiny.gguf"
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    words = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    names = {number: word for word, number in words.items()}
    size = config["vocab_size"]
    control = {words[name] for name in MARKUP}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([names.get(number, f"[PAD{number}]") for number in range(size)])
    kinds = gguf.TokenType
    writer.add_token_types(
        [
            kinds.CONTROL if number in control else kinds.NORMAL if number in names else kinds.UNUSED
            for number in range(size)
        ]
    )
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_eos_token_id(words["<|im_end|>"])
    writer.add_pad_token_id(words["<|endoftext|>"])
    writer.add_add_bos_token(False)
    known = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
    for name, tensor in tensors.items():
        writer.add_tensor(
            known.get_name(name, try_suffixes=(".weight", ".bias")), tensor.to(torch.float32).numpy()
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def write_adapter(folder: Path, *, seed: int, **config: Any) -> Path:
    """Write a random adapter for the tiny model's q_proj and down_proj."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    shapes = {"self_attn.q_proj": (64, 64), "mlp.down_proj": (64, 128)}
    tensors = {}
    for layer in range(2):
        for name, (rows, columns) in shapes.items():
            key = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{key}.lora_A.weight"] = torch.randn(4, columns, generator=generator) * 0.3
            tensors[f"{key}.lora_B.weight"] = torch.randn(rows, 4, generator=generator) * 0.3
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "r": 4,
        "lora_alpha": 8,
        "bias": "none",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "target_modules": sorted({name.split(".")[1] for name in shapes}),
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings | config))
    return folder
