"""Methods of training on equal data in equal steps: activated LoRA, and other configurations of peft.

    python -m bench.methods --examples train.jsonl --validation validation.jsonl [--count 400] [--device cpu]
        [--accumulate 4] [--evaluate] [--limit N] [--only NAME …] [--out DIR]

The files are those of ``shoptalk finetune examples``. Each method is trained by ``finetune.train`` in a
process of its own, on the same ``--count`` examples drawn with a seed, with the same batches and steps; one
that is done already under ``--out`` with as many is not trained again. Only the activated ones read the own
part alone; the others read five times as many tokens, and what can be compared is what a step teaches.
``--evaluate`` asks the validation sample of the held-out questions (``SHOPTALK_DATA``), or ``--limit`` of it,
with each adapter that can be served, and with the bare model.
Prints a table and writes ``build/bench/methods.json``. Without a CUDA card QLoRA is left out, and said so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.record import RESULTS, circumstances, write_result
from finetune.examples import Example, read_examples, write_examples

if TYPE_CHECKING:
    from peft import PeftConfig

    from finetune.run_folder import Run

SEED = 7


def lora(steps: int) -> PeftConfig:
    """LoRA of the same shape that reads whole prompts."""
    from peft import LoraConfig

    from finetune.train import LAYERS

    return LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules=list(LAYERS))


def adalora(steps: int) -> PeftConfig:
    """Ranks are given up in the middle half of the run, from one and a half times 8 down to 8 in the mean.

    Source: Zhang et al., AdaLoRA, 2023.
    """
    from peft import AdaLoraConfig

    from finetune.train import LAYERS

    return AdaLoraConfig(
        task_type="CAUSAL_LM",
        lora_alpha=16,
        target_modules=list(LAYERS),
        init_r=12,
        target_r=8,
        tinit=max(1, steps // 10),
        tfinal=max(1, steps * 3 // 10),
        deltaT=max(1, steps // 100),
        total_step=max(3, steps),
    )


def prefix(steps: int) -> PeftConfig:
    """Source: Li and Liang, Prefix-Tuning, 2021."""
    from peft import PrefixTuningConfig

    return PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=16)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One row of the table."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    """Where they differ from those of ``finetune.train.Settings``."""
    adapter: Callable[[int], PeftConfig] | None = None
    """Another configuration of peft than activated LoRA, from the number of steps; it is not served."""
    needs_cuda: bool = False


TRIALS = (
    Trial(name="activated-lora-8", settings={"rank": 8, "alpha": 16.0}),
    Trial(name="activated-lora-16"),
    Trial(name="qlora-16", settings={"method": "qlora"}, needs_cuda=True),
    Trial(name="lora-16", adapter=lora),
    Trial(name="adalora-8", settings={"learning_rate": 2e-3}, adapter=adalora),
    Trial(name="prefix-16", settings={"learning_rate": 1e-2}, adapter=prefix),
)
"""Learning rates other than the default are near those of the method's own paper."""


def draw(file: Path, count: int, out: Path) -> Path:
    """Write ``count`` examples of ``file``, drawn with the seed, and return the new file."""
    examples, _ = read_examples(file)
    chosen = random.Random(SEED).sample(examples, min(count, len(examples)))
    target = out / f"{file.stem}-{len(chosen)}.jsonl"
    if not target.is_file():
        write_examples(sorted(chosen, key=lambda e: (e.database, e.prompt.rest)), target)
    return target


def train(
    trial: Trial, examples: Path, validation: Path, out: Path, device: str, accumulate: int = 4
) -> dict[str, Any]:
    """Train one method in a process of its own, or read what it came to before; its manifest."""
    manifest = out / trial.name / "manifest.json"
    if not manifest.is_file() or json.loads(manifest.read_text("utf-8"))["status"] != "done":
        spawn = multiprocessing.get_context("spawn")  # its peak memory is its own
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            pool.submit(
                _train, trial.name, examples, validation, manifest.parent, device, accumulate
            ).result()
    found: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    return found


def _train(name: str, examples: Path, validation: Path, folder: Path, device: str, accumulate: int) -> None:
    from app.engines import model_of
    from app.settings import Settings, go_offline, prepare_process
    from llm.convert import ensure_folder

    product = Settings.from_environment()
    prepare_process(product)
    model = ensure_folder(product.weights, model_of(product))
    go_offline()
    trial = next(trial for trial in TRIALS if trial.name == name)
    learnt, checked = read_examples(examples)[0], read_examples(validation)[0]
    learn(trial, model, learnt, checked, folder, device, accumulate=accumulate)


def learn(
    trial: Trial,
    model: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    folder: Path,
    device: str,
    **settings: Any,
) -> Run:
    """Train one method in this process; ``settings`` are what all methods have in common."""
    from finetune.train import Settings, train

    return train(
        model,
        examples,
        validation,
        folder,
        Settings(**{"patience": 0, "validate_every": 1000, **settings, **trial.settings}),
        device=device,
        facts={"model": model.name},
        adapter=trial.adapter,
        callbacks=callbacks(trial),
    )


