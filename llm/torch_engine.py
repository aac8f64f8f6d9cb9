"""The engine for a CUDA card, and for machines without a wheel of llama.cpp: transformers and peft.

``generate()`` decodes; a grammar masks its scores, ``cancel`` stops it after a token. One call at a time. The
whole prompt is read at every call, which a card does in a fraction of a second: ``generate()`` on a cache
that was filled before gives wrong tokens (transformers 5.23). Adapters are peft's, by name.

Not covered: speed on CPUs, which is ``llm.llama_engine``'s matter; many users at once (serve vLLM for them).
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from llm.chat import ChatTokenizer
from llm.constraint import Constraint
from llm.engine import Completion, Finish, Prompt, Request
from llm.errors import EngineUnavailable, PromptTooLong, UnknownAdapter
from llm.line import Line

logger = logging.getLogger(__name__)

PRECISIONS = ("nf4", "bfloat16", "float32")


class TorchEngine:
    """Fulfils ``llm.engine.Engine`` and ``llm.engine.CanCountTokens`` with a model folder of transformers.

    Args:
        folder: config.json, safetensors, tokenizer.json.
        device: "cuda", "cuda:1", "cpu".
        precision: one of :data:`PRECISIONS`; nf4 needs bitsandbytes.
        adapters: name to peft folder.
    Raises:
        EngineUnavailable: the model or an adapter cannot be loaded.
    """

    def __init__(
        self, folder: Path, *, device: str, precision: str, adapters: Mapping[str, Path] | None = None
    ) -> None:
        self._tokenizer = ChatTokenizer(folder)
        self._adapters = dict(adapters or {})
        self._device = device
        self._name = f"{folder.name}, {precision}, {device}"
        self._model = _load(folder, device, precision, self._adapters)
        self._window = int(self._model.config.max_position_embeddings)
        vocabulary = int(self._model.config.vocab_size)
        self._markup = sorted(n for n in self._tokenizer.control - self._tokenizer.stops if n < vocabulary)
        self._grammar_tokenizer = self._tokenizer.grammar_tokenizer(vocabulary)
        self._line = Line(1)

    @property
    def name(self) -> str:
        """Model, precision and device in words."""
        return self._name

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``Request.adapter`` accepts, sorted."""
        return tuple(sorted(self._adapters))

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of ``prompt`` with the chat markup around it."""
        return len(self._tokenizer.encode(prompt).all)

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See :meth:`llm.engine.Engine.complete`."""
        if request.adapter is not None and request.adapter not in self._adapters:
            known = ", ".join(self.adapters) or "none is loaded"
            raise UnknownAdapter(
                f"No adapter is called {request.adapter!r}; known: {known}. Nothing was generated."
            )
        tokens = self._tokenizer.encode(request.prompt).all
        if len(tokens) + request.max_tokens > self._window:
            raise PromptTooLong(
                f"The prompt has {len(tokens):,} tokens and {request.max_tokens} more were asked for; the "
                f"model's window is {self._window:,}. Shorten the prompt. Nothing was generated."
            )
        grammar = request.grammar
        constraint = None if grammar is None else Constraint(self._grammar_tokenizer, grammar)
        with self._line.take(1, cancel) as place:
            if not place:
                return [_completion(self._tokenizer, [], [], "cancelled")] * request.samples
            return self._generate(request, tokens, constraint, cancel)

    def _generate(
        self,
        request: Request,
        tokens: list[int],
        constraint: Constraint | None,
        cancel: threading.Event | None,
    ) -> list[Completion]:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        chosen = _Choices(len(tokens), request.samples, constraint, self._markup, self._tokenizer.stops)
        stop = _Stop(cancel)
        torch.manual_seed(hash(tuple(tokens)) % 2**31)
        if self._adapters:
            self._model.set_adapter(_inside(request.adapter or self.adapters[0]))
        bare = self._adapters and request.adapter is None
        prompt = torch.tensor([tokens], device=self._device)
        sampling = {"do_sample": True, "temperature": request.temperature, "top_k": 0, "top_p": 1.0}
        with torch.inference_mode(), _without_adapters(self._model, bool(bare)):
            self._model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=request.max_tokens,
                num_return_sequences=request.samples,
                eos_token_id=sorted(self._tokenizer.stops),
                pad_token_id=min(self._tokenizer.stops),
                logits_processor=LogitsProcessorList([chosen]),
                stopping_criteria=StoppingCriteriaList([chosen.watch, stop]),
                **(sampling if request.temperature else {"do_sample": False}),
            )
        return [
            _completion(
                self._tokenizer, ids, logprobs, chosen.finish(row, stop.is_stopped, request.max_tokens)
            )
            for row, (ids, logprobs) in enumerate(zip(chosen.tokens, chosen.logprobs, strict=True))
        ]


