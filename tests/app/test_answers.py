"""Answers about a shop that nobody described: taken at once, kept, and harmless when the data change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import WrongUse
from app.finding import Shops, find_review, find_shop, folder_of, keep_answers, kept_answers
from app.settings import Settings
from sql.errors import SqlError
from sql.semantics import Shop

EVERY = {"sold": "those in every state"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def orders(folder: Path, states: tuple[str, ...] = ("paid", "paid", "cancelled")) -> Path:
    rows = [f"{i + 1},2026-05-{i % 28 + 1:02d},{states[i % len(states)]},10.00" for i in range(30)]
    (folder / "orders.csv").write_text("order_id,ordered_at,status,amount\n" + "\n".join(rows), "utf-8")
    return folder / "orders.csv"


def sold(settings: Settings, shop: Path) -> str:
    review = find_review(settings, str(shop))
    assert review is not None
    return next(each.choice for each in review.asked if each.question.id == "sold")


def test_answers_change_the_shop_for_every_command(settings: Settings, tmp_path: Path) -> None:
    shop = str(orders(tmp_path))
    draft = find_shop(settings, shop)
    assert sold(settings, Path(shop)) == "all but cancelled"
    keep_answers(settings, shop, EVERY)
    assert kept_answers(settings, shop) == EVERY
    assert find_shop(settings, shop) != draft and sold(settings, Path(shop)) == "those in every state"
    keep_answers(settings, shop, {})
    assert find_shop(settings, shop) == draft


def test_a_running_process_sees_them_at_once(settings: Settings, tmp_path: Path) -> None:
    shop = str(orders(tmp_path))
    shops = Shops(settings, clock=lambda: 0.0)
    before = shops.find(shop)
    review = shops.answer(shop, EVERY)
    after = shops.find(shop)
    assert after.state != before.state and after.shop == review.shop != before.shop
    assert review.answers == EVERY and shops.find(shop) is after


def test_answers_that_lead_to_no_shop_are_not_kept(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = str(orders(tmp_path))
    shops = Shops(settings)
    shops.find(shop)

    def fail(*_: object) -> None:
        raise SqlError("gone")

    monkeypatch.setattr("app.finding.review_of", fail)
    with pytest.raises(SqlError, match="gone"):
        shops.answer(shop, EVERY)
    assert kept_answers(settings, shop) == {}


def test_an_answer_that_is_no_choice_any_more_gets_the_drafts(settings: Settings, tmp_path: Path) -> None:
    shop = orders(tmp_path)
    keep_answers(settings, str(shop), {"sold": "all but cancelled", "gone": "whatever"})
    orders(tmp_path, ("paid", "cancelled", "refunded"))
    assert sold(settings, shop) == "all but cancelled, refunded"


def test_answers_about_one_shop_are_not_those_of_another(settings: Settings, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, other = orders(tmp_path / "a"), orders(tmp_path / "b")
    keep_answers(settings, str(one), EVERY)
    assert kept_answers(settings, str(other)) == {}


def test_a_damaged_file_of_answers_is_named(settings: Settings, tmp_path: Path) -> None:
    shop = str(orders(tmp_path))
    keep_answers(settings, shop, EVERY)
    damaged = next(settings.home.rglob("answers.json"))
    damaged.write_text("{", "utf-8")
    with pytest.raises(WrongUse, match=r"answers\.json holds the answers about 'orders' and cannot be read"):
        find_shop(settings, shop)


def test_a_shop_with_a_description_is_not_asked(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text("name: x\n", "utf-8")
    assert find_review(settings, str(tmp_path / "shop.yml")) is None
    with pytest.raises(WrongUse, match="answers are written into it"):
        Shops(settings).answer(str(tmp_path / "shop.yml"), EVERY)


def test_a_shop_has_one_folder_however_its_file_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shop = Shop(name="x", database="x.duckdb", views=(), metrics=())
    named = [Path("../shop.yml"), tmp_path / "shop.yml", tmp_path / "here" / ".." / "shop.yml"]
    assert len({folder_of(settings, replace(shop, path=path)) for path in named}) == 1
