"""Training: examples in, an adapter folder out.

The loop, the optimiser, checkpoints and validation are those of transformers' Trainer (``finetune.trainer``
is what it has to know of our prompts); adapters are peft's. What is trained is an activated LoRA, which reads
a prompt's own part alone; on a CUDA card also beside NF4 weights (QLoRA).

A folder of a run holds ``adapter_config.json`` and ``adapter_model.safetensors`` (the best validated step, in
float16), ``manifest.json``, ``log/`` (TensorBoard) and, until the end, ``checkpoint-N/``.

Sources: Hu et al., LoRA, 2021; Dettmers et al., QLoRA, 2023; Greenewald et al., Activated LoRA, 2025.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from finetune.attention import register
from finetune.errors import TrainingError
from finetune.examples import Example
from finetune.run_folder import CONFIG, STATE, WEIGHTS, Record, Run, Status
from llm.hardware import describe, usable_cores
from sql.statement.prompt import INVOCATION

if TYPE_CHECKING:
    from peft import PeftConfig

    from finetune.trainer import Batch, SharedTrainer, Watch

Method = Literal["lora", "qlora"]
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run learns. Two runs with equal settings and data learn the same."""

    method: Method = "lora"
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.05
    layers: tuple[str, ...] = LAYERS
    learning_rate: float = 4e-4
    weight_decay: float = 0.01
    warm_up: float = 0.05
    """Share of the steps in which the learning rate rises; then it falls along half a cosine to a tenth."""
    batch: int = 8
    """Examples of one database that are read together, at most."""
    accumulate: int = 4
    """Batches of a step."""
    epochs: float = 1.0
    max_seconds: float | None = None
    """Fewer steps are taken when the estimate before the start says that so long is not enough."""
    validate_every: int = 50
    """Steps."""
    patience: int = 5
    """Validations without a gain after which training ends; 0 never ends it early."""
    clip: float = 1.0
    """Largest norm of the gradients."""
    checkpointing: bool = False
    """Compute activations anew in the backward pass: less memory, a third more time."""
    seed: int = 7

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise TrainingError(f"method is {self.method!r}; use one of {', '.join(get_args(Method))}")
        for name in ("rank", "batch", "accumulate", "validate_every"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "epochs", "alpha"):
            if getattr(self, name) <= 0:
                raise TrainingError(f"{name} must be more than 0, got {getattr(self, name)}")
        for name in ("dropout", "warm_up"):
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"{name} must be in [0, 1), got {getattr(self, name)}")


