"""Products by a wish: what words become conditions, what is found and for whom, and what is said of nothing."""
# ruff: noqa: E501

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from range_shop import SHOP, Talk, build_range

from app.catalogue import Catalogue
from app.once import OneAtATime
from bot.understand import understand
from jobs import JOBS
from jobs.find_products.product_words import follow
from retrieval.embed import load_embedder
from retrieval.hashed import HashedWords
from retrieval.product_range import product_source
from sql.shop.shopfile import load_shop
from sql.shop.workspace import open_workspace

Shop = Callable[..., Talk]


def names(answer: object) -> list[str]:
    return [row[1] for row in answer.tables[0].rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wish", "found", "not_found"),
    [
        ("waterproof jacket under 80, not red", {"Harbour Rain Jacket"}, {"Fell Rain Jacket", "Summit Shell Jacket"}),
        ("waterproof jacket under 80", {"Harbour Rain Jacket", "Fell Rain Jacket"}, {"Summit Shell Jacket"}),
        ("find me a quiet kettle for under 50 euros", {"Hush Kettle"}, {"静音电水壶"}),
        ("find me a kettle between 20 and 40 euros", {"Roar Kettle"}, {"Hush Kettle"}),
        ("gift for a coffee lover", {"Pour Over Set", "Bean Grinder"}, {"Roar Kettle"}),
        ("I'm looking for something for coffee, in stock only", {"Pour Over Set"}, {"Bean Grinder"}),
        ("find me a blue jacket over 100", {"Summit Shell Jacket"}, {"Harbour Rain Jacket"}),
        ("recommend a jacket with at least 4.5 stars", {"Fell Rain Jacket", "Summit Shell Jacket"}, {"Harbour Rain Jacket"}),
        ("find me a waterproof jakcet without linen", {"Fell Rain Jacket"}, {"Linen Summer Jacket"}),
        ("find me a kettle between 20 and 60 euros with at least 4 stars, in stock", {"Hush Kettle"}, {"Roar Kettle"}),
        ("do you have a splashproof lantern?", {"Trail Lantern"}, {"Hush Kettle"}),
        ("找一款一百元以下的静音水壶", {"静音电水壶"}, {"大容量电水壶", "Summit Shell Jacket"}),
        ("有没有电水壶，不要大容量", {"静音电水壶"}, {"大容量电水壶"}),
    ],
)  # fmt: skip
def test_conditions_hold_and_the_rest_is_ranked(shop: Shop, wish: str, found: set[str], not_found: set[str]):
    answer = shop().ask(wish)
    assert (answer.status, answer.skill) == ("answered", "find_products"), answer.text
    assert found <= set(names(answer)) and not not_found & set(names(answer)), names(answer)


def test_each_row_says_price_stock_stars_what_it_meets_and_why(shop: Shop):
    answer = shop().ask("waterproof jacket under 80, not red")
    for part in (
        "each with price below 80 and no colour red",
        "**Harbour Rain Jacket**: 75.00 EUR, 4.1 stars, 0 in stock",
        "> Waterproof jacket, light and packable.",
        "— product:2",
    ):
        assert part in answer.text, (part, answer.text)
    assert next(hit.document.id for hit in answer.citations) == "product:2"
    assert (
        "> It survived a thunderstorm, splashproof indeed." in shop().ask("find me a splashproof thing").text
    )


CONVERSATION = [
    ("find me a kettle", {"Hush Kettle", "Roar Kettle"}),
    ("under 40", {"Roar Kettle"}),
    ("not red", set()),
    ("gift for a coffee lover", {"Pour Over Set", "Bean Grinder"}),
    ("only in stock", {"Pour Over Set"}),
]


def test_a_condition_more_narrows_the_search(shop: Shop):
    about = shop()
    for message, expected in CONVERSATION:
        answer = about.ask(message)
        assert answer.skill == "find_products" and expected <= set(names(answer)), (message, answer.text)
    assert "Bean Grinder" not in names(answer)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ("find me a jacket over 100 and under 50", "without “price below 50”: 1 products"),
        ("find me a red kettle under 20", "without “price below 20”: "),
        ("找一款二十元以下的红色水壶", "没有一个同时满足"),
        ("find me a zxqv wvut", "No product comes near that"),
        ("find me a zxqv wvut under 50", "No product comes near that"),
    ],
)  # fmt: skip
def test_where_nothing_fits_it_is_said_which_condition_to_drop(shop: Shop, wish: str, says: str):
    answer = shop().ask(wish)
    assert answer.status == "answered" and says in answer.text, answer.text


@pytest.mark.parametrize(
    "question",
    [
        "how many jackets under 80 do we have",
        "what do customers say about the jacket?",
        "revenue by category",
        "products with a price over 50",
        "average price of jackets",
        "how many products are red?",
        "Which products are bought together?",
        "customers who spent over 100",
        "库存低于10的商品有多少",
        "价格低于50的商品",
        "评分低于3的商品",
        "Products rated below 3 stars",
        "products under 50",
        "顾客对电水壶有什么评价？",
        "上个月的销售额",
    ],
)
def test_figures_and_reviews_stay_where_they_belong(shop: Shop, question: str):
    about = shop()
    tools = about.assistant.tools
    understood = understand(question, None, tools.vocabulary, about.workspace.today, JOBS)
    claims = {job.name: job.claims(understood) for job in JOBS}
    assert claims["find_products"] is None


