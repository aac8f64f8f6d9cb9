"""Training: examples in, an adapter folder out.

The shared part of a prompt (system message, schema) is read once per database by the bare model and kept as
keys and values; only the question's own part and the reply go through the adapter. That costs a fifth of
reading whole prompts, and the adapter is served the same way (``llm.lora.reads_own_part``). The loss is the
mean cross-entropy of the reply's tokens, the end marker included; questions and schemas are never learnt.

Examples of one database share a batch, so that they share its keys and values; ``accumulate`` batches of
different databases make a step. Methods: LoRA, QLoRA (LoRA beside NF4 weights, on a CUDA card), AdaLoRA and
prefix tuning, all by peft. An AdaLoRA adapter is written as the LoRA that it has become. Prefix tuning can be
compared here and is not served.

A folder of a run holds ``adapter_config.json`` and ``adapter_model.safetensors`` (the best on the validation
examples so far), ``manifest.json``, ``log/`` (TensorBoard) and, until the end, ``checkpoint.pt``.

Sources: Hu et al., LoRA, 2021; Dettmers et al., QLoRA, 2023; Zhang et al., AdaLoRA, 2023; Li and Liang,
Prefix-Tuning, 2021; Greenewald et al., Activated LoRA, 2025.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from finetune.attention import register
from finetune.errors import TrainingError
from finetune.examples import DESCRIBED, Example

if TYPE_CHECKING:
    import torch

    from llm.chat import ChatTokenizer

logger = logging.getLogger(__name__)

Method = Literal["lora", "qlora", "adalora", "prefix"]
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
CHECKPOINT = "checkpoint.pt"
WEIGHTS = "adapter_model.safetensors"
NO_MASK = {"full_attention": None}
"""Attention that is causal by itself needs none (``finetune.attention``)."""
KeysAndValues = list[tuple[Any, Any]]
"""Per layer, each of shape (1, key heads, tokens, width)."""
WARM_UP_BATCHES = 4
"""Batches that are timed before training starts, for the estimate; nothing is learnt from them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run learns. Two runs with equal settings and data learn the same."""

    method: Method = "lora"
    rank: int = 16
    """Of LoRA; the average one of AdaLoRA; virtual tokens of prefix tuning."""
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


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a training run came to."""

    folder: Path
    steps: int
    best_step: int
    best_loss: float
    """Mean cross-entropy per reply token on the validation examples, in nats."""
    first_loss: float
    """The same before training."""
    best_exact: float
    """Share of the validation replies whose every token is the likeliest after the right ones before it."""
    first_exact: float
    """The same before training."""
    tokens: int
    """Own and reply tokens that were trained on."""
    seconds: float
    status: Literal["done", "stopped early", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Token ids of examples that share one prefix."""

    prefix: tuple[int, ...]
    own: list[tuple[int, ...]]
    replies: list[tuple[int, ...]]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.own)) + sum(map(len, self.replies))


@dataclass
class _State:
    """What a checkpoint holds beside weights and optimiser."""

    step: int = 0
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best_loss: float = math.inf
    first_loss: float = math.inf
    best_exact: float = 0.0
    first_exact: float = 0.0
    waited: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)


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
        device: ``cpu`` (float32) or ``cuda`` (bfloat16, NF4 for QLoRA).
        facts: more for the manifest, such as the hash of the data and what was held out.
        progress: show a progress bar and an estimate on standard error.
        should_stop: asked after each step; when true a checkpoint is written and the run ends.
    Raises:
        TrainingError: no examples, a folder with another run in it, QLoRA without a CUDA card, a ``start`` of
            another shape.
    """
    if not examples or not validation:
        raise TrainingError("training needs examples and validation examples; one of the two is empty")
    learnt, kept = (
        {e.database.removesuffix(DESCRIBED).lower() for e in each} for each in (examples, validation)
    )
    shared = learnt & kept
    if shared:
        raise TrainingError(f"training and validation share databases: {', '.join(sorted(shared)[:5])}")
    trainer = _Trainer(
        model_folder, examples, validation, folder, settings, start, device, facts or {}, progress
    )
    return trainer.run(should_stop)


def _databases(examples: Iterable[Example]) -> set[str]:
    return {example.database.removesuffix(DESCRIBED).lower() for example in examples}


class _Trainer:
    def __init__(
        self,
        model_folder: Path,
        examples: Sequence[Example],
        validation: Sequence[Example],
        folder: Path,
        settings: Settings,
        start: Path | None,
        device: str,
        facts: dict[str, Any],
        progress: bool,
    ) -> None:
        import torch

        from llm.chat import ChatTokenizer

        if settings.method == "qlora" and device != "cuda":
            raise TrainingError(
                "QLoRA needs a CUDA card: NF4 weights that ran on a CPU give no gradients. Use method lora."
            )
        self.settings, self.folder, self.device = settings, folder, device
        self.facts, self.progress = facts, progress
        if start is not None:
            check_start(start, settings)
            self.facts = {**facts, "start": {"name": start.name, "sha256": _hash(start / WEIGHTS)}}
        self.tokenizer = ChatTokenizer(model_folder)
        self.train_batches = make_batches(examples, self.tokenizer, settings.batch)
        self.validation_batches = make_batches(validation, self.tokenizer, settings.batch)
        self.identity = {
            "settings": dataclasses.asdict(settings),
            "data": facts.get("data"),
            "device": device,
            "start": self.facts.get("start"),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.kept = self._read_checkpoint()
        torch.manual_seed(settings.seed)
        self.model = _load(model_folder, settings, device, self._planned_steps())
        if start is not None and not self.kept:
            _take_up(self.model, start)
        self.prefixes: dict[tuple[int, ...], KeysAndValues] = {}
        weights = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            weights, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    # ---- the run ----------------------------------------------------------------------------------------

    def run(self, should_stop: Callable[[], bool]) -> Run:
        from tqdm import tqdm

        state = self._restore() if self.kept else _State(steps=self._steps_in_time())
        if not self.kept:
            state.first_loss, state.first_exact = self.validate()
            state.best_loss, state.best_exact = state.first_loss, state.first_exact
            self._save_adapter(state)
        started, before = time.monotonic(), state.seconds
        status: Literal["done", "stopped early", "interrupted"] = "done"
        bar = tqdm(
            total=state.steps, initial=state.step, unit="step", desc="train", disable=not self.progress
        )
        with bar, self._log() as write:
            while state.step < state.steps:
                loss, tokens = self._step(state.step, state.steps)
                state.step += 1
                state.tokens += tokens
                state.seconds = before + time.monotonic() - started
                speed = state.tokens / max(state.seconds, 1e-9)
                bar.set_postfix_str(f"loss {loss:.3f}, {speed:.0f} tokens/s")
                bar.update()
                write("loss/train", loss, state.step)
                write("tokens_per_second", speed, state.step)
                is_last = state.step == state.steps
                if state.step % self.settings.validate_every == 0 or is_last:
                    self._note_validation(state, write)
                    if self.settings.patience and state.waited >= self.settings.patience and not is_last:
                        status = "stopped early"
                        break
                    self._write_checkpoint(state)
                if should_stop() and not is_last:
                    self._write_checkpoint(state)
                    status = "interrupted"
                    break
        state.seconds = before + time.monotonic() - started
        self._write_manifest(state, status)
        if status != "interrupted":
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return Run(
            folder=self.folder,
            steps=state.step,
            best_step=state.best_step,
            best_loss=state.best_loss,
            first_loss=state.first_loss,
            best_exact=state.best_exact,
            first_exact=state.first_exact,
            tokens=state.tokens,
            seconds=state.seconds,
            status=status,
        )

    def _note_validation(self, state: _State, write: Callable[[str, float, int], None]) -> None:
        loss, exact = self.validate()
        state.curve.append((state.step, loss))
        write("loss/validation", loss, state.step)
        write("exact/validation", exact, state.step)
        if loss < state.best_loss:
            state.best_loss, state.best_exact, state.best_step, state.waited = loss, exact, state.step, 0
            self._save_adapter(state)
        else:
            state.waited += 1

    def _step(self, step: int, steps: int) -> tuple[float, int]:
        """One step of the optimiser; return the mean loss per reply token, and tokens read."""
        import torch

        self.model.train()
        batches = [self._batch(step * self.settings.accumulate + n) for n in range(self.settings.accumulate)]
        targets = sum(sum(map(len, b.replies)) for b in batches)
        total = 0.0
        for batch in batches:
            loss = self._loss(batch) / targets
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        weights = [p for p in self.model.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(weights, self.settings.clip)
        rate = self.settings.learning_rate * schedule(step, steps, self.settings.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        if self.settings.method == "adalora":
            self.model.base_model.update_and_allocate(step + 1)
        self.optimiser.zero_grad(set_to_none=True)
        return total, sum(b.tokens for b in batches)

    def _batch(self, number: int) -> _Batch:
        """The batch of that number, counted through all epochs, each in an order of its own."""
        epoch, place = divmod(number, len(self.train_batches))
        order = list(range(len(self.train_batches)))
        random.Random(f"{self.settings.seed}:{epoch}").shuffle(order)
        return self.train_batches[order[place]]

    def validate(self) -> tuple[float, float]:
        """On the validation examples: mean cross-entropy per reply token, and share of replies whose every
        token is the likeliest after the right ones before it."""
        import torch
        from torch.nn import functional

        self.model.eval()
        total, exact = 0.0, 0
        with torch.no_grad():
            for batch in self.validation_batches:
                hidden, targets = self._read(batch)
                logits = self._head()(hidden).float()
                total += float(functional.cross_entropy(logits, targets, reduction="sum"))
                is_likeliest = (logits.argmax(dim=-1) == targets).cpu()
                exact += sum(bool(part.all()) for part in is_likeliest.split([*map(len, batch.replies)]))
        lengths = [len(reply) for batch in self.validation_batches for reply in batch.replies]
        return total / sum(lengths), exact / len(lengths)

    def _loss(self, batch: _Batch) -> torch.Tensor:
        """Summed cross-entropy of the reply tokens, shape ()."""
        from torch.nn import functional

        hidden, targets = self._read(batch)
        logits = self._head()(hidden).float()
        loss: torch.Tensor = functional.cross_entropy(logits, targets, reduction="sum")
        return loss

    def _read(self, batch: _Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states before each reply token, shape (tokens, hidden size), and those tokens."""
        import torch

        rows = [[*own, *reply] for own, reply in zip(batch.own, batch.replies, strict=True)]
        longest = max(map(len, rows))
        known = len(batch.prefix)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        places: list[int] = []
        targets: list[int] = []
        for n, row in enumerate(rows):
            ids[n, : len(row)] = torch.tensor(row)
            first = len(batch.own[n])
            # The token at `first + k` is told by the state before it. Every own part has at least one token.
            places += [n * longest + first - 1 + k for k in range(len(batch.replies[n]))]
            targets += batch.replies[n]
        shared = self._shared(batch.prefix)
        if self.settings.method == "prefix":
            shared, known = self._with_virtual_tokens(shared), known + self.settings.rank
        output = self._body()(
            input_ids=ids.to(self.device),
            attention_mask=NO_MASK,
            position_ids=torch.arange(known, known + longest, device=self.device).expand(len(rows), -1),
            use_cache=False,
            shared=shared,
        )
        states = output.last_hidden_state.reshape(len(rows) * longest, -1)
        chosen = states[torch.tensor(places, device=self.device)]
        return chosen, torch.tensor(targets, device=self.device)

    def _shared(self, prefix: tuple[int, ...]) -> KeysAndValues:
        """The keys and values of ``prefix`` in each layer, as the bare model reads it."""
        import torch

        if prefix not in self.prefixes:
            was_training = self.model.training
            self.model.eval()
            with torch.no_grad(), self._bare():
                output = self._body()(
                    input_ids=torch.tensor([prefix], device=self.device),
                    attention_mask=NO_MASK,
                    use_cache=True,
                )
            self.model.train(was_training)
            layers = output.past_key_values.layers
            self.prefixes[prefix] = [(layer.keys, layer.values) for layer in layers]
        return self.prefixes[prefix]

    def _with_virtual_tokens(self, shared: KeysAndValues) -> KeysAndValues:
        """The learnt keys and values of prefix tuning after the shared ones."""
        import torch

        learnt = self.model.get_prompt(batch_size=1).layers
        return [
            (
                torch.cat([keys, new.keys.to(keys.dtype)], dim=2),
                torch.cat([values, new.values.to(values.dtype)], dim=2),
            )
            for (keys, values), new in zip(shared, learnt, strict=True)
        ]

    def _bare(self) -> contextlib.AbstractContextManager[Any]:
        if self.settings.method == "prefix":
            return contextlib.nullcontext()  # the layers themselves are the bare model's
        bare: contextlib.AbstractContextManager[Any] = self.model.disable_adapter()
        return bare

    def _causal(self) -> Any:
        """The causal language model inside peft's wrapping."""
        return self.model.base_model if self.settings.method == "prefix" else self.model.base_model.model

    def _body(self) -> Any:
        return self._causal().model

    def _head(self) -> Any:
        return self._causal().lm_head

    # ---- how long ---------------------------------------------------------------------------------------

    def _planned_steps(self) -> int:
        batches = self.settings.epochs * len(self.train_batches)
        return max(1, math.ceil(batches / self.settings.accumulate))

    def _steps_in_time(self) -> int:
        """The planned steps, or as many as fit into the time; tells the estimate before the start."""
        import torch

        steps = self._planned_steps()
        timed = [self._batch(n) for n in range(min(WARM_UP_BATCHES, len(self.train_batches)))]
        started = time.monotonic()
        for batch in timed:
            self._shared(batch.prefix)
        reading = time.monotonic() - started
        a_prefix_token = reading / max(1, sum(map(len, {b.prefix for b in timed})))
        self.model.train()
        started = time.monotonic()
        for batch in timed:
            self._loss(batch).backward()  # type: ignore[no-untyped-call]
        speed = sum(b.tokens for b in timed) / max(time.monotonic() - started, 1e-9)
        self.optimiser.zero_grad(set_to_none=True)
        torch.manual_seed(self.settings.seed)
        a_step = (
            self.settings.accumulate * sum(b.tokens for b in self.train_batches) / len(self.train_batches)
        )
        prefixes = a_prefix_token * sum(map(len, {b.prefix for b in self.train_batches}))
        limit = self.settings.max_seconds
        if limit is not None:
            steps = max(1, min(steps, int((limit - prefixes) * speed / a_step)))
        if self.progress:
            self._say(
                f"{steps} steps of about {a_step:.0f} tokens at {speed:.0f} tokens/s, {prefixes / 60:.0f} "
                f"minutes for schemas: about {(steps * a_step / speed + prefixes) / 60:.0f} minutes, "
                "validation not counted"
            )
        return steps

    def _say(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)

    # ---- files ------------------------------------------------------------------------------------------

    def _read_checkpoint(self) -> dict[str, Any] | None:
        import torch

        path = self.folder / CHECKPOINT
        if not path.is_file():
            # A run that was killed before its first checkpoint has learned nothing yet: it begins anew.
            if (self.folder / WEIGHTS).is_file() and _status_of(self.folder) != "running":
                raise TrainingError(f"{self.folder} holds a finished run; name another folder to keep it")
            return None
        kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if kept["identity"] != json.dumps(self.identity, sort_keys=True):
            raise TrainingError(
                f"{self.folder} holds the checkpoint of a run with other settings or data; "
                "name another folder, or remove it to begin anew"
            )
        return kept

    def _restore(self) -> _State:
        import torch
        from peft import set_peft_model_state_dict

        assert self.kept is not None
        set_peft_model_state_dict(self.model, self.kept["weights"])
        self.optimiser.load_state_dict(self.kept["optimiser"])
        torch.set_rng_state(self.kept["rng"])
        state = json.loads(self.kept["state"])
        state["curve"] = [tuple(point) for point in state["curve"]]
        return _State(**state)

    def _write_checkpoint(self, state: _State) -> None:
        import torch
        from peft import get_peft_model_state_dict

        unfinished = self.folder / f"{CHECKPOINT}.part"
        torch.save(
            {
                "identity": json.dumps(self.identity, sort_keys=True),
                "weights": get_peft_model_state_dict(self.model),
                "optimiser": self.optimiser.state_dict(),
                "rng": torch.get_rng_state(),
                "state": json.dumps(dataclasses.asdict(state)),
            },
            unfinished,
        )
        unfinished.replace(self.folder / CHECKPOINT)

    def _save_adapter(self, state: _State) -> None:
        """Write the adapter as peft does, in float16; AdaLoRA as the LoRA that it has become."""
        import torch
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        weights = dict(get_peft_model_state_dict(self.model))
        config = self.model.peft_config["default"].to_dict()
        if self.settings.method == "adalora":
            counts = {
                name.removeprefix("base_model.model."): float(module.ranknum["default"])
                for name, module in self.model.named_modules()
                if hasattr(module, "ranknum")
            }
            weights, config = as_lora(weights, config, counts)
        config["base_model_name_or_path"] = self.facts.get("model", "")
        config["inference_mode"] = True
        kept = {name: w.detach().to("cpu", torch.float16).contiguous() for name, w in weights.items()}
        unfinished = self.folder / f"{WEIGHTS}.part"
        save_file(kept, unfinished)
        unfinished.replace(self.folder / WEIGHTS)
        _write_text(self.folder / "adapter_config.json", _json(config))
        self._write_manifest(state, "running")

    def _write_manifest(self, state: _State, status: str) -> None:
        from llm.hardware import describe

        record = {
            "reads": "own part",
            "status": status,
            **self.facts,
            "settings": dataclasses.asdict(self.settings),
            "examples": sum(len(b.own) for b in self.train_batches),
            "validation_examples": sum(len(b.own) for b in self.validation_batches),
            "steps": state.step,
            "planned_steps": state.steps,
            "best_step": state.best_step,
            "first_loss": state.first_loss,
            "best_loss": state.best_loss,
            "first_exact": state.first_exact,
            "best_exact": state.best_exact,
            "curve": state.curve,
            "tokens": state.tokens,
            "seconds": round(state.seconds, 1),
            "peak_memory_mb": _peak_memory_mb(self.device),
            "device": self.device,
            "hardware": str(describe()),
            "versions": _versions(),
        }
        _write_text(self.folder / "manifest.json", _json(record))

    @contextlib.contextmanager
    def _log(self) -> Iterator[Callable[[str, float, int], None]]:
        """A TensorBoard log where the package is at hand; else the manifest's curve has to do."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            logger.info("no TensorBoard log: pip install tensorboard")
            yield lambda name, value, step: None
            return
        writer = SummaryWriter(str(self.folder / "log"))
        try:
            yield lambda name, value, step: writer.add_scalar(name, value, step)
        finally:
            writer.close()


# --- plain functions -------------------------------------------------------------------------------------


def make_batches(examples: Sequence[Example], tokenizer: ChatTokenizer, size: int) -> list[_Batch]:
    """Batches of up to ``size`` examples that share their prefix, of like lengths; the order is fixed."""
    by_prefix: dict[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for example in examples:
        tokens = tokenizer.encode(example.prompt)
        by_prefix.setdefault(tokens.shared, []).append((tokens.own, tokenizer.encode_reply(example.reply)))
    batches = []
    for prefix, pairs in by_prefix.items():
        pairs.sort(key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
        for start in range(0, len(pairs), size):
            some = pairs[start : start + size]
            batches.append(_Batch(prefix=prefix, own=[p[0] for p in some], replies=[p[1] for p in some]))
    return batches


def schedule(step: int, steps: int, warm_up: float) -> float:
    """Factor of the learning rate at ``step`` (from 0) of ``steps``: up to 1, then half a cosine to 0.1.

    >>> [round(schedule(s, 10, 0.2), 2) for s in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.13]
    """
    rising = max(1, round(warm_up * steps))
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * done))


def check_start(folder: Path, settings: Settings) -> None:
    """Raise ``TrainingError`` unless ``folder`` holds a LoRA adapter of the shape that ``settings`` name."""
    if settings.method not in ("lora", "qlora"):
        raise TrainingError(f"a run of {settings.method} cannot go on from an adapter; lora and qlora can")
    file = folder / "adapter_config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        found = {
            "kind": config["peft_type"],
            "rank": config["r"],
            "alpha": config["lora_alpha"],
            "layers": sorted(config["target_modules"]),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{file} describes no LoRA adapter to go on from ({error!r})") from error
    wanted = {
        "kind": "LORA",
        "rank": settings.rank,
        "alpha": settings.alpha,
        "layers": sorted(settings.layers),
    }
    for what, value in wanted.items():
        if found[what] != value:
            raise TrainingError(
                f"the adapter in {folder} has {what} {found[what]}, and the run {value}; nothing was trained"
            )


def as_lora(
    weights: dict[str, Any], config: dict[str, Any], counts: dict[str, float]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An AdaLoRA state, ``W + B diag(E) A · alpha / count``, as plain LoRA with the same output.

    Triplets whose ``E`` is zero were given up; they are left out, so that each layer has a rank of its own.

    Args:
        counts: layer → the number of triplets that peft divides by.
    """
    made: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    for name, values in weights.items():
        if ".lora_E" not in name:
            continue
        stem = name.split(".lora_E")[0]
        layer = stem.removeprefix("base_model.model.")
        a = next(w for n, w in weights.items() if n.startswith(f"{stem}.lora_A"))
        b = next(w for n, w in weights.items() if n.startswith(f"{stem}.lora_B"))
        used = values.flatten().nonzero().flatten()
        if len(used):
            left, right = b[:, used], (a * values)[used] * (config["lora_alpha"] / counts[layer])
        else:  # a layer that was given up whole still needs a rank; it adds nothing
            left, right = b.new_zeros(len(b), 1), a.new_zeros(1, a.shape[1])
        made[f"{stem}.lora_A.weight"], made[f"{stem}.lora_B.weight"] = right, left
        ranks[layer] = max(len(used), 1)
    kept = {k: v for k, v in config.items() if k in ("task_type", "target_modules", "lora_dropout", "bias")}
    return made, {
        **kept,
        "peft_type": "LORA",
        "r": 1,
        "lora_alpha": 1,
        "rank_pattern": ranks,
        "alpha_pattern": dict(ranks),  # the scale is in the weights: alpha / rank is 1 in every layer
    }


def _load(folder: Path, settings: Settings, device: str, steps: int) -> Any:
    """The frozen model with a fresh adapter."""
    import torch

    try:
        from peft import AdaLoraConfig, LoraConfig, PeftConfig, PrefixTuningConfig, TaskType, get_peft_model
    except ImportError as error:
        raise TrainingError('training needs peft. Run: pip install -e ".[train]"') from error
    from transformers import AutoModelForCausalLM
    from transformers import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    options: dict[str, Any] = {}
    if settings.method == "qlora":
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
        options["device_map"] = {"": device}
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, attn_implementation=register(), **options
    )
    if settings.method != "qlora":
        model = model.to(device)
    model.requires_grad_(False)
    if settings.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    common: dict[str, Any] = {"task_type": TaskType.CAUSAL_LM}
    low_rank = {
        **common,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "target_modules": list(settings.layers),
    }
    config: PeftConfig
    if settings.method == "prefix":
        config = PrefixTuningConfig(**common, num_virtual_tokens=settings.rank)
    elif settings.method == "adalora":
        # Triplets are given up in the middle half of the run, down from one and a half times the rank.
        config = AdaLoraConfig(
            **low_rank,
            init_r=settings.rank * 3 // 2,
            target_r=settings.rank,
            tinit=max(1, steps // 10),
            tfinal=max(1, steps * 3 // 10),
            deltaT=max(1, steps // 100),
            total_step=max(3, steps),
        )
    else:
        config = LoraConfig(**low_rank, r=settings.rank)
    return get_peft_model(model, config)


def _take_up(model: Any, folder: Path) -> None:
    """Give the model's adapter the weights of the one in ``folder``."""
    from peft import set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(folder / WEIGHTS)
        result = set_peft_model_state_dict(model, weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(f"the adapter in {folder} does not fit the model: {error}") from error
    missing = [name for name in result.missing_keys if "lora_" in name]
    if missing or result.unexpected_keys:
        raise TrainingError(f"the adapter in {folder} is of another model; nothing was trained")


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{file} cannot be read: {error.strerror or error}") from error


def _peak_memory_mb(device: str) -> int:
    import resource

    import torch

    if device == "cuda":
        return int(torch.cuda.max_memory_allocated() / 1e6)
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    import torch

    return {"torch": torch.__version__, **{name: version(name) for name in ("transformers", "peft")}}


def _status_of(folder: Path) -> str:
    """How far the run in ``folder`` came, by its manifest; empty where there is none that can be read."""
    try:
        record = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(record.get("status", "")) if isinstance(record, dict) else ""


def _write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _json(record: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        return sorted(value) if isinstance(value, (set, frozenset)) else str(value)

    return json.dumps(record, indent=2, default=plain, ensure_ascii=False) + "\n"
