"""How people call what columns of states hold, whatever system stored it."""

from __future__ import annotations

import pytest

from sql.shop.value_words import words_of_values

VALUES = [
    # values of a column, one of them, what it is called
    (["wc-completed", "wc-on-hold", "wc-pending"], "wc-completed", {"已完成", "finished"}),
    (["instock", "outofstock"], "outofstock", {"sold out", "断货"}),
    (["STATUS_PAID", "STATUS_UNPAID"], "STATUS_PAID", {"已付款"}),
    (["publish", "draft"], "publish", {"for sale", "在售"}),
    (["to invoice", "invoiced"], "to invoice", {"not billed", "未开票"}),
]


@pytest.mark.parametrize(("values", "value", "among"), VALUES, ids=[v[1] for v in VALUES])
def test_states_are_called_as_people_call_them(values: list[str], value: str, among: set[str]) -> None:
    assert among <= set(words_of_values("status", values)[value])


@pytest.mark.parametrize("values", [[], ["a-b", "c-d"], ["wc-completed"], ["x_", "x_"]])
def test_a_beginning_is_left_out_only_where_all_have_it(values: list[str]) -> None:
    assert words_of_values("status", values) == {}


def test_letters_are_genders_where_the_column_says_so() -> None:
    assert "women" in words_of_values("gender", ["F", "M"])["F"]
    assert "男" in words_of_values("性别", ["F", "M"])["M"]
    assert words_of_values("shelf", ["F", "M"]) == {}


CITIES = [
    ("Munich", "慕尼黑"),
    ("Málaga", "马拉加"),
    ("Malaga", "马拉加"),
    ("Köln", "Cologne"),
    ("Cologne", "科隆"),
    ("上海", "Shanghai"),
    ("LEEDS", "利兹"),
]


@pytest.mark.parametrize(("city", "word"), CITIES)
def test_cities_are_called_by_their_names_in_both_languages(city: str, word: str) -> None:
    assert word in words_of_values("ship_city", [city])[city]
    assert words_of_values("shelf", [city]) == {}
