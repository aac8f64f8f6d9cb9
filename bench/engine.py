"""The language model alone: seconds to load, tokens per second, memory, distance from float32.

``python -m bench.engine`` measures every precision that this machine runs at a usable speed, each in a
process of its own, and transformers' ``generate()`` in bfloat16 beside them as the baseline. Quality is
measured on SQL: schemas and questions of the Spider training set, the log-probabilities of the gold
statements' tokens (SHOPTALK_DATA must name the folder of public data; without it this part is left out and
says so).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llm.hardware import describe, set_threads

set_threads()  # before torch

from bench.record import RESULTS, circumstances, peak_memory_mb, write_result  # noqa: E402
from llm.engine import Prompt  # noqa: E402

BASELINE = "generate() bfloat16"
SPEED_PROMPT = Prompt(
    system="You write SQL for an online shop.",
    fixed="".join(
        f"{view}(order_id INTEGER, ordered_at DATE, country TEXT, category TEXT, revenue DECIMAL)\n"
        for view in ("sales", "returns", "payments", "stock", "sessions", "tickets", "reviews", "campaigns")
    ),
    rest="Question: Which country brought the most revenue last quarter, and how much was returned?",
)
REPLY = 24
"""Tokens generated when decoding is timed."""


def spider_prompts(data: Path, count: int) -> list[tuple[Prompt, str]]:
    """Return ``count`` questions spread evenly over the set, each with its schema and gold SQL."""
    folder = data / "spider_train"
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    result = []
    for row in rows[:: max(1, len(rows) // count)][:count]:
        path = folder / "database" / row["database"] / f"{row['database']}.sqlite"
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        tables = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL")
        schema = "\n".join(text for (text,) in tables)[:1600]
        connection.close()
        prompt = Prompt(
            system="You translate questions to SQL.",
            fixed=f"{schema}\n",
            rest=f"Question: {row['question']}\nAnswer with one SQL query.",
        )
        result.append((prompt, row["sql"]))
    return result


def timed(action: Callable[[], object], repeats: int = 3) -> list[float]:
    """Return the seconds of each repeat."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds


def speed(tokens: int, seconds: list[float]) -> dict[str, float]:
    """Return tokens per second: median, and the least and most of the repeats."""
    rates = sorted(tokens / value for value in seconds)
    return {
        "median": round(statistics.median(rates), 1),
        "least": round(rates[0], 1),
        "most": round(rates[-1], 1),
    }


def measure_precision(folder: Path, precision: str) -> tuple[dict[str, Any], Any, Any]:
    """Load the model in ``precision``; return its figures, the network and the tokenizer."""
    import torch

    from llm.chat import ChatTokenizer
    from llm.kv import KvCache
    from llm.network import PRECISIONS, load_network
    from llm.torch_engine import TorchEngine

    start = time.perf_counter()
    network = load_network(folder, precision=next(name for name in PRECISIONS if name == precision))
    tokenizer = ChatTokenizer(folder)
    engine = TorchEngine(network, tokenizer, name=precision)
    load = time.perf_counter() - start
    tokens = tokenizer.encode(SPEED_PROMPT).all[:256]

    @torch.inference_mode()
    def read(count: int) -> None:
        cache = KvCache.empty(network.shape, count)
        network.logits(network.hidden(torch.tensor([tokens[:count]]), cache, [count])[:, -1])

    read(16)
    prefill = timed(lambda: read(len(tokens)))
    engine.complete(SPEED_PROMPT, max_tokens=1)  # the prompt is read and kept; what follows is decoding
    produced = 0

    def write() -> None:
        nonlocal produced
        produced = engine.complete(SPEED_PROMPT, max_tokens=REPLY)[0].tokens

    decode = timed(write)
    eight = timed(
        lambda: engine.complete(SPEED_PROMPT, grammar='start: "SELECT country, revenue"', max_tokens=8)
    )
    figures = {
        "load_s": round(load, 1),
        "prefill_tokens_per_s": speed(len(tokens), prefill),
        "decode_tokens_per_s": speed(produced, decode),
        "forced_tokens_one_pass_s": round(min(eight), 3),
        "peak_memory_mb": round(peak_memory_mb()),
    }
    return figures, network, tokenizer


def score(network: Any, tokenizer: Any, cases: list[tuple[Prompt, str]]) -> list[Any]:
    """Return, per case, float16 log-probabilities of every vocabulary entry at each token of the gold."""
    import torch

    from llm.kv import KvCache

    results = []
    with torch.inference_mode():
        for prompt, sql in cases:
            start, gold = tokenizer.encode(prompt).all, tokenizer._plain(sql)
            tokens = start + gold
            cache = KvCache.empty(network.shape, len(tokens))
            parts = [
                network.hidden(torch.tensor([tokens[i : i + 256]]), cache, [len(tokens[i : i + 256])])
                for i in range(0, len(tokens), 256)
            ]
            hidden = torch.cat(parts, dim=1)[0, len(start) - 1 : -1]
            results.append(torch.log_softmax(network.logits(hidden), dim=-1).half())
    return results


def compare(reference: list[Any], found: list[Any], golds: list[list[int]]) -> dict[str, float]:
    """Return mean divergence from the reference, mean loss of the gold, and agreement.

    Divergence is Kullback-Leibler's, in nats per token; agreement is the share of tokens where both would
    pick the same next token.
    """
    import torch

    divergence, loss, same = [], [], []
    for left, right, gold in zip(reference, found, golds, strict=True):
        p, q = left.float(), right.float()
        divergence += (p.exp() * (p - q)).sum(dim=-1).tolist()
        loss += (-q.gather(1, torch.tensor(gold)[:, None])).flatten().tolist()
        same += (p.argmax(dim=-1) == q.argmax(dim=-1)).tolist()
    return {
        "divergence": round(statistics.mean(divergence), 5),
        "gold_loss": round(statistics.mean(loss), 4),
        "same_choice": round(statistics.mean(same), 4),
        "tokens": len(same),
    }


