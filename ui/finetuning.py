"""``shoptalk finetune``: examples from questions with their SQL, and adapters from examples."""

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
    from finetune.heldout import Split
    from finetune.train import Method

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make training examples, and train an adapter with them.",
)

SIDES = ("train", "validation")
METHODS = ("lora", "qlora")


@app.command()
@expected_errors
def examples(
    folder: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Holds questions.jsonl and database/NAME/NAME.sqlite for each database."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where to write the examples.")],
    split: Annotated[
        str, typer.Option(metavar="SIDE", help="Databases to take: those for train or for validation.")
    ] = "train",
    per_database: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions of each database. Left out: all.")
    ] = None,
    unanswerable: Annotated[
        int, typer.Option(min=0, help="Questions of each database that it cannot answer. Off by default.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same questions.")] = 7,
    variants: Annotated[
        int,
        typer.Option(
            min=0, max=20, help="Variants of each database, under other names, to add. Off by default."
        ),
    ] = 0,
    described: Annotated[
        bool,
        typer.Option(
            "--described",
            help="Ask each database as a described shop what one of its tables answers. Off by default.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make examples: the prompts of the product, with the SQL that the model should write."""
    settings_of_process()
    if split not in SIDES:
        raise WrongUse(f"--split is {split!r}; expected train or validation. The test side is for measuring.")
    if described and (variants or unanswerable):
        raise WrongUse("--described goes with neither --variants nor --unanswerable; leave them out.")
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--out is {str(out)!r}; the folder {str(out.absolute().parent)!r} does not exist.")
    from finetune.examples import spider_examples, write_examples

    made, counts = spider_examples(
        folder,
        cast("Split", split),
        per_database=per_database,
        unanswerable=unanswerable,
        variants=variants,
        is_described=described,
        seed=seed,
    )
    digest = write_examples(made, out)
    say(
        f"{counts.made:,} examples; left out: {counts.not_canonical:,} whose SQL has no "
        f"{'shop' if described else 'canonical'} form, "
        f"{counts.repeated:,} repeated."
    )
    if as_json:
        print_json({"file": str(out), "examples": counts.made, "sha256": digest})
    else:
        print_text(str(out))


@app.command()
@expected_errors
def questions(
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where to write the examples.")],
    shop: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="A shop.yml. Left out: the demonstration shop, built when missing."
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Questions to make.")] = 4_000,
    parts: Annotated[
        int,
        typer.Option(
            min=0, max=50, help="Smaller shops of a few of its views to ask about as well. Off by default."
        ),
    ] = 0,
    also: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.tsv",
            exists=True,
            dir_okay=False,
            help="Questions that you wrote, a line each, with a tab and the statement in shop form.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same questions.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Make up questions about a described shop, English and Chinese, with what should be written.

    Every statement is checked and run on the shop's database; it is only read.
    """
    settings = settings_of_process()
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--out is {str(out)!r}; the folder {str(out.absolute().parent)!r} does not exist.")
    from app.finding import find_shop
    from finetune.examples import made_up_examples, read_written, write_examples
    from sql.shop.workspace import open_workspace

    workspace = open_workspace(find_shop(settings, shop))
    try:
        written = [] if also is None else read_written(also, workspace)
        made, counts = made_up_examples(workspace, count=count, parts=parts, written=written, seed=seed)
    finally:
        workspace.close()
    digest = write_examples(made, out)
    left_out = ", ".join(f"{number:,} {reason}" for reason, number in counts.items()) or "none"
    say(f"{len(made):,} examples; left out: {left_out}.")
    if as_json:
        print_json({"file": str(out), "examples": len(made), "left_out": dict(counts), "sha256": digest})
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
        typer.Option(metavar="FILE.jsonl", help="Examples of other databases, to choose the best step by."),
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
    batch: Annotated[int, typer.Option(min=1, help="Examples of one database that are read together.")] = 8,
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
