"""What the revenue of a shop leaves out is no purchase: a cancelled order begins no cohort."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from buying_shop import Talk

from sql.databases import open_database
from sql.question.linking import Vocabulary, link
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


def test_words_for_money_mean_the_revenue_of_a_shop_that_nobody_described(shop: Path):
    with_words = open_workspace(load_shop(shop))
    try:
        vocabulary = Vocabulary.build(with_words)
        links = link("how much money did we take in March?", vocabulary, with_words.today)
    finally:
        with_words.close()
    assert [m.name for m in links.mentions if m.kind == "metric"] == ["revenue"]
