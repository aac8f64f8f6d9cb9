"""Every job by its own cases; and a job that comes as a folder, on every surface, with no other line."""

from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import WordRetriever
from rich.console import Console

import jobs
from bot.answer import Answer
from bot.assistant import Assistant
from bot.job import Job
from bot.memory import Conversation
from bot.offers import offers
from bot.route import route
from bot.understand import understand
from jobs import JOBS, find_jobs
from llm.scripted import ScriptedEngine
from retrieval.corpus import review_documents
from sql.ask import open_asker
from sql.question.linking import Vocabulary
from sql.shop.workspace import Workspace
from telling.writer import Composed, numbers_without_receipt
from ui import terminal

CASES = [(job, case) for job in JOBS for case in job.cases]


def assistant_of(workspace: Workspace, vocabulary: Vocabulary, having: tuple[Job, ...]) -> Assistant:
    """The real way of a question; the model is not there, so that only what the rules write is answered."""
    asker = open_asker(workspace, ScriptedEngine([]), vocabulary)
    retriever = WordRetriever(review_documents(workspace))
    return Assistant(workspace, asker, retriever, jobs=having, vocabulary=vocabulary)


def last(assistant: Assistant, question: str, talk: Conversation | None = None) -> Answer:
    answer = list(assistant.answer(question, talk))[-1].data
    assert isinstance(answer, Answer)
    assert (
        numbers_without_receipt(Composed(text=answer.text, figures=answer.figures, restated=answer.restated))
        == []
    )
    return answer


@pytest.mark.parametrize(("job", "case"), CASES, ids=[f"{job.name}: {case.ask}" for job, case in CASES])
def test_a_case_is_routed_to_its_job_and_says_what_it_must(
    job: Job, case: object, workspace: Workspace, vocabulary: Vocabulary
):
    assistant = assistant_of(workspace, vocabulary, JOBS)
    understood = understand(case.ask, None, vocabulary, workspace.today, JOBS)
    free = tuple(replace(each, needs=()) for each in JOBS)  # this shop has not all that jobs are bound to
    assert route(understood, replace(assistant.tools, jobs=free)).job.name == job.name
    if case.says:
        answer = last(assistant, case.ask)
        assert answer.status == case.status
        for part in case.says:
            assert part in answer.text


def test_every_job_has_a_case_that_says_something():
    assert [job.name for job in JOBS if not any(case.says for case in job.cases)] == []


# --- a job more ------------------------------------------------------------------------------------------

FOLDER = {
    "__init__.py": '''
"""Which customers came back: a job of one folder."""

from bot.job import Claim, Job, Strength, read_cases
from telling.evidence import Evidence

SQL = "SELECT country, COUNT(*) AS buyers FROM customers GROUP BY 1 ORDER BY 1"


def run(request, tools):
    table = tools.workspace.run(SQL, request.cancel)
    request.on_sql(table.query.sql)
    request.on_table(table)
    return Evidence(tables=(table,), confidence=0.9)


def tell(evidence, writer):
    rows = range(len(evidence.tables[0].rows))
    return writer.say("loyal", told=", ".join(f"{writer.cell(0, i, 0)} {writer.cell(0, i, 1)}" for i in rows))


def claims(understood):
    is_asked = "loyalty" in understood.standalone.lower() or "忠诚度" in understood.standalone
    return Claim(strength=Strength.SAID, reason="cue") if is_asked else None


job = Job(
    name="loyalty",
    description={"en": "How loyal the customers are.", "zh": "顾客有多忠诚。"},
    utterances={"en": ("Loyalty of the customers",), "zh": ("顾客的忠诚度",)},
    claims=claims,
    run=run,
    tell=tell,
    needs=NEEDS,
    texts=__package__,
    cases=read_cases(__package__),
)
''',
    "cases.yml": "- {ask: Loyalty by country, says: [Loyal]}\n",
    "texts/en.yml": 'loyal: "Loyal: {told}."\n',
    "texts/zh.yml": 'loyal: "忠诚：{told}。"\n',
}


