"""Parameters of any job: read from words and pairs, refused with what is expected, changed by a follow-up."""

from __future__ import annotations

import pytest

from bot.errors import Declined
from bot.parameters import (
    Among,
    Choice,
    Duration,
    Length,
    MetricName,
    Parameter,
    Parameters,
    Whole,
    changed,
    check_names,
    find_ahead,
    find_metric,
    find_values,
    in_words,
    read_settings,
    written,
)
from sql.question.linking import Links, Vocabulary, link
from sql.shop.workspace import Workspace

ABOUT = {"en": "…", "zh": "…"}
METRIC = Parameter(name="metric", about=ABOUT, kind=MetricName(), find=find_metric)
ONLY = Parameter(name="only", about=ABOUT, kind=Among(), find=find_values, lead={"en": "for ", "zh": "只看"})
HORIZON = Parameter(name="horizon", about=ABOUT, kind=Duration(366), find=find_ahead)
COUNT = Parameter(name="count", about=ABOUT, kind=Whole(1, 20), find=in_words([]))
SIDE = Parameter(name="side", about=ABOUT, kind=Choice(("up", "down")), find=in_words([]))
ALL: Parameters = (METRIC, ONLY, HORIZON, COUNT, SIDE)


@pytest.fixture
def read(workspace: Workspace, vocabulary: Vocabulary):
    def links(text: str) -> Links:
        return link(text, vocabulary, workspace.today)

    return links


@pytest.mark.parametrize(
    ("question", "horizon"),
    [
        ("revenue for the next three months", Length(count=3, unit="month")),
        ("over the coming quarter", Length(count=1, unit="quarter")),
        ("6 weeks ahead", Length(count=6, unit="week")),
        ("for 10 days", Length(count=10, unit="day")),
        ("tomorrow", Length(count=1, unit="day")),
        ("下个月的销售额", Length(count=1, unit="month")),
        ("未来十二周", Length(count=12, unit="week")),
        ("接下来3个季度", Length(count=3, unit="quarter")),
        ("明年", Length(count=1, unit="year")),
        ('horizon="5 weeks"', Length(count=5, unit="week")),
        ("horizon=5周", Length(count=5, unit="week")),
        ("revenue last month", None),
    ],
)
def test_a_length_of_time_is_read(question: str, horizon: Length | None, read, vocabulary: Vocabulary):
    assert read_settings(read(question), ALL, vocabulary, "en").get(HORIZON) == horizon


def test_values_and_metrics_are_those_of_the_shop(read, vocabulary: Vocabulary):
    found = read_settings(read("turnover for Audio and Kitchen"), ALL, vocabulary, "en")
    assert found.get(METRIC) == vocabulary.metric("revenue")
    assert found.get(ONLY) == {"category": ("Audio", "Kitchen")}


def test_part_of_a_value_means_all_that_hold_it(read, vocabulary: Vocabulary):
    assert read_settings(read("only=Headphones"), ALL, vocabulary, "en").get(ONLY) == {
        "product": ("Lumo Headphones",)
    }


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("count=0", "en", "1 to 20"),
        ("count=1e9", "en", "1 to 20"),
        ("count=-3", "zh", "1 到 20 的整数"),
        ("side=left", "en", "up or down"),
        ("horizon=soon", "en", "1 to 366 days"),
        ("horizon=0周", "zh", "6周"),
        ("metric=;DROP", "en", "one of the shop's metrics"),
        ("only=Narnia", "zh", "店铺数据里的值"),
        ('only="Audio, Nothing"', "en", "values of the shop"),
        ('only="Audio, , Narnia"', "en", "values of the shop"),
        ("only=Narnia", "fr", "values of the shop"),
    ],
)
def test_what_is_no_value_is_refused_with_what_is_expected(
    question: str, language: str, expected: str, read, vocabulary: Vocabulary
):
    with pytest.raises(Declined) as refusal:
        read_settings(read(question), ALL, vocabulary, language)
    assert refusal.value.key == "bad_parameter" and expected in refusal.value.values["expected"]


def test_a_name_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(Declined, match="unknown_parameter") as refusal:
        check_names("forecast wheels=4", ALL)
    assert refusal.value.values == {"name": "wheels", "names": "metric, only, horizon, count, side"}


@pytest.mark.parametrize(
    ("before", "message", "after"),
    [
        ("Revenue for the next month?", "next 3 months", "Revenue next 3 months?"),
        ("Revenue for the next month?", "and Audio", "Revenue for the next month for Audio?"),
        ("Revenue for Audio", "and for Kitchen", "Revenue for Kitchen"),
        ("下个月的销售额", "那厨房呢", "下个月的销售额，只看厨房"),
        ('job horizon="5 weeks" count=3', "count=4", 'job horizon="5 weeks" count=4'),
        ('job horizon="5 weeks"', "for 2 weeks", 'job horizon="2 week"'),
        ("job only=Audio", "and for Kitchen", "job only=Kitchen"),
        ("Revenue for the next month?", "thank you", None),
    ],
)
def test_a_follow_up_puts_its_words_in_their_place(before: str, message: str, after: str | None, read):
    assert changed(read(before), read(message), ALL) == after


def test_what_is_written_is_read_as_the_same(read, vocabulary: Vocabulary):
    text = written("job", {"metric": "revenue", "horizon": "3 months", "only": "Lumo Headphones"})
    assert text == 'job metric=revenue horizon="3 months" only="Lumo Headphones"'
    found = read_settings(read(text), ALL, vocabulary, "en")
    assert found.get(HORIZON) == Length(count=3, unit="month")
    assert found.get(ONLY) == {"product": ("Lumo Headphones",)}
