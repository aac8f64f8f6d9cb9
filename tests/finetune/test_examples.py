"""Examples made of a real SQLite database: the prompt as it is at serving, and replies that decline."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from finetune.errors import TrainingError
from finetune.examples import (
    DESCRIBED,
    database_examples,
    described_examples,
    made_up_examples,
    read_written,
    shop_examples,
    unanswerable_examples,
)
from finetune.heldout import is_measured_with
from sql.shop.workspace import Workspace
from sql.statement.written import NOTHING

SCRIPT = """
CREATE TABLE films (film_id INTEGER PRIMARY KEY, title TEXT, prize TEXT);
CREATE TABLE tickets (ticket_id INTEGER PRIMARY KEY, film_id INTEGER REFERENCES films(film_id));
INSERT INTO films VALUES
  (1, 'Red', 'Best Film of a Festival'),
  (2, 'Blue', 'Best Song of a Festival'),
  (3, 'White', 'Worst Film of a Festival');
"""
COUNTED = ("How many films are there?", "SELECT count(*) FROM films")
ALIEN = ("Which hangars are closed?", "Who flew to Oslo?", "List all films", "Is it cold outside?")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "films.sqlite") as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return tmp_path / "films.sqlite"


def test_only_questions_that_name_nothing_there_are_declined(path: Path) -> None:
    made = unanswerable_examples(path, ALIEN, 2)
    assert [e.reply for e in made] == [NOTHING, NOTHING]
    assert ["hangars" in made[0].prompt.rest, "Oslo" in made[1].prompt.rest] == [True, True]
    everything = unanswerable_examples(path, ALIEN, 9)
    assert len(everything) == 3 and not any("List all films" in e.prompt.rest for e in everything)
    (answered,) = database_examples(path, [COUNTED])
    assert answered is not None and answered.prompt.fixed == made[0].prompt.fixed


DESCRIBED_PAIRS = {
    "a count": (("How many films?", "SELECT count(*) FROM films"), "-- films\nSELECT COUNT(*) FROM films"),
    "a ranking shows what it ranks by": (
        ("Which title has the highest number?", "SELECT title FROM films ORDER BY film_id DESC LIMIT 1"),
        "-- films\nSELECT title, film_id FROM films ORDER BY film_id DESC LIMIT 1",
    ),
    "two tables": (
        (
            "Titles with ticket",
            "SELECT T1.title FROM films AS T1 JOIN tickets AS T2 ON T1.film_id = T2.film_id",
        ),
        None,
    ),
    "two SELECTs": (
        ("Titles and prizes", "SELECT title FROM films UNION SELECT prize FROM films"),
        None,
    ),
    "a number that the question does not name": (
        ("Titles of late films", "SELECT title FROM films WHERE film_id > 77"),
        None,
    ),
}


@pytest.mark.parametrize(("pair", "reply"), DESCRIBED_PAIRS.values(), ids=DESCRIBED_PAIRS)
def test_a_database_is_asked_as_a_described_shop(
    pair: tuple[str, str], reply: str | None, path: Path
) -> None:
    (example,) = described_examples(path, [pair])
    assert (None if example is None else example.reply) == reply
    if example is not None:
        assert example.database == f"films{DESCRIBED}"
        assert (
            "CREATE VIEW films" in example.prompt.fixed
            and "\n  title text, -- heading; " in example.prompt.fixed
        )


def test_written_questions_are_asked_and_their_periods_filled(
    demo_workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "written.tsv"
    file.write_text(
        "How much did Berlin spend in May 2026?\t"
        "SELECT revenue FROM sales WHERE city = 'Berlin' AND DURING(ordered_at, ?)\n"
        "Which refunds are above 10,000 euros?\tSELECT return_id FROM returns WHERE refund_amount > 5\n"
    )
    written = read_written(file, demo_workspace)
    assert written[0][1].endswith("DURING(ordered_at, 'in May 2026')") or "'May 2026'" in written[0][1]
    made, counts = made_up_examples(demo_workspace, count=6, parts=2, written=written, progress=False)
    asked = [e for e in made if "Berlin spend" in e.prompt.rest]
    assert asked[0].reply == f"-- sales\n{written[0][1]}" and counts["out of reach"] >= 1
    assert {e.database for e in asked} <= {"Lindgrove", "Lindgrove 1", "Lindgrove 2"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("How many?", "line 2: expected a question, a tab and its statement"),
        ("How many?\tSELECT COUNT(*) FROM sales WHERE DURING(ordered_at, ?)", "1 periods, and 0 were found"),
        ("How many?\tSELECT (", "line 2: it cannot be read"),
    ],
)
def test_a_wrong_line_is_named(line: str, reason: str, demo_workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "written.tsv"
    file.write_text(f"How many orders?\tSELECT orders FROM sales\n{line}\n")
    with pytest.raises(TrainingError, match=re.escape(reason)):
        read_written(file, demo_workspace)


def test_the_questions_that_ship_can_all_be_written(demo_workspace: Workspace) -> None:
    file = Path(__file__).parents[2] / "demo" / "questions.tsv"
    written = read_written(file, demo_workspace)
    assert len({q for q, _ in written}) == len(written) > 250
    assert not any(is_measured_with(question) for question, _ in written)
    assert None not in list(shop_examples(demo_workspace, written))


def test_the_same_question_gives_the_same_prompt_whatever_the_hash_seed(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from finetune.examples import database_examples\n"
        "(e,) = database_examples(Path(sys.argv[1]), [(sys.argv[2], sys.argv[3])])\n"
        "print(e.prompt.rest)"
    )
    question = ("How many prizes of festivals?", COUNTED[1])
    texts = {
        subprocess.run(
            [sys.executable, "-c", script, path, *question],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in range(4)
    }
    (text,) = texts
    assert text.count("prize =") == 3
