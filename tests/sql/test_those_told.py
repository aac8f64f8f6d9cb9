"""A follow-up about "them" is about those that the answer before told of."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.language_shop import TODAY, language_shop
from sql.question.linking import Links
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.routes import Routes
from sql.statement.those_told import of_those, share_of_the_first

SHOP = language_shop("x.duckdb")
WRITTEN = yaml.safe_load((Path(__file__).parent / "those_told.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=lambda case: case["ask"])
def test_them_are_those_that_were_told_of(case: dict[str, str]) -> None:
    links = Links(question=case["ask"], mentions=())
    before = parse(WRITTEN["lists"][case["after"]])
    found = of_those(parse(case["written"]), before, links, SHOP, Routes(SHOP))
    if case["meant"] == "cannot":
        assert found is None
        return
    assert found is not None
    assert str(found) == (case["written"] if case["meant"] == "=" else case["meant"])
    compile_statement(found, SHOP, "duckdb", TODAY)


@pytest.mark.parametrize("case", WRITTEN["shares"], ids=lambda case: case["ask"])
def test_one_share_is_of_the_first_together(case: dict[str, str]) -> None:
    links = Links(question=case["ask"], mentions=())
    found = share_of_the_first(parse(case["written"]), links, SHOP, Routes(SHOP))
    assert str(found) == (case["written"] if case["meant"] == "=" else case["meant"])
    compile_statement(found, SHOP, "duckdb", TODAY)
