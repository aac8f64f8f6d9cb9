"""transformers' Trainer over examples whose prompts share their beginning.

An activated LoRA leaves the shared part of a prompt to the bare model. So that part is read once per database
and kept as keys and values, and only the question's own part and the reply are read in training: a fifth of
the tokens. The loss is the mean cross-entropy of the reply's tokens, the end marker included; questions and
schemas are never learnt.

One item of the data set is a batch: examples of one database, so that they share its keys and values.
``gradient_accumulation_steps`` of them, of different databases, make a step.

Source: Greenewald et al., Activated LoRA: Fine-tuned LLMs for Intrinsics, 2025.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from tqdm import tqdm
from transformers import EvalPrediction, Trainer, TrainerCallback

from finetune.errors import TrainingError
from finetune.examples import Example
from llm.chat import ChatTokenizer

NOT_LEARNT = -100
"""The label of what is read and not learnt, as transformers has it."""
NO_MASK = {"full_attention": None}
"""Attention that is causal by itself needs none (``finetune.attention``)."""
HELD_TOKENS = 60_000
"""Tokens of schemas that are learnt from in turn before the next ones come: their keys and values are held
meanwhile, 1.7 GB for the 1.5B in bfloat16. Some forty shops are all mixed, so that a run does not end on
the last few."""
WARM_UP_BATCHES = 4
"""Batches that are timed before training starts, for the estimate; nothing is learnt from them."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Token ids of examples that share the beginning of their prompts."""

    shared: tuple[int, ...]
    """What the bare model reads."""
    own: list[tuple[int, ...]]
    """The rest of each prompt."""
    replies: list[tuple[int, ...]]

    @property
    def tokens(self) -> int:
        """What goes through the adapter."""
        return sum(map(len, self.own)) + sum(map(len, self.replies))


def make_batches(
    examples: Sequence[Example], tokenizer: ChatTokenizer, size: int, invocation: Sequence[int]
) -> list[Batch]:
    """Batches of up to ``size`` examples that share their schema, of like lengths; the order is fixed.

    Args:
        invocation: tokens that an activated LoRA works from; every prompt's own part begins with them, and
            has them nowhere else.
    Raises:
        TrainingError: an own part is otherwise; the adapter would work from another place when it is served.
    """
    known: dict[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for example in examples:
        tokens, reply = tokenizer.encode(example.prompt), tokenizer.encode_reply(example.reply)
        if _last(invocation, (*tokens.own, *reply)) != 0:
            raise TrainingError(
                f"an example of {example.database} does not have {tokenizer.decode(invocation)!r} at the "
                f"beginning of its own part, and only there: {example.prompt.rest!r}"
            )
        known.setdefault(tokens.shared, []).append((tokens.own, reply))
    batches = []
    for shared, pairs in known.items():
        pairs.sort(key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
        for start in range(0, len(pairs), size):
            own, replies = map(list, zip(*pairs[start : start + size], strict=True))
            batches.append(Batch(shared=shared, own=own, replies=replies))
    return batches


def in_order(batches: Sequence[Batch], seed: int) -> list[Batch]:
    """The batches at random, those of schemas that are held at once together."""
    draw = random.Random(seed)
    schemas = list(dict.fromkeys(batch.shared for batch in batches))
    draw.shuffle(schemas)
    group, at, held = {}, 0, 0
    for shared in schemas:
        held += len(shared)
        if held > HELD_TOKENS:
            at, held = at + 1, len(shared)
        group[shared] = at
    return sorted(batches, key=lambda batch: (group[batch.shared], draw.random()))


def _last(part: Sequence[int], tokens: Sequence[int]) -> int:
    """Where ``part`` begins for the last time in ``tokens``; -1 if it is not there."""
    places = range(len(tokens) - len(part), -1, -1)
    return next((n for n in places if tuple(tokens[n : n + len(part)]) == tuple(part)), -1)


def collate(items: Sequence[Batch]) -> dict[str, torch.Tensor]:
    """The one batch of ``items`` as tensors, shape (rows, longest row), filled up from the left; only the
    tokens of replies have labels."""
    (batch,) = items
    rows = [[*own, *reply] for own, reply in zip(batch.own, batch.replies, strict=True)]
    shape = (len(rows), max(map(len, rows)))
    ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, NOT_LEARNT)
    for n, row in enumerate(rows):
        ids[n, : len(row)], mask[n, : len(row)] = torch.tensor(row), 1
        labels[n, len(batch.own[n]) : len(row)] = torch.tensor(batch.replies[n])
    shared = torch.tensor(batch.shared, dtype=torch.long)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "shared": shared}