@pytest.fixture
def with_a_folder_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[tuple[Job, ...]]:
    """The product's jobs and the one of a folder beside theirs."""
    needs = getattr(request, "param", ())
    for name, text in FOLDER.items():
        path = tmp_path / "loyalty" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NEEDS", repr(needs)), encoding="utf-8")
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(tmp_path)])
    yield find_jobs(jobs)
    sys.modules.pop("jobs.loyalty", None)


def test_a_folder_more_is_a_job_on_every_surface(
    with_a_folder_more: tuple[Job, ...], workspace: Workspace, vocabulary: Vocabulary
):
    assert [job.name for job in with_a_folder_more] == [
        "ask_reviews", "ask_sql", "bought_together", "campaign", "changes", "churn", "cohorts",
        "customer_card", "explain", "fairness", "find_products", "forecast", "help", "loyalty", "notify",
        "order_card", "order_gaps", "price", "recommend", "remarks", "reply", "report", "stock", "unusual",
        "why",
    ]  # fmt: skip
    assistant = assistant_of(workspace, vocabulary, with_a_folder_more)
    talk = Conversation()
    answer = last(assistant, "Loyalty by country", talk)
    # Routed, told with receipts, drawn, remembered.
    assert answer.status == "answered"
    assert answer.text == "Loyal: China 2, France 2, Germany 2."
    assert [(f.text, f.column) for f in answer.figures] == [("2", "buyers")] * 3
    assert answer.chart is not None and answer.chart["mark"]["type"] == "bar"
    assert talk.turns[-1].skill == "loyalty"
    assert last(assistant, "国家的忠诚度").text.startswith("忠诚：")
    # JSON for machines, the terminal, the page's suggestions, help in both languages.
    assert answer.to_json()["skill"] == "loyalty"
    stream = io.StringIO()
    terminal.show_answer(answer, Console(file=stream, width=120))
    assert "Loyal: China 2" in stream.getvalue() and "buyers" in stream.getvalue()
    assert "Loyalty of the customers" in offers(assistant.tools)
    assert "How loyal the customers are." in last(assistant, "help").text
    assert "顾客有多忠诚。" in last(assistant, "帮助").text


@pytest.mark.parametrize("with_a_folder_more", [("loyalty_card",)], indirect=True)
def test_a_job_that_this_shop_does_not_bind_is_declined_and_not_offered(
    with_a_folder_more: tuple[Job, ...], workspace: Workspace, vocabulary: Vocabulary
):
    assistant = assistant_of(workspace, vocabulary, with_a_folder_more)
    answer = last(assistant, "Loyalty by country")
    assert answer.status == "declined" and "does not say where its loyalty card" in answer.text
    assert "Loyalty of the customers" not in offers(assistant.tools)
    assert "loyal" not in last(assistant, "help").text
    bound = dataclasses.replace(workspace.shop, bindings={"loyalty_card": "customers.customer_id"})
    opened = dataclasses.replace(workspace, shop=bound)
    assert (
        last(assistant_of(opened, vocabulary, with_a_folder_more), "Loyalty by country").status == "answered"
    )


def test_a_folder_without_a_job_fails_when_jobs_are_looked_for(tmp_path: Path):
    (tmp_path / "empty_job").mkdir()
    (tmp_path / "empty_job" / "__init__.py").write_text("", encoding="utf-8")
    package = SimpleNamespace(__name__="jobs", __path__=[*jobs.__path__, str(tmp_path)])
    before = list(jobs.__path__)
    jobs.__path__.append(str(tmp_path))
    try:
        with pytest.raises(TypeError, match=r"jobs\.empty_job holds no job"):
            find_jobs(package)  # type: ignore[arg-type]
    finally:
        jobs.__path__[:] = before
        sys.modules.pop("jobs.empty_job", None)
