"""Training on a tiny random model: what is learnt is what is served, and nothing is lost by a stop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import write_gguf, write_model
from transformers import AutoModelForCausalLM

from finetune import trainer
from finetune.errors import TrainingError
from finetune.examples import Example, read_examples, write_examples
from finetune.run_folder import Run
from finetune.train import Settings, train
from finetune.trainer import SharedTrainer, collate, in_order, make_batches
from llm.adapters import SHIPPED, default_adapter
from llm.chat import ChatTokenizer
from llm.engine import Engine, Prompt, Request
from llm.gguf_adapter import as_gguf
from llm.hardware import usable_cores
from llm.llama_engine import LlamaEngine
from llm.load import open_engine
from llm.torch_engine import TorchEngine
from llm.weights import DEFAULT_MODEL

# peft 0.21 asks transformers 5.23 for a name that is about to change.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

FAST = Settings(rank=4, dropout=0.0, learning_rate=0.02, batch=2, accumulate=2, epochs=6, validate_every=3)


def examples(database: str, questions: dict[str, str]) -> list[Example]:
    return [
        Example(
            database=database,
            prompt=Prompt(
                system="SQL.", fixed=f"The views:\n- {database} (a, b)", rest=f"\nQuestion: {question}\n"
            ),
            reply=reply,
        )
        for question, reply in questions.items()
    ]


SHOPS = [
    *examples("shop", {"how many": "SELECT a FROM shop", "all of b": "SELECT b FROM shop", "or": "NOTHING"}),
    *examples("town", {"which a": "SELECT a FROM town", "which b": "SELECT b FROM town"}),
]
OTHERS = examples("farm", {"how many a": "SELECT a FROM farm", "what of b": "SELECT b FROM farm"})


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    """Leave later tests as many threads as they had: training takes all cores."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def trained(folder: Path, model: Path, settings: Settings = FAST, **options: object) -> Run:
    return train(model, SHOPS, OTHERS, folder, settings, progress=False, **options)  # type: ignore[arg-type]


NAME = "mine-0.5b"
"""Of an adapter: with a dot, as the shipped ones have, which no torch module's name may hold."""


def engine_of(kind: str, model: Path, home: Path, adapter: Path) -> Engine:
    """The model with the adapter, as it is served on a card or on a CPU."""
    if kind == "torch":
        return TorchEngine(model, device="cpu", precision="float32", adapters={NAME: adapter})
    file, kept = as_gguf(adapter, home), home / "prompts"
    return LlamaEngine(write_gguf(model), adapters={NAME: file}, threads=1, kept=kept, windows=[1024])


def logprobs(engine: Engine, example: Example, adapter: str | None) -> list[float]:
    """What the engine thinks of the example's reply."""
    grammar = f"start: {json.dumps(example.reply)}"
    (completion,) = engine.complete(Request(prompt=example.prompt, grammar=grammar, adapter=adapter))
    assert completion.text == example.reply
    return list(completion.logprobs)


def test_the_loss_on_other_databases_falls(tiny_folder: Path, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", tiny_folder, Settings(**{**vars(FAST), "learning_rate": 0.05}))
    assert run.status == "done"
    assert run.best_loss < 0.8 * run.first_loss
    assert 0.0 <= run.first_exact <= run.best_exact <= 1.0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert (manifest["status"], manifest["steps"], manifest["examples"]) == ("done", run.steps, 5)
    assert manifest["versions"]["torch"] == torch.__version__
    assert [step for step, _ in manifest["curve"]] == [3, 6, 9, 12]
    assert min(loss for _, loss in manifest["curve"]) == run.best_loss
    left = {file.name for file in (tmp_path / "run").iterdir()}
    assert left == {"adapter_config.json", "adapter_model.safetensors", "manifest.json", "log"}


@pytest.mark.parametrize("kind", ["llama.cpp", "torch"])
def test_what_was_learnt_is_what_is_served(kind: str, tiny_folder: Path, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", tiny_folder, Settings(**{**vars(FAST), "learning_rate": 0.05}))
    engine = engine_of(kind, tiny_folder, tmp_path, tmp_path / "run")
    served, bare = ([logprobs(engine, example, name) for example in OTHERS] for name in (NAME, None))
    # The engine scores the reply without its end marker, of which the trainer's mean has one each.
    assert sum(map(sum, served)) > 0.8 * sum(map(sum, bare))
    total = -run.best_loss * sum(len(p) + 1 for p in served)
    ends = total - sum(map(sum, served))
    assert -30 < ends <= 0.05


def test_peft_reads_the_adapter_as_activated_lora(tiny_folder: Path, tmp_path: Path) -> None:
    """Over whole prompts and by its own search for the invocation tokens it finds the loss that we found."""
    from peft import PeftModel

    run = trained(tmp_path / "run", tiny_folder, Settings(**{**vars(FAST), "learning_rate": 0.05}))
    config = json.loads((tmp_path / "run" / "adapter_config.json").read_text())
    tokenizer = ChatTokenizer(tiny_folder)
    assert tokenizer.decode(config["alora_invocation_tokens"]) == "\nQuestion:"
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, tmp_path / "run").eval()
    assert mean_loss(model, tokenizer) == pytest.approx(run.best_loss, rel=0.02)  # kept in 16 bits
    (tmp_path / "run" / "adapter_config.json").write_text(
        json.dumps(config | {"alora_invocation_tokens": None})
    )
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, tmp_path / "run").eval()
    assert mean_loss(model, tokenizer) != pytest.approx(run.best_loss, rel=0.02)


