"""What prompts are made of: templates that are there, and text from strangers on one line."""

from __future__ import annotations

from importlib import resources

import asking_shop
import pytest

from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from sql.statement.prompt import one_line, template
from sql.statement.shop_draft import describe_shop, shop_prompt

NAMES = sorted(
    file.name.removesuffix(".txt") for file in resources.files("sql.statement").joinpath("prompts").iterdir()
)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_used_and_asks_for_what_it_is_given(name):
    assert template(name).is_valid() and template(name).template.strip()
    earlier = {"free", "repair", "shop", "shop_rest", "system", "tables", "tables_rest"}
    assert name.startswith("language") or name in earlier


def test_one_line_cuts_and_flattens():
    assert one_line("a\n b\t c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_only_the_last_failure_is_shown_and_cut(tmp_path):
    workspace = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path)))
    try:
        vocabulary = Vocabulary.build(workspace)
        links = link("turnover in Germany last month", vocabulary, workspace.today)
        failures = [("SELECT 1", "first"), ("SELECT 2", "second\n" + "x" * 1000)]
        fixed = describe_shop(vocabulary)
        rest = shop_prompt(links, fixed, vocabulary, "duckdb", failures=failures).rest
    finally:
        workspace.close()
    assert "first" not in rest and "Error: second x" in rest
    assert max(len(line) for line in rest.splitlines()) < 320
    for hint in ("turnover: revenue of sales", "Germany: country = 'Germany'", "'last month' is a period"):
        assert f"-- {hint}" in rest.splitlines()
