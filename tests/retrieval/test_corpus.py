"""A shop's reviews become documents, with the rights of the role and of nobody else."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace

import duckdb
import pytest

from retrieval.corpus import audience, read_reviews, review_documents
from retrieval.errors import NoReviews
from sql.databases import open_database
from sql.semantics import ReviewSource, Role, Shop, View, ViewColumn
from sql.shop.workspace import open_workspace
from sql.types import QueryLimits

ROWS = [
    (3, "Great", "Warm sound", 5, "Headset", "Germany", dt.datetime(2026, 5, 1, 8), "EN"),
    (1, None, "电池不耐用", 2, "Phone", "China", dt.datetime(2026, 5, 2), ""),
    (2, "", "   ", 4, "Phone", "Germany", None, "en"),
    (4, "Only a title", None, None, None, "China", None, None),
    (5, None, None, 1, "Phone", "China", None, None),
]
COLUMNS = {
    "review_id": "integer",
    "title": "text",
    "body": "text",
    "rating": "integer",
    "product": "text",
    "country": "text",
    "written": "timestamp",
    "language": "text",
}
SOURCE = ReviewSource(
    view="reviews",
    id="review_id",
    text=("title", "body"),
    product="product",
    rating="rating",
    written_at="written",
    language="language",
)
ROLES = (
    Role(name="owner"),
    Role(name="same", limits=QueryLimits(max_rows=1)),
    Role(name="no_text", masked=frozenset({("reviews", "title"), ("reviews", "body")})),
    Role(name="no_product", masked=frozenset({("reviews", "product")})),
    Role(name="german", rows={"reviews": "country = 'Germany'"}),
    Role(name="elsewhere", views=frozenset({"other"})),
)


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE reviews (review_id INT, title TEXT, body TEXT, rating INT, product TEXT, "
            "country TEXT, written TIMESTAMP, language TEXT)"
        )
        connection.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ROWS)
        connection.execute("CREATE TABLE other (x INT)")
    return Shop(
        name="Corner shop",
        database=str(path),
        views=(
            View(name="reviews", columns=tuple(ViewColumn(name=n, type=t) for n, t in COLUMNS.items())),
            View(name="other", columns=(ViewColumn(name="x", type="integer"),)),
        ),
        roles=ROLES,
        reviews=SOURCE,
    )


@pytest.fixture
def opened(shop):
    """Opens the shop for a role; all roles share one connection, as in a server."""
    database = open_database(shop.database)

    def open_as(role: str, shop: Shop = shop):
        return open_workspace(shop, role=role, database=database)

    yield open_as
    database.close()


def test_reviews_become_documents_in_the_order_of_their_ids(opened):
    corpus = read_reviews(opened("owner"))
    assert [d.id for d in corpus.documents] == ["review:1", "review:3", "review:4"]
    first, second, third = corpus.documents
    assert (first.text, first.language, first.product, first.rating) == ("电池不耐用", "zh", "Phone", 2.0)
    assert (second.text, second.language) == ("Great\nWarm sound", "en")
    assert second.written_at == dt.datetime(2026, 5, 1, 8)
    assert (third.text, third.product, third.rating, third.written_at) == ("Only a title", "", None, None)
    assert {d.kind for d in corpus.documents} == {"review"}


def test_empty_texts_are_counted_and_told(opened, caplog):
    caplog.set_level(logging.INFO, logger="retrieval.corpus")
    assert read_reviews(opened("owner")).empty == 2
    assert len(review_documents(opened("owner"))) == 3
    assert "2 of 5 reviews have no text" in caplog.text


def test_the_row_limit_of_answers_does_not_cut_the_corpus(opened):
    assert len(review_documents(opened("same"))) == 3


def test_a_role_gets_the_reviews_that_it_may_read_and_no_more(opened):
    assert [d.id for d in review_documents(opened("german"))] == ["review:3"]
    assert {d.product for d in review_documents(opened("no_product"))} == {""}
    for role in ("no_text", "elsewhere"):
        with pytest.raises(NoReviews, match=rf"Role '{role}' may not read the reviews"):
            review_documents(opened(role))


def test_roles_share_an_index_only_when_they_read_the_same(opened):
    keys = {role: audience(opened(role)) for role in ("owner", "same", "no_product", "german")}
    assert keys["owner"] == keys["same"]
    assert len(set(keys.values())) == 3


def test_a_shop_without_reviews_says_what_to_write(opened, shop):
    with pytest.raises(NoReviews, match=r"names no reviews.*shop\.yml"):
        review_documents(opened("owner", replace(shop, reviews=None)))


def test_of_reviews_with_one_id_the_first_is_kept_and_the_rest_are_counted(opened, shop):
    by_country = replace(shop, reviews=replace(SOURCE, id="country"))
    corpus = read_reviews(opened("owner", by_country))
    kept = {document.id: document.text for document in corpus.documents}
    assert kept == {"review:China": "电池不耐用", "review:Germany": "Great\nWarm sound"}
    assert (corpus.left_out, corpus.empty, corpus.rows) == (1, 2, 5)
    assert corpus.repeated == ("review:China",)
    assert read_reviews(opened("owner")).left_out == 0


def test_more_reviews_than_can_be_read_are_refused_not_cut(opened, monkeypatch):
    monkeypatch.setattr("retrieval.corpus.CORPUS_LIMITS", QueryLimits(max_rows=2))
    with pytest.raises(NoReviews, match=r"more than 2 reviews.*Nothing was indexed"):
        review_documents(opened("owner"))


def test_names_that_are_words_of_sql_are_read(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE "order" ("select" INT, "group" TEXT)')
        connection.execute("INSERT INTO \"order\" VALUES (1, 'fine')")
    columns = (ViewColumn(name="select", type="integer"), ViewColumn(name="group", type="text"))
    shop = Shop(
        name="Odd",
        database=str(path),
        views=(View(name="order", columns=columns),),
        reviews=ReviewSource(view="order", id="select", text=("group",)),
    )
    workspace = open_workspace(shop)
    assert [d.text for d in review_documents(workspace)] == ["fine"]
    workspace.close()


# ---- real reviews ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def clothing(data_folder):
    from pathlib import Path

    from sql.shop.shopfile import load_shop

    shop_file = Path(__file__).parents[2] / "examples" / "clothing_reviews" / "shop.yml"
    workspace = open_workspace(load_shop(shop_file, variables={"SHOPTALK_DATA": str(data_folder)}))
    yield workspace
    workspace.close()


@pytest.mark.data
def test_all_clothing_reviews_with_a_text_are_read(clothing):
    corpus = read_reviews(clothing)
    assert (corpus.rows, corpus.empty, len(corpus.documents)) == (23_486, 844, 22_642)
    assert {d.language for d in corpus.documents} <= {"en", ""}
    assert sum(d.language == "" for d in corpus.documents) < 30
    assert all(1 <= d.rating <= 5 for d in corpus.documents)


@pytest.mark.data
@pytest.mark.slow
def test_clothing_reviews_are_found_by_what_they_say(clothing, tmp_path):
    from retrieval.index import Index
    from retrieval.types import Filters

    documents = review_documents(clothing)[::12]
    index = Index.build(tmp_path, documents, progress=False)
    hits = index.search("the fabric is scratchy and itchy", 10, Filters(max_rating=3))
    assert len(hits) == 10
    assert all(hit.document.rating <= 3 for hit in hits)
    about = [
        hit for hit in hits if any(word in hit.document.text.lower() for word in ("itch", "scratch", "rough"))
    ]
    assert len(about) >= 7