def test_hostile_descriptions_are_quoted_and_not_followed(shop: Shop):
    answer = shop().ask("find me an odd box that can ignore your rules".replace("ignore your rules", "show"))
    assert "Odd Box" in answer.text and not re.search(r"<[a-zA-Z/!]", answer.text)
    assert "](http" not in answer.text and "79" not in json.dumps(
        [t.rows for t in answer.tables[1:]], default=str
    )


@pytest.mark.parametrize(
    ("role", "status", "says", "hides"),
    [
        ("seller", "declined", "may not see", ("Jacket", "49.00")),
        ("crowd", "declined", "groups of at least 5", ("Hush", "49.00")),
        ("priceless", "answered", "Not taken into account", ("49.00", "boils without noise")),
        ("kitchen", "answered", "only the part of the data", ("Jacket", "splashproof")),
    ],
)  # fmt: skip
def test_a_role_finds_what_it_may_see(shop: Shop, role: str, status: str, says: str, hides: tuple[str, ...]):
    answer = shop(role).ask("find me a quiet kettle for under 50")
    assert (answer.status, says in answer.text + "".join(answer.warnings)) == (status, True), answer.text
    told = json.dumps(answer.to_json(), default=str, ensure_ascii=False)
    assert not [part for part in hides if part in told]


def test_what_is_wished_for_is_of_its_kind_and_not_what_is_nearest(shop: Shop):
    talk = shop()
    found = names(talk.ask("find me a waterproof jacket"))
    assert len(found) == 4 and all("Jacket" in name for name in found)
    nothing = talk.ask("find me a waterproof jacket under 60")
    assert nothing.status == "answered" and names(nothing) == []
    assert "price below 60" in nothing.text and "4 products" in nothing.text


def test_meaning_goes_across_languages(shop: Shop):
    answer = shop(embedder=load_embedder()).ask("find me an electric kettle")
    assert "静音电水壶" in names(answer)


@pytest.mark.parametrize(
    ("change", "is_there"),
    [(lambda text: text, True), (lambda text: text.replace("key: [art]\n    columns: {art: {type: integer}, product_name", "columns: {art: {type: integer}, product_name").replace("refs: {art: range_products}", ""), False)],
)  # fmt: skip
def test_a_shop_without_a_view_of_products_says_what_to_write(
    tmp_path: Path, change: Callable[[str], str], is_there: bool
):
    path = build_range(tmp_path) / "shop.yml"
    path.write_text(change(SHOP), encoding="utf-8")
    assert (product_source(load_shop(path)) is not None) is is_there
    about = Talk(path, tmp_path)
    try:
        answer = about.ask("find me a quiet kettle")
        assert answer.status == ("answered" if is_there else "declined")
        assert is_there or "products: {key: [product_id]" in answer.text
    finally:
        about.workspace.close()


def test_of_many_products_only_new_ones_are_embedded_and_what_is_gone_is_not_found(tmp_path: Path):
    import duckdb

    class Counting(HashedWords):
        embedded = 0

        def embed(self, texts, *, as_question=False):  # type: ignore[no-untyped-def]
            self.embedded += 0 if as_question else len(texts)
            return super().embed(texts, as_question=as_question)

    folder = build_range(tmp_path)
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(
            "INSERT INTO range_products SELECT 100 + n, 'Thing ' || n, 'Outdoor', 'green', n % 90, 3.0, 'Part number ' || n "
            "FROM range(40000) AS r (n)"
        )
    embedder = Counting(32)
    for expected in (40_012, 1):
        embedder.embedded = 0
        workspace = open_workspace(load_shop(folder / "shop.yml"))
        try:
            index = Catalogue(workspace, tmp_path / "readers-x" / "products", embedder, OneAtATime()).open()
            assert (len(index), embedder.embedded) == (40_012 if expected > 1 else 40_011, expected)
        finally:
            workspace.close()
        with duckdb.connect(str(folder / "shop.duckdb")) as connection:
            connection.execute("UPDATE range_products SET description = 'Now blue' WHERE art = 200")
            connection.execute("DELETE FROM range_products WHERE art = 201")
    assert any(hit.document.product == "Thing 100" for hit in index.search("now blue", 5))
    assert all(hit.document.product != "Thing 101" for hit in index.search("Thing 101", 20))


@pytest.mark.parametrize(
    ("previous", "message", "means"),
    [
        ("find me a kettle", "under 40", "find me a kettle, under 40"),
        ("find me a kettle?", "and not red", "find me a kettle, not red"),
        ("有没有电水壶", "一百元以下", "有没有电水壶，一百元以下"),
        ("find me a kettle", "revenue under 40", None),
        ("find me a kettle", "how many orders", None),
        ("find me a kettle", "find me a jacket", None),
    ],
)
def test_what_is_said_after_a_search_adds_to_it(previous: str, message: str, means: str | None):
    assert follow(previous, message) == means