def callbacks(trial: Trial) -> list[Any]:
    """What a method needs besides its configuration."""
    from transformers import TrainerCallback

    class Allocate(TrainerCallback):  # type: ignore[misc]
        """peft leaves it to the loop to tell AdaLoRA of each step, while its gradients are there."""

        def on_optimizer_step(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
            model.base_model.update_and_allocate(state.global_step + 1)

    return [Allocate()] if trial.adapter is adalora else []


def evaluate(adapters: dict[str, Path], out: Path, limit: int | None) -> dict[str, Any]:
    """Execution accuracy on the validation sample: of the bare model, and with each adapter."""
    from app.engines import model_of
    from app.settings import Settings, prepare_process
    from finetune.evaluate import evaluate as measure
    from finetune.ways import product
    from llm.load import open_engine

    settings = Settings.from_environment()
    prepare_process(settings)
    engine = open_engine(
        settings.weights,
        model=model_of(settings),
        device=settings.device,
        precision=settings.precision,
        adapters=adapters,
    )
    folder = Path(os.environ["SHOPTALK_DATA"]) / "spider_train"
    found = {}
    for adapter in (None, *adapters):
        report = measure(
            folder / "questions.jsonl",
            folder / "database",
            engine=engine,
            adapter=adapter,
            way=product(),
            side="validation",
            sample=True,
            limit=limit,
            batch=8,
            resume=out / f"{adapter or 'bare'}.jsonl",
        )
        found[adapter or "bare"] = {"accuracy": report.accuracy, "interval": report.cluster_interval}
    return found


def table(manifests: dict[str, dict[str, Any]], accuracy: dict[str, Any]) -> list[str]:
    """The table in Markdown, a line each."""

    def right(name: str) -> str:
        if name not in accuracy:
            return "–"
        low, high = accuracy[name]["interval"]
        return f"{100 * accuracy[name]['accuracy']:.1f} [{100 * low:.0f}, {100 * high:.0f}]"

    lines = [
        "| method | loss per token | exact replies, % | execution accuracy [95 %] "
        "| steps | tokens/s | memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    if manifests:
        first = next(iter(manifests.values()))
        lines.append(
            f"| bare model | {first['first_loss']:.3f} | {100 * first['first_exact']:.1f} "
            f"| {right('bare')} | – | – | – |"
        )
    for name, found in manifests.items():
        speed = found["tokens"] / max(found["seconds"], 1e-9)
        lines.append(
            f"| {name} | {found['best_loss']:.3f} | {100 * found['best_exact']:.1f} | {right(name)} "
            f"| {found['steps']} | {speed:.0f} | {found['peak_memory_mb']:,} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True, metavar="FILE")
    parser.add_argument("--validation", type=Path, required=True, metavar="FILE")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="examples to learn from (400)")
    parser.add_argument("--check", type=int, default=150, metavar="N", help="examples to validate on (150)")
    parser.add_argument("--accumulate", type=int, default=4, metavar="N", help="batches of a step (4)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--evaluate", action="store_true", help="execution accuracy too; takes longest")
    parser.add_argument("--limit", type=int, metavar="N", help="ask N questions of the sample (all)")
    parser.add_argument("--only", action="append", choices=[t.name for t in TRIALS])
    parser.add_argument("--out", type=Path, default=RESULTS / "methods", metavar="DIR")
    options = parser.parse_args(arguments)
    if options.evaluate and not os.environ.get("SHOPTALK_DATA"):
        print("--evaluate needs SHOPTALK_DATA; nothing was trained", file=sys.stderr)
        return 2
    out = options.out / f"{options.count}-{options.check}-{options.accumulate}"
    out.mkdir(parents=True, exist_ok=True)
    examples = draw(options.examples, options.count, out)
    validation = draw(options.validation, options.check, out)
    manifests, adapters = {}, {}
    for trial in TRIALS:
        if options.only and trial.name not in options.only:
            continue
        if trial.needs_cuda and options.device != "cuda":
            print(f"{trial.name}: left out, it needs a CUDA card")
            continue
        manifests[trial.name] = train(trial, examples, validation, out, options.device, options.accumulate)
        if trial.adapter is None:
            adapters[trial.name] = out / trial.name
    accuracy = evaluate(adapters, out, options.limit) if options.evaluate else {}
    lines = table(manifests, accuracy)
    print("\n".join(lines))
    result = {
        "bench": "methods",
        **circumstances(),
        "device": options.device,
        "examples": options.count,
        "manifests": manifests,
        "accuracy": accuracy,
        "figures": {
            f"trained on {options.count}: {n}": f"loss {m['best_loss']:.3f}" for n, m in manifests.items()
        },
    }
    print(f"raw results: {write_result(RESULTS / 'methods.json', result)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