class SharedTrainer(Trainer):  # type: ignore[misc]
    """Reads the shared part of prompts once; validates by replies, not by batches."""

    def __init__(self, **options: Any) -> None:
        super().__init__(data_collator=collate, compute_metrics=_over_replies, **options)
        self.loss_is_scaled_for_ga = True
        self._shared: dict[tuple[int, ...], list[tuple[torch.Tensor, torch.Tensor]]] = {}

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The batch's part of the mean over the reply tokens of a whole step."""
        logits, targets = self._replies(model, inputs)
        count = len(targets) if num_items_in_batch is None else num_items_in_batch
        return functional.cross_entropy(logits, targets, reduction="sum") / count

    def prediction_step(
        self, model: Any, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Per reply: its cross-entropy and whether each of its tokens is the likeliest; and its length."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad():
            logits, targets = self._replies(model, inputs)
        lengths = (inputs["labels"] != NOT_LEARNT).sum(dim=1)
        losses = functional.cross_entropy(logits, targets, reduction="none")
        is_likeliest = logits.argmax(dim=-1) == targets
        ends = [0, *lengths.cumsum(dim=0).tolist()]
        told = [
            (float(losses[a:b].sum()), bool(is_likeliest[a:b].all())) for a, b in itertools.pairwise(ends)
        ]
        return None, torch.tensor(told, device=lengths.device), lengths

    def steps_in_time(
        self, batches: Sequence[Batch], steps: int, max_seconds: float | None, progress: bool
    ) -> int:
        """``steps``, or as many as fit into the time, by a few batches that are not learnt from; tells it."""
        timed = random.Random(self.args.seed).sample(batches, min(WARM_UP_BATCHES, len(batches)))
        inputs = [self._prepare_inputs(collate([batch])) for batch in timed]
        started = time.monotonic()
        read = sum(self._keys_and_values(each["shared"])[1] for each in inputs)
        a_shared_token = (time.monotonic() - started) / max(1, read)
        self.model.train()
        started = time.monotonic()
        for each in inputs:
            self.compute_loss(self.model, each).backward()
        speed = sum(batch.tokens for batch in timed) / max(time.monotonic() - started, 1e-9)
        self.model.zero_grad(set_to_none=True)
        torch.manual_seed(self.args.seed)
        a_step = self.args.gradient_accumulation_steps * sum(b.tokens for b in batches) / len(batches)
        schemas = a_shared_token * sum(map(len, {batch.shared for batch in batches}))
        if max_seconds is not None:
            steps = max(1, min(steps, int((max_seconds - schemas) * speed / a_step)))
        if progress:
            tqdm.write(
                f"{steps} steps of about {a_step:.0f} tokens at {speed:.0f} tokens/s, {schemas / 60:.0f} "
                f"minutes for schemas: about {(steps * a_step / speed + schemas) / 60:.0f} minutes, "
                "validation not counted",
                file=sys.stderr,
            )
        return steps

    def _replies(self, model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits before each reply token, shape (tokens, vocabulary), float32; and those tokens."""
        ids, labels = inputs["input_ids"], inputs["labels"]
        # The vocabulary is large: only states before reply tokens are worth logits, and the model can but
        # choose columns. (Asked for the last one it copies its head for every row.)
        nothing = torch.empty(0, dtype=torch.long, device=ids.device)
        options = {"use_cache": False, "output_hidden_states": True, "logits_to_keep": nothing}
        shared, known = self._keys_and_values(inputs["shared"])
        places = torch.arange(known, known + ids.shape[1], device=ids.device).expand(len(ids), -1)
        options |= {"attention_mask": NO_MASK, "position_ids": places, "shared": shared}
        learnt = labels[:, 1:] != NOT_LEARNT
        # The adapter's own weights stay float32, for small steps would be lost to them in bfloat16.
        is_16_bit = self.model.dtype == torch.bfloat16
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=is_16_bit):
            states = model(input_ids=ids, **options).hidden_states[-1]
        logits = self.model.get_output_embeddings()(states[:, :-1][learnt]).float()
        return logits, labels[:, 1:][learnt]

    def _keys_and_values(self, shared: torch.Tensor) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], int]:
        """Those of the shared part in each layer, as the bare model reads it, and how many tokens it has."""
        key = tuple(shared.tolist())
        if key in self._shared:
            self._shared[key] = self._shared.pop(key)  # used last
        else:
            while self._shared and sum(map(len, self._shared)) + len(key) > HELD_TOKENS:
                del self._shared[next(iter(self._shared))]
            was_training = self.model.training
            self.model.eval()
            with torch.no_grad(), self.model.disable_adapter():
                body = self.model.get_base_model().model
                read = body(input_ids=shared[None], attention_mask=NO_MASK, use_cache=True)
            self.model.train(was_training)
            self._shared[key] = [(layer.keys, layer.values) for layer in read.past_key_values.layers]
        return self._shared[key], len(key)


def _over_replies(found: EvalPrediction) -> dict[str, float]:
    """Mean cross-entropy per reply token, and the share of replies that are right in every token."""
    losses, right = found.predictions[:, 0], found.predictions[:, 1]
    return {"loss": float(losses.sum() / found.label_ids.sum()), "exact": float(right.mean())}


class Watch(TrainerCallback):  # type: ignore[misc]
    """Shows how far a run is, validates its first and last step, stops it when asked, notes checkpoints."""

    def __init__(
        self, *, progress: bool, should_stop: Callable[[], bool], note: Callable[[Any], object]
    ) -> None:
        self.was_stopped = False
        self._should_stop, self._note = should_stop, note
        self._progress = progress
        self._bar: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Open the bar at the step that the run goes on from."""
        self._bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            unit="step",
            desc="train",
            file=sys.stderr,
            disable=not self._progress,
        )

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any, model: Any, **_: Any) -> None:
        """Keep what the run starts from: it is the best until a step is better."""
        if state.global_step == 0:
            state.best_metric, state.best_global_step = metrics["eval_loss"], 0
            state.best_model_checkpoint = str(Path(args.output_dir) / "checkpoint-0")
            model.save_pretrained(state.best_model_checkpoint)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a validation of the last step; or for a checkpoint and the end."""
        self._bar.update()
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
        elif self._should_stop():
            self.was_stopped = control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Show the loss and the speed beside the bar."""
        if self._bar is not None and "loss" in logs:
            speed = logs.get("train_tokens_per_second", 0.0)
            self._bar.set_postfix_str(f"loss {logs['loss']:.3f}, {speed:.0f} tokens/s")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note how far the checkpoint is."""
        self._note(state)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Close the bar."""
        self._bar.close()