def measure_generate(folder: Path) -> dict[str, Any]:
    """Measure transformers' ``generate()`` in bfloat16 on the same prompt."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers import logging as transformers_logging
    from transformers.generation.streamers import BaseStreamer

    from llm.chat import ChatTokenizer

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).eval()
    load = time.perf_counter() - start
    tokens = torch.tensor([ChatTokenizer(folder).encode(SPEED_PROMPT).all[:256]])
    mask = torch.ones_like(tokens)

    class Clock(BaseStreamer):
        """Notes when each token is there."""

        def __init__(self) -> None:
            self.times = [time.perf_counter()]

        def put(self, value: object) -> None:
            self.times.append(time.perf_counter())

        def end(self) -> None:
            pass

    read, write = [], []
    for _ in range(3):
        clock = Clock()
        with torch.inference_mode():
            model.generate(
                tokens,
                attention_mask=mask,
                do_sample=False,
                min_new_tokens=REPLY,
                max_new_tokens=REPLY,
                pad_token_id=0,
                streamer=clock,
            )
        begin, _, first, *_ = clock.times  # the prompt itself is put first
        read.append(first - begin)
        write.append(clock.times[-1] - first)
    return {
        "load_s": round(load, 1),
        "prefill_tokens_per_s": speed(tokens.shape[1], read),
        "decode_tokens_per_s": speed(REPLY - 1, write),
        "peak_memory_mb": round(peak_memory_mb()),
    }


def one(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what ``--one`` names, in this process."""
    if arguments.one == BASELINE:
        return measure_generate(arguments.folder)
    import torch

    figures, network, tokenizer = measure_precision(arguments.folder, arguments.one)
    if arguments.reference is None:
        return figures
    cases = spider_prompts(Path(os.environ["SHOPTALK_DATA"]), arguments.prompts)
    found = score(network, tokenizer, cases)
    if not arguments.reference.exists():
        torch.save(found, arguments.reference)
    golds = [tokenizer._plain(sql) for _, sql in cases]
    return figures | compare(torch.load(arguments.reference), found, golds)


def in_its_own_process(arguments: argparse.Namespace, name: str, reference: Path | None) -> dict[str, Any]:
    """Run this module for one precision, so that its memory is its own; return its figures or the reason."""
    command = [
        *(sys.executable, "-m", "bench.engine", "--one", name),
        *("--folder", str(arguments.folder), "--prompts", str(arguments.prompts)),
        *(("--reference", str(reference)) if reference else ()),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure, print a table, keep the raw figures; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__.split("\n")[0])
    parser.add_argument("--precisions", nargs="+", help="default: those that are usable on this machine")
    parser.add_argument(
        "--prompts", type=int, default=12, help="Spider questions for the quality (default: 12)"
    )
    parser.add_argument("--folder", type=Path, help="a model folder (default: the default model's)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        logging.disable(logging.WARNING)
        print(json.dumps(one(arguments)))
        return 0

    from llm.precision import choose
    from llm.weights import ensure_weights
    from ui.settings import Settings

    home = Settings.from_environment().weights
    arguments.folder = arguments.folder or ensure_weights(home)
    hardware = describe()
    print(hardware)
    choice = choose(home, arguments.folder, "cpu")
    assert choice is not None
    print(f"Chosen on this CPU: {choice.precision} ({choice.reason})\n")
    usable = ["float32", "float16", "int8", "bfloat16", *(["nf4"] if "avx512f" in hardware.flags else [])]
    names = arguments.precisions or usable
    data = os.environ.get("SHOPTALK_DATA")
    has_data = data is not None and (Path(data) / "spider_train" / "questions.jsonl").is_file()
    if not has_data:
        print("Quality is left out: SHOPTALK_DATA does not name a folder with spider_train.\n")
    if has_data and "float32" not in names:
        names = ["float32", *names]
    names = sorted(names, key=lambda name: name != "float32")  # the reference comes first
    results: dict[str, Any] = {}
    header = f"{'':20} {'load s':>7} {'read tok/s':>11} {'write tok/s':>12} {'memory MB':>10}"
    print(f"{header} {'divergence':>11} {'gold loss':>10} {'same choice':>12}")
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "float32.pt" if has_data else None
        for name in [*names, BASELINE]:
            found = in_its_own_process(arguments, name, reference if name != BASELINE else None)
            results[name] = found
            print(row(name, found), flush=True)
    figures = {
        f"engine, {name}": f"{found['decode_tokens_per_s']['median']} tokens/s written, "
        f"{found['prefill_tokens_per_s']['median']} read, {found['peak_memory_mb']} MB"
        for name, found in results.items()
        if "failed" not in found
    }
    path = write_result(
        RESULTS / "engine.json",
        {"figures": figures, "chosen": vars(choice), "results": results, **circumstances()},
    )
    print(f"\nRaw figures: {path}")
    return 1 if any("failed" in found for found in results.values()) else 0


def row(name: str, found: dict[str, Any]) -> str:
    """Return one line of the table."""
    if "failed" in found:
        return f"{name:20} failed: {found['failed']}"
    read, write = (found[key]["median"] for key in ("prefill_tokens_per_s", "decode_tokens_per_s"))
    line = f"{name:20} {found['load_s']:7.1f} {read:11.1f} {write:12.1f} {found['peak_memory_mb']:10,}"
    if "divergence" in found:
        line += f" {found['divergence']:11.5f} {found['gold_loss']:10.4f} {found['same_choice']:12.1%}"
    return line


if __name__ == "__main__":
    sys.exit(main())
