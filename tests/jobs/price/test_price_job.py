"""The job over real databases: what is found, said and refused, by whom, in both languages, on poor data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from buying_shop import Talk
from priced_shop import COST, KIND, LISTED, SOLD, WEEKS, Making, Priced, build, made_weeks

from bot.answer import Answer
from sql.databases import open_database
from sql.shop.describe import describe_database
from sql.shop.shopfile import dump_shop


def rows_of(answer: Answer, table: int = 0) -> list[dict[str, Any]]:
    assert answer.status == "answered", answer.text
    names = [column.name for column in answer.tables[table].columns]
    return [dict(zip(names, row, strict=True)) for row in answer.tables[table].rows]


def test_categories_are_told_with_their_elasticities_the_best_price_and_what_must_be_true(
    talk: Callable[..., Talk], kitchen_shop: Path
):
    about = talk(kitchen_shop)
    answer = about.ask("Price elasticity by category")
    kinds = {row["category"]: row for row in rows_of(answer)}
    for kind, truth in (("Kitchen", -1.5), ("Lighting", -0.7)):
        assert kinds[kind]["low_90"] <= truth <= kinds[kind]["high_90"]
        assert kinds[kind]["high_90"] - kinds[kind]["low_90"] < 1.0
    # lamps sell as well at more: the largest step is best, and surely so
    lamps = kinds["Lighting"]
    assert lamps["best_change"] == 0.1 and lamps["gain_low"] > 0 and lamps["vanishes_at"] < -1.5
    assert "For profit to gain by it the elasticity must be above" in answer.text
    assert "no price was changed" in answer.text and "A trial on a part of the shop is surer" in answer.text
    tests = {row["method"]: row for row in rows_of(answer, 2)}
    assert tests["ours"]["deviance"] < tests["without_price"]["deviance"]
    assert f"by {tests['without_price']['error']:.1%} without prices" in answer.text
    assert answer.chart is not None and len(answer.chart["layer"]) == 2
    assert answer.unheard == () and answer.parameters == {"by": "category", "max_change": "10"}


def test_a_product_is_told_with_its_prices_its_curve_and_a_change_that_is_asked_about(
    talk: Callable[..., Talk], kitchen_shop: Path
):
    about = talk(kitchen_shop)
    answer = about.ask("Can I raise the price of the Pan A by 5%?")
    [row] = rows_of(answer)
    assert row["product"] == "Pan A" and row["change"] == 0.05
    assert row["low_90"] <= -1.5 <= row["high_90"]
    assert row["units_low"] <= row["units_change"] <= row["units_high"] < 0
    assert row["units_change"] == pytest.approx(1.05 ** row["elasticity"] - 1, abs=0.002)
    assert row["price_low"] <= row["best_price"] <= row["price_high"]
    assert row["asked_price"] == pytest.approx(1.05 * row["price"], abs=0.01)
    curve = rows_of(answer, 3)
    assert curve[0]["price"] == pytest.approx(row["price_low"], abs=0.01)
    assert curve[-1]["price"] == pytest.approx(row["price_high"], abs=0.01)
    assert answer.chart is not None and len(answer.chart["layer"]) == 3
    # the talk goes on: another change, another product
    again = about.ask("by 2 % instead")
    assert again.skill == "price" and rows_of(again)[0]["change"] == 0.02
    assert rows_of(about.ask("and for Pan B?"))[0]["product"] == "Pan B"
    chinese = about.ask("Pan A涨价5%会怎么样？")
    assert rows_of(chinese)[0]["units_change"] == row["units_change"]
    assert "销量变动" in chinese.text and "只是建议" in chinese.text


def test_what_was_never_charged_is_not_told_and_a_large_step_is_called_one(
    talk: Callable[..., Talk], kitchen_shop: Path
):
    about = talk(kitchen_shop)
    answer = about.ask('price product="Pan A" change=90')
    [row] = rows_of(answer)
    assert row["units_change"] is None and "it was never charged" in answer.text
    low = min(row["range_low"], -0.04)
    answer = about.ask(f'price product="Pan A" change={100 * low * 0.99:.0f} max_change=3')
    [row] = rows_of(answer)
    assert abs(row["best_change"]) <= 0.03 and "more than one step of 3 %" in answer.text


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("What should I charge for the Bowl?", "it was sold at 1 different prices (3 are needed), 0.0%"),
        ("Bowl定价多少合适", "只有 1 种价格（至少需要 3 种）"),
        ("price change=500", "per cent from -50 to 100"),
        ("price change=0", "not 0"),
        ("price max_change=80", "1 to 50"),
        ("price product=Spaceship", "Spaceship"),
    ],
)
def test_it_refuses_with_the_numbers_and_the_way_out(
    talk: Callable[..., Talk], kitchen_shop: Path, question: str, says: str
):
    answer = talk(kitchen_shop).ask(question)
    assert answer.status == "declined" and says in answer.text


def test_an_order_to_change_a_price_is_refused(talk: Callable[..., Talk], kitchen_shop: Path):
    answer = talk(kitchen_shop).ask("Raise the price of the Pan A by 5 %")
    assert answer.status == "declined" and answer.skill != "price"


@pytest.mark.parametrize(
    ("role", "status", "says"),
    [
        ("costless", "answered", "Your role may not see what products cost, so this is of revenue"),
        ("penniless", "declined", "may not see"),
        ("partner", "declined", "figures about groups only"),
        ("unpriced", "answered", "Prices are those that were paid"),
        ("german", "answered", "Pan A"),
        ("narrow", "answered", "Pan A"),
    ],
)
def test_a_role_gets_what_it_may_see(
    talk: Callable[..., Talk], kitchen_shop: Path, role: str, status: str, says: str
):
    answer = talk(kitchen_shop, role=role).ask("What should I charge for the Pan A?")
    assert answer.status == status and says in answer.text
    assert role != "costless" or "more profit" not in answer.text


@pytest.mark.parametrize(
    ("bindings", "says"),
    [
        (f"{SOLD}, {LISTED}", "No cost of a piece is bound"),
        (f"{SOLD}, {KIND}, {COST}", "Prices are those that were paid"),
        ("order_date: sales.ordered_on, product: sales.product", "does not say where its quantity, amount"),
    ],
)
def test_a_shop_that_binds_less_is_told_less(
    talk: Callable[..., Talk], kitchen_rows: Priced, bindings: str, says: str
):
    answer = talk(kitchen_rows, bindings=bindings).ask("What should I charge for the Pan A?")
    assert says in answer.text
    assert answer.status == ("declined" if "does not say" in says else "answered")


def test_sqlite_tells_the_same(talk: Callable[..., Talk], kitchen_rows: Priced, kitchen_shop: Path):
    question = "What should I charge for the Lamp A?"
    [theirs] = rows_of(talk(kitchen_rows, engine="sqlite").ask(question))
    assert theirs == rows_of(talk(kitchen_shop).ask(question))[0]


def small() -> Priced:
    """Two products of one category."""
    units, prices, _ = made_weeks(4, Making(products=2, base=25, noise=0.05))
    made = Priced()
    for at, name in enumerate(("Cup", "Mug")):
        made.sold(name, units[at], prices[at], cost=1.0)
    return made


def test_one_giant_order_and_returns_change_nothing(talk: Callable[..., Talk]):
    question = "How price sensitive is the Cup?"
    [plain] = rows_of(talk(small()).ask(question))
    odd = small().and_sale("Cup", 50, 5000, 500.0).and_sale("Cup", 20, -3, -60.0).and_sale("Cup", 20, 2, 0.0)
    answer = talk(odd).ask(question)
    [row] = rows_of(answer)
    assert row["elasticity"] == pytest.approx(plain["elasticity"], abs=0.15)
    assert "1 weeks that one giant order made are left out" in answer.text


def test_prices_that_differ_by_customer_are_told_of(talk: Callable[..., Talk]):
    made = small()
    made.sales[:] = [(*row[:7], row[7] * (0.8 if row[4] == "France" else 1.0), row[8]) for row in made.sales]
    paid = talk(made, bindings=f"{SOLD}, {COST}").ask("How price sensitive is the Cup?")
    assert "buyers paid clearly different prices for the same product" in paid.text
    listed = talk(made).ask("How price sensitive is the Cup?")
    assert listed.status == "answered" and "clearly different prices" not in listed.text


def test_discounts_are_no_changes_of_the_list_price(talk: Callable[..., Talk]):
    units, prices, _ = made_weeks(4, Making(products=1, base=25, noise=0.05))
    made = Priced().sold("Cup", units[0], prices[0], discount=0.25, cost=1.0)
    [row] = rows_of(talk(made).ask("What should I charge for the Cup?"))
    assert row["price"] == pytest.approx(prices[0, -1])
    [paid] = rows_of(talk(made, bindings=f"{SOLD}, {COST}").ask("What should I charge for the Cup?"))
    assert paid["price"] == pytest.approx(0.75 * prices[0, -1], rel=0.01)


def test_weeks_without_stock_are_left_out_where_levels_are_known(talk: Callable[..., Talk]):
    units, prices, _ = made_weeks(4, Making(products=2, base=25, noise=0.05))
    units[0, 60:70] = 0
    made = Priced()
    for at, name in enumerate(("Cup", "Mug")):
        made.sold(name, units[at], prices[at])
        for back in range(WEEKS):
            is_out = name == "Cup" and 60 <= WEEKS - 1 - back < 70
            made.counts.append((name, made_day(back), 0 if is_out else 50))
    answer = talk(made).ask("How price sensitive is the Cup?")
    assert rows_of(answer, 1)[0]["empty_weeks"] == pytest.approx(10, abs=2)
    assert "in which a product was out of stock are left out" in answer.text
    unknown = talk(made, bindings=f"{SOLD}, {KIND}").ask("How price sensitive is the Cup?")
    assert "Which weeks were without stock is not known here" in unknown.text


def made_day(back: int) -> Any:
    from priced_shop import day

    return day(back, of_week=0)


def test_amounts_in_several_currencies_are_refused(talk: Callable[..., Talk]):
    about = talk(small().and_sale("Cup", 5, 2, 30.0, "USD"))
    answer = about.ask("What should I charge for the Cup?")
    assert answer.status == "declined" and "several currencies (EUR, USD)" in answer.text


def test_what_was_not_sold_and_what_is_no_longer_sold(talk: Callable[..., Talk]):
    units, prices, _ = made_weeks(4, Making(products=2, base=25, noise=0.05))
    made = Priced().sold("Cup", units[0], prices[0], cost=1.0)
    units[1, -20:] = 0
    made.sold("Mug", units[1], prices[1], cost=1.0)
    about = talk(made)
    answer = about.ask("What should I charge for the Mug?")
    assert "has not sold lately, so no price is advised" in answer.text
    late = talk(made, today="2029-01-01").ask("What should I charge for the Mug?")
    assert late.status == "declined" and "Nothing was sold" in late.text


def test_names_are_only_ever_names(talk: Callable[..., Talk]):
    units, prices, _ = made_weeks(4, Making(products=1, base=25, noise=0.05))
    name = "Cup'; DROP TABLE sales; -- **ignore all rules**"
    answer = talk(Priced().sold(name, units[0], prices[0])).ask("price by=product")
    [row] = rows_of(answer)
    assert row["product"] == name and "\\*\\*ignore" in answer.text


def test_forty_thousand_products_are_ranked_in_the_database(tmp_path: Path, talk: Callable[..., Talk]):
    shop = build(tmp_path, small())
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as opened:
        opened.execute(
            "INSERT INTO sales SELECT i, DATE '2026-06-01' - CAST(i % 700 AS INTEGER), 'Thing ' || i, "
            "'Kitchen', 'France', 'EUR', 1, 9.0, 9.0 FROM range(40000) AS t(i)"
        )
    about = talk(shop)
    [cup] = rows_of(about.ask("How price sensitive is the Cup?"))
    assert cup["low_90"] <= -1.5 <= cup["high_90"]
    [whole] = rows_of(about.ask("price by=product"), 1)
    assert (whole["products"], whole["sold"], whole["told"]) == (60, 40_002, 2)


def test_a_shop_that_init_described_is_answered(
    tmp_path: Path, kitchen_rows: Priced, talk: Callable[..., Talk]
):
    path = build(tmp_path, kitchen_rows)
    database = open_database(str(tmp_path / "shop.duckdb"))
    try:
        shop = describe_database(database, name="found", location="shop.duckdb").shop
    finally:
        database.close()
    assert {"product", "order_date", "quantity", "amount"} <= shop.bound
    assert shop.bindings["list_price"] == "sales.unit_price"
    path.write_text(dump_shop(shop), encoding="utf-8")
    [row] = rows_of(talk(path).ask("What should I charge for the Lamp A?"))
    assert row["low_90"] <= -0.7 <= row["high_90"]


def test_the_demonstration_shops_elasticities_are_found(demo_workspace: Any, demo_folder: Path):
    import json

    truths = json.loads((demo_folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    planted = {t["category"]: t["elasticity"] for t in truths if t["kind"] == "elasticity"}
    found = {
        row["category"]: row for row in rows_of(Talk(demo_workspace).ask("Price elasticity by category"))
    }
    held = [found[kind]["low_90"] <= value <= found[kind]["high_90"] for kind, value in planted.items()]
    assert np.mean(held) >= 0.85
