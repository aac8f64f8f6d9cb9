"""What roles hear: hidden is not none, a part is said to be a part, and nothing hidden is in words or log."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from corner_shop import build_small_shop
from fakes import WordRetriever, WrittenAsker

from bot.answer import Answer
from bot.assistant import Assistant
from bot.audit import AuditLog
from bot.job import Tools
from bot.memory import Conversation
from bot.offers import suggestions
from jobs import JOBS
from retrieval.corpus import audience, review_documents
from retrieval.errors import NoReviews
from sql.ask import CannotAnswer
from sql.errors import QueryFailed, QueryTooLarge
from sql.question.answerable import Verdict
from sql.question.linking import Vocabulary
from sql.semantics import Attributes, Role, Shop
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace

CANARY = "canary-7f3a@example.org"
ROLES = (
    Role(name="owner"),
    Role(name="clerk", masked=frozenset({("customers", "email"), ("customers", "name")})),
    Role(
        name="branch",
        views=frozenset({"sales", "customers", "reviews"}),
        masked=frozenset({("customers", "email"), ("customers", "name")}),
        rows={
            "sales": "country = :country",
            "customers": "country = :country",
            "reviews": "category = :category",
        },
    ),
    Role(name="partner", minimum_group=5, group_units={"sales": "customer_id"}),
)

Open = Callable[..., Assistant]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path = build_small_shop(tmp_path_factory.mktemp("roles"))
    with duckdb.connect(str(path.parent / "shop.duckdb")) as database:
        database.execute("UPDATE raw_customers SET email = ?", [CANARY])
        database.execute("INSERT INTO raw_sales SELECT 900, ordered_at, 1, 'Atlantis', segment, 'Orichalc', "
                         "category, quantity, 4242, channel FROM raw_sales LIMIT 1")  # fmt: skip
    return dataclasses.replace(load_shop(path), roles=ROLES, default_role="owner")


@pytest.fixture(scope="module")
def opened(shop: Shop) -> Iterator[Callable[..., tuple[Workspace, Vocabulary]]]:
    """Workspaces by role and user, each opened once."""
    known: dict[tuple[Any, ...], tuple[Workspace, Vocabulary]] = {}

    def get(role: str, user: Attributes | None = None) -> tuple[Workspace, Vocabulary]:
        key = (role, *sorted((user or {}).items()))
        if key not in known:
            workspace = open_workspace(shop, role=role, user=user)
            known[key] = workspace, Vocabulary.build(workspace)
        return known[key]

    yield get
    for workspace, _ in known.values():
        workspace.close()


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit" / "audit.jsonl")


@pytest.fixture
def make(opened: Any, log: AuditLog) -> Open:
    def make(
        role: str, reply: str | Exception = "", user: Mapping[str, Any] | None = None, **more: Any
    ) -> Assistant:
        workspace, vocabulary = opened(role, user)
        asker = WrittenAsker(workspace, vocabulary, {}, **more)
        asker.default = reply
        retriever = None if role == "partner" else WordRetriever(review_documents(workspace))
        return Assistant(workspace, asker, retriever, jobs=JOBS, vocabulary=vocabulary, audit=log)

    return make


GERMANY = {"country": "Germany", "category": "Audio"}


def last(assistant: Assistant, question: str, **more: Any) -> Answer:
    answer = list(assistant.answer(question, **more))[-1].data
    assert isinstance(answer, Answer)
    return answer


def entries(log: AuditLog) -> list[dict[str, Any]]:
    return [entry for entry in log.entries() if entry["kind"] != "begun"]


# --- hidden is not none -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            "Show the email of customer 3",
            "role clerk may not see email. That does not mean there is none",
        ),
        ("列出客户的邮箱", "角色 clerk 无权查看邮箱。这不代表没有这些数据"),
    ],
)
def test_a_hidden_column_is_told_from_none(question: str, words: str, make: Open) -> None:
    answer = last(make("clerk"), question)
    assert answer.status == "declined" and words in answer.text
    assert answer.tables == ()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What did the campaigns cost?", "The role branch may not see"),
        ("营销活动的花费是多少？", "角色 branch 无权查看"),
    ],
)
def test_a_hidden_view_is_told_from_none(question: str, words: str, make: Open) -> None:
    answer = last(make("branch", user=GERMANY), question)
    assert answer.status == "declined" and words in answer.text


EMPTY = "SELECT product, SUM(amount) AS revenue FROM sales WHERE country = 'China' GROUP BY 1"


def test_a_jobs_own_name_asks_for_no_view_that_is_called_so(make: Open) -> None:
    named, asked = (last(make("branch", user=GERMANY), text) for text in ("campaign what=worth", "campaigns"))
    assert "may not see" not in named.text and named.skill == "campaign"
    assert asked.status == "declined" and "may not see campaigns" in asked.text


@pytest.mark.parametrize(
    ("question", "some", "all_of_it"),
    [
        (
            "Revenue by product in China",
            "There is none (China) in the part of the data that the role branch may see. Whether there are "
            "others is not told here.",
            "There is none (China): the query ran",
        ),
        (
            "中国每个商品的营收",
            "在角色 branch 可见的数据范围内没有符合条件的数据（China）",
            "没有符合条件的数据（China）：查询已执行",
        ),
    ],
)
def test_none_in_the_part_of_a_role_is_not_none_at_all(
    question: str, some: str, all_of_it: str, make: Open
) -> None:
    answer = last(make("branch", EMPTY, user=GERMANY), question)
    assert answer.status == "answered" and some in answer.text
    assert any("branch" in warning for warning in answer.warnings)
    assert all_of_it not in answer.text
    assert all_of_it in last(make("owner", f"{EMPTY} HAVING 1 = 0"), question).text


def test_the_same_words_whether_hidden_rows_hold_a_name_or_not(make: Open) -> None:
    """Atlantis and Orichalc stand in rows of another country; Mu and Vibranium nowhere."""
    for there, nowhere in (("Atlantis", "Mu"), ("Orichalc", "Vibranium")):
        nothing = CannotAnswer(Verdict(kind="missing"))
        branch = make("branch", nothing, user=GERMANY)
        texts = {name: last(branch, f"How many {name} are there?") for name in (there, nowhere)}
        assert texts[there].text.replace(there, "X") == texts[nowhere].text.replace(nowhere, "X")
        assert texts[there].status == texts[nowhere].status == "declined"
        assert "Only the part of the data that the role branch may see was looked at." in texts[there].text
        sql = f"SELECT COUNT(*) AS orders FROM sales WHERE product = '{there}'"
        counted = last(make("branch", sql, user=GERMANY), "How many orders?")
        assert counted.tables[0].rows == ((0,),) and "part of the data" in counted.warnings[0]


@pytest.mark.parametrize(
    ("question", "some", "note"),
    [
        ("Revenue by category", "part of the data that the role branch may see", "en"),
        ("每个品类的营收", "角色 branch 可见的那部分数据", "zh"),
    ],
)
def test_a_part_is_said_to_be_a_part(question: str, some: str, note: str, make: Open) -> None:
    sql = "SELECT category, SUM(amount) AS revenue FROM sales GROUP BY 1"
    assert some in "".join(last(make("branch", sql, user=GERMANY), question).warnings)
    assert some not in "".join(last(make("owner", sql), question).warnings)


# --- aggregates only --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Show the order numbers of all sales", "groups of at least 5, never single rows"),
        ("列出所有销售的订单号", "至少 5 条一组的统计，看不到单独的行"),
    ],
)
def test_single_rows_are_declined_with_what_to_ask_instead(question: str, words: str, make: Open) -> None:
    answer = last(make("partner", "SELECT order_id FROM sales"), question)
    assert answer.status == "declined" and words in answer.text and answer.tables == ()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What was the revenue in Atlantis?", "There are too few to show"),
        ("Atlantis 的营收是多少？", "数量太少，不能显示"),
    ],
)
def test_too_few_to_show_is_not_none(question: str, words: str, make: Open) -> None:
    sql = "SELECT SUM(amount) AS revenue FROM sales WHERE country = 'Atlantis'"
    answer = last(make("partner", sql), question)
    assert answer.status == "answered" and words in answer.text
    assert "There is none" not in answer.text and "没有找到任何行" not in answer.text
    told = {name: part for name, part in answer.to_json().items() if name != "seconds"}
    assert "4242" not in json.dumps(told)
    nowhere = last(make("partner", sql.replace("Atlantis", "Mu")), question.replace("Atlantis", "Mu"))
    assert words in nowhere.text, "nobody is told whether there are few or none"


def test_groups_that_may_be_left_out_are_mentioned(make: Open) -> None:
    sql = "SELECT COUNT(DISTINCT order_id) AS orders FROM sales"
    answer = last(make("partner", sql), "How many orders?")
    assert answer.tables[0].rows == ((49,),) and "groups of at least 5 only" in answer.warnings[-1]
    assert "groups of at least" not in "".join(last(make("owner", sql), "How many orders?").warnings)


def test_no_review_is_read_for_a_role_that_sees_aggregates_only(opened: Any, make: Open) -> None:
    with pytest.raises(NoReviews, match="figures about groups only"):
        review_documents(opened("partner")[0])
    answer = last(make("partner"), "What do buyers say about the battery?")
    assert answer.status == "declined" and "never single rows" in answer.text


def test_help_tells_what_a_role_sees_in_part(make: Open) -> None:
    branch = last(make("branch", user=GERMANY), "help").text
    assert "**Only in part:** of sales, customers and reviews the role branch" in branch
    assert "**Hidden from the role branch:**" in branch and "campaigns" in branch
    assert "groups of at least 5" in last(make("partner"), "help").text
    assert "至少 5 条一组" in last(make("partner"), "帮助").text


# --- budgets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "words"), [("Revenue", "more work than the role clerk may use"),
                                                 ("营收", "超出角色 clerk 的限制")])  # fmt: skip
def test_a_spent_budget_is_told_from_none(question: str, words: str, make: Open) -> None:
    answer = last(make("clerk", QueryTooLarge(f"the plan for {CANARY} costs 1e12")), question)
    assert answer.status == "failed" and words in answer.text
    assert CANARY not in answer.text


# --- nothing hidden in words, linking, suggestions, texts -------------------------------------------------


def test_linking_knows_only_values_that_the_role_may_see(opened: Any) -> None:
    everything = opened("owner")[1].values
    german = opened("branch", GERMANY)[1].values
    few = opened("partner")[1].values
    assert "Atlantis" in everything["sales", "country"] and "Orichalc" in everything["sales", "product"]
    assert german["sales", "country"] == ("Germany",)
    assert "Orichalc" not in german["sales", "product"]
    assert "Atlantis" not in few["sales", "country"] and "Germany" not in few["customers", "country"]
    for role, user in (("clerk", None), ("branch", GERMANY)):
        assert ("customers", "email") not in opened(role, user)[1].values


def test_suggestions_leave_out_what_the_role_may_not_see(shop: Shop, opened: Any) -> None:
    asking = dataclasses.replace(
        shop, suggestions=("Revenue last month", "Show all emails", "Campaign costs")
    )
    assert suggestions(asking, "en", opened("owner")[1]) == asking.suggestions
    assert suggestions(asking, "en", opened("clerk")[1]) == ("Revenue last month", "Campaign costs")
    assert suggestions(asking, "en", opened("branch", GERMANY)[1]) == ("Revenue last month",)


def test_reviews_follow_the_role_and_the_user(opened: Any) -> None:
    france = GERMANY | {"category": "Bags"}
    mine = {d.category for d in review_documents(opened("branch", GERMANY)[0])}
    theirs = {d.category for d in review_documents(opened("branch", france)[0])}
    assert (mine, theirs) == ({"Audio"}, {"Bags"})
    readers = {
        audience(opened(r, u)[0]) for r, u in (("branch", GERMANY), ("branch", france), ("owner", None))
    }
    assert len(readers) == 3
    assert audience(opened("clerk")[0]) == audience(opened("owner")[0]), "neither masks anything of reviews"


def test_quotes_under_a_row_rule_say_that_they_are_a_part(make: Open) -> None:
    answer = last(make("branch", user=GERMANY), "What do buyers say about the battery?")
    assert answer.citations and {h.document.category for h in answer.citations} == {"Audio"}
    assert "part of the data" in answer.warnings[0]


def test_a_conversation_of_another_role_is_not_gone_on_with(make: Open) -> None:
    talk = Conversation()
    sql = "SELECT SUM(amount) AS revenue FROM sales WHERE country = 'Atlantis'"
    assert last(make("owner", sql), "Revenue in Atlantis", conversation=talk).status == "answered"
    answer = last(make("branch", sql, user=GERMANY), "and by product?", conversation=talk)
    assert "Atlantis" not in json.dumps(answer.to_json())
    assert [turn.question for turn in talk.turns] == ["and by product?"]
    again = last(make("branch", sql, user=GERMANY), "Revenue by category", conversation=talk)
    assert again.status == "answered" and len(talk.turns) == 2


def test_a_databases_own_words_reach_neither_answer_nor_log(make: Open, log: AuditLog) -> None:
    error = QueryFailed(f"Conversion Error: Could not convert string '{CANARY}' to INT32")
    for question in ("Revenue by category", "每个品类的营收"):
        answer = last(make("clerk", error), question)
        assert answer.status == "failed" and CANARY not in json.dumps(answer.to_json())
    sql = "SELECT SUM(CAST(country AS INTEGER)) AS revenue FROM sales"
    answer = last(make("clerk", sql), "Revenue by category")
    assert answer.status == "failed"
    [statement] = entries(log)[-1]["statements"]
    assert statement["verdict"] == "failed"
    assert statement["reason"] == "the database refused it: Conversion Error"
    for cell in ("Germany", "France", "China", "Atlantis", CANARY):
        assert cell not in answer.text and cell not in log.path.read_text("utf-8")


# --- the log ----------------------------------------------------------------------------------------------


def test_a_refused_draft_is_logged_with_its_reason(make: Open, log: AuditLog) -> None:
    assistant = make("clerk")
    forbidden = "SELECT email FROM customers"
    jobs = tuple(
        dataclasses.replace(job, run=lambda request, tools: tools.workspace.run(forbidden)) for job in JOBS
    )
    assistant.tools = dataclasses.replace(assistant.tools, jobs=jobs)
    answer = last(assistant, "Revenue by category")
    assert answer.status == "declined" and "email" in answer.text
    [entry] = entries(log)
    assert (entry["status"], entry["role"], entry["rows"]) == ("declined", "clerk", 0)
    assert [(s["verdict"], s["sql"]) for s in entry["statements"]] == [
        ("refused", "SELECT email FROM customers")
    ]
    assert "email" in entry["statements"][0]["reason"]


def test_a_question_without_statements_is_logged_too(make: Open, log: AuditLog) -> None:
    last(make("branch", user=GERMANY), "How is the weather?")
    last(make("branch", user=GERMANY), "   ")
    weather, empty = entries(log)
    assert (weather["status"], weather["statements"]) == ("declined", [])
    assert (empty["status"], empty["user"]) == ("clarify", {"country": "Germany", "category": "Audio"})


def test_without_a_log_nothing_runs_and_it_is_said_in_words(
    make: Open, log: AuditLog, tmp_path: Path
) -> None:
    log.path = tmp_path / "file" / "audit.jsonl"
    (tmp_path / "file").write_text("in the way")
    assistant = make("owner", "SELECT SUM(amount) AS revenue FROM sales")
    for question, words in (("Revenue", "the log cannot be written"), ("营收", "日志现在无法写入")):
        events = list(assistant.answer(question))
        assert [e.name for e in events] == ["understood", "text", "done"]
        answer = events[-1].data
        assert answer.status == "failed" and words in answer.text and answer.tables == ()
    assert assistant.tools.asker.asked == []  # type: ignore[union-attr]


def test_an_answer_that_cannot_be_logged_is_not_shown(
    make: Open, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = make("owner", "SELECT SUM(amount) AS revenue FROM sales")
    events = assistant.answer("Revenue")
    assert next(events).name == "understood"

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = list(events)[-1].data
    assert answer.status == "failed" and "No space left on device" in answer.text
    assert answer.tables == () and answer.figures == ()


def test_a_closed_tab_is_logged_as_stopped_with_what_had_run(make: Open, log: AuditLog) -> None:
    gate = threading.Event()  # never opened: the model has written nothing yet
    events = make("owner", "SELECT SUM(amount) AS revenue FROM sales", gate=gate).answer("Revenue")
    assert next(events).name == "understood"
    events.close()  # type: ignore[attr-defined]
    assert [e["status"] for e in entries(log)] == ["stopped"]
    assert log.verify().unfinished == ()


def test_a_bug_is_logged_as_a_crash_without_its_words(make: Open, log: AuditLog) -> None:
    def crash(request: Any, tools: Tools) -> Any:
        raise ZeroDivisionError(CANARY)

    assistant = make("owner")
    jobs = tuple(dataclasses.replace(job, run=crash) for job in JOBS)
    assistant.tools = dataclasses.replace(assistant.tools, jobs=jobs)
    with pytest.raises(ZeroDivisionError):
        list(assistant.answer("Revenue"))
    assert [e["status"] for e in entries(log)] == ["crashed"]
    assert CANARY not in log.path.read_text("utf-8")


def test_questions_side_by_side_keep_their_statements_apart(make: Open, log: AuditLog) -> None:
    statements = {
        f"Revenue by {name}": f"SELECT {name}, SUM(amount) AS revenue FROM sales GROUP BY 1"
        for name in ("category", "channel", "country", "segment")
    }
    gate = threading.Event()
    asked = {question: make("owner", sql, gate=gate) for question, sql in statements.items()}
    threads = [
        threading.Thread(target=last, args=(assistant, question)) for question, assistant in asked.items()
    ]
    for thread in threads:
        thread.start()
    while not all(assistant.tools.asker.asked for assistant in asked.values()):  # type: ignore[union-attr]
        time.sleep(0.01)
    gate.set()  # all of them are under way
    for thread in threads:
        thread.join()
    found = {e["question"]: e["statements"] for e in entries(log)}
    assert set(found) == set(statements)
    for question, ran in found.items():
        column = question.rsplit(" ", 1)[1]
        assert ran and all(column in s["sql"].split("SELECT", 2)[-1] for s in ran[:1]), question
        own = [s["sql"].rsplit(") SELECT", 1)[-1] for s in ran]
        assert all(column in sql for sql in own if "GROUP BY" in sql)
