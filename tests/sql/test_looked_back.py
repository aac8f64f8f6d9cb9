"""A comparison looks as far back as the question's words say."""

from __future__ import annotations

from collections.abc import Iterator

import asking_shop
import pytest

from llm.scripted import ScriptedEngine
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.language_draft import LanguageDrafter
from sql.statement.looked_back import looked_back

GROWTH = "SELECT GROWTH(revenue{step}) FROM sales WHERE DURING('{period}')"
CASES = [
    # question, period of the statement, step as written, step as meant
    ("compared with the period before", "May 2026", ", 1 YEAR", ""),
    ("against the previous period", "May 2026", ", 1 YEAR", ""),
    ("上个月销售额的环比", "上个月", ", 1 YEAR", ""),
    ("上个月销售额的同比", "上个月", "", ", 1 YEAR"),
    ("revenue in May 2026 year over year", "May 2026", "", ", 1 YEAR"),
    ("revenue in May 2026 compared to last year", "May 2026", "", ", 1 YEAR"),
    ("revenue in May 2026 month over month", "May 2026", ", 1 YEAR", ", 1 MONTH"),
    ("五月的销售额比上个月涨了多少", "五月", ", 1 YEAR", ", 1 MONTH"),
    # the same stretch of days either way, or a period that is no comparison
    ("revenue in 2026 against the year before", "2026", "", ""),
    ("revenue in May 2026 against the month before", "May 2026", "", ""),
    ("growth of revenue last year", "last year", "", ""),
    ("revenue last year, quarter over quarter", "last year", "", ", 1 QUARTER"),
    # the other period that is named
    ("compare revenue in May 2026 with April 2026", "May 2026", ", 1 YEAR", ""),
    ("revenue in May 2026 against February 2026", "May 2026", ", 1 YEAR", ", 3 MONTH"),
    ("compare revenue in May 2026 with May 2024", "May 2026", ", 1 YEAR", ", 2 YEAR"),
    ("对比2026年5月和2026年4月的销售额", "2026年5月", ", 1 YEAR", ""),
    ("compare revenue in Q1 2026 with May 2024", "Q1 2026", ", 1 YEAR", ", 1 YEAR"),
    # both, or neither
    ("revenue in May 2026, yoy and mom", "May 2026", "", ""),
    ("growth of revenue in May 2026", "May 2026", ", 1 YEAR", ", 1 YEAR"),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("back"))))
    yield opened
    opened.close()


@pytest.mark.parametrize(("question", "period", "written", "meant"), CASES, ids=[c[0] for c in CASES])
def test_a_step_is_the_one_that_is_said(
    workspace: Workspace, question: str, period: str, written: str, meant: str
) -> None:
    vocabulary = Vocabulary.build(workspace)
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([]))
    compiled = writer.compile(GROWTH.format(step=written, period=period))
    better = looked_back(compiled, link(question, vocabulary, workspace.today))
    assert str(better) == GROWTH.format(step=meant, period=period)


@pytest.mark.parametrize(
    ("question", "step"),
    [("revenue by month this year vs last year", ", 1 YEAR"), ("revenue by month, mom", "")],
)
def test_by_month_the_unit_before_is_the_month(workspace: Workspace, question: str, step: str) -> None:
    vocabulary = Vocabulary.build(workspace)
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([]))
    text = "SELECT MONTH, GROWTH(revenue{}) FROM sales WHERE DURING('this year') GROUP BY MONTH"
    compiled = writer.compile(text.format(""))
    assert str(looked_back(compiled, link(question, vocabulary, workspace.today))) == text.format(step)