def train(
    model_folder: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    folder: Path,
    settings: Settings,
    *,
    start: Path | None = None,
    device: str = "cpu",
    facts: dict[str, Any] | None = None,
    progress: bool = True,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Train an adapter; go on where an interrupted run into the same folder stopped.

    Args:
        model_folder: the model as ``llm.weights`` keeps it (config.json, model.safetensors, tokenizer.json).
        examples: to learn from. validation: to choose the best step by; of other databases.
        folder: where the run is written; it may hold a checkpoint of the same settings and data.
        start: folder of a LoRA adapter to go on from; ``None`` begins with a fresh one. It is only read.
        device: ``cpu`` or ``cuda``.
        facts: more for the manifest, such as the hash of the data and what was held out.
        progress: show a progress bar and an estimate on standard error.
        should_stop: asked after each step; when true a checkpoint is written and the run ends.
    Raises:
        TrainingError: no examples, a folder with another run in it, QLoRA without a CUDA card, a ``start`` of
            another shape.
    """
    if not examples or not validation:
        raise TrainingError("training needs examples and validation examples; one of the two is empty")
    both = _databases(examples) & _databases(validation)
    if both:
        raise TrainingError(f"training and validation share databases: {', '.join(sorted(both)[:5])}")
    if settings.method == "qlora" and device != "cuda":
        raise TrainingError(
            "QLoRA needs a CUDA card: NF4 weights that ran on a CPU give no gradients. Use method lora."
        )
    try:
        import peft  # noqa: F401
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise TrainingError(
            f'training needs torch, transformers and peft ({error}). Run: pip install -e ".[train]"'
        ) from error
    if device == "cpu":  # beside the model a library gets what that leaves; here nothing computes beside it
        torch.set_num_threads(usable_cores())
    from finetune.trainer import Watch, make_batches
    from llm.chat import ChatTokenizer

    tokenizer = ChatTokenizer(model_folder)
    invocation = [*tokenizer.tokens(INVOCATION)]
    batches, checked = (
        make_batches(each, tokenizer, settings.batch, invocation) for each in (examples, validation)
    )
    facts = {
        **(facts or {}),
        "settings": dataclasses.asdict(settings),
        "device": device,
        "examples": len(examples),
        "validation_examples": len(validation),
    }
    if start is not None:
        check_start(start, settings, invocation)
        facts["start"] = {"name": start.name, "sha256": _hash(start / WEIGHTS)}
    record = Record(folder, facts)
    checkpoint = record.last_checkpoint()
    steps = max(1, math.ceil(settings.epochs * math.ceil(len(batches) / settings.accumulate)))
    torch.manual_seed(settings.seed)
    model = _load(model_folder, settings, device)
    if start is not None and checkpoint is None:
        _take_up(model, start)
    watch = Watch(progress=progress, should_stop=should_stop, note=record.note)
    trainer = _trainer(model, batches, checked, settings, record, checkpoint, watch)
    if checkpoint is None:
        steps = trainer.steps_in_time(batches, steps, settings.max_seconds, progress)
    else:
        steps = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))["max_steps"]
    trainer.args.max_steps = steps
    trainer.args.warmup_steps = max(1, round(settings.warm_up * steps))
    record.begin()
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    status: Status = "done" if trainer.state.global_step >= steps else "stopped early"
    return record.end(trainer.state, "interrupted" if watch.was_stopped else status, invocation)


def _databases(examples: Sequence[Example]) -> set[str]:
    return {example.database.lower() for example in examples}


def check_start(folder: Path, settings: Settings, invocation: Sequence[int]) -> None:
    """Raise ``TrainingError`` unless ``folder`` holds an activated LoRA of the shape of ``settings``."""
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        found = {
            "kind": config["peft_type"],
            "rank": config["r"],
            "alpha": config["lora_alpha"],
            "layers": sorted(config["target_modules"]),
            "invocation tokens": config.get("alora_invocation_tokens"),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{file} describes no LoRA adapter to go on from ({error!r})") from error
    wanted = {
        "kind": "LORA",
        "rank": settings.rank,
        "alpha": settings.alpha,
        "layers": sorted(settings.layers),
        "invocation tokens": list(invocation),
    }
    for what, value in wanted.items():
        if found[what] != value:
            raise TrainingError(
                f"the adapter in {folder} has {what} {found[what]}, and the run {value}; nothing was trained"
            )


def _lora(settings: Settings) -> PeftConfig:
    """Without invocation tokens while it is trained: what is read of a prompt begins with them, so that all
    of it goes through the adapter, and the masks of peft 0.21 would take a quarter more time for nothing."""
    from peft import LoraConfig

    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(settings.layers),
    )


def _load(folder: Path, settings: Settings, device: str) -> Any:
    """The frozen model with a fresh adapter."""
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    options: dict[str, Any] = {}
    if settings.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
        options["device_map"] = {"": device}
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=_dtype(device), local_files_only=True, attn_implementation=register(), **options
    )
    model.requires_grad_(False)
    return get_peft_model(model, _lora(settings))


def _dtype(device: str) -> Any:
    """bfloat16, but on a CPU that has no instructions for it."""
    import torch

    is_quick = device == "cuda" or {"avx512_bf16", "amx_bf16"} & set(describe().flags)
    return torch.bfloat16 if is_quick else torch.float32


def _take_up(model: Any, folder: Path) -> None:
    """Give the model's adapter the weights of the one in ``folder``."""
    from peft import set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        result = set_peft_model_state_dict(model, load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(f"the adapter in {folder} does not fit the model: {error}") from error
    missing = [name for name in result.missing_keys if "lora_" in name]
    if missing or result.unexpected_keys:
        raise TrainingError(f"the adapter in {folder} is of another model; nothing was trained")


def _trainer(
    model: Any,
    batches: Sequence[Batch],
    validation: Sequence[Batch],
    settings: Settings,
    record: Record,
    checkpoint: Path | None,
    watch: Watch,
) -> SharedTrainer:
    from transformers import EarlyStoppingCallback, PrinterCallback, TrainingArguments
    from transformers.integrations import TensorBoardCallback, is_tensorboard_available

    from finetune.trainer import SharedTrainer, in_order

    arguments = TrainingArguments(
        output_dir=str(record.folder),
        use_cpu=record.facts["device"] == "cpu",
        seed=settings.seed,
        per_device_train_batch_size=1,  # an item of the data set is a batch
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=settings.accumulate,
        train_sampling_strategy="sequential",  # in_order has drawn it
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1},
        max_grad_norm=settings.clip,
        activation_checkpointing=settings.checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if settings.checkpointing else None,
        eval_strategy="steps",
        eval_steps=settings.validate_every,
        eval_on_start=checkpoint is None,
        save_strategy="steps",
        save_steps=settings.validate_every,
        save_total_limit=2,  # the best and the last; with 1 a run that is stopped loses its last
        metric_for_best_model="loss",
        greater_is_better=False,
        restore_callback_states_from_checkpoint=True,
        logging_steps=1,
        include_num_input_tokens_seen="non_padding",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    trainer = SharedTrainer(
        model=model,
        args=arguments,
        train_dataset=in_order(batches, settings.seed),
        eval_dataset=list(validation),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)  # it prints to standard output
    if settings.patience:
        trainer.add_callback(EarlyStoppingCallback(early_stopping_patience=settings.patience))
    if is_tensorboard_available():
        from torch.utils.tensorboard import SummaryWriter

        trainer.add_callback(TensorBoardCallback(SummaryWriter(str(record.folder / "log"))))
    return trainer


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{file} cannot be read: {error.strerror or error}") from error
