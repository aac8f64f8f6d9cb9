"""What the revenue of a shop leaves out is no purchase: a cancelled order begins no cohort."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from buying_shop import Talk

from sql.databases import open_database
from sql.question.linking import Vocabulary, link
from sql.semantics import Role
from sql.shop.describe import describe_database
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """60 customers who buy in January and, the even ones, in March; each cancels one in February."""
    rows = []
    for who in range(1, 61):
        rows += [(who, "2026-01-10", "paid"), (who, "2026-02-10", "cancelled")]
        rows += [(who, "2026-03-10", "paid")] * (who % 2 == 0)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE orders (order_id INT, customer_id INT, order_date DATE, total INT, status TEXT)"
        )
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, 10, ?)", [(n, *row) for n, row in enumerate(rows, 1)]
        )
    database = open_database(str(tmp_path / "shop.duckdb"))
    try:
        described = describe_database(database, name="found", location="shop.duckdb").shop
    finally:
        database.close()
    path = tmp_path / "shop.yml"
    path.write_text(dump_shop(described), encoding="utf-8")
    return path


def test_a_cancelled_order_is_no_purchase(shop: Path):
    talk = Talk(shop)
    (cohort,) = talk.ask("cohorts").tables[0].rows
    assert cohort[0] in (dt.date(2026, 1, 1), "2026-01-01")
    assert cohort[1:3] == (60, 30)


ROLES = {
    # column that a role may not see, of 60 who came back, whether the answer tells that cancelled ones count
    "whole": ("", 30, False),
    "stateless": ("status", 60, True),
    "penniless": ("total", 30, False),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("language", "told"), [("Show cohorts", "cancelled"), ("同期群", "已取消")])
def test_what_cannot_be_left_out_is_told(shop: Path, role: str, language: str, told: str):
    masked, came_back, is_told = ROLES[role]
    described = load_shop(shop)
    roles = (*described.roles, Role(name=role, masked=frozenset([("orders", masked)] if masked else [])))
    shop.write_text(dump_shop(replace(described, roles=roles)), encoding="utf-8")
    answer = Talk(shop, role).ask(language)
    assert answer.status == "answered"
    (cohort,) = answer.tables[0].rows
    assert cohort[1:3] == (60, came_back)
    assert (told in answer.text.splitlines()[0]) is is_told


def test_words_for_money_mean_the_revenue_of_a_shop_that_nobody_described(shop: Path):
    with_words = open_workspace(load_shop(shop))
    try:
        vocabulary = Vocabulary.build(with_words)
        links = link("how much money did we take in March?", vocabulary, with_words.today)
    finally:
        with_words.close()
    assert [m.name for m in links.mentions if m.kind == "metric"] == ["revenue"]
