import datetime as dt
import re
from collections import Counter

import pytest

from finetune.generate import KINDS, generate
from finetune.generate.lexicon import Lexicon, plural, singular
from finetune.generate.wording import filled, predicate
from sql.question.periods import find_periods
from sql.question.words import words as words_of
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.shop_form import expand

TODAY = dt.date(2026, 6, 30)


def column(name, type="text", *synonyms, **more):
    return ViewColumn(name=name, type=type, synonyms=synonyms, **more)


STORE = {
    "North": ("北店",),
    "South": ("南店",),
    "East": ("东店",),
    "West": ("西店",),
    "Harbour": ("港口店",),
    "Station": ("车站店",),
    "Mall": ("商场店",),
}
STAGE = {"open": ("待处理",), "closed": ("已完结",), "rejected": ("已驳回",)}
SHOP = Shop(
    name="Bakery",
    database="bakery.duckdb",
    currency="USD",
    views=(
        View(
            name="receipts",
            synonyms=("小票",),
            time="paid_at",
            columns=(
                column("receipt_id", "integer"),
                column("paid_at", "timestamp"),
                column("store", "text", "门店", sampled=True, values=STORE),
                column("cake", "text", "蛋糕", sampled=True),
                column("guest_email"),
                column("tip", "number", "小费", unit="USD"),
                column("pieces_sold", "integer", "件数"),
            ),
        ),
        View(
            name="repairs",
            synonyms=("报修", "报修单"),
            time="reported_at",
            columns=(
                column("repair_id", "integer"),
                column("reported_at", "timestamp", "上报时间"),
                column("fixed_at", "timestamp", "修复时间"),
                column("machine", "text", "机器", sampled=True),
                column("stage", "text", "阶段", sampled=True, values=STAGE),
                column("cost", "number", "维修成本", unit="USD"),
                column("amount", "number", "预算", unit="USD"),
                column("visits", "integer", "上门次数", description="visits of the mechanic"),
                column("is_urgent", "boolean", "紧急"),
            ),
        ),
        View(
            name="ovens",
            synonyms=("烤箱",),
            columns=(
                column("oven_id", "integer"),
                column("oven", "text", "烤箱", sampled=True),
                column("maker", "text", "厂商", sampled=True),
                column("list_price", "number", "标价", unit="USD"),
            ),
        ),
    ),
    metrics=(
        Metric(name="takings", view="receipts", sql="SUM(tip)", unit="USD", synonyms=("小费总额",)),
        Metric(name="receipts", view="receipts", sql="COUNT(*)", synonyms=("小票数",)),
        Metric(name="repair_bill", view="repairs", sql="SUM(cost)", unit="USD", synonyms=("维修费",)),
    ),
)
VALUES = {
    ("receipts", "store"): tuple(STORE),
    ("receipts", "cake"): tuple(
        f"{a} {b}" for a in ("Plum", "Cherry", "Nut") for b in ("Tart", "Roll", "Slice")
    ),
    ("repairs", "machine"): ("Mixer", "Oven Door", "Freezer", "Slicer", "Till", "Dryer"),
    ("repairs", "stage"): tuple(STAGE),
    ("ovens", "oven"): tuple(
        f"{a} {b}" for a in ("Bongard", "Miwe", "Debag") for b in ("Stone", "Steam", "Deck", "Rack")
    ),
    ("ovens", "maker"): ("Bongard", "Miwe", "Debag"),
}


@pytest.fixture(scope="module")
def pairs():
    return list(generate(SHOP, VALUES, TODAY, count=900, seed=3))


def answered(pairs):
    return [p for p in pairs if p.statement is not None]