def mean_loss(model: Any, tokenizer: ChatTokenizer) -> float:
    """Per reply token of the other databases, as the model reads whole prompts one by one."""
    losses = []
    for example in OTHERS:
        prompt, reply = tokenizer.encode(example.prompt).all, tokenizer.encode_reply(example.reply)
        with torch.inference_mode():
            rows = torch.log_softmax(model(torch.tensor([[*prompt, *reply]])).logits[0].float(), dim=-1)
        losses += [-float(rows[len(prompt) - 1 + n][token]) for n, token in enumerate(reply)]
    return sum(losses) / len(losses)


def test_the_loss_is_the_mean_over_reply_tokens_only(tiny_folder: Path, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", tiny_folder, Settings(**{**vars(FAST), "epochs": 0.1}))
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    assert run.first_loss == pytest.approx(mean_loss(model, ChatTokenizer(tiny_folder)), rel=0.01)


def test_a_prompt_is_read_from_where_the_adapter_works(tiny_folder: Path, tmp_path: Path) -> None:
    wrong = [replace(OTHERS[0].prompt, rest=rest) for rest in ("how many", "\nQuestion: a\nQuestion: b")]
    for prompt in wrong:
        others = [replace(OTHERS[0], prompt=prompt)]
        with pytest.raises(
            TrainingError, match=r"example of farm does not have .*Question.* at the beginning"
        ):
            train(tiny_folder, SHOPS, others, tmp_path / "run", FAST, progress=False)


def test_one_batch_is_of_one_schema_and_only_replies_have_labels(tiny_folder: Path) -> None:
    tokenizer = ChatTokenizer(tiny_folder)
    invocation = tokenizer.tokens("\nQuestion:")
    batches = make_batches(SHOPS, tokenizer, 2, invocation)
    assert [len(batch.own) for batch in batches] == [2, 1, 2]
    assert len({batch.shared for batch in batches}) == 2
    for batch in batches:
        found = collate([batch])
        assert tuple(found["shared"].tolist()) == batch.shared
        for n, reply in enumerate(batch.replies):
            labels, ids = found["labels"][n], found["input_ids"][n]
            assert tuple(labels[labels != -100].tolist()) == reply
            assert bool((labels[labels != -100] == ids[labels != -100]).all())
            assert int(found["attention_mask"][n].sum()) == len(batch.own[n]) + len(reply)


def test_few_schemas_are_held_at_once_and_each_is_read_once(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = ChatTokenizer(tiny_folder)
    many = [each for n in range(20) for each in examples(f"s{n}", {f"how {q}": "NOTHING" for q in range(6)})]
    batches = make_batches(many, tokenizer, 2, tokenizer.tokens("\nQuestion:"))
    longest = max(len(batch.shared) for batch in batches)
    monkeypatch.setattr(trainer, "HELD_TOKENS", 8 * longest)
    order = in_order(batches, 7)
    assert sorted(map(id, order)) == sorted(map(id, batches))
    assert (
        [b.shared for b in order] != [b.shared for b in batches] != [b.shared for b in in_order(batches, 8)]
    )
    places: dict[tuple[int, ...], list[int]] = {}
    for at, batch in enumerate(order):
        places.setdefault(batch.shared, []).append(at)
    assert all(max(at) - min(at) < 3 * 8 + 3 for at in places.values())
    held: list[int] = []
    read = SharedTrainer._keys_and_values

    def watched(self: SharedTrainer, shared: torch.Tensor) -> object:
        found = read(self, shared)
        held.append(sum(map(len, self._shared)))
        return found

    monkeypatch.setattr(SharedTrainer, "_keys_and_values", watched)
    train(tiny_folder, many, OTHERS, tmp_path / "run", replace(FAST, epochs=1), progress=False)
    assert longest < max(held) <= 8 * longest


@pytest.mark.skipif(usable_cores() == 1, reason="needs a second core")
def test_training_on_a_cpu_computes_with_all_cores(tiny_folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)  # as beside a model that is served
    trained(tmp_path / "run", tiny_folder, Settings(**{**vars(FAST), "epochs": 0.1}))
    assert torch.get_num_threads() == usable_cores()


def test_activations_that_are_not_kept_change_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    kept = trained(tmp_path / "kept", tiny_folder)
    left = trained(tmp_path / "left", tiny_folder, Settings(**{**vars(FAST), "checkpointing": True}))
    assert left.best_loss == pytest.approx(kept.best_loss, rel=1e-3)


def test_an_interrupted_run_goes_on_to_the_same_end(tiny_folder: Path, tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", tiny_folder)
    asked = iter([False, False, False, True])
    first = trained(tmp_path / "parts", tiny_folder, should_stop=lambda: next(asked))
    assert (first.status, first.steps) == ("interrupted", 4)
    assert json.loads((tmp_path / "parts" / "manifest.json").read_text())["status"] == "interrupted"
    second = trained(tmp_path / "parts", tiny_folder)
    assert (second.status, second.steps) == ("done", whole.steps)
    assert second.best_loss == pytest.approx(whole.best_loss, rel=1e-4)
    assert second.tokens == whole.tokens
    files = [tmp_path / name / "adapter_model.safetensors" for name in ("whole", "parts")]
    from safetensors.torch import load_file

    left, right = map(load_file, files)
    assert left.keys() == right.keys()
    assert all(torch.allclose(left[name].float(), right[name].float(), atol=1e-3) for name in left)


def test_a_run_without_gain_stops_early(tiny_folder: Path, tmp_path: Path) -> None:
    settings = Settings(
        **{**vars(FAST), "learning_rate": 1e-9, "epochs": 40, "validate_every": 1, "patience": 2}
    )
    run = trained(tmp_path / "run", tiny_folder, settings)
    assert run.status == "stopped early" and run.steps < 40


def test_no_more_steps_than_time_allows(tiny_folder: Path, tmp_path: Path) -> None:
    settings = Settings(**{**vars(FAST), "epochs": 10_000, "max_seconds": 0.5, "validate_every": 1_000})
    run = trained(tmp_path / "run", tiny_folder, settings)
    assert run.steps < 5_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "magic"}, "method is 'magic'"),
        ({"rank": 0}, "rank must be at least 1"),
        ({"learning_rate": 0}, "learning_rate must be more than 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        Settings(**{**vars(FAST), **change})  # type: ignore[arg-type]


def test_folders_and_data_that_do_not_fit_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="share databases: shop"):
        train(tiny_folder, SHOPS, SHOPS[:1], tmp_path / "a", FAST, progress=False)
    with pytest.raises(TrainingError, match="one of the two is empty"):
        train(tiny_folder, SHOPS, [], tmp_path / "a", FAST, progress=False)
    with pytest.raises(TrainingError, match="needs a CUDA card"):
        trained(tmp_path / "a", tiny_folder, Settings(**{**vars(FAST), "method": "qlora"}))
    stops = {"should_stop": lambda: True}
    trained(tmp_path / "b", tiny_folder, **stops)
    with pytest.raises(TrainingError, match="other settings or data"):
        trained(tmp_path / "b", tiny_folder, Settings(**{**vars(FAST), "seed": 8}))
    trained(tmp_path / "b", tiny_folder)
    with pytest.raises(TrainingError, match="holds a finished run"):
        trained(tmp_path / "b", tiny_folder)


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tiny_folder: Path, tmp_path: Path) -> None:
    settings = Settings(**{**vars(FAST), "validate_every": 1_000})
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", tiny_folder, settings, should_stop=kill)
    assert {file.name for file in (tmp_path / "run").iterdir()} == {"log", "checkpoint-0"}
    assert trained(tmp_path / "run", tiny_folder, settings).status == "done"
    (tmp_path / "run" / "manifest.json").write_text("[]")  # an adapter that is nobody's unfinished run
    with pytest.raises(TrainingError, match="holds a finished run"):
        trained(tmp_path / "run", tiny_folder, settings)


