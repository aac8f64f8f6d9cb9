"""What gets into the log, and what does not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.logs import QUESTIONS, log_progress, set_up_logs
from app.progress import say
from app.settings import Settings
from bot.request_id import current_request, in_request, steps_in_request

LOGGER = logging.getLogger("app.somewhere")
WORDS = ("Ana Weiss", "4111 1111")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    yield
    set_up_logs(Settings(home=Path()))
    log_progress(Settings(home=Path()))


def settings(folder: Path, **variables: str) -> Settings:
    given = {f"SHOPTALK_{name}": value for name, value in variables.items()}
    return Settings.from_environment({"SHOPTALK_HOME": str(folder), **given})


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_lines_carry_the_request_and_what_the_line_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_lines = settings(tmp_path, LOG_FORMAT="json", LOG_LEVEL="info")
    set_up_logs(json_lines)
    say("For who runs a command")
    assert capsys.readouterr().err == "For who runs a command\n"
    log_progress(json_lines)
    with in_request("abc"):
        LOGGER.info("hello 世界\nnext", extra={"rows": 3})
    LOGGER.warning("outside")
    say("A step")
    first, second, third = lines(capsys)
    assert (first["message"], first["request"], first["rows"]) == ("hello 世界\nnext", "abc", 3)
    assert (first["level"], first["logger"]) == ("INFO", "app.somewhere") and first["time"].startswith("20")
    assert second["request"] == "" and third["message"] == "A step", "progress too is a line of the log"


def test_a_library_that_sets_its_own_level_is_no_louder_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(settings(tmp_path, LOG_LEVEL="info"))
    library = logging.getLogger("a_library")
    library.setLevel(logging.DEBUG)
    library.debug("Building")
    library.info("Built")
    library.warning("odd")
    assert capsys.readouterr().err == "WARNING a_library: odd\n"


def test_a_plain_line_stays_one_line_and_ends_with_its_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(settings(tmp_path))
    with in_request("abc"):
        LOGGER.info("not told")
        LOGGER.warning("first\nERROR app: forged \x1b[31m")
    assert capsys.readouterr().err == "WARNING app.somewhere: first\\nERROR app: forged \\x1b[31m [abc]\n"


def fail(name: str, number: str) -> None:
    try:
        raise KeyError(name)
    except KeyError as error:
        raise ValueError(f"in row 7: {number}") from error


@pytest.mark.parametrize("format", ["plain", "json"])
@pytest.mark.parametrize("wanted", ["", "1"])
def test_the_words_of_an_error_are_told_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str, wanted: str
) -> None:
    set_up_logs(settings(tmp_path, LOG_FORMAT=format, LOG_QUESTIONS=wanted))
    try:
        fail(*WORDS)
    except ValueError:
        LOGGER.exception("It failed")
    logging.getLogger(QUESTIONS).info("question 1: who is Ana Weiss")
    told = capsys.readouterr().err
    assert "ValueError" in told and "KeyError" in told and "in fail" in told
    for words in WORDS:
        assert (words in told) is bool(wanted)


def test_steps_that_several_threads_take_belong_to_one_request() -> None:
    from concurrent.futures import ThreadPoolExecutor

    ended = []

    def steps() -> Any:
        try:
            while True:
                yield current_request()
        finally:
            ended.append(current_request())

    taken = steps_in_request(steps(), "abc")
    with ThreadPoolExecutor(1) as other:
        assert [next(taken), other.submit(next, taken).result(), next(taken)] == ["abc"] * 3
    assert current_request() == ""
    taken.close()  # type: ignore[attr-defined]
    assert ended == ["abc"]
    with in_request("outer"):
        assert next(steps_in_request(steps())) == "outer"
    assert len(next(steps_in_request(steps()))) == 32
