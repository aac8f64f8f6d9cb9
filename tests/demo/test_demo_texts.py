"""The stock of texts is whole: every slot is known, every aspect can be praised and blamed."""

from __future__ import annotations

import re

import pytest

from demo import chinese, english, plan
from demo.critic import Writer
from demo.dice import Dice, TextDice
from demo.people import read_countries
from demo.products import make_products
from demo.prose import Facts
from demo.support import TicketWriter
from demo.texts import FOLDER, Swaps, choose, fill, fragments, product_types

EXTRA_ASPECTS = ("delivery", "packaging", "price", "service", "compare", "update", "about", "late")
TOPICS = ("delivery", "refund", "defect", "payment", "product_question", "account")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_slot_in_the_texts_can_be_filled(language):
    kind, dice = product_types()[0], TextDice(1, "slots")
    slots = dict((english if language == "en" else chinese).slots_for(kind, "Fjordlyd", dice), order="100001")
    for path in sorted(FOLDER.glob(f"*_{language}*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "<" not in fill(line, slots), f"{path.name}: {line}"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("polarity", ["+", "-", "~"])
def test_every_aspect_of_every_product_has_words(language, polarity):
    stock = fragments(f"reviews_{language}")
    for kind in product_types():
        for aspect, _ in kind.aspects:
            if (aspect, polarity) != ("safety", "+"):
                assert stock.get(aspect, polarity, kind.key, kind.category), (kind.key, aspect)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_header_names_something_that_is_used(language):
    aspects = {aspect for kind in product_types() for aspect, _ in kind.aspects} | set(EXTRA_ASPECTS)
    general = {"quality", "open", "context", "aside", "verdict", "short", "whole", "title"}
    special = {f"{key}_{end}" for key in ("verdict", "short", "title") for end in ("five", "one")}
    known = aspects | {f"note_{aspect}" for aspect in aspects} | general | special
    assert {key for key, _ in fragments(f"reviews_{language}").keys} <= known
    places = {kind.key for kind in product_types()} | {kind.category for kind in product_types()}
    places |= {country.name.split()[0] for country in read_countries()}
    for path in sorted(FOLDER.glob(f"reviews_{language}*.txt")):
        for names in re.findall(r"^\[[^|\]]+\|([\w ]+)\]$", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert set(names.split()) <= places, names


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_phrase_of_the_stock_stands_there_twice_under_one_heading(language):
    stock = fragments(f"reviews_{language}")
    for key, polarity in stock.keys:
        everywhere = stock.get(key, polarity)
        assert len(set(everywhere)) == len(everywhere), (key, polarity)


def test_choices_are_resolved_from_the_inside_out():
    dice = TextDice(3, "choices")
    assert {choose("{a|b{c|d}}", dice) for _ in range(40)} == {"a", "bc", "bd"}


def test_swaps_keep_capitals_and_leave_other_words_alone():
    swaps, dice = Swaps("swaps_en.txt"), TextDice(1, "swaps")
    assert swaps.apply("Roughly sixty", dice, share=1.0) in {"More or less sixty", "About sixty"}
    assert swaps.apply("The photosynthesis", dice, share=1.0) == "The photosynthesis"
    assert swaps.apply("about two weeks", dice, share=1.0) == "about two weeks"


def test_a_description_says_the_same_in_both_languages():
    products = make_products(7)
    assert len(products.ids) >= 400
    assert len(set(products.names)) == len(products.names) == len(set(products.skus))
    for english_text, chinese_text in zip(products.descriptions, products.descriptions_zh, strict=True):
        in_english = set(re.findall(r"\d{3,}", english_text.replace(",", "")))
        assert in_english == set(re.findall(r"\d{3,}", chinese_text.replace(",", "")))
        assert 1 <= len(re.findall(r"[.!?](?: |$)", english_text)) <= 6
        assert not set("{}|<>") & set(english_text + chinese_text)


def test_the_planted_products_are_in_the_range_under_their_brand():
    products = make_products(11)
    for name in (plan.FAULTY_PRODUCT, plan.VIRAL_PRODUCT):
        assert name.startswith(products.brands[products.position(name)])


def test_draws_are_the_same_on_every_machine():
    dice = Dice(7, "a test")
    assert dice.integers(6, 0, 1000).tolist() == [944, 746, 606, 512, 776, 367]
    assert TextDice(7, "a test").between(1, 1000) == 9


def facts(**changes):
    kind = next(k for k in product_types() if k.key == "over_ear_headphones")
    values = {
        "kind": kind,
        "brand": "Fjordlyd",
        "category": "Audio",
        "language": "en",
        "country": "Germany",
        "quality": {aspect: 0.5 for aspect, _ in kind.aspects},
        "overall": 0.5,
        "mood": 0.0,
        "price": 0.0,
        "is_late": False,
        "is_faulty": False,
        "is_business": False,
        "months": 0,
        "product": 0,
        "month": 5,
    }
    return Facts(**(values | changes))


def test_a_faulty_battery_brings_few_stars_and_is_named():
    writer = Writer(5)
    texts = [writer.write(facts(is_faulty=True)) for _ in range(60)]
    assert max(text.stars for text in texts) <= 3
    named = [t for t in texts if re.search(r"bat+er|charg|hours|switch|percent|cable|blink", t.body.lower())]
    assert len(named) >= 50


def test_better_products_get_more_stars():
    writer = Writer(5)

    def mean(quality):
        sure = facts(quality={a: quality for a, _ in facts().kind.aspects}, overall=quality)
        return sum(writer.write(sure).stars for _ in range(80)) / 80

    assert mean(0.9) > mean(0.0) > mean(-0.9)


def test_late_parcels_cost_stars_in_both_languages():
    writer = Writer(9)
    for language in ("en", "zh"):
        late = [writer.write(facts(is_late=True, language=language)).stars for _ in range(60)]
        timely = [writer.write(facts(language=language)).stars for _ in range(60)]
        assert sum(late) < sum(timely) - 40


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("topic", TOPICS)
def test_tickets_of_one_topic_differ(language, topic):
    writer, kind = TicketWriter(3), product_types()[2]
    messages = [writer.write(topic, language, kind, 100_000 + n, "Fjordlyd", "") for n in range(60)]
    assert len(set(messages)) >= 57
    assert not any(set("{}|<>") & set(message) for message in messages)