def test_one_seed_gives_the_same_pairs_again_and_another_seed_others():
    first, again, other = (list(generate(SHOP, VALUES, TODAY, count=60, seed=s)) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_no_turns_come_twice(pairs):
    assert len({p.turns for p in pairs}) == len(pairs) == 900


def test_both_languages_and_every_kind_are_there(pairs):
    languages = Counter(p.language for p in pairs)
    assert 0.45 < languages["en"] / len(pairs) < 0.65
    # "contains" and "distinct" need a long list of names and a view without rows of its own
    assert {p.kind for p in pairs} >= set(KINDS) - {"distinct"} | {"follow_up", "unanswerable"}


def test_the_language_is_that_of_the_words(pairs):
    for pair in pairs:
        assert bool(re.search("[一-鿿]", "".join(pair.turns))) == (pair.language == "zh"), pair


def test_every_statement_can_be_written_out_as_sql(pairs):
    for pair in answered(pairs):
        view = SHOP.view(pair.view)
        metrics = [m for m in SHOP.metrics if m.view == pair.view]
        periods = [p for turn in pair.turns for p in find_periods(turn, TODAY)]
        assert expand(pair.statement, view, metrics, periods, "duckdb")


def test_statements_name_only_what_the_view_has(pairs):
    keywords = words_of(
        "SELECT DISTINCT FROM WHERE AND GROUP BY HAVING ORDER DESC LIMIT COUNT SUM AVG MIN MAX SHARE DURING"
        " IN NOT LIKE BETWEEN IS NULL TO_DAY TO_WEEK TO_MONTH TO_QUARTER TO_YEAR WEEKDAY_OF HOUR_OF"
    )
    for pair in answered(pairs):
        view = SHOP.view(pair.view)
        known = {c.name for c in view.columns} | {m.name for m in SHOP.metrics if m.view == view.name}
        words = set(re.findall(r"[A-Za-z_]+", re.sub(r"'[^']*'", "", pair.statement)))
        assert words <= keywords | known | {view.name}, pair.statement


def test_texts_in_statements_are_values_parts_or_periods_of_the_question(pairs):
    for pair in answered(pairs):
        values = {v for (view, _), known in VALUES.items() if view == pair.view for v in known}
        statement = re.sub(r"LIKE '%[^']*%'", "", pair.statement)
        periods = re.findall(r"DURING\(\w+, '([^']*)'\)", statement)
        texts = re.findall(r"'([^']*)'", re.sub(r"DURING\([^)]*\)", "", statement))
        assert set(texts) <= values, pair
        for text in periods:
            assert any(text == p.text for turn in pair.turns for p in find_periods(turn, TODAY)), pair


def test_every_value_of_a_statement_is_named_in_the_turns(pairs):
    said = {v: (v, *words) for values in (STORE, STAGE) for v, words in values.items()}
    for pair in answered(pairs):
        turns = " ".join(pair.turns).lower()
        for value in re.findall(r"'([^']*)'", re.sub(r"DURING\([^)]*\)|%", "", pair.statement)):
            assert any(w.lower() in turns for w in said.get(value, (value,))), pair


def test_a_question_names_no_period_that_its_statement_leaves_out(pairs):
    for pair in answered(pairs):
        named = [p for turn in pair.turns for p in find_periods(turn, TODAY)]
        assert ("DURING" in pair.statement) == bool(named), pair


def test_personal_columns_are_never_asked_about(pairs):
    assert not any("guest_email" in (p.statement or "") or "email" in p.turns[-1] for p in answered(pairs))


def test_follow_ups_have_turns_before_the_question(pairs):
    assert all((len(p.turns) > 1) == (p.kind == "follow_up") for p in pairs)
    assert 0.15 < sum(p.kind == "follow_up" for p in pairs) / len(pairs) < 0.25


def test_unanswerable_questions_ask_for_nothing_that_the_shop_has():
    known = Shop(
        name="Known",
        database="x",
        views=(View(name="parcels", columns=(column("carrier"), column("weather"), column("gender"))),),
        metrics=(Metric(name="cost", view="parcels", sql="COUNT(*)"),),
    )
    asked = [p for p in generate(known, {}, TODAY, count=300, seed=5) if p.kind == "unanswerable"]
    assert asked
    for pair in asked:
        assert pair.view is None
        assert not re.search("carrier|weather|gender|快递|天气|性别", pair.turns[-1].lower()), pair


def test_a_shop_without_metrics_or_rows_is_exhausted_rather_than_endless():
    bare = Shop(name="Bare", database="x", views=(View(name="notes", columns=(column("body"),)),))
    assert len(list(generate(bare, {}, TODAY, count=5000))) < 5000


def test_words_of_a_shop_without_chinese_come_from_the_glossary():
    shop = Shop(
        name="Plain",
        database="x",
        views=(View(name="orders", columns=(column("order_id", "integer"), column("country"))),),
    )
    thing = Lexicon(shop, {("orders", "country"): ("Peru", "Chile")}).thing("orders")
    assert thing.said.zh == ("订单",)
    assert thing.dims[0].said.zh == ("国家",)


@pytest.mark.parametrize(("one", "many"), [("status", "statuses"), ("city", "cities"), ("batch", "batches")])
def test_plurals_and_singulars(one, many):
    assert plural(one) == many
    assert singular(many) == one


def test_a_phrasing_is_tidied_after_it_is_filled():
    import random

    assert filled("{bare} {scope}?", {"bare": "profit", "scope": ""}, random.Random(1)) == "profit?"
    assert (
        filled("{of}{bare}是多少", {"of": "Audio的", "bare": "利润"}, random.Random(1)) == "Audio的利润是多少"
    )


def test_a_clause_without_a_verb_is_no_predicate():
    assert predicate("whose cost is above 3") is None
    assert predicate("that are open") == "are open"
