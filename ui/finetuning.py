"""``shoptalk finetune``: examples from questions with their statements, and adapters from examples."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from app.errors import WrongUse
from app.progress import say
from ui.command import JsonOption, expected_errors, print_json, print_text, settings_of_process

if TYPE_CHECKING:
    from finetune.train import Method

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make training examples, and train an adapter with them.",
)

METHODS = ("lora", "qlora")


@app.command()
@expected_errors
def examples(
    pairs: Annotated[
        Path,
        typer.Option(
            metavar="FILE.jsonl",
            exists=True,
            dir_okay=False,
            help="Questions about the shop with their statements, as docs/train.md says.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where to write the examples.")],
    shop: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="A shop.yml. Left out: the demonstration shop, built when missing."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make examples of questions about a shop: the prompts of the product, with what should be written.

    Every statement is checked and run on the shop's database; it is only read.
    """
    settings = settings_of_process()
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--out is {str(out)!r}; the folder {str(out.absolute().parent)!r} does not exist.")
    from app.finding import find_shop
    from finetune.errors import ShopSetError
    from finetune.examples import write_examples
    from finetune.shops.check import ask
    from finetune.shops.question_pairs import read_pairs_of
    from finetune.shops.shop_examples import examples_over
    from sql.errors import QueryFailed, SqlError
    from sql.record import kind_of
    from sql.shop.workspace import open_workspace

    workspace = open_workspace(find_shop(settings, shop))
    try:
        name = workspace.shop.name
        read, faults = read_pairs_of(pairs, name)
        if faults:
            raise faults[0]
        for pair in read:
            for key, statement in pair.statements:
                try:
                    ask(workspace, statement)
                except SqlError as error:
                    # A database's own words may quote a value.
                    reason = kind_of(error) if isinstance(error, QueryFailed) else str(error)
                    raise ShopSetError(pairs, f"line {pair.line}, {key}", reason) from error
        made, unsayable = examples_over(workspace, read, name)
    finally:
        workspace.close()
    if not made:
        raise ShopSetError(pairs, "", f"holds nothing that a model could learn; {out} was not written")
    digest = write_examples(made, out)
    say(f"{len(made):,} examples; left out: {len(unsayable):,} that the question's words do not allow.")
    for pair, reply in unsayable:
        say(f"  line {pair.line}: {reply}")
    if as_json:
        left_out = [pair.line for pair, _ in unsayable]
        print_json({"file": str(out), "examples": len(made), "left_out": left_out, "sha256": digest})
    else:
        print_text(str(out))


@app.command()
@expected_errors
def train(
    examples: Annotated[
        Path, typer.Option(metavar="FILE.jsonl", help="To learn from, as `finetune examples` writes them.")
    ],
    validation: Annotated[
        Path,
        typer.Option(metavar="FILE.jsonl", help="Examples of other shops, to choose the best step by."),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the run: the adapter, its manifest, log and checkpoint."),
    ],
    start: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A LoRA adapter to go on from. Left out: a fresh one."),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="lora, or qlora, which needs a CUDA card.")
    ] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Of LoRA.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Highest one, after the warm-up.")] = 4e-4,
    dropout: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Of the adapter's input; 0 is a fifth faster on a CPU.")
    ] = 0.05,
    epochs: Annotated[float, typer.Option(help="How often every example is read.")] = 1.0,
    hours: Annotated[
        float | None, typer.Option(help="Take fewer steps when these hours are not enough. Left out: all.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Examples of one shop that are read together.")] = 8,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches of a step.")] = 4,
    validate_every: Annotated[int, typer.Option(min=1, help="Steps between validations.")] = 50,
    patience: Annotated[
        int,
        typer.Option(min=0, help="Validations without a gain after which it ends; 0 never ends it early."),
    ] = 5,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Less memory for a third more time. Off by default.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Two runs with equal settings and data learn the same.")] = 7,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="cpu or cuda. Left out: SHOPTALK_DEVICE, else a card."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train an adapter. Stopped (Ctrl-C), the same command goes on from the checkpoint."""
    settings = settings_of_process()
    if method not in METHODS:
        raise WrongUse(f"--method is {method!r}; expected one of {', '.join(METHODS)}.")
    if device not in (None, "cpu", "cuda"):
        raise WrongUse(f"--device is {device!r}; expected cpu or cuda.")
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--out is {str(out)!r}; the folder {str(out.absolute().parent)!r} does not exist.")
    from app.engines import model_of
    from app.settings import go_offline
    from finetune.examples import read_examples
    from finetune.train import Settings as Chosen
    from finetune.train import train as run_training
    from llm.adapters import LANGUAGE
    from llm.convert import ensure_folder
    from llm.load import find_device

    learnt, digest = read_examples(examples)
    checked, validation_digest = read_examples(validation)
    chosen = Chosen(
        method=cast("Method", method),
        rank=rank,
        alpha=2.0 * rank,
        learning_rate=learning_rate,
        dropout=dropout,
        epochs=epochs,
        max_seconds=None if hours is None else hours * 3600,
        batch=batch,
        accumulate=accumulate,
        validate_every=validate_every,
        patience=patience,
        checkpointing=checkpointing,
        seed=seed,
    )
    device = find_device(device or settings.device)
    model = ensure_folder(settings.weights, model_of(settings))
    go_offline()
    facts = {
        "model": model.name,
        "over": [LANGUAGE],
        "data": {examples.name: digest, validation.name: validation_digest},
        "databases": sorted({e.database for e in learnt}),
        "validation_databases": sorted({e.database for e in checked}),
    }
    with _stopping_gently() as stopped:
        run = run_training(
            model,
            learnt,
            checked,
            out,
            chosen,
            start=start,
            device=device,
            facts=facts,
            should_stop=stopped.is_set,
        )
    if run.status == "interrupted":
        say("Stopped at a checkpoint; run the same command again to go on.")
    if as_json:
        print_json(
            {
                "folder": str(run.folder),
                "status": run.status,
                "steps": run.steps,
                "best_step": run.best_step,
                "loss_before": run.first_loss,
                "loss": run.best_loss,
                "exact_before": run.first_exact,
                "exact": run.best_exact,
                "tokens": run.tokens,
                "seconds": round(run.seconds, 1),
            }
        )
    else:
        print_text(
            f"{run.folder}: {run.status} after {run.steps} steps, {run.tokens:,} tokens in "
            f"{run.seconds:.0f} s. "
            f"On the validation databases: loss per token {run.first_loss:.3f} → {run.best_loss:.3f}, "
            f"exact replies {100 * run.first_exact:.1f} → {100 * run.best_exact:.1f} %, step {run.best_step}."
        )


@contextmanager
def _stopping_gently() -> Iterator[threading.Event]:
    """The first Ctrl-C asks for a checkpoint after the step at hand; the second one ends at once."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stopped.set()
        say("\nStopping after this step, with a checkpoint. Ctrl-C again ends at once.")

    signal.signal(signal.SIGINT, note)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