def kill() -> bool:
    raise KeyboardInterrupt  # leaves the folder as SIGKILL does


def test_a_run_killed_while_it_wrote_a_checkpoint_goes_on_from_the_one_before(
    tiny_folder: Path, tmp_path: Path
) -> None:
    whole = trained(tmp_path / "whole", tiny_folder)
    asked = iter([False] * 6)
    with pytest.raises(StopIteration):
        trained(tmp_path / "run", tiny_folder, should_stop=lambda: next(asked))
    last = max((tmp_path / "run").glob("checkpoint-*"), key=lambda folder: folder.stat().st_mtime)
    cut = last.with_name("checkpoint-7")
    shutil.copytree(last, cut)
    (cut / "trainer_state.json").unlink()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert (manifest["status"], manifest["steps"], last.name) == ("running", 6, "checkpoint-6")
    again = trained(tmp_path / "run", tiny_folder)
    assert (again.status, again.steps, again.tokens) == ("done", whole.steps, whole.tokens)
    assert again.best_loss == pytest.approx(whole.best_loss, rel=1e-4)
    assert again.seconds > manifest["seconds"] > 0


def test_examples_are_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "examples.jsonl"
    written = write_examples(SHOPS, file)
    read, known = read_examples(file)
    assert (read, known) == (SHOPS, written)
    assert file.read_text().count("- shop (a, b)") == 1
    with pytest.raises(TrainingError, match="line 1: is no example"):
        (tmp_path / "wrong.jsonl").write_text("{}\n")
        read_examples(tmp_path / "wrong.jsonl")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_examples(tmp_path / "nothing.jsonl")
    with pytest.raises(TrainingError, match="holds no example"):
        (tmp_path / "empty.jsonl").write_text("")
        read_examples(tmp_path / "empty.jsonl")
    odd = Example(database="shop", prompt=Prompt(system="x", fixed="y", rest="z"), reply="w")
    with pytest.raises(TrainingError, match="do not share"):
        write_examples([*SHOPS, odd], file)
    assert read_examples(file)[1] == written


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_training_on_a_cuda_card(method: str, tiny_folder: Path, tmp_path: Path) -> None:
    settings = Settings(**{**vars(FAST), "method": method, "learning_rate": 0.05})
    run = trained(tmp_path / "run", tiny_folder, settings, device="cuda")
    assert run.best_loss < run.first_loss


