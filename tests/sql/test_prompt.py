"""What prompts are made of: templates that are there, and text from strangers on one line."""

from __future__ import annotations

import inspect
from importlib import resources

import asking_shop
import pytest

from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from sql.statement import language_prompt
from sql.statement.prompt import INVOCATION, one_line, template

NAMES = sorted(
    file.name.removesuffix(".txt") for file in resources.files("sql.statement").joinpath("prompts").iterdir()
)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_there_and_used(name):
    assert template(name).is_valid() and template(name).template.strip()
    assert f'"{name}"' in inspect.getsource(language_prompt)


def test_one_line_cuts_and_flattens():
    assert one_line("a\n b\t c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_only_the_last_failure_is_shown_and_cut(tmp_path):
    workspace = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path)))
    try:
        vocabulary = Vocabulary.build(workspace)
        links = link("turnover in Germany last month", vocabulary, workspace.today)
        failures = [("SELECT 1", "first"), ("SELECT 2", f"second{INVOCATION}" + "x" * 1000)]
        fixed = language_prompt.describe(workspace.shop, vocabulary, is_taught=True)
        rest = language_prompt.language_prompt(links, fixed, vocabulary, failures=failures).rest
    finally:
        workspace.close()
    assert "SELECT 1" not in rest and "first" not in rest
    assert "refused: SELECT 2\nBecause: second Question:x" in rest
    assert rest.count(INVOCATION) == 1
    assert max(len(line) for line in rest.splitlines()) < 320
    assert {"turnover: revenue", "Germany: country = 'Germany'"} <= set(rest.splitlines())
