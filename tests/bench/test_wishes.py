"""The score of wishes, on an example worked by hand, and the rule that the classifier is compared with."""

from __future__ import annotations

import pytest

from bench.wishes import WISH_OF, by_classifier, by_words, f1_scores
from jobs.order_card.order_wishes import phrases_by_wish
from telling.phrases import load_words


def test_f1_is_that_of_the_wishes_that_occur():
    actual = ["cancel", "cancel", "cancel", "invoice"]
    told = ["cancel", "cancel", "invoice", "invoice"]
    # cancel: precision 1, recall 2/3; invoice: precision 1/2, recall 1
    assert f1_scores(actual, told) == pytest.approx({"cancel": 0.8, "invoice": 2 / 3})


def test_the_rule_knows_one_word_for_each_wish():
    told = {text: by_words(text) for text in ("cancel it", "my refund", "the bill", "hello")}
    assert list(told.values()) == ["cancel", "return", "invoice", "other"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_wish_has_its_words_and_every_category_a_wish(language: str):
    wishes, words = phrases_by_wish(), load_words(language, "jobs.order_card")
    assert all(f"wish_{wish}" in words for wish in wishes)
    assert set(WISH_OF.values()) <= wishes.keys()
    assert set(by_classifier(["Where is my parcel?", "Bitte"])) <= wishes.keys()