def test_a_run_goes_on_from_an_adapter(tiny_folder: Path, tmp_path: Path) -> None:
    first = trained(tmp_path / "first", tiny_folder)
    second = trained(tmp_path / "second", tiny_folder, start=tmp_path / "first")
    assert second.first_loss == pytest.approx(first.best_loss, rel=0.02)  # kept in 16 bits
    manifest = json.loads((tmp_path / "second" / "manifest.json").read_text())
    assert manifest["start"]["name"] == "first" and len(manifest["start"]["sha256"]) == 64
    assert second.best_loss <= second.first_loss < 0.9 * first.first_loss


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"rank": 8}, "rank 4, and the run 8"),
        ({"alpha": 1.0}, "alpha 32.0, and the run 1.0"),
        ({"layers": ("q_proj",)}, "layers"),
    ],
)
def test_an_adapter_of_another_shape_is_no_start(
    changed: dict[str, object], reason: str, tiny_folder: Path, tmp_path: Path
) -> None:
    trained(tmp_path / "first", tiny_folder, Settings(**{**vars(FAST), "epochs": 0.1}))
    with pytest.raises(TrainingError, match=reason):
        trained(
            tmp_path / "second", tiny_folder, Settings(**{**vars(FAST), **changed}), start=tmp_path / "first"
        )
    assert not (tmp_path / "second").exists()


def test_a_folder_without_an_adapter_is_no_start(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="describes no LoRA adapter"):
        trained(tmp_path / "run", tiny_folder, start=tmp_path / "nowhere")


@pytest.mark.slow
def test_the_real_model_goes_on_from_the_shipped_adapter(
    model_folder: Path, weights_home: Path, tmp_path: Path
) -> None:
    """Two steps of few tokens; llama.cpp on the 4-bit file gives the replies the loss that training found."""
    start = SHIPPED / str(default_adapter(DEFAULT_MODEL))
    settings = Settings(dropout=0.0, batch=2, accumulate=1, epochs=0.6, validate_every=1)
    run = train(*(model_folder, SHOPS, OTHERS, tmp_path / "run", settings), start=start, progress=False)
    assert (run.status, run.steps) == ("done", 2)
    assert run.best_loss < run.first_loss
    engine = open_engine(weights_home, adapters={NAME: tmp_path / "run"}, device="cpu", progress=False)
    served = [logprobs(engine, example, NAME) for example in OTHERS]
    # The engine scores the replies without their end markers, of which the trainer's mean has one each.
    ends = run.best_loss * sum(len(reply) + 1 for reply in served) + sum(map(sum, served))
    assert -0.2 * len(served[0] + served[1]) < ends < 3
