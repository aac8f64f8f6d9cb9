"""What every command of the command line shares: options, output, and one way out for expected errors."""

from __future__ import annotations

import functools
import json
import math
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar, cast

import typer

from app.errors import WrongUse
from app.logs import set_up_logs
from app.progress import say
from app.settings import Settings, prepare_process, wants_debug
from app.tracing import start_tracing, stop_tracing
from ui.errors import UiError

DONE, FAILED, WRONG_USE, STOPPED = 0, 1, 2, 130

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for machines instead of text. Off by default.")
]

ShopOption = Annotated[
    str | None,
    typer.Option(
        "--shop",
        metavar="FILE_OR_URL",
        help="A shop.yml; a DuckDB or SQLite file; or a folder of CSV or Parquet files. Left out: the "
        "demonstration shop, built first when it is missing.",
    ),
]
RoleOption = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="NAME",
        help="Whose eyes to look with: a role of shop.yml. Left out: its default role.",
    ),
]
UserOption = Annotated[
    list[str] | None,
    typer.Option(
        "--user",
        metavar="NAME=VALUE",
        help="An attribute of the asking user that the role's rules name, e.g. store=Berlin or "
        "country=Germany,France; may be given several times. Left out: none.",
    ),
]

P = ParamSpec("P")
R = TypeVar("R")

STOPPED_TEXT = "\nStopped. Nothing half-done was kept; run the same command again to continue."


def expected_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what is expected to go wrong into one line and an exit status; let our own bugs rise."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            say(STOPPED_TEXT)
            leave(STOPPED)
        except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DONE) from None
        except Exception as error:
            if wants_debug() or not is_expected(error):
                raise
            say(f"shoptalk: {one_line(error)}")
            raise typer.Exit(WRONG_USE if isinstance(error, WrongUse) else FAILED) from None

    return run


def leave(status: int) -> NoReturn:
    """End now: worker threads that still load or compute must not hold back somebody who pressed Ctrl-C."""
    stop_tracing()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def is_expected(error: Exception) -> bool:
    """Raised on purpose by one of our packages, or by the machine (disk full, no permission, no network)."""
    ours = ("app.", "bot.", "demo.", "finetune.", "jobs.", "llm.", "retrieval.", "sql.", "ui.")
    modules = (kind.__module__ for kind in type(error).__mro__)
    return isinstance(error, OSError) or any(m.startswith(ours) and m.endswith(".errors") for m in modules)


def one_line(error: Exception) -> str:
    """An expected error for people; of a failed query without the database's words, which quote values."""
    if isinstance(error, OSError) and not isinstance(error, UiError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}. Put that right and run the same command again."
    if any(kind.__name__ == "QueryFailed" for kind in type(error).__mro__):
        from sql.record import kind_of

        return (
            f"A query could not be run: {kind_of(cast(Any, error))}. Nothing was changed. "
            "SHOPTALK_DEBUG=1 shows the database's own words, which may quote its values."
        )
    return " ".join(str(error).split())


def readable(text: str) -> str:
    """``text`` as it can be written down: half of a character becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def settings_of_process() -> Settings:
    """The environment's settings, with threads, switches and the log set up for this process."""
    settings = Settings.from_environment()
    prepare_process(settings)
    set_up_logs(settings)
    start_tracing(settings)
    return settings


def print_text(text: str) -> None:
    """A result, to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """A result for machines, to standard output; what JSON cannot say of numbers becomes null."""
    print_text(json.dumps(finite(value), ensure_ascii=False, indent=indent, allow_nan=False))


def finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: such cells become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return value
