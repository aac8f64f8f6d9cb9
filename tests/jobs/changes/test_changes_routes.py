"""Which questions are this job's, and which stay with the others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "bot"))

from corner_shop import small_shop_file, vocabulary, workspace  # noqa: F401 - fixtures

from bot.job import Tools
from bot.route import route
from bot.understand import understand
from jobs import JOBS
from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.question.linking import Vocabulary
from sql.shop.workspace import Workspace

ROUTES = [
    tuple(line.split(" | "))
    for line in (Path(__file__).parent / "changes_routes.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("job", "question"), ROUTES)
def test_a_question_goes_to_its_job(job: str, question: str, workspace: Workspace, vocabulary: Vocabulary):  # noqa: F811
    asker = open_asker(workspace, ScriptedEngine([]), vocabulary)
    tools = Tools(workspace=workspace, asker=asker, retriever=None, vocabulary=vocabulary, jobs=JOBS)
    understood = understand(question, None, vocabulary, workspace.today, JOBS)
    assert route(understood, tools).job.name == job