class _Choices:
    """Masks the scores of every row by its grammar, and keeps what was chosen with its log-probability."""

    def __init__(
        self, start: int, rows: int, constraint: Constraint | None, markup: list[int], stops: frozenset[int]
    ) -> None:
        self._start, self._markup, self._stops = start, markup, stops
        self._constraints = [constraint.copy() if constraint else None for _ in range(rows)]
        self._before: torch.Tensor | None = None
        """Log-probabilities at the last step, before masks; shape (rows, vocabulary)."""
        self.tokens: list[list[int]] = [[] for _ in range(rows)]
        self.logprobs: list[list[float]] = [[] for _ in range(rows)]
        self.has_ended = [False] * rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._before = torch.log_softmax(scores.float(), dim=-1)
        masked = torch.full_like(scores, -torch.inf)
        for row, constraint in enumerate(self._constraints):
            if self.has_ended[row] or constraint is None:
                masked[row] = scores[row]
                masked[row, self._markup] = -torch.inf
                continue
            allowed = np.array(sorted(self._stops)) if constraint.is_finished else constraint.allowed()
            places = torch.from_numpy(allowed).to(scores.device)
            masked[row, places] = scores[row, places]
        return masked

    def watch(self, input_ids: torch.Tensor, scores: Any, **options: Any) -> torch.Tensor:
        """Called after each choice: note it; rows whose grammar leaves only the end are done."""
        assert self._before is not None
        for row, token in enumerate(input_ids[:, -1].tolist()):
            if self.has_ended[row]:
                continue
            if token in self._stops:
                self.has_ended[row] = True
                continue
            self.tokens[row].append(token)
            self.logprobs[row].append(float(self._before[row, token]))
            constraint = self._constraints[row]
            if constraint is not None:
                constraint.consume([token])
                self.has_ended[row] = constraint.is_finished
        return torch.tensor(self.has_ended, device=input_ids.device)

    def finish(self, row: int, is_stopped: bool, max_tokens: int) -> Finish:
        if self.has_ended[row]:
            return "stop"
        return "cancelled" if is_stopped and len(self.tokens[row]) < max_tokens else "length"


class _Stop:
    """Ends decoding when it is asked to."""

    def __init__(self, cancel: threading.Event | None) -> None:
        self._cancel = cancel
        self.is_stopped = False

    def __call__(self, input_ids: torch.Tensor, scores: Any, **options: Any) -> torch.Tensor:
        self.is_stopped = self._cancel is not None and self._cancel.is_set()
        return torch.full((input_ids.shape[0],), self.is_stopped, device=input_ids.device)


def _completion(
    tokenizer: ChatTokenizer, ids: list[int], logprobs: list[float], finish: Finish
) -> Completion:
    return Completion(text=tokenizer.decode(ids), logprobs=tuple(logprobs), tokens=len(ids), finish=finish)


def _without_adapters(model: Any, is_bare: bool) -> Any:
    from contextlib import nullcontext

    return model.disable_adapter() if is_bare else nullcontext()


def _inside(adapter: str) -> str:
    """What peft calls an adapter: the name of a torch module, which holds no dot and is no method's name."""
    return f"adapter {adapter.replace('.', '·')}"


def _load(folder: Path, device: str, precision: str, adapters: Mapping[str, Path]) -> Any:
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers import logging as transformers_logging

    if precision not in PRECISIONS:
        raise EngineUnavailable(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}.")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    options: dict[str, Any] = {"dtype": torch.float32 if precision == "float32" else torch.bfloat16}
    if precision == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, device_map={"": device}, **options
        ).eval()
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise EngineUnavailable(f"{folder} cannot be loaded in {precision} on {device}: {error}") from error
    if not adapters:
        return model
    from peft import PeftModel

    try:
        (first, place), *others = adapters.items()
        with warnings.catch_warnings():  # peft 0.21 reads what transformers 5.23 calls by another name now
            warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
            adapted = PeftModel.from_pretrained(model, str(place), adapter_name=_inside(first))
            for name, place in others:
                adapted.load_adapter(str(place), adapter_name=_inside(name))
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineUnavailable(f"An adapter does not fit {folder.name}: {error}") from error
    return adapted.eval()
